/*
 * Canonical JSON: one text for each value, to be hashed and signed.
 *
 * No blanks; keys in the order of their UTF-16 code units; strings with the least escapes; numbers as ECMAScript writes
 * the double. A number that would not survive that is refused and never rounded: an integer past 2^53 in magnitude,
 * what is too large for a double, and what is not zero and would become it. (A fraction is rounded to the nearest
 * double, as the standard has it: that is what its reader would do too.)
 *
 * Layer 2. No state; any thread.
 */
#ifndef HM_DATA_CANONICAL_H
#define HM_DATA_CANONICAL_H

#include "base/buf.h"
#include "data/value.h"

/*
 * Add the canonical text of a value to buf.
 *
 * Errors  HM_EPARSE json.number: a number without an exact canonical form; data.kind: a set, or a key that is no string
 *         HM_ELIMIT; HM_ENOMEM
 * Source  RFC 8785
 */
enum hm_status hm_json_canonical(const struct hm_value *v, struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
