#include "data/shape.h"

#include "base/mem.h"

void hm_shapes_init(struct hm_shapes *shapes, struct hm_arena *arena)
{
	*shapes = (struct hm_shapes){ .arena = arena, .own = hm_arena_init(SIZE_MAX) };
	shapes->none.keys = &hm_keys_none;
}

/* The orders hold memory where keys are many; each is reached once, by going from the last child back up. */
static void free_orders(struct hm_shape *shape)
{
	while (shape->next) {
		struct hm_shape *next = shape->next;
		shape->next = next->sibling;
		free_orders(next);
	}
	if (shape->count > 0)
		hm_order_done(&shape->order);
}

void hm_shapes_done(struct hm_shapes *shapes)
{
	free_orders(&shapes->none);
	hm_arena_done(&shapes->own);
}

struct hm_shape *hm_shape_find(struct hm_shape *shape, struct hm_str text)
{
	for (struct hm_shape **at = &shape->next; *at; at = &(*at)->sibling) {
		struct hm_shape *found = *at;
		if (!hm_value_is_str(&found->key, text))
			continue;
		*at = found->sibling;
		found->sibling = shape->next;
		shape->next = found;
		return found;
	}
	return NULL;
}

static bool has_key(const struct hm_shape *shape, const struct hm_value *key)
{
	for (; shape->count > 0; shape = shape->before) {
		if (hm_value_eq(&shape->key, key))
			return true;
	}
	return false;
}

struct hm_shape *hm_shape_add(struct hm_shapes *shapes, struct hm_shape *shape, struct hm_value key, bool is_plain)
{
	if (shape->count == hm_shape_max_keys || shape->next_count == hm_shape_max_next ||
	    shapes->count == hm_shape_max_all)
		return NULL;
	struct hm_shape *made = hm_arena_calloc(&shapes->own, 1, sizeof(*made));
	if (!made)
		return NULL;
	shapes->count++;
	shape->next_count++;
	made->key = key;
	made->is_plain = is_plain;
	made->before = shape;
	made->sibling = shape->next;
	made->count = shape->count + 1;
	made->is_twice = shape->is_twice || has_key(shape, &key);
	made->order.at = made->order.few;
	shape->next = made;
	return made;
}

void hm_shape_list(const struct hm_shape *shape, struct hm_value *ret_keys)
{
	for (; shape->count > 0; shape = shape->before)
		ret_keys[shape->count - 1] = shape->key;
}

bool hm_shape_finish(struct hm_shapes *shapes, struct hm_shape *shape)
{
	struct hm_value keys[hm_shape_max_keys];

	if (shape->keys)
		return true;
	hm_shape_list(shape, keys);
	if (!hm_order_make(keys, shape->count, &shape->order))
		return false;
	shape->keys = hm_keys_make(shapes->arena, keys, &shape->order);
	return shape->keys != NULL;
}
