/* Hashes of modules: the published example, the listing's form, and zips that break Go's rules. */
#include "unit.h"

#include "../archive/zip_maker.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "golang/dirhash.h"

#include <sys/stat.h>

static const struct hm_golang_module mod = { { "a.b/c", 5 }, { "v1.0.0", 6 } };

#define P "a.b/c@v1.0.0/"

static void test_go_mod(void **state)
{
	(void)state;
	struct hm_hash hash;
	char text[HM_GOLANG_H1_LEN];
	struct hm_err err = { 0 };
	/* the hash of an empty go.mod, which go 1.11 wrote into many go.sum files */
	assert_ok(hm_golang_hash_go_mod(HM_STR(""), &hash, &err), &err);
	hm_golang_h1_write(&hash, text);
	assert_string_equal(text, "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=");
}

static enum hm_status hash_files(const struct made_file *files, size_t count, struct hm_hash *ret_hash,
				 struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);

	make_zip(&zip, files, count, NULL);
	return hm_golang_hash_zip_memory(hm_buf_str(&zip), &mod, ret_hash, NULL, err);
}

static void test_order_does_not_count(void **state)
{
	(void)state;
	/* '.' sorts before '/': by whole names, and not folder by folder */
	const struct made_file one[] = { { .name = P "a/x", .text = "1" },
					 { .name = P "a.go", .text = "2", .deflated = true } };
	const struct made_file other[] = { { .name = P "a.go", .text = "2" }, { .name = P "a/x", .text = "1" } };
	struct hm_hash x, y, listing;
	struct hm_err err = { 0 };
	assert_ok(hash_files(one, 2, &x, &err), &err);
	assert_ok(hash_files(other, 2, &y, &err), &err);
	assert_memory_equal(x.b, y.b, HM_HASH_LEN);
	static const char text[] = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35  " P "a.go\n"
				   "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b  " P "a/x\n";
	assert_ok(hm_crypto_sha256_of(hm_str(text), &listing, &err), &err);
	assert_memory_equal(x.b, listing.b, HM_HASH_LEN);
}

static void test_rules(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct made_file files[2];
		enum hm_reason want;
	} rows[] = {
		{ "good", { { .name = P "go.mod", .text = "x" }, { .name = P "d/x.go", .text = "y" } }, HM_R_OK },
		{ "a folder", { { .name = P "d/", .text = "" }, { .name = P "d/x.go", .text = "y" } }, HM_R_OK },
		{ "another version", { { .name = "a.b/c@v1.0.1/x", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "no prefix", { { .name = "x", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "go.mod below", { { .name = P "d/go.mod", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "Go.mod", { { .name = P "Go.mod", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "GO.MOD below", { { .name = P "d/GO.MOD", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "case of a file",
		  { { .name = P "x.go", .text = "" }, { .name = P "X.go", .text = "" } },
		  HM_R_GOLANG_ZIP },
		{ "case of a folder",
		  { { .name = P "d/x.go", .text = "" }, { .name = P "D/y.go", .text = "" } },
		  HM_R_GOLANG_ZIP },
		{ "file and folder",
		  { { .name = P "d", .text = "" }, { .name = P "d/y.go", .text = "" } },
		  HM_R_GOLANG_ZIP },
		{ "a colon", { { .name = P "a:b", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "a device", { { .name = P "nul", .text = "" } }, HM_R_GOLANG_ZIP },
		{ "a link", { { .name = P "l", .text = "x", .mode = 0120777 } }, HM_R_GOLANG_ZIP },
		{ "wrong checksum", { { .name = P "x", .text = "x", .crc_add = 1 } }, HM_R_ARCHIVE_DAMAGED },
		{ "twice", { { .name = P "x", .text = "" }, { .name = P "x", .text = "" } }, HM_R_ARCHIVE_TWICE },
		{ "huge go.mod",
		  { { .name = P "go.mod", .text = "x", .deflated = true, .size_add = 16 << 20 } },
		  HM_R_GOLANG_ZIP },
		{ "huge LICENSE",
		  { { .name = P "LICENSE", .text = "x", .deflated = true, .size_add = 16 << 20 } },
		  HM_R_GOLANG_ZIP },
		{ "huge file",
		  { { .name = P "x", .text = "x", .deflated = true, .size_add = 500 << 20 } },
		  HM_R_ARCHIVE_LIMIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_hash hash;
		struct hm_err err = { 0 };
		enum hm_status st = hash_files(rows[i].files, rows[i].files[1].name ? 2 : 1, &hash, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	static const struct hm_golang_module bad[] = { { { "c", 1 }, { "v1.0.0", 6 } },
						       { { "a.b/c", 5 }, { "v1.0", 4 } } };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hm_hash hash;
		HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);
		make_zip(&zip, NULL, 0, NULL);
		assert_int_equal(hm_golang_hash_zip_memory(hm_buf_str(&zip), &bad[i], &hash, NULL, NULL), HM_EPARSE);
	}
}

/* A folder and the zip that it came from have one hash. */
static void test_dir(void **state)
{
	(void)state;
	const struct made_file files[] = { { .name = P "a/x", .text = "1" }, { .name = P "a.go", .text = "2" } };
	HM_OWN(hm_freep) char *dir = NULL;
	struct hm_hash packed, unpacked;
	struct hm_err err = { 0 };
	char path[256];
	assert_ok(hm_dir_make_temp("/tmp", "hm-test-dirhash-", &dir, &err), &err);
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/a/x", dir);
	assert_ok(hm_file_save(path, HM_STR("1"), 0600, &err), &err);
	snprintf(path, sizeof(path), "%s/a.go", dir);
	assert_ok(hm_file_save(path, HM_STR("2"), 0600, &err), &err);
	assert_ok(hash_files(files, 2, &packed, &err), &err);
	assert_ok(hm_golang_hash_dir(dir, &mod, &unpacked, &err), &err);
	assert_memory_equal(packed.b, unpacked.b, HM_HASH_LEN);

	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused("pipe", hm_golang_hash_dir(dir, &mod, &unpacked, &err), &err, HM_R_GOLANG_ZIP);
	unlink(path);
	assert_int_equal(symlink("a.go", path), 0);
	assert_refused("link", hm_golang_hash_dir(dir, &mod, &unpacked, &err), &err, HM_R_GOLANG_ZIP);
	assert_ok(hm_tree_remove(dir, &err), &err);
	assert_refused("missing", hm_golang_hash_dir(dir, &mod, &unpacked, &err), &err, HM_R_FILE_NOT_FOUND);
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct made_file files[] = { { .name = P "a/X", .text = "1" }, { .name = P "a.go", .text = "2" } };
	HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);
	make_zip(&zip, files, 2, NULL);
	for (unsigned long n = 1;; n++) {
		struct hm_hash hash;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_hash_zip_memory(hm_buf_str(&zip), &mod, &hash, NULL, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_mod),    cmocka_unit_test(test_order_does_not_count),
		cmocka_unit_test(test_rules),     cmocka_unit_test(test_dir),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/dirhash", tests, NULL, NULL);
}
