/* A Task: its steps with stepTemplate merged in, and the privileges that it may have. */
#include "base/limits.h"
#include "pipeline/loader.h"
#include "pipeline/name.h"

#include <inttypes.h>
#include <stdio.h>

/* What a step and a stepTemplate have in common, as it is merged. */
struct reader {
	struct hm_arena *arena;
	const struct hm_pipeline_doc *doc;
};

static enum hm_status read_texts(const struct reader *r, const struct hm_value *list, const struct hm_str **ret_texts,
				 size_t *ret_count, struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(r->doc, list, "arguments", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_str *texts = hm_arena_calloc(r->arena, count + 1, sizeof(*texts));

	for (size_t i = 0; i < count && texts && st == HM_OK; i++)
		texts[i] = hm_arena_dup(r->arena, hm_value_text(hm_value_at(list, i)));
	*ret_texts = texts;
	*ret_count = count;
	return st != HM_OK ? st : hm_arena_check(r->arena, "a pipeline", err);
}

static size_t find_env(const struct hm_env *env, size_t count, struct hm_str name)
{
	size_t i = 0;

	while (i < count && !hm_str_eq(env[i].name, name))
		i++;
	return i;
}

/* A list of variables; of two with the same name the last one's value holds. */
static enum hm_status read_own_env(const struct reader *r, const struct hm_value *list, struct hm_env *env,
				   size_t *ret_count, struct hm_err *err)
{
	size_t used = 0;

	for (size_t i = 0; i < hm_value_count(list); i++) {
		const struct hm_value *v = hm_value_at(list, i);
		struct hm_env one = {
			.name = hm_arena_dup(r->arena, hm_pipeline_text(v, "name")),
			.value = hm_arena_dup(r->arena, hm_pipeline_text(v, "value")),
			.node = v,
		};
		if (!hm_name_is_env(one.name))
			return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME,
						  "'%.*s' cannot be the name of a variable", HM_STR_ARG(one.name));
		size_t at = find_env(env, used, one.name);
		env[at] = one;
		used += at == used ? 1 : 0;
	}
	*ret_count = used;
	return hm_arena_check(r->arena, "a pipeline", err);
}

/*
 * Put the variables of a step and those of the template together, in the order of Kubernetes' strategic merge: the
 * step's as they stand, and each of the template's that the step has not, before the first one that stood behind it in
 * the template. The order decides what $(NAME) in a value can mean.
 *
 * Source  k8s.io/apimachinery pkg/util/strategicpatch, mergeSortedSlice
 */
static size_t merge_env(const struct hm_env *old, size_t old_count, const struct hm_env *own, size_t own_count,
			struct hm_env *env)
{
	size_t used = 0, i = 0, k = 0;

	while (i < old_count || k < own_count) {
		if (i < old_count && find_env(own, own_count, old[i].name) < own_count) {
			i++;
			continue;
		}
		size_t place = k < own_count ? find_env(old, old_count, own[k].name) : old_count;
		bool is_before = k == own_count || (place < old_count && i < place);
		env[used++] = i < old_count && is_before ? old[i++] : own[k++];
	}
	return used;
}

static enum hm_status read_env(const struct reader *r, const struct hm_value *list, struct hm_task_step *step,
			       struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(r->doc, list, "variables", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_env *own = hm_arena_calloc(r->arena, count + 1, sizeof(*own));
	struct hm_env *env = hm_arena_calloc(r->arena, step->env_count + count + 1, sizeof(*env));

	if (st == HM_OK)
		st = hm_arena_check(r->arena, "a pipeline", err);
	if (st == HM_OK)
		st = read_own_env(r, list, own, &count, err);
	if (st != HM_OK)
		return st;
	step->env_count = merge_env(step->env, step->env_count, own, count, env);
	step->env = env;
	return HM_OK;
}

static enum hm_status read_quantity(const struct reader *r, const struct hm_value *v, uint64_t scale,
				    uint64_t *ret_number, struct hm_err *err)
{
	char digits[24];
	struct hm_str text = hm_value_text(v);

	if (v->kind == HM_NUMBER && v->is_text) {
		text = hm_str_of(v->text, v->len);
	} else if (v->kind == HM_NUMBER) {
		snprintf(digits, sizeof(digits), "%" PRId64, v->i64);
		text = hm_str(digits);
	}
	if ((v->kind != HM_NUMBER && v->kind != HM_STRING) || !hm_quantity_read(text, scale, ret_number))
		return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_FIELD,
					  "must be a quantity such as 512Mi or 500m");
	return HM_OK;
}

/* Limits are demands on the sandbox. Requests are for a scheduler, of which there is none: only read. */
static enum hm_status read_resources(const struct reader *r, const struct hm_value *resources,
				     struct hm_task_step *step, struct hm_err *err)
{
	const struct hm_value *limits = hm_pipeline_get(resources, "limits");
	const struct hm_value *requests = hm_pipeline_get(resources, "requests");

	for (unsigned which = 0; which < 2; which++) {
		const struct hm_value *map = which == 0 ? limits : requests;
		if (map && map->kind != HM_OBJECT)
			return hm_pipeline_refuse(r->doc, map, err, HM_R_PIPELINE_FIELD, "must be an object");
		for (size_t i = 0; i < hm_value_count(map); i++) {
			struct hm_str name = hm_value_text(hm_value_key_at(map, i));
			bool is_cpu = hm_str_is(name, "cpu");
			uint64_t number;
			enum hm_status st =
			    read_quantity(r, hm_value_member_at(map, i), is_cpu ? 1000 : 1, &number, err);
			if (st != HM_OK)
				return st;
			if (which == 0 && !is_cpu && !hm_str_is(name, "memory"))
				return hm_pipeline_refuse(r->doc, hm_value_key_at(map, i), err,
							  HM_R_PIPELINE_UNSUPPORTED,
							  "a limit on '%.*s' is not supported", HM_STR_ARG(name));
			if (which == 0 && is_cpu)
				step->cpu_milli = number;
			else if (which == 0)
				step->memory = number;
		}
	}
	return HM_OK;
}

/* The fields that a step and a template share; what v has takes the place of what step has. */
static enum hm_status read_common(const struct reader *r, const struct hm_value *v, struct hm_task_step *step,
				  struct hm_err *err)
{
	const struct hm_value *command = hm_pipeline_get(v, "command"), *args = hm_pipeline_get(v, "args");
	enum hm_status st = HM_OK;

	if (hm_pipeline_text(v, "image").len > 0)
		step->image = hm_arena_dup(r->arena, hm_pipeline_text(v, "image"));
	if (hm_pipeline_text(v, "workingDir").len > 0)
		step->working_dir = hm_arena_dup(r->arena, hm_pipeline_text(v, "workingDir"));
	if (hm_value_count(command) > 0)
		st = read_texts(r, command, &step->command, &step->command_count, err);
	if (st == HM_OK && hm_value_count(args) > 0)
		st = read_texts(r, args, &step->args, &step->arg_count, err);
	if (st == HM_OK)
		st = read_env(r, hm_pipeline_get(v, "env"), step, err);
	if (st == HM_OK)
		st = read_resources(r, hm_pipeline_get(v, r->doc->is_v1beta1 ? "resources" : "computeResources"), step,
				    err);
	return st;
}

/* Of a step's onError and a task's. */
enum hm_status hm_spec_on_error(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
				struct hm_str *ret_text, struct hm_err *err)
{
	struct hm_str text = hm_pipeline_text(v, "onError");
	struct hm_ref ref;

	if (text.len > 0 && !hm_str_is(text, "continue") && !hm_str_is(text, "stopAndFail") &&
	    !(hm_ref_is_whole(text, &ref) && ref.kind == HM_REF_PARAM))
		return hm_pipeline_refuse(doc, hm_pipeline_get(v, "onError"), err, HM_R_PIPELINE_FIELD,
					  "onError is continue, stopAndFail or a param, not '%.*s'", HM_STR_ARG(text));
	*ret_text = hm_arena_dup(arena, text);
	return hm_arena_check(arena, "a pipeline", err);
}

enum hm_status hm_spec_timeout(const struct hm_pipeline_doc *doc, const struct hm_value *object, bool *ret_has,
			       int64_t *ret_ns, struct hm_err *err)
{
	const struct hm_value *v = hm_pipeline_get(object, "timeout");

	*ret_has = v && hm_value_text(v).len > 0;
	*ret_ns = 0;
	if (!v || (hm_duration_read(hm_value_text(v), ret_ns) && *ret_ns >= 0))
		return HM_OK;
	return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD, "timeout is a duration such as 1h30m, not '%.*s'",
				  HM_STR_ARG(hm_value_text(v)));
}

static enum hm_status check_step(const struct reader *r, const struct hm_task_step *step, struct hm_err *err)
{
	if (step->image.len == 0)
		return hm_pipeline_refuse(r->doc, step->node, err, HM_R_PIPELINE_FIELD,
					  "the step has no image; it has no effect here, and a cluster wants one");
	if (step->script.len > 0 && step->command_count > 0)
		return hm_pipeline_refuse(r->doc, step->node, err, HM_R_PIPELINE_FIELD,
					  "a step has a script or a command, not both");
	if (step->script.len == 0 && step->command_count == 0)
		return hm_pipeline_refuse(r->doc, step->node, err, HM_R_PIPELINE_UNSUPPORTED,
					  "the step has neither script nor command; an image's own program is not "
					  "supported");
	if (hm_str_has_prefix(step->script, HM_STR("#!win")))
		return hm_pipeline_refuse(r->doc, step->node, err, HM_R_PIPELINE_UNSUPPORTED,
					  "scripts for Windows are not supported");
	return HM_OK;
}

static enum hm_status read_step(const struct reader *r, const struct hm_value *v, size_t i, struct hm_task_step *step,
				struct hm_err *err)
{
	bool has_timeout;

	step->node = v;
	step->name = hm_arena_dup(r->arena, hm_pipeline_text(v, "name"));
	step->script = hm_arena_dup(r->arena, hm_pipeline_text(v, "script"));
	if (step->name.len > 0 && !hm_name_is_label(step->name))
		return hm_pipeline_refuse(r->doc, v, err, HM_R_PIPELINE_NAME, "'%.*s' cannot be the name of a step",
					  HM_STR_ARG(step->name));
	if (step->name.len == 0)
		step->name = hm_arena_printf(r->arena, "unnamed-%zu", i);
	enum hm_status st = read_common(r, v, step, err);
	if (st == HM_OK)
		st = hm_spec_on_error(r->arena, r->doc, v, &step->on_error, err);
	if (st == HM_OK)
		st = hm_spec_timeout(r->doc, v, &has_timeout, &step->timeout_ns, err);
	return st == HM_OK ? check_step(r, step, err) : st;
}

static enum hm_status read_steps(const struct reader *r, const struct hm_value *spec, struct hm_task *task,
				 struct hm_err *err)
{
	const struct hm_value *list = hm_pipeline_get(spec, "steps"), *v = hm_pipeline_get(spec, "stepTemplate");
	struct hm_task_step template = { 0 };
	size_t count = hm_value_count(list);
	enum hm_status st = hm_pipeline_count(r->doc, list, "steps", HM_MAX_PIPELINE_ITEMS, err);

	if (st == HM_OK && count == 0)
		return hm_pipeline_refuse(r->doc, spec, err, HM_R_PIPELINE_FIELD, "the task has no steps");
	if (st == HM_OK && v)
		st = read_common(r, v, &template, err);
	struct hm_task_step *steps = hm_arena_calloc(r->arena, count + 1, sizeof(*steps));
	if (st == HM_OK)
		st = hm_arena_check(r->arena, "a pipeline", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		steps[i] = template;
		st = read_step(r, hm_value_at(list, i), i, &steps[i], err);
		for (size_t k = 0; k < i && st == HM_OK; k++) {
			if (hm_str_eq(steps[k].name, steps[i].name))
				st = hm_pipeline_refuse(r->doc, steps[i].node, err, HM_R_PIPELINE_NAME,
							"the step '%.*s' is there twice", HM_STR_ARG(steps[i].name));
		}
	}
	task->steps = steps;
	task->step_count = count;
	return st;
}

#define NETWORK       "hallmark.dev/network"
#define CONTROL_PLANE "hallmark.dev/control-plane"
#define BY_OPTION     "; a task of your own gets a network by --network TASK"

/* What only a task may have that ships with hallmark. Somebody else's is refused: it would run without, and fail in
 * ways that nobody understands. */
static enum hm_status read_annotations(const struct hm_value *metadata, struct hm_task *task, struct hm_err *err)
{
	const struct hm_value *map = hm_pipeline_get(metadata, "annotations");

	for (size_t i = 0; i < hm_value_count(map); i++) {
		const struct hm_value *key = hm_value_key_at(map, i), *v = hm_value_member_at(map, i);
		struct hm_str name = hm_value_text(key), value = hm_value_text(v);
		if (!hm_str_has_prefix(name, HM_STR("hallmark.dev/")))
			continue;
		if (!hm_str_is(name, NETWORK) && !hm_str_is(name, CONTROL_PLANE))
			return hm_pipeline_refuse(task->doc, key, err, HM_R_PIPELINE_UNKNOWN_FIELD,
						  "unknown annotation '%.*s'", HM_STR_ARG(name));
		bool is_network = hm_str_is(name, NETWORK);
		if (!task->is_shipped)
			return hm_pipeline_refuse(
			    task->doc, key, err, HM_R_PIPELINE_ANNOTATION,
			    "the annotation '%.*s' counts only on tasks that ship with hallmark%s", HM_STR_ARG(name),
			    is_network ? BY_OPTION : "");
		if (!hm_str_is(value, is_network ? "host" : "true"))
			return hm_pipeline_refuse(task->doc, v, err, HM_R_PIPELINE_FIELD, "'%.*s' can only be \"%s\"",
						  HM_STR_ARG(name), is_network ? "host" : "true");
		task->uses_network |= is_network;
		task->is_control_plane |= !is_network;
	}
	return HM_OK;
}

/* A control-plane step is a call of this very program and nothing else. */
static enum hm_status check_control_plane(const struct hm_task *task, struct hm_err *err)
{
	for (size_t i = 0; i < task->step_count && task->is_control_plane; i++) {
		const struct hm_task_step *step = &task->steps[i];
		if (step->command_count != 1 || !hm_str_is(step->command[0], "hallmark"))
			return hm_pipeline_refuse(
			    task->doc, step->node, err, HM_R_PIPELINE_ANNOTATION,
			    "a step of the control plane has the command 'hallmark', nothing else");
		if (step->memory > 0 || step->cpu_milli > 0)
			return hm_pipeline_refuse(task->doc, step->node, err, HM_R_PIPELINE_UNSUPPORTED,
						  "limits on a step of the control plane are not supported");
	}
	return HM_OK;
}

enum hm_status hm_task_read(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *spec,
			    const struct hm_value *metadata, struct hm_task *ret_task, struct hm_err *err)
{
	struct reader r = { arena, doc };
	struct hm_task task = { .doc = doc, .is_shipped = doc->is_shipped, .node = spec };

	enum hm_status st = read_annotations(metadata, &task, err);
	if (st == HM_OK)
		st = hm_spec_params(arena, doc, hm_pipeline_get(spec, "params"), &task.params, &task.param_count, err);
	if (st == HM_OK)
		st = hm_spec_results(arena, doc, hm_pipeline_get(spec, "results"), &task.results, &task.result_count,
				     err);
	if (st == HM_OK)
		st = hm_spec_workspaces(arena, doc, hm_pipeline_get(spec, "workspaces"), &task.workspaces,
					&task.workspace_count, err);
	if (st == HM_OK)
		st = read_steps(&r, spec, &task, err);
	if (st == HM_OK)
		st = check_control_plane(&task, err);
	if (st == HM_OK)
		*ret_task = task;
	return st;
}
