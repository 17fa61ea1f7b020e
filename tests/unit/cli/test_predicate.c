/* cosign's words for kinds of statements. */
#include "unit.h"

#include "cli/predicate.h"

static void test_words(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "custom", "https://cosign.sigstore.dev/attestation/v1" },
		{ "slsaprovenance", "https://slsa.dev/provenance/v0.2" },
		{ "slsaprovenance1", "https://slsa.dev/provenance/v1" },
		{ "spdxjson", "https://spdx.dev/Document" },
		{ "https://example.com/own", "https://example.com/own" },
		{ "slsa", "slsa" },
		{ "", "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(hm_cli_predicate_type(rows[i][0]), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	return cmocka_run_group_tests_name("cli/predicate", tests, NULL, NULL);
}
