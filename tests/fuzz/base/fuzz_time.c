/* RFC 3339 times: what is accepted is the same time when it is written and read again, but for what milliseconds cut.
 */
#include "base/time.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[HM_TIME_TEXT_LEN];
	int64_t ns, again;

	if (hm_time_parse(hm_str_of(data, size), &ns, NULL) != HM_OK)
		return 0;
	hm_time_write_ms(ns, text);
	if (hm_time_parse(hm_str(text), &again, NULL) != HM_OK || ns - again < 0 || ns - again >= HM_NS_PER_MS)
		abort();
	return 0;
}
