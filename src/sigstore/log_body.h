/*
 * What a log holds of a signature: the bodies of the kinds of entries that Rekor has, read and made.
 *
 * Here too: what a bundle says was signed, in the form that bodies are compared with or made from. For this module
 * only.
 *
 * Layer 7. Pure; any thread.
 * Source  sigstore/rekor, pkg/types/{hashedrekord,dsse,intoto}; sigstore/rekor-tiles, hashedrekord.proto
 */
#ifndef HM_SIGSTORE_LOG_BODY_H
#define HM_SIGSTORE_LOG_BODY_H

#include "crypto/key.h"
#include "sigstore/bundle.h"

enum hm_log_kind {
	HM_LOG_HASHEDREKORD_V1, /* hashedrekord 0.0.1 */
	HM_LOG_DSSE_V1,         /* dsse 0.0.1 */
	HM_LOG_INTOTO_V1,       /* intoto 0.0.2 */
	HM_LOG_HASHEDREKORD_V2, /* hashedrekord 0.0.2: of Rekor v2, also for DSSE */
};

static inline bool hm_log_kind_is_v2(enum hm_log_kind kind)
{
	return kind == HM_LOG_HASHEDREKORD_V2;
}

/*
 * Which kind an entry is of.
 *
 * Errors  HM_EVERIFY tlog.kind: one that is not verified here, by name
 */
enum hm_status hm_log_kind_of(const struct hm_log_entry *entry, enum hm_log_kind *ret_kind, struct hm_err *err) HM_MUST;

/* A body that was read. */
struct hm_log_body {
	struct hm_digest digest; /* of the message or of the PAE; dsse and intoto: of the payload */
	struct hm_str signature;
	bool is_cert;              /* the signer is known by a certificate, or else by a key */
	struct hm_str signer;      /* DER of either */
	struct hm_str key_details; /* Rekor v2 only */
};

/*
 * Read a body.
 *
 * Owns    ret_body's views lie in the arena and in body
 * Errors  HM_EPARSE tlog.body: not what its kind says, or of another kind or version; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_log_body_parse(struct hm_str body, enum hm_log_kind kind, struct hm_arena *arena,
				 struct hm_log_body *ret_body, struct hm_err *err) HM_MUST;

/* What somebody says was signed, by whom and how: of a bundle, or of a signature that is being made. */
struct hm_log_claim {
	enum hm_bundle_content content;
	struct hm_digest digest; /* of the message, or of the PAE by the algorithm that the signature uses */
	struct hm_str payload;   /* of an envelope */
	struct hm_str signature;
	struct hm_str cert;          /* DER; {0}: the key alone */
	struct hm_str spki;          /* DER of the key */
	enum hm_key_details details; /* HM_DETAILS_NONE: the key has no name among them */
};

/* In what a body and a claim differ. */
enum {
	HM_DIFFERS_DIGEST = 1,
	HM_DIFFERS_SIGNER = 2,
	HM_DIFFERS_SIGNATURE = 4,
	HM_DIFFERS_DETAILS = 8,
};

/*
 * Compare a body with a claim.
 *
 * Shape   ret_differs: HM_DIFFERS_…; 0: they say the same.
 * Errors  HM_EVERIFY tlog.kind: a kind for other content; HM_ENOMEM
 */
enum hm_status hm_log_body_compare(const struct hm_log_body *body, enum hm_log_kind kind,
				   const struct hm_log_claim *claim, unsigned *ret_differs, struct hm_err *err) HM_MUST;

/*
 * Add the body that Rekor v2 makes of a claim.
 *
 * Errors  HM_EVERIFY tlog.kind: a signature that Rekor v2 cannot hold, such as pure Ed25519; HM_ELIMIT; HM_ENOMEM
 * Source  sigstore/architecture-docs, rekor-v2-spec.md 6.1.4; RFC 8785
 */
enum hm_status hm_log_body_make(const struct hm_log_claim *claim, struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
