/*
 * A time-stamp authority: RFC 3161 over HTTP, with the paths of Sigstore's timestamp-authority.
 *
 * Its key and its certificates are made at first use and lie in one directory: a P-256 key that stamps, and a
 * certificate by a root whose key is forgotten at once, so that nobody can ever make another under it. What is refused
 * is refused as RFC 3161 has it, in a reply with a status; so are requests when the clock went back or stands outside
 * the certificate's validity.
 *
 * Not here: checking time stamps (crypto/tsp.h, sigstore), sockets (net), a trusted source of time: the machine's clock
 * is what is stamped.
 * Layer 10. Any thread.
 * Source  RFC 3161, RFC 5816; sigstore/timestamp-authority v2.1; docs/services.md
 */
#ifndef HM_SERVICE_TSA_TSA_H
#define HM_SERVICE_TSA_TSA_H

#include "base/effects.h"
#include "crypto/x509.h"
#include "http/route.h"

#include <stdbool.h>

struct hm_tsa;

struct hm_tsa_opts {
	const char *dir;             /* made where it is missing */
	bool must_exist;             /* to look at one, not to make one */
	const struct hm_effects *fx; /* NULL: the system's */
};

/*
 * Open an authority; make it where it is missing.
 *
 * Owns    opts is copied; what fx points to must live until hm_tsa_free(); ret_tsa is the caller's
 * Errors  HM_EVERIFY tsa.chain: the certificates are not the key's, or do not lead to each other
 *         as hm_datadir_open(), hm_datadir_make_signer(), hm_cert_read_pem()
 */
enum hm_status hm_tsa_open(const struct hm_tsa_opts *opts, struct hm_tsa **ret_tsa, struct hm_err *err) HM_MUST;

/* Close; no handler may run any more. Returns NULL. */
struct hm_tsa *hm_tsa_free(struct hm_tsa *tsa);

/* For HM_OWN. */
void hm_tsa_freep(struct hm_tsa **tsa);

/* What a trust root says of it: its certificates, the one that stamps first, the root last; borrowed. */
const struct hm_cert *hm_tsa_chain(const struct hm_tsa *tsa, size_t *ret_count);

/*
 * Answer a request; service is the struct hm_tsa.
 *
 * POST /api/v1/timestamp with application/timestamp-query, or application/json as timestamp-authority takes it;
 * GET /api/v1/timestamp/certchain; GET /ping.
 */
enum hm_status hm_tsa_handle(void *service, const struct hm_http_request *request, struct hm_http_response *response,
			     struct hm_err *err);

static inline struct hm_http_endpoint hm_tsa_endpoint(struct hm_tsa *tsa)
{
	return (struct hm_http_endpoint){ hm_tsa_handle, tsa };
}

#endif
