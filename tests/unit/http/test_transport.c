/* Asking: handlers of the same process, redirects, and answers as errors. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "http/transport.h"

/* Says what it was asked; redirects where the path says so. */
static enum hm_status echo(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			   struct hm_err *err)
{
	struct hm_str to, status;
	struct hm_arena *arena = hm_http_scratch(res);

	enum hm_status st = hm_http_query(req, arena, "to", &to, err);
	if (st == HM_OK)
		st = hm_http_query(req, arena, "status", &status, err);
	if (st != HM_OK)
		return st;
	if (status.ptr)
		res->status = atoi(status.ptr);
	if (to.ptr && to.len > 0)
		hm_http_set(&res->head, "Location", to);
	hm_http_add(&res->head, "X-Service", hm_str(service));
	hm_buf_addf(&res->body, "%.*s %.*s://%.*s%.*s auth=%.*s type=%.*s body=%.*s", HM_STR_ARG(req->method),
		    HM_STR_ARG(req->scheme), HM_STR_ARG(req->host), HM_STR_ARG(req->path),
		    HM_STR_ARG(hm_http_get(&req->head, "Authorization")),
		    HM_STR_ARG(hm_http_get(&req->head, "Content-Type")), HM_STR_ARG(hm_buf_str(&req->body)));
	return HM_OK;
}

static const struct hm_local_origin origins[] = {
	{ "http://one.local", { echo, (char *)(uintptr_t) "one" } },
	{ "https://two.local:8443", { echo, (char *)(uintptr_t) "two" } },
	{ "https://one.local", { echo, (char *)(uintptr_t) "three" } },
};
static const struct hm_local local = { origins, COUNT(origins), 100, { 0 }, NULL };

static enum hm_status ask(const char *method, const char *url, const char *body, const struct hm_ask_opts *opts,
			  struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	struct hm_transport transport = hm_transport_local(&local);

	hm_http_request_init(&req, method, hm_str(url));
	hm_http_set(&req.head, "Authorization", HM_STR("Bearer x"));
	if (body)
		hm_http_request_set_body(&req, "text/plain", hm_str(body));
	return hm_transport_ask(&transport, &req, opts, res, err);
}

static void test_local(void **state)
{
	(void)state;
	static const struct {
		const char *method, *url, *body;
		int status;
		const char *want;
	} rows[] = {
		{ "GET", "http://one.local/a%20b", NULL, 200, "GET http://one.local/a%20b auth=Bearer x type= body=" },
		{ "GET", "http://ONE.local:80", NULL, 200, "GET http://one.local/ auth=Bearer x type= body=" },
		{ "POST", "https://two.local:8443/", "hi", 200,
		  "POST https://two.local:8443/ auth=Bearer x type=text/plain body=hi" },
		{ "PUT", "https://one.local/", "", 200, "PUT https://one.local/ auth=Bearer x type=text/plain body=" },
		{ "HEAD", "http://one.local/", NULL, 200, "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		assert_ok(ask(rows[i].method, rows[i].url, rows[i].body, NULL, &res, &err), &err);
		if (res.status != rows[i].status || !hm_str_is(hm_buf_str(&res.body), rows[i].want))
			fail_msg("%s: %d %s", rows[i].url, res.status, res.body.ptr);
		if (hm_str_is(hm_str(rows[i].method), "HEAD"))
			assert_int_equal(res.content_length,
					 strlen("HEAD http://one.local/ auth=Bearer x type= body="));
	}
}

static void test_refusals(void **state)
{
	(void)state;
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	struct hm_err err = { 0 };
	static const struct hm_ask_opts small = { .max_response = 10 };
	char large[102];

	assert_refused("origin", ask("GET", "http://two.local:8443/", NULL, NULL, &res, &err), &err, HM_R_HTTP_ORIGIN);
	assert_refused("answer", ask("GET", "http://one.local/", NULL, &small, &res, &err), &err, HM_R_HTTP_TOO_LARGE);
	assert_refused("url", ask("GET", "one.local", NULL, NULL, &res, &err), &err, HM_R_HTTP_URL);

	/* what the handler's side cannot read gets an answer, as from a server */
	memset(large, 'a', sizeof(large));
	large[101] = '\0';
	assert_ok(ask("POST", "http://one.local/", large, NULL, &res, &err), &err);
	assert_int_equal(res.status, 413);
	hm_http_response_done(&res);
	assert_ok(ask("GET", "http://one.local/a/../b", NULL, NULL, &res, &err), &err);
	assert_int_equal(res.status, 400);
	assert_null(hm_http_get(&res.head, "X-Service").ptr);
}

static void test_redirects(void **state)
{
	(void)state;
	static const struct {
		const char *method, *url;
		enum hm_redirects how;
		enum hm_reason want;
		const char *body;
	} rows[] = {
		{ "GET", "http://one.local/x?status=302&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "GET http://one.local/y auth=Bearer x type= body=" },
		{ "GET", "http://one.local/x?status=307&to=y", HM_REDIRECT_ANYWHERE, HM_R_OK,
		  "GET http://one.local/y auth=Bearer x type= body=" },
		{ "GET", "http://one.local/x?status=301&to=https://two.local:8443/z%2523f", HM_REDIRECT_ANYWHERE,
		  HM_R_OK, "GET https://two.local:8443/z%23f auth= type= body=" },
		{ "POST", "http://one.local/x?status=307&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "POST http://one.local/y auth=Bearer x type=text/plain body=hi" },
		{ "POST", "http://one.local/x?status=308&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "POST http://one.local/y auth=Bearer x type=text/plain body=hi" },
		{ "POST", "http://one.local/x?status=302&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "GET http://one.local/y auth=Bearer x type= body=" },
		{ "PUT", "http://one.local/x?status=302&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "PUT http://one.local/y auth=Bearer x type=text/plain body=hi" },
		{ "PUT", "http://one.local/x?status=303&to=/y", HM_REDIRECT_SAME_ORIGIN, HM_R_OK,
		  "GET http://one.local/y auth=Bearer x type= body=" },
		{ "GET", "http://one.local/x?status=302&to=https://one.local/", HM_REDIRECT_SAME_ORIGIN,
		  HM_R_HTTP_REDIRECT, NULL },
		{ "GET", "https://one.local/x?status=302&to=http://one.local/", HM_REDIRECT_ANYWHERE,
		  HM_R_HTTP_REDIRECT, NULL },
		{ "GET", "http://one.local/x?status=302&to=http://one.local:81/", HM_REDIRECT_SAME_ORIGIN,
		  HM_R_HTTP_REDIRECT, NULL },
		{ "GET", "http://one.local/x?status=302", HM_REDIRECT_SAME_ORIGIN, HM_R_HTTP_REDIRECT, NULL },
		{ "GET", "http://one.local/x?status=302&to=file:///etc/passwd", HM_REDIRECT_ANYWHERE,
		  HM_R_HTTP_REDIRECT, NULL },
		{ "GET", "http://one.local/x?status=302&to=//user@one.local/", HM_REDIRECT_ANYWHERE, HM_R_HTTP_REDIRECT,
		  NULL },
		{ "GET", "http://one.local/x?status=302&to=?status=302%26to=?status=302", HM_REDIRECT_SAME_ORIGIN,
		  HM_R_HTTP_REDIRECT, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		const struct hm_ask_opts opts = { .redirects = rows[i].how };
		enum hm_status st =
		    ask(rows[i].method, rows[i].url, strcmp(rows[i].method, "GET") ? "hi" : NULL, &opts, &res, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].url, st, &err, rows[i].want);
		else if (st != HM_OK || !hm_str_is(hm_buf_str(&res.body), rows[i].body))
			fail_msg("%s: %s %s", rows[i].url, err.cause, res.body.ptr);
	}

	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	struct hm_err err = { 0 };
	const struct hm_ask_opts never = { .redirects = HM_REDIRECT_NEVER };
	assert_ok(ask("GET", rows[0].url, NULL, &never, &res, &err), &err);
	assert_true(res.status == 302 && hm_str_is(hm_http_get(&res.head, "Location"), "/y"));
}

/* Answers with as many bytes as the path says. */
static enum hm_status fill(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			   struct hm_err *err)
{
	size_t len = strtoul(req->path.ptr + 1, NULL, 10);
	char *space = hm_buf_add_space(&res->body, len);

	(void)service;
	(void)err;
	if (space && len)
		memset(space, 'x', len);
	return HM_OK;
}

/* Bodies where nobody sets a limit, both ways. */
static void test_default_limits(void **state)
{
	(void)state;
	static const struct hm_local_origin one = { "http://a", { fill, NULL } };
	static const struct hm_local filling = { &one, 1, 0, { 0 }, NULL };
	struct hm_transport transport = hm_transport_local(&filling);
	struct hm_err err = { 0 };

	for (size_t more = 0; more < 2; more++) {
		HM_OWN(hm_buf_done) struct hm_buf body = { 0 };
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		char url[40];
		snprintf(url, sizeof(url), "http://a/%zu", HM_MAX_HTTP_BODY + more);
		enum hm_status st = hm_transport_get(&transport, hm_str(url), NULL, NULL, &body, &err);
		if (more)
			assert_refused("answer", st, &err, HM_R_HTTP_TOO_LARGE);
		else
			assert_ok(st, &err);

		hm_http_request_init(&req, "POST", HM_STR("http://a/0"));
		char *space = hm_buf_add_space(&req.body, HM_MAX_HTTP_BODY + more);
		assert_non_null(space);
		memset(space, 'x', HM_MAX_HTTP_BODY + more);
		assert_ok(hm_transport_ask(&transport, &req, NULL, &res, &err), &err);
		assert_int_equal(res.status, more ? 413 : 200);
	}
}

/* A chain of HM_MAX_HTTP_REDIRECTS is followed, one more is not. */
static enum hm_status countdown(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				struct hm_err *err)
{
	int left = atoi(req->path.ptr + 1);
	(void)service;
	(void)err;
	res->status = left > 0 ? 302 : 200;
	hm_http_addf(&res->head, "Location", "/%d", left - 1);
	return HM_OK;
}

static void test_redirect_limit(void **state)
{
	(void)state;
	static const struct hm_local_origin one = { "http://a", { countdown, NULL } };
	static const struct hm_local counting = { &one, 1, 0, { 0 }, NULL };
	struct hm_transport transport = hm_transport_local(&counting);
	HM_OWN(hm_buf_done) struct hm_buf body = { 0 };
	struct hm_err err = { 0 };
	char url[40];

	snprintf(url, sizeof(url), "http://a/%d", HM_MAX_HTTP_REDIRECTS);
	assert_ok(hm_transport_get(&transport, hm_str(url), NULL, NULL, &body, &err), &err);
	snprintf(url, sizeof(url), "http://a/%d", HM_MAX_HTTP_REDIRECTS + 1);
	assert_refused("many", hm_transport_get(&transport, hm_str(url), NULL, NULL, &body, &err), &err,
		       HM_R_HTTP_REDIRECT);
}

static void test_next(void **state)
{
	(void)state;
	struct hm_transport inner = hm_transport_local(&local);
	static const struct hm_local_origin own = { "http://zero.local", { echo, (char *)(uintptr_t) "zero" } };
	struct hm_local outer = { &own, 1, 0, { 0 }, &inner };
	struct hm_transport transport = hm_transport_local(&outer);
	static const char *const urls[] = { "http://zero.local/", "http://one.local/" };

	for (size_t i = 0; i < COUNT(urls); i++) {
		HM_OWN(hm_buf_done) struct hm_buf body = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_transport_get(&transport, hm_str(urls[i]), "a/b", NULL, &body, &err), &err);
		assert_true(body.len > 0);
	}
}

static void test_expect(void **state)
{
	(void)state;
	static const struct {
		int got, want;
		const char *type;
		enum hm_reason reason;
	} rows[] = {
		{ 200, 200, NULL, HM_R_OK },
		{ 201, 0, NULL, HM_R_OK },
		{ 200, 201, NULL, HM_R_HTTP_ANSWER },
		{ 304, 0, NULL, HM_R_HTTP_ANSWER },
		{ 400, 0, NULL, HM_R_HTTP_REFUSED },
		{ 422, 0, NULL, HM_R_HTTP_REFUSED },
		{ 401, 0, NULL, HM_R_HTTP_DENIED },
		{ 403, 0, NULL, HM_R_HTTP_DENIED },
		{ 404, 0, NULL, HM_R_HTTP_NOT_FOUND },
		{ 410, 0, NULL, HM_R_HTTP_NOT_FOUND },
		{ 409, 0, NULL, HM_R_HTTP_CONFLICT },
		{ 409, 409, NULL, HM_R_OK },
		{ 429, 0, NULL, HM_R_HTTP_BUSY },
		{ 503, 0, NULL, HM_R_HTTP_BUSY },
		{ 500, 0, NULL, HM_R_HTTP_ANSWER },
		{ 200, 0, "text/html", HM_R_OK },
		{ 200, 0, "text/plain", HM_R_HTTP_ANSWER },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		struct hm_err err = { 0 };
		hm_http_request_init(&req, "GET", HM_STR("https://log.example/api?token=secret"));
		hm_http_response_init(&res, 1000);
		res.status = rows[i].got;
		hm_http_response_set_body(&res, "text/html", HM_STR("<p>no\nway\x1b[31m"));
		enum hm_status st = hm_http_expect(&req, &res, rows[i].want, rows[i].type, &err);
		if (rows[i].reason == HM_R_OK) {
			assert_ok(st, &err);
			continue;
		}
		assert_refused("expect", st, &err, rows[i].reason);
		assert_non_null(strstr(err.cause, "https://log.example/api"));
		assert_null(strstr(err.cause, "secret"));
		assert_null(strchr(err.cause, '\x1b'));
		if (!rows[i].type)
			assert_non_null(strstr(err.cause, "<p>no way"));
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = ask("POST", "http://one.local/x?status=308&to=/y", "hi", NULL, &res, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		/* on the handler's side it becomes an answer */
		assert_true(st == HM_ENOMEM || (st == HM_OK && res.status == 503));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local),     cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_redirects), cmocka_unit_test(test_redirect_limit),
		cmocka_unit_test(test_next),      cmocka_unit_test(test_default_limits),
		cmocka_unit_test(test_expect),    cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("http/transport", tests, NULL, NULL);
}
