#include "cli/progress.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/cmd.h"
#include "cli/progress_forms.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct hm_progress {
	enum hm_progress_form form;
	FILE *out;
	struct hm_progress_table *table; /* of that form only */
};

enum hm_progress_form hm_progress_form_for(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb") != 0 ? HM_PROGRESS_TABLE : HM_PROGRESS_LINES;
}

const char *hm_progress_duration(int64_t ns, char *text, size_t size)
{
	int64_t ms = ns / HM_NS_PER_MS;

	if (ms < 1000)
		snprintf(text, size, "%" PRId64 " ms", ms);
	else if (ms < 60000)
		snprintf(text, size, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms / 100 % 10);
	else
		snprintf(text, size, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms / 1000 % 60);
	return text;
}

/* --- lines --- */

static void print_bytes(FILE *out, struct hm_str line)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(line.len + 1);

	/* a NUL would end it */
	for (size_t i = 0; i < line.len; i++)
		hm_buf_add_char(&text, line.ptr[i] == '\0' ? '\x01' : line.ptr[i]);
	hm_cli_print_clean(out, text.ptr ? text.ptr : "");
}

const char *hm_progress_word(const struct hm_outcome *outcome)
{
	switch (outcome->result) {
	case HM_RUN_SUCCESS:
		return "done";
	case HM_RUN_FAILURE:
	case HM_RUN_ERROR:
		return "failed";
	case HM_RUN_TIMEOUT:
		return "timed out";
	case HM_RUN_CANCELLATION:
		return "stopped";
	case HM_RUN_SKIP:
		break;
	}
	return "skipped";
}

static void print_end(FILE *out, const struct hm_outcome *outcome, bool is_ignored, const struct hm_err *err)
{
	char text[32];

	fprintf(out, ": %s after %s", is_ignored ? "failed, which counts for nothing," : hm_progress_word(outcome),
		hm_progress_duration(outcome->duration_ns, text, sizeof(text)));
	if (err) {
		fputs(": ", out);
		hm_cli_print_clean(out, err->cause);
	}
	fputc('\n', out);
}

static void print_line(FILE *out, const struct hm_run_event *e)
{
	struct hm_str task = e->task ? e->task->task->name : (struct hm_str){ 0 };
	struct hm_str step = e->step ? e->step->step->name : (struct hm_str){ 0 };

	switch (e->kind) {
	case HM_EVENT_RUN_STARTED:
		fprintf(out, "%s: %zu tasks\n", e->run->name, e->run->pipeline->task_count);
		break;
	case HM_EVENT_TASK_STARTED:
		fprintf(out, "%.*s: started\n", HM_STR_ARG(task));
		break;
	case HM_EVENT_STEP_STARTED:
		break;
	case HM_EVENT_OUTPUT:
		fprintf(out, "%.*s/%.*s | ", HM_STR_ARG(task), HM_STR_ARG(step));
		print_bytes(out, e->line);
		fputc('\n', out);
		break;
	case HM_EVENT_STEP_ENDED:
		fprintf(out, "%.*s/%.*s", HM_STR_ARG(task), HM_STR_ARG(step));
		print_end(out, &e->step->outcome, e->step->is_ignored, e->err);
		break;
	case HM_EVENT_TASK_ENDED:
		fprintf(out, "%.*s", HM_STR_ARG(task));
		if (e->task->why_skipped)
			fprintf(out, ": skipped: %s\n", e->task->why_skipped);
		else
			print_end(out, &e->task->outcome, e->task->is_ignored, NULL);
		break;
	case HM_EVENT_RUN_ENDED:
		fprintf(out, "%s", e->run->name);
		print_end(out, &e->run->outcome, false, NULL);
		break;
	}
	fflush(out);
}

/* --- all forms --- */

void hm_progress_event(void *progress, const struct hm_run_event *e)
{
	struct hm_progress *p = progress;

	switch (p->form) {
	case HM_PROGRESS_LINES:
		print_line(p->out, e);
		break;
	case HM_PROGRESS_TABLE:
		hm_progress_table_event(p->table, e);
		break;
	case HM_PROGRESS_JSON:
		hm_progress_json(p->out, e);
		break;
	}
}

enum hm_status hm_progress_new(enum hm_progress_form form, FILE *out, struct hm_progress **ret_progress,
			       struct hm_err *err)
{
	HM_OWN(hm_progress_freep) struct hm_progress *p = hm_calloc(1, sizeof(*p));

	if (!p)
		return hm_fail(err, HM_R_NO_MEMORY, "progress");
	p->form = form;
	p->out = out;
	enum hm_status st = form == HM_PROGRESS_TABLE ? hm_progress_table_new(out, &p->table, err) : HM_OK;
	if (st == HM_OK)
		*ret_progress = HM_STEAL(p);
	return st;
}

struct hm_progress *hm_progress_free(struct hm_progress *p)
{
	if (!p)
		return NULL;
	p->table = hm_progress_table_free(p->table);
	free(p);
	return NULL;
}

void hm_progress_print_failure(FILE *out, const struct hm_run *run)
{
	const struct hm_step_run *step = run->failed_step;
	struct hm_str rest, line;

	if (!step)
		return;
	rest = hm_buf_str(&step->tail);
	if (rest.len > 0)
		fprintf(out, "%s of %.*s/%.*s:\n",
			step->lines > HM_PIPELINE_TAIL_LINES ? "The last lines" : "The output",
			HM_STR_ARG(run->failed->task->name), HM_STR_ARG(step->step->name));
	while (rest.len > 0 && hm_str_next(&rest, '\n', &line)) {
		fputs("  | ", out);
		print_bytes(out, line);
		fputc('\n', out);
	}
	if (step->log) {
		fputs("The whole log: ", out);
		hm_cli_print_clean(out, step->log);
		fputc('\n', out);
	}
}
