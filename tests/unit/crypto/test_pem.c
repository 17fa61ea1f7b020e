/* PEM, strictly. */
#include "judge.h"

#include "crypto/pem.h"

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "empty", "" },
		{ "no block", "hello\n" },
		{ "no END", "-----BEGIN X-----\nAAAA\n" },
		{ "no END of this label", "-----BEGIN X-----\nAAAA\n-----END Y-----\n" },
		{ "no label", "-----BEGIN -----\nAAAA\n-----END -----\n" },
		{ "another label", "-----BEGIN Y-----\nAAAA\n-----END Y-----\n" },
		{ "not Base64", "-----BEGIN X-----\nAA*A\n-----END X-----\n" },
		{ "unpadded Base64", "-----BEGIN X-----\nAAA\n-----END X-----\n" },
		{ "unused bits set", "-----BEGIN X-----\nAAB=\n-----END X-----\n" },
		{ "a blank in a line", "-----BEGIN X-----\nAA AA\n-----END X-----\n" },
		{ "headers", "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----\n" },
		{ "two blocks",
		  "-----BEGIN X-----\nAAAA\n-----END X-----\n-----BEGIN X-----\nAAAA\n-----END X-----\n" },
		{ "a BEGIN inside", "-----BEGIN X-----\n-----BEGIN X-----\nAAAA\n-----END X-----\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_secret der = { 0 };
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_pem_only(hm_str(rows[i].text), "X", &der, &err), &err, HM_R_PEM);
		assert_null(der.ptr);
	}
}

static void test_many(void **state)
{
	(void)state;
	struct hm_str text =
	    HM_STR("a note in front\r\n-----BEGIN A B-----  \r\nAAEC\r\nAw==\t\r\n-----END A B-----\r\n"
		   "between\n-----BEGIN C-----\n-----END C-----");
	HM_OWN(hm_secret_done) struct hm_secret one = { 0 }, two = { 0 }, three = { 0 };
	struct hm_str label;
	struct hm_err err = { 0 };

	assert_ok(hm_pem_next(&text, &label, &one, &err), &err);
	assert_true(hm_str_is(label, "A B") && one.len == 4 && memcmp(one.ptr, "\0\1\2\3", 4) == 0);
	assert_ok(hm_pem_next(&text, &label, &two, &err), &err);
	assert_true(hm_str_is(label, "C") && two.len == 0);
	assert_ok(hm_pem_next(&text, &label, &three, &err), &err);
	assert_true(label.len == 0 && three.ptr == NULL);
}

static void test_there_and_back(void **state)
{
	(void)state;
	uint8_t bytes[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
		struct hm_err err = { 0 };
		hm_pem_encode(&buf, "X", hm_str_of(bytes, len));
		assert_ok(hm_pem_only(hm_buf_str(&buf), "X", &der, &err), &err);
		assert_true(hm_str_eq(hm_secret_str(&der), hm_str_of(bytes, len)));
	}
}

static void test_over_the_limit(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(3 * HM_MAX_CONFIG_FILE);
	HM_OWN(hm_freep) char *big = hm_calloc(HM_MAX_CONFIG_FILE, 1);
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_err err = { 0 };

	hm_pem_encode(&buf, "X", hm_str_of(big, HM_MAX_CONFIG_FILE));
	assert_refused("large block", hm_pem_only(hm_buf_str(&buf), "X", &der, &err), &err, HM_R_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_over_the_limit),
	};
	return cmocka_run_group_tests_name("crypto/pem", tests, NULL, NULL);
}
