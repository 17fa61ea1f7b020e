/* Versions and module paths: the tables of semver.org and of the module reference, and what must not pass. */
#include "unit.h"

#include "base/own.h"
#include "golang/path.h"
#include "golang/quote.h"
#include "golang/version.h"

/* semver.org 2.0.0, clause 11, and what Go adds: in rising order. */
static void test_order(void **state)
{
	(void)state;
	static const char *const rising[] = {
		"bad",
		"v1.0.0-0",
		"v1.0.0-9",
		"v1.0.0-10",
		"v1.0.0-alpha",
		"v1.0.0-alpha.1",
		"v1.0.0-alpha.beta",
		"v1.0.0-beta",
		"v1.0.0-beta.2",
		"v1.0.0-beta.11",
		"v1.0.0-rc.1",
		"v1.0.0",
		"v1.0.1-0.20200102030405-abcdefabcdef",
		"v1.0.1",
		"v1.9.0",
		"v1.10.0",
		"v2.0.0+incompatible",
		"v99999999999999999999.0.0",
	};
	for (size_t i = 0; i < COUNT(rising); i++) {
		for (size_t k = 0; k < COUNT(rising); k++) {
			int order = hm_golang_semver_compare(hm_str(rising[i]), hm_str(rising[k]));
			if ((order > 0) - (order < 0) != (i > k) - (i < k))
				fail_msg("%s and %s: %d", rising[i], rising[k], order);
		}
	}
	assert_int_equal(hm_golang_semver_compare(HM_STR("v1"), HM_STR("v1.0.0+meta")), 0);
}

static void test_go_order(void **state)
{
	(void)state;
	static const char *const rising[] = { "x",      "1.9",       "1.20rc1", "1.20",    "1.20.1",
					      "1.21",   "1.21beta1", "1.21rc1", "1.21rc2", "1.21.0",
					      "1.21.1", "1.22rc1",   "1.22.0",  "2" };
	for (size_t i = 0; i < COUNT(rising); i++) {
		for (size_t k = 0; k < COUNT(rising); k++) {
			int order = hm_golang_compare_go(hm_str(rising[i]), hm_str(rising[k]));
			if ((order > 0) - (order < 0) != (i > k) - (i < k))
				fail_msg("%s and %s: %d", rising[i], rising[k], order);
		}
	}
	assert_true(hm_str_is(hm_golang_toolchain_version(HM_STR("go1.22.3-bigcorp")), "1.22.3"));
	assert_int_equal(hm_golang_toolchain_version(HM_STR("gox1.22")).len, 0);
	assert_int_equal(hm_golang_toolchain_version(HM_STR("1.22")).len, 0);
	assert_true(hm_str_is(hm_golang_language_version(HM_STR("1.22.3")), "1.22"));
	assert_true(hm_str_is(hm_golang_language_version(HM_STR("1.22rc1")), "1.22"));
}

static void test_pseudo(void **state)
{
	(void)state;
	static const struct {
		const char *version, *rev; /* NULL: none */
		int64_t time_s;
	} rows[] = {
		{ "v0.0.0-20191109021931-daa7c04131f5", "daa7c04131f5", 1573265971 },
		{ "v1.2.3-pre.0.20191109021931-daa7c04131f5", "daa7c04131f5", 1573265971 },
		{ "v1.2.4-0.20191109021931-daa7c04131f5", "daa7c04131f5", 1573265971 },
		{ "v2.3.1-0.20191109021931-daa7c04131f5+incompatible", "daa7c04131f5", 1573265971 },
		{ "v0.0.0-20200229000000-abc", "abc", 1582934400 },
		{ "v0.0.0-20210229000000-abc", NULL, 0 },
		{ "v0.0.0-20191109021960-abc", NULL, 0 },
		{ "v0.1.0-20191109021931-daa7c04131f5", NULL, 0 },
		{ "v1.2.4-1.20191109021931-daa7c04131f5", NULL, 0 },
		{ "v1.2.3", NULL, 0 },
		{ "v1.2.3-2019", NULL, 0 },
		{ "", NULL, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_pseudo pseudo;
		bool good = hm_golang_pseudo_parse(hm_str(rows[i].version), &pseudo);
		if (good != (rows[i].rev != NULL) ||
		    (good && (!hm_str_is(pseudo.rev, rows[i].rev) || pseudo.time_s != rows[i].time_s)))
			fail_msg("%s", rows[i].version);
	}
}

static void test_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *path, *escaped;
	} rows[] = {
		{ "github.com/BurntSushi/toml", "github.com/!burnt!sushi/toml" },
		{ "golang.org/x/sync", "golang.org/x/sync" },
		{ "example.com/A/B/v2", "example.com/!a/!b/v2" },
	};
	struct hm_err err = { 0 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf there = hm_buf_init(200), back = hm_buf_init(200);
		assert_ok(hm_golang_escape_path(hm_str(rows[i].path), &there, &err), &err);
		assert_string_equal(there.ptr, rows[i].escaped);
		assert_ok(hm_golang_unescape_path(hm_buf_str(&there), &back, &err), &err);
		assert_string_equal(back.ptr, rows[i].path);
	}
	static const char *const bad[] = { "github.com/Burnt", "github.com/!", "github.com/!1",
					   "github.com/!!a",   "nodot/!a",     "" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(200);
		hm_buf_add_cstr(&buf, "before");
		assert_refused(bad[i], hm_golang_unescape_path(hm_str(bad[i]), &buf, &err), &err, HM_R_GOLANG_PATH);
		assert_int_equal(buf.len, 6);
	}
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(200);
	assert_ok(hm_golang_escape_version(HM_STR("v1.0.0-RC1"), &buf, &err), &err);
	assert_string_equal(buf.ptr, "v1.0.0-!r!c1");
	assert_refused("slash", hm_golang_escape_version(HM_STR("a/b"), &buf, &err), &err, HM_R_GOLANG_VERSION);
	assert_refused("bang", hm_golang_escape_version(HM_STR("a!b"), &buf, &err), &err, HM_R_GOLANG_VERSION);
	assert_refused("upwards", hm_golang_escape_version(HM_STR(".."), &buf, &err), &err, HM_R_GOLANG_VERSION);
	assert_refused("upwards", hm_golang_unescape_version(HM_STR(".."), &buf, &err), &err, HM_R_GOLANG_VERSION);
}

static void test_modules(void **state)
{
	(void)state;
	static const struct {
		const char *path, *version;
		enum hm_reason want;
	} rows[] = {
		{ "golang.org/x/sync", "v0.19.0", HM_R_OK }, { "a.b/c/v2", "v2.0.0", HM_R_OK },
		{ "a.b/c", "v2.0.0+incompatible", HM_R_OK }, { "gopkg.in/yaml.v3", "v3.0.1", HM_R_OK },
		{ "a.b/c", "v2.0.0", HM_R_GOLANG_VERSION },  { "a.b/c/v2", "v1.0.0", HM_R_GOLANG_VERSION },
		{ "a.b/c", "master", HM_R_GOLANG_VERSION },  { "c", "v1.0.0", HM_R_GOLANG_PATH },
		{ "../c.d", "v1.0.0", HM_R_GOLANG_PATH },    { "a.b/../c", "v1.0.0", HM_R_GOLANG_PATH },
		{ "/a.b/c", "v1.0.0", HM_R_GOLANG_PATH },    { "a.b/c\\d", "v1.0.0", HM_R_GOLANG_PATH },
		{ "a.b/con", "v1.0.0", HM_R_GOLANG_PATH },   { "a.b/c/v1", "v1.0.0", HM_R_GOLANG_PATH },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = hm_golang_check_module(hm_str(rows[i].path), hm_str(rows[i].version), &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].path, st, &err, rows[i].want);
	}
}

static void test_quotes(void **state)
{
	(void)state;
	static const struct {
		const char *quoted, *want; /* NULL: refused */
	} rows[] = {
		{ "\"\"", "" },
		{ "\"a\"", "a" },
		{ "\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"", "\a\b\f\n\r\t\v\\\"" },
		{ "\"\\x41\\101\\u00e9\\U0001f600\"", "AA\xc3\xa9\xf0\x9f\x98\x80" },
		{ "\"\xff\"", "\xef\xbf\xbd" },
		{ "\"\\xff\"", "\xff" },
		{ "`a\\n\r`", "a\\n" },
		{ "``", "" },
		{ "\"", NULL },
		{ "\"a", NULL },
		{ "\"a\"b", NULL },
		{ "\"\\\"", NULL },
		{ "\"\\'\"", NULL },
		{ "\"\\q\"", NULL },
		{ "\"\\x4\"", NULL },
		{ "\"\\400\"", NULL },
		{ "\"\\08\"", NULL },
		{ "\"\\ud800\"", NULL },
		{ "\"\\U00110000\"", NULL },
		{ "\"a\nb\"", NULL },
		{ "'a'", NULL },
		{ "a", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4096);
		struct hm_str text;
		bool good = hm_golang_unquote(&arena, hm_str(rows[i].quoted), &text);
		if (good != (rows[i].want != NULL) || (good && !hm_str_is(text, rows[i].want)))
			fail_msg("%s", rows[i].quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),   cmocka_unit_test(test_go_order), cmocka_unit_test(test_pseudo),
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_modules),  cmocka_unit_test(test_quotes),
	};
	return cmocka_run_group_tests_name("golang/version", tests, NULL, NULL);
}
