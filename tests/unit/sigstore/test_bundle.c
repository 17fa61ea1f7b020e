/* Bundles as documents: what their versions allow, what is written is read again, limits. */
#include "instance.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tlog/proof.h"

#define MEDIA(v) "application/vnd.dev.sigstore.bundle" v
#define CERT     "\"certificate\":{\"rawBytes\":\"AAAA\"}"
#define CHAIN(n) "\"x509CertificateChain\":{\"certificates\":[" n "]}"
#define ONE      "{\"rawBytes\":\"AAAA\"}"
#define HASH     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ID       "\"logId\":{\"keyId\":\"" HASH "\"}"
#define KIND     "\"kindVersion\":{\"kind\":\"hashedrekord\",\"version\":\"0.0.1\"}"
#define PROOF    "\"inclusionProof\":{\"rootHash\":\"" HASH "\",\"treeSize\":\"1\",\"checkpoint\":{\"envelope\":\"x\"}}"
#define SET      "\"inclusionPromise\":{\"signedEntryTimestamp\":\"AAAA\"}"
#define ENTRY    "{\"logIndex\":\"5\"," ID "," KIND "," PROOF "," SET ",\"canonicalizedBody\":\"AAAA\"}"
#define MESSAGE  "\"messageSignature\":{\"signature\":\"AAAA\"}"
#define DSSE(s)  "\"dsseEnvelope\":{\"payload\":\"AAAA\",\"payloadType\":\"t\",\"signatures\":[" s "]}"
#define SIG      "{\"sig\":\"AAAA\",\"keyid\":\"k\"}"

#define BUNDLE(version, material, content)                                                                             \
	"{\"mediaType\":\"" MEDIA(version) "\",\"verificationMaterial\":{" material "}," content "}"
#define ENTRIES(e) ",\"tlogEntries\":[" e "]"

static void test_shapes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *text;
		enum hm_reason want;
	} rows[] = {
		{ "0.3", BUNDLE(".v0.3+json", CERT ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "0.3, old spelling", BUNDLE("+json;version=0.3", CERT ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "0.2", BUNDLE("+json;version=0.2", CHAIN(ONE) ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "0.2, new spelling", BUNDLE(".v0.2+json", CHAIN(ONE "," ONE) ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "0.1", BUNDLE("+json;version=0.1", CHAIN(ONE) ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "0.1 with a certificate", BUNDLE("+json;version=0.1", CERT ENTRIES(ENTRY), MESSAGE), HM_R_OK },
		{ "a key", BUNDLE(".v0.3+json", "\"publicKey\":{\"hint\":\"k\"}" ENTRIES(ENTRY), DSSE(SIG)), HM_R_OK },
		{ "a key without hint", BUNDLE(".v0.3+json", "\"publicKey\":{}", MESSAGE), HM_R_OK },
		{ "no log entries", BUNDLE(".v0.3+json", CERT, MESSAGE), HM_R_OK },
		{ "nulls",
		  BUNDLE(".v0.3+json", CERT ",\"publicKey\":null,\"tlogEntries\":null",
			 MESSAGE ",\"dsseEnvelope\":null"),
		  HM_R_OK },
		{ "lines in Base64", BUNDLE(".v0.3+json", "\"certificate\":{\"rawBytes\":\"AA\\nAA\\n\"}", MESSAGE),
		  HM_R_OK },

		{ "no media type", "{\"verificationMaterial\":{" CERT "}," MESSAGE "}", HM_R_DATA_MISSING },
		{ "0.4", BUNDLE(".v0.4+json", CERT, MESSAGE), HM_R_BUNDLE_VERSION },
		{ "0.4 with a new field", BUNDLE(".v0.4+json", CERT ",\"new\":1", MESSAGE), HM_R_BUNDLE_VERSION },
		{ "0.3 with a new field", BUNDLE(".v0.3+json", CERT ",\"new\":1", MESSAGE), HM_R_DATA_UNKNOWN },
		{ "99.9", BUNDLE("+json;version=99.9", CERT, MESSAGE), HM_R_BUNDLE_VERSION },
		{ "no version", BUNDLE("+json", CERT, MESSAGE), HM_R_BUNDLE_VERSION },
		{ "another document", "{\"mediaType\":\"application/json\"}", HM_R_BUNDLE_VERSION },
		{ "no material", "{\"mediaType\":\"" MEDIA(".v0.3+json") "\"," MESSAGE "}", HM_R_BUNDLE_MATERIAL },
		{ "empty material", BUNDLE(".v0.3+json", "", MESSAGE), HM_R_BUNDLE_MATERIAL },
		{ "certificate and key", BUNDLE(".v0.3+json", CERT ",\"publicKey\":{\"hint\":\"k\"}", MESSAGE),
		  HM_R_BUNDLE_MATERIAL },
		{ "certificate and chain", BUNDLE("+json;version=0.2", CERT "," CHAIN(ONE), MESSAGE),
		  HM_R_BUNDLE_MATERIAL },
		{ "a chain in 0.3", BUNDLE(".v0.3+json", CHAIN(ONE), MESSAGE), HM_R_BUNDLE_MATERIAL },
		{ "an empty chain", BUNDLE("+json;version=0.1", CHAIN(""), MESSAGE), HM_R_BUNDLE_MATERIAL },
		{ "an empty certificate", BUNDLE(".v0.3+json", "\"certificate\":{\"rawBytes\":\"\"}", MESSAGE),
		  HM_R_DATA_VALUE },
		{ "a certificate without bytes", BUNDLE(".v0.3+json", "\"certificate\":{}", MESSAGE),
		  HM_R_DATA_MISSING },
		{ "no content", "{\"mediaType\":\"" MEDIA(".v0.3+json") "\",\"verificationMaterial\":{" CERT "}}",
		  HM_R_BUNDLE_CONTENT },
		{ "both contents", BUNDLE(".v0.3+json", CERT, MESSAGE "," DSSE(SIG)), HM_R_BUNDLE_CONTENT },
		{ "an empty signature", BUNDLE(".v0.3+json", CERT, "\"messageSignature\":{\"signature\":\"\"}"),
		  HM_R_BUNDLE_CONTENT },
		{ "no signature", BUNDLE(".v0.3+json", CERT, "\"messageSignature\":{}"), HM_R_DATA_MISSING },
		{ "no Base64", BUNDLE(".v0.3+json", CERT, "\"messageSignature\":{\"signature\":\"AA!A\"}"),
		  HM_R_DATA_VALUE },
		{ "a digest by SHA-1",
		  BUNDLE(".v0.3+json", CERT,
			 "\"messageSignature\":{\"signature\":\"AAAA\",\"messageDigest\":{\"algorithm\":\"SHA1\","
			 "\"digest\":\"AAAA\"}}"),
		  HM_R_BUNDLE_CONTENT },
		{ "a digest that is short",
		  BUNDLE(".v0.3+json", CERT,
			 "\"messageSignature\":{\"signature\":\"AAAA\",\"messageDigest\":{\"algorithm\":\"SHA2_256\","
			 "\"digest\":\"AAAA\"}}"),
		  HM_R_BUNDLE_CONTENT },
		{ "a digest without its algorithm",
		  BUNDLE(".v0.3+json", CERT,
			 "\"messageSignature\":{\"signature\":\"AAAA\",\"messageDigest\":{\"digest\":\"AAAA\"}}"),
		  HM_R_BUNDLE_CONTENT },
		{ "an empty digest, which is none",
		  BUNDLE(".v0.3+json", CERT, "\"messageSignature\":{\"signature\":\"AAAA\",\"messageDigest\":{}}"),
		  HM_R_OK },
		{ "an envelope of a key without key id",
		  BUNDLE(".v0.3+json", "\"publicKey\":{\"hint\":\"j\"}", DSSE("{\"sig\":\"AAAA\"}")), HM_R_OK },
		{ "an envelope without signature", BUNDLE(".v0.3+json", CERT, DSSE("")), HM_R_BUNDLE_SIGNATURES },
		{ "an envelope with two", BUNDLE(".v0.3+json", CERT, DSSE(SIG "," SIG)), HM_R_BUNDLE_SIGNATURES },
		{ "another key id than the hint", BUNDLE(".v0.3+json", "\"publicKey\":{\"hint\":\"j\"}", DSSE(SIG)),
		  HM_R_BUNDLE_KEYID },
		{ "0.1 without SET", BUNDLE("+json;version=0.1", CERT ENTRIES("{" ID "," KIND "," PROOF "}"), MESSAGE),
		  HM_R_BUNDLE_PROMISE },
		{ "0.1 without proof", BUNDLE("+json;version=0.1", CERT ENTRIES("{" ID "," KIND "," SET "}"), MESSAGE),
		  HM_R_OK },
		{ "0.2 without proof", BUNDLE("+json;version=0.2", CERT ENTRIES("{" ID "," KIND "," SET "}"), MESSAGE),
		  HM_R_BUNDLE_PROOF },
		{ "0.3 without proof", BUNDLE(".v0.3+json", CERT ENTRIES("{" ID "," KIND "}"), MESSAGE),
		  HM_R_BUNDLE_PROOF },
		{ "a second entry without proof",
		  BUNDLE(".v0.3+json", CERT ENTRIES(ENTRY ",{" ID "," KIND "}"), MESSAGE), HM_R_BUNDLE_PROOF },
		{ "the same entry twice", BUNDLE(".v0.3+json", CERT ENTRIES(ENTRY "," ENTRY), MESSAGE),
		  HM_R_BUNDLE_DUPLICATE },
		{ "a negative index",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{\"logIndex\":\"-1\"," ID "," KIND "," PROOF "}"), MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "an index over 63 bits",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{\"logIndex\":\"9223372036854775808\"," ID "," KIND "," PROOF "}"),
			 MESSAGE),
		  HM_R_DATA_VALUE },
		{ "a negative time",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{\"integratedTime\":\"-1\"," ID "," KIND "," PROOF "}"), MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "a time past 2262",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{\"integratedTime\":\"9223372037\"," ID "," KIND "," PROOF "}"),
			 MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "no log id", BUNDLE(".v0.3+json", CERT ENTRIES("{" KIND "," PROOF "}"), MESSAGE), HM_R_BUNDLE_ENTRY },
		{ "a short log id",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{\"logId\":{\"keyId\":\"AAAA\"}," KIND "," PROOF "}"), MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "no kind", BUNDLE(".v0.3+json", CERT ENTRIES("{" ID "," PROOF "}"), MESSAGE), HM_R_BUNDLE_ENTRY },
		{ "a short root",
		  BUNDLE(".v0.3+json", CERT ENTRIES("{" ID "," KIND ",\"inclusionProof\":{\"rootHash\":\"AAAA\"}}"),
			 MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "a short hash",
		  BUNDLE(".v0.3+json",
			 CERT ENTRIES("{" ID "," KIND ",\"inclusionProof\":{\"rootHash\":\"" HASH
				      "\",\"hashes\":[\"AAAA\"]}}"),
			 MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "a negative size",
		  BUNDLE(
		      ".v0.3+json",
		      CERT ENTRIES("{" ID "," KIND ",\"inclusionProof\":{\"rootHash\":\"" HASH "\",\"treeSize\":-1}}"),
		      MESSAGE),
		  HM_R_BUNDLE_ENTRY },
		{ "the same time stamp twice",
		  BUNDLE(".v0.3+json",
			 CERT ",\"timestampVerificationData\":{\"rfc3161Timestamps\":[{\"signedTimestamp\":\"AAAA\"},{"
			      "\"signedTimestamp\":\"AAAA\"}]}",
			 MESSAGE),
		  HM_R_BUNDLE_DUPLICATE },
		{ "a key twice", BUNDLE(".v0.3+json", CERT "," CERT, MESSAGE), HM_R_JSON_DUPLICATE },
		{ "snake case", BUNDLE(".v0.3+json", CERT ",\"tlog_entries\":[]", MESSAGE), HM_R_DATA_UNKNOWN },
		{ "cut", "{\"mediaType\":\"" MEDIA(".v0.3+json") "\",", HM_R_JSON_SYNTAX },
		{ "nothing", "", HM_R_JSON_SYNTAX },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_bundle_parse(hm_str(rows[i].text), &bundle, &err);
		if (rows[i].want == HM_R_OK && st != HM_OK)
			fail_msg("%s: %s: %s", rows[i].name, hm_reason_code(err.reason), err.cause);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

/* n of an element between a beginning and an end; an @ in it is its number in two digits. */
static struct hm_buf repeat(const char *begin, const char *element, size_t n, const char *end)
{
	struct hm_buf text = hm_buf_init(2 * HM_MAX_BUNDLE);

	hm_buf_add_cstr(&text, begin);
	for (size_t i = 0; i < n; i++) {
		hm_buf_add_cstr(&text, i > 0 ? "," : "");
		for (const char *at = element; *at; at++) {
			if (*at == '@')
				hm_buf_addf(&text, "%02zu", i);
			else
				hm_buf_add_char(&text, *at);
		}
	}
	hm_buf_add_cstr(&text, end);
	assert_int_equal(text.status, HM_OK);
	return text;
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name, *begin, *element, *end;
		size_t max;
	} rows[] = {
		{ "log entries",
		  "{\"mediaType\":\"" MEDIA(".v0.3+json") "\",\"verificationMaterial\":{" CERT ",\"tlogEntries\":[",
		  "{\"logIndex\":\"1@\"," ID "," KIND "," PROOF "}", "]}," MESSAGE "}", HM_MAX_BUNDLE_ENTRIES },
		{ "time stamps",
		  "{\"mediaType\":\"" MEDIA(".v0.3+json") "\",\"verificationMaterial\":{" CERT
							  ",\"timestampVerificationData\":{\"rfc3161Timestamps\":[",
		  "{\"signedTimestamp\":\"AA@\"}", "]}}," MESSAGE "}", HM_MAX_BUNDLE_TIMESTAMPS },
		{ "certificates",
		  "{\"mediaType\":\"" MEDIA(
		      "+json;version=0.1") "\",\"verificationMaterial\":{\"x509CertificateChain\":"
					   "{\"certificates\":[",
		  "{\"rawBytes\":\"AA@\"}", "]}}," MESSAGE "}", HM_MAX_CERT_PATH },
		{ "hashes of a proof",
		  "{\"mediaType\":\"" MEDIA(".v0.3+json") "\",\"verificationMaterial\":{" CERT ",\"tlogEntries\":[{" ID
							  "," KIND ",\"inclusionProof\":{\"rootHash\":\"" HASH
							  "\",\"hashes\":[",
		  "\"AAAA@AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "]}}]}," MESSAGE "}", HM_TLOG_MAX_PATH },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
			HM_OWN(hm_buf_done)
			struct hm_buf text = repeat(rows[i].begin, rows[i].element, rows[i].max + over, rows[i].end);
			struct hm_err err = { 0 };
			enum hm_status st = hm_bundle_parse(hm_buf_str(&text), &bundle, &err);
			if (over)
				assert_refused(rows[i].name, st, &err, HM_R_JSON_LIMIT);
			else
				assert_ok(st, &err);
		}
	}
}

static void test_sizes(void **state)
{
	(void)state;
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	struct hm_buf text = hm_buf_init(2 * HM_MAX_BUNDLE);
	struct hm_err err = { 0 };

	/* Blanks count too. */
	hm_buf_add_cstr(&text, BUNDLE(".v0.3+json", CERT, MESSAGE));
	size_t blanks = HM_MAX_BUNDLE - text.len;
	memset(hm_buf_add_space(&text, blanks), ' ', blanks);
	assert_ok(hm_bundle_parse(hm_buf_str(&text), &bundle, &err), &err);
	hm_bundle_done(&bundle);
	hm_buf_add_char(&text, ' ');
	assert_refused("a large bundle", hm_bundle_parse(hm_buf_str(&text), &bundle, &err), &err, HM_R_JSON_LIMIT);
	hm_buf_done(&text);

	struct hm_log_entry entry = { .log_id = hm_str(HASH), .kind = HM_STR("k"), .version = HM_STR("v") };
	entry.log_id.len = HM_HASH_LEN;
	entry.body.len = HM_MAX_LOG_BODY;
	assert_ok(hm_log_entry_check(&entry, &err), &err);
	entry.body.len++;
	assert_refused("a large body", hm_log_entry_check(&entry, &err), &err, HM_R_LIMIT);
}

/* What is written is read as it was, in every form that is written. */
static void test_round_trip(void **state)
{
	(void)state;
	static const struct recipe recipes[] = {
		{ V2, HM_CONTENT_MESSAGE, HM_MATERIAL_CERT, false, 0 },
		{ V2, HM_CONTENT_DSSE, HM_MATERIAL_KEY, false, 0 },
		{ V1, HM_CONTENT_DSSE, HM_MATERIAL_CERT, false, 0 },
		{ V1, HM_CONTENT_MESSAGE, HM_MATERIAL_KEY, false, 0 },
	};
	struct instance *in = instance_new();

	for (size_t i = 0; i < COUNT(recipes); i++) {
		struct hm_bundle made = make_bundle(in, &recipes[i], RIGHT);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE), again = hm_buf_init(HM_MAX_BUNDLE);
		HM_OWN(hm_bundle_done) struct hm_bundle read = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_bundle_encode(&made, &text, &err), &err);
		assert_true(hm_str_find(hm_buf_str(&text), HM_STR("application/vnd.dev.sigstore.bundle.v0.3+json")) >
			    0);
		assert_ok(hm_bundle_parse(hm_buf_str(&text), &read, &err), &err);
		assert_ok(hm_bundle_encode(&read, &again, &err), &err);
		assert_true(hm_str_eq(hm_buf_str(&text), hm_buf_str(&again)));
		assert_true(hm_str_eq(made.signature, read.signature) && hm_str_eq(made.key_hint, read.key_hint));
		assert_true(made.content == read.content && made.material == read.material);
		assert_true(hm_str_eq(made.entries[0].body, read.entries[0].body));
		assert_true(hm_str_eq(made.entries[0].proof->checkpoint, read.entries[0].proof->checkpoint));
		made.certs.count = 2;
		if (made.material == HM_MATERIAL_CERT)
			assert_refused("two certificates", hm_bundle_encode(&made, &text, &err), &err, HM_R_USAGE);
	}
	instance_free(in);
}

static void test_no_memory(void **state)
{
	(void)state;
	struct instance *in = instance_new();
	const struct recipe recipe = { V1, HM_CONTENT_DSSE, HM_MATERIAL_CERT, false, 0 };
	struct hm_bundle made = make_bundle(in, &recipe, RIGHT);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	enum hm_status st = HM_ENOMEM;
	struct hm_err err = { 0 };

	assert_ok(hm_bundle_encode(&made, &text, &err), &err);
	for (unsigned long n = 1; st != HM_OK; n++) {
		HM_OWN(hm_bundle_done) struct hm_bundle read = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf again = hm_buf_init(HM_MAX_BUNDLE);
		hm_mem_fail_at(n);
		st = hm_bundle_parse(hm_buf_str(&text), &read, &err);
		if (st == HM_OK)
			st = hm_bundle_encode(&read, &again, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, failed ? HM_ENOMEM : HM_OK);
	}
	instance_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),     cmocka_unit_test(test_limits),    cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("sigstore/bundle", tests, NULL, NULL);
}
