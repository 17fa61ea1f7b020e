/* The log: added, acknowledged, proven, found; opened again; damaged, turned back, refused. */
#include "sample.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/tree.h"
#include "data/path.h"
#include "http/transport.h"
#include "service/log/log.h"
#include "service/log/parts.h"
#include "tlog/checkpoint.h"

#include <pthread.h>
#include <sys/stat.h>

static char *dir;

static int setup(void **state)
{
	(void)state;
	return hm_dir_make_temp("/tmp", "log-", &dir, NULL) == HM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(dir, NULL);
	free(dir);
	return st == HM_OK ? 0 : -1;
}

static int64_t fixed_now(void *ctx)
{
	return *(int64_t *)ctx * 1000000000;
}

static int64_t now_s = HM_SAMPLE_TIME;
static const struct hm_effects fx = { &now_s, fixed_now, NULL };

static struct hm_log *open_log(void)
{
	const struct hm_log_opts opts = { .dir = dir, .fx = &fx };
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_log_open(&opts, &log, &err), &err);
	return log;
}

static enum hm_status post(struct hm_log *log, struct hm_str body, struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	const struct hm_http_endpoint endpoint = hm_log_endpoint(log);

	hm_http_request_init(&req, "POST", HM_STR("http://log/api/v2/log/entries"));
	hm_http_request_set_body(&req, "application/json", body);
	hm_http_response_init(res, HM_MAX_HTTP_BODY);
	return hm_http_answer(&endpoint, &req, res, err);
}

static int get(struct hm_log *log, const char *path, struct hm_http_response *res)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	HM_OWN(hm_freep) char *url = hm_asprintf("http://log%s", path);
	const struct hm_http_endpoint endpoint = hm_log_endpoint(log);

	hm_http_request_init(&req, "GET", hm_str(url));
	hm_http_response_init(res, HM_MAX_HTTP_BODY);
	(void)!hm_http_answer(&endpoint, &req, res, NULL);
	return res->status;
}

/* Add the artifact with that number; returns the HTTP status. */
static int add(struct hm_log *log, unsigned number)
{
	const struct sample s = sample_p256(number);
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct hm_err err = { 0 };

	sample_request(&s, &json);
	(void)!post(log, hm_buf_str(&json), &res, &err);
	if (res.status >= 400)
		print_message("# %s\n", res.body.ptr);
	return res.status;
}

static uint64_t check(struct hm_log *log)
{
	struct hm_err err = { 0 };
	uint64_t size = 0;

	assert_ok(hm_log_check(log, &size, &err), &err);
	for (uint64_t i = 0; i < size; i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_log_proof proof;
		assert_ok(hm_log_prove(log, i, &arena, &proof, &err), &err);
		assert_true(proof.head.size == size);
	}
	return size;
}

static void test_first_and_again(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	HM_OWN(hm_freep) char *key = hm_asprintf("%s/key.pem", dir), *origin = NULL;
	struct hm_hash id = *hm_log_id(log);
	struct stat st;

	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(hm_log_key(log)->kind, HM_KEY_ED25519);
	origin = hm_asprintf("%s", hm_log_origin(log));
	assert_int_equal(strlen(origin), 8 + strlen(".hallmark.localhost"));
	assert_string_equal(origin + 8, ".hallmark.localhost");
	assert_true(check(log) == 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(add(log, i), 201);
	assert_true(check(log) == 3);
	log = hm_log_free(log);
	log = open_log();
	assert_string_equal(hm_log_origin(log), origin);
	assert_memory_equal(hm_log_id(log), &id, sizeof(id));
	assert_true(check(log) == 3);
	assert_int_equal(get(log, "/healthz", &res), 200);
	assert_string_equal(res.body.ptr, "{\"status\":\"SERVING\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_and_again, setup, teardown),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
