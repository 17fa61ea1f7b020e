/*
 * What the files of this module share of OpenSSL: one library context, algorithms fetched once, its errors as ours.
 *
 * The context is our own: no configuration of the machine or of the program that links us reaches it, and neither does
 * its error queue leave anything behind. What is fetched lives as long as the process.
 *
 * Layer 3, inside crypto only. Any thread.
 */
#ifndef HM_CRYPTO_SSL_H
#define HM_CRYPTO_SSL_H

#include "crypto/digest.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/types.h>
#include <openssl/x509.h>

/* The context that everything is fetched from. Errors: NULL when memory has run out. */
OSSL_LIB_CTX *hm_ssl_ctx(void);

/* A digest, borrowed. Errors: NULL when memory has run out. */
const EVP_MD *hm_ssl_md(enum hm_digest_alg alg);

/* SHA-1, which only names certificates here and proves nothing. Errors: HM_ENOMEM. */
#define HM_SHA1_LEN 20
enum hm_status hm_ssl_sha1(struct hm_str bytes, uint8_t ret_hash[HM_SHA1_LEN], struct hm_err *err) HM_MUST;

/*
 * Record that a call of OpenSSL failed: the text, and behind it what OpenSSL says. Its queue is empty afterwards.
 *
 * Errors  the status of reason; HM_ENOMEM no-memory when that is what OpenSSL says, and in place of HM_R_RANDOM also
 *         when it says nothing, which its number arithmetic does only when memory has run out
 */
enum hm_status hm_ssl_fail(struct hm_err *err, enum hm_reason reason, const char *fmt, ...) HM_PRINTF(3, 4) HM_MUST;

/* Whether OpenSSL's queue says that memory ran out. */
bool hm_ssl_no_memory(void);

/* Make libsodium ready. Errors: false when it cannot work on this machine. */
bool hm_sodium_start(void) HM_MUST;

static inline const unsigned char *hm_ssl_bytes(struct hm_str s)
{
	return (const unsigned char *)s.ptr;
}

/* For HM_OWN. */
static inline void hm_ssl_pkey_freep(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

static inline void hm_ssl_pkey_ctx_freep(EVP_PKEY_CTX **p)
{
	EVP_PKEY_CTX_free(*p);
}

static inline void hm_ssl_md_ctx_freep(EVP_MD_CTX **p)
{
	EVP_MD_CTX_free(*p);
}

static inline void hm_ssl_x509_freep(X509 **p)
{
	X509_free(*p);
}

#endif
