/* SCTs: those of published certificates, one with extensions among them; ours; and everything that must be refused. */
#include "pki.h"

#include "crypto/der.h"
#include "crypto/sct.h"

/* The published cases: bundle and trust root. */
static const struct {
	const char *bundle, *root;
} cases[] = {
	{ "sigstore-conformance/happy-path-v0.3/bundle.sigstore.json", "sigstore-public-good.trusted_root.json" },
	{ "sigstore-conformance/bundle-with-sct-with-extensions/bundle.sigstore.json",
	  "sigstore-conformance/bundle-with-sct-with-extensions/trusted_root.json" },
	{ "sigstore-conformance/rekor2-happy-path/bundle.sigstore.json",
	  "sigstore-conformance/rekor2-happy-path/trusted_root.json" },
};

/* The log's key of an SCT, among those of a trust root. */
static bool find_log(const struct hm_value *root, const struct hm_sct *sct, struct hm_key *ret_key)
{
	for (size_t i = 0;; i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = { 0 };
		char path[64];
		enum hm_key_details details;
		snprintf(path, sizeof(path), "ctlogs.%zu.publicKey.rawBytes", i);
		if (!doc_bytes(root, path, &der))
			return false;
		snprintf(path, sizeof(path), "ctlogs.%zu.publicKey.keyDetails", i);
		assert_true(hm_key_details_from_name(hm_value_text(doc_at(root, path)), &details));
		struct hm_err err = { 0 };
		assert_ok(hm_key_parse_as(hm_buf_str(&der), details, ret_key, &err), &err);
		if (memcmp(&ret_key->id, &sct->log_id, sizeof(sct->log_id)) == 0)
			return true;
		hm_key_done(ret_key);
	}
}

/* The certificate of a trust root's authorities that issued a leaf. */
static void find_issuer(const struct hm_value *root, const struct hm_cert *leaf, struct hm_buf *ret_der,
			struct hm_cert *ret_issuer)
{
	const struct hm_value *authorities = doc_at(root, "certificateAuthorities");

	for (size_t a = 0; a < hm_value_count(authorities); a++) {
		const struct hm_value *certs = doc_at(hm_value_at(authorities, a), "certChain.certificates");
		for (size_t c = 0; c < hm_value_count(certs); c++) {
			struct hm_err err = { 0 };
			assert_true(doc_bytes(hm_value_at(certs, c), "rawBytes", ret_der));
			assert_ok(hm_cert_parse(hm_buf_str(ret_der), ret_issuer, &err), &err);
			if (hm_str_eq(ret_issuer->subject, leaf->issuer) &&
			    hm_str_eq(ret_issuer->subject_key_id, leaf->authority_key_id))
				return;
			hm_buf_done(ret_der);
		}
	}
	fail_msg("no issuer");
}

static void check_case(size_t i)
{
	HM_OWN(doc_done) struct doc bundle = shared_doc(cases[i].bundle), root = shared_doc(cases[i].root);
	HM_OWN(hm_buf_done) struct hm_buf leaf_der = { 0 }, issuer_der = { 0 };
	HM_OWN(hm_key_done) struct hm_key log = { 0 };
	struct hm_sct scts[HM_MAX_SCTS];
	struct hm_cert leaf, issuer = { 0 };
	struct hm_err err = { 0 };
	size_t n = 0;

	if (!bundle.is_there || !root.is_there)
		skip();
	assert_true(doc_bytes(&bundle.value, "verificationMaterial.certificate.rawBytes", &leaf_der));
	assert_ok(hm_cert_parse(hm_buf_str(&leaf_der), &leaf, &err), &err);
	find_issuer(&root.value, &leaf, &issuer_der, &issuer);
	assert_ok(hm_sct_list(&leaf, scts, &n, &err), &err);
	assert_int_equal(n, 1);
	assert_true(find_log(&root.value, &scts[0], &log));
	assert_ok(hm_sct_verify(&scts[0], &leaf, issuer.spki, &log, &err), &err);
	assert_int_equal(scts[0].exts.len > 0, strstr(cases[i].bundle, "extensions") != NULL);
	assert_true((int64_t)(scts[0].time_ms / 1000) >= leaf.not_before_s - 60);
	assert_true((int64_t)(scts[0].time_ms / 1000) <= leaf.not_after_s);

	/* each part is bound: time, extensions, issuer */
	struct hm_sct other = scts[0];
	other.time_ms++;
	assert_refused("time", hm_sct_verify(&other, &leaf, issuer.spki, &log, &err), &err, HM_R_SCT_SIGNATURE);
	other = scts[0];
	other.exts = HM_STR("more");
	assert_refused("extensions", hm_sct_verify(&other, &leaf, issuer.spki, &log, &err), &err, HM_R_SCT_SIGNATURE);
	assert_refused("issuer", hm_sct_verify(&scts[0], &leaf, leaf.spki, &log, &err), &err, HM_R_SCT_SIGNATURE);
}

static void test_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_case(i);
}

/* What a CA does: precertificate, the log's promise, certificate. */
struct issued {
	struct entity ca, leaf, log;
	struct hm_buf precert, final, sct;
	struct hm_cert precert_cert, cert;
};

static void issue(struct issued *x, enum hm_key_kind log_kind, const char *log_exts)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), tbs = hm_buf_init(HM_MAX_CERT);
	struct hm_err err = { 0 };

	*x = (struct issued){ .precert = hm_buf_init(HM_MAX_CERT),
			      .final = hm_buf_init(HM_MAX_CERT),
			      .sct = hm_buf_init(HM_MAX_CERT) };
	make_entity(&x->ca, "ca", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&x->log, "log", log_kind, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&x->leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &x->ca, NULL);
	struct hm_cert_spec spec = { .key = &x->leaf.signer.key,
				     .issuer = x->ca.cert.subject,
				     .serial = { 0x12, 0x34 },
				     .not_before_s = NOW,
				     .not_after_s = NOW + 600 };
	assert_ok(hm_ext_add_profile(&exts, HM_PROFILE_CODE_SIGNING, spec.key, &x->ca.cert, &err), &err);
	const size_t common = exts.len;
	hm_ext_add_poison(&exts);
	spec.exts = hm_buf_str(&exts);
	assert_ok(hm_cert_make(&spec, &x->ca.signer, &x->precert, &err), &err);
	assert_ok(hm_cert_parse(hm_buf_str(&x->precert), &x->precert_cert, &err), &err);
	assert_ok(hm_sct_precert_tbs(&x->precert_cert, &tbs, &err), &err);
	assert_ok(hm_sct_sign(hm_buf_str(&tbs), x->ca.signer.key.spki, &x->log.signer, NOW * 1000, hm_str(log_exts),
			      &x->sct, &err),
		  &err);
	const struct hm_str one = hm_buf_str(&x->sct);
	exts.len = common;
	hm_ext_add_scts(&exts, &one, 1);
	spec.exts = hm_buf_str(&exts);
	assert_ok(hm_cert_make(&spec, &x->ca.signer, &x->final, &err), &err);
	assert_ok(hm_cert_parse(hm_buf_str(&x->final), &x->cert, &err), &err);
}

static void issued_done(struct issued *x)
{
	entity_done(&x->ca);
	entity_done(&x->leaf);
	entity_done(&x->log);
	hm_buf_done(&x->precert);
	hm_buf_done(&x->final);
	hm_buf_done(&x->sct);
}

static void test_ours(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_kind kind;
		const char *exts;
	} rows[] = {
		{ HM_KEY_P256, "" }, { HM_KEY_P256, "\x01\x02\x03\x04" }, { HM_KEY_P384, "" }, { HM_KEY_RSA, "" }
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct issued x;
		HM_OWN(hm_buf_done) struct hm_buf one = hm_buf_init(HM_MAX_CERT), two = hm_buf_init(HM_MAX_CERT);
		struct hm_sct scts[HM_MAX_SCTS], parsed;
		struct hm_err err = { 0 };
		size_t n;
		issue(&x, rows[i].kind, rows[i].exts);
		/* the two certificates have one precertificate */
		assert_ok(hm_sct_precert_tbs(&x.precert_cert, &one, &err), &err);
		assert_ok(hm_sct_precert_tbs(&x.cert, &two, &err), &err);
		assert_true(hm_str_eq(hm_buf_str(&one), hm_buf_str(&two)));
		assert_ok(hm_sct_list(&x.cert, scts, &n, &err), &err);
		assert_int_equal(n, 1);
		assert_true(scts[0].time_ms == NOW * 1000 && hm_str_is(scts[0].exts, rows[i].exts));
		assert_ok(hm_sct_verify(&scts[0], &x.cert, x.ca.signer.key.spki, &x.log.signer.key, &err), &err);
		assert_ok(hm_sct_parse(hm_buf_str(&x.sct), &parsed, &err), &err);
		assert_true(hm_str_eq(parsed.signature, scts[0].signature));

		assert_refused("another log",
			       hm_sct_verify(&scts[0], &x.cert, x.ca.signer.key.spki, &x.ca.signer.key, &err), &err,
			       HM_R_SCT_SIGNATURE);
		assert_refused("another certificate",
			       hm_sct_verify(&scts[0], &x.leaf.cert, x.ca.signer.key.spki, &x.log.signer.key, &err),
			       &err, HM_R_SCT_FORMAT);
		scts[0].hash = 5;
		assert_refused("SHA-384 said",
			       hm_sct_verify(&scts[0], &x.cert, x.ca.signer.key.spki, &x.log.signer.key, &err), &err,
			       HM_R_SCT_SIGNATURE);
		scts[0].hash = 4;
		scts[0].sig = scts[0].sig == 1 ? 3 : 1;
		assert_refused("other algorithm said",
			       hm_sct_verify(&scts[0], &x.cert, x.ca.signer.key.spki, &x.log.signer.key, &err), &err,
			       HM_R_SCT_SIGNATURE);
		issued_done(&x);
	}
}

static void test_log_that_cannot(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer log = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf sct = hm_buf_init(HM_MAX_CERT);
	HM_OWN(hm_freep) char *big = hm_calloc(UINT16_MAX + 1, 1);
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &log, &err), &err);
	assert_refused("Ed25519", hm_sct_sign(HM_STR("x"), HM_STR("y"), &log, 1, HM_STR(""), &sct, &err), &err,
		       HM_R_SIG_SCHEME);
	assert_refused("extensions",
		       hm_sct_sign(HM_STR("x"), HM_STR("y"), &log, 1, hm_str_of(big, UINT16_MAX + 1), &sct, &err), &err,
		       HM_R_LIMIT);
}

#define LOG_ID         "00000000000000000000000000000000000000000000000000000000000000ff"
#define SCT(exts, sig) "00" LOG_ID "0000018bcfe56800" exts "0403" sig
#define GOOD           SCT("0000", "0001aa") /* 48 bytes */

static void test_lists(void **state)
{
	(void)state;
	static const struct {
		const char *name, *hex; /* what the extension holds */
		size_t count;
		enum hm_reason want;
	} rows[] = {
		{ "one",
		  "0434"
		  "0032"
		  "0030" GOOD,
		  1, HM_R_OK },
		{ "two",
		  "0466"
		  "0064"
		  "0030" GOOD "0030" GOOD,
		  2, HM_R_OK },
		{ "one of a later version",
		  "0438"
		  "0036"
		  "0030" GOOD "0002"
		  "0100",
		  1, HM_R_OK },
		{ "no OCTET STRING", "0500", 0, HM_R_SCT_FORMAT },
		{ "nothing in it", "0400", 0, HM_R_SCT_FORMAT },
		{ "an empty list", "04020000", 0, HM_R_SCT_FORMAT },
		{ "an empty SCT", "040400020000", 0, HM_R_SCT_FORMAT },
		{ "list cut",
		  "0434"
		  "0033"
		  "0030" GOOD,
		  0, HM_R_SCT_FORMAT },
		{ "something behind the list",
		  "0435"
		  "0032"
		  "0030" GOOD "00",
		  0, HM_R_SCT_FORMAT },
		{ "SCT cut",
		  "0434"
		  "0032"
		  "0031" GOOD,
		  0, HM_R_SCT_FORMAT },
		{ "something behind the SCT",
		  "0435"
		  "0033"
		  "0031" GOOD "00",
		  0, HM_R_SCT_FORMAT },
		{ "log id cut",
		  "0408"
		  "0006"
		  "0004"
		  "00000000",
		  0, HM_R_SCT_FORMAT },
		{ "extensions past the end",
		  "0434"
		  "0032"
		  "0030" SCT("ffff", "0001aa"),
		  0, HM_R_SCT_FORMAT },
		{ "signature past the end",
		  "0434"
		  "0032"
		  "0030" SCT("0000", "0002aa"),
		  0, HM_R_SCT_FORMAT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[512];
		HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
		struct hm_sct scts[HM_MAX_SCTS];
		struct hm_err err = { 0 };
		size_t n = 99;
		hm_ext_add(&exts, HM_OID_SCT_LIST, false, from_hex(rows[i].hex, bytes));
		const struct hm_cert cert = { .exts = hm_buf_str(&exts) };
		enum hm_status st = hm_sct_list(&cert, scts, &n, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		if (st != HM_OK)
			fail_msg("%s: %s", rows[i].name, err.cause);
		assert_int_equal(n, rows[i].count);
	}
}

static void test_number_of_scts(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct hm_str many[HM_MAX_SCTS + 1];

	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = from_hex(GOOD, bytes);
	for (size_t n = 0; n <= COUNT(many); n++) {
		HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
		struct hm_sct scts[HM_MAX_SCTS];
		struct hm_err err = { 0 };
		size_t found = 99;
		if (n > 0)
			hm_ext_add_scts(&exts, many, n);
		const struct hm_cert cert = { .exts = hm_buf_str(&exts) };
		enum hm_status st = hm_sct_list(&cert, scts, &found, &err);
		if (n > HM_MAX_SCTS) {
			assert_refused("nine", st, &err, HM_R_LIMIT);
			continue;
		}
		assert_ok(st, &err);
		assert_int_equal(found, n);
	}
}

static struct issued walked;

static enum hm_status walk_verify(struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf sct = hm_buf_init(HM_MAX_CERT);
	struct hm_sct scts[HM_MAX_SCTS];
	size_t n;

	enum hm_status st = hm_sct_list(&walked.cert, scts, &n, err);
	if (st == HM_OK)
		st = hm_sct_verify(&scts[0], &walked.cert, walked.ca.signer.key.spki, &walked.log.signer.key, err);
	if (st == HM_OK)
		st =
		    hm_sct_sign(HM_STR("tbs"), walked.ca.signer.key.spki, &walked.log.signer, 1, HM_STR(""), &sct, err);
	return st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	issue(&walked, HM_KEY_P256, "");
	walk_failures("SCT", walk_verify);
	issued_done(&walked);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),       cmocka_unit_test(test_ours),
		cmocka_unit_test(test_log_that_cannot), cmocka_unit_test(test_lists),
		cmocka_unit_test(test_number_of_scts),  cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/sct", tests, NULL, NULL);
}
