/*
 * A CA with an issuer of tokens that can be made to say anything: for the tests of service/ca.
 */
#ifndef HM_TESTS_SERVICE_CA_INSTANCE_H
#define HM_TESTS_SERVICE_CA_INSTANCE_H

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "crypto/jwt.h"
#include "data/json.h"
#include "data/json_write.h"
#include "http/transport.h"
#include "service/ca/ca.h"

#include <stdatomic.h>

#define ISSUER "https://issuer.test"
#define CA     "https://ca.test"
#define EMAIL  "me@issuer.test"

static const int64_t start_s = 1800000000;

/* What the tests turn. */
struct world {
	int64_t now_s;
	char *folder;
	struct hm_signer issuer_key;
	const char *discovery; /* NULL: the right one */
	const char *keys;      /* NULL: the right ones */
	int status;            /* of both documents; 0: 200 */
	atomic_uint asked;     /* how often the keys were asked for */
	atomic_llong more_s;   /* added to now_s, by threads */
	struct hm_local_origin origins[2];
	struct hm_local local;
	struct hm_transport transport;
	struct hm_ca *ca;
};

static struct world world;

static int64_t world_now(void *ctx)
{
	(void)ctx;
	return (world.now_s + atomic_load(&world.more_s)) * INT64_C(1000000000);
}

static enum hm_status world_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	return hm_random(hm_effects_system(), ret_bytes, len, err);
}

static const struct hm_effects world_fx = { NULL, world_now, world_random };

static enum hm_status answer_issuer(void *service, const struct hm_http_request *request,
				    struct hm_http_response *response, struct hm_err *err)
{
	const struct hm_key *key = &world.issuer_key.key;
	const char *text = "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" ISSUER "/keys\",\"x\":1}";

	(void)service;
	response->status = world.status ? world.status : 200;
	if (hm_str_is(request->path, "/keys")) {
		atomic_fetch_add(&world.asked, 1);
		if (!world.keys)
			return hm_jwks_encode(&key, 1, &response->body, err);
		text = world.keys;
	} else if (world.discovery) {
		text = world.discovery;
	}
	hm_buf_add_cstr(&response->body, text);
	return HM_OK;
}

static inline enum hm_status open_ca(struct hm_ca **ret_ca, struct hm_err *err)
{
	static const struct hm_ca_issuer issuers[] = { { ISSUER, "sigstore", false } };
	HM_OWN(hm_freep) char *dir = hm_asprintf("%s/ca", world.folder);

	if (!dir)
		return hm_fail(err, HM_R_NO_MEMORY, "a path");
	const struct hm_ca_opts opts = { .dir = dir,
					 .issuers = issuers,
					 .issuers_count = COUNT(issuers),
					 .transport = &world.transport,
					 .fx = &world_fx };
	return hm_ca_open(&opts, ret_ca, err);
}

static inline int world_make(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.now_s = start_s;
	if (hm_dir_make_temp("/tmp", "ca-", &world.folder, NULL) != HM_OK ||
	    hm_signer_generate(HM_KEY_P256, 0, &world.issuer_key, NULL) != HM_OK)
		return -1;
	world.origins[0] = (struct hm_local_origin){ ISSUER, { answer_issuer, NULL } };
	world.local = (struct hm_local){ .origins = world.origins, .count = 1 };
	world.transport = hm_transport_local(&world.local);
	if (open_ca(&world.ca, NULL) != HM_OK)
		return -1;
	world.origins[1] = (struct hm_local_origin){ CA, { hm_ca_handle, world.ca } };
	world.local.count = 2;
	return 0;
}

static inline int world_drop(void **state)
{
	(void)state;
	hm_ca_free(world.ca);
	hm_signer_done(&world.issuer_key);
	enum hm_status st = hm_tree_remove(world.folder, NULL);
	free(world.folder);
	return st == HM_OK ? 0 : -1;
}

/* A token of claims, as the issuer signs it. The caller frees. */
static inline char *token_of(const char *claims, const struct hm_signer *signer)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MAX_JWT);
	struct hm_err err = { 0 };

	assert_ok(hm_jwt_sign(signer, hm_str(claims), &buf, &err), &err);
	return hm_buf_take_cstr(&buf);
}

/* The claims of a token that is right in all but what a test changes. */
struct claims {
	const char *iss, *aud, *email, *verified; /* verified: JSON; NULL leaves a claim out */
	int64_t iat_s, exp_s;                     /* from start_s on */
	const char *more;                         /* members, each with a comma before it */
};

static const struct claims good_claims = { ISSUER, "\"sigstore\"", EMAIL, "true", 0, 300, "" };

static inline char *claims_text(const struct claims *c)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(8 * HM_MIB);

	hm_buf_addf(&buf, "{\"sub\":\"me\",\"iat\":%lld,\"exp\":%lld", (long long)(start_s + c->iat_s),
		    (long long)(start_s + c->exp_s));
	if (c->iss)
		hm_buf_addf(&buf, ",\"iss\":\"%s\"", c->iss);
	if (c->aud)
		hm_buf_addf(&buf, ",\"aud\":%s", c->aud);
	if (c->email)
		hm_buf_addf(&buf, ",\"email\":\"%s\"", c->email);
	if (c->verified)
		hm_buf_addf(&buf, ",\"email_verified\":%s", c->verified);
	hm_buf_addf(&buf, "%s}", c->more ? c->more : "");
	return hm_buf_take_cstr(&buf);
}

static inline char *good_token(void)
{
	HM_OWN(hm_freep) char *text = claims_text(&good_claims);

	return token_of(text, &world.issuer_key);
}

/* The body of a request for a certificate. The caller frees. */
static inline char *body_of(const char *token, struct hm_str public_key, struct hm_str proof)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(8 * HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);

	hm_json_object(&w);
	hm_json_key(&w, "credentials");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "oidcIdentityToken", token);
	hm_json_object_end(&w);
	hm_json_key(&w, "publicKeyRequest");
	hm_json_object(&w);
	hm_json_key(&w, "publicKey");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "algorithm", "ECDSA");
	hm_json_member_str(&w, "content", public_key);
	hm_json_object_end(&w);
	hm_json_member_base64(&w, "proofOfPossession", proof.ptr, proof.len);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	return hm_buf_take_cstr(&buf);
}

/* The same with what belongs there. */
static inline char *body_for(const char *token, const struct hm_signer *signer, const char *challenge)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(8 * HM_MIB), proof = hm_buf_init(8 * HM_MIB);
	struct hm_err err = { 0 };

	hm_key_encode_pem(&signer->key, &pem);
	assert_ok(hm_signer_sign(signer, hm_key_sig(&signer->key), hm_str(challenge), &proof, &err), &err);
	return body_of(token, hm_buf_str(&pem), hm_buf_str(&proof));
}

/* Ask the CA. The response is the caller's. */
static inline struct hm_http_response ask(const char *method, const char *path, const char *body, const char *bearer)
{
	HM_OWN(hm_freep) char *url = hm_asprintf("%s%s", CA, path);
	HM_OWN(hm_http_request_done) struct hm_http_request request;
	struct hm_http_response response = { 0 };
	struct hm_err err = { 0 };

	hm_http_request_init(&request, method, hm_str(url));
	if (body)
		hm_http_request_set_body(&request, "application/json", hm_str(body));
	if (bearer)
		hm_http_addf(&request.head, "Authorization", "Bearer %s", bearer);
	assert_ok(hm_transport_ask(&world.transport, &request, NULL, &response, &err), &err);
	return response;
}

#endif
