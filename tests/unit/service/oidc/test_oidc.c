/* The local issuer: what it serves, what its tokens say, what it refuses. */
#include "../state.h"

#include "base/limits.h"
#include "crypto/jwt.h"
#include "data/json.h"
#include "http/transport.h"
#include "service/oidc/oidc.h"

#define ISSUER "https://issuer.test"

static struct hm_oidc *open_issuer(void)
{
	const struct hm_oidc_opts opts = { folder, ISSUER, &fx };
	struct hm_oidc *oidc = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_oidc_open(&opts, &oidc, &err), &err);
	return oidc;
}

static struct hm_buf get(struct hm_oidc *oidc, const char *url)
{
	const struct hm_local_origin origin = { ISSUER, { hm_oidc_handle, oidc } };
	const struct hm_local local = { .origins = &origin, .count = 1 };
	const struct hm_transport transport = hm_transport_local(&local);
	struct hm_buf body = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_transport_get(&transport, hm_str(url), "application/json", NULL, &body, &err), &err);
	return body;
}

static void test_discovery(void **state)
{
	(void)state;
	HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = open_issuer();
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(65536);
	HM_OWN(hm_buf_done) struct hm_buf text = get(oidc, ISSUER "/.well-known/openid-configuration");
	struct hm_value doc;
	struct hm_err err = { 0 };

	assert_ok(hm_json_parse(hm_buf_str(&text), NULL, &arena, &doc, &err), &err);
	assert_true(hm_value_is_str(hm_value_get(&doc, "issuer"), HM_STR(ISSUER)));
	assert_true(hm_value_is_str(hm_value_get(&doc, "jwks_uri"), HM_STR(ISSUER "/.well-known/jwks")));
	assert_true(hm_value_is_str(hm_value_at(hm_value_get(&doc, "id_token_signing_alg_values_supported"), 0),
				    HM_STR("ES256")));
	assert_null(hm_value_get(&doc, "token_endpoint"));
}

/* The published keys check the token of another handle on the same directory; the key is made once. */
static void test_token(void **state)
{
	(void)state;
	HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = open_issuer();
	HM_OWN(hm_oidc_freep) struct hm_oidc *again = open_issuer();
	HM_OWN(hm_buf_done) struct hm_buf keys = get(again, ISSUER "/.well-known/jwks");
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(65536);
	HM_OWN(hm_secret_done) struct hm_secret token = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret other = { 0 };
	HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
	const struct hm_oidc_claims claims = { HM_STR("me"), HM_STR("sigstore"), HM_STR("me@issuer.test"), 300 };
	const struct hm_jwt_expect expect = { HM_STR(ISSUER), HM_STR("sigstore"), now_s, 0 };
	const struct hm_jwt_expect later = { HM_STR(ISSUER), HM_STR("sigstore"), now_s + 301, 0 };
	struct hm_value values;
	struct hm_jws jws;
	struct hm_err err = { 0 };

	assert_ok(hm_oidc_issue(oidc, &claims, &token, &err), &err);
	assert_ok(hm_jwks_parse(hm_buf_str(&keys), &jwks, &err), &err);
	assert_ok(hm_jws_parse(hm_secret_str(&token), &arena, &jws, &err), &err);
	assert_ok(hm_jws_verify(&jws, &jwks, &err), &err);
	assert_ok(hm_jwt_claims(&jws, &arena, &values, &err), &err);
	assert_ok(hm_jwt_check(&values, &expect, &err), &err);
	assert_refused("later", hm_jwt_check(&values, &later, &err), &err, HM_R_JWT_EXPIRED);
	assert_true(hm_value_is_str(hm_value_get(&values, "sub"), HM_STR("me")));
	assert_true(hm_value_is_str(hm_value_get(&values, "email"), HM_STR("me@issuer.test")));
	assert_true(hm_value_get(&values, "email_verified")->truth);

	assert_ok(hm_oidc_issue(oidc, &claims, &other, &err), &err);
	assert_false(hm_str_eq(hm_secret_str(&token), hm_secret_str(&other)));
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_oidc_claims claims;
		enum hm_reason want;
	} rows[] = {
		{ "no time", { HM_STR("s"), HM_STR("a"), { 0 }, 0 }, HM_R_USAGE },
		{ "too long", { HM_STR("s"), HM_STR("a"), { 0 }, HM_MAX_TOKEN_LIFETIME_S + 1 }, HM_R_USAGE },
		{ "no subject", { { 0 }, HM_STR("a"), { 0 }, 60 }, HM_R_USAGE },
		{ "no audience", { HM_STR("s"), { 0 }, { 0 }, 60 }, HM_R_USAGE },
		{ "no UTF-8", { HM_STR("\xff"), HM_STR("a"), { 0 }, 60 }, HM_R_JSON_ENCODING },
	};
	static const struct {
		const char *issuer;
		enum hm_reason want;
	} issuers[] = {
		{ "https://issuer.test/", HM_R_USAGE },  { "https://issuer.test/path", HM_R_USAGE },
		{ "https://Issuer.test", HM_R_USAGE },   { "https://issuer.test:443", HM_R_USAGE },
		{ "ftp://issuer.test", HM_R_HTTP_URL },  { "https://me@issuer.test", HM_R_HTTP_URL },
		{ "https://issuer.test?a", HM_R_USAGE }, { "", HM_R_HTTP_URL },
	};
	HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = open_issuer();
	struct hm_err err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_secret token = { 0 };
		err = (struct hm_err){ 0 };
		assert_refused(rows[i].name, hm_oidc_issue(oidc, &rows[i].claims, &token, &err), &err, rows[i].want);
		assert_null(token.ptr);
	}
	for (size_t i = 0; i < COUNT(issuers); i++) {
		const struct hm_oidc_opts opts = { folder, issuers[i].issuer, &fx };
		struct hm_oidc *made = NULL;
		err = (struct hm_err){ 0 };
		assert_refused(issuers[i].issuer, hm_oidc_open(&opts, &made, &err), &err, issuers[i].want);
	}
}

/* Nothing else answers, and nothing makes tokens for whoever asks. */
static void test_routes(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		int want;
	} rows[] = {
		{ "GET", "/.well-known/openid-configuration", 200 },
		{ "HEAD", "/.well-known/jwks", 200 },
		{ "POST", "/.well-known/jwks", 405 },
		{ "POST", "/token", 404 },
		{ "GET", "/token", 404 },
		{ "GET", "/key.pem", 404 },
		{ "GET", "/.well-known/", 404 },
	};
	HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = open_issuer();
	const struct hm_http_endpoint endpoint = { hm_oidc_handle, oidc };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_request_done) struct hm_http_request request;
		HM_OWN(hm_http_response_done) struct hm_http_response response;
		HM_OWN(hm_freep) char *url = hm_asprintf("%s%s", ISSUER, rows[i].path);
		struct hm_err err = { 0 };

		hm_http_request_init(&request, rows[i].method, hm_str(url));
		hm_http_response_init(&response, 65536);
		(void)!hm_http_answer(&endpoint, &request, &response, &err);
		if (response.status != rows[i].want)
			fail_msg("%s %s: %d", rows[i].method, rows[i].path, response.status);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_oidc_claims claims = { HM_STR("me"), HM_STR("sigstore"), HM_STR("me@issuer.test"), 300 };
	const struct hm_oidc_opts opts = { folder, ISSUER, &fx };
	unsigned long n = 0;
	enum hm_status st;

	do {
		HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = NULL;
		HM_OWN(hm_secret_done) struct hm_secret token = { 0 };
		hm_mem_fail_at(++n);
		st = hm_oidc_open(&opts, &oidc, NULL);
		if (st == HM_OK)
			st = hm_oidc_issue(oidc, &claims, &token, NULL);
		assert_true(st == HM_OK || st == HM_ENOMEM);
	} while (hm_mem_has_failed() && n < 1000);
	hm_mem_fail_at(0);
	assert_int_equal(st, HM_OK);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_discovery), cmocka_unit_test(test_token),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_routes),    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("service/oidc", tests, make_folder, drop_folder);
}
