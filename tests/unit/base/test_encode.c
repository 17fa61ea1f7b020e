/* Hexadecimal and Base64: RFC 4648's vectors, and every text that is not the one of its bytes. */
#include "unit.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"

/* RFC 4648, 10 */
static void test_vectors(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *std, *url, *hex;
	} rows[] = {
		{ "", "", "", "" },
		{ "f", "Zg==", "Zg", "66" },
		{ "fo", "Zm8=", "Zm8", "666f" },
		{ "foo", "Zm9v", "Zm9v", "666f6f" },
		{ "foob", "Zm9vYg==", "Zm9vYg", "666f6f62" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
		{ "\xfb\xff\xbf", "+/+/", "-_-_", "fbffbf" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].bytes);
		HM_OWN(hm_buf_done)
		struct hm_buf std = hm_buf_init(100), url = hm_buf_init(100), hex = hm_buf_init(100);
		uint8_t back[16];
		struct hm_err err;
		hm_base64_encode(&std, HM_BASE64_STD, rows[i].bytes, len);
		hm_base64_encode(&url, HM_BASE64_URL, rows[i].bytes, len);
		hm_hex_encode(&hex, rows[i].bytes, len);
		assert_true(hm_str_is(hm_buf_str(&std), rows[i].std));
		assert_true(hm_str_is(hm_buf_str(&url), rows[i].url));
		assert_true(hm_str_is(hm_buf_str(&hex), rows[i].hex));
		assert_ok(hm_hex_read(hm_str(rows[i].hex), back, len, &err), &err);
		assert_memory_equal(back, rows[i].bytes, len);

		const struct {
			enum hm_base64 form;
			const char *text;
		} forms[] = { { HM_BASE64_STD, rows[i].std },
			      { HM_BASE64_URL, rows[i].url },
			      { HM_BASE64_ANY, rows[i].std },
			      { HM_BASE64_ANY, rows[i].url } };
		for (size_t k = 0; k < COUNT(forms); k++) {
			HM_OWN(hm_buf_done) struct hm_buf decoded = hm_buf_init(len);
			assert_ok(hm_base64_decode(&decoded, forms[k].form, hm_str(forms[k].text), &err), &err);
			assert_true(hm_str_is(hm_buf_str(&decoded), rows[i].bytes));
		}
	}
}

static void test_every_length(void **state)
{
	(void)state;
	uint8_t bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (enum hm_base64 form = HM_BASE64_STD; form <= HM_BASE64_ANY; form++) {
			HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000), back = hm_buf_init(1000);
			struct hm_err err;
			hm_base64_encode(&text, form, bytes, len);
			assert_ok(hm_base64_decode(&back, form, hm_buf_str(&text), &err), &err);
			assert_int_equal(back.len, len);
			assert_true(len == 0 || memcmp(back.ptr, bytes, len) == 0);
		}
	}
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool std, url, any; /* refused? */
	} rows[] = {
		{ "Zg", true, false, false },     { "Zg=", true, true, true },    { "Zg==", false, true, false },
		{ "Zg===", true, true, true },    { "Zm8", true, false, false },  { "Zm8=", false, true, false },
		{ "Zm8==", true, true, true },    { "Zm9v=", true, true, true },  { "Zm9v====", true, true, true },
		{ "Z", true, true, true },        { "Z===", true, true, true },   { "=", true, true, true },
		{ "==", true, true, true },       { "====", true, true, true },   { "Zh==", true, true, true },
		{ "Zh", true, true, true },       { "Zm9=", true, true, true },   { "Zm9", true, true, true },
		{ "Zg==Zg==", true, true, true }, { "Z=g=", true, true, true },   { "Zm9v\n", true, true, true },
		{ "Zm9 v", true, true, true },    { " Zm9v", true, true, true },  { "Zm\n9v", true, true, true },
		{ "+/+/", false, true, false },   { "-_-_", true, false, false }, { "Zm9*", true, true, true },
		{ "Zm9\xc3", true, true, true },  { "Zm9v.", true, true, true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const bool refused[] = { rows[i].std, rows[i].url, rows[i].any };
		for (enum hm_base64 form = HM_BASE64_STD; form <= HM_BASE64_ANY; form++) {
			HM_OWN(hm_buf_done) struct hm_buf back = hm_buf_init(100);
			struct hm_err err = { 0 };
			hm_buf_add_cstr(&back, "before");
			enum hm_status st = hm_base64_decode(&back, form, hm_str(rows[i].text), &err);
			if (!refused[form]) {
				assert_ok(st, &err);
				continue;
			}
			assert_refused(rows[i].text, st, &err, HM_R_ENCODING);
			assert_string_equal(back.ptr, "before"); /* nothing of it stays */
			assert_int_equal(back.len, 6);
		}
	}
	HM_OWN(hm_buf_done) struct hm_buf small = hm_buf_init(2);
	struct hm_err err = { 0 };
	assert_refused("limit", hm_base64_decode(&small, HM_BASE64_STD, HM_STR("Zm9v"), &err), &err, HM_R_LIMIT);
	HM_OWN(hm_buf_done) struct hm_buf none = hm_buf_init(200);
	hm_mem_fail_at(1);
	assert_refused("memory", hm_base64_decode(&none, HM_BASE64_STD, HM_STR("Zm9v"), &err), &err, HM_R_NO_MEMORY);
	hm_mem_fail_at(0);
}

static void test_lines(void **state)
{
	(void)state;
	static const struct {
		const char *text, *bytes; /* NULL: refused */
	} rows[] = {
		{ "Zm9v", "foo" },        { "Zm9v\n", "foo" }, { "Zm\r\n9v", "foo" }, { "\nZm9vYg==\n", "foob" },
		{ "Zm9vYg=\n=", "foob" }, { "", "" },          { "\n", "" },          { "Zm9 v\n", NULL },
		{ "Zm9vYg\n", NULL },     { "-_-_\n", NULL },  { "Zh==\n", NULL },    { "Zm9vYg==\nZg==", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf back = hm_buf_init(100);
		struct hm_err err = { 0 };
		enum hm_status st = hm_base64_decode(&back, HM_BASE64_LINES, hm_str(rows[i].text), &err);
		if (!rows[i].bytes) {
			assert_refused(rows[i].text, st, &err, HM_R_ENCODING);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_is(hm_buf_str(&back), rows[i].bytes));
	}
	HM_OWN(hm_buf_done) struct hm_buf none = hm_buf_init(200);
	struct hm_err err = { 0 };
	hm_mem_fail_at(1);
	assert_refused("memory", hm_base64_decode(&none, HM_BASE64_LINES, HM_STR("Zm9v\n"), &err), &err,
		       HM_R_NO_MEMORY);
	hm_mem_fail_at(0);
}

static void test_hex_refusals(void **state)
{
	(void)state;
	static const char *const rows[] = { "",     "0",    "00",   "000",  "00000",
					    "00 0", "0g00", "0x00", "00:0", "\xc3\xa9\xc3" };
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[2] = { 7, 7 };
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_hex_read(hm_str(rows[i]), out, 2, &err), &err, HM_R_ENCODING);
		assert_int_equal(out[0] + out[1], 14);
	}
	uint8_t out[2];
	struct hm_err err;
	assert_ok(hm_hex_read(HM_STR("aBFf"), out, 2, &err), &err);
	assert_int_equal(out[0] << 8 | out[1], 0xabff);
	assert_true(hm_hex_is_small(HM_STR("0123456789abcdef")) && hm_hex_is_small(HM_STR("")));
	assert_false(hm_hex_is_small(HM_STR("aB")) || hm_hex_is_small(HM_STR("ag")) || hm_hex_is_small(HM_STR("a ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_every_length), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lines),   cmocka_unit_test(test_hex_refusals),
	};
	return cmocka_run_group_tests_name("base/encode", tests, NULL, NULL);
}
