/* What doctor shows of a proxy's URL, and how its report is kept. */
#include "unit.h"

#include "cli/doctor.h"

static void test_users_are_hidden(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "off", "off" },
		{ "https://proxy.example", "https://proxy.example" },
		{ "https://me:secret@proxy.example/x,direct", "https://(hidden)@proxy.example/x,direct" },
		{ "https://a.example|https://t0ken@b.example:8080|direct",
		  "https://a.example|https://(hidden)@b.example:8080|direct" },
		/* an @ in the path is no user's, one in the password is */
		{ "https://a.example/x@v1", "https://a.example/x@v1" },
		{ "https://me:p@ss@a.example", "https://(hidden)@a.example" },
		{ "me:secret@a.example", "(hidden)@a.example" },
		{ "sum.example+033de0ae+key https://u:p@sum.example",
		  "sum.example+033de0ae+key https://(hidden)@sum.example" },
		{ ",,", ",," },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[200];
		hm_doctor_hide_users(rows[i].text, text, sizeof(text));
		assert_string_equal(text, rows[i].want);
		/* whatever the room, no byte of the secret and always an end */
		for (size_t size = 1; size < 60; size++) {
			char small[60];
			memset(small, 'x', sizeof(small));
			hm_doctor_hide_users(rows[i].text, small, size);
			assert_true(memchr(small, '\0', size) != NULL);
			assert_int_equal(strncmp(small, rows[i].want, strlen(small)), 0);
		}
	}
}

static void test_report_is_bounded(void **state)
{
	(void)state;
	static struct hm_doctor_report report;
	const size_t max = COUNT(report.checks);

	assert_null(hm_doctor_first_missing(&report));
	for (size_t i = 0; i < max + 10; i++)
		hm_doctor_add(&report, "area", "name", i == 7 ? HM_DOCTOR_MISSING : HM_DOCTOR_WARNING, "%zu", i);
	assert_int_equal(report.count, max);
	assert_ptr_equal(hm_doctor_first_missing(&report), &report.checks[7]);
	assert_string_equal(report.checks[max - 1].detail, "57");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_are_hidden),
		cmocka_unit_test(test_report_is_bounded),
	};
	return cmocka_run_group_tests_name("cli/doctor", tests, NULL, NULL);
}
