/* The plan of a root: what is in it, what must not be, and in which order. */
#include "sandbox/plan.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp.h"

#include "unit.h"

static const char *const argv[] = { "true", "one", NULL };

static struct hm_sandbox_opts good(void)
{
	return (struct hm_sandbox_opts){ .argv = argv, .in = -1, .out = -1, .err = -1 };
}

static const struct hm_step *find(const struct hm_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (strcmp(plan->steps[i].path, path) == 0)
			return &plan->steps[i];
	}
	return NULL;
}

static bool is_device(const char *from)
{
	return strncmp(from, "/dev/", 5) == 0;
}

/* All that comes from the machine by default, whatever it has. */
static void test_allow_list(void **state)
{
	(void)state;
	static const char *const allowed[] = { "/usr",   "/bin",    "/sbin", "/lib", "/lib32",
					       "/lib64", "/libx32", "/etc",  "/dev" };
	static const char *const secret[] = { "/etc/shadow",     "/etc/gshadow",         "/etc/ssl/private", "/etc/ssh",
					      "/etc/machine-id", "/etc/pki/tls/private", "/etc/sudoers" };
	struct hm_sandbox_opts opts = good();
	HM_OWN(hm_plan_done) struct hm_plan plan = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_plan_root(&opts, &plan, &err), &err);
	for (size_t i = 0; i < plan.count; i++) {
		const struct hm_step *s = &plan.steps[i];
		if (s->op != HM_STEP_BIND && s->op != HM_STEP_LAYER)
			continue;
		bool is_allowed = false;
		for (size_t k = 0; k < COUNT(allowed); k++)
			is_allowed = is_allowed || hm_path_is_within(s->from, allowed[k]);
		if (!is_allowed)
			fail_msg("'%s' is visible at '%s'", s->from, s->path);
		if (s->op == HM_STEP_BIND && !(s->flags & HM_STEP_READ_ONLY) && !is_device(s->from))
			fail_msg("'%s' can be written", s->from);
		if (is_device(s->from) != ((s->flags & HM_STEP_DEVICE) != 0))
			fail_msg("'%s' is mounted as the wrong kind", s->from);
		for (size_t k = 0; k < COUNT(secret); k++) {
			if (hm_path_is_within(secret[k], s->from) || hm_path_is_within(s->from, secret[k]))
				fail_msg("'%s' shows '%s'", s->from, secret[k]);
		}
	}
}

/* What is closed in /proc: all that this kernel has besides a short list. */
static void test_proc(void **state)
{
	(void)state;
	static const char *const open[] = { "proc/self", "proc/cpuinfo", "proc/meminfo", "proc/net", "proc/stat" };
	static const char *const closed[] = { "kcore",         "keys",     "sysrq-trigger", "timer_list", "sched_debug",
					      "latency_stats", "kallsyms", "bus",           "irq",        "fs",
					      "acpi",          "kmsg",     "cmdline",       "modules",    "mtrr",
					      "scsi",          "key-users" };
	struct hm_sandbox_opts opts = good();
	HM_OWN(hm_plan_done) struct hm_plan plan = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_plan_root(&opts, &plan, &err), &err);
	const struct hm_step *proc = find(&plan, "proc"), *sys = find(&plan, "proc/sys");
	assert_non_null(proc);
	assert_string_equal(proc->options[0][0], "hidepid");
	assert_string_equal(proc->options[0][1], "4");
	assert_non_null(sys);
	assert_int_equal(sys->op, HM_STEP_SEAL);
	for (size_t i = 0; i < COUNT(open); i++)
		assert_null(find(&plan, open[i]));
	for (size_t i = 0; i < COUNT(closed); i++) {
		char on_machine[64], inside[64];
		snprintf(on_machine, sizeof(on_machine), "/proc/%s", closed[i]);
		snprintf(inside, sizeof(inside), "proc/%s", closed[i]);
		if (access(on_machine, F_OK) == 0 && (!find(&plan, inside) || find(&plan, inside)->op != HM_STEP_MASK))
			fail_msg("'%s' is open", on_machine);
	}
	/* Settings are written before they are closed. */
	for (const struct hm_step *s = sys; s < plan.steps + plan.count; s++)
		assert_int_not_equal(s->op, HM_STEP_WRITE);
}

static void test_mounts(void **state)
{
	(void)state;
	static const struct hm_sandbox_mount mounts[] = {
		{ HM_SANDBOX_READ_ONLY, .source = "/usr/share", .target = "/src" },
		{ HM_SANDBOX_TMPFS, .target = "/src/base-files", .size = 4096 },
		{ HM_SANDBOX_FILE, .target = "/src/base-files/x", .content = { "y", 1 } },
		{ HM_SANDBOX_READ_WRITE, .source = "/usr/share", .target = "/out" },
		{ HM_SANDBOX_LAYER, .source = "/usr/include", .target = "/out/doc" },
		{ HM_SANDBOX_TMPFS, .target = "/out/doc/new" },
		{ HM_SANDBOX_SYMLINK, .source = "out", .target = "/link" },
		{ HM_SANDBOX_TMPFS, .target = "/tmp", .mode = 01777 },
	};
	static const struct {
		const char *path;
		enum hm_step_op op;
		unsigned flags;
	} rows[] = {
		{ "src", HM_STEP_BIND, HM_STEP_CALLERS | HM_STEP_READ_ONLY },
		{ "src/base-files", HM_STEP_FS, HM_STEP_AS_IS },
		{ "src/base-files/x", HM_STEP_FILE, 0 },
		{ "out", HM_STEP_BIND, HM_STEP_CALLERS },
		{ "out/doc", HM_STEP_LAYER, HM_STEP_CALLERS | HM_STEP_AS_IS },
		{ "out/doc/new", HM_STEP_FS, 0 },
		{ "link", HM_STEP_LINK, 0 },
	};
	struct hm_sandbox_opts opts = good();
	HM_OWN(hm_plan_done) struct hm_plan plan = { 0 };
	struct hm_err err = { 0 };
	unsigned tmps = 0;

	opts.mounts = mounts;
	opts.mount_count = COUNT(mounts);
	opts.home = "/out/home";
	assert_ok(hm_plan_root(&opts, &plan, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_step *s = find(&plan, rows[i].path);
		if (!s || s->op != rows[i].op || s->flags != rows[i].flags)
			fail_msg("%s: step %d, flags %u", rows[i].path, s ? (int)s->op : -1, s ? s->flags : 0);
	}
	/* The caller's /tmp instead of ours, and no home where a mount holds it. */
	for (size_t i = 0; i < plan.count; i++)
		tmps += strcmp(plan.steps[i].path, "tmp") == 0;
	assert_int_equal(tmps, 1);
	assert_null(find(&plan, "out/home"));
}

static void test_network(void **state)
{
	(void)state;
	struct hm_sandbox_opts opts = good();
	HM_OWN(hm_plan_done) struct hm_plan without = { 0 };
	HM_OWN(hm_plan_done) struct hm_plan with = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_plan_root(&opts, &without, &err), &err);
	assert_null(find(&without, "etc/resolv.conf"));
	assert_non_null(strstr(find(&without, "etc/hosts")->data.ptr, "127.0.1.1\thallmark"));
	opts.network = HM_SANDBOX_NET_HOST;
	assert_ok(hm_plan_root(&opts, &with, &err), &err);
	if (access("/etc/resolv.conf", R_OK) == 0)
		assert_non_null(find(&with, "etc/resolv.conf"));
	assert_null(find(&with, "proc/sys/net/ipv6/conf/lo/disable_ipv6"));
}

/* What the child keeps lies in one piece, and nothing in it points out of it. */
static void test_launch(void **state)
{
	(void)state;
	static const char *const env[] = { "PATH=/one::/two", "X=y", NULL };
	struct hm_sandbox_opts opts = good();
	struct hm_launch *l = NULL;
	struct hm_err err = { 0 };

	opts.env = env;
	opts.cwd = "/tmp";
	opts.limits.address_space = HM_GIB;
	assert_ok(hm_launch_new(&opts, true, &l, &err), &err);
	const char *start = (const char *)l, *end = start + l->size;
	char **lists[] = { l->argv, l->env, l->programs };
	static const char *const want[][3] = { { "true", "one" },
					       { "PATH=/one::/two", "X=y" },
					       { "/one/true", "/two/true" } };
	for (size_t i = 0; i < 3; i++) {
		assert_true((char *)lists[i] > start && (char *)lists[i] < end);
		for (size_t k = 0; k < 2; k++) {
			assert_true(lists[i][k] > start && lists[i][k] < end);
			assert_string_equal(lists[i][k], want[i][k]);
		}
		assert_null(lists[i][2]);
	}
	assert_true(l->cwd > start && l->cwd < end);
	assert_string_equal(l->cwd, "/tmp");
	assert_true((char *)l->stack > (char *)l->cwd && (char *)l->stack + l->stack_size == end);
	assert_int_equal(l->limits[0].resource, RLIMIT_CORE);
	assert_int_equal(l->limits[0].value.rlim_max, 0);
	assert_int_equal(l->limits[l->limit_count - 1].resource, RLIMIT_AS);
	hm_launch_free(l);
}

static void test_no_memory(void **state)
{
	(void)state;
	struct hm_sandbox_opts opts = good();
	enum hm_status st;
	unsigned long n = 0;

	opts.network = HM_SANDBOX_NET_HOST;
	do {
		struct hm_plan plan = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(++n);
		st = hm_plan_root(&opts, &plan, &err);
		if (st != HM_OK && st != HM_ENOMEM)
			fail_msg("allocation %lu: %s", n, err.cause);
		if (st == HM_OK && hm_mem_has_failed())
			fail_msg("allocation %lu failed and was not noticed", n);
		hm_plan_done(&plan);
	} while (hm_mem_has_failed());
	hm_mem_fail_at(0);
	n = 0;
	do {
		struct hm_launch *launch = NULL;
		hm_mem_fail_at(++n);
		st = hm_launch_new(&opts, true, &launch, NULL);
		assert_true(st == HM_OK || st == HM_ENOMEM);
		hm_launch_free(launch);
	} while (hm_mem_has_failed());
	hm_mem_fail_at(0);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allow_list), cmocka_unit_test(test_proc),   cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_network),    cmocka_unit_test(test_launch), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("sandbox/plan", tests, NULL, NULL);
}
