/*
 * Help, manual pages and the documentation's tables, all from the commands' tables.
 *
 * Layer 13. Each prints to f and keeps nothing.
 */
#ifndef HM_CLI_HELP_H
#define HM_CLI_HELP_H

#include "cli/cmd.h"

/* What "hallmark help" prints. */
void hm_help_all(const struct hm_cmd *const *commands, FILE *f);

/* What "hallmark NAME --help" prints. */
void hm_help_one(const struct hm_cmd *cmd, FILE *f);

/* A manual page for man(7): of one command, or with NULL of the program. */
void hm_help_man(const struct hm_cmd *const *commands, const struct hm_cmd *cmd, FILE *f);

/* A page of docs/commands/. */
void hm_help_markdown(const struct hm_cmd *cmd, FILE *f);

/* docs/commands/README.md: all commands, and the exit codes. */
void hm_help_markdown_index(const struct hm_cmd *const *commands, FILE *f);

/* What the exit codes of a command mean, a row a code; ends in text NULL. */
struct hm_exit_row {
	const char *code, *text;
};
const struct hm_exit_row *hm_help_exits(enum hm_exits exits);

#endif
