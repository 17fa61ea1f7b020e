/* SPDX documents: what stands in them, and what cannot. That they are valid is what tests/peers/attest asks. */
#include "unit.h"

#include "attest/sample.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json.h"

/* The sample's document as a tree. */
static struct hm_value document_of(const struct hm_attest_sbom *sbom, struct hm_arena *arena)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_value document;
	struct hm_err err = { 0 };

	assert_ok(hm_attest_spdx_encode(sbom, &out, &err), &err);
	assert_true(out.ptr[out.len - 1] == '\n');
	assert_ok(hm_json_parse(hm_buf_str(&out), NULL, arena, &document, &err), &err);
	return document;
}

static struct hm_str text_of(const struct hm_value *object, const char *name)
{
	return hm_value_text(hm_value_get(object, name));
}

/* The package of a name, and of a version where that is given. */
static const struct hm_value *package_of(const struct hm_value *document, const char *name, const char *version)
{
	const struct hm_value *packages = hm_value_get(document, "packages");

	for (size_t i = 0; i < hm_value_count(packages); i++) {
		const struct hm_value *p = hm_value_at(packages, i);
		if (hm_str_is(text_of(p, "name"), name) && (!version || hm_str_is(text_of(p, "versionInfo"), version)))
			return p;
	}
	fail_msg("no package %s %s", name, version ? version : "");
	return NULL;
}

/* The locator of a package's reference of that type. */
static struct hm_str reference_of(const struct hm_value *package, const char *type)
{
	const struct hm_value *refs = hm_value_get(package, "externalRefs");

	for (size_t i = 0; i < hm_value_count(refs); i++) {
		if (hm_str_is(text_of(hm_value_at(refs, i), "referenceType"), type))
			return text_of(hm_value_at(refs, i), "referenceLocator");
	}
	return HM_STR("");
}

static void test_modules(void **state)
{
	(void)state;
	static const struct {
		const char *name, *version, *purl, *sum, *comment;
	} rows[] = {
		{ "github.com/BurntSushi/toml", "v1.6.0", "pkg:golang/github.com/BurntSushi/toml@v1.6.0", SAMPLE_H1,
		  "" },
		{ "example.com/a_b/~c", "v2.0.0+incompatible", "pkg:golang/example.com/a_b/~c@v2.0.0%2Bincompatible",
		  SAMPLE_H1, "" },
		{ "example.com/fork", "v1.0.1-0.20260102030405-abcdefabcdef",
		  "pkg:golang/example.com/fork@v1.0.1-0.20260102030405-abcdefabcdef", SAMPLE_OTHER,
		  "in place of example.com/old v1.0.0" },
		{ "example.com/local", "(devel)", "pkg:golang/example.com/local", "",
		  "the folder ../local in place of example.com/local v1.2.3" },
		{ "example.com/hello", "(devel)", "pkg:golang/example.com/hello", "", "" },
		{ "stdlib", "1.26.8", "pkg:golang/stdlib@1.26.8", "", "Go's standard library and toolchain, go1.26.8" },
		{ "stdlib", "1.27rc1", "pkg:golang/stdlib@1.27rc1", "",
		  "Go's standard library and toolchain, go1.27rc1 X:foo" },
	};
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value document = document_of(&sample_sbom, &arena);

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_value *p = package_of(&document, rows[i].name, rows[i].version);
		if (!hm_str_is(reference_of(p, "purl"), rows[i].purl) ||
		    !hm_str_is(reference_of(p, "go.sum"), rows[i].sum) ||
		    !hm_str_is(text_of(p, "comment"), rows[i].comment))
			fail_msg("%s %s", rows[i].name, rows[i].version);
		/* a checksum would be one of a zip that nobody has hashed */
		assert_null(hm_value_get(p, "checksums"));
	}
	/* what was replaced is in no program */
	const struct hm_value *packages = hm_value_get(&document, "packages");
	for (size_t i = 0; i < hm_value_count(packages); i++)
		assert_false(hm_str_is(text_of(hm_value_at(packages, i), "name"), "example.com/old"));
	assert_true(hm_str_is(reference_of(package_of(&document, "stdlib", "1.26.8"), "cpe23Type"),
			      "cpe:2.3:a:golang:go:1.26.8:-:*:*:*:*:*:*"));
	assert_true(hm_str_is(reference_of(package_of(&document, "stdlib", "1.27rc1"), "cpe23Type"), ""));
}

static bool is_id(struct hm_str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];
		bool good =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
		if (!good)
			return false;
	}
	return hm_str_has_prefix(id, HM_STR("SPDXRef-"));
}

/* Ids are what SPDX allows and differ, and relationships are between what is there. */
static void test_ids(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value document = document_of(&sample_sbom, &arena), ids;
	HM_OWN(hm_array_builder_done) struct hm_array_builder builder = hm_array_builder_init(&arena);
	const struct hm_value *packages = hm_value_get(&document, "packages");
	const struct hm_value *relations = hm_value_get(&document, "relationships");
	struct hm_err err = { 0 };

	for (size_t i = 0; i < hm_value_count(packages); i++) {
		assert_true(is_id(text_of(hm_value_at(packages, i), "SPDXID")));
		hm_array_add(&builder, *hm_value_get(hm_value_at(packages, i), "SPDXID"));
	}
	hm_array_add(&builder, hm_value_borrow(HM_STR("SPDXRef-DOCUMENT")));
	assert_ok(hm_set_finish(&builder, &ids, &err), &err);
	/* an index, 2 images, 3 programs, 7 modules, 2 toolchains */
	assert_int_equal(hm_value_count(packages), 15);
	assert_int_equal(hm_value_count(&ids), 16);
	for (size_t i = 0; i < hm_value_count(relations); i++) {
		const struct hm_value *r = hm_value_at(relations, i);
		assert_true(hm_value_has(&ids, hm_value_get(r, "spdxElementId")));
		assert_true(hm_value_has(&ids, hm_value_get(r, "relatedSpdxElement")));
	}
	/* 2 roots; 2 images both ways and their programs; main of 2; 5 and 2 modules; Go of 3 */
	assert_int_equal(hm_value_count(relations), 2 + 4 + 2 + 2 + 7 + 3);
}

/*
 * The same in any order of programs' modules, and pinned: by its digest in the namespace, all of it. Who changes the
 * document on purpose changes the digest here.
 */
static void test_pinned(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value document = document_of(&sample_sbom, &arena);
	struct hm_str space = text_of(&document, "documentNamespace");

	if (!hm_str_is(
		space,
		"https://hallmark.localhost/spdx/e413ed02fb9c01ca58115467505dbbb07501cc548fcfbc30fb1ac68b83d0e979"))
		fail_msg("%.*s", HM_STR_ARG(space));
	struct hm_attest_sbom later = sample_sbom;
	later.created_s = 1;
	document = document_of(&later, &arena);
	assert_false(hm_str_eq(space, text_of(&document, "documentNamespace")));
	assert_true(hm_str_is(text_of(hm_value_get(&document, "creationInfo"), "created"), "1970-01-01T00:00:01Z"));
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_attest_module m;
		enum hm_reason want;
	} rows[] = {
		{ "no path", { .version = HM_STR("v1.0.0") }, HM_R_ATTEST_SBOM },
		{ "replaced by nothing",
		  { .path = HM_STR("a"), .is_replaced = true, .by_version = HM_STR("v1.0.0") },
		  HM_R_ATTEST_SBOM },
		{ "a sum that is none", { .path = HM_STR("a"), .sum = HM_STR("h1") }, HM_R_ATTEST_SBOM },
		{ "another hash", { .path = HM_STR("a"), .sum = HM_STR("h2:AAAA") }, HM_R_ATTEST_SBOM },
		{ "a short hash", { .path = HM_STR("a"), .sum = HM_STR("h1:AAAA") }, HM_R_ATTEST_SBOM },
		{ "a hash with a blank", { .path = HM_STR("a"), .sum = HM_STR(SAMPLE_H1 " ") }, HM_R_ATTEST_SBOM },
		{ "no UTF-8", { .path = HM_STR("a\xff") }, HM_R_JSON_ENCODING },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_attest_binary b = { .name = HM_STR("b"), .deps = &rows[i].m, .dep_count = 1 };
		struct hm_attest_sbom sbom = { .name = HM_STR("s"), .binaries = &b, .binary_count = 1 };
		struct hm_err err = { 0 };
		b.image = HM_ATTEST_NO_IMAGE;
		assert_refused(rows[i].name, hm_attest_spdx_encode(&sbom, &out, &err), &err, rows[i].want);
	}

	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	const struct hm_attest_image image = { .digest = HM_STR("sha256") };
	const struct hm_attest_sbom sbom = { .name = HM_STR("s"), .index = &image };
	struct hm_err err = { 0 };
	assert_refused("no digest", hm_attest_spdx_encode(&sbom, &out, &err), &err, HM_R_ATTEST_SBOM);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_attest_spdx_encode(&sample_sbom, &out, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

/* What does not fit is an error, and never a part of a document. */
static void test_limit(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(2000);
	struct hm_err err = { 0 };

	assert_refused("limit", hm_attest_spdx_encode(&sample_sbom, &out, &err), &err, HM_R_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules),  cmocka_unit_test(test_ids),       cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests_name("attest/spdx", tests, NULL, NULL);
}
