/* The filters in force, in a child: what each call answers. */
#include "sandbox/seccomp.h"

#include "base/mem.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HIGH 0x100000000L

struct call {
	const char *name;
	long number, args[4];
	int want; /* errno; 0: it works; -1: allowed, whatever it answers but ENOSYS and EPERM */
};

/* The exit code is 0 when all answered as wanted, else the number of the call, from 1. */
static int answers(const struct hm_seccomp *filters, const struct call *calls, size_t count)
{
	pid_t pid = fork();
	int how;

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || hm_seccomp_load(filters) != 0)
			_exit(255);
		for (size_t i = 0; i < count; i++) {
			const struct call *c = &calls[i];
			long r = syscall((int)c->number, c->args[0], c->args[1], c->args[2], c->args[3], 0, 0);
			int got = r < 0 ? errno : 0;
			if (r == 0 && (c->number == SYS_clone))
				_exit(0);
			if (c->want == -1 ? got == ENOSYS || got == EPERM : got != c->want)
				_exit((int)i + 1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	return WIFEXITED(how) ? WEXITSTATUS(how) : 1000 + WTERMSIG(how);
}

static void test_answers(void **state)
{
	(void)state;
	static const struct call calls[] = {
		{ "getpid", SYS_getpid, { 0 }, 0 },
		{ "openat", SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY }, 0 },
		{ "close", SYS_close, { 9999 }, EBADF },
		{ "getrandom", SYS_getrandom, { 0, 0, 0 }, 0 },
		{ "membarrier", SYS_membarrier, { 0, 0 }, 0 },
		{ "rseq", SYS_rseq, { 0, 0, 0 }, -1 },
		{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 9 }, -1 },
		{ "mount", SYS_mount, { 0 }, EPERM },
		{ "umount2", SYS_umount2, { 0 }, EPERM },
		{ "fsopen", SYS_fsopen, { 0 }, EPERM },
		{ "fsconfig", SYS_fsconfig, { 0 }, EPERM },
		{ "fsmount", SYS_fsmount, { 0 }, EPERM },
		{ "open_tree", SYS_open_tree, { 0 }, EPERM },
		{ "move_mount", SYS_move_mount, { 0 }, EPERM },
		{ "mount_setattr", SYS_mount_setattr, { 0 }, EPERM },
		{ "pivot_root", SYS_pivot_root, { 0 }, EPERM },
		{ "chroot", SYS_chroot, { 0 }, EPERM },
		{ "setns", SYS_setns, { 0 }, EPERM },
		{ "unshare nothing", SYS_unshare, { 0 }, 0 },
		{ "unshare files", SYS_unshare, { CLONE_FILES }, 0 },
		{ "unshare user", SYS_unshare, { CLONE_NEWUSER }, EPERM },
		{ "unshare user, high", SYS_unshare, { HIGH | CLONE_NEWUSER }, EPERM },
		{ "unshare mount", SYS_unshare, { CLONE_NEWNS }, EPERM },
		{ "unshare time", SYS_unshare, { CLONE_NEWTIME }, EPERM },
		{ "unshare cgroup", SYS_unshare, { CLONE_NEWCGROUP }, EPERM },
		{ "clone user", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
		{ "clone net and files", SYS_clone, { CLONE_NEWNET | CLONE_FILES | SIGCHLD }, EPERM },
		{ "clone3", SYS_clone3, { 0 }, ENOSYS },
		{ "bpf", SYS_bpf, { 0 }, EPERM },
		{ "perf_event_open", SYS_perf_event_open, { 0 }, EPERM },
		{ "userfaultfd", SYS_userfaultfd, { 0 }, EPERM },
		{ "io_uring_setup", SYS_io_uring_setup, { 0 }, ENOSYS },
		{ "keyctl", SYS_keyctl, { 0 }, EPERM },
		{ "add_key", SYS_add_key, { 0 }, EPERM },
		{ "request_key", SYS_request_key, { 0 }, EPERM },
		{ "kexec_load", SYS_kexec_load, { 0 }, EPERM },
		{ "init_module", SYS_init_module, { 0 }, EPERM },
		{ "quotactl", SYS_quotactl, { 0 }, EPERM },
		{ "swapon", SYS_swapon, { 0 }, EPERM },
		{ "reboot", SYS_reboot, { 0 }, EPERM },
		{ "acct", SYS_acct, { 0 }, EPERM },
		{ "clock_settime", SYS_clock_settime, { 0 }, EPERM },
		{ "open_by_handle_at", SYS_open_by_handle_at, { 0 }, EPERM },
		{ "pidfd_getfd", SYS_pidfd_getfd, { 0 }, EPERM },
		{ "syslog", SYS_syslog, { 0 }, EPERM },
		{ "a call of the future", 4000, { 0 }, ENOSYS },
		{ "TIOCSTI", SYS_ioctl, { 9999, TIOCSTI, 0 }, EPERM },
		{ "TIOCSTI, high", SYS_ioctl, { 9999, HIGH | TIOCSTI, 0 }, EPERM },
		{ "TIOCLINUX", SYS_ioctl, { 9999, TIOCLINUX, 0 }, EPERM },
		{ "FIONREAD", SYS_ioctl, { 9999, FIONREAD, 0 }, EBADF },
		{ "inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, -1 },
		{ "inet6", SYS_socket, { AF_INET6, SOCK_STREAM, 0 }, -1 },
		{ "netlink route", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, 0 },
		{ "netlink audit", SYS_socket, { AF_NETLINK, SOCK_RAW, 9 }, EPROTONOSUPPORT },
		{ "unspecified", SYS_socket, { 0, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "ax25", SYS_socket, { 3, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "ash", SYS_socket, { 15, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
		{ "alg", SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
		{ "vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "vsock, high", SYS_socket, { HIGH | AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "pair of inet", SYS_socketpair, { AF_INET, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ "personality", SYS_personality, { 0xffffffff }, 0 },
		{ "no random addresses", SYS_personality, { ADDR_NO_RANDOMIZE }, 0 },
		{ "32 bits", SYS_personality, { PER_LINUX32 }, ENOSYS },
		{ "character device", SYS_mknodat, { AT_FDCWD, (long)"/tmp", S_IFCHR | 0600 }, EPERM },
		{ "block device", SYS_mknodat, { AT_FDCWD, (long)"/tmp", S_IFBLK | 0600 }, EPERM },
		{ "regular file", SYS_mknodat, { AT_FDCWD, (long)"/tmp", S_IFREG | 0600 }, EEXIST },
		{ "fchmod", SYS_fchmod, { 9999, 0755 }, EBADF },
		{ "fchmod, sticky", SYS_fchmod, { 9999, 01777 }, EBADF },
		{ "fchmod, set-user-id", SYS_fchmod, { 9999, 04755 }, EPERM },
		{ "fchmod, set-group-id", SYS_fchmod, { 9999, 02755 }, EPERM },
		{ "fchmod, both, high", SYS_fchmod, { 9999, HIGH | 06755 }, EPERM },
		{ "fchmodat, set-user-id", SYS_fchmodat, { AT_FDCWD, (long)"/", 04755 }, EPERM },
		{ "openat, no mode", SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY, 04755 }, 0 },
		{ "openat, set-user-id", SYS_openat, { AT_FDCWD, (long)"/", O_CREAT, 04755 }, EPERM },
		{ "openat, set-group-id", SYS_openat, { AT_FDCWD, (long)"/", O_CREAT | O_WRONLY, 02755 }, EPERM },
		{ "openat, without a name", SYS_openat, { AT_FDCWD, (long)"/", O_TMPFILE | O_RDWR, 04755 }, EPERM },
		{ "openat, plain", SYS_openat, { AT_FDCWD, (long)"/", O_CREAT, 0755 }, EISDIR },
		{ "openat2", SYS_openat2, { AT_FDCWD, (long)"/", 0, 0 }, ENOSYS },
		{ "mknodat, set-user-id", SYS_mknodat, { AT_FDCWD, (long)"/tmp", S_IFREG | 04755 }, EPERM },
		{ "ptrace", SYS_ptrace, { PTRACE_ATTACH, 0x7fffffff, 0 }, ESRCH },
	};
	const struct hm_seccomp *filters = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_seccomp_get(true, &filters, &err), &err);
	int got = answers(filters, calls, COUNT(calls));
	if (got != 0)
		fail_msg("%s", got > 0 && got <= (int)COUNT(calls) ? calls[got - 1].name : "killed or not loaded");
}

static void test_unix_sockets(void **state)
{
	(void)state;
	static const struct call with[] = { { "unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, 0 } };
	static const struct call without[] = { { "unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, EAFNOSUPPORT },
					       { "pair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0 }, EFAULT } };
	const struct hm_seccomp *filters = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_seccomp_get(true, &filters, &err), &err);
	assert_int_equal(answers(filters, with, COUNT(with)), 0);
	assert_ok(hm_seccomp_get(false, &filters, &err), &err);
	assert_int_equal(answers(filters, without, COUNT(without)), 0);
}

static void test_other_numbers_kill(void **state)
{
	(void)state;
#ifdef __x86_64__
	static const struct call x32[] = { { "x32", 0x40000000 | SYS_getpid, { 0 }, 0 } };
	const struct hm_seccomp *filters = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_seccomp_get(true, &filters, &err), &err);
	assert_int_equal(answers(filters, x32, 1), 1000 + SIGSYS);
#else
	skip_with("x32 numbers exist on amd64 only");
#endif
}

static void test_is_kept(void **state)
{
	(void)state;
	const struct hm_seccomp *first = NULL, *second = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_seccomp_get(true, &first, &err), &err);
	hm_mem_fail_at(1);
	assert_ok(hm_seccomp_get(true, &second, &err), &err);
	assert_false(hm_mem_has_failed());
	hm_mem_fail_at(0);
	assert_ptr_equal(first, second);
	for (int i = 0; i < HM_SECCOMP_FILTERS; i++)
		assert_in_range(first->programs[i].len, 10, 2000);
}

/* The cache is filled only by a whole success; this runs first, while it is empty. */
static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_seccomp *filters = NULL;
	struct hm_err err = { 0 };

	for (unsigned long n = 1;; n++) {
		hm_mem_fail_at(1); /* a failed filter is made again, one that was made is kept */
		enum hm_status st = hm_seccomp_get(false, &filters, &err);
		if (!hm_mem_has_failed())
			break;
		assert_int_equal(st, HM_ENOMEM);
		assert_true(n < 3);
		hm_mem_fail_at(2);
		(void)!hm_seccomp_get(false, &filters, &err);
	}
	hm_mem_fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_answers),
		cmocka_unit_test(test_unix_sockets), cmocka_unit_test(test_other_numbers_kill),
		cmocka_unit_test(test_is_kept),
	};
	return cmocka_run_group_tests_name("sandbox/seccomp", tests, NULL, NULL);
}
