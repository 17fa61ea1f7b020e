/*
 * Asking a log that speaks Rekor v2's API to take a signature.
 *
 * Layer 7. Any thread. For this module and its tests.
 * Source  sigstore/rekor-tiles, CLIENTS.md and api/proto (POST /api/v2/log/entries); rekor-v2-spec.md 6
 */
#ifndef HM_SIGSTORE_REKOR_H
#define HM_SIGSTORE_REKOR_H

#include "sigstore/log_body.h"
#include "sigstore/service.h"
#include "sigstore/trust.h"

/*
 * Add the request for an entry: hashedrekord 0.0.2, for messages and for DSSE.
 *
 * Errors  HM_EVERIFY tlog.kind: a signature that Rekor v2 cannot hold, such as pure Ed25519; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_rekor_request(const struct hm_log_claim *claim, struct hm_buf *buf, struct hm_err *err) HM_MUST;

/*
 * Read an answer, and hold it against what was asked for and against the trust root: the log has this very entry.
 *
 * Owns    ret_entry's views lie in the arena; it has its body, whether the log sent it or not
 * Errors  HM_EPARSE json.…, data.…; bundle.entry, bundle.proof, bundle.checkpoint; tlog.note, tlog.checkpoint
 *         HM_EVERIFY tlog.kind, tlog.entry, tlog.unknown-log, tlog.origin, tlog.unsigned, tlog.signature, tlog.root,
 *         tlog.inclusion, tlog.index
 *         HM_ELIMIT: over HM_MAX_REKOR_ANSWER; HM_ENOMEM
 */
enum hm_status hm_rekor_answer_parse(struct hm_str text, const struct hm_trust *trust, const struct hm_log_claim *claim,
				     struct hm_arena *arena, struct hm_log_entry *ret_entry,
				     struct hm_err *err) HM_MUST;

/*
 * Log a signature. A log answers once the entry is in a checkpoint, which takes seconds.
 *
 * Errors  as hm_service_post(), with what the log said; as both above
 */
struct hm_rekor_opts {
	const struct hm_trust *trust;
	int64_t timeout_ms; /* 0: HM_HTTP_TIMEOUT_MS */
};
enum hm_status hm_rekor_log(const struct hm_service *log, const struct hm_log_claim *claim,
			    const struct hm_rekor_opts *opts, struct hm_arena *arena, struct hm_log_entry *ret_entry,
			    struct hm_err *err) HM_MUST;

#endif
