/*
 * Times as numbers and as RFC 3339 text.
 *
 * Not here: reading the clock (effects.h); ASN.1 times (crypto).
 * Layer 1. Pure; any thread. Proleptic Gregorian calendar, UTC, no leap seconds.
 */
#ifndef HM_BASE_TIME_H
#define HM_BASE_TIME_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

#define HM_NS_PER_S  INT64_C(1000000000)
#define HM_NS_PER_MS INT64_C(1000000)

/* "2026-11-23T19:57:00Z" and its NUL; with fractions up to nine digits more. */
#define HM_TIME_TEXT_LEN 36

struct hm_date {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
};

/* Calendar to seconds since 1970; the fields must be in range. */
int64_t hm_time_from_date(const struct hm_date *date);

/* Seconds since 1970 to calendar; good for years 0 to 9999. */
struct hm_date hm_time_to_date(int64_t time_s);

/*
 * Read an RFC 3339 time: any offset, fractions to the nanosecond (more digits are cut).
 *
 * Units   ret_time_ns: nanoseconds since 1970, so the years are 1678 to 2262.
 * Errors  HM_EPARSE time.format: also the 30th of February and second 60
 * Source  RFC 3339, 5.6
 */
enum hm_status hm_time_parse(struct hm_str text, int64_t *ret_time_ns, struct hm_err *err) HM_MUST;

/* The second that a time lies in, before 1970 too. */
int64_t hm_time_floor_s(int64_t time_ns);

/* Write seconds as "2026-11-23T19:57:00Z". */
void hm_time_write(int64_t time_s, char ret_text[HM_TIME_TEXT_LEN]);

/* Write nanoseconds with milliseconds, "2026-11-23T19:57:00.123Z". */
void hm_time_write_ms(int64_t time_ns, char ret_text[HM_TIME_TEXT_LEN]);

#endif
