/* Entries: what is taken, what is refused and why, and that what is written can be read back. */
#include "sample.h"

#include "base/mem.h"
#include "service/log/entry.h"

static void test_kinds(void **state)
{
	(void)state;
	static const struct sample rows[] = {
		{ HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P256_SHA_256", true, 1, false, false },
		{ HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P256_SHA_256", false, 1, false, false },
		{ HM_KEY_P384, 0, HM_SIG_ECDSA_SHA384, "PKIX_ECDSA_P384_SHA_384", true, 1, false, false },
		{ HM_KEY_P521, 0, HM_SIG_ECDSA_SHA512, "PKIX_ECDSA_P521_SHA_512", false, 1, false, false },
		{ HM_KEY_ED25519, 0, HM_SIG_ED25519PH, "PKIX_ED25519_PH", false, 1, false, false },
		{ HM_KEY_RSA, 2048, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_2048_SHA256", true, 1, false, false },
		{ HM_KEY_RSA, 3072, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_3072_SHA256", false, 1, false, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
		struct hm_log_facts facts;
		struct hm_err err = { 0 };
		struct hm_str body;
		sample_request(&rows[i], &json);
		assert_ok(hm_log_entry_make(hm_buf_str(&json), &arena, &body, &err), &err);
		assert_ok(hm_log_entry_facts(body, true, &arena, &facts, &err), &err);
		const struct hm_digest want = sample_digest(facts.digest.alg, 1);
		assert_true(hm_digest_eq(&facts.digest, &want));
		assert_true(hm_str_is(facts.identity, rows[i].with_cert ? "joe@example.com" : ""));
		assert_true(hm_str_is(facts.issuer, rows[i].with_cert ? "https://issuer.exampl" : ""));
		assert_memory_equal(&facts.key_id, &sample_signer(rows[i].kind, rows[i].rsa_bits)->key.id,
				    sizeof(facts.key_id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
