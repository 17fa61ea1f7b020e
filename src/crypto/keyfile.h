/*
 * cosign's encrypted private keys.
 *
 * PEM, in it JSON: scrypt makes a key of the password, secretbox (XSalsa20 and Poly1305) encrypts PKCS #8 with it.
 *
 * Not here: asking for a password (cli).
 * Layer 3. Any thread.
 * Source  go-securesystemslib, encrypted; cosign, pkg/cosign/keys.go; RFC 7914
 */
#ifndef HM_CRYPTO_KEYFILE_H
#define HM_CRYPTO_KEYFILE_H

#include "base/effects.h"
#include "crypto/key.h"

/* Whether a file's content is such a key; else it may be a plain one, for hm_signer_parse_text(). */
bool hm_keyfile_is(struct hm_str text);

/*
 * Whether such a key is well formed, as far as that can be known without its password.
 *
 * Errors  as hm_keyfile_decrypt(), but for the password and what it opens
 */
enum hm_status hm_keyfile_check(struct hm_str text, struct hm_err *err) HM_MUST;

/*
 * Read a key.
 *
 * Shape   text: "ENCRYPTED SIGSTORE PRIVATE KEY", or "ENCRYPTED COSIGN PRIVATE KEY" as older versions wrote it.
 * scrypt's parameters are one of the sets that were ever written: N 2^15, 2^16 or 2^17, r 8, p 1, so at most 128 MiB.
 * Owns    ret_signer is the caller's
 * Errors  HM_EPARSE pem; keyfile.format: not such a key; as hm_signer_parse() for what was encrypted
 *         HM_EVERIFY keyfile.password: the password is wrong, or the file was changed
 *         HM_ELIMIT keyfile.parameters: others would cost more memory or time, or protect less
 *         HM_ENOMEM
 */
enum hm_status hm_keyfile_decrypt(struct hm_str text, struct hm_str password, struct hm_signer *ret_signer,
				  struct hm_err *err) HM_MUST;

/*
 * Add a key as "ENCRYPTED SIGSTORE PRIVATE KEY", with N 2^16 as cosign writes it. An empty password is one too.
 *
 * Errors  HM_EIO random; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_keyfile_encrypt(const struct hm_signer *signer, struct hm_str password, const struct hm_effects *fx,
				  struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
