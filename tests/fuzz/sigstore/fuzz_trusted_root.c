/* Trust roots: what is accepted is written, and that is accepted too and written the same; then it is made ready. */
#include "../same_again.h"

#include "sigstore/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, struct hm_buf *out)
{
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };

	return hm_trusted_root_parse(text, &root, NULL) == HM_OK &&
	       hm_trusted_root_encode(&root, NULL, out, NULL) == HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_trust *trust;

	check_same_again(hm_str_of(data, size), rewrite);
	if (hm_trust_parse(hm_str_of(data, size), &trust, NULL) == HM_OK)
		hm_trust_free(trust);
	return 0;
}
