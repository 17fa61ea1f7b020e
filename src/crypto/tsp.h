/*
 * RFC 3161 time stamps: asked for, made and checked.
 *
 * Everything is read by our own DER reader: OpenSSL's TS functions check a path at the present time only, refuse
 * replies without certificates, and take seven times as long for a structure of 700 bytes.
 *
 * Not here: HTTP (sigstore asks, service/tsa answers); which authority is trusted and when (sigstore).
 * Layer 3. Pure but for the nonce of a signature; any thread.
 * Source  RFC 3161; RFC 5652 (CMS); RFC 5035, RFC 5816 (signing certificate)
 */
#ifndef HM_CRYPTO_TSP_H
#define HM_CRYPTO_TSP_H

#include "crypto/x509.h"
#include "crypto/x509_make.h"

#include <stdbool.h>

/* A TimeStampReq; when read, views into its DER. */
struct hm_tsp_request {
	struct hm_digest imprint;
	struct hm_str policy; /* content of the OID wanted; {0}: any */
	struct hm_str nonce;  /* content of the INTEGER; {0}: none */
	bool cert_req;        /* certificates wanted in the reply */
	bool has_exts;        /* extensions were asked for; we know none */
};

/* Add the request in DER. */
void hm_tsp_request_encode(const struct hm_tsp_request *request, struct hm_buf *buf);

/*
 * Read a request.
 *
 * Owns    ret_request borrows der
 * Errors  HM_EPARSE tsp.request: not one, another version; HM_EPARSE tsp.algorithm: a digest that is not SHA-256, 384
 * or 512, or whose length is wrong; HM_ELIMIT limit: a nonce over HM_MAX_TSP_NONCE
 */
enum hm_status hm_tsp_request_parse(struct hm_str der, struct hm_tsp_request *ret_request, struct hm_err *err) HM_MUST;

/* Who makes time stamps. */
struct hm_tsp_authority {
	const struct hm_signer *signer;
	const struct hm_cert
	    *chain;           /* the signer's first; all but a self-signed last one go into replies that want them */
	size_t chain_len;     /* at least 1 */
	struct hm_str policy; /* content of the OID */
};

/*
 * Add a reply that grants a request: status, and a CMS message of version 3 with one signer and accuracy 1 s.
 *
 * Units   time_s: seconds since 1970.
 * Errors  HM_EVERIFY tsp.policy: the request wants another policy; HM_EVERIFY tsp.extension: it wants extensions
 *         HM_EVERIFY signature.scheme: an Ed25519 signer (RFC 8419 would need SHA-512 throughout; peers do not take it)
 *         HM_EIO random; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_tsp_reply(const struct hm_tsp_authority *authority, const struct hm_tsp_request *request,
			    int64_t time_s, const uint8_t serial[HM_SERIAL_LEN], struct hm_buf *buf,
			    struct hm_err *err) HM_MUST;

/* PKIFailureInfo, RFC 3161 2.4.2: bit numbers. */
enum hm_tsp_failure {
	HM_TSP_BAD_ALG = 0,
	HM_TSP_BAD_REQUEST = 2,
	HM_TSP_BAD_DATA_FORMAT = 5,
	HM_TSP_TIME_NOT_AVAILABLE = 14,
	HM_TSP_UNACCEPTED_POLICY = 15,
	HM_TSP_UNACCEPTED_EXTENSION = 16,
	HM_TSP_SYSTEM_FAILURE = 25,
};

/* Add a reply that refuses: status rejection, a text, the failure. */
void hm_tsp_refusal(enum hm_tsp_failure failure, struct hm_str text, struct hm_buf *buf);

/* A reply that was read and not yet checked: views into its DER. */
struct hm_tsp_token {
	struct hm_digest imprint;
	int64_t time_s; /* genTime, rounded down */
	uint32_t time_ns;
	struct hm_str policy;   /* content of the OID */
	struct hm_str serial;   /* content of the INTEGER; negative ones occur */
	struct hm_str nonce;    /* content of the INTEGER; {0}: none */
	struct hm_str tst_info; /* DER of the TSTInfo */

	struct hm_cert certs[HM_MAX_TSP_CERTS]; /* that came with it */
	size_t certs_len;
	struct hm_str signer_issuer, signer_serial; /* whole Name and INTEGER content; or … */
	struct hm_str signer_key_id;                /* … the subject key identifier */
	enum hm_digest_alg digest;                  /* of the signed attributes' message digest */
	struct hm_str sig_algorithm;                /* whole AlgorithmIdentifier */
	struct hm_str signature;
	struct hm_str attrs;          /* content of the signed attributes */
	struct hm_str message_digest; /* of them */
	struct hm_str ess_hash;       /* which certificate signed: its digest, … */
	struct hm_str ess_algorithm;  /* … by this AlgorithmIdentifier; {0}: ess_is_sha1, or the default, SHA-256 */
	bool ess_is_sha1;             /* ESSCertID and not ESSCertIDv2 */
	struct hm_str ess_issuer, ess_serial; /* whole GeneralNames and INTEGER content; {0}: not given */
};

/*
 * Read a reply.
 *
 * Shape   der: a TimeStampResp whose status is granted or grantedWithMods, all of it DER.
 * Owns    ret_token borrows der
 * Errors  HM_EVERIFY tsp.status: refused by the authority, with its words
 *         HM_EPARSE tsp.format: not one, or not with exactly one signer and the signed attributes that RFC 3161 wants
 *         HM_EPARSE tsp.algorithm: a digest that is not SHA-256, 384 or 512
 *         HM_ELIMIT limit: more than HM_MAX_TSP_CERTS certificates
 */
enum hm_status hm_tsp_parse(struct hm_str der, struct hm_tsp_token *ret_token, struct hm_err *err) HM_MUST;

struct hm_tsp_query {
	const struct hm_digest *digest; /* of what was stamped, by token->imprint.alg */
	struct hm_str nonce;            /* of the request; {0}: not compared */
	const struct hm_x509_pool
	    *pool; /* one authority: its anchor, and its certificates down to the signer's where known */
};

/*
 * Check a reply against one authority.
 *
 * The signer's certificate is taken from the reply or, where that has none, from the pool; its path is checked at the
 * time that the stamp says, so an authority may have expired since.
 *
 * Shape   ret_path: from the signer's certificate to the anchor; may be NULL.
 * Errors  HM_EVERIFY tsp.imprint: it stamps something else
 *         HM_EVERIFY tsp.nonce: an answer to another request
 *         HM_EVERIFY tsp.signer: no certificate is that of the signer, or not the one that the signed attributes name
 *         HM_EVERIFY tsp.signature: also over other content
 *         HM_EVERIFY x509.…: as hm_x509_check_path(), use HM_X509_TIME_STAMPING
 *         HM_ENOMEM
 */
enum hm_status hm_tsp_verify(const struct hm_tsp_token *token, const struct hm_tsp_query *query,
			     struct hm_x509_path *ret_path, struct hm_err *err) HM_MUST;

#endif
