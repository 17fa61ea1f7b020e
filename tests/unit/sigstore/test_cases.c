/* The published conformance cases, each by its artifact's path and by its digest, each refusal for its reason. */
#include "cases.h"

/* A line of tests/peers/reasons.tsv. */
struct wanted {
	char code[64], words[120];
};

static struct wanted wanted_for(const struct hm_buf *table, const char *name)
{
	struct hm_str rest = hm_buf_str(table), line, field, tail, code, words;
	struct wanted wanted;

	while (hm_str_next(&rest, '\n', &line)) {
		if (!hm_str_cut(line, '\t', &field, &tail) || !hm_str_is(field, name) ||
		    !hm_str_cut(tail, '\t', &code, &words))
			continue;
		snprintf(wanted.code, sizeof(wanted.code), "%.*s", HM_STR_ARG(code));
		snprintf(wanted.words, sizeof(wanted.words), "%.*s", HM_STR_ARG(words));
		return wanted;
	}
	fail_msg("tests/peers/reasons.tsv has no line for %s", name);
	return (struct wanted){ 0 };
}

static struct hm_buf read_table(void)
{
	const char *root = getenv("HM_SOURCE_ROOT");
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/tests/peers/reasons.tsv", root ? root : ".");
	struct hm_buf table;
	struct hm_err err;

	assert_ok(hm_file_read(path, HM_MAX_CONFIG_FILE, &table, &err), &err);
	return table;
}

static void check_case(const struct one_case *one, const struct hm_artifact *artifact, const char *how,
		       const struct hm_buf *table)
{
	struct hm_err err = { 0 };
	char text[1200];

	enum hm_status st = case_verify(one, artifact, &err);
	hm_err_text(&err, text, sizeof(text));
	if (!one->must_fail) {
		if (st != HM_OK)
			fail_msg("%s by %s: refused: %s: %s", one->name, how, hm_reason_code(err.reason), text);
		return;
	}
	struct wanted wanted = wanted_for(table, one->name);
	if (st == HM_OK)
		fail_msg("%s by %s: accepted", one->name, how);
	if (strcmp(hm_reason_code(err.reason), wanted.code) != 0 || !strstr(text, wanted.words))
		fail_msg("%s by %s: wanted %s '%s', got %s: %s", one->name, how, wanted.code, wanted.words,
			 hm_reason_code(err.reason), text);
}

static void test_cases(void **state)
{
	(void)state;
	const char *data = shared_data(), *name;
	DIR *dir = cases_open(data);
	int accepted = 0, refused = 0;

	if (!dir)
		skip_with("the published conformance cases are not here: HM_SHARED_DATA names no folder with them");
	struct hm_buf table = read_table();
	while ((name = cases_next(dir))) {
		HM_OWN(case_done) struct one_case one = case_read(data, name);
		HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { 0 };
		struct hm_digest digest;
		struct hm_err err;
		assert_ok(hm_artifact_file_open(one.artifact, &file, &err), &err);
		const struct hm_artifact by_path = hm_artifact_of_file(&file);
		check_case(&one, &by_path, "path", &table);
		assert_ok(hm_crypto_digest_file(one.artifact, HM_SHA256, &digest, NULL, &err), &err);
		const struct hm_artifact by_digest = hm_artifact_of_digest(&digest);
		check_case(&one, &by_digest, "digest", &table);
		*(one.must_fail ? &refused : &accepted) += 1;
	}
	closedir(dir);
	hm_buf_done(&table);
	print_message("# %d cases accepted, %d refused for their reason, each by path and by digest\n", accepted,
		      refused);
	assert_int_equal(accepted, 14);
	assert_int_equal(refused, 32);
}

/* What is accepted is of this artifact, this identity and this issuer only. */
static void test_other_claims(void **state)
{
	(void)state;
	const char *data = shared_data(), *name;
	DIR *dir = cases_open(data);
	const struct hm_str bytes = HM_STR("another artifact");
	const struct hm_artifact other = hm_artifact_of_bytes(&bytes);

	if (!dir)
		skip_with("the published conformance cases are not here: HM_SHARED_DATA names no folder with them");
	while ((name = cases_next(dir))) {
		HM_OWN(case_done) struct one_case one = case_read(data, name);
		struct hm_err err = { 0 };
		if (one.must_fail)
			continue;
		enum hm_status st = case_verify(&one, &other, &err);
		if (st != HM_EVERIFY || (err.reason != HM_R_ARTIFACT_DIGEST && err.reason != HM_R_ARTIFACT_SUBJECT))
			fail_msg("%s with another artifact: %s: %s", one.name, hm_reason_code(err.reason), err.cause);
	}
	closedir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_other_claims),
	};
	return cmocka_run_group_tests_name("sigstore/cases", tests, NULL, NULL);
}
