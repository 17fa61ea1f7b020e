/*
 * What a run says in the end: summary.json, and the last screen of the same.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RUN_SUMMARY_H
#define HM_CLI_RUN_SUMMARY_H

#include "cli/release.h"
#include "cli/run_record.h"
#include "data/json_write.h"
#include "pipeline/run.h"

#include <stdio.h>

/* One thing that was made, and what is said of its signature. */
struct hm_summary_item {
	const struct hm_release_item *item; /* NULL: the provenance */
	int64_t log_index;                  /* -1: it has no bundle of its own */
	int64_t time_s;                     /* of the time stamp; 0: none */
};

struct hm_run_summary {
	const struct hm_run *run;
	const struct hm_run_record *record;
	const char *name;        /* of the program; "" where the pipeline makes none */
	const char *out;         /* from the module's folder: ".hallmark/out/hello"; "" where nothing came out */
	const char *changed;     /* the first file in which a dirty source differs, or NULL */
	uint64_t ignored, files; /* of the source */
	const char *identity, *issuer;
	const char *log_origin;   /* "1a2b3c4d.hallmark.localhost" */
	const char *not_enforced; /* limits that this machine cannot hold, with commas; "" for none */
	struct hm_release release;
	struct hm_summary_item *items;
	size_t count;
	bool is_signed;
};

/*
 * Look at what was made: fills release, items, and is_signed. A folder in which nothing is signed, or that holds no
 * release at all, is no error: other pipelines make other things.
 *
 * Owns    what it fills is the caller's, for hm_run_summary_done()
 * Errors  HM_EPARSE, HM_EVERIFY, HM_EIO: there is a release, and it cannot be read; HM_ENOMEM
 */
enum hm_status hm_run_summary_read(struct hm_run_summary *summary, const char *folder, struct hm_err *err) HM_MUST;

void hm_run_summary_done(struct hm_run_summary *summary);

/* The same as a value in a document that is being written. */
void hm_run_summary_write(const struct hm_run_summary *summary, struct hm_json_writer *w);

/* Add it as JSON, indented, with a line end. Errors: HM_ENOMEM; HM_EPARSE json.encoding. */
enum hm_status hm_run_summary_encode(const struct hm_run_summary *summary, struct hm_buf *buf,
				     struct hm_err *err) HM_MUST;

/* Print the last screen. */
void hm_run_summary_print(const struct hm_run_summary *summary, FILE *out);

#endif
