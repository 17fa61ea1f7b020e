/* What is accepted is written, and that is accepted too and written the same. */
#include "../same_again.h"

#include "attest/statement.h"

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
	check_same_again(hm_str_of(data, size), rewrite);
	return 0;
}
