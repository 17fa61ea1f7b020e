/* What a run records of itself: where its source comes from, what it was asked for, which toolchain it had. */
#include "cli/running.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/digest.h"
#include "golang/gocmd.h"

/*
 * What lies in the source is copied for the steps to read, so keys must not. The state may not be there yet: then the
 * nearest folder above it says where it will be.
 */
static enum hm_status keep_keys_apart(const struct hm_running *r, struct hm_err *err)
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

static struct hm_str hash_text(struct hm_running *r, const struct hm_hash *hash)
{
	char hex[2 * HM_HASH_LEN + 1];

	hm_hex_write(hex, hash->b, HM_HASH_LEN);
	return hm_arena_dup(&r->arena, hm_str(hex));
}

enum hm_status hm_running_take_source(struct hm_running *r, struct hm_err *err)
{
	struct hm_run_record *record = &r->record;
	const char *directory = hm_run_request_param(&r->request, "directory");
	enum hm_status st;

	record->source_state = HM_STR("unknown");
	record->directory = hm_str(directory ? directory : ".");
	if (r->request.git_url[0])
		return HM_OK;
	st = hm_source_snapshot(r->request.home, r->places.source, r->is_isolated, r->stop.signal, &r->source, err);
	if (st == HM_OK)
		st = keep_keys_apart(r, err);
	if (st != HM_OK)
		return st;
	record->source_state = hm_str(hm_source_state_name(r->source.state));
	if (r->source.state == HM_SOURCE_COMMIT)
		record->source_commit = hm_str(r->source.head);
	record->source_tree = hash_text(r, &r->source.tree);
	if (r->source.remote)
		record->source_uri = hm_arena_printf(&r->arena, "git+%s", r->source.remote);
	if (strcmp(r->source.dir, ".") != 0) {
		record->directory = hm_str(r->source.dir);
		st = hm_run_request_pass(&r->request, "directory", r->source.dir, true, err);
	}
	return st;
}

/* Variables of the compile that are the same on every machine and for every platform: paths are not. */
static enum hm_status note_go_env(struct hm_running *r, struct hm_err *err)
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

/* The control plane is told by its environment where the record is. */
static enum hm_status place_record(struct hm_running *r, struct hm_err *err)
{
	r->record_path = hm_asprintf("%s/record.json", r->places.dir);
	if (!r->record_path)
		return hm_fail(err, HM_R_NO_MEMORY, "record of the run");
	hm_strv_add_environ(&r->control_env);
	hm_strv_setenv(&r->control_env, HM_RUN_RECORD_ENV, r->record_path);
	return hm_strv_check(&r->control_env, err);
}

/*
 * Which Pipeline and which Tasks ran, by the bytes that were read when they were loaded: the files may have changed
 * since, or have come from a pipe. The arena's failure sticks.
 */
static void note_pipeline(struct hm_running *r)
{
	const struct hm_pipeline *p = r->request.pipeline;
	struct hm_run_record *record = &r->record;
	struct hm_json_pair *own = hm_arena_calloc(&r->arena, p->loaded_count, sizeof(own[0]));
	struct hm_json_pair *shipped = hm_arena_calloc(&r->arena, p->loaded_count, sizeof(shipped[0]));

	record->pipeline = p->name;
	record->pipeline_sha256 = hash_text(r, &p->doc->digest);
	record->is_shipped = !r->request.opts->pipeline;
	for (size_t i = 0; own && shipped && i < p->loaded_count; i++) {
		const struct hm_loaded_task *task = &p->loaded[i];
		struct hm_json_pair pair = { task->name, hash_text(r, &task->doc->digest) };
		if (task->doc->is_shipped)
			shipped[record->shipped_task_count++] = pair;
		else
			own[record->task_count++] = pair;
	}
	record->tasks = own;
	record->shipped_tasks = shipped;
}

enum hm_status hm_running_begin_record(struct hm_running *r, struct hm_err *err)
{
	const struct hm_run_request *q = &r->request;
	struct hm_str package = hm_run_request_value(q, "package");
	struct hm_run_record *record = &r->record;
	struct hm_json_pair *pairs = hm_arena_calloc(&r->arena, q->given_count, sizeof(pairs[0]));
	enum hm_status st = HM_OK;

	note_pipeline(r);
	/* a git-url may have a password in it, and the record ends in what everybody may read */
	for (size_t i = 0; pairs && i < q->given_count && st == HM_OK; i++) {
		pairs[i].key = hm_str(q->params[i].name);
		st = hm_run_surround_mask(&r->surround, hm_str(q->params[i].value), &pairs[i].value, err);
	}
	if (st != HM_OK)
		return st;
	record->params = pairs;
	record->param_count = pairs ? q->given_count : 0;
	record->platforms = hm_run_request_value(q, "platforms");
	record->package = package.ptr ? package : hm_str(q->package);
	record->isolation = r->is_isolated ? HM_STR("sandbox") : HM_STR("none");
	record->go_version = hm_str(r->surround.go.version);
	record->state = hm_str(r->places.state);
	record->folder = hm_str(r->places.dir);
	st = place_record(r, err);
	if (st == HM_OK)
		st = note_go_env(r, err);
	return st == HM_OK ? hm_arena_check(&r->arena, "record of the run", err) : st;
}

/* The hash of the module that a toolchain came as: its folder is MODCACHE/golang.org/toolchain@VERSION/bin. */
static struct hm_str toolchain_hash(struct hm_running *r, struct hm_str go_bin)
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

void hm_running_note_fetch(struct hm_running *r, const struct hm_task_run *task)
{
	struct hm_run_record *record = &r->record;
	struct hm_str go_bin = hm_task_run_text(task, "go-bin"), version = hm_task_run_text(task, "go-version");
	struct hm_str commit = hm_task_run_text(task, "commit");

	if (version.len)
		record->go_version = hm_arena_dup(&r->arena, version);
	record->toolchain_h1 = toolchain_hash(r, go_bin);
	if (r->request.git_url[0] && commit.len) {
		HM_OWN(hm_freep) char *clean = NULL;
		record->source_commit = hm_arena_dup(&r->arena, commit);
		record->source_state = HM_STR("commit");
		if (hm_source_url_clean(hm_str(r->request.git_url), &clean, NULL) == HM_OK)
			record->source_uri = hm_arena_printf(
			    &r->arena, r->request.local_git && clean[0] == '/' ? "git+file://%s" : "git+%s", clean);
	}
}
