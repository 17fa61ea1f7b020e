/*
 * A server over libmicrohttpd: HTTP/1.1 for a handler, on one address, with or without TLS.
 *
 * Threads wait with epoll and call the handler themselves; a handler that waits holds one of them. Each phase of a
 * request has a time of its own, so that a client that sends or reads one byte a second loses its connection; bodies
 * are bounded each and together. What libmicrohttpd reads leniently is checked again by http/wire.h, and refused
 * requests get the answer that a handler's failure gets.
 *
 * Not here: what is answered (handlers), and logs (the observer).
 * Layer 4. A server is started and stopped by one thread; its handler is called by many.
 */
#ifndef HM_NET_SERVER_H
#define HM_NET_SERVER_H

#include "http/route.h"

#include <stddef.h>
#include <stdint.h>

struct hm_server;

struct hm_server_opts {
	const char *address;              /* "127.0.0.1:8080", "[::1]:0"; port 0 takes a free one */
	struct hm_http_endpoint endpoint; /* called by many threads at once */
	struct hm_http_observer observer; /* as well */
	const char *tls_cert_file;        /* PEM, the server's certificate first; NULL: no TLS */
	const char *tls_key_file;         /* PEM, not encrypted */
	unsigned threads;                 /* 0: two a processor, at least four */
	unsigned max_connections;         /* 0: 1000 */
	unsigned max_connections_each;    /* of one client's address; 0: as many */
	size_t max_body;                  /* of one request; 0: HM_MAX_SERVED_BODY */
	size_t max_bodies;                /* of all requests that are being read; 0: HM_MAX_SERVED_BODIES */
	int64_t head_timeout_ms;          /* from the connection, or the last answer, to the end of the head; 0: 30 s */
	int64_t body_timeout_ms;          /* from there to the end of the body; 0: 60 s */
	int64_t answer_timeout_ms;        /* from the handler's answer until it has been taken; 0: 120 s */
	int64_t stop_timeout_ms;          /* how long stopping waits for requests that are under way; 0: 10 s */
};

/*
 * Listen and serve.
 *
 * Owns    opts is copied; what endpoint and observer point to must live until hm_server_stop(); ret_server is the
 *         caller's
 * Errors  HM_EINVAL net.address, net.key; HM_ENET net.listen; HM_ENOTFOUND, HM_EIO: the certificate's or key's file;
 *         HM_ENOMEM
 */
enum hm_status hm_server_start(const struct hm_server_opts *opts, struct hm_server **ret_server,
			       struct hm_err *err) HM_MUST;

/* Where it listens: "http://127.0.0.1:4711". Borrowed until it is stopped. */
const char *hm_server_origin(const struct hm_server *server);

/*
 * Take no more connections, let requests that are under way end, close. When it returns no handler runs any more.
 * Returns NULL.
 */
struct hm_server *hm_server_stop(struct hm_server *server);

/* For HM_OWN. */
void hm_server_stopp(struct hm_server **server);

#endif
