/* Time stamps, checked against an authority of which nothing is known: none may be accepted. */
#include "crypto/tsp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_x509_pool *pool = NULL;
	struct hm_tsp_token token;

	if (hm_tsp_parse(hm_str_of(data, size), &token, NULL) != HM_OK)
		return 0;
	const struct hm_tsp_query query = { .digest = &token.imprint, .nonce = token.nonce };
	struct hm_tsp_query asked = query;
	if (hm_x509_pool_new(&pool, NULL) == HM_OK) {
		asked.pool = pool;
		if (hm_tsp_verify(&token, &asked, NULL, NULL) == HM_OK)
			abort();
	}
	hm_x509_pool_free(pool);
	return 0;
}
