/* What is accepted is written, and that is accepted too and written the same. */
#ifndef HM_FUZZ_SAME_AGAIN_H
#define HM_FUZZ_SAME_AGAIN_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/own.h"

#include <stdlib.h>

/* Read a text and add what was read as it is written; false where it is refused. */
typedef bool (*rewrite_fn)(struct hm_str text, struct hm_buf *out);

static inline void check_same_again(struct hm_str text, rewrite_fn rewrite)
{
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(16 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf twice = hm_buf_init(16 * HM_MIB);

	if (!rewrite(text, &once))
		return;
	if (!rewrite(hm_buf_str(&once), &twice) || !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)))
		abort();
}

#endif
