/*
 * SPDX 2.3 of Go programs and of the images that hold them.
 *
 * What goes in is what the programs' own build info says; what comes out depends on nothing else, so that the same
 * programs have the same document, byte for byte. docs/internals/attest.md says how things are named and why.
 *
 * Not here: reading programs and images (image/sbom.h).
 * Layer 6. Pure; any thread.
 * Source  SPDX specification 2.3
 */
#ifndef HM_ATTEST_SPDX_H
#define HM_ATTEST_SPDX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HM_ATTEST_SPDX_MEDIA_TYPE "application/spdx+json"

/* A module as the linker recorded it. */
struct hm_attest_module {
	struct hm_str path, version; /* version "(devel)" or empty: it was a folder */
	struct hm_str sum;           /* "h1:…", or empty */
	bool is_replaced;
	struct hm_str by_path, by_version, by_sum; /* what was linked in its place; by_version as version */
};

/* A program. */
struct hm_attest_binary {
	struct hm_str name; /* of the file, or its path in the image */
	struct hm_hash sha256;
	struct hm_str platform;   /* "linux/arm64" */
	struct hm_str package;    /* path of the main package */
	struct hm_str go_version; /* "go1.26.8", with experiments behind a blank */
	bool has_main;
	struct hm_attest_module main;
	const struct hm_attest_module *deps;
	size_t dep_count;
	size_t image; /* which of the images it is in; HM_ATTEST_NO_IMAGE */
};

#define HM_ATTEST_NO_IMAGE SIZE_MAX

/* An image, or an index of several. */
struct hm_attest_image {
	struct hm_str digest;         /* "sha256:…", of its manifest */
	struct hm_str platform, arch; /* empty for an index */
};

struct hm_attest_sbom {
	struct hm_str name;                  /* of the program or image; of the document too */
	struct hm_str tool;                  /* "hallmark-0.1.0" */
	int64_t created_s;                   /* since 1970; 0 unless a caller has a reason */
	const struct hm_attest_image *index; /* NULL: there is none */
	const struct hm_attest_image *images;
	size_t image_count;
	const struct hm_attest_binary *binaries;
	size_t binary_count;
};

/*
 * Write the document, indented, with a line end behind it.
 *
 * Errors  HM_EPARSE attest.sbom: a module without a path, a sum that is no "h1:" hash, a digest that is none
 *         HM_EPARSE json.encoding: text that is no UTF-8; HM_ELIMIT: over HM_MAX_ATTEST_SBOM bytes; HM_ENOMEM
 */
enum hm_status hm_attest_spdx_encode(const struct hm_attest_sbom *sbom, struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
