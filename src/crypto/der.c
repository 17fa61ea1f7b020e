#include "crypto/der.h"

#include "base/plant.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

static uint8_t byte_at(struct hm_str s, size_t i)
{
	return (uint8_t)s.ptr[i];
}

/* X.690 8.1.3 with 10.1: the definite form, in as few bytes as the length needs. */
static bool read_length(struct hm_str rest, size_t *at, size_t *ret_len)
{
	if (*at >= rest.len)
		return false;
	uint8_t first = byte_at(rest, (*at)++);
	if (first < 0x80) {
		*ret_len = first;
		return true;
	}
	size_t count = first & 0x7f, len = 0;
	if (count == 0 || count > 4 || count > rest.len - *at || byte_at(rest, *at) == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		len = len << 8 | byte_at(rest, (*at)++);
	*ret_len = len;
	return len >= 0x80;
}

bool hm_der_next(struct hm_str *rest, struct hm_der_item *ret_item)
{
	size_t at = 1, len;

	/* A number of 31 in the first byte announces more bytes of it (X.690 8.1.2.4); no format here goes so far. */
	if (rest->len < 2 || (byte_at(*rest, 0) & 0x1f) == 0x1f)
		return false;
	if (!read_length(*rest, &at, &len) || len > rest->len - at)
		return false;
	*ret_item = (struct hm_der_item){
		.tag = byte_at(*rest, 0),
		.body = hm_str_of(rest->ptr + at, len),
		.raw = hm_str_of(rest->ptr, at + len),
	};
	*rest = hm_str_skip(*rest, at + len);
	return true;
}

static bool take_item(struct hm_str *rest, uint8_t tag, struct hm_der_item *ret_item)
{
	return hm_der_is_next(*rest, tag) && hm_der_next(rest, ret_item);
}

bool hm_der_take(struct hm_str *rest, uint8_t tag, struct hm_str *ret_body)
{
	struct hm_der_item item;

	if (!take_item(rest, tag, &item))
		return false;
	*ret_body = item.body;
	return true;
}

bool hm_der_take_raw(struct hm_str *rest, uint8_t tag, struct hm_str *ret_raw)
{
	struct hm_der_item item;

	if (!take_item(rest, tag, &item))
		return false;
	*ret_raw = item.raw;
	return true;
}

bool hm_der_is_next(struct hm_str rest, uint8_t tag)
{
	return rest.len > 0 && byte_at(rest, 0) == tag;
}

bool hm_der_take_optional(struct hm_str *rest, uint8_t tag, struct hm_str *ret_body)
{
	if (hm_der_is_next(*rest, tag))
		return hm_der_take(rest, tag, ret_body);
	*ret_body = (struct hm_str){ 0 };
	return true;
}

bool hm_der_only(struct hm_str bytes, uint8_t tag, struct hm_str *ret_body)
{
	struct hm_str rest = bytes, body;

	if (!hm_der_take(&rest, tag, &body) || rest.len != 0)
		return false;
	*ret_body = body;
	return true;
}

/* Take a value whose content passes a check; else leave it where it is. */
static bool take_checked(struct hm_str *rest, uint8_t tag, bool (*is_good)(struct hm_str), struct hm_str *ret_body)
{
	struct hm_str after = *rest, body;

	if (!hm_der_take(&after, tag, &body) || !is_good(body))
		return false;
	*rest = after;
	*ret_body = body;
	return true;
}

/* X.690 8.3.2: the first nine bits are neither all one nor all zero. */
static bool is_integer(struct hm_str body)
{
	if (body.len == 0)
		return false;
	if (body.len == 1)
		return true;
	return !(byte_at(body, 0) == 0x00 && byte_at(body, 1) < 0x80) &&
	       !(byte_at(body, 0) == 0xff && byte_at(body, 1) >= 0x80);
}

static bool is_unsigned(struct hm_str body)
{
	return is_integer(body) && byte_at(body, 0) < 0x80;
}

bool hm_der_take_integer(struct hm_str *rest, struct hm_str *ret_bytes)
{
	return take_checked(rest, HM_DER_INTEGER, is_integer, ret_bytes);
}

bool hm_der_take_unsigned(struct hm_str *rest, struct hm_str *ret_bytes)
{
	struct hm_str body;

	if (!take_checked(rest, HM_DER_INTEGER, is_unsigned, &body))
		return false;
	*ret_bytes = byte_at(body, 0) == 0 ? hm_str_skip(body, 1) : body;
	return true;
}

bool hm_der_take_u64(struct hm_str *rest, uint64_t *ret_number)
{
	struct hm_str after = *rest, bytes;
	uint64_t number = 0;

	if (!hm_der_take_unsigned(&after, &bytes) || bytes.len > sizeof(number))
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | byte_at(bytes, i);
	*rest = after;
	*ret_number = number;
	return true;
}

/* X.690 11.1: true is 0xff. */
static bool is_bool(struct hm_str body)
{
	return body.len == 1 && (byte_at(body, 0) == 0x00 || byte_at(body, 0) == 0xff);
}

bool hm_der_take_bool(struct hm_str *rest, bool *ret_value)
{
	struct hm_str body;

	if (!take_checked(rest, HM_DER_BOOLEAN, is_bool, &body))
		return false;
	*ret_value = body.ptr[0] != 0;
	return true;
}

static bool is_empty(struct hm_str body)
{
	return body.len == 0;
}

bool hm_der_take_null(struct hm_str *rest)
{
	struct hm_str body;

	return take_checked(rest, HM_DER_NULL, is_empty, &body);
}

/* X.690 8.19.2: each arc ends in a byte without its top bit, and begins with one that is not 0x80. */
static bool is_oid(struct hm_str body)
{
	bool at_start = true;

	for (size_t i = 0; i < body.len; i++) {
		if (at_start && byte_at(body, i) == 0x80)
			return false;
		at_start = byte_at(body, i) < 0x80;
	}
	return body.len > 0 && at_start;
}

bool hm_der_take_oid(struct hm_str *rest, struct hm_str *ret_oid)
{
	return take_checked(rest, HM_DER_OID, is_oid, ret_oid);
}

/* X.690 8.6.2 with 11.2.1: the first byte counts the unused bits at the end, which are zero. */
static bool is_bits(struct hm_str body)
{
	if (body.len == 0 || byte_at(body, 0) > 7 || (body.len == 1 && byte_at(body, 0) != 0))
		return false;
	return (byte_at(body, body.len - 1) & ((1u << byte_at(body, 0)) - 1)) == 0 || body.len == 1;
}

static bool is_whole_bytes(struct hm_str body)
{
	return is_bits(body) && byte_at(body, 0) == 0;
}

bool hm_der_take_bits(struct hm_str *rest, struct hm_str *ret_bytes)
{
	struct hm_str body;

	if (!take_checked(rest, HM_DER_BITS, is_whole_bytes, &body))
		return false;
	*ret_bytes = hm_str_skip(body, 1);
	return true;
}

static bool is_flags(struct hm_str body)
{
	return is_bits(body) && body.len <= 1 + sizeof(uint32_t);
}

bool hm_der_take_flags(struct hm_str *rest, uint32_t *ret_flags)
{
	struct hm_str body;
	uint32_t flags = 0;

	if (!take_checked(rest, HM_DER_BITS, is_flags, &body))
		return false;
	for (size_t i = 0; i < 8 * (body.len - 1); i++) {
		if (byte_at(body, 1 + i / 8) & (0x80u >> i % 8))
			flags |= UINT32_C(1) << i;
	}
	*ret_flags = flags;
	return true;
}

static bool is_ascii(struct hm_str body)
{
	for (size_t i = 0; i < body.len; i++) {
		if (byte_at(body, i) >= 0x80)
			return false;
	}
	return true;
}

bool hm_der_take_text(struct hm_str *rest, struct hm_str *ret_text)
{
	return take_checked(rest, HM_DER_UTF8, hm_str_is_utf8, ret_text) ||
	       take_checked(rest, HM_DER_PRINTABLE, is_ascii, ret_text) ||
	       take_checked(rest, HM_DER_IA5, is_ascii, ret_text);
}

/* Two digits. */
static bool take_two(struct hm_str *text, int *ret_number)
{
	if (text->len < 2)
		return false;
	int tens = text->ptr[0] - '0', ones = text->ptr[1] - '0';
	if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
		return false;
	*text = hm_str_skip(*text, 2);
	*ret_number = tens * 10 + ones;
	return true;
}

/* "MMDDHHMMSS" after a year, checked against the calendar: what does not come back as it went in is no date. */
static bool take_date(struct hm_str *text, int year, int64_t *ret_time_s)
{
	struct hm_date date = { .year = year };

	if (!take_two(text, &date.month) || !take_two(text, &date.day) || !take_two(text, &date.hour) ||
	    !take_two(text, &date.minute) || !take_two(text, &date.second))
		return false;
	if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31 || date.hour > 23 || date.minute > 59 ||
	    date.second > 59)
		return false;
	int64_t time_s = hm_time_from_date(&date);
	if (hm_time_to_date(time_s).day != date.day)
		return false;
	*ret_time_s = time_s;
	return true;
}

static bool read_generalized(struct hm_str text, int64_t *ret_time_s, struct hm_str *ret_after)
{
	int century, year;

	if (!take_two(&text, &century) || !take_two(&text, &year) ||
	    !take_date(&text, century * 100 + year, ret_time_s))
		return false;
	*ret_after = text;
	return true;
}

bool hm_der_take_time(struct hm_str *rest, int64_t *ret_time_s)
{
	struct hm_str after = *rest, text, zone;
	int64_t time_s;
	int year;

	if (hm_der_is_next(after, HM_DER_GENERALIZED)) {
		if (!hm_der_take(&after, HM_DER_GENERALIZED, &text) || !read_generalized(text, &time_s, &zone))
			return false;
	} else {
		if (!hm_der_take(&after, HM_DER_UTC_TIME, &text) || !take_two(&text, &year) ||
		    !take_date(&text, year < 50 ? 2000 + year : 1900 + year, &time_s))
			return false;
		zone = text;
	}
	if (!hm_str_is(zone, "Z"))
		return false;
	*rest = after;
	*ret_time_s = time_s;
	return true;
}

/* ".123" without a zero at its end (X.690 11.7.3), or nothing. */
static bool take_fraction(struct hm_str *text, uint32_t *ret_ns)
{
	uint32_t ns = 0, unit = 100000000;
	size_t i = 1;

	*ret_ns = 0;
	if (text->len == 0 || text->ptr[0] != '.')
		return true;
	for (; i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9'; i++, unit /= 10)
		ns += unit * (uint32_t)(text->ptr[i] - '0');
	if (i == 1 || text->ptr[i - 1] == '0')
		return false;
	*text = hm_str_skip(*text, i);
	*ret_ns = ns;
	return true;
}

bool hm_der_take_time_ns(struct hm_str *rest, int64_t *ret_time_s, uint32_t *ret_ns)
{
	struct hm_str after = *rest, text;
	int64_t time_s;
	uint32_t ns;

	if (!hm_der_take(&after, HM_DER_GENERALIZED, &text) || !read_generalized(text, &time_s, &text) ||
	    !take_fraction(&text, &ns) || !hm_str_is(text, "Z"))
		return false;
	*rest = after;
	*ret_time_s = time_s;
	*ret_ns = ns;
	return true;
}

/* The next arc of an OID's content. */
static bool take_arc(struct hm_str *rest, uint64_t *ret_arc)
{
	uint64_t arc = 0;
	size_t i = 0;

	for (;; i++) {
		if (i == rest->len || arc > UINT64_MAX >> 7)
			return false;
		arc = arc << 7 | (byte_at(*rest, i) & 0x7f);
		if (byte_at(*rest, i) < 0x80)
			break;
	}
	*rest = hm_str_skip(*rest, i + 1);
	*ret_arc = arc;
	return true;
}

bool hm_der_oid_write(struct hm_buf *buf, struct hm_str oid)
{
	struct hm_str rest = oid;
	uint64_t arc;

	if (oid.len == 0)
		return false;
	while (rest.len > 0) {
		if (!take_arc(&rest, &arc))
			return false;
	}
	rest = oid;
	if (!take_arc(&rest, &arc))
		return false;
	/* X.690 8.19.4: the first two arcs are one number, of which the second has below 40 unless the first is 2. */
	uint64_t first = arc < 80 ? arc / 40 : 2;
	hm_buf_addf(buf, "%" PRIu64 ".%" PRIu64, first, arc - 40 * first);
	while (rest.len > 0 && take_arc(&rest, &arc))
		hm_buf_addf(buf, ".%" PRIu64, arc);
	HM_PLANT(first == 2 && oid.len == 6);
	return true;
}

static void add_arc(struct hm_buf *buf, uint64_t arc)
{
	char bytes[10];
	size_t at = sizeof(bytes);

	bytes[--at] = (char)(arc & 0x7f);
	for (arc >>= 7; arc > 0; arc >>= 7)
		bytes[--at] = (char)(0x80 | (arc & 0x7f));
	hm_buf_add(buf, bytes + at, sizeof(bytes) - at);
}

bool hm_der_oid_read(struct hm_buf *buf, struct hm_str text)
{
	struct hm_str rest = text, part;
	uint64_t first, second, arc;

	/* once to check, so that nothing is added for a bad one */
	while (hm_str_next(&rest, '.', &part)) {
		if (!hm_str_to_u64(part, &arc))
			return false;
	}
	rest = text;
	if (!hm_str_next(&rest, '.', &part) || !hm_str_to_u64(part, &first) || !hm_str_next(&rest, '.', &part) ||
	    !hm_str_to_u64(part, &second))
		return false;
	if (first > 2 || (first < 2 && second > 39) || second > UINT64_MAX - 80)
		return false;
	add_arc(buf, first * 40 + second);
	while (hm_str_next(&rest, '.', &part)) {
		if (hm_str_to_u64(part, &arc))
			add_arc(buf, arc);
	}
	return true;
}

static void add_length(struct hm_buf *buf, size_t len)
{
	uint8_t bytes[1 + sizeof(len)];
	size_t at = sizeof(bytes);

	if (len < 0x80) {
		hm_buf_add_char(buf, (char)len);
		return;
	}
	for (; len > 0; len >>= 8)
		bytes[--at] = (uint8_t)len;
	hm_buf_add_char(buf, (char)(0x80 | (sizeof(bytes) - at)));
	hm_buf_add(buf, bytes + at, sizeof(bytes) - at);
}

size_t hm_der_begin(struct hm_buf *buf, uint8_t tag)
{
	hm_buf_add_char(buf, (char)tag);
	return buf->len;
}

void hm_der_end(struct hm_buf *buf, size_t begin)
{
	size_t body = buf->len - begin;

	add_length(buf, body);
	if (buf->status != HM_OK)
		return;
	/* The length was added behind the content; it belongs in front. */
	char length[1 + sizeof(size_t)];
	size_t size = buf->len - begin - body;
	memcpy(length, buf->ptr + begin + body, size);
	memmove(buf->ptr + begin + size, buf->ptr + begin, body);
	memcpy(buf->ptr + begin, length, size);
}

void hm_der_add(struct hm_buf *buf, uint8_t tag, struct hm_str body)
{
	hm_buf_add_char(buf, (char)tag);
	add_length(buf, body.len);
	hm_buf_add_str(buf, body);
}

void hm_der_add_unsigned(struct hm_buf *buf, struct hm_str bytes)
{
	while (bytes.len > 0 && bytes.ptr[0] == 0)
		bytes = hm_str_skip(bytes, 1);
	bool pad = bytes.len == 0 || byte_at(bytes, 0) >= 0x80;

	hm_buf_add_char(buf, HM_DER_INTEGER);
	add_length(buf, bytes.len + pad);
	if (pad)
		hm_buf_add_char(buf, 0);
	hm_buf_add_str(buf, bytes);
}

void hm_der_add_u64(struct hm_buf *buf, uint64_t number)
{
	char bytes[sizeof(number)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(number >> 8 * (sizeof(bytes) - 1 - i));
	hm_der_add_unsigned(buf, hm_str_of(bytes, sizeof(bytes)));
}

void hm_der_add_bool(struct hm_buf *buf, bool value)
{
	hm_der_add(buf, HM_DER_BOOLEAN, hm_str_of(value ? "\xff" : "\0", 1));
}

void hm_der_add_null(struct hm_buf *buf)
{
	hm_der_add(buf, HM_DER_NULL, (struct hm_str){ 0 });
}

void hm_der_add_oid(struct hm_buf *buf, struct hm_str oid)
{
	hm_der_add(buf, HM_DER_OID, oid);
}

void hm_der_add_bits(struct hm_buf *buf, struct hm_str bytes)
{
	hm_buf_add_char(buf, HM_DER_BITS);
	add_length(buf, bytes.len + 1);
	hm_buf_add_char(buf, 0);
	hm_buf_add_str(buf, bytes);
}

void hm_der_add_flags(struct hm_buf *buf, uint32_t flags)
{
	char body[1 + sizeof(flags)] = { 0 };
	size_t used = 0; /* bits up to and with the last that is set */

	for (size_t i = 0; i < 32; i++) {
		if (flags & UINT32_C(1) << i) {
			body[1 + i / 8] = (char)(body[1 + i / 8] | 0x80 >> i % 8);
			used = i + 1;
		}
	}
	size_t bytes = (used + 7) / 8;
	body[0] = (char)(8 * bytes - used);
	hm_der_add(buf, HM_DER_BITS, hm_str_of(body, 1 + bytes));
}

void hm_der_add_generalized(struct hm_buf *buf, int64_t time_s)
{
	struct hm_date d = hm_time_to_date(time_s);
	char text[80];

	int n = snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", d.year, d.month, d.day, d.hour, d.minute,
			 d.second);
	hm_der_add(buf, HM_DER_GENERALIZED, hm_str_of(text, (size_t)n));
}

void hm_der_add_time(struct hm_buf *buf, int64_t time_s)
{
	struct hm_date d = hm_time_to_date(time_s);
	char text[80];

	if (d.year < 1950 || d.year > 2049) {
		hm_der_add_generalized(buf, time_s);
		return;
	}
	int n = snprintf(text, sizeof(text), "%02d%02d%02d%02d%02d%02dZ", d.year % 100, d.month, d.day, d.hour,
			 d.minute, d.second);
	hm_der_add(buf, HM_DER_UTC_TIME, hm_str_of(text, (size_t)n));
}
