/*
 * Asking a time-stamp authority to stamp a signature.
 *
 * Layer 7. Any thread.
 * Source  RFC 3161, 2.4 and 3.4 (HTTP)
 */
#ifndef HM_SIGSTORE_TSA_H
#define HM_SIGSTORE_TSA_H

#include "base/effects.h"
#include "sigstore/service.h"
#include "sigstore/trust.h"
#include "sigstore/verify.h"

/* Bytes of a request's nonce. */
#define HM_TSA_NONCE_LEN 16

struct hm_tsa_opts {
	const struct hm_effects *fx;  /* random numbers */
	const struct hm_trust *trust; /* who may stamp */
	int64_t timeout_ms;           /* 0: HM_HTTP_TIMEOUT_MS */
};

/*
 * Get a time stamp over a signature's bytes; its certificates come with it.
 *
 * Shape   ret_reply: the whole TimeStampResp, as bundles hold it. ret_time: what it says, and who.
 * Owns    ret_reply lies in the arena; ret_time borrows from the trust root
 * Errors  as hm_service_post(); HM_EIO random; as hm_tsa_reply_check(); HM_ELIMIT: over HM_MAX_TSA_ANSWER; HM_ENOMEM
 */
enum hm_status hm_tsa_ask(const struct hm_service *tsa, struct hm_str signature, const struct hm_tsa_opts *opts,
			  struct hm_arena *arena, struct hm_str *ret_reply, struct hm_verified_time *ret_time,
			  struct hm_err *err) HM_MUST;

/*
 * Hold a reply against its request and the trust root.
 *
 * Shape   nonce: content of the INTEGER.
 * Errors  HM_EVERIFY tsp.status: refused by the authority, with its words; HM_EPARSE tsp.format, tsp.algorithm
 *         HM_EVERIFY tsp.imprint: a stamp of something else, also by another algorithm; tsp.nonce, tsp.signer,
 *         tsp.signature, timestamp.untrusted, timestamp.validity, timestamp.expired, x509.…; HM_ENOMEM
 */
enum hm_status hm_tsa_reply_check(struct hm_str reply, struct hm_str signature, struct hm_str nonce,
				  const struct hm_trust *trust, struct hm_verified_time *ret_time,
				  struct hm_err *err) HM_MUST;

#endif
