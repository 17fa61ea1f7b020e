/*
 * A transport that makes a span of each question and tells the server whose child it is.
 *
 * Layer 5. As thread-safe as what is inside.
 */
#ifndef HM_TRACE_TRANSPORT_H
#define HM_TRACE_TRANSPORT_H

#include "http/transport.h"
#include "trace/span.h"

/* Immutable while it is in use. */
struct hm_traced {
	const struct hm_transport *inner;
	struct hm_tracer *tracer;
	const struct hm_trace_context *parent; /* of the questions' spans; NULL: the tracer's */
};

/*
 * The transport around another.
 *
 * Owns    borrows traced as long as the transport is used
 * Errors  of asking: those of the inner transport; HM_ENOMEM
 * Source  OpenTelemetry semantic conventions, HTTP client spans; the URL without its query, which may hold a token
 */
struct hm_transport hm_trace_transport(const struct hm_traced *traced);

#endif
