/* Certificates read, and their paths checked: published ones first, then one row for each way to be wrong. */
#include "pki.h"

#include "crypto/der.h"
#include "crypto/pem.h"
#include "crypto/x509_path.h"

#include <pthread.h>

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

static void add_values(struct hm_buf *buf, const char *hex)
{
	uint8_t bytes[256];

	hm_buf_add_str(buf, from_hex(hex, bytes));
}

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
		add_values(ret_der, p == changed ? hex : good_parts[p]);
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
			add_values(&der, good_parts[p]);
		size_t tail = hm_der_begin(&der, HM_DER_CONTEXT_CONS(3)), list = hm_der_begin(&der, HM_DER_SEQUENCE);
		for (int i = 0; i < HM_MAX_CERT_EXTS + over; i++) {
			char oid[2] = { 0x2a, (char)i };
			hm_ext_add(&der, hm_str_of(oid, 2), false, HM_STR("x"));
		}
		hm_der_end(&der, list);
		hm_der_end(&der, tail);
		hm_der_end(&der, tbs);
		for (enum part p = OUTER_ALGORITHM; p < PARTS; p++)
			add_values(&der, good_parts[p]);
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

/* ---- paths ---- */

/* Where in the small infrastructure a row changes something. */
enum where { AT_ROOT, AT_STEP, AT_LEAF, NOWHERE };

static struct hm_x509_pool *make_pool(const struct entity *step, bool step_is_anchor, const struct entity *root)
{
	struct hm_x509_pool *pool = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	if (step)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&step->der), step_is_anchor, &err), &err);
	if (root)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root->der), true, &err), &err);
	return pool;
}

static enum hm_status check_at(const struct hm_x509_pool *pool, const struct entity *leaf, int64_t time_s,
			       enum hm_x509_use use, struct hm_err *err)
{
	const struct hm_x509_query query = { .leaf = &leaf->cert, .use = use, .times_s = &time_s, .times_len = 1 };

	return hm_x509_check_path(pool, &query, NULL, err);
}

/* Extensions by hand, for what no profile has. */
#define KU_CERT_SIGN "300e0603551d0f0101ff040403020106"
#define KU_SIGNATURE "300e0603551d0f0101ff040403020780"
#define IS_CA        "300f0603551d130101ff040530030101ff"
#define IS_NO_CA     "300c0603551d130101ff04023000"
#define EKU_CODE     "30130603551d25040c300a06082b06010505070303"
#define EKU_STAMP    "30130603551d25040c300a06082b06010505070308"
#define EKU_STAMP_C  "30160603551d250101ff040c300a06082b06010505070308"
#define EKU_BOTH_C   "30200603551d250101ff0416301406082b0601050507030306082b06010505070308"
#define EKU_ANY                                                                                                        \
	"300f0603551d2504083006"                                                                                       \
	"0604551d2500"
#define UNKNOWN   "300906032a030404020500"
#define UNKNOWN_C "300c06032a03040101ff04020500"
#define POISON                                                                                                         \
	"3013060a2b06010401d679020403"                                                                                 \
	"0101ff04020500"
#define EMAIL_SAN_C "301b0603551d110101ff0411300f810d6140622e6578616d706c652e63"
/* excluded: every address at b.example.c */
#define NO_EMAIL "301d0603551d1e0101ff04133011a10f300d810b622e6578616d706c652e63"

struct row {
	const char *name;
	enum where where;
	int64_t not_before_s, not_after_s;
	const char *exts, *more_exts;
	enum hm_x509_use use;
	enum hm_reason want;
};

static void check_row(const struct row *row, bool nameless)
{
	static const enum hm_profile profiles[] = { HM_PROFILE_ROOT, HM_PROFILE_CODE_SIGNING_CA,
						    HM_PROFILE_CODE_SIGNING };
	static const char *const names[] = { "root", "step", "leaf" };
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), more = hm_buf_init(HM_MAX_CERT);
	struct entity e[3] = { 0 };
	struct hm_err err = { 0 };

	if (row->exts)
		add_values(&exts, row->exts);
	if (row->more_exts)
		add_values(&more, row->more_exts);
	for (size_t at = AT_ROOT; at <= AT_LEAF; at++) {
		struct quirks quirks = { 0 };
		if (at == row->where)
			quirks = (struct quirks){
				row->not_before_s, row->not_after_s, hm_buf_str(&exts), hm_buf_str(&more), NULL, false
			};
		quirks.nameless = nameless && at == AT_LEAF;
		make_entity(&e[at], names[at], HM_KEY_P256, profiles[at], at == AT_ROOT ? NULL : &e[at - 1], &quirks);
	}
	struct hm_x509_pool *pool = make_pool(&e[AT_STEP], false, &e[AT_ROOT]);
	/* twice, because the second time the pool knows its own signatures */
	for (int round = 0; round < 2; round++) {
		enum hm_status st = check_at(pool, &e[AT_LEAF], NOW, row->use, &err);
		if (row->want != HM_R_OK)
			assert_refused(row->name, st, &err, row->want);
		else if (st != HM_OK)
			fail_msg("%s: %s %s", row->name, hm_reason_code(err.reason), err.cause);
	}
	hm_x509_pool_free(pool);
	for (size_t at = AT_ROOT; at <= AT_LEAF; at++)
		entity_done(&e[at]);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "all good", NOWHERE, 0, 0, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf valid to the second", AT_LEAF, NOW, NOW, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf expired", AT_LEAF, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_X509_EXPIRED },
		{ "leaf not yet valid", AT_LEAF, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_NOT_YET },
		{ "intermediate expired", AT_STEP, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXPIRED },
		{ "intermediate not yet valid", AT_STEP, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_ANY,
		  HM_R_X509_NOT_YET },
		{ "root expired", AT_ROOT, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_ANY, HM_R_X509_EXPIRED },
		{ "root not yet valid", AT_ROOT, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_ANY, HM_R_X509_NOT_YET },
		{ "leaf without uses", AT_LEAF, 0, 0, KU_SIGNATURE, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "leaf for anything", AT_LEAF, 0, 0, KU_SIGNATURE EKU_ANY, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "leaf for time stamps", AT_LEAF, 0, 0, KU_SIGNATURE EKU_STAMP_C, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "leaf without key usage", AT_LEAF, 0, 0, EKU_CODE, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf whose key signs certificates only", AT_LEAF, 0, 0, KU_CERT_SIGN EKU_CODE, NULL,
		  HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "leaf is a CA", AT_LEAF, 0, 0, KU_SIGNATURE IS_CA EKU_CODE, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate for time stamps", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA EKU_STAMP, NULL,
		  HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "intermediate for anything", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA EKU_ANY, NULL, HM_X509_CODE_SIGNING,
		  HM_R_OK },
		{ "intermediate without uses", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "root for time stamps", AT_ROOT, 0, 0, KU_CERT_SIGN IS_CA EKU_STAMP, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate is no CA", AT_STEP, 0, 0, KU_CERT_SIGN IS_NO_CA, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate says nothing", AT_STEP, 0, 0, EKU_CODE, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "intermediate may not sign", AT_STEP, 0, 0, KU_SIGNATURE IS_CA, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "root may not sign", AT_ROOT, 0, 0, KU_SIGNATURE IS_CA, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "unknown extension", AT_LEAF, 0, 0, NULL, UNKNOWN, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "unknown critical extension", AT_LEAF, 0, 0, NULL, UNKNOWN_C, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXTENSION },
		{ "unknown critical extension above", AT_STEP, 0, 0, NULL, UNKNOWN_C, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXTENSION },
		{ "a precertificate", AT_LEAF, 0, 0, NULL, POISON, HM_X509_CODE_SIGNING, HM_R_X509_EXTENSION },
		{ "critical email", AT_LEAF, 0, 0, NULL, EMAIL_SAN_C, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "constraint that is met", AT_STEP, 0, 0, NULL, NO_EMAIL, HM_X509_CODE_SIGNING, HM_R_OK },
	};

	/* with a name in the leaf, which is for OpenSSL, and without, which may take the short cut */
	for (size_t i = 0; i < 2 * COUNT(rows); i++)
		check_row(&rows[i / 2], i % 2 == 1);
}

static void test_time_stamping_use(void **state)
{
	(void)state;
	static const struct {
		const char *name, *exts;
		enum hm_reason want;
	} rows[] = {
		{ "critical and alone", KU_SIGNATURE EKU_STAMP_C, HM_R_OK },
		{ "not critical", KU_SIGNATURE EKU_STAMP, HM_R_X509_USAGE },
		{ "not alone", KU_SIGNATURE EKU_BOTH_C, HM_R_X509_USAGE },
		{ "code signing", KU_SIGNATURE EKU_CODE, HM_R_X509_USAGE },
		{ "none", KU_SIGNATURE, HM_R_X509_USAGE },
		{ "key signs certificates only", KU_CERT_SIGN EKU_STAMP_C, HM_R_X509_USAGE },
	};
	struct entity root;

	make_entity(&root, "root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	struct hm_x509_pool *pool = make_pool(NULL, false, &root);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entity leaf;
		HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
		struct hm_err err = { 0 };
		add_values(&exts, rows[i].exts);
		make_entity(&leaf, "tsa", HM_KEY_P256, HM_PROFILE_TSA, &root,
			    &(struct quirks){ .exts = hm_buf_str(&exts) });
		enum hm_status st = check_at(pool, &leaf, NOW, HM_X509_TIME_STAMPING, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else
			assert_ok(st, &err);
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&root);
}

/* The same names everywhere, so that only the signatures tell. */
static void test_paths_that_are_not_ours(void **state)
{
	(void)state;
	struct entity root, step, leaf, other_root, other_step, forged, forged_step;
	struct hm_err err = { 0 };

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&other_root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&other_step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &other_root, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step, &(struct quirks){ .nameless = true });
	make_entity(&forged, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
		    &(struct quirks){ .signed_by = &other_step, .nameless = true });
	make_entity(&forged_step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root,
		    &(struct quirks){ .signed_by = &other_root });

	struct hm_x509_pool *pool = make_pool(&step, false, &root), *other = make_pool(&other_step, false, &other_root);
	assert_ok(check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err);
	assert_refused("another authority's", check_at(other, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err,
		       HM_R_X509_NO_PATH);
	assert_refused("forged", check_at(pool, &forged, NOW, HM_X509_CODE_SIGNING, &err), &err, HM_R_X509_SIGNATURE);
	hm_x509_pool_free(pool);
	hm_x509_pool_free(other);

	pool = make_pool(&forged_step, false, &root);
	for (int round = 0; round < 2; round++) {
		struct entity below;
		make_entity(&below, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &forged_step, NULL);
		assert_refused("forged intermediate", check_at(pool, &below, NOW, HM_X509_CODE_SIGNING, &err), &err,
			       HM_R_X509_SIGNATURE);
		entity_done(&below);
	}
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, NULL);
	assert_refused("empty pool", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, &root);
	assert_refused("no intermediate", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	assert_refused("self-signed and unknown", check_at(pool, &other_root, NOW, HM_X509_ANY, &err), &err,
		       HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	/* only steps, nothing trusted: a root that is no anchor ends nothing */
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&step.der), false, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root.der), false, &err), &err);
	assert_refused("no anchor", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);

	struct entity *all[] = { &root, &step, &leaf, &other_root, &other_step, &forged, &forged_step };
	for (size_t i = 0; i < COUNT(all); i++)
		entity_done(all[i]);
}

static void test_anchors_and_untrusted(void **state)
{
	(void)state;
	struct entity root, step, low, leaf, direct;
	struct hm_err err = { 0 };
	const int64_t now = NOW;
	struct hm_x509_path path;

	make_entity(&root, "root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P384, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&low, "low", HM_KEY_ED25519, HM_PROFILE_CODE_SIGNING_CA, &step, NULL);
	make_entity(&leaf, "leaf", HM_KEY_RSA, HM_PROFILE_CODE_SIGNING, &step, &(struct quirks){ .nameless = true });
	make_entity(&direct, "leaf", HM_KEY_P521, HM_PROFILE_CODE_SIGNING, &low, &(struct quirks){ .nameless = true });

	/* the intermediate is what is trusted, with or without its root */
	struct hm_x509_pool *pool = make_pool(&step, true, NULL);
	struct hm_x509_query query = {
		.leaf = &leaf.cert, .use = HM_X509_CODE_SIGNING, .times_s = &now, .times_len = 1
	};
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 2);
	assert_ptr_equal(path.certs[1], hm_x509_pool_cert_at(pool, 0));
	/* a path of length 0 allows no intermediate below it */
	query.leaf = &direct.cert;
	query.untrusted = &low.cert;
	query.untrusted_len = 1;
	assert_refused("path length", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_USAGE);
	/* nor where that intermediate is in the pool, and with it nearer to the short cut */
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&low.der), false, &err), &err);
	query.untrusted_len = 0;
	assert_refused("path length", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_USAGE);
	query.untrusted_len = 1;
	/* a step that came with the leaf, and is its own when it is in no pool */
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, &root);
	query.leaf = &leaf.cert;
	query.untrusted = &step.cert;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 3);
	assert_ptr_equal(path.certs[1], &step.cert);
	/* what came with the leaf is not trusted by that */
	query.untrusted = &root.cert;
	assert_refused("wrong step", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	/* the leaf itself is what is trusted */
	pool = make_pool(&leaf, true, NULL);
	query.untrusted_len = 0;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 1);
	query.times_len = 0;
	assert_refused("no time", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_USAGE);
	/* every time has to hold */
	const int64_t times[] = { NOW, NOW + 1, NOW + 2 * DAY };
	query.times_s = times;
	query.times_len = 2;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	query.times_len = 3;
	assert_refused("last time", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_EXPIRED);
	hm_x509_pool_free(pool);

	struct entity *all[] = { &root, &step, &low, &leaf, &direct };
	for (size_t i = 0; i < COUNT(all); i++)
		entity_done(all[i]);
}

/* A name that an issuer excludes: only OpenSSL reads the constraints. */
static void test_name_constraints(void **state)
{
	(void)state;
	struct entity root, step, leaf;
	HM_OWN(hm_buf_done) struct hm_buf constraint = hm_buf_init(HM_MAX_CERT), san = hm_buf_init(HM_MAX_CERT);
	const struct hm_san email = { .kind = HM_SAN_EMAIL, .value = HM_STR("a@b.example.c") };
	struct hm_err err = { 0 };

	add_values(&constraint, NO_EMAIL);
	hm_ext_add_san(&san, &email, 1, true);
	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root,
		    &(struct quirks){ .more_exts = hm_buf_str(&constraint) });
	struct hm_x509_pool *pool = make_pool(&step, false, &root);
	for (int nameless = 0; nameless < 2; nameless++) {
		make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
			    &(struct quirks){ .more_exts = hm_buf_str(&san), .nameless = nameless });
		assert_refused("excluded", check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err,
			       HM_R_X509_EXTENSION);
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&step);
	entity_done(&root);
}

/* Fulcio's otherName is critical, and OpenSSL need not understand it. */
static void test_critical_other_name(void **state)
{
	(void)state;
	struct entity root, leaf;
	HM_OWN(hm_buf_done) struct hm_buf san = hm_buf_init(HM_MAX_CERT);
	const struct hm_san other = { .kind = HM_SAN_OTHER,
				      .oid = HM_OID_FULCIO_USERNAME,
				      .value = HM_STR("u!example.com") };
	struct hm_err err = { 0 };

	hm_ext_add_san(&san, &other, 1, true);
	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &root,
		    &(struct quirks){ .more_exts = hm_buf_str(&san) });
	struct hm_x509_pool *pool = make_pool(NULL, false, &root);
	assert_ok(check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err);
	hm_x509_pool_free(pool);
	entity_done(&leaf);
	entity_done(&root);
}

/*
 * The short cut is taken for a plain leaf only, and says no other than OpenSSL would. Which way was taken shows in the
 * allocations: OpenSSL's object of a leaf takes over a thousand.
 */
static void test_short_cut(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool nameless;
		const char *more_exts;
		bool is_short;
	} rows[] = {
		{ "plain", true, NULL, true },
		{ "with a name", false, NULL, false },
		{ "unknown extension", true, UNKNOWN, false },
		{ "Fulcio's extension", true,
		  "3014060a2b0601040183bf300101040668747470"
		  "3a2f",
		  true },
		{ "Fulcio's extension, critical", true, "3017060a2b0601040183bf3001010101ff0406687474703a2f", false },
		{ "an address among the names", true,
		  "300f0603551d11040830068704"
		  "7f000001",
		  false },
		{ "an email address", true, EMAIL_SAN_C, true },
	};
	struct entity root, step;

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	struct hm_x509_pool *pool = make_pool(&step, false, &root);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf more = hm_buf_init(HM_MAX_CERT);
		const int64_t now = NOW;
		struct entity leaf;
		struct hm_x509_path path, slow;
		struct hm_err err = { 0 };
		if (rows[i].more_exts)
			add_values(&more, rows[i].more_exts);
		make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
			    &(struct quirks){ .more_exts = hm_buf_str(&more), .nameless = rows[i].nameless });
		const struct hm_x509_query query = { .leaf = &leaf.cert, .times_s = &now, .times_len = 1 };
		enum hm_status want = hm_x509_check_path_by_openssl(pool, &query, &slow, &err);
		hm_mem_fail_at(800);
		enum hm_status st = hm_x509_check_path(pool, &query, &path, &err);
		bool was_short = !hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (was_short != rows[i].is_short)
			fail_msg("%s: %s", rows[i].name, was_short ? "taken" : "not taken");
		if (was_short) {
			assert_int_equal(st, want);
			assert_int_equal(path.len, slow.len);
			assert_memory_equal(path.certs, slow.certs, path.len * sizeof(path.certs[0]));
		}
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&step);
	entity_done(&root);
}

static void test_pool_limit(void **state)
{
	(void)state;
	struct entity root;
	struct hm_x509_pool *pool = NULL;
	struct hm_err err = { 0 };

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	for (size_t i = 0; i < HM_MAX_POOL_CERTS; i++)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root.der), i % 2 == 0, &err), &err);
	assert_refused("17th", hm_x509_pool_add(pool, hm_buf_str(&root.der), true, &err), &err, HM_R_LIMIT);
	assert_int_equal(hm_x509_pool_count(pool), HM_MAX_POOL_CERTS);
	hm_x509_pool_free(pool);
	entity_done(&root);
}

/* More certificates than a path may have: as many intermediates as there is room for, and one more. */
static void test_long_paths(void **state)
{
	(void)state;
	for (size_t steps = HM_MAX_CERT_PATH - 2; steps <= HM_MAX_CERT_PATH - 1; steps++) {
		struct entity e[HM_MAX_CERT_PATH + 1];
		HM_OWN(hm_buf_done) struct hm_buf ca = hm_buf_init(HM_MAX_CERT);
		struct hm_x509_pool *pool = NULL;
		struct hm_err err = { 0 };
		char name[16];

		add_values(&ca, KU_CERT_SIGN IS_CA);
		make_entity(&e[0], "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
		assert_ok(hm_x509_pool_new(&pool, &err), &err);
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&e[0].der), true, &err), &err);
		for (size_t i = 1; i <= steps; i++) {
			snprintf(name, sizeof(name), "step %zu", i);
			make_entity(&e[i], name, HM_KEY_P256, HM_PROFILE_ROOT, &e[i - 1],
				    &(struct quirks){ .exts = hm_buf_str(&ca) });
			assert_ok(hm_x509_pool_add(pool, hm_buf_str(&e[i].der), false, &err), &err);
		}
		make_entity(&e[steps + 1], "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &e[steps], NULL);
		enum hm_status st = check_at(pool, &e[steps + 1], NOW, HM_X509_CODE_SIGNING, &err);
		if (steps == HM_MAX_CERT_PATH - 2)
			assert_ok(st, &err);
		else
			assert_refused("11 certificates", st, &err, HM_R_X509_NO_PATH);
		hm_x509_pool_free(pool);
		for (size_t i = 0; i <= steps + 1; i++)
			entity_done(&e[i]);
	}
}

/* ---- threads and memory ---- */

struct shared {
	struct hm_x509_pool *pool;
	struct entity *leaf;
};

static void *check_many(void *arg)
{
	struct shared *shared = arg;
	uintptr_t bad = 0;

	for (int i = 0; i < 50; i++)
		bad += check_at(shared->pool, shared->leaf, NOW, HM_X509_CODE_SIGNING, NULL) != HM_OK;
	return (void *)bad;
}

static void test_one_pool_on_many_threads(void **state)
{
	(void)state;
	struct entity root, step, leaf;
	pthread_t threads[4];

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step, NULL);
	struct shared shared = { make_pool(&step, false, &root), &leaf };
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_many, &shared), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *bad;
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	hm_x509_pool_free(shared.pool);
	entity_done(&leaf);
	entity_done(&step);
	entity_done(&root);
}

static struct entity walked[3];

static enum hm_status walk_path(struct hm_err *err)
{
	struct hm_x509_pool *pool = NULL;

	enum hm_status st = hm_x509_pool_new(&pool, err);
	if (st == HM_OK)
		st = hm_x509_pool_add(pool, hm_buf_str(&walked[1].der), false, err);
	if (st == HM_OK)
		st = hm_x509_pool_add(pool, hm_buf_str(&walked[0].der), true, err);
	if (st == HM_OK)
		st = check_at(pool, &walked[2], NOW, HM_X509_CODE_SIGNING, err);
	hm_x509_pool_free(pool);
	return st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	make_entity(&walked[0], "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&walked[1], "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &walked[0], NULL);
	make_entity(&walked[2], "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &walked[1], NULL);
	walk_failures("pool and path", walk_path);
	for (size_t i = 0; i < COUNT(walked); i++)
		entity_done(&walked[i]);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_good),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_pem_chains),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_time_stamping_use),
		cmocka_unit_test(test_paths_that_are_not_ours),
		cmocka_unit_test(test_anchors_and_untrusted),
		cmocka_unit_test(test_name_constraints),
		cmocka_unit_test(test_critical_other_name),
		cmocka_unit_test(test_short_cut),
		cmocka_unit_test(test_pool_limit),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_one_pool_on_many_threads),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/x509", tests, NULL, NULL);
}
