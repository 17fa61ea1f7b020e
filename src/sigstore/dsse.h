/*
 * DSSE: a payload with its type, and the signature over both.
 *
 * Not here: what the payload says (statement.h), whether the signature is good (verify.h).
 * Layer 7. Pure; any thread.
 * Source  secure-systems-lab/dsse, protocol.md and envelope.md
 */
#ifndef HM_SIGSTORE_DSSE_H
#define HM_SIGSTORE_DSSE_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "data/decode.h"
#include "data/json_write.h"

/* What in-toto statements are signed as. */
#define HM_DSSE_IN_TOTO HM_STR("application/vnd.in-toto+json")

/* An envelope with its one signature: Sigstore has no others. */
struct hm_dsse {
	struct hm_str payload_type;
	struct hm_str payload;
	struct hm_str signature;
	struct hm_str keyid; /* nobody vouches for it */
};

/* The pre-authentication encoding, which is what is signed, in parts that borrow: no copy of the payload is made. */
#define HM_PAE_PARTS 4
struct hm_pae {
	char head[32], middle[32]; /* two words and a number of 64 bits; a number and two blanks */
	struct hm_part parts[HM_PAE_PARTS];
};

/*
 * "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, LEN being decimal.
 *
 * Owns    ret_pae's parts borrow from itself and from type and payload: it may not be copied
 */
void hm_pae_init(struct hm_str type, struct hm_str payload, struct hm_pae *ret_pae);

/* Add it in one piece. */
void hm_pae_encode(struct hm_str type, struct hm_str payload, struct hm_buf *buf);

/*
 * Read an envelope that stands alone.
 *
 * Owns    ret_dsse's views lie in the arena; keeps nothing of text
 * Errors  HM_EPARSE json.…, data.…; bundle.signatures: not exactly one; HM_ELIMIT: over HM_MAX_BUNDLE; HM_ENOMEM
 */
enum hm_status hm_dsse_parse(struct hm_str text, struct hm_arena *arena, struct hm_dsse *ret_dsse,
			     struct hm_err *err) HM_MUST;

/* Write it. */
void hm_dsse_write(const struct hm_dsse *dsse, struct hm_json_writer *w);

/* What decodes an envelope, for documents that hold one: into a struct hm_dsse_doc, which hm_dsse_take() checks. */
struct hm_dsse_doc {
	struct hm_str payload_type, payload;
	struct hm_dsse_sig *sigs;
	size_t sigs_count;
};
extern const struct hm_json_table hm_dsse_table;
enum hm_status hm_dsse_take(const struct hm_dsse_doc *doc, struct hm_dsse *ret_dsse, struct hm_err *err) HM_MUST;

#endif
