#include "sigstore/verify_entry.h"

#include "base/own.h"
#include "sigstore/verify_steps.h"

/* The body's key and how it signs. Owns: ret_key is the caller's. */
static enum hm_status read_signer(const struct hm_log_body *body, struct hm_cert *ret_cert, struct hm_key *ret_key,
				  enum hm_sig *ret_sig, struct hm_err *err)
{
	enum hm_key_details details;

	if (!hm_key_details_from_name(body->key_details, &details) || details == HM_DETAILS_NONE)
		return hm_fail(err, HM_R_TLOG_BODY, "the entry's key is of an unknown kind, '%.*s'",
			       HM_STR_ARG(hm_str_head(body->key_details, 80)));
	*ret_sig = hm_key_details_sig(details);
	if (!body->is_cert)
		return hm_key_parse_as(body->signer, details, ret_key, err);
	enum hm_status st = hm_cert_parse(body->signer, ret_cert, err);
	return st == HM_OK ? hm_cert_key(ret_cert, ret_key, err) : st;
}

/* client-spec 4.3, for the one time at hand */
static enum hm_status check_cert(const struct hm_trust *trust, const struct hm_cert *cert, int64_t time_ns,
				 struct hm_identity *ret_identity, struct hm_err *err)
{
	const struct hm_cert_query query = { .chain = cert, .chain_len = 1, .times_ns = &time_ns, .times_len = 1 };

	enum hm_status st = hm_check_issued(trust, &query, err);
	return st == HM_OK ? hm_identity_read(cert, ret_identity, err) : st;
}

enum hm_status hm_entry_verify(const struct hm_trust *trust, struct hm_str body, int64_t time_ns,
			       struct hm_arena *arena, struct hm_entry_facts *ret_facts, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_err own = { 0 };
	struct hm_entry_facts facts = { 0 };
	struct hm_log_body read;
	struct hm_cert cert;
	enum hm_sig sig = HM_SIG_ECDSA_SHA256;

	err = err ? err : &own;
	enum hm_status st = hm_log_body_parse(body, HM_LOG_HASHEDREKORD_V2, arena, &read, err);
	if (st == HM_OK)
		st = read_signer(&read, &cert, &key, &sig, err);
	if (st == HM_OK)
		st = hm_key_verify_digest(&key, sig, &read.digest, read.signature, err);
	if (st != HM_OK)
		return st;
	facts.digest = read.digest;
	facts.is_cert = read.is_cert;
	facts.key_id = key.id;
	if (read.is_cert)
		st = check_cert(trust, &cert, time_ns, &facts.identity, err);
	if (st == HM_OK)
		*ret_facts = facts;
	return st;
}

enum hm_status hm_attestation_of(const struct hm_bundle *bundle, const struct hm_artifact *artifact,
				 struct hm_arena *arena, struct hm_attestation *ret_attestation, struct hm_err *err)
{
	struct hm_attestation is;
	struct hm_subjects subjects;
	struct hm_digest found;
	struct hm_pae pae;

	if (bundle->content != HM_CONTENT_DSSE)
		return hm_fail(err, HM_R_USAGE, "the bundle has a message signature and no attestation");
	enum hm_status st = hm_subjects_parse(bundle->dsse.payload, arena, &subjects, err);
	if (st == HM_OK)
		st = hm_subjects_find(&subjects, artifact, &found, err);
	if (st != HM_OK)
		return st;
	hm_pae_init(bundle->dsse.payload_type, bundle->dsse.payload, &pae);
	for (size_t i = 0; i < HM_DIGEST_ALGS && st == HM_OK; i++)
		st = hm_crypto_digest((enum hm_digest_alg)i, pae.parts, HM_PAE_PARTS, &is.digests[i], err);
	if (st != HM_OK)
		return st;
	is.predicate_type = hm_arena_dup(arena, subjects.predicate_type);
	*ret_attestation = is;
	return hm_arena_check(arena, "an attestation", err);
}
