/*
 * Names of keys that are no files: cosign's, in clouds, clusters and on tokens.
 *
 * By itself, because the small executable verifies and has nothing that reads private keys.
 *
 * Layer 13. Pure; any thread.
 */
#ifndef HM_CLI_KEY_ELSEWHERE_H
#define HM_CLI_KEY_ELSEWHERE_H

/* What cosign would take a name for: "a key in AWS KMS". NULL: a file, or env://NAME. */
const char *hm_cli_key_elsewhere(const char *name);

#endif
