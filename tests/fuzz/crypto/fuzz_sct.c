/* The extension with a certificate's SCTs, and one SCT alone. */
#include "crypto/oid.h"
#include "crypto/sct.h"
#include "crypto/x509_make.h"

#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(1 << 20), one = hm_buf_init(1 << 20);
	struct hm_str bytes = hm_str_of(data, size);
	struct hm_sct scts[HM_MAX_SCTS], sct;
	size_t n = 0;

	hm_ext_add(&exts, HM_OID_SCT_LIST, false, bytes);
	const struct hm_cert cert = { .exts = hm_buf_str(&exts) };
	(void)!hm_sct_list(&cert, scts, &n, NULL);
	if (hm_sct_parse(bytes, &sct, NULL) != HM_OK || size > UINT16_MAX - 2)
		return 0;
	/* in a list it is the same */
	hm_ext_add_scts(&one, &bytes, 1);
	const struct hm_cert again = { .exts = hm_buf_str(&one) };
	if (hm_sct_list(&again, scts, &n, NULL) != HM_OK || n != 1 || scts[0].time_ms != sct.time_ms ||
	    !hm_str_eq(scts[0].signature, sct.signature))
		abort();
	return 0;
}
