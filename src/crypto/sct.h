/*
 * Signed certificate timestamps, embedded in a certificate: a log's promise to include it.
 *
 * Layer 3. Pure but for the nonce of a signature; any thread.
 * Source  RFC 6962, 3.2 and 3.3
 */
#ifndef HM_CRYPTO_SCT_H
#define HM_CRYPTO_SCT_H

#include "crypto/x509.h"

#include <stdbool.h>

/* One SCT, version 1: views into the list. */
struct hm_sct {
	struct hm_hash log_id; /* SHA-256 of the log's SubjectPublicKeyInfo */
	uint64_t time_ms;      /* milliseconds since 1970 */
	struct hm_str exts;    /* the log's own, such as a leaf index; often empty */
	uint8_t hash, sig;     /* of RFC 5246 7.4.1.4.1, as they stand there */
	struct hm_str signature;
};

/*
 * The SCTs of a certificate.
 *
 * Shape   ret_scts: room for HM_MAX_SCTS; ret_count is 0 when the certificate has none. SCTs of a later version are
 *         left out, as RFC 6962 3.3 has it.
 * Owns    ret_scts borrow from the certificate
 * Errors  HM_EPARSE sct.format; HM_ELIMIT limit: more than HM_MAX_SCTS
 */
enum hm_status hm_sct_list(const struct hm_cert *cert, struct hm_sct *ret_scts, size_t *ret_count,
			   struct hm_err *err) HM_MUST;

/*
 * Add a certificate's TBSCertificate as its precertificate had it: without the list of SCTs and without the poison,
 * every other byte the same.
 *
 * Errors  HM_ELIMIT, HM_ENOMEM; HM_EPARSE sct.format: it has neither
 */
enum hm_status hm_sct_precert_tbs(const struct hm_cert *cert, struct hm_buf *buf, struct hm_err *err) HM_MUST;

/*
 * Check an SCT over a certificate.
 *
 * Shape   issuer_spki: SubjectPublicKeyInfo of the certificate's issuer, from a path that was checked.
 *         log_key: chosen by its id, which must be that of the SCT.
 * Errors  HM_EVERIFY sct.signature: also a log id that is not the key's, an algorithm that the key does not have
 *         HM_EPARSE sct.format; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_sct_verify(const struct hm_sct *sct, const struct hm_cert *cert, struct hm_str issuer_spki,
			     const struct hm_key *log_key, struct hm_err *err) HM_MUST;

/*
 * The log's side: promise a precertificate.
 *
 * Shape   tbs: the precertificate's, without the poison: hm_sct_precert_tbs() or as it was built; the SCT is added to
 *         buf, as it stands in a list. exts: the log's own; usually {0}.
 * Units   time_ms: milliseconds since 1970.
 * Errors  HM_EVERIFY signature.scheme: log is neither ECDSA nor RSA; HM_EIO random; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_sct_sign(struct hm_str tbs, struct hm_str issuer_spki, const struct hm_signer *log, uint64_t time_ms,
			   struct hm_str exts, struct hm_buf *buf, struct hm_err *err) HM_MUST;

/*
 * Read one SCT, as hm_sct_sign() makes it.
 *
 * Owns    ret_sct borrows from bytes
 * Errors  HM_EPARSE sct.format: also another version
 */
enum hm_status hm_sct_parse(struct hm_str bytes, struct hm_sct *ret_sct, struct hm_err *err) HM_MUST;

/* Add the extension with the list of n SCTs, to a list of extensions as in x509_make.h. */
void hm_ext_add_scts(struct hm_buf *exts, const struct hm_str *scts, size_t n);

/* Add the poison that makes a precertificate of it. */
void hm_ext_add_poison(struct hm_buf *exts);

#endif
