/* run: a pipeline on this machine, by default from a Go module to a signed, logged and verified image. */
#include "cli/commands.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/running.h"
#include "cli/version.h"
#include "sandbox/support.h"

#include <stdlib.h>

static const char *const sandbox_choices[] = { "auto", "none", NULL };

#define O(member) offsetof(struct hm_cli_run_opts, member)
static const struct hm_opt run_table[] = {
	{ "pipeline", 'f', HM_OPT_TEXT, O(pipeline), "FILE", "a Tekton Pipeline; the one that ships with hallmark",
	  NULL, NULL },
	{ "platform", 0, HM_OPT_LIST, O(platforms), "LIST",
	  "platforms as OS/ARCH[/VARIANT], with commas between them; linux/amd64,linux/arm64", NULL, NULL },
	{ "param", 'p', HM_OPT_LIST, O(params), "NAME=VALUE", "a param of the pipeline", NULL, NULL },
	{ "network", 0, HM_OPT_LIST, O(networks), "TASK",
	  "let a task of a pipeline of your own use the network; the shipped fetch task may anyway", NULL, NULL },
	{ "sandbox", 0, HM_OPT_CHOICE, O(sandbox), "HOW",
	  "auto: each step in a sandbox; none: without isolation, which summary and provenance then say",
	  sandbox_choices, NULL },
	{ "state", 0, HM_OPT_TEXT, O(state), "FOLDER", "keys and log; $XDG_STATE_HOME/hallmark", NULL, NULL },
};
#undef O

static void running_done(struct hm_running *r)
{
	hm_run_summary_done(&r->summary);
	r->run = hm_run_free(r->run);
	hm_stop_done(&r->stop);
	r->progress = hm_progress_free(r->progress);
	r->tracer = hm_tracer_free(r->tracer);
	hm_run_surround_done(&r->surround);
	r->instance = hm_instance_free(r->instance);
	hm_source_done(&r->source);
	hm_run_places_done(&r->places);
	hm_strv_done(&r->control_env);
	hm_run_request_done(&r->request);
	free(r->record_path);
	hm_arena_done(&r->arena);
	free(r);
}

/* --- what there is --- */

static enum hm_status check_sandbox(struct hm_running *r, struct hm_err *err)
{
	struct hm_sandbox_support support;

	if (!r->is_isolated) {
		fputs("hallmark: --sandbox=none: NOTHING IS ISOLATED. Steps can read and change whatever you can.\n",
		      r->cli->log);
		return HM_OK;
	}
	hm_sandbox_probe(&support);
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT && r->not_enforced; i++) {
		const struct hm_sandbox_feature *feature = &support.features[i];
		if (!feature->is_ok && !feature->is_needed)
			r->not_enforced = hm_arena_printf(&r->arena, "%s%s%s", r->not_enforced,
							  r->not_enforced[0] ? ", " : "", feature->name)
					      .ptr;
	}
	enum hm_status st = hm_sandbox_require(&support, err);
	return st == HM_OK ? hm_arena_check(&r->arena, "sandbox", err) : st;
}

static enum hm_status open_instance(struct hm_running *r, struct hm_err *err)
{
	struct hm_instance_opts opts = { .state = r->places.state, .fx = r->cli->fx };
	enum hm_status st = hm_instance_open(&opts, &r->instance, err);

	if (st == HM_OK)
		st = hm_instance_save(r->instance, NULL, r->places.state, err);
	if (st != HM_OK)
		return st;
	r->surround.trusted_root = hm_instance_trusted_root(r->instance);
	r->surround.trusted_root_file = hm_arena_printf(&r->arena, "%s/trusted_root.json", r->places.state).ptr;
	return hm_arena_check(&r->arena, "local instance", err);
}

/* --- while it runs --- */

static void on_event(void *ctx, const struct hm_run_event *event)
{
	struct hm_running *r = ctx;
	bool is_start = event->kind == HM_EVENT_RUN_STARTED;
	bool is_fetch = event->kind == HM_EVENT_TASK_ENDED && event->task->task->task->is_shipped &&
			hm_str_is(event->task->task->task->name, "git-clone") &&
			event->task->outcome.result == HM_RUN_SUCCESS;

	if (is_start) {
		r->record.id = hm_arena_printf(&r->arena, "%s", event->run->uid);
		r->record.started_ns = event->time_ns;
	}
	if (is_fetch)
		hm_running_note_fetch(r, event->task);
	if ((is_start || is_fetch) && r->record_st == HM_OK)
		r->record_st = hm_run_record_save(&r->record, r->record_path, &r->record_err);
	hm_progress_event(r->progress, event);
}

static enum hm_status carry_out(struct hm_running *r, struct hm_err *err)
{
	const struct hm_run_pair workspaces[] = {
		{ "source", r->places.source },         { "modules", r->places.modules },
		{ "test-cache", r->places.test_cache }, { "build-cache", r->places.build_cache },
		{ "evidence", r->places.evidence },     { "reports", r->places.reports },
		{ "release", r->places.release },
	};
	struct hm_run_opts opts = {
		.params = r->request.params,
		.param_count = r->request.param_count,
		.facts = r->surround.facts,
		.fact_count = r->surround.fact_count,
		.workspaces = workspaces,
		.workspace_count = sizeof(workspaces) / sizeof(workspaces[0]),
		.dir = r->places.dir,
		.log_dir = r->places.log,
		.surroundings = hm_run_surround_task,
		.surroundings_ctx = &r->surround,
		.control = { .program = r->cli->program, .env = (const char *const *)r->control_env.v },
		.network_tasks = (const char *const *)r->request.opts->networks.v,
		.no_sandbox = !r->is_isolated,
		.secrets = r->surround.secrets,
		.secret_count = r->surround.secret_count,
		.stop_fd = r->stop.fd,
		.event = on_event,
		.event_ctx = r,
		.tracer = r->tracer,
		.effects = r->cli->fx,
	};
	enum hm_status st = hm_pipeline_run(r->request.pipeline, &opts, &r->run, err);

	if (st == HM_OK && r->record_st != HM_OK) {
		*err = r->record_err;
		return r->record_st;
	}
	return st;
}

static enum hm_status prepare(struct hm_running *r, struct hm_err *err)
{
	const struct hm_cli_run_opts *o = r->request.opts;
	const struct hm_tracer_opts tracer = { .effects = r->cli->fx, .service_version = HM_VERSION };
	enum hm_status st = check_sandbox(r, err);

	if (st == HM_OK)
		st = hm_run_places_open(r->request.home, o->state, o->pipeline ? r->request.pipeline_file : NULL,
					&r->places, err);
	if (st == HM_OK)
		st = hm_running_take_source(r, err);
	if (st == HM_OK)
		st = open_instance(r, err);
	r->surround.is_isolated = r->is_isolated;
	r->surround.run_dir = r->places.dir;
	r->surround.local_git = r->request.local_git;
	if (st == HM_OK)
		st = hm_run_surround_open(&r->surround, r->cli->program, err);
	for (size_t i = 0; i < r->request.param_count && st == HM_OK; i++)
		st = hm_run_surround_add_url(&r->surround, hm_str(r->request.params[i].value), err);
	if (st == HM_OK)
		st = hm_running_begin_record(r, err);
	return st == HM_OK ? hm_tracer_new(&tracer, &r->tracer, err) : st;
}

static enum hm_status run_all(struct hm_running *r, const char *package, struct hm_err *err)
{
	const struct hm_cli *cli = r->cli;
	/* before this nothing is there to be taken away: a signal just ends us, though a pipeline came from a pipe */
	enum hm_status st = hm_run_request_read(r->request.opts, cli->program, package, &r->request, err);

	if (st == HM_OK)
		st = hm_stop_open(&r->stop, err);
	if (st == HM_OK)
		st = hm_progress_new(cli->json ? HM_PROGRESS_JSON : hm_progress_form_for(cli->log),
				     cli->json ? cli->out : cli->log, &r->progress, err);
	if (st == HM_OK)
		st = prepare(r, err);
	if (st == HM_OK)
		st = carry_out(r, err);
	if (st != HM_OK)
		return st;
	return r->run->outcome.result == HM_RUN_SUCCESS ? hm_running_publish(r, err) : hm_running_fail(r, err);
}

static enum hm_status run_run(struct hm_cli *cli, const void *raw, char *const *args, size_t args_count,
			      struct hm_err *err)
{
	const struct hm_cli_run_opts *opts = raw;
	struct hm_running *r = hm_calloc(1, sizeof(*r));

	if (!r)
		return hm_fail(err, HM_R_NO_MEMORY, "run");
	*r = (struct hm_running){
		.cli = cli,
		.request.opts = opts,
		.is_isolated = opts->sandbox == 0,
		.not_enforced = "",
		.places.lock = -1,
		.arena = hm_arena_init(HM_MAX_RUN_RECORD),
	};
	enum hm_status st = run_all(r, args_count ? args[0] : NULL, err);
	running_done(r);
	return st;
}

const struct hm_cmd hm_cmd_run = {
	.name = "run",
	.summary = "take a Go module from source to a signed, logged and verified image",
	.args = "[PACKAGE]",
	.about =
	    "Runs a pipeline on this machine, each step in a sandbox. The pipeline that ships with hallmark verifies "
	    "the\n"
	    "modules against go.sum, vets and tests, builds PACKAGE for each platform, makes an image, an SBOM and\n"
	    "provenance, signs them keylessly with a CA, a time-stamp authority and a transparency log of its own in\n"
	    "this process, and verifies the result. Only fetching has a network.\n"
	    "\n"
	    "The source is the working tree as it is. The results are in .hallmark/out/NAME of the module, put there "
	    "in\n"
	    "one step when everything has succeeded; each step's output is in .hallmark/log.",
	.example = "$ cd examples/hello && hallmark run\n"
		   "$ hallmark run --platform linux/amd64 --param coverage-threshold=70 ./cmd/server\n"
		   "$ hallmark run --pipeline pipeline.yaml --param git-url=https://example.com/app.git\n",
	HM_CMD_OPTS(run_table, struct hm_cli_run_opts),
	.max_args = 1,
	.run = run_run,
};
