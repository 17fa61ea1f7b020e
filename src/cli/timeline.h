/*
 * What a local log says about an artifact: the entries over its digest, and over the attestations that name it.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_TIMELINE_H
#define HM_CLI_TIMELINE_H

#include "base/effects.h"
#include "service/local/local.h"
#include "service/log/log.h"
#include "sigstore/verify_entry.h"

/* One entry, and whether what it says is so. */
struct hm_timeline_entry {
	struct hm_log_found found;
	bool is_attestation;
	struct hm_str predicate_type; /* of an attestation */
	bool is_verified;
	struct hm_err why; /* it is not */
};

struct hm_timeline {
	struct hm_instance *instance; /* owned */
	struct hm_trust *trust;       /* owned */
	struct hm_digest digests[HM_DIGEST_ALGS];
	size_t digests_count;
	struct hm_attestation *attestations; /* owned */
	size_t attestations_count, attestations_cap;
	struct hm_timeline_entry *entries; /* owned, the oldest first */
	size_t count, cap, unverified;
	struct hm_arena arena; /* what entries point to */
};

struct hm_timeline_query {
	const char *state;    /* the state directory */
	const char *artifact; /* a file, or "sha256:…" */
	char *const *bundles; /* attestations that may be about it */
	size_t bundles_count;
	const struct hm_effects *fx;
};

/*
 * Look.
 *
 * Attestations are those that the instance kept, those in the artifact's own folder (*.sigstore.json), and those that
 * are named: only what is about the artifact counts, whoever put it there.
 *
 * Owns    ret_timeline is the caller's, for hm_timeline_done()
 * Errors  HM_ENOTFOUND: there is no local instance, no such file; as hm_instance_open(), hm_log_search()
 *         HM_EPARSE, HM_EVERIFY artifact.subject: a bundle that was named and is about something else
 *         HM_ENOMEM. An entry that is not verified is no failure: it stands in the entry.
 */
enum hm_status hm_timeline_open(const struct hm_timeline_query *query, struct hm_timeline *ret_timeline,
				struct hm_err *err) HM_MUST;

void hm_timeline_done(struct hm_timeline *timeline);

#endif
