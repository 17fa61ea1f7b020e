/* An entry's body without its bundle: what it says is verified, or refused for its reason. */
#include "instance.h"

#include "base/mem.h"
#include "sigstore/verify_entry.h"

static struct instance *in;

static int set_up(void **state)
{
	(void)state;
	in = instance_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	instance_free(in);
	return 0;
}

static enum hm_status verify(struct hm_str body, int64_t time_s, struct hm_arena *arena, struct hm_entry_facts *facts,
			     struct hm_err *err)
{
	struct hm_trust *trust = instance_trust(in);

	enum hm_status st = hm_entry_verify(trust, body, time_s * INT64_C(1000000000), arena, facts, err);
	hm_trust_free(trust);
	return st;
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct recipe recipe;
		enum fault fault;
		int64_t later_s;
		enum hm_reason want;
	} rows[] = {
		{ "a message", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, RIGHT, 0, HM_R_OK },
		{ "an envelope", { V2, HM_CONTENT_DSSE, HM_MATERIAL_CERT }, RIGHT, 0, HM_R_OK },
		{ "a message by a key", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_KEY }, RIGHT, 0, HM_R_OK },
		{ "by a key, years later", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_KEY }, RIGHT, 1000 * DAY, HM_R_OK },
		{ "a day later", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, RIGHT, DAY, HM_R_CERT_TIME },
		{ "a day earlier", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, RIGHT, -DAY, HM_R_CERT_TIME },
		{ "another key's signature",
		  { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT },
		  SIG_OTHER_KEY,
		  0,
		  HM_R_SIG_INVALID },
		{ "a bit of it", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, SIG_FLIPPED, 0, HM_R_SIG_INVALID },
		{ "another digest",
		  { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT },
		  ENTRY_OTHER_DIGEST,
		  0,
		  HM_R_SIG_INVALID },
		{ "another kind of key",
		  { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT },
		  ENTRY_OTHER_DETAILS,
		  0,
		  HM_R_OK },
		{ "junk", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, ENTRY_BODY_JUNK, 0, HM_R_TLOG_BODY },
		{ "of Rekor v1", { V1, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, RIGHT, 0, HM_R_TLOG_BODY },
		{ "no SCT", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, NO_SCT, 0, HM_R_SCT_MISSING },
		{ "an SCT of nobody", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, SCT_UNKNOWN, 0, HM_R_SCT_LOG },
		{ "another authority",
		  { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT },
		  CERT_OTHER_CA,
		  0,
		  HM_R_CERT_AUTHORITY },
		{ "one of the same name",
		  { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT },
		  CERT_OTHER_CA_SAME_NAME,
		  0,
		  HM_R_CERT_AUTHORITY },
		{ "forged", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, CERT_FORGED, 0, HM_R_X509_SIGNATURE },
		{ "of nobody", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, CERT_OF_NOBODY, 0, HM_R_CERT_SAN },
		{ "for another use", { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT }, CERT_NO_EKU, 0, HM_R_X509_USAGE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_bundle bundle = make_bundle(in, &rows[i].recipe, rows[i].fault);
		struct hm_entry_facts facts;
		struct hm_err err = { 0 };
		enum hm_status st = verify(bundle.entries[0].body, NOW + rows[i].later_s, &arena, &facts, &err);

		/* details that do not fit the key may be refused in more ways than one; accepted they may not be */
		if (rows[i].fault == ENTRY_OTHER_DETAILS)
			assert_int_not_equal(st, HM_OK);
		else if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else
			assert_ok(st, &err);
		if (st != HM_OK)
			continue;
		assert_int_equal(facts.is_cert, rows[i].recipe.material == HM_MATERIAL_CERT);
		assert_memory_equal(facts.key_id.b, in->user.key.id.b, HM_HASH_LEN);
		if (facts.is_cert)
			assert_true(hm_str_is(facts.identity.subject, IDENTITY));
	}
}

static void test_attestation(void **state)
{
	(void)state;
	static const struct recipe recipe = { V2, HM_CONTENT_DSSE, HM_MATERIAL_CERT };
	static const struct recipe message = { V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT };
	static const struct {
		const char *name;
		enum fault fault;
		enum hm_reason want;
	} rows[] = {
		{ "right", RIGHT, HM_R_OK },
		{ "the second subject", SUBJECT_SECOND, HM_R_OK },
		{ "by its SHA-512", SUBJECT_SHA512, HM_R_OK },
		{ "about another", SUBJECT_OTHER, HM_R_ARTIFACT_SUBJECT },
		{ "junk", PAYLOAD_JUNK, HM_R_DSSE_STATEMENT },
	};
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_bundle bundle = make_bundle(in, &recipe, rows[i].fault);
		struct hm_attestation is;
		struct hm_entry_facts facts;
		enum hm_status st = hm_attestation_of(&bundle, &artifact, &arena, &is, &err);

		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_is(is.predicate_type, "https://example.com/predicate"));
		/* the log's entry of it is found by the digests */
		assert_ok(verify(bundle.entries[0].body, NOW, &arena, &facts, &err), &err);
		assert_true(hm_digest_eq(&facts.digest, &is.digests[facts.digest.alg]));
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_bundle bundle = make_bundle(in, &message, RIGHT);
	struct hm_attestation is;
	assert_refused("a message", hm_attestation_of(&bundle, &artifact, &arena, &is, &err), &err, HM_R_USAGE);
}

static void test_no_memory(void **state)
{
	(void)state;
	static const struct recipe recipe = { V2, HM_CONTENT_DSSE, HM_MATERIAL_CERT };
	struct hm_bundle bundle = make_bundle(in, &recipe, RIGHT);
	struct hm_trust *trust = instance_trust(in);
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	unsigned long n = 0;
	enum hm_status st;

	do {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_attestation is;
		struct hm_entry_facts facts;
		hm_mem_fail_at(++n);
		st = hm_entry_verify(trust, bundle.entries[0].body, NOW * INT64_C(1000000000), &arena, &facts, NULL);
		if (st == HM_OK)
			st = hm_attestation_of(&bundle, &artifact, &arena, &is, NULL);
		assert_true(st == HM_OK || st == HM_ENOMEM);
	} while (hm_mem_has_failed() && n < 3000);
	hm_mem_fail_at(0);
	hm_trust_free(trust);
	assert_int_equal(st, HM_OK);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attestation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("sigstore/entry", tests, NULL, NULL);
}
