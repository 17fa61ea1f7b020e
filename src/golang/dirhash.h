/*
 * The "h1:" hashes of Go: over a module's zip, its unpacked folder, and its go.mod; and the rules for what a module's
 * zip may hold.
 *
 * The hash is the SHA-256 of a listing, with one line "HEX  NAME" for each file, sorted by name. It is not the hash of
 * the zip: in SPDX or in-toto it must stand as dirHash1 and never as SHA256.
 *
 * Layer 6. Any thread.
 */
#ifndef HM_GOLANG_DIRHASH_H
#define HM_GOLANG_DIRHASH_H

#include "base/err.h"
#include "crypto/digest.h"
#include "golang/version.h"

#include <stdint.h>

/* "h1:", 44 digits of Base64 and the NUL. */
#define HM_GOLANG_H1_LEN 48

/* Write a hash as go.sum has it. */
void hm_golang_h1_write(const struct hm_hash *hash, char ret_text[HM_GOLANG_H1_LEN]);

/* Read one. Errors: HM_EPARSE golang.sum-file. */
enum hm_status hm_golang_h1_parse(struct hm_str text, struct hm_hash *ret_hash, struct hm_err *err) HM_MUST;

/* The hash of a go.mod. Errors: HM_ENOMEM. */
enum hm_status hm_golang_hash_go_mod(struct hm_str text, struct hm_hash *ret_hash, struct hm_err *err) HM_MUST;

/*
 * The hash of a module's zip, after a check of all of Go's rules for it: every name below PATH@VERSION/, allowed in a
 * Go module, and unique even where case does not count; go.mod at the top only; no links; at most 500 MiB, packed and
 * unpacked, and 16 MiB for go.mod and LICENSE; zip headers that agree and checksums that hold.
 *
 * Shape   ret_size: bytes unpacked; may be NULL.
 * Errors  HM_EVERIFY golang.zip, archive.*; HM_EPARSE archive.format, golang.path, golang.version: of mod;
 *         HM_ELIMIT archive.limit; HM_ENOTFOUND; HM_EIO; HM_ENOMEM
 * Source  golang.org/x/mod/zip CheckZip, golang.org/x/mod/sumdb/dirhash HashZip
 */
enum hm_status hm_golang_hash_zip(const char *path, const struct hm_golang_module *mod, struct hm_hash *ret_hash,
				  uint64_t *ret_size, struct hm_err *err) HM_MUST;

/* The same of a zip in memory. */
enum hm_status hm_golang_hash_zip_memory(struct hm_str bytes, const struct hm_golang_module *mod,
					 struct hm_hash *ret_hash, uint64_t *ret_size, struct hm_err *err) HM_MUST;

/*
 * The hash of an unpacked module, as if it were still packed. Anything but files and folders is refused.
 *
 * Errors  HM_EVERIFY golang.zip: a link or the like, a name that no zip could hold; HM_ENOTFOUND; HM_EIO; HM_ENOMEM
 * Source  golang.org/x/mod/sumdb/dirhash HashDir
 */
enum hm_status hm_golang_hash_dir(const char *path, const struct hm_golang_module *mod, struct hm_hash *ret_hash,
				  struct hm_err *err) HM_MUST;

#endif
