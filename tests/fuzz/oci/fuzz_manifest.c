/* Manifests and indexes: what is accepted is written, and that is accepted too and written the same. */
#include "base/limits.h"
#include "base/own.h"
#include "oci/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, bool is_index, struct hm_buf *out)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	struct hm_oci_manifest manifest;
	struct hm_oci_index index;

	if (is_index)
		return hm_oci_index_parse(text, HM_STR(""), &arena, &index, NULL) == HM_OK &&
		       hm_oci_index_encode(&index, out, NULL) == HM_OK;
	return hm_oci_manifest_parse(text, HM_STR(""), &arena, &manifest, NULL) == HM_OK &&
	       hm_oci_manifest_encode(&manifest, out, NULL) == HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int is_index = 0; is_index < 2; is_index++) {
		HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(16 * HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(16 * HM_MIB);
		if (!rewrite(hm_str_of(data, size), is_index, &once))
			continue;
		if (!rewrite(hm_buf_str(&once), is_index, &twice) || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
			abort();
		if (rewrite(hm_str_of(data, size), !is_index, &twice))
			abort(); /* nothing is both */
	}
	return 0;
}
