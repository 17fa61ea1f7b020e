/* The whole trace as a document, and as a file. */
#include "unit.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/tree.h"
#include "fixed.h"
#include "trace/otlp.h"

static const char want[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
    "\"hallmark\"}},"
    "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2\"}},"
    "{\"key\":\"host.arch\",\"value\":{\"stringValue\":\"amd64\"}}]},"
    "\"scopeSpans\":[{\"scope\":{\"name\":\"hallmark\"},\"spans\":["
    "{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000002\",\"flags\":1,\"name\":\"x\","
    "\"kind\":1,\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\"}]}]}]}\n";

static void test_document(void **state)
{
	(void)state;
	struct fixed fixed = { .step_ns = 1 };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_attr resource = hm_attr_str("host.arch", HM_STR("amd64"));
	const struct hm_tracer_opts opts = {
		.effects = &fx, .service_version = "1.2", .resource = &resource, .resource_count = 1
	};
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB), file = { 0 }, small = hm_buf_init(100);
	HM_OWN(hm_freep) char *dir = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	hm_span_end(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x")));
	assert_ok(hm_otlp_encode(tracer, &json, &err), &err);
	assert_string_equal(json.ptr, want);
	assert_refused("small", hm_otlp_encode(tracer, &small, &err), &err, HM_R_LIMIT);

	assert_ok(hm_dir_make_temp("/tmp", "trace-", &dir, &err), &err);
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/trace.json", dir);
	assert_ok(hm_otlp_save(tracer, path, &err), &err);
	assert_ok(hm_file_read(path, HM_MIB, &file, &err), &err);
	assert_string_equal(file.ptr, want);
	assert_refused("nowhere", hm_otlp_save(tracer, "/nowhere/trace.json", &err), &err, HM_R_FILE_NOT_FOUND);
	assert_ok(hm_tree_remove(dir, &err), &err);
}

/* What was left out is in the document too. */
static void test_dropped(void **state)
{
	(void)state;
	struct fixed fixed = { .step_ns = 1 };
	const struct hm_effects fx = FIXED(fixed);
	const struct hm_tracer_opts opts = { .effects = &fx };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	assert_ok(hm_tracer_new(&opts, &tracer, &err), &err);
	fixed.has_no_random = true;
	assert_null(hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("x")));
	assert_ok(hm_otlp_encode(tracer, &json, &err), &err);
	assert_non_null(strstr(json.ptr, "{\"key\":\"hallmark.dropped_spans\",\"value\":{\"intValue\":\"1\"}}"));
	assert_non_null(strstr(json.ptr, "\"spans\":[]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_dropped),
	};
	return cmocka_run_group_tests_name("trace/otlp", tests, NULL, NULL);
}
