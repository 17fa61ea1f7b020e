#include "base/encode.h"

#include "base/own.h"
#include "base/plant.h"

static const char hex_digits[] = "0123456789abcdef";
static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hm_hex_write(char *ret_text, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		*ret_text++ = hex_digits[p[i] >> 4];
		*ret_text++ = hex_digits[p[i] & 15];
	}
	*ret_text = '\0';
}

void hm_hex_encode(struct hm_buf *buf, const void *data, size_t len)
{
	char *text = len > SIZE_MAX / 2 - 1 ? NULL : hm_buf_add_space(buf, 2 * len);

	if (text)
		hm_hex_write(text, data, len); /* the NUL falls on the buffer's own */
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hm_hex_is_small(struct hm_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

enum hm_status hm_hex_read(struct hm_str text, void *ret_data, size_t len, struct hm_err *err)
{
	if (text.len != 2 * len)
		return hm_fail(err, HM_R_ENCODING, "%zu hexadecimal digits where %zu are wanted", text.len, 2 * len);
	for (size_t i = 0; i < text.len; i++) {
		if (hex_value(text.ptr[i]) < 0)
			return hm_fail(err, HM_R_ENCODING, "byte 0x%02x at %zu is no hexadecimal digit",
				       (unsigned char)text.ptr[i], i);
	}
	uint8_t *out = ret_data;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_value(text.ptr[2 * i]) << 4 | hex_value(text.ptr[2 * i + 1]));
	return HM_OK;
}

void hm_base64_encode(struct hm_buf *buf, enum hm_base64 form, const void *data, size_t len)
{
	const char *digits = form == HM_BASE64_URL ? url_digits : std_digits;
	const uint8_t *p = data;
	size_t tail = len % 3, padded = form == HM_BASE64_URL ? 0 : 3 - tail;
	size_t size = len / 3 * 4 + (tail ? tail + 1 + padded : 0);
	char *out = len > SIZE_MAX / 2 ? NULL : hm_buf_add_space(buf, size);

	if (!out)
		return;
	for (; len >= 3; len -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = digits[v >> 6 & 63];
		*out++ = digits[v & 63];
	}
	if (tail) {
		uint32_t v = (uint32_t)p[0] << 16 | (tail == 2 ? (uint32_t)p[1] << 8 : 0);
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		if (tail == 2)
			*out++ = digits[v >> 6 & 63];
		for (size_t i = 0; i < padded; i++)
			*out++ = '=';
	}
}

static int base64_value(enum hm_base64 form, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (form != HM_BASE64_URL && (c == '+' || c == '/'))
		return c == '+' ? 62 : 63;
	if (form != HM_BASE64_STD && (c == '-' || c == '_'))
		return c == '-' ? 62 : 63;
	return -1;
}

/* Take the padding off; false where the form or the length does not allow it. */
static bool strip_padding(enum hm_base64 form, struct hm_str *text)
{
	size_t pad = 0;

	while (pad < 2 && pad < text->len && text->ptr[text->len - 1 - pad] == '=')
		pad++;
	if (pad > 0 && (form == HM_BASE64_URL || text->len % 4 != 0))
		return false;
	if (pad == 0 && form == HM_BASE64_STD && text->len % 4 != 0)
		return false;
	text->len -= pad;
	return text->len % 4 != 1;
}

static void take_back(struct hm_buf *buf, size_t len)
{
	buf->len = len;
	buf->ptr[len] = '\0';
}

/* What stands in lines: rare, so it is made one line first. */
static enum hm_status decode_lines(struct hm_buf *buf, struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf line = hm_buf_init(text.len);

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
			hm_buf_add_char(&line, text.ptr[i]);
	}
	if (line.status != HM_OK)
		return hm_buf_check(&line, "Base64", err);
	return hm_base64_decode(buf, HM_BASE64_STD, hm_buf_str(&line), err);
}

enum hm_status hm_base64_decode(struct hm_buf *buf, enum hm_base64 form, struct hm_str text, struct hm_err *err)
{
	size_t whole = text.len;

	if (form == HM_BASE64_LINES) {
		if (hm_str_find_char(text, '\n') >= 0 || hm_str_find_char(text, '\r') >= 0)
			return decode_lines(buf, text, err);
		form = HM_BASE64_STD;
	}
	if (!strip_padding(form, &text))
		return hm_fail(err, HM_R_ENCODING, "Base64 of %zu digits has the wrong padding", whole);

	size_t before = buf->len;
	uint8_t *out = hm_buf_add_space(buf, text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0));
	if (!out)
		return hm_buf_check(buf, "decoded Base64", err);

	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < text.len; i++) {
		int v = base64_value(form, (unsigned char)text.ptr[i]);
		if (v < 0) {
			take_back(buf, before);
			return hm_fail(err, HM_R_ENCODING, "byte 0x%02x at %zu is no Base64 digit",
				       (unsigned char)text.ptr[i], i);
		}
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		HM_PLANT(i == 9 && v == 62 && form == HM_BASE64_ANY);
		if (have >= 8) {
			have -= 8;
			*out++ = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	if (bits != 0) {
		take_back(buf, before);
		return hm_fail(err, HM_R_ENCODING, "the last Base64 digit has bits that belong to no byte");
	}
	return HM_OK;
}
