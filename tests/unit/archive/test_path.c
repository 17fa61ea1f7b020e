/* Names and links of archives: one row for each way to lead out of a folder. */
#include "unit.h"

#include "archive/path.h"
#include "base/limits.h"
#include "base/own.h"

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *path, *want; /* NULL: refused */
	} rows[] = {
		{ "a", "a" },
		{ "a/b/c", "a/b/c" },
		{ "./a", "a" },
		{ "a/./b//c/", "a/b/c" },
		{ "./", "" },
		{ ".", "" },
		{ "...", "..." },
		{ "..a/b..", "..a/b.." },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "", NULL },
		{ "/", NULL },
		{ "/etc/passwd", NULL },
		{ "//a", NULL },
		{ "..", NULL },
		{ "../a", NULL },
		{ "a/../b", NULL },
		{ "a/..", NULL },
		{ "./../a", NULL },
		{ "a\\..\\b", NULL },
		{ "a\nb", NULL },
		{ "a\x7f", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(HM_MAX_ARCHIVE_PATH);
		struct hm_err err = { 0 };
		enum hm_status st = hm_archive_clean_path(hm_str(rows[i].path), &clean, &err);
		if (!rows[i].want)
			assert_refused(rows[i].path, st, &err, HM_R_ARCHIVE_PATH);
		else if (st != HM_OK || !hm_str_is(hm_buf_str(&clean), rows[i].want))
			fail_msg("'%s' gives '%.*s'", rows[i].path, HM_STR_ARG(hm_buf_str(&clean)));
	}
}

static enum hm_status clean_made(size_t parts, size_t part_len, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf path = hm_buf_init(HM_MIB), clean = hm_buf_init(HM_MAX_ARCHIVE_PATH);

	for (size_t i = 0; i < parts; i++) {
		if (i)
			hm_buf_add_char(&path, '/');
		memset(hm_buf_add_space(&path, part_len), 'x', part_len);
	}
	return hm_archive_clean_path(hm_buf_str(&path), &clean, err);
}

static void test_limits(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	assert_ok(clean_made(1, 255, &err), &err);
	assert_refused("part", clean_made(1, 256, &err), &err, HM_R_ARCHIVE_PATH);
	assert_ok(clean_made(HM_MAX_ARCHIVE_DEPTH, 1, &err), &err);
	assert_refused("depth", clean_made(HM_MAX_ARCHIVE_DEPTH + 1, 1, &err), &err, HM_R_ARCHIVE_PATH);
	assert_ok(clean_made(HM_MAX_ARCHIVE_PATH / 200, 199, &err), &err);
	assert_refused("path", clean_made(HM_MAX_ARCHIVE_PATH / 200 + 1, 199, &err), &err, HM_R_ARCHIVE_PATH);
	struct hm_buf clean = hm_buf_init(10);
	assert_refused("NUL", hm_archive_clean_path(HM_STR("a\0b"), &clean, &err), &err, HM_R_ARCHIVE_PATH);
}

static void test_links(void **state)
{
	(void)state;
	static const struct {
		const char *path, *target;
		bool good;
	} rows[] = {
		{ "a", "b", true },
		{ "a", "./b/c", true },
		{ "d/a", "../b", true },
		{ "d/e/a", "../../b", true },
		{ "d/a", "..", true },
		{ "a", ".", true },
		{ "a", "/etc", false },
		{ "a", "", false },
		{ "a", "..", false },
		{ "a", "../b", false },
		{ "d/a", "../../b", false },
		{ "d/a", "./../../b", false },
		{ "d/a", "b/../../..", false },
		{ "d/a", "l/..", false }, /* l may be a link to anywhere below the root */
		{ "a", "b\\c", false },
		{ "a", "b\nc", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = hm_archive_check_link(hm_str(rows[i].path), hm_str(rows[i].target), &err);
		if (rows[i].good)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].target, st, &err, HM_R_ARCHIVE_LINK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_links),
	};
	return cmocka_run_group_tests_name("archive/path", tests, NULL, NULL);
}
