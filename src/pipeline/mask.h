/*
 * Taking secrets out of what programs print, across the borders of what is read at a time.
 *
 * Every byte that is part of an occurrence is taken out, overlapping ones together; each run of them becomes "***". A
 * secret of several lines, such as a key in PEM form, is also taken out line by line. What may become a secret with the
 * bytes that come next is held back until they come.
 *
 * Not here: a secret in another form (Base64, quoted). Whoever knows such a form adds it as a secret of its own.
 *
 * Layer 9. A struct hm_mask may be read by many threads; a masker is one stream's.
 */
#ifndef HM_PIPELINE_MASK_H
#define HM_PIPELINE_MASK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct hm_mask {
	struct hm_str *words; /* borrowed texts */
	size_t count, cap;
	bool begins[256]; /* whether a word begins with this byte */
};

/*
 * Owns    the secrets are borrowed as long as the mask is used
 * Errors  HM_ELIMIT pipeline.limit; HM_ENOMEM
 */
enum hm_status hm_mask_init(struct hm_mask *mask, const struct hm_str *secrets, size_t count,
			    struct hm_err *err) HM_MUST;
void hm_mask_done(struct hm_mask *mask);

struct hm_masker {
	const struct hm_mask *mask;
	struct hm_buf held; /* not decided yet */
	size_t covered;     /* of the bytes that come next, those that are part of a secret */
	bool is_inside;     /* the last byte was */
};

struct hm_masker hm_masker_init(const struct hm_mask *mask);

/* Forgets what it holds. */
void hm_masker_done(struct hm_masker *masker);

/*
 * Pass bytes on to out, without the secrets.
 *
 * Shape   is_last: nothing comes behind them, so nothing is held back.
 * Errors  HM_ENOMEM; those of out stick in it
 */
enum hm_status hm_masker_add(struct hm_masker *masker, struct hm_str bytes, bool is_last, struct hm_buf *out,
			     struct hm_err *err) HM_MUST;

/* A whole text, in place; it is cut where it becomes longer. Where memory runs out nothing is left of it. */
void hm_mask_text(const struct hm_mask *mask, char *text, size_t size);

/* The same for all texts of an error. */
void hm_mask_err(const struct hm_mask *mask, struct hm_err *err);

#endif
