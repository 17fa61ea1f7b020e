/* Secrets in output: the same in whatever pieces it comes, and no secret is left. The first line is two secrets, with a
 * ',' between them. */
#include "base/limits.h"
#include "base/own.h"
#include "pipeline/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pass(const struct hm_mask *mask, struct hm_str text, size_t chunk, struct hm_buf *out)
{
	HM_OWN(hm_masker_done) struct hm_masker masker = hm_masker_init(mask);

	for (; text.len > chunk; text = hm_str_skip(text, chunk)) {
		if (hm_masker_add(&masker, hm_str_head(text, chunk), false, out, NULL) != HM_OK)
			__builtin_trap();
	}
	if (hm_masker_add(&masker, text, true, out, NULL) != HM_OK)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf whole = hm_buf_init(HM_MIB), pieces = hm_buf_init(HM_MIB);
	struct hm_str head, text, secrets[2] = { { 0 } };
	struct hm_mask mask;

	if (size > 4096 || !hm_str_cut(hm_str_of(data, size), '\n', &head, &text))
		return 0;
	if (!hm_str_cut(head, ',', &secrets[0], &secrets[1]))
		secrets[0] = head;
	if (hm_mask_init(&mask, secrets, 2, NULL) != HM_OK)
		return 0;
	pass(&mask, text, size, &whole);
	for (size_t chunk = 1; chunk < 8; chunk++) {
		hm_buf_clear(&pieces);
		pass(&mask, text, chunk, &pieces);
		if (!hm_str_eq(hm_buf_str(&whole), hm_buf_str(&pieces)))
			__builtin_trap();
	}
	for (size_t i = 0; i < 2; i++) {
		/* what stands between the stars is as it was; a secret with a star in it may seem to be there */
		if (secrets[i].len > 0 && hm_str_find_char(secrets[i], '*') < 0 &&
		    hm_str_find(hm_buf_str(&whole), secrets[i]) >= 0)
			__builtin_trap();
	}
	hm_mask_done(&mask);
	return 0;
}
