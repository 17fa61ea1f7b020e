/*
 * One `hallmark run`: what its files share. cmd_run.c has the order, run_request.c what is asked for, run_facts.c what
 * is recorded of it, run_result.c what comes out.
 *
 * Layer 13. One thread, but that events come from the run's.
 */
#ifndef HM_CLI_RUNNING_H
#define HM_CLI_RUNNING_H

#include "cli/cmd.h"
#include "cli/progress.h"
#include "cli/run_places.h"
#include "cli/run_record.h"
#include "cli/run_request.h"
#include "cli/run_summary.h"
#include "cli/run_surroundings.h"
#include "cli/stop.h"
#include "service/local/local.h"
#include "source/snapshot.h"

struct hm_running {
	struct hm_cli *cli;
	struct hm_run_request request;
	bool is_isolated;
	const char *not_enforced; /* what this machine cannot enforce, with commas */

	struct hm_run_places places;
	struct hm_source source;
	struct hm_instance *instance;
	struct hm_run_surround surround;
	struct hm_tracer *tracer;
	struct hm_progress *progress;
	struct hm_stop stop;

	struct hm_run_record record;
	char *record_path;
	struct hm_strv control_env;
	struct hm_err record_err;
	enum hm_status record_st;

	struct hm_run *run;
	struct hm_run_summary summary;
	struct hm_arena arena;
};

/* In run_facts.c: what the run itself knows, for the record that its own control plane reads. */
enum hm_status hm_running_take_source(struct hm_running *r, struct hm_err *err) HM_MUST;
enum hm_status hm_running_begin_record(struct hm_running *r, struct hm_err *err) HM_MUST;
/* What the shipped fetch task found out; of others nothing is believed. */
void hm_running_note_fetch(struct hm_running *r, const struct hm_task_run *task);

/* In run_result.c: put what was made in its place, and show it; or show what failed, which is the error then. */
enum hm_status hm_running_publish(struct hm_running *r, struct hm_err *err) HM_MUST;
enum hm_status hm_running_fail(struct hm_running *r, struct hm_err *err) HM_MUST;

#endif
