#include "pipeline/model.h"

const struct hm_param_spec *hm_param_spec_find(const struct hm_param_spec *specs, size_t count, struct hm_str name)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_eq(specs[i].name, name))
			return &specs[i];
	}
	return NULL;
}

const struct hm_workspace_spec *hm_workspace_spec_find(const struct hm_workspace_spec *specs, size_t count,
						       struct hm_str name)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_eq(specs[i].name, name))
			return &specs[i];
	}
	return NULL;
}

const struct hm_workspace_binding *hm_workspace_binding_find(const struct hm_pipeline_task *task, struct hm_str name)
{
	for (size_t i = 0; i < task->binding_count; i++) {
		if (hm_str_eq(task->bindings[i].name, name))
			return &task->bindings[i];
	}
	return NULL;
}

const struct hm_param *hm_param_find(const struct hm_param *params, size_t count, struct hm_str name)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_eq(params[i].name, name))
			return &params[i];
	}
	return NULL;
}

const struct hm_pipeline_task *hm_pipeline_task_find(const struct hm_pipeline *pipeline, struct hm_str name)
{
	for (size_t i = 0; i < pipeline->task_count; i++) {
		if (hm_str_eq(pipeline->tasks[i].name, name))
			return &pipeline->tasks[i];
	}
	return NULL;
}
