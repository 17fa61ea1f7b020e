/* Routes: which one is taken, what 404 and 405 say, and what a failure becomes. */
#include "unit.h"

#include "base/mem.h"
#include "base/own.h"
#include "http/route.h"
#include "http/url.h"

static enum hm_status show(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			   struct hm_err *err)
{
	(void)err;
	hm_buf_addf(&res->body, "%s", (const char *)service);
	for (size_t i = 0; i < req->param_count; i++)
		hm_buf_addf(&res->body, " %.*s=%.*s", HM_STR_ARG(req->params[i].name),
			    HM_STR_ARG(req->params[i].value));
	return HM_OK;
}

static enum hm_status show_post(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				struct hm_err *err)
{
	hm_buf_add_cstr(&res->body, "post ");
	return show(service, req, res, err);
}

static const struct hm_http_route routes[] = {
	{ "GET", "/", show, NULL },
	{ "GET", "/a", show, NULL },
	{ "POST", "/a", show_post, "application/json" },
	{ "GET", "/a/{x}", show, NULL },
	{ "PUT", "/a/{x}", show, NULL },
	{ "GET", "/a/{x}/b/{y}", show, NULL },
	{ "GET", "/tile/entries/{i...}", show, NULL },
	{ "GET", "/tile/{level}/{i...}", show, NULL },
	{ "GET", "/v2/{name...}/manifests/{ref}", show, NULL },
	{ "DELETE", "/v2/{name...}/manifests/{ref}", show, NULL },
	{ "GET", "/v2/{name...}/tags/list", show, NULL },
	{ "POST", "/only", show, NULL },
};
static const struct hm_http_router router = { routes, COUNT(routes), NULL };

static enum hm_status serve(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			    struct hm_err *err)
{
	return hm_http_route(&router, service, req, res, err);
}

static void ask(const char *method, const char *url, hm_http_handler handle, struct hm_http_response *res,
		struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	const struct hm_http_endpoint endpoint = { handle, (char *)(uintptr_t) "s" };

	hm_http_request_init(&req, method, hm_str(url));
	assert_ok(hm_http_request_check(&req, err), err);
	hm_http_response_init(res, 4096);
	enum hm_status st = hm_http_answer(&endpoint, &req, res, err);
	assert_int_equal(st == HM_OK, res->status < 400);
}

static void test_table(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		int status;
		const char *body; /* of a good answer; Allow of a 405 */
	} rows[] = {
		{ "GET", "/", 200, "s" },
		{ "GET", "/a", 200, "s" },
		{ "HEAD", "/a", 200, "s" },
		{ "GET", "/a?x=y", 200, "s" },
		{ "GET", "/a/1", 200, "s x=1" },
		{ "PUT", "/a/1", 200, "s x=1" },
		{ "GET", "/a/%2F%41", 200, "s x=/A" },
		{ "GET", "/a/1/b/2", 200, "s x=1 y=2" },
		{ "GET", "/tile/entries/x001/234", 200, "s i=x001/234" },
		{ "GET", "/tile/0/x001/234", 200, "s level=0 i=x001/234" },
		{ "GET", "/tile/0/", 200, "s level=0 i=" },
		{ "GET", "/v2/a/b/manifests/sha256:c", 200, "s ref=sha256:c name=a/b" },
		{ "GET", "/v2/manifests/manifests/manifests", 200, "s ref=manifests name=manifests" },
		{ "GET", "/v2/a/tags/list", 200, "s name=a" },
		{ "POST", "/a", 415, NULL },
		{ "GET", "/b", 404, NULL },
		{ "GET", "/A", 404, NULL },
		{ "GET", "/a/", 404, NULL },
		{ "GET", "//a", 404, NULL },
		{ "GET", "/a/1/b", 404, NULL },
		{ "GET", "/a/1/b/", 404, NULL },
		{ "GET", "/a//b/1", 404, NULL },
		{ "GET", "/a/1/b/2/", 404, NULL },
		{ "GET", "/tile/0", 404, NULL },
		{ "GET", "/v2/manifests/x", 404, NULL },
		{ "GET", "/a/%00", 400, NULL },
		{ "DELETE", "/a", 405, "GET, HEAD, POST" },
		{ "POST", "/a/1", 405, "GET, HEAD, PUT" },
		{ "PUT", "/v2/a/manifests/b", 405, "GET, HEAD, DELETE" },
		{ "HEAD", "/only", 405, "POST" },
		{ "get", "/a", 405, "GET, HEAD, POST" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		struct hm_err err = { 0 };
		char url[200];
		snprintf(url, sizeof(url), "http://a%s", rows[i].path);
		ask(rows[i].method, url, serve, &res, &err);
		struct hm_str got = res.status == 405 ? hm_http_get(&res.head, "Allow") : hm_buf_str(&res.body);
		if (res.status != rows[i].status || (rows[i].body && !hm_str_is(got, rows[i].body)))
			fail_msg("%s %s: %d %.*s", rows[i].method, rows[i].path, res.status, HM_STR_ARG(got));
		if (res.status >= 400)
			assert_true(hm_http_is_type(&res.head, "application/json") && res.is_answered);
	}
}

static void test_media_type(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		int status;
	} rows[] = { { "application/json", 200 }, { "APPLICATION/json ; charset=utf-8", 200 }, { "text/json", 415 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		const struct hm_http_endpoint endpoint = { serve, (char *)(uintptr_t) "s" };
		hm_http_request_init(&req, "POST", HM_STR("http://a/a"));
		hm_http_request_set_body(&req, rows[i].type, HM_STR("{}"));
		hm_http_response_init(&res, 4096);
		assert_int_equal(hm_http_answer(&endpoint, &req, &res, NULL) == HM_OK, rows[i].status == 200);
		assert_int_equal(res.status, rows[i].status);
	}
}

/* --- failures --- */

static enum hm_status fail_with(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				struct hm_err *err)
{
	(void)service;
	hm_buf_add_cstr(&res->body, "half an answer");
	hm_http_set(&res->head, "X-Kept", HM_STR("1"));
	hm_http_set(&res->head, "Content-Type", HM_STR("text/html"));
	res->status = hm_str_is(req->path, "/conflict") ? 409 : 201;
	if (hm_str_is(req->path, "/io"))
		return hm_fail_errno(err, 5, "read '/var/lib/secret'");
	if (hm_str_is(req->path, "/memory"))
		return hm_fail(err, HM_R_NO_MEMORY, "x");
	if (hm_str_is(req->path, "/limit"))
		return hm_fail(err, HM_R_LIMIT, "x");
	if (hm_str_is(req->path, "/verify") || hm_str_is(req->path, "/conflict"))
		return hm_while(err, hm_fail(err, HM_R_TLOG_INCLUSION, "a \"quote\" \\ and \x01\xff"), "check");
	return hm_fail(err, HM_R_HTTP_URL, "x");
}

static enum hm_status misbehave(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				struct hm_err *err)
{
	(void)service;
	(void)err;
	hm_buf_add_cstr(&res->body, "body");
	if (hm_str_is(req->path, "/204"))
		res->status = 204;
	if (hm_str_is(req->path, "/999"))
		res->status = 999;
	if (hm_str_is(req->path, "/header"))
		hm_http_set(&res->head, "X", HM_STR("a\nb"));
	if (hm_str_is(req->path, "/large"))
		hm_buf_add_space(&res->body, 5000);
	if (hm_str_is(req->path, "/scratch") && hm_arena_alloc(hm_http_scratch(res), SIZE_MAX / 2))
		return HM_OK;
	return HM_OK;
}

static void test_failures(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		hm_http_handler handle;
		int status;
		const char *body;
	} rows[] = {
		{ "http://a/io", fail_with, 500,
		  "{\"code\":500,\"message\":\"The operating system refused to read or write.\","
		  "\"reason\":\"file.io\"}\n" },
		{ "http://a/memory", fail_with, 503, NULL },
		{ "http://a/limit", fail_with, 413, NULL },
		{ "http://a/parse", fail_with, 400, NULL },
		{ "http://a/verify", fail_with, 400,
		  "{\"code\":400,\"message\":\"check: a \\\"quote\\\" \\\\ and "
		  "\\u0001?\",\"reason\":\"tlog.inclusion\"}\n" },
		{ "http://a/conflict", fail_with, 409, NULL },
		{ "http://a/204", misbehave, 500, NULL },
		{ "http://a/999", misbehave, 500, NULL },
		{ "http://a/header", misbehave, 500, NULL },
		{ "http://a/large", misbehave, 500, NULL },
		{ "http://a/scratch", misbehave, 500, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		struct hm_err err = { 0 };
		ask("GET", rows[i].url, rows[i].handle, &res, &err);
		assert_ok(hm_http_response_check(&res, &err), &err);
		if (res.status != rows[i].status || (rows[i].body && !hm_str_is(hm_buf_str(&res.body), rows[i].body)))
			fail_msg("%s: %d %s", rows[i].url, res.status, res.body.ptr);
		if (rows[i].handle == fail_with)
			assert_true(hm_http_get(&res.head, "X-Kept").ptr != NULL);
		assert_true(hm_http_is_type(&res.head, "application/json"));
		assert_true(hm_str_find(hm_buf_str(&res.body), HM_STR("half")) < 0);
	}
}

static void write_plain(const struct hm_http_request *req, const struct hm_err *err, struct hm_str text,
			struct hm_http_response *res)
{
	(void)req;
	(void)err;
	hm_http_response_set_body(res, "text/plain", text);
}

static enum hm_status serve_plain(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				  struct hm_err *err)
{
	static const struct hm_http_route one[] = { { "GET", "/verify", fail_with, NULL } };
	static const struct hm_http_router plain = { one, 1, write_plain };
	return hm_http_route(&plain, service, req, res, err);
}

static void test_own_errors_and_mux(void **state)
{
	(void)state;
	static const struct hm_http_endpoint endpoints[] = {
		{ serve_plain, NULL },
		{ serve, (char *)(uintptr_t) "second" },
	};
	struct hm_http_mux mux = { endpoints, 2 };
	static const struct {
		const char *method, *url;
		int status;
		const char *type;
	} rows[] = {
		{ "GET", "http://a/verify", 400, "text/plain" },
		{ "POST", "http://a/verify", 405, "text/plain" },
		{ "GET", "http://a/a", 200, NULL },
		{ "GET", "http://a/nowhere", 404, "application/json" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		const struct hm_http_endpoint endpoint = { hm_http_mux_handle, &mux };
		hm_http_request_init(&req, rows[i].method, hm_str(rows[i].url));
		hm_http_response_init(&res, 4096);
		assert_int_equal(hm_http_answer(&endpoint, &req, &res, NULL) == HM_OK, rows[i].status == 200);
		assert_int_equal(res.status, rows[i].status);
		if (rows[i].type)
			assert_true(hm_http_is_type(&res.head, rows[i].type));
	}
}

/* Whatever runs out of memory, there is a status that can be sent. */
static void test_no_memory(void **state)
{
	(void)state;
	static const char *const urls[] = { "http://a/a/%41/b/%42", "http://a/nowhere", "http://a/only" };
	for (size_t u = 0; u < COUNT(urls); u++) {
		for (unsigned long n = 1;; n++) {
			HM_OWN(hm_http_request_done) struct hm_http_request req;
			HM_OWN(hm_http_response_done) struct hm_http_response res;
			const struct hm_http_endpoint endpoint = { serve, (char *)(uintptr_t) "s" };
			hm_http_request_init(&req, "GET", hm_str(urls[u]));
			hm_http_response_init(&res, 4096);
			hm_mem_fail_at(n);
			enum hm_status st = hm_http_answer(&endpoint, &req, &res, NULL);
			bool failed = hm_mem_has_failed();
			hm_mem_fail_at(0);
			assert_int_equal(hm_http_response_check(&res, NULL), HM_OK);
			assert_in_range(res.status, 200, 599);
			if (!failed)
				break;
			assert_true(st != HM_OK && (res.status == 503 || res.status == 404 || res.status == 405));
		}
	}
}

struct seen {
	int count, status;
	enum hm_status st;
	enum hm_reason reason;
};

static void note(void *ctx, const struct hm_http_request *req, const struct hm_http_response *res, enum hm_status st,
		 const struct hm_err *err, int64_t duration_ns)
{
	struct seen *seen = ctx;
	(void)req;
	assert_true(duration_ns >= 0 && (err == NULL) == (st == HM_OK));
	*seen = (struct seen){ seen->count + 1, res->status, st, err ? err->reason : HM_R_OK };
}

static void test_observer(void **state)
{
	(void)state;
	struct seen seen = { 0 };
	const struct hm_http_observer observer = { note, &seen };
	const struct hm_http_endpoint endpoint = { fail_with, NULL };
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_http_response_done) struct hm_http_response res;

	hm_http_request_init(&req, "GET", HM_STR("http://a/io"));
	hm_http_response_init(&res, 4096);
	hm_http_answer_observed(&endpoint, &observer, &req, &res);
	assert_true(seen.count == 1 && seen.status == 500 && seen.st == HM_EIO && seen.reason == HM_R_FILE_IO);
}

static void test_status_table(void **state)
{
	(void)state;
	for (int reason = 1; reason < HM_REASON_COUNT; reason++) {
		int status = hm_http_status_of(hm_reason_status((enum hm_reason)reason), (enum hm_reason)reason);
		if (status < 400 || status > 599)
			fail_msg("%s: %d", hm_reason_code((enum hm_reason)reason), status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),     cmocka_unit_test(test_media_type),
		cmocka_unit_test(test_failures),  cmocka_unit_test(test_own_errors_and_mux),
		cmocka_unit_test(test_observer),  cmocka_unit_test(test_status_table),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("http/route", tests, NULL, NULL);
}
