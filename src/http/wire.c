#include "http/wire.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "http/url.h"

/* A chunk's size in hexadecimal: 15 digits cannot overflow 64 bits. */
enum { max_size_digits = 15, max_chunk_line = 256 };

/* A second one of these says another thing than the first, and readers differ in which they believe. */
static const char *const singletons[] = { "Authorization", "Content-Encoding", "Content-Range",
					  "Content-Type",  "Location",         "Range",
					  "Retry-After" };

struct framing {
	bool has_host, has_length, is_chunked, is_old; /* is_old: HTTP/1.0 */
	struct hm_str host;
	uint64_t length;
};

static const struct {
	int status;
	const char *text;
} status_texts[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *hm_http_status_text(int status)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++) {
		if (status_texts[i].status == status)
			return status_texts[i].text;
	}
	return "";
}

/* RFC 9110 6.4.1 and 15: these have no body, whatever their headers say. */
static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

/* --- writing --- */

static void render_headers(const struct hm_http_head *head, struct hm_buf *bytes)
{
	for (size_t i = 0; i < head->count; i++) {
		hm_buf_add_str(bytes, head->v[i].name);
		hm_buf_add_cstr(bytes, ": ");
		hm_buf_add_str(bytes, head->v[i].value);
		hm_buf_add_cstr(bytes, "\r\n");
	}
}

enum hm_status hm_http_render_request(const struct hm_http_request *req, struct hm_buf *bytes, struct hm_err *err)
{
	enum hm_status st = hm_http_request_check(req, err);

	if (st != HM_OK)
		return st;
	hm_buf_add_str(bytes, req->method);
	hm_buf_add_char(bytes, ' ');
	hm_buf_add_str(bytes, req->path);
	if (req->query.ptr) {
		hm_buf_add_char(bytes, '?');
		hm_buf_add_str(bytes, req->query);
	}
	hm_buf_add_cstr(bytes, " HTTP/1.1\r\nHost: ");
	hm_buf_add_str(bytes, req->host);
	hm_buf_add_cstr(bytes, "\r\n");
	render_headers(&req->head, bytes);
	/* RFC 9110 8.6: a method that gives content a meaning says the length even when it is 0 */
	if (req->body.len > 0 || hm_str_is(req->method, "POST") || hm_str_is(req->method, "PUT") ||
	    hm_str_is(req->method, "PATCH"))
		hm_buf_addf(bytes, "Content-Length: %zu\r\n", req->body.len);
	hm_buf_add_cstr(bytes, "\r\n");
	hm_buf_add_str(bytes, hm_buf_str(&req->body));
	return hm_buf_check(bytes, "the request", err);
}

enum hm_status hm_http_render_response(const struct hm_http_response *res, bool to_head, struct hm_buf *bytes,
				       struct hm_err *err)
{
	enum hm_status st = hm_http_response_check(res, err);

	if (st != HM_OK)
		return st;
	if (res->status < 200 || res->status > 599)
		return hm_fail(err, HM_R_HTTP_SYNTAX, "%d is no status of an answer", res->status);
	if (has_no_body(res->status) && res->body.len > 0)
		return hm_fail(err, HM_R_HTTP_SYNTAX, "an answer with status %d has no body", res->status);
	hm_buf_addf(bytes, "HTTP/1.1 %d %s\r\n", res->status, hm_http_status_text(res->status));
	render_headers(&res->head, bytes);
	if (!has_no_body(res->status))
		hm_buf_addf(bytes, "Content-Length: %zu\r\n", res->body.len);
	hm_buf_add_cstr(bytes, "\r\n");
	if (!to_head)
		hm_buf_add_str(bytes, hm_buf_str(&res->body));
	return hm_buf_check(bytes, "the response", err);
}

/* --- reading --- */

static enum hm_status refuse(struct hm_err *err, const char *why)
{
	return hm_fail(err, HM_R_HTTP_SYNTAX, "the message is malformed: %s", why);
}

/* RFC 9112 2.2: a line ends in CR LF; a CR or LF alone is none, for readers differ in whether it is. */
static enum hm_status read_line(struct hm_str *rest, size_t max, struct hm_str *ret_line, struct hm_err *err)
{
	ptrdiff_t lf = hm_str_find_char(hm_str_head(*rest, max), '\n');

	if (lf < 0 && rest->len > max)
		return hm_fail(err, HM_R_HTTP_HEAD_TOO_LARGE, "a message's head is over its limit of %zu bytes",
			       HM_MAX_HTTP_HEAD);
	if (lf < 1 || rest->ptr[lf - 1] != '\r')
		return refuse(err, lf < 0 ? "it ends within a line" : "a line does not end in CR LF");
	struct hm_str line = hm_str_head(*rest, (size_t)lf - 1);
	if (hm_str_find_char(line, '\r') >= 0 || (line.len > 0 && memchr(line.ptr, '\0', line.len)))
		return refuse(err, "a CR or a NUL within a line");
	*ret_line = line;
	*rest = hm_str_skip(*rest, (size_t)lf + 1);
	return HM_OK;
}

static bool is_ows(char c)
{
	return c == ' ' || c == '\t';
}

static struct hm_str trim_ows(struct hm_str s)
{
	while (s.len > 0 && is_ows(s.ptr[0]))
		s = hm_str_skip(s, 1);
	while (s.len > 0 && is_ows(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* RFC 9112 5: no blank before the colon, no folded line */
static enum hm_status cut_header(struct hm_str line, struct hm_str *ret_name, struct hm_str *ret_value,
				 struct hm_err *err)
{
	if (!hm_str_cut(line, ':', ret_name, ret_value) || !hm_http_is_token(*ret_name))
		return hm_fail(err, HM_R_HTTP_HEADER, "'%.*s' is not a header", HM_STR_ARG(hm_str_head(line, 80)));
	*ret_value = trim_ows(*ret_value);
	return HM_OK;
}

enum hm_status hm_http_receive_header(struct hm_http_head *head, struct hm_str name, struct hm_str value,
				      struct hm_err *err)
{
	if (hm_http_is_framing(name))
		return HM_OK;
	for (size_t i = 0; i < sizeof(singletons) / sizeof(singletons[0]); i++) {
		if (hm_http_name_eq(name, hm_str(singletons[i])) && hm_http_get(head, singletons[i]).ptr)
			return hm_fail(err, HM_R_HTTP_HEADER, "there is a second %s", singletons[i]);
	}
	hm_http_add_str(head, name, trim_ows(value));
	if (head->failed != HM_R_OK)
		return hm_fail(err, head->failed, "%s", head->failed_about ? head->failed_about : "a header");
	return hm_arena_check(&head->arena, "a header", err);
}

/* RFC 9112 6.1 to 6.3. One answer only to where the body ends, or none. */
static enum hm_status take_framing(struct framing *f, struct hm_str name, struct hm_str value, struct hm_err *err)
{
	if (hm_http_name_eq(name, HM_STR("Host"))) {
		if (f->has_host)
			return hm_fail(err, HM_R_HTTP_HEADER, "there is a second Host");
		f->has_host = true;
		f->host = value;
	} else if (hm_http_name_eq(name, HM_STR("Content-Length"))) {
		if (f->has_length || !hm_str_to_u64(value, &f->length))
			return hm_fail(err, HM_R_HTTP_HEADER, "Content-Length is not one number");
		f->has_length = true;
	} else if (hm_http_name_eq(name, HM_STR("Transfer-Encoding"))) {
		if (f->is_chunked || !hm_http_name_eq(value, HM_STR("chunked")))
			return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "the transfer coding '%.*s'",
				       HM_STR_ARG(hm_str_head(value, 80)));
		f->is_chunked = true;
	}
	return HM_OK;
}

static enum hm_status read_headers(struct hm_str *rest, size_t max, struct hm_http_head *head, struct framing *f,
				   struct hm_err *err)
{
	const size_t begin = rest->len;

	for (;;) {
		struct hm_str line, name, value;
		enum hm_status st = read_line(rest, max - (begin - rest->len), &line, err);
		if (st != HM_OK || line.len == 0)
			return st;
		st = cut_header(line, &name, &value, err);
		if (st == HM_OK)
			st = take_framing(f, name, value, err);
		if (st == HM_OK)
			st = hm_http_receive_header(head, name, value, err);
		if (st != HM_OK)
			return st;
	}
}

static enum hm_status too_large(struct hm_err *err, size_t max_body)
{
	return hm_fail(err, HM_R_HTTP_TOO_LARGE, "the body is over its limit of %zu bytes", max_body);
}

/* RFC 9112 7.1: the size of a chunk in hexadecimal; extensions have no meaning to us */
static bool read_chunk_size(struct hm_str line, uint64_t *ret_size)
{
	struct hm_str digits, extension;
	uint64_t size = 0;

	hm_str_cut(line, ';', &digits, &extension);
	digits = extension.ptr ? trim_ows(digits) : digits;
	if (digits.len == 0 || digits.len > max_size_digits)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		const char *at = memchr("0123456789abcdefABCDEF", digits.ptr[i], 22);
		if (!at)
			return false;
		int digit = digits.ptr[i] <= '9' ? digits.ptr[i] - '0' : (digits.ptr[i] | 0x20) - 'a' + 10;
		size = size << 4 | (unsigned)digit;
	}
	*ret_size = size;
	return true;
}

/* RFC 9112 7.1.2: trailers are read as strictly as headers, and dropped */
static enum hm_status skip_trailers(struct hm_str *rest, struct hm_err *err)
{
	for (size_t left = HM_MAX_HTTP_HEADERS; left > 0; left--) {
		struct hm_str line, name, value;
		enum hm_status st = read_line(rest, HM_MAX_HTTP_HEAD, &line, err);
		if (st != HM_OK || line.len == 0)
			return st;
		st = cut_header(line, &name, &value, err);
		if (st != HM_OK)
			return st;
	}
	return hm_fail(err, HM_R_HTTP_HEAD_TOO_LARGE, "a message has more than %d trailers", HM_MAX_HTTP_HEADERS);
}

static enum hm_status read_chunks(struct hm_str *rest, size_t max_body, struct hm_buf *body, struct hm_err *err)
{
	for (;;) {
		struct hm_str line;
		uint64_t size = 0;
		enum hm_status st = read_line(rest, max_chunk_line, &line, err);
		if (st != HM_OK)
			return st;
		if (!read_chunk_size(line, &size))
			return refuse(err, "a chunk without a size");
		if (size == 0)
			return skip_trailers(rest, err);
		if (size > max_body - body->len)
			return too_large(err, max_body);
		HM_PLANT(size == 3 && body->len > 0);
		if (rest->len < size + 2 || memcmp(rest->ptr + size, "\r\n", 2) != 0)
			return refuse(err, "a chunk does not end where it should");
		hm_buf_add(body, rest->ptr, (size_t)size);
		*rest = hm_str_skip(*rest, (size_t)size + 2);
	}
}

/* RFC 9112 6.3; to_end: a response may go to the end of the connection, a request may not. */
static enum hm_status read_body(struct hm_str rest, const struct framing *f, bool to_end, size_t max_body,
				struct hm_buf *body, struct hm_err *err)
{
	if (f->is_chunked && (f->has_length || f->is_old))
		return refuse(err, "a length and chunks, or chunks in HTTP/1.0");
	if (f->is_chunked) {
		enum hm_status st = read_chunks(&rest, max_body, body, err);
		if (st != HM_OK)
			return st;
	} else {
		uint64_t length = f->has_length ? f->length : to_end ? rest.len : 0;
		if (length > max_body)
			return too_large(err, max_body);
		if (rest.len < length)
			return refuse(err, "the body is shorter than Content-Length says");
		hm_buf_add(body, rest.ptr, (size_t)length);
		rest = hm_str_skip(rest, (size_t)length);
	}
	if (rest.len > 0)
		return refuse(err, "something stands behind its end");
	return hm_buf_check(body, "the body", err);
}

static enum hm_status read_version(struct hm_str text, bool *ret_is_old, struct hm_err *err)
{
	*ret_is_old = hm_str_is(text, "HTTP/1.0");
	if (*ret_is_old || hm_str_is(text, "HTTP/1.1"))
		return HM_OK;
	if (!hm_str_has_prefix(text, HM_STR("HTTP/")))
		return refuse(err, "the first line has no version");
	return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "the version '%.*s'", HM_STR_ARG(hm_str_head(text, 20)));
}

/* RFC 9112 3.2: a path, or an absolute URL whose host must then be that of Host. */
static enum hm_status read_target(struct hm_str target, const struct hm_url *host, struct hm_str *ret_path,
				  struct hm_str *ret_query, struct hm_err *err)
{
	struct hm_url url;

	if (target.len > 0 && target.ptr[0] == '/')
		return hm_url_parse_target(target, ret_path, ret_query, err);
	if (hm_str_is(target, "*"))
		return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "a question about the whole server");
	enum hm_status st = hm_url_parse(target, &url, err);
	if (st != HM_OK)
		return st;
	if (!hm_url_is_same_origin(&url, host))
		return hm_fail(err, HM_R_HTTP_HEADER, "Host is not the host of the URL that is asked for");
	*ret_query = url.query;
	struct hm_str no_query;
	return hm_url_parse_target(url.path, ret_path, &no_query, err);
}

enum hm_status hm_http_receive_request(struct hm_http_request *req, const struct hm_http_received *received,
				       struct hm_err *err)
{
	struct hm_arena *arena = &req->head.arena;
	struct hm_url host = { 0 };
	struct hm_str path, query;
	char authority[HM_ORIGIN_LEN];

	*req = (struct hm_http_request){ .body = hm_buf_init(received->max_body) };
	*arena = hm_arena_init(HM_MAX_HTTP_SCRATCH);
	req->scheme = received->is_https ? HM_STR("https") : HM_STR("http");
	if (!hm_http_is_token(received->method))
		return refuse(err, "the method is not a token");
	req->method = hm_arena_dup(arena, received->method);
	if (hm_str_is(received->method, "CONNECT"))
		return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "a tunnel");
	if (!received->host.ptr)
		return hm_fail(err, HM_R_HTTP_HEADER, "Host is missing");
	enum hm_status st = hm_url_parse_authority(received->host, received->is_https ? 443 : 80, &host, err);
	if (st == HM_OK)
		st = read_target(received->target, &host, &path, &query, err);
	if (st != HM_OK)
		return st;
	hm_url_authority(&host, authority);
	req->host = hm_arena_dup(arena, hm_str(authority));
	req->path = hm_arena_dup(arena, path);
	if (query.ptr)
		req->query = hm_arena_dup(arena, query);
	return hm_arena_check(arena, "a request", err);
}

static enum hm_status cut_request_line(struct hm_str line, struct hm_http_received *received,
				       struct hm_str *ret_version, struct hm_err *err)
{
	struct hm_str rest;

	if (!hm_str_cut(line, ' ', &received->method, &rest) ||
	    !hm_str_cut(rest, ' ', &received->target, ret_version) || received->target.len == 0)
		return refuse(err, "the first line is not method, target and version");
	return HM_OK;
}

/* The head is read twice: first for Host, which the target needs, then for the rest. */
static enum hm_status find_host(struct hm_str rest, struct hm_http_received *received, struct hm_err *err)
{
	for (;;) {
		struct hm_str line, name, value;
		enum hm_status st = read_line(&rest, HM_MAX_HTTP_HEAD, &line, err);
		if (st == HM_OK && line.len == 0)
			return HM_OK;
		if (st == HM_OK)
			st = cut_header(line, &name, &value, err);
		if (st != HM_OK)
			return st;
		if (!received->host.ptr && hm_http_name_eq(name, HM_STR("Host")))
			received->host = value;
	}
}

enum hm_status hm_http_parse_request(struct hm_str bytes, bool is_https, size_t max_body,
				     struct hm_http_request *ret_req, struct hm_err *err)
{
	struct hm_http_received received = { .is_https = is_https, .max_body = max_body };
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	struct framing f = { 0 };
	struct hm_str rest = bytes, line, version;

	enum hm_status st = read_line(&rest, HM_MAX_HTTP_HEAD, &line, err);
	if (st == HM_OK)
		st = cut_request_line(line, &received, &version, err);
	if (st == HM_OK)
		st = read_version(version, &f.is_old, err);
	if (st == HM_OK)
		st = find_host(rest, &received, err);
	if (st == HM_OK)
		st = hm_http_receive_request(&req, &received, err);
	if (st == HM_OK)
		st = read_headers(&rest, HM_MAX_HTTP_HEAD - (bytes.len - rest.len), &req.head, &f, err);
	if (st == HM_OK)
		st = read_body(rest, &f, false, max_body, &req.body, err);
	if (st != HM_OK)
		return st;
	*ret_req = req;
	req = (struct hm_http_request){ 0 };
	return HM_OK;
}

/* RFC 9112 4 */
static enum hm_status read_status_line(struct hm_str line, struct hm_http_response *res, struct framing *f,
				       struct hm_err *err)
{
	struct hm_str version, rest, code, text;
	uint64_t status = 0;

	if (!hm_str_cut(line, ' ', &version, &rest))
		return refuse(err, "the first line is not version and status");
	enum hm_status st = read_version(version, &f->is_old, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_cut(rest, ' ', &code, &text) || code.len != 3 || !hm_str_to_u64(code, &status) || status < 100 ||
	    status > 599)
		return refuse(err, "the status is not a number from 100 to 599");
	if (status < 200)
		return hm_fail(err, HM_R_HTTP_UNSUPPORTED, "an interim answer with status %d", (int)status);
	res->status = (int)status;
	return HM_OK;
}

enum hm_status hm_http_parse_response(struct hm_str bytes, bool to_head, size_t max_body,
				      struct hm_http_response *ret_res, struct hm_err *err)
{
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct framing f = { 0 };
	struct hm_str rest = bytes, line;

	hm_http_response_init(&res, max_body);
	enum hm_status st = read_line(&rest, HM_MAX_HTTP_HEAD, &line, err);
	if (st == HM_OK)
		st = read_status_line(line, &res, &f, err);
	if (st == HM_OK)
		st = read_headers(&rest, HM_MAX_HTTP_HEAD - (bytes.len - rest.len), &res.head, &f, err);
	if (st != HM_OK)
		return st;
	if (to_head || has_no_body(res.status)) {
		res.content_length = f.has_length ? f.length : 0;
		f = (struct framing){ .has_length = true };
	}
	st = read_body(rest, &f, true, max_body, &res.body, err);
	if (st != HM_OK)
		return st;
	*ret_res = res;
	res = (struct hm_http_response){ 0 };
	return HM_OK;
}
