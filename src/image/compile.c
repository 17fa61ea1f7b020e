#include "image/compile.h"

#include "base/effects.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/proc.h"
#include "base/strv.h"
#include "base/time.h"
#include "golang/buildinfo.h"
#include "golang/gocmd.h"
#include "sandbox/none.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Where things are in the sandbox. A toolchain below /usr stays there: distributions link it to its neighbours. */
#define IN_SOURCE  "/workspace/source"
#define IN_MODULES "/workspace/modules"
#define IN_CACHE   "/workspace/build-cache"
#define IN_GO      "/workspace/go"
#define IN_OUT     "/workspace/out"

/* The same for all platforms; paths as they are on this machine, without links. */
struct compile {
	const struct hm_image_compile_opts *opts;
	const struct hm_image_target *targets;
	char *goroot, *modcache, *cache, *out;
	struct hm_buf *logs; /* one for each platform */
};

/* One compiler: paths as it sees them. */
struct job {
	const struct compile *c;
	const struct hm_image_target *target;
	char *folder; /* on this machine: where its program goes */
	char *file;   /* the program's name */
	const char *goroot, *modcache, *cache, *out;
	char *module;
	struct hm_strv env, argv;
	char *results; /* in the sandbox: where earlier results lie in the source; NULL: there are none */
	struct hm_sandbox_mount mounts[6];
	size_t mount_count;
	struct hm_buf *log;
};

static void compile_done(struct compile *c)
{
	free(c->goroot);
	free(c->modcache);
	free(c->cache);
	free(c->out);
	free(c->logs);
}

static void job_done(struct job *job)
{
	free(job->folder);
	free(job->file);
	free(job->module);
	free(job->results);
	hm_strv_done(&job->env);
	hm_strv_done(&job->argv);
}

/* --- what go says --- */

/* The last lines: what came first is often a list of packages, and an error's text is short. */
static struct hm_str last_lines(struct hm_str text, size_t max)
{
	struct hm_str all = hm_str_trim(text);

	if (all.len <= max)
		return all;
	struct hm_str tail = hm_str_skip(all, all.len - max);
	ptrdiff_t nl = hm_str_find_char(tail, '\n');
	return nl < 0 ? tail : hm_str_skip(tail, (size_t)nl + 1);
}

/* The line that holds what was found. */
static struct hm_str line_at(struct hm_str text, size_t at)
{
	ptrdiff_t begin = hm_str_find_last_char(hm_str_head(text, at), '\n');
	struct hm_str line = hm_str_skip(text, (size_t)(begin + 1));
	ptrdiff_t end = hm_str_find_char(line, '\n');

	return hm_str_trim(end < 0 ? line : hm_str_head(line, (size_t)end));
}

enum hm_status hm_image_go_failed(struct hm_str printed, struct hm_err *err)
{
	static const struct {
		const char *text;
		enum hm_reason reason;
	} known[] = {
		{ "checksum mismatch", HM_R_GOLANG_SUM },
		{ "module lookup disabled by GOPROXY=off", HM_R_GOLANG_NOT_FETCHED },
		/* what is not in the cache is locked to be fetched, and the cache is read-only */
		{ ".lock: read-only file system", HM_R_GOLANG_NOT_FETCHED },
		{ ".lock: permission denied", HM_R_GOLANG_NOT_FETCHED },
		{ "missing go.sum entry", HM_R_GOLANG_NOT_IN_SUM },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		ptrdiff_t at = hm_str_find(printed, hm_str(known[i].text));
		if (at >= 0)
			return hm_fail(err, known[i].reason, "%.*s",
				       HM_STR_ARG(hm_str_head(line_at(printed, (size_t)at), 400)));
	}
	return hm_fail(err, HM_R_IMAGE_COMPILE, "%.*s", HM_STR_ARG(last_lines(printed, 480)));
}

/* --- what it is called with --- */

enum hm_status hm_image_check_ldflags(const char *ldflags, struct hm_err *err)
{
	/* another linker, a dynamic program, files beside the result */
	static const char *const refused[] = { "-o",
					       "-linkmode",
					       "-extld",
					       "-extldflags",
					       "-extar",
					       "-buildmode",
					       "-linkshared",
					       "-cpuprofile",
					       "-memprofile",
					       "-benchmarkprofile",
					       "-capturehostobjs",
					       "-tmpdir",
					       "-installsuffix",
					       "-race",
					       "-msan",
					       "-asan" };
	struct hm_str rest = hm_str_trim(hm_str(ldflags)), name, value;

	/* go takes what begins otherwise as a pattern of packages */
	if (rest.len > 0 && rest.ptr[0] != '-')
		return hm_fail(err, HM_R_USAGE, "--ldflags: '%.*s' does not begin with a flag",
			       HM_STR_ARG(hm_str_head(rest, 200)));
	while (rest.len > 0) {
		/* go knows quotes; a flag in them is one too, and what stands behind a blank in them is taken for one
		 */
		size_t len = strcspn(rest.ptr, " \t\r\n'\"");
		(void)!hm_str_cut(hm_str_head(rest, len), '=', &name, &value);
		rest = hm_str_skip(rest, len + 1);
		if (hm_str_has_prefix(name, HM_STR("--")))
			name = hm_str_skip(name, 1);
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
			if (hm_str_is(name, refused[i]))
				return hm_fail(
				    err, HM_R_USAGE,
				    "--ldflags: %s would not give a static program that others can build again",
				    refused[i]);
		}
	}
	return HM_OK;
}

static enum hm_status set_env(struct job *job, struct hm_err *err)
{
	const struct hm_image_compile_opts *o = job->c->opts;
	const struct hm_golang_build_opts build = {
		.goroot = job->goroot,
		.gocache = job->cache,
		.gomodcache = job->modcache,
		.home = o->isolation == HM_IMAGE_SANDBOX ? "/home/step" : "/nonexistent",
		.tmpdir = o->isolation == HM_IMAGE_SANDBOX ? NULL : o->tmpdir,
		.goos = job->target->goos,
		.goarch = job->target->goarch,
	};
	enum hm_status st = hm_golang_build_env(&build, &job->env, err);

	if (st != HM_OK)
		return st;
	if (job->target->level_name)
		hm_strv_setenv(&job->env, job->target->level_name, job->target->level);
	return hm_strv_check(&job->env, err);
}

static enum hm_status set_argv(struct job *job, struct hm_err *err)
{
	const struct hm_image_compile_opts *o = job->c->opts;

	hm_strv_addf(&job->argv, "%s/bin/go", job->goroot);
	hm_strv_add(&job->argv, "build");
	hm_strv_add(&job->argv, "-o");
	hm_strv_addf(&job->argv, "%s/%s", job->out, job->file);
	if (o->disable_optimizations)
		hm_strv_add(&job->argv, "-gcflags=all=-N -l");
	if (o->ldflags)
		hm_strv_addf(&job->argv, "-ldflags=%s", o->ldflags);
	hm_strv_add(&job->argv, "--");
	hm_strv_add(&job->argv, o->package);
	return hm_strv_check(&job->argv, err);
}

static void add_mount(struct job *job, enum hm_sandbox_mount_kind kind, const char *source, const char *target)
{
	job->mounts[job->mount_count++] = (struct hm_sandbox_mount){ .kind = kind, .source = source, .target = target };
}

/* A program that embeds its whole folder must not embed what an earlier build left there. */
static enum hm_status hide_results(struct job *job, struct hm_err *err)
{
	HM_OWN(hm_freep) char *results = hm_asprintf("%s/.hallmark", job->c->opts->module);

	job->results = hm_asprintf("%s/.hallmark", job->module);
	if (!results || !job->results)
		return hm_fail(err, HM_R_NO_MEMORY, "hide earlier results");
	if (hm_path_is_dir(results))
		add_mount(job, HM_SANDBOX_TMPFS, NULL, job->results);
	return HM_OK;
}

/* What the compiler sees in the sandbox, and where. */
static enum hm_status place_in_sandbox(struct job *job, struct hm_err *err)
{
	const struct compile *c = job->c;

	add_mount(job, HM_SANDBOX_READ_ONLY, c->opts->root, IN_SOURCE);
	add_mount(job, HM_SANDBOX_READ_ONLY, c->modcache, IN_MODULES);
	add_mount(job, HM_SANDBOX_READ_WRITE, c->cache, IN_CACHE);
	add_mount(job, HM_SANDBOX_READ_WRITE, job->folder, IN_OUT);
	job->modcache = IN_MODULES;
	job->cache = IN_CACHE;
	job->out = IN_OUT;
	if (strncmp(c->goroot, "/usr/", 5) == 0) {
		job->goroot = c->goroot;
	} else {
		add_mount(job, HM_SANDBOX_READ_ONLY, c->goroot, IN_GO);
		job->goroot = IN_GO;
	}
	return hide_results(job, err);
}

static enum hm_status place(struct job *job, struct hm_err *err)
{
	const struct compile *c = job->c;
	const char *below = c->opts->module + strlen(c->opts->root);
	HM_OWN(hm_buf_done) struct hm_buf file = hm_buf_init(HM_MAX_SANDBOX_PATH);

	hm_image_file_name(c->opts->name, &job->target->platform, &file);
	job->file = hm_buf_take_cstr(&file);
	job->folder = job->file ? hm_asprintf("%s/.%s", c->out, job->file) : NULL;
	bool is_sandbox = c->opts->isolation == HM_IMAGE_SANDBOX;
	job->module = hm_asprintf("%s%s", is_sandbox ? IN_SOURCE : c->opts->root, below);
	if (!job->folder || !job->module)
		return hm_fail(err, HM_R_NO_MEMORY, "compile '%s'", c->opts->package);
	enum hm_status st = hm_dir_make(job->folder, 0700, err);
	if (st == HM_OK && is_sandbox)
		return place_in_sandbox(job, err);
	job->goroot = c->goroot;
	job->modcache = c->modcache;
	job->cache = c->cache;
	job->out = job->folder;
	return st;
}

/* --- running it --- */

/* Wait until fd can be read. */
static enum hm_status wait_for(int fd, int stop_fd, int64_t end_ns, struct hm_err *err)
{
	struct pollfd ready[] = { { .fd = fd, .events = POLLIN },
				  { .fd = stop_fd > 0 ? stop_fd : -1, .events = POLLIN } };
	int n;

	do {
		int64_t left_ms = (end_ns - hm_monotonic_ns()) / HM_NS_PER_MS;
		n = poll(ready, 2, left_ms < 0 ? 0 : (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return hm_fail_errno(err, errno, "read what the compiler prints");
	if (ready[1].revents != 0)
		return hm_fail(err, HM_R_INTERRUPTED, "the compiler was stopped");
	if (n == 0)
		return hm_fail(err, HM_R_PROC_TIMEOUT, "the compiler did not end within %d ms",
			       HM_IMAGE_COMPILE_TIMEOUT_MS);
	return HM_OK;
}

/* Take what the compiler prints until it has ended, or has to. */
static enum hm_status read_log(int fd, int stop_fd, int64_t end_ns, struct hm_buf *log, struct hm_err *err)
{
	char bytes[4096];

	for (;;) {
		enum hm_status st = wait_for(fd, stop_fd, end_ns, err);
		if (st != HM_OK)
			return st;
		ssize_t len = read(fd, bytes, sizeof(bytes));
		if (len < 0 && errno != EINTR)
			return hm_fail_errno(err, errno, "read what the compiler prints");
		if (len == 0)
			return HM_OK;
		/* once the log is full the rest is dropped */
		if (len > 0)
			hm_buf_add(log, bytes, (size_t)len);
	}
}

static enum hm_status judge(int signal, int exit_code, const struct hm_buf *log, struct hm_err *err)
{
	if (signal != 0)
		return hm_fail(err, HM_R_IMAGE_COMPILE, "the go command was ended by signal %d", signal);
	return exit_code == 0 ? HM_OK : hm_image_go_failed(hm_buf_str(log), err);
}

static enum hm_status run_isolated(struct job *job, struct hm_err *err)
{
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = NULL;
	HM_OWN(hm_closep) int in = -1;
	int64_t end_ns = hm_monotonic_ns() + HM_IMAGE_COMPILE_TIMEOUT_MS * HM_NS_PER_MS;
	struct hm_sandbox_result result;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return hm_fail_errno(err, errno, "make a pipe");
	in = ends[0];
	const struct hm_sandbox_opts opts = {
		.argv = (const char *const *)job->argv.v,
		.env = (const char *const *)job->env.v,
		.cwd = job->module,
		.in = -1,
		.out = ends[1],
		.err = ends[1],
		.mounts = job->mounts,
		.mount_count = job->mount_count,
	};
	enum hm_status st = job->c->opts->isolation == HM_IMAGE_SANDBOX ? hm_sandbox_start(&opts, &box, err)
									: hm_sandbox_start_none(&opts, &box, err);
	close(ends[1]);
	if (st == HM_OK)
		st = read_log(in, job->c->opts->stop_fd, end_ns, job->log, err);
	if (st == HM_OK)
		st = hm_sandbox_finish(box, HM_IMAGE_COMPILE_TIMEOUT_MS, &result, err);
	return st == HM_OK ? judge(result.signal, result.exit_code, job->log, err) : st;
}

/* In a step all that is started ends with the step, and the step's own filter lets no supervisor be made in it. */
static enum hm_status run_in_step(struct job *job, struct hm_err *err)
{
	const struct hm_proc_opts opts = { .argv = (const char *const *)job->argv.v,
					   .env = (const char *const *)job->env.v,
					   .dir = job->module,
					   .in = -1,
					   .new_group = true };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };

	enum hm_status st = hm_proc_run(&opts, HM_STR(""), HM_IMAGE_COMPILE_TIMEOUT_MS, HM_MAX_IMAGE_LOG, &result, err);
	if (st != HM_OK)
		return st;
	hm_buf_add_str(job->log, hm_buf_str(&result.out));
	hm_buf_add_str(job->log, hm_buf_str(&result.err));
	return judge(result.signal, result.exit_code, job->log, err);
}

static enum hm_status run_compiler(struct job *job, struct hm_err *err)
{
	return job->c->opts->isolation == HM_IMAGE_STEP ? run_in_step(job, err) : run_isolated(job, err);
}

/* --- what came out --- */

static enum hm_status check_setting(const struct hm_golang_buildinfo *info, const char *key, const char *want,
				    const char *path, struct hm_err *err)
{
	struct hm_str value = hm_golang_buildinfo_setting(info, key);

	if (!hm_str_is(value, want))
		return hm_fail(err, HM_R_IMAGE_PROGRAM, "'%s' was built with %s=%.*s, not %s", path, key,
			       HM_STR_ARG(hm_str_head(value, 60)), want);
	return HM_OK;
}

/* The linker's own record says whether it is what was asked for. */
static enum hm_status check_program(const struct job *job, const char *path, struct hm_err *err)
{
	HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo info = { 0 };

	enum hm_status st = hm_golang_buildinfo_read(path, &info, err);
	if (st == HM_OK)
		st = check_setting(&info, "GOOS", job->target->goos, path, err);
	if (st == HM_OK)
		st = check_setting(&info, "GOARCH", job->target->goarch, path, err);
	if (st == HM_OK && job->target->level_name)
		st = check_setting(&info, job->target->level_name, job->target->level, path, err);
	if (st == HM_OK)
		st = check_setting(&info, "CGO_ENABLED", "0", path, err);
	if (st == HM_OK)
		st = check_setting(&info, "-trimpath", "true", path, err);
	return st;
}

/* Out of the folder in which the compiler could write, and with a mode that is the same for everybody. */
static enum hm_status take_program(const struct job *job, struct hm_err *err)
{
	HM_OWN(hm_freep) char *made = hm_asprintf("%s/%s", job->folder, job->file);
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", job->c->out, job->file);
	struct stat info;

	if (!made || !path)
		return hm_fail(err, HM_R_NO_MEMORY, "compile '%s'", job->file);
	HM_OWN(hm_closep) int fd = open(made, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) != 0)
		return hm_fail_errno(err, errno, "open '%s'", made);
	if (!S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_IMAGE_PROGRAM, "'%s' is no file", made);
	enum hm_status st = check_program(job, made, err);
	if (st != HM_OK)
		return st;
	if (fchmod(fd, 0755) != 0 || fsync(fd) != 0 || rename(made, path) != 0 || rmdir(job->folder) != 0)
		return hm_fail_errno(err, errno, "put '%s' in its place", path);
	return HM_OK;
}

static enum hm_status compile_one(void *ctx, size_t i, struct hm_err *err)
{
	const struct compile *c = ctx;
	HM_OWN(job_done) struct job job = { .c = c, .target = &c->targets[i], .log = &c->logs[i] };

	enum hm_status st = place(&job, err);
	if (st == HM_OK)
		st = set_env(&job, err);
	if (st == HM_OK)
		st = set_argv(&job, err);
	if (st == HM_OK)
		st = run_compiler(&job, err);
	if (st == HM_OK)
		st = take_program(&job, err);
	return hm_while(err, st, "compile %s for %s/%s", c->opts->package, job.target->goos, job.target->goarch);
}

static enum hm_status make_and_resolve(const char *path, char **ret_path, struct hm_err *err)
{
	enum hm_status st = hm_dir_make(path, 0755, err);

	return st == HM_OK ? hm_path_resolve(path, ret_path, err) : st;
}

static enum hm_status prepare(struct compile *c, size_t count, struct hm_err *err)
{
	const struct hm_image_compile_opts *o = c->opts;

	enum hm_status st = hm_image_check_ldflags(o->ldflags, err);
	if (st == HM_OK)
		st = hm_path_resolve(o->goroot, &c->goroot, err);
	if (st == HM_OK)
		st = make_and_resolve(o->gomodcache, &c->modcache, err);
	if (st == HM_OK)
		st = make_and_resolve(o->gocache, &c->cache, err);
	if (st == HM_OK)
		st = hm_path_resolve(o->out, &c->out, err);
	if (st != HM_OK)
		return st;
	c->logs = hm_calloc(count, sizeof(*c->logs));
	if (!c->logs)
		return hm_fail(err, HM_R_NO_MEMORY, "compile '%s'", o->package);
	for (size_t i = 0; i < count; i++)
		c->logs[i] = hm_buf_init(HM_MAX_IMAGE_LOG);
	return HM_OK;
}

enum hm_status hm_image_compile(const struct hm_image_compile_opts *opts, const struct hm_image_target *targets,
				size_t count, struct hm_buf *ret_log, struct hm_err *err)
{
	HM_OWN(compile_done) struct compile c = { .opts = opts, .targets = targets };
	struct hm_buf log = hm_buf_init(HM_MAX_IMAGE_LOG);

	enum hm_status st = prepare(&c, count, err);
	if (st == HM_OK)
		st = hm_parallel(opts->jobs, count, compile_one, &c, err);
	for (size_t i = 0; c.logs && i < count; i++) {
		hm_buf_add_str(&log, hm_buf_str(&c.logs[i]));
		hm_buf_done(&c.logs[i]);
	}
	*ret_log = log;
	return st;
}
