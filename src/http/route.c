#include "http/route.h"

#include "base/effects.h"
#include "base/own.h"
#include "http/url.h"

/* By reason, where HTTP has a status of its own for it. */
static const struct {
	enum hm_reason reason;
	int status;
} by_reason[] = {
	{ HM_R_HTTP_METHOD, 405 },         { HM_R_HTTP_MEDIA_TYPE, 415 },  { HM_R_HTTP_URL_TOO_LONG, 414 },
	{ HM_R_HTTP_HEAD_TOO_LARGE, 431 }, { HM_R_HTTP_UNSUPPORTED, 501 }, { HM_R_HTTP_BUSY, 503 },
	{ HM_R_INTERRUPTED, 503 },         { HM_R_PROC_TIMEOUT, 504 },
};

static const int by_status[] = {
	[HM_OK] = 200,        [HM_EINVAL] = 400, [HM_EPARSE] = 400, [HM_EVERIFY] = 400,
	[HM_EPOLICY] = 403,   [HM_EIO] = 500,    [HM_ENET] = 502,   [HM_ENOTFOUND] = 404,
	[HM_ECONFLICT] = 409, [HM_ELIMIT] = 413, [HM_ENOMEM] = 503, [HM_EBUG] = 500,
};

int hm_http_status_of(enum hm_status st, enum hm_reason reason)
{
	for (size_t i = 0; i < sizeof(by_reason) / sizeof(by_reason[0]); i++) {
		if (by_reason[i].reason == reason)
			return by_reason[i].status;
	}
	return by_status[st];
}

/* --- matching --- */

/* "{name}" or "{name...}"; ret_name without braces and dots. */
static bool is_param(struct hm_str segment, struct hm_str *ret_name, bool *ret_is_rest)
{
	if (segment.len < 3 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}')
		return false;
	struct hm_str name = hm_str_of(segment.ptr + 1, segment.len - 2);
	*ret_is_rest = hm_str_has_suffix(name, HM_STR("..."));
	*ret_name = *ret_is_rest ? hm_str_head(name, name.len - 3) : name;
	return true;
}

static bool add_param(struct hm_http_request *req, struct hm_str name, struct hm_str value)
{
	if (req->param_count == HM_HTTP_MAX_PARAMS)
		return false;
	req->params[req->param_count++] = (struct hm_http_param){ name, value };
	return true;
}

static bool match_segment(struct hm_http_request *req, struct hm_str pattern, struct hm_str segment)
{
	struct hm_str name;
	bool is_rest;

	if (is_param(pattern, &name, &is_rest))
		return segment.len > 0 && add_param(req, name, segment);
	return hm_str_eq(pattern, segment);
}

/* Take the last segment off. */
static bool cut_last(struct hm_str *path, struct hm_str *ret_segment)
{
	if (!path->ptr)
		return false;
	ptrdiff_t slash = hm_str_find_last_char(*path, '/');
	*ret_segment = hm_str_skip(*path, (size_t)(slash + 1));
	*path = slash < 0 ? (struct hm_str){ 0 } : hm_str_head(*path, (size_t)slash);
	return true;
}

/* From the right up to the pattern's {name...}, which takes what is left; that is at least one segment. */
static bool match_backwards(struct hm_http_request *req, struct hm_str pattern, struct hm_str path)
{
	struct hm_str want, have, name;
	bool is_rest;

	while (cut_last(&pattern, &want)) {
		if (!path.ptr)
			return false;
		if (is_param(want, &name, &is_rest) && is_rest)
			return !pattern.ptr && add_param(req, name, path);
		if (!cut_last(&path, &have) || !match_segment(req, want, have))
			return false;
	}
	return false;
}

/* Whether a path fits a pattern; the parameters are then in req, still percent-encoded. */
static bool match(struct hm_http_request *req, struct hm_str pattern)
{
	struct hm_str path = hm_str_skip(req->path, 1), want, have;

	req->param_count = 0;
	pattern = hm_str_skip(pattern, 1);
	for (;;) {
		struct hm_str name, here = pattern;
		bool is_rest = false;
		if (!hm_str_next(&pattern, '/', &want))
			return !path.ptr;
		if (is_param(want, &name, &is_rest) && is_rest)
			return match_backwards(req, here, path);
		if (!hm_str_next(&path, '/', &have) || !match_segment(req, want, have))
			return false;
	}
}

static bool is_method(const struct hm_http_request *req, const char *method)
{
	return hm_str_is(req->method, method) || (hm_str_is(req->method, "HEAD") && strcmp(method, "GET") == 0);
}

/* RFC 9110 10.2.1: the methods of all routes that match, each once; HEAD comes with GET. */
static enum hm_status refuse_method(const struct hm_http_router *router, struct hm_http_request *req,
				    struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf allow = hm_buf_init(256);

	for (size_t i = 0; i < router->count; i++) {
		const struct hm_http_route *r = &router->routes[i];
		bool is_known = false;
		if (!match(req, hm_str(r->pattern)))
			continue;
		for (size_t j = 0; j < i && !is_known; j++)
			is_known = strcmp(router->routes[j].method, r->method) == 0 &&
				   match(req, hm_str(router->routes[j].pattern));
		if (is_known)
			continue;
		hm_buf_addf(&allow, "%s%s%s", allow.len ? ", " : "", r->method,
			    strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
	}
	hm_http_set(&res->head, "Allow", hm_buf_str(&allow));
	return hm_fail(err, HM_R_HTTP_METHOD, "'%.*s' is not for %.*s", HM_STR_ARG(req->path), HM_STR_ARG(req->method));
}

static enum hm_status decode_params(struct hm_http_request *req, struct hm_arena *arena, struct hm_err *err)
{
	for (size_t i = 0; i < req->param_count; i++) {
		enum hm_status st = hm_url_decode(arena, req->params[i].value, false, &req->params[i].value, err);
		if (st != HM_OK)
			return st;
	}
	return HM_OK;
}

static enum hm_status run_route(const struct hm_http_route *route, void *service, struct hm_http_request *req,
				struct hm_http_response *res, struct hm_err *err)
{
	enum hm_status st = decode_params(req, &res->head.arena, err);

	if (st != HM_OK)
		return st;
	if (route->consumes && !hm_http_is_type(&req->head, route->consumes))
		return hm_fail(err, HM_R_HTTP_MEDIA_TYPE, "the Content-Type is '%.*s' and must be '%s'",
			       HM_STR_ARG(hm_str_head(hm_http_get(&req->head, "Content-Type"), 80)), route->consumes);
	return route->handle(service, req, res, err);
}

enum hm_status hm_http_route(const struct hm_http_router *router, void *service, const struct hm_http_request *request,
			     struct hm_http_response *response, struct hm_err *err)
{
	struct hm_http_request req = *request; /* borrows all of it; only the parameters are its own */
	struct hm_err own = { 0 };
	bool is_path_known = false;
	enum hm_status st = HM_ENOTFOUND;

	err = err ? err : &own;
	for (size_t i = 0; i < router->count; i++) {
		const struct hm_http_route *r = &router->routes[i];
		if (!match(&req, hm_str(r->pattern)))
			continue;
		is_path_known = true;
		if (!is_method(&req, r->method))
			continue;
		st = run_route(r, service, &req, response, err);
		if (st != HM_OK)
			hm_http_answer_failure(request, err, st, router->write_error, response);
		return st;
	}
	if (!is_path_known)
		return hm_fail(err, HM_R_HTTP_NO_ROUTE, "there is nothing at '%.*s'",
			       HM_STR_ARG(hm_str_head(req.path, 256)));
	st = refuse_method(router, &req, response, err);
	hm_http_answer_failure(request, err, st, router->write_error, response);
	return st;
}

enum hm_status hm_http_mux_handle(void *mux, const struct hm_http_request *request, struct hm_http_response *response,
				  struct hm_err *err)
{
	const struct hm_http_mux *m = mux;
	struct hm_err own = { 0 };

	err = err ? err : &own;
	for (size_t i = 0; i < m->count; i++) {
		enum hm_status st = m->endpoints[i].handle(m->endpoints[i].service, request, response, err);
		if (st != HM_ENOTFOUND || err->reason != HM_R_HTTP_NO_ROUTE)
			return st;
	}
	return hm_fail(err, HM_R_HTTP_NO_ROUTE, "there is nothing at '%.*s'",
		       HM_STR_ARG(hm_str_head(request->path, 256)));
}

/* --- answers --- */

/* What went wrong on our side names our files and peers: that is for our log, not for who asks. */
static struct hm_str tell(const struct hm_err *err, enum hm_status st, char *text, size_t size)
{
	if (st == HM_EIO || st == HM_ENET || st == HM_ENOMEM || st == HM_EBUG)
		return hm_str(hm_reason_text(err->reason));
	hm_err_text(err, text, size);
	return hm_str(text);
}

static void clear_response(struct hm_http_response *response)
{
	const size_t max = response->body.max;

	hm_http_response_done(response);
	hm_http_response_init(response, max);
}

void hm_http_answer_failure(const struct hm_http_request *request, const struct hm_err *err, enum hm_status st,
			    hm_http_error_writer writer, struct hm_http_response *response)
{
	char text[1024];

	if (response->head.failed != HM_R_OK || response->head.arena.status != HM_OK)
		clear_response(response);
	if (response->status < 400)
		response->status = hm_http_status_of(st, err->reason);
	hm_buf_clear(&response->body);
	(writer ? writer : hm_http_write_error)(request, err, tell(err, st, text, sizeof(text)), response);
	response->is_answered = true;
}

/* Whether what a handler made can be sent. */
static enum hm_status check_answer(const struct hm_http_request *request, const struct hm_http_response *response,
				   struct hm_err *err)
{
	const int status = response->status;

	if (status < 200 || status > 599)
		return hm_fail(err, HM_R_BUG, "'%.*s' was answered with status %d", HM_STR_ARG(request->path), status);
	if ((status == 204 || status == 304) && response->body.len > 0)
		return hm_fail(err, HM_R_BUG, "'%.*s' was answered with status %d and a body",
			       HM_STR_ARG(request->path), status);
	return hm_http_response_check(response, err);
}

enum hm_status hm_http_answer(const struct hm_http_endpoint *endpoint, const struct hm_http_request *request,
			      struct hm_http_response *response, struct hm_err *err)
{
	struct hm_err own = { 0 };

	err = err ? err : &own;
	enum hm_status st = endpoint->handle(endpoint->service, request, response, err);
	if (st == HM_OK) {
		response->status = response->status ? response->status : 200;
		st = check_answer(request, response, err);
		if (st == HM_OK)
			return HM_OK;
		/* whatever stuck, it is our mistake and not that of who asks */
		clear_response(response);
		response->status = st == HM_ENOMEM ? 503 : 500;
	}
	if (!response->is_answered)
		hm_http_answer_failure(request, err, st, NULL, response);
	if (check_answer(request, response, NULL) != HM_OK) {
		clear_response(response);
		response->status = 503;
	}
	return st;
}

void hm_http_answer_observed(const struct hm_http_endpoint *endpoint, const struct hm_http_observer *observer,
			     const struct hm_http_request *request, struct hm_http_response *response)
{
	const int64_t begin_ns = hm_monotonic_ns();
	struct hm_err err = { 0 };

	enum hm_status st = hm_http_answer(endpoint, request, response, &err);
	if (observer && observer->answered)
		observer->answered(observer->ctx, request, response, st, st == HM_OK ? NULL : &err,
				   hm_monotonic_ns() - begin_ns);
}

/* What came from outside and is repeated in an error need not be UTF-8, but JSON must. */
static struct hm_str as_utf8(struct hm_str text, char *copy, size_t size)
{
	if (hm_str_is_utf8(text))
		return text;
	text = hm_str_head(text, size);
	for (size_t i = 0; i < text.len; i++)
		copy[i] = (unsigned char)text.ptr[i] < 0x80 ? text.ptr[i] : '?';
	return hm_str_of(copy, text.len);
}

void hm_http_write_error(const struct hm_http_request *request, const struct hm_err *err, struct hm_str text,
			 struct hm_http_response *response)
{
	char copy[1024];
	struct hm_json_writer w = hm_http_answer_json(response, response->status);

	(void)request;
	hm_json_object(&w);
	hm_json_member_i64(&w, "code", response->status);
	hm_json_member_str(&w, "message", as_utf8(text, copy, sizeof(copy)));
	hm_json_member_cstr(&w, "reason", hm_reason_code(err->reason));
	hm_json_object_end(&w);
	hm_buf_add_char(&response->body, '\n');
}

struct hm_json_writer hm_http_answer_json(struct hm_http_response *response, int status)
{
	response->status = status;
	hm_http_set(&response->head, "Content-Type", HM_STR("application/json"));
	return hm_json_writer_init(&response->body, NULL);
}
