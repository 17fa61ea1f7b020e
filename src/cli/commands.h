/*
 * Every command, and which of the two executables has it. A command's file is cmd_NAME.c.
 *
 * Layer 13.
 */
#ifndef HM_CLI_COMMANDS_H
#define HM_CLI_COMMANDS_H

#include "cli/cmd.h"

/* In `hallmark` itself, which starts in milliseconds and links little. */

/* In `hallmark-full`, besides all of the above. */
extern const struct hm_cmd hm_cmd_build, hm_cmd_completion, hm_cmd_help, hm_cmd_mod_verify, hm_cmd_pages, hm_cmd_sbom,
    hm_cmd_version;

#endif
