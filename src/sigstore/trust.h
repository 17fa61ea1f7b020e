/*
 * A trust root made ready to verify with: keys and certificates parsed once, and found by what bundles name them by.
 *
 * What one verification finds out about the trust root itself (that an intermediate was signed by its root) is kept for
 * the next.
 *
 * Layer 7. Constant once made; any number of threads at once.
 */
#ifndef HM_SIGSTORE_TRUST_H
#define HM_SIGSTORE_TRUST_H

#include "sigstore/trusted_root.h"

struct hm_trust;

/*
 * Make a trust root ready.
 *
 * A log or an authority whose key is of a kind that is not supported is no obstacle until something was signed by it.
 *
 * Owns    ret_trust is the caller's, for hm_trust_free(); keeps nothing of root
 * Errors  HM_EPARSE trust.validity-start, trust.validity
 *         HM_EPARSE trust.key: a log's key that is malformed or not what its details say
 *         HM_EPARSE trust.chain: a certificate that is malformed, or none
 *         HM_ENOMEM
 */
enum hm_status hm_trust_new(const struct hm_trusted_root *root, struct hm_trust **ret_trust,
			    struct hm_err *err) HM_MUST;

/* The same from a trust root's text. Errors: also as hm_trusted_root_parse(). */
enum hm_status hm_trust_parse(struct hm_str text, struct hm_trust **ret_trust, struct hm_err *err) HM_MUST;

struct hm_trust *hm_trust_free(struct hm_trust *trust);

/*
 * Read a public key to verify with, PEM or DER, as somebody gave it.
 *
 * Owns    ret_key is the caller's, for hm_key_done()
 * Errors  HM_EPARSE trust.key: it is none, malformed, or not supported; HM_EVERIFY key.weak; HM_ELIMIT; HM_ENOMEM
 */
struct hm_key;
enum hm_status hm_trust_read_key(struct hm_str text, struct hm_key *ret_key, struct hm_err *err) HM_MUST;

#endif
