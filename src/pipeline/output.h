/*
 * What a step prints: secrets taken out, kept in its log, cut into lines, the last of them remembered.
 *
 * Layer 9, inside pipeline. One thread at a time.
 */
#ifndef HM_PIPELINE_OUTPUT_H
#define HM_PIPELINE_OUTPUT_H

#include "base/limits.h"
#include "pipeline/mask.h"

#include <stdint.h>

typedef void (*hm_output_fn)(void *ctx, struct hm_str line);

struct hm_output {
	struct hm_masker masker;
	struct hm_buf chunk, line;
	struct hm_buf tail[HM_PIPELINE_TAIL_LINES]; /* a ring: lines % HM_PIPELINE_TAIL_LINES is the oldest */
	uint64_t lines;
	uint64_t logged;
	uint64_t max_log;
	bool is_cut;
	int log;          /* borrowed */
	const char *name; /* of the log, for errors */
	hm_output_fn on_line;
	void *ctx;
};

/* Owns: borrows mask, log, name. */
struct hm_output hm_output_init(const struct hm_mask *mask, int log, const char *name);
void hm_output_done(struct hm_output *out);

/* Errors: HM_EIO file.io, file.no-space: the log; HM_ENOMEM */
enum hm_status hm_output_add(struct hm_output *out, struct hm_str bytes, struct hm_err *err) HM_MUST;

/* Nothing more comes: the last line too, if it has no end. */
enum hm_status hm_output_end(struct hm_output *out, struct hm_err *err) HM_MUST;

/* The last lines, each with a line end. Errors stick in ret_text. */
void hm_output_tail(const struct hm_output *out, struct hm_buf *ret_text);

#endif
