/* Limits in a tree of files that plays the kernel's, and in the kernel's own where it is delegated. */
#include "sandbox/cgroup.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "base/tree.h"
#include "sandbox/sys.h"

#include "unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void put(const char *root, const char *name, const char *text)
{
	char path[512];
	struct hm_err err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_ok(hm_file_save(path, hm_str(text), 0644, &err), &err);
}

static void assert_content(const char *dir, const char *name, const char *want)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	char path[512];
	struct hm_err err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_ok(hm_file_read(path, 4096, &text, &err), &err);
	assert_string_equal(text.ptr ? text.ptr : "", want);
}

static char *make_tree(const char *offered, const char *given)
{
	char *root = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "hallmark-test-", &root, &err), &err);
	put(root, "cgroup.controllers", offered);
	put(root, "cgroup.subtree_control", given);
	put(root, "cgroup.procs", "");
	return root;
}

static void remove_tree(char *root)
{
	struct hm_err err = { 0 };

	assert_ok(hm_tree_remove(root, &err), &err);
	free(root);
}

static void test_own(void **state)
{
	(void)state;
	static const struct {
		const char *name, *mounts, *cgroups, *want; /* NULL: refused */
	} rows[] = {
		{ "unified", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/user.slice/a.scope\n",
		  "/sys/fs/cgroup/user.slice/a.scope" },
		{ "hybrid",
		  "30 1 0:2 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		  "31 23 0:28 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 cgroup2 rw\n",
		  "5:cpu:/x\n0::/\n", "/sys/fs/cgroup/unified" },
		{ "a part of the tree", "31 23 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		  "0::/docker/1/a\n", "/sys/fs/cgroup/a" },
		{ "our own child", "31 23 0:28 / /c rw - cgroup2 cgroup2 rw\n", "0::/a/hallmark-self\n", "/c/a" },
		{ "another part", "31 23 0:28 /docker/1 /c ro - cgroup2 cgroup rw\n", "0::/other\n", NULL },
		{ "v1 only", "30 1 0:2 / /c rw - cgroup cgroup rw,cpu\n", "5:cpu:/x\n", NULL },
		{ "not mounted", "30 1 0:2 / / rw - ext4 /dev/vda rw\n", "0::/\n", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep) char *root = NULL;
		HM_OWN(hm_freep) char *dir = NULL;
		char self[256];
		struct hm_err err = { 0 };
		assert_ok(hm_dir_make_temp("/tmp", "hallmark-test-", &root, &err), &err);
		snprintf(self, sizeof(self), "%s/self", root);
		assert_ok(hm_dir_make(self, 0755, &err), &err);
		put(self, "mountinfo", rows[i].mounts);
		put(self, "cgroup", rows[i].cgroups);
		enum hm_status st = hm_cgroup_own(root, &dir, &err);
		if (!rows[i].want) {
			assert_refused(rows[i].name, st, &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
		} else {
			assert_ok(st, &err);
			assert_string_equal(dir, rows[i].want);
		}
		assert_ok(hm_tree_remove(root, &err), &err);
	}
}

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *offered, *given;
		unsigned need;
		const char *want; /* in the refusal; NULL: allowed */
	} rows[] = {
		{ "cpuset cpu io memory pids\n", "memory pids\n", HM_CGROUP_MEMORY | HM_CGROUP_PIDS, NULL },
		{ "cpu memory pids\n", "\n", HM_CGROUP_MEMORY, NULL },
		{ "hugetlb\n", "\n", HM_CGROUP_MEMORY | HM_CGROUP_CPU, "controllers memory, cpu" },
		{ "memory\n", "\n", HM_CGROUP_CPU, "controllers cpu" },
		{ "", "", HM_CGROUP_PIDS, "controllers pids" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *root = make_tree(rows[i].offered, rows[i].given);
		struct hm_err err = { 0 };
		enum hm_status st = hm_cgroup_check(root, rows[i].need, &err);
		if (!rows[i].want) {
			assert_ok(st, &err);
		} else {
			assert_refused(rows[i].offered, st, &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
			assert_non_null(strstr(err.cause, rows[i].want));
		}
		remove_tree(root);
	}
	struct hm_err err = { 0 };
	assert_refused("no cgroup", hm_cgroup_check("/usr", HM_CGROUP_PIDS, &err), &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
}

static void test_make(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .memory = 64 << 20, .cpu_milli = 1500, .processes = 700 };
	char *root = make_tree("cpu memory pids\n", "\n");
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };

	assert_ok(hm_cgroup_make(root, &limits, &cgroup, &err), &err);
	assert_true(cgroup.fd >= 0);
	assert_non_null(strstr(cgroup.dir, "/hallmark-"));
	assert_content(cgroup.dir, "memory.max", "67108864");
	assert_content(cgroup.dir, "memory.swap.max", "0");
	assert_content(cgroup.dir, "memory.oom.group", "1");
	assert_content(cgroup.dir, "cpu.max", "150000 100000");
	assert_content(cgroup.dir, "pids.max", "700");
	/* Each controller in a write of its own, "+memory", "+cpu", "+pids", which in the play lie over each other. */
	assert_content(root, "cgroup.subtree_control", "+pidsry");

	assert_false(hm_cgroup_had_oom(&cgroup));
	put(cgroup.dir, "memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 0\noom_group_kill 0\n");
	assert_false(hm_cgroup_had_oom(&cgroup));
	put(cgroup.dir, "memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n");
	assert_true(hm_cgroup_had_oom(&cgroup));
	assert_int_equal(hm_cgroup_peak(&cgroup), 0);
	put(cgroup.dir, "memory.peak", "12345\n");
	assert_int_equal(hm_cgroup_peak(&cgroup), 12345);

	/* The play's files keep its folder; the kernel's do not. */
	assert_ok(hm_tree_remove(cgroup.dir, &err), &err);
	hm_cgroup_remove(&cgroup);
	assert_null(cgroup.dir);
	hm_cgroup_remove(&cgroup);
	remove_tree(root);
}

static void test_only_what_is_asked(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .cpu_milli = 1 };
	char *root = make_tree("cpu\n", "cpu\n"), path[512];
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };

	assert_ok(hm_cgroup_make(root, &limits, &cgroup, &err), &err);
	assert_content(cgroup.dir, "cpu.max", "100 100000");
	assert_content(root, "cgroup.subtree_control", "cpu\n");
	snprintf(path, sizeof(path), "%s/memory.max", cgroup.dir);
	assert_false(hm_path_is_there(path));
	assert_ok(hm_tree_remove(cgroup.dir, &err), &err);
	hm_cgroup_remove(&cgroup);
	remove_tree(root);
}

/* A process that was killed leaves an empty leaf; the next one to make a leaf takes it away. */
static void test_sweep(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .processes = 600 };
	static const struct {
		const char *format; /* with the number of a process that is gone */
		bool is_gone;
	} rows[] = {
		{ "%s/hallmark-%d-0", true },   { "%s/hallmark-%d-17", true }, { "%s/hallmark-%d", false },
		{ "%s/hallmark-0%d-1", false }, { "%s/other-%d-1", false },
	};
	char *root = make_tree("pids\n", "pids\n"), path[512];
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };
	pid_t gone = fork();

	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	for (size_t i = 0; i < COUNT(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), rows[i].format, root, (int)gone);
#pragma GCC diagnostic pop
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_ok(hm_cgroup_make(root, &limits, &cgroup, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), rows[i].format, root, (int)gone);
#pragma GCC diagnostic pop
		if (hm_path_is_there(path) == rows[i].is_gone)
			fail_msg("%s", path);
	}
	assert_true(hm_path_is_dir(cgroup.dir));
	assert_ok(hm_tree_remove(cgroup.dir, &err), &err);
	hm_cgroup_remove(&cgroup);
	remove_tree(root);
}

static void test_refusals(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .memory = 1 << 20 };
	char *root = make_tree("cpu pids\n", "\n");
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };

	assert_refused("no controller", hm_cgroup_make(root, &limits, &cgroup, &err), &err,
		       HM_R_SANDBOX_LIMIT_UNENFORCED);
	assert_null(cgroup.dir);
	remove_tree(root);

	if (geteuid() == 0)
		return; /* root may write everywhere */
	root = make_tree("memory\n", "memory\n");
	chmod(root, 0555);
	assert_refused("not ours", hm_cgroup_make(root, &limits, &cgroup, &err), &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
	assert_refused("not ours", hm_cgroup_check(root, HM_CGROUP_MEMORY, &err), &err, HM_R_SANDBOX_LIMIT_UNENFORCED);
	chmod(root, 0755);
	remove_tree(root);
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .memory = 1 << 20, .cpu_milli = 1, .processes = 600 };
	unsigned long n = 0;

	do {
		char *root = make_tree("cpu memory pids\n", "cpu memory pids\n");
		struct hm_cgroup cgroup = HM_CGROUP_INIT;
		struct hm_err err = { 0 };
		hm_mem_fail_at(++n);
		enum hm_status st = hm_cgroup_make(root, &limits, &cgroup, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		/* Limits that are of use only where they exist are not missed. */
		if (st != HM_OK && st != HM_ENOMEM && st != HM_EIO)
			fail_msg("allocation %lu: %s", n, err.cause);
		if (st == HM_OK)
			assert_ok(hm_tree_remove(cgroup.dir, &err), &err);
		hm_cgroup_remove(&cgroup);
		remove_tree(root);
		if (!has_failed)
			break;
	} while (n < 1000);
	assert_in_range(n, 5, 999);
}

/* A leaf of the kernel's own without limits, which needs no controller: what is in it dies with it. */
static void test_leaf(void **state)
{
	(void)state;
	const struct hm_cgroup_limits none = { 0 };
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };
	char *dir = NULL;

	enum hm_status st = hm_cgroup_own("/proc", &dir, &err);
	if (st == HM_OK)
		st = hm_cgroup_make(dir, &none, &cgroup, &err);
	free(dir);
	if (st != HM_OK)
		skip_with("no cgroup v2 that we may write to: %s", err.cause);

	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)cgroup.fd };
	HM_OWN(hm_freep) char *leaf = hm_asprintf("%s", cgroup.dir);
	int how;
	assert_non_null(leaf);
	pid_t pid = hm_sys_clone3(&args);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	char path[64], want[64];
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/cgroup", path);
	snprintf(want, sizeof(want), "/hallmark-%d-", (int)getpid());
	assert_ok(hm_file_read(file, 65536, &text, &err), &err);
	assert_non_null(strstr(text.ptr, want));
	hm_cgroup_remove(&cgroup);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFSIGNALED(how));
	(void)!rmdir(leaf); /* where the dead child, still to be waited for, kept it */
	assert_false(hm_path_is_there(leaf));
}

/* The kernel's own files, where it lets us. */
static void test_kernel(void **state)
{
	(void)state;
	const struct hm_cgroup_limits limits = { .memory = 64 << 20, .processes = 600 };
	char *dir = NULL;
	struct hm_cgroup cgroup = HM_CGROUP_INIT;
	struct hm_err err = { 0 };

	enum hm_status st = hm_cgroup_own("/proc", &dir, &err);
	if (st == HM_OK)
		st = hm_cgroup_check(dir, HM_CGROUP_MEMORY | HM_CGROUP_PIDS, &err);
	if (st != HM_OK) {
		free(dir);
		skip_with("no delegated cgroup v2 here: %s", err.cause);
	}
	assert_ok(hm_cgroup_make(dir, &limits, &cgroup, &err), &err);
	assert_content(cgroup.dir, "memory.max", "67108864\n");
	assert_content(cgroup.dir, "pids.max", "600\n");
	HM_OWN(hm_freep) char *leaf = hm_asprintf("%s", cgroup.dir);
	hm_cgroup_remove(&cgroup);
	free(dir);
	assert_non_null(leaf);
	assert_false(hm_path_is_there(leaf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),       cmocka_unit_test(test_check),
		cmocka_unit_test(test_make),      cmocka_unit_test(test_only_what_is_asked),
		cmocka_unit_test(test_sweep),     cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_kernel),
	};
	return cmocka_run_group_tests_name("sandbox/cgroup", tests, NULL, NULL);
}
