/* The server, asked by our client and by clients that write what no client should. */
#include "unit.h"

#include "base/effects.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/time.h"
#include "base/tree.h"
#include "net/client.h"
#include "net/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_int handled;

/* Says what it was asked; /slow takes 300 ms, /large answers with 16 MiB, /fail fails, /204 has no body. */
static enum hm_status echo(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			   struct hm_err *err)
{
	(void)service;
	atomic_fetch_add(&handled, 1);
	if (hm_str_is(req->path, "/slow"))
		usleep(300000);
	if (hm_str_is(req->path, "/fail"))
		return hm_fail(err, HM_R_TLOG_INDEX, "no such entry");
	if (hm_str_is(req->path, "/204")) {
		res->status = 204;
		return HM_OK;
	}
	if (hm_str_is(req->path, "/large")) {
		char *space = hm_buf_add_space(&res->body, 16 * HM_MIB);
		if (space)
			memset(space, 'x', 16 * HM_MIB);
		return HM_OK;
	}
	hm_http_add(&res->head, "X-Echo", HM_STR("yes"));
	hm_http_add(&res->head, "Set-Cookie", HM_STR("a"));
	hm_http_add(&res->head, "Set-Cookie", HM_STR("b"));
	hm_buf_addf(&res->body, "%.*s %.*s://%.*s%.*s?%.*s n=%zu body=%.*s", HM_STR_ARG(req->method),
		    HM_STR_ARG(req->scheme), HM_STR_ARG(req->host), HM_STR_ARG(req->path), HM_STR_ARG(req->query),
		    req->head.count, HM_STR_ARG(hm_buf_str(&req->body)));
	return hm_str_has_prefix(req->peer, HM_STR("127.0.0.1:")) ? HM_OK : hm_fail(err, HM_R_BUG, "no peer");
}

static struct hm_server *start(const struct hm_server_opts *more)
{
	struct hm_server_opts opts = *more;
	struct hm_server *server = NULL;
	struct hm_err err = { 0 };

	opts.address = opts.address ? opts.address : "127.0.0.1:0";
	opts.endpoint = (struct hm_http_endpoint){ echo, NULL };
	assert_ok(hm_server_start(&opts, &server, &err), &err);
	atomic_store(&handled, 0);
	return server;
}

static struct hm_client *make_client(void)
{
	static const struct hm_client_opts opts = { .no_environment = true, .attempts = 1 };
	struct hm_client *client = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_client_new(&opts, &client, &err), &err);
	return client;
}

static enum hm_status ask(struct hm_client *client, const struct hm_server *server, const char *method,
			  const char *path, struct hm_str body, struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	const struct hm_transport transport = hm_client_transport(client);
	char url[200];

	snprintf(url, sizeof(url), "%s%s", hm_server_origin(server), path);
	hm_http_request_init(&req, method, hm_str(url));
	if (body.ptr)
		hm_http_request_set_body(&req, "text/plain", body);
	return hm_transport_ask(&transport, &req, NULL, res, err);
}

static void test_echo(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *body;
		int status;
		const char *want; /* %s: the host */
	} rows[] = {
		{ "GET", "/a%20b?c=%2F", NULL, 200, "GET http://%s/a%%20b?c=%%2F n=2 body=" },
		{ "POST", "/", "abc", 200, "POST http://%s/? n=3 body=abc" },
		{ "PUT", "/x", "", 200, "PUT http://%s/x? n=3 body=" },
		{ "DELETE", "/x", NULL, 200, "DELETE http://%s/x? n=2 body=" },
		{ "PURGE", "/x", NULL, 200, "PURGE http://%s/x? n=2 body=" },
		{ "HEAD", "/x", NULL, 200, "" },
		{ "GET", "/204", NULL, 204, "" },
		{ "GET", "/fail", NULL, 400,
		  "{\"code\":400,\"message\":\"no such entry\",\"reason\":\"tlog.index\"}\n" },
	};
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		char want[300];
		assert_ok(ask(client, server, rows[i].method, rows[i].path, hm_str(rows[i].body), &res, &err), &err);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(want, sizeof(want), rows[i].want, strstr(hm_server_origin(server), "127"));
#pragma GCC diagnostic pop
		if (res.status != rows[i].status || !hm_str_is(hm_buf_str(&res.body), want))
			fail_msg("%s %s: %d %s, not %s", rows[i].method, rows[i].path, res.status, res.body.ptr, want);
		if (rows[i].status == 200) {
			assert_true(hm_str_is(hm_http_get(&res.head, "X-Echo"), "yes"));
			assert_true(hm_str_is(hm_http_get_at(&res.head, "Set-Cookie", 1), "b"));
			assert_non_null(hm_http_get(&res.head, "Date").ptr);
		}
		if (strcmp(rows[i].method, "HEAD") == 0)
			assert_true(res.content_length > 20);
	}
}

/* --- raw connections --- */

static int dial(const struct hm_server *server)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_port = htons((uint16_t)strtol(strrchr(hm_server_origin(server), ':') + 1, NULL, 10));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Read to the end, for at most timeout_ms; returns false when it has not come by then. */
static bool read_all(int fd, int timeout_ms, char *text, size_t size)
{
	const int64_t end_ns = hm_monotonic_ns() + timeout_ms * HM_NS_PER_MS;
	size_t len = 0;

	text[0] = '\0';
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left_ms = (end_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
			return false;
		ssize_t n = read(fd, text + len, size - 1 - len);
		if (n <= 0)
			return true;
		len += (size_t)n;
		text[len] = '\0';
		len = len > size / 2 ? size / 2 : len;
	}
}

static void test_bad_requests(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_str bytes;
		const char *want; /* how the answer begins; "" for any refusal or none */
	} rows[] = {
		{ "no Host", HM_STR("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400" },
		{ "two Hosts", HM_STR("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), "HTTP/1.1 400" },
		{ "odd Host", HM_STR("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "HTTP/1.1 400" },
		{ "dots", HM_STR("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400" },
		{ "escaped dots", HM_STR("GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400" },
		{ "bad escape", HM_STR("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400" },
		{ "another host", HM_STR("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 400" },
		{ "whole server", HM_STR("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 501" },
		{ "tunnel", HM_STR("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 501" },
		{ "length and chunks",
		  HM_STR(
		      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "HTTP/1.1 400" },
		{ "two lengths",
		  HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
		  "HTTP/1.1 400" },
		{ "odd length", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\na"), "" },
		{ "negative length", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na"), "" },
		{ "huge length", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na"),
		  "" },
		{ "coding", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
		  "HTTP/1.1 501" },
		{ "chunks in 1.0", HM_STR("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "" },
		{ "odd chunk", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "" },
		{ "version", HM_STR("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), "" },
		{ "no request", HM_STR("\x16\x03\x01\x02\r\n\r\n"), "" },
		{ "two types", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
		  "HTTP/1.1 400" },
		{ "too large", HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), "HTTP/1.1 413" },
		{ "too large, waits",
		  HM_STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n"),
		  "HTTP/1.1 413" },
	};
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ .max_body = 1000 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[8192];
		int fd = dial(server);
		assert_int_equal(write(fd, rows[i].bytes.ptr, rows[i].bytes.len), rows[i].bytes.len);
		/* in each case the connection is closed: nobody knows what comes next on it */
		bool has_ended = read_all(fd, 5000, text, sizeof(text));
		close(fd);
		if (!has_ended || strncmp(text, rows[i].want, strlen(rows[i].want)) != 0 ||
		    strncmp(text, "HTTP/1.1 2", 10) == 0)
			fail_msg("%s: %s", rows[i].name, text);
	}
	assert_int_equal(atomic_load(&handled), 0);
}

/* What is taken where nobody sets a limit. */
static void test_default_limits(void **state)
{
	(void)state;
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();

	/* several of the largest at once, or one client could keep all others out */
	assert_true(HM_MAX_SERVED_BODIES >= 16 * HM_MAX_SERVED_BODY);
	for (size_t more = 0; more < 2; more++) {
		HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(2 * HM_MAX_SERVED_BODY);
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		char *space = hm_buf_add_space(&body, HM_MAX_SERVED_BODY + more);
		assert_non_null(space);
		memset(space, 'x', HM_MAX_SERVED_BODY + more);
		enum hm_status st = ask(client, server, "PUT", "/204", hm_buf_str(&body), &res, &err);
		/* the refusal comes while the body is still being sent, so the connection may break before it is read
		 */
		if (more)
			assert_true((st == HM_OK && res.status == 413) || err.reason == HM_R_NET_BROKEN);
		else
			assert_true(st == HM_OK && res.status == 204);
	}
	assert_int_equal(atomic_load(&handled), 1);
}

static void send_chunks(int fd, size_t total)
{
	static const char head[] =
	    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
	char piece[110] = "64\r\n";

	memset(piece + 4, 'x', 100);
	memcpy(piece + 104, "\r\n", 2);
	if (write(fd, head, strlen(head)) < 0)
		return;
	for (size_t sent = 0; sent < total; sent += 100) {
		if (send(fd, piece, 106, MSG_NOSIGNAL) < 0)
			return;
	}
	if (send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL) < 0)
		return;
}

/* Chunks have no length that could be looked at: the limit is held while they come. */
static void test_chunks(void **state)
{
	(void)state;
	static const struct {
		size_t total;
		const char *want;
	} rows[] = {
		{ 1000, "HTTP/1.1 200" },
		{ 1100, "HTTP/1.1 413" },
		{ 2000, "HTTP/1.1 413" },
		{ 1000000, "" }, /* who goes on and on is not listened to */
	};
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ .max_body = 1000 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[8192];
		int fd = dial(server);
		send_chunks(fd, rows[i].total);
		bool has_ended = read_all(fd, 5000, text, sizeof(text));
		close(fd);
		if (!has_ended || strncmp(text, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("%zu: %s", rows[i].total, text);
	}
	assert_int_equal(atomic_load(&handled), 1);
}

/* Ask until the answer is this, for what other connections send arrives when it does; for at most some seconds. */
static int ask_until(struct hm_client *client, const struct hm_server *server, struct hm_str body, int status)
{
	int got = 0;

	for (int i = 0; i < 500 && got != status; i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		assert_ok(ask(client, server, "POST", "/", body, &res, &err), &err);
		got = res.status;
		usleep(got == status ? 0 : 10000);
	}
	return got;
}

/* Bodies of all requests together; where one ends there is room again. */
static void test_bodies_together(void **state)
{
	(void)state;
	HM_OWN(hm_server_stopp)
	struct hm_server *server = start(&(struct hm_server_opts){ .max_body = 1000, .max_bodies = 1500 });
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();
	static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
	char body[999];

	memset(body, 'x', sizeof(body));
	int fd = dial(server);
	assert_int_equal(write(fd, head, strlen(head)), strlen(head));
	assert_int_equal(write(fd, body, sizeof(body)), sizeof(body));
	assert_int_equal(ask_until(client, server, hm_str_of(body, sizeof(body)), 503), 503);
	close(fd);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_until(client, server, hm_str_of(body, sizeof(body)), 200), 200);
}

static void test_head_limits(void **state)
{
	(void)state;
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	static const struct {
		size_t header_len, count;
		const char *want;
	} rows[] = { { 60000, 1, "HTTP/1.1 200" },
		     { 200000, 1, "" },
		     { 10, 100, "HTTP/1.1 200" },
		     { 10, 130, "HTTP/1.1 431" } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		char text[80000];
		hm_buf_add_cstr(&buf, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
		for (size_t j = 0; j < rows[i].count; j++) {
			hm_buf_addf(&buf, "X-%zu: ", j);
			memset(hm_buf_add_space(&buf, rows[i].header_len), 'x', rows[i].header_len);
			hm_buf_add_cstr(&buf, "\r\n");
		}
		hm_buf_add_cstr(&buf, "\r\n");
		int fd = dial(server);
		if (send(fd, buf.ptr, buf.len, MSG_NOSIGNAL) < 0)
			perror("send");
		bool has_ended = read_all(fd, 5000, text, sizeof(text));
		close(fd);
		if (!has_ended || strncmp(text, rows[i].want, strlen(rows[i].want)) != 0 ||
		    (rows[i].want[0] == '\0' && strncmp(text, "HTTP/1.1 2", 10) == 0))
			fail_msg("row %zu: %.60s", i, text);
	}
}

/* One byte now and then keeps a connection from being silent, but not from being overdue. */
static void test_trickle(void **state)
{
	(void)state;
	static const struct {
		const char *name, *begin;
		char drop;
	} rows[] = {
		{ "nothing", "", '\0' },
		{ "first line", "GET /", 'x' },
		{ "headers", "GET / HTTP/1.1\r\nHost: a\r\nX: ", 'x' },
		{ "body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", 'x' },
		{ "second request", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /", 'x' },
	};
	HM_OWN(hm_server_stopp)
	struct hm_server *server = start(&(struct hm_server_opts){ .head_timeout_ms = 200, .body_timeout_ms = 300 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = dial(server);
		const int64_t begin_ns = hm_monotonic_ns();
		bool is_open = true;
		assert_int_equal(write(fd, rows[i].begin, strlen(rows[i].begin)), strlen(rows[i].begin));
		while (is_open && hm_monotonic_ns() - begin_ns < 3 * HM_NS_PER_S) {
			char text[4096];
			usleep(30000);
			if (rows[i].drop && send(fd, &rows[i].drop, 1, MSG_NOSIGNAL) < 0)
				is_open = false;
			struct pollfd p = { .fd = fd, .events = POLLIN };
			if (poll(&p, 1, 0) > 0 && read(fd, text, sizeof(text)) <= 0)
				is_open = false;
		}
		close(fd);
		if (is_open)
			fail_msg("%s: still open", rows[i].name);
	}
}

/* Who does not read the answer is not waited for either: when the server is stopped, nothing is under way any more. */
static void test_slow_reader(void **state)
{
	(void)state;
	struct hm_server *server = start(&(struct hm_server_opts){ .answer_timeout_ms = 200 });
	static const char question[] = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
	int fd = dial(server);

	assert_int_equal(write(fd, question, strlen(question)), strlen(question));
	usleep(800000);
	const int64_t begin_ns = hm_monotonic_ns();
	hm_server_stop(server);
	assert_in_range(hm_monotonic_ns() - begin_ns, 0, 3 * HM_NS_PER_S);
	assert_int_equal(atomic_load(&handled), 1);
	close(fd);
}

static enum hm_status ask_many(void *ctx, size_t i, struct hm_err *err)
{
	struct hm_server *server = ((void **)ctx)[0];
	struct hm_client *client = ((void **)ctx)[1];
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	char path[40], want[40];

	snprintf(path, sizeof(path), "/n%zu", i);
	snprintf(want, sizeof(want), "/n%zu?", i);
	enum hm_status st =
	    ask(client, server, i % 2 ? "GET" : "POST", path, i % 2 ? (struct hm_str){ 0 } : HM_STR("x"), &res, err);
	if (st == HM_OK && (res.status != 200 || hm_str_find(hm_buf_str(&res.body), hm_str(want)) < 0))
		st = hm_fail(err, HM_R_BUG, "%d %s", res.status, res.body.ptr);
	return st;
}

static void test_many_threads(void **state)
{
	(void)state;
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();
	void *both[] = { server, client };
	struct hm_err err = { 0 };

	assert_ok(hm_parallel(16, 800, ask_many, both, &err), &err);
	assert_int_equal(atomic_load(&handled), 800);
}

static void *ask_slow(void *ctx)
{
	struct hm_server *server = ctx;
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };

	return ask(client, server, "GET", "/slow", (struct hm_str){ 0 }, &res, NULL) == HM_OK && res.status == 200
		   ? "ok"
		   : NULL;
}

/* Stopping waits for what is under way, and does not wait for connections that only stand there. */
static void test_stop(void **state)
{
	(void)state;
	struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	pthread_t thread;
	void *result = NULL;
	int idle = dial(server);

	assert_int_equal(pthread_create(&thread, NULL, ask_slow, server), 0);
	while (atomic_load(&handled) == 0)
		usleep(1000);
	const int64_t begin_ns = hm_monotonic_ns();
	hm_server_stop(server);
	assert_in_range(hm_monotonic_ns() - begin_ns, 0, 2 * HM_NS_PER_S);
	pthread_join(thread, &result);
	assert_non_null(result);
	close(idle);
	assert_null(hm_server_stop(NULL));
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		enum hm_reason want;
	} rows[] = {
		{ "127.0.0.1:0", HM_R_OK },
		{ "[::1]:0", HM_R_OK },
		{ "127.0.0.1", HM_R_NET_ADDRESS },
		{ ":80", HM_R_NET_ADDRESS },
		{ "", HM_R_NET_ADDRESS },
		{ "127.0.0.1:", HM_R_NET_ADDRESS },
		{ "127.0.0.1:65536", HM_R_NET_ADDRESS },
		{ "localhost:0", HM_R_NET_ADDRESS },
		{ "::1:0", HM_R_NET_ADDRESS },
		{ "[127.0.0.1]:0", HM_R_NET_ADDRESS },
		{ "192.0.2.1:0", HM_R_NET_LISTEN },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_server_opts opts = { .address = rows[i].address, .endpoint = { echo, NULL } };
		struct hm_server *server = NULL;
		struct hm_err err = { 0 };
		enum hm_status st = hm_server_start(&opts, &server, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].address, st, &err, rows[i].want);
		hm_server_stop(server);
	}
	HM_OWN(hm_server_stopp) struct hm_server *server = start(&(struct hm_server_opts){ 0 });
	struct hm_server_opts opts = { .address = strstr(hm_server_origin(server), "127"), .endpoint = { echo, NULL } };
	struct hm_server *second = NULL;
	struct hm_err err = { 0 };
	assert_refused("in use", hm_server_start(&opts, &second, &err), &err, HM_R_NET_LISTEN);
}

static void note(void *ctx, const struct hm_http_request *req, const struct hm_http_response *res, enum hm_status st,
		 const struct hm_err *err, int64_t duration_ns)
{
	(void)req;
	(void)duration_ns;
	if (res->status == 400 && st != HM_OK && err && err->cause[0])
		atomic_fetch_add((atomic_int *)ctx, 1);
}

static void test_observer_sees_refusals(void **state)
{
	(void)state;
	atomic_int seen = 0;
	HM_OWN(hm_server_stopp)
	struct hm_server *server = start(&(struct hm_server_opts){ .observer = { note, &seen } });
	HM_OWN(hm_client_freep) struct hm_client *client = make_client();
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	struct hm_err err = { 0 };
	char text[4096];
	int fd = dial(server);

	static const char question[] = "GET /../ HTTP/1.1\r\nHost: a\r\n\r\n";
	assert_int_equal(write(fd, question, strlen(question)), strlen(question));
	assert_true(read_all(fd, 3000, text, sizeof(text)));
	close(fd);
	assert_ok(ask(client, server, "GET", "/fail", (struct hm_str){ 0 }, &res, &err), &err);
	assert_int_equal(atomic_load(&seen), 2);
}

static void test_bad_keys(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *dir = NULL;
	struct hm_server *server = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "net-", &dir, &err), &err);
	HM_OWN(hm_freep) char *pem = hm_asprintf("%s/x.pem", dir);
	assert_ok(hm_file_save(pem, HM_STR("-----BEGIN nonsense"), 0600, &err), &err);
	struct hm_server_opts opts = { .address = "127.0.0.1:0", .endpoint = { echo, NULL }, .tls_cert_file = pem };
	assert_refused("no key", hm_server_start(&opts, &server, &err), &err, HM_R_NET_KEY);
	opts.tls_key_file = pem;
	assert_refused("nonsense", hm_server_start(&opts, &server, &err), &err, HM_R_NET_KEY);
	opts.tls_key_file = "/nowhere";
	assert_refused("missing", hm_server_start(&opts, &server, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_ok(hm_tree_remove(dir, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_default_limits),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_bodies_together),
		cmocka_unit_test(test_head_limits),
		cmocka_unit_test(test_trickle),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_many_threads),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_observer_sees_refusals),
		cmocka_unit_test(test_bad_keys),
	};
	return cmocka_run_group_tests_name("net/server", tests, NULL, NULL);
}
