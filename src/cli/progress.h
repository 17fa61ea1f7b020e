/*
 * What a run of a pipeline looks like from outside: a table that is drawn in place on a terminal, plain lines anywhere
 * else, one JSON object a line for programs.
 *
 * A JSON line has "time", "event" (run-started, task-started, step-started, output, step-ended, task-ended, run-ended),
 * "run", and where it is about one "task" and "step"; "line" for output; "result", "duration_ms", "exit_code",
 * "ignored", "skipped" (why), "reason" and "error" for what has ended. run-started has "pipeline", "uid" and "tasks".
 * docs/pipelines.md is the contract. Bytes that are no UTF-8 become U+FFFD there; elsewhere whatever could drive a
 * terminal is made visible.
 *
 * Layer 13. hm_progress_event() is called by one thread at a time; a table has a thread of its own for its clock.
 */
#ifndef HM_CLI_PROGRESS_H
#define HM_CLI_PROGRESS_H

#include "pipeline/run.h"

#include <stdio.h>

enum hm_progress_form {
	HM_PROGRESS_LINES,
	HM_PROGRESS_TABLE,
	HM_PROGRESS_JSON,
};

struct hm_progress;

/* A table where the file is a terminal that can draw one (TERM is there and not "dumb"), else lines. */
enum hm_progress_form hm_progress_form_for(FILE *f);

/*
 * Owns    out is borrowed until hm_progress_free(); nobody else writes there until then, or until the run has ended
 * Errors  HM_ENOMEM; HM_EIO
 */
enum hm_status hm_progress_new(enum hm_progress_form form, FILE *out, struct hm_progress **ret_progress,
			       struct hm_err *err) HM_MUST;

/* For struct hm_run_opts: event and event_ctx. */
void hm_progress_event(void *progress, const struct hm_run_event *event);

/* The table stays as it was drawn last. Safe on NULL. Returns NULL. */
struct hm_progress *hm_progress_free(struct hm_progress *progress);

static inline void hm_progress_freep(struct hm_progress **progress)
{
	*progress = hm_progress_free(*progress);
}

/* The last lines of the step that made a run fail, and where its log is; nothing where no step did. */
void hm_progress_print_failure(FILE *out, const struct hm_run *run);

#endif
