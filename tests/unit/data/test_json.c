/* Reading JSON: where a mistake is said to be, limits, options, and documents that are hard on shapes. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"

#include <stdbool.h>

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_reason want;
		uint32_t row, col;
		const char *cause;
	} rows[] = {
		{ "", HM_R_JSON_SYNTAX, 1, 1, "wanted a value, got the end" },
		{ " \n\t", HM_R_JSON_SYNTAX, 2, 2, "wanted a value, got the end" },
		{ "[1,\n 2,\n x]", HM_R_JSON_SYNTAX, 3, 2, "[2]: wanted a value, got 'x'" },
		{ "{\"a\":{\"b\":[0,{\"c\":tru}]}}", HM_R_JSON_SYNTAX, 1, 19, "a.b[1].c: wanted a value, got 't'" },
		{ "{\"a\":1 \"b\":2}", HM_R_JSON_SYNTAX, 1, 8, "a: wanted ',' or '}', got '\"'" },
		{ "{\"a\":1,}", HM_R_JSON_SYNTAX, 1, 8, "wanted a key, got '}'" },
		{ "{a:1}", HM_R_JSON_SYNTAX, 1, 2, NULL },
		{ "[1 2]", HM_R_JSON_SYNTAX, 1, 4, "[0]: wanted ',' or ']', got '2'" },
		{ "[1]]", HM_R_JSON_SYNTAX, 1, 4, "wanted the end, got ']'" },
		{ "{\"a\" 1}", HM_R_JSON_SYNTAX, 1, 6, "wanted ':', got '1'" },
		{ "[-]", HM_R_JSON_SYNTAX, 1, 3, "[0]: wanted a digit, got ']'" },
		{ "[1.e1]", HM_R_JSON_SYNTAX, 1, 4, "[0]: wanted a digit, got 'e'" },
		{ "[01]", HM_R_JSON_SYNTAX, 1, 3, "[0]: wanted ',' or ']', got '1'" },
		{ "\"a\nb\"", HM_R_JSON_SYNTAX, 1, 3, "wanted an escape for a control character, got byte 0x0a" },
		{ "\"a\\x\"", HM_R_JSON_SYNTAX, 1, 4, "wanted an escape, got 'x'" },
		{ "\"\\u12g4\"", HM_R_JSON_SYNTAX, 1, 4, NULL },
		{ "\"a", HM_R_JSON_SYNTAX, 1, 3, "wanted a closing quote, got the end" },
		{ "\"\x1f\"", HM_R_JSON_SYNTAX, 1, 2, NULL },
		{ "\"1234567\x1f 901234567\"", HM_R_JSON_SYNTAX, 1, 9, NULL },
		{ "\"\xc3\xbc\x1f\"", HM_R_JSON_SYNTAX, 1, 3, NULL },
		{ "\"\xc3\xbc\xc3\xbc\xff\"", HM_R_JSON_ENCODING, 1, 4, "a byte that is not UTF-8" },
		{ "{\"k\":\"\xed\xa0\x80\"}", HM_R_JSON_ENCODING, 1, 7, "k: a byte that is not UTF-8" },
		{ "\"\xc0\x80\"", HM_R_JSON_ENCODING, 1, 2, NULL },
		{ "\"\\ud800\"", HM_R_JSON_ENCODING, 1, 2, "an escape of half a surrogate pair" },
		{ "\"\\udc00\\ud800\"", HM_R_JSON_ENCODING, 1, 2, NULL },
		{ "\"\\ud800\\u0041\"", HM_R_JSON_ENCODING, 1, 2, NULL },
		{ "\xef\xbb\xbf{}", HM_R_JSON_ENCODING, 1, 1, "a byte order mark" },
		{ "\xff", HM_R_JSON_SYNTAX, 1, 1, "wanted a value, got byte 0xff" },
		{ "{\"a\":1,\n\"a\":2}", HM_R_JSON_DUPLICATE, 2, 1, NULL },
		{ "[{\"\\u0061\":1,\"b\":0,\"a\":2}]", HM_R_JSON_DUPLICATE, 1, 20, NULL },
		{ "1e1234567890123456789", HM_R_JSON_LIMIT, 1, 1, "an exponent of more than 18 digits" },
		{ "{\"tekton.dev/x\":[{\"\":\"\\q\"}]}", HM_R_JSON_SYNTAX, 1, 24,
		  "[\"tekton.dev/x\"][0][\"\"]: wanted an escape, got 'q'" },
		{ "{\"\x7f\xc3\xbc\":x}", HM_R_JSON_SYNTAX, 1, 7, "[\"???\"]: wanted a value, got 'x'" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		assert_refused(rows[i].text, hm_json_parse(hm_str(rows[i].text), NULL, &arena, &v, &err), &err,
			       rows[i].want);
		if (err.row != rows[i].row || err.col != rows[i].col)
			fail_msg("%s: at %u:%u", rows[i].text, err.row, err.col);
		if (rows[i].cause && strcmp(err.cause, rows[i].cause) != 0)
			fail_msg("%s: %s", rows[i].text, err.cause);
	}
}

/* Paths of any depth and keys of any length fit, and say so where something is left out. */
static void test_long_paths(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_value v;
	struct hm_err err = { 0 };

	for (int i = 0; i < 100; i++)
		hm_buf_add_cstr(&text, "[");
	assert_refused("deep", hm_json_parse(hm_buf_str(&text), NULL, &arena, &v, &err), &err, HM_R_JSON_SYNTAX);
	assert_non_null(strstr(err.cause, "[0][0]...: wanted a value"));
	hm_buf_clear(&text);
	hm_buf_add_cstr(&text, "{\"");
	for (int i = 0; i < 1000; i++)
		hm_buf_add_cstr(&text, "k");
	hm_buf_add_cstr(&text, "\":");
	assert_refused("long", hm_json_parse(hm_buf_str(&text), NULL, &arena, &v, &err), &err, HM_R_JSON_SYNTAX);
	assert_non_null(strstr(err.cause, "kkk...: wanted a value"));
}

static void nest(struct hm_buf *text, size_t depth, bool objects)
{
	for (size_t i = 0; i < depth; i++)
		hm_buf_add_cstr(text, objects ? "{\"a\":" : "[");
	hm_buf_add_cstr(text, "0");
	for (size_t i = 0; i < depth; i++)
		hm_buf_add_char(text, objects ? '}' : ']');
}

static enum hm_status read_tokens(struct hm_str text, const struct hm_json_opts *opts, struct hm_err *err)
{
	HM_OWN(hm_json_reader_done) struct hm_json_reader r;
	struct hm_json_token token = { .event = HM_JSON_AT_NULL };
	enum hm_status st = hm_json_reader_init(&r, text, opts, err);

	while (st == HM_OK && token.event != HM_JSON_AT_END)
		st = hm_json_next(&r, &token, err);
	return st;
}

static void test_depth(void **state)
{
	(void)state;
	static const struct {
		uint32_t max_depth;
		size_t depth;
		enum hm_reason want;
	} rows[] = {
		{ 0, HM_MAX_JSON_DEPTH, HM_R_OK },
		{ 0, HM_MAX_JSON_DEPTH + 1, HM_R_JSON_LIMIT },
		{ 1, 1, HM_R_OK },
		{ 1, 2, HM_R_JSON_LIMIT },
		{ HM_TOP_JSON_DEPTH, HM_TOP_JSON_DEPTH, HM_R_OK },
		{ HM_TOP_JSON_DEPTH, HM_TOP_JSON_DEPTH + 1, HM_R_JSON_LIMIT },
		{ HM_TOP_JSON_DEPTH + 1, 1, HM_R_USAGE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int objects = 0; objects < 2; objects++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
			HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB), back = hm_buf_init(HM_MIB);
			const struct hm_json_opts opts = { .max_depth = rows[i].max_depth };
			struct hm_value v;
			struct hm_err err = { 0 }, token_err = { 0 };
			nest(&text, rows[i].depth, objects);
			enum hm_status st = hm_json_parse(hm_buf_str(&text), &opts, &arena, &v, &err);
			enum hm_status token_st = read_tokens(hm_buf_str(&text), &opts, &token_err);
			if (rows[i].want != HM_R_OK) {
				assert_refused("tree", st, &err, rows[i].want);
				assert_refused("tokens", token_st, &token_err, rows[i].want);
				continue;
			}
			assert_ok(st, &err);
			assert_ok(token_st, &token_err);
			assert_true(hm_value_eq(&v, &v));
			assert_true(hm_value_hash(&v) != 0);
			assert_ok(hm_json_encode(&v, NULL, &back, &err), &err);
			assert_string_equal(back.ptr, text.ptr);
			hm_buf_done(&back);
		}
	}
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		struct hm_json_opts opts;
		enum hm_reason want;
	} rows[] = {
		{ "size", "[1]", { .max_size = 3 }, HM_R_OK },
		{ "size", "[1] ", { .max_size = 3 }, HM_R_JSON_LIMIT },
		{ "size past 4 GiB", "1", { .max_size = (size_t)UINT32_MAX + 1 }, HM_R_USAGE },
		{ "elements", "[1,2,[3,4]]", { .max_members = 3 }, HM_R_OK },
		{ "elements", "[1,2,[3,4],5]", { .max_members = 3 }, HM_R_JSON_LIMIT },
		{ "members", "{\"a\":1,\"b\":2}", { .max_members = 2 }, HM_R_OK },
		{ "members", "{\"a\":1,\"b\":2,\"c\":3}", { .max_members = 2 }, HM_R_JSON_LIMIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 }, token_err = { 0 };
		enum hm_status st = hm_json_parse(hm_str(rows[i].text), &rows[i].opts, &arena, &v, &err);
		enum hm_status token_st = read_tokens(hm_str(rows[i].text), &rows[i].opts, &token_err);
		if (rows[i].want == HM_R_OK) {
			assert_ok(st, &err);
			assert_ok(token_st, &token_err);
		} else {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			assert_refused(rows[i].name, token_st, &token_err, rows[i].want);
		}
	}
	/* what holds where nobody says otherwise */
	HM_OWN(hm_json_reader_done) struct hm_json_reader r;
	assert_int_equal(hm_json_reader_init(&r, HM_STR("1"), NULL, NULL), HM_OK);
	assert_int_equal(r.opts.max_size, HM_MAX_JSON_SIZE);
	assert_int_equal(r.opts.max_members, HM_MAX_JSON_MEMBERS);
	assert_int_equal(r.opts.max_depth, HM_MAX_JSON_DEPTH);
}

static void test_texts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
		bool as_go;
	} rows[] = {
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", false },
		{ "\"\\u00fC\\u20aC\\uD83d\\uDe00x\"", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80x", false },
		{ "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"", "\xf4\x8f\xbf\xbf\xed\x9f\xbf", false },
		{ "\"0123456789abcdef0123456789abcdef0123456789\\n\"", "0123456789abcdef0123456789abcdef0123456789\n",
		  false },
		{ "\"a\\ud800b\"",
		  "a\xef\xbf\xbd"
		  "b",
		  true },
		{ "\"\\ud800\\ud83d\\ude00\\udc00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd", true },
		{ "\"a\xff\xed\xa0\x80"
		  "b\"",
		  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		  "b",
		  true },
		{ "\"\xc3\"", "\xef\xbf\xbd", true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int borrow = 0; borrow < 2; borrow++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
			struct hm_json_opts opts = { .replace_invalid = rows[i].as_go, .borrow = borrow };
			struct hm_value v;
			struct hm_err err = { 0 };
			assert_ok(hm_json_parse(hm_str(rows[i].text), &opts, &arena, &v, &err), &err);
			if (!hm_value_is_str(&v, hm_str(rows[i].want)))
				fail_msg("%s: %.*s", rows[i].text, HM_STR_ARG(hm_value_text(&v)));
		}
	}
}

/* A key that needed escapes may not be matched by bytes that would need them too. */
static void test_keys_by_shape(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: malformed */
	} rows[] = {
		{ "[{\"a\\\"\":1},{\"a\\\"\":2}]", "[{\"a\\\"\":1},{\"a\\\"\":2}]" },
		{ "[{\"a\\\"\":1},{\"a\"\":2}]", NULL },
		{ "[{\"a\\n\":1},{\"a\n\":2}]", NULL },
		{ "[{\"a\\u0062\":1},{\"ab\":2},{\"ab\":3},{\"a\\u0062\":4}]",
		  "[{\"ab\":1},{\"ab\":2},{\"ab\":3},{\"ab\":4}]" },
		{ "[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2},{\"a\":1},{}]",
		  "[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1},{\"a\":1},{}]" },
		{ "[{\"ab\":1},{\"a\":1},{\"abc\":1},{\"", NULL },
		{ "[{\"ab\":1},{\"abc\":2}]", "[{\"ab\":1},{\"abc\":2}]" },
		{ "[{\"ab\":1},{\"ab", NULL },
		{ "[{\"ab\":1},{\"ab\"", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf back = hm_buf_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		enum hm_status st = hm_json_parse(hm_str(rows[i].text), NULL, &arena, &v, &err);
		if (!rows[i].want) {
			assert_refused(rows[i].text, st, &err, HM_R_JSON_SYNTAX);
			continue;
		}
		assert_ok(st, &err);
		assert_ok(hm_json_encode(&v, NULL, &back, &err), &err);
		assert_string_equal(back.ptr, rows[i].want);
	}
}

/* Of two equal keys the last one's value holds, wherever they stand. */
static void test_last_wins(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "[{\"a\":1,\"a\":2,\"b\":3},{\"a\":1,\"a\":2,\"b\":3}]", "[{\"a\":2,\"b\":3},{\"a\":2,\"b\":3}]" },
		{ "{\"b\":1,\"a\":2,\"b\":{\"c\":1,\"c\":2},\"a\":4}", "{\"a\":4,\"b\":{\"c\":2}}" },
		{ "{\"a\":1,\"\\u0061\":2}", "{\"a\":2}" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf back = hm_buf_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		assert_ok(hm_json_parse(hm_str(rows[i].text), &hm_json_as_go, &arena, &v, &err), &err);
		assert_ok(hm_json_encode(&v, NULL, &back, &err), &err);
		assert_string_equal(back.ptr, rows[i].want);
	}
}

/* Objects that look alike share their keys, whatever the order was in which they stood. */
static void test_shared_keys(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v;

	assert_int_equal(hm_json_parse(HM_STR("[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4}]"), NULL, &arena, &v, NULL), HM_OK);
	assert_ptr_equal(v.items[0].members->keys, v.items[1].members->keys);
	assert_int_equal(v.items[1].members->value[0].i64, 4);
}

/* A list of records, as access lists are, takes less than twice its text; 1.6 times where strings point into it. */
static void test_memory(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4 * HM_MIB);

	hm_buf_add_char(&text, '[');
	for (int i = 0; i < 20000; i++)
		hm_buf_addf(&text,
			    "%s{\"user\":\"u%05d\",\"role\":\"admin\",\"resource\":\"/a/b/c\","
			    "\"actions\":[\"read\",\"write\"],\"n\":12}",
			    i ? "," : "", i);
	hm_buf_add_char(&text, ']');
	for (int borrow = 0; borrow < 2; borrow++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
		const struct hm_json_opts opts = { .borrow = borrow };
		struct hm_value v;
		assert_int_equal(hm_json_parse(hm_buf_str(&text), &opts, &arena, &v, NULL), HM_OK);
		size_t slack = HM_MIB; /* the newest chunk of an arena may be empty */
		assert_true(arena.used - slack < text.len * (borrow ? 165 : 200) / 100);
	}
}

/* Many objects, each with more keys than the last, or with keys of its own: past every limit on shapes. */
static void write_shapes(struct hm_buf *text, size_t objects, size_t keys, size_t step, const char *extra)
{
	struct hm_json_writer w = hm_json_writer_init(text, NULL);

	hm_json_array(&w);
	for (size_t i = 0; i < objects; i++) {
		hm_json_object(&w);
		for (size_t k = 0; k < keys; k++) {
			char name[32];
			snprintf(name, sizeof(name), "k%08zu", i * step + k);
			hm_json_member_u64(&w, name, i + k);
		}
		if (extra)
			hm_json_member_u64(&w, extra, i);
		hm_json_object_end(&w);
	}
	hm_json_array_end(&w);
}

static void test_many_shapes(void **state)
{
	(void)state;
	static const struct {
		size_t objects, keys, step;
	} rows[] = { { 3, 32, 0 }, { 3, 33, 0 }, { 3, 100, 0 }, { 40, 2, 1 }, { 3000, 4, 4 }, { 600, 20, 1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB), back = hm_buf_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		write_shapes(&text, rows[i].objects, rows[i].keys, rows[i].step, NULL);
		assert_ok(hm_json_parse(hm_buf_str(&text), NULL, &arena, &v, &err), &err);
		assert_ok(hm_json_encode(&v, NULL, &back, &err), &err);
		assert_string_equal(back.ptr, text.ptr);
		/* and with a key that stands there already, at the end of each */
		hm_buf_clear(&text);
		char extra[32];
		snprintf(extra, sizeof(extra), "k%08zu", (size_t)1);
		write_shapes(&text, rows[i].objects, rows[i].keys, rows[i].step, extra);
		assert_refused("twice", hm_json_parse(hm_buf_str(&text), NULL, &arena, &v, &err), &err,
			       HM_R_JSON_DUPLICATE);
		assert_ok(hm_json_parse(hm_buf_str(&text), &hm_json_as_go, &arena, &v, &err), &err);
		assert_int_equal(hm_value_count(&v.items[0]), rows[i].keys);
		assert_int_equal(hm_value_get(&v.items[0], extra)->i64, 0);
	}
}

static void test_cut(void **state)
{
	(void)state;
	struct hm_str text = HM_STR(" {\"a\": [1]}\n{} \"x\"3 4\n"), one;
	static const char *const want[] = { "{\"a\": [1]}", "{}", "\"x\"", "3", "4" };
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(want); i++) {
		assert_ok(hm_json_cut(&text, NULL, &one, &err), &err);
		if (!hm_str_is(one, want[i]))
			fail_msg("%zu: %.*s", i, HM_STR_ARG(one));
	}
	assert_ok(hm_json_cut(&text, NULL, &one, &err), &err);
	assert_null(one.ptr);
	text = HM_STR("{} {\"a\":");
	assert_ok(hm_json_cut(&text, NULL, &one, &err), &err);
	assert_refused("cut off", hm_json_cut(&text, NULL, &one, &err), &err, HM_R_JSON_SYNTAX);
}

static void test_skip(void **state)
{
	(void)state;
	HM_OWN(hm_json_reader_done) struct hm_json_reader r;
	struct hm_json_token token;
	struct hm_err err = { 0 };

	assert_ok(hm_json_reader_init(&r, HM_STR("{\"a\":[{},[1]],\"b\":{\"c\":1},\"d\":2}"), NULL, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_true(hm_json_token_is(&token, HM_STR("a")));
	assert_ok(hm_json_skip(&r, &token, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_true(hm_json_token_is(&token, HM_STR("b")));
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_ok(hm_json_skip(&r, &token, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_true(hm_json_token_is(&token, HM_STR("d")));
	assert_ok(hm_json_skip(&r, &token, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_int_equal(token.event, HM_JSON_AT_OBJECT_END);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_ok(hm_json_next(&r, &token, &err), &err);
	assert_int_equal(token.event, HM_JSON_AT_END);
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	static const struct hm_json_opts opts[] = { { 0 }, { .duplicates = HM_DUP_LAST } };

	write_shapes(&text, 20, 40, 1, NULL);
	text.ptr[text.len - 1] = ',';
	hm_buf_add_cstr(&text, "{\"\\n\":[1.5,\"\\t\",{\"a\":{\"b\":[[[[[[[[[[]]]]]]]]]]}}],\"\\t\":2}]");
	for (size_t i = 0; i < COUNT(opts); i++) {
		enum hm_status st = HM_ENOMEM;
		for (unsigned long n = 1; st != HM_OK; n++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
			struct hm_value v;
			hm_mem_fail_at(n);
			st = hm_json_parse(hm_buf_str(&text), &opts[i], &arena, &v, NULL);
			bool has_failed = hm_mem_has_failed();
			hm_mem_fail_at(0);
			assert_int_equal(st, has_failed ? HM_ENOMEM : HM_OK);
		}
		st = HM_ENOMEM;
		for (unsigned long n = 1; st != HM_OK; n++) {
			hm_mem_fail_at(n);
			st = read_tokens(hm_buf_str(&text), &opts[i], NULL);
			bool has_failed = hm_mem_has_failed();
			hm_mem_fail_at(0);
			assert_int_equal(st, has_failed ? HM_ENOMEM : HM_OK);
		}
	}
	HM_OWN(hm_arena_done) struct hm_arena small = hm_arena_init(4096);
	struct hm_value v;
	struct hm_err err = { 0 };
	assert_refused("arena's limit", hm_json_parse(hm_buf_str(&text), NULL, &small, &v, &err), &err, HM_R_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),      cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_depth),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_texts),       cmocka_unit_test(test_keys_by_shape),
		cmocka_unit_test(test_shared_keys), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_last_wins),   cmocka_unit_test(test_many_shapes),
		cmocka_unit_test(test_cut),         cmocka_unit_test(test_skip),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/json", tests, NULL, NULL);
}
