#include "cli/run_request.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/build.h"
#include "cli/places.h"

#include <stdlib.h>

/* Params that are passed besides those that are given: platforms, package, directory. */
#define PASSED 3

const char *hm_run_request_param(const struct hm_run_request *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++) {
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	}
	return NULL;
}

static enum hm_status add_param(struct hm_run_request *r, const char *name, const char *value, struct hm_err *err)
{
	struct hm_str n = hm_arena_printf(&r->arena, "%s", name), v = hm_arena_printf(&r->arena, "%s", value);

	if (!n.ptr || !v.ptr)
		return hm_fail(err, HM_R_NO_MEMORY, "params");
	r->params[r->param_count++] = (struct hm_run_pair){ n.ptr, v.ptr };
	return HM_OK;
}

static enum hm_status read_params(struct hm_run_request *r, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	r->params = hm_calloc(r->opts->params.count + PASSED, sizeof(r->params[0]));
	if (!r->params)
		return hm_fail(err, HM_R_NO_MEMORY, "params");
	for (size_t i = 0; i < r->opts->params.count && st == HM_OK; i++) {
		const char *text = r->opts->params.v[i], *eq = strchr(text, '=');
		if (!eq || eq == text)
			return hm_fail(err, HM_R_USAGE, "--param '%s' is not NAME=VALUE", text);
		struct hm_str name = hm_arena_printf(&r->arena, "%.*s", (int)(eq - text), text);
		if (!name.ptr)
			return hm_fail(err, HM_R_NO_MEMORY, "params");
		if (hm_run_request_param(r, name.ptr))
			return hm_fail(err, HM_R_USAGE, "--param '%s' is given twice", name.ptr);
		st = add_param(r, name.ptr, eq + 1, err);
	}
	r->given_count = r->param_count;
	return st;
}

/* The package as its module sees it: a folder relative to go.mod, or an import path as it is. */
static enum hm_status find_package(struct hm_run_request *r, const char *package, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = NULL;
	bool is_folder = hm_cli_is_folder(package);
	enum hm_status st = is_folder ? hm_path_resolve(package, &folder, err) : hm_path_resolve(".", &folder, err);

	if (st == HM_OK)
		st = hm_cli_go_find_root(folder, &r->home, err);
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
static enum hm_status find_source(struct hm_run_request *r, const char *package, struct hm_err *err)
{
	const char *url = hm_run_request_param(r, "git-url");
	enum hm_status st;

	r->git_url = url ? url : "";
	if (!r->git_url[0] && !r->opts->pipeline)
		return find_package(r, package ? package : ".", err);
	r->package = package ? package : ".";
	st = r->git_url[0] ? HM_OK : hm_cli_go_find_root(".", &r->home, err);
	if (st == HM_OK && !r->home)
		st = hm_path_resolve(".", &r->home, err);
	if (st != HM_OK || !r->git_url[0])
		return st;
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;
	if (path[0] == '/' && hm_path_is_dir(path))
		st = hm_path_resolve(path, &r->local_git, err);
	if (st == HM_OK && r->local_git && strcmp(r->local_git, path) != 0)
		return hm_fail(err, HM_R_USAGE, "git-url '%s' has a link in its path; it is '%s'", url, r->local_git);
	return st;
}

static const struct hm_param_spec *taken(const struct hm_pipeline *pipeline, const char *name)
{
	for (size_t i = 0; i < pipeline->param_count; i++) {
		if (hm_str_is(pipeline->params[i].name, name))
			return &pipeline->params[i];
	}
	return NULL;
}

struct hm_str hm_run_request_value(const struct hm_run_request *r, const char *name)
{
	const struct hm_param_spec *spec = taken(r->pipeline, name);
	const char *passed = hm_run_request_param(r, name);

	if (!spec || spec->type != HM_PARAM_STRING)
		return (struct hm_str){ 0 };
	return passed ? hm_str(passed) : spec->fallback ? spec->fallback->text : (struct hm_str){ 0 };
}

enum hm_status hm_run_request_pass(struct hm_run_request *r, const char *name, const char *value, bool is_said,
				   struct hm_err *err)
{
	const struct hm_param_spec *spec = taken(r->pipeline, name);

	if (!spec)
		return is_said ? hm_fail(err, HM_R_USAGE, "pipeline '%.*s' has no param '%s' that could take it",
					 HM_STR_ARG(r->pipeline->name), name)
			       : HM_OK;
	if (hm_run_request_param(r, name))
		return is_said ? hm_fail(err, HM_R_USAGE, "'%s' is given twice: as --param too", name) : HM_OK;
	if (!is_said && r->opts->pipeline && spec->fallback)
		return HM_OK;
	return add_param(r, name, value, err);
}

static enum hm_status load(struct hm_run_request *r, const char *program, struct hm_err *err)
{
	HM_OWN(hm_freep) char *shipped = NULL;
	enum hm_status st = hm_cli_find_share(program, "pipelines/tasks", &shipped, err);

	if (st == HM_OK && !r->opts->pipeline)
		st = hm_cli_find_share(program, "pipelines/go-release.yaml", &r->pipeline_file, err);
	else if (st == HM_OK)
		st = hm_str_dup(hm_str(r->opts->pipeline), &r->pipeline_file, err);
	const struct hm_pipeline_load_opts opts = { .shipped_dir = shipped };
	return st == HM_OK ? hm_pipeline_load(r->pipeline_file, &opts, &r->pipeline, err) : st;
}

/* As the shipped task that compares with it reads it: digits, and a point among them. */
static bool is_threshold(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	size_t more = text[digits] == '.' ? strspn(text + digits + 1, "0123456789") : 0;

	return digits + more > 0 && text[digits + (text[digits] == '.') + more] == '\0';
}

/* What would be found out in the middle of a run, by what the command line said. Params of others are theirs. */
static enum hm_status check_words(struct hm_run_request *r, const char *platforms, struct hm_err *err)
{
	bool is_shipped = !r->opts->pipeline;
	const char *threshold = is_shipped ? hm_run_request_param(r, "coverage-threshold") : NULL;
	const char *param = is_shipped ? hm_run_request_param(r, "platforms") : NULL;
	struct hm_image_target *targets;
	size_t count;
	enum hm_status st = hm_cli_targets(hm_str(platforms), &r->arena, &targets, &count, err);

	if (st == HM_OK && param)
		st = hm_cli_targets(hm_str(param), &r->arena, &targets, &count, err);
	if (st == HM_OK && threshold && !is_threshold(threshold))
		st = hm_fail(err, HM_R_USAGE, "coverage-threshold '%s' is no number", threshold);
	return st;
}

static enum hm_status pass_words(struct hm_run_request *r, bool has_package, struct hm_err *err)
{
	HM_OWN(hm_freep) char *platforms = NULL;
	enum hm_status st = hm_cli_platforms(&r->opts->platforms, &platforms, err);

	if (st == HM_OK)
		st = check_words(r, platforms, err);
	if (st != HM_OK)
		return st;
	st = hm_run_request_pass(r, "platforms", platforms, r->opts->platforms.count > 0, err);
	return st == HM_OK ? hm_run_request_pass(r, "package", r->package, has_package, err) : st;
}

enum hm_status hm_run_request_read(const struct hm_cli_run_opts *opts, const char *program, const char *package,
				   struct hm_run_request *r, struct hm_err *err)
{
	*r = (struct hm_run_request){ .opts = opts, .arena = hm_arena_init(HM_MAX_RUN_RECORD) };
	enum hm_status st = read_params(r, err);
	if (st == HM_OK)
		st = find_source(r, package, err);
	if (st == HM_OK)
		st = load(r, program, err);
	return st == HM_OK ? pass_words(r, package != NULL, err) : st;
}

void hm_run_request_done(struct hm_run_request *r)
{
	r->pipeline = hm_pipeline_free(r->pipeline);
	free(r->params);
	free(r->home);
	free(r->local_git);
	free(r->pipeline_file);
	hm_arena_done(&r->arena);
}
