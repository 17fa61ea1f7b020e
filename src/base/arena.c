#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

struct hm_arena_chunk {
	struct hm_arena_chunk *older;
	alignas(max_align_t) char bytes[];
};

enum { first_chunk = 4096, largest_chunk = 1 << 20 };

struct hm_arena hm_arena_init(size_t max)
{
	return (struct hm_arena){ .max = max };
}

void hm_arena_done(struct hm_arena *arena)
{
	if (!arena)
		return;
	for (struct hm_arena_chunk *c = arena->chunks; c;) {
		struct hm_arena_chunk *older = c->older;
		free(c);
		c = older;
	}
	*arena = hm_arena_init(arena->max);
}

static bool add_chunk(struct hm_arena *arena, size_t need)
{
	/* Chunks double with what is in use, so that a large document takes few and a small one little. */
	size_t size = arena->used < first_chunk ? first_chunk : arena->used;
	if (size > largest_chunk)
		size = largest_chunk;
	if (need > SIZE_MAX - sizeof(struct hm_arena_chunk))
		size = SIZE_MAX;
	else if (size < need + sizeof(struct hm_arena_chunk))
		size = need + sizeof(struct hm_arena_chunk);
	if (size > arena->max - arena->used) {
		size = arena->max - arena->used;
		if (size < sizeof(struct hm_arena_chunk) || size - sizeof(struct hm_arena_chunk) < need) {
			arena->status = HM_ELIMIT;
			return false;
		}
	}
	struct hm_arena_chunk *c = hm_malloc(size);
	if (!c) {
		arena->status = HM_ENOMEM;
		return false;
	}
	c->older = arena->chunks;
	arena->chunks = c;
	arena->next = c->bytes;
	arena->left = size - sizeof(*c);
	arena->used += size;
	return true;
}

static void *take(struct hm_arena *arena, size_t size, size_t align)
{
	if (arena->status != HM_OK)
		return NULL;
	size_t pad = (size_t)(-(uintptr_t)arena->next) & (align - 1);
	if (!arena->next || arena->left < pad || arena->left - pad < size) {
		if (!add_chunk(arena, size))
			return NULL;
		pad = 0;
	}
	char *piece = arena->next + pad;
	arena->next = piece + size;
	arena->left -= pad + size;
	return piece;
}

static void over_limit(struct hm_arena *arena)
{
	if (arena->status == HM_OK)
		arena->status = HM_ELIMIT;
}

void *hm_arena_alloc(struct hm_arena *arena, size_t size)
{
	return take(arena, size, alignof(max_align_t));
}

void *hm_arena_calloc(struct hm_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		over_limit(arena);
		return NULL;
	}
	void *piece = hm_arena_alloc(arena, bytes);
	if (piece && bytes)
		memset(piece, 0, bytes);
	return piece;
}

void *hm_arena_words(struct hm_arena *arena, size_t size)
{
	return take(arena, size, alignof(uint64_t));
}

char *hm_arena_bytes(struct hm_arena *arena, size_t len)
{
	return take(arena, len, 1);
}

struct hm_str hm_arena_dup(struct hm_arena *arena, struct hm_str s)
{
	char *copy = hm_arena_bytes(arena, s.len + 1);

	if (!copy)
		return (struct hm_str){ 0 };
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct hm_str){ copy, s.len };
}

struct hm_str hm_arena_printf(struct hm_arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		over_limit(arena); /* longer than an int can say */
	char *text = n < 0 ? NULL : hm_arena_bytes(arena, (size_t)n + 1);
	if (!text)
		return (struct hm_str){ 0 };
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct hm_str){ text, (size_t)n };
}

void hm_arena_shrink(struct hm_arena *arena, const void *piece, size_t size, size_t keep)
{
	if ((const char *)piece + size != arena->next)
		return;
	arena->next -= size - keep;
	arena->left += size - keep;
}

enum hm_status hm_arena_check(const struct hm_arena *arena, const char *what, struct hm_err *err)
{
	if (arena->status == HM_ELIMIT)
		return hm_fail(err, HM_R_LIMIT, "%s needs more than its limit of %zu bytes of memory", what,
			       arena->max);
	if (arena->status != HM_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "%s", what);
	return HM_OK;
}
