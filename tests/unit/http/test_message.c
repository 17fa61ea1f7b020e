/* Messages: setters, what sticks, look-up, and dates. */
#include "unit.h"

#include "base/limits.h"
#include "base/own.h"
#include "http/date.h"
#include "http/message.h"

static void test_request(void **state)
{
	(void)state;
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_KIB);
	struct hm_err err = { 0 };
	struct hm_str value;

	hm_http_request_init(&req, "POST", HM_STR("https://Log.Example:443/api?a=1&b=x+y&c&b2=%20"));
	hm_http_add(&req.head, "Accept", HM_STR("text/plain"));
	hm_http_set(&req.head, "x-one", HM_STR("1"));
	hm_http_set(&req.head, "X-One", HM_STR("2"));
	hm_http_addf(&req.head, "X-Many", "%d", 1);
	hm_http_addf(&req.head, "X-Many", "%d", 2);
	hm_http_request_set_body(&req, "application/json", HM_STR("{}"));
	assert_ok(hm_http_request_check(&req, &err), &err);

	assert_true(hm_str_is(req.host, "log.example") && hm_str_is(req.scheme, "https"));
	assert_true(hm_str_is(hm_http_get(&req.head, "X-ONE"), "2"));
	assert_null(hm_http_get_at(&req.head, "x-one", 1).ptr);
	assert_true(hm_str_is(hm_http_get_at(&req.head, "x-many", 1), "2"));
	assert_null(hm_http_get(&req.head, "x-none").ptr);
	assert_true(hm_http_is_type(&req.head, "Application/JSON"));

	assert_ok(hm_http_query(&req, &arena, "b", &value, &err), &err);
	assert_true(hm_str_is(value, "x y"));
	assert_ok(hm_http_query(&req, &arena, "c", &value, &err), &err);
	assert_true(value.ptr && value.len == 0);
	assert_ok(hm_http_query(&req, &arena, "none", &value, &err), &err);
	assert_null(value.ptr);
}

static void test_query_twice(void **state)
{
	(void)state;
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_KIB);
	struct hm_err err = { 0 };
	struct hm_str value;

	hm_http_request_init(&req, "GET", HM_STR("http://a/?a=1&%61=2"));
	assert_refused("twice", hm_http_query(&req, &arena, "a", &value, &err), &err, HM_R_HTTP_QUERY);
}

/* What sticks is the first failure, and it says what was wrong. */
static void test_sticky(void **state)
{
	(void)state;
	static const struct {
		const char *name, *method, *url, *header, *value;
		enum hm_reason want;
	} rows[] = {
		{ "good", "GET", "http://a/", "X", "v", HM_R_OK },
		{ "high bytes", "GET", "http://a/", "X", "\xc3\xa9", HM_R_OK },
		{ "empty value", "GET", "http://a/", "X", "", HM_R_OK },
		{ "tab", "GET", "http://a/", "X", "a\tb", HM_R_OK },
		{ "method", "GE T", "http://a/", "X", "v", HM_R_HTTP_SYNTAX },
		{ "no method", "", "http://a/", "X", "v", HM_R_HTTP_SYNTAX },
		{ "url", "GET", "a", "X", "v", HM_R_HTTP_URL },
		{ "first counts", "GET", "a", "", "v", HM_R_HTTP_URL },
		{ "empty name", "GET", "http://a/", "", "v", HM_R_HTTP_HEADER },
		{ "blank in name", "GET", "http://a/", "X Y", "v", HM_R_HTTP_HEADER },
		{ "colon in name", "GET", "http://a/", "X:", "v", HM_R_HTTP_HEADER },
		{ "high byte in name", "GET", "http://a/", "X\xc3", "v", HM_R_HTTP_HEADER },
		{ "line end in value", "GET", "http://a/", "X", "v\r\nY: z", HM_R_HTTP_HEADER },
		{ "LF in value", "GET", "http://a/", "X", "v\nY: z", HM_R_HTTP_HEADER },
		{ "DEL in value", "GET", "http://a/", "X", "v\x7f", HM_R_HTTP_HEADER },
		{ "blank before value", "GET", "http://a/", "X", " v", HM_R_HTTP_HEADER },
		{ "blank behind value", "GET", "http://a/", "X", "v\t", HM_R_HTTP_HEADER },
		{ "length", "GET", "http://a/", "content-length", "1", HM_R_HTTP_HEADER },
		{ "coding", "GET", "http://a/", "Transfer-Encoding", "chunked", HM_R_HTTP_HEADER },
		{ "host", "GET", "http://a/", "Host", "b", HM_R_HTTP_HEADER },
		{ "connection", "GET", "http://a/", "Connection", "close", HM_R_HTTP_HEADER },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		struct hm_err err = { 0 };
		hm_http_request_init(&req, rows[i].method, hm_str(rows[i].url));
		hm_http_add(&req.head, rows[i].header, hm_str(rows[i].value));
		hm_http_add(&req.head, "Y", HM_STR("fine"));
		enum hm_status st = hm_http_request_check(&req, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct hm_err err = { 0 };

	hm_http_response_init(&res, 10);
	for (int i = 0; i < HM_MAX_HTTP_HEADERS; i++)
		hm_http_add(&res.head, "X", HM_STR("v"));
	assert_ok(hm_http_response_check(&res, &err), &err);
	hm_http_add(&res.head, "X", HM_STR("v"));
	assert_refused("count", hm_http_response_check(&res, &err), &err, HM_R_HTTP_HEAD_TOO_LARGE);
	hm_http_response_done(&res);

	static char large[HM_MAX_HTTP_HEAD];
	memset(large, 'a', sizeof(large));
	hm_http_response_init(&res, 10);
	hm_http_add(&res.head, "X", hm_str_of(large, sizeof(large) - 1));
	assert_ok(hm_http_response_check(&res, &err), &err);
	hm_http_set(&res.head, "X", hm_str_of(large, sizeof(large) - 1));
	assert_ok(hm_http_response_check(&res, &err), &err);
	hm_http_add(&res.head, "Y", HM_STR(""));
	assert_refused("bytes", hm_http_response_check(&res, &err), &err, HM_R_HTTP_HEAD_TOO_LARGE);
	hm_http_response_done(&res);

	hm_http_response_init(&res, 10);
	hm_http_response_set_body(&res, "text/plain", HM_STR("12345678901"));
	assert_refused("body", hm_http_response_check(&res, &err), &err, HM_R_LIMIT);
	hm_http_response_done(&res);

	hm_http_response_init(&res, 10);
	assert_null(hm_arena_alloc(hm_http_scratch(&res), HM_MAX_HTTP_SCRATCH + 1));
	assert_refused("scratch", hm_http_response_check(&res, &err), &err, HM_R_LIMIT);
}

static void test_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *first, *second, *type;
		bool want;
	} rows[] = {
		{ NULL, NULL, "a/b", true },
		{ "", NULL, "a/b", true },
		{ "a/b", NULL, "a/b", true },
		{ "A/B;q=0.1", NULL, "a/b", true },
		{ "a/c", NULL, "a/b", false },
		{ "a/c", "a/b", "a/b", true },
		{ "a/c, a/*;q=0.3", NULL, "a/b", true },
		{ "a/*", NULL, "ab/c", false },
		{ "*/*", NULL, "a/b", true },
		{ "*/*, a/b;q=0", NULL, "a/b", false },
		{ "a/b;q=0, */*", NULL, "a/b", false },
		{ "a/b;x=1;Q=0.000", NULL, "a/b", false },
		{ "a/*;q=0, a/b", NULL, "a/b", true },
		{ "a", NULL, "a/b", false },
		{ "/*", NULL, "a/b", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		hm_http_request_init(&req, "GET", HM_STR("http://a"));
		if (rows[i].first)
			hm_http_add(&req.head, "Accept", hm_str(rows[i].first));
		if (rows[i].second)
			hm_http_add(&req.head, "accept", hm_str(rows[i].second));
		if (hm_http_accepts(&req.head, rows[i].type) != rows[i].want)
			fail_msg("row %zu: %s", i, rows[i].first);
	}
}

static void test_bearer(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "Bearer abc.def", "abc.def" },
		{ "bearer  x", "x" },
		{ "Basic YTpi", NULL },
		{ "Bearer", NULL },
		{ "Bearerx", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req;
		hm_http_request_init(&req, "GET", HM_STR("http://a"));
		hm_http_add(&req.head, "Authorization", hm_str(rows[i][0]));
		struct hm_str token = hm_http_bearer(&req.head);
		assert_true((token.ptr == NULL) == (rows[i][1] == NULL) && hm_str_eq(token, hm_str(rows[i][1])));
	}
}

static void test_dates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t time_s;
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000 },
	};
	static const char *const bad[] = {
		"",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Mon, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:60 GMT",
		"Thu, 30 Feb 2024 12:00:00 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 19x4 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMTx",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		int64_t time_s = 5;
		char text[HM_HTTP_DATE_LEN];
		assert_ok(hm_http_date_parse(hm_str(rows[i].text), &time_s, &err), &err);
		assert_int_equal(time_s, rows[i].time_s);
		hm_http_date_write(time_s, text);
		assert_string_equal(text, rows[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hm_err err = { 0 };
		int64_t time_s;
		assert_refused(bad[i], hm_http_date_parse(hm_str(bad[i]), &time_s, &err), &err, HM_R_TIME_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request), cmocka_unit_test(test_query_twice), cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_limits),  cmocka_unit_test(test_accepts),     cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_dates),
	};
	return cmocka_run_group_tests_name("http/message", tests, NULL, NULL);
}
