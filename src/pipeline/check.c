/* What variables may stand where, and of what type they are. */
#include "base/plant.h"
#include "pipeline/loader.h"

static enum hm_status refuse(const struct hm_scope *scope, const struct hm_value *node, const struct hm_ref *ref,
			     const char *why, struct hm_err *err)
{
	return hm_pipeline_refuse(scope->doc, node, err, HM_R_PIPELINE_REFERENCE, "%.*s: %s", HM_STR_ARG(ref->text),
				  why);
}

/* The declaration behind a variable; it is enough for its type. */
static enum hm_status find_result(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				  const struct hm_param_spec **ret_spec, struct hm_err *err)
{
	const struct hm_pipeline *p = scope->pipeline;
	const struct hm_pipeline_task *t = p ? hm_pipeline_task_find(p, ref->task) : NULL;

	if (!p)
		return refuse(scope, node, ref, "results of other tasks are known in a pipeline only", err);
	if (!t)
		return refuse(scope, node, ref, "the pipeline has no such task", err);
	if (ref->is_of_finally != t->is_final || (t->is_final && !scope->is_in_results))
		return refuse(scope, node, ref,
			      t->is_final ? "a task of finally can be asked in the pipeline's results only, as "
					    "finally.TASK"
					  : "this is no task of finally",
			      err);
	*ret_spec = hm_param_spec_find(t->task->results, t->task->result_count, ref->name);
	if (!*ret_spec)
		return refuse(scope, node, ref, "the task has no such result", err);
	if (scope->uses)
		scope->uses[t - p->tasks] = true;
	return HM_OK;
}

static enum hm_status find_param(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				 const struct hm_param_spec **ret_spec, struct hm_err *err)
{
	*ret_spec = NULL;
	if (scope->task)
		*ret_spec = hm_param_spec_find(scope->task->params, scope->task->param_count, ref->name);
	if (!*ret_spec && scope->pipeline)
		*ret_spec = hm_param_spec_find(scope->pipeline->params, scope->pipeline->param_count, ref->name);
	return *ret_spec ? HM_OK : refuse(scope, node, ref, "there is no such param", err);
}

static enum hm_status check_part(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				 const struct hm_param_spec *spec, struct hm_err *err)
{
	bool fits = ref->part == HM_REF_WHOLE || (ref->part == HM_REF_STAR && spec->type != HM_PARAM_STRING) ||
		    (ref->part == HM_REF_INDEX && spec->type == HM_PARAM_ARRAY) ||
		    (ref->part == HM_REF_KEY && spec->type == HM_PARAM_OBJECT);

	if (!fits)
		return hm_pipeline_refuse(scope->doc, node, err, HM_R_PIPELINE_TYPE, "%.*s: '%.*s' is of type %s",
					  HM_STR_ARG(ref->text), HM_STR_ARG(spec->name),
					  hm_param_type_name(spec->type));
	if (ref->part != HM_REF_KEY)
		return HM_OK;
	for (size_t i = 0; i < spec->key_count; i++) {
		if (hm_str_eq(spec->keys[i], ref->key))
			return HM_OK;
	}
	return refuse(scope, node, ref, "the object has no such key", err);
}

static enum hm_status check_context(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				    struct hm_err *err)
{
	bool is_of_task = hm_str_has_prefix(ref->name, HM_STR("task"));

	if (is_of_task ? !!scope->task : !!scope->pipeline)
		return HM_OK;
	return refuse(scope, node, ref, is_of_task ? "it is known in a task only" : "it is known in a pipeline only",
		      err);
}

static enum hm_status check_workspace(const struct hm_scope *scope, const struct hm_ref *ref,
				      const struct hm_value *node, struct hm_err *err)
{
	if (scope->task && hm_workspace_spec_find(scope->task->workspaces, scope->task->workspace_count, ref->name))
		return HM_OK;
	if (!scope->task && ref->kind == HM_REF_WORKSPACE_BOUND &&
	    hm_workspace_spec_find(scope->pipeline->workspaces, scope->pipeline->workspace_count, ref->name))
		return HM_OK;
	return refuse(scope, node, ref, "there is no such workspace, or it has no path here", err);
}

static enum hm_status check_step(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				 struct hm_err *err)
{
	struct hm_str name = hm_str_skip(ref->name, sizeof("step-") - 1);

	for (size_t i = 0; scope->task && hm_str_has_prefix(ref->name, HM_STR("step-")) && i < scope->step; i++) {
		if (hm_str_eq(scope->task->steps[i].name, name))
			return HM_OK;
	}
	return refuse(scope, node, ref, "no step before this one has that name", err);
}

static enum hm_status check_status(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				   struct hm_err *err)
{
	const struct hm_pipeline_task *t = NULL;

	if (!scope->is_in_finally)
		return refuse(scope, node, ref, "how tasks ended is known in finally only", err);
	if (ref->kind == HM_REF_ALL_STATUS)
		return HM_OK;
	t = hm_pipeline_task_find(scope->pipeline, ref->task);
	if (!t || t->is_final)
		return refuse(scope, node, ref, "the pipeline has no such task before finally", err);
	return HM_OK;
}

/* One variable; ret_spec is set where it has a type. */
static enum hm_status check_ref(const struct hm_scope *scope, const struct hm_ref *ref, const struct hm_value *node,
				const struct hm_param_spec **ret_spec, struct hm_err *err)
{
	enum hm_status st;

	*ret_spec = NULL;
	switch (ref->kind) {
	case HM_REF_NONE:
		return HM_OK;
	case HM_REF_PARAM:
		st = find_param(scope, ref, node, ret_spec, err);
		return st == HM_OK ? check_part(scope, ref, node, *ret_spec, err) : st;
	case HM_REF_TASK_RESULT:
		st = find_result(scope, ref, node, ret_spec, err);
		return st == HM_OK ? check_part(scope, ref, node, *ret_spec, err) : st;
	case HM_REF_TASK_STATUS:
	case HM_REF_TASK_REASON:
	case HM_REF_ALL_STATUS:
		return check_status(scope, ref, node, err);
	case HM_REF_WORKSPACE_PATH:
	case HM_REF_WORKSPACE_BOUND:
		return check_workspace(scope, ref, node, err);
	case HM_REF_RESULT_PATH:
		if (scope->task && hm_param_spec_find(scope->task->results, scope->task->result_count, ref->name))
			return HM_OK;
		return refuse(scope, node, ref, "the task has no such result", err);
	case HM_REF_CONTEXT:
		return check_context(scope, ref, node, err);
	case HM_REF_STEP_EXIT_CODE:
		return check_step(scope, ref, node, err);
	case HM_REF_UNSUPPORTED:
		return hm_pipeline_refuse(scope->doc, node, err, HM_R_PIPELINE_UNSUPPORTED,
					  "the variable %.*s is not supported yet", HM_STR_ARG(ref->text));
	case HM_REF_BAD:
		break;
	}
	return refuse(scope, node, ref, "malformed, or no such variable", err);
}

enum hm_status hm_scope_check(const struct hm_scope *scope, struct hm_str text, const struct hm_value *node,
			      enum hm_text_place place, enum hm_param_type *ret_type, struct hm_err *err)
{
	struct hm_str rest = text, before;
	struct hm_ref ref;

	if (ret_type)
		*ret_type = HM_PARAM_STRING;
	while (hm_ref_next(&rest, &before, &ref)) {
		const struct hm_param_spec *spec;
		enum hm_status st = check_ref(scope, &ref, node, &spec, err);
		if (st != HM_OK)
			return st;
		HM_PLANT(ref.kind == HM_REF_STEP_EXIT_CODE && place == HM_PLACE_ELEMENT);
		bool is_whole = ref.part == HM_REF_WHOLE || ref.part == HM_REF_STAR;
		if (!spec || spec->type == HM_PARAM_STRING || !is_whole)
			continue;
		bool is_alone = ref.text.len == text.len;
		if (!is_alone || place == HM_PLACE_TEXT || (place == HM_PLACE_ELEMENT && spec->type != HM_PARAM_ARRAY))
			return hm_pipeline_refuse(scope->doc, node, err, HM_R_PIPELINE_TYPE,
						  "%.*s is of type %s and cannot stand here", HM_STR_ARG(ref.text),
						  hm_param_type_name(spec->type));
		if (ret_type)
			*ret_type = spec->type;
	}
	return HM_OK;
}

static enum hm_status check_list(const struct hm_scope *scope, const struct hm_str *texts, size_t count,
				 const struct hm_value *node, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < count && st == HM_OK; i++)
		st = hm_scope_check(scope, texts[i], node, HM_PLACE_ELEMENT, NULL, err);
	return st;
}

enum hm_status hm_scope_check_task(const struct hm_scope *scope, struct hm_err *err)
{
	const struct hm_task *task = scope->task;
	struct hm_scope inner = *scope;
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < task->workspace_count && st == HM_OK; i++)
		st = hm_scope_check(scope, task->workspaces[i].mount_path, task->workspaces[i].node, HM_PLACE_TEXT,
				    NULL, err);
	for (size_t i = 0; i < task->step_count && st == HM_OK; i++) {
		const struct hm_task_step *step = &task->steps[i];
		const struct hm_str texts[] = { step->script, step->image, step->working_dir, step->on_error };
		inner.step = i;
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]) && st == HM_OK; k++)
			st = hm_scope_check(&inner, texts[k], step->node, HM_PLACE_TEXT, NULL, err);
		if (st == HM_OK)
			st = check_list(&inner, step->command, step->command_count, step->node, err);
		if (st == HM_OK)
			st = check_list(&inner, step->args, step->arg_count, step->node, err);
		for (size_t k = 0; k < step->env_count && st == HM_OK; k++)
			st = hm_scope_check(&inner, step->env[k].value, step->env[k].node, HM_PLACE_TEXT, NULL, err);
	}
	return st;
}
