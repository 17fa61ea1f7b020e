/*
 * Why the kernel refuses a namespace, and what to change.
 *
 * Internal to this module. Layer 6.
 */
#ifndef HM_SANDBOX_USERNS_H
#define HM_SANDBOX_USERNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define HM_EXPLAIN_LEN 384

/* What to do where the kernel refuses one of these. */
#define HM_OVERLAY_TODO                                                                                                \
	"it needs Linux 5.11 or newer with overlayfs ('modprobe overlay'), and folders that are not two overlays "     \
	"deep "                                                                                                        \
	"already, as in a container in a container"
#define HM_PROC_TODO                                                                                                   \
	"a container that masks parts of /proc keeps those in it from mounting a new one: run it with "                \
	"'--security-opt "                                                                                             \
	"systempaths=unconfined', or hallmark outside of it"

/*
 * Say in one sentence what to do when making or using a user namespace failed with errnum.
 *
 * Shape   root: folder in whose proc/ the settings are read; "" for the machine's own.
 * Owns    ret_text is the caller's array; "" when nothing is known
 */
void hm_userns_explain(const char *root, int errnum, char ret_text[HM_EXPLAIN_LEN]);

bool hm_kernel_is_at_least(unsigned major, unsigned minor);

/*
 * Whether kernel.pid_max is each PID namespace's own, Linux 6.14. On an older one the file is the machine's, and root
 * must not write it from inside.
 */
bool hm_kernel_has_own_pid_max(void);

#endif
