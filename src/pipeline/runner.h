/*
 * What the files of the runner share.
 *
 * Layer 9, inside pipeline.
 */
#ifndef HM_PIPELINE_RUNNER_H
#define HM_PIPELINE_RUNNER_H

#include "base/limits.h"
#include "pipeline/mask.h"
#include "pipeline/run.h"
#include "pipeline/subst.h"

#include <pthread.h>

enum hm_task_state { HM_TASK_WAITING, HM_TASK_RUNNING, HM_TASK_JOINING, HM_TASK_DONE };

struct hm_runner;

struct hm_run_workspace {
	struct hm_str name;
	const char *path; /* without links; NULL: an optional one that nobody gave */
};

/* A task while it runs. Its own thread writes everything but state, which the runner's lock guards. */
struct hm_task_ctx {
	struct hm_runner *r;
	const struct hm_pipeline_task *ptask;
	const struct hm_task *task;
	struct hm_task_run *run;
	struct hm_arena *arena; /* of this task: as long as the run */
	enum hm_task_state state;
	pthread_t thread;
	struct hm_run_surroundings around;
	struct hm_span *span;
	int64_t deadline_ns; /* monotonic; INT64_MAX: none */
	const char *dir;     /* of the task, on the machine */
	const char *name;    /* of the task run, as $(context.taskRun.name) */
	char uid[37];
	bool is_on_machine;              /* its steps see the machine's own paths: no sandbox, or control plane */
	int cancel;                      /* readable once it has to end */
	struct hm_sandbox_mount *mounts; /* what its steps see, their scripts excepted */
	size_t mount_count;
	const char **ws_inside, **ws_machine; /* of task->workspaces: paths; NULL where nothing is bound */
};

struct hm_runner {
	const struct hm_pipeline *p;
	const struct hm_run_opts *o;
	const struct hm_effects *fx;
	struct hm_run *run;
	struct hm_task_ctx *tasks; /* p->task_count */
	struct hm_mask mask;
	pthread_mutex_t lock;  /* of states */
	pthread_mutex_t event; /* one event at a time */
	int wake;              /* eventfd: a task has ended */
	int cancel[2];         /* eventfds, readable for ever once set: of tasks, of finally */
	int stop_fd;           /* -1: none, or nothing more comes */
	unsigned stops;        /* how often somebody asked for it */
	bool is_finishing;     /* finally has begun */
	struct hm_span *span;
	struct hm_param *params;             /* values of the pipeline's, in their order */
	struct hm_run_workspace *workspaces; /* by name: the pipeline's and the run's own */
	size_t workspace_count;
	size_t limit; /* tasks at a time */
};

/* Tell the caller what happens; kind and what belongs to it. */
void hm_runner_emit(struct hm_runner *r, enum hm_run_event_kind kind, const struct hm_task_run *task,
		    const struct hm_step_run *step, struct hm_str line);

void hm_outcome_begin(struct hm_runner *r, struct hm_outcome *outcome);
/* err: NULL for success. */
void hm_outcome_end(struct hm_runner *r, struct hm_outcome *outcome, enum hm_run_result result,
		    const struct hm_err *err);
/* What an error means for whoever asks how a run came out. */
enum hm_run_result hm_run_result_of(const struct hm_err *err);

/* In vars.c: the variables of a place. */
struct hm_vars {
	struct hm_runner *r;
	struct hm_task_ctx *t; /* NULL: in the pipeline */
	bool is_task;          /* in the task itself, and not in what the pipeline says of it */
	struct hm_param_value scratch;
	char text[HM_MAX_SANDBOX_PATH];
};
struct hm_subst hm_vars_subst(struct hm_vars *vars);

/* In prepare.c: params and workspaces of the run; folders. */
enum hm_status hm_runner_params(struct hm_runner *r, struct hm_err *err) HM_MUST;
enum hm_status hm_runner_workspaces(struct hm_runner *r, struct hm_err *err) HM_MUST;
enum hm_status hm_task_params(struct hm_task_ctx *t, struct hm_err *err) HM_MUST;
enum hm_status hm_task_folders(struct hm_task_ctx *t, struct hm_err *err) HM_MUST;
/* A folder below another, made where it is missing; no link is followed. */
enum hm_status hm_make_below(const char *root, struct hm_str below, struct hm_err *err) HM_MUST;
enum hm_status hm_task_workspaces(struct hm_task_ctx *t, struct hm_err *err) HM_MUST;

/* In results.c: what a task wrote. must: a malformed one is an error, and not left out. */
enum hm_status hm_task_results(struct hm_task_ctx *t, bool must, struct hm_err *err) HM_MUST;
/* A text as a result of that type. */
enum hm_status hm_result_parse(const struct hm_param_spec *spec, struct hm_str text, struct hm_arena *arena,
			       struct hm_param_value *ret_value, struct hm_err *err) HM_MUST;

/* In task_run.c: a task from its begin to its end; for pthread_create(). */
void *hm_task_main(void *ctx);

/* In step_run.c: one step; the answer is whether the next may begin. */
bool hm_step_execute(struct hm_task_ctx *t, size_t i);

/* In schedule.c: all tasks, until none is left. */
void hm_runner_schedule(struct hm_runner *r);

#endif
