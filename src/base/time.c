#include "base/time.h"

#include "base/plant.h"

#include <stdio.h>

/* Days since 1970-01-01. Years are counted from March, so that the leap day is a year's last. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t hm_time_from_date(const struct hm_date *d)
{
	return days_from_date(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
}

struct hm_date hm_time_to_date(int64_t time_s)
{
	int64_t days = time_s / 86400, rest = time_s % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}

	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct hm_date){
		.year = (int)(yoe + era * 400) + (month <= 2),
		.month = month,
		.day = (int)(doy - (153 * mp + 2) / 5 + 1),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
	};
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Take count digits and then, unless it is 0, the character after. */
static bool take_digits(struct hm_str *s, size_t count, char after, int *ret_number)
{
	int n = 0;

	if (s->len < count + (after != 0))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (s->ptr[i] < '0' || s->ptr[i] > '9')
			return false;
		n = n * 10 + (s->ptr[i] - '0');
	}
	if (after != 0 && s->ptr[count] != after)
		return false;
	*s = hm_str_skip(*s, count + (after != 0));
	*ret_number = n;
	return true;
}

static bool take_fraction(struct hm_str *s, int64_t *ret_ns)
{
	int64_t ns = 0, unit = HM_NS_PER_S / 10;
	size_t i = 1;

	*ret_ns = 0;
	if (s->len == 0 || s->ptr[0] != '.')
		return true;
	for (; i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9'; i++, unit /= 10)
		ns += unit * (s->ptr[i] - '0');
	*s = hm_str_skip(*s, i);
	*ret_ns = ns;
	return i > 1;
}

static bool take_offset(struct hm_str *s, int *ret_minutes)
{
	int hour, minute;

	if (s->len == 1 && (s->ptr[0] == 'Z' || s->ptr[0] == 'z')) {
		*ret_minutes = 0;
		return true;
	}
	if (s->len != 6 || (s->ptr[0] != '+' && s->ptr[0] != '-'))
		return false;
	int sign = s->ptr[0] == '-' ? -1 : 1;
	*s = hm_str_skip(*s, 1);
	if (!take_digits(s, 2, ':', &hour) || !take_digits(s, 2, 0, &minute) || hour > 23 || minute > 59)
		return false;
	*ret_minutes = sign * (hour * 60 + minute);
	return true;
}

static bool parse(struct hm_str s, int64_t *ret_time_ns)
{
	struct hm_date d;
	int64_t ns, time_s;
	int offset;

	if (!take_digits(&s, 4, '-', &d.year) || !take_digits(&s, 2, '-', &d.month) || !take_digits(&s, 2, 0, &d.day))
		return false;
	if (s.len == 0 || (s.ptr[0] != 'T' && s.ptr[0] != 't'))
		return false;
	s = hm_str_skip(s, 1);
	if (!take_digits(&s, 2, ':', &d.hour) || !take_digits(&s, 2, ':', &d.minute) ||
	    !take_digits(&s, 2, 0, &d.second))
		return false;
	if (!take_fraction(&s, &ns) || !take_offset(&s, &offset))
		return false;
	HM_PLANT(offset < 0 && ns > 0);
	if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > days_in_month(d.year, d.month) || d.hour > 23 ||
	    d.minute > 59 || d.second > 59)
		return false;
	time_s = hm_time_from_date(&d) - offset * 60;
	return !__builtin_mul_overflow(time_s, HM_NS_PER_S, ret_time_ns) &&
	       !__builtin_add_overflow(*ret_time_ns, ns, ret_time_ns);
}

enum hm_status hm_time_parse(struct hm_str text, int64_t *ret_time_ns, struct hm_err *err)
{
	int64_t ns;

	if (!parse(text, &ns))
		return hm_fail(err, HM_R_TIME_FORMAT, "'%.*s' is no RFC 3339 time", HM_STR_ARG(hm_str_head(text, 40)));
	*ret_time_ns = ns;
	return HM_OK;
}

void hm_time_write(int64_t time_s, char ret_text[HM_TIME_TEXT_LEN])
{
	struct hm_date d = hm_time_to_date(time_s);

	snprintf(ret_text, HM_TIME_TEXT_LEN, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year % 10000, d.month, d.day, d.hour,
		 d.minute, d.second);
}

int64_t hm_time_floor_s(int64_t time_ns)
{
	return time_ns / HM_NS_PER_S - (time_ns % HM_NS_PER_S < 0);
}

void hm_time_write_ms(int64_t time_ns, char ret_text[HM_TIME_TEXT_LEN])
{
	int64_t ns = time_ns % HM_NS_PER_S;
	struct hm_date d = hm_time_to_date(hm_time_floor_s(time_ns));

	if (ns < 0)
		ns += HM_NS_PER_S;
	snprintf(ret_text, HM_TIME_TEXT_LEN, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", d.year % 10000, d.month, d.day,
		 d.hour, d.minute, d.second, (int)(ns / HM_NS_PER_MS));
}
