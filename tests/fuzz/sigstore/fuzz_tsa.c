/* Answers of a time-stamp authority: whatever is accepted says the one time that was signed. */
#include "asked.h"
#include "base/time.h"
#include "sigstore/tsa.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_str signature = hm_str_of(asked_signature, sizeof(asked_signature));
	const struct hm_str nonce = hm_str_of(asked_nonce, sizeof(asked_nonce));
	static struct hm_trust *trust;
	struct hm_verified_time time;

	if (!trust && hm_trust_parse(hm_str_of(asked_root, sizeof(asked_root) - 1), &trust, NULL) != HM_OK)
		abort();
	if (hm_tsa_reply_check(hm_str_of(data, size), signature, nonce, trust, &time, NULL) == HM_OK &&
	    time.time_ns != INT64_C(1780000000) * HM_NS_PER_S)
		abort();
	return 0;
}
