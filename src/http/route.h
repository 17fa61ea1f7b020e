/*
 * Who answers what: a table of methods and paths, and the answer that a failure becomes.
 *
 * A service is one function, `handle(service, request, response)`. It either fills the response and returns HM_OK, or
 * returns a failure as any function does; hm_http_answer() makes an HTTP status and a JSON body of that by one table.
 * A handler is called by many threads at once, each with messages of its own.
 *
 * Layer 3. Pure: no sockets. Tables are immutable; any thread.
 */
#ifndef HM_HTTP_ROUTE_H
#define HM_HTTP_ROUTE_H

#include "data/json_write.h"
#include "http/message.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Answer a request.
 *
 * Owns    request is borrowed and not changed; response is made, empty, and the caller's
 * Errors  becomes the answer, see hm_http_answer(). What the response holds then is dropped, but for a status of 400 or
 *         more, which wins over the table's, and headers that were set.
 */
typedef enum hm_status (*hm_http_handler)(void *service, const struct hm_http_request *request,
					  struct hm_http_response *response, struct hm_err *err);

/* A handler with what it works on; borrowed by whoever serves it. */
struct hm_http_endpoint {
	hm_http_handler handle;
	void *service;
};

struct hm_http_route {
	const char *method;
	/*
	 * Segments are literals, {name} for one segment that is not empty, or {name...} for one or more, which may be
	 * empty, with the slashes between them; one of the last kind a pattern, anywhere:
	 * "/v2/{name...}/manifests/{reference}".
	 */
	const char *pattern;
	hm_http_handler handle;
	/* What Content-Type must be, or NULL for anything. Parameters such as charset are not looked at. */
	const char *consumes;
};

/*
 * Write the body of an answer to a failure in a service's own form, such as gRPC-gateway's or the OCI registry's.
 *
 * Shape   response: empty but for headers; status is set. text: what may be told to who asks.
 */
typedef void (*hm_http_error_writer)(const struct hm_http_request *request, const struct hm_err *err,
				     struct hm_str text, struct hm_http_response *response);

struct hm_http_router {
	const struct hm_http_route *routes; /* the first that matches is taken */
	size_t count;
	hm_http_error_writer write_error; /* NULL: hm_http_write_error() */
};

/*
 * Call the handler of the route that matches, with the path's parameters in the request.
 *
 * HEAD goes to the route of GET; whoever sends the answer leaves the body out. A trailing slash matters.
 *
 * Errors  HM_ENOTFOUND http.no-route: no pattern matches the path; it has no answer yet, so another router can be asked
 *         HM_EINVAL http.method: the path is known with other methods, which stand in Allow
 *         HM_EINVAL http.media-type: Content-Type is not the route's
 *         HM_EPARSE http.escape: a parameter of the path
 *         what the handler returned; the response then holds its answer
 */
enum hm_status hm_http_route(const struct hm_http_router *router, void *service, const struct hm_http_request *request,
			     struct hm_http_response *response, struct hm_err *err) HM_MUST;

/* Several services on one origin. */
struct hm_http_mux {
	const struct hm_http_endpoint *endpoints; /* asked in turn, while the answer is http.no-route */
	size_t count;
};

/* A handler whose service is a struct hm_http_mux. */
enum hm_status hm_http_mux_handle(void *mux, const struct hm_http_request *request, struct hm_http_response *response,
				  struct hm_err *err) HM_MUST;

/*
 * What an operator's log is written by: called after each answer, by many threads at once.
 *
 * Shape   st, err: why it failed, with all that was not told to who asked; HM_OK and NULL where it did not.
 *         duration_ns: from the whole request to the finished answer.
 */
struct hm_http_observer {
	void (*answered)(void *ctx, const struct hm_http_request *request, const struct hm_http_response *response,
			 enum hm_status st, const struct hm_err *err, int64_t duration_ns); /* NULL: nobody looks */
	void *ctx;
};

/*
 * Answer a request in any case: call the handler; if it fails, or what it made cannot be sent, answer with the failure.
 *
 * Shape   response: made by hm_http_response_init(). Afterwards its status is set and it can be sent, unless memory has
 *         run out even for the failure's few words: it then has no body.
 * Errors  what the handler returned, for the server's log only; the answer stands in response in any case
 */
enum hm_status hm_http_answer(const struct hm_http_endpoint *endpoint, const struct hm_http_request *request,
			      struct hm_http_response *response, struct hm_err *err) HM_MUST;

/* The same, and tell the observer; observer may be NULL. */
void hm_http_answer_observed(const struct hm_http_endpoint *endpoint, const struct hm_http_observer *observer,
			     const struct hm_http_request *request, struct hm_http_response *response);

/*
 * Make a response the answer to a failure that no handler saw, such as a request that could not be read.
 *
 * Shape   response: as hm_http_answer() takes it; what it holds is dropped, but for a status of 400 or more and
 * headers. writer: NULL for hm_http_write_error().
 */
void hm_http_answer_failure(const struct hm_http_request *request, const struct hm_err *err, enum hm_status st,
			    hm_http_error_writer writer, struct hm_http_response *response);

/*
 * The usual form: {"code":404,"message":"…","reason":"http.no-route"}.
 */
void hm_http_write_error(const struct hm_http_request *request, const struct hm_err *err, struct hm_str text,
			 struct hm_http_response *response);

/* The HTTP status of a failure: by its reason where HTTP has one of its own for it, else by its kind. */
int hm_http_status_of(enum hm_status st, enum hm_reason reason);

/*
 * Begin a JSON answer: set its status and type; the caller writes the document, and asks hm_json_writer_check().
 *
 * Owns    the writer borrows response
 */
struct hm_json_writer hm_http_answer_json(struct hm_http_response *response, int status);

#endif
