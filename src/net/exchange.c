/* One request and its answer, as libmicrohttpd brings it: head, body in pieces, end. */
#include "net/server_parts.h"

#include "base/effects.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct exchange {
	struct hm_str target; /* as sent; lies behind this struct */
	struct hm_http_request request;
	bool is_head_read, is_active, is_refused;
	size_t counted;         /* bytes of the body, counted in the server's sum */
	size_t dropped;         /* bytes that came behind the limit */
	enum hm_status refused; /* the body is read on, and the answer is this */
	struct hm_err err;
};

/* What libmicrohttpd says of a head. */
struct head {
	struct hm_http_head *head;
	struct hm_http_received received;
	struct hm_str length, coding;
	unsigned hosts, lengths, codings;
	enum hm_status st;
	struct hm_err *err;
};

static struct hm_connection *connection_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void set_timeout(struct hm_server *server, struct MHD_Connection *c, int64_t timeout_ms)
{
	struct hm_connection *connection = connection_of(c);

	if (connection)
		hm_server_set_deadline(server, connection,
				       timeout_ms < 0 ? INT64_MAX : hm_monotonic_ns() + timeout_ms * HM_NS_PER_MS);
}

void *hm_exchange_begin(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	const size_t len = strlen(uri);
	struct exchange *x = hm_calloc(1, sizeof(*x) + len + 1);

	(void)ctx;
	(void)connection;
	if (!x)
		return NULL;
	memcpy(x + 1, uri, len);
	x->target = hm_str_of(x + 1, len);
	return x;
}

/* --- the head --- */

static enum MHD_Result take_framing(void *ctx, enum MHD_ValueKind kind, const char *key, size_t key_len,
				    const char *value, size_t value_len)
{
	struct head *h = ctx;
	struct hm_str name = hm_str_of(key, key_len), text = hm_str_trim(hm_str_of(value ? value : "", value_len));

	(void)kind;
	if (hm_http_name_eq(name, HM_STR("Host"))) {
		h->hosts++;
		h->received.host = text;
	} else if (hm_http_name_eq(name, HM_STR("Content-Length"))) {
		h->lengths++;
		h->length = text;
	} else if (hm_http_name_eq(name, HM_STR("Transfer-Encoding"))) {
		h->codings++;
		h->coding = text;
	}
	return MHD_YES;
}

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *key, size_t key_len,
				   const char *value, size_t value_len)
{
	struct head *h = ctx;

	(void)kind;
	h->st =
	    hm_http_receive_header(h->head, hm_str_of(key, key_len), hm_str_of(value ? value : "", value_len), h->err);
	return h->st == HM_OK ? MHD_YES : MHD_NO;
}

/* RFC 9112 6.1 to 6.3, as http/wire.c has it: libmicrohttpd would take the last, or the first, or guess. */
static enum hm_status check_framing(const struct head *h, bool is_old, size_t max_body, struct hm_err *err)
{
	uint64_t length = 0;

	if (h->hosts > 1)
		return hm_fail(err, HM_R_HTTP_HEADER, "there is a second Host");
	if (h->lengths > 1 || (h->lengths == 1 && !hm_str_to_u64(h->length, &length)))
		return hm_fail(err, HM_R_HTTP_HEADER, "Content-Length is not one number");
	if (h->codings > 0 && (h->lengths > 0 || is_old))
		return hm_fail(err, HM_R_HTTP_SYNTAX, "a length and chunks, or chunks in HTTP/1.0");
	if (h->codings > 1 || (h->codings == 1 && !hm_http_name_eq(h->coding, HM_STR("chunked"))))
		return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "the transfer coding '%.*s'",
			       HM_STR_ARG(hm_str_head(h->coding, 80)));
	if (length > max_body)
		return hm_fail(err, HM_R_HTTP_TOO_LARGE, "the body is over its limit of %zu bytes", max_body);
	return HM_OK;
}

static struct hm_str peer_of(struct MHD_Connection *c, struct hm_arena *arena)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN];

	if (addr && addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)addr;
		if (inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)))
			return hm_arena_printf(arena, "%s:%u", text, (unsigned)ntohs(in->sin_port));
	}
	if (addr && addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)addr;
		if (inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text)))
			return hm_arena_printf(arena, "[%s]:%u", text, (unsigned)ntohs(in->sin6_port));
	}
	return (struct hm_str){ 0 };
}

static enum hm_status read_head(struct hm_server *server, struct MHD_Connection *c, const char *method,
				const char *version, struct exchange *x)
{
	struct head h = { .err = &x->err };
	const bool is_old = strcmp(version, "HTTP/1.0") == 0;

	x->request.body = hm_buf_init(0);
	MHD_get_connection_values_n(c, MHD_HEADER_KIND, take_framing, &h);
	h.received.method = hm_str(method);
	h.received.target = x->target;
	h.received.is_https = server->opts.tls_cert_file != NULL;
	h.received.max_body = server->opts.max_body;
	h.head = &x->request.head;
	enum hm_status st = hm_http_receive_request(&x->request, &h.received, &x->err);
	if (st == HM_OK && !is_old && strcmp(version, "HTTP/1.1") != 0)
		st = hm_fail(&x->err, HM_R_HTTP_UNSUPPORTED, "the version '%.20s'", version);
	if (st == HM_OK)
		st = check_framing(&h, is_old, server->opts.max_body, &x->err);
	if (st != HM_OK)
		return st;
	x->request.peer = peer_of(c, &x->request.head.arena);
	MHD_get_connection_values_n(c, MHD_HEADER_KIND, take_header, &h);
	return h.st;
}

/* --- the body --- */

/* A piece of the body. Behind a limit it is read on, for the answer is only heard when the question has ended. */
static enum MHD_Result take_body(struct hm_server *server, struct exchange *x, const char *data, size_t len)
{
	const size_t total = atomic_fetch_add(&server->body_bytes, len) + len;

	x->counted += len;
	if (!x->is_refused && total > server->opts.max_bodies) {
		x->refused = hm_fail(&x->err, HM_R_HTTP_BUSY, "more is being sent at once than there is room for");
		x->is_refused = true;
	}
	if (!x->is_refused) {
		hm_buf_add(&x->request.body, data, len);
		if (x->request.body.status == HM_ELIMIT)
			x->refused = hm_fail(&x->err, HM_R_HTTP_TOO_LARGE, "the body is over its limit of %zu bytes",
					     server->opts.max_body);
		else if (x->request.body.status != HM_OK)
			x->refused = hm_fail(&x->err, HM_R_NO_MEMORY, "read a body");
		x->is_refused = x->request.body.status != HM_OK;
	}
	if (x->is_refused) {
		/* what was read is not needed any more, and its room is */
		hm_buf_done(&x->request.body);
		atomic_fetch_sub(&server->body_bytes, x->counted);
		x->counted = 0;
		x->dropped += len;
	}
	return x->dropped <= server->opts.max_body ? MHD_YES : MHD_NO;
}

/* --- the answer --- */

static bool add_headers(struct MHD_Response *out, const struct hm_http_head *head)
{
	for (size_t i = 0; i < head->count; i++) {
		if (MHD_add_response_header(out, head->v[i].name.ptr, head->v[i].value.ptr) != MHD_YES)
			return false;
	}
	return true;
}

/* Hands the body over; libmicrohttpd frees it. */
static struct MHD_Response *make_response(struct hm_http_response *res)
{
	struct hm_buf body = hm_buf_take(&res->body);
	struct MHD_Response *out =
	    body.ptr ? MHD_create_response_from_buffer_with_free_callback(body.len, body.ptr, free)
		     : MHD_create_response_from_buffer(0, (char *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);

	if (!out)
		hm_buf_done(&body);
	return out;
}

static enum MHD_Result send_response(struct hm_server *server, struct MHD_Connection *c, struct hm_http_response *res,
				     bool closes)
{
	struct MHD_Response *out = make_response(res);

	if (!out)
		return MHD_NO;
	enum MHD_Result done = MHD_NO;
	if (add_headers(out, &res->head) &&
	    (!closes || MHD_add_response_header(out, "Connection", "close") == MHD_YES)) {
		set_timeout(server, c, server->opts.answer_timeout_ms);
		done = MHD_queue_response(c, (unsigned)res->status, out);
	}
	MHD_destroy_response(out);
	return done;
}

/* A request that no handler sees: its answer, and the connection's end, for nobody knows what comes next on it. */
static enum MHD_Result refuse(struct hm_server *server, struct MHD_Connection *c, struct exchange *x, enum hm_status st)
{
	const struct hm_http_observer *observer = &server->opts.observer;
	HM_OWN(hm_http_response_done) struct hm_http_response res;

	hm_http_response_init(&res, HM_MAX_HTTP_BODY);
	hm_http_answer_failure(&x->request, &x->err, st, NULL, &res);
	if (hm_http_response_check(&res, NULL) != HM_OK)
		return MHD_NO;
	if (observer->answered)
		observer->answered(observer->ctx, &x->request, &res, st, &x->err, 0);
	return send_response(server, c, &res, true);
}

static enum MHD_Result answer(struct hm_server *server, struct MHD_Connection *c, struct exchange *x)
{
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };

	if (x->is_refused)
		return refuse(server, c, x, x->refused);
	set_timeout(server, c, -1);
	hm_http_response_init(&res, HM_MAX_HTTP_BODY);
	hm_http_answer_observed(&server->opts.endpoint, &server->opts.observer, &x->request, &res);
	return send_response(server, c, &res, false);
}

enum MHD_Result hm_exchange_step(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
				 const char *version, const char *data, size_t *size, void **exchange)
{
	struct hm_server *server = ctx;
	struct exchange *x = *exchange;

	(void)url;
	if (!x)
		return MHD_NO;
	if (!x->is_head_read) {
		x->is_head_read = x->is_active = true;
		atomic_fetch_add(&server->active, 1);
		enum hm_status st = read_head(server, connection, method, version, x);
		if (st != HM_OK)
			return refuse(server, connection, x, st);
		set_timeout(server, connection, server->opts.body_timeout_ms);
		return MHD_YES;
	}
	if (*size > 0) {
		enum MHD_Result done = take_body(server, x, data, *size);
		*size = 0;
		return done;
	}
	return answer(server, connection, x);
}

void hm_exchange_end(void *ctx, struct MHD_Connection *connection, void **exchange, enum MHD_RequestTerminationCode why)
{
	struct hm_server *server = ctx;
	struct exchange *x = *exchange;

	(void)why;
	if (!x)
		return;
	set_timeout(server, connection, server->opts.head_timeout_ms);
	atomic_fetch_sub(&server->body_bytes, x->counted);
	if (x->is_active)
		atomic_fetch_sub(&server->active, 1);
	hm_http_request_done(&x->request);
	free(x);
	*exchange = NULL;
}
