#include "net/server.h"

#include "base/effects.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "http/url.h"
#include "net/server_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	default_connections = 1000,
	default_head_ms = 30000,
	default_body_ms = 60000,
	default_answer_ms = 120000,
	default_stop_ms = 10000,
	shortest_tick_ms = 5,
	longest_tick_ms = 500,
	/* what a connection may take for its head and what libmicrohttpd keeps with it */
	connection_memory = 2 * 64 * 1024,
	backlog = 511,
};

/* TLS 1.2 and up, without the suites that have no forward secrecy. */
static const char tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA";

/* --- connections, and those that are overdue --- */

void hm_server_set_deadline(struct hm_server *server, struct hm_connection *connection, int64_t deadline_ns)
{
	pthread_mutex_lock(&server->lock);
	connection->deadline_ns = deadline_ns;
	pthread_mutex_unlock(&server->lock);
}

static void open_connection(struct hm_server *server, struct MHD_Connection *c, void **socket_context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct hm_connection *connection = hm_calloc(1, sizeof(*connection));

	if (!info)
		return;
	/* without memory it could not be watched */
	if (!connection) {
		shutdown(info->connect_fd, SHUT_RDWR);
		return;
	}
	connection->fd = info->connect_fd;
	connection->deadline_ns = hm_monotonic_ns() + server->opts.head_timeout_ms * HM_NS_PER_MS;
	pthread_mutex_lock(&server->lock);
	connection->next = server->connections;
	if (connection->next)
		connection->next->prev = connection;
	server->connections = connection;
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
	*socket_context = connection;
}

/* Called before the descriptor is closed, so that the watcher never has one that has become another's. */
static void close_connection(struct hm_server *server, void **socket_context)
{
	struct hm_connection *connection = *socket_context;

	if (!connection)
		return;
	pthread_mutex_lock(&server->lock);
	if (connection->prev)
		connection->prev->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->prev = connection->prev;
	pthread_mutex_unlock(&server->lock);
	free(connection);
	*socket_context = NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		open_connection(ctx, c, socket_context);
	else
		close_connection(ctx, socket_context);
}

static int64_t tick_ms(const struct hm_server_opts *o)
{
	int64_t least = o->head_timeout_ms < o->body_timeout_ms ? o->head_timeout_ms : o->body_timeout_ms;

	least = (o->answer_timeout_ms < least ? o->answer_timeout_ms : least) / 8;
	return least < shortest_tick_ms ? shortest_tick_ms : least > longest_tick_ms ? longest_tick_ms : least;
}

/* The waiting is in libmicrohttpd's hands; a socket that is shut down wakes it, and it closes. */
static void *watch(void *ctx)
{
	struct hm_server *server = ctx;
	const int64_t tick = tick_ms(&server->opts);

	pthread_mutex_lock(&server->lock);
	while (!server->is_stopping) {
		struct timespec until;
		if (!server->connections) {
			pthread_cond_wait(&server->changed, &server->lock);
			continue;
		}
		const int64_t now_ns = hm_monotonic_ns(), wake_ns = now_ns + tick * HM_NS_PER_MS;
		for (struct hm_connection *c = server->connections; c; c = c->next) {
			if (c->deadline_ns > now_ns || c->is_shut)
				continue;
			shutdown(c->fd, SHUT_RDWR);
			c->is_shut = true;
		}
		until = (struct timespec){ wake_ns / HM_NS_PER_S, wake_ns % HM_NS_PER_S };
		pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* --- starting --- */

static enum hm_status parse_address(const char *text, struct sockaddr_storage *ret_addr, socklen_t *ret_len,
				    struct hm_err *err)
{
	struct hm_str whole = hm_str(text);
	ptrdiff_t colon = hm_str_find_last_char(whole, ':');
	struct hm_str host = hm_str_head(whole, colon < 0 ? 0 : (size_t)colon),
		      port = hm_str_skip(whole, (size_t)(colon + 1));
	char name[INET6_ADDRSTRLEN] = "";
	uint64_t number = 0;

	bool is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	if (is_v6)
		host = hm_str_of(host.ptr + 1, host.len - 2);
	if (colon < 0 || !hm_str_to_u64(port, &number) || number > UINT16_MAX || host.len == 0 ||
	    host.len >= sizeof(name))
		return hm_fail(err, HM_R_NET_ADDRESS, "'%s' is not ADDRESS:PORT", text);
	memcpy(name, host.ptr, host.len);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number) };
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, name, is_v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) != 1)
		return hm_fail(err, HM_R_NET_ADDRESS, "'%s' has no numeric address", text);
	*ret_len = is_v6 ? sizeof(in6) : sizeof(in);
	memset(ret_addr, 0, sizeof(*ret_addr));
	memcpy(ret_addr, is_v6 ? (const void *)&in6 : (const void *)&in, *ret_len);
	return HM_OK;
}

static enum hm_status fail_listen(struct hm_err *err, const char *address)
{
	const int errnum = errno;
	const char *text = strerrordesc_np(errnum);

	return hm_fail(err, HM_R_NET_LISTEN, "listen on %s: %s", address, text ? text : "unknown error");
}

static enum hm_status open_socket(struct hm_server *server, const char *address, struct hm_err *err)
{
	struct sockaddr_storage addr;
	socklen_t len;
	const int on = 1;

	enum hm_status st = parse_address(address, &addr, &len, err);
	if (st != HM_OK)
		return st;
	server->listen_fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listen_fd < 0)
		return fail_listen(err, address);
	if (setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (addr.ss_family == AF_INET6 &&
	     setsockopt(server->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    bind(server->listen_fd, (struct sockaddr *)&addr, len) != 0 || listen(server->listen_fd, backlog) != 0 ||
	    getsockname(server->listen_fd, (struct sockaddr *)&addr, &len) != 0)
		return fail_listen(err, address);
	const struct sockaddr_in *in = (const void *)&addr;
	const struct sockaddr_in6 *in6 = (const void *)&addr;
	const bool is_v6 = addr.ss_family == AF_INET6;
	char name[INET6_ADDRSTRLEN] = "";
	inet_ntop(addr.ss_family, is_v6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr, name,
		  sizeof(name));
	snprintf(server->origin, sizeof(server->origin), is_v6 ? "%s://[%s]:%u" : "%s://%s:%u",
		 server->opts.tls_cert_file ? "https" : "http", name,
		 (unsigned)ntohs(is_v6 ? in6->sin6_port : in->sin_port));
	return HM_OK;
}

static enum hm_status load_keys(struct hm_server *server, struct hm_err *err)
{
	HM_OWN(hm_secret_buf_done) struct hm_buf key = { 0 };

	if (!server->opts.tls_cert_file)
		return HM_OK;
	if (!server->opts.tls_key_file)
		return hm_fail(err, HM_R_NET_KEY, "a certificate needs its key");
	enum hm_status st = hm_file_read(server->opts.tls_cert_file, HM_MAX_CONFIG_FILE, &server->cert, err);
	if (st == HM_OK)
		st = hm_file_read(server->opts.tls_key_file, HM_MAX_CONFIG_FILE, &key, err);
	if (st == HM_OK)
		st = hm_secret_copy(hm_buf_str(&key), &server->key, err);
	if (st == HM_OK && server->cert.len == 0)
		st = hm_fail(err, HM_R_NET_KEY, "'%s' is empty", server->opts.tls_cert_file);
	return st;
}

/* The target is taken as it was sent, see hm_exchange_begin(); libmicrohttpd's own reading of it stays as it is. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strlen(text);
}

static bool is_listening(int fd)
{
	int answer = 0;
	socklen_t len = sizeof(answer);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &answer, &len) == 0 && answer;
}

static enum hm_status start_daemon(struct hm_server *server, struct hm_err *err)
{
	const struct hm_server_opts *o = &server->opts;
	const bool has_tls = o->tls_cert_file != NULL;
	const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | (has_tls ? MHD_USE_TLS : 0);
	/* the silence of a connection; what only trickles is the watcher's */
	const int64_t silence_ms = o->head_timeout_ms > o->body_timeout_ms ? o->head_timeout_ms : o->body_timeout_ms;
	const struct MHD_OptionItem plain[] = {
		{ MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->max_connections, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->max_connections_each, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)(silence_ms / 1000 + 1), NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)hm_exchange_begin, server },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)hm_exchange_end, server },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server },
		/* a pool of one is refused */
		{ o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)o->threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert.ptr },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, server->key.ptr },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)(uintptr_t)tls_priorities },
		{ MHD_OPTION_END, 0, NULL },
	};

	errno = 0;
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, hm_exchange_step, server, MHD_OPTION_ARRAY,
					  has_tls ? tls : tls + 3, MHD_OPTION_ARRAY, plain, MHD_OPTION_END);
	if (server->daemon)
		return HM_OK;
	/* some of its failures have closed the socket, some have not */
	if (!is_listening(server->listen_fd))
		server->listen_fd = -1;
	if (has_tls)
		return hm_fail(err, HM_R_NET_KEY, "'%s' and '%s' are not a certificate and its key", o->tls_cert_file,
			       o->tls_key_file);
	return fail_listen(err, server->origin);
}

static void fill(struct hm_server_opts *o)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned threads = processors > 2 ? 2 * (unsigned)processors : 4;

	o->threads = o->threads ? o->threads : threads;
	o->max_connections = o->max_connections ? o->max_connections : default_connections;
	/* each thread has its share of them, and at least one */
	o->max_connections = o->max_connections < o->threads ? o->threads : o->max_connections;
	o->max_body = o->max_body ? o->max_body : HM_MAX_SERVED_BODY;
	o->max_bodies = o->max_bodies ? o->max_bodies : HM_MAX_SERVED_BODIES;
	o->head_timeout_ms = o->head_timeout_ms > 0 ? o->head_timeout_ms : default_head_ms;
	o->body_timeout_ms = o->body_timeout_ms > 0 ? o->body_timeout_ms : default_body_ms;
	o->answer_timeout_ms = o->answer_timeout_ms > 0 ? o->answer_timeout_ms : default_answer_ms;
	o->stop_timeout_ms = o->stop_timeout_ms > 0 ? o->stop_timeout_ms : default_stop_ms;
}

static void init_locks(struct hm_server *server)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &attr);
	pthread_condattr_destroy(&attr);
}

enum hm_status hm_server_start(const struct hm_server_opts *opts, struct hm_server **ret_server, struct hm_err *err)
{
	HM_OWN(hm_server_stopp) struct hm_server *server = hm_calloc(1, sizeof(*server));

	if (!server)
		return hm_fail(err, HM_R_NO_MEMORY, "start a server");
	init_locks(server);
	server->opts = *opts;
	server->listen_fd = -1;
	fill(&server->opts);
	enum hm_status st = load_keys(server, err);
	if (st == HM_OK)
		st = open_socket(server, opts->address, err);
	if (st == HM_OK)
		st = start_daemon(server, err);
	if (st != HM_OK)
		return st;
	server->has_watcher = pthread_create(&server->watcher, NULL, watch, server) == 0;
	if (!server->has_watcher)
		return hm_fail(err, HM_R_NO_MEMORY, "start a thread");
	*ret_server = HM_STEAL(server);
	return HM_OK;
}

const char *hm_server_origin(const struct hm_server *server)
{
	return server->origin;
}

/* --- stopping --- */

/* Wait for requests that are under way; polled, for it happens once. */
static void drain(struct hm_server *server)
{
	const int64_t end_ns = hm_monotonic_ns() + server->opts.stop_timeout_ms * HM_NS_PER_MS;

	while (atomic_load(&server->active) > 0 && hm_monotonic_ns() < end_ns)
		usleep(2000);
}

struct hm_server *hm_server_stop(struct hm_server *server)
{
	if (!server)
		return NULL;
	if (server->daemon) {
		/* from here on nobody is let in; the socket is ours to close */
		MHD_quiesce_daemon(server->daemon);
		drain(server);
		MHD_stop_daemon(server->daemon);
	}
	if (server->has_watcher) {
		pthread_mutex_lock(&server->lock);
		server->is_stopping = true;
		pthread_cond_signal(&server->changed);
		pthread_mutex_unlock(&server->lock);
		pthread_join(server->watcher, NULL);
	}
	hm_closep(&server->listen_fd);
	hm_secret_done(&server->key);
	hm_buf_done(&server->cert);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server);
	return NULL;
}

void hm_server_stopp(struct hm_server **server)
{
	*server = hm_server_stop(*server);
}
