/*
 * Run a program without isolating it: what `--sandbox=none` means, and nothing else reaches it.
 *
 * The handle and all functions on it are those of sandbox.h, so that the caller's code is the same. What is done: the
 * closed environment, the three descriptors, the limits, a process group of its own, and the end of all that it started
 * together with it. What is not: everything else. The program sees the machine's files, processes and network with the
 * caller's rights; hostname, home, user and network are without effect, and a run that used this must say so.
 *
 * Layer 6. Threads as in sandbox.h.
 */
#ifndef HM_SANDBOX_NONE_H
#define HM_SANDBOX_NONE_H

#include "sandbox/sandbox.h"

/*
 * Start a program without isolation.
 *
 * Shape   mounts: only READ_ONLY and READ_WRITE with the same path as source and target, which must be there: without
 *         a mount namespace a path cannot lead elsewhere. That READ_ONLY can be written is what "none" means. All
 *         others are refused, not ignored.
 * Owns    as hm_sandbox_start()
 * Errors  HM_EINVAL sandbox.options; HM_EIO sandbox.limit-unenforced, process.start; HM_ENOMEM
 */
enum hm_status hm_sandbox_start_none(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
				     struct hm_err *err) HM_MUST;

/* Whether a handle came from here. */
bool hm_sandbox_is_none(const struct hm_sandbox *box);

#endif
