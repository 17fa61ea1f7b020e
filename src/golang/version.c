#include "golang/version.h"

#include "base/plant.h"
#include "base/time.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t digits(struct hm_str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return n;
}

/* Take a number without a needless zero off the front. */
static bool cut_number(struct hm_str *s, struct hm_str *ret_number)
{
	size_t n = digits(*s);

	if (n == 0 || (n > 1 && s->ptr[0] == '0'))
		return false;
	*ret_number = hm_str_head(*s, n);
	*s = hm_str_skip(*s, n);
	return true;
}

static bool cut_char(struct hm_str *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = hm_str_skip(*s, 1);
	return true;
}

/* Numbers as text, so that they may be of any length: the longer one is larger. */
static int compare_numbers(struct hm_str a, struct hm_str b)
{
	return a.len != b.len ? (a.len > b.len) - (a.len < b.len) : hm_str_cmp(a, b);
}

/* --- semantic versions --- */

/* One dotted identifier of a prerelease or build part. */
static bool good_identifier(struct hm_str id, bool numbers_are_plain)
{
	if (id.len == 0)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (!is_alnum(id.ptr[i]) && id.ptr[i] != '-')
			return false;
	}
	return !(numbers_are_plain && id.len > 1 && id.ptr[0] == '0' && digits(id) == id.len);
}

/* The part that begins with sign, up to `end` or the end of s. */
static bool cut_part(struct hm_str *s, char sign, char end, bool numbers_are_plain, struct hm_str *ret_part)
{
	struct hm_str rest = *s, id;

	if (!cut_char(&rest, sign))
		return true;
	ptrdiff_t at = end ? hm_str_find_char(rest, end) : -1;
	if (at >= 0)
		rest = hm_str_head(rest, (size_t)at);
	*ret_part = hm_str_head(*s, rest.len + 1);
	*s = hm_str_skip(*s, rest.len + 1);
	if (rest.len == 0)
		return false;
	while (hm_str_next(&rest, '.', &id)) {
		if (!good_identifier(id, numbers_are_plain))
			return false;
	}
	return true;
}

bool hm_golang_semver_parse(struct hm_str version, struct hm_golang_semver *ret_parts)
{
	static const struct hm_str zero = { "0", 1 };
	struct hm_golang_semver v = { .minor = zero, .patch = zero, .given = 1 };
	struct hm_str rest = version;

	if (!cut_char(&rest, 'v') || !cut_number(&rest, &v.major))
		return false;
	if (rest.len && (!cut_char(&rest, '.') || !cut_number(&rest, &v.minor)))
		return false;
	v.given = rest.ptr == v.major.ptr + v.major.len ? 1 : 2;
	if (v.given == 2 && rest.len) {
		if (!cut_char(&rest, '.') || !cut_number(&rest, &v.patch))
			return false;
		v.given = 3;
		if (!cut_part(&rest, '-', '+', true, &v.prerelease) || !cut_part(&rest, '+', '\0', false, &v.build))
			return false;
	}
	if (rest.len)
		return false;
	*ret_parts = v;
	return true;
}

/* semver.org 2.0.0 clause 11: numbers before words, a shorter list before a longer one that begins with it. */
static int compare_prerelease(struct hm_str a, struct hm_str b)
{
	struct hm_str x, y;

	if (a.len == 0 || b.len == 0)
		return (a.len == 0) - (b.len == 0);
	for (;;) {
		bool more_a = hm_str_next(&a, '.', &x), more_b = hm_str_next(&b, '.', &y);
		if (!more_a || !more_b)
			return more_a - more_b;
		if (hm_str_eq(x, y))
			continue;
		bool number_x = digits(x) == x.len, number_y = digits(y) == y.len;
		if (number_x != number_y)
			return number_x ? -1 : 1;
		return number_x ? compare_numbers(x, y) : hm_str_cmp(x, y);
	}
}

int hm_golang_semver_compare(struct hm_str a, struct hm_str b)
{
	struct hm_golang_semver x, y;
	bool good_x = hm_golang_semver_parse(a, &x), good_y = hm_golang_semver_parse(b, &y);

	if (!good_x || !good_y)
		return good_x - good_y;
	int order = compare_numbers(x.major, y.major);
	if (order == 0)
		order = compare_numbers(x.minor, y.minor);
	if (order == 0)
		order = compare_numbers(x.patch, y.patch);
	return order ? order : compare_prerelease(hm_str_skip(x.prerelease, 1), hm_str_skip(y.prerelease, 1));
}

bool hm_golang_version_canonical(struct hm_str version, struct hm_buf *buf)
{
	struct hm_golang_semver v;

	if (!hm_golang_semver_parse(version, &v))
		return false;
	hm_buf_add_str(buf, hm_str_head(version, version.len - v.build.len));
	hm_buf_add_cstr(buf, v.given == 1 ? ".0.0" : v.given == 2 ? ".0" : "");
	if (hm_str_is(v.build, "+incompatible"))
		hm_buf_add_str(buf, v.build);
	return true;
}

bool hm_golang_version_is_canonical(struct hm_str version)
{
	struct hm_golang_semver v;

	return hm_golang_semver_parse(version, &v) && v.given == 3 &&
	       (v.build.len == 0 || hm_str_is(v.build, "+incompatible"));
}

/* --- pseudo-versions --- */

enum { time_len = 14 }; /* yyyymmddhhmmss */

/*
 * The two parts that a pseudo-version ends in. Its three forms are vX.0.0-TIME-REV, vX.Y.Z-PRE.0.TIME-REV and
 * vX.Y.(Z+1)-0.TIME-REV.
 */
static bool split_pseudo(struct hm_str version, struct hm_str *ret_time, struct hm_str *ret_rev)
{
	struct hm_golang_semver v;

	if (!hm_golang_semver_parse(version, &v) || v.prerelease.len == 0)
		return false;
	struct hm_str pre = hm_str_skip(v.prerelease, 1);
	ptrdiff_t dash = hm_str_find_last_char(pre, '-');
	if (dash < time_len)
		return false;
	struct hm_str before = hm_str_head(pre, (size_t)dash - time_len), time = { pre.ptr + before.len, time_len };
	struct hm_str rev = hm_str_skip(pre, (size_t)dash + 1);
	for (size_t i = 0; i < rev.len; i++) {
		if (!is_alnum(rev.ptr[i]))
			return false;
	}
	if (rev.len == 0 || digits(time) != time_len)
		return false;
	bool first_form = before.len == 0 && hm_str_is(v.minor, "0") && hm_str_is(v.patch, "0");
	if (!first_form && !hm_str_is(before, "0.") && !hm_str_has_suffix(before, HM_STR(".0.")))
		return false;
	*ret_time = time;
	*ret_rev = rev;
	return true;
}

bool hm_golang_version_is_pseudo(struct hm_str version)
{
	struct hm_str time, rev;

	return split_pseudo(version, &time, &rev);
}

static int number(const char *digits, size_t count)
{
	int n = 0;

	for (size_t i = 0; i < count; i++)
		n = n * 10 + (digits[i] - '0');
	return n;
}

/* Not through hm_time_parse(): the zero pseudo-version says the year 1, which nanoseconds do not reach. */
static bool read_time(struct hm_str digits, int64_t *ret_time_s)
{
	const char *p = digits.ptr;
	const struct hm_date date = { number(p, 4),     number(p + 4, 2),  number(p + 6, 2),
				      number(p + 8, 2), number(p + 10, 2), number(p + 12, 2) };

	if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31 || date.hour > 23 || date.minute > 59 ||
	    date.second > 59)
		return false;
	*ret_time_s = hm_time_from_date(&date);
	return hm_time_to_date(*ret_time_s).day == date.day; /* the 30th of February is the 1st or 2nd of March */
}

bool hm_golang_pseudo_parse(struct hm_str version, struct hm_golang_pseudo *ret_pseudo)
{
	struct hm_str digits, rev;
	int64_t time_s;

	if (!split_pseudo(version, &digits, &rev) || !read_time(digits, &time_s))
		return false;
	HM_PLANT(rev.len == 10);
	*ret_pseudo = (struct hm_golang_pseudo){ time_s, rev };
	return true;
}

/* --- versions of Go --- */

struct go_version {
	struct hm_str major, minor, patch, kind, pre;
};

/* "1", "1.21", "1.21.0", "1.21rc1"; before 1.21 a release without a third number had none, and is the .0. */
static bool parse_go(struct hm_str s, struct go_version *ret_version)
{
	static const struct hm_str zero = { "0", 1 };
	struct go_version v = { .kind = { "", 0 } };

	if (!cut_number(&s, &v.major))
		return false;
	*ret_version = v;
	ret_version->minor = ret_version->patch = zero;
	if (s.len == 0)
		return true;
	if (!cut_char(&s, '.') || !cut_number(&s, &v.minor))
		return false;
	if (s.len == 0 && compare_numbers(v.minor, HM_STR("21")) < 0)
		v.patch = zero;
	if (s.len && s.ptr[0] == '.') {
		if (!cut_char(&s, '.') || !cut_number(&s, &v.patch) || s.len)
			return false;
	} else if (s.len) {
		size_t n = 0;
		while (n < s.len && s.ptr[n] >= 'a' && s.ptr[n] <= 'z')
			n++;
		v.kind = hm_str_head(s, n);
		s = hm_str_skip(s, n);
		if (n == 0 || (s.len && (!cut_number(&s, &v.pre) || s.len)))
			return false;
	}
	*ret_version = v;
	return true;
}

int hm_golang_compare_go(struct hm_str a, struct hm_str b)
{
	struct go_version x, y;
	bool good_x = parse_go(a, &x), good_y = parse_go(b, &y);

	if (!good_x || !good_y)
		return good_x - good_y;
	int order = compare_numbers(x.major, y.major);
	if (order == 0)
		order = compare_numbers(x.minor, y.minor);
	if (order == 0)
		order = compare_numbers(x.patch, y.patch);
	if (order == 0)
		order = hm_str_cmp(x.kind, y.kind); /* "" < alpha < beta < rc */
	return order ? order : compare_numbers(x.pre, y.pre);
}

bool hm_golang_is_go_version(struct hm_str version)
{
	struct go_version v;

	return parse_go(version, &v);
}

struct hm_str hm_golang_toolchain_version(struct hm_str name)
{
	static const struct hm_str none = { "", 0 };

	if (!hm_str_has_prefix(name, HM_STR("go")))
		return none;
	struct hm_str version = hm_str_skip(name, 2);
	size_t end = 0;
	while (end < version.len && version.ptr[end] != '-' && version.ptr[end] != ' ' && version.ptr[end] != '\t')
		end++;
	if (hm_str_find_char(name, '/') >= 0 || hm_str_find_char(name, '\\') >= 0)
		return none;
	version = hm_str_head(version, end);
	return hm_golang_is_go_version(version) ? version : none;
}

struct hm_str hm_golang_language_version(struct hm_str version)
{
	struct go_version v;

	if (!parse_go(version, &v))
		return (struct hm_str){ "", 0 };
	bool has_minor = hm_str_find_char(version, '.') >= 0;
	if (!has_minor || (hm_str_is(v.major, "1") && hm_str_is(v.minor, "0")))
		return v.major;
	return hm_str_head(version, v.major.len + 1 + v.minor.len);
}
