/* The local instance: signing by it, two states, stable documents, processes that begin at once. */
#include "../state.h"

#include "base/limits.h"
#include "data/json.h"
#include "service/local/local.h"
#include "service/log/log.h"
#include "sigstore/sign.h"
#include "sigstore/signing_config.h"

#include <sys/wait.h>

static char *in_folder(const char *name)
{
	return hm_asprintf("%s/%s", folder, name);
}

static struct hm_instance *open_state(const char *name)
{
	HM_OWN(hm_freep) char *state = in_folder(name);
	const struct hm_instance_opts opts = { .state = state };
	struct hm_instance *instance = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_instance_open(&opts, &instance, &err), &err);
	return instance;
}

static void trust_freep(struct hm_trust **trust)
{
	hm_trust_free(*trust);
}

static struct hm_trust *trust_of(const struct hm_instance *instance)
{
	struct hm_trust *trust = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_trust_parse(hm_instance_trusted_root(instance), &trust, &err), &err);
	return trust;
}

/* Sign a text, as it is or as a statement; the bundle's text is the caller's. */
static char *sign_as(const struct hm_instance *instance, const char *text, bool is_statement)
{
	HM_OWN(trust_freep) struct hm_trust *trust = trust_of(instance);
	HM_OWN(hm_secret_done) struct hm_secret token = { 0 };
	HM_OWN(hm_freep) char *tsa = hm_asprintf("%s/api/v1/timestamp", hm_instance_origin(instance));
	const struct hm_transport transport = hm_instance_transport(instance);
	const struct hm_service base = { &transport, hm_str(hm_instance_origin(instance)) };
	const struct hm_signing_services services = { .ca = base,
						      .tsas = { { &transport, hm_str(tsa) } },
						      .tsas_count = 1,
						      .tlogs = { base },
						      .tlogs_count = 1,
						      .trust = trust };
	const struct hm_sign_opts opts = { .identity = HM_STR(HM_LOCAL_IDENTITY), .issuer = HM_STR(HM_LOCAL_ISSUER) };
	const struct hm_str bytes = hm_str(text);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_instance_token(instance, &token, &err), &err);
	assert_ok(hm_signing_new(&services, hm_secret_str(&token), &opts, &signing, &err), &err);
	if (is_statement)
		assert_ok(hm_sign_statement(signing, bytes, NULL, &made, &err), &err);
	else
		assert_ok(hm_sign_blob(signing, &artifact, NULL, &made, &err), &err);
	return hm_asprintf("%.*s", HM_STR_ARG(hm_signed_text(made)));
}

static char *sign(const struct hm_instance *instance, const char *text)
{
	return sign_as(instance, text, false);
}

static enum hm_status verify(const struct hm_instance *instance, const char *bundle_text, const char *text,
			     struct hm_err *err)
{
	HM_OWN(trust_freep) struct hm_trust *trust = trust_of(instance);
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	const struct hm_str bytes = hm_str(text);
	const struct hm_artifact artifact = hm_artifact_of_bytes(&bytes);
	const struct hm_verify_policy policy = { .identity = HM_STR(HM_LOCAL_IDENTITY),
						 .issuer = HM_STR(HM_LOCAL_ISSUER) };
	const struct hm_verify_opts opts = { .timestamps = 1 };
	struct hm_verified *verified = NULL;

	enum hm_status st = hm_bundle_parse(hm_str(bundle_text), &bundle, err);
	if (st == HM_OK)
		st = hm_bundle_verify(trust, &bundle, &artifact, &policy, &opts, &verified, err);
	hm_verified_free(verified);
	return st;
}

static void test_sign(void **state)
{
	(void)state;
	HM_OWN(hm_instance_freep) struct hm_instance *instance = open_state("one");
	HM_OWN(hm_freep) char *bundle = sign(instance, "hello");
	HM_OWN(hm_freep) char *second = sign(instance, "hello");
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_log_query query = { .identity = HM_STR(HM_LOCAL_IDENTITY) };
	struct hm_log_found *found;
	size_t count;
	struct hm_err err = { 0 };

	assert_ok(verify(instance, bundle, "hello", &err), &err);
	assert_ok(verify(instance, second, "hello", &err), &err);
	assert_refused("another text", verify(instance, bundle, "hullo", &err), &err, HM_R_ARTIFACT_DIGEST);
	assert_ok(hm_log_search(hm_instance_log(instance), &query, &arena, &found, &count, &err), &err);
	assert_int_equal(count, 2);
	assert_true(hm_str_is(found[0].issuer, HM_LOCAL_ISSUER));
}

/* Neither of two states accepts what the other signed, and both say the same of themselves in each run. */
static void test_two_states(void **state)
{
	(void)state;
	HM_OWN(hm_instance_freep) struct hm_instance *one = open_state("one");
	HM_OWN(hm_instance_freep) struct hm_instance *two = open_state("two");
	HM_OWN(hm_instance_freep) struct hm_instance *again = open_state("one");
	HM_OWN(hm_freep) char *bundle = sign(one, "hello");
	struct hm_err err = { 0 };

	assert_ok(verify(again, bundle, "hello", &err), &err);
	assert_int_not_equal(verify(two, bundle, "hello", &err), HM_OK);
	assert_true(hm_str_eq(hm_instance_trusted_root(one), hm_instance_trusted_root(again)));
	assert_false(hm_str_eq(hm_instance_trusted_root(one), hm_instance_trusted_root(two)));
	assert_string_equal(hm_instance_origin(one), hm_instance_origin(again));
	assert_string_not_equal(hm_instance_origin(one), hm_instance_origin(two));
	assert_int_equal(strlen(hm_instance_origin(one)), strlen("https://12345678.hallmark.localhost"));
}

static void check_url(const struct hm_service_list *list, const char *url, uint64_t version)
{
	assert_int_equal(list->count, 1);
	assert_true(hm_str_is(list->v[0].url, url));
	assert_int_equal(list->v[0].api_version, version);
}

static void test_documents(void **state)
{
	(void)state;
	HM_OWN(hm_instance_freep) struct hm_instance *instance = open_state("one");
	HM_OWN(hm_freep) char *out = in_folder("out"), *trust = in_folder("out/trust_config.json");
	HM_OWN(hm_freep) char *root_path = in_folder("out/trusted_root.json");
	HM_OWN(hm_freep) char *signing = in_folder("out/signing_config.json");
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, root_text = { 0 }, own = hm_buf_init(HM_MIB);
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };
	HM_OWN(hm_signing_config_done) struct hm_signing_config config = { 0 };
	struct hm_err err = { 0 };

	assert_refused("no folder", hm_instance_save(instance, NULL, out, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_ok(hm_dir_make(out, 0755, &err), &err);
	assert_ok(hm_instance_save(instance, "http://127.0.0.1:4711", out, &err), &err);
	assert_true(hm_path_is_file(signing));
	/* again: what a killed one left goes, and what says the same stays as it is */
	HM_OWN(hm_freep) char *left = in_folder("out/.trusted_root.json.tmp-0123456789abcdef");
	struct stat before, after;
	assert_ok(hm_file_save(left, HM_STR("x"), 0600, &err), &err);
	assert_ok(hm_file_save(signing, HM_STR("{}"), 0600, &err), &err);
	assert_int_equal(stat(root_path, &before), 0);
	assert_ok(hm_instance_save(instance, "http://127.0.0.1:4711", out, &err), &err);
	assert_int_equal(stat(root_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_false(hm_path_is_there(left));
	assert_ok(hm_file_read(signing, HM_MIB, &text, &err), &err);
	assert_non_null(strstr(text.ptr, "http://127.0.0.1:4711"));
	hm_buf_done(&text);
	assert_ok(hm_file_read(root_path, HM_MIB, &root_text, &err), &err);
	assert_true(hm_str_eq(hm_buf_str(&root_text), hm_instance_trusted_root(instance)));
	assert_ok(hm_file_read(trust, HM_MIB, &text, &err), &err);
	assert_ok(hm_trust_config_parse(hm_buf_str(&text), &root, &config, &err), &err);
	check_url(&config.cas, "http://127.0.0.1:4711", 1);
	check_url(&config.tlogs, "http://127.0.0.1:4711", 2);
	check_url(&config.tsas, "http://127.0.0.1:4711/api/v1/timestamp", 1);
	check_url(&config.oidcs, HM_LOCAL_ISSUER, 1);
	assert_true(hm_str_is(root.tlogs[0].base_url, hm_instance_origin(instance)));
	assert_int_equal(root.cas[0].chain.count, 2);
	assert_true(hm_str_is(root.cas[0].organization, "hallmark.localhost"));
	assert_ok(hm_instance_signing_config(instance, NULL, &own, &err), &err);
	assert_non_null(strstr(own.ptr, hm_instance_origin(instance)));
}

/* Processes that begin on an empty state at the same moment all end up with the same keys. */
static void test_at_once(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = in_folder("race");
	pid_t children[6];

	for (size_t i = 0; i < COUNT(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			HM_OWN(hm_freep) char *saved = hm_asprintf("%s/root-%zu", folder, i);
			const struct hm_instance_opts opts = { .state = path };
			struct hm_instance *instance = NULL;
			bool good = hm_instance_open(&opts, &instance, NULL) == HM_OK &&
				    hm_file_save(saved, hm_instance_trusted_root(instance), 0644, NULL) == HM_OK;
			hm_instance_free(instance);
			_exit(good ? 0 : 1);
		}
	}
	for (size_t i = 0; i < COUNT(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	HM_OWN(hm_instance_freep) struct hm_instance *instance = open_state("race");
	for (size_t i = 0; i < COUNT(children); i++) {
		HM_OWN(hm_freep) char *saved = hm_asprintf("%s/root-%zu", folder, i);
		HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_file_read(saved, HM_MIB, &text, &err), &err);
		assert_true(hm_str_eq(hm_buf_str(&text), hm_instance_trusted_root(instance)));
	}
}

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static size_t count_kept(const struct hm_instance *instance, uint8_t byte, struct hm_strv *paths)
{
	struct hm_digest digest = { .alg = HM_SHA256, .len = HM_HASH_LEN };
	struct hm_err err = { 0 };

	memset(digest.b, byte, HM_HASH_LEN);
	hm_strv_clear(paths);
	assert_ok(hm_instance_kept(instance, &digest, paths, &err), &err);
	return paths->count;
}

/* An attestation is found by each of its subjects; a message signature is not kept. */
static void test_kept(void **state)
{
	(void)state;
	static const char statement[] =
	    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":"
	    "\"" DIGEST_A "\"}},{\"name\":\"b\",\"digest\":{\"sha256\":\"" DIGEST_B "\"}}],"
	    "\"predicateType\":\"https://example.com/x\",\"predicate\":{}}";
	HM_OWN(hm_instance_freep) struct hm_instance *instance = open_state("kept");
	HM_OWN(hm_freep) char *bundle = sign_as(instance, statement, true), *message = sign(instance, "hello");
	HM_OWN(hm_strv_done) struct hm_strv paths = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_err err = { 0 };

	assert_int_equal(count_kept(instance, 0xaa, &paths), 0);
	assert_ok(hm_instance_keep(instance, hm_str(bundle), &err), &err);
	HM_OWN(hm_freep) char *left = in_folder("kept/attestations/.a.sigstore.json.tmp-0123456789abcdef");
	assert_ok(hm_file_save(left, HM_STR("x"), 0600, &err), &err);
	assert_ok(hm_instance_keep(instance, hm_str(bundle), &err), &err);
	assert_false(hm_path_is_there(left));
	assert_ok(hm_instance_keep(instance, hm_str(message), &err), &err);
	assert_int_equal(count_kept(instance, 0xaa, &paths), 1);
	assert_int_equal(count_kept(instance, 0xbb, &paths), 1);
	assert_ok(hm_file_read(paths.v[0], HM_MIB, &text, &err), &err);
	assert_string_equal(text.ptr, bundle);
	assert_int_equal(count_kept(instance, 0xcc, &paths), 0);
	assert_int_not_equal(hm_instance_keep(instance, HM_STR("{"), &err), HM_OK);
	unsigned long n = 0;
	enum hm_status st;
	do {
		HM_OWN(hm_strv_done) struct hm_strv found = { 0 };
		struct hm_digest digest = { .alg = HM_SHA256, .len = HM_HASH_LEN };
		memset(digest.b, 0xaa, HM_HASH_LEN);
		hm_mem_fail_at(++n);
		st = hm_instance_keep(instance, hm_str(bundle), NULL);
		if (st == HM_OK)
			st = hm_instance_kept(instance, &digest, &found, NULL);
		assert_true(st == HM_OK || st == HM_ENOMEM);
	} while (hm_mem_has_failed() && n < 1000);
	hm_mem_fail_at(0);
	assert_int_equal(st, HM_OK);
}

static void test_must_exist(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = in_folder("nothing");
	const struct hm_instance_opts opts = { .state = path, .must_exist = true };
	struct hm_instance *instance = NULL;
	struct hm_err err = { 0 };

	assert_int_equal(hm_instance_open(&opts, &instance, &err), HM_ENOTFOUND);
	assert_false(hm_path_is_there(path));
	hm_instance_free(open_state("nothing"));
	assert_ok(hm_instance_open(&opts, &instance, &err), &err);
	hm_instance_free(instance);
}

static void test_state_dir(void **state)
{
	(void)state;
	static const struct {
		const char *given, *xdg, *home, *want;
	} rows[] = {
		{ "here", "/xdg", "/home/me", "here" },
		{ NULL, "/xdg", "/home/me", "/xdg/hallmark" },
		{ "", "/xdg", "/home/me", "/xdg/hallmark" },
		{ NULL, "xdg", "/home/me", "/home/me/.local/state/hallmark" },
		{ NULL, "", "/home/me", "/home/me/.local/state/hallmark" },
		{ NULL, NULL, "/home/me", "/home/me/.local/state/hallmark" },
		{ NULL, NULL, "me", NULL },
		{ NULL, NULL, "", NULL },
		{ NULL, NULL, NULL, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep) char *path = NULL;
		struct hm_err err = { 0 };
		enum hm_status st = hm_local_state_dir(rows[i].given, rows[i].xdg, rows[i].home, &path, &err);
		if (rows[i].want) {
			assert_ok(st, &err);
			assert_string_equal(path, rows[i].want);
		} else {
			assert_refused("nowhere", st, &err, HM_R_USAGE);
		}
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = in_folder("memory"), *out = in_folder("memory-out");
	const struct hm_instance_opts opts = { .state = path };
	unsigned long n = 0;
	enum hm_status st;

	hm_instance_free(open_state("memory"));
	assert_int_equal(hm_dir_make(out, 0755, NULL), HM_OK);
	do {
		HM_OWN(hm_instance_freep) struct hm_instance *instance = NULL;
		hm_mem_fail_at(++n);
		st = hm_instance_open(&opts, &instance, NULL);
		if (st == HM_OK)
			st = hm_instance_save(instance, NULL, out, NULL);
	} while (hm_mem_has_failed() && n < 5000);
	hm_mem_fail_at(0);
	assert_int_equal(st, HM_OK);
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),      cmocka_unit_test(test_two_states), cmocka_unit_test(test_documents),
		cmocka_unit_test(test_at_once),   cmocka_unit_test(test_kept),       cmocka_unit_test(test_must_exist),
		cmocka_unit_test(test_state_dir), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("service/local", tests, make_folder, drop_folder);
}
