#include "cli/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum hm_status hm_cli_artifact_open(const char *name, struct hm_artifact_file *ret_file, struct hm_err *err)
{
	if (strcmp(name, "-") != 0)
		return hm_artifact_file_open(name, ret_file, err);
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return hm_fail_errno(err, errno, "read standard input");
	return hm_artifact_file_take(fd, "standard input", ret_file, err);
}
