#include "data/value.h"

#include "data/number.h"

const char *hm_kind_name(enum hm_kind kind)
{
	static const char *const names[] = {
		[HM_NULL] = "null",   [HM_BOOL] = "boolean",  [HM_NUMBER] = "number", [HM_STRING] = "string",
		[HM_ARRAY] = "array", [HM_OBJECT] = "object", [HM_SET] = "set",
	};

	return names[kind];
}

struct hm_str hm_value_text(const struct hm_value *string)
{
	if (!string || string->kind != HM_STRING)
		return (struct hm_str){ 0 };
	return (struct hm_str){ string->text, string->len };
}

bool hm_value_is_str(const struct hm_value *v, struct hm_str s)
{
	return v && v->kind == HM_STRING && hm_str_eq(hm_value_text(v), s);
}

size_t hm_value_count(const struct hm_value *v)
{
	return v && v->kind >= HM_ARRAY ? v->len : 0;
}

const struct hm_value *hm_value_get_key(const struct hm_value *object, const struct hm_value *key)
{
	if (!object || object->kind != HM_OBJECT)
		return NULL;
	ptrdiff_t at = hm_keys_find(object->members->keys, key);
	return at < 0 ? NULL : &object->members->value[at];
}

const struct hm_value *hm_value_get_str(const struct hm_value *object, struct hm_str name)
{
	if (name.len > UINT32_MAX)
		return NULL;
	const struct hm_value key = hm_value_borrow(name);
	return hm_value_get_key(object, &key);
}

const struct hm_value *hm_value_get(const struct hm_value *object, const char *name)
{
	return hm_value_get_str(object, hm_str(name));
}

const struct hm_value *hm_value_at(const struct hm_value *array, size_t i)
{
	return array && array->kind == HM_ARRAY && i < array->len ? &array->items[i] : NULL;
}

const struct hm_value *hm_value_key_at(const struct hm_value *v, size_t i)
{
	if (!v || v->kind < HM_OBJECT || i >= v->len)
		return NULL;
	return v->kind == HM_OBJECT ? &v->members->keys->key[i] : &v->set->key[i];
}

const struct hm_value *hm_value_member_at(const struct hm_value *object, size_t i)
{
	return object && object->kind == HM_OBJECT && i < object->len ? &object->members->value[i] : NULL;
}

bool hm_value_has(const struct hm_value *v, const struct hm_value *key)
{
	if (!v || v->kind < HM_OBJECT)
		return false;
	return hm_keys_find(v->kind == HM_OBJECT ? v->members->keys : v->set, key) >= 0;
}

enum hm_status hm_value_need(const struct hm_value *object, const char *name, enum hm_kind kind,
			     const struct hm_value **ret_value, struct hm_err *err)
{
	if (!object || object->kind != HM_OBJECT)
		return hm_fail(err, HM_R_DATA_KIND, "'%s' is looked for in what is no object", name);
	const struct hm_value *found = hm_value_get(object, name);
	if (!found)
		return hm_fail(err, HM_R_DATA_MISSING, "there is no '%s'", name);
	if (found->kind != kind)
		return hm_fail(err, HM_R_DATA_KIND, "%s: wanted %s, got %s", name, hm_kind_name(kind),
			       hm_kind_name((enum hm_kind)found->kind));
	*ret_value = found;
	return HM_OK;
}

enum hm_status hm_value_need_str(const struct hm_value *object, const char *name, struct hm_str *ret_text,
				 struct hm_err *err)
{
	const struct hm_value *v = NULL;
	enum hm_status st = hm_value_need(object, name, HM_STRING, &v, err);

	if (st == HM_OK)
		*ret_text = hm_value_text(v);
	return st;
}

enum hm_status hm_value_need_bool(const struct hm_value *object, const char *name, bool *ret_truth, struct hm_err *err)
{
	const struct hm_value *v = NULL;
	enum hm_status st = hm_value_need(object, name, HM_BOOL, &v, err);

	if (st == HM_OK)
		*ret_truth = v->truth;
	return st;
}

enum hm_status hm_value_need_i64(const struct hm_value *object, const char *name, int64_t *ret_number,
				 struct hm_err *err)
{
	const struct hm_value *v = NULL;
	enum hm_status st = hm_value_need(object, name, HM_NUMBER, &v, err);

	if (st == HM_OK && !hm_number_to_i64(v, ret_number))
		return hm_fail(err, HM_R_DATA_VALUE, "%s: wanted an integer of 64 bits", name);
	return st;
}

enum hm_status hm_value_need_u64(const struct hm_value *object, const char *name, uint64_t *ret_number,
				 struct hm_err *err)
{
	const struct hm_value *v = NULL;
	enum hm_status st = hm_value_need(object, name, HM_NUMBER, &v, err);

	if (st == HM_OK && !hm_number_to_u64(v, ret_number))
		return hm_fail(err, HM_R_DATA_VALUE, "%s: wanted an integer from 0 to 2^64 - 1", name);
	return st;
}

/* Whether an object has the member and it is not null; what is no object goes on to be refused. */
static bool is_absent(const struct hm_value *object, const char *name)
{
	if (!object || object->kind != HM_OBJECT)
		return false;
	const struct hm_value *v = hm_value_get(object, name);
	return !v || v->kind == HM_NULL;
}

enum hm_status hm_value_may_str(const struct hm_value *object, const char *name, struct hm_str *ret_text,
				struct hm_err *err)
{
	return is_absent(object, name) ? HM_OK : hm_value_need_str(object, name, ret_text, err);
}

enum hm_status hm_value_may_bool(const struct hm_value *object, const char *name, bool *ret_truth, struct hm_err *err)
{
	return is_absent(object, name) ? HM_OK : hm_value_need_bool(object, name, ret_truth, err);
}

enum hm_status hm_value_may_i64(const struct hm_value *object, const char *name, int64_t *ret_number,
				struct hm_err *err)
{
	return is_absent(object, name) ? HM_OK : hm_value_need_i64(object, name, ret_number, err);
}

enum hm_status hm_value_may_u64(const struct hm_value *object, const char *name, uint64_t *ret_number,
				struct hm_err *err)
{
	return is_absent(object, name) ? HM_OK : hm_value_need_u64(object, name, ret_number, err);
}
