#include "crypto/jwt.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "data/json.h"
#include "data/json_write.h"

#define MAX_NUMBER_LEN 66 /* bytes of one of an ECDSA signature's two numbers: P-521 */

static const struct {
	const char *name;
	enum hm_sig sig;
	enum hm_key_kind kind;
	size_t number_len; /* of ECDSA, RFC 7518 3.4; else 0 */
} algs[] = {
	[HM_JWS_ES256] = { "ES256", HM_SIG_ECDSA_SHA256, HM_KEY_P256, 32 },
	[HM_JWS_ES384] = { "ES384", HM_SIG_ECDSA_SHA384, HM_KEY_P384, 48 },
	[HM_JWS_ES512] = { "ES512", HM_SIG_ECDSA_SHA512, HM_KEY_P521, MAX_NUMBER_LEN },
	[HM_JWS_RS256] = { "RS256", HM_SIG_RSA_SHA256, HM_KEY_RSA, 0 },
	[HM_JWS_RS384] = { "RS384", HM_SIG_RSA_SHA384, HM_KEY_RSA, 0 },
	[HM_JWS_RS512] = { "RS512", HM_SIG_RSA_SHA512, HM_KEY_RSA, 0 },
	[HM_JWS_PS256] = { "PS256", HM_SIG_RSA_PSS_SHA256, HM_KEY_RSA, 0 },
	[HM_JWS_EDDSA] = { "EdDSA", HM_SIG_ED25519, HM_KEY_ED25519, 0 },
};

#define ALGS (sizeof(algs) / sizeof(algs[0]))

const char *hm_jws_alg_name(enum hm_jws_alg alg)
{
	return algs[alg].name;
}

enum hm_jws_alg hm_jws_alg_of(const struct hm_key *key)
{
	static const enum hm_jws_alg usual[] = {
		[HM_KEY_P256] = HM_JWS_ES256,    [HM_KEY_P384] = HM_JWS_ES384, [HM_KEY_P521] = HM_JWS_ES512,
		[HM_KEY_ED25519] = HM_JWS_EDDSA, [HM_KEY_RSA] = HM_JWS_RS256,
	};

	return usual[key->kind];
}

static enum hm_status malformed(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_JWT_FORMAT, "token: %s", what);
}

/* Whatever is wrong inside a token is the token's fault; only limits and memory stay what they are. */
static enum hm_status blame_token(enum hm_status st, const char *what, struct hm_err *err)
{
	if (st != HM_EPARSE)
		return st;

	char cause[sizeof(err->cause)] = "";
	if (err)
		memcpy(cause, err->cause, sizeof(cause));
	return hm_fail(err, HM_R_JWT_FORMAT, "token: %s: %s", what, cause);
}

static enum hm_status decode_part(struct hm_str text, const char *what, struct hm_arena *arena,
				  struct hm_str *ret_bytes, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MAX_JWT);

	enum hm_status st = hm_base64_decode(&bytes, HM_BASE64_URL, text, err);
	if (st != HM_OK)
		return blame_token(st, what, err);
	struct hm_str copy = hm_arena_dup(arena, hm_buf_str(&bytes));
	if (!copy.ptr)
		return hm_arena_check(arena, "a token", err);
	*ret_bytes = copy;
	return HM_OK;
}

/* The header's "alg": compared exactly, so that "none" in any spelling is unknown like everything else. */
static enum hm_status read_alg(const struct hm_value *header, enum hm_jws_alg *ret_alg, struct hm_err *err)
{
	struct hm_str name;

	enum hm_status st = hm_value_need_str(header, "alg", &name, err);
	if (st != HM_OK)
		return blame_token(st, "header", err);
	for (size_t i = 0; i < ALGS; i++) {
		if (hm_str_is(name, algs[i].name)) {
			*ret_alg = (enum hm_jws_alg)i;
			return HM_OK;
		}
	}
	return hm_fail(err, HM_R_JWT_ALGORITHM, "a token with the algorithm '%.*s' is not accepted",
		       HM_STR_ARG(hm_str_head(name, 40)));
}

static enum hm_status read_header(struct hm_str json, struct hm_arena *arena, struct hm_jws *jws, struct hm_err *err)
{
	enum hm_status st = hm_json_parse(json, NULL, arena, &jws->header, err);
	if (st == HM_OK && jws->header.kind != HM_OBJECT)
		return malformed("its header is no object", err);
	if (st != HM_OK)
		return blame_token(st, "header", err);
	st = read_alg(&jws->header, &jws->alg, err);
	if (st != HM_OK)
		return st;
	/* RFC 7515 4.1.11: what stands in "crit" must be understood, and nothing is */
	if (hm_value_get(&jws->header, "crit"))
		return hm_fail(err, HM_R_JWT_ALGORITHM, "a token with extensions that must be understood ('crit')");
	st = hm_value_may_str(&jws->header, "kid", &jws->kid, err);
	HM_PLANT(st == HM_OK && jws->alg == HM_JWS_EDDSA && jws->kid.len == 1);
	return blame_token(st, "header", err);
}

enum hm_status hm_jws_parse(struct hm_str token, struct hm_arena *arena, struct hm_jws *ret_jws, struct hm_err *err)
{
	struct hm_jws jws = { 0 };
	struct hm_str header, payload, signature, json = { 0 };
	size_t dots = 0;

	if (token.len > HM_MAX_JWT)
		return hm_fail(err, HM_R_LIMIT, "a token of %zu bytes", token.len);
	/* Counted before anything is cut: a token of nothing but dots once made a CA split it into millions of parts.
	 */
	for (size_t i = 0; i < token.len; i++)
		dots += token.ptr[i] == '.';
	if (dots != 2)
		return malformed("not three parts with two dots between them", err);
	jws.signed_part = hm_str_head(token, (size_t)hm_str_find_last_char(token, '.'));
	signature = hm_str_skip(token, jws.signed_part.len + 1);
	if (!hm_str_cut(jws.signed_part, '.', &header, &payload))
		return malformed("not three parts with two dots between them", err);

	enum hm_status st = decode_part(header, "header", arena, &json, err);
	if (st == HM_OK)
		st = read_header(json, arena, &jws, err);
	if (st == HM_OK)
		st = decode_part(payload, "payload", arena, &jws.payload, err);
	if (st == HM_OK)
		st = decode_part(signature, "signature", arena, &jws.signature, err);
	if (st == HM_OK)
		*ret_jws = jws;
	return st;
}

/* RFC 7518 3.4: the two numbers side by side, each as long as the field, in place of DER */
static bool to_der(struct hm_str raw, size_t number_len, struct hm_buf *buf)
{
	if (raw.len != 2 * number_len)
		return false;
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_unsigned(buf, hm_str_head(raw, number_len));
	hm_der_add_unsigned(buf, hm_str_skip(raw, number_len));
	hm_der_end(buf, begin);
	return true;
}

static bool from_der(struct hm_str der, size_t number_len, struct hm_buf *buf)
{
	static const char zeros[MAX_NUMBER_LEN];
	struct hm_str body, number;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body))
		return false;
	for (int i = 0; i < 2; i++) {
		if (!hm_der_take_unsigned(&body, &number) || number.len > number_len)
			return false;
		hm_buf_add(buf, zeros, number_len - number.len);
		hm_buf_add_str(buf, number);
	}
	return true;
}

enum hm_status hm_jws_verify_key(const struct hm_jws *jws, const struct hm_key *key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_SIGNATURE);
	struct hm_str signature = jws->signature;

	/* RFC 8725 3.1: the key says what it is for, the token only which way of that it took */
	if (key->kind != algs[jws->alg].kind)
		return hm_fail(err, HM_R_JWT_KEY, "a token signed by %s, and the key is %s", algs[jws->alg].name,
			       hm_key_kind_name(key->kind));
	if (algs[jws->alg].number_len > 0) {
		if (!to_der(signature, algs[jws->alg].number_len, &der))
			return hm_fail(err, HM_R_JWT_SIGNATURE, "the token's signature is malformed");
		enum hm_status st = hm_buf_check(&der, "a signature", err);
		if (st != HM_OK)
			return st;
		signature = hm_buf_str(&der);
	}
	enum hm_status st = hm_key_verify(key, algs[jws->alg].sig, jws->signed_part, signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_JWT_SIGNATURE, "the token's signature does not match its issuer's key");
	return st;
}

static enum hm_status add_header(enum hm_jws_alg alg, struct hm_str kid, const char *typ, struct hm_buf *buf,
				 struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "alg", algs[alg].name);
	if (kid.len > 0)
		hm_json_member_str(&w, "kid", kid);
	if (typ)
		hm_json_member_cstr(&w, "typ", typ);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a token's header", err);
}

static enum hm_status add_signature(const struct hm_signer *signer, enum hm_jws_alg alg, struct hm_str signed_part,
				    struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_buf_done)
	struct hm_buf signature = hm_buf_init(HM_MAX_SIGNATURE), raw = hm_buf_init(HM_MAX_SIGNATURE);
	size_t number_len = algs[alg].number_len;

	enum hm_status st = hm_signer_sign(signer, algs[alg].sig, signed_part, &signature, err);
	if (st != HM_OK)
		return st;
	if (number_len > 0 && !from_der(hm_buf_str(&signature), number_len, &raw))
		return hm_fail(err, HM_R_BUG, "an ECDSA signature that is none");
	st = hm_buf_check(&raw, "a signature", err);
	if (st != HM_OK)
		return st;
	const struct hm_buf *bytes = number_len > 0 ? &raw : &signature;
	hm_buf_add_char(buf, '.');
	hm_base64_encode(buf, HM_BASE64_URL, bytes->ptr, bytes->len);
	return hm_buf_check(buf, "a token", err);
}

enum hm_status hm_jws_sign(const struct hm_signer *signer, struct hm_str kid, const char *typ, struct hm_str payload,
			   struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf header = hm_buf_init(HM_MAX_JWT), token = hm_buf_init(2 * HM_MAX_JWT);
	enum hm_jws_alg alg = hm_jws_alg_of(&signer->key);

	enum hm_status st = add_header(alg, kid, typ, &header, err);
	if (st != HM_OK)
		return st;
	hm_base64_encode(&token, HM_BASE64_URL, header.ptr, header.len);
	hm_buf_add_char(&token, '.');
	hm_base64_encode(&token, HM_BASE64_URL, payload.ptr, payload.len);
	st = hm_buf_check(&token, "a token", err);
	if (st != HM_OK)
		return st;
	st = add_signature(signer, alg, hm_buf_str(&token), &token, err);
	if (st != HM_OK)
		return st;
	hm_buf_add_str(buf, hm_buf_str(&token));
	return hm_buf_check(buf, "a token", err);
}
