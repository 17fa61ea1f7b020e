/*
 * go.sum: which hash each module and each go.mod must have.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_GOSUM_H
#define HM_GOLANG_GOSUM_H

#include "base/arena.h"
#include "base/err.h"
#include "golang/dirhash.h"
#include "golang/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_golang_sum {
	struct hm_golang_module mod; /* without "/go.mod" */
	bool is_go_mod;              /* the hash is of the go.mod only */
	struct hm_str hash;          /* as it stands there: "h1:…", or of an algorithm that is not known */
	uint32_t row;
};

struct hm_golang_gosum {
	struct hm_golang_sum *sums; /* by path, version, is_go_mod and row */
	size_t count, cap;
	char *name; /* for errors */
	struct hm_arena arena;
};

/*
 * Read a go.sum. Blank lines are passed over, and so are the hashes of empty go.mod files that an old go command wrote
 * by mistake, as the go command does it. Lines may repeat.
 *
 * Shape   name: for errors.
 * Owns    text is borrowed for the call; ret_sums is the caller's, for hm_golang_gosum_done()
 * Errors  HM_EPARSE golang.sum-file: a line that has not three fields; HM_ELIMIT; HM_ENOMEM
 * Source  go.dev/ref/mod#go-sum-files
 */
enum hm_status hm_golang_gosum_parse(struct hm_str text, const char *name, struct hm_golang_gosum *ret_sums,
				     struct hm_err *err) HM_MUST;

void hm_golang_gosum_done(struct hm_golang_gosum *sums);

/*
 * The lines of one module: those of the zip, or of its go.mod.
 *
 * Shape   ret_count: how many, all of the same module, side by side. Only lines with an "h1:" hash count.
 * Owns    borrowed
 * Errors  NULL when there is none
 */
const struct hm_golang_sum *hm_golang_gosum_find(const struct hm_golang_gosum *sums, const struct hm_golang_module *mod,
						 bool is_go_mod, size_t *ret_count);

/*
 * Check a hash against the lines of its module. Where a file holds two different hashes for one module, neither is
 * right: the go command takes the one that stands first, and nobody can tell which was meant.
 *
 * Errors  HM_EVERIFY golang.not-in-sum: no line; HM_EVERIFY golang.sum: another hash, both are named
 */
enum hm_status hm_golang_gosum_check(const struct hm_golang_gosum *sums, const struct hm_golang_module *mod,
				     bool is_go_mod, const struct hm_hash *hash, struct hm_err *err) HM_MUST;

#endif
