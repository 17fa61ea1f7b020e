/*
 * Entries of a Rekor v2 log: read from a request, checked, written as the leaf's bytes, and read back.
 *
 * Layer 10, inside service/log. Pure; any thread.
 * Source  sigstore/rekor-tiles v2.3, pkg/types/hashedrekord; sigstore/architecture-docs, rekor-v2-spec.md
 */
#ifndef HM_SERVICE_LOG_ENTRY_H
#define HM_SERVICE_LOG_ENTRY_H

#include "base/arena.h"
#include "crypto/digest.h"

/*
 * Make an entry of a CreateEntryRequest: hashedrekord alone, the signature checked over the digest with the key that
 * came along, which must be what keyDetails says.
 *
 * A certificate is only where the key is: nobody looks at who issued it or when it held.
 *
 * Shape   json: ProtoJSON; names in either case, members that are unknown refused.
 * Owns    ret_body, the leaf's bytes in canonical JSON, lies in arena
 * Errors  HM_EPARSE log.type: no or another kind of entry; log.request: a part is missing or does not fit;
 *         HM_EPARSE json.…, data.…, x509.format, key.…; HM_EVERIFY signature.invalid, key.weak
 *         HM_ELIMIT json.limit: over HM_MAX_LOG_REQUEST; limit: the entry is over 65535 bytes; HM_ENOMEM
 */
enum hm_status hm_log_entry_make(struct hm_str json, struct hm_arena *arena, struct hm_str *ret_body,
				 struct hm_err *err) HM_MUST;

/* What of an entry is searched for. */
struct hm_log_facts {
	struct hm_digest digest;
	struct hm_str kind, version;
	struct hm_str identity, issuer; /* as in struct hm_log_found */
	struct hm_hash key_id;
};

/*
 * Read an entry that hm_log_entry_make() wrote.
 *
 * Shape   is_checked: also that the signature is good and the bytes are those that would be written.
 * Owns    what ret_facts points to lies in arena
 * Errors  HM_EPARSE log.entry: not what is written; HM_EVERIFY signature.invalid; HM_ENOMEM
 */
enum hm_status hm_log_entry_facts(struct hm_str body, bool is_checked, struct hm_arena *arena,
				  struct hm_log_facts *ret_facts, struct hm_err *err) HM_MUST;

#endif
