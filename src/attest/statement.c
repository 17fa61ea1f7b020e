#include "attest/statement.h"

#include "base/limits.h"
#include "base/plant.h"

struct raw {
	struct hm_str type, predicate_type, predicate;
	struct hm_attest_resource *subjects;
	size_t subject_count;
};

static const struct hm_json_field fields[] = {
	{ "_type", HM_JSON_STR, offsetof(struct raw, type), HM_REQUIRED },
	{ "subject", HM_JSON_ARRAY, offsetof(struct raw, subjects), .of = HM_JSON_OBJECT,
	  .table = &hm_attest_resource_table, .count = offsetof(struct raw, subject_count),
	  .max = HM_MAX_ATTEST_SUBJECTS },
	{ "predicateType", HM_JSON_STR, offsetof(struct raw, predicate_type), HM_REQUIRED | HM_NOT_EMPTY },
	{ "predicate", HM_JSON_TEXT, offsetof(struct raw, predicate) },
};
static const struct hm_json_table table = HM_JSON_TABLE(struct raw, fields);

static enum hm_status check(const struct hm_attest_statement *statement, struct hm_err *err)
{
	struct hm_str type = statement->type;

	if (!hm_str_is(type, HM_ATTEST_STATEMENT_V1) && !hm_str_is(type, HM_ATTEST_STATEMENT_V0_1))
		return hm_fail(err, HM_R_ATTEST_STATEMENT, "'%.*s' is not the type of a statement that is known",
			       HM_STR_ARG(hm_str_head(type, 100)));
	if (statement->subject_count == 0)
		return hm_fail(err, HM_R_ATTEST_STATEMENT, "a statement about nothing: it has no subject");
	/* statement.md: subjects are matched by digest only, so one without can match nothing */
	for (size_t i = 0; i < statement->subject_count; i++) {
		if (statement->subjects[i].digest_count == 0)
			return hm_fail(err, HM_R_ATTEST_STATEMENT, "subject %zu, '%.*s', has no digest", i,
				       HM_STR_ARG(hm_str_head(statement->subjects[i].name, 100)));
	}
	HM_PLANT(statement->subject_count == 2 && statement->subjects[1].digest_count == 2);
	return hm_attest_check_resources(statement->subjects, statement->subject_count, err);
}

enum hm_status hm_attest_statement_parse(struct hm_str text, struct hm_arena *arena,
					 struct hm_attest_statement *ret_statement, struct hm_err *err)
{
	struct raw raw;
	enum hm_status st = hm_json_decode(text, &table, &hm_attest_decode_opts, arena, &raw, err);

	if (st != HM_OK)
		return st;
	const struct hm_attest_statement statement = { .type = raw.type,
						       .subjects = raw.subjects,
						       .subject_count = raw.subject_count,
						       .predicate_type = raw.predicate_type,
						       .predicate = raw.predicate };
	st = check(&statement, err);
	if (st == HM_OK)
		*ret_statement = statement;
	return st;
}

enum hm_status hm_attest_statement_encode(const struct hm_attest_statement *statement, struct hm_buf *buf,
					  struct hm_err *err)
{
	struct hm_attest_statement whole = *statement;
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	if (whole.type.len == 0)
		whole.type = HM_STR(HM_ATTEST_STATEMENT_V1);
	enum hm_status st = check(&whole, err);
	if (st == HM_OK && whole.subject_count > HM_MAX_ATTEST_SUBJECTS)
		st = hm_fail(err, HM_R_LIMIT, "%zu subjects, over %zu", whole.subject_count, HM_MAX_ATTEST_SUBJECTS);
	if (st != HM_OK)
		return st;
	hm_json_object(&w);
	hm_json_member_str(&w, "_type", whole.type);
	hm_attest_write_resources(&w, "subject", whole.subjects, whole.subject_count);
	hm_json_member_str(&w, "predicateType", whole.predicate_type);
	if (whole.predicate.ptr) {
		hm_json_key(&w, "predicate");
		hm_json_raw(&w, whole.predicate);
	}
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "statement", err);
}

const struct hm_attest_resource *hm_attest_statement_find(const struct hm_attest_statement *statement,
							  const struct hm_digest *digest)
{
	for (size_t i = 0; i < statement->subject_count; i++) {
		if (hm_attest_has_digest(&statement->subjects[i], digest))
			return &statement->subjects[i];
	}
	return NULL;
}
