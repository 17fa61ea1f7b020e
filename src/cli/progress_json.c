/* Progress for programs: docs/pipelines.md is the contract. */
#include "cli/progress_forms.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "data/json_write.h"

/* A line with its frame: as much as one can hold, each byte as an escape. */
#define MAX_JSON_LINE (8 * HM_MAX_PIPELINE_LINE)

void hm_progress_add_clean(struct hm_buf *buf, struct hm_str text)
{
	while (text.len > 0) {
		size_t len = hm_utf8_len(text);
		if (len > 0)
			hm_buf_add(buf, text.ptr, len);
		else
			hm_buf_add_cstr(buf, "\xef\xbf\xbd");
		text = hm_str_skip(text, len > 0 ? len : 1);
	}
}

/* Text as JSON can hold it. */
static void add_text(struct hm_json_writer *w, const char *name, struct hm_str text)
{
	HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(3 * HM_MAX_PIPELINE_LINE);

	if (!hm_str_is_utf8(text)) {
		hm_progress_add_clean(&clean, text);
		text = hm_buf_str(&clean);
	}
	hm_json_member_str(w, name, text);
}

static void add_end(struct hm_json_writer *w, const struct hm_run_event *e, const struct hm_outcome *outcome)
{
	char text[sizeof(e->err->cause) + sizeof(e->err->ctx) + sizeof(e->err->file) + 64];

	hm_json_member_cstr(w, "result", hm_run_result_name(outcome->result));
	if (outcome->is_begun)
		hm_json_member_i64(w, "duration_ms", outcome->duration_ns / HM_NS_PER_MS);
	if (e->step && e->step->exit_code >= 0)
		hm_json_member_i64(w, "exit_code", e->step->exit_code);
	if (e->step && e->step->signal > 0)
		hm_json_member_i64(w, "signal", e->step->signal);
	if (e->step ? e->step->is_ignored : e->task && e->task->is_ignored)
		hm_json_member_bool(w, "ignored", true);
	if (e->step && e->step->log)
		add_text(w, "log", hm_str(e->step->log));
	if (e->task && !e->step && e->task->why_skipped)
		hm_json_member_cstr(w, "skipped", e->task->why_skipped);
	if (!e->err)
		return;
	hm_err_text(e->err, text, sizeof(text));
	hm_json_member_cstr(w, "reason", hm_reason_code(e->err->reason));
	add_text(w, "error", hm_str(text));
}

static void add_begin(struct hm_json_writer *w, const struct hm_run *run)
{
	hm_json_member_str(w, "pipeline", run->pipeline->name);
	hm_json_member_cstr(w, "uid", run->uid);
	hm_json_key(w, "tasks");
	hm_json_array(w);
	for (size_t i = 0; i < run->pipeline->task_count; i++)
		hm_json_str(w, run->pipeline->tasks[i].name);
	hm_json_array_end(w);
}

void hm_progress_json(FILE *out, const struct hm_run_event *e)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(MAX_JSON_LINE);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);
	const struct hm_outcome *outcome = e->step ? &e->step->outcome : e->task ? &e->task->outcome : &e->run->outcome;
	char time[HM_TIME_TEXT_LEN];

	hm_time_write_ms(e->time_ns, time);
	hm_json_object(&w);
	hm_json_member_cstr(&w, "time", time);
	hm_json_member_cstr(&w, "event", hm_run_event_name(e->kind));
	hm_json_member_cstr(&w, "run", e->run->name);
	if (e->task)
		hm_json_member_str(&w, "task", e->task->task->name);
	if (e->step)
		hm_json_member_str(&w, "step", e->step->step->name);
	if (e->kind == HM_EVENT_RUN_STARTED)
		add_begin(&w, e->run);
	if (e->kind == HM_EVENT_OUTPUT)
		add_text(&w, "line", e->line);
	if (outcome->is_over)
		add_end(&w, e, outcome);
	hm_json_object_end(&w);
	if (hm_json_writer_check(&w, "an event", NULL) != HM_OK)
		return;
	fwrite(buf.ptr, 1, buf.len, out);
	fputc('\n', out);
	fflush(out);
}
