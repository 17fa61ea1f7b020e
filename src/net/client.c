#include "net/client.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "http/date.h"
#include "http/wire.h"

#include <curl/curl.h>
#include <pthread.h>
#include <time.h>

enum {
	idle_max = 16,              /* connections that are kept open for the next question */
	default_connect_ms = 15000, /* of one attempt */
	default_attempts = 4,
	default_wait_ms = 250,
	longest_wait_ms = 60000, /* whoever asks us to wait longer gets no retry */
	nap_ms = 50,             /* how often `stop` is looked at */
};

struct hm_client {
	struct hm_client_opts opts;
	char *user_agent, *ca_file, *ca_dir;
	CURLSH *share; /* names and TLS sessions; connections stay with their handle */
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
	pthread_mutex_t lock; /* of what follows */
	CURL *idle[idle_max];
	size_t idle_count;
};

/* One attempt. */
struct attempt {
	const struct hm_client *client;
	const struct hm_http_request *request;
	struct hm_http_response response;
	struct curl_slist *headers;
	struct hm_buf url;
	bool is_head_read;  /* the response's headers are complete; what comes then is a trailer */
	enum hm_status bad; /* a callback ended the transfer, and why */
	struct hm_err err;
	char text[CURL_ERROR_SIZE];
};

/* --- the client --- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void start_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_ALL);
}

static void lock_share(CURL *handle, curl_lock_data data, curl_lock_access access, void *ctx)
{
	struct hm_client *client = ctx;

	(void)handle;
	(void)access;
	pthread_mutex_lock(&client->share_locks[data]);
}

static void unlock_share(CURL *handle, curl_lock_data data, void *ctx)
{
	struct hm_client *client = ctx;

	(void)handle;
	pthread_mutex_unlock(&client->share_locks[data]);
}

static bool make_share(struct hm_client *client)
{
	client->share = curl_share_init();
	return client->share && curl_share_setopt(client->share, CURLSHOPT_LOCKFUNC, lock_share) == CURLSHE_OK &&
	       curl_share_setopt(client->share, CURLSHOPT_UNLOCKFUNC, unlock_share) == CURLSHE_OK &&
	       curl_share_setopt(client->share, CURLSHOPT_USERDATA, client) == CURLSHE_OK &&
	       curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
	       curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

static enum hm_status copy_option(const char *value, char **ret_copy, struct hm_err *err)
{
	return value && value[0] != '\0' ? hm_str_dup(hm_str(value), ret_copy, err) : HM_OK;
}

static enum hm_status check_there(const char *path, struct hm_err *err)
{
	if (!path || hm_path_is_there(path))
		return HM_OK;
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "trusted certificates '%s': no such file", path);
}

static enum hm_status fill(struct hm_client *client, struct hm_err *err)
{
	struct hm_client_opts *o = &client->opts;
	const bool asks_env = !o->no_environment && !o->ca_file && !o->ca_dir;

	enum hm_status st = copy_option(o->user_agent ? o->user_agent : "hallmark", &client->user_agent, err);
	if (st == HM_OK)
		st = copy_option(asks_env ? getenv("SSL_CERT_FILE") : o->ca_file, &client->ca_file, err);
	if (st == HM_OK)
		st = copy_option(asks_env ? getenv("SSL_CERT_DIR") : o->ca_dir, &client->ca_dir, err);
	if (st == HM_OK)
		st = check_there(client->ca_file, err);
	/* of the environment's folders, a list with ':', those that are not there are passed over, as OpenSSL does */
	if (st == HM_OK)
		st = check_there(o->ca_dir, err);
	if (st == HM_OK && !make_share(client))
		st = hm_fail(err, HM_R_NO_MEMORY, "make a client");
	o->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : default_connect_ms;
	o->attempts = o->attempts ? o->attempts : default_attempts;
	o->retry_wait_ms = o->retry_wait_ms > 0 ? o->retry_wait_ms : default_wait_ms;
	o->effects = o->effects ? o->effects : hm_effects_system();
	return st;
}

enum hm_status hm_client_new(const struct hm_client_opts *opts, struct hm_client **ret_client, struct hm_err *err)
{
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;

	pthread_once(&curl_once, start_curl);
	if (curl_ready != CURLE_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "start libcurl: %s", curl_easy_strerror(curl_ready));
	client = hm_calloc(1, sizeof(*client));
	if (!client)
		return hm_fail(err, HM_R_NO_MEMORY, "make a client");
	pthread_mutex_init(&client->lock, NULL);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_init(&client->share_locks[i], NULL);
	if (opts)
		client->opts = *opts;
	enum hm_status st = fill(client, err);
	if (st == HM_OK)
		*ret_client = HM_STEAL(client);
	return st;
}

struct hm_client *hm_client_free(struct hm_client *client)
{
	if (!client)
		return NULL;
	for (size_t i = 0; i < client->idle_count; i++)
		curl_easy_cleanup(client->idle[i]);
	curl_share_cleanup(client->share);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_destroy(&client->share_locks[i]);
	pthread_mutex_destroy(&client->lock);
	free(client->user_agent);
	free(client->ca_file);
	free(client->ca_dir);
	free(client);
	return NULL;
}

void hm_client_freep(struct hm_client **client)
{
	*client = hm_client_free(*client);
}

/* The handle that was used last has the connection that is least likely to have been closed. */
static CURL *take_handle(struct hm_client *client)
{
	CURL *handle = NULL;

	pthread_mutex_lock(&client->lock);
	if (client->idle_count > 0)
		handle = client->idle[--client->idle_count];
	pthread_mutex_unlock(&client->lock);
	return handle ? handle : curl_easy_init();
}

static void give_handle(struct hm_client *client, CURL *handle)
{
	/* nothing of this question stays: its pointers go out of scope */
	curl_easy_reset(handle);
	pthread_mutex_lock(&client->lock);
	if (client->idle_count < idle_max) {
		client->idle[client->idle_count++] = handle;
		handle = NULL;
	}
	pthread_mutex_unlock(&client->lock);
	curl_easy_cleanup(handle);
}

/* --- what comes in --- */

static size_t take_body(char *ptr, size_t size, size_t count, void *ctx)
{
	struct attempt *a = ctx;
	struct hm_buf *body = &a->response.body;

	(void)size;
	hm_buf_add(body, ptr, count);
	if (body->status == HM_OK)
		return count;
	a->bad = body->status == HM_ELIMIT
		     ? hm_fail(&a->err, HM_R_HTTP_TOO_LARGE, "%.*s: the answer is over its limit of %zu bytes",
			       HM_STR_ARG(a->request->host), body->max)
		     : hm_fail(&a->err, HM_R_NO_MEMORY, "the answer of %.*s", HM_STR_ARG(a->request->host));
	return 0;
}

/* One line of a head. An interim answer or a proxy's has a head of its own before the answer's. */
static size_t take_header(char *ptr, size_t size, size_t count, void *ctx)
{
	struct attempt *a = ctx;
	struct hm_str line = hm_str_trim(hm_str_of(ptr, count)), name, value;
	const size_t max = a->response.body.max;

	(void)size;
	if (hm_str_has_prefix(line, HM_STR("HTTP/"))) {
		hm_http_response_done(&a->response);
		hm_http_response_init(&a->response, max);
		a->is_head_read = false;
		return count;
	}
	if (line.len == 0)
		a->is_head_read = true;
	if (a->is_head_read)
		return count;
	if (!hm_str_cut(line, ':', &name, &value) || !hm_http_is_token(name))
		a->bad =
		    hm_fail(&a->err, HM_R_HTTP_HEADER, "'%.*s' is not a header", HM_STR_ARG(hm_str_head(line, 80)));
	else
		a->bad = hm_http_receive_header(&a->response.head, name, value, &a->err);
	if (a->bad == HM_OK)
		return count;
	a->bad = hm_while(&a->err, a->bad, "the answer of %.*s", HM_STR_ARG(a->request->host));
	return 0;
}

static bool is_stopped(const struct hm_client *client)
{
	return client->opts.stop && atomic_load(client->opts.stop);
}

static int look_at_stop(void *ctx, curl_off_t total, curl_off_t now, curl_off_t to_send, curl_off_t sent)
{
	const struct attempt *a = ctx;

	(void)total;
	(void)now;
	(void)to_send;
	(void)sent;
	return is_stopped(a->client);
}

/* --- what goes out --- */

static bool add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool make_headers(struct attempt *a)
{
	const struct hm_http_head *head = &a->request->head;

	/* libcurl would wait for a go-ahead with large bodies, and would call every body a form */
	if (!add_line(&a->headers, "Expect:"))
		return false;
	if (!hm_http_get(head, "Content-Type").ptr && !add_line(&a->headers, "Content-Type:"))
		return false;
	for (size_t i = 0; i < head->count; i++) {
		struct hm_str name = head->v[i].name, value = head->v[i].value;
		HM_OWN(hm_freep)
		char *line = value.len > 0 ? hm_asprintf("%.*s: %.*s", HM_STR_ARG(name), HM_STR_ARG(value))
					   : hm_asprintf("%.*s;", HM_STR_ARG(name));
		if (!line || !add_line(&a->headers, line))
			return false;
	}
	return true;
}

static bool make_url(struct attempt *a)
{
	const struct hm_http_request *req = a->request;

	hm_buf_add_str(&a->url, req->scheme);
	hm_buf_add_cstr(&a->url, "://");
	hm_buf_add_str(&a->url, req->host);
	hm_buf_add_str(&a->url, req->path);
	if (req->query.ptr) {
		hm_buf_add_char(&a->url, '?');
		hm_buf_add_str(&a->url, req->query);
	}
	return a->url.status == HM_OK;
}

static bool is_idempotent(const struct hm_http_request *req, const struct hm_ask_opts *opts)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (hm_str_is(req->method, methods[i]))
			return true;
	}
	return opts->is_idempotent;
}

/* Set an option and remember the first failure. */
#define SET(option, value) (rc = rc != CURLE_OK ? rc : curl_easy_setopt(handle, CURLOPT_##option, value))

static CURLcode set_question(CURL *handle, struct attempt *a, bool may_repeat)
{
	const struct hm_http_request *req = a->request;
	CURLcode rc = CURLE_OK;

	SET(URL, a->url.ptr);
	SET(PATH_AS_IS, 1L);
	SET(DISALLOW_USERNAME_IN_URL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(HTTPHEADER, a->headers);
	if (hm_str_is(req->method, "HEAD")) {
		SET(NOBODY, 1L);
	} else {
		if (req->body.len > 0 || !hm_str_is(req->method, "GET")) {
			SET(POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
			SET(POSTFIELDS, req->body.ptr ? req->body.ptr : "");
		}
		SET(CUSTOMREQUEST, req->method.ptr);
	}
	/* On a connection that the server closed meanwhile, libcurl sends a question again without asking us. */
	if (!may_repeat)
		SET(FRESH_CONNECT, 1L);
	return rc;
}

static CURLcode set_limits(CURL *handle, struct attempt *a, const struct hm_ask_opts *opts, int64_t left_ms)
{
	const struct hm_client *client = a->client;
	CURLcode rc = CURLE_OK;

	SET(NOSIGNAL, 1L);
	SET(TIMEOUT_MS, (long)left_ms);
	SET(CONNECTTIMEOUT_MS, (long)client->opts.connect_timeout_ms);
	/* the length that answers HEAD is that of no body */
	if (!hm_str_is(a->request->method, "HEAD"))
		SET(MAXFILESIZE_LARGE,
		    opts->max_response > INT64_MAX ? (curl_off_t)INT64_MAX : (curl_off_t)opts->max_response);
	SET(WRITEFUNCTION, take_body);
	SET(WRITEDATA, a);
	SET(HEADERFUNCTION, take_header);
	SET(HEADERDATA, a);
	SET(SUPPRESS_CONNECT_HEADERS, 1L);
	SET(NOPROGRESS, 0L);
	SET(XFERINFOFUNCTION, look_at_stop);
	SET(XFERINFODATA, a);
	SET(ERRORBUFFER, a->text);
	return rc;
}

static CURLcode set_connection(CURL *handle, const struct hm_client *client)
{
	CURLcode rc = CURLE_OK;

	SET(SHARE, client->share);
	SET(USERAGENT, client->user_agent);
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	if (client->ca_file)
		SET(CAINFO, client->ca_file);
	else if (client->ca_dir)
		SET(CAINFO, NULL); /* what is named replaces the system's and does not add to it */
	if (client->ca_dir)
		SET(CAPATH, client->ca_dir);
	else if (client->ca_file)
		SET(CAPATH, NULL);
	if (client->opts.no_environment)
		SET(PROXY, "");
	return rc;
}

#undef SET

/* --- failures --- */

static enum hm_reason reason_of(CURLcode rc)
{
	/* -Wswitch-enum wants all hundred; those that are not here cannot come or are our mistakes */
	switch ((int)rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return HM_R_NET_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return HM_R_NET_CONNECT;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return HM_R_NET_PROXY;
	case CURLE_OPERATION_TIMEDOUT:
		return HM_R_HTTP_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_USE_SSL_FAILED:
		return HM_R_NET_TLS;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		return HM_R_HTTP_SYNTAX;
	case CURLE_FILESIZE_EXCEEDED:
		return HM_R_HTTP_TOO_LARGE;
	case CURLE_OUT_OF_MEMORY:
		return HM_R_NO_MEMORY;
	case CURLE_ABORTED_BY_CALLBACK:
		return HM_R_INTERRUPTED;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_AGAIN:
	case CURLE_UNRECOVERABLE_POLL:
		return HM_R_NET_BROKEN;
	default:
		return HM_R_BUG;
	}
}

static enum hm_status fail(struct attempt *a, CURLcode rc)
{
	const struct hm_http_request *req = a->request;

	if (a->bad != HM_OK)
		return a->bad;
	/* without the query, which may hold a token */
	return hm_fail(&a->err, reason_of(rc), "%.*s %.*s://%.*s%.*s: %s", HM_STR_ARG(req->method),
		       HM_STR_ARG(req->scheme), HM_STR_ARG(req->host), HM_STR_ARG(hm_str_head(req->path, 120)),
		       a->text[0] ? a->text : curl_easy_strerror(rc));
}

/* --- asking --- */

static void attempt_done(struct attempt *a)
{
	hm_http_response_done(&a->response);
	curl_slist_free_all(a->headers);
	a->headers = NULL;
	hm_buf_done(&a->url);
}

static enum hm_status run(struct hm_client *client, struct attempt *a, const struct hm_ask_opts *opts, int64_t left_ms)
{
	long status = 0;
	curl_off_t length = -1;
	CURL *handle = make_url(a) && make_headers(a) ? take_handle(client) : NULL;

	if (!handle)
		return hm_fail(&a->err, HM_R_NO_MEMORY, "ask %.*s", HM_STR_ARG(a->request->host));
	CURLcode rc = set_question(handle, a, is_idempotent(a->request, opts));
	if (rc == CURLE_OK)
		rc = set_limits(handle, a, opts, left_ms);
	if (rc == CURLE_OK)
		rc = set_connection(handle, client);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(handle);
	if (rc == CURLE_OK) {
		curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	}
	give_handle(client, handle);
	if (rc != CURLE_OK)
		return fail(a, rc);
	if (status < 200 || status > 599)
		return hm_fail(&a->err, HM_R_HTTP_SYNTAX, "%.*s answers with status %ld", HM_STR_ARG(a->request->host),
			       status);
	a->response.status = (int)status;
	if (hm_str_is(a->request->method, "HEAD") && length > 0)
		a->response.content_length = (uint64_t)length;
	return HM_OK;
}

static bool may_try_again(const struct attempt *a, enum hm_status st)
{
	const int status = a->response.status;

	if (st == HM_OK)
		return status == 429 || status == 502 || status == 503 || status == 504;
	return a->err.reason == HM_R_NET_RESOLVE || a->err.reason == HM_R_NET_CONNECT ||
	       a->err.reason == HM_R_NET_PROXY || a->err.reason == HM_R_NET_BROKEN;
}

/* RFC 9110 10.2.3: seconds, or a date; 0 where there is none that can be read. */
static int64_t retry_after_ms(const struct hm_client *client, const struct hm_http_response *res)
{
	struct hm_str text = hm_http_get(&res->head, "Retry-After");
	uint64_t seconds = 0;
	int64_t time_s = 0;

	if (hm_str_to_u64(text, &seconds))
		return seconds > longest_wait_ms ? INT64_MAX : (int64_t)seconds * 1000;
	if (!text.ptr || hm_http_date_parse(text, &time_s, NULL) != HM_OK)
		return 0;
	const int64_t now_s = hm_now_s(client->opts.effects);
	if (time_s <= now_s)
		return 0;
	return time_s - now_s > longest_wait_ms ? INT64_MAX : (time_s - now_s) * 1000;
}

/* Doubled each time, and of that a random part between a half and the whole, so that many clients do not come at once.
 */
static int64_t wait_ms(const struct hm_client *client, const struct attempt *a, unsigned n, enum hm_status st)
{
	int64_t wait = client->opts.retry_wait_ms;
	uint16_t dice = 0;

	for (unsigned i = 1; i < n && wait < longest_wait_ms; i++)
		wait *= 2;
	if (wait > longest_wait_ms)
		wait = longest_wait_ms;
	if (hm_random(client->opts.effects, &dice, sizeof(dice), NULL) == HM_OK)
		wait = wait / 2 + wait / 2 * dice / UINT16_MAX;
	const int64_t after = st == HM_OK ? retry_after_ms(client, &a->response) : 0;
	return after > wait ? after : wait;
}

/* Returns false when it was stopped. */
static bool nap(const struct hm_client *client, int64_t wait)
{
	const int64_t end_ns = hm_monotonic_ns() + wait * HM_NS_PER_MS;

	for (;;) {
		int64_t left_ns = end_ns - hm_monotonic_ns();
		if (is_stopped(client))
			return false;
		if (left_ns <= 0)
			return true;
		left_ns = left_ns < nap_ms * HM_NS_PER_MS ? left_ns : nap_ms * HM_NS_PER_MS;
		nanosleep(&(struct timespec){ .tv_nsec = (long)left_ns }, NULL);
	}
}

static enum hm_status ask(void *ctx, const struct hm_http_request *request, const struct hm_ask_opts *opts,
			  struct hm_http_response *ret_response, struct hm_err *err)
{
	struct hm_client *client = ctx;
	const int64_t deadline_ns = hm_monotonic_ns() + opts->timeout_ms * HM_NS_PER_MS;

	for (unsigned n = 1;; n++) {
		HM_OWN(attempt_done)
		struct attempt a = { .client = client, .request = request, .url = hm_buf_init(2 * HM_MAX_URL) };
		hm_http_response_init(&a.response, opts->max_response);
		int64_t left_ms = (deadline_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		if (is_stopped(client))
			return hm_fail(err, HM_R_INTERRUPTED, "ask %.*s", HM_STR_ARG(request->host));
		enum hm_status st = run(client, &a, opts, left_ms > 0 ? left_ms : 1);
		int64_t wait = wait_ms(client, &a, n, st);
		left_ms = (deadline_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		bool again = n < client->opts.attempts && is_idempotent(request, opts) && may_try_again(&a, st) &&
			     wait <= longest_wait_ms && wait < left_ms;
		if (!again && st == HM_OK) {
			*ret_response = a.response;
			a.response = (struct hm_http_response){ 0 };
			return HM_OK;
		}
		if (!again) {
			if (err)
				*err = a.err;
			return st;
		}
		if (!nap(client, wait))
			return hm_fail(err, HM_R_INTERRUPTED, "ask %.*s", HM_STR_ARG(request->host));
	}
}

struct hm_transport hm_client_transport(struct hm_client *client)
{
	return (struct hm_transport){ client, ask };
}
