/* Bundles: what is accepted is written as version 0.3, and that is accepted too and written the same. */
#include "../same_again.h"

#include "sigstore/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, struct hm_buf *out)
{
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };

	if (hm_bundle_parse(text, &bundle, NULL) != HM_OK || bundle.certs.count > 1)
		return false;
	/* What older versions may lack, version 0.3 must have. */
	for (size_t i = 0; i < bundle.entries_count; i++) {
		if (!bundle.entries[i].proof)
			return false;
	}
	return hm_bundle_encode(&bundle, out, NULL) == HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_same_again(hm_str_of(data, size), rewrite);
	return 0;
}
