/*
 * What this machine can enforce, found out by trying it.
 *
 * Layer 6. Any thread; forks.
 */
#ifndef HM_SANDBOX_SUPPORT_H
#define HM_SANDBOX_SUPPORT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum hm_sandbox_feature_id {
	HM_SANDBOX_CAN_USERNS,    /* user namespaces */
	HM_SANDBOX_CAN_NAMESPACE, /* mount, PID, IPC, UTS and cgroup namespaces in one */
	HM_SANDBOX_CAN_NETWORK,   /* a network namespace with loopback up */
	HM_SANDBOX_CAN_OVERLAY,   /* a private writable layer over a read-only folder */
	HM_SANDBOX_CAN_PROC,      /* a fresh /proc */
	HM_SANDBOX_CAN_SECCOMP,
	HM_SANDBOX_CAN_LANDLOCK,  /* only for HM_SANDBOX_NET_HOST: abstract sockets stay out of reach */
	HM_SANDBOX_CAN_PROCESSES, /* the limit on processes */
	HM_SANDBOX_CAN_MEMORY,    /* the limit on memory */
	HM_SANDBOX_CAN_CPU,       /* the limit on processor time */
	HM_SANDBOX_CAN_RUN,       /* a whole sandbox with a program in it */
	HM_SANDBOX_FEATURE_COUNT
};

struct hm_sandbox_feature {
	const char *name; /* "user-namespaces", for people and for JSON */
	bool is_ok;
	bool is_needed;   /* without it no sandbox starts; else something is "not enforced" */
	char detail[256]; /* how it is done, or what was refused */
	char todo[384];   /* what to do about it; "" where is_ok */
};

struct hm_sandbox_support {
	struct hm_sandbox_feature features[HM_SANDBOX_FEATURE_COUNT]; /* by id */
	bool is_usable;                                               /* all that is needed is there */
};

/*
 * Try each feature in a child that ends at once. Nothing on the machine is changed.
 *
 * Errors  none: what cannot even be tried is a feature that is not ok
 */
void hm_sandbox_probe(struct hm_sandbox_support *ret_support);

/*
 * Refuse when the machine cannot run a sandbox; for the start of a run.
 *
 * Errors  HM_EIO sandbox.userns, sandbox.overlay or sandbox.refused: the first needed feature that is missing, with
 *         what to do
 */
enum hm_status hm_sandbox_require(const struct hm_sandbox_support *support, struct hm_err *err) HM_MUST;

#endif
