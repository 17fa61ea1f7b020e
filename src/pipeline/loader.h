/*
 * What the files of the loader share.
 *
 * Layer 9, inside pipeline.
 */
#ifndef HM_PIPELINE_LOADER_H
#define HM_PIPELINE_LOADER_H

#include "pipeline/fields.h"
#include "pipeline/load.h"
#include "pipeline/subst.h"

/* A document of a known kind, and the Task that it is once somebody has asked. */
struct hm_loaded_doc {
	const struct hm_pipeline_doc *doc;
	struct hm_str name;
	bool is_task;
	const struct hm_task *task;
};

struct hm_loader {
	struct hm_pipeline *pipeline; /* being made */
	struct hm_arena *arena;       /* its */
	const struct hm_pipeline_load_opts *opts;
	const char *dir;     /* of the pipeline's file, where tasks may stand beside it; NULL: it is not from a file */
	const char *shipped; /* opts->shipped_dir without links; NULL: none */
	struct hm_loaded_doc *docs;
	size_t count, cap, files;
	size_t places_cap;
};

/* A member, or NULL where it is absent or null, which are the same to Go. */
const struct hm_value *hm_pipeline_get(const struct hm_value *object, const char *name);
struct hm_str hm_pipeline_text(const struct hm_value *object, const char *name);

/* Refuse a list with too many elements. */
enum hm_status hm_pipeline_count(const struct hm_pipeline_doc *doc, const struct hm_value *list, const char *what,
				 size_t max, struct hm_err *err) HM_MUST;

/* In spec.c: what a Task and a Pipeline have in common. Lists that are absent are empty. */
enum hm_status hm_spec_params(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *list,
			      const struct hm_param_spec **ret_specs, size_t *ret_count, struct hm_err *err) HM_MUST;
enum hm_status hm_spec_results(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *list,
			       const struct hm_param_spec **ret_specs, size_t *ret_count, struct hm_err *err) HM_MUST;
enum hm_status hm_spec_workspaces(struct hm_arena *arena, const struct hm_pipeline_doc *doc,
				  const struct hm_value *list, const struct hm_workspace_spec **ret_specs,
				  size_t *ret_count, struct hm_err *err) HM_MUST;
enum hm_status hm_spec_value(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
			     struct hm_param_value *ret_value, struct hm_err *err) HM_MUST;
/* Of a result of a pipeline or a param that is passed. type: what was written, or STRING. */
enum hm_status hm_spec_type(const struct hm_pipeline_doc *doc, const struct hm_value *object,
			    enum hm_param_type *ret_type, bool *ret_has_type, struct hm_err *err) HM_MUST;

/* In task.c, of steps and of tasks: what onError and timeout say. */
enum hm_status hm_spec_on_error(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
				struct hm_str *ret_text, struct hm_err *err) HM_MUST;
enum hm_status hm_spec_timeout(const struct hm_pipeline_doc *doc, const struct hm_value *object, bool *ret_has,
			       int64_t *ret_ns, struct hm_err *err) HM_MUST;

/*
 * In task.c: a Task from its spec.
 *
 * Shape   metadata: the object with annotations, or NULL.
 */
enum hm_status hm_task_read(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *spec,
			    const struct hm_value *metadata, struct hm_task *ret_task, struct hm_err *err) HM_MUST;

/* In load.c: the Task of a name, read and checked. node: the taskRef, for errors. */
enum hm_status hm_loader_find(struct hm_loader *l, const struct hm_pipeline_doc *doc, const struct hm_value *node,
			      struct hm_str name, const struct hm_task **ret_task, struct hm_err *err) HM_MUST;

/* In resolve.c: the Pipeline of a document, all of it. */
enum hm_status hm_pipeline_resolve(struct hm_loader *l, const struct hm_pipeline_doc *doc, struct hm_err *err) HM_MUST;

/* In check.c: where a text stands decides what may stand in it. */
enum hm_text_place {
	HM_PLACE_TEXT,    /* all values become text */
	HM_PLACE_ELEMENT, /* of an array: a whole array may stand alone */
	HM_PLACE_VALUE,   /* of a param: a whole array or object may stand alone */
};

struct hm_scope {
	const struct hm_pipeline_doc *doc;  /* for errors */
	const struct hm_pipeline *pipeline; /* whose variables can be used; NULL: none */
	const struct hm_task *task;         /* the same; NULL: none */
	size_t step;                        /* of the task, whose predecessors can be asked */
	bool is_in_finally;
	bool is_in_results; /* of the pipeline */
	bool *uses;         /* by position of the pipeline's tasks: set where a result is used; or NULL */
};

/*
 * Check the variables of a text.
 *
 * Shape   ret_type: of the whole, which is not STRING only where place allows it; may be NULL.
 * Errors  HM_EPARSE pipeline.reference, pipeline.type, pipeline.unsupported
 */
enum hm_status hm_scope_check(const struct hm_scope *scope, struct hm_str text, const struct hm_value *node,
			      enum hm_text_place place, enum hm_param_type *ret_type, struct hm_err *err) HM_MUST;

/* All texts of a task. */
enum hm_status hm_scope_check_task(const struct hm_scope *scope, struct hm_err *err) HM_MUST;

#endif
