/*
 * What the child will do, decided before it exists.
 *
 * Between clone and exec a child of a process with threads may not allocate, so the parent does all that needs memory:
 * it checks the options, reads the machine's folders and writes down steps with their strings. The child only walks
 * through them with system calls, and answers with the number of the one that failed.
 *
 * Internal to this module. Layer 6.
 */
#ifndef HM_SANDBOX_PLAN_H
#define HM_SANDBOX_PLAN_H

#include "base/arena.h"
#include "sandbox/sandbox.h"

#include <sys/resource.h>

enum hm_step_op {
	HM_STEP_DIR,   /* make the folder path */
	HM_STEP_BIND,  /* what from leads to, with all that is mounted in it, at path */
	HM_STEP_LAYER, /* the folder from below a private layer, at path */
	HM_STEP_FS,    /* a new file system of the type from, at path */
	HM_STEP_FILE,  /* a file path with the content data */
	HM_STEP_LINK,  /* a symbolic link path with the text from */
	HM_STEP_SEAL,  /* what is at path becomes read-only */
	HM_STEP_MASK,  /* what is at path becomes an empty file or folder that cannot be written */
	HM_STEP_WRITE, /* write data to the existing file path */
};

enum {
	HM_STEP_READ_ONLY = 1, /* BIND */
	HM_STEP_DEVICE = 2,    /* BIND: device files work, programs do not */
	HM_STEP_AS_IS = 4,     /* the target must be there: what holds it belongs to the machine */
	HM_STEP_OPTIONAL = 8,  /* WRITE, MASK: path need not be there */
	HM_STEP_CALLERS = 16,  /* BIND, LAYER: a mount that the caller named */
	HM_STEP_DETACHED = 32, /* fd is a tree that the parent opened */
};

#define HM_STEP_OPTIONS 3

struct hm_step {
	enum hm_step_op op;
	unsigned flags;
	const char *path;                        /* in the new root, without a leading slash */
	const char *from;                        /* BIND, LAYER: absolute; FS: type; LINK: text */
	const char *options[HM_STEP_OPTIONS][2]; /* FS: names and values; a NULL name ends them, a NULL value is none */
	const char *const *inside;               /* LAYER: folders to make in the layer, ends in NULL; or NULL */
	struct hm_str data;
	mode_t mode; /* DIR, FILE */
	int fd;      /* BIND, LAYER: the source once it is open, or -1 */
};

struct hm_plan {
	struct hm_arena arena; /* all strings */
	const char *base_size; /* bytes that the root and all layers may take together, in decimal */
	struct hm_step *steps;
	size_t count, cap;
};

struct hm_limit {
	int resource; /* RLIMIT_… */
	struct rlimit value;
};

#define HM_LIMIT_COUNT 8

/*
 * What is needed after the child has forgotten its parent's memory: one mapping of its own, with nothing in it that
 * points outside.
 */
struct hm_launch {
	size_t size;        /* of the mapping */
	char **argv, **env; /* end in NULL */
	char **programs;    /* paths to try for argv[0], ends in NULL */
	const char *cwd;    /* NULL: stay */
	unsigned null_fds;  /* bit i: descriptor i is /dev/null, to be opened inside */
	struct hm_limit limits[HM_LIMIT_COUNT];
	size_t limit_count;
	bool is_isolated;
	int report, status, supervisor; /* descriptors, see child.h */
	void *stack;                    /* part of the mapping */
	size_t stack_size;
};

void hm_plan_done(struct hm_plan *plan);

/*
 * Write down how the root is put together.
 *
 * Shape   opts: checked.
 * Owns    ret_plan is the caller's; it borrows file contents and mount paths from opts
 * Errors  HM_EIO sandbox.mount; HM_ENOMEM
 */
enum hm_status hm_plan_root(const struct hm_sandbox_opts *opts, struct hm_plan *ret_plan, struct hm_err *err) HM_MUST;

/*
 * Add a step.
 *
 * Owns    copies the step, borrows its strings
 */
enum hm_status hm_plan_add(struct hm_plan *plan, const struct hm_step *step, struct hm_err *err) HM_MUST;

/*
 * Collect what is needed to start the program.
 *
 * Owns    ret_launch is the caller's, for hm_launch_free()
 * Errors  HM_ELIMIT: arguments and environment are larger than the kernel takes; HM_ENOMEM
 */
enum hm_status hm_launch_new(const struct hm_sandbox_opts *opts, bool is_isolated, struct hm_launch **ret_launch,
			     struct hm_err *err) HM_MUST;
struct hm_launch *hm_launch_free(struct hm_launch *launch);

/* The options' own values or the defaults. */
const struct hm_sandbox_user *hm_sandbox_user_of(const struct hm_sandbox_opts *opts);
const char *hm_sandbox_home_of(const struct hm_sandbox_opts *opts);
const char *hm_sandbox_hostname_of(const struct hm_sandbox_opts *opts);

/* How many processes and threads the program may have. */
uint64_t hm_sandbox_processes_of(const struct hm_sandbox_opts *opts);

/* The checks that sandboxes and `none` share. */
enum hm_status hm_sandbox_check_program(const struct hm_sandbox_opts *opts, struct hm_err *err) HM_MUST;

#endif
