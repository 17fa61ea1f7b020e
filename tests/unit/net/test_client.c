/* The client against servers that say exactly what a test wants, byte by byte. */
#include "unit.h"

#include "base/effects.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/time.h"
#include "http/date.h"
#include "net/client.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server that answers the n-th connection with the n-th text, the last one for ever; NULL closes at once. */
struct script {
	const char *answers[8];
	int count;
	int fd;
	uint16_t port;
	pthread_t thread;
	atomic_int connections;
	char asked[8][4096]; /* what came, a connection each */
};

static void read_question(int fd, char *text, size_t size)
{
	size_t len = 0;
	const char *end;

	while (len < size - 1) {
		ssize_t n = read(fd, text + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		const char *length = strstr(text, "Content-Length: ");
		if (end && len >= (size_t)(end + 4 - text) + (length ? (size_t)strtol(length + 16, NULL, 10) : 0))
			break;
	}
	text[len] = '\0';
}

static void *play(void *ctx)
{
	struct script *s = ctx;

	for (;;) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		int n = atomic_fetch_add(&s->connections, 1);
		const char *answer = s->answers[n < s->count ? n : s->count - 1];
		if (answer) {
			read_question(fd, s->asked[n < 8 ? n : 7], sizeof(s->asked[0]));
			if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
				perror("send");
			if (strstr(answer, "STALL"))
				usleep(3000000);
		}
		close(fd);
	}
}

static void start(struct script *s)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	for (s->count = 0; s->count < 8 && s->answers[s->count]; s->count++)
		;
	s->count = s->count ? s->count : 1;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(s->fd, 50), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&addr, &len), 0);
	s->port = ntohs(addr.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, play, s), 0);
}

static void stop(struct script *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static const struct hm_client_opts quick = { .no_environment = true, .retry_wait_ms = 1 };

static enum hm_status ask(struct hm_client *client, const struct script *s, const char *method, const char *body,
			  const struct hm_ask_opts *opts, struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	const struct hm_transport transport = hm_client_transport(client);
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/a%%20b?token=secret", s->port);
	hm_http_request_init(&req, method, hm_str(url));
	hm_http_add(&req.head, "X-Empty", HM_STR(""));
	if (body)
		hm_http_request_set_body(&req, "text/plain", hm_str(body));
	return hm_transport_ask(&transport, &req, opts, res, err);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void test_what_is_sent(void **state)
{
	(void)state;
	static const struct {
		const char *method, *body, *want, *want_not;
	} rows[] = {
		{ "GET", NULL, "GET /a%20b?token=secret HTTP/1.1\r\nHost: 127.0.0.1:", "Content-" },
		{ "GET", NULL, "User-Agent: hallmark\r\n", "Expect" },
		{ "GET", NULL, "X-Empty:\r\n", "X-Empty;" },
		{ "POST", "abc", "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc", "form" },
		{ "POST", NULL, "Content-Length: 0\r\n", "Content-Type" },
		{ "PUT", "abc", "PUT /a%20b", "Expect" },
		{ "DELETE", NULL, "DELETE /a%20b", "Content-Type" },
		{ "PATCH", "x", "PATCH /a%20b", "chunked" },
	};
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	struct hm_err err = { 0 };
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct script s = { .answers = { OK } };
		start(&s);
		assert_ok(ask(client, &s, rows[i].method, rows[i].body, NULL, &res, &err), &err);
		stop(&s);
		assert_true(res.status == 200 && hm_str_is(hm_buf_str(&res.body), "hi"));
		if (!strstr(s.asked[0], rows[i].want) || strstr(s.asked[0], rows[i].want_not))
			fail_msg("%s", s.asked[0]);
	}
}

static void test_answers(void **state)
{
	(void)state;
	static const struct {
		const char *name, *method, *answer;
		enum hm_reason want;
		const char *body;
	} rows[] = {
		{ "chunks", "GET",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n", HM_R_OK,
		  "hi" },
		{ "to the end", "GET", "HTTP/1.1 200 OK\r\n\r\nhi", HM_R_OK, "hi" },
		{ "interim", "GET", "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" OK, HM_R_OK, "hi" },
		{ "HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", HM_R_OK, "" },
		{ "error", "GET", "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nhi", HM_R_OK, "hi" },
		{ "limit", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", HM_R_OK, "0123456789" },
		{ "over it", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", HM_R_HTTP_TOO_LARGE,
		  NULL },
		{ "over it, unsaid", "GET", "HTTP/1.1 200 OK\r\n\r\n01234567890", HM_R_HTTP_TOO_LARGE, NULL },
		{ "another protocol", "GET", "SSH-2.0-OpenSSH_9.2\r\n", HM_R_HTTP_SYNTAX, NULL },
		{ "two types", "GET", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
		  HM_R_HTTP_HEADER, NULL },
		{ "no header", "GET", "HTTP/1.1 200 OK\r\nno header\r\n\r\n", HM_R_HTTP_SYNTAX, NULL },
		{ "cut", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", HM_R_NET_BROKEN, NULL },
		{ "cut chunks", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", HM_R_NET_BROKEN,
		  NULL },
		{ "nothing", "POST", "", HM_R_NET_BROKEN, NULL },
		{ "stalls", "GET", "HTTP/1.1 200 OK\r\nX: STALL\r\nContent-Length: 9\r\n\r\nhi", HM_R_HTTP_TIMEOUT,
		  NULL },
	};
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	struct hm_err err = { 0 };
	const struct hm_ask_opts opts = { .max_response = 10, .timeout_ms = 500 };
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct script s = { .answers = { rows[i].answer } };
		start(&s);
		enum hm_status st = ask(client, &s, rows[i].method, NULL, &opts, &res, &err);
		stop(&s);
		if (rows[i].want == HM_R_OK) {
			assert_ok(st, &err);
			assert_true(hm_str_is(hm_buf_str(&res.body), rows[i].body));
			assert_null(hm_http_get(&res.head, "X-Early").ptr);
			assert_null(hm_http_get(&res.head, "X-T").ptr);
			assert_int_equal(res.content_length, strcmp(rows[i].method, "HEAD") == 0 ? 77 : 0);
			continue;
		}
		assert_refused(rows[i].name, st, &err, rows[i].want);
		assert_null(strstr(err.cause, "secret"));
	}
}

/* The host stands in each error, and the reason. */
static void test_unreachable(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		enum hm_reason want;
	} rows[] = {
		{ "http://127.0.0.1:1/", HM_R_NET_CONNECT },
		{ "http://nowhere.invalid/", HM_R_NET_RESOLVE },
	};
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	struct hm_err err = { 0 };
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_transport transport = hm_client_transport(client);
		HM_OWN(hm_buf_done) struct hm_buf body = { 0 };
		assert_refused(rows[i].url, hm_transport_get(&transport, hm_str(rows[i].url), NULL, NULL, &body, &err),
			       &err, rows[i].want);
		assert_non_null(strstr(err.cause, rows[i].url));
	}
}

static void test_retries(void **state)
{
	(void)state;
#define BUSY  "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
#define LATER "HTTP/1.1 429 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
#define MUCH  "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
	static const struct {
		const char *name, *method;
		bool is_idempotent;
		const char *answers[6];
		int connections, status; /* status 0: a failure */
	} rows[] = {
		{ "second is good", "GET", false, { BUSY, OK }, 2, 200 },
		{ "fourth is good", "GET", false, { BUSY, "", "HTTP/1.1 502 x\r\n\r\n", OK }, 4, 200 },
		{ "never good", "GET", false, { BUSY, BUSY, BUSY, "HTTP/1.1 504 x\r\n\r\n", OK }, 4, 504 },
		{ "never there", "GET", false, { "", "", "", "", OK }, 4, 0 },
		{ "cut, then good", "PUT", false, { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", OK }, 2, 200 },
		{ "other errors", "GET", false, { "HTTP/1.1 500 x\r\n\r\n", OK }, 1, 500 },
		{ "not found", "GET", false, { "HTTP/1.1 404 x\r\n\r\n", OK }, 1, 404 },
		{ "malformed", "GET", false, { "nonsense\r\n", OK }, 1, 0 },
		{ "POST", "POST", false, { BUSY, OK }, 1, 503 },
		{ "broken POST", "POST", false, { "", OK }, 1, 0 },
		{ "POST that may", "POST", true, { BUSY, "", OK }, 3, 200 },
		{ "wait as told", "GET", false, { LATER, OK }, 2, 200 },
		{ "told too long", "GET", false, { MUCH, OK }, 1, 503 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_client_freep) struct hm_client *client = NULL;
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		const struct hm_ask_opts opts = { .is_idempotent = rows[i].is_idempotent, .timeout_ms = 5000 };
		struct script s = { 0 };
		struct hm_err err = { 0 };
		memcpy(s.answers, rows[i].answers, sizeof(rows[i].answers));
		assert_ok(hm_client_new(&quick, &client, &err), &err);
		start(&s);
		const int64_t begin_ns = hm_monotonic_ns();
		enum hm_status st = ask(client, &s, rows[i].method, NULL, &opts, &res, &err);
		const int64_t took_ns = hm_monotonic_ns() - begin_ns;
		stop(&s);
		if ((st == HM_OK ? res.status : 0) != rows[i].status || s.connections != rows[i].connections)
			fail_msg("%s: status %d after %d connections: %s", rows[i].name, res.status, s.connections,
				 err.cause);
		if (strcmp(rows[i].name, "wait as told") == 0)
			assert_in_range(took_ns, HM_NS_PER_S, 4 * HM_NS_PER_S);
		else
			assert_in_range(took_ns, 0, 3 * HM_NS_PER_S);
	}
}

/* What does not fit the time any more is not waited for. */
static void test_retry_after_date(void **state)
{
	(void)state;
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	const struct hm_ask_opts opts = { .timeout_ms = 1000 };
	struct hm_err err = { 0 };
	char date[HM_HTTP_DATE_LEN], answer[200];

	hm_http_date_write(hm_now_s(hm_effects_system()) + 5, date);
	snprintf(answer, sizeof(answer), "HTTP/1.1 503 Busy\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
	struct script s = { .answers = { answer, OK } };
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	start(&s);
	assert_ok(ask(client, &s, "GET", NULL, &opts, &res, &err), &err);
	stop(&s);
	assert_true(res.status == 503 && s.connections == 1);
}

static void *set_stop(void *ctx)
{
	usleep(100000);
	atomic_store((atomic_bool *)ctx, true);
	return NULL;
}

static void test_interrupted(void **state)
{
	(void)state;
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nX: STALL\r\nContent-Length: 9\r\n\r\nhi",
					       "HTTP/1.1 503 x\r\nRetry-After: 2\r\n\r\n" };
	for (size_t i = 0; i < COUNT(answers); i++) {
		atomic_bool stopped = false;
		const struct hm_client_opts opts = { .no_environment = true, .stop = &stopped };
		HM_OWN(hm_client_freep) struct hm_client *client = NULL;
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct script s = { .answers = { answers[i] } };
		struct hm_err err = { 0 };
		pthread_t thread;
		assert_ok(hm_client_new(&opts, &client, &err), &err);
		start(&s);
		assert_int_equal(pthread_create(&thread, NULL, set_stop, &stopped), 0);
		const int64_t begin_ns = hm_monotonic_ns();
		assert_refused("stopped", ask(client, &s, "GET", NULL, NULL, &res, &err), &err, HM_R_INTERRUPTED);
		assert_in_range(hm_monotonic_ns() - begin_ns, 0, 2 * HM_NS_PER_S);
		pthread_join(thread, NULL);
		stop(&s);
	}
}

static void test_options(void **state)
{
	(void)state;
	static const struct hm_client_opts rows[] = { { .ca_file = "/nowhere/ca.pem" }, { .ca_dir = "/nowhere" } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_client *client = NULL;
		struct hm_err err = { 0 };
		assert_refused("ca", hm_client_new(&rows[i], &client, &err), &err, HM_R_FILE_NOT_FOUND);
		assert_null(client);
	}
	setenv("SSL_CERT_FILE", "/nowhere/ca.pem", 1);
	struct hm_client *client = NULL;
	struct hm_err err = { 0 };
	assert_refused("environment", hm_client_new(NULL, &client, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	hm_client_free(client);
	unsetenv("SSL_CERT_FILE");
}

static void test_head_limit(void **state)
{
	(void)state;
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	hm_buf_add_cstr(&text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i <= HM_MAX_HTTP_HEADERS; i++)
		hm_buf_addf(&text, "X-%d: y\r\n", i);
	hm_buf_add_cstr(&text, "\r\n");
	struct script s = { .answers = { text.ptr } };
	assert_ok(hm_client_new(&quick, &client, &err), &err);
	start(&s);
	assert_refused("headers", ask(client, &s, "GET", NULL, NULL, &res, &err), &err, HM_R_HTTP_HEAD_TOO_LARGE);
	stop(&s);
}

static void test_no_memory(void **state)
{
	(void)state;
	struct script s = { .answers = { OK } };
	start(&s);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_client_freep) struct hm_client *client = NULL;
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_client_new(&quick, &client, &err);
		if (st == HM_OK)
			st = ask(client, &s, "POST", "abc", NULL, &res, &err);
		if (walk_is_over(st, &err))
			break;
	}
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent),     cmocka_unit_test(test_answers),
		cmocka_unit_test(test_unreachable),      cmocka_unit_test(test_retries),
		cmocka_unit_test(test_retry_after_date), cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_options),          cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("net/client", tests, NULL, NULL);
}
