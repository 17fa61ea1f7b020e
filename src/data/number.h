/*
 * Numbers as decimal text: exact, of any size, without floating point.
 *
 * A number is compared digit by digit: 1e400 is 1 followed by 400 zeros and nothing is ever written out for it.
 *
 * Not here: arithmetic (rego). Layer 2. Pure; any thread.
 */
#ifndef HM_DATA_NUMBER_H
#define HM_DATA_NUMBER_H

#include "data/value.h"

/* Longest text of a double, with its NUL. */
#define HM_DOUBLE_TEXT_LEN 32

/* The order of two numbers by their exact value. */
int hm_number_cmp(const struct hm_value *a, const struct hm_value *b) HM_MUST;

/* Whether the value is whole: 3, 3.0, 300e-2. */
bool hm_number_is_whole(const struct hm_value *v) HM_MUST;

/* -1, 0 or 1. */
int hm_number_sign(const struct hm_value *v) HM_MUST;

/*
 * The value as an integer, whatever way it is written.
 *
 * Errors  false: no number, not whole, or does not fit
 */
bool hm_number_to_i64(const struct hm_value *v, int64_t *ret_number) HM_MUST;
bool hm_number_to_u64(const struct hm_value *v, uint64_t *ret_number) HM_MUST;

/*
 * The nearest double, ties to even, whatever the locale.
 *
 * Errors  false: no number, or too large for a double
 */
bool hm_number_to_double(const struct hm_value *v, double *ret_number) HM_MUST;

/*
 * The number's text: as it was written, or an int64 in decimal.
 *
 * Shape   scratch: 24 bytes for an int64's text.
 * Owns    borrowed from v or from scratch
 */
struct hm_str hm_number_text(const struct hm_value *v, char scratch[24]) HM_MUST;

/*
 * A double as ECMAScript writes it: the shortest decimal that reads back as the same.
 *
 * Shape   number: finite; -0 gives "0".
 * Source  ECMA-262, Number::toString; RFC 8785, 3.2.2.3
 */
void hm_double_text(double number, char ret_text[HM_DOUBLE_TEXT_LEN]);

/*
 * A float of 32 bits as Go's %g writes it: the fewest digits that read back as the same, with an exponent of at least
 * two digits where that is under -4 or over 5.
 *
 * Shape   number: finite.
 */
void hm_float_text(float number, char ret_text[HM_DOUBLE_TEXT_LEN]);

/*
 * The nearest double to decimal text, whatever the locale.
 *
 * Shape   text: an optional sign, digits with or without a point, an optional exponent; nobody checks it.
 * Errors  false: too large for a double
 */
bool hm_double_read(const char *text, double *ret_number) HM_MUST;

#endif
