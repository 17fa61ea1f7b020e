/*
 * What Fulcio's clients send: read, not checked.
 *
 * Layer 11, inside service/ca. Pure; any thread.
 * Source  sigstore/fulcio v1.8.8, fulcio.proto and pkg/server/grpc_server.go; ProtoJSON
 */
#ifndef HM_SERVICE_CA_REQUEST_H
#define HM_SERVICE_CA_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

/* Views into the arena; what is not there is {0}. */
struct hm_ca_request {
	struct hm_str token;      /* credentials.oidcIdentityToken */
	struct hm_str public_key; /* its text, PEM */
	struct hm_str proof;      /* signature over who the token says its holder is */
	struct hm_str csr;        /* PEM of a certificate request, in place of the two above */
};

/*
 * Read the body of POST /api/v2/signingCert. As grpc-gateway does it, members that are not known are passed over, names
 * may be those of the proto file, and null is absence.
 *
 * Errors  HM_EPARSE ca.request: no JSON, a member of another kind, both forms of a key; HM_ELIMIT ca.too-large: over
 *         HM_MAX_CA_REQUEST; HM_ELIMIT, HM_ENOMEM: the arena
 */
enum hm_status hm_ca_request_parse(struct hm_str body, struct hm_arena *arena, struct hm_ca_request *ret_request,
				   struct hm_err *err) HM_MUST;

/*
 * The DER of a request for a certificate, from its PEM.
 *
 * Owns    ret_der is the caller's
 * Errors  HM_EPARSE pem: also another label than CERTIFICATE REQUEST and NEW CERTIFICATE REQUEST, or something behind
 *         it; HM_ENOMEM
 */
enum hm_status hm_ca_request_csr(struct hm_str pem, struct hm_secret *ret_der, struct hm_err *err) HM_MUST;

#endif
