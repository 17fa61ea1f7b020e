/* go.mod: what is read from a whole one, and where errors are said to be. What is accepted, tests/peers/golang judges.
 */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "golang/modfile.h"

static const char whole[] = "// Deprecated: use example.com/new.\n"
			    "module example.com/old/v2 // why\n"
			    "\n"
			    "go 1.24.0\n"
			    "toolchain go1.26.8\n"
			    "godebug default=go1.21\n"
			    "require (\n"
			    "\tgolang.org/x/sync v0.19 // indirect\n"
			    "\t\"github.com/a/b\" v2.0.0+incompatible\n"
			    ")\n"
			    "require one.two/three v0.0.0-20191109021931-daa7c04131f5\n"
			    "exclude golang.org/x/sync v0.18.0\n"
			    "replace golang.org/x/sync v0.19.0 => ../sync\n"
			    "replace github.com/a/b => github.com/c/d v1.0.0\n"
			    "// bad release\n"
			    "retract [v2.0.0, v2.1.0] // both\n"
			    "retract v2.2.0\n"
			    "tool golang.org/x/tools/cmd/stringer\n"
			    "ignore ./node_modules\n";

static void check_module(const struct hm_golang_module *mod, const char *path, const char *version)
{
	if (!hm_str_is(mod->path, path) || !hm_str_is(mod->version, version))
		fail_msg("%.*s %.*s", HM_STR_ARG(mod->path), HM_STR_ARG(mod->version));
}

static void test_whole(void **state)
{
	(void)state;
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile f = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_modfile_parse(hm_str(whole), "go.mod", HM_GOLANG_MAIN, &f, &err), &err);
	assert_true(f.has_module);
	assert_true(hm_str_is(f.module, "example.com/old/v2"));
	assert_true(hm_str_is(f.deprecated, "use example.com/new.\nwhy"));
	assert_true(hm_str_is(f.go, "1.24.0"));
	assert_true(hm_str_is(f.toolchain, "go1.26.8"));
	assert_int_equal(f.godebug_count, 1);
	assert_true(hm_str_is(f.godebug[0].key, "default") && hm_str_is(f.godebug[0].value, "go1.21"));
	assert_int_equal(f.require_count, 3);
	check_module(&f.require[0].mod, "golang.org/x/sync", "v0.19.0");
	assert_true(f.require[0].indirect && !f.require[1].indirect);
	assert_int_equal(f.require[1].row, 9);
	check_module(&f.require[1].mod, "github.com/a/b", "v2.0.0+incompatible");
	check_module(&f.require[2].mod, "one.two/three", "v0.0.0-20191109021931-daa7c04131f5");
	assert_int_equal(f.exclude_count, 1);
	check_module(&f.exclude[0].mod, "golang.org/x/sync", "v0.18.0");
	assert_int_equal(f.replace_count, 2);
	check_module(&f.replace[0].old, "golang.org/x/sync", "v0.19.0");
	check_module(&f.replace[0].new, "../sync", "");
	check_module(&f.replace[1].old, "github.com/a/b", "");
	check_module(&f.replace[1].new, "github.com/c/d", "v1.0.0");
	assert_int_equal(f.retract_count, 2);
	assert_true(hm_str_is(f.retract[0].low, "v2.0.0") && hm_str_is(f.retract[0].high, "v2.1.0"));
	assert_true(hm_str_is(f.retract[0].rationale, "bad release\nboth"));
	assert_int_equal(f.tool_count, 1);
	assert_int_equal(f.ignore_count, 1);
	assert_true(hm_str_is(f.ignore[0].path, "./node_modules"));
}

/* A dependency's file says less, and what it does not know it passes over. */
static void test_dependency(void **state)
{
	(void)state;
	static const char text[] = "module a.b/c\ngo 1.99.x\nfuture thing\nfuture (\n\tthings\n)\n"
				   "replace broken\nretract [\nrequire d.e/f v1.0.0\n";
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile f = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_modfile_parse(hm_str(text), "go.mod", HM_GOLANG_DEPENDENCY, &f, &err), &err);
	assert_true(hm_str_is(f.go, "1.99"));
	assert_int_equal(f.replace_count + f.retract_count, 0);
	assert_int_equal(f.require_count, 1);
	assert_int_equal(hm_golang_modfile_parse(hm_str(text), "go.mod", HM_GOLANG_MAIN, &f, &err), HM_EPARSE);
}

static void test_work(void **state)
{
	(void)state;
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile f = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_modfile_parse(HM_STR("go 1.26\nuse (\n\t./a\n\t../b // c\n)\n"), "go.work", HM_GOLANG_WORK,
					  &f, &err),
		  &err);
	assert_int_equal(f.use_count, 2);
	assert_true(hm_str_is(f.use[1].path, "../b"));
}

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t row, col;
	} rows[] = {
		{ "module a.b/c\n\nrequire x\n", 3, 1 },
		{ "module a.b/c\nrequire (\n\tx v1.0.0\n\t  y\n)\n", 4, 4 },
		{ "module a.b/c\nrequire (\n\tx v1.0.0\n", 2, 1 },
		{ "module \"a\n", 1, 10 },
		{ "module a \x01\n", 1, 10 },
		{ "module caf\xc3\xa9 \x01\n", 1, 13 },
		{ "module a\nx (\n) y\n", 2, 1 },
		{ "module a\nrequire (\n) y\n", 3, 3 },
		{ "module a // \xc3\xa9\n/* x */\n", 2, 1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_modfile f;
		struct hm_err err = { 0 };
		assert_refused(rows[i].text,
			       hm_golang_modfile_parse(hm_str(rows[i].text), "go.mod", HM_GOLANG_MAIN, &f, &err), &err,
			       HM_R_GOLANG_MODFILE);
		if (err.row != rows[i].row || err.col != rows[i].col || strcmp(err.file, "go.mod") != 0)
			fail_msg("%s: %s:%u:%u: %s", rows[i].text, err.file, err.row, err.col, err.cause);
	}
}

static void test_limit(void **state)
{
	(void)state;
	char *text = malloc(HM_MAX_GO_MOD + 1);
	struct hm_golang_modfile f;
	struct hm_err err = { 0 };
	assert_non_null(text);
	/* one line of blanks, and one of words: both must take time in proportion to their length */
	memset(text, ' ', HM_MAX_GO_MOD + 1);
	assert_ok(hm_golang_modfile_parse(hm_str_of(text, HM_MAX_GO_MOD), "go.mod", HM_GOLANG_MAIN, &f, &err), &err);
	hm_golang_modfile_done(&f);
	assert_refused("one more",
		       hm_golang_modfile_parse(hm_str_of(text, HM_MAX_GO_MOD + 1), "go.mod", HM_GOLANG_MAIN, &f, &err),
		       &err, HM_R_LIMIT);
	for (size_t i = 0; i < HM_MAX_GO_MOD / 8; i += 2)
		text[i] = 'x';
	assert_refused("words",
		       hm_golang_modfile_parse(hm_str_of(text, HM_MAX_GO_MOD / 8), "go.mod", HM_GOLANG_MAIN, &f, &err),
		       &err, HM_R_GOLANG_MODFILE);
	free(text);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		struct hm_golang_modfile f = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_modfile_parse(hm_str(whole), "go.mod", HM_GOLANG_MAIN, &f, &err);
		bool is_over = walk_is_over(st, &err);
		hm_golang_modfile_done(&f);
		if (is_over)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),  cmocka_unit_test(test_dependency), cmocka_unit_test(test_work),
		cmocka_unit_test(test_places), cmocka_unit_test(test_limit),      cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/modfile", tests, NULL, NULL);
}
