/*
 * Signed notes: text with the signatures of those who stand behind it.
 *
 * A parsed note is a claim. Its text may be used only as struct hm_tlog_verified_note, which hm_tlog_note_verify()
 * alone makes.
 *
 * Not here: what the text says (checkpoint.h), whose keys are trusted (sigstore, golang).
 * Layer 5. Pure: no I/O, no clock; signing takes OpenSSL's random numbers. Any thread.
 * Source: C2SP signed-note, tlog-cosignature
 */
#ifndef HM_TLOG_NOTE_H
#define HM_TLOG_NOTE_H

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/key.h"

#include <stddef.h>
#include <stdint.h>

/* Signature types, as they stand in the hash that names a key and in front of a key's bytes. */
enum hm_tlog_sig_type {
	HM_TLOG_ED25519 = 0x01,
	HM_TLOG_ECDSA = 0x02,       /* with SHA-256 on every curve; the key's id is that of its SubjectPublicKeyInfo */
	HM_TLOG_COSIGNATURE = 0x04, /* a witness's Ed25519 signature over a time and the text */
	HM_TLOG_RSA = 0xff,         /* PKCS #1 v1.5 with SHA-256, "PKIX-RSA-PKCS#1v1.5" as Rekor names it */
};

/* A signature line, not checked. */
struct hm_tlog_note_sig {
	struct hm_str name;   /* of the key */
	uint32_t id;          /* of the key: the signature's first four bytes */
	struct hm_str base64; /* of those four bytes and the signature itself */
};

/* A note, not checked; all views borrow from its bytes. */
struct hm_tlog_note {
	struct hm_str text; /* with its last newline, without the blank line after it */
	struct hm_tlog_note_sig sig[HM_MAX_NOTE_SIGNATURES];
	size_t count; /* at least 1 */
};

/*
 * Take a note apart.
 *
 * Owns    ret_note borrows from note
 * Errors  HM_EPARSE tlog.note: not UTF-8, a control character, no blank line, no or a malformed signature line
 *         HM_ELIMIT limit: over HM_MAX_NOTE bytes or HM_MAX_NOTE_SIGNATURES lines
 * Source  C2SP signed-note, Format
 */
enum hm_status hm_tlog_note_parse(struct hm_str note, struct hm_tlog_note *ret_note, struct hm_err *err) HM_MUST;

/* A key whose signatures count, under the name that it signs with. */
struct hm_tlog_verifier {
	char *name; /* owned */
	enum hm_tlog_sig_type type;
	uint32_t id;
	struct hm_key key; /* owned */
};

/*
 * What names a key in a signature line is the first four bytes of this; Rekor v2 calls all of it the log's id.
 *
 * Errors  HM_ENOMEM
 * Source  C2SP signed-note, Signatures; for RSA sigstore/rekor-tiles
 */
enum hm_status hm_tlog_key_id(struct hm_str name, enum hm_tlog_sig_type type, const struct hm_key *key,
			      struct hm_hash *ret_id, struct hm_err *err) HM_MUST;

/* How a key signs notes unless it is a witness. */
enum hm_tlog_sig_type hm_tlog_sig_type_of(const struct hm_key *key);

/*
 * Make a verifier of a key that is known.
 *
 * Shape   type: one that fits the key's kind.
 * Owns    ret_verifier is the caller's, for hm_tlog_verifier_done(); keeps a copy of name and key
 * Errors  HM_EPARSE tlog.key: a name that a signature line cannot hold, or type does not fit; HM_ENOMEM
 */
enum hm_status hm_tlog_verifier_init(struct hm_str name, enum hm_tlog_sig_type type, const struct hm_key *key,
				     struct hm_tlog_verifier *ret_verifier, struct hm_err *err) HM_MUST;

/*
 * Read a verifier from its text, "NAME+HASH+BASE64", as Go's sum database and tlog witnesses publish it.
 *
 * Owns    ret_verifier is the caller's, for hm_tlog_verifier_done()
 * Errors  HM_EPARSE tlog.key: malformed, an unknown type, or HASH is not that of the key; key.format; HM_ENOMEM
 * Source  golang.org/x/mod/sumdb/note; C2SP tlog-cosignature for type 0x04
 */
enum hm_status hm_tlog_verifier_parse(struct hm_str text, struct hm_tlog_verifier *ret_verifier,
				      struct hm_err *err) HM_MUST;

/* Add that text. */
void hm_tlog_verifier_encode(const struct hm_tlog_verifier *verifier, struct hm_buf *buf);

void hm_tlog_verifier_done(struct hm_tlog_verifier *verifier);

/* A note whose text one of the keys signed. */
struct hm_tlog_verified_note {
	struct hm_str text;                /* borrowed from the note's bytes */
	const struct hm_tlog_verifier *by; /* the first of the verifiers whose signature was found and good; borrowed */
	uint64_t cosigned_s;               /* when `by` is a witness: the time it states; else 0 */
};

/*
 * Check that one of some keys signed a note. Lines of other keys, witnesses among them, are passed over, wherever they
 * stand; a line under the name and id of one of the keys must be good, or the note is refused.
 *
 * Shape   verifiers: count of them. One signature is enough: whoever needs several asks several times.
 * Owns    ret_verified borrows from note's bytes and from verifiers
 * Errors  HM_EVERIFY tlog.unsigned: no line is by any of the keys
 *         HM_EVERIFY tlog.signature: a line is under a known name and id and its signature is not good
 *         HM_ENOMEM
 * Source  C2SP signed-note, Signatures
 */
enum hm_status hm_tlog_note_verify(const struct hm_tlog_note *note, const struct hm_tlog_verifier *verifiers,
				   size_t count, struct hm_tlog_verified_note *ret_verified,
				   struct hm_err *err) HM_MUST;

/*
 * Sign a text and write the note.
 *
 * Shape   text: UTF-8 with no control character but newlines, and one at its end. name: of the key.
 *         note: the note is added to it. What fails in it sticks there.
 * Errors  HM_EINVAL usage: text or name is not like that; what signing returns
 */
enum hm_status hm_tlog_note_sign(struct hm_str text, struct hm_str name, const struct hm_signer *signer,
				 struct hm_buf *note, struct hm_err *err) HM_MUST;

/* Add one more signature line over the same text to a note. Errors: as hm_tlog_note_sign(). */
enum hm_status hm_tlog_note_add_sig(struct hm_str text, struct hm_str name, const struct hm_signer *signer,
				    struct hm_buf *note, struct hm_err *err) HM_MUST;

#endif
