/* A traceparent that is read is written as version 00, and reads as itself. */
#include "trace/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_trace_context one, two;
	char text[HM_TRACEPARENT_LEN];

	if (hm_traceparent_parse(hm_str_of(data, size), &one, NULL) != HM_OK)
		return 0;
	hm_traceparent_write(&one, text);
	if (hm_traceparent_parse(hm_str(text), &two, NULL) != HM_OK || one.is_sampled != two.is_sampled ||
	    memcmp(one.trace_id, two.trace_id, sizeof(one.trace_id)) != 0 ||
	    memcmp(one.span_id, two.span_id, sizeof(one.span_id)) != 0)
		__builtin_trap();
	return 0;
}
