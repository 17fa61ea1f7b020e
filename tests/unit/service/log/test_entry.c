/* Entries: what is taken, what is refused and why, and that what is written can be read back. */
#include "sample.h"

#include "base/mem.h"
#include "service/log/entry.h"
#include "tlog/tile.h"

#define P256 "PKIX_ECDSA_P256_SHA_256"

static void test_kinds(void **state)
{
	(void)state;
	static const struct sample rows[] = {
		{ HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, P256, true, 1, false, false },
		{ HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, P256, false, 1, false, false },
		{ HM_KEY_P384, 0, HM_SIG_ECDSA_SHA384, "PKIX_ECDSA_P384_SHA_384", true, 1, false, false },
		{ HM_KEY_P521, 0, HM_SIG_ECDSA_SHA512, "PKIX_ECDSA_P521_SHA_512", false, 1, false, false },
		{ HM_KEY_ED25519, 0, HM_SIG_ED25519PH, "PKIX_ED25519_PH", false, 1, false, false },
		{ HM_KEY_RSA, 2048, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_2048_SHA256", true, 1, false, false },
		{ HM_KEY_RSA, 3072, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_3072_SHA256", false, 1, false, false },
		{ HM_KEY_RSA, 4096, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_4096_SHA256", false, 1, false, false },
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
		assert_true(hm_str_is(facts.kind, "hashedrekord") && hm_str_is(facts.version, "0.0.2"));
		assert_true(hm_str_is(facts.identity, rows[i].with_cert ? "joe@example.com" : ""));
		assert_true(hm_str_is(facts.issuer, rows[i].with_cert ? "https://issuer.exampl" : ""));
		assert_memory_equal(&facts.key_id, &sample_signer(rows[i].kind, rows[i].rsa_bits)->key.id,
				    sizeof(facts.key_id));
	}
}

static void test_refused_samples(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct sample sample;
		enum hm_reason want;
	} rows[] = {
		{ "bad signature",
		  { HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, P256, true, 1, true, false },
		  HM_R_SIG_INVALID },
		{ "bad signature, Ed25519ph",
		  { HM_KEY_ED25519, 0, HM_SIG_ED25519PH, "PKIX_ED25519_PH", false, 1, true, false },
		  HM_R_SIG_INVALID },
		{ "short digest",
		  { HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, P256, true, 1, false, true },
		  HM_R_LOG_REQUEST },
		{ "P-384 said to be P-256",
		  { HM_KEY_P384, 0, HM_SIG_ECDSA_SHA256, P256, true, 1, false, false },
		  HM_R_KEY_DETAILS },
		{ "P-384 said to be P-256, bare key",
		  { HM_KEY_P384, 0, HM_SIG_ECDSA_SHA256, P256, false, 1, false, false },
		  HM_R_KEY_DETAILS },
		{ "P-384 with SHA-256",
		  { HM_KEY_P384, 0, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P384_SHA_256", true, 1, false, false },
		  HM_R_DATA_VALUE },
		{ "RSA-2048 said to be 3072",
		  { HM_KEY_RSA, 2048, HM_SIG_RSA_SHA256, "PKIX_RSA_PKCS1V15_3072_SHA256", true, 1, false, false },
		  HM_R_KEY_DETAILS },
		{ "RSA-PSS",
		  { HM_KEY_RSA, 2048, HM_SIG_RSA_PSS_SHA256, "PKIX_RSA_PKCS1V15_2048_SHA256", true, 1, false, false },
		  HM_R_SIG_INVALID },
		{ "pure Ed25519",
		  { HM_KEY_ED25519, 0, HM_SIG_ED25519PH, "PKIX_ED25519", false, 1, false, false },
		  HM_R_DATA_VALUE },
		{ "no such details",
		  { HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, "ML_DSA_44", true, 1, false, false },
		  HM_R_DATA_VALUE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
		struct hm_err err = { 0 };
		struct hm_str body = { 0 };
		sample_request(&rows[i].sample, &json);
		assert_refused(rows[i].name, hm_log_entry_make(hm_buf_str(&json), &arena, &body, &err), &err,
			       rows[i].want);
	}
}

/* A copy of text in which `from` stands as `to`; the test fails where it is not there. */
static void replaced(struct hm_str text, const char *from, const char *to, struct hm_buf *ret)
{
	ptrdiff_t at = hm_str_find(text, hm_str(from));

	if (at < 0)
		fail_msg("there is no %s", from);
	hm_buf_add_str(ret, hm_str_head(text, (size_t)at));
	hm_buf_add_cstr(ret, to);
	hm_buf_add_str(ret, hm_str_skip(text, (size_t)at + strlen(from)));
}

/* A good request, and the body of the entry that is made of it; that lies in the arena. */
static struct hm_str good_entry(struct hm_buf *json, struct hm_arena *arena)
{
	const struct sample sample = sample_p256(1);
	struct hm_str body = { 0 };
	struct hm_err err = { 0 };

	sample_request(&sample, json);
	assert_ok(hm_log_entry_make(hm_buf_str(json), arena, &body, &err), &err);
	return body;
}

/* What a good request becomes when one piece of its text is another. */
static void test_texts(void **state)
{
	(void)state;
	static const struct {
		const char *name, *from, *to;
		enum hm_reason want;
	} rows[] = {
		{ "as it is", "{", "{", HM_R_OK },
		{ "blanks", "{", " {\n", HM_R_OK },
		{ "snake case", "hashedRekordRequestV002", "hashed_rekord_request_v002", HM_R_OK },
		{ "snake case inside", "keyDetails", "key_details", HM_R_OK },
		{ "an enum's number", "\"" P256 "\"", "5", HM_R_OK },
		{ "another enum's number", "\"" P256 "\"", "12", HM_R_KEY_DETAILS },
		{ "an unknown number", "\"" P256 "\"", "99", HM_R_DATA_VALUE },
		{ "null is absent", "{\"hashed", "{\"dsseRequestV002\":null,\"hashed", HM_R_OK },
		{ "null for what must be", "\"" P256 "\"", "null", HM_R_DATA_MISSING },
		{ "a DSSE request beside it", "{\"hashed", "{\"dsseRequestV002\":{},\"hashed", HM_R_LOG_TYPE },
		{ "another type", "hashedRekordRequestV002", "dsseRequestV002", HM_R_LOG_TYPE },
		{ "an unknown type", "hashedRekordRequestV002", "rekordRequestV002", HM_R_DATA_UNKNOWN },
		{ "an unknown member", "\"digest\"", "\"extra\":1,\"digest\"", HM_R_DATA_UNKNOWN },
		{ "twice", "\"digest\"", "\"digest\":\"AA==\",\"digest\"", HM_R_JSON_DUPLICATE },
		{ "twice in two cases", "\"keyDetails\"", "\"key_details\":5,\"keyDetails\"", HM_R_JSON_DUPLICATE },
		{ "no Base64", "\"digest\":\"", "\"digest\":\"*", HM_R_DATA_VALUE },
		{ "no verifier", "\"verifier\"", "\"verifer\"", HM_R_DATA_UNKNOWN },
		{ "key and certificate", "\"x509Certificate\"",
		  "\"publicKey\":{\"rawBytes\":\"AA==\"},\"x509Certificate\"", HM_R_LOG_REQUEST },
		{ "no key", "\"x509Certificate\"", "\"x509Certificate\":null,\"keyDetails2\"", HM_R_DATA_UNKNOWN },
		{ "a certificate as a key", "\"x509Certificate\"", "\"publicKey\"", HM_R_KEY_FORMAT },
		{ "a broken certificate", "\"x509Certificate\":{\"rawBytes\":\"M",
		  "\"x509Certificate\":{\"rawBytes\":\"AAAAM", HM_R_X509_FORMAT },
		{ "no JSON", "{", "[", HM_R_DATA_KIND },
	};
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_arena_done) struct hm_arena all = hm_arena_init(4 * HM_MIB);
	struct hm_str wanted = good_entry(&json, &all);
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
		struct hm_str body = { 0 };
		replaced(hm_buf_str(&json), rows[i].from, rows[i].to, &text);
		enum hm_status st = hm_log_entry_make(hm_buf_str(&text), &arena, &body, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		if (!hm_str_eq(body, wanted))
			fail_msg("%s: another body", rows[i].name);
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	assert_refused("nothing", hm_log_entry_make(HM_STR("{}"), &arena, &wanted, &err), &err, HM_R_LOG_TYPE);
	assert_refused("no key",
		       hm_log_entry_make(HM_STR("{\"hashedRekordRequestV002\":{\"digest\":\"AA==\",\"signature\":"
						"{\"content\":\"AA==\",\"verifier\":{\"keyDetails\":5}}}}"),
					 &arena, &wanted, &err),
		       &err, HM_R_LOG_REQUEST);
}

/* An entry that was read back says what this log writes, in its very bytes. */
static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *name, *from, *to;
		enum hm_reason want;
	} rows[] = {
		{ "as it is", "{", "{", HM_R_OK },
		{ "another kind", "hashedrekord", "dsse", HM_R_LOG_ENTRY },
		{ "another version", "0.0.2", "0.0.3", HM_R_LOG_ENTRY },
		{ "a blank", "{", "{ ", HM_R_LOG_ENTRY },
		{ "more", "\"kind\"", "\"extra\":1,\"kind\"", HM_R_LOG_ENTRY },
		{ "another digest", "SHA2_256", "SHA2_384", HM_R_LOG_ENTRY },
		{ "another details", "P256_SHA_256", "P384_SHA_384", HM_R_KEY_DETAILS },
		{ "cut", "}", "", HM_R_LOG_ENTRY },
	};
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
	const struct hm_str body = good_entry(&json, &arena);
	struct hm_log_facts facts;
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		replaced(body, rows[i].from, rows[i].to, &text);
		enum hm_status st = hm_log_entry_facts(hm_buf_str(&text), true, &arena, &facts, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

/* HM_MAX_LOG_REQUEST, HM_TLOG_MAX_ENTRY */
static void test_limits(void **state)
{
	(void)state;
	const struct sample sample = sample_p256(1);

	for (size_t len = HM_MAX_LOG_REQUEST; len < HM_MAX_LOG_REQUEST + 2; len++) {
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
		struct hm_err err = { 0 };
		struct hm_str body = { 0 };
		sample_request(&sample, &json);
		while (json.len < len)
			hm_buf_add_char(&json, ' ');
		enum hm_status st = hm_log_entry_make(hm_buf_str(&json), &arena, &body, &err);
		if (len <= HM_MAX_LOG_REQUEST)
			assert_ok(st, &err);
		else
			assert_refused("long request", st, &err, HM_R_JSON_LIMIT);
	}
	sample_padding = 60000;
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
	struct hm_err err = { 0 };
	struct hm_str body = { 0 };
	sample_request(&sample, &json);
	sample_padding = 0;
	assert_true(json.len <= HM_MAX_LOG_REQUEST);
	assert_refused("long entry", hm_log_entry_make(hm_buf_str(&json), &arena, &body, &err), &err, HM_R_LIMIT);
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct sample sample = sample_p256(1);
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);

	sample_request(&sample, &json);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
		struct hm_log_facts facts;
		struct hm_err err = { 0 };
		struct hm_str body = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_log_entry_make(hm_buf_str(&json), &arena, &body, &err);
		if (st == HM_OK)
			st = hm_log_entry_facts(body, true, &arena, &facts, &err);
		if (walk_is_over(st, &err))
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),  cmocka_unit_test(test_refused_samples), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bodies), cmocka_unit_test(test_limits),          cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
