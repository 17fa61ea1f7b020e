/* What the variables stand for while a pipeline runs. */
#include "pipeline/runner.h"

#include <stdio.h>

static const struct hm_param_value *text_value(struct hm_vars *v, struct hm_str text)
{
	v->scratch = (struct hm_param_value){ .type = HM_PARAM_STRING, .text = text };
	return &v->scratch;
}

static const struct hm_param_value *find_param(struct hm_vars *v, struct hm_str name)
{
	const struct hm_param *found = NULL;

	if (v->is_task)
		found = hm_param_find(v->t->run->params, v->t->run->param_count, name);
	if (!found)
		found = hm_param_find(v->r->params, v->r->p->param_count, name);
	return found ? &found->value : NULL;
}

static enum hm_status find_result(struct hm_vars *v, const struct hm_ref *ref, const struct hm_param_value **ret_value,
				  struct hm_err *err)
{
	const struct hm_param *found = hm_run_result(v->r->run, ref->task, ref->name);

	if (!found)
		return hm_fail(err, HM_R_PIPELINE_RESULT, "the task '%.*s' did not write the result '%.*s'",
			       HM_STR_ARG(ref->task), HM_STR_ARG(ref->name));
	*ret_value = &found->value;
	return HM_OK;
}

static const char *status_of(const struct hm_task_run *run)
{
	if (!run->outcome.is_over || run->why_skipped)
		return "None";
	return run->outcome.result == HM_RUN_SUCCESS ? "Succeeded" : "Failed";
}

static const char *reason_of(const struct hm_task_run *run)
{
	if (!run->outcome.is_over || run->why_skipped)
		return "None";
	if (run->is_ignored)
		return "FailureIgnored";
	switch (run->outcome.result) {
	case HM_RUN_SUCCESS:
		return "Succeeded";
	case HM_RUN_TIMEOUT:
		return "TaskRunTimeout";
	case HM_RUN_CANCELLATION:
		return "TaskRunCancelled";
	case HM_RUN_FAILURE:
	case HM_RUN_ERROR:
	case HM_RUN_SKIP:
		break;
	}
	return "Failed";
}

/* Of all tasks before finally together. Source: Tekton's docs/pipelines.md, "Using aggregate execution status" */
static const char *status_of_all(const struct hm_runner *r)
{
	bool has_skipped = false, has_failed = false;

	for (size_t i = 0; i < r->p->task_count - r->p->final_count; i++) {
		const struct hm_task_run *run = &r->run->tasks[i];
		if (run->why_skipped || !run->outcome.is_over)
			has_skipped = true;
		else if (run->outcome.result != HM_RUN_SUCCESS && !run->is_ignored)
			has_failed = true;
	}
	return has_failed ? "Failed" : has_skipped ? "Completed" : "Succeeded";
}

static enum hm_status find_workspace(struct hm_vars *v, const struct hm_ref *ref,
				     const struct hm_param_value **ret_value)
{
	const char *path = NULL;

	if (v->is_task) {
		const struct hm_workspace_spec *w =
		    hm_workspace_spec_find(v->t->task->workspaces, v->t->task->workspace_count, ref->name);
		path = w ? v->t->ws_inside[w - v->t->task->workspaces] : NULL;
	} else {
		for (size_t i = 0; i < v->r->workspace_count; i++) {
			if (hm_str_eq(v->r->workspaces[i].name, ref->name))
				path = v->r->workspaces[i].path;
		}
	}
	if (ref->kind == HM_REF_WORKSPACE_BOUND)
		*ret_value = text_value(v, path ? HM_STR("true") : HM_STR("false"));
	else
		*ret_value = text_value(v, hm_str(path)); /* of one that is not bound: empty, as Tekton has it */
	return HM_OK;
}

static const struct hm_param_value *find_context(struct hm_vars *v, struct hm_str name)
{
	const struct hm_run *run = v->r->run;
	const struct {
		const char *name;
		struct hm_str value;
	} known[] = {
		{ "pipelineRun.name", hm_str(run->name) },
		{ "pipelineRun.uid", hm_str(run->uid) },
		{ "pipelineRun.namespace", HM_STR("default") },
		{ "pipeline.name", v->r->p->name },
		{ "pipelineTask.retries", HM_STR("0") },
		{ "taskRun.name", hm_str(v->t ? v->t->name : "") },
		{ "taskRun.uid", hm_str(v->t ? v->t->uid : "") },
		{ "taskRun.namespace", HM_STR("default") },
		/* of a task that stands in the pipeline Tekton makes the name of the run */
		{ "task.name", v->t ? (v->t->ptask->is_inline ? hm_str(v->t->name) : v->t->task->name) : HM_STR("") },
		{ "task.retry-count", HM_STR("0") },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (hm_str_is(name, known[i].name))
			return text_value(v, known[i].value);
	}
	return NULL;
}

/* A file that a step finds inside, or where the task's folder is on the machine. */
static const struct hm_param_value *find_path(struct hm_vars *v, const char *what, struct hm_str name,
					      const char *below)
{
	int len = snprintf(v->text, sizeof(v->text), "%s/%s/%.*s%s", v->t->is_on_machine ? v->t->dir : "/tekton", what,
			   HM_STR_ARG(name), below);

	return text_value(v, hm_str_of(v->text, len < 0 ? 0 : (size_t)len < sizeof(v->text) ? (size_t)len : 0));
}

static enum hm_status find(void *ctx, const struct hm_ref *ref, const struct hm_param_value **ret_value,
			   struct hm_err *err)
{
	struct hm_vars *v = ctx;
	const struct hm_pipeline_task *other;

	switch (ref->kind) {
	case HM_REF_PARAM:
		*ret_value = find_param(v, ref->name);
		break;
	case HM_REF_TASK_RESULT:
		return find_result(v, ref, ret_value, err);
	case HM_REF_TASK_STATUS:
	case HM_REF_TASK_REASON:
		other = hm_pipeline_task_find(v->r->p, ref->task);
		if (other) {
			const struct hm_task_run *run = &v->r->run->tasks[other - v->r->p->tasks];
			*ret_value =
			    text_value(v, hm_str(ref->kind == HM_REF_TASK_STATUS ? status_of(run) : reason_of(run)));
		}
		break;
	case HM_REF_ALL_STATUS:
		*ret_value = text_value(v, hm_str(status_of_all(v->r)));
		break;
	case HM_REF_WORKSPACE_PATH:
	case HM_REF_WORKSPACE_BOUND:
		return find_workspace(v, ref, ret_value);
	case HM_REF_RESULT_PATH:
		*ret_value = v->is_task ? find_path(v, "results", ref->name, "") : NULL;
		break;
	case HM_REF_CONTEXT:
		*ret_value = find_context(v, ref->name);
		break;
	case HM_REF_STEP_EXIT_CODE:
		*ret_value = v->is_task ? find_path(v, "steps", ref->name, "/exitCode") : NULL;
		break;
	case HM_REF_NONE:
	case HM_REF_UNSUPPORTED:
	case HM_REF_BAD:
		break;
	}
	/* what the loader has let through has a value */
	return *ret_value ? HM_OK : hm_fail(err, HM_R_BUG, "%.*s has no value", HM_STR_ARG(ref->text));
}

struct hm_subst hm_vars_subst(struct hm_vars *vars)
{
	return (struct hm_subst){ .find = find, .ctx = vars };
}
