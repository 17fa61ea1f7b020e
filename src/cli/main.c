/*
 * hallmark: what must start in milliseconds; everything else is one exec away in libexec/hallmark/hallmark-full.
 */
#include "cli/commands.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"

#include <errno.h>
#include <unistd.h>

static const struct hm_cmd *const commands[] = {
	NULL,
};

/* The other executable is found beside this one, never on the path: installed as PREFIX/libexec, or in a build folder.
 */
static enum hm_status become_full(const char *program, char **argv, struct hm_err *err)
{
	static const char *const places[] = { "../libexec/hallmark/hallmark-full", "hallmark-full" };
	int folder = (int)(hm_path_base(program) - program);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		HM_OWN(hm_freep) char *path = hm_asprintf("%.*s%s", folder, program, places[i]);
		if (!path)
			return hm_fail(err, HM_R_NO_MEMORY, "find hallmark-full");
		execv(path, argv);
		if (errno != ENOENT)
			return hm_fail_errno(err, errno, "run '%s'", path);
	}
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "'%.*s%s' is not there: the installation is incomplete", folder,
		       program, places[0]);
}

int main(int argc, char **argv)
{
	return hm_cli_main(commands, become_full, argc, argv);
}
