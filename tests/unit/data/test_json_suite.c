/* JSONTestSuite: y_ is accepted, n_ refused, i_ either; by the tree's reader, by the token reader, in both ways. */
#include "unit.h"

#include "base/file.h"
#include "base/own.h"
#include "data/json.h"

#include <dirent.h>

struct counts {
	size_t y_accepted, n_refused, i_accepted, i_refused, twice;
	char twice_names[4096];
};

/* The two readers say the same, and the row of tokens that ends without error is a whole document. */
static enum hm_status read_both(const char *name, struct hm_str text, const struct hm_json_opts *opts,
				struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(SIZE_MAX);
	HM_OWN(hm_json_reader_done) struct hm_json_reader reader;
	struct hm_json_token token = { .event = HM_JSON_AT_NULL };
	struct hm_err reader_err = { 0 };
	struct hm_value value;

	enum hm_status st = hm_json_parse(text, opts, &arena, &value, err);
	enum hm_status reader_st = hm_json_reader_init(&reader, text, opts, &reader_err);
	while (reader_st == HM_OK && token.event != HM_JSON_AT_END)
		reader_st = hm_json_next(&reader, &token, &reader_err);
	if (st != reader_st || (st != HM_OK && err->reason != reader_err.reason))
		fail_msg("%s: the tree says %s (%s), the tokens %s (%s)", name, hm_status_name(st), err->cause,
			 hm_status_name(reader_st), reader_err.cause);
	if (st != HM_OK && (err->row != reader_err.row || err->col != reader_err.col))
		fail_msg("%s: the tree says %u:%u, the tokens %u:%u", name, err->row, err->col, reader_err.row,
			 reader_err.col);
	return st;
}

static void check_file(const char *dir, const char *name, const struct hm_json_opts *opts, struct counts *counts)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_err err = { 0 };
	char path[8192];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_ok(hm_file_read(path, HM_MIB, &text, &err), &err);
	enum hm_status st = read_both(name, hm_buf_str(&text), opts, &err);
	if (st != HM_OK && err.cause[0] == '\0')
		fail_msg("%s: refused without a reason", name);
	if (err.reason == HM_R_JSON_DUPLICATE) {
		counts->twice++;
		size_t len = strlen(counts->twice_names);
		snprintf(counts->twice_names + len, sizeof(counts->twice_names) - len, "%s ", name);
	} else if ((name[0] == 'y' && st != HM_OK) || (name[0] == 'n' && st == HM_OK)) {
		fail_msg("%s: %s: %s", name, hm_status_name(st), err.cause);
	}
	counts->y_accepted += name[0] == 'y' && st == HM_OK;
	counts->n_refused += name[0] == 'n' && st != HM_OK;
	counts->i_accepted += name[0] == 'i' && st == HM_OK;
	counts->i_refused += name[0] == 'i' && st != HM_OK;
}

static struct counts check_all(const struct hm_json_opts *opts)
{
	struct counts counts = { 0 };
	char dir[4000];

	if (!shared_data())
		skip_with("JSONTestSuite is not here: HM_SHARED_DATA names no folder with it");
	snprintf(dir, sizeof(dir), "%s/json", shared_data());
	DIR *files = opendir(dir);
	assert_non_null(files);
	for (struct dirent *e; (e = readdir(files));) {
		if (strchr("yni", e->d_name[0]) && e->d_name[1] == '_')
			check_file(dir, e->d_name, opts, &counts);
	}
	closedir(files);
	print_message("# y accepted %zu, n refused %zu, i accepted %zu, i refused %zu, duplicates refused %zu\n",
		      counts.y_accepted, counts.n_refused, counts.i_accepted, counts.i_refused, counts.twice);
	return counts;
}

static void test_last_wins(void **state)
{
	(void)state;
	struct counts counts = check_all(&(struct hm_json_opts){ .duplicates = HM_DUP_LAST });
	assert_int_equal(counts.y_accepted, 95);
	assert_int_equal(counts.n_refused, 188);
	assert_int_equal(counts.i_accepted + counts.i_refused, 35);
	assert_int_equal(counts.twice, 0);
}

static void test_duplicates_refused(void **state)
{
	(void)state;
	struct counts counts = check_all(NULL);
	assert_int_equal(counts.y_accepted, 93);
	assert_int_equal(counts.n_refused, 188);
	assert_int_equal(counts.twice, 2);
	assert_non_null(strstr(counts.twice_names, "y_object_duplicated_key.json"));
	assert_non_null(strstr(counts.twice_names, "y_object_duplicated_key_and_value.json"));
}

static void test_as_go(void **state)
{
	(void)state;
	struct counts counts = check_all(&hm_json_as_go);
	assert_int_equal(counts.y_accepted, 95);
	assert_int_equal(counts.n_refused, 188);
	/* what is left: byte order marks, UTF-16, and the exponent that is too long to compare */
	assert_int_equal(counts.i_refused, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_duplicates_refused),
		cmocka_unit_test(test_as_go),
	};
	return cmocka_run_group_tests_name("data/json_suite", tests, NULL, NULL);
}
