/*
 * The CA's own certificate-transparency log: each certificate's promise is made when its entry is in the log, on disk,
 * under a checkpoint that the log signed.
 *
 * An entry is an RFC 6962 MerkleTreeLeaf of a precertificate; entries, tiles and checkpoint lie in a folder as C2SP
 * tlog-tiles has them, so that any RFC 6962 proof can be made from them. The checkpoint is signed as Rekor signs its
 * own (ECDSA over the text), not as a RFC 6962 tree head.
 *
 * Layer 11, inside service/ca. A log is constant once open: any thread. Whoever adds to it holds the CA's directory.
 * Source  RFC 6962, 3.2 and 3.4; C2SP static-ct-api for the leaf's index in a promise
 */
#ifndef HM_SERVICE_CA_CTLOG_H
#define HM_SERVICE_CA_CTLOG_H

#include "crypto/key.h"
#include "http/message.h"
#include "tlog/note.h"

/* "1a2b3c4d.ct.hallmark.localhost": the first four bytes of the key's id. */
#define HM_CTLOG_NAME_LEN 64

struct hm_ctlog {
	char *folder; /* the checkpoint, and tile/… */
	char name[HM_CTLOG_NAME_LEN];
	struct hm_signer signer;
	struct hm_tlog_verifier verifier;
};

/*
 * Open the log of a CA's directory; an empty log is made where there is none.
 *
 * Shape   folder: its place. signer: its key, ECDSA.
 * Owns    takes signer, also when it fails; ret_log is the caller's, for hm_ctlog_done()
 * Errors  HM_EVERIFY ca.state: there are tiles and no checkpoint; as the reading of a checkpoint; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_ctlog_open(const char *folder, struct hm_signer *signer, struct hm_ctlog *ret_log,
			     struct hm_err *err) HM_MUST;

void hm_ctlog_done(struct hm_ctlog *log);

/*
 * Add a precertificate and promise it. The caller holds the directory's lock.
 *
 * Shape   tbs: the TBSCertificate without poison; issuer_spki: SubjectPublicKeyInfo of its issuer. sct: the promise, as
 *         it stands in a list, is added to it.
 * Units   time_ms: milliseconds since 1970.
 * Errors  HM_EVERIFY tlog.tree, tlog.signature: what is on disk was changed; HM_ELIMIT: over HM_TLOG_MAX_ENTRY;
 *         HM_EIO; HM_ENOMEM. Nothing is promised then.
 */
enum hm_status hm_ctlog_add(const struct hm_ctlog *log, struct hm_str tbs, struct hm_str issuer_spki, uint64_t time_ms,
			    struct hm_buf *sct, struct hm_err *err) HM_MUST;

/*
 * Answer with a file of the log: the checkpoint, or a tile that it covers.
 *
 * Shape   path: "checkpoint", "tile/0/000.p/5", "tile/entries/000".
 * Errors  HM_ENOTFOUND http.not-found; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_ctlog_answer(const struct hm_ctlog *log, struct hm_str path, struct hm_http_response *response,
			       struct hm_err *err) HM_MUST;

#endif
