/*
 * What a command is: its name, its options as a table, and a function. Parsing, help, completion, manual pages and the
 * documentation are all made from these tables.
 *
 * Layer 13. Tables are constant; a struct hm_cli is one invocation's.
 */
#ifndef HM_CLI_CMD_H
#define HM_CLI_CMD_H

#include "base/buf.h"
#include "base/effects.h"
#include "base/err.h"
#include "base/strv.h"
#include "data/json_write.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum hm_opt_kind {
	HM_OPT_FLAG,   /* bool: --name, --name=false */
	HM_OPT_TEXT,   /* const char *, borrowed from the arguments or the environment; the last one wins */
	HM_OPT_LIST,   /* struct hm_strv: may be given many times */
	HM_OPT_NUMBER, /* uint64_t */
	HM_OPT_CHOICE, /* unsigned: position in choices */
};

struct hm_opt {
	const char *name; /* without the dashes */
	char letter;      /* of -x, 0 for none */
	enum hm_opt_kind kind;
	size_t offset;              /* of the field in the command's options */
	const char *arg;            /* what stands for the value in the help: "FILE" */
	const char *help;           /* one sentence without a full stop */
	const char *const *choices; /* ends in NULL */
	const char *env;            /* variable that is used where the option is not given */
	bool is_on; /* of a flag: it is on unless --name=false, and its field says that it is off, so that 0 is the
		       default */
};

/* Which meaning its exit codes have. */
enum hm_exits {
	HM_EXITS_HALLMARK, /* 0 done, 1 refused, 2 usage, 3 malformed or over a limit, 4 environment, 70 our mistake */
	HM_EXITS_COSIGN,   /* 0 done, 1 anything else */
};

/* One invocation: what reaches into the world. */
struct hm_cli {
	const struct hm_effects *fx;
	FILE *out;            /* results */
	FILE *log;            /* diagnostics and progress */
	bool json;            /* --output json */
	bool has_answered;    /* set by a command whose JSON says already what failed: no error's document follows it */
	struct hm_buf output; /* of what failed, the last lines, for the error as JSON; each with a line end */
	struct hm_strv notes; /* what a command says besides its error, should it fail; a line each */
	const struct hm_cmd *const *all; /* the commands that this program has; ends in NULL */
	const char *program;             /* absolute path of this executable */
};

struct hm_cmd {
	const char *name;    /* one word or two: "verify-blob", "mod verify" */
	const char *summary; /* one line without a full stop */
	const char *args;    /* "FILE", "[PACKAGE]" or "" */
	const char *about;   /* paragraphs */
	const char *example; /* lines, each a command or what it prints */
	const struct hm_opt *opts;
	size_t opts_count, opts_size; /* opts_size: bytes of the struct that offsets refer to */
	/*
	 * Options of the peer's command, and of later versions, that are refused by name rather than as unknown; ends
	 * in NULL. A single letter is -x. NULL: none.
	 */
	const char *const *later;
	size_t min_args, max_args;
	enum hm_exits exits;
	bool is_hidden; /* not in lists: asked by programs, not by people */

	/*
	 * Shape   opts: the filled-in struct; all that was not given is 0. args: count of them and a NULL.
	 * Owns    borrows all for the call
	 */
	enum hm_status (*run)(struct hm_cli *cli, const void *opts, char *const *args, size_t args_count,
			      struct hm_err *err);
};

#define HM_CMD_OPTS(table, type)                                                                                       \
	.opts = (table), .opts_count = sizeof(table) / sizeof((table)[0]), .opts_size = sizeof(type)

/*
 * Run the program: find the command, parse its options, run it, print the error if there is one.
 *
 * Shape   commands: ends in NULL. elsewhere: called for a command that is not among them, with the arguments as they
 *         came; it does not return when it could run it.
 * Owns    borrows everything
 * Errors  the process's exit code
 */
typedef enum hm_status (*hm_cli_elsewhere)(const char *program, char **argv, struct hm_err *err);

int hm_cli_main(const struct hm_cmd *const *commands, hm_cli_elsewhere elsewhere, int argc, char **argv);

/*
 * Parse what stands behind a command's name.
 *
 * Shape   argv: ends in NULL. Options may stand between the arguments; "--" ends them. opts: opts_size bytes of zeros.
 *         ret_args: the arguments that are no options, in their order. ret_common: --help and --output, which every
 *         command has, unless it has an option of that name itself.
 * Owns    opts' texts point into argv and the environment; its lists are the caller's, for hm_cli_opts_done()
 * Errors  HM_EINVAL usage: unknown option, value missing or not of its kind, too few or too many arguments; HM_ENOMEM
 */
struct hm_cli_common {
	bool help, json;
};

enum hm_status hm_cli_parse(const struct hm_cmd *cmd, char *const *argv, void *opts, struct hm_strv *ret_args,
			    struct hm_cli_common *ret_common, struct hm_err *err) HM_MUST;

void hm_cli_opts_done(const struct hm_cmd *cmd, void *opts);

/* The exit code that a status has. */
int hm_cli_exit_code(enum hm_exits exits, enum hm_status st);

/* Find a command by one word or two; ret_words says how many were its name. NULL: there is none. */
const struct hm_cmd *hm_cli_find(const struct hm_cmd *const *commands, char *const *words, size_t *ret_words);

/*
 * Print what a command answers: JSON as it is, other text with what could drive a terminal made visible.
 *
 * Errors  HM_EIO file.io: it could not be written, to its last byte
 */
enum hm_status hm_cli_print(struct hm_cli *cli, const struct hm_buf *text, struct hm_err *err) HM_MUST;

/* Print a JSON document as a line. Shape: text: what w wrote. Errors: HM_EPARSE json.encoding; HM_ENOMEM; HM_ELIMIT. */
enum hm_status hm_cli_print_json(struct hm_cli *cli, const struct hm_json_writer *w, const struct hm_buf *text,
				 struct hm_err *err) HM_MUST;

/* Print text with what could drive a terminal (control and invalid bytes) made visible. */
void hm_cli_print_clean(FILE *f, const char *text);

#endif
