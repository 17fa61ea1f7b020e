#include "sigstore/fulcio.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/pem.h"
#include "crypto/sct.h"
#include "data/decode.h"
#include "data/json_write.h"

/* {"signedCertificateEmbeddedSct":{"chain":{"certificates":["<PEM>",…]}}} */
struct chain_doc {
	const struct hm_str *pems;
	size_t count;
};

struct answer_doc {
	struct chain_doc *embedded, *detached;
};

static const struct hm_json_field chain_fields[] = {
	{ "certificates", HM_JSON_ARRAY, offsetof(struct chain_doc, pems), .of = HM_JSON_STR,
	  .count = offsetof(struct chain_doc, count), .max = HM_MAX_CERT_PATH },
};
static const struct hm_json_table chain_table = HM_JSON_TABLE(struct chain_doc, chain_fields);

static const struct hm_json_field signed_fields[] = {
	{ "chain", HM_JSON_OBJECT, 0, .table = &chain_table },
};
static const struct hm_json_table signed_table = HM_JSON_TABLE(struct chain_doc, signed_fields);

static const struct hm_json_field answer_fields[] = {
	{ "signedCertificateEmbeddedSct", HM_JSON_OBJECT_PTR, offsetof(struct answer_doc, embedded),
	  .table = &signed_table },
	{ "signedCertificateDetachedSct", HM_JSON_OBJECT_PTR, offsetof(struct answer_doc, detached),
	  .table = &signed_table },
};
static const struct hm_json_table answer_table = HM_JSON_TABLE(struct answer_doc, answer_fields);

/* What is wrong with a certificate is said here, where nothing was signed with its key yet. */
static enum hm_status check_cert(struct hm_str der, const struct hm_key *key, struct hm_err *err)
{
	struct hm_sct scts[HM_MAX_SCTS];
	struct hm_cert cert;
	size_t count = 0;

	if (der.len > HM_MAX_CERT)
		return hm_fail(err, HM_R_LIMIT, "a certificate of %zu bytes is over the limit of %zu", der.len,
			       (size_t)HM_MAX_CERT);
	enum hm_status st = hm_cert_parse(der, &cert, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_eq(cert.spki, key->spki))
		return hm_fail(err, HM_R_FULCIO_KEY, "the authority's certificate is of another key");
	st = hm_sct_list(&cert, scts, &count, err);
	if (st == HM_OK && count == 0)
		return hm_fail(err, HM_R_FULCIO_SCT, "the authority's certificate has no SCT");
	return st;
}

enum hm_status hm_fulcio_answer_parse(struct hm_str text, const struct hm_key *key, struct hm_buf *ret_der,
				      struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MAX_FULCIO_ANSWER);
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_FULCIO_ANSWER, .borrow = true },
					     .ignore_unknown = true,
					     .proto_json = true };
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct answer_doc doc = { 0 };

	enum hm_status st = hm_json_decode(text, &answer_table, &opts, &arena, &doc, err);
	if (st != HM_OK)
		return st;
	if (doc.detached)
		return hm_fail(err, HM_R_FULCIO_SCT, "the authority gives the SCT beside the certificate, not in it");
	if (!doc.embedded || doc.embedded->count == 0)
		return hm_fail(err, HM_R_FULCIO_ANSWER, "the authority's answer has no certificate");
	HM_PLANT(doc.embedded->count == 3);
	st = hm_while(err, hm_pem_only(doc.embedded->pems[0], "CERTIFICATE", &der, err), "certificate");
	if (st == HM_OK)
		st = check_cert(hm_secret_str(&der), key, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_buf_done) struct hm_buf copy = hm_buf_init(HM_MAX_CERT);
	hm_buf_add_str(&copy, hm_secret_str(&der));
	st = hm_buf_check(&copy, "a certificate", err);
	if (st == HM_OK)
		*ret_der = hm_buf_take(&copy);
	return st;
}

/* {"certificateSigningRequest":"<Base64 of PEM>"} */
static enum hm_status request(const struct hm_signer *signer, struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_CERT), pem = hm_buf_init(2 * HM_MAX_CERT);

	enum hm_status st = hm_csr_make(signer, (struct hm_str){ 0 }, &der, err);
	if (st != HM_OK)
		return st;
	hm_pem_encode(&pem, "CERTIFICATE REQUEST", hm_buf_str(&der));
	st = hm_buf_check(&pem, "a certificate request", err);
	if (st != HM_OK)
		return st;
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);
	hm_json_object(&w);
	hm_json_member_base64(&w, "certificateSigningRequest", pem.ptr, pem.len);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a certificate request", err);
}

/* The three parts of a JWT are Base64url: nothing of another kind reaches a header. */
static bool is_token(struct hm_str token)
{
	for (size_t i = 0; i < token.len; i++) {
		unsigned char c = (unsigned char)token.ptr[i];
		if (c <= ' ' || c > '~')
			return false;
	}
	return token.len > 0 && token.len <= HM_MAX_JWT;
}

enum hm_status hm_fulcio_ask(const struct hm_service *ca, struct hm_str token, const struct hm_signer *signer,
			     int64_t timeout_ms, struct hm_buf *ret_der, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(4 * HM_MAX_CERT), answer = { 0 };

	if (!is_token(token))
		return hm_fail(err, HM_R_USAGE, "the identity token is empty, or holds what no token does");
	enum hm_status st = request(signer, &body, err);
	if (st != HM_OK)
		return st;
	const struct hm_service_query query = {
		.path = HM_STR("/api/v2/signingCert"),
		.type = "application/json",
		.accept = "application/json",
		.body = hm_buf_str(&body),
		.bearer = token,
		.max_response = HM_MAX_FULCIO_ANSWER,
		.timeout_ms = timeout_ms,
	};
	st = hm_service_post(ca, &query, &answer, err);
	if (st == HM_OK)
		st = hm_while(err, hm_fulcio_answer_parse(hm_buf_str(&answer), &signer->key, ret_der, err),
			      "answer of '%.*s'", HM_STR_ARG(hm_str_head(ca->url, 100)));
	return st;
}
