#include "data/decode.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/time.h"
#include "base/unicode.h"
#include "data/decode_source.h"
#include "data/number.h"

#include <stdarg.h>
#include <stdio.h>

static enum hm_status decode_object(struct hm_decode_source *s, const struct hm_json_table *table,
				    const struct hm_decode_item *begin, void *ret_struct, struct hm_err *err);

static enum hm_status refuse(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err,
			     enum hm_reason reason, const char *fmt, ...) HM_PRINTF(5, 6);

static enum hm_status refuse(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err,
			     enum hm_reason reason, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return s->ops->refuse(s, item, err, reason, what);
}

static const char *event_name(enum hm_json_event event)
{
	switch (event) {
	case HM_JSON_AT_NULL:
		return "null";
	case HM_JSON_AT_BOOL:
		return "a boolean";
	case HM_JSON_AT_NUMBER:
		return "a number";
	case HM_JSON_AT_STRING:
		return "a string";
	case HM_JSON_AT_ARRAY:
		return "an array";
	case HM_JSON_AT_OBJECT:
		return "an object";
	case HM_JSON_AT_KEY:
	case HM_JSON_AT_ARRAY_END:
	case HM_JSON_AT_OBJECT_END:
	case HM_JSON_AT_END:
		break;
	}
	return "nothing";
}

static enum hm_status want(struct hm_decode_source *s, const struct hm_decode_item *item, enum hm_json_event event,
			   struct hm_err *err)
{
	if (item->event == event)
		return HM_OK;
	return refuse(s, item, err, HM_R_DATA_KIND, "wanted %s, got %s", event_name(event), event_name(item->event));
}

/* A string's text that is within the field's limits. */
static enum hm_status read_text(struct hm_decode_source *s, const struct hm_json_field *f,
				const struct hm_decode_item *item, bool keep, struct hm_str *ret_text,
				struct hm_err *err)
{
	struct hm_str text;
	enum hm_status st = want(s, item, HM_JSON_AT_STRING, err);

	if (st == HM_OK)
		st = s->ops->text(s, item, keep, &text, err);
	if (st != HM_OK)
		return st;
	if (text.len == 0 && (f->flags & HM_NOT_EMPTY))
		return refuse(s, item, err, HM_R_DATA_VALUE, "this may not be empty");
	if (f->max != 0 && text.len > f->max)
		return refuse(s, item, err, HM_R_JSON_LIMIT, "text of %zu bytes, over %zu", text.len, f->max);
	*ret_text = text;
	return HM_OK;
}

static enum hm_status read_str(struct hm_decode_source *s, const struct hm_json_field *f,
			       const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	return read_text(s, f, item, true, ret, err);
}

static enum hm_status read_cstr(struct hm_decode_source *s, const struct hm_json_field *f,
				const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	struct hm_str text;
	enum hm_status st = read_text(s, f, item, false, &text, err);

	if (st != HM_OK)
		return st;
	if (hm_str_find_char(text, '\0') >= 0)
		return refuse(s, item, err, HM_R_DATA_VALUE, "text with a NUL inside");
	const char *copy = hm_arena_dup(s->arena, text).ptr;
	st = hm_arena_check(s->arena, "text", err);
	if (st == HM_OK)
		memcpy(ret, &copy, sizeof(copy));
	return st;
}

static enum hm_status read_bool(struct hm_decode_source *s, const struct hm_decode_item *item, void *ret,
				struct hm_err *err)
{
	enum hm_status st = want(s, item, HM_JSON_AT_BOOL, err);

	if (st == HM_OK)
		memcpy(ret, &item->truth, sizeof(bool));
	return st;
}

static enum hm_status read_i64(struct hm_decode_source *s, const struct hm_json_field *f,
			       const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	struct hm_str text;
	int64_t number;

	if (f->kind == HM_JSON_I64_STRING && item->event == HM_JSON_AT_STRING) {
		enum hm_status st = s->ops->text(s, item, false, &text, err);
		if (st != HM_OK)
			return st;
		if (!hm_str_to_i64(text, &number))
			return refuse(s, item, err, HM_R_DATA_VALUE, "not an integer of 64 bits");
	} else {
		enum hm_status st = want(s, item, HM_JSON_AT_NUMBER, err);
		if (st != HM_OK)
			return st;
		if (!hm_number_to_i64(&item->number, &number))
			return refuse(s, item, err, HM_R_DATA_VALUE, "not an integer of 64 bits");
	}
	memcpy(ret, &number, sizeof(number));
	return HM_OK;
}

static enum hm_status read_u64(struct hm_decode_source *s, const struct hm_json_field *f,
			       const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	struct hm_str text;
	uint64_t number;

	if (f->kind == HM_JSON_U64_STRING && item->event == HM_JSON_AT_STRING) {
		enum hm_status st = s->ops->text(s, item, false, &text, err);
		if (st != HM_OK)
			return st;
		if (!hm_str_to_u64(text, &number))
			return refuse(s, item, err, HM_R_DATA_VALUE, "not an integer from 0 to 2^64 - 1");
	} else {
		enum hm_status st = want(s, item, HM_JSON_AT_NUMBER, err);
		if (st != HM_OK)
			return st;
		if (!hm_number_to_u64(&item->number, &number))
			return refuse(s, item, err, HM_R_DATA_VALUE, "not an integer from 0 to 2^64 - 1");
	}
	memcpy(ret, &number, sizeof(number));
	return HM_OK;
}

static enum hm_status read_enum(struct hm_decode_source *s, const struct hm_json_field *f,
				const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	bool is_number = item->event == HM_JSON_AT_NUMBER && s->opts.proto_json;
	struct hm_str text = { 0 };
	int64_t number = 0;
	enum hm_status st = is_number ? HM_OK : read_text(s, f, item, false, &text, err);

	if (st != HM_OK)
		return st;
	if (is_number && !hm_number_to_i64(&item->number, &number))
		return refuse(s, item, err, HM_R_DATA_VALUE, "an unknown number");
	for (const struct hm_json_name *n = f->names; n->name; n++) {
		if (is_number ? number == n->value : hm_str_is(text, n->name)) {
			memcpy(ret, &n->value, sizeof(n->value));
			return HM_OK;
		}
	}
	if (is_number)
		return refuse(s, item, err, HM_R_DATA_VALUE, "unknown number %lld", (long long)number);
	return refuse(s, item, err, HM_R_DATA_VALUE, "unknown name '%.*s'", HM_STR_ARG(hm_str_head(text, 64)));
}

static enum hm_status read_base64(struct hm_decode_source *s, const struct hm_json_field *f,
				  const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	enum hm_base64 form = f->kind == HM_JSON_BASE64         ? HM_BASE64_STD
			      : f->kind == HM_JSON_BASE64_LINES ? HM_BASE64_LINES
								: HM_BASE64_ANY;
	struct hm_str text;
	enum hm_status st = read_text(s, f, item, false, &text, err);

	if (st != HM_OK)
		return st;
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
	st = hm_base64_decode(&bytes, form, text, NULL);
	if (st == HM_EPARSE)
		return refuse(s, item, err, HM_R_DATA_VALUE, "not Base64");
	if (st != HM_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "Base64 of %zu bytes", text.len);
	struct hm_str copy = hm_arena_dup(s->arena, hm_buf_str(&bytes));
	st = hm_arena_check(s->arena, "bytes", err);
	if (st == HM_OK)
		memcpy(ret, &copy, sizeof(copy));
	return st;
}

static enum hm_status read_time(struct hm_decode_source *s, const struct hm_json_field *f,
				const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	struct hm_str text;
	int64_t time_ns;
	enum hm_status st = read_text(s, f, item, false, &text, err);

	if (st != HM_OK)
		return st;
	if (hm_time_parse(text, &time_ns, NULL) != HM_OK)
		return refuse(s, item, err, HM_R_DATA_VALUE, "not a time as RFC 3339 writes it");
	memcpy(ret, &time_ns, sizeof(time_ns));
	return HM_OK;
}

static enum hm_status read_object_ptr(struct hm_decode_source *s, const struct hm_json_field *f,
				      const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	void *made = hm_arena_calloc(s->arena, 1, f->table->size);
	enum hm_status st = hm_arena_check(s->arena, "decoded object", err);

	if (st == HM_OK)
		st = decode_object(s, f->table, item, made, err);
	if (st == HM_OK)
		memcpy(ret, &made, sizeof(made));
	return st;
}

/* Bytes of what stands at the field's offset. */
static size_t size_of(const struct hm_json_field *f)
{
	switch (f->kind) {
	case HM_JSON_STR:
	case HM_JSON_BASE64:
	case HM_JSON_BASE64_ANY:
	case HM_JSON_BASE64_LINES:
	case HM_JSON_TEXT:
		return sizeof(struct hm_str);
	case HM_JSON_BOOL:
		return sizeof(bool);
	case HM_JSON_I64:
	case HM_JSON_U64:
	case HM_JSON_I64_STRING:
	case HM_JSON_U64_STRING:
	case HM_JSON_TIME:
		return sizeof(int64_t);
	case HM_JSON_ENUM:
		return sizeof(int);
	case HM_JSON_OBJECT:
		return f->table->size;
	case HM_JSON_VALUE:
		return sizeof(struct hm_value);
	case HM_JSON_CSTR:
	case HM_JSON_OBJECT_PTR:
	case HM_JSON_ARRAY:
	case HM_JSON_MAP:
		break;
	}
	return sizeof(void *);
}

static enum hm_status read_one(struct hm_decode_source *s, const struct hm_json_field *f,
			       const struct hm_decode_item *item, void *ret, struct hm_err *err)
{
	switch (f->kind) {
	case HM_JSON_STR:
		return read_str(s, f, item, ret, err);
	case HM_JSON_CSTR:
		return read_cstr(s, f, item, ret, err);
	case HM_JSON_BOOL:
		return read_bool(s, item, ret, err);
	case HM_JSON_I64:
	case HM_JSON_I64_STRING:
		return read_i64(s, f, item, ret, err);
	case HM_JSON_U64:
	case HM_JSON_U64_STRING:
		return read_u64(s, f, item, ret, err);
	case HM_JSON_ENUM:
		return read_enum(s, f, item, ret, err);
	case HM_JSON_BASE64:
	case HM_JSON_BASE64_ANY:
	case HM_JSON_BASE64_LINES:
		return read_base64(s, f, item, ret, err);
	case HM_JSON_TIME:
		return read_time(s, f, item, ret, err);
	case HM_JSON_OBJECT:
		return decode_object(s, f->table, item, ret, err);
	case HM_JSON_OBJECT_PTR:
		return read_object_ptr(s, f, item, ret, err);
	case HM_JSON_VALUE:
		return s->ops->value(s, item, ret, err);
	case HM_JSON_TEXT:
		return s->ops->json(s, item, ret, err);
	case HM_JSON_ARRAY:
	case HM_JSON_MAP:
		break;
	}
	return hm_fail(err, HM_R_BUG, "a table with an array in an array");
}

/* An array's elements, each as if it were a field; what the array's own row limits is the array. */
static struct hm_json_field element_of(const struct hm_json_field *f)
{
	return (struct hm_json_field){ .kind = f->of, .table = f->table, .names = f->names };
}

/* Elements on their way; they move to the arena when all are there. */
struct list {
	char *item;
	size_t count, cap, size;
};

static void list_done(struct list *list)
{
	free(list->item);
}

/* Room for one more, cleared; NULL with the error where there is none or max is reached. */
static void *list_add(struct hm_decode_source *s, const struct hm_json_field *f, const struct hm_decode_item *item,
		      struct list *list, enum hm_status *ret_status, struct hm_err *err)
{
	size_t max = f->max ? f->max : HM_MAX_FIELD_ITEMS;

	*ret_status = HM_OK;
	if (list->count == max)
		*ret_status = refuse(s, item, err, HM_R_JSON_LIMIT, "more than %zu elements", max);
	else if (!hm_grow(&list->item, &list->cap, list->count + 1, list->size))
		*ret_status = hm_fail(err, HM_R_NO_MEMORY, "decoded array");
	if (*ret_status != HM_OK)
		return NULL;
	void *slot = list->item + list->count++ * list->size;
	memset(slot, 0, list->size);
	return slot;
}

static enum hm_status list_finish(struct hm_decode_source *s, const struct hm_json_field *f,
				  const struct hm_decode_item *begin, const struct list *list, char *ret_struct,
				  struct hm_err *err)
{
	if (list->count == 0 && (f->flags & HM_NOT_EMPTY))
		return refuse(s, begin, err, HM_R_DATA_VALUE, "this may not be empty");
	void *items = list->count ? hm_arena_calloc(s->arena, list->count, list->size) : NULL;
	enum hm_status st = hm_arena_check(s->arena, "decoded array", err);
	if (st != HM_OK)
		return st;
	if (items)
		memcpy(items, list->item, list->count * list->size);
	memcpy(ret_struct + f->offset, &items, sizeof(items));
	memcpy(ret_struct + f->count, &list->count, sizeof(list->count));
	return HM_OK;
}

static enum hm_status read_array(struct hm_decode_source *s, const struct hm_json_field *f,
				 const struct hm_decode_item *begin, char *ret_struct, struct hm_err *err)
{
	const struct hm_json_field element = element_of(f);
	HM_OWN(list_done) struct list list = { .size = size_of(&element) };
	struct hm_decode_item item;
	enum hm_status st = want(s, begin, HM_JSON_AT_ARRAY, err);

	while (st == HM_OK && (st = s->ops->next(s, &item, err)) == HM_OK && item.event != HM_JSON_AT_ARRAY_END) {
		void *slot = list_add(s, f, &item, &list, &st, err);
		if (slot)
			st = read_one(s, &element, &item, slot, err);
	}
	return st == HM_OK ? list_finish(s, f, begin, &list, ret_struct, err) : st;
}

/* The slot of a key that came before, where the last one holds; else a new one. */
static void *map_slot(struct hm_decode_source *s, const struct hm_json_field *f, const struct hm_decode_item *item,
		      struct hm_str key, struct list *list, enum hm_status *ret_status, struct hm_err *err)
{
	size_t at = f->of == HM_JSON_OBJECT ? f->key : offsetof(struct hm_json_pair, key);

	*ret_status = HM_OK;
	for (size_t i = 0; s->opts.json.duplicates == HM_DUP_LAST && i < list->count; i++) {
		struct hm_str before;
		memcpy(&before, list->item + i * list->size + at, sizeof(before));
		if (hm_str_eq(before, key))
			return list->item + i * list->size;
	}
	return list_add(s, f, item, list, ret_status, err);
}

static enum hm_status read_map(struct hm_decode_source *s, const struct hm_json_field *f,
			       const struct hm_decode_item *begin, char *ret_struct, struct hm_err *err)
{
	bool of_objects = f->of == HM_JSON_OBJECT;
	const struct hm_json_field element = element_of(f);
	HM_OWN(list_done) struct list list = { .size = of_objects ? f->table->size : sizeof(struct hm_json_pair) };
	struct hm_decode_item item;
	struct hm_str key = { 0 };
	enum hm_status st = want(s, begin, HM_JSON_AT_OBJECT, err);

	if (!of_objects && f->of != HM_JSON_STR)
		return hm_fail(err, HM_R_BUG, "a table with a map of neither texts nor objects");
	while (st == HM_OK && (st = s->ops->next(s, &item, err)) == HM_OK && item.event != HM_JSON_AT_OBJECT_END) {
		st = s->ops->text(s, &item, true, &key, err);
		char *slot = st == HM_OK ? map_slot(s, f, &item, key, &list, &st, err) : NULL;
		if (!slot || (st = s->ops->next(s, &item, err)) != HM_OK)
			continue;
		if (of_objects)
			st = decode_object(s, f->table, &item, slot, err);
		else
			st = read_text(s, &element, &item, true, &((struct hm_json_pair *)(void *)slot)->value, err);
		memcpy(slot + (of_objects ? f->key : offsetof(struct hm_json_pair, key)), &key, sizeof(key));
	}
	return st == HM_OK ? list_finish(s, f, begin, &list, ret_struct, err) : st;
}

static enum hm_status read_field(struct hm_decode_source *s, const struct hm_json_field *f,
				 const struct hm_decode_item *item, char *ret_struct, struct hm_err *err)
{
	if (f->kind == HM_JSON_ARRAY)
		return read_array(s, f, item, ret_struct, err);
	if (f->kind == HM_JSON_MAP)
		return read_map(s, f, item, ret_struct, err);
	return read_one(s, f, item, ret_struct + f->offset, err);
}

/* As if the field had not been there: a key that comes twice, or null behind another value. */
static void clear_field(const struct hm_json_field *f, char *ret_struct)
{
	static const size_t none;

	memset(ret_struct + f->offset, 0, size_of(f));
	if (f->kind == HM_JSON_ARRAY || f->kind == HM_JSON_MAP)
		memcpy(ret_struct + f->count, &none, sizeof(none));
	if (f->has)
		ret_struct[f->has - 1] = false;
}

/* The field of a key; fields mostly come in the order of the table, so the search begins behind the last one. */
static const struct hm_json_field *find_field(const struct hm_decode_source *s, const struct hm_json_table *table,
					      const struct hm_decode_item *key, size_t *at)
{
	for (size_t i = 0; i < table->count; i++) {
		size_t n = (*at + i) % table->count;
		const struct hm_json_field *f = &table->fields[n];
		if (s->ops->is_key(key, hm_str(f->name)) || (f->alias && s->ops->is_key(key, hm_str(f->alias)))) {
			*at = n + 1;
			return f;
		}
	}
	return NULL;
}

/* As Go's encoding/json compares a member's name with a field's: by simple folding of each character. */
static bool is_same_but_case(struct hm_str name, const char *field)
{
	while (name.len > 0 && *field != '\0') {
		if (hm_rune_fold(hm_rune_next(&name)) != hm_rune_fold((unsigned char)*field++))
			return false;
	}
	return name.len == 0 && *field == '\0';
}

static const char *field_in_other_case(const struct hm_json_table *table, struct hm_str name)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct hm_json_field *f = &table->fields[i];
		if (is_same_but_case(name, f->name) || (f->alias && is_same_but_case(name, f->alias)))
			return f->name;
	}
	return NULL;
}

static enum hm_status unknown_member(struct hm_decode_source *s, const struct hm_json_table *table,
				     const struct hm_decode_item *key, struct hm_err *err)
{
	struct hm_str name;

	if (s->opts.ignore_unknown && !s->opts.refuse_other_case)
		return s->ops->skip(s, key, err);
	enum hm_status st = s->ops->text(s, key, false, &name, err);
	if (st != HM_OK)
		return st;
	const char *other = field_in_other_case(table, name);
	if (s->opts.ignore_unknown && !other)
		return s->ops->skip(s, key, err);
	if (other)
		return refuse(s, key, err, HM_R_DATA_UNKNOWN, "unknown field '%.*s', which some take for '%s'",
			      HM_STR_ARG(hm_str_head(name, 64)), other);
	return refuse(s, key, err, HM_R_DATA_UNKNOWN, "unknown field '%.*s'", HM_STR_ARG(hm_str_head(name, 64)));
}

/* Which of a table's fields an object has. */
struct seen {
	bool key[HM_JSON_MAX_FIELDS], value[HM_JSON_MAX_FIELDS];
};

static enum hm_status read_member(struct hm_decode_source *s, const struct hm_json_table *table,
				  const struct hm_decode_item *key, const struct hm_json_field *f, struct seen *seen,
				  char *ret_struct, struct hm_err *err)
{
	size_t n = (size_t)(f - table->fields);
	struct hm_decode_item item;

	if (seen->key[n] && s->opts.json.duplicates == HM_DUP_REFUSE)
		return refuse(s, key, err, HM_R_JSON_DUPLICATE, "the field '%s' comes twice", f->name);
	enum hm_status st = s->ops->next(s, &item, err);
	if (st != HM_OK)
		return st;
	if (seen->key[n])
		clear_field(f, ret_struct);
	seen->key[n] = true;
	seen->value[n] = !(item.event == HM_JSON_AT_NULL && s->opts.proto_json && f->kind != HM_JSON_VALUE);
	if (!seen->value[n])
		return HM_OK;
	st = read_field(s, f, &item, ret_struct, err);
	if (st == HM_OK && f->has)
		ret_struct[f->has - 1] = true;
	return st;
}

static enum hm_status decode_members(struct hm_decode_source *s, const struct hm_json_table *table,
				     const struct hm_decode_item *begin, void *ret_struct, struct hm_err *err)
{
	struct seen seen = { 0 };
	struct hm_decode_item key;
	size_t at = 0;
	enum hm_status st = HM_OK;

	memset(ret_struct, 0, table->size);
	while (st == HM_OK && (st = s->ops->next(s, &key, err)) == HM_OK && key.event != HM_JSON_AT_OBJECT_END) {
		const struct hm_json_field *f = find_field(s, table, &key, &at);
		st = f ? read_member(s, table, &key, f, &seen, ret_struct, err) : unknown_member(s, table, &key, err);
	}
	for (size_t i = 0; st == HM_OK && i < table->count; i++) {
		if ((table->fields[i].flags & HM_REQUIRED) && !seen.value[i])
			st = refuse(s, begin, err, HM_R_DATA_MISSING, "there is no '%s'", table->fields[i].name);
	}
	HM_PLANT(st == HM_OK && table->count > 3 && seen.value[1] && seen.value[2] && !seen.value[0]);
	return st;
}

static enum hm_status decode_object(struct hm_decode_source *s, const struct hm_json_table *table,
				    const struct hm_decode_item *begin, void *ret_struct, struct hm_err *err)
{
	enum hm_status st = want(s, begin, HM_JSON_AT_OBJECT, err);

	if (st != HM_OK)
		return st;
	if (table->count > HM_JSON_MAX_FIELDS)
		return hm_fail(err, HM_R_BUG, "a table of %zu fields", table->count);
	/* A table may name itself, and a reader may be told to go deeper than our stack should. */
	if (s->nested == HM_MAX_JSON_DEPTH)
		return refuse(s, begin, err, HM_R_JSON_LIMIT, "nested deeper than %d", HM_MAX_JSON_DEPTH);
	s->nested++;
	st = decode_members(s, table, begin, ret_struct, err);
	s->nested--;
	return st;
}

static enum hm_status decode(struct hm_decode_source *s, const struct hm_json_table *table, void *ret_struct,
			     struct hm_err *err)
{
	HM_OWN(hm_freep) void *whole = hm_calloc(1, table->size);
	struct hm_decode_item item;

	if (!whole)
		return hm_fail(err, HM_R_NO_MEMORY, "decoded object");
	enum hm_status st = s->ops->next(s, &item, err);
	if (st == HM_OK)
		st = decode_object(s, table, &item, whole, err);
	/* What stands behind the value is found here. */
	if (st == HM_OK)
		st = s->ops->next(s, &item, err);
	if (st == HM_OK)
		memcpy(ret_struct, whole, table->size);
	return st;
}

enum hm_status hm_json_decode(struct hm_str text, const struct hm_json_table *table, const struct hm_decode_opts *opts,
			      struct hm_arena *arena, void *ret_struct, struct hm_err *err)
{
	HM_OWN(hm_decode_source_done) struct hm_decode_source s;
	enum hm_status st = hm_decode_from_text(&s, text, opts, arena, err);

	return st == HM_OK ? decode(&s, table, ret_struct, err) : st;
}

enum hm_status hm_value_decode(const struct hm_value *v, const struct hm_json_table *table,
			       const struct hm_decode_opts *opts, struct hm_arena *arena, void *ret_struct,
			       struct hm_err *err)
{
	HM_OWN(hm_decode_source_done) struct hm_decode_source s;

	hm_decode_from_tree(&s, v, opts, arena);
	return decode(&s, table, ret_struct, err);
}
