/* Progress on a terminal: a row for each task, drawn in place. */
#include "cli/progress_forms.h"

#include "base/mem.h"
#include "base/time.h"
#include "base/unicode.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

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

struct hm_progress_table {
	FILE *out;
	pthread_mutex_t lock;
	pthread_cond_t change;
	pthread_t clock;
	bool has_clock, is_over, has_color;
	const struct hm_pipeline *pipeline;
	struct row *rows; /* pipeline->task_count */
	size_t drawn;     /* lines of the table on the screen */
};

enum color { PLAIN, GREEN, RED, YELLOW, FAINT };

static void put_word(struct hm_progress_table *p, enum color color, const char *word)
{
	static const char *const codes[] = { "0", "32", "31", "33", "2" };

	if (p->has_color && color != PLAIN)
		fprintf(p->out, "\033[%sm%-9s\033[0m", codes[color], word);
	else
		fprintf(p->out, "%-9s", word);
}

/* What fits into so many columns, with nothing in it that moves the cursor. Returns the columns used. */
static size_t put_cut(struct hm_progress_table *p, struct hm_str text, size_t columns)
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

static void measure(struct hm_progress_table *p, size_t *ret_columns, size_t *ret_rows)
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
	*ret_word = run->is_ignored ? "ignored" : hm_progress_word(&run->outcome);
	if (run->why_skipped || run->is_ignored)
		return FAINT;
	return run->outcome.result == HM_RUN_SUCCESS ? GREEN : RED;
}

static void draw_row(struct hm_progress_table *p, size_t i, size_t columns, size_t name_width)
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
		hm_progress_duration(hm_monotonic_ns() - row->begin_ns, time, sizeof(time));
	else if (row->run && !row->run->why_skipped)
		hm_progress_duration(row->run->outcome.duration_ns, time, sizeof(time));
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
static bool is_shown(const struct hm_progress_table *p, size_t i, bool fits)
{
	const struct row *row = &p->rows[i];

	if (fits)
		return true;
	return row->run && (!row->is_over || (row->run->outcome.result != HM_RUN_SUCCESS && !row->run->why_skipped));
}

static void draw(struct hm_progress_table *p)
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
	struct hm_progress_table *p = ctx;

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

static void update(struct hm_progress_table *p, const struct hm_run_event *e)
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

void hm_progress_table_event(struct hm_progress_table *p, const struct hm_run_event *e)
{
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

enum hm_status hm_progress_table_new(FILE *out, struct hm_progress_table **ret_table, struct hm_err *err)
{
	struct hm_progress_table *p = hm_calloc(1, sizeof(*p));
	const char *no_color = getenv("NO_COLOR");
	sigset_t all, before;

	if (!p)
		return hm_fail(err, HM_R_NO_MEMORY, "progress");
	p->out = out;
	p->has_color = !no_color || !*no_color;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->change, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int errnum = pthread_create(&p->clock, NULL, run_clock, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->has_clock = errnum == 0; /* without it the table stands still between events */
	*ret_table = p;
	return HM_OK;
}

struct hm_progress_table *hm_progress_table_free(struct hm_progress_table *p)
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
