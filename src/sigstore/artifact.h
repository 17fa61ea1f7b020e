/*
 * What is to be verified, as something that can be asked for its digest: only the bundle says which algorithm is
 * wanted, and a large file should be read once.
 *
 * Layer 7. An artifact is asked by one thread at a time.
 */
#ifndef HM_SIGSTORE_ARTIFACT_H
#define HM_SIGSTORE_ARTIFACT_H

#include "crypto/digest.h"

#include <stdbool.h>

#define HM_DIGEST_ALGS 3

struct hm_artifact {
	void *ctx;
	/* Errors: HM_EINVAL artifact.algorithm: it is not known by that algorithm; HM_EIO; HM_ENOMEM */
	enum hm_status (*digest)(void *ctx, enum hm_digest_alg alg, struct hm_digest *ret_digest, struct hm_err *err);
};

/* Known by one digest alone. Owns: digest is borrowed. */
struct hm_artifact hm_artifact_of_digest(const struct hm_digest *digest);

/* Bytes in memory. Owns: bytes is borrowed, the view too. */
struct hm_artifact hm_artifact_of_bytes(const struct hm_str *bytes);

/* A file, or a pipe, in constant memory. */
struct hm_artifact_file {
	int fd; /* owned */
	const char *name;
	bool has[HM_DIGEST_ALGS];
	struct hm_digest digests[HM_DIGEST_ALGS];
	bool is_stream; /* it can be read once only, and was, with all algorithms */
};

/*
 * Open a file.
 *
 * Shape   path: borrowed, for texts too.
 * Owns    ret_file is the caller's, for hm_artifact_file_done()
 * Errors  HM_ENOTFOUND file.not-found; HM_EIO file.io; HM_ENOMEM
 */
enum hm_status hm_artifact_file_open(const char *path, struct hm_artifact_file *ret_file, struct hm_err *err) HM_MUST;

/*
 * The same for what is open already.
 *
 * Owns    takes fd, also when it fails
 */
enum hm_status hm_artifact_file_take(int fd, const char *name, struct hm_artifact_file *ret_file,
				     struct hm_err *err) HM_MUST;

void hm_artifact_file_done(struct hm_artifact_file *file);

/* Owns: file is borrowed. */
struct hm_artifact hm_artifact_of_file(struct hm_artifact_file *file);

/*
 * Read "sha256:<hexadecimal>", or another of the algorithms.
 *
 * Errors  HM_EPARSE encoding
 */
enum hm_status hm_artifact_digest_parse(struct hm_str text, struct hm_digest *ret_digest, struct hm_err *err) HM_MUST;

#endif
