/*
 * Prefix codes of limited length, as deflate uses them.
 *
 * Layer 3. Pure; any thread. Inside this module only.
 */
#ifndef HM_ARCHIVE_HUFFMAN_H
#define HM_ARCHIVE_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

enum { HM_HUFFMAN_MAX_SYMBOLS = 288 };

/*
 * Give each symbol that occurs the length of its code: the shortest total, but no code over limit bits.
 *
 * Shape   freq: count symbols; those with 0 get the length 0. Where fewer than two occur, symbols 0 and 1 stand in, as
 *         readers refuse a code of one symbol.
 * Units   freq: below 2^22 each; count: at most HM_HUFFMAN_MAX_SYMBOLS; limit: bits, at most 15
 */
void hm_huffman_lengths(const uint32_t *freq, size_t count, unsigned limit, uint8_t *ret_lengths);

/*
 * Make the canonical codes for given lengths, each with its bits reversed, as they stand in the stream.
 *
 * Source  RFC 1951, 3.2.2
 */
void hm_huffman_codes(const uint8_t *lengths, size_t count, uint16_t *ret_codes);

#endif
