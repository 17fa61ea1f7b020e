/* What go lists: packages and their modules, one object behind the other. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "golang/golist.h"

static const char packages_text[] =
    "{\"ImportPath\":\"fmt\",\"Standard\":true,\"DepOnly\":true,\"Imports\":[\"errors\"],\"New\":[1,{\"a\":2}]}\n"
    "{\"ImportPath\":\"b.c/d\",\"Module\":{\"Path\":\"b.c/d\",\"Version\":\"v1.0.0\",\"Replace\":{\"Path\":\"../"
    "d\"}}}\n"
    "{\"ImportPath\":\"a.b/c/sub\",\"Name\":\"sub\",\"GoFiles\":[\"x.go\",\"y.go\"],\"Module\":{\"Path\":\"a.b/"
    "c\",\"Main\":true}}\n"
    "{\"ImportPath\":\"a.b/c/sub "
    "[a.b/c/sub.test]\",\"ForTest\":\"a.b/c/sub\",\"Module\":{\"Path\":\"a.b/c\",\"Main\":true}}\n"
    "{\"ImportPath\":\"b.c/d/e\",\"Error\":{\"Err\":\"no "
    "such\"},\"Module\":{\"Path\":\"b.c/d\",\"Version\":\"v1.0.0\"}}\n"
    "{\"ImportPath\":\"a.b/c\",\"Module\":{\"Path\":\"a.b/c\",\"Main\":true,\"GoVersion\":\"1.25\"}}\n";

static void test_packages(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf coverpkg = hm_buf_init(1000);
	const struct hm_golang_list_module **modules;
	struct hm_golang_package *p;
	struct hm_err err = { 0 };
	size_t count, module_count;
	assert_ok(hm_golang_list_packages(hm_str(packages_text), &arena, &p, &count, &err), &err);
	assert_int_equal(count, 6);
	assert_true(p[0].is_standard && p[0].is_dep_only && !p[0].module && p[0].import_count == 1);
	assert_true(hm_str_is(p[1].module->replace->mod.path, "../d") && p[1].module->replace->mod.version.len == 0);
	assert_true(p[2].go_file_count == 2 && hm_str_is(p[2].go_files[1], "y.go") && hm_str_is(p[2].name, "sub"));
	assert_true(p[4].error.len > 0 && p[3].error.len == 0);
	assert_ok(hm_golang_modules_of(p, count, &arena, &modules, &module_count, &err), &err);
	assert_int_equal(module_count, 2);
	assert_true(modules[0]->is_main && hm_str_is(modules[1]->mod.version, "v1.0.0"));
	hm_golang_add_coverpkg(p, count, &coverpkg);
	assert_string_equal(coverpkg.ptr, "a.b/c/sub,a.b/c");
}

static void test_modules(void **state)
{
	(void)state;
	/* `go list -m -json`, and `go mod download -json`, where an error is a string */
	static const char text[] = "{\"Path\":\"a.b/c\",\"Main\":true,\"Dir\":\"/x\"}\n"
				   "{\"Path\":\"b.c/d\",\"Version\":\"v1.0.0\",\"Indirect\":true,\"Zip\":\"/"
				   "z\",\"Sum\":\"h1:x\",\"GoModSum\":\"h1:y\"}"
				   "{\"Path\":\"c.d/e\",\"Version\":\"v1.0.0\",\"Error\":\"not found\"}";
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_golang_list_module *m;
	struct hm_err err = { 0 };
	size_t count;
	assert_ok(hm_golang_list_modules(hm_str(text), &arena, &m, &count, &err), &err);
	assert_int_equal(count, 3);
	assert_true(m[0].is_main && hm_str_is(m[0].dir, "/x"));
	assert_true(m[1].is_indirect && hm_str_is(m[1].sum, "h1:x") && hm_str_is(m[1].go_mod_sum, "h1:y"));
	assert_true(hm_str_is(m[2].error, "\"not found\""));
	assert_ok(hm_golang_list_modules(HM_STR(" \n"), &arena, &m, &count, &err), &err);
	assert_int_equal(count, 0);
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_status want;
	} rows[] = {
		{ "{\"Path\":\"a.b/c\"} go: downloading", HM_EPARSE },
		{ "{\"Path\":\"a.b/c\"", HM_EPARSE },
		{ "[]", HM_EPARSE },
		{ "{\"Version\":\"v1.0.0\"}", HM_EPARSE },
		{ "{\"Path\":1}", HM_EPARSE },
		{ "{\"Path\":\"a\",\"Path\":\"b\"}", HM_EPARSE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_golang_list_module *m;
		struct hm_golang_package *p;
		struct hm_err err = { 0 };
		size_t count;
		assert_int_equal(hm_golang_list_modules(hm_str(rows[i].text), &arena, &m, &count, &err), rows[i].want);
		assert_int_equal(hm_golang_list_packages(hm_str(rows[i].text), &arena, &p, &count, &err), rows[i].want);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		const struct hm_golang_list_module **modules;
		struct hm_golang_package *p;
		struct hm_err err = { 0 };
		size_t count, module_count;
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_list_packages(hm_str(packages_text), &arena, &p, &count, &err);
		if (st == HM_OK)
			st = hm_golang_modules_of(p, count, &arena, &modules, &module_count, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/golist", tests, NULL, NULL);
}
