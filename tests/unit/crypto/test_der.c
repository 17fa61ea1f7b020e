/* DER, read and written; the rows of what must be refused name the rule of X.690 that they break. */
#include "judge.h"

#include "crypto/der.h"
#include "crypto/oid.h"

enum what { NEXT, INTEGER, UNSIGNED, U64, BOOL, NUL, OID, BITS, FLAGS, TEXT, TIME, TIME_NS };

static bool take(enum what what, struct hm_str *rest)
{
	struct hm_der_item item;
	struct hm_str s;
	uint64_t u;
	uint32_t flags, ns;
	int64_t t;
	bool b;

	switch (what) {
	case NEXT:
		return hm_der_next(rest, &item);
	case INTEGER:
		return hm_der_take_integer(rest, &s);
	case UNSIGNED:
		return hm_der_take_unsigned(rest, &s);
	case U64:
		return hm_der_take_u64(rest, &u);
	case BOOL:
		return hm_der_take_bool(rest, &b);
	case NUL:
		return hm_der_take_null(rest);
	case OID:
		return hm_der_take_oid(rest, &s);
	case BITS:
		return hm_der_take_bits(rest, &s);
	case FLAGS:
		return hm_der_take_flags(rest, &flags);
	case TEXT:
		return hm_der_take_text(rest, &s);
	case TIME:
		return hm_der_take_time(rest, &t);
	case TIME_NS:
		return hm_der_take_time_ns(rest, &t, &ns);
	}
	return false;
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum what what;
		const char *hex;
	} rows[] = {
		{ "nothing", NEXT, "" },
		{ "identifier alone", NEXT, "30" },
		{ "content is cut", NEXT, "300305" },
		{ "indefinite length (10.1)", NEXT, "30800000" },
		{ "length cut", NEXT, "3082ff" },
		{ "long form for a short length (10.1)", NEXT, "308101ff" },
		{ "leading zero in the length (10.1)", NEXT, "30820081" },
		{ "reserved first length byte (8.1.3.5)", NEXT, "30ff00" },
		{ "length of five bytes", NEXT, "30850100000000" },
		{ "length of 4 GiB less one", NEXT, "3084ffffffff" },
		{ "tag number past 30", NEXT, "1f8100" },
		{ "empty INTEGER (8.3.1)", INTEGER, "0200" },
		{ "INTEGER with a zero too many (8.3.2)", INTEGER, "0202007f" },
		{ "INTEGER with a 0xff too many (8.3.2)", INTEGER, "0202ff80" },
		{ "another tag", INTEGER, "040101" },
		{ "negative", UNSIGNED, "0201ff" },
		{ "negative number", U64, "020180" },
		{ "2^64", U64, "0209010000000000000000" },
		{ "true is 0xff (11.1)", BOOL, "010101" },
		{ "BOOLEAN of two bytes (8.2.1)", BOOL, "0102ffff" },
		{ "empty BOOLEAN", BOOL, "0100" },
		{ "NULL with content (8.8.2)", NUL, "050100" },
		{ "empty OID", OID, "0600" },
		{ "OID that ends inside an arc (8.19.2)", OID, "06022a86" },
		{ "OID with an arc that begins with 0x80 (8.19.2)", OID, "06032a8001" },
		{ "BIT STRING without its first byte (8.6.2.3)", BITS, "0300" },
		{ "eight unused bits (8.6.2.2)", FLAGS, "03020800" },
		{ "unused bits of no byte (8.6.2.3)", FLAGS, "030101" },
		{ "unused bits that are set (11.2.1)", FLAGS, "03020781" },
		{ "not whole bytes", BITS, "03020780" },
		{ "33 flags", FLAGS, "0306078000000080" },
		{ "UTF8String that is not UTF-8", TEXT, "0c01ff" },
		{ "IA5String past ASCII", TEXT, "1601e9" },
		{ "PrintableString past ASCII", TEXT, "1301e9" },
		{ "no text", TEXT, "0401" },
		{ "UTCTime without seconds (11.8.2)", TIME,
		  "170b32343031303130303030"
		  "5a" },
		{ "UTCTime with an offset (11.8.1)", TIME, "17113234303130313030303030302b30303030" },
		{ "13th month", TIME, "170d3234313330313030303030305a" },
		{ "month 0", TIME, "170d3234303030313030303030305a" },
		{ "30 February", TIME, "170d3234303233303030303030305a" },
		{ "29 February 2023", TIME, "170d3233303232393030303030305a" },
		{ "24 o'clock", TIME, "170d3234303130313234303030305a" },
		{ "second 60", TIME, "170d3234303130313030303036305a" },
		{ "letters in a time", TIME, "170d32343031303130303030617a5a" },
		{ "GeneralizedTime without Z", TIME, "180e3230323430313031303030303030" },
		{ "fraction where none may be (RFC 5280)", TIME,
		  "18113230323430313031303030303030"
		  "2e355a" },
		{ "fraction that ends in 0 (11.7.3)", TIME_NS,
		  "18123230323430313031303030303030"
		  "2e35305a" },
		{ "fraction without digits", TIME_NS,
		  "18103230323430313031303030303030"
		  "2e5a" },
		{ "comma (11.7.4)", TIME_NS,
		  "18113230323430313031303030303030"
		  "2c355a" },
		{ "UTCTime for a GeneralizedTime", TIME_NS, "170d3234303130313030303030305a" },
	};
	uint8_t bytes[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str rest = from_hex(rows[i].hex, bytes), before = rest;
		if (take(rows[i].what, &rest))
			fail_msg("%s: was taken", rows[i].name);
		if (rest.ptr != before.ptr || rest.len != before.len)
			fail_msg("%s: a take that failed moved on", rows[i].name);
	}
}

static void test_lengths(void **state)
{
	(void)state;
	static const size_t lens[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x123456 };

	for (size_t i = 0; i < COUNT(lens); i++) {
		HM_OWN(hm_buf_done) struct hm_buf one = hm_buf_init(4 * HM_MIB), two = hm_buf_init(4 * HM_MIB);
		HM_OWN(hm_freep) char *body = hm_calloc(lens[i] + 1, 1);
		struct hm_str got, whole = hm_str_of(body, lens[i]);
		hm_der_add(&one, HM_DER_OCTETS, whole);
		/* the same by the other road: begin, content, end */
		size_t begin = hm_der_begin(&two, HM_DER_OCTETS);
		hm_buf_add_str(&two, whole);
		hm_der_end(&two, begin);
		assert_true(hm_str_eq(hm_buf_str(&one), hm_buf_str(&two)));
		assert_true(hm_der_only(hm_buf_str(&one), HM_DER_OCTETS, &got));
		assert_int_equal(got.len, lens[i]);
		assert_false(hm_der_only(hm_str_head(hm_buf_str(&one), one.len - 1), HM_DER_OCTETS, &got));
		hm_buf_add_char(&one, 0);
		assert_false(hm_der_only(hm_buf_str(&one), HM_DER_OCTETS, &got));
	}
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		uint64_t number;
		const char *hex;
	} rows[] = {
		{ 0, "020100" },
		{ 127, "02017f" },
		{ 128, "02020080" },
		{ 256, "02020100" },
		{ UINT64_C(0x8000000000000000), "0209008000000000000000" },
		{ UINT64_MAX, "020900ffffffffffffffff" },
	};
	uint8_t bytes[16];

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64);
		struct hm_str want = from_hex(rows[i].hex, bytes);
		uint64_t got;
		hm_der_add_u64(&buf, rows[i].number);
		assert_true(hm_str_eq(hm_buf_str(&buf), want));
		assert_true(hm_der_take_u64(&want, &got));
		assert_true(got == rows[i].number && want.len == 0);
	}
}

static void test_small_values(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(256);
	struct hm_str rest, s;
	uint32_t flags;
	bool b;

	hm_der_add_bool(&buf, true);
	hm_der_add_bool(&buf, false);
	hm_der_add_null(&buf);
	hm_der_add_flags(&buf, 0);
	hm_der_add_flags(&buf, 1 << 0);
	hm_der_add_flags(&buf, 1 << 5 | 1 << 6);
	hm_der_add_flags(&buf, UINT32_C(1) << 31);
	hm_der_add_bits(&buf, HM_STR("ab"));
	hm_der_add(&buf, HM_DER_UTF8, HM_STR("\xc3\xa9"));
	rest = hm_buf_str(&buf);
	assert_true(hm_der_take_bool(&rest, &b) && b);
	assert_true(hm_der_take_bool(&rest, &b) && !b);
	assert_true(hm_der_take_null(&rest));
	assert_memory_equal(rest.ptr, "\x03\x01\x00\x03\x02\x07\x80\x03\x02\x01\x06", 11);
	assert_true(hm_der_take_flags(&rest, &flags) && flags == 0);
	assert_true(hm_der_take_flags(&rest, &flags) && flags == 1);
	assert_true(hm_der_take_flags(&rest, &flags) && flags == (1 << 5 | 1 << 6));
	assert_true(hm_der_take_flags(&rest, &flags) && flags == UINT32_C(1) << 31);
	assert_true(hm_der_take_bits(&rest, &s) && hm_str_is(s, "ab"));
	assert_true(hm_der_take_optional(&rest, HM_DER_IA5, &s) && s.ptr == NULL);
	assert_true(hm_der_take_text(&rest, &s) && s.len == 2);
	assert_int_equal(rest.len, 0);
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		int64_t time_s;
		uint8_t tag;
		const char *text;
	} rows[] = {
		{ 0, HM_DER_UTC_TIME, "700101000000Z" },
		{ 1710869186, HM_DER_UTC_TIME, "240319172626Z" },
		{ -631152000, HM_DER_UTC_TIME, "500101000000Z" },
		{ -631152001, HM_DER_GENERALIZED, "19491231235959Z" },
		{ 2524607999, HM_DER_UTC_TIME, "491231235959Z" },
		{ 2524608000, HM_DER_GENERALIZED, "20500101000000Z" },
		{ 253402300799, HM_DER_GENERALIZED, "99991231235959Z" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64);
		struct hm_str text, rest;
		int64_t time_s;
		hm_der_add_time(&buf, rows[i].time_s);
		assert_true(hm_der_only(hm_buf_str(&buf), rows[i].tag, &text) && hm_str_is(text, rows[i].text));
		rest = hm_buf_str(&buf);
		assert_true(hm_der_take_time(&rest, &time_s));
		assert_true(time_s == rows[i].time_s);
	}

	static const struct {
		const char *text;
		uint32_t ns;
	} fractions[] = { { "20240319172626Z", 0 },
			  { "20240319172626.5Z", 500000000 },
			  { "20240319172626.000000001Z", 1 },
			  { "20240319172626.1234567891Z", 123456789 } };
	for (size_t i = 0; i < COUNT(fractions); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64);
		hm_der_add(&buf, HM_DER_GENERALIZED, hm_str(fractions[i].text));
		struct hm_str rest = hm_buf_str(&buf);
		int64_t time_s;
		uint32_t ns;
		assert_true(hm_der_take_time_ns(&rest, &time_s, &ns));
		assert_true(time_s == 1710869186 && ns == fractions[i].ns);
	}
}

static void test_oids(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct hm_str oid;
	} rows[] = {
		{ "1.2.840.10045.3.1.7", HM_OID_P256 },
		{ "1.3.132.0.34", HM_OID_P384 },
		{ "1.3.132.0.35", HM_OID_P521 },
		{ "1.2.840.10045.2.1", HM_OID_EC },
		{ "1.2.840.113549.1.1.1", HM_OID_RSA },
		{ "1.3.101.112", HM_OID_ED25519 },
		{ "1.3.14.3.2.26", HM_OID_SHA1 },
		{ "2.16.840.1.101.3.4.2.1", HM_OID_SHA256 },
		{ "2.16.840.1.101.3.4.2.2", HM_OID_SHA384 },
		{ "2.16.840.1.101.3.4.2.3", HM_OID_SHA512 },
		{ "1.2.840.10045.4.3.2", HM_OID_ECDSA_SHA256 },
		{ "1.2.840.10045.4.3.3", HM_OID_ECDSA_SHA384 },
		{ "1.2.840.10045.4.3.4", HM_OID_ECDSA_SHA512 },
		{ "1.2.840.113549.1.1.11", HM_OID_RSA_SHA256 },
		{ "1.2.840.113549.1.1.12", HM_OID_RSA_SHA384 },
		{ "1.2.840.113549.1.1.13", HM_OID_RSA_SHA512 },
		{ "2.5.4.3", HM_OID_COMMON_NAME },
		{ "2.5.4.10", HM_OID_ORGANIZATION },
		{ "2.5.29.14", HM_OID_SUBJECT_KEY_ID },
		{ "2.5.29.15", HM_OID_KEY_USAGE },
		{ "2.5.29.17", HM_OID_SUBJECT_ALT_NAME },
		{ "2.5.29.19", HM_OID_BASIC_CONSTRAINTS },
		{ "2.5.29.30", HM_OID_NAME_CONSTRAINTS },
		{ "2.5.29.35", HM_OID_AUTHORITY_KEY_ID },
		{ "2.5.29.37", HM_OID_EXT_KEY_USAGE },
		{ "1.3.6.1.4.1.11129.2.4.2", HM_OID_SCT_LIST },
		{ "1.3.6.1.4.1.11129.2.4.3", HM_OID_CT_POISON },
		{ "2.5.29.37.0", HM_OID_EKU_ANY },
		{ "1.3.6.1.5.5.7.3.3", HM_OID_EKU_CODE_SIGNING },
		{ "1.3.6.1.5.5.7.3.8", HM_OID_EKU_TIME_STAMPING },
		{ "1.2.840.113549.1.7.2", HM_OID_SIGNED_DATA },
		{ "1.2.840.113549.1.9.16.1.4", HM_OID_TST_INFO },
		{ "1.2.840.113549.1.9.3", HM_OID_CONTENT_TYPE },
		{ "1.2.840.113549.1.9.4", HM_OID_MESSAGE_DIGEST },
		{ "1.2.840.113549.1.9.5", HM_OID_SIGNING_TIME },
		{ "1.2.840.113549.1.9.16.2.12", HM_OID_SIGNING_CERT },
		{ "1.2.840.113549.1.9.16.2.47", HM_OID_SIGNING_CERT_2 },
		{ "1.3.6.1.4.1.57264.1", HM_OID_FULCIO },
		{ "1.3.6.1.4.1.57264.1.7", HM_OID_FULCIO_USERNAME },
		{ "1.3.6.1.4.1.57264.2", HM_OID_SIGSTORE_TSA },
		{ "0.39", HM_STR("\x27") },
		{ "2.999", HM_STR("\x88\x37") }, /* X.690 8.19.5 has 2.100.3 as its example; this arc is ITU-T's own */
		{ "2.18446744073709551535", HM_STR("\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f") },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf oid = hm_buf_init(64), text = hm_buf_init(256);
		if (!hm_der_oid_read(&oid, hm_str(rows[i].text)) || !hm_str_eq(hm_buf_str(&oid), rows[i].oid))
			fail_msg("%s: other bytes", rows[i].text);
		assert_true(hm_der_oid_write(&text, rows[i].oid));
		assert_string_equal(text.ptr, rows[i].text);
	}

	static const char *const bad[] = { "",
					   "1",
					   "3.1",
					   "1.40",
					   "1..2",
					   "1.2.",
					   "1.02",
					   "1.2.x",
					   "-1.2",
					   "1.2.18446744073709551616",
					   "2.18446744073709551536" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		HM_OWN(hm_buf_done) struct hm_buf oid = hm_buf_init(64);
		if (hm_der_oid_read(&oid, hm_str(bad[i])) || oid.len != 0)
			fail_msg("'%s' was read", bad[i]);
	}
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(256);
	assert_false(hm_der_oid_write(&text, HM_STR("\x2a\x83\xff\xff\xff\xff\xff\xff\xff\xff\x7f")));
	assert_int_equal(text.len, 0);
}

/* A buffer that is full keeps its failure through begin and end. */
static void test_writer_over_its_limit(void **state)
{
	(void)state;
	for (size_t max = 0; max < 8; max++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(max);
		size_t outer = hm_der_begin(&buf, HM_DER_SEQUENCE), inner = hm_der_begin(&buf, HM_DER_SET);
		hm_der_add_u64(&buf, 300);
		hm_der_end(&buf, inner);
		hm_der_end(&buf, outer);
		assert_int_equal(buf.status, HM_ELIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_small_values),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_oids),
		cmocka_unit_test(test_writer_over_its_limit),
	};
	return cmocka_run_group_tests_name("crypto/der", tests, NULL, NULL);
}
