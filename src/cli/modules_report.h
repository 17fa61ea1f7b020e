/*
 * What `mod verify` found out, as a file that the provenance is made from: every module with its hash.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_MODULES_REPORT_H
#define HM_CLI_MODULES_REPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "golang/modverify.h"

struct hm_report_module {
	struct hm_str path, version;
	struct hm_str h1;                  /* "h1:…" of what the build reads; empty for a folder */
	struct hm_str by_path, by_version; /* what replaces it; empty: nothing. A folder has no version */
	bool is_used;                      /* a package of the program or of its tests is of it */
};

struct hm_modules_report {
	struct hm_str main; /* path of the main module */
	struct hm_report_module *modules;
	size_t count;
	uint64_t verified, not_fetched;
};

/*
 * Write a report of verified items.
 *
 * Owns    ret_text is the caller's
 */
enum hm_status hm_modules_report_encode(const struct hm_golang_verify_item *items, size_t count,
					const struct hm_golang_gosum *sums,
					const struct hm_golang_verify_result *result, struct hm_buf *ret_text,
					struct hm_err *err) HM_MUST;

/*
 * Read one. Owns: the arena's. Errors: HM_EPARSE json.*, data.*.
 */
enum hm_status hm_modules_report_parse(struct hm_str text, struct hm_arena *arena, struct hm_modules_report *ret_report,
				       struct hm_err *err) HM_MUST;

#endif
