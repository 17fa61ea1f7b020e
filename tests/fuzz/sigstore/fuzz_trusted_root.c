/* Trust roots: what is accepted is written, and that is accepted too and written the same; then it is made ready. */
#include "base/limits.h"
#include "base/own.h"
#include "sigstore/trust.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, struct hm_buf *out)
{
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };

	return hm_trusted_root_parse(text, &root, NULL) == HM_OK &&
	       hm_trusted_root_encode(&root, NULL, out, NULL) == HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(16 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(16 * HM_MIB);
	struct hm_trust *trust;

	if (!rewrite(hm_str_of(data, size), &once))
		return 0;
	if (!rewrite(hm_buf_str(&once), &twice) || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
		abort();
	if (hm_trust_parse(hm_str_of(data, size), &trust, NULL) == HM_OK)
		hm_trust_free(trust);
	return 0;
}
