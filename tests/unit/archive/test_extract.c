/* Unpacking: what ends up in the folder, and that nothing ends up outside of it. */
#include "unit.h"

#include "archive/extract.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "tar_maker.h"

#include <sys/stat.h>
#include <unistd.h>

struct place {
	char *root; /* root/in is unpacked into; root/out must stay as it is */
	char *in;
};

static void place_done(struct place *place)
{
	struct hm_err err = { 0 };

	assert_ok(hm_tree_remove(place->root, &err), &err);
	free(place->root);
	free(place->in);
}

static struct place make_place(void)
{
	struct place place = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "hm-test-extract-", &place.root, &err), &err);
	assert_true(asprintf(&place.in, "%s/in", place.root) > 0);
	assert_int_equal(mkdir(place.in, 0700), 0);
	return place;
}

static enum hm_status extract(const struct place *place, const struct made_entry *entries, size_t count,
			      const struct hm_archive_opts *read_opts, const struct hm_extract_opts *opts,
			      struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(HM_MIB);
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;

	make_tar(&tar, entries, count);
	enum hm_status st = hm_archive_open_memory(hm_buf_str(&tar), "test", read_opts, &archive, err);
	return st == HM_OK ? hm_archive_extract(archive, place->in, opts, err) : st;
}

static void check_file(const struct place *place, const char *name, const char *text, unsigned mode)
{
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);
	char path[512];
	struct hm_err err = { 0 };
	struct stat info;

	snprintf(path, sizeof(path), "%s/in/%s", place->root, name);
	assert_ok(hm_file_read(path, 4096, &data, &err), &err);
	assert_true(hm_str_is(hm_buf_str(&data), text));
	assert_int_equal(lstat(path, &info), 0);
	if ((info.st_mode & 07777) != mode)
		fail_msg("%s: mode %o", name, info.st_mode & 07777u);
}

static void test_content_and_modes(void **state)
{
	(void)state;
	static const struct made_entry entries[] = {
		{ .name = "./", .type = '5' },
		{ .name = "d/", .type = '5', .mode = 0700 },
		{ .name = "d/plain", .text = "one", .mode = 0600 },
		{ .name = "made/on/the/way", .text = "two", .mode = 06711 },
		{ .name = "d/link", .type = '2', .link = "../made/on" },
		{ .name = "d/hard", .type = '1', .link = "d/plain" },
	};
	static const unsigned masks[] = { 0, 022, 077, 0777 };
	for (size_t i = 0; i < COUNT(masks); i++) {
		HM_OWN(place_done) struct place place = make_place();
		struct hm_err err = { 0 };
		mode_t before = umask(masks[i]);
		enum hm_status st = extract(&place, entries, COUNT(entries), NULL, NULL, &err);
		umask(before);
		assert_ok(st, &err);
		check_file(&place, "d/plain", "one", 0644);
		check_file(&place, "d/hard", "one", 0644);
		check_file(&place, "made/on/the/way", "two", 0755); /* no set-user-id */
		char path[512], target[64] = "";
		struct stat info;
		snprintf(path, sizeof(path), "%s/in/d/link", place.root);
		assert_int_equal(readlink(path, target, sizeof(target) - 1), 10);
		assert_string_equal(target, "../made/on");
		snprintf(path, sizeof(path), "%s/in/made/on", place.root);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 07777, 0755);
	}
}

static void test_options(void **state)
{
	(void)state;
	static const struct made_entry entries[] = { { .name = "a", .text = "1", .mode = 0755 },
						     { .name = "b", .text = "2" } };
	static const struct made_entry link[] = { { .name = "l", .type = '2', .link = "a" } };
	static const struct made_entry hard[] = { { .name = "a" }, { .name = "l", .type = '1', .link = "a" } };
	const struct hm_extract_opts opts = { .no_links = true, .read_only = true };
	HM_OWN(place_done) struct place place = make_place();
	struct hm_err err = { 0 };
	assert_ok(extract(&place, entries, 2, NULL, &opts, &err), &err);
	check_file(&place, "a", "1", 0555);
	check_file(&place, "b", "2", 0444);
	assert_refused("link", extract(&place, link, 1, NULL, &opts, &err), &err, HM_R_ARCHIVE_LINK);
	HM_OWN(place_done) struct place other = make_place();
	assert_refused("hard link", extract(&other, hard, 2, NULL, &opts, &err), &err, HM_R_ARCHIVE_LINK);
}

/* Entries that try to write through what stands there; before: how the folder is prepared. */
static void test_hostile(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct made_entry entries[3];
		const char *planted, *target; /* a link that is there before */
		enum hm_reason want;
	} rows[] = {
		{ "a file through a link of the archive",
		  { { .name = "l", .type = '2', .link = "d" },
		    { .name = "d/", .type = '5' },
		    { .name = "l/x", .text = "bad" } },
		  NULL,
		  NULL,
		  HM_R_ARCHIVE_LINK },
		{ "a folder through a link of the archive",
		  { { .name = "l", .type = '2', .link = "." }, { .name = "l/d/", .type = '5' } },
		  NULL,
		  NULL,
		  HM_R_ARCHIVE_LINK },
		{ "a folder in place of a link", { { .name = "l/", .type = '5' } }, "l", "../out", HM_R_ARCHIVE_LINK },
		{ "a file through a link that was there",
		  { { .name = "l/x", .text = "bad" } },
		  "l",
		  "../out",
		  HM_R_ARCHIVE_LINK },
		{ "a file over a link that was there",
		  { { .name = "l", .text = "bad" } },
		  "l",
		  "../out/x",
		  HM_R_ARCHIVE_TWICE },
		{ "deep below a link", { { .name = "l/a/b/c", .text = "bad" } }, "l", "../out", HM_R_ARCHIVE_LINK },
		{ "a link through a link",
		  { { .name = "l/x", .type = '2', .link = "y" } },
		  "l",
		  "../out",
		  HM_R_ARCHIVE_LINK },
		{ "a hard link to what a link shows",
		  { { .name = "h", .type = '1', .link = "l/x" } },
		  "l",
		  "../out",
		  HM_R_ARCHIVE_LINK },
		{ "a hard link to a link",
		  { { .name = "h", .type = '1', .link = "l" } },
		  "l",
		  "../out/x",
		  HM_R_ARCHIVE_LINK },
		{ "a hard link to a folder",
		  { { .name = "d/", .type = '5' }, { .name = "h", .type = '1', .link = "d" } },
		  NULL,
		  NULL,
		  HM_R_ARCHIVE_LINK },
		{ "a hard link to nothing",
		  { { .name = "h", .type = '1', .link = "x" } },
		  NULL,
		  NULL,
		  HM_R_ARCHIVE_LINK },
		{ "a file below a file",
		  { { .name = "f", .text = "1" }, { .name = "f/x", .text = "2" } },
		  NULL,
		  NULL,
		  HM_R_ARCHIVE_LINK },
		{ "a file that is there", { { .name = "a", .text = "1" } }, "a", "nowhere", HM_R_ARCHIVE_TWICE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int twice = 0; twice <= 1; twice++) {
			HM_OWN(place_done) struct place place = make_place();
			const struct hm_archive_opts read_opts = { .allow_twice = twice };
			struct hm_err err = { 0 };
			char path[512];
			snprintf(path, sizeof(path), "%s/out", place.root);
			assert_int_equal(mkdir(path, 0700), 0);
			snprintf(path, sizeof(path), "%s/out/x", place.root);
			assert_ok(hm_file_save(path, HM_STR("untouched"), 0600, &err), &err);
			if (rows[i].planted) {
				char link[512];
				snprintf(link, sizeof(link), "%s/in/%s", place.root, rows[i].planted);
				assert_int_equal(symlink(rows[i].target, link), 0);
			}
			enum hm_status st = extract(&place, rows[i].entries, 3, &read_opts, NULL, &err);
			/* where later entries may replace earlier ones, a link makes place for a file */
			if (twice && rows[i].want == HM_R_ARCHIVE_TWICE)
				assert_ok(st, &err);
			else
				assert_refused(rows[i].name, st, &err, rows[i].want);
			HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);
			struct stat info;
			assert_ok(hm_file_read(path, 100, &data, &err), &err);
			assert_string_equal(data.ptr, "untouched");
			assert_int_equal(stat(path, &info), 0);
			assert_int_equal(info.st_nlink, 1);
			snprintf(path, sizeof(path), "%s/out", place.root);
			assert_int_equal(stat(path, &info), 0);
			assert_int_equal(info.st_nlink, 2); /* no folder was made in it */
		}
	}
}

static void test_replaces(void **state)
{
	(void)state;
	static const struct made_entry entries[] = { { .name = "a", .text = "first" },
						     { .name = "a", .text = "second" } };
	const struct hm_archive_opts read_opts = { .allow_twice = true };
	HM_OWN(place_done) struct place place = make_place();
	struct hm_err err = { 0 };
	assert_ok(extract(&place, entries, 2, &read_opts, NULL, &err), &err);
	check_file(&place, "a", "second", 0644);
	struct place missing = { .in = (char *)(uintptr_t) "/nowhere/at all" };
	assert_refused("missing", extract(&missing, entries, 1, NULL, NULL, &err), &err, HM_R_FILE_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_and_modes),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_replaces),
	};
	return cmocka_run_group_tests_name("archive/extract", tests, NULL, NULL);
}
