#include "pipeline/loader.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/yaml.h"
#include "pipeline/name.h"

struct hm_pipeline *hm_pipeline_free(struct hm_pipeline *pipeline)
{
	if (!pipeline)
		return NULL;
	for (size_t i = 0; i < pipeline->places_count; i++)
		hm_places_done(&pipeline->places[i]);
	free(pipeline->places);
	hm_arena_done(&pipeline->arena);
	free(pipeline);
	return NULL;
}

static void loader_done(struct hm_loader *l)
{
	free(l->docs);
}

/* apiVersion and kind: what the document is. */
static enum hm_status read_kind(struct hm_pipeline_doc *doc, bool *ret_is_task, struct hm_err *err)
{
	struct hm_str version = hm_pipeline_text(doc->root, "apiVersion"), kind = hm_pipeline_text(doc->root, "kind");

	doc->is_v1beta1 = hm_str_is(version, "tekton.dev/v1beta1");
	*ret_is_task = hm_str_is(kind, "Task");
	if (!doc->is_v1beta1 && !hm_str_is(version, "tekton.dev/v1"))
		return hm_pipeline_refuse(doc, doc->root, err, HM_R_PIPELINE_KIND,
					  "apiVersion is tekton.dev/v1 or tekton.dev/v1beta1, not '%.*s'",
					  HM_STR_ARG(version));
	if (!*ret_is_task && !hm_str_is(kind, "Pipeline"))
		return hm_pipeline_refuse(doc, doc->root, err, HM_R_PIPELINE_KIND,
					  "a document of the kind '%.*s' is not read: Pipeline and Task are",
					  HM_STR_ARG(kind));
	return HM_OK;
}

/* A document's place among those that are known. */
static enum hm_status add_doc(struct hm_loader *l, const struct hm_pipeline_doc *doc, bool is_task, struct hm_err *err)
{
	const struct hm_value *metadata = hm_pipeline_get(doc->root, "metadata");
	struct hm_str name = hm_pipeline_text(metadata, "name");

	if (!hm_name_is_resource(name))
		return hm_pipeline_refuse(doc, metadata ? metadata : doc->root, err, HM_R_PIPELINE_NAME,
					  "metadata.name '%.*s' cannot be the name of a %s", HM_STR_ARG(name),
					  is_task ? "Task" : "Pipeline");
	for (size_t i = 0; i < l->count; i++) {
		if (l->docs[i].is_task == is_task && hm_str_eq(l->docs[i].name, name) &&
		    l->docs[i].doc->is_shipped == doc->is_shipped)
			return hm_pipeline_refuse(
			    doc, metadata, err, HM_R_PIPELINE_NAME, "the %s '%.*s' is there twice, also in %s",
			    is_task ? "Task" : "Pipeline", HM_STR_ARG(name), l->docs[i].doc->file);
	}
	if (!hm_grow(&l->docs, &l->cap, l->count + 1, sizeof(*l->docs)))
		return hm_fail(err, HM_R_NO_MEMORY, "a pipeline");
	l->docs[l->count++] = (struct hm_loaded_doc){ .doc = doc, .name = name, .is_task = is_task };
	return HM_OK;
}

static enum hm_status read_document(struct hm_loader *l, const struct hm_pipeline_doc *from, bool is_first,
				    struct hm_err *err)
{
	struct hm_pipeline_doc *doc = hm_arena_calloc(l->arena, 1, sizeof(*doc));
	bool is_task;

	if (!doc)
		return hm_arena_check(l->arena, "a pipeline", err);
	*doc = *from;
	enum hm_status st = read_kind(doc, &is_task, err);
	if (st == HM_OK)
		st = hm_fields_check(doc, is_task ? &hm_fields_task : &hm_fields_pipeline, err);
	if (st == HM_OK && !is_task && !is_first)
		st = hm_pipeline_refuse(doc, doc->root, err, HM_R_PIPELINE_KIND, "a Pipeline, where Tasks are wanted");
	if (st == HM_OK)
		st = add_doc(l, doc, is_task, err);
	return st;
}

/* All documents of a text; nothing of what is in them is looked at but kinds, names and fields. */
static enum hm_status read_text(struct hm_loader *l, const struct hm_pipeline_text *text, bool is_shipped,
				bool is_first, struct hm_err *err)
{
	static const struct hm_yaml_opts yaml = { .dialect = HM_YAML_KUBERNETES, .duplicates = HM_DUP_REFUSE };
	struct hm_pipeline *p = l->pipeline;
	const struct hm_value *roots;
	size_t count;

	if (l->files++ == HM_MAX_PIPELINE_FILES)
		return hm_fail(err, HM_R_PIPELINE_LIMIT, "more than %zu files for one pipeline", HM_MAX_PIPELINE_FILES);
	struct hm_pipeline_doc doc = { .file = hm_arena_dup(l->arena, hm_str(text->name)).ptr,
				       .is_shipped = is_shipped };
	enum hm_status st = hm_arena_check(l->arena, "a pipeline", err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(text->text, &doc.digest, err);
	if (st != HM_OK)
		return st;
	struct hm_places *places = &p->places[p->places_count++];
	st = hm_yaml_parse_all(text->text, &yaml, l->arena, &roots, &count, places, err);
	if (st != HM_OK)
		return hm_at(err, st, doc.file, 0, 0);
	doc.places = places;
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		doc.root = &roots[i];
		st = read_document(l, &doc, is_first, err);
	}
	return st;
}

static enum hm_status read_file(struct hm_loader *l, const char *path, bool is_first, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	HM_OWN(hm_freep) char *resolved = NULL;
	bool is_shipped = false;
	enum hm_status st = hm_file_read(path, HM_MAX_PIPELINE_FILE, &data, err);

	if (st == HM_OK)
		st = hm_path_resolve(path, &resolved, err);
	if (st != HM_OK)
		return st;
	/* what lies in the shipped folder has shipped, on whichever way it was found */
	size_t dir_len = (size_t)(hm_path_base(resolved) - resolved);
	if (l->shipped)
		is_shipped = dir_len == strlen(l->shipped) + 1 && strncmp(resolved, l->shipped, dir_len - 1) == 0;
	struct hm_pipeline_text text = { path, hm_buf_str(&data) };
	return read_text(l, &text, is_shipped, is_first, err);
}

/* The document of a Task that is known by now. */
static struct hm_loaded_doc *known_task(struct hm_loader *l, struct hm_str name, bool is_shipped)
{
	for (size_t i = 0; i < l->count; i++) {
		struct hm_loaded_doc *d = &l->docs[i];
		if (d->is_task && hm_str_eq(d->name, name) && d->doc->is_shipped == is_shipped)
			return d;
	}
	return NULL;
}

/* The document of a Task that was read from a file before. */
static struct hm_loaded_doc *known_in(struct hm_loader *l, struct hm_str name, const char *file)
{
	for (size_t i = 0; i < l->count; i++) {
		struct hm_loaded_doc *d = &l->docs[i];
		if (d->is_task && hm_str_eq(d->name, name) && strcmp(d->doc->file, file) == 0)
			return d;
	}
	return NULL;
}

/* Read DIR/NAME.yaml if it is there; it must then hold the Task. */
static enum hm_status try_file(struct hm_loader *l, const char *dir, const char *below, struct hm_str name,
			       struct hm_loaded_doc **ret_doc, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s%.*s.yaml", dir, below, HM_STR_ARG(name));

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "a pipeline");
	*ret_doc = known_in(l, name, path);
	if (*ret_doc || !hm_path_is_file(path))
		return HM_OK;
	enum hm_status st = read_file(l, path, false, err);
	if (st != HM_OK)
		return st;
	*ret_doc = known_task(l, name, false);
	if (!*ret_doc)
		*ret_doc = known_task(l, name, true);
	if (!*ret_doc) {
		st = hm_fail(err, HM_R_PIPELINE_NO_TASK, "the file holds no Task '%.*s'", HM_STR_ARG(name));
		return hm_at(err, st, path, 0, 0);
	}
	return HM_OK;
}

static enum hm_status look_for(struct hm_loader *l, struct hm_str name, struct hm_loaded_doc **ret_doc,
			       struct hm_err *err)
{
	enum hm_status st = HM_OK;

	*ret_doc = known_task(l, name, false);
	if (!*ret_doc && l->dir)
		st = try_file(l, l->dir, "", name, ret_doc, err);
	if (st == HM_OK && !*ret_doc && l->dir)
		st = try_file(l, l->dir, "tasks/", name, ret_doc, err);
	if (st == HM_OK && !*ret_doc)
		*ret_doc = known_task(l, name, true);
	if (st == HM_OK && !*ret_doc && l->shipped)
		st = try_file(l, l->shipped, "", name, ret_doc, err);
	return st;
}

/* Read the Task of a document, and check what can be checked without a pipeline. */
static enum hm_status read_task(struct hm_loader *l, size_t i, struct hm_err *err)
{
	const struct hm_pipeline_doc *doc = l->docs[i].doc;
	const struct hm_value *spec = hm_pipeline_get(doc->root, "spec");
	struct hm_task *task = hm_arena_calloc(l->arena, 1, sizeof(*task));
	struct hm_scope scope = { .doc = doc, .task = task };

	if (!task)
		return hm_arena_check(l->arena, "a pipeline", err);
	if (!spec)
		return hm_pipeline_refuse(doc, doc->root, err, HM_R_PIPELINE_FIELD, "the task has no spec");
	enum hm_status st = hm_task_read(l->arena, doc, spec, hm_pipeline_get(doc->root, "metadata"), task, err);
	if (st != HM_OK)
		return st;
	task->name = l->docs[i].name;
	l->docs[i].task = task;
	return hm_scope_check_task(&scope, err);
}

enum hm_status hm_loader_find(struct hm_loader *l, const struct hm_pipeline_doc *doc, const struct hm_value *node,
			      struct hm_str name, const struct hm_task **ret_task, struct hm_err *err)
{
	struct hm_loaded_doc *found;
	enum hm_status st = look_for(l, name, &found, err);

	if (st != HM_OK)
		return st;
	if (!found)
		return hm_pipeline_refuse(doc, node, err, HM_R_PIPELINE_NO_TASK,
					  "there is no Task '%.*s' in the file, beside it or among those that ship "
					  "with hallmark",
					  HM_STR_ARG(name));
	if (!found->task)
		st = read_task(l, (size_t)(found - l->docs), err);
	*ret_task = found->task;
	return st;
}

static enum hm_status choose(const struct hm_loader *l, const char *file, const struct hm_loaded_doc **ret_doc,
			     struct hm_err *err)
{
	const char *wanted = l->opts ? l->opts->pipeline : NULL;
	enum hm_status st;

	*ret_doc = NULL;
	for (size_t i = 0; i < l->count; i++) {
		if (l->docs[i].is_task || (wanted && !hm_str_is(l->docs[i].name, wanted)))
			continue;
		if (*ret_doc) {
			st = hm_fail(err, HM_R_PIPELINE_KIND,
				     "more than one Pipeline, '%.*s' and '%.*s'; say which is meant",
				     HM_STR_ARG((*ret_doc)->name), HM_STR_ARG(l->docs[i].name));
			return hm_at(err, st, file, 0, 0);
		}
		*ret_doc = &l->docs[i];
	}
	if (*ret_doc)
		return HM_OK;
	st = wanted ? hm_fail(err, HM_R_PIPELINE_KIND, "no Pipeline '%s'", wanted)
		    : hm_fail(err, HM_R_PIPELINE_KIND, "no Pipeline in it");
	return hm_at(err, st, file, 0, 0);
}

/* What was read, for whoever says later what a run was made of. */
static enum hm_status note_loaded(struct hm_loader *l, struct hm_err *err)
{
	struct hm_loaded_task *loaded = hm_arena_calloc(l->arena, l->count, sizeof(loaded[0]));
	struct hm_pipeline *p = l->pipeline;

	if (!loaded)
		return hm_arena_check(l->arena, "a pipeline", err);
	for (size_t i = 0; i < l->count; i++) {
		if (l->docs[i].is_task)
			loaded[p->loaded_count++] = (struct hm_loaded_task){ l->docs[i].name, l->docs[i].doc };
	}
	p->loaded = loaded;
	return HM_OK;
}

/* Choose and resolve, and check the Tasks too that nobody refers to: what a file says is right or refused. */
static enum hm_status finish(struct hm_loader *l, const char *file, struct hm_pipeline **ret_pipeline,
			     struct hm_err *err)
{
	const struct hm_loaded_doc *chosen;
	enum hm_status st = choose(l, file, &chosen, err);

	if (st == HM_OK)
		st = hm_pipeline_resolve(l, chosen->doc, err);
	for (size_t i = 0; i < l->count && st == HM_OK; i++) {
		if (l->docs[i].is_task && !l->docs[i].task)
			st = read_task(l, i, err);
	}
	if (st == HM_OK)
		st = note_loaded(l, err);
	if (st == HM_OK)
		*ret_pipeline = HM_STEAL(l->pipeline);
	return st;
}

/* An empty pipeline, with room for the places of every file that can come. */
static enum hm_status begin(struct hm_loader *l, struct hm_err *err)
{
	struct hm_pipeline *p = hm_calloc(1, sizeof(*p));

	if (!p)
		return hm_fail(err, HM_R_NO_MEMORY, "a pipeline");
	p->arena = hm_arena_init(HM_MAX_PIPELINE_MEMORY);
	l->pipeline = p;
	l->arena = &p->arena;
	p->places = hm_calloc(HM_MAX_PIPELINE_FILES, sizeof(*p->places));
	return p->places ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "a pipeline");
}

enum hm_status hm_pipeline_load(const char *path, const struct hm_pipeline_load_opts *opts,
				struct hm_pipeline **ret_pipeline, struct hm_err *err)
{
	HM_OWN(loader_done) struct hm_loader l = { .opts = opts };
	HM_OWN(hm_freep) char *dir = NULL, *shipped = NULL;
	enum hm_status st = begin(&l, err);
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *made = l.pipeline;

	if (st == HM_OK && opts && opts->shipped_dir && hm_path_is_dir(opts->shipped_dir))
		st = hm_path_resolve(opts->shipped_dir, &shipped, err);
	if (st != HM_OK)
		return st;
	size_t dir_len = (size_t)(hm_path_base(path) - path);
	dir = dir_len == 0 ? hm_asprintf(".") : hm_asprintf("%.*s", (int)(dir_len > 1 ? dir_len - 1 : 1), path);
	if (!dir)
		return hm_fail(err, HM_R_NO_MEMORY, "a pipeline");
	l.dir = dir;
	l.shipped = shipped;
	st = read_file(&l, path, true, err);
	for (size_t i = 0; opts && i < opts->task_file_count && st == HM_OK; i++)
		st = read_file(&l, opts->task_files[i], false, err);
	if (st == HM_OK)
		st = finish(&l, path, ret_pipeline, err);
	if (st == HM_OK)
		made = NULL;
	return st;
}

enum hm_status hm_pipeline_parse(const struct hm_pipeline_texts *in, const struct hm_pipeline_load_opts *opts,
				 struct hm_pipeline **ret_pipeline, struct hm_err *err)
{
	HM_OWN(loader_done) struct hm_loader l = { .opts = opts };
	HM_OWN(hm_freep) char *shipped = NULL;
	enum hm_status st = begin(&l, err);
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *made = l.pipeline;

	if (st == HM_OK && opts && opts->shipped_dir && hm_path_is_dir(opts->shipped_dir))
		st = hm_path_resolve(opts->shipped_dir, &shipped, err);
	l.shipped = shipped;
	for (size_t i = 0; i < in->count && st == HM_OK; i++)
		st = read_text(&l, &in->texts[i], false, i == 0, err);
	for (size_t i = 0; i < in->shipped_count && st == HM_OK; i++)
		st = read_text(&l, &in->shipped[i], true, false, err);
	if (st == HM_OK)
		st = finish(&l, in->count > 0 ? in->texts[0].name : NULL, ret_pipeline, err);
	if (st == HM_OK)
		made = NULL;
	return st;
}
