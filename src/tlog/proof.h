/*
 * Merkle trees of a transparency log: hashes, roots, and proofs, made and checked.
 *
 * Not here: signatures on roots (note.h, checkpoint.h), tiles (tile.h), deciding whom to trust (sigstore).
 * Layer 5. Pure: no I/O, no clock, no state; any thread. Sizes and indexes count leaves; any uint64_t is possible.
 */
#ifndef HM_TLOG_PROOF_H
#define HM_TLOG_PROOF_H

#include "crypto/digest.h"

#include <stddef.h>
#include <stdint.h>

/* No proof is longer: one hash a level of the largest tree, and one to begin with. */
#define HM_TLOG_MAX_PATH 65

/* A proof, the hash nearest the leaves first. */
struct hm_tlog_path {
	struct hm_hash hash[HM_TLOG_MAX_PATH];
	size_t count;
};

/*
 * Hash the bytes of a leaf.
 *
 * Errors  HM_ENOMEM
 * Source  RFC 9162, 2.1.1
 */
enum hm_status hm_tlog_leaf_hash(struct hm_str data, struct hm_hash *ret_hash, struct hm_err *err) HM_MUST;

/* Hash two nodes into the one above them. ret_hash may be either. Errors, source: as for a leaf. */
enum hm_status hm_tlog_node_hash(const struct hm_hash *left, const struct hm_hash *right, struct hm_hash *ret_hash,
				 struct hm_err *err) HM_MUST;

/*
 * The root over all leaves, the slow and plain way.
 *
 * Shape   leaves: count leaf hashes in order; none gives the root of the empty tree.
 * Errors  HM_ENOMEM
 * Source  RFC 9162, 2.1.1
 */
enum hm_status hm_tlog_root(const struct hm_hash *leaves, size_t count, struct hm_hash *ret_root,
			    struct hm_err *err) HM_MUST;

/*
 * Check that a leaf is in a log.
 *
 * Shape   path: path_len hashes, the leaf's sibling first, nearest the root last; none when size is 1.
 *         leaf: from hm_tlog_leaf_hash().
 * Units   index, size: leaves. 0 <= index < size.
 * Owns    borrows everything, keeps nothing.
 * Errors  HM_EVERIFY  tlog.index: index >= size
 *         HM_EVERIFY  tlog.inclusion: the path is too short or too long, or leads to another root
 *         HM_ENOMEM
 * Source  RFC 9162, 2.1.3.2
 */
enum hm_status hm_tlog_check_inclusion(uint64_t index, uint64_t size, const struct hm_hash *leaf,
				       const struct hm_hash *path, size_t path_len, const struct hm_hash *root,
				       struct hm_err *err) HM_MUST;

/* A tree's size in leaves and its root: what a checkpoint states. */
struct hm_tlog_head {
	uint64_t size;
	struct hm_hash root;
};

/*
 * Check that a log only grew: the first `old->size` leaves under the new head are those under the old one.
 *
 * Shape   path: path_len hashes; none when the sizes are equal.
 * Owns    borrows everything, keeps nothing.
 * Errors  HM_EVERIFY  tlog.index: old->size is 0, which every log is consistent with, or past new->size
 *         HM_EVERIFY  tlog.consistency: the path is too short or too long, or leads to another root
 *         HM_ENOMEM
 * Source  RFC 9162, 2.1.4.2
 */
enum hm_status hm_tlog_check_consistency(const struct hm_tlog_head *old, const struct hm_tlog_head *new,
					 const struct hm_hash *path, size_t path_len, struct hm_err *err) HM_MUST;

/*
 * Where the hashes for a proof come from. Only complete subtrees are asked for, so an answer never changes.
 *
 * Shape   node: the root of the 2^level leaves from index * 2^level on; the leaf hash itself when level is 0. ctx is
 *         passed through.
 * Errors  anything but HM_OK ends the work with that status
 */
struct hm_tlog_reader {
	void *ctx;
	enum hm_status (*node)(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash, struct hm_err *err);
};

/*
 * The root of the tree's first size leaves.
 *
 * Errors  what reader returned; HM_ENOMEM
 */
enum hm_status hm_tlog_make_root(const struct hm_tlog_reader *reader, uint64_t size, struct hm_hash *ret_root,
				 struct hm_err *err) HM_MUST;

/*
 * Make what hm_tlog_check_inclusion() checks.
 *
 * Errors  HM_EVERIFY tlog.index: index >= size; what reader returned; HM_ENOMEM
 * Source  RFC 9162, 2.1.3.1
 */
enum hm_status hm_tlog_make_inclusion(const struct hm_tlog_reader *reader, uint64_t index, uint64_t size,
				      struct hm_tlog_path *ret_path, struct hm_err *err) HM_MUST;

/*
 * Make what hm_tlog_check_consistency() checks.
 *
 * Errors  HM_EVERIFY tlog.index: not 0 < old_size <= size; what reader returned; HM_ENOMEM
 * Source  RFC 9162, 2.1.4.1
 */
enum hm_status hm_tlog_make_consistency(const struct hm_tlog_reader *reader, uint64_t old_size, uint64_t size,
					struct hm_tlog_path *ret_path, struct hm_err *err) HM_MUST;

#endif
