/* Buffers: limits to the byte, failures that stick, reading from descriptors. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/own.h"

#include <errno.h>

static void test_limit_is_exact(void **state)
{
	(void)state;
	for (size_t max = 0; max < 300; max++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(max);
		struct hm_err err = { 0 };
		for (size_t i = 0; i < max; i++)
			hm_buf_add_char(&buf, 'x');
		assert_ok(hm_buf_check(&buf, "text", &err), &err);
		assert_int_equal(buf.len, max);
		assert_true(max == 0 || strlen(buf.ptr) == max);
		hm_buf_add_char(&buf, 'y');
		assert_refused("one more", hm_buf_check(&buf, "text", &err), &err, HM_R_LIMIT);
		assert_int_equal(buf.len, max);
	}
}

static void test_failure_sticks(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(8);
	struct hm_err err = { 0 };

	hm_buf_add_cstr(&buf, "abc");
	hm_buf_add(&buf, "123456", 6);
	hm_buf_add_cstr(&buf, "d"); /* would fit */
	hm_buf_addf(&buf, "%d", 1);
	assert_null(hm_buf_add_space(&buf, 1));
	assert_string_equal(buf.ptr, "abc");
	assert_null(hm_buf_take_cstr(&buf));
	assert_refused("stuck", hm_buf_check(&buf, "text", &err), &err, HM_R_LIMIT);
	assert_string_equal(err.cause, "text is over its limit of 8 bytes");
	hm_buf_clear(&buf);
	hm_buf_addf(&buf, "%s", "12345678");
	assert_ok(hm_buf_check(&buf, "text", &err), &err);
	assert_string_equal(buf.ptr, "12345678");
}

static void test_sizes_that_overflow(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(SIZE_MAX);
	struct hm_err err = { 0 };

	hm_buf_add_cstr(&buf, "abc");
	assert_null(hm_buf_add_space(&buf, SIZE_MAX - 3));
	assert_refused("over", hm_buf_check(&buf, "text", &err), &err, HM_R_LIMIT);
	assert_string_equal(buf.ptr, "abc");
}

static void test_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(1 << 20);
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		for (int i = 0; i < 1000; i++)
			hm_buf_addf(&buf, "%d,", i);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		enum hm_status st = hm_buf_check(&buf, "numbers", &err);
		if (!failed) {
			assert_ok(st, &err);
			assert_int_equal(buf.len, 10 * 2 + 90 * 3 + 900 * 4);
			break;
		}
		assert_refused("no memory", st, &err, HM_R_NO_MEMORY);
	}
}

/* Adding byte by byte allocates as rarely as doubling does, and never room for more than the maximum. */
static void test_growth(void **state)
{
	(void)state;
	static const size_t limits[] = { 100, 1000000, 1000001, 5000000 };

	for (size_t i = 0; i < COUNT(limits); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(limits[i]);
		hm_mem_fail_at(60);
		for (size_t k = 0; k < limits[i]; k++)
			hm_buf_add_char(&buf, 'x');
		hm_mem_fail_at(0);
		assert_int_equal(buf.status, HM_OK);
		assert_int_equal(buf.len, limits[i]);
		assert_true(buf.cap <= limits[i] + 1);
	}
}

static void test_hand_over(void **state)
{
	(void)state;
	struct hm_buf buf = hm_buf_init(10);
	hm_buf_add_str(&buf, HM_STR("a\0b"));
	struct hm_buf taken = hm_buf_take(&buf);
	assert_int_equal(taken.len, 3);
	assert_null(buf.ptr);
	assert_int_equal(buf.max, 10);
	HM_OWN(hm_freep) char *empty = hm_buf_take_cstr(&buf); /* nothing was added: still a C string */
	assert_string_equal(empty, "");
	hm_buf_done(&taken);
	hm_buf_done(&buf);
	hm_buf_done(&buf);
	hm_buf_done(NULL);
}

/* What a descriptor gives, with sizes below, at and above the maximum. */
static void test_fill(void **state)
{
	(void)state;
	static const struct {
		size_t max, given;
		enum hm_status want;
	} rows[] = {
		{ 0, 0, HM_OK },         { 0, 1, HM_ELIMIT },         { 1, 1, HM_OK },
		{ 10, 9, HM_OK },        { 10, 10, HM_OK },           { 10, 11, HM_ELIMIT },
		{ 4095, 4095, HM_OK },   { 4096, 4096, HM_OK },       { 4096, 4097, HM_ELIMIT },
		{ 30000, 30000, HM_OK }, { 30000, 30001, HM_ELIMIT }, { 65000, 30000, HM_OK },
	};
	static char bytes[40000];

	memset(bytes, 'b', sizeof(bytes));
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(rows[i].max);
		int ends[2];
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], bytes, rows[i].given), rows[i].given);
		close(ends[1]);
		ssize_t n;
		while ((n = hm_buf_fill(&buf, ends[0])) > 0)
			;
		assert_int_equal(n, 0);
		close(ends[0]);
		assert_int_equal(buf.status, rows[i].want);
		assert_int_equal(buf.len, rows[i].given < rows[i].max ? rows[i].given : rows[i].max);
		if (buf.ptr)
			assert_int_equal(strlen(buf.ptr), buf.len);
	}
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(10);
	assert_int_equal(hm_buf_fill(&buf, -1), -1);
	assert_int_equal(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_fill),
	};
	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
