/*
 * DER, read and written: the bytes under keys, certificates and time stamps.
 *
 * A reader is a view that shrinks: each take removes one value from its front. Everything is borrowed from the bytes
 * that were given. Strict: definite lengths in their shortest form, one-byte tags, nothing past the end; what is BER
 * only is refused, so that a value has one encoding.
 *
 * A take that fails returns false and leaves everything as it was; the caller names the structure in its error. Takes
 * are chained with &&.
 *
 * Layer 3. Pure; any thread.
 * Source  ITU-T X.690, 8 and 10
 */
#ifndef HM_CRYPTO_DER_H
#define HM_CRYPTO_DER_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identifier octets. */
#define HM_DER_BOOLEAN     0x01
#define HM_DER_INTEGER     0x02
#define HM_DER_BITS        0x03
#define HM_DER_OCTETS      0x04
#define HM_DER_NULL        0x05
#define HM_DER_OID         0x06
#define HM_DER_ENUMERATED  0x0a
#define HM_DER_UTF8        0x0c
#define HM_DER_PRINTABLE   0x13
#define HM_DER_IA5         0x16
#define HM_DER_UTC_TIME    0x17
#define HM_DER_GENERALIZED 0x18
#define HM_DER_SEQUENCE    0x30
#define HM_DER_SET         0x31

#define HM_DER_CONTEXT(n)      ((uint8_t)(0x80 | (n))) /* [n], a plain value */
#define HM_DER_CONTEXT_CONS(n) ((uint8_t)(0xa0 | (n))) /* [n], holding values */

struct hm_der_item {
	uint8_t tag;
	struct hm_str body; /* content */
	struct hm_str raw;  /* identifier, length and content */
};

/* Take whatever comes next. Errors: false when there is nothing, or it is not DER. */
bool hm_der_next(struct hm_str *rest, struct hm_der_item *ret_item) HM_MUST;

/* Take the next value, which must have this tag; its content. */
bool hm_der_take(struct hm_str *rest, uint8_t tag, struct hm_str *ret_body) HM_MUST;

/* The same, all of its bytes. */
bool hm_der_take_raw(struct hm_str *rest, uint8_t tag, struct hm_str *ret_raw) HM_MUST;

/* Whether the next value has this tag. */
bool hm_der_is_next(struct hm_str rest, uint8_t tag);

/* Take the next value if it has this tag. Shape: ret_body's ptr is NULL when it has not. Errors: false for bad DER. */
bool hm_der_take_optional(struct hm_str *rest, uint8_t tag, struct hm_str *ret_body) HM_MUST;

/* The one value that bytes are, with nothing behind it. */
bool hm_der_only(struct hm_str bytes, uint8_t tag, struct hm_str *ret_body) HM_MUST;

/* Shape: two's complement, most significant byte first, at least one byte, as short as it can be. */
bool hm_der_take_integer(struct hm_str *rest, struct hm_str *ret_bytes) HM_MUST;

/* An INTEGER that is not negative, without leading zero bytes; 0 is the empty view. */
bool hm_der_take_unsigned(struct hm_str *rest, struct hm_str *ret_bytes) HM_MUST;

/* An INTEGER from 0 to UINT64_MAX. */
bool hm_der_take_u64(struct hm_str *rest, uint64_t *ret_number) HM_MUST;

bool hm_der_take_bool(struct hm_str *rest, bool *ret_value) HM_MUST;
bool hm_der_take_null(struct hm_str *rest) HM_MUST;

/* Shape: the content octets, checked; compare with hm_str_eq() and the constants of crypto/oid.h. */
bool hm_der_take_oid(struct hm_str *rest, struct hm_str *ret_oid) HM_MUST;

/* A BIT STRING of whole bytes. */
bool hm_der_take_bits(struct hm_str *rest, struct hm_str *ret_bytes) HM_MUST;

/* A BIT STRING of up to 32 named bits. Shape: bit i of the type is 1 << i. */
bool hm_der_take_flags(struct hm_str *rest, uint32_t *ret_flags) HM_MUST;

/* Text in UTF-8, checked: UTF8String, PrintableString or IA5String. */
bool hm_der_take_text(struct hm_str *rest, struct hm_str *ret_text) HM_MUST;

/*
 * A UTCTime or a GeneralizedTime, to the second, in UTC.
 *
 * Units   ret_time_s: seconds since 1970; UTCTime is 1950 to 2049.
 * Source  RFC 5280, 4.1.2.5
 */
bool hm_der_take_time(struct hm_str *rest, int64_t *ret_time_s) HM_MUST;

/*
 * A GeneralizedTime that may have a fraction of a second.
 *
 * Units   ret_time_s: seconds since 1970, rounded down; ret_ns: the rest, digits past the ninth are cut.
 * Source  RFC 3161, 2.4.2
 */
bool hm_der_take_time_ns(struct hm_str *rest, int64_t *ret_time_s, uint32_t *ret_ns) HM_MUST;

/* Add an OID's content as dotted decimal. Errors: false when an arc is over 64 bits; nothing is added then. */
bool hm_der_oid_write(struct hm_buf *buf, struct hm_str oid) HM_MUST;

/* Add the content of an OID that is given as "1.3.6.1". Errors: false when it is not that; nothing is added then. */
bool hm_der_oid_read(struct hm_buf *buf, struct hm_str text) HM_MUST;

/*
 * Begin a value whose content is then added; its end is said with what this returned.
 *
 * Failure sticks in the buffer.
 */
size_t hm_der_begin(struct hm_buf *buf, uint8_t tag) HM_MUST;
void hm_der_end(struct hm_buf *buf, size_t begin);

void hm_der_add(struct hm_buf *buf, uint8_t tag, struct hm_str body);
void hm_der_add_u64(struct hm_buf *buf, uint64_t number);

/* An INTEGER that is not negative. Shape: most significant byte first, leading zeros are dropped. */
void hm_der_add_unsigned(struct hm_buf *buf, struct hm_str bytes);

void hm_der_add_bool(struct hm_buf *buf, bool value);
void hm_der_add_null(struct hm_buf *buf);
void hm_der_add_oid(struct hm_buf *buf, struct hm_str oid);

/* A BIT STRING of whole bytes. */
void hm_der_add_bits(struct hm_buf *buf, struct hm_str bytes);

/* A BIT STRING of named bits, trailing zeros dropped. */
void hm_der_add_flags(struct hm_buf *buf, uint32_t flags);

/* UTCTime through 2049, GeneralizedTime from then on and before 1950 (RFC 5280, 4.1.2.5). */
void hm_der_add_time(struct hm_buf *buf, int64_t time_s);

/* GeneralizedTime, whatever the year. */
void hm_der_add_generalized(struct hm_buf *buf, int64_t time_s);

#endif
