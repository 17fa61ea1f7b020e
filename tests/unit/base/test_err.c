/* Errors: cause and context, cutting, places, system calls' numbers. */
#include "unit.h"

#include "base/str.h"

#include <errno.h>

static void test_cause_and_context(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	char text[2048];

	enum hm_status st = hm_fail(&err, HM_R_FILE_NOT_FOUND, "open '%s'", "root.json");
	assert_int_equal(st, HM_ENOTFOUND);
	st = hm_while(&err, st, "load trust root");
	st = hm_while(&err, st, "verify '%s'", "app.tar");
	assert_int_equal(st, HM_ENOTFOUND);
	assert_int_equal(err.reason, HM_R_FILE_NOT_FOUND);
	hm_err_text(&err, text, sizeof(text));
	assert_string_equal(text, "verify 'app.tar': load trust root: open 'root.json'");

	/* another reason for the same: all that was written stays */
	assert_int_equal(hm_fail_as(&err, HM_R_LIMIT), HM_ELIMIT);
	assert_int_equal(err.reason, HM_R_LIMIT);
	hm_err_text(&err, text, sizeof(text));
	assert_string_equal(text, "verify 'app.tar': load trust root: open 'root.json'");

	/* a new failure forgets the old one */
	st = hm_fail(&err, HM_R_BUG, "other");
	hm_err_text(&err, text, sizeof(text));
	assert_string_equal(text, "other");
}

static void test_success_leaves_the_error_alone(void **state)
{
	(void)state;
	struct hm_err err = { 0 }, before = err;

	assert_int_equal(hm_while(&err, HM_OK, "x"), HM_OK);
	assert_int_equal(hm_at(&err, HM_OK, "file", 1, 2), HM_OK);
	assert_memory_equal(&err, &before, sizeof(err));
}

static void test_no_error_wanted(void **state)
{
	(void)state;
	assert_int_equal(hm_fail(NULL, HM_R_LIMIT, "x"), HM_ELIMIT);
	assert_int_equal(hm_fail_errno(NULL, ENOENT, "x"), HM_ENOTFOUND);
	assert_int_equal(hm_fail_as(NULL, HM_R_LIMIT), HM_ELIMIT);
	assert_int_equal(hm_while(NULL, HM_EIO, "x"), HM_EIO);
	assert_int_equal(hm_at(NULL, HM_EIO, "x", 1, 1), HM_EIO);
}

/* The cause is built from itself: what a caller does who gives an inner failure another reason. */
static void test_arguments_from_the_error_itself(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_int_equal(hm_fail(&err, HM_R_ENCODING, "no digit"), HM_EPARSE);
	assert_int_equal(hm_fail(&err, HM_R_FILE_KIND, "the key: %s", err.cause), HM_EPARSE);
	assert_string_equal(err.cause, "the key: no digit");
}

static void test_system_errors(void **state)
{
	(void)state;
	static const struct {
		int errnum;
		enum hm_reason want;
		const char *text;
	} rows[] = {
		{ ENOENT, HM_R_FILE_NOT_FOUND, "open 'x': No such file or directory" },
		{ ENOMEM, HM_R_NO_MEMORY, "open 'x': Cannot allocate memory" },
		{ ENOSPC, HM_R_FILE_NO_SPACE, "open 'x': No space left on device" },
		{ EDQUOT, HM_R_FILE_NO_SPACE, "open 'x': Disk quota exceeded" },
		{ EFBIG, HM_R_FILE_NO_SPACE, "open 'x': File too large" },
		{ EACCES, HM_R_FILE_IO, "open 'x': Permission denied" },
		{ EIO, HM_R_FILE_IO, "open 'x': Input/output error" },
		{ 99999, HM_R_FILE_IO, "open 'x': unknown error" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = hm_fail_errno(&err, rows[i].errnum, "open '%s'", "x");
		assert_refused(rows[i].text, st, &err, rows[i].want);
		assert_string_equal(err.cause, rows[i].text);
		assert_int_equal(err.sys, rows[i].errnum);
	}
}

/* Names of every length around the field's end, in ASCII and in characters of two and three bytes. */
static void test_cutting(void **state)
{
	(void)state;
	static const char *const units[] = { "x", "\xc3\xa9", "\xe2\x82\xac" };

	for (size_t u = 0; u < COUNT(units); u++) {
		for (size_t count = 1; count < 600; count++) {
			char name[2048] = "";
			struct hm_err err = { 0 };
			char text[1100];
			for (size_t i = 0; i < count; i++)
				memcpy(name + i * strlen(units[u]), units[u], strlen(units[u]) + 1);
			size_t len = strlen(name);

			assert_int_equal(hm_fail_errno(&err, EACCES, "%s", name), HM_EIO);
			assert_true(hm_str_is_utf8(hm_str(err.cause)));
			assert_true(hm_str_has_suffix(hm_str(err.cause), HM_STR(": Permission denied")));
			assert_int_equal(strstr(err.cause, "...") != NULL, len + 19 >= sizeof(err.cause));

			enum hm_status st = hm_fail(&err, HM_R_BUG, "%s", name);
			assert_true(hm_str_is_utf8(hm_str(err.cause)));
			assert_int_equal(hm_str_has_suffix(hm_str(err.cause), HM_STR("...")), len >= sizeof(err.cause));

			/* what is cut of the context is its inner end */
			st = hm_while(&err, st, "inner");
			st = hm_while(&err, st, "%s", name);
			st = hm_while(&err, st, "outer");
			assert_true(hm_str_is_utf8(hm_str(err.ctx)));
			assert_true(hm_str_has_prefix(hm_str(err.ctx), HM_STR("outer: ")));
			assert_int_equal(hm_str_has_suffix(hm_str(err.ctx), HM_STR(": inner")),
					 len + 14 < sizeof(err.ctx));

			/* of a file's name its front */
			st = hm_at(&err, st, name, 3, 0);
			assert_true(hm_str_is_utf8(hm_str(err.file)));
			assert_int_equal(hm_str_has_prefix(hm_str(err.file), HM_STR("...")), len >= sizeof(err.file));
			assert_true(hm_str_has_suffix(hm_str(err.file), hm_str(units[u])));

			hm_err_text(&err, text, sizeof(text));
			assert_true(strlen(text) < sizeof(text));
			for (size_t size = 1; size < 40; size++) {
				hm_err_text(&err, text, size);
				assert_int_equal(strlen(text) < size, true);
				if (size >= 4)
					assert_true(hm_str_is_utf8(hm_str(text)));
			}
		}
	}
}

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		uint32_t row, col;
		const char *want;
	} rows[] = {
		{ NULL, 0, 0, "bad" },
		{ "a.yaml", 0, 0, "a.yaml: bad" },
		{ "a.yaml", 3, 0, "a.yaml:3: bad" },
		{ "a.yaml", 3, 7, "a.yaml:3:7: bad" },
		{ NULL, 3, 0, "line 3: bad" },
		{ NULL, 3, 7, "line 3, column 7: bad" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		char text[512];
		enum hm_status st =
		    hm_at(&err, hm_fail(&err, HM_R_ENCODING, "bad"), rows[i].file, rows[i].row, rows[i].col);
		assert_int_equal(st, HM_EPARSE);
		hm_err_text(&err, text, sizeof(text));
		assert_string_equal(text, rows[i].want);
	}

	/* the innermost place stays, and gets its name from whoever knows it */
	struct hm_err err = { 0 };
	char text[512];
	enum hm_status st = hm_at(&err, hm_fail(&err, HM_R_ENCODING, "bad"), NULL, 3, 7);
	st = hm_at(&err, st, "inner.yaml", 0, 0);
	st = hm_at(&err, st, "outer.yaml", 9, 9);
	st = hm_while(&err, st, "load");
	hm_err_text(&err, text, sizeof(text));
	assert_string_equal(text, "load: inner.yaml:3:7: bad");
}

static void test_every_reason_has_its_words(void **state)
{
	(void)state;
	for (enum hm_reason r = HM_R_OK; r < HM_REASON_COUNT; r++) {
		assert_non_null(hm_reason_code(r));
		assert_non_null(hm_reason_text(r));
		assert_int_equal(hm_reason_status(r) == HM_OK, r == HM_R_OK);
		assert_non_null(hm_status_name(hm_reason_status(r)));
	}
	assert_null(hm_reason_hint(HM_R_FILE_IO));
	assert_non_null(hm_reason_hint(HM_R_FILE_LOCKED));
	for (enum hm_status st = HM_OK; st <= HM_EBUG; st++)
		assert_non_null(hm_status_name(st));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause_and_context),
		cmocka_unit_test(test_success_leaves_the_error_alone),
		cmocka_unit_test(test_no_error_wanted),
		cmocka_unit_test(test_arguments_from_the_error_itself),
		cmocka_unit_test(test_system_errors),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_every_reason_has_its_words),
	};
	return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
