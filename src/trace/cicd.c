#include "trace/cicd.h"

#include <stdio.h>

static const char *const result_names[] = {
	[HM_RUN_SUCCESS] = "success", [HM_RUN_FAILURE] = "failure",           [HM_RUN_ERROR] = "error",
	[HM_RUN_TIMEOUT] = "timeout", [HM_RUN_CANCELLATION] = "cancellation", [HM_RUN_SKIP] = "skip",
};

const char *hm_run_result_name(enum hm_run_result result)
{
	return result_names[result];
}

struct hm_span *hm_cicd_pipeline_start(struct hm_tracer *tracer, const char *action, struct hm_str pipeline,
				       struct hm_str run_id)
{
	char name[256];

	snprintf(name, sizeof(name), "%s %.*s", action, HM_STR_ARG(pipeline));
	struct hm_span *span = hm_span_start(tracer, NULL, HM_SPAN_SERVER, hm_str(name));
	hm_span_set(span, hm_attr_str(HM_CICD_PIPELINE_ACTION, hm_str(action)));
	hm_span_set(span, hm_attr_str(HM_CICD_PIPELINE_NAME, pipeline));
	hm_span_set(span, hm_attr_str(HM_CICD_PIPELINE_RUN_ID, run_id));
	return span;
}

struct hm_span *hm_cicd_task_start(struct hm_tracer *tracer, const struct hm_span *pipeline, struct hm_str task,
				   struct hm_str run_id, const char *type)
{
	struct hm_span *span = hm_span_start(tracer, hm_span_context(pipeline), HM_SPAN_INTERNAL, task);

	hm_span_set(span, hm_attr_str(HM_CICD_TASK_NAME, task));
	hm_span_set(span, hm_attr_str(HM_CICD_TASK_RUN_ID, run_id));
	if (type)
		hm_span_set(span, hm_attr_str(HM_CICD_TASK_TYPE, hm_str(type)));
	return span;
}

struct hm_span *hm_cicd_step_start(struct hm_tracer *tracer, const struct hm_span *task, struct hm_str step)
{
	struct hm_span *span = hm_span_start(tracer, hm_span_context(task), HM_SPAN_INTERNAL, step);

	hm_span_set(span, hm_attr_str(HM_HALLMARK_STEP_NAME, step));
	return span;
}

static void end(struct hm_span *span, const char *key, enum hm_run_result result, const struct hm_err *err)
{
	if (key)
		hm_span_set(span, hm_attr_str(key, hm_str(hm_run_result_name(result))));
	if (result == HM_RUN_SUCCESS || result == HM_RUN_SKIP) {
		hm_span_set_status(span, result == HM_RUN_SUCCESS ? HM_SPAN_DONE : HM_SPAN_UNSET, HM_STR(""));
	} else if (err && err->reason != HM_R_OK) {
		hm_span_fail(span, hm_reason_status(err->reason), err);
	} else {
		hm_span_set(span, hm_attr_str("error.type", hm_str(hm_run_result_name(result))));
		hm_span_set_status(span, HM_SPAN_ERROR, HM_STR(""));
	}
	hm_span_end(span);
}

void hm_cicd_pipeline_end(struct hm_span *span, enum hm_run_result result, const struct hm_err *err)
{
	end(span, HM_CICD_PIPELINE_RESULT, result, err);
}

void hm_cicd_task_end(struct hm_span *span, enum hm_run_result result, const struct hm_err *err)
{
	end(span, HM_CICD_TASK_RUN_RESULT, result, err);
}

void hm_cicd_step_end(struct hm_span *span, enum hm_run_result result, int exit_code, const struct hm_err *err)
{
	if (exit_code >= 0)
		hm_span_set(span, hm_attr_i64(HM_PROCESS_EXIT_CODE, exit_code));
	end(span, NULL, result, err);
}
