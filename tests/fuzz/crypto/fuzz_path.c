/*
 * Leaves with any extensions, signed by a fixed authority: the short cut of the path check says what OpenSSL says.
 */
#include "crypto/x509_make.h"
#include "crypto/x509_path.h"

#include "base/own.h"

#include <stdlib.h>

#define NOW 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_signer signer;
static struct hm_buf name, root_der, exts;
static struct hm_cert root;
static struct hm_x509_pool *pool;

static void must(enum hm_status st)
{
	if (st != HM_OK)
		abort();
}

static struct hm_cert_spec make_spec(void)
{
	return (struct hm_cert_spec){
		.key = &signer.key, .issuer = hm_buf_str(&name), .serial = { 1 }, .not_after_s = 2 * NOW
	};
}

/* An authority with a fixed key, so that a finding can be replayed. */
static void make_authority(void)
{
	static const char seed[] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
				   "an authority's seed, 32 bytes ok";
	const struct hm_name dn = { .common_name = HM_STR("root") };

	name = root_der = exts = hm_buf_init(HM_MAX_CERT);
	must(hm_signer_parse(hm_str_of(seed, sizeof(seed) - 1), &signer, NULL));
	hm_name_encode(&name, &dn);
	struct hm_cert_spec spec = make_spec();
	must(hm_ext_add_profile(&exts, HM_PROFILE_ROOT, &signer.key, NULL, NULL));
	spec.subject = hm_buf_str(&name);
	spec.exts = hm_buf_str(&exts);
	must(hm_cert_make(&spec, &signer, &root_der, NULL));
	must(hm_cert_parse(hm_buf_str(&root_der), &root, NULL));
	must(hm_x509_pool_new(&pool, NULL));
	must(hm_x509_pool_add(pool, root.der, true, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_CERT);
	const int64_t now = NOW;
	struct hm_cert leaf;

	if (!pool)
		make_authority();
	if (size == 0)
		return 0;
	struct hm_cert_spec spec = make_spec();
	hm_buf_clear(&exts);
	hm_ext_add_authority_key_id(&exts, &root);
	hm_buf_add(&exts, data + 1, size - 1);
	spec.exts = hm_buf_str(&exts);
	if (hm_cert_make(&spec, &signer, &der, NULL) != HM_OK || hm_cert_parse(hm_buf_str(&der), &leaf, NULL) != HM_OK)
		return 0;
	const struct hm_x509_query query = {
		.leaf = &leaf, .use = (enum hm_x509_use)(data[0] % 3), .times_s = &now, .times_len = 1
	};
	enum hm_status fast = hm_x509_check_path(pool, &query, NULL, NULL);
	if (fast != hm_x509_check_path_by_openssl(pool, &query, NULL, NULL))
		abort();
	return 0;
}
