/* The JSON form of a request: each member, and each way in which one is refused. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/oid.h"
#include "service/tsa/request.h"

/* Of 32, 48 and 64 bytes. */
#define B32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define B48 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"
#define B64 B48 "MDEyMzQ1Njc4OTo7PD0+Pw=="

static void test_table(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		enum hm_reason want;
		const char *nonce; /* of a good one: content in DER */
		size_t nonce_len;
	} rows[] = {
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\"}", HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"SHA256\",\"other\":[1]}", HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B48 "\",\"hashAlgorithm\":\"sha384\",\"certificates\":true}", HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B64 "\",\"hashAlgorithm\":\"sha512\",\"nonce\":null}", HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":0}", HM_R_OK, "\0", 1 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":127}", HM_R_OK, "\x7f", 1 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":128}", HM_R_OK, "\0\x80", 2 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":256}", HM_R_OK, "\1\0", 2 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":18446744073709551615}", HM_R_OK,
		  "\0\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"tsaPolicyOID\":\"\"}", HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B32
		  "\",\"hashAlgorithm\":\"sha256\",\"tsaPolicyOID\":\"1.3.6.1.4.1.57264.2\"}",
		  HM_R_OK, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"tsaPolicyOID\":\"x\"}",
		  HM_R_TSP_REQUEST, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha1\"}", HM_R_TSP_ALGORITHM, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha384\"}", HM_R_TSP_ALGORITHM, "", 0 },
		{ "{\"artifactHash\":\"\",\"hashAlgorithm\":\"sha256\"}", HM_R_TSP_ALGORITHM, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":-1}", HM_R_TSP_REQUEST, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":1e3}", HM_R_TSP_REQUEST, "",
		  0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":\"1\"}", HM_R_TSP_REQUEST, "",
		  0 },
		{ "{\"hashAlgorithm\":\"sha256\"}", HM_R_DATA_MISSING, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\"}", HM_R_DATA_MISSING, "", 0 },
		{ "{\"artifactHash\":\"AA=A\",\"hashAlgorithm\":\"sha256\"}", HM_R_DATA_VALUE, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"Nonce\":1}", HM_R_DATA_UNKNOWN, "", 0 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\"} x", HM_R_JSON_SYNTAX, "", 0 },
		{ "[]", HM_R_DATA_KIND, "", 0 },
		{ "", HM_R_JSON_SYNTAX, "", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_tsp_request request;
		struct hm_err err = { 0 };
		enum hm_status st = hm_tsa_request_json(hm_str(rows[i].json), &arena, &request, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].json, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_eq(request.nonce, hm_str_of(rows[i].nonce, rows[i].nonce_len)));
		assert_int_equal(request.imprint.len, hm_digest_len(request.imprint.alg));
		assert_int_equal(request.imprint.b[31], 31);
		assert_true(request.policy.len == 0 || hm_str_eq(request.policy, HM_OID_SIGSTORE_TSA));
		assert_int_equal(request.cert_req, strstr(rows[i].json, "certificates") != NULL);
	}
}

/* HM_MAX_TSP_NONCE, HM_MAX_TSA_JSON */
static void test_limits(void **state)
{
	(void)state;
	for (int digits = 150; digits < 160; digits++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		struct hm_tsp_request request;
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&json, "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":");
		for (int i = 0; i < digits; i++)
			hm_buf_add_char(&json, '9');
		hm_buf_add_char(&json, '}');
		enum hm_status st = hm_tsa_request_json(hm_buf_str(&json), &arena, &request, &err);
		/* 10^153 is below 2^511 and 10^154 above */
		if (digits <= 153)
			assert_ok(st, &err);
		else
			assert_refused("long nonce", st, &err, HM_R_LIMIT);
	}
	for (size_t len = HM_MAX_TSA_JSON; len < HM_MAX_TSA_JSON + 2; len++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		struct hm_tsp_request request;
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&json, "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\"}");
		while (json.len < len)
			hm_buf_add_char(&json, ' ');
		enum hm_status st = hm_tsa_request_json(hm_buf_str(&json), &arena, &request, &err);
		if (len <= HM_MAX_TSA_JSON)
			assert_ok(st, &err);
		else
			assert_refused("long request", st, &err, HM_R_JSON_LIMIT);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_str json = HM_STR("{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":5,"
					  "\"tsaPolicyOID\":\"1.3.6.1.4.1.57264.2\"}");
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_tsp_request request;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_tsa_request_json(json, &arena, &request, &err);
		if (walk_is_over(st, &err))
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
