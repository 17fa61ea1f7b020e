/* Requests for certificates: the body, and the key or certificate request in it. */
#include "base/own.h"
#include "crypto/x509_make.h"
#include "service/ca/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1 << 20);
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_ca_request request;
	struct hm_csr csr;

	if (hm_ca_request_parse(hm_str_of(data, size), &arena, &request, NULL) != HM_OK)
		return 0;
	/* the two forms of a key are never both there */
	if (request.csr.len && (request.public_key.len || request.proof.len))
		__builtin_trap();
	if (request.public_key.len)
		(void)!hm_key_parse_text(request.public_key, &key, NULL);
	if (request.csr.len && hm_ca_request_csr(request.csr, &der, NULL) == HM_OK)
		(void)!hm_csr_parse(hm_secret_str(&der), &csr, NULL);
	return 0;
}
