/*
 * Asking a certificate authority that speaks Fulcio's API for a certificate.
 *
 * Proof of possession is a certificate request, signed by the key: what a token's subject is called need not be known.
 *
 * Not here: verifying the certificate, which needs a time (verify_steps.h).
 * Layer 7. Any thread.
 * Source  sigstore/fulcio, fulcio.proto (POST /api/v2/signingCert); RFC 2986
 */
#ifndef HM_SIGSTORE_FULCIO_H
#define HM_SIGSTORE_FULCIO_H

#include "crypto/x509_make.h"
#include "sigstore/service.h"

/*
 * Get a certificate for a key.
 *
 * Shape   token: a JWT. timeout_ms: 0: HM_HTTP_TIMEOUT_MS. ret_der: the certificate; those above it come from trust
 *         roots.
 * Owns    ret_der is the caller's, for hm_buf_done()
 * Errors  as hm_service_post(), with what the authority said; HM_EINVAL usage: token holds what no token does
 *         as hm_fulcio_answer_parse()
 */
enum hm_status hm_fulcio_ask(const struct hm_service *ca, struct hm_str token, const struct hm_signer *signer,
			     int64_t timeout_ms, struct hm_buf *ret_der, struct hm_err *err) HM_MUST;

/*
 * Read an answer, and hold it against the key that it was asked for.
 *
 * Shape   members that are not known are passed over, as the API may grow.
 * Owns    keeps nothing of text; ret_der as above
 * Errors  HM_EPARSE json.…, data.…, pem; HM_EPARSE fulcio.answer: no certificate; HM_EPARSE x509.format, sct.format
 *         HM_EVERIFY fulcio.sct: the SCT is detached or there is none; bundles have no place for a detached one
 *         HM_EVERIFY fulcio.key: a certificate of another key
 *         HM_ELIMIT: over HM_MAX_FULCIO_ANSWER, HM_MAX_CERT_PATH certificates, or HM_MAX_CERT; HM_ENOMEM
 */
enum hm_status hm_fulcio_answer_parse(struct hm_str text, const struct hm_key *key, struct hm_buf *ret_der,
				      struct hm_err *err) HM_MUST;

#endif
