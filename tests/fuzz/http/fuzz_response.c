/* Responses as bytes: what is read can be written and read again, and says the same. */
#include "base/own.h"
#include "http/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_http_response_done) struct hm_http_response one = { 0 }, two = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);

	/* the first byte says whether it answers HEAD */
	if (size == 0 ||
	    hm_http_parse_response(hm_str_of(data + 1, size - 1), data[0] & 1, 1 << 16, &one, NULL) != HM_OK)
		return 0;
	if (hm_http_render_response(&one, false, &bytes, NULL) != HM_OK ||
	    hm_http_parse_response(hm_buf_str(&bytes), false, 1 << 16, &two, NULL) != HM_OK)
		__builtin_trap();
	if (one.status != two.status || one.head.count != two.head.count ||
	    !hm_str_eq(hm_buf_str(&one.body), hm_buf_str(&two.body)))
		__builtin_trap();
	return 0;
}
