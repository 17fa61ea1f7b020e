/* Requests for time stamps as JSON: what is taken is a request that its DER form says too. */
#include "service/tsa/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_arena arena = hm_arena_init((size_t)1 << 20);
	struct hm_buf der = hm_buf_init((size_t)1 << 16);
	struct hm_tsp_request request, again;

	if (hm_tsa_request_json(hm_str_of(data, size), &arena, &request, NULL) == HM_OK) {
		hm_tsp_request_encode(&request, &der);
		if (hm_tsp_request_parse(hm_buf_str(&der), &again, NULL) != HM_OK ||
		    !hm_digest_eq(&again.imprint, &request.imprint) || !hm_str_eq(again.nonce, request.nonce) ||
		    !hm_str_eq(again.policy, request.policy) || again.cert_req != request.cert_req)
			abort();
	}
	hm_buf_done(&der);
	hm_arena_done(&arena);
	return 0;
}
