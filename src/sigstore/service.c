#include "sigstore/service.h"

#include "base/limits.h"
#include "base/own.h"
#include "http/url.h"

enum hm_status hm_service_post(const struct hm_service *service, const struct hm_service_query *query,
			       struct hm_buf *ret_body, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf url = hm_buf_init(HM_MAX_URL);
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
	const struct hm_ask_opts opts = {
		.timeout_ms = query->timeout_ms,
		.max_response = query->max_response,
		.redirects = HM_REDIRECT_NEVER,
		.is_idempotent = true,
	};

	if (query->path.len > 0)
		hm_url_join(&url, service->url, query->path);
	else
		hm_buf_add_str(&url, service->url);
	enum hm_status st = hm_buf_check(&url, "a URL", err);
	if (st != HM_OK)
		return st;
	hm_http_request_init(&req, "POST", hm_buf_str(&url));
	hm_http_set(&req.head, "Accept", hm_str(query->accept));
	if (query->bearer.len > 0)
		hm_http_addf(&req.head, "Authorization", "Bearer %.*s", HM_STR_ARG(query->bearer));
	hm_http_request_set_body(&req, query->type, query->body);
	st = hm_transport_ask(service->transport, &req, &opts, &res, err);
	if (st == HM_OK)
		st = hm_http_expect(&req, &res, res.status == 201 ? 201 : 200, query->accept, err);
	if (st == HM_OK)
		*ret_body = hm_buf_take(&res.body);
	return st;
}
