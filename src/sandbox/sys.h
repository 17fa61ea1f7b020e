/*
 * System calls that the C library has no function for, and structures newer than the system's headers.
 *
 * Internal to this module. Layer 6. Each sets errno; safe in a child of a process with threads.
 */
#ifndef HM_SANDBOX_SYS_H
#define HM_SANDBOX_SYS_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.12, Landlock ABI 6; the headers of Debian 12 end at ABI 2. */
#define HM_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1u << 0)
#define HM_LANDLOCK_ABI_SCOPE                  6

struct hm_landlock_ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

static inline int hm_sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static inline pid_t hm_sys_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

/* A fork that runs nobody's handlers: it is called in a child that must not touch locks of its parent's threads. */
static inline pid_t hm_sys_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static inline int hm_sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int hm_sys_pidfd_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline int hm_sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int hm_sys_landlock_create(const struct hm_landlock_ruleset *set, size_t size, unsigned flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, set, size, flags);
}

/* Whether Landlock can keep abstract sockets out of reach. */
static inline bool hm_sys_can_scope_sockets(void)
{
	return hm_sys_landlock_create(NULL, 0, 1) >= HM_LANDLOCK_ABI_SCOPE; /* 1: ask for the version */
}

static inline int hm_sys_landlock_restrict(int set)
{
	return (int)syscall(SYS_landlock_restrict_self, set, 0);
}

#endif
