#include "http/message.h"

#include "base/limits.h"
#include "base/mem.h"
#include "http/url.h"

#include <stdarg.h>
#include <stdio.h>

/* Who carries a message writes these; see the head of message.h. */
static const char *const framing[] = { "Host", "Content-Length", "Transfer-Encoding", "Connection",
				       "TE",   "Trailer",        "Upgrade",           "Keep-Alive" };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool hm_http_name_eq(struct hm_str a, struct hm_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

bool hm_http_is_token(struct hm_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = lower(s.ptr[i]);
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!is_alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len > 0;
}

static void HM_PRINTF(3, 4) stick(struct hm_http_head *head, enum hm_reason reason, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (head->failed != HM_R_OK)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	head->failed = reason;
	head->failed_about = hm_arena_dup(&head->arena, hm_str(text)).ptr;
}

static enum hm_status check_head(const struct hm_http_head *head, const char *what, struct hm_err *err)
{
	if (head->failed != HM_R_OK)
		return hm_fail(err, head->failed, "%s: %s", what,
			       head->failed_about ? head->failed_about : "malformed");
	return hm_arena_check(&head->arena, what, err);
}

/* The arena also holds what a handler makes, so its own limit is far above that of headers. */
static void init_head(struct hm_http_head *head)
{
	*head = (struct hm_http_head){ .arena = hm_arena_init(HM_MAX_HTTP_SCRATCH) };
}

static void set_url(struct hm_http_request *req, const struct hm_url *url)
{
	struct hm_arena *arena = &req->head.arena;
	char host[HM_ORIGIN_LEN];

	hm_url_authority(url, host);
	req->scheme = url->is_https ? HM_STR("https") : HM_STR("http");
	req->host = hm_arena_dup(arena, hm_str(host));
	req->path = hm_arena_dup(arena, url->path);
	if (url->query.ptr)
		req->query = hm_arena_dup(arena, url->query);
}

void hm_http_request_init(struct hm_http_request *req, const char *method, struct hm_str text)
{
	struct hm_url url;
	struct hm_err why = { 0 };

	*req = (struct hm_http_request){ .body = hm_buf_init(SIZE_MAX) };
	init_head(&req->head);
	if (!hm_http_is_token(hm_str(method)))
		stick(&req->head, HM_R_HTTP_SYNTAX, "the method '%.*s' is not a token",
		      HM_STR_ARG(hm_str_head(hm_str(method), 80)));
	req->method = hm_arena_dup(&req->head.arena, hm_str(method));
	if (hm_url_parse(text, &url, &why) != HM_OK)
		stick(&req->head, why.reason, "%s", why.cause);
	else
		set_url(req, &url);
}

void hm_http_request_copy(const struct hm_http_request *req, struct hm_http_request *ret_copy)
{
	struct hm_http_request copy = { .scheme = req->scheme, .body = hm_buf_init(SIZE_MAX) };
	struct hm_arena *arena = &copy.head.arena;

	init_head(&copy.head);
	if (req->head.failed != HM_R_OK)
		stick(&copy.head, req->head.failed, "%s",
		      req->head.failed_about ? req->head.failed_about : "malformed");
	copy.method = hm_arena_dup(arena, req->method);
	copy.host = hm_arena_dup(arena, req->host);
	copy.path = hm_arena_dup(arena, req->path);
	if (req->query.ptr)
		copy.query = hm_arena_dup(arena, req->query);
	for (size_t i = 0; i < req->head.count; i++)
		hm_http_add_str(&copy.head, req->head.v[i].name, req->head.v[i].value);
	hm_buf_add_str(&copy.body, hm_buf_str(&req->body));
	if (req->body.status != HM_OK)
		copy.body.status = req->body.status;
	*ret_copy = copy;
}

void hm_http_request_done(struct hm_http_request *req)
{
	if (!req)
		return;
	hm_arena_done(&req->head.arena);
	hm_buf_done(&req->body);
	*req = (struct hm_http_request){ 0 };
}

void hm_http_response_init(struct hm_http_response *res, size_t max_body)
{
	*res = (struct hm_http_response){ .body = hm_buf_init(max_body) };
	init_head(&res->head);
}

void hm_http_response_done(struct hm_http_response *res)
{
	if (!res)
		return;
	hm_arena_done(&res->head.arena);
	hm_buf_done(&res->body);
	*res = (struct hm_http_response){ 0 };
}

enum hm_status hm_http_request_check(const struct hm_http_request *req, struct hm_err *err)
{
	enum hm_status st = check_head(&req->head, "the request", err);

	return st != HM_OK ? st : hm_buf_check(&req->body, "the request's body", err);
}

enum hm_status hm_http_response_check(const struct hm_http_response *res, struct hm_err *err)
{
	enum hm_status st = check_head(&res->head, "the response", err);

	return st != HM_OK ? st : hm_buf_check(&res->body, "the response's body", err);
}

bool hm_http_is_framing(struct hm_str name)
{
	for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++) {
		if (hm_http_name_eq(name, hm_str(framing[i])))
			return true;
	}
	return false;
}

static bool is_value(struct hm_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	/* blanks at an end would not come back: a reader takes them for padding */
	return hm_str_trim(value).len == value.len;
}

/* The header's place in the list, counted against the limits. */
static struct hm_http_header *new_header(struct hm_http_head *head, size_t bytes)
{
	if (head->failed != HM_R_OK)
		return NULL;
	if (head->count == HM_MAX_HTTP_HEADERS || bytes > HM_MAX_HTTP_HEAD - head->bytes) {
		stick(head, HM_R_HTTP_HEAD_TOO_LARGE, "more headers, or larger ones, than fit");
		return NULL;
	}
	if (head->count == head->cap) {
		size_t cap = head->cap ? 2 * head->cap : 16;
		struct hm_http_header *v = hm_arena_calloc(&head->arena, cap, sizeof(*v));
		if (!v)
			return NULL;
		if (head->count)
			memcpy(v, head->v, head->count * sizeof(*v));
		head->v = v;
		head->cap = cap;
	}
	head->bytes += bytes;
	return &head->v[head->count];
}

void hm_http_add_str(struct hm_http_head *head, struct hm_str name, struct hm_str value)
{
	if (!hm_http_is_token(name)) {
		stick(head, HM_R_HTTP_HEADER, "'%.*s' is not a header's name", HM_STR_ARG(hm_str_head(name, 80)));
		return;
	}
	if (hm_http_is_framing(name)) {
		stick(head, HM_R_HTTP_HEADER, "'%.*s' is set by who carries the message", HM_STR_ARG(name));
		return;
	}
	if (!is_value(value)) {
		stick(head, HM_R_HTTP_HEADER, "the value of '%.*s' has control characters, or blanks at its ends",
		      HM_STR_ARG(hm_str_head(name, 80)));
		return;
	}
	size_t bytes = name.len > HM_MAX_HTTP_HEAD || value.len > HM_MAX_HTTP_HEAD ? SIZE_MAX : name.len + value.len;
	struct hm_http_header *h = new_header(head, bytes);
	if (!h)
		return;
	h->name = hm_arena_dup(&head->arena, name);
	h->value = hm_arena_dup(&head->arena, value);
	if (h->value.ptr && h->name.ptr)
		head->count++;
}

void hm_http_add(struct hm_http_head *head, const char *name, struct hm_str value)
{
	hm_http_add_str(head, hm_str(name), value);
}

void hm_http_set(struct hm_http_head *head, const char *name, struct hm_str value)
{
	size_t kept = 0;

	for (size_t i = 0; i < head->count; i++) {
		struct hm_http_header h = head->v[i];
		if (hm_http_name_eq(h.name, hm_str(name)))
			head->bytes -= h.name.len + h.value.len;
		else
			head->v[kept++] = h;
	}
	head->count = kept;
	hm_http_add(head, name, value);
}

void hm_http_addf(struct hm_http_head *head, const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		stick(head, HM_R_HTTP_HEAD_TOO_LARGE, "the printed value of '%s' is over 1 KiB", name);
	else
		hm_http_add(head, name, hm_str_of(text, (size_t)n));
}

struct hm_str hm_http_get_at(const struct hm_http_head *head, const char *name, size_t at)
{
	for (size_t i = 0; i < head->count; i++) {
		if (hm_http_name_eq(head->v[i].name, hm_str(name)) && at-- == 0)
			return head->v[i].value;
	}
	return (struct hm_str){ 0 };
}

struct hm_str hm_http_get(const struct hm_http_head *head, const char *name)
{
	return hm_http_get_at(head, name, 0);
}

bool hm_http_is_type(const struct hm_http_head *head, const char *type)
{
	struct hm_str rest = hm_http_get(head, "Content-Type"), have;

	return hm_str_next(&rest, ';', &have) && hm_http_name_eq(hm_str_trim(have), hm_str(type));
}

/* How closely a range fits a type: 0 not at all, 1 as anything, 2 by its main type, 3 exactly. */
static int range_fits(struct hm_str range, struct hm_str type)
{
	if (hm_str_is(range, "*/*"))
		return 1;
	if (hm_http_name_eq(range, type))
		return 3;
	if (range.len < 2 || !hm_str_has_suffix(range, HM_STR("/*")))
		return 0;
	return hm_http_name_eq(hm_str_head(type, range.len - 1), hm_str_head(range, range.len - 1)) ? 2 : 0;
}

/* Whether a range's parameters hold a weight that is 0: "q=0", "q=0.000". */
static bool is_weight_zero(struct hm_str params)
{
	struct hm_str param;

	while (hm_str_next(&params, ';', &param)) {
		struct hm_str name, value;
		if (!hm_str_cut(hm_str_trim(param), '=', &name, &value) || !hm_http_name_eq(name, HM_STR("q")))
			continue;
		for (size_t i = 0; i < value.len; i++) {
			if (value.ptr[i] != '0' && value.ptr[i] != '.')
				return false;
		}
		return value.len > 0;
	}
	return false;
}

bool hm_http_accepts(const struct hm_http_head *head, const char *type)
{
	bool has_range = false, accepts = false;
	int best = 0;

	for (size_t i = 0;; i++) {
		struct hm_str list = hm_http_get_at(head, "Accept", i), range;
		if (!list.ptr)
			return accepts || !has_range;
		while (hm_str_next(&list, ',', &range)) {
			struct hm_str media, params;
			has_range = has_range || hm_str_trim(range).len > 0;
			if (!hm_str_cut(range, ';', &media, &params))
				params = (struct hm_str){ 0 };
			/* RFC 9110 12.5.1: the most specific range decides */
			int fits = range_fits(hm_str_trim(media), hm_str(type));
			if (fits > best) {
				best = fits;
				accepts = !is_weight_zero(params);
			}
		}
	}
}

struct hm_str hm_http_bearer(const struct hm_http_head *head)
{
	struct hm_str value = hm_http_get(head, "Authorization");

	if (value.len <= 7 || !hm_http_name_eq(hm_str_head(value, 7), HM_STR("Bearer ")))
		return (struct hm_str){ 0 };
	return hm_str_trim(hm_str_skip(value, 7));
}

static void set_body(struct hm_http_head *head, struct hm_buf *buf, const char *type, struct hm_str body)
{
	hm_buf_clear(buf);
	hm_buf_add_str(buf, body);
	hm_http_set(head, "Content-Type", hm_str(type));
}

void hm_http_request_set_body(struct hm_http_request *req, const char *type, struct hm_str body)
{
	set_body(&req->head, &req->body, type, body);
}

void hm_http_response_set_body(struct hm_http_response *res, const char *type, struct hm_str body)
{
	set_body(&res->head, &res->body, type, body);
}

struct hm_str hm_http_param(const struct hm_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->param_count; i++) {
		if (hm_str_is(req->params[i].name, name))
			return req->params[i].value;
	}
	return (struct hm_str){ 0 };
}

enum hm_status hm_http_query(const struct hm_http_request *req, struct hm_arena *arena, const char *name,
			     struct hm_str *ret_value, struct hm_err *err)
{
	struct hm_str rest = req->query, found = { 0 };

	for (;;) {
		struct hm_str n, v;
		enum hm_status st = hm_url_query_next(arena, &rest, &n, &v, err);
		if (st != HM_OK)
			return st;
		if (!n.ptr)
			break;
		if (!hm_str_is(n, name))
			continue;
		if (found.ptr)
			return hm_fail(err, HM_R_HTTP_QUERY, "the query has '%s' twice", name);
		found = v;
	}
	*ret_value = found;
	return HM_OK;
}
