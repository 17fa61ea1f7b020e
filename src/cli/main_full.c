/* hallmark-full: all commands, linked to all libraries. */
#include "cli/commands.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"

#include <errno.h>
#include <unistd.h>

static const struct hm_cmd *const commands[] = {
#define SMALL(name) &hm_cmd_##name,
#define FULL(name)  &hm_cmd_##name,
#include "cli/commands.def"
	NULL,
};

/* A program hallmark-NAME on the path is a command too. */
static enum hm_status become_other(const char *program, char **argv, struct hm_err *err)
{
	HM_OWN(hm_freep) char *name = hm_asprintf("hallmark-%s", argv[1]), *path = NULL;

	(void)program;
	if (!name)
		return hm_fail(err, HM_R_NO_MEMORY, "find '%s'", argv[1]);
	if (argv[1][0] != '-' && !strchr(argv[1], '/') && hm_proc_find(name, NULL, &path, NULL) == HM_OK) {
		execv(path, argv + 1);
		return hm_fail_errno(err, errno, "run '%s'", path);
	}
	return hm_fail(err, HM_R_USAGE, "no command '%s%s%s'; \"hallmark help\" lists them", argv[1],
		       argv[2] ? " " : "", argv[2] ? argv[2] : "");
}

int main(int argc, char **argv)
{
	return hm_cli_main(commands, become_other, argc, argv);
}
