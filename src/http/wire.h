/*
 * Messages as the bytes of HTTP/1.1, whole: what crosses between a client and a handler in one process, so that nothing
 * gets by that would not get by on a network.
 *
 * Reading is strict, because whatever two readers take differently lets a request hide in another: CR LF only, no
 * folded lines, no blank before a colon, one Host, one Content-Length or chunked and never both, nothing behind the
 * end.
 *
 * Not here: reading piece by piece from a socket; libmicrohttpd and libcurl do that (net).
 * Layer 3. Pure; any thread.
 */
#ifndef HM_HTTP_WIRE_H
#define HM_HTTP_WIRE_H

#include "http/message.h"

/*
 * Add a request's bytes.
 *
 * Errors  as hm_http_request_check(); HM_ELIMIT, HM_ENOMEM: the buffer
 * Source  RFC 9112, 3 and 6
 */
enum hm_status hm_http_render_request(const struct hm_http_request *req, struct hm_buf *bytes,
				      struct hm_err *err) HM_MUST;

/*
 * Read one whole request.
 *
 * Shape   The target is a path (origin-form) or an absolute URL of the same host as Host; HTTP/1.1, or 1.0 with a Host.
 * Units   max_body: bytes of the body, chunks taken off.
 *         is_https: how the bytes came.
 * Owns    ret_req copies; it is the caller's
 * Errors  HM_EPARSE http.syntax, http.header, http.url; HM_ELIMIT http.head-too-large, http.too-large,
 *         http.url-too-long; HM_EINVAL http.unsupported: CONNECT, a transfer coding other than chunked, another
 *         version; HM_ENOMEM
 * Source  RFC 9112, 2.2, 3, 5, 6, 7.1
 */
enum hm_status hm_http_parse_request(struct hm_str bytes, bool is_https, size_t max_body,
				     struct hm_http_request *ret_req, struct hm_err *err) HM_MUST;

/*
 * Add a response's bytes.
 *
 * Shape   to_head: the request was HEAD; the body's length is then said and the body left out.
 */
enum hm_status hm_http_render_response(const struct hm_http_response *res, bool to_head, struct hm_buf *bytes,
				       struct hm_err *err) HM_MUST;

/*
 * Read one whole response; without Content-Length and not chunked, the body goes to the end.
 *
 * Errors  as hm_http_parse_request(); HM_EINVAL http.unsupported also: an interim status (1xx)
 */
enum hm_status hm_http_parse_response(struct hm_str bytes, bool to_head, size_t max_body,
				      struct hm_http_response *ret_res, struct hm_err *err) HM_MUST;

/* What a server library has read of a request. */
struct hm_http_received {
	struct hm_str method, target;
	struct hm_str host; /* the value of Host; ptr is NULL where there is none */
	bool is_https;
	size_t max_body;
};

/*
 * Begin a request from what a server library has read: the same checks without the syntax.
 *
 * Shape   then hm_http_receive_header() for each header, which takes the framing ones too and leaves them out.
 * Owns    req is begun here and the caller's, for hm_http_request_done(), also after a failure; copies
 * Errors  as hm_http_parse_request()
 */
enum hm_status hm_http_receive_request(struct hm_http_request *req, const struct hm_http_received *received,
				       struct hm_err *err) HM_MUST;

/*
 * Take a header that has arrived.
 *
 * Errors  HM_EPARSE http.header: malformed, or a second one of those that may stand once only; HM_ELIMIT
 *         http.head-too-large; HM_ENOMEM
 */
enum hm_status hm_http_receive_header(struct hm_http_head *head, struct hm_str name, struct hm_str value,
				      struct hm_err *err) HM_MUST;

/* "Not Found" for 404; "" for one that is not known. RFC 9110, 15. */
const char *hm_http_status_text(int status);

#endif
