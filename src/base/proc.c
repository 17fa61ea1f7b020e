#include "base/proc.h"

#include "base/effects.h"
#include "base/own.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void hm_proc_result_done(struct hm_proc_result *result)
{
	if (!result)
		return;
	hm_buf_done(&result->out);
	hm_buf_done(&result->err);
}

enum hm_status hm_proc_find(const char *name, const char *path_list, char **ret_path, struct hm_err *err)
{
	const char *list = path_list ? path_list : getenv("PATH");
	struct hm_str rest = hm_str(list ? list : "/usr/local/bin:/usr/bin:/bin"), dir;

	if (strchr(name, '/'))
		return hm_str_dup(hm_str(name), ret_path, err);
	while (hm_str_next(&rest, ':', &dir)) {
		HM_OWN(hm_freep) char *path = hm_asprintf("%.*s/%s", HM_STR_ARG(dir.len ? dir : HM_STR(".")), name);
		if (!path)
			return hm_fail(err, HM_R_NO_MEMORY, "look for '%s'", name);
		struct stat info;
		if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0) {
			*ret_path = HM_STEAL(path);
			return HM_OK;
		}
	}
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "no program '%s' on the path", name);
}

struct child {
	const struct hm_proc_opts *opts;
	const char *program;
	int report; /* errno goes here when exec fails; closed by a successful exec */
};

/* Every signal as a new program expects it. Handlers of ours must never run in a child that shares our descriptors. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		struct sigaction now;
		if (sigaction(number, NULL, &now) == 0 && (now.sa_handler != SIG_IGN || number == SIGPIPE))
			signal(number, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_on_exec_from(int first)
{
	struct rlimit limit;

	if (close_range((unsigned)first, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* a kernel before 5.11 */
	int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
	for (int fd = first; fd < end; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Between fork and exec: only what is safe after a fork of a process with threads. */
static _Noreturn void become(const struct child *c)
{
	const struct hm_proc_opts *o = c->opts;
	int fds[3] = { o->in, o->out, o->err };
	extern char **environ;

	/* First out of the way of 0, 1 and 2, where they are when we were started without those; then into their
	 * places. */
	int report = fcntl(c->report, F_DUPFD_CLOEXEC, 3);
	if (o->new_group)
		setpgid(0, 0);
	reset_signals();
	for (int i = 0; i < 3; i++) {
		int fd = fds[i] >= 0 ? fds[i] : open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
		fds[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			goto failed;
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(fds[i], i) < 0)
			goto failed;
	}
	close_on_exec_from(3);
	if (o->dir && chdir(o->dir) != 0)
		goto failed;
	execve(c->program, (char *const *)o->argv, o->env ? (char *const *)o->env : environ);
failed:;
	int errnum = errno;
	(void)!write(report, &errnum, sizeof(errnum));
	_exit(127);
}

/* The program's absolute path: found in this process's folder, and not in the one that the program is started in. */
static enum hm_status find_absolute(const char *name, char **ret_path, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = NULL;
	char folder[PATH_MAX];

	enum hm_status st = hm_proc_find(name, NULL, &path, err);
	if (st != HM_OK || path[0] == '/') {
		*ret_path = HM_STEAL(path);
		return st;
	}
	if (!getcwd(folder, sizeof(folder)))
		return hm_fail_errno(err, errno, "find this process's folder");
	*ret_path = hm_asprintf("%s/%s", folder, path);
	return *ret_path ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "start '%s'", name);
}

static enum hm_status fail_start(const struct hm_proc_opts *opts, int errnum, struct hm_err *err)
{
	const char *why = strerrordesc_np(errnum);

	return hm_fail(err, HM_R_PROC_START, "start '%s'%s%s: %s", opts->argv[0], opts->dir ? " in " : "",
		       opts->dir ? opts->dir : "", why ? why : "unknown error");
}

static pid_t fork_blocked(const struct child *c)
{
	sigset_t all, before;

	/* until the child has taken our handlers away; the mask is per thread, so nobody else is held up */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		become(c);
	int errnum = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = errnum;
	return pid;
}

enum hm_status hm_proc_start(const struct hm_proc_opts *opts, pid_t *ret_pid, struct hm_err *err)
{
	HM_OWN(hm_freep) char *program = NULL;
	int ends[2];

	enum hm_status st = find_absolute(opts->argv[0], &program, err);
	if (st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_PROC_START, "no program '%s' on the path", opts->argv[0]);
	if (st != HM_OK)
		return st;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_start(opts, errno, err);
	HM_OWN(hm_closep) int reader = ends[0];
	struct child c = { opts, program, ends[1] };
	pid_t pid = fork_blocked(&c);
	int errnum = errno;
	close(ends[1]);
	if (pid < 0)
		return fail_start(opts, errnum, err);

	ssize_t n;
	while ((n = read(reader, &errnum, sizeof(errnum))) < 0 && errno == EINTR)
		;
	if (n == (ssize_t)sizeof(errnum)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return fail_start(opts, errnum, err);
	}
	*ret_pid = pid;
	return HM_OK;
}

/* Our ends of the three pipes; -1 when closed. */
struct streams {
	int in, out, err;
	struct hm_str input;
};

static void close_stream(int *fd)
{
	hm_closep(fd);
	*fd = -1;
}

/*
 * write(2) without SIGPIPE. A child that does not read its input is its own business; what the process does with the
 * signal is its owner's, so it is held back in this thread only, and taken out where it was not waiting before.
 */
static ssize_t write_quietly(int fd, struct hm_str data)
{
	sigset_t pipe, before, waiting;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&waiting);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	ssize_t n = write(fd, data.ptr, data.len);
	int errnum = errno;
	if (n < 0 && errnum == EPIPE && !sigismember(&waiting, SIGPIPE)) {
		const struct timespec at_once = { 0, 0 };
		while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = errnum;
	return n;
}

static void pump_in(struct streams *s)
{
	ssize_t n = write_quietly(s->in, s->input);

	if (n > 0)
		s->input = hm_str_skip(s->input, (size_t)n);
	if ((n < 0 && errno != EINTR && errno != EAGAIN) || s->input.len == 0)
		close_stream(&s->in);
}

static void pump_out(int *fd, struct hm_buf *buf)
{
	ssize_t n = hm_buf_fill(buf, *fd);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		close_stream(fd);
}

struct deadline {
	int64_t timeout_ms, end_ns; /* both 0: none */
	const char *name;
};

/* HM_ELIMIT once it has passed; else for how long poll(2) may wait. */
static enum hm_status time_left(const struct deadline *d, int *ret_wait_ms, struct hm_err *err)
{
	*ret_wait_ms = -1;
	if (!d->end_ns)
		return HM_OK;
	int64_t left_ms = (d->end_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
	if (left_ms <= 0)
		return hm_fail(err, HM_R_PROC_TIMEOUT, "'%s' did not end within %lld ms", d->name,
			       (long long)d->timeout_ms);
	*ret_wait_ms = left_ms > 1000000 ? 1000000 : (int)left_ms + 1;
	return HM_OK;
}

/* Until both outputs are closed. HM_ELIMIT: out of time, or too much was written. */
static enum hm_status pump(struct streams *s, struct hm_proc_result *result, const struct deadline *deadline,
			   struct hm_err *err)
{
	while (s->out >= 0 || s->err >= 0) {
		int wait_ms;
		enum hm_status st = time_left(deadline, &wait_ms, err);
		if (st != HM_OK)
			return st;
		struct pollfd fds[] = { { s->out, POLLIN, 0 }, { s->err, POLLIN, 0 }, { s->in, POLLOUT, 0 } };
		if (poll(fds, 3, wait_ms) < 0 && errno != EINTR)
			return hm_fail_errno(err, errno, "wait for '%s'", deadline->name);
		if (s->in >= 0 && fds[2].revents)
			pump_in(s);
		if (s->out >= 0 && fds[0].revents)
			pump_out(&s->out, &result->out);
		if (s->err >= 0 && fds[1].revents)
			pump_out(&s->err, &result->err);
		st = hm_buf_check(&result->out, "its output", err);
		if (st == HM_OK)
			st = hm_buf_check(&result->err, "its error output", err);
		if (st != HM_OK)
			return hm_while(err, st, "run '%s'", deadline->name);
	}
	return HM_OK;
}

static void kill_and_reap(pid_t pid, bool group)
{
	kill(group ? -pid : pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A program may close its outputs and go on; the time that it has is for its end. It is killed when that is over. */
static enum hm_status wait_for_end(pid_t pid, bool group, const struct deadline *deadline, int *ret_how,
				   struct hm_err *err)
{
	int64_t pause_ns = HM_NS_PER_MS / 10;

	for (;;) {
		pid_t done = waitpid(pid, ret_how, deadline->end_ns ? WNOHANG : 0);
		if (done == pid)
			return HM_OK;
		/* ECHILD: somebody set SIGCHLD to be ignored, and how it ended is lost */
		if (done < 0 && errno != EINTR)
			return hm_fail_errno(err, errno, "wait for '%s'", deadline->name);
		int wait_ms;
		enum hm_status st = time_left(deadline, &wait_ms, err);
		if (st != HM_OK) {
			kill_and_reap(pid, group);
			return st;
		}
		if (done == 0) {
			nanosleep(&(struct timespec){ 0, pause_ns }, NULL);
			pause_ns = pause_ns < 10 * HM_NS_PER_MS ? 2 * pause_ns : pause_ns;
		}
	}
}

static enum hm_status open_streams(struct streams *ours, int theirs[3], struct hm_err *err)
{
	int fds[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };

	for (int i = ours->input.len ? 0 : 1; i < 3; i++) {
		if (pipe2(fds[i], O_CLOEXEC) != 0) {
			int errnum = errno;
			for (int j = 0; j < i; j++) {
				hm_closep(&fds[j][0]);
				hm_closep(&fds[j][1]);
			}
			return hm_fail_errno(err, errnum, "make a pipe");
		}
	}
	theirs[0] = fds[0][0];
	ours->in = fds[0][1];
	theirs[1] = fds[1][1];
	ours->out = fds[1][0];
	theirs[2] = fds[2][1];
	ours->err = fds[2][0];
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? ours->in : i == 1 ? ours->out : ours->err;
		if (fd >= 0)
			fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	return HM_OK;
}

enum hm_status hm_proc_run(const struct hm_proc_opts *opts, struct hm_str in, int64_t timeout_ms, size_t max_output,
			   struct hm_proc_result *ret_result, struct hm_err *err)
{
	HM_OWN(hm_proc_result_done)
	struct hm_proc_result result = { .out = hm_buf_init(max_output), .err = hm_buf_init(max_output) };
	struct streams s = { -1, -1, -1, in };
	int theirs[3];
	pid_t pid;

	enum hm_status st = open_streams(&s, theirs, err);
	if (st != HM_OK)
		return st;
	struct hm_proc_opts with = *opts;
	with.in = theirs[0];
	with.out = theirs[1];
	with.err = theirs[2];
	st = hm_proc_start(&with, &pid, err);
	for (int i = 0; i < 3; i++)
		hm_closep(&theirs[i]);

	if (st == HM_OK) {
		int how = 0;
		const struct deadline deadline = { timeout_ms,
						   timeout_ms ? hm_monotonic_ns() + timeout_ms * HM_NS_PER_MS : 0,
						   opts->argv[0] };
		st = pump(&s, &result, &deadline, err);
		if (st != HM_OK)
			kill_and_reap(pid, opts->new_group);
		else
			st = wait_for_end(pid, opts->new_group, &deadline, &how, err);
		result.exit_code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
		result.signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	}
	close_stream(&s.in);
	close_stream(&s.out);
	close_stream(&s.err);
	if (st != HM_OK)
		return st;
	*ret_result = (struct hm_proc_result){ result.exit_code, result.signal, hm_buf_take(&result.out),
					       hm_buf_take(&result.err) };
	return HM_OK;
}
