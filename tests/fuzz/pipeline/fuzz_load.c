/* A file with a Pipeline: what is accepted keeps every promise of model.h. */
#include "base/own.h"
#include "pipeline/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char shipped[] = "{apiVersion: tekton.dev/v1, kind: Task, metadata: {name: shipped, annotations: "
			      "{hallmark.dev/network: host}}, spec: {params: [{name: a}], workspaces: [{name: w}], "
			      "results: [{name: r}], steps: [{image: i, script: x}]}}";

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_task(const struct hm_pipeline *p, size_t i)
{
	const struct hm_pipeline_task *t = &p->tasks[i];

	check(t->task && t->task->step_count > 0 && t->name.len > 0);
	check(t->is_final == (i >= p->task_count - p->final_count));
	check(hm_pipeline_task_find(p, t->name) == t);
	for (size_t k = 0; k < t->after_count; k++)
		check(t->after[k] < p->task_count && t->after[k] != i && !t->is_final);
	for (size_t k = 0; k < t->param_count; k++)
		check(hm_param_spec_find(t->task->params, t->task->param_count, t->params[k].name) != NULL);
	for (size_t k = 0; k < t->task->workspace_count; k++)
		check(t->task->workspaces[k].is_optional || hm_workspace_binding_find(t, t->task->workspaces[k].name));
	/* a privilege never comes from a file that did not ship */
	check(t->task->is_shipped || (!t->task->uses_network && !t->task->is_control_plane));
	check(t->task->is_shipped == hm_str_is(t->task->name, "shipped") || !t->task->is_shipped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_pipeline_text text = { "p.yaml", hm_str_of(data, size) };
	struct hm_pipeline_text ours = { "shipped.yaml", hm_str(shipped) };
	struct hm_pipeline_texts in = { &text, &ours, 1, 1 };
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
	struct hm_err err = { 0 };

	enum hm_status st = hm_pipeline_parse(&in, NULL, &p, &err);
	check((st == HM_OK) == (p != NULL));
	check(st == HM_OK || (err.reason != HM_R_OK && err.reason != HM_R_BUG && err.cause[0]));
	for (size_t i = 0; p && i < p->task_count; i++)
		check_task(p, i);
	return 0;
}
