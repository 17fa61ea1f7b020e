/* A param's value from what somebody wrote on a command line. */
#include "base/limits.h"
#include "data/json.h"
#include "pipeline/load.h"

static enum hm_status refuse(const struct hm_param_spec *spec, const char *why, struct hm_err *err)
{
	return hm_fail(err, HM_R_PIPELINE_PARAM, "param '%.*s' of type %s: %s", HM_STR_ARG(spec->name),
		       hm_param_type_name(spec->type), why);
}

static size_t count_parts(struct hm_str text)
{
	size_t count = 0;
	struct hm_str part;

	while (hm_str_next(&text, ',', &part))
		count++;
	return count;
}

static enum hm_status from_json(const struct hm_param_spec *spec, const struct hm_value *v, struct hm_arena *arena,
				struct hm_param_value *value, struct hm_err *err)
{
	struct hm_str *items, *keys;

	value->count = hm_value_count(v);
	items = hm_arena_calloc(arena, value->count + 1, sizeof(*items));
	keys = hm_arena_calloc(arena, value->count + 1, sizeof(*keys));
	for (size_t i = 0; i < value->count && items && keys; i++) {
		const struct hm_value *item = v->kind == HM_ARRAY ? hm_value_at(v, i) : hm_value_member_at(v, i);
		if (item->kind != HM_STRING || hm_str_find_char(hm_value_text(item), '\0') >= 0)
			return refuse(spec, "its elements are strings", err);
		items[i] = hm_value_text(item);
		if (v->kind == HM_OBJECT)
			keys[i] = hm_value_text(hm_value_key_at(v, i));
	}
	value->items = items;
	value->keys = keys;
	return hm_arena_check(arena, "params", err);
}

static enum hm_status from_commas(const struct hm_param_spec *spec, struct hm_str text, struct hm_arena *arena,
				  struct hm_param_value *value, struct hm_err *err)
{
	size_t count = text.len > 0 ? count_parts(text) : 0;
	struct hm_str *items = hm_arena_calloc(arena, count + 1, sizeof(*items));
	struct hm_str *keys = hm_arena_calloc(arena, count + 1, sizeof(*keys));

	for (size_t i = 0; i < count && items && keys; i++) {
		(void)hm_str_next(&text, ',', &items[i]);
		if (spec->type == HM_PARAM_OBJECT && !hm_str_cut(items[i], ':', &keys[i], &items[i]))
			return refuse(spec, "write it as KEY:VALUE,KEY:VALUE", err);
	}
	value->items = items;
	value->keys = keys;
	value->count = count;
	return hm_arena_check(arena, "params", err);
}

static enum hm_status check_keys(const struct hm_param_spec *spec, const struct hm_param_value *value,
				 struct hm_err *err)
{
	for (size_t i = 0; i < spec->key_count; i++) {
		size_t k = 0;
		while (k < value->count && !hm_str_eq(value->keys[k], spec->keys[i]))
			k++;
		if (k == value->count)
			return hm_fail(err, HM_R_PIPELINE_PARAM, "param '%.*s' has no key '%.*s'",
				       HM_STR_ARG(spec->name), HM_STR_ARG(spec->keys[i]));
	}
	for (size_t i = 0; i < value->count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (hm_str_eq(value->keys[k], value->keys[i]))
				return refuse(spec, "a key is there twice", err);
		}
	}
	return HM_OK;
}

enum hm_status hm_param_value_parse(const struct hm_param_spec *spec, struct hm_str text, struct hm_arena *arena,
				    struct hm_param_value *ret_value, struct hm_err *err)
{
	struct hm_param_value value = { .type = spec->type, .text = text };
	struct hm_value v;
	enum hm_status st = HM_OK;

	if (hm_str_find_char(text, '\0') >= 0)
		return refuse(spec, "it has a NUL in it", err);
	if (spec->type != HM_PARAM_STRING) {
		bool is_array = spec->type == HM_PARAM_ARRAY;
		value.text = (struct hm_str){ 0 };
		if (hm_str_has_prefix(text, is_array ? HM_STR("[") : HM_STR("{"))) {
			st = hm_json_parse(text, NULL, arena, &v, err);
			if (st == HM_ENOMEM)
				return st;
			if (st != HM_OK)
				return refuse(spec, "it is no JSON", err);
			st = from_json(spec, &v, arena, &value, err);
		} else {
			st = from_commas(spec, text, arena, &value, err);
		}
		if (st == HM_OK && value.count > HM_MAX_PIPELINE_ITEMS)
			st = refuse(spec, "it has too many elements", err);
		if (st == HM_OK && !is_array)
			st = check_keys(spec, &value, err);
	}
	if (st == HM_OK)
		*ret_value = value;
	return st;
}
