/* Answers of a log: whatever is accepted is the entry that was asked for, at its one place in the one tree. */
#include "asked.h"
#include "base/limits.h"
#include "base/own.h"
#include "sigstore/rekor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_trust *trust;
static struct hm_log_claim claim;
static struct hm_buf body;

static void prepare(void)
{
	claim = (struct hm_log_claim){
		.content = HM_CONTENT_MESSAGE,
		.digest = { .alg = HM_SHA256, .len = HM_HASH_LEN },
		.signature = hm_str_of(asked_signature, sizeof(asked_signature)),
		.cert = hm_str_of(asked_cert, sizeof(asked_cert)),
		.details = HM_DETAILS_P256_SHA256,
	};
	memcpy(claim.digest.b, asked_digest, HM_HASH_LEN);
	body = hm_buf_init(HM_MAX_LOG_BODY);
	if (hm_trust_parse(hm_str_of(asked_root, sizeof(asked_root) - 1), &trust, NULL) != HM_OK ||
	    hm_log_body_make(&claim, &body, NULL) != HM_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	struct hm_log_entry entry;

	if (!trust)
		prepare();
	if (hm_rekor_answer_parse(hm_str_of(data, size), trust, &claim, &arena, &entry, NULL) != HM_OK)
		return 0;
	if (!hm_str_eq(entry.body, hm_buf_str(&body)) || entry.index != 4 || entry.integrated_time_s != 0 ||
	    entry.promise.len > 0)
		abort();
	return 0;
}
