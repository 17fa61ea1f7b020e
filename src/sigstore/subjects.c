#include "sigstore/subjects.h"

#include "base/encode.h"
#include "base/limits.h"

struct statement_doc {
	struct hm_str type, predicate_type;
	struct hm_subject *subjects;
	size_t subjects_count;
};

static const struct hm_json_field subject_fields[] = {
	{ "name", HM_JSON_STR, offsetof(struct hm_subject, name) },
	{ "digest", HM_JSON_MAP, offsetof(struct hm_subject, digests), HM_REQUIRED, .of = HM_JSON_STR,
	  .count = offsetof(struct hm_subject, digests_count), .max = HM_MAX_SUBJECT_DIGESTS },
};
static const struct hm_json_table subject_table = HM_JSON_TABLE(struct hm_subject, subject_fields);

static const struct hm_json_field statement_fields[] = {
	{ "_type", HM_JSON_STR, offsetof(struct statement_doc, type), HM_REQUIRED },
	{ "predicateType", HM_JSON_STR, offsetof(struct statement_doc, predicate_type), HM_REQUIRED | HM_NOT_EMPTY },
	{ "subject", HM_JSON_ARRAY, offsetof(struct statement_doc, subjects), HM_REQUIRED | HM_NOT_EMPTY,
	  .of = HM_JSON_OBJECT, .table = &subject_table, .count = offsetof(struct statement_doc, subjects_count),
	  .max = HM_MAX_SUBJECTS },
};
static const struct hm_json_table statement_table = HM_JSON_TABLE(struct statement_doc, statement_fields);

enum hm_status hm_subjects_parse(struct hm_str payload, struct hm_arena *arena, struct hm_subjects *ret_subjects,
				 struct hm_err *err)
{
	/* "Consumers MUST ignore unrecognized fields" */
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_BUNDLE, .borrow = true },
					     .ignore_unknown = true };
	struct statement_doc doc = { 0 };

	enum hm_status st = hm_json_decode(payload, &statement_table, &opts, arena, &doc, err);
	if (st == HM_EPARSE)
		return hm_while(err, hm_fail_as(err, HM_R_DSSE_STATEMENT), "statement");
	if (st != HM_OK)
		return st;
	if (!hm_str_is(doc.type, "https://in-toto.io/Statement/v1") &&
	    !hm_str_is(doc.type, "https://in-toto.io/Statement/v0.1"))
		return hm_fail(err, HM_R_DSSE_STATEMENT, "'%.*s' is no in-toto statement that is known",
			       HM_STR_ARG(hm_str_head(doc.type, 80)));
	*ret_subjects = (struct hm_subjects){ doc.predicate_type, doc.subjects, doc.subjects_count };
	return HM_OK;
}

/* Whether a subject has this digest. Hexadecimal of either case is one digest. */
static bool has_digest(const struct hm_subject *subject, const struct hm_digest *wanted)
{
	struct hm_digest digest = { .alg = wanted->alg, .len = wanted->len };

	for (size_t i = 0; i < subject->digests_count; i++) {
		if (hm_str_is(subject->digests[i].key, hm_digest_name(wanted->alg)) &&
		    hm_hex_read(subject->digests[i].value, digest.b, digest.len, NULL) == HM_OK &&
		    hm_digest_eq(&digest, wanted))
			return true;
	}
	return false;
}

static bool is_used(const struct hm_subjects *subjects, enum hm_digest_alg alg)
{
	for (size_t i = 0; i < subjects->count; i++) {
		for (size_t d = 0; d < subjects->v[i].digests_count; d++) {
			if (hm_str_is(subjects->v[i].digests[d].key, hm_digest_name(alg)))
				return true;
		}
	}
	return false;
}

enum hm_status hm_subjects_find(const struct hm_subjects *subjects, const struct hm_artifact *artifact,
				struct hm_digest *ret_digest, struct hm_err *err)
{
	struct hm_digest digest;

	for (enum hm_digest_alg alg = HM_SHA256; alg < HM_DIGEST_ALGS; alg++) {
		if (!is_used(subjects, alg))
			continue;
		enum hm_status st = artifact->digest(artifact->ctx, alg, &digest, err);
		if (st == HM_EINVAL) /* it is given by another digest */
			continue;
		if (st != HM_OK)
			return st;
		for (size_t i = 0; i < subjects->count; i++) {
			if (has_digest(&subjects->v[i], &digest)) {
				*ret_digest = digest;
				return HM_OK;
			}
		}
	}
	return hm_fail(err, HM_R_ARTIFACT_SUBJECT, "none of the statement's %zu subjects is the artifact",
		       subjects->count);
}
