/*
 * The steps of a verification, and what they hand on. For this module only.
 *
 * Layer 7. One thread at a time; many verifications share one trust root.
 */
#ifndef HM_SIGSTORE_VERIFY_STEPS_H
#define HM_SIGSTORE_VERIFY_STEPS_H

#include "base/limits.h"
#include "sigstore/log_body.h"
#include "sigstore/subjects.h"
#include "sigstore/trust_parts.h"
#include "sigstore/verify.h"

#define HM_MAX_TIMES (HM_MAX_BUNDLE_ENTRIES + HM_MAX_BUNDLE_TIMESTAMPS + 1)

struct hm_verified {
	struct hm_arena arena;
	struct hm_cert chain[HM_MAX_CERT_PATH]; /* of the bundle: the signer's first */
	size_t chain_len;                       /* 0: the signer is known by a key */
	struct hm_key own_key;                  /* of the certificate */
	const struct hm_key *key;               /* own_key or the policy's */
	struct hm_identity identity;
	struct hm_verified_time times[HM_MAX_TIMES];
	size_t times_count;
	struct hm_verified_entry entries[HM_MAX_BUNDLE_ENTRIES];
	size_t entries_count;
	struct hm_digest digest;
	struct hm_str payload;
	struct hm_subjects subjects;
};

/* One verification. */
struct hm_check {
	const struct hm_trust *trust;
	const struct hm_bundle *bundle;
	const struct hm_artifact *artifact;
	const struct hm_verify_policy *policy;
	struct hm_verify_opts opts;
	struct hm_verified *out;

	enum hm_sig sig; /* how the bundle's signature is made */
	bool has_claim;
	struct hm_log_claim claim;
	struct hm_pae pae;
};

/* Before all: who signed and how, as far as the bundle says it and the policy wants it. */
enum hm_status hm_check_prepare(struct hm_check *c, struct hm_err *err) HM_MUST;

/* client-spec 4.2 */
enum hm_status hm_check_times(struct hm_check *c, struct hm_err *err) HM_MUST;

/* client-spec 4.3 */
enum hm_status hm_check_cert(struct hm_check *c, struct hm_err *err) HM_MUST;

/* client-spec 4.4 */
enum hm_status hm_check_entries(struct hm_check *c, struct hm_err *err) HM_MUST;

/* client-spec 4.5 */
enum hm_status hm_check_content(struct hm_check *c, struct hm_err *err) HM_MUST;

/* What the bundle claims was signed, made when it is first asked for: a large artifact is hashed here. */
enum hm_status hm_check_claim(struct hm_check *c, struct hm_err *err) HM_MUST;

/* The signature alone, over what the bundle and the artifact say. */
enum hm_status hm_check_signature(struct hm_check *c, struct hm_err *err) HM_MUST;

/* The artifact alone: the hint of a message signature, or the subjects of a statement. */
enum hm_status hm_check_artifact(struct hm_check *c, struct hm_err *err) HM_MUST;

/*
 * After a refusal: look for the mistake behind it, and put that into err. It stays a refusal in any case.
 *
 * Errors  returns what is then in err, never HM_OK
 */
enum hm_status hm_check_explain(struct hm_check *c, enum hm_status st, struct hm_err *err) HM_MUST;

/* The i-th log of the trust root that an entry may be of; NULL when there are no more. */
const struct hm_trust_log *hm_find_log(const struct hm_trust *trust, struct hm_str id, size_t i);

/*
 * Check that a log has a body, by an entry's checkpoint and proof.
 *
 * Shape   body: the leaf's bytes. is_v2: of Rekor v2, whose index counts in one tree and whose origin is its name.
 * Errors  HM_EVERIFY tlog.unknown-log, tlog.origin, tlog.unsigned, tlog.signature, tlog.root, tlog.inclusion,
 * tlog.index HM_EPARSE bundle.checkpoint, tlog.note, tlog.checkpoint; HM_ENOMEM
 */
enum hm_status hm_check_inclusion(const struct hm_trust *trust, const struct hm_log_entry *entry, struct hm_str body,
				  bool is_v2, const struct hm_trust_log **ret_log, struct hm_err *err) HM_MUST;

/* Whether a proof leads from a body to the root that stands beside it; nobody vouches for that root. */
enum hm_status hm_check_own_root(const struct hm_log_entry *entry, struct hm_str body, bool is_v2,
				 struct hm_err *err) HM_MUST;

/*
 * Check an entry of Rekor v2 against what was sent to be logged.
 *
 * Errors  as hm_check_inclusion(); HM_EVERIFY tlog.kind, tlog.entry…: the log has something else
 */
enum hm_status hm_check_logged(const struct hm_trust *trust, const struct hm_log_entry *entry,
			       const struct hm_log_claim *claim, const struct hm_trust_log **ret_log,
			       struct hm_err *err) HM_MUST;

/* What it means that body and claim differ so. Errors: never HM_OK unless differs is 0. */
enum hm_status hm_refuse_entry(unsigned differs, struct hm_err *err) HM_MUST;

/*
 * Check one RFC 3161 reply against the authorities of a trust root.
 *
 * Shape   nonce: of the request; {0}: not compared.
 * Errors  HM_EVERIFY timestamp.untrusted, timestamp.validity, timestamp.expired, tsp.…, x509.…; HM_EPARSE tsp.…
 */
enum hm_status hm_check_timestamp(const struct hm_trust *trust, struct hm_str reply, struct hm_str signature,
				  struct hm_str nonce, struct hm_verified_time *ret_time, size_t *ret_authority,
				  struct hm_err *err) HM_MUST;

/*
 * Check a certificate against the authorities of a trust root, at each of n times, and its SCTs.
 *
 * Shape   untrusted: steps on the way.
 * Errors  HM_EVERIFY cert.authority, cert.time, cert.validity, x509.…; sct.…
 */
struct hm_cert_query {
	const struct hm_cert *chain; /* the leaf first */
	size_t chain_len;
	const int64_t *times_ns;
	size_t times_len;
	bool without_sct;
};
enum hm_status hm_check_issued(const struct hm_trust *trust, const struct hm_cert_query *query,
			       struct hm_err *err) HM_MUST;

#endif
