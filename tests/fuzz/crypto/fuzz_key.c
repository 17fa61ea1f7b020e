/* Public keys in any form: what is accepted has a SubjectPublicKeyInfo that is accepted as the same. */
#include "crypto/key.h"

#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str bytes = hm_str_of(data, size);
	HM_OWN(hm_key_done) struct hm_key key = { 0 }, again = { 0 }, pkcs1 = { 0 };

	if (hm_key_parse_pkcs1(bytes, &pkcs1, NULL) == HM_OK && !hm_str_eq(pkcs1.point, bytes))
		abort();
	if (hm_key_parse_text(bytes, &key, NULL) != HM_OK)
		return 0;
	if (hm_key_parse(key.spki, &again, NULL) != HM_OK || !hm_key_eq(&key, &again) ||
	    memcmp(&key.id, &again.id, sizeof(key.id)) != 0)
		abort();
	return 0;
}
