#include "cli/progress.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "base/unicode.h"
#include "cli/cmd.h"
#include "data/json_write.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* A line with its frame: as much as one can hold, each byte as an escape. */
#define MAX_JSON_LINE (8 * HM_MAX_PIPELINE_LINE)
/* What is shown of a step's last line. */
#define MAX_LAST 512

/* A task as the table shows it. */
struct row {
	const struct hm_task_run *run; /* NULL: it has not begun */
	const char *step;              /* the name of the one that runs, or NULL */
	int step_len;
	bool is_over;
	int64_t begin_ns; /* monotonic */
	char last[MAX_LAST];
};

struct hm_progress {
	enum hm_progress_form form;
	FILE *out;
	/* the rest is the table's */
	pthread_mutex_t lock;
	pthread_cond_t change;
	pthread_t clock;
	bool has_clock, is_over, has_color;
	const struct hm_pipeline *pipeline;
	struct row *rows; /* pipeline->task_count */
	size_t drawn;     /* lines of the table on the screen */
};

enum hm_progress_form hm_progress_form_for(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb") != 0 ? HM_PROGRESS_TABLE : HM_PROGRESS_LINES;
}

/* "850 ms", "1.2 s", "3 min 20 s" */
static const char *duration_text(int64_t ns, char *text, size_t size)
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

/* JSON */

/* Text as JSON can hold it. */
static void add_text(struct hm_json_writer *w, const char *name, struct hm_str text)
{
	HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(3 * HM_MAX_PIPELINE_LINE);

	if (!hm_str_is_utf8(text)) {
		while (text.len > 0) {
			size_t len = hm_utf8_len(text);
			if (len > 0)
				hm_buf_add(&clean, text.ptr, len);
			else
				hm_buf_add_cstr(&clean, "\xef\xbf\xbd");
			text = hm_str_skip(text, len > 0 ? len : 1);
		}
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

static void print_json(struct hm_progress *p, const struct hm_run_event *e)
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
	fwrite(buf.ptr, 1, buf.len, p->out);
	fputc('\n', p->out);
	fflush(p->out);
}

/* Lines */

static void print_bytes(FILE *out, struct hm_str line)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(line.len + 1);

	/* a NUL would end it */
	for (size_t i = 0; i < line.len; i++)
		hm_buf_add_char(&text, line.ptr[i] == '\0' ? '\x01' : line.ptr[i]);
	hm_cli_print_clean(out, text.ptr ? text.ptr : "");
}

static const char *word_of(const struct hm_outcome *outcome, bool is_ignored)
{
	if (is_ignored)
		return "failed, which counts for nothing,";
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

	fprintf(out, ": %s after %s", word_of(outcome, is_ignored),
		duration_text(outcome->duration_ns, text, sizeof(text)));
	if (err) {
		fputs(": ", out);
		hm_cli_print_clean(out, err->cause);
	}
	fputc('\n', out);
}

static void print_line(struct hm_progress *p, const struct hm_run_event *e)
{
	struct hm_str task = e->task ? e->task->task->name : (struct hm_str){ 0 };
	struct hm_str step = e->step ? e->step->step->name : (struct hm_str){ 0 };

	switch (e->kind) {
	case HM_EVENT_RUN_STARTED:
		fprintf(p->out, "%s: %zu tasks\n", e->run->name, e->run->pipeline->task_count);
		break;
	case HM_EVENT_TASK_STARTED:
		fprintf(p->out, "%.*s: started\n", HM_STR_ARG(task));
		break;
	case HM_EVENT_STEP_STARTED:
		break;
	case HM_EVENT_OUTPUT:
		fprintf(p->out, "%.*s/%.*s | ", HM_STR_ARG(task), HM_STR_ARG(step));
		print_bytes(p->out, e->line);
		fputc('\n', p->out);
		break;
	case HM_EVENT_STEP_ENDED:
		fprintf(p->out, "%.*s/%.*s", HM_STR_ARG(task), HM_STR_ARG(step));
		print_end(p->out, &e->step->outcome, e->step->is_ignored, e->err);
		break;
	case HM_EVENT_TASK_ENDED:
		fprintf(p->out, "%.*s", HM_STR_ARG(task));
		if (e->task->why_skipped)
			fprintf(p->out, ": skipped: %s\n", e->task->why_skipped);
		else
			print_end(p->out, &e->task->outcome, e->task->is_ignored, NULL);
		break;
	case HM_EVENT_RUN_ENDED:
		fprintf(p->out, "%s", e->run->name);
		print_end(p->out, &e->run->outcome, false, NULL);
		break;
	}
	fflush(p->out);
}

/* The table */

enum color { PLAIN, GREEN, RED, YELLOW, FAINT };

static void put_word(struct hm_progress *p, enum color color, const char *word)
{
	static const char *const codes[] = { "0", "32", "31", "33", "2" };

	if (p->has_color && color != PLAIN)
		fprintf(p->out, "\033[%sm%-9s\033[0m", codes[color], word);
	else
		fprintf(p->out, "%-9s", word);
}

/* What fits into so many columns, with nothing in it that moves the cursor. Returns the columns used. */
static size_t put_cut(struct hm_progress *p, struct hm_str text, size_t columns)
{
	size_t used = 0;

	while (text.len > 0) {
		struct hm_str before = text;
		uint32_t rune = hm_rune_next(&text);
		size_t len = before.len - text.len;
		bool is_shown = hm_rune_is_print(rune) && !(rune == HM_RUNE_BAD && len == 1);
		/* wide characters are two columns; to take too many for wide only shortens a line */
		size_t width = is_shown && rune >= 0x1100 ? 2 : 1;
		if (used + width > columns)
			break;
		used += width;
		if (is_shown || rune == ' ')
			fwrite(before.ptr, 1, len, p->out);
		else
			fputc(rune == '\t' ? ' ' : '?', p->out);
	}
	return used;
}

static void measure(struct hm_progress *p, size_t *ret_columns, size_t *ret_rows)
{
	struct winsize size;

	*ret_columns = 80;
	*ret_rows = 24;
	if (ioctl(fileno(p->out), TIOCGWINSZ, &size) != 0)
		return;
	*ret_columns = size.ws_col > 20 ? size.ws_col : 80;
	*ret_rows = size.ws_row > 3 ? size.ws_row : 24;
}

static enum color state_of(const struct row *row, const char **ret_word)
{
	const struct hm_task_run *run = row->run;

	*ret_word = "waiting";
	if (!run)
		return FAINT;
	*ret_word = "running";
	if (!row->is_over)
		return YELLOW;
	*ret_word = run->is_ignored ? "ignored" : word_of(&run->outcome, false);
	if (run->why_skipped || run->is_ignored)
		return FAINT;
	return run->outcome.result == HM_RUN_SUCCESS ? GREEN : RED;
}

static void draw_row(struct hm_progress *p, size_t i, size_t columns, size_t name_width)
{
	const struct row *row = &p->rows[i];
	struct hm_str name = p->pipeline->tasks[i].name;
	char time[32] = "";
	const char *word;
	enum color color = state_of(row, &word);

	fputs("\r\033[K  ", p->out);
	put_word(p, color, word);
	fputc(' ', p->out);
	size_t used = put_cut(p, name, name_width);
	fprintf(p->out, "%*s", (int)(name_width - used), "");
	if (row->run && !row->is_over)
		duration_text(hm_monotonic_ns() - row->begin_ns, time, sizeof(time));
	else if (row->run && !row->run->why_skipped)
		duration_text(row->run->outcome.duration_ns, time, sizeof(time));
	size_t left = 2 + 10 + name_width + 13;
	if (left < columns) /* the name is worth more than the time */
		fprintf(p->out, " %12s", time);
	if (row->run && !row->is_over && columns > left + 4) {
		char text[MAX_LAST + 80];
		snprintf(text, sizeof(text), "%.*s%s%s", row->step_len, row->step ? row->step : "",
			 row->last[0] ? ": " : "", row->last);
		fputs("  ", p->out);
		put_cut(p, hm_str(text), columns - left - 3);
	}
	fputs("\n", p->out);
}

/* Which rows have room: where not all have, what has begun and is not done well comes first. */
static bool is_shown(const struct hm_progress *p, size_t i, bool fits)
{
	const struct row *row = &p->rows[i];

	if (fits)
		return true;
	return row->run && (!row->is_over || (row->run->outcome.result != HM_RUN_SUCCESS && !row->run->why_skipped));
}

static void draw(struct hm_progress *p)
{
	size_t columns, rows, name_width = 8, lines = 0, over = 0;

	if (!p->pipeline)
		return;
	measure(p, &columns, &rows);
	for (size_t i = 0; i < p->pipeline->task_count; i++) {
		size_t len = p->pipeline->tasks[i].name.len;
		name_width = len > name_width ? len : name_width;
		over += p->rows[i].is_over ? 1 : 0;
	}
	if (name_width > columns / 3)
		name_width = columns / 3;
	bool fits = p->pipeline->task_count + 1 < rows;
	if (p->drawn > 0)
		fprintf(p->out, "\033[%zuA", p->drawn);
	for (size_t i = 0; i < p->pipeline->task_count && lines + 2 < rows; i++) {
		if (!is_shown(p, i, fits))
			continue;
		draw_row(p, i, columns, name_width);
		lines++;
	}
	if (!fits) {
		fprintf(p->out, "\r\033[K  %zu of %zu tasks over\n", over, p->pipeline->task_count);
		lines++;
	}
	fputs("\033[J", p->out);
	p->drawn = lines;
	fflush(p->out);
}

/* Durations go on while nothing happens. */
static void *run_clock(void *ctx)
{
	struct hm_progress *p = ctx;

	pthread_mutex_lock(&p->lock);
	while (!p->is_over) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 250000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&p->change, &p->lock, &until);
		if (!p->is_over)
			draw(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void update(struct hm_progress *p, const struct hm_run_event *e)
{
	if (e->kind == HM_EVENT_RUN_STARTED) {
		p->rows = hm_calloc(e->run->pipeline->task_count, sizeof(*p->rows));
		p->pipeline = p->rows ? e->run->pipeline : NULL;
	}
	if (!e->task || !p->pipeline)
		return;
	struct row *row = &p->rows[e->task->task - p->pipeline->tasks];
	row->run = e->task;
	switch (e->kind) {
	case HM_EVENT_TASK_STARTED:
		row->begin_ns = hm_monotonic_ns();
		break;
	case HM_EVENT_STEP_STARTED:
		row->step = e->step->step->name.ptr;
		row->step_len = (int)e->step->step->name.len;
		row->last[0] = '\0';
		break;
	case HM_EVENT_OUTPUT:
		if (hm_str_trim(e->line).len > 0)
			snprintf(row->last, sizeof(row->last), "%.*s", HM_STR_ARG(hm_str_head(e->line, MAX_LAST - 1)));
		break;
	case HM_EVENT_TASK_ENDED:
		row->is_over = true;
		break;
	case HM_EVENT_RUN_STARTED:
	case HM_EVENT_STEP_ENDED:
	case HM_EVENT_RUN_ENDED:
		break;
	}
}

void hm_progress_event(void *progress, const struct hm_run_event *e)
{
	struct hm_progress *p = progress;

	if (p->form == HM_PROGRESS_JSON) {
		print_json(p, e);
	} else if (p->form == HM_PROGRESS_LINES) {
		print_line(p, e);
	} else {
		pthread_mutex_lock(&p->lock);
		update(p, e);
		if (e->kind == HM_EVENT_RUN_ENDED) {
			draw(p);
			p->is_over = true;
			pthread_cond_signal(&p->change);
		} else if (e->kind != HM_EVENT_OUTPUT) { /* output is seen at the clock's next beat */
			draw(p);
		}
		pthread_mutex_unlock(&p->lock);
	}
}

enum hm_status hm_progress_new(enum hm_progress_form form, FILE *out, struct hm_progress **ret_progress,
			       struct hm_err *err)
{
	struct hm_progress *p = hm_calloc(1, sizeof(*p));
	const char *no_color = getenv("NO_COLOR");

	if (!p)
		return hm_fail(err, HM_R_NO_MEMORY, "progress");
	p->form = form;
	p->out = out;
	p->has_color = !no_color || !*no_color;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->change, NULL);
	if (form == HM_PROGRESS_TABLE) {
		sigset_t all, before;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		int errnum = pthread_create(&p->clock, NULL, run_clock, p);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		p->has_clock = errnum == 0; /* without it the table stands still between events */
	}
	*ret_progress = p;
	return HM_OK;
}

struct hm_progress *hm_progress_free(struct hm_progress *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	pthread_cond_signal(&p->change);
	pthread_mutex_unlock(&p->lock);
	if (p->has_clock)
		pthread_join(p->clock, NULL);
	pthread_cond_destroy(&p->change);
	pthread_mutex_destroy(&p->lock);
	free(p->rows);
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
