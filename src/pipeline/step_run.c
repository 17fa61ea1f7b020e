/* One step: what it is told, its process, its output, its end. */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/time.h"
#include "pipeline/name.h"
#include "pipeline/output.h"
#include "pipeline/runner.h"
#include "sandbox/none.h"
#include "trace/otlp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_HOME "/home/step"

struct step {
	struct hm_task_ctx *t;
	const struct hm_task_step *spec;
	struct hm_step_run *run;
	struct hm_vars vars;
	struct hm_subst subst;
	struct hm_span *span;
	struct hm_strv argv, env;
	struct hm_buf script;
	const char *cwd, *script_path;
	struct hm_output out;
	int log;
	int64_t deadline_ns;
	/* its process */
	struct hm_sandbox *box;
	pid_t pid;         /* of the control plane; 0: none, or waited for */
	int done, read_fd; /* readable at its end; its output, -1 once that is over */
	bool is_cancelled, is_late, is_told;
	int64_t told_ns; /* when a control-plane step was asked to end */
};

static void step_done(struct step *s)
{
	s->box = hm_sandbox_free(s->box);
	if (s->pid > 0) {
		kill(-s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(s->done);
	}
	if (s->read_fd >= 0)
		close(s->read_fd);
	if (s->log >= 0)
		close(s->log);
	hm_strv_done(&s->argv);
	hm_strv_done(&s->env);
	hm_buf_done(&s->script);
	hm_output_done(&s->out);
}

static bool is_control(const struct step *s)
{
	return s->t->task->is_control_plane;
}

/* Variables of the step itself; those before can be used in those behind, as in Kubernetes. */
static enum hm_status add_own_env(struct step *s, struct hm_strv *own, struct hm_err *err)
{
	for (size_t i = 0; i < s->spec->env_count; i++) {
		HM_OWN(hm_buf_done)
		struct hm_buf text = hm_buf_init(HM_MAX_PIPELINE_TEXT), value = hm_buf_init(HM_MAX_PIPELINE_TEXT);
		HM_OWN(hm_freep) char *name = NULL;
		enum hm_status st = hm_str_dup(s->spec->env[i].name, &name, err);
		if (st == HM_OK)
			st = hm_subst_text(&s->subst, s->spec->env[i].value, &text, err);
		if (st == HM_OK)
			st = hm_subst_expand(hm_buf_str(&text), own, &value, err);
		if (st != HM_OK)
			return st;
		hm_strv_setenv(own, name, value.ptr ? value.ptr : "");
		hm_strv_setenv(&s->env, name, value.ptr ? value.ptr : "");
	}
	return hm_strv_check(own, err);
}

static void add_list(struct hm_strv *env, const char *const *list)
{
	for (; list && *list; list++) {
		struct hm_str name, value;
		HM_OWN(hm_freep) char *cstr = NULL;
		if (!hm_str_cut(hm_str(*list), '=', &name, &value) || name.len == 0)
			continue;
		if (hm_str_dup(name, &cstr, NULL) == HM_OK)
			hm_strv_setenv(env, cstr, value.ptr);
		else
			env->status = HM_ENOMEM;
	}
}

static enum hm_status build_env(struct step *s, struct hm_strv *own, struct hm_err *err)
{
	const struct hm_task_ctx *t = s->t;
	const struct hm_run_opts *o = t->r->o;

	if (is_control(s)) {
		add_list(&s->env, o->control.env ? o->control.env : (const char *const *)environ);
	} else {
		const char *path = t->is_on_machine ? getenv("PATH") : NULL;
		hm_strv_setenv(&s->env, "PATH", path ? path : DEFAULT_PATH);
		if (t->is_on_machine)
			hm_strv_addf(&s->env, "HOME=%s/home", t->dir);
		else
			hm_strv_setenv(&s->env, "HOME", t->around.home ? t->around.home : DEFAULT_HOME);
		hm_strv_setenv(&s->env, "LANG", "C.UTF-8");
		add_list(&s->env, t->around.env);
	}
	hm_trace_to_env(hm_span_context(s->span), &s->env);
	if (is_control(s))
		hm_strv_addf(&s->env, HM_RUN_SPANS_ENV "=%s/spans", t->dir);
	enum hm_status st = add_own_env(s, own, err);
	return st == HM_OK ? hm_strv_check(&s->env, err) : st;
}

static enum hm_status add_args(struct step *s, const struct hm_str *texts, size_t count, const struct hm_strv *own,
			       struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
	enum hm_status st = hm_subst_list(&s->subst, texts, count, &list, err);

	for (size_t i = 0; i < list.count && st == HM_OK; i++) {
		HM_OWN(hm_buf_done) struct hm_buf arg = hm_buf_init(HM_MAX_PIPELINE_TEXT);
		st = hm_subst_expand(hm_str(list.v[i]), own, &arg, err);
		if (st == HM_OK)
			hm_strv_add(&s->argv, arg.ptr ? arg.ptr : "");
	}
	return st;
}

/* The first line says who runs a script. Without a sandbox it is started by that name: the file itself could still be
 * open for writing in a child that another thread has just made. */
static void add_interpreter(struct step *s)
{
	struct hm_str line, rest, program, arg;

	(void)hm_str_cut(hm_buf_str(&s->script), '\n', &line, &rest);
	line = hm_str_trim(hm_str_skip(line, 2));
	if (!hm_str_cut(line, ' ', &program, &arg)) {
		program = line;
		arg = (struct hm_str){ 0 };
	}
	arg = hm_str_trim(arg);
	hm_strv_add_str(&s->argv, program);
	if (arg.len > 0)
		hm_strv_add_str(&s->argv, arg);
}

/* Source: Tekton's pkg/pod/script.go */
static enum hm_status build_script(struct step *s, struct hm_err *err)
{
	const struct hm_task_ctx *t = s->t;
	bool has_program = hm_str_has_prefix(s->spec->script, HM_STR("#!"));

	if (!has_program)
		hm_buf_add_cstr(&s->script, "#!/bin/sh\nset -e\n");
	enum hm_status st = hm_subst_text(&s->subst, s->spec->script, &s->script, err);
	if (st != HM_OK)
		return st;
	s->script_path = hm_arena_printf(t->arena, "%s/scripts/%.*s", t->is_on_machine ? t->dir : "/tekton",
					 HM_STR_ARG(s->spec->name))
			     .ptr;
	if (!s->script_path)
		return hm_arena_check(t->arena, "a step", err);
	if (t->is_on_machine) {
		add_interpreter(s);
		st = hm_file_save(s->script_path, hm_buf_str(&s->script), 0700, err);
	}
	hm_strv_add(&s->argv, s->script_path);
	return st;
}

static enum hm_status build_argv(struct step *s, const struct hm_strv *own, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (s->spec->script.len > 0)
		st = build_script(s, err);
	else if (is_control(s))
		hm_strv_add(&s->argv, s->t->r->o->control.program);
	else
		st = add_args(s, s->spec->command, s->spec->command_count, own, err);
	if (st == HM_OK)
		st = add_args(s, s->spec->args, s->spec->arg_count, own, err);
	if (st == HM_OK)
		st = hm_strv_check(&s->argv, err);
	if (st == HM_OK && (s->argv.count == 0 || s->argv.v[0][0] == '\0'))
		st = hm_fail(err, HM_R_PIPELINE_FIELD, "its command is empty");
	return st;
}

/* Whether a path inside lies in one of the task's workspaces. */
static bool is_in_workspace(const struct hm_task_ctx *t, const char *path)
{
	for (size_t i = 0; i < t->task->workspace_count; i++) {
		if (t->ws_inside[i] && hm_path_is_within(path, t->ws_inside[i]))
			return true;
	}
	return false;
}

/*
 * Where it begins. As Tekton, a relative folder is one of /workspace, and one that is missing there is made; but never
 * in a workspace, where a step before may have put a link.
 */
static enum hm_status build_cwd(struct step *s, struct hm_err *err)
{
	const struct hm_task_ctx *t = s->t;
	const char *root = t->is_on_machine ? hm_arena_printf(t->arena, "%s/workspace", t->dir).ptr : "/workspace";
	struct hm_str text;
	enum hm_status st = hm_subst_dup(&s->subst, s->spec->working_dir, t->arena, &text, err);

	if (st != HM_OK || !root)
		return st != HM_OK ? st : hm_arena_check(t->arena, "a step", err);
	if (text.len == 0)
		s->cwd = root;
	else if (text.ptr[0] == '/')
		s->cwd = text.ptr;
	else
		s->cwd = hm_arena_printf(t->arena, "%s/%s", root, text.ptr).ptr;
	if (!s->cwd)
		return hm_arena_check(t->arena, "a step", err);
	size_t len = strlen(root);
	if (strncmp(s->cwd, root, len) != 0 || s->cwd[len] != '/' || is_in_workspace(t, s->cwd))
		return HM_OK;
	struct hm_str below = hm_str(s->cwd + len + 1);
	return hm_sub_path_is_good(below)
		   ? hm_make_below(hm_arena_printf(t->arena, "%s/workspace", t->dir).ptr, below, err)
		   : HM_OK;
}

static enum hm_status open_log(struct step *s, struct hm_err *err)
{
	const struct hm_runner *r = s->t->r;
	HM_OWN(hm_freep) char *dir = hm_asprintf("%s/%.*s", r->o->log_dir, HM_STR_ARG(s->t->ptask->name));
	char *path =
	    hm_asprintf("%s/%.*s/%.*s.log", r->o->log_dir, HM_STR_ARG(s->t->ptask->name), HM_STR_ARG(s->spec->name));

	s->run->log = path;
	if (!dir || !path)
		return hm_fail(err, HM_R_NO_MEMORY, "a log");
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return hm_fail_errno(err, errno, "make '%s'", dir);
	s->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->log < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	s->out.log = s->log;
	s->out.name = path;
	return HM_OK;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
}

static enum hm_status start_boxed(struct step *s, int out, struct hm_err *err)
{
	struct hm_task_ctx *t = s->t;
	struct hm_sandbox_mount *mounts = hm_arena_calloc(t->arena, t->mount_count + 1, sizeof(*mounts));
	size_t count = t->mount_count;
	struct hm_sandbox_opts opts = {
		.argv = (const char *const *)s->argv.v,
		.env = (const char *const *)s->env.v,
		.cwd = s->cwd,
		.in = -1,
		.out = out,
		.err = out,
		.home = t->around.home,
		.network = t->run->has_network ? HM_SANDBOX_NET_HOST : HM_SANDBOX_NET_NONE,
		.mounts = mounts,
		.limits = t->around.limits,
	};

	if (!mounts)
		return hm_arena_check(t->arena, "a step", err);
	memcpy(mounts, t->mounts, count * sizeof(*mounts));
	if (s->script.len > 0 && !t->is_on_machine)
		mounts[count++] = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_FILE,
							     .target = s->script_path,
							     .content = hm_buf_str(&s->script),
							     .mode = 0755 };
	opts.mount_count = count;
	opts.limits.memory = smaller(opts.limits.memory, s->spec->memory);
	opts.limits.cpu_milli = smaller(opts.limits.cpu_milli, s->spec->cpu_milli);
	enum hm_status st =
	    t->is_on_machine ? hm_sandbox_start_none(&opts, &s->box, err) : hm_sandbox_start(&opts, &s->box, err);
	if (st == HM_OK)
		s->done = hm_sandbox_fd(s->box);
	return st;
}

static enum hm_status start_control(struct step *s, int out, struct hm_err *err)
{
	struct hm_proc_opts opts = {
		.argv = (const char *const *)s->argv.v,
		.env = (const char *const *)s->env.v,
		.dir = s->cwd,
		.in = -1,
		.out = out,
		.err = out,
		.new_group = true,
	};
	enum hm_status st = hm_proc_start(&opts, &s->pid, err);

	if (st != HM_OK) {
		s->pid = 0;
		return st;
	}
	s->done = (int)syscall(SYS_pidfd_open, s->pid, 0);
	return s->done >= 0 ? HM_OK : hm_fail_errno(err, errno, "wait for a step");
}

static enum hm_status start(struct step *s, struct hm_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return hm_fail_errno(err, errno, "make a pipe");
	s->read_fd = ends[0];
	enum hm_status st = is_control(s) ? start_control(s, ends[1], err) : start_boxed(s, ends[1], err);
	close(ends[1]);
	return st;
}

/* A sandbox dies at once. The control plane may be writing into a log: it is asked first. */
static void end_it(struct step *s)
{
	if (s->box) {
		hm_sandbox_kill(s->box);
	} else if (s->pid > 0 && !s->is_told) {
		s->told_ns = hm_monotonic_ns();
		kill(-s->pid, SIGTERM);
	} else if (s->pid > 0) {
		kill(-s->pid, SIGKILL);
	}
	s->is_told = true;
}

static int64_t smaller_time(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long poll may wait, in milliseconds; ends what is over its time. */
static int look_at_time(struct step *s)
{
	int64_t now = hm_monotonic_ns(), next = INT64_MAX;

	if (!s->is_told && now >= s->deadline_ns) {
		s->is_late = true;
		end_it(s);
	}
	if (s->is_told && s->pid > 0) {
		int64_t over = s->told_ns + HM_PIPELINE_GRACE_MS * HM_NS_PER_MS;
		if (now >= over) {
			end_it(s);
			s->told_ns = now;
		}
		next = smaller_time(next, over);
	} else if (!s->is_told) {
		next = s->deadline_ns;
	}
	if (next == INT64_MAX)
		return -1;
	int64_t ms = next > now ? (next - now) / HM_NS_PER_MS + 1 : 0;
	return ms > 60000 ? 60000 : (int)ms;
}

static enum hm_status take_output(struct step *s, struct hm_err *err)
{
	char chunk[65536];
	ssize_t n = read(s->read_fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return HM_OK;
	if (n <= 0) {
		close(s->read_fd);
		s->read_fd = -1;
		return HM_OK;
	}
	return hm_output_add(&s->out, hm_str_of(chunk, (size_t)n), err);
}

/* After its end: what is still in the pipe. Without a sandbox something may hold it open that nobody can find. */
static enum hm_status drain(struct step *s, struct hm_err *err)
{
	enum hm_status st = HM_OK;
	int64_t until = hm_monotonic_ns() + HM_NS_PER_S;

	while (s->read_fd >= 0 && st == HM_OK && hm_monotonic_ns() < until) {
		struct pollfd fd = { .fd = s->read_fd, .events = POLLIN };
		int n = poll(&fd, 1, 100);
		if (n > 0)
			st = take_output(s, err);
		else if (n == 0)
			break;
	}
	return st;
}

/* Until its process has ended. What fails here ends it too. */
static enum hm_status watch(struct step *s, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (;;) {
		struct pollfd fds[] = { { .fd = s->done, .events = POLLIN },
					{ .fd = st == HM_OK ? s->read_fd : -1, .events = POLLIN },
					{ .fd = s->is_told ? -1 : s->t->cancel, .events = POLLIN } };
		int n = poll(fds, 3, look_at_time(s));
		if (n < 0 && errno != EINTR) {
			end_it(s);
			return hm_fail_errno(err, errno, "wait for a step");
		}
		if (n <= 0)
			continue;
		if (fds[2].revents) {
			s->is_cancelled = true;
			end_it(s);
		}
		if (fds[1].revents && st == HM_OK) {
			st = take_output(s, err);
			if (st != HM_OK)
				end_it(s);
		}
		if (fds[0].revents)
			return st == HM_OK ? drain(s, err) : st;
	}
}

/* Its exit code or signal. */
static enum hm_status collect(struct step *s, bool *ret_out_of_memory, struct hm_err *err)
{
	*ret_out_of_memory = false;
	if (s->box) {
		struct hm_sandbox_result result;
		enum hm_status st = hm_sandbox_wait(s->box, &result, err);
		if (st != HM_OK)
			return st;
		s->run->exit_code = result.exit_code;
		s->run->signal = result.signal;
		s->run->max_rss = result.max_memory > result.max_rss ? result.max_memory : result.max_rss;
		*ret_out_of_memory = result.is_out_of_memory;
		return HM_OK;
	}
	int status = 0;
	pid_t pid;
	/* what it left behind; while nobody has waited for it, its number, which is the group's, cannot be another's */
	kill(-s->pid, SIGKILL);
	do
		pid = waitpid(s->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return hm_fail_errno(err, errno, "wait for a step");
	close(s->done);
	s->pid = 0;
	s->run->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	s->run->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return HM_OK;
}

static enum hm_status judge(const struct step *s, bool is_out_of_memory, struct hm_err *err)
{
	const struct hm_step_run *run = s->run;

	if (s->is_cancelled)
		return hm_fail(err, HM_R_INTERRUPTED, "stopped");
	if (s->is_late && s->deadline_ns == s->t->deadline_ns)
		return hm_fail(err, HM_R_PIPELINE_TIMEOUT, "the task's time was over");
	if (s->is_late)
		return hm_fail(err, HM_R_PIPELINE_TIMEOUT, "over its timeout of %lld ms",
			       (long long)(s->spec->timeout_ns / HM_NS_PER_MS));
	if (is_out_of_memory && (run->exit_code != 0 || run->signal != 0))
		return hm_fail(err, HM_R_PIPELINE_STEP, "over its memory limit of %llu bytes",
			       (unsigned long long)smaller(s->spec->memory, s->t->around.limits.memory));
	if (run->signal != 0)
		return hm_fail(err, HM_R_PIPELINE_STEP, "ended by signal %d (%s)", run->signal, strsignal(run->signal));
	if (run->exit_code != 0)
		return hm_fail(err, HM_R_PIPELINE_STEP, "exit code %d", run->exit_code);
	return HM_OK;
}

/* What a control-plane step has to tell of its own. It belongs to us, but a broken file is not worth a failed run. */
static void take_spans(struct step *s)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/spans", s->t->dir);
	HM_OWN(hm_buf_done) struct hm_buf lines = { 0 };
	struct hm_err err = { 0 };

	if (!is_control(s) || !path || !s->t->r->o->tracer || !hm_path_is_file(path))
		return;
	enum hm_status st = hm_file_read(path, HM_MAX_PIPELINE_SPANS, &lines, &err);
	if (st == HM_OK)
		st = hm_otlp_read_lines(s->t->r->o->tracer, hm_span_context(s->span), hm_buf_str(&lines), &err);
	if (st != HM_OK)
		hm_span_event(s->span, "spans lost", NULL, 0);
	unlink(path);
}

static enum hm_status execute(struct step *s, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv own = { 0 };
	bool is_out_of_memory = false;
	enum hm_status st = open_log(s, err);

	if (st == HM_OK)
		st = build_env(s, &own, err);
	if (st == HM_OK)
		st = build_argv(s, &own, err);
	if (st == HM_OK)
		st = build_cwd(s, err);
	if (st == HM_OK)
		st = start(s, err);
	if (st != HM_OK)
		return st;
	st = watch(s, err);
	struct hm_err end_err = { 0 };
	enum hm_status end = hm_output_end(&s->out, &end_err);
	enum hm_status how = collect(s, &is_out_of_memory, st == HM_OK ? err : NULL);
	take_spans(s);
	if (st == HM_OK && end != HM_OK) {
		*err = end_err;
		st = end;
	}
	if (st == HM_OK)
		st = how;
	return st == HM_OK ? judge(s, is_out_of_memory, err) : st;
}

static void on_line(void *ctx, struct hm_str line)
{
	struct step *s = ctx;

	hm_runner_emit(s->t->r, HM_EVENT_OUTPUT, s->t->run, s->run, line);
}

/* For $(steps.step-NAME.exitCode.path). */
static void write_exit_code(const struct step *s)
{
	HM_OWN(hm_freep) char *dir = hm_asprintf("%s/steps/step-%.*s", s->t->dir, HM_STR_ARG(s->spec->name));
	HM_OWN(hm_freep) char *path = dir ? hm_asprintf("%s/exitCode", dir) : NULL;
	char text[16];

	snprintf(text, sizeof(text), "%d", s->run->exit_code);
	if (path && (mkdir(dir, 0755) == 0 || errno == EEXIST))
		(void)!hm_file_save(path, hm_str(text), 0644, NULL);
}

/* Whether a step that failed lets the task go on. */
static bool may_continue(struct step *s, enum hm_status st, const struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_PIPELINE_TEXT);

	if (st != HM_EVERIFY || err->reason != HM_R_PIPELINE_STEP)
		return false;
	return hm_subst_text(&s->subst, s->spec->on_error, &text, NULL) == HM_OK &&
	       hm_str_is(hm_buf_str(&text), "continue");
}

bool hm_step_execute(struct hm_task_ctx *t, size_t i)
{
	struct hm_step_run *run = &t->run->steps[i];
	HM_OWN(step_done)
	struct step s = {
		.t = t,
		.spec = &t->task->steps[i],
		.run = run,
		.vars = { .r = t->r, .t = t, .is_task = true },
		.script = hm_buf_init(HM_MAX_PIPELINE_TEXT),
		.out = hm_output_init(&t->r->mask, -1, ""),
		.log = -1,
		.read_fd = -1,
		.done = -1,
		.deadline_ns = t->deadline_ns,
	};
	struct hm_err err = { 0 };

	s.subst = hm_vars_subst(&s.vars);
	s.out.on_line = on_line;
	s.out.ctx = &s;
	s.span = hm_cicd_step_start(t->r->o->tracer, t->span, s.spec->name);
	hm_outcome_begin(t->r, &run->outcome);
	if (s.spec->timeout_ns > 0)
		s.deadline_ns = smaller_time(t->deadline_ns, hm_monotonic_ns() + s.spec->timeout_ns);
	hm_runner_emit(t->r, HM_EVENT_STEP_STARTED, t->run, run, (struct hm_str){ 0 });
	enum hm_status st = execute(&s, &err);
	run->lines = s.out.lines;
	hm_output_tail(&s.out, &run->tail);
	write_exit_code(&s);
	run->is_ignored = st != HM_OK && may_continue(&s, st, &err);
	st = hm_while(&err, st, "step '%.*s'", HM_STR_ARG(s.spec->name));
	hm_outcome_end(t->r, &run->outcome, st == HM_OK ? HM_RUN_SUCCESS : hm_run_result_of(&err),
		       st == HM_OK ? NULL : &err);
	hm_cicd_step_end(s.span, run->outcome.result, run->exit_code, st == HM_OK ? NULL : &run->outcome.err);
	hm_runner_emit(t->r, HM_EVENT_STEP_ENDED, t->run, run, (struct hm_str){ 0 });
	return st == HM_OK || run->is_ignored;
}
