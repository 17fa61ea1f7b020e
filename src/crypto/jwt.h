/*
 * JSON Web Tokens: made, read, checked; and the keys that belong to them.
 *
 * Only signatures by public keys: a token with "none", or with a MAC, is refused by its name, whatever keys are at
 * hand. What a token says is read before it is checked, because its issuer says where its keys are; nothing of it may
 * be believed before hm_jws_verify() and hm_jwt_check().
 *
 * Not here: encrypted tokens; finding an issuer's keys (service/ca); which issuers are trusted.
 * Layer 3. Pure but for the nonce of a signature; any thread.
 * Source  RFC 7515 (compact serialization), RFC 7517, RFC 7518, RFC 7519, RFC 8037
 */
#ifndef HM_CRYPTO_JWT_H
#define HM_CRYPTO_JWT_H

#include "base/arena.h"
#include "crypto/key.h"
#include "data/value.h"

#include <stdbool.h>

/* "ES256", "ES384", "ES512", each for one curve (RFC 7518, 3.4), "RS256", "RS384", "RS512", "PS256", "EdDSA". */
enum hm_jws_alg {
	HM_JWS_ES256,
	HM_JWS_ES384,
	HM_JWS_ES512,
	HM_JWS_RS256,
	HM_JWS_RS384,
	HM_JWS_RS512,
	HM_JWS_PS256,
	HM_JWS_EDDSA,
};

const char *hm_jws_alg_name(enum hm_jws_alg alg);

/* How such a key signs tokens: RSA as RS256. */
enum hm_jws_alg hm_jws_alg_of(const struct hm_key *key);

/* A token in its parts, not checked. All of it borrows from the token and the arena. */
struct hm_jws {
	enum hm_jws_alg alg;
	struct hm_str kid;         /* {0}: it has none */
	struct hm_value header;    /* the object */
	struct hm_str signed_part; /* "header.payload", as it was sent */
	struct hm_str payload;     /* decoded */
	struct hm_str signature;   /* decoded; of ECDSA the two numbers, not DER */
};

/*
 * Read a token.
 *
 * Shape   token: header.payload.signature, with exactly two dots; no blanks around it.
 * Errors  HM_EPARSE jwt.format: not that, no unpadded Base64url, a header that is no JSON object with "alg", or a
 *         member there twice
 *         HM_EVERIFY jwt.algorithm: "none", a MAC, or another that is not enum hm_jws_alg; "crit", of which nothing
 *         is understood (RFC 7515, 4.1.11)
 *         HM_ELIMIT limit: over HM_MAX_JWT bytes, or what the arena holds; HM_ENOMEM
 */
enum hm_status hm_jws_parse(struct hm_str token, struct hm_arena *arena, struct hm_jws *ret_jws,
			    struct hm_err *err) HM_MUST;

/*
 * Check a token's signature with one key.
 *
 * Errors  HM_EVERIFY jwt.key: the key is of another kind than the algorithm wants; jwt.signature; HM_ENOMEM
 */
enum hm_status hm_jws_verify_key(const struct hm_jws *jws, const struct hm_key *key, struct hm_err *err) HM_MUST;

/*
 * Add a token over any payload.
 *
 * Shape   kid: for the header; {0}: none. typ: "JWT" or another, NULL: none.
 * Errors  HM_EPARSE json.encoding: kid is no UTF-8; HM_EIO random; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_jws_sign(const struct hm_signer *signer, struct hm_str kid, const char *typ, struct hm_str payload,
			   struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* A set of public keys, as an issuer publishes it. */
struct hm_jwk {
	struct hm_key key;
	struct hm_str kid; /* owned; {0}: none */
	bool has_alg;      /* whether the set says what the key is for, and … */
	enum hm_jws_alg alg;
};

struct hm_jwks {
	struct hm_jwk *keys;
	size_t len, cap;
};

/*
 * Read a set.
 *
 * Shape   text: JSON. Keys that are not for signatures, or of a kind that is not known here, are left out (RFC 7517,
 * 5). Owns    ret_jwks is the caller's, for hm_jwks_done() Errors  HM_EPARSE json.…, jwt.keys: no JSON, or not a set; a
 * key that is malformed, key.format and the like HM_EVERIFY key.weak; HM_ELIMIT limit: more than HM_MAX_JWKS keys;
 * HM_ENOMEM
 */
enum hm_status hm_jwks_parse(struct hm_str text, struct hm_jwks *ret_jwks, struct hm_err *err) HM_MUST;

void hm_jwks_done(struct hm_jwks *jwks);

/*
 * Check a token's signature with the key of a set that it names, or, where it names none, any that fits.
 *
 * Errors  HM_EVERIFY jwt.key: the set has no such key; jwt.signature; HM_ENOMEM
 */
enum hm_status hm_jws_verify(const struct hm_jws *jws, const struct hm_jwks *jwks, struct hm_err *err) HM_MUST;

/*
 * Add a set with n keys, each named by its thumbprint, for signatures by hm_jws_alg_of().
 *
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_jwks_encode(const struct hm_key *const *keys, size_t n, struct hm_buf *buf,
			      struct hm_err *err) HM_MUST;

/*
 * A key's thumbprint, in Base64url; the name that hm_jwks_encode() gives it.
 *
 * Source  RFC 7638, 3 with SHA-256; RFC 8037, 2 for Ed25519
 */
#define HM_THUMBPRINT_LEN 43
enum hm_status hm_jwk_thumbprint(const struct hm_key *key, char ret_text[HM_THUMBPRINT_LEN + 1],
				 struct hm_err *err) HM_MUST;

/*
 * Add a token of claims, named with the key's thumbprint.
 *
 * Shape   claims: a JSON object, as text.
 */
enum hm_status hm_jwt_sign(const struct hm_signer *signer, struct hm_str claims, struct hm_buf *buf,
			   struct hm_err *err) HM_MUST;

/*
 * The claims of a token.
 *
 * Owns    ret_claims, an object, is the arena's
 * Errors  HM_EPARSE jwt.format: the payload is no JSON object, or has a member twice; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_jwt_claims(const struct hm_jws *jws, struct hm_arena *arena, struct hm_value *ret_claims,
			     struct hm_err *err) HM_MUST;

struct hm_jwt_expect {
	struct hm_str issuer;   /* iss, exactly */
	struct hm_str audience; /* aud, or one of those in it */
	int64_t now_s;          /* seconds since 1970 */
	int64_t leeway_s;       /* how far two clocks may differ */
};

/*
 * Hold claims against what is expected.
 *
 * A token without "exp" is refused, and so is one from the future ("nbf", "iat").
 *
 * Errors  HM_EVERIFY jwt.issuer, jwt.audience, jwt.expired, jwt.not-yet-valid
 *         HM_EPARSE jwt.claim: one of them is missing or of another kind
 * Source  RFC 7519, 4.1
 */
enum hm_status hm_jwt_check(const struct hm_value *claims, const struct hm_jwt_expect *expect,
			    struct hm_err *err) HM_MUST;

#endif
