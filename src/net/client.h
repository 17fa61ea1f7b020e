/*
 * The transport over a network: libcurl, with TLS always verified, retries, and limits that are held while reading.
 *
 * Redirects, and what an answer's status means, are http/transport.h's; here a question becomes an answer or the reason
 * why there is none.
 *
 * Layer 4. A client is used by any number of threads at once; each question has a connection of its own, and
 * connections are kept for the next.
 */
#ifndef HM_NET_CLIENT_H
#define HM_NET_CLIENT_H

#include "base/effects.h"
#include "http/transport.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hm_client;

struct hm_client_opts {
	const char *user_agent; /* NULL: "hallmark" */
	/*
	 * Whom to trust: a file of PEM certificates, a folder of them as OpenSSL's rehash makes it. With neither, what
	 * SSL_CERT_FILE and SSL_CERT_DIR say, else the system's.
	 */
	const char *ca_file, *ca_dir;
	bool no_environment; /* do not look at SSL_CERT_FILE, SSL_CERT_DIR, http_proxy, https_proxy, no_proxy, … */
	int64_t connect_timeout_ms;       /* of one attempt; 0: 15 s */
	unsigned attempts;                /* of one question, see below; 0: 4, 1: no retry */
	int64_t retry_wait_ms;            /* before the second attempt, then doubled; 0: 250 ms */
	const struct hm_effects *effects; /* for the waits' jitter; NULL: the system's */
	const atomic_bool *stop; /* set by somebody else: what is under way ends with `interrupted`; may be NULL */
};

/*
 * Make a client.
 *
 * Shape   opts: NULL for the defaults.
 * Owns    opts is copied, but for effects and stop, which must live as long; ret_client is the caller's
 * Errors  HM_ENOTFOUND file.not-found: ca_file or ca_dir is not there; HM_ENOMEM
 */
enum hm_status hm_client_new(const struct hm_client_opts *opts, struct hm_client **ret_client,
			     struct hm_err *err) HM_MUST;

/* Close all connections; nothing may be under way. Returns NULL. */
struct hm_client *hm_client_free(struct hm_client *client);

/* For HM_OWN. */
void hm_client_freep(struct hm_client **client);

/*
 * The transport of a client.
 *
 * An attempt is made again when it failed to connect or its connection broke, and when the answer is 429, 502, 503 or
 * 504; only for GET, HEAD, PUT, DELETE and OPTIONS, or where the question says that it is idempotent. The wait doubles,
 * with jitter, and is at least what Retry-After says; where that does not fit the time limit any more, the answer or
 * failure at hand is the result.
 *
 * Owns    borrows client
 * Errors  of asking: HM_ENET net.resolve, net.connect, net.tls, net.proxy, net.broken, http.timeout; HM_EPARSE
 *         http.syntax, http.header; HM_ELIMIT http.too-large, http.head-too-large; HM_EIO interrupted; HM_ENOMEM
 */
struct hm_transport hm_client_transport(struct hm_client *client);

#endif
