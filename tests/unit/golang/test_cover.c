/* Cover profiles: blocks that come several times, percentages at the edge of rounding, and where functions are. */
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "golang/cover.h"

static const char profile[] = "mode: count\n"
			      "b.c/d/z.go:3.10,5.2 2 0\n"
			      "b.c/d/a.go:10.1,12.2 3 1\r\n"
			      "b.c/d/z.go:3.10,5.2 2 4\n"
			      "b.c/d/z.go:1.10,2.2 1 0\n"
			      "b.c/d/z.go:3.10,5.2 2 1\n";

static void test_merge(void **state)
{
	(void)state;
	HM_OWN(hm_golang_cover_done) struct hm_golang_cover c = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_cover_parse(hm_str(profile), "cover.out", &c, &err), &err);
	assert_true(hm_str_is(c.mode, "count"));
	assert_int_equal(c.file_count, 2);
	assert_int_equal(c.block_count, 3);
	assert_true(hm_str_is(c.files[0].name, "b.c/d/a.go"));
	assert_int_equal(c.files[1].first, 1);
	assert_int_equal(c.files[1].count, 2);
	assert_int_equal(c.blocks[1].start.line, 1);
	assert_int_equal(c.blocks[2].count, 5);
	struct hm_golang_cover_sum sum = hm_golang_cover_total(&c);
	assert_int_equal(sum.covered, 5);
	assert_int_equal(sum.total, 6);
}

static void test_modes_and_edges(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t covered, total, count; /* of the first block */
	} rows[] = {
		{ "", 0, 0, 0 },
		{ "mode: set\n", 0, 0, 0 },
		{ "mode: set\na:1.1,1.2 1 1\na:1.1,1.2 1 1\n", 1, 1, 1 },
		{ "mode: atomic\na:1.1,1.2 1 1\na:1.1,1.2 1 1", 1, 1, 2 },
		{ "mode: atomic\na b:c:1.1,1.2 0 9223372036854775807\na b:c:1.1,1.2 0 9223372036854775807\na "
		  "b:c:1.1,1.2 0 9\n",
		  0, 0, UINT64_MAX },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_golang_cover_done) struct hm_golang_cover c = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_golang_cover_parse(hm_str(rows[i].text), "cover.out", &c, &err), &err);
		struct hm_golang_cover_sum sum = hm_golang_cover_total(&c);
		if (sum.covered != rows[i].covered || sum.total != rows[i].total ||
		    (c.block_count && c.blocks[0].count != rows[i].count))
			fail_msg("%s", rows[i].text);
	}
}

static void test_malformed(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"mode:\n",
		"mode: \n",
		"a.go:1.1,1.2 1 1\n",
		"mode: set\n\n",
		"mode: set\nmode: set\n",
		"mode: set\na.go\n",
		"mode: set\na.go:1.1,1.2 1\n",
		"mode: set\na.go:1.1,1.2 1 -1\n",
		"mode: set\na.go:1.1,1.2 1 x\n",
		"mode: set\na.go:1.1 1.2 1 1\n",
		"mode: set\n:1.1,1.2 1 1\n",
		"mode: set\na.go:1.1,1.2 1 9223372036854775808\n",
		"mode: set\na.go:1.1,1.2 2147483648 1\n",
		"mode: set\na.go:1.1,1.2 1 1\na.go:1.1,1.2 2 1\n",
		"mode: set\na.go:1.1,1.2  1\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_cover c;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_golang_cover_parse(hm_str(rows[i]), "cover.out", &c, &err), &err,
			       HM_R_GOLANG_COVER);
		assert_true(err.row > 0);
	}
}

static void test_percent(void **state)
{
	(void)state;
	/* as fmt.Printf("%.1f", 100.0*float64(c)/float64(t)) prints them */
	static const struct {
		uint64_t covered, total;
		const char *want;
	} rows[] = {
		{ 0, 0, "0.0" },       { 0, 5, "0.0" },         { 5, 5, "100.0" },          { 1, 3, "33.3" },
		{ 2, 3, "66.7" },      { 1, 8, "12.5" },        { 1, 16, "6.2" },           { 3, 16, "18.8" },
		{ 1, 400, "0.2" },     { 3, 400, "0.8" },       { 9995, 10000, "100.0" },   { 9994, 10000, "99.9" },
		{ 799, 1000, "79.9" }, { 7999, 10000, "80.0" }, { 123456, 234567, "52.6" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_golang_cover_sum sum = { rows[i].covered, rows[i].total };
		char text[HM_GOLANG_PERCENT_LEN];
		hm_golang_cover_percent(&sum, text);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%lu of %lu: %s", (unsigned long)sum.covered, (unsigned long)sum.total, text);
	}
}

static void test_functions(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want; /* LINE.COLUMN,LINE.COLUMN */
	} rows[] = {
		{ "package p\n", "" },
		{ "package p\nfunc f() {}\n", "2.1,2.12 " },
		{ "package p; func f() {}; func g() {}", "1.12,1.23 1.25,1.36 " },
		{ "package p\nfunc (t *T[K]) f(a, b int) (c struct{ d int }, err error) {\n\tif a {\n\t}\n}\n",
		  "2.1,5.2 " },
		{ "package p\nfunc f() interface{ M() } {\n}\nfunc g() struct{} { return s{} }\n",
		  "2.1,3.2 4.1,4.33 " },
		{ "package p\nfunc asm(x int) int\nfunc f() {}\n", "3.1,3.12 " },
		{ "package p\nvar f = func() { g() }\nvar (\n\th = func() {}\n)\nfunc i() {}\n", "6.1,6.12 " },
		{ "package p\nvar f =\n\tfunc() {}\ntype g func()\nfunc h() func() int { return func() int { return 1 "
		  "} }\n",
		  "5.1,5.55 " },
		{ "package p\n// func a() {}\n/* func b() {} */ func c() {}\n", "3.19,3.30 " },
		{ "package p\nvar s = `\nfunc a() {}\n` + \"}\\\"\" + string('}') + string('\\'')\nfunc b() {}\n",
		  "5.1,5.12 " },
		{ "package p\nvar x = 1.\nfunc a() {}\nvar y = .5e+3\nfunc b() {}\nvar z = 0x1p-2 /*\n*/ func c() {}\n",
		  "3.1,3.12 5.1,5.12 7.4,7.15 " },
		{ "package p\nfunc f[T interface{ ~int | struct{} }](t T) map[string]struct{} {\n\treturn nil\n}\n",
		  "2.1,4.2 " },
		{ "\xef\xbb\xbfpackage p; func f() {}", "1.12,1.23 " },
		{ "package p\nfunc \xc3\xa9() { _ = '\xc3\xa9' }\n", "2.1,2.23 " },
		{ "package p\nfunc f() {", "2.1,2.11 " }, /* no Go; it must end all the same */
		{ "func func func", "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf got = hm_buf_init(4096);
		HM_OWN(hm_freep) struct hm_golang_func *funcs = NULL;
		struct hm_err err = { 0 };
		size_t count;
		assert_ok(hm_golang_find_funcs(hm_str(rows[i].text), &funcs, &count, &err), &err);
		hm_buf_add_cstr(&got, "");
		for (size_t k = 0; k < count; k++)
			hm_buf_addf(&got, "%u.%u,%u.%u ", funcs[k].start.line, funcs[k].start.col, funcs[k].end.line,
				    funcs[k].end.col);
		if (strcmp(got.ptr, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].text, got.ptr);
	}
}

static void test_sum_of_functions(void **state)
{
	(void)state;
	/* one block before, in, between and behind two functions; one that both touch is counted with each, as in Go */
	static const char text[] =
	    "mode: set\nf:1.1,2.1 1 1\nf:3.5,4.1 10 1\nf:5.5,6.1 100 0\nf:6.5,7.1 1000 1\nf:8.1,9.1 10000 1\n"
	    "f:4.5,7.5 100000 1\n";
	const struct hm_golang_func funcs[] = { { { 3, 1 }, { 5, 2 } }, { { 6, 1 }, { 8, 1 } } };
	HM_OWN(hm_golang_cover_done) struct hm_golang_cover c = { 0 };
	struct hm_golang_cover_sum sum = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_cover_parse(hm_str(text), "cover.out", &c, &err), &err);
	hm_golang_cover_add_funcs(&c, &c.files[0], funcs, 2, &sum);
	assert_int_equal(sum.covered, 10 + 1000 + 2 * 100000);
	assert_int_equal(sum.total, 10 + 1000 + 2 * 100000);
}

/* More files and blocks than the tables begin with. */
static void test_many(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(16 * HM_MIB);
	HM_OWN(hm_golang_cover_done) struct hm_golang_cover c = { 0 };
	struct hm_err err = { 0 };
	hm_buf_add_cstr(&text, "mode: count\n");
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3000; i++) {
			for (unsigned k = 0; k < 4; k++)
				hm_buf_addf(&text, "p/%u.go:%u.1,%u.2 1 1\n", (i * 7919) % 3000, k + 1, k + 1);
		}
	}
	assert_ok(hm_golang_cover_parse(hm_buf_str(&text), "cover.out", &c, &err), &err);
	assert_int_equal(c.file_count, 3000);
	assert_int_equal(c.block_count, 12000);
	for (size_t i = 0; i < c.file_count; i++) {
		assert_int_equal(c.files[i].count, 4);
		assert_true(i == 0 || hm_str_cmp(c.files[i - 1].name, c.files[i].name) < 0);
	}
	for (size_t i = 0; i < c.block_count; i++)
		assert_int_equal(c.blocks[i].count, 2);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		struct hm_golang_cover c = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_cover_parse(hm_str(profile), "cover.out", &c, &err);
		bool is_over = walk_is_over(st, &err);
		hm_golang_cover_done(&c);
		if (is_over)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),     cmocka_unit_test(test_modes_and_edges),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_percent),
		cmocka_unit_test(test_functions), cmocka_unit_test(test_sum_of_functions),
		cmocka_unit_test(test_many),      cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/cover", tests, NULL, NULL);
}
