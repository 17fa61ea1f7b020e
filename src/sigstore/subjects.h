/*
 * What an in-toto statement is about: its subjects, by their digests. For this module only.
 *
 * Not here: predicates (attest).
 * Layer 7. Pure; any thread.
 * Source  in-toto/attestation, spec/v1/statement.md; spec/v0.1 has the same subjects
 */
#ifndef HM_SIGSTORE_SUBJECTS_H
#define HM_SIGSTORE_SUBJECTS_H

#include "data/decode.h"
#include "sigstore/artifact.h"

struct hm_subject {
	struct hm_str name;
	const struct hm_json_pair *digests; /* algorithm and hexadecimal */
	size_t digests_count;
};

struct hm_subjects {
	struct hm_str predicate_type;
	const struct hm_subject *v;
	size_t count;
};

/*
 * Read a statement's subjects; the rest of it need only be JSON.
 *
 * Owns    ret_subjects' views lie in the arena and in payload
 * Errors  HM_EPARSE dsse.statement: no JSON, no statement, or no subjects
 *         HM_ELIMIT json.limit: more than HM_MAX_SUBJECTS or HM_MAX_SUBJECT_DIGESTS; HM_ENOMEM
 */
enum hm_status hm_subjects_parse(struct hm_str payload, struct hm_arena *arena, struct hm_subjects *ret_subjects,
				 struct hm_err *err) HM_MUST;

/*
 * Find an artifact among the subjects.
 *
 * Shape   ret_digest: the one by which it was found.
 * Errors  HM_EVERIFY artifact.subject: none has a digest of it; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_subjects_find(const struct hm_subjects *subjects, const struct hm_artifact *artifact,
				struct hm_digest *ret_digest, struct hm_err *err) HM_MUST;

#endif
