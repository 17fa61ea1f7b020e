/*
 * A signing session with the local instance: keyless, in this process, on the state directory of a user.
 *
 * Layer 13. The session is used as sign.h says; all else by one thread.
 */
#ifndef HM_CLI_LOCAL_SIGNING_H
#define HM_CLI_LOCAL_SIGNING_H

#include "service/local/local.h"
#include "sigstore/sign.h"

struct hm_local_signing {
	struct hm_instance *instance;
	struct hm_transport transport;
	struct hm_trust *trust;
	struct hm_signing_services services;
	char *tsa_url;
	struct hm_signing *session;
};

/*
 * Open the instance, made at first use, and get a certificate for a local run from it.
 *
 * Shape   state: the state directory; tracer and parent: of the spans, may be NULL.
 * Owns    ret_signing is the caller's, for hm_local_signing_done(); it must not be moved
 * Errors  as hm_instance_open() and hm_signing_new()
 */
enum hm_status hm_local_signing_open(const char *state, const struct hm_effects *fx, struct hm_tracer *tracer,
				     const struct hm_trace_context *parent, struct hm_local_signing *ret_signing,
				     struct hm_err *err) HM_MUST;

void hm_local_signing_done(struct hm_local_signing *signing);

#endif
