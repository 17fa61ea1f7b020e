/*
 * JSON to a value tree, in one pass and without recursion. Values wait on one stack until their array or object ends
 * and then move to the arena in one piece; keys are found by shape (shape.h).
 */
#include "data/json_scan.h"
#include "data/shape.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"

enum { shared_texts = 512, longest_shared = 32 };

/* An array or object that is open. */
struct frame {
	const char *begin;
	struct hm_shape *shape; /* of an object's keys so far; NULL: they wait in keys */
	uint32_t first_value, first_key;
	bool is_object;
};

struct tree {
	struct hm_json_scan scan;
	struct hm_arena *arena;
	struct frame *frames;
	size_t depth, frames_cap;
	struct hm_value *values, *keys; /* of all that is open */
	size_t values_count, values_cap, keys_count, keys_cap;
	struct hm_shapes shapes;
	struct hm_str shared[shared_texts]; /* short strings of late, by hash: records repeat them */
};

static const char *no_memory(struct tree *t, const char *p)
{
	return hm_json_mistake(&t->scan, HM_R_NO_MEMORY, p, "JSON document");
}

/* A string's text as it stays: in the text, as one that was met before, or as a copy. */
static struct hm_str keep_text(struct tree *t, struct hm_str raw, bool is_plain)
{
	if (is_plain && t->scan.opts.borrow)
		return raw;
	if (!is_plain || raw.len > longest_shared)
		return hm_json_text_dup(t->arena, raw, is_plain);
	struct hm_str *slot = &t->shared[hm_data_hash(raw.ptr, raw.len) % shared_texts];
	if (!slot->ptr || !hm_str_eq(*slot, raw))
		*slot = hm_json_text_dup(t->arena, raw, true);
	return *slot;
}

static const char *push(struct tree *t, const char *p, struct hm_value v)
{
	if (t->values_count == t->values_cap &&
	    !hm_grow(&t->values, &t->values_cap, t->values_count + 1, sizeof(*t->values)))
		return no_memory(t, p);
	t->values[t->values_count++] = v;
	return p;
}

static const char *push_key(struct tree *t, const char *p, struct hm_value key)
{
	if (!hm_grow(&t->keys, &t->keys_cap, t->keys_count + 1, sizeof(*t->keys)))
		return no_memory(t, p);
	t->keys[t->keys_count++] = key;
	return p;
}

static const char *read_string(struct tree *t, const char *p)
{
	struct hm_str raw;
	bool is_plain;

	p = hm_json_scan_string(&t->scan, p, &raw, &is_plain);
	return p ? push(t, p, hm_value_borrow(keep_text(t, raw, is_plain))) : NULL;
}

static const char *read_number(struct tree *t, const char *p)
{
	enum hm_number_form form;
	int64_t number = 0;
	const char *end = hm_json_scan_number(&t->scan, p, &form, &number);

	if (!end)
		return NULL;
	struct hm_value v = hm_value_i64(number);
	if (form != HM_NUMBER_INT) {
		v = hm_value_borrow(keep_text(t, hm_str_of(p, (size_t)(end - p)), true));
		v.kind = HM_NUMBER;
		v.is_text = true;
	}
	return push(t, end, v);
}

static const char *read_word(struct tree *t, const char *p)
{
	const char *end;

	if (*p == 't' && (end = hm_json_scan_word(&t->scan, p, "true", 4)))
		return push(t, end, hm_value_bool(true));
	if (*p == 'f' && (end = hm_json_scan_word(&t->scan, p, "false", 5)))
		return push(t, end, hm_value_bool(false));
	if (*p == 'n' && (end = hm_json_scan_word(&t->scan, p, "null", 4)))
		return push(t, end, hm_value_null());
	return hm_json_wanted(&t->scan, p, "a value");
}

/* The object has a key that no shape is for: its keys wait on the stack from here on. */
static const char *leave_shapes(struct tree *t, struct frame *frame, const char *p)
{
	struct hm_value keys[hm_shape_max_keys];

	frame->first_key = (uint32_t)t->keys_count;
	hm_shape_list(frame->shape, keys);
	for (uint32_t i = 0; p && i < frame->shape->count; i++)
		p = push_key(t, p, keys[i]);
	frame->shape = NULL;
	return p;
}

/* Whether the next key is the one that came here the last time; p is at its quote. */
static bool is_as_before(const struct frame *frame, const char *p, const char *end)
{
	const struct hm_shape *guess = frame->shape ? frame->shape->next : NULL;

	return guess && guess->is_plain && (size_t)(end - p) > (size_t)guess->key.len + 1 &&
	       p[guess->key.len + 1] == '"' && memcmp(p + 1, guess->key.text, guess->key.len) == 0;
}

/* A key that has to be looked for; p is at its quote. */
static const char *read_other_key(struct tree *t, struct frame *frame, const char *p)
{
	struct hm_str raw;
	bool is_plain;
	const char *end = hm_json_scan_string(&t->scan, p, &raw, &is_plain);

	if (!end)
		return NULL;
	struct hm_shape *shape = frame->shape && is_plain ? hm_shape_find(frame->shape, raw) : NULL;
	if (!shape) {
		struct hm_value key = hm_value_borrow(keep_text(t, raw, is_plain));
		if (frame->shape && !is_plain)
			shape = hm_shape_find(frame->shape, hm_value_text(&key));
		if (frame->shape && !shape)
			shape = hm_shape_add(&t->shapes, frame->shape, key, is_plain);
		if (t->shapes.own.status != HM_OK)
			return no_memory(t, p);
		if (!shape) {
			p = frame->shape ? leave_shapes(t, frame, p) : p;
			return p && push_key(t, p, key) ? end : NULL;
		}
	}
	frame->shape = shape;
	if (shape->is_twice && t->scan.opts.duplicates == HM_DUP_REFUSE)
		return hm_json_mistake(&t->scan, HM_R_JSON_DUPLICATE, p, "this key comes twice");
	return end;
}

/* A key and the colon behind it. */
static const char *read_key(struct tree *t, const char *p)
{
	struct frame *frame = &t->frames[t->depth - 1];
	const char *end = t->scan.end;

	p = hm_json_skip_blanks(p, end);
	if (p == end || *p != '"')
		return hm_json_wanted(&t->scan, p, "a key");
	if (is_as_before(frame, p, end)) {
		frame->shape = frame->shape->next;
		p += frame->shape->key.len + 2;
	} else {
		p = read_other_key(t, frame, p);
	}
	p = p ? hm_json_skip_blanks(p, end) : NULL;
	if (p && (p == end || *p != ':'))
		return hm_json_wanted(&t->scan, p, "':'");
	return p ? p + 1 : NULL;
}

static const char *open_frame(struct tree *t, const char *p)
{
	bool is_object = *p == '{';

	if (t->depth == t->scan.opts.max_depth)
		return hm_json_mistake(&t->scan, HM_R_JSON_LIMIT, p, "nested deeper than the limit");
	if (!hm_grow(&t->frames, &t->frames_cap, t->depth + 1, sizeof(*t->frames)))
		return no_memory(t, p);
	t->frames[t->depth++] = (struct frame){
		.begin = p,
		.shape = is_object ? &t->shapes.none : NULL,
		.first_value = (uint32_t)t->values_count,
		.is_object = is_object,
	};
	return p + 1;
}

/* The values that wait for a frame to end. */
static const struct hm_value *values_of(const struct tree *t, const struct frame *frame)
{
	return t->values_count > frame->first_value ? t->values + frame->first_value : NULL;
}

static struct hm_value make_array(struct tree *t, const struct hm_value *items, uint32_t count)
{
	struct hm_value array = { .kind = HM_ARRAY, .len = count };

	if (count > 0) {
		struct hm_value *copy = hm_arena_words(t->arena, count * sizeof(*copy));
		if (copy)
			memcpy(copy, items, count * sizeof(*copy));
		array.items = copy;
	}
	return array;
}

/* An object with keys that only it has; NULL at a mistake. */
static const char *make_own(struct tree *t, const struct frame *frame, const char *p, const struct hm_value *keys,
			    struct hm_value *object)
{
	HM_OWN(hm_order_done) struct hm_order order;

	if (!hm_order_make(keys, object->len, &order))
		return no_memory(t, p);
	if (order.twice && t->scan.opts.duplicates == HM_DUP_REFUSE)
		return hm_json_mistake(&t->scan, HM_R_JSON_DUPLICATE,
				       hm_json_find_key(frame->begin, p, order.twice - 1), "this key comes twice");
	const struct hm_keys *own = hm_keys_make(t->arena, keys, &order);
	object->len = order.count;
	object->members = own ? hm_members_make(t->arena, own, values_of(t, frame), &order) : NULL;
	return p;
}

static const char *make_object(struct tree *t, const struct frame *frame, const char *p, struct hm_value *object)
{
	struct hm_value keys[hm_shape_max_keys];

	if (!frame->shape) {
		p = make_own(t, frame, p, t->keys + frame->first_key, object);
		t->keys_count = frame->first_key;
		return p;
	}
	if (frame->shape->is_twice) {
		hm_shape_list(frame->shape, keys);
		return make_own(t, frame, p, keys, object);
	}
	if (!hm_shape_finish(&t->shapes, frame->shape))
		return no_memory(t, p);
	object->members = hm_members_make(t->arena, frame->shape->keys, values_of(t, frame), &frame->shape->order);
	return p;
}

/* ']' or '}' at p: what was open becomes one value. */
static const char *close_frame(struct tree *t, const char *p)
{
	const struct frame *frame = &t->frames[--t->depth];
	uint32_t count = (uint32_t)t->values_count - frame->first_value;
	struct hm_value v = { .kind = HM_OBJECT, .len = count };

	HM_PLANT(t->depth == 3 && frame->is_object && count == 3);
	if (!frame->is_object)
		v = make_array(t, values_of(t, frame), count);
	else if (!make_object(t, frame, p, &v))
		return NULL;
	if (t->arena->status != HM_OK)
		return no_memory(t, p);
	t->values_count = frame->first_value;
	return push(t, p + 1, v);
}

/*
 * Behind a value: close what ends here, and stop where the next value begins, or at the end of the document.
 */
static const char *next_value(struct tree *t, const char *p)
{
	const char *end = t->scan.end;

	while (p && t->depth > 0) {
		const struct frame *frame = &t->frames[t->depth - 1];
		p = hm_json_skip_blanks(p, end);
		if (p < end && *p == (frame->is_object ? '}' : ']')) {
			p = close_frame(t, p);
			continue;
		}
		if (p == end || *p != ',')
			return hm_json_wanted(&t->scan, p, frame->is_object ? "',' or '}'" : "',' or ']'");
		if (t->values_count - frame->first_value >= t->scan.opts.max_members)
			return hm_json_mistake(&t->scan, HM_R_JSON_LIMIT, p, "more members than the limit");
		return frame->is_object ? read_key(t, p + 1) : p + 1;
	}
	return p;
}

/* Go into an array or object: to its first value, or past it when it is empty. */
static const char *enter(struct tree *t, const char *p)
{
	bool is_object = *p == '{';
	const char *end = t->scan.end;

	p = open_frame(t, p);
	if (!p)
		return NULL;
	p = hm_json_skip_blanks(p, end);
	if (p < end && *p == (is_object ? '}' : ']'))
		return next_value(t, p);
	return is_object ? read_key(t, p) : p;
}

static const char *read_value(struct tree *t, const char *p)
{
	if (p == t->scan.end)
		return hm_json_wanted(&t->scan, p, "a value");
	switch (*p) {
	case '{':
	case '[':
		return enter(t, p);
	case '"':
		return next_value(t, read_string(t, p));
	case 't':
	case 'f':
	case 'n':
		return next_value(t, read_word(t, p));
	default:
		if (*p != '-' && (*p < '0' || *p > '9'))
			return hm_json_wanted(&t->scan, p, "a value");
		return next_value(t, read_number(t, p));
	}
}

static const char *read_document(struct tree *t)
{
	const char *p = t->scan.begin, *end = t->scan.end;

	do {
		p = read_value(t, hm_json_skip_blanks(p, end));
	} while (p && t->depth > 0);
	p = p ? hm_json_skip_blanks(p, end) : NULL;
	return !p || p == end ? p : hm_json_wanted(&t->scan, p, "the end");
}

static void tree_done(struct tree *t)
{
	free(t->frames);
	free(t->values);
	free(t->keys);
	hm_shapes_done(&t->shapes);
}

enum hm_status hm_json_parse(struct hm_str text, const struct hm_json_opts *opts, struct hm_arena *arena,
			     struct hm_value *ret_value, struct hm_err *err)
{
	HM_OWN(tree_done) struct tree t = { .arena = arena };

	hm_shapes_init(&t.shapes, arena);
	enum hm_status st = hm_json_scan_init(&t.scan, text, opts, err);
	if (st != HM_OK)
		return st;
	const char *end = read_document(&t);
	/* A shape that could not be made for want of memory is no mistake of the document, nor is any in the arena. */
	st = hm_arena_check(arena, "JSON document", err);
	if (st == HM_OK && !end)
		st = hm_json_scan_error(&t.scan, err);
	if (st == HM_OK)
		*ret_value = t.values[0];
	return st;
}
