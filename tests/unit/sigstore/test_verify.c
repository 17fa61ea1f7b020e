/* Verification: bundles of an instance of the test's own, right, or wrong in one thing. */
#include "instance.h"

#include "base/mem.h"
#include "base/parallel.h"

static struct instance *in;

static int set_up(void **state)
{
	(void)state;
	in = instance_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	instance_free(in);
	return 0;
}

static const struct hm_verify_policy by_identity = { .identity = HM_STR(IDENTITY), .issuer = HM_STR(ISSUER) };

/* The bundle as text, read again: so that nothing is verified that could not have been read. */
static enum hm_status verify_bundle(const struct hm_bundle *made, const struct hm_verify_policy *policy,
				    const struct hm_verify_opts *opts, struct hm_verified **ret_verified,
				    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	struct hm_trust *trust = instance_trust(in);
	struct hm_verified *verified = NULL;
	enum hm_status st = HM_OK;

	/* Only version 0.3 is written. */
	if (made->version == HM_BUNDLE_V03) {
		st = hm_bundle_encode(made, &text, err);
		if (st == HM_OK)
			st = hm_bundle_parse(hm_buf_str(&text), &bundle, err);
		made = &bundle;
	}
	if (st == HM_OK)
		st = hm_bundle_verify(trust, made, &artifact, policy, opts, &verified, err);
	hm_verified_free(verified);
	hm_trust_free(trust);
	if (ret_verified)
		*ret_verified = NULL;
	return st;
}

static enum hm_status verify_made(const struct recipe *r, enum fault fault, const struct hm_verify_opts *opts,
				  struct hm_err *err)
{
	struct hm_bundle made = make_bundle(in, r, fault);
	const struct hm_verify_policy by_key = { .key = &in->user.key };

	return verify_bundle(&made, r->material == HM_MATERIAL_KEY ? &by_key : &by_identity, opts, NULL, err);
}

#define MSG(l)                                                                                                         \
	{                                                                                                              \
		.log = l, .content = HM_CONTENT_MESSAGE, .material = HM_MATERIAL_CERT                                  \
	}
#define DSSE(l)                                                                                                        \
	{                                                                                                              \
		.log = l, .content = HM_CONTENT_DSSE, .material = HM_MATERIAL_CERT                                     \
	}
#define KEY(l)                                                                                                         \
	{                                                                                                              \
		.log = l, .content = HM_CONTENT_MESSAGE, .material = HM_MATERIAL_KEY                                   \
	}
#define KEYD(l)                                                                                                        \
	{                                                                                                              \
		.log = l, .content = HM_CONTENT_DSSE, .material = HM_MATERIAL_KEY                                      \
	}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct recipe recipe;
		enum fault fault;
		enum hm_reason want;
	} rows[] = {
		{ "a message in log 2", MSG(V2), RIGHT, HM_R_OK },
		{ "an envelope in log 2", DSSE(V2), RIGHT, HM_R_OK },
		{ "a message in log 1", MSG(V1), RIGHT, HM_R_OK },
		{ "an envelope in log 1", DSSE(V1), RIGHT, HM_R_OK },
		{ "a message by a key in log 2", KEY(V2), RIGHT, HM_R_OK },
		{ "an envelope by a key in log 2", KEYD(V2), RIGHT, HM_R_OK },
		{ "a message by a key in log 1", KEY(V1), RIGHT, HM_R_OK },
		{ "an envelope by a key in log 1", KEYD(V1), RIGHT, HM_R_OK },

		{ "no SCT", MSG(V2), NO_SCT, HM_R_SCT_MISSING },
		{ "two SCTs of one log", MSG(V2), SCT_TWICE, HM_R_SCT_DUPLICATE },
		{ "SCTs of two logs", MSG(V2), SCT_OF_TWO_LOGS, HM_R_OK },
		{ "an SCT of an unknown log too", MSG(V2), SCT_AND_UNKNOWN, HM_R_OK },
		{ "an SCT of an unknown log alone", MSG(V2), SCT_UNKNOWN, HM_R_SCT_LOG },
		{ "an SCT of another certificate", MSG(V2), SCT_OTHER_CERT, HM_R_SCT_SIGNATURE },
		{ "an SCT from before its log was trusted", MSG(V2), SCT_EARLY, HM_R_SCT_TIME },
		{ "an SCT that is cut", MSG(V2), SCT_CUT, HM_R_SCT_FORMAT },
		{ "a certificate of nobody", MSG(V2), CERT_OF_NOBODY, HM_R_CERT_SAN },
		{ "a certificate of two", MSG(V2), CERT_OF_TWO, HM_R_CERT_SAN },
		{ "a certificate of a host", MSG(V2), CERT_DNS, HM_R_CERT_SAN },
		{ "a certificate without issuer", MSG(V2), CERT_NO_ISSUER, HM_R_IDENTITY_ISSUER },
		{ "a certificate with the old issuer", MSG(V2), CERT_OLD_ISSUER, HM_R_OK },
		{ "somebody else's e-mail address", MSG(V2), CERT_EMAIL, HM_R_IDENTITY_SUBJECT },
		{ "somebody else's user name", MSG(V2), CERT_USERNAME, HM_R_IDENTITY_SUBJECT },
		{ "a certificate that had expired", MSG(V2), CERT_EXPIRED, HM_R_CERT_TIME },
		{ "a certificate that was not valid yet", MSG(V1), CERT_NOT_YET, HM_R_CERT_TIME },
		{ "a certificate of another authority", MSG(V2), CERT_OTHER_CA, HM_R_CERT_AUTHORITY },
		{ "an authority of the same name", MSG(V2), CERT_OTHER_CA_SAME_NAME, HM_R_CERT_AUTHORITY },
		{ "a certificate that was forged", MSG(V2), CERT_FORGED, HM_R_X509_SIGNATURE },
		{ "a certificate for another use", MSG(V2), CERT_NO_EKU, HM_R_X509_USAGE },
		{ "a CA's certificate", MSG(V2), CERT_IS_CA, HM_R_X509_USAGE },
		{ "a certificate that issued itself", MSG(V2), CERT_SELF, HM_R_CERT_AUTHORITY },
		{ "a root in the bundle", MSG(V2), CERT_WITH_ROOT, HM_R_BUNDLE_ROOT },
		{ "the intermediate in the bundle", MSG(V2), CERT_CHAIN, HM_R_OK },
		{ "an authority that is no longer trusted", MSG(V2), CA_RETIRED, HM_R_CERT_VALIDITY },
		{ "an authority that had expired", MSG(V2), CA_EXPIRED, HM_R_CERT_TIME },

		{ "no time stamp", MSG(V2), NO_TIMESTAMP, HM_R_TIMESTAMP_MISSING },
		{ "no time stamp, and a key", KEY(V2), NO_TIMESTAMP, HM_R_OK },
		{ "an unknown authority", MSG(V2), TSA_UNKNOWN, HM_R_TIMESTAMP_UNTRUSTED },
		{ "an unknown authority, and a key", KEY(V2), TSA_UNKNOWN, HM_R_TIMESTAMP_UNTRUSTED },
		{ "an authority that is no longer trusted", MSG(V2), TSA_RETIRED, HM_R_TIMESTAMP_VALIDITY },
		{ "another authority that is no longer", MSG(V2), TSA_OTHER_RETIRED, HM_R_OK },
		{ "an authority that had expired", MSG(V2), TSA_EXPIRED, HM_R_TIMESTAMP_EXPIRED },
		{ "a time stamp of other bytes", MSG(V2), TSA_OTHER_BYTES, HM_R_TSP_IMPRINT },
		{ "a time stamp before the certificate", MSG(V2), TSA_EARLY, HM_R_CERT_TIME },
		{ "a time stamp after the certificate", MSG(V2), TSA_LATE, HM_R_CERT_TIME },
		{ "a time stamp that is cut", MSG(V2), TSA_CUT, HM_R_TSP_FORMAT },
		{ "the same time stamp twice", MSG(V2), TSA_TWICE, HM_R_BUNDLE_DUPLICATE },
		{ "a second one by an unknown authority", MSG(V2), TSA_SECOND_UNKNOWN, HM_R_TIMESTAMP_UNTRUSTED },

		{ "no log entry", MSG(V2), NO_ENTRY, HM_R_TLOG_MISSING },
		{ "no log entry, and a key", KEY(V2), NO_ENTRY, HM_R_TLOG_MISSING },
		{ "the same log entry twice", MSG(V2), ENTRY_TWICE, HM_R_BUNDLE_DUPLICATE },
		{ "entries in two logs", MSG(V2), ENTRY_TWO_LOGS, HM_R_OK },
		{ "an entry of an unknown log", MSG(V2), ENTRY_UNKNOWN_LOG, HM_R_TLOG_UNKNOWN },
		{ "an entry of an unknown log 1", MSG(V1), ENTRY_UNKNOWN_LOG, HM_R_TLOG_UNKNOWN },
		{ "an entry of an unknown kind", MSG(V2), ENTRY_KIND, HM_R_TLOG_KIND },
		{ "an entry of dsse 0.0.2", DSSE(V2), ENTRY_KIND_OLD_DSSE, HM_R_TLOG_KIND },
		{ "a body of another kind", MSG(V2), ENTRY_BODY_KIND, HM_R_TLOG_ENTRY },
		{ "a body of another kind in log 1", MSG(V1), ENTRY_BODY_KIND, HM_R_TLOG_BODY },
		{ "a body that is junk", MSG(V2), ENTRY_BODY_JUNK, HM_R_TLOG_ENTRY },
		{ "a body that is junk in log 1", MSG(V1), ENTRY_BODY_JUNK, HM_R_TLOG_BODY },
		{ "no body", MSG(V2), ENTRY_NO_BODY, HM_R_OK },
		{ "no body in log 1", MSG(V1), ENTRY_NO_BODY, HM_R_TLOG_SET },
		{ "an entry of another signature", MSG(V2), ENTRY_OTHER_SIGNATURE, HM_R_TLOG_ENTRY_SIG },
		{ "an entry of another signature, log 1", MSG(V1), ENTRY_OTHER_SIGNATURE, HM_R_TLOG_ENTRY_SIG },
		{ "an envelope's entry of another signature", DSSE(V2), ENTRY_OTHER_SIGNATURE, HM_R_TLOG_ENTRY_SIG },
		{ "the same in log 1", DSSE(V1), ENTRY_OTHER_SIGNATURE, HM_R_TLOG_ENTRY_SIG },
		{ "an entry of another digest", MSG(V2), ENTRY_OTHER_DIGEST, HM_R_TLOG_ENTRY_DIGEST },
		{ "an entry of another digest, log 1", MSG(V1), ENTRY_OTHER_DIGEST, HM_R_TLOG_ENTRY_DIGEST },
		{ "an envelope's entry of another digest", DSSE(V2), ENTRY_OTHER_DIGEST, HM_R_TLOG_ENTRY_DIGEST },
		{ "an envelope's entry of another payload", DSSE(V1), ENTRY_OTHER_DIGEST, HM_R_TLOG_ENTRY_DIGEST },
		{ "an entry of another certificate", MSG(V2), ENTRY_OTHER_KEY, HM_R_TLOG_ENTRY_KEY },
		{ "an entry of another certificate, log 1", MSG(V1), ENTRY_OTHER_KEY, HM_R_TLOG_ENTRY_KEY },
		{ "an envelope's entry of another certificate", DSSE(V1), ENTRY_OTHER_KEY, HM_R_TLOG_ENTRY_KEY },
		{ "an entry of another key", KEY(V2), ENTRY_OTHER_KEY, HM_R_TLOG_ENTRY_KEY },
		{ "an entry of another key, log 1", KEY(V1), ENTRY_OTHER_KEY, HM_R_TLOG_ENTRY_KEY },
		{ "another entry", MSG(V2), ENTRY_OTHER_ALL, HM_R_TLOG_ENTRY },
		{ "another entry, log 1", DSSE(V1), ENTRY_OTHER_ALL, HM_R_TLOG_ENTRY },
		{ "an entry of another kind of key", MSG(V2), ENTRY_OTHER_DETAILS, HM_R_TLOG_ENTRY_KEY },
		{ "a proof with a hash changed", MSG(V2), PROOF_HASH, HM_R_TLOG_INCLUSION },
		{ "a proof with a hash changed, log 1", MSG(V1), PROOF_HASH, HM_R_TLOG_INCLUSION },
		{ "a proof that is short", MSG(V2), PROOF_SHORT, HM_R_TLOG_INCLUSION },
		{ "a proof of another index", MSG(V2), PROOF_INDEX, HM_R_TLOG_INDEX },
		{ "a proof of another index, log 1", MSG(V1), PROOF_INDEX, HM_R_TLOG_INCLUSION },
		{ "an index past the tree", MSG(V2), PROOF_INDEX_LARGE, HM_R_TLOG_INDEX },
		{ "an index past the tree, log 1", MSG(V1), PROOF_INDEX_LARGE, HM_R_TLOG_INDEX },
		{ "another root beside the checkpoint", MSG(V2), PROOF_ROOT, HM_R_TLOG_ROOT },
		{ "another size beside the checkpoint", MSG(V1), PROOF_SIZE, HM_R_TLOG_ROOT },
		{ "no checkpoint", MSG(V2), NO_CHECKPOINT, HM_R_BUNDLE_CHECKPOINT },
		{ "no checkpoint, log 1", MSG(V1), NO_CHECKPOINT, HM_R_BUNDLE_CHECKPOINT },
		{ "a checkpoint of another log", MSG(V2), CHECKPOINT_ORIGIN, HM_R_TLOG_ORIGIN },
		{ "a checkpoint of another log, log 1", MSG(V1), CHECKPOINT_ORIGIN, HM_R_TLOG_ORIGIN },
		{ "an origin with a number", MSG(V2), CHECKPOINT_ORIGIN_MORE, HM_R_TLOG_ORIGIN },
		{ "a checkpoint under another name", MSG(V2), CHECKPOINT_NAME, HM_R_TLOG_UNSIGNED },
		{ "a checkpoint by another key", MSG(V2), CHECKPOINT_KEY, HM_R_TLOG_UNSIGNED },
		{ "a checkpoint that was changed", MSG(V2), CHECKPOINT_TEXT, HM_R_TLOG_SIGNATURE },
		{ "a checkpoint that was changed, log 1", MSG(V1), CHECKPOINT_TEXT, HM_R_TLOG_SIGNATURE },
		{ "a witnessed checkpoint", MSG(V2), CHECKPOINT_WITNESSED, HM_R_OK },
		{ "a SET of another body", MSG(V1), SET_OTHER_BODY, HM_R_TLOG_SET },
		{ "a SET of another index", MSG(V1), SET_OTHER_INDEX, HM_R_TLOG_SET },
		{ "a SET of another time", MSG(V1), SET_OTHER_TIME, HM_R_TLOG_SET },
		{ "a SET by another key", MSG(V1), SET_OTHER_KEY, HM_R_TLOG_SET },
		{ "a SET after the certificate", MSG(V1), SET_LATE, HM_R_CERT_TIME },
		{ "a time that no SET vouches for", MSG(V1), NO_SET, HM_R_TIMESTAMP_MISSING },
		{ "a key needs no time", KEY(V1), NO_SET, HM_R_OK },
		{ "a log that is no longer trusted", MSG(V2), LOG_RETIRED, HM_R_TLOG_VALIDITY },
		{ "a log that is not trusted yet", MSG(V2), LOG_NOT_YET, HM_R_TLOG_VALIDITY },
		{ "a log 1 that is no longer trusted", MSG(V1), LOG_RETIRED, HM_R_TLOG_VALIDITY },
		{ "a log 1 that is not trusted yet", MSG(V1), LOG_NOT_YET, HM_R_TLOG_VALIDITY },
		{ "an unsigned time after the certificate", MSG(V2), TIME_UNSIGNED_LATE, HM_R_TLOG_TIME },

		{ "a signature by another key", MSG(V2), SIG_OTHER_KEY, HM_R_SIG_INVALID },
		{ "an envelope signed by another key", DSSE(V2), SIG_OTHER_KEY, HM_R_SIG_INVALID },
		{ "a key's signature by another key", KEY(V1), SIG_OTHER_KEY, HM_R_SIG_INVALID },
		{ "a signature that was changed", MSG(V1), SIG_FLIPPED, HM_R_SIG_INVALID },
		{ "an empty signature", MSG(V2), SIG_EMPTY, HM_R_BUNDLE_CONTENT },
		{ "another digest as the hint", MSG(V2), DIGEST_HINT, HM_R_ARTIFACT_DIGEST },
		{ "a digest by another algorithm", MSG(V2), DIGEST_HINT_ALG, HM_R_SIG_SCHEME },
		{ "no hint", MSG(V2), NO_DIGEST_HINT, HM_R_OK },
		{ "an envelope of something else", DSSE(V2), PAYLOAD_TYPE, HM_R_DSSE_TYPE },
		{ "a payload that is cut", DSSE(V2), PAYLOAD_JUNK, HM_R_DSSE_STATEMENT },
		{ "a payload that is no statement", DSSE(V1), PAYLOAD_NO_STATEMENT, HM_R_DSSE_STATEMENT },
		{ "a statement about something else", DSSE(V2), SUBJECT_OTHER, HM_R_ARTIFACT_SUBJECT },
		{ "a statement by SHA-512", DSSE(V2), SUBJECT_SHA512, HM_R_OK },
		{ "a statement by another algorithm", DSSE(V2), SUBJECT_OTHER_ALG, HM_R_ARTIFACT_SUBJECT },
		{ "a statement about two", DSSE(V1), SUBJECT_SECOND, HM_R_OK },
		{ "an envelope's key id that is not the hint", KEYD(V2), KEYID, HM_R_BUNDLE_KEYID },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = verify_made(&rows[i].recipe, rows[i].fault, NULL, &err);
		if (rows[i].want == HM_R_OK && st != HM_OK)
			fail_msg("%s: %s: %s: %s", rows[i].name, hm_reason_code(err.reason), err.ctx, err.cause);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_key_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum hm_key_kind kind;
		struct recipe recipe;
		enum hm_reason want;
	} rows[] = {
		{ "P-384", HM_KEY_P384, MSG(V2), HM_R_OK },
		{ "P-384, envelope", HM_KEY_P384, DSSE(V2), HM_R_OK },
		{ "P-521", HM_KEY_P521, KEY(V2), HM_R_OK },
		{ "P-521, log 1", HM_KEY_P521, MSG(V1), HM_R_OK },
		{ "RSA", HM_KEY_RSA, MSG(V2), HM_R_OK },
		{ "RSA, envelope", HM_KEY_RSA, KEYD(V1), HM_R_OK },
		{ "RSA-PSS, log 1",
		  HM_KEY_RSA,
		  { .log = V1, .material = HM_MATERIAL_KEY, .has_sig = true, .sig = HM_SIG_RSA_PSS_SHA256 },
		  HM_R_OK },
		{ "Ed25519ph", HM_KEY_ED25519, MSG(V2), HM_R_OK },
		{ "Ed25519ph, log 1", HM_KEY_ED25519, KEY(V1), HM_R_OK },
		{ "Ed25519, envelope, log 1", HM_KEY_ED25519, DSSE(V1), HM_R_OK },
		{ "Ed25519ph, envelope",
		  HM_KEY_ED25519,
		  { .log = V2, .content = HM_CONTENT_DSSE, .has_sig = true, .sig = HM_SIG_ED25519PH },
		  HM_R_OK },
		{ "P-384 with SHA-256, log 1",
		  HM_KEY_P384,
		  { .log = V1, .material = HM_MATERIAL_KEY, .has_sig = true, .sig = HM_SIG_ECDSA_SHA256 },
		  HM_R_OK },
		{ "P-384 with SHA-256, envelope, log 1",
		  HM_KEY_P384,
		  { .log = V1, .content = HM_CONTENT_DSSE, .has_sig = true, .sig = HM_SIG_ECDSA_SHA256 },
		  HM_R_OK },
		{ "P-256 with SHA-512",
		  HM_KEY_P256,
		  { .log = V1, .has_sig = true, .sig = HM_SIG_ECDSA_SHA512 },
		  HM_R_SIG_SCHEME },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		instance_user(in, rows[i].kind);
		enum hm_status st = verify_made(&rows[i].recipe, RIGHT, NULL, &err);
		if (rows[i].want == HM_R_OK && st != HM_OK)
			fail_msg("%s: %s: %s: %s", rows[i].name, hm_reason_code(err.reason), err.ctx, err.cause);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	instance_user(in, HM_KEY_P256);
}

static void test_policies(void **state)
{
	(void)state;
	const struct hm_key *key = &in->user.key, *other = &in->other_user.key;
	const struct recipe cert = MSG(V2), own = KEY(V2), own_1 = KEY(V1);
	const struct {
		const char *name;
		const struct recipe *recipe;
		struct hm_verify_policy policy;
		enum hm_reason want;
	} rows[] = {
		{ "as wanted", &cert, by_identity, HM_R_OK },
		{ "another identity",
		  &cert,
		  { HM_STR("https://ci.example/buil"), HM_STR(ISSUER) },
		  HM_R_IDENTITY_SUBJECT },
		{ "a longer identity", &cert, { HM_STR(IDENTITY "x"), HM_STR(ISSUER) }, HM_R_IDENTITY_SUBJECT },
		{ "a pattern", &cert, { HM_STR(".*"), HM_STR(ISSUER) }, HM_R_IDENTITY_SUBJECT },
		{ "another issuer", &cert, { HM_STR(IDENTITY), HM_STR(ISSUER "/") }, HM_R_IDENTITY_ISSUER },
		{ "no identity", &cert, { .issuer = HM_STR(ISSUER) }, HM_R_USAGE },
		{ "no issuer", &cert, { .identity = HM_STR(IDENTITY) }, HM_R_USAGE },
		{ "nothing", &cert, { .key = NULL }, HM_R_USAGE },
		{ "both", &cert, { HM_STR(IDENTITY), HM_STR(ISSUER), key, HM_DETAILS_NONE }, HM_R_USAGE },
		{ "half and a key", &own, { .identity = HM_STR(IDENTITY), .key = key }, HM_R_USAGE },
		{ "a key for a certificate", &cert, { .key = key }, HM_R_IDENTITY_CERT },
		{ "an identity for a key", &own, by_identity, HM_R_IDENTITY_NO_KEY },
		{ "the key", &own, { .key = key }, HM_R_OK },
		{ "the key and its way", &own, { .key = key, .key_details = HM_DETAILS_P256_SHA256 }, HM_R_OK },
		{ "the key and another way", &own, { .key = key, .key_details = HM_DETAILS_ED25519 }, HM_R_USAGE },
		{ "another key", &own, { .key = other }, HM_R_IDENTITY_KEY },
		{ "another key, log 1", &own_1, { .key = other }, HM_R_IDENTITY_KEY },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_bundle made = make_bundle(in, rows[i].recipe, RIGHT);
		struct hm_err err = { 0 };
		enum hm_status st = verify_bundle(&made, &rows[i].policy, NULL, NULL, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_options(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct recipe recipe;
		enum fault fault;
		struct hm_verify_opts opts;
		enum hm_reason want;
	} rows[] = {
		{ "no SCT wanted", MSG(V2), NO_SCT, { .without_sct = true }, HM_R_OK },
		{ "no SCT wanted, other time", MSG(V2), TSA_LATE, { .without_sct = true }, HM_R_CERT_TIME },
		{ "no log wanted", MSG(V2), NO_ENTRY, { .without_tlog = true }, HM_R_OK },
		{ "no log wanted, one that does not fit", MSG(V2), ENTRY_OTHER_ALL, { .without_tlog = true }, HM_R_OK },
		{ "no log wanted, bad signature", MSG(V2), SIG_OTHER_KEY, { .without_tlog = true }, HM_R_SIG_INVALID },
		{ "no log wanted, bad envelope", DSSE(V2), SIG_FLIPPED, { .without_tlog = true }, HM_R_SIG_INVALID },
		{ "no log wanted, so no time", MSG(V1), RIGHT, { .without_tlog = true }, HM_R_TIMESTAMP_MISSING },
		{ "no log wanted, a key", KEY(V1), NO_ENTRY, { .without_tlog = true }, HM_R_OK },
		{ "two logs wanted", MSG(V2), RIGHT, { .tlogs = 2 }, HM_R_TLOG_MISSING },
		{ "two logs wanted and there", MSG(V2), ENTRY_TWO_LOGS, { .tlogs = 2 }, HM_R_OK },
		{ "two logs wanted and there, 1 first", DSSE(V1), ENTRY_TWO_LOGS, { .tlogs = 2 }, HM_R_OK },
		{ "three logs wanted", MSG(V2), ENTRY_TWO_LOGS, { .tlogs = 3 }, HM_R_TLOG_MISSING },
		{ "a time stamp wanted", MSG(V2), RIGHT, { .timestamps = 1 }, HM_R_OK },
		{ "a time stamp wanted, a SET there", MSG(V1), RIGHT, { .timestamps = 1 }, HM_R_TIMESTAMP_MISSING },
		{ "two time stamps wanted", MSG(V2), RIGHT, { .timestamps = 2 }, HM_R_TIMESTAMP_MISSING },
		{ "stamps not looked at",
		  KEY(V2),
		  TSA_OTHER_BYTES,
		  { .without_tlog = true, .without_timestamps = true },
		  HM_R_OK },
		{ "stamps not looked at, so no time",
		  MSG(V2),
		  RIGHT,
		  { .without_timestamps = true },
		  HM_R_TIMESTAMP_MISSING },
		{ "no subject wanted", DSSE(V2), SUBJECT_OTHER, { .without_subject = true }, HM_R_OK },
		{ "no subject wanted, bad signature",
		  DSSE(V2),
		  SIG_OTHER_KEY,
		  { .without_subject = true },
		  HM_R_SIG_INVALID },
		{ "no subject wanted, no statement",
		  DSSE(V2),
		  PAYLOAD_NO_STATEMENT,
		  { .without_subject = true },
		  HM_R_DSSE_STATEMENT },
		{ "no subject wanted, a message",
		  MSG(V2),
		  DIGEST_HINT,
		  { .without_subject = true },
		  HM_R_ARTIFACT_DIGEST },
		{ "the time now", MSG(V1), RIGHT, { .without_tlog = true, .now_ns = NOW * HM_NS_PER_S }, HM_R_OK },
		{ "the time now, a day late",
		  MSG(V1),
		  RIGHT,
		  { .without_tlog = true, .now_ns = (NOW + DAY) * HM_NS_PER_S },
		  HM_R_CERT_TIME },
		{ "the time now does not help a late stamp",
		  MSG(V2),
		  TSA_LATE,
		  { .now_ns = NOW * HM_NS_PER_S },
		  HM_R_CERT_TIME },
		{ "the time now is not asked", MSG(V2), RIGHT, { .now_ns = (NOW + DAY) * HM_NS_PER_S }, HM_R_OK },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = verify_made(&rows[i].recipe, rows[i].fault, &rows[i].opts, &err);
		if (rows[i].want == HM_R_OK && st != HM_OK)
			fail_msg("%s: %s: %s: %s", rows[i].name, hm_reason_code(err.reason), err.ctx, err.cause);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

/* Time stamps of two authorities, and what one operator's two are worth. */
static void test_operators(void **state)
{
	(void)state;
	const struct recipe recipe = MSG(V2);
	const struct hm_verify_opts two = { .timestamps = 2 }, two_logs = { .tlogs = 2 };
	struct hm_bundle made = make_bundle(in, &recipe, ENTRY_TWO_LOGS);
	struct hm_str *stamps = (struct hm_str *)made.timestamps;
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);

	stamps[1] = make_timestamp(in, &in->tsa_2, made.signature, NOW + 1, false);
	made.timestamps_count = 2;
	for (int same = 0; same < 2; same++) {
		struct hm_trusted_root root = instance_root(in);
		struct hm_verified *verified;
		struct hm_trust *trust;
		struct hm_err err = { 0 };
		for (size_t i = 0; same && i < 2; i++)
			root.tsas[i].operator_name = root.tlogs[i].operator_name = HM_STR("one.test");
		assert_ok(hm_trust_new(&root, &trust, &err), &err);
		enum hm_status st = hm_bundle_verify(trust, &made, &artifact, &by_identity, &two, &verified, &err);
		if (same)
			assert_refused("time stamps of one operator", st, &err, HM_R_TIMESTAMP_MISSING);
		else
			assert_ok(st, &err);
		if (st == HM_OK)
			hm_verified_free(verified);
		st = hm_bundle_verify(trust, &made, &artifact, &by_identity, &two_logs, &verified, &err);
		if (same)
			assert_refused("logs of one operator", st, &err, HM_R_TLOG_MISSING);
		else
			assert_ok(st, &err);
		if (st == HM_OK)
			hm_verified_free(verified);
		hm_trust_free(trust);
	}
}

static void test_what_is_established(void **state)
{
	(void)state;
	const struct recipe recipe = DSSE(V2);
	struct hm_bundle made = make_bundle(in, &recipe, ENTRY_TWO_LOGS);
	struct hm_trust *trust = instance_trust(in);
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	const struct hm_verified_entry *entries;
	const struct hm_verified_time *times;
	struct hm_verified *verified;
	struct hm_digest digest;
	struct hm_err err = { 0 };

	assert_ok(hm_bundle_verify(trust, &made, &artifact, &by_identity, NULL, &verified, &err), &err);
	assert_int_equal(hm_verified_times(verified, &times), 2);
	assert_int_equal(times[0].source, HM_TIME_TIMESTAMP);
	assert_true(times[0].time_ns == NOW * HM_NS_PER_S && hm_str_is(times[0].by, "https://tsa.test"));
	assert_int_equal(times[1].source, HM_TIME_LOG);
	assert_true(times[1].time_ns == NOW * HM_NS_PER_S && hm_str_is(times[1].by, "https://log1.test:8443"));
	assert_int_equal(hm_verified_entries(verified, &entries), 2);
	assert_true(entries[0].index == 4 && entries[0].proven_index == 4 && entries[0].integrated_time_s == 0);
	assert_true(hm_str_is(entries[0].kind, "hashedrekord") && hm_str_is(entries[0].log_url, "https://log2.test"));
	assert_true(entries[1].index == 1004 && entries[1].proven_index == 4 && entries[1].integrated_time_s == NOW);
	assert_true(hm_str_is(hm_verified_identity(verified)->subject, IDENTITY));
	assert_true(hm_str_is(hm_verified_identity(verified)->issuer, ISSUER));
	assert_true(hm_str_eq(hm_verified_cert(verified)->der, made.certs.ders[0]));
	assert_true(hm_str_eq(hm_verified_payload(verified), made.dsse.payload));
	assert_true(hm_str_is(hm_verified_predicate_type(verified), "https://example.com/predicate"));
	assert_true(hm_key_eq(hm_verified_key(verified), &in->user.key));
	assert_ok(hm_artifact_of_bytes(&bytes).digest((void *)&bytes, HM_SHA256, &digest, &err), &err);
	assert_true(hm_digest_eq(hm_verified_digest(verified), &digest));
	hm_verified_free(verified);
	hm_trust_free(trust);
}

/* An artifact that is known by a digest alone. */
static void test_digests(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct recipe recipe;
		enum fault fault;
		enum hm_key_kind kind;
		enum hm_digest_alg alg;
		enum hm_reason want;
	} rows[] = {
		{ "the one that is needed", MSG(V2), RIGHT, HM_KEY_P256, HM_SHA256, HM_R_OK },
		{ "another", MSG(V2), RIGHT, HM_KEY_P256, HM_SHA512, HM_R_ARTIFACT_ALGORITHM },
		{ "P-384", MSG(V2), RIGHT, HM_KEY_P384, HM_SHA384, HM_R_OK },
		{ "P-384 by SHA-256", MSG(V2), RIGHT, HM_KEY_P384, HM_SHA256, HM_R_ARTIFACT_ALGORITHM },
		{ "Ed25519", MSG(V2), RIGHT, HM_KEY_ED25519, HM_SHA512, HM_R_OK },
		{ "a subject's", DSSE(V2), RIGHT, HM_KEY_P256, HM_SHA256, HM_R_OK },
		{ "a subject's, another", DSSE(V2), RIGHT, HM_KEY_P256, HM_SHA384, HM_R_ARTIFACT_SUBJECT },
		{ "a subject's by SHA-512", DSSE(V2), SUBJECT_SHA512, HM_KEY_P256, HM_SHA512, HM_R_OK },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_part part = { ARTIFACT, strlen(ARTIFACT) };
		struct hm_verified *verified = NULL;
		struct hm_digest digest;
		struct hm_err err = { 0 };
		instance_user(in, rows[i].kind);
		struct hm_bundle made = make_bundle(in, &rows[i].recipe, rows[i].fault);
		struct hm_trust *trust = instance_trust(in);
		assert_ok(hm_crypto_digest(rows[i].alg, &part, 1, &digest, &err), &err);
		for (int wrong = 0; wrong < 2; wrong++) {
			digest.b[0] ^= (uint8_t)wrong;
			const struct hm_artifact artifact = hm_artifact_of_digest(&digest);
			enum hm_status st =
			    hm_bundle_verify(trust, &made, &artifact, &by_identity, NULL, &verified, &err);
			if (rows[i].want != HM_R_OK)
				assert_refused(rows[i].name, st, &err, rows[i].want);
			else if (wrong)
				assert_refused(rows[i].name, st, &err,
					       rows[i].recipe.content == HM_CONTENT_DSSE ? HM_R_ARTIFACT_SUBJECT
											 : HM_R_ARTIFACT_DIGEST);
			else
				assert_ok(st, &err);
			verified = st == HM_OK ? hm_verified_free(verified) : NULL;
		}
		hm_trust_free(trust);
	}
	instance_user(in, HM_KEY_P256);
}

/* A log's key, a CA and a TSA of kinds that nobody here knows: no obstacle until something is by them. */
static void test_unusable(void **state)
{
	(void)state;
	const struct recipe recipe = MSG(V2);
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	static const struct {
		const char *name;
		int what;
		enum hm_reason want;
	} rows[] = {
		{ "another log", 0, HM_R_OK },
		{ "the log", 1, HM_R_TLOG_UNKNOWN },
		{ "the log of certificates", 2, HM_R_SCT_LOG },
		{ "a log that hashes otherwise", 3, HM_R_TLOG_UNKNOWN },
		{ "a log without a name", 4, HM_R_TLOG_UNSIGNED },
		{ "a log that is said to sign under another id", 5, HM_R_TLOG_UNSIGNED },
	};
	struct hm_bundle made = make_bundle(in, &recipe, RIGHT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_trusted_root root = instance_root(in);
		struct hm_verified *verified;
		struct hm_trust *trust;
		struct hm_err err = { 0 };
		if (rows[i].what == 0 || rows[i].what == 1)
			root.tlogs[rows[i].what].key_details = HM_STR("ML_DSA_65");
		if (rows[i].what == 2)
			root.ctlogs[0].key_details = HM_STR("LMS_SHA256");
		if (rows[i].what == 3)
			root.tlogs[1].hash_algorithm = HM_STR("SHA3_256");
		if (rows[i].what == 4)
			root.tlogs[1].base_url = HM_STR("https://[");
		if (rows[i].what == 5)
			root.tlogs[1].checkpoint_id = HM_STR("abcd");
		assert_ok(hm_trust_new(&root, &trust, &err), &err);
		enum hm_status st = hm_bundle_verify(trust, &made, &artifact, &by_identity, NULL, &verified, &err);
		if (rows[i].want == HM_R_OK) {
			assert_ok(st, &err);
			hm_verified_free(verified);
		} else {
			assert_refused(rows[i].name, st, &err, rows[i].want);
		}
		hm_trust_free(trust);
	}
}

/* Every allocation may fail: never accepted for it, nothing lost. */
static void test_no_memory(void **state)
{
	(void)state;
	static const struct recipe recipes[] = { MSG(V2), DSSE(V1) };
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);

	for (size_t r = 0; r < COUNT(recipes); r++) {
		struct hm_bundle made = make_bundle(in, &recipes[r], RIGHT);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
		struct hm_trusted_root root = instance_root(in);
		struct hm_err err = { 0 };
		enum hm_status st = HM_ENOMEM;
		assert_ok(hm_bundle_encode(&made, &text, &err), &err);
		for (unsigned long n = 1; st != HM_OK; n++) {
			HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
			struct hm_verified *verified = NULL;
			struct hm_trust *trust = NULL;
			hm_mem_fail_at(n);
			st = hm_trust_new(&root, &trust, &err);
			if (st == HM_OK)
				st = hm_bundle_parse(hm_buf_str(&text), &bundle, &err);
			if (st == HM_OK)
				st = hm_bundle_verify(trust, &bundle, &artifact, &by_identity, NULL, &verified, &err);
			bool failed = hm_mem_has_failed();
			hm_mem_fail_at(0);
			if (failed)
				assert_int_equal(st, HM_ENOMEM);
			hm_verified_free(verified);
			hm_trust_free(trust);
			assert_true(n < 5000);
		}
	}
}

struct shared {
	const struct hm_trust *trust;
	struct hm_str text;
};

static enum hm_status verify_shared(void *ctx, size_t i, struct hm_err *err)
{
	const struct shared *shared = ctx;
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	const struct hm_str bytes = HM_STR(ARTIFACT);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	struct hm_verified *verified = NULL;

	(void)i;
	enum hm_status st = hm_bundle_parse(shared->text, &bundle, err);
	if (st == HM_OK)
		st = hm_bundle_verify(shared->trust, &bundle, &artifact, &by_identity, NULL, &verified, err);
	hm_verified_free(verified);
	return st;
}

/* One trust root, many threads; run by hand under the thread sanitizer. */
static void test_threads(void **state)
{
	(void)state;
	const struct recipe recipe = MSG(V2);
	struct hm_bundle made = make_bundle(in, &recipe, ENTRY_TWO_LOGS);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_err err = { 0 };

	assert_ok(hm_bundle_encode(&made, &text, &err), &err);
	struct hm_trust *trust = instance_trust(in);
	struct shared shared = { trust, hm_buf_str(&text) };
	assert_ok(hm_parallel(4, 64, verify_shared, &shared, &err), &err);
	hm_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),    cmocka_unit_test(test_key_kinds),
		cmocka_unit_test(test_policies),  cmocka_unit_test(test_options),
		cmocka_unit_test(test_operators), cmocka_unit_test(test_what_is_established),
		cmocka_unit_test(test_digests),   cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests_name("sigstore/verify", tests, set_up, tear_down);
}
