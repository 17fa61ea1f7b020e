#include "sandbox/child.h"

#include "sandbox/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Where the child's own descriptors lie; all above are the plan's. */
enum { FD_REPORT = 3, FD_STATUS, FD_SUPERVISOR, FD_FREE };

/* Past all that is moved to a fixed place. */
#define FD_ASIDE 16

_Noreturn void hm_child_fail(int report, enum hm_stage stage, size_t index)
{
	struct hm_report r = { .stage = stage, .index = (uint32_t)index, .errnum = errno };

	(void)!write(report, &r, sizeof(r));
	_exit(1);
}

/* The smallest descriptor from `from` on that the plan needs, or -1. */
static int next_kept(const struct hm_plan *plan, int from)
{
	int best = -1;

	for (size_t i = 0; plan && i < plan->count; i++) {
		int fd = plan->steps[i].fd;
		if (fd >= from && (best < 0 || fd < best))
			best = fd;
	}
	return best;
}

static int close_others(const struct hm_plan *plan)
{
	int from = FD_FREE;

	for (int kept; (kept = next_kept(plan, from)) >= 0; from = kept + 1) {
		if (kept > from && close_range((unsigned)from, (unsigned)kept - 1, 0) != 0)
			return -1;
	}
	return close_range((unsigned)from, ~0u, 0);
}

/* Everything to its fixed place; then close all that the parent, or another of its threads, had open. */
static void arrange_descriptors(struct hm_child *c)
{
	int *const fds[FD_FREE] = {
		&c->stdio[0], &c->stdio[1], &c->stdio[2], &c->report, &c->status, &c->supervisor,
	};

	for (size_t i = 0; c->plan && i < c->plan->count; i++) {
		int fd = c->plan->steps[i].fd;
		if (fd >= 0 && fd < FD_ASIDE && (c->plan->steps[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, FD_ASIDE)) < 0)
			hm_child_fail(c->report, HM_STAGE_DESCRIPTORS, 0);
	}
	for (int i = 0; i < FD_FREE; i++) {
		int fd = *fds[i], null = -1;
		if (fd < 0)
			fd = null = open("/dev/null", O_RDWR | O_CLOEXEC);
		int aside = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_ASIDE);
		if (aside < 0)
			hm_child_fail(c->report, HM_STAGE_DESCRIPTORS, (size_t)i);
		if (null >= 0)
			close(null);
		*fds[i] = aside;
	}
	for (int i = 0; i < FD_FREE; i++) {
		if (dup3(*fds[i], i, i < FD_REPORT ? 0 : O_CLOEXEC) < 0)
			hm_child_fail(c->report, HM_STAGE_DESCRIPTORS, (size_t)i);
		*fds[i] = i;
	}
	if (close_others(c->plan) != 0)
		hm_child_fail(FD_REPORT, HM_STAGE_DESCRIPTORS, FD_FREE);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	int errnum = errno;
	close(fd);
	errno = errnum;
	return result;
}

/* One user and one group, which are the caller's on the machine. Source: user_namespaces(7) */
static void become_user(const struct hm_child *c)
{
	if (write_file("/proc/self/setgroups", "deny") != 0 || write_file("/proc/self/uid_map", c->uid_map) != 0 ||
	    write_file("/proc/self/gid_map", c->gid_map) != 0)
		hm_child_fail(c->report, HM_STAGE_USER, 0);
	/* Not by the C library's functions, which wait for the threads that our parent had and we have not. */
	if (syscall(SYS_setresgid, c->gid, c->gid, c->gid) != 0 || syscall(SYS_setresuid, c->uid, c->uid, c->uid) != 0)
		hm_child_fail(c->report, HM_STAGE_USER, 1);
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		return -1;
	result = ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	if (result == 0)
		result = ioctl(fd, SIOCSIFFLAGS, &request);
	int errnum = errno;
	close(fd);
	errno = errnum;
	return result;
}

/*
 * A session keyring of its own, empty. Where the kernel has no keys, or a container forbids the call, there is nothing
 * to take away: inside, the filter refuses it to everybody.
 */
static int fresh_keyring(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	return errno == ENOSYS || errno == EPERM || errno == EACCES ? 0 : -1;
}

/* Nothing left, nothing to be had again: not by exec of a file with capabilities, and not by being user 0. */
static int drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return -1;
	}
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || syscall(SYS_capset, &header, none) != 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* With the machine's network, names of abstract sockets are the machine's too, unless Landlock cuts them off. */
static int scope_sockets(void)
{
	const struct hm_landlock_ruleset set = { .scoped = HM_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET };
	int fd = hm_sys_landlock_create(&set, sizeof(set), 0);

	if (fd < 0)
		return -1;
	int result = hm_sys_landlock_restrict(fd), errnum = errno;
	close(fd);
	errno = errnum;
	return result;
}

static void isolate(struct hm_child *c)
{
	hm_child_enter_root(c);
	if (sethostname(c->hostname, strlen(c->hostname)) != 0)
		hm_child_fail(c->report, HM_STAGE_HOSTNAME, 0);
	if (c->has_network_ns && loopback_up() != 0)
		hm_child_fail(c->report, HM_STAGE_LOOPBACK, 0);
	if (fresh_keyring() != 0)
		hm_child_fail(c->report, HM_STAGE_KEYRING, 0);
	if (drop_privileges() != 0)
		hm_child_fail(c->report, HM_STAGE_PRIVILEGES, 0);
	if (c->scope_sockets && scope_sockets() != 0)
		hm_child_fail(c->report, HM_STAGE_LANDLOCK, 0);
	if (hm_seccomp_load(c->filter) != 0)
		hm_child_fail(c->report, HM_STAGE_SECCOMP, 0);
}

/* What the parent ignores would stay ignored, and a process that ignores SIGCHLD is told of no child's end. */
static void reset_signals(void)
{
	struct sigaction deflt = { .sa_handler = SIG_DFL };

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &deflt, NULL); /* some cannot be changed, and need not be */
}

_Noreturn void hm_child_main(struct hm_child *c)
{
	struct hm_launch *launch = c->launch;

	reset_signals();
	arrange_descriptors(c);
	setsid();
	if (c->is_isolated)
		become_user(c);
	/*
	 * This process is a copy of its parent. From here on nobody without privileges on the machine can look into it;
	 * before, the kernel would not have let an ordinary user's child write its own maps.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		hm_child_fail(c->report, HM_STAGE_PRIVILEGES, 0);
	if (c->is_thread_main && prctl(PR_SET_PDEATHSIG, c->is_isolated ? SIGKILL : SIGTERM, 0, 0, 0) != 0)
		hm_child_fail(c->report, HM_STAGE_PRIVILEGES, 0);
	if (c->is_isolated)
		isolate(c);
	else if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		hm_child_fail(c->report, HM_STAGE_PRIVILEGES, 0);

	launch->report = c->report;
	launch->status = c->status;
	launch->supervisor = c->supervisor;
	hm_child_forget(launch, hm_init_main);
}
