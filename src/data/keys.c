#include "data/keys.h"

#include "base/mem.h"
#include "base/own.h"

const struct hm_keys hm_keys_none = { 0 };
const struct hm_members hm_members_none = { &hm_keys_none };

/* A key on its way through the sort: mostly its first bytes say enough. */
struct entry {
	uint64_t head; /* of a string: its first eight bytes, the first one highest */
	uint32_t at;
	uint32_t kind;
};

static struct entry entry_of(const struct hm_value *key, uint32_t at)
{
	struct entry e = { .at = at, .kind = key->kind };

	if (key->kind == HM_STRING) {
		unsigned char bytes[8] = { 0 };
		if (key->len)
			memcpy(bytes, key->text, key->len < sizeof(bytes) ? key->len : sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes); i++)
			e.head = e.head << 8 | bytes[i];
	}
	return e;
}

static int compare_entries(const struct hm_value *keys, const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	return hm_value_cmp(&keys[a->at], &keys[b->at]);
}

/* Merge two sorted neighbours, from[0…middle) and from[middle…end), into to; what is equal keeps its order. */
static void merge(const struct hm_value *keys, const struct entry *from, size_t middle, size_t end, struct entry *to)
{
	size_t left = 0, right = middle;

	for (size_t i = 0; i < end; i++) {
		bool take_left =
		    right == end || (left < middle && compare_entries(keys, &from[left], &from[right]) <= 0);
		to[i] = take_left ? from[left++] : from[right++];
	}
}

/* Merge sort, which needs no luck with its input; the result is in one of the two halves of entries. */
static const struct entry *sort_entries(const struct hm_value *keys, struct entry *entries, size_t count)
{
	struct entry *from = entries, *to = entries + count;

	for (size_t width = 1; width < count; width *= 2) {
		for (size_t start = 0; start < count; start += 2 * width) {
			size_t end = count - start < 2 * width ? count - start : 2 * width;
			merge(keys, from + start, width < end ? width : end, end, to + start);
		}
		struct entry *swap = from;
		from = to;
		to = swap;
	}
	return from;
}

static void note_twice(struct hm_order *order, uint32_t later)
{
	if (order->twice == 0 || later + 1 < order->twice)
		order->twice = later + 1;
}

/* Of a few keys: each goes to its place among those before it, or takes that of its equal. */
static void order_few(const struct hm_value *keys, uint32_t count, struct hm_order *order)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = order->count;
		int difference = 1;
		while (place > 0 && (difference = hm_value_cmp(&keys[i], &keys[order->at[place - 1]])) < 0)
			place--;
		if (place > 0 && difference == 0) {
			order->at[place - 1] = i;
			note_twice(order, i);
			continue;
		}
		memmove(&order->at[place + 1], &order->at[place], (order->count - place) * sizeof(*order->at));
		order->at[place] = i;
		order->count++;
	}
}

static bool is_in_order(const struct hm_value *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (hm_value_cmp(&keys[i - 1], &keys[i]) >= 0)
			return false;
	}
	return true;
}

static bool order_many(const struct hm_value *keys, uint32_t count, struct hm_order *order)
{
	HM_OWN(hm_freep) struct entry *entries = hm_reallocarray(NULL, count, 2 * sizeof(*entries));
	if (!entries)
		return false;
	for (uint32_t i = 0; i < count; i++)
		entries[i] = entry_of(&keys[i], i);

	const struct entry *sorted = sort_entries(keys, entries, count);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && compare_entries(keys, &sorted[i - 1], &sorted[i]) == 0) {
			order->at[order->count - 1] = sorted[i].at;
			note_twice(order, sorted[i].at);
		} else {
			order->at[order->count++] = sorted[i].at;
		}
	}
	return true;
}

bool hm_order_make(const struct hm_value *keys, size_t count, struct hm_order *order)
{
	order->at = order->few;
	order->count = order->twice = 0;
	if (count <= sizeof(order->few) / sizeof(order->few[0])) {
		order_few(keys, (uint32_t)count, order);
		return true;
	}
	order->at = hm_reallocarray(NULL, count, sizeof(*order->at));
	if (!order->at)
		return false;
	if (is_in_order(keys, count)) {
		for (; order->count < count; order->count++)
			order->at[order->count] = order->count;
		return true;
	}
	if (order_many(keys, (uint32_t)count, order))
		return true;
	hm_order_done(order);
	return false;
}

void hm_order_done(struct hm_order *order)
{
	if (order->at != order->few)
		free(order->at);
	order->at = order->few;
	order->count = 0;
}

/* Positions by hash; where hashes collide too often there is none, and keys are searched by their order. */
static void add_index(struct hm_arena *arena, struct hm_keys *keys)
{
	size_t size = 1;

	while (size < (size_t)keys->count + keys->count / 2)
		size *= 2;
	if (size > UINT32_MAX)
		return;
	uint32_t *index = hm_arena_calloc(arena, size, sizeof(*index));
	if (!index)
		return;
	uint32_t mask = (uint32_t)(size - 1);
	for (uint32_t i = 0; i < keys->count; i++) {
		uint32_t at = (uint32_t)hm_value_hash(&keys->key[i]), probes = 0;
		while (index[at & mask] != 0 && ++probes < hm_keys_max_probes)
			at++;
		if (probes == hm_keys_max_probes)
			return;
		index[at & mask] = i + 1;
	}
	keys->index = index;
	keys->index_mask = mask;
}

const struct hm_keys *hm_keys_make(struct hm_arena *arena, const struct hm_value *keys, const struct hm_order *order)
{
	if (order->count == 0)
		return &hm_keys_none;
	size_t bytes = order->count * sizeof(struct hm_value);
	struct hm_keys *made = hm_arena_words(arena, sizeof(*made) + bytes);
	if (!made)
		return NULL;
	made->count = order->count;
	made->index_mask = 0;
	made->index = NULL;
	for (uint32_t i = 0; i < order->count; i++)
		made->key[i] = keys[order->at[i]];
	if (order->count > hm_keys_unindexed)
		add_index(arena, made);
	return made;
}

const struct hm_members *hm_members_make(struct hm_arena *arena, const struct hm_keys *keys,
					 const struct hm_value *values, const struct hm_order *order)
{
	if (order->count == 0)
		return &hm_members_none;
	struct hm_members *made = hm_arena_words(arena, sizeof(*made) + order->count * sizeof(struct hm_value));
	if (!made)
		return NULL;
	made->keys = keys;
	for (uint32_t i = 0; i < order->count; i++)
		made->value[i] = values[order->at[i]];
	return made;
}
