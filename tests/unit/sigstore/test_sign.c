/* Signing: a session against services of the test's own, right, or wrong in one thing. */
#include "offered.h"

#include "base/parallel.h"
#include "sigstore/fulcio.h"
#include "sigstore/rekor.h"
#include "sigstore/tsa.h"
#include "trace/otlp.h"

static struct instance *in;
static struct hm_trust *trust;
static struct offered offered;

#define TOKEN HM_STR("the.token.itself")

static int set_up(void **state)
{
	(void)state;
	in = instance_new();
	in->fault = RIGHT;
	trust = instance_trust(in);
	offered_init(&offered, in);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hm_trust_free(trust);
	instance_free(in);
	return 0;
}

/* Whoever gets the bundle: reads and verifies it by an identity, or a key. */
static void assert_good(const struct hm_signed *made, const struct hm_key *key, const struct hm_artifact *artifact,
			const struct hm_verify_opts *opts)
{
	const struct hm_verify_policy policy = {
		.identity = key ? (struct hm_str){ 0 } : HM_STR(IDENTITY),
		.issuer = key ? (struct hm_str){ 0 } : HM_STR(ISSUER),
		.key = key,
	};
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	struct hm_verified *verified = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_bundle_parse(hm_signed_text(made), &bundle, &err), &err);
	assert_int_equal(bundle.version, HM_BUNDLE_V03);
	assert_ok(hm_bundle_verify(trust, &bundle, artifact, &policy, opts, &verified, &err), &err);
	hm_verified_free(verified);
}

static const struct hm_str artifact_bytes = HM_STR(ARTIFACT);

/* One session, one signature; err says what stopped it. */
static enum hm_status sign_once(bool as_statement, struct hm_signed **ret_signed, struct hm_err *err)
{
	const struct hm_signing_services services = offered_services(&offered, trust);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;

	enum hm_status st = hm_signing_new(&services, TOKEN, NULL, &signing, err);
	if (st != HM_OK)
		return st;
	if (!as_statement)
		return hm_sign_blob(signing, &artifact, NULL, ret_signed, err);
	return hm_sign_statement(signing, make_statement(in), NULL, ret_signed, err);
}

static void test_signs_a_blob_and_a_statement(void **state)
{
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);

	(void)state;
	for (int as_statement = 0; as_statement < 2; as_statement++) {
		HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
		const struct hm_verified_entry *entries;
		const struct hm_verified_time *times;
		struct hm_err err = { 0 };

		offered_init(&offered, in);
		assert_ok(sign_once(as_statement, &made, &err), &err);
		assert_good(made, NULL, &artifact, NULL);
		assert_true(offered.asked[OF_CA] == 1 && offered.asked[OF_TSA] == 1 && offered.asked[OF_LOG] == 1);
		assert_int_equal(hm_verified_entries(hm_signed_verified(made), &entries), 1);
		assert_int_equal(entries[0].index, 4);
		assert_int_equal(hm_verified_times(hm_signed_verified(made), &times), 1);
		assert_int_equal(times[0].time_ns, NOW * HM_NS_PER_S);
		const struct hm_bundle *bundle = hm_signed_bundle(made);
		assert_int_equal(bundle->content, as_statement ? HM_CONTENT_DSSE : HM_CONTENT_MESSAGE);
		assert_int_equal(bundle->certs.count, 1);
		assert_int_equal(bundle->entries[0].integrated_time_s, 0);
		if (as_statement) {
			assert_true(hm_str_eq(bundle->dsse.payload, make_statement(in)));
			assert_true(hm_str_eq(hm_verified_payload(hm_signed_verified(made)), make_statement(in)));
			assert_int_equal(bundle->dsse.keyid.len, 0);
		}
	}
}

static const struct row {
	const char *name;
	enum hiccup hiccup;
	int where;
	enum fault fault;
	enum hm_reason want;
	unsigned logged; /* how often the log was asked: not before all else is good */
} rows[] = {
	/* what may go wrong with any of them */
	{ "the authority fails", ANSWER_500, OF_CA, RIGHT, HM_R_HTTP_ANSWER, 0 },
	{ "the authority refuses", ANSWER_400, OF_CA, RIGHT, HM_R_HTTP_REFUSED, 0 },
	{ "the authority denies", ANSWER_401, OF_CA, RIGHT, HM_R_HTTP_DENIED, 0 },
	{ "no authority there", ANSWER_404, OF_CA, RIGHT, HM_R_HTTP_NOT_FOUND, 0 },
	{ "the authority is busy", ANSWER_429, OF_CA, RIGHT, HM_R_HTTP_BUSY, 0 },
	{ "a token goes nowhere else", ANSWER_REDIRECT, OF_CA, RIGHT, HM_R_HTTP_ANSWER, 0 },
	{ "another type of answer", ANSWER_TYPE, OF_CA, RIGHT, HM_R_HTTP_ANSWER, 0 },
	{ "an empty answer", ANSWER_EMPTY, OF_CA, RIGHT, HM_R_JSON_SYNTAX, 0 },
	{ "an answer cut off", ANSWER_CUT, OF_CA, RIGHT, HM_R_JSON_SYNTAX, 0 },
	{ "brackets without end", ANSWER_JUNK, OF_CA, RIGHT, HM_R_DATA_KIND, 0 },
	{ "an answer without end", ANSWER_HUGE, OF_CA, RIGHT, HM_R_HTTP_TOO_LARGE, 0 },
	{ "no connection", ANSWER_NONE, OF_CA, RIGHT, HM_R_NET_CONNECT, 0 },
	{ "201 is as good", ANSWER_201, OF_CA, RIGHT, HM_R_OK, 1 },
	{ "the stamper fails", ANSWER_500, OF_TSA, RIGHT, HM_R_HTTP_ANSWER, 0 },
	{ "the stamper refuses", ANSWER_400, OF_TSA, RIGHT, HM_R_HTTP_REFUSED, 0 },
	{ "a stamp of another type", ANSWER_TYPE, OF_TSA, RIGHT, HM_R_HTTP_ANSWER, 0 },
	{ "no stamp", ANSWER_EMPTY, OF_TSA, RIGHT, HM_R_TSP_FORMAT, 0 },
	{ "a stamp cut off", ANSWER_CUT, OF_TSA, RIGHT, HM_R_TSP_FORMAT, 0 },
	{ "a stamp of junk", ANSWER_JUNK, OF_TSA, RIGHT, HM_R_TSP_FORMAT, 0 },
	{ "a stamp without end", ANSWER_HUGE, OF_TSA, RIGHT, HM_R_HTTP_TOO_LARGE, 0 },
	{ "no stamper", ANSWER_NONE, OF_TSA, RIGHT, HM_R_NET_CONNECT, 0 },
	{ "the log fails", ANSWER_500, OF_LOG, RIGHT, HM_R_HTTP_ANSWER, 1 },
	{ "the log refuses", ANSWER_400, OF_LOG, RIGHT, HM_R_HTTP_REFUSED, 1 },
	{ "the log has it", ANSWER_409, OF_LOG, RIGHT, HM_R_HTTP_CONFLICT, 1 },
	{ "an entry of another type", ANSWER_TYPE, OF_LOG, RIGHT, HM_R_HTTP_ANSWER, 1 },
	{ "no entry", ANSWER_EMPTY, OF_LOG, RIGHT, HM_R_JSON_SYNTAX, 1 },
	{ "an entry cut off", ANSWER_CUT, OF_LOG, RIGHT, HM_R_JSON_SYNTAX, 1 },
	{ "an entry without end", ANSWER_HUGE, OF_LOG, RIGHT, HM_R_HTTP_TOO_LARGE, 1 },
	{ "no log", ANSWER_NONE, OF_LOG, RIGHT, HM_R_NET_CONNECT, 1 },
	/* certificates */
	{ "a certificate of another key", CERT_OTHER_KEY, OF_CA, RIGHT, HM_R_FULCIO_KEY, 0 },
	{ "a detached SCT", CERT_DETACHED, OF_CA, RIGHT, HM_R_FULCIO_SCT, 0 },
	{ "no chain", CERT_NO_CHAIN, OF_CA, RIGHT, HM_R_FULCIO_ANSWER, 0 },
	{ "an empty chain", CERT_NO_CERTIFICATES, OF_CA, RIGHT, HM_R_FULCIO_ANSWER, 0 },
	{ "no PEM", CERT_NO_PEM, OF_CA, RIGHT, HM_R_PEM, 0 },
	{ "PEM of junk", CERT_JUNK_DER, OF_CA, RIGHT, HM_R_X509_FORMAT, 0 },
	{ "eleven certificates", CERT_MANY, OF_CA, RIGHT, HM_R_JSON_LIMIT, 0 },
	{ "unknown members", CERT_MORE_MEMBERS, OF_CA, RIGHT, HM_R_OK, 1 },
	{ "no SCT", FINE, OF_CA, NO_SCT, HM_R_FULCIO_SCT, 0 },
	{ "an SCT by nobody", FINE, OF_CA, SCT_UNKNOWN, HM_R_SCT_LOG, 0 },
	{ "an SCT of another certificate", FINE, OF_CA, SCT_OTHER_CERT, HM_R_SCT_SIGNATURE, 0 },
	{ "an SCT cut off", FINE, OF_CA, SCT_CUT, HM_R_SCT_FORMAT, 0 },
	{ "a certificate of nobody", FINE, OF_CA, CERT_OF_NOBODY, HM_R_CERT_SAN, 0 },
	{ "a certificate of two", FINE, OF_CA, CERT_OF_TWO, HM_R_CERT_SAN, 0 },
	{ "a certificate without issuer", FINE, OF_CA, CERT_NO_ISSUER, HM_R_IDENTITY_ISSUER, 0 },
	{ "a certificate that is over", FINE, OF_CA, CERT_EXPIRED, HM_R_CERT_TIME, 0 },
	{ "a certificate to come", FINE, OF_CA, CERT_NOT_YET, HM_R_CERT_TIME, 0 },
	{ "a certificate by another authority", FINE, OF_CA, CERT_OTHER_CA_SAME_NAME, HM_R_CERT_AUTHORITY, 0 },
	{ "a forged certificate", FINE, OF_CA, CERT_FORGED, HM_R_X509_SIGNATURE, 0 },
	{ "a certificate for something else", FINE, OF_CA, CERT_NO_EKU, HM_R_X509_USAGE, 0 },
	{ "a certificate of an authority", FINE, OF_CA, CERT_IS_CA, HM_R_X509_USAGE, 0 },
	/* time stamps */
	{ "a stamp refused", STAMP_REFUSED, OF_TSA, RIGHT, HM_R_TSP_STATUS, 0 },
	{ "a stamp of something else", STAMP_OTHER_IMPRINT, OF_TSA, RIGHT, HM_R_TSP_IMPRINT, 0 },
	{ "a stamp by another algorithm", STAMP_OTHER_ALG, OF_TSA, RIGHT, HM_R_TSP_IMPRINT, 0 },
	{ "a stamp without the nonce", STAMP_NO_NONCE, OF_TSA, RIGHT, HM_R_TSP_NONCE, 0 },
	{ "a stamp for another request", STAMP_OTHER_NONCE, OF_TSA, RIGHT, HM_R_TSP_NONCE, 0 },
	{ "a stamp by nobody", STAMP_BY_UNKNOWN, OF_TSA, RIGHT, HM_R_TIMESTAMP_UNTRUSTED, 0 },
	{ "a stamp before the certificate", FINE, OF_TSA, TSA_EARLY, HM_R_CERT_TIME, 0 },
	{ "a stamp after the certificate", FINE, OF_TSA, TSA_LATE, HM_R_CERT_TIME, 0 },
	/* log entries */
	{ "an entry of something else", LOGGED_OTHER_DIGEST, OF_LOG, RIGHT, HM_R_TLOG_ENTRY, 1 },
	{ "an entry of another signature", LOGGED_OTHER_SIGNATURE, OF_LOG, RIGHT, HM_R_TLOG_ENTRY, 1 },
	{ "an entry of another signer", LOGGED_OTHER_KEY, OF_LOG, RIGHT, HM_R_TLOG_ENTRY, 1 },
	{ "another body", LOGGED_OTHER_BODY, OF_LOG, RIGHT, HM_R_TLOG_ENTRY, 1 },
	{ "an entry of Rekor v1", LOGGED_V1_KIND, OF_LOG, RIGHT, HM_R_TLOG_KIND, 1 },
	{ "an entry of an unknown kind", LOGGED_UNKNOWN_KIND, OF_LOG, RIGHT, HM_R_TLOG_KIND, 1 },
	{ "an entry without proof", LOGGED_NO_PROOF, OF_LOG, RIGHT, HM_R_BUNDLE_PROOF, 1 },
	{ "an entry without body", LOGGED_NO_BODY, OF_LOG, RIGHT, HM_R_OK, 1 },
	{ "an entry with what nobody signed", LOGGED_WITH_TIME, OF_LOG, RIGHT, HM_R_OK, 1 },
	{ "an unknown member", LOGGED_UNKNOWN_FIELD, OF_LOG, RIGHT, HM_R_DATA_UNKNOWN, 1 },
	{ "an entry of an unknown log", FINE, OF_LOG, ENTRY_UNKNOWN_LOG, HM_R_TLOG_UNKNOWN, 1 },
	{ "a wrong proof", FINE, OF_LOG, PROOF_HASH, HM_R_TLOG_INCLUSION, 1 },
	{ "a short proof", FINE, OF_LOG, PROOF_SHORT, HM_R_TLOG_INCLUSION, 1 },
	{ "a proof of another index", FINE, OF_LOG, PROOF_INDEX, HM_R_TLOG_INDEX, 1 },
	{ "a wrong root", FINE, OF_LOG, PROOF_ROOT, HM_R_TLOG_ROOT, 1 },
	{ "a wrong size", FINE, OF_LOG, PROOF_SIZE, HM_R_TLOG_ROOT, 1 },
	{ "no checkpoint", FINE, OF_LOG, NO_CHECKPOINT, HM_R_BUNDLE_CHECKPOINT, 1 },
	{ "a checkpoint of another log", FINE, OF_LOG, CHECKPOINT_ORIGIN, HM_R_TLOG_ORIGIN, 1 },
	{ "a checkpoint by another key", FINE, OF_LOG, CHECKPOINT_KEY, HM_R_TLOG_UNSIGNED, 1 },
	{ "a changed checkpoint", FINE, OF_LOG, CHECKPOINT_TEXT, HM_R_TLOG_SIGNATURE, 1 },
	{ "a witnessed checkpoint", FINE, OF_LOG, CHECKPOINT_WITNESSED, HM_R_OK, 1 },
};

static void test_what_services_may_answer(void **state)
{
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int as_statement = 0; as_statement < 2; as_statement++) {
			HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
			struct hm_err err = { 0 };

			offered_init(&offered, in);
			offered.hiccup = rows[i].hiccup;
			offered.where = rows[i].where;
			in->fault = rows[i].fault;
			enum hm_status st = sign_once(as_statement, &made, &err);
			in->fault = RIGHT;
			if (rows[i].want == HM_R_OK) {
				assert_ok(st, &err);
				assert_good(made, NULL, &artifact, NULL);
				const struct hm_log_entry *entry = &hm_signed_bundle(made)->entries[0];
				assert_true(entry->body.len > 0);
				assert_true(entry->promise.len == 0 && entry->integrated_time_s == 0);
			} else {
				assert_refused(rows[i].name, st, &err, rows[i].want);
				assert_null(made);
			}
			if (offered.asked[OF_LOG] != rows[i].logged)
				fail_msg("%s: the log was asked %u times", rows[i].name, offered.asked[OF_LOG]);
		}
	}
}

static void test_what_the_authority_said_is_told(void **state)
{
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	struct hm_err err = { 0 };

	(void)state;
	offered_init(&offered, in);
	offered.hiccup = ANSWER_400;
	assert_refused("refused", sign_once(false, &made, &err), &err, HM_R_HTTP_REFUSED);
	assert_non_null(strstr(err.cause, "not so"));
	assert_non_null(strstr(err.cause, "https://ca.test/base/api/v2/signingCert"));
	assert_null(strstr(err.cause, "token"));
	assert_string_equal(err.ctx, "get a certificate");
}

/* --- sessions --- */

static enum hm_status sign_one_of_many(void *ctx, size_t i, struct hm_err *err)
{
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	struct hm_signing *signing = ctx;
	char text[20];
	struct hm_str bytes = hm_str_of(text, (size_t)snprintf(text, sizeof(text), "artifact %zu", i));
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);

	enum hm_status st = hm_sign_blob(signing, &artifact, NULL, &made, err);
	if (st == HM_OK)
		assert_good(made, NULL, &artifact, NULL);
	return st;
}

static void test_one_session_signs_many_at_once_each(void **state)
{
	const struct hm_signing_services services = offered_services(&offered, trust);
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	struct hm_err err = { 0 };

	(void)state;
	offered_init(&offered, in);
	assert_ok(hm_signing_new(&services, TOKEN, NULL, &signing, &err), &err);
	assert_true(hm_str_is(hm_signing_identity(signing)->subject, IDENTITY));
	assert_int_equal(hm_signing_key(signing)->kind, HM_KEY_P256);
	assert_ok(hm_parallel(4, 20, sign_one_of_many, signing, &err), &err);
	assert_true(offered.asked[OF_CA] == 1 && offered.asked[OF_TSA] == 20 && offered.asked[OF_LOG] == 20);
}

static void test_whom_the_certificate_must_name(void **state)
{
	static const struct {
		const char *identity, *issuer;
		enum hm_reason want;
	} names[] = {
		{ IDENTITY, ISSUER, HM_R_OK },
		{ IDENTITY, NULL, HM_R_OK },
		{ NULL, ISSUER, HM_R_OK },
		{ "https://ci.example/buil", ISSUER, HM_R_IDENTITY_SUBJECT },
		{ IDENTITY, "https://other.example", HM_R_IDENTITY_ISSUER },
	};
	const struct hm_signing_services services = offered_services(&offered, trust);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct hm_sign_opts opts = { .identity = hm_str(names[i].identity),
						   .issuer = hm_str(names[i].issuer) };
		HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
		struct hm_err err = { 0 };

		offered_init(&offered, in);
		enum hm_status st = hm_signing_new(&services, TOKEN, &opts, &signing, &err);
		if (names[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused("name", st, &err, names[i].want);
	}
}

static void test_sessions_that_cannot_be(void **state)
{
	struct hm_signing_services services = offered_services(&offered, trust);
	static char long_token[HM_MAX_JWT + 1];
	const struct hm_str tokens[] = { HM_STR(""), HM_STR("a b"), HM_STR("a\r\nX: b"), HM_STR("a\xc3\xa4"),
					 hm_str_of(long_token, sizeof(long_token)) };
	const struct hm_sign_opts as_rsa = { .key_details = HM_DETAILS_RSA2048_SHA256 };
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	struct hm_err err = { 0 };

	(void)state;
	offered_init(&offered, in);
	memset(long_token, 'a', sizeof(long_token));
	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_refused("token", hm_signing_new(&services, tokens[i], NULL, &signing, &err), &err, HM_R_USAGE);
	assert_refused("services", hm_signing_new(NULL, TOKEN, NULL, &signing, &err), &err, HM_R_USAGE);
	assert_refused("key", hm_signing_new_keyed(&services, &in->user, &as_rsa, &signing, &err), &err, HM_R_USAGE);
	services.tsas_count = 0;
	assert_refused("tsas", hm_signing_new(&services, TOKEN, NULL, &signing, &err), &err, HM_R_USAGE);
	services.tsas_count = HM_MAX_SIGNING_SERVICES + 1;
	assert_refused("tsas", hm_signing_new(&services, TOKEN, NULL, &signing, &err), &err, HM_R_LIMIT);
	services.tsas_count = 1;
	services.trust = NULL;
	assert_refused("trust", hm_signing_new(&services, TOKEN, NULL, &signing, &err), &err, HM_R_USAGE);
	assert_refused("trust", hm_signing_new_keyed(&services, &in->user, NULL, &signing, &err), &err, HM_R_USAGE);
	assert_int_equal(offered.asked[OF_CA] + offered.asked[OF_TSA] + offered.asked[OF_LOG], 0);
}

/* --- keys of the signer's own --- */

static void sign_keyed(const struct hm_signing_services *services, bool as_statement, struct hm_signed **ret_made,
		       struct hm_err *err, enum hm_status *ret_st)
{
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;

	assert_ok(hm_signing_new_keyed(services, &in->user, NULL, &signing, err), err);
	assert_null(hm_signing_identity(signing));
	*ret_st = as_statement ? hm_sign_statement(signing, make_statement(in), NULL, ret_made, err)
			       : hm_sign_blob(signing, &artifact, NULL, ret_made, err);
}

static void test_every_kind_of_key(void **state)
{
	static const enum hm_key_kind kinds[] = { HM_KEY_P384, HM_KEY_P521, HM_KEY_RSA, HM_KEY_ED25519, HM_KEY_P256 };
	const struct hm_verify_opts without_tlog = { .without_tlog = true };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		instance_user(in, kinds[i]);
		for (int how = 0; how < 8; how++) {
			bool as_statement = how & 1, with_log = how & 2, with_stamp = how & 4;
			struct hm_signing_services services = offered_services(&offered, trust);
			const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);
			HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
			HM_OWN(hm_buf_done) struct hm_buf hint = hm_buf_init(100);
			struct hm_err err = { 0 };
			enum hm_status st;

			offered_init(&offered, in);
			services.tlogs_count = with_log;
			services.tsas_count = with_stamp;
			sign_keyed(how ? &services : NULL, as_statement, &made, &err, &st);
			assert_ok(st, &err);
			assert_good(made, &in->user.key, &artifact, with_log ? NULL : &without_tlog);
			const struct hm_bundle *bundle = hm_signed_bundle(made);
			hm_base64_encode(&hint, HM_BASE64_STD, in->user.key.id.b, HM_HASH_LEN);
			assert_true(hm_str_eq(bundle->key_hint, hm_buf_str(&hint)));
			assert_int_equal(bundle->dsse.keyid.len, 0);
			assert_int_equal(bundle->entries_count, with_log);
			assert_int_equal(bundle->timestamps_count, with_stamp);
		}
	}
}

static void test_statements_that_cannot_be_signed(void **state)
{
	static const struct {
		const char *text;
		enum hm_reason want;
	} statements[] = {
		{ "", HM_R_DSSE_STATEMENT },
		{ "{}", HM_R_DSSE_STATEMENT },
		{ "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[],\"predicateType\":\"a\"}",
		  HM_R_DSSE_STATEMENT },
		{ "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"a\",\"digest\":"
		  "{\"gitCommit\":\"ab\"}}],\"predicateType\":\"https://a\",\"predicate\":{}}",
		  HM_R_ARTIFACT_SUBJECT },
		{ "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"a\",\"digest\":"
		  "{\"sha256\":\"ab\"}}],\"predicateType\":\"https://a\",\"predicate\":{}}",
		  HM_R_ARTIFACT_SUBJECT },
	};
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	struct hm_err err = { 0 };

	(void)state;
	assert_ok(hm_signing_new_keyed(NULL, &in->user, NULL, &signing, &err), &err);
	for (size_t i = 0; i < COUNT(statements); i++) {
		struct hm_signed *made = NULL;
		assert_refused(statements[i].text,
			       hm_sign_statement(signing, hm_str(statements[i].text), NULL, &made, &err), &err,
			       statements[i].want);
	}
}

/* --- spans --- */

static void test_spans(void **state)
{
	const struct hm_signing_services services = offered_services(&offered, trust);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	static const char *const names[] = { "certificate", "sign blob", "time stamp", "log entry", "tlog.root" };
	struct hm_sign_opts opts = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	offered_init(&offered, in);
	assert_ok(hm_tracer_new(NULL, &tracer, &err), &err);
	struct hm_span *parent = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("run"));
	opts.tracer = tracer;
	opts.parent = hm_span_context(parent);
	assert_ok(hm_signing_new(&services, TOKEN, &opts, &signing, &err), &err);
	assert_ok(hm_sign_blob(signing, &artifact, NULL, &made, &err), &err);
	made = hm_signed_free(made);
	in->fault = PROOF_ROOT;
	assert_refused("root", hm_sign_blob(signing, &artifact, NULL, &made, &err), &err, HM_R_TLOG_ROOT);
	in->fault = RIGHT;
	hm_span_end(parent);
	assert_ok(hm_otlp_encode(tracer, &text, &err), &err);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(hm_str_find(hm_buf_str(&text), hm_str(names[i])) >= 0);
	assert_true(hm_str_find(hm_buf_str(&text), TOKEN) < 0);
}

/* --- memory --- */

static void test_every_allocation_failure(void **state)
{
	const struct hm_signing_services services = offered_services(&offered, trust);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&artifact_bytes);
	const struct hm_str statement = make_statement(in);

	(void)state;
	for (int how = 0; how < 3; how++) {
		bool failed = true;
		for (unsigned long n = 1; failed; n++) {
			HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
			HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
			struct hm_err err = { 0 };

			offered_init(&offered, in);
			hm_mem_fail_at(n);
			enum hm_status st = how == 2 ? hm_signing_new_keyed(NULL, &in->user, NULL, &signing, &err)
						     : hm_signing_new(&services, TOKEN, NULL, &signing, &err);
			if (st == HM_OK && how == 1)
				st = hm_sign_statement(signing, statement, NULL, &made, &err);
			else if (st == HM_OK)
				st = hm_sign_blob(signing, &artifact, NULL, &made, &err);
			failed = hm_mem_has_failed();
			hm_mem_fail_at(0);
			if (failed && st != HM_ENOMEM)
				fail_msg("allocation %lu of %d: %s: %s", n, how, hm_status_name(st), err.cause);
			assert_true(n < 5000);
		}
	}
}

/* A right stamp, and over the signature: but a SHA-256 was sent, so this is no answer. */
static void test_a_stamp_by_another_algorithm(void **state)
{
	const struct hm_str signature = HM_STR("a signature"), nonce = HM_STR("\x41\x42");
	const struct hm_part part = { signature.ptr, signature.len };
	const struct hm_cert chain[] = { in->tsa.leaf_cert, in->tsa.step_cert, in->tsa.root_cert };
	const struct hm_tsp_authority authority = { &in->tsa.leaf, chain, 3, HM_OID_SIGSTORE_TSA };
	const uint8_t serial[HM_SERIAL_LEN] = { 1 };

	(void)state;
	for (enum hm_digest_alg alg = HM_SHA256; alg <= HM_SHA512; alg++) {
		HM_OWN(hm_buf_done) struct hm_buf reply = hm_buf_init(64 * HM_KIB);
		struct hm_tsp_request request = { .nonce = nonce, .cert_req = true };
		struct hm_verified_time time;
		struct hm_err err = { 0 };

		assert_ok(hm_crypto_digest(alg, &part, 1, &request.imprint, &err), &err);
		assert_ok(hm_tsp_reply(&authority, &request, NOW, serial, &reply, &err), &err);
		enum hm_status st = hm_tsa_reply_check(hm_buf_str(&reply), signature, nonce, trust, &time, &err);
		if (alg == HM_SHA256)
			assert_ok(st, &err);
		else
			assert_refused("algorithm", st, &err, HM_R_TSP_IMPRINT);
	}
}

/* --- nobody asks why --- */

static void test_without_an_error(void **state)
{
	static const struct {
		enum hiccup hiccup;
		int where;
		enum fault fault;
	} some[] = {
		{ CERT_OTHER_KEY, OF_CA, RIGHT },    { FINE, OF_CA, CERT_EXPIRED },
		{ STAMP_BY_UNKNOWN, OF_TSA, RIGHT }, { STAMP_NO_NONCE, OF_TSA, RIGHT },
		{ FINE, OF_LOG, PROOF_HASH },        { LOGGED_OTHER_DIGEST, OF_LOG, RIGHT },
		{ FINE, OF_CA, CERT_NO_ISSUER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(some); i++) {
		HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;

		offered_init(&offered, in);
		offered.hiccup = some[i].hiccup;
		offered.where = some[i].where;
		in->fault = some[i].fault;
		assert_int_not_equal(sign_once(i % 2, &made, NULL), HM_OK);
		in->fault = RIGHT;
	}
}

/* --- limits of answers --- */

static void test_limits_of_answers(void **state)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(SIZE_MAX);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(SIZE_MAX), der = { 0 };
	const struct hm_log_claim claim = { .details = HM_DETAILS_P256_SHA256 };
	struct hm_log_entry entry;
	struct hm_err err = { 0 };

	(void)state;
	_Static_assert(HM_MAX_TSA_ANSWER > HM_MAX_TSP_CERTS * HM_MAX_CERT, "a reply with all certificates fits");
	memset(hm_buf_add_space(&text, HM_MAX_REKOR_ANSWER), ' ', HM_MAX_REKOR_ANSWER);
	assert_refused("blanks", hm_rekor_answer_parse(hm_buf_str(&text), trust, &claim, &arena, &entry, &err), &err,
		       HM_R_JSON_SYNTAX);
	hm_buf_add_char(&text, ' ');
	assert_refused("too large", hm_rekor_answer_parse(hm_buf_str(&text), trust, &claim, &arena, &entry, &err), &err,
		       HM_R_LIMIT);
	struct hm_str blanks = hm_str_head(hm_buf_str(&text), HM_MAX_FULCIO_ANSWER);
	assert_refused("blanks", hm_fulcio_answer_parse(blanks, &in->user.key, &der, &err), &err, HM_R_JSON_SYNTAX);
	blanks.len++;
	assert_refused("too large", hm_fulcio_answer_parse(blanks, &in->user.key, &der, &err), &err, HM_R_JSON_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs_a_blob_and_a_statement),
		cmocka_unit_test(test_what_services_may_answer),
		cmocka_unit_test(test_what_the_authority_said_is_told),
		cmocka_unit_test(test_one_session_signs_many_at_once_each),
		cmocka_unit_test(test_whom_the_certificate_must_name),
		cmocka_unit_test(test_sessions_that_cannot_be),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_every_allocation_failure),
		cmocka_unit_test(test_statements_that_cannot_be_signed),
		cmocka_unit_test(test_a_stamp_by_another_algorithm),
		cmocka_unit_test(test_without_an_error),
		cmocka_unit_test(test_limits_of_answers),
		cmocka_unit_test(test_every_kind_of_key),
	};
	return cmocka_run_group_tests_name("sign", tests, set_up, tear_down);
}
