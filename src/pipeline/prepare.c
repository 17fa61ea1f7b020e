/* Params, workspaces and folders: what is decided before a step can begin. */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "pipeline/load.h"
#include "pipeline/name.h"
#include "pipeline/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct hm_run_pair *find_pair(const struct hm_run_pair *pairs, size_t count, struct hm_str name)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_is(name, pairs[i].name))
			return &pairs[i];
	}
	return NULL;
}

static enum hm_status check_names(const struct hm_runner *r, struct hm_err *err)
{
	for (size_t i = 0; i < r->o->param_count; i++) {
		struct hm_str name = hm_str(r->o->params[i].name);
		if (!hm_param_spec_find(r->p->params, r->p->param_count, name))
			return hm_fail(err, HM_R_PIPELINE_PARAM, "the pipeline '%.*s' has no param '%.*s'",
				       HM_STR_ARG(r->p->name), HM_STR_ARG(name));
		if (find_pair(r->o->params, i, name))
			return hm_fail(err, HM_R_PIPELINE_PARAM, "the param '%.*s' is given twice", HM_STR_ARG(name));
	}
	return HM_OK;
}

enum hm_status hm_runner_params(struct hm_runner *r, struct hm_err *err)
{
	struct hm_arena *arena = &r->run->arena;
	enum hm_status st = check_names(r, err);

	r->params = hm_arena_calloc(arena, r->p->param_count + 1, sizeof(*r->params));
	if (st == HM_OK)
		st = hm_arena_check(arena, "params", err);
	for (size_t i = 0; i < r->p->param_count && st == HM_OK; i++) {
		const struct hm_param_spec *spec = &r->p->params[i];
		const struct hm_run_pair *given = find_pair(r->o->params, r->o->param_count, spec->name);
		r->params[i] = (struct hm_param){ .name = spec->name, .node = spec->node };
		if (given)
			st = hm_param_value_parse(spec, hm_arena_dup(arena, hm_str(given->value)), arena,
						  &r->params[i].value, err);
		else if (spec->fallback)
			r->params[i].value = *spec->fallback;
		else
			st = hm_fail(err, HM_R_PIPELINE_PARAM, "the pipeline '%.*s' wants the param '%.*s'",
				     HM_STR_ARG(r->p->name), HM_STR_ARG(spec->name));
	}
	if (st == HM_OK)
		st = hm_arena_check(arena, "params", err);
	r->run->params = r->params;
	r->run->param_count = st == HM_OK ? r->p->param_count : 0;
	return st;
}

static enum hm_status make_dir(const char *path, struct hm_err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return hm_fail_errno(err, errno, "make '%s'", path);
	return HM_OK;
}

/* The folder of a workspace: the one that was given, or a new one. */
static enum hm_status place_workspace(struct hm_runner *r, struct hm_str name, bool is_optional, const char **ret_path,
				      struct hm_err *err)
{
	const struct hm_run_pair *given = find_pair(r->o->workspaces, r->o->workspace_count, name);
	HM_OWN(hm_freep) char *resolved = NULL;
	enum hm_status st;

	*ret_path = NULL;
	if (!given && is_optional)
		return HM_OK;
	if (!given) {
		const char *all = hm_arena_printf(&r->run->arena, "%s/workspaces", r->o->dir).ptr;
		const char *path =
		    hm_arena_printf(&r->run->arena, "%s/workspaces/%.*s", r->o->dir, HM_STR_ARG(name)).ptr;
		st = hm_arena_check(&r->run->arena, "workspaces", err);
		if (st == HM_OK)
			st = make_dir(all, err);
		if (st == HM_OK)
			st = make_dir(path, err);
		*ret_path = path;
		return st;
	}
	if (given->value[0] != '/' || !hm_path_is_dir(given->value))
		return hm_fail(err, HM_R_PIPELINE_WORKSPACE, "the workspace '%s' is no folder: '%s'", given->name,
			       given->value);
	st = hm_path_resolve(given->value, &resolved, err);
	if (st == HM_OK)
		*ret_path = hm_arena_dup(&r->run->arena, hm_str(resolved)).ptr;
	return st == HM_OK ? hm_arena_check(&r->run->arena, "workspaces", err) : st;
}

static bool has_workspace(const struct hm_runner *r, struct hm_str name)
{
	for (size_t i = 0; i < r->workspace_count; i++) {
		if (hm_str_eq(r->workspaces[i].name, name))
			return true;
	}
	return false;
}

static enum hm_status add_workspace(struct hm_runner *r, struct hm_str name, bool is_optional, struct hm_err *err)
{
	struct hm_run_workspace *w = &r->workspaces[r->workspace_count];

	if (has_workspace(r, name))
		return HM_OK;
	w->name = name;
	r->workspace_count++;
	return place_workspace(r, name, is_optional, &w->path, err);
}

enum hm_status hm_runner_workspaces(struct hm_runner *r, struct hm_err *err)
{
	size_t count = r->p->workspace_count;
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < r->o->workspace_count; i++) {
		if (find_pair(r->o->workspaces, i, hm_str(r->o->workspaces[i].name)))
			return hm_fail(err, HM_R_PIPELINE_WORKSPACE, "the workspace '%s' is given twice",
				       r->o->workspaces[i].name);
	}
	for (size_t i = 0; i < r->p->task_count; i++)
		count += r->p->tasks[i].binding_count;
	r->workspaces = hm_arena_calloc(&r->run->arena, count + 1, sizeof(*r->workspaces));
	st = hm_arena_check(&r->run->arena, "workspaces", err);
	for (size_t i = 0; i < r->p->workspace_count && st == HM_OK; i++)
		st = add_workspace(r, r->p->workspaces[i].name, r->p->workspaces[i].is_optional, err);
	for (size_t i = 0; i < r->p->task_count && st == HM_OK; i++) {
		const struct hm_pipeline_task *t = &r->p->tasks[i];
		for (size_t k = 0; k < t->binding_count && st == HM_OK; k++) {
			if (t->bindings[k].is_own)
				st = add_workspace(r, t->bindings[k].workspace, false, err);
		}
	}
	return st;
}

/* One param of a task: passed, or a fact of the run, or the default. */
static enum hm_status task_param(struct hm_task_ctx *t, const struct hm_subst *subst, const struct hm_param_spec *spec,
				 struct hm_param_value *ret_value, struct hm_err *err)
{
	const struct hm_param *passed = hm_param_find(t->ptask->params, t->ptask->param_count, spec->name);
	const struct hm_run_pair *fact = NULL;

	if (passed)
		return hm_subst_value(subst, &passed->value, t->arena, ret_value, err);
	if (t->task->is_shipped)
		fact = find_pair(t->r->o->facts, t->r->o->fact_count, spec->name);
	if (fact)
		return hm_param_value_parse(spec, hm_arena_dup(t->arena, hm_str(fact->value)), t->arena, ret_value,
					    err);
	if (!spec->fallback)
		return hm_fail(err, HM_R_PIPELINE_PARAM, "the task '%.*s' wants the param '%.*s', and nothing says it",
			       HM_STR_ARG(t->ptask->name), HM_STR_ARG(spec->name));
	*ret_value = *spec->fallback;
	return HM_OK;
}

/* Keys of an object that were not passed come from the default. */
static enum hm_status complete_object(struct hm_task_ctx *t, const struct hm_param_spec *spec,
				      struct hm_param_value *value, struct hm_err *err)
{
	size_t extra = spec->fallback ? spec->fallback->count : 0;
	struct hm_str *items = hm_arena_calloc(t->arena, value->count + extra + 1, sizeof(*items));
	struct hm_str *keys = hm_arena_calloc(t->arena, value->count + extra + 1, sizeof(*keys));
	size_t count = value->count;

	if (!items || !keys)
		return hm_arena_check(t->arena, "params", err);
	for (size_t i = 0; i < count; i++) {
		items[i] = value->items[i];
		keys[i] = value->keys[i];
	}
	for (size_t i = 0; i < extra; i++) {
		size_t k = 0;
		while (k < value->count && !hm_str_eq(keys[k], spec->fallback->keys[i]))
			k++;
		if (k < value->count)
			continue;
		keys[count] = spec->fallback->keys[i];
		items[count++] = spec->fallback->items[i];
	}
	value->items = items;
	value->keys = keys;
	value->count = count;
	for (size_t i = 0; i < spec->key_count; i++) {
		size_t k = 0;
		while (k < count && !hm_str_eq(keys[k], spec->keys[i]))
			k++;
		if (k == count)
			return hm_fail(err, HM_R_PIPELINE_PARAM,
				       "the param '%.*s' of the task '%.*s' has no key '%.*s'", HM_STR_ARG(spec->name),
				       HM_STR_ARG(t->ptask->name), HM_STR_ARG(spec->keys[i]));
	}
	return HM_OK;
}

enum hm_status hm_task_params(struct hm_task_ctx *t, struct hm_err *err)
{
	struct hm_vars vars = { .r = t->r, .t = t };
	struct hm_subst subst = hm_vars_subst(&vars);
	struct hm_param *params = hm_arena_calloc(t->arena, t->task->param_count + 1, sizeof(*params));
	enum hm_status st = hm_arena_check(t->arena, "params", err);

	for (size_t i = 0; i < t->task->param_count && st == HM_OK; i++) {
		const struct hm_param_spec *spec = &t->task->params[i];
		params[i] = (struct hm_param){ .name = spec->name, .node = spec->node };
		st = task_param(t, &subst, spec, &params[i].value, err);
		if (st == HM_OK && spec->type == HM_PARAM_OBJECT)
			st = complete_object(t, spec, &params[i].value, err);
	}
	if (st != HM_OK)
		return st;
	t->run->params = params;
	t->run->param_count = t->task->param_count;
	return HM_OK;
}

enum hm_status hm_task_folders(struct hm_task_ctx *t, struct hm_err *err)
{
	static const char *const names[] = { "", "/workspace", "/results", "/steps", "/scripts", "/home" };
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && st == HM_OK; i++) {
		const char *path = hm_arena_printf(t->arena, "%s%s", t->dir, names[i]).ptr;
		st = path ? make_dir(path, err) : hm_arena_check(t->arena, "folders", err);
	}
	return st;
}

/*
 * A folder below a workspace, made where it is missing. No link is followed: a step before may have put one there that
 * leads out.
 */
enum hm_status hm_make_below(const char *root, struct hm_str below, struct hm_err *err)
{
	HM_OWN(hm_closep) int at = open(root, O_DIRECTORY | O_CLOEXEC | O_PATH);
	struct hm_str rest = below, part;

	if (at < 0)
		return hm_fail_errno(err, errno, "open '%s'", root);
	while (hm_str_next(&rest, '/', &part)) {
		HM_OWN(hm_freep) char *name = NULL;
		enum hm_status st = hm_str_dup(part, &name, err);
		if (st != HM_OK)
			return st;
		if (mkdirat(at, name, 0755) != 0 && errno != EEXIST)
			return hm_fail_errno(err, errno, "make '%s' in '%s'", name, root);
		int next = openat(at, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_PATH);
		if (next < 0)
			return hm_fail_errno(err, errno, "open '%s' in '%s'", name, root);
		close(at);
		at = next;
	}
	return HM_OK;
}

/* Where the workspace of a binding is on the machine. */
static enum hm_status machine_path(struct hm_task_ctx *t, const struct hm_workspace_binding *b,
				   const struct hm_subst *subst, const char **ret_path, struct hm_err *err)
{
	const char *root = NULL;
	struct hm_str below;

	for (size_t i = 0; i < t->r->workspace_count; i++) {
		if (hm_str_eq(t->r->workspaces[i].name, b->workspace))
			root = t->r->workspaces[i].path;
	}
	*ret_path = root;
	enum hm_status st = hm_subst_dup(subst, b->sub_path, t->arena, &below, err);
	if (st != HM_OK || !root || below.len == 0)
		return st;
	if (!hm_sub_path_is_good(below))
		return hm_fail(err, HM_R_PIPELINE_WORKSPACE, "subPath '%.*s' does not lead into the workspace '%.*s'",
			       HM_STR_ARG(below), HM_STR_ARG(b->workspace));
	st = hm_make_below(root, below, err);
	*ret_path = hm_arena_printf(t->arena, "%s/%.*s", root, HM_STR_ARG(below)).ptr;
	return st == HM_OK ? hm_arena_check(t->arena, "workspaces", err) : st;
}

static enum hm_status inside_path(struct hm_task_ctx *t, const struct hm_workspace_spec *w,
				  const struct hm_subst *subst, const char **ret_path, struct hm_err *err)
{
	struct hm_str path;

	if (w->mount_path.len == 0) {
		*ret_path = hm_arena_printf(t->arena, "/workspace/%.*s", HM_STR_ARG(w->name)).ptr;
		return hm_arena_check(t->arena, "workspaces", err);
	}
	enum hm_status st = hm_subst_dup(subst, w->mount_path, t->arena, &path, err);
	if (st == HM_OK && !hm_mount_path_is_good(path))
		st = hm_fail(err, HM_R_PIPELINE_WORKSPACE, "mountPath '%.*s' of the workspace '%.*s' cannot be used",
			     HM_STR_ARG(path), HM_STR_ARG(w->name));
	if (st == HM_OK)
		*ret_path = path.ptr;
	return st;
}

enum hm_status hm_task_workspaces(struct hm_task_ctx *t, struct hm_err *err)
{
	struct hm_vars outer = { .r = t->r, .t = t }, inner = { .r = t->r, .t = t, .is_task = true };
	struct hm_subst subst_outer = hm_vars_subst(&outer), subst_inner = hm_vars_subst(&inner);
	size_t count = t->task->workspace_count;
	enum hm_status st = HM_OK;

	t->ws_inside = hm_arena_calloc(t->arena, count + 1, sizeof(*t->ws_inside));
	t->ws_machine = hm_arena_calloc(t->arena, count + 1, sizeof(*t->ws_machine));
	if (!t->ws_inside || !t->ws_machine)
		return hm_arena_check(t->arena, "workspaces", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		const struct hm_workspace_spec *w = &t->task->workspaces[i];
		const struct hm_workspace_binding *b = hm_workspace_binding_find(t->ptask, w->name);
		if (!b)
			continue;
		st = machine_path(t, b, &subst_outer, &t->ws_machine[i], err);
		if (st == HM_OK && t->ws_machine[i])
			st = inside_path(t, w, &subst_inner, &t->ws_inside[i], err);
		if (st == HM_OK && t->ws_machine[i] && t->is_on_machine)
			t->ws_inside[i] = t->ws_machine[i];
	}
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		for (size_t k = 0; k < i; k++) {
			if (t->ws_inside[i] && t->ws_inside[k] && !t->is_on_machine &&
			    strcmp(t->ws_inside[i], t->ws_inside[k]) == 0)
				st = hm_fail(err, HM_R_PIPELINE_WORKSPACE, "two workspaces of the task '%.*s' at '%s'",
					     HM_STR_ARG(t->ptask->name), t->ws_inside[i]);
		}
	}
	return st;
}
