/*
 * HTTP messages as values: what is asked and what is answered, without sockets and without syntax.
 *
 * A message owns all that is in it: the texts lie in its arena, the body in its buffer, and what a setter is given is
 * copied. Setters return nothing; the first failure sticks, and who sends the message asks once with
 * hm_http_request_check() or hm_http_response_check(). Every transport and the server do that.
 *
 * What frames a message is not in its list of headers but in fields of its own: Host is `host`, Content-Length is the
 * body's length, Transfer-Encoding and Connection belong to who carries the message. So no handler and no client can
 * say one length and send another.
 *
 * Not here: bytes on the wire (wire.h), URLs (url.h), who answers what (route.h).
 * Layer 3. Pure. One thread at a time changes a message; one that is finished may be read by many.
 */
#ifndef HM_HTTP_MESSAGE_H
#define HM_HTTP_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parts of a path that a route names, such as {level}; more than any API has. */
#define HM_HTTP_MAX_PARAMS 8

struct hm_http_header {
	struct hm_str name, value; /* name as it was written; compared without regard to case */
};

/* What requests and responses have in common: headers, the memory of the texts, and the failure that sticks. */
struct hm_http_head {
	struct hm_arena arena;
	struct hm_http_header *v; /* in the order in which they came */
	size_t count, cap;
	size_t bytes;             /* of all names and values, for HM_MAX_HTTP_HEAD */
	enum hm_reason failed;    /* HM_R_OK until something went wrong */
	const char *failed_about; /* in the arena; NULL when that had no room for it */
};

struct hm_http_param {
	struct hm_str name, value; /* value: percent-decoded */
};

struct hm_http_request {
	struct hm_http_head head;
	struct hm_str method; /* upper case, such as "GET" */
	struct hm_str scheme; /* "http" or "https" */
	struct hm_str host;   /* as in Host: lower case, the scheme's own port left out; "log.example:8080" */
	struct hm_str path;   /* as sent, percent-encoded; begins with '/' */
	struct hm_str query;  /* as sent, without '?'; ptr is NULL where the target has none */
	struct hm_str peer;   /* numeric address of who asks; empty within one process */
	struct hm_buf body;
	struct hm_http_param params[HM_HTTP_MAX_PARAMS]; /* set by the router */
	size_t param_count;
};

struct hm_http_response {
	struct hm_http_head head;
	int status; /* 0 until set: a handler that returns HM_OK and set none has answered 200 */
	struct hm_buf body;
	uint64_t content_length; /* of a received answer to HEAD, which has no body; otherwise 0 */
	bool is_answered;        /* the failure that is being returned has its answer here already, see route.h */
};

/*
 * Begin a request to a URL.
 *
 * Shape   method: an HTTP token, such as "GET". url: absolute, see hm_url_parse().
 * Owns    copies both; req is the caller's, for hm_http_request_done()
 * Errors  stick: http.url, http.syntax: the method is no token; limit; no-memory
 */
void hm_http_request_init(struct hm_http_request *req, const char *method, struct hm_str url);

/* A copy of its own, to be changed and asked instead. Errors: stick in copy, and those of req too. */
void hm_http_request_copy(const struct hm_http_request *req, struct hm_http_request *ret_copy);

void hm_http_request_done(struct hm_http_request *req);

/* An empty response whose body may have max_body bytes. */
void hm_http_response_init(struct hm_http_response *res, size_t max_body);

void hm_http_response_done(struct hm_http_response *res);

/*
 * Ask once whether all was set.
 *
 * Errors  the one that stuck; HM_ELIMIT: the body's buffer was too small; HM_ENOMEM
 */
enum hm_status hm_http_request_check(const struct hm_http_request *req, struct hm_err *err) HM_MUST;
enum hm_status hm_http_response_check(const struct hm_http_response *res, struct hm_err *err) HM_MUST;

/*
 * Add a header; set replaces all of that name.
 *
 * Shape   name: an HTTP token, none of Host, Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE, Trailer,
 *         Upgrade. value: visible characters, blanks and tabs, bytes from 0x80 on; not at its ends blank.
 * Errors  stick: http.header; http.head-too-large: over HM_MAX_HTTP_HEADERS or HM_MAX_HTTP_HEAD
 * Source  RFC 9110, 5.1 and 5.5
 */
void hm_http_add(struct hm_http_head *head, const char *name, struct hm_str value);
void hm_http_set(struct hm_http_head *head, const char *name, struct hm_str value);
void hm_http_addf(struct hm_http_head *head, const char *name, const char *fmt, ...) HM_PRINTF(3, 4);

/* The same for a name that is no C string. */
void hm_http_add_str(struct hm_http_head *head, struct hm_str name, struct hm_str value);

/*
 * The first header of a name, borrowed; ptr is NULL where there is none.
 *
 * Those that may stand once only (Content-Type, Authorization, Location, …) were refused on arrival when there were
 * more, see wire.h.
 */
struct hm_str hm_http_get(const struct hm_http_head *head, const char *name);

/* The i-th header of a name, from 0: for those that may repeat. */
struct hm_str hm_http_get_at(const struct hm_http_head *head, const char *name, size_t i);

/* Whether Content-Type is this one, whatever its parameters; "application/json" is "Application/JSON; charset=utf-8".
 */
bool hm_http_is_type(const struct hm_http_head *head, const char *type);

/* Whether Accept allows this type: it is missing, or a range of it matches with a weight above 0. RFC 9110, 12.5.1. */
bool hm_http_accepts(const struct hm_http_head *head, const char *type);

/* What stands behind "Bearer " in Authorization; ptr is NULL where there is none. RFC 6750, 2.1. */
struct hm_str hm_http_bearer(const struct hm_http_head *head);

/* Replace the body by a copy and say what it is. */
void hm_http_request_set_body(struct hm_http_request *req, const char *type, struct hm_str body);
void hm_http_response_set_body(struct hm_http_response *res, const char *type, struct hm_str body);

/* The part of the path that the route calls so, percent-decoded; ptr is NULL where the route has no such name. */
struct hm_str hm_http_param(const struct hm_http_request *req, const char *name);

/*
 * A parameter of the query, decoded, '+' read as a blank.
 *
 * Owns    ret_value lies in the arena; ptr is NULL where there is none
 * Errors  HM_EPARSE http.query: there are two of the name; http.escape; HM_ELIMIT, HM_ENOMEM: the arena
 */
enum hm_status hm_http_query(const struct hm_http_request *req, struct hm_arena *arena, const char *name,
			     struct hm_str *ret_value, struct hm_err *err) HM_MUST;

/* Memory that lives as long as the response: for what a handler makes on its way. At most HM_MAX_HTTP_SCRATCH. */
static inline struct hm_arena *hm_http_scratch(struct hm_http_response *res)
{
	return &res->head.arena;
}

/* Whether two names are the same but for the case of ASCII letters. */
bool hm_http_name_eq(struct hm_str a, struct hm_str b);

/* Whether a header frames its message, and so is no header here: Host, Content-Length, Connection, … */
bool hm_http_is_framing(struct hm_str name);

/* Whether s is a token. RFC 9110, 5.6.2. */
bool hm_http_is_token(struct hm_str s);

#endif
