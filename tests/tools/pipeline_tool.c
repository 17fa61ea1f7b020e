/*
 * The module pipeline as a program: load a file, run it, print what happens as JSON lines.
 *
 *     pipeline_tool [OPTION…] FILE
 *
 * With --form table, lines, json or auto, what happens is shown on standard error as the command line shows it.
 *
 * The last line is the run's outcome. Exit 0: it succeeded; 1: it did not; 2: it was refused before it began.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/progress.h"
#include "data/json_write.h"
#include "pipeline/load.h"
#include "pipeline/run.h"
#include "trace/otlp.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 64

struct pairs {
	struct hm_run_pair v[MAX];
	size_t count;
};

static struct {
	struct pairs params, facts, workspaces;
	struct hm_str secrets[MAX];
	size_t secret_count;
	const char *networks[MAX], *env[MAX], *tasks[MAX];
	size_t network_count, env_count, task_count;
	const char *dir, *logs, *shipped, *control, *stop_at, *stop_again_at, *trace, *file, *form;
	struct hm_sandbox_mount mounts[MAX];
	size_t mount_count;
	size_t parallel;
	int64_t timeout_ms;
	bool none, load_only;
	int stop[2];
	bool is_stopped[2];
} o;

static void add_pair(struct pairs *pairs, char *text)
{
	char *value = strchr(text, '=');

	if (!value || pairs->count == MAX)
		exit(3);
	*value = '\0';
	pairs->v[pairs->count++] = (struct hm_run_pair){ text, value + 1 };
}

static void add_mount(char *text)
{
	char *target = strchr(text, '=');

	if (!target)
		exit(3);
	*target = '\0';
	o.mounts[o.mount_count++] =
	    (struct hm_sandbox_mount){ .kind = HM_SANDBOX_READ_ONLY, .source = text, .target = target + 1 };
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		if (strcmp(name, "--none") == 0) {
			o.none = true;
			continue;
		}
		if (strcmp(name, "--load") == 0) {
			o.load_only = true;
			continue;
		}
		if (name[0] != '-') {
			o.file = name;
			continue;
		}
		char *value = argv[++i];
		if (!value)
			exit(3);
		if (strcmp(name, "--param") == 0)
			add_pair(&o.params, value);
		else if (strcmp(name, "--fact") == 0)
			add_pair(&o.facts, value);
		else if (strcmp(name, "--workspace") == 0)
			add_pair(&o.workspaces, value);
		else if (strcmp(name, "--secret") == 0)
			o.secrets[o.secret_count++] = hm_str(value);
		else if (strcmp(name, "--network") == 0)
			o.networks[o.network_count++] = value;
		else if (strcmp(name, "--env") == 0)
			o.env[o.env_count++] = value;
		else if (strcmp(name, "--tasks") == 0)
			o.tasks[o.task_count++] = value;
		else if (strcmp(name, "--mount") == 0)
			add_mount(value);
		else if (strcmp(name, "--dir") == 0)
			o.dir = value;
		else if (strcmp(name, "--logs") == 0)
			o.logs = value;
		else if (strcmp(name, "--shipped") == 0)
			o.shipped = value;
		else if (strcmp(name, "--control") == 0)
			o.control = value;
		else if (strcmp(name, "--stop-at") == 0)
			o.stop_at = value;
		else if (strcmp(name, "--stop-again-at") == 0)
			o.stop_again_at = value;
		else if (strcmp(name, "--trace") == 0)
			o.trace = value;
		else if (strcmp(name, "--form") == 0)
			o.form = value;
		else if (strcmp(name, "--parallel") == 0)
			o.parallel = (size_t)strtoul(value, NULL, 10);
		else if (strcmp(name, "--timeout-ms") == 0)
			o.timeout_ms = (int64_t)strtol(value, NULL, 10);
		else
			exit(3);
	}
}

static void put(struct hm_json_writer *w, struct hm_buf *buf)
{
	struct hm_err err = { 0 };

	if (hm_json_writer_check(w, "a line", &err) != HM_OK)
		printf("{\"broken\":\"%s\"}\n", err.cause);
	else
		printf("%.*s\n", HM_STR_ARG(hm_buf_str(buf)));
	fflush(stdout);
}

static void add_err(struct hm_json_writer *w, const struct hm_err *err)
{
	char text[1024];

	hm_err_text(err, text, sizeof(text));
	hm_json_member_cstr(w, "reason", hm_reason_code(err->reason));
	hm_json_member_cstr(w, "error", text);
}

static void stop_at(const char *text, size_t which, struct hm_str line)
{
	if (!text || o.is_stopped[which] || !hm_str_is(line, text))
		return;
	o.is_stopped[which] = true;
	if (write(o.stop[1], "x", 1) != 1)
		exit(3);
}

static void on_event(void *ctx, const struct hm_run_event *event)
{
	if (ctx)
		hm_progress_event(ctx, event);
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "event", hm_run_event_name(event->kind));
	if (event->task)
		hm_json_member_str(&w, "task", event->task->task->name);
	if (event->step)
		hm_json_member_str(&w, "step", event->step->step->name);
	if (event->kind == HM_EVENT_OUTPUT)
		hm_json_member_str(&w, "line", event->line);
	const struct hm_outcome *outcome = event->step   ? &event->step->outcome
					   : event->task ? &event->task->outcome
							 : &event->run->outcome;
	if (outcome->is_over)
		hm_json_member_cstr(&w, "result", hm_run_result_name(outcome->result));
	if (event->task && event->task->why_skipped)
		hm_json_member_cstr(&w, "why", event->task->why_skipped);
	if (event->kind == HM_EVENT_STEP_ENDED) {
		hm_json_member_i64(&w, "exit", event->step->exit_code);
		hm_json_member_bool(&w, "ignored", event->step->is_ignored);
	}
	if (event->kind == HM_EVENT_TASK_ENDED)
		hm_json_member_bool(&w, "ignored", event->task->is_ignored);
	if (event->err)
		add_err(&w, event->err);
	hm_json_object_end(&w);
	put(&w, &buf);
	stop_at(o.stop_at, 0, event->line);
	stop_at(o.stop_again_at, 1, event->line);
}

static void add_params(struct hm_json_writer *w, const char *name, const struct hm_param *params, size_t count)
{
	hm_json_key(w, name);
	hm_json_object(w);
	for (size_t i = 0; i < count; i++) {
		const struct hm_param_value *v = &params[i].value;
		hm_json_key_str(w, params[i].name);
		if (v->type == HM_PARAM_STRING) {
			hm_json_str(w, v->text);
			continue;
		}
		if (v->type == HM_PARAM_ARRAY)
			hm_json_array(w);
		else
			hm_json_object(w);
		for (size_t k = 0; k < v->count; k++) {
			if (v->type == HM_PARAM_OBJECT)
				hm_json_key_str(w, v->keys[k]);
			hm_json_str(w, v->items[k]);
		}
		if (v->type == HM_PARAM_ARRAY)
			hm_json_array_end(w);
		else
			hm_json_object_end(w);
	}
	hm_json_object_end(w);
}

static void print_run(const struct hm_run *run)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(16 * HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "run", run->name);
	hm_json_member_cstr(&w, "uid", run->uid);
	hm_json_member_cstr(&w, "result", hm_run_result_name(run->outcome.result));
	if (run->outcome.err.reason != HM_R_OK)
		add_err(&w, &run->outcome.err);
	if (run->failed)
		hm_json_member_str(&w, "failed", run->failed->task->name);
	if (run->failed_step)
		hm_json_member_str(&w, "tail", hm_buf_str(&run->failed_step->tail));
	add_params(&w, "params", run->params, run->param_count);
	add_params(&w, "results", run->results, run->result_count);
	hm_json_key(&w, "tasks");
	hm_json_object(&w);
	for (size_t i = 0; i < run->pipeline->task_count; i++) {
		const struct hm_task_run *t = &run->tasks[i];
		hm_json_key_str(&w, t->task->name);
		hm_json_object(&w);
		hm_json_member_cstr(&w, "result", hm_run_result_name(t->outcome.result));
		hm_json_member_bool(&w, "isolated", t->is_isolated);
		hm_json_member_bool(&w, "network", t->has_network);
		add_params(&w, "params", t->params, t->param_count);
		add_params(&w, "results", t->results, t->result_count);
		hm_json_object_end(&w);
	}
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	put(&w, &buf);
}

static enum hm_progress_form form(void)
{
	if (strcmp(o.form, "auto") == 0)
		return hm_progress_form_for(stderr);
	return strcmp(o.form, "table") == 0  ? HM_PROGRESS_TABLE
	       : strcmp(o.form, "json") == 0 ? HM_PROGRESS_JSON
					     : HM_PROGRESS_LINES;
}

static int refuse(const struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);

	hm_json_object(&w);
	hm_json_member_bool(&w, "refused", true);
	add_err(&w, err);
	hm_json_object_end(&w);
	put(&w, &buf);
	return 2;
}

static enum hm_status surroundings(void *ctx, const struct hm_pipeline_task *task, bool has_network,
				   struct hm_run_surroundings *ret, struct hm_err *err)
{
	(void)ctx;
	(void)task;
	(void)has_network;
	(void)err;
	ret->env = o.env;
	ret->mounts = o.mounts;
	ret->mount_count = o.mount_count;
	return HM_OK;
}

int main(int argc, char **argv)
{
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *pipeline = NULL;
	HM_OWN(hm_run_freep) struct hm_run *run = NULL;
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_progress_freep) struct hm_progress *progress = NULL;
	struct hm_err err = { 0 };

	parse(argc, argv);
	if (!o.file || pipe2(o.stop, O_CLOEXEC) != 0)
		return 3;
	struct hm_pipeline_load_opts load = { .task_files = o.tasks,
					      .task_file_count = o.task_count,
					      .shipped_dir = o.shipped };
	if (hm_pipeline_load(o.file, &load, &pipeline, &err) != HM_OK)
		return refuse(&err);
	if (o.load_only) {
		printf("{\"loaded\":\"%.*s\"}\n", HM_STR_ARG(pipeline->name));
		return 0;
	}
	if (o.trace && hm_tracer_new(NULL, &tracer, &err) != HM_OK)
		return refuse(&err);
	if (o.form && hm_progress_new(form(), stderr, &progress, &err) != HM_OK)
		return refuse(&err);
	struct hm_run_opts opts = {
		.params = o.params.v,
		.param_count = o.params.count,
		.facts = o.facts.v,
		.fact_count = o.facts.count,
		.workspaces = o.workspaces.v,
		.workspace_count = o.workspaces.count,
		.dir = o.dir,
		.log_dir = o.logs,
		.surroundings = surroundings,
		.control = { .program = o.control },
		.network_tasks = o.networks,
		.no_sandbox = o.none,
		.secrets = o.secrets,
		.secret_count = o.secret_count,
		.parallel = o.parallel,
		.timeout_ns = o.timeout_ms * 1000000,
		.stop_fd = o.stop[0],
		.event = on_event,
		.event_ctx = progress,
		.tracer = tracer,
	};
	if (hm_pipeline_run(pipeline, &opts, &run, &err) != HM_OK)
		return refuse(&err);
	progress = hm_progress_free(progress);
	if (o.form)
		hm_progress_print_failure(stderr, run);
	print_run(run);
	if (o.trace && hm_otlp_save(tracer, o.trace, &err) != HM_OK)
		return refuse(&err);
	return run->outcome.result == HM_RUN_SUCCESS ? 0 : 1;
}
