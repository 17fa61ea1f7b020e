/* References to images. That the verdicts are those of the Go tools is what tests/peers/oci asks. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "oci/reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text, *registry, *repository, *tag, *full;
	bool has_digest;
} good[] = {
	{ "ubuntu", "docker.io", "library/ubuntu", "", "docker.io/library/ubuntu", false },
	{ "ubuntu:22.04", "docker.io", "library/ubuntu", "22.04", "docker.io/library/ubuntu:22.04", false },
	{ "a/b", "docker.io", "a/b", "", "docker.io/a/b", false },
	{ "docker.io/ubuntu", "docker.io", "library/ubuntu", "", "docker.io/library/ubuntu", false },
	{ "index.docker.io/ubuntu", "docker.io", "library/ubuntu", "", "docker.io/library/ubuntu", false },
	{ "index.docker.io/a/b", "docker.io", "a/b", "", "docker.io/a/b", false },
	{ "localhost/a", "localhost", "a", "", "localhost/a", false },
	{ "localhost:5000", "docker.io", "library/localhost", "5000", "docker.io/library/localhost:5000", false },
	{ "localhost:5000/a:b", "localhost:5000", "a", "b", "localhost:5000/a:b", false },
	{ "Registry/a", "Registry", "a", "", "Registry/a", false },
	{ "ghcr.io/a/b/c:V1_x.y-z", "ghcr.io", "a/b/c", "V1_x.y-z", "ghcr.io/a/b/c:V1_x.y-z", false },
	{ "127.0.0.1:80/a", "127.0.0.1:80", "a", "", "127.0.0.1:80/a", false },
	{ "[::1]:5000/a", "[::1]:5000", "a", "", "[::1]:5000/a", false },
	{ "[::1]/a", "[::1]", "a", "", "[::1]/a", false },
	{ "x.y/a__b/c--d/e.f/g_h", "x.y", "a__b/c--d/e.f/g_h", "", "x.y/a__b/c--d/e.f/g_h", false },
	{ "x.y/a@sha256:" HEX64, "x.y", "a", "", "x.y/a@sha256:" HEX64, true },
	{ "x.y/a:t@sha512:" HEX64 HEX64, "x.y", "a", "t", "x.y/a:t@sha512:" HEX64 HEX64, true },
	{ "a@sha256:" HEX64, "docker.io", "library/a", "", "docker.io/library/a@sha256:" HEX64, true },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_KIB);
		HM_OWN(hm_buf_done) struct hm_buf full = hm_buf_init(HM_KIB);
		struct hm_oci_reference r;
		struct hm_err err = { 0 };
		assert_ok(hm_oci_reference_parse(hm_str(good[i].text), &arena, &r, &err), &err);
		if (!hm_str_is(r.registry, good[i].registry) || !hm_str_is(r.repository, good[i].repository) ||
		    !hm_str_is(r.tag, good[i].tag) || r.has_digest != good[i].has_digest)
			fail_msg("%s: %.*s %.*s %.*s", good[i].text, HM_STR_ARG(r.registry), HM_STR_ARG(r.repository),
				 HM_STR_ARG(r.tag));
		hm_oci_reference_write(&r, &full);
		assert_string_equal(full.ptr, good[i].full);
		bool is_bare = good[i].tag[0] == '\0' && !good[i].has_digest;
		assert_true(hm_str_is(hm_oci_reference_tag(&r), is_bare ? "latest" : good[i].tag));
		bool is_docker = strcmp(good[i].registry, "docker.io") == 0;
		assert_true(
		    hm_str_is(hm_oci_reference_host(&r), is_docker ? "registry-1.docker.io" : good[i].registry));
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_reason want;
	} rows[] = {
		{ "", HM_R_OCI_REFERENCE },
		{ HEX64, HM_R_OCI_REFERENCE },
		{ "Ubuntu", HM_R_OCI_REFERENCE },
		{ "a/B", HM_R_OCI_REFERENCE },
		{ "x.y/A", HM_R_OCI_REFERENCE },
		{ "-a", HM_R_OCI_REFERENCE },
		{ "a-", HM_R_OCI_REFERENCE },
		{ "a..b", HM_R_OCI_REFERENCE },
		{ "a___b", HM_R_OCI_REFERENCE },
		{ "a._b", HM_R_OCI_REFERENCE },
		{ "a//b", HM_R_OCI_REFERENCE },
		{ "a/", HM_R_OCI_REFERENCE },
		{ "/a", HM_R_OCI_REFERENCE },
		{ "x.y/", HM_R_OCI_REFERENCE },
		{ "a:", HM_R_OCI_REFERENCE },
		{ "a:.b", HM_R_OCI_REFERENCE },
		{ "a:-b", HM_R_OCI_REFERENCE },
		{ "a:b:c", HM_R_OCI_REFERENCE },
		{ "a:b/c", HM_R_OCI_REFERENCE },
		{ "x.y:/a", HM_R_OCI_REFERENCE },
		{ "x.y:p/a", HM_R_OCI_REFERENCE },
		{ ".x/a", HM_R_OCI_REFERENCE },
		{ "-x.y/a", HM_R_OCI_REFERENCE },
		{ "x-.y/a", HM_R_OCI_REFERENCE },
		{ "x_y.z/a", HM_R_OCI_REFERENCE },
		{ "[]/a", HM_R_OCI_REFERENCE },
		{ "[::1/a", HM_R_OCI_REFERENCE },
		{ "[g::]/a", HM_R_OCI_REFERENCE },
		{ "https://x.y/a", HM_R_OCI_REFERENCE },
		{ "a b", HM_R_OCI_REFERENCE },
		{ "a\n", HM_R_OCI_REFERENCE },
		{ "@sha256:" HEX64, HM_R_OCI_REFERENCE },
		{ "a@", HM_R_OCI_DIGEST },
		{ "a@sha256:", HM_R_OCI_DIGEST },
		{ "a@sha256:" HEX64 "0", HM_R_OCI_DIGEST },
		{ "a@sha384:" HEX64 "0123456789abcdef0123456789abcdef", HM_R_OCI_DIGEST },
		{ "a@md5:0123456789abcdef0123456789abcdef", HM_R_OCI_DIGEST },
		{ "a@sha256:" HEX64 "@sha256:" HEX64, HM_R_OCI_DIGEST },
		{ "a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", HM_R_OCI_DIGEST },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_KIB);
		struct hm_oci_reference r;
		struct hm_err err = { 0 };
		enum hm_status st = hm_oci_reference_parse(hm_str(rows[i].text), &arena, &r, &err);
		assert_refused(rows[i].text, st, &err, rows[i].want);
	}
}

/* The longest that passes, and one more. */
static void test_limits(void **state)
{
	(void)state;
	char name[HM_MAX_OCI_REPOSITORY + 8], tag[130];

	memset(name, 'a', sizeof(name));
	assert_true(hm_oci_is_repository(hm_str_of(name, HM_MAX_OCI_REPOSITORY)));
	assert_false(hm_oci_is_repository(hm_str_of(name, HM_MAX_OCI_REPOSITORY + 1)));
	memset(tag, 'A', sizeof(tag));
	assert_true(hm_oci_is_tag(hm_str_of(tag, 128)));
	assert_false(hm_oci_is_tag(hm_str_of(tag, 129)));

	char *text = malloc(HM_MAX_OCI_REFERENCE + 1);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_oci_reference r;
	struct hm_err err = { 0 };
	memset(text, 'a', HM_MAX_OCI_REFERENCE + 1);
	memcpy(text + HM_MAX_OCI_REFERENCE - 2, "./a", 3);
	assert_refused("too long", hm_oci_reference_parse(hm_str_of(text, HM_MAX_OCI_REFERENCE + 1), &arena, &r, &err),
		       &err, HM_R_OCI_REFERENCE);
	assert_string_not_equal(err.cause, "");
	memcpy(text + HM_MAX_OCI_REFERENCE - 4, ".a/a", 4);
	assert_ok(hm_oci_reference_parse(hm_str_of(text, HM_MAX_OCI_REFERENCE), &arena, &r, &err), &err);
	free(text);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_KIB);
		struct hm_oci_reference r;
		hm_mem_fail_at(n);
		enum hm_status st = hm_oci_reference_parse(HM_STR("ubuntu"), &arena, &r, NULL);
		if (walk_is_over(st, NULL))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("oci/reference", tests, NULL, NULL);
}
