/*
 * Verification of a bundle, in the order of the client specification: times, certificate, log entries, signature,
 * artifact.
 *
 * All that a bundle claims must be true: each of its time stamps, each of its log entries. If one cannot be verified
 * the bundle is refused, whatever the others are worth.
 *
 * What comes out of it is struct hm_verified, which hm_bundle_verify() alone makes: functions that act on a signature
 * take nothing else.
 *
 * Not here: where bundles come from, what a statement's predicate says (attest), which signers are wanted (policy).
 * Layer 7. No clock, no network, no files but the artifact's. Any thread; one trust root serves any number at once.
 * Source  sigstore/architecture-docs, client-spec.md 4, rekor-v2-spec.md 6 and 7.2
 */
#ifndef HM_SIGSTORE_VERIFY_H
#define HM_SIGSTORE_VERIFY_H

#include "sigstore/artifact.h"
#include "sigstore/bundle.h"
#include "sigstore/identity.h"
#include "sigstore/trust.h"

/* Who the signer must be: an identity and who vouched for it, or a key. One of the two, never neither or both. */
struct hm_verify_policy {
	struct hm_str identity, issuer; /* compared byte for byte */
	const struct hm_key *key;
	enum hm_key_details key_details; /* how the key signs; HM_DETAILS_NONE: as its kind usually does */
};

/* NULL is all default. */
struct hm_verify_opts {
	/* The certificate need not have been logged: for instances without certificate transparency. */
	bool without_sct;
	/* Log entries are not looked at, and prove nothing: a certificate then needs a time stamp. */
	bool without_tlog;
	/* Time stamps are not looked at, and prove nothing. */
	bool without_timestamps;
	/* An envelope's statement need not be about the artifact, which is not looked at and may be NULL. */
	bool without_subject;
	/*
	 * The time now, as the caller has it, nanoseconds since 1970: what a certificate is checked at where nothing
	 * that is trusted says when it was used. 0: it is refused then.
	 */
	int64_t now_ns;
	unsigned tlogs;      /* logs of different operators that must have the signature; 0: 1 */
	unsigned timestamps; /* authorities of different operators that must have stamped it; 0: none need have */
};

/* Where a time comes from. */
enum hm_time_source { HM_TIME_TIMESTAMP, HM_TIME_LOG, HM_TIME_NOW };

struct hm_verified_time {
	enum hm_time_source source;
	int64_t time_ns;  /* since 1970 */
	struct hm_str by; /* URL of the authority or the log, as the trust root has it; {0}: HM_TIME_NOW, the caller */
};

struct hm_verified_entry {
	int64_t index; /* as the log counts */
	struct hm_str log_url, log_id;
	struct hm_str kind, version;
	int64_t integrated_time_s; /* 0: none that is signed */
	int64_t proven_index;      /* in the tree of the proof; -1: there was a signed promise and no proof */
};

struct hm_verified;

/*
 * Verify a bundle.
 *
 * Shape   opts: NULL for the defaults.
 * Owns    ret_verified is the caller's, for hm_verified_free(); it borrows from bundle, trust and policy->key, which
 *         must live as long. artifact is borrowed during the call.
 * Errors  HM_EINVAL usage: policy wants neither or both; artifact.algorithm
 *         HM_EPOLICY identity.subject, identity.issuer; identity.key, identity.no-key, identity.certificate
 *         HM_EVERIFY bundle.root-certificate; timestamp.…, tsp.…: of a time stamp; timestamp.missing
 *         HM_EVERIFY cert.…, x509.…: of the signer's certificate; sct.…
 *         HM_EVERIFY tlog.…; signature.invalid, signature.scheme; dsse.payload-type; artifact.digest, artifact.subject
 *         HM_EPARSE x509.format, key.…, sct.format, tsp.format, bundle.checkpoint, tlog.note, tlog.checkpoint,
 *         tlog.body, dsse.statement
 *         HM_ELIMIT; HM_EIO: the artifact; HM_ENOMEM
 *         Where one mistake has several symptoms the refusal names the mistake: an entry that does not fit because the
 *         artifact is another is artifact.digest.
 */
enum hm_status hm_bundle_verify(const struct hm_trust *trust, const struct hm_bundle *bundle,
				const struct hm_artifact *artifact, const struct hm_verify_policy *policy,
				const struct hm_verify_opts *opts, struct hm_verified **ret_verified,
				struct hm_err *err) HM_MUST;

struct hm_verified *hm_verified_free(struct hm_verified *verified);

static inline void hm_verified_freep(struct hm_verified **verified)
{
	*verified = hm_verified_free(*verified);
}

/* What was established; all borrowed. */
size_t hm_verified_times(const struct hm_verified *verified, const struct hm_verified_time **ret_times);
size_t hm_verified_entries(const struct hm_verified *verified, const struct hm_verified_entry **ret_entries);

/* Who signed; NULL for a key. */
const struct hm_identity *hm_verified_identity(const struct hm_verified *verified);
const struct hm_cert *hm_verified_cert(const struct hm_verified *verified);
const struct hm_key *hm_verified_key(const struct hm_verified *verified);

/* The digest by which the artifact was found to be what was signed; of length 0 where it was not looked at. */
const struct hm_digest *hm_verified_digest(const struct hm_verified *verified);

/* Of an envelope: the statement, byte for byte, and what kind of predicate it has; {0} for a message signature. */
struct hm_str hm_verified_payload(const struct hm_verified *verified);
struct hm_str hm_verified_predicate_type(const struct hm_verified *verified);

#endif
