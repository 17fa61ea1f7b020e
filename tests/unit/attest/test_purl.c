/* Package URLs: what is escaped. */
#include "unit.h"

#include "attest/purl.h"
#include "base/own.h"

static void test_golang(void **state)
{
	(void)state;
	static const struct {
		const char *path, *version, *want;
	} rows[] = {
		{ "github.com/gorilla/mux", "v1.8.1", "pkg:golang/github.com/gorilla/mux@v1.8.1" },
		{ "github.com/BurntSushi/toml", "v1.6.0", "pkg:golang/github.com/BurntSushi/toml@v1.6.0" },
		{ "a.b/c", "v2.0.0+incompatible", "pkg:golang/a.b/c@v2.0.0%2Bincompatible" },
		{ "a.b/c_d/~e", "v0.0.0-20260102030405-abcdefabcdef",
		  "pkg:golang/a.b/c_d/~e@v0.0.0-20260102030405-abcdefabcdef" },
		{ "a.b/c", "", "pkg:golang/a.b/c" },
		{ "stdlib", "1.26.8", "pkg:golang/stdlib@1.26.8" },
		/* nobody's module, but what a hostile program may say of itself */
		{ "a@b?c#d e%", "v1@2", "pkg:golang/a%40b%3Fc%23d%20e%25@v1%402" },
		{ "\xc3\xa9", "1/2", "pkg:golang/%C3%A9@1%2F2" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(200);
		hm_attest_purl_golang(hm_str(rows[i].path), hm_str(rows[i].version), &buf);
		assert_string_equal(buf.ptr, rows[i].want);
	}
}

static void test_oci(void **state)
{
	(void)state;
	static const struct {
		const char *name, *digest, *arch, *want;
	} rows[] = {
		{ "hello", "sha256:ab", "arm64", "pkg:oci/hello@sha256:ab?arch=arm64" },
		{ "Hello_1", "sha256:ab", "", "pkg:oci/hello_1@sha256:ab" },
		{ "a/b", "x", "", "pkg:oci/a%2Fb@x" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(200);
		hm_attest_purl_oci(hm_str(rows[i].name), hm_str(rows[i].digest), hm_str(rows[i].arch), &buf);
		assert_string_equal(buf.ptr, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golang),
		cmocka_unit_test(test_oci),
	};
	return cmocka_run_group_tests_name("attest/purl", tests, NULL, NULL);
}
