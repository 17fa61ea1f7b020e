/*
 * What server.c and exchange.c share: the server's state, its connections, and the requests on them.
 *
 * Layer 4, inside net.
 */
#ifndef HM_NET_SERVER_PARTS_H
#define HM_NET_SERVER_PARTS_H

#include "base/secret.h"
#include "http/wire.h"
#include "net/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

/* A connection and until when it must have come further. */
struct hm_connection {
	struct hm_connection *next, *prev;
	int fd;
	int64_t deadline_ns; /* INT64_MAX while a handler works for it */
	bool is_shut;
};

struct hm_server {
	struct hm_server_opts opts; /* with the defaults filled in; its texts are not kept */
	struct MHD_Daemon *daemon;
	struct hm_secret key;
	struct hm_buf cert;
	int listen_fd;
	char origin[8 + INET6_ADDRSTRLEN + 2 + 6 + 1];
	atomic_size_t body_bytes; /* of all requests that are being read */
	atomic_uint active;       /* requests under way */
	pthread_mutex_t lock;     /* of what follows, and of every connection's fields */
	pthread_cond_t changed;
	struct hm_connection *connections;
	bool is_stopping;
	pthread_t watcher;
	bool has_watcher;
};

/* From when on a connection is overdue. */
void hm_server_set_deadline(struct hm_server *server, struct hm_connection *connection, int64_t deadline_ns);

/* libmicrohttpd's callbacks for one request after the other, see MHD_start_daemon(); ctx is the server. */
void *hm_exchange_begin(void *ctx, const char *uri, struct MHD_Connection *connection);
enum MHD_Result hm_exchange_step(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
				 const char *version, const char *data, size_t *size, void **exchange);
void hm_exchange_end(void *ctx, struct MHD_Connection *connection, void **exchange,
		     enum MHD_RequestTerminationCode why);

#endif
