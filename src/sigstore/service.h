/*
 * A service of a Sigstore instance: where it is, and how it is asked.
 *
 * Layer 7. Constant once set; any thread, as its transport is.
 */
#ifndef HM_SIGSTORE_SERVICE_H
#define HM_SIGSTORE_SERVICE_H

#include "http/transport.h"

/* Certificate authority and logs: the URL that their API's paths are added to; time-stamp authority: all of it. */
struct hm_service {
	const struct hm_transport *transport;
	struct hm_str url;
};

/* One question to a service. */
struct hm_service_query {
	struct hm_str path;        /* added to the URL; {0}: none */
	const char *type, *accept; /* of the body, of the answer */
	struct hm_str body;
	struct hm_str bearer; /* token for Authorization; {0}: none */
	size_t max_response;  /* bytes */
	int64_t timeout_ms;   /* 0: HM_HTTP_TIMEOUT_MS */
};

/*
 * POST, and take 200 or 201 with the wanted Content-Type for an answer.
 *
 * Asking twice does no harm: what failed on its way is tried again by transports that do so. Redirects are not
 * followed, because tokens go this way.
 *
 * Owns    ret_body is the caller's
 * Errors  as hm_transport_ask() and hm_http_expect(): HM_ENET, HM_EVERIFY http.refused, HM_EPOLICY http.denied,
 *         HM_ELIMIT http.too-large, …
 */
enum hm_status hm_service_post(const struct hm_service *service, const struct hm_service_query *query,
			       struct hm_buf *ret_body, struct hm_err *err) HM_MUST;

#endif
