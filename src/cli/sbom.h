/*
 * What both commands that write an SBOM say in it.
 *
 * Layer 13.
 */
#ifndef HM_CLI_SBOM_H
#define HM_CLI_SBOM_H

#include "base/err.h"

#include <stdint.h>

/* "hallmark-0.1.0". */
const char *hm_cli_sbom_tool(void);

/*
 * SOURCE_DATE_EPOCH, or the epoch where it is not set.
 *
 * Errors  HM_EINVAL usage: it is no number of seconds
 * Source  reproducible-builds.org/specs/source-date-epoch
 */
enum hm_status hm_cli_sbom_time(int64_t *ret_time_s, struct hm_err *err) HM_MUST;

#endif
