/* Which task runs when. All of it in the thread that called hm_pipeline_run(); tasks have threads of their own. */
#include "base/own.h"
#include "pipeline/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* What a task's thread still writes nobody looks at: only what has been joined, or never had a thread, is over. */
static enum hm_task_state state_of(struct hm_task_ctx *t)
{
	pthread_mutex_lock(&t->r->lock);
	enum hm_task_state state = t->state;
	pthread_mutex_unlock(&t->r->lock);
	return state;
}

static bool is_good(const struct hm_task_run *run)
{
	return run->outcome.is_over && (run->outcome.result == HM_RUN_SUCCESS || run->is_ignored);
}

static void skip_task(struct hm_task_ctx *t, const char *why)
{
	t->state = HM_TASK_DONE;
	t->run->why_skipped = why;
	t->run->outcome.is_over = true;
	t->run->outcome.result = HM_RUN_SKIP;
	hm_runner_emit(t->r, HM_EVENT_TASK_ENDED, t->run, NULL, (struct hm_str){ 0 });
}

/* The run has failed by this task, unless another was first. */
static void note_failure(struct hm_runner *r, struct hm_task_ctx *t)
{
	if (r->run->failed || is_good(t->run) || t->run->why_skipped)
		return;
	r->run->failed = t->run;
	for (size_t i = 0; i < t->task->step_count; i++) {
		const struct hm_step_run *step = &t->run->steps[i];
		if (step->outcome.is_over && step->outcome.result != HM_RUN_SUCCESS && !step->is_ignored)
			r->run->failed_step = step;
	}
}

/* A task that could not even begin. */
static void fail_task(struct hm_task_ctx *t, enum hm_status st, struct hm_err *err)
{
	t->state = HM_TASK_DONE;
	st = hm_while(err, st, "task '%.*s'", HM_STR_ARG(t->ptask->name));
	hm_outcome_begin(t->r, &t->run->outcome);
	hm_outcome_end(t->r, &t->run->outcome, hm_run_result_of(err), err);
	hm_runner_emit(t->r, HM_EVENT_TASK_ENDED, t->run, NULL, (struct hm_str){ 0 });
	note_failure(t->r, t);
	(void)st;
}

static enum hm_status start_thread(struct hm_task_ctx *t, struct hm_err *err)
{
	sigset_t all, before;

	/* signals are the business of the caller's threads */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int errnum = pthread_create(&t->thread, NULL, hm_task_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errnum == 0 ? HM_OK : hm_fail_errno(err, errnum, "start a thread");
}

static bool are_uses_there(const struct hm_task_ctx *t)
{
	for (size_t i = 0; i < t->ptask->use_count; i++) {
		size_t used = t->ptask->uses[i];
		if (state_of(&t->r->tasks[used]) != HM_TASK_DONE || !is_good(&t->r->run->tasks[used]))
			return false;
	}
	return true;
}

static void start_task(struct hm_task_ctx *t)
{
	struct hm_err err = { 0 };

	if (t->ptask->is_final && !are_uses_there(t)) {
		skip_task(t, "Results were missing");
		return;
	}
	t->cancel = t->r->cancel[t->ptask->is_final ? 1 : 0];
	enum hm_status st = hm_task_params(t, &err);
	if (st != HM_OK && err.reason == HM_R_PIPELINE_RESULT && t->ptask->is_final) {
		skip_task(t, "Results were missing");
		return;
	}
	if (st == HM_OK) {
		t->state = HM_TASK_RUNNING;
		st = start_thread(t, &err);
	}
	if (st != HM_OK)
		fail_task(t, st, &err);
}

static bool is_ready(const struct hm_task_ctx *t)
{
	for (size_t i = 0; i < t->ptask->after_count; i++) {
		size_t other = t->ptask->after[i];
		if (state_of(&t->r->tasks[other]) != HM_TASK_DONE || !is_good(&t->r->run->tasks[other]))
			return false;
	}
	return true;
}

/* Take in the threads that are over; how many still run. */
static size_t join_ended(struct hm_runner *r)
{
	size_t running = 0;

	for (size_t i = 0; i < r->p->task_count; i++) {
		struct hm_task_ctx *t = &r->tasks[i];
		enum hm_task_state state = state_of(t);
		running += state == HM_TASK_RUNNING ? 1 : 0;
		if (state != HM_TASK_JOINING)
			continue;
		pthread_join(t->thread, NULL);
		t->state = HM_TASK_DONE;
		note_failure(r, t);
	}
	return running;
}

/* Begin what can begin; how many run then. */
static size_t start_ready(struct hm_runner *r, size_t running)
{
	for (size_t i = 0; i < r->p->task_count && running < r->limit; i++) {
		struct hm_task_ctx *t = &r->tasks[i];
		bool may_begin = r->is_finishing ? r->stops < 2 : !r->run->failed && r->stops == 0;
		if (state_of(t) != HM_TASK_WAITING || t->ptask->is_final != r->is_finishing || !may_begin ||
		    !is_ready(t))
			continue;
		start_task(t);
		if (state_of(t) == HM_TASK_DONE) {
			/* others may have waited for it, or must not begin any more */
			i = SIZE_MAX;
			continue;
		}
		running++;
	}
	return running;
}

static void skip_rest(struct hm_runner *r, bool is_final)
{
	for (size_t i = 0; i < r->p->task_count; i++) {
		if (r->tasks[i].state == HM_TASK_WAITING && r->p->tasks[i].is_final == is_final)
			skip_task(&r->tasks[i], "PipelineRun was stopping");
	}
}

static void set(int event)
{
	uint64_t one = 1;

	while (write(event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* One stop ends the tasks; the next one finally too. A descriptor that is broken is not asked again. */
static void take_stop(struct hm_runner *r)
{
	uint64_t bytes = 0;
	ssize_t n = read(r->stop_fd, &bytes, 1);

	if (n < 0 && errno == EINVAL) /* an eventfd gives eight bytes: all its stops at once, which count as one */
		n = read(r->stop_fd, &bytes, sizeof(bytes));
	if (n <= 0) {
		r->stop_fd = n < 0 && (errno == EINTR || errno == EAGAIN) ? r->stop_fd : -1;
		return;
	}
	r->stops++;
	set(r->cancel[0]);
	if (r->stops > 1)
		set(r->cancel[1]);
}

static void wait_for_change(struct hm_runner *r)
{
	struct pollfd fds[] = { { .fd = r->wake, .events = POLLIN }, { .fd = r->stop_fd, .events = POLLIN } };
	uint64_t count;

	if (poll(fds, 2, -1) <= 0)
		return;
	if (fds[0].revents)
		(void)!read(r->wake, &count, sizeof(count));
	if (fds[1].revents)
		take_stop(r);
}

void hm_runner_schedule(struct hm_runner *r)
{
	for (;;) {
		size_t running = start_ready(r, join_ended(r));
		if (running > 0) {
			wait_for_change(r);
			continue;
		}
		skip_rest(r, r->is_finishing);
		if (r->is_finishing)
			return;
		r->is_finishing = true;
	}
}
