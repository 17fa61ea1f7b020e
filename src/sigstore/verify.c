#include "sigstore/verify.h"

#include "base/mem.h"
#include "base/own.h"
#include "sigstore/verify_steps.h"

static void verified_freep(struct hm_verified **verified)
{
	*verified = hm_verified_free(*verified);
}

struct hm_verified *hm_verified_free(struct hm_verified *verified)
{
	if (!verified)
		return NULL;
	hm_key_done(&verified->own_key);
	hm_arena_done(&verified->arena);
	free(verified);
	return NULL;
}

/* The steps, in the order of client-spec 4; "If any step fails, abort verification unless otherwise specified." */
static enum hm_status (*const steps[])(struct hm_check *c, struct hm_err *err) = {
	hm_check_prepare, hm_check_times, hm_check_cert, hm_check_entries, hm_check_content,
};

enum hm_status hm_bundle_verify(const struct hm_trust *trust, const struct hm_bundle *bundle,
				const struct hm_artifact *artifact, const struct hm_verify_policy *policy,
				const struct hm_verify_opts *opts, struct hm_verified **ret_verified,
				struct hm_err *err)
{
	HM_OWN(verified_freep) struct hm_verified *verified = hm_calloc(1, sizeof(*verified));
	struct hm_err own;
	struct hm_check check = {
		.trust = trust,
		.bundle = bundle,
		.artifact = artifact,
		.policy = policy,
		.opts = opts ? *opts : (struct hm_verify_opts){ 0 },
		.out = verified,
	};
	enum hm_status st = HM_OK;

	if (!verified)
		return hm_fail(err, HM_R_NO_MEMORY, "a verification");
	if (!check.opts.without_tlog && check.opts.tlogs == 0)
		check.opts.tlogs = 1;
	verified->arena = hm_arena_init(4 * HM_MAX_BUNDLE);
	for (size_t i = 0; st == HM_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		st = steps[i](&check, &own);
	if (st != HM_OK) {
		st = hm_check_explain(&check, st, &own);
		if (err)
			*err = own;
		return st;
	}
	*ret_verified = HM_STEAL(verified);
	return HM_OK;
}

size_t hm_verified_times(const struct hm_verified *verified, const struct hm_verified_time **ret_times)
{
	*ret_times = verified->times;
	return verified->times_count;
}

size_t hm_verified_entries(const struct hm_verified *verified, const struct hm_verified_entry **ret_entries)
{
	*ret_entries = verified->entries;
	return verified->entries_count;
}

const struct hm_identity *hm_verified_identity(const struct hm_verified *verified)
{
	return verified->chain_len > 0 ? &verified->identity : NULL;
}

const struct hm_cert *hm_verified_cert(const struct hm_verified *verified)
{
	return verified->chain_len > 0 ? &verified->chain[0] : NULL;
}

const struct hm_key *hm_verified_key(const struct hm_verified *verified)
{
	return verified->key;
}

const struct hm_digest *hm_verified_digest(const struct hm_verified *verified)
{
	return &verified->digest;
}

struct hm_str hm_verified_payload(const struct hm_verified *verified)
{
	return verified->payload;
}

struct hm_str hm_verified_predicate_type(const struct hm_verified *verified)
{
	return verified->subjects.predicate_type;
}
