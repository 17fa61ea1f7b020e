/*
 * Which parts of a tree a proof is made of, before any hash is read: shared by proof.c, which reads them, and tile.c,
 * which says which tiles hold them. Internal to tlog.
 *
 * Layer 5. Pure; any thread.
 */
#ifndef HM_TLOG_PLAN_H
#define HM_TLOG_PLAN_H

#include "tlog/proof.h"

/* The leaves from start up to and without end; they are a node of the tree, or its ragged right edge. */
struct hm_tlog_span {
	uint64_t start, end;
};

struct hm_tlog_plan {
	struct hm_tlog_span span[HM_TLOG_MAX_PATH];
	size_t count; /* one hash of the proof each, in its order */
};

enum hm_status hm_tlog_plan_inclusion(uint64_t index, uint64_t size, struct hm_tlog_plan *ret_plan,
				      struct hm_err *err) HM_MUST;
enum hm_status hm_tlog_plan_consistency(uint64_t old_size, uint64_t size, struct hm_tlog_plan *ret_plan,
					struct hm_err *err) HM_MUST;

/*
 * Take the last complete subtree off a span that is not empty.
 *
 * Shape   span: shortened. The node is number ret_index of its level, counted from the tree's left.
 */
void hm_tlog_span_pop(struct hm_tlog_span *span, unsigned *ret_level, uint64_t *ret_index);

#endif
