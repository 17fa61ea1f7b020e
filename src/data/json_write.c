#include "data/json_write.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json_scan.h"
#include "data/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const struct hm_json_style hm_json_pretty = { .indent = 2 };

struct hm_json_writer hm_json_writer_init(struct hm_buf *buf, const struct hm_json_style *style)
{
	return (struct hm_json_writer){ .buf = buf, .style = style ? *style : (struct hm_json_style){ 0 } };
}

enum hm_status hm_json_writer_check(const struct hm_json_writer *w, const char *what, struct hm_err *err)
{
	if (w->failed == HM_R_JSON_ENCODING)
		return hm_fail(err, w->failed, "%s: text that is not UTF-8", what);
	if (w->failed == HM_R_JSON_NUMBER)
		return hm_fail(err, w->failed, "%s: a result that is not a number", what);
	enum hm_status st = hm_buf_check(w->buf, what, err);
	if (st == HM_OK && (w->depth > 0 || w->is_after_key))
		return hm_fail(err, HM_R_BUG, "%s: unfinished JSON", what);
	return st;
}

static void new_line(struct hm_json_writer *w)
{
	if (w->style.indent == 0)
		return;
	hm_buf_add_char(w->buf, '\n');
	size_t blanks = (size_t)w->depth * w->style.indent;
	char *space = hm_buf_add_space(w->buf, blanks);
	if (space)
		memset(space, ' ', blanks);
}

/* What stands between the one before and the next. */
static void begin_item(struct hm_json_writer *w)
{
	if (w->is_after_key) {
		w->is_after_key = false;
		return;
	}
	if (w->has_member)
		hm_buf_add_char(w->buf, ',');
	if (w->depth > 0)
		new_line(w);
	w->has_member = true;
}

static void open_level(struct hm_json_writer *w, char c)
{
	begin_item(w);
	hm_buf_add_char(w->buf, c);
	w->depth++;
	w->has_member = false;
}

static void close_level(struct hm_json_writer *w, char c)
{
	w->depth--;
	if (w->has_member)
		new_line(w);
	hm_buf_add_char(w->buf, c);
	w->has_member = true;
}

void hm_json_object(struct hm_json_writer *w)
{
	open_level(w, '{');
}

void hm_json_object_end(struct hm_json_writer *w)
{
	close_level(w, '}');
}

void hm_json_array(struct hm_json_writer *w)
{
	open_level(w, '[');
}

void hm_json_array_end(struct hm_json_writer *w)
{
	close_level(w, ']');
}

static void add_escape(struct hm_buf *buf, unsigned char c)
{
	static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c ? strchr(shorts, c) : NULL;

	if (found)
		hm_buf_addf(buf, "\\%c", letters[found - shorts]);
	else
		hm_buf_addf(buf, "\\u%04x", c);
}

/* Go escapes what HTML and older ECMAScript would read as something else. Returns the bytes done; 0: no such thing. */
static size_t add_html_escape(struct hm_buf *buf, struct hm_str s)
{
	if (s.ptr[0] == '<' || s.ptr[0] == '>' || s.ptr[0] == '&') {
		hm_buf_addf(buf, "\\u%04x", (unsigned char)s.ptr[0]);
		return 1;
	}
	if (hm_str_has_prefix(s, HM_STR("\xe2\x80\xa8")) || hm_str_has_prefix(s, HM_STR("\xe2\x80\xa9"))) {
		hm_buf_addf(buf, "\\u202%x", (unsigned char)s.ptr[2] & 0xf);
		return 3;
	}
	return 0;
}

/* Bytes up to the first that is not written as it is; 0xff is never UTF-8. */
static size_t plain_len(struct hm_str s, bool html)
{
	const char *end = s.ptr + s.len;

	if (!html)
		return (size_t)(hm_json_skip_plain(s.ptr, end) - s.ptr);
	const char *p = s.ptr;
	while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && !strchr("\"\\<>&", *p))
		p++;
	return (size_t)(p - s.ptr);
}

static void add_string(struct hm_json_writer *w, struct hm_str s)
{
	hm_buf_add_char(w->buf, '"');
	while (s.len > 0) {
		size_t done = plain_len(s, w->style.escape_html);
		hm_buf_add(w->buf, s.ptr, done);
		s = hm_str_skip(s, done);
		if (s.len == 0)
			break;
		done = w->style.escape_html ? add_html_escape(w->buf, s) : 0;
		if (done == 0 && (unsigned char)s.ptr[0] < 0x80) {
			add_escape(w->buf, (unsigned char)s.ptr[0]);
			done = 1;
		} else if (done == 0) {
			done = hm_utf8_len(s);
			hm_buf_add(w->buf, s.ptr, done);
		}
		if (done == 0) {
			w->failed = HM_R_JSON_ENCODING;
			return;
		}
		s = hm_str_skip(s, done);
	}
	hm_buf_add_char(w->buf, '"');
}

void hm_json_key_str(struct hm_json_writer *w, struct hm_str name)
{
	begin_item(w);
	add_string(w, name);
	hm_buf_add_cstr(w->buf, w->style.indent ? ": " : ":");
	w->is_after_key = true;
}

void hm_json_key(struct hm_json_writer *w, const char *name)
{
	hm_json_key_str(w, hm_str(name));
}

void hm_json_str(struct hm_json_writer *w, struct hm_str s)
{
	begin_item(w);
	add_string(w, s);
}

void hm_json_cstr(struct hm_json_writer *w, const char *cstr)
{
	hm_json_str(w, hm_str(cstr));
}

void hm_json_raw(struct hm_json_writer *w, struct hm_str json)
{
	begin_item(w);
	hm_buf_add_str(w->buf, json);
}

void hm_json_i64(struct hm_json_writer *w, int64_t number)
{
	begin_item(w);
	hm_buf_addf(w->buf, "%" PRId64, number);
}

void hm_json_u64(struct hm_json_writer *w, uint64_t number)
{
	begin_item(w);
	hm_buf_addf(w->buf, "%" PRIu64, number);
}

void hm_json_i64_string(struct hm_json_writer *w, int64_t number)
{
	begin_item(w);
	hm_buf_addf(w->buf, "\"%" PRId64 "\"", number);
}

void hm_json_u64_string(struct hm_json_writer *w, uint64_t number)
{
	begin_item(w);
	hm_buf_addf(w->buf, "\"%" PRIu64 "\"", number);
}

void hm_json_double(struct hm_json_writer *w, double number)
{
	char text[HM_DOUBLE_TEXT_LEN] = "0";

	if (isfinite(number))
		hm_double_text(number, text);
	else
		w->failed = HM_R_JSON_NUMBER;
	hm_json_raw(w, hm_str(text));
}

void hm_json_bool(struct hm_json_writer *w, bool truth)
{
	hm_json_raw(w, truth ? HM_STR("true") : HM_STR("false"));
}

void hm_json_null(struct hm_json_writer *w)
{
	hm_json_raw(w, HM_STR("null"));
}

void hm_json_base64(struct hm_json_writer *w, const void *data, size_t len)
{
	hm_json_raw(w, HM_STR("\""));
	hm_base64_encode(w->buf, HM_BASE64_STD, data, len);
	hm_buf_add_char(w->buf, '"');
}

/* A key of Rego that is no string: the text of its JSON is. */
static void key_of_value(struct hm_json_writer *w, const struct hm_value *key)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(w->buf->max);
	struct hm_json_writer inner = hm_json_writer_init(&text, NULL);

	if (key->kind == HM_STRING) {
		hm_json_key_str(w, hm_value_text(key));
		return;
	}
	hm_json_value(&inner, key);
	if (text.status != HM_OK && w->buf->status == HM_OK)
		w->buf->status = text.status;
	hm_json_key_str(w, hm_buf_str(&text));
}

static void write_row(struct hm_json_writer *w, const struct hm_value *items, uint32_t count)
{
	hm_json_array(w);
	for (uint32_t i = 0; i < count; i++)
		hm_json_value(w, &items[i]);
	hm_json_array_end(w);
}

void hm_json_value(struct hm_json_writer *w, const struct hm_value *v)
{
	char scratch[24];

	switch ((enum hm_kind)v->kind) {
	case HM_NULL:
		hm_json_null(w);
		break;
	case HM_BOOL:
		hm_json_bool(w, v->truth);
		break;
	case HM_NUMBER:
		hm_json_raw(w, hm_number_text(v, scratch));
		break;
	case HM_STRING:
		hm_json_str(w, hm_value_text(v));
		break;
	case HM_ARRAY:
		write_row(w, v->items, v->len);
		break;
	case HM_SET:
		write_row(w, v->set->key, v->len);
		break;
	case HM_OBJECT:
		hm_json_object(w);
		for (uint32_t i = 0; i < v->len; i++) {
			key_of_value(w, &v->members->keys->key[i]);
			hm_json_value(w, &v->members->value[i]);
		}
		hm_json_object_end(w);
		break;
	}
}

void hm_json_member_str(struct hm_json_writer *w, const char *name, struct hm_str s)
{
	hm_json_key(w, name);
	hm_json_str(w, s);
}

void hm_json_member_str_if(struct hm_json_writer *w, const char *name, struct hm_str s)
{
	if (s.len > 0)
		hm_json_member_str(w, name, s);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct hm_json_pair *x = a, *y = b;

	return hm_str_cmp(x->key, y->key);
}

void hm_json_member_map_if(struct hm_json_writer *w, const char *name, const struct hm_json_pair *pairs, size_t count)
{
	if (count == 0)
		return;
	HM_OWN(hm_freep) struct hm_json_pair *sorted = hm_reallocarray(NULL, count, sizeof(*sorted));
	if (!sorted) {
		w->buf->status = HM_ENOMEM;
		return;
	}
	memcpy(sorted, pairs, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_pairs);
	hm_json_key(w, name);
	hm_json_object(w);
	for (size_t i = 0; i < count; i++) {
		hm_json_key_str(w, sorted[i].key);
		hm_json_str(w, sorted[i].value);
	}
	hm_json_object_end(w);
}

void hm_json_member_cstr(struct hm_json_writer *w, const char *name, const char *cstr)
{
	hm_json_member_str(w, name, hm_str(cstr));
}

void hm_json_member_i64(struct hm_json_writer *w, const char *name, int64_t number)
{
	hm_json_key(w, name);
	hm_json_i64(w, number);
}

void hm_json_member_u64(struct hm_json_writer *w, const char *name, uint64_t number)
{
	hm_json_key(w, name);
	hm_json_u64(w, number);
}

void hm_json_member_bool(struct hm_json_writer *w, const char *name, bool truth)
{
	hm_json_key(w, name);
	hm_json_bool(w, truth);
}

void hm_json_member_base64(struct hm_json_writer *w, const char *name, const void *data, size_t len)
{
	hm_json_key(w, name);
	hm_json_base64(w, data, len);
}

void hm_json_member_i64_string(struct hm_json_writer *w, const char *name, int64_t number)
{
	hm_json_key(w, name);
	hm_json_i64_string(w, number);
}

void hm_json_member_u64_string(struct hm_json_writer *w, const char *name, uint64_t number)
{
	hm_json_key(w, name);
	hm_json_u64_string(w, number);
}

void hm_json_member_value(struct hm_json_writer *w, const char *name, const struct hm_value *v)
{
	hm_json_key(w, name);
	hm_json_value(w, v);
}

enum hm_status hm_json_encode(const struct hm_value *v, const struct hm_json_style *style, struct hm_buf *buf,
			      struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, style);

	hm_json_value(&w, v);
	return hm_json_writer_check(&w, "JSON", err);
}
