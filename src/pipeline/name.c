#include "pipeline/name.h"

#include "base/limits.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool hm_name_is_label(struct hm_str s)
{
	if (s.len == 0 || s.len > 63 || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!(s.ptr[i] >= 'a' && s.ptr[i] <= 'z') && !is_digit(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	}
	return true;
}

bool hm_name_is_resource(struct hm_str s)
{
	struct hm_str rest = s, part;

	if (s.len == 0 || s.len > 63)
		return false;
	while (hm_str_next(&rest, '.', &part)) {
		if (!hm_name_is_label(part))
			return false;
	}
	return true;
}

bool hm_name_is_param(struct hm_str s, bool with_dots)
{
	if (s.len == 0 || (!is_letter(s.ptr[0]) && s.ptr[0] != '_'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && !(with_dots && c == '.'))
			return false;
	}
	return true;
}

bool hm_name_is_result(struct hm_str s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool is_inner = i > 0 && i + 1 < s.len;
		if (!is_letter(c) && !is_digit(c) && !(is_inner && (c == '-' || c == '_' || c == '.')))
			return false;
	}
	return true;
}

bool hm_name_is_workspace(struct hm_str s)
{
	return hm_name_is_result(s) && s.len <= 63;
}

bool hm_name_is_env(struct hm_str s)
{
	if (s.len == 0 || is_digit(s.ptr[0]) || hm_str_is(s, ".") || hm_str_has_prefix(s, HM_STR("..")))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && c != '.')
			return false;
	}
	return true;
}

bool hm_sub_path_is_good(struct hm_str s)
{
	struct hm_str rest = s, part;

	if (s.len == 0 || s.len >= HM_MAX_SANDBOX_PATH)
		return false;
	while (hm_str_next(&rest, '/', &part)) {
		if (part.len == 0 || part.len > 255 || hm_str_is(part, ".") || hm_str_is(part, "..") ||
		    hm_str_find_char(part, '\0') >= 0)
			return false;
	}
	return true;
}

bool hm_mount_path_is_good(struct hm_str s)
{
	static const char *const taken[] = { "tekton", "proc", "sys", "dev" };
	struct hm_str first = hm_str_skip(s, 1), rest;

	if (!hm_str_has_prefix(s, HM_STR("/")) || !hm_sub_path_is_good(first))
		return false;
	(void)hm_str_cut(first, '/', &first, &rest);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (hm_str_is(first, taken[i]))
			return false;
	}
	return true;
}

/* Digits with at most one point among them, at least one digit: as whole and the digits behind the point. */
static bool take_decimal(struct hm_str *s, uint64_t *ret_whole, struct hm_str *ret_fraction)
{
	uint64_t whole = 0;
	size_t n = 0, whole_len;

	for (; n < s->len && is_digit(s->ptr[n]); n++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(s->ptr[n] - '0'), &whole))
			return false;
	}
	whole_len = n;
	*ret_fraction = (struct hm_str){ s->ptr + n, 0 };
	if (n < s->len && s->ptr[n] == '.') {
		size_t begin = ++n;
		while (n < s->len && is_digit(s->ptr[n]))
			n++;
		*ret_fraction = hm_str_of(s->ptr + begin, n - begin);
	}
	if (whole_len + ret_fraction->len == 0)
		return false;
	*ret_whole = whole;
	*s = hm_str_skip(*s, n);
	return true;
}

bool hm_duration_read(struct hm_str s, int64_t *ret_ns)
{
	/* longest first, so that "ms" is not read as "m" */
	static const struct {
		struct hm_str unit;
		int64_t ns;
	} units[] = {
		{ HM_STR("ns"), 1 },
		{ HM_STR("us"), 1000 },
		{ HM_STR("\u00b5s"), 1000 },
		{ HM_STR("\u03bcs"), 1000 },
		{ HM_STR("ms"), 1000000 },
		{ HM_STR("s"), 1000000000 },
		{ HM_STR("m"), INT64_C(60) * 1000000000 },
		{ HM_STR("h"), INT64_C(3600) * 1000000000 },
	};
	bool is_negative = hm_str_has_prefix(s, HM_STR("-"));
	uint64_t sum = 0;

	if (is_negative || hm_str_has_prefix(s, HM_STR("+")))
		s = hm_str_skip(s, 1);
	if (hm_str_is(s, "0")) {
		*ret_ns = 0;
		return true;
	}
	if (s.len == 0)
		return false;
	while (s.len > 0) {
		struct hm_str fraction;
		uint64_t whole, part;
		size_t u = 0;
		if (!take_decimal(&s, &whole, &fraction))
			return false;
		while (u < sizeof(units) / sizeof(units[0]) && !hm_str_has_prefix(s, units[u].unit))
			u++;
		if (u == sizeof(units) / sizeof(units[0]) ||
		    __builtin_mul_overflow(whole, (uint64_t)units[u].ns, &part))
			return false;
		s = hm_str_skip(s, units[u].unit.len);
		uint64_t digit = (uint64_t)units[u].ns;
		for (size_t i = 0; i < fraction.len && digit > 1; i++) {
			digit /= 10;
			part += (uint64_t)(fraction.ptr[i] - '0') * digit;
		}
		if (__builtin_add_overflow(sum, part, &sum) || sum > INT64_MAX)
			return false;
	}
	*ret_ns = is_negative ? -(int64_t)sum : (int64_t)sum;
	return true;
}

/* The unit behind a quantity's number, as powers of 2 and of 10; s is behind it then. */
static bool take_suffix(struct hm_str *s, unsigned *ret_shift, int *ret_exponent)
{
	static const char binary[] = "KMGTPE", small[] = "num", large[] = "kMGTPE";
	const char *at;

	*ret_shift = 0;
	*ret_exponent = 0;
	if (s->len == 0)
		return true;
	if (s->len == 2 && s->ptr[1] == 'i' && (at = strchr(binary, s->ptr[0])) && *at) {
		*ret_shift = 10 * (unsigned)(at - binary + 1);
		*s = hm_str_skip(*s, 2);
		return true;
	}
	if (s->len == 1 && (at = strchr(small, s->ptr[0])) && *at) {
		*ret_exponent = -9 + 3 * (int)(at - small);
		*s = hm_str_skip(*s, 1);
		return true;
	}
	if (s->len == 1 && (at = strchr(large, s->ptr[0])) && *at) {
		*ret_exponent = 3 * (int)(at - large + 1);
		*s = hm_str_skip(*s, 1);
		return true;
	}
	if (s->ptr[0] != 'e' && s->ptr[0] != 'E')
		return false;
	struct hm_str digits = hm_str_skip(*s, 1);
	bool is_negative = hm_str_has_prefix(digits, HM_STR("-"));
	if (is_negative || hm_str_has_prefix(digits, HM_STR("+")))
		digits = hm_str_skip(digits, 1);
	if (digits.len == 0 || digits.len > 2)
		return false;
	for (; digits.len > 0; digits = hm_str_skip(digits, 1)) {
		if (!is_digit(digits.ptr[0]))
			return false;
		*ret_exponent = 10 * *ret_exponent + (digits.ptr[0] - '0');
	}
	*ret_exponent *= is_negative ? -1 : 1;
	*s = digits;
	return true;
}

bool hm_quantity_read(struct hm_str s, uint64_t scale, uint64_t *ret_number)
{
	struct hm_str fraction;
	uint64_t whole;
	unsigned shift;
	int exponent;

	if (hm_str_has_prefix(s, HM_STR("+")))
		s = hm_str_skip(s, 1);
	if (!take_decimal(&s, &whole, &fraction) || !take_suffix(&s, &shift, &exponent))
		return false;
	/* all digits as one whole number, over a power of ten */
	unsigned __int128 number = whole, limit = (unsigned __int128)1 << 100;
	bool is_inexact = false;
	for (size_t i = 0; i < fraction.len; i++) {
		if (i >= 9) {
			is_inexact |= fraction.ptr[i] != '0';
			continue;
		}
		number = number * 10 + (unsigned)(fraction.ptr[i] - '0');
		exponent--;
	}
	number *= scale;
	if (number >= limit >> shift)
		return false;
	number <<= shift;
	for (; exponent > 0; exponent--) {
		if (number >= limit / 10)
			return false;
		number *= 10;
	}
	for (; exponent < 0; exponent++) {
		is_inexact |= number % 10 != 0;
		number /= 10;
	}
	number += is_inexact ? 1 : 0;
	if (number > UINT64_MAX)
		return false;
	*ret_number = (uint64_t)number;
	return true;
}
