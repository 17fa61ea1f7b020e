#include "crypto/key.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/pem.h"
#include "crypto/ssl.h"

#include <openssl/x509.h>

/* A buffer of full size from the start, so that growing leaves no copy of a key behind. */
static struct hm_buf secret_buf(size_t size)
{
	struct hm_buf buf = hm_buf_init(HM_MAX_CONFIG_FILE);

	if (hm_buf_add_space(&buf, size))
		hm_buf_clear(&buf);
	return buf;
}

/* Take the public half out of OpenSSL's key, with all that is refused about a public key. */
static enum hm_status read_public(EVP_PKEY *pkey, struct hm_key *ret_key, struct hm_err *err)
{
	unsigned char *der = NULL;

	int len = i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "a private key");
	enum hm_status st = hm_key_parse(hm_str_of(der, (size_t)len), ret_key, err);
	OPENSSL_free(der);
	return st;
}

/* Whether what the private half signs, the public half accepts: they need not, in a file. */
static enum hm_status check_halves(const struct hm_signer *signer, struct hm_err *err)
{
	static const char message[] = "do these two halves belong together";
	HM_OWN(hm_buf_done) struct hm_buf signature = hm_buf_init(HM_MAX_SIGNATURE);
	enum hm_sig sig = hm_key_sig(&signer->key);

	enum hm_status st = hm_signer_sign(signer, sig, hm_str(message), &signature, err);
	if (st == HM_OK)
		st = hm_key_verify(&signer->key, sig, hm_str(message), hm_buf_str(&signature), err);
	if (st != HM_EVERIFY)
		return st;
	return hm_fail(err, HM_R_KEY_FORMAT, "the halves of the private key do not belong together");
}

/* Make a signer of OpenSSL's key, which it then owns. */
static enum hm_status signer_of(EVP_PKEY *pkey, struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { .pkey = pkey };

	enum hm_status st = read_public(pkey, &signer.key, err);
	if (st == HM_OK)
		st = check_halves(&signer, err);
	if (st != HM_OK)
		return st;
	*ret_signer = signer;
	signer = (struct hm_signer){ 0 };
	return HM_OK;
}

enum hm_status hm_signer_generate(enum hm_key_kind kind, unsigned rsa_bits, struct hm_signer *ret_signer,
				  struct hm_err *err)
{
	static const char *const curves[] = {
		[HM_KEY_P256] = "P-256", [HM_KEY_P384] = "P-384", [HM_KEY_P521] = "P-521"
	};
	bool is_size = rsa_bits == 2048 || rsa_bits == 3072 || rsa_bits == 4096;
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	EVP_PKEY *pkey = NULL;

	if (kind == HM_KEY_RSA ? !is_size : rsa_bits != 0)
		return hm_fail(err, HM_R_USAGE, "a new %s key of %u bits", hm_key_kind_name(kind), rsa_bits);
	if (!lib)
		return hm_fail(err, HM_R_NO_MEMORY, "a new key");
	if (kind == HM_KEY_RSA)
		pkey = EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)rsa_bits);
	else if (kind == HM_KEY_ED25519)
		pkey = EVP_PKEY_Q_keygen(lib, NULL, "ED25519");
	else
		pkey = EVP_PKEY_Q_keygen(lib, NULL, "EC", curves[kind]);
	if (!pkey)
		return hm_ssl_fail(err, HM_R_RANDOM, "a new %s key", hm_key_kind_name(kind));
	return signer_of(pkey, ret_signer, err);
}

/* A PrivateKeyInfo as OpenSSL reads it: nothing behind it, an algorithm that we know. */
static enum hm_status check_pkcs8(struct hm_str der, struct hm_err *err)
{
	struct hm_str body, algorithm, oid, key;
	uint64_t version;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take_u64(&body, &version) || version > 1 ||
	    !hm_der_take(&body, HM_DER_SEQUENCE, &algorithm) || !hm_der_take_oid(&algorithm, &oid) ||
	    !hm_der_take(&body, HM_DER_OCTETS, &key))
		return hm_fail(err, HM_R_KEY_FORMAT, "not a private key in DER, or an encrypted one");
	HM_PLANT(version == 1 && hm_str_eq(oid, HM_OID_ED25519));
	if (!hm_str_eq(oid, HM_OID_EC) && !hm_str_eq(oid, HM_OID_RSA) && !hm_str_eq(oid, HM_OID_ED25519))
		return hm_fail(err, HM_R_KEY_UNSUPPORTED, "a private key of another algorithm than EC, RSA or Ed25519");
	return HM_OK;
}

static enum hm_status parse_pkcs8(struct hm_str der, struct hm_signer *ret_signer, struct hm_err *err)
{
	const unsigned char *at = hm_ssl_bytes(der);

	enum hm_status st = check_pkcs8(der, err);
	if (st != HM_OK)
		return st;
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	PKCS8_PRIV_KEY_INFO *info = lib ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len) : NULL;
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY_ex(info, lib, NULL) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!pkey)
		return hm_ssl_fail(err, HM_R_KEY_FORMAT, "a private key in PKCS #8");
	return signer_of(pkey, ret_signer, err);
}

/* Put an older form into a PrivateKeyInfo, so that there is one way to read a key. */
static enum hm_status parse_wrapped(struct hm_str der, struct hm_str oid, struct hm_str params_raw,
				    struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_secret_buf_done) struct hm_buf pkcs8 = secret_buf(der.len + 64);
	size_t outer = hm_der_begin(&pkcs8, HM_DER_SEQUENCE);

	hm_der_add_u64(&pkcs8, 0);
	size_t algorithm = hm_der_begin(&pkcs8, HM_DER_SEQUENCE);
	hm_der_add_oid(&pkcs8, oid);
	hm_buf_add_str(&pkcs8, params_raw);
	hm_der_end(&pkcs8, algorithm);
	hm_der_add(&pkcs8, HM_DER_OCTETS, der);
	hm_der_end(&pkcs8, outer);
	enum hm_status st = hm_buf_check(&pkcs8, "a private key", err);
	return st == HM_OK ? parse_pkcs8(hm_buf_str(&pkcs8), ret_signer, err) : st;
}

/* ECPrivateKey (RFC 5915 3): version 1, the number, [0] the curve, [1] the point. */
static bool is_sec1(struct hm_str body, struct hm_str *ret_curve_raw)
{
	struct hm_str number, params;
	uint64_t version;

	return hm_der_take_u64(&body, &version) && version == 1 && hm_der_take(&body, HM_DER_OCTETS, &number) &&
	       hm_der_take(&body, HM_DER_CONTEXT_CONS(0), &params) &&
	       hm_der_take_raw(&params, HM_DER_OID, ret_curve_raw);
}

/* RSAPrivateKey (RFC 8017 A.1.2): version 0, then the modulus. */
static bool is_pkcs1(struct hm_str body)
{
	struct hm_str modulus;
	uint64_t version;

	return hm_der_take_u64(&body, &version) && version == 0 && hm_der_take_unsigned(&body, &modulus);
}

enum hm_status hm_signer_parse(struct hm_str der, struct hm_signer *ret_signer, struct hm_err *err)
{
	struct hm_str body, curve;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body))
		return hm_fail(err, HM_R_KEY_FORMAT, "not a private key in DER");
	if (is_sec1(body, &curve))
		return parse_wrapped(der, HM_OID_EC, curve, ret_signer, err);
	if (is_pkcs1(body))
		return parse_wrapped(der, HM_OID_RSA, HM_STR("\x05\x00"), ret_signer, err);
	return parse_pkcs8(der, ret_signer, err);
}

enum hm_status hm_signer_parse_text(struct hm_str text, struct hm_signer *ret_signer, struct hm_err *err)
{
	if (!hm_pem_is_in(text))
		return hm_signer_parse(text, ret_signer, err);

	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_str label;
	/* openssl ecparam -genkey writes the curve in a block of its own in front of the key */
	enum hm_status st = hm_pem_next(&text, &label, &der, err);
	if (st == HM_OK && hm_str_is(label, "EC PARAMETERS")) {
		hm_secret_done(&der);
		st = hm_pem_next(&text, &label, &der, err);
	}
	if (st != HM_OK)
		return st;
	if (hm_pem_is_in(text))
		return hm_fail(err, HM_R_PEM, "there is more than one PEM block");
	if (hm_str_is(label, "PRIVATE KEY") || hm_str_is(label, "EC PRIVATE KEY") ||
	    hm_str_is(label, "RSA PRIVATE KEY"))
		return hm_signer_parse(hm_secret_str(&der), ret_signer, err);
	return hm_fail(err, HM_R_PEM, "the PEM block is %.*s, not a plain PRIVATE KEY", HM_STR_ARG(label));
}

void hm_signer_done(struct hm_signer *signer)
{
	if (!signer)
		return;
	hm_key_done(&signer->key);
	EVP_PKEY_free(signer->pkey);
	signer->pkey = NULL;
}

enum hm_status hm_signer_encode(const struct hm_signer *signer, struct hm_secret *ret_der, struct hm_err *err)
{
	unsigned char *der = NULL;

	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(signer->pkey);
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "a private key");
	enum hm_status st = hm_secret_copy(hm_str_of(der, (size_t)len), ret_der, err);
	OPENSSL_clear_free(der, (size_t)len);
	return st;
}

enum hm_status hm_signer_encode_pem(const struct hm_signer *signer, struct hm_secret *ret_pem, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };

	enum hm_status st = hm_signer_encode(signer, &der, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_secret_buf_done) struct hm_buf pem = secret_buf(2 * der.len + 128);
	hm_pem_encode(&pem, "PRIVATE KEY", hm_secret_str(&der));
	st = hm_buf_check(&pem, "a private key", err);
	return st == HM_OK ? hm_secret_copy(hm_buf_str(&pem), ret_pem, err) : st;
}
