#include "sandbox/support.h"

#include "base/own.h"
#include "base/str.h"
#include "sandbox/cgroup.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp.h"
#include "sandbox/sys.h"
#include "sandbox/userns.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What a trial's child may use: it is a copy of a process with threads, and allocates nothing. */
struct trial {
	char uid_map[48], gid_map[48];
	const struct hm_seccomp *filter;
};

/* 0, or -1 with errno. */
typedef int (*trial_fn)(const struct trial *trial);

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

static int try_userns(const struct trial *t)
{
	if (unshare(CLONE_NEWUSER) != 0 || put("/proc/self/setgroups", "deny") != 0)
		return -1;
	return put("/proc/self/uid_map", t->uid_map) != 0 ? -1 : put("/proc/self/gid_map", t->gid_map);
}

static int try_namespaces(const struct trial *t)
{
	if (try_userns(t) != 0)
		return -1;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int try_network(const struct trial *t)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (try_userns(t) != 0 || unshare(CLONE_NEWNET) != 0)
		return -1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &request);
}

static int try_overlay(const struct trial *t)
{
	if (try_namespaces(t) != 0 || mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0)
		return -1;
	if (mkdir("/proc/u", 0755) != 0 || mkdir("/proc/w", 0755) != 0 || mkdir("/proc/m", 0755) != 0)
		return -1;
	return mount("overlay", "/proc/m", "overlay", MS_NOSUID | MS_NODEV,
		     "lowerdir=/usr,upperdir=/proc/u,workdir=/proc/w,userxattr");
}

static int try_proc(const struct trial *t)
{
	if (try_namespaces(t) != 0)
		return -1;
	/* The namespace of PIDs is the next child's. */
	pid_t pid = hm_sys_fork();
	if (pid == 0)
		_exit(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=4") == 0 ? 0 : errno);
	int how;
	if (pid < 0 || waitpid(pid, &how, 0) != pid)
		return -1;
	errno = WIFEXITED(how) ? WEXITSTATUS(how) : EIO;
	return errno ? -1 : 0;
}

static int try_seccomp(const struct trial *t)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? -1 : hm_seccomp_load(t->filter);
}

/* The errno of a trial in a child of its own, 0 when it went well. */
static int run_trial(trial_fn fn, const struct trial *t)
{
	int ends[2], errnum = 0, how;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	pid_t pid = hm_sys_fork();
	if (pid == 0) {
		errnum = fn(t) == 0 ? 0 : errno;
		(void)!write(ends[1], &errnum, sizeof(errnum));
		_exit(0);
	}
	close(ends[1]);
	ssize_t n = -1;
	if (pid > 0) {
		while ((n = read(ends[0], &errnum, sizeof(errnum))) < 0 && errno == EINTR)
			;
		while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	return n == (ssize_t)sizeof(errnum) ? errnum : EIO;
}

static void set_ok(struct hm_sandbox_feature *f, const char *detail)
{
	f->is_ok = true;
	snprintf(f->detail, sizeof(f->detail), "%.*s", (int)sizeof(f->detail) - 1, detail);
}

static void set_bad(struct hm_sandbox_feature *f, const char *detail, const char *todo)
{
	f->is_ok = false;
	snprintf(f->detail, sizeof(f->detail), "%.*s", (int)sizeof(f->detail) - 1, detail);
	snprintf(f->todo, sizeof(f->todo), "%.*s", (int)sizeof(f->todo) - 1, todo);
}

static void probe_kernel(struct hm_sandbox_support *support, const struct trial *t)
{
	static const struct {
		enum hm_sandbox_feature_id id;
		trial_fn fn;
		const char *good, *todo; /* todo NULL: what explains a refused namespace */
	} trials[] = {
		{ HM_SANDBOX_CAN_USERNS, try_userns, "one user and one group, the caller's", NULL },
		{ HM_SANDBOX_CAN_NAMESPACE, try_namespaces, "mount, PID, IPC, UTS and cgroup namespaces", NULL },
		{ HM_SANDBOX_CAN_NETWORK, try_network, "a network of its own, with loopback", NULL },
		{ HM_SANDBOX_CAN_OVERLAY, try_overlay, "overlayfs in a user namespace", HM_OVERLAY_TODO },
		{ HM_SANDBOX_CAN_PROC, try_proc, "a /proc of its own", HM_PROC_TODO },
		{ HM_SANDBOX_CAN_SECCOMP, try_seccomp, "an allow-list of system calls",
		  "the kernel needs CONFIG_SECCOMP_FILTER" },
	};

	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		struct hm_sandbox_feature *f = &support->features[trials[i].id];
		char todo[HM_EXPLAIN_LEN] = "";
		int errnum = run_trial(trials[i].fn, t);
		if (errnum == 0) {
			set_ok(f, trials[i].good);
			continue;
		}
		if (!trials[i].todo)
			hm_userns_explain("", errnum, todo);
		set_bad(f, strerrordesc_np(errnum), trials[i].todo ? trials[i].todo : todo);
	}
}

static void probe_landlock(struct hm_sandbox_feature *f)
{
	if (hm_sys_can_scope_sockets())
		set_ok(f, "abstract sockets of the machine are out of reach of steps with a network");
	else
		set_bad(f, "Landlock cannot scope abstract sockets; steps with a network get no Unix sockets at all",
			"nothing needs to be done; Linux 6.12 or newer with Landlock lifts this");
}

static void probe_limit(struct hm_sandbox_feature *f, const char *dir, const struct hm_err *no_dir, unsigned bit)
{
	struct hm_err err = *no_dir;

	if (dir && hm_cgroup_check(dir, bit, &err) == HM_OK) {
		char text[sizeof(f->detail)];
		snprintf(text, sizeof(text), "cgroup v2, %s", dir);
		set_ok(f, text);
		return;
	}
	char text[sizeof(f->detail)];
	snprintf(text, sizeof(text), "not enforced: %.200s", err.cause);
	set_bad(f, text,
		"run hallmark in a delegated cgroup v2, as 'systemd-run --user --scope -p Delegate=yes "
		"hallmark ...' makes one");
}

static void probe_processes(struct hm_sandbox_feature *f, const char *dir)
{
	if (geteuid() != 0)
		set_ok(f, "RLIMIT_NPROC, counted in the user namespace (Linux 5.14)");
	else if (hm_kernel_has_own_pid_max())
		set_ok(f, "kernel.pid_max of the PID namespace");
	else if (dir && hm_cgroup_check(dir, HM_CGROUP_PIDS, NULL) == HM_OK)
		set_ok(f, "cgroup v2");
	else
		set_bad(f, "not enforced: the kernel does not count root's processes",
			"run hallmark as an ordinary user, in a delegated cgroup v2, or on Linux 6.14 or newer");
}

static void probe_run(struct hm_sandbox_feature *f)
{
	static const char *const argv[] = { "true", NULL };
	const struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct hm_sandbox_result result;
	struct hm_err err = { 0 };

	if (hm_sandbox_run(&opts, 10000, &result, &err) != HM_OK)
		set_bad(f, err.cause, hm_reason_hint(err.reason) ? hm_reason_hint(err.reason) : "");
	else if (result.exit_code != 0)
		set_bad(f, "'true' did not end with 0 in a sandbox", "");
	else
		set_ok(f, "a program ran in a sandbox");
}

void hm_sandbox_probe(struct hm_sandbox_support *ret_support)
{
	static const struct {
		const char *name;
		bool is_needed;
	} features[HM_SANDBOX_FEATURE_COUNT] = {
		[HM_SANDBOX_CAN_USERNS] = { "user-namespaces", true },
		[HM_SANDBOX_CAN_NAMESPACE] = { "namespaces", true },
		[HM_SANDBOX_CAN_NETWORK] = { "network-namespaces", true },
		[HM_SANDBOX_CAN_OVERLAY] = { "overlay", true },
		[HM_SANDBOX_CAN_PROC] = { "proc", true },
		[HM_SANDBOX_CAN_SECCOMP] = { "seccomp", true },
		[HM_SANDBOX_CAN_LANDLOCK] = { "landlock-scopes", false },
		[HM_SANDBOX_CAN_PROCESSES] = { "limit-processes", false },
		[HM_SANDBOX_CAN_MEMORY] = { "limit-memory", false },
		[HM_SANDBOX_CAN_CPU] = { "limit-cpu", false },
		[HM_SANDBOX_CAN_RUN] = { "sandbox", true },
	};
	struct hm_sandbox_support s = { .is_usable = true };
	struct trial t = { 0 };
	HM_OWN(hm_freep) char *dir = NULL;
	struct hm_err err = { 0 };

	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++) {
		s.features[i].name = features[i].name;
		s.features[i].is_needed = features[i].is_needed;
	}
	snprintf(t.uid_map, sizeof(t.uid_map), "1000 %u 1\n", (unsigned)geteuid());
	snprintf(t.gid_map, sizeof(t.gid_map), "1000 %u 1\n", (unsigned)getegid());
	if (hm_seccomp_get(true, &t.filter, &err) == HM_OK) {
		probe_kernel(&s, &t);
		probe_run(&s.features[HM_SANDBOX_CAN_RUN]);
	} else {
		set_bad(&s.features[HM_SANDBOX_CAN_SECCOMP], err.cause, "this machine's architecture is not known");
	}
	probe_landlock(&s.features[HM_SANDBOX_CAN_LANDLOCK]);
	if (hm_cgroup_own("/proc", &dir, &err) != HM_OK)
		dir = NULL;
	probe_processes(&s.features[HM_SANDBOX_CAN_PROCESSES], dir);
	probe_limit(&s.features[HM_SANDBOX_CAN_MEMORY], dir, &err, HM_CGROUP_MEMORY);
	probe_limit(&s.features[HM_SANDBOX_CAN_CPU], dir, &err, HM_CGROUP_CPU);
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++)
		s.is_usable = s.is_usable && (s.features[i].is_ok || !s.features[i].is_needed);
	*ret_support = s;
}

enum hm_status hm_sandbox_require(const struct hm_sandbox_support *support, struct hm_err *err)
{
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++) {
		const struct hm_sandbox_feature *f = &support->features[i];
		enum hm_reason reason = i == HM_SANDBOX_CAN_USERNS    ? HM_R_SANDBOX_USERNS
					: i == HM_SANDBOX_CAN_OVERLAY ? HM_R_SANDBOX_OVERLAY
								      : HM_R_SANDBOX_REFUSED;
		if (f->is_needed && !f->is_ok)
			return hm_fail(err, reason, "no sandbox is possible here, for lack of %s: %s%s%s", f->name,
				       f->detail, f->todo[0] ? "; " : "", f->todo);
	}
	return HM_OK;
}
