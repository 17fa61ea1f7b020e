/* The public library's functions: what they accept, what they refuse and as what, and what a stranger may pass. */
#include "sigstore/instance.h"

#include "base/file.h"
#include "base/mem.h"
#include "hallmark/verify.h"

#include <fcntl.h>

static struct instance *in;
static struct hallmark_trust_root *root;

#define V2_MESSAGE                                                                                                     \
	{                                                                                                              \
		.log = V2, .content = HM_CONTENT_MESSAGE, .material = HM_MATERIAL_CERT                                 \
	}
#define V2_DSSE                                                                                                        \
	{                                                                                                              \
		.log = V2, .content = HM_CONTENT_DSSE, .material = HM_MATERIAL_CERT                                    \
	}
#define V1_KEY                                                                                                         \
	{                                                                                                              \
		.log = V1, .content = HM_CONTENT_MESSAGE, .material = HM_MATERIAL_KEY                                  \
	}

static struct hm_buf root_text(void)
{
	struct hm_trusted_root document = instance_root(in);
	struct hm_buf text = hm_buf_init(HM_MAX_TRUSTED_ROOT);
	struct hm_err err;

	assert_ok(hm_trusted_root_encode(&document, NULL, &text, &err), &err);
	return text;
}

static int set_up(void **state)
{
	struct hallmark_error error;

	(void)state;
	in = instance_new();
	HM_OWN(hm_buf_done) struct hm_buf text = root_text();
	return hallmark_trust_root_read(text.ptr, text.len, &root, &error) == HALLMARK_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	hallmark_trust_root_free(root);
	instance_free(in);
	return 0;
}

static struct hm_buf bundle_text(const struct recipe *recipe, enum fault fault)
{
	struct hm_bundle made = make_bundle(in, recipe, fault);
	struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_err err;

	made.version = HM_BUNDLE_V03;
	assert_ok(hm_bundle_encode(&made, &text, &err), &err);
	return text;
}

static struct hallmark_bundle *bundle_of(const struct recipe *recipe, enum fault fault)
{
	HM_OWN(hm_buf_done) struct hm_buf text = bundle_text(recipe, fault);
	struct hallmark_bundle *bundle = NULL;
	struct hallmark_error error;

	if (hallmark_bundle_read(text.ptr, text.len, &bundle, &error) != HALLMARK_OK)
		fail_msg("%s: %s", error.reason, error.text);
	return bundle;
}

#define THE_ARTIFACT                                                                                                   \
	{                                                                                                              \
		.kind = HALLMARK_ARTIFACT_BYTES, .bytes = ARTIFACT, .size = sizeof(ARTIFACT) - 1                       \
	}

static const struct hallmark_artifact right = THE_ARTIFACT;

#define BY_IDENTITY .struct_size = sizeof(struct hallmark_wanted), .identity = IDENTITY, .issuer = ISSUER

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct recipe recipe;
		enum fault fault;
		struct hallmark_wanted wanted;
		struct hallmark_artifact artifact;
		enum hallmark_status status;
		const char *reason;
	} rows[] = {
		{ "right", V2_MESSAGE, RIGHT, { BY_IDENTITY }, THE_ARTIFACT, HALLMARK_OK, "ok" },
		{ "other bytes",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_BYTES, .bytes = "x", .size = 1 },
		  HALLMARK_REFUSED,
		  "artifact.digest" },
		{ "no bytes",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_BYTES },
		  HALLMARK_REFUSED,
		  "artifact.digest" },
		{ "bytes missing",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_BYTES, .size = 1 },
		  HALLMARK_INVALID,
		  "usage" },
		{ "path missing",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_FILE },
		  HALLMARK_INVALID,
		  "usage" },
		{ "no such file",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_FILE, .path = "/proc/self/none" },
		  HALLMARK_UNCHECKED,
		  "file.not-found" },
		{ "no such descriptor",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_FD, .fd = -1 },
		  HALLMARK_UNCHECKED,
		  "file.io" },
		{ "no digest",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_DIGEST, .digest = "sha256:00" },
		  HALLMARK_MALFORMED,
		  "encoding" },
		{ "digest missing",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_DIGEST },
		  HALLMARK_INVALID,
		  "usage" },
		{ "unknown kind of artifact",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = (enum hallmark_artifact_kind)99 },
		  HALLMARK_INVALID,
		  "usage" },
		{ "no kind of artifact",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .path = "x" },
		  HALLMARK_INVALID,
		  "usage" },
		{ "no artifact, a message",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_NONE },
		  HALLMARK_INVALID,
		  "usage" },
		{ "no artifact, a statement",
		  V2_DSSE,
		  SUBJECT_OTHER,
		  { BY_IDENTITY },
		  { .kind = HALLMARK_ARTIFACT_NONE },
		  HALLMARK_OK,
		  "ok" },
		{ "nobody wanted",
		  V2_MESSAGE,
		  RIGHT,
		  { .struct_size = sizeof(struct hallmark_wanted) },
		  THE_ARTIFACT,
		  HALLMARK_INVALID,
		  "usage" },
		{ "an identity of anybody",
		  V2_MESSAGE,
		  RIGHT,
		  { .struct_size = sizeof(struct hallmark_wanted), .identity = IDENTITY },
		  THE_ARTIFACT,
		  HALLMARK_INVALID,
		  "usage" },
		{ "other identity",
		  V2_MESSAGE,
		  RIGHT,
		  { .struct_size = sizeof(struct hallmark_wanted), .identity = "x", .issuer = ISSUER },
		  THE_ARTIFACT,
		  HALLMARK_NOT_ALLOWED,
		  "identity.subject" },
		{ "struct of another size",
		  V2_MESSAGE,
		  RIGHT,
		  { .identity = IDENTITY, .issuer = ISSUER },
		  THE_ARTIFACT,
		  HALLMARK_INVALID,
		  "usage" },
		{ "without what is not known",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY, .without = 4 },
		  THE_ARTIFACT,
		  HALLMARK_INVALID,
		  "usage" },
		{ "no SCT", V2_MESSAGE, NO_SCT, { BY_IDENTITY }, THE_ARTIFACT, HALLMARK_REFUSED, "sct.missing" },
		{ "no SCT wanted",
		  V2_MESSAGE,
		  NO_SCT,
		  { BY_IDENTITY, .without = HALLMARK_WITHOUT_SCT },
		  THE_ARTIFACT,
		  HALLMARK_OK,
		  "ok" },
		{ "no entry", V2_MESSAGE, NO_ENTRY, { BY_IDENTITY }, THE_ARTIFACT, HALLMARK_REFUSED, "tlog.missing" },
		{ "no entry wanted",
		  V2_MESSAGE,
		  NO_ENTRY,
		  { BY_IDENTITY, .without = HALLMARK_WITHOUT_TLOG },
		  THE_ARTIFACT,
		  HALLMARK_OK,
		  "ok" },
		{ "two stamps wanted",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY, .timestamps = 2 },
		  THE_ARTIFACT,
		  HALLMARK_REFUSED,
		  "timestamp.missing" },
		{ "two logs wanted",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY, .tlogs = 2 },
		  THE_ARTIFACT,
		  HALLMARK_REFUSED,
		  "tlog.missing" },
		{ "kind of statement",
		  V2_DSSE,
		  RIGHT,
		  { BY_IDENTITY, .predicate_type = "https://example.com/predicate" },
		  THE_ARTIFACT,
		  HALLMARK_OK,
		  "ok" },
		{ "other kind of statement",
		  V2_DSSE,
		  RIGHT,
		  { BY_IDENTITY, .predicate_type = "https://example.com/other" },
		  THE_ARTIFACT,
		  HALLMARK_NOT_ALLOWED,
		  "dsse.predicate-type" },
		{ "kind of a message",
		  V2_MESSAGE,
		  RIGHT,
		  { BY_IDENTITY, .predicate_type = "https://example.com/predicate" },
		  THE_ARTIFACT,
		  HALLMARK_NOT_ALLOWED,
		  "dsse.predicate-type" },
		{ "a key that is none",
		  V1_KEY,
		  RIGHT,
		  { .struct_size = sizeof(struct hallmark_wanted), .key = "x", .key_size = 1 },
		  THE_ARTIFACT,
		  HALLMARK_MALFORMED,
		  "trust.key" },
		{ "an identity for a key",
		  V1_KEY,
		  RIGHT,
		  { BY_IDENTITY },
		  THE_ARTIFACT,
		  HALLMARK_NOT_ALLOWED,
		  "identity.no-key" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hallmark_bundle *bundle = bundle_of(&rows[i].recipe, rows[i].fault);
		struct hallmark_result *result = NULL;
		struct hallmark_error error = { 0 };
		enum hallmark_status status =
		    hallmark_verify(root, bundle, &rows[i].artifact, &rows[i].wanted, &result, &error);
		if (status != rows[i].status || error.status != status || strcmp(error.reason, rows[i].reason) != 0)
			fail_msg("%s: wanted %d %s, got %d %s: %s", rows[i].name, rows[i].status, rows[i].reason,
				 status, error.reason, error.text);
		assert_true((result != NULL) == (status == HALLMARK_OK));
		assert_true((error.text[0] == '\0') == (status == HALLMARK_OK));
		/* neither error nor result need be asked for */
		assert_int_equal(hallmark_verify(root, bundle, &rows[i].artifact, &rows[i].wanted, NULL, NULL), status);
		hallmark_result_free(result);
		hallmark_bundle_free(bundle);
	}
}

static void test_nothing_passed(void **state)
{
	(void)state;
	const struct recipe recipe = V2_MESSAGE;
	const struct hallmark_wanted wanted = { BY_IDENTITY };
	struct hallmark_bundle *bundle = bundle_of(&recipe, RIGHT), *none = NULL;
	struct hallmark_trust_root *no_root = NULL;

	assert_int_equal(hallmark_trust_root_read(NULL, 0, &no_root, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_trust_root_read("{}", 2, NULL, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_trust_root_read("{}", 2, &no_root, NULL), HALLMARK_MALFORMED);
	assert_int_equal(hallmark_bundle_read(NULL, 0, &none, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_bundle_read("{}", 2, NULL, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_bundle_read("", 0, &none, NULL), HALLMARK_MALFORMED);
	assert_int_equal(hallmark_verify(NULL, bundle, &right, &wanted, NULL, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_verify(root, NULL, &right, &wanted, NULL, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_verify(root, bundle, NULL, &wanted, NULL, NULL), HALLMARK_INVALID);
	assert_int_equal(hallmark_verify(root, bundle, &right, NULL, NULL, NULL), HALLMARK_INVALID);
	assert_true(!none && !no_root);
	hallmark_bundle_free(bundle);
	hallmark_bundle_free(NULL);
	hallmark_trust_root_free(NULL);
	hallmark_result_free(NULL);
}

static void test_ways_to_name_the_artifact(void **state)
{
	(void)state;
	const struct recipe recipe = V2_MESSAGE;
	const struct hallmark_wanted wanted = { BY_IDENTITY };
	struct hallmark_bundle *bundle = bundle_of(&recipe, RIGHT);
	struct hallmark_result *result;
	char path[] = "/tmp/hallmark-test-XXXXXX", digest[100];
	int fd = mkstemp(path), pipes[2];

	assert_int_equal(write(fd, ARTIFACT, sizeof(ARTIFACT) - 1), sizeof(ARTIFACT) - 1);
	struct hallmark_artifact by_path = { .kind = HALLMARK_ARTIFACT_FILE, .path = path };
	assert_int_equal(hallmark_verify(root, bundle, &by_path, &wanted, &result, NULL), HALLMARK_OK);
	snprintf(digest, sizeof(digest), "%s", hallmark_result_digest(result).ptr);
	hallmark_result_free(result);
	/* it stands at its end, and stays open */
	struct hallmark_artifact by_fd = { .kind = HALLMARK_ARTIFACT_FD, .fd = fd };
	assert_int_equal(hallmark_verify(root, bundle, &by_fd, &wanted, NULL, NULL), HALLMARK_OK);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	struct hallmark_artifact by_digest = { .kind = HALLMARK_ARTIFACT_DIGEST, .digest = digest };
	assert_int_equal(hallmark_verify(root, bundle, &by_digest, &wanted, NULL, NULL), HALLMARK_OK);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], ARTIFACT, sizeof(ARTIFACT) - 1), sizeof(ARTIFACT) - 1);
	close(pipes[1]);
	struct hallmark_artifact by_pipe = { .kind = HALLMARK_ARTIFACT_FD, .fd = pipes[0] };
	assert_int_equal(hallmark_verify(root, bundle, &by_pipe, &wanted, NULL, NULL), HALLMARK_OK);
	close(pipes[0]);
	close(fd);
	unlink(path);
	hallmark_bundle_free(bundle);
}

static bool is(struct hallmark_text text, const char *want)
{
	return text.len == strlen(want) && strcmp(text.ptr, want) == 0;
}

/* A result outlives what it was made from. */
static void test_result(void **state)
{
	(void)state;
	const struct recipe recipe = V2_DSSE;
	const struct hallmark_wanted wanted = { BY_IDENTITY };
	struct hallmark_bundle *bundle = bundle_of(&recipe, ENTRY_TWO_LOGS);
	struct hallmark_result *result = NULL;
	const struct hallmark_time *times;
	const struct hallmark_entry *entries;

	assert_int_equal(hallmark_verify(root, bundle, &right, &wanted, &result, NULL), HALLMARK_OK);
	hallmark_bundle_free(bundle);
	assert_true(is(hallmark_result_identity(result), IDENTITY) && is(hallmark_result_issuer(result), ISSUER));
	assert_true(is(hallmark_result_predicate_type(result), "https://example.com/predicate"));
	assert_non_null(strstr(hallmark_result_statement(result).ptr, "https://in-toto.io/Statement/v1"));
	assert_true(hallmark_result_digest(result).len == 71 && hallmark_result_certificate(result).len > 200);
	assert_true(hallmark_result_key(result).len == in->user.key.spki.len);
	assert_int_equal(hallmark_result_times(result, &times), 2);
	assert_true(times[0].time_ns == NOW * HM_NS_PER_S && !times[0].is_by_log &&
		    is(times[0].by, "https://tsa.test"));
	assert_true(times[1].is_by_log && is(times[1].by, "https://log1.test:8443"));
	assert_int_equal(hallmark_result_entries(result, &entries), 2);
	assert_true(entries[0].index == 4 && entries[0].is_inclusion_proven && is(entries[0].log, "https://log2.test"));
	assert_true(is(entries[0].kind, "hashedrekord") && is(entries[0].version, "0.0.2"));
	assert_int_equal(entries[1].integrated_time_s, NOW);
	hallmark_result_free(result);
}

static void test_key(void **state)
{
	(void)state;
	const struct recipe recipe = V1_KEY;
	struct hallmark_bundle *bundle = bundle_of(&recipe, RIGHT);
	struct hallmark_result *result = NULL;
	struct hallmark_error error;
	const struct hallmark_wanted wanted = { .struct_size = sizeof(wanted),
						.key = in->user.key.spki.ptr,
						.key_size = in->user.key.spki.len };

	if (hallmark_verify(root, bundle, &right, &wanted, &result, &error) != HALLMARK_OK)
		fail_msg("%s: %s", error.reason, error.text);
	assert_true(is(hallmark_result_identity(result), "") && is(hallmark_result_issuer(result), ""));
	assert_true(hallmark_result_certificate(result).len == 0 && hallmark_result_statement(result).len == 0);
	hallmark_result_free(result);
	hallmark_bundle_free(bundle);
}

static enum hallmark_status whole_way(const struct hm_buf *root_json, const struct hm_buf *bundle_json)
{
	const struct hallmark_wanted wanted = { BY_IDENTITY };
	struct hallmark_trust_root *own = NULL;
	struct hallmark_bundle *bundle = NULL;
	struct hallmark_result *result = NULL;
	struct hallmark_error error;

	enum hallmark_status status = hallmark_trust_root_read(root_json->ptr, root_json->len, &own, &error);
	if (status == HALLMARK_OK)
		status = hallmark_bundle_read(bundle_json->ptr, bundle_json->len, &bundle, &error);
	if (status == HALLMARK_OK)
		status = hallmark_verify(own, bundle, &right, &wanted, &result, &error);
	hallmark_result_free(result);
	hallmark_bundle_free(bundle);
	hallmark_trust_root_free(own);
	return status;
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct recipe recipe = V2_DSSE;
	HM_OWN(hm_buf_done) struct hm_buf root_json = root_text();
	HM_OWN(hm_buf_done) struct hm_buf bundle_json = bundle_text(&recipe, RIGHT);
	enum hallmark_status status = HALLMARK_NO_MEMORY;

	for (unsigned long n = 1; status != HALLMARK_OK; n++) {
		hm_mem_fail_at(n);
		status = whole_way(&root_json, &bundle_json);
		hm_mem_fail_at(0);
		if (status != HALLMARK_OK && status != HALLMARK_NO_MEMORY)
			fail_msg("allocation %lu fails: status %d", n, status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_nothing_passed),
		cmocka_unit_test(test_ways_to_name_the_artifact),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("libverify/verify", tests, set_up, tear_down);
}
