/* Certificates and requests that we make, judged by openssl(1); requests read. */
#include "pki.h"

#include "crypto/der.h"
#include "crypto/pem.h"

static void test_serials(void **state)
{
	(void)state;
	static const struct {
		uint8_t start;
		enum hm_reason want;
	} rows[] = { { 0, HM_R_OK }, { 0xff, HM_R_OK }, { 0x80, HM_R_OK } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t next = rows[i].start, serial[HM_SERIAL_LEN];
		const struct hm_effects fx = { &next, fixed_now, counting_random };
		struct hm_err err = { 0 };
		assert_ok(hm_cert_serial(&fx, serial, &err), &err);
		assert_true(serial[0] < 0x80);
	}
}

static enum hm_status no_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	(void)ret_bytes;
	(void)len;
	return hm_fail(err, HM_R_RANDOM, "none left");
}

static enum hm_status zero_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	(void)err;
	memset(ret_bytes, 0, len);
	((uint8_t *)ret_bytes)[0] = 0x80; /* the bit that is taken away */
	return HM_OK;
}

static void test_serials_refused(void **state)
{
	(void)state;
	const struct hm_effects none = { NULL, fixed_now, no_random }, zero = { NULL, fixed_now, zero_random };
	uint8_t serial[HM_SERIAL_LEN];
	struct hm_err err = { 0 };

	assert_refused("no random", hm_cert_serial(&none, serial, &err), &err, HM_R_RANDOM);
	assert_refused("all zero", hm_cert_serial(&zero, serial, &err), &err, HM_R_RANDOM);
}

static const struct {
	const char *name;
	enum hm_profile profile;
	uint32_t key_usage;
	bool is_ca, has_code, has_stamp, critical;
	int path_len;
} profiles[] = {
	{ "root", HM_PROFILE_ROOT, HM_KU_CERT_SIGN | HM_KU_CRL_SIGN, true, false, false, false, -1 },
	{ "code CA", HM_PROFILE_CODE_SIGNING_CA, HM_KU_CERT_SIGN | HM_KU_CRL_SIGN, true, true, false, false, 0 },
	{ "code", HM_PROFILE_CODE_SIGNING, HM_KU_DIGITAL_SIGNATURE, false, true, false, false, -1 },
	{ "TSA CA", HM_PROFILE_TSA_CA, HM_KU_CERT_SIGN | HM_KU_CRL_SIGN, true, false, true, false, 0 },
	{ "TSA", HM_PROFILE_TSA, HM_KU_DIGITAL_SIGNATURE, false, false, true, true, -1 },
};

static void test_profiles(void **state)
{
	(void)state;
	struct entity root;

	make_entity(&root, "root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	assert_int_equal(root.cert.subject_key_id.len, 20);
	for (size_t i = 0; i < COUNT(profiles); i++) {
		struct entity e;
		bool is_root = profiles[i].profile == HM_PROFILE_ROOT;
		make_entity(&e, profiles[i].name, HM_KEY_P256, profiles[i].profile, is_root ? NULL : &root, NULL);
		assert_int_equal(e.cert.key_usage, profiles[i].key_usage);
		assert_int_equal(e.cert.is_ca, profiles[i].is_ca);
		assert_int_equal(e.cert.path_len, profiles[i].path_len);
		assert_int_equal(e.cert.eku_critical, profiles[i].critical);
		assert_int_equal(hm_cert_has_eku(&e.cert, HM_OID_EKU_CODE_SIGNING), profiles[i].has_code);
		assert_int_equal(hm_cert_has_eku(&e.cert, HM_OID_EKU_TIME_STAMPING), profiles[i].has_stamp);
		assert_true(is_root || hm_str_eq(e.cert.authority_key_id, root.cert.subject_key_id));
		assert_true(e.cert.not_before_s == NOW - DAY && e.cert.not_after_s == NOW + DAY);
		struct hm_err err = { 0 };
		assert_ok(hm_cert_verify(&e.cert, is_root ? &e.signer.key : &root.signer.key, &err), &err);
		if (!is_root)
			assert_refused("by itself", hm_cert_verify(&e.cert, &e.signer.key, &err), &err,
				       HM_R_X509_SIGNATURE);
		entity_done(&e);
	}
	entity_done(&root);
}

static void put_pem(const char *dir, const char *name, const struct entity *e)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MIB);

	hm_cert_encode_pem(hm_buf_str(&e->der), &pem);
	put_file(dir, name, hm_buf_str(&pem));
}

static void test_openssl_judges_certificates(void **state)
{
	(void)state;
	static const enum hm_key_kind kinds[] = { HM_KEY_P256, HM_KEY_P384, HM_KEY_P521, HM_KEY_ED25519, HM_KEY_RSA };
	HM_OWN(remove_folder) char *dir = NULL;

	if (!has_program("openssl"))
		skip();
	dir = make_folder();
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct entity root, step, leaf, tsa;
		HM_OWN(hm_buf_done) struct hm_buf more = hm_buf_init(HM_MAX_CERT);
		const struct hm_san san = { .kind = HM_SAN_URI, .value = HM_STR("https://example.com/id") };
		char line[256];
		hm_ext_add_san(&more, &san, 1, true);
		hm_ext_add(&more, HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x01"), false, HM_STR("https://issuer"));
		make_entity(&root, "root", kinds[i], HM_PROFILE_ROOT, NULL, NULL);
		make_entity(&step, "step", kinds[i], HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
		make_entity(&leaf, "leaf", kinds[i], HM_PROFILE_CODE_SIGNING, &step,
			    &(struct quirks){ .more_exts = hm_buf_str(&more) });
		make_entity(&tsa, "tsa", kinds[i], HM_PROFILE_TSA, &root, NULL);
		put_pem(dir, "root.pem", &root);
		put_pem(dir, "step.pem", &step);
		put_pem(dir, "leaf.pem", &leaf);
		put_pem(dir, "tsa.pem", &tsa);
		snprintf(line, sizeof(line),
			 "openssl verify -x509_strict -attime %lld -CAfile root.pem -untrusted step.pem leaf.pem",
			 (long long)NOW);
		assert_int_equal(judge(dir, line), 0);
		snprintf(line, sizeof(line),
			 "openssl verify -x509_strict -purpose timestampsign -attime %lld -CAfile root.pem tsa.pem",
			 (long long)NOW);
		assert_int_equal(judge(dir, line), 0);
		entity_done(&tsa);
		entity_done(&leaf);
		entity_done(&step);
		entity_done(&root);
	}
}

/* openssl makes certificates with all that our reader decodes; we read and check them. */
static void test_openssl_makes_certificates(void **state)
{
	(void)state;
	static const char config[] =
	    "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nO=peer\nCN=root\n"
	    "[ca]\nbasicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\n"
	    "subjectKeyIdentifier=hash\n"
	    "[leaf]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n"
	    "authorityKeyIdentifier=keyid\nsubjectAltName=critical,email:a@b.c,URI:https://x/y,"
	    "otherName:1.3.6.1.4.1.57264.1.7;UTF8:u!b.c,DNS:b.c,IP:127.0.0.1,dirName:dn\n";
	static const char *const lines[] = {
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.pem -days "
		"10 -config c "
		"-extensions ca",
		"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout l.key -out l.csr -config "
		"c -subj /",
		"openssl x509 -req -in l.csr -CA ca.pem -CAkey ca.key -out l.pem -days 5 -extfile c -extensions leaf "
		"-sha384",
	};
	HM_OWN(remove_folder) char *dir = NULL;
	struct hm_err err = { 0 };

	if (!has_program("openssl"))
		skip();
	dir = make_folder();
	put_file(dir, "c", hm_str(config));
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(judge(dir, lines[i]), 0);
	HM_OWN(hm_buf_done) struct hm_buf ca_pem = get_file(dir, "ca.pem"), leaf_pem = get_file(dir, "l.pem");
	HM_OWN(hm_buf_done) struct hm_buf csr_pem = get_file(dir, "l.csr");
	HM_OWN(hm_secret_done) struct hm_secret ca = { 0 }, leaf_der = { 0 }, csr_der = { 0 };
	size_t n;
	assert_ok(hm_cert_read_pem(hm_buf_str(&ca_pem), &ca, 1, &n, &err), &err);
	assert_ok(hm_cert_read_pem(hm_buf_str(&leaf_pem), &leaf_der, 1, &n, &err), &err);
	struct hm_cert leaf;
	assert_ok(hm_cert_parse(hm_secret_str(&leaf_der), &leaf, &err), &err);
	static const enum hm_san_kind kinds[] = { HM_SAN_EMAIL, HM_SAN_URI,     HM_SAN_OTHER,
						  HM_SAN_DNS,   HM_SAN_UNKNOWN, HM_SAN_UNKNOWN };
	struct hm_str rest = leaf.san;
	struct hm_san san;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_true(hm_cert_next_san(&rest, &san));
		assert_int_equal(san.kind, kinds[i]);
		if (san.kind == HM_SAN_OTHER)
			assert_true(hm_str_is(san.value, "u!b.c") && hm_str_eq(san.oid, HM_OID_FULCIO_USERNAME));
	}
	struct hm_x509_pool *pool = NULL;
	const int64_t time_s = leaf.not_before_s;
	const struct hm_x509_query query = {
		.leaf = &leaf, .use = HM_X509_CODE_SIGNING, .times_s = &time_s, .times_len = 1
	};
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_secret_str(&ca), true, &err), &err);
	assert_int_equal(hm_x509_pool_cert_at(pool, 0)->path_len, 1);
	assert_ok(hm_x509_check_path(pool, &query, NULL, &err), &err);
	hm_x509_pool_free(pool);

	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_csr csr;
	assert_ok(hm_pem_only(hm_buf_str(&csr_pem), "CERTIFICATE REQUEST", &csr_der, &err), &err);
	assert_ok(hm_csr_parse(hm_secret_str(&csr_der), &csr, &err), &err);
	assert_ok(hm_csr_verify(&csr, &key, &err), &err);
	assert_true(hm_str_eq(key.spki, leaf.spki));
}

static void test_requests(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_kind kind;
		unsigned bits;
	} rows[] = {
		{ HM_KEY_P256, 0 }, { HM_KEY_P384, 0 }, { HM_KEY_P521, 0 }, { HM_KEY_ED25519, 0 }, { HM_KEY_RSA, 2048 }
	};
	HM_OWN(remove_folder) char *dir = make_folder();
	const bool can_judge = has_program("openssl");

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
		HM_OWN(hm_buf_done)
		struct hm_buf der = hm_buf_init(HM_MAX_CERT), name = hm_buf_init(256), pem = hm_buf_init(HM_MIB);
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_csr csr;
		struct hm_err err = { 0 };
		assert_ok(hm_signer_generate(rows[i].kind, rows[i].bits, &signer, &err), &err);
		if (i % 2 == 1)
			hm_name_encode(&name, &(struct hm_name){ .common_name = HM_STR("somebody") });
		assert_ok(hm_csr_make(&signer, hm_buf_str(&name), &der, &err), &err);
		assert_ok(hm_csr_parse(hm_buf_str(&der), &csr, &err), &err);
		assert_ok(hm_csr_verify(&csr, &key, &err), &err);
		assert_true(hm_key_eq(&key, &signer.key));
		hm_pem_encode(&pem, "CERTIFICATE REQUEST", hm_buf_str(&der));
		put_file(dir, "r.pem", hm_buf_str(&pem));
		if (can_judge)
			assert_int_equal(judge(dir, "openssl req -in r.pem -verify -noout"), 0);
		/* a byte of the signature, then of what is signed (the subject's or the key's algorithm's) */
		for (size_t at = der.len - 1;; at = 12) {
			HM_OWN(hm_key_done) struct hm_key other = { 0 };
			der.ptr[at] ^= 1;
			enum hm_status st = hm_csr_parse(hm_buf_str(&der), &csr, &err);
			if (st == HM_OK)
				st = hm_csr_verify(&csr, &other, &err);
			assert_int_not_equal(st, HM_OK);
			if (at == 12)
				break;
			assert_int_equal(err.reason, HM_R_X509_SIGNATURE);
			der.ptr[at] ^= 1;
		}
	}
}

static void test_requests_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *hex;
		enum hm_reason want;
	} rows[] = {
		{ "empty", "", HM_R_X509_REQUEST },
		{ "two parts",
		  "30073003020100"
		  "3000",
		  HM_R_X509_REQUEST },
		{ "version 1",
		  "30133009020101300030"
		  "00a0003000030200ff",
		  HM_R_X509_REQUEST },
		{ "no name",
		  "300f3007020100"
		  "3000"
		  "a000"
		  "3000"
		  "030200ff",
		  HM_R_X509_REQUEST },
		{ "something behind the attributes",
		  "3013"
		  "300b"
		  "020100"
		  "3000"
		  "3000"
		  "a000"
		  "0500"
		  "3000"
		  "030200",
		  HM_R_X509_REQUEST },
		{ "well formed, unknown algorithm",
		  "30113009020100"
		  "3000"
		  "3000"
		  "a000"
		  "3000"
		  "030200ff",
		  HM_R_KEY_UNSUPPORTED },
		{ "well formed, no key",
		  "301b3009020100"
		  "3000"
		  "3000"
		  "a000"
		  "300a06082a8648ce3d040302"
		  "030200ff",
		  HM_R_KEY_FORMAT },
	};
	uint8_t bytes[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_csr csr;
		struct hm_err err = { 0 };
		enum hm_status st = hm_csr_parse(from_hex(rows[i].hex, bytes), &csr, &err);
		if (st == HM_OK)
			st = hm_csr_verify(&csr, &key, &err);
		assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	HM_OWN(hm_freep) char *big = hm_calloc(HM_MAX_CERT + 1, 1);
	struct hm_csr csr;
	struct hm_err err = { 0 };
	assert_refused("size", hm_csr_parse(hm_str_of(big, HM_MAX_CERT + 1), &csr, &err), &err, HM_R_LIMIT);
}

static struct hm_signer walked;

static enum hm_status walk_make(struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), der = hm_buf_init(HM_MAX_CERT);
	HM_OWN(hm_buf_done) struct hm_buf request = hm_buf_init(HM_MAX_CERT);
	struct hm_cert_spec spec = { .key = &walked.key, .serial = { 1 } };

	enum hm_status st = hm_ext_add_profile(&exts, HM_PROFILE_ROOT, &walked.key, NULL, err);
	spec.exts = hm_buf_str(&exts);
	if (st == HM_OK)
		st = hm_cert_make(&spec, &walked, &der, err);
	return st == HM_OK ? hm_csr_make(&walked, (struct hm_str){ 0 }, &request, err) : st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &walked, &err), &err);
	walk_failures("make", walk_make);
	hm_signer_done(&walked);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_serials_refused),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_openssl_judges_certificates),
		cmocka_unit_test(test_openssl_makes_certificates),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_requests_refused),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/x509_make", tests, NULL, NULL);
}
