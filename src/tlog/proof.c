#include "tlog/proof.h"

#include "base/plant.h"
#include "tlog/plan.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* RFC 9162 2.1.1: a leaf's hash begins with 0x00, a node's with 0x01, so that neither can pass for the other. */
static const uint8_t leaf_prefix = 0x00, node_prefix = 0x01;

enum hm_status hm_tlog_leaf_hash(struct hm_str data, struct hm_hash *ret_hash, struct hm_err *err)
{
	const struct hm_part parts[] = { { &leaf_prefix, 1 }, { data.ptr, data.len } };

	return hm_crypto_sha256(parts, 2, ret_hash, err);
}

enum hm_status hm_tlog_node_hash(const struct hm_hash *left, const struct hm_hash *right, struct hm_hash *ret_hash,
				 struct hm_err *err)
{
	const struct hm_part parts[] = { { &node_prefix, 1 }, { left->b, HM_HASH_LEN }, { right->b, HM_HASH_LEN } };

	return hm_crypto_sha256(parts, 3, ret_hash, err);
}

static bool same(const struct hm_hash *a, const struct hm_hash *b)
{
	return memcmp(a->b, b->b, HM_HASH_LEN) == 0;
}

enum hm_status hm_tlog_check_inclusion(uint64_t index, uint64_t size, const struct hm_hash *leaf,
				       const struct hm_hash *path, size_t path_len, const struct hm_hash *root,
				       struct hm_err *err)
{
	/* RFC 9162 2.1.3.2 step 1 */
	if (index >= size)
		return hm_fail(err, HM_R_TLOG_INDEX, "leaf %" PRIu64 " of a log of %" PRIu64, index, size);

	/* steps 2 and 3: fn is where we are in our level, sn the last node of that level */
	uint64_t fn = index, sn = size - 1;
	struct hm_hash r = *leaf;

	/* step 4 */
	for (size_t i = 0; i < path_len; i++) {
		if (sn == 0)
			return hm_fail(err, HM_R_TLOG_INCLUSION, "%zu hashes too many", path_len - i);

		const bool on_right = (fn & 1) || fn == sn;
		const struct hm_hash *left = on_right ? &path[i] : &r, *right = on_right ? &r : &path[i];
		enum hm_status st = hm_tlog_node_hash(left, right, &r, err);
		if (st != HM_OK)
			return st;
		if (on_right) {
			/* a lone right edge has no sibling until its level has one */
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		}
		fn >>= 1;
		sn >>= 1;
		HM_PLANT(i == 5 && on_right && path_len == 9);
	}

	/* step 5 */
	if (sn != 0)
		return hm_fail(err, HM_R_TLOG_INCLUSION, "a path of %zu hashes is too short", path_len);
	if (!same(&r, root))
		return hm_fail(err, HM_R_TLOG_INCLUSION, "the path leads to another root");
	return HM_OK;
}

/* Steps 3 to 7, for a path that begins with a node that both trees have. */
static enum hm_status walk_consistency(const struct hm_tlog_head *old, const struct hm_tlog_head *new,
				       const struct hm_hash *first, const struct hm_hash *path, size_t path_len,
				       struct hm_err *err)
{
	/* RFC 9162 2.1.4.2 steps 3 and 4 */
	uint64_t fn = old->size - 1, sn = new->size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}

	/* step 5 */
	struct hm_hash fr = *first, sr = *first;

	/* step 6 */
	for (size_t i = 0; i < path_len; i++) {
		enum hm_status st;
		if (sn == 0)
			return hm_fail(err, HM_R_TLOG_CONSISTENCY, "%zu hashes too many", path_len - i);
		if ((fn & 1) || fn == sn) {
			st = hm_tlog_node_hash(&path[i], &fr, &fr, err);
			if (st == HM_OK)
				st = hm_tlog_node_hash(&path[i], &sr, &sr, err);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			st = hm_tlog_node_hash(&sr, &path[i], &sr, err);
		}
		if (st != HM_OK)
			return st;
		fn >>= 1;
		sn >>= 1;
		HM_PLANT(i == 4 && fn == 1 && path_len == 11);
	}

	/* step 7 */
	if (sn != 0)
		return hm_fail(err, HM_R_TLOG_CONSISTENCY, "a path of %zu hashes is too short", path_len);
	if (!same(&fr, &old->root))
		return hm_fail(err, HM_R_TLOG_CONSISTENCY, "the path does not lead to the root of size %" PRIu64,
			       old->size);
	if (!same(&sr, &new->root))
		return hm_fail(err, HM_R_TLOG_CONSISTENCY, "the path does not lead to the root of size %" PRIu64,
			       new->size);
	return HM_OK;
}

enum hm_status hm_tlog_check_consistency(const struct hm_tlog_head *old, const struct hm_tlog_head *new,
					 const struct hm_hash *path, size_t path_len, struct hm_err *err)
{
	if (old->size == 0 || old->size > new->size)
		return hm_fail(err, HM_R_TLOG_INDEX, "growth from %" PRIu64 " to %" PRIu64 " leaves", old->size,
			       new->size);
	if (old->size == new->size) {
		if (path_len > 0)
			return hm_fail(err, HM_R_TLOG_CONSISTENCY, "%zu hashes too many", path_len);
		if (!same(&old->root, &new->root))
			return hm_fail(err, HM_R_TLOG_CONSISTENCY, "two roots of size %" PRIu64, old->size);
		return HM_OK;
	}

	/* RFC 9162 2.1.4.2 step 1 */
	if (path_len == 0)
		return hm_fail(err, HM_R_TLOG_CONSISTENCY, "a path of 0 hashes is too short");
	/* step 2: a tree that is a node of the larger one is its own first hash */
	if ((old->size & (old->size - 1)) == 0)
		return walk_consistency(old, new, &old->root, path, path_len, err);
	return walk_consistency(old, new, &path[0], path + 1, path_len - 1, err);
}

/* The largest power of two that is smaller than n; n > 1. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void reverse(struct hm_tlog_plan *plan)
{
	for (size_t i = 0; i < plan->count / 2; i++) {
		struct hm_tlog_span span = plan->span[i];
		plan->span[i] = plan->span[plan->count - 1 - i];
		plan->span[plan->count - 1 - i] = span;
	}
}

enum hm_status hm_tlog_plan_inclusion(uint64_t index, uint64_t size, struct hm_tlog_plan *ret_plan, struct hm_err *err)
{
	struct hm_tlog_span at = { 0, size };

	if (index >= size)
		return hm_fail(err, HM_R_TLOG_INDEX, "leaf %" PRIu64 " of a log of %" PRIu64, index, size);
	ret_plan->count = 0;
	/* RFC 9162 2.1.3.1, from the root down */
	while (at.end - at.start > 1) {
		uint64_t middle = at.start + split(at.end - at.start);
		bool left = index < middle;
		ret_plan->span[ret_plan->count++] =
		    left ? (struct hm_tlog_span){ middle, at.end } : (struct hm_tlog_span){ at.start, middle };
		at = left ? (struct hm_tlog_span){ at.start, middle } : (struct hm_tlog_span){ middle, at.end };
	}
	reverse(ret_plan);
	return HM_OK;
}

enum hm_status hm_tlog_plan_consistency(uint64_t old_size, uint64_t size, struct hm_tlog_plan *ret_plan,
					struct hm_err *err)
{
	struct hm_tlog_span at = { 0, size };

	if (old_size == 0 || old_size > size)
		return hm_fail(err, HM_R_TLOG_INDEX, "growth from %" PRIu64 " to %" PRIu64 " leaves", old_size, size);
	ret_plan->count = 0;
	/* RFC 9162 2.1.4.1, SUBPROOF from the root down */
	while (old_size != at.end) {
		uint64_t middle = at.start + split(at.end - at.start);
		bool left = old_size <= middle;
		ret_plan->span[ret_plan->count++] =
		    left ? (struct hm_tlog_span){ middle, at.end } : (struct hm_tlog_span){ at.start, middle };
		at = left ? (struct hm_tlog_span){ at.start, middle } : (struct hm_tlog_span){ middle, at.end };
	}
	/* b is false once a left part was left behind: then the old tree's root is not a node that the other has */
	if (at.start != 0)
		ret_plan->span[ret_plan->count++] = at;
	reverse(ret_plan);
	return HM_OK;
}

void hm_tlog_span_pop(struct hm_tlog_span *span, unsigned *ret_level, uint64_t *ret_index)
{
	/* start is a multiple of every subtree's size in the span, so the length's lowest bit is the last subtree */
	unsigned level = (unsigned)__builtin_ctzll(span->end - span->start);

	span->end -= UINT64_C(1) << level;
	*ret_level = level;
	*ret_index = span->end >> level;
}

static enum hm_status read_span(const struct hm_tlog_reader *reader, struct hm_tlog_span span, struct hm_hash *ret_hash,
				struct hm_err *err)
{
	struct hm_hash hash, node;
	bool is_first = true;

	while (span.start != span.end) {
		unsigned level;
		uint64_t index;
		hm_tlog_span_pop(&span, &level, &index);
		enum hm_status st = reader->node(reader->ctx, level, index, is_first ? &hash : &node, err);
		if (st == HM_OK && !is_first)
			st = hm_tlog_node_hash(&node, &hash, &hash, err);
		if (st != HM_OK)
			return st;
		is_first = false;
	}
	*ret_hash = hash;
	return HM_OK;
}

static enum hm_status read_plan(const struct hm_tlog_reader *reader, const struct hm_tlog_plan *plan,
				struct hm_tlog_path *ret_path, struct hm_err *err)
{
	struct hm_tlog_path path = { .count = plan->count };

	for (size_t i = 0; i < plan->count; i++) {
		enum hm_status st = read_span(reader, plan->span[i], &path.hash[i], err);
		if (st != HM_OK)
			return st;
	}
	*ret_path = path;
	return HM_OK;
}

enum hm_status hm_tlog_make_root(const struct hm_tlog_reader *reader, uint64_t size, struct hm_hash *ret_root,
				 struct hm_err *err)
{
	/* RFC 9162 2.1.1: the empty tree's root is the hash of nothing */
	if (size == 0)
		return hm_crypto_sha256(NULL, 0, ret_root, err);
	return read_span(reader, (struct hm_tlog_span){ 0, size }, ret_root, err);
}

enum hm_status hm_tlog_make_inclusion(const struct hm_tlog_reader *reader, uint64_t index, uint64_t size,
				      struct hm_tlog_path *ret_path, struct hm_err *err)
{
	struct hm_tlog_plan plan;

	enum hm_status st = hm_tlog_plan_inclusion(index, size, &plan, err);
	return st == HM_OK ? read_plan(reader, &plan, ret_path, err) : st;
}

enum hm_status hm_tlog_make_consistency(const struct hm_tlog_reader *reader, uint64_t old_size, uint64_t size,
					struct hm_tlog_path *ret_path, struct hm_err *err)
{
	struct hm_tlog_plan plan;

	enum hm_status st = hm_tlog_plan_consistency(old_size, size, &plan, err);
	return st == HM_OK ? read_plan(reader, &plan, ret_path, err) : st;
}

/* Hash the last two of the stack into one. */
static enum hm_status fold(struct hm_hash *stack, size_t *depth, struct hm_err *err)
{
	struct hm_hash *left = &stack[*depth - 2];

	(*depth)--;
	return hm_tlog_node_hash(left, left + 1, left, err);
}

enum hm_status hm_tlog_root(const struct hm_hash *leaves, size_t count, struct hm_hash *ret_root, struct hm_err *err)
{
	struct hm_hash stack[HM_TLOG_MAX_PATH];
	size_t depth = 0;
	enum hm_status st = HM_OK;

	if (count == 0)
		return hm_crypto_sha256(NULL, 0, ret_root, err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		/* the stack holds one root for each bit of i, and takes the next leaf as adding one does: with carries
		 */
		stack[depth++] = leaves[i];
		for (size_t n = i; (n & 1) && st == HM_OK; n >>= 1)
			st = fold(stack, &depth, err);
	}
	while (depth > 1 && st == HM_OK)
		st = fold(stack, &depth, err);
	if (st == HM_OK)
		*ret_root = stack[0];
	return st;
}
