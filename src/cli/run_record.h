/*
 * What `hallmark run` knows about its run, as a file for its own control plane: the commands `release provenance` and
 * `release sign` are children of it and read it. No step of a pipeline can see or change it.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RUN_RECORD_H
#define HM_CLI_RUN_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "data/decode.h"

/* The variable by which a child learns where the file is. */
#define HM_RUN_RECORD_ENV "HALLMARK_RUN"

/* In the run's folder: the statement that is to be signed. */
#define HM_RUN_STATEMENT "statement.json"

/* Texts that are not known are empty. */
struct hm_run_record {
	struct hm_str id; /* UUID of the run */
	int64_t started_ns;
	struct hm_str pipeline, pipeline_sha256; /* its name; of its file, in hexadecimal */
	const struct hm_json_pair *tasks;        /* Tasks of the user's files, and their file's SHA-256 */
	size_t task_count;
	const struct hm_json_pair *shipped_tasks; /* the same of those that come with hallmark */
	size_t shipped_task_count;
	bool is_shipped;                   /* the pipeline is the one that comes with hallmark */
	const struct hm_json_pair *params; /* that somebody gave */
	size_t param_count;
	struct hm_str package, directory; /* of the program in its module, of the module in the source */
	struct hm_str platforms;          /* "linux/amd64,linux/arm64" */
	struct hm_str isolation;          /* "sandbox" or "none" */

	struct hm_str source_uri;    /* "git+https://…"; empty: not known */
	struct hm_str source_state;  /* "commit", "dirty" or "unknown" */
	struct hm_str source_commit; /* in state commit only */
	struct hm_str source_tree;   /* dirHash1 in hexadecimal */

	struct hm_str go_version;          /* "go1.26.8" */
	struct hm_str toolchain_h1;        /* "h1:…" of the module that brought it */
	const struct hm_json_pair *go_env; /* of the compile, without what a platform decides */
	size_t go_env_count;

	struct hm_str state;  /* state directory */
	struct hm_str folder; /* of the run, for what goes from one command to the next */
};

/* Write it. Errors: HM_EIO; HM_EPARSE json.encoding; HM_ENOMEM. */
enum hm_status hm_run_record_save(const struct hm_run_record *record, const char *path, struct hm_err *err) HM_MUST;

/*
 * Read the one that the environment names.
 *
 * Owns    the arena's
 * Errors  HM_EINVAL usage: the variable is not set, so nobody runs a pipeline; HM_EIO; HM_ENOTFOUND; HM_EPARSE
 */
enum hm_status hm_run_record_load(struct hm_arena *arena, struct hm_run_record *ret_record, struct hm_err *err) HM_MUST;

#endif
