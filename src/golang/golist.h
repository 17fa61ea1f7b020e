/*
 * What `go list -json`, `go list -m -json` and `go mod download -json` print: one JSON object behind the other.
 *
 * Layer 6. Pure; any thread. All results are the arena's, and may point into the text.
 */
#ifndef HM_GOLANG_GOLIST_H
#define HM_GOLANG_GOLIST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "golang/version.h"

#include <stdbool.h>
#include <stddef.h>

struct hm_golang_list_module {
	struct hm_golang_module mod;
	struct hm_golang_list_module *replace; /* NULL: none; its version is empty for a folder */
	bool is_main, is_indirect;
	struct hm_str dir, go_mod, zip; /* files, where they are there */
	struct hm_str go_version;       /* of its go.mod */
	struct hm_str sum, go_mod_sum;  /* "h1:…" of what was really downloaded, or of go.sum */
	struct hm_str error;            /* as JSON: a string, or an object with "Err"; empty when all is well */
};

struct hm_golang_package {
	struct hm_str import_path, name, dir, for_test;
	bool is_standard, is_dep_only, is_incomplete;
	struct hm_str *imports, *go_files, *cgo_files;
	size_t import_count, go_file_count, cgo_file_count;
	struct hm_golang_list_module *module; /* NULL: of the standard library */
	struct hm_str error;                  /* as JSON, an object with "Err"; empty when all is well */
};

/*
 * Read modules.
 *
 * Owns    text is borrowed as long as the results
 * Errors  HM_EPARSE json.*, data.*; HM_EPARSE golang.list: a module without a path; HM_ELIMIT; HM_ENOMEM
 * Source  go help list, go help mod download (of Go 1.26); members that are not known are passed over
 */
enum hm_status hm_golang_list_modules(struct hm_str text, struct hm_arena *arena,
				      struct hm_golang_list_module **ret_modules, size_t *ret_count,
				      struct hm_err *err) HM_MUST;

/* Read packages. Errors: as hm_golang_list_modules(); golang.list: a package without a path. */
enum hm_status hm_golang_list_packages(struct hm_str text, struct hm_arena *arena,
				       struct hm_golang_package **ret_packages, size_t *ret_count,
				       struct hm_err *err) HM_MUST;

/*
 * The modules that packages are of, each once, in the order of path and version; the main module among them.
 *
 * Owns    ret_modules is the arena's, what it points to that of the packages
 * Errors  HM_ENOMEM, HM_ELIMIT
 */
enum hm_status hm_golang_modules_of(const struct hm_golang_package *packages, size_t count, struct hm_arena *arena,
				    const struct hm_golang_list_module ***ret_modules, size_t *ret_count,
				    struct hm_err *err) HM_MUST;

/*
 * Add the packages of the main module, with commas between them: of `go list -deps PACKAGE` this is PACKAGE and what it
 * imports of its module, as `go test -coverpkg` wants it.
 */
void hm_golang_add_coverpkg(const struct hm_golang_package *packages, size_t count, struct hm_buf *buf);

#endif
