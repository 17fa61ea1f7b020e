#include "crypto/key.h"

static const struct {
	const char *name;     /* Sigstore's PublicKeyDetails */
	const char *registry; /* architecture-docs, algorithm-registry.md; NULL where it has none */
	enum hm_key_kind kind;
	unsigned bits; /* 0: any */
	enum hm_sig sig;
	bool is_pkcs1;
} rows[] = {
	[HM_DETAILS_NONE] = { "PUBLIC_KEY_DETAILS_UNSPECIFIED", NULL, HM_KEY_P256, 0, HM_SIG_ECDSA_SHA256, false },
	[HM_DETAILS_P256_SHA256] = { "PKIX_ECDSA_P256_SHA_256", "ecdsa-sha2-256-nistp256", HM_KEY_P256, 256,
				     HM_SIG_ECDSA_SHA256, false },
	[HM_DETAILS_P384_SHA384] = { "PKIX_ECDSA_P384_SHA_384", "ecdsa-sha2-384-nistp384", HM_KEY_P384, 384,
				     HM_SIG_ECDSA_SHA384, false },
	[HM_DETAILS_P521_SHA512] = { "PKIX_ECDSA_P521_SHA_512", "ecdsa-sha2-512-nistp521", HM_KEY_P521, 521,
				     HM_SIG_ECDSA_SHA512, false },
	[HM_DETAILS_RSA2048_SHA256] = { "PKIX_RSA_PKCS1V15_2048_SHA256", "rsa-sign-pkcs1-2048-sha256", HM_KEY_RSA, 2048,
					HM_SIG_RSA_SHA256, false },
	[HM_DETAILS_RSA3072_SHA256] = { "PKIX_RSA_PKCS1V15_3072_SHA256", "rsa-sign-pkcs1-3072-sha256", HM_KEY_RSA, 3072,
					HM_SIG_RSA_SHA256, false },
	[HM_DETAILS_RSA4096_SHA256] = { "PKIX_RSA_PKCS1V15_4096_SHA256", "rsa-sign-pkcs1-4096-sha256", HM_KEY_RSA, 4096,
					HM_SIG_RSA_SHA256, false },
	[HM_DETAILS_RSA2048_PSS_SHA256] = { "PKIX_RSA_PSS_2048_SHA256", "rsa-sign-pss-2048-sha256", HM_KEY_RSA, 2048,
					    HM_SIG_RSA_PSS_SHA256, false },
	[HM_DETAILS_RSA3072_PSS_SHA256] = { "PKIX_RSA_PSS_3072_SHA256", "rsa-sign-pss-3072-sha256", HM_KEY_RSA, 3072,
					    HM_SIG_RSA_PSS_SHA256, false },
	[HM_DETAILS_RSA4096_PSS_SHA256] = { "PKIX_RSA_PSS_4096_SHA256", "rsa-sign-pss-4096-sha256", HM_KEY_RSA, 4096,
					    HM_SIG_RSA_PSS_SHA256, false },
	[HM_DETAILS_ED25519] = { "PKIX_ED25519", "ed25519", HM_KEY_ED25519, 256, HM_SIG_ED25519, false },
	[HM_DETAILS_ED25519PH] = { "PKIX_ED25519_PH", "ed25519-ph", HM_KEY_ED25519, 256, HM_SIG_ED25519PH, false },
	[HM_DETAILS_P384_SHA256] = { "PKIX_ECDSA_P384_SHA_256", NULL, HM_KEY_P384, 384, HM_SIG_ECDSA_SHA256, false },
	[HM_DETAILS_P521_SHA256] = { "PKIX_ECDSA_P521_SHA_256", NULL, HM_KEY_P521, 521, HM_SIG_ECDSA_SHA256, false },
	[HM_DETAILS_PKIX_RSA] = { "PKIX_RSA_PKCS1V5", NULL, HM_KEY_RSA, 0, HM_SIG_RSA_SHA256, false },
	[HM_DETAILS_PKIX_RSA_PSS] = { "PKIX_RSA_PSS", NULL, HM_KEY_RSA, 0, HM_SIG_RSA_PSS_SHA256, false },
	[HM_DETAILS_PKCS1_RSA] = { "PKCS1_RSA_PKCS1V5", NULL, HM_KEY_RSA, 0, HM_SIG_RSA_SHA256, true },
	[HM_DETAILS_PKCS1_RSA_PSS] = { "PKCS1_RSA_PSS", NULL, HM_KEY_RSA, 0, HM_SIG_RSA_PSS_SHA256, true },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *hm_key_details_name(enum hm_key_details details)
{
	return rows[details].name;
}

bool hm_key_details_from_name(struct hm_str name, enum hm_key_details *ret_details)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (hm_str_is(name, rows[i].name)) {
			*ret_details = (enum hm_key_details)i;
			return true;
		}
	}
	return false;
}

const char *hm_key_details_registry(enum hm_key_details details)
{
	return rows[details].registry;
}

bool hm_key_details_from_registry(struct hm_str name, enum hm_key_details *ret_details)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].registry && hm_str_is(name, rows[i].registry)) {
			*ret_details = (enum hm_key_details)i;
			return true;
		}
	}
	return false;
}

bool hm_key_details_of(const struct hm_key *key, enum hm_sig sig, enum hm_key_details *ret_details)
{
	/* The rows that name a size or a curve; those of any size are deprecated and never written. */
	for (size_t i = HM_DETAILS_P256_SHA256; i < ROWS; i++) {
		if (rows[i].kind == key->kind && rows[i].bits == key->bits && rows[i].sig == sig) {
			*ret_details = (enum hm_key_details)i;
			return true;
		}
	}
	return false;
}

enum hm_sig hm_key_details_sig(enum hm_key_details details)
{
	return rows[details].sig;
}

enum hm_status hm_key_parse_as(struct hm_str der, enum hm_key_details details, struct hm_key *ret_key,
			       struct hm_err *err)
{
	struct hm_key key;

	enum hm_status st = rows[details].is_pkcs1 ? hm_key_parse_pkcs1(der, &key, err) : hm_key_parse(der, &key, err);
	if (st != HM_OK)
		return st;
	if (details != HM_DETAILS_NONE &&
	    (rows[details].kind != key.kind || (rows[details].bits != 0 && rows[details].bits != key.bits))) {
		st = hm_fail(err, HM_R_KEY_DETAILS, "a key of %u bits for %s is said to be %s", key.bits,
			     hm_key_kind_name(key.kind), rows[details].name);
		hm_key_done(&key);
		return st;
	}
	*ret_key = key;
	return HM_OK;
}
