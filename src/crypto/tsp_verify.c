#include "crypto/tsp.h"

#include "base/own.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/ssl.h"

/* Whether a certificate is the one that the signer's part names. */
static bool is_signer(const struct hm_tsp_token *token, const struct hm_cert *cert)
{
	if (token->signer_key_id.ptr)
		return cert->subject_key_id.len > 0 && hm_str_eq(token->signer_key_id, cert->subject_key_id);
	return hm_str_eq(token->signer_issuer, cert->issuer) && hm_str_eq(token->signer_serial, cert->serial);
}

/* ESSCertID(v2), RFC 5035 4: hash, and issuer and serial number where they are given */
static enum hm_status is_named(const struct hm_tsp_token *token, const struct hm_cert *cert, bool *ret_named,
			       struct hm_err *err)
{
	const struct hm_part part = { cert->der.ptr, cert->der.len };
	struct hm_digest hash = { .alg = HM_SHA256 };
	struct hm_str names, name;
	enum hm_status st;

	*ret_named = false;
	if (token->ess_is_sha1) {
		hash.len = HM_SHA1_LEN;
		st = hm_ssl_sha1(cert->der, hash.b, err);
	} else if (token->ess_algorithm.len > 0 && !hm_digest_from_algorithm(token->ess_algorithm, &hash.alg)) {
		return HM_OK;
	} else {
		st = hm_crypto_digest(hash.alg, &part, 1, &hash, err);
	}
	if (st != HM_OK)
		return st;
	if (!hm_str_eq(token->ess_hash, hm_str_of(hash.b, hash.len)))
		return HM_OK;
	/* GeneralNames with one directoryName, which is explicit because Name is a choice */
	if (token->ess_issuer.len > 0 &&
	    (!hm_str_eq(token->ess_serial, cert->serial) || !hm_der_only(token->ess_issuer, HM_DER_SEQUENCE, &names) ||
	     !hm_der_only(names, HM_DER_CONTEXT_CONS(4), &name) || !hm_str_eq(name, cert->issuer)))
		return HM_OK;
	*ret_named = true;
	return HM_OK;
}

/* A signer's certificate, and its key where the pool has parsed it. */
struct signer {
	const struct hm_cert *cert;
	const struct hm_key *key;
};

static void use_pool_key(const struct hm_x509_pool *pool, struct signer *signer)
{
	for (size_t i = 0; i < hm_x509_pool_count(pool) && !signer->key; i++) {
		if (hm_cert_eq(hm_x509_pool_cert_at(pool, i), signer->cert))
			signer->key = hm_x509_pool_key_at(pool, i);
	}
}

/* The signer's certificate: of those in the reply, then of those that the authority is known to have. */
static enum hm_status find_signer(const struct hm_tsp_token *token, const struct hm_x509_pool *pool,
				  struct signer *ret_signer, struct hm_err *err)
{
	size_t known = hm_x509_pool_count(pool);
	bool named = false, found = false;

	for (size_t i = 0; i < token->certs_len + known && !named; i++) {
		struct signer signer = { i < token->certs_len ? &token->certs[i]
							      : hm_x509_pool_cert_at(pool, i - token->certs_len),
					 NULL };
		if (!is_signer(token, signer.cert))
			continue;
		found = true;
		enum hm_status st = is_named(token, signer.cert, &named, err);
		if (st != HM_OK)
			return st;
		use_pool_key(pool, &signer);
		*ret_signer = signer;
	}
	if (named)
		return HM_OK;
	return hm_fail(err, HM_R_TSP_SIGNER,
		       found
			   ? "the signer's certificate is not the one that the time stamp names as its own"
			   : "the certificate of the time stamp's signer is neither in it nor among the trusted ones");
}

/* The algorithm of the signature. Before RFC 5754 it was written as the key's, with the digest standing elsewhere. */
static bool signature_algorithm(const struct hm_tsp_token *token, enum hm_sig *ret_sig)
{
	static const enum hm_sig rsa[] = {
		[HM_SHA256] = HM_SIG_RSA_SHA256, [HM_SHA384] = HM_SIG_RSA_SHA384, [HM_SHA512] = HM_SIG_RSA_SHA512
	};
	struct hm_str body, oid;

	if (hm_sig_from_algorithm(token->sig_algorithm, ret_sig))
		return true;
	if (!hm_der_only(token->sig_algorithm, HM_DER_SEQUENCE, &body) || !hm_der_take_oid(&body, &oid) ||
	    !hm_str_eq(oid, HM_OID_RSA))
		return false;
	*ret_sig = rsa[token->digest];
	return true;
}

static enum hm_status check_content(const struct hm_tsp_token *token, struct hm_err *err)
{
	const struct hm_part part = { token->tst_info.ptr, token->tst_info.len };
	struct hm_digest content;

	enum hm_status st = hm_crypto_digest(token->digest, &part, 1, &content, err);
	if (st == HM_OK && !hm_str_eq(token->message_digest, hm_str_of(content.b, content.len)))
		return hm_fail(err, HM_R_TSP_SIGNATURE, "the time stamp is not what was signed");
	return st;
}

static enum hm_status check_signature(const struct hm_tsp_token *token, const struct signer *signer, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key parsed = { 0 };
	enum hm_sig sig = HM_SIG_ECDSA_SHA256;
	enum hm_status st = HM_OK;

	if (!signature_algorithm(token, &sig))
		return hm_fail(err, HM_R_TSP_ALGORITHM,
			       "the time stamp is signed by an algorithm that hallmark does not know");
	if (!signer->key)
		st = hm_cert_key(signer->cert, &parsed, err);
	if (st != HM_OK)
		return st;
	/* RFC 5652 5.4: "a separate encoding of the signedAttrs field is performed ... an EXPLICIT SET OF tag is used"
	 */
	const struct hm_part parts[] = { { "\x31", 1 }, { token->attrs.ptr + 1, token->attrs.len - 1 } };
	st = hm_key_verify_parts(signer->key ? signer->key : &parsed, sig, parts, 2, token->signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_TSP_SIGNATURE, "the time stamp's %s signature does not match its signer's key",
			       hm_sig_name(sig));
	return st;
}

enum hm_status hm_tsp_verify(const struct hm_tsp_token *token, const struct hm_tsp_query *query,
			     struct hm_x509_path *ret_path, struct hm_err *err)
{
	struct signer signer = { 0 };

	if (!hm_digest_eq(&token->imprint, query->digest))
		return hm_fail(err, HM_R_TSP_IMPRINT, "the time stamp is one of something else");
	if (query->nonce.len > 0 && !hm_str_eq(token->nonce, query->nonce))
		return hm_fail(err, HM_R_TSP_NONCE, "the time stamp answers another request: its nonce differs");
	enum hm_status st = find_signer(token, query->pool, &signer, err);
	if (st == HM_OK)
		st = check_content(token, err);
	if (st == HM_OK)
		st = check_signature(token, &signer, err);
	if (st != HM_OK)
		return st;
	const struct hm_x509_query path = {
		.leaf = signer.cert,
		.untrusted = token->certs,
		.untrusted_len = token->certs_len,
		.use = HM_X509_TIME_STAMPING,
		.times_s = &token->time_s,
		.times_len = 1,
	};
	return hm_while(err, hm_x509_check_path(query->pool, &path, ret_path, err), "time stamp");
}
