/* References: what is accepted is written in full, and that is read as the same. */
#include "base/limits.h"
#include "base/own.h"
#include "oci/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, struct hm_buf *out)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_oci_reference reference;

	if (hm_oci_reference_parse(text, &arena, &reference, NULL) != HM_OK)
		return false;
	hm_oci_reference_write(&reference, out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(HM_MIB);

	if (!rewrite(hm_str_of(data, size), &once) || once.len > HM_MAX_OCI_REFERENCE)
		return 0;
	if (!rewrite(hm_buf_str(&once), &twice) || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
		abort();
	return 0;
}
