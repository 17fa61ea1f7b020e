/* Requests for a time stamp: what is accepted is written again as a request for the same. */
#include "crypto/tsp.h"

#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(1 << 20);
	struct hm_tsp_request request, again;

	if (hm_tsp_request_parse(hm_str_of(data, size), &request, NULL) != HM_OK)
		return 0;
	hm_tsp_request_encode(&request, &der);
	if (hm_tsp_request_parse(hm_buf_str(&der), &again, NULL) != HM_OK ||
	    !hm_digest_eq(&request.imprint, &again.imprint) || !hm_str_eq(request.nonce, again.nonce) ||
	    !hm_str_eq(request.policy, again.policy) || request.cert_req != again.cert_req)
		abort();
	return 0;
}
