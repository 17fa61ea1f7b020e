/*
 * From libyaml's events to values. What has been read waits on one stack, entries of an array as they came, of a
 * mapping key and value in turn; when the collection ends they become one entry. See yaml.h.
 */
#include "data/yaml.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "data/keys.h"
#include "data/yaml_reader.h"

const struct hm_yaml_opts hm_yaml_as_opa = {
	.dialect = HM_YAML_REGO,
	.duplicates = HM_DUP_LAST,
	.max_depth = HM_TOP_JSON_DEPTH,
};

static void reader_done(struct hm_yaml_reader *r)
{
	yaml_parser_delete(&r->parser);
	free(r->entries);
	free(r->frames);
	for (size_t i = 0; i < r->anchors_count; i++)
		free(r->anchors[i].name);
	free(r->anchors);
}

static bool wants_key(const struct hm_yaml_reader *r)
{
	if (r->frames_count == 0)
		return false;
	const struct hm_yaml_frame *frame = &r->frames[r->frames_count - 1];
	return frame->is_object && (r->entries_count - frame->first) % 2 == 0;
}

static uint32_t row_of(yaml_mark_t mark)
{
	return mark.line < UINT32_MAX ? (uint32_t)mark.line + 1 : UINT32_MAX;
}

static uint32_t col_of(yaml_mark_t mark)
{
	return mark.column < UINT32_MAX ? (uint32_t)mark.column + 1 : UINT32_MAX;
}

static enum hm_status next_event(struct hm_yaml_reader *r, yaml_event_t *event, struct hm_err *err)
{
	if (yaml_parser_parse(&r->parser, event))
		return HM_OK;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return hm_yaml_no_memory(err);
	const char *problem = r->parser.problem ? r->parser.problem : "malformed";
	const char *context = r->parser.context ? r->parser.context : "";
	yaml_mark_t mark = r->parser.problem_mark;
	return hm_yaml_refuse(r, row_of(mark), col_of(mark), err, HM_R_YAML_SYNTAX, "%s%s%s", context,
			      context[0] ? ", " : "", problem);
}

static int compare_places(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct hm_place *)a)->value,
		  y = (uintptr_t)((const struct hm_place *)b)->value;

	return (x > y) - (x < y);
}

static struct hm_yaml_anchor *find_anchor(const struct hm_yaml_reader *r, const char *name)
{
	uint64_t hash = hm_data_hash(name, strlen(name));

	for (size_t i = 0; i < r->anchors_count; i++) {
		if (r->anchors[i].hash == hash && strcmp(r->anchors[i].name, name) == 0)
			return &r->anchors[i];
	}
	return NULL;
}

/* The place of an anchor that a node sets; the last node of a name is what it stands for. */
static enum hm_status set_anchor(struct hm_yaml_reader *r, const yaml_event_t *event, const char *name,
				 struct hm_yaml_anchor **ret_anchor, struct hm_err *err)
{
	uint32_t row = row_of(event->start_mark), col = col_of(event->start_mark);
	struct hm_yaml_anchor *anchor = find_anchor(r, name);

	if (!anchor) {
		if (r->anchors_count == HM_MAX_YAML_ANCHORS)
			return hm_yaml_refuse(r, row, col, err, HM_R_YAML_LIMIT, "more than %d anchors",
					      HM_MAX_YAML_ANCHORS);
		if (!hm_grow(&r->anchors, &r->anchors_cap, r->anchors_count + 1, sizeof(*r->anchors)))
			return hm_yaml_no_memory(err);
		char *copy = hm_asprintf("%s", name);
		if (!copy)
			return hm_yaml_no_memory(err);
		anchor = &r->anchors[r->anchors_count++];
		*anchor = (struct hm_yaml_anchor){ .name = copy, .hash = hm_data_hash(name, strlen(name)) };
	}
	anchor->frame = 0;
	anchor->is_scalar = false;
	*ret_anchor = anchor;
	return HM_OK;
}

/* Every node is counted where it stands, and with all that it stands for where it is an alias. */
static enum hm_status count_nodes(struct hm_yaml_reader *r, const struct hm_yaml_entry *e, uint32_t nodes,
				  struct hm_err *err)
{
	r->nodes += nodes;
	if (r->nodes > r->opts.max_nodes)
		return hm_yaml_refuse(r, e->row, e->col, err, HM_R_YAML_LIMIT, "more than %u nodes", r->opts.max_nodes);
	return HM_OK;
}

static enum hm_status push(struct hm_yaml_reader *r, const struct hm_yaml_entry *e, struct hm_err *err)
{
	if (!hm_grow(&r->entries, &r->entries_cap, r->entries_count + 1, sizeof(*r->entries)))
		return hm_yaml_no_memory(err);
	r->entries[r->entries_count++] = *e;
	return HM_OK;
}

/* A scalar becomes what its place wants: a key or a value. */
static enum hm_status push_scalar(struct hm_yaml_reader *r, const struct hm_yaml_meaning *m, struct hm_yaml_entry *e,
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
		return hm_yaml_refuse(r, e->row, e->col, err, HM_R_YAML_VALUE, "%s", wrong);
	enum hm_status st = hm_arena_check(r->arena, "YAML document", err);
	return st == HM_OK ? push(r, e, err) : st;
}

static enum hm_status read_scalar(struct hm_yaml_reader *r, const yaml_event_t *event, struct hm_err *err)
{
	struct hm_yaml_entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark), .nodes = 1 };
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct hm_yaml_scalar scalar = {
		.text = hm_str_of(event->data.scalar.value, event->data.scalar.length),
		.tag = hm_str((const char *)event->data.scalar.tag),
		.is_plain = is_plain,
	};
	struct hm_yaml_meaning meaning = { 0 };
	struct hm_yaml_anchor *anchor;

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
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "%s", wrong);
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

static enum hm_status read_alias(struct hm_yaml_reader *r, const yaml_event_t *event, struct hm_err *err)
{
	struct hm_yaml_entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark) };
	const char *name = (const char *)event->data.alias.anchor;
	const struct hm_yaml_anchor *anchor = find_anchor(r, name);

	if (!anchor)
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_SYNTAX, "unknown anchor '%.64s'", name);
	if (anchor->frame != 0)
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_SYNTAX,
				      "the node of anchor '%.64s' contains itself", name);
	enum hm_status st = count_nodes(r, &e, anchor->entry.nodes, err);
	if (st != HM_OK)
		return st;
	if (r->frames_count + anchor->entry.height > r->opts.max_depth)
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_LIMIT, "nested deeper than %u",
				      r->opts.max_depth);
	e.v = anchor->entry.v;
	e.height = anchor->entry.height;
	e.nodes = anchor->entry.nodes;
	e.is_alias = true;
	if (anchor->is_scalar)
		return push_scalar(r, &anchor->meaning, &e, err);
	if (wants_key(r))
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "a collection as a key");
	return push(r, &e, err);
}

static enum hm_status open_frame(struct hm_yaml_reader *r, const yaml_event_t *event, bool is_object,
				 const yaml_char_t *name, struct hm_err *err)
{
	struct hm_yaml_entry e = { .row = row_of(event->start_mark), .col = col_of(event->start_mark) };
	struct hm_yaml_anchor *anchor;
	enum hm_status st = count_nodes(r, &e, 1, err);

	if (st == HM_OK && wants_key(r))
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_VALUE, "a collection as a key");
	if (st == HM_OK && r->frames_count == r->opts.max_depth)
		return hm_yaml_refuse(r, e.row, e.col, err, HM_R_YAML_LIMIT, "nested deeper than %u",
				      r->opts.max_depth);
	if (st == HM_OK && !hm_grow(&r->frames, &r->frames_cap, r->frames_count + 1, sizeof(*r->frames)))
		return hm_yaml_no_memory(err);
	if (st == HM_OK && name) {
		st = set_anchor(r, event, (const char *)name, &anchor, err);
		if (st == HM_OK)
			anchor->frame = r->opened + 1;
	}
	if (st != HM_OK)
		return st;
	r->frames[r->frames_count++] = (struct hm_yaml_frame){
		.first = r->entries_count,
		.number = ++r->opened,
		.row = e.row,
		.col = e.col,
		.is_object = is_object,
	};
	return HM_OK;
}

static void finish_anchor(struct hm_yaml_reader *r, const struct hm_yaml_frame *frame, const struct hm_yaml_entry *e)
{
	for (size_t i = 0; i < r->anchors_count; i++) {
		if (r->anchors[i].frame == frame->number) {
			r->anchors[i].frame = 0;
			r->anchors[i].entry = *e;
			return;
		}
	}
}

static enum hm_status close_frame(struct hm_yaml_reader *r, struct hm_err *err)
{
	struct hm_yaml_frame frame = r->frames[r->frames_count - 1];
	const struct hm_yaml_entry *entries = r->entries ? r->entries + frame.first : NULL;
	size_t count = r->entries_count - frame.first;
	struct hm_yaml_entry e = { .row = frame.row, .col = frame.col, .height = 1, .nodes = 1 };

	for (size_t i = 0; i < count; i++) {
		e.nodes += entries[i].nodes; /* the sum is bounded by max_nodes */
		if (entries[i].height + 1 > e.height)
			e.height = entries[i].height + 1;
	}
	enum hm_status st = frame.is_object ? hm_yaml_object(r, entries, count, &e.v, err)
					    : hm_yaml_array(r, entries, count, &e.v, err);
	if (st != HM_OK)
		return st;
	HM_PLANT(r->anchors_count == 2 && count == 4 && frame.is_object);
	r->frames_count--;
	r->entries_count = frame.first;
	finish_anchor(r, &frame, &e);
	return push(r, &e, err);
}

static enum hm_status take_event(struct hm_yaml_reader *r, const yaml_event_t *event, struct hm_err *err)
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
static void begin_document(struct hm_yaml_reader *r)
{
	for (size_t i = 0; i < r->anchors_count && r->opts.dialect == HM_YAML_KUBERNETES; i++)
		free(r->anchors[i].name);
	if (r->opts.dialect == HM_YAML_KUBERNETES)
		r->anchors_count = 0;
	r->entries_count = 0;
	r->is_empty = false;
}

/* Of a document that nobody reads: whether its aliases have anchors. */
static enum hm_status check_event(struct hm_yaml_reader *r, const yaml_event_t *event, struct hm_err *err)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
				  : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
				  : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
									     : NULL;
	struct hm_yaml_anchor *anchor;

	if (event->type == YAML_ALIAS_EVENT && !find_anchor(r, (const char *)event->data.alias.anchor))
		return hm_yaml_refuse(r, row_of(event->start_mark), col_of(event->start_mark), err, HM_R_YAML_SYNTAX,
				      "unknown anchor '%.64s'", (const char *)event->data.alias.anchor);
	return name ? set_anchor(r, event, (const char *)name, &anchor, err) : HM_OK;
}

/* Both peers read version 1.1 only; libyaml has seen to it that it is 1.1 or 1.2. */
static enum hm_status check_version(const struct hm_yaml_reader *r, const yaml_event_t *event, struct hm_err *err)
{
	const yaml_version_directive_t *version =
	    event->type == YAML_DOCUMENT_START_EVENT ? event->data.document_start.version_directive : NULL;

	if (!version || version->minor == 1)
		return HM_OK;
	return hm_yaml_refuse(r, row_of(event->start_mark), col_of(event->start_mark), err, HM_R_YAML_SYNTAX,
			      "a document of YAML %d.%d, where 1.1 is wanted", version->major, version->minor);
}

/*
 * Read to the end of the next document.
 *
 * Shape   ret_found: false at the end of the text. to_check: only whether it is well formed.
 */
static enum hm_status read_document(struct hm_yaml_reader *r, bool to_check, bool *ret_found, struct hm_err *err)
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

static enum hm_status reader_init(struct hm_yaml_reader *r, struct hm_str text, const struct hm_yaml_opts *opts,
				  struct hm_arena *arena, struct hm_places *places, struct hm_err *err)
{
	*r = (struct hm_yaml_reader){ .arena = arena, .places = places };
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
		return hm_yaml_no_memory(err);
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	return HM_OK;
}

/* What is left behind the first document: nothing but empty ones, or for OPA's reader anything well formed. */
static enum hm_status check_rest(struct hm_yaml_reader *r, struct hm_err *err)
{
	bool is_rego = r->opts.dialect == HM_YAML_REGO, found = true;
	enum hm_status st = HM_OK;

	while (st == HM_OK && found) {
		st = read_document(r, is_rego, &found, err);
		if (st == HM_OK && found && !is_rego && !r->is_empty)
			st = hm_yaml_refuse(r, r->entries[0].row, r->entries[0].col, err, HM_R_YAML_SYNTAX,
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
	HM_OWN(reader_done) struct hm_yaml_reader r;
	struct hm_yaml_entry root = { .v = hm_value_null(), .row = 1, .col = 1 };
	bool found;
	enum hm_status st = reader_init(&r, text, opts, arena, ret_places ? &places : NULL, err);

	if (st == HM_OK)
		st = read_document(&r, false, &found, err);
	if (st == HM_OK && found)
		root = r.entries[0];
	/* the root stands where its owner keeps it: its place is under no address */
	if (st == HM_OK && !hm_yaml_note_place(&r, NULL, &root))
		st = hm_yaml_no_memory(err);
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

static enum hm_status read_all(struct hm_yaml_reader *r, struct hm_array_builder *roots, struct hm_yaml_members *where,
			       struct hm_err *err)
{
	bool found = true;
	enum hm_status st = HM_OK;

	while (st == HM_OK && found) {
		st = read_document(r, false, &found, err);
		if (st != HM_OK || !found || r->is_empty)
			continue;
		hm_array_add(roots, r->entries[0].v);
		st = hm_yaml_add_member(where, &r->entries[0], &r->entries[0], err);
	}
	return st;
}

enum hm_status hm_yaml_parse_all(struct hm_str text, const struct hm_yaml_opts *opts, struct hm_arena *arena,
				 const struct hm_value **ret_documents, size_t *ret_count, struct hm_places *ret_places,
				 struct hm_err *err)
{
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	HM_OWN(hm_array_builder_done) struct hm_array_builder roots = hm_array_builder_init(arena);
	HM_OWN(hm_yaml_members_done) struct hm_yaml_members where = { 0 };
	HM_OWN(reader_done) struct hm_yaml_reader r;
	struct hm_value all = { 0 };
	enum hm_status st = reader_init(&r, text, opts, arena, ret_places ? &places : NULL, err);

	if (st == HM_OK)
		st = read_all(&r, &roots, &where, err);
	if (st == HM_OK)
		st = hm_array_finish(&roots, &all, err);
	for (size_t i = 0; st == HM_OK && i < all.len; i++) {
		if (!hm_yaml_note_place(&r, &all.items[i], &where.places[2 * i]))
			st = hm_yaml_no_memory(err);
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
