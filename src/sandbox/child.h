/*
 * The child's side: everything between clone and the program's first instruction, and the process that stays beside it.
 *
 * That process is the first of its PID namespace. It waits for the program, reaps what others leave behind, tells the
 * program's end, and ends, at which the kernel kills all that is left. It also ends when its supervisor is gone.
 *
 * Internal to this module. Layer 6. Nothing here allocates, locks, or returns to its caller.
 */
#ifndef HM_SANDBOX_CHILD_H
#define HM_SANDBOX_CHILD_H

#include "sandbox/plan.h"
#include "sandbox/seccomp.h"

#include <stdint.h>

/* Where setting up failed. */
enum hm_stage {
	HM_STAGE_DESCRIPTORS = 1,
	HM_STAGE_USER,     /* maps of the user namespace */
	HM_STAGE_MOUNT_NS, /* cutting mounts off from the machine's */
	HM_STAGE_SOURCE,   /* step `index`: opening its source */
	HM_STAGE_BASE,     /* the file system that holds the root and the layers */
	HM_STAGE_STEP,     /* step `index` */
	HM_STAGE_PIVOT,
	HM_STAGE_HOSTNAME,
	HM_STAGE_LOOPBACK,
	HM_STAGE_KEYRING,
	HM_STAGE_PRIVILEGES,
	HM_STAGE_LANDLOCK,
	HM_STAGE_SECCOMP,
	HM_STAGE_MEMORY, /* forgetting the parent's */
	HM_STAGE_FORK,
	HM_STAGE_LIMIT, /* limit `index` */
	HM_STAGE_CWD,
	HM_STAGE_EXEC,
};

/* What the child sends through the report pipe when it fails. An empty pipe that is closed means that it did not. */
struct hm_report {
	uint32_t stage;
	uint32_t index;
	int32_t errnum;
};

/* What it sends through the status pipe when the program has ended. */
struct hm_ending {
	int32_t code;   /* si_code of waitid(2) */
	int32_t status; /* exit code or signal */
	int64_t max_rss_kib;
	int64_t user_ns, sys_ns; /* of what was waited for */
	int64_t end_ns;          /* on the monotonic clock */
};

struct hm_child {
	bool is_isolated;
	bool has_network_ns;
	bool is_thread_main; /* the parent's death signal may be used: it follows the thread, not the process */
	bool scope_sockets;  /* Landlock keeps abstract sockets of the machine out of reach */
	int stdio[3];        /* -1: /dev/null */
	int report, status;  /* our ends of the pipes */
	int supervisor;      /* a pidfd of the process that started us */
	char uid_map[48], gid_map[48];
	uint32_t uid, gid; /* inside */
	const char *hostname;
	struct hm_plan *plan;
	const struct hm_seccomp *filter;
	struct hm_launch *launch;
};

/* Be the child. All signals are blocked when this is called. */
_Noreturn void hm_child_main(struct hm_child *child);

/* The same from the point where the sandbox is complete: start the program, wait, tell, end. In init.c. */
_Noreturn void hm_init_main(struct hm_launch *launch);

/* Tell the parent what failed, and end. */
_Noreturn void hm_child_fail(int report, enum hm_stage stage, size_t index);

/* Put the root together and make it the root. In steps.c; ends in hm_child_fail() when something fails. */
void hm_child_enter_root(struct hm_child *child);

/*
 * Unmap all memory that came from the parent but code, libraries and launch, then call next on launch's stack. In
 * forget.c.
 */
_Noreturn void hm_child_forget(struct hm_launch *launch, void (*next)(struct hm_launch *launch));

#endif
