/* Answers of a certificate authority: whatever is accepted is a certificate of the key that was asked for. */
#include "asked.h"
#include "base/own.h"
#include "sigstore/fulcio.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_key key = { .spki = hm_str_of(asked_spki, sizeof(asked_spki)) };
	HM_OWN(hm_buf_done) struct hm_buf der = { 0 };
	struct hm_cert cert;

	if (hm_fulcio_answer_parse(hm_str_of(data, size), &key, &der, NULL) != HM_OK)
		return 0;
	if (hm_cert_parse(hm_buf_str(&der), &cert, NULL) != HM_OK || !hm_str_eq(cert.spki, key.spki))
		abort();
	return 0;
}
