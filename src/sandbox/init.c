/*
 * The first process of the sandbox, once it is complete; without isolation, the one that stands in for it.
 *
 * It runs on its own stack with nothing of the parent's memory but code and what launch holds.
 */
#include "sandbox/child.h"

#include "sandbox/sys.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int open_nulls(unsigned null_fds)
{
	for (int i = 0; i < 3; i++) {
		if (!(null_fds & 1u << i))
			continue;
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0 || dup2(fd, i) < 0)
			return -1;
		close(fd);
	}
	return 0;
}

/* The first program that is there; one that is there but cannot be executed counts more than one that is not. */
static int try_programs(const struct hm_launch *l)
{
	int errnum = ENOENT;

	for (char **program = l->programs; *program; program++) {
		execve(*program, l->argv, l->env);
		if (errno != ENOENT && errno != ENOTDIR) {
			errnum = errno;
			if (errno != EACCES)
				break;
		}
	}
	return errnum;
}

static _Noreturn void become_program(const struct hm_launch *l)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (open_nulls(l->null_fds) != 0 || close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
		hm_child_fail(l->report, HM_STAGE_DESCRIPTORS, 0);
	if (l->cwd && chdir(l->cwd) != 0)
		hm_child_fail(l->report, HM_STAGE_CWD, 0);
	umask(022);
	unblock_signals();
	/* Last, so that none of them stops us. */
	for (size_t i = 0; i < l->limit_count; i++) {
		if (setrlimit((__rlimit_resource_t)l->limits[i].resource, &l->limits[i].value) != 0)
			hm_child_fail(l->report, HM_STAGE_LIMIT, i);
	}
	errno = try_programs(l);
	hm_child_fail(l->report, HM_STAGE_EXEC, 0);
}

static int64_t to_ns(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000;
}

static void tell_ending(const struct hm_launch *l, const siginfo_t *info)
{
	struct hm_ending e = { .code = info->si_code, .status = info->si_status };
	struct timespec now;
	struct rusage used;

	if (clock_gettime(CLOCK_MONOTONIC, &now) == 0)
		e.end_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (getrusage(RUSAGE_CHILDREN, &used) == 0) {
		e.max_rss_kib = used.ru_maxrss;
		e.user_ns = to_ns(used.ru_utime);
		e.sys_ns = to_ns(used.ru_stime);
	}
	(void)!write(l->status, &e, sizeof(e));
}

/* Reap whatever has ended; true when the program is among it. errno is ECHILD when no child is left. */
static bool reap_all(pid_t program, siginfo_t *ret_main)
{
	bool found = false;

	for (;;) {
		siginfo_t info = { 0 };
		errno = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
			return found;
		if (info.si_pid == program) {
			*ret_main = info;
			found = true;
		}
	}
}

/*
 * Without a PID namespace nothing dies by itself. Whoever loses its parent becomes our child, so killing children until
 * there are none reaches all. ret_main gets the program's ending when it is among them.
 */
static void kill_descendants(pid_t program, siginfo_t *ret_main)
{
	siginfo_t info;

	do {
		char text[4096];
		int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
		if (fd >= 0)
			close(fd);
		pid_t pid = 0;
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
			} else if (pid > 0) {
				kill(pid, SIGKILL);
				pid = 0;
			}
		}
		if (n < 0) {
			/* No such list in this kernel: the program's session is what can be reached. */
			kill(-program, SIGKILL);
			kill(program, SIGKILL);
		}
		/* Wait for one to be gone without taking it, then take all that are. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
			reap_all(program, ret_main);
	} while (errno != ECHILD);
}

/* Until the program has ended (true), or the supervisor is gone or asks for an end. */
static bool watch(const struct hm_launch *l, pid_t program, int signals, siginfo_t *ret_main)
{
	struct pollfd fds[] = { { l->supervisor, POLLIN, 0 }, { signals, POLLIN, 0 } };

	for (;;) {
		struct signalfd_siginfo got;
		if (reap_all(program, ret_main))
			return true;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents)
			return false;
		while (read(signals, &got, sizeof(got)) == (ssize_t)sizeof(got)) {
			if (got.ssi_signo == SIGTERM)
				return false;
		}
	}
}

_Noreturn void hm_init_main(struct hm_launch *l)
{
	siginfo_t ending = { 0 };
	sigset_t set;

	pid_t program = hm_sys_fork();
	if (program == 0)
		become_program(l);
	if (program < 0)
		hm_child_fail(l->report, HM_STAGE_FORK, 0);
	/* Whoever reads what the program writes sees its end; our copies would keep it open. */
	close_range(0, 2, 0);
	close(l->report);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (!l->is_isolated)
		sigaddset(&set, SIGTERM);
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	bool has_ended = signals >= 0 && watch(l, program, signals, &ending);
	if (!l->is_isolated)
		kill_descendants(program, &ending);
	if (has_ended || ending.si_pid == program)
		tell_ending(l, &ending);
	_exit(0);
}
