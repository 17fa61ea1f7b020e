#include "sigstore/verify_steps.h"

#include "sigstore/leave_out.h"

/* How each kind of key signs: first what clients do today, then what older ones did. The last is repeated. */
struct schemes {
	enum hm_sig message[2], dsse[2];
};

static const struct schemes schemes[] = {
	[HM_KEY_P256] = { { HM_SIG_ECDSA_SHA256, HM_SIG_ECDSA_SHA256 }, { HM_SIG_ECDSA_SHA256, HM_SIG_ECDSA_SHA256 } },
	[HM_KEY_P384] = { { HM_SIG_ECDSA_SHA384, HM_SIG_ECDSA_SHA256 }, { HM_SIG_ECDSA_SHA384, HM_SIG_ECDSA_SHA256 } },
	[HM_KEY_P521] = { { HM_SIG_ECDSA_SHA512, HM_SIG_ECDSA_SHA256 }, { HM_SIG_ECDSA_SHA512, HM_SIG_ECDSA_SHA256 } },
	[HM_KEY_RSA] = { { HM_SIG_RSA_SHA256, HM_SIG_RSA_PSS_SHA256 }, { HM_SIG_RSA_SHA256, HM_SIG_RSA_PSS_SHA256 } },
	[HM_KEY_ED25519] = { { HM_SIG_ED25519PH, HM_SIG_ED25519PH }, { HM_SIG_ED25519, HM_SIG_ED25519PH } },
};

static const enum hm_sig *schemes_of(const struct hm_check *c)
{
	const struct schemes *s = &schemes[c->out->key->kind];

	return c->bundle->content == HM_CONTENT_DSSE ? s->dsse : s->message;
}

static bool has_v2_entry(const struct hm_check *c)
{
	enum hm_log_kind kind;

	for (size_t i = 0; i < c->bundle->entries_count; i++) {
		if (hm_log_kind_of(&c->bundle->entries[i], &kind, NULL) == HM_OK && hm_log_kind_is_v2(kind))
			return true;
	}
	return false;
}

/* By the key; where that leaves a choice, by the algorithm of the message's digest, or by what the log can hold. */
static enum hm_status choose_scheme(struct hm_check *c, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;
	enum hm_digest_alg alg = HM_SHA256;

	if (c->policy->key && c->policy->key_details != HM_DETAILS_NONE) {
		c->sig = hm_key_details_sig(c->policy->key_details);
		if (!hm_sig_fits(c->sig, c->out->key->kind))
			return hm_fail(err, HM_R_USAGE, "the wanted key does not sign in the wanted way");
		return HM_OK;
	}
	const enum hm_sig *choice = schemes_of(c);
	c->sig = choice[0];
	if (bundle->content == HM_CONTENT_DSSE) {
		/* rekor-v2-spec: entries are of "the externalized hash function", which pure Ed25519 has not */
		if (c->sig == HM_SIG_ED25519 && has_v2_entry(c))
			c->sig = HM_SIG_ED25519PH;
		return HM_OK;
	}
	for (size_t i = 0; bundle->has_digest && i < 2; i++) {
		c->sig = choice[i];
		if (hm_sig_digest(c->sig, &alg) && alg == bundle->digest.alg)
			return HM_OK;
	}
	if (bundle->has_digest)
		return hm_fail(err, HM_R_SIG_SCHEME, "an %s key does not sign a message by its %s",
			       hm_key_kind_name(c->out->key->kind), hm_digest_name(bundle->digest.alg));
	return HM_OK;
}

/*
 * sigstore_bundle.proto: "Signers MUST NOT include root CA certificates in bundles". A certificate that issues itself
 * is a root, wherever it stands.
 */
static enum hm_status take_chain(struct hm_check *c, struct hm_err *err)
{
	const struct hm_cert_chain *chain = &c->bundle->certs;

	for (size_t i = 0; i < chain->count; i++) {
		struct hm_cert *cert = &c->out->chain[i];
		enum hm_status st = hm_cert_parse(chain->ders[i], cert, err);
		if (st != HM_OK)
			return hm_while(err, st, "certificate %zu of the bundle", i);
		if (cert->is_ca && hm_str_eq(cert->issuer, cert->subject))
			return hm_fail(err, HM_R_BUNDLE_ROOT, "certificate %zu of the bundle is a root", i);
	}
	c->out->chain_len = chain->count;
	enum hm_status st = hm_cert_key(&c->out->chain[0], &c->out->own_key, err);
	c->out->key = &c->out->own_key;
	return hm_while(err, st, "key of the certificate");
}

enum hm_status hm_check_prepare(struct hm_check *c, struct hm_err *err)
{
	const struct hm_verify_policy *policy = c->policy;
	bool by_identity = policy->identity.len > 0 && policy->issuer.len > 0;
	bool by_part = policy->identity.len > 0 || policy->issuer.len > 0;
	enum hm_status st = HM_OK;

	if (by_part != by_identity || by_identity == (policy->key != NULL))
		return hm_fail(err, HM_R_USAGE,
			       "a signer is known by an identity together with its issuer, or by a public key");
	if (c->bundle->material == HM_MATERIAL_KEY) {
		if (!policy->key)
			return hm_fail(
			    err, HM_R_IDENTITY_NO_KEY,
			    "the bundle was signed with a key, and no public key to verify it with was given");
		c->out->key = policy->key;
	} else {
		if (policy->key)
			return hm_fail(err, HM_R_IDENTITY_CERT,
				       "the bundle was signed with a certificate and not with the wanted key");
		st = take_chain(c, err);
	}
	return st == HM_OK ? choose_scheme(c, err) : st;
}

static enum hm_status digest_of_message(struct hm_check *c, struct hm_err *err)
{
	enum hm_digest_alg alg;

	if (!hm_sig_digest(c->sig, &alg))
		return hm_fail(err, HM_R_SIG_MESSAGE, "pure Ed25519 does not sign messages by their digest");
	return hm_while(err, c->artifact->digest(c->artifact->ctx, alg, &c->claim.digest, err), "artifact");
}

/* client-spec 4.4: "the artifact hash = Hash(PAE(payloadType, payload))" */
static enum hm_status digest_of_pae(struct hm_check *c, struct hm_err *err)
{
	const struct hm_dsse *dsse = &c->bundle->dsse;
	enum hm_digest_alg alg;

	hm_pae_init(dsse->payload_type, dsse->payload, &c->pae);
	if (!hm_sig_digest(c->sig, &alg))
		return HM_OK;
	return hm_crypto_digest(alg, c->pae.parts, HM_PAE_PARTS, &c->claim.digest, err);
}

enum hm_status hm_check_claim(struct hm_check *c, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;
	struct hm_log_claim *claim = &c->claim;

	if (c->has_claim)
		return HM_OK;
	*claim = (struct hm_log_claim){
		.content = bundle->content,
		.payload = bundle->dsse.payload,
		.signature = bundle->signature,
		.cert = c->out->chain_len > 0 ? c->out->chain[0].der : (struct hm_str){ 0 },
		.spki = c->out->key->spki,
	};
	if (!hm_key_details_of(c->out->key, c->sig, &claim->details))
		claim->details = HM_DETAILS_NONE;
	enum hm_status st = bundle->content == HM_CONTENT_DSSE ? digest_of_pae(c, err) : digest_of_message(c, err);
	c->has_claim = st == HM_OK;
	return st;
}

static enum hm_status verify_as(struct hm_check *c, enum hm_sig sig, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;

	if (bundle->content == HM_CONTENT_DSSE)
		return hm_key_verify_parts(c->out->key, sig, c->pae.parts, HM_PAE_PARTS, bundle->signature, err);
	return hm_key_verify_digest(c->out->key, sig, &c->claim.digest, bundle->signature, err);
}

enum hm_status hm_check_signature(struct hm_check *c, struct hm_err *err)
{
	enum hm_status st = hm_check_claim(c, err);

	if (st == HM_OK)
		st = verify_as(c, c->sig, err);
	/* Rekor v2 holds the way of signing too, so that with it there is no choice; neither where it was said. */
	if (st != HM_EVERIFY || has_v2_entry(c) || (c->policy->key && c->policy->key_details != HM_DETAILS_NONE))
		return st;
	enum hm_sig other = schemes_of(c)[1];
	enum hm_digest_alg alg;
	bool same_digest = hm_sig_digest(other, &alg) && alg == c->claim.digest.alg;
	if (other == c->sig || (c->bundle->content == HM_CONTENT_MESSAGE && !same_digest))
		return st;
	return verify_as(c, other, NULL) == HM_OK ? HM_OK : st;
}

static enum hm_status check_hint(struct hm_check *c, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;
	struct hm_digest digest;

	enum hm_status st = hm_check_claim(c, err);
	if (st != HM_OK || !bundle->has_digest)
		return st;
	digest = c->claim.digest;
	if (digest.alg != bundle->digest.alg)
		st = c->artifact->digest(c->artifact->ctx, bundle->digest.alg, &digest, err);
	if (st == HM_OK && !hm_digest_eq(&digest, &bundle->digest))
		return hm_fail(err, HM_R_ARTIFACT_DIGEST,
			       "the artifact is not the one that the bundle is of: its %s differs",
			       hm_digest_name(digest.alg));
	return st;
}

/*
 * 4.5: "The payload MUST be an in-toto statement."; "Verifier MUST ensure that the artifact's digest/algorithm tuple is
 * present in the list of subjects in the in-toto statement."
 */
static enum hm_status check_subjects(struct hm_check *c, struct hm_err *err)
{
	struct hm_subjects *subjects = &c->out->subjects;
	enum hm_status st = HM_OK;

	if (subjects->count == 0)
		st = hm_subjects_parse(c->bundle->dsse.payload, &c->out->arena, subjects, err);
	if (st != HM_OK || c->opts.without_subject)
		return st;
	return hm_subjects_find(subjects, c->artifact, &c->out->digest, err);
}

enum hm_status hm_check_artifact(struct hm_check *c, struct hm_err *err)
{
	return c->bundle->content == HM_CONTENT_DSSE ? check_subjects(c, err) : check_hint(c, err);
}

/*
 * 4.5: "The Verifier MUST verify the provided signature for the constructed payload against the key in the leaf of the
 * certificate chain."
 */
enum hm_status hm_check_content(struct hm_check *c, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;

	/* "The DSSE `payloadType` must be `application/vnd.in-toto+json`" */
	if (bundle->content == HM_CONTENT_DSSE && !hm_str_eq(bundle->dsse.payload_type, HM_DSSE_IN_TOTO))
		return hm_fail(err, HM_R_DSSE_TYPE, "the envelope holds '%.*s' and no in-toto statement",
			       HM_STR_ARG(hm_str_head(bundle->dsse.payload_type, 100)));
	enum hm_status st = HM_STEP("signature", hm_check_signature(c, err));
	if (st == HM_OK)
		st = HM_STEP("artifact", hm_check_artifact(c, err));
	if (st != HM_OK)
		return st;
	if (bundle->content == HM_CONTENT_MESSAGE)
		c->out->digest = c->claim.digest;
	else
		c->out->payload = bundle->dsse.payload;
	return HM_OK;
}
