/* What is accepted is written, and that is accepted too and written the same. */
#include "attest/statement.h"
#include "base/limits.h"
#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct hm_str text, struct hm_buf *out)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	struct hm_attest_statement it;

	return hm_attest_statement_parse(text, &arena, &it, NULL) == HM_OK &&
	       hm_attest_statement_encode(&it, out, NULL) == HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(16 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(16 * HM_MIB);

	if (!rewrite(hm_str_of(data, size), &once))
		return 0;
	if (!rewrite(hm_buf_str(&once), &twice) || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
		abort();
	return 0;
}
