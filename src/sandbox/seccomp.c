#include "sandbox/seccomp.h"

#include "base/mem.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What programs may call: what container managers allow by default, without what needs a capability and without what
 * reaches the kernel's newer, wider interfaces. Names that a machine's architecture does not have are left out.
 *
 * ptrace is allowed: a debugger, strace and the leak sanitizer need it, and there is nobody in the PID namespace to
 * trace but the step's own processes; the first process cannot be traced, see child.c.
 */
/* clang-format off */
static const char *const allowed[] = {
	"accept", "accept4", "access", "adjtimex", "alarm", "arch_prctl", "bind", "brk", "cacheflush", "capget",
	"capset", "chdir", "chmod", "chown", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep",
	"clone", "close", "close_range", "connect", "copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create",
	"epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old",
	"eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64",
	"fallocate", "fchdir", "fchmod", "fchmodat", "fchown", "fchownat", "fcntl", "fdatasync", "fgetxattr",
	"flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futex",
	"futex_waitv", "futimesat", "get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents", "getdents64",
	"getegid", "geteuid", "getgid", "getgroups", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid",
	"getppid", "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid",
	"getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "getxattr", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_setup",
	"io_submit", "ioctl", "ioprio_get", "ioprio_set", "kcmp", "kill", "landlock_add_rule",
	"landlock_create_ruleset", "landlock_restrict_self", "lchown", "lgetxattr", "link", "linkat", "listen",
	"listxattr", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "madvise", "membarrier",
	"memfd_create", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2", "mlockall", "mmap",
	"mprotect", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "mremap",
	"msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap", "nanosleep", "newfstatat",
	"open", "openat", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc",
	"pkey_free", "pkey_mprotect", "poll", "ppoll", "prctl", "pread64", "preadv", "preadv2", "prlimit64",
	"process_mrelease", "process_vm_readv", "process_vm_writev", "pselect6", "ptrace", "pwrite64", "pwritev",
	"pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg",
	"remap_file_pages", "removexattr", "rename", "renameat", "renameat2", "restart_syscall", "rmdir", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
	"sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity",
	"sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "select", "semctl", "semget",
	"semop", "semtimedop", "sendfile", "sendmmsg", "sendmsg", "sendto", "set_robust_list", "set_thread_area",
	"set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer", "setpgid", "setpriority",
	"setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setsockopt", "setuid", "setxattr",
	"shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack", "signalfd", "signalfd4", "socket",
	"socketpair", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs",
	"sysinfo", "tee", "tgkill", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
	"timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime", "times", "tkill", "truncate", "umask",
	"uname", "unlink", "unlinkat", "unshare", "utime", "utimensat", "utimes", "vfork", "wait4", "waitid", "write",
	"writev",
};
/* clang-format on */

/*
 * What is refused as forbidden. All that stands in neither list answers as a kernel that does not have the call, so
 * that C libraries take an older one: clone3, whose flags a filter cannot see, io_uring, and what is yet to come.
 */
/* clang-format off */
static const char *const forbidden[] = {
	"acct", "add_key", "bpf", "chroot", "clock_settime", "delete_module", "fanotify_init", "finit_module",
	"fsconfig", "fsmount", "fsopen", "fspick", "get_mempolicy", "init_module", "ioperm", "iopl", "kexec_file_load",
	"kexec_load", "keyctl", "lookup_dcookie", "mbind", "migrate_pages", "modify_ldt", "mount", "mount_setattr",
	"move_mount", "move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree",
	"perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "quotactl", "quotactl_fd", "reboot",
	"request_key", "set_mempolicy", "setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon",
	"sysfs", "syslog", "umount2", "uselib", "userfaultfd", "ustat", "vhangup", "vmsplice",
};
/* clang-format on */

/* The race detector switches address randomization off and starts itself again; the rest asks what is set. */
static const uint64_t personalities[] = { PER_LINUX, ADDR_NO_RANDOMIZE, 0xffffffff };

static const uint64_t namespace_flags[] = {
	CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,
};

/* Typing into another's terminal, and into the console. */
static const uint64_t terminal_requests[] = { TIOCSTI, TIOCLINUX };

/* What would make a file run as its owner, who on the machine is the caller. */
static const uint64_t set_id_bits[] = { S_ISUID, S_ISGID };

/* What the kernel looks at is an int: bits above it must not lead past the comparison. */
#define LOW32 0xffffffffu

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void releasep(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		if (number >= 0)
			result = seccomp_rule_add(ctx, action, number, 0);
	}
	return result;
}

static struct scmp_arg_cmp arg(unsigned number, enum scmp_compare compare, uint64_t a, uint64_t b)
{
	return (struct scmp_arg_cmp){ number, compare, a, b };
}

/* One rule with one condition; a call that this architecture does not have needs none. */
static int add_if(scmp_filter_ctx ctx, uint32_t action, const char *name, struct scmp_arg_cmp condition)
{
	int number = seccomp_syscall_resolve_name(name);

	return number < 0 ? 0 : seccomp_rule_add(ctx, action, number, 1, condition);
}

/* Which calls there are. */
static int add_calls(scmp_filter_ctx ctx)
{
	int result = add_names(ctx, SCMP_ACT_ALLOW, allowed, COUNT(allowed));

	if (result == 0)
		result = add_names(ctx, SCMP_ACT_ERRNO(EPERM), forbidden, COUNT(forbidden));
	for (size_t i = 0; i < COUNT(personalities) && result == 0; i++)
		result =
		    add_if(ctx, SCMP_ACT_ALLOW, "personality", arg(0, SCMP_CMP_MASKED_EQ, LOW32, personalities[i]));
	return result;
}

/*
 * Sockets of the own network and of files. Netlink only to ask for interfaces and routes; what is not bound to the
 * network namespace, as AF_VSOCK, reaches the machine or its host.
 */
static int add_sockets(scmp_filter_ctx ctx, bool unix_sockets)
{
	const uint32_t refuse = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	int result = 0;

	for (unsigned family = 0; family <= AF_NETLINK && result == 0; family++) {
		if (family == AF_INET || family == AF_INET6 || family == AF_NETLINK)
			continue;
		if (family != AF_UNIX || !unix_sockets)
			result = add_if(ctx, refuse, "socket", arg(0, SCMP_CMP_EQ, family, 0));
	}
	if (result == 0)
		result = add_if(ctx, refuse, "socket", arg(0, SCMP_CMP_GT, AF_NETLINK, 0));
	if (result == 0)
		result = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
					  arg(0, SCMP_CMP_EQ, AF_NETLINK, 0), arg(2, SCMP_CMP_NE, 0, 0));
	if (result == 0)
		result = add_if(ctx, refuse, "socketpair", arg(0, SCMP_CMP_NE, AF_UNIX, 0));
	return result;
}

/*
 * No file may become set-user-id: in a folder of the machine it would be the caller's, root's perhaps, for everybody to
 * run once the sandbox is gone. openat2 hides its mode behind a pointer, so the first filter does not know it.
 */
static int add_set_id(scmp_filter_ctx ctx, uint64_t bit)
{
	static const struct {
		const char *name;
		unsigned mode; /* number of the argument */
	} calls[] = {
		{ "chmod", 1 }, { "fchmod", 1 }, { "fchmodat", 2 }, { "creat", 1 }, { "mknod", 1 }, { "mknodat", 2 },
	};
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	const uint64_t making[] = { O_CREAT, O_TMPFILE };
	int result = 0;

	for (size_t i = 0; i < COUNT(calls) && result == 0; i++)
		result = add_if(ctx, refuse, calls[i].name, arg(calls[i].mode, SCMP_CMP_MASKED_EQ, bit, bit));
	for (size_t i = 0; i < COUNT(making) && result == 0; i++) {
		int number = seccomp_syscall_resolve_name("open");
		result =
		    seccomp_rule_add(ctx, refuse, SCMP_SYS(openat), 2, arg(2, SCMP_CMP_MASKED_EQ, making[i], making[i]),
				     arg(3, SCMP_CMP_MASKED_EQ, bit, bit));
		if (result == 0 && number >= 0)
			result =
			    seccomp_rule_add(ctx, refuse, number, 2, arg(1, SCMP_CMP_MASKED_EQ, making[i], making[i]),
					     arg(2, SCMP_CMP_MASKED_EQ, bit, bit));
	}
	return result;
}

/* Which arguments they may have: all but these. */
static int add_arguments(scmp_filter_ctx ctx, bool unix_sockets)
{
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	static const uint64_t device_types[] = { S_IFCHR, S_IFBLK };
	int result = add_sockets(ctx, unix_sockets);

	for (size_t i = 0; i < COUNT(namespace_flags) && result == 0; i++) {
		uint64_t flag = namespace_flags[i];
		result = add_if(ctx, refuse, "clone", arg(0, SCMP_CMP_MASKED_EQ, flag, flag));
		if (result == 0)
			result = add_if(ctx, refuse, "unshare", arg(0, SCMP_CMP_MASKED_EQ, flag, flag));
	}
	/* clone has its end signal in the bits where unshare has this one. */
	if (result == 0)
		result = add_if(ctx, refuse, "unshare", arg(0, SCMP_CMP_MASKED_EQ, CLONE_NEWTIME, CLONE_NEWTIME));
	for (size_t i = 0; i < COUNT(terminal_requests) && result == 0; i++)
		result = add_if(ctx, refuse, "ioctl", arg(1, SCMP_CMP_MASKED_EQ, LOW32, terminal_requests[i]));
	for (size_t i = 0; i < COUNT(set_id_bits) && result == 0; i++)
		result = add_set_id(ctx, set_id_bits[i]);
	for (size_t i = 0; i < COUNT(device_types) && result == 0; i++) {
		result = add_if(ctx, refuse, "mknod", arg(1, SCMP_CMP_MASKED_EQ, S_IFMT, device_types[i]));
		if (result == 0)
			result = add_if(ctx, refuse, "mknodat", arg(2, SCMP_CMP_MASKED_EQ, S_IFMT, device_types[i]));
	}
	return result;
}

/* libseccomp writes the program into a descriptor only. */
static enum hm_status export(scmp_filter_ctx ctx, struct sock_fprog *ret_program, struct hm_err *err) {
	HM_OWN(hm_closep) int fd = memfd_create("seccomp", MFD_CLOEXEC); struct stat info;

	if (fd < 0 || seccomp_export_bpf(ctx, fd) != 0 ||
	    fstat(fd, &info) != 0) return hm_fail(err, HM_R_SANDBOX_REFUSED, "write the system call filter: %s",
						  strerrordesc_np(errno));

	size_t size = (size_t)info.st_size, count = size / sizeof(struct sock_filter);
	HM_OWN(hm_freep) struct sock_filter *code = hm_malloc(size);
	if (!code) return hm_fail(err, HM_R_NO_MEMORY, "read the system call filter");
	if (pread(fd, code, size, 0) != (ssize_t)size ||
	    count > BPF_MAXINSNS) return hm_fail(err, HM_R_SANDBOX_REFUSED,
						 "the system call filter has %zu instructions", count);
	*ret_program = (struct sock_fprog){ (unsigned short)count, HM_STEAL(code) };
	return HM_OK;
}

/* A negated errno of libseccomp as an error. */
static enum hm_status fail_seccomp(struct hm_err *err, int result)
{
	if (result == -ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "make the system call filter");
	return hm_fail(err, HM_R_SANDBOX_REFUSED, "libseccomp cannot make the system call filter: %s",
		       strerrordesc_np(-result));
}

static enum hm_status build(bool is_calls, bool unix_sockets, struct sock_fprog *ret_program, struct hm_err *err)
{
	HM_OWN(releasep) scmp_filter_ctx ctx = seccomp_init(is_calls ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW);

	if (!ctx)
		return hm_fail(err, HM_R_NO_MEMORY, "make the system call filter");
	/* The 32-bit and x32 doors to the same kernel have other numbers, which the lists do not know. */
	int result = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a list: a call is found in 9 comparisons instead of 350. */
	if (result == 0 && is_calls)
		result = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = is_calls ? add_calls(ctx) : add_arguments(ctx, unix_sockets);
	if (result != 0)
		return fail_seccomp(err, result);
	return export(ctx, ret_program, err);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hm_seccomp cache[2]; /* without and with socket(AF_UNIX) */

enum hm_status hm_seccomp_get(bool unix_sockets, const struct hm_seccomp **ret_filters, struct hm_err *err)
{
	struct hm_seccomp *filters = &cache[unix_sockets];
	enum hm_status st = HM_OK;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < HM_SECCOMP_FILTERS && st == HM_OK; i++) {
		if (!filters->programs[i].filter)
			st = build(i == 0, unix_sockets, &filters->programs[i], err);
	}
	pthread_mutex_unlock(&lock);
	if (st == HM_OK)
		*ret_filters = filters;
	return st;
}

int hm_seccomp_load(const struct hm_seccomp *filters)
{
	/* The arguments' first: once the calls' is in force, it decides on the call that loads another. */
	for (int i = HM_SECCOMP_FILTERS - 1; i >= 0; i--) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters->programs[i], 0, 0) != 0)
			return -1;
	}
	return 0;
}
