/*
 * Certificates: read, and checked up to a trusted one.
 *
 * A certificate is parsed once, by our own reader, into views of its bytes. Whether a path leads to a trusted one is
 * OpenSSL's to say (names, constraints, critical extensions, lengths); signatures and times along the path are checked
 * here, so that what a trust root holds is checked once and not for each artifact. A leaf as plain as Fulcio's are is
 * accepted without an OpenSSL object of its own; everything else about it, and every refusal, is OpenSSL's.
 *
 * Not here: making certificates (x509_make.h), certificate transparency (sct.h), which identity is wanted (sigstore).
 * Layer 3. No clock, no system store. Any thread; a pool is constant once everything is added.
 */
#ifndef HM_CRYPTO_X509_H
#define HM_CRYPTO_X509_H

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/key.h"

#include <stdbool.h>

/* KeyUsage, RFC 5280 4.2.1.3. */
#define HM_KU_DIGITAL_SIGNATURE (UINT32_C(1) << 0)
#define HM_KU_NON_REPUDIATION   (UINT32_C(1) << 1)
#define HM_KU_CERT_SIGN         (UINT32_C(1) << 5)
#define HM_KU_CRL_SIGN          (UINT32_C(1) << 6)

/* A certificate: views into its DER, and what most readers ask of its extensions. A view that is not there is {0}. */
struct hm_cert {
	struct hm_str der;
	struct hm_str tbs;             /* the whole TBSCertificate, which is what is signed */
	struct hm_str serial;          /* content of the INTEGER; negative ones and zero occur */
	struct hm_str issuer, subject; /* whole Names */
	struct hm_str spki;            /* the whole SubjectPublicKeyInfo */
	struct hm_str algorithm;       /* the whole AlgorithmIdentifier of the signature */
	struct hm_str signature;
	struct hm_str exts; /* all extensions, for hm_cert_next_ext() */
	int64_t not_before_s, not_after_s;

	uint32_t key_usage; /* HM_KU_…; all bits when there is no such extension */
	bool is_ca;
	int path_len;      /* -1: no limit */
	struct hm_str eku; /* OIDs, for hm_cert_has_eku() */
	bool eku_critical, san_critical;
	struct hm_str san;                              /* for hm_cert_next_san() */
	struct hm_str subject_key_id, authority_key_id; /* the key identifiers themselves */
};

struct hm_cert_ext {
	struct hm_str oid; /* content of the OID, see crypto/oid.h */
	bool critical;
	struct hm_str value; /* what the OCTET STRING holds */
};

enum hm_san_kind { HM_SAN_EMAIL, HM_SAN_DNS, HM_SAN_URI, HM_SAN_OTHER, HM_SAN_UNKNOWN };

/* One of a certificate's alternative names. */
struct hm_san {
	enum hm_san_kind kind;
	struct hm_str oid; /* HM_SAN_OTHER: type-id */
	struct hm_str
	    value; /* text; HM_SAN_OTHER: its UTF8String, or {0} when it is something else; UNKNOWN: raw content */
};

/*
 * Read a certificate.
 *
 * Shape   der: X.509 version 3 (or 1, which has no extensions), strict DER, nothing behind it.
 * Owns    ret_cert borrows der; allocates nothing
 * Errors  HM_EPARSE x509.format: also an extension that stands there twice, and malformed content of those that are
 *         decoded here; HM_ELIMIT limit: more than HM_MAX_CERT_EXTS extensions
 * Source  RFC 5280, 4.1
 */
enum hm_status hm_cert_parse(struct hm_str der, struct hm_cert *ret_cert, struct hm_err *err) HM_MUST;

/* Whether two are the same, byte for byte. */
bool hm_cert_eq(const struct hm_cert *a, const struct hm_cert *b);

/* The public key. Owns: ret_key is the caller's. Errors: as hm_key_parse(). */
enum hm_status hm_cert_key(const struct hm_cert *cert, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

/* Take the next extension off a view that began as cert->exts. Errors: false at the end. */
bool hm_cert_next_ext(struct hm_str *rest, struct hm_cert_ext *ret_ext);

/* Errors: false when the certificate has no such extension. */
bool hm_cert_find_ext(const struct hm_cert *cert, struct hm_str oid, struct hm_cert_ext *ret_ext) HM_MUST;

/* Take the next name off a view that began as cert->san. Errors: false at the end. */
bool hm_cert_next_san(struct hm_str *rest, struct hm_san *ret_san);

/* Whether the key may be used so; without the extension it may not. */
bool hm_cert_has_eku(const struct hm_cert *cert, struct hm_str oid);

/* The first attribute of this type in a Name. Errors: false when there is none, or it is no text. */
bool hm_name_find(struct hm_str name, struct hm_str oid, struct hm_str *ret_text) HM_MUST;

/* Add a Name as a person reads it, "O=sigstore.dev, CN=sigstore"; what is no text, and types without a short name, as
 * dots and hexadecimal. For texts, not for comparing. */
void hm_name_write(struct hm_buf *buf, struct hm_str name);

/*
 * Check the signature on a certificate with its issuer's key, and nothing else.
 *
 * Errors  HM_EVERIFY x509.signature; HM_EPARSE key.unsupported: an algorithm that is not enum hm_sig; HM_ENOMEM
 */
enum hm_status hm_cert_verify(const struct hm_cert *cert, const struct hm_key *issuer, struct hm_err *err) HM_MUST;

/*
 * The certificates of a PEM text, in their order.
 *
 * Shape   ret_ders: room for max; each is one certificate's DER, not parsed yet.
 * Owns    each of ret_ders is the caller's, for hm_secret_done()
 * Errors  HM_EPARSE pem: none, or a block with another label; HM_ELIMIT limit: more than max; HM_ENOMEM
 */
enum hm_status hm_cert_read_pem(struct hm_str text, struct hm_secret *ret_ders, size_t max, size_t *ret_count,
				struct hm_err *err) HM_MUST;

/* Add a "CERTIFICATE" block. */
void hm_cert_encode_pem(struct hm_str der, struct hm_buf *buf);

/* What a path is checked for. */
enum hm_x509_use {
	HM_X509_ANY,
	HM_X509_CODE_SIGNING,  /* leaf: EKU codeSigning, key usage digitalSignature, no CA */
	HM_X509_TIME_STAMPING, /* leaf: EKU timeStamping alone and critical (RFC 3161, 2.3), no CA */
};

/* Certificates that are trusted, and those that lead to them; parsed and checked among each other once. */
struct hm_x509_pool;

enum hm_status hm_x509_pool_new(struct hm_x509_pool **ret_pool, struct hm_err *err) HM_MUST;
struct hm_x509_pool *hm_x509_pool_free(struct hm_x509_pool *pool);

/*
 * Add a certificate.
 *
 * Shape   is_anchor: it ends a path, whether it is self-signed or not; else it is only a step on the way.
 * Owns    keeps a copy
 * Errors  as hm_cert_parse() and hm_key_parse(); HM_ELIMIT limit: more than HM_MAX_POOL_CERTS; HM_ENOMEM
 */
enum hm_status hm_x509_pool_add(struct hm_x509_pool *pool, struct hm_str der, bool is_anchor,
				struct hm_err *err) HM_MUST;

/* What was added, in its order; the pool's. */
size_t hm_x509_pool_count(const struct hm_x509_pool *pool);
const struct hm_cert *hm_x509_pool_cert_at(const struct hm_x509_pool *pool, size_t i);
const struct hm_key *hm_x509_pool_key_at(const struct hm_x509_pool *pool, size_t i);

struct hm_x509_query {
	const struct hm_cert *leaf;
	const struct hm_cert *untrusted; /* steps on the way that came with the leaf */
	size_t untrusted_len;
	enum hm_x509_use use;
	const int64_t *times_s; /* seconds since 1970; at each of them all of the path must hold */
	size_t times_len;       /* at least 1 */
};

/* A path that was checked: the leaf first, the trusted certificate last; borrowed from the query and the pool. */
struct hm_x509_path {
	const struct hm_cert *certs[HM_MAX_CERT_PATH];
	size_t len;
};

/*
 * Check that a path leads from a certificate to a trusted one, at every one of the given times.
 *
 * At a time both ends of a validity count as inside. An issuer that restricts the use (EKU) restricts it for all below.
 * Names that are critical and that OpenSSL cannot read (otherName) are no obstacle; other unknown critical extensions
 * are.
 *
 * Shape   ret_path: that of the first time; may be NULL.
 * Errors  HM_EVERIFY x509.no-path: none of the issuers known, or the path ends before a trusted one
 *         HM_EVERIFY x509.expired, x509.not-yet-valid: which certificate, when it held, when it was asked
 *         HM_EVERIFY x509.usage: a use, a key usage, a CA flag or a length that does not allow it
 *         HM_EVERIFY x509.signature: on which certificate
 *         HM_EVERIFY x509.extension: an unknown critical one, a malformed one, a name that is not permitted
 *         HM_EINVAL usage: no time; HM_EPARSE key.…: of an issuer that came with the leaf; HM_ENOMEM
 * Source  RFC 5280, 6.1
 */
enum hm_status hm_x509_check_path(const struct hm_x509_pool *pool, const struct hm_x509_query *query,
				  struct hm_x509_path *ret_path, struct hm_err *err) HM_MUST;

#endif
