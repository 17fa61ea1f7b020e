/* Arenas: the byte limit, alignment, pieces of every size, text. */
#include "unit.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/own.h"

static void test_pieces_do_not_touch(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 << 20);
	struct {
		unsigned char *ptr;
		size_t len;
	} pieces[2000];

	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t len = i % 97 == 0 ? 100000 : i % 31;
		size_t align = i % 3 == 0 ? 1 : i % 3 == 1 ? sizeof(uint64_t) : _Alignof(max_align_t);
		pieces[i].ptr = i % 3 == 0   ? (unsigned char *)hm_arena_bytes(&arena, len)
				: i % 3 == 1 ? hm_arena_words(&arena, len)
					     : hm_arena_alloc(&arena, len);
		pieces[i].len = len;
		assert_non_null(pieces[i].ptr);
		assert_true((uintptr_t)pieces[i].ptr % align == 0);
		memset(pieces[i].ptr, (int)(i % 251), len);
	}
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t k = 0; k < pieces[i].len; k++)
			assert_int_equal(pieces[i].ptr[k], i % 251);
	}
	struct hm_err err;
	assert_ok(hm_arena_check(&arena, "pieces", &err), &err);
}

static void test_limit(void **state)
{
	(void)state;
	static const size_t limits[] = { 0, 1, 15, 16, 17, 100, 4095, 4096, 5000, 100000 };

	for (size_t i = 0; i < COUNT(limits); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(limits[i]);
		struct hm_err err = { 0 };
		size_t got = 0;
		while (hm_arena_bytes(&arena, 10))
			got += 10;
		assert_true(got <= limits[i] && arena.used <= limits[i]);
		assert_true(limits[i] < 1000 || got > limits[i] / 10 * 9); /* little is lost */
		assert_refused("full", hm_arena_check(&arena, "x", &err), &err, HM_R_LIMIT);
		assert_null(hm_arena_bytes(&arena, 0)); /* sticks */
		assert_null(hm_arena_dup(&arena, HM_STR("")).ptr);
		assert_null(hm_arena_printf(&arena, "x").ptr);
	}
}

static void test_sizes_that_overflow(void **state)
{
	(void)state;
	static const size_t sizes[] = { SIZE_MAX,      SIZE_MAX - 1,  SIZE_MAX - 15,
					SIZE_MAX - 16, SIZE_MAX - 17, SIZE_MAX / 2 };
	static const size_t limits[] = { 1000, SIZE_MAX };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t k = 0; k < COUNT(limits); k++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(limits[k]);
			struct hm_err err = { 0 };
			volatile size_t size = sizes[i];
			/* the memory that a sanitizer refuses to look for is not asked for */
			if (limits[k] == SIZE_MAX && size < SIZE_MAX - 15)
				continue;
			assert_non_null(hm_arena_bytes(&arena, 1));
			assert_null(hm_arena_alloc(&arena, size));
			assert_refused("huge", hm_arena_check(&arena, "x", &err), &err, HM_R_LIMIT);
		}
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1000);
	volatile size_t half = SIZE_MAX / 2 + 1;
	assert_null(hm_arena_calloc(&arena, half, 2));
	assert_int_equal(arena.status, HM_ELIMIT);
}

static void test_text(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(100000);
	struct hm_str a = hm_arena_dup(&arena, HM_STR("a\0b")), b = hm_arena_printf(&arena, "%s-%d", "x", 7);
	struct hm_str empty = hm_arena_dup(&arena, (struct hm_str){ 0 });

	assert_int_equal(a.len, 3);
	assert_memory_equal(a.ptr, "a\0b", 4);
	assert_string_equal(b.ptr, "x-7");
	assert_int_equal(b.len, 3);
	assert_non_null(empty.ptr);
	int *cleared = hm_arena_calloc(&arena, 100, sizeof(int));
	for (int i = 0; i < 100; i++)
		assert_int_equal(cleared[i], 0);

	/* the end that was not needed is used again */
	char *piece = hm_arena_bytes(&arena, 1000);
	hm_arena_shrink(&arena, piece, 1000, 10);
	assert_ptr_equal(hm_arena_bytes(&arena, 1), piece + 10);
	hm_arena_shrink(&arena, piece, 1000, 10); /* no longer the last: nothing happens */
	assert_ptr_equal(hm_arena_bytes(&arena, 1), piece + 11);
}

static void test_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(1 << 20);
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		for (int i = 0; i < 1000; i++)
			hm_arena_printf(&arena, "number %d", i);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(hm_arena_check(&arena, "numbers", &err), &err);
			break;
		}
		assert_refused("no memory", hm_arena_check(&arena, "numbers", &err), &err, HM_R_NO_MEMORY);
	}
	hm_arena_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_do_not_touch),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
