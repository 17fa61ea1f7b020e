/*
 * What an instance holds; for this module only.
 *
 * Layer 12. Constant once open: any thread.
 */
#ifndef HM_SERVICE_LOCAL_INSTANCE_H
#define HM_SERVICE_LOCAL_INSTANCE_H

#include "service/ca/ca.h"
#include "service/local/local.h"
#include "service/log/log.h"
#include "service/oidc/oidc.h"
#include "service/tsa/tsa.h"

#define HM_INSTANCE_SERVICES 4

struct hm_instance {
	struct hm_oidc *oidc;
	struct hm_log *log;
	struct hm_tsa *tsa;
	struct hm_ca *ca;
	struct hm_http_endpoint endpoints[HM_INSTANCE_SERVICES];
	struct hm_http_mux mux;
	char *issuer, *origin;
	char *attestations;                /* the folder of those that are kept */
	struct hm_local_origin origins[2]; /* its own and the issuer's, which is another name of it */
	struct hm_transport next;
	struct hm_local local;
	struct hm_transport transport;
	struct hm_buf trusted_root;
};

/*
 * Add the trust root of what is open.
 *
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_instance_write_root(const struct hm_instance *instance, struct hm_buf *buf,
				      struct hm_err *err) HM_MUST;

#endif
