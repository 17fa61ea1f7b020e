/*
 * Who is whose child, across processes and requests: W3C Trace Context.
 *
 * Layer 5. Pure; any thread.
 */
#ifndef HM_TRACE_CONTEXT_H
#define HM_TRACE_CONTEXT_H

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "http/message.h"

#include <stdbool.h>
#include <stdint.h>

#define HM_TRACE_ID_LEN 16
#define HM_SPAN_ID_LEN  8

/* "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" and its NUL. */
#define HM_TRACEPARENT_LEN 56

/* A span, as others refer to it. */
struct hm_trace_context {
	uint8_t trace_id[HM_TRACE_ID_LEN]; /* not all zero */
	uint8_t span_id[HM_SPAN_ID_LEN];   /* not all zero */
	bool is_sampled;
	bool is_remote; /* came from another process */
};

/*
 * Read a traceparent.
 *
 * Shape   Version 00, or a later one whose beginning is the same.
 * Errors  HM_EPARSE trace.parent. What is malformed must be ignored and a new trace begun; it is no reason to stop.
 * Source  W3C Trace Context, 3.2
 */
enum hm_status hm_traceparent_parse(struct hm_str text, struct hm_trace_context *ret_context,
				    struct hm_err *err) HM_MUST;

/* Write version 00. */
void hm_traceparent_write(const struct hm_trace_context *context, char ret_text[HM_TRACEPARENT_LEN]);

/*
 * Make a span the parent of what a child process does: TRACEPARENT in a copy of its environment.
 *
 * Shape   env: the copy. A TRACESTATE that is in it stays: it belongs to the same trace. context: NULL takes both out.
 * Errors  stick in env
 * Source  OpenTelemetry, environment variables as context carriers
 */
void hm_trace_to_env(const struct hm_trace_context *context, struct hm_strv *env);

/* The same for a request: the header traceparent. Errors: stick in req. */
void hm_trace_to_request(const struct hm_trace_context *context, struct hm_http_request *req);

/* Whose child a request is; false where it does not say, or not so that it can be read. */
bool hm_trace_from_request(const struct hm_http_request *req, struct hm_trace_context *ret_context);

#endif
