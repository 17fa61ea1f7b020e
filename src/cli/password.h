/*
 * Passwords of private keys, from where cosign takes them.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_PASSWORD_H
#define HM_CLI_PASSWORD_H

#include "base/secret.h"
#include "cli/cmd.h"

#include <stdbool.h>

/*
 * Get the password: COSIGN_PASSWORD, also where it is empty; else from the terminal, not shown; else all that standard
 * input holds, a line end at its end too, as cosign has it.
 *
 * Shape   is_new: of a key that is being made: the terminal asks twice. is_stdin_taken: standard input is the artifact.
 * Owns    ret_password is the caller's, for hm_secret_done()
 * Errors  HM_EINVAL usage: the two differ; nothing can be asked; HM_EIO interrupted; file.io; HM_ELIMIT: over
 *         HM_MAX_PASSWORD; HM_ENOMEM
 */
enum hm_status hm_cli_password(struct hm_cli *cli, bool is_new, bool is_stdin_taken, struct hm_secret *ret_password,
			       struct hm_err *err) HM_MUST;

/*
 * Ask a question that is answered with y or n.
 *
 * Errors  HM_ECONFLICT file.exists: no, or nobody is there to answer; refusal is its text
 */
enum hm_status hm_cli_confirm(struct hm_cli *cli, const char *question, const char *refusal,
			      struct hm_err *err) HM_MUST;

#endif
