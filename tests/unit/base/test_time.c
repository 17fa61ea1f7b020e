/* Times: RFC 3339's forms and mistakes, and the calendar against date(1) and timegm(3). */
#include "unit.h"

#include "base/time.h"

#include <time.h>

static void test_good_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t s, ns;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "1969-12-31T23:59:59Z", -1, 0 },
		{ "1969-12-31T23:59:59.5Z", -1, 500000000 },
		{ "2026-11-23T19:57:00Z", 1795463820, 0 },
		{ "2026-11-23t19:57:00z", 1795463820, 0 },
		{ "2026-11-23T20:57:00+01:00", 1795463820, 0 },
		{ "2026-11-23T14:12:00-05:45", 1795463820, 0 },
		{ "2026-11-23T19:57:00-00:00", 1795463820, 0 },
		{ "2026-11-23T19:57:00+00:00", 1795463820, 0 },
		{ "2026-11-24T19:56:00+23:59", 1795463820, 0 },
		{ "1985-04-12T23:20:50.52Z", 482196050, 520000000 }, /* RFC 3339 5.8 */
		{ "1996-12-19T16:39:57-08:00", 851042397, 0 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337173, 870000000 },
		{ "2000-02-29T00:00:00Z", 951782400, 0 },
		{ "2024-02-29T00:00:00Z", 1709164800, 0 },
		{ "2024-12-31T23:59:59.999999999Z", 1735689599, 999999999 },
		{ "2024-12-31T23:59:59.9999999999999Z", 1735689599, 999999999 },
		{ "2024-12-31T23:59:59.000000001Z", 1735689599, 1 },
		{ "2024-12-31T23:59:59.0Z", 1735689599, 0 },
		{ "1677-09-21T00:12:44Z", -9223372036, 0 },
		{ "2262-04-11T23:47:16.854775807Z", INT64_MAX / HM_NS_PER_S, INT64_MAX % HM_NS_PER_S },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ns;
		struct hm_err err;
		assert_ok(hm_time_parse(hm_str(rows[i].text), &ns, &err), &err);
		if (ns != rows[i].s * HM_NS_PER_S + rows[i].ns)
			fail_msg("%s: %lld", rows[i].text, (long long)ns);
	}
}

static void test_bad_times(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"2026",
		"2026-11-23",
		"2026-11-23T19:57:00",
		"2026-11-23 19:57:00Z",
		"2026-11-23T19:57Z",
		"2026-11-23T19:57:00ZZ",
		"2026-11-23T19:57:00Z ",
		" 2026-11-23T19:57:00Z",
		"26-11-23T19:57:00Z",
		"02026-11-23T19:57:00Z",
		"2026-1-23T19:57:00Z",
		"2026-11-3T19:57:00Z",
		"2026/11/23T19:57:00Z",
		"2026-11-23T9:57:00Z",
		"2026-00-23T19:57:00Z",
		"2026-13-23T19:57:00Z",
		"2026-11-00T19:57:00Z",
		"2026-11-31T19:57:00Z",
		"2026-02-29T19:57:00Z",
		"1900-02-29T19:57:00Z",
		"2100-02-29T00:00:00Z",
		"2024-02-30T19:57:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T19:60:00Z",
		"2026-11-23T19:57:60Z",
		"2016-12-31T23:59:60Z",
		"2026-11-23T19:57:00.Z",
		"2026-11-23T19:57:00,5Z",
		"2026-11-23T19:57:00.5",
		"2026-11-23T19:57:00.5x",
		"2026-11-23T19:57:00+0100",
		"2026-11-23T19:57:00+01",
		"2026-11-23T19:57:00+1:00",
		"2026-11-23T19:57:00+24:00",
		"2026-11-23T19:57:00+01:60",
		"2026-11-23T19:57:00 01:00",
		"2026-11-23T19:57:00*01:00",
		"-026-11-23T19:57:00Z",
		"+026-11-23T19:57:00Z",
		"2026-11-23T19:57:0 Z",
		"2026-11-23T19:57:-1Z",
		"2262-04-11T23:47:16.854775808Z", /* past what nanoseconds in 64 bits can say */
		"1677-09-21T00:12:43Z",
		"9999-12-31T23:59:59Z",
		"0000-01-01T00:00:00Z",
		"2026-11-23T19:57:00\342\210\222" /* the minus sign of typesetters */,
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ns = 7;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_time_parse(hm_str(rows[i]), &ns, &err), &err, HM_R_TIME_FORMAT);
		assert_int_equal(ns, 7);
	}
	int64_t ns;
	struct hm_err err = { 0 };
	assert_refused("NUL", hm_time_parse(HM_STR("2026-11-23T19:57:00Z\0"), &ns, &err), &err, HM_R_TIME_FORMAT);
}

/* Every day of 800 years, both ways, and against the C library. */
static void test_calendar(void **state)
{
	(void)state;
	struct hm_date last = { 0 };

	for (int64_t day = -200000; day < 100000; day++) {
		int64_t time_s = day * 86400 + (day & 1 ? 86399 : 0);
		struct hm_date d = hm_time_to_date(time_s);
		struct tm tm;
		time_t t = (time_t)time_s;
		assert_non_null(gmtime_r(&t, &tm));
		if (d.year != tm.tm_year + 1900 || d.month != tm.tm_mon + 1 || d.day != tm.tm_mday ||
		    d.hour != tm.tm_hour || d.minute != tm.tm_min || d.second != tm.tm_sec)
			fail_msg("day %lld", (long long)day);
		assert_true(hm_time_from_date(&d) == time_s);
		last = d;
	}
	assert_int_equal(last.year, 2243);
	struct hm_date first = { 0, 1, 1, 0, 0, 0 }, end = { 9999, 12, 31, 23, 59, 59 };
	struct hm_date back = hm_time_to_date(hm_time_from_date(&first));
	assert_memory_equal(&back, &first, sizeof(first));
	back = hm_time_to_date(hm_time_from_date(&end));
	assert_memory_equal(&back, &end, sizeof(end));
	assert_true(hm_time_from_date(&end) == INT64_C(253402300799));
}

static void test_writing(void **state)
{
	(void)state;
	static const struct {
		int64_t ns;
		const char *s, *ms;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z" },
		{ 1795463820123456789, "2026-11-23T19:57:00Z", "2026-11-23T19:57:00.123Z" },
		{ INT64_MAX, "2262-04-11T23:47:16Z", "2262-04-11T23:47:16.854Z" },
		{ INT64_MIN, "1677-09-21T00:12:43Z", "1677-09-21T00:12:43.145Z" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[HM_TIME_TEXT_LEN];
		hm_time_write(hm_time_floor_s(rows[i].ns), text);
		assert_string_equal(text, rows[i].s);
		hm_time_write_ms(rows[i].ns, text);
		assert_string_equal(text, rows[i].ms);
	}
	/* whatever the number, the text fits */
	static const int64_t far[] = { INT64_MAX, INT64_MIN, INT64_C(253402300800), INT64_C(-62167219201) };
	for (size_t i = 0; i < COUNT(far); i++) {
		char text[HM_TIME_TEXT_LEN];
		hm_time_write(far[i], text);
		assert_true(strlen(text) < sizeof(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_times),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_writing),
	};
	return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
