/*
 * Run a program that can reach only what it was given: its own folders, its own processes, its own network.
 *
 * What the program sees is an allow-list: a fresh root with the machine's /usr below a private layer that is thrown
 * away, a handful of files in /etc, a minimal /dev, a /proc of its own, private /tmp, /dev/shm and HOME, and the mounts
 * that the caller names. It has no capability, cannot gain one, inherits no descriptor but three and no variable of the
 * environment. It ends, with all that it started, when its main program ends, when it is killed, and when the process
 * that started it dies in whatever way.
 *
 * Not here: whether this machine can do that (support.h); running without isolation (none.h); what a pipeline mounts.
 * Layer 6. Any thread may start; one handle belongs to one thread at a time. Linux 5.12 or newer; as root or not.
 */
#ifndef HM_SANDBOX_SANDBOX_H
#define HM_SANDBOX_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One program that was started. */
struct hm_sandbox;

enum hm_sandbox_network {
	HM_SANDBOX_NET_NONE, /* a network of its own in which only loopback is up, IPv4 and IPv6 */
	HM_SANDBOX_NET_HOST, /* the machine's; for fetching only. resolv.conf and hosts are then visible too */
};

enum hm_sandbox_mount_kind {
	HM_SANDBOX_READ_ONLY,  /* a file or folder of the machine that cannot be written, nor anything mounted in it */
	HM_SANDBOX_READ_WRITE, /* the same, and what is written is written to the machine */
	HM_SANDBOX_LAYER,      /* a folder of the machine; what is written goes to a private layer and is thrown away */
	HM_SANDBOX_TMPFS,      /* an empty folder in memory */
	HM_SANDBOX_FILE,       /* a file with the given content, private */
	HM_SANDBOX_SYMLINK,
};

/*
 * One thing that the program sees besides the default root.
 *
 * Mounts are made in their order. A missing target is made, except below a READ_ONLY or READ_WRITE mount, where it must
 * be there: nothing is ever made in a folder of the machine.
 */
struct hm_sandbox_mount {
	enum hm_sandbox_mount_kind kind;
	const char *source;    /* absolute, no link anywhere in it (hm_path_resolve()), not "/", /proc, /sys or /dev but
				  /dev/shm; SYMLINK: its text; else NULL */
	const char *target;    /* absolute, without "//", ".", ".." or a final slash; not "/", nor in /proc or /sys */
	uint64_t size;         /* TMPFS: bytes at most, 0: as /tmp; lowered to half of the machine's memory */
	struct hm_str content; /* FILE */
	mode_t mode;           /* FILE and TMPFS: permissions; 0: 0644 and 0755 */
};

/*
 * What the program may use. 0 is the default of base/limits.h; a limit above what this process itself may use is
 * lowered to that.
 *
 * The first two are demands: they need a delegated cgroup v2, and without one nothing is started.
 */
struct hm_sandbox_limits {
	uint64_t memory;        /* bytes, swap not allowed; 0: no limit */
	uint64_t cpu_milli;     /* thousandths of a processor; 0: no limit */
	uint64_t processes;     /* processes and threads; what enforces it is in support.h */
	uint64_t open_files;    /* of each process */
	uint64_t file_size;     /* bytes */
	uint64_t stack;         /* bytes of a main thread */
	uint64_t address_space; /* bytes of each process; 0: no limit (the race detector reserves terabytes) */
};

/* Who the program is inside; on the machine it is always the caller. */
struct hm_sandbox_user {
	const char *name;
	uint32_t uid, gid;
};

struct hm_sandbox_opts {
	const char *const *argv; /* ends in NULL; argv[0] is looked up inside, in the PATH of env */
	const char *const *env;  /* ends in NULL; all there is. NULL: PATH, HOME and LANG=C.UTF-8 */
	const char *cwd;         /* inside; NULL: "/" */
	int in, out, err;     /* descriptors, borrowed, no folders; -1 is /dev/null. Pipes are best: a program can open
				 a file that it was given for writing again, for reading */
	const char *hostname; /* NULL: "hallmark" */
	const char *home;     /* inside, a private folder in memory unless it is a mount; NULL: "/home/step" */
	enum hm_sandbox_network network;
	const struct hm_sandbox_mount *mounts;
	size_t mount_count;
	struct hm_sandbox_limits limits;
	const struct hm_sandbox_user *user; /* NULL: step, 1000, 1000 */
};

struct hm_sandbox_result {
	int exit_code;         /* -1 when a signal ended it */
	int signal;            /* 0 when it ended by itself; SIGKILL also when the whole sandbox was killed */
	bool is_killed;        /* hm_sandbox_kill() was called before it had ended */
	bool is_out_of_memory; /* the kernel killed something in it for the memory limit */
	int64_t wall_ns;       /* from start to end */
	int64_t user_ns;       /* processor time of all its processes */
	int64_t sys_ns;        /* the same, in the kernel; setting the sandbox up included */
	uint64_t max_rss;      /* bytes, of the largest process that was waited for */
	uint64_t
	    max_memory; /* bytes, of all together with their files in memory; 0: not counted, for want of a cgroup */
};

/*
 * Check options without starting anything.
 *
 * Errors  HM_EINVAL sandbox.options: names the option and what is wrong with it
 */
enum hm_status hm_sandbox_check(const struct hm_sandbox_opts *opts, struct hm_err *err) HM_MUST;

/*
 * Start a program. It has begun when this returns: everything that can fail before its first instruction has been
 * reported here.
 *
 * Owns    borrows opts and all in it for the call; ret_box is the caller's, for hm_sandbox_free()
 * Errors  HM_EINVAL sandbox.options
 *         HM_EIO    sandbox.userns, sandbox.overlay, sandbox.refused: the kernel refuses a part of it; the text names
 *                   what to change
 *         HM_EIO    sandbox.mount: a source is not there, has a link in its path, or a target cannot be made
 *         HM_EIO    sandbox.limit-unenforced: a limit was demanded that this machine cannot hold
 *         HM_EIO    process.start: the program is not there inside, or may not be executed; so for the folder cwd
 *         HM_ENOMEM
 */
enum hm_status hm_sandbox_start(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
				struct hm_err *err) HM_MUST;

/*
 * A descriptor that poll(2) shows as readable once the program has ended and hm_sandbox_wait() will not block. It is
 * for polling only.
 *
 * Owns    the handle's, until hm_sandbox_free()
 */
int hm_sandbox_fd(const struct hm_sandbox *box);

/* The process of this machine to which the program and all that it starts belong; for logs. */
pid_t hm_sandbox_pid(const struct hm_sandbox *box);

/*
 * Wait until the program has ended; nothing that it started lives on. An exit code other than 0 is no error.
 *
 * May be called again and gives the same answer.
 *
 * Errors  HM_EIO
 */
enum hm_status hm_sandbox_wait(struct hm_sandbox *box, struct hm_sandbox_result *ret_result,
			       struct hm_err *err) HM_MUST;

/* Kill the program and all that it started, at once. Returns before they are gone: hm_sandbox_wait() says when. */
void hm_sandbox_kill(struct hm_sandbox *box);

/* Kill what still runs, wait for it, and free the handle; safe on NULL. Returns NULL. */
struct hm_sandbox *hm_sandbox_free(struct hm_sandbox *box);

/*
 * Wait for a program's end, and kill it when that does not come in time.
 *
 * Units   timeout_ms: 0 for none.
 * Errors  HM_ELIMIT process.timeout: it was killed, and nothing of it is left; HM_EIO
 */
enum hm_status hm_sandbox_finish(struct hm_sandbox *box, int64_t timeout_ms, struct hm_sandbox_result *ret_result,
				 struct hm_err *err) HM_MUST;

/*
 * Start a program, wait for its end.
 *
 * Units   timeout_ms: 0 for none.
 * Errors  as hm_sandbox_start() and hm_sandbox_finish()
 */
enum hm_status hm_sandbox_run(const struct hm_sandbox_opts *opts, int64_t timeout_ms,
			      struct hm_sandbox_result *ret_result, struct hm_err *err) HM_MUST;

/* For HM_OWN. */
static inline void hm_sandbox_freep(struct hm_sandbox **box)
{
	*box = hm_sandbox_free(*box);
}

#endif
