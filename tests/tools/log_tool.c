/*
 * A log from the inside, for tests of faults and of peers.
 *
 * log_tool write DIR COUNT [THREADS [PLACE[:N]]]   adds entries through the handler, prints each index once it is
 *                                                 acknowledged; kills itself when PLACE is reached the N-th time
 * log_tool check DIR                               checks everything and proves each entry; prints how many there are
 * log_tool info DIR                                prints the name, the id, and the public key
 * log_tool reindex DIR
 * log_tool find DIR HEX                            prints what is known of a SHA-256 digest, a line an entry
 */
#include "report.h"

#include "base/encode.h"
#include "base/own.h"
#include "base/time.h"
#include "data/json_write.h"
#include "http/route.h"
#include "service/log/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* --- dying --- */

struct place {
	const char *name;
	size_t name_len;
	long left; /* passes until it is deadly */
};

static void reached(void *ctx, const char *name)
{
	struct place *place = ctx;

	if (strlen(name) == place->name_len && memcmp(name, place->name, place->name_len) == 0 && --place->left == 0)
		raise(SIGKILL);
}

static struct place place_of(const char *arg)
{
	const char *colon = strchr(arg, ':');

	return (struct place){ arg, colon ? (size_t)(colon - arg) : strlen(arg),
			       colon ? strtol(colon + 1, NULL, 10) : 1 };
}

/* --- adding --- */

struct writer {
	struct hm_log *log;
	struct hm_signer signer;
	long count;
	pthread_mutex_t lock; /* of what follows, and of standard output */
	long next;
	bool has_failed;
};

static void write_request(const struct hm_signer *signer, const struct hm_digest *digest, struct hm_str signature,
			  struct hm_buf *json)
{
	struct hm_json_writer w = hm_json_writer_init(json, NULL);

	hm_json_object(&w);
	hm_json_key(&w, "hashedRekordRequestV002");
	hm_json_object(&w);
	hm_json_member_base64(&w, "digest", digest->b, digest->len);
	hm_json_key(&w, "signature");
	hm_json_object(&w);
	hm_json_member_base64(&w, "content", signature.ptr, signature.len);
	hm_json_key(&w, "verifier");
	hm_json_object(&w);
	hm_json_key(&w, "publicKey");
	hm_json_object(&w);
	hm_json_member_base64(&w, "rawBytes", signer->key.spki.ptr, signer->key.spki.len);
	hm_json_object_end(&w);
	hm_json_member_cstr(&w, "keyDetails", "PKIX_ECDSA_P256_SHA_256");
	for (int open = 0; open < 4; open++)
		hm_json_object_end(&w);
}

static enum hm_status make_request(const struct hm_signer *signer, long number, struct hm_http_request *req,
				   struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf signature = hm_buf_init(1024), json = hm_buf_init(65536);
	const struct hm_part part = { &number, sizeof(number) };
	struct hm_digest digest;

	enum hm_status st = hm_crypto_digest(HM_SHA256, &part, 1, &digest, err);
	if (st == HM_OK)
		st = hm_signer_sign_digest(signer, HM_SIG_ECDSA_SHA256, &digest, &signature, err);
	if (st != HM_OK)
		return st;
	write_request(signer, &digest, hm_buf_str(&signature), &json);
	hm_http_request_set_body(req, "application/json", hm_buf_str(&json));
	return hm_http_request_check(req, err);
}

/* One entry, and its index out of the answer. */
static enum hm_status add(struct hm_log *log, const struct hm_signer *signer, long number, long *ret_index,
			  struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	const struct hm_http_endpoint endpoint = hm_log_endpoint(log);

	hm_http_request_init(&req, "POST", HM_STR("http://log/api/v2/log/entries"));
	hm_http_response_init(&res, 1 << 20);
	enum hm_status st = make_request(signer, number, &req, err);
	if (st == HM_OK)
		st = hm_http_answer(&endpoint, &req, &res, err);
	if (st == HM_OK)
		*ret_index = strtol(strstr(res.body.ptr, "\"logIndex\":\"") + 12, NULL, 10);
	return st;
}

static void *write_some(void *ctx)
{
	struct writer *w = ctx;

	for (;;) {
		struct hm_err err = { 0 };
		long index = -1;
		pthread_mutex_lock(&w->lock);
		const long number = w->next++;
		const bool is_done = number >= w->count || w->has_failed;
		pthread_mutex_unlock(&w->lock);
		if (is_done)
			return NULL;
		enum hm_status st = add(w->log, &w->signer, number, &index, &err);
		pthread_mutex_lock(&w->lock);
		if (st == HM_OK)
			printf("%ld\n", index);
		else
			printf("failed %s: %s\n", hm_reason_code(err.reason), err.cause);
		w->has_failed = w->has_failed || st != HM_OK;
		pthread_mutex_unlock(&w->lock);
	}
}

static int write_all(struct hm_log *log, long count, long threads)
{
	struct writer w = { .log = log, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread[64];

	if (threads < 1 || threads > 64 || hm_signer_generate(HM_KEY_P256, 0, &w.signer, NULL) != HM_OK)
		return 2;
	if (threads == 1)
		write_some(&w);
	for (long i = 0; i < threads && threads > 1; i++) {
		if (pthread_create(&thread[i], NULL, write_some, &w) != 0)
			return 2;
	}
	for (long i = 0; i < threads && threads > 1; i++)
		pthread_join(thread[i], NULL);
	hm_signer_done(&w.signer);
	return w.has_failed ? 1 : 0;
}

/* --- looking --- */

static enum hm_status check(struct hm_log *log, struct hm_err *err)
{
	uint64_t size = 0;
	enum hm_status st = hm_log_check(log, &size, err);

	for (uint64_t i = 0; i < size && st == HM_OK; i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1 << 20);
		struct hm_log_proof proof;
		st = hm_log_prove(log, i, &arena, &proof, err);
	}
	if (st == HM_OK)
		printf("%llu\n", (unsigned long long)size);
	return st;
}

static enum hm_status info(const struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(4096);
	char id[2 * HM_HASH_LEN + 1];

	hm_hex_write(id, hm_log_id(log)->b, HM_HASH_LEN);
	hm_key_encode_pem(hm_log_key(log), &pem);
	enum hm_status st = hm_buf_check(&pem, "a key", err);
	if (st == HM_OK)
		printf("%s\n%s\n%s", hm_log_origin(log), id, pem.ptr);
	return st;
}

static enum hm_status find(struct hm_log *log, const char *hex, struct hm_err *err)
{
	struct hm_digest digest = { .alg = HM_SHA256, .len = HM_HASH_LEN };
	const struct hm_log_query query = { .digests = &digest, .digests_len = 1 };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1 << 20);
	struct hm_log_found *found = NULL;
	size_t count = 0;

	enum hm_status st = hm_hex_read(hm_str(hex), digest.b, digest.len, err);
	if (st == HM_OK)
		st = hm_log_search(log, &query, &arena, &found, &count, err);
	for (size_t i = 0; i < count; i++) {
		char when[HM_TIME_TEXT_LEN];
		hm_time_write(found[i].time_s, when);
		printf("%llu %s %.*s %.*s %.*s\n", (unsigned long long)found[i].index, when, HM_STR_ARG(found[i].kind),
		       HM_STR_ARG(found[i].identity), HM_STR_ARG(found[i].issuer));
	}
	return st;
}

int main(int argc, char **argv)
{
	struct place place = { .name = "", .left = 0 };
	struct hm_log_opts opts = { .reached = reached, .reached_ctx = &place };
	HM_OWN(hm_log_freep) struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	if (argc < 3)
		return 2;
	signal(SIGXFSZ, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	const bool writes = strcmp(argv[1], "write") == 0;
	opts.dir = argv[2];
	opts.must_exist = !writes;
	if (writes && argc > 5)
		place = place_of(argv[5]);
	enum hm_status st = hm_log_open(&opts, &log, &err);
	if (st == HM_OK && writes && argc > 3)
		return write_all(log, strtol(argv[3], NULL, 10), argc > 4 ? strtol(argv[4], NULL, 10) : 1);
	if (st == HM_OK && strcmp(argv[1], "check") == 0)
		st = check(log, &err);
	else if (st == HM_OK && strcmp(argv[1], "info") == 0)
		st = info(log, &err);
	else if (st == HM_OK && strcmp(argv[1], "reindex") == 0)
		st = hm_log_reindex(log, &err);
	else if (st == HM_OK && strcmp(argv[1], "find") == 0 && argc > 3)
		st = find(log, argv[3], &err);
	return st == HM_OK ? 0 : report(&err);
}
