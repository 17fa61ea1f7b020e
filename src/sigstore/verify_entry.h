/*
 * Verification of what a log holds without a bundle at hand: an entry's body by itself; and what a log would hold of a
 * bundle, so that its entry can be found.
 *
 * Not here: whether the body is in the log (tlog, service/log).
 * Layer 7. Any thread.
 * Source  sigstore/rekor-tiles, hashedrekord.proto; sigstore/architecture-docs, client-spec.md 4.3 and 4.5
 */
#ifndef HM_SIGSTORE_VERIFY_ENTRY_H
#define HM_SIGSTORE_VERIFY_ENTRY_H

#include "sigstore/artifact.h"
#include "sigstore/bundle.h"
#include "sigstore/identity.h"
#include "sigstore/trust.h"

/* What an entry says, and is so. */
struct hm_entry_facts {
	struct hm_digest digest; /* of a message, or of an envelope's PAE */
	bool is_cert;            /* the signer is known by a certificate, which identity is of, or else by a key */
	struct hm_identity identity;
	struct hm_hash key_id; /* SHA-256 of the SubjectPublicKeyInfo */
};

/*
 * Verify an entry of Rekor v2: its signature over the digest, and that its certificate is by an authority of the trust
 * root, which some log of the trust root promised to include.
 *
 * Shape   body: the leaf's bytes, a hashedrekord 0.0.2. time_ns: when it was logged, nanoseconds since 1970, at which
 *         the certificate must hold; nothing in an entry proves it.
 * Owns    ret_facts' views lie in the arena and in body
 * Errors  HM_EPARSE tlog.body, x509.format, key.…, sct.format; HM_EVERIFY signature.invalid, signature.scheme
 *         HM_EVERIFY cert.authority, cert.time, cert.validity, x509.…, cert.san, sct.…; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_entry_verify(const struct hm_trust *trust, struct hm_str body, int64_t time_ns,
			       struct hm_arena *arena, struct hm_entry_facts *ret_facts, struct hm_err *err) HM_MUST;

/* Under which digests a log may hold an attestation: that of its PAE, by each algorithm. */
struct hm_attestation {
	struct hm_digest digests[HM_DIGEST_ALGS];
	struct hm_str predicate_type; /* in the arena */
};

/*
 * What a log would hold of a bundle's attestation about an artifact. Nothing of the bundle is verified: that the
 * statement is about the artifact is all that is looked at, and the digests are of that statement.
 *
 * Shape   bundle: with an envelope.
 * Errors  HM_EVERIFY artifact.subject: it is about something else; HM_EPARSE dsse.statement; HM_EINVAL usage: a message
 *         signature; as the artifact's digest(); HM_ENOMEM
 */
enum hm_status hm_attestation_of(const struct hm_bundle *bundle, const struct hm_artifact *artifact,
				 struct hm_arena *arena, struct hm_attestation *ret_attestation,
				 struct hm_err *err) HM_MUST;

#endif
