/*
 * Making keys: sorting them, finding those that come twice, sharing them. For this module only.
 *
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_KEYS_H
#define HM_DATA_KEYS_H

#include "data/value.h"

/*
 * An index is made for more keys than this, and given up when a key would stand more than so many places from its own:
 * a document that was written to make hashes collide is then searched by order, and never slowly.
 */
enum { hm_keys_unindexed = 64, hm_keys_max_probes = 64 };

/* A hash of bytes. */
uint64_t hm_data_hash(const char *text, size_t len);

/*
 * An order of keys.
 *
 * Shape   at: positions in what was sorted, count of them: in order, of equal keys the last one only.
 *         twice: 1 + position of the first key that is equal to an earlier one, in the order of what was sorted; 0:
 * none.
 */
struct hm_order {
	uint32_t *at;
	uint32_t few[16]; /* at points here for as few */
	uint32_t count, twice;
};

/*
 * Sort keys.
 *
 * Units   count: less than 2^32.
 * Owns    ret_order until hm_order_done(); it may not be moved
 * Errors  false: memory ran out
 */
bool hm_order_make(const struct hm_value *keys, size_t count, struct hm_order *ret_order) HM_MUST;
void hm_order_done(struct hm_order *order);

/* Keys in the arena, by an order; NULL when memory ran out there. */
const struct hm_keys *hm_keys_make(struct hm_arena *arena, const struct hm_value *keys, const struct hm_order *order);

/* Members of given keys, their values taken by an order; NULL when memory ran out there. */
const struct hm_members *hm_members_make(struct hm_arena *arena, const struct hm_keys *keys,
					 const struct hm_value *values, const struct hm_order *order);

/* No keys, no members. */
extern const struct hm_keys hm_keys_none;
extern const struct hm_members hm_members_none;

#endif
