/*
 * Spans: what was done, when, as part of what, and how it ended.
 *
 * Tracing never makes its user fail: where there is no memory, no random numbers or no room, a span is NULL and every
 * function here takes that; what was left out is counted, and the count is exported. A NULL tracer makes NULL spans, so
 * nobody asks whether tracing is on.
 *
 * Not here: writing them down (otlp.h), names of attributes (cicd.h).
 * Layer 5. A tracer and its spans may be used by any number of threads at once.
 */
#ifndef HM_TRACE_SPAN_H
#define HM_TRACE_SPAN_H

#include "base/effects.h"
#include "trace/context.h"

#include <stddef.h>

struct hm_tracer;
struct hm_span;

/* The numbers are OTLP's. */
enum hm_span_kind {
	HM_SPAN_INTERNAL = 1,
	HM_SPAN_SERVER = 2, /* somebody asked for it and waits */
	HM_SPAN_CLIENT = 3, /* waits for somebody else */
	HM_SPAN_PRODUCER = 4,
	HM_SPAN_CONSUMER = 5,
};

enum hm_span_status { HM_SPAN_UNSET = 0, HM_SPAN_DONE = 1, HM_SPAN_ERROR = 2 };

enum hm_attr_type { HM_ATTR_STR, HM_ATTR_I64, HM_ATTR_BOOL };

struct hm_attr {
	struct hm_str key;
	enum hm_attr_type type;
	struct hm_str str; /* by type */
	int64_t i64;
	bool truth;
};

static inline struct hm_attr hm_attr_str(const char *key, struct hm_str value)
{
	return (struct hm_attr){ .key = hm_str(key), .type = HM_ATTR_STR, .str = value };
}

static inline struct hm_attr hm_attr_i64(const char *key, int64_t value)
{
	return (struct hm_attr){ .key = hm_str(key), .type = HM_ATTR_I64, .i64 = value };
}

static inline struct hm_attr hm_attr_bool(const char *key, bool value)
{
	return (struct hm_attr){ .key = hm_str(key), .type = HM_ATTR_BOOL, .truth = value };
}

struct hm_tracer_opts {
	const struct hm_effects *effects;      /* clock and random numbers; NULL: the system's. Must live as long. */
	const char *service_name;              /* NULL: "hallmark" */
	const char *service_version;           /* NULL: none */
	const struct hm_trace_context *parent; /* of spans that have none: who started this process; NULL: nobody */
	const struct hm_attr *resource;        /* more about this process, count of them */
	size_t resource_count;
};

/*
 * Make a tracer; all its spans without another parent are of one trace: the parent's, or a new one.
 *
 * Shape   opts: NULL for the defaults.
 * Owns    copies; ret_tracer is the caller's, for hm_tracer_free()
 * Errors  HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_tracer_new(const struct hm_tracer_opts *opts, struct hm_tracer **ret_tracer,
			     struct hm_err *err) HM_MUST;

/* Its spans go with it. Returns NULL. */
struct hm_tracer *hm_tracer_free(struct hm_tracer *tracer);

/* For HM_OWN. */
void hm_tracer_freep(struct hm_tracer **tracer);

/*
 * Begin a span.
 *
 * Shape   parent: NULL for the tracer's own parent. name: of few different values, with no ids in it.
 * Owns    the tracer's; name is copied
 */
struct hm_span *hm_span_start(struct hm_tracer *tracer, const struct hm_trace_context *parent, enum hm_span_kind kind,
			      struct hm_str name);

/* What children refer to; NULL for NULL. Borrowed from the tracer. */
const struct hm_trace_context *hm_span_context(const struct hm_span *span);

/* Set an attribute, in the place of one with the same key. Copied; text longer than HM_MAX_SPAN_TEXT is cut. */
void hm_span_set(struct hm_span *span, struct hm_attr attr);

/* Something happened, now. */
void hm_span_event(struct hm_span *span, const char *name, const struct hm_attr *attrs, size_t count);

/* How it went. message: of an error only. */
void hm_span_set_status(struct hm_span *span, enum hm_span_status status, struct hm_str message);

/* It failed: status and message, and error.type with the reason's code. HM_OK changes nothing. */
void hm_span_fail(struct hm_span *span, enum hm_status st, const struct hm_err *err);

/* It is over; what is set afterwards is dropped, a second end too. */
void hm_span_end(struct hm_span *span);

/* Spans, attributes and events that were left out for want of room or memory. */
size_t hm_tracer_dropped(struct hm_tracer *tracer);

#endif
