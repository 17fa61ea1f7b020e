/* Bodies of log entries: the first byte says of which kind; comparing one with a claim never says more than it has. */
#include "base/limits.h"
#include "base/own.h"
#include "sigstore/log_body.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	const struct hm_log_claim nothing = { .content = HM_CONTENT_DSSE };
	struct hm_log_body body = { 0 };
	unsigned differs = 0;

	if (size < 1)
		return 0;
	enum hm_log_kind kind = (enum hm_log_kind)(data[0] & 3);
	if (hm_log_body_parse(hm_str_of(data + 1, size - 1), kind, &arena, &body, NULL) != HM_OK)
		return 0;
	/* a claim of nothing is never what a log has */
	if (hm_log_body_compare(&body, kind, &nothing, &differs, NULL) == HM_OK && differs == 0)
		abort();
	return 0;
}
