#include "trace/span.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "trace/tracer.h"

/* --- text and attributes --- */

struct hm_str hm_trace_text(struct hm_arena *arena, struct hm_str text)
{
	size_t len = text.len < HM_MAX_SPAN_TEXT ? text.len : HM_MAX_SPAN_TEXT;

	/* a character that does not end before the limit goes as a whole */
	while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	text = hm_str_head(text, len);
	if (hm_str_is_utf8(text))
		return hm_arena_dup(arena, text);
	char *copy = hm_arena_bytes(arena, text.len + 1);
	if (!copy)
		return (struct hm_str){ 0 };
	for (size_t i = 0; i < text.len; i++)
		copy[i] = (unsigned char)text.ptr[i] < 0x80 ? text.ptr[i] : '?';
	copy[text.len] = '\0';
	return hm_str_of(copy, text.len);
}

static struct hm_attr *find_attr(struct hm_attrs *attrs, struct hm_str key)
{
	for (size_t i = 0; i < attrs->count; i++) {
		if (hm_str_eq(attrs->v[i].key, key))
			return &attrs->v[i];
	}
	return NULL;
}

/* Arrays in an arena grow by being copied; the old ones stay until it goes. */
static bool grow(struct hm_arena *arena, void *array, size_t *cap, size_t count, size_t size)
{
	void **v = array;

	if (count < *cap)
		return true;
	const size_t new_cap = *cap ? 2 * *cap : 8;
	void *grown = hm_arena_calloc(arena, new_cap, size);
	if (!grown)
		return false;
	if (count)
		memcpy(grown, *v, count * size);
	*v = grown;
	*cap = new_cap;
	return true;
}

void hm_attrs_set(struct hm_arena *arena, struct hm_attrs *attrs, const struct hm_attr *attr)
{
	struct hm_attr copy = *attr, *place = find_attr(attrs, attr->key);

	copy.key = hm_trace_text(arena, attr->key);
	copy.str = attr->type == HM_ATTR_STR ? hm_trace_text(arena, attr->str) : (struct hm_str){ 0 };
	if (!copy.key.ptr || (attr->type == HM_ATTR_STR && !copy.str.ptr) ||
	    (!place &&
	     (attrs->count == HM_MAX_SPAN_ATTRS || !grow(arena, &attrs->v, &attrs->cap, attrs->count, sizeof(copy))))) {
		attrs->dropped++;
		return;
	}
	if (!place)
		place = &attrs->v[attrs->count++];
	*place = copy;
}

/* --- tracers --- */

/* W3C 3.2.2.3 and 3.2.2.4: never all zero */
static enum hm_status make_id(const struct hm_effects *effects, uint8_t *id, size_t len, struct hm_err *err)
{
	enum hm_status st = hm_random(effects, id, len, err);
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= id[i];
	id[len - 1] = all ? id[len - 1] : 1;
	return st;
}

static enum hm_status fill(struct hm_tracer *tracer, const struct hm_tracer_opts *o, struct hm_err *err)
{
	const struct hm_attr name = hm_attr_str("service.name", hm_str(o->service_name ? o->service_name : "hallmark"));
	const struct hm_attr version = hm_attr_str("service.version", hm_str(o->service_version));

	hm_attrs_set(&tracer->arena, &tracer->resource, &name);
	if (o->service_version)
		hm_attrs_set(&tracer->arena, &tracer->resource, &version);
	for (size_t i = 0; i < o->resource_count; i++)
		hm_attrs_set(&tracer->arena, &tracer->resource, &o->resource[i]);
	enum hm_status st = hm_arena_check(&tracer->arena, "a trace", err);
	if (st != HM_OK)
		return st;
	if (o->parent) {
		tracer->parent = *o->parent;
		tracer->has_parent = true;
		return HM_OK;
	}
	tracer->parent.is_sampled = true;
	return make_id(tracer->effects, tracer->parent.trace_id, HM_TRACE_ID_LEN, err);
}

enum hm_status hm_tracer_new(const struct hm_tracer_opts *opts, struct hm_tracer **ret_tracer, struct hm_err *err)
{
	static const struct hm_tracer_opts defaults = { 0 };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = hm_calloc(1, sizeof(*tracer));

	if (!tracer)
		return hm_fail(err, HM_R_NO_MEMORY, "a trace");
	pthread_mutex_init(&tracer->lock, NULL);
	tracer->arena = hm_arena_init(HM_MAX_TRACE_MEMORY);
	tracer->effects = opts && opts->effects ? opts->effects : hm_effects_system();
	enum hm_status st = fill(tracer, opts ? opts : &defaults, err);
	if (st == HM_OK)
		*ret_tracer = HM_STEAL(tracer);
	return st;
}

struct hm_tracer *hm_tracer_free(struct hm_tracer *tracer)
{
	if (!tracer)
		return NULL;
	hm_arena_done(&tracer->arena);
	pthread_mutex_destroy(&tracer->lock);
	free(tracer);
	return NULL;
}

void hm_tracer_freep(struct hm_tracer **tracer)
{
	*tracer = hm_tracer_free(*tracer);
}

void hm_tracer_add(struct hm_tracer *tracer, struct hm_span *span)
{
	if (tracer->last)
		tracer->last->next = span;
	else
		tracer->first = span;
	tracer->last = span;
	tracer->count++;
}

size_t hm_tracer_dropped(struct hm_tracer *tracer)
{
	size_t dropped;

	if (!tracer)
		return 0;
	pthread_mutex_lock(&tracer->lock);
	dropped = tracer->dropped + tracer->resource.dropped;
	for (const struct hm_span *s = tracer->first; s; s = s->next)
		dropped += s->attrs.dropped + s->dropped_events;
	pthread_mutex_unlock(&tracer->lock);
	return dropped;
}

/* --- spans --- */

static struct hm_span *make_span(struct hm_tracer *tracer, const struct hm_trace_context *parent,
				 enum hm_span_kind kind, struct hm_str name)
{
	struct hm_span *span = tracer->count < HM_MAX_SPANS ? hm_arena_calloc(&tracer->arena, 1, sizeof(*span)) : NULL;

	if (!span)
		return NULL;
	parent = parent ? parent : &tracer->parent;
	span->tracer = tracer;
	span->kind = kind;
	span->name = hm_trace_text(&tracer->arena, name);
	span->has_parent = parent != &tracer->parent || tracer->has_parent;
	span->is_parent_remote = span->has_parent && parent->is_remote;
	memcpy(span->parent_id, parent->span_id, HM_SPAN_ID_LEN);
	memcpy(span->context.trace_id, parent->trace_id, HM_TRACE_ID_LEN);
	span->context.is_sampled = parent->is_sampled;
	if (!span->name.ptr || make_id(tracer->effects, span->context.span_id, HM_SPAN_ID_LEN, NULL) != HM_OK)
		return NULL;
	span->start_ns = hm_now_ns(tracer->effects);
	return span;
}

struct hm_span *hm_span_start(struct hm_tracer *tracer, const struct hm_trace_context *parent, enum hm_span_kind kind,
			      struct hm_str name)
{
	if (!tracer)
		return NULL;
	pthread_mutex_lock(&tracer->lock);
	struct hm_span *span = make_span(tracer, parent, kind, name);
	if (span)
		hm_tracer_add(tracer, span);
	else
		tracer->dropped++;
	pthread_mutex_unlock(&tracer->lock);
	return span;
}

const struct hm_trace_context *hm_span_context(const struct hm_span *span)
{
	return span ? &span->context : NULL;
}

/* Returns false where there is no span, or it is over; else it is locked. */
static bool begin_change(struct hm_span *span)
{
	if (!span)
		return false;
	pthread_mutex_lock(&span->tracer->lock);
	if (!span->is_over)
		return true;
	pthread_mutex_unlock(&span->tracer->lock);
	return false;
}

static void end_change(struct hm_span *span)
{
	pthread_mutex_unlock(&span->tracer->lock);
}

void hm_span_set(struct hm_span *span, struct hm_attr attr)
{
	if (!begin_change(span))
		return;
	hm_attrs_set(&span->tracer->arena, &span->attrs, &attr);
	end_change(span);
}

void hm_span_event(struct hm_span *span, const char *name, const struct hm_attr *attrs, size_t count)
{
	if (!begin_change(span))
		return;
	struct hm_arena *arena = &span->tracer->arena;
	struct hm_span_event event = { .time_ns = hm_now_ns(span->tracer->effects),
				       .name = hm_trace_text(arena, hm_str(name)) };
	for (size_t i = 0; i < count; i++)
		hm_attrs_set(arena, &event.attrs, &attrs[i]);
	if (event.name.ptr && span->event_count < HM_MAX_SPAN_EVENTS &&
	    grow(arena, &span->events, &span->event_cap, span->event_count, sizeof(event)))
		span->events[span->event_count++] = event;
	else
		span->dropped_events++;
	end_change(span);
}

void hm_span_set_status(struct hm_span *span, enum hm_span_status status, struct hm_str message)
{
	if (!begin_change(span))
		return;
	span->status = status;
	span->message = hm_trace_text(&span->tracer->arena, message);
	end_change(span);
}

void hm_span_fail(struct hm_span *span, enum hm_status st, const struct hm_err *err)
{
	char text[1024] = "";

	if (st == HM_OK)
		return;
	if (err)
		hm_err_text(err, text, sizeof(text));
	hm_span_set(span, hm_attr_str("error.type", hm_str(err && err->reason != HM_R_OK ? hm_reason_code(err->reason)
											 : hm_status_name(st))));
	hm_span_set_status(span, HM_SPAN_ERROR, hm_str(text));
}

void hm_span_end(struct hm_span *span)
{
	if (!begin_change(span))
		return;
	span->end_ns = hm_now_ns(span->tracer->effects);
	/* the clock may have been set back meanwhile; a span that ends before it begins is refused by its readers */
	if (span->end_ns < span->start_ns)
		span->end_ns = span->start_ns;
	span->is_over = true;
	end_change(span);
}
