/*
 * URLs of http and https, read strictly: one text, one meaning.
 *
 * Refused: other schemes, user names and passwords, fragments, characters that RFC 3986 does not allow unescaped, a
 * percent sign without two digits, an empty host or port, hosts that resolvers read as odd IPv4 addresses ("0x7f.1").
 *
 * Layer 3. Pure; any thread.
 */
#ifndef HM_HTTP_URL_H
#define HM_HTTP_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name that DNS has. */
#define HM_HOST_LEN 253

/* "https://[host]:65535" and its NUL. */
#define HM_ORIGIN_LEN (8 + 2 + HM_HOST_LEN + 6 + 1)

struct hm_url {
	bool is_https;
	bool is_ipv6;               /* host is an IPv6 address, kept without its brackets */
	uint16_t port;              /* the scheme's own where the text has none */
	char host[HM_HOST_LEN + 1]; /* lower case */
	struct hm_str path;         /* percent-encoded; "/" where the text has none */
	struct hm_str query;        /* percent-encoded, without '?'; ptr is NULL where there is none */
};

/*
 * Read an absolute URL.
 *
 * Owns    ret_url's path and query are borrowed from text
 * Errors  HM_EPARSE http.url; HM_ELIMIT http.url-too-long: over HM_MAX_URL
 * Source  RFC 3986, 3; RFC 9110, 4.2
 */
enum hm_status hm_url_parse(struct hm_str text, struct hm_url *ret_url, struct hm_err *err) HM_MUST;

/*
 * Read a path with an optional query, as a request's first line has it.
 *
 * Shape   begins with '/'; no fragment, no "." or ".." segment in any writing: whoever joins it to a folder stays in
 * it. Owns    borrowed from target Errors  HM_EPARSE http.url; HM_ELIMIT http.url-too-long Source  RFC 9112, 3.2.1
 */
enum hm_status hm_url_parse_target(struct hm_str target, struct hm_str *ret_path, struct hm_str *ret_query,
				   struct hm_err *err) HM_MUST;

/*
 * Read "host" or "host:port", as in Host.
 *
 * Shape   default_port: where the text has none.
 * Errors  HM_EPARSE http.url
 */
enum hm_status hm_url_parse_authority(struct hm_str text, uint16_t default_port, struct hm_url *ret_url,
				      struct hm_err *err) HM_MUST;

/*
 * Find "user:password" before a host: a secret, maybe, in a URL that is not refused for it.
 *
 * Shape   url: of any scheme, or of none as proxies are named ("user:password@proxy:8080"). ret: borrowed from url, an
 *         '@' follows; its ptr is NULL where there is none.
 */
struct hm_str hm_url_user(struct hm_str url);

/* Write "https://log.example:8080", the scheme's own port left out. */
void hm_url_origin(const struct hm_url *url, char ret_text[HM_ORIGIN_LEN]);

/* Write "log.example:8080", the scheme's own port left out. */
void hm_url_authority(const struct hm_url *url, char ret_text[HM_ORIGIN_LEN]);

bool hm_url_is_same_origin(const struct hm_url *a, const struct hm_url *b);

/*
 * Add the absolute URL that a reference leads to, such as a Location; its fragment is dropped.
 *
 * Errors  HM_EPARSE http.url: base and reference make no URL that hm_url_parse() accepts; HM_ELIMIT; HM_ENOMEM
 * Source  RFC 3986, 5.2
 */
enum hm_status hm_url_resolve(const struct hm_url *base, struct hm_str reference, struct hm_buf *text,
			      struct hm_err *err) HM_MUST;

/* Add base and path with exactly one '/' between them, as a service's base URL and the path of its API are joined. */
void hm_url_join(struct hm_buf *text, struct hm_str base, struct hm_str path);

/* Add text with everything escaped but RFC 3986's unreserved characters; the second keeps '/' too. */
void hm_url_encode(struct hm_buf *buf, struct hm_str text);
void hm_url_encode_path(struct hm_buf *buf, struct hm_str text);

/*
 * Undo the escapes.
 *
 * Shape   plus_is_blank: as in queries that forms send.
 * Owns    ret_text lies in the arena, or is text itself where nothing is escaped
 * Errors  HM_EPARSE http.escape: a percent sign without two digits; an escaped NUL; HM_ELIMIT, HM_ENOMEM: the arena
 */
enum hm_status hm_url_decode(struct hm_arena *arena, struct hm_str text, bool plus_is_blank, struct hm_str *ret_text,
			     struct hm_err *err) HM_MUST;

/* Add "name=value", escaped, with '&' before it unless query is empty. */
void hm_url_query_add(struct hm_buf *query, const char *name, struct hm_str value);

/*
 * Take the next parameter off a query; empty ones ("a=1&&b=2") are passed over.
 *
 * Shape   query: the rest. At the end ret_name's ptr is NULL. A name without '=' has an empty value.
 * Owns    ret_name and ret_value as hm_url_decode() has it
 * Errors  HM_EPARSE http.escape; HM_ELIMIT, HM_ENOMEM: the arena
 */
enum hm_status hm_url_query_next(struct hm_arena *arena, struct hm_str *query, struct hm_str *ret_name,
				 struct hm_str *ret_value, struct hm_err *err) HM_MUST;

#endif
