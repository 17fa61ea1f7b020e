#include "service/tsa/tsa.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "crypto/oid.h"
#include "crypto/pem.h"
#include "crypto/tsp.h"
#include "service/tsa/request.h"
#include "store/signer.h"

#include <stdatomic.h>
#include <stdio.h>

static const char format_name[] = "hallmark-tsa";
enum { format_version = 1 };

/* The stamping certificate, what leads to the root, the root: one authority needs no more. */
enum { max_chain = 4 };

/* Made here, both hold for ten years; a clock that is set right a moment later must not stand before their begin. */
#define VALID_S  (INT64_C(10) * 366 * 24 * 3600)
#define MARGIN_S INT64_C(60)

/* What a stamp says of its own accuracy: a clock that went back further is not believed. */
#define ACCURACY_S 1

struct hm_tsa {
	const struct hm_effects *fx;
	struct hm_signer signer;
	struct hm_secret ders[max_chain];
	struct hm_cert chain[max_chain];
	size_t chain_len;
	struct hm_buf pem;
	_Atomic int64_t last_s; /* the newest time that was stamped */
};

struct hm_tsa *hm_tsa_free(struct hm_tsa *tsa)
{
	if (!tsa)
		return NULL;
	hm_signer_done(&tsa->signer);
	for (size_t i = 0; i < max_chain; i++)
		hm_secret_done(&tsa->ders[i]);
	hm_buf_done(&tsa->pem);
	free(tsa);
	return NULL;
}

void hm_tsa_freep(struct hm_tsa **tsa)
{
	*tsa = hm_tsa_free(*tsa);
}

const struct hm_cert *hm_tsa_chain(const struct hm_tsa *tsa, size_t *ret_count)
{
	*ret_count = tsa->chain_len;
	return tsa->chain;
}

/* --- certificates --- */

/* The name carries the key's id, so that the authorities of two states are told apart. */
static void write_name(struct hm_buf *buf, const char *what, const struct hm_key *key)
{
	char common_name[64];

	snprintf(common_name, sizeof(common_name), "%s %02x%02x%02x%02x", what, key->id.b[0], key->id.b[1],
		 key->id.b[2], key->id.b[3]);
	const struct hm_name name = { .organization = HM_STR("hallmark local"), .common_name = hm_str(common_name) };
	hm_name_encode(buf, &name);
}

/* One certificate; issuer is NULL for the root. */
static enum hm_status make_cert(const struct hm_effects *fx, const struct hm_key *key, struct hm_str subject,
				const struct hm_cert *issuer, const struct hm_signer *signer, struct hm_buf *ret_der,
				struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
	struct hm_cert_spec spec = { .key = key, .subject = subject, .issuer = issuer ? issuer->subject : subject };
	const int64_t now_s = hm_now_s(fx);

	enum hm_status st = hm_ext_add_profile(&exts, issuer ? HM_PROFILE_TSA : HM_PROFILE_ROOT, key, issuer, err);
	if (st == HM_OK)
		st = hm_cert_serial(fx, spec.serial, err);
	if (st == HM_OK)
		st = hm_buf_check(&exts, "a certificate", err);
	if (st != HM_OK)
		return st;
	spec.exts = hm_buf_str(&exts);
	spec.not_before_s = now_s - MARGIN_S;
	spec.not_after_s = now_s + VALID_S;
	return hm_cert_make(&spec, signer, ret_der, err);
}

/* The root's key lives as long as this function. */
static enum hm_status make_chain(const struct hm_tsa *tsa, struct hm_buf *ret_pem, struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer root = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf root_name = hm_buf_init(HM_KIB), name = hm_buf_init(HM_KIB);
	HM_OWN(hm_buf_done) struct hm_buf root_der = hm_buf_init(HM_MAX_CERT), der = hm_buf_init(HM_MAX_CERT);
	struct hm_cert root_cert;

	enum hm_status st = hm_signer_generate(HM_KEY_P256, 0, &root, err);
	if (st != HM_OK)
		return st;
	write_name(&root_name, "Time Stamping Root", &root.key);
	write_name(&name, "Time Stamping", &tsa->signer.key);
	st = hm_buf_check(&root_name, "a name", err);
	if (st == HM_OK)
		st = hm_buf_check(&name, "a name", err);
	if (st == HM_OK)
		st = make_cert(tsa->fx, &root.key, hm_buf_str(&root_name), NULL, &root, &root_der, err);
	if (st == HM_OK)
		st = hm_cert_parse(hm_buf_str(&root_der), &root_cert, err);
	if (st == HM_OK)
		st = make_cert(tsa->fx, &tsa->signer.key, hm_buf_str(&name), &root_cert, &root, &der, err);
	if (st != HM_OK)
		return st;
	hm_cert_encode_pem(hm_buf_str(&der), ret_pem);
	hm_cert_encode_pem(hm_buf_str(&root_der), ret_pem);
	return hm_buf_check(ret_pem, "certificates", err);
}

/* The file is ours, but a person may have put other certificates there: they must be the key's, and lead to each
 * other. */
static enum hm_status check_chain(const struct hm_tsa *tsa, struct hm_err *err)
{
	const struct hm_cert *leaf = &tsa->chain[0];
	struct hm_x509_query query = {
		.leaf = leaf, .use = HM_X509_TIME_STAMPING, .times_len = 1, .times_s = &leaf->not_before_s
	};
	struct hm_x509_pool *pool = NULL;
	struct hm_err why = { 0 };

	if (!hm_str_eq(leaf->spki, tsa->signer.key.spki))
		return hm_fail(err, HM_R_TSA_CHAIN, "the first certificate in chain.pem is not that of key.pem");
	enum hm_status st = hm_x509_pool_new(&pool, err);
	for (size_t i = 1; i < tsa->chain_len && st == HM_OK; i++)
		st = hm_x509_pool_add(pool, tsa->chain[i].der, i + 1 == tsa->chain_len, err);
	if (st == HM_OK)
		st = hm_x509_check_path(pool, &query, NULL, &why);
	hm_x509_pool_free(pool);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_TSA_CHAIN, "%s", why.cause);
	if (st != HM_OK && why.reason != HM_R_OK && err)
		*err = why;
	return st;
}

static enum hm_status take_chain(struct hm_tsa *tsa, struct hm_err *err)
{
	enum hm_status st = hm_cert_read_pem(hm_buf_str(&tsa->pem), tsa->ders, max_chain, &tsa->chain_len, err);

	for (size_t i = 0; i < tsa->chain_len && st == HM_OK; i++)
		st = hm_cert_parse(hm_secret_str(&tsa->ders[i]), &tsa->chain[i], err);
	return st == HM_OK ? check_chain(tsa, err) : st;
}

/* --- opening --- */

static enum hm_status load_chain(struct hm_tsa *tsa, const struct hm_datadir *dir, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_datadir_path(dir, "chain.pem");
	enum hm_status st;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", dir->path);
	if (!hm_path_is_there(path)) {
		tsa->pem = hm_buf_init(HM_MAX_CONFIG_FILE);
		st = make_chain(tsa, &tsa->pem, err);
		if (st == HM_OK)
			st = hm_file_save(path, hm_buf_str(&tsa->pem), 0644, err);
	} else {
		st = hm_file_read(path, HM_MAX_CONFIG_FILE, &tsa->pem, err);
	}
	if (st == HM_OK)
		st = take_chain(tsa, err);
	return hm_at(err, st, path, 0, 0);
}

enum hm_status hm_tsa_open(const struct hm_tsa_opts *opts, struct hm_tsa **ret_tsa, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = hm_calloc(1, sizeof(*tsa));
	enum hm_status st = HM_OK;

	if (!tsa)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", opts->dir);
	tsa->fx = opts->fx ? opts->fx : hm_effects_system();
	if (opts->must_exist) {
		st = hm_datadir_open(opts->dir, format_name, format_version, HM_DATADIR_READ, &dir, err);
		hm_datadir_done(&dir);
	}
	if (st == HM_OK)
		st = hm_datadir_open(opts->dir, format_name, format_version, HM_DATADIR_WAIT, &dir, err);
	if (st == HM_OK)
		st = hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &tsa->signer, err);
	if (st == HM_OK)
		st = load_chain(tsa, &dir, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the time-stamp authority '%s'", opts->dir);
	*ret_tsa = HM_STEAL(tsa);
	return HM_OK;
}

/* --- stamping --- */

/*
 * The time to stamp.
 *
 * Errors  HM_EVERIFY tsa.clock: it went back, or stands outside the certificate's validity
 */
static enum hm_status take_time(struct hm_tsa *tsa, int64_t *ret_now_s, struct hm_err *err)
{
	const int64_t now_s = hm_now_s(tsa->fx);
	int64_t last_s = atomic_load(&tsa->last_s);

	if (now_s < tsa->chain[0].not_before_s || now_s > tsa->chain[0].not_after_s)
		return hm_fail(err, HM_R_TSA_CLOCK, "the clock stands outside the certificate's validity");
	if (now_s < last_s - ACCURACY_S)
		return hm_fail(err, HM_R_TSA_CLOCK, "the clock went back by %lld s", (long long)(last_s - now_s));
	while (now_s > last_s && !atomic_compare_exchange_weak(&tsa->last_s, &last_s, now_s))
		;
	*ret_now_s = now_s;
	return HM_OK;
}

static enum hm_status stamp(struct hm_tsa *tsa, const struct hm_tsp_request *request, struct hm_buf *ret_der,
			    struct hm_err *err)
{
	const struct hm_tsp_authority authority = {
		.signer = &tsa->signer, .chain = tsa->chain, .chain_len = tsa->chain_len, .policy = HM_OID_SIGSTORE_TSA
	};
	uint8_t serial[HM_SERIAL_LEN];
	int64_t now_s = 0;

	enum hm_status st = take_time(tsa, &now_s, err);
	if (st == HM_OK)
		st = hm_cert_serial(tsa->fx, serial, err);
	if (st == HM_OK)
		st = hm_tsp_reply(&authority, request, now_s, serial, ret_der, err);
	return st == HM_OK ? hm_buf_check(ret_der, "a time stamp", err) : st;
}

/* RFC 3161, 2.4.2: what a refusal is told as. False: it is our failure and no refusal. */
static bool is_refusal(enum hm_status st, enum hm_reason reason, enum hm_tsp_failure *ret_failure)
{
	static const struct {
		enum hm_reason reason;
		enum hm_tsp_failure failure;
	} failures[] = {
		{ HM_R_TSP_ALGORITHM, HM_TSP_BAD_ALG },
		{ HM_R_TSP_POLICY, HM_TSP_UNACCEPTED_POLICY },
		{ HM_R_TSP_EXTENSION, HM_TSP_UNACCEPTED_EXTENSION },
		{ HM_R_TSA_CLOCK, HM_TSP_TIME_NOT_AVAILABLE },
		{ HM_R_LIMIT, HM_TSP_BAD_REQUEST },
	};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (failures[i].reason == reason) {
			*ret_failure = failures[i].failure;
			return true;
		}
	}
	*ret_failure = HM_TSP_BAD_DATA_FORMAT;
	return st == HM_EPARSE;
}

static void send_reply(struct hm_http_response *res, const struct hm_buf *der)
{
	hm_http_response_set_body(res, "application/timestamp-reply", hm_buf_str(der));
	hm_http_set(&res->head, "Cache-Control", HM_STR("no-store"));
}

static enum hm_status answer_query(struct hm_tsa *tsa, struct hm_str der, struct hm_http_response *res,
				   struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_tsp_request request;
	enum hm_tsp_failure failure;
	char text[512];

	enum hm_status st = hm_tsp_request_parse(der, &request, err);
	if (st == HM_OK)
		st = stamp(tsa, &request, &reply, err);
	if (st != HM_OK) {
		if (!is_refusal(st, err->reason, &failure))
			return st;
		hm_buf_clear(&reply);
		snprintf(text, sizeof(text), "%s", err->cause);
		hm_tsp_refusal(failure, hm_str(hm_str_is_utf8(hm_str(text)) ? text : hm_reason_text(err->reason)),
			       &reply);
		st = hm_buf_check(&reply, "a refusal", err);
		if (st != HM_OK)
			return st;
	}
	send_reply(res, &reply);
	return HM_OK;
}

/* The JSON form is not RFC 3161's, so its refusals are HTTP's. */
static enum hm_status answer_json(struct hm_tsa *tsa, struct hm_str json, struct hm_http_response *res,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_tsp_request request;

	enum hm_status st = hm_tsa_request_json(json, hm_http_scratch(res), &request, err);
	if (st == HM_ELIMIT)
		res->status = 400;
	if (st == HM_OK)
		st = stamp(tsa, &request, &reply, err);
	if (st != HM_OK)
		return st;
	send_reply(res, &reply);
	return HM_OK;
}

static enum hm_status post_timestamp(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				     struct hm_err *err)
{
	if (hm_http_is_type(&req->head, "application/timestamp-query"))
		return answer_query(service, hm_buf_str(&req->body), res, err);
	if (hm_http_is_type(&req->head, "application/json"))
		return answer_json(service, hm_buf_str(&req->body), res, err);
	return hm_fail(err, HM_R_HTTP_MEDIA_TYPE, "the Content-Type must be 'application/timestamp-query'");
}

static enum hm_status get_chain(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				struct hm_err *err)
{
	const struct hm_tsa *tsa = service;

	(void)req;
	(void)err;
	hm_http_response_set_body(res, "application/pem-certificate-chain", hm_buf_str(&tsa->pem));
	return HM_OK;
}

static enum hm_status get_ping(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			       struct hm_err *err)
{
	(void)service;
	(void)req;
	(void)err;
	hm_http_response_set_body(res, "text/plain", HM_STR("."));
	return HM_OK;
}

enum hm_status hm_tsa_handle(void *service, const struct hm_http_request *request, struct hm_http_response *response,
			     struct hm_err *err)
{
	static const struct hm_http_route routes[] = {
		{ "POST", "/api/v1/timestamp", post_timestamp, NULL },
		{ "GET", "/api/v1/timestamp/certchain", get_chain, NULL },
		{ "GET", "/ping", get_ping, NULL },
	};
	static const struct hm_http_router router = { routes, sizeof(routes) / sizeof(routes[0]), NULL };
	struct hm_err own = { 0 };

	return hm_http_route(&router, service, request, response, err ? err : &own);
}
