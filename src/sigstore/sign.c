#include "sigstore/sign.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"
#include "sigstore/fulcio.h"
#include "sigstore/rekor.h"
#include "sigstore/tsa.h"
#include "sigstore/verify_steps.h"
#include "trace/transport.h"

struct hm_signing {
	struct hm_signing_services services;
	struct hm_sign_opts opts;
	const struct hm_signer *signer; /* own, or the caller's */
	struct hm_signer own;           /* of a session without a key of its own */
	struct hm_buf cert_der;         /* of own; empty with a caller's key */
	struct hm_cert cert;
	struct hm_identity identity;
	struct hm_buf hint;          /* how bundles name a caller's key */
	struct hm_trust *trust_none; /* where there are no services */
};

struct hm_signed {
	struct hm_buf text;
	struct hm_bundle bundle;
	struct hm_verified *verified;
};

/* One signature on its way. */
struct making {
	struct hm_signing *signing;
	const struct hm_trace_context *parent;
	struct hm_arena arena;
	struct hm_buf signature;
	struct hm_bundle bundle; /* its arena stays empty: what it holds lies in the one above */
	struct hm_log_claim claim;
	struct hm_str stamps[HM_MAX_SIGNING_SERVICES];
	int64_t times_ns[HM_MAX_SIGNING_SERVICES];
	struct hm_log_entry entries[HM_MAX_SIGNING_SERVICES];
};

static void making_done(struct making *m)
{
	hm_arena_done(&m->arena);
	hm_buf_done(&m->signature);
}

/* --- spans --- */

/* One operation that asks a service: its span, and a transport whose questions are that span's children. */
struct operation {
	struct hm_span *span;
	struct hm_traced traced;
	struct hm_transport transport;
	struct hm_service service;
};

static void operation_start(struct operation *op, const struct hm_signing *s, const struct hm_trace_context *parent,
			    const char *name, const struct hm_service *service)
{
	op->span = hm_span_start(s->opts.tracer, parent, HM_SPAN_INTERNAL, hm_str(name));
	hm_span_set(op->span, hm_attr_str("url.full", service->url));
	op->service = *service;
	if (!op->span)
		return;
	op->traced = (struct hm_traced){ service->transport, s->opts.tracer, hm_span_context(op->span) };
	op->transport = hm_trace_transport(&op->traced);
	op->service.transport = &op->transport;
}

static enum hm_status operation_end(struct operation *op, enum hm_status st, const struct hm_err *err)
{
	hm_span_fail(op->span, st, err);
	hm_span_end(op->span);
	return st;
}

/* --- sessions --- */

static enum hm_status session_new(const struct hm_signing_services *services, const struct hm_sign_opts *opts,
				  struct hm_signing **ret_signing, struct hm_err *err)
{
	static const struct hm_signing_services none;
	struct hm_signing *s;

	services = services ? services : &none;
	if (services->tsas_count > HM_MAX_SIGNING_SERVICES || services->tlogs_count > HM_MAX_SIGNING_SERVICES)
		return hm_fail(err, HM_R_LIMIT, "over %d services of a kind", HM_MAX_SIGNING_SERVICES);
	if (!services->trust && (services->ca.url.len > 0 || services->tsas_count > 0 || services->tlogs_count > 0))
		return hm_fail(err, HM_R_USAGE, "the services' answers cannot be verified without a trust root");
	s = hm_calloc(1, sizeof(*s));
	if (!s)
		return hm_fail(err, HM_R_NO_MEMORY, "a signing session");
	s->services = *services;
	s->opts = opts ? *opts : (struct hm_sign_opts){ 0 };
	s->opts.fx = s->opts.fx ? s->opts.fx : hm_effects_system();
	s->hint = hm_buf_init(2 * HM_HASH_LEN);
	*ret_signing = s;
	return HM_OK;
}

static bool is_wanted(struct hm_str wanted, struct hm_str got)
{
	return wanted.len == 0 || hm_str_eq(wanted, got);
}

/* Whom the authority took the caller for. */
static enum hm_status check_identity(const struct hm_signing *s, struct hm_err *err)
{
	const struct hm_sign_opts *o = &s->opts;

	if (!is_wanted(o->identity, s->identity.subject))
		return hm_fail(err, HM_R_IDENTITY_SUBJECT, "the certificate is for '%.*s' and not for '%.*s'",
			       HM_STR_ARG(hm_str_head(s->identity.subject, 150)),
			       HM_STR_ARG(hm_str_head(o->identity, 150)));
	if (!is_wanted(o->issuer, s->identity.issuer))
		return hm_fail(err, HM_R_IDENTITY_ISSUER, "the certificate names the issuer '%.*s' and not '%.*s'",
			       HM_STR_ARG(hm_str_head(s->identity.issuer, 150)),
			       HM_STR_ARG(hm_str_head(o->issuer, 150)));
	/* Nobody could ask for it by name. */
	if (s->identity.issuer.len == 0)
		return hm_fail(err, HM_R_IDENTITY_ISSUER, "the certificate names no issuer of the identity");
	return HM_OK;
}

static enum hm_status get_certificate(struct hm_signing *s, struct hm_str token, struct hm_err *err)
{
	struct operation op = { 0 };

	operation_start(&op, s, s->opts.parent, "certificate", &s->services.ca);
	enum hm_status st = hm_fulcio_ask(&op.service, token, s->signer, s->opts.timeout_ms, &s->cert_der, err);
	if (st == HM_OK)
		st = hm_cert_parse(hm_buf_str(&s->cert_der), &s->cert, err);
	if (st == HM_OK)
		st = hm_identity_read(&s->cert, &s->identity, err);
	if (st == HM_OK)
		st = check_identity(s, err);
	return hm_while(err, operation_end(&op, st, err), "get a certificate");
}

enum hm_status hm_signing_new(const struct hm_signing_services *services, struct hm_str token,
			      const struct hm_sign_opts *opts, struct hm_signing **ret_signing, struct hm_err *err)
{
	HM_OWN(hm_signing_freep) struct hm_signing *s = NULL;
	struct hm_err own;

	err = err ? err : &own; /* spans read it */
	if (!services || services->ca.url.len == 0 || services->tsas_count == 0)
		return hm_fail(err, HM_R_USAGE,
			       "signing without a key needs a certificate authority and a time-stamp authority");
	enum hm_status st = session_new(services, opts, &s, err);
	if (st == HM_OK)
		st = hm_signer_generate(HM_KEY_P256, 0, &s->own, err);
	if (st != HM_OK)
		return st;
	s->signer = &s->own;
	s->opts.key_details = HM_DETAILS_NONE;
	st = get_certificate(s, token, err);
	if (st == HM_OK)
		*ret_signing = HM_STEAL(s);
	return st;
}

enum hm_status hm_signing_new_keyed(const struct hm_signing_services *services, const struct hm_signer *signer,
				    const struct hm_sign_opts *opts, struct hm_signing **ret_signing,
				    struct hm_err *err)
{
	HM_OWN(hm_signing_freep) struct hm_signing *s = NULL;
	const struct hm_trusted_root nobody = { 0 };

	enum hm_status st = session_new(services, opts, &s, err);
	if (st != HM_OK)
		return st;
	s->signer = signer;
	enum hm_key_details details = s->opts.key_details;
	if (details != HM_DETAILS_NONE && !hm_sig_fits(hm_key_details_sig(details), signer->key.kind))
		return hm_fail(err, HM_R_USAGE, "an %s key does not sign as %s", hm_key_kind_name(signer->key.kind),
			       hm_sig_name(hm_key_details_sig(details)));
	/* sigstore_common.proto, PublicKeyIdentifier: "Implementors are RECOMMENDED to derive the value from the public
	 * key as described in RFC 6962"; in Base64, as cosign has it. */
	hm_base64_encode(&s->hint, HM_BASE64_STD, signer->key.id.b, HM_HASH_LEN);
	st = hm_buf_check(&s->hint, "a key's hint", err);
	if (st == HM_OK && !s->services.trust)
		st = hm_trust_new(&nobody, &s->trust_none, err);
	if (st == HM_OK)
		*ret_signing = HM_STEAL(s);
	return st;
}

struct hm_signing *hm_signing_free(struct hm_signing *signing)
{
	if (!signing)
		return NULL;
	hm_signer_done(&signing->own);
	hm_buf_done(&signing->cert_der);
	hm_buf_done(&signing->hint);
	hm_trust_free(signing->trust_none);
	free(signing);
	return NULL;
}

void hm_signing_freep(struct hm_signing **signing)
{
	*signing = hm_signing_free(*signing);
}

const struct hm_identity *hm_signing_identity(const struct hm_signing *signing)
{
	return signing->cert_der.len > 0 ? &signing->identity : NULL;
}

const struct hm_key *hm_signing_key(const struct hm_signing *signing)
{
	return &signing->signer->key;
}

/* --- one signature --- */

/* As verification expects it of this kind of key and this content, see choose_scheme() in verify_content.c. */
static enum hm_sig scheme_of(const struct hm_signing *s, enum hm_bundle_content content)
{
	enum hm_sig sig = hm_key_sig(&s->signer->key);

	if (s->opts.key_details != HM_DETAILS_NONE)
		return hm_key_details_sig(s->opts.key_details);
	/* A message is signed by its digest, and Rekor v2 holds no other signatures. */
	if (sig == HM_SIG_ED25519 && (content == HM_CONTENT_MESSAGE || s->services.tlogs_count > 0))
		return HM_SIG_ED25519PH;
	return sig;
}

static enum hm_status begin(struct making *m, enum hm_bundle_content content, struct hm_err *err)
{
	const struct hm_signing *s = m->signing;
	bool has_cert = s->cert_der.len > 0;

	m->arena = hm_arena_init(HM_MAX_BUNDLE);
	m->signature = hm_buf_init(HM_MAX_SIGNATURE);
	m->bundle = (struct hm_bundle){
		.version = HM_BUNDLE_V03,
		.material = has_cert ? HM_MATERIAL_CERT : HM_MATERIAL_KEY,
		.certs = { has_cert ? &s->cert.der : NULL, has_cert },
		.key_hint = hm_buf_str(&s->hint),
		.content = content,
		.entries = m->entries,
		.timestamps = m->stamps,
	};
	m->claim = (struct hm_log_claim){
		.content = content,
		.cert = has_cert ? s->cert.der : (struct hm_str){ 0 },
		.spki = s->signer->key.spki,
	};
	if (!hm_key_details_of(&s->signer->key, scheme_of(s, content), &m->claim.details))
		m->claim.details = HM_DETAILS_NONE;
	/* What no log can take is refused before anything is asked. */
	if (s->services.tlogs_count > 0 &&
	    (m->claim.details == HM_DETAILS_NONE || m->claim.details == HM_DETAILS_ED25519))
		return hm_fail(err, HM_R_TLOG_KIND, "a log of Rekor v2 does not hold %s signatures by this key",
			       hm_sig_name(scheme_of(s, content)));
	return HM_OK;
}

static enum hm_status sign_message(struct making *m, const struct hm_artifact *artifact, struct hm_err *err)
{
	enum hm_sig sig = scheme_of(m->signing, HM_CONTENT_MESSAGE);
	struct hm_bundle *bundle = &m->bundle;

	if (!hm_sig_digest(sig, &bundle->digest.alg))
		return hm_fail(err, HM_R_SIG_MESSAGE, "pure Ed25519 does not sign messages by their digest");
	enum hm_status st = artifact->digest(artifact->ctx, bundle->digest.alg, &bundle->digest, err);
	if (st != HM_OK)
		return hm_while(err, st, "artifact");
	bundle->has_digest = true;
	m->claim.digest = bundle->digest;
	st = hm_signer_sign_digest(m->signing->signer, sig, &bundle->digest, &m->signature, err);
	m->claim.signature = bundle->signature = hm_buf_str(&m->signature);
	return st;
}

static enum hm_status sign_envelope(struct making *m, struct hm_str statement, struct hm_err *err)
{
	enum hm_sig sig = scheme_of(m->signing, HM_CONTENT_DSSE);
	struct hm_bundle *bundle = &m->bundle;
	enum hm_digest_alg alg;
	struct hm_pae pae;

	hm_pae_init(HM_DSSE_IN_TOTO, statement, &pae);
	enum hm_status st = hm_signer_sign_parts(m->signing->signer, sig, pae.parts, HM_PAE_PARTS, &m->signature, err);
	/* rekor-tiles, CLIENTS.md: the entry's digest is that of the PAE */
	if (st == HM_OK && hm_sig_digest(sig, &alg))
		st = hm_crypto_digest(alg, pae.parts, HM_PAE_PARTS, &m->claim.digest, err);
	m->claim.signature = bundle->signature = hm_buf_str(&m->signature);
	m->claim.payload = statement;
	bundle->dsse = (struct hm_dsse){
		.payload_type = HM_DSSE_IN_TOTO,
		.payload = statement,
		.signature = bundle->signature, /* and no key id, which cosign would not find */
	};
	return st;
}

static enum hm_status get_stamp(struct making *m, size_t i, struct hm_err *err)
{
	const struct hm_signing *s = m->signing;
	const struct hm_tsa_opts opts = { s->opts.fx, s->services.trust, s->opts.timeout_ms };
	struct operation op = { 0 };
	struct hm_verified_time time = { 0 };

	operation_start(&op, s, m->parent, "time stamp", &s->services.tsas[i]);
	enum hm_status st = hm_tsa_ask(&op.service, m->bundle.signature, &opts, &m->arena, &m->stamps[i], &time, err);
	m->times_ns[i] = time.time_ns;
	m->bundle.timestamps_count = i + 1;
	return hm_while(err, operation_end(&op, st, err), "get a time stamp");
}

/* At the times of the stamps, as whoever verifies does it. */
static enum hm_status check_certificate(struct making *m, struct hm_err *err)
{
	const struct hm_signing *s = m->signing;
	const struct hm_cert_query query = {
		.chain = &s->cert,
		.chain_len = 1,
		.times_ns = m->times_ns,
		.times_len = m->bundle.timestamps_count,
	};

	if (s->cert_der.len == 0)
		return HM_OK;
	return hm_while(err, hm_check_issued(s->services.trust, &query, err), "certificate");
}

static enum hm_status get_entry(struct making *m, size_t i, struct hm_err *err)
{
	const struct hm_signing *s = m->signing;
	const struct hm_rekor_opts opts = { s->services.trust, s->opts.timeout_ms };
	struct operation op = { 0 };

	operation_start(&op, s, m->parent, "log entry", &s->services.tlogs[i]);
	enum hm_status st = hm_rekor_log(&op.service, &m->claim, &opts, &m->arena, &m->entries[i], err);
	if (st == HM_OK)
		hm_span_set(op.span, hm_attr_i64("hallmark.log.index", m->entries[i].index));
	m->bundle.entries_count = i + 1;
	return hm_while(err, operation_end(&op, st, err), "log the signature");
}

/* --- what was made --- */

struct hm_signed *hm_signed_free(struct hm_signed *made)
{
	if (!made)
		return NULL;
	hm_verified_free(made->verified);
	hm_bundle_done(&made->bundle);
	hm_buf_done(&made->text);
	free(made);
	return NULL;
}

void hm_signed_freep(struct hm_signed **made)
{
	*made = hm_signed_free(*made);
}

struct hm_str hm_signed_text(const struct hm_signed *made)
{
	return hm_buf_str(&made->text);
}

const struct hm_bundle *hm_signed_bundle(const struct hm_signed *made)
{
	return &made->bundle;
}

const struct hm_verified *hm_signed_verified(const struct hm_signed *made)
{
	return made->verified;
}

/* The text is what counts: it is read again and verified as by anybody else. */
static enum hm_status finish(const struct making *m, const struct hm_artifact *artifact, struct hm_signed **ret_signed,
			     struct hm_err *err)
{
	const struct hm_signing *s = m->signing;
	const struct hm_verify_policy policy = {
		.identity = s->cert_der.len > 0 ? s->identity.subject : (struct hm_str){ 0 },
		.issuer = s->cert_der.len > 0 ? s->identity.issuer : (struct hm_str){ 0 },
		.key = s->cert_der.len > 0 ? NULL : &s->signer->key,
		.key_details = s->opts.key_details,
	};
	const struct hm_verify_opts opts = {
		.without_tlog = s->services.tlogs_count == 0,
		.tlogs = (unsigned)s->services.tlogs_count,
		.timestamps = (unsigned)s->services.tsas_count,
	};
	HM_OWN(hm_signed_freep) struct hm_signed *made = hm_calloc(1, sizeof(*made));

	if (!made)
		return hm_fail(err, HM_R_NO_MEMORY, "a bundle");
	made->text = hm_buf_init(HM_MAX_BUNDLE);
	enum hm_status st = hm_bundle_encode(&m->bundle, &made->text, err);
	if (st == HM_OK)
		st = hm_bundle_parse(hm_buf_str(&made->text), &made->bundle, err);
	if (st == HM_OK)
		st = hm_bundle_verify(s->services.trust ? s->services.trust : s->trust_none, &made->bundle, artifact,
				      &policy, &opts, &made->verified, err);
	if (st != HM_OK)
		return hm_while(err, st, "verify what was signed");
	*ret_signed = HM_STEAL(made);
	return HM_OK;
}

static enum hm_status sign_steps(struct making *m, const struct hm_artifact *artifact, const struct hm_str *statement,
				 struct hm_err *err)
{
	const struct hm_signing_services *services = &m->signing->services;

	enum hm_status st = begin(m, statement ? HM_CONTENT_DSSE : HM_CONTENT_MESSAGE, err);
	if (st == HM_OK)
		st = statement ? sign_envelope(m, *statement, err) : sign_message(m, artifact, err);
	for (size_t i = 0; st == HM_OK && i < services->tsas_count; i++)
		st = get_stamp(m, i, err);
	if (st == HM_OK)
		st = check_certificate(m, err);
	for (size_t i = 0; st == HM_OK && i < services->tlogs_count; i++)
		st = get_entry(m, i, err);
	return st;
}

static enum hm_status sign(struct hm_signing *signing, const struct hm_artifact *artifact,
			   const struct hm_str *statement, const struct hm_trace_context *parent,
			   struct hm_signed **ret_signed, struct hm_err *err)
{
	HM_OWN(making_done) struct making m = { .signing = signing };
	struct hm_err own;

	err = err ? err : &own; /* spans read it */
	struct hm_span *span =
	    hm_span_start(signing->opts.tracer, parent ? parent : signing->opts.parent, HM_SPAN_INTERNAL,
			  statement ? HM_STR("sign statement") : HM_STR("sign blob"));
	m.parent = hm_span_context(span);
	enum hm_status st = sign_steps(&m, artifact, statement, err);
	if (st == HM_OK)
		st = finish(&m, artifact, ret_signed, err);
	hm_span_fail(span, st, err);
	hm_span_end(span);
	return st;
}

enum hm_status hm_sign_blob(struct hm_signing *signing, const struct hm_artifact *artifact,
			    const struct hm_trace_context *parent, struct hm_signed **ret_signed, struct hm_err *err)
{
	return sign(signing, artifact, NULL, parent, ret_signed, err);
}

/* The first subject that can be looked for: verification needs an artifact, and any subject is one. */
static enum hm_status first_subject(const struct hm_subjects *subjects, struct hm_digest *ret_digest,
				    struct hm_err *err)
{
	for (size_t i = 0; i < subjects->count; i++) {
		for (size_t d = 0; d < subjects->v[i].digests_count; d++) {
			const struct hm_json_pair *pair = &subjects->v[i].digests[d];
			if (!hm_digest_from_name(pair->key, &ret_digest->alg))
				continue;
			ret_digest->len = hm_digest_len(ret_digest->alg);
			if (hm_hex_read(pair->value, ret_digest->b, ret_digest->len, NULL) == HM_OK)
				return HM_OK;
		}
	}
	return hm_fail(err, HM_R_ARTIFACT_SUBJECT, "none of the statement's %zu subjects has a SHA-2 digest",
		       subjects->count);
}

enum hm_status hm_sign_statement(struct hm_signing *signing, struct hm_str statement,
				 const struct hm_trace_context *parent, struct hm_signed **ret_signed,
				 struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MAX_BUNDLE);
	struct hm_subjects subjects;
	struct hm_digest digest;

	enum hm_status st = hm_subjects_parse(statement, &arena, &subjects, err);
	if (st == HM_OK)
		st = first_subject(&subjects, &digest, err);
	if (st != HM_OK)
		return st;
	const struct hm_artifact artifact = hm_artifact_of_digest(&digest);
	return sign(signing, &artifact, &statement, parent, ret_signed, err);
}
