/*
 * hallmark: what must start in milliseconds; everything else is one exec away in libexec/hallmark/hallmark-full.
 */
#include "cli/commands.h"

#include "base/own.h"
#include "cli/places.h"

#include <errno.h>
#include <unistd.h>

static const struct hm_cmd *const commands[] = {
#define SMALL(name) &hm_cmd_##name,
#define FULL(name)
#include "cli/commands.def"
	NULL,
};

static enum hm_status become_full(const char *program, char **argv, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv paths = { 0 };
	enum hm_status st = hm_cli_places_full(program, &paths, err);

	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < paths.count; i++) {
		execv(paths.v[i], argv);
		if (errno != ENOENT && errno != ENOTDIR)
			return hm_fail_errno(err, errno, "run '%s'", paths.v[i]);
	}
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "'%s' is not there: the installation is incomplete", paths.v[0]);
}

int main(int argc, char **argv)
{
	return hm_cli_main(commands, become_full, argc, argv);
}
