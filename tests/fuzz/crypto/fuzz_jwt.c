/* Tokens: as they are, where there is a dot; else the input is the header, before it is encoded. */
#include "crypto/jwt.h"

#include "base/encode.h"
#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1 << 22);
	HM_OWN(hm_buf_done) struct hm_buf token = hm_buf_init(1 << 20);
	const struct hm_jwt_expect expect = { HM_STR("i"), HM_STR("a"), 1000, 10 };
	struct hm_str bytes = hm_str_of(data, size);
	struct hm_value claims;
	struct hm_jws jws;

	if (memchr(data, '.', size)) {
		hm_buf_add_str(&token, bytes);
	} else {
		hm_base64_encode(&token, HM_BASE64_URL, data, size);
		hm_buf_add_cstr(&token, ".e30.AAAA");
	}
	if (hm_jws_parse(hm_buf_str(&token), &arena, &jws, NULL) != HM_OK)
		return 0;
	if (hm_jws_verify(&jws, &(struct hm_jwks){ 0 }, NULL) == HM_OK)
		abort();
	if (hm_jwt_claims(&jws, &arena, &claims, NULL) == HM_OK)
		(void)!hm_jwt_check(&claims, &expect, NULL);
	return 0;
}
