#include "service/log/entry.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/key.h"
#include "crypto/oid.h"
#include "crypto/x509.h"
#include "crypto/der.h"
#include "data/decode.h"
#include "data/json_write.h"
#include "tlog/tile.h"

/* --- the documents --- */

struct raw_bytes {
	struct hm_str bytes;
};

struct verifier {
	struct raw_bytes *public_key, *certificate;
	int details; /* PublicKeyDetails, one of details_names */
};

struct signature {
	struct hm_str content;
	struct verifier *verifier;
};

struct rekord {
	struct hm_str digest;
	struct signature *signature;
};

struct request {
	struct rekord *rekord;
	bool has_dsse;
	struct hm_str dsse;
};

/*
 * The algorithms that rekor-tiles takes by default, but for pure Ed25519, which no digest can be checked with; the
 * numbers are those of the protocol, in which an enum may be written as one.
 */
static const struct hm_json_name details_names[] = {
	{ "PKIX_ECDSA_P256_SHA_256", 5 },        { "PKIX_ECDSA_P384_SHA_384", 12 },
	{ "PKIX_ECDSA_P521_SHA_512", 13 },       { "PKIX_ED25519_PH", 8 },
	{ "PKIX_RSA_PKCS1V15_2048_SHA256", 9 },  { "PKIX_RSA_PKCS1V15_3072_SHA256", 10 },
	{ "PKIX_RSA_PKCS1V15_4096_SHA256", 11 }, { NULL, 0 },
};

static const struct hm_json_field raw_bytes_fields[] = {
	{ "rawBytes", HM_JSON_BASE64_ANY, offsetof(struct raw_bytes, bytes), HM_REQUIRED | HM_NOT_EMPTY,
	  .alias = "raw_bytes" },
};
static const struct hm_json_table raw_bytes_table = HM_JSON_TABLE(struct raw_bytes, raw_bytes_fields);

static const struct hm_json_field verifier_fields[] = {
	{ "publicKey", HM_JSON_OBJECT_PTR, offsetof(struct verifier, public_key), .alias = "public_key",
	  .table = &raw_bytes_table },
	{ "x509Certificate", HM_JSON_OBJECT_PTR, offsetof(struct verifier, certificate), .alias = "x509_certificate",
	  .table = &raw_bytes_table },
	{ "keyDetails", HM_JSON_ENUM, offsetof(struct verifier, details), HM_REQUIRED, .alias = "key_details",
	  .names = details_names },
};
static const struct hm_json_table verifier_table = HM_JSON_TABLE(struct verifier, verifier_fields);

static const struct hm_json_field signature_fields[] = {
	{ "content", HM_JSON_BASE64_ANY, offsetof(struct signature, content), HM_REQUIRED | HM_NOT_EMPTY },
	{ "verifier", HM_JSON_OBJECT_PTR, offsetof(struct signature, verifier), HM_REQUIRED, .table = &verifier_table },
};
static const struct hm_json_table signature_table = HM_JSON_TABLE(struct signature, signature_fields);

static const struct hm_json_field rekord_fields[] = {
	{ "digest", HM_JSON_BASE64_ANY, offsetof(struct rekord, digest), HM_REQUIRED | HM_NOT_EMPTY },
	{ "signature", HM_JSON_OBJECT_PTR, offsetof(struct rekord, signature), HM_REQUIRED, .table = &signature_table },
};
static const struct hm_json_table rekord_table = HM_JSON_TABLE(struct rekord, rekord_fields);

static const struct hm_json_field request_fields[] = {
	{ "hashedRekordRequestV002", HM_JSON_OBJECT_PTR, offsetof(struct request, rekord),
	  .alias = "hashed_rekord_request_v002", .table = &rekord_table },
	{ "dsseRequestV002", HM_JSON_TEXT, offsetof(struct request, dsse), .alias = "dsse_request_v002",
	  .has = HM_JSON_HAS(struct request, has_dsse) },
};
static const struct hm_json_table request_table = HM_JSON_TABLE(struct request, request_fields);

/* The leaf's bytes. */
struct data {
	int algorithm; /* enum hm_digest_alg */
	struct hm_str digest;
};

struct rekord_v002 {
	struct data data;
	struct signature signature;
};

struct spec {
	struct rekord_v002 rekord;
};

struct body {
	struct hm_str kind, version;
	struct spec spec;
};

static const struct hm_json_name digest_names[] = {
	{ "SHA2_256", HM_SHA256 }, { "SHA2_384", HM_SHA384 }, { "SHA2_512", HM_SHA512 }, { NULL, 0 }
};

static const struct hm_json_field data_fields[] = {
	{ "algorithm", HM_JSON_ENUM, offsetof(struct data, algorithm), HM_REQUIRED, .names = digest_names },
	{ "digest", HM_JSON_BASE64, offsetof(struct data, digest), HM_REQUIRED },
};
static const struct hm_json_table data_table = HM_JSON_TABLE(struct data, data_fields);

static const struct hm_json_field rekord_v002_fields[] = {
	{ "data", HM_JSON_OBJECT, offsetof(struct rekord_v002, data), HM_REQUIRED, .table = &data_table },
	{ "signature", HM_JSON_OBJECT, offsetof(struct rekord_v002, signature), HM_REQUIRED,
	  .table = &signature_table },
};
static const struct hm_json_table rekord_v002_table = HM_JSON_TABLE(struct rekord_v002, rekord_v002_fields);

static const struct hm_json_field spec_fields[] = {
	{ "hashedRekordV002", HM_JSON_OBJECT, offsetof(struct spec, rekord), HM_REQUIRED, .table = &rekord_v002_table },
};
static const struct hm_json_table spec_table = HM_JSON_TABLE(struct spec, spec_fields);

static const struct hm_json_field body_fields[] = {
	{ "apiVersion", HM_JSON_STR, offsetof(struct body, version), HM_REQUIRED },
	{ "kind", HM_JSON_STR, offsetof(struct body, kind), HM_REQUIRED },
	{ "spec", HM_JSON_OBJECT, offsetof(struct body, spec), HM_REQUIRED, .table = &spec_table },
};
static const struct hm_json_table body_table = HM_JSON_TABLE(struct body, body_fields);

/* --- checking --- */

/* Of one of the names above, which crypto knows all of. */
static enum hm_key_details details_of(const struct verifier *v)
{
	enum hm_key_details details = HM_DETAILS_NONE;

	for (const struct hm_json_name *n = details_names; n->name; n++) {
		if (n->value == v->details && hm_key_details_from_name(hm_str(n->name), &details))
			return details;
	}
	return details;
}

/* The key that came along, either way. */
static enum hm_status read_key(const struct verifier *v, struct hm_key *ret_key, struct hm_cert *ret_cert,
			       struct hm_err *err)
{
	const enum hm_key_details want = details_of(v);
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	enum hm_key_details have = HM_DETAILS_NONE;
	enum hm_status st;

	if (!v->public_key == !v->certificate)
		return hm_fail(err, HM_R_LOG_REQUEST, "there must be either a public key or a certificate");
	if (v->public_key) {
		st = hm_key_parse_as(v->public_key->bytes, want, &key, err);
	} else {
		st = hm_cert_parse(v->certificate->bytes, ret_cert, err);
		if (st == HM_OK)
			st = hm_cert_key(ret_cert, &key, err);
		if (st == HM_OK && (!hm_key_details_of(&key, hm_key_details_sig(want), &have) || have != want))
			return hm_fail(err, HM_R_KEY_DETAILS, "the certificate's key is for %s and not what %s names",
				       hm_key_kind_name(key.kind), hm_key_details_name(want));
	}
	if (st != HM_OK)
		return st;
	*ret_key = key;
	key = (struct hm_key){ 0 };
	return HM_OK;
}

/* What is signed by such a key; false never happens for the names above. */
static enum hm_status read_digest(struct hm_str bytes, enum hm_key_details details, struct hm_digest *ret_digest,
				  struct hm_err *err)
{
	struct hm_digest digest = { 0 };

	if (!hm_sig_digest(hm_key_details_sig(details), &digest.alg))
		return hm_fail(err, HM_R_BUG, "%s signs no digest", hm_key_details_name(details));
	digest.len = hm_digest_len(digest.alg);
	HM_PLANT(bytes.len == 30);
	if (bytes.len != digest.len)
		return hm_fail(err, HM_R_LOG_REQUEST, "the digest has %zu bytes; %s signs one of %zu", bytes.len,
			       hm_key_details_name(details), digest.len);
	memcpy(digest.b, bytes.ptr, bytes.len);
	*ret_digest = digest;
	return HM_OK;
}

/* The whole verdict on a request or on an entry that was read back. */
static enum hm_status check(struct hm_str digest, const struct signature *s, struct hm_digest *ret_digest,
			    struct hm_cert *ret_cert, struct hm_hash *ret_key_id, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };

	enum hm_status st = read_key(s->verifier, &key, ret_cert, err);
	if (st == HM_OK)
		st = read_digest(digest, details_of(s->verifier), ret_digest, err);
	if (st == HM_OK)
		st = hm_key_verify_digest(&key, hm_key_details_sig(details_of(s->verifier)), ret_digest, s->content,
					  err);
	if (st == HM_OK)
		*ret_key_id = key.id;
	return st;
}

/* --- writing --- */

static void write_raw(struct hm_json_writer *w, const char *name, const struct raw_bytes *raw)
{
	if (!raw)
		return;
	hm_json_key(w, name);
	hm_json_object(w);
	hm_json_member_base64(w, "rawBytes", raw->bytes.ptr, raw->bytes.len);
	hm_json_object_end(w);
}

/* RFC 8785: the keys stand in their order, and no text needs an escape. */
static enum hm_status write_body(const struct hm_digest *digest, const struct signature *s, struct hm_buf *buf,
				 struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "apiVersion", "0.0.2");
	hm_json_member_cstr(&w, "kind", "hashedrekord");
	hm_json_key(&w, "spec");
	hm_json_object(&w);
	hm_json_key(&w, "hashedRekordV002");
	hm_json_object(&w);
	hm_json_key(&w, "data");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "algorithm", digest_names[digest->alg].name);
	hm_json_member_base64(&w, "digest", digest->b, digest->len);
	hm_json_object_end(&w);
	hm_json_key(&w, "signature");
	hm_json_object(&w);
	hm_json_member_base64(&w, "content", s->content.ptr, s->content.len);
	hm_json_key(&w, "verifier");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "keyDetails", hm_key_details_name(details_of(s->verifier)));
	write_raw(&w, "publicKey", s->verifier->public_key);
	write_raw(&w, "x509Certificate", s->verifier->certificate);
	for (int open = 0; open < 5; open++)
		hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a log entry", err);
}

static enum hm_status make_body(const struct hm_digest *digest, const struct signature *s, struct hm_arena *arena,
				struct hm_str *ret_body, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_TLOG_MAX_ENTRY);

	enum hm_status st = write_body(digest, s, &buf, err);
	if (st != HM_OK)
		return st;
	*ret_body = hm_arena_dup(arena, hm_buf_str(&buf));
	return hm_arena_check(arena, "a log entry", err);
}

enum hm_status hm_log_entry_make(struct hm_str json, struct hm_arena *arena, struct hm_str *ret_body,
				 struct hm_err *err)
{
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_LOG_REQUEST, .max_depth = 16 },
					     .proto_json = true };
	struct request request = { 0 };
	struct hm_digest digest;
	struct hm_cert cert = { 0 };
	struct hm_hash key_id;

	enum hm_status st = hm_json_decode(json, &request_table, &opts, arena, &request, err);
	if (st != HM_OK)
		return st;
	if (!request.rekord || request.has_dsse)
		return hm_fail(err, HM_R_LOG_TYPE, "invalid type, must be hashedrekord");
	st = check(request.rekord->digest, request.rekord->signature, &digest, &cert, &key_id, err);
	return st == HM_OK ? make_body(&digest, request.rekord->signature, arena, ret_body, err) : st;
}

/* --- reading back --- */

static struct hm_str issuer_of(const struct hm_cert *cert)
{
	struct hm_cert_ext ext;
	struct hm_str value, text = { 0 };

	/* 1.3.6.1.4.1.57264.1.8 is a UTF8String in DER; .1 is the text itself */
	if (hm_cert_find_ext(cert, HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08"), &ext)) {
		value = ext.value;
		if (hm_der_take_text(&value, &text) && value.len == 0)
			return text;
	}
	if (hm_cert_find_ext(cert, HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x01"), &ext))
		return ext.value;
	return (struct hm_str){ 0 };
}

static struct hm_str identity_of(const struct hm_cert *cert)
{
	struct hm_str rest = cert->san;
	struct hm_san san;

	while (hm_cert_next_san(&rest, &san)) {
		if (san.kind != HM_SAN_UNKNOWN && san.value.len > 0)
			return san.value;
	}
	return (struct hm_str){ 0 };
}

/* Anybody can log any certificate: a name that is no text is none. */
static struct hm_str as_text(struct hm_str s)
{
	return hm_str_is_utf8(s) && (s.len == 0 || !memchr(s.ptr, '\0', s.len)) ? s : (struct hm_str){ 0 };
}

static enum hm_status read_body(struct hm_str body, struct hm_arena *arena, struct body *ret_body, struct hm_err *err)
{
	const struct hm_decode_opts opts = { .json = { .max_size = HM_TLOG_MAX_ENTRY, .max_depth = 16 } };
	struct hm_err why = { 0 };
	enum hm_status st = hm_json_decode(body, &body_table, &opts, arena, ret_body, &why);

	if (st == HM_EPARSE)
		return hm_fail(err, HM_R_LOG_ENTRY, "%s", why.cause);
	if (st != HM_OK) {
		if (err)
			*err = why;
		return st;
	}
	if (!hm_str_is(ret_body->kind, "hashedrekord") || !hm_str_is(ret_body->version, "0.0.2"))
		return hm_fail(err, HM_R_LOG_ENTRY, "it is of kind '%.*s', version '%.*s'",
			       HM_STR_ARG(hm_str_head(ret_body->kind, 40)),
			       HM_STR_ARG(hm_str_head(ret_body->version, 40)));
	return HM_OK;
}

/* Without checking the signature, which was checked when the entry came: only where the key is. */
static enum hm_status find_key(const struct signature *s, const struct data *data, struct hm_log_facts *facts,
			       struct hm_cert *ret_cert, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };

	enum hm_status st = read_key(s->verifier, &key, ret_cert, err);
	if (st == HM_OK)
		st = read_digest(data->digest, details_of(s->verifier), &facts->digest, err);
	if (st == HM_OK)
		facts->key_id = key.id;
	return st;
}

static enum hm_status check_whole(struct hm_str body, const struct rekord_v002 *r, struct hm_arena *arena,
				  struct hm_log_facts *facts, struct hm_cert *ret_cert, struct hm_err *err)
{
	struct hm_str again = { 0 };

	enum hm_status st = check(r->data.digest, &r->signature, &facts->digest, ret_cert, &facts->key_id, err);
	if (st == HM_OK)
		st = make_body(&facts->digest, &r->signature, arena, &again, err);
	if (st == HM_OK && !hm_str_eq(again, body))
		return hm_fail(err, HM_R_LOG_ENTRY, "its JSON is not canonical");
	return st;
}

enum hm_status hm_log_entry_facts(struct hm_str body, bool is_checked, struct hm_arena *arena,
				  struct hm_log_facts *ret_facts, struct hm_err *err)
{
	struct hm_log_facts facts = { 0 };
	struct hm_cert cert = { 0 };
	struct body b = { 0 };

	enum hm_status st = read_body(body, arena, &b, err);
	if (st != HM_OK)
		return st;
	const struct rekord_v002 *r = &b.spec.rekord;
	st = is_checked ? check_whole(body, r, arena, &facts, &cert, err)
			: find_key(&r->signature, &r->data, &facts, &cert, err);
	if (st != HM_OK)
		return st;
	if ((int)facts.digest.alg != r->data.algorithm)
		return hm_fail(err, HM_R_LOG_ENTRY, "its digest is not what its key signs");
	facts.kind = HM_STR("hashedrekord");
	facts.version = HM_STR("0.0.2");
	facts.identity = as_text(identity_of(&cert)); /* of the decoded certificate, which is the arena's */
	facts.issuer = as_text(issuer_of(&cert));
	*ret_facts = facts;
	return HM_OK;
}
