/* PEM: every block of a text; what was decoded is encoded and decoded again as the same. */
#include "crypto/pem.h"

#include "base/own.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str text = hm_str_of(data, size), label;

	for (;;) {
		HM_OWN(hm_secret_done) struct hm_secret der = { 0 }, again = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(1 << 20);
		char name[256];
		if (hm_pem_next(&text, &label, &der, NULL) != HM_OK || label.len == 0)
			return 0;
		if (label.len >= sizeof(name) || memchr(label.ptr, '-', label.len))
			continue;
		snprintf(name, sizeof(name), "%.*s", HM_STR_ARG(label));
		hm_pem_encode(&pem, name, hm_secret_str(&der));
		if (hm_pem_only(hm_buf_str(&pem), name, &again, NULL) != HM_OK ||
		    !hm_str_eq(hm_secret_str(&der), hm_secret_str(&again)))
			abort();
	}
}
