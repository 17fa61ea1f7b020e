/*
 * How a client asks: through a struct of one function, which nobody can look behind. Behind it is a handler in the same
 * process, reached through the very bytes that HTTP/1.1 would send, or libcurl (net/client.h).
 *
 * Layer 3. A transport may be used by any number of threads at once.
 */
#ifndef HM_HTTP_TRANSPORT_H
#define HM_HTTP_TRANSPORT_H

#include "http/message.h"
#include "http/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hm_redirects {
	HM_REDIRECT_SAME_ORIGIN, /* followed within scheme, host and port; others are an error */
	HM_REDIRECT_NEVER,       /* the answer is handed over as it is */
	/* Also to another origin, never from https to http; Authorization and Cookie are left behind. */
	HM_REDIRECT_ANYWHERE,
};

struct hm_ask_opts {
	int64_t timeout_ms;  /* for all of it: retries, redirects, the body; 0: HM_HTTP_TIMEOUT_MS */
	size_t max_response; /* bytes of the answer's body; 0: HM_MAX_HTTP_BODY */
	enum hm_redirects redirects;
	/*
	 * Asking twice does no harm although the method is not GET, HEAD, PUT, DELETE or OPTIONS: what failed on its
	 * way may be tried again. RFC 9110, 9.2.2.
	 */
	bool is_idempotent;
};

/*
 * Ask once (with a transport's own retries), without redirects.
 *
 * Shape   request: checked. opts: not NULL, its defaults filled in.
 * Owns    ret_response is the caller's, for hm_http_response_done(); set on success only
 * Errors  HM_ENET: no answer came; HM_ELIMIT http.too-large: the answer is over max_response; HM_EPARSE: the answer is
 *         not HTTP; HM_ENOMEM. An answer with any status is no error.
 */
typedef enum hm_status (*hm_transport_fn)(void *ctx, const struct hm_http_request *request,
					  const struct hm_ask_opts *opts, struct hm_http_response *ret_response,
					  struct hm_err *err);

struct hm_transport {
	void *ctx;
	hm_transport_fn ask;
};

/*
 * Ask. This is what clients call; it checks the request and follows redirects.
 *
 * Shape   opts: NULL for the defaults.
 * Owns    ret_response is the caller's, for hm_http_response_done(); set on success only
 * Errors  as hm_transport_fn; what stuck in the request; HM_ENET http.redirect: more than HM_MAX_HTTP_REDIRECTS, none
 *         that may be followed, or no Location. An answer with any other status is no error.
 */
enum hm_status hm_transport_ask(const struct hm_transport *transport, const struct hm_http_request *request,
				const struct hm_ask_opts *opts, struct hm_http_response *ret_response,
				struct hm_err *err) HM_MUST;

/*
 * Ask for what a URL holds, and take nothing but 200 for an answer.
 *
 * Shape   accept: for Accept, or NULL.
 * Owns    ret_body is the caller's
 * Errors  as hm_transport_ask() and hm_http_expect()
 */
enum hm_status hm_transport_get(const struct hm_transport *transport, struct hm_str url, const char *accept,
				const struct hm_ask_opts *opts, struct hm_buf *ret_body, struct hm_err *err) HM_MUST;

/*
 * Turn an answer other than the wanted one into an error that names URL, status and what the server said.
 *
 * Shape   status: the wanted one, or 0 for any from 200 to 299. type: the wanted Content-Type, or NULL.
 * Errors  HM_ENOTFOUND http.not-found: 404, 410; HM_EPOLICY http.denied: 401, 403; HM_ECONFLICT http.conflict: 409;
 *         HM_EVERIFY http.refused: other 4xx; HM_ENET http.busy: 429, 503; HM_ENET http.answer: all else
 */
enum hm_status hm_http_expect(const struct hm_http_request *request, const struct hm_http_response *response,
			      int status, const char *type, struct hm_err *err) HM_MUST;

struct hm_local_origin {
	const char *origin; /* as hm_url_origin() writes it: "http://log.local" */
	struct hm_http_endpoint endpoint;
};

/* Handlers of this process, by origin; immutable while it is in use. */
struct hm_local {
	const struct hm_local_origin *origins;
	size_t count;
	size_t max_body; /* bytes of a request's body; 0: HM_MAX_HTTP_BODY */
	struct hm_http_observer observer;
	const struct hm_transport *next; /* asked for all other origins; NULL: they are an error */
};

/*
 * The transport that asks handlers of this process. A handler runs in the caller's thread and is not interrupted: the
 * time limit is looked at when it is done.
 *
 * Owns    borrows local as long as the transport is used
 * Errors  of asking: as hm_transport_fn; HM_ENET http.origin: nobody has that origin and there is no next transport.
 *         A request that cannot be read by its handler's side gets the answer that a server would give it.
 */
struct hm_transport hm_transport_local(const struct hm_local *local);

#endif
