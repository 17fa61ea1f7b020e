/* What comes out of a run: the folder in its place, the trace, the summary, the last screen. */
#include "cli/running.h"

#include "cli/progress_forms.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/json_write.h"
#include "trace/otlp.h"

static enum hm_status save_trace(struct hm_running *r, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/trace.json", folder);

	return path ? hm_otlp_save(r->tracer, path, err) : hm_fail(err, HM_R_NO_MEMORY, "trace");
}

static enum hm_status keep_coverage(struct hm_running *r, struct hm_err *err)
{
	HM_OWN(hm_freep) char *from = hm_asprintf("%s/coverage.out", r->places.reports);
	HM_OWN(hm_freep) char *to = hm_asprintf("%s/coverage.out", r->places.release);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	if (!from || !to)
		return hm_fail(err, HM_R_NO_MEMORY, "coverage");
	/* the project's tests could write there */
	enum hm_status st = hm_file_read_strangers(from, HM_MAX_GO_OUTPUT, &text, err);
	if (st == HM_ENOTFOUND)
		return HM_OK;
	return st == HM_OK ? hm_file_save(to, hm_buf_str(&text), 0644, err) : st;
}

/* What the program is called: what the shipped build task says, else the pipeline's name. */
static struct hm_str program_name(const struct hm_running *r)
{
	for (size_t i = 0; i < r->request.pipeline->task_count; i++) {
		const struct hm_task_run *task = &r->run->tasks[i];
		struct hm_str name = hm_task_run_text(task, "name");
		if (task->task->task->is_shipped && hm_str_is(task->task->task->name, "golang-build") && name.len)
			return name;
	}
	return r->request.pipeline->name;
}

static enum hm_status summarize(struct hm_running *r, const char *name, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/summary.json", r->places.release);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_run_summary *s = &r->summary;
	const char *origin = hm_instance_origin(r->instance);

	*s = (struct hm_run_summary){
		.run = r->run,
		.record = &r->record,
		.name = name,
		.out = hm_arena_printf(&r->arena, ".hallmark/out/%s", name).ptr,
		.changed = r->source.changed,
		.ignored = r->source.ignored,
		.files = r->source.files,
		.identity = HM_LOCAL_IDENTITY,
		.issuer = HM_LOCAL_ISSUER,
		.log_origin = strncmp(origin, "https://", 8) == 0 ? origin + 8 : origin,
		.not_enforced = r->not_enforced,
	};
	if (!path || !s->out)
		return hm_fail(err, HM_R_NO_MEMORY, "summary");
	enum hm_status st = hm_run_summary_read(s, r->places.release, err);
	if (st == HM_OK)
		st = hm_run_summary_encode(s, &text, err);
	return st == HM_OK ? hm_file_save(path, hm_buf_str(&text), 0644, err) : st;
}

static enum hm_status put_in_place(struct hm_running *r, struct hm_err *err)
{
	struct hm_str name = program_name(r);
	/* the summary keeps it until it has been printed */
	const char *text = hm_arena_printf(&r->arena, "%.*s", HM_STR_ARG(name)).ptr;
	HM_OWN(hm_freep) char *out = NULL;
	enum hm_status st = text ? HM_OK : hm_arena_check(&r->arena, "name of the result", err);

	if (st == HM_OK && (strchr(text, '/') || text[0] == '.' || !text[0]))
		return hm_fail(err, HM_R_RELEASE_CONTENT, "'%s' is no name for a result", text);
	if (st == HM_OK)
		st = keep_coverage(r, err);
	if (st == HM_OK)
		st = save_trace(r, r->places.release, err);
	if (st == HM_OK)
		st = summarize(r, text, err);
	/* a stop that came in these last moments still counts: nothing is published after it */
	if (st == HM_OK)
		st = hm_stop_check(&r->stop, err);
	return st == HM_OK ? hm_run_places_publish(&r->places, text, &out, err) : st;
}

/* In the stream of events the summary is the last one. */
static enum hm_status print_result(struct hm_running *r, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);

	r->progress = hm_progress_free(r->progress);
	if (!r->cli->json) {
		hm_run_summary_print(&r->summary, r->cli->out);
		return HM_OK;
	}
	hm_json_object(&w);
	hm_json_member_cstr(&w, "event", "summary");
	hm_json_key(&w, "summary");
	hm_run_summary_write(&r->summary, &w);
	hm_json_object_end(&w);
	return hm_cli_print_json(r->cli, &w, &text, err);
}

enum hm_status hm_running_publish(struct hm_running *r, struct hm_err *err)
{
	enum hm_status st = put_in_place(r, err);

	return st == HM_OK ? print_result(r, err) : st;
}

enum hm_status hm_running_fail(struct hm_running *r, struct hm_err *err)
{
	/* a trace of what failed is of use; not having it is not the news */
	(void)!save_trace(r, r->places.log, NULL);
	r->progress = hm_progress_free(r->progress);
	hm_progress_print_failure(r->cli->log, r->run);
	if (r->cli->json && r->run->failed_step) {
		r->cli->output = hm_buf_init(3 * HM_PIPELINE_TAIL_LINES * HM_MAX_PIPELINE_LINE);
		hm_progress_add_clean(&r->cli->output, hm_buf_str(&r->run->failed_step->tail));
	}
	*err = r->run->outcome.err;
	if (err->reason == HM_R_INTERRUPTED)
		err->sys = r->stop.signal ? *r->stop.signal : err->sys;
	return hm_reason_status(err->reason);
}
