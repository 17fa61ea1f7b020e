#include "data/json_scan.h"

#include "base/plant.h"

#include <stdio.h>

const struct hm_json_opts hm_json_as_go = {
	.duplicates = HM_DUP_LAST,
	.replace_invalid = true,
	.max_depth = HM_TOP_JSON_DEPTH,
};

enum hm_status hm_json_scan_init(struct hm_json_scan *scan, struct hm_str text, const struct hm_json_opts *opts,
				 struct hm_err *err)
{
	*scan = (struct hm_json_scan){ .begin = text.ptr, .end = text.ptr + text.len };
	if (opts)
		scan->opts = *opts;
	struct hm_json_opts *o = &scan->opts;
	if (o->max_depth == 0)
		o->max_depth = HM_MAX_JSON_DEPTH;
	if (o->max_members == 0)
		o->max_members = HM_MAX_JSON_MEMBERS;
	if (o->max_size == 0)
		o->max_size = HM_MAX_JSON_SIZE;
	if (o->max_depth > HM_TOP_JSON_DEPTH || o->max_size > UINT32_MAX)
		return hm_fail(err, HM_R_USAGE, "JSON deeper than %d or of 4 GiB cannot be read", HM_TOP_JSON_DEPTH);
	if (text.len > o->max_size)
		return hm_fail(err, HM_R_JSON_LIMIT, "%zu bytes of JSON are over the limit of %zu", text.len,
			       o->max_size);
	/* RFC 8259 8.1: a reader may ignore the mark; one that is refused can hide nothing. */
	if (hm_str_has_prefix(text, HM_STR("\xef\xbb\xbf")))
		return hm_at(err, hm_fail(err, HM_R_JSON_ENCODING, "a byte order mark"), NULL, 1, 1);
	return HM_OK;
}

const char *hm_json_mistake(struct hm_json_scan *scan, enum hm_reason reason, const char *where, const char *what)
{
	scan->reason = reason;
	scan->where = where;
	scan->what = what;
	return NULL;
}

const char *hm_json_wanted(struct hm_json_scan *scan, const char *p, const char *what)
{
	return hm_json_mistake(scan, HM_R_JSON_SYNTAX, p, what);
}

static enum hm_status fail_at(struct hm_err *err, enum hm_reason reason, struct hm_str text, const char *where,
			      const char *fmt, ...) HM_PRINTF(5, 6);

static enum hm_status fail_at(struct hm_err *err, enum hm_reason reason, struct hm_str text, const char *where,
			      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	enum hm_status st = hm_json_fail_at(err, reason, text, where, fmt, ap);
	va_end(ap);
	return st;
}

enum hm_status hm_json_scan_error(const struct hm_json_scan *scan, struct hm_err *err)
{
	struct hm_str text = hm_str_of(scan->begin, (size_t)(scan->end - scan->begin));

	if (scan->reason != HM_R_JSON_SYNTAX)
		return fail_at(err, scan->reason, text, scan->where, "%s", scan->what);
	if (scan->where == scan->end)
		return fail_at(err, scan->reason, text, scan->where, "wanted %s, got the end", scan->what);
	if (*scan->where > 0x20 && *scan->where < 0x7f)
		return fail_at(err, scan->reason, text, scan->where, "wanted %s, got '%c'", scan->what, *scan->where);
	return fail_at(err, scan->reason, text, scan->where, "wanted %s, got byte 0x%02x", scan->what,
		       (unsigned)(unsigned char)*scan->where);
}

const char *hm_json_scan_number(struct hm_json_scan *scan, const char *p, enum hm_number_form *ret_form,
				int64_t *ret_int)
{
	const char *stop;

	*ret_form = hm_number_scan(p, scan->end, &stop, ret_int);
	if (*ret_form == HM_NUMBER_INVALID)
		return hm_json_wanted(scan, stop, "a digit");
	if (*ret_form == HM_NUMBER_TOO_LONG)
		return hm_json_mistake(scan, HM_R_JSON_LIMIT, p, "an exponent of more than 18 digits");
	return stop;
}

/* The four digits behind \u; -1 where they are not. */
static int hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static bool is_high_half(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_half(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The second half of a pair whose first half's escape ends at p; -1 where there is none. */
static int low_half(const char *p, const char *end)
{
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	int unit = hex4(p + 2, end);
	return is_low_half(unit) ? unit : -1;
}

/* An escape; p is at the backslash. */
static const char *scan_escape(struct hm_json_scan *scan, const char *p)
{
	if (p + 1 == scan->end)
		return hm_json_wanted(scan, p + 1, "an escape");
	if (p[1] != 'u')
		return p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : hm_json_wanted(scan, p + 1, "an escape");
	int unit = hex4(p + 2, scan->end);
	if (unit < 0)
		return hm_json_mistake(scan, HM_R_JSON_SYNTAX, p + 2, "four hexadecimal digits");
	if (is_high_half(unit) && low_half(p + 6, scan->end) >= 0)
		return p + 12;
	if ((is_high_half(unit) || is_low_half(unit)) && !scan->opts.replace_invalid)
		return hm_json_mistake(scan, HM_R_JSON_ENCODING, p, "an escape of half a surrogate pair");
	return p + 6;
}

const char *hm_json_scan_string_on(struct hm_json_scan *scan, const char *p, bool *ret_plain)
{
	while (p < scan->end && *p != '"') {
		if (*p == '\\') {
			*ret_plain = false;
			p = scan_escape(scan, p);
			if (!p)
				return NULL;
		} else if ((unsigned char)*p < 0x20) {
			return hm_json_mistake(scan, HM_R_JSON_SYNTAX, p, "an escape for a control character");
		} else {
			size_t len = hm_utf8_len(hm_str_of(p, (size_t)(scan->end - p)));
			if (len == 0 && !scan->opts.replace_invalid)
				return hm_json_mistake(scan, HM_R_JSON_ENCODING, p, "a byte that is not UTF-8");
			if (len == 0)
				*ret_plain = false;
			p += len ? len : 1;
		}
		p = hm_json_skip_plain(p, scan->end);
	}
	return p < scan->end ? p : hm_json_wanted(scan, p, "a closing quote");
}

/* The character of an escape, which was checked; p is at the backslash and moved behind it. */
static uint32_t unescape_one(const char **p, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = *p;

	if (at[1] != 'u') {
		const char *found = strchr(from, at[1]);
		*p = at + 2;
		return (uint32_t)(found ? to[found - from] : at[1]);
	}
	int unit = hex4(at + 2, end);
	*p = at + 6;
	if (!is_high_half(unit) && !is_low_half(unit))
		return (uint32_t)unit;
	int low = is_high_half(unit) ? low_half(at + 6, end) : -1;
	if (low < 0)
		return 0xfffd;
	*p = at + 12;
	return 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

/* The next character of a string as UTF-8, its length returned; p is moved behind what stood for it. */
static size_t next_char(const char **p, const char *end, char ret_char[4])
{
	if (**p == '\\')
		return hm_utf8_write(ret_char, unescape_one(p, end));
	size_t len = hm_utf8_len(hm_str_of(*p, (size_t)(end - *p)));
	if (len == 0) {
		(*p)++;
		return hm_utf8_write(ret_char, 0xfffd);
	}
	memcpy(ret_char, *p, len);
	*p += len;
	return len;
}

size_t hm_json_unescape(struct hm_str raw, char *out)
{
	const char *p = raw.ptr, *end = raw.ptr + raw.len;
	size_t len = 0;

	while (p < end) {
		char c[4];
		size_t n = next_char(&p, end, c);
		memcpy(out + len, c, n);
		len += n;
	}
	HM_PLANT(len == 4 && memcmp(out, "a\xc3\xbc\n", 4) == 0);
	return len;
}

bool hm_json_unescaped_is(struct hm_str raw, struct hm_str text)
{
	const char *p = raw.ptr, *end = raw.ptr + raw.len;
	char c[4];

	while (p < end) {
		size_t n = next_char(&p, end, c);
		if (!hm_str_has_prefix(text, hm_str_of(c, n)))
			return false;
		text = hm_str_skip(text, n);
	}
	return text.len == 0;
}

struct hm_str hm_json_text_dup(struct hm_arena *arena, struct hm_str raw, bool is_plain)
{
	size_t room = is_plain ? raw.len : hm_json_text_room(raw);
	char *text = hm_arena_bytes(arena, room);

	if (!text)
		return (struct hm_str){ 0 };
	if (is_plain) {
		if (raw.len)
			memcpy(text, raw.ptr, raw.len);
		return hm_str_of(text, raw.len);
	}
	size_t len = hm_json_unescape(raw, text);
	hm_arena_shrink(arena, text, room, len);
	return hm_str_of(text, len);
}
