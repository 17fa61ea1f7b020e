/* Certificates read: a published one with its path first, then one row for each way to be wrong. */
#include "pki.h"

#include "crypto/der.h"
#include "crypto/pem.h"
#include "crypto/x509_path.h"

/* ---- published certificates ---- */

static const char trusted_root[] = "sigstore-public-good.trusted_root.json";
static const char happy[] = "sigstore-conformance/happy-path-v0.3/bundle.sigstore.json";
static const char identity[] = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
			       ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

static void test_public_good(void **state)
{
	(void)state;
	HM_OWN(doc_done) struct doc root = shared_doc(trusted_root), bundle = shared_doc(happy);
	HM_OWN(hm_buf_done) struct hm_buf leaf_der = { 0 }, step_der = { 0 }, root_der = { 0 };
	struct hm_x509_pool *pool = NULL;
	struct hm_cert leaf;
	struct hm_err err = { 0 };

	if (!root.is_there || !bundle.is_there)
		skip();
	assert_true(doc_bytes(&bundle.value, "verificationMaterial.certificate.rawBytes", &leaf_der));
	assert_true(doc_bytes(&root.value, "certificateAuthorities.1.certChain.certificates.0.rawBytes", &step_der));
	assert_true(doc_bytes(&root.value, "certificateAuthorities.1.certChain.certificates.1.rawBytes", &root_der));
	assert_ok(hm_cert_parse(hm_buf_str(&leaf_der), &leaf, &err), &err);

	struct hm_str rest = leaf.san, text;
	struct hm_san san;
	struct hm_cert_ext ext;
	assert_true(hm_cert_next_san(&rest, &san) && san.kind == HM_SAN_URI && hm_str_is(san.value, identity));
	assert_false(hm_cert_next_san(&rest, &san));
	assert_true(leaf.san_critical && !leaf.is_ca && leaf.key_usage == HM_KU_DIGITAL_SIGNATURE);
	assert_true(hm_cert_has_eku(&leaf, HM_OID_EKU_CODE_SIGNING));
	assert_false(hm_cert_has_eku(&leaf, HM_OID_EKU_TIME_STAMPING));
	assert_true(hm_cert_find_ext(&leaf, HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08"), &ext));
	assert_true(hm_der_take_text(&ext.value, &text));
	assert_true(hm_str_is(text, "https://token.actions.githubusercontent.com"));
	assert_true(hm_name_find(leaf.issuer, HM_OID_COMMON_NAME, &text) && hm_str_is(text, "sigstore-intermediate"));
	assert_true(hm_name_find(leaf.issuer, HM_OID_ORGANIZATION, &text) && hm_str_is(text, "sigstore.dev"));
	assert_false(hm_name_find(leaf.subject, HM_OID_COMMON_NAME, &text));

	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&step_der), false, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root_der), true, &err), &err);
	const int64_t signed_s = 1710869186, late_s = signed_s + 3600;
	struct hm_x509_query query = {
		.leaf = &leaf, .use = HM_X509_CODE_SIGNING, .times_s = &signed_s, .times_len = 1
	};
	struct hm_x509_path path;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 3);
	assert_ptr_equal(path.certs[0], &leaf);
	assert_ptr_equal(path.certs[1], hm_x509_pool_cert_at(pool, 0));
	assert_ptr_equal(path.certs[2], hm_x509_pool_cert_at(pool, 1));
	query.times_s = &late_s;
	assert_refused("an hour later", hm_x509_check_path(pool, &query, NULL, &err), &err, HM_R_X509_EXPIRED);
	query.times_s = &signed_s;
	query.use = HM_X509_TIME_STAMPING;
	assert_refused("as a TSA", hm_x509_check_path(pool, &query, NULL, &err), &err, HM_R_X509_USAGE);
	hm_x509_pool_free(pool);
}

/* ---- reading ---- */

/* Parts of a TBSCertificate that is well formed, which each row replaces one of. */
enum part {
	VERSION,
	SERIAL,
	ALGORITHM,
	ISSUER,
	VALIDITY,
	SUBJECT,
	KEY,
	UNIQUE,
	EXTS,
	OUTER_ALGORITHM,
	SIGNATURE,
	BEHIND,
	PARTS
};

static const char *const good_parts[PARTS] = {
	[VERSION] = "a003020102",
	[SERIAL] = "020101",
	[ALGORITHM] = "300a06082a8648ce3d040302",
	[ISSUER] = "3000",
	[VALIDITY] = "301e170d3234303130313030303030305a170d3234303130323030303030305a",
	[SUBJECT] = "3000",
	[KEY] = "300a300506032b6570030100",
	[UNIQUE] = "",
	[EXTS] = "a30f300d300b0603551d0f040403020780",
	[OUTER_ALGORITHM] = "300a06082a8648ce3d040302",
	[SIGNATURE] = "030200ff",
	[BEHIND] = "",
};

static void assemble(enum part changed, const char *hex, struct hm_buf *ret_der)
{
	*ret_der = hm_buf_init(HM_MAX_CERT);
	size_t outer = hm_der_begin(ret_der, HM_DER_SEQUENCE), tbs = hm_der_begin(ret_der, HM_DER_SEQUENCE);
	for (enum part p = VERSION; p < PARTS; p++) {
		if (p == OUTER_ALGORITHM)
			hm_der_end(ret_der, tbs);
		add_hex(ret_der, p == changed ? hex : good_parts[p]);
	}
	hm_der_end(ret_der, outer);
}

static void test_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum part part;
		const char *hex;
		enum hm_reason want;
	} rows[] = {
		{ "as it is", SERIAL, "020101", HM_R_OK },
		{ "negative serial", SERIAL, "0201ff", HM_R_OK },
		{ "serial of zero", SERIAL, "020100", HM_R_OK },
		{ "version 1 without extensions", EXTS, "", HM_R_OK },
		{ "version 4", VERSION, "a003020103", HM_R_X509_FORMAT },
		{ "version 1 with extensions", VERSION, "", HM_R_X509_FORMAT },
		{ "two versions", VERSION, "a006020102020102", HM_R_X509_FORMAT },
		{ "no serial", SERIAL, "", HM_R_X509_FORMAT },
		{ "serial with a zero too many", SERIAL, "02020001", HM_R_X509_FORMAT },
		{ "other algorithm inside", ALGORITHM, "300a06082a8648ce3d040303", HM_R_X509_FORMAT },
		{ "issuer is no sequence", ISSUER, "3100", HM_R_X509_FORMAT },
		{ "one time only", VALIDITY, "300f170d3234303130313030303030305a", HM_R_X509_FORMAT },
		{ "three times", VALIDITY,
		  "302d170d3234303130313030303030305a170d3234303130323030303030305a170d3234303130323030303030305a",
		  HM_R_X509_FORMAT },
		{ "no time", VALIDITY, "301e170d3234313330313030303030305a170d3234303130323030303030305a",
		  HM_R_X509_FORMAT },
		{ "no key", KEY, "", HM_R_X509_FORMAT },
		{ "unique identifiers", UNIQUE, "8102000082020000", HM_R_OK },
		{ "something between", UNIQUE, "0500", HM_R_X509_FORMAT },
		{ "empty list of extensions", EXTS, "a3023000", HM_R_X509_FORMAT },
		{ "extension cut", EXTS, "a309300730050603551d0f", HM_R_X509_FORMAT },
		{ "extension with something behind", EXTS, "a311300f300d0603551d0f0404030207800500", HM_R_X509_FORMAT },
		{ "critical FALSE written out", EXTS, "a3123010300e0603551d0f010100040403020780", HM_R_X509_FORMAT },
		{ "an extension twice", EXTS, "a31c301a300b0603551d0f040403020780300b0603551d0f040403020780",
		  HM_R_X509_FORMAT },
		{ "key usage of nothing", EXTS, "a30f300d300b0603551d0f040403020700", HM_R_X509_FORMAT },
		{ "key usage of a bit that is none", EXTS, "a310300e300c0603551d0f0405030304000010", HM_R_X509_FORMAT },
		{ "key usage is no bit string", EXTS, "a30d300b30090603551d0f04020500", HM_R_X509_FORMAT },
		{ "constraints with two lengths", EXTS,
		  "a3163014301206"
		  "03551d13040b30090101ff020100020100",
		  HM_R_X509_FORMAT },
		{ "a negative path length", EXTS, "a3133011300f0603551d13040830060101ff0201ff", HM_R_X509_FORMAT },
		{ "no extended key usage in the list", EXTS, "a30d300b30090603551d2504023000", HM_R_X509_FORMAT },
		{ "extended key usage of a number", EXTS, "a310300e300c0603551d2504053003020101", HM_R_X509_FORMAT },
		{ "no name in the list", EXTS, "a30d300b30090603551d1104023000", HM_R_X509_FORMAT },
		{ "email past ASCII", EXTS, "a310300e300c0603551d11040530038101e9", HM_R_X509_FORMAT },
		{ "otherName without a value", EXTS, "a3133011300f0603551d1104083006a00406022a03", HM_R_X509_FORMAT },
		{ "otherName that is not UTF-8", EXTS,
		  "a3183016301406"
		  "03551d11040d300ba00906022a03a0030c01ff",
		  HM_R_X509_FORMAT },
		{ "subject key identifier is a number", EXTS, "a30e300c300a0603551d0e0403020101", HM_R_X509_FORMAT },
		{ "authority key identifier is a number", EXTS, "a30e300c300a0603551d230403020101", HM_R_X509_FORMAT },
		{ "other algorithm outside", OUTER_ALGORITHM, "300a06082a8648ce3d040304", HM_R_X509_FORMAT },
		{ "no signature", SIGNATURE, "", HM_R_X509_FORMAT },
		{ "signature not of whole bytes", SIGNATURE, "03020780", HM_R_X509_FORMAT },
		{ "something behind", BEHIND, "0500", HM_R_X509_FORMAT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = { 0 };
		struct hm_cert cert;
		struct hm_err err = { 0 };
		assemble(rows[i].part, rows[i].hex, &der);
		enum hm_status st = hm_cert_parse(hm_buf_str(&der), &cert, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		if (st != HM_OK)
			fail_msg("%s: %s", rows[i].name, err.cause);
		/* every byte that is cut off is missed */
		for (size_t len = 0; len < der.len; len++)
			assert_refused("cut", hm_cert_parse(hm_str_head(hm_buf_str(&der), len), &cert, &err), &err,
				       HM_R_X509_FORMAT);
	}
}

static void test_limits(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_CERT);
		struct hm_cert cert;
		struct hm_err err = { 0 };
		size_t outer = hm_der_begin(&der, HM_DER_SEQUENCE), tbs = hm_der_begin(&der, HM_DER_SEQUENCE);
		for (enum part p = VERSION; p < EXTS; p++)
			add_hex(&der, good_parts[p]);
		size_t tail = hm_der_begin(&der, HM_DER_CONTEXT_CONS(3)), list = hm_der_begin(&der, HM_DER_SEQUENCE);
		for (int i = 0; i < HM_MAX_CERT_EXTS + over; i++) {
			char oid[2] = { 0x2a, (char)i };
			hm_ext_add(&der, hm_str_of(oid, 2), false, HM_STR("x"));
		}
		hm_der_end(&der, list);
		hm_der_end(&der, tail);
		hm_der_end(&der, tbs);
		for (enum part p = OUTER_ALGORITHM; p < PARTS; p++)
			add_hex(&der, good_parts[p]);
		hm_der_end(&der, outer);
		enum hm_status st = hm_cert_parse(hm_buf_str(&der), &cert, &err);
		if (over)
			assert_refused("65 extensions", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
	HM_OWN(hm_freep) char *big = hm_calloc(HM_MAX_CERT + 1, 1);
	struct hm_cert cert;
	struct hm_err err = { 0 };
	assert_refused("size", hm_cert_parse(hm_str_of(big, HM_MAX_CERT + 1), &cert, &err), &err, HM_R_LIMIT);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *hex, *text;
	} rows[] = {
		{ "3000", "" },
		{ "300e310c300a06035504030c03612c62", "CN=a,b" },
		{ "301c310c300a060355040a0c03616263310c300a060355040313036465"
		  "66",
		  "O=abc, CN=def" },
		/* two attributes in one set, a type without a short name, a value that is no text */
		{ "301a3118300a06035504030c03616263300a06035504050c03646566", "CN=abc, 2.5.4.5=def" },
		{ "300c310a300806035504030c0178", "CN=x" },
		{ "300c310a300806035504031e0178", "CN=?" },
		{ "020101", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(256);
		uint8_t bytes[64];
		hm_name_write(&text, from_hex(rows[i].hex, bytes));
		assert_string_equal(text.ptr ? text.ptr : "", rows[i].text);
	}
}

static void test_other_names(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), der = { 0 };
	const struct hm_san sans[] = {
		{ .kind = HM_SAN_OTHER, .oid = HM_OID_FULCIO_USERNAME, .value = HM_STR("user!example.com") },
		{ .kind = HM_SAN_EMAIL, .value = HM_STR("a@example.com") },
		{ .kind = HM_SAN_DNS, .value = HM_STR("example.com") },
		{ .kind = HM_SAN_URI, .value = HM_STR("https://example.com/x") },
	};
	char hex[1024];
	struct hm_cert cert;
	struct hm_err err = { 0 };
	struct hm_san san;

	size_t tail = hm_der_begin(&exts, HM_DER_CONTEXT_CONS(3)), list = hm_der_begin(&exts, HM_DER_SEQUENCE);
	hm_ext_add_san(&exts, sans, COUNT(sans), true);
	hm_der_end(&exts, list);
	hm_der_end(&exts, tail);
	hm_hex_write(hex, exts.ptr, exts.len);
	assemble(EXTS, hex, &der);
	assert_ok(hm_cert_parse(hm_buf_str(&der), &cert, &err), &err);
	assert_true(cert.san_critical);
	struct hm_str rest = cert.san;
	for (size_t i = 0; i < COUNT(sans); i++) {
		assert_true(hm_cert_next_san(&rest, &san));
		assert_int_equal(san.kind, sans[i].kind);
		assert_true(hm_str_eq(san.oid, sans[i].oid) && hm_str_eq(san.value, sans[i].value));
	}
	assert_false(hm_cert_next_san(&rest, &san));
}

static void test_pem_chains(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MIB);
	struct hm_secret ders[3] = { 0 };
	struct hm_err err = { 0 };
	size_t n = 0;

	assert_refused("none", hm_cert_read_pem(HM_STR("x"), ders, 3, &n, &err), &err, HM_R_PEM);
	for (size_t i = 0; i < 3; i++)
		hm_cert_encode_pem(hm_str_of("abc", i + 1), &pem);
	assert_ok(hm_cert_read_pem(hm_buf_str(&pem), ders, 3, &n, &err), &err);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ders[i].len, i + 1);
		hm_secret_done(&ders[i]);
	}
	assert_refused("one too many", hm_cert_read_pem(hm_buf_str(&pem), ders, 2, &n, &err), &err, HM_R_LIMIT);
	hm_pem_encode(&pem, "PRIVATE KEY", HM_STR("x"));
	assert_refused("another block", hm_cert_read_pem(hm_buf_str(&pem), ders, 3, &n, &err), &err, HM_R_PEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_good), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits),      cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_names), cmocka_unit_test(test_pem_chains),
	};
	return cmocka_run_group_tests_name("crypto/x509", tests, NULL, NULL);
}
