#include "base/unicode.h"

struct range {
	uint32_t first, last;
};

struct pair {
	uint32_t from, to;
};

#include "base/unicode_tables.inc"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

uint32_t hm_rune_next(struct hm_str *s)
{
	unsigned char first = (unsigned char)s->ptr[0];
	size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (len > 1 && (s->len < len || !hm_str_is_utf8(hm_str_head(*s, len)))) {
		*s = hm_str_skip(*s, 1);
		return HM_RUNE_BAD;
	}
	uint32_t rune = len == 1 ? first : first & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		rune = rune << 6 | ((unsigned char)s->ptr[i] & 0x3f);
	*s = hm_str_skip(*s, len);
	return rune;
}

void hm_rune_add(struct hm_buf *buf, uint32_t rune)
{
	if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		rune = HM_RUNE_BAD;
	if (rune < 0x80) {
		hm_buf_add_char(buf, (char)rune);
		return;
	}
	size_t more = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
	hm_buf_add_char(buf, (char)((0xf00u >> (more + 1) & 0xf0) | rune >> (6 * more)));
	while (more-- > 0)
		hm_buf_add_char(buf, (char)(0x80 | (rune >> (6 * more) & 0x3f)));
}

static bool is_in(const struct range *table, size_t count, uint32_t rune)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (rune > table[mid].last)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && rune >= table[lo].first;
}

bool hm_rune_is_letter(uint32_t rune)
{
	return is_in(letters, COUNT(letters), rune);
}

bool hm_rune_is_print(uint32_t rune)
{
	return rune == ' ' || is_in(printable, COUNT(printable), rune);
}

bool hm_rune_is_space(uint32_t rune)
{
	return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 || rune == 0x1680 ||
	       (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 || rune == 0x2029 || rune == 0x202f ||
	       rune == 0x205f || rune == 0x3000;
}

uint32_t hm_rune_fold(uint32_t rune)
{
	if (rune < 0x80)
		return rune >= 'A' && rune <= 'Z' ? rune + ('a' - 'A') : rune;

	size_t lo = 0, hi = COUNT(folds);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (rune > folds[mid].from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < COUNT(folds) && folds[lo].from == rune ? folds[lo].to : rune;
}
