/* The value tree: order, equality and hashes, exact numbers, look-ups, builders. */
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json.h"
#include "data/keys.h"
#include "data/number.h"

#include <stdbool.h>

static struct hm_value parse(struct hm_arena *arena, const char *text)
{
	struct hm_value v;
	struct hm_err err = { 0 };

	assert_ok(hm_json_parse(hm_str(text), NULL, arena, &v, &err), &err);
	return v;
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* 10 to the 400th, in digits. */
static const char *googols(void)
{
	static char text[402];

	memset(text, '0', sizeof(text) - 1);
	text[0] = '1';
	return text;
}

static void check_pair(const char *less, const char *more, int want)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value a = parse(&arena, less), b = parse(&arena, more);

	if (sign(hm_value_cmp(&a, &b)) != want || sign(hm_value_cmp(&b, &a)) != -want)
		fail_msg("%s and %s: %d, %d", less, more, hm_value_cmp(&a, &b), hm_value_cmp(&b, &a));
	if (hm_value_eq(&a, &b) != (want == 0))
		fail_msg("%s and %s: eq", less, more);
	if (want == 0 && hm_value_hash(&a) != hm_value_hash(&b))
		fail_msg("%s and %s: hash", less, more);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		int want; /* a against b */
	} rows[] = {
		{ "0", "-0", 0 },
		{ "0", "-0.0e5", 0 },
		{ "0", "0e999999999999999999", 0 },
		{ "1", "1.0", 0 },
		{ "1", "1e0", 0 },
		{ "1", "0.001e3", 0 },
		{ "100", "1e2", 0 },
		{ "1E+2", "1000e-1", 0 },
		{ "123.4500", "1234.5e-1", 0 },
		{ "-12.5", "-125e-1", 0 },
		{ "9223372036854775807", "9223372036854775807.0", 0 },
		{ "9223372036854775808", "9.223372036854775808e18", 0 },
		{ "1e400", "1e399", 1 },
		{ "-1e400", "-1e399", -1 },
		{ "1e999999999999999999", "1e999999999999999998", 1 },
		{ "1e-999999999999999999", "0", 1 },
		{ "-1e-999999999999999999", "0", -1 },
		{ "0.1", "0.10000000000000000000000000000000000001", -1 },
		{ "9007199254740993", "9007199254740992", 1 },
		{ "9007199254740993.0", "9007199254740992", 1 },
		{ "18446744073709551617", "18446744073709551616", 1 },
		{ "9223372036854775807", "9223372036854775808", -1 },
		{ "-9223372036854775808", "-9223372036854775809", 1 },
		{ "1", "-1e400", 1 },
		{ "12", "2", 1 },
		{ "1.2", "1.25", -1 },
		{ "-1.2", "-1.25", 1 },
		{ "0.02", "0.1", -1 },
		{ "99", "100.0", -1 },
		{ "10.01", "10.001", 1 },
		{ "2e-3", "0.002", 0 },
		{ "0.0020", "2e-3", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		check_pair(rows[i].a, rows[i].b, rows[i].want);
	check_pair("1e400", googols(), 0);
	check_pair("1e401", googols(), 1);
	check_pair("1.0000000001e400", googols(), 1);
	check_pair("9.9999999999e399", googols(), -1);
}

/* Everything in one order: each of these is less than all behind it. */
static void test_order(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"null",        "false",       "true",
		"-1e400",      "-1",          "0",
		"0.5",         "1",           "1e400",
		"\"\"",        "\"a\"",       "\"a\\u0000\"",
		"\"ab\"",      "\"b\"",       "\"\\u007f\"",
		"\"\\u00fc\"", "\"\\uffff\"", "\"\\ud83d\\ude00\"",
		"[]",          "[null]",      "[1]",
		"[1,0]",       "[2]",         "[[]]",
		"{}",          "{\"a\":1}",   "{\"a\":1,\"b\":0}",
		"{\"a\":2}",   "{\"a\":[]}",  "{\"b\":0}",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = i; j < COUNT(rows); j++)
			check_pair(rows[i], rows[j], i == j ? 0 : -1);
	}
}

static void test_sets(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_array_builder_done) struct hm_array_builder b = hm_array_builder_init(&arena);
	const struct hm_value two = hm_value_i64(2), one = parse(&arena, "1.0"), three = hm_value_i64(3);
	struct hm_value set, other;
	struct hm_err err = { 0 };

	hm_array_add(&b, two);
	hm_array_add(&b, one);
	hm_array_add(&b, hm_value_i64(1)); /* the same as 1.0 */
	assert_ok(hm_set_finish(&b, &set, &err), &err);
	assert_int_equal(set.kind, HM_SET);
	assert_int_equal(hm_value_count(&set), 2);
	assert_true(hm_value_has(&set, &one) && hm_value_has(&set, &two) && !hm_value_has(&set, &three));
	assert_true(hm_value_eq(hm_value_key_at(&set, 1), &two));
	assert_null(hm_value_key_at(&set, 2));
	hm_array_add(&b, two);
	hm_array_add(&b, hm_value_i64(1));
	assert_ok(hm_set_finish(&b, &other, &err), &err);
	assert_true(hm_value_eq(&set, &other));
	assert_true(hm_value_hash(&set) == hm_value_hash(&other));
	struct hm_value object = parse(&arena, "{\"z\":1}");
	assert_true(hm_value_cmp(&object, &set) < 0);
	assert_ok(hm_set_finish(&b, &other, &err), &err);
	assert_int_equal(hm_value_count(&other), 0);
	assert_true(hm_value_cmp(&other, &set) < 0);
}

static void test_integers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_i64, is_u64, is_whole;
		int64_t i64;
		uint64_t u64;
	} rows[] = {
		{ "0", true, true, true, 0, 0 },
		{ "-0", true, true, true, 0, 0 },
		{ "12.000e1", true, true, true, 120, 120 },
		{ "1200e-2", true, true, true, 12, 12 },
		{ "-9223372036854775808.0", true, false, true, INT64_MIN, 0 },
		{ "-9223372036854775809", false, false, true, 0, 0 },
		{ "9.223372036854775807e18", true, true, true, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", false, true, true, 0, (uint64_t)INT64_MAX + 1 },
		{ "18446744073709551615", false, true, true, 0, UINT64_MAX },
		{ "18446744073709551616", false, false, true, 0, 0 },
		{ "1e20", false, false, true, 0, 0 },
		{ "1e999999999999999999", false, false, true, 0, 0 },
		{ "0.5", false, false, false, 0, 0 },
		{ "1e-999999999999999999", false, false, false, 0, 0 },
		{ "1234.5", false, false, false, 0, 0 },
		{ "null", false, false, false, 0, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v = parse(&arena, rows[i].text);
		int64_t i64 = 0;
		uint64_t u64 = 0;
		if (hm_number_to_i64(&v, &i64) != rows[i].is_i64 || i64 != rows[i].i64)
			fail_msg("%s: i64 %lld", rows[i].text, (long long)i64);
		if (hm_number_to_u64(&v, &u64) != rows[i].is_u64 || u64 != rows[i].u64)
			fail_msg("%s: u64 %llu", rows[i].text, (unsigned long long)u64);
		if (hm_number_is_whole(&v) != rows[i].is_whole)
			fail_msg("%s: whole", rows[i].text);
	}
}

static void test_doubles(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_double;
		double want;
	} rows[] = {
		{ "0.1", true, 0.1 },
		{ "-0", true, -0.0 },
		{ "123456789012345678901234567890", true, 123456789012345678901234567890.0 },
		{ "2.2250738585072011e-308", true, 2.2250738585072011e-308 },
		{ "1e308", true, 1e308 },
		{ "1e309", false, 0 },
		{ "1e999999999999999999", false, 0 },
		{ "1e-999999999999999999", true, 0 },
		/* in the middle between two doubles: to the even one; a little more, 900 digits later: to the other */
		{ "9007199254740993", true, 9007199254740992.0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v = parse(&arena, rows[i].text);
		double number = 0;
		if (hm_number_to_double(&v, &number) != rows[i].is_double || number != rows[i].want)
			fail_msg("%s: %.17g", rows[i].text, number);
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	char text[1000] = "9007199254740993.", *end = text + strlen(text);
	double number;
	memset(end, '0', 900);
	memcpy(end + 900, "1", 2);
	struct hm_value v = parse(&arena, text);
	assert_true(hm_number_to_double(&v, &number) && number == 9007199254740994.0);
}

static void test_number_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_reason want;
	} rows[] = {
		{ "1", HM_R_OK },
		{ "-0", HM_R_OK },
		{ "1.50", HM_R_OK },
		{ "1e5", HM_R_OK },
		{ "", HM_R_JSON_SYNTAX },
		{ "-", HM_R_JSON_SYNTAX },
		{ "01", HM_R_JSON_SYNTAX },
		{ "1.", HM_R_JSON_SYNTAX },
		{ ".5", HM_R_JSON_SYNTAX },
		{ "1e", HM_R_JSON_SYNTAX },
		{ "1 ", HM_R_JSON_SYNTAX },
		{ "+1", HM_R_JSON_SYNTAX },
		{ "0x1", HM_R_JSON_SYNTAX },
		{ "1e1000000000000000000", HM_R_JSON_LIMIT },
		{ "1e0000000000000000000001", HM_R_OK },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		char scratch[24];
		enum hm_status st = hm_value_number(&arena, hm_str(rows[i].text), &v, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].text, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_is(hm_number_text(&v, scratch), rows[i].text));
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v = hm_value_u64(&arena, UINT64_MAX);
	uint64_t back = 0;
	assert_true(hm_number_to_u64(&v, &back) && back == UINT64_MAX);
}

/* Look-ups in objects of every size that is treated in a way of its own. */
static void test_look_ups(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 8, 9, 31, 32, 33, 64, 65, 5000 };

	for (size_t s = 0; s < COUNT(sizes); s++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		hm_buf_add_char(&text, '{');
		for (size_t i = 0; i < sizes[s]; i++) /* in an order that is neither up nor down */
			hm_buf_addf(&text, "%s\"k%05zu\":%zu", i ? "," : "", i * 7 % sizes[s] * 3, i * 7 % sizes[s]);
		hm_buf_add_char(&text, '}');
		struct hm_value v = parse(&arena, text.ptr);
		assert_int_equal(hm_value_count(&v), sizes[s]);
		for (size_t i = 0; i < sizes[s]; i++) {
			char name[16];
			snprintf(name, sizeof(name), "k%05zu", i * 3);
			const struct hm_value *found = hm_value_get(&v, name);
			assert_non_null(found);
			assert_int_equal(found->i64, i);
			assert_ptr_equal(found, hm_value_member_at(&v, i)); /* for keys stand in order */
			snprintf(name, sizeof(name), "k%05zu", i * 3 + 1);
			assert_null(hm_value_get(&v, name));
		}
		assert_int_equal(v.members->keys->index != NULL, sizes[s] > hm_keys_unindexed);
		assert_null(hm_value_get(&v, ""));
	}
}

/* Keys whose hashes collide make no index, and are found all the same. */
static void test_colliding_keys(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(&arena);
	struct hm_value object;
	struct hm_err err = { 0 };
	size_t count = 0;

	for (int i = 0; count < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "k%d", i);
		struct hm_value key = hm_value_cstr(&arena, name);
		if ((hm_value_hash(&key) & 511) != 7)
			continue;
		hm_object_add_key(&b, key, hm_value_i64(i));
		count++;
	}
	assert_ok(hm_object_finish(&b, HM_DUP_REFUSE, &object, &err), &err);
	assert_null(object.members->keys->index);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(hm_value_get_key(&object, hm_value_key_at(&object, i)),
				 hm_value_member_at(&object, i));
}

static void test_absent_parts(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v = parse(&arena, "{\"a\":[1,{\"b\":\"x\"}]}"), key = hm_value_i64(1);

	assert_true(hm_value_is_str(hm_value_get(hm_value_at(hm_value_get(&v, "a"), 1), "b"), HM_STR("x")));
	assert_null(hm_value_get(hm_value_at(hm_value_get(&v, "b"), 1), "b"));
	assert_null(hm_value_at(hm_value_get(&v, "a"), 2));
	assert_null(hm_value_at(&v, 0));
	assert_null(hm_value_get(hm_value_get(&v, "a"), "a"));
	assert_null(hm_value_get_key(&v, &key));
	assert_null(hm_value_member_at(&v, 1));
	assert_int_equal(hm_value_text(&v).len, 0);
	assert_int_equal(hm_value_text(NULL).len, 0);
	assert_int_equal(hm_value_count(NULL), 0);
	assert_false(hm_value_has(hm_value_get(&v, "a"), &key));
}

static void test_typed_members(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v = parse(&arena, "{\"s\":\"x\",\"b\":true,\"i\":-3,\"u\":4e0,\"f\":1.5,\"n\":null}"),
			no = hm_value_null();
	struct hm_str s = { 0 };
	bool b = false;
	int64_t i = 0;
	uint64_t u = 0;
	struct hm_err err = { 0 };

	assert_ok(hm_value_need_str(&v, "s", &s, &err), &err);
	assert_ok(hm_value_need_bool(&v, "b", &b, &err), &err);
	assert_ok(hm_value_need_i64(&v, "i", &i, &err), &err);
	assert_ok(hm_value_may_u64(&v, "u", &u, &err), &err);
	assert_true(hm_str_is(s, "x") && b && i == -3 && u == 4);
	assert_ok(hm_value_may_str(&v, "absent", &s, &err), &err);
	assert_ok(hm_value_may_bool(&v, "n", &b, &err), &err);
	assert_ok(hm_value_may_i64(&v, "n", &i, &err), &err);
	assert_true(hm_str_is(s, "x") && b && i == -3);
	assert_refused("absent", hm_value_need_str(&v, "absent", &s, &err), &err, HM_R_DATA_MISSING);
	assert_refused("kind", hm_value_need_str(&v, "i", &s, &err), &err, HM_R_DATA_KIND);
	assert_refused("kind", hm_value_may_bool(&v, "i", &b, &err), &err, HM_R_DATA_KIND);
	assert_refused("null", hm_value_need_bool(&v, "n", &b, &err), &err, HM_R_DATA_KIND);
	assert_refused("fraction", hm_value_need_i64(&v, "f", &i, &err), &err, HM_R_DATA_VALUE);
	assert_refused("negative", hm_value_need_u64(&v, "i", &u, &err), &err, HM_R_DATA_VALUE);
	assert_refused("no object", hm_value_may_str(&no, "s", &s, &err), &err, HM_R_DATA_KIND);
	assert_refused("no object", hm_value_need_i64(NULL, "s", &i, &err), &err, HM_R_DATA_KIND);
}

static void test_object_builder(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(&arena);
	struct hm_value object;
	struct hm_err err = { 0 };

	for (int dup = HM_DUP_REFUSE; dup <= HM_DUP_LAST; dup++) {
		for (int n = 3; n < 40; n += 36) { /* few and many are sorted in different ways */
			for (int i = n; i >= 0; i--)
				hm_object_add_key(&b, hm_value_i64(i % n), hm_value_i64(i));
			enum hm_status st = hm_object_finish(&b, (enum hm_dup)dup, &object, &err);
			if (dup == HM_DUP_REFUSE) {
				assert_refused("twice", st, &err, HM_R_JSON_DUPLICATE);
				continue;
			}
			assert_ok(st, &err);
			assert_int_equal(hm_value_count(&object), n);
			assert_int_equal(hm_value_member_at(&object, 0)->i64, 0); /* not n, which came first */
			assert_int_equal(hm_value_member_at(&object, 2)->i64, 2);
		}
	}
}

static enum hm_status build(struct hm_arena *arena, struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(arena);
	HM_OWN(hm_array_builder_done) struct hm_array_builder items = hm_array_builder_init(arena);
	struct hm_value inner;

	for (int i = 100; i > 0; i--) {
		hm_array_add(&items, hm_value_i64(i));
		hm_object_add_key(&b, hm_value_i64(i), hm_value_cstr(arena, "text"));
	}
	enum hm_status st = hm_set_finish(&items, &inner, err);
	if (st != HM_OK)
		return st;
	hm_array_add(&items, inner);
	st = hm_array_finish(&items, &inner, err);
	hm_object_add(&b, "inner", inner);
	return st == HM_OK ? hm_object_finish(&b, HM_DUP_REFUSE, ret, err) : st;
}

static void test_no_memory(void **state)
{
	(void)state;
	enum hm_status st = HM_ENOMEM;

	for (unsigned long n = 1; st != HM_OK; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		hm_mem_fail_at(n);
		st = build(&arena, &v, NULL);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, has_failed ? HM_ENOMEM : HM_OK);
	}
	HM_OWN(hm_arena_done) struct hm_arena small = hm_arena_init(2048);
	struct hm_value v;
	struct hm_err err = { 0 };
	assert_refused("arena's limit", build(&small, &v, &err), &err, HM_R_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),        cmocka_unit_test(test_order),
		cmocka_unit_test(test_sets),           cmocka_unit_test(test_integers),
		cmocka_unit_test(test_doubles),        cmocka_unit_test(test_number_text),
		cmocka_unit_test(test_look_ups),       cmocka_unit_test(test_colliding_keys),
		cmocka_unit_test(test_absent_parts),   cmocka_unit_test(test_typed_members),
		cmocka_unit_test(test_object_builder), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/value", tests, NULL, NULL);
}
