/* Zip archives that say one thing twice, and those that do not. */
#include "unit.h"

#include "archive/zip.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "zip_maker.h"

static const char words[] = "a text that is long enough to be worth packing, a text that is long enough";

static void test_good(void **state)
{
	(void)state;
	const struct made_file files[] = {
		{ .name = "b/stored", .text = words, .mode = 0100644 },
		{ .name = "a", .text = words, .deflated = true },
		{ .name = "b/descriptor", .text = words, .deflated = true, .descriptor = true },
		{ .name = "b/empty", .text = "" },
		{ .name = "b/empty-deflated", .text = "", .deflated = true, .descriptor = true },
		{ .name = "c/", .text = "" },
	};
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
	HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
	struct hm_err err = { 0 };
	make_zip(&bytes, files, COUNT(files), &(struct made_end){ .comment = "a comment" });
	assert_ok(hm_zip_open_memory(hm_buf_str(&bytes), NULL, &zip, &err), &err);
	assert_int_equal(zip.count, COUNT(files));
	assert_int_equal(zip.total_size, 3 * strlen(words));
	for (size_t i = 0; i < COUNT(files); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(4096);
		const struct hm_zip_entry *entry = hm_zip_find(&zip, hm_str(files[i].name));
		assert_ptr_equal(entry, &zip.entries[i]);
		assert_int_equal(entry->mode, files[i].mode);
		assert_ok(hm_zip_read(&zip, entry, &reader, hm_sink_buf(&out), &err), &err);
		assert_true(hm_str_is(hm_buf_str(&out), files[i].text));
	}
	assert_null(hm_zip_find(&zip, HM_STR("b")));
}

static void test_empty_archive(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
	struct hm_err err = { 0 };
	make_zip(&bytes, NULL, 0, NULL);
	assert_ok(hm_zip_open_memory(hm_buf_str(&bytes), NULL, &zip, &err), &err);
	assert_int_equal(zip.count, 0);
}

/* An archive of one honest file and one that lies; refused when it is opened, or at the latest when it is read. */
static enum hm_status open_and_read(const struct made_file *liar, const struct made_end *end,
				    const struct hm_archive_limits *limits, struct hm_err *err)
{
	const struct made_file files[] = { { .name = "first", .text = words, .deflated = true }, *liar };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
	HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };

	make_zip(&bytes, files, 2, end);
	enum hm_status st = hm_zip_open_memory(hm_buf_str(&bytes), limits, &zip, err);
	for (size_t i = 0; i < zip.count && st == HM_OK; i++)
		st = hm_zip_read(&zip, &zip.entries[i], &reader, (struct hm_sink){ 0 }, err);
	return st;
}

static void test_lying_files(void **state)
{
	(void)state;
	static const char unicode_path[] = "\x75\x70\x05\x00\x01\0\0\0\0", cut[] = "\x99\x99\x05\x00\x01";
	static const struct {
		const char *name;
		struct made_file file;
		enum hm_reason want;
	} rows[] = {
		{ "honest", { .name = "x", .text = words }, HM_R_OK },
		{ "wrong checksum", { .name = "x", .text = words, .crc_add = 1 }, HM_R_ARCHIVE_DAMAGED },
		{ "wrong checksum, packed",
		  { .name = "x", .text = words, .deflated = true, .crc_add = 1 },
		  HM_R_ARCHIVE_DAMAGED },
		{ "larger than said",
		  { .name = "x", .text = words, .deflated = true, .size_add = -1 },
		  HM_R_ARCHIVE_DAMAGED },
		{ "smaller than said",
		  { .name = "x", .text = words, .deflated = true, .size_add = 1 },
		  HM_R_ARCHIVE_DAMAGED },
		{ "stored with two sizes", { .name = "x", .text = words, .size_add = 1 }, HM_R_ARCHIVE_FORMAT },
		{ "packed size too small",
		  { .name = "x", .text = words, .deflated = true, .packed_add = -1 },
		  HM_R_ARCHIVE_FORMAT },
		{ "packed size into the directory",
		  { .name = "x", .text = words, .deflated = true, .packed_add = 1 },
		  HM_R_ARCHIVE_FORMAT },
		{ "own header with another size",
		  { .name = "x", .text = words, .deflated = true, .local_size_add = 1 },
		  HM_R_ARCHIVE_FORMAT },
		{ "descriptor with another size",
		  { .name = "x", .text = words, .deflated = true, .descriptor = true, .local_size_add = 1 },
		  HM_R_ARCHIVE_FORMAT },
		{ "own header with another name",
		  { .name = "x", .text = words, .local_name = "y" },
		  HM_R_ARCHIVE_FORMAT },
		{ "own header with a longer name",
		  { .name = "x", .text = words, .local_name = "xy" },
		  HM_R_ARCHIVE_FORMAT },
		{ "own header with other flags",
		  { .name = "x", .text = words, .local_flags = 1 << 11 },
		  HM_R_ARCHIVE_FORMAT },
		{ "encrypted", { .name = "x", .text = words, .flags = 1 }, HM_R_ARCHIVE_FORMAT },
		{ "unknown flag", { .name = "x", .text = words, .flags = 1 << 13 }, HM_R_ARCHIVE_FORMAT },
		{ "unknown method", { .name = "x", .text = words, .method = 12 }, HM_R_ARCHIVE_FORMAT },
		{ "header elsewhere", { .name = "x", .text = words, .offset_add = 1 }, HM_R_ARCHIVE_FORMAT },
		{ "header before", { .name = "x", .text = words, .offset_add = -1 }, HM_R_ARCHIVE_FORMAT },
		{ "header far away", { .name = "x", .text = words, .offset_add = 1 << 30 }, HM_R_ARCHIVE_FORMAT },
		{ "two files share their bytes",
		  { .name = "first2", .text = words, .deflated = true, .no_local = true },
		  HM_R_ARCHIVE_FORMAT },
		{ "hidden bytes between", { .name = "x", .text = words, .gap = "hidden" }, HM_R_ARCHIVE_FORMAT },
		{ "second name",
		  { .name = "x", .text = words, .extra = unicode_path, .extra_len = 9 },
		  HM_R_ARCHIVE_FORMAT },
		{ "extra field cut off",
		  { .name = "x", .text = words, .extra = cut, .extra_len = 5 },
		  HM_R_ARCHIVE_FORMAT },
		{ "same name", { .name = "first", .text = words }, HM_R_ARCHIVE_TWICE },
		{ "upwards", { .name = "../x", .text = words }, HM_R_ARCHIVE_PATH },
		{ "absolute", { .name = "/x", .text = words }, HM_R_ARCHIVE_PATH },
		{ "backslash", { .name = "a\\x", .text = words }, HM_R_ARCHIVE_PATH },
		{ "not clean", { .name = "a//x", .text = words }, HM_R_ARCHIVE_PATH },
		{ "not UTF-8", { .name = "a\xff", .text = words }, HM_R_ARCHIVE_PATH },
		{ "no name", { .name = "", .text = words }, HM_R_ARCHIVE_PATH },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = open_and_read(&rows[i].file, NULL, NULL, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_lying_ends(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct made_end end;
	} rows[] = {
		{ "one too many", { .count_add = 1 } },
		{ "one too few", { .count_add = -1 } },
		{ "starts later", { .offset_add = 1 } },
		{ "starts earlier", { .offset_add = -1 } },
		{ "larger", { .size_add = 1 } },
		{ "smaller", { .size_add = -1 } },
		{ "bytes before the directory", { .before_dir = "hidden" } },
		{ "bytes behind the end", { .tail = "hidden" } },
		{ "a comment and bytes", { .comment = "c", .tail = "hidden" } },
	};
	const struct made_file honest = { .name = "x", .text = words };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, open_and_read(&honest, &rows[i].end, NULL, &err), &err,
			       HM_R_ARCHIVE_FORMAT);
	}
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_archive_limits limits;
		bool good;
	} rows[] = {
		{ "just", { 2, sizeof(words) - 1, 2 * (sizeof(words) - 1), 0 }, true },
		{ "entries", { 1, 0, 0, 0 }, false },
		{ "file", { 0, sizeof(words) - 2, 0, 0 }, false },
		{ "total", { 0, 0, 2 * (sizeof(words) - 1) - 1, 0 }, false },
	};
	const struct made_file honest = { .name = "x", .text = words };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = open_and_read(&honest, NULL, &rows[i].limits, &err);
		if (rows[i].good)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, HM_R_ARCHIVE_LIMIT);
	}
	/* a few bytes that are said to unpack to 100 MiB: refused before a byte is unpacked */
	const struct made_file bomb = { .name = "x", .text = words, .deflated = true, .size_add = 100 << 20 };
	struct hm_err err = { 0 };
	assert_refused("ratio", open_and_read(&bomb, NULL, NULL, &err), &err, HM_R_ARCHIVE_LIMIT);
}

/* Every archive that was cut off anywhere is refused. */
static void test_cut_off(void **state)
{
	(void)state;
	const struct made_file files[] = { { .name = "a", .text = words, .deflated = true, .descriptor = true },
					   { .name = "b", .text = words } };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
	make_zip(&bytes, files, 2, NULL);
	for (size_t len = 0; len < bytes.len; len++) {
		HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
		struct hm_err err = { 0 };
		assert_refused("cut", hm_zip_open_memory(hm_str_head(hm_buf_str(&bytes), len), NULL, &zip, &err), &err,
			       HM_R_ARCHIVE_FORMAT);
	}
}

/* Sizes in zip64 fields and a zip64 end record, as a writer makes them that does not know how much will come. */
static void make_zip64(struct hm_buf *zip, int lie)
{
	size_t len = strlen(words);
	uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)words, (unsigned)len);

	le(zip, 0x04034b50, 4);
	le(zip, 45 | 0 << 16, 4);
	le(zip, 0, 2 + 4);
	made_sizes(zip, crc, UINT32_MAX, UINT32_MAX);
	le(zip, 1 | 20 << 16, 4);
	hm_buf_add_cstr(zip, "x");
	le(zip, 1 | 16 << 16, 4);
	le(zip, len + (lie == 1), 8);
	le(zip, len, 8);
	hm_buf_add_cstr(zip, words);
	size_t dir = zip->len;
	le(zip, 0x02014b50, 4);
	le(zip, 45 | 45 << 16, 4);
	le(zip, 0, 4 + 4);
	made_sizes(zip, crc, UINT32_MAX, UINT32_MAX);
	le(zip, 1 | (lie == 2 ? 16u : 28u) << 16, 4);
	le(zip, 0, 2 + 2 + 2 + 4);
	le(zip, UINT32_MAX, 4);
	hm_buf_add_cstr(zip, "x");
	le(zip, 1 | (lie == 2 ? 12u : 24u) << 16, 4);
	le(zip, len, 8);
	if (lie != 2) {
		le(zip, len, 8);
		le(zip, lie == 3, 8);
	} else {
		le(zip, len, 4);
	}
	size_t end = zip->len;
	le(zip, 0x06064b50, 4);
	le(zip, 44 + (lie == 4), 8);
	le(zip, 45 | 45 << 16, 4);
	le(zip, 0, 8);
	le(zip, 1, 8);
	le(zip, 1 + (lie == 5), 8);
	le(zip, end - dir, 8);
	le(zip, dir + (lie == 6), 8);
	le(zip, 0x07064b50, 4);
	le(zip, 0, 4);
	le(zip, end - (lie == 7), 8);
	le(zip, 1, 4);
	le(zip, 0x06054b50, 4);
	le(zip, 0, 4);
	le(zip, UINT32_MAX, 4);
	le(zip, UINT32_MAX, 4);
	le(zip, UINT32_MAX, 4);
	le(zip, 0, 2);
}

static void test_zip64(void **state)
{
	(void)state;
	for (int lie = 0; lie <= 7; lie++) {
		HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB), out = hm_buf_init(HM_MIB);
		HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
		HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
		struct hm_err err = { 0 };
		make_zip64(&bytes, lie);
		enum hm_status st = hm_zip_open_memory(hm_buf_str(&bytes), NULL, &zip, &err);
		if (lie) {
			char name[16];
			snprintf(name, sizeof(name), "lie %d", lie);
			assert_refused(name, st, &err, HM_R_ARCHIVE_FORMAT);
			continue;
		}
		assert_ok(st, &err);
		assert_ok(hm_zip_read(&zip, &zip.entries[0], &reader, hm_sink_buf(&out), &err), &err);
		assert_string_equal(out.ptr, words);
	}
}

static void test_file(void **state)
{
	(void)state;
	const struct made_file file = { .name = "x", .text = words, .deflated = true };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB), out = hm_buf_init(HM_MIB);
	HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
	char path[] = "/tmp/hm-test-zip-XXXXXX";
	struct hm_err err = { 0 };
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	make_zip(&bytes, &file, 1, NULL);
	assert_ok(hm_fd_write(fd, path, hm_buf_str(&bytes), &err), &err);
	assert_ok(hm_zip_open(path, NULL, &zip, &err), &err);
	assert_ok(hm_zip_read(&zip, &zip.entries[0], &reader, hm_sink_buf(&out), &err), &err);
	assert_string_equal(out.ptr, words);
	/* somebody cuts it off while it is open */
	assert_int_equal(ftruncate(fd, 40), 0);
	assert_refused("shorter", hm_zip_read(&zip, &zip.entries[0], &reader, hm_sink_buf(&out), &err), &err,
		       HM_R_ARCHIVE_FORMAT);
	close(fd);
	unlink(path);
	struct hm_zip none = { 0 };
	assert_refused("missing", hm_zip_open(path, NULL, &none, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("device", hm_zip_open("/dev/null", NULL, &none, &err), &err, HM_R_FILE_KIND);
	hm_zip_done(&none);
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct made_file file = { .name = "x", .text = words, .deflated = true };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MIB);
	make_zip(&bytes, &file, 1, NULL);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
		HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_zip_open_memory(hm_buf_str(&bytes), NULL, &zip, &err);
		if (st == HM_OK)
			st = hm_zip_read(&zip, &zip.entries[0], &reader, (struct hm_sink){ 0 }, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),        cmocka_unit_test(test_empty_archive),
		cmocka_unit_test(test_lying_files), cmocka_unit_test(test_lying_ends),
		cmocka_unit_test(test_limits),      cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_zip64),       cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("archive/zip", tests, NULL, NULL);
}
