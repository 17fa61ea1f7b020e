/*
 * in-toto statements: these artifacts, and what is claimed about them.
 *
 * Not here: who says so (sigstore's envelopes), what the claim means (provenance.h and others).
 * Layer 6. Pure; any thread.
 */
#ifndef HM_ATTEST_STATEMENT_H
#define HM_ATTEST_STATEMENT_H

#include "attest/resource.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define HM_ATTEST_STATEMENT_V1   "https://in-toto.io/Statement/v1"
#define HM_ATTEST_STATEMENT_V0_1 "https://in-toto.io/Statement/v0.1"

/* The payload type of an envelope (DSSE) around a statement. */
#define HM_ATTEST_PAYLOAD_TYPE "application/vnd.in-toto+json"

/* Predicates that are a whole SBOM. */
#define HM_ATTEST_PREDICATE_SPDX      "https://spdx.dev/Document"
#define HM_ATTEST_PREDICATE_CYCLONEDX "https://cyclonedx.org/bom"

struct hm_attest_statement {
	struct hm_str type; /* of the two above; empty is v1 when writing */
	const struct hm_attest_resource *subjects;
	size_t subject_count;
	struct hm_str predicate_type;
	struct hm_str predicate; /* JSON text; a NULL pointer where there is none */
};

/*
 * Read a statement, of v1 or v0.1. What its version does not know is passed over, as it demands; the same member twice,
 * or in other case, is refused.
 *
 * Owns    text is borrowed as long as the result; what does not point into it is the arena's
 * Errors  HM_EPARSE attest.statement: another type, no subject, a subject without a digest; attest.digest; those of
 *         hm_json_decode()
 *         HM_ELIMIT json.limit: over HM_MAX_ATTEST_STATEMENT bytes, HM_MAX_ATTEST_SUBJECTS or HM_MAX_ATTEST_DIGESTS;
 *         HM_ENOMEM
 * Source  in-toto attestation spec v1: statement.md
 */
enum hm_status hm_attest_statement_parse(struct hm_str text, struct hm_arena *arena,
					 struct hm_attest_statement *ret_statement, struct hm_err *err) HM_MUST;

/*
 * Write one: compact, in the specification's order.
 *
 * Shape   predicate: valid JSON, written as it is.
 * Errors  HM_EPARSE attest.statement, attest.digest: it could not be read again; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_attest_statement_encode(const struct hm_attest_statement *statement, struct hm_buf *buf,
					  struct hm_err *err) HM_MUST;

/* The first subject with this digest; names do not count. Errors: NULL where there is none. */
const struct hm_attest_resource *hm_attest_statement_find(const struct hm_attest_statement *statement,
							  const struct hm_digest *digest);

#endif
