#include "crypto/sct.h"

#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/x509_make.h"

/* RFC 5246 7.4.1.4.1 */
#define TLS_SHA256 4
#define TLS_RSA    1
#define TLS_ECDSA  3

/* The log's answer, RFC 6962 3.2. */
#define SCT_VERSION_1   0
#define ENTRY_PRECERT   1
#define TYPE_CERT_STAMP 0

/* TLS's numbers, most significant byte first. */
static bool take_number(struct hm_str *rest, size_t bytes, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (rest->len < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | (uint8_t)rest->ptr[i];
	*rest = hm_str_skip(*rest, bytes);
	*ret_number = number;
	return true;
}

/* opaque<0..2^16-1> */
static bool take_opaque(struct hm_str *rest, struct hm_str *ret_bytes)
{
	struct hm_str after = *rest;
	uint64_t len;

	if (!take_number(&after, 2, &len) || len > after.len)
		return false;
	*ret_bytes = hm_str_head(after, (size_t)len);
	*rest = hm_str_skip(after, (size_t)len);
	return true;
}

static void add_number(struct hm_buf *buf, size_t bytes, uint64_t number)
{
	for (size_t i = bytes; i-- > 0;)
		hm_buf_add_char(buf, (char)(number >> 8 * i));
}

static void add_opaque(struct hm_buf *buf, size_t len_bytes, struct hm_str bytes)
{
	add_number(buf, len_bytes, bytes.len);
	hm_buf_add_str(buf, bytes);
}

static bool is_version_1(struct hm_str bytes)
{
	return bytes.len > 0 && bytes.ptr[0] == SCT_VERSION_1;
}

enum hm_status hm_sct_parse(struct hm_str bytes, struct hm_sct *ret_sct, struct hm_err *err)
{
	struct hm_sct sct = { 0 };
	struct hm_str rest = hm_str_skip(bytes, 1);
	uint64_t hash, sig;

	if (!is_version_1(bytes))
		return hm_fail(err, HM_R_SCT_FORMAT, "an SCT of another version");
	if (rest.len < HM_HASH_LEN)
		return hm_fail(err, HM_R_SCT_FORMAT, "an SCT of %zu bytes", bytes.len);
	memcpy(sct.log_id.b, rest.ptr, HM_HASH_LEN);
	rest = hm_str_skip(rest, HM_HASH_LEN);
	if (!take_number(&rest, 8, &sct.time_ms) || !take_opaque(&rest, &sct.exts) || !take_number(&rest, 1, &hash) ||
	    !take_number(&rest, 1, &sig) || !take_opaque(&rest, &sct.signature) || rest.len != 0)
		return hm_fail(err, HM_R_SCT_FORMAT, "an SCT is cut, or has something behind it");
	sct.hash = (uint8_t)hash;
	sct.sig = (uint8_t)sig;
	HM_PLANT(sct.hash == 6 && sct.sig == 2);
	*ret_sct = sct;
	return HM_OK;
}

enum hm_status hm_sct_list(const struct hm_cert *cert, struct hm_sct *ret_scts, size_t *ret_count, struct hm_err *err)
{
	struct hm_cert_ext ext;
	struct hm_str outer, list, one;
	size_t n = 0;

	*ret_count = 0;
	if (!hm_cert_find_ext(cert, HM_OID_SCT_LIST, &ext))
		return HM_OK;
	/* RFC 6962 3.3: an OCTET STRING (in the extension's own), in it opaque<1..2^16-1>, in it the SCTs, each so */
	if (!hm_der_only(ext.value, HM_DER_OCTETS, &outer) || !take_opaque(&outer, &list) || outer.len != 0 ||
	    list.len == 0)
		return hm_fail(err, HM_R_SCT_FORMAT, "the list of SCTs is malformed");
	while (list.len > 0) {
		if (!take_opaque(&list, &one) || one.len == 0)
			return hm_fail(err, HM_R_SCT_FORMAT, "the list of SCTs is cut");
		if (!is_version_1(one))
			continue;
		if (n == HM_MAX_SCTS)
			return hm_fail(err, HM_R_LIMIT, "a certificate with more than %d SCTs", HM_MAX_SCTS);
		enum hm_status st = hm_sct_parse(one, &ret_scts[n], err);
		if (st != HM_OK)
			return st;
		n++;
	}
	*ret_count = n;
	return HM_OK;
}

/* Add a TBSCertificate's extensions again, each byte for byte, without the two that a precertificate has otherwise. */
static bool add_other_exts(struct hm_buf *buf, struct hm_str exts)
{
	struct hm_cert_ext ext;
	bool left_out = false;

	while (exts.len > 0) {
		const char *at = exts.ptr;
		if (!hm_cert_next_ext(&exts, &ext))
			break;
		if (hm_str_eq(ext.oid, HM_OID_SCT_LIST) || hm_str_eq(ext.oid, HM_OID_CT_POISON))
			left_out = true;
		else
			hm_buf_add(buf, at, (size_t)(exts.ptr - at));
	}
	return left_out;
}

enum hm_status hm_sct_precert_tbs(const struct hm_cert *cert, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_str body = { 0 }, rest;
	struct hm_der_item item;

	/* Up to the extensions, which are the last field (RFC 5280 4.1), nothing changes. */
	bool found = hm_der_only(cert->tbs, HM_DER_SEQUENCE, &body);
	for (rest = body; found && !hm_der_is_next(rest, HM_DER_CONTEXT_CONS(3));)
		found = hm_der_next(&rest, &item);
	if (!found)
		return hm_fail(err, HM_R_SCT_FORMAT, "a certificate without extensions has no SCT");

	size_t tbs = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_buf_add(buf, body.ptr, (size_t)(rest.ptr - body.ptr));
	size_t outer = hm_der_begin(buf, HM_DER_CONTEXT_CONS(3)), inner = hm_der_begin(buf, HM_DER_SEQUENCE);
	bool left_out = add_other_exts(buf, cert->exts);
	hm_der_end(buf, inner);
	hm_der_end(buf, outer);
	hm_der_end(buf, tbs);
	if (!left_out)
		return hm_fail(err, HM_R_SCT_FORMAT, "a certificate that has no SCT and is no precertificate");
	return hm_buf_check(buf, "a precertificate", err);
}

/* RFC 6962 3.2: what a log signs for a precertificate */
static enum hm_status signed_data(uint64_t time_ms, struct hm_str issuer_spki, struct hm_str tbs, struct hm_str exts,
				  struct hm_buf *buf, struct hm_err *err)
{
	struct hm_hash issuer_key_hash;

	enum hm_status st = hm_crypto_sha256_of(issuer_spki, &issuer_key_hash, err);
	if (st != HM_OK)
		return st;
	if (tbs.len >= 1u << 24 || exts.len > UINT16_MAX)
		return hm_fail(err, HM_R_LIMIT, "a precertificate of %zu bytes", tbs.len);
	add_number(buf, 1, SCT_VERSION_1);
	add_number(buf, 1, TYPE_CERT_STAMP);
	add_number(buf, 8, time_ms);
	add_number(buf, 2, ENTRY_PRECERT);
	hm_buf_add(buf, issuer_key_hash.b, sizeof(issuer_key_hash.b));
	add_opaque(buf, 3, tbs);
	add_opaque(buf, 2, exts);
	return hm_buf_check(buf, "a precertificate", err);
}

enum hm_status hm_sct_verify(const struct hm_sct *sct, const struct hm_cert *cert, struct hm_str issuer_spki,
			     const struct hm_key *log_key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf tbs = hm_buf_init(HM_MAX_CERT), data = hm_buf_init(2 * HM_MAX_CERT);
	bool is_rsa = log_key->kind == HM_KEY_RSA;
	enum hm_sig sig = is_rsa ? HM_SIG_RSA_SHA256 : HM_SIG_ECDSA_SHA256;

	if (memcmp(sct->log_id.b, log_key->id.b, HM_HASH_LEN) != 0)
		return hm_fail(err, HM_R_SCT_SIGNATURE, "the SCT is another log's");
	/* RFC 6962 2.1.4: ECDSA on P-256 or RSA, with SHA-256 */
	if (sct->hash != TLS_SHA256 || sct->sig != (is_rsa ? TLS_RSA : TLS_ECDSA) || !hm_sig_fits(sig, log_key->kind))
		return hm_fail(err, HM_R_SCT_SIGNATURE, "the SCT is signed in a way (%u, %u) that is not its log's",
			       sct->hash, sct->sig);
	enum hm_status st = hm_sct_precert_tbs(cert, &tbs, err);
	if (st == HM_OK)
		st = signed_data(sct->time_ms, issuer_spki, hm_buf_str(&tbs), sct->exts, &data, err);
	if (st == HM_OK)
		st = hm_key_verify(log_key, sig, hm_buf_str(&data), sct->signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_SCT_SIGNATURE, "the SCT is not the log's over this certificate");
	return st;
}

enum hm_status hm_sct_sign(struct hm_str tbs, struct hm_str issuer_spki, const struct hm_signer *log, uint64_t time_ms,
			   struct hm_str exts, struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_buf_done)
	struct hm_buf data = hm_buf_init(2 * HM_MAX_CERT), signature = hm_buf_init(HM_MAX_SIGNATURE);
	bool is_rsa = log->key.kind == HM_KEY_RSA;

	enum hm_status st = signed_data(time_ms, issuer_spki, tbs, exts, &data, err);
	if (st == HM_OK)
		st = hm_signer_sign(log, is_rsa ? HM_SIG_RSA_SHA256 : HM_SIG_ECDSA_SHA256, hm_buf_str(&data),
				    &signature, err);
	if (st != HM_OK)
		return st;
	add_number(buf, 1, SCT_VERSION_1);
	hm_buf_add(buf, log->key.id.b, HM_HASH_LEN);
	add_number(buf, 8, time_ms);
	add_opaque(buf, 2, exts);
	add_number(buf, 1, TLS_SHA256);
	add_number(buf, 1, is_rsa ? TLS_RSA : TLS_ECDSA);
	add_opaque(buf, 2, hm_buf_str(&signature));
	return hm_buf_check(buf, "an SCT", err);
}

void hm_ext_add_scts(struct hm_buf *exts, const struct hm_str *scts, size_t n)
{
	HM_OWN(hm_buf_done) struct hm_buf list = hm_buf_init(UINT16_MAX), value = hm_buf_init(HM_MAX_CERT);

	for (size_t i = 0; i < n; i++)
		add_opaque(&list, 2, scts[i]);
	size_t begin = hm_der_begin(&value, HM_DER_OCTETS);
	add_opaque(&value, 2, hm_buf_str(&list));
	hm_der_end(&value, begin);
	hm_ext_add(exts, HM_OID_SCT_LIST, false, hm_buf_str(&value));
	/* What went wrong in between has to be seen where the caller looks. */
	if (exts->status == HM_OK)
		exts->status = list.status != HM_OK ? list.status : value.status;
}

void hm_ext_add_poison(struct hm_buf *exts)
{
	hm_ext_add(exts, HM_OID_CT_POISON, true, HM_STR("\x05\x00"));
}
