/*
 * The trust root that a command verifies with: the one that was named, else the public-good instance's, which is built
 * in. It is never looked for beside an artifact.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_TRUST_ROOT_H
#define HM_CLI_TRUST_ROOT_H

#include "cli/cmd.h"
#include "sigstore/trust.h"

struct hm_cli_trust {
	struct hm_trust *trust; /* owned */
	char *name;             /* for people, owned: a path in quotes, or words */
};

/*
 * Open a trust root. Which one it is goes into the notes of cli, and where the one is that local runs made, if it is
 * there and is another.
 *
 * Shape   path: NULL for the public-good instance's.
 * Owns    ret_trust is the caller's, for hm_cli_trust_done()
 * Errors  HM_EINVAL trust.none: none was named and none is built in; as hm_file_read() and hm_trust_parse()
 */
enum hm_status hm_cli_trust_open(struct hm_cli *cli, const char *path, struct hm_cli_trust *ret_trust,
				 struct hm_err *err) HM_MUST;

/* One that trusts nobody: for a key that is given with the command. */
enum hm_status hm_cli_trust_nobody(struct hm_cli_trust *ret_trust, struct hm_err *err) HM_MUST;

void hm_cli_trust_done(struct hm_cli_trust *trust);

/* The public-good instance's, as it was built in; empty where it was not. */
extern const unsigned char hm_cli_public_good_root[];
extern const size_t hm_cli_public_good_root_len;

#endif
