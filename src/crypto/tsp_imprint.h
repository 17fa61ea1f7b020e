/*
 * The imprint, which requests and replies both hold.
 *
 * Layer 3, inside crypto only.
 */
#ifndef HM_CRYPTO_TSP_IMPRINT_H
#define HM_CRYPTO_TSP_IMPRINT_H

#include "crypto/digest.h"

/* Take a MessageImprint. Errors: malformed; HM_EPARSE tsp.algorithm. Source: RFC 3161, 2.4.1. */
enum hm_status hm_tsp_take_imprint(struct hm_str *rest, enum hm_reason malformed, struct hm_digest *ret_imprint,
				   struct hm_err *err) HM_MUST;

#endif
