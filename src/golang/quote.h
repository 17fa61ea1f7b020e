/*
 * Quoted strings of the Go language, as go.mod and build info have them.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_QUOTE_H
#define HM_GOLANG_QUOTE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * The text of a string in double quotes or back quotes.
 *
 * Shape   quoted: with its quotes. A byte that is not UTF-8 comes out as U+FFFD, as in Go.
 * Owns    ret_text is the arena's; ask hm_arena_check() whether it was there
 * Errors  false when it is no such string
 * Source  go.dev/ref/spec#String_literals, strconv.Unquote
 */
bool hm_golang_unquote(struct hm_arena *arena, struct hm_str quoted, struct hm_str *ret_text) HM_MUST;

/* How many bytes at the front of s are one quoted string, 0 where none is: strconv.QuotedPrefix without the error. */
size_t hm_golang_quoted_len(struct hm_str s);

#endif
