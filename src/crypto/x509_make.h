/*
 * Certificates and certificate requests, made; requests also read.
 *
 * A certificate is made in two steps, so that a CA can have its to-be-signed bytes logged first: build the TBS, sign
 * it.
 *
 * Layer 3. Pure but for random serial numbers, which come in through effects, and nonces, which are OpenSSL's; any
 * thread.
 * Source  RFC 5280, 4; RFC 2986
 */
#ifndef HM_CRYPTO_X509_MAKE_H
#define HM_CRYPTO_X509_MAKE_H

#include "base/effects.h"
#include "crypto/x509.h"

#define HM_SERIAL_LEN 20 /* bytes: the most that RFC 5280 4.1.2.2 allows */

/* A Name of at most two attributes; empty views are left out. */
struct hm_name {
	struct hm_str organization, common_name; /* UTF-8 */
};

/* Add the Name in DER. */
void hm_name_encode(struct hm_buf *buf, const struct hm_name *name);

/*
 * A serial number: 159 random bits, so positive in 20 bytes and never zero.
 *
 * Errors  HM_EIO random
 */
enum hm_status hm_cert_serial(const struct hm_effects *fx, uint8_t ret_serial[HM_SERIAL_LEN],
			      struct hm_err *err) HM_MUST;

/* Add an extension to a list of them; the list's order is the certificate's. */
void hm_ext_add(struct hm_buf *exts, struct hm_str oid, bool critical, struct hm_str value);

void hm_ext_add_key_usage(struct hm_buf *exts, uint32_t key_usage);         /* critical */
void hm_ext_add_eku(struct hm_buf *exts, struct hm_str oid, bool critical); /* one use */
void hm_ext_add_ca(struct hm_buf *exts, int path_len);                      /* critical; -1: no limit */
void hm_ext_add_san(struct hm_buf *exts, const struct hm_san *sans, size_t n, bool critical);
void hm_ext_add_authority_key_id(struct hm_buf *exts, const struct hm_cert *issuer); /* its subject's, if it has one */

/* Errors: HM_ENOMEM. Source: RFC 7093 2 method 1, the first 160 bits of the SHA-256 of the key. */
enum hm_status hm_ext_add_subject_key_id(struct hm_buf *exts, const struct hm_key *key, struct hm_err *err) HM_MUST;

/* The extensions of the certificates that a Sigstore instance has. issuer is NULL for a root. */
enum hm_profile {
	HM_PROFILE_ROOT,
	HM_PROFILE_CODE_SIGNING_CA, /* intermediate, path length 0, EKU codeSigning */
	HM_PROFILE_CODE_SIGNING,    /* leaf; the SAN and all behind it are the caller's to add */
	HM_PROFILE_TSA_CA,          /* intermediate, path length 0, EKU timeStamping */
	HM_PROFILE_TSA,             /* leaf, EKU timeStamping, critical */
};

enum hm_status hm_ext_add_profile(struct hm_buf *exts, enum hm_profile profile, const struct hm_key *key,
				  const struct hm_cert *issuer, struct hm_err *err) HM_MUST;

struct hm_cert_spec {
	const struct hm_key *key; /* the subject's */
	struct hm_str subject;    /* whole Name, see hm_name_encode(); {0}: empty */
	struct hm_str issuer;     /* whole Name; the subject's own in a root */
	uint8_t serial[HM_SERIAL_LEN];
	int64_t not_before_s, not_after_s;
	struct hm_str exts; /* what hm_ext_add…() made; {0}: none */
};

/* Add the TBSCertificate, to be signed with sig. Errors: HM_ELIMIT, HM_ENOMEM. */
enum hm_status hm_cert_make_tbs(const struct hm_cert_spec *spec, enum hm_sig sig, struct hm_buf *buf,
				struct hm_err *err) HM_MUST;

/*
 * Add the certificate of a TBSCertificate that was made for the signer's usual sig, see hm_key_sig().
 *
 * Errors  HM_EIO random; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_cert_sign_tbs(struct hm_str tbs, const struct hm_signer *signer, struct hm_buf *buf,
				struct hm_err *err) HM_MUST;

/* Both steps. */
enum hm_status hm_cert_make(const struct hm_cert_spec *spec, const struct hm_signer *signer, struct hm_buf *buf,
			    struct hm_err *err) HM_MUST;

/* A certificate request: views into its DER. */
struct hm_csr {
	struct hm_str info;      /* the whole CertificationRequestInfo, which is what is signed */
	struct hm_str subject;   /* whole Name */
	struct hm_str spki;      /* the whole SubjectPublicKeyInfo */
	struct hm_str algorithm; /* the whole AlgorithmIdentifier of the signature */
	struct hm_str signature;
};

/*
 * Read a request.
 *
 * Owns    ret_csr borrows der
 * Errors  HM_EPARSE x509.request
 */
enum hm_status hm_csr_parse(struct hm_str der, struct hm_csr *ret_csr, struct hm_err *err) HM_MUST;

/*
 * Check that whoever sent it has the private key.
 *
 * Owns    ret_key, the request's key, is the caller's
 * Errors  as hm_key_parse(); HM_EVERIFY x509.signature
 */
enum hm_status hm_csr_verify(const struct hm_csr *csr, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

/* Add a request in DER, as a client sends it; without attributes. Shape: subject: whole Name; {0}: empty. */
enum hm_status hm_csr_make(const struct hm_signer *signer, struct hm_str subject, struct hm_buf *buf,
			   struct hm_err *err) HM_MUST;

#endif
