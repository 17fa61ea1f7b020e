/* The log: added, acknowledged, proven, found; opened again; damaged, turned back, refused. */
#include "../state.h"
#include "sample.h"

#include "service/log/log.h"
#include "service/log/parts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static struct hm_log *open_log(void)
{
	const struct hm_log_opts opts = { .dir = folder, .fx = &fx };
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_log_open(&opts, &log, &err), &err);
	return log;
}

/* The n-th allocation of the answer fails; 0: none. */
static unsigned long failing;

static enum hm_status post(struct hm_log *log, struct hm_str body, struct hm_http_response *res, struct hm_err *err)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req;
	const struct hm_http_endpoint endpoint = hm_log_endpoint(log);

	hm_http_request_init(&req, "POST", HM_STR("http://log/api/v2/log/entries"));
	hm_http_request_set_body(&req, "application/json", body);
	hm_http_response_init(res, HM_MAX_HTTP_BODY);
	hm_mem_fail_at(failing);
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
	HM_OWN(hm_freep) char *key = hm_asprintf("%s/key.pem", folder), *origin = NULL;
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

static struct hm_buf read_of(const char *name)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", folder, name);
	struct hm_buf data = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_file_read(path, HM_MIB, &data, &err), &err);
	return data;
}

static void save_to(const char *name, struct hm_str data)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", folder, name);
	struct hm_err err = { 0 };

	assert_ok(hm_file_save(path, data, 0600, &err), &err);
}

static void remove_of(const char *name)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", folder, name);

	assert_int_equal(hm_tree_remove(path, NULL), HM_OK);
}

static void refuse_open(const char *name, const char *origin, enum hm_reason want)
{
	const struct hm_log_opts opts = { .dir = folder, .origin = origin, .fx = &fx };
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	assert_refused(name, hm_log_open(&opts, &log, &err), &err, want);
}

/* --- the answers --- */

static void test_answer(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_http_response_done) struct hm_http_response res, again, bad, checkpoint;
	const struct sample sample = sample_p256(7);
	struct hm_err err = { 0 };

	assert_int_equal(add(log, 1), 201);
	sample_request(&sample, &json);
	assert_ok(post(log, hm_buf_str(&json), &res, &err), &err);
	assert_int_equal(res.status, 201);
	assert_true(hm_http_is_type(&res.head, "application/json"));
	assert_int_equal(get(log, "/api/v2/checkpoint", &checkpoint), 200);
	assert_true(hm_http_is_type(&checkpoint.head, "text/plain"));
	assert_true(hm_str_has_prefix(hm_buf_str(&res.body), HM_STR("{\"logIndex\":\"1\",\"logId\":{\"keyId\":\"")));
	assert_true(hm_str_find(hm_buf_str(&res.body), HM_STR("\"kindVersion\":{\"kind\":\"hashedrekord\",\"version\":"
							      "\"0.0.2\"},\"integratedTime\":\"0\","
							      "\"inclusionPromise\":null,\"inclusionProof\":{"
							      "\"logIndex\":\"1\",\"rootHash\":\"")) > 0);
	/* the very same entry once more */
	assert_refused("again", post(log, hm_buf_str(&json), &again, &err), &err, HM_R_LOG_DUPLICATE);
	assert_int_equal(again.status, 409);
	assert_true(hm_str_is(hm_http_get(&again.head, "X-Log-Index"), "1"));
	assert_string_equal(again.body.ptr, "{\"code\":6,\"message\":\"an equivalent entry already exists in the "
					    "transparency log with index 1\",\"details\":[]}");
	assert_refused("bad", post(log, HM_STR("{}"), &bad, &err), &err, HM_R_LOG_TYPE);
	assert_int_equal(bad.status, 400);
	assert_string_equal(bad.body.ptr,
			    "{\"code\":3,\"message\":\"invalid type, must be hashedrekord\",\"details\":[]}");
	assert_true(check(log) == 2);
}

static void test_tiles(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int status;
		size_t len; /* of a good answer; 0: any */
	} rows[] = {
		{ "/api/v2/tile/0/000.p/5", 200, 160 },
		{ "/api/v2/tile/0/000.p/3", 200, 96 }, /* of an older checkpoint; its own file is gone */
		{ "/api/v2/tile/entries/000.p/5", 200, 0 },
		{ "/api/v2/tile/entries/000.p/1", 200, 0 },
		{ "/api/v2/tile/0/000.p/6", 404, 0 },
		{ "/api/v2/tile/0/000", 404, 0 },
		{ "/api/v2/tile/1/000.p/1", 404, 0 },
		{ "/api/v2/tile/0/001.p/1", 404, 0 },
		{ "/api/v2/tile/entries/000", 404, 0 },
		{ "/api/v2/tile/0/0", 400, 0 },
		{ "/api/v2/tile/0/000.p/0", 400, 0 },
		{ "/api/v2/tile/0/000.p/05", 400, 0 },
		{ "/api/v2/tile/0/%30%30%30.p/5", 400, 0 },
		{ "/api/v2/tile/0/../../key.pem", 400, 0 },
		{ "/api/v2/tile/entries/../../key.pem", 400, 0 },
		{ "/api/v2/tile", 404, 0 },
		{ "/api/v2/log/entries", 405, 0 },
	};
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(add(log, i), 201);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		const int status = get(log, rows[i].path, &res);
		if (status != rows[i].status || (rows[i].len > 0 && res.body.len != rows[i].len))
			fail_msg("%s: status %d, %zu bytes", rows[i].path, status, res.body.len);
	}
}

/* --- who it is --- */

static void test_origins(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "a b", "a+b", "a\nb", "\xff" };
	char name[HM_MAX_LOG_ORIGIN + 2];

	for (size_t i = 0; i < COUNT(bad); i++)
		refuse_open("bad name", bad[i], HM_R_LOG_ORIGIN);
	memset(name, 'a', sizeof(name));
	name[HM_MAX_LOG_ORIGIN + 1] = '\0';
	refuse_open("long name", name, HM_R_LOG_ORIGIN);
	name[HM_MAX_LOG_ORIGIN] = '\0';
	const struct hm_log_opts opts = { .dir = folder, .origin = name, .fx = &fx };
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };
	assert_ok(hm_log_open(&opts, &log, &err), &err);
	assert_string_equal(hm_log_origin(log), name);
	assert_int_equal(add(log, 1), 201);
	log = hm_log_free(log);
	log = open_log();
	assert_string_equal(hm_log_origin(log), name);
	log = hm_log_free(log);
	refuse_open("another name", "log.example.com", HM_R_LOG_ORIGIN);
}

static void test_must_exist(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/none", folder);
	const struct hm_log_opts opts = { .dir = path, .must_exist = true };
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	assert_refused("none", hm_log_open(&opts, &log, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_false(hm_path_is_there(path));
}

/* --- what is lost, damaged, turned back --- */

static void test_losses(void **state)
{
	(void)state;
	struct hm_log *log = open_log();

	assert_int_equal(add(log, 1), 201);
	hm_log_free(log);
	HM_OWN(hm_buf_done) struct hm_buf key = read_of("key.pem"), checkpoint = read_of("checkpoint");
	remove_of("key.pem");
	refuse_open("no key", NULL, HM_R_LOG_LOST);
	save_to("key.pem", hm_buf_str(&key));
	remove_of("checkpoint");
	refuse_open("no checkpoint", NULL, HM_R_LOG_LOST);
	save_to("checkpoint", HM_STR("nonsense\n"));
	refuse_open("no note", NULL, HM_R_TLOG_NOTE);
	HM_OWN(hm_buf_done) struct hm_buf large = hm_buf_init(2 * HM_MAX_LOG_CHECKPOINT);
	memset(hm_buf_add_space(&large, HM_MAX_LOG_CHECKPOINT + 1), 'x', HM_MAX_LOG_CHECKPOINT + 1);
	save_to("checkpoint", hm_buf_str(&large));
	refuse_open("large", NULL, HM_R_FILE_TOO_LARGE);
	save_to("checkpoint", hm_buf_str(&checkpoint));
	/* another key */
	HM_OWN(hm_signer_done) struct hm_signer other = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret pem = { 0 };
	assert_int_equal(hm_signer_generate(HM_KEY_ED25519, 0, &other, NULL), HM_OK);
	assert_int_equal(hm_signer_encode_pem(&other, &pem, NULL), HM_OK);
	save_to("key.pem", hm_secret_str(&pem));
	refuse_open("other key", NULL, HM_R_TLOG_UNSIGNED);
	save_to("key.pem", hm_buf_str(&key));
	log = open_log();
	assert_true(check(log) == 1);
	hm_log_free(log);
}

/* One bit of a file is another. */
static void flip(const char *name, size_t at)
{
	HM_OWN(hm_buf_done) struct hm_buf data = read_of(name);

	assert_true(at < data.len);
	data.ptr[at] ^= 4;
	save_to(name, hm_buf_str(&data));
}

static void test_damage(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct hm_log_proof proof;
	struct hm_err err = { 0 };

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(add(log, i), 201);
	/* a hash: the open log signs nothing over it, tells nobody our file's name, and is not opened again */
	flip("tile/0/000.p/3", 40);
	assert_int_equal(add(log, 3), 500);
	assert_refused("proof", hm_log_prove(log, 0, &arena, &proof, &err), &err, HM_R_LOG_DAMAGED);
	assert_refused("check", hm_log_check(log, NULL, &err), &err, HM_R_LOG_DAMAGED);
	refuse_open("flipped", NULL, HM_R_LOG_DAMAGED);
	flip("tile/0/000.p/3", 40);
	assert_true(check(log) == 3);
	/* an entry */
	flip("tile/entries/000.p/3", 90);
	assert_refused("proof", hm_log_prove(log, 0, &arena, &proof, &err), &err, HM_R_LOG_DAMAGED);
	assert_refused("check", hm_log_check(log, NULL, &err), &err, HM_R_LOG_DAMAGED);
	assert_refused("reindex", hm_log_reindex(log, &err), &err, HM_R_LOG_DAMAGED);
	flip("tile/entries/000.p/3", 90);
	/* a tile that is gone */
	HM_OWN(hm_buf_done) struct hm_buf tile = read_of("tile/0/000.p/3");
	remove_of("tile/0/000.p/3");
	refuse_open("gone", NULL, HM_R_LOG_DAMAGED);
	assert_int_equal(get(log, "/api/v2/tile/0/000.p/3", &res), 500);
	assert_null(strstr(res.body.ptr, folder));
	save_to("tile/0/000.p/3", hm_buf_str(&tile));
	/* the index is dropped: built again */
	assert_ok(hm_log_reindex(log, &err), &err);
	assert_true(check(log) == 3);
	/* times are nobody's proof */
	remove_of("times");
	assert_int_equal(add(log, 4), 201);
	assert_true(check(log) == 4);
}

static void test_rollback(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	HM_OWN(hm_http_response_done) struct hm_http_response res;

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(add(log, i), 201);
	HM_OWN(hm_buf_done) struct hm_buf checkpoint = read_of("checkpoint"), tile = read_of("tile/0/000.p/2");
	HM_OWN(hm_buf_done) struct hm_buf entries = read_of("tile/entries/000.p/2");
	for (unsigned i = 2; i < 4; i++)
		assert_int_equal(add(log, i), 201);
	save_to("checkpoint", hm_buf_str(&checkpoint));
	save_to("tile/0/000.p/2", hm_buf_str(&tile));
	save_to("tile/entries/000.p/2", hm_buf_str(&entries));
	/* the running log remembers, and the index does for the next */
	assert_int_equal(get(log, "/api/v2/checkpoint", &res), 500);
	assert_int_equal(add(log, 5), 500);
	log = hm_log_free(log);
	refuse_open("older than its index", NULL, HM_R_LOG_ROLLBACK);
	/* that memory can be given up, by hand */
	remove_of("index.db");
	log = open_log();
	assert_true(check(log) == 2);
	assert_int_equal(add(log, 6), 201);
	log = hm_log_free(log);
	/* as many entries, but others */
	HM_OWN(hm_buf_done) struct hm_buf index = read_of("index.db");
	save_to("checkpoint", hm_buf_str(&checkpoint));
	save_to("tile/0/000.p/2", hm_buf_str(&tile));
	save_to("tile/entries/000.p/2", hm_buf_str(&entries));
	remove_of("index.db");
	log = open_log();
	assert_int_equal(add(log, 7), 201);
	log = hm_log_free(log);
	save_to("index.db", hm_buf_str(&index));
	refuse_open("another history", NULL, HM_R_LOG_ROLLBACK);
}

/* Before the checkpoint is written a folder takes its place. */
static void block_checkpoint(void *ctx, const char *place)
{
	const bool *is_blocking = ctx;
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/checkpoint", folder);

	if (!*is_blocking || strcmp(place, "log.checked") != 0)
		return;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* Nobody knows what of a checkpoint that failed is on disk: this process signs no other. */
static void test_stopped(void **state)
{
	(void)state;
	bool is_blocking = false;
	const struct hm_log_opts opts = {
		.dir = folder, .fx = &fx, .reached = block_checkpoint, .reached_ctx = &is_blocking
	};
	const struct sample sample = sample_p256(9);
	HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
	HM_OWN(hm_http_response_done) struct hm_http_response res;
	struct hm_log *log = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_log_open(&opts, &log, &err), &err);
	assert_int_equal(add(log, 1), 201);
	HM_OWN(hm_buf_done) struct hm_buf checkpoint = read_of("checkpoint");
	is_blocking = true;
	assert_int_equal(add(log, 2), 500);
	is_blocking = false;
	remove_of("checkpoint");
	save_to("checkpoint", hm_buf_str(&checkpoint));
	sample_request(&sample, &json);
	assert_refused("stopped", post(log, hm_buf_str(&json), &res, &err), &err, HM_R_LOG_STOPPED);
	assert_int_equal(res.status, 500);
	hm_log_free(log);
	log = open_log();
	assert_int_equal(add(log, 3), 201);
	assert_true(check(log) == 2);
	hm_log_free(log);
}

/* --- searching --- */

static size_t count_found(struct hm_log *log, const struct hm_log_query *query, struct hm_log_found *ret_first)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_log_found *found = NULL;
	struct hm_err err = { 0 };
	size_t count = 0;

	assert_ok(hm_log_search(log, query, &arena, &found, &count, &err), &err);
	for (size_t i = 1; i < count; i++)
		assert_true(found[i - 1].index < found[i].index);
	if (count > 0) {
		*ret_first = found[0];
		assert_true(hm_str_is(found[0].kind, "hashedrekord") && hm_str_is(found[0].version, "0.0.2"));
		assert_true(hm_str_is(found[0].identity, "joe@example.com"));
		assert_true(hm_str_is(found[0].issuer, "https://issuer.exampl"));
	}
	return count;
}

static void check_search(struct hm_log *log)
{
	const struct hm_digest digests[] = { sample_digest(HM_SHA256, 2), sample_digest(HM_SHA256, 1),
					     sample_digest(HM_SHA256, 2) };
	const struct hm_digest none = sample_digest(HM_SHA256, 99);
	const struct {
		struct hm_log_query query;
		size_t want;
		uint64_t first;
	} rows[] = {
		{ { .digests = digests, .digests_len = 1 }, 2, 2 },
		{ { .digests = digests, .digests_len = 3 }, 3, 1 },
		{ { .digests = digests, .digests_len = 3, .max = 2 }, 2, 1 },
		{ { .digests = digests, .digests_len = 1, .from = 3 }, 1, 3 },
		{ { .digests = &none, .digests_len = 1 }, 0, 0 },
		{ { .identity = HM_STR("joe@example.com") }, 4, 0 },
		{ { .identity = HM_STR("joe@example.com"), .from = 2, .max = 1 }, 1, 2 },
		{ { .identity = HM_STR("jim@example.com") }, 0, 0 },
		{ { .digests = digests, .digests_len = 1, .identity = HM_STR("jim@example.com") }, 0, 0 },
		{ { .max = 0 }, 4, 0 }, /* HM_MAX_LOG_FOUND */
		{ { .from = 4 }, 0, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_log_found first = { 0 };
		const size_t count = count_found(log, &rows[i].query, &first);
		if (count != rows[i].want || (count > 0 && first.index != rows[i].first))
			fail_msg("row %zu: %zu found", i, count);
		if (count > 0)
			assert_true(first.time_s == HM_SAMPLE_TIME + 10 * (int64_t)first.index);
	}
}

static void test_search(void **state)
{
	(void)state;
	static const unsigned numbers[] = { 0, 1, 2, 2 };
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();

	for (unsigned i = 0; i < COUNT(numbers); i++) {
		now_s = HM_SAMPLE_TIME + 10 * i;
		assert_int_equal(add(log, numbers[i]), 201);
	}
	now_s = HM_SAMPLE_TIME;
	check_search(log);
	struct hm_err err = { 0 };
	assert_ok(hm_log_reindex(log, &err), &err);
	check_search(log);
	log = hm_log_free(log);
	remove_of("index.db");
	log = open_log();
	check_search(log);
}

/* --- many at once --- */

static void reach_nothing(void *ctx, const char *place)
{
	(void)place;
	(void)ctx;
}

struct crowd {
	struct hm_log *log;
	pthread_mutex_t lock;
	unsigned next, count, checkpoints;
	size_t hold_until; /* the first batch begins once so many wait behind it */
	atomic_bool is_held;
};

static void hold_first(void *ctx, const char *place)
{
	struct crowd *c = ctx;

	if (strcmp(place, "log.checkpoint") == 0)
		c->checkpoints++;
	if (strcmp(place, "log.begin") != 0 || c->checkpoints > 0)
		return;
	atomic_store(&c->is_held, true);
	for (;;) {
		pthread_mutex_lock(&c->log->queue_lock);
		const size_t waiting = c->log->waiting;
		pthread_mutex_unlock(&c->log->queue_lock);
		if (waiting >= c->hold_until)
			return;
		usleep(1000);
	}
}

static void *add_some(void *ctx)
{
	struct crowd *c = ctx;
	for (;;) {
		pthread_mutex_lock(&c->lock);
		const unsigned number = c->next++;
		pthread_mutex_unlock(&c->lock);
		if (number >= c->count)
			return NULL;
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		const struct sample s = sample_p256(number);
		sample_request(&s, &json);
		(void)!post(c->log, hm_buf_str(&json), &res, NULL);
		if (res.status != 201)
			return c;
	}
}

/* HM_MAX_LOG_BATCH: those that wait at one moment share a checkpoint, up to as many. */
static void test_batches(void **state)
{
	(void)state;
	enum { crowd_size = 300 };
	struct crowd c = { .lock = PTHREAD_MUTEX_INITIALIZER, .count = crowd_size, .hold_until = crowd_size - 1 };
	const struct hm_log_opts opts = { .dir = folder, .fx = &fx, .reached = hold_first, .reached_ctx = &c };
	pthread_t threads[crowd_size];
	struct hm_err err = { 0 };

	sample_signer(HM_KEY_P256, 0);
	sample_signer(HM_KEY_P384, 0);
	assert_ok(hm_log_open(&opts, &c.log, &err), &err);
	for (size_t i = 0; i < crowd_size; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, add_some, &c), 0);
		while (!atomic_load(&c.is_held))
			usleep(1000);
	}
	for (size_t i = 0; i < crowd_size; i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	/* one alone, 256, and what is left */
	assert_int_equal(c.checkpoints, 3);
	assert_true(check(c.log) == crowd_size);
	hm_log_free(c.log);
}

/* Two that have the same directory open, as two processes have. */
static void test_two_writers(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	HM_OWN(hm_log_freep) struct hm_log *other = open_log();
	HM_OWN(hm_http_response_done) struct hm_http_response a, b;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(add(i % 2 ? log : other, i), 201);
	assert_int_equal(get(log, "/api/v2/checkpoint", &a), 200);
	assert_int_equal(get(other, "/api/v2/checkpoint", &b), 200);
	assert_true(hm_str_eq(hm_buf_str(&a.body), hm_buf_str(&b.body)));
	assert_true(check(log) == 6);
	const struct hm_log_query query = { .max = 0 };
	struct hm_log_found first = { 0 };
	assert_int_equal(count_found(other, &query, &first), 6);
}

/* HM_MAX_LOG_WAITING */
static void test_too_many(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();

	log->waiting = HM_MAX_LOG_WAITING;
	assert_int_equal(add(log, 1), 503);
	log->waiting = HM_MAX_LOG_WAITING - 1;
	assert_int_equal(add(log, 1), 201);
}

/* Over the edge of a bundle and of a tile, in batches of all sizes. */
static void test_growing(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	struct crowd c = { .log = log, .lock = PTHREAD_MUTEX_INITIALIZER, .count = 250 };
	HM_OWN(hm_http_response_done) struct hm_http_response tile, entries;
	pthread_t threads[25];

	sample_signer(HM_KEY_P256, 0);
	sample_signer(HM_KEY_P384, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_some, &c), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 250; i < 260; i++)
		assert_int_equal(add(log, i), 201);
	assert_true(check(log) == 260);
	assert_int_equal(get(log, "/api/v2/tile/0/000", &tile), 200);
	assert_int_equal(tile.body.len, 8192);
	assert_int_equal(get(log, "/api/v2/tile/entries/000", &entries), 200);
	/* what no checkpoint needs any more is gone */
	HM_OWN(hm_freep) char *partials = hm_asprintf("%s/tile/0/000.p", folder);
	HM_OWN(hm_freep) char *older = hm_asprintf("%s/tile/entries/001.p/2", folder);
	assert_false(hm_path_is_there(partials));
	assert_false(hm_path_is_there(older));
}

/* What a killed writer left beyond the checkpoint is not seen, and is replaced. */
static void test_leftovers(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(add(log, i), 201);
	save_to("tile/0/000.p/3", HM_STR("another hash"));
	save_to("tile/entries/000.p/3", HM_STR("entries"));
	save_to("tile/0/000.p/5", HM_STR("one that is never reached"));
	save_to("tile/0/000", HM_STR("a whole tile"));
	save_to("tile/entries/000", HM_STR("a whole bundle"));
	save_to("tile/0/.000.tmp-0011223344556677", HM_STR("half"));
	log = hm_log_free(log);
	log = open_log();
	assert_true(check(log) == 2);
	for (unsigned i = 2; i < 4; i++)
		assert_int_equal(add(log, i), 201);
	assert_true(check(log) == 4);
	HM_OWN(hm_freep) char *temp = hm_asprintf("%s/tile/0/.000.tmp-0011223344556677", folder);
	assert_false(hm_path_is_there(temp));
}

/* --- no memory --- */

static void test_no_memory_to_open(void **state)
{
	(void)state;
	const struct hm_log_opts opts = { .dir = folder, .fx = &fx, .reached = reach_nothing };
	HM_OWN(hm_log_freep) struct hm_log *first = open_log();

	assert_int_equal(add(first, 1), 201);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_log_freep) struct hm_log *log = NULL;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_log_open(&opts, &log, &err);
		const bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (has_failed)
			assert_refused("open", st, &err, HM_R_NO_MEMORY);
		else
			assert_ok(st, &err);
		if (!has_failed)
			return;
	}
}

/* Whatever fails, what was answered with 201 is in the log, and the log goes on. */
static void test_no_memory_to_add(void **state)
{
	(void)state;
	HM_OWN(hm_log_freep) struct hm_log *log = open_log();
	uint64_t acknowledged = 0;

	for (unsigned long n = 1;; n++) {
		const struct sample s = sample_p256((unsigned)n);
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		HM_OWN(hm_http_response_done) struct hm_http_response res;
		sample_request(&s, &json);
		struct hm_err err = { 0 };
		failing = n;
		(void)!post(log, hm_buf_str(&json), &res, &err);
		const bool has_failed = hm_mem_has_failed();
		failing = 0;
		hm_mem_fail_at(0);
		if (res.status == 201)
			acknowledged++;
		else
			assert_true(has_failed);
		if (res.status != 201 && res.status != 503)
			fail_msg("allocation %lu: status %d: %s %s", n, res.status, hm_reason_code(err.reason),
				 err.cause);
		if (!has_failed)
			break;
	}
	assert_true(check(log) >= acknowledged);
	assert_true(acknowledged > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(test_first_and_again),
		with_folder(test_answer),
		with_folder(test_tiles),
		with_folder(test_origins),
		with_folder(test_must_exist),
		with_folder(test_losses),
		with_folder(test_damage),
		with_folder(test_rollback),
		with_folder(test_stopped),
		with_folder(test_search),
		with_folder(test_batches),
		with_folder(test_two_writers),
		with_folder(test_too_many),
		with_folder(test_growing),
		with_folder(test_leftovers),
		with_folder(test_no_memory_to_open),
		with_folder(test_no_memory_to_add),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
