/*
 * The file that a command is about: a path, or "-" for standard input.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_ARTIFACT_H
#define HM_CLI_ARTIFACT_H

#include "sigstore/artifact.h"

/*
 * Open it.
 *
 * Owns    ret_file is the caller's, for hm_artifact_file_done(); borrows name
 * Errors  as hm_artifact_file_open()
 */
enum hm_status hm_cli_artifact_open(const char *name, struct hm_artifact_file *ret_file, struct hm_err *err) HM_MUST;

#endif
