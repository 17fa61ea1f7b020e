#include "sigstore/identity.h"

#include "crypto/der.h"
#include "crypto/oid.h"

#include <stdio.h>

/* The first number whose value is a DER string; those before are the bytes themselves. */
#define FIRST_DER HM_CLAIM_ISSUER

bool hm_fulcio_claim(const struct hm_cert *cert, enum hm_fulcio_claim claim, struct hm_str *ret_text)
{
	const struct hm_str arc = HM_OID_FULCIO;
	struct hm_cert_ext ext;
	struct hm_str text;
	char oid[16];

	/* All numbers are below 128, so the last one is one byte. */
	memcpy(oid, arc.ptr, arc.len);
	oid[arc.len] = (char)claim;
	if (!hm_cert_find_ext(cert, hm_str_of(oid, arc.len + 1), &ext))
		return false;
	text = ext.value;
	if (claim >= FIRST_DER && !hm_der_only(ext.value, HM_DER_UTF8, &text))
		return false;
	if (!hm_str_is_utf8(text))
		return false;
	*ret_text = text;
	return true;
}

/* sigstore-go, certificate.Extensions; what it does not have yet after the same manner, from fulcio's oid-info.md */
static const char *const claim_names[] = {
	[HM_CLAIM_ISSUER_OLD] = "issuerV1",
	[HM_CLAIM_WORKFLOW_TRIGGER] = "githubWorkflowTrigger",
	[HM_CLAIM_WORKFLOW_SHA] = "githubWorkflowSHA",
	[HM_CLAIM_WORKFLOW_NAME] = "githubWorkflowName",
	[HM_CLAIM_WORKFLOW_REPOSITORY] = "githubWorkflowRepository",
	[HM_CLAIM_WORKFLOW_REF] = "githubWorkflowRef",
	[HM_CLAIM_ISSUER] = "issuer",
	[HM_CLAIM_BUILD_SIGNER_URI] = "buildSignerURI",
	[HM_CLAIM_BUILD_SIGNER_DIGEST] = "buildSignerDigest",
	[HM_CLAIM_RUNNER_ENVIRONMENT] = "runnerEnvironment",
	[HM_CLAIM_SOURCE_URI] = "sourceRepositoryURI",
	[HM_CLAIM_SOURCE_DIGEST] = "sourceRepositoryDigest",
	[HM_CLAIM_SOURCE_REF] = "sourceRepositoryRef",
	[HM_CLAIM_SOURCE_ID] = "sourceRepositoryIdentifier",
	[HM_CLAIM_SOURCE_OWNER_URI] = "sourceRepositoryOwnerURI",
	[HM_CLAIM_SOURCE_OWNER_ID] = "sourceRepositoryOwnerIdentifier",
	[HM_CLAIM_BUILD_CONFIG_URI] = "buildConfigURI",
	[HM_CLAIM_BUILD_CONFIG_DIGEST] = "buildConfigDigest",
	[HM_CLAIM_BUILD_TRIGGER] = "buildTrigger",
	[HM_CLAIM_RUN_URI] = "runInvocationURI",
	[HM_CLAIM_VISIBILITY] = "sourceRepositoryVisibilityAtSigning",
	[HM_CLAIM_DEPLOYMENT] = "deploymentEnvironment",
	[HM_CLAIM_TOKEN_SUBJECT] = "tokenSubject",
};

const char *hm_fulcio_claim_name(enum hm_fulcio_claim claim)
{
	return claim_names[claim];
}

bool hm_fulcio_claim_from_name(struct hm_str name, enum hm_fulcio_claim *ret_claim)
{
	char oid[40];

	for (int i = 0; i <= HM_CLAIM_LAST; i++) {
		if (!claim_names[i])
			continue;
		snprintf(oid, sizeof(oid), "1.3.6.1.4.1.57264.1.%d", i);
		if (hm_str_is(name, claim_names[i]) || hm_str_is(name, oid)) {
			*ret_claim = (enum hm_fulcio_claim)i;
			return true;
		}
	}
	return false;
}

static bool take_name(const struct hm_san *san, struct hm_identity *identity)
{
	switch (san->kind) {
	case HM_SAN_EMAIL:
		identity->kind = HM_IDENTITY_EMAIL;
		break;
	case HM_SAN_URI:
		identity->kind = HM_IDENTITY_URI;
		break;
	case HM_SAN_OTHER:
		if (!hm_str_eq(san->oid, HM_OID_FULCIO_USERNAME))
			return false;
		identity->kind = HM_IDENTITY_USERNAME;
		break;
	case HM_SAN_DNS:
	case HM_SAN_UNKNOWN:
		return false;
	}
	identity->subject = san->value;
	return san->value.len > 0 && hm_str_is_utf8(san->value);
}

enum hm_status hm_identity_read(const struct hm_cert *cert, struct hm_identity *ret_identity, struct hm_err *err)
{
	struct hm_identity identity = { 0 };
	struct hm_str rest = cert->san;
	struct hm_san san;

	/* fulcio certificate-specification: exactly one subject alternative name */
	if (!hm_cert_next_san(&rest, &san))
		return hm_fail(err, HM_R_CERT_SAN, "the certificate names nobody");
	if (!take_name(&san, &identity))
		return hm_fail(err, HM_R_CERT_SAN,
			       "the certificate's alternative name is no e-mail address, URI or user name");
	if (hm_cert_next_san(&rest, &san))
		return hm_fail(err, HM_R_CERT_SAN, "the certificate names more than one");
	if (!hm_fulcio_claim(cert, HM_CLAIM_ISSUER, &identity.issuer) &&
	    !hm_fulcio_claim(cert, HM_CLAIM_ISSUER_OLD, &identity.issuer))
		identity.issuer = (struct hm_str){ 0 };
	*ret_identity = identity;
	return HM_OK;
}
