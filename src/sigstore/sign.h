/*
 * Signing: a session that has a key, and by it makes bundles of version 0.3 which are verified before they are handed
 * out.
 *
 * Without a key of its own (keyless) the session makes one on P-256, which never leaves memory, and gets a certificate
 * for it once; every artifact then has a time stamp and a log entry of its own:
 *
 *     hm_signing_new(&services, token, &opts, &signing, err)
 *     hm_sign_blob(signing, &artifact, parent, &signed_1, err)       in any threads
 *     hm_sign_statement(signing, statement, parent, &signed_2, err)
 *
 * In this order for each: signature, time stamp, certificate checked at the time of the stamp, log entry, bundle, the
 * bundle's text read again and verified against the trust root. Nothing is logged before certificate and stamp are
 * good, because a log never forgets.
 *
 * Not here: where tokens and keys come from (cli), files that are written.
 * Layer 7. A session may be used by any number of threads at once.
 * Source  sigstore/architecture-docs, client-spec.md 3; rekor-v2-spec.md
 */
#ifndef HM_SIGSTORE_SIGN_H
#define HM_SIGSTORE_SIGN_H

#include "base/effects.h"
#include "base/limits.h"
#include "sigstore/artifact.h"
#include "sigstore/service.h"
#include "sigstore/verify.h"
#include "trace/span.h"

/* What an instance offers; borrowed as long as a session lives. */
struct hm_signing_services {
	struct hm_service ca; /* url {0}: none; a session with a key of its own does not ask it */
	struct hm_service tsas[HM_MAX_SIGNING_SERVICES];
	size_t tsas_count;                                /* each stamps each signature */
	struct hm_service tlogs[HM_MAX_SIGNING_SERVICES]; /* of Rekor v2 */
	size_t tlogs_count;                               /* each gets each signature */
	const struct hm_trust *trust; /* what all answers are held against; NULL: there are no services */
};

/*
 * Take the services that a signing config says are to be used now.
 *
 * Shape   with_ca: for a session without a key of its own, which also needs a time-stamp authority. A config that lists
 *         no transparency log, or for a key no time-stamp authority, is one of an instance without.
 * Owns    ret_services borrows the config and transport; its trust is the caller's to set
 * Errors  HM_EINVAL signing-config.none: also where only other versions of an API are there, such as Rekor v1, by name;
 *         signing-config.selector; HM_ELIMIT limit
 */
struct hm_signing_config;
enum hm_status hm_signing_services_choose(const struct hm_signing_config *config, bool with_ca, int64_t now_ns,
					  const struct hm_transport *transport,
					  struct hm_signing_services *ret_services, struct hm_err *err) HM_MUST;

/* NULL is all default. */
struct hm_sign_opts {
	const struct hm_effects *fx;           /* random numbers; NULL: the system's */
	struct hm_tracer *tracer;              /* NULL: no spans */
	const struct hm_trace_context *parent; /* of the certificate's span; NULL: the tracer's */
	struct hm_str identity, issuer;  /* whom the certificate must name; {0}: whoever the authority says it is */
	int64_t timeout_ms;              /* of each question; 0: HM_HTTP_TIMEOUT_MS */
	enum hm_key_details key_details; /* how a key of its own signs; HM_DETAILS_NONE: as its kind usually does */
};

struct hm_signing;

/*
 * Begin a session with a new key and a certificate for it.
 *
 * The certificate is good for some minutes, as the authority has it (Fulcio: 10); afterwards signing fails with
 * cert.time, and a new session is needed.
 *
 * Shape   services: with ca, at least one of tsas, and trust. token: an identity token (JWT), for the authority alone.
 *         opts: NULL for the defaults.
 * Owns    ret_signing is the caller's, for hm_signing_free(); borrows services, what they point to, and what opts
 *         points to; keeps nothing of token
 * Errors  HM_EINVAL usage: a service is missing
 *         HM_ENET, HM_EVERIFY http.refused: the authority's answer; HM_EPARSE fulcio.answer; HM_EVERIFY fulcio.key: a
 *         certificate of another key; fulcio.sct: none embedded; HM_EPARSE x509.format
 *         HM_EVERIFY cert.san; HM_EPOLICY identity.subject, identity.issuer
 *         HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_signing_new(const struct hm_signing_services *services, struct hm_str token,
			      const struct hm_sign_opts *opts, struct hm_signing **ret_signing,
			      struct hm_err *err) HM_MUST;

/*
 * Begin a session with a key of the signer's own. Its bundles name it by the SHA-256 of its SubjectPublicKeyInfo, as
 * cosign does.
 *
 * Shape   services: NULL, or without tsas and tlogs: bundles have a signature only.
 * Owns    borrows signer too
 * Errors  HM_EINVAL usage: services without trust; the key does not sign so; HM_ENOMEM
 */
enum hm_status hm_signing_new_keyed(const struct hm_signing_services *services, const struct hm_signer *signer,
				    const struct hm_sign_opts *opts, struct hm_signing **ret_signing,
				    struct hm_err *err) HM_MUST;

/* Nothing may be under way; what was signed lives on. Returns NULL. */
struct hm_signing *hm_signing_free(struct hm_signing *signing);

/* For HM_OWN. */
void hm_signing_freep(struct hm_signing **signing);

/* Who the certificate says the signer is; NULL with a key of the signer's own. Borrowed. */
const struct hm_identity *hm_signing_identity(const struct hm_signing *signing);

/* The public key that signs. Borrowed. */
const struct hm_key *hm_signing_key(const struct hm_signing *signing);

/* A bundle that was made and verified. */
struct hm_signed;

/*
 * Sign an artifact: a message signature over its digest, by the algorithm that the key's signatures have.
 *
 * Shape   parent: of the spans; NULL: that of the session's opts.
 * Owns    ret_signed is the caller's, for hm_signed_free(); it lives as long as services.trust and, of a session with
 *         a key of its own, the session. artifact is borrowed during the call.
 * Errors  as its digest(); HM_ENET, HM_EVERIFY http.refused, …: a service's answer
 *         HM_EPARSE tsp.…, HM_EVERIFY tsp.…, timestamp.…: of a time stamp; cert.…, x509.…, sct.…: the certificate
 *         HM_EPARSE rekor.answer, bundle.…; HM_EVERIFY tlog.…: of a log entry
 *         HM_EVERIFY: as hm_bundle_verify(), of what was made; HM_ELIMIT; HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_sign_blob(struct hm_signing *signing, const struct hm_artifact *artifact,
			    const struct hm_trace_context *parent, struct hm_signed **ret_signed,
			    struct hm_err *err) HM_MUST;

/*
 * Sign an in-toto statement, byte for byte, in a DSSE envelope.
 *
 * Shape   statement: JSON with at least one subject that has a SHA-2 digest: there is nothing else to verify it by.
 * Errors  as hm_sign_blob(); HM_EPARSE dsse.statement; HM_EVERIFY artifact.subject: no such subject
 */
enum hm_status hm_sign_statement(struct hm_signing *signing, struct hm_str statement,
				 const struct hm_trace_context *parent, struct hm_signed **ret_signed,
				 struct hm_err *err) HM_MUST;

/* Returns NULL. */
struct hm_signed *hm_signed_free(struct hm_signed *made);

/* For HM_OWN. */
void hm_signed_freep(struct hm_signed **made);

/* The bundle as it is to be written, JSON on one line without a line end; and as it was read from that. Borrowed. */
struct hm_str hm_signed_text(const struct hm_signed *made);
const struct hm_bundle *hm_signed_bundle(const struct hm_signed *made);

/* What was verified of it: times, log entries with their indexes, digest. Borrowed. */
const struct hm_verified *hm_signed_verified(const struct hm_signed *made);

#endif
