/*
 * SBOMs of what was built: SPDX 2.3 of the Go programs in an image layout, a folder or a file.
 *
 * What is read is what will run, the programs in the layers, and not what the source says; the document depends on it
 * and on the options alone (attest/spdx.h).
 *
 * Not here: images in registries and archives; licences.
 * Layer 8. Any thread.
 */
#ifndef HM_IMAGE_SBOM_H
#define HM_IMAGE_SBOM_H

#include "base/buf.h"
#include "base/err.h"
#include "oci/platform.h"

#include <stdint.h>

struct hm_image_sbom_opts {
	const char *name;                       /* of what is described; NULL: as the layout, file or folder is named */
	const char *tool;                       /* required: "hallmark-0.1.0" */
	int64_t created_s;                      /* since 1970; 0 unless a caller has a reason */
	const struct hm_oci_platform *platform; /* of a layout: only this one; NULL: all */
};

/*
 * Describe what is in a layout: its index and images, or its image.
 *
 * Errors  HM_EPARSE oci.layout, oci.manifest; HM_EVERIFY oci.mismatch; HM_ENOTFOUND oci.missing; HM_EVERIFY archive.*:
 *         a layer that nobody should unpack
 *         HM_EPARSE golang.build-info: a program whose modules cannot be told
 *         HM_ENOTFOUND image.no-program: no Go program is in it, or no image for the platform
 *         HM_EINVAL unsupported: more than one index
 *         HM_ELIMIT image.limit, oci.limit, archive.limit; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_image_sbom_layout(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				    struct hm_err *err) HM_MUST;

/* Describe one program. Errors: HM_EPARSE golang.no-build-info, golang.build-info; HM_ENOTFOUND; HM_EIO; HM_ENOMEM. */
enum hm_status hm_image_sbom_file(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				  struct hm_err *err) HM_MUST;

/* Describe all programs in a folder. Errors: as hm_image_catalog_folder(); HM_ENOTFOUND image.no-program. */
enum hm_status hm_image_sbom_folder(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				    struct hm_err *err) HM_MUST;

#endif
