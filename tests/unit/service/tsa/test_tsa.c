/* The authority: made once, asked in both forms, refusing as RFC 3161 has it, and never against its clock. */
#include "../state.h"

#include "base/limits.h"
#include "crypto/oid.h"
#include "crypto/tsp.h"
#include "service/tsa/tsa.h"

#include <sys/stat.h>

#define B32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct hm_tsa *open_tsa(void)
{
	const struct hm_tsa_opts opts = { .dir = folder, .fx = &fx };
	struct hm_tsa *tsa = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_tsa_open(&opts, &tsa, &err), &err);
	return tsa;
}

static struct hm_digest digest_of(enum hm_digest_alg alg)
{
	struct hm_digest digest = { .alg = alg, .len = hm_digest_len(alg) };

	for (size_t i = 0; i < digest.len; i++)
		digest.b[i] = (uint8_t)i;
	return digest;
}

static int ask(struct hm_tsa *tsa, const char *method, const char *path, const char *type, struct hm_str body,
	       struct hm_http_response *res)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_freep) char *url = hm_asprintf("http://tsa%s", path);
	const struct hm_http_endpoint endpoint = hm_tsa_endpoint(tsa);

	hm_http_request_init(&req, method, hm_str(url));
	if (type)
		hm_http_request_set_body(&req, type, body);
	hm_http_response_init(res, HM_MAX_HTTP_BODY);
	(void)!hm_http_answer(&endpoint, &req, res, NULL);
	return res->status;
}

static void verify(const struct hm_tsa *tsa, struct hm_str der, const struct hm_digest *digest, struct hm_str nonce,
		   bool has_certs)
{
	struct hm_x509_pool *pool = NULL;
	struct hm_tsp_token token;
	struct hm_err err = { 0 };
	size_t count = 0;

	const struct hm_cert *chain = hm_tsa_chain(tsa, &count);
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	for (size_t i = 0; i < count; i++)
		assert_ok(hm_x509_pool_add(pool, chain[i].der, i + 1 == count, &err), &err);
	const struct hm_tsp_query query = { digest, nonce, pool };
	assert_ok(hm_tsp_parse(der, &token, &err), &err);
	assert_ok(hm_tsp_verify(&token, &query, NULL, &err), &err);
	assert_int_equal(token.time_s, now_s);
	assert_true(hm_str_eq(token.policy, HM_OID_SIGSTORE_TSA));
	assert_int_equal(token.certs_len > 0, has_certs);
	hm_x509_pool_free(pool);
}

static void test_stamps(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = open_tsa();
	static const struct {
		enum hm_digest_alg alg;
		const char *nonce;
		size_t nonce_len;
		bool cert_req, with_policy;
	} rows[] = {
		{ HM_SHA256, "\x01\x02\x03\x04", 4, true, false },
		{ HM_SHA384, "\x7f", 1, false, true },
		{ HM_SHA512, "", 0, true, true },
		{ HM_SHA256, "", 0, false, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_KIB);
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		struct hm_tsp_request request = { .imprint = digest_of(rows[i].alg), .cert_req = rows[i].cert_req };
		request.nonce = hm_str_of(rows[i].nonce, rows[i].nonce_len);
		if (rows[i].with_policy)
			request.policy = HM_OID_SIGSTORE_TSA;
		hm_tsp_request_encode(&request, &der);
		assert_int_equal(
		    ask(tsa, "POST", "/api/v1/timestamp", "application/timestamp-query", hm_buf_str(&der), &res), 200);
		assert_true(hm_http_is_type(&res.head, "application/timestamp-reply"));
		verify(tsa, hm_buf_str(&res.body), &request.imprint, request.nonce, rows[i].cert_req);
	}
}

static void test_json(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = open_tsa();
	static const struct {
		const char *json;
		int status;
	} rows[] = {
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"nonce\":258,\"certificates\":true}",
		  200 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha1\",\"nonce\":258}", 400 },
		{ "{\"artifactHash\":\"" B32 "\",\"hashAlgorithm\":\"sha256\",\"tsaPolicyOID\":\"1.2.3\"}", 400 },
		{ "{", 400 },
	};
	const struct hm_digest digest = digest_of(HM_SHA256);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		assert_int_equal(ask(tsa, "POST", "/api/v1/timestamp", "application/json", hm_str(rows[i].json), &res),
				 rows[i].status);
		if (rows[i].status == 200)
			verify(tsa, hm_buf_str(&res.body), &digest, HM_STR("\1\2"), true);
		else
			assert_true(hm_http_is_type(&res.head, "application/json"));
	}
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	assert_int_equal(ask(tsa, "POST", "/api/v1/timestamp", "text/plain", HM_STR("x"), &res), 415);
}

/* Whether a refusal carries that bit: the one BIT STRING of the reply. */
static void assert_bit(const char *name, struct hm_str der, enum hm_tsp_failure want)
{
	HM_OWN(hm_buf_done) struct hm_buf bits = hm_buf_init(HM_KIB);
	struct hm_tsp_token token;
	struct hm_err err = { 0 };

	assert_refused(name, hm_tsp_parse(der, &token, &err), &err, HM_R_TSP_STATUS);
	hm_tsp_refusal(want, HM_STR(""), &bits);
	/* both end in the failure's bits */
	const struct hm_str have = hm_str_skip(der, der.len - 3), wanted = hm_str_skip(hm_buf_str(&bits), bits.len - 3);
	if (!hm_str_eq(have, wanted))
		fail_msg("%s: another failure bit", name);
}

static void test_refusals(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = open_tsa();
	const struct hm_digest digest = digest_of(HM_SHA256);
	char long_nonce[HM_MAX_TSP_NONCE + 1];

	memset(long_nonce, 1, sizeof(long_nonce));
	const struct {
		const char *name;
		struct hm_tsp_request request;
		struct hm_str der; /* in place of the request */
		int64_t time_s;
		enum hm_tsp_failure want;
	} rows[] = {
		{ "no DER", { .cert_req = false }, HM_STR("nonsense"), NOW, HM_TSP_BAD_DATA_FORMAT },
		{ "nothing", { .cert_req = false }, HM_STR(""), NOW, HM_TSP_BAD_DATA_FORMAT },
		{ "SHA-1",
		  { .cert_req = false },
		  hm_str_of("\x30\x26\x02\x01\x01\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
			    "aaaaaaaaaaaaaaaaaaaa",
			    40),
		  NOW,
		  HM_TSP_BAD_ALG },
		{ "another policy",
		  { .imprint = digest, .policy = HM_OID_EKU_ANY },
		  { 0 },
		  NOW,
		  HM_TSP_UNACCEPTED_POLICY },
		{ "a long nonce",
		  { .imprint = digest, .nonce = hm_str_of(long_nonce, sizeof(long_nonce)) },
		  { 0 },
		  NOW,
		  HM_TSP_BAD_REQUEST },
		{ "before the certificate", { .imprint = digest }, { 0 }, NOW - 3600, HM_TSP_TIME_NOT_AVAILABLE },
		{ "after the certificate", { .imprint = digest }, { 0 }, NOW * 2, HM_TSP_TIME_NOT_AVAILABLE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_KIB);
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		if (rows[i].request.imprint.len > 0)
			hm_tsp_request_encode(&rows[i].request, &der);
		else
			hm_buf_add_str(&der, rows[i].der);
		now_s = rows[i].time_s;
		int status =
		    ask(tsa, "POST", "/api/v1/timestamp", "application/timestamp-query", hm_buf_str(&der), &res);
		if (status != 200)
			fail_msg("%s: status %d", rows[i].name, status);
		assert_true(hm_http_is_type(&res.head, "application/timestamp-reply"));
		assert_bit(rows[i].name, hm_buf_str(&res.body), rows[i].want);
	}
}

static void test_clock(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = open_tsa();
	static const struct {
		int64_t time_s;
		bool is_good;
	} rows[] = { { NOW + 10, true }, { NOW + 9, true },  { NOW + 8, false },
		     { NOW + 10, true }, { NOW + 11, true }, { NOW + 9, false } };
	struct hm_tsp_request request = { .imprint = digest_of(HM_SHA256) };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_KIB);
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		hm_tsp_request_encode(&request, &der);
		now_s = rows[i].time_s;
		assert_int_equal(
		    ask(tsa, "POST", "/api/v1/timestamp", "application/timestamp-query", hm_buf_str(&der), &res), 200);
		if (rows[i].is_good)
			verify(tsa, hm_buf_str(&res.body), &request.imprint, (struct hm_str){ 0 }, false);
		else
			assert_bit("clock", hm_buf_str(&res.body), HM_TSP_TIME_NOT_AVAILABLE);
	}
}

static void test_made_once(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = open_tsa();
	HM_OWN(hm_freep) char *key = hm_asprintf("%s/key.pem", folder), *chain = hm_asprintf("%s/chain.pem", folder);
	HM_OWN(hm_http_response_done) struct hm_http_response res, ping;
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, again = { 0 };
	const struct hm_tsa_opts opts = { .dir = folder, .fx = &fx };
	struct hm_err err = { 0 };
	struct hm_tsa *other = NULL;
	struct stat st;

	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(hm_file_read(chain, HM_MIB, &text, &err), &err);
	assert_int_equal(ask(tsa, "GET", "/api/v1/timestamp/certchain", NULL, (struct hm_str){ 0 }, &res), 200);
	assert_true(hm_http_is_type(&res.head, "application/pem-certificate-chain"));
	assert_true(hm_str_eq(hm_buf_str(&res.body), hm_buf_str(&text)));
	assert_int_equal(ask(tsa, "GET", "/ping", NULL, (struct hm_str){ 0 }, &ping), 200);
	tsa = hm_tsa_free(tsa);
	tsa = open_tsa();
	assert_ok(hm_file_read(chain, HM_MIB, &again, &err), &err);
	assert_true(hm_str_eq(hm_buf_str(&again), hm_buf_str(&text)));

	/* a start that was killed behind the key makes the chain; one whose key is another is refused */
	assert_int_equal(unlink(chain), 0);
	tsa = hm_tsa_free(tsa);
	tsa = open_tsa();
	assert_int_equal(unlink(key), 0);
	assert_refused("other key", hm_tsa_open(&opts, &other, &err), &err, HM_R_TSA_CHAIN);
	assert_int_equal(chmod(key, 0640), 0);
	assert_refused("open key", hm_tsa_open(&opts, &other, &err), &err, HM_R_STORE_KEY_MODE);
	assert_int_equal(chmod(key, 0600), 0);
	/* a chain that is the root alone, as if it could stamp */
	const char *second = strstr(text.ptr + 1, "-----BEGIN");
	assert_non_null(second);
	assert_ok(hm_file_save(chain, hm_str(second), 0644, &err), &err);
	assert_refused("root alone", hm_tsa_open(&opts, &other, &err), &err, HM_R_TSA_CHAIN);
}

static void test_must_exist(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/none", folder);
	const struct hm_tsa_opts opts = { .dir = path, .must_exist = true };
	struct hm_tsa *tsa = NULL;
	struct hm_err err = { 0 };

	assert_refused("none", hm_tsa_open(&opts, &tsa, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_false(hm_path_is_there(path));
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_tsa_freep) struct hm_tsa *first = open_tsa(); /* so that the rest only opens it */
	const struct hm_tsp_request request = { .imprint = digest_of(HM_SHA256), .cert_req = true };
	const struct hm_tsa_opts opts = { .dir = folder, .fx = &fx };
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_KIB);

	assert_non_null(first);
	hm_tsp_request_encode(&request, &der);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_tsa_freep) struct hm_tsa *tsa = NULL;
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_tsa_open(&opts, &tsa, &err);
		int status = 0;
		if (st == HM_OK)
			status = ask(tsa, "POST", "/api/v1/timestamp", "application/timestamp-query", hm_buf_str(&der),
				     &res);
		const bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (st != HM_OK)
			assert_int_equal(st, HM_ENOMEM);
		else if (!has_failed)
			assert_int_equal(status, 200);
		if (!has_failed)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(test_stamps),    with_folder(test_json),      with_folder(test_refusals),
		with_folder(test_clock),     with_folder(test_made_once), with_folder(test_must_exist),
		with_folder(test_no_memory),
	};
	return cmocka_run_group_tests_name("tsa", tests, NULL, NULL);
}
