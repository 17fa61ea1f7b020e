/* Canonical JSON: the canonical text of a canonical text is itself, and whoever reads it finds the same keys. */
#include "base/limits.h"
#include "base/own.h"
#include "data/canonical.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(64 * HM_MIB);
	struct hm_value v, back;
	struct hm_err err;

	if (hm_json_parse(hm_str_of(data, size), NULL, &arena, &v, &err) != HM_OK ||
	    hm_json_canonical(&v, &once, &err) != HM_OK)
		return 0;
	if (hm_json_parse(hm_buf_str(&once), NULL, &arena, &back, NULL) != HM_OK ||
	    hm_json_canonical(&back, &twice, NULL) != HM_OK || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
		__builtin_trap();
	return 0;
}
