/* Allocation that fails on demand, and arrays that grow. */
#include "unit.h"

#include "base/mem.h"
#include "base/own.h"

#include <pthread.h>

static void test_the_nth_fails_and_only_it(void **state)
{
	(void)state;
	for (unsigned long n = 1; n <= 4; n++) {
		hm_mem_fail_at(n);
		for (unsigned long i = 1; i <= 4; i++) {
			HM_OWN(hm_freep) void *p = i % 2 ? hm_malloc(1) : hm_calloc(1, 1);
			assert_int_equal(p == NULL, i == n);
			assert_int_equal(hm_mem_has_failed(), i >= n);
		}
	}
	hm_mem_fail_at(0);
	assert_false(hm_mem_has_failed());
}

static void test_a_pause_counts_nothing(void **state)
{
	(void)state;
	hm_mem_fail_at(2);
	unsigned long left = hm_mem_fail_pause();
	assert_int_equal(left, 2);
	for (int i = 0; i < 5; i++) {
		HM_OWN(hm_freep) void *p = hm_malloc(1);
		assert_non_null(p);
	}
	hm_mem_fail_resume(left);
	HM_OWN(hm_freep) void *first = hm_malloc(1);
	HM_OWN(hm_freep) void *second = hm_malloc(1);
	assert_true(first && !second && hm_mem_has_failed());
	hm_mem_fail_at(0);
}

static void test_zero_bytes_is_success(void **state)
{
	(void)state;
	HM_OWN(hm_freep) void *a = hm_malloc(0);
	HM_OWN(hm_freep) void *b = hm_calloc(0, 8);
	HM_OWN(hm_freep) void *c = hm_reallocarray(NULL, 8, 0);
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
}

static void test_products_that_overflow(void **state)
{
	(void)state;
	volatile size_t huge = SIZE_MAX / 2 + 2; /* volatile: the compiler knows what it may refuse */
	HM_OWN(hm_freep) char *array = NULL;
	size_t cap = 0;

	assert_null(hm_reallocarray(NULL, huge, 2));
	assert_null(hm_calloc(huge, 2));
	assert_false(hm_grow(&array, &cap, huge, 8));
	assert_false(hm_grow(&array, &cap, SIZE_MAX, 1));
	assert_null(array);
	assert_int_equal(cap, 0);
}

static void test_grow(void **state)
{
	(void)state;
	HM_OWN(hm_freep) int *array = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < 1000; i++) {
		assert_true(hm_grow(&array, &cap, i + 1, sizeof(*array)));
		assert_true(cap > i);
		array[i] = (int)i;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	size_t before = cap;
	int *same = array;
	hm_mem_fail_at(1);
	assert_true(hm_grow(&array, &cap, before, sizeof(*array)));
	assert_false(hm_grow(&array, &cap, before + 1, sizeof(*array)));
	hm_mem_fail_at(0);
	assert_ptr_equal(array, same);
	assert_int_equal(cap, before);
}

static void *allocate(void *arg)
{
	size_t *failures = arg;

	for (int i = 0; i < 10000; i++) {
		HM_OWN(hm_freep) void *p = hm_malloc(1);
		*failures += p == NULL;
	}
	return NULL;
}

static void test_one_failure_among_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	size_t failures[4] = { 0 }, sum = 0;

	hm_mem_fail_at(100);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate, &failures[i]), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], NULL);
		sum += failures[i];
	}
	assert_int_equal(sum, 1);
	assert_true(hm_mem_has_failed());
	hm_mem_fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_nth_fails_and_only_it),
		cmocka_unit_test(test_a_pause_counts_nothing),
		cmocka_unit_test(test_zero_bytes_is_success),
		cmocka_unit_test(test_products_that_overflow),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_one_failure_among_threads),
	};
	return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
