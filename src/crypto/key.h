/*
 * Keys and signatures: ECDSA on the NIST curves, Ed25519, RSA.
 *
 * A public key is parsed once and then checks any number of signatures on any number of threads. Weak keys are refused
 * where they are parsed.
 *
 * Not here: certificates (x509.h), encrypted key files (keyfile.h), whose key it is and whether it is trusted
 * (sigstore). Layer 3. A key or a signer is constant once made: any thread. Random numbers are OpenSSL's own.
 */
#ifndef HM_CRYPTO_KEY_H
#define HM_CRYPTO_KEY_H

#include "base/buf.h"
#include "base/secret.h"
#include "crypto/digest.h"

#include <stdbool.h>

enum hm_key_kind { HM_KEY_P256, HM_KEY_P384, HM_KEY_P521, HM_KEY_ED25519, HM_KEY_RSA };

/* How a signature is made: the algorithm with its digest. ECDSA signatures are DER (RFC 3279, 2.2.3). */
enum hm_sig {
	HM_SIG_ECDSA_SHA256,
	HM_SIG_ECDSA_SHA384,
	HM_SIG_ECDSA_SHA512,
	HM_SIG_RSA_SHA256, /* PKCS #1 v1.5 */
	HM_SIG_RSA_SHA384,
	HM_SIG_RSA_SHA512,
	HM_SIG_RSA_PSS_SHA256, /* the salt is as long as the digest, MGF1 uses the same digest */
	HM_SIG_RSA_PSS_SHA384,
	HM_SIG_RSA_PSS_SHA512,
	HM_SIG_ED25519,   /* pure: needs the message, a digest is not enough */
	HM_SIG_ED25519PH, /* RFC 8032 5.1 with the SHA-512 of the message, empty context */
};

/* A public key. */
struct hm_key {
	enum hm_key_kind kind;
	unsigned bits;       /* of the field or the modulus: 256, 384, 521, 2048 … */
	struct hm_hash id;   /* SHA-256 of spki, as Sigstore and certificate transparency name a key */
	struct hm_str spki;  /* DER of the SubjectPublicKeyInfo, owned */
	struct hm_str point; /* what its BIT STRING holds, inside spki: EC point, Ed25519 key, RSAPublicKey */
	void *pkey;          /* OpenSSL's, owned */
	void *verifier;      /* one verification made ready, to be copied for each, owned */
};

/* A private key with its public one. */
struct hm_signer {
	struct hm_key key;
	void *pkey; /* OpenSSL's, owned; wiped by it */
};

/*
 * Read a public key.
 *
 * Shape   der: SubjectPublicKeyInfo; nothing behind it. EC keys by named curve and with an uncompressed point.
 * Owns    ret_key is the caller's, for hm_key_done(); keeps nothing of der
 * Errors  HM_EPARSE key.format: not that, or a point that is not on its curve
 *         HM_EPARSE key.unsupported: another algorithm or curve, by name
 *         HM_EVERIFY key.weak: an RSA modulus under 2048 bits, or a public exponent of 65535 or less or even
 *         HM_ELIMIT limit: an RSA modulus over HM_MAX_RSA_BITS
 *         HM_ENOMEM
 * Source  RFC 5280 4.1.2.7, RFC 5480, RFC 3279 2.3.1, RFC 8410; FIPS 186-5 A.1.1 for the exponent
 */
enum hm_status hm_key_parse(struct hm_str der, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

/* The same from an RSAPublicKey (RFC 8017 A.1.1), whose SubjectPublicKeyInfo is made. */
enum hm_status hm_key_parse_pkcs1(struct hm_str der, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

/*
 * The same from what the BIT STRING of a SubjectPublicKeyInfo holds: EC point or Ed25519 key, as in struct hm_key; not
 * for RSA.
 */
enum hm_status hm_key_parse_point(enum hm_key_kind kind, struct hm_str point, struct hm_key *ret_key,
				  struct hm_err *err) HM_MUST;

/*
 * The same from a file's content: PEM ("PUBLIC KEY", "RSA PUBLIC KEY") or DER of a SubjectPublicKeyInfo.
 *
 * Errors  as hm_key_parse(); HM_EPARSE pem, also for another label
 */
enum hm_status hm_key_parse_text(struct hm_str text, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

/* Another key like it. Owns: ret_key is the caller's. */
enum hm_status hm_key_dup(const struct hm_key *key, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

void hm_key_done(struct hm_key *key);

bool hm_key_eq(const struct hm_key *a, const struct hm_key *b);

/* Add a "PUBLIC KEY" block. */
void hm_key_encode_pem(const struct hm_key *key, struct hm_buf *buf);

/* "ECDSA P-256", "Ed25519", "RSA"; for texts. */
const char *hm_key_kind_name(enum hm_key_kind kind);

/* "ECDSA-SHA256" and the like; for texts. */
const char *hm_sig_name(enum hm_sig sig);

/* How this kind of key signs unless something else is asked for: P-384 with SHA-384, RSA as PKCS #1 v1.5, Ed25519 pure.
 */
enum hm_sig hm_key_sig(const struct hm_key *key);

/* Whether a key of this kind can make such a signature. Any curve goes with any digest. */
bool hm_sig_fits(enum hm_sig sig, enum hm_key_kind kind);

/* The digest that is signed in place of the message. Errors: false for pure Ed25519, which signs the message. */
bool hm_sig_digest(enum hm_sig sig, enum hm_digest_alg *ret_alg) HM_MUST;

/*
 * Check a signature over a message.
 *
 * Shape   message: n parts as if they were one run of bytes.
 * Errors  HM_EVERIFY signature.invalid: also for a signature that is malformed, and for Ed25519 and RSA when memory
 *         ran out inside OpenSSL, which does not say so
 *         HM_EVERIFY signature.scheme: sig does not fit the key
 *         HM_ENOMEM
 */
enum hm_status hm_key_verify_parts(const struct hm_key *key, enum hm_sig sig, const struct hm_part *message, size_t n,
				   struct hm_str signature, struct hm_err *err) HM_MUST;

enum hm_status hm_key_verify(const struct hm_key *key, enum hm_sig sig, struct hm_str message, struct hm_str signature,
			     struct hm_err *err) HM_MUST;

/*
 * Check a signature over a message of which only the digest is known.
 *
 * Errors  as hm_key_verify(); HM_EVERIFY signature.scheme: the digest is not the one that sig signs;
 *         HM_EINVAL signature.message: pure Ed25519 signs the message itself
 */
enum hm_status hm_key_verify_digest(const struct hm_key *key, enum hm_sig sig, const struct hm_digest *digest,
				    struct hm_str signature, struct hm_err *err) HM_MUST;

/*
 * Make a new private key.
 *
 * Units   rsa_bits: 2048, 3072 or 4096; 0 for other kinds.
 * Owns    ret_signer is the caller's, for hm_signer_done()
 * Errors  HM_EINVAL usage: another rsa_bits; HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_signer_generate(enum hm_key_kind kind, unsigned rsa_bits, struct hm_signer *ret_signer,
				  struct hm_err *err) HM_MUST;

/*
 * Read a private key.
 *
 * Shape   der: PKCS #8 PrivateKeyInfo (RFC 5958), ECPrivateKey (RFC 5915) or RSAPrivateKey (RFC 8017 A.1.2), none
 *         encrypted.
 * Errors  HM_EPARSE key.format: also when the private and the public half do not belong together; key.unsupported;
 *         HM_EVERIFY key.weak; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_signer_parse(struct hm_str der, struct hm_signer *ret_signer, struct hm_err *err) HM_MUST;

/* The same from a file's content: PEM ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY") or DER. Errors: also pem. */
enum hm_status hm_signer_parse_text(struct hm_str text, struct hm_signer *ret_signer, struct hm_err *err) HM_MUST;

void hm_signer_done(struct hm_signer *signer);

/* The private key as PKCS #8 DER. Owns: ret_der is the caller's. */
enum hm_status hm_signer_encode(const struct hm_signer *signer, struct hm_secret *ret_der, struct hm_err *err) HM_MUST;

/* The same as a "PRIVATE KEY" block. */
enum hm_status hm_signer_encode_pem(const struct hm_signer *signer, struct hm_secret *ret_pem,
				    struct hm_err *err) HM_MUST;

/*
 * Sign a message.
 *
 * Shape   message: n parts as if they were one run of bytes; the signature is added to buf.
 * Errors  HM_EVERIFY signature.scheme: sig does not fit the key; HM_ELIMIT, HM_ENOMEM; HM_EIO random
 */
enum hm_status hm_signer_sign_parts(const struct hm_signer *signer, enum hm_sig sig, const struct hm_part *message,
				    size_t n, struct hm_buf *buf, struct hm_err *err) HM_MUST;

enum hm_status hm_signer_sign(const struct hm_signer *signer, enum hm_sig sig, struct hm_str message,
			      struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* Sign a message of which only the digest is known. Errors: also HM_EINVAL signature.message: pure Ed25519. */
enum hm_status hm_signer_sign_digest(const struct hm_signer *signer, enum hm_sig sig, const struct hm_digest *digest,
				     struct hm_buf *buf, struct hm_err *err) HM_MUST;

/*
 * An AlgorithmIdentifier of a signature in a certificate, a request or a CMS message.
 *
 * Shape   der: the whole SEQUENCE.
 * Errors  false when it is malformed or none of enum hm_sig; Ed25519ph has none
 * Source  RFC 5758, RFC 4055, RFC 8410
 */
bool hm_sig_from_algorithm(struct hm_str der, enum hm_sig *ret_sig) HM_MUST;

/* Add the AlgorithmIdentifier; sig is not HM_SIG_ED25519PH. */
void hm_sig_add_algorithm(struct hm_buf *buf, enum hm_sig sig);

/* A digest's AlgorithmIdentifier: parameters NULL or none (RFC 5754 2). Errors: false for another, SHA-1 among them. */
bool hm_digest_from_algorithm(struct hm_str der, enum hm_digest_alg *ret_alg) HM_MUST;

/* Add it, without parameters. */
void hm_digest_add_algorithm(struct hm_buf *buf, enum hm_digest_alg alg);

/*
 * Sigstore's PublicKeyDetails: how a public key is encoded and how it signs, as one value.
 *
 * Source  sigstore/protobuf-specs, sigstore_common.proto; sigstore/architecture-docs, algorithm-registry.md
 */
enum hm_key_details {
	HM_DETAILS_NONE, /* "PUBLIC_KEY_DETAILS_UNSPECIFIED" */
	HM_DETAILS_P256_SHA256,
	HM_DETAILS_P384_SHA384,
	HM_DETAILS_P521_SHA512,
	HM_DETAILS_RSA2048_SHA256,
	HM_DETAILS_RSA3072_SHA256,
	HM_DETAILS_RSA4096_SHA256,
	HM_DETAILS_RSA2048_PSS_SHA256,
	HM_DETAILS_RSA3072_PSS_SHA256,
	HM_DETAILS_RSA4096_PSS_SHA256,
	HM_DETAILS_ED25519,
	HM_DETAILS_ED25519PH,
	HM_DETAILS_P384_SHA256, /* deprecated, as are those below; all occur */
	HM_DETAILS_P521_SHA256,
	HM_DETAILS_PKIX_RSA, /* "PKIX_RSA_PKCS1V5": any size */
	HM_DETAILS_PKIX_RSA_PSS,
	HM_DETAILS_PKCS1_RSA, /* "PKCS1_RSA_PKCS1V5": the key is an RSAPublicKey */
	HM_DETAILS_PKCS1_RSA_PSS,
};

/* "PKIX_ECDSA_P256_SHA_256" and the like. */
const char *hm_key_details_name(enum hm_key_details details);

/* Errors: false for a name that is not there or whose algorithm is not supported (ML-DSA, LMS, HMAC). */
bool hm_key_details_from_name(struct hm_str name, enum hm_key_details *ret_details) HM_MUST;

/*
 * The registry's name, "ecdsa-sha2-256-nistp256" and the like, as command lines take it.
 *
 * Errors  NULL for what has none
 */
const char *hm_key_details_registry(enum hm_key_details details);
bool hm_key_details_from_registry(struct hm_str name, enum hm_key_details *ret_details) HM_MUST;

/* What a key that signs in this way is called. Errors: false when there is no name, such as for RSA with 2050 bits. */
bool hm_key_details_of(const struct hm_key *key, enum hm_sig sig, enum hm_key_details *ret_details) HM_MUST;

/* How such a key signs; details is not HM_DETAILS_NONE. */
enum hm_sig hm_key_details_sig(enum hm_key_details details);

/*
 * Read a public key as its details say it is encoded, and hold it against them.
 *
 * Errors  as hm_key_parse(); HM_EPARSE key.details: it is another kind or size; HM_DETAILS_NONE takes any
 */
enum hm_status hm_key_parse_as(struct hm_str der, enum hm_key_details details, struct hm_key *ret_key,
			       struct hm_err *err) HM_MUST;

#endif
