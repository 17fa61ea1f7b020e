/* Arrays and objects of YAML, with their merge keys. See yaml_reader.h. */
#include "data/yaml_reader.h"

#include "base/mem.h"
#include "base/own.h"
#include "data/keys.h"
#include "data/path.h"

#include <stdarg.h>
#include <stdio.h>

/* The path of what comes next. */
static struct hm_path path_of(const struct hm_yaml_reader *r)
{
	struct hm_path path = { 0 };

	for (size_t i = 0; i < r->frames_count; i++) {
		const struct hm_yaml_frame *frame = &r->frames[i];
		size_t end = i + 1 < r->frames_count ? r->frames[i + 1].first : r->entries_count;
		size_t count = end - frame->first;
		if (!frame->is_object)
			hm_path_add_index(&path, count);
		else if (count % 2 == 1)
			hm_path_add_key(&path, hm_value_text(&r->entries[end - 1].v));
	}
	return path;
}

enum hm_status hm_yaml_refuse(const struct hm_yaml_reader *r, uint32_t row, uint32_t col, struct hm_err *err,
			      enum hm_reason reason, const char *fmt, ...)
{
	char what[256];
	struct hm_path path = path_of(r);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	enum hm_status st = hm_fail(err, reason, "%s%s%s", path.text, path.len ? ": " : "", what);
	return hm_at(err, st, NULL, row, col);
}

enum hm_status hm_yaml_no_memory(struct hm_err *err)
{
	return hm_fail(err, HM_R_NO_MEMORY, "YAML document");
}

/* One place for each value that has one; sorted when all are there. */
bool hm_yaml_note_place(struct hm_yaml_reader *r, const struct hm_value *v, const struct hm_yaml_entry *e)
{
	struct hm_places *places = r->places;

	if (!places)
		return true;
	if (!hm_grow(&places->place, &places->cap, places->count + 1, sizeof(*places->place)))
		return false;
	places->place[places->count++] = (struct hm_place){ v, e->row, e->col };
	return true;
}

enum hm_status hm_yaml_array(struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
			     struct hm_value *ret, struct hm_err *err)
{
	struct hm_value array = { .kind = HM_ARRAY, .len = (uint32_t)count };
	struct hm_value *items = count ? hm_arena_words(r->arena, count * sizeof(*items)) : NULL;

	for (size_t i = 0; items && i < count; i++) {
		items[i] = entries[i].v;
		if (!hm_yaml_note_place(r, &items[i], &entries[i]))
			return hm_yaml_no_memory(err);
	}
	array.items = items;
	*ret = array;
	return hm_arena_check(r->arena, "YAML document", err);
}

void hm_yaml_members_done(struct hm_yaml_members *m)
{
	free(m->keys);
	free(m->values);
	free(m->places);
}

enum hm_status hm_yaml_add_member(struct hm_yaml_members *m, const struct hm_yaml_entry *key,
				  const struct hm_yaml_entry *value, struct hm_err *err)
{
	size_t need = m->count + 1;

	if (!hm_grow(&m->keys, &m->cap[0], need, sizeof(*m->keys)) ||
	    !hm_grow(&m->values, &m->cap[1], need, sizeof(*m->values)) ||
	    !hm_grow(&m->places, &m->cap[2], 2 * need, sizeof(*m->places)))
		return hm_yaml_no_memory(err);
	m->keys[m->count] = key->v;
	m->values[m->count] = value->v;
	m->places[2 * m->count] = *key;
	m->places[2 * m->count + 1] = *value;
	m->count++;
	return HM_OK;
}

/* All members of a mapping that is merged; they stand where the merge does. */
static enum hm_status add_merged(struct hm_yaml_reader *r, struct hm_yaml_members *m, const struct hm_yaml_entry *from,
				 const struct hm_value *object, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (object->kind != HM_OBJECT)
		return hm_yaml_refuse(r, from->row, from->col, err, HM_R_YAML_SYNTAX,
				      "a merge wants a mapping or a sequence of mappings");
	for (size_t i = 0; st == HM_OK && i < object->len; i++) {
		struct hm_yaml_entry key = *from, value = *from;
		key.v = *hm_value_key_at(object, i);
		value.v = *hm_value_member_at(object, i);
		st = hm_yaml_add_member(m, &key, &value, err);
	}
	return st;
}

/* Of what a sequence merges the first holds, so it is added last. */
static enum hm_status add_merge(struct hm_yaml_reader *r, struct hm_yaml_members *m, const struct hm_yaml_entry *from,
				struct hm_err *err)
{
	enum hm_status st = HM_OK;

	/* an alias may only stand for a mapping; what a sequence holds here may be aliases or mappings */
	if (from->v.kind != HM_ARRAY || from->is_alias)
		return add_merged(r, m, from, &from->v, err);
	for (size_t i = from->v.len; st == HM_OK && i > 0; i--)
		st = add_merged(r, m, from, &from->v.items[i - 1], err);
	return st;
}

static enum hm_status add_own(struct hm_yaml_members *m, const struct hm_yaml_entry *entries, size_t count,
			      struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; st == HM_OK && i < count; i += 2) {
		if (!entries[i].is_merge)
			st = hm_yaml_add_member(m, &entries[i], &entries[i + 1], err);
	}
	return st;
}

/* The core schema's reader merges last, and nothing that is there is overridden. */
static enum hm_status gather_last(struct hm_yaml_reader *r, struct hm_yaml_members *m,
				  const struct hm_yaml_entry *entries, size_t count, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = count; st == HM_OK && i > 0; i -= 2) {
		if (entries[i - 2].is_merge)
			st = add_merge(r, m, &entries[i - 1], err);
	}
	return st == HM_OK ? add_own(m, entries, count, err) : st;
}

/* That of YAML 1.1 merges where the merge key stands. */
static enum hm_status gather_in_place(struct hm_yaml_reader *r, struct hm_yaml_members *m,
				      const struct hm_yaml_entry *entries, size_t count, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; st == HM_OK && i < count; i += 2)
		st = entries[i].is_merge ? add_merge(r, m, &entries[i + 1], err)
					 : hm_yaml_add_member(m, &entries[i], &entries[i + 1], err);
	return st;
}

static enum hm_status refuse_twice(const struct hm_yaml_reader *r, const struct hm_yaml_members *m,
				   const struct hm_order *order, struct hm_err *err)
{
	const struct hm_yaml_entry *key = &m->places[2 * (size_t)(order->twice - 1)];
	struct hm_str name = hm_str_head(hm_value_text(&key->v), 64);

	return hm_yaml_refuse(r, key->row, key->col, err, HM_R_JSON_DUPLICATE, "the key '%.*s' comes twice",
			      HM_STR_ARG(name));
}

/* Where merges never override, only a mapping's own keys can come twice. */
static enum hm_status check_own(const struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
				struct hm_err *err)
{
	HM_OWN(hm_yaml_members_done) struct hm_yaml_members m = { 0 };
	HM_OWN(hm_order_done) struct hm_order order;
	enum hm_status st = add_own(&m, entries, count, err);

	order.at = order.few;
	if (st != HM_OK)
		return st;
	if (!hm_order_make(m.keys, m.count, &order))
		return hm_yaml_no_memory(err);
	return order.twice ? refuse_twice(r, &m, &order, err) : HM_OK;
}

/* OPA's reader collapses keys that come twice, but not those that look like a timestamp, which it then refuses. */
static enum hm_status check_times(const struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
				  struct hm_err *err)
{
	HM_OWN(hm_yaml_members_done) struct hm_yaml_members m = { 0 };
	HM_OWN(hm_order_done) struct hm_order order;
	enum hm_status st = HM_OK;

	order.at = order.few;
	for (size_t i = 0; st == HM_OK && i < count; i += 2) {
		if (entries[i].is_time)
			st = hm_yaml_add_member(&m, &entries[i], &entries[i + 1], err);
	}
	if (st != HM_OK || m.count < 2)
		return st;
	if (!hm_order_make(m.keys, m.count, &order))
		return hm_yaml_no_memory(err);
	return order.twice ? refuse_twice(r, &m, &order, err) : HM_OK;
}

/* OPA's reader makes one sequence of several merge keys; where that has fewer than two mappings they stay, and are
 * refused. */
static enum hm_status check_merges(const struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
				   struct hm_err *err)
{
	size_t keys = 0, mappings = 0, last = 0;

	for (size_t i = 0; i < count; i += 2) {
		const struct hm_yaml_entry *merged = &entries[i + 1];
		if (!entries[i].is_merge)
			continue;
		last = i;
		keys++;
		mappings += merged->v.kind == HM_ARRAY && !merged->is_alias ? merged->v.len : 1;
	}
	if (keys < 2 || mappings >= 2)
		return HM_OK;
	return hm_yaml_refuse(r, entries[last].row, entries[last].col, err, HM_R_JSON_DUPLICATE,
			      "the key '<<' comes twice");
}

enum hm_status hm_yaml_object(struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
			      struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_yaml_members_done) struct hm_yaml_members m = { 0 };
	HM_OWN(hm_order_done) struct hm_order order;
	bool is_rego = r->opts.dialect == HM_YAML_REGO, is_strict = r->opts.duplicates == HM_DUP_REFUSE;
	enum hm_status st = HM_OK;

	order.at = order.few;
	if (is_rego)
		st = check_merges(r, entries, count, err);
	if (is_rego && st == HM_OK)
		st = is_strict ? check_own(r, entries, count, err) : check_times(r, entries, count, err);
	if (st == HM_OK)
		st = is_rego ? gather_last(r, &m, entries, count, err) : gather_in_place(r, &m, entries, count, err);
	if (st != HM_OK)
		return st;
	if (!hm_order_make(m.keys, m.count, &order))
		return hm_yaml_no_memory(err);
	if (order.twice && is_strict && !is_rego)
		return refuse_twice(r, &m, &order, err);
	const struct hm_keys *keys = hm_keys_make(r->arena, m.keys, &order);
	const struct hm_members *members = keys ? hm_members_make(r->arena, keys, m.values, &order) : NULL;
	st = hm_arena_check(r->arena, "YAML document", err);
	for (uint32_t i = 0; st == HM_OK && i < order.count; i++) {
		const struct hm_yaml_entry *places = &m.places[2 * (size_t)order.at[i]];
		if (!hm_yaml_note_place(r, &keys->key[i], &places[0]) ||
		    !hm_yaml_note_place(r, &members->value[i], &places[1]))
			st = hm_yaml_no_memory(err);
	}
	*ret = (struct hm_value){ .kind = HM_OBJECT, .len = order.count, .members = members };
	return st;
}
