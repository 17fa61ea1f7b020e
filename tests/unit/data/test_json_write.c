/* Writing JSON: piece by piece, from a tree, and back again. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"

#include <math.h>
#include <stdbool.h>

static void write_all(struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_cstr(w, "s", "a\"\\\b\f\n\r\t\x01\x7f\xc3\xbc/<");
	hm_json_member_i64(w, "i", INT64_MIN);
	hm_json_member_u64(w, "u", UINT64_MAX);
	hm_json_member_bool(w, "t", true);
	hm_json_member_base64(w, "b", "\0\1", 2);
	hm_json_member_i64_string(w, "is", -1);
	hm_json_member_u64_string(w, "us", UINT64_MAX);
	hm_json_member_str_if(w, "absent", HM_STR(""));
	hm_json_key_str(w, HM_STR("k\n"));
	hm_json_null(w);
	hm_json_key(w, "a");
	hm_json_array(w);
	hm_json_double(w, 0.1);
	hm_json_raw(w, HM_STR("[1, 2]"));
	hm_json_array(w);
	hm_json_array_end(w);
	hm_json_object(w);
	hm_json_object_end(w);
	hm_json_array_end(w);
	hm_json_object_end(w);
}

static void test_pieces(void **state)
{
	(void)state;
	static const struct {
		struct hm_json_style style;
		const char *want;
	} rows[] = {
		{ { 0 },
		  "{\"s\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xbc/<\",\"i\":-9223372036854775808,"
		  "\"u\":18446744073709551615,\"t\":true,\"b\":\"AAE=\",\"is\":\"-1\",\"us\":\"18446744073709551615\","
		  "\"k\\n\":null,\"a\":[0.1,[1, 2],[],{}]}" },
		{ { .indent = 2, .escape_html = true },
		  "{\n  \"s\": \"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xbc/\\u003c\",\n  \"i\": "
		  "-9223372036854775808,\n"
		  "  \"u\": 18446744073709551615,\n  \"t\": true,\n  \"b\": \"AAE=\",\n  \"is\": \"-1\",\n"
		  "  \"us\": \"18446744073709551615\",\n  \"k\\n\": null,\n  \"a\": [\n    0.1,\n    [1, 2],\n    "
		  "[],\n    {}\n"
		  "  ]\n}" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_json_writer w = hm_json_writer_init(&buf, &rows[i].style);
		struct hm_err err = { 0 };
		write_all(&w);
		assert_ok(hm_json_writer_check(&w, "test", &err), &err);
		assert_string_equal(buf.ptr, rows[i].want);
	}
}

static void test_map(void **state)
{
	(void)state;
	const struct hm_json_pair pairs[] = { { HM_STR("b"), HM_STR("1") },
					      { HM_STR("B"), HM_STR("2") },
					      { HM_STR("aa"), HM_STR("") },
					      { HM_STR("a"), HM_STR("\"") } };
	struct hm_err err = { 0 };

	for (unsigned long n = 0;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_json_writer w = hm_json_writer_init(&buf, NULL);
		hm_mem_fail_at(n);
		hm_json_object(&w);
		hm_json_member_map_if(&w, "empty", NULL, 0);
		hm_json_member_map_if(&w, "map", pairs, COUNT(pairs));
		hm_json_object_end(&w);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		enum hm_status st = hm_json_writer_check(&w, "test", &err);
		if (!has_failed)
			assert_string_equal(buf.ptr, "{\"map\":{\"B\":\"2\",\"a\":\"\\\"\",\"aa\":\"\",\"b\":\"1\"}}");
		else
			assert_int_equal(st, HM_ENOMEM);
		if (n > 0 && !has_failed)
			break;
	}
}

static void test_html(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "<>&", "\"\\u003c\\u003e\\u0026\"" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\"\\u2028\\u2029\xe2\x80\xaa\"" },
		{ "plain \"'", "\"plain \\\"'\"" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_json_writer w = hm_json_writer_init(&buf, &(struct hm_json_style){ .escape_html = true });
		hm_json_cstr(&w, rows[i].text);
		assert_string_equal(buf.ptr, rows[i].want);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		double number;
		bool open;
		size_t max;
		enum hm_reason want;
	} rows[] = {
		{ "bad UTF-8", "a\xff", 0, false, 100, HM_R_JSON_ENCODING },
		{ "cut UTF-8", "a\xc3", 0, false, 100, HM_R_JSON_ENCODING },
		{ "half a surrogate pair", "\xed\xa0\x80", 0, false, 100, HM_R_JSON_ENCODING },
		{ "infinite", "", INFINITY, false, 100, HM_R_JSON_NUMBER },
		{ "no number", "", NAN, false, 100, HM_R_JSON_NUMBER },
		{ "unfinished", "", 0, true, 100, HM_R_BUG },
		{ "too long", "abcdefgh", 0, false, 8, HM_R_LIMIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(rows[i].max);
		struct hm_json_writer w = hm_json_writer_init(&buf, NULL);
		struct hm_err err = { 0 };
		hm_json_array(&w);
		hm_json_cstr(&w, rows[i].text);
		hm_json_double(&w, rows[i].number);
		if (!rows[i].open)
			hm_json_array_end(&w);
		assert_refused(rows[i].name, hm_json_writer_check(&w, "test", &err), &err, rows[i].want);
	}
}

/* What is read and written is what stood there, but for blanks and the order of keys. */
static void test_round_trip(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: the same */
	} rows[] = {
		{ "null", NULL },
		{ " [ 1 , 1.0 , -0 , 1e2 , 100000000000000000000 , 1E-7 ] ",
		  "[1,1.0,-0,1e2,100000000000000000000,1E-7]" },
		{ "{\"b\":1,\"a\":{\"\":[]},\"\":{}}", "{\"\":{},\"a\":{\"\":[]},\"b\":1}" },
		{ "\"\\u0000\\u00fc\\ud83d\\ude00\\/\\u0022\"", "\"\\u0000\xc3\xbc\xf0\x9f\x98\x80/\\\"\"" },
		{ "[true,false,null,\"\"]", NULL },
		{ "9223372036854775807", NULL },
		{ "-9223372036854775809", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		assert_ok(hm_json_parse(hm_str(rows[i].text), NULL, &arena, &v, &err), &err);
		assert_ok(hm_json_encode(&v, NULL, &buf, &err), &err);
		assert_string_equal(buf.ptr, rows[i].want ? rows[i].want : rows[i].text);
	}
}

/* Rego has sets, and keys that are no strings. */
static void test_beyond_json(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_array_builder_done) struct hm_array_builder items = hm_array_builder_init(&arena);
	HM_OWN(hm_object_builder_done) struct hm_object_builder members = hm_object_builder_init(&arena);
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_value set, object;
	struct hm_err err = { 0 };

	hm_array_add(&items, hm_value_i64(2));
	hm_array_add(&items, hm_value_cstr(&arena, "x"));
	hm_array_add(&items, hm_value_i64(1));
	hm_array_add(&items, hm_value_i64(2));
	assert_ok(hm_set_finish(&items, &set, &err), &err);
	hm_object_add_key(&members, set, hm_value_bool(true));
	hm_object_add_key(&members, hm_value_i64(7), set);
	assert_ok(hm_object_finish(&members, HM_DUP_REFUSE, &object, &err), &err);
	assert_ok(hm_json_encode(&object, NULL, &buf, &err), &err);
	assert_string_equal(buf.ptr, "{\"7\":[1,2,\"x\"],\"[1,2,\\\"x\\\"]\":true}");
}

static void test_no_memory(void **state)
{
	(void)state;
	enum hm_status st = HM_ENOMEM;

	for (unsigned long n = 1; st != HM_OK; n++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_json_writer w = hm_json_writer_init(&buf, &hm_json_pretty);
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		write_all(&w);
		st = hm_json_writer_check(&w, "test", &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, has_failed ? HM_ENOMEM : HM_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),    cmocka_unit_test(test_map),        cmocka_unit_test(test_html),
		cmocka_unit_test(test_refusals),  cmocka_unit_test(test_round_trip), cmocka_unit_test(test_beyond_json),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/json_write", tests, NULL, NULL);
}
