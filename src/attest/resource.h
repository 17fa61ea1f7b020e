/*
 * Resource descriptors and digest sets: how in-toto names an artifact.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_ATTEST_RESOURCE_H
#define HM_ATTEST_RESOURCE_H

#include "base/err.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "data/decode.h"
#include "data/json_write.h"

#include <stdbool.h>
#include <stddef.h>

/* An artifact. Which fields have to be there depends on where it stands. */
struct hm_attest_resource {
	struct hm_str name, uri;
	/* Algorithm and text: "sha256" with small hexadecimal digits, "gitCommit", "dirHash1", or what others made up.
	 */
	struct hm_json_pair *digests;
	size_t digest_count;
	struct hm_str content; /* its bytes */
	struct hm_str download_location, media_type;
	struct hm_value annotations; /* an object, or null */
};

/* For tables of documents that hold such descriptors. */
extern const struct hm_json_table hm_attest_resource_table;

/*
 * Check what a table cannot say: each digest of a known algorithm has its number of small hexadecimal digits, none is
 * empty, and annotations are an object.
 *
 * Errors  HM_EPARSE attest.digest; HM_EPARSE data.kind
 * Source  in-toto attestation spec v1: digest_set.md, resource_descriptor.md
 */
enum hm_status hm_attest_check_resources(const struct hm_attest_resource *resources, size_t count,
					 struct hm_err *err) HM_MUST;

/* Write one: fields in the specification's order, empty ones left out, digests by their algorithm's name. */
void hm_attest_write_resource(struct hm_json_writer *w, const struct hm_attest_resource *resource);

/* The same for a member with a list of them; nothing at all when it is empty. */
void hm_attest_write_resources(struct hm_json_writer *w, const char *name, const struct hm_attest_resource *resources,
			       size_t count);

/* How statements and predicates are decoded. */
extern const struct hm_decode_opts hm_attest_decode_opts;

/* The digest of an algorithm. Errors: a NULL pointer where there is none. */
struct hm_str hm_attest_digest_of(const struct hm_attest_resource *resource, const char *algorithm);

/* Whether one of its digests is this one. */
bool hm_attest_has_digest(const struct hm_attest_resource *resource, const struct hm_digest *digest);

#endif
