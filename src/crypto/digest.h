/*
 * SHA-2 of what is in memory, in parts or as a stream, and of files.
 *
 * Layer 3. No state; any thread. The only files that include OpenSSL are in this module.
 */
#ifndef HM_CRYPTO_DIGEST_H
#define HM_CRYPTO_DIGEST_H

#include "base/err.h"
#include "base/sink.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

#define HM_HASH_LEN       32 /* SHA-256, bytes */
#define HM_DIGEST_MAX_LEN 64 /* SHA-512, bytes */

enum hm_digest_alg { HM_SHA256, HM_SHA384, HM_SHA512 };

/* A SHA-256. */
struct hm_hash {
	uint8_t b[HM_HASH_LEN];
};

/* A digest whose algorithm is data. */
struct hm_digest {
	enum hm_digest_alg alg;
	size_t len; /* bytes of b that count: hm_digest_len(alg) */
	uint8_t b[HM_DIGEST_MAX_LEN];
};

struct hm_part {
	const void *ptr;
	size_t len; /* bytes */
};

/* Bytes of a digest: 32, 48 or 64. */
size_t hm_digest_len(enum hm_digest_alg alg);

/* "sha256", "sha384" or "sha512", as in-toto, OCI and Rekor v1 write it. */
const char *hm_digest_name(enum hm_digest_alg alg);

/* Errors: false for any other name. */
bool hm_digest_from_name(struct hm_str name, enum hm_digest_alg *ret_alg) HM_MUST;

bool hm_digest_eq(const struct hm_digest *a, const struct hm_digest *b);

/*
 * Hash parts as if they were one run of bytes.
 *
 * Shape   parts: n of them, in order; a part of length 0 may have a NULL pointer.
 * Owns    borrows the parts. ret_hash may be one of them.
 * Errors  HM_ENOMEM, the one way in which hashing memory fails
 * Source  FIPS 180-4
 */
enum hm_status hm_crypto_sha256(const struct hm_part *parts, size_t n, struct hm_hash *ret_hash,
				struct hm_err *err) HM_MUST;

/* SHA-256 of one run of bytes. */
enum hm_status hm_crypto_sha256_of(struct hm_str bytes, struct hm_hash *ret_hash, struct hm_err *err) HM_MUST;

/* The same with any of the algorithms. */
enum hm_status hm_crypto_digest(enum hm_digest_alg alg, const struct hm_part *parts, size_t n,
				struct hm_digest *ret_digest, struct hm_err *err) HM_MUST;

/*
 * Hash in steps: init, add as often as wanted, final.
 *
 * Owns    hm_hasher_done() frees; safe on one that was never made and after final.
 */
struct hm_hasher {
	void *ctx;
	enum hm_digest_alg alg;
};

enum hm_status hm_hasher_init(struct hm_hasher *ret_hasher, enum hm_digest_alg alg, struct hm_err *err) HM_MUST;
enum hm_status hm_hasher_add(struct hm_hasher *hasher, const void *ptr, size_t len, struct hm_err *err) HM_MUST;
enum hm_status hm_hasher_final(struct hm_hasher *hasher, struct hm_digest *ret_digest, struct hm_err *err) HM_MUST;
void hm_hasher_done(struct hm_hasher *hasher);

/* A sink that hashes what is written to it. Owns: hasher is borrowed, between its init and its final. */
struct hm_sink hm_hasher_sink(struct hm_hasher *hasher);

/*
 * Hash what a descriptor gives until its end, in constant memory.
 *
 * Shape   name: for the error's text; ret_size may be NULL.
 * Errors  HM_EIO; HM_ENOMEM
 */
enum hm_status hm_crypto_digest_fd(int fd, const char *name, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				   uint64_t *ret_size, struct hm_err *err) HM_MUST;

/* The same for a file by its path. Errors: also HM_ENOTFOUND. */
enum hm_status hm_crypto_digest_file(const char *path, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				     uint64_t *ret_size, struct hm_err *err) HM_MUST;

#endif
