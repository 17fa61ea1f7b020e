#include "service/ca/ca.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/x509_make.h"
#include "service/ca/authority.h"
#include "service/ca/request.h"

struct hm_ca {
	const struct hm_effects *fx;
	struct hm_ca_issuers *issuers;
	struct hm_authority authority;
	struct hm_buf configuration; /* the answer, which never changes */
};

struct hm_ca *hm_ca_free(struct hm_ca *ca)
{
	if (!ca)
		return NULL;
	hm_ca_issuers_free(ca->issuers);
	hm_authority_done(&ca->authority);
	hm_buf_done(&ca->configuration);
	free(ca);
	return NULL;
}

void hm_ca_freep(struct hm_ca **ca)
{
	*ca = hm_ca_free(*ca);
}

struct hm_str hm_ca_intermediate(const struct hm_ca *ca)
{
	return hm_buf_str(&ca->authority.intermediate);
}

struct hm_str hm_ca_root(const struct hm_ca *ca)
{
	return hm_buf_str(&ca->authority.root);
}

const struct hm_key *hm_ca_ct_key(const struct hm_ca *ca)
{
	return &ca->authority.ctlog.signer.key;
}

const char *hm_ca_ct_name(const struct hm_ca *ca)
{
	return ca->authority.ctlog.name;
}

int64_t hm_ca_since_s(const struct hm_ca *ca)
{
	return ca->authority.root_cert.not_before_s;
}

/* Members as protobuf's JSON has them, those that are empty too. */
static enum hm_status write_configuration(const struct hm_ca_opts *opts, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_key(&w, "issuers");
	hm_json_array(&w);
	for (size_t i = 0; i < opts->issuers_count; i++) {
		const struct hm_ca_issuer *issuer = &opts->issuers[i];
		hm_json_object(&w);
		hm_json_member_cstr(&w, "issuerUrl", issuer->url);
		hm_json_member_cstr(&w, "audience", issuer->audience);
		hm_json_member_cstr(&w, "challengeClaim", "email");
		hm_json_member_cstr(&w, "spiffeTrustDomain", "");
		hm_json_member_cstr(&w, "issuerType", "email");
		hm_json_member_cstr(&w, "subjectDomain", "");
		hm_json_member_bool(&w, "skipEmailVerification", issuer->skip_email_verification);
		hm_json_object_end(&w);
	}
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "the configuration", err);
}

enum hm_status hm_ca_open(const struct hm_ca_opts *opts, struct hm_ca **ret_ca, struct hm_err *err)
{
	HM_OWN(hm_ca_freep) struct hm_ca *ca = hm_calloc(1, sizeof(*ca));

	if (!ca)
		return hm_fail(err, HM_R_NO_MEMORY, "open the CA");
	ca->fx = opts->fx ? opts->fx : hm_effects_system();
	ca->configuration = hm_buf_init(HM_MAX_CONFIG_FILE);
	enum hm_status st =
	    hm_ca_issuers_new(opts->issuers, opts->issuers_count, opts->transport, ca->fx, &ca->issuers, err);
	if (st == HM_OK)
		st = write_configuration(opts, &ca->configuration, err);
	if (st == HM_OK)
		st = hm_authority_open(opts->dir, opts->organization ? opts->organization : "hallmark.localhost",
				       ca->fx, &ca->authority, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the CA");
	*ret_ca = HM_STEAL(ca);
	return HM_OK;
}

/* --- failures, as grpc-gateway answers them --- */

/* Fulcio, pkg/server/error.go */
static const struct {
	enum hm_reason reason;
	const char *message;
} messages[] = {
	{ HM_R_CA_TOKEN, "There was an error processing the identity token" },
	{ HM_R_CA_KEY, "The public key supplied in the request could not be parsed" },
	{ HM_R_CA_CSR, "The certificate signing request could not be parsed" },
	{ HM_R_CA_WEAK_KEY, "The public key supplied in the request is insecure" },
	{ HM_R_CA_PROOF, "The signature supplied in the request could not be verified" },
};

static struct hm_str message_of(const struct hm_err *err, int status, struct hm_str text)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (messages[i].reason == err->reason)
			return hm_str(messages[i].message);
	}
	if (status == 404)
		return HM_STR("Not Found");
	if (status == 501)
		return HM_STR("Method Not Allowed");
	return status == 500 ? HM_STR("error communicating with CA backend") : text;
}

/* google.rpc.Code, in the numbers that grpc-gateway maps to these statuses */
static int64_t grpc_code_of(int status)
{
	switch (status) {
	case 400:
		return 3; /* INVALID_ARGUMENT */
	case 404:
		return 5; /* NOT_FOUND */
	case 501:
		return 12; /* UNIMPLEMENTED */
	case 503:
		return 14; /* UNAVAILABLE */
	default:
		return 13; /* INTERNAL */
	}
}

/* Fulcio says the step that failed and nothing else; here the details say why (google.rpc.ErrorInfo). */
static void write_error(const struct hm_http_request *request, const struct hm_err *err, struct hm_str text,
			struct hm_http_response *response)
{
	/* grpc-gateway has one status for a method that is not there, and one for a body that is too large */
	const int status = response->status == 405 ? 501 : response->status == 413 ? 400 : response->status;
	struct hm_json_writer w = hm_http_answer_json(response, status);

	(void)request;
	text = hm_str_is_utf8(text) ? text : hm_str(hm_reason_text(err->reason));
	hm_json_object(&w);
	hm_json_member_i64(&w, "code", grpc_code_of(status));
	hm_json_member_str(&w, "message", message_of(err, status, text));
	hm_json_key(&w, "details");
	hm_json_array(&w);
	hm_json_object(&w);
	hm_json_member_cstr(&w, "@type", "type.googleapis.com/google.rpc.ErrorInfo");
	hm_json_member_cstr(&w, "reason", hm_reason_code(err->reason));
	hm_json_member_cstr(&w, "domain", "hallmark");
	hm_json_key(&w, "metadata");
	hm_json_object(&w);
	hm_json_member_str(&w, "cause", text);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	hm_json_array_end(&w);
	hm_json_object_end(&w);
}

/* A refusal of one part becomes that of its step; what could not be checked, and our own trouble, stay what they are.
 */
static enum hm_status refuse(struct hm_err *err, enum hm_reason step, enum hm_status st)
{
	if (st == HM_EPARSE || st == HM_EVERIFY || st == HM_ELIMIT) {
		const struct hm_err inner = *err;
		*err = (struct hm_err){ 0 };
		return hm_fail(err, step, "%s: %s", hm_reason_code(inner.reason), inner.cause);
	}
	return st;
}

/* --- the key, and that it is theirs --- */

/* Fulcio, cmd/app/serve.go: the algorithms that are allowed by default */
static enum hm_status check_strength(const struct hm_key *key, struct hm_err *err)
{
	if (key->kind == HM_KEY_RSA && key->bits != 2048 && key->bits != 3072 && key->bits != 4096)
		return hm_fail(err, HM_R_CA_WEAK_KEY, "an RSA key with %u bits", key->bits);
	return HM_OK;
}

static enum hm_status refuse_key(struct hm_err *err, enum hm_reason step, enum hm_status st)
{
	return refuse(err, err->reason == HM_R_KEY_WEAK ? HM_R_CA_WEAK_KEY : step, st);
}

static enum hm_status take_public_key(const struct hm_ca_request *request, struct hm_str challenge,
				      struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };

	if (!request->public_key.len)
		return hm_fail(err, HM_R_CA_KEY, "there is no public key in the request");
	enum hm_status st = hm_key_parse_text(request->public_key, &key, err);
	if (st != HM_OK)
		return refuse_key(err, HM_R_CA_KEY, st);
	st = check_strength(&key, err);
	if (st != HM_OK)
		return st;
	st = hm_key_verify(&key, hm_key_sig(&key), challenge, request->proof, err);
	if (st != HM_OK)
		return refuse(err, HM_R_CA_PROOF, st);
	*ret_key = key;
	key = (struct hm_key){ 0 };
	return HM_OK;
}

/* A key signs its request as it will sign artifacts: each kind with its own digest. */
static enum hm_status check_csr_algorithm(const struct hm_csr *csr, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	enum hm_sig sig;

	enum hm_status st = hm_key_parse(csr->spki, &key, err);
	if (st != HM_OK)
		return refuse_key(err, HM_R_CA_CSR, st);
	st = check_strength(&key, err);
	if (st != HM_OK)
		return st;
	if (!hm_sig_from_algorithm(csr->algorithm, &sig) || sig != hm_key_sig(&key))
		return hm_fail(err, HM_R_CA_ALGORITHM, "signing algorithm not permitted: %s key, %s signature",
			       hm_key_kind_name(key.kind),
			       hm_sig_from_algorithm(csr->algorithm, &sig) ? hm_sig_name(sig) : "unknown");
	return HM_OK;
}

static enum hm_status take_csr(const struct hm_ca_request *request, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_csr csr;

	enum hm_status st = hm_ca_request_csr(request->csr, &der, err);
	if (st == HM_OK)
		st = hm_csr_parse(hm_secret_str(&der), &csr, err);
	if (st != HM_OK)
		return refuse(err, HM_R_CA_CSR, st);
	st = check_csr_algorithm(&csr, err);
	if (st != HM_OK)
		return st;
	return refuse(err, HM_R_CA_PROOF, hm_csr_verify(&csr, ret_key, err));
}

/* --- answers --- */

static void write_pem(struct hm_json_writer *w, struct hm_buf *pem, struct hm_str der)
{
	hm_buf_clear(pem);
	hm_cert_encode_pem(der, pem);
	hm_json_str(w, hm_buf_str(pem));
	if (pem->status != HM_OK)
		w->buf->status = pem->status;
}

/* {"certificates":[…]}: the leaf first where there is one, the root last */
static void write_chain(const struct hm_ca *ca, struct hm_str leaf, struct hm_json_writer *w)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(2 * HM_MAX_CERT);

	hm_json_object(w);
	hm_json_key(w, "certificates");
	hm_json_array(w);
	if (leaf.len)
		write_pem(w, &pem, leaf);
	write_pem(w, &pem, hm_ca_intermediate(ca));
	write_pem(w, &pem, hm_ca_root(ca));
	hm_json_array_end(w);
	hm_json_object_end(w);
}

static enum hm_status answer_certificate(const struct hm_ca *ca, struct hm_str leaf, struct hm_http_response *response,
					 struct hm_err *err)
{
	struct hm_json_writer w = hm_http_answer_json(response, 200);

	hm_http_set(&response->head, "Cache-Control", HM_STR("no-store"));
	hm_json_object(&w);
	hm_json_key(&w, "signedCertificateEmbeddedSct");
	hm_json_object(&w);
	hm_json_key(&w, "chain");
	write_chain(ca, leaf, &w);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a certificate", err);
}

/* Who asks, and with which key: all that Fulcio answers with 400 when it is wrong. */
static enum hm_status check_request(struct hm_ca *ca, const struct hm_http_request *request, struct hm_arena *arena,
				    struct hm_ca_identity *ret_identity, struct hm_key *ret_key, struct hm_err *err)
{
	struct hm_ca_request asked;

	enum hm_status st = hm_ca_request_parse(hm_buf_str(&request->body), arena, &asked, err);
	if (st != HM_OK)
		return st;
	if (!asked.token.len)
		asked.token = hm_http_bearer(&request->head);
	st = refuse(err, HM_R_CA_TOKEN, hm_ca_identify(ca->issuers, asked.token, arena, ret_identity, err));
	if (st != HM_OK)
		return st;
	return asked.csr.len ? take_csr(&asked, ret_key, err)
			     : take_public_key(&asked, ret_identity->email, ret_key, err);
}

static enum hm_status sign_certificate(void *service, const struct hm_http_request *request,
				       struct hm_http_response *response, struct hm_err *err)
{
	struct hm_ca *ca = service;
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf leaf = hm_buf_init(HM_MAX_CERT);
	struct hm_ca_identity identity;

	enum hm_status st = check_request(ca, request, hm_http_scratch(response), &identity, &key, err);
	if (st != HM_OK) {
		/* an issuer that could not be asked refuses nobody: they may try again */
		response->status = st == HM_ENET || st == HM_ENOMEM ? 503 : 400;
		return st;
	}
	st = hm_authority_issue(&ca->authority, &key, &identity, &leaf, err);
	if (st != HM_OK) {
		response->status = st == HM_ENOMEM ? 503 : 500;
		return st;
	}
	return answer_certificate(ca, hm_buf_str(&leaf), response, err);
}

static enum hm_status answer_trust_bundle(void *service, const struct hm_http_request *request,
					  struct hm_http_response *response, struct hm_err *err)
{
	struct hm_json_writer w = hm_http_answer_json(response, 200);

	(void)request;
	hm_json_object(&w);
	hm_json_key(&w, "chains");
	hm_json_array(&w);
	write_chain(service, (struct hm_str){ 0 }, &w);
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "the trust bundle", err);
}

static enum hm_status answer_configuration(void *service, const struct hm_http_request *request,
					   struct hm_http_response *response, struct hm_err *err)
{
	const struct hm_ca *ca = service;

	(void)request;
	(void)err;
	hm_http_response_set_body(response, "application/json", hm_buf_str(&ca->configuration));
	return HM_OK;
}

static enum hm_status answer_log(void *service, const struct hm_http_request *request,
				 struct hm_http_response *response, struct hm_err *err)
{
	const struct hm_ca *ca = service;

	return hm_ctlog_answer(&ca->authority.ctlog, hm_http_param(request, "path"), response, err);
}

enum hm_status hm_ca_handle(void *ca, const struct hm_http_request *request, struct hm_http_response *response,
			    struct hm_err *err)
{
	static const struct hm_http_route routes[] = {
		{ "POST", "/api/v2/signingCert", sign_certificate, NULL },
		{ "GET", "/api/v2/trustBundle", answer_trust_bundle, NULL },
		{ "GET", "/api/v2/configuration", answer_configuration, NULL },
		{ "GET", "/ct/{path...}", answer_log, NULL },
	};
	static const struct hm_http_router router = { routes, sizeof(routes) / sizeof(routes[0]), write_error };

	return hm_http_route(&router, ca, request, response, err);
}
