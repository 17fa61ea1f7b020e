/* RFC 8785: its own examples, what is refused, and that the canonical text of a canonical text is itself. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/canonical.h"
#include "data/json.h"
#include "data/number.h"

#include <locale.h>
#include <stdbool.h>

/* RFC 8785, appendix B, and others that a simple way to print gets wrong. */
static void test_doubles(void **state)
{
	(void)state;
	static const struct {
		uint64_t bits;
		const char *want;
	} rows[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
		/* 2^-44: the nearest decimal of 16 digits is another double, the next one up is not */
		{ 0x3d30000000000000, "5.684341886080802e-14" },
		{ 0x0010000000000000, "2.2250738585072014e-308" },
		{ 0x000fffffffffffff, "2.225073858507201e-308" },
		{ 0x3ff0000000000001, "1.0000000000000002" },
		{ 0x3fb999999999999a, "0.1" },
		{ 0x4059000000000000, "100" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		double number;
		char text[HM_DOUBLE_TEXT_LEN];
		memcpy(&number, &rows[i].bits, sizeof(number));
		hm_double_text(number, text);
		assert_string_equal(text, rows[i].want);
	}
}

/* A program that embeds us may have a locale where the point is a comma. */
static void test_locale(void **state)
{
	(void)state;
	char text[HM_DOUBLE_TEXT_LEN], comma[8];
	double number;

	/* only here, and not newlocale(): glibc 2.36 leaks the folders of LOCPATH in it, whoever calls it */
	const char *folder = getenv("HM_TEST_LOCALES");
	if (folder)
		setenv("LOCPATH", folder, 1);
	if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
		skip_with("de_DE.UTF-8 is not here; scripts/setup --tests makes it, scripts/test finds it");
	snprintf(comma, sizeof(comma), "%.1f", 1.5);
	hm_double_text(1.5, text);
	struct hm_value v = hm_value_borrow(HM_STR("2.5"));
	v.kind = HM_NUMBER;
	v.is_text = true;
	bool is_read = hm_number_to_double(&v, &number);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(comma, "1,5");
	assert_string_equal(text, "1.5");
	assert_true(is_read && number == 2.5);
}

static enum hm_status canonical_of(const char *text, struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v;
	enum hm_status st = hm_json_parse(hm_str(text), NULL, &arena, &v, err);

	return st == HM_OK ? hm_json_canonical(&v, buf, err) : st;
}

static void test_documents(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		/* RFC 8785, 3.2.2 and 3.2.3 */
		{ "{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
		  "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/"
		  "\",\"literals\":[null,true,false]}",
		  "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
		  "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
		{ "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With "
		  "Dagesh\","
		  "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
		  "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
		  "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		  "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		  "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With "
		  "Dagesh\"}" },
		/* U+D7FF before the two halves of U+10000, those before U+E000; a prefix first */
		{ "{\"\\ue000\":1,\"\\ud800\\udc00\":2,\"\\ud7ff\":3,\"\\uffff\":4,\"\\ue000a\":5}",
		  "{\"\xed\x9f\xbf\":3,\"\xf0\x90\x80\x80\":2,\"\xee\x80\x80\":1,\"\xee\x80\x80"
		  "a\":5,\"\xef\xbf\xbf\":4}" },
		{ " [ 56 , { \"d\" : true , \"10\" : null , \"1\" : [ ] } ] ",
		  "[56,{\"1\":[],\"10\":null,\"d\":true}]" },
		{ "\"\\u0008\\u0009\\u000a\\u000c\\u000d\\u007f\\u0000\"", "\"\\b\\t\\n\\f\\r\x7f\\u0000\"" },
		{ "[9007199254740992,-9007199254740992,-0,0.0,1e0,10e-1]",
		  "[9007199254740992,-9007199254740992,0,0,1,1]" },
		{ "[9007199254740991.9,1e300,5e-324]", "[9007199254740992,1e+300,5e-324]" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(HM_MIB), twice = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		assert_ok(canonical_of(rows[i].text, &once, &err), &err);
		assert_string_equal(once.ptr, rows[i].want);
		assert_ok(canonical_of(once.ptr, &twice, &err), &err);
		assert_string_equal(twice.ptr, once.ptr);
		hm_buf_done(&twice);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text, *cause;
	} rows[] = {
		{ "9007199254740993", "an integer past 2^53" },
		{ "-9007199254740993", "an integer past 2^53" },
		{ "[0,9007199254740994]", "[1]: an integer past 2^53" }, /* a double holds it; the next one not */
		{ "{\"a\":{\"b\":12345678901234567890}}", "a.b: an integer past 2^53" },
		{ "12345678901234567890.0", "an integer past 2^53" },
		{ "9007199254740993e0", "an integer past 2^53" },
		{ "1e20", "an integer past 2^53" }, /* its canonical text would be digits only */
		{ "123456789012345678901234567890e1", "an integer past 2^53" },
		{ "9007199254740992.5", "an integer past 2^53" },
		{ "1e309", "a number too large for a double" },
		{ "-1e400", "a number too large for a double" },
		{ "1e999999999999999999", "a number too large for a double" },
		{ "1e-325", "a number too small for a double" },
		{ "1e-999999999999999999", "a number too small for a double" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		assert_refused(rows[i].text, canonical_of(rows[i].text, &buf, &err), &err, HM_R_JSON_NUMBER);
		assert_string_equal(err.cause, rows[i].cause);
	}
}

static void test_beyond_json(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	const struct hm_value one = hm_value_i64(1);
	struct hm_value set, object;
	struct hm_err err = { 0 };

	assert_ok(hm_value_set(&arena, &one, 1, &set, &err), &err);
	assert_refused("set", hm_json_canonical(&set, &buf, &err), &err, HM_R_DATA_KIND);
	assert_ok(hm_value_object(&arena, &one, &one, 1, HM_DUP_REFUSE, &object, &err), &err);
	assert_refused("key", hm_json_canonical(&object, &buf, &err), &err, HM_R_DATA_KIND);
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_value v;
	enum hm_status st = HM_ENOMEM;

	assert_int_equal(
	    hm_json_parse(HM_STR("{\"\\ue000\":[1,{}],\"\\ud83d\\ude00\":{\"a\":1}}"), NULL, &arena, &v, NULL), HM_OK);
	for (unsigned long n = 1; st != HM_OK; n++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
		hm_mem_fail_at(n);
		st = hm_json_canonical(&v, &buf, NULL);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, has_failed ? HM_ENOMEM : HM_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles),  cmocka_unit_test(test_locale),      cmocka_unit_test(test_documents),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_beyond_json), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/canonical", tests, NULL, NULL);
}
