/*
 * What the tests of tlog share: leaves, and a tree over them by the definition itself, so that everything else has
 * another road to be compared with.
 */
#ifndef HM_TESTS_UNIT_TLOG_TREE_H
#define HM_TESTS_UNIT_TLOG_TREE_H

#include "unit.h"

#include "tlog/proof.h"

/* The i-th of any number of leaves. */
static inline struct hm_hash leaf_at(uint64_t i)
{
	struct hm_hash hash;
	struct hm_err err;

	assert_ok(hm_tlog_leaf_hash(hm_str_of(&i, sizeof(i)), &hash, &err), &err);
	return hash;
}

/* RFC 9162 2.1.1 as it is written there. */
static inline struct hm_hash tree_hash(const struct hm_hash *leaves, uint64_t count)
{
	struct hm_hash out;
	struct hm_err err;

	if (count == 0) {
		assert_ok(hm_crypto_sha256_of(HM_STR(""), &out, &err), &err);
		return out;
	}
	if (count == 1)
		return leaves[0];

	uint64_t k = 1;
	while (k * 2 < count)
		k *= 2;
	uint8_t both[1 + 2 * HM_HASH_LEN] = { 0x01 };
	struct hm_hash left = tree_hash(leaves, k), right = tree_hash(leaves + k, count - k);
	memcpy(both + 1, left.b, HM_HASH_LEN);
	memcpy(both + 1 + HM_HASH_LEN, right.b, HM_HASH_LEN);
	assert_ok(hm_crypto_sha256_of(hm_str_of(both, sizeof(both)), &out, &err), &err);
	return out;
}

/* For struct hm_tlog_reader: ctx is an array of leaves. */
static inline enum hm_status read_leaves(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash,
					 struct hm_err *err)
{
	const struct hm_hash *leaves = ctx;

	(void)err;
	*ret_hash = tree_hash(leaves + (index << level), UINT64_C(1) << level);
	return HM_OK;
}

#endif
