/*
 * The services of the test's instance: what answers a session that signs, rightly or wrong in one thing.
 */
#ifndef HM_TESTS_SIGSTORE_OFFERED_H
#define HM_TESTS_SIGSTORE_OFFERED_H

#include "instance.h"

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/oid.h"
#include "crypto/pem.h"
#include "crypto/tsp.h"
#include "http/transport.h"
#include "sigstore/json.h"
#include "sigstore/log_body.h"
#include "sigstore/sign.h"

#include <pthread.h>

/* What is wrong with an answer; faults of the instance (instance.h) are in what it says. */
enum hiccup {
	FINE,
	/* any service */
	ANSWER_500,
	ANSWER_400, /* with words */
	ANSWER_401,
	ANSWER_404,
	ANSWER_409,
	ANSWER_429,
	ANSWER_REDIRECT,
	ANSWER_TYPE,
	ANSWER_EMPTY,
	ANSWER_CUT,
	ANSWER_JUNK,
	ANSWER_HUGE,
	ANSWER_NONE, /* no connection */
	ANSWER_201,  /* right */
	/* authority */
	CERT_OTHER_KEY,
	CERT_DETACHED,
	CERT_NO_CHAIN,
	CERT_NO_CERTIFICATES,
	CERT_NO_PEM,
	CERT_JUNK_DER,
	CERT_MANY,
	CERT_MORE_MEMBERS, /* right */
	/* time-stamp authority */
	STAMP_REFUSED,
	STAMP_OTHER_IMPRINT,
	STAMP_OTHER_ALG,
	STAMP_NO_NONCE,
	STAMP_OTHER_NONCE,
	STAMP_BY_UNKNOWN,
	/* log */
	LOGGED_OTHER_DIGEST,
	LOGGED_OTHER_SIGNATURE,
	LOGGED_OTHER_KEY,
	LOGGED_OTHER_BODY, /* beside a right leaf */
	LOGGED_V1_KIND,
	LOGGED_UNKNOWN_KIND,
	LOGGED_NO_PROOF,
	LOGGED_NO_BODY,   /* right */
	LOGGED_WITH_TIME, /* right, and not passed on */
	LOGGED_UNKNOWN_FIELD,
};

enum { OF_CA, OF_TSA, OF_LOG, OFFERED };

struct offered {
	struct instance *in;
	enum hiccup hiccup;
	int where;               /* OF_…: who has it */
	unsigned asked[OFFERED]; /* how often */
	struct hm_transport transport;
	pthread_mutex_t lock; /* of all of it: the instance is not made for threads */
};

#define CA_URL  "https://ca.test/base"
#define TSA_URL "https://tsa.test/api/v1/timestamp"
#define LOG_URL "https://log2.test"

struct csr_doc {
	struct hm_str pem;
};

static inline void answer_cert(struct offered *o, const struct hm_http_request *req, struct hm_http_response *res)
{
	static const struct hm_json_field fields[] = {
		{ "certificateSigningRequest", HM_JSON_BASE64, 0, HM_REQUIRED },
	};
	static const struct hm_json_table table = HM_JSON_TABLE(struct csr_doc, fields);
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MIB);
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct csr_doc doc;
	struct hm_csr csr;
	struct hm_err err = { 0 };

	assert_true(hm_str_is(req->path, "/base/api/v2/signingCert"));
	assert_true(hm_str_is(hm_http_bearer(&req->head), "the.token.itself"));
	assert_true(hm_http_is_type(&req->head, "application/json"));
	assert_ok(hm_json_decode(hm_buf_str(&req->body), &table, NULL, &o->in->arena, &doc, &err), &err);
	assert_ok(hm_pem_only(doc.pem, "CERTIFICATE REQUEST", &der, &err), &err);
	assert_ok(hm_csr_parse(hm_secret_str(&der), &csr, &err), &err);
	assert_ok(hm_csr_verify(&csr, &key, &err), &err);
	struct hm_str cert = make_cert(o->in, o->hiccup == CERT_OTHER_KEY ? &o->in->user.key : &key);
	if (o->hiccup == CERT_NO_PEM)
		hm_buf_add_cstr(&pem, "no PEM");
	else
		hm_cert_encode_pem(o->hiccup == CERT_JUNK_DER ? HM_STR("junk") : cert, &pem);

	struct hm_json_writer w = hm_http_answer_json(res, 200);
	hm_json_object(&w);
	if (o->hiccup == CERT_MORE_MEMBERS)
		hm_json_member_cstr(&w, "more", "of it");
	hm_json_key(&w, o->hiccup == CERT_DETACHED ? "signedCertificateDetachedSct" : "signedCertificateEmbeddedSct");
	hm_json_object(&w);
	if (o->hiccup != CERT_NO_CHAIN) {
		hm_json_key(&w, "chain");
		hm_json_object(&w);
		hm_json_key(&w, "certificates");
		hm_json_array(&w);
		for (int i = 0; o->hiccup != CERT_NO_CERTIFICATES && i < (o->hiccup == CERT_MANY ? 11 : 2); i++)
			hm_json_str(&w, hm_buf_str(&pem));
		hm_json_array_end(&w);
		hm_json_object_end(&w);
	}
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	assert_ok(hm_json_writer_check(&w, "answer", &err), &err);
}

static inline void answer_stamp(struct offered *o, const struct hm_http_request *req, struct hm_http_response *res)
{
	const struct authority *tsa = o->hiccup == STAMP_BY_UNKNOWN ? &o->in->tsa_unknown : &o->in->tsa;
	const struct hm_cert chain[] = { tsa->leaf_cert, tsa->step_cert, tsa->root_cert };
	const struct hm_tsp_authority authority = { &tsa->leaf, chain, 3, HM_OID_SIGSTORE_TSA };
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(64 * HM_KIB);
	struct hm_tsp_request request;
	uint8_t serial[HM_SERIAL_LEN];
	struct hm_err err = { 0 };

	assert_true(hm_str_is(req->path, "/api/v1/timestamp"));
	assert_true(hm_http_is_type(&req->head, "application/timestamp-query"));
	assert_ok(hm_tsp_request_parse(hm_buf_str(&req->body), &request, &err), &err);
	assert_int_equal(request.imprint.alg, HM_SHA256);
	assert_true(request.nonce.len == 16 && request.cert_req);
	if (o->hiccup == STAMP_OTHER_IMPRINT)
		request.imprint.b[7] ^= 1;
	if (o->hiccup == STAMP_OTHER_ALG)
		request.imprint = (struct hm_digest){ HM_SHA384, 48, { 1 } };
	if (o->hiccup == STAMP_NO_NONCE)
		request.nonce = (struct hm_str){ 0 };
	if (o->hiccup == STAMP_OTHER_NONCE)
		request.nonce = HM_STR("\x41\x42");
	int64_t time_s = o->in->fault == TSA_EARLY ? NOW - 11 : o->in->fault == TSA_LATE ? NOW + 591 : NOW;
	assert_ok(hm_cert_serial(hm_effects_system(), serial, &err), &err);
	if (o->hiccup == STAMP_REFUSED)
		hm_tsp_refusal(HM_TSP_TIME_NOT_AVAILABLE, HM_STR("the clock stands"), &reply);
	else
		assert_ok(hm_tsp_reply(&authority, &request, time_s, serial, &reply, &err), &err);
	res->status = 201;
	hm_http_response_set_body(res, "application/timestamp-reply", hm_buf_str(&reply));
}

struct verifier_doc {
	struct hm_str *cert, *key;
	struct hm_str details;
};

struct signature_doc {
	struct hm_str content;
	struct verifier_doc verifier;
};

struct rekord_doc {
	struct hm_str digest;
	struct signature_doc signature;
};

static inline struct hm_log_claim read_log_request(struct offered *o, const struct hm_http_request *req)
{
	static const struct hm_json_field verifier_fields[] = {
		{ "x509Certificate", HM_JSON_OBJECT_PTR, offsetof(struct verifier_doc, cert),
		  .table = &hm_raw_bytes_table },
		{ "publicKey", HM_JSON_OBJECT_PTR, offsetof(struct verifier_doc, key), .table = &hm_raw_bytes_table },
		{ "keyDetails", HM_JSON_STR, offsetof(struct verifier_doc, details), HM_REQUIRED },
	};
	static const struct hm_json_table verifier_table = HM_JSON_TABLE(struct verifier_doc, verifier_fields);
	static const struct hm_json_field signature_fields[] = {
		{ "content", HM_JSON_BASE64, offsetof(struct signature_doc, content), HM_REQUIRED },
		{ "verifier", HM_JSON_OBJECT, offsetof(struct signature_doc, verifier), HM_REQUIRED,
		  .table = &verifier_table },
	};
	static const struct hm_json_table signature_table = HM_JSON_TABLE(struct signature_doc, signature_fields);
	static const struct hm_json_field rekord_fields[] = {
		{ "digest", HM_JSON_BASE64, offsetof(struct rekord_doc, digest), HM_REQUIRED },
		{ "signature", HM_JSON_OBJECT, offsetof(struct rekord_doc, signature), HM_REQUIRED,
		  .table = &signature_table },
	};
	static const struct hm_json_table rekord_table = HM_JSON_TABLE(struct rekord_doc, rekord_fields);
	static const struct hm_json_field fields[] = {
		{ "hashedRekordRequestV002", HM_JSON_OBJECT, 0, HM_REQUIRED, .table = &rekord_table },
	};
	static const struct hm_json_table table = HM_JSON_TABLE(struct rekord_doc, fields);
	struct hm_log_claim claim = { 0 };
	struct rekord_doc doc;
	struct hm_err err = { 0 };

	assert_ok(hm_json_decode(hm_buf_str(&req->body), &table, NULL, &o->in->arena, &doc, &err), &err);
	assert_true(!doc.signature.verifier.cert != !doc.signature.verifier.key);
	assert_true(hm_key_details_from_name(doc.signature.verifier.details, &claim.details));
	assert_true(hm_sig_digest(hm_key_details_sig(claim.details), &claim.digest.alg));
	claim.digest.len = hm_digest_len(claim.digest.alg);
	assert_int_equal(doc.digest.len, claim.digest.len);
	memcpy(claim.digest.b, doc.digest.ptr, doc.digest.len);
	claim.signature = doc.signature.content;
	if (doc.signature.verifier.cert)
		claim.cert = *doc.signature.verifier.cert;
	else
		claim.spki = *doc.signature.verifier.key;
	return claim;
}

static inline void answer_entry(struct offered *o, const struct hm_http_request *req, struct hm_http_response *res)
{
	struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY);
	struct hm_err err = { 0 };

	assert_true(hm_str_is(req->path, "/api/v2/log/entries"));
	assert_true(hm_http_is_type(&req->head, "application/json"));
	struct hm_log_claim claim = read_log_request(o, req);
	if (o->hiccup == LOGGED_OTHER_DIGEST)
		claim.digest.b[9] ^= 1;
	if (o->hiccup == LOGGED_OTHER_SIGNATURE)
		claim.signature = HM_STR("another signature");
	if (o->hiccup == LOGGED_OTHER_KEY)
		claim.cert = claim.spki = o->in->ca.step_der;
	assert_ok(hm_log_body_make(&claim, &body, &err), &err);
	struct hm_log_entry entry = {
		.index = o->in->fault == PROOF_INDEX ? 3 : 4,
		.log_id =
		    id_of(o->in, LOG2_NAME, o->in->fault == ENTRY_UNKNOWN_LOG ? &o->in->log_unknown : &o->in->log2),
		.kind = HM_STR("hashedrekord"),
		.version = HM_STR("0.0.2"),
		.body = keep(o->in, &body),
	};
	entry.proof = make_proof(o->in, entry.body, LOG2_NAME, LOG2_NAME, &o->in->log2);
	if (o->hiccup == LOGGED_OTHER_BODY)
		entry.body = HM_STR("{\"apiVersion\":\"0.0.2\"}");
	if (o->hiccup == LOGGED_NO_BODY)
		entry.body = (struct hm_str){ 0 };
	if (o->hiccup == LOGGED_NO_PROOF)
		entry.proof = NULL;
	if (o->hiccup == LOGGED_V1_KIND)
		entry.version = HM_STR("0.0.1");
	if (o->hiccup == LOGGED_UNKNOWN_KIND)
		entry.kind = HM_STR("rpm");
	if (o->hiccup == LOGGED_WITH_TIME) {
		entry.integrated_time_s = NOW;
		entry.promise = HM_STR("a promise");
	}
	struct hm_json_writer w = hm_http_answer_json(res, 201);
	hm_log_entry_write(&entry, &w);
	assert_ok(hm_json_writer_check(&w, "answer", &err), &err);
	if (o->hiccup == LOGGED_UNKNOWN_FIELD)
		res->body.ptr[2] = 'x';
}

static inline void spoil(enum hiccup hiccup, struct hm_http_response *res)
{
	static const int statuses[] = {
		[ANSWER_500] = 500, [ANSWER_400] = 400, [ANSWER_401] = 401,      [ANSWER_404] = 404,
		[ANSWER_409] = 409, [ANSWER_429] = 429, [ANSWER_REDIRECT] = 302, [ANSWER_201] = 201,
	};

	if (hiccup < COUNT(statuses) && statuses[hiccup])
		res->status = statuses[hiccup];
	if (hiccup == ANSWER_400)
		hm_http_response_set_body(res, "application/json", HM_STR("{\"code\":3,\"message\":\"not so\"}"));
	if (hiccup == ANSWER_REDIRECT)
		hm_http_set(&res->head, "Location", HM_STR("https://ca.test/elsewhere"));
	if (hiccup == ANSWER_TYPE)
		hm_http_set(&res->head, "Content-Type", HM_STR("text/html"));
	if (hiccup == ANSWER_EMPTY)
		res->body.len = 0;
	if (hiccup == ANSWER_CUT)
		res->body.len -= res->body.len / 3;
	if (hiccup == ANSWER_JUNK)
		memset(res->body.ptr, '[', res->body.len);
}

/* Nothing that the services allocate counts as the session's. */
static inline enum hm_status offered_ask(void *ctx, const struct hm_http_request *req, const struct hm_ask_opts *opts,
					 struct hm_http_response *ret_res, struct hm_err *err)
{
	static void (*const answers[])(struct offered * o, const struct hm_http_request *req,
				       struct hm_http_response *res) = { answer_cert, answer_stamp, answer_entry };
	unsigned long left = hm_mem_fail_pause();
	struct offered *o = ctx;
	struct hm_http_response res;
	int to = hm_str_is(req->host, "ca.test") ? OF_CA : hm_str_is(req->host, "tsa.test") ? OF_TSA : OF_LOG;
	enum hiccup hiccup = o->hiccup;

	pthread_mutex_lock(&o->lock);
	hm_http_response_init(&res, SIZE_MAX);
	o->asked[to]++;
	o->hiccup = to == o->where ? hiccup : FINE;
	answers[to](o, req, &res);
	if (to == o->where)
		spoil(hiccup, &res);
	o->hiccup = hiccup;
	pthread_mutex_unlock(&o->lock);
	hm_mem_fail_resume(left);
	if (to != o->where || (hiccup != ANSWER_HUGE && hiccup != ANSWER_NONE)) {
		*ret_res = res;
		return HM_OK;
	}
	hm_http_response_done(&res);
	if (hiccup == ANSWER_NONE)
		return hm_fail(err, HM_R_NET_CONNECT, "nobody listens");
	return hm_fail(err, HM_R_HTTP_TOO_LARGE, "over %zu bytes", opts->max_response);
}

static inline void offered_init(struct offered *o, struct instance *in)
{
	*o = (struct offered){ .in = in, .lock = PTHREAD_MUTEX_INITIALIZER };
	in->fault = RIGHT;
	o->transport = (struct hm_transport){ o, offered_ask };
}

static inline struct hm_signing_services offered_services(struct offered *o, const struct hm_trust *trust)
{
	return (struct hm_signing_services){
		.ca = { &o->transport, HM_STR(CA_URL) },
		.tsas = { { &o->transport, HM_STR(TSA_URL) } },
		.tsas_count = 1,
		.tlogs = { { &o->transport, HM_STR(LOG_URL) } },
		.tlogs_count = 1,
		.trust = trust,
	};
}

#endif
