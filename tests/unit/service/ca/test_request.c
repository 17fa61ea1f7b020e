/* The bodies of requests: what Fulcio's clients send, what ProtoJSON allows, what is refused. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "service/ca/request.h"

static const struct {
	const char *name, *body;
	const char *token, *key, *proof, *csr; /* "": not there */
	enum hm_reason want;
} rows[] = {
	{ "Go's client",
	  "{\"publicKeyRequest\":{\"publicKey\":{\"algorithm\":\"ECDSA\",\"content\":\"K\"},"
	  "\"proofOfPossession\":\"cA==\"}}",
	  "", "K", "p", "", HM_R_OK },
	{ "sigstore-python's", "{\"certificateSigningRequest\":\"Yw==\"}", "", "", "", "c", HM_R_OK },
	{ "with credentials", "{\"credentials\":{\"oidcIdentityToken\":\"t\"}}", "t", "", "", "", HM_R_OK },
	{ "names of the proto file",
	  "{\"credentials\":{\"oidc_identity_token\":\"t\"},\"public_key_request\":{\"public_key\":{\"content\":\"K\"},"
	  "\"proof_of_possession\":\"cA\"}}",
	  "t", "K", "p", "", HM_R_OK },
	{ "Base64 of URLs", "{\"certificate_signing_request\":\"_-8\"}", "", "", "", "\xff\xef", HM_R_OK },
	{ "nulls", "{\"credentials\":null,\"publicKeyRequest\":null,\"certificateSigningRequest\":\"Yw==\"}", "", "",
	  "", "c", HM_R_OK },
	{ "unknown members", "{\"x\":{\"y\":[1]},\"credentials\":{\"z\":1,\"oidcIdentityToken\":\"t\"}}", "t", "", "",
	  "", HM_R_OK },
	{ "any algorithm", "{\"publicKeyRequest\":{\"publicKey\":{\"algorithm\":7,\"content\":\"K\"}}}", "", "K", "",
	  "", HM_R_OK },
	{ "nothing", "{}", "", "", "", "", HM_R_OK },
	{ "empty", "", "", "", "", "", HM_R_CA_REQUEST },
	{ "no object", "\"x\"", "", "", "", "", HM_R_CA_REQUEST },
	{ "more behind", "{}{}", "", "", "", "", HM_R_CA_REQUEST },
	{ "token of another kind", "{\"credentials\":{\"oidcIdentityToken\":1}}", "", "", "", "", HM_R_CA_REQUEST },
	{ "key of another kind", "{\"publicKeyRequest\":{\"publicKey\":\"K\"}}", "", "", "", "", HM_R_CA_REQUEST },
	{ "no Base64", "{\"certificateSigningRequest\":\"?\"}", "", "", "", "", HM_R_CA_REQUEST },
	{ "both", "{\"publicKeyRequest\":{},\"certificateSigningRequest\":\"Yw==\"}", "", "", "", "", HM_R_CA_REQUEST },
	{ "twice", "{\"credentials\":{},\"credentials\":{}}", "", "", "", "", HM_R_CA_REQUEST },
	{ "twice, by two names", "{\"publicKeyRequest\":{},\"public_key_request\":{}}", "", "", "", "",
	  HM_R_CA_REQUEST },
	{ "no UTF-8", "{\"credentials\":{\"oidcIdentityToken\":\"\xff\"}}", "", "", "", "", HM_R_CA_REQUEST },
};

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_ca_request r;
		struct hm_err err = { 0 };
		enum hm_status st = hm_ca_request_parse(hm_str(rows[i].body), &arena, &r, &err);

		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		if (!hm_str_is(r.token, rows[i].token) || !hm_str_is(r.public_key, rows[i].key) ||
		    !hm_str_is(r.proof, rows[i].proof) || !hm_str_is(r.csr, rows[i].csr))
			fail_msg("%s", rows[i].name);
	}
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(2 * HM_MAX_CA_REQUEST);
	HM_OWN(hm_freep) char *text = hm_asprintf("{}%*s", (int)(HM_MAX_CA_REQUEST - 2), "");
	HM_OWN(hm_freep) char *deep = hm_asprintf("%0*d", 40, 0);
	struct hm_ca_request r;
	struct hm_err err = { 0 };

	assert_ok(hm_ca_request_parse(hm_str(text), &arena, &r, &err), &err);
	assert_refused("one byte more", hm_ca_request_parse(hm_str_of(text, HM_MAX_CA_REQUEST + 1), &arena, &r, &err),
		       &err, HM_R_CA_TOO_LARGE);
	memset(deep, '[', 40);
	HM_OWN(hm_freep) char *body = hm_asprintf("{\"x\":%s", deep);
	assert_refused("deep", hm_ca_request_parse(hm_str(body), &arena, &r, &err), &err, HM_R_CA_REQUEST);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned long n = 0;
		enum hm_status st;

		do {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
			struct hm_ca_request r;
			hm_mem_fail_at(++n);
			st = hm_ca_request_parse(hm_str(rows[i].body), &arena, &r, NULL);
			assert_true(st == hm_reason_status(rows[i].want) || st == HM_ENOMEM);
		} while (hm_mem_has_failed() && n < 1000);
		hm_mem_fail_at(0);
		assert_int_equal(st, hm_reason_status(rows[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("service/ca request", tests, NULL, NULL);
}
