#include "crypto/x509.h"

#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/pem.h"

static enum hm_status malformed(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_X509_FORMAT, "certificate: %s", what);
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static bool take_ext(struct hm_str *rest, struct hm_cert_ext *ret_ext)
{
	struct hm_cert_ext ext = { 0 };
	struct hm_str after = *rest, body;

	if (!hm_der_take(&after, HM_DER_SEQUENCE, &body) || !hm_der_take_oid(&body, &ext.oid))
		return false;
	/* A FALSE that is written out is no DER (X.690 11.5). */
	if (hm_der_is_next(body, HM_DER_BOOLEAN) && (!hm_der_take_bool(&body, &ext.critical) || !ext.critical))
		return false;
	if (!hm_der_take(&body, HM_DER_OCTETS, &ext.value) || body.len != 0)
		return false;
	*rest = after;
	*ret_ext = ext;
	return true;
}

bool hm_cert_next_ext(struct hm_str *rest, struct hm_cert_ext *ret_ext)
{
	return rest->len > 0 && take_ext(rest, ret_ext);
}

bool hm_cert_find_ext(const struct hm_cert *cert, struct hm_str oid, struct hm_cert_ext *ret_ext)
{
	struct hm_str rest = cert->exts;
	struct hm_cert_ext ext;

	while (hm_cert_next_ext(&rest, &ext)) {
		if (hm_str_eq(ext.oid, oid)) {
			*ret_ext = ext;
			return true;
		}
	}
	return false;
}

/* BasicConstraints, RFC 5280 4.2.1.9 */
static bool read_basic_constraints(struct hm_str value, struct hm_cert *cert)
{
	struct hm_str body;
	uint64_t path_len;

	if (!hm_der_only(value, HM_DER_SEQUENCE, &body))
		return false;
	if (hm_der_is_next(body, HM_DER_BOOLEAN) && !hm_der_take_bool(&body, &cert->is_ca))
		return false;
	if (body.len == 0)
		return true;
	if (!hm_der_take_u64(&body, &path_len) || path_len > INT32_MAX || body.len != 0)
		return false;
	cert->path_len = (int)path_len;
	return true;
}

/* ExtKeyUsageSyntax, RFC 5280 4.2.1.12: at least one OID */
static bool read_eku(struct hm_str value, struct hm_cert *cert)
{
	struct hm_str body, oid;

	if (!hm_der_only(value, HM_DER_SEQUENCE, &body) || body.len == 0)
		return false;
	cert->eku = body;
	while (body.len > 0) {
		if (!hm_der_take_oid(&body, &oid))
			return false;
	}
	return true;
}

/* [0] of a GeneralName: OtherName ::= SEQUENCE { type-id OID, value [0] EXPLICIT ANY } */
static bool read_other_name(struct hm_str body, struct hm_san *san)
{
	struct hm_str value, text;
	struct hm_der_item item;

	if (!hm_der_take_oid(&body, &san->oid) || !hm_der_take(&body, HM_DER_CONTEXT_CONS(0), &value) ||
	    body.len != 0 || !hm_der_next(&value, &item) || value.len != 0)
		return false;
	san->kind = HM_SAN_OTHER;
	if (hm_der_only(item.raw, HM_DER_UTF8, &text)) {
		if (!hm_str_is_utf8(text))
			return false;
		san->value = text;
	}
	return true;
}

/* GeneralName, RFC 5280 4.2.1.6. The three kinds of text are IA5String. */
static bool take_san(struct hm_str *rest, struct hm_san *ret_san)
{
	static const struct {
		uint8_t tag;
		enum hm_san_kind kind;
	} texts[] = {
		{ HM_DER_CONTEXT(1), HM_SAN_EMAIL },
		{ HM_DER_CONTEXT(2), HM_SAN_DNS },
		{ HM_DER_CONTEXT(6), HM_SAN_URI },
	};
	struct hm_str after = *rest;
	struct hm_san san = { .kind = HM_SAN_UNKNOWN };
	struct hm_der_item item;

	if (!hm_der_next(&after, &item))
		return false;
	if (item.tag == HM_DER_CONTEXT_CONS(0)) {
		if (!read_other_name(item.body, &san))
			return false;
	} else {
		san.value = item.body;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (item.tag != texts[i].tag)
			continue;
		san.kind = texts[i].kind;
		for (size_t b = 0; b < item.body.len; b++) {
			if ((uint8_t)item.body.ptr[b] >= 0x80)
				return false;
		}
	}
	*rest = after;
	*ret_san = san;
	return true;
}

bool hm_cert_next_san(struct hm_str *rest, struct hm_san *ret_san)
{
	return rest->len > 0 && take_san(rest, ret_san);
}

/* SubjectAltName, RFC 5280 4.2.1.6: at least one name */
static bool read_san(struct hm_str value, struct hm_cert *cert)
{
	struct hm_str body;
	struct hm_san san;

	if (!hm_der_only(value, HM_DER_SEQUENCE, &body) || body.len == 0)
		return false;
	cert->san = body;
	while (body.len > 0) {
		if (!take_san(&body, &san))
			return false;
	}
	return true;
}

/* AuthorityKeyIdentifier, RFC 5280 4.2.1.1; only its keyIdentifier [0] is of use */
static bool read_authority_key_id(struct hm_str value, struct hm_cert *cert)
{
	struct hm_str body;

	return hm_der_only(value, HM_DER_SEQUENCE, &body) &&
	       hm_der_take_optional(&body, HM_DER_CONTEXT(0), &cert->authority_key_id);
}

/* KeyUsage, RFC 5280 4.2.1.3: nine bits, "at least one of the bits MUST be set to 1" */
static bool read_key_usage(struct hm_str value, struct hm_cert *cert)
{
	return hm_der_take_flags(&value, &cert->key_usage) && value.len == 0 && (cert->key_usage & 0x1ff) != 0;
}

static enum hm_status read_ext(const struct hm_cert_ext *ext, struct hm_cert *cert, struct hm_err *err)
{
	if (hm_str_eq(ext->oid, HM_OID_KEY_USAGE))
		return read_key_usage(ext->value, cert) ? HM_OK : malformed("the key usage is malformed", err);
	if (hm_str_eq(ext->oid, HM_OID_BASIC_CONSTRAINTS))
		return read_basic_constraints(ext->value, cert) ? HM_OK
								: malformed("the basic constraints are malformed", err);
	if (hm_str_eq(ext->oid, HM_OID_EXT_KEY_USAGE)) {
		cert->eku_critical = ext->critical;
		return read_eku(ext->value, cert) ? HM_OK : malformed("the extended key usage is malformed", err);
	}
	if (hm_str_eq(ext->oid, HM_OID_SUBJECT_ALT_NAME)) {
		cert->san_critical = ext->critical;
		return read_san(ext->value, cert) ? HM_OK
						  : malformed("the subject's alternative names are malformed", err);
	}
	if (hm_str_eq(ext->oid, HM_OID_SUBJECT_KEY_ID))
		return hm_der_only(ext->value, HM_DER_OCTETS, &cert->subject_key_id)
			   ? HM_OK
			   : malformed("the subject key identifier is malformed", err);
	if (hm_str_eq(ext->oid, HM_OID_AUTHORITY_KEY_ID))
		return read_authority_key_id(ext->value, cert)
			   ? HM_OK
			   : malformed("the authority key identifier is malformed", err);
	return HM_OK;
}

/* RFC 5280 4.2: no extension twice. */
static bool is_repeated(const struct hm_str *seen, size_t n, struct hm_str oid)
{
	for (size_t i = 0; i < n; i++) {
		if (hm_str_eq(seen[i], oid))
			return true;
	}
	return false;
}

static enum hm_status read_exts(struct hm_str exts, struct hm_cert *cert, struct hm_err *err)
{
	struct hm_str seen[HM_MAX_CERT_EXTS];
	struct hm_cert_ext ext;

	for (size_t n = 0; exts.len > 0; n++) {
		if (n == HM_MAX_CERT_EXTS)
			return hm_fail(err, HM_R_LIMIT, "a certificate with more than %d extensions", HM_MAX_CERT_EXTS);
		if (!take_ext(&exts, &ext))
			return malformed("an extension is malformed", err);
		if (is_repeated(seen, n, ext.oid))
			return malformed("an extension stands there twice", err);
		seen[n] = ext.oid;
		enum hm_status st = read_ext(&ext, cert, err);
		if (st != HM_OK)
			return st;
	}
	HM_PLANT(cert->eku.len > 0 && cert->san.len > 0 && (uint8_t)cert->san.ptr[0] > 0x86);
	return HM_OK;
}

/* RFC 5280 4.1.2: what stands in front of the extensions; ret_algorithm is the signature's, as the TBS says it */
static bool read_tbs(struct hm_str *body, uint64_t *ret_version, struct hm_str *ret_algorithm, struct hm_cert *cert)
{
	struct hm_str explicit_version, validity;

	*ret_version = 0;
	if (hm_der_is_next(*body, HM_DER_CONTEXT_CONS(0)) &&
	    (!hm_der_take(body, HM_DER_CONTEXT_CONS(0), &explicit_version) ||
	     !hm_der_take_u64(&explicit_version, ret_version) || explicit_version.len != 0))
		return false;
	return hm_der_take_integer(body, &cert->serial) && hm_der_take_raw(body, HM_DER_SEQUENCE, ret_algorithm) &&
	       hm_der_take_raw(body, HM_DER_SEQUENCE, &cert->issuer) && hm_der_take(body, HM_DER_SEQUENCE, &validity) &&
	       hm_der_take_time(&validity, &cert->not_before_s) && hm_der_take_time(&validity, &cert->not_after_s) &&
	       validity.len == 0 && hm_der_take_raw(body, HM_DER_SEQUENCE, &cert->subject) &&
	       hm_der_take_raw(body, HM_DER_SEQUENCE, &cert->spki);
}

/* What stands behind the key: two identifiers that nobody uses, and the extensions. */
static bool read_tail(struct hm_str body, uint64_t version, struct hm_str *ret_exts)
{
	struct hm_str unique, tail;

	*ret_exts = (struct hm_str){ 0 };
	if (version > 0 && (!hm_der_take_optional(&body, HM_DER_CONTEXT(1), &unique) ||
			    !hm_der_take_optional(&body, HM_DER_CONTEXT(2), &unique)))
		return false;
	if (body.len == 0)
		return true;
	/* RFC 5280 4.1.2.9: only version 3 has them, and then at least one */
	return version == 2 && hm_der_take(&body, HM_DER_CONTEXT_CONS(3), &tail) && body.len == 0 &&
	       hm_der_only(tail, HM_DER_SEQUENCE, ret_exts) && ret_exts->len > 0;
}

enum hm_status hm_cert_parse(struct hm_str der, struct hm_cert *ret_cert, struct hm_err *err)
{
	struct hm_cert cert = { .der = der, .key_usage = UINT32_MAX, .path_len = -1 };
	struct hm_str outer, body, inner_algorithm;
	uint64_t version;

	if (der.len > HM_MAX_CERT)
		return hm_fail(err, HM_R_LIMIT, "a certificate of %zu bytes", der.len);
	if (!hm_der_only(der, HM_DER_SEQUENCE, &outer) || !hm_der_take_raw(&outer, HM_DER_SEQUENCE, &cert.tbs) ||
	    !hm_der_take_raw(&outer, HM_DER_SEQUENCE, &cert.algorithm) || !hm_der_take_bits(&outer, &cert.signature) ||
	    outer.len != 0 || !hm_der_only(cert.tbs, HM_DER_SEQUENCE, &body))
		return malformed("not one in DER", err);
	if (!read_tbs(&body, &version, &inner_algorithm, &cert))
		return malformed("what is signed is malformed", err);
	if (version > 2)
		return malformed("a version after 3", err);
	/* RFC 5280 4.1.1.2 */
	if (!hm_str_eq(inner_algorithm, cert.algorithm))
		return malformed("it names two algorithms for one signature", err);
	if (!read_tail(body, version, &cert.exts))
		return malformed("the extensions are malformed", err);
	enum hm_status st = read_exts(cert.exts, &cert, err);
	if (st != HM_OK)
		return st;
	*ret_cert = cert;
	return HM_OK;
}

bool hm_cert_eq(const struct hm_cert *a, const struct hm_cert *b)
{
	return hm_str_eq(a->der, b->der);
}

enum hm_status hm_cert_key(const struct hm_cert *cert, struct hm_key *ret_key, struct hm_err *err)
{
	return hm_key_parse(cert->spki, ret_key, err);
}

bool hm_cert_has_eku(const struct hm_cert *cert, struct hm_str oid)
{
	struct hm_str rest = cert->eku, found;

	while (rest.len > 0 && hm_der_take_oid(&rest, &found)) {
		if (hm_str_eq(found, oid))
			return true;
	}
	return false;
}

/* Take the next attribute of a Name: RDNs are sets, of which each has one attribute as a rule. */
struct name_reader {
	struct hm_str rdns, set;
};

static bool take_attribute(struct name_reader *reader, struct hm_str *ret_oid, struct hm_der_item *ret_value)
{
	struct hm_str body;

	if (reader->set.len == 0 && !hm_der_take(&reader->rdns, HM_DER_SET, &reader->set))
		return false;
	return hm_der_take(&reader->set, HM_DER_SEQUENCE, &body) && hm_der_take_oid(&body, ret_oid) &&
	       hm_der_next(&body, ret_value) && body.len == 0;
}

bool hm_name_find(struct hm_str name, struct hm_str oid, struct hm_str *ret_text)
{
	struct name_reader reader = { 0 };
	struct hm_der_item value;
	struct hm_str found;

	if (!hm_der_only(name, HM_DER_SEQUENCE, &reader.rdns))
		return false;
	while (take_attribute(&reader, &found, &value)) {
		if (hm_str_eq(found, oid))
			return hm_der_take_text(&value.raw, ret_text);
	}
	return false;
}

static void write_attribute_type(struct hm_buf *buf, struct hm_str oid)
{
	static const struct {
		struct hm_str oid;
		const char *name;
	} types[] = {
		{ HM_OID_COMMON_NAME, "CN" },    { HM_OID_ORGANIZATION, "O" },    { HM_STR("\x55\x04\x0b"), "OU" },
		{ HM_STR("\x55\x04\x06"), "C" }, { HM_STR("\x55\x04\x07"), "L" }, { HM_STR("\x55\x04\x08"), "ST" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (hm_str_eq(oid, types[i].oid)) {
			hm_buf_add_cstr(buf, types[i].name);
			return;
		}
	}
	if (!hm_der_oid_write(buf, oid))
		hm_buf_add_char(buf, '?');
}

void hm_name_write(struct hm_buf *buf, struct hm_str name)
{
	struct name_reader reader = { 0 };
	struct hm_der_item value;
	struct hm_str oid, text;
	const char *between = "";

	if (!hm_der_only(name, HM_DER_SEQUENCE, &reader.rdns))
		return;
	while (take_attribute(&reader, &oid, &value)) {
		hm_buf_add_cstr(buf, between);
		between = ", ";
		write_attribute_type(buf, oid);
		hm_buf_add_char(buf, '=');
		struct hm_str raw = value.raw;
		if (hm_der_take_text(&raw, &text) && (hm_str_is_printable(text) || hm_str_is_utf8(text)))
			hm_buf_add_str(buf, text);
		else
			hm_buf_add_char(buf, '?');
	}
}

enum hm_status hm_cert_verify(const struct hm_cert *cert, const struct hm_key *issuer, struct hm_err *err)
{
	enum hm_sig sig;

	if (!hm_sig_from_algorithm(cert->algorithm, &sig))
		return hm_fail(err, HM_R_KEY_UNSUPPORTED,
			       "a certificate signed by an algorithm that hallmark does not know");
	enum hm_status st = hm_key_verify(issuer, sig, cert->tbs, cert->signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_X509_SIGNATURE,
			       "the certificate's %s signature does not match its issuer's key", hm_sig_name(sig));
	return st;
}

enum hm_status hm_cert_read_pem(struct hm_str text, struct hm_secret *ret_ders, size_t max, size_t *ret_count,
				struct hm_err *err)
{
	struct hm_str label;
	size_t n = 0;

	for (;;) {
		struct hm_secret der = { 0 };
		enum hm_status st = hm_pem_next(&text, &label, &der, err);
		if (st == HM_OK && label.len == 0 && n > 0) {
			*ret_count = n;
			return HM_OK;
		}
		if (st == HM_OK && label.len == 0)
			st = hm_fail(err, HM_R_PEM, "there is no certificate");
		else if (st == HM_OK && !hm_str_is(label, "CERTIFICATE"))
			st = hm_fail(err, HM_R_PEM, "the PEM block is %.*s, not CERTIFICATE", HM_STR_ARG(label));
		else if (st == HM_OK && n == max)
			st = hm_fail(err, HM_R_LIMIT, "more than %zu certificates", max);
		if (st == HM_OK) {
			ret_ders[n++] = der;
			continue;
		}
		hm_secret_done(&der);
		while (n > 0)
			hm_secret_done(&ret_ders[--n]);
		return st;
	}
}

void hm_cert_encode_pem(struct hm_str der, struct hm_buf *buf)
{
	hm_pem_encode(buf, "CERTIFICATE", der);
}
