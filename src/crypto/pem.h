/*
 * PEM: DER between BEGIN and END lines.
 *
 * Layer 3. Pure; any thread. Base64's tables are not constant in time; a private key's text is read by whoever holds
 * the file anyway.
 * Source  RFC 7468
 */
#ifndef HM_CRYPTO_PEM_H
#define HM_CRYPTO_PEM_H

#include "base/buf.h"
#include "base/secret.h"

#include <stdbool.h>

/*
 * Take the first PEM block off a text.
 *
 * Shape   text: afterwards what stands behind the block; text before BEGIN is skipped. ret_label: "CERTIFICATE" and the
 *         like, a view into text; empty when there is no block left. Lines end in LF or CRLF, blanks at their ends do
 *         not count; headers inside a block (RFC 1421) are refused.
 * Owns    ret_der is the caller's
 * Errors  HM_EPARSE pem: no END line, another label there, or no strict Base64; HM_ELIMIT limit: over
 *         HM_MAX_CONFIG_FILE; HM_ENOMEM
 */
enum hm_status hm_pem_next(struct hm_str *text, struct hm_str *ret_label, struct hm_secret *ret_der,
			   struct hm_err *err) HM_MUST;

/*
 * The one block of a text, which must have this label.
 *
 * Errors  as hm_pem_next(); HM_EPARSE pem: there is none, it has another label, or another follows
 */
enum hm_status hm_pem_only(struct hm_str text, const char *label, struct hm_secret *ret_der,
			   struct hm_err *err) HM_MUST;

/* Whether a text has a BEGIN line at all; else it may be DER. */
bool hm_pem_is_in(struct hm_str text);

/* Add a block: lines of 64 characters, LF. */
void hm_pem_encode(struct hm_buf *buf, const char *label, struct hm_str der);

#endif
