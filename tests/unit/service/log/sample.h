/*
 * Requests to a log, made and signed here.
 */
#ifndef HM_TESTS_SERVICE_LOG_SAMPLE_H
#define HM_TESTS_SERVICE_LOG_SAMPLE_H

#include "unit.h"

#include "base/buf.h"
#include "base/own.h"
#include "crypto/oid.h"
#include "crypto/x509_make.h"
#include "data/json_write.h"

#define HM_SAMPLE_TIME INT64_C(1700000000)

/* Bytes of an extension of no meaning that certificates carry, to make a large entry. */
static size_t sample_padding;

/* What a row of a table has otherwise than a good request. */
struct sample {
	enum hm_key_kind kind;
	unsigned rsa_bits;
	enum hm_sig sig;
	const char *details;
	bool with_cert;
	unsigned number; /* makes the artifact's digest */
	bool spoil_signature, short_digest;
};

static inline struct sample sample_p256(unsigned number)
{
	return (struct sample){ HM_KEY_P256, 0,    HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P256_SHA_256", true, number,
				false,       false };
}

/* One key of each kind and size for the whole test. */
static inline const struct hm_signer *sample_signer(enum hm_key_kind kind, unsigned rsa_bits)
{
	static struct hm_signer signers[8];
	const unsigned i = kind != HM_KEY_RSA ? (unsigned)kind : rsa_bits == 2048 ? 5 : rsa_bits == 3072 ? 6 : 7;

	if (!signers[i].pkey)
		assert_ok(hm_signer_generate(kind, rsa_bits, &signers[i], NULL), &(struct hm_err){ 0 });
	return &signers[i];
}

static inline struct hm_digest sample_digest(enum hm_digest_alg alg, unsigned number)
{
	const struct hm_part part = { &number, sizeof(number) };
	struct hm_digest digest;

	assert_int_equal(hm_crypto_digest(alg, &part, 1, &digest, NULL), HM_OK);
	return digest;
}

/* A short certificate as Fulcio writes it: an address, and who vouched for it. */
static inline void sample_cert(const struct hm_signer *signer, struct hm_buf *der)
{
	static const struct hm_san san = { .kind = HM_SAN_EMAIL, .value = { "joe@example.com", 15 } };
	const struct hm_name name = { .common_name = HM_STR("test") };
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), issuer = hm_buf_init(HM_MAX_CERT);
	const struct hm_signer *ca = sample_signer(HM_KEY_P384, 0);
	struct hm_err err = { 0 };

	hm_name_encode(&issuer, &name);
	assert_ok(hm_ext_add_profile(&exts, HM_PROFILE_CODE_SIGNING, &signer->key, NULL, &err), &err);
	hm_ext_add_san(&exts, &san, 1, true);
	hm_ext_add(&exts, HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08"), false,
		   HM_STR("\x0c\x15https://issuer.exampl"));
	if (sample_padding > 0) {
		HM_OWN(hm_freep) char *zeros = calloc(1, sample_padding);
		hm_ext_add(&exts, HM_STR("\x2a\x03"), false, hm_str_of(zeros, sample_padding));
	}
	const struct hm_cert_spec spec = { .key = &signer->key,
					   .issuer = hm_buf_str(&issuer),
					   .serial = { 1 },
					   .not_before_s = HM_SAMPLE_TIME,
					   .not_after_s = HM_SAMPLE_TIME + 600,
					   .exts = hm_buf_str(&exts) };
	assert_ok(hm_cert_make(&spec, ca, der, &err), &err);
}

/* Write a CreateEntryRequest. */
static inline void sample_request(const struct sample *s, struct hm_buf *json)
{
	const struct hm_signer *signer = sample_signer(s->kind, s->rsa_bits);
	HM_OWN(hm_buf_done) struct hm_buf signature = hm_buf_init(2048), cert = hm_buf_init(HM_MAX_CERT);
	enum hm_digest_alg alg = HM_SHA256;
	struct hm_err err = { 0 };

	(void)!hm_sig_digest(s->sig, &alg);
	struct hm_digest digest = sample_digest(alg, s->number);
	assert_ok(hm_signer_sign_digest(signer, s->sig, &digest, &signature, &err), &err);
	if (s->spoil_signature)
		signature.ptr[signature.len - 1] ^= 1;
	struct hm_json_writer w = hm_json_writer_init(json, NULL);
	hm_json_object(&w);
	hm_json_key(&w, "hashedRekordRequestV002");
	hm_json_object(&w);
	hm_json_member_base64(&w, "digest", digest.b, digest.len - (s->short_digest ? 1 : 0));
	hm_json_key(&w, "signature");
	hm_json_object(&w);
	hm_json_member_base64(&w, "content", signature.ptr, signature.len);
	hm_json_key(&w, "verifier");
	hm_json_object(&w);
	hm_json_key(&w, s->with_cert ? "x509Certificate" : "publicKey");
	hm_json_object(&w);
	if (s->with_cert)
		sample_cert(signer, &cert);
	else
		hm_buf_add_str(&cert, signer->key.spki);
	hm_json_member_base64(&w, "rawBytes", cert.ptr, cert.len);
	hm_json_object_end(&w);
	hm_json_member_cstr(&w, "keyDetails", s->details);
	for (int i = 0; i < 4; i++)
		hm_json_object_end(&w);
	assert_ok(hm_json_writer_check(&w, "request", &err), &err);
}

#endif
