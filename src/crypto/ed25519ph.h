/*
 * Ed25519ph with the digest of the message in hand, which neither OpenSSL 3.0 nor libsodium's own functions take.
 *
 * Layer 3, inside crypto only. Any thread.
 * Source  RFC 8032, 5.1; the context is empty
 */
#ifndef HM_CRYPTO_ED25519PH_H
#define HM_CRYPTO_ED25519PH_H

#include "crypto/digest.h"

#define HM_ED25519_KEY_LEN 32
#define HM_ED25519_SIG_LEN 64

/*
 * Shape   point: HM_ED25519_KEY_LEN bytes; digest: SHA-512.
 * Errors  HM_EVERIFY signature.invalid: also for a key outside the main subgroup; HM_ENOMEM
 */
enum hm_status hm_ed25519ph_verify(const uint8_t *point, const struct hm_digest *digest, struct hm_str signature,
				   struct hm_err *err) HM_MUST;

/* Shape: seed: the private key as RFC 8032 has it; point: the public key that belongs to it. */
enum hm_status hm_ed25519ph_sign(const uint8_t *seed, const uint8_t *point, const struct hm_digest *digest,
				 uint8_t ret_signature[HM_ED25519_SIG_LEN], struct hm_err *err) HM_MUST;

#endif
