/* One task: its steps one after the other, then its results. Each runs in a thread of its own. */
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "pipeline/name.h"
#include "pipeline/runner.h"

#include <stdlib.h>
#include <unistd.h>

static int compare_targets(const void *a, const void *b)
{
	const struct hm_sandbox_mount *x = a, *y = b;
	size_t lx = strlen(x->target), ly = strlen(y->target);

	return lx < ly ? -1 : lx > ly ? 1 : strcmp(x->target, y->target);
}

/* A target in the task's own /workspace must be there: that is a folder of the machine. */
static enum hm_status make_target(struct hm_task_ctx *t, const char *target, struct hm_err *err)
{
	static const char prefix[] = "/workspace/";
	const char *root = hm_arena_printf(t->arena, "%s/workspace", t->dir).ptr;

	if (!root)
		return hm_arena_check(t->arena, "mounts", err);
	if (strncmp(target, prefix, sizeof(prefix) - 1) != 0)
		return HM_OK;
	return hm_make_below(root, hm_str(target + sizeof(prefix) - 1), err);
}

/* Without isolation only what stays where it is. */
static bool can_mount(const struct hm_task_ctx *t, const struct hm_sandbox_mount *m)
{
	if (!t->is_on_machine)
		return true;
	return (m->kind == HM_SANDBOX_READ_ONLY || m->kind == HM_SANDBOX_READ_WRITE) && m->source && m->target &&
	       strcmp(m->source, m->target) == 0;
}

static void add_own(struct hm_task_ctx *t, enum hm_sandbox_mount_kind kind, const char *name, const char *target)
{
	t->mounts[t->mount_count++] = (struct hm_sandbox_mount){
		.kind = kind, .source = hm_arena_printf(t->arena, "%s/%s", t->dir, name).ptr, .target = target
	};
}

static enum hm_status build_mounts(struct hm_task_ctx *t, struct hm_err *err)
{
	size_t count = t->task->workspace_count;
	enum hm_status st = HM_OK;

	t->mounts = hm_arena_calloc(t->arena, t->around.mount_count + count + 4, sizeof(*t->mounts));
	if (!t->mounts)
		return hm_arena_check(t->arena, "mounts", err);
	for (size_t i = 0; i < t->around.mount_count; i++) {
		if (can_mount(t, &t->around.mounts[i]))
			t->mounts[t->mount_count++] = t->around.mounts[i];
	}
	if (t->is_on_machine)
		return HM_OK;
	add_own(t, HM_SANDBOX_READ_WRITE, "workspace", "/workspace");
	size_t first = t->mount_count;
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		if (!t->ws_inside[i])
			continue;
		st = make_target(t, t->ws_inside[i], err);
		t->mounts[t->mount_count++] = (struct hm_sandbox_mount){
			.kind = t->task->workspaces[i].is_read_only ? HM_SANDBOX_READ_ONLY : HM_SANDBOX_READ_WRITE,
			.source = t->ws_machine[i],
			.target = t->ws_inside[i],
		};
	}
	/* what holds another comes before it */
	qsort(t->mounts + first, t->mount_count - first, sizeof(*t->mounts), compare_targets);
	add_own(t, HM_SANDBOX_READ_WRITE, "results", "/tekton/results");
	add_own(t, HM_SANDBOX_READ_ONLY, "steps", "/tekton/steps");
	return st == HM_OK ? hm_arena_check(t->arena, "mounts", err) : st;
}

static enum hm_status prepare(struct hm_task_ctx *t, struct hm_err *err)
{
	enum hm_status st = hm_task_folders(t, err);

	if (st == HM_OK)
		st = hm_task_workspaces(t, err);
	return st == HM_OK ? build_mounts(t, err) : st;
}

/* Whether a task that failed lets the run go on. */
static bool may_continue(struct hm_task_ctx *t, const struct hm_err *err)
{
	struct hm_vars vars = { .r = t->r, .t = t };
	struct hm_subst subst = hm_vars_subst(&vars);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_PIPELINE_TEXT);

	if (err->reason == HM_R_INTERRUPTED)
		return false;
	return hm_subst_text(&subst, t->ptask->on_error, &text, NULL) == HM_OK &&
	       hm_str_is(hm_buf_str(&text), "continue");
}

static enum hm_status run_steps(struct hm_task_ctx *t, struct hm_err *err)
{
	for (size_t i = 0; i < t->task->step_count; i++) {
		if (hm_step_execute(t, i))
			continue;
		*err = t->run->steps[i].outcome.err;
		return hm_reason_status(err->reason);
	}
	return HM_OK;
}

void *hm_task_main(void *ctx)
{
	struct hm_task_ctx *t = ctx;
	struct hm_task_run *run = t->run;
	struct hm_err err = { 0 }, lost = { 0 };
	int64_t timeout = t->ptask->has_timeout ? t->ptask->timeout_ns : t->r->o->timeout_ns;
	uint64_t one = 1;

	if (!t->ptask->has_timeout && timeout == 0)
		timeout = HM_PIPELINE_TIMEOUT_S * HM_NS_PER_S;
	t->deadline_ns = timeout > 0 ? hm_monotonic_ns() + timeout : INT64_MAX;
	t->span = hm_cicd_task_start(t->r->o->tracer, t->r->span, t->ptask->name, hm_str(t->uid), NULL);
	hm_outcome_begin(t->r, &run->outcome);
	hm_runner_emit(t->r, HM_EVENT_TASK_STARTED, run, NULL, (struct hm_str){ 0 });
	enum hm_status st = prepare(t, &err);
	if (st == HM_OK)
		st = run_steps(t, &err);
	if (st == HM_OK)
		st = hm_task_results(t, true, &err);
	else
		(void)!hm_task_results(t, false, &lost); /* what was written before is known all the same */
	run->is_ignored = st != HM_OK && may_continue(t, &err);
	st = hm_while(&err, st, "task '%.*s'", HM_STR_ARG(t->ptask->name));
	hm_outcome_end(t->r, &run->outcome, st == HM_OK ? HM_RUN_SUCCESS : hm_run_result_of(&err),
		       st == HM_OK ? NULL : &err);
	hm_cicd_task_end(t->span, run->outcome.result, st == HM_OK ? NULL : &run->outcome.err);
	hm_runner_emit(t->r, HM_EVENT_TASK_ENDED, run, NULL, (struct hm_str){ 0 });

	pthread_mutex_lock(&t->r->lock);
	t->state = HM_TASK_JOINING;
	pthread_mutex_unlock(&t->r->lock);
	while (write(t->r->wake, &one, sizeof(one)) < 0)
		;
	return NULL;
}
