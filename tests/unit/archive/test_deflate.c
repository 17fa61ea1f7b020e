/* The compressor: zlib's inflate gives back what went in, and the bytes are the same however it went in. */
#include "unit.h"

#include "archive/deflate.h"
#include "archive/gzip.h"
#include "archive/huffman.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

#include <zlib.h>

static enum hm_status deflate_in_parts(struct hm_str in, size_t part, struct hm_buf *out, struct hm_err *err)
{
	struct hm_deflate *deflate = NULL;

	enum hm_status st = hm_deflate_new(hm_sink_buf(out), &deflate, err);
	while (st == HM_OK && in.len) {
		struct hm_str head = hm_str_head(in, part);
		st = hm_deflate_write(deflate, head.ptr, head.len, err);
		in = hm_str_skip(in, head.len);
	}
	if (st == HM_OK)
		st = hm_deflate_finish(deflate, err);
	hm_deflate_free(deflate);
	return st;
}

static void check_inflates_to(const char *name, struct hm_str packed, struct hm_str want)
{
	HM_OWN(hm_freep) unsigned char *out = malloc(want.len + 1);
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)packed.ptr,
		       .avail_in = (unsigned)packed.len,
		       .next_out = out,
		       .avail_out = (unsigned)want.len + 1 };

	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	int answer = inflate(&z, Z_FINISH);
	if (answer != Z_STREAM_END || z.avail_in != 0 || z.total_out != want.len ||
	    (want.len && memcmp(out, want.ptr, want.len) != 0))
		fail_msg("%s: inflate answers %d (%s), %lu of %zu bytes", name, answer, z.msg ? z.msg : "", z.total_out,
			 want.len);
	inflateEnd(&z);
}

/* xorshift: the same bytes on every machine */
static void fill(unsigned char *bytes, size_t len, unsigned values)
{
	uint32_t x = 2463534242u;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (unsigned char)((x >> 8) % values);
	}
}

/* Text-like: words out of a small set, some repeated from far back. */
static void fill_words(unsigned char *bytes, size_t len)
{
	static const char *const words[] = {
		"func ", "return ", "err ", "!= nil {\n", "string", "(", ")", "\t", "if "
	};
	unsigned char picks[4096];

	fill(picks, sizeof(picks), COUNT(words));
	for (size_t at = 0, i = 0; at < len; i++) {
		const char *word = words[picks[i % sizeof(picks)]];
		for (; *word && at < len; at++)
			bytes[at] = (unsigned char)*word++;
		if (i % 97 == 0 && at < len)
			bytes[at++] = (unsigned char)i;
	}
}

static struct hm_str sample(char kind, size_t len)
{
	static unsigned char bytes[3 * 1024 * 1024 + 17];

	assert_true(len <= sizeof(bytes));
	if (kind == 'z')
		memset(bytes, 0, len);
	else if (kind == 'w')
		fill_words(bytes, len);
	else
		fill(bytes, len, kind == 'r' ? 256 : 4);
	return hm_str_of(bytes, len);
}

static const struct {
	const char *name;
	char kind;
	size_t len;
} samples[] = {
	{ "nothing", 'z', 0 },
	{ "one byte", 'r', 1 },
	{ "three bytes", 'z', 3 },
	{ "four zeros", 'z', 4 },
	{ "longest match and one", 'z', 259 + 1 },
	{ "random, one stored block", 'r', 0xffff },
	{ "random, two stored blocks", 'r', 0x10000 },
	{ "random past a segment", 'r', 1024 * 1024 + 1 },
	{ "four values", 'q', 200000 },
	{ "zeros, exactly a segment", 'z', 1024 * 1024 },
	{ "zeros, three segments and some", 'z', 3 * 1024 * 1024 + 17 },
	{ "words, two segments", 'w', 2 * 1024 * 1024 },
	{ "words, three segments and some", 'w', 3 * 1024 * 1024 + 17 },
};

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		HM_OWN(hm_buf_done) struct hm_buf packed = hm_buf_init(8 * HM_MIB);
		struct hm_str in = sample(samples[i].kind, samples[i].len);
		struct hm_err err = { 0 };
		assert_ok(deflate_in_parts(in, SIZE_MAX, &packed, &err), &err);
		check_inflates_to(samples[i].name, hm_buf_str(&packed), in);
		/* what cannot be compressed costs five bytes for each 64 KiB, not more */
		assert_true(packed.len <= in.len + in.len / 1000 + 64);
	}
}

static void test_same_bytes_however_written(void **state)
{
	(void)state;
	static const size_t parts[] = { 1, 511, 4096, 65537, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1 };
	for (size_t i = 0; i < COUNT(samples); i++) {
		HM_OWN(hm_buf_done) struct hm_buf whole = hm_buf_init(8 * HM_MIB);
		struct hm_str in = sample(samples[i].kind, samples[i].len);
		struct hm_err err = { 0 };
		assert_ok(deflate_in_parts(in, SIZE_MAX, &whole, &err), &err);
		for (size_t p = 0; p < COUNT(parts); p++) {
			HM_OWN(hm_buf_done) struct hm_buf packed = hm_buf_init(8 * HM_MIB);
			assert_ok(deflate_in_parts(in, parts[p], &packed, &err), &err);
			if (!hm_str_eq(hm_buf_str(&packed), hm_buf_str(&whole)))
				fail_msg("%s in parts of %zu: other bytes", samples[i].name, parts[p]);
		}
	}
}

/*
 * The bytes themselves, by their checksum: a change here changes the digest of every layer that was ever built, and
 * must be wanted, announced, and a new version of the image's format.
 */
static void test_pinned(void **state)
{
	(void)state;
	static const struct {
		char kind;
		size_t len, packed;
		unsigned long crc;
	} rows[] = {
		{ 'z', 0, 2, 0x6af4413c },
		{ 'q', 200000, 59907, 0x1b5cce8e },
		{ 'w', 2 * 1024 * 1024, 158281, 0x143ce4c0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf packed = hm_buf_init(8 * HM_MIB);
		struct hm_err err = { 0 };
		assert_ok(deflate_in_parts(sample(rows[i].kind, rows[i].len), SIZE_MAX, &packed, &err), &err);
		unsigned long crc = crc32_z(0, (const unsigned char *)packed.ptr, packed.len);
		if (packed.len != rows[i].packed || crc != rows[i].crc)
			fail_msg("%c %zu: %zu bytes, %#lx", rows[i].kind, rows[i].len, packed.len, crc);
	}
}

/* Weights like Fibonacci's numbers make codes as long as there are symbols: only the limit keeps them short. */
static void test_limited_codes(void **state)
{
	(void)state;
	uint32_t freq[20] = { 1, 1 };
	uint8_t lens[20];
	for (size_t i = 2; i < COUNT(freq); i++)
		freq[i] = freq[i - 1] + freq[i - 2];
	for (unsigned limit = 5; limit <= 15; limit++) {
		hm_huffman_lengths(freq, COUNT(freq), limit, lens);
		unsigned long used = 0;
		for (size_t i = 0; i < COUNT(freq); i++) {
			assert_in_range(lens[i], 1, limit);
			assert_true(i == 0 || lens[i] <= lens[i - 1]);
			used += 1ul << (15 - lens[i]);
		}
		assert_int_equal(used, 1ul << 15); /* a complete code */
	}
	const uint32_t none[19] = { 0 };
	hm_huffman_lengths(none, COUNT(none), 7, lens);
	assert_int_equal(lens[0], 1);
	assert_int_equal(lens[1], 1);
}

static void test_gzip_frame(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done)
	struct hm_buf out = hm_buf_init(1024), plain = hm_buf_init(1024), packed = hm_buf_init(1024);
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
	struct hm_gzip_sizes sizes;
	struct hm_err err = { 0 };
	assert_ok(hm_gzip_new(hm_sink_buf(&out), hm_sink_buf(&plain), hm_sink_buf(&packed), &gzip, &err), &err);
	assert_ok(hm_sink_write(hm_gzip_sink(gzip), "hello, ", 7, &err), &err);
	assert_ok(hm_gzip_write(gzip, "hello", 5, &err), &err);
	assert_ok(hm_gzip_finish(gzip, &sizes, &err), &err);

	assert_memory_equal(out.ptr, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	assert_string_equal(plain.ptr, "hello, hello");
	assert_true(hm_str_eq(hm_buf_str(&out), hm_buf_str(&packed)));
	assert_int_equal(sizes.plain, 12);
	assert_int_equal(sizes.packed, out.len);
	unsigned char text[32];
	z_stream z = {
		.next_in = (unsigned char *)out.ptr, .avail_in = (unsigned)out.len, .next_out = text, .avail_out = 32
	};
	assert_int_equal(inflateInit2(&z, 16 + 15), Z_OK); /* gzip only: the checksum and the length are checked too */
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_memory_equal(text, "hello, hello", 12);
	inflateEnd(&z);
}

static void test_sink_fails(void **state)
{
	(void)state;
	struct hm_str in = sample('r', 300000);
	for (size_t max = 0; max < 300000; max += 50000) {
		HM_OWN(hm_buf_done) struct hm_buf small = hm_buf_init(max);
		HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
		struct hm_sink none = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_gzip_new(hm_sink_buf(&small), none, none, &gzip, &err);
		if (st == HM_OK)
			st = hm_gzip_write(gzip, in.ptr, in.len, &err);
		if (st == HM_OK)
			st = hm_gzip_finish(gzip, NULL, &err);
		assert_refused("full", st, &err, HM_R_LIMIT);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
		struct hm_sink none = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_gzip_new(hm_sink_buf(&out), none, none, &gzip, &err);
		if (st == HM_OK)
			st = hm_gzip_write(gzip, "abc", 3, &err);
		if (st == HM_OK)
			st = hm_gzip_finish(gzip, NULL, &err);
		if (walk_is_over(st, &err))
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_same_bytes_however_written),
		cmocka_unit_test(test_pinned),     cmocka_unit_test(test_limited_codes),
		cmocka_unit_test(test_gzip_frame), cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("archive/deflate", tests, NULL, NULL);
}
