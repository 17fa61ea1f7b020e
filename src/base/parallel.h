/*
 * The same work on many things, on as many threads as there are processors.
 *
 * Layer 1.
 */
#ifndef HM_BASE_PARALLEL_H
#define HM_BASE_PARALLEL_H

#include "base/err.h"

#include <stddef.h>

/* Work on the i-th thing; called by several threads at once, each i once. */
typedef enum hm_status (*hm_parallel_fn)(void *ctx, size_t i, struct hm_err *err);

/*
 * Do the work for 0 … count - 1. After a failure no further one is begun.
 *
 * Shape   threads: at most; 0: one a processor. With one thread, or where none can be started, the caller's does it
 * all. Errors  the failure of the smallest i among those that ran
 */
enum hm_status hm_parallel(size_t threads, size_t count, hm_parallel_fn work, void *ctx, struct hm_err *err) HM_MUST;

#endif
