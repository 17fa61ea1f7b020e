/*
 * Memory for one request, document or query: taken piece by piece, given back in one call, limited in bytes.
 *
 * Failure sticks as in a buffer: a piece that did not fit is NULL, and hm_arena_check() then says why.
 *
 * Layer 1. Not locked: one thread fills it; what it holds may be read by many once it is no longer filled.
 */
#ifndef HM_BASE_ARENA_H
#define HM_BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

struct hm_arena_chunk;

struct hm_arena {
	struct hm_arena_chunk *chunks; /* the newest first */
	char *next;                    /* free space of the newest */
	size_t left;                   /* bytes from next on */
	size_t used, max;              /* bytes asked of malloc */
	enum hm_status status;         /* HM_OK, HM_ELIMIT or HM_ENOMEM; sticks */
};

/* An empty arena for at most max bytes; allocates nothing. */
struct hm_arena hm_arena_init(size_t max);

void hm_arena_done(struct hm_arena *arena);

/*
 * Memory that is aligned for any type, not cleared.
 *
 * Owns    the arena's, until hm_arena_done()
 * Errors  NULL once failure has stuck
 */
void *hm_arena_alloc(struct hm_arena *arena, size_t size) __attribute__((alloc_size(2))) HM_MUST;

/* Cleared memory for count elements; NULL also when the product overflows. */
void *hm_arena_calloc(struct hm_arena *arena, size_t count, size_t size) __attribute__((alloc_size(2, 3))) HM_MUST;

/* Memory that is aligned for pointers and numbers of 64 bits only, not cleared: for many small things. */
void *hm_arena_words(struct hm_arena *arena, size_t size) __attribute__((alloc_size(2))) HM_MUST;

/* Bytes without alignment, for text. */
char *hm_arena_bytes(struct hm_arena *arena, size_t len) HM_MUST;

/* A copy of s, with a NUL behind it that does not count; ptr is NULL once failure has stuck. */
struct hm_str hm_arena_dup(struct hm_arena *arena, struct hm_str s);

/* printf into the arena; ptr is NULL once failure has stuck, else a C string too. */
struct hm_str hm_arena_printf(struct hm_arena *arena, const char *fmt, ...) HM_PRINTF(2, 3);

/*
 * Give the unused end of the last piece back.
 *
 * Shape   piece: the last one that was taken with hm_arena_bytes(), size: its size then, keep: what is used of it.
 */
void hm_arena_shrink(struct hm_arena *arena, const void *piece, size_t size, size_t keep);

/*
 * Ask once whether all was there.
 *
 * Errors  HM_ELIMIT limit, HM_ENOMEM
 */
enum hm_status hm_arena_check(const struct hm_arena *arena, const char *what, struct hm_err *err) HM_MUST;

#endif
