/*
 * From libyaml's events to values. What has been read waits on one stack, entries of an array as they came, of a
 * mapping key and value in turn; when the collection ends they become one entry. See yaml.h.
 */
#include "data/yaml.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "data/keys.h"
#include "data/path.h"
#include "data/yaml_scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

const struct hm_yaml_opts hm_yaml_as_opa = {
	.dialect = HM_YAML_REGO,
	.duplicates = HM_DUP_LAST,
	.max_depth = HM_TOP_JSON_DEPTH,
};

/* A node, as a value or, where a mapping wants one, as a key. */
struct entry {
	struct hm_value v;
	uint32_t row, col;
	uint32_t height; /* collections nested in it, itself too */
	uint32_t nodes;  /* in it, when it is written out */
	bool is_merge;   /* a key that merges */
	bool is_alias;
	bool is_time;
};

/* What an anchor stands for. A scalar may be used as a key and as a value, which are not the same. */
struct anchor {
	uint64_t hash;
	char *name;
	size_t frame; /* the collection that it names while that is open, 1 more than its number; 0: it is finished */
	bool is_scalar;
	struct hm_yaml_meaning meaning;
	struct entry entry;
};

/* A collection that is open. */
struct frame {
	size_t first;  /* entry */
	size_t number; /* of all collections that were opened */
	uint32_t row, col;
	bool is_object;
};

struct reader {
	yaml_parser_t parser;
	struct hm_yaml_opts opts; /* with the defaults filled in */
	struct hm_arena *arena;
	struct entry *entries;
	size_t entries_count, entries_cap;
	struct frame *frames;
	size_t frames_count, frames_cap;
	struct anchor *anchors;
	size_t anchors_count, anchors_cap;
	size_t opened;
	uint64_t nodes;
	bool is_empty;            /* the document is nothing but blanks, comments and marks */
	struct hm_places *places; /* NULL: not wanted */
};

static void reader_done(struct reader *r)
{
	yaml_parser_delete(&r->parser);
	free(r->entries);
	free(r->frames);
	for (size_t i = 0; i < r->anchors_count; i++)
		free(r->anchors[i].name);
	free(r->anchors);
}

static bool wants_key(const struct reader *r)
{
	if (r->frames_count == 0)
		return false;
	const struct frame *frame = &r->frames[r->frames_count - 1];
	return frame->is_object && (r->entries_count - frame->first) % 2 == 0;
}

/* The path of what comes next. */
static struct hm_path path_of(const struct reader *r)
{
	struct hm_path path = { 0 };

	for (size_t i = 0; i < r->frames_count; i++) {
		const struct frame *frame = &r->frames[i];
		size_t end = i + 1 < r->frames_count ? r->frames[i + 1].first : r->entries_count;
		size_t count = end - frame->first;
		if (!frame->is_object)
			hm_path_add_index(&path, count);
		else if (count % 2 == 1)
			hm_path_add_key(&path, hm_value_text(&r->entries[end - 1].v));
	}
	return path;
}

static enum hm_status refuse(const struct reader *r, uint32_t row, uint32_t col, struct hm_err *err,
			     enum hm_reason reason, const char *fmt, ...) HM_PRINTF(6, 7);

static enum hm_status refuse(const struct reader *r, uint32_t row, uint32_t col, struct hm_err *err,
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

static enum hm_status no_memory(struct hm_err *err)
{
	return hm_fail(err, HM_R_NO_MEMORY, "YAML document");
}

static uint32_t row_of(yaml_mark_t mark)
{
	return mark.line < UINT32_MAX ? (uint32_t)mark.line + 1 : UINT32_MAX;
}

static uint32_t col_of(yaml_mark_t mark)
{
	return mark.column < UINT32_MAX ? (uint32_t)mark.column + 1 : UINT32_MAX;
}

static enum hm_status next_event(struct reader *r, yaml_event_t *event, struct hm_err *err)
{
	if (yaml_parser_parse(&r->parser, event))
		return HM_OK;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return no_memory(err);
	const char *problem = r->parser.problem ? r->parser.problem : "malformed";
	const char *context = r->parser.context ? r->parser.context : "";
	yaml_mark_t mark = r->parser.problem_mark;
	return refuse(r, row_of(mark), col_of(mark), err, HM_R_YAML_SYNTAX, "%s%s%s", context, context[0] ? ", " : "",
		      problem);
}

/* One place for each value that has one; sorted when all are there. */
static bool note_place(struct reader *r, const struct hm_value *v, const struct entry *e)
{
	struct hm_places *places = r->places;

	if (!places)
		return true;
	if (!hm_grow(&places->place, &places->cap, places->count + 1, sizeof(*places->place)))
		return false;
	places->place[places->count++] = (struct hm_place){ v, e->row, e->col };
	return true;
}

static int compare_places(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct hm_place *)a)->value,
		  y = (uintptr_t)((const struct hm_place *)b)->value;

	return (x > y) - (x < y);
}

static struct anchor *find_anchor(const struct reader *r, const char *name)
{
	uint64_t hash = hm_data_hash(name, strlen(name));

	for (size_t i = 0; i < r->anchors_count; i++) {
		if (r->anchors[i].hash == hash && strcmp(r->anchors[i].name, name) == 0)
			return &r->anchors[i];
	}
	return NULL;
}

/* The place of an anchor that a node sets; the last node of a name is what it stands for. */
static enum hm_status set_anchor(struct reader *r, const yaml_event_t *event, const char *name,
				 struct anchor **ret_anchor, struct hm_err *err)
{
	uint32_t row = row_of(event->start_mark), col = col_of(event->start_mark);
	struct anchor *anchor = find_anchor(r, name);

	if (!anchor) {
		if (r->anchors_count == HM_MAX_YAML_ANCHORS)
			return refuse(r, row, col, err, HM_R_YAML_LIMIT, "more than %d anchors", HM_MAX_YAML_ANCHORS);
		if (!hm_grow(&r->anchors, &r->anchors_cap, r->anchors_count + 1, sizeof(*r->anchors)))
			return no_memory(err);
		char *copy = hm_asprintf("%s", name);
		if (!copy)
			return no_memory(err);
		anchor = &r->anchors[r->anchors_count++];
		*anchor = (struct anchor){ .name = copy, .hash = hm_data_hash(name, strlen(name)) };
	}
	anchor->frame = 0;
	anchor->is_scalar = false;
	*ret_anchor = anchor;
	return HM_OK;
}

/* Every node is counted where it stands, and with all that it stands for where it is an alias. */
static enum hm_status count_nodes(struct reader *r, const struct entry *e, uint32_t nodes, struct hm_err *err)
{
	r->nodes += nodes;
	if (r->nodes > r->opts.max_nodes)
		return refuse(r, e->row, e->col, err, HM_R_YAML_LIMIT, "more than %u nodes", r->opts.max_nodes);
	return HM_OK;
}

static enum hm_status push(struct reader *r, const struct entry *e, struct hm_err *err)
{
	if (!hm_grow(&r->entries, &r->entries_cap, r->entries_count + 1, sizeof(*r->entries)))
		return no_memory(err);
	r->entries[r->entries_count++] = *e;
	return HM_OK;
}

/* A scalar becomes what its place wants: a key or a value. */
static enum hm_status push_scalar(struct reader *r, const struct hm_yaml_meaning *m, struct entry *e,
				  struct hm_err *err)
{
	const char *wrong;

	if (wants_key(r)) {
		e->is_merge = m->is_merge && !e->is_alias;
		e->is_time = m->is_time;
		wrong = hm_yaml_key(r->opts.dialect, m, r->arena, &e->v);
	} else {
		wrong = hm_yaml_value(m, r->arena, &e->v);
	}
	if (wrong && wrong[0] != '\0')
		return refuse(r, e->row, e->col, err, HM_R_YAML_VALUE, "%s", wrong);
	enum hm_status st = hm_arena_check(r->arena, "YAML document", err);
	return st == HM_OK ? push(r, e, err) : st;
}

static enum hm_status read_scalar(struct reader *r, const yaml_event_t *event, struct hm_err *err)
{
	struct entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark), .nodes = 1 };
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct hm_yaml_scalar scalar = {
		.text = hm_str_of(event->data.scalar.value, event->data.scalar.length),
		.tag = hm_str((const char *)event->data.scalar.tag),
		.is_plain = is_plain,
	};
	struct hm_yaml_meaning meaning = { 0 };
	struct anchor *anchor;

	r->is_empty = r->frames_count == 0 && is_plain && scalar.text.len == 0 && scalar.tag.len == 0 &&
		      !event->data.scalar.anchor;
	if (hm_str_is(scalar.tag, "!")) {
		scalar.has_bang = true;
		scalar.tag = (struct hm_str){ 0 };
	}
	enum hm_status st = count_nodes(r, &e, 1, err);
	if (st != HM_OK)
		return st;
	const char *wrong = hm_yaml_resolve(r->opts.dialect, &scalar, r->arena, &meaning);
	if (wrong && wrong[0] != '\0')
		return refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "%s", wrong);
	st = hm_arena_check(r->arena, "YAML document", err);
	if (st == HM_OK && event->data.scalar.anchor) {
		st = set_anchor(r, event, (const char *)event->data.scalar.anchor, &anchor, err);
		if (st == HM_OK) {
			anchor->is_scalar = true;
			anchor->meaning = meaning;
			anchor->entry = e;
		}
	}
	return st == HM_OK ? push_scalar(r, &meaning, &e, err) : st;
}

static enum hm_status read_alias(struct reader *r, const yaml_event_t *event, struct hm_err *err)
{
	struct entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark) };
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor = find_anchor(r, name);

	if (!anchor)
		return refuse(r, e.row, e.col, err, HM_R_YAML_SYNTAX, "unknown anchor '%.64s'", name);
	if (anchor->frame != 0)
		return refuse(r, e.row, e.col, err, HM_R_YAML_SYNTAX, "the node of anchor '%.64s' contains itself",
			      name);
	enum hm_status st = count_nodes(r, &e, anchor->entry.nodes, err);
	if (st != HM_OK)
		return st;
	if (r->frames_count + anchor->entry.height > r->opts.max_depth)
		return refuse(r, e.row, e.col, err, HM_R_YAML_LIMIT, "nested deeper than %u", r->opts.max_depth);
	e.v = anchor->entry.v;
	e.height = anchor->entry.height;
	e.nodes = anchor->entry.nodes;
	e.is_alias = true;
	if (anchor->is_scalar)
		return push_scalar(r, &anchor->meaning, &e, err);
	if (wants_key(r))
		return refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "a collection as a key");
	return push(r, &e, err);
}

static enum hm_status open_frame(struct reader *r, const yaml_event_t *event, bool is_object, const yaml_char_t *name,
				 struct hm_err *err)
{
	struct entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark) };
	struct anchor *anchor;
	enum hm_status st = count_nodes(r, &e, 1, err);

	if (st == HM_OK && wants_key(r))
		return refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "a collection as a key");
	if (st == HM_OK && r->frames_count == r->opts.max_depth)
		return refuse(r, e.row, e.col, err, HM_R_YAML_LIMIT, "nested deeper than %u", r->opts.max_depth);
	if (st == HM_OK && !hm_grow(&r->frames, &r->frames_cap, r->frames_count + 1, sizeof(*r->frames)))
		return no_memory(err);
	if (st == HM_OK && name) {
		st = set_anchor(r, event, (const char *)name, &anchor, err);
		if (st == HM_OK)
			anchor->frame = r->opened + 1;
	}
	if (st != HM_OK)
		return st;
	r->frames[r->frames_count++] = (struct frame){
		.first = r->entries_count,
		.number = ++r->opened,
		.row = e.row,
		.col = e.col,
		.is_object = is_object,
	};
	return HM_OK;
}

static enum hm_status make_array(struct reader *r, const struct entry *entries, size_t count, struct hm_value *ret,
				 struct hm_err *err)
{
	struct hm_value array = { .kind = HM_ARRAY, .len = (uint32_t)count };
	struct hm_value *items = count ? hm_arena_words(r->arena, count * sizeof(*items)) : NULL;

	for (size_t i = 0; items && i < count; i++) {
		items[i] = entries[i].v;
		if (!note_place(r, &items[i], &entries[i]))
			return no_memory(err);
	}
	array.items = items;
	*ret = array;
	return hm_arena_check(r->arena, "YAML document", err);
}

/* Keys and values of a mapping, merged ones among them. */
struct members {
	struct hm_value *keys, *values;
	struct entry *places; /* of key and value in turn */
	size_t count, cap[3];
};

static void members_done(struct members *m)
{
	free(m->keys);
	free(m->values);
	free(m->places);
}

static enum hm_status add_member(struct members *m, const struct entry *key, const struct entry *value,
				 struct hm_err *err)
{
	size_t need = m->count + 1;

	if (!hm_grow(&m->keys, &m->cap[0], need, sizeof(*m->keys)) ||
	    !hm_grow(&m->values, &m->cap[1], need, sizeof(*m->values)) ||
	    !hm_grow(&m->places, &m->cap[2], 2 * need, sizeof(*m->places)))
		return no_memory(err);
	m->keys[m->count] = key->v;
	m->values[m->count] = value->v;
	m->places[2 * m->count] = *key;
	m->places[2 * m->count + 1] = *value;
	m->count++;
	return HM_OK;
}

/* All members of a mapping that is merged; they stand where the merge does. */
static enum hm_status add_merged(struct reader *r, struct members *m, const struct entry *from,
				 const struct hm_value *object, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (object->kind != HM_OBJECT)
		return refuse(r, from->row, from->col, err, HM_R_YAML_SYNTAX,
			      "a merge wants a mapping or a sequence of mappings");
	for (size_t i = 0; st == HM_OK && i < object->len; i++) {
		struct entry key = *from, value = *from;
		key.v = *hm_value_key_at(object, i);
		value.v = *hm_value_member_at(object, i);
		st = add_member(m, &key, &value, err);
	}
	return st;
}

/* Of what a sequence merges the first holds, so it is added last. */
static enum hm_status add_merge(struct reader *r, struct members *m, const struct entry *from, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	/* an alias may only stand for a mapping; what a sequence holds here may be aliases or mappings */
	if (from->v.kind != HM_ARRAY || from->is_alias)
		return add_merged(r, m, from, &from->v, err);
	for (size_t i = from->v.len; st == HM_OK && i > 0; i--)
		st = add_merged(r, m, from, &from->v.items[i - 1], err);
	return st;
}

static enum hm_status add_own(struct members *m, const struct entry *entries, size_t count, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; st == HM_OK && i < count; i += 2) {
		if (!entries[i].is_merge)
			st = add_member(m, &entries[i], &entries[i + 1], err);
	}
	return st;
}

/* The core schema's reader merges last, and nothing that is there is overridden. */
static enum hm_status gather_last(struct reader *r, struct members *m, const struct entry *entries, size_t count,
				  struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = count; st == HM_OK && i > 0; i -= 2) {
		if (entries[i - 2].is_merge)
			st = add_merge(r, m, &entries[i - 1], err);
	}
	return st == HM_OK ? add_own(m, entries, count, err) : st;
}

/* That of YAML 1.1 merges where the merge key stands. */
static enum hm_status gather_in_place(struct reader *r, struct members *m, const struct entry *entries, size_t count,
				      struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; st == HM_OK && i < count; i += 2)
		st = entries[i].is_merge ? add_merge(r, m, &entries[i + 1], err)
					 : add_member(m, &entries[i], &entries[i + 1], err);
	return st;
}

static enum hm_status refuse_twice(const struct reader *r, const struct members *m, const struct hm_order *order,
				   struct hm_err *err)
{
	const struct entry *key = &m->places[2 * (size_t)(order->twice - 1)];
	struct hm_str name = hm_str_head(hm_value_text(&key->v), 64);

	return refuse(r, key->row, key->col, err, HM_R_JSON_DUPLICATE, "the key '%.*s' comes twice", HM_STR_ARG(name));
}

/* Where merges never override, only a mapping's own keys can come twice. */
static enum hm_status check_own(const struct reader *r, const struct entry *entries, size_t count, struct hm_err *err)
{
	HM_OWN(members_done) struct members m = { 0 };
	HM_OWN(hm_order_done) struct hm_order order;
	enum hm_status st = add_own(&m, entries, count, err);

	order.at = order.few;
	if (st != HM_OK)
		return st;
	if (!hm_order_make(m.keys, m.count, &order))
		return no_memory(err);
	return order.twice ? refuse_twice(r, &m, &order, err) : HM_OK;
}

/* OPA's reader collapses keys that come twice, but not those that look like a timestamp, which it then refuses. */
static enum hm_status check_times(const struct reader *r, const struct entry *entries, size_t count, struct hm_err *err)
{
	HM_OWN(members_done) struct members m = { 0 };
	HM_OWN(hm_order_done) struct hm_order order;
	enum hm_status st = HM_OK;

	order.at = order.few;
	for (size_t i = 0; st == HM_OK && i < count; i += 2) {
		if (entries[i].is_time)
			st = add_member(&m, &entries[i], &entries[i + 1], err);
	}
	if (st != HM_OK || m.count < 2)
		return st;
	if (!hm_order_make(m.keys, m.count, &order))
		return no_memory(err);
	return order.twice ? refuse_twice(r, &m, &order, err) : HM_OK;
}

/* OPA's reader makes one sequence of several merge keys; where that has fewer than two mappings they stay, and are
 * refused. */
static enum hm_status check_merges(const struct reader *r, const struct entry *entries, size_t count,
				   struct hm_err *err)
{
	size_t keys = 0, mappings = 0, last = 0;

	for (size_t i = 0; i < count; i += 2) {
		const struct entry *merged = &entries[i + 1];
		if (!entries[i].is_merge)
			continue;
		last = i;
		keys++;
		mappings += merged->v.kind == HM_ARRAY && !merged->is_alias ? merged->v.len : 1;
	}
	if (keys < 2 || mappings >= 2)
		return HM_OK;
	return refuse(r, entries[last].row, entries[last].col, err, HM_R_JSON_DUPLICATE, "the key '<<' comes twice");
}

static enum hm_status make_object(struct reader *r, const struct entry *entries, size_t count, struct hm_value *ret,
				  struct hm_err *err)
{
	HM_OWN(members_done) struct members m = { 0 };
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
		return no_memory(err);
	if (order.twice && is_strict && !is_rego)
		return refuse_twice(r, &m, &order, err);
	const struct hm_keys *keys = hm_keys_make(r->arena, m.keys, &order);
	const struct hm_members *members = keys ? hm_members_make(r->arena, keys, m.values, &order) : NULL;
	st = hm_arena_check(r->arena, "YAML document", err);
	for (uint32_t i = 0; st == HM_OK && i < order.count; i++) {
		const struct entry *places = &m.places[2 * (size_t)order.at[i]];
		if (!note_place(r, &keys->key[i], &places[0]) || !note_place(r, &members->value[i], &places[1]))
			st = no_memory(err);
	}
	*ret = (struct hm_value){ .kind = HM_OBJECT, .len = order.count, .members = members };
	return st;
}

static void finish_anchor(struct reader *r, const struct frame *frame, const struct entry *e)
{
	for (size_t i = 0; i < r->anchors_count; i++) {
		if (r->anchors[i].frame == frame->number) {
			r->anchors[i].frame = 0;
			r->anchors[i].entry = *e;
			return;
		}
	}
}

static enum hm_status close_frame(struct reader *r, struct hm_err *err)
{
	struct frame frame = r->frames[r->frames_count - 1];
	const struct entry *entries = r->entries ? r->entries + frame.first : NULL;
	size_t count = r->entries_count - frame.first;
	struct entry e = { .row = frame.row, .col = frame.col, .height = 1, .nodes = 1 };

	for (size_t i = 0; i < count; i++) {
		e.nodes += entries[i].nodes; /* the sum is bounded by max_nodes */
		if (entries[i].height + 1 > e.height)
			e.height = entries[i].height + 1;
	}
	enum hm_status st =
	    frame.is_object ? make_object(r, entries, count, &e.v, err) : make_array(r, entries, count, &e.v, err);
	if (st != HM_OK)
		return st;
	HM_PLANT(r->anchors_count == 2 && count == 4 && frame.is_object);
	r->frames_count--;
	r->entries_count = frame.first;
	finish_anchor(r, &frame, &e);
	return push(r, &e, err);
}

static enum hm_status take_event(struct reader *r, const yaml_event_t *event, struct hm_err *err)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, event, err);
	case YAML_ALIAS_EVENT:
		return read_alias(r, event, err);
	case YAML_SEQUENCE_START_EVENT:
		return open_frame(r, event, false, event->data.sequence_start.anchor, err);
	case YAML_MAPPING_START_EVENT:
		return open_frame(r, event, true, event->data.mapping_start.anchor, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_frame(r, err);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return HM_OK;
}

/* Forget what a document had. Anchors are its own, but OPA's reader finds them in later documents too. */
static void begin_document(struct reader *r)
{
	for (size_t i = 0; i < r->anchors_count && r->opts.dialect == HM_YAML_KUBERNETES; i++)
		free(r->anchors[i].name);
	if (r->opts.dialect == HM_YAML_KUBERNETES)
		r->anchors_count = 0;
	r->entries_count = 0;
	r->is_empty = false;
}

/* Of a document that nobody reads: whether its aliases have anchors. */
static enum hm_status check_event(struct reader *r, const yaml_event_t *event, struct hm_err *err)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
				  : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
				  : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
									     : NULL;
	struct anchor *anchor;

	if (event->type == YAML_ALIAS_EVENT && !find_anchor(r, (const char *)event->data.alias.anchor))
		return refuse(r, row_of(event->start_mark), col_of(event->start_mark), err, HM_R_YAML_SYNTAX,
			      "unknown anchor '%.64s'", (const char *)event->data.alias.anchor);
	return name ? set_anchor(r, event, (const char *)name, &anchor, err) : HM_OK;
}

/* Both peers read version 1.1 only; libyaml has seen to it that it is 1.1 or 1.2. */
static enum hm_status check_version(const struct reader *r, const yaml_event_t *event, struct hm_err *err)
{
	const yaml_version_directive_t *version =
	    event->type == YAML_DOCUMENT_START_EVENT ? event->data.document_start.version_directive : NULL;

	if (!version || version->minor == 1)
		return HM_OK;
	return refuse(r, row_of(event->start_mark), col_of(event->start_mark), err, HM_R_YAML_SYNTAX,
		      "a document of YAML %d.%d, where 1.1 is wanted", version->major, version->minor);
}

/*
 * Read to the end of the next document.
 *
 * Shape   ret_found: false at the end of the text. to_check: only whether it is well formed.
 */
static enum hm_status read_document(struct reader *r, bool to_check, bool *ret_found, struct hm_err *err)
{
	enum hm_status st = HM_OK;
	bool is_over = false;

	*ret_found = false;
	begin_document(r);
	while (st == HM_OK && !is_over) {
		yaml_event_t event = { 0 };
		st = next_event(r, &event, err);
		if (st != HM_OK)
			return st;
		*ret_found = *ret_found || event.type == YAML_DOCUMENT_START_EVENT;
		is_over = event.type == YAML_DOCUMENT_END_EVENT || event.type == YAML_STREAM_END_EVENT;
		st = check_version(r, &event, err);
		if (st == HM_OK)
			st = to_check ? check_event(r, &event, err) : take_event(r, &event, err);
		yaml_event_delete(&event);
	}
	return st;
}

static enum hm_status check_utf8(struct hm_str text, struct hm_err *err)
{
	uint32_t row = 1, col = 1;

	if (hm_str_is_utf8(text))
		return HM_OK;
	for (size_t n = hm_utf8_len(text); n > 0; n = hm_utf8_len(text)) {
		row += text.ptr[0] == '\n';
		col = text.ptr[0] == '\n' ? 1 : col + 1;
		text = hm_str_skip(text, n);
	}
	return hm_at(err, hm_fail(err, HM_R_YAML_SYNTAX, "a byte that is not UTF-8"), NULL, row, col);
}

static enum hm_status reader_init(struct reader *r, struct hm_str text, const struct hm_yaml_opts *opts,
				  struct hm_arena *arena, struct hm_places *places, struct hm_err *err)
{
	*r = (struct reader){ .arena = arena, .places = places };
	if (opts)
		r->opts = *opts;
	if (r->opts.max_depth == 0)
		r->opts.max_depth = HM_MAX_JSON_DEPTH;
	if (r->opts.max_nodes == 0)
		r->opts.max_nodes = HM_MAX_YAML_NODES;
	if (r->opts.max_size == 0)
		r->opts.max_size = HM_MAX_YAML_SIZE;
	if (r->opts.max_depth > HM_TOP_JSON_DEPTH)
		return hm_fail(err, HM_R_USAGE, "YAML deeper than %d cannot be read", HM_TOP_JSON_DEPTH);
	if (text.len > r->opts.max_size)
		return hm_fail(err, HM_R_YAML_LIMIT, "%zu bytes of YAML are over the limit of %zu", text.len,
			       r->opts.max_size);
	enum hm_status st = check_utf8(text, err);
	if (st != HM_OK)
		return st;
	if (hm_str_has_prefix(text, HM_STR("\xef\xbb\xbf")))
		text = hm_str_skip(text, 3);
	if (!yaml_parser_initialize(&r->parser))
		return no_memory(err);
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	return HM_OK;
}

/* What is left behind the first document: nothing but empty ones, or for OPA's reader anything well formed. */
static enum hm_status check_rest(struct reader *r, struct hm_err *err)
{
	bool is_rego = r->opts.dialect == HM_YAML_REGO, found = true;
	enum hm_status st = HM_OK;

	while (st == HM_OK && found) {
		st = read_document(r, is_rego, &found, err);
		if (st == HM_OK && found && !is_rego && !r->is_empty)
			st = refuse(r, r->entries[0].row, r->entries[0].col, err, HM_R_YAML_SYNTAX,
				    "another document, where one is wanted");
	}
	return st;
}

static void sort_places(struct hm_places *places)
{
	if (places->count > 0)
		qsort(places->place, places->count, sizeof(*places->place), compare_places);
}

enum hm_status hm_yaml_parse(struct hm_str text, const struct hm_yaml_opts *opts, struct hm_arena *arena,
			     struct hm_value *ret_value, struct hm_places *ret_places, struct hm_err *err)
{
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	HM_OWN(reader_done) struct reader r;
	struct entry root = { .v = hm_value_null(), .row = 1, .col = 1 };
	bool found;
	enum hm_status st = reader_init(&r, text, opts, arena, ret_places ? &places : NULL, err);

	if (st == HM_OK)
		st = read_document(&r, false, &found, err);
	if (st == HM_OK && found)
		root = r.entries[0];
	/* the root stands where its owner keeps it: its place is under no address */
	if (st == HM_OK && !note_place(&r, NULL, &root))
		st = no_memory(err);
	r.places = NULL;
	if (st == HM_OK && found)
		st = check_rest(&r, err);
	if (st != HM_OK)
		return st;
	sort_places(&places);
	*ret_value = root.v;
	if (ret_places) {
		*ret_places = places;
		places = (struct hm_places){ 0 };
	}
	return HM_OK;
}

static enum hm_status read_all(struct reader *r, struct hm_array_builder *roots, struct members *where,
			       struct hm_err *err)
{
	bool found = true;
	enum hm_status st = HM_OK;

	while (st == HM_OK && found) {
		st = read_document(r, false, &found, err);
		if (st != HM_OK || !found || r->is_empty)
			continue;
		hm_array_add(roots, r->entries[0].v);
		st = add_member(where, &r->entries[0], &r->entries[0], err);
	}
	return st;
}

enum hm_status hm_yaml_parse_all(struct hm_str text, const struct hm_yaml_opts *opts, struct hm_arena *arena,
				 const struct hm_value **ret_documents, size_t *ret_count, struct hm_places *ret_places,
				 struct hm_err *err)
{
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	HM_OWN(hm_array_builder_done) struct hm_array_builder roots = hm_array_builder_init(arena);
	HM_OWN(members_done) struct members where = { 0 };
	HM_OWN(reader_done) struct reader r;
	struct hm_value all = { 0 };
	enum hm_status st = reader_init(&r, text, opts, arena, ret_places ? &places : NULL, err);

	if (st == HM_OK)
		st = read_all(&r, &roots, &where, err);
	if (st == HM_OK)
		st = hm_array_finish(&roots, &all, err);
	for (size_t i = 0; st == HM_OK && i < all.len; i++) {
		if (!note_place(&r, &all.items[i], &where.places[2 * i]))
			st = no_memory(err);
	}
	if (st != HM_OK)
		return st;
	sort_places(&places);
	*ret_documents = all.items;
	*ret_count = all.len;
	if (ret_places) {
		*ret_places = places;
		places = (struct hm_places){ 0 };
	}
	return HM_OK;
}
