/* Spans that a child process wrote, one a line; see otlp.h. */
#include "trace/otlp.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "data/decode.h"
#include "trace/tracer.h"

/* --- what a line holds --- */

struct value_in {
	struct hm_str str;
	int64_t i64;
	bool truth, has_str, has_i64, has_truth;
};

struct attr_in {
	struct hm_str key;
	struct value_in value;
};

struct event_in {
	uint64_t time_ns;
	struct hm_str name;
	struct attr_in *attrs;
	size_t attr_count;
	uint64_t dropped;
};

struct status_in {
	int64_t code;
	struct hm_str message;
};

struct span_in {
	struct hm_str trace_id, span_id, parent_id, name;
	int64_t kind;
	uint64_t flags, start_ns, end_ns, dropped_attrs, dropped_events;
	struct attr_in *attrs;
	size_t attr_count;
	struct event_in *events;
	size_t event_count;
	struct status_in status;
};

static const struct hm_json_field value_fields[] = {
	{ "stringValue", HM_JSON_STR, offsetof(struct value_in, str), .has = HM_JSON_HAS(struct value_in, has_str) },
	{ "intValue", HM_JSON_I64_STRING, offsetof(struct value_in, i64),
	  .has = HM_JSON_HAS(struct value_in, has_i64) },
	{ "boolValue", HM_JSON_BOOL, offsetof(struct value_in, truth), .has = HM_JSON_HAS(struct value_in, has_truth) },
};
static const struct hm_json_table value_table = HM_JSON_TABLE(struct value_in, value_fields);

static const struct hm_json_field attr_fields[] = {
	{ "key", HM_JSON_STR, offsetof(struct attr_in, key), HM_REQUIRED | HM_NOT_EMPTY },
	{ "value", HM_JSON_OBJECT, offsetof(struct attr_in, value), HM_REQUIRED, .table = &value_table },
};
static const struct hm_json_table attr_table = HM_JSON_TABLE(struct attr_in, attr_fields);

static const struct hm_json_field event_fields[] = {
	{ "timeUnixNano", HM_JSON_U64_STRING, offsetof(struct event_in, time_ns), HM_REQUIRED },
	{ "name", HM_JSON_STR, offsetof(struct event_in, name), HM_REQUIRED },
	{ "attributes", HM_JSON_ARRAY, offsetof(struct event_in, attrs), .of = HM_JSON_OBJECT, .table = &attr_table,
	  .count = offsetof(struct event_in, attr_count), .max = HM_MAX_SPAN_ATTRS },
	{ "droppedAttributesCount", HM_JSON_U64, offsetof(struct event_in, dropped) },
};
static const struct hm_json_table event_table = HM_JSON_TABLE(struct event_in, event_fields);

static const struct hm_json_field status_fields[] = {
	{ "code", HM_JSON_I64, offsetof(struct status_in, code) },
	{ "message", HM_JSON_STR, offsetof(struct status_in, message) },
};
static const struct hm_json_table status_table = HM_JSON_TABLE(struct status_in, status_fields);

static const struct hm_json_field span_fields[] = {
	{ "traceId", HM_JSON_STR, offsetof(struct span_in, trace_id), HM_REQUIRED },
	{ "spanId", HM_JSON_STR, offsetof(struct span_in, span_id), HM_REQUIRED },
	{ "parentSpanId", HM_JSON_STR, offsetof(struct span_in, parent_id), HM_REQUIRED },
	{ "flags", HM_JSON_U64, offsetof(struct span_in, flags) },
	{ "name", HM_JSON_STR, offsetof(struct span_in, name), HM_REQUIRED },
	{ "kind", HM_JSON_I64, offsetof(struct span_in, kind) },
	{ "startTimeUnixNano", HM_JSON_U64_STRING, offsetof(struct span_in, start_ns), HM_REQUIRED },
	{ "endTimeUnixNano", HM_JSON_U64_STRING, offsetof(struct span_in, end_ns), HM_REQUIRED },
	{ "attributes", HM_JSON_ARRAY, offsetof(struct span_in, attrs), .of = HM_JSON_OBJECT, .table = &attr_table,
	  .count = offsetof(struct span_in, attr_count), .max = HM_MAX_SPAN_ATTRS + 1 },
	{ "droppedAttributesCount", HM_JSON_U64, offsetof(struct span_in, dropped_attrs) },
	{ "events", HM_JSON_ARRAY, offsetof(struct span_in, events), .of = HM_JSON_OBJECT, .table = &event_table,
	  .count = offsetof(struct span_in, event_count), .max = HM_MAX_SPAN_EVENTS },
	{ "droppedEventsCount", HM_JSON_U64, offsetof(struct span_in, dropped_events) },
	{ "status", HM_JSON_OBJECT, offsetof(struct span_in, status), .table = &status_table },
};
static const struct hm_json_table span_table = HM_JSON_TABLE(struct span_in, span_fields);

/* --- sets of span ids --- */

/* Open addressing; ids are never zero, so zero is a free place. Ids come from outside, so they are mixed with a key. */
struct ids {
	uint64_t *v;
	size_t mask;
	uint64_t key;
};

static void ids_done(struct ids *ids)
{
	free(ids->v);
}

static bool ids_init(struct ids *ids, size_t count, uint64_t key)
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	*ids = (struct ids){ .v = hm_calloc(size, sizeof(uint64_t)), .mask = size - 1, .key = key | 1 };
	return ids->v != NULL;
}

/* The id's place, or the free one that it would take. */
static uint64_t *ids_find(const struct ids *ids, const uint8_t id[HM_SPAN_ID_LEN])
{
	uint64_t value;

	memcpy(&value, id, sizeof(value));
	uint64_t mixed = (value ^ ids->key) * ids->key;
	for (size_t i = (size_t)(mixed ^ mixed >> 32);; i++) {
		uint64_t *place = &ids->v[i & ids->mask];
		if (*place == 0 || *place == value)
			return place;
	}
}

static bool ids_has(const struct ids *ids, const uint8_t id[HM_SPAN_ID_LEN])
{
	return *ids_find(ids, id) != 0;
}

static void ids_add(struct ids *ids, const uint8_t id[HM_SPAN_ID_LEN])
{
	memcpy(ids_find(ids, id), id, HM_SPAN_ID_LEN);
}

/* --- reading --- */

struct reading {
	struct hm_tracer *tracer;
	const struct hm_trace_context *parent;
	struct hm_arena scratch; /* of the line */
	struct ids known;        /* all spans of the tracer, and those that were read */
	struct ids above;        /* what a span may have for its parent */
	struct hm_span *first, *last;
	size_t count;
};

static void reading_done(struct reading *r)
{
	hm_arena_done(&r->scratch);
	ids_done(&r->known);
	ids_done(&r->above);
}

static enum hm_status refuse(struct hm_err *err, const char *why)
{
	return hm_fail(err, HM_R_TRACE_SPAN, "a child's span is refused: %s", why);
}

static bool read_id(struct hm_str text, uint8_t *ret_id, size_t len)
{
	uint8_t all = 0;

	if (hm_hex_read(text, ret_id, len, NULL) != HM_OK)
		return false;
	for (size_t i = 0; i < len; i++)
		all |= ret_id[i];
	return all != 0;
}

static enum hm_status check_ids(const struct reading *r, const struct span_in *in, struct hm_span *span,
				struct hm_err *err)
{
	if (!read_id(in->trace_id, span->context.trace_id, HM_TRACE_ID_LEN) ||
	    !read_id(in->span_id, span->context.span_id, HM_SPAN_ID_LEN) ||
	    !read_id(in->parent_id, span->parent_id, HM_SPAN_ID_LEN))
		return refuse(err, "an id is malformed");
	if (memcmp(span->context.trace_id, r->parent->trace_id, HM_TRACE_ID_LEN) != 0)
		return refuse(err, "it is of another trace");
	if (!ids_has(&r->above, span->parent_id))
		return refuse(err, "its parent is neither the child's own nor a span above it");
	if (ids_has(&r->known, span->context.span_id))
		return refuse(err, "its id is another's");
	return HM_OK;
}

static enum hm_status check_values(const struct span_in *in, struct hm_err *err)
{
	if (in->kind < HM_SPAN_INTERNAL || in->kind > HM_SPAN_CONSUMER)
		return refuse(err, "there is no such kind");
	if (in->status.code < HM_SPAN_UNSET || in->status.code > HM_SPAN_ERROR)
		return refuse(err, "there is no such status");
	if (in->end_ns > INT64_MAX || in->start_ns > in->end_ns)
		return refuse(err, "it ends before it begins");
	if (in->dropped_attrs > UINT32_MAX || in->dropped_events > UINT32_MAX)
		return refuse(err, "a count is too large");
	return HM_OK;
}

static enum hm_status take_attrs(struct reading *r, const struct attr_in *in, size_t count, struct hm_attrs *attrs,
				 struct hm_err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct value_in *v = &in[i].value;
		struct hm_attr attr = { .key = in[i].key, .str = v->str, .i64 = v->i64, .truth = v->truth };
		if (v->has_str + v->has_i64 + v->has_truth != 1)
			return refuse(err, "an attribute has no value, or two");
		attr.type = v->has_str ? HM_ATTR_STR : v->has_i64 ? HM_ATTR_I64 : HM_ATTR_BOOL;
		hm_attrs_set(&r->tracer->arena, attrs, &attr);
	}
	return HM_OK;
}

static enum hm_status take_events(struct reading *r, const struct span_in *in, struct hm_span *span, struct hm_err *err)
{
	struct hm_arena *arena = &r->tracer->arena;

	if (in->event_count == 0)
		return HM_OK;
	span->events = hm_arena_calloc(arena, in->event_count, sizeof(*span->events));
	if (!span->events)
		return hm_arena_check(arena, "a trace", err);
	HM_PLANT(in->kind != HM_SPAN_INTERNAL);
	span->event_cap = in->event_count;
	for (size_t i = 0; i < in->event_count; i++) {
		struct hm_span_event *e = &span->events[span->event_count++];
		if (in->events[i].time_ns > INT64_MAX || in->events[i].dropped > UINT32_MAX)
			return refuse(err, "an event's time or count is too large");
		*e = (struct hm_span_event){ .time_ns = (int64_t)in->events[i].time_ns,
					     .name = hm_trace_text(arena, in->events[i].name) };
		enum hm_status st = take_attrs(r, in->events[i].attrs, in->events[i].attr_count, &e->attrs, err);
		if (st != HM_OK)
			return st;
		e->attrs.dropped += (uint32_t)in->events[i].dropped;
	}
	return HM_OK;
}

static enum hm_status make_span(struct reading *r, const struct span_in *in, struct hm_span *span, struct hm_err *err)
{
	struct hm_arena *arena = &r->tracer->arena;

	span->tracer = r->tracer;
	span->context.is_sampled = r->parent->is_sampled;
	span->has_parent = span->is_over = true;
	/* the child had it from its environment */
	span->is_parent_remote = memcmp(span->parent_id, r->parent->span_id, HM_SPAN_ID_LEN) == 0;
	span->kind = (enum hm_span_kind)in->kind;
	span->status = (enum hm_span_status)in->status.code;
	span->name = hm_trace_text(arena, in->name);
	span->message = hm_trace_text(arena, in->status.message);
	span->start_ns = (int64_t)in->start_ns;
	span->end_ns = (int64_t)in->end_ns;
	enum hm_status st = take_attrs(r, in->attrs, in->attr_count, &span->attrs, err);
	if (st == HM_OK)
		st = take_events(r, in, span, err);
	span->attrs.dropped += (uint32_t)in->dropped_attrs;
	span->dropped_events = (uint32_t)in->dropped_events;
	return st == HM_OK ? hm_arena_check(arena, "a trace", err) : st;
}

static enum hm_status read_line(struct reading *r, struct hm_str line, struct hm_err *err)
{
	const struct hm_decode_opts opts = { .json = { .borrow = true, .max_size = HM_MAX_SPAN_LINE } };
	struct span_in in;

	if (r->tracer->count + r->count == HM_MAX_SPANS)
		return hm_fail(err, HM_R_LIMIT, "a trace has more than %d spans", HM_MAX_SPANS);
	struct hm_span *span = hm_arena_calloc(&r->tracer->arena, 1, sizeof(*span));
	if (!span)
		return hm_arena_check(&r->tracer->arena, "a trace", err);
	hm_arena_done(&r->scratch);
	enum hm_status st = hm_json_decode(line, &span_table, &opts, &r->scratch, &in, err);
	if (st == HM_OK)
		st = check_values(&in, err);
	if (st == HM_OK)
		st = check_ids(r, &in, span, err);
	if (st == HM_OK)
		st = make_span(r, &in, span, err);
	if (st != HM_OK)
		return st;
	ids_add(&r->known, span->context.span_id);
	ids_add(&r->above, span->context.span_id);
	if (r->last)
		r->last->next = span;
	else
		r->first = span;
	r->last = span;
	r->count++;
	return HM_OK;
}

static size_t count_lines(struct hm_str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

static enum hm_status begin(struct reading *r, size_t lines, struct hm_err *err)
{
	uint64_t key = 0;

	if (lines > HM_MAX_SPANS)
		return hm_fail(err, HM_R_LIMIT, "a child's trace has more than %d spans", HM_MAX_SPANS);
	enum hm_status st = hm_random(r->tracer->effects, &key, sizeof(key), err);
	if (st != HM_OK)
		return st;
	if (!ids_init(&r->known, r->tracer->count + lines + 1, key) || !ids_init(&r->above, lines + 1, key))
		return hm_fail(err, HM_R_NO_MEMORY, "a trace");
	for (const struct hm_span *s = r->tracer->first; s; s = s->next)
		ids_add(&r->known, s->context.span_id);
	ids_add(&r->known, r->parent->span_id);
	ids_add(&r->above, r->parent->span_id);
	return HM_OK;
}

static enum hm_status read_lines(struct reading *r, struct hm_str lines, struct hm_err *err)
{
	struct hm_str line;
	uint32_t row = 0;

	enum hm_status st = begin(r, count_lines(lines), err);
	while (st == HM_OK && hm_str_next(&lines, '\n', &line) && lines.ptr) {
		row++;
		st = read_line(r, line, err);
	}
	/* each line is a document of its own, so its row is always the first */
	if (st != HM_OK && err && row > 0)
		err->row = row;
	return st;
}

enum hm_status hm_otlp_read_lines(struct hm_tracer *tracer, const struct hm_trace_context *parent, struct hm_str lines,
				  struct hm_err *err)
{
	HM_OWN(reading_done)
	struct reading r = { .tracer = tracer, .parent = parent, .scratch = hm_arena_init(HM_MAX_TRACE_MEMORY) };

	pthread_mutex_lock(&tracer->lock);
	enum hm_status st = read_lines(&r, lines, err);
	for (struct hm_span *s = st == HM_OK ? r.first : NULL; s;) {
		struct hm_span *next = s->next;
		s->next = NULL;
		hm_tracer_add(tracer, s);
		s = next;
	}
	pthread_mutex_unlock(&tracer->lock);
	return st;
}
