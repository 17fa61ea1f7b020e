#include "service/ca/request.h"

#include "base/limits.h"
#include "base/plant.h"
#include "crypto/pem.h"
#include "data/decode.h"

struct public_key {
	struct hm_value algorithm; /* Fulcio reads the kind of key from the key */
	struct hm_str content;
};

struct public_key_request {
	struct public_key *key;
	struct hm_str proof;
};

struct body {
	struct hm_str *token;
	struct public_key_request *public_key;
	struct hm_str csr;
	bool has_csr;
};

static const struct hm_json_field credentials_fields[] = {
	{ "oidcIdentityToken", HM_JSON_STR, 0, .alias = "oidc_identity_token" },
};
static const struct hm_json_table credentials_table = HM_JSON_TABLE(struct hm_str, credentials_fields);

static const struct hm_json_field key_fields[] = {
	{ "algorithm", HM_JSON_VALUE, offsetof(struct public_key, algorithm) },
	{ "content", HM_JSON_STR, offsetof(struct public_key, content) },
};
static const struct hm_json_table key_table = HM_JSON_TABLE(struct public_key, key_fields);

static const struct hm_json_field key_request_fields[] = {
	{ "publicKey", HM_JSON_OBJECT_PTR, offsetof(struct public_key_request, key), .alias = "public_key",
	  .table = &key_table },
	{ "proofOfPossession", HM_JSON_BASE64_ANY, offsetof(struct public_key_request, proof),
	  .alias = "proof_of_possession" },
};
static const struct hm_json_table key_request_table = HM_JSON_TABLE(struct public_key_request, key_request_fields);

static const struct hm_json_field body_fields[] = {
	{ "credentials", HM_JSON_OBJECT_PTR, offsetof(struct body, token), .table = &credentials_table },
	{ "publicKeyRequest", HM_JSON_OBJECT_PTR, offsetof(struct body, public_key), .alias = "public_key_request",
	  .table = &key_request_table },
	{ "certificateSigningRequest", HM_JSON_BASE64_ANY, offsetof(struct body, csr),
	  .alias = "certificate_signing_request", .has = HM_JSON_HAS(struct body, has_csr) },
};
static const struct hm_json_table body_table = HM_JSON_TABLE(struct body, body_fields);

enum hm_status hm_ca_request_parse(struct hm_str body, struct hm_arena *arena, struct hm_ca_request *ret_request,
				   struct hm_err *err)
{
	static const struct hm_decode_opts opts = { .json = { .max_depth = 32 },
						    .ignore_unknown = true,
						    .proto_json = true };
	struct body parts;
	struct hm_err inner = { 0 };

	if (body.len > HM_MAX_CA_REQUEST)
		return hm_fail(err, HM_R_CA_TOO_LARGE, "a request of %zu bytes", body.len);
	enum hm_status st = hm_json_decode(body, &body_table, &opts, arena, &parts, &inner);
	if (st == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "read a request");
	if (st != HM_OK)
		return hm_fail(err, HM_R_CA_REQUEST, "%s", inner.cause);
	/* the two are one `oneof` in the proto file */
	if (parts.public_key && parts.has_csr)
		return hm_fail(err, HM_R_CA_REQUEST, "both a public key and a certificate signing request");
	struct hm_ca_request request = { .csr = parts.csr };
	if (parts.token)
		request.token = *parts.token;
	if (parts.public_key) {
		request.proof = parts.public_key->proof;
		if (parts.public_key->key)
			request.public_key = parts.public_key->key->content;
	}
	HM_PLANT(request.token.len == 3 && request.proof.len == 2);
	*ret_request = request;
	return HM_OK;
}

enum hm_status hm_ca_request_csr(struct hm_str pem, struct hm_secret *ret_der, struct hm_err *err)
{
	struct hm_str rest = pem, label;

	enum hm_status st = hm_pem_next(&rest, &label, ret_der, err);
	if (st != HM_OK)
		return st;
	if (!label.len)
		return hm_fail(err, HM_R_PEM, "a certificate request has no PEM block");
	if (hm_str_is(label, "CERTIFICATE REQUEST") || hm_str_is(label, "NEW CERTIFICATE REQUEST")) {
		if (!hm_str_trim(rest).len)
			return HM_OK;
		st = hm_fail(err, HM_R_PEM, "something stands behind the certificate request");
	} else {
		st = hm_fail(err, HM_R_PEM, "a block '%.*s' in place of a certificate request", HM_STR_ARG(label));
	}
	hm_secret_done(ret_der);
	*ret_der = (struct hm_secret){ 0 };
	return st;
}
