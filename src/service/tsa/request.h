/*
 * The JSON form of a request for a time stamp, which timestamp-authority takes beside RFC 3161's own.
 *
 * Layer 10, inside service/tsa. Pure; any thread.
 */
#ifndef HM_SERVICE_TSA_REQUEST_H
#define HM_SERVICE_TSA_REQUEST_H

#include "base/arena.h"
#include "crypto/tsp.h"

/*
 * Read {"artifactHash", "hashAlgorithm", "certificates", "nonce", "tsaPolicyOID"}.
 *
 * Owns    ret_request borrows from arena
 * Errors  HM_EPARSE json.…, data.…; tsp.algorithm: another hash, or of another length; tsp.request: a nonce that is no
 *         whole number from 0 on, a policy that is no OID
 *         HM_ELIMIT json.limit: over HM_MAX_TSA_JSON; limit: a nonce of more than HM_MAX_TSP_NONCE bytes; HM_ENOMEM
 */
enum hm_status hm_tsa_request_json(struct hm_str json, struct hm_arena *arena, struct hm_tsp_request *ret_request,
				   struct hm_err *err) HM_MUST;

#endif
