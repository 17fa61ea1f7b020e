/*
 * Allocation that tests can make fail.
 *
 * Everything that hallmark allocates comes from here, so that a test can walk through every failure: fail the first
 * allocation, the second, … until the operation succeeds. Memory is given back with free().
 *
 * Layer 1. Any thread; the test's hook is one for the process.
 */
#ifndef HM_BASE_MEM_H
#define HM_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * As malloc(3), calloc(3) and realloc(3); a size of 0 gives memory that may not be touched, never NULL for success.
 *
 * Owns    the caller frees
 * Errors  NULL when memory has run out or, for the two with a count, when the product overflows
 */
void *hm_malloc(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));
void *hm_calloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), warn_unused_result));
void *hm_realloc(void *old, size_t size) __attribute__((alloc_size(2), warn_unused_result));
void *hm_reallocarray(void *old, size_t count, size_t size) __attribute__((alloc_size(2, 3), warn_unused_result));

/*
 * Make room for at least need elements of an array that grows at its end.
 *
 * Shape   array: address of the pointer to the elements; cap: address of the number of elements there is room for.
 * Units   need, cap: elements; size: bytes of one.
 * Errors  false when memory has run out; array and cap are then as before
 */
bool hm_grow(void *array, size_t *cap, size_t need, size_t size) __attribute__((warn_unused_result));

/* For tests: the n-th allocation from now fails and all after it succeed; 0 switches it off. */
void hm_mem_fail_at(unsigned long n);

/* For tests: count no allocations until resumed, as they are not those of what is tested; what is left to count. */
unsigned long hm_mem_fail_pause(void);
void hm_mem_fail_resume(unsigned long left);

/* For tests: whether the failure that was asked for has happened. */
bool hm_mem_has_failed(void);

#endif
