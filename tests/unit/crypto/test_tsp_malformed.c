/* RFC 3161 replies that are malformed: one that is well formed, and a row for each part that is not. */
#include "pki.h"

#include "crypto/der.h"
#include "crypto/tsp.h"

enum part {
	STATUS,
	TYPE,
	VERSION,
	DIGESTS,
	CONTENT_TYPE,
	TST_VERSION,
	TST_POLICY,
	TST_IMPRINT,
	TST_SERIAL,
	TST_TIME,
	TST_REST,
	CERTS,
	CRLS,
	SIGNER_VERSION,
	SIGNER_ID,
	SIGNER_DIGEST,
	ATTR_TYPE,
	ATTR_DIGEST,
	ATTR_CERT,
	ATTR_MORE,
	SIG_ALGORITHM,
	SIGNATURE,
	UNSIGNED,
	SECOND_SIGNER,
	BEHIND,
	PARTS
};

#define SHA256_ALG "300b0609608648016503040201"
#define ESS_TYPE   "060b2a864886f70d010910022f"
#define ESS_TYPE_1 "060b2a864886f70d010910020c"
#define HASH       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *const good_parts[PARTS] = {
	[STATUS] = "3003020100",
	[TYPE] = "06092a864886f70d010702",
	[VERSION] = "020103",
	[DIGESTS] = "310d" SHA256_ALG,
	[CONTENT_TYPE] = "060b2a864886f70d0109100104",
	[TST_VERSION] = "020101",
	[TST_POLICY] = "06022a03",
	[TST_IMPRINT] = "302f" SHA256_ALG "0420" HASH,
	[TST_SERIAL] = "020105",
	[TST_TIME] = "180f32303234303130313030303030305a",
	[TST_REST] = "",
	[CERTS] = "",
	[CRLS] = "",
	[SIGNER_VERSION] = "020101",
	[SIGNER_ID] = "30053000020107",
	[SIGNER_DIGEST] = SHA256_ALG,
	[ATTR_TYPE] = "301a06092a864886f70d010903310d060b2a864886f70d0109100104",
	[ATTR_DIGEST] = "302f06092a864886f70d01090431220420" HASH,
	[ATTR_CERT] = "3037" ESS_TYPE "312830263024"
		      "30220420" HASH,
	[ATTR_MORE] = "",
	[SIG_ALGORITHM] = "300a06082a8648ce3d040302",
	[SIGNATURE] = "040100",
	[UNSIGNED] = "",
	[SECOND_SIGNER] = "",
	[BEHIND] = "",
};

static void add_part(struct hm_buf *der, enum part part, enum part changed, const char *hex)
{
	static uint8_t bytes[16384];

	hm_buf_add_str(der, from_hex(part == changed ? hex : good_parts[part], bytes));
}

static void add_parts(struct hm_buf *der, enum part from, enum part through, enum part changed, const char *hex)
{
	for (enum part part = from; part <= through; part++)
		add_part(der, part, changed, hex);
}

static void assemble(enum part changed, const char *hex, struct hm_buf *der)
{
	*der = hm_buf_init(HM_MIB);
	size_t reply = hm_der_begin(der, HM_DER_SEQUENCE);
	add_part(der, STATUS, changed, hex);
	size_t token = hm_der_begin(der, HM_DER_SEQUENCE);
	add_part(der, TYPE, changed, hex);
	size_t outer = hm_der_begin(der, HM_DER_CONTEXT_CONS(0)), data = hm_der_begin(der, HM_DER_SEQUENCE);
	add_parts(der, VERSION, DIGESTS, changed, hex);
	size_t content = hm_der_begin(der, HM_DER_SEQUENCE);
	add_part(der, CONTENT_TYPE, changed, hex);
	size_t wrap = hm_der_begin(der, HM_DER_CONTEXT_CONS(0)), octets = hm_der_begin(der, HM_DER_OCTETS);
	size_t info = hm_der_begin(der, HM_DER_SEQUENCE);
	add_parts(der, TST_VERSION, TST_REST, changed, hex);
	hm_der_end(der, info);
	hm_der_end(der, octets);
	hm_der_end(der, wrap);
	hm_der_end(der, content);
	add_parts(der, CERTS, CRLS, changed, hex);
	size_t signers = hm_der_begin(der, HM_DER_SET), signer = hm_der_begin(der, HM_DER_SEQUENCE);
	add_parts(der, SIGNER_VERSION, SIGNER_DIGEST, changed, hex);
	size_t attrs = hm_der_begin(der, HM_DER_CONTEXT_CONS(0));
	add_parts(der, ATTR_TYPE, ATTR_MORE, changed, hex);
	hm_der_end(der, attrs);
	add_parts(der, SIG_ALGORITHM, UNSIGNED, changed, hex);
	hm_der_end(der, signer);
	add_part(der, SECOND_SIGNER, changed, hex);
	hm_der_end(der, signers);
	hm_der_end(der, data);
	hm_der_end(der, outer);
	hm_der_end(der, token);
	add_part(der, BEHIND, changed, hex);
	hm_der_end(der, reply);
}

static const struct {
	const char *name;
	enum part part;
	const char *hex;
	enum hm_reason want;
} malformed[] = {
	{ "as it is", VERSION, "020103", HM_R_OK },
	{ "granted with changes", STATUS, "3003020101", HM_R_OK },
	{ "negative serial", TST_SERIAL, "0201fb", HM_R_OK },
	{ "a fraction of a second", TST_TIME, "181132303234303130313030303030302e355a", HM_R_OK },
	{ "accuracy, ordering, nonce, name", TST_REST, "30030201010101ff020109a0003000", HM_R_TSP_FORMAT },
	{ "accuracy, ordering, nonce, name, extension", TST_REST,
	  "30030201010101ff020109a000a109300706022a0304010"
	  "0",
	  HM_R_OK },
	{ "no certificates in the list", CERTS, "a000", HM_R_OK },
	{ "CRLs", CRLS, "a100", HM_R_OK },
	{ "signer by key identifier", SIGNER_ID, "800101", HM_R_OK },
	{ "SHA-1 identifier", ATTR_CERT,
	  "302b" ESS_TYPE_1 "311c301a3018"
	  "30160414"
	  "00112233445566778899aabbccddeeff00112233",
	  HM_R_OK },
	{ "more attributes", ATTR_MORE,
	  "300b06022a03310504030000"
	  "00",
	  HM_R_OK },
	{ "unsigned attributes", UNSIGNED, "a100", HM_R_OK },
	{ "waiting", STATUS, "3003020103", HM_R_TSP_STATUS },
	{ "rejected with text", STATUS,
	  "300a0201023005"
	  "0c036e6f6e",
	  HM_R_TSP_STATUS },
	{ "status of text", STATUS, "3003040100", HM_R_TSP_FORMAT },
	{ "no message but data", TYPE, "06092a864886f70d010701", HM_R_TSP_FORMAT },
	{ "no version", VERSION, "", HM_R_TSP_FORMAT },
	{ "no digests", DIGESTS, "", HM_R_TSP_FORMAT },
	{ "content of another type", CONTENT_TYPE, "060b2a864886f70d0109100101", HM_R_TSP_FORMAT },
	{ "TSTInfo of version 2", TST_VERSION, "020102", HM_R_TSP_FORMAT },
	{ "no policy", TST_POLICY, "", HM_R_TSP_FORMAT },
	{ "SHA-1 imprint", TST_IMPRINT,
	  "301f"
	  "300706052b0e03021a"
	  "0414"
	  "00112233445566778899aabbccddeeff00112233",
	  HM_R_TSP_ALGORITHM },
	{ "imprint cut", TST_IMPRINT,
	  "302e" SHA256_ALG "041f"
	  "112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	  HM_R_TSP_ALGORITHM },
	{ "no imprint", TST_IMPRINT, "", HM_R_TSP_FORMAT },
	{ "serial with a zero too many", TST_SERIAL, "02020005", HM_R_TSP_FORMAT },
	{ "UTCTime", TST_TIME, "170d3234303130313030303030305a", HM_R_TSP_FORMAT },
	{ "no time", TST_TIME, "", HM_R_TSP_FORMAT },
	{ "time with an offset", TST_TIME, "181332303234303130313030303030302b30303030", HM_R_TSP_FORMAT },
	{ "critical extension", TST_REST, "a10c300a06022a030101ff040100", HM_R_TSP_FORMAT },
	{ "extension cut", TST_REST, "a105300306022a", HM_R_TSP_FORMAT },
	{ "something behind the TSTInfo", TST_REST, "0500", HM_R_TSP_FORMAT },
	{ "a certificate that is none", CERTS, "a0023000", HM_R_X509_FORMAT },
	{ "a certificate of another kind", CERTS, "a002a100", HM_R_TSP_FORMAT },
	{ "signer of version 2", SIGNER_VERSION, "020102", HM_R_TSP_FORMAT },
	{ "signer without a name", SIGNER_ID, "3003020107", HM_R_TSP_FORMAT },
	{ "signer without a serial", SIGNER_ID, "30023000", HM_R_TSP_FORMAT },
	{ "signed with SHA-1", SIGNER_DIGEST, "300706052b0e03021a", HM_R_TSP_ALGORITHM },
	{ "no content type", ATTR_TYPE, "", HM_R_TSP_FORMAT },
	{ "content type of data", ATTR_TYPE, "301806092a864886f70d010903310b06092a864886f70d010701", HM_R_TSP_FORMAT },
	{ "content type of two values", ATTR_TYPE,
	  "302706092a864886f70d010903311a060b2a864886f70d0109100104060b2a864886f70d0109100104", HM_R_TSP_FORMAT },
	{ "no message digest", ATTR_DIGEST, "", HM_R_TSP_FORMAT },
	{ "message digest of a number", ATTR_DIGEST, "301006092a864886f70d0109043103020101", HM_R_TSP_FORMAT },
	{ "no signing certificate", ATTR_CERT, "", HM_R_TSP_FORMAT },
	{ "signing certificates, none", ATTR_CERT, "3013" ESS_TYPE "310430023000", HM_R_TSP_FORMAT },
	{ "signing certificate cut", ATTR_CERT,
	  "3017" ESS_TYPE "3108300630043002"
	  "0400",
	  HM_R_OK },
	{ "signing certificate with half a serial", ATTR_CERT,
	  "301b" ESS_TYPE "310c"
	  "300a"
	  "3008"
	  "3006"
	  "0400"
	  "3002"
	  "3000",
	  HM_R_TSP_FORMAT },
	{ "message digest twice", ATTR_MORE, "302f06092a864886f70d01090431220420" HASH, HM_R_TSP_FORMAT },
	{ "content type twice", ATTR_MORE, "301a06092a864886f70d010903310d060b2a864886f70d0109100104",
	  HM_R_TSP_FORMAT },
	{ "attribute without a value", ATTR_MORE, "300606022a033100", HM_R_TSP_FORMAT },
	{ "attribute cut", ATTR_MORE, "300406022a03", HM_R_TSP_FORMAT },
	{ "no algorithm", SIG_ALGORITHM, "", HM_R_TSP_FORMAT },
	{ "no signature", SIGNATURE, "", HM_R_TSP_FORMAT },
	{ "something behind the signer", UNSIGNED, "0500", HM_R_TSP_FORMAT },
	{ "two signers", SECOND_SIGNER, "3000", HM_R_TSP_FORMAT },
	{ "something behind the message", BEHIND, "0500", HM_R_TSP_FORMAT },
};

static void test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = { 0 };
		struct hm_tsp_token token;
		struct hm_err err = { 0 };
		assemble(malformed[i].part, malformed[i].hex, &der);
		enum hm_status st = hm_tsp_parse(hm_buf_str(&der), &token, &err);
		if (malformed[i].want != HM_R_OK)
			assert_refused(malformed[i].name, st, &err, malformed[i].want);
		else if (st != HM_OK)
			fail_msg("%s: %s", malformed[i].name, err.cause);
	}
}

static void test_many_certificates(void **state)
{
	(void)state;
	struct entity e;

	make_entity(&e, "one", HM_KEY_ED25519, HM_PROFILE_TSA, NULL, NULL);
	for (size_t n = HM_MAX_TSP_CERTS; n <= HM_MAX_TSP_CERTS + 1; n++) {
		HM_OWN(hm_buf_done) struct hm_buf der = { 0 }, certs = hm_buf_init(HM_MIB);
		HM_OWN(hm_freep) char *hex = hm_malloc(HM_MIB);
		struct hm_tsp_token token;
		struct hm_err err = { 0 };
		size_t begin = hm_der_begin(&certs, HM_DER_CONTEXT_CONS(0));
		for (size_t i = 0; i < n; i++)
			hm_buf_add_str(&certs, hm_buf_str(&e.der));
		hm_der_end(&certs, begin);
		hm_hex_write(hex, certs.ptr, certs.len);
		assemble(CERTS, hex, &der);
		enum hm_status st = hm_tsp_parse(hm_buf_str(&der), &token, &err);
		if (n > HM_MAX_TSP_CERTS)
			assert_refused("9", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
	entity_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_many_certificates),
	};
	return cmocka_run_group_tests_name("crypto/tsp_malformed", tests, NULL, NULL);
}
