/*
 * The private key that somebody signs with, from where the command line says that it is.
 *
 * Layer 13. One thread: a password may be asked for.
 */
#ifndef HM_CLI_SIGN_KEY_H
#define HM_CLI_SIGN_KEY_H

#include "cli/cmd.h"
#include "crypto/key.h"

/*
 * Load a private key.
 *
 * Shape   name: a path, or env://NAME of a variable that holds the key. The key is PEM: cosign's encrypted form, whose
 *         password hm_cli_password() gets, or a plain PKCS #8, EC or RSA key. is_stdin_taken: as there.
 * Owns    ret_signer is the caller's, for hm_signer_done()
 * Errors  HM_EINVAL unsupported: a key in a KMS, on a token or in a cluster, by name; usage: no such variable
 *         HM_ENOTFOUND; HM_EIO; HM_EPARSE pem, key.format, keyfile.format; HM_EVERIFY keyfile.password, key.weak;
 *         as hm_cli_password(); HM_ENOMEM. No error holds a part of the key.
 */
enum hm_status hm_cli_key_load(struct hm_cli *cli, const char *name, bool is_stdin_taken, struct hm_signer *ret_signer,
			       struct hm_err *err) HM_MUST;

/* The same of a key's text. */
enum hm_status hm_cli_key_read(struct hm_cli *cli, struct hm_str text, bool is_stdin_taken,
			       struct hm_signer *ret_signer, struct hm_err *err) HM_MUST;

#endif
