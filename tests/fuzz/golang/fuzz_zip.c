/* A module's zip, checked against Go's rules and hashed. */
#include "golang/dirhash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_golang_module mod = { HM_STR("m.x/y"), HM_STR("v1.0.0") };
	struct hm_hash hash, again;
	uint64_t unpacked;

	if (hm_golang_hash_zip_memory(hm_str_of(data, size), &mod, &hash, &unpacked, NULL) != HM_OK)
		return 0;
	if (hm_golang_hash_zip_memory(hm_str_of(data, size), &mod, &again, NULL, NULL) != HM_OK ||
	    memcmp(hash.b, again.b, HM_HASH_LEN) != 0)
		__builtin_trap();
	return 0;
}
