#include "trace/otlp.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "data/json_write.h"
#include "trace/tracer.h"

/* OTLP's Span.flags: the W3C flags, then whether the parent is known to be remote, and whether it is. */
enum { flag_sampled = 0x001, flag_has_remote = 0x100, flag_remote = 0x200 };

static void write_id(struct hm_json_writer *w, const char *name, const uint8_t *id, size_t len)
{
	char hex[2 * HM_TRACE_ID_LEN + 1];

	hm_hex_write(hex, id, len);
	hm_json_member_cstr(w, name, hex);
}

static void write_attr(struct hm_json_writer *w, const struct hm_attr *attr)
{
	hm_json_object(w);
	hm_json_member_str(w, "key", attr->key);
	hm_json_key(w, "value");
	hm_json_object(w);
	switch (attr->type) {
	case HM_ATTR_STR:
		hm_json_member_str(w, "stringValue", attr->str);
		break;
	case HM_ATTR_I64:
		hm_json_member_i64_string(w, "intValue", attr->i64);
		break;
	case HM_ATTR_BOOL:
		hm_json_member_bool(w, "boolValue", attr->truth);
		break;
	}
	hm_json_object_end(w);
	hm_json_object_end(w);
}

/* more: one attribute behind the others, or NULL */
static void write_attrs(struct hm_json_writer *w, const struct hm_attrs *attrs, const struct hm_attr *more)
{
	if (attrs->count > 0 || more) {
		hm_json_key(w, "attributes");
		hm_json_array(w);
		for (size_t i = 0; i < attrs->count; i++)
			write_attr(w, &attrs->v[i]);
		if (more)
			write_attr(w, more);
		hm_json_array_end(w);
	}
	if (attrs->dropped)
		hm_json_member_i64(w, "droppedAttributesCount", attrs->dropped);
}

static void write_events(struct hm_json_writer *w, const struct hm_span *span)
{
	if (span->event_count > 0) {
		hm_json_key(w, "events");
		hm_json_array(w);
		for (size_t i = 0; i < span->event_count; i++) {
			const struct hm_span_event *e = &span->events[i];
			hm_json_object(w);
			hm_json_member_i64_string(w, "timeUnixNano", e->time_ns);
			hm_json_member_str(w, "name", e->name);
			write_attrs(w, &e->attrs, NULL);
			hm_json_object_end(w);
		}
		hm_json_array_end(w);
	}
	if (span->dropped_events)
		hm_json_member_i64(w, "droppedEventsCount", span->dropped_events);
}

static void write_span(struct hm_json_writer *w, const struct hm_span *span, int64_t now_ns)
{
	const struct hm_attr unfinished = hm_attr_bool("hallmark.unfinished", true);
	const int64_t end_ns = span->is_over ? span->end_ns : now_ns > span->start_ns ? now_ns : span->start_ns;
	const int flags = (span->context.is_sampled ? flag_sampled : 0) | (span->has_parent ? flag_has_remote : 0) |
			  (span->is_parent_remote ? flag_remote : 0);

	hm_json_object(w);
	write_id(w, "traceId", span->context.trace_id, HM_TRACE_ID_LEN);
	write_id(w, "spanId", span->context.span_id, HM_SPAN_ID_LEN);
	if (span->has_parent)
		write_id(w, "parentSpanId", span->parent_id, HM_SPAN_ID_LEN);
	hm_json_member_i64(w, "flags", flags);
	hm_json_member_str(w, "name", span->name);
	hm_json_member_i64(w, "kind", (int)span->kind);
	hm_json_member_i64_string(w, "startTimeUnixNano", span->start_ns);
	hm_json_member_i64_string(w, "endTimeUnixNano", end_ns);
	write_attrs(w, &span->attrs, span->is_over ? NULL : &unfinished);
	write_events(w, span);
	if (span->status != HM_SPAN_UNSET) {
		hm_json_key(w, "status");
		hm_json_object(w);
		hm_json_member_i64(w, "code", (int)span->status);
		hm_json_member_str_if(w, "message", span->message);
		hm_json_object_end(w);
	}
	hm_json_object_end(w);
}

static void write_trace(struct hm_json_writer *w, const struct hm_tracer *tracer, int64_t now_ns)
{
	const struct hm_attr dropped = hm_attr_i64("hallmark.dropped_spans", (int64_t)tracer->dropped);

	hm_json_object(w);
	hm_json_key(w, "resourceSpans");
	hm_json_array(w);
	hm_json_object(w);
	hm_json_key(w, "resource");
	hm_json_object(w);
	write_attrs(w, &tracer->resource, tracer->dropped ? &dropped : NULL);
	hm_json_object_end(w);
	hm_json_key(w, "scopeSpans");
	hm_json_array(w);
	hm_json_object(w);
	hm_json_key(w, "scope");
	hm_json_object(w);
	hm_json_member_cstr(w, "name", "hallmark");
	hm_json_object_end(w);
	hm_json_key(w, "spans");
	hm_json_array(w);
	for (const struct hm_span *s = tracer->first; s; s = s->next)
		write_span(w, s, now_ns);
	hm_json_array_end(w);
	hm_json_object_end(w);
	hm_json_array_end(w);
	hm_json_object_end(w);
	hm_json_array_end(w);
	hm_json_object_end(w);
}

enum hm_status hm_otlp_encode(struct hm_tracer *tracer, struct hm_buf *json, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(json, NULL);

	pthread_mutex_lock(&tracer->lock);
	write_trace(&w, tracer, hm_now_ns(tracer->effects));
	pthread_mutex_unlock(&tracer->lock);
	hm_buf_add_char(json, '\n');
	return hm_json_writer_check(&w, "the trace", err);
}

enum hm_status hm_otlp_save(struct hm_tracer *tracer, const char *path, struct hm_err *err)
{
	/* escapes may make text up to six times as long */
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(8 * HM_MAX_TRACE_MEMORY);
	enum hm_status st = hm_otlp_encode(tracer, &json, err);

	return st == HM_OK ? hm_file_save(path, hm_buf_str(&json), 0644, err) : st;
}

enum hm_status hm_otlp_encode_lines(struct hm_tracer *tracer, struct hm_buf *lines, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	pthread_mutex_lock(&tracer->lock);
	const int64_t now_ns = hm_now_ns(tracer->effects);
	for (const struct hm_span *s = tracer->first; s && st == HM_OK; s = s->next) {
		struct hm_json_writer w = hm_json_writer_init(lines, NULL);
		write_span(&w, s, now_ns);
		hm_buf_add_char(lines, '\n');
		st = hm_json_writer_check(&w, "a span", err);
	}
	pthread_mutex_unlock(&tracer->lock);
	return st;
}
