/*
 * A trace as OTLP JSON: the whole as an ExportTraceServiceRequest, which every collector reads from a file, and spans
 * one a line, by which a child process hands its own to the process that started it.
 *
 * Not here: sending to a collector.
 * Layer 5. A tracer may go on meanwhile; what is written is one moment of it.
 */
#ifndef HM_TRACE_OTLP_H
#define HM_TRACE_OTLP_H

#include "base/buf.h"
#include "trace/span.h"

/*
 * Add the whole trace. A span that is not over ends now and says so by the attribute hallmark.unfinished.
 *
 * Errors  HM_ELIMIT, HM_ENOMEM: the buffer
 * Source  OTLP 1, JSON protobuf encoding: ids in hexadecimal, times as strings, enums as numbers
 */
enum hm_status hm_otlp_encode(struct hm_tracer *tracer, struct hm_buf *json, struct hm_err *err) HM_MUST;

/* The same into a file, by hm_file_save(). */
enum hm_status hm_otlp_save(struct hm_tracer *tracer, const char *path, struct hm_err *err) HM_MUST;

/*
 * Add each span as a line: one OTLP JSON Span object and a line end. What the parent reads with hm_otlp_read_lines().
 *
 * Errors  HM_ELIMIT, HM_ENOMEM: the buffer
 */
enum hm_status hm_otlp_encode_lines(struct hm_tracer *tracer, struct hm_buf *lines, struct hm_err *err) HM_MUST;

/*
 * Take the spans that a child process wrote: all of them or none.
 *
 * A child is not trusted: it can only tell of its own. Each span must be of the parent's trace, have the parent or
 * another of these spans above it and no id twice, and not end before it begins. A last line without its end is that of
 * a child that was killed, and left out.
 *
 * Shape   parent: the span in whose name the child was started.
 * Errors  HM_EPARSE trace.span, json.*, data.*, with the row; HM_ELIMIT json.limit: too many or too large;
 *         HM_ENOMEM
 */
enum hm_status hm_otlp_read_lines(struct hm_tracer *tracer, const struct hm_trace_context *parent, struct hm_str lines,
				  struct hm_err *err) HM_MUST;

#endif
