/*
 * A certificate authority that speaks Fulcio's v2 API: it checks an OIDC token, and that who sent it has a private key,
 * and issues a certificate for that key which holds for ten minutes and says whom the token spoke of. Each certificate
 * is in a certificate-transparency log of its own before it is handed out, and carries that log's promise.
 *
 * What is kept in its directory: a root and an intermediate with their keys, made at first use; the log's key; the log.
 *
 * Not here: issuing tokens (service/oidc), sockets (net), what a certificate is good for (sigstore).
 * Layer 11. Any thread; any number of processes on one directory.
 * Source  sigstore/fulcio v1.8.8; RFC 5280; RFC 6962; docs/services.md
 */
#ifndef HM_SERVICE_CA_H
#define HM_SERVICE_CA_H

#include "base/effects.h"
#include "crypto/key.h"
#include "http/transport.h"

#include <stdbool.h>

/* How long a certificate holds. */
#define HM_CA_LIFETIME_S 600

/* Who may vouch for people. Identities are e-mail addresses; other kinds of Fulcio's are not supported yet. */
struct hm_ca_issuer {
	const char *url;      /* `iss`, exactly; its discovery document is below it */
	const char *audience; /* `aud`; "sigstore" */
	bool skip_email_verification;
};

struct hm_ca;

struct hm_ca_opts {
	const char *dir;                      /* its data directory; made where it is missing */
	const char *organization;             /* of its certificates; NULL: "hallmark.localhost" */
	const struct hm_ca_issuer *issuers;   /* copied */
	size_t issuers_count;                 /* at least 1 */
	const struct hm_transport *transport; /* how issuers are asked; copied, what it points to must live as long */
	const struct hm_effects *fx;          /* NULL: the system's; must live as long */
};

/*
 * Open a CA; its keys and certificates are made at first use. What a process that was killed on the way left behind is
 * completed; of two that begin at once both end up with the same.
 *
 * Owns    ret_ca is the caller's, for hm_ca_free()
 * Errors  HM_EVERIFY ca.state: keys and certificates do not belong together, or a part is lost
 *         HM_EVERIFY ca.expired: its certificates do not outlive one that it would issue
 *         HM_EINVAL usage: the issuers; HM_EPARSE, HM_EVERIFY: files that are damaged, by their path
 *         HM_EPARSE store.format, HM_EINVAL store.version; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_ca_open(const struct hm_ca_opts *opts, struct hm_ca **ret_ca, struct hm_err *err) HM_MUST;

/* Close; no handler may run any more. Returns NULL. */
struct hm_ca *hm_ca_free(struct hm_ca *ca);

/* For HM_OWN. */
void hm_ca_freep(struct hm_ca **ca);

/*
 * Answer a request; service is the struct hm_ca.
 *
 * POST /api/v2/signingCert, GET /api/v2/trustBundle, GET /api/v2/configuration as Fulcio has them; GET /ct/checkpoint
 * and /ct/tile/… for whoever monitors the log. A failure is answered as grpc-gateway does,
 * {"code":3,"message":"…","details":[…]}, with Fulcio's messages and statuses; why it was refused stands in the
 * details.
 */
enum hm_status hm_ca_handle(void *ca, const struct hm_http_request *request, struct hm_http_response *response,
			    struct hm_err *err);

/* What a trust root says of it; borrowed until it is closed. */
struct hm_str hm_ca_intermediate(const struct hm_ca *ca); /* DER */
struct hm_str hm_ca_root(const struct hm_ca *ca);         /* DER */
const struct hm_key *hm_ca_ct_key(const struct hm_ca *ca);
const char *hm_ca_ct_name(const struct hm_ca *ca); /* a host: what the log's checkpoints begin with */
int64_t hm_ca_since_s(const struct hm_ca *ca);     /* since when it is: its root's notBefore, seconds since 1970 */

#endif
