/*
 * Platforms of images: an operating system, an architecture and its variant, in Go's words.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_OCI_PLATFORM_H
#define HM_OCI_PLATFORM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct hm_oci_platform {
	struct hm_str os, arch; /* GOOS and GOARCH */
	struct hm_str variant;  /* "v7", "v8", …, or empty */
	struct hm_str os_version;
};

/*
 * Read "OS/ARCH" or "OS/ARCH/VARIANT". Whether Go or anybody else knows them is not asked.
 *
 * Owns    ret_platform points into text
 * Errors  HM_EPARSE oci.platform
 */
enum hm_status hm_oci_platform_parse(struct hm_str text, struct hm_oci_platform *ret_platform,
				     struct hm_err *err) HM_MUST;

/* Add it as hm_oci_platform_parse() reads it; os_version is left out. */
void hm_oci_platform_write(const struct hm_oci_platform *platform, struct hm_buf *buf);

/*
 * Whether both are the same machine. What is left out is the variant that everybody builds for: v1 of amd64, v8 of
 * arm64, v7 of arm. os_version is not compared.
 */
bool hm_oci_platform_eq(const struct hm_oci_platform *a, const struct hm_oci_platform *b);

#endif
