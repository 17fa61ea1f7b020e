/* SLSA provenance: read, refused, written. */
#include "unit.h"

#include "attest/provenance.h"
#include "base/limits.h"
#include "base/own.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static const char whole[] =
    "{\"buildDefinition\":{\"buildType\":\"https://example.com/b/v1\",\"externalParameters\":{\"package\":\".\","
    "\"platforms\":[\"linux/amd64\"]},\"internalParameters\":{\"GOFLAGS\":\"-trimpath\"},\"resolvedDependencies\":[{"
    "\"name\":\"source\",\"uri\":\"git+https://example.com/r@refs/heads/main\",\"digest\":{\"gitCommit\":"
    "\"0123456789abcdef0123456789abcdef01234567\"}},{\"uri\":\"pkg:golang/a.b/"
    "c@v1.0.0\",\"digest\":{\"dirHash1\":\"" HEX
    "\"},\"annotations\":{\"direct\":true}}]},\"runDetails\":{\"builder\":{\"id\":\"https://example.com/builder\","
    "\"builderDependencies\":[{\"name\":\"go\",\"digest\":{\"sha256\":\"" HEX "\"}}],\"version\":{\"go\":\"go1.26.8\","
    "\"hallmark\":\"0.1.0\"}},\"metadata\":{\"invocationId\":\"i-1\",\"startedOn\":\"2026-11-23T19:57:00Z\","
    "\"finishedOn\":\"2026-11-23T19:58:01Z\"},\"byproducts\":[{\"name\":\"log\",\"mediaType\":\"text/plain\"}]}}";

#define DEFINITION "\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{}}"
#define DETAILS    "\"runDetails\":{\"builder\":{\"id\":\"i\"}}"

static void test_whole(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_attest_provenance p;
	struct hm_err err = { 0 };

	assert_ok(hm_attest_provenance_parse(hm_str(whole), &arena, &p, &err), &err);
	assert_int_equal(p.dependency_count, 2);
	assert_true(hm_str_is(hm_attest_digest_of(&p.dependencies[1], "dirHash1"), HEX));
	assert_int_equal(p.started_on_s, 1795463820);
	assert_true(p.has_finished_on && p.finished_on_s == p.started_on_s + 61);
	assert_int_equal(p.builder_version_count, 2);
	assert_ok(hm_attest_provenance_encode(&p, &out, &err), &err);
	assert_string_equal(out.ptr, whole);
}

/* What level 1 asks for, with all else absent, null, empty or unknown. */
static void test_least(void **state)
{
	(void)state;
	static const struct {
		const char *text;
	} rows[] = {
		{ "{" DEFINITION "," DETAILS "}" },
		{ "{" DETAILS "," DEFINITION ",\"hallmark_x\":[]}" },
		{ "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{},\"internalParameters\":null,"
		  "\"resolvedDependencies\":[]},\"runDetails\":{\"builder\":{\"id\":\"i\",\"version\":{}},\"metadata\":"
		  "{"
		  "\"x\":1},"
		  "\"byproducts\":null}}" },
		{ "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{},\"internalParameters\":{}},"
		  "\"runDetails\":{\"builder\":{\"id\":\"i\"},\"metadata\":null}}" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_attest_provenance p;
		struct hm_err err = { 0 };
		assert_ok(hm_attest_provenance_parse(hm_str(rows[i].text), &arena, &p, &err), &err);
		assert_ok(hm_attest_provenance_encode(&p, &out, &err), &err);
		assert_string_equal(out.ptr, rows[0].text);
	}
}

static const struct {
	const char *name, *text;
	enum hm_reason want;
} refusals[] = {
	{ "no object", "1", HM_R_DATA_KIND },
	{ "no definition", "{" DETAILS "}", HM_R_DATA_MISSING },
	{ "no details", "{" DEFINITION "}", HM_R_DATA_MISSING },
	{ "version 0.2", "{\"builder\":{\"id\":\"i\"},\"buildType\":\"b\",\"invocation\":{}}", HM_R_DATA_MISSING },
	{ "no build type", "{\"buildDefinition\":{\"externalParameters\":{}}," DETAILS "}", HM_R_DATA_MISSING },
	{ "null build type", "{\"buildDefinition\":{\"buildType\":null,\"externalParameters\":{}}," DETAILS "}",
	  HM_R_DATA_MISSING },
	{ "empty build type", "{\"buildDefinition\":{\"buildType\":\"\",\"externalParameters\":{}}," DETAILS "}",
	  HM_R_DATA_VALUE },
	{ "no parameters", "{\"buildDefinition\":{\"buildType\":\"b\"}," DETAILS "}", HM_R_DATA_MISSING },
	{ "null parameters", "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":null}," DETAILS "}",
	  HM_R_ATTEST_PROVENANCE },
	{ "parameters that are a list",
	  "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":[]}," DETAILS "}", HM_R_ATTEST_PROVENANCE },
	{ "internal parameters that are a list",
	  "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{},\"internalParameters\":[]}," DETAILS "}",
	  HM_R_ATTEST_PROVENANCE },
	{ "no builder", "{" DEFINITION ",\"runDetails\":{}}", HM_R_DATA_MISSING },
	{ "no builder's id", "{" DEFINITION ",\"runDetails\":{\"builder\":{}}}", HM_R_DATA_MISSING },
	{ "empty builder's id", "{" DEFINITION ",\"runDetails\":{\"builder\":{\"id\":\"\"}}}", HM_R_DATA_VALUE },
	{ "builder in other case", "{" DEFINITION ",\"runDetails\":{\"builder\":{\"id\":\"i\",\"Id\":\"j\"}}}",
	  HM_R_DATA_UNKNOWN },
	{ "a dependency's digest",
	  "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{},\"resolvedDependencies\":[{\"digest\":{"
	  "\"sha256\":\"0\"}}]}," DETAILS "}",
	  HM_R_ATTEST_DIGEST },
	{ "a byproduct's digest",
	  "{" DEFINITION ",\"runDetails\":{\"builder\":{\"id\":\"i\"},\"byproducts\":[{\"digest\":{\"sha1\":\"0\"}}]}}",
	  HM_R_ATTEST_DIGEST },
	{ "a builder's digest",
	  "{" DEFINITION
	  ",\"runDetails\":{\"builder\":{\"id\":\"i\",\"builderDependencies\":[{\"digest\":{\"gitCommit\":"
	  "\"0\"}}]}}}",
	  HM_R_ATTEST_DIGEST },
	{ "a time", "{" DEFINITION ",\"runDetails\":{\"builder\":{\"id\":\"i\"},\"metadata\":{\"startedOn\":\"now\"}}}",
	  HM_R_DATA_VALUE },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_attest_provenance p;
		struct hm_err err = { 0 };
		assert_refused(refusals[i].name, hm_attest_provenance_parse(hm_str(refusals[i].text), &arena, &p, &err),
			       &err, refusals[i].want);
	}
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_ATTEST_STATEMENT);
		struct hm_attest_provenance p;
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&text, "{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":{},"
				       "\"resolvedDependencies\":[{}");
		for (size_t i = 1; i < HM_MAX_ATTEST_RESOURCES + over; i++)
			hm_buf_add_cstr(&text, ",{}");
		hm_buf_add_cstr(&text, "]}," DETAILS "}");
		enum hm_status st = hm_attest_provenance_parse(hm_buf_str(&text), &arena, &p, &err);
		if (over)
			assert_refused("dependencies", st, &err, HM_R_JSON_LIMIT);
		else
			assert_ok(st, &err);
	}
}

static void test_encode_refusals(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	static struct hm_json_pair bad[] = { { HM_STR("dirHash1"), HM_STR("h1:xx") } };
	static const struct hm_attest_resource spoilt = { .digests = bad, .digest_count = 1 };
	struct hm_attest_provenance p;
	struct hm_err err = { 0 };

	assert_ok(hm_attest_provenance_parse(hm_str(whole), &arena, &p, &err), &err);
	struct hm_attest_provenance no_type = p, no_builder = p, no_parameters = p, bad_digest = p;
	no_type.build_type = HM_STR("");
	no_builder.builder_id = HM_STR("");
	no_parameters.external_parameters = hm_value_null();
	bad_digest.dependencies = &spoilt;
	bad_digest.dependency_count = 1;
	assert_refused("type", hm_attest_provenance_encode(&no_type, &out, &err), &err, HM_R_ATTEST_PROVENANCE);
	assert_refused("builder", hm_attest_provenance_encode(&no_builder, &out, &err), &err, HM_R_ATTEST_PROVENANCE);
	assert_refused("parameters", hm_attest_provenance_encode(&no_parameters, &out, &err), &err,
		       HM_R_ATTEST_PROVENANCE);
	assert_refused("digest", hm_attest_provenance_encode(&bad_digest, &out, &err), &err, HM_R_ATTEST_DIGEST);
}

static enum hm_status all_of_it(struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_attest_provenance p;
	enum hm_status st = hm_attest_provenance_parse(hm_str(whole), &arena, &p, err);

	return st == HM_OK ? hm_attest_provenance_encode(&p, &out, err) : st;
}

static void test_no_memory(void **state)
{
	(void)state;
	walk_allocations(all_of_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),  cmocka_unit_test(test_least),     cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_encode_refusals),
	};
	return cmocka_run_group_tests_name("attest/provenance", tests, NULL, NULL);
}
