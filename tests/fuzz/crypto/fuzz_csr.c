/* Certificate requests, and the signature on them. */
#include "crypto/x509_make.h"

#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_csr csr;

	if (hm_csr_parse(hm_str_of(data, size), &csr, NULL) == HM_OK)
		(void)!hm_csr_verify(&csr, &key, NULL);
	return 0;
}
