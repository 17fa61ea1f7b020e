/*
 * Borrowed text: a pointer and a length, the string type of interfaces.
 *
 * A view owns nothing and need not end in NUL; it is good until whoever owns the bytes changes. Paths and option values
 * stay C strings.
 *
 * Layer 1. Pure; any thread.
 */
#ifndef HM_BASE_STR_H
#define HM_BASE_STR_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hm_str {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;      /* bytes */
};

#define HM_STR(literal) ((struct hm_str){ "" literal, sizeof(literal) - 1 })

/* For printf: "%.*s", HM_STR_ARG(s). */
#define HM_STR_ARG(s) ((s).len > INT_MAX ? INT_MAX : (int)(s).len), ((s).ptr ? (s).ptr : "")

/* A view of a whole C string; NULL gives the empty view. */
static inline struct hm_str hm_str(const char *cstr)
{
	return (struct hm_str){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline struct hm_str hm_str_of(const void *ptr, size_t len)
{
	return (struct hm_str){ ptr, len };
}

static inline bool hm_str_eq(struct hm_str a, struct hm_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool hm_str_is(struct hm_str a, const char *cstr)
{
	return hm_str_eq(a, hm_str(cstr));
}

/* Order by bytes, a prefix first: <0, 0, >0. */
int hm_str_cmp(struct hm_str a, struct hm_str b);

bool hm_str_has_prefix(struct hm_str s, struct hm_str prefix);
bool hm_str_has_suffix(struct hm_str s, struct hm_str suffix);

/* Where needle begins in s, or -1. An empty needle is found at 0. */
ptrdiff_t hm_str_find(struct hm_str s, struct hm_str needle);

/* Where c stands in s, or -1. */
ptrdiff_t hm_str_find_char(struct hm_str s, char c);
ptrdiff_t hm_str_find_last_char(struct hm_str s, char c);

/* From byte `from` on; the empty view at the end when from is past it. */
struct hm_str hm_str_skip(struct hm_str s, size_t from);

/* The first len bytes, or all when there are fewer. */
struct hm_str hm_str_head(struct hm_str s, size_t len);

/* Without the blanks (space, tab, CR, LF) at both ends. */
struct hm_str hm_str_trim(struct hm_str s);

/*
 * Take off what stands before the first sep.
 *
 * Shape   s: the rest, after the sep; ret_head: what stood before it. Where there is no sep, ret_head is all of s, s is
 *         the empty view with a NULL pointer, and the answer is still true; a NULL s answers false: so
 *         `while (hm_str_next(&rest, ',', &part))` sees every part, an empty last one included.
 */
bool hm_str_next(struct hm_str *s, char sep, struct hm_str *ret_head);

/*
 * Split at the first sep.
 *
 * Errors  false when there is no sep; ret_head is then s and ret_tail empty
 */
bool hm_str_cut(struct hm_str s, char sep, struct hm_str *ret_head, struct hm_str *ret_tail);

/*
 * Read a decimal number: digits only, no sign, no blank, no leading zero but "0" itself.
 *
 * Errors  false when it is not that, or does not fit
 */
bool hm_str_to_u64(struct hm_str s, uint64_t *ret_number) HM_MUST;

/* The same with an optional leading minus ("-0" is refused). */
bool hm_str_to_i64(struct hm_str s, int64_t *ret_number) HM_MUST;

/* Whether all of it is well-formed UTF-8: no surrogates, nothing overlong, nothing past U+10FFFF. */
bool hm_str_is_utf8(struct hm_str s);

/* Bytes of the character that s begins with; 0 where it begins with none that is well formed. */
size_t hm_utf8_len(struct hm_str s);

/* Write a character, up to U+10FFFF, as UTF-8; returns its length. */
size_t hm_utf8_write(char ret_text[4], uint32_t c);

/* Whether all of it is printable ASCII (0x20 to 0x7e). */
bool hm_str_is_printable(struct hm_str s);

/*
 * Make a C string of a view.
 *
 * Owns    ret_cstr is the caller's
 * Errors  HM_ENOMEM; HM_EPARSE encoding: a NUL inside, which a C string cannot hold
 */
enum hm_status hm_str_dup(struct hm_str s, char **ret_cstr, struct hm_err *err) HM_MUST;

/*
 * Print into a new C string, as asprintf(3).
 *
 * Owns    the caller frees
 * Errors  NULL when memory has run out
 */
char *hm_asprintf(const char *fmt, ...) HM_PRINTF(1, 2) HM_MUST;

/* For qsort(3) over an array of char *. */
int hm_cstr_compare(const void *a, const void *b);

#endif
