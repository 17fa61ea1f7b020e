/*
 * Checkpoints: what a log says about its tree, in a signed note.
 *
 * Not here: whether two checkpoints fit together (proof.h), which log is meant (sigstore).
 * Layer 5. Pure: no I/O, no clock; any thread.
 * Source: C2SP tlog-checkpoint
 */
#ifndef HM_TLOG_CHECKPOINT_H
#define HM_TLOG_CHECKPOINT_H

#include "tlog/note.h"
#include "tlog/proof.h"

/* What a checkpoint's text says; nobody has checked it. All views borrow from the text. */
struct hm_tlog_checkpoint {
	struct hm_str origin; /* which log: a line of its own choice */
	struct hm_tlog_head head;
	struct hm_str extensions; /* the lines after the root, each with its newline; mostly none */
};

/* A checkpoint that a trusted key signed: the only source of a root to check proofs against. */
struct hm_tlog_verified_checkpoint {
	struct hm_tlog_checkpoint is;
	const struct hm_tlog_verifier *by; /* borrowed */
};

/*
 * Read a checkpoint's text: at least the three lines origin, size and root.
 *
 * Owns    ret_checkpoint borrows from text
 * Errors  HM_EPARSE tlog.checkpoint: a line is missing or empty, the size has a leading zero or is no uint64, the root
 *         is not the Base64 of 32 bytes
 * Source  C2SP tlog-checkpoint, Note text
 */
enum hm_status hm_tlog_checkpoint_parse(struct hm_str text, struct hm_tlog_checkpoint *ret_checkpoint,
					struct hm_err *err) HM_MUST;

/*
 * Open a signed checkpoint.
 *
 * Shape   note: the whole signed note. origin: what its first line must be; the empty view takes any, for logs whose
 *         origin the key does not tell, such as Rekor v1's "rekor.sigstore.dev - 2605736670972794746".
 * Owns    ret_checkpoint borrows from note and verifiers
 * Errors  HM_EPARSE tlog.note, tlog.checkpoint; HM_ELIMIT limit
 *         HM_EVERIFY tlog.unsigned, tlog.signature: as hm_tlog_note_verify()
 *         HM_EVERIFY tlog.origin: it is another log's
 *         HM_ENOMEM
 */
enum hm_status hm_tlog_checkpoint_verify(struct hm_str note, struct hm_str origin,
					 const struct hm_tlog_verifier *verifiers, size_t count,
					 struct hm_tlog_verified_checkpoint *ret_checkpoint,
					 struct hm_err *err) HM_MUST;

/*
 * Add a checkpoint's text, ready to be signed with hm_tlog_note_sign(). What fails in buf sticks there.
 *
 * Errors  HM_EINVAL usage: an origin that is empty or has a newline, an extension line that is empty or has none
 */
enum hm_status hm_tlog_checkpoint_encode(const struct hm_tlog_checkpoint *checkpoint, struct hm_buf *buf,
					 struct hm_err *err) HM_MUST;

#endif
