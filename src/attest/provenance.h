/*
 * SLSA provenance v1: how an artifact was made, from what, and by whom.
 *
 * docs/provenance.md says what hallmark writes into it and what that claims.
 *
 * Not here: the statement around it (statement.h), judging it (policy).
 * Layer 6. Pure; any thread.
 */
#ifndef HM_ATTEST_PROVENANCE_H
#define HM_ATTEST_PROVENANCE_H

#include "attest/resource.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define HM_ATTEST_PROVENANCE_V1 "https://slsa.dev/provenance/v1"

/* What hallmark's own builds say of themselves. */
#define HM_ATTEST_BUILD_TYPE_GO "https://hallmark.localhost/buildtypes/go-release/v1"
#define HM_ATTEST_BUILDER_LOCAL "https://hallmark.localhost/builders/local-run/v1"

struct hm_attest_provenance {
	/* buildDefinition */
	struct hm_str build_type;
	struct hm_value external_parameters; /* an object: all that a user chose */
	struct hm_value internal_parameters; /* an object, or null: what the builder set */
	const struct hm_attest_resource *dependencies;
	size_t dependency_count;

	/* runDetails */
	struct hm_str builder_id;
	const struct hm_json_pair *builder_versions; /* what the builder consists of, and its versions */
	size_t builder_version_count;
	const struct hm_attest_resource *builder_dependencies;
	size_t builder_dependency_count;
	struct hm_str invocation_id;
	bool has_started_on, has_finished_on;
	int64_t started_on_s, finished_on_s; /* since 1970 */
	const struct hm_attest_resource *byproducts;
	size_t byproduct_count;
};

/*
 * Read a predicate. Null and empty are the same as absent, members that are not known are passed over.
 *
 * Owns    text is borrowed as long as the result; what does not point into it is the arena's
 * Errors  HM_EPARSE data.missing: what SLSA requires at level 1: buildType, externalParameters, builder.id;
 *         attest.provenance: parameters that are no object; attest.digest; those of hm_json_decode()
 *         HM_ELIMIT json.limit: over HM_MAX_ATTEST_STATEMENT bytes or HM_MAX_ATTEST_RESOURCES; HM_ENOMEM
 * Source  slsa.dev/spec/v1.2/build-provenance
 */
enum hm_status hm_attest_provenance_parse(struct hm_str text, struct hm_arena *arena,
					  struct hm_attest_provenance *ret_provenance, struct hm_err *err) HM_MUST;

/*
 * Write one: compact, in the specification's order, empty fields left out.
 *
 * Errors  HM_EPARSE attest.provenance, attest.digest: it could not be read again; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_attest_provenance_encode(const struct hm_attest_provenance *provenance, struct hm_buf *buf,
					   struct hm_err *err) HM_MUST;

#endif
