/*
 * What a run is asked for: which pipeline, of which source, with which params.
 *
 * What the command line says in its own way (PACKAGE, --platform) becomes params too, of pipelines that take them.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RUN_REQUEST_H
#define HM_CLI_RUN_REQUEST_H

#include "base/arena.h"
#include "base/strv.h"
#include "pipeline/load.h"
#include "pipeline/run.h"

/* The options of `run`. */
struct hm_cli_run_opts {
	const char *pipeline, *state;
	struct hm_strv platforms, params, networks;
	unsigned sandbox; /* 0: auto, 1: none */
};

struct hm_run_request {
	const struct hm_cli_run_opts *opts; /* borrowed */
	char *home;                         /* the folder that gets .hallmark */
	const char *package;                /* as the pipeline takes it */
	const char *git_url;                /* where the source is cloned from; "": it is the working tree */
	char *local_git;                    /* the same, if it is a folder of this machine; else NULL */
	char *pipeline_file;
	struct hm_pipeline *pipeline;
	struct hm_run_pair *params;
	size_t param_count, given_count; /* all; those that --param gave, which come first */
	struct hm_arena arena;
};

/*
 * Find out what is meant, and read the pipeline.
 *
 * Shape   program: this executable, as in struct hm_cli. package: PACKAGE, or NULL.
 * Owns    ret_request is the caller's, for hm_run_request_done(), also when it fails; it borrows opts and package
 * Errors  HM_EINVAL usage: a param that is malformed, given twice, or that the pipeline has not; a git-url with a link
 *         HM_ENOTFOUND file.not-found: no go.mod; as hm_cli_find_share() and hm_pipeline_load(); HM_ENOMEM
 */
enum hm_status hm_run_request_read(const struct hm_cli_run_opts *opts, const char *program, const char *package,
				   struct hm_run_request *ret_request, struct hm_err *err) HM_MUST;

void hm_run_request_done(struct hm_run_request *request);

/* The value of a param that was given or passed, or NULL. Borrowed. */
const char *hm_run_request_param(const struct hm_run_request *request, const char *name);

/* The value that a param of the pipeline has in this run, be it the default; nothing where it takes no such text. */
struct hm_str hm_run_request_value(const struct hm_run_request *request, const char *name);

/*
 * Give the pipeline a param that it takes.
 *
 * Shape   is_said: somebody asked for it, so a pipeline that does not take it, or has it from --param, is refused; else
 *         it is passed over, and leaves the default of a pipeline of the user's own as it is.
 * Errors  HM_EINVAL usage; HM_ENOMEM
 */
enum hm_status hm_run_request_pass(struct hm_run_request *request, const char *name, const char *value, bool is_said,
				   struct hm_err *err) HM_MUST;

#endif
