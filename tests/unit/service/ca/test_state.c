/* The CA's directory: completed after a kill, shared by processes, refused when parts of it are lost or foreign. */
#include "unit.h"

#include "base/parallel.h"
#include "base/tree.h"
#include "instance.h"

#include <signal.h>
#include <sys/wait.h>

static int setup(void **state)
{
	return world_make(state);
}

static int teardown(void **state)
{
	return world_drop(state);
}

static char *in_ca(const char *name)
{
	return hm_asprintf("%s/ca/%s", world.folder, name);
}

static void remove_file(const char *name)
{
	HM_OWN(hm_freep) char *path = in_ca(name);

	assert_int_equal(unlink(path), 0);
}

/* Files of another CA in the place of ours. */
static void take_from_another(const char *name)
{
	HM_OWN(hm_freep) char *ours = in_ca(name), *theirs = hm_asprintf("%s/other/%s", world.folder, name);
	HM_OWN(hm_freep) char *dir = hm_asprintf("%s/other", world.folder);
	static const struct hm_ca_issuer issuer = { ISSUER, "sigstore", false };
	const struct hm_ca_opts opts = {
		.dir = dir, .issuers = &issuer, .issuers_count = 1, .transport = &world.transport, .fx = &world_fx
	};
	struct hm_ca *other = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_ca_open(&opts, &other, &err), &err);
	hm_ca_free(other);
	assert_int_equal(rename(theirs, ours), 0);
}

static void write_garbage(const char *name)
{
	HM_OWN(hm_freep) char *path = in_ca(name);

	assert_int_equal(hm_file_save(path, HM_STR("garbage\n"), 0600, NULL), HM_OK);
}

static void test_damaged(void **state)
{
	static const struct {
		const char *name, *file;
		void (*spoil)(const char *name);
		enum hm_reason want;
	} rows[] = {
		{ "nothing", "format", NULL, HM_R_OK },
		{ "no root key", "root-key.pem", remove_file, HM_R_CA_STATE },
		{ "no intermediate key", "intermediate-key.pem", remove_file, HM_R_CA_STATE },
		{ "no log key", "ct-key.pem", remove_file, HM_R_CA_STATE },
		{ "another root", "root.pem", take_from_another, HM_R_CA_STATE },
		{ "another root key", "root-key.pem", take_from_another, HM_R_CA_STATE },
		{ "another intermediate", "intermediate.pem", take_from_another, HM_R_CA_STATE },
		{ "another log key", "ct-key.pem", take_from_another, HM_R_TLOG_UNSIGNED },
		{ "root is garbage", "root.pem", write_garbage, HM_R_PEM },
		{ "key is garbage", "intermediate-key.pem", write_garbage, HM_R_KEY_FORMAT },
		{ "checkpoint is garbage", "ct/checkpoint", write_garbage, HM_R_TLOG_NOTE },
		{ "no format", "format", remove_file, HM_R_STORE_FORMAT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_ca *ca = NULL;
		struct hm_err err = { 0 };

		assert_int_equal(world_make(state), 0);
		if (rows[i].spoil)
			rows[i].spoil(rows[i].file);
		enum hm_status st = open_ca(&ca, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		hm_ca_free(ca);
		assert_int_equal(world_drop(state), 0);
	}
}

static int issue(void)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_freep) char *token = good_token();
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &signer, &err), &err);
	HM_OWN(hm_freep) char *body = body_for(token, &signer, EMAIL);
	HM_OWN(hm_http_response_done) struct hm_http_response response = ask("POST", "/api/v2/signingCert", body, NULL);
	return response.status;
}

/* Once there are entries, a checkpoint that is gone or old is not begun anew: nothing is promised over it. */
static void test_lost_checkpoint(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *checkpoint = in_ca("ct/checkpoint");
	HM_OWN(hm_freep) char *tile = in_ca("ct/tile/0/000.p/1");
	HM_OWN(hm_buf_done) struct hm_buf first = { 0 };
	struct hm_ca *ca = NULL;
	struct hm_err err = { 0 };

	assert_int_equal(issue(), 200);
	assert_ok(hm_file_read(checkpoint, 4096, &first, &err), &err);
	assert_int_equal(unlink(checkpoint), 0);
	assert_refused("gone", open_ca(&ca, &err), &err, HM_R_CA_STATE);
	assert_int_equal(issue(), 500);
	assert_ok(hm_file_save(checkpoint, hm_buf_str(&first), 0644, &err), &err);
	/* a tile that does not lead to the checkpoint */
	assert_ok(hm_file_save(tile, HM_STR("0123456789abcdef0123456789abcdef"), 0644, &err), &err);
	assert_int_equal(issue(), 500);
}

static char *get(const char *path)
{
	HM_OWN(hm_http_response_done) struct hm_http_response response = ask("GET", path, NULL, NULL);

	return response.status == 200 ? hm_asprintf("%.*s", HM_STR_ARG(hm_buf_str(&response.body))) : NULL;
}

static void test_log_is_served(void **state)
{
	(void)state;
	static const char *const missing[] = {
		"/ct/tile/0/000.p/1", "/ct/tile/entries/000.p/1",
		"/ct/tile/0/000",     "/ct/tile/0/001",
		"/ct/tile/7/000.p/1", "/ct/tile/0/000.p/0",
		"/ct/key.pem",        "/ct/../ct-key.pem",
		"/ct/tile/0/0",       "/ct/",
		"/ct/checkpoint/",    "/ct/tile/entries/000.p/256",
	};
	for (size_t i = 0; i < COUNT(missing); i++) {
		HM_OWN(hm_freep) char *url = hm_asprintf("%s%s", CA, missing[i]);
		HM_OWN(hm_http_request_done) struct hm_http_request request;
		HM_OWN(hm_http_response_done) struct hm_http_response response = { 0 };
		hm_http_request_init(&request, "GET", hm_str(url));
		/* a path that leaves the folder is no request at all */
		if (hm_transport_ask(&world.transport, &request, NULL, &response, NULL) == HM_OK)
			assert_in_range(response.status, 400, 404);
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(issue(), 200);
	HM_OWN(hm_freep) char *checkpoint = get("/ct/checkpoint");
	assert_true(strstr(checkpoint, ".ct.hallmark.localhost\n5\n"));
	/* of a wider tile, what a narrower one was */
	for (unsigned width = 1; width <= 6; width++) {
		HM_OWN(hm_freep) char *path = hm_asprintf("/ct/tile/0/000.p/%u", width);
		HM_OWN(hm_http_response_done) struct hm_http_response response = ask("GET", path, NULL, NULL);
		assert_int_equal(response.status, width <= 5 ? 200 : 404);
		if (width <= 5)
			assert_int_equal(response.body.len, 32 * width);
	}
}

/* Processes that issue at once: every certificate is in the log, which is one log. */
static void test_at_once(void **state)
{
	(void)state;
	enum { PROCESSES = 4, EACH = 8 };
	pid_t children[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			int bad = 0;
			for (int j = 0; j < EACH; j++)
				bad += issue() != 200;
			_exit(bad);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(issue(), 200);
	HM_OWN(hm_freep) char *checkpoint = get("/ct/checkpoint");
	assert_true(strstr(checkpoint, ".ct.hallmark.localhost\n33\n"));
}

static enum hm_status issue_one(void *ctx, size_t i, struct hm_err *err)
{
	(void)ctx;
	(void)i;
	/* keys are asked for again in between, while others use them */
	if (i % 4 == 3)
		atomic_fetch_add(&world.more_s, 11);
	return issue() == 200 ? HM_OK : hm_fail(err, HM_R_BUG, "refused");
}

static void test_threads(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_ok(hm_parallel(4, 24, issue_one, NULL, &err), &err);
	HM_OWN(hm_freep) char *checkpoint = get("/ct/checkpoint");
	assert_true(strstr(checkpoint, ".ct.hallmark.localhost\n24\n"));
}

static enum hm_status count_file(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				 struct hm_err *err)
{
	(void)ret_step;
	(void)err;
	*(unsigned *)ctx += S_ISREG(entry->stat->st_mode);
	return HM_OK;
}

/* In its log, whose size is below that of a tile: one tile, one bundle, one checkpoint. */
static unsigned files_of_log(void)
{
	HM_OWN(hm_freep) char *folder = in_ca("ct");
	unsigned count = 0;

	assert_int_equal(hm_tree_walk(folder, count_file, &count, NULL), HM_OK);
	return count;
}

/* Killed at any moment: the next one issues, and the log never loses what a checkpoint had. */
static void test_killed(void **state)
{
	(void)state;
	unsigned long long before = 0;
	unsigned seed = (unsigned)getpid();
	const int64_t begin_ns = hm_monotonic_ns();

	for (int i = 0; i < 5; i++)
		assert_int_equal(issue(), 200);
	/* how long one takes here, so that the kills fall into one of the first few */
	const unsigned one_us = (unsigned)((hm_monotonic_ns() - begin_ns) / 5000);
	print_message("# seed %u, one takes %u us\n", seed, one_us);
	for (int i = 0; i < 30; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			for (;;)
				(void)issue();
		}
		seed = seed * 1103515245 + 12345;
		usleep(one_us / 2 + (seed >> 8) % (4 * one_us));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		HM_OWN(hm_freep) char *checkpoint = get("/ct/checkpoint");
		assert_non_null(checkpoint);
		unsigned long long size = strtoull(strchr(checkpoint, '\n') + 1, NULL, 10);
		assert_true(size >= before);
		before = size;
	}
	assert_int_equal(issue(), 200);
	assert_true(before > 5 + 10 && before < 255);
	assert_int_equal(files_of_log(), 3);
	struct hm_ca *ca = NULL;
	struct hm_err err = { 0 };
	assert_ok(open_ca(&ca, &err), &err);
	hm_ca_free(ca);
}

static void test_first_killed(void **state)
{
	(void)state;
	unsigned seed = (unsigned)getpid();

	print_message("# seed %u\n", seed);
	for (int i = 0; i < 20; i++) {
		HM_OWN(hm_freep) char *dir = hm_asprintf("%s/ca", world.folder);
		struct hm_ca *ca = NULL;
		struct hm_err err = { 0 };

		assert_ok(hm_tree_remove(dir, &err), &err);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			_exit(open_ca(&ca, NULL) != HM_OK);
		seed = seed * 1103515245 + 12345;
		usleep((seed >> 8) % 4000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_ok(open_ca(&ca, &err), &err);
		hm_ca_free(ca);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged),
		cmocka_unit_test_setup_teardown(test_lost_checkpoint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_is_served, setup, teardown),
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_killed, setup, teardown),
	};

	return cmocka_run_group_tests_name("service/ca state", tests, NULL, NULL);
}
