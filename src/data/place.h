/*
 * Where the values of a tree stood in the text that it was read from, kept beside the tree for those who complain about
 * its content afterwards.
 *
 * Layer 2. Read by any number of threads once it is made.
 */
#ifndef HM_DATA_PLACE_H
#define HM_DATA_PLACE_H

#include "data/value.h"

struct hm_place {
	const struct hm_value *value; /* by its address in the tree; NULL for a root that its owner keeps elsewhere */
	uint32_t row, col;            /* 1-based; col in characters */
};

struct hm_places {
	struct hm_place *place; /* by address; allocated by hm_malloc() */
	size_t count, cap;
};

void hm_places_done(struct hm_places *places);

/* Where a value or a key stood; false when it is in no such tree. It must be the one in the tree, not a copy. */
bool hm_places_find(const struct hm_places *places, const struct hm_value *v, uint32_t *ret_row, uint32_t *ret_col);

/*
 * Refuse a value: place and path are added as far as they are known.
 *
 * Shape   root: the tree, for the path; v: a value or a key in it. places: may be NULL.
 * Errors  returns the status of reason
 */
enum hm_status hm_value_refuse(const struct hm_value *root, const struct hm_value *v, const struct hm_places *places,
			       struct hm_err *err, enum hm_reason reason, const char *fmt, ...) HM_PRINTF(6, 7) HM_MUST;

#endif
