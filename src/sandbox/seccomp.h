/*
 * Which system calls a program may make.
 *
 * Internal to this module. Layer 6. Any thread.
 */
#ifndef HM_SANDBOX_SECCOMP_H
#define HM_SANDBOX_SECCOMP_H

#include "base/err.h"

#include <linux/filter.h>
#include <stdbool.h>

/* Two filters, for the kernel takes the stricter answer: which calls there are, and which arguments they may have. */
#define HM_SECCOMP_FILTERS 2

struct hm_seccomp {
	struct sock_fprog programs[HM_SECCOMP_FILTERS];
};

/*
 * The filters, compiled at the first call and kept.
 *
 * Shape   unix_sockets: whether socket(AF_UNIX) is allowed.
 * Owns    borrowed for as long as the process lives
 * Errors  HM_EIO sandbox.refused: libseccomp does not know this machine; HM_ENOMEM
 */
enum hm_status hm_seccomp_get(bool unix_sockets, const struct hm_seccomp **ret_filters, struct hm_err *err) HM_MUST;

/*
 * Put the calling thread and all its children under the filters; no_new_privs must be set. Safe in a child of a process
 * with threads.
 *
 * Errors  -1 with errno
 */
int hm_seccomp_load(const struct hm_seccomp *filters) HM_MUST;

#endif
