/*
 * The private key that somebody signs with, from where the command line says that it is.
 *
 * Layer 13. One thread: a password may be asked for.
 */
#ifndef HM_CLI_SIGN_KEY_H
#define HM_CLI_SIGN_KEY_H

#include "base/err.h"
#include "crypto/key.h"

/*
 * Read a private key.
 *
 * Shape   key: a file's path, "env://NAME" for a variable that holds the key's text, or the text itself, which begins
 *         with "-----BEGIN". The text is PEM: cosign's encrypted form, or a plain PKCS #8, EC or RSA key. The password
 *         is that of the variable COSIGN_PASSWORD, else it is asked for on the terminal.
 * Owns    ret_signer is the caller's, for hm_signer_done()
 * Errors  HM_EINVAL usage: no such variable, or neither password nor terminal; unsupported: a key that is elsewhere
 *         HM_ENOTFOUND; HM_EIO; HM_EPARSE pem, key.format, keyfile.format; HM_EVERIFY keyfile.password, key.weak;
 *         HM_ENOMEM. No error holds a part of the key.
 */
enum hm_status hm_cli_sign_key_open(const char *key, struct hm_signer *ret_signer, struct hm_err *err) HM_MUST;

#endif
