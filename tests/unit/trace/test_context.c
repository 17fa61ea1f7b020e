/* W3C Trace Context: the header, and its ways through environments and requests. */
#include "unit.h"

#include "base/own.h"
#include "trace/context.h"

#define GOOD "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_good, is_sampled;
	} rows[] = {
		{ "00-" GOOD "-01", true, true },
		{ "00-" GOOD "-00", true, false },
		{ "00-" GOOD "-ff", true, true },
		{ "00-" GOOD "-02", true, false },
		{ "01-" GOOD "-01", true, true },
		{ "cc-" GOOD "-01-what-comes-later", true, true },
		{ "cc-" GOOD "-01-", true, true },
		{ "", false, false },
		{ "00", false, false },
		{ "00-" GOOD "-0", false, false },
		{ "00-" GOOD "-001", false, false },
		{ "00-" GOOD "-01-", false, false },
		{ "00-" GOOD "-01 ", false, false },
		{ " 00-" GOOD "-01", false, false },
		{ "cc-" GOOD "-01.x", false, false },
		{ "ff-" GOOD "-01", false, false },
		{ "0x-" GOOD "-01", false, false },
		{ "00_" GOOD "-01", false, false },
		{ "00-" GOOD "_01", false, false },
		{ "00-" GOOD "-0x", false, false },
		{ "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false, false },
		{ "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01", false, false },
		{ "00-" GOOD "-0A", false, false },
		{ "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01", false, false },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01", false, false },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01", false, false },
		{ "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false, false },
		{ "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01", false, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_trace_context c = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_traceparent_parse(hm_str(rows[i].text), &c, &err);
		if (!rows[i].is_good) {
			assert_refused(rows[i].text, st, &err, HM_R_TRACE_PARENT);
			continue;
		}
		char text[HM_TRACEPARENT_LEN];
		assert_ok(st, &err);
		assert_true(c.is_remote && c.is_sampled == rows[i].is_sampled);
		hm_traceparent_write(&c, text);
		assert_string_equal(text, rows[i].is_sampled ? "00-" GOOD "-01" : "00-" GOOD "-00");
	}
}

static void test_environment(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_trace_context c;
	struct hm_err err = { 0 };

	assert_ok(hm_traceparent_parse(HM_STR("00-" GOOD "-01"), &c, &err), &err);
	hm_strv_add(&env, "A=b");
	hm_strv_add(&env, "TRACEPARENT=old");
	hm_strv_add(&env, "TRACESTATE=x=y");
	hm_strv_add(&env, "TRACEPARENTS=z");
	hm_trace_to_env(&c, &env);
	assert_ok(hm_strv_check(&env, &err), &err);
	assert_string_equal(hm_strv_getenv(&env, "TRACEPARENT"), "00-" GOOD "-01");
	assert_string_equal(hm_strv_getenv(&env, "TRACESTATE"), "x=y");
	hm_trace_to_env(NULL, &env);
	assert_null(hm_strv_getenv(&env, "TRACEPARENT"));
	assert_null(hm_strv_getenv(&env, "TRACESTATE"));
	assert_int_equal(env.count, 2);
	assert_null(env.v[2]);
	hm_strv_clear(&env);
	hm_trace_to_env(NULL, &env);
	hm_strv_done(&env);
	hm_trace_to_env(NULL, &env);
}

static void test_requests(void **state)
{
	(void)state;
	static const struct {
		const char *first, *second;
		bool want;
	} rows[] = {
		{ "00-" GOOD "-01", NULL, true },
		{ NULL, NULL, false },
		{ "nonsense", NULL, false },
		{ "00-" GOOD "-01", "00-" GOOD "-01", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		struct hm_trace_context c, back;
		hm_http_request_init(&req, "GET", HM_STR("http://a"));
		if (rows[i].first)
			hm_http_add(&req.head, "Traceparent", hm_str(rows[i].first));
		if (rows[i].second)
			hm_http_add(&req.head, "traceparent", hm_str(rows[i].second));
		assert_int_equal(hm_trace_from_request(&req, &c), rows[i].want);
		if (!rows[i].want)
			continue;
		hm_trace_to_request(&c, &req);
		hm_trace_to_request(NULL, &req);
		assert_true(hm_trace_from_request(&req, &back));
		assert_memory_equal(c.span_id, back.span_id, sizeof(c.span_id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_requests),
	};
	return cmocka_run_group_tests_name("trace/context", tests, NULL, NULL);
}
