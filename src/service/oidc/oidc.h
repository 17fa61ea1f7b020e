/*
 * An OIDC issuer for local runs, as a handler: what it serves is its discovery document and its public keys. Tokens are
 * made by a function of this process and by nothing that can be asked over a network.
 *
 * Not here: logging in, token or authorization endpoints; checking tokens (service/ca).
 * Layer 10. An issuer is constant once open: any thread, any number of processes on one directory.
 * Source  OpenID Connect Discovery 1.0, 4; RFC 7519
 */
#ifndef HM_SERVICE_OIDC_H
#define HM_SERVICE_OIDC_H

#include "base/effects.h"
#include "base/secret.h"
#include "http/route.h"

struct hm_oidc;

struct hm_oidc_opts {
	const char *dir;             /* its data directory; made where it is missing */
	const char *issuer;          /* its URL: scheme and host, as `iss` says it, without a path; copied */
	const struct hm_effects *fx; /* NULL: the system's; must live as long */
};

/*
 * Open an issuer; its key (P-256, in key.pem) is made at first use.
 *
 * Owns    ret_oidc is the caller's, for hm_oidc_free()
 * Errors  HM_EINVAL usage: issuer is no origin; HM_EPARSE store.format, HM_EINVAL store.version: the directory
 *         as hm_datadir_make_signer(); HM_EIO; HM_ENOMEM
 */
enum hm_status hm_oidc_open(const struct hm_oidc_opts *opts, struct hm_oidc **ret_oidc, struct hm_err *err) HM_MUST;

/* Returns NULL. */
struct hm_oidc *hm_oidc_free(struct hm_oidc *oidc);

/* For HM_OWN. */
void hm_oidc_freep(struct hm_oidc **oidc);

/*
 * A handler whose service is a struct hm_oidc: GET /.well-known/openid-configuration and /.well-known/jwks.
 */
enum hm_status hm_oidc_handle(void *oidc, const struct hm_http_request *request, struct hm_http_response *response,
			      struct hm_err *err);

/* Of whom a token speaks, and to whom. */
struct hm_oidc_claims {
	struct hm_str subject, audience;
	struct hm_str email; /* verified; {0}: none */
	int64_t lifetime_s;  /* from now; 1 to HM_MAX_TOKEN_LIFETIME_S */
};

/*
 * Make an ID token.
 *
 * Owns    ret_token is the caller's, for hm_secret_done()
 * Errors  HM_EINVAL usage: another lifetime, no subject or audience; HM_EPARSE json.encoding; HM_EIO random;
 *         HM_ENOMEM
 */
enum hm_status hm_oidc_issue(const struct hm_oidc *oidc, const struct hm_oidc_claims *claims,
			     struct hm_secret *ret_token, struct hm_err *err) HM_MUST;

#endif
