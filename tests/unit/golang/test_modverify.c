/* A module cache that was tampered with: one row for each file that can be changed or missing. */
#include "unit.h"

#include "../archive/zip_maker.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "golang/modverify.h"

#include <sys/stat.h>
#include <unistd.h>

static const char go_mod[] = "module a.b/C\n";

static void save(const char *dir, const char *name, struct hm_str text)
{
	char path[512], folder[512];
	struct hm_err err = { 0 };

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	assert_ok(hm_dir_make(folder, 0755, &err), &err);
	assert_ok(hm_file_save(path, text, 0644, &err), &err);
}

static void make_module_zip(struct hm_buf *zip, const char *x)
{
	const struct made_file files[] = { { .name = "a.b/C@v1.0.0/go.mod", .text = go_mod },
					   { .name = "a.b/C@v1.0.0/x.go", .text = x, .deflated = true } };

	make_zip(zip, files, 2, NULL);
}

/* A cache with the module a.b/C v1.0.0, packed and unpacked; C is escaped. */
static char *make_cache(void)
{
	HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	char *dir = NULL;

	assert_ok(hm_dir_make_temp("/tmp", "hm-test-modverify-", &dir, &err), &err);
	make_module_zip(&zip, "package c\n");
	save(dir, "cache/download/a.b/!c/@v/v1.0.0.zip", hm_buf_str(&zip));
	save(dir, "cache/download/a.b/!c/@v/v1.0.0.mod", hm_str(go_mod));
	save(dir, "a.b/!c@v1.0.0/go.mod", hm_str(go_mod));
	save(dir, "a.b/!c@v1.0.0/x.go", HM_STR("package c\n"));
	return dir;
}

static const struct hm_golang_module module = { { "a.b/C", 5 }, { "v1.0.0", 6 } };

/* The lines of go.sum that are right for the cache as it was made. */
static void make_sums(struct hm_buf *text, bool zip_line, bool go_mod_line, const char *more)
{
	HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);
	char h1[HM_GOLANG_H1_LEN];
	struct hm_hash hash;
	struct hm_err err = { 0 };

	make_module_zip(&zip, "package c\n");
	assert_ok(hm_golang_hash_zip_memory(hm_buf_str(&zip), &module, &hash, NULL, &err), &err);
	hm_golang_h1_write(&hash, h1);
	if (zip_line)
		hm_buf_addf(text, "a.b/C v1.0.0 %s\n", h1);
	assert_ok(hm_golang_hash_go_mod(hm_str(go_mod), &hash, &err), &err);
	hm_golang_h1_write(&hash, h1);
	if (go_mod_line)
		hm_buf_addf(text, "a.b/C v1.0.0/go.mod %s\n", h1);
	hm_buf_add_cstr(text, more ? more : "");
}

static enum hm_status verify(const char *cache, const struct hm_golang_verify_item *items, size_t count,
			     struct hm_str text, struct hm_golang_verify_result *result, struct hm_err *err)
{
	HM_OWN(hm_golang_gosum_done) struct hm_golang_gosum sums = { 0 };

	enum hm_status st = hm_golang_gosum_parse(text, "go.sum", &sums, err);
	return st == HM_OK ? hm_golang_verify(items, count, cache, &sums, result, err) : st;
}

#define USED                                                                                                           \
	{                                                                                                              \
		.mod = { { "a.b/C", 5 }, { "v1.0.0", 6 } }, .is_used = true                                            \
	}
#define GRAPH                                                                                                          \
	{                                                                                                              \
		.mod = { { "a.b/C", 5 }, { "v1.0.0", 6 } }                                                             \
	}
#define REQUIRED                                                                                                       \
	{                                                                                                              \
		.mod = { { "a.b/C", 5 }, { "v1.0.0", 6 } }, .is_required = true                                        \
	}
#define OTHER "b.c/d v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define MAIN                                                                                                           \
	{                                                                                                              \
		.mod = { { "m.n/o", 5 }, { "", 0 } }, .is_main = true                                                  \
	}

static void test_changes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_golang_verify_item items[2];
		bool no_zip_line, no_go_mod_line;
		const char *more;           /* lines of go.sum */
		const char *changed, *text; /* a file; a NULL text removes it */
		enum hm_reason want;
		size_t zips, go_mods, not_fetched, unlisted;
	} rows[] = {
		{ "as it should be", { USED, MAIN }, .zips = 1, .go_mods = 1 },
		{ "not unpacked", { USED }, .changed = "a.b/!c@v1.0.0", .zips = 1, .go_mods = 1 },
		{ "other lines, not fetched", { USED }, .more = OTHER, .zips = 1, .go_mods = 1, .not_fetched = 1 },
		{ "a line about no module",
		  { USED },
		  .more = "../x v1.0.0 h1:x\n",
		  .zips = 1,
		  .go_mods = 1,
		  .not_fetched = 1 },
		{ "in the graph only", { GRAPH }, .zips = 1, .go_mods = 1 },
		{ "in the graph only, not listed", { GRAPH }, true, true, .unlisted = 1 },
		{ "in the graph only, go.mod listed", { GRAPH }, true, .go_mods = 1 },
		{ "required and not used, not listed", { REQUIRED }, true, true, .want = HM_R_GOLANG_NOT_IN_SUM },
		{ "required and not used, only the zip listed",
		  { REQUIRED },
		  .no_go_mod_line = true,
		  .want = HM_R_GOLANG_NOT_IN_SUM },
		{ "required and not used, go.mod listed", { REQUIRED }, true, .go_mods = 1 },
		{ "nothing in the build list", { MAIN }, .zips = 1, .go_mods = 1 },
		{ "a lying .ziphash",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.ziphash",
		  .text = "h1:x",
		  .zips = 1,
		  .go_mods = 1 },
		{ "unpacked in part, to be done again",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.partial",
		  .text = "",
		  .zips = 1,
		  .go_mods = 1 },
		{ "no line", { USED }, true, true, .want = HM_R_GOLANG_NOT_IN_SUM },
		{ "no line for the zip", { USED }, true, .want = HM_R_GOLANG_NOT_IN_SUM },
		{ "no line for the go.mod", { USED }, false, true, .want = HM_R_GOLANG_NOT_IN_SUM },
		{ "another hash",
		  { USED },
		  true,
		  .more = "a.b/C v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		  .want = HM_R_GOLANG_SUM,
		  .go_mods = 0 },
		{ "no zip",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.zip",
		  .want = HM_R_GOLANG_NOT_FETCHED },
		{ "no go.mod",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.mod",
		  .want = HM_R_GOLANG_NOT_FETCHED,
		  .zips = 1 },
		{ "a changed go.mod",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.mod",
		  .text = "module x\n",
		  .want = HM_R_GOLANG_SUM,
		  .zips = 1 },
		{ "a changed file",
		  { USED },
		  .changed = "a.b/!c@v1.0.0/x.go",
		  .text = "package d\n",
		  .want = HM_R_GOLANG_SUM },
		{ "one file more",
		  { USED },
		  .changed = "a.b/!c@v1.0.0/y.go",
		  .text = "package c\n",
		  .want = HM_R_GOLANG_SUM },
		{ "one file less", { USED }, .changed = "a.b/!c@v1.0.0/x.go", .want = HM_R_GOLANG_SUM },
		{ "no zip at all",
		  { USED },
		  .changed = "cache/download/a.b/!c/@v/v1.0.0.zip",
		  .text = "x",
		  .want = HM_R_ARCHIVE_FORMAT },
		{ "not used, and changed",
		  { MAIN },
		  .changed = "a.b/!c@v1.0.0/x.go",
		  .text = "package d\n",
		  .want = HM_R_GOLANG_SUM },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf sums = hm_buf_init(HM_MIB);
		HM_OWN(hm_freep) char *cache = make_cache();
		HM_OWN(hm_golang_verify_result_done) struct hm_golang_verify_result r = { 0 };
		struct hm_err err = { 0 };
		char path[512];
		make_sums(&sums, !rows[i].no_zip_line, !rows[i].no_go_mod_line, rows[i].more);
		if (rows[i].text)
			save(cache, rows[i].changed, hm_str(rows[i].text));
		snprintf(path, sizeof(path), "%s/%s", cache, rows[i].changed ? rows[i].changed : "");
		if (rows[i].changed && !rows[i].text)
			assert_ok(hm_tree_remove(path, &err), &err);
		enum hm_status st =
		    verify(cache, rows[i].items, rows[i].items[1].mod.path.len ? 2 : 1, hm_buf_str(&sums), &r, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		if (r.zips != rows[i].zips || r.go_mods != rows[i].go_mods || r.not_fetched != rows[i].not_fetched ||
		    r.unlisted != rows[i].unlisted || r.failure_count != (rows[i].want != HM_R_OK))
			fail_msg("%s: %zu zips, %zu go.mods, %zu not fetched, %zu unlisted, %zu failures", rows[i].name,
				 r.zips, r.go_mods, r.not_fetched, r.unlisted, r.failure_count);
		assert_ok(hm_tree_remove(cache, &err), &err);
	}
}

/* A changed zip that is a good zip: both hashes are named. */
static void test_changed_zip(void **state)
{
	(void)state;
	const struct hm_golang_verify_item item = USED;
	HM_OWN(hm_buf_done) struct hm_buf sums = hm_buf_init(HM_MIB), zip = hm_buf_init(HM_MIB);
	HM_OWN(hm_freep) char *cache = make_cache();
	HM_OWN(hm_golang_verify_result_done) struct hm_golang_verify_result r = { 0 };
	struct hm_err err = { 0 };
	make_sums(&sums, true, true, OTHER "b.c/d v1.0.0/go.mod h1:AAAA\n");
	make_module_zip(&zip, "package evil\n");
	save(cache, "cache/download/a.b/!c/@v/v1.0.0.zip", hm_buf_str(&zip));
	save(cache, "cache/download/b.c/d/@v/v1.0.0.mod", HM_STR("module x\n"));
	assert_refused("zip", verify(cache, &item, 1, hm_buf_str(&sums), &r, &err), &err, HM_R_GOLANG_SUM);
	assert_int_equal(r.failure_count, 2);
	const char *line = strstr(sums.ptr, "h1:");
	char want[HM_GOLANG_H1_LEN];
	snprintf(want, sizeof(want), "%s", line);
	if (!strstr(err.cause, want) || !strstr(err.cause, "a.b/C v1.0.0 is h1:"))
		fail_msg("%s", err.cause);
	assert_true(hm_str_is(r.failures[1].mod.path, "b.c/d"));
	assert_ok(hm_tree_remove(cache, &err), &err);
}

static void test_replacements(void **state)
{
	(void)state;
	const struct hm_golang_verify_item items[] = {
		{ .mod = { HM_STR("x.y/z"), HM_STR("v1.0.0") }, .by = { HM_STR("../z"), { "", 0 } }, .is_used = true },
		{ .mod = { HM_STR("x.y/w"), HM_STR("v9.0.0") }, .by = module, .is_used = true },
	};
	HM_OWN(hm_buf_done) struct hm_buf sums = hm_buf_init(HM_MIB);
	HM_OWN(hm_freep) char *cache = make_cache();
	HM_OWN(hm_golang_verify_result_done) struct hm_golang_verify_result r = { 0 };
	struct hm_err err = { 0 };
	make_sums(&sums, true, true, NULL);
	assert_ok(verify(cache, items, 2, hm_buf_str(&sums), &r, &err), &err);
	assert_int_equal(r.zips, 1);
	assert_int_equal(r.local.count, 1);
	assert_string_equal(r.local.v[0], "x.y/z => ../z");
	assert_ok(hm_tree_remove(cache, &err), &err);
}

static void test_items(void **state)
{
	(void)state;
	static const char modules_text[] =
	    "{\"Path\":\"m.n/o\",\"Main\":true}{\"Path\":\"a.b/c\",\"Version\":\"v1.0.0\"}"
	    "{\"Path\":\"b.c/d\",\"Version\":\"v1.0.0\",\"Replace\":{\"Path\":\"e.f/g\",\"Version\":\"v1.1.0\"}}";
	static const char packages_text[] =
	    "{\"ImportPath\":\"m.n/o\",\"Module\":{\"Path\":\"m.n/o\",\"Main\":true}}"
	    "{\"ImportPath\":\"b.c/d/x\",\"Module\":{\"Path\":\"b.c/d\",\"Version\":\"v1.0.0\"}}";
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_golang_list_module *m;
	struct hm_golang_package *p;
	struct hm_golang_verify_item *items;
	struct hm_err err = { 0 };
	size_t modules, packages;
	assert_ok(hm_golang_list_modules(hm_str(modules_text), &arena, &m, &modules, &err), &err);
	assert_ok(hm_golang_list_packages(hm_str(packages_text), &arena, &p, &packages, &err), &err);
	assert_ok(hm_golang_verify_items(m, modules, p, packages, &arena, &items, &err), &err);
	assert_true(items[0].is_main && items[0].is_used);
	assert_true(!items[1].is_used && items[1].by.path.len == 0);
	assert_true(!items[0].is_required && items[1].is_required);
	assert_true(items[2].is_used && hm_str_is(items[2].by.path, "e.f/g"));
	assert_ok(hm_golang_verify_items(m, modules, NULL, 0, &arena, &items, &err), &err);
	assert_true(items[1].is_used);
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_golang_verify_item item = USED;
	HM_OWN(hm_buf_done) struct hm_buf sums = hm_buf_init(HM_MIB);
	HM_OWN(hm_freep) char *cache = make_cache();
	struct hm_err err = { 0 };
	make_sums(&sums, true, true, "a.b/D v1.0.0 h1:x\n");
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_golang_verify_result_done) struct hm_golang_verify_result r = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = verify(cache, &item, 1, hm_buf_str(&sums), &r, &err);
		if (walk_is_over(st, &err))
			break;
	}
	assert_ok(hm_tree_remove(cache, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes), cmocka_unit_test(test_changed_zip), cmocka_unit_test(test_replacements),
		cmocka_unit_test(test_items),   cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/modverify", tests, NULL, NULL);
}
