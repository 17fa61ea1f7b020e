/* Timestamps as the peers find them, which is as Go's time.Parse reads four layouts. See yaml_time.h. */
#include "data/yaml_time.h"

#include "base/time.h"

#include <stdio.h>

/* Take a number of up to `most` digits off; false where there is none. */
static bool take_number(struct hm_str *s, size_t least, size_t most, int *ret_number)
{
	size_t n = 0;

	*ret_number = 0;
	for (; n < most && n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9'; n++)
		*ret_number = *ret_number * 10 + (s->ptr[n] - '0');
	*s = hm_str_skip(*s, n);
	return n >= least;
}

static bool take_char(struct hm_str *s, const char *any_of, char *ret_char)
{
	if (s->len == 0 || !s->ptr[0] || !strchr(any_of, s->ptr[0]))
		return false;
	*ret_char = s->ptr[0];
	*s = hm_str_skip(*s, 1);
	return true;
}

static bool take_clock(struct hm_str *s, struct hm_yaml_time *t)
{
	struct hm_date *d = &t->date;
	char c;

	if (!take_number(s, 1, 2, &d->hour) || !take_char(s, ":", &c) || !take_number(s, 1, 2, &d->minute) ||
	    !take_char(s, ":", &c) || !take_number(s, 1, 2, &d->second))
		return false;
	if (d->hour > 23 || d->minute > 59 || d->second > 59)
		return false;
	/* Any number of digits behind a point or a comma; those past the ninth are cut. */
	if (s->len < 2 || (s->ptr[0] != '.' && s->ptr[0] != ',') || s->ptr[1] < '0' || s->ptr[1] > '9')
		return true;
	*s = hm_str_skip(*s, 1);
	for (; s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9'; *s = hm_str_skip(*s, 1)) {
		if (t->fraction_len < (int)sizeof(t->fraction))
			t->fraction[t->fraction_len++] = s->ptr[0];
	}
	while (t->fraction_len > 0 && t->fraction[t->fraction_len - 1] == '0')
		t->fraction_len--;
	return true;
}

static bool take_zone(struct hm_str *s, struct hm_yaml_time *t)
{
	int hours, minutes;
	char sign, c;

	if (take_char(s, "Z", &c))
		return true;
	if (!take_char(s, "+-", &sign) || !take_number(s, 2, 2, &hours) || !take_char(s, ":", &c) ||
	    !take_number(s, 2, 2, &minutes) || hours > 24 || minutes > 60)
		return false;
	t->offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return true;
}

static bool is_real_day(const struct hm_date *date)
{
	if (date->month < 1 || date->month > 12 || date->day < 1 || date->day > 31)
		return false;
	/* the 31st of a month of 30 days comes back as another date */
	struct hm_date back = hm_time_to_date(hm_time_from_date(date));
	return back.month == date->month && back.day == date->day;
}

bool hm_yaml_time_parse(struct hm_str text, struct hm_yaml_time *ret_time)
{
	struct hm_yaml_time t = { 0 };
	char c;

	if (!take_number(&text, 4, 4, &t.date.year) || !take_char(&text, "-", &c) ||
	    !take_number(&text, 1, 2, &t.date.month) || !take_char(&text, "-", &c) ||
	    !take_number(&text, 1, 2, &t.date.day) || !is_real_day(&t.date))
		return false;
	if (text.len > 0) {
		if (!take_char(&text, "Tt ", &c) || !take_clock(&text, &t))
			return false;
		if (c != ' ' && !take_zone(&text, &t))
			return false;
	}
	*ret_time = t;
	return text.len == 0;
}

bool hm_yaml_time_write(const struct hm_yaml_time *time, char ret_text[HM_YAML_TIME_LEN])
{
	const struct hm_date *d = &time->date;
	int offset = time->offset_minutes < 0 ? -time->offset_minutes : time->offset_minutes;

	if (offset >= 24 * 60)
		return false;
	int len =
	    snprintf(ret_text, HM_YAML_TIME_LEN, "%04d-%02d-%02dT%02d:%02d:%02d%s%.*s", d->year, d->month, d->day,
		     d->hour, d->minute, d->second, time->fraction_len ? "." : "", time->fraction_len, time->fraction);
	if (offset == 0)
		snprintf(ret_text + len, HM_YAML_TIME_LEN - (size_t)len, "Z");
	else
		snprintf(ret_text + len, HM_YAML_TIME_LEN - (size_t)len, "%c%02d:%02d",
			 time->offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
	return true;
}
