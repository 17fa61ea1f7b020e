/* Views of text: searching, splitting, numbers, UTF-8. */
#include "unit.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"

static void test_order(void **state)
{
	(void)state;
	static const struct {
		struct hm_str a, b;
		int want;
	} rows[] = {
		{ HM_STR(""), HM_STR(""), 0 },      { HM_STR(""), HM_STR("a"), -1 },
		{ HM_STR("a"), HM_STR("a"), 0 },    { HM_STR("a"), HM_STR("ab"), -1 },
		{ HM_STR("b"), HM_STR("ab"), 1 },   { HM_STR("a\0a"), HM_STR("a\0b"), -1 },
		{ HM_STR("\xff"), HM_STR("a"), 1 }, { { NULL, 0 }, HM_STR(""), 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int c = hm_str_cmp(rows[i].a, rows[i].b), d = hm_str_cmp(rows[i].b, rows[i].a);
		assert_int_equal((c > 0) - (c < 0), rows[i].want);
		assert_int_equal((d > 0) - (d < 0), -rows[i].want);
		assert_int_equal(hm_str_eq(rows[i].a, rows[i].b), rows[i].want == 0);
	}
}

static void test_finding(void **state)
{
	(void)state;
	struct hm_str s = HM_STR("abcabc"), none = { 0 };

	assert_int_equal(hm_str_find(s, HM_STR("ca")), 2);
	assert_int_equal(hm_str_find(s, HM_STR("")), 0);
	assert_int_equal(hm_str_find(none, HM_STR("")), 0);
	assert_int_equal(hm_str_find(none, HM_STR("a")), -1);
	assert_int_equal(hm_str_find(s, HM_STR("abcabcd")), -1);
	assert_int_equal(hm_str_find_char(s, 'c'), 2);
	assert_int_equal(hm_str_find_last_char(s, 'c'), 5);
	assert_int_equal(hm_str_find_char(s, 'x'), -1);
	assert_int_equal(hm_str_find_char(none, 'x'), -1);
	assert_int_equal(hm_str_find_last_char(none, 'x'), -1);
	assert_true(hm_str_has_prefix(s, HM_STR("abc")) && hm_str_has_prefix(s, none));
	assert_false(hm_str_has_prefix(HM_STR("ab"), HM_STR("abc")));
	assert_true(hm_str_has_suffix(s, HM_STR("bc")) && hm_str_has_suffix(none, none));
	assert_false(hm_str_has_suffix(HM_STR("bc"), HM_STR("abc")));
	assert_true(hm_str_is(hm_str_skip(s, 4), "bc"));
	assert_int_equal(hm_str_skip(s, 6).len, 0);
	assert_int_equal(hm_str_skip(s, 7).len, 0);
	assert_int_equal(hm_str_skip(none, 7).len, 0);
	assert_true(hm_str_is(hm_str_head(s, 2), "ab") && hm_str_is(hm_str_head(s, 9), "abcabc"));
	assert_true(hm_str_is(hm_str_trim(HM_STR(" \t\r\na b \n")), "a b"));
	assert_int_equal(hm_str_trim(HM_STR(" \n ")).len, 0);
	assert_int_equal(hm_str_trim(none).len, 0);
	assert_int_equal(hm_str(NULL).len, 0);
}

static void test_splitting(void **state)
{
	(void)state;
	static const struct {
		const char *text; /* NULL: no text at all */
		size_t count;
		const char *parts[4];
	} rows[] = {
		{ NULL, 0, { 0 } },          { "", 1, { "" } },        { "a", 1, { "a" } },
		{ "a,b", 2, { "a", "b" } },  { "a,", 2, { "a", "" } }, { ",a", 2, { "", "a" } },
		{ ",,", 3, { "", "", "" } },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str rest = hm_str(rows[i].text), part;
		size_t count = 0;
		while (hm_str_next(&rest, ',', &part)) {
			assert_true(count < rows[i].count);
			assert_true(hm_str_is(part, rows[i].parts[count]));
			count++;
		}
		assert_int_equal(count, rows[i].count);
	}

	struct hm_str head, tail;
	assert_true(hm_str_cut(HM_STR("a=b=c"), '=', &head, &tail));
	assert_true(hm_str_is(head, "a") && hm_str_is(tail, "b=c"));
	assert_true(hm_str_cut(HM_STR("a="), '=', &head, &tail));
	assert_true(hm_str_is(head, "a") && tail.len == 0);
	assert_false(hm_str_cut(HM_STR("abc"), '=', &head, &tail));
	assert_true(hm_str_is(head, "abc") && tail.len == 0);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool u, i;
		uint64_t u64;
		int64_t i64;
	} rows[] = {
		{ "0", true, true, 0, 0 },
		{ "7", true, true, 7, 7 },
		{ "18446744073709551615", true, false, UINT64_MAX, 0 },
		{ "18446744073709551616", false, false, 0, 0 },
		{ "18446744073709551625", false, false, 0, 0 },
		{ "99999999999999999999", false, false, 0, 0 },
		{ "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0 },
		{ "-1", false, true, 0, -1 },
		{ "-9223372036854775808", false, true, 0, INT64_MIN },
		{ "-9223372036854775809", false, false, 0, 0 },
		{ "-0", false, false, 0, 0 },
		{ "", false, false, 0, 0 },
		{ "-", false, false, 0, 0 },
		{ "+1", false, false, 0, 0 },
		{ "00", false, false, 0, 0 },
		{ "01", false, false, 0, 0 },
		{ "-01", false, false, 0, 0 },
		{ " 1", false, false, 0, 0 },
		{ "1 ", false, false, 0, 0 },
		{ "1a", false, false, 0, 0 },
		{ "0x1", false, false, 0, 0 },
		{ "--1", false, false, 0, 0 },
		{ "\xd9\xa1", false, false, 0, 0 }, /* a digit of another script */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t u = 0;
		int64_t s = 0;
		if (hm_str_to_u64(hm_str(rows[i].text), &u) != rows[i].u || u != rows[i].u64)
			fail_msg("u64 '%s'", rows[i].text);
		if (hm_str_to_i64(hm_str(rows[i].text), &s) != rows[i].i || s != rows[i].i64)
			fail_msg("i64 '%s'", rows[i].text);
	}
}

/* Unicode 15, table 3-7, at both sides of every edge. */
/* Each character is written, is as long as it says, and reads back; those at the edges of the lengths among them. */
static void test_utf8_characters(void **state)
{
	(void)state;
	static const struct {
		uint32_t c;
		const char *want;
	} rows[] = {
		{ 0x7f, "\x7f" },
		{ 0x80, "\xc2\x80" },
		{ 0x7ff, "\xdf\xbf" },
		{ 0x800, "\xe0\xa0\x80" },
		{ 0xfffd, "\xef\xbf\xbd" },
		{ 0xffff, "\xef\xbf\xbf" },
		{ 0x10000, "\xf0\x90\x80\x80" },
		{ 0x10ffff, "\xf4\x8f\xbf\xbf" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[4];
		size_t len = hm_utf8_write(text, rows[i].c);
		assert_true(hm_str_is(hm_str_of(text, len), rows[i].want));
		assert_int_equal(hm_utf8_len(hm_str_of(text, len)), len);
		assert_int_equal(hm_utf8_len(hm_str_of(text, len - 1)), 0);
	}
	assert_int_equal(hm_utf8_len(HM_STR("ab")), 1);
	assert_int_equal(hm_utf8_len(HM_STR("\xed\xa0\x80")), 0);
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "", true },
		{ "plain \x01\x7f", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },
		{ "\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "a\xc2\x80z", true },
		{ "\x80", false }, /* a continuation first */
		{ "\xbf", false },
		{ "\xc0\x80", false }, /* overlong NUL */
		{ "\xc0\xaf", false }, /* overlong slash */
		{ "\xc1\xbf", false },
		{ "\xe0\x80\xaf", false },
		{ "\xe0\x9f\xbf", false },     /* overlong U+07FF */
		{ "\xed\xa0\x80", false },     /* first surrogate */
		{ "\xed\xbf\xbf", false },     /* last surrogate */
		{ "\xf0\x8f\xbf\xbf", false }, /* overlong U+FFFF */
		{ "\xf4\x90\x80\x80", false }, /* U+110000 */
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
		{ "\xfe", false },
		{ "\xc2", false }, /* cut */
		{ "\xe2\x82", false },
		{ "\xf0\x90\x80", false },
		{ "\xc2z", false }, /* no continuation */
		{ "\xe2\x82z", false },
		{ "\xe2z\x82", false },
		{ "\xf0\x90\x80z", false },
		{ "\xc2\xc0", false },
		{ "\xe2\x82\xc0", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hm_str_is_utf8(hm_str(rows[i].text)) != rows[i].want)
			fail_msg("row %zu", i);
	}
	assert_true(hm_str_is_utf8(HM_STR("a\0b")));
	assert_true(hm_str_is_printable(HM_STR(" ~")) && hm_str_is_printable(HM_STR("")));
	assert_false(hm_str_is_printable(HM_STR("\x1f")) || hm_str_is_printable(HM_STR("\x7f")) ||
		     hm_str_is_printable(HM_STR("\x80")) || hm_str_is_printable(HM_STR("a\0")));
}

static void test_copies(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *copy = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_str_dup(HM_STR("text"), &copy, &err), &err);
	assert_string_equal(copy, "text");
	HM_OWN(hm_freep) char *empty = NULL;
	assert_ok(hm_str_dup((struct hm_str){ 0 }, &empty, &err), &err);
	assert_string_equal(empty, "");
	char *none = NULL;
	assert_refused("NUL", hm_str_dup(HM_STR("a\0b"), &none, &err), &err, HM_R_ENCODING);
	hm_mem_fail_at(1);
	assert_refused("memory", hm_str_dup(HM_STR("a"), &none, &err), &err, HM_R_NO_MEMORY);
	hm_mem_fail_at(1);
	assert_null(hm_asprintf("%d", 1));
	hm_mem_fail_at(0);
	assert_null(none);
	HM_OWN(hm_freep) char *printed = hm_asprintf("%s-%05d", "x", 42);
	assert_string_equal(printed, "x-00042");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),   cmocka_unit_test(test_finding), cmocka_unit_test(test_splitting),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_utf8),    cmocka_unit_test(test_utf8_characters),
		cmocka_unit_test(test_copies),
	};
	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
