/* Options that cannot be: one row for each way to be wrong. */
#include "sandbox/none.h"
#include "sandbox/plan.h"

#include "base/limits.h"
#include "base/mem.h"

#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

static const char *const argv[] = { "true", NULL };

static struct hm_sandbox_opts good(void)
{
	return (struct hm_sandbox_opts){ .argv = argv, .in = -1, .out = -1, .err = -1 };
}

static void test_targets(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		bool want;
	} rows[] = {
		{ "/workspace", true }, { "/workspace/a b:c,d\\e", true },
		{ "/tmp", true },       { "/usr/local/go", true },
		{ "/dev/shm", true },   { "/dev/shm/x", true },
		{ "/procx", true },     { "/...", true },
		{ NULL, false },        { "", false },
		{ "workspace", false }, { "./workspace", false },
		{ "/", false },         { "//", false },
		{ "/a//b", false },     { "/a/", false },
		{ "/a/./b", false },    { "/a/.", false },
		{ "/a/../b", false },   { "/..", false },
		{ "/proc", false },     { "/proc/sys", false },
		{ "/sys", false },      { "/sys/fs/cgroup", false },
		{ "/dev", false },      { "/dev/null", false },
		{ "/dev/shmx", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_sandbox_mount mount = { .kind = HM_SANDBOX_TMPFS, .target = rows[i].target };
		struct hm_sandbox_opts opts = good();
		struct hm_err err = { 0 };
		opts.mounts = &mount;
		opts.mount_count = 1;
		enum hm_status st = hm_sandbox_check(&opts, &err);
		if (rows[i].want)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].target ? rows[i].target : "NULL", st, &err, HM_R_SANDBOX_OPTIONS);
	}
}

static void test_long_paths(void **state)
{
	(void)state;
	char path[HM_MAX_SANDBOX_PATH + 2];
	struct hm_sandbox_mount mount = { .kind = HM_SANDBOX_TMPFS, .target = path };
	struct hm_sandbox_opts opts = good();
	struct hm_err err = { 0 };

	opts.mounts = &mount;
	opts.mount_count = 1;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 == 0 ? '/' : 'a';
	path[HM_MAX_SANDBOX_PATH] = '\0';
	assert_refused("a path too long", hm_sandbox_check(&opts, &err), &err, HM_R_SANDBOX_OPTIONS);
	path[HM_MAX_SANDBOX_PATH - 2] = '\0';
	assert_ok(hm_sandbox_check(&opts, &err), &err);
	memset(path + 1, 'a', 300);
	path[301] = '\0';
	assert_refused("a part too long", hm_sandbox_check(&opts, &err), &err, HM_R_SANDBOX_OPTIONS);
	path[256] = '\0';
	assert_ok(hm_sandbox_check(&opts, &err), &err);
}

static void test_mounts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_sandbox_mount a, b;
		bool want;
	} rows[] = {
		{ "two places",
		  { HM_SANDBOX_READ_ONLY, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_READ_WRITE, .source = "/a", .target = "/y" },
		  true },
		{ "one in another",
		  { HM_SANDBOX_READ_ONLY, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/x/y" },
		  true },
		{ "a file in memory",
		  { HM_SANDBOX_TMPFS, .target = "/x" },
		  { HM_SANDBOX_FILE, .target = "/x/y", .content = { "z", 1 } },
		  true },
		{ "a file over a layer",
		  { HM_SANDBOX_LAYER, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_FILE, .target = "/x/y", .content = { "z", 1 } },
		  true },
		{ "a link",
		  { HM_SANDBOX_SYMLINK, .source = "../z", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/z" },
		  true },
		{ "the same target",
		  { HM_SANDBOX_TMPFS, .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/x" },
		  false },
		{ "one hides another",
		  { HM_SANDBOX_TMPFS, .target = "/x/y" },
		  { HM_SANDBOX_TMPFS, .target = "/x" },
		  false },
		{ "below a file", { HM_SANDBOX_FILE, .target = "/x" }, { HM_SANDBOX_TMPFS, .target = "/x/y" }, false },
		{ "below a link",
		  { HM_SANDBOX_SYMLINK, .source = "/z", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/x/y" },
		  false },
		{ "a file into the machine",
		  { HM_SANDBOX_READ_WRITE, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_FILE, .target = "/x/y" },
		  false },
		{ "a link into the machine",
		  { HM_SANDBOX_READ_WRITE, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_SYMLINK, .source = "z", .target = "/x/y" },
		  false },
		{ "no source", { HM_SANDBOX_READ_ONLY, .target = "/x" }, { HM_SANDBOX_TMPFS, .target = "/y" }, false },
		{ "a relative source",
		  { HM_SANDBOX_LAYER, .source = "a", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "a source with ..",
		  { HM_SANDBOX_READ_WRITE, .source = "/a/../b", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "all of the machine",
		  { HM_SANDBOX_READ_ONLY, .source = "/", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "the machine's processes",
		  { HM_SANDBOX_READ_ONLY, .source = "/proc", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "a part of /sys",
		  { HM_SANDBOX_READ_ONLY, .source = "/sys/fs/cgroup", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "a device",
		  { HM_SANDBOX_READ_ONLY, .source = "/dev/sda", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "shared memory",
		  { HM_SANDBOX_READ_WRITE, .source = "/dev/shm", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  true },
		{ "a source for memory",
		  { HM_SANDBOX_TMPFS, .source = "/a", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "a link without text",
		  { HM_SANDBOX_SYMLINK, .source = "", .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
		{ "an unknown kind",
		  { (enum hm_sandbox_mount_kind)99, .target = "/x" },
		  { HM_SANDBOX_TMPFS, .target = "/y" },
		  false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_sandbox_mount mounts[] = { rows[i].a, rows[i].b };
		struct hm_sandbox_opts opts = good();
		struct hm_err err = { 0 };
		opts.mounts = mounts;
		opts.mount_count = 2;
		enum hm_status st = hm_sandbox_check(&opts, &err);
		if (rows[i].want)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, HM_R_SANDBOX_OPTIONS);
	}
}

static void test_too_many_mounts(void **state)
{
	(void)state;
	static struct hm_sandbox_mount mounts[HM_MAX_SANDBOX_MOUNTS + 1];
	static char targets[HM_MAX_SANDBOX_MOUNTS + 1][16];
	struct hm_sandbox_opts opts = good();
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(mounts); i++) {
		snprintf(targets[i], sizeof(targets[i]), "/x%zu", i);
		mounts[i] = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_TMPFS, .target = targets[i] };
	}
	opts.mounts = mounts;
	opts.mount_count = HM_MAX_SANDBOX_MOUNTS;
	assert_ok(hm_sandbox_check(&opts, &err), &err);
	opts.mount_count++;
	assert_refused("one mount too many", hm_sandbox_check(&opts, &err), &err, HM_R_SANDBOX_OPTIONS);
}

/* Everything else that options hold: a function that spoils one thing. */
static const char *const empty_argv[] = { NULL }, *const blank_argv[] = { "", NULL };
static const char *const bad_env[] = { "A=b", "no value", NULL }, *const nameless_env[] = { "=b", NULL };
static const struct hm_sandbox_user unnamed = { "", 1, 1 }, capital = { "Step", 1, 1 }, colon = { "a:b", 1, 1 },
				    overflow = { "nobody", 65534, 1 }, huge_group = { "a", 1, UINT32_MAX },
				    false_root = { "a", 0, 0 }, named_root = { "root", 1, 1 };

static void no_argv(struct hm_sandbox_opts *o)
{
	o->argv = NULL;
}
static void no_program(struct hm_sandbox_opts *o)
{
	o->argv = empty_argv;
}
static void blank_program(struct hm_sandbox_opts *o)
{
	o->argv = blank_argv;
}
static void env_without_value(struct hm_sandbox_opts *o)
{
	o->env = bad_env;
}
static void env_without_name(struct hm_sandbox_opts *o)
{
	o->env = nameless_env;
}
static void relative_cwd(struct hm_sandbox_opts *o)
{
	o->cwd = "tmp";
}
static void dotted_cwd(struct hm_sandbox_opts *o)
{
	o->cwd = "/tmp/..";
}
static void empty_hostname(struct hm_sandbox_opts *o)
{
	o->hostname = "";
}
static void odd_hostname(struct hm_sandbox_opts *o)
{
	o->hostname = "a\nb";
}
static void long_hostname(struct hm_sandbox_opts *o)
{
	o->hostname = "0123456789012345678901234567890123456789012345678901234567890123";
}
static void relative_home(struct hm_sandbox_opts *o)
{
	o->home = "home";
}
static void home_in_proc(struct hm_sandbox_opts *o)
{
	o->home = "/proc/x";
}
static void colon_in_home(struct hm_sandbox_opts *o)
{
	o->home = "/a:b";
}
static void user_unnamed(struct hm_sandbox_opts *o)
{
	o->user = &unnamed;
}
static void user_capital(struct hm_sandbox_opts *o)
{
	o->user = &capital;
}
static void user_colon(struct hm_sandbox_opts *o)
{
	o->user = &colon;
}
static void user_overflow(struct hm_sandbox_opts *o)
{
	o->user = &overflow;
}
static void user_huge_group(struct hm_sandbox_opts *o)
{
	o->user = &huge_group;
}
static void user_false_root(struct hm_sandbox_opts *o)
{
	o->user = &false_root;
}
static void user_named_root(struct hm_sandbox_opts *o)
{
	o->user = &named_root;
}
static void unknown_network(struct hm_sandbox_opts *o)
{
	o->network = (enum hm_sandbox_network)7;
}
static void tiny_memory(struct hm_sandbox_opts *o)
{
	o->limits.memory = HM_MIN_SANDBOX_MEMORY - 1;
}
static void few_processes(struct hm_sandbox_opts *o)
{
	o->limits.processes = HM_MIN_SANDBOX_PROCESSES - 1;
}
static void many_processes(struct hm_sandbox_opts *o)
{
	o->limits.processes = HM_MAX_SANDBOX_PROCESSES + 1;
}
static void closed_out(struct hm_sandbox_opts *o)
{
	o->out = 9999;
}
static void folder_in(struct hm_sandbox_opts *o)
{
	o->in = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
static void bare_path_err(struct hm_sandbox_opts *o)
{
	o->err = open("/dev/null", O_PATH | O_CLOEXEC);
}

static void test_options(void **state)
{
	(void)state;
#define ROW(f)                                                                                                         \
	{                                                                                                              \
#f, f                                                                                                  \
	}
	static const struct {
		const char *name;
		void (*spoil)(struct hm_sandbox_opts *);
	} rows[] = {
		ROW(no_argv),          ROW(no_program),      ROW(blank_program),   ROW(env_without_value),
		ROW(env_without_name), ROW(relative_cwd),    ROW(dotted_cwd),      ROW(empty_hostname),
		ROW(odd_hostname),     ROW(long_hostname),   ROW(relative_home),   ROW(home_in_proc),
		ROW(colon_in_home),    ROW(user_unnamed),    ROW(user_capital),    ROW(user_colon),
		ROW(user_overflow),    ROW(user_huge_group), ROW(user_false_root), ROW(user_named_root),
		ROW(unknown_network),  ROW(tiny_memory),     ROW(few_processes),   ROW(many_processes),
		ROW(closed_out),       ROW(folder_in),       ROW(bare_path_err),
	};
#undef ROW

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_sandbox_opts opts = good();
		struct hm_sandbox *box = NULL;
		struct hm_err err = { 0 };
		rows[i].spoil(&opts);
		assert_refused(rows[i].name, hm_sandbox_check(&opts, &err), &err, HM_R_SANDBOX_OPTIONS);
		assert_refused(rows[i].name, hm_sandbox_start(&opts, &box, &err), &err, HM_R_SANDBOX_OPTIONS);
		assert_null(box);
		if (opts.in >= 0)
			close(opts.in);
		if (opts.err >= 0)
			close(opts.err);
	}
}

static void test_too_many_arguments(void **state)
{
	(void)state;
	char *text = hm_malloc(HM_MAX_SANDBOX_ARGS);
	const char *const long_argv[] = { "true", text, NULL };
	struct hm_sandbox_opts opts = good();
	struct hm_err err = { 0 };

	assert_non_null(text);
	memset(text, 'a', HM_MAX_SANDBOX_ARGS);
	opts.argv = long_argv;
	text[HM_MAX_SANDBOX_ARGS - 30] = '\0';
	assert_ok(hm_sandbox_check(&opts, &err), &err);
	text[HM_MAX_SANDBOX_ARGS - 30] = 'a';
	text[HM_MAX_SANDBOX_ARGS - 1] = '\0';
	assert_refused("arguments", hm_sandbox_check(&opts, &err), &err, HM_R_SANDBOX_OPTIONS);
	free(text);
}

/* Without isolation a mount that would change what is seen is refused, not ignored. */
static void test_none(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_sandbox_mount mount;
		enum hm_reason want;
	} rows[] = {
		{ "its own place", { HM_SANDBOX_READ_ONLY, .source = "/usr", .target = "/usr" }, HM_R_OK },
		{ "another place", { HM_SANDBOX_READ_ONLY, .source = "/usr", .target = "/x" }, HM_R_SANDBOX_OPTIONS },
		{ "no source", { HM_SANDBOX_READ_WRITE, .target = "/x" }, HM_R_SANDBOX_OPTIONS },
		{ "no target", { HM_SANDBOX_READ_WRITE, .source = "/usr" }, HM_R_SANDBOX_OPTIONS },
		{ "not there",
		  { HM_SANDBOX_READ_ONLY, .source = "/not/there", .target = "/not/there" },
		  HM_R_SANDBOX_MOUNT },
		{ "a layer", { HM_SANDBOX_LAYER, .source = "/usr", .target = "/usr" }, HM_R_SANDBOX_OPTIONS },
		{ "memory", { HM_SANDBOX_TMPFS, .target = "/tmp" }, HM_R_SANDBOX_OPTIONS },
		{ "a file", { HM_SANDBOX_FILE, .target = "/tmp/x" }, HM_R_SANDBOX_OPTIONS },
		{ "a link", { HM_SANDBOX_SYMLINK, .source = "/x", .target = "/tmp/x" }, HM_R_SANDBOX_OPTIONS },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_sandbox_opts opts = good();
		struct hm_sandbox *box = NULL;
		struct hm_err err = { 0 };
		opts.mounts = &rows[i].mount;
		opts.mount_count = 1;
		enum hm_status st = hm_sandbox_start_none(&opts, &box, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		hm_sandbox_free(box);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets), cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_mounts),  cmocka_unit_test(test_too_many_mounts),
		cmocka_unit_test(test_options), cmocka_unit_test(test_too_many_arguments),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests_name("sandbox/check", tests, NULL, NULL);
}
