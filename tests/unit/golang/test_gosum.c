/* go.sum: its lines, and what is refused against them. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "golang/gosum.h"

static const char zero[] = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
static const char one[] = "h1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

#define A(hash) "a.b/c v1.0.0 " hash "\n"
#define ZERO    "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONE     "h1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		bool is_go_mod;
		enum hm_reason want;
	} rows[] = {
		{ "there", A(ZERO), false, HM_R_OK },
		{ "among others", "x.y/z v1.0.0 " ONE "\n" A(ZERO) "a.b/c v1.1.0 " ONE "\na.b/b v1.0.0 " ONE "\n",
		  false, HM_R_OK },
		{ "without a line end, with blanks", "\n  \r\n\ta.b/c\tv1.0.0  " ZERO " \r", false, HM_R_OK },
		{ "twice the same", A(ZERO) A(ZERO), false, HM_R_OK },
		{ "beside a hash to come", A("h2:x") A(ZERO), false, HM_R_OK },
		{ "its go.mod", "a.b/c v1.0.0/go.mod " ZERO "\n" A(ONE), true, HM_R_OK },
		{ "only its go.mod", "a.b/c v1.0.0/go.mod " ZERO "\n", false, HM_R_GOLANG_NOT_IN_SUM },
		{ "not its go.mod", A(ZERO), true, HM_R_GOLANG_NOT_IN_SUM },
		{ "only a hash to come", A("h2:x"), false, HM_R_GOLANG_NOT_IN_SUM },
		{ "empty", "", false, HM_R_GOLANG_NOT_IN_SUM },
		{ "another version", "a.b/c v1.0.1 " ZERO "\n", false, HM_R_GOLANG_NOT_IN_SUM },
		{ "the longer path", "a.b/cd v1.0.0 " ZERO "\n", false, HM_R_GOLANG_NOT_IN_SUM },
		{ "the old bug", "a.b/c v1.0.0/go.mod h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\n", true,
		  HM_R_GOLANG_NOT_IN_SUM },
		{ "another hash", A(ONE), false, HM_R_GOLANG_SUM },
		{ "two hashes, the right one first", A(ZERO) A(ONE), false, HM_R_GOLANG_SUM },
		{ "two hashes, the right one last", A(ONE) A(ZERO), false, HM_R_GOLANG_SUM },
		{ "a hash cut off", A("h1:AAAA"), false, HM_R_GOLANG_SUM },
	};
	const struct hm_golang_module mod = { HM_STR("a.b/c"), HM_STR("v1.0.0") };
	const struct hm_hash hash = { { 0 } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_golang_gosum_done) struct hm_golang_gosum sums = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_golang_gosum_parse(hm_str(rows[i].text), "go.sum", &sums, &err), &err);
		enum hm_status st = hm_golang_gosum_check(&sums, &mod, rows[i].is_go_mod, &hash, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		if (rows[i].want == HM_R_GOLANG_SUM && (!strstr(err.cause, zero) || !strstr(err.cause, "a.b/c v1.0.0")))
			fail_msg("%s: %s", rows[i].name, err.cause);
	}
}

static void test_malformed(void **state)
{
	(void)state;
	static const char *const rows[] = { "a.b/c\n", "a.b/c v1.0.0\n", "a.b/c v1.0.0 h1:x y\n",
					    "// comment of four words here\n" };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_gosum sums;
		struct hm_err err = { 0 };
		char text[200];
		snprintf(text, sizeof(text), A(ZERO) "\n%s", rows[i]);
		assert_refused(rows[i], hm_golang_gosum_parse(hm_str(text), "go.sum", &sums, &err), &err,
			       HM_R_GOLANG_SUMFILE);
		assert_int_equal(err.row, 3);
		assert_string_equal(err.file, "go.sum");
	}
}

static void test_limit_and_memory(void **state)
{
	(void)state;
	char *text = calloc(1, HM_MAX_GO_SUM + 1);
	struct hm_golang_gosum sums;
	struct hm_err err = { 0 };
	assert_non_null(text);
	assert_refused("large", hm_golang_gosum_parse(hm_str_of(text, HM_MAX_GO_SUM + 1), "go.sum", &sums, &err), &err,
		       HM_R_LIMIT);
	free(text);
	for (unsigned long n = 1;; n++) {
		hm_mem_fail_at(n);
		sums = (struct hm_golang_gosum){ 0 };
		enum hm_status st = hm_golang_gosum_parse(HM_STR(A(ZERO) A(ONE)), "go.sum", &sums, &err);
		bool is_over = walk_is_over(st, &err);
		hm_golang_gosum_done(&sums);
		if (is_over)
			break;
	}
}

static void test_h1(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "h1:",
					   "h2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
					   "h1:AAAA",
					   "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					   "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	char text[HM_GOLANG_H1_LEN];
	struct hm_hash hash;
	struct hm_err err = { 0 };
	assert_ok(hm_golang_h1_parse(hm_str(one), &hash, &err), &err);
	for (size_t i = 0; i < HM_HASH_LEN; i++)
		assert_int_equal(hash.b[i], 1);
	hm_golang_h1_write(&hash, text);
	assert_string_equal(text, one);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i], hm_golang_h1_parse(hm_str(bad[i]), &hash, &err), &err, HM_R_GOLANG_SUMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limit_and_memory),
		cmocka_unit_test(test_h1),
	};
	return cmocka_run_group_tests_name("golang/gosum", tests, NULL, NULL);
}
