#include "sandbox/sandbox.h"

#include "base/effects.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "sandbox/cgroup.h"
#include "sandbox/child.h"
#include "sandbox/handle.h"
#include "sandbox/none.h"
#include "sandbox/sys.h"
#include "sandbox/userns.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>

struct hm_sandbox {
	pid_t pid;
	int pidfd;  /* readable once it has ended */
	int status; /* the child's last words */
	bool is_none, is_killed, is_reaped;
	int64_t start_ns;
	struct hm_cgroup cgroup;
	struct hm_sandbox_result result; /* once is_reaped */
};

/* What a start needs until the program runs. */
struct start {
	const struct hm_sandbox_opts *opts;
	bool is_none;
	struct hm_plan plan;
	struct hm_launch *launch;
	struct hm_child child;
	struct hm_cgroup cgroup;
	int report[2], status[2], supervisor; /* -1: not open */
	struct hm_err *err;
};

static void start_done(struct start *s)
{
	for (size_t i = 0; i < s->plan.count; i++)
		hm_closep(&s->plan.steps[i].fd);
	hm_plan_done(&s->plan);
	s->launch = hm_launch_free(s->launch);
	for (int i = 0; i < 2; i++) {
		hm_closep(&s->report[i]);
		hm_closep(&s->status[i]);
	}
	hm_closep(&s->supervisor);
	hm_cgroup_remove(&s->cgroup);
}

static bool is_step(const struct start *s, const struct hm_report *r)
{
	return (r->stage == HM_STAGE_STEP || r->stage == HM_STAGE_SOURCE) && r->index < s->plan.count;
}

static enum hm_status fail_source(const struct start *s, const struct hm_step *step, int errnum)
{
	if (errnum == ELOOP)
		return hm_fail(s->err, HM_R_SANDBOX_MOUNT, "'%s' has a link in its path; name where it leads",
			       step->from);
	return hm_fail(s->err, HM_R_SANDBOX_MOUNT, "open '%s' to mount it at '/%s': %s", step->from, step->path,
		       strerrordesc_np(errnum));
}

/* What a kernel or a container refuses, as against what is wrong with a mount. */
static enum hm_status fail_file_system(const struct start *s, const struct hm_step *step, int errnum)
{
	char todo[HM_EXPLAIN_LEN] = "";

	if (step->op == HM_STEP_LAYER)
		return hm_fail(s->err, HM_R_SANDBOX_OVERLAY, "put a private layer over '%s': %s; %s", step->from,
			       strerrordesc_np(errnum), HM_OVERLAY_TODO);
	if (strcmp(step->from, "proc") == 0 && errnum == EPERM)
		return hm_fail(s->err, HM_R_SANDBOX_REFUSED, "mount a new /proc: %s; %s", strerrordesc_np(errnum),
			       HM_PROC_TODO);
	hm_userns_explain("", errnum, todo);
	return hm_fail(s->err, HM_R_SANDBOX_REFUSED, "mount a new %s at '/%s': %s%s%s", step->from, step->path,
		       strerrordesc_np(errnum), todo[0] ? "; " : "", todo);
}

/* Whether it says that a path leads nowhere, and not that the kernel refuses something. */
static bool is_about_path(int errnum)
{
	return errnum == ELOOP || errnum == ENOENT || errnum == ENOTDIR || errnum == EISDIR || errnum == EEXIST ||
	       errnum == EROFS || errnum == ENAMETOOLONG || errnum == ENOSPC;
}

static enum hm_status fail_target(const struct start *s, const struct hm_step *step, int errnum)
{
	if (errnum == ELOOP)
		return hm_fail(s->err, HM_R_SANDBOX_MOUNT, "there is a link in the path of the target '/%s'",
			       step->path);
	if (step->flags & HM_STEP_AS_IS)
		return hm_fail(s->err, HM_R_SANDBOX_MOUNT,
			       "the target '/%s' must be there, for it lies in a folder of the machine: %s", step->path,
			       strerrordesc_np(errnum));
	return hm_fail(s->err, HM_R_SANDBOX_MOUNT, "make '/%s': %s", step->path, strerrordesc_np(errnum));
}

static enum hm_status fail_step(const struct start *s, const struct hm_step *step, int errnum)
{
	if (errnum == ENOSYS)
		return hm_fail(s->err, HM_R_SANDBOX_REFUSED, "mount '/%s': Linux 5.12 or newer is needed", step->path);
	switch (step->op) {
	case HM_STEP_FS:
	case HM_STEP_LAYER:
		return is_about_path(errnum) ? fail_target(s, step, errnum) : fail_file_system(s, step, errnum);
	case HM_STEP_SEAL:
	case HM_STEP_MASK:
	case HM_STEP_WRITE:
		return hm_fail(s->err, HM_R_SANDBOX_REFUSED, "close '/%s': %s", step->path, strerrordesc_np(errnum));
	case HM_STEP_DIR:
	case HM_STEP_BIND:
	case HM_STEP_FILE:
	case HM_STEP_LINK:
		return fail_target(s, step, errnum);
	}
	return hm_fail(s->err, HM_R_BUG, "a step of kind %d", (int)step->op);
}

static enum hm_status fail_userns(const struct start *s, const char *what, int errnum)
{
	char todo[HM_EXPLAIN_LEN];

	hm_userns_explain("", errnum, todo);
	return hm_fail(s->err, HM_R_SANDBOX_USERNS, "%s: %s%s%s", what, strerrordesc_np(errnum), todo[0] ? "; " : "",
		       todo);
}

static enum hm_status fail_program(const struct start *s, enum hm_stage stage, int errnum)
{
	const char *where = s->is_none ? "" : " in the sandbox";

	if (stage == HM_STAGE_CWD)
		return hm_fail(s->err, HM_R_PROC_START, "go to folder '%s'%s: %s", s->opts->cwd, where,
			       strerrordesc_np(errnum));
	if (errnum == ENOENT)
		return hm_fail(s->err, HM_R_PROC_START, "there is no program '%s'%s, or its interpreter is missing",
			       s->opts->argv[0], where);
	return hm_fail(s->err, HM_R_PROC_START, "start '%s'%s: %s", s->opts->argv[0], where, strerrordesc_np(errnum));
}

/* The child's report as an error. */
static enum hm_status fail_report(const struct start *s, const struct hm_report *r)
{
	static const char *const names[] = {
		[HM_STAGE_DESCRIPTORS] = "arrange descriptors",
		[HM_STAGE_MOUNT_NS] = "cut the mount namespace off",
		[HM_STAGE_BASE] = "make a file system in memory for the sandbox's root",
		[HM_STAGE_PIVOT] = "change to the sandbox's root",
		[HM_STAGE_HOSTNAME] = "set the host name",
		[HM_STAGE_LOOPBACK] = "bring the loopback interface up",
		[HM_STAGE_KEYRING] = "make a fresh keyring",
		[HM_STAGE_PRIVILEGES] = "drop privileges",
		[HM_STAGE_LANDLOCK] = "close abstract sockets off with Landlock",
		[HM_STAGE_SECCOMP] = "put the system call filter in force",
		[HM_STAGE_MEMORY] = "forget the parent's memory",
		[HM_STAGE_FORK] = "start a process",
		[HM_STAGE_LIMIT] = "set a resource limit",
	};

	if (is_step(s, r))
		return r->stage == HM_STAGE_SOURCE ? fail_source(s, &s->plan.steps[r->index], r->errnum)
						   : fail_step(s, &s->plan.steps[r->index], r->errnum);
	if (r->stage == HM_STAGE_USER)
		return fail_userns(s, "map the user into a user namespace", r->errnum);
	if (r->stage == HM_STAGE_CWD || r->stage == HM_STAGE_EXEC)
		return fail_program(s, (enum hm_stage)r->stage, r->errnum);
	if (r->stage >= sizeof(names) / sizeof(names[0]) || !names[r->stage])
		return hm_fail(s->err, HM_R_BUG, "a sandbox reports stage %u", r->stage);
	/* AppArmor on Ubuntu lets a namespace be made and then refuses what is done in it. */
	if (r->errnum == EPERM || r->errnum == EACCES)
		return fail_userns(s, names[r->stage], r->errnum);
	return hm_fail(s->err, HM_R_SANDBOX_REFUSED, "%s: %s", names[r->stage], strerrordesc_np(r->errnum));
}

/*
 * Root may go through folders that it could not enter as the user inside, such as another user's home; so what a caller
 * names is opened here. Where that is not possible, the child tries, with the caller's rights.
 */
static void open_sources(struct start *s)
{
	const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;

	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < s->plan.count; i++) {
		struct hm_step *step = &s->plan.steps[i];
		if (!(step->flags & HM_STEP_CALLERS))
			continue;
		HM_OWN(hm_closep)
		int path = hm_sys_openat2(AT_FDCWD, step->from, O_PATH, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
		if (path < 0)
			continue;
		step->fd = open_tree(path, "", flags);
		if (step->fd >= 0)
			step->flags |= HM_STEP_DETACHED;
	}
}

static enum hm_status open_ends(struct start *s)
{
	s->supervisor = hm_sys_pidfd_open(getpid());
	/* The last words are there once the child has ended, or will never be: reading them must not wait. */
	if (s->supervisor < 0 || pipe2(s->report, O_CLOEXEC) != 0 || pipe2(s->status, O_CLOEXEC) != 0 ||
	    fcntl(s->status[0], F_SETFL, O_NONBLOCK) != 0)
		return hm_fail_errno(s->err, errno, "prepare to start '%s'", s->opts->argv[0]);
	return HM_OK;
}

/*
 * A leaf for limits that were demanded. Where root's processes are counted by nothing else, one for that too, if it can
 * be had.
 */
static enum hm_status make_cgroup(struct start *s)
{
	const struct hm_sandbox_limits *l = &s->opts->limits;
	struct hm_cgroup_limits limits = { l->memory, l->cpu_milli, hm_sandbox_processes_of(s->opts) };
	bool is_demanded = l->memory || l->cpu_milli;
	HM_OWN(hm_freep) char *dir = NULL;

	if (!is_demanded && (s->is_none || geteuid() != 0 || hm_kernel_has_own_pid_max()))
		return HM_OK;
	enum hm_status st = hm_cgroup_own("/proc", &dir, s->err);
	if (st == HM_OK && is_demanded && hm_cgroup_check(dir, HM_CGROUP_PIDS, NULL) != HM_OK)
		limits.processes = 0;
	if (st == HM_OK)
		st = hm_cgroup_make(dir, &limits, &s->cgroup, s->err);
	return is_demanded || st == HM_ENOMEM ? st : HM_OK;
}

static enum hm_status prepare_isolated(struct start *s)
{
	const struct hm_sandbox_user *user = hm_sandbox_user_of(s->opts);
	struct hm_child *c = &s->child;
	bool is_host = s->opts->network == HM_SANDBOX_NET_HOST;

	c->scope_sockets = is_host && hm_sys_can_scope_sockets();
	enum hm_status st = hm_seccomp_get(!is_host || c->scope_sockets, &c->filter, s->err);
	if (st == HM_OK)
		st = hm_plan_root(s->opts, &s->plan, s->err);
	if (st != HM_OK)
		return st;
	c->is_isolated = true;
	c->has_network_ns = !is_host;
	c->uid = user->uid;
	c->gid = user->gid;
	c->hostname = hm_sandbox_hostname_of(s->opts);
	c->plan = &s->plan;
	snprintf(c->uid_map, sizeof(c->uid_map), "%u %u 1\n", user->uid, (unsigned)geteuid());
	snprintf(c->gid_map, sizeof(c->gid_map), "%u %u 1\n", user->gid, (unsigned)getegid());
	open_sources(s);
	return HM_OK;
}

static enum hm_status prepare(struct start *s)
{
	const int stdio[3] = { s->opts->in, s->opts->out, s->opts->err };
	struct hm_child *c = &s->child;
	enum hm_status st = s->is_none ? HM_OK : prepare_isolated(s);

	if (st == HM_OK)
		st = hm_launch_new(s->opts, !s->is_none, &s->launch, s->err);
	if (st == HM_OK)
		st = make_cgroup(s);
	if (st == HM_OK)
		st = open_ends(s);
	if (st != HM_OK)
		return st;
	for (int i = 0; i < 3; i++) {
		c->stdio[i] = stdio[i] < 0 ? -1 : stdio[i];
		s->launch->null_fds |= stdio[i] < 0 ? 1u << i : 0;
	}
	c->report = s->report[1];
	c->status = s->status[1];
	c->supervisor = s->supervisor;
	c->is_thread_main = gettid() == getpid();
	c->launch = s->launch;
	return HM_OK;
}

static uint64_t clone_flags(const struct start *s)
{
	uint64_t flags = CLONE_PIDFD;

	if (s->cgroup.fd >= 0)
		flags |= CLONE_INTO_CGROUP;
	if (s->is_none)
		return flags;
	flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	if (s->opts->network == HM_SANDBOX_NET_NONE)
		flags |= CLONE_NEWNET;
	return flags;
}

static enum hm_status start_child(struct start *s, struct hm_sandbox *box)
{
	struct clone_args args = {
		.flags = clone_flags(s),
		.pidfd = (uint64_t)(uintptr_t)&box->pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;

	if (s->cgroup.fd >= 0)
		args.cgroup = (unsigned)s->cgroup.fd;
	/* No handler of this process may run in its copy. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	box->start_ns = hm_monotonic_ns();
	pid_t pid = hm_sys_clone3(&args);
	if (pid == 0)
		hm_child_main(&s->child);
	int errnum = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		box->pidfd = -1;
		if (s->is_none || errnum == ENOMEM || errnum == EAGAIN)
			return hm_fail_errno(s->err, errnum, "make a process for '%s'", s->opts->argv[0]);
		return fail_userns(s, "make namespaces", errnum);
	}
	box->pid = pid;
	return HM_OK;
}

/* Blocks until the program has begun or could not. */
static enum hm_status read_report(struct start *s)
{
	struct hm_report report;
	ssize_t n;

	close(s->report[1]);
	s->report[1] = -1;
	while ((n = read(s->report[0], &report, sizeof(report))) < 0 && errno == EINTR)
		;
	if (n == 0)
		return HM_OK;
	if (n != (ssize_t)sizeof(report))
		return hm_fail(s->err, HM_R_BUG, "a sandbox sent half a report");
	return fail_report(s, &report);
}

static enum hm_status start(const struct hm_sandbox_opts *opts, bool is_none, struct hm_sandbox **ret_box,
			    struct hm_err *err)
{
	HM_OWN(start_done)
	struct start s = { .opts = opts,
			   .is_none = is_none,
			   .cgroup = HM_CGROUP_INIT,
			   .report = { -1, -1 },
			   .status = { -1, -1 },
			   .supervisor = -1,
			   .err = err };
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = hm_calloc(1, sizeof(*box));

	if (!box)
		return hm_fail(err, HM_R_NO_MEMORY, "start '%s'", opts->argv[0]);
	*box = (struct hm_sandbox){ .pidfd = -1, .status = -1, .is_none = is_none, .cgroup = HM_CGROUP_INIT };
	enum hm_status st = prepare(&s);
	if (st == HM_OK)
		st = start_child(&s, box);
	if (st == HM_OK)
		st = read_report(&s);
	if (st != HM_OK)
		return st;
	box->status = s.status[0];
	s.status[0] = -1;
	box->cgroup = s.cgroup;
	s.cgroup = HM_CGROUP_INIT;
	*ret_box = HM_STEAL(box);
	return HM_OK;
}

enum hm_status hm_sandbox_start(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box, struct hm_err *err)
{
	enum hm_status st = hm_sandbox_check(opts, err);

	return st == HM_OK ? start(opts, false, ret_box, err) : st;
}

enum hm_status hm_sandbox_start_unisolated(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
					   struct hm_err *err)
{
	return start(opts, true, ret_box, err);
}

bool hm_sandbox_is_none(const struct hm_sandbox *box)
{
	return box->is_none;
}

int hm_sandbox_fd(const struct hm_sandbox *box)
{
	return box->pidfd;
}

pid_t hm_sandbox_pid(const struct hm_sandbox *box)
{
	return box->pid;
}

void hm_sandbox_kill(struct hm_sandbox *box)
{
	if (box->is_reaped || box->pidfd < 0)
		return;
	struct pollfd ended = { .fd = box->pidfd, .events = POLLIN };
	if (poll(&ended, 1, 0) == 1)
		return;
	box->is_killed = true;
	/* The kernel kills a PID namespace with its first process; without one, ours does it when asked. */
	hm_sys_pidfd_signal(box->pidfd, box->is_none ? SIGTERM : SIGKILL);
}

static void read_ending(struct hm_sandbox *box)
{
	struct hm_sandbox_result *r = &box->result;
	struct hm_ending ending;

	/* Without last words the child itself was killed, and with it all others. */
	r->exit_code = -1;
	r->signal = SIGKILL;
	if (box->status < 0 || read(box->status, &ending, sizeof(ending)) != (ssize_t)sizeof(ending))
		return;
	r->exit_code = ending.code == CLD_EXITED ? ending.status : -1;
	r->signal = ending.code == CLD_EXITED ? 0 : ending.status;
	r->max_rss = (uint64_t)ending.max_rss_kib * HM_KIB;
	/* The caller may come late to ask. */
	r->wall_ns = ending.end_ns - box->start_ns;
	r->user_ns = ending.user_ns;
	r->sys_ns = ending.sys_ns;
	/* It had ended before the signal came. */
	if (!box->is_none)
		box->is_killed = false;
}

static int64_t to_ns(struct timeval t)
{
	return (int64_t)t.tv_sec * HM_NS_PER_S + (int64_t)t.tv_usec * 1000;
}

/* Wait for the child and write down what is known of it. */
static enum hm_status reap(struct hm_sandbox *box, struct hm_err *err)
{
	struct pollfd ended = { .fd = box->pidfd, .events = POLLIN };
	struct rusage used;
	pid_t pid;

	while (poll(&ended, 1, -1) < 0) {
		if (errno != EINTR)
			return hm_fail_errno(err, errno, "wait for a sandbox");
	}
	while ((pid = wait4(box->pid, NULL, 0, &used)) < 0 && errno == EINTR)
		;
	box->result = (struct hm_sandbox_result){ .wall_ns = hm_monotonic_ns() - box->start_ns };
	read_ending(box);
	/* More than its own words: setting up, and what was still running. Not there when SIGCHLD is ignored. */
	if (pid == box->pid) {
		box->result.user_ns = to_ns(used.ru_utime);
		box->result.sys_ns = to_ns(used.ru_stime);
	}
	box->result.is_killed = box->is_killed;
	box->result.is_out_of_memory = hm_cgroup_had_oom(&box->cgroup);
	box->result.max_memory = hm_cgroup_peak(&box->cgroup);
	hm_cgroup_remove(&box->cgroup);
	box->is_reaped = true;
	return HM_OK;
}

enum hm_status hm_sandbox_wait(struct hm_sandbox *box, struct hm_sandbox_result *ret_result, struct hm_err *err)
{
	enum hm_status st = box->is_reaped ? HM_OK : reap(box, err);

	if (st == HM_OK)
		*ret_result = box->result;
	return st;
}

struct hm_sandbox *hm_sandbox_free(struct hm_sandbox *box)
{
	if (!box)
		return NULL;
	if (box->pid > 0 && !box->is_reaped) {
		hm_sandbox_kill(box);
		(void)reap(box, NULL); /* it fails only where there is nothing left to wait for */
	}
	hm_cgroup_remove(&box->cgroup);
	hm_closep(&box->pidfd);
	hm_closep(&box->status);
	free(box);
	return NULL;
}

enum hm_status hm_sandbox_finish(struct hm_sandbox *box, int64_t timeout_ms, struct hm_sandbox_result *ret_result,
				 struct hm_err *err)
{
	int64_t end_ns = hm_monotonic_ns() + timeout_ms * HM_NS_PER_MS;
	struct pollfd ended = { .fd = box->pidfd, .events = POLLIN };

	while (timeout_ms > 0) {
		int64_t left_ms = (end_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		int n = poll(&ended, 1, left_ms < 0 ? 0 : left_ms > 1000000 ? 1000000 : (int)left_ms);
		if (n > 0)
			break;
		if (n < 0 && errno != EINTR)
			return hm_fail_errno(err, errno, "wait for a sandbox");
		if (n == 0 && left_ms <= 0) {
			struct hm_sandbox_result killed;
			hm_sandbox_kill(box);
			enum hm_status st = hm_sandbox_wait(box, &killed, err);
			return st != HM_OK ? st
					   : hm_fail(err, HM_R_PROC_TIMEOUT, "the program did not end within %lld ms",
						     (long long)timeout_ms);
		}
	}
	return hm_sandbox_wait(box, ret_result, err);
}

enum hm_status hm_sandbox_run(const struct hm_sandbox_opts *opts, int64_t timeout_ms,
			      struct hm_sandbox_result *ret_result, struct hm_err *err)
{
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = NULL;

	enum hm_status st = hm_sandbox_start(opts, &box, err);
	return st == HM_OK ? hm_sandbox_finish(box, timeout_ms, ret_result, err) : st;
}
