/* Encrypted key files, all but the password: the JSON, or with a dash at its front the whole file. */
#include "crypto/keyfile.h"
#include "crypto/pem.h"

#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(1 << 20);
	struct hm_str bytes = hm_str_of(data, size);

	if (size > 0 && data[0] == '-')
		hm_buf_add_str(&pem, bytes);
	else
		hm_pem_encode(&pem, "ENCRYPTED SIGSTORE PRIVATE KEY", bytes);
	(void)!hm_keyfile_check(hm_buf_str(&pem), NULL);
	return 0;
}
