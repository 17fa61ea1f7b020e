#include "golang/modverify.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "golang/path.h"

#include <sys/stat.h>

void hm_golang_verify_result_done(struct hm_golang_verify_result *result)
{
	if (!result)
		return;
	hm_strv_done(&result->local);
	free(result->failures);
	hm_arena_done(&result->arena);
	*result = (struct hm_golang_verify_result){ .zips = 0 };
}

/* --- items --- */

static bool is_among(const struct hm_golang_list_module *const *used, size_t count, const struct hm_golang_module *mod)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (hm_str_cmp(used[mid]->mod.path, mod->path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && hm_str_eq(used[lo]->mod.path, mod->path); /* a build list has one version of each */
}

enum hm_status hm_golang_verify_items(const struct hm_golang_list_module *modules, size_t module_count,
				      const struct hm_golang_package *packages, size_t package_count,
				      struct hm_arena *arena, struct hm_golang_verify_item **ret_items,
				      struct hm_err *err)
{
	const struct hm_golang_list_module **used = NULL;
	size_t used_count = 0;

	enum hm_status st = hm_golang_modules_of(packages, package_count, arena, &used, &used_count, err);
	if (st != HM_OK)
		return st;
	struct hm_golang_verify_item *items = hm_arena_calloc(arena, module_count, sizeof(*items));
	if (!items)
		return hm_arena_check(arena, "a build list", err);
	for (size_t i = 0; i < module_count; i++) {
		const struct hm_golang_list_module *m = &modules[i];
		items[i] = (struct hm_golang_verify_item){ .mod = m->mod,
							   .is_main = m->is_main,
							   .is_required = !m->is_main && !m->is_indirect };
		if (m->replace)
			items[i].by = m->replace->mod;
		items[i].is_used = package_count == 0 || is_among(used, used_count, &m->mod);
	}
	*ret_items = items;
	return HM_OK;
}

/* --- tasks: one a module, by path and version --- */

struct task {
	struct hm_golang_module mod;
	bool is_used, is_required, zip_line, go_mod_line;
	off_t zip_size; /* -1: not in the cache */

	size_t zips, go_mods, not_fetched;
	enum hm_status st;
	struct hm_err err;
};

struct verification {
	const char *cache;
	const struct hm_golang_gosum *sums;
	struct task *tasks;
	size_t count;
	size_t *order; /* the largest zip first, so that no thread begins it when the others have nothing left */
};

static void verification_done(struct verification *v)
{
	free(v->tasks);
	free(v->order);
}

static int by_module(const void *a, const void *b)
{
	const struct task *x = a, *y = b;
	int order = hm_str_cmp(x->mod.path, y->mod.path);

	return order ? order : hm_str_cmp(x->mod.version, y->mod.version);
}

/* What is asked about of the same module becomes one task. */
static void merge_tasks(struct verification *v)
{
	size_t kept = 0;

	if (v->count)
		qsort(v->tasks, v->count, sizeof(*v->tasks), by_module);
	for (size_t i = 0; i < v->count; i++) {
		if (kept == 0 || by_module(&v->tasks[kept - 1], &v->tasks[i]) != 0) {
			v->tasks[kept++] = v->tasks[i];
			continue;
		}
		v->tasks[kept - 1].is_used |= v->tasks[i].is_used;
		v->tasks[kept - 1].is_required |= v->tasks[i].is_required;
		v->tasks[kept - 1].zip_line |= v->tasks[i].zip_line;
		v->tasks[kept - 1].go_mod_line |= v->tasks[i].go_mod_line;
	}
	v->count = kept;
}

/* Tasks of the lines of go.sum and of the build list; what is a folder, or nowhere listed, is noted in the result. */
static enum hm_status make_tasks(struct verification *v, const struct hm_golang_verify_item *items, size_t count,
				 struct hm_golang_verify_result *result, struct hm_err *err)
{
	v->tasks = hm_calloc(v->sums->count + count, sizeof(*v->tasks));
	if (!v->tasks)
		return hm_fail(err, HM_R_NO_MEMORY, "verify modules");
	for (size_t i = 0; i < v->sums->count; i++) {
		const struct hm_golang_sum *s = &v->sums->sums[i];
		v->tasks[v->count++] =
		    (struct task){ .mod = s->mod, .zip_line = !s->is_go_mod, .go_mod_line = s->is_go_mod };
	}
	for (size_t i = 0; i < count; i++) {
		const struct hm_golang_module *mod = items[i].by.path.len ? &items[i].by : &items[i].mod;
		size_t zip_lines, go_mod_lines;
		if (items[i].is_main)
			continue;
		if (mod->version.len == 0) {
			hm_strv_addf(&result->local, "%.*s => %.*s", HM_STR_ARG(items[i].mod.path),
				     HM_STR_ARG(mod->path));
			continue;
		}
		hm_golang_gosum_find(v->sums, mod, false, &zip_lines);
		hm_golang_gosum_find(v->sums, mod, true, &go_mod_lines);
		if (items[i].is_used || items[i].is_required)
			v->tasks[v->count++] = (struct task){ .mod = *mod,
							      .is_used = items[i].is_used,
							      .is_required = items[i].is_required };
		else if (zip_lines + go_mod_lines == 0)
			result->unlisted++;
	}
	merge_tasks(v);
	return hm_strv_check(&result->local, err);
}

/* --- one module --- */

struct files {
	struct hm_buf zip, go_mod, partial, dir;
};

static void files_done(struct files *files)
{
	hm_buf_done(&files->zip);
	hm_buf_done(&files->go_mod);
	hm_buf_done(&files->partial);
	hm_buf_done(&files->dir);
}

/* Where the cache has a module; go.dev/ref/mod#module-cache. */
static enum hm_status find_files(const char *cache, const struct hm_golang_module *mod, struct files *files,
				 struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf path = hm_buf_init(HM_MAX_ARCHIVE_PATH);
	HM_OWN(hm_buf_done) struct hm_buf version = hm_buf_init(HM_MAX_ARCHIVE_PATH);
	struct hm_buf *const all[] = { &files->zip, &files->go_mod, &files->partial };
	static const char *const suffixes[] = { "zip", "mod", "partial" };

	enum hm_status st = hm_golang_escape_path(mod->path, &path, err);
	if (st == HM_OK)
		st = hm_golang_escape_version(mod->version, &version, err);
	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < 3; i++) {
		*all[i] = hm_buf_init(HM_MAX_ARCHIVE_PATH * 4);
		hm_buf_addf(all[i], "%s/cache/download/%s/@v/%s.%s", cache, path.ptr, version.ptr, suffixes[i]);
	}
	files->dir = hm_buf_init(HM_MAX_ARCHIVE_PATH * 4);
	hm_buf_addf(&files->dir, "%s/%s@%s", cache, path.ptr, version.ptr);
	for (size_t i = 0; i < 3 && st == HM_OK; i++)
		st = hm_buf_check(all[i], "a path in the module cache", err);
	return st == HM_OK ? hm_buf_check(&files->dir, "a path in the module cache", err) : st;
}

static enum hm_status not_fetched(const struct task *t, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_GOLANG_NOT_FETCHED, "%s%.*s %.*s is not in the module cache", what,
		       HM_STR_ARG(t->mod.path), HM_STR_ARG(t->mod.version));
}

/* Say which file is not what go.sum says. */
static enum hm_status check_hash(const struct verification *v, const struct task *t, bool is_go_mod, const char *file,
				 const struct hm_hash *hash, struct hm_err *err)
{
	return hm_while(err, hm_golang_gosum_check(v->sums, &t->mod, is_go_mod, hash, err), "verify '%s'", file);
}

static enum hm_status verify_zip(const struct verification *v, struct task *t, const struct files *files)
{
	struct hm_hash hash;

	if (!hm_path_is_there(files->zip.ptr)) {
		if (t->is_used)
			return not_fetched(t, "", &t->err);
		t->not_fetched += t->zip_line;
		return HM_OK;
	}
	if (!t->zip_line) /* in the cache for another project; nothing is built from it here */
		return HM_OK;
	enum hm_status st = hm_golang_hash_zip(files->zip.ptr, &t->mod, &hash, NULL, &t->err);
	if (st == HM_OK)
		st = check_hash(v, t, false, files->zip.ptr, &hash, &t->err);
	/* a folder that was not unpacked to its end is unpacked again by the go command */
	if (st == HM_OK && hm_path_is_there(files->dir.ptr) && !hm_path_is_there(files->partial.ptr)) {
		st = hm_golang_hash_dir(files->dir.ptr, &t->mod, &hash, &t->err);
		if (st == HM_OK)
			st = check_hash(v, t, false, files->dir.ptr, &hash, &t->err);
	}
	t->zips += st == HM_OK;
	return st;
}

static enum hm_status verify_go_mod(const struct verification *v, struct task *t, const struct files *files)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	struct hm_hash hash;

	if (!hm_path_is_there(files->go_mod.ptr)) {
		if (t->is_used)
			return not_fetched(t, "the go.mod of ", &t->err);
		t->not_fetched += t->go_mod_line;
		return HM_OK;
	}
	if (!t->go_mod_line)
		return HM_OK;
	enum hm_status st = hm_file_read(files->go_mod.ptr, HM_MAX_GO_MOD, &text, &t->err);
	if (st == HM_OK)
		st = hm_golang_hash_go_mod(hm_buf_str(&text), &hash, &t->err);
	if (st == HM_OK)
		st = check_hash(v, t, true, files->go_mod.ptr, &hash, &t->err);
	t->go_mods += st == HM_OK;
	return st;
}

static enum hm_status verify_module(const struct verification *v, struct task *t)
{
	HM_OWN(files_done) struct files files = { 0 };

	bool lacks_zip = t->is_used && !t->zip_line;
	if (lacks_zip || ((t->is_used || t->is_required) && !t->go_mod_line))
		return hm_fail(&t->err, HM_R_GOLANG_NOT_IN_SUM, "%s has no line for %s%.*s %.*s", v->sums->name,
			       lacks_zip ? "" : "the go.mod of ", HM_STR_ARG(t->mod.path), HM_STR_ARG(t->mod.version));
	enum hm_status st = find_files(v->cache, &t->mod, &files, &t->err);
	if (st == HM_EPARSE && !t->is_used) {
		/* a line about what can be no module: nothing can be fetched under that name */
		t->err = (struct hm_err){ 0 };
		t->not_fetched += (size_t)t->zip_line + t->go_mod_line;
		return HM_OK;
	}
	if (st == HM_OK)
		st = verify_zip(v, t, &files);
	return st == HM_OK ? verify_go_mod(v, t, &files) : st;
}

/* A refusal of one module does not end the work on the others. */
static enum hm_status run_task(void *ctx, size_t i, struct hm_err *err)
{
	struct verification *v = ctx;
	struct task *t = &v->tasks[v->order[i]];

	t->st = verify_module(v, t);
	if (t->st == HM_ENOMEM)
		*err = t->err;
	return t->st == HM_ENOMEM ? HM_ENOMEM : HM_OK;
}

/* --- all --- */

static int larger_first(const void *a, const void *b, void *ctx)
{
	const struct verification *v = ctx;
	off_t x = v->tasks[*(const size_t *)a].zip_size, y = v->tasks[*(const size_t *)b].zip_size;

	return (x < y) - (x > y);
}

static enum hm_status order_tasks(struct verification *v, struct hm_err *err)
{
	v->order = hm_calloc(v->count, sizeof(*v->order));
	if (!v->order)
		return hm_fail(err, HM_R_NO_MEMORY, "verify modules");
	for (size_t i = 0; i < v->count; i++) {
		HM_OWN(files_done) struct files files = { 0 };
		struct stat info;
		v->order[i] = i;
		v->tasks[i].zip_size = -1;
		enum hm_status st = find_files(v->cache, &v->tasks[i].mod, &files, NULL);
		if (st == HM_ENOMEM)
			return hm_fail(err, HM_R_NO_MEMORY, "verify modules");
		if (st == HM_OK && stat(files.zip.ptr, &info) == 0)
			v->tasks[i].zip_size = info.st_size;
	}
	if (v->count)
		qsort_r(v->order, v->count, sizeof(*v->order), larger_first, v);
	return HM_OK;
}

static enum hm_status collect(const struct verification *v, struct hm_golang_verify_result *result, struct hm_err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < v->count; i++) {
		result->zips += v->tasks[i].zips;
		result->go_mods += v->tasks[i].go_mods;
		result->not_fetched += v->tasks[i].not_fetched;
		failed += v->tasks[i].st != HM_OK;
	}
	if (failed == 0)
		return HM_OK;
	result->failures = hm_calloc(failed, sizeof(*result->failures));
	if (!result->failures)
		return hm_fail(err, HM_R_NO_MEMORY, "verify modules");
	result->arena = hm_arena_init(4 * HM_MAX_GO_SUM);
	for (size_t i = 0; i < v->count; i++) {
		const struct task *t = &v->tasks[i];
		if (t->st == HM_OK)
			continue;
		const struct hm_golang_module mod = { hm_arena_dup(&result->arena, t->mod.path),
						      hm_arena_dup(&result->arena, t->mod.version) };
		result->failures[result->failure_count++] = (struct hm_golang_verify_failure){ mod, t->err };
	}
	if (hm_arena_check(&result->arena, "what was refused", err) != HM_OK)
		return HM_ENOMEM;
	if (err)
		*err = result->failures[0].err;
	return hm_reason_status(result->failures[0].err.reason);
}

enum hm_status hm_golang_verify(const struct hm_golang_verify_item *items, size_t count, const char *cache,
				const struct hm_golang_gosum *sums, struct hm_golang_verify_result *ret_result,
				struct hm_err *err)
{
	HM_OWN(verification_done) struct verification v = { .cache = cache, .sums = sums };
	struct hm_golang_verify_result result = { .zips = 0 };

	enum hm_status st = make_tasks(&v, items, count, &result, err);
	if (st == HM_OK)
		st = order_tasks(&v, err);
	if (st == HM_OK)
		st = hm_parallel(0, v.count, run_task, &v, err);
	if (st == HM_OK)
		st = collect(&v, &result, err);
	if (st == HM_ENOMEM)
		hm_golang_verify_result_done(&result);
	*ret_result = result;
	return st;
}
