/*
 * What is built for which machines, and what the results are called.
 *
 * Layer 8. Pure; any thread.
 */
#ifndef HM_IMAGE_PLATFORM_H
#define HM_IMAGE_PLATFORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/platform.h"

#include <stddef.h>

/* A platform in the go command's words. */
struct hm_image_target {
	struct hm_oci_platform platform;
	const char *goos, *goarch;
	const char *level_name, *level; /* "GOAMD64" and "v2"; NULL: the architecture has no levels */
};

/*
 * Read a list of platforms, "linux/amd64,linux/arm64/v8".
 *
 * Shape   ret_targets: by operating system, architecture and variant, so that an image does not depend on the order
 *         in which somebody wrote them down.
 * Owns    the arena's
 * Errors  HM_EPARSE oci.platform; HM_EINVAL image.platform: one that no image is built for here, or the same one twice;
 *         HM_ELIMIT image.limit: over HM_MAX_IMAGE_PLATFORMS; HM_ENOMEM
 */
enum hm_status hm_image_targets_parse(struct hm_str list, struct hm_arena *arena, struct hm_image_target **ret_targets,
				      size_t *ret_count, struct hm_err *err) HM_MUST;

/*
 * The name that `go build` gives the program of a package: the last part of its import path, or the one before where
 * the last is a major version.
 *
 * Owns    points into import_path
 * Errors  HM_EINVAL image.package: the name would not be one of a file
 * Source  cmd/go/internal/load, exeFromImportPath
 */
enum hm_status hm_image_program_name(struct hm_str import_path, struct hm_str *ret_name, struct hm_err *err) HM_MUST;

/* Add "NAME-OS-ARCH" or "NAME-OS-ARCH-VARIANT", the name of the file that holds a program. */
void hm_image_file_name(const char *name, const struct hm_oci_platform *platform, struct hm_buf *buf);

#endif
