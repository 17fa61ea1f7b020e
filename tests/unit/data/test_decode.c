/* Decoding by table: what goes where, each way to be refused with its path, and the same from a tree. */
#include "unit.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/limits.h"
#include "data/decode.h"
#include "data/json_write.h"

#include <stdbool.h>

struct proof {
	uint64_t index;
	struct hm_str *hashes;
	size_t hashes_count;
};

struct role {
	struct hm_str name;
	int64_t threshold;
};

enum colour { red = 1, green = 2 };

struct entry {
	struct hm_str text;
	const char *cstr;
	bool flag, has_flag;
	int64_t i64, i64_string, time_ns;
	uint64_t u64, u64_string;
	int colour;
	struct hm_str bytes, any_bytes, lines, json;
	struct proof proof;
	struct proof *optional;
	struct proof *proofs;
	size_t proofs_count;
	struct hm_json_pair *labels;
	size_t labels_count;
	struct role *roles;
	size_t roles_count;
	struct hm_value value;
};

static const struct hm_json_field proof_fields[] = {
	{ "index", HM_JSON_U64_STRING, offsetof(struct proof, index), HM_REQUIRED, .alias = "idx" },
	{ "hashes", HM_JSON_ARRAY, offsetof(struct proof, hashes), .of = HM_JSON_BASE64,
	  .count = offsetof(struct proof, hashes_count), .max = 3 },
};
static const struct hm_json_table proof_table = HM_JSON_TABLE(struct proof, proof_fields);

static const struct hm_json_field role_fields[] = {
	{ "threshold", HM_JSON_I64, offsetof(struct role, threshold), HM_REQUIRED },
};
static const struct hm_json_table role_table = HM_JSON_TABLE(struct role, role_fields);

static const struct hm_json_name colours[] = { { "RED", red }, { "GREEN", green }, { NULL, 0 } };

static const struct hm_json_field entry_fields[] = {
	{ "text", HM_JSON_STR, offsetof(struct entry, text), HM_NOT_EMPTY, .max = 20 },
	{ "cstr", HM_JSON_CSTR, offsetof(struct entry, cstr) },
	{ "flag", HM_JSON_BOOL, offsetof(struct entry, flag), .has = HM_JSON_HAS(struct entry, has_flag) },
	{ "i64", HM_JSON_I64, offsetof(struct entry, i64) },
	{ "u64", HM_JSON_U64, offsetof(struct entry, u64) },
	{ "i64String", HM_JSON_I64_STRING, offsetof(struct entry, i64_string), .alias = "i64_string" },
	{ "u64String", HM_JSON_U64_STRING, offsetof(struct entry, u64_string), .alias = "u64_string" },
	{ "colour", HM_JSON_ENUM, offsetof(struct entry, colour), .names = colours },
	{ "bytes", HM_JSON_BASE64, offsetof(struct entry, bytes) },
	{ "anyBytes", HM_JSON_BASE64_ANY, offsetof(struct entry, any_bytes) },
	{ "lines", HM_JSON_BASE64_LINES, offsetof(struct entry, lines) },
	{ "time", HM_JSON_TIME, offsetof(struct entry, time_ns) },
	{ "proof", HM_JSON_OBJECT, offsetof(struct entry, proof), .table = &proof_table },
	{ "optional", HM_JSON_OBJECT_PTR, offsetof(struct entry, optional), .table = &proof_table },
	{ "proofs", HM_JSON_ARRAY, offsetof(struct entry, proofs), HM_NOT_EMPTY, .of = HM_JSON_OBJECT,
	  .table = &proof_table, .count = offsetof(struct entry, proofs_count), .max = 2 },
	{ "labels", HM_JSON_MAP, offsetof(struct entry, labels), .of = HM_JSON_STR,
	  .count = offsetof(struct entry, labels_count) },
	{ "roles", HM_JSON_MAP, offsetof(struct entry, roles), .of = HM_JSON_OBJECT, .table = &role_table,
	  .key = offsetof(struct role, name), .count = offsetof(struct entry, roles_count) },
	{ "value", HM_JSON_VALUE, offsetof(struct entry, value) },
	{ "json", HM_JSON_TEXT, offsetof(struct entry, json) },
};
static const struct hm_json_table entry_table = HM_JSON_TABLE(struct entry, entry_fields);

static const char whole[] =
    "{\"text\":\"a\\u00fc\",\"cstr\":\"c\",\"flag\":false,\"i64\":-9223372036854775808,\"u64\":1."
    "8446744073709551615e19,"
    "\"i64String\":\"-5\",\"u64_string\":7,\"colour\":\"GREEN\",\"bytes\":\"AAE=\",\"anyBytes\":\"-_8\",\"lines\":"
    "\"AA\\nE=\","
    "\"time\":\"1970-01-01T00:00:01.5Z\",\"proof\":{\"index\":\"1\"},\"optional\":{\"idx\":2,\"hashes\":[\"\",\"AQ==\"]"
    "},"
    "\"proofs\":[{\"index\":3},{\"hashes\":[],\"index\":4}],\"labels\":{\"b\":\"1\",\"a\\n\":\"2\"},"
    "\"roles\":{\"root\":{\"threshold\":1},\"t\":{\"threshold\":2}},\"value\":[1,{\"a\":null}],\"json\": [ 1 , \"x\"] "
    "}";

static void assert_str(struct hm_str s, const char *want)
{
	if (!hm_str_is(s, want))
		fail_msg("wanted '%s', got '%.*s'", want, HM_STR_ARG(s));
}

static void check_whole(const struct entry *e)
{
	assert_str(e->text, "a\xc3\xbc");
	assert_string_equal(e->cstr, "c");
	assert_true(!e->flag && e->has_flag);
	assert_true(e->i64 == INT64_MIN && e->u64 == UINT64_MAX && e->i64_string == -5 && e->u64_string == 7);
	assert_int_equal(e->colour, green);
	assert_true(e->bytes.len == 2 && memcmp(e->bytes.ptr, "\0\1", 2) == 0);
	assert_true(e->any_bytes.len == 2 && memcmp(e->any_bytes.ptr, "\xfb\xff", 2) == 0);
	assert_true(e->lines.len == 2 && memcmp(e->lines.ptr, "\0\1", 2) == 0);
	assert_int_equal(e->time_ns, 1500000000);
	assert_int_equal(e->proof.index, 1);
	assert_null(e->proof.hashes);
	assert_int_equal(e->optional->index, 2);
	assert_int_equal(e->optional->hashes_count, 2);
	assert_str(e->optional->hashes[1], "\x01");
	assert_int_equal(e->proofs_count, 2);
	assert_int_equal(e->proofs[1].index, 4);
	assert_int_equal(e->labels_count, 2);
	assert_int_equal(e->roles_count, 2);
	assert_int_equal(hm_value_count(&e->value), 2);
}

static void test_whole(void **state)
{
	(void)state;
	for (int borrow = 0; borrow < 2; borrow++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_decode_opts opts = { .json.borrow = borrow };
		struct entry e;
		struct hm_err err = { 0 };
		char *text = strdup(whole);
		assert_ok(hm_json_decode(hm_str(text), &entry_table, &opts, &arena, &e, &err), &err);
		if (!borrow) /* nothing may point into the text then */
			memset(text, '?', strlen(text));
		check_whole(&e);
		assert_str(e.labels[1].key, "a\n");
		assert_str(e.roles[0].name, "root");
		assert_int_equal(e.roles[1].threshold, 2);
		assert_str(e.json, "[ 1 , \"x\"]");
		free(text);
	}
}

/* Everything but HM_JSON_TEXT, which a tree has not. */
static void test_from_tree(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	const struct hm_json_table table = { entry_fields, COUNT(entry_fields) - 1, sizeof(struct entry) };
	struct hm_value v;
	struct entry e;
	struct hm_err err = { 0 };

	char *text = strdup(whole);
	strcpy(strstr(text, ",\"json\""), "}");
	assert_ok(hm_json_parse(hm_str(text), NULL, &arena, &v, &err), &err);
	assert_ok(hm_value_decode(&v, &table, NULL, &arena, &e, &err), &err);
	check_whole(&e);
	free(text);
}

static const struct {
	const char *name, *text;
	enum hm_reason want;
	const char *cause; /* begins so */
	uint32_t row, col; /* 0: not looked at */
} refusals[] = {
	{ "no object", "[]", HM_R_DATA_KIND, "wanted an object, got an array", 1, 1 },
	{ "unknown", "{\"text\":\"a\",\n \"what\":1}", HM_R_DATA_UNKNOWN, "unknown field 'what'", 2, 2 },
	{ "unknown within", "{\"proofs\":[{\"index\":1},{\"index\":1,\"foo\":2}]}", HM_R_DATA_UNKNOWN,
	  "proofs[1]: unknown field 'foo'", 1, 35 },
	{ "missing", "{\"proofs\":[{\"hashes\":[]}]}", HM_R_DATA_MISSING, "proofs[0]: there is no 'index'", 1, 12 },
	{ "missing in a map", "{\"roles\":{\"a b\":{}}}", HM_R_DATA_MISSING, "roles[\"a b\"]: there is no 'threshold'",
	  1, 17 },
	{ "kind of string", "{\"text\":1}", HM_R_DATA_KIND, "text: wanted a string, got a number", 1, 9 },
	{ "kind of bool", "{\"flag\":\"true\"}", HM_R_DATA_KIND, "flag: wanted a boolean, got a string", 1, 9 },
	{ "kind of number", "{\"i64\":\"1\"}", HM_R_DATA_KIND, "i64: wanted a number, got a string", 1, 8 },
	{ "kind of object", "{\"proof\":[]}", HM_R_DATA_KIND, "proof: wanted an object, got an array", 1, 10 },
	{ "kind of array", "{\"proofs\":{}}", HM_R_DATA_KIND, "proofs: wanted an array, got an object", 1, 11 },
	{ "kind of map", "{\"labels\":[]}", HM_R_DATA_KIND, "labels: wanted an object, got an array", 1, 11 },
	{ "kind in a map", "{\"labels\":{\"a\":1}}", HM_R_DATA_KIND, "labels.a: wanted a string, got a number", 1, 16 },
	{ "kind in an array", "{\"proofs\":[{\"index\":1,\"hashes\":[\"\",1]}]}", HM_R_DATA_KIND,
	  "proofs[0].hashes[1]: wanted a string, got a number", 1, 36 },
	{ "null", "{\"text\":null}", HM_R_DATA_KIND, "text: wanted a string, got null", 1, 9 },
	{ "empty text", "{\"text\":\"\"}", HM_R_DATA_VALUE, "text: this may not be empty", 1, 9 },
	{ "empty array", "{\"proofs\":[]}", HM_R_DATA_VALUE, "proofs: this may not be empty", 1, 11 },
	{ "long text", "{\"text\":\"123456789012345678901\"}", HM_R_JSON_LIMIT, "text: text of 21 bytes, over 20", 1,
	  9 },
	{ "many elements", "{\"proofs\":[{\"index\":1},{\"index\":1},{\"index\":1}]}", HM_R_JSON_LIMIT,
	  "proofs[2]: more than 2 elements", 1, 36 },
	{ "NUL in a C string", "{\"cstr\":\"a\\u0000b\"}", HM_R_DATA_VALUE, "cstr: text with a NUL", 1, 9 },
	{ "fraction", "{\"i64\":1.5}", HM_R_DATA_VALUE, "i64: not an integer", 1, 8 },
	{ "too large", "{\"i64\":9223372036854775808}", HM_R_DATA_VALUE, "i64: not an integer", 1, 8 },
	{ "negative", "{\"u64\":-1}", HM_R_DATA_VALUE, "u64: not an integer", 1, 8 },
	{ "2^64", "{\"u64\":18446744073709551616}", HM_R_DATA_VALUE, "u64: not an integer", 1, 8 },
	{ "text for a number", "{\"u64String\":\"1x\"}", HM_R_DATA_VALUE, "u64String: not an integer", 1, 14 },
	{ "leading zero", "{\"u64String\":\"01\"}", HM_R_DATA_VALUE, "u64String: not an integer", 1, 14 },
	{ "blank", "{\"i64String\":\" 1\"}", HM_R_DATA_VALUE, "i64String: not an integer", 1, 14 },
	{ "unknown name", "{\"colour\":\"BLUE\"}", HM_R_DATA_VALUE, "colour: unknown name 'BLUE'", 1, 11 },
	{ "number for a name", "{\"colour\":1}", HM_R_DATA_KIND, "colour: wanted a string, got a number", 1, 11 },
	{ "no Base64", "{\"bytes\":\"A\"}", HM_R_DATA_VALUE, "bytes: not Base64", 1, 10 },
	{ "other alphabet", "{\"bytes\":\"-_8=\"}", HM_R_DATA_VALUE, "bytes: not Base64", 1, 10 },
	{ "a line end", "{\"bytes\":\"AA\\nE=\"}", HM_R_DATA_VALUE, "bytes: not Base64", 1, 10 },
	{ "a blank among lines", "{\"lines\":\"AA E=\"}", HM_R_DATA_VALUE, "lines: not Base64", 1, 10 },
	{ "no padding", "{\"bytes\":\"AAE\"}", HM_R_DATA_VALUE, "bytes: not Base64", 1, 10 },
	{ "no time", "{\"time\":\"yesterday\"}", HM_R_DATA_VALUE, "time: not a time", 1, 9 },
	{ "twice", "{\"i64\":1,\"i64\":2}", HM_R_JSON_DUPLICATE, "the field 'i64' comes twice", 1, 10 },
	{ "twice by escape", "{\"i64\":1,\"\\u006964\":2}", HM_R_JSON_DUPLICATE, "the ", 1, 10 },
	{ "both names", "{\"i64String\":1,\"i64_string\":2}", HM_R_JSON_DUPLICATE, "the field 'i64String' comes twice",
	  1, 16 },
	{ "twice within a value", "{\"value\":{\"a\":[{\"b\":1,\"b\":1}]}}", HM_R_JSON_DUPLICATE,
	  "value.a[0]: the key 'b'", 1, 23 },
	{ "behind it", "{} {}", HM_R_JSON_SYNTAX, "wanted the end, got '{'", 1, 4 },
	{ "cut", "{\"proof\":{\"index\":", HM_R_JSON_SYNTAX, "proof.index: wanted a value, got the end", 1, 19 },
	{ "syntax within what is decoded", "{\"labels\":{\"a\" 1}}", HM_R_JSON_SYNTAX, "labels: wanted ':', got '1'", 1,
	  16 },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct entry e, untouched;
		struct hm_err err = { 0 };
		memset(&e, 0x5a, sizeof(e));
		memset(&untouched, 0x5a, sizeof(e));
		enum hm_status st = hm_json_decode(hm_str(refusals[i].text), &entry_table, NULL, &arena, &e, &err);
		assert_refused(refusals[i].name, st, &err, refusals[i].want);
		if (strncmp(err.cause, refusals[i].cause, strlen(refusals[i].cause)) != 0)
			fail_msg("%s: wanted '%s', got '%s'", refusals[i].name, refusals[i].cause, err.cause);
		if (err.row != refusals[i].row || err.col != refusals[i].col)
			fail_msg("%s: at %u:%u", refusals[i].name, err.row, err.col);
		if (memcmp(&e, &untouched, sizeof(e)) != 0)
			fail_msg("%s: the result was written to", refusals[i].name);
	}
}

/* A tree's refusals are the same, but for what only text can have wrong. */
static void test_tree_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct entry e;
		struct hm_err err = { 0 };
		if (hm_json_parse(hm_str(refusals[i].text), NULL, &arena, &v, NULL) != HM_OK)
			continue;
		enum hm_status st = hm_value_decode(&v, &entry_table, NULL, &arena, &e, &err);
		assert_refused(refusals[i].name, st, &err, refusals[i].want);
		if (strncmp(err.cause, refusals[i].cause, strlen(refusals[i].cause)) != 0 &&
		    refusals[i].want != HM_R_JSON_DUPLICATE)
			fail_msg("%s: wanted '%s', got '%s'", refusals[i].name, refusals[i].cause, err.cause);
	}
}

static void test_options(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		struct hm_decode_opts opts;
		enum hm_reason want;
		int64_t i64;
		int colour;
	} rows[] = {
		{ "unknown passed over",
		  "{\"x\":[{\"y\":1}],\"i64\":3,\"z\":{}}",
		  { .ignore_unknown = true },
		  HM_R_OK,
		  3,
		  0 },
		{ "unknown twice",
		  "{\"x\":1,\"i64\":3,\"x\":1}",
		  { .ignore_unknown = true },
		  HM_R_JSON_DUPLICATE,
		  0,
		  0 },
		{ "unknown malformed", "{\"x\":[1,],\"i64\":3}", { .ignore_unknown = true }, HM_R_JSON_SYNTAX, 0, 0 },
		{ "other case passed over", "{\"I64\":1,\"i64\":3}", { .ignore_unknown = true }, HM_R_OK, 3, 0 },
		{ "other case refused",
		  "{\"i64\":3,\"I64\":1}",
		  { .ignore_unknown = true, .refuse_other_case = true },
		  HM_R_DATA_UNKNOWN,
		  0,
		  0 },
		{ "other case by an escape, of an alias",
		  "{\"i64_\\u017ftring\":1}",
		  { .ignore_unknown = true, .refuse_other_case = true },
		  HM_R_DATA_UNKNOWN,
		  0,
		  0 },
		{ "unknown in any case",
		  "{\"I6\":1,\"I644\":[1],\"i64\":3,\"labels\":{\"I64\":\"\"}}",
		  { .ignore_unknown = true, .refuse_other_case = true },
		  HM_R_OK,
		  3,
		  0 },
		{ "null is absence", "{\"i64\":null,\"colour\":\"RED\"}", { .proto_json = true }, HM_R_OK, 0, red },
		{ "null for what is required",
		  "{\"proof\":{\"index\":null}}",
		  { .proto_json = true },
		  HM_R_DATA_MISSING,
		  0,
		  0 },
		{ "null in a list", "{\"proofs\":[null]}", { .proto_json = true }, HM_R_DATA_KIND, 0, 0 },
		{ "enum by number", "{\"colour\":2}", { .proto_json = true }, HM_R_OK, 0, green },
		{ "enum by unknown number", "{\"colour\":3}", { .proto_json = true }, HM_R_DATA_VALUE, 0, 0 },
		{ "the last one holds",
		  "{\"i64\":1,\"i64\":2,\"i64\":3}",
		  { .json.duplicates = HM_DUP_LAST },
		  HM_R_OK,
		  3,
		  0 },
		{ "by either name",
		  "{\"i64String\":1,\"i64\":4,\"i64_string\":2}",
		  { .json.duplicates = HM_DUP_LAST },
		  HM_R_OK,
		  4,
		  0 },
		{ "depth", "{\"value\":[[[]]]}", { .json.max_depth = 3 }, HM_R_JSON_LIMIT, 0, 0 },
		{ "size", "{\"i64\":1}", { .json.max_size = 8 }, HM_R_JSON_LIMIT, 0, 0 },
		{ "members", "{\"i64\":1,\"u64\":2,\"text\":\"a\"}", { .json.max_members = 2 }, HM_R_JSON_LIMIT, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct entry e;
		struct hm_err err = { 0 };
		enum hm_status st = hm_json_decode(hm_str(rows[i].text), &entry_table, &rows[i].opts, &arena, &e, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		if (e.i64 != rows[i].i64 || e.colour != rows[i].colour)
			fail_msg("%s: %lld, %d", rows[i].name, (long long)e.i64, e.colour);
	}
}

/* Of two equal keys the last holds, and nothing of the first stays. */
static void test_last_of_nested(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	const struct hm_decode_opts opts = { .json.duplicates = HM_DUP_LAST, .proto_json = true };
	struct entry e;
	struct hm_err err = { 0 };
	static const char text[] = "{\"proof\":{\"index\":1,\"hashes\":[\"AQ==\"]},\"proof\":{\"index\":2},"
				   "\"proofs\":[{\"index\":1}],\"proofs\":null,\"flag\":true,\"flag\":null,"
				   "\"labels\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}}";

	assert_ok(hm_json_decode(hm_str(text), &entry_table, &opts, &arena, &e, &err), &err);
	assert_int_equal(e.proof.index, 2);
	assert_int_equal(e.proof.hashes_count, 0);
	assert_int_equal(e.proofs_count, 0);
	assert_true(!e.flag && !e.has_flag);
	assert_int_equal(e.labels_count, 2);
	assert_str(e.labels[0].value, "3");
}

struct node {
	struct node *next;
};

static const struct hm_json_table node_table;
static const struct hm_json_field node_fields[] = {
	{ "next", HM_JSON_OBJECT_PTR, offsetof(struct node, next), .table = &node_table },
};
static const struct hm_json_table node_table = HM_JSON_TABLE(struct node, node_fields);

/* A table that names itself reads no deeper than our stack should go, whatever the reader was told. */
static void test_recursive_table(void **state)
{
	(void)state;
	const struct hm_decode_opts opts = { .json.max_depth = HM_TOP_JSON_DEPTH };

	for (int depth = HM_MAX_JSON_DEPTH; depth <= HM_MAX_JSON_DEPTH + 1; depth++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		struct node n;
		struct hm_err err = { 0 };
		for (int i = 1; i < depth; i++)
			hm_buf_add_cstr(&text, "{\"next\":");
		hm_buf_add_cstr(&text, "{}");
		for (int i = 1; i < depth; i++)
			hm_buf_add_char(&text, '}');
		enum hm_status st = hm_json_decode(hm_buf_str(&text), &node_table, &opts, &arena, &n, &err);
		if (depth == HM_MAX_JSON_DEPTH)
			assert_ok(st, &err);
		else
			assert_refused("too deep", st, &err, HM_R_JSON_LIMIT);
	}
}

static void test_default_of_max(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct entry e;
	struct hm_err err = { 0 };

	hm_buf_add_cstr(&text, "{\"labels\":{");
	for (size_t i = 0; i <= HM_MAX_FIELD_ITEMS; i++)
		hm_buf_addf(&text, "%s\"k%zu\":\"\"", i ? "," : "", i);
	hm_buf_add_cstr(&text, "}}");
	assert_refused("HM_MAX_FIELD_ITEMS", hm_json_decode(hm_buf_str(&text), &entry_table, NULL, &arena, &e, &err),
		       &err, HM_R_JSON_LIMIT);
}

static void test_no_memory(void **state)
{
	(void)state;
	enum hm_status st = HM_ENOMEM;

	for (unsigned long n = 1; st != HM_OK; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct entry e;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		st = hm_json_decode(hm_str(whole), &entry_table, NULL, &arena, &e, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (has_failed)
			assert_refused("no memory", st, &err, HM_R_NO_MEMORY);
		else
			assert_ok(st, &err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),           cmocka_unit_test(test_from_tree),
		cmocka_unit_test(test_refusals),        cmocka_unit_test(test_tree_refusals),
		cmocka_unit_test(test_options),         cmocka_unit_test(test_last_of_nested),
		cmocka_unit_test(test_recursive_table), cmocka_unit_test(test_default_of_max),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/decode", tests, NULL, NULL);
}
