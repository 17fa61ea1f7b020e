#include "tlog/checkpoint.h"

#include "base/encode.h"
#include "base/own.h"
#include "base/plant.h"

#include <inttypes.h>

/* One line off the front, which must be there and not empty. */
static bool take_line(struct hm_str *rest, struct hm_str *ret_line)
{
	return hm_str_cut(*rest, '\n', ret_line, rest) && ret_line->len > 0;
}

/* Nothing, or lines that are not empty. */
static bool are_extensions(struct hm_str lines)
{
	struct hm_str line;

	while (lines.len > 0) {
		if (!take_line(&lines, &line))
			return false;
	}
	return true;
}

enum hm_status hm_tlog_checkpoint_parse(struct hm_str text, struct hm_tlog_checkpoint *ret_checkpoint,
					struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf root = hm_buf_init(HM_HASH_LEN);
	struct hm_tlog_checkpoint c;
	struct hm_str size, hash;

	/* C2SP tlog-checkpoint, Note text, lines 1 to 3 */
	if (!take_line(&text, &c.origin))
		return hm_fail(err, HM_R_TLOG_CHECKPOINT, "a checkpoint has no origin");
	if (!take_line(&text, &size) || !hm_str_to_u64(size, &c.head.size))
		return hm_fail(err, HM_R_TLOG_CHECKPOINT, "a checkpoint's second line is no tree size");
	if (!take_line(&text, &hash))
		return hm_fail(err, HM_R_TLOG_CHECKPOINT, "a checkpoint has no root hash");
	enum hm_status st = hm_base64_decode(&root, HM_BASE64_STD, hash, err);
	if (st == HM_ENOMEM)
		return st;
	if (st != HM_OK || root.len != HM_HASH_LEN)
		return hm_fail(err, HM_R_TLOG_CHECKPOINT, "a checkpoint's third line is not the Base64 of %d bytes",
			       HM_HASH_LEN);
	memcpy(c.head.root.b, root.ptr, HM_HASH_LEN);
	/* 4: opaque lines that are not empty */
	HM_PLANT(c.head.size == 7 && text.len > 0);
	if (!are_extensions(text))
		return hm_fail(err, HM_R_TLOG_CHECKPOINT, "a checkpoint has an empty extension line");
	c.extensions = text;
	*ret_checkpoint = c;
	return HM_OK;
}

enum hm_status hm_tlog_checkpoint_verify(struct hm_str note, struct hm_str origin,
					 const struct hm_tlog_verifier *verifiers, size_t count,
					 struct hm_tlog_verified_checkpoint *ret_checkpoint, struct hm_err *err)
{
	struct hm_tlog_verified_checkpoint checkpoint;
	struct hm_tlog_verified_note verified;
	struct hm_tlog_note parsed;

	/* Its form first, for a better reason than that the signature does not fit; nothing of it is used before it
	 * does. */
	enum hm_status st = hm_tlog_note_parse(note, &parsed, err);
	if (st == HM_OK)
		st = hm_tlog_checkpoint_parse(parsed.text, &checkpoint.is, err);
	if (st == HM_OK)
		st = hm_tlog_note_verify(&parsed, verifiers, count, &verified, err);
	if (st != HM_OK)
		return st;
	if (origin.len > 0 && !hm_str_eq(checkpoint.is.origin, origin))
		return hm_fail(err, HM_R_TLOG_ORIGIN, "a checkpoint of '%.*s', not of '%.*s'",
			       HM_STR_ARG(checkpoint.is.origin), HM_STR_ARG(origin));
	checkpoint.by = verified.by;
	*ret_checkpoint = checkpoint;
	return HM_OK;
}

enum hm_status hm_tlog_checkpoint_encode(const struct hm_tlog_checkpoint *checkpoint, struct hm_buf *buf,
					 struct hm_err *err)
{
	if (checkpoint->origin.len == 0 || hm_str_find_char(checkpoint->origin, '\n') >= 0 ||
	    !are_extensions(checkpoint->extensions))
		return hm_fail(err, HM_R_USAGE, "an origin or extension lines that a checkpoint cannot hold");
	hm_buf_add_str(buf, checkpoint->origin);
	hm_buf_addf(buf, "\n%" PRIu64 "\n", checkpoint->head.size);
	hm_base64_encode(buf, HM_BASE64_STD, checkpoint->head.root.b, HM_HASH_LEN);
	hm_buf_add_char(buf, '\n');
	hm_buf_add_str(buf, checkpoint->extensions);
	return HM_OK;
}
