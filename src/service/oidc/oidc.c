#include "service/oidc/oidc.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/jwt.h"
#include "http/url.h"
#include "store/signer.h"

struct hm_oidc {
	const struct hm_effects *fx;
	struct hm_signer signer;
	char issuer[HM_ORIGIN_LEN];
};

struct hm_oidc *hm_oidc_free(struct hm_oidc *oidc)
{
	if (oidc)
		hm_signer_done(&oidc->signer);
	free(oidc);
	return NULL;
}

void hm_oidc_freep(struct hm_oidc **oidc)
{
	*oidc = hm_oidc_free(*oidc);
}

/* Its documents stand at the host's root, so the URL has to be that of a host alone. */
static enum hm_status take_issuer(const char *text, char ret_issuer[HM_ORIGIN_LEN], struct hm_err *err)
{
	struct hm_url url;

	enum hm_status st = hm_url_parse(hm_str(text), &url, err);
	if (st != HM_OK)
		return st;
	hm_url_origin(&url, ret_issuer);
	if (strcmp(text, ret_issuer) != 0)
		return hm_fail(err, HM_R_USAGE, "an issuer's URL is like '%s', without a path, and not '%s'",
			       ret_issuer, text);
	return HM_OK;
}

enum hm_status hm_oidc_open(const struct hm_oidc_opts *opts, struct hm_oidc **ret_oidc, struct hm_err *err)
{
	HM_OWN(hm_oidc_freep) struct hm_oidc *oidc = hm_calloc(1, sizeof(*oidc));
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };

	if (!oidc)
		return hm_fail(err, HM_R_NO_MEMORY, "open the OIDC issuer");
	oidc->fx = opts->fx ? opts->fx : hm_effects_system();
	enum hm_status st = take_issuer(opts->issuer, oidc->issuer, err);
	if (st == HM_OK)
		st = hm_datadir_open(opts->dir, "hallmark-oidc", 1, HM_DATADIR_WAIT, &dir, err);
	if (st == HM_OK)
		st = hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &oidc->signer, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the OIDC issuer");
	*ret_oidc = HM_STEAL(oidc);
	return HM_OK;
}

/* OpenID Connect Discovery 1.0, 3: without authorization and token endpoints, because there are none. */
static enum hm_status answer_discovery(void *service, const struct hm_http_request *request,
				       struct hm_http_response *response, struct hm_err *err)
{
	const struct hm_oidc *oidc = service;
	struct hm_str jwks = hm_arena_printf(hm_http_scratch(response), "%s/.well-known/jwks", oidc->issuer);
	struct hm_json_writer w = hm_http_answer_json(response, 200);
	static const char *const lists[][6] = {
		{ "response_types_supported", "id_token" },
		{ "subject_types_supported", "public" },
		{ "scopes_supported", "openid", "email" },
		{ "claims_supported", "sub", "aud", "exp", "email", "email_verified" },
	};

	(void)request;
	hm_json_object(&w);
	hm_json_member_cstr(&w, "issuer", oidc->issuer);
	hm_json_member_str(&w, "jwks_uri", jwks);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		hm_json_key(&w, lists[i][0]);
		hm_json_array(&w);
		for (size_t j = 1; j < sizeof(lists[0]) / sizeof(lists[0][0]) && lists[i][j]; j++)
			hm_json_cstr(&w, lists[i][j]);
		hm_json_array_end(&w);
	}
	hm_json_key(&w, "id_token_signing_alg_values_supported");
	hm_json_array(&w);
	hm_json_cstr(&w, hm_jws_alg_name(hm_jws_alg_of(&oidc->signer.key)));
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "the discovery document", err);
}

static enum hm_status answer_keys(void *service, const struct hm_http_request *request,
				  struct hm_http_response *response, struct hm_err *err)
{
	const struct hm_oidc *oidc = service;
	const struct hm_key *key = &oidc->signer.key;

	(void)request;
	response->status = 200;
	hm_http_set(&response->head, "Content-Type", HM_STR("application/json"));
	return hm_jwks_encode(&key, 1, &response->body, err);
}

enum hm_status hm_oidc_handle(void *oidc, const struct hm_http_request *request, struct hm_http_response *response,
			      struct hm_err *err)
{
	static const struct hm_http_route routes[] = {
		{ "GET", "/.well-known/openid-configuration", answer_discovery, NULL },
		{ "GET", "/.well-known/jwks", answer_keys, NULL },
	};
	static const struct hm_http_router router = { routes, sizeof(routes) / sizeof(routes[0]), NULL };

	return hm_http_route(&router, oidc, request, response, err);
}

/* Two tokens are never the same, so that one can be told from another in a log. RFC 7519, 4.1.7 */
static enum hm_status add_id(const struct hm_oidc *oidc, struct hm_json_writer *w, struct hm_err *err)
{
	uint8_t id[16];
	char text[2 * sizeof(id) + 1];

	enum hm_status st = hm_random(oidc->fx, id, sizeof(id), err);
	if (st != HM_OK)
		return st;
	hm_hex_write(text, id, sizeof(id));
	hm_json_member_cstr(w, "jti", text);
	return HM_OK;
}

static enum hm_status write_claims(const struct hm_oidc *oidc, const struct hm_oidc_claims *claims, struct hm_buf *buf,
				   struct hm_err *err)
{
	const int64_t now_s = hm_now_s(oidc->fx);
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "iss", oidc->issuer);
	hm_json_member_str(&w, "sub", claims->subject);
	hm_json_member_str(&w, "aud", claims->audience);
	hm_json_member_i64(&w, "iat", now_s);
	hm_json_member_i64(&w, "nbf", now_s);
	hm_json_member_i64(&w, "exp", now_s + claims->lifetime_s);
	if (claims->email.len) {
		hm_json_member_str(&w, "email", claims->email);
		hm_json_member_bool(&w, "email_verified", true);
	}
	enum hm_status st = add_id(oidc, &w, err);
	hm_json_object_end(&w);
	return st == HM_OK ? hm_json_writer_check(&w, "claims", err) : st;
}

enum hm_status hm_oidc_issue(const struct hm_oidc *oidc, const struct hm_oidc_claims *claims,
			     struct hm_secret *ret_token, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_JWT);
	HM_OWN(hm_secret_buf_done) struct hm_buf token = hm_buf_init(HM_MAX_JWT);

	if (claims->lifetime_s < 1 || claims->lifetime_s > HM_MAX_TOKEN_LIFETIME_S)
		return hm_fail(err, HM_R_USAGE, "a token is good for 1 to %d seconds", HM_MAX_TOKEN_LIFETIME_S);
	if (!claims->subject.len || !claims->audience.len)
		return hm_fail(err, HM_R_USAGE, "a token needs a subject and an audience");
	enum hm_status st = write_claims(oidc, claims, &text, err);
	if (st == HM_OK)
		st = hm_jwt_sign(&oidc->signer, hm_buf_str(&text), &token, err);
	if (st == HM_OK)
		st = hm_secret_copy(hm_buf_str(&token), ret_token, err);
	return hm_while(err, st, "issue a token");
}
