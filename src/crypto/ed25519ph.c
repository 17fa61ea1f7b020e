#include "crypto/ed25519ph.h"

#include "base/own.h"
#include "base/secret.h"
#include "crypto/ssl.h"

#include <sodium.h>

/* RFC 8032 5.1: dom2(1, ""): the text, the flag of the prehashed form, the length of the context. */
static const char dom2[] = "SigEd25519 no Ed25519 collisions\x01";
#define DOM2_LEN sizeof(dom2) /* with its NUL, which is that length */

/* The order of the base point, little-endian. */
static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
				   0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
				   0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };

/* SHA-512 of dom2 and three parts, as a scalar. */
static enum hm_status hash_scalar(struct hm_str a, struct hm_str b, const struct hm_digest *digest,
				  uint8_t ret_scalar[32], struct hm_err *err)
{
	const struct hm_part parts[] = {
		{ dom2, DOM2_LEN }, { a.ptr, a.len }, { b.ptr, b.len }, { digest->b, digest->len }
	};
	struct hm_digest hash;

	enum hm_status st = hm_crypto_digest(HM_SHA512, parts, 4, &hash, err);
	if (st == HM_OK)
		crypto_core_ed25519_scalar_reduce(ret_scalar, hash.b);
	hm_wipe(&hash, sizeof(hash));
	return st;
}

/* RFC 8032 5.1.7 step 1: a signature whose S is not below the order could be changed without becoming invalid. */
static bool is_below_order(const uint8_t s[32])
{
	for (int i = 31; i >= 0; i--) {
		if (s[i] != order[i])
			return s[i] < order[i];
	}
	return false;
}

enum hm_status hm_ed25519ph_verify(const uint8_t *point, const struct hm_digest *digest, struct hm_str signature,
				   struct hm_err *err)
{
	const uint8_t *r = (const uint8_t *)signature.ptr, *s = r + 32;
	uint8_t k[32], s_base[32], k_point[32], want[32];

	if (!hm_sodium_start())
		return hm_fail(err, HM_R_RANDOM, "libsodium could not start");
	if (signature.len != HM_ED25519_SIG_LEN || !is_below_order(s))
		return hm_fail(err, HM_R_SIG_INVALID, "the Ed25519ph signature is malformed");
	/* step 2 */
	enum hm_status st = hash_scalar(hm_str_of(r, 32), hm_str_of(point, 32), digest, k, err);
	if (st != HM_OK)
		return st;
	/* step 3, without the cofactor: R must be S·B - k·A, as libsodium and OpenSSL have it */
	if (crypto_scalarmult_ed25519_base_noclamp(s_base, s) != 0 ||
	    crypto_scalarmult_ed25519_noclamp(k_point, k, point) != 0 ||
	    crypto_core_ed25519_sub(want, s_base, k_point) != 0 || memcmp(want, r, sizeof(want)) != 0)
		return hm_fail(err, HM_R_SIG_INVALID, "the Ed25519ph signature does not match");
	return HM_OK;
}

enum hm_status hm_ed25519ph_sign(const uint8_t *seed, const uint8_t *point, const struct hm_digest *digest,
				 uint8_t ret_signature[HM_ED25519_SIG_LEN], struct hm_err *err)
{
	struct {
		struct hm_digest expanded;
		uint8_t r[32], k[32], ks[32];
	} secret;
	const struct hm_part part = { seed, HM_ED25519_KEY_LEN };
	uint8_t *a = secret.expanded.b, *prefix = secret.expanded.b + 32;

	if (!hm_sodium_start())
		return hm_fail(err, HM_R_RANDOM, "libsodium could not start");
	/* RFC 8032 5.1.6 step 1, with the clamping of 5.1.5 */
	enum hm_status st = hm_crypto_digest(HM_SHA512, &part, 1, &secret.expanded, err);
	if (st == HM_OK) {
		a[0] &= 248;
		a[31] = (uint8_t)((a[31] & 63) | 64);
		/* step 2 */
		st = hash_scalar(hm_str_of(prefix, 32), (struct hm_str){ 0 }, digest, secret.r, err);
	}
	/* step 3; r is 0 only for somebody who found a preimage */
	if (st == HM_OK && crypto_scalarmult_ed25519_base_noclamp(ret_signature, secret.r) != 0)
		st = hm_fail(err, HM_R_BUG, "Ed25519ph made a nonce of 0");
	/* step 4 */
	if (st == HM_OK)
		st = hash_scalar(hm_str_of(ret_signature, 32), hm_str_of(point, 32), digest, secret.k, err);
	/* step 5 */
	if (st == HM_OK) {
		crypto_core_ed25519_scalar_mul(secret.ks, secret.k, a);
		crypto_core_ed25519_scalar_add(ret_signature + 32, secret.ks, secret.r);
	}
	hm_wipe(&secret, sizeof(secret));
	return st;
}
