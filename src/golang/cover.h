/*
 * Cover profiles: what `go test -coverprofile` writes, and the percentage that `go tool cover -func` prints of it.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_COVER_H
#define HM_GOLANG_COVER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_golang_place {
	uint32_t line, col; /* 1-based; columns in bytes */
};

struct hm_golang_cover_block {
	uint32_t file; /* index of its file */
	struct hm_golang_place start, end;
	uint64_t statements, count; /* count: how often it ran; 1 where the mode is "set" */
};

struct hm_golang_cover_file {
	struct hm_str name;  /* package path and file name */
	size_t first, count; /* its blocks, in the order of their starts */
};

struct hm_golang_cover {
	struct hm_str mode;                 /* "set", "count" or "atomic"; empty for an empty profile */
	struct hm_golang_cover_file *files; /* by name */
	struct hm_golang_cover_block *blocks;
	size_t file_count, block_count;

	size_t file_cap, block_cap;
	struct hm_arena arena; /* holds the names */
};

/*
 * Read a profile. The same block from several test programs is one, which ran as often as in all of them.
 *
 * Shape   name: for errors.
 * Owns    text is borrowed for the call; ret_cover is the caller's, for hm_golang_cover_done()
 * Errors  HM_EPARSE golang.cover: malformed, or one block with two numbers of statements; HM_ELIMIT; HM_ENOMEM
 * Source  golang.org/x/tools/cover ParseProfiles; stricter in that numbers are digits only
 */
enum hm_status hm_golang_cover_parse(struct hm_str text, const char *name, struct hm_golang_cover *ret_cover,
				     struct hm_err *err) HM_MUST;

void hm_golang_cover_done(struct hm_golang_cover *cover);

struct hm_golang_cover_sum {
	uint64_t covered, total; /* statements */
};

/* All blocks of a profile: what `go test -cover` prints. */
struct hm_golang_cover_sum hm_golang_cover_total(const struct hm_golang_cover *cover);

/* Where a function's declaration begins and ends. */
struct hm_golang_func {
	struct hm_golang_place start, end;
};

/*
 * Find the functions that a source file declares, with their bodies; those without one, written in assembly, have no
 * place. Literals inside and outside of functions are none.
 *
 * Shape   text: a file that the compiler has accepted; of any other the answer means nothing.
 * Owns    ret_funcs is the caller's to free
 * Errors  HM_ENOMEM; HM_ELIMIT: over HM_MAX_GO_SOURCE
 * Source  go.dev/ref/spec#Function_declarations, #Semicolons
 */
enum hm_status hm_golang_find_funcs(struct hm_str text, struct hm_golang_func **ret_funcs, size_t *ret_count,
				    struct hm_err *err) HM_MUST;

/*
 * Add up the blocks of one file that lie in its functions. This is what `go tool cover -func` counts, and it is less
 * than the whole where a literal stands outside of every function.
 */
void hm_golang_cover_add_funcs(const struct hm_golang_cover *cover, const struct hm_golang_cover_file *file,
			       const struct hm_golang_func *funcs, size_t count, struct hm_golang_cover_sum *sum);

/* "87.5", "100.0" or "0.0" and the NUL. */
#define HM_GOLANG_PERCENT_LEN 8

/* The percentage as Go prints it: 0.0 of nothing, rounded as %.1f rounds. */
void hm_golang_cover_percent(const struct hm_golang_cover_sum *sum, char ret_text[HM_GOLANG_PERCENT_LEN]);

#endif
