/*
 * A clock that goes forward a second with each look at it, and random numbers that count: the same trace each time.
 */
#ifndef HM_TESTS_TRACE_FIXED_H
#define HM_TESTS_TRACE_FIXED_H

#include "base/effects.h"
#include "base/time.h"

#include <stdbool.h>

struct fixed {
	int64_t now_ns, step_ns;
	uint8_t count;
	bool has_no_random, is_zero;
};

static inline int64_t fixed_now(void *ctx)
{
	struct fixed *f = ctx;

	return f->now_ns += f->step_ns;
}

static inline enum hm_status fixed_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	struct fixed *f = ctx;
	uint8_t *bytes = ret_bytes;

	if (f->has_no_random)
		return hm_fail(err, HM_R_RANDOM, "none left");
	for (size_t i = 0; i < len; i++)
		bytes[i] = 0;
	if (!f->is_zero)
		bytes[len - 1] = ++f->count;
	return HM_OK;
}

#define FIXED(state)                                                                                                   \
	{                                                                                                              \
		&(state), fixed_now, fixed_random                                                                      \
	}

#endif
