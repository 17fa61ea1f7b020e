/* Command lines to options, and what is refused. */
#include "unit.h"

#include "base/own.h"
#include "cli/cmd.h"
#include "cli/help.h"

struct opts {
	bool force, quiet;
	const char *bundle;
	struct hm_strv params;
	uint64_t size;
	unsigned form;
	bool no_claims;
};

static const char *const forms[] = { "plain", "rich", NULL };

static const struct hm_opt table[] = {
	{ "force", 'f', HM_OPT_FLAG, offsetof(struct opts, force), NULL, "", NULL, NULL },
	{ "quiet", 'q', HM_OPT_FLAG, offsetof(struct opts, quiet), NULL, "", NULL, NULL },
	{ "bundle", 'b', HM_OPT_TEXT, offsetof(struct opts, bundle), "FILE", "", NULL, "HM_TEST_BUNDLE" },
	{ "param", 0, HM_OPT_LIST, offsetof(struct opts, params), "K=V", "", NULL, NULL },
	{ "size", 0, HM_OPT_NUMBER, offsetof(struct opts, size), "N", "", NULL, NULL },
	{ "form", 0, HM_OPT_CHOICE, offsetof(struct opts, form), "FORM", "", forms, NULL },
	{ "claims", 0, HM_OPT_FLAG, offsetof(struct opts, no_claims), NULL, "", NULL, NULL, true },
};

static const char *const later[] = { "regexp", "t", NULL };

static const struct hm_cmd cmd = {
	.name = "try this",
	.summary = "",
	.args = "FILE [OTHER]",
	.about = "",
	.example = "",
	HM_CMD_OPTS(table, struct opts),
	.later = later,
	.min_args = 1,
	.max_args = 2,
};

static void test_accepted(void **state)
{
	(void)state;
	char *argv[] = { "-fq",    "a",    "--bundle=x y", "--param", "k=v", "--size", "12", "--param=k2=",
			 "--form", "rich", "--output",     "json",    "--",  "--b",    NULL };
	struct opts opts = { 0 };
	HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
	struct hm_cli_common common;
	struct hm_err err = { 0 };

	assert_ok(hm_cli_parse(&cmd, argv, &opts, &args, &common, &err), &err);
	assert_true(opts.force && opts.quiet && common.json && !common.help);
	assert_string_equal(opts.bundle, "x y");
	assert_int_equal(opts.params.count, 2);
	assert_string_equal(opts.params.v[1], "k2=");
	assert_int_equal(opts.size, 12);
	assert_int_equal(opts.form, 1);
	assert_int_equal(args.count, 2);
	assert_string_equal(args.v[1], "--b");
	hm_cli_opts_done(&cmd, &opts);
}

static void test_environment(void **state)
{
	(void)state;
	static const struct {
		char *argv[4];
		const char *want;
	} rows[] = {
		{ { "a", NULL }, "from outside" },
		{ { "a", "--bundle", "own", NULL }, "own" },
		{ { "a", "-bown", NULL }, "own" },
	};
	setenv("HM_TEST_BUNDLE", "from outside", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct opts opts = { 0 };
		HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
		struct hm_cli_common common;
		struct hm_err err = { 0 };
		assert_ok(hm_cli_parse(&cmd, rows[i].argv, &opts, &args, &common, &err), &err);
		assert_string_equal(opts.bundle, rows[i].want);
	}
	unsetenv("HM_TEST_BUNDLE");
}

/* A flag that is on unless it is put off: its field says that it is off. */
static void test_flag_that_is_on(void **state)
{
	(void)state;
	static const struct {
		char *argv[4];
		bool is_off;
	} rows[] = {
		{ { "a", NULL }, false },
		{ { "a", "--claims", NULL }, false },
		{ { "a", "--claims=true", NULL }, false },
		{ { "a", "--claims=false", NULL }, true },
		{ { "a", "--claims=false", "--claims", NULL }, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct opts opts = { 0 };
		HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
		struct hm_cli_common common;
		struct hm_err err = { 0 };
		assert_ok(hm_cli_parse(&cmd, rows[i].argv, &opts, &args, &common, &err), &err);
		assert_int_equal(opts.no_claims, rows[i].is_off);
	}
}

/* What belongs to the peer's command, or to a later version, is told from what nobody knows. */
static void test_later(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		char *argv[4];
		enum hm_reason want;
	} rows[] = {
		{ "later", { "a", "--regexp", "x", NULL }, HM_R_UNSUPPORTED },
		{ "later, with its value", { "a", "--regexp=x", NULL }, HM_R_UNSUPPORTED },
		{ "later, a letter", { "a", "-t", "5m", NULL }, HM_R_UNSUPPORTED },
		{ "longer", { "a", "--regexps", NULL }, HM_R_USAGE },
		{ "other letter", { "a", "-r", NULL }, HM_R_USAGE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct opts opts = { 0 };
		HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
		struct hm_cli_common common;
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_cli_parse(&cmd, rows[i].argv, &opts, &args, &common, &err), &err,
			       rows[i].want);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		char *argv[5];
	} rows[] = {
		{ "unknown option", { "a", "--nothing", NULL } },
		{ "unknown letter", { "a", "-fx", NULL } },
		{ "prefix of an option", { "a", "--bund", "x", NULL } },
		{ "value missing", { "a", "--bundle", NULL } },
		{ "flag with a wrong value", { "a", "--force=maybe", NULL } },
		{ "no number", { "a", "--size", "-1", NULL } },
		{ "number too large", { "a", "--size", "18446744073709551616", NULL } },
		{ "no such choice", { "a", "--form", "poor", NULL } },
		{ "too few arguments", { NULL } },
		{ "too many arguments", { "a", "b", "c", NULL } },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct opts opts = { 0 };
		HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
		struct hm_cli_common common;
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_cli_parse(&cmd, rows[i].argv, &opts, &args, &common, &err), &err,
			       HM_R_USAGE);
		hm_cli_opts_done(&cmd, &opts);
	}
}

static void test_find(void **state)
{
	(void)state;
	static const struct hm_cmd one = { .name = "mod" }, two = { .name = "mod verify" };
	const struct hm_cmd *const all[] = { &one, &two, NULL };
	char *verify[] = { "mod", "verify", NULL }, *other[] = { "mod", "other", NULL }, *none[] = { "mo", NULL };
	size_t words;

	assert_ptr_equal(hm_cli_find(all, verify, &words), &two);
	assert_int_equal(words, 2);
	assert_ptr_equal(hm_cli_find(all, other, &words), &one);
	assert_int_equal(words, 1);
	assert_null(hm_cli_find(all, none, &words));
}

/* What an outsider named a file must not drive the terminal. */
static void test_control_bytes_are_shown(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	hm_cli_print_clean(f, "a\x1b[2Jb\xff"
			      "c\xe2\x80\xae"
			      "d é\n");
	fclose(f);
	assert_string_equal(text, "a\\x1b[2Jb\\xffc\\xe2\\x80\\xae"
				  "d é\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_flag_that_is_on),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_control_bytes_are_shown),
	};
	return cmocka_run_group_tests_name("cli/parse", tests, NULL, NULL);
}
