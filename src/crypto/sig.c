#include "crypto/key.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/der.h"
#include "crypto/ed25519ph.h"
#include "crypto/oid.h"
#include "crypto/ssl.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

enum family { ECDSA, RSA_V15, RSA_PSS, ED25519, ED25519PH };

static const struct {
	const char *name;
	enum family family;
	enum hm_digest_alg digest; /* not for ED25519 */
} sigs[] = {
	[HM_SIG_ECDSA_SHA256] = { "ECDSA-SHA256", ECDSA, HM_SHA256 },
	[HM_SIG_ECDSA_SHA384] = { "ECDSA-SHA384", ECDSA, HM_SHA384 },
	[HM_SIG_ECDSA_SHA512] = { "ECDSA-SHA512", ECDSA, HM_SHA512 },
	[HM_SIG_RSA_SHA256] = { "RSA-SHA256", RSA_V15, HM_SHA256 },
	[HM_SIG_RSA_SHA384] = { "RSA-SHA384", RSA_V15, HM_SHA384 },
	[HM_SIG_RSA_SHA512] = { "RSA-SHA512", RSA_V15, HM_SHA512 },
	[HM_SIG_RSA_PSS_SHA256] = { "RSA-PSS-SHA256", RSA_PSS, HM_SHA256 },
	[HM_SIG_RSA_PSS_SHA384] = { "RSA-PSS-SHA384", RSA_PSS, HM_SHA384 },
	[HM_SIG_RSA_PSS_SHA512] = { "RSA-PSS-SHA512", RSA_PSS, HM_SHA512 },
	[HM_SIG_ED25519] = { "Ed25519", ED25519, HM_SHA512 },
	[HM_SIG_ED25519PH] = { "Ed25519ph", ED25519PH, HM_SHA512 },
};

const char *hm_sig_name(enum hm_sig sig)
{
	return sigs[sig].name;
}

enum hm_sig hm_key_sig(const struct hm_key *key)
{
	static const enum hm_sig usual[] = {
		[HM_KEY_P256] = HM_SIG_ECDSA_SHA256, [HM_KEY_P384] = HM_SIG_ECDSA_SHA384,
		[HM_KEY_P521] = HM_SIG_ECDSA_SHA512, [HM_KEY_ED25519] = HM_SIG_ED25519,
		[HM_KEY_RSA] = HM_SIG_RSA_SHA256,
	};

	return usual[key->kind];
}

bool hm_sig_fits(enum hm_sig sig, enum hm_key_kind kind)
{
	switch (sigs[sig].family) {
	case ECDSA:
		return kind == HM_KEY_P256 || kind == HM_KEY_P384 || kind == HM_KEY_P521;
	case RSA_V15:
	case RSA_PSS:
		return kind == HM_KEY_RSA;
	case ED25519:
	case ED25519PH:
		return kind == HM_KEY_ED25519;
	}
	return false;
}

bool hm_sig_digest(enum hm_sig sig, enum hm_digest_alg *ret_alg)
{
	if (sigs[sig].family == ED25519)
		return false;
	*ret_alg = sigs[sig].digest;
	return true;
}

static enum hm_status check_fits(const struct hm_key *key, enum hm_sig sig, struct hm_err *err)
{
	if (!hm_sig_fits(sig, key->kind))
		return hm_fail(err, HM_R_SIG_SCHEME, "an %s key makes no %s signatures", hm_key_kind_name(key->kind),
			       sigs[sig].name);
	return HM_OK;
}

static enum hm_status check_digest(const struct hm_key *key, enum hm_sig sig, const struct hm_digest *digest,
				   struct hm_err *err)
{
	enum hm_status st = check_fits(key, sig, err);
	if (st != HM_OK)
		return st;
	if (sigs[sig].family == ED25519)
		return hm_fail(err, HM_R_SIG_MESSAGE, "Ed25519 signs the message and not its digest");
	if (digest->alg != sigs[sig].digest || digest->len != hm_digest_len(digest->alg))
		return hm_fail(err, HM_R_SIG_SCHEME, "%s signs a %s, not a %s", sigs[sig].name,
			       hm_digest_name(sigs[sig].digest), hm_digest_name(digest->alg));
	return HM_OK;
}

/* Set what RSA leaves open: padding, digest, and for PSS the salt's length and MGF1's digest (the same). */
static bool set_rsa(EVP_PKEY_CTX *ctx, enum hm_sig sig)
{
	const EVP_MD *md = hm_ssl_md(sigs[sig].digest);
	bool pss = sigs[sig].family == RSA_PSS;

	return md && EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	       (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static bool is_rsa(enum hm_sig sig)
{
	return sigs[sig].family == RSA_V15 || sigs[sig].family == RSA_PSS;
}

/*
 * A verification of this key made ready. Copying the one that the key holds takes no lock of OpenSSL's, so that threads
 * do not wait for each other; only the forms of RSA that it was not made for are set up anew.
 */
static EVP_PKEY_CTX *new_verify_ctx(const struct hm_key *key, enum hm_sig sig)
{
	if (!is_rsa(sig) || sig == HM_SIG_RSA_SHA256)
		return EVP_PKEY_CTX_dup(key->verifier);

	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(hm_ssl_ctx(), key->pkey, NULL);
	if (ctx && EVP_PKEY_verify_init(ctx) == 1 && set_rsa(ctx, sig))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* What a verification that did not say yes means. */
static enum hm_status not_verified(enum hm_sig sig, int answer, struct hm_err *err)
{
	/* Less than 0 is no verdict, and OpenSSL does not always say that the reason was memory. */
	bool no_memory = hm_ssl_no_memory() || (sigs[sig].family == ECDSA && answer < 0);

	ERR_clear_error();
	if (no_memory)
		return hm_fail(err, HM_R_NO_MEMORY, "check an %s signature", sigs[sig].name);
	return hm_fail(err, HM_R_SIG_INVALID, "the %s signature does not match", sigs[sig].name);
}

/* RFC 3279 2.2.3: Ecdsa-Sig-Value. Checked here so that what OpenSSL answers is never about the encoding. */
static bool is_ecdsa_value(struct hm_str signature)
{
	struct hm_str body, r, s;

	return hm_der_only(signature, HM_DER_SEQUENCE, &body) && hm_der_take_unsigned(&body, &r) &&
	       hm_der_take_unsigned(&body, &s) && body.len == 0;
}

enum hm_status hm_key_verify_digest(const struct hm_key *key, enum hm_sig sig, const struct hm_digest *digest,
				    struct hm_str signature, struct hm_err *err)
{
	enum hm_status st = check_digest(key, sig, digest, err);
	if (st != HM_OK)
		return st;
	if (sigs[sig].family == ED25519PH)
		return hm_ed25519ph_verify((const uint8_t *)key->point.ptr, digest, signature, err);
	if (sigs[sig].family == ECDSA && !is_ecdsa_value(signature))
		return hm_fail(err, HM_R_SIG_INVALID, "the %s signature is malformed", sigs[sig].name);

	HM_OWN(hm_ssl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = new_verify_ctx(key, sig);
	if (!ctx)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "check an %s signature", sigs[sig].name);
	int answer = EVP_PKEY_verify(ctx, hm_ssl_bytes(signature), signature.len, digest->b, digest->len);
	return answer == 1 ? HM_OK : not_verified(sig, answer, err);
}

/* The message in one run of bytes, which pure Ed25519 needs; ret_copy owns it where it had to be put together. */
static enum hm_status join(const struct hm_part *message, size_t n, char **ret_copy, struct hm_str *ret_whole,
			   struct hm_err *err)
{
	size_t len = 0;

	if (n == 1) {
		*ret_whole = hm_str_of(message[0].ptr, message[0].len);
		return HM_OK;
	}
	for (size_t i = 0; i < n; i++)
		len += message[i].len;
	char *copy = hm_malloc(len);
	if (!copy)
		return hm_fail(err, HM_R_NO_MEMORY, "a message of %zu bytes", len);
	*ret_copy = copy;
	*ret_whole = hm_str_of(copy, len);
	for (size_t i = 0; i < n; i++) {
		if (message[i].len > 0)
			memcpy(copy, message[i].ptr, message[i].len);
		copy += message[i].len;
	}
	return HM_OK;
}

static enum hm_status verify_ed25519(const struct hm_key *key, const struct hm_part *message, size_t n,
				     struct hm_str signature, struct hm_err *err)
{
	HM_OWN(hm_freep) char *copy = NULL;
	struct hm_str whole;

	enum hm_status st = join(message, n, &copy, &whole, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_ssl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_MD_CTX_copy_ex(ctx, key->verifier) != 1)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "check an Ed25519 signature");
	int answer = EVP_DigestVerify(ctx, hm_ssl_bytes(signature), signature.len, hm_ssl_bytes(whole), whole.len);
	return answer == 1 ? HM_OK : not_verified(HM_SIG_ED25519, answer, err);
}

enum hm_status hm_key_verify_parts(const struct hm_key *key, enum hm_sig sig, const struct hm_part *message, size_t n,
				   struct hm_str signature, struct hm_err *err)
{
	struct hm_digest digest;

	enum hm_status st = check_fits(key, sig, err);
	if (st != HM_OK)
		return st;
	if (sigs[sig].family == ED25519)
		return verify_ed25519(key, message, n, signature, err);
	st = hm_crypto_digest(sigs[sig].digest, message, n, &digest, err);
	return st == HM_OK ? hm_key_verify_digest(key, sig, &digest, signature, err) : st;
}

enum hm_status hm_key_verify(const struct hm_key *key, enum hm_sig sig, struct hm_str message, struct hm_str signature,
			     struct hm_err *err)
{
	const struct hm_part part = { message.ptr, message.len };

	return hm_key_verify_parts(key, sig, &part, 1, signature, err);
}

static enum hm_status sign_ed25519ph(const struct hm_signer *signer, const struct hm_digest *digest, struct hm_buf *buf,
				     struct hm_err *err)
{
	uint8_t seed[HM_ED25519_KEY_LEN], signature[HM_ED25519_SIG_LEN];
	size_t len = sizeof(seed);
	enum hm_status st;

	if (EVP_PKEY_get_raw_private_key(signer->pkey, seed, &len) != 1)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "Ed25519ph");
	st = hm_ed25519ph_sign(seed, (const uint8_t *)signer->key.point.ptr, digest, signature, err);
	hm_wipe(seed, sizeof(seed));
	if (st != HM_OK)
		return st;
	hm_buf_add(buf, signature, sizeof(signature));
	return hm_buf_check(buf, "a signature", err);
}

enum hm_status hm_signer_sign_digest(const struct hm_signer *signer, enum hm_sig sig, const struct hm_digest *digest,
				     struct hm_buf *buf, struct hm_err *err)
{
	enum hm_status st = check_digest(&signer->key, sig, digest, err);
	if (st != HM_OK)
		return st;
	if (sigs[sig].family == ED25519PH)
		return sign_ed25519ph(signer, digest, buf, err);

	unsigned char out[HM_MAX_SIGNATURE];
	size_t len = sizeof(out);
	HM_OWN(hm_ssl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(hm_ssl_ctx(), signer->pkey, NULL);
	if (!ctx || EVP_PKEY_sign_init(ctx) != 1 || (is_rsa(sig) && !set_rsa(ctx, sig)))
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "make an %s signature", sigs[sig].name);
	/* Nothing but the nonce's random numbers can be missing here. */
	if (EVP_PKEY_sign(ctx, out, &len, digest->b, digest->len) != 1)
		return hm_ssl_fail(err, HM_R_RANDOM, "make an %s signature", sigs[sig].name);
	/* Without memory for the encoding OpenSSL 3.0 says yes, with the length -1. */
	if (len > sizeof(out))
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "make an %s signature", sigs[sig].name);
	hm_buf_add(buf, out, len);
	return hm_buf_check(buf, "a signature", err);
}

static enum hm_status sign_ed25519(const struct hm_signer *signer, const struct hm_part *message, size_t n,
				   struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_freep) char *copy = NULL;
	unsigned char out[HM_ED25519_SIG_LEN];
	size_t len = sizeof(out);
	struct hm_str whole;

	enum hm_status st = join(message, n, &copy, &whole, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_ssl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, NULL, hm_ssl_ctx(), NULL, signer->pkey, NULL) != 1 ||
	    EVP_DigestSign(ctx, out, &len, hm_ssl_bytes(whole), whole.len) != 1)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "make an Ed25519 signature");
	hm_buf_add(buf, out, len);
	return hm_buf_check(buf, "a signature", err);
}

enum hm_status hm_signer_sign_parts(const struct hm_signer *signer, enum hm_sig sig, const struct hm_part *message,
				    size_t n, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_digest digest;

	enum hm_status st = check_fits(&signer->key, sig, err);
	if (st != HM_OK)
		return st;
	if (sigs[sig].family == ED25519)
		return sign_ed25519(signer, message, n, buf, err);
	st = hm_crypto_digest(sigs[sig].digest, message, n, &digest, err);
	return st == HM_OK ? hm_signer_sign_digest(signer, sig, &digest, buf, err) : st;
}

enum hm_status hm_signer_sign(const struct hm_signer *signer, enum hm_sig sig, struct hm_str message,
			      struct hm_buf *buf, struct hm_err *err)
{
	const struct hm_part part = { message.ptr, message.len };

	return hm_signer_sign_parts(signer, sig, &part, 1, buf, err);
}

/* How the parameters of an algorithm are written. */
enum params { ABSENT, NULL_VALUE };

static const struct {
	enum hm_sig sig;
	enum params params;
	struct hm_str oid;
} algorithms[] = {
	{ HM_SIG_ECDSA_SHA256, ABSENT, HM_OID_ECDSA_SHA256 }, { HM_SIG_ECDSA_SHA384, ABSENT, HM_OID_ECDSA_SHA384 },
	{ HM_SIG_ECDSA_SHA512, ABSENT, HM_OID_ECDSA_SHA512 }, { HM_SIG_RSA_SHA256, NULL_VALUE, HM_OID_RSA_SHA256 },
	{ HM_SIG_RSA_SHA384, NULL_VALUE, HM_OID_RSA_SHA384 }, { HM_SIG_RSA_SHA512, NULL_VALUE, HM_OID_RSA_SHA512 },
	{ HM_SIG_ED25519, ABSENT, HM_OID_ED25519 },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

bool hm_sig_from_algorithm(struct hm_str der, enum hm_sig *ret_sig)
{
	struct hm_str body, oid;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take_oid(&body, &oid))
		return false;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (!hm_str_eq(oid, algorithms[i].oid))
			continue;
		if (algorithms[i].params == NULL_VALUE && !hm_der_take_null(&body))
			return false;
		if (body.len != 0)
			return false;
		*ret_sig = algorithms[i].sig;
		return true;
	}
	return false;
}

void hm_sig_add_algorithm(struct hm_buf *buf, enum hm_sig sig)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].sig != sig)
			continue;
		size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);
		hm_der_add_oid(buf, algorithms[i].oid);
		if (algorithms[i].params == NULL_VALUE)
			hm_der_add_null(buf);
		hm_der_end(buf, begin);
	}
}

static const struct {
	enum hm_digest_alg alg;
	struct hm_str oid;
} digests[] = {
	{ HM_SHA256, HM_OID_SHA256 },
	{ HM_SHA384, HM_OID_SHA384 },
	{ HM_SHA512, HM_OID_SHA512 },
};

bool hm_digest_from_algorithm(struct hm_str der, enum hm_digest_alg *ret_alg)
{
	struct hm_str body, oid;

	if (!hm_der_only(der, HM_DER_SEQUENCE, &body) || !hm_der_take_oid(&body, &oid))
		return false;
	if (body.len != 0 && (!hm_der_take_null(&body) || body.len != 0))
		return false;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (hm_str_eq(oid, digests[i].oid)) {
			*ret_alg = digests[i].alg;
			return true;
		}
	}
	return false;
}

void hm_digest_add_algorithm(struct hm_buf *buf, enum hm_digest_alg alg)
{
	size_t begin = hm_der_begin(buf, HM_DER_SEQUENCE);

	hm_der_add_oid(buf, digests[alg].oid);
	hm_der_end(buf, begin);
}
