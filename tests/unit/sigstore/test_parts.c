/* Envelopes, statements, bodies of log entries, identities, artifacts: each alone. */
#include "instance.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/tree.h"
#include "sigstore/log_body.h"
#include "sigstore/subjects.h"

#include <fcntl.h>

/* secure-systems-lab/dsse, protocol.md, test vectors */
static void test_pae(void **state)
{
	(void)state;
	static const struct {
		const char *type, *payload, *pae;
	} rows[] = {
		{ "http://example.com/HelloWorld", "hello world",
		  "DSSEv1 29 http://example.com/HelloWorld 11 hello world" },
		{ "", "", "DSSEv1 0  0 " },
		{ "a b", "c d", "DSSEv1 3 a b 3 c d" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf pae = hm_buf_init(1000);
		hm_pae_encode(hm_str(rows[i].type), hm_str(rows[i].payload), &pae);
		assert_true(hm_str_is(hm_buf_str(&pae), rows[i].pae));
	}
}

static void test_envelopes(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "one",
		  "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\",\"keyid\":\"k\"}]}",
		  HM_R_OK },
		{ "no key id", "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"AAAA\"}]}", HM_R_OK },
		{ "none", "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[]}", HM_R_BUNDLE_SIGNATURES },
		{ "no list", "{\"payload\":\"aGk=\",\"payloadType\":\"t\"}", HM_R_BUNDLE_SIGNATURES },
		{ "two",
		  "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"},{\"sig\":\"AAAA\"}]}",
		  HM_R_BUNDLE_SIGNATURES },
		{ "no payload", "{\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AAAA\"}]}", HM_R_DATA_MISSING },
		{ "no type", "{\"payload\":\"aGk=\",\"signatures\":[{\"sig\":\"AAAA\"}]}", HM_R_DATA_MISSING },
		{ "no Base64", "{\"payload\":\"aGk\",\"payloadType\":\"t\",\"signatures\":[]}", HM_R_DATA_VALUE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000);
		struct hm_json_writer w = hm_json_writer_init(&text, NULL);
		struct hm_dsse dsse, again;
		struct hm_err err = { 0 };
		enum hm_status st = hm_dsse_parse(hm_str(rows[i].text), &arena, &dsse, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		hm_dsse_write(&dsse, &w);
		assert_ok(hm_json_writer_check(&w, "envelope", &err), &err);
		assert_ok(hm_dsse_parse(hm_buf_str(&text), &arena, &again, &err), &err);
		assert_true(hm_str_eq(dsse.payload, again.payload) && hm_str_eq(dsse.signature, again.signature));
		assert_true(hm_str_eq(dsse.keyid, again.keyid) && hm_str_eq(dsse.payload_type, again.payload_type));
	}
}

#define STATEMENT(subjects)                                                                                            \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"p\",\"subject\":[" subjects                \
	"],\"predicate\":{}}"
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void test_subjects(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want, found;
	} rows[] = {
		{ "one", STATEMENT("{\"name\":\"a\",\"digest\":{\"sha256\":\"" HELLO "\"}}"), HM_R_OK, HM_R_OK },
		{ "upper case",
		  STATEMENT(
		      "{\"digest\":{\"sha256\":\"2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824\"}}"),
		  HM_R_OK, HM_R_OK },
		{ "the second",
		  STATEMENT("{\"digest\":{}},{\"uri\":\"x\",\"digest\":{\"md5\":\"1\",\"sha256\":\"" HELLO "\"}}"),
		  HM_R_OK, HM_R_OK },
		{ "v0.1",
		  "{\"_type\":\"https://in-toto.io/Statement/"
		  "v0.1\",\"predicateType\":\"p\",\"subject\":[{\"digest\":{\"sha256\":\"" HELLO "\"}}]}",
		  HM_R_OK, HM_R_OK },
		{ "another digest", STATEMENT("{\"digest\":{\"sha256\":\"00\"}}"), HM_R_OK, HM_R_ARTIFACT_SUBJECT },
		{ "its digest under another name", STATEMENT("{\"digest\":{\"sha512\":\"" HELLO "\"}}"), HM_R_OK,
		  HM_R_ARTIFACT_SUBJECT },
		{ "its digest as the name", STATEMENT("{\"name\":\"" HELLO "\",\"digest\":{}}"), HM_R_OK,
		  HM_R_ARTIFACT_SUBJECT },
		{ "no subjects", STATEMENT(""), HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "no digests", STATEMENT("{\"name\":\"a\"}"), HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "another type",
		  "{\"_type\":\"https://in-toto.io/Statement/"
		  "v2\",\"predicateType\":\"p\",\"subject\":[{\"digest\":{}}]}",
		  HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "no predicate type", "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{}}]}",
		  HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "an array", "[]", HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "nothing", "", HM_R_DSSE_STATEMENT, HM_R_OK },
		{ "two types",
		  "{\"_type\":\"https://in-toto.io/Statement/"
		  "v1\",\"_type\":\"x\",\"predicateType\":\"p\",\"subject\":[{\"digest\":{}}]}",
		  HM_R_DSSE_STATEMENT, HM_R_OK },
	};
	const struct hm_str hello = HM_STR("hello");
	const struct hm_artifact artifact = hm_artifact_of_bytes(&hello);

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_subjects subjects;
		struct hm_digest digest;
		struct hm_err err = { 0 };
		enum hm_status st = hm_subjects_parse(hm_str(rows[i].text), &arena, &subjects, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		st = hm_subjects_find(&subjects, &artifact, &digest, &err);
		if (rows[i].found == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].found);
	}
}

static void test_subject_limits(void **state)
{
	(void)state;
	for (int row = 0; row < 4; row++) {
		size_t subjects = row < 2 ? HM_MAX_SUBJECTS + (size_t)row : 1;
		size_t digests = row < 2 ? 1 : HM_MAX_SUBJECT_DIGESTS + (size_t)row - 2;
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(16 * HM_MIB);
		struct hm_subjects read;
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&text,
				"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"p\",\"subject\":[");
		for (size_t i = 0; i < subjects; i++) {
			hm_buf_addf(&text, "%s{\"digest\":{", i > 0 ? "," : "");
			for (size_t j = 0; j < digests; j++)
				hm_buf_addf(&text, "%s\"alg%zu\":\"00\"", j > 0 ? "," : "", j);
			hm_buf_add_cstr(&text, "}}");
		}
		hm_buf_add_cstr(&text, "]}");
		enum hm_status st = hm_subjects_parse(hm_buf_str(&text), &arena, &read, &err);
		if (row % 2 == 0)
			assert_ok(st, &err);
		else
			assert_refused("limit", st, &err, HM_R_JSON_LIMIT);
	}
}

#define PEM_OF                    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUZrdwotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0K"
#define SHA                       "\"algorithm\":\"sha256\",\"value\":\"" HELLO "\""
#define BODY(kind, version, spec) "{\"apiVersion\":\"" version "\",\"kind\":\"" kind "\",\"spec\":{" spec "}}"
#define DIGEST2                   "\"data\":{\"algorithm\":\"SHA2_256\",\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum hm_log_kind kind;
		const char *text;
		bool good;
	} rows[] = {
		{ "hashedrekord 0.0.1", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"data\":{\"hash\":{" SHA
		       "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  true },
		{ "another version", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.2",
		       "\"data\":{\"hash\":{" SHA
		       "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  false },
		{ "another kind", HM_LOG_HASHEDREKORD_V1,
		  BODY("rekord", "0.0.1",
		       "\"data\":{\"hash\":{" SHA
		       "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  false },
		{ "an unknown field", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"more\":1,\"data\":{\"hash\":{" SHA
		       "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  false },
		{ "a digest by SHA-1", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"data\":{\"hash\":{\"algorithm\":\"sha1\",\"value\":\"00\"}},\"signature\":{\"content\":"
		       "\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  false },
		{ "a short digest", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"data\":{\"hash\":{\"algorithm\":\"sha256\",\"value\":\"00\"}},\"signature\":{\"content\":"
		       "\"AAAA\",\"publicKey\":{\"content\":\"" PEM_OF "\"}}"),
		  false },
		{ "no PEM", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"data\":{\"hash\":{" SHA
		       "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":\"AAAA\"}}"),
		  false },
		{ "another PEM", HM_LOG_HASHEDREKORD_V1,
		  BODY("hashedrekord", "0.0.1",
		       "\"data\":{\"hash\":{" SHA "}},\"signature\":{\"content\":\"AAAA\",\"publicKey\":{\"content\":"
		       "\"LS0tLS1CRUdJTiBYLS0tLS0KTUZrdwotLS0tLUVORCBYLS0tLS0K\"}}"),
		  false },
		{ "dsse 0.0.1", HM_LOG_DSSE_V1,
		  BODY("dsse", "0.0.1",
		       "\"envelopeHash\":{" SHA "},\"payloadHash\":{" SHA
		       "},\"signatures\":[{\"signature\":\"AAAA\",\"verifier\":\"" PEM_OF "\"}]"),
		  true },
		{ "two signatures", HM_LOG_DSSE_V1,
		  BODY("dsse", "0.0.1",
		       "\"payloadHash\":{" SHA "},\"signatures\":[{\"signature\":\"AAAA\",\"verifier\":\"" PEM_OF
		       "\"},{\"signature\":\"AAAA\",\"verifier\":\"" PEM_OF "\"}]"),
		  false },
		{ "no signatures", HM_LOG_DSSE_V1, BODY("dsse", "0.0.1", "\"payloadHash\":{" SHA "},\"signatures\":[]"),
		  false },
		{ "intoto 0.0.2", HM_LOG_INTOTO_V1,
		  BODY("intoto", "0.0.2",
		       "\"content\":{\"envelope\":{\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"QUFBQQ==\","
		       "\"publicKey\":\"" PEM_OF "\"}]},\"hash\":{" SHA "},\"payloadHash\":{" SHA "}}"),
		  true },
		{ "hash before envelope", HM_LOG_INTOTO_V1,
		  BODY("intoto", "0.0.2",
		       "\"content\":{\"payloadHash\":{" SHA "},\"hash\":{" SHA
		       "},\"envelope\":{\"signatures\":[{\"keyid\":\"k\",\"sig\":\"QUFBQQ==\",\"publicKey\":\"" PEM_OF
		       "\"}]}}"),
		  true },
		{ "no payload hash", HM_LOG_INTOTO_V1,
		  BODY("intoto", "0.0.2",
		       "\"content\":{\"envelope\":{\"signatures\":[{\"sig\":\"QUFBQQ==\",\"publicKey\":\"" PEM_OF
		       "\"}]}}"),
		  false },
		{ "hashedrekord 0.0.2", HM_LOG_HASHEDREKORD_V2,
		  BODY("hashedrekord", "0.0.2",
		       "\"hashedRekordV002\":{" DIGEST2
		       ",\"signature\":{\"content\":\"AAAA\",\"verifier\":{\"keyDetails\":\"x\",\"publicKey\":{"
		       "\"rawBytes\":\"AAAA\"}}}}"),
		  true },
		{ "two signers", HM_LOG_HASHEDREKORD_V2,
		  BODY("hashedrekord", "0.0.2",
		       "\"hashedRekordV002\":{" DIGEST2
		       ",\"signature\":{\"content\":\"AAAA\",\"verifier\":{\"keyDetails\":\"x\",\"publicKey\":{"
		       "\"rawBytes\":\"AAAA\"},\"x509Certificate\":{\"rawBytes\":\"AAAA\"}}}}"),
		  false },
		{ "no signer", HM_LOG_HASHEDREKORD_V2,
		  BODY("hashedrekord", "0.0.2",
		       "\"hashedRekordV002\":{" DIGEST2
		       ",\"signature\":{\"content\":\"AAAA\",\"verifier\":{\"keyDetails\":\"x\"}}}"),
		  false },
		{ "a digest of another length", HM_LOG_HASHEDREKORD_V2,
		  BODY("hashedrekord", "0.0.2",
		       "\"hashedRekordV002\":{\"data\":{\"algorithm\":\"SHA2_384\",\"digest\":\"AAAA\"},\"signature\":{"
		       "\"content\":\"AAAA\",\"verifier\":{\"keyDetails\":\"x\",\"publicKey\":{\"rawBytes\":\"AAAA\"}}}"
		       "}"),
		  false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_log_body body;
		struct hm_err err = { 0 };
		enum hm_status st = hm_log_body_parse(hm_str(rows[i].text), rows[i].kind, &arena, &body, &err);
		if (!rows[i].good) {
			assert_refused(rows[i].name, st, &err, HM_R_TLOG_BODY);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_eq(body.signature, HM_STR("\0\0\0")) && !body.is_cert && body.signer.len == 3);
	}
}

/* What is made for Rekor v2 is what is read, for each kind of key; and some keys cannot be in it. */
static void test_made_bodies(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_details details;
		enum hm_digest_alg alg;
		bool good;
	} rows[] = {
		{ HM_DETAILS_P256_SHA256, HM_SHA256, true }, { HM_DETAILS_P384_SHA384, HM_SHA384, true },
		{ HM_DETAILS_P521_SHA512, HM_SHA512, true }, { HM_DETAILS_RSA3072_SHA256, HM_SHA256, true },
		{ HM_DETAILS_ED25519PH, HM_SHA512, true },   { HM_DETAILS_ED25519, HM_SHA512, false },
		{ HM_DETAILS_NONE, HM_SHA256, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf made = hm_buf_init(10000);
		struct hm_log_claim claim = { .signature = HM_STR("sig"),
					      .spki = HM_STR("key"),
					      .details = rows[i].details };
		struct hm_log_body body;
		unsigned differs;
		struct hm_err err = { 0 };
		claim.digest.alg = rows[i].alg;
		claim.digest.len = hm_digest_len(rows[i].alg);
		if (i % 2)
			claim.cert = HM_STR("certificate");
		enum hm_status st = hm_log_body_make(&claim, &made, &err);
		if (!rows[i].good) {
			assert_refused("made", st, &err, HM_R_TLOG_KIND);
			continue;
		}
		assert_ok(st, &err);
		assert_ok(hm_log_body_parse(hm_buf_str(&made), HM_LOG_HASHEDREKORD_V2, &arena, &body, &err), &err);
		assert_ok(hm_log_body_compare(&body, HM_LOG_HASHEDREKORD_V2, &claim, &differs, &err), &err);
		assert_int_equal(differs, 0);
	}
}

static void test_artifacts(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *dir = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "artifact", &dir, &err), &err);
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/file", dir);
	const struct hm_str bytes = HM_STR("some bytes");
	assert_ok(hm_file_save(path, bytes, 0600, &err), &err);
	for (enum hm_digest_alg alg = HM_SHA256; alg <= HM_SHA512; alg++) {
		const struct hm_artifact memory = hm_artifact_of_bytes(&bytes);
		HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { 0 }, pipe_file = { 0 };
		struct hm_digest digest, other;
		int fds[2];
		assert_ok(memory.digest(memory.ctx, alg, &digest, &err), &err);
		assert_ok(hm_artifact_file_open(path, &file, &err), &err);
		const struct hm_artifact on_disk = hm_artifact_of_file(&file);
		for (int again = 0; again < 2; again++) {
			assert_ok(on_disk.digest(on_disk.ctx, HM_SHA384, &other, &err), &err);
			assert_ok(on_disk.digest(on_disk.ctx, alg, &other, &err), &err);
			assert_true(hm_digest_eq(&digest, &other));
		}
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], bytes.ptr, bytes.len), bytes.len);
		close(fds[1]);
		assert_ok(hm_artifact_file_take(fds[0], "pipe", &pipe_file, &err), &err);
		assert_true(pipe_file.is_stream);
		const struct hm_artifact stream = hm_artifact_of_file(&pipe_file);
		assert_ok(stream.digest(stream.ctx, alg, &other, &err), &err);
		assert_true(hm_digest_eq(&digest, &other));
	}
	struct hm_artifact_file none;
	assert_refused("no file", hm_artifact_file_open("/nowhere/file", &none, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_ok(hm_tree_remove(dir, &err), &err);
}

static void test_digest_texts(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "sha256:" HELLO, true },
		{ "sha512:" HELLO HELLO, true },
		{ "sha512:" HELLO, false },
		{ "sha1:" HELLO, false },
		{ HELLO, false },
		{ "sha256:", false },
		{ "sha256:" HELLO "00", false },
		{ "", false },
		{ "sha256:zz", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_digest digest;
		struct hm_err err = { 0 };
		enum hm_status st = hm_artifact_digest_parse(hm_str(rows[i].text), &digest, &err);
		if (rows[i].good)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].text, st, &err, HM_R_ENCODING);
	}
}

/* Names and claims of certificates. */
static void test_identities(void **state)
{
	(void)state;
	static const struct {
		enum fault fault;
		enum hm_identity_kind kind;
		const char *subject, *issuer;
	} rows[] = {
		{ RIGHT, HM_IDENTITY_URI, IDENTITY, ISSUER },
		{ CERT_OLD_ISSUER, HM_IDENTITY_URI, IDENTITY, ISSUER },
		{ CERT_NO_ISSUER, HM_IDENTITY_URI, IDENTITY, "" },
		{ CERT_EMAIL, HM_IDENTITY_EMAIL, "somebody@ci.example", ISSUER },
		{ CERT_USERNAME, HM_IDENTITY_USERNAME, "somebody!ci.example", ISSUER },
		{ CERT_OF_TWO, 0, NULL, NULL },
		{ CERT_OF_NOBODY, 0, NULL, NULL },
		{ CERT_DNS, 0, NULL, NULL },
	};
	struct instance *in = instance_new();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_identity identity;
		struct hm_cert cert;
		struct hm_str text;
		struct hm_err err = { 0 };
		in->fault = rows[i].fault;
		assert_ok(hm_cert_parse(make_cert(in, &in->user.key), &cert, &err), &err);
		enum hm_status st = hm_identity_read(&cert, &identity, &err);
		if (!rows[i].subject) {
			assert_refused("names", st, &err, HM_R_CERT_SAN);
			continue;
		}
		assert_ok(st, &err);
		assert_int_equal(identity.kind, rows[i].kind);
		assert_true(hm_str_is(identity.subject, rows[i].subject) && hm_str_is(identity.issuer, rows[i].issuer));
		assert_int_equal(hm_fulcio_claim(&cert, HM_CLAIM_ISSUER, &text),
				 rows[i].fault != CERT_OLD_ISSUER && rows[i].fault != CERT_NO_ISSUER);
		assert_false(hm_fulcio_claim(&cert, HM_CLAIM_SOURCE_REF, &text));
	}
	instance_free(in);
}

/* Each claim by its name and by its OID, and nothing else. */
static void test_claim_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int want; /* 0: no claim */
	} rows[] = {
		{ "issuer", 8 },
		{ "issuerV1", 1 },
		{ "githubWorkflowSHA", 3 },
		{ "buildSignerURI", 9 },
		{ "sourceRepositoryURI", 12 },
		{ "tokenSubject", 24 },
		{ "1.3.6.1.4.1.57264.1.1", 1 },
		{ "1.3.6.1.4.1.57264.1.12", 12 },
		{ "1.3.6.1.4.1.57264.1.24", 24 },
		{ "1.3.6.1.4.1.57264.1.7", 0 },
		{ "1.3.6.1.4.1.57264.1.0", 0 },
		{ "1.3.6.1.4.1.57264.1.25", 0 },
		{ "1.3.6.1.4.1.57264.1.012", 0 },
		{ "1.3.6.1.4.1.57264.1", 0 },
		{ "12", 0 },
		{ "SourceRepositoryURI", 0 },
		{ "sourceRepositoryUR", 0 },
		{ "", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum hm_fulcio_claim claim = (enum hm_fulcio_claim)0;
		bool is_one = hm_fulcio_claim_from_name(hm_str(rows[i].name), &claim);
		if (is_one != (rows[i].want != 0) || (int)claim != rows[i].want)
			fail_msg("'%s': %d", rows[i].name, (int)claim);
	}
	for (int n = 1; n <= HM_CLAIM_LAST; n++) {
		enum hm_fulcio_claim claim;
		if (n == 7)
			continue;
		assert_true(hm_fulcio_claim_from_name(hm_str(hm_fulcio_claim_name((enum hm_fulcio_claim)n)), &claim));
		assert_int_equal(claim, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pae),        cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_subjects),   cmocka_unit_test(test_subject_limits),
		cmocka_unit_test(test_bodies),     cmocka_unit_test(test_made_bodies),
		cmocka_unit_test(test_artifacts),  cmocka_unit_test(test_digest_texts),
		cmocka_unit_test(test_identities), cmocka_unit_test(test_claim_names),
	};
	return cmocka_run_group_tests_name("sigstore/parts", tests, NULL, NULL);
}
