/*
 * An entry of a transparency log, as bundles hold it and Rekor v2 answers with it; read, not verified.
 *
 * Not here: what its body says (log_body.h), whether it is genuine (verify.h).
 * Layer 7. Pure; any thread.
 * Source  sigstore/protobuf-specs, sigstore_rekor.proto
 */
#ifndef HM_SIGSTORE_LOG_ENTRY_H
#define HM_SIGSTORE_LOG_ENTRY_H

#include "base/arena.h"
#include "data/decode.h"
#include "data/json_write.h"

#include <stdint.h>

struct hm_inclusion_proof {
	int64_t index; /* in the tree that the proof is of; Rekor v1 has trees behind one another */
	int64_t tree_size;
	struct hm_str root_hash;
	const struct hm_str *hashes; /* the leaf's sibling first */
	size_t hashes_count;
	struct hm_str checkpoint; /* a signed note */
};

/* Views that are not there are {0}. */
struct hm_log_entry {
	int64_t index;        /* over all trees of the log */
	struct hm_str log_id; /* 32 bytes */
	struct hm_str kind, version;
	int64_t integrated_time_s; /* seconds since 1970; 0: not stated, as in Rekor v2 */
	struct hm_str promise;     /* signed entry timestamp; Rekor v1 only */
	const struct hm_inclusion_proof *proof;
	struct hm_str body; /* the leaf's bytes */
};

/* Decodes a TransparencyLogEntry into a struct hm_log_entry; hm_log_entry_check() follows. */
extern const struct hm_json_table hm_log_entry_table;

/*
 * Refuse what no entry can be.
 *
 * Errors  HM_EPARSE bundle.entry: an index, a size or a time is negative, the log's id or a hash of the proof has not
 * 32 bytes, no kind
 */
enum hm_status hm_log_entry_check(const struct hm_log_entry *entry, struct hm_err *err) HM_MUST;

/*
 * Read an entry that stands alone.
 *
 * Owns    ret_entry's views lie in the arena; keeps nothing of text
 * Errors  HM_EPARSE json.…, data.…, bundle.entry; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_log_entry_parse(struct hm_str text, struct hm_arena *arena, struct hm_log_entry *ret_entry,
				  struct hm_err *err) HM_MUST;

/* Write it. */
void hm_log_entry_write(const struct hm_log_entry *entry, struct hm_json_writer *w);

#endif
