#include "crypto/tsp.h"

#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/tsp_imprint.h"

/* RFC 3161 2.4.2: PKIStatus */
#define GRANTED   0
#define WITH_MODS 1
#define REJECTION 2

#define ACCURACY_S 1

/* ---- requests ---- */

/* MessageImprint ::= SEQUENCE { hashAlgorithm, hashedMessage OCTET STRING } */
static void add_imprint(struct hm_buf *buf, const struct hm_digest *imprint)
{
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_digest_add_algorithm(buf, imprint->alg);
	hm_der_add(buf, HM_DER_OCTETS, hm_str_of(imprint->b, imprint->len));
	hm_der_end(buf, begin);
}

enum hm_status hm_tsp_take_imprint(struct hm_str *rest, enum hm_reason malformed, struct hm_digest *ret_imprint,
				   struct hm_err *err)
{
	struct hm_str body, algorithm, hash;
	struct hm_digest imprint = { 0 };

	if (!hm_der_take(rest, HM_DER_SEQUENCE, &body) || !hm_der_take_raw(&body, HM_DER_SEQUENCE, &algorithm) ||
	    !hm_der_take(&body, HM_DER_OCTETS, &hash) || body.len != 0)
		return hm_fail(err, malformed, "the time stamp's imprint is malformed");
	if (!hm_digest_from_algorithm(algorithm, &imprint.alg))
		return hm_fail(err, HM_R_TSP_ALGORITHM,
			       "the imprint is by a digest other than SHA-256, SHA-384, SHA-512");
	imprint.len = hm_digest_len(imprint.alg);
	if (hash.len != imprint.len)
		return hm_fail(err, HM_R_TSP_ALGORITHM, "the imprint is %zu bytes of %s", hash.len,
			       hm_digest_name(imprint.alg));
	memcpy(imprint.b, hash.ptr, hash.len);
	*ret_imprint = imprint;
	return HM_OK;
}

void hm_tsp_request_encode(const struct hm_tsp_request *request, struct hm_buf *buf)
{
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_der_add_u64(buf, 1);
	add_imprint(buf, &request->imprint);
	if (request->policy.len > 0)
		hm_der_add_oid(buf, request->policy);
	if (request->nonce.len > 0)
		hm_der_add(buf, HM_DER_INTEGER, request->nonce);
	if (request->cert_req)
		hm_der_add_bool(buf, true);
	hm_der_end(buf, begin);
}

static enum hm_status bad_request(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_TSP_REQUEST, "time-stamp request: %s", what);
}

/* What stands behind the imprint, all of it optional. A certReq of FALSE that is written out is no DER, but is sent. */
static enum hm_status take_wishes(struct hm_str body, struct hm_tsp_request *request, struct hm_err *err)
{
	struct hm_str exts;

	if (hm_der_is_next(body, HM_DER_OID) && !hm_der_take_oid(&body, &request->policy))
		return bad_request("the policy is malformed", err);
	if (hm_der_is_next(body, HM_DER_INTEGER) && !hm_der_take_integer(&body, &request->nonce))
		return bad_request("the nonce is malformed", err);
	if (request->nonce.len > HM_MAX_TSP_NONCE)
		return hm_fail(err, HM_R_LIMIT, "a time-stamp request's nonce of %zu bytes", request->nonce.len);
	if (hm_der_is_next(body, HM_DER_BOOLEAN) && !hm_der_take_bool(&body, &request->cert_req))
		return bad_request("certReq is malformed", err);
	if (!hm_der_take_optional(&body, HM_DER_CONTEXT_CONS(0), &exts) || body.len != 0)
		return bad_request("something follows that does not belong there", err);
	request->has_exts = exts.ptr != NULL;
	HM_PLANT(request->cert_req && request->nonce.len > 0 && request->nonce.ptr[0] == 0x5a);
	return HM_OK;
}

enum hm_status hm_tsp_request_parse(struct hm_str der, struct hm_tsp_request *ret_request, struct hm_err *err)
{
	struct hm_tsp_request request = { 0 };
	struct hm_str body;
	uint64_t version;

	/* RFC 3161 2.4.1 */
	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take_u64(&body, &version))
		return bad_request("not one in DER", err);
	if (version != 1)
		return bad_request("a version other than 1", err);
	enum hm_status st = hm_tsp_take_imprint(&body, HM_R_TSP_REQUEST, &request.imprint, err);
	if (st == HM_OK)
		st = take_wishes(body, &request, err);
	if (st == HM_OK)
		*ret_request = request;
	return st;
}

/* ---- replies, made ---- */

/* TSTInfo, RFC 3161 2.4.2 */
static void add_tst_info(struct hm_buf *buf, const struct hm_tsp_authority *authority,
			 const struct hm_tsp_request *request, int64_t time_s, const uint8_t *serial)
{
	size_t info = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_der_add_u64(buf, 1);
	hm_der_add_oid(buf, authority->policy);
	add_imprint(buf, &request->imprint);
	hm_der_add_unsigned(buf, hm_str_of(serial, HM_SERIAL_LEN));
	hm_der_add_generalized(buf, time_s);
	size_t accuracy = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_u64(buf, ACCURACY_S);
	hm_der_end(buf, accuracy);
	if (request->nonce.len > 0)
		hm_der_add(buf, HM_DER_INTEGER, request->nonce);
	size_t tsa = hm_der_begin(buf, HM_DER_CONTEXT_CONS(0)), name = hm_der_begin(buf, HM_DER_CONTEXT_CONS(4));
	hm_buf_add_str(buf, authority->chain[0].subject);
	hm_der_end(buf, name);
	hm_der_end(buf, tsa);
	hm_der_end(buf, info);
}

/* Attribute ::= SEQUENCE { type, SET OF value }: begin one and return where its set begins */
static size_t begin_attribute(struct hm_buf *buf, struct hm_str type, size_t *ret_outer)
{
	*ret_outer = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_oid(buf, type);
	return hm_der_begin(buf, HM_DER_SET);
}

static void end_attribute(struct hm_buf *buf, size_t inner, size_t outer)
{
	hm_der_end(buf, inner);
	hm_der_end(buf, outer);
}

/* SigningCertificateV2 with one ESSCertIDv2, RFC 5035 3 and 4 */
static enum hm_status add_signing_cert(struct hm_buf *buf, const struct hm_cert *cert, enum hm_digest_alg alg,
				       struct hm_err *err)
{
	const struct hm_part part = { cert->der.ptr, cert->der.len };
	struct hm_digest hash;
	size_t outer;

	enum hm_status st = hm_crypto_digest(alg, &part, 1, &hash, err);
	if (st != HM_OK)
		return st;
	size_t set = begin_attribute(buf, HM_OID_SIGNING_CERT_2, &outer), signing = hm_der_begin(buf, HM_DER_SEQUENCE);
	size_t certs = hm_der_begin(buf, HM_DER_SEQUENCE), id = hm_der_begin(buf, HM_DER_SEQUENCE);
	if (alg != HM_SHA256) /* which is the default and so is not written */
		hm_digest_add_algorithm(buf, alg);
	hm_der_add(buf, HM_DER_OCTETS, hm_str_of(hash.b, hash.len));
	size_t issuer_serial = hm_der_begin(buf, HM_DER_SEQUENCE), names = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add(buf, HM_DER_CONTEXT_CONS(4), cert->issuer);
	hm_der_end(buf, names);
	hm_der_add(buf, HM_DER_INTEGER, cert->serial);
	hm_der_end(buf, issuer_serial);
	hm_der_end(buf, id);
	hm_der_end(buf, certs);
	hm_der_end(buf, signing);
	end_attribute(buf, set, outer);
	return HM_OK;
}

enum { CONTENT_TYPE, SIGNING_TIME, MESSAGE_DIGEST, SIGNING_CERT, ATTRIBUTES };

static int compare_str(const void *a, const void *b)
{
	return hm_str_cmp(*(const struct hm_str *)a, *(const struct hm_str *)b);
}

/* The four signed attributes, in the order that DER wants of a set (X.690 11.6), without the set around them. */
static enum hm_status add_attributes(struct hm_buf *buf, const struct hm_cert *cert, int64_t time_s,
				     enum hm_digest_alg ess_alg, const struct hm_digest *content, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf unsorted = hm_buf_init(HM_MAX_CERT);
	size_t ends[ATTRIBUTES], set, outer;
	struct hm_str sorted[ATTRIBUTES];

	set = begin_attribute(&unsorted, HM_OID_CONTENT_TYPE, &outer);
	hm_der_add_oid(&unsorted, HM_OID_TST_INFO);
	end_attribute(&unsorted, set, outer);
	ends[CONTENT_TYPE] = unsorted.len;
	set = begin_attribute(&unsorted, HM_OID_SIGNING_TIME, &outer);
	hm_der_add_time(&unsorted, time_s);
	end_attribute(&unsorted, set, outer);
	ends[SIGNING_TIME] = unsorted.len;
	set = begin_attribute(&unsorted, HM_OID_MESSAGE_DIGEST, &outer);
	hm_der_add(&unsorted, HM_DER_OCTETS, hm_str_of(content->b, content->len));
	end_attribute(&unsorted, set, outer);
	ends[MESSAGE_DIGEST] = unsorted.len;
	enum hm_status st = add_signing_cert(&unsorted, cert, ess_alg, err);
	ends[SIGNING_CERT] = unsorted.len;
	if (st == HM_OK)
		st = hm_buf_check(&unsorted, "a time stamp's attributes", err);
	if (st != HM_OK)
		return st;
	for (size_t i = 0, at = 0; i < ATTRIBUTES; at = ends[i++])
		sorted[i] = hm_str_of(unsorted.ptr + at, ends[i] - at);
	qsort(sorted, ATTRIBUTES, sizeof(sorted[0]), compare_str);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		hm_buf_add_str(buf, sorted[i]);
	return hm_buf_check(buf, "a time stamp's attributes", err);
}

/* SignerInfo, RFC 5652 5.3; what is signed is the attributes as a SET (5.4) */
static enum hm_status add_signer_info(struct hm_buf *buf, const struct hm_tsp_authority *authority,
				      enum hm_digest_alg digest, struct hm_str attributes, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf set = hm_buf_init(HM_MAX_CERT), signature = hm_buf_init(HM_MAX_SIGNATURE);
	const struct hm_cert *cert = &authority->chain[0];
	enum hm_sig sig = hm_key_sig(&authority->signer->key);

	hm_der_add(&set, HM_DER_SET, attributes);
	enum hm_status st = hm_buf_check(&set, "a time stamp's attributes", err);
	if (st == HM_OK)
		st = hm_signer_sign(authority->signer, sig, hm_buf_str(&set), &signature, err);
	if (st != HM_OK)
		return st;
	size_t info = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_u64(buf, 1); /* issuerAndSerialNumber */
	size_t id = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_buf_add_str(buf, cert->issuer);
	hm_der_add(buf, HM_DER_INTEGER, cert->serial);
	hm_der_end(buf, id);
	hm_digest_add_algorithm(buf, digest);
	hm_der_add(buf, HM_DER_CONTEXT_CONS(0), attributes);
	hm_sig_add_algorithm(buf, sig);
	hm_der_add(buf, HM_DER_OCTETS, hm_buf_str(&signature));
	hm_der_end(buf, info);
	return HM_OK;
}

/* RFC 3161 2.4.1: certificates only where they are wanted; a root is of no use to who does not trust it already */
static void add_certs(struct hm_buf *buf, const struct hm_tsp_authority *authority)
{
	size_t begin = hm_der_begin(buf, HM_DER_CONTEXT_CONS(0));

	for (size_t i = 0; i < authority->chain_len; i++) {
		const struct hm_cert *cert = &authority->chain[i];
		if (i == 0 || !hm_str_eq(cert->issuer, cert->subject))
			hm_buf_add_str(buf, cert->der);
	}
	hm_der_end(buf, begin);
}

/* ContentInfo with SignedData, RFC 5652 3 and 5.1 */
static enum hm_status add_token(struct hm_buf *buf, const struct hm_tsp_authority *authority, bool with_certs,
				enum hm_digest_alg digest, struct hm_str parts[2], struct hm_err *err)
{
	struct hm_str tst_info = parts[0], attributes = parts[1];
	size_t token = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_der_add_oid(buf, HM_OID_SIGNED_DATA);
	size_t explicit = hm_der_begin(buf, HM_DER_CONTEXT_CONS(0)), data = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_u64(buf, 3); /* because the content is not id-data (RFC 5652 5.1) */
	size_t digests = hm_der_begin(buf, HM_DER_SET);
	hm_digest_add_algorithm(buf, digest);
	hm_der_end(buf, digests);
	size_t content = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_oid(buf, HM_OID_TST_INFO);
	size_t inner = hm_der_begin(buf, HM_DER_CONTEXT_CONS(0));
	hm_der_add(buf, HM_DER_OCTETS, tst_info);
	hm_der_end(buf, inner);
	hm_der_end(buf, content);
	if (with_certs)
		add_certs(buf, authority);
	size_t signers = hm_der_begin(buf, HM_DER_SET);
	enum hm_status st = add_signer_info(buf, authority, digest, attributes, err);
	hm_der_end(buf, signers);
	hm_der_end(buf, data);
	hm_der_end(buf, explicit);
	hm_der_end(buf, token);
	return st;
}

static enum hm_status check_wishes(const struct hm_tsp_authority *authority, const struct hm_tsp_request *request,
				   struct hm_err *err)
{
	if (request->policy.len > 0 && !hm_str_eq(request->policy, authority->policy))
		return hm_fail(err, HM_R_TSP_POLICY, "the request wants another policy than the authority's");
	if (request->has_exts)
		return hm_fail(err, HM_R_TSP_EXTENSION, "the request wants extensions in its time stamp");
	return HM_OK;
}

enum hm_status hm_tsp_reply(const struct hm_tsp_authority *authority, const struct hm_tsp_request *request,
			    int64_t time_s, const uint8_t serial[HM_SERIAL_LEN], struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf tst_info = hm_buf_init(HM_MAX_CERT), attributes = hm_buf_init(HM_MAX_CERT);
	enum hm_digest_alg digest = HM_SHA256;
	struct hm_digest content;

	enum hm_status st = check_wishes(authority, request, err);
	if (st != HM_OK)
		return st;
	if (!hm_sig_digest(hm_key_sig(&authority->signer->key), &digest))
		return hm_fail(err, HM_R_SIG_SCHEME, "an Ed25519 key makes no time stamps");
	add_tst_info(&tst_info, authority, request, time_s, serial);
	st = hm_buf_check(&tst_info, "a time stamp", err);
	if (st != HM_OK)
		return st;
	const struct hm_part part = { tst_info.ptr, tst_info.len };
	st = hm_crypto_digest(digest, &part, 1, &content, err);
	if (st == HM_OK)
		st = add_attributes(&attributes, &authority->chain[0], time_s, request->imprint.alg, &content, err);
	if (st != HM_OK)
		return st;

	size_t reply = hm_der_begin(buf, HM_DER_SEQUENCE), status = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_u64(buf, GRANTED);
	hm_der_end(buf, status);
	st = add_token(buf, authority, request->cert_req, digest,
		       (struct hm_str[]){ hm_buf_str(&tst_info), hm_buf_str(&attributes) }, err);
	hm_der_end(buf, reply);
	return st == HM_OK ? hm_buf_check(buf, "a time stamp", err) : st;
}

void hm_tsp_refusal(enum hm_tsp_failure failure, struct hm_str text, struct hm_buf *buf)
{
	size_t reply = hm_der_begin(buf, HM_DER_SEQUENCE), status = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_der_add_u64(buf, REJECTION);
	size_t texts = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add(buf, HM_DER_UTF8, text);
	hm_der_end(buf, texts);
	hm_der_add_flags(buf, UINT32_C(1) << failure);
	hm_der_end(buf, status);
	hm_der_end(buf, reply);
}
