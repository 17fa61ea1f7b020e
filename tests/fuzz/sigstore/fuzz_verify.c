/*
 * Bundles against a trust root, by identity or by key: whatever is accepted is of the artifact, by the wanted signer,
 * and was logged. The seeds are right bundles of an instance made for this.
 */
#include "base/limits.h"
#include "base/own.h"
#include "instance.h"
#include "sigstore/verify.h"

#include <stdlib.h>

#define IDENTITY "https://ci.example/build"
#define ISSUER   "https://issuer.example"
#define ARTIFACT "the artifact\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_trust *trust;
static struct hm_key key;
static struct hm_digest digest;
static const struct hm_str bytes = HM_STR(ARTIFACT);

static void prepare(void)
{
	const struct hm_part part = { bytes.ptr, bytes.len };

	if (hm_trust_parse(hm_str_of(instance_root, sizeof(instance_root) - 1), &trust, NULL) != HM_OK ||
	    hm_trust_read_key(hm_str_of(instance_key, sizeof(instance_key) - 1), &key, NULL) != HM_OK ||
	    hm_crypto_digest(HM_SHA256, &part, 1, &digest, NULL) != HM_OK)
		abort();
}

static bool is_honest(const struct hm_verified *verified)
{
	const struct hm_identity *identity = hm_verified_identity(verified);
	const struct hm_verified_entry *entries;
	const struct hm_verified_time *times;

	if (!hm_digest_eq(hm_verified_digest(verified), &digest) || hm_verified_entries(verified, &entries) == 0)
		return false;
	if (!identity)
		return hm_key_eq(hm_verified_key(verified), &key);
	return hm_str_is(identity->subject, IDENTITY) && hm_str_is(identity->issuer, ISSUER) &&
	       hm_verified_times(verified, &times) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hm_verify_policy by_identity = { .identity = HM_STR(IDENTITY), .issuer = HM_STR(ISSUER) };
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	struct hm_verified *verified = NULL;

	if (!trust)
		prepare();
	if (hm_bundle_parse(hm_str_of(data, size), &bundle, NULL) != HM_OK)
		return 0;
	const struct hm_verify_policy by_key = { .key = &key };
	const struct hm_verify_policy *policy = bundle.material == HM_MATERIAL_KEY ? &by_key : &by_identity;
	if (hm_bundle_verify(trust, &bundle, &artifact, policy, NULL, &verified, NULL) == HM_OK && !is_honest(verified))
		abort();
	hm_verified_free(verified);
	return 0;
}
