/* Order, equality and hashes of values, and finding a key among keys that stand in that order. */
#include "data/keys.h"

#include "data/decimal.h"
#include "data/number.h"

/* Below this many, comparing one after the other is faster than anything clever. */
enum { few_keys = 8 };

static int compare_ints(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_text(const struct hm_value *a, const struct hm_value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = a->text == b->text || len == 0 ? 0 : memcmp(a->text, b->text, len);

	return order ? order : compare_ints(a->len, b->len);
}

/* The first difference of two rows of values, then the shorter. */
static int compare_rows(const struct hm_value *a, size_t a_len, const struct hm_value *b, size_t b_len)
{
	for (size_t i = 0; a != b && i < a_len && i < b_len; i++) {
		int order = hm_value_cmp(&a[i], &b[i]);
		if (order)
			return order;
	}
	return compare_ints(a_len, b_len);
}

static int compare_objects(const struct hm_value *a, const struct hm_value *b)
{
	const struct hm_members *x = a->members, *y = b->members;

	if (x == y)
		return 0;
	for (size_t i = 0; i < a->len && i < b->len; i++) {
		int order = x->keys == y->keys ? 0 : hm_value_cmp(&x->keys->key[i], &y->keys->key[i]);
		if (!order)
			order = hm_value_cmp(&x->value[i], &y->value[i]);
		if (order)
			return order;
	}
	return compare_ints(a->len, b->len);
}

int hm_value_cmp(const struct hm_value *a, const struct hm_value *b)
{
	if (a->kind != b->kind)
		return compare_ints(a->kind, b->kind);
	switch ((enum hm_kind)a->kind) {
	case HM_NULL:
		return 0;
	case HM_BOOL:
		return (int)a->truth - (int)b->truth;
	case HM_NUMBER:
		return hm_number_cmp(a, b);
	case HM_STRING:
		return compare_text(a, b);
	case HM_ARRAY:
		return compare_rows(a->items, a->len, b->items, b->len);
	case HM_OBJECT:
		return compare_objects(a, b);
	case HM_SET:
		return compare_rows(a->set->key, a->len, b->set->key, b->len);
	}
	return 0;
}

bool hm_value_eq(const struct hm_value *a, const struct hm_value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == HM_STRING)
		return a->len == b->len && (a->text == b->text || a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
	if (a->kind >= HM_ARRAY && a->len != b->len)
		return false;
	return hm_value_cmp(a, b) == 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product =
	    (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd1b54a32d192ed03));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hm_data_hash(const char *text, size_t len)
{
	uint64_t hash = len, word = 0;

	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	if (len)
		memcpy(&word, text, len);
	return mix(hash, word);
}

/* Equal numbers may be written in many ways; those that are an int64 are hashed as one, others by their digits. */
static uint64_t hash_number(const struct hm_value *v)
{
	int64_t number;

	if (hm_number_to_i64(v, &number))
		return mix(HM_NUMBER, (uint64_t)number);
	struct hm_decimal d;
	hm_decimal_of(v, &d);
	uint64_t hash = mix((uint64_t)d.exponent, d.is_negative);
	for (const char *p = d.first; p < d.end; p++) {
		if (*p != '.')
			hash = mix(hash, (uint64_t)(unsigned char)*p);
	}
	return hash;
}

static uint64_t hash_row(uint64_t hash, const struct hm_value *row, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = mix(hash, hm_value_hash(&row[i]));
	return hash;
}

uint64_t hm_value_hash(const struct hm_value *v)
{
	switch ((enum hm_kind)v->kind) {
	case HM_NULL:
		return mix(HM_NULL, 1);
	case HM_BOOL:
		return mix(HM_BOOL, v->truth);
	case HM_NUMBER:
		return hash_number(v);
	case HM_STRING:
		return hm_data_hash(v->text, v->len);
	case HM_ARRAY:
		return hash_row(HM_ARRAY, v->items, v->len);
	case HM_OBJECT:
		return hash_row(hash_row(HM_OBJECT, v->members->keys->key, v->len), v->members->value, v->len);
	case HM_SET:
		return hash_row(HM_SET, v->set->key, v->len);
	}
	return 0;
}

static ptrdiff_t find_by_hash(const struct hm_keys *keys, const struct hm_value *key)
{
	/* Every key stands within so many places of its own, or there would be no index: see hm_keys_add_index(). */
	uint32_t at = (uint32_t)hm_value_hash(key);

	for (uint32_t i = 0; i < hm_keys_max_probes; i++, at++) {
		uint32_t found = keys->index[at & keys->index_mask];
		if (found == 0)
			return -1;
		if (hm_value_eq(&keys->key[found - 1], key))
			return (ptrdiff_t)found - 1;
	}
	return -1;
}

static ptrdiff_t find_by_order(const struct hm_keys *keys, const struct hm_value *key)
{
	uint32_t low = 0, high = keys->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = hm_value_cmp(&keys->key[middle], key);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

ptrdiff_t hm_keys_find(const struct hm_keys *keys, const struct hm_value *key)
{
	if (keys->index)
		return find_by_hash(keys, key);
	if (keys->count > few_keys)
		return find_by_order(keys, key);
	for (uint32_t i = 0; i < keys->count; i++) {
		if (hm_value_eq(&keys->key[i], key))
			return (ptrdiff_t)i;
	}
	return -1;
}
