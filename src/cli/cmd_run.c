/* run: a pipeline on this machine, by default from a Go module to a signed, logged and verified image. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/places.h"
#include "cli/progress.h"
#include "cli/run_places.h"
#include "cli/run_record.h"
#include "cli/run_summary.h"
#include "cli/run_surroundings.h"
#include "cli/stop.h"
#include "cli/version.h"
#include "data/json_write.h"
#include "pipeline/load.h"
#include "sandbox/support.h"
#include "service/local/local.h"
#include "source/snapshot.h"
#include "trace/otlp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct run_opts {
	const char *pipeline, *state;
	struct hm_strv platforms, params, networks;
	unsigned sandbox;
};

static const char *const sandbox_choices[] = { "auto", "none", NULL };

#define O(member) offsetof(struct run_opts, member)
static const struct hm_opt run_table[] = {
	{ "pipeline", 'f', HM_OPT_TEXT, O(pipeline), "FILE", "a Tekton Pipeline; the one that ships with hallmark",
	  NULL, NULL },
	{ "platform", 0, HM_OPT_LIST, O(platforms), "LIST",
	  "platforms as OS/ARCH[/VARIANT], with commas between them; linux/amd64,linux/arm64", NULL, NULL },
	{ "param", 'p', HM_OPT_LIST, O(params), "NAME=VALUE", "a param of the pipeline; may be given more than once",
	  NULL, NULL },
	{ "network", 0, HM_OPT_LIST, O(networks), "TASK",
	  "let a task of a pipeline of your own use the network; the shipped fetch task may anyway", NULL, NULL },
	{ "sandbox", 0, HM_OPT_CHOICE, O(sandbox), "HOW",
	  "auto: each step in a sandbox; none: without isolation, which summary and provenance then say",
	  sandbox_choices, NULL },
	{ "state", 0, HM_OPT_TEXT, O(state), "FOLDER", "keys and log; $XDG_STATE_HOME/hallmark", NULL, NULL },
};
#undef O

/* One run: all that has to be given back. */
struct running {
	struct hm_cli *cli;
	const struct run_opts *o;
	struct hm_arena arena;

	char *home;          /* the folder that gets .hallmark */
	const char *package; /* as the pipeline takes it */
	const char *git_url; /* where the source is cloned from; "": it is the working tree */
	char *local_git;     /* the same, if it is a folder of this machine */
	char *pipeline_file;
	struct hm_strv param_texts; /* NAME, VALUE, … */
	struct hm_run_pair *params;
	size_t param_count;

	struct hm_run_places places;
	struct hm_source source;
	struct hm_instance *instance;
	struct hm_run_surround surround;
	struct hm_pipeline *pipeline;
	struct hm_tracer *tracer;
	struct hm_progress *progress;
	struct hm_stop stop;

	struct hm_run_record record;
	char *record_path;
	struct hm_strv control_env;
	struct hm_sandbox_support support;
	char not_enforced[128];
	struct hm_err record_err;
	enum hm_status record_st;

	struct hm_run *run;
	struct hm_run_summary summary;
};

static void running_done(struct running *r)
{
	hm_run_summary_done(&r->summary);
	r->run = hm_run_free(r->run);
	hm_stop_done(&r->stop);
	r->progress = hm_progress_free(r->progress);
	r->tracer = hm_tracer_free(r->tracer);
	r->pipeline = hm_pipeline_free(r->pipeline);
	hm_run_surround_done(&r->surround);
	r->instance = hm_instance_free(r->instance);
	hm_source_done(&r->source);
	hm_run_places_done(&r->places);
	hm_strv_done(&r->param_texts);
	hm_strv_done(&r->control_env);
	free(r->params);
	free(r->home);
	free(r->local_git);
	free(r->pipeline_file);
	free(r->record_path);
	hm_arena_done(&r->arena);
	free(r);
}

/* --- what is asked for --- */

static const char *param(const struct running *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++) {
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	}
	return NULL;
}

static enum hm_status add_param(struct running *r, const char *name, const char *value, struct hm_err *err)
{
	struct hm_str n = hm_arena_printf(&r->arena, "%s", name), v = hm_arena_printf(&r->arena, "%s", value);

	if (!n.ptr || !v.ptr)
		return hm_fail(err, HM_R_NO_MEMORY, "params");
	r->params[r->param_count++] = (struct hm_run_pair){ n.ptr, v.ptr };
	return HM_OK;
}

static enum hm_status read_params(struct running *r, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	r->params = hm_calloc(r->o->params.count + 4, sizeof(r->params[0]));
	if (!r->params)
		return hm_fail(err, HM_R_NO_MEMORY, "params");
	for (size_t i = 0; i < r->o->params.count && st == HM_OK; i++) {
		const char *text = r->o->params.v[i], *eq = strchr(text, '=');
		if (!eq || eq == text)
			return hm_fail(err, HM_R_USAGE, "--param '%s' is not NAME=VALUE", text);
		struct hm_str name = hm_arena_printf(&r->arena, "%.*s", (int)(eq - text), text);
		if (!name.ptr)
			return hm_fail(err, HM_R_NO_MEMORY, "params");
		if (param(r, name.ptr))
			return hm_fail(err, HM_R_USAGE, "--param '%s' is given twice", name.ptr);
		st = add_param(r, name.ptr, eq + 1, err);
	}
	return st;
}

/* The module that a folder belongs to: the next one above it that has a go.mod. NULL: none. */
static enum hm_status find_module(const char *folder, char **ret_root, struct hm_err *err)
{
	HM_OWN(hm_freep) char *at = NULL;
	enum hm_status st = hm_path_resolve(folder, &at, err);

	*ret_root = NULL;
	while (st == HM_OK) {
		HM_OWN(hm_freep) char *file = hm_asprintf("%s/go.mod", at);
		if (!file)
			return hm_fail(err, HM_R_NO_MEMORY, "module");
		if (hm_path_is_file(file)) {
			*ret_root = HM_STEAL(at);
			return HM_OK;
		}
		char *slash = strrchr(at, '/');
		if (!slash || slash == at)
			return HM_OK;
		*slash = '\0';
	}
	return st;
}

static bool is_folder_name(const char *package)
{
	return package[0] == '/' || strcmp(package, ".") == 0 || strcmp(package, "..") == 0 ||
	       strncmp(package, "./", 2) == 0 || strncmp(package, "../", 3) == 0;
}

/* The package as its module sees it: a folder relative to go.mod, or an import path as it is. */
static enum hm_status find_package(struct running *r, const char *package, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = NULL;
	bool is_folder = is_folder_name(package);
	enum hm_status st = is_folder ? hm_path_resolve(package, &folder, err) : hm_path_resolve(".", &folder, err);

	if (st == HM_OK)
		st = find_module(folder, &r->home, err);
	if (st != HM_OK)
		return hm_while(err, st, "package '%s'", package);
	if (!r->home)
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "there is no go.mod in '%s' or above it", folder);
	if (!is_folder)
		r->package = package;
	else if (strcmp(folder, r->home) == 0)
		r->package = ".";
	else
		r->package = hm_arena_printf(&r->arena, "./%s", folder + strlen(r->home) + 1).ptr;
	return hm_arena_check(&r->arena, "package", err);
}

/* A source that is cloned has no folder yet: results then go to where we are, and the package is as it was said. */
static enum hm_status find_source(struct running *r, const char *package, struct hm_err *err)
{
	const char *url = param(r, "git-url");
	enum hm_status st;

	r->git_url = url ? url : "";
	if (!r->git_url[0] && !r->o->pipeline)
		return find_package(r, package ? package : ".", err);
	r->package = package ? package : ".";
	st = find_module(".", &r->home, err);
	if (st == HM_OK && (!r->home || r->git_url[0])) {
		free(r->home);
		r->home = NULL;
		st = hm_path_resolve(".", &r->home, err);
	}
	if (st != HM_OK || !r->git_url[0])
		return st;
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;
	if (path[0] == '/' && hm_path_is_dir(path))
		st = hm_path_resolve(path, &r->local_git, err);
	if (st == HM_OK && r->local_git && strcmp(r->local_git, path) != 0)
		return hm_fail(err, HM_R_USAGE, "git-url '%s' has a link in its path; it is '%s'", url, r->local_git);
	return st;
}

static enum hm_status find_platforms(struct running *r, struct hm_str *ret_list, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf list = hm_buf_init(HM_MAX_CONFIG_FILE);

	for (size_t i = 0; i < r->o->platforms.count; i++) {
		if (i)
			hm_buf_add_char(&list, ',');
		hm_buf_add_cstr(&list, r->o->platforms.v[i]);
	}
	enum hm_status st = hm_buf_check(&list, "platforms", err);
	if (st == HM_OK)
		*ret_list = list.len ? hm_arena_dup(&r->arena, hm_buf_str(&list)) : HM_STR("linux/amd64,linux/arm64");
	return st;
}

static bool takes(const struct hm_pipeline *pipeline, const char *name)
{
	for (size_t i = 0; i < pipeline->param_count; i++) {
		if (hm_str_is(pipeline->params[i].name, name))
			return true;
	}
	return false;
}

/* What the command line says in its own way is a param too. One that the pipeline does not take cannot be heeded. */
static enum hm_status pass(struct running *r, const char *name, const char *value, bool is_said, struct hm_err *err)
{
	if (!takes(r->pipeline, name))
		return is_said ? hm_fail(err, HM_R_USAGE, "pipeline '%.*s' has no param '%s' that could take it",
					 HM_STR_ARG(r->pipeline->name), name)
			       : HM_OK;
	if (param(r, name))
		return is_said ? hm_fail(err, HM_R_USAGE, "'%s' is given twice: as --param too", name) : HM_OK;
	return add_param(r, name, value, err);
}

static enum hm_status load(struct running *r, const char *package, struct hm_err *err)
{
	HM_OWN(hm_freep) char *shipped = NULL;
	struct hm_pipeline_load_opts opts = { 0 };
	struct hm_str platforms = { 0 };
	enum hm_status st = hm_cli_find_share(r->cli->program, "pipelines/tasks", &shipped, err);

	if (st == HM_OK && !r->o->pipeline)
		st = hm_cli_find_share(r->cli->program, "pipelines/go-release.yaml", &r->pipeline_file, err);
	else if (st == HM_OK)
		st = hm_str_dup(hm_str(r->o->pipeline), &r->pipeline_file, err);
	opts.shipped_dir = shipped;
	if (st == HM_OK)
		st = hm_pipeline_load(r->pipeline_file, &opts, &r->pipeline, err);
	if (st == HM_OK)
		st = find_platforms(r, &platforms, err);
	if (st == HM_OK)
		st = pass(r, "platforms", platforms.ptr, r->o->platforms.count > 0, err);
	if (st == HM_OK)
		st = pass(r, "package", r->package, package != NULL, err);
	r->record.platforms = platforms;
	return st;
}

/* --- what there is --- */

static enum hm_status check_sandbox(struct running *r, struct hm_err *err)
{
	static const enum hm_sandbox_feature_id limits[] = { HM_SANDBOX_CAN_MEMORY, HM_SANDBOX_CAN_CPU,
							     HM_SANDBOX_CAN_PROCESSES };
	size_t len = 0;

	if (r->o->sandbox == 1) {
		fputs("hallmark: --sandbox=none: NOTHING IS ISOLATED. Steps can read and change whatever you can.\n",
		      r->cli->log);
		return HM_OK;
	}
	hm_sandbox_probe(&r->support);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct hm_sandbox_feature *feature = &r->support.features[limits[i]];
		if (!feature->is_ok && len < sizeof(r->not_enforced))
			len += (size_t)snprintf(r->not_enforced + len, sizeof(r->not_enforced) - len, "%s%s",
						len ? ", " : "", feature->name);
	}
	return hm_sandbox_require(&r->support, err);
}

/*
 * What lies in the source is copied for the steps to read, so keys must not. The state may not be there yet: then the
 * nearest folder above it says where it will be.
 */
static enum hm_status keep_keys_apart(const struct running *r, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s", r->places.state), *state = NULL;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "find the state folder");
	hm_path_cut_to_there(path);
	enum hm_status st = hm_path_resolve(path, &state, err);
	if (st != HM_OK)
		return st;
	if (hm_path_is_within(state, r->source.root))
		return hm_fail(err, HM_R_USAGE,
			       "the state folder '%s' lies in the source '%s', where steps could read its keys; name "
			       "another with --state or XDG_STATE_HOME",
			       r->places.state, r->source.root);
	return HM_OK;
}

static enum hm_status take_source(struct running *r, struct hm_err *err)
{
	struct hm_run_record *record = &r->record;
	enum hm_status st;

	record->source_state = HM_STR("unknown");
	record->directory = hm_str(param(r, "directory") ? param(r, "directory") : ".");
	if (r->git_url[0])
		return HM_OK;
	st = hm_source_snapshot(r->home, r->places.source, r->o->sandbox == 0, &r->source, err);
	if (st == HM_OK)
		st = keep_keys_apart(r, err);
	if (st != HM_OK)
		return st;
	record->source_state = hm_str(hm_source_state_name(r->source.state));
	if (r->source.state == HM_SOURCE_COMMIT)
		record->source_commit = hm_str(r->source.head);
	char hex[2 * HM_HASH_LEN + 1];
	hm_hex_write(hex, r->source.tree.b, HM_HASH_LEN);
	record->source_tree = hm_arena_dup(&r->arena, hm_str(hex));
	if (r->source.remote)
		record->source_uri = hm_arena_printf(&r->arena, "git+%s", r->source.remote);
	if (strcmp(r->source.dir, ".") != 0) {
		record->directory = hm_str(r->source.dir);
		st = pass(r, "directory", r->source.dir, true, err);
	}
	return st;
}

static enum hm_status open_instance(struct running *r, struct hm_err *err)
{
	struct hm_instance_opts opts = { .state = r->places.state, .fx = r->cli->fx };
	HM_OWN(hm_freep) char *root = NULL;
	enum hm_status st = hm_instance_open(&opts, &r->instance, err);

	if (st == HM_OK)
		st = hm_instance_save(r->instance, NULL, r->places.state, err);
	root = hm_asprintf("%s/trusted_root.json", r->places.state);
	if (st == HM_OK && !root)
		return hm_fail(err, HM_R_NO_MEMORY, "local instance");
	if (st != HM_OK)
		return st;
	r->surround.trusted_root = hm_instance_trusted_root(r->instance);
	r->surround.trusted_root_file = hm_arena_printf(&r->arena, "%s", root).ptr;
	return hm_arena_check(&r->arena, "local instance", err);
}

/* Variables of the compile that are the same on every machine and for every platform: paths are not. */
static enum hm_status note_go_env(struct running *r, struct hm_err *err)
{
	static const char *const paths[] = {
		"GOROOT", "GOCACHE", "GOMODCACHE", "GOPATH", "GOTMPDIR", "GOOS", "GOARCH"
	};
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_golang_build_opts opts = { .goroot = "/", .gocache = "/", .gomodcache = "/", .home = "/" };
	enum hm_status st = hm_golang_build_env(&opts, &env, err);
	struct hm_json_pair *pairs = hm_arena_calloc(&r->arena, env.count, sizeof(pairs[0]));

	if (st == HM_OK && !pairs)
		return hm_fail(err, HM_R_NO_MEMORY, "record of the run");
	for (size_t i = 0; i < env.count && st == HM_OK; i++) {
		struct hm_str name, value;
		bool is_path = false;
		(void)!hm_str_cut(hm_arena_printf(&r->arena, "%s", env.v[i]), '=', &name, &value);
		for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++)
			is_path |= hm_str_is(name, paths[k]);
		if (!is_path && (hm_str_has_prefix(name, HM_STR("GO")) || hm_str_has_prefix(name, HM_STR("CGO"))))
			pairs[r->record.go_env_count++] = (struct hm_json_pair){ name, value };
	}
	r->record.go_env = pairs;
	return st;
}

static enum hm_status begin_record(struct running *r, struct hm_err *err)
{
	struct hm_run_record *record = &r->record;
	struct hm_json_pair *pairs = hm_arena_calloc(&r->arena, r->o->params.count, sizeof(pairs[0]));
	struct hm_digest digest;
	char hex[2 * HM_HASH_LEN + 1];
	enum hm_status st = hm_crypto_digest_file(r->pipeline_file, HM_SHA256, &digest, NULL, err);

	if (st != HM_OK)
		return st;
	hm_hex_write(hex, digest.b, digest.len);
	record->pipeline = r->pipeline->name;
	record->pipeline_sha256 = hm_arena_dup(&r->arena, hm_str(hex));
	record->is_shipped = !r->o->pipeline;
	for (size_t i = 0; pairs && i < r->o->params.count; i++)
		pairs[i] = (struct hm_json_pair){ hm_str(r->params[i].name), hm_str(r->params[i].value) };
	record->params = pairs;
	record->param_count = pairs ? r->o->params.count : 0;
	record->package = hm_str(param(r, "package") ? param(r, "package") : r->package);
	record->isolation = r->o->sandbox == 0 ? HM_STR("sandbox") : HM_STR("none");
	record->go_version = hm_str(r->surround.go.version);
	record->state = hm_str(r->places.state);
	record->folder = hm_str(r->places.dir);
	r->record_path = hm_asprintf("%s/record.json", r->places.dir);
	if (!r->record_path)
		return hm_fail(err, HM_R_NO_MEMORY, "record of the run");
	for (char **entry = environ; *entry; entry++)
		hm_strv_add(&r->control_env, *entry);
	hm_strv_setenv(&r->control_env, HM_RUN_RECORD_ENV, r->record_path);
	st = hm_strv_check(&r->control_env, err);
	if (st == HM_OK)
		st = note_go_env(r, err);
	return st == HM_OK ? hm_arena_check(&r->arena, "record of the run", err) : st;
}

/* --- while it runs --- */

static struct hm_str result(const struct hm_task_run *task, const char *name)
{
	for (size_t i = 0; i < task->result_count; i++) {
		if (hm_str_is(task->results[i].name, name))
			return task->results[i].value.text;
	}
	return (struct hm_str){ 0 };
}

/* The hash of the module that a toolchain came as: its folder is MODCACHE/golang.org/toolchain@VERSION/bin. */
static struct hm_str toolchain_hash(struct running *r, struct hm_str go_bin)
{
	static const char marker[] = "/golang.org/toolchain@";
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	ptrdiff_t at = hm_str_find(go_bin, hm_str(marker));
	struct hm_str version, rest;

	if (at < 0)
		return (struct hm_str){ 0 };
	(void)!hm_str_cut(hm_str_skip(go_bin, (size_t)at + sizeof(marker) - 1), '/', &version, &rest);
	struct hm_str path = hm_arena_printf(&r->arena, "%s/cache/download/golang.org/toolchain/@v/%.*s.ziphash",
					     r->places.modules, HM_STR_ARG(version));
	if (!path.ptr || hm_file_read(path.ptr, HM_MAX_CONFIG_FILE, &text, NULL) != HM_OK)
		return (struct hm_str){ 0 };
	return hm_arena_dup(&r->arena, hm_str_trim(hm_buf_str(&text)));
}

/* What the shipped fetch task found out belongs to the record; of others nothing is believed. */
static void note_fetch(struct running *r, const struct hm_task_run *task)
{
	struct hm_run_record *record = &r->record;
	struct hm_str go_bin = result(task, "go-bin"), version = result(task, "go-version");
	struct hm_str commit = result(task, "commit");

	if (version.len)
		record->go_version = hm_arena_dup(&r->arena, version);
	record->toolchain_h1 = toolchain_hash(r, go_bin);
	if (r->git_url[0] && commit.len) {
		HM_OWN(hm_freep) char *clean = NULL;
		record->source_commit = hm_arena_dup(&r->arena, commit);
		record->source_state = HM_STR("commit");
		if (hm_source_url_clean(hm_str(r->git_url), &clean, NULL) == HM_OK)
			record->source_uri = hm_arena_printf(
			    &r->arena, r->local_git && clean[0] == '/' ? "git+file://%s" : "git+%s", clean);
	}
}

static void on_event(void *ctx, const struct hm_run_event *event)
{
	struct running *r = ctx;
	bool is_start = event->kind == HM_EVENT_RUN_STARTED;
	bool is_fetch = event->kind == HM_EVENT_TASK_ENDED && event->task->task->task->is_shipped &&
			hm_str_is(event->task->task->task->name, "git-clone") &&
			event->task->outcome.result == HM_RUN_SUCCESS;

	if (is_start) {
		r->record.id = hm_arena_printf(&r->arena, "%s", event->run->uid);
		r->record.started_ns = event->time_ns;
	}
	if (is_fetch)
		note_fetch(r, event->task);
	if ((is_start || is_fetch) && r->record_st == HM_OK)
		r->record_st = hm_run_record_save(&r->record, r->record_path, &r->record_err);
	hm_progress_event(r->progress, event);
}

static enum hm_status carry_out(struct running *r, struct hm_err *err)
{
	const struct hm_run_pair workspaces[] = {
		{ "source", r->places.source },         { "modules", r->places.modules },
		{ "test-cache", r->places.test_cache }, { "build-cache", r->places.build_cache },
		{ "evidence", r->places.evidence },     { "reports", r->places.reports },
		{ "release", r->places.release },
	};
	struct hm_run_opts opts = {
		.params = r->params,
		.param_count = r->param_count,
		.facts = r->surround.facts,
		.fact_count = r->surround.fact_count,
		.workspaces = workspaces,
		.workspace_count = sizeof(workspaces) / sizeof(workspaces[0]),
		.dir = r->places.dir,
		.log_dir = r->places.log,
		.surroundings = hm_run_surround_task,
		.surroundings_ctx = &r->surround,
		.control = { .program = r->cli->program, .env = (const char *const *)r->control_env.v },
		.network_tasks = (const char *const *)r->o->networks.v,
		.no_sandbox = r->o->sandbox == 1,
		.secrets = r->surround.secrets,
		.secret_count = r->surround.secret_count,
		.stop_fd = r->stop.fd,
		.event = on_event,
		.event_ctx = r,
		.tracer = r->tracer,
		.effects = r->cli->fx,
	};
	enum hm_status st = hm_pipeline_run(r->pipeline, &opts, &r->run, err);

	if (st == HM_OK && r->record_st != HM_OK) {
		*err = r->record_err;
		return r->record_st;
	}
	return st;
}

/* --- what came out --- */

static enum hm_status save_trace(struct running *r, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/trace.json", folder);

	return path ? hm_otlp_save(r->tracer, path, err) : hm_fail(err, HM_R_NO_MEMORY, "trace");
}

static enum hm_status keep_coverage(struct running *r, struct hm_err *err)
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
static struct hm_str program_name(const struct running *r)
{
	for (size_t i = 0; i < r->pipeline->task_count; i++) {
		const struct hm_task_run *task = &r->run->tasks[i];
		struct hm_str name = result(task, "name");
		if (task->task->task->is_shipped && hm_str_is(task->task->task->name, "golang-build") && name.len)
			return name;
	}
	return r->pipeline->name;
}

static enum hm_status summarize(struct running *r, const char *name, struct hm_err *err)
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

static enum hm_status publish(struct running *r, struct hm_err *err)
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
static enum hm_status print_result(struct running *r, struct hm_err *err)
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
	enum hm_status st = hm_json_writer_check(&w, "summary", err);
	if (st == HM_OK)
		fprintf(r->cli->out, "%.*s\n", (int)text.len, text.ptr);
	return st;
}

static enum hm_status finish(struct running *r, struct hm_err *err)
{
	if (r->run->outcome.result != HM_RUN_SUCCESS) {
		/* a trace of what failed is of use; not having it is not the news */
		(void)!save_trace(r, r->places.log, NULL);
		r->progress = hm_progress_free(r->progress);
		hm_progress_print_failure(r->cli->log, r->run);
		*err = r->run->outcome.err;
		if (err->reason == HM_R_INTERRUPTED)
			err->sys = r->stop.signal ? *r->stop.signal : err->sys;
		return hm_reason_status(err->reason);
	}
	enum hm_status st = publish(r, err);
	if (st == HM_OK)
		st = print_result(r, err);
	return st;
}

static enum hm_status prepare(struct running *r, const char *package, struct hm_err *err)
{
	enum hm_status st = read_params(r, err);

	if (st == HM_OK)
		st = find_source(r, package, err);
	if (st == HM_OK)
		st = load(r, package, err);
	if (st == HM_OK)
		st = check_sandbox(r, err);
	if (st == HM_OK)
		st =
		    hm_run_places_open(r->home, r->o->state, r->o->pipeline ? r->pipeline_file : NULL, &r->places, err);
	if (st == HM_OK)
		st = take_source(r, err);
	if (st == HM_OK)
		st = open_instance(r, err);
	r->surround.is_isolated = r->o->sandbox == 0;
	r->surround.local_git = r->local_git;
	if (st == HM_OK)
		st = hm_run_surround_open(&r->surround, r->cli->program, err);
	if (st == HM_OK)
		st = begin_record(r, err);
	if (st == HM_OK)
		st = hm_tracer_new(&(struct hm_tracer_opts){ .effects = r->cli->fx, .service_version = HM_VERSION },
				   &r->tracer, err);
	return st;
}

static enum hm_status run_run(struct hm_cli *cli, const void *opts, char *const *args, size_t args_count,
			      struct hm_err *err)
{
	struct running *r = hm_calloc(1, sizeof(*r));

	if (!r)
		return hm_fail(err, HM_R_NO_MEMORY, "run");
	r->cli = cli;
	r->o = opts;
	r->arena = hm_arena_init(HM_MAX_RUN_RECORD);
	r->places.lock = -1;
	enum hm_status st = hm_stop_open(&r->stop, err);
	if (st == HM_OK)
		st = hm_progress_new(cli->json ? HM_PROGRESS_JSON : hm_progress_form_for(cli->log),
				     cli->json ? cli->out : cli->log, &r->progress, err);
	if (st == HM_OK)
		st = prepare(r, args_count ? args[0] : NULL, err);
	if (st == HM_OK)
		st = carry_out(r, err);
	if (st == HM_OK)
		st = finish(r, err);
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
		   "$ hallmark run --pipeline pipeline.yaml --param git-url=https://example.com/app.git",
	HM_CMD_OPTS(run_table, struct run_opts),
	.max_args = 1,
	.run = run_run,
};
