/* in-toto statements: read, refused, written, searched. */
#include "unit.h"

#include "attest/statement.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"

#define HEX  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define V1   "https://in-toto.io/Statement/v1"
#define HEAD "{\"_type\":\"" V1 "\",\"subject\":["
#define TAIL "],\"predicateType\":\"https://example.com/p\"}"
#define ONE  "{\"digest\":{\"sha256\":\"" HEX "\"}}"

static void test_whole(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out; /* NULL: the same */
	} rows[] = {
		{ "{\"_type\":\"" V1 "\",\"subject\":[{\"name\":\"a\",\"uri\":\"pkg:x/y\",\"digest\":{\"sha256\":\"" HEX
		  "\"},\"content\":\"aGk=\",\"downloadLocation\":\"d\",\"mediaType\":\"m\",\"annotations\":{\"k\":[1,"
		  "\"2\"]}}],"
		  "\"predicateType\":\"https://example.com/p\",\"predicate\":{\"a\":1.50}}",
		  NULL },
		/* other order, blanks, unknown members, nulls, digests sorted; the predicate stays as it is */
		{ " {\"predicate\" : { \"z\" : [ ] , "
		  "\"a\":1e2},\"x\":[{}],\"predicateType\":\"p\",\"subject\":[{\"name\":null,"
		  "\"digest\":{\"sha512\":\"" HEX HEX "\",\"sha256\":\"" HEX
		  "\",\"other\":\"X Y\"},\"q\":1}],\"_type\":\"" V1 "\"}",
		  "{\"_type\":\"" V1 "\",\"subject\":[{\"digest\":{\"other\":\"X Y\",\"sha256\":\"" HEX
		  "\",\"sha512\":\"" HEX HEX
		  "\"}}],\"predicateType\":\"p\",\"predicate\":{ \"z\" : [ ] , \"a\":1e2}}" },
		{ "{\"_type\":\"https://in-toto.io/Statement/"
		  "v0.1\",\"subject\":[{\"name\":\"_\",\"digest\":{\"gitCommit\":"
		  "\"0123456789abcdef0123456789abcdef01234567\"}}],\"predicateType\":\"p\"}",
		  NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_attest_statement s;
		struct hm_err err = { 0 };
		assert_ok(hm_attest_statement_parse(hm_str(rows[i].in), &arena, &s, &err), &err);
		assert_ok(hm_attest_statement_encode(&s, &out, &err), &err);
		assert_string_equal(out.ptr, rows[i].out ? rows[i].out : rows[i].in);
	}
}

static const struct {
	const char *name, *text;
	enum hm_reason want;
} refusals[] = {
	{ "no object", "[]", HM_R_DATA_KIND },
	{ "no type", "{\"subject\":[" ONE "],\"predicateType\":\"p\"}", HM_R_DATA_MISSING },
	{ "another type", "{\"_type\":\"https://in-toto.io/Statement/v2\",\"subject\":[" ONE TAIL,
	  HM_R_ATTEST_STATEMENT },
	{ "an envelope", "{\"payloadType\":\"a\",\"payload\":\"\",\"signatures\":[]}", HM_R_DATA_MISSING },
	{ "no subject", "{\"_type\":\"" V1 "\",\"predicateType\":\"p\"}", HM_R_ATTEST_STATEMENT },
	{ "no subjects", HEAD TAIL, HM_R_ATTEST_STATEMENT },
	{ "subject that is text", HEAD "\"a\"" TAIL, HM_R_DATA_KIND },
	{ "subject without digests", HEAD "{\"name\":\"a\"}" TAIL, HM_R_ATTEST_STATEMENT },
	{ "second subject without digests", HEAD ONE ",{\"name\":\"a\",\"digest\":{}}" TAIL, HM_R_ATTEST_STATEMENT },
	{ "no predicate type", "{\"_type\":\"" V1 "\",\"subject\":[" ONE "]}", HM_R_DATA_MISSING },
	{ "empty predicate type", "{\"_type\":\"" V1 "\",\"subject\":[" ONE "],\"predicateType\":\"\"}",
	  HM_R_DATA_VALUE },
	{ "short digest", HEAD "{\"digest\":{\"sha256\":\"00\"}}" TAIL, HM_R_ATTEST_DIGEST },
	{ "capital digits",
	  HEAD "{\"digest\":{\"sha256\":\"2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824\"}}" TAIL,
	  HM_R_ATTEST_DIGEST },
	{ "no digits",
	  HEAD "{\"digest\":{\"sha256\":\"zcf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"}}" TAIL,
	  HM_R_ATTEST_DIGEST },
	{ "Base64", HEAD "{\"digest\":{\"dirHash1\":\"h1:MV9r7ZgCT0Ib9JPdNLYiBplbUSzqFrpHyNSFUSmjFPk=\"}}" TAIL,
	  HM_R_ATTEST_DIGEST },
	{ "digest of another length", HEAD "{\"digest\":{\"sha512\":\"" HEX "\"}}" TAIL, HM_R_ATTEST_DIGEST },
	{ "empty value", HEAD "{\"digest\":{\"other\":\"\"}}" TAIL, HM_R_ATTEST_DIGEST },
	{ "empty algorithm", HEAD "{\"digest\":{\"\":\"a\"}}" TAIL, HM_R_ATTEST_DIGEST },
	{ "digest that is a number", HEAD "{\"digest\":{\"sha256\":1}}" TAIL, HM_R_DATA_KIND },
	{ "content that is no Base64", HEAD "{\"digest\":{\"a\":\"b\"},\"content\":\"-\"}" TAIL, HM_R_DATA_VALUE },
	{ "annotations that are text", HEAD "{\"digest\":{\"a\":\"b\"},\"annotations\":\"-\"}" TAIL, HM_R_DATA_KIND },
	{ "subject twice", "{\"subject\":[" ONE "],\"_type\":\"" V1 "\",\"subject\":[" ONE TAIL, HM_R_JSON_DUPLICATE },
	{ "subject in other case", "{\"Subject\":[" ONE "],\"_type\":\"" V1 "\",\"subject\":[" ONE TAIL,
	  HM_R_DATA_UNKNOWN },
	{ "digest in other case", HEAD "{\"digest\":{\"a\":\"b\"},\"DIGEST\":{}}" TAIL, HM_R_DATA_UNKNOWN },
	{ "key twice in the predicate",
	  "{\"_type\":\"" V1 "\",\"subject\":[" ONE
	  "],\"predicateType\":\"p\",\"predicate\":{\"a\":{\"b\":1,\"b\":2}}}",
	  HM_R_JSON_DUPLICATE },
	{ "something behind it", HEAD ONE TAIL "x", HM_R_JSON_SYNTAX },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_attest_statement s;
		struct hm_err err = { 0 };
		assert_refused(refusals[i].name, hm_attest_statement_parse(hm_str(refusals[i].text), &arena, &s, &err),
			       &err, refusals[i].want);
	}
}

static enum hm_status parse_many(size_t subjects, size_t digests, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(64 * HM_MIB);
	struct hm_attest_statement s;

	hm_buf_add_cstr(&text, HEAD);
	for (size_t i = 0; i < subjects; i++) {
		hm_buf_addf(&text, "%s{\"digest\":{", i ? "," : "");
		for (size_t n = 0; n < digests; n++)
			hm_buf_addf(&text, "%s\"a%zu\":\"b\"", n ? "," : "", n);
		hm_buf_add_cstr(&text, "}}");
	}
	hm_buf_add_cstr(&text, TAIL);
	return hm_attest_statement_parse(hm_buf_str(&text), &arena, &s, err);
}

static void test_limits(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_ok(parse_many(HM_MAX_ATTEST_SUBJECTS, 1, &err), &err);
	assert_refused("subjects", parse_many(HM_MAX_ATTEST_SUBJECTS + 1, 1, &err), &err, HM_R_JSON_LIMIT);
	assert_ok(parse_many(1, HM_MAX_ATTEST_DIGESTS, &err), &err);
	assert_refused("digests", parse_many(1, HM_MAX_ATTEST_DIGESTS + 1, &err), &err, HM_R_JSON_LIMIT);

	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(2 * HM_MAX_ATTEST_STATEMENT);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_attest_statement s;
	hm_buf_add_cstr(&text, HEAD ONE TAIL);
	size_t blanks = HM_MAX_ATTEST_STATEMENT - text.len;
	memset(hm_buf_add_space(&text, blanks), ' ', blanks);
	assert_ok(hm_attest_statement_parse(hm_buf_str(&text), &arena, &s, &err), &err);
	hm_buf_add_char(&text, ' ');
	assert_refused("bytes", hm_attest_statement_parse(hm_buf_str(&text), &arena, &s, &err), &err, HM_R_JSON_LIMIT);
}

/* What cannot be read is not written. */
static void test_encode_refusals(void **state)
{
	(void)state;
	static struct hm_json_pair bad[] = { { HM_STR("sha256"), HM_STR("xx") } };
	static struct hm_json_pair good[] = { { HM_STR("sha256"), HM_STR(HEX) } };
	static const struct hm_attest_resource spoilt = { .digests = bad, .digest_count = 1 };
	static const struct hm_attest_resource fine = { .digests = good, .digest_count = 1 };
	const struct hm_attest_statement rows[] = {
		{ .predicate_type = HM_STR("p") },
		{ .predicate_type = HM_STR("p"), .subjects = &spoilt, .subject_count = 1 },
		{ .predicate_type = HM_STR("p"), .subjects = &fine, .subject_count = 1, .type = HM_STR("x") },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		assert_int_equal(hm_attest_statement_encode(&rows[i], &out, NULL), HM_EPARSE);
		assert_int_equal(out.len, 0);
	}
}

static void test_find(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	static const char text[] =
	    HEAD "{\"name\":\"a\",\"digest\":{\"sha512\":\"" HEX HEX "\"}},{\"name\":\"b\",\"digest\":"
		 "{\"sha384\":\"" HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e\",\"sha256\":\"" HEX "\"}}" TAIL;
	struct hm_attest_statement s;
	struct hm_digest d = { .alg = HM_SHA256, .len = 32 };
	struct hm_err err = { 0 };

	assert_ok(hm_attest_statement_parse(hm_str(text), &arena, &s, &err), &err);
	assert_int_equal(hm_hex_read(HM_STR(HEX), d.b, 32, NULL), HM_OK);
	const struct hm_attest_resource *found = hm_attest_statement_find(&s, &d);
	assert_true(found && hm_str_is(found->name, "b"));
	d.b[31] ^= 1;
	assert_null(hm_attest_statement_find(&s, &d));
	assert_int_equal(hm_hex_read(HM_STR(HEX HEX), d.b, 64, NULL), HM_OK);
	d.alg = HM_SHA512;
	d.len = 64;
	found = hm_attest_statement_find(&s, &d);
	assert_true(found && hm_str_is(found->name, "a"));
	assert_null(hm_attest_digest_of(found, "sha256").ptr);
}

static enum hm_status all_of_it(struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_attest_statement s;
	enum hm_status st = hm_attest_statement_parse(
	    HM_STR(HEAD "{\"name\":\"\\u0041\",\"digest\":{\"sha256\":\"" HEX "\"},\"annotations\":{\"a\":[1]}}" TAIL),
	    &arena, &s, err);

	return st == HM_OK ? hm_attest_statement_encode(&s, &out, err) : st;
}

static void test_no_memory(void **state)
{
	(void)state;
	walk_allocations(all_of_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_refusals),  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_find),  cmocka_unit_test(test_no_memory), cmocka_unit_test(test_encode_refusals),
	};
	return cmocka_run_group_tests_name("attest/statement", tests, NULL, NULL);
}
