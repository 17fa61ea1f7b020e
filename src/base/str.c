#include "base/str.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

int hm_str_cmp(struct hm_str a, struct hm_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool hm_str_has_prefix(struct hm_str s, struct hm_str prefix)
{
	return s.len >= prefix.len && hm_str_eq(hm_str_head(s, prefix.len), prefix);
}

bool hm_str_has_suffix(struct hm_str s, struct hm_str suffix)
{
	return s.len >= suffix.len && hm_str_eq(hm_str_skip(s, s.len - suffix.len), suffix);
}

ptrdiff_t hm_str_find(struct hm_str s, struct hm_str needle)
{
	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	const char *at = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at ? at - s.ptr : -1;
}

ptrdiff_t hm_str_find_char(struct hm_str s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
	return at ? at - s.ptr : -1;
}

ptrdiff_t hm_str_find_last_char(struct hm_str s, char c)
{
	const char *at = s.len ? memrchr(s.ptr, c, s.len) : NULL;
	return at ? at - s.ptr : -1;
}

struct hm_str hm_str_skip(struct hm_str s, size_t from)
{
	if (from >= s.len)
		return (struct hm_str){ s.ptr ? s.ptr + s.len : NULL, 0 };
	return (struct hm_str){ s.ptr + from, s.len - from };
}

struct hm_str hm_str_head(struct hm_str s, size_t len)
{
	return (struct hm_str){ s.ptr, len < s.len ? len : s.len };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct hm_str hm_str_trim(struct hm_str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = hm_str_skip(s, 1);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool hm_str_cut(struct hm_str s, char sep, struct hm_str *ret_head, struct hm_str *ret_tail)
{
	ptrdiff_t at = hm_str_find_char(s, sep);

	*ret_head = at < 0 ? s : hm_str_head(s, (size_t)at);
	*ret_tail = at < 0 ? (struct hm_str){ 0 } : hm_str_skip(s, (size_t)at + 1);
	return at >= 0;
}

bool hm_str_next(struct hm_str *s, char sep, struct hm_str *ret_head)
{
	if (!s->ptr)
		return false;
	struct hm_str head, tail;
	hm_str_cut(*s, sep, &head, &tail);
	*ret_head = head;
	*s = tail;
	return true;
}

bool hm_str_to_u64(struct hm_str s, uint64_t *ret_number)
{
	uint64_t n = 0;

	if (s.len == 0 || (s.len > 1 && s.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
			return false;
	}
	*ret_number = n;
	return true;
}

bool hm_str_to_i64(struct hm_str s, int64_t *ret_number)
{
	bool minus = s.len > 0 && s.ptr[0] == '-';
	uint64_t n;

	if (!hm_str_to_u64(minus ? hm_str_skip(s, 1) : s, &n))
		return false;
	if (minus ? (n == 0 || n > (uint64_t)INT64_MAX + 1) : n > INT64_MAX)
		return false;
	*ret_number = minus ? -(int64_t)(n - 1) - 1 : (int64_t)n;
	return true;
}

/* Bytes of the character that begins at p, or 0 where none does. Unicode 15, table 3-7. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t more;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		more = 1;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		more = 2;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		more = 3;
	else
		return 0;
	if (left <= more)
		return 0;
	/* Four first bytes narrow the second one: no overlong forms, no surrogates, nothing past U+10FFFF. */
	lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : lo;
	hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : hi;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i <= more; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return more + 1;
}

size_t hm_utf8_len(struct hm_str s)
{
	return s.len == 0 ? 0 : utf8_len((const unsigned char *)s.ptr, s.len);
}

size_t hm_utf8_write(char ret_text[4], uint32_t c)
{
	if (c < 0x80) {
		ret_text[0] = (char)c;
		return 1;
	}
	/* The first byte says how many there are; each of the others holds six bits. */
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		ret_text[i] = (char)(0x80 | (c & 0x3f));
	ret_text[0] = (char)(0xf00 >> len | c);
	return len;
}

bool hm_str_is_utf8(struct hm_str s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_len((const unsigned char *)s.ptr + i, s.len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

bool hm_str_is_printable(struct hm_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7e)
			return false;
	}
	return true;
}

enum hm_status hm_str_dup(struct hm_str s, char **ret_cstr, struct hm_err *err)
{
	if (hm_str_find_char(s, '\0') >= 0)
		return hm_fail(err, HM_R_ENCODING, "a NUL byte inside text of %zu bytes", s.len);

	char *copy = hm_malloc(s.len + 1);
	if (!copy)
		return hm_fail(err, HM_R_NO_MEMORY, "text of %zu bytes", s.len);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	*ret_cstr = copy;
	return HM_OK;
}

char *hm_asprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *text = n < 0 ? NULL : hm_malloc((size_t)n + 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

int hm_cstr_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}
