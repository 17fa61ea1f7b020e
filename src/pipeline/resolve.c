/* A Pipeline: its tasks found, their params, workspaces and order checked. */
#include "base/limits.h"
#include "pipeline/loader.h"
#include "pipeline/name.h"

#include <stdio.h>
#include <stdlib.h>

struct resolver {
	struct hm_loader *l;
	const struct hm_pipeline_doc *doc;
	struct hm_pipeline *p;
	struct hm_pipeline_task *tasks;
};

static const struct hm_value *spec_of(const struct resolver *r)
{
	return hm_pipeline_get(r->doc->root, "spec");
}

/* The task that stands behind taskRef or in taskSpec. */
static enum hm_status read_task(struct resolver *r, const struct hm_value *v, struct hm_pipeline_task *t,
				struct hm_err *err)
{
	const struct hm_value *ref = hm_pipeline_get(v, "taskRef"), *spec = hm_pipeline_get(v, "taskSpec");
	struct hm_str kind = hm_pipeline_text(ref, "kind"), name = hm_pipeline_text(ref, "name");

	if (!ref == !spec)
		return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_FIELD,
					  "the task '%.*s' needs a taskRef or a taskSpec, one of them",
					  HM_STR_ARG(t->name));
	if (ref) {
		if (kind.len > 0 && !hm_str_is(kind, "Task"))
			return hm_pipeline_refuse(r->doc, hm_pipeline_get(ref, "kind"), err, HM_R_PIPELINE_UNSUPPORTED,
						  "tasks of kind '%.*s' are not supported", HM_STR_ARG(kind));
		if (!hm_name_is_resource(name))
			return hm_pipeline_refuse(r->doc, ref, err, HM_R_PIPELINE_NAME,
						  "'%.*s' cannot be the name of a Task", HM_STR_ARG(name));
		return hm_loader_find(r->l, r->doc, ref, name, &t->task, err);
	}
	struct hm_task *task = hm_arena_calloc(r->l->arena, 1, sizeof(*task));
	enum hm_status st = hm_arena_check(r->l->arena, "a pipeline", err);
	if (st == HM_OK)
		st = hm_task_read(r->l->arena, r->doc, spec, hm_pipeline_get(spec, "metadata"), task, err);
	t->task = task;
	t->is_inline = true;
	return st;
}

static enum hm_status read_bindings(struct resolver *r, const struct hm_value *list, struct hm_pipeline_task *t,
				    struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(r->doc, list, "workspaces", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_workspace_binding *bindings =
	    hm_arena_calloc(r->l->arena, count + t->task->workspace_count + 1, sizeof(*bindings));

	if (st == HM_OK)
		st = hm_arena_check(r->l->arena, "a pipeline", err);
	if (st != HM_OK)
		return st;
	t->bindings = bindings;
	for (size_t i = 0; i < count; i++) {
		const struct hm_value *v = hm_value_at(list, i);
		struct hm_workspace_binding *b = &bindings[i];
		*b = (struct hm_workspace_binding){
			.name = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "name")),
			.workspace = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "workspace")),
			.sub_path = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "subPath")),
			.node = v,
		};
		if (b->workspace.len == 0)
			b->workspace = b->name;
		if (hm_workspace_binding_find(t, b->name))
			return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME,
						  "the workspace '%.*s' is bound twice", HM_STR_ARG(b->name));
		t->binding_count = i + 1;
	}
	return hm_arena_check(r->l->arena, "a pipeline", err);
}

static enum hm_status read_params(struct resolver *r, const struct hm_value *list, struct hm_pipeline_task *t,
				  struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(r->doc, list, "params", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_param *params = hm_arena_calloc(r->l->arena, count + t->task->param_count + 1, sizeof(*params));

	if (st == HM_OK)
		st = hm_arena_check(r->l->arena, "a pipeline", err);
	t->params = params;
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		const struct hm_value *v = hm_value_at(list, i), *value = hm_pipeline_get(v, "value");
		params[i].name = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "name"));
		params[i].node = v;
		if (!value)
			return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_FIELD, "the param '%.*s' has no value",
						  HM_STR_ARG(params[i].name));
		if (hm_param_find(params, i, params[i].name))
			return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME, "the param '%.*s' is there twice",
						  HM_STR_ARG(params[i].name));
		st = hm_spec_value(r->l->arena, r->doc, value, &params[i].value, err);
		t->param_count = i + 1;
	}
	return st;
}

static enum hm_status read_pipeline_task(struct resolver *r, const struct hm_value *v, size_t i, struct hm_err *err)
{
	struct hm_pipeline_task *t = &r->tasks[i];

	t->node = v;
	t->name = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "name"));
	if (!hm_name_is_label(t->name))
		return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME,
					  "'%.*s' cannot be the name of a task: small letters, digits and inner '-'",
					  HM_STR_ARG(t->name));
	for (size_t k = 0; k < i; k++) {
		if (hm_str_eq(r->tasks[k].name, t->name))
			return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME, "the task '%.*s' is there twice",
						  HM_STR_ARG(t->name));
	}
	if (t->is_final && hm_value_count(hm_pipeline_get(v, "runAfter")) > 0)
		return hm_pipeline_refuse(r->doc, hm_pipeline_get(v, "runAfter"), err, HM_R_PIPELINE_FIELD,
					  "tasks of finally have no order");
	enum hm_status st = read_task(r, v, t, err);
	if (st == HM_OK)
		st = read_params(r, hm_pipeline_get(v, "params"), t, err);
	if (st == HM_OK)
		st = read_bindings(r, hm_pipeline_get(v, "workspaces"), t, err);
	if (st == HM_OK)
		st = hm_spec_on_error(r->l->arena, r->doc, v, &t->on_error, err);
	if (st == HM_OK)
		st = hm_spec_timeout(r->doc, v, &t->has_timeout, &t->timeout_ns, err);
	return st;
}

static enum hm_status read_tasks(struct resolver *r, struct hm_err *err)
{
	const struct hm_value *tasks = hm_pipeline_get(spec_of(r), "tasks"), *final;
	size_t count = hm_value_count(tasks);
	enum hm_status st = HM_OK;

	final = hm_pipeline_get(spec_of(r), "finally");
	if (count == 0)
		return hm_pipeline_refuse(r->doc, r->doc->root, err, HM_R_PIPELINE_FIELD, "the pipeline has no tasks");
	r->p->final_count = hm_value_count(final);
	if (count + r->p->final_count > HM_MAX_PIPELINE_TASKS)
		return hm_pipeline_refuse(r->doc, tasks, err, HM_R_PIPELINE_LIMIT, "more than %zu tasks",
					  HM_MAX_PIPELINE_TASKS);
	r->p->task_count = count + r->p->final_count;
	r->tasks = hm_arena_calloc(r->l->arena, r->p->task_count, sizeof(*r->tasks));
	r->p->tasks = r->tasks;
	if (!r->tasks)
		return hm_arena_check(r->l->arena, "a pipeline", err);
	for (size_t i = 0; i < r->p->task_count && st == HM_OK; i++) {
		r->tasks[i].is_final = i >= count;
		st = read_pipeline_task(r, i < count ? hm_value_at(tasks, i) : hm_value_at(final, i - count), i, err);
	}
	return st;
}

/* A param that the task wants and nobody passed. */
static enum hm_status fill_param(struct resolver *r, struct hm_pipeline_task *t, const struct hm_param_spec *spec,
				 struct hm_err *err)
{
	const struct hm_param_spec *same = hm_param_spec_find(r->p->params, r->p->param_count, spec->name);
	struct hm_param *params = (struct hm_param *)t->params;

	/* ours: a task that ships with hallmark takes the pipeline's param of the same name */
	if (t->task->is_shipped && same && same->type == spec->type) {
		params[t->param_count++] = (struct hm_param){
			.name = spec->name,
			.value = { .text = hm_arena_printf(r->l->arena, "$(params['%.*s']%s)", HM_STR_ARG(spec->name),
							   spec->type == HM_PARAM_STRING ? "" : "[*]") },
			.node = t->node,
		};
		return hm_arena_check(r->l->arena, "a pipeline", err);
	}
	if (spec->fallback || t->task->is_shipped) /* a shipped task may be told by the run's facts */
		return HM_OK;
	return hm_pipeline_refuse(r->doc, t->node, err, HM_R_PIPELINE_FIELD,
				  "the task '%.*s' wants the param '%.*s', which nobody passes", HM_STR_ARG(t->name),
				  HM_STR_ARG(spec->name));
}

static enum hm_status check_object(struct resolver *r, const struct hm_param *param, const struct hm_param_spec *spec,
				   struct hm_err *err)
{
	for (size_t i = 0; i < spec->key_count; i++) {
		size_t k = 0;
		while (k < param->value.count && !hm_str_eq(param->value.keys[k], spec->keys[i]))
			k++;
		bool is_in_default = false;
		for (size_t d = 0; spec->fallback && d < spec->fallback->count; d++)
			is_in_default |= hm_str_eq(spec->fallback->keys[d], spec->keys[i]);
		if (k == param->value.count && !is_in_default)
			return hm_pipeline_refuse(r->doc, param->node, err, HM_R_PIPELINE_FIELD,
						  "the param '%.*s' has no key '%.*s'", HM_STR_ARG(param->name),
						  HM_STR_ARG(spec->keys[i]));
	}
	return HM_OK;
}

/* One param that is passed: wanted, its variables known, of the right type. */
static enum hm_status check_param(struct resolver *r, const struct hm_scope *scope, const struct hm_pipeline_task *t,
				  const struct hm_param *param, struct hm_err *err)
{
	const struct hm_param_spec *spec = hm_param_spec_find(t->task->params, t->task->param_count, param->name);
	enum hm_param_type type = param->value.type;
	enum hm_status st = HM_OK;

	if (!spec)
		return hm_pipeline_refuse(r->doc, param->node, err, HM_R_PIPELINE_REFERENCE,
					  "the task '%.*s' has no param '%.*s'", HM_STR_ARG(t->name),
					  HM_STR_ARG(param->name));
	if (type == HM_PARAM_STRING)
		st = hm_scope_check(scope, param->value.text, param->node, HM_PLACE_VALUE, &type, err);
	for (size_t i = 0; i < param->value.count && st == HM_OK; i++)
		st = hm_scope_check(scope, param->value.items[i], param->node,
				    type == HM_PARAM_ARRAY ? HM_PLACE_ELEMENT : HM_PLACE_TEXT, NULL, err);
	if (st != HM_OK)
		return st;
	if (type != spec->type)
		return hm_pipeline_refuse(r->doc, param->node, err, HM_R_PIPELINE_TYPE,
					  "the param '%.*s' is of type %s, its value of %s", HM_STR_ARG(param->name),
					  hm_param_type_name(spec->type), hm_param_type_name(type));
	if (param->value.type == HM_PARAM_OBJECT)
		return check_object(r, param, spec, err);
	return HM_OK;
}

static enum hm_status check_binding(struct resolver *r, const struct hm_scope *scope, const struct hm_pipeline_task *t,
				    const struct hm_workspace_binding *b, struct hm_err *err)
{
	const struct hm_workspace_spec *outer =
	    hm_workspace_spec_find(r->p->workspaces, r->p->workspace_count, b->workspace);
	const struct hm_workspace_spec *inner =
	    hm_workspace_spec_find(t->task->workspaces, t->task->workspace_count, b->name);

	if (!outer)
		return hm_pipeline_refuse(r->doc, b->node, err, HM_R_PIPELINE_REFERENCE,
					  "the pipeline has no workspace '%.*s'", HM_STR_ARG(b->workspace));
	if (!inner)
		return hm_pipeline_refuse(r->doc, b->node, err, HM_R_PIPELINE_REFERENCE,
					  "the task '%.*s' has no workspace '%.*s'", HM_STR_ARG(t->name),
					  HM_STR_ARG(b->name));
	if (outer->is_optional && !inner->is_optional)
		return hm_pipeline_refuse(r->doc, b->node, err, HM_R_PIPELINE_FIELD,
					  "the pipeline's workspace '%.*s' is optional, the task's is not",
					  HM_STR_ARG(b->workspace));
	if (b->sub_path.len > 0 && hm_str_find(b->sub_path, HM_STR("$(")) < 0 && !hm_sub_path_is_good(b->sub_path))
		return hm_pipeline_refuse(r->doc, b->node, err, HM_R_PIPELINE_FIELD,
					  "subPath '%.*s' does not lead into the workspace", HM_STR_ARG(b->sub_path));
	return hm_scope_check(scope, b->sub_path, b->node, HM_PLACE_TEXT, NULL, err);
}

/* Workspaces that a task wants and nobody bound. */
static enum hm_status fill_bindings(struct resolver *r, struct hm_pipeline_task *t, struct hm_err *err)
{
	struct hm_workspace_binding *bindings = (struct hm_workspace_binding *)t->bindings;

	for (size_t i = 0; i < t->task->workspace_count; i++) {
		const struct hm_workspace_spec *w = &t->task->workspaces[i];
		if (hm_workspace_binding_find(t, w->name) || w->is_optional)
			continue;
		if (!t->task->is_shipped)
			return hm_pipeline_refuse(r->doc, t->node, err, HM_R_PIPELINE_FIELD,
						  "the task '%.*s' wants the workspace '%.*s', which nobody binds",
						  HM_STR_ARG(t->name), HM_STR_ARG(w->name));
		/* ours: it is the run's own of that name */
		bindings[t->binding_count++] = (struct hm_workspace_binding){
			.name = w->name, .workspace = w->name, .is_own = true, .node = t->node
		};
	}
	return HM_OK;
}

/* Everything in a task that can refer to others; what it uses is marked in uses. */
static enum hm_status check_task(struct resolver *r, struct hm_pipeline_task *t, bool *uses, struct hm_err *err)
{
	struct hm_scope scope = { .doc = r->doc, .pipeline = r->p, .is_in_finally = t->is_final, .uses = uses };
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < t->task->param_count && st == HM_OK; i++) {
		if (!hm_param_find(t->params, t->param_count, t->task->params[i].name))
			st = fill_param(r, t, &t->task->params[i], err);
	}
	for (size_t i = 0; i < t->param_count && st == HM_OK; i++)
		st = check_param(r, &scope, t, &t->params[i], err);
	for (size_t i = 0; i < t->binding_count && st == HM_OK; i++)
		st = check_binding(r, &scope, t, &t->bindings[i], err);
	if (st == HM_OK)
		st = fill_bindings(r, t, err);
	if (st == HM_OK)
		st = hm_scope_check(&scope, t->on_error, t->node, HM_PLACE_TEXT, NULL, err);
	if (st != HM_OK || !t->is_inline)
		return st;
	scope.task = t->task;
	return hm_scope_check_task(&scope, err);
}

/* What a task waits for: what it names in runAfter, and those whose results it uses. */
static enum hm_status read_order(struct resolver *r, struct hm_pipeline_task *t, const bool *uses, struct hm_err *err)
{
	const struct hm_value *names = hm_pipeline_get(t->node, "runAfter");
	size_t count = r->p->task_count;
	size_t *after = hm_arena_calloc(r->l->arena, count, sizeof(*after));
	size_t *used = hm_arena_calloc(r->l->arena, count, sizeof(*used));
	bool *waits = hm_arena_calloc(r->l->arena, count, sizeof(*waits));

	if (!after || !used || !waits)
		return hm_arena_check(r->l->arena, "a pipeline", err);
	for (size_t i = 0; i < hm_value_count(names); i++) {
		struct hm_str name = hm_value_text(hm_value_at(names, i));
		const struct hm_pipeline_task *other = hm_pipeline_task_find(r->p, name);
		if (!other || other->is_final)
			return hm_pipeline_refuse(r->doc, hm_value_at(names, i), err, HM_R_PIPELINE_REFERENCE,
						  "the task '%.*s' runs after '%.*s', and there is no such task",
						  HM_STR_ARG(t->name), HM_STR_ARG(name));
		waits[other - r->p->tasks] = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (uses[i])
			used[t->use_count++] = i;
		/* those of finally run after all others anyway */
		if ((waits[i] || uses[i]) && !t->is_final)
			after[t->after_count++] = i;
	}
	t->after = after;
	t->uses = used;
	return HM_OK;
}

/* Take away, again and again, what waits for nobody that is left; what remains, or what waits for it, is in a circle.
 */
static enum hm_status check_cycle(struct resolver *r, struct hm_err *err)
{
	size_t count = r->p->task_count, left = count;
	bool *is_gone = hm_arena_calloc(r->l->arena, count, sizeof(*is_gone)), has_changed = true;
	char circle[256] = "";

	if (!is_gone)
		return hm_arena_check(r->l->arena, "a pipeline", err);
	while (has_changed && left > 0) {
		has_changed = false;
		for (size_t i = 0; i < count; i++) {
			const struct hm_pipeline_task *t = &r->p->tasks[i];
			size_t k = 0;
			while (!is_gone[i] && k < t->after_count && is_gone[t->after[k]])
				k++;
			if (is_gone[i] || k < t->after_count)
				continue;
			is_gone[i] = has_changed = true;
			left--;
		}
	}
	if (left == 0)
		return HM_OK;
	/* follow one that is left to one that is left, until one comes again */
	size_t at = 0, begin;
	while (is_gone[at])
		at++;
	for (size_t i = 0; i <= count; i++) {
		const struct hm_pipeline_task *t = &r->p->tasks[at];
		for (size_t k = 0; k < t->after_count; k++) {
			if (!is_gone[t->after[k]])
				at = t->after[k];
		}
	}
	begin = at;
	do {
		const struct hm_pipeline_task *t = &r->p->tasks[at];
		size_t len = strlen(circle);
		snprintf(circle + len, sizeof(circle) - len, "'%.*s' after ", HM_STR_ARG(t->name));
		for (size_t k = 0; k < t->after_count; k++) {
			if (!is_gone[t->after[k]])
				at = t->after[k];
		}
	} while (at != begin);
	return hm_pipeline_refuse(r->doc, r->p->tasks[begin].node, err, HM_R_PIPELINE_CYCLE,
				  "tasks wait for each other: %s'%.*s'", circle, HM_STR_ARG(r->p->tasks[begin].name));
}

static enum hm_status read_result(struct resolver *r, const struct hm_value *v, const struct hm_scope *scope,
				  struct hm_param *result, struct hm_err *err)
{
	const struct hm_value *value = hm_pipeline_get(v, "value");
	enum hm_param_type type, is;
	bool has_type;
	struct hm_str rest, before;
	struct hm_ref ref;

	result->node = v;
	result->name = hm_arena_dup(r->l->arena, hm_pipeline_text(v, "name"));
	if (!hm_name_is_result(result->name))
		return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME, "'%.*s' cannot be the name of a result",
					  HM_STR_ARG(result->name));
	enum hm_status st = hm_spec_type(r->doc, v, &type, &has_type, err);
	if (st == HM_OK && !value)
		st = hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_FIELD, "the result '%.*s' has no value",
					HM_STR_ARG(result->name));
	if (st == HM_OK)
		st = hm_spec_value(r->l->arena, r->doc, value, &result->value, err);
	if (st != HM_OK)
		return st;
	is = result->value.type;
	if (is == HM_PARAM_STRING)
		st = hm_scope_check(scope, result->value.text, value, HM_PLACE_VALUE, &is, err);
	for (size_t i = 0; i < result->value.count + 1 && st == HM_OK; i++) {
		bool has_result = false;
		if (i == result->value.count && result->value.type != HM_PARAM_STRING)
			break;
		rest = i < result->value.count ? result->value.items[i] : result->value.text;
		if (i < result->value.count)
			st = hm_scope_check(scope, rest, value, HM_PLACE_TEXT, NULL, err);
		while (st == HM_OK && hm_ref_next(&rest, &before, &ref)) {
			if (ref.kind != HM_REF_TASK_RESULT)
				st = hm_pipeline_refuse(r->doc, value, err, HM_R_PIPELINE_REFERENCE,
							"a result of a pipeline is made of results of its tasks, "
							"not of %.*s",
							HM_STR_ARG(ref.text));
			has_result = true;
		}
		if (st == HM_OK && !has_result)
			st = hm_pipeline_refuse(r->doc, value, err, HM_R_PIPELINE_REFERENCE,
						"a result of a pipeline is made of results of its tasks");
	}
	if (st == HM_OK && has_type && type != is)
		st = hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_TYPE,
					"the result '%.*s' is of type %s, its value of %s", HM_STR_ARG(result->name),
					hm_param_type_name(type), hm_param_type_name(is));
	return st;
}

static enum hm_status read_results(struct resolver *r, struct hm_err *err)
{
	const struct hm_value *list = hm_pipeline_get(spec_of(r), "results");
	struct hm_scope scope = { .doc = r->doc, .pipeline = r->p, .is_in_results = true };
	enum hm_status st = hm_pipeline_count(r->doc, list, "results", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_param *results = hm_arena_calloc(r->l->arena, count + 1, sizeof(*results));

	if (st == HM_OK)
		st = hm_arena_check(r->l->arena, "a pipeline", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		st = read_result(r, hm_value_at(list, i), &scope, &results[i], err);
		if (st == HM_OK && hm_param_find(results, i, results[i].name))
			st = hm_pipeline_refuse(r->doc, results[i].node, err, HM_R_PIPELINE_NAME,
						"the result '%.*s' is there twice", HM_STR_ARG(results[i].name));
	}
	r->p->results = results;
	r->p->result_count = count;
	return st;
}

/* A pipeline has no annotations of ours. */
static enum hm_status check_annotations(const struct resolver *r, struct hm_err *err)
{
	const struct hm_value *map = hm_pipeline_get(hm_pipeline_get(r->doc->root, "metadata"), "annotations");

	for (size_t i = 0; i < hm_value_count(map); i++) {
		struct hm_str name = hm_value_text(hm_value_key_at(map, i));
		if (hm_str_has_prefix(name, HM_STR("hallmark.dev/")))
			return hm_pipeline_refuse(r->doc, hm_value_key_at(map, i), err, HM_R_PIPELINE_ANNOTATION,
						  "the annotation '%.*s' counts only on tasks that ship with hallmark",
						  HM_STR_ARG(name));
	}
	return HM_OK;
}

static enum hm_status read_head(struct resolver *r, struct hm_err *err)
{
	const struct hm_value *spec = spec_of(r);
	enum hm_status st = check_annotations(r, err);

	if (st == HM_OK && !spec)
		st = hm_pipeline_refuse(r->doc, r->doc->root, err, HM_R_PIPELINE_FIELD, "the pipeline has no spec");
	if (st == HM_OK)
		st = hm_spec_params(r->l->arena, r->doc, hm_pipeline_get(spec, "params"), &r->p->params,
				    &r->p->param_count, err);
	if (st == HM_OK)
		st = hm_spec_workspaces(r->l->arena, r->doc, hm_pipeline_get(spec, "workspaces"), &r->p->workspaces,
					&r->p->workspace_count, err);
	return st;
}

enum hm_status hm_pipeline_resolve(struct hm_loader *l, const struct hm_pipeline_doc *doc, struct hm_err *err)
{
	struct resolver r = { .l = l, .doc = doc, .p = l->pipeline };

	r.p->doc = doc;
	r.p->name = hm_arena_dup(l->arena, hm_pipeline_text(hm_pipeline_get(doc->root, "metadata"), "name"));
	enum hm_status st = read_head(&r, err);
	if (st == HM_OK)
		st = read_tasks(&r, err);
	if (st != HM_OK)
		return st;
	bool *uses = hm_arena_calloc(l->arena, r.p->task_count, sizeof(*uses));
	if (!uses)
		return hm_arena_check(l->arena, "a pipeline", err);
	for (size_t i = 0; i < r.p->task_count && st == HM_OK; i++) {
		memset(uses, 0, r.p->task_count * sizeof(*uses));
		st = check_task(&r, &r.tasks[i], uses, err);
		if (st == HM_OK)
			st = read_order(&r, &r.tasks[i], uses, err);
	}
	if (st == HM_OK)
		st = check_cycle(&r, err);
	return st == HM_OK ? read_results(&r, err) : st;
}
