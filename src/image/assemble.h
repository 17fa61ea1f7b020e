/*
 * From programs to an OCI image layout: an image of one layer for each platform, and an index of them.
 *
 * Every byte comes from the programs and the options: times are the epoch, owners are 0, modes are fixed, the layer is
 * packed by our own compressor. So the same programs have the same digests, whoever packs them, wherever and when.
 *
 * Not here: compiling (compile.h), base images, registries.
 * Layer 8. Any thread.
 */
#ifndef HM_IMAGE_ASSEMBLE_H
#define HM_IMAGE_ASSEMBLE_H

#include "base/err.h"
#include "crypto/digest.h"
#include "data/decode.h"
#include "oci/platform.h"

#include <stddef.h>
#include <stdint.h>

/* Where the program is in its image; ko's place, which scripts and manifests know. */
#define HM_IMAGE_FOLDER "/ko-app"

struct hm_image_opts {
	const char *name;                       /* of the program: /ko-app/NAME */
	const char *user;                       /* NULL: 65532:65532, who is nobody everywhere */
	const struct hm_json_pair *annotations; /* of the index and each image, besides their title */
	const struct hm_json_pair *labels;      /* of each configuration */
	size_t annotation_count, label_count;
};

struct hm_image_program {
	struct hm_oci_platform platform;
	const char *path;
};

/* What was made of a program. */
struct hm_image_made {
	struct hm_hash program; /* SHA-256 */
	uint64_t size;
	struct hm_digest manifest, config, layer, diff_id;
};

/*
 * Write the layout; it is there when this returns, or nothing has changed.
 *
 * Shape   layout: as for hm_oci_writer_new(). programs: in the index's order. ret_made: count of them. ret_index: the
 *         digest of the image index, the one entry of index.json.
 * Errors  HM_EIO, HM_ENOTFOUND: a program cannot be read; HM_ECONFLICT oci.exists; HM_EPARSE json.encoding: a name or
 *         label that is no UTF-8; HM_EINVAL usage: an annotation or label without a key or twice; HM_ENOMEM
 * Source  image-spec v1.1.1; ko's docs: /ko-app/NAME, the entry point, PATH
 */
enum hm_status hm_image_assemble(const char *layout, const struct hm_image_opts *opts,
				 const struct hm_image_program *programs, size_t count, struct hm_image_made *ret_made,
				 struct hm_digest *ret_index, struct hm_err *err) HM_MUST;

#endif
