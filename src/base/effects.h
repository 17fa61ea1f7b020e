/*
 * What reaches into the world from pure code: the clock and random numbers, as one struct of functions.
 *
 * Whoever needs one of them takes a `const struct hm_effects *`; the command line passes the system's, a test its own,
 * and the same inputs then give the same bytes. The network comes in the same way, through http's struct hm_transport.
 *
 * Layer 1. The system's effects may be used by any thread.
 */
#ifndef HM_BASE_EFFECTS_H
#define HM_BASE_EFFECTS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct hm_effects {
	void *ctx;
	int64_t (*now_ns)(void *ctx); /* nanoseconds since 1970 */
	enum hm_status (*random)(void *ctx, void *ret_bytes, size_t len, struct hm_err *err);
};

/* The real clock and the operating system's random numbers. */
const struct hm_effects *hm_effects_system(void);

int64_t hm_now_ns(const struct hm_effects *fx);
int64_t hm_now_s(const struct hm_effects *fx);

/*
 * Random bytes, good enough for keys.
 *
 * Errors  HM_EIO random
 */
enum hm_status hm_random(const struct hm_effects *fx, void *ret_bytes, size_t len, struct hm_err *err) HM_MUST;

/* A clock that only goes forward, for measuring; not for dates. */
int64_t hm_monotonic_ns(void);

#endif
