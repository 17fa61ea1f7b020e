/* Trees: the order of a walk, links that lead out, what cannot be removed at first. */
#include "folder.h"

#include "base/limits.h"

struct seen {
	struct hm_buf paths;
	const char *skip, *fail;
};

static enum hm_status see(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step, struct hm_err *err)
{
	struct seen *seen = ctx;

	hm_buf_addf(&seen->paths, "%s%s ", entry->path, S_ISDIR(entry->stat->st_mode) ? "/" : "");
	assert_string_equal(entry->name, hm_path_base(entry->path));
	assert_int_equal(faccessat(entry->dirfd, entry->name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	if (seen->skip && strcmp(entry->path, seen->skip) == 0)
		*ret_step = HM_TREE_SKIP;
	if (seen->fail && strcmp(entry->path, seen->fail) == 0)
		return hm_fail(err, HM_R_USAGE, "not this one");
	return HM_OK;
}

static void make_tree(void)
{
	assert_int_equal(mkdir("t", 0700) | mkdir("t/b", 0700) | mkdir("t/b/x", 0700) | mkdir("out", 0700), 0);
	put("t/a", "");
	put("t/b/y", "");
	put("t/b.c", "");
	put("t/Z", "");
	put("t/.hidden", "");
	put("out/kept", "kept");
	assert_int_equal(symlink("../out", "t/link") | symlink("..", "t/b/up") | symlink("none", "t/broken"), 0);
}

static void test_walk(void **state)
{
	(void)state;
	static const struct {
		const char *skip, *fail, *want;
	} rows[] = {
		{ NULL, NULL, ".hidden Z a b/ b/up b/x/ b/y b.c broken link " },
		{ "b", NULL, ".hidden Z a b/ b.c broken link " },
		{ NULL, "b/x", ".hidden Z a b/ b/up b/x/ " },
	};

	make_tree();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen = { hm_buf_init(1000), rows[i].skip, rows[i].fail };
		struct hm_err err = { 0 };
		enum hm_status st = hm_tree_walk("t", see, &seen, &err);
		if (rows[i].fail)
			assert_refused("fail", st, &err, HM_R_USAGE);
		else
			assert_ok(st, &err);
		assert_string_equal(seen.paths.ptr, rows[i].want);
		hm_buf_done(&seen.paths);
	}
	struct seen none = { 0 };
	struct hm_err err = { 0 };
	assert_refused("none", hm_tree_walk("none", see, &none, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("file", hm_tree_walk("t/a", see, &none, &err), &err, HM_R_FILE_IO);
	for (unsigned long n = 1;; n++) {
		size_t count = 0;
		hm_mem_fail_at(n);
		enum hm_status st = hm_tree_walk("t", count_one, &count, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed)
			break;
		assert_refused("memory", st, &err, HM_R_NO_MEMORY);
	}
}

static enum hm_status enter_all(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				struct hm_err *err)
{
	(void)entry;
	(void)ret_step;
	(void)err;
	++*(size_t *)ctx;
	return HM_OK;
}

/* A chain of count folders below path, deeper than any path can say. */
static void make_chain(const char *path, int count)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int i = 0; i < count; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
}

static void test_deep(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	size_t count = 0;

	assert_int_equal(mkdir("deep", 0700), 0);
	make_chain("deep", HM_MAX_TREE_DEPTH - 1);
	assert_ok(hm_tree_walk("deep", enter_all, &count, &err), &err);
	assert_int_equal(count, HM_MAX_TREE_DEPTH - 1);
	assert_ok(hm_tree_remove("deep", &err), &err);

	/* what is too deep to walk can still be removed, also where names of our own are in the way */
	assert_int_equal(mkdir("deep", 0700), 0);
	make_chain("deep", 2100);
	assert_int_equal(mkdir("deep/.hallmark-removed-0", 0500) | mkdir("deep/.hallmark-removed-2", 0700), 0);
	assert_refused("too deep", hm_tree_walk("deep", enter_all, &count, &err), &err, HM_R_LIMIT);
	assert_ok(hm_tree_remove("deep", &err), &err);
	assert_false(hm_path_is_there("deep"));
}

static void test_remove(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	make_tree();
	assert_ok(hm_tree_remove("none", &err), &err);
	assert_ok(hm_tree_remove("t/link", &err), &err); /* the link, not where it leads */
	assert_holds("out/kept", "kept");
	assert_ok(hm_tree_remove("t/a", &err), &err);
	assert_ok(hm_tree_remove("t", &err), &err);
	assert_false(hm_path_is_there("t"));
	assert_holds("out/kept", "kept");
	assert_int_equal(count_entries("."), 1);
	assert_refused("below a file", hm_tree_remove("out/kept/x", &err), &err, HM_R_FILE_IO);
}

/* A tree as in a Go module cache, and some that are worse. */
static const char *remove_read_only(void)
{
	static const mode_t modes[] = { 0500, 0300, 0100, 0000, 0555 };
	static char wrong[600];
	struct hm_err err = { 0 };
	struct stat info;

	for (size_t i = 0; i < COUNT(modes); i++) {
		if (mkdir("t", 0700) || mkdir("t/a", 0700) || mkdir("t/a/b", 0700) || mkdir("t/a/b/file", 0400) ||
		    chmod("t/a/b", modes[i]) || chmod("t/a", modes[i]) || chmod("t", modes[i]))
			return "could not make the tree";
		if (hm_tree_remove("t", &err) != HM_OK || hm_path_is_there("t")) {
			snprintf(wrong, sizeof(wrong), "mode %o: %s", modes[i], err.cause);
			return wrong;
		}
	}
	/* the rights of what a link leads to stay as they are */
	if (mkdir("out", 0500) || mkdir("t", 0500) || chmod("t", 0700) || symlink("../out", "t/link") ||
	    chmod("t", 0500) || hm_tree_remove("t", &err) != HM_OK || stat("out", &info))
		return "a link in a folder that may not be written";
	return (info.st_mode & 07777) == 0500 ? NULL : "a link's target was changed";
}

static void test_remove_read_only(void **state)
{
	(void)state;
	as_ordinary_user(remove_read_only);
}

static void test_remove_without_memory(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	for (unsigned long n = 1;; n++) {
		make_tree();
		hm_mem_fail_at(n);
		enum hm_status st = hm_tree_remove("t", &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (failed)
			assert_refused("memory", st, &err, HM_R_NO_MEMORY);
		assert_ok(hm_tree_remove("t", &err), &err);
		assert_ok(hm_tree_remove("out", &err), &err);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_walk),
		in_folder(test_deep),
		in_folder(test_remove),
		in_folder(test_remove_read_only),
		in_folder(test_remove_without_memory),
	};
	return cmocka_run_group_tests_name("base/tree", tests, NULL, NULL);
}
