/*
 * The lines of go.mod and go.work, before they mean anything: tokens, blocks and the comments that belong to them.
 *
 * Layer 6. Pure; any thread. Inside this module only.
 */
#ifndef HM_GOLANG_MODLEX_H
#define HM_GOLANG_MODLEX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_golang_words {
	struct hm_str *v;
	size_t count, cap;
};

struct hm_golang_modline {
	struct hm_str verb;
	struct hm_golang_words words;  /* without the verb; punctuation is a word, quoted strings have their quotes */
	struct hm_golang_words before; /* whole-line comments above it, with "//"; an empty one for blank lines */
	struct hm_str suffix;          /* the comment behind it, with "//"; a NULL pointer where there is none */
	uint32_t row, col;
};

struct hm_golang_modlines {
	void *ctx;

	/*
	 * A block begins. Shape: block->words: what stands between the verb and "("; ret_wanted: false passes over the
	 * block's lines.
	 */
	enum hm_status (*begin_block)(void *ctx, const struct hm_golang_modline *block, bool *ret_wanted,
				      struct hm_err *err);
	/* A line, in the block (NULL: none) that is open. Its verb is the block's. */
	enum hm_status (*line)(void *ctx, const struct hm_golang_modline *line, const struct hm_golang_modline *block,
			       struct hm_err *err);
};

/*
 * Read all lines.
 *
 * Owns    what the functions are given is borrowed for the call; its text is a view of text
 * Errors  HM_EPARSE golang.mod-file with its place; HM_ENOMEM; what the functions return
 * Source  go.dev/ref/mod#go-mod-file-lexical
 */
enum hm_status hm_golang_modlines_read(struct hm_str text, const char *name, const struct hm_golang_modlines *lines,
				       struct hm_err *err) HM_MUST;

#endif
