#include "http/date.h"

#include "base/time.h"

#include <stdio.h>

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* 1970-01-01 was a Thursday. */
static int day_of_week(int64_t time_s)
{
	int64_t day = time_s / 86400 - (time_s % 86400 < 0);

	return (int)(((day + 4) % 7 + 7) % 7);
}

static bool read_digits(const char *text, size_t len, int *ret_number)
{
	*ret_number = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*ret_number = *ret_number * 10 + (text[i] - '0');
	}
	return true;
}

static int read_month(const char *text)
{
	for (int i = 0; i < 12; i++) {
		if (memcmp(months + 3 * i, text, 3) == 0)
			return i + 1;
	}
	return 0;
}

static bool read_date(const char *p, int64_t *ret_time_s)
{
	/*                     0         1         2
	 *                     01234567890123456789012345678 */
	static const char form[] = "###, ## ### #### ##:##:## GMT";
	struct hm_date d = { .month = read_month(p + 8) };

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] != '#' && form[i] != p[i])
			return false;
	}
	if (d.month == 0 || !read_digits(p + 5, 2, &d.day) || !read_digits(p + 12, 4, &d.year) ||
	    !read_digits(p + 17, 2, &d.hour) || !read_digits(p + 20, 2, &d.minute) ||
	    !read_digits(p + 23, 2, &d.second))
		return false;
	if (d.day < 1 || d.day > 31 || d.hour > 23 || d.minute > 59 || d.second > 59)
		return false;
	int64_t time_s = hm_time_from_date(&d);
	struct hm_date back = hm_time_to_date(time_s);
	if (back.day != d.day || memcmp(days + 3 * day_of_week(time_s), p, 3) != 0)
		return false;
	*ret_time_s = time_s;
	return true;
}

enum hm_status hm_http_date_parse(struct hm_str text, int64_t *ret_time_s, struct hm_err *err)
{
	if (text.len != HM_HTTP_DATE_LEN - 1 || !read_date(text.ptr, ret_time_s))
		return hm_fail(err, HM_R_TIME_FORMAT, "'%.*s' is not a date as HTTP writes it",
			       HM_STR_ARG(hm_str_head(text, 40)));
	return HM_OK;
}

void hm_http_date_write(int64_t time_s, char ret_text[HM_HTTP_DATE_LEN])
{
	struct hm_date d = hm_time_to_date(time_s);
	char text[64];

	snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * day_of_week(time_s), d.day,
		 months + 3 * (d.month - 1), d.year, d.hour, d.minute, d.second);
	memcpy(ret_text, text, HM_HTTP_DATE_LEN - 1);
	ret_text[HM_HTTP_DATE_LEN - 1] = '\0';
}
