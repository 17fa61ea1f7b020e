#include "http/transport.h"

#include "base/effects.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "http/url.h"
#include "http/wire.h"

/* What a server's own words in an error may take. */
enum { max_told = 300 };

static void add_url(const struct hm_http_request *req, struct hm_buf *text)
{
	hm_buf_add_str(text, req->scheme);
	hm_buf_add_cstr(text, "://");
	hm_buf_add_str(text, req->host);
	hm_buf_add_str(text, req->path);
	if (req->query.ptr) {
		hm_buf_add_char(text, '?');
		hm_buf_add_str(text, req->query);
	}
}

/* --- redirects --- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_get(const struct hm_http_request *req)
{
	return hm_str_is(req->method, "GET") || hm_str_is(req->method, "HEAD");
}

static enum hm_status refuse_redirect(struct hm_err *err, const struct hm_http_request *req, struct hm_str to,
				      const char *why)
{
	return hm_fail(err, HM_R_HTTP_REDIRECT, "%.*s sends us to '%.*s': %s", HM_STR_ARG(req->host),
		       HM_STR_ARG(hm_str_head(to, 256)), why);
}

/* Where the answer leads, checked against what the caller allows. */
static enum hm_status redirect_target(const struct hm_http_request *req, struct hm_str location,
				      enum hm_redirects allowed, struct hm_buf *text, bool *ret_leaves,
				      struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf from_text = hm_buf_init(2 * HM_MAX_URL);
	struct hm_url from, to;

	if (!location.ptr)
		return refuse_redirect(err, req, HM_STR(""), "there is no Location");
	add_url(req, &from_text);
	enum hm_status st = hm_buf_check(&from_text, "a URL", err);
	if (st == HM_OK)
		st = hm_url_parse(hm_buf_str(&from_text), &from, err);
	if (st == HM_OK)
		st = hm_url_resolve(&from, location, text, err);
	if (st == HM_OK)
		st = hm_url_parse(hm_buf_str(text), &to, err);
	if (st == HM_EPARSE || st == HM_ELIMIT)
		return refuse_redirect(err, req, location, "that is no URL that we accept");
	if (st != HM_OK)
		return st;
	*ret_leaves = !hm_url_is_same_origin(&from, &to);
	if (*ret_leaves && allowed == HM_REDIRECT_SAME_ORIGIN)
		return refuse_redirect(err, req, location, "another origin");
	if (from.is_https && !to.is_https)
		return refuse_redirect(err, req, location, "from https to http");
	return HM_OK;
}

static bool is_for_one_origin(struct hm_str name)
{
	return hm_http_name_eq(name, HM_STR("Authorization")) || hm_http_name_eq(name, HM_STR("Cookie")) ||
	       hm_http_name_eq(name, HM_STR("Proxy-Authorization"));
}

/* The same question to another place. RFC 9110 15.4: 303 asks with GET, as does 301 or 302 after POST by old custom. */
static enum hm_status make_next(const struct hm_http_request *req, int status, struct hm_str url, bool leaves,
				struct hm_http_request *ret_next, struct hm_err *err)
{
	bool to_get = !is_get(req) && (status == 303 || (hm_str_is(req->method, "POST") && status <= 302));
	HM_OWN(hm_freep) char *method = NULL;

	enum hm_status st = hm_str_dup(to_get ? HM_STR("GET") : req->method, &method, err);
	if (st != HM_OK)
		return st;
	hm_http_request_init(ret_next, method, url);
	for (size_t i = 0; i < req->head.count; i++) {
		const struct hm_http_header *h = &req->head.v[i];
		if (leaves && is_for_one_origin(h->name))
			continue;
		if (to_get && hm_http_name_eq(hm_str_head(h->name, 8), HM_STR("Content-")))
			continue;
		hm_http_add_str(&ret_next->head, h->name, h->value);
	}
	if (!to_get)
		hm_buf_add_str(&ret_next->body, hm_buf_str(&req->body));
	return HM_OK;
}

static enum hm_status check_time(int64_t deadline_ns, const struct hm_http_request *req, struct hm_err *err)
{
	if (hm_monotonic_ns() < deadline_ns)
		return HM_OK;
	return hm_fail(err, HM_R_HTTP_TIMEOUT, "%.*s did not answer in time", HM_STR_ARG(req->host));
}

enum hm_status hm_transport_ask(const struct hm_transport *transport, const struct hm_http_request *request,
				const struct hm_ask_opts *opts, struct hm_http_response *ret_response,
				struct hm_err *err)
{
	struct hm_ask_opts o = opts ? *opts : (struct hm_ask_opts){ 0 };
	HM_OWN(hm_http_request_done) struct hm_http_request own = { 0 };
	const struct hm_http_request *req = request;

	o.timeout_ms = o.timeout_ms > 0 ? o.timeout_ms : HM_HTTP_TIMEOUT_MS;
	o.max_response = o.max_response ? o.max_response : HM_MAX_HTTP_BODY;
	const int64_t deadline_ns = hm_monotonic_ns() + o.timeout_ms * HM_NS_PER_MS;
	for (int hops = 0;; hops++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf url = hm_buf_init(2 * HM_MAX_URL);
		bool leaves = false;
		enum hm_status st = hm_http_request_check(req, err);
		if (st == HM_OK)
			st = transport->ask(transport->ctx, req, &o, &res, err);
		if (st == HM_OK)
			st = check_time(deadline_ns, req, err);
		if (st != HM_OK)
			return st;
		if (!is_redirect(res.status) || o.redirects == HM_REDIRECT_NEVER) {
			*ret_response = res;
			res = (struct hm_http_response){ 0 };
			return HM_OK;
		}
		struct hm_str location = hm_http_get(&res.head, "Location");
		if (hops == HM_MAX_HTTP_REDIRECTS)
			return refuse_redirect(err, req, location, "that is one redirect too many");
		st = redirect_target(req, location, o.redirects, &url, &leaves, err);
		if (st != HM_OK)
			return st;
		struct hm_http_request next;
		st = make_next(req, res.status, hm_buf_str(&url), leaves, &next, err);
		if (st != HM_OK)
			return st;
		hm_http_request_done(&own);
		own = next;
		req = &own;
		o.timeout_ms = (deadline_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		o.timeout_ms = o.timeout_ms > 0 ? o.timeout_ms : 1;
	}
}

/* --- answers as errors --- */

/* What the server said, as far as it can be shown on one line. */
static struct hm_str told(const struct hm_http_response *response, char *text)
{
	struct hm_str body = hm_str_trim(hm_str_head(hm_buf_str(&response->body), max_told));
	size_t len = 0;

	for (size_t i = 0; i < body.len; i++) {
		char c = body.ptr[i];
		text[len++] = c >= 0x20 && c < 0x7f ? c : ' ';
	}
	return hm_str_of(text, len);
}

static enum hm_reason reason_of(int status)
{
	switch (status) {
	case 404:
	case 410:
		return HM_R_HTTP_NOT_FOUND;
	case 401:
	case 403:
		return HM_R_HTTP_DENIED;
	case 409:
		return HM_R_HTTP_CONFLICT;
	case 429:
	case 503:
		return HM_R_HTTP_BUSY;
	default:
		return status >= 400 && status < 500 ? HM_R_HTTP_REFUSED : HM_R_HTTP_ANSWER;
	}
}

enum hm_status hm_http_expect(const struct hm_http_request *request, const struct hm_http_response *response,
			      int status, const char *type, struct hm_err *err)
{
	char text[max_told];
	bool is_wanted = status ? response->status == status : response->status >= 200 && response->status <= 299;

	if (!is_wanted) {
		struct hm_str said = told(response, text);
		return hm_fail(err, reason_of(response->status), "%.*s %.*s://%.*s%.*s: %d %s%s%.*s",
			       HM_STR_ARG(request->method), HM_STR_ARG(request->scheme), HM_STR_ARG(request->host),
			       HM_STR_ARG(hm_str_head(request->path, 120)), response->status,
			       hm_http_status_text(response->status), said.len > 0 ? ": " : "", HM_STR_ARG(said));
	}
	if (type && !hm_http_is_type(&response->head, type))
		return hm_fail(
		    err, HM_R_HTTP_ANSWER, "%.*s://%.*s%.*s: the answer's Content-Type is '%.*s' and not '%s'",
		    HM_STR_ARG(request->scheme), HM_STR_ARG(request->host), HM_STR_ARG(hm_str_head(request->path, 120)),
		    HM_STR_ARG(hm_str_head(hm_http_get(&response->head, "Content-Type"), 80)), type);
	return HM_OK;
}

enum hm_status hm_transport_get(const struct hm_transport *transport, struct hm_str url, const char *accept,
				const struct hm_ask_opts *opts, struct hm_buf *ret_body, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };

	hm_http_request_init(&req, "GET", url);
	if (accept)
		hm_http_set(&req.head, "Accept", hm_str(accept));
	enum hm_status st = hm_transport_ask(transport, &req, opts, &res, err);
	if (st == HM_OK)
		st = hm_http_expect(&req, &res, 200, NULL, err);
	if (st != HM_OK)
		return st;
	*ret_body = hm_buf_take(&res.body);
	return HM_OK;
}

/* --- handlers of this process --- */

/* The handler's side: bytes in, bytes out. */
static enum hm_status serve(const struct hm_local *local, const struct hm_http_endpoint *endpoint, struct hm_str bytes,
			    bool is_https, struct hm_buf *answer, struct hm_err *err)
{
	const size_t max_body = local->max_body ? local->max_body : HM_MAX_HTTP_BODY;
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct hm_err why = { 0 };

	hm_http_response_init(&res, SIZE_MAX);
	enum hm_status st = hm_http_parse_request(bytes, is_https, max_body, &req, &why);
	if (st == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "read a request");
	if (st != HM_OK)
		hm_http_answer_failure(&req, &why, st, NULL, &res);
	else
		hm_http_answer_observed(endpoint, &local->observer, &req, &res);
	return hm_http_render_response(&res, hm_str_is(req.method, "HEAD"), answer, err);
}

static enum hm_status ask_local(void *ctx, const struct hm_http_request *request, const struct hm_ask_opts *opts,
				struct hm_http_response *ret_response, struct hm_err *err)
{
	const struct hm_local *local = ctx;
	HM_OWN(hm_buf_done) struct hm_buf origin = hm_buf_init(HM_ORIGIN_LEN);
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX), answer = hm_buf_init(SIZE_MAX);
	const struct hm_http_endpoint *endpoint = NULL;

	hm_buf_add_str(&origin, request->scheme);
	hm_buf_add_cstr(&origin, "://");
	hm_buf_add_str(&origin, request->host);
	enum hm_status st = hm_buf_check(&origin, "an origin", err);
	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < local->count && !endpoint; i++) {
		if (hm_str_is(hm_buf_str(&origin), local->origins[i].origin))
			endpoint = &local->origins[i].endpoint;
	}
	if (!endpoint && local->next)
		return local->next->ask(local->next->ctx, request, opts, ret_response, err);
	if (!endpoint)
		return hm_fail(err, HM_R_HTTP_ORIGIN, "nobody here serves '%s'", origin.ptr);
	st = hm_http_render_request(request, &bytes, err);
	if (st == HM_OK)
		st = serve(local, endpoint, hm_buf_str(&bytes), hm_str_is(request->scheme, "https"), &answer, err);
	if (st != HM_OK)
		return st;
	return hm_http_parse_response(hm_buf_str(&answer), hm_str_is(request->method, "HEAD"), opts->max_response,
				      ret_response, err);
}

struct hm_transport hm_transport_local(const struct hm_local *local)
{
	return (struct hm_transport){ (void *)(uintptr_t)local, ask_local };
}
