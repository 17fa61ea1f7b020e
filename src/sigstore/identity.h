/*
 * Who a certificate says the signer is, as Fulcio writes it.
 *
 * Layer 7. Pure; any thread.
 * Source  sigstore/fulcio, docs/oid-info.md and docs/certificate-specification.md
 */
#ifndef HM_SIGSTORE_IDENTITY_H
#define HM_SIGSTORE_IDENTITY_H

#include "crypto/x509.h"

enum hm_identity_kind {
	HM_IDENTITY_EMAIL,
	HM_IDENTITY_URI,
	HM_IDENTITY_USERNAME, /* "user!domain" */
};

/* Views into the certificate. */
struct hm_identity {
	enum hm_identity_kind kind;
	struct hm_str subject; /* the one alternative name */
	struct hm_str issuer;  /* who vouched for it: a URL; {0}: not said */
};

/* Claims, numbers below 1.3.6.1.4.1.57264.1. */
enum hm_fulcio_claim {
	HM_CLAIM_ISSUER_OLD = 1,
	HM_CLAIM_WORKFLOW_TRIGGER,
	HM_CLAIM_WORKFLOW_SHA,
	HM_CLAIM_WORKFLOW_NAME,
	HM_CLAIM_WORKFLOW_REPOSITORY,
	HM_CLAIM_WORKFLOW_REF,
	HM_CLAIM_ISSUER = 8,
	HM_CLAIM_BUILD_SIGNER_URI,
	HM_CLAIM_BUILD_SIGNER_DIGEST,
	HM_CLAIM_RUNNER_ENVIRONMENT,
	HM_CLAIM_SOURCE_URI,
	HM_CLAIM_SOURCE_DIGEST,
	HM_CLAIM_SOURCE_REF,
	HM_CLAIM_SOURCE_ID,
	HM_CLAIM_SOURCE_OWNER_URI,
	HM_CLAIM_SOURCE_OWNER_ID,
	HM_CLAIM_BUILD_CONFIG_URI,
	HM_CLAIM_BUILD_CONFIG_DIGEST,
	HM_CLAIM_BUILD_TRIGGER,
	HM_CLAIM_RUN_URI,
	HM_CLAIM_VISIBILITY,
	HM_CLAIM_DEPLOYMENT,
	HM_CLAIM_TOKEN_SUBJECT,
	HM_CLAIM_LAST = HM_CLAIM_TOKEN_SUBJECT,
};

/*
 * Read a claim of a certificate.
 *
 * Shape   ret_text: UTF-8, as it stands there. 1 to 6 are the extension's bytes, the others a DER UTF8String.
 * Owns    ret_text borrows from the certificate
 * Errors  false when it is not there or malformed
 */
bool hm_fulcio_claim(const struct hm_cert *cert, enum hm_fulcio_claim claim, struct hm_str *ret_text) HM_MUST;

/*
 * The claim that a name means: "sourceRepositoryURI", as sigstore-go writes them, or the extension's object identifier,
 * "1.3.6.1.4.1.57264.1.12".
 *
 * Errors  false for another name, also for the number 7, which is no extension
 */
bool hm_fulcio_claim_from_name(struct hm_str name, enum hm_fulcio_claim *ret_claim) HM_MUST;

/* The name; NULL where a number is no claim's. */
const char *hm_fulcio_claim_name(enum hm_fulcio_claim claim);

/*
 * Read who the signer is.
 *
 * Owns    ret_identity borrows from the certificate
 * Errors  HM_EVERIFY cert.san: not exactly one alternative name, or one that is no e-mail address, URI or user name
 */
enum hm_status hm_identity_read(const struct hm_cert *cert, struct hm_identity *ret_identity,
				struct hm_err *err) HM_MUST;

#endif
