/* RFC 3161: published time stamps, our own, openssl(1) as judge both ways, and requests and stamps to be refused. */
#include "pki.h"

#include "crypto/tsp.h"

/* ---- published time stamps ---- */

/* How each published time stamp fares against the authority of its trust root. */
static const struct {
	const char *name;
	enum hm_reason want;
	int64_t time_s; /* 0: not looked at */
	size_t certs;
} cases[] = {
	{ "rekor2-timestamp-with-embedded-cert", HM_R_OK, 1754506296, 1 },
	{ "rekor2-timestamp-without-embedded-cert", HM_R_OK, 1754507031, 0 },
	{ "rekor2-happy-path", HM_R_OK, 1749729740, 1 },
	{ "rekor2-dsse-happy-path", HM_R_OK, 0, 0 },
	{ "intoto-with-custom-trust-root", HM_R_OK, 1675209600, 0 },
	{ "rekor2-timestamp-payload-mismatch_fail", HM_R_TSP_IMPRINT, 0, 1 },
	{ "rekor2-timestamp-with-incorrect-time_fail", HM_R_OK, 0, 1 }, /* good, but long before the leaf */
	{ "rekor2-timestamp-outside-tsa-cert-validity_fail", HM_R_X509_EXPIRED, 0, 1 },
	{ "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", HM_R_TSP_SIGNER, 0, 0 },
};

/* The last authority of a trust root: the cases that bring one of their own put it there. */
static struct hm_x509_pool *tsa_pool(const struct hm_value *root)
{
	const struct hm_value *authorities = doc_at(root, "timestampAuthorities"), *certs;
	struct hm_x509_pool *pool = NULL;
	struct hm_err err = { 0 };

	certs = doc_at(hm_value_at(authorities, hm_value_count(authorities) - 1), "certChain.certificates");
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	for (size_t i = 0; i < hm_value_count(certs); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = { 0 };
		assert_true(doc_bytes(hm_value_at(certs, i), "rawBytes", &der));
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&der), i + 1 == hm_value_count(certs), &err), &err);
	}
	return pool;
}

static enum hm_status check_published(size_t i, struct hm_err *err)
{
	char bundle_name[256], root_name[256];
	struct hm_tsp_token token;
	struct hm_digest digest;

	snprintf(bundle_name, sizeof(bundle_name), "sigstore-conformance/%s/bundle.sigstore.json", cases[i].name);
	snprintf(root_name, sizeof(root_name), "sigstore-conformance/%s/trusted_root.json", cases[i].name);
	HM_OWN(doc_done) struct doc bundle = shared_doc(bundle_name), root = shared_doc(root_name);
	HM_OWN(hm_buf_done) struct hm_buf stamp = { 0 }, signature = { 0 };
	if (!bundle.is_there || !root.is_there)
		skip();
	static const char where[] =
	    "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp";
	if (!doc_bytes(&bundle.value, where, &stamp))
		fail_msg("%s: no time stamp", cases[i].name);
	if (!doc_bytes(&bundle.value, "messageSignature.signature", &signature))
		assert_true(doc_bytes(&bundle.value, "dsseEnvelope.signatures.0.sig", &signature));
	enum hm_status st = hm_tsp_parse(hm_buf_str(&stamp), &token, err);
	if (st != HM_OK)
		return st;
	assert_int_equal(token.certs_len, cases[i].certs);
	const struct hm_part part = { signature.ptr, signature.len };
	assert_ok(hm_crypto_digest(token.imprint.alg, &part, 1, &digest, err), err);
	struct hm_x509_pool *pool = tsa_pool(&root.value);
	struct hm_x509_path path;
	const struct hm_tsp_query query = { .digest = &digest, .pool = pool };
	st = hm_tsp_verify(&token, &query, &path, err);
	if (st == HM_OK) {
		assert_true(hm_str_eq(token.policy, HM_OID_SIGSTORE_TSA));
		assert_true(cases[i].time_s == 0 || cases[i].time_s == token.time_s);
		assert_true(path.len >= 1);
	}
	hm_x509_pool_free(pool);
	return st;
}

static void test_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = check_published(i, &err);
		if (cases[i].want != HM_R_OK)
			assert_refused(cases[i].name, st, &err, cases[i].want);
		else if (st != HM_OK)
			fail_msg("%s: %s %s", cases[i].name, hm_reason_code(err.reason), err.cause);
	}
}

/* ---- ours ---- */

struct authority {
	struct entity root, step, tsa;
	struct hm_cert chain[3];
	struct hm_x509_pool *pool;      /* with all three */
	struct hm_x509_pool *only_root; /* with the anchor alone */
	struct hm_tsp_authority self;
};

static void make_authority(struct authority *a, enum hm_key_kind kind, const struct quirks *tsa_quirks)
{
	struct hm_err err = { 0 };

	make_entity(&a->root, "tsa root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&a->step, "tsa step", HM_KEY_P256, HM_PROFILE_TSA_CA, &a->root, NULL);
	make_entity(&a->tsa, "tsa", kind, HM_PROFILE_TSA, &a->step, tsa_quirks);
	a->chain[0] = a->tsa.cert;
	a->chain[1] = a->step.cert;
	a->chain[2] = a->root.cert;
	a->self = (struct hm_tsp_authority){ &a->tsa.signer, a->chain, 3, HM_OID_SIGSTORE_TSA };
	assert_ok(hm_x509_pool_new(&a->pool, &err), &err);
	assert_ok(hm_x509_pool_new(&a->only_root, &err), &err);
	for (size_t i = 0; i < 3; i++)
		assert_ok(hm_x509_pool_add(a->pool, a->chain[i].der, i == 2, &err), &err);
	assert_ok(hm_x509_pool_add(a->only_root, a->root.cert.der, true, &err), &err);
}

static void authority_done(struct authority *a)
{
	hm_x509_pool_free(a->pool);
	hm_x509_pool_free(a->only_root);
	entity_done(&a->tsa);
	entity_done(&a->step);
	entity_done(&a->root);
}

static const uint8_t a_serial[HM_SERIAL_LEN] = { 0x12, 0x34, 0x56 };

static struct hm_tsp_request make_request(enum hm_digest_alg alg, bool cert_req)
{
	static const struct hm_part part = { "stamped", 7 };
	struct hm_tsp_request request = { .nonce = HM_STR("\x11\x22\x33\x44"), .cert_req = cert_req };
	struct hm_err err = { 0 };

	assert_ok(hm_crypto_digest(alg, &part, 1, &request.imprint, &err), &err);
	return request;
}

static void test_ours(void **state)
{
	(void)state;
	static const enum hm_key_kind kinds[] = { HM_KEY_P256, HM_KEY_P384, HM_KEY_P521, HM_KEY_RSA };

	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct authority a;
		make_authority(&a, kinds[k], NULL);
		for (int i = 0; i < 2 * 3; i++) {
			const struct hm_tsp_request request = make_request((enum hm_digest_alg)(i / 2), i % 2 == 1);
			HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
			struct hm_tsp_token token;
			struct hm_x509_path path;
			struct hm_err err = { 0 };
			assert_ok(hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err);
			assert_ok(hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err);
			assert_int_equal(token.certs_len, request.cert_req ? 2 : 0); /* no root */
			assert_true(token.time_s == NOW && token.time_ns == 0);
			assert_true(hm_str_eq(token.nonce, request.nonce) &&
				    hm_str_eq(token.policy, HM_OID_SIGSTORE_TSA));
			assert_true(hm_digest_eq(&token.imprint, &request.imprint));
			struct hm_tsp_query query = { .digest = &request.imprint,
						      .nonce = request.nonce,
						      .pool = a.pool };
			assert_ok(hm_tsp_verify(&token, &query, &path, &err), &err);
			assert_int_equal(path.len, 3);
			assert_true(hm_cert_eq(path.certs[0], &a.tsa.cert) && hm_cert_eq(path.certs[2], &a.root.cert));
			/* with the anchor alone the reply has to bring the rest */
			query.pool = a.only_root;
			enum hm_status st = hm_tsp_verify(&token, &query, &path, &err);
			if (request.cert_req)
				assert_ok(st, &err);
			else
				assert_refused("no certificate", st, &err, HM_R_TSP_SIGNER);
		}
		authority_done(&a);
	}
}

static void test_verify_refused(void **state)
{
	(void)state;
	struct authority a, other, early, late;
	const struct hm_tsp_request request = make_request(HM_SHA256, true);
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_digest changed = request.imprint, other_alg = { .alg = HM_SHA512, .len = 64 };
	struct hm_tsp_token token;
	struct hm_err err = { 0 };

	make_authority(&a, HM_KEY_P256, NULL);
	make_authority(&other, HM_KEY_P256, NULL);
	make_authority(&early, HM_KEY_P256, &(struct quirks){ .not_before_s = NOW + 1, .not_after_s = NOW + DAY });
	make_authority(&late, HM_KEY_P256, &(struct quirks){ .not_before_s = NOW - DAY, .not_after_s = NOW - 1 });
	changed.b[0] ^= 1;
	const struct {
		const char *name;
		const struct authority *by, *trusted;
		const struct hm_digest *digest;
		struct hm_str nonce;
		enum hm_reason want;
	} rows[] = {
		{ "good", &a, &a, &request.imprint, request.nonce, HM_R_OK },
		{ "nonce not asked for", &a, &a, &request.imprint, HM_STR(""), HM_R_OK },
		{ "other bytes", &a, &a, &changed, HM_STR(""), HM_R_TSP_IMPRINT },
		{ "other digest", &a, &a, &other_alg, HM_STR(""), HM_R_TSP_IMPRINT },
		{ "other nonce", &a, &a, &request.imprint, HM_STR("\x11"), HM_R_TSP_NONCE },
		{ "other authority", &a, &other, &request.imprint, HM_STR(""), HM_R_X509_NO_PATH },
		{ "not yet valid", &early, &early, &request.imprint, HM_STR(""), HM_R_X509_NOT_YET },
		{ "expired", &late, &late, &request.imprint, HM_STR(""), HM_R_X509_EXPIRED },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_tsp_query query = { rows[i].digest, rows[i].nonce, rows[i].trusted->pool };
		hm_buf_clear(&reply);
		assert_ok(hm_tsp_reply(&rows[i].by->self, &request, NOW, a_serial, &reply, &err), &err);
		assert_ok(hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err);
		enum hm_status st = hm_tsp_verify(&token, &query, NULL, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	authority_done(&a);
	authority_done(&other);
	authority_done(&early);
	authority_done(&late);
}

/* A signer whose certificate is not for time stamps, or whose key is not the certificate's. */
static void test_signer_refused(void **state)
{
	(void)state;
	struct authority a;
	struct entity code, twin;
	const struct hm_tsp_request request = make_request(HM_SHA256, true);
	struct hm_err err = { 0 };

	make_authority(&a, HM_KEY_P256, NULL);
	make_entity(&code, "code", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &a.root, NULL);
	make_entity(&twin, "tsa", HM_KEY_P256, HM_PROFILE_TSA, &a.step, NULL);
	const struct {
		const char *name;
		const struct hm_signer *signer;
		const struct hm_cert *cert;
		enum hm_reason want;
	} rows[] = {
		{ "code signer", &code.signer, &code.cert, HM_R_X509_USAGE },
		{ "another key", &twin.signer, &a.tsa.cert, HM_R_TSP_SIGNATURE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
		const struct hm_tsp_authority bad = { rows[i].signer, rows[i].cert, 1, HM_OID_SIGSTORE_TSA };
		const struct hm_tsp_query query = { .digest = &request.imprint, .pool = a.pool };
		struct hm_tsp_token token;
		assert_ok(hm_tsp_reply(&bad, &request, NOW, a_serial, &reply, &err), &err);
		assert_ok(hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err);
		assert_refused(rows[i].name, hm_tsp_verify(&token, &query, NULL, &err), &err, rows[i].want);
	}
	entity_done(&twin);
	entity_done(&code);
	authority_done(&a);
}

/*
 * Every byte of a reply changed in turn: what is accepted still says the same of the same thing by the same signer.
 * Bytes that nobody signed and nobody reads are the status, the list of digests, and versions.
 */
static void test_every_byte(void **state)
{
	(void)state;
	struct authority a;
	const struct hm_tsp_request request = make_request(HM_SHA256, true);
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB), good_info = hm_buf_init(HM_MIB);
	const struct hm_tsp_query query = { .digest = &request.imprint, .nonce = request.nonce };
	struct hm_tsp_token token;
	struct hm_err err = { 0 };
	size_t accepted = 0;

	make_authority(&a, HM_KEY_P256, NULL);
	struct hm_tsp_query asked = query;
	asked.pool = a.only_root; /* so that every certificate in it is needed */
	assert_ok(hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err);
	assert_ok(hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err);
	hm_buf_add_str(&good_info, token.tst_info);
	for (size_t bit = 0; bit < 8 * reply.len; bit++) {
		reply.ptr[bit / 8] = (char)(reply.ptr[bit / 8] ^ (1 << bit % 8));
		if (hm_tsp_parse(hm_buf_str(&reply), &token, &err) == HM_OK &&
		    hm_tsp_verify(&token, &asked, NULL, &err) == HM_OK) {
			assert_true(hm_str_eq(token.tst_info, hm_buf_str(&good_info)));
			accepted++;
		}
		reply.ptr[bit / 8] = (char)(reply.ptr[bit / 8] ^ (1 << bit % 8));
	}
	print_message("%zu of %zu changed bits change nothing\n", accepted, 8 * reply.len);
	assert_true(accepted < 8 * 40);
	authority_done(&a);
}

static void test_reply_refused(void **state)
{
	(void)state;
	struct authority a, ed;
	struct hm_err err = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_tsp_request request = make_request(HM_SHA256, false);

	make_authority(&a, HM_KEY_P256, NULL);
	make_authority(&ed, HM_KEY_ED25519, NULL);
	assert_refused("Ed25519", hm_tsp_reply(&ed.self, &request, NOW, a_serial, &reply, &err), &err, HM_R_SIG_SCHEME);
	request.policy = HM_OID_SIGSTORE_TSA;
	assert_ok(hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err);
	request.policy = HM_OID_FULCIO;
	assert_refused("policy", hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err, HM_R_TSP_POLICY);
	request = make_request(HM_SHA256, false);
	request.has_exts = true;
	assert_refused("extensions", hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err,
		       HM_R_TSP_EXTENSION);
	authority_done(&a);
	authority_done(&ed);
}

static void test_refusals(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_tsp_token token;
	struct hm_err err = { 0 };

	hm_tsp_refusal(HM_TSP_BAD_ALG, HM_STR("no such digest"), &reply);
	assert_refused("rejection", hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err, HM_R_TSP_STATUS);
	assert_non_null(strstr(err.cause, "no such digest"));
}

/* ---- requests ---- */

#define IMPRINT                                                                                                        \
	"3031"                                                                                                         \
	"300d06096086480165030402010500"                                                                               \
	"0420"                                                                                                         \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_requests(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MIB);
		struct hm_tsp_request request = make_request((enum hm_digest_alg)(i % 3), i % 2 == 0), got;
		struct hm_err err = { 0 };
		if (i >= 6)
			request.policy = HM_OID_SIGSTORE_TSA;
		if (i % 4 == 3)
			request.nonce = HM_STR("");
		hm_tsp_request_encode(&request, &der);
		assert_ok(hm_tsp_request_parse(hm_buf_str(&der), &got, &err), &err);
		assert_true(hm_digest_eq(&got.imprint, &request.imprint));
		assert_true(hm_str_eq(got.policy, request.policy) && hm_str_eq(got.nonce, request.nonce));
		assert_true(got.cert_req == request.cert_req && !got.has_exts);
	}

	static const struct {
		const char *name, *hex;
		enum hm_reason want;
	} rows[] = {
		{ "with all",
		  "304e"
		  "020101" IMPRINT "06092b0601040183bf30020a"
		  "02"
		  "0101ffa0"
		  "00",
		  HM_R_TSP_REQUEST },
		{ "bare",
		  "3036"
		  "020101" IMPRINT,
		  HM_R_OK },
		{ "certReq FALSE written out",
		  "3039"
		  "020101" IMPRINT "010100",
		  HM_R_OK },
		{ "empty", "", HM_R_TSP_REQUEST },
		{ "version 2",
		  "3036"
		  "020102" IMPRINT,
		  HM_R_TSP_REQUEST },
		{ "no imprint",
		  "3003"
		  "020101",
		  HM_R_TSP_REQUEST },
		{ "SHA-1",
		  "3026"
		  "020101"
		  "3021"
		  "300906052b0e03021a0500"
		  "0414"
		  "0011223344556677889900112233445566778899",
		  HM_R_TSP_ALGORITHM },
		{ "SHA-256 of 20 bytes",
		  "302a"
		  "020101"
		  "3025"
		  "300d06096086480165030402010500"
		  "0414"
		  "0011223344556677889900112233445566778899",
		  HM_R_TSP_ALGORITHM },
		{ "policy cut",
		  "303a"
		  "020101" IMPRINT "06022a86",
		  HM_R_TSP_REQUEST },
		{ "nonce with a zero too many",
		  "303a"
		  "020101" IMPRINT "02020001",
		  HM_R_TSP_REQUEST },
		{ "certReq of 1",
		  "3039"
		  "020101" IMPRINT "010101",
		  HM_R_TSP_REQUEST },
		{ "in another order",
		  "303c"
		  "020101" IMPRINT "0101ff"
		  "020105",
		  HM_R_TSP_REQUEST },
		{ "something behind",
		  "3038"
		  "020101" IMPRINT "0500",
		  HM_R_TSP_REQUEST },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[256];
		struct hm_tsp_request got;
		struct hm_err err = { 0 };
		enum hm_status st = hm_tsp_request_parse(from_hex(rows[i].hex, bytes), &got, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else if (st != HM_OK)
			fail_msg("%s: %s", rows[i].name, err.cause);
	}
}

static void test_nonce_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MIB);
		char nonce[HM_MAX_TSP_NONCE + 1];
		struct hm_tsp_request request = make_request(HM_SHA256, false), got;
		struct hm_err err = { 0 };
		memset(nonce, 0x55, sizeof(nonce));
		request.nonce = hm_str_of(nonce, HM_MAX_TSP_NONCE + over);
		hm_tsp_request_encode(&request, &der);
		enum hm_status st = hm_tsp_request_parse(hm_buf_str(&der), &got, &err);
		if (over)
			assert_refused("65 bytes", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
}

/* ---- openssl as judge ---- */

static void put_chain(const char *dir, const struct authority *a)
{
	HM_OWN(hm_buf_done)
	struct hm_buf root = hm_buf_init(HM_MIB), rest = hm_buf_init(HM_MIB), tsa = hm_buf_init(HM_MIB);

	hm_cert_encode_pem(a->root.cert.der, &root);
	hm_cert_encode_pem(a->step.cert.der, &rest);
	hm_cert_encode_pem(a->tsa.cert.der, &tsa);
	put_file(dir, "root.pem", hm_buf_str(&root));
	put_file(dir, "step.pem", hm_buf_str(&rest));
	put_file(dir, "tsa.pem", hm_buf_str(&tsa));
	hm_buf_add_str(&rest, hm_buf_str(&tsa));
	put_file(dir, "chain.pem", hm_buf_str(&rest));
}

static void judge_our_replies(const char *dir, enum hm_key_kind kind)
{
	static const char *const asks[] = { "-sha256 -cert",     "-sha384 -cert",
					    "-sha512 -cert",     "-sha256",
					    "-sha256 -no_nonce", "-sha256 -cert -tspolicy 1.3.6.1.4.1.57264.2" };
	struct authority a;
	char line[256];
	struct hm_err err = { 0 };

	make_authority(&a, kind, NULL);
	put_chain(dir, &a);
	put_file(dir, "data", HM_STR("what is stamped"));
	for (size_t i = 0; i < COUNT(asks); i++) {
		HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
		struct hm_tsp_request request;
		snprintf(line, sizeof(line), "openssl ts -query -data data %s -out q", asks[i]);
		assert_int_equal(judge(dir, line), 0);
		HM_OWN(hm_buf_done) struct hm_buf query = get_file(dir, "q");
		assert_ok(hm_tsp_request_parse(hm_buf_str(&query), &request, &err), &err);
		assert_ok(hm_tsp_reply(&a.self, &request, NOW, a_serial, &reply, &err), &err);
		put_file(dir, "r", hm_buf_str(&reply));
		snprintf(line, sizeof(line),
			 "openssl ts -verify -in r -queryfile q -attime %lld -CAfile root.pem -untrusted chain.pem",
			 (long long)NOW);
		assert_int_equal(judge(dir, line), 0);
		if (request.cert_req) { /* the reply itself then has all but the root */
			snprintf(line, sizeof(line),
				 "openssl ts -verify -in r -data data -attime %lld -CAfile root.pem", (long long)NOW);
			assert_int_equal(judge(dir, line), 0);
		}
	}
	authority_done(&a);
}

static const char ts_config[] =
    "[tsa]\ndefault_tsa=c\n[c]\nserial=./serial\ncrypto_device=builtin\nsigner_cert=./tsa.pem\n"
    "certs=./chain.pem\nsigner_key=./tsa.key\nsigner_digest=sha384\ndefault_policy=1.2.3.4\n"
    "digests=sha256,sha384,sha512\naccuracy=secs:1,millisecs:500\nordering=yes\ntsa_name=yes\n"
    "clock_precision_digits=3\ness_cert_id_chain=%s\ness_cert_id_alg=%s\n";

static void judge_their_replies(const char *dir, enum hm_key_kind kind)
{
	static const struct {
		const char *chain, *alg;
		bool cert_req;
	} rows[] = {
		{ "no", "sha1", true }, { "yes", "sha256", true }, { "yes", "sha512", false }, { "no", "sha384", false }
	};
	HM_OWN(hm_secret_done) struct hm_secret key = { 0 };
	struct authority a;
	char text[1024];
	struct hm_err err = { 0 };

	/* openssl stamps the present time */
	make_authority(&a, kind, &(struct quirks){ .not_before_s = NOW - DAY, .not_after_s = NOW + 40000 * DAY });
	put_chain(dir, &a);
	assert_ok(hm_signer_encode_pem(&a.tsa.signer, &key, &err), &err);
	put_file(dir, "tsa.key", hm_secret_str(&key));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_tsp_request request = make_request((enum hm_digest_alg)(i % 3), rows[i].cert_req);
		HM_OWN(hm_buf_done) struct hm_buf query = hm_buf_init(HM_MIB);
		struct hm_tsp_token token;
		snprintf(text, sizeof(text), ts_config, rows[i].chain, rows[i].alg);
		put_file(dir, "c", hm_str(text));
		put_file(dir, "serial", HM_STR("0F\n"));
		hm_tsp_request_encode(&request, &query);
		put_file(dir, "q", hm_buf_str(&query));
		assert_int_equal(judge(dir, "openssl ts -reply -queryfile q -config c -out r"), 0);
		HM_OWN(hm_buf_done) struct hm_buf reply = get_file(dir, "r");
		assert_ok(hm_tsp_parse(hm_buf_str(&reply), &token, &err), &err);
		assert_int_equal(token.ess_is_sha1, strcmp(rows[i].alg, "sha1") == 0);
		struct hm_tsp_query asked = { .digest = &request.imprint, .nonce = request.nonce, .pool = a.pool };
		/* the test's authority itself has long expired by now: everything but the path must be good */
		assert_refused("path", hm_tsp_verify(&token, &asked, NULL, &err), &err, HM_R_X509_EXPIRED);
		token.time_s = NOW;
		assert_ok(hm_tsp_verify(&token, &asked, NULL, &err), &err);
		token.ess_hash.len--;
		assert_refused("other identifier", hm_tsp_verify(&token, &asked, NULL, &err), &err, HM_R_TSP_SIGNER);
	}
	authority_done(&a);
}

static void test_openssl_judges(void **state)
{
	(void)state;
	HM_OWN(remove_folder) char *dir = NULL;

	if (!has_program("openssl"))
		skip();
	dir = make_folder();
	judge_our_replies(dir, HM_KEY_P256);
	judge_our_replies(dir, HM_KEY_P384);
	judge_our_replies(dir, HM_KEY_RSA);
	judge_their_replies(dir, HM_KEY_P256);
	judge_their_replies(dir, HM_KEY_RSA);
}

/* ---- memory ---- */

static struct authority walked;

static enum hm_status walk(struct hm_err *err)
{
	const struct hm_tsp_request request = { .imprint = { .alg = HM_SHA256, .len = 32 }, .cert_req = true };
	const struct hm_tsp_query query = { .digest = &request.imprint, .pool = walked.only_root };
	HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(HM_MIB);
	struct hm_tsp_token token;

	enum hm_status st = hm_tsp_reply(&walked.self, &request, NOW, a_serial, &reply, err);
	if (st == HM_OK)
		st = hm_tsp_parse(hm_buf_str(&reply), &token, err);
	return st == HM_OK ? hm_tsp_verify(&token, &query, NULL, err) : st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	make_authority(&walked, HM_KEY_P256, NULL);
	walk_failures("time stamp", walk);
	authority_done(&walked);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),       cmocka_unit_test(test_ours),
		cmocka_unit_test(test_verify_refused),  cmocka_unit_test(test_signer_refused),
		cmocka_unit_test(test_every_byte),      cmocka_unit_test(test_reply_refused),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_requests),
		cmocka_unit_test(test_nonce_limit),     cmocka_unit_test(test_openssl_judges),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/tsp", tests, NULL, NULL);
}
