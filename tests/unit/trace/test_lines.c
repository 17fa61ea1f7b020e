/* Spans of a child process: taken as they were written, and every way in which a child could tell of what is not its
 * own. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "fixed.h"
#include "trace/otlp.h"

/* The parent's trace is …01, its span …02; a second span of its own is …03. */
struct family {
	struct fixed fixed;
	struct hm_effects fx;
	struct hm_tracer *tracer;
	struct hm_span *parent;
};

static void family_init(struct family *f)
{
	struct hm_err err = { 0 };

	*f = (struct family){ .fixed = { .step_ns = 1 } };
	f->fx = (struct hm_effects)FIXED(f->fixed);
	const struct hm_tracer_opts opts = { .effects = &f->fx };
	assert_ok(hm_tracer_new(&opts, &f->tracer, &err), &err);
	f->parent = hm_span_start(f->tracer, NULL, HM_SPAN_INTERNAL, HM_STR("step"));
	hm_span_end(hm_span_start(f->tracer, NULL, HM_SPAN_INTERNAL, HM_STR("another")));
	hm_span_end(f->parent);
}

static void family_done(struct family *f)
{
	hm_tracer_free(f->tracer);
}

static void test_child(void **state)
{
	(void)state;
	HM_OWN(family_done) struct family f;
	HM_OWN(hm_buf_done) struct hm_buf lines = hm_buf_init(HM_MIB), all = hm_buf_init(HM_MIB);
	HM_OWN(hm_tracer_freep) struct hm_tracer *child = NULL;
	struct hm_trace_context from;
	struct hm_err err = { 0 };
	char text[HM_TRACEPARENT_LEN];
	const struct hm_attr attr = hm_attr_i64("n", INT64_MIN);

	family_init(&f);
	hm_traceparent_write(hm_span_context(f.parent), text);
	assert_ok(hm_traceparent_parse(hm_str(text), &from, &err), &err);
	const struct hm_tracer_opts opts = { .parent = &from };
	assert_ok(hm_tracer_new(&opts, &child, &err), &err);
	struct hm_span *outer = hm_span_start(child, NULL, HM_SPAN_INTERNAL, HM_STR("compile"));
	struct hm_span *inner = hm_span_start(child, hm_span_context(outer), HM_SPAN_CLIENT, HM_STR("f\xc3\xa9tch"));
	hm_span_set(inner, hm_attr_str("s", HM_STR("a\nb")));
	hm_span_set(inner, hm_attr_bool("b", true));
	hm_span_event(inner, "e", &attr, 1);
	hm_span_set_status(inner, HM_SPAN_ERROR, HM_STR("no"));
	hm_span_end(inner);
	for (int i = 0; i < HM_MAX_SPAN_ATTRS + 1; i++) {
		snprintf(text, sizeof(text), "%d", i);
		hm_span_set(outer, hm_attr_i64(text, i));
	}
	/* outer stays open: the child was killed, or forgot it */
	assert_ok(hm_otlp_encode_lines(child, &lines, &err), &err);
	hm_buf_add_cstr(&lines, "{\"traceId\":\"half a li");
	assert_ok(hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_buf_str(&lines), &err), &err);
	assert_ok(hm_otlp_encode_lines(f.tracer, &all, &err), &err);

	/* the parent's two, then the child's as they were, but for the last attribute, for which there is no room */
	struct hm_str rest = hm_buf_str(&all), line;
	assert_true(hm_str_next(&rest, '\n', &line) && hm_str_next(&rest, '\n', &line) &&
		    hm_str_next(&rest, '\n', &line));
	assert_true(hm_str_find(line, HM_STR("\"flags\":769,\"name\":\"compile\"")) > 0);
	assert_true(hm_str_find(line, HM_STR("\"droppedAttributesCount\":2")) > 0);
	ptrdiff_t at = hm_str_find(hm_buf_str(&lines), HM_STR("\n"));
	struct hm_str sent = hm_str_skip(hm_buf_str(&lines), (size_t)at + 1);
	assert_true(hm_str_has_prefix(sent, rest));
	assert_int_equal(hm_tracer_dropped(f.tracer), 2);
}

#define IDS(trace, span, parent)                                                                                       \
	"\"traceId\":\"0000000000000000000000000000000" trace "\",\"spanId\":\"00000000000000" span                    \
	"\",\"parentSpanId\":\"00000000000000" parent "\","
#define TIMES           "\"startTimeUnixNano\":\"5\",\"endTimeUnixNano\":\"6\""
#define REST            "\"name\":\"x\",\"kind\":1," TIMES
#define LINE(ids, rest) "{" ids rest "}\n"

static const struct {
	const char *name, *lines;
	enum hm_reason want;
	uint32_t row;
} rows[] = {
	{ "nothing", "", HM_R_OK, 0 },
	{ "one", LINE(IDS("1", "10", "02"), REST), HM_R_OK, 0 },
	{ "chain", LINE(IDS("1", "10", "02"), REST) LINE(IDS("1", "11", "10"), REST), HM_R_OK, 0 },
	{ "numbers as numbers",
	  LINE(IDS("1", "10", "02"), "\"name\":\"\",\"kind\":5,\"startTimeUnixNano\":5,\"endTimeUnixNano\":5"), HM_R_OK,
	  0 },
	{ "half a line", "{\"traceId\"", HM_R_OK, 0 },
	{ "capital digits", LINE(IDS("1", "AB", "02"), REST), HM_R_OK, 0 },

	{ "another trace", LINE(IDS("2", "10", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "no parent", LINE("\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000010\",", REST),
	  HM_R_DATA_MISSING, 1 },
	{ "a parent of somebody else", LINE(IDS("1", "10", "03"), REST), HM_R_TRACE_SPAN, 1 },
	{ "an unknown parent", LINE(IDS("1", "10", "77"), REST), HM_R_TRACE_SPAN, 1 },
	{ "a parent below", LINE(IDS("1", "11", "10"), REST) LINE(IDS("1", "10", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "its own parent", LINE(IDS("1", "10", "10"), REST), HM_R_TRACE_SPAN, 1 },
	{ "the parent's id", LINE(IDS("1", "02", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "another's id", LINE(IDS("1", "03", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "an id twice", LINE(IDS("1", "10", "02"), REST) LINE(IDS("1", "10", "02"), REST), HM_R_TRACE_SPAN, 2 },
	{ "an id of zeros", LINE(IDS("1", "00", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "a short id", LINE(IDS("1", "1", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "no digits", LINE(IDS("1", "1x", "02"), REST), HM_R_TRACE_SPAN, 1 },
	{ "kind 0", LINE(IDS("1", "10", "02"), "\"name\":\"x\"," TIMES), HM_R_TRACE_SPAN, 1 },
	{ "kind 6", LINE(IDS("1", "10", "02"), "\"name\":\"x\",\"kind\":6," TIMES), HM_R_TRACE_SPAN, 1 },
	{ "kind as a word", LINE(IDS("1", "10", "02"), "\"name\":\"x\",\"kind\":\"SPAN_KIND_CLIENT\"," TIMES),
	  HM_R_DATA_KIND, 1 },
	{ "status 3", LINE(IDS("1", "10", "02"), REST ",\"status\":{\"code\":3}"), HM_R_TRACE_SPAN, 1 },
	{ "ends before",
	  LINE(IDS("1", "10", "02"), "\"name\":\"x\",\"kind\":1,\"startTimeUnixNano\":\"6\",\"endTimeUnixNano\":\"5\""),
	  HM_R_TRACE_SPAN, 1 },
	{ "no end", LINE(IDS("1", "10", "02"), "\"name\":\"x\",\"kind\":1,\"startTimeUnixNano\":\"6\""),
	  HM_R_DATA_MISSING, 1 },
	{ "time past 63 bits",
	  LINE(IDS("1", "10", "02"),
	       "\"name\":\"x\",\"kind\":1,\"startTimeUnixNano\":\"6\",\"endTimeUnixNano\":\"9223372036854775808\""),
	  HM_R_TRACE_SPAN, 1 },
	{ "unknown member", LINE(IDS("1", "10", "02"), REST ",\"links\":[]"), HM_R_DATA_UNKNOWN, 1 },
	{ "a key twice", LINE(IDS("1", "10", "02"), REST ",\"name\":\"y\""), HM_R_JSON_DUPLICATE, 1 },
	{ "no value", LINE(IDS("1", "10", "02"), REST ",\"attributes\":[{\"key\":\"a\",\"value\":{}}]"),
	  HM_R_TRACE_SPAN, 1 },
	{ "two values",
	  LINE(IDS("1", "10", "02"),
	       REST ",\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":true,\"intValue\":\"1\"}}]"),
	  HM_R_TRACE_SPAN, 1 },
	{ "a value of another type",
	  LINE(IDS("1", "10", "02"), REST ",\"attributes\":[{\"key\":\"a\",\"value\":{\"arrayValue\":{}}}]"),
	  HM_R_DATA_UNKNOWN, 1 },
	{ "event without a time", LINE(IDS("1", "10", "02"), REST ",\"events\":[{\"name\":\"a\"}]"), HM_R_DATA_MISSING,
	  1 },
	{ "event's count",
	  LINE(IDS("1", "10", "02"),
	       REST ",\"events\":[{\"name\":\"a\",\"timeUnixNano\":\"1\",\"droppedAttributesCount\":4294967296}]"),
	  HM_R_TRACE_SPAN, 1 },
	{ "count", LINE(IDS("1", "10", "02"), REST ",\"droppedEventsCount\":4294967296"), HM_R_TRACE_SPAN, 1 },
	{ "empty line", "\n", HM_R_JSON_SYNTAX, 1 },
	{ "second line", LINE(IDS("1", "10", "02"), REST) "[]\n", HM_R_DATA_KIND, 2 },
	{ "no UTF-8", LINE(IDS("1", "10", "02"), "\"name\":\"\xff\",\"kind\":1," TIMES), HM_R_JSON_ENCODING, 1 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(family_done) struct family f;
		HM_OWN(hm_buf_done) struct hm_buf before = hm_buf_init(HM_MIB), after = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		family_init(&f);
		assert_ok(hm_otlp_encode_lines(f.tracer, &before, &err), &err);
		enum hm_status st =
		    hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_str(rows[i].lines), &err);
		if (rows[i].want == HM_R_OK) {
			assert_ok(st, &err);
			continue;
		}
		assert_refused(rows[i].name, st, &err, rows[i].want);
		if (err.row != rows[i].row)
			fail_msg("%s: row %u", rows[i].name, err.row);
		/* all or nothing */
		assert_int_equal(hm_otlp_encode_lines(f.tracer, &after, NULL), HM_OK);
		assert_string_equal(before.ptr, after.ptr);
	}
}

static void add_line(struct hm_buf *buf, unsigned id)
{
	hm_buf_addf(buf,
		    "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"%016x\","
		    "\"parentSpanId\":\"0000000000000002\"," REST "}\n",
		    0x10 + id);
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(family_done) struct family f;
	HM_OWN(hm_buf_done) struct hm_buf lines = hm_buf_init(64 * HM_MIB);
	struct hm_err err = { 0 };

	family_init(&f);
	for (unsigned i = 0; i < HM_MAX_SPANS - 2; i++)
		add_line(&lines, i);
	add_line(&lines, HM_MAX_SPANS);
	assert_refused("one more", hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_buf_str(&lines), &err),
		       &err, HM_R_LIMIT);
	add_line(&lines, HM_MAX_SPANS + 1);
	add_line(&lines, HM_MAX_SPANS + 2);
	assert_refused("many more", hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_buf_str(&lines), &err),
		       &err, HM_R_LIMIT);

	hm_buf_clear(&lines);
	hm_buf_add_cstr(&lines, "{" IDS("1", "10", "02") TIMES ",\"kind\":1,\"name\":\"");
	memset(hm_buf_add_space(&lines, HM_MAX_SPAN_LINE), 'x', HM_MAX_SPAN_LINE);
	hm_buf_add_cstr(&lines, "\"}\n");
	assert_refused("long line", hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_buf_str(&lines), &err),
		       &err, HM_R_JSON_LIMIT);
}

static void test_no_memory(void **state)
{
	(void)state;
	static const char lines[] =
	    LINE(IDS("1", "10", "02"), REST ",\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"\\n\"}}],"
					    "\"events\":[{\"name\":\"a\",\"timeUnixNano\":\"1\"}]");
	for (unsigned long n = 1;; n++) {
		HM_OWN(family_done) struct family f;
		struct hm_err err = { 0 };
		family_init(&f);
		hm_mem_fail_at(n);
		enum hm_status st = hm_otlp_read_lines(f.tracer, hm_span_context(f.parent), hm_str(lines), &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("trace/lines", tests, NULL, NULL);
}
