/* git's names of contents, as `git hash-object` gives them. */
#include "unit.h"

#include "base/own.h"
#include "crypto/git_blob.h"

static void test_names(void **state)
{
	(void)state;
	static const struct {
		size_t digits;
		const char *text, *want;
	} rows[] = {
		{ 40, "", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" },
		{ 40, "hello\n", "ce013625030ba8dba906f756967f9e9ca394464a" },
		{ 64, "", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813" },
		{ 64, "hello\n", "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_git_blob_done) struct hm_git_blob blob = { 0 };
		char name[HM_GIT_NAME_LEN];
		struct hm_err err = { 0 };
		assert_ok(hm_git_blob_init(&blob, rows[i].digits, strlen(rows[i].text), &err), &err);
		for (const char *c = rows[i].text; *c; c++)
			assert_ok(hm_git_blob_add(&blob, c, 1, &err), &err);
		assert_ok(hm_git_blob_final(&blob, name, &err), &err);
		assert_string_equal(name, rows[i].want);
	}
}

static void test_other_digits(void **state)
{
	(void)state;
	struct hm_git_blob blob = { 0 };
	struct hm_err err = { 0 };

	assert_refused("41 digits", hm_git_blob_init(&blob, 41, 0, &err), &err, HM_R_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_digits),
	};

	return cmocka_run_group_tests_name("crypto/git_blob", tests, NULL, NULL);
}
