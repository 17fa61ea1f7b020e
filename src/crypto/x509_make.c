#include "crypto/x509_make.h"

#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"

/* An empty Name, as Fulcio's leaves have it. */
static const struct hm_str no_name = { "\x30\x00", 2 };

/* RFC 5280 4.1.2.4: each attribute in a set of its own, as UTF8String */
static void add_attribute(struct hm_buf *buf, struct hm_str oid, struct hm_str text)
{
	if (text.len == 0)
		return;
	size_t set = hm_der_begin(buf, HM_DER_SET), attribute = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_oid(buf, oid);
	hm_der_add(buf, HM_DER_UTF8, text);
	hm_der_end(buf, attribute);
	hm_der_end(buf, set);
}

void hm_name_encode(struct hm_buf *buf, const struct hm_name *name)
{
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);

	add_attribute(buf, HM_OID_ORGANIZATION, name->organization);
	add_attribute(buf, HM_OID_COMMON_NAME, name->common_name);
	hm_der_end(buf, begin);
}

enum hm_status hm_cert_serial(const struct hm_effects *fx, uint8_t ret_serial[HM_SERIAL_LEN], struct hm_err *err)
{
	uint8_t serial[HM_SERIAL_LEN], any = 0;

	enum hm_status st = hm_random(fx, serial, sizeof(serial), err);
	if (st != HM_OK)
		return st;
	serial[0] &= 0x7f;
	for (size_t i = 0; i < sizeof(serial); i++)
		any |= serial[i];
	if (any == 0)
		return hm_fail(err, HM_R_RANDOM, "160 random bits were all zero");
	memcpy(ret_serial, serial, sizeof(serial));
	return HM_OK;
}

/* Begin an extension and its OCTET STRING; ret_outer is for the end. */
static size_t begin_ext(struct hm_buf *exts, struct hm_str oid, bool critical, size_t *ret_outer)
{
	*ret_outer = hm_der_begin(exts, HM_DER_SEQUENCE);
	hm_der_add_oid(exts, oid);
	if (critical)
		hm_der_add_bool(exts, true);
	return hm_der_begin(exts, HM_DER_OCTETS);
}

static void end_ext(struct hm_buf *exts, size_t inner, size_t outer)
{
	hm_der_end(exts, inner);
	hm_der_end(exts, outer);
}

void hm_ext_add(struct hm_buf *exts, struct hm_str oid, bool critical, struct hm_str value)
{
	size_t outer, inner = begin_ext(exts, oid, critical, &outer);

	hm_buf_add_str(exts, value);
	end_ext(exts, inner, outer);
}

void hm_ext_add_key_usage(struct hm_buf *exts, uint32_t key_usage)
{
	size_t outer, inner = begin_ext(exts, HM_OID_KEY_USAGE, true, &outer);

	hm_der_add_flags(exts, key_usage);
	end_ext(exts, inner, outer);
}

void hm_ext_add_eku(struct hm_buf *exts, struct hm_str oid, bool critical)
{
	size_t outer, inner = begin_ext(exts, HM_OID_EXT_KEY_USAGE, critical, &outer);
	size_t list = hm_der_begin(exts, HM_DER_SEQUENCE);

	hm_der_add_oid(exts, oid);
	hm_der_end(exts, list);
	end_ext(exts, inner, outer);
}

void hm_ext_add_ca(struct hm_buf *exts, int path_len)
{
	size_t outer, inner = begin_ext(exts, HM_OID_BASIC_CONSTRAINTS, true, &outer);
	size_t list = hm_der_begin(exts, HM_DER_SEQUENCE);

	hm_der_add_bool(exts, true);
	if (path_len >= 0)
		hm_der_add_u64(exts, (uint64_t)path_len);
	hm_der_end(exts, list);
	end_ext(exts, inner, outer);
}

static void add_san(struct hm_buf *exts, const struct hm_san *san)
{
	size_t other, value;

	switch (san->kind) {
	case HM_SAN_EMAIL:
		hm_der_add(exts, HM_DER_CONTEXT(1), san->value);
		break;
	case HM_SAN_DNS:
		hm_der_add(exts, HM_DER_CONTEXT(2), san->value);
		break;
	case HM_SAN_URI:
		hm_der_add(exts, HM_DER_CONTEXT(6), san->value);
		break;
	case HM_SAN_OTHER:
		other = hm_der_begin(exts, HM_DER_CONTEXT_CONS(0));
		hm_der_add_oid(exts, san->oid);
		value = hm_der_begin(exts, HM_DER_CONTEXT_CONS(0));
		hm_der_add(exts, HM_DER_UTF8, san->value);
		hm_der_end(exts, value);
		hm_der_end(exts, other);
		break;
	case HM_SAN_UNKNOWN:
		break;
	}
}

void hm_ext_add_san(struct hm_buf *exts, const struct hm_san *sans, size_t n, bool critical)
{
	size_t outer, inner = begin_ext(exts, HM_OID_SUBJECT_ALT_NAME, critical, &outer);
	size_t list = hm_der_begin(exts, HM_DER_SEQUENCE);

	for (size_t i = 0; i < n; i++)
		add_san(exts, &sans[i]);
	hm_der_end(exts, list);
	end_ext(exts, inner, outer);
}

/* RFC 7093 2 method 1 */
#define KEY_ID_LEN 20

static enum hm_status key_id(const struct hm_key *key, struct hm_hash *ret_id, struct hm_err *err)
{
	return hm_crypto_sha256_of(key->point, ret_id, err);
}

enum hm_status hm_ext_add_subject_key_id(struct hm_buf *exts, const struct hm_key *key, struct hm_err *err)
{
	struct hm_hash id;

	enum hm_status st = key_id(key, &id, err);
	if (st != HM_OK)
		return st;
	size_t outer, inner = begin_ext(exts, HM_OID_SUBJECT_KEY_ID, false, &outer);
	hm_der_add(exts, HM_DER_OCTETS, hm_str_of(id.b, KEY_ID_LEN));
	end_ext(exts, inner, outer);
	return HM_OK;
}

void hm_ext_add_authority_key_id(struct hm_buf *exts, const struct hm_cert *issuer)
{
	if (issuer->subject_key_id.len == 0)
		return;
	size_t outer, inner = begin_ext(exts, HM_OID_AUTHORITY_KEY_ID, false, &outer);
	size_t list = hm_der_begin(exts, HM_DER_SEQUENCE);
	hm_der_add(exts, HM_DER_CONTEXT(0), issuer->subject_key_id);
	hm_der_end(exts, list);
	end_ext(exts, inner, outer);
}

enum hm_status hm_ext_add_profile(struct hm_buf *exts, enum hm_profile profile, const struct hm_key *key,
				  const struct hm_cert *issuer, struct hm_err *err)
{
	bool is_ca =
	    profile == HM_PROFILE_ROOT || profile == HM_PROFILE_CODE_SIGNING_CA || profile == HM_PROFILE_TSA_CA;

	/* The order is that of Go's x509, in which Fulcio and the time-stamp authority write them. */
	hm_ext_add_key_usage(exts, is_ca ? HM_KU_CERT_SIGN | HM_KU_CRL_SIGN : HM_KU_DIGITAL_SIGNATURE);
	if (profile == HM_PROFILE_CODE_SIGNING_CA || profile == HM_PROFILE_CODE_SIGNING)
		hm_ext_add_eku(exts, HM_OID_EKU_CODE_SIGNING, false);
	else if (profile == HM_PROFILE_TSA_CA || profile == HM_PROFILE_TSA)
		hm_ext_add_eku(exts, HM_OID_EKU_TIME_STAMPING, profile == HM_PROFILE_TSA);
	if (is_ca)
		hm_ext_add_ca(exts, profile == HM_PROFILE_ROOT ? -1 : 0);
	enum hm_status st = hm_ext_add_subject_key_id(exts, key, err);
	if (st != HM_OK)
		return st;
	if (issuer)
		hm_ext_add_authority_key_id(exts, issuer);
	return hm_buf_check(exts, "a certificate's extensions", err);
}

/* RFC 5280 4.1.2 */
enum hm_status hm_cert_make_tbs(const struct hm_cert_spec *spec, enum hm_sig sig, struct hm_buf *buf,
				struct hm_err *err)
{
	size_t tbs = hm_der_begin(buf, HM_DER_SEQUENCE);

	size_t version = hm_der_begin(buf, HM_DER_CONTEXT_CONS(0));
	hm_der_add_u64(buf, 2);
	hm_der_end(buf, version);
	hm_der_add_unsigned(buf, hm_str_of(spec->serial, sizeof(spec->serial)));
	hm_sig_add_algorithm(buf, sig);
	hm_buf_add_str(buf, spec->issuer.len > 0 ? spec->issuer : no_name);
	size_t validity = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_der_add_time(buf, spec->not_before_s);
	hm_der_add_time(buf, spec->not_after_s);
	hm_der_end(buf, validity);
	hm_buf_add_str(buf, spec->subject.len > 0 ? spec->subject : no_name);
	hm_buf_add_str(buf, spec->key->spki);
	if (spec->exts.len > 0) {
		size_t tail = hm_der_begin(buf, HM_DER_CONTEXT_CONS(3));
		hm_der_add(buf, HM_DER_SEQUENCE, spec->exts);
		hm_der_end(buf, tail);
	}
	hm_der_end(buf, tbs);
	return hm_buf_check(buf, "a certificate", err);
}

/* SEQUENCE { what is signed, algorithm, signature }, which certificates and requests are */
static enum hm_status sign_sequence(struct hm_str signed_part, const struct hm_signer *signer, struct hm_buf *buf,
				    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf signature = hm_buf_init(HM_MAX_SIGNATURE);
	enum hm_sig sig = hm_key_sig(&signer->key);

	enum hm_status st = hm_signer_sign(signer, sig, signed_part, &signature, err);
	if (st != HM_OK)
		return st;
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);
	hm_buf_add_str(buf, signed_part);
	hm_sig_add_algorithm(buf, sig);
	hm_der_add_bits(buf, hm_buf_str(&signature));
	hm_der_end(buf, begin);
	return hm_buf_check(buf, "a certificate", err);
}

enum hm_status hm_cert_sign_tbs(struct hm_str tbs, const struct hm_signer *signer, struct hm_buf *buf,
				struct hm_err *err)
{
	return sign_sequence(tbs, signer, buf, err);
}

enum hm_status hm_cert_make(const struct hm_cert_spec *spec, const struct hm_signer *signer, struct hm_buf *buf,
			    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf tbs = hm_buf_init(HM_MAX_CERT);

	enum hm_status st = hm_cert_make_tbs(spec, hm_key_sig(&signer->key), &tbs, err);
	return st == HM_OK ? hm_cert_sign_tbs(hm_buf_str(&tbs), signer, buf, err) : st;
}

enum hm_status hm_csr_parse(struct hm_str der, struct hm_csr *ret_csr, struct hm_err *err)
{
	struct hm_csr csr = { 0 };
	struct hm_str outer, info, attributes;
	uint64_t version;

	if (der.len > HM_MAX_CERT)
		return hm_fail(err, HM_R_LIMIT, "a certificate request of %zu bytes", der.len);
	/* RFC 2986 4.2 */
	if (!hm_der_only(der, HM_DER_SEQUENCE, &outer) || !hm_der_take_raw(&outer, HM_DER_SEQUENCE, &csr.info) ||
	    !hm_der_take_raw(&outer, HM_DER_SEQUENCE, &csr.algorithm) || !hm_der_take_bits(&outer, &csr.signature) ||
	    outer.len != 0)
		return hm_fail(err, HM_R_X509_REQUEST, "not a certificate request in DER");
	/* RFC 2986 4.1; attributes are asked for by nobody who matters: a CA writes what the token says */
	if (!hm_der_only(csr.info, HM_DER_SEQUENCE, &info) || !hm_der_take_u64(&info, &version) || version != 0 ||
	    !hm_der_take_raw(&info, HM_DER_SEQUENCE, &csr.subject) ||
	    !hm_der_take_raw(&info, HM_DER_SEQUENCE, &csr.spki) ||
	    !hm_der_take_optional(&info, HM_DER_CONTEXT_CONS(0), &attributes) || info.len != 0)
		return hm_fail(err, HM_R_X509_REQUEST, "what a certificate request signs is malformed");
	HM_PLANT(csr.signature.len > 8 && csr.signature.ptr[8] == 0x5a);
	*ret_csr = csr;
	return HM_OK;
}

enum hm_status hm_csr_verify(const struct hm_csr *csr, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	enum hm_sig sig;

	if (!hm_sig_from_algorithm(csr->algorithm, &sig))
		return hm_fail(err, HM_R_KEY_UNSUPPORTED, "a certificate request signed by an unknown algorithm");
	enum hm_status st = hm_key_parse(csr->spki, &key, err);
	if (st != HM_OK)
		return st;
	st = hm_key_verify(&key, sig, csr->info, csr->signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_X509_SIGNATURE, "the certificate request is not signed by its own key");
	if (st != HM_OK)
		return st;
	*ret_key = key;
	key = (struct hm_key){ 0 };
	return HM_OK;
}

enum hm_status hm_csr_make(const struct hm_signer *signer, struct hm_str subject, struct hm_buf *buf,
			   struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf info = hm_buf_init(HM_MAX_CERT);
	size_t begin = hm_der_begin(&info, HM_DER_SEQUENCE);

	hm_der_add_u64(&info, 0);
	hm_buf_add_str(&info, subject.len > 0 ? subject : no_name);
	hm_buf_add_str(&info, signer->key.spki);
	/* RFC 2986 4.1: the attributes are not optional, but may be none */
	hm_der_add(&info, HM_DER_CONTEXT_CONS(0), (struct hm_str){ 0 });
	hm_der_end(&info, begin);
	enum hm_status st = hm_buf_check(&info, "a certificate request", err);
	return st == HM_OK ? sign_sequence(hm_buf_str(&info), signer, buf, err) : st;
}
