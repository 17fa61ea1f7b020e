/*
 * Characters beyond ASCII: decoding UTF-8, and the few properties that formats of others ask for.
 *
 * The tables are made at build time from the Unicode data of the Python that Meson runs on, so a character that is
 * newer than that is neither a letter nor printable.
 *
 * Layer 1. Pure; any thread; no locale.
 */
#ifndef HM_BASE_UNICODE_H
#define HM_BASE_UNICODE_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define HM_RUNE_BAD ((uint32_t)0xfffd)

/*
 * Take the first character off.
 *
 * Shape   s: not empty; the rest afterwards. Bytes that are not UTF-8 are taken one by one.
 * Errors  HM_RUNE_BAD for such a byte, and for U+FFFD itself, which only the length tells apart
 */
uint32_t hm_rune_next(struct hm_str *s);

/* Add a character as UTF-8; one that is none (a surrogate, past U+10FFFF) as U+FFFD. */
void hm_rune_add(struct hm_buf *buf, uint32_t rune);

/* Unicode category L. */
bool hm_rune_is_letter(uint32_t rune);

/* Letters, marks, numbers, punctuation and symbols, and of the blanks only U+0020: what Go's unicode.IsPrint says. */
bool hm_rune_is_print(uint32_t rune);

/* The property White_Space. */
bool hm_rune_is_space(uint32_t rune);

/* Simple case folding: two characters that differ only in case fold to the same one. */
uint32_t hm_rune_fold(uint32_t rune);

#endif
