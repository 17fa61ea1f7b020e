/* Decoding, encoding and properties of characters, at the edges of each form. */
#include "unit.h"

#include "base/unicode.h"

static void test_round_trip(void **state)
{
	(void)state;
	static const struct {
		uint32_t rune;
		const char *bytes;
	} rows[] = {
		{ 'a', "a" },
		{ 0x7f, "\x7f" },
		{ 0x80, "\xc2\x80" },
		{ 0x7ff, "\xdf\xbf" },
		{ 0x800, "\xe0\xa0\x80" },
		{ 0xffff, "\xef\xbf\xbf" },
		{ 0x10000, "\xf0\x90\x80\x80" },
		{ 0x10ffff, "\xf4\x8f\xbf\xbf" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_buf buf = hm_buf_init(8);
		struct hm_str s = hm_str(rows[i].bytes);
		assert_int_equal(hm_rune_next(&s), rows[i].rune);
		assert_int_equal(s.len, 0);
		hm_rune_add(&buf, rows[i].rune);
		assert_string_equal(buf.ptr, rows[i].bytes);
		hm_buf_done(&buf);
	}
}

static void test_bad_bytes_one_by_one(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"\x80", "\xff", "\xc3", "\xe2\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str s = hm_str(rows[i]);
		size_t count = 0;
		for (; s.len; count++)
			assert_int_equal(hm_rune_next(&s), HM_RUNE_BAD);
		assert_int_equal(count, strlen(rows[i]));
	}
	struct hm_buf buf = hm_buf_init(8);
	hm_rune_add(&buf, 0xd800);
	assert_string_equal(buf.ptr, "\xef\xbf\xbd");
	hm_buf_done(&buf);
}

static void test_properties(void **state)
{
	(void)state;
	static const struct {
		uint32_t rune;
		bool letter, print, space;
		uint32_t fold;
	} rows[] = {
		{ 'A', true, true, false, 'a' },
		{ 'z', true, true, false, 'z' },
		{ '_', false, true, false, '_' },
		{ ' ', false, true, true, ' ' },
		{ '\t', false, false, true, '\t' },
		{ 0x7f, false, false, false, 0x7f },
		{ 0xa0, false, false, true, 0xa0 },
		{ 0xad, false, false, false, 0xad }, /* soft hyphen: category Cf */
		{ 0xc4, true, true, false, 0xe4 },   /* Ä */
		{ 0x3a3, true, true, false, 0x3c3 }, /* capital sigma; the final one folds to the same */
		{ 0x3c2, true, true, false, 0x3c3 },
		{ 0x1e9e, true, true, false, 0xdf },  /* capital sharp s: simple folding */
		{ 0x212a, true, true, false, 'k' },   /* Kelvin sign */
		{ 0x660, false, true, false, 0x660 }, /* a digit */
		{ 0x4e2d, true, true, false, 0x4e2d },
		{ 0xe000, false, false, false, 0xe000 }, /* private use */
		{ 0x1f600, false, true, false, 0x1f600 },
		{ 0x3000, false, false, true, 0x3000 },
		{ 0x110000, false, false, false, 0x110000 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hm_rune_is_letter(rows[i].rune) != rows[i].letter ||
		    hm_rune_is_print(rows[i].rune) != rows[i].print ||
		    hm_rune_is_space(rows[i].rune) != rows[i].space || hm_rune_fold(rows[i].rune) != rows[i].fold)
			fail_msg("U+%04X", (unsigned)rows[i].rune);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_bytes_one_by_one),
		cmocka_unit_test(test_properties),
	};
	return cmocka_run_group_tests_name("base/unicode", tests, NULL, NULL);
}
