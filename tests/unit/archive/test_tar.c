/* The tar writer: its bytes, what it refuses, and that reading gives back what was written. */
#include "unit.h"

#include "archive/read.h"
#include "archive/tar.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

static struct hm_str repeat(char c, size_t count)
{
	static char text[8192];

	memset(text, c, count);
	return hm_str_of(text, count);
}

static const struct hm_tar_entry file_entry = { .path = { "app/hello", 9 }, .mode = 0755, .size = 5 };

/* Every byte of an archive with one folder and one file. */
static void test_bytes(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	struct hm_tar tar;
	hm_tar_init(&tar, hm_sink_buf(&out));
	const struct hm_tar_entry dir = {
		.path = HM_STR("app"), .kind = HM_ARCHIVE_DIR, .mode = 0100755, .mtime_s = 1
	};
	assert_ok(hm_tar_add(&tar, &dir, (struct hm_str){ 0 }, &err), &err);
	assert_ok(hm_tar_add(&tar, &file_entry, HM_STR("hello"), &err), &err);
	assert_ok(hm_tar_finish(&tar, &err), &err);
	assert_int_equal(out.len, 512 + 512 + 512 + 1024);

	static const struct {
		size_t at;
		const char *text; /* with the NUL behind it */
	} rows[] = {
		{ 0, "app/" },
		{ 100, "0000755" },
		{ 108, "0000000" },
		{ 116, "0000000" },
		{ 124, "00000000000" },
		{ 136, "00000000001" },
		{ 148, "007766" }, /* as GNU tar counts it, too */
		{ 156, "5" },
		{ 257, "ustar" },
		{ 265, "" },
		{ 297, "" },
		{ 329, "0000000" },
		{ 337, "0000000" },
		{ 345, "" },
		{ 512, "app/hello" },
		{ 512 + 100, "0000755" },
		{ 512 + 124, "00000000005" },
		{ 512 + 136, "00000000000" },
		{ 1024, "hello" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (memcmp(out.ptr + rows[i].at, rows[i].text, strlen(rows[i].text) + 1) != 0)
			fail_msg("at %zu: '%s' and not '%s'", rows[i].at, out.ptr + rows[i].at, rows[i].text);
	}
	assert_memory_equal(out.ptr + 263, "00", 2);
	for (size_t i = 1029; i < out.len; i++)
		assert_int_equal(out.ptr[i], 0);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct hm_str deep = hm_str_of("d/", 2);
	char split[200], long_name[300];
	memset(split, 'p', 120);
	split[120] = '/';
	memset(split + 121, 'n', 60);
	memset(long_name, 'l', 250);
	(void)deep;
	const struct hm_tar_entry rows[] = {
		{ .path = HM_STR("a"), .size = 3, .mode = 0644 },
		{ .path = HM_STR("empty"), .mode = 0600, .mtime_s = 1700000000 },
		{ .path = HM_STR("block"), .size = 512, .mode = 0644 },
		{ .path = HM_STR("block1"), .size = 513, .mode = 04755 },
		{ .path = HM_STR("d"), .kind = HM_ARCHIVE_DIR, .mode = 0755 },
		{ .path = HM_STR("d/l"), .kind = HM_ARCHIVE_SYMLINK, .mode = 0777, .link = HM_STR("../a") },
		{ .path = HM_STR("d/h"), .kind = HM_ARCHIVE_HARDLINK, .mode = 0644, .link = HM_STR("a") },
		{ .path = hm_str_of(repeat('x', 100).ptr, 100), .mode = 0644 },
		{ .path = hm_str_of(split, 181), .size = 1, .mode = 0644 },
		{ .path = hm_str_of(long_name, 250), .size = 2, .mode = 0644, .mtime_s = INT64_C(077777777777) + 1 },
		{ .path = HM_STR("caf\xc3\xa9"), .mode = 0644 },
		{ .path = HM_STR("s"), .kind = HM_ARCHIVE_SYMLINK, .mode = 0777, .link = hm_str_of(long_name, 150) },
	};
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	struct hm_err err = { 0 };
	struct hm_tar tar;
	char content[1024];
	memset(content, 'c', sizeof(content));
	hm_tar_init(&tar, hm_sink_buf(&out));
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_ok(hm_tar_add(&tar, &rows[i], hm_str_of(content, rows[i].size), &err), &err);
	assert_ok(hm_tar_finish(&tar, &err), &err);

	assert_ok(hm_archive_open_memory(hm_buf_str(&out), "made", NULL, &archive, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_archive_entry *e;
		HM_OWN(hm_buf_done) struct hm_buf got = hm_buf_init(2048);
		assert_ok(hm_archive_next(archive, &e, &err), &err);
		assert_non_null(e);
		if (!hm_str_eq(e->path, rows[i].path) || e->kind != rows[i].kind || e->mode != rows[i].mode ||
		    e->size != rows[i].size || e->mtime_s != rows[i].mtime_s || !hm_str_eq(e->link, rows[i].link))
			fail_msg("entry %zu: '%.*s' mode %o size %lu link '%.*s'", i, HM_STR_ARG(e->path), e->mode,
				 (unsigned long)e->size, HM_STR_ARG(e->link));
		assert_ok(hm_archive_copy(archive, hm_sink_buf(&got), &err), &err);
		assert_true(hm_str_eq(hm_buf_str(&got), hm_str_of(content, rows[i].size)));
	}
	const struct hm_archive_entry *e;
	assert_ok(hm_archive_next(archive, &e, &err), &err);
	assert_null(e);
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_tar_entry entry;
		enum hm_reason want;
	} rows[] = {
		{ "absolute", { .path = { "/a", 2 } }, HM_R_ARCHIVE_PATH },
		{ "upwards", { .path = { "../a", 4 } }, HM_R_ARCHIVE_PATH },
		{ "empty", { .path = { "", 0 } }, HM_R_ARCHIVE_PATH },
		{ "not clean", { .path = { "./a", 3 } }, HM_R_ARCHIVE_ENTRY },
		{ "slash at the end", { .path = { "a/", 2 }, .kind = HM_ARCHIVE_DIR }, HM_R_ARCHIVE_ENTRY },
		{ "root", { .path = { ".", 1 }, .kind = HM_ARCHIVE_DIR }, HM_R_ARCHIVE_ENTRY },
		{ "folder with a size", { .path = { "a", 1 }, .kind = HM_ARCHIVE_DIR, .size = 1 }, HM_R_ARCHIVE_ENTRY },
		{ "file with a link", { .path = { "a", 1 }, .link = { "b", 1 } }, HM_R_ARCHIVE_ENTRY },
		{ "link to nothing", { .path = { "a", 1 }, .kind = HM_ARCHIVE_HARDLINK }, HM_R_ARCHIVE_ENTRY },
		{ "before 1970", { .path = { "a", 1 }, .mtime_s = -1 }, HM_R_ARCHIVE_ENTRY },
		{ "link out",
		  { .path = { "a", 1 }, .kind = HM_ARCHIVE_SYMLINK, .link = { "../b", 4 } },
		  HM_R_ARCHIVE_LINK },
		{ "hard link out",
		  { .path = { "a", 1 }, .kind = HM_ARCHIVE_HARDLINK, .link = { "../b", 4 } },
		  HM_R_ARCHIVE_PATH },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		struct hm_tar tar;
		hm_tar_init(&tar, (struct hm_sink){ 0 });
		assert_refused(rows[i].name, hm_tar_begin(&tar, &rows[i].entry, &err), &err, rows[i].want);
	}
}

static void test_wrong_sizes(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct hm_tar tar;

	hm_tar_init(&tar, (struct hm_sink){ 0 });
	assert_refused("short", hm_tar_add(&tar, &file_entry, HM_STR("hell"), &err), &err, HM_R_ARCHIVE_ENTRY);
	assert_refused("next", hm_tar_begin(&tar, &file_entry, &err), &err, HM_R_ARCHIVE_ENTRY);
	assert_refused("finish", hm_tar_finish(&tar, &err), &err, HM_R_ARCHIVE_ENTRY);
	hm_tar_init(&tar, (struct hm_sink){ 0 });
	assert_refused("long", hm_tar_add(&tar, &file_entry, HM_STR("hello!"), &err), &err, HM_R_ARCHIVE_ENTRY);
}

static void test_from_descriptor(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		bool good;
	} rows[] = { { "hello", true }, { "hell", false }, { "hello!", false }, { "", false } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		struct hm_tar tar;
		FILE *file = tmpfile();
		assert_non_null(file);
		fputs(rows[i].content, file);
		rewind(file);
		hm_tar_init(&tar, hm_sink_buf(&out));
		enum hm_status st = hm_tar_add_fd(&tar, &file_entry, fileno(file), "temporary", &err);
		if (rows[i].good)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].content, st, &err, HM_R_ARCHIVE_ENTRY);
		fclose(file);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	const struct hm_tar_entry entry = { .path = repeat('y', 240), .mode = 0644 };
	for (unsigned long n = 1;; n++) {
		struct hm_err err = { 0 };
		struct hm_tar tar;
		hm_tar_init(&tar, (struct hm_sink){ 0 });
		hm_mem_fail_at(n);
		enum hm_status st = hm_tar_add(&tar, &entry, (struct hm_str){ 0 }, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),           cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_from_descriptor), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("archive/tar", tests, NULL, NULL);
}
