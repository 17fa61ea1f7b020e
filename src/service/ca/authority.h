/*
 * The CA's keys and certificates in its directory, and the certificates that it issues.
 *
 * Layer 11, inside service/ca. Constant once open: any thread.
 * Source  RFC 5280; sigstore/fulcio, docs/certificate-specification.md and pkg/ca
 */
#ifndef HM_SERVICE_CA_AUTHORITY_H
#define HM_SERVICE_CA_AUTHORITY_H

#include "base/effects.h"
#include "crypto/x509.h"
#include "service/ca/ctlog.h"
#include "service/ca/identity.h"

struct hm_authority {
	char *dir;
	const struct hm_effects *fx;
	struct hm_signer signer;          /* the intermediate's; the root's is read only to make it */
	struct hm_buf root, intermediate; /* DER */
	struct hm_cert root_cert, intermediate_cert;
	struct hm_ctlog ctlog;
};

/* Errors: as hm_ca_open(). Owns: ret_authority is the caller's, for hm_authority_done(). */
enum hm_status hm_authority_open(const char *dir, const char *organization, const struct hm_effects *fx,
				 struct hm_authority *ret_authority, struct hm_err *err) HM_MUST;

void hm_authority_done(struct hm_authority *authority);

/*
 * Issue a certificate: it is in the log when this returns.
 *
 * Owns    the certificate's DER is added to der
 * Errors  HM_EVERIFY ca.expired; as hm_ctlog_add(); HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_authority_issue(const struct hm_authority *authority, const struct hm_key *key,
				  const struct hm_ca_identity *identity, struct hm_buf *der,
				  struct hm_err *err) HM_MUST;

#endif
