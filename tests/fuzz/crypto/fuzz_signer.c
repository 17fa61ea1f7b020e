/* Private keys in any form: what is accepted can be written and read again. */
#include "crypto/key.h"

#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 }, again = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };

	if (hm_signer_parse_text(hm_str_of(data, size), &signer, NULL) != HM_OK)
		return 0;
	if (hm_signer_encode(&signer, &der, NULL) != HM_OK ||
	    hm_signer_parse(hm_secret_str(&der), &again, NULL) != HM_OK || !hm_key_eq(&signer.key, &again.key))
		abort();
	return 0;
}
