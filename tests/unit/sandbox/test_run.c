/* Programs in real sandboxes, and without one: how they start, end, and are waited for. */
#include "sandbox/none.h"
#include "sandbox/support.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"

#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

static bool can_isolate;

static int setup(void **state)
{
	static struct hm_sandbox_support support;

	(void)state;
	hm_sandbox_probe(&support);
	can_isolate = support.is_usable;
	return 0;
}

static enum hm_status start(bool is_none, const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
			    struct hm_err *err)
{
	return is_none ? hm_sandbox_start_none(opts, ret_box, err) : hm_sandbox_start(opts, ret_box, err);
}

/* Run a shell's line in one of the two ways; what it writes to its output stands in ret_out. */
static struct hm_sandbox_result shell(bool is_none, const char *line, struct hm_buf *ret_out)
{
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = NULL;
	struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = 2 };
	struct hm_sandbox_result result = { 0 };
	struct hm_err err = { 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	opts.out = ends[1];
	assert_ok(start(is_none, &opts, &box, &err), &err);
	assert_int_equal(hm_sandbox_is_none(box), is_none);
	close(ends[1]);
	assert_ok(hm_fd_read(ends[0], "its output", 65536, ret_out, &err), &err);
	close(ends[0]);
	assert_ok(hm_sandbox_wait(box, &result, &err), &err);
	return result;
}

static void check_endings(bool is_none)
{
	static const struct {
		const char *line;
		int exit_code, signal;
		const char *out;
	} rows[] = {
		{ "exit 0", 0, 0, "" },
		{ "exit 1", 1, 0, "" },
		{ "exit 255", 255, 0, "" },
		{ "echo out; exit 3", 3, 0, "out\n" },
		{ "kill -9 $$", -1, SIGKILL, "" },
		{ "kill -TERM $$", -1, SIGTERM, "" },
		{ "kill -SEGV $$", -1, SIGSEGV, "" },
		{ "cat", 0, 0, "" },
		{ "umask; ulimit -c", 0, 0, "0022\n0\n" },
		{ "sleep 0.01 & exit 7", 7, 0, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = { 0 };
		struct hm_sandbox_result r = shell(is_none, rows[i].line, &out);
		if (r.exit_code != rows[i].exit_code || r.signal != rows[i].signal || r.is_killed ||
		    strcmp(out.ptr ? out.ptr : "", rows[i].out) != 0)
			fail_msg("'%s': exit %d, signal %d, '%s'", rows[i].line, r.exit_code, r.signal,
				 out.ptr ? out.ptr : "");
		assert_true(r.wall_ns > 0);
		assert_true(r.max_rss > 0);
	}
}

static void test_endings(void **state)
{
	(void)state;
	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	check_endings(false);
}

static void test_endings_none(void **state)
{
	(void)state;
	check_endings(true);
}

static void check_kill(bool is_none)
{
	static const char *const argv[] = { "/bin/sh", "-c", "trap '' TERM INT; sleep 100 & sleep 100", NULL };
	const struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct hm_sandbox_result result, again;
	struct hm_sandbox *box = NULL;
	struct hm_err err = { 0 };

	assert_ok(start(is_none, &opts, &box, &err), &err);
	struct pollfd fd = { hm_sandbox_fd(box), POLLIN, 0 };
	assert_int_equal(poll(&fd, 1, 20), 0);
	hm_sandbox_kill(box);
	assert_int_equal(poll(&fd, 1, 5000), 1);
	assert_ok(hm_sandbox_wait(box, &result, &err), &err);
	assert_true(result.is_killed);
	assert_int_equal(result.signal, SIGKILL);
	assert_int_equal(result.exit_code, -1);
	hm_sandbox_kill(box); /* too late, and harmless */
	assert_ok(hm_sandbox_wait(box, &again, &err), &err);
	assert_memory_equal(&result, &again, sizeof(result));
	assert_null(hm_sandbox_free(box));

	/* Freed while it runs. */
	assert_ok(start(is_none, &opts, &box, &err), &err);
	pid_t pid = hm_sandbox_pid(box);
	assert_int_equal(kill(pid, 0), 0);
	assert_null(hm_sandbox_free(box));
	assert_int_equal(kill(pid, 0), -1);
}

static void test_kill(void **state)
{
	(void)state;
	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	check_kill(false);
}

static void test_kill_none(void **state)
{
	(void)state;
	check_kill(true);
}

static void test_timeout(void **state)
{
	(void)state;
	static const char *const argv[] = { "sleep", "100", NULL }, *const quick[] = { "true", NULL };
	struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct hm_sandbox_result result;
	struct hm_err err = { 0 };

	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	assert_refused("a sleeper", hm_sandbox_run(&opts, 50, &result, &err), &err, HM_R_PROC_TIMEOUT);
	opts.argv = quick;
	assert_ok(hm_sandbox_run(&opts, 10000, &result, &err), &err);
	assert_int_equal(result.exit_code, 0);
}

static void check_refused_starts(bool is_none)
{
	static const char *const nothing[] = { "no-such-program", NULL }, *const folder[] = { "/tmp", NULL },
				 *const path[] = { "/no/such/program", NULL }, *const good[] = { "true", NULL };
	static const struct {
		const char *const *argv;
		const char *cwd, *want;
	} rows[] = {
		{ nothing, NULL, "no-such-program" },
		{ path, NULL, "/no/such/program" },
		{ folder, NULL, "Permission denied" },
		{ good, "/no/such/folder", "/no/such/folder" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_sandbox_opts opts = {
			.argv = rows[i].argv, .cwd = rows[i].cwd, .in = -1, .out = -1, .err = -1
		};
		struct hm_sandbox *box = NULL;
		struct hm_err err = { 0 };
		assert_refused(rows[i].want, start(is_none, &opts, &box, &err), &err, HM_R_PROC_START);
		assert_null(box);
		if (!strstr(err.cause, rows[i].want))
			fail_msg("'%s' is not in '%s'", rows[i].want, err.cause);
	}
}

static void test_refused_starts(void **state)
{
	(void)state;
	check_refused_starts(true);
	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	check_refused_starts(false);
}

static void test_refused_mounts(void **state)
{
	(void)state;
	static const char *const argv[] = { "true", NULL };
	HM_OWN(hm_freep) char *dir = NULL;
	HM_OWN(hm_freep) char *link = NULL;
	struct hm_err err = { 0 };

	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	assert_ok(hm_dir_make_temp("/tmp", "hallmark-test-", &dir, &err), &err);
	link = hm_asprintf("%s/link", dir);
	assert_non_null(link);
	assert_int_equal(symlink("/root", link), 0);
	const struct {
		const char *name;
		struct hm_sandbox_mount mounts[2];
		const char *want;
	} rows[] = {
		{ "not there", { { HM_SANDBOX_READ_ONLY, .source = "/not/there", .target = "/x" } }, "/not/there" },
		{ "a link", { { HM_SANDBOX_READ_WRITE, .source = link, .target = "/x" } }, "link" },
		{ "a layer over a link", { { HM_SANDBOX_LAYER, .source = link, .target = "/x" } }, "link" },
		{ "a new folder in the machine's",
		  { { HM_SANDBOX_READ_WRITE, .source = dir, .target = "/x" },
		    { HM_SANDBOX_TMPFS, .target = "/x/new" } },
		  "/x/new" },
		{ "through a link in the machine's",
		  { { HM_SANDBOX_READ_WRITE, .source = dir, .target = "/x" },
		    { HM_SANDBOX_READ_ONLY, .source = "/usr/share", .target = "/x/link/y" } },
		  "link in the path" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_sandbox_opts opts = { .argv = argv,
						      .in = -1,
						      .out = -1,
						      .err = -1,
						      .mounts = rows[i].mounts,
						      .mount_count = rows[i].mounts[1].target ? 2 : 1 };
		struct hm_sandbox *box = NULL;
		assert_refused(rows[i].name, hm_sandbox_start(&opts, &box, &err), &err, HM_R_SANDBOX_MOUNT);
		if (!strstr(err.cause, rows[i].want))
			fail_msg("%s: '%s'", rows[i].name, err.cause);
	}
	unlink(link);
	assert_int_equal(rmdir(dir), 0); /* nothing was made in it */
}

/* A scheduler waits for many at once. */
static void test_many(void **state)
{
	(void)state;
	static const char *const argv[] = { "sleep", "0.05", NULL };
	const struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct hm_sandbox *boxes[8] = { 0 };
	struct pollfd fds[COUNT(boxes)];
	struct hm_err err = { 0 };
	size_t left = COUNT(boxes);

	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	for (size_t i = 0; i < COUNT(boxes); i++) {
		assert_ok(hm_sandbox_start(&opts, &boxes[i], &err), &err);
		fds[i] = (struct pollfd){ hm_sandbox_fd(boxes[i]), POLLIN, 0 };
	}
	while (left) {
		assert_true(poll(fds, COUNT(fds), 10000) > 0);
		for (size_t i = 0; i < COUNT(fds); i++) {
			struct hm_sandbox_result result;
			if (!fds[i].revents)
				continue;
			assert_ok(hm_sandbox_wait(boxes[i], &result, &err), &err);
			assert_int_equal(result.exit_code, 0);
			boxes[i] = hm_sandbox_free(boxes[i]);
			fds[i] = (struct pollfd){ .fd = -1 };
			left--;
		}
	}
}

/* A thread that starts a sandbox and ends; the sandbox is to live on. */
static void *start_in_thread(void *box)
{
	static const char *const argv[] = { "/bin/sh", "-c", "sleep 0.1; exit 5", NULL };
	const struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct hm_err err = { 0 };

	if (hm_sandbox_start(&opts, box, &err) != HM_OK)
		*(struct hm_sandbox **)box = NULL;
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	struct hm_sandbox *boxes[4] = { 0 };
	pthread_t threads[COUNT(boxes)];
	struct hm_sandbox_result result;
	struct hm_err err = { 0 };

	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	for (size_t i = 0; i < COUNT(boxes); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, start_in_thread, &boxes[i]), 0);
	for (size_t i = 0; i < COUNT(boxes); i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < COUNT(boxes); i++) {
		assert_non_null(boxes[i]);
		assert_ok(hm_sandbox_wait(boxes[i], &result, &err), &err);
		assert_int_equal(result.exit_code, 5);
		hm_sandbox_free(boxes[i]);
	}
}

/* A demand that cannot be met starts nothing, isolated or not. */
static void test_demanded_limits(void **state)
{
	(void)state;
	static const char *const argv[] = { "true", NULL };
	static struct hm_sandbox_support support;
	struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1, .limits.memory = 64 << 20 };

	hm_sandbox_probe(&support);
	if (support.features[HM_SANDBOX_CAN_MEMORY].is_ok)
		skip_with("this machine can hold a memory limit, so that none is refused");
	for (int none = 0; none < 2; none++) {
		struct hm_sandbox *box = NULL;
		struct hm_err err = { 0 };
		if (!none && !can_isolate)
			continue;
		assert_refused("memory", start(none, &opts, &box, &err), &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
	}
}

static void test_ignored_children(void **state)
{
	(void)state;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	HM_OWN(hm_buf_done) struct hm_buf out = { 0 };

	sigaction(SIGCHLD, &ignore, &before);
	struct hm_sandbox_result r = shell(true, "trap '' PIPE; exit 6", &out);
	sigaction(SIGCHLD, &before, NULL);
	assert_int_equal(r.exit_code, 6);
}

static void test_no_memory(void **state)
{
	(void)state;
	static const char *const argv[] = { "true", NULL };
	const struct hm_sandbox_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	bool has_failed = true;

	if (!can_isolate)
		skip_with("this machine refuses sandboxes; hallmark doctor says why");
	for (unsigned long n = 1; has_failed; n += n < 20 ? 1 : 7) {
		struct hm_sandbox *box = NULL;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_sandbox_start(&opts, &box, &err);
		has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (has_failed ? st != HM_ENOMEM : st != HM_OK)
			fail_msg("allocation %lu: %s", n, err.cause);
		hm_sandbox_free(box);
	}
}

static void test_probe(void **state)
{
	(void)state;
	static struct hm_sandbox_support support;
	struct hm_err err = { 0 };

	hm_sandbox_probe(&support);
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++) {
		const struct hm_sandbox_feature *f = &support.features[i];
		assert_non_null(f->name);
		assert_true(f->detail[0] != '\0' || !f->is_ok);
		assert_true(f->is_ok || f->todo[0] != '\0');
	}
	if (support.is_usable) {
		assert_ok(hm_sandbox_require(&support, &err), &err);
		support.features[HM_SANDBOX_CAN_OVERLAY].is_ok = false;
		assert_refused("no overlay", hm_sandbox_require(&support, &err), &err, HM_R_SANDBOX_OVERLAY);
		support.features[HM_SANDBOX_CAN_USERNS].is_ok = false;
		assert_refused("no user", hm_sandbox_require(&support, &err), &err, HM_R_SANDBOX_USERNS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_endings_none),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_kill_none),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_refused_starts),
		cmocka_unit_test(test_refused_mounts),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_demanded_limits),
		cmocka_unit_test(test_ignored_children),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("sandbox/run", tests, setup, NULL);
}
