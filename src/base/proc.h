/*
 * Start a program and wait for it.
 *
 * Not here: isolation (sandbox).
 * Layer 1. Any thread; no descriptor but the three is inherited.
 */
#ifndef HM_BASE_PROC_H
#define HM_BASE_PROC_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hm_proc_opts {
	const char *const *argv; /* ends in NULL; argv[0] is looked up in PATH and folder of this process, not in dir */
	const char *const *env;  /* ends in NULL; NULL: this process's own */
	const char *dir;         /* NULL: this process's own */
	int in, out, err;        /* descriptors, borrowed; -1 is /dev/null */
	bool new_group;          /* a process group of its own, so that a signal can reach all that it starts */
};

struct hm_proc_result {
	int exit_code;          /* -1 when a signal ended it */
	int signal;             /* 0 when it ended by itself */
	struct hm_buf out, err; /* what it wrote */
};

void hm_proc_result_done(struct hm_proc_result *result);

/*
 * Start a program.
 *
 * Owns    ret_pid is the caller's to wait for
 * Errors  HM_EIO process.start: it is not there, may not be executed, or no process could be made
 */
enum hm_status hm_proc_start(const struct hm_proc_opts *opts, pid_t *ret_pid, struct hm_err *err) HM_MUST;

/*
 * Start a program, collect what it writes and wait for its end and that of whoever else writes there. opts->in, out and
 * err are not used.
 *
 * Shape   in: what it reads; the empty view is /dev/null.
 * Units   timeout_ms: 0 for none; max_output: bytes of each stream.
 * Errors  HM_EIO process.start; HM_ELIMIT process.timeout, limit: it was killed. An exit code other than 0 is no error
 *         of this function: it stands in ret_result.
 */
enum hm_status hm_proc_run(const struct hm_proc_opts *opts, struct hm_str in, int64_t timeout_ms, size_t max_output,
			   struct hm_proc_result *ret_result, struct hm_err *err) HM_MUST;

/*
 * The path of a program.
 *
 * Shape   path_list: folders with ':' between them, as in PATH; NULL: this process's PATH. A name with a slash is
 *         returned as it is.
 * Owns    ret_path is the caller's
 * Errors  HM_ENOTFOUND file.not-found
 */
enum hm_status hm_proc_find(const char *name, const char *path_list, char **ret_path, struct hm_err *err) HM_MUST;

#endif
