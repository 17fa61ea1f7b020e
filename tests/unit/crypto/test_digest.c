/* SHA-2 against the examples of FIPS 180-4. */
#include "unit.h"

#include "base/encode.h"
#include "base/own.h"
#include "crypto/digest.h"

static void test_vectors(void **state)
{
	(void)state;
	static const struct {
		enum hm_digest_alg alg;
		const char *text, *want;
	} rows[] = {
		{ HM_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ HM_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ HM_SHA384, "abc",
		  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
		{ HM_SHA512, "abc",
		  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
		  "454d4423643ce80e2a9ac94fa54ca49f" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* in two parts, so that the seam is tested too */
		size_t len = strlen(rows[i].text), half = len / 2;
		const struct hm_part parts[] = { { rows[i].text, half }, { rows[i].text + half, len - half } };
		struct hm_digest digest;
		char hex[2 * HM_DIGEST_MAX_LEN + 1];
		assert_int_equal(hm_crypto_digest(rows[i].alg, parts, 2, &digest, NULL), HM_OK);
		hm_hex_write(hex, digest.b, digest.len);
		assert_string_equal(hex, rows[i].want);
	}
}

static void test_sink(void **state)
{
	(void)state;
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
	struct hm_err err = { 0 };
	struct hm_digest digest, want;
	const struct hm_part part = { "abc", 3 };

	assert_ok(hm_hasher_init(&hasher, HM_SHA256, &err), &err);
	assert_ok(hm_sink_write(hm_hasher_sink(&hasher), "a", 1, &err), &err);
	assert_ok(hm_sink_write(hm_hasher_sink(&hasher), "bc", 2, &err), &err);
	assert_ok(hm_hasher_final(&hasher, &digest, &err), &err);
	assert_ok(hm_crypto_digest(HM_SHA256, &part, 1, &want, &err), &err);
	assert_true(hm_digest_eq(&digest, &want));
}

static void test_file_that_is_not_there(void **state)
{
	(void)state;
	struct hm_digest digest;
	struct hm_err err = { 0 };
	assert_refused("missing", hm_crypto_digest_file("/nowhere/at all", HM_SHA256, &digest, NULL, &err), &err,
		       HM_R_FILE_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_file_that_is_not_there),
	};
	return cmocka_run_group_tests_name("crypto/digest", tests, NULL, NULL);
}
