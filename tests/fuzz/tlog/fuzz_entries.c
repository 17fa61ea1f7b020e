/* An entry bundle, its width in the first byte: what is accepted is made of its entries again. */
#include "tlog/tile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str entries[HM_TLOG_TILE_WIDTH];

	if (size == 0)
		return 0;
	unsigned width = data[0] + 1u;
	struct hm_str bundle = hm_str_of(data + 1, size - 1);
	if (hm_tlog_bundle_parse(bundle, width, entries, NULL) != HM_OK)
		return 0;
	struct hm_buf again = hm_buf_init(HM_TLOG_MAX_BUNDLE);
	for (unsigned i = 0; i < width; i++) {
		if (hm_tlog_bundle_add(&again, entries[i], NULL) != HM_OK)
			abort();
	}
	if (!hm_str_eq(hm_buf_str(&again), bundle))
		abort();
	hm_buf_done(&again);
	return 0;
}
