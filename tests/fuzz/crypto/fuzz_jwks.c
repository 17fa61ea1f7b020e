/* Sets of keys: what is read is written as a set with as many. */
#include "crypto/jwt.h"

#include "base/limits.h"
#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 }, again = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1 << 22);
	const struct hm_key *keys[HM_MAX_JWKS];

	if (hm_jwks_parse(hm_str_of(data, size), &jwks, NULL) != HM_OK)
		return 0;
	for (size_t i = 0; i < jwks.len; i++)
		keys[i] = &jwks.keys[i].key;
	if (hm_jwks_encode(keys, jwks.len, &text, NULL) != HM_OK ||
	    hm_jwks_parse(hm_buf_str(&text), &again, NULL) != HM_OK || again.len != jwks.len)
		abort();
	for (size_t i = 0; i < jwks.len; i++) {
		if (!hm_key_eq(keys[i], &again.keys[i].key))
			abort();
	}
	return 0;
}
