/*
 * Reading Pipelines and Tasks from YAML.
 *
 * What a document says is either done, or refused by its name and place when it is read, or has no meaning for a local
 * run and is on a short list (docs/pipelines.md): descriptions, images, labels. Nothing is passed over in silence. Who
 * uses a cluster too can rely on it: what is accepted here, Tekton's own validation accepts (tests/peers/pipeline).
 *
 * Layer 9. Any thread.
 */
#ifndef HM_PIPELINE_LOAD_H
#define HM_PIPELINE_LOAD_H

#include "base/err.h"
#include "pipeline/model.h"

/* A file in memory. */
struct hm_pipeline_text {
	const char *name; /* for errors */
	struct hm_str text;
};

struct hm_pipeline_load_opts {
	const char *const *task_files; /* more files with Tasks that taskRef may name; task_file_count of them */
	size_t task_file_count;
	const char *shipped_dir; /* where NAME.yaml holds the Task NAME that ships with hallmark; NULL: none */
	const char *pipeline;    /* which Pipeline of the file; NULL: the only one */
};

/*
 * Read a file with a Pipeline, and the Tasks that it refers to.
 *
 * A taskRef is looked for in the pipeline's own file, then in the other files, then among the shipped ones. Only a task
 * that comes from there may ask for the network or to run outside of the sandbox.
 *
 * Owns    ret_pipeline is the caller's, for hm_pipeline_free()
 * Errors  HM_EPARSE yaml.*, json.duplicate; pipeline.kind: no Pipeline, or a kind that is not read;
 *                   pipeline.unknown-field, pipeline.unsupported: names the field; pipeline.field: missing, or no
 *                   such value; pipeline.name: malformed or there twice; pipeline.reference: names nothing;
 *                   pipeline.type; pipeline.cycle. All with file, row and column.
 *         HM_EPOLICY pipeline.annotation: a privilege that only a shipped task may have
 *         HM_ENOTFOUND pipeline.no-task; file.not-found
 *         HM_ELIMIT pipeline.limit, yaml.limit, file.too-large; HM_EIO; HM_ENOMEM
 * Source  github.com/tektoncd/pipeline v1.15.0, pkg/apis/pipeline/v1 (Validate)
 */
enum hm_status hm_pipeline_load(const char *path, const struct hm_pipeline_load_opts *opts,
				struct hm_pipeline **ret_pipeline, struct hm_err *err) HM_MUST;

/*
 * The same from memory.
 *
 * Shape   texts: count of them; the first holds the Pipeline. shipped: those that count as shipped, shipped_count of
 *         them. opts: only pipeline and shipped_dir are used.
 */
struct hm_pipeline_texts {
	const struct hm_pipeline_text *texts, *shipped;
	size_t count, shipped_count;
};
enum hm_status hm_pipeline_parse(const struct hm_pipeline_texts *in, const struct hm_pipeline_load_opts *opts,
				 struct hm_pipeline **ret_pipeline, struct hm_err *err) HM_MUST;

/* Safe on NULL. Returns NULL. */
struct hm_pipeline *hm_pipeline_free(struct hm_pipeline *pipeline);

static inline void hm_pipeline_freep(struct hm_pipeline **pipeline)
{
	*pipeline = hm_pipeline_free(*pipeline);
}

/*
 * A param's value from text, as somebody writes it on a command line.
 *
 * Shape   STRING: the text. ARRAY: a JSON array of strings, or else parts between commas. OBJECT: a JSON object of
 *         strings, or else KEY:VALUE between commas. All keys of the spec must be there.
 * Owns    ret_value is the arena's, and borrows text
 * Errors  HM_EINVAL pipeline.param; HM_ENOMEM
 */
enum hm_status hm_param_value_parse(const struct hm_param_spec *spec, struct hm_str text, struct hm_arena *arena,
				    struct hm_param_value *ret_value, struct hm_err *err) HM_MUST;

#endif
