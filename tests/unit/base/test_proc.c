/* Programs: what they write, how they end, what they inherit, and how they are stopped. */
#include "folder.h"

#include "base/effects.h"
#include "base/proc.h"
#include "base/strv.h"
#include "base/time.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static enum hm_status run_sh(const char *script, struct hm_str in, int64_t timeout_ms, size_t max_output,
			     struct hm_proc_result *ret_result, struct hm_err *err)
{
	struct hm_proc_opts opts = { .argv = SH(script), .in = -1, .out = -1, .err = -1, .new_group = true };

	return hm_proc_run(&opts, in, timeout_ms, max_output, ret_result, err);
}

static void test_results(void **state)
{
	(void)state;
	static const struct {
		const char *script, *in, *out, *err;
		int exit_code, signal;
	} rows[] = {
		{ "exit 0", "", "", "", 0, 0 },
		{ "echo out; echo err >&2; exit 7", "", "out\n", "err\n", 7, 0 },
		{ "cat", "input", "input", "", 0, 0 },
		{ "cat", "", "", "", 0, 0 }, /* nothing to read is the end at once */
		{ "kill -9 $$", "", "", "", -1, SIGKILL },
		{ "kill -TERM $$", "", "", "", -1, SIGTERM },
		{ "true", "never read", "", "", 0, 0 },
		{ "exec >&- 2>&-; sleep 0.05; exit 3", "", "", "", 3, 0 }, /* outputs closed before the end */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
		struct hm_err err = { 0 };
		assert_ok(run_sh(rows[i].script, hm_str(rows[i].in), 10000, 1000, &result, &err), &err);
		assert_int_equal(result.exit_code, rows[i].exit_code);
		assert_int_equal(result.signal, rows[i].signal);
		assert_true(hm_str_is(hm_buf_str(&result.out), rows[i].out));
		assert_true(hm_str_is(hm_buf_str(&result.err), rows[i].err));
	}
}

static void test_large_streams_both_ways(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *text = hm_calloc(3 << 20, 1);
	assert_non_null(text);
	memset(text, 'x', 3 << 20);
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };

	assert_ok(run_sh("tee /dev/stderr", hm_str_of(text, 3 << 20), 0, 4 << 20, &result, &err), &err);
	assert_int_equal(result.out.len, 3 << 20);
	assert_int_equal(result.err.len, 3 << 20);
	/* a reader that goes away is no failure, and no signal */
	hm_proc_result_done(&result);
	assert_ok(run_sh("head -c 10", hm_str_of(text, 3 << 20), 0, 1000, &result, &err), &err);
	assert_int_equal(result.out.len, 10);
}

static bool is_alive(const char *pid_file)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_buf_done) struct hm_buf status = hm_buf_init(0);
	struct hm_err err = { 0 };
	char path[64];

	assert_ok(hm_file_read(pid_file, 100, &text, &err), &err);
	snprintf(path, sizeof(path), "/proc/%.*s/status", HM_STR_ARG(hm_str_trim(hm_buf_str(&text))));
	/* one that nobody has waited for yet is dead too */
	return hm_file_read(path, 65536, &status, &err) == HM_OK && !strstr(status.ptr, "State:\tZ");
}

static void test_stopping(void **state)
{
	(void)state;
	static const struct {
		const char *name, *script;
		enum hm_reason want;
	} rows[] = {
		{ "out of time", "echo $$ >pid; sleep 60", HM_R_PROC_TIMEOUT },
		{ "out of time with a child", "sleep 60 & echo $! >pid; wait", HM_R_PROC_TIMEOUT },
		{ "out of time with its outputs closed", "echo $$ >pid; exec >&- 2>&-; sleep 60", HM_R_PROC_TIMEOUT },
		{ "too much output", "echo $$ >pid; yes", HM_R_LIMIT },
		{ "too much error output", "echo $$ >pid; yes >&2", HM_R_LIMIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_proc_result result = { .exit_code = 42 };
		struct hm_err err = { 0 };
		int64_t begin_ns = hm_monotonic_ns();
		assert_refused(rows[i].name, run_sh(rows[i].script, HM_STR(""), 300, 1000, &result, &err), &err,
			       rows[i].want);
		assert_true(hm_monotonic_ns() - begin_ns < 20 * HM_NS_PER_S);
		assert_int_equal(result.exit_code, 42);
		/* a signal to a child's child is on its way when the call returns */
		for (int wait = 0; wait < 500 && is_alive("pid"); wait++)
			usleep(10000);
		assert_false(is_alive("pid"));
	}
	/* exactly as much as may be is not too much */
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };
	assert_ok(run_sh("printf 1234567890", HM_STR(""), 0, 10, &result, &err), &err);
	assert_int_equal(result.out.len, 10);
}

static void test_start_failures(void **state)
{
	(void)state;
	static const struct {
		const char *program, *dir, *text;
	} rows[] = {
		{ "no-such-program-here", NULL, "no-such-program-here" },
		{ "/no/such/program", NULL, "No such file" },
		{ "./data", NULL, "Permission denied" },
		{ "/", NULL, "Permission denied" },
		{ "./script", NULL, "No such file" }, /* its interpreter */
		{ "true", "no-such-folder", "no-such-folder" },
	};

	put("data", "text");
	put("script", "#!/no/such/interpreter\n");
	assert_int_equal(chmod("data", 0600) | chmod("script", 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const argv[] = { rows[i].program, NULL };
		struct hm_proc_opts opts = { .argv = argv, .dir = rows[i].dir, .in = -1, .out = -1, .err = -1 };
		struct hm_proc_result result;
		struct hm_err err = { 0 };
		pid_t pid = -1;
		assert_refused(rows[i].program, hm_proc_start(&opts, &pid, &err), &err, HM_R_PROC_START);
		assert_int_equal(pid, -1);
		assert_non_null(strstr(err.cause, rows[i].text));
		assert_non_null(strstr(err.cause, rows[i].program));
		assert_refused(rows[i].program, hm_proc_run(&opts, HM_STR("in"), 0, 10, &result, &err), &err,
			       HM_R_PROC_START);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left to wait for */
}

static void test_environment_and_folder(void **state)
{
	(void)state;
	const char *const env[] = { "ONE=1", "TWO=2", NULL };
	struct hm_proc_opts opts = {
		.argv = (const char *const[]){ "/bin/sh", "-c", "pwd; env | grep -v PWD | sort", NULL },
		.env = env,
		.dir = "sub",
		.in = -1,
		.out = -1,
		.err = -1,
	};
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };

	assert_int_equal(mkdir("sub", 0700), 0);
	assert_ok(hm_proc_run(&opts, HM_STR(""), 0, 10000, &result, &err), &err);
	assert_true(hm_str_has_suffix(hm_buf_str(&result.out), HM_STR("/sub\nONE=1\nTWO=2\n")) ||
		    strstr(result.out.ptr, "ONE=1\nTWO=2\n"));
}

/* A relative PATH or name means this process's folder: a program of the same name in `dir` is not run. */
static void test_the_folder_to_work_in_gives_no_program(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *before = hm_asprintf("%s", getenv("PATH"));
	static const char *const names[] = { "tool", "./tool" };

	assert_int_equal(mkdir("hostile", 0700), 0);
	put("tool", "#!/bin/sh\necho ours\n");
	put("hostile/tool", "#!/bin/sh\necho theirs\n");
	assert_int_equal(chmod("tool", 0700) | chmod("hostile/tool", 0700), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *const argv[] = { names[i], NULL };
		struct hm_proc_opts opts = { .argv = argv, .dir = "hostile", .in = -1, .out = -1, .err = -1 };
		HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
		struct hm_err err = { 0 };
		setenv("PATH", ":/bin", 1); /* an empty part is the current folder */
		enum hm_status st = hm_proc_run(&opts, HM_STR(""), 0, 100, &result, &err);
		setenv("PATH", before, 1);
		assert_ok(st, &err);
		assert_string_equal(result.out.ptr, "ours\n");
	}
}

static size_t count_open(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_descriptors(void **state)
{
	(void)state;
	HM_OWN(hm_closep) int leak = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };

	assert_true(leak > 2);
	assert_ok(run_sh("ls /proc/self/fd | tr '\\n' ' '", HM_STR(""), 0, 1000, &result, &err), &err);
	assert_string_equal(result.out.ptr, "0 1 2 3 "); /* 3 is ls reading the folder */
	size_t before = count_open();
	for (int i = 0; i < 20; i++) {
		HM_OWN(hm_proc_result_done) struct hm_proc_result again = { 0 };
		assert_ok(run_sh("cat", HM_STR("x"), 0, 1000, &again, &err), &err);
		assert_refused("limit", run_sh("yes", HM_STR("x"), 0, 1000, &again, &err), &err, HM_R_LIMIT);
	}
	assert_int_equal(count_open(), before);
}

/* Started by somebody who closed the standard streams: the pipes then have their numbers. */
static void test_without_standard_streams(void **state)
{
	(void)state;
	int how;
	pid_t pid = fork();

	if (pid == 0) {
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		struct hm_proc_result result = { 0 };
		if (run_sh("cat; echo err >&2", HM_STR("text"), 5000, 100, &result, NULL) != HM_OK)
			_exit(1);
		if (!hm_str_is(hm_buf_str(&result.out), "text") || !hm_str_is(hm_buf_str(&result.err), "err\n"))
			_exit(2);
		const char *const argv[] = { "/no/such/program", NULL };
		struct hm_proc_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
		pid_t none;
		if (hm_proc_start(&opts, &none, NULL) != HM_EIO)
			_exit(3);
		hm_proc_result_done(&result);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
}

static void on_signal(int number)
{
	(void)number;
}

/* As a login shell leaves them: one that starts a test in the background, or nohup, has some ignored. */
static void default_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A program starts with the signals as everybody expects them. */
static void test_signals(void **state)
{
	(void)state;
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };
	sigset_t term, before;

	default_signals();
	signal(SIGUSR1, on_signal);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	enum hm_status st = run_sh("exec cat /proc/self/status", HM_STR("x"), 0, 10000, &result, &err);
	sigset_t after, pending;
	struct sigaction now;
	sigprocmask(SIG_SETMASK, &before, &after);
	sigpending(&pending);
	sigaction(SIGPIPE, NULL, &now);
	default_signals();
	assert_ok(st, &err);
	/* what was ignored stays so, as for nohup; but not SIGPIPE, which is ours */
	assert_non_null(strstr(result.out.ptr, "\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000800\n"
					       "SigCgt:\t0000000000000000\n"));
	assert_true(sigismember(&after, SIGTERM) && !sigismember(&after, SIGPIPE));
	assert_false(sigismember(&pending, SIGPIPE));
	assert_true(now.sa_handler == SIG_IGN);
}

static void *run_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
		static char large[200000];
		if (run_sh("head -c 1", hm_str_of(large, sizeof(large)), 0, 10, &result, NULL) != HM_OK)
			return "failed";
	}
	return NULL;
}

/* Readers that go away while several threads write to them: none of it kills this process. */
static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[3];

	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, NULL), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

/* Where children end without anybody hearing how, the answer is not that all went well. */
static void test_lost_children(void **state)
{
	(void)state;
	struct hm_proc_result result;
	struct hm_err err = { 0 };

	signal(SIGCHLD, SIG_IGN);
	enum hm_status st = run_sh("exit 1", HM_STR(""), 0, 10, &result, &err);
	enum hm_status timed = run_sh("exit 1", HM_STR(""), 5000, 10, &result, &err);
	signal(SIGCHLD, SIG_DFL);
	assert_refused("lost", st, &err, HM_R_FILE_IO);
	assert_refused("lost", timed, &err, HM_R_FILE_IO);
}

static void test_find(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = NULL;
	HM_OWN(hm_freep) char *slashed = NULL;
	struct hm_err err = { 0 };

	assert_int_equal(mkdir("a", 0700) | mkdir("b", 0700) | mkdir("a/tool", 0700), 0);
	put("b/tool", "");
	put("a/data", "");
	assert_int_equal(chmod("b/tool", 0700) | chmod("a/data", 0600), 0);
	assert_ok(hm_proc_find("tool", "none:a:b", &path, &err), &err); /* a/tool is a folder */
	assert_string_equal(path, "b/tool");
	assert_ok(hm_proc_find("x/y", "a", &slashed, &err), &err);
	assert_string_equal(slashed, "x/y");
	char *none = NULL;
	assert_refused("none", hm_proc_find("tool", "a", &none, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("not executable", hm_proc_find("data", "a", &none, &err), &err, HM_R_FILE_NOT_FOUND);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = run_sh("echo out; echo err >&2", HM_STR(""), 0, 1000, &result, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		assert_refused("memory", st, &err, HM_R_NO_MEMORY);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_results),
		in_folder(test_large_streams_both_ways),
		in_folder(test_stopping),
		in_folder(test_start_failures),
		in_folder(test_environment_and_folder),
		in_folder(test_the_folder_to_work_in_gives_no_program),
		in_folder(test_descriptors),
		in_folder(test_without_standard_streams),
		in_folder(test_signals),
		in_folder(test_threads),
		in_folder(test_lost_children),
		in_folder(test_find),
		in_folder(test_no_memory),
	};
	return cmocka_run_group_tests_name("base/proc", tests, NULL, NULL);
}
