/*
 * Bytes as text: hexadecimal and Base64.
 *
 * Layer 1. Pure; any thread. Not for secrets: the tables' access times depend on the bytes.
 */
#ifndef HM_BASE_ENCODE_H
#define HM_BASE_ENCODE_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum hm_base64 {
	HM_BASE64_STD, /* RFC 4648 section 4, padded */
	HM_BASE64_URL, /* RFC 4648 section 5, not padded, as JWTs write it */
	HM_BASE64_ANY, /* decoding only: either alphabet, padding or none, as ProtoJSON accepts bytes */
	/* Decoding only: as HM_BASE64_STD, line ends (CR and LF) passed over wherever they stand, as Go's reader does.
	 */
	HM_BASE64_LINES,
};

/* Add lower-case hexadecimal. */
void hm_hex_encode(struct hm_buf *buf, const void *data, size_t len);

/* The same into an array of 2 * len + 1 chars, with its NUL. */
void hm_hex_write(char *ret_text, const void *data, size_t len);

/* Whether text is nothing but hexadecimal digits, in lower case. */
bool hm_hex_is_small(struct hm_str text);

/*
 * Decode hexadecimal of exactly one length.
 *
 * Units   len: bytes to decode to; text must have 2 * len digits, of either case.
 * Errors  HM_EPARSE encoding
 */
enum hm_status hm_hex_read(struct hm_str text, void *ret_data, size_t len, struct hm_err *err) HM_MUST;

void hm_base64_encode(struct hm_buf *buf, enum hm_base64 form, const void *data, size_t len);

/*
 * Decode Base64 and add the bytes to buf.
 *
 * Strict: no blanks, no line ends unless the form has them, padding as the form has it, and the unused bits of the last
 * digit are zero, so that there is one text for each run of bytes.
 *
 * Errors  HM_EPARSE encoding; HM_ELIMIT; HM_ENOMEM
 * Source  RFC 4648, 3.3 and 3.5
 */
enum hm_status hm_base64_decode(struct hm_buf *buf, enum hm_base64 form, struct hm_str text,
				struct hm_err *err) HM_MUST;

#endif
