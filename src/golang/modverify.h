/*
 * Checking a module cache against go.sum, before anything is built from it.
 *
 * `go mod verify` compares the cache with hashes that the cache itself keeps beside its zips; whoever changes a zip
 * changes those, too. Here go.sum is what counts, and all of the cache is hashed anew.
 *
 * Layer 6. Any thread; uses one thread a processor. The cache must not be changed meanwhile: the pipeline mounts it
 * read-only for what is built afterwards.
 */
#ifndef HM_GOLANG_MODVERIFY_H
#define HM_GOLANG_MODVERIFY_H

#include "base/err.h"
#include "base/strv.h"
#include "golang/golist.h"
#include "golang/gosum.h"

#include <stdbool.h>
#include <stddef.h>

/* A module of the build list. */
struct hm_golang_verify_item {
	struct hm_golang_module mod;
	struct hm_golang_module by; /* what replaces it; an empty path: nothing, an empty version: the folder path */
	bool is_main;
	/*
	 * A package is built from it. Of what only is in the module graph, and nothing is built from, go.sum need not
	 * know anything: the go command prunes the graph before it loads that module's go.mod.
	 */
	bool is_used;
	bool is_required; /* go.mod demands it by itself: go.sum knows its go.mod at least, whatever is built from it */
};

struct hm_golang_verify_failure {
	struct hm_golang_module mod;
	struct hm_err err;
};

struct hm_golang_verify_result {
	size_t zips;        /* modules whose zip is what go.sum says, and the unpacked folder too where there is one */
	size_t go_mods;     /* go.mod files that are what go.sum says */
	size_t not_fetched; /* lines of go.sum whose file is not in the cache; nothing is built from them */
	size_t unlisted;    /* modules of the graph that nothing is built from and go.sum says nothing about */
	struct hm_strv local; /* "PATH => FOLDER": replaced by folders, which have no hash */
	struct hm_golang_verify_failure
	    *failures; /* in the order of path and version; the first of them is the error */
	size_t failure_count;
	struct hm_arena arena; /* holds the failures' text */
};

void hm_golang_verify_result_done(struct hm_golang_verify_result *result);

/*
 * Make items of what go prints: modules of `go list -m -json all` or `go mod download -json`, used where a package of
 * `go list -deps -json` is of them.
 *
 * Shape   packages: NULL with count 0 makes every module a used one.
 * Owns    ret_items (module_count of them) is the arena's, its text that of the modules
 */
enum hm_status hm_golang_verify_items(const struct hm_golang_list_module *modules, size_t module_count,
				      const struct hm_golang_package *packages, size_t package_count,
				      struct hm_arena *arena, struct hm_golang_verify_item **ret_items,
				      struct hm_err *err) HM_MUST;

/*
 * Verify.
 *
 * Every used module must have its lines in go.sum, for the zip and for the go.mod, and both must be in the cache and be
 * what the lines say; where it is unpacked, the folder too. A required one must have its line for the go.mod. Whatever
 * else go.sum names is verified where it is in the cache. The main module is not hashed.
 *
 * Shape   cache: GOMODCACHE.
 * Owns    borrows all; ret_result is the caller's, and is set also when something was refused
 * Errors  HM_EVERIFY golang.sum: not what go.sum says; HM_EVERIFY golang.not-in-sum; HM_ENOTFOUND golang.not-fetched;
 *         HM_EVERIFY, HM_EPARSE, HM_ELIMIT: the zip is refused; HM_EIO: it could not be checked. HM_ENOMEM: ret_result
 *         is empty then
 */
enum hm_status hm_golang_verify(const struct hm_golang_verify_item *items, size_t count, const char *cache,
				const struct hm_golang_gosum *sums, struct hm_golang_verify_result *ret_result,
				struct hm_err *err) HM_MUST;

#endif
