/*
 * The commands, as commands.def lists them.
 *
 * Layer 13.
 */
#ifndef HM_CLI_COMMANDS_H
#define HM_CLI_COMMANDS_H

#include "cli/cmd.h"

#define SMALL(name) extern const struct hm_cmd hm_cmd_##name;
#define FULL(name)  SMALL(name)
#include "cli/commands.def"
#undef SMALL
#undef FULL

#endif
