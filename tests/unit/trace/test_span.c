/* Spans: their shape, what is cut and counted, and that tracing never fails its user. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "fixed.h"
#include "http/route.h"
#include "trace/cicd.h"
#include "trace/otlp.h"
#include "trace/transport.h"

#define EVENT "1700000003000000000"

static struct hm_str encode(struct hm_tracer *tracer, struct hm_buf *buf)
{
	struct hm_err err = { 0 };

	hm_buf_clear(buf);
	assert_ok(hm_otlp_encode_lines(tracer, buf, &err), &err);
	return hm_buf_str(buf);
}

static void expect_lines(struct hm_tracer *tracer, const char *want)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);

	encode(tracer, &buf);
	assert_string_equal(buf.ptr, want);
}

static void test_shape(void **state)
{
	(void)state;
	struct fixed fixed = { .now_ns = 1700000000 * HM_NS_PER_S, .step_ns = HM_NS_PER_S };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	struct hm_err err = { 0 };
	const struct hm_attr why = hm_attr_str("why", HM_STR("cold"));

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	struct hm_span *root = hm_span_start(tracer, NULL, HM_SPAN_SERVER, HM_STR("RUN x"));
	struct hm_span *child = hm_span_start(tracer, hm_span_context(root), HM_SPAN_INTERNAL, HM_STR("build"));
	hm_span_event(child, "cache miss", &why, 1);
	hm_span_set(child, hm_attr_str("s", HM_STR("a\"b")));
	hm_span_set(child, hm_attr_i64("n", -9007199254740993));
	hm_span_set(child, hm_attr_bool("b", true));
	hm_span_set(child, hm_attr_bool("b", false));
	hm_span_set_status(child, HM_SPAN_DONE, HM_STR(""));
	hm_span_end(child);
	hm_span_set(child, hm_attr_bool("late", true));
	hm_span_event(child, "late", NULL, 0);
	hm_span_set_status(child, HM_SPAN_ERROR, HM_STR("late"));
	hm_span_end(child);
	assert_int_equal(hm_fail(&err, HM_R_TLOG_INDEX, "leaf 5"), HM_EVERIFY);
	hm_span_fail(root, HM_OK, &err);
	hm_span_fail(root, HM_EVERIFY, &err);
	hm_span_end(root);
	expect_lines(tracer,
		     "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000002\",\"flags\":1,"
		     "\"name\":\"RUN x\",\"kind\":2,\"startTimeUnixNano\":\"1700000001000000000\","
		     "\"endTimeUnixNano\":\"1700000005000000000\",\"attributes\":[{\"key\":\"error.type\",\"value\":"
		     "{\"stringValue\":\"tlog.index\"}}],\"status\":{\"code\":2,\"message\":\"leaf 5\"}}\n"
		     "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000003\","
		     "\"parentSpanId\":\"0000000000000002\",\"flags\":257,\"name\":\"build\",\"kind\":1,"
		     "\"startTimeUnixNano\":\"1700000002000000000\",\"endTimeUnixNano\":\"1700000004000000000\","
		     "\"attributes\":[{\"key\":\"s\",\"value\":{\"stringValue\":\"a\\\"b\"}},"
		     "{\"key\":\"n\",\"value\":{\"intValue\":\"-9007199254740993\"}},"
		     "{\"key\":\"b\",\"value\":{\"boolValue\":false}}],"
		     "\"events\":[{\"timeUnixNano\":\"" EVENT
		     "\",\"name\":\"cache miss\",\"attributes\":[{\"key\":\"why\","
		     "\"value\":{\"stringValue\":\"cold\"}}]}],\"status\":{\"code\":1}}\n");
	assert_int_equal(hm_tracer_dropped(tracer), 0);
}

/* Started by somebody else: the same trace, and the parent is known to be remote. */
static void test_remote_parent(void **state)
{
	(void)state;
	struct fixed fixed = { .step_ns = 1 };
	const struct hm_effects fx = FIXED(fixed);
	struct hm_trace_context parent;
	struct hm_tracer_opts opts = { .effects = &fx, .parent = &parent };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	struct hm_err err = { 0 };

	assert_ok(
	    hm_traceparent_parse(HM_STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), &parent, &err),
	    &err);
	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	hm_span_end(hm_span_start(tracer, NULL, HM_SPAN_CLIENT, HM_STR("x")));
	expect_lines(tracer, "{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"0000000000000001\","
			     "\"parentSpanId\":\"b7ad6b7169203331\",\"flags\":768,\"name\":\"x\",\"kind\":3,"
			     "\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\"}\n");
}

/* A clock that goes back, random numbers that are zero: still a span that its readers take. */
static void test_odd_world(void **state)
{
	(void)state;
	struct fixed fixed = { .now_ns = 100, .step_ns = -10, .is_zero = true };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	hm_span_end(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x")));
	(void)hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("open"));
	expect_lines(tracer,
		     "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000001\",\"flags\":1,"
		     "\"name\":\"x\",\"kind\":1,\"startTimeUnixNano\":\"90\",\"endTimeUnixNano\":\"90\"}\n"
		     "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000001\",\"flags\":1,"
		     "\"name\":\"open\",\"kind\":1,\"startTimeUnixNano\":\"70\",\"endTimeUnixNano\":\"70\","
		     "\"attributes\":[{\"key\":\"hallmark.unfinished\",\"value\":{\"boolValue\":true}}]}\n");
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	char text[HM_MAX_SPAN_TEXT + 10], key[20];

	assert_ok(hm_tracer_new(NULL, &tracer, &err), &err);
	struct hm_span *span = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x"));
	for (int i = 0; i < HM_MAX_SPAN_ATTRS + 3; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		hm_span_set(span, hm_attr_i64(key, i));
	}
	hm_span_set(span, hm_attr_i64("key-0", 77));
	for (int i = 0; i < HM_MAX_SPAN_EVENTS + 2; i++)
		hm_span_event(span, "e", NULL, 0);
	hm_span_end(span);
	assert_int_equal(hm_tracer_dropped(tracer), 5);
	assert_true(hm_str_find(encode(tracer, &buf), HM_STR("\"droppedAttributesCount\":3")) > 0);
	assert_true(hm_str_find(hm_buf_str(&buf), HM_STR("\"droppedEventsCount\":2")) > 0);
	assert_true(hm_str_find(hm_buf_str(&buf), HM_STR("{\"key\":\"key-0\",\"value\":{\"intValue\":\"77\"}}")) > 0);

	/* cut at the end of a character; what is no UTF-8 is made so */
	static const struct {
		const char *tail;
		size_t want;
	} rows[] = { { "aaaa", HM_MAX_SPAN_TEXT },
		     { "\xc3\xa9\xc3\xa9", HM_MAX_SPAN_TEXT - 1 },
		     { "\xff\xff", HM_MAX_SPAN_TEXT } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(text, 'a', sizeof(text));
		memcpy(text + HM_MAX_SPAN_TEXT - 1, rows[i].tail, strlen(rows[i].tail));
		span = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL,
				     hm_str_of(text, HM_MAX_SPAN_TEXT - 1 + strlen(rows[i].tail)));
		encode(tracer, &buf);
		ptrdiff_t at = -1, next = 0;
		struct hm_str rest = hm_buf_str(&buf);
		while ((next = hm_str_find(rest, HM_STR("\"name\":\""))) >= 0) {
			rest = hm_str_skip(rest, (size_t)next + 8);
			at = hm_str_find_char(rest, '"');
		}
		assert_int_equal(at, rows[i].want);
		assert_true(hm_str_is_utf8(hm_buf_str(&buf)));
	}
}

static void test_many_spans(void **state)
{
	(void)state;
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(NULL, &tracer, &err), &err);
	for (int i = 0; i < HM_MAX_SPANS; i++)
		hm_span_end(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x")));
	assert_int_equal(hm_tracer_dropped(tracer), 0);
	assert_null(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x")));
	assert_int_equal(hm_tracer_dropped(tracer), 1);

	/* or memory comes to its end first */
	tracer = hm_tracer_free(tracer);
	assert_ok(hm_tracer_new(NULL, &tracer, &err), &err);
	HM_OWN(hm_freep) char *text = hm_calloc(1, HM_MAX_SPAN_TEXT);
	memset(text, 'a', HM_MAX_SPAN_TEXT);
	for (size_t i = 0; i < HM_MAX_TRACE_MEMORY / HM_MAX_SPAN_TEXT + 1; i++)
		hm_span_end(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, hm_str_of(text, HM_MAX_SPAN_TEXT)));
	assert_true(hm_tracer_dropped(tracer) > 0);
}

static void test_nothing(void **state)
{
	(void)state;
	struct fixed fixed = { .has_no_random = true };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	struct hm_tracer *tracer = NULL;
	struct hm_err err = { 0 };

	assert_refused("random", hm_tracer_new(&opts, &tracer, &err), &err, HM_R_RANDOM);
	struct hm_span *span = hm_span_start(NULL, NULL, HM_SPAN_INTERNAL, HM_STR("x"));
	assert_null(span);
	assert_null(hm_span_context(span));
	hm_span_set(span, hm_attr_i64("x", 1));
	hm_span_event(span, "x", NULL, 0);
	hm_span_fail(span, HM_EIO, &err);
	hm_span_set_status(span, HM_SPAN_DONE, HM_STR(""));
	hm_span_end(span);
	hm_cicd_pipeline_end(span, HM_RUN_SUCCESS, NULL);
	assert_int_equal(hm_tracer_dropped(NULL), 0);
	assert_null(hm_tracer_free(NULL));
}

static enum hm_status work(void *ctx, size_t i, struct hm_err *err)
{
	struct hm_tracer *tracer = ctx;
	struct hm_span *span = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("work"));

	(void)err;
	hm_span_set(span, hm_attr_i64("i", (int64_t)i));
	hm_span_event(span, "half", NULL, 0);
	hm_span_end(span);
	return HM_OK;
}

static void test_threads(void **state)
{
	(void)state;
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(16 * HM_MIB);
	struct hm_err err = { 0 };
	size_t lines = 0;

	assert_ok(hm_tracer_new(NULL, &tracer, &err), &err);
	assert_ok(hm_parallel(8, 2000, work, tracer, &err), &err);
	encode(tracer, &buf);
	for (size_t i = 0; i < buf.len; i++)
		lines += buf.ptr[i] == '\n';
	assert_int_equal(lines, 2000);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		hm_mem_fail_at(n);
		enum hm_status st = hm_tracer_new(NULL, &tracer, NULL);
		if (st == HM_OK) {
			struct hm_span *span = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x"));
			char text[3000];
			memset(text, 'a', sizeof(text));
			hm_span_set(span, hm_attr_str("a", hm_str_of(text, sizeof(text))));
			hm_span_event(span, "e", &(struct hm_attr){ .key = hm_str_of(text, sizeof(text)) }, 1);
			hm_span_end(span);
			st = hm_otlp_encode(tracer, &buf, NULL);
		}
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		/* what could not be recorded is counted, and fails nobody */
		assert_true(st == HM_ENOMEM || (st == HM_OK && (!failed || hm_tracer_dropped(tracer) > 0)));
		if (!failed)
			break;
	}
}

/* --- conventions --- */

static void test_cicd(void **state)
{
	(void)state;
	struct fixed fixed = { .step_ns = 1 };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	struct hm_span *run = hm_cicd_pipeline_start(tracer, "RUN", HM_STR("go-release"), HM_STR("r1"));
	struct hm_span *task = hm_cicd_task_start(tracer, run, HM_STR("unit"), HM_STR("r1-unit"), "test");
	struct hm_span *step = hm_cicd_step_start(tracer, task, HM_STR("go test"));
	assert_int_equal(hm_fail(&err, HM_R_PROC_FAILED, "exit 1"), HM_EVERIFY);
	hm_cicd_step_end(step, HM_RUN_FAILURE, 1, &err);
	hm_cicd_task_end(task, HM_RUN_FAILURE, &err);
	hm_cicd_task_end(hm_cicd_task_start(tracer, run, HM_STR("later"), HM_STR("r1-later"), NULL), HM_RUN_SKIP, NULL);
	hm_cicd_task_end(hm_cicd_task_start(tracer, run, HM_STR("fine"), HM_STR("r1-fine"), "build"), HM_RUN_SUCCESS,
			 NULL);
	hm_cicd_pipeline_end(run, HM_RUN_CANCELLATION, NULL);
	struct hm_str text = encode(tracer, &buf);
	static const char *const wants[] = {
		"\"name\":\"RUN go-release\",\"kind\":2",
		"{\"key\":\"cicd.pipeline.action.name\",\"value\":{\"stringValue\":\"RUN\"}}",
		"{\"key\":\"cicd.pipeline.name\",\"value\":{\"stringValue\":\"go-release\"}}",
		"{\"key\":\"cicd.pipeline.run.id\",\"value\":{\"stringValue\":\"r1\"}}",
		"{\"key\":\"cicd.pipeline.result\",\"value\":{\"stringValue\":\"cancellation\"}},"
		"{\"key\":\"error.type\",\"value\":{\"stringValue\":\"cancellation\"}}],\"status\":{\"code\":2}}\n",
		"\"parentSpanId\":\"0000000000000002\",\"flags\":257,\"name\":\"unit\",\"kind\":1",
		"{\"key\":\"cicd.pipeline.task.type\",\"value\":{\"stringValue\":\"test\"}},"
		"{\"key\":\"cicd.pipeline.task.run.result\",\"value\":{\"stringValue\":\"failure\"}},"
		"{\"key\":\"error.type\",\"value\":{\"stringValue\":\"process.failed\"}}]",
		"\"parentSpanId\":\"0000000000000003\",\"flags\":257,\"name\":\"go test\"",
		"{\"key\":\"process.exit.code\",\"value\":{\"intValue\":\"1\"}}",
		"{\"key\":\"cicd.pipeline.task.run.result\",\"value\":{\"stringValue\":\"skip\"}}]}\n",
		"{\"key\":\"cicd.pipeline.task.run.result\",\"value\":{\"stringValue\":\"success\"}}],\"status\":{"
		"\"code\":1}}\n",
	};
	for (size_t i = 0; i < COUNT(wants); i++) {
		if (hm_str_find(text, hm_str(wants[i])) < 0)
			fail_msg("missing %s in %s", wants[i], text.ptr);
	}
}

static enum hm_status serve(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			    struct hm_err *err)
{
	(void)service;
	(void)err;
	hm_buf_add_str(&res->body, hm_http_get(&req->head, "traceparent"));
	res->status = hm_str_is(req->path, "/none") ? 404 : 200;
	return HM_OK;
}

static void test_transport(void **state)
{
	(void)state;
	struct fixed fixed = { .step_ns = 1 };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	static const struct hm_local_origin origin = { "http://log.local:8080", { serve, NULL } };
	static const struct hm_local local = { &origin, 1, 0, { 0 }, NULL };
	const struct hm_transport inner = hm_transport_local(&local);
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB), body = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	const struct hm_traced traced = { &inner, tracer, NULL };
	const struct hm_transport transport = hm_trace_transport(&traced);
	assert_ok(hm_transport_get(&transport, HM_STR("http://log.local:8080/x?token=secret"), NULL, NULL, &body, &err),
		  &err);
	assert_string_equal(body.ptr, "00-00000000000000000000000000000001-0000000000000002-01");
	hm_buf_done(&body);
	assert_refused("404",
		       hm_transport_get(&transport, HM_STR("http://log.local:8080/none"), NULL, NULL, &body, &err),
		       &err, HM_R_HTTP_NOT_FOUND);
	assert_refused("origin", hm_transport_get(&transport, HM_STR("http://other.local/"), NULL, NULL, &body, &err),
		       &err, HM_R_HTTP_ORIGIN);
	struct hm_str text = encode(tracer, &buf);
	static const char *const wants[] = {
		"\"name\":\"GET\",\"kind\":3",
		"{\"key\":\"url.full\",\"value\":{\"stringValue\":\"http://log.local:8080/x\"}}",
		"{\"key\":\"server.address\",\"value\":{\"stringValue\":\"log.local\"}}",
		"{\"key\":\"server.port\",\"value\":{\"intValue\":\"8080\"}}",
		"{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"200\"}}]}",
		"{\"key\":\"error.type\",\"value\":{\"stringValue\":\"404\"}}],\"status\":{\"code\":2}}",
		"{\"key\":\"error.type\",\"value\":{\"stringValue\":\"http.origin\"}}]",
	};
	for (size_t i = 0; i < COUNT(wants); i++) {
		if (hm_str_find(text, hm_str(wants[i])) < 0)
			fail_msg("missing %s in %s", wants[i], text.ptr);
	}
	assert_true(hm_str_find(text, HM_STR("secret")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),      cmocka_unit_test(test_remote_parent),
		cmocka_unit_test(test_odd_world),  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_spans), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_threads),    cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_cicd),       cmocka_unit_test(test_transport),
	};
	return cmocka_run_group_tests_name("trace/span", tests, NULL, NULL);
}
