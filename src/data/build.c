/* Making values: see value.h. */
#include "data/decimal.h"
#include "data/keys.h"

#include "base/mem.h"
#include "base/own.h"

#include <inttypes.h>
#include <stdio.h>

/* More than a value can count is over the arena's limit, whatever that is. */
static bool is_countable(struct hm_arena *arena, size_t len)
{
	if (len > UINT32_MAX && arena->status == HM_OK)
		arena->status = HM_ELIMIT;
	return len <= UINT32_MAX;
}

struct hm_value hm_value_str(struct hm_arena *arena, struct hm_str s)
{
	char *copy = is_countable(arena, s.len) ? hm_arena_bytes(arena, s.len) : NULL;

	if (!copy)
		return hm_value_null();
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return hm_value_borrow(hm_str_of(copy, s.len));
}

struct hm_value hm_value_cstr(struct hm_arena *arena, const char *cstr)
{
	return hm_value_str(arena, hm_str(cstr));
}

static struct hm_value number_text(struct hm_arena *arena, struct hm_str text)
{
	struct hm_value v = hm_value_str(arena, text);

	if (v.kind == HM_STRING) {
		v.kind = HM_NUMBER;
		v.is_text = true;
	}
	return v;
}

struct hm_value hm_value_u64(struct hm_arena *arena, uint64_t number)
{
	char text[24];

	if (number <= INT64_MAX)
		return hm_value_i64((int64_t)number);
	int len = snprintf(text, sizeof(text), "%" PRIu64, number);
	return number_text(arena, hm_str_of(text, (size_t)len));
}

enum hm_status hm_value_number(struct hm_arena *arena, struct hm_str text, struct hm_value *ret_value,
			       struct hm_err *err)
{
	const char *end = text.ptr + text.len, *stop;
	int64_t number;
	enum hm_number_form form = hm_number_scan(text.ptr, end, &stop, &number);

	if (form == HM_NUMBER_INVALID || stop != end)
		return hm_fail(err, HM_R_JSON_SYNTAX, "'%.*s' is not a number", HM_STR_ARG(hm_str_head(text, 64)));
	if (form == HM_NUMBER_TOO_LONG)
		return hm_fail(err, HM_R_JSON_LIMIT, "a number's exponent has more than 18 digits");
	struct hm_value v = form == HM_NUMBER_INT ? hm_value_i64(number) : number_text(arena, text);
	enum hm_status st = hm_arena_check(arena, "number", err);
	if (st == HM_OK)
		*ret_value = v;
	return st;
}

enum hm_status hm_value_array(struct hm_arena *arena, const struct hm_value *items, size_t count,
			      struct hm_value *ret_array, struct hm_err *err)
{
	struct hm_value array = { .kind = HM_ARRAY, .len = (uint32_t)count };

	if (is_countable(arena, count) && count > 0) {
		struct hm_value *copy = hm_arena_words(arena, count * sizeof(*copy));
		if (copy)
			memcpy(copy, items, count * sizeof(*copy));
		array.items = copy;
	}
	enum hm_status st = hm_arena_check(arena, "array", err);
	if (st == HM_OK)
		*ret_array = array;
	return st;
}

enum hm_status hm_value_set(struct hm_arena *arena, const struct hm_value *items, size_t count,
			    struct hm_value *ret_set, struct hm_err *err)
{
	HM_OWN(hm_order_done) struct hm_order order;
	order.at = order.few;

	if (is_countable(arena, count)) {
		if (!hm_order_make(items, count, &order))
			return hm_fail(err, HM_R_NO_MEMORY, "set of %zu", count);
		struct hm_value set = { .kind = HM_SET, .len = order.count, .set = hm_keys_make(arena, items, &order) };
		if (arena->status == HM_OK)
			*ret_set = set;
	}
	return hm_arena_check(arena, "set", err);
}

enum hm_status hm_value_object(struct hm_arena *arena, const struct hm_value *keys, const struct hm_value *values,
			       size_t count, enum hm_dup dup, struct hm_value *ret_object, struct hm_err *err)
{
	HM_OWN(hm_order_done) struct hm_order order;
	order.at = order.few;

	if (is_countable(arena, count)) {
		if (!hm_order_make(keys, count, &order))
			return hm_fail(err, HM_R_NO_MEMORY, "object of %zu", count);
		if (order.twice && dup == HM_DUP_REFUSE) {
			struct hm_str name = hm_str_head(hm_value_text(&keys[order.twice - 1]), 64);
			return hm_fail(err, HM_R_JSON_DUPLICATE, "the key '%.*s' comes twice", HM_STR_ARG(name));
		}
		const struct hm_keys *own = hm_keys_make(arena, keys, &order);
		struct hm_value object = { .kind = HM_OBJECT, .len = order.count };
		object.members = own ? hm_members_make(arena, own, values, &order) : NULL;
		if (arena->status == HM_OK)
			*ret_object = object;
	}
	return hm_arena_check(arena, "object", err);
}

struct hm_array_builder hm_array_builder_init(struct hm_arena *arena)
{
	return (struct hm_array_builder){ .arena = arena };
}

void hm_array_builder_done(struct hm_array_builder *builder)
{
	if (!builder)
		return;
	free(builder->items);
	*builder = hm_array_builder_init(builder->arena);
}

void hm_array_add(struct hm_array_builder *builder, struct hm_value value)
{
	builder->failed |= !hm_grow(&builder->items, &builder->cap, builder->count + 1, sizeof(*builder->items));
	if (!builder->failed)
		builder->items[builder->count++] = value;
}

enum hm_status hm_array_finish(struct hm_array_builder *builder, struct hm_value *ret_array, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (builder->failed)
		st = hm_fail(err, HM_R_NO_MEMORY, "array of %zu", builder->count);
	if (st == HM_OK)
		st = hm_value_array(builder->arena, builder->items, builder->count, ret_array, err);
	hm_array_builder_done(builder);
	return st;
}

enum hm_status hm_set_finish(struct hm_array_builder *builder, struct hm_value *ret_set, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (builder->failed)
		st = hm_fail(err, HM_R_NO_MEMORY, "set of %zu", builder->count);
	if (st == HM_OK)
		st = hm_value_set(builder->arena, builder->items, builder->count, ret_set, err);
	hm_array_builder_done(builder);
	return st;
}

struct hm_object_builder hm_object_builder_init(struct hm_arena *arena)
{
	return (struct hm_object_builder){ .arena = arena };
}

void hm_object_builder_done(struct hm_object_builder *builder)
{
	if (!builder)
		return;
	free(builder->keys);
	free(builder->values);
	*builder = hm_object_builder_init(builder->arena);
}

void hm_object_add_key(struct hm_object_builder *builder, struct hm_value key, struct hm_value value)
{
	size_t need = builder->count + 1;

	builder->failed |= !hm_grow(&builder->keys, &builder->keys_cap, need, sizeof(*builder->keys)) ||
			   !hm_grow(&builder->values, &builder->values_cap, need, sizeof(*builder->values));
	if (builder->failed)
		return;
	builder->keys[builder->count] = key;
	builder->values[builder->count++] = value;
}

void hm_object_add(struct hm_object_builder *builder, const char *name, struct hm_value value)
{
	hm_object_add_key(builder, hm_value_borrow(hm_str(name)), value);
}

enum hm_status hm_object_finish(struct hm_object_builder *builder, enum hm_dup dup, struct hm_value *ret_object,
				struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (builder->failed)
		st = hm_fail(err, HM_R_NO_MEMORY, "object of %zu", builder->count);
	if (st == HM_OK)
		st = hm_value_object(builder->arena, builder->keys, builder->values, builder->count, dup, ret_object,
				     err);
	hm_object_builder_done(builder);
	return st;
}
