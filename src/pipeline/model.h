/*
 * Tekton Pipelines and Tasks as structs: what was read, resolved and found in order.
 *
 * Only load.c makes these, and what it hands out has been checked: every name is well formed and there once, every
 * reference leads somewhere, types agree, and there is no circle. Whoever runs a pipeline need not ask again.
 *
 * Layer 9. Immutable once loaded; any thread may read.
 * Source: github.com/tektoncd/pipeline v1.15.0, pkg/apis/pipeline/v1
 */
#ifndef HM_PIPELINE_MODEL_H
#define HM_PIPELINE_MODEL_H

#include "base/arena.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "data/place.h"
#include "data/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One YAML document, for errors about its content. */
struct hm_pipeline_doc {
	const char *file;
	const struct hm_value *root;
	const struct hm_places *places;
	struct hm_hash digest; /* SHA-256 of the whole file's bytes, as they were read */
	bool is_v1beta1;
	bool is_shipped; /* came from the folder of tasks that ship with hallmark */
};

enum hm_param_type { HM_PARAM_STRING, HM_PARAM_ARRAY, HM_PARAM_OBJECT };

/* "string", "array", "object" */
const char *hm_param_type_name(enum hm_param_type type);

/* The value of a param or a result. */
struct hm_param_value {
	enum hm_param_type type;
	struct hm_str text;         /* STRING */
	const struct hm_str *items; /* ARRAY: elements; OBJECT: values */
	const struct hm_str *keys;  /* OBJECT */
	size_t count;               /* of items */
};

/* A param that a pipeline or a task takes; a result of a task, which has no default. */
struct hm_param_spec {
	struct hm_str name;
	enum hm_param_type type;
	const struct hm_str *keys; /* OBJECT: the properties */
	size_t key_count;
	const struct hm_param_value *fallback; /* the default; NULL: it must be passed */
	const struct hm_value *node;
};

/* A param that is passed to a task, a result of a pipeline: the value still has its variables. */
struct hm_param {
	struct hm_str name;
	struct hm_param_value value;
	const struct hm_value *node;
};

/* What a task declares, and a pipeline (without mount path and read-only). */
struct hm_workspace_spec {
	struct hm_str name;
	struct hm_str mount_path; /* may hold variables; empty: /workspace/NAME */
	bool is_read_only, is_optional;
	const struct hm_value *node;
};

/* Which of the pipeline's workspaces a task's is. */
struct hm_workspace_binding {
	struct hm_str name;      /* the task's */
	struct hm_str workspace; /* the pipeline's, or the run's own where is_own */
	struct hm_str sub_path;  /* may hold variables */
	bool is_own;             /* ours: a shipped task's workspace that nobody bound is the run's of that name */
	const struct hm_value *node;
};

struct hm_env {
	struct hm_str name, value;
	const struct hm_value *node;
};

/* A step with what its task's stepTemplate says merged in. All texts may hold variables but name. */
struct hm_task_step {
	struct hm_str name; /* never empty: a step without is unnamed-N, counted from 0 */
	struct hm_str script;
	const struct hm_str *command, *args;
	size_t command_count, arg_count;
	const struct hm_env *env;
	size_t env_count;
	struct hm_str working_dir;
	struct hm_str image;    /* of no effect locally */
	struct hm_str on_error; /* "", "continue", "stopAndFail", or a variable */
	int64_t timeout_ns;     /* 0: none */
	uint64_t memory;        /* limit in bytes, 0: none */
	uint64_t cpu_milli;     /* limit in thousandths of a processor, 0: none */
	const struct hm_value *node;
};

struct hm_task {
	struct hm_str name; /* the resource's; "" for one that stands in the pipeline */
	const struct hm_pipeline_doc *doc;
	const struct hm_param_spec *params, *results;
	size_t param_count, result_count;
	const struct hm_workspace_spec *workspaces;
	size_t workspace_count;
	const struct hm_task_step *steps;
	size_t step_count;
	bool is_shipped;
	bool uses_network;     /* hallmark.dev/network: host */
	bool is_control_plane; /* hallmark.dev/control-plane: "true" */
	const struct hm_value *node;
};

struct hm_pipeline_task {
	struct hm_str name;
	const struct hm_task *task;
	bool is_inline; /* taskSpec: the pipeline's variables can be used in it */
	bool is_final;
	const struct hm_param *params;
	size_t param_count;
	const struct hm_workspace_binding *bindings;
	size_t binding_count;
	const size_t *after; /* positions of the tasks that must have ended: runAfter, and whose results are used */
	size_t after_count;
	const size_t *uses; /* positions of the tasks whose results are used */
	size_t use_count;
	struct hm_str on_error; /* "", "continue", "stopAndFail", or a variable */
	bool has_timeout;
	int64_t timeout_ns; /* 0: none at all */
	const struct hm_value *node;
};

/* A Task that was read, whether a task of the pipeline is made of it or not, and where it stands. */
struct hm_loaded_task {
	struct hm_str name;
	const struct hm_pipeline_doc *doc;
};

struct hm_pipeline {
	struct hm_str name;
	const struct hm_pipeline_doc *doc;
	const struct hm_param_spec *params;
	size_t param_count;
	const struct hm_workspace_spec *workspaces;
	size_t workspace_count;
	const struct hm_pipeline_task *tasks; /* those of finally stand last */
	size_t task_count;                    /* with those of finally */
	size_t final_count;
	const struct hm_param *results;
	size_t result_count;
	const struct hm_loaded_task *loaded; /* names are there once among the shipped, and once among the others */
	size_t loaded_count;
	struct hm_arena arena; /* holds all of it */
	struct hm_places *places;
	size_t places_count;
};

/* By name, or NULL. */
const struct hm_param_spec *hm_param_spec_find(const struct hm_param_spec *specs, size_t count, struct hm_str name);
const struct hm_workspace_spec *hm_workspace_spec_find(const struct hm_workspace_spec *specs, size_t count,
						       struct hm_str name);
const struct hm_workspace_binding *hm_workspace_binding_find(const struct hm_pipeline_task *task, struct hm_str name);
const struct hm_param *hm_param_find(const struct hm_param *params, size_t count, struct hm_str name);
const struct hm_pipeline_task *hm_pipeline_task_find(const struct hm_pipeline *pipeline, struct hm_str name);

#endif
