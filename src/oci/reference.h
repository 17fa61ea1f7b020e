/*
 * References to images in registries: "ubuntu", "ghcr.io/a/b:tag", "host:5000/a@sha256:…".
 *
 * Read as the container tools read them, with Docker's short forms: a name without a registry is docker.io's, and one
 * without a folder there is in library/.
 *
 * Not here: asking a registry.
 * Layer 6. Pure; any thread.
 */
#ifndef HM_OCI_REFERENCE_H
#define HM_OCI_REFERENCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/digest.h"

#include <stdbool.h>

struct hm_oci_reference {
	struct hm_str registry;   /* host, or host:port; "docker.io" where none was named */
	struct hm_str repository; /* "library/ubuntu" */
	struct hm_str tag;        /* empty where none was named */
	bool has_digest;
	struct hm_digest digest;
};

/*
 * Read a reference.
 *
 * Owns    text is borrowed as long as the result; what does not point into it is the arena's
 * Errors  HM_EPARSE oci.reference; oci.digest; HM_ENOMEM
 * Source  github.com/distribution/reference: the grammar in reference.go, ParseNormalizedNamed
 */
enum hm_status hm_oci_reference_parse(struct hm_str text, struct hm_arena *arena,
				      struct hm_oci_reference *ret_reference, struct hm_err *err) HM_MUST;

/* Add it in full: "docker.io/library/ubuntu:22.04@sha256:…". */
void hm_oci_reference_write(const struct hm_oci_reference *reference, struct hm_buf *buf);

/* The tag to ask for: "latest" where neither tag nor digest was named; empty where only a digest was. */
struct hm_str hm_oci_reference_tag(const struct hm_oci_reference *reference);

/* The host that answers for the registry; it is another one for docker.io. */
struct hm_str hm_oci_reference_host(const struct hm_oci_reference *reference);

/* Whether text is a tag, or a repository's name below a registry. */
bool hm_oci_is_tag(struct hm_str text);
bool hm_oci_is_repository(struct hm_str text);

#endif
