/* Trust roots: read, written, refused, made ready; spans of time. */
#include "instance.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sigstore/trust_parts.h"

#define OLD   "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\""
#define START "\"start\":\"2025-01-01T00:00:00Z\""
#define KEY                                                                                                            \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/"  \
	"bY2LhC30M9+RYtw=="
#define LOG(key, details, range)                                                                                       \
	"{\"baseUrl\":\"https://log\",\"hashAlgorithm\":\"SHA2_256\",\"publicKey\":{\"rawBytes\":\"" key               \
	"\",\"keyDetails\":\"" details "\"" range "}}"
#define VALID(range)     ",\"validFor\":{" range "}"
#define CA(certs, range) "{\"uri\":\"https://ca\",\"certChain\":{\"certificates\":[" certs "]}" range "}"

static void test_texts(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "nothing in it", OLD "}", HM_R_OK },
		{ "0.1", "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot.v0.1+json\"}", HM_R_OK },
		{ "0.2", "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot.v0.2+json\"}", HM_R_OK },
		{ "a log", OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256", VALID(START)) "]}", HM_R_OK },
		{ "a log that ends as it starts",
		  OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256",
					 VALID(START ",\"end\":\"2025-01-01T01:00:00+01:00\"")) "]}",
		  HM_R_OK },
		{ "0.3", "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot.v0.3+json\"}",
		  HM_R_TRUST_MEDIA_TYPE },
		{ "no media type", "{}", HM_R_DATA_MISSING },
		{ "an unknown field", OLD ",\"revoked\":[]}", HM_R_DATA_UNKNOWN },
		{ "a log without start", OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256", VALID("")) "]}",
		  HM_R_TRUST_START },
		{ "a log without validity", OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256", "") "]}",
		  HM_R_TRUST_START },
		{ "a log of certificates without start",
		  OLD
		  ",\"ctlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256", VALID("\"end\":\"2025-01-01T00:00:00Z\"")) "]}",
		  HM_R_TRUST_START },
		{ "a log that ends before it starts",
		  OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256",
					 VALID(START ",\"end\":\"2024-12-31T23:59:59.999Z\"")) "]}",
		  HM_R_TRUST_VALIDITY },
		{ "a log without key", OLD ",\"tlogs\":[{\"baseUrl\":\"https://log\"}]}", HM_R_DATA_MISSING },
		{ "a log with an empty key", OLD ",\"tlogs\":[" LOG("", "PKIX_ED25519", VALID(START)) "]}",
		  HM_R_DATA_VALUE },
		{ "a log whose key is junk",
		  OLD ",\"tlogs\":[" LOG("AAAA", "PKIX_ECDSA_P256_SHA_256", VALID(START)) "]}", HM_R_TRUST_KEY },
		{ "a log whose key is another kind", OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ED25519", VALID(START)) "]}",
		  HM_R_TRUST_KEY },
		{ "a log whose kind of key is unknown", OLD ",\"tlogs\":[" LOG("AAAA", "ML_DSA_65", VALID(START)) "]}",
		  HM_R_OK },
		{ "a key of unsaid kind",
		  OLD ",\"ctlogs\":[{\"publicKey\":{\"rawBytes\":\"" KEY "\"" VALID(START) "}}]}", HM_R_OK },
		{ "no time at all",
		  OLD ",\"tlogs\":[" LOG(KEY, "PKIX_ECDSA_P256_SHA_256", VALID("\"start\":\"soon\"")) "]}",
		  HM_R_DATA_VALUE },
		{ "an authority without certificates", OLD ",\"certificateAuthorities\":[" CA("", VALID(START)) "]}",
		  HM_R_TRUST_CHAIN },
		{ "an authority without chain",
		  OLD ",\"timestampAuthorities\":[{\"uri\":\"https://tsa\"" VALID(START) "}]}", HM_R_TRUST_CHAIN },
		{ "an authority whose certificate is junk",
		  OLD ",\"certificateAuthorities\":[" CA("{\"rawBytes\":\"AAAA\"}", VALID(START)) "]}",
		  HM_R_TRUST_CHAIN },
		{ "an authority without start",
		  OLD ",\"timestampAuthorities\":[" CA("{\"rawBytes\":\"AAAA\"}", "") "]}", HM_R_TRUST_START },
		{ "a key twice", OLD ",\"tlogs\":[],\"tlogs\":[]}", HM_R_JSON_DUPLICATE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_trust *trust = NULL;
		struct hm_err err = { 0 };
		enum hm_status st = hm_trust_parse(hm_str(rows[i].text), &trust, &err);
		if (rows[i].want == HM_R_OK && st != HM_OK)
			fail_msg("%s: %s: %s", rows[i].name, hm_reason_code(err.reason), err.cause);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		hm_trust_free(trust);
	}
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4 * HM_MAX_TRUSTED_ROOT);
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };
	struct hm_err err = { 0 };

	for (size_t over = 0; over < 2; over++) {
		hm_buf_clear(&text);
		hm_buf_add_cstr(&text, OLD ",\"tlogs\":[");
		for (size_t i = 0; i < HM_MAX_TRUSTED + over; i++)
			hm_buf_addf(&text, "%s%s", i > 0 ? "," : "", LOG(KEY, "PKIX_ECDSA_P256_SHA_256", VALID(START)));
		hm_buf_add_cstr(&text, "]}");
		enum hm_status st = hm_trusted_root_parse(hm_buf_str(&text), &root, &err);
		if (over)
			assert_refused("many logs", st, &err, HM_R_JSON_LIMIT);
		else
			assert_ok(st, &err);
		hm_trusted_root_done(&root);
	}
	hm_buf_clear(&text);
	hm_buf_add_cstr(&text, OLD "}");
	size_t blanks = HM_MAX_TRUSTED_ROOT - text.len;
	memset(hm_buf_add_space(&text, blanks), ' ', blanks);
	assert_ok(hm_trusted_root_parse(hm_buf_str(&text), &root, &err), &err);
	hm_trusted_root_done(&root);
	hm_buf_add_char(&text, ' ');
	assert_refused("a large trust root", hm_trusted_root_parse(hm_buf_str(&text), &root, &err), &err,
		       HM_R_JSON_LIMIT);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct instance *in = instance_new();

	for (enum hm_trusted_root_media media = HM_TRUSTED_ROOT_OLD; media <= HM_TRUSTED_ROOT_V02; media++) {
		struct hm_trusted_root root = instance_root(in);
		HM_OWN(hm_trusted_root_done) struct hm_trusted_root read = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB), again = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		root.media = media;
		root.tlogs[0].operator_name = root.tsas[0].operator_name = HM_STR("test");
		root.tlogs[0].checkpoint_id = HM_STR("abcd");
		root.ctlogs[0].valid_for = (struct hm_time_range){ -1, 1500000000123456789, true, true };
		assert_ok(
		    hm_trusted_root_encode(&root, media == HM_TRUSTED_ROOT_OLD ? NULL : &hm_json_pretty, &text, &err),
		    &err);
		assert_ok(hm_trusted_root_parse(hm_buf_str(&text), &read, &err), &err);
		assert_int_equal(read.media, media);
		assert_int_equal(read.tlogs[0].operator_name.len, media == HM_TRUSTED_ROOT_V02 ? 4 : 0);
		assert_int_equal(read.tlogs[0].checkpoint_id.len, media == HM_TRUSTED_ROOT_V02 ? 4 : 0);
		assert_int_equal(read.tsas[0].operator_name.len, media == HM_TRUSTED_ROOT_V02 ? 4 : 0);
		assert_true(read.ctlogs[0].valid_for.start_ns == -1);
		assert_true(read.ctlogs[0].valid_for.end_ns == 1500000000123456789);
		assert_true(hm_str_eq(read.cas[0].chain.ders[1], in->ca.root_der));
		assert_ok(
		    hm_trusted_root_encode(&read, media == HM_TRUSTED_ROOT_OLD ? NULL : &hm_json_pretty, &again, &err),
		    &err);
		assert_true(hm_str_eq(hm_buf_str(&text), hm_buf_str(&again)));
	}
	instance_free(in);
}

/* The public-good instance's own. */
static void test_public_good(void **state)
{
	(void)state;
	const char *data = shared_data();
	struct hm_trust *trust = NULL;
	struct hm_err err = { 0 };

	if (!data)
		skip_with("the public-good trust root is not here: HM_SHARED_DATA names no folder with it");
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/sigstore-public-good.trusted_root.json", data);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	assert_ok(hm_file_read(path, HM_MAX_TRUSTED_ROOT, &text, &err), &err);
	assert_ok(hm_trust_parse(hm_buf_str(&text), &trust, &err), &err);
	assert_true(trust->tlogs_count == 2 && trust->ctlogs_count == 2);
	assert_true(trust->cas_count == 2 && trust->tsas_count == 1);
	assert_string_equal(trust->tlogs[0].names[0].name, "rekor.sigstore.dev");
	assert_string_equal(trust->tlogs[1].names[0].name, "log2025-1.rekor.sigstore.dev");
	/* What Rekor v2 calls its log id is what a note's key id is the beginning of. */
	const uint8_t *id = (const uint8_t *)trust->tlogs[1].id.ptr;
	assert_int_equal(trust->tlogs[1].names[0].id,
			 (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]);
	for (size_t i = 0; i < 2; i++)
		assert_true(!trust->tlogs[i].unusable && !trust->ctlogs[i].unusable && !trust->cas[i].unusable);
	hm_trust_free(trust);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		const char *names[HM_TRUST_MAX_NAMES];
	} rows[] = {
		{ "https://log.example", { "log.example" } },
		{ "log.example", { "log.example" } },
		{ "http://log.example:3000", { "log.example", "log.example:3000" } },
		{ "https://log.example:443/", { "log.example" } },
		{ "https://log.example:8443/a/b", { "log.example", "log.example:8443", "log.example:8443/a/b" } },
		{ "log.example/a", { "log.example", "log.example/a" } },
		{ "", { NULL } },
		{ "ftp://log.example", { NULL } },
	};
	struct instance *in = instance_new();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_trusted_root root = instance_root(in);
		struct hm_trust *trust;
		struct hm_err err = { 0 };
		size_t n = 0;
		root.tlogs[0].base_url = hm_str(rows[i].url);
		assert_ok(hm_trust_new(&root, &trust, &err), &err);
		for (; n < HM_TRUST_MAX_NAMES && rows[i].names[n]; n++) {
			assert_true(n < trust->tlogs[0].names_count);
			assert_string_equal(trust->tlogs[0].names[n].name, rows[i].names[n]);
		}
		assert_int_equal(trust->tlogs[0].names_count, n);
		hm_trust_free(trust);
	}
	instance_free(in);
}

static void test_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_time_range range;
		int64_t at;
		bool has;
	} rows[] = {
		{ "at the start", { 10, 20, true, true }, 10, true },
		{ "before it", { 10, 20, true, true }, 9, false },
		{ "at the end", { 10, 20, true, true }, 20, true },
		{ "after it", { 10, 20, true, true }, 21, false },
		{ "without end", { 10, 0, true, false }, INT64_MAX, true },
		{ "without start", { 0, 20, false, true }, 5, false },
		{ "one moment", { 10, 10, true, true }, 10, true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hm_time_range_has(&rows[i].range, rows[i].at) != rows[i].has)
			fail_msg("%s", rows[i].name);
	}
	static const struct {
		int64_t ns;
		const char *text;
	} texts[] = {
		{ 0, "1970-01-01T00:00:00Z" },           { 1500000000, "1970-01-01T00:00:01.500Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" }, { -1, "1969-12-31T23:59:59.999999999Z" },
		{ -1000000000, "1969-12-31T23:59:59Z" }, { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		char text[HM_TIME_NS_TEXT_LEN];
		int64_t back;
		hm_time_ns_text(texts[i].ns, text);
		assert_string_equal(text, texts[i].text);
		assert_int_equal(hm_time_parse(hm_str(text), &back, NULL), HM_OK);
		assert_true(back == texts[i].ns);
	}
}

static void test_keys(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "PEM", "-----BEGIN PUBLIC KEY-----\n" KEY "\n-----END PUBLIC KEY-----\n", HM_R_OK },
		{ "another block", "-----BEGIN CERTIFICATE-----\n" KEY "\n-----END CERTIFICATE-----\n",
		  HM_R_TRUST_KEY },
		{ "no Base64", "-----BEGIN PUBLIC KEY-----\n" KEY "!\n-----END PUBLIC KEY-----\n", HM_R_TRUST_KEY },
		{ "nothing", "", HM_R_TRUST_KEY },
		{ "a text", "not a key", HM_R_TRUST_KEY },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		enum hm_status st = hm_trust_read_key(hm_str(rows[i].text), &key, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	struct instance *in = instance_new();
	struct hm_trusted_root root = instance_root(in);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	enum hm_status st = HM_ENOMEM;
	struct hm_err err = { 0 };

	assert_ok(hm_trusted_root_encode(&root, NULL, &text, &err), &err);
	for (unsigned long n = 1; st != HM_OK; n++) {
		struct hm_trust *trust = NULL;
		hm_mem_fail_at(n);
		st = hm_trust_parse(hm_buf_str(&text), &trust, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, failed ? HM_ENOMEM : HM_OK);
		hm_trust_free(trust);
	}
	instance_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),       cmocka_unit_test(test_limits),    cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_public_good), cmocka_unit_test(test_names),     cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_keys),        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("sigstore/trust", tests, NULL, NULL);
}
