/*
 * A small public key infrastructure for tests: a root, an intermediate, a leaf, with anything wrong that a row asks
 * for.
 */
#ifndef HM_TESTS_CRYPTO_PKI_H
#define HM_TESTS_CRYPTO_PKI_H

#include "judge.h"

#include "crypto/oid.h"
#include "crypto/x509_make.h"

#define NOW INT64_C(1700000000)
#define DAY INT64_C(86400)

/* Add what the test itself writes in hexadecimal. */
static inline void add_hex(struct hm_buf *buf, const char *hex)
{
	uint8_t bytes[256];

	hm_buf_add_str(buf, from_hex(hex, bytes));
}

/* The same "random" bytes each time. */
static inline enum hm_status counting_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)err;
	uint8_t *next = ctx, *bytes = ret_bytes;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (*next)++;
	return HM_OK;
}

static inline int64_t fixed_now(void *ctx)
{
	(void)ctx;
	return NOW * 1000000000;
}

struct entity {
	struct hm_signer signer;
	struct hm_buf name, der;
	struct hm_cert cert;
};

static inline void entity_done(struct entity *e)
{
	hm_signer_done(&e->signer);
	hm_buf_done(&e->name);
	hm_buf_done(&e->der);
}

/* What a certificate of a test has otherwise than its profile. */
struct quirks {
	int64_t not_before_s, not_after_s; /* 0: NOW minus and plus a day */
	struct hm_str exts;                /* in place of the profile's, where not {0} */
	struct hm_str more_exts;           /* behind the profile's */
	const struct entity *signed_by;    /* another key than the issuer's; the name stays */
	bool nameless;                     /* an empty subject, as Fulcio's leaves have it */
};

static inline void make_entity(struct entity *e, const char *name, enum hm_key_kind kind, enum hm_profile profile,
			       const struct entity *issuer, const struct quirks *quirks)
{
	static uint8_t next = 1;
	const struct hm_effects fx = { &next, fixed_now, counting_random };
	const struct quirks q = quirks ? *quirks : (struct quirks){ 0 };
	const struct hm_name subject = { .organization = HM_STR("test"), .common_name = hm_str(name) };
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
	struct hm_err err = { 0 };

	*e = (struct entity){ .name = hm_buf_init(HM_MAX_CERT), .der = hm_buf_init(HM_MAX_CERT) };
	assert_ok(hm_signer_generate(kind, kind == HM_KEY_RSA ? 2048 : 0, &e->signer, &err), &err);
	hm_name_encode(&e->name, &subject);
	if (q.exts.ptr)
		hm_buf_add_str(&exts, q.exts);
	else
		assert_ok(hm_ext_add_profile(&exts, profile, &e->signer.key, issuer ? &issuer->cert : NULL, &err),
			  &err);
	hm_buf_add_str(&exts, q.more_exts);
	struct hm_cert_spec spec = {
		.key = &e->signer.key,
		.subject = q.nameless ? (struct hm_str){ 0 } : hm_buf_str(&e->name),
		.issuer = hm_buf_str(issuer ? &issuer->name : &e->name),
		.not_before_s = q.not_before_s ? q.not_before_s : NOW - DAY,
		.not_after_s = q.not_after_s ? q.not_after_s : NOW + DAY,
		.exts = hm_buf_str(&exts),
	};
	assert_ok(hm_cert_serial(&fx, spec.serial, &err), &err);
	const struct entity *by = q.signed_by ? q.signed_by : issuer ? issuer : e;
	assert_ok(hm_cert_make(&spec, &by->signer, &e->der, &err), &err);
	assert_ok(hm_cert_parse(hm_buf_str(&e->der), &e->cert, &err), &err);
}

#endif
