/* Reading a TimeStampResp: the outer message first, then who signed, then what was signed. */
#include "crypto/tsp.h"

#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/tsp_imprint.h"

static enum hm_status malformed(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_TSP_FORMAT, "time stamp: %s", what);
}

/* PKIStatusInfo, RFC 3161 2.4.2: granted, or in the authority's words why not */
static enum hm_status take_status(struct hm_str *rest, struct hm_err *err)
{
	struct hm_str status, texts, text = HM_STR("no reason given");
	uint64_t code;

	if (!hm_der_take(rest, HM_DER_SEQUENCE, &status) || !hm_der_take_u64(&status, &code) ||
	    !hm_der_take_optional(&status, HM_DER_SEQUENCE, &texts))
		return malformed("the status is malformed", err);
	if (code <= 1)
		return HM_OK;
	if (texts.len > 0 && (!hm_der_take_text(&texts, &text) || !hm_str_is_utf8(text)))
		return malformed("the status's text is malformed", err);
	return hm_fail(err, HM_R_TSP_STATUS, "the time-stamp authority refused with status %llu: %.*s",
		       (unsigned long long)code, HM_STR_ARG(hm_str_head(text, 200)));
}

static enum hm_status read_certs(struct hm_str certs, struct hm_tsp_token *token, struct hm_err *err)
{
	while (certs.len > 0) {
		struct hm_str der;
		/* RFC 5652 10.2.2: the other kinds are marked, and obsolete or not for us */
		if (!hm_der_take_raw(&certs, HM_DER_SEQUENCE, &der))
			return malformed("something among its certificates is none", err);
		if (token->certs_len == HM_MAX_TSP_CERTS)
			return hm_fail(err, HM_R_LIMIT, "a time stamp with more than %d certificates",
				       HM_MAX_TSP_CERTS);
		enum hm_status st = hm_cert_parse(der, &token->certs[token->certs_len], err);
		if (st != HM_OK)
			return hm_while(err, st, "time stamp");
		token->certs_len++;
	}
	return HM_OK;
}

/* IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER } */
static bool take_issuer_serial(struct hm_str *rest, struct hm_tsp_token *token)
{
	struct hm_str body;

	if (rest->len == 0)
		return true;
	return hm_der_take(rest, HM_DER_SEQUENCE, &body) &&
	       hm_der_take_raw(&body, HM_DER_SEQUENCE, &token->ess_issuer) &&
	       hm_der_take_integer(&body, &token->ess_serial) && body.len == 0 && rest->len == 0;
}

/* SigningCertificate and SigningCertificateV2: the first identifier is the signer's (RFC 5035 3), others are ignored */
static bool read_signing_cert(struct hm_str value, bool is_sha1, struct hm_tsp_token *token)
{
	struct hm_str body, certs, id, policies, algorithm = { 0 };

	if (!hm_der_only(value, HM_DER_SEQUENCE, &body) || !hm_der_take(&body, HM_DER_SEQUENCE, &certs) ||
	    !hm_der_take_optional(&body, HM_DER_SEQUENCE, &policies) || body.len != 0 ||
	    !hm_der_take(&certs, HM_DER_SEQUENCE, &id))
		return false;
	if (!is_sha1 && hm_der_is_next(id, HM_DER_SEQUENCE) && !hm_der_take_raw(&id, HM_DER_SEQUENCE, &algorithm))
		return false;
	if (!hm_der_take(&id, HM_DER_OCTETS, &token->ess_hash) || !take_issuer_serial(&id, token))
		return false;
	token->ess_algorithm = algorithm;
	token->ess_is_sha1 = is_sha1;
	return true;
}

/* Which of the attributes that must be there at most once were seen. */
enum { SAW_TYPE = 1, SAW_DIGEST = 2, SAW_CERT = 4, SAW_CERT_2 = 8 };

static enum hm_status read_attribute(struct hm_str type, struct hm_str value, unsigned *seen,
				     struct hm_tsp_token *token, struct hm_err *err)
{
	struct hm_str content_type;
	unsigned bit = hm_str_eq(type, HM_OID_CONTENT_TYPE)     ? SAW_TYPE
		       : hm_str_eq(type, HM_OID_MESSAGE_DIGEST) ? SAW_DIGEST
		       : hm_str_eq(type, HM_OID_SIGNING_CERT)   ? SAW_CERT
		       : hm_str_eq(type, HM_OID_SIGNING_CERT_2) ? SAW_CERT_2
								: 0;

	if (*seen & bit)
		return malformed("a signed attribute stands there twice", err);
	*seen |= bit;
	/* RFC 5652 11.1: "the content-type attribute value MUST match the encapContentInfo eContentType" */
	if (bit == SAW_TYPE &&
	    (!hm_der_take_oid(&value, &content_type) || value.len != 0 || !hm_str_eq(content_type, HM_OID_TST_INFO)))
		return malformed("what it signs is no time stamp", err);
	if (bit == SAW_DIGEST && !hm_der_only(value, HM_DER_OCTETS, &token->message_digest))
		return malformed("the message digest is malformed", err);
	/* Where both are there the newer counts, whichever comes first. */
	if ((bit == SAW_CERT_2 || (bit == SAW_CERT && !(*seen & SAW_CERT_2))) &&
	    !read_signing_cert(value, bit == SAW_CERT, token))
		return malformed("the signing certificate's identifier is malformed", err);
	return HM_OK;
}

/* signedAttrs, RFC 5652 5.3: each type with a set of values; those that we read have one */
static enum hm_status read_attributes(struct hm_str attrs, struct hm_tsp_token *token, struct hm_err *err)
{
	unsigned seen = 0;

	while (attrs.len > 0) {
		struct hm_str attribute, type, values;
		struct hm_der_item value;
		if (!hm_der_take(&attrs, HM_DER_SEQUENCE, &attribute) || !hm_der_take_oid(&attribute, &type) ||
		    !hm_der_take(&attribute, HM_DER_SET, &values) || attribute.len != 0 ||
		    !hm_der_next(&values, &value))
			return malformed("a signed attribute is malformed", err);
		if (values.len != 0)
			return malformed("a signed attribute has two values", err);
		enum hm_status st = read_attribute(type, value.raw, &seen, token, err);
		if (st != HM_OK)
			return st;
	}
	/* RFC 3161 2.4.2: "The certificate identifier (ESSCertID) of the TSA certificate MUST be included" */
	if (!(seen & SAW_TYPE) || !(seen & SAW_DIGEST) || !(seen & (SAW_CERT | SAW_CERT_2)))
		return malformed("a signed attribute is missing", err);
	HM_PLANT(token->ess_is_sha1 && token->ess_hash.len == 32);
	return HM_OK;
}

/* SignerIdentifier, RFC 5652 5.3 */
static bool take_signer_id(struct hm_str *rest, struct hm_tsp_token *token)
{
	struct hm_str id;

	if (hm_der_is_next(*rest, HM_DER_CONTEXT(0)))
		return hm_der_take(rest, HM_DER_CONTEXT(0), &token->signer_key_id);
	return hm_der_take(rest, HM_DER_SEQUENCE, &id) &&
	       hm_der_take_raw(&id, HM_DER_SEQUENCE, &token->signer_issuer) &&
	       hm_der_take_integer(&id, &token->signer_serial) && id.len == 0;
}

static enum hm_status read_signer(struct hm_str info, struct hm_tsp_token *token, struct hm_err *err)
{
	struct hm_str digest, attrs, unsigned_attrs;
	uint64_t version;

	if (!hm_der_take_u64(&info, &version) || (version != 1 && version != 3) || !take_signer_id(&info, token) ||
	    !hm_der_take_raw(&info, HM_DER_SEQUENCE, &digest) ||
	    !hm_der_take_raw(&info, HM_DER_CONTEXT_CONS(0), &token->attrs) ||
	    !hm_der_take_raw(&info, HM_DER_SEQUENCE, &token->sig_algorithm) ||
	    !hm_der_take(&info, HM_DER_OCTETS, &token->signature) ||
	    !hm_der_take_optional(&info, HM_DER_CONTEXT_CONS(1), &unsigned_attrs) || info.len != 0)
		return malformed("the signer's part is malformed", err);
	if (!hm_digest_from_algorithm(digest, &token->digest))
		return hm_fail(err, HM_R_TSP_ALGORITHM,
			       "the time stamp is signed with a digest other than SHA-256, SHA-384, "
			       "SHA-512");
	if (!hm_der_only(token->attrs, HM_DER_CONTEXT_CONS(0), &attrs))
		return malformed("the signed attributes are malformed", err);
	return read_attributes(attrs, token, err);
}

/* TSTInfo, RFC 3161 2.4.2, behind its imprint */
static bool read_times(struct hm_str *body, struct hm_tsp_token *token)
{
	struct hm_str accuracy;
	bool ordering;

	return hm_der_take_integer(body, &token->serial) &&
	       hm_der_take_time_ns(body, &token->time_s, &token->time_ns) &&
	       hm_der_take_optional(body, HM_DER_SEQUENCE, &accuracy) &&
	       (!hm_der_is_next(*body, HM_DER_BOOLEAN) || hm_der_take_bool(body, &ordering)) &&
	       (!hm_der_is_next(*body, HM_DER_INTEGER) || hm_der_take_integer(body, &token->nonce));
}

static enum hm_status read_tst_info(struct hm_tsp_token *token, struct hm_err *err)
{
	struct hm_str body, tsa, exts;
	struct hm_cert_ext ext;
	uint64_t version;

	if (!hm_der_only(token->tst_info, HM_DER_SEQUENCE, &body) || !hm_der_take_u64(&body, &version) ||
	    version != 1 || !hm_der_take_oid(&body, &token->policy))
		return malformed("the TSTInfo is malformed", err);
	enum hm_status st = hm_tsp_take_imprint(&body, HM_R_TSP_FORMAT, &token->imprint, err);
	if (st != HM_OK)
		return st;
	if (!read_times(&body, token) || !hm_der_take_optional(&body, HM_DER_CONTEXT_CONS(0), &tsa) ||
	    !hm_der_take_optional(&body, HM_DER_CONTEXT_CONS(1), &exts) || body.len != 0)
		return malformed("the TSTInfo is malformed", err);
	while (exts.len > 0) {
		if (!hm_cert_next_ext(&exts, &ext))
			return malformed("an extension is malformed", err);
		if (ext.critical)
			return malformed("it has a critical extension that hallmark does not know", err);
	}
	return HM_OK;
}

/* The parts of a SignedData, RFC 5652 5.1; CRLs and the list of digests say nothing that we need. */
static enum hm_status read_signed_data(struct hm_str data, struct hm_tsp_token *token, struct hm_err *err)
{
	struct hm_str digests, content, type, explicit, certs, crls, signers, signer;
	uint64_t version;

	if (!hm_der_take_u64(&data, &version) || !hm_der_take(&data, HM_DER_SET, &digests) ||
	    !hm_der_take(&data, HM_DER_SEQUENCE, &content) || !hm_der_take_oid(&content, &type) ||
	    !hm_der_take(&content, HM_DER_CONTEXT_CONS(0), &explicit) || content.len != 0 ||
	    !hm_der_only(explicit, HM_DER_OCTETS, &token->tst_info))
		return malformed("the signed message is malformed", err);
	if (!hm_str_eq(type, HM_OID_TST_INFO))
		return malformed("what it holds is no time stamp", err);
	if (!hm_der_take_optional(&data, HM_DER_CONTEXT_CONS(0), &certs) ||
	    !hm_der_take_optional(&data, HM_DER_CONTEXT_CONS(1), &crls) || !hm_der_take(&data, HM_DER_SET, &signers) ||
	    data.len != 0)
		return malformed("the signed message is malformed", err);
	/* RFC 3161 2.4.2: "The time-stamp token MUST NOT contain any signatures other than the signature of the TSA."
	 */
	if (!hm_der_take(&signers, HM_DER_SEQUENCE, &signer) || signers.len != 0)
		return malformed("it has not exactly one signer", err);
	enum hm_status st = read_tst_info(token, err);
	if (st == HM_OK)
		st = read_certs(certs, token, err);
	return st == HM_OK ? read_signer(signer, token, err) : st;
}

enum hm_status hm_tsp_parse(struct hm_str der, struct hm_tsp_token *ret_token, struct hm_err *err)
{
	struct hm_str reply, token_body, type, explicit, data;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &reply))
		return malformed("not a reply in DER", err);
	enum hm_status st = take_status(&reply, err);
	if (st != HM_OK)
		return st;
	if (!hm_der_take(&reply, HM_DER_SEQUENCE, &token_body) || reply.len != 0 ||
	    !hm_der_take_oid(&token_body, &type) || !hm_str_eq(type, HM_OID_SIGNED_DATA) ||
	    !hm_der_take(&token_body, HM_DER_CONTEXT_CONS(0), &explicit) || token_body.len != 0 ||
	    !hm_der_only(explicit, HM_DER_SEQUENCE, &data))
		return malformed("it holds no signed message", err);
	struct hm_tsp_token token = { 0 };
	st = read_signed_data(data, &token, err);
	if (st == HM_OK)
		*ret_token = token;
	return st;
}
