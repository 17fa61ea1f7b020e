#include "trace/transport.h"

#include "base/own.h"
#include "http/url.h"

#include <stdio.h>

static struct hm_span *start(const struct hm_traced *t, const struct hm_http_request *req)
{
	struct hm_span *span = hm_span_start(t->tracer, t->parent, HM_SPAN_CLIENT, req->method);
	struct hm_url url;
	char full[512];

	snprintf(full, sizeof(full), "%.*s://%.*s%.*s", HM_STR_ARG(req->scheme), HM_STR_ARG(req->host),
		 HM_STR_ARG(req->path));
	hm_span_set(span, hm_attr_str("http.request.method", req->method));
	hm_span_set(span, hm_attr_str("url.full", hm_str(full)));
	if (hm_url_parse_authority(req->host, hm_str_is(req->scheme, "https") ? 443 : 80, &url, NULL) == HM_OK) {
		hm_span_set(span, hm_attr_str("server.address", hm_str(url.host)));
		hm_span_set(span, hm_attr_i64("server.port", url.port));
	}
	return span;
}

static void finish(struct hm_span *span, const struct hm_http_response *res, enum hm_status st,
		   const struct hm_err *err)
{
	char text[16];

	if (st != HM_OK) {
		hm_span_fail(span, st, err);
	} else {
		hm_span_set(span, hm_attr_i64("http.response.status_code", res->status));
		if (res->status >= 400) {
			snprintf(text, sizeof(text), "%d", res->status);
			hm_span_set(span, hm_attr_str("error.type", hm_str(text)));
			hm_span_set_status(span, HM_SPAN_ERROR, HM_STR(""));
		}
	}
	hm_span_end(span);
}

static enum hm_status ask(void *ctx, const struct hm_http_request *request, const struct hm_ask_opts *opts,
			  struct hm_http_response *ret_response, struct hm_err *err)
{
	const struct hm_traced *t = ctx;
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	struct hm_err own = { 0 };
	struct hm_span *span = start(t, request);

	err = err ? err : &own;
	hm_http_request_copy(request, &req);
	hm_trace_to_request(hm_span_context(span), &req);
	enum hm_status st = hm_http_request_check(&req, err);
	if (st == HM_OK)
		st = t->inner->ask(t->inner->ctx, &req, opts, ret_response, err);
	finish(span, ret_response, st, err);
	return st;
}

struct hm_transport hm_trace_transport(const struct hm_traced *traced)
{
	return (struct hm_transport){ (void *)(uintptr_t)traced, ask };
}
