/*
 * What span.c and otlp.c share: the tracer's spans.
 *
 * Layer 5, inside trace.
 */
#ifndef HM_TRACE_TRACER_H
#define HM_TRACE_TRACER_H

#include "base/arena.h"
#include "trace/span.h"

#include <pthread.h>

struct hm_attrs {
	struct hm_attr *v;
	size_t count, cap;
	uint32_t dropped;
};

struct hm_span_event {
	int64_t time_ns;
	struct hm_str name;
	struct hm_attrs attrs;
};

struct hm_span {
	struct hm_tracer *tracer;
	struct hm_span *next; /* in the order of their beginning; those of a child process where they were read */
	struct hm_trace_context context;
	uint8_t parent_id[HM_SPAN_ID_LEN];
	bool has_parent, is_parent_remote, is_over;
	enum hm_span_kind kind;
	enum hm_span_status status;
	struct hm_str name, message;
	int64_t start_ns, end_ns;
	struct hm_attrs attrs;
	struct hm_span_event *events;
	size_t event_count, event_cap;
	uint32_t dropped_events;
};

struct hm_tracer {
	pthread_mutex_t lock; /* of all that follows, spans included; what is constant is read without it */
	const struct hm_effects *effects;
	struct hm_arena arena;
	struct hm_trace_context parent; /* span_id is zero where nobody is */
	bool has_parent;
	struct hm_attrs resource;
	struct hm_span *first, *last;
	size_t count, dropped;
};

/*
 * A copy of text in the arena, made fit for OTLP: cut to HM_MAX_SPAN_TEXT at a character's end; where it is not UTF-8,
 * each byte beyond ASCII becomes '?'. ptr is NULL once the arena has failed.
 */
struct hm_str hm_trace_text(struct hm_arena *arena, struct hm_str text);

/* Copy an attribute in, in the place of one with the same key; counts it as dropped where there is no room. */
void hm_attrs_set(struct hm_arena *arena, struct hm_attrs *attrs, const struct hm_attr *attr);

/* Put a finished span at the list's end. */
void hm_tracer_add(struct hm_tracer *tracer, struct hm_span *span);

#endif
