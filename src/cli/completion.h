/*
 * Scripts that teach a shell the commands and options, printed from the commands' tables.
 *
 * Layer 13. Prints to f and keeps nothing.
 */
#ifndef HM_CLI_COMPLETION_H
#define HM_CLI_COMPLETION_H

#include "cli/cmd.h"

/*
 * Print one for bash, zsh or fish.
 *
 * Shape   commands: ends in NULL.
 * Errors  false for another shell
 */
bool hm_completion_print(const struct hm_cmd *const *commands, const char *shell, FILE *f);

#endif
