/* How a tool says that it failed: "failed CODE: TEXT", which the tests look for. */
#ifndef HM_TESTS_TOOLS_REPORT_H
#define HM_TESTS_TOOLS_REPORT_H

#include "base/err.h"

#include <stdio.h>

/* Returns what main is to return. */
static inline int report(const struct hm_err *err)
{
	char text[1024];

	hm_err_text(err, text, sizeof(text));
	printf("failed %s: %s\n", hm_reason_code(err->reason), text);
	return 1;
}

#endif
