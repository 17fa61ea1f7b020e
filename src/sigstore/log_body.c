#include "sigstore/log_body.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/pem.h"
#include "sigstore/json.h"

static const struct {
	const char *kind, *version;
	enum hm_log_kind is;
} kinds[] = {
	{ "hashedrekord", "0.0.1", HM_LOG_HASHEDREKORD_V1 },
	{ "dsse", "0.0.1", HM_LOG_DSSE_V1 },
	{ "intoto", "0.0.2", HM_LOG_INTOTO_V1 },
	{ "hashedrekord", "0.0.2", HM_LOG_HASHEDREKORD_V2 },
};

enum hm_status hm_log_kind_of(const struct hm_log_entry *entry, enum hm_log_kind *ret_kind, struct hm_err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (hm_str_is(entry->kind, kinds[i].kind) && hm_str_is(entry->version, kinds[i].version)) {
			*ret_kind = kinds[i].is;
			return HM_OK;
		}
	}
	return hm_fail(err, HM_R_TLOG_KIND, "log entries of kind %.*s %.*s are not verified",
		       HM_STR_ARG(hm_str_head(entry->kind, 40)), HM_STR_ARG(hm_str_head(entry->version, 20)));
}

/* {"algorithm":"sha256","value":"<hexadecimal>"} */
struct hash_doc {
	struct hm_str algorithm, value;
};

static const struct hm_json_field hash_fields[] = {
	{ "algorithm", HM_JSON_STR, offsetof(struct hash_doc, algorithm), HM_REQUIRED },
	{ "value", HM_JSON_STR, offsetof(struct hash_doc, value), HM_REQUIRED },
};
static const struct hm_json_table hash_table = HM_JSON_TABLE(struct hash_doc, hash_fields);

#define BASE64_IN(name, key)                                                                                           \
	static const struct hm_json_field name##_fields[] = {                                                          \
		{ key, HM_JSON_BASE64, 0, HM_REQUIRED | HM_NOT_EMPTY },                                                \
	};                                                                                                             \
	static const struct hm_json_table name##_table = HM_JSON_TABLE(struct hm_str, name##_fields)

/* hashedrekord 0.0.1 */
struct rekord1_doc {
	struct hash_doc hash;
	struct hm_str signature, pem;
};

BASE64_IN(pem, "content");
static const struct hm_json_field data1_fields[] = {
	{ "hash", HM_JSON_OBJECT, 0, HM_REQUIRED, .table = &hash_table },
};
static const struct hm_json_table data1_table = HM_JSON_TABLE(struct hash_doc, data1_fields);

struct signature1_doc {
	struct hm_str signature, pem;
};
static const struct hm_json_field signature1_fields[] = {
	{ "content", HM_JSON_BASE64, offsetof(struct signature1_doc, signature), HM_REQUIRED },
	{ "publicKey", HM_JSON_OBJECT, offsetof(struct signature1_doc, pem), HM_REQUIRED, .table = &pem_table },
};
static const struct hm_json_table signature1_table = HM_JSON_TABLE(struct signature1_doc, signature1_fields);

static const struct hm_json_field rekord1_fields[] = {
	{ "data", HM_JSON_OBJECT, offsetof(struct rekord1_doc, hash), HM_REQUIRED, .table = &data1_table },
	{ "signature", HM_JSON_OBJECT, offsetof(struct rekord1_doc, signature), HM_REQUIRED,
	  .table = &signature1_table },
};
static const struct hm_json_table rekord1_table = HM_JSON_TABLE(struct rekord1_doc, rekord1_fields);

/* dsse 0.0.1 */
struct dsse_sig_doc {
	struct hm_str signature, pem;
};
struct dsse_doc {
	struct hash_doc envelope_hash, payload_hash;
	struct dsse_sig_doc *sigs;
	size_t sigs_count;
};

static const struct hm_json_field dsse_sig_fields[] = {
	{ "signature", HM_JSON_BASE64, offsetof(struct dsse_sig_doc, signature), HM_REQUIRED },
	{ "verifier", HM_JSON_BASE64, offsetof(struct dsse_sig_doc, pem), HM_REQUIRED },
};
static const struct hm_json_table dsse_sig_table = HM_JSON_TABLE(struct dsse_sig_doc, dsse_sig_fields);

static const struct hm_json_field dsse_fields[] = {
	{ "envelopeHash", HM_JSON_OBJECT, offsetof(struct dsse_doc, envelope_hash), .table = &hash_table },
	{ "payloadHash", HM_JSON_OBJECT, offsetof(struct dsse_doc, payload_hash), HM_REQUIRED, .table = &hash_table },
	{ "signatures", HM_JSON_ARRAY, offsetof(struct dsse_doc, sigs), HM_REQUIRED, .of = HM_JSON_OBJECT,
	  .table = &dsse_sig_table, .count = offsetof(struct dsse_doc, sigs_count), .max = 64 },
};
static const struct hm_json_table dsse_table = HM_JSON_TABLE(struct dsse_doc, dsse_fields);

/* intoto 0.0.2: payload and signature are Base64 of what is Base64 already in the envelope. */
struct intoto_sig_doc {
	struct hm_str sig, pem, keyid;
};
struct intoto_doc {
	struct hm_str payload, payload_type;
	struct intoto_sig_doc *sigs;
	size_t sigs_count;
	struct hash_doc hash, payload_hash;
};

static const struct hm_json_field intoto_sig_fields[] = {
	{ "sig", HM_JSON_BASE64, offsetof(struct intoto_sig_doc, sig), HM_REQUIRED },
	{ "publicKey", HM_JSON_BASE64, offsetof(struct intoto_sig_doc, pem), HM_REQUIRED },
	{ "keyid", HM_JSON_STR, offsetof(struct intoto_sig_doc, keyid) },
};
static const struct hm_json_table intoto_sig_table = HM_JSON_TABLE(struct intoto_sig_doc, intoto_sig_fields);

static const struct hm_json_field intoto_envelope_fields[] = {
	{ "payload", HM_JSON_STR, offsetof(struct intoto_doc, payload) },
	{ "payloadType", HM_JSON_STR, offsetof(struct intoto_doc, payload_type) },
	{ "signatures", HM_JSON_ARRAY, offsetof(struct intoto_doc, sigs), HM_REQUIRED, .of = HM_JSON_OBJECT,
	  .table = &intoto_sig_table, .count = offsetof(struct intoto_doc, sigs_count), .max = 64 },
};
static const struct hm_json_table intoto_envelope_table = {
	.fields = intoto_envelope_fields,
	.count = sizeof(intoto_envelope_fields) / sizeof(intoto_envelope_fields[0]),
	.size = offsetof(struct intoto_doc, hash), /* the first part of the struct */
};

static const struct hm_json_field intoto_content_fields[] = {
	{ "envelope", HM_JSON_OBJECT, 0, HM_REQUIRED, .table = &intoto_envelope_table },
	{ "hash", HM_JSON_OBJECT, offsetof(struct intoto_doc, hash), .table = &hash_table },
	{ "payloadHash", HM_JSON_OBJECT, offsetof(struct intoto_doc, payload_hash), HM_REQUIRED, .table = &hash_table },
};
static const struct hm_json_table intoto_content_table = HM_JSON_TABLE(struct intoto_doc, intoto_content_fields);

static const struct hm_json_field intoto_fields[] = {
	{ "content", HM_JSON_OBJECT, 0, HM_REQUIRED, .table = &intoto_content_table },
};
static const struct hm_json_table intoto_table = HM_JSON_TABLE(struct intoto_doc, intoto_fields);

/* hashedrekord 0.0.2 */
struct data2_doc {
	struct hm_str algorithm, digest;
};
struct verifier2_doc {
	struct hm_str details;
	struct hm_str *key, *cert;
};
struct signature2_doc {
	struct hm_str content;
	struct verifier2_doc verifier;
};
struct rekord2_doc {
	struct data2_doc data;
	struct signature2_doc signature;
};

static const struct hm_json_field data2_fields[] = {
	{ "algorithm", HM_JSON_STR, offsetof(struct data2_doc, algorithm), HM_REQUIRED },
	{ "digest", HM_JSON_BASE64, offsetof(struct data2_doc, digest), HM_REQUIRED },
};
static const struct hm_json_table data2_table = HM_JSON_TABLE(struct data2_doc, data2_fields);

static const struct hm_json_field verifier2_fields[] = {
	{ "keyDetails", HM_JSON_STR, offsetof(struct verifier2_doc, details), HM_REQUIRED },
	{ "publicKey", HM_JSON_OBJECT_PTR, offsetof(struct verifier2_doc, key), .table = &hm_raw_bytes_table },
	{ "x509Certificate", HM_JSON_OBJECT_PTR, offsetof(struct verifier2_doc, cert), .table = &hm_raw_bytes_table },
};
static const struct hm_json_table verifier2_table = HM_JSON_TABLE(struct verifier2_doc, verifier2_fields);

static const struct hm_json_field signature2_fields[] = {
	{ "content", HM_JSON_BASE64, offsetof(struct signature2_doc, content), HM_REQUIRED },
	{ "verifier", HM_JSON_OBJECT, offsetof(struct signature2_doc, verifier), HM_REQUIRED,
	  .table = &verifier2_table },
};
static const struct hm_json_table signature2_table = HM_JSON_TABLE(struct signature2_doc, signature2_fields);

static const struct hm_json_field rekord2_fields[] = {
	{ "data", HM_JSON_OBJECT, offsetof(struct rekord2_doc, data), HM_REQUIRED, .table = &data2_table },
	{ "signature", HM_JSON_OBJECT, offsetof(struct rekord2_doc, signature), HM_REQUIRED,
	  .table = &signature2_table },
};
static const struct hm_json_table rekord2_table = HM_JSON_TABLE(struct rekord2_doc, rekord2_fields);
static const struct hm_json_field spec2_fields[] = {
	{ "hashedRekordV002", HM_JSON_OBJECT, 0, HM_REQUIRED, .table = &rekord2_table },
};
static const struct hm_json_table spec2_table = HM_JSON_TABLE(struct rekord2_doc, spec2_fields);

/* What all bodies have around them. */
#define BODY(doc)                                                                                                      \
	struct doc##_body {                                                                                            \
		struct hm_str version, kind;                                                                           \
		struct doc##_doc spec;                                                                                 \
	}
#define BODY_TABLE(doc, spec_table)                                                                                    \
	static const struct hm_json_field doc##_body_fields[] = {                                                      \
		{ "apiVersion", HM_JSON_STR, offsetof(struct doc##_body, version), HM_REQUIRED },                      \
		{ "kind", HM_JSON_STR, offsetof(struct doc##_body, kind), HM_REQUIRED },                               \
		{ "spec", HM_JSON_OBJECT, offsetof(struct doc##_body, spec), HM_REQUIRED, .table = &(spec_table) },    \
	};                                                                                                             \
	static const struct hm_json_table doc##_body_table = HM_JSON_TABLE(struct doc##_body, doc##_body_fields)

BODY(rekord1);
BODY_TABLE(rekord1, rekord1_table);
BODY(dsse);
BODY_TABLE(dsse, dsse_table);
BODY(intoto);
BODY_TABLE(intoto, intoto_table);
BODY(rekord2);
BODY_TABLE(rekord2, spec2_table);

static enum hm_status take_hash(const struct hash_doc *doc, struct hm_digest *ret_digest, struct hm_err *err)
{
	struct hm_digest digest;

	if (!hm_digest_from_name(doc->algorithm, &digest.alg))
		return hm_fail(err, HM_R_TLOG_BODY, "a digest by '%.*s'", HM_STR_ARG(hm_str_head(doc->algorithm, 40)));
	digest.len = hm_digest_len(digest.alg);
	if (hm_hex_read(doc->value, digest.b, digest.len, NULL) != HM_OK)
		return hm_fail(err, HM_R_TLOG_BODY, "a digest that is no %s", hm_digest_name(digest.alg));
	*ret_digest = digest;
	return HM_OK;
}

static enum hm_status take_pem(struct hm_str text, struct hm_arena *arena, struct hm_log_body *body, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_str label;

	enum hm_status st = hm_pem_next(&text, &label, &der, err);
	if (st == HM_ENOMEM)
		return st;
	body->is_cert = st == HM_OK && hm_str_is(label, "CERTIFICATE");
	if (st != HM_OK || (!body->is_cert && !hm_str_is(label, "PUBLIC KEY")))
		return hm_fail(err, HM_R_TLOG_BODY, "its signer is neither a certificate nor a public key in PEM");
	body->signer = hm_arena_dup(arena, hm_secret_str(&der));
	return hm_arena_check(arena, "log entry", err);
}

/* Base64 in Base64. What is not is no signature, and so no bundle's. */
static enum hm_status take_inner(struct hm_str text, struct hm_arena *arena, struct hm_str *ret_bytes,
				 struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MAX_LOG_BODY);

	enum hm_status st = hm_base64_decode(&bytes, HM_BASE64_STD, text, err);
	if (st != HM_OK && st != HM_EPARSE)
		return st;
	*ret_bytes = st == HM_OK ? hm_arena_dup(arena, hm_buf_str(&bytes)) : (struct hm_str){ 0 };
	return hm_arena_check(arena, "log entry", err);
}

static enum hm_status one_signature(size_t count, struct hm_err *err)
{
	if (count == 1)
		return HM_OK;
	return hm_fail(err, HM_R_TLOG_BODY, "it has %zu signatures", count);
}

static enum hm_status take_rekord1(const struct rekord1_doc *doc, struct hm_arena *arena, struct hm_log_body *body,
				   struct hm_err *err)
{
	enum hm_status st = take_hash(&doc->hash, &body->digest, err);

	body->signature = doc->signature;
	return st == HM_OK ? take_pem(doc->pem, arena, body, err) : st;
}

static enum hm_status take_dsse(const struct dsse_doc *doc, struct hm_arena *arena, struct hm_log_body *body,
				struct hm_err *err)
{
	enum hm_status st = take_hash(&doc->payload_hash, &body->digest, err);

	if (st == HM_OK)
		st = one_signature(doc->sigs_count, err);
	if (st != HM_OK)
		return st;
	body->signature = doc->sigs[0].signature;
	return take_pem(doc->sigs[0].pem, arena, body, err);
}

static enum hm_status take_intoto(const struct intoto_doc *doc, struct hm_arena *arena, struct hm_log_body *body,
				  struct hm_err *err)
{
	enum hm_status st = take_hash(&doc->payload_hash, &body->digest, err);

	if (st == HM_OK)
		st = one_signature(doc->sigs_count, err);
	if (st == HM_OK)
		st = take_inner(doc->sigs[0].sig, arena, &body->signature, err);
	return st == HM_OK ? take_pem(doc->sigs[0].pem, arena, body, err) : st;
}

static enum hm_status take_rekord2(const struct rekord2_doc *doc, struct hm_log_body *body, struct hm_err *err)
{
	const struct verifier2_doc *verifier = &doc->signature.verifier;

	if (!hm_hash_algorithm_from_name(doc->data.algorithm, &body->digest.alg) ||
	    doc->data.digest.len != hm_digest_len(body->digest.alg))
		return hm_fail(err, HM_R_TLOG_BODY, "a digest of %zu bytes by '%.*s'", doc->data.digest.len,
			       HM_STR_ARG(hm_str_head(doc->data.algorithm, 40)));
	if (!verifier->key == !verifier->cert)
		return hm_fail(err, HM_R_TLOG_BODY, "its signer is not exactly one of a certificate and a public key");
	body->digest.len = doc->data.digest.len;
	memcpy(body->digest.b, doc->data.digest.ptr, body->digest.len);
	body->signature = doc->signature.content;
	body->is_cert = verifier->cert != NULL;
	body->signer = verifier->cert ? *verifier->cert : *verifier->key;
	body->key_details = verifier->details;
	HM_PLANT(!body->is_cert && body->key_details.len != 23);
	return HM_OK;
}

union any_body {
	/* All begin in the same way. */
	struct {
		struct hm_str version, kind;
	} head;
	struct rekord1_body rekord1;
	struct dsse_body dsse;
	struct intoto_body intoto;
	struct rekord2_body rekord2;
};

static enum hm_status take(const union any_body *doc, enum hm_log_kind kind, struct hm_arena *arena,
			   struct hm_log_body *body, struct hm_err *err)
{
	/* client-spec 4.4: "they must match the `kind` and `apiVersion` in `body`" */
	if (!hm_str_is(doc->head.kind, kinds[kind].kind) || !hm_str_is(doc->head.version, kinds[kind].version))
		return hm_fail(err, HM_R_TLOG_BODY, "it is of kind %.*s %.*s, and %s %s stands beside it",
			       HM_STR_ARG(hm_str_head(doc->head.kind, 40)),
			       HM_STR_ARG(hm_str_head(doc->head.version, 20)), kinds[kind].kind, kinds[kind].version);
	switch (kind) {
	case HM_LOG_HASHEDREKORD_V1:
		return take_rekord1(&doc->rekord1.spec, arena, body, err);
	case HM_LOG_DSSE_V1:
		return take_dsse(&doc->dsse.spec, arena, body, err);
	case HM_LOG_INTOTO_V1:
		return take_intoto(&doc->intoto.spec, arena, body, err);
	case HM_LOG_HASHEDREKORD_V2:
		break;
	}
	return take_rekord2(&doc->rekord2.spec, body, err);
}

enum hm_status hm_log_body_parse(struct hm_str body, enum hm_log_kind kind, struct hm_arena *arena,
				 struct hm_log_body *ret_body, struct hm_err *err)
{
	static const struct hm_json_table *const tables[] = {
		[HM_LOG_HASHEDREKORD_V1] = &rekord1_body_table,
		[HM_LOG_DSSE_V1] = &dsse_body_table,
		[HM_LOG_INTOTO_V1] = &intoto_body_table,
		[HM_LOG_HASHEDREKORD_V2] = &rekord2_body_table,
	};
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_LOG_BODY, .borrow = true } };
	struct hm_log_body read = { 0 };
	union any_body doc;

	memset(&doc, 0, sizeof(doc));
	enum hm_status st = hm_json_decode(body, tables[kind], &opts, arena, &doc, err);
	if (st == HM_EPARSE)
		return hm_while(err, hm_fail_as(err, HM_R_TLOG_BODY), "body of the log entry");
	if (st == HM_OK)
		st = hm_while(err, take(&doc, kind, arena, &read, err), "body of the log entry");
	if (st == HM_OK)
		*ret_body = read;
	return st;
}

static enum hm_status compare_digest(const struct hm_log_body *body, enum hm_log_kind kind,
				     const struct hm_log_claim *claim, bool *ret_same, struct hm_err *err)
{
	const struct hm_part payload = { claim->payload.ptr, claim->payload.len };
	struct hm_digest digest = claim->digest;

	if (kind == HM_LOG_DSSE_V1 || kind == HM_LOG_INTOTO_V1) {
		enum hm_status st = hm_crypto_digest(body->digest.alg, &payload, 1, &digest, err);
		if (st != HM_OK)
			return st;
	}
	*ret_same = hm_digest_eq(&body->digest, &digest);
	return HM_OK;
}

enum hm_status hm_log_body_compare(const struct hm_log_body *body, enum hm_log_kind kind,
				   const struct hm_log_claim *claim, unsigned *ret_differs, struct hm_err *err)
{
	bool for_dsse = kind == HM_LOG_DSSE_V1 || kind == HM_LOG_INTOTO_V1, same;
	struct hm_str signer = claim->cert.len > 0 ? claim->cert : claim->spki;
	unsigned differs = 0;

	if (!hm_log_kind_is_v2(kind) && for_dsse != (claim->content == HM_CONTENT_DSSE))
		return hm_fail(err, HM_R_TLOG_KIND, "a log entry of kind %s %s does not go with %s", kinds[kind].kind,
			       kinds[kind].version, for_dsse ? "a message signature" : "a DSSE envelope");
	enum hm_status st = compare_digest(body, kind, claim, &same, err);
	if (st != HM_OK)
		return st;
	if (!same)
		differs |= HM_DIFFERS_DIGEST;
	if (body->is_cert != (claim->cert.len > 0) || !hm_str_eq(body->signer, signer))
		differs |= HM_DIFFERS_SIGNER;
	if (!hm_str_eq(body->signature, claim->signature))
		differs |= HM_DIFFERS_SIGNATURE;
	if (hm_log_kind_is_v2(kind) && !hm_str_is(body->key_details, hm_key_details_name(claim->details)))
		differs |= HM_DIFFERS_DETAILS;
	*ret_differs = differs;
	return HM_OK;
}

enum hm_status hm_log_body_make(const struct hm_log_claim *claim, struct hm_buf *buf, struct hm_err *err)
{
	bool is_cert = claim->cert.len > 0;
	struct hm_str signer = is_cert ? claim->cert : claim->spki;

	/* rekor-v2-spec 6.1.4: entries are of "the externalized hash function of the entry's signing algorithm" */
	if (claim->details == HM_DETAILS_NONE || claim->details == HM_DETAILS_ED25519)
		return hm_fail(err, HM_R_TLOG_KIND, "hashedrekord 0.0.2 does not hold signatures of this kind of key");
	/* RFC 8785: no blanks, keys in order; nothing in it needs an escape. */
	hm_buf_addf(buf,
		    "{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{\"hashedRekordV002\":{\"data\":"
		    "{\"algorithm\":\"%s\",\"digest\":\"",
		    hm_hash_algorithm_name(claim->digest.alg));
	hm_base64_encode(buf, HM_BASE64_STD, claim->digest.b, claim->digest.len);
	hm_buf_add_cstr(buf, "\"},\"signature\":{\"content\":\"");
	hm_base64_encode(buf, HM_BASE64_STD, claim->signature.ptr, claim->signature.len);
	hm_buf_addf(buf, "\",\"verifier\":{\"keyDetails\":\"%s\",\"%s\":{\"rawBytes\":\"",
		    hm_key_details_name(claim->details), is_cert ? "x509Certificate" : "publicKey");
	hm_base64_encode(buf, HM_BASE64_STD, signer.ptr, signer.len);
	hm_buf_add_cstr(buf, "\"}}}}}}");
	return hm_buf_check(buf, "a log entry's body", err);
}
