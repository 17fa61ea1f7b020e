/*
 * Spans of a pipeline run, its tasks and their steps, with the names that OpenTelemetry's conventions for CI/CD give
 * their attributes.
 *
 * The conventions ask for a URL of each task run; a local run has none, and none is made up.
 *
 * Layer 5. As span.h; all functions take NULL spans.
 * Source: OpenTelemetry semantic conventions, docs/cicd/cicd-spans.md, docs/registry/attributes/{cicd,vcs}.md
 */
#ifndef HM_TRACE_CICD_H
#define HM_TRACE_CICD_H

#include "trace/span.h"

#define HM_CICD_PIPELINE_NAME    "cicd.pipeline.name"
#define HM_CICD_PIPELINE_RUN_ID  "cicd.pipeline.run.id"
#define HM_CICD_PIPELINE_RESULT  "cicd.pipeline.result"
#define HM_CICD_PIPELINE_ACTION  "cicd.pipeline.action.name"
#define HM_CICD_TASK_NAME        "cicd.pipeline.task.name"
#define HM_CICD_TASK_RUN_ID      "cicd.pipeline.task.run.id"
#define HM_CICD_TASK_RUN_RESULT  "cicd.pipeline.task.run.result"
#define HM_CICD_TASK_TYPE        "cicd.pipeline.task.type" /* build, test or deploy */
#define HM_VCS_REF_HEAD_NAME     "vcs.ref.head.name"
#define HM_VCS_REF_HEAD_REVISION "vcs.ref.head.revision"
#define HM_VCS_REF_HEAD_TYPE     "vcs.ref.head.type" /* branch or tag */
#define HM_VCS_REPOSITORY_URL    "vcs.repository.url.full"
#define HM_PROCESS_EXIT_CODE     "process.exit.code"
#define HM_HALLMARK_STEP_NAME    "hallmark.step.name" /* steps have no convention yet */

enum hm_run_result {
	HM_RUN_SUCCESS,
	HM_RUN_FAILURE, /* a program said no: a test, a compiler, a threshold */
	HM_RUN_ERROR,   /* the run itself could not go on: disk, network, a killed worker */
	HM_RUN_TIMEOUT,
	HM_RUN_CANCELLATION, /* somebody interrupted it */
	HM_RUN_SKIP,
};

/* The conventions' word: "success", "failure", … */
const char *hm_run_result_name(enum hm_run_result result);

/* A run of a pipeline: "RUN go-release". Shape: action is BUILD, RUN or SYNC. */
struct hm_span *hm_cicd_pipeline_start(struct hm_tracer *tracer, const char *action, struct hm_str pipeline,
				       struct hm_str run_id);

/* A run of a task, below that of its pipeline. Shape: type is build, test, deploy, or NULL for neither. */
struct hm_span *hm_cicd_task_start(struct hm_tracer *tracer, const struct hm_span *pipeline, struct hm_str task,
				   struct hm_str run_id, const char *type);

/* A step of a task. */
struct hm_span *hm_cicd_step_start(struct hm_tracer *tracer, const struct hm_span *task, struct hm_str step);

/*
 * They end with their result; err says why, and may be NULL. A failure, an error, a timeout or a cancellation makes the
 * span's status an error.
 */
void hm_cicd_pipeline_end(struct hm_span *span, enum hm_run_result result, const struct hm_err *err);
void hm_cicd_task_end(struct hm_span *span, enum hm_run_result result, const struct hm_err *err);

/* A step ends with the exit code of its program; -1 where it has none. */
void hm_cicd_step_end(struct hm_span *span, enum hm_run_result result, int exit_code, const struct hm_err *err);

#endif
