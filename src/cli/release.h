/*
 * What is in the folder of a release: programs, the image and its parts, the SBOM, each with its digest. These are the
 * subjects of the provenance, under the names that docs/provenance.md gives them.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RELEASE_H
#define HM_CLI_RELEASE_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/digest.h"

#include <stddef.h>

/* Names of files in it. */
#define HM_RELEASE_IMAGE        "image"
#define HM_RELEASE_SBOM         "sbom.spdx.json"
#define HM_RELEASE_PROVENANCE   "provenance.sigstore.json"
#define HM_RELEASE_TRUSTED_ROOT "trusted_root.json"
#define HM_RELEASE_TRUST_CONFIG "trust_config.json"
#define HM_RELEASE_BUNDLE       ".sigstore.json" /* behind the name of what was signed */

enum hm_release_kind { HM_RELEASE_PROGRAM, HM_RELEASE_MANIFEST, HM_RELEASE_INDEX, HM_RELEASE_SBOM_FILE };

struct hm_release_item {
	enum hm_release_kind kind;
	struct hm_str name; /* "hello-linux-amd64", "image/linux/amd64", "image", "sbom.spdx.json" */
	struct hm_digest digest;
	uint64_t size; /* of a file; else 0 */
};

struct hm_release {
	const char *folder;            /* borrowed */
	struct hm_release_item *items; /* programs by name, then manifests, index, SBOM */
	size_t count;
	struct hm_arena arena;
};

/*
 * Look through a folder. The image is checked: all that its index names is there and has its digest.
 *
 * Owns    ret_release is the caller's, for hm_release_done()
 * Errors  HM_EVERIFY release.content: no program, a link, a folder that does not belong there; oci.*; HM_ENOTFOUND:
 *         no image or no SBOM; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_release_read(const char *folder, struct hm_release *ret_release, struct hm_err *err) HM_MUST;

void hm_release_done(struct hm_release *release);

/* "FOLDER/NAME" with what stands behind it. Owns: the arena's. Errors: NULL when memory has run out. */
const char *hm_release_path(struct hm_release *release, struct hm_str name, const char *behind);

#endif
