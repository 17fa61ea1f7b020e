/* Base64 in each form, and hexadecimal: what is accepted is the one text of its bytes. */
#include "base/encode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(enum hm_base64 form, struct hm_str text)
{
	struct hm_buf bytes = hm_buf_init(text.len), again = hm_buf_init(2 * text.len + 8);

	if (hm_base64_decode(&bytes, form, text, NULL) == HM_OK && form != HM_BASE64_ANY) {
		hm_base64_encode(&again, form, bytes.ptr, bytes.len);
		if (!hm_str_eq(hm_buf_str(&again), text))
			abort();
	}
	hm_buf_done(&bytes);
	hm_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str text = hm_str_of(data, size);
	uint8_t bytes[64];
	char again[2 * sizeof(bytes) + 1];

	decode(HM_BASE64_STD, text);
	decode(HM_BASE64_URL, text);
	decode(HM_BASE64_ANY, text);
	size_t len = size / 2 < sizeof(bytes) ? size / 2 : sizeof(bytes);
	if (hm_hex_read(hm_str_head(text, 2 * len), bytes, len, NULL) == HM_OK)
		hm_hex_write(again, bytes, len);
	return 0;
}
