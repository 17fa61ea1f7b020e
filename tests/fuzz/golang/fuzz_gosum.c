/* go.sum: every line that was read is found again. */
#include "base/own.h"
#include "golang/gosum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_golang_gosum_done) struct hm_golang_gosum sums = { .count = 0 };

	if (hm_golang_gosum_parse(hm_str_of(data, size), "go.sum", &sums, NULL) != HM_OK)
		return 0;
	for (size_t i = 0; i < sums.count; i++) {
		const struct hm_golang_sum *s = &sums.sums[i], *found;
		size_t count = 0;
		struct hm_hash hash;
		found = hm_golang_gosum_find(&sums, &s->mod, s->is_go_mod, &count);
		if (!found || found > s || s >= found + count)
			__builtin_trap();
		if (hm_golang_h1_parse(s->hash, &hash, NULL) == HM_OK && count == 1 &&
		    hm_golang_gosum_check(&sums, &s->mod, s->is_go_mod, &hash, NULL) != HM_OK)
			__builtin_trap();
	}
	return 0;
}
