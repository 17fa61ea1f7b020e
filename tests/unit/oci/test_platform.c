/* Platforms: what is one, and which are the same machine. */
#include "unit.h"

#include "base/own.h"
#include "oci/platform.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text, *os, *arch, *variant;
	} rows[] = {
		{ "linux/amd64", "linux", "amd64", "" },
		{ "linux/arm64/v8", "linux", "arm64", "v8" },
		{ "linux/arm/v7", "linux", "arm", "v7" },
		{ "linux/ppc64le", "linux", "ppc64le", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf again = hm_buf_init(100);
		struct hm_oci_platform p;
		struct hm_err err = { 0 };
		assert_ok(hm_oci_platform_parse(hm_str(rows[i].text), &p, &err), &err);
		assert_true(hm_str_is(p.os, rows[i].os) && hm_str_is(p.arch, rows[i].arch));
		assert_true(hm_str_is(p.variant, rows[i].variant) && p.os_version.len == 0);
		hm_oci_platform_write(&p, &again);
		assert_string_equal(again.ptr, rows[i].text);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"linux",
		"linux/",
		"/amd64",
		"linux//v8",
		"linux/amd64/",
		"linux/arm/v7/",
		"linux/arm/v7/x",
		"Linux/amd64",
		"linux/amd64 ",
		"linux/amd64\n",
		"linux:amd64",
		"linux/../amd64/..",
		"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_oci_platform p;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_oci_platform_parse(hm_str(rows[i]), &p, &err), &err, HM_R_OCI_PLATFORM);
	}
}

static void test_eq(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{ "linux/amd64", "linux/amd64", true },         { "linux/amd64", "linux/amd64/v1", true },
		{ "linux/amd64", "linux/amd64/v3", false },     { "linux/arm64", "linux/arm64/v8", true },
		{ "linux/arm64", "linux/arm64/v9", false },     { "linux/arm", "linux/arm/v7", true },
		{ "linux/arm/v6", "linux/arm", false },         { "linux/amd64", "linux/arm64", false },
		{ "linux/amd64", "freebsd/amd64", false },      { "linux/386", "linux/386", true },
		{ "linux/riscv64", "linux/riscv64/v8", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_oci_platform a, b;
		assert_int_equal(hm_oci_platform_parse(hm_str(rows[i].a), &a, NULL), HM_OK);
		assert_int_equal(hm_oci_platform_parse(hm_str(rows[i].b), &b, NULL), HM_OK);
		if (hm_oci_platform_eq(&a, &b) != rows[i].want || hm_oci_platform_eq(&b, &a) != rows[i].want)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_eq),
	};
	return cmocka_run_group_tests_name("oci/platform", tests, NULL, NULL);
}
