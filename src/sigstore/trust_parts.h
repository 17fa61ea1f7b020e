/*
 * What a trust root that was made ready consists of. For this module only.
 *
 * Layer 7. Constant once made; any thread.
 */
#ifndef HM_SIGSTORE_TRUST_PARTS_H
#define HM_SIGSTORE_TRUST_PARTS_H

#include "crypto/x509.h"
#include "sigstore/trust.h"
#include "tlog/note.h"

/* Names that a log may sign under: the host of its URL, with its port, with its path. */
#define HM_TRUST_MAX_NAMES 3

struct hm_trust_log {
	struct hm_str url; /* as in the trust root, for texts */
	struct hm_str id;
	struct hm_str operator_name;
	struct hm_time_range valid_for;
	struct hm_key key;
	enum hm_sig sig;                                   /* how it signs */
	struct hm_tlog_verifier names[HM_TRUST_MAX_NAMES]; /* none for a log of certificates */
	size_t names_count;
	const char *unusable; /* why nothing can be verified with it; NULL */
};

struct hm_trust_authority {
	struct hm_str uri;
	struct hm_str operator_name;
	struct hm_time_range valid_for;
	struct hm_x509_pool *pool;
	const char *unusable;
};

struct hm_trust {
	struct hm_trust_log *tlogs, *ctlogs;
	size_t tlogs_count, ctlogs_count;
	struct hm_trust_authority *cas, *tsas;
	size_t cas_count, tsas_count;
	struct hm_arena arena;
};

#endif
