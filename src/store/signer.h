/*
 * A service's private key in its data directory: made at first use, and read ever after.
 *
 * The file is PKCS #8 in PEM, for its owner alone. It appears whole or not at all, and as the directory's lock is held
 * while it is made, two processes that start at once get the same key.
 *
 * Not here: keys that a password protects (crypto/keyfile.h), certificates (the services).
 * Layer 5. Any thread.
 */
#ifndef HM_STORE_SIGNER_H
#define HM_STORE_SIGNER_H

#include "crypto/key.h"
#include "store/datadir.h"

/*
 * Read a key.
 *
 * Shape   name: of the file in the directory, such as "key.pem".
 * Owns    ret_signer is the caller's, for hm_signer_done()
 * Errors  HM_ENOTFOUND; HM_EVERIFY store.key-mode: others than its owner may read or write it;
 *         as hm_signer_parse_text(); HM_EIO; HM_ENOMEM
 */
enum hm_status hm_datadir_load_signer(const struct hm_datadir *dir, const char *name, struct hm_signer *ret_signer,
				      struct hm_err *err) HM_MUST;

/*
 * Read a key; make it where it is missing.
 *
 * Shape   dir: opened to write. kind: of a new key, not RSA; a key that is there must be of it too.
 * Errors  as hm_datadir_load_signer(); HM_EPARSE key.details: it is there and of another kind; HM_EIO random;
 *         HM_EBUG: the directory is not locked
 */
enum hm_status hm_datadir_make_signer(const struct hm_datadir *dir, const char *name, enum hm_key_kind kind,
				      struct hm_signer *ret_signer, struct hm_err *err) HM_MUST;

#endif
