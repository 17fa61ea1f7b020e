#include "golang/quote.h"

#include "base/unicode.h"

size_t hm_golang_quoted_len(struct hm_str s)
{
	if (s.len < 2 || (s.ptr[0] != '"' && s.ptr[0] != '`'))
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == s.ptr[0])
			return i + 1;
		if (s.ptr[0] == '"' && s.ptr[i] == '\n')
			return 0;
		if (s.ptr[0] == '"' && s.ptr[i] == '\\')
			i++;
	}
	return 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* A number of exactly count digits to the base 8 or 16. */
static bool take_number(struct hm_str *rest, size_t count, unsigned base, uint32_t *ret_number)
{
	uint32_t n = 0;

	if (rest->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)digit_value(rest->ptr[i]);
		if (digit >= base)
			return false;
		n = n * base + digit;
	}
	*rest = hm_str_skip(*rest, count);
	*ret_number = n;
	return true;
}

/* What stands behind a backslash. */
static bool take_escape(struct hm_str *rest, struct hm_buf *out)
{
	static const char names[] = "abfnrtv\\\"", values[] = "\a\b\f\n\r\t\v\\\"";
	uint32_t number = 0;

	if (rest->len == 0)
		return false;
	char c = rest->ptr[0];
	const char *name = c ? strchr(names, c) : NULL;
	if (name) {
		hm_buf_add_char(out, values[name - names]);
		*rest = hm_str_skip(*rest, 1);
		return true;
	}
	bool octal = c >= '0' && c <= '7';
	if (!octal)
		*rest = hm_str_skip(*rest, 1);
	if (octal || c == 'x') {
		if (!take_number(rest, octal ? 3 : 2, octal ? 8 : 16, &number) || number > 255)
			return false;
		hm_buf_add_char(out, (char)number);
		return true;
	}
	if ((c != 'u' && c != 'U') || !take_number(rest, c == 'u' ? 4 : 8, 16, &number) || number > 0x10ffff ||
	    (number >= 0xd800 && number < 0xe000))
		return false;
	hm_rune_add(out, number);
	return true;
}

static bool unquote_into(struct hm_str rest, struct hm_buf *out)
{
	while (rest.len) {
		if (rest.ptr[0] == '\n')
			return false;
		if (rest.ptr[0] == '\\') {
			rest = hm_str_skip(rest, 1);
			if (!take_escape(&rest, out))
				return false;
		} else {
			hm_rune_add(out, hm_rune_next(&rest));
		}
	}
	return true;
}

/* Between back quotes nothing has a meaning, and carriage returns do not count. */
static void unquote_raw(struct hm_str text, struct hm_buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\r')
			hm_buf_add_char(out, text.ptr[i]);
	}
}

bool hm_golang_unquote(struct hm_arena *arena, struct hm_str quoted, struct hm_str *ret_text)
{
	if (quoted.len < 2 || hm_golang_quoted_len(quoted) != quoted.len)
		return false;
	struct hm_str text = { quoted.ptr + 1, quoted.len - 2 };
	size_t most = 3 * text.len + 1; /* a bad byte becomes three */
	char *piece = hm_arena_bytes(arena, most);
	if (!piece) {
		*ret_text = (struct hm_str){ 0 };
		return true;
	}
	/* a buffer over the arena's piece, which never has to grow */
	struct hm_buf out = { .ptr = piece, .cap = most, .max = most - 1 };
	bool good = true;
	if (quoted.ptr[0] == '`')
		unquote_raw(text, &out);
	else
		good = unquote_into(text, &out);
	hm_arena_shrink(arena, piece, most, good ? out.len : 0);
	*ret_text = hm_str_of(piece, out.len);
	return good;
}
