/* Checkpoint texts: what is accepted is written as it was. */
#include "tlog/checkpoint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_tlog_checkpoint checkpoint;

	if (hm_tlog_checkpoint_parse(hm_str_of(data, size), &checkpoint, NULL) != HM_OK)
		return 0;
	struct hm_buf again = hm_buf_init(size);
	if (hm_tlog_checkpoint_encode(&checkpoint, &again, NULL) != HM_OK ||
	    !hm_str_eq(hm_buf_str(&again), hm_str_of(data, size)))
		abort();
	hm_buf_done(&again);
	return 0;
}
