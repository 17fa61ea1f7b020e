#include "crypto/key.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/pem.h"
#include "crypto/ssl.h"

#include <stdatomic.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define MIN_RSA_BITS 2048 /* NIST SP 800-131A: less is no longer allowed for signatures */
#define ED25519_LEN  32

static const struct {
	const char *name;  /* for texts */
	const char *group; /* OpenSSL's, NULL for what is no curve */
	unsigned bits;
	size_t point_len; /* bytes of the public key in its BIT STRING, 0 where that varies */
} kinds[] = {
	[HM_KEY_P256] = { "ECDSA P-256", "P-256", 256, 65 },
	[HM_KEY_P384] = { "ECDSA P-384", "P-384", 384, 97 },
	[HM_KEY_P521] = { "ECDSA P-521", "P-521", 521, 133 },
	[HM_KEY_ED25519] = { "Ed25519", NULL, 256, ED25519_LEN },
	[HM_KEY_RSA] = { "RSA", NULL, 0, 0 },
};

const char *hm_key_kind_name(enum hm_key_kind kind)
{
	return kinds[kind].name;
}

/* The structure of a SubjectPublicKeyInfo, taken apart. */
struct spki {
	enum hm_key_kind kind;
	struct hm_str point;
};

static enum hm_status unsupported(struct hm_str oid, const char *what, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(256);

	if (!hm_der_oid_write(&text, oid) || text.status != HM_OK)
		return hm_fail(err, HM_R_KEY_UNSUPPORTED, "%s is not one that hallmark knows", what);
	return hm_fail(err, HM_R_KEY_UNSUPPORTED, "%s %s", what, text.ptr);
}

/* RFC 5480 2.1.1: parameters are the OID of a named curve. */
static enum hm_status read_curve(struct hm_str *params, enum hm_key_kind *ret_kind, struct hm_err *err)
{
	struct hm_str curve;

	if (!hm_der_take_oid(params, &curve))
		return hm_fail(err, HM_R_KEY_UNSUPPORTED, "an EC key without a named curve");
	if (hm_str_eq(curve, HM_OID_P256))
		*ret_kind = HM_KEY_P256;
	else if (hm_str_eq(curve, HM_OID_P384))
		*ret_kind = HM_KEY_P384;
	else if (hm_str_eq(curve, HM_OID_P521))
		*ret_kind = HM_KEY_P521;
	else
		return unsupported(curve, "curve", err);
	return HM_OK;
}

static enum hm_status read_algorithm(struct hm_str algorithm, enum hm_key_kind *ret_kind, struct hm_err *err)
{
	struct hm_str oid;
	enum hm_key_kind kind = HM_KEY_RSA;
	enum hm_status st = HM_OK;

	if (!hm_der_take_oid(&algorithm, &oid))
		return hm_fail(err, HM_R_KEY_FORMAT, "a public key without an algorithm");
	if (hm_str_eq(oid, HM_OID_EC)) {
		st = read_curve(&algorithm, &kind, err);
	} else if (hm_str_eq(oid, HM_OID_ED25519)) {
		kind = HM_KEY_ED25519; /* RFC 8410 3: parameters are absent */
	} else if (hm_str_eq(oid, HM_OID_RSA)) {
		kind = HM_KEY_RSA;
		if (!hm_der_take_null(&algorithm)) /* RFC 3279 2.3.1 */
			return hm_fail(err, HM_R_KEY_FORMAT, "an RSA key whose parameters are not NULL");
	} else {
		return unsupported(oid, "key algorithm", err);
	}
	if (st != HM_OK)
		return st;
	if (algorithm.len != 0)
		return hm_fail(err, HM_R_KEY_FORMAT, "parameters that do not belong to an %s key", kinds[kind].name);
	*ret_kind = kind;
	return HM_OK;
}

static enum hm_status read_spki(struct hm_str der, struct spki *ret_spki, struct hm_err *err)
{
	struct hm_str body, algorithm;
	struct spki spki = { 0 };

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take(&body, HM_DER_SEQUENCE, &algorithm) ||
	    !hm_der_take_bits(&body, &spki.point) || body.len != 0)
		return hm_fail(err, HM_R_KEY_FORMAT, "not a SubjectPublicKeyInfo in DER");
	enum hm_status st = read_algorithm(algorithm, &spki.kind, err);
	if (st != HM_OK)
		return st;
	size_t want = kinds[spki.kind].point_len;
	if (want != 0 && spki.point.len != want)
		return hm_fail(err, HM_R_KEY_FORMAT, "an %s key of %zu bytes", kinds[spki.kind].name, spki.point.len);
	HM_PLANT(spki.kind == HM_KEY_ED25519 && spki.point.ptr[31] == 0x5a);
	*ret_spki = spki;
	return HM_OK;
}

/*
 * The parameters of a curve as a key without a point. Copying them and setting the point takes a third of the time of
 * making a key by name (4 us against 13 us), and a thirtieth of OpenSSL 3.0's decoder.
 */
static EVP_PKEY *curve_template(enum hm_key_kind kind)
{
	static _Atomic(EVP_PKEY *) templates[HM_KEY_P521 + 1];
	EVP_PKEY *known = atomic_load_explicit(&templates[kind], memory_order_acquire), *made = NULL;
	if (known)
		return known;

	char group[sizeof("P-256")];
	memcpy(group, kinds[kind].group, sizeof(group));
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
				OSSL_PARAM_construct_end() };
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	HM_OWN(hm_ssl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = lib ? EVP_PKEY_CTX_new_from_name(lib, "EC", NULL) : NULL;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		return NULL;
	if (atomic_compare_exchange_strong(&templates[kind], &known, made))
		return made;
	EVP_PKEY_free(made);
	return known;
}

static enum hm_status make_ec(const struct spki *spki, EVP_PKEY **ret_pkey, struct hm_err *err)
{
	/* RFC 5480 2.2: compressed points may be refused, and every issuer writes them uncompressed. */
	if (spki->point.ptr[0] != 0x04)
		return hm_fail(err, HM_R_KEY_UNSUPPORTED, "an %s point that is not uncompressed",
			       kinds[spki->kind].name);
	EVP_PKEY *curve = curve_template(spki->kind);
	HM_OWN(hm_ssl_pkey_freep) EVP_PKEY *pkey = curve ? EVP_PKEY_new() : NULL;
	if (!pkey || EVP_PKEY_copy_parameters(pkey, curve) != 1)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "%s", kinds[spki->kind].name);
	if (EVP_PKEY_set1_encoded_public_key(pkey, hm_ssl_bytes(spki->point), spki->point.len) != 1)
		return hm_ssl_fail(err, HM_R_KEY_FORMAT, "not a point of %s", kinds[spki->kind].name);
	*ret_pkey = HM_STEAL(pkey);
	return HM_OK;
}

/* Whether an Ed25519 key is one of the points of order 8 or less, for which anybody can sign. The sign bit is ignored.
 */
static bool is_small_order(struct hm_str point)
{
	/* The y coordinates 0, 1, the two of order 8, and p - 1, p, p + 1 for p = 2^255 - 19, of which the last two are
	 * 0 and 1 again; little-endian. */
	static const uint8_t ys[][ED25519_LEN] = {
		{ 0 },
		{ 1 },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	};
	uint8_t y[ED25519_LEN];

	memcpy(y, point.ptr, sizeof(y));
	y[ED25519_LEN - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(ys) / sizeof(ys[0]); i++) {
		if (memcmp(y, ys[i], sizeof(y)) == 0)
			return true;
	}
	return false;
}

static enum hm_status make_ed25519(const struct spki *spki, EVP_PKEY **ret_pkey, struct hm_err *err)
{
	if (is_small_order(spki->point))
		return hm_fail(err, HM_R_KEY_WEAK, "an Ed25519 key of small order");
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	EVP_PKEY *pkey =
	    lib ? EVP_PKEY_new_raw_public_key_ex(lib, "ED25519", NULL, hm_ssl_bytes(spki->point), spki->point.len)
		: NULL;
	if (!pkey)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "Ed25519");
	*ret_pkey = pkey;
	return HM_OK;
}

static unsigned bits_of(struct hm_str number)
{
	if (number.len == 0)
		return 0;
	return (unsigned)(8 * number.len) - (unsigned)(__builtin_clz((uint8_t)number.ptr[0]) - 24);
}

static bool is_odd(struct hm_str number)
{
	return number.len > 0 && (number.ptr[number.len - 1] & 1) != 0;
}

static enum hm_status read_rsa(struct hm_str der, struct hm_str *ret_n, struct hm_str *ret_e, struct hm_err *err)
{
	struct hm_str body, n, e;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take_unsigned(&body, &n) ||
	    !hm_der_take_unsigned(&body, &e) || body.len != 0)
		return hm_fail(err, HM_R_KEY_FORMAT, "not an RSAPublicKey in DER");
	if (n.len > HM_MAX_RSA_BITS / 8)
		return hm_fail(err, HM_R_LIMIT, "an RSA modulus of %zu bytes is over the limit of %d bits", n.len,
			       HM_MAX_RSA_BITS);
	if (bits_of(n) < MIN_RSA_BITS)
		return hm_fail(err, HM_R_KEY_WEAK, "an RSA modulus of %u bits", bits_of(n));
	if (!is_odd(n))
		return hm_fail(err, HM_R_KEY_WEAK, "an even RSA modulus");
	/* FIPS 186-5 A.1.1: odd, over 2^16. Longer than 64 bits nobody makes them; they only cost time. */
	if (bits_of(e) < 17 || !is_odd(e) || e.len > 8)
		return hm_fail(err, HM_R_KEY_WEAK, "an RSA exponent of %u bits%s", bits_of(e),
			       is_odd(e) ? "" : ", even");
	*ret_n = n;
	*ret_e = e;
	return HM_OK;
}

static EVP_PKEY *rsa_from(struct hm_str n, struct hm_str e)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *bn_n = BN_bin2bn(hm_ssl_bytes(n), (int)n.len, NULL),
	       *bn_e = BN_bin2bn(hm_ssl_bytes(e), (int)e.len, NULL);
	HM_OWN(hm_ssl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = lib ? EVP_PKEY_CTX_new_from_name(lib, "RSA", NULL) : NULL;

	if (bld && bn_n && bn_e && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn_n);
	BN_free(bn_e);
	return pkey;
}

static enum hm_status make_rsa(const struct spki *spki, unsigned *ret_bits, EVP_PKEY **ret_pkey, struct hm_err *err)
{
	struct hm_str n = { 0 }, e = { 0 };

	enum hm_status st = read_rsa(spki->point, &n, &e, err);
	if (st != HM_OK)
		return st;
	EVP_PKEY *pkey = rsa_from(n, e);
	if (!pkey)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "RSA");
	*ret_bits = bits_of(n);
	*ret_pkey = pkey;
	return HM_OK;
}

static void *make_verifier(enum hm_key_kind kind, EVP_PKEY *pkey)
{
	OSSL_LIB_CTX *lib = hm_ssl_ctx();

	if (kind == HM_KEY_ED25519) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		if (ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, lib, NULL, pkey, NULL) == 1)
			return ctx;
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib, pkey, NULL);
	const EVP_MD *md = hm_ssl_md(HM_SHA256);
	if (ctx && md && EVP_PKEY_verify_init(ctx) == 1 &&
	    (kind != HM_KEY_RSA || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
				    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1)))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* Keep a copy of the DER, named by its digest. */
static enum hm_status keep_spki(struct hm_str der, const struct spki *spki, struct hm_key *key, struct hm_err *err)
{
	char *copy = hm_malloc(der.len);

	if (!copy)
		return hm_fail(err, HM_R_NO_MEMORY, "a public key");
	memcpy(copy, der.ptr, der.len);
	key->spki = hm_str_of(copy, der.len);
	key->point = hm_str_of(copy + (spki->point.ptr - der.ptr), spki->point.len);
	return hm_crypto_sha256_of(key->spki, &key->id, err);
}

enum hm_status hm_key_parse(struct hm_str der, struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	EVP_PKEY *pkey = NULL;
	struct spki spki = { 0 };

	enum hm_status st = read_spki(der, &spki, err);
	if (st != HM_OK)
		return st;
	key.kind = spki.kind;
	key.bits = kinds[spki.kind].bits;
	if (spki.kind == HM_KEY_RSA)
		st = make_rsa(&spki, &key.bits, &pkey, err);
	else if (spki.kind == HM_KEY_ED25519)
		st = make_ed25519(&spki, &pkey, err);
	else
		st = make_ec(&spki, &pkey, err);
	if (st != HM_OK)
		return st;
	key.pkey = pkey;
	key.verifier = make_verifier(key.kind, pkey);
	if (!key.verifier)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "%s", kinds[key.kind].name);
	st = keep_spki(der, &spki, &key, err);
	if (st != HM_OK)
		return st;
	*ret_key = key;
	key = (struct hm_key){ 0 };
	return HM_OK;
}

/* Put a public key into a SubjectPublicKeyInfo and read that, so that there is one way to read a key. */
static enum hm_status parse_wrapped(struct hm_str algorithm, struct hm_str curve, struct hm_str point,
				    struct hm_key *ret_key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf spki = hm_buf_init(HM_MAX_CONFIG_FILE);
	size_t outer = hm_der_begin(&spki, HM_DER_SEQUENCE), inner = hm_der_begin(&spki, HM_DER_SEQUENCE);

	hm_der_add_oid(&spki, algorithm);
	if (curve.len > 0)
		hm_der_add_oid(&spki, curve);
	else if (hm_str_eq(algorithm, HM_OID_RSA))
		hm_der_add_null(&spki);
	hm_der_end(&spki, inner);
	hm_der_add_bits(&spki, point);
	hm_der_end(&spki, outer);
	enum hm_status st = hm_buf_check(&spki, "a public key", err);
	return st == HM_OK ? hm_key_parse(hm_buf_str(&spki), ret_key, err) : st;
}

enum hm_status hm_key_parse_pkcs1(struct hm_str der, struct hm_key *ret_key, struct hm_err *err)
{
	return parse_wrapped(HM_OID_RSA, (struct hm_str){ 0 }, der, ret_key, err);
}

enum hm_status hm_key_parse_point(enum hm_key_kind kind, struct hm_str point, struct hm_key *ret_key,
				  struct hm_err *err)
{
	switch (kind) {
	case HM_KEY_P256:
		return parse_wrapped(HM_OID_EC, HM_OID_P256, point, ret_key, err);
	case HM_KEY_P384:
		return parse_wrapped(HM_OID_EC, HM_OID_P384, point, ret_key, err);
	case HM_KEY_P521:
		return parse_wrapped(HM_OID_EC, HM_OID_P521, point, ret_key, err);
	case HM_KEY_ED25519:
		return parse_wrapped(HM_OID_ED25519, (struct hm_str){ 0 }, point, ret_key, err);
	case HM_KEY_RSA:
		break;
	}
	return hm_fail(err, HM_R_BUG, "an RSA key has no point");
}

enum hm_status hm_key_parse_text(struct hm_str text, struct hm_key *ret_key, struct hm_err *err)
{
	if (!hm_pem_is_in(text))
		return hm_key_parse(text, ret_key, err);

	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_str label;
	enum hm_status st = hm_pem_next(&text, &label, &der, err);
	if (st != HM_OK)
		return st;
	if (hm_pem_is_in(text))
		return hm_fail(err, HM_R_PEM, "there is more than one PEM block");
	if (hm_str_is(label, "PUBLIC KEY"))
		return hm_key_parse(hm_secret_str(&der), ret_key, err);
	if (hm_str_is(label, "RSA PUBLIC KEY"))
		return hm_key_parse_pkcs1(hm_secret_str(&der), ret_key, err);
	return hm_fail(err, HM_R_PEM, "the PEM block is %.*s, not PUBLIC KEY", HM_STR_ARG(label));
}

enum hm_status hm_key_dup(const struct hm_key *key, struct hm_key *ret_key, struct hm_err *err)
{
	return hm_key_parse(key->spki, ret_key, err);
}

void hm_key_done(struct hm_key *key)
{
	if (!key)
		return;
	if (key->kind == HM_KEY_ED25519)
		EVP_MD_CTX_free(key->verifier);
	else
		EVP_PKEY_CTX_free(key->verifier);
	EVP_PKEY_free(key->pkey);
	free((char *)key->spki.ptr);
	*key = (struct hm_key){ 0 };
}

bool hm_key_eq(const struct hm_key *a, const struct hm_key *b)
{
	return hm_str_eq(a->spki, b->spki);
}

void hm_key_encode_pem(const struct hm_key *key, struct hm_buf *buf)
{
	hm_pem_encode(buf, "PUBLIC KEY", key->spki);
}
