#include "crypto/jwt.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "data/json.h"
#include "data/json_write.h"

static const struct {
	const char *crv;
	enum hm_key_kind kind;
	size_t coordinate_len; /* RFC 7518 6.2.1.2: as long as the field */
} curves[] = {
	{ "P-256", HM_KEY_P256, 32 },
	{ "P-384", HM_KEY_P384, 48 },
	{ "P-521", HM_KEY_P521, 66 },
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static enum hm_status malformed(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_JWT_KEYS, "set of keys: %s", what);
}

/* Add the bytes of a member in Base64url. */
static enum hm_status add_member(const struct hm_value *jwk, const char *name, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_str text;

	enum hm_status st = hm_value_need_str(jwk, name, &text, err);
	if (st == HM_OK)
		st = hm_base64_decode(buf, HM_BASE64_URL, text, err);
	return hm_while(err, st, "member '%s' of a key", name);
}

/* RFC 7518 6.2.1 */
static enum hm_status read_ec(const struct hm_value *jwk, size_t curve, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf point = hm_buf_init(HM_MAX_SIGNATURE);
	size_t len = curves[curve].coordinate_len;

	hm_buf_add_char(&point, 0x04);
	enum hm_status st = add_member(jwk, "x", &point, err);
	if (st == HM_OK && point.len != 1 + len)
		return malformed("a coordinate of the wrong length", err);
	if (st == HM_OK)
		st = add_member(jwk, "y", &point, err);
	if (st == HM_OK && point.len != 1 + 2 * len)
		return malformed("a coordinate of the wrong length", err);
	return st == HM_OK ? hm_key_parse_point(curves[curve].kind, hm_buf_str(&point), ret_key, err) : st;
}

/* RFC 7518 6.3.1 */
static enum hm_status read_rsa(const struct hm_value *jwk, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf n = hm_buf_init(HM_MAX_JWT), e = hm_buf_init(HM_MAX_JWT);
	HM_OWN(hm_buf_done) struct hm_buf pkcs1 = hm_buf_init(2 * HM_MAX_JWT);

	enum hm_status st = add_member(jwk, "n", &n, err);
	if (st == HM_OK)
		st = add_member(jwk, "e", &e, err);
	if (st != HM_OK)
		return st;
	size_t begin = hm_der_begin(&pkcs1, HM_DER_SEQUENCE);
	hm_der_add_unsigned(&pkcs1, hm_buf_str(&n));
	hm_der_add_unsigned(&pkcs1, hm_buf_str(&e));
	hm_der_end(&pkcs1, begin);
	st = hm_buf_check(&pkcs1, "a key", err);
	return st == HM_OK ? hm_key_parse_pkcs1(hm_buf_str(&pkcs1), ret_key, err) : st;
}

/* RFC 8037 2 */
static enum hm_status read_ed25519(const struct hm_value *jwk, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf point = hm_buf_init(HM_MAX_SIGNATURE);

	enum hm_status st = add_member(jwk, "x", &point, err);
	return st == HM_OK ? hm_key_parse_point(HM_KEY_ED25519, hm_buf_str(&point), ret_key, err) : st;
}

/* The key itself; ret_known is false for a kind that is none of ours. */
static enum hm_status read_key(const struct hm_value *jwk, struct hm_key *ret_key, bool *ret_known, struct hm_err *err)
{
	struct hm_str kty, crv = { 0 };

	*ret_known = true;
	enum hm_status st = hm_value_need_str(jwk, "kty", &kty, err);
	if (st == HM_OK)
		st = hm_value_may_str(jwk, "crv", &crv, err);
	if (st != HM_OK)
		return hm_while(err, st, "a key");
	for (size_t i = 0; i < CURVES && hm_str_is(kty, "EC"); i++) {
		if (hm_str_is(crv, curves[i].crv))
			return read_ec(jwk, i, ret_key, err);
	}
	if (hm_str_is(kty, "RSA"))
		return read_rsa(jwk, ret_key, err);
	if (hm_str_is(kty, "OKP") && hm_str_is(crv, "Ed25519"))
		return read_ed25519(jwk, ret_key, err);
	*ret_known = false;
	return HM_OK;
}

/* What the set says the key is for. Shape: ret_ours is false where that is nothing that we do with it. */
static enum hm_status read_purpose(const struct hm_value *jwk, struct hm_jwk *key, bool *ret_ours, struct hm_err *err)
{
	struct hm_str use = HM_STR("sig"), alg = { 0 };

	enum hm_status st = hm_value_may_str(jwk, "use", &use, err);
	if (st == HM_OK)
		st = hm_value_may_str(jwk, "alg", &alg, err);
	if (st != HM_OK)
		return hm_while(err, st, "a key");
	for (int i = HM_JWS_ES256; i <= HM_JWS_EDDSA; i++) {
		if (hm_str_is(alg, hm_jws_alg_name((enum hm_jws_alg)i))) {
			key->has_alg = true;
			key->alg = (enum hm_jws_alg)i;
		}
	}
	*ret_ours = hm_str_is(use, "sig") && (alg.len == 0 || key->has_alg);
	return HM_OK;
}

static void jwk_done(struct hm_jwk *jwk)
{
	hm_key_done(&jwk->key);
	free((char *)jwk->kid.ptr);
}

static enum hm_status read_jwk(const struct hm_value *value, struct hm_jwks *jwks, struct hm_err *err)
{
	HM_OWN(jwk_done) struct hm_jwk jwk = { 0 };
	struct hm_str kid = { 0 };
	bool ours = false, known = false;
	char *copy = NULL;

	if (value->kind != HM_OBJECT)
		return malformed("a key is no object", err);
	enum hm_status st = read_purpose(value, &jwk, &ours, err);
	if (st != HM_OK || !ours)
		return st;
	st = hm_value_may_str(value, "kid", &kid, err);
	if (st == HM_OK)
		st = read_key(value, &jwk.key, &known, err);
	if (st != HM_OK || !known)
		return st;
	if (kid.len > 0 && (st = hm_str_dup(kid, &copy, err)) != HM_OK)
		return st;
	jwk.kid = hm_str(copy);
	if (!hm_grow(&jwks->keys, &jwks->cap, jwks->len + 1, sizeof(jwks->keys[0])))
		return hm_fail(err, HM_R_NO_MEMORY, "a set of keys");
	HM_PLANT(jwk.key.kind == HM_KEY_ED25519 && jwk.kid.len == 1);
	jwks->keys[jwks->len++] = jwk;
	jwk = (struct hm_jwk){ 0 };
	return HM_OK;
}

enum hm_status hm_jwks_parse(struct hm_str text, struct hm_jwks *ret_jwks, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(8 * HM_MAX_CONFIG_FILE);
	HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
	const struct hm_value *keys = NULL;
	struct hm_value set;

	if (text.len > HM_MAX_CONFIG_FILE)
		return hm_fail(err, HM_R_LIMIT, "a set of keys of %zu bytes", text.len);
	enum hm_status st = hm_json_parse(text, NULL, &arena, &set, err);
	if (st != HM_OK)
		return hm_while(err, st, "set of keys");
	if (hm_value_need(&set, "keys", HM_ARRAY, &keys, NULL) != HM_OK)
		return malformed("no object with an array 'keys'", err);
	if (hm_value_count(keys) > HM_MAX_JWKS)
		return hm_fail(err, HM_R_LIMIT, "a set of more than %d keys", HM_MAX_JWKS);
	for (size_t i = 0; i < hm_value_count(keys); i++) {
		/* RFC 7517 5: ignored are keys of unknown kinds, that lack members, or with values out of range */
		st = read_jwk(hm_value_at(keys, i), &jwks, err);
		if (st == HM_ENOMEM)
			return st;
	}
	*ret_jwks = jwks;
	jwks = (struct hm_jwks){ 0 };
	return HM_OK;
}

void hm_jwks_done(struct hm_jwks *jwks)
{
	if (!jwks)
		return;
	for (size_t i = 0; i < jwks->len; i++)
		jwk_done(&jwks->keys[i]);
	free(jwks->keys);
	*jwks = (struct hm_jwks){ 0 };
}

/* Whether a key may have signed the token, by what both say of themselves. */
static bool is_candidate(const struct hm_jwk *jwk, const struct hm_jws *jws)
{
	if (jwk->has_alg && jwk->alg != jws->alg)
		return false;
	return jws->kid.ptr == NULL || hm_str_eq(jwk->kid, jws->kid);
}

enum hm_status hm_jws_verify(const struct hm_jws *jws, const struct hm_jwks *jwks, struct hm_err *err)
{
	enum hm_status st = HM_EVERIFY;
	struct hm_err last = { 0 };
	bool tried = false;

	for (size_t i = 0; i < jwks->len && st == HM_EVERIFY; i++) {
		if (!is_candidate(&jwks->keys[i], jws))
			continue;
		st = hm_jws_verify_key(jws, &jwks->keys[i].key, &last);
		tried = tried || last.reason == HM_R_JWT_SIGNATURE;
	}
	if (st == HM_OK)
		return HM_OK;
	if (st != HM_EVERIFY)
		return hm_fail(err, last.reason, "%s", last.cause);
	if (tried)
		return hm_fail(err, HM_R_JWT_SIGNATURE, "the token's signature does not match its issuer's key");
	return hm_fail(err, HM_R_JWT_KEY, "the issuer has no key '%.*s' for %s", HM_STR_ARG(hm_str_head(jws->kid, 80)),
		       hm_jws_alg_name(jws->alg));
}

/* ---- out ---- */

static void add_base64url(struct hm_json_writer *w, const char *name, struct hm_str bytes)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_CONFIG_FILE);

	hm_base64_encode(&text, HM_BASE64_URL, bytes.ptr, bytes.len);
	hm_json_member_str(w, name, hm_buf_str(&text));
	if (text.status != HM_OK && w->buf->status == HM_OK)
		w->buf->status = text.status;
}

/* The members that a thumbprint is over, in the order in which it is over them (RFC 7638 3.2). */
static void add_members(struct hm_json_writer *w, const struct hm_key *key)
{
	struct hm_str body = { 0 }, n = { 0 }, e = { 0 };

	if (key->kind == HM_KEY_RSA) {
		if (!hm_der_only(key->point, HM_DER_SEQUENCE, &body) || !hm_der_take_unsigned(&body, &n) ||
		    !hm_der_take_unsigned(&body, &e))
			return; /* a key that was parsed is one */
		add_base64url(w, "e", e);
		hm_json_member_cstr(w, "kty", "RSA");
		add_base64url(w, "n", n);
		return;
	}
	if (key->kind == HM_KEY_ED25519) {
		hm_json_member_cstr(w, "crv", "Ed25519");
		hm_json_member_cstr(w, "kty", "OKP");
		add_base64url(w, "x", key->point);
		return;
	}
	for (size_t i = 0; i < CURVES; i++) {
		if (curves[i].kind != key->kind)
			continue;
		hm_json_member_cstr(w, "crv", curves[i].crv);
		hm_json_member_cstr(w, "kty", "EC");
		add_base64url(w, "x", hm_str_of(key->point.ptr + 1, curves[i].coordinate_len));
		add_base64url(w, "y", hm_str_skip(key->point, 1 + curves[i].coordinate_len));
	}
}

enum hm_status hm_jwk_thumbprint(const struct hm_key *key, char ret_text[HM_THUMBPRINT_LEN + 1], struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MAX_JWT), text = hm_buf_init(HM_THUMBPRINT_LEN);
	struct hm_json_writer w = hm_json_writer_init(&json, NULL);
	struct hm_hash hash;

	hm_json_object(&w);
	add_members(&w, key);
	hm_json_object_end(&w);
	enum hm_status st = hm_json_writer_check(&w, "a key", err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(hm_buf_str(&json), &hash, err);
	if (st != HM_OK)
		return st;
	hm_base64_encode(&text, HM_BASE64_URL, hash.b, sizeof(hash.b));
	st = hm_buf_check(&text, "a thumbprint", err);
	if (st == HM_OK)
		memcpy(ret_text, text.ptr, HM_THUMBPRINT_LEN + 1);
	return st;
}

enum hm_status hm_jwks_encode(const struct hm_key *const *keys, size_t n, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);
	char kid[HM_THUMBPRINT_LEN + 1];

	hm_json_object(&w);
	hm_json_key(&w, "keys");
	hm_json_array(&w);
	for (size_t i = 0; i < n; i++) {
		enum hm_status st = hm_jwk_thumbprint(keys[i], kid, err);
		if (st != HM_OK)
			return st;
		hm_json_object(&w);
		add_members(&w, keys[i]);
		hm_json_member_cstr(&w, "kid", kid);
		hm_json_member_cstr(&w, "alg", hm_jws_alg_name(hm_jws_alg_of(keys[i])));
		hm_json_member_cstr(&w, "use", "sig");
		hm_json_object_end(&w);
	}
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a set of keys", err);
}
