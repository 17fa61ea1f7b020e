/*
 * What the steps of a run see besides what the pipeline says: the Go toolchain, hallmark itself, the trust root, and of
 * the caller's settings those that fetching needs. Where they are told what, and what is kept secret.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RUN_SURROUNDINGS_H
#define HM_CLI_RUN_SURROUNDINGS_H

#include "base/arena.h"
#include "base/strv.h"
#include "golang/gocmd.h"
#include "pipeline/run.h"

#define HM_RUN_MAX_MOUNTS 24

struct hm_run_view {
	struct hm_sandbox_mount mounts[HM_RUN_MAX_MOUNTS];
	size_t mount_count;
	struct hm_strv env;
};

struct hm_run_surround {
	struct hm_golang_env go; /* as the caller's environment gives it, asked outside of any module */
	bool is_isolated;
	struct hm_str trusted_root;    /* text; borrowed */
	const char *trusted_root_file; /* where it is on the machine; borrowed */
	const char *run_dir;           /* of this run; borrowed */
	const char *local_git;         /* a repository of this machine that is fetched from; NULL: none. Borrowed */
	char *program;                 /* of hallmark, on this machine */
	struct hm_run_view plain, network, shipped_network;
	struct hm_run_pair facts[8];
	size_t fact_count;
	struct hm_str *secrets; /* each there once; how many a run can mask is the pipeline's to say */
	size_t secret_count, secret_cap;
	struct hm_arena arena;
};

/*
 * Find out what there is, and lay out the three views: of steps without a network, with one, and with one and the
 * caller's credentials.
 *
 * Shape   program: this executable, as in struct hm_cli. s: is_isolated, trusted_root, run_dir and local_git are set.
 * Owns    s is the caller's, for hm_run_surround_done()
 * Errors  HM_ENOTFOUND golang.no-go; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_run_surround_open(struct hm_run_surround *s, const char *program, struct hm_err *err) HM_MUST;

void hm_run_surround_done(struct hm_run_surround *s);

/* What the user of an http URL is called by, a password or a token, is a secret from now on. Shape: s is open.
 * Errors: HM_ENOMEM. */
enum hm_status hm_run_surround_add_url(struct hm_run_surround *s, struct hm_str url, struct hm_err *err) HM_MUST;

/*
 * A text in which "***" stands for each secret, for what others will read.
 *
 * Owns    ret_text is s's
 * Errors  HM_ELIMIT pipeline.limit; HM_ENOMEM
 */
enum hm_status hm_run_surround_mask(struct hm_run_surround *s, struct hm_str text, struct hm_str *ret_text,
				    struct hm_err *err) HM_MUST;

/* For struct hm_run_opts; ctx is the struct hm_run_surround. */
enum hm_status hm_run_surround_task(void *ctx, const struct hm_pipeline_task *task, bool has_network,
				    struct hm_run_surroundings *ret_surroundings, struct hm_err *err) HM_MUST;

#endif
