/* Reading archives from outside: what is refused and why, through each of the compressions. */
#include "unit.h"

#include "archive/gzip.h"
#include "archive/read.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "tar_maker.h"
#include "zip_maker.h"

#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

/* Go through a whole archive; what was read is counted. */
static enum hm_status read_all(struct hm_str bytes, const struct hm_archive_opts *opts, bool copy, size_t *ret_count,
			       struct hm_err *err)
{
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	const struct hm_archive_entry *entry = NULL;

	*ret_count = 0;
	enum hm_status st = hm_archive_open_memory(bytes, "test", opts, &archive, err);
	while (st == HM_OK) {
		st = hm_archive_next(archive, &entry, err);
		if (st != HM_OK || !entry)
			break;
		++*ret_count;
		if (copy)
			st = hm_archive_copy(archive, (struct hm_sink){ 0 }, err);
	}
	return st;
}

static void test_tar_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct made_entry entries[3];
		enum hm_reason want;
	} rows[] = {
		{ "honest",
		  { { .name = "a", .text = "1" }, { .name = "b/", .type = '5' }, { .name = "b/c" } },
		  HM_R_OK },
		{ "root folder", { { .name = "./", .type = '5' }, { .name = "./a" } }, HM_R_OK },
		{ "link", { { .name = "d/l", .type = '2', .link = "../a" } }, HM_R_OK },
		{ "upwards", { { .name = "../a" } }, HM_R_ARCHIVE_PATH },
		{ "upwards inside", { { .name = "a/../../b" } }, HM_R_ARCHIVE_PATH },
		{ "absolute", { { .name = "/etc/passwd" } }, HM_R_ARCHIVE_PATH },
		{ "backslash", { { .name = "..\\a" } }, HM_R_ARCHIVE_PATH },
		{ "a file with the root's name", { { .name = "./", .type = '2', .link = "a" } }, HM_R_ARCHIVE_PATH },
		{ "symbolic link out", { { .name = "l", .type = '2', .link = "../a" } }, HM_R_ARCHIVE_LINK },
		{ "symbolic link to the root of all",
		  { { .name = "l", .type = '2', .link = "/" } },
		  HM_R_ARCHIVE_LINK },
		{ "symbolic link back through a name",
		  { { .name = "a/l", .type = '2', .link = "b/.." } },
		  HM_R_ARCHIVE_LINK },
		{ "hard link out", { { .name = "l", .type = '1', .link = "../a" } }, HM_R_ARCHIVE_PATH },
		{ "hard link to an absolute path",
		  { { .name = "l", .type = '1', .link = "/etc/passwd" } },
		  HM_R_ARCHIVE_PATH },
		{ "character device", { { .name = "n", .type = '3' } }, HM_R_ARCHIVE_KIND },
		{ "block device", { { .name = "n", .type = '4' } }, HM_R_ARCHIVE_KIND },
		{ "pipe", { { .name = "n", .type = '6' } }, HM_R_ARCHIVE_KIND },
		{ "twice", { { .name = "a" }, { .name = "b" }, { .name = "./a" } }, HM_R_ARCHIVE_TWICE },
		{ "file and folder of one name",
		  { { .name = "a" }, { .name = "a/", .type = '5' } },
		  HM_R_ARCHIVE_TWICE },
		{ "checksum of a header", { { .name = "a", .bad_sum = true } }, HM_R_ARCHIVE_FORMAT },
		{ "cut off", { { .name = "a", .text = "1", .size_add = 4096 } }, HM_R_ARCHIVE_FORMAT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int copy = 0; copy <= 1; copy++) {
			HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(HM_MIB);
			struct hm_err err = { 0 };
			size_t count;
			make_tar(&tar, rows[i].entries, 3);
			enum hm_status st = read_all(hm_buf_str(&tar), NULL, copy, &count, &err);
			if (rows[i].want == HM_R_OK)
				assert_ok(st, &err);
			else
				assert_refused(rows[i].name, st, &err, rows[i].want);
		}
	}
}

static void test_twice_allowed(void **state)
{
	(void)state;
	const struct made_entry entries[] = { { .name = "a" }, { .name = "a" }, { .name = NULL } };
	const struct hm_archive_opts opts = { .allow_twice = true };
	HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	size_t count;
	make_tar(&tar, entries, 3);
	assert_ok(read_all(hm_buf_str(&tar), &opts, true, &count, &err), &err);
	assert_int_equal(count, 2);
}

/* Names beyond the first growth of the set; the last one is there already. */
static void test_many_names(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(8 * HM_MIB);
	struct hm_err err = { 0 };
	char name[32];
	size_t count;
	for (int i = 0; i <= 2000; i++) {
		snprintf(name, sizeof(name), "d/%d", i == 2000 ? 77 : i);
		make_tar_entry(&tar, &(struct made_entry){ .name = name });
	}
	make_tar(&tar, NULL, 0);
	assert_refused("twice", read_all(hm_buf_str(&tar), NULL, false, &count, &err), &err, HM_R_ARCHIVE_TWICE);
	assert_int_equal(count, 2000);
}

static void gzip_into(struct hm_buf *out, struct hm_str bytes)
{
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
	struct hm_sink none = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_gzip_new(hm_sink_buf(out), none, none, &gzip, &err), &err);
	assert_ok(hm_gzip_write(gzip, bytes.ptr, bytes.len, &err), &err);
	assert_ok(hm_gzip_finish(gzip, NULL, &err), &err);
}

/* zstd is read only; libarchive itself writes it for us. */
static size_t zstd_into(char *out, size_t size, struct hm_str bytes)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	archive_write_add_filter_zstd(a);
	archive_write_set_format_raw(a);
	archive_write_set_bytes_per_block(a, 0);
	archive_entry_set_pathname(e, "raw");
	archive_entry_set_filetype(e, AE_IFREG);
	assert_int_equal(archive_write_open_memory(a, out, size, &used), ARCHIVE_OK);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, bytes.ptr, bytes.len), (la_ssize_t)bytes.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(e);
	archive_write_free(a);
	return used;
}

static void test_compressed(void **state)
{
	(void)state;
	const struct made_entry entry = { .name = "a", .text = "hello" };
	HM_OWN(hm_buf_done)
	struct hm_buf tar = hm_buf_init(HM_MIB), gz = hm_buf_init(HM_MIB), twice = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	size_t count;
	make_tar(&tar, &entry, 1);
	gzip_into(&gz, hm_buf_str(&tar));
	assert_ok(read_all(hm_buf_str(&gz), NULL, true, &count, &err), &err);
	assert_int_equal(count, 1);
	char zst[4096];
	size_t zst_len = zstd_into(zst, sizeof(zst), hm_buf_str(&tar));
	assert_memory_equal(zst, "\x28\xb5\x2f\xfd", 4);
	assert_ok(read_all(hm_str_of(zst, zst_len), NULL, true, &count, &err), &err);
	assert_int_equal(count, 1);
	gzip_into(&twice, hm_buf_str(&gz));
	assert_refused("gzip in gzip", read_all(hm_buf_str(&twice), NULL, true, &count, &err), &err,
		       HM_R_ARCHIVE_FORMAT);
	assert_refused("cut off", read_all(hm_str_head(hm_buf_str(&gz), gz.len / 2), NULL, true, &count, &err), &err,
		       HM_R_ARCHIVE_FORMAT);
}

static void test_no_archive(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = { { "", 0 },
		     { "x", 1 },
		     { "plain text, and no archive at all", 33 },
		     { "PK\x03\x04", 4 },
		     { "\x1f\x8b\x08", 3 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		size_t count;
		assert_refused(rows[i].bytes, read_all(hm_str_of(rows[i].bytes, rows[i].len), NULL, true, &count, &err),
			       &err, HM_R_ARCHIVE_FORMAT);
	}
}

static void test_limits(void **state)
{
	(void)state;
	const struct made_entry entries[] = { { .name = "a", .text = "12345" },
					      { .name = "b", .text = "12345" },
					      { 0 } };
	static const struct {
		const char *name;
		struct hm_archive_opts opts;
		bool good;
	} rows[] = {
		{ "just", { .limits = { 2, 5, 10, 0 } }, true },
		{ "entries", { .limits = { 1, 0, 0, 0 } }, false },
		{ "file", { .limits = { 0, 4, 0, 0 } }, false },
		{ "total", { .limits = { 0, 0, 9, 0 } }, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* also what nobody wants to have counts, else a bomb could be passed over */
		for (int copy = 0; copy <= 1; copy++) {
			HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(HM_MIB);
			struct hm_err err = { 0 };
			size_t count;
			make_tar(&tar, entries, 3);
			enum hm_status st = read_all(hm_buf_str(&tar), &rows[i].opts, copy, &count, &err);
			if (rows[i].good)
				assert_ok(st, &err);
			else
				assert_refused(rows[i].name, st, &err, HM_R_ARCHIVE_LIMIT);
		}
	}
}

/* 100 MiB of zeros in some 100 KiB of gzip. */
static void test_bomb(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf gz = hm_buf_init(8 * HM_MIB);
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
	static const char zeros[64 * 1024];
	const struct hm_tar_entry entry = { .path = HM_STR("bomb"), .mode = 0644, .size = 100 * HM_MIB };
	const struct hm_archive_opts generous = { .limits = { .ratio = 2000 } };
	struct hm_sink none = { 0 };
	struct hm_err err = { 0 };
	struct hm_tar tar;
	size_t count;
	assert_ok(hm_gzip_new(hm_sink_buf(&gz), none, none, &gzip, &err), &err);
	hm_tar_init(&tar, hm_gzip_sink(gzip));
	assert_ok(hm_tar_begin(&tar, &entry, &err), &err);
	for (uint64_t i = 0; i < entry.size / sizeof(zeros); i++)
		assert_ok(hm_tar_write(&tar, zeros, sizeof(zeros), &err), &err);
	assert_ok(hm_tar_finish(&tar, &err), &err);
	assert_ok(hm_gzip_finish(gzip, NULL, &err), &err);
	assert_refused("bomb", read_all(hm_buf_str(&gz), NULL, true, &count, &err), &err, HM_R_ARCHIVE_LIMIT);
	assert_refused("passed over", read_all(hm_buf_str(&gz), NULL, false, &count, &err), &err, HM_R_ARCHIVE_LIMIT);
	assert_ok(read_all(hm_buf_str(&gz), &generous, true, &count, &err), &err);
}

static void test_zip(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct made_file file;
		enum hm_reason want;
	} rows[] = {
		{ "file", { .name = "d/f", .text = "text", .mode = 0100755 }, HM_R_OK },
		{ "folder", { .name = "d/", .text = "", .mode = 040755 }, HM_R_OK },
		{ "link", { .name = "l", .text = "/etc/passwd", .mode = 0120777 }, HM_R_ARCHIVE_KIND },
		{ "device", { .name = "l", .text = "", .mode = 020666 }, HM_R_ARCHIVE_KIND },
		{ "folder as file", { .name = "l", .text = "", .mode = 040755 }, HM_R_ARCHIVE_KIND },
		{ "folder with content", { .name = "d/", .text = "text" }, HM_R_ARCHIVE_FORMAT },
		{ "wrong checksum", { .name = "f", .text = "text", .crc_add = 1 }, HM_R_ARCHIVE_DAMAGED },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf zip = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		size_t count;
		make_zip(&zip, &rows[i].file, 1, NULL);
		enum hm_status st = read_all(hm_buf_str(&zip), NULL, true, &count, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

/* A pipe cannot go back, and a tar need not; a zip must. */
static void test_pipe(void **state)
{
	(void)state;
	const struct made_entry entry = { .name = "a", .text = "hello" };
	const struct made_file file = { .name = "a", .text = "hello" };
	for (int zip = 0; zip <= 1; zip++) {
		HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
		HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
		struct hm_err err = { 0 };
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		if (zip)
			make_zip(&bytes, &file, 1, NULL);
		else
			make_tar(&bytes, &entry, 1);
		assert_int_equal(write(fds[1], bytes.ptr, bytes.len), bytes.len);
		close(fds[1]);
		enum hm_status st = hm_archive_open(fds[0], "pipe", NULL, &archive, &err);
		if (zip) {
			assert_refused("zip", st, &err, HM_R_FILE_KIND);
		} else {
			const struct hm_archive_entry *e;
			assert_ok(st, &err);
			assert_ok(hm_archive_next(archive, &e, &err), &err);
			assert_true(hm_str_is(e->path, "a"));
		}
		close(fds[0]);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct made_entry entries[] = { { .name = "a", .text = "hello" }, { .name = "b/", .type = '5' } };
	HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(HM_MIB);
	make_tar(&tar, entries, 2);
	for (unsigned long n = 1;; n++) {
		struct hm_err err = { 0 };
		size_t count;
		hm_mem_fail_at(n);
		enum hm_status st = read_all(hm_buf_str(&tar), NULL, true, &count, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tar_refusals), cmocka_unit_test(test_twice_allowed),
		cmocka_unit_test(test_many_names),   cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_no_archive),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bomb),         cmocka_unit_test(test_zip),
		cmocka_unit_test(test_pipe),         cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("archive/read", tests, NULL, NULL);
}
