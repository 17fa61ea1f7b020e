/*
 * Carrying a pipeline out on this machine: tasks in parallel branches, each step in a sandbox of its own.
 *
 * What a step sees is decided by three: the pipeline names its workspaces, results and environment; the caller names
 * what else is mounted, which tasks have a network and what is secret, through struct hm_run_opts; the sandbox does the
 * rest. A control-plane task (it ships with hallmark and says so) is the exception: its steps are child processes of
 * this program, outside of every sandbox, because they need what no step may see.
 *
 * Inside of a step:
 *   /workspace               a folder of the task, shared by its steps; where a step begins unless workingDir says else
 *   /workspace/NAME          the task's workspaces, or where mountPath says
 *   /tekton/results/NAME     $(results.NAME.path)
 *   /tekton/scripts/NAME     the step's script; without a first line "#!" it is a sh script with -e, as Tekton has it
 *   /tekton/steps/step-NAME/exitCode   of the steps before
 *   environment              PATH, HOME, LANG=C.UTF-8, what the caller adds, TRACEPARENT, the step's own; no more
 * Without isolation (opts->no_sandbox) and on the control plane the same folders stand elsewhere on the machine, and
 * the variables $(workspaces.…), $(results.…) say where.
 *
 * Once a task has failed no further task is begun; those that run may end, and then finally's are run. So it is after a
 * stop, but that what runs is killed. A second stop kills finally's too.
 *
 * Layer 9. One run is one call; it starts threads of its own. Source: Tekton's docs/{tasks,pipelines,variables}.md
 */
#ifndef HM_PIPELINE_RUN_H
#define HM_PIPELINE_RUN_H

#include "base/buf.h"
#include "base/effects.h"
#include "base/strv.h"
#include "pipeline/model.h"
#include "sandbox/sandbox.h"
#include "trace/cicd.h"

/* A name and a text; both borrowed. */
struct hm_run_pair {
	const char *name, *value;
};

/*
 * What a task's steps see besides what the pipeline says. All is borrowed until the run is over.
 */
struct hm_run_surroundings {
	const struct hm_sandbox_mount *mounts; /* made before the workspaces; without isolation: only those of
						  READ_ONLY and READ_WRITE whose source is their target are made */
	size_t mount_count;
	const char *const *env; /* NAME=value, ends in NULL, or NULL; PATH and HOME in it replace the defaults */
	struct hm_sandbox_limits limits; /* besides those that a step demands */
	const char *home;                /* NULL: the sandbox's */
};

/*
 * Say what the steps of a task see. Called once for each task that is no control plane's, before anything runs, by the
 * thread that called hm_pipeline_run().
 *
 * Shape   has_network: whether the task has the machine's network; the answer may hold a CA bundle and a netrc then.
 *         ret_surroundings: all zero on entry.
 * Errors  anything but HM_OK ends the run before it begins
 */
typedef enum hm_status (*hm_run_surroundings_fn)(void *ctx, const struct hm_pipeline_task *task, bool has_network,
						 struct hm_run_surroundings *ret_surroundings, struct hm_err *err);

enum hm_run_event_kind {
	HM_EVENT_RUN_STARTED,
	HM_EVENT_TASK_STARTED,
	HM_EVENT_STEP_STARTED,
	HM_EVENT_OUTPUT, /* a line of a step; both its streams, in the order in which it wrote */
	HM_EVENT_STEP_ENDED,
	HM_EVENT_TASK_ENDED, /* also for a task that is skipped: it never starts */
	HM_EVENT_RUN_ENDED,
};

/* "run-started", "task-started", …, "output" */
const char *hm_run_event_name(enum hm_run_event_kind kind);

struct hm_run;
struct hm_task_run;
struct hm_step_run;

/* What happened. Borrowed for the call; secrets are masked in lines, tails and errors, not in params and results. */
struct hm_run_event {
	enum hm_run_event_kind kind;
	int64_t time_ns;                /* since 1970 */
	const struct hm_run *run;       /* name, uid and pipeline only: the rest is being written */
	const struct hm_task_run *task; /* NULL for those of the run; complete once it has ended */
	const struct hm_step_run *step; /* NULL for those of the run and of tasks; complete once it has ended */
	struct hm_str line;             /* OUTPUT: without its line end; any bytes. A longer one than
					   HM_MAX_PIPELINE_LINE comes in pieces */
	const struct hm_err *err;       /* of what ended and did not succeed; else NULL */
};

/* Called by one thread at a time, of several. It must not wait for the run. */
typedef void (*hm_run_event_fn)(void *ctx, const struct hm_run_event *event);

/*
 * How the steps of control-plane tasks are run. Such a step finds TRACEPARENT in its environment, and in
 * HM_RUN_SPANS_ENV the path of a file for its own spans (hm_otlp_encode_lines(), up to HM_MAX_PIPELINE_SPANS), which
 * become part of the run's trace.
 */
#define HM_RUN_SPANS_ENV "HALLMARK_SPANS"

struct hm_run_control {
	const char *program; /* absolute path of what `hallmark`, the only command of such steps, means */
	const char *const
	    *env; /* all of their environment but the step's own; ends in NULL; NULL: this process's own */
};

struct hm_run_opts {
	const struct hm_run_pair *params; /* of the pipeline, as text: hm_param_value_parse() */
	size_t param_count;
	/* What is known about this run: for params of shipped tasks that nobody passed, by their name. */
	const struct hm_run_pair *facts;
	size_t fact_count;
	/* Workspaces by name, the pipeline's and those that shipped tasks want: absolute paths of folders. One that
	   nobody wants is passed over, so a caller can give all that it has. */
	const struct hm_run_pair *workspaces;
	size_t workspace_count;
	/* A folder of this run, for its temporary files; what is in it is removed at the end, but `logs`. Absolute,
	   without links, must be there. Workspaces that are not in the list are made in it too, empty: optional ones
	   are not. */
	const char *dir;
	const char *log_dir; /* where TASK/STEP.log are kept; NULL: in `dir`/logs */

	hm_run_surroundings_fn surroundings; /* NULL: nothing besides */
	void *surroundings_ctx;
	struct hm_run_control control;
	const char *const
	    *network_tasks; /* these have a network too, whatever their annotations say; ends in NULL, or NULL */
	bool no_sandbox;    /* nothing is isolated: --sandbox=none */

	const struct hm_str
	    *secrets; /* never shown: each becomes "***" in logs, events and errors; empty ones are none */
	size_t secret_count;

	size_t parallel;    /* tasks at a time; 0: as many as there are processors */
	int64_t timeout_ns; /* of a task that sets none; 0: Tekton's default, an hour */
	int stop_fd;        /* each byte that can be read from it is a stop; it is not closed. -1, or 0 as
			       in an empty struct: there is none */

	hm_run_event_fn event; /* NULL: nobody watches */
	void *event_ctx;
	struct hm_tracer *tracer;         /* NULL: no spans */
	const struct hm_effects *effects; /* NULL: the system's */
};

/* How something came out. */
struct hm_outcome {
	bool is_begun, is_over;
	enum hm_run_result result;
	int64_t start_ns, duration_ns; /* since 1970; measured */
	struct hm_err err;             /* why it did not succeed */
};

struct hm_step_run {
	const struct hm_task_step *step;
	struct hm_outcome outcome;
	int exit_code;      /* -1: none */
	int signal;         /* that ended it, or 0 */
	bool is_ignored;    /* it failed, and onError says continue */
	char *log;          /* path */
	struct hm_buf tail; /* its last HM_PIPELINE_TAIL_LINES lines, masked, each with a line end */
	uint64_t lines;     /* that it wrote */
	uint64_t max_rss;   /* bytes, of its largest process; 0: not known */
};

struct hm_task_run {
	const struct hm_pipeline_task *task;
	struct hm_outcome outcome;
	const char *why_skipped; /* Tekton's words; NULL: it was not */
	bool is_ignored;         /* it failed, and onError says continue */
	bool has_network, is_isolated;
	struct hm_step_run *steps; /* task->task->step_count */
	struct hm_param *params;   /* what it was called with; param_count as in task->task. Empty if not begun */
	size_t param_count;
	struct hm_param *results; /* those that it wrote, not masked */
	size_t result_count;
};

struct hm_run {
	const struct hm_pipeline *pipeline;
	char name[80];             /* go-release-x7k2p */
	char uid[37];              /* a UUID */
	struct hm_outcome outcome; /* err: of the first task that failed */
	struct hm_task_run *tasks; /* pipeline->task_count */
	struct hm_param *params;   /* pipeline->param_count */
	size_t param_count;
	struct hm_param *results; /* those of the pipeline that can be said, not masked */
	size_t result_count;
	const struct hm_task_run *failed; /* the first, or NULL */
	const struct hm_step_run *failed_step;
	struct hm_arena arena, *arenas; /* its own, and one for each task */
};

/*
 * Carry a pipeline out.
 *
 * A run in which tasks fail is still HM_OK here: ret_run says how it came out, and its outcome.err what this program's
 * own answer should be (HM_EVERIFY pipeline.step for a step that failed, HM_EIO interrupted after a stop, …).
 *
 * Owns    borrows pipeline and opts for the call, pipeline as long as ret_run lives; ret_run is the caller's, for
 *         hm_run_free()
 * Errors  nothing was begun:
 *         HM_EINVAL pipeline.param: unknown, missing, or not of its type; pipeline.workspace: no such folder, or given
 *                   twice; sandbox.options
 *         HM_EIO    sandbox.limit-unenforced: a step demands limits that this machine cannot hold; file.io
 *         HM_ENOMEM; what surroundings gave
 */
enum hm_status hm_pipeline_run(const struct hm_pipeline *pipeline, const struct hm_run_opts *opts,
			       struct hm_run **ret_run, struct hm_err *err) HM_MUST;

/* Safe on NULL. Returns NULL. */
struct hm_run *hm_run_free(struct hm_run *run);

static inline void hm_run_freep(struct hm_run **run)
{
	*run = hm_run_free(*run);
}

/* By names, or NULL. */
const struct hm_task_run *hm_run_task(const struct hm_run *run, struct hm_str task);
const struct hm_param *hm_run_result(const struct hm_run *run, struct hm_str task, struct hm_str result);

/* The text of a result that a task wrote; {0} where it did not, and of no task. */
struct hm_str hm_task_run_text(const struct hm_task_run *task, const char *result);

#endif
