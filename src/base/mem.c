#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

static atomic_ulong fail_at; /* counts down to the failing allocation; 0: off */
static atomic_bool has_failed;

static bool may_allocate(void)
{
	unsigned long left = atomic_load_explicit(&fail_at, memory_order_relaxed);

	/* never below 0, however many threads count at once */
	do {
		if (left == 0)
			return true;
	} while (!atomic_compare_exchange_weak(&fail_at, &left, left - 1));
	if (left > 1)
		return true;
	atomic_store(&has_failed, true);
	return false;
}

void hm_mem_fail_at(unsigned long n)
{
	atomic_store(&has_failed, false);
	atomic_store(&fail_at, n);
}

unsigned long hm_mem_fail_pause(void)
{
	return atomic_exchange(&fail_at, 0);
}

void hm_mem_fail_resume(unsigned long left)
{
	atomic_store(&fail_at, left);
}

bool hm_mem_has_failed(void)
{
	return atomic_load(&has_failed);
}

void *hm_malloc(size_t size)
{
	return may_allocate() ? malloc(size ? size : 1) : NULL;
}

void *hm_calloc(size_t count, size_t size)
{
	size_t bytes;

	/* calloc(3) would see it too, but the sanitizers take that for a mistake */
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return may_allocate() ? calloc(count ? count : 1, size ? size : 1) : NULL;
}

void *hm_realloc(void *old, size_t size)
{
	return may_allocate() ? realloc(old, size ? size : 1) : NULL;
}

void *hm_reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : hm_realloc(old, bytes);
}

bool hm_grow(void *array, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return true;

	size_t more = *cap < 8 ? 8 : *cap;
	while (more < need) {
		if (more > SIZE_MAX / 2)
			return false;
		more *= 2;
	}
	/* The pointer's type is the caller's; it is moved in and out as bytes, so that no type is punned. */
	void *old;
	memcpy(&old, array, sizeof(old));
	void *grown = hm_reallocarray(old, more, size);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	*cap = more;
	return true;
}
