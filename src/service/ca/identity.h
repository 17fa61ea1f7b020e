/*
 * Whom a token speaks of: the token checked against the issuers that the CA trusts, with the keys that they publish.
 *
 * Keys are fetched when they are first needed and kept; a token by a key that is not among them has them fetched again,
 * not more often than every HM_CA_KEYS_AGAIN_S. An issuer that cannot be asked refuses nobody: that is another answer.
 *
 * Layer 11, inside service/ca. Any thread.
 * Source  OpenID Connect Core 1.0, 3.1.3.7; sigstore/fulcio v1.8.8, pkg/identity
 */
#ifndef HM_SERVICE_CA_IDENTITY_H
#define HM_SERVICE_CA_IDENTITY_H

#include "base/arena.h"
#include "base/effects.h"
#include "service/ca/ca.h"

#define HM_CA_KEYS_KEPT_S  600 /* how long an issuer's keys are believed without asking again */
#define HM_CA_KEYS_AGAIN_S 10  /* how soon they are asked for again because a token's key is not among them */
#define HM_CA_SKEW_S       60  /* how far ahead an issuer's clock may be */

/* Who holds the token. Views lie in the arena. */
struct hm_ca_identity {
	struct hm_str email;   /* what the certificate's alternative name is, and what the proof is a signature over */
	struct hm_str issuer;  /* as the token says it */
	struct hm_str subject; /* `sub`; {0}: none */
};

struct hm_ca_issuers;

/*
 * Know a list of issuers; nothing is asked yet.
 *
 * Owns    copies issuers; transport and fx must live as long; ret_issuers is the caller's
 * Errors  HM_EINVAL usage: none, a URL or an audience that is empty, the same URL twice; HM_EPARSE http.url; HM_ENOMEM
 */
enum hm_status hm_ca_issuers_new(const struct hm_ca_issuer *issuers, size_t count, const struct hm_transport *transport,
				 const struct hm_effects *fx, struct hm_ca_issuers **ret_issuers,
				 struct hm_err *err) HM_MUST;

/* Returns NULL. */
struct hm_ca_issuers *hm_ca_issuers_free(struct hm_ca_issuers *issuers);

/*
 * Check a token.
 *
 * Owns    ret_identity's views lie in the arena
 * Errors  HM_EPARSE jwt.format, jwt.claim; HM_EVERIFY jwt.…: also jwt.issuer, an issuer that is not on the list
 *         HM_EVERIFY ca.unverified: the e-mail address is not; ca.email: it is none
 *         HM_ENET, HM_EPARSE ca.issuer: the issuer's documents could not be had, or are not what they must be
 *         HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_ca_identify(struct hm_ca_issuers *issuers, struct hm_str token, struct hm_arena *arena,
			      struct hm_ca_identity *ret_identity, struct hm_err *err) HM_MUST;

#endif
