/* Requests as bytes: what is read can be written and read again, and says the same. */
#include "base/own.h"
#include "http/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_http_request_done) struct hm_http_request one = { 0 }, two = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);

	if (hm_http_parse_request(hm_str_of(data, size), false, 1 << 16, &one, NULL) != HM_OK)
		return 0;
	if (hm_http_render_request(&one, &bytes, NULL) != HM_OK ||
	    hm_http_parse_request(hm_buf_str(&bytes), false, 1 << 16, &two, NULL) != HM_OK)
		__builtin_trap();
	if (!hm_str_eq(one.method, two.method) || !hm_str_eq(one.host, two.host) || !hm_str_eq(one.path, two.path) ||
	    !hm_str_eq(one.query, two.query) || one.head.count != two.head.count ||
	    !hm_str_eq(hm_buf_str(&one.body), hm_buf_str(&two.body)))
		__builtin_trap();
	for (size_t i = 0; i < one.head.count; i++) {
		if (!hm_str_eq(one.head.v[i].name, two.head.v[i].name) ||
		    !hm_str_eq(one.head.v[i].value, two.head.v[i].value))
			__builtin_trap();
	}
	return 0;
}
