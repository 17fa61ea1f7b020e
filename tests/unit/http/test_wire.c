/* HTTP/1.1 as bytes: round trips, and every way to be read in two ways refused. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "http/wire.h"

static void test_round_trip(void **state)
{
	(void)state;
	HM_OWN(hm_http_request_done) struct hm_http_request req, back = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
	struct hm_err err = { 0 };

	hm_http_request_init(&req, "POST", HM_STR("https://log.example:8443/api/v2?x=%20"));
	hm_http_add(&req.head, "Accept", HM_STR("a/b"));
	hm_http_request_set_body(&req, "text/plain", HM_STR("a\0\r\nb"));
	assert_ok(hm_http_render_request(&req, &bytes, &err), &err);
	assert_true(hm_str_eq(hm_buf_str(&bytes), HM_STR("POST /api/v2?x=%20 HTTP/1.1\r\nHost: log.example:8443\r\n"
							 "Accept: a/b\r\nContent-Type: text/plain\r\n"
							 "Content-Length: 5\r\n\r\na\0\r\nb")));
	assert_ok(hm_http_parse_request(hm_buf_str(&bytes), true, 5, &back, &err), &err);
	assert_true(hm_str_is(back.method, "POST") && hm_str_is(back.scheme, "https"));
	assert_true(hm_str_is(back.host, "log.example:8443") && hm_str_is(back.path, "/api/v2"));
	assert_true(hm_str_is(back.query, "x=%20") && back.head.count == 2);
	assert_true(hm_str_eq(hm_buf_str(&back.body), HM_STR("a\0\r\nb")));
}

static void test_response_round_trip(void **state)
{
	(void)state;
	static const struct {
		int status;
		bool to_head;
		const char *body, *want;
		uint64_t length;
	} rows[] = {
		{ 200, false, "hi", "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nhi", 0 },
		{ 200, true, "hi", "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\n", 2 },
		{ 204, false, "", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 0 },
		{ 418, false, "", "HTTP/1.1 418 \r\nX: y\r\nContent-Length: 0\r\n\r\n", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res, back = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
		struct hm_err err = { 0 };
		hm_http_response_init(&res, 10);
		res.status = rows[i].status;
		hm_http_add(&res.head, "X", HM_STR("y"));
		hm_buf_add_cstr(&res.body, rows[i].body);
		assert_ok(hm_http_render_response(&res, rows[i].to_head, &bytes, &err), &err);
		assert_string_equal(bytes.ptr, rows[i].want);
		assert_ok(hm_http_parse_response(hm_buf_str(&bytes), rows[i].to_head, 10, &back, &err), &err);
		assert_int_equal(back.status, rows[i].status);
		assert_int_equal(back.content_length, rows[i].length);
		assert_true(hm_str_is(hm_buf_str(&back.body), rows[i].to_head ? "" : rows[i].body));
	}
}

static void test_not_sent(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
	} rows[] = { { 0, "" }, { 100, "" }, { 199, "" }, { 600, "" }, { -1, "" }, { 204, "x" }, { 304, "x" } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
		struct hm_err err = { 0 };
		hm_http_response_init(&res, 10);
		res.status = rows[i].status;
		hm_buf_add_cstr(&res.body, rows[i].body);
		assert_refused("status", hm_http_render_response(&res, false, &bytes, &err), &err, HM_R_HTTP_SYNTAX);
	}
}

#define R(head) "GET / HTTP/1.1\r\nHost: a\r\n" head "\r\n"
#define P(head) "POST / HTTP/1.1\r\nHost: a\r\n" head "\r\n"

static const struct {
	const char *name;
	struct hm_str bytes;
	enum hm_reason want;
	const char *body;
} requests[] = {
	{ "smallest", HM_STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_OK, "" },
	{ "old with a Host", HM_STR("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), HM_R_OK, "" },
	{ "absolute target", HM_STR("GET http://A:80/b HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_OK, "" },
	{ "length", HM_STR(P("Content-Length: 3\r\n") "abc"), HM_R_OK, "abc" },
	{ "length 0", HM_STR(P("Content-Length: 0\r\n")), HM_R_OK, "" },
	{ "blanks around a value", HM_STR(P("Content-Length: \t 3 \r\n") "abc"), HM_R_OK, "abc" },
	{ "no blank before a value", HM_STR(P("Content-Length:3\r\n") "abc"), HM_R_OK, "abc" },
	{ "chunks", HM_STR(P("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), HM_R_OK,
	  "abc0123456789" },
	{ "chunks with trailers", HM_STR(P("Transfer-Encoding: Chunked\r\n") "000\r\nX: y\r\n\r\n"), HM_R_OK, "" },
	{ "repeatable header", HM_STR(R("Accept: a\r\nAccept: b\r\n")), HM_R_OK, "" },
	{ "empty value", HM_STR(R("X:\r\n")), HM_R_OK, "" },

	{ "nothing", HM_STR(""), HM_R_HTTP_SYNTAX, NULL },
	{ "only a line", HM_STR("GET / HTTP/1.1\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "no end of the head", HM_STR("GET / HTTP/1.1\r\nHost: a\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "blank line before", HM_STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "LF alone", HM_STR("GET / HTTP/1.1\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "LF alone in headers", HM_STR("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "CR alone", HM_STR("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "NUL", HM_STR("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "no target", HM_STR("GET HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "no version", HM_STR("GET /\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "two blanks", HM_STR("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "blank behind", HM_STR("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "blank in the target", HM_STR("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "method", HM_STR("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "version 2", HM_STR("GET / HTTP/2\r\nHost: a\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "version 1.2", HM_STR("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "tunnel", HM_STR("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "whole server", HM_STR("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "dots", HM_STR("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_URL, NULL },
	{ "escaped dots", HM_STR("GET /a/%2E./b HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_URL, NULL },
	{ "dots in an absolute target", HM_STR("GET http://a/../b HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_URL, NULL },
	{ "another host", HM_STR("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_HEADER, NULL },
	{ "another scheme", HM_STR("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HM_R_HTTP_HEADER, NULL },
	{ "no Host", HM_STR("GET / HTTP/1.1\r\n\r\n"), HM_R_HTTP_HEADER, NULL },
	{ "two Hosts", HM_STR("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), HM_R_HTTP_HEADER, NULL },
	{ "empty Host", HM_STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"), HM_R_HTTP_URL, NULL },
	{ "path in Host", HM_STR("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), HM_R_HTTP_URL, NULL },
	{ "blank before colon", HM_STR(R("X : y\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "folded", HM_STR(R("X: y\r\n z\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "no colon", HM_STR(R("X\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "no name", HM_STR(R(": y\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "control character", HM_STR(R("X: \x01\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "two types", HM_STR(R("Content-Type: a/b\r\nContent-Type: a/b\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "two tokens", HM_STR(R("Authorization: a\r\nAuthorization: b\r\n")), HM_R_HTTP_HEADER, NULL },
	{ "two lengths", HM_STR(P("Content-Length: 1\r\nContent-Length: 1\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "a list of lengths", HM_STR(P("Content-Length: 1, 1\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "signed length", HM_STR(P("Content-Length: +1\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "negative length", HM_STR(P("Content-Length: -1\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "length past 64 bits", HM_STR(P("Content-Length: 18446744073709551617\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "hexadecimal length", HM_STR(P("Content-Length: 0x1\r\n") "a"), HM_R_HTTP_HEADER, NULL },
	{ "length and chunks", HM_STR(P("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
	  HM_R_HTTP_SYNTAX, NULL },
	{ "chunks in 1.0", HM_STR("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	  HM_R_HTTP_SYNTAX, NULL },
	{ "coding", HM_STR(P("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "coding twice", HM_STR(P("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
	  HM_R_HTTP_UNSUPPORTED, NULL },
	{ "odd coding", HM_STR(P("Transfer-Encoding: xchunked\r\n") "0\r\n\r\n"), HM_R_HTTP_UNSUPPORTED, NULL },
	{ "too short", HM_STR(P("Content-Length: 3\r\n") "ab"), HM_R_HTTP_SYNTAX, NULL },
	{ "too long", HM_STR(P("Content-Length: 3\r\n") "abcd"), HM_R_HTTP_SYNTAX, NULL },
	{ "body without length", HM_STR(P("") "abc"), HM_R_HTTP_SYNTAX, NULL },
	{ "a second request", HM_STR(R("") R("")), HM_R_HTTP_SYNTAX, NULL },
	{ "chunk without size", HM_STR(P("Transfer-Encoding: chunked\r\n") "\r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "chunk with a sign", HM_STR(P("Transfer-Encoding: chunked\r\n") "+3\r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "chunk with 0x", HM_STR(P("Transfer-Encoding: chunked\r\n") "0x3\r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "blank behind a size", HM_STR(P("Transfer-Encoding: chunked\r\n") "3 \r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "chunk past 64 bits", HM_STR(P("Transfer-Encoding: chunked\r\n") "10000000000000003\r\nabc\r\n0\r\n\r\n"),
	  HM_R_HTTP_SYNTAX, NULL },
	{ "chunk too short", HM_STR(P("Transfer-Encoding: chunked\r\n") "4\r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "chunk too long", HM_STR(P("Transfer-Encoding: chunked\r\n") "2\r\nabc\r\n0\r\n\r\n"), HM_R_HTTP_SYNTAX,
	  NULL },
	{ "no last chunk", HM_STR(P("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "no end of trailers", HM_STR(P("Transfer-Encoding: chunked\r\n") "0\r\n"), HM_R_HTTP_SYNTAX, NULL },
	{ "odd trailer", HM_STR(P("Transfer-Encoding: chunked\r\n") "0\r\nX y\r\n\r\n"), HM_R_HTTP_HEADER, NULL },
	{ "behind the chunks", HM_STR(P("Transfer-Encoding: chunked\r\n") "0\r\n\r\nx"), HM_R_HTTP_SYNTAX, NULL },
	{ "body over its limit", HM_STR(P("Content-Length: 21\r\n") "123456789012345678901"), HM_R_HTTP_TOO_LARGE,
	  NULL },
	{ "chunks over their limit",
	  HM_STR(P("Transfer-Encoding: chunked\r\n") "c\r\n123456789012\r\n9\r\n123456789\r\n0\r\n\r\n"),
	  HM_R_HTTP_TOO_LARGE, NULL },
	{ "size over the limit, not sent", HM_STR(P("Content-Length: 18446744073709551615\r\n")), HM_R_HTTP_TOO_LARGE,
	  NULL },
};

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_http_parse_request(requests[i].bytes, false, 20, &req, &err);
		if (requests[i].want != HM_R_OK) {
			assert_refused(requests[i].name, st, &err, requests[i].want);
			continue;
		}
		if (st != HM_OK || !hm_str_is(hm_buf_str(&req.body), requests[i].body) || !hm_str_is(req.host, "a"))
			fail_msg("%s: %s", requests[i].name, err.cause);
	}
}

static void test_responses(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_str bytes;
		bool to_head;
		enum hm_reason want;
		const char *body;
	} rows[] = {
		{ "to the end", HM_STR("HTTP/1.1 200 OK\r\n\r\nabc"), false, HM_R_OK, "abc" },
		{ "no text", HM_STR("HTTP/1.1 200 \r\n\r\n"), false, HM_R_OK, "" },
		{ "chunks", HM_STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"), false,
		  HM_R_OK, "x" },
		{ "to HEAD", HM_STR("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), true, HM_R_OK, "" },
		{ "not modified", HM_STR("HTTP/1.1 304 \r\nContent-Length: 100\r\n\r\n"), false, HM_R_OK, "" },
		{ "body to HEAD", HM_STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), true, HM_R_HTTP_SYNTAX,
		  NULL },
		{ "body of 204", HM_STR("HTTP/1.1 204 \r\n\r\nx"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "interim", HM_STR("HTTP/1.1 100 Continue\r\n\r\n"), false, HM_R_HTTP_UNSUPPORTED, NULL },
		{ "status 600", HM_STR("HTTP/1.1 600 x\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "status 099", HM_STR("HTTP/1.1 099 x\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "status 2000", HM_STR("HTTP/1.1 2000 x\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "no status", HM_STR("HTTP/1.1\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "no blank behind", HM_STR("HTTP/1.1 200\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "something else", HM_STR("SSH-2.0-x\r\n\r\n"), false, HM_R_HTTP_SYNTAX, NULL },
		{ "over the limit", HM_STR("HTTP/1.1 200 OK\r\n\r\n12345678901"), false, HM_R_HTTP_TOO_LARGE, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_http_parse_response(rows[i].bytes, rows[i].to_head, 10, &res, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else if (st != HM_OK || !hm_str_is(hm_buf_str(&res.body), rows[i].body))
			fail_msg("%s: %s", rows[i].name, err.cause);
	}
}

static void test_head_limits(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };

	hm_buf_add_cstr(&bytes, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	while (bytes.len < HM_MAX_HTTP_HEAD - 4)
		hm_buf_add_char(&bytes, 'x');
	hm_buf_add_cstr(&bytes, "\r\n\r\n");
	assert_ok(hm_http_parse_request(hm_buf_str(&bytes), false, 0, &req, &err), &err);
	hm_http_request_done(&req);

	bytes.len -= 4;
	hm_buf_add_cstr(&bytes, "x\r\n\r\n");
	assert_refused("bytes", hm_http_parse_request(hm_buf_str(&bytes), false, 0, &req, &err), &err,
		       HM_R_HTTP_HEAD_TOO_LARGE);

	hm_buf_clear(&bytes);
	hm_buf_add_cstr(&bytes, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i <= HM_MAX_HTTP_HEADERS; i++)
		hm_buf_addf(&bytes, "X%d: y\r\n", i);
	hm_buf_add_cstr(&bytes, "\r\n");
	assert_refused("count", hm_http_parse_request(hm_buf_str(&bytes), false, 0, &req, &err), &err,
		       HM_R_HTTP_HEAD_TOO_LARGE);

	hm_buf_clear(&bytes);
	hm_buf_add_cstr(&bytes, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
	for (int i = 0; i <= HM_MAX_HTTP_HEADERS; i++)
		hm_buf_addf(&bytes, "X%d: y\r\n", i);
	hm_buf_add_cstr(&bytes, "\r\n");
	assert_refused("trailers", hm_http_parse_request(hm_buf_str(&bytes), false, 0, &req, &err), &err,
		       HM_R_HTTP_HEAD_TOO_LARGE);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 }, back = { 0 };
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		hm_http_request_init(&req, "POST", HM_STR("http://a/b?c"));
		hm_http_request_set_body(&req, "a/b", HM_STR("abc"));
		enum hm_status st = hm_http_render_request(&req, &bytes, &err);
		if (st == HM_OK)
			st = hm_http_parse_request(hm_buf_str(&bytes), false, 10, &back, &err);
		if (st == HM_OK)
			st =
			    hm_http_parse_response(HM_STR("HTTP/1.1 200 OK\r\nX: y\r\n\r\nabc"), false, 10, &res, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_response_round_trip),
		cmocka_unit_test(test_not_sent),   cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),  cmocka_unit_test(test_head_limits),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("http/wire", tests, NULL, NULL);
}
