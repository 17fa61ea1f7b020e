/*
 * Dates in headers: "Sun, 06 Nov 1994 08:49:37 GMT".
 *
 * Layer 3. Pure; any thread.
 */
#ifndef HM_HTTP_DATE_H
#define HM_HTTP_DATE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* The text and its NUL. */
#define HM_HTTP_DATE_LEN 30

/*
 * Read the one form that is still sent.
 *
 * Units   ret_time_s: seconds since 1970.
 * Errors  HM_EPARSE time.format: any other form, a day of the week that is not that day's
 * Source  RFC 9110, 5.6.7 (IMF-fixdate)
 */
enum hm_status hm_http_date_parse(struct hm_str text, int64_t *ret_time_s, struct hm_err *err) HM_MUST;

/* Write seconds since 1970; years 0 to 9999. */
void hm_http_date_write(int64_t time_s, char ret_text[HM_HTTP_DATE_LEN]);

#endif
