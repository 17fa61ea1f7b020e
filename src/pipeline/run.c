#include "pipeline/run.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "pipeline/runner.h"
#include "sandbox/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a run may take in memory besides its pipeline: values and paths of one task. */
#define MAX_TASK_MEMORY (4 * HM_MAX_PIPELINE_TEXT)

const char *hm_run_event_name(enum hm_run_event_kind kind)
{
	static const char *const names[] = { "run-started", "task-started", "step-started", "output",
					     "step-ended",  "task-ended",   "run-ended" };

	return names[kind];
}

void hm_runner_emit(struct hm_runner *r, enum hm_run_event_kind kind, const struct hm_task_run *task,
		    const struct hm_step_run *step, struct hm_str line)
{
	const struct hm_outcome *outcome = step ? &step->outcome : task ? &task->outcome : &r->run->outcome;
	bool has_failed = outcome->is_over && outcome->err.reason != HM_R_OK;

	if (!r->o->event)
		return;
	pthread_mutex_lock(&r->event);
	struct hm_run_event event = {
		.kind = kind,
		.time_ns = hm_now_ns(r->fx),
		.run = r->run,
		.task = task,
		.step = step,
		.line = line,
		.err = has_failed ? &outcome->err : NULL,
	};
	r->o->event(r->o->event_ctx, &event);
	pthread_mutex_unlock(&r->event);
}

void hm_outcome_begin(struct hm_runner *r, struct hm_outcome *outcome)
{
	outcome->is_begun = true;
	outcome->start_ns = hm_now_ns(r->fx);
	outcome->duration_ns = hm_monotonic_ns();
}

void hm_outcome_end(struct hm_runner *r, struct hm_outcome *outcome, enum hm_run_result result,
		    const struct hm_err *err)
{
	outcome->duration_ns = hm_monotonic_ns() - outcome->duration_ns;
	outcome->result = result;
	if (err) {
		outcome->err = *err;
		hm_mask_err(&r->mask, &outcome->err);
	}
	outcome->is_over = true;
}

enum hm_run_result hm_run_result_of(const struct hm_err *err)
{
	if (err->reason == HM_R_INTERRUPTED)
		return HM_RUN_CANCELLATION;
	if (err->reason == HM_R_PIPELINE_TIMEOUT)
		return HM_RUN_TIMEOUT;
	return hm_reason_status(err->reason) == HM_EVERIFY ? HM_RUN_FAILURE : HM_RUN_ERROR;
}

struct hm_run *hm_run_free(struct hm_run *run)
{
	if (!run)
		return NULL;
	for (size_t i = 0; run->tasks && i < run->pipeline->task_count; i++) {
		for (size_t k = 0; run->tasks[i].steps && k < run->pipeline->tasks[i].task->step_count; k++) {
			free(run->tasks[i].steps[k].log);
			hm_buf_done(&run->tasks[i].steps[k].tail);
		}
		if (run->arenas)
			hm_arena_done(&run->arenas[i]);
	}
	hm_arena_done(&run->arena);
	free(run);
	return NULL;
}

const struct hm_task_run *hm_run_task(const struct hm_run *run, struct hm_str task)
{
	const struct hm_pipeline_task *found = hm_pipeline_task_find(run->pipeline, task);

	return found ? &run->tasks[found - run->pipeline->tasks] : NULL;
}

const struct hm_param *hm_run_result(const struct hm_run *run, struct hm_str task, struct hm_str result)
{
	const struct hm_task_run *found = hm_run_task(run, task);

	return found ? hm_param_find(found->results, found->result_count, result) : NULL;
}

struct hm_str hm_task_run_text(const struct hm_task_run *task, const char *result)
{
	const struct hm_param *found = task ? hm_param_find(task->results, task->result_count, hm_str(result)) : NULL;

	return found ? found->value.text : (struct hm_str){ 0 };
}

/* A random UUID. Source: RFC 9562, 5.4 */
static enum hm_status make_uid(const struct hm_effects *fx, char ret_text[37], struct hm_err *err)
{
	uint8_t b[16];
	size_t at = 0;
	enum hm_status st = hm_random(fx, b, sizeof(b), err);

	if (st != HM_OK)
		return st;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret_text[at++] = '-';
		at += (size_t)snprintf(ret_text + at, 37 - at, "%02x", b[i]);
	}
	return HM_OK;
}

/* The pipeline's name and five characters, as Kubernetes makes names from generateName. */
static enum hm_status make_name(struct hm_runner *r, struct hm_err *err)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	uint8_t b[5];
	enum hm_status st = hm_random(r->fx, b, sizeof(b), err);

	if (st != HM_OK)
		return st;
	int len = snprintf(r->run->name, sizeof(r->run->name), "%.*s-",
			   (int)(r->p->name.len < 57 ? r->p->name.len : 57), r->p->name.ptr);
	for (size_t i = 0; i < sizeof(b); i++)
		r->run->name[(size_t)len + i] = letters[b[i] % (sizeof(letters) - 1)];
	return make_uid(r->fx, r->run->uid, err);
}

static bool has_network(const struct hm_runner *r, const struct hm_pipeline_task *t)
{
	const char *const *names = r->o->network_tasks;

	for (; names && *names; names++) {
		if (hm_str_is(t->name, *names))
			return true;
	}
	return t->task->uses_network;
}

static enum hm_status make_task(struct hm_runner *r, size_t i, struct hm_err *err)
{
	struct hm_task_ctx *t = &r->tasks[i];
	const struct hm_pipeline_task *ptask = &r->p->tasks[i];
	struct hm_task_run *run = &r->run->tasks[i];

	*t = (struct hm_task_ctx){ .r = r, .ptask = ptask, .task = ptask->task, .run = run };
	t->arena = &r->run->arenas[i];
	t->is_on_machine = r->o->no_sandbox || ptask->task->is_control_plane;
	run->task = ptask;
	run->has_network = has_network(r, ptask) || t->is_on_machine;
	run->is_isolated = !t->is_on_machine;
	run->steps = hm_arena_calloc(&r->run->arena, ptask->task->step_count, sizeof(*run->steps));
	t->dir = hm_arena_printf(&r->run->arena, "%s/tasks/%.*s", r->o->dir, HM_STR_ARG(ptask->name)).ptr;
	t->name = hm_arena_printf(&r->run->arena, "%s-%.*s", r->run->name, HM_STR_ARG(ptask->name)).ptr;
	enum hm_status st = hm_arena_check(&r->run->arena, "a run", err);
	for (size_t k = 0; st == HM_OK && k < ptask->task->step_count; k++) {
		run->steps[k].step = &ptask->task->steps[k];
		run->steps[k].exit_code = -1;
		run->steps[k].tail = hm_buf_init(HM_PIPELINE_TAIL_LINES * (HM_MAX_PIPELINE_LINE + 1));
	}
	if (st == HM_OK)
		st = make_uid(r->fx, t->uid, err);
	if (st == HM_OK && ptask->task->is_control_plane && !r->o->control.program)
		st = hm_fail(err, HM_R_BUG, "nobody says what runs the control plane's task '%.*s'",
			     HM_STR_ARG(ptask->name));
	if (st == HM_OK && !ptask->task->is_control_plane && r->o->surroundings)
		st = r->o->surroundings(r->o->surroundings_ctx, ptask, run->has_network, &t->around, err);
	return st;
}

/* Limits that a step demands are held, or nothing begins. */
static enum hm_status check_limits(const struct hm_runner *r, struct hm_err *err)
{
	struct hm_sandbox_support support;
	bool is_probed = false;

	for (size_t i = 0; i < r->p->task_count; i++) {
		const struct hm_task *task = r->p->tasks[i].task;
		for (size_t k = 0; k < task->step_count; k++) {
			const struct hm_task_step *step = &task->steps[k];
			if (step->memory == 0 && step->cpu_milli == 0)
				continue;
			if (!is_probed)
				hm_sandbox_probe(&support);
			is_probed = true;
			const struct hm_sandbox_feature *memory = &support.features[HM_SANDBOX_CAN_MEMORY];
			const struct hm_sandbox_feature *cpu = &support.features[HM_SANDBOX_CAN_CPU];
			const struct hm_sandbox_feature *bad = step->memory > 0 && !memory->is_ok   ? memory
							       : step->cpu_milli > 0 && !cpu->is_ok ? cpu
												    : NULL;
			if (!bad)
				continue;
			enum hm_status st =
			    hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED,
				    "the step '%.*s' of the task '%.*s' demands a limit on %s, which this "
				    "machine cannot hold: %s",
				    HM_STR_ARG(step->name), HM_STR_ARG(r->p->tasks[i].name),
				    bad == memory ? "memory" : "processor time", bad->detail);
			return hm_at(err, st, task->doc->file, 0, 0);
		}
	}
	return HM_OK;
}

static enum hm_status make_folder(const char *path, struct hm_err *err)
{
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "a run");
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return hm_fail_errno(err, errno, "make '%s'", path);
	return HM_OK;
}

static enum hm_status check_opts(const struct hm_runner *r, struct hm_err *err)
{
	for (const char *const *n = r->o->network_tasks; n && *n; n++) {
		if (!hm_pipeline_task_find(r->p, hm_str(*n)))
			return hm_fail(err, HM_R_USAGE,
				       "the pipeline '%.*s' has no task '%s' that could have a network",
				       HM_STR_ARG(r->p->name), *n);
	}
	if (!r->o->dir || r->o->dir[0] != '/')
		return hm_fail(err, HM_R_BUG, "a run without a folder");
	return HM_OK;
}

static enum hm_status open_events(struct hm_runner *r, struct hm_err *err)
{
	int *fds[] = { &r->wake, &r->cancel[0], &r->cancel[1] };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		*fds[i] = eventfd(0, EFD_CLOEXEC);
		if (*fds[i] < 0)
			return hm_fail_errno(err, errno, "make an eventfd");
	}
	return HM_OK;
}

/* Everything that can be refused before a run begins. */
static enum hm_status prepare(struct hm_runner *r, struct hm_err *err)
{
	struct hm_run *run = r->run;
	size_t count = r->p->task_count;

	run->tasks = hm_arena_calloc(&run->arena, count, sizeof(*run->tasks));
	run->arenas = hm_arena_calloc(&run->arena, count, sizeof(*run->arenas));
	r->tasks = hm_arena_calloc(&run->arena, count, sizeof(*r->tasks));
	enum hm_status st = hm_arena_check(&run->arena, "a run", err);
	if (st != HM_OK) {
		run->tasks = NULL;
		return st;
	}
	for (size_t i = 0; i < count; i++)
		run->arenas[i] = hm_arena_init(MAX_TASK_MEMORY);
	st = hm_mask_init(&r->mask, r->o->secrets, r->o->secret_count, err);
	if (st == HM_OK)
		st = check_opts(r, err);
	if (st == HM_OK)
		st = make_name(r, err);
	if (st == HM_OK)
		st = hm_runner_params(r, err);
	if (st == HM_OK)
		st = check_limits(r, err);
	if (st == HM_OK)
		st = make_folder(hm_arena_printf(&run->arena, "%s/tasks", r->o->dir).ptr, err);
	if (st == HM_OK)
		st = make_folder(r->o->log_dir, err);
	if (st == HM_OK)
		st = hm_runner_workspaces(r, err);
	for (size_t i = 0; i < count && st == HM_OK; i++)
		st = make_task(r, i, err);
	return st == HM_OK ? open_events(r, err) : st;
}

/* The results of the pipeline; one whose tasks did not write theirs is left out, as Tekton does. */
static void take_results(struct hm_runner *r)
{
	struct hm_vars vars = { .r = r };
	struct hm_subst subst = hm_vars_subst(&vars);

	r->run->results = hm_arena_calloc(&r->run->arena, r->p->result_count + 1, sizeof(*r->run->results));
	for (size_t i = 0; r->run->results && i < r->p->result_count; i++) {
		struct hm_param *result = &r->run->results[r->run->result_count];
		*result = (struct hm_param){ .name = r->p->results[i].name, .node = r->p->results[i].node };
		if (hm_subst_value(&subst, &r->p->results[i].value, &r->run->arena, &result->value, NULL) == HM_OK)
			r->run->result_count++;
	}
}

static void finish(struct hm_runner *r)
{
	struct hm_run *run = r->run;
	struct hm_err err = { 0 };

	take_results(r);
	if (r->stops > 0) {
		(void)!hm_fail(&err, HM_R_INTERRUPTED, "the run was stopped");
		hm_outcome_end(r, &run->outcome, HM_RUN_CANCELLATION, &err);
	} else if (run->failed) {
		hm_outcome_end(r, &run->outcome, run->failed->outcome.result, &run->failed->outcome.err);
	} else {
		hm_outcome_end(r, &run->outcome, HM_RUN_SUCCESS, NULL);
	}
	hm_cicd_pipeline_end(r->span, run->outcome.result,
			     run->outcome.result == HM_RUN_SUCCESS ? NULL : &run->outcome.err);
	hm_runner_emit(r, HM_EVENT_RUN_ENDED, NULL, NULL, (struct hm_str){ 0 });
}

/* What was only for the run. Nobody can do anything about what stays. */
static void remove_folders(const struct hm_runner *r)
{
	static const char *const names[] = { "tasks", "workspaces" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", r->o->dir, names[i]);
		if (path)
			(void)!hm_tree_remove(path, NULL);
	}
}

static void runner_done(struct hm_runner *r)
{
	int fds[] = { r->wake, r->cancel[0], r->cancel[1] };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	hm_mask_done(&r->mask);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->event);
}

enum hm_status hm_pipeline_run(const struct hm_pipeline *pipeline, const struct hm_run_opts *opts,
			       struct hm_run **ret_run, struct hm_err *err)
{
	HM_OWN(hm_run_freep) struct hm_run *run = hm_calloc(1, sizeof(*run));
	struct hm_run_opts o = *opts;
	HM_OWN(hm_freep) char *log_dir = opts->log_dir ? NULL : hm_asprintf("%s/logs", opts->dir ? opts->dir : "");

	if (!run || (!opts->log_dir && !log_dir))
		return hm_fail(err, HM_R_NO_MEMORY, "a run");
	if (!opts->log_dir)
		o.log_dir = log_dir;
	run->pipeline = pipeline;
	run->arena = hm_arena_init(HM_MAX_PIPELINE_MEMORY);
	HM_OWN(runner_done)
	struct hm_runner r = { .p = pipeline, .o = &o, .run = run, .wake = -1, .cancel = { -1, -1 } };
	r.stop_fd = o.stop_fd > 0 ? o.stop_fd : -1;
	r.fx = o.effects ? o.effects : hm_effects_system();
	r.limit = o.parallel > 0 ? o.parallel : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	pthread_mutex_init(&r.lock, NULL);
	pthread_mutex_init(&r.event, NULL);
	enum hm_status st = prepare(&r, err);
	if (st != HM_OK)
		return st;
	r.span = hm_cicd_pipeline_start(o.tracer, "RUN", pipeline->name, hm_str(run->uid));
	hm_outcome_begin(&r, &run->outcome);
	hm_runner_emit(&r, HM_EVENT_RUN_STARTED, NULL, NULL, (struct hm_str){ 0 });
	hm_runner_schedule(&r);
	finish(&r);
	remove_folders(&r);
	*ret_run = HM_STEAL(run);
	return HM_OK;
}
