/*
 * Limits on memory, processor time and processes by cgroup v2, where a part of its tree was delegated to us.
 *
 * A sandbox gets a leaf of its own, named "hallmark-PID-N", which is removed after it. A leaf whose process is gone was
 * left by one that was killed; whoever makes the next leaf removes it.
 *
 * Internal to this module. Layer 6. Any thread.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst
 */
#ifndef HM_SANDBOX_CGROUP_H
#define HM_SANDBOX_CGROUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HM_CGROUP_MEMORY = 1,
	HM_CGROUP_CPU = 2,
	HM_CGROUP_PIDS = 4,
};

/* 0: no limit. */
struct hm_cgroup_limits {
	uint64_t memory;    /* bytes */
	uint64_t cpu_milli; /* thousandths of a processor */
	uint64_t processes;
};

struct hm_cgroup {
	char *dir; /* the leaf's; NULL: none */
	int fd;    /* of it, for CLONE_INTO_CGROUP; -1: none */
};

#define HM_CGROUP_INIT ((struct hm_cgroup){ .fd = -1 })

/*
 * The folder of the cgroup that this process is in.
 *
 * Shape   proc: "/proc", or a test's own.
 * Owns    ret_dir is the caller's
 * Errors  HM_ENOTFOUND sandbox.limit-unenforced: cgroup v2 is not mounted, or not where we can see it
 */
enum hm_status hm_cgroup_own(const char *proc, char **ret_dir, struct hm_err *err) HM_MUST;

/*
 * Whether controllers can be had in a cgroup; changes nothing.
 *
 * Shape   need: HM_CGROUP_…, or'ed.
 * Errors  HM_EIO sandbox.limit-unenforced: says which and why
 */
enum hm_status hm_cgroup_check(const char *dir, unsigned need, struct hm_err *err) HM_MUST;

/*
 * Make a leaf with limits below a cgroup.
 *
 * A cgroup that holds processes cannot give controllers to its children, so this process may first be moved to a child
 * of its own, "hallmark-self".
 *
 * Owns    ret_cgroup is the caller's, for hm_cgroup_remove()
 * Errors  HM_EIO sandbox.limit-unenforced; HM_ENOMEM
 */
enum hm_status hm_cgroup_make(const char *dir, const struct hm_cgroup_limits *limits, struct hm_cgroup *ret_cgroup,
			      struct hm_err *err) HM_MUST;

/* Whether the kernel killed something in it because of its memory limit. */
bool hm_cgroup_had_oom(const struct hm_cgroup *cgroup);

/* The most memory that was in use, bytes; 0: the kernel does not say. */
uint64_t hm_cgroup_peak(const struct hm_cgroup *cgroup);

/* Kill what is in it, remove it; safe on one that was never made. */
void hm_cgroup_remove(struct hm_cgroup *cgroup);

#endif
