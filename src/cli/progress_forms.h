/*
 * The forms of progress.h, and the words that they share.
 *
 * Layer 13, inside cli.
 */
#ifndef HM_CLI_PROGRESS_FORMS_H
#define HM_CLI_PROGRESS_FORMS_H

#include "pipeline/run.h"

#include <stdio.h>

/* In progress.c. "850 ms", "1.2 s", "3 min 20 s"; returns text. */
const char *hm_progress_duration(int64_t ns, char *text, size_t size);
/* "done", "failed", "stopped" */
const char *hm_progress_word(const struct hm_outcome *outcome);

/* In progress_json.c: an event as a line. */
void hm_progress_json(FILE *out, const struct hm_run_event *event);

/* In progress_table.c: a table that is drawn in place, by events and by a clock. */
struct hm_progress_table;
/* Owns: ret_table is the caller's; out is borrowed until it is freed. Errors: HM_ENOMEM. */
enum hm_status hm_progress_table_new(FILE *out, struct hm_progress_table **ret_table, struct hm_err *err) HM_MUST;
void hm_progress_table_event(struct hm_progress_table *table, const struct hm_run_event *event);
struct hm_progress_table *hm_progress_table_free(struct hm_progress_table *table);

/* Add text as JSON can hold it. */
void hm_progress_add_clean(struct hm_buf *buf, struct hm_str text);

#endif
