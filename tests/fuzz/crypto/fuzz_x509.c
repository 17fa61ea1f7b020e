/* A certificate with all that is asked of it, and its path to itself and to nothing. */
#include "crypto/sct.h"
#include "crypto/x509.h"

#include "base/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct hm_cert *cert)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1 << 20), tbs = hm_buf_init(1 << 20);
	struct hm_sct scts[HM_MAX_SCTS];
	struct hm_cert_ext ext, found;
	struct hm_str rest = cert->exts;
	struct hm_san san;
	size_t n;

	while (hm_cert_next_ext(&rest, &ext)) {
		if (!hm_cert_find_ext(cert, ext.oid, &found) || !hm_str_eq(found.value, ext.value))
			abort();
	}
	rest = cert->san;
	while (hm_cert_next_san(&rest, &san))
		hm_buf_add_str(&text, san.value);
	/* what was parsed leaves nothing over */
	if (rest.len != 0)
		abort();
	hm_name_write(&text, cert->subject);
	hm_name_write(&text, cert->issuer);
	if (hm_sct_list(cert, scts, &n, NULL) == HM_OK && n > 0 && hm_sct_precert_tbs(cert, &tbs, NULL) != HM_OK)
		abort();
}

static enum hm_status check_path(const struct hm_cert *cert, bool is_trusted)
{
	const struct hm_x509_query query = {
		.leaf = cert, .untrusted = cert, .untrusted_len = 1, .times_s = &cert->not_before_s, .times_len = 1
	};
	struct hm_x509_pool *pool = NULL;

	enum hm_status st = hm_x509_pool_new(&pool, NULL);
	if (st == HM_OK && is_trusted)
		st = hm_x509_pool_add(pool, cert->der, true, NULL);
	if (st == HM_OK)
		st = hm_x509_check_path(pool, &query, NULL, NULL);
	hm_x509_pool_free(pool);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_cert cert;

	if (hm_cert_parse(hm_str_of(data, size), &cert, NULL) != HM_OK)
		return 0;
	read_all(&cert);
	(void)!check_path(&cert, true);
	if (check_path(&cert, false) == HM_OK)
		abort(); /* nothing is trusted */
	return 0;
}
