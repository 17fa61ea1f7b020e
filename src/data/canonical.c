#include "data/canonical.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "data/json_write.h"
#include "data/number.h"
#include "data/place.h"

struct canonical {
	const struct hm_value *root;
	struct hm_json_writer w;
};

/* Past 2^53, where not every integer is a double. */
static bool is_large(const struct hm_value *v)
{
	const struct hm_value most = hm_value_i64(INT64_C(1) << 53), least = hm_value_i64(-(INT64_C(1) << 53));

	return hm_number_cmp(v, &most) > 0 || hm_number_cmp(v, &least) < 0;
}

static bool is_digits_only(struct hm_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
			return false;
	}
	return true;
}

/* RFC 8785 3.2.2.3, and its appendix D on integers that a double does not hold. */
static enum hm_status write_number(struct canonical *c, const struct hm_value *v, struct hm_err *err)
{
	char text[HM_DOUBLE_TEXT_LEN], scratch[24];
	double number;

	if (!hm_number_to_double(v, &number))
		return hm_value_refuse(c->root, v, NULL, err, HM_R_JSON_NUMBER, "a number too large for a double");
	if (number == 0 && hm_number_sign(v) != 0)
		return hm_value_refuse(c->root, v, NULL, err, HM_R_JSON_NUMBER, "a number too small for a double");
	hm_double_text(number, text);
	struct hm_value written = hm_value_borrow(hm_str(text));
	written.kind = HM_NUMBER;
	written.is_text = true;
	/* In another notation an integer is as good as its text is exact: 1E30 is, 12345678901234567890.0 is not. */
	bool is_digits = is_digits_only(hm_number_text(v, scratch)) || is_digits_only(hm_str(text));
	if (is_large(v) && (is_digits || (hm_number_is_whole(v) && hm_number_cmp(v, &written) != 0)))
		return hm_value_refuse(c->root, v, NULL, err, HM_R_JSON_NUMBER, "an integer past 2^53");
	hm_json_raw(&c->w, hm_str(text));
	return HM_OK;
}

/*
 * RFC 8785 3.2.3: by UTF-16 code units. Their order is that of UTF-8's bytes, but that what needs two units (from 0xf0
 * on) comes before U+E000 to U+FFFF (0xee and 0xef).
 */
static int compare_utf16(struct hm_str a, struct hm_str b)
{
	size_t len = a.len < b.len ? a.len : b.len, i = 0;

	while (i < len && a.ptr[i] == b.ptr[i])
		i++;
	if (i == len)
		return (a.len > b.len) - (a.len < b.len);
	unsigned char x = (unsigned char)a.ptr[i], y = (unsigned char)b.ptr[i];
	if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0))
		return x >= 0xf0 ? -1 : 1;
	return x < y ? -1 : 1;
}

struct member {
	struct hm_str key;
	const struct hm_value *value;
};

static int compare_members(const void *a, const void *b)
{
	return compare_utf16(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static enum hm_status write_value(struct canonical *c, const struct hm_value *v, struct hm_err *err);

static enum hm_status write_object(struct canonical *c, const struct hm_value *v, struct hm_err *err)
{
	HM_OWN(hm_freep) struct member *members = hm_reallocarray(NULL, v->len, sizeof(*members));
	bool is_sorted = true;
	enum hm_status st = HM_OK;

	if (!members)
		return hm_fail(err, HM_R_NO_MEMORY, "canonical JSON");
	for (uint32_t i = 0; i < v->len; i++) {
		const struct hm_value *key = hm_value_key_at(v, i);
		if (key->kind != HM_STRING)
			return hm_value_refuse(c->root, v, NULL, err, HM_R_DATA_KIND, "a key that is no string");
		members[i] = (struct member){ hm_value_text(key), hm_value_member_at(v, i) };
		is_sorted = is_sorted && (i == 0 || compare_members(&members[i - 1], &members[i]) < 0);
	}
	if (!is_sorted)
		qsort(members, v->len, sizeof(*members), compare_members);
	hm_json_object(&c->w);
	for (uint32_t i = 0; st == HM_OK && i < v->len; i++) {
		hm_json_key_str(&c->w, members[i].key);
		st = write_value(c, members[i].value, err);
	}
	hm_json_object_end(&c->w);
	HM_PLANT(!is_sorted && v->len == 5);
	return st;
}

static enum hm_status write_array(struct canonical *c, const struct hm_value *v, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	hm_json_array(&c->w);
	for (uint32_t i = 0; st == HM_OK && i < v->len; i++)
		st = write_value(c, &v->items[i], err);
	hm_json_array_end(&c->w);
	return st;
}

static enum hm_status write_value(struct canonical *c, const struct hm_value *v, struct hm_err *err)
{
	switch ((enum hm_kind)v->kind) {
	case HM_NULL:
	case HM_BOOL:
	case HM_STRING: /* RFC 8785 3.2.2.2: the escapes are those of our writer */
		hm_json_value(&c->w, v);
		return HM_OK;
	case HM_NUMBER:
		return write_number(c, v, err);
	case HM_ARRAY:
		return write_array(c, v, err);
	case HM_OBJECT:
		return write_object(c, v, err);
	case HM_SET:
		break;
	}
	return hm_value_refuse(c->root, v, NULL, err, HM_R_DATA_KIND, "a set");
}

enum hm_status hm_json_canonical(const struct hm_value *v, struct hm_buf *buf, struct hm_err *err)
{
	struct canonical c = { .root = v, .w = hm_json_writer_init(buf, NULL) };
	enum hm_status st = write_value(&c, v, err);

	return st == HM_OK ? hm_json_writer_check(&c.w, "canonical JSON", err) : st;
}
