/*
 * The name that git gives to a file's content: the SHA-1, or in newer repositories the SHA-256, of "blob SIZE", a NUL
 * and the bytes.
 *
 * It says whether a working tree is the one of a commit. SHA-1 proves nothing against whoever made both files, so it
 * is no digest of this library (digest.h) and cannot be asked for by name.
 *
 * Layer 3. Any thread.
 * Source  git-scm.com/docs/gitformat-pack, object names
 */
#ifndef HM_CRYPTO_GIT_BLOB_H
#define HM_CRYPTO_GIT_BLOB_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Digits of a name and the NUL. */
#define HM_GIT_NAME_LEN 65

struct hm_git_blob {
	void *ctx;
};

/*
 * Name a blob in steps: init, add until all of size has been added, final.
 *
 * Shape   digits: of the repository's names, 40 for SHA-1 or 64 for SHA-256.
 * Errors  HM_EINVAL usage: any other number of digits; HM_ENOMEM
 */
enum hm_status hm_git_blob_init(struct hm_git_blob *ret_blob, size_t digits, uint64_t size, struct hm_err *err) HM_MUST;
enum hm_status hm_git_blob_add(struct hm_git_blob *blob, const void *ptr, size_t len, struct hm_err *err) HM_MUST;
enum hm_status hm_git_blob_final(struct hm_git_blob *blob, char ret_name[HM_GIT_NAME_LEN], struct hm_err *err) HM_MUST;

/* Frees; safe on one that is {0} and after final. */
void hm_git_blob_done(struct hm_git_blob *blob);

#endif
