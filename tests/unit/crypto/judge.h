/*
 * Other programs as judges, in a folder of their own, and memory that fails inside OpenSSL too.
 */
#ifndef HM_TESTS_CRYPTO_JUDGE_H
#define HM_TESTS_CRYPTO_JUDGE_H

#include "unit.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/tree.h"
#include "data/json.h"

#include <openssl/crypto.h>

/* Decode hexadecimal that is written in the test itself. */
static inline struct hm_str from_hex(const char *hex, uint8_t *ret_bytes)
{
	size_t len = strlen(hex) / 2;

	assert_int_equal(hm_hex_read(hm_str(hex), ret_bytes, len, NULL), HM_OK);
	return hm_str_of(ret_bytes, len);
}

/* A published JSON document. */
struct doc {
	struct hm_arena arena;
	struct hm_value value;
	bool is_there;
};

static inline void doc_done(struct doc *doc)
{
	hm_arena_done(&doc->arena);
}

/* Read a document of the published test data; where it is absent the caller skips. */
static inline struct doc shared_doc(const char *name)
{
	struct doc doc = { .arena = hm_arena_init(16 * HM_MIB) };
	struct hm_buf text = hm_buf_init(HM_MAX_CONFIG_FILE);
	const char *dir = shared_data();
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir ? dir : "/nowhere", name);
	struct hm_err err = { 0 };

	if (hm_file_read(path, HM_MAX_CONFIG_FILE, &text, NULL) == HM_OK) {
		assert_ok(hm_json_parse(hm_buf_str(&text), NULL, &doc.arena, &doc.value, &err), &err);
		doc.is_there = true;
	} else {
		print_message("the published data '%s' is not here: HM_SHARED_DATA names no folder with it\n", name);
	}
	hm_buf_done(&text);
	return doc;
}

/* What a path such as "tlogs.0.publicKey" leads to, or NULL. */
static inline const struct hm_value *doc_at(const struct hm_value *value, const char *path)
{
	struct hm_str rest = hm_str(path), part;
	uint64_t i;

	while (hm_str_next(&rest, '.', &part))
		value = hm_str_to_u64(part, &i) ? hm_value_at(value, i) : hm_value_get_str(value, part);
	return value;
}

/*
 * The bytes that stand there in Base64; the time stamp of one published case has line ends in it.
 *
 * Errors  false when nothing stands there
 */
static inline bool doc_bytes(const struct hm_value *value, const char *path, struct hm_buf *ret_bytes)
{
	struct hm_str rest = hm_value_text(doc_at(value, path)), line;
	struct hm_buf text = hm_buf_init(HM_MIB);

	while (rest.ptr && hm_str_next(&rest, '\n', &line))
		hm_buf_add_str(&text, line);
	*ret_bytes = hm_buf_init(HM_MIB);
	bool found = text.len > 0 && hm_base64_decode(ret_bytes, HM_BASE64_STD, hm_buf_str(&text), NULL) == HM_OK;
	hm_buf_done(&text);
	return found;
}

/* Whether a program is there; where it is not the caller skips by its name. */
static inline bool has_program(const char *name)
{
	HM_OWN(hm_freep) char *path = NULL;

	if (hm_proc_find(name, NULL, &path, NULL) == HM_OK)
		return true;
	print_message("%s is not installed; scripts/setup --tests installs it\n", name);
	return false;
}

/* A folder for the files of one test. */
static inline char *make_folder(void)
{
	const char *parent = getenv("TMPDIR");
	char *dir = NULL;

	assert_int_equal(hm_dir_make_temp(parent ? parent : "/tmp", "hm-crypto-", &dir, NULL), HM_OK);
	return dir;
}

static inline void remove_folder(char **dir)
{
	if (*dir)
		assert_int_equal(hm_tree_remove(*dir, NULL), HM_OK);
	free(*dir);
}

static inline void put_file(const char *dir, const char *name, struct hm_str data)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir, name);
	struct hm_err err = { 0 };

	assert_ok(hm_file_save(path, data, 0600, &err), &err);
}

static inline struct hm_buf get_file(const char *dir, const char *name)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir, name);
	struct hm_buf data = hm_buf_init(HM_MAX_CONFIG_FILE);
	struct hm_err err = { 0 };

	assert_ok(hm_file_read(path, HM_MAX_CONFIG_FILE, &data, &err), &err);
	return data;
}

/* Run "program arg arg ..." in a folder; blanks separate. Returns its exit code. */
static inline int judge_with(const char *dir, const char *line, const char *const *env)
{
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	char copy[1024];
	const char *argv[64];
	size_t argc = 0;
	struct hm_err err = { 0 };

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	for (char *at = copy; *at != '\0';) {
		char *end = strchrnul(at, ' ');
		assert_true(argc + 1 < COUNT(argv));
		argv[argc++] = at;
		at = *end != '\0' ? end + 1 : end;
		*end = '\0';
	}
	argv[argc] = NULL;
	const struct hm_proc_opts opts = { .argv = argv, .env = env, .dir = dir, .in = -1, .out = -1, .err = -1 };
	assert_ok(hm_proc_run(&opts, (struct hm_str){ 0 }, 60000, HM_MIB, &result, &err), &err);
	if (result.exit_code != 0)
		print_message("%s: %s%s\n", line, result.out.ptr ? result.out.ptr : "",
			      result.err.ptr ? result.err.ptr : "");
	return result.exit_code;
}

static inline int judge(const char *dir, const char *line)
{
	return judge_with(dir, line, NULL);
}

static inline void *failing_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return hm_malloc(size);
}

static inline void *failing_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return hm_realloc(old, size);
}

static inline void counted_free(void *ptr, const char *file, int line)
{
	(void)file;
	(void)line;
	free(ptr);
}

/* Let hm_mem_fail_at() reach OpenSSL's own allocations. To be called before anything else of OpenSSL. */
static inline void fail_inside_openssl(void)
{
	if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, counted_free) != 1)
		abort();
}

/*
 * Fail the first allocation, the second, ... until the work succeeds; each time it must say that memory ran out.
 * OpenSSL swallows some failures and goes on without (a cache that stays empty); then the work may succeed early, so
 * the walk goes on until no failure was reached any more. Where memory runs out inside them, its Ed25519 and RSA say
 * "no", its nonces that there are no random numbers, its path that it ends: refused, which is safe, if not the whole
 * truth.
 */
static inline void walk_failures(const char *name, enum hm_status (*work)(struct hm_err *))
{
	struct hm_err err = { 0 };

	assert_ok(work(&err), &err); /* what is fetched once is there from now on */
	for (unsigned long n = 1;; n++) {
		hm_mem_fail_at(n);
		enum hm_status st = work(&err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			print_message("%s: %lu allocations walked\n", name, n - 1);
			return;
		}
		if (st != HM_OK && st != HM_ENOMEM && err.reason != HM_R_SIG_INVALID && err.reason != HM_R_RANDOM &&
		    err.reason != HM_R_X509_NO_PATH)
			fail_msg("%s: allocation %lu failed and the answer was %s: %s", name, n,
				 hm_reason_code(err.reason), err.cause);
	}
}

#endif
