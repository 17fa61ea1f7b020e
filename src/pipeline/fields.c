#include "pipeline/fields.h"

#include <stdarg.h>
#include <stdio.h>

enum kind {
	STR,
	BOOL,
	INT,
	STRS,    /* array of strings */
	MAP_STR, /* object of strings */
	OBJ,     /* object of a table */
	OBJS,    /* array of those */
	MAP_OBJ, /* object of those */
	ANY,
	NOT_YET, /* Tekton has it, we have not */
};

enum { V1 = 1, V1BETA1 = 2 };

struct field {
	const char *name;
	enum kind kind;
	const struct hm_fields *of;
	unsigned only; /* in this version; 0: in both */
};

struct hm_fields {
	const struct field *v;
	size_t count;
};

#define FIELDS(rows)                                                                                                   \
	{                                                                                                              \
		(rows), sizeof(rows) / sizeof((rows)[0])                                                               \
	}

static const struct field metadata_rows[] = {
	{ "name", STR },
	{ "labels", MAP_STR },
	{ "annotations", MAP_STR },
	{ "namespace", STR },
	{ "generateName", STR },
	{ "uid", STR },
	{ "resourceVersion", STR },
	{ "generation", INT },
	{ "creationTimestamp", STR },
	{ "deletionGracePeriodSeconds", NOT_YET },
	{ "deletionTimestamp", NOT_YET },
	{ "finalizers", NOT_YET },
	{ "managedFields", NOT_YET },
	{ "ownerReferences", NOT_YET },
	{ "selfLink", NOT_YET },
};
static const struct hm_fields metadata = FIELDS(metadata_rows);

static const struct field inline_metadata_rows[] = { { "labels", MAP_STR }, { "annotations", MAP_STR } };
static const struct hm_fields inline_metadata = FIELDS(inline_metadata_rows);

static const struct field property_rows[] = { { "type", STR } };
static const struct hm_fields property = FIELDS(property_rows);

static const struct field param_spec_rows[] = {
	{ "name", STR },    { "type", STR },     { "description", STR }, { "properties", MAP_OBJ, &property },
	{ "default", ANY }, { "enum", NOT_YET },
};
static const struct hm_fields param_spec = FIELDS(param_spec_rows);

static const struct field param_rows[] = { { "name", STR }, { "value", ANY } };
static const struct hm_fields param = FIELDS(param_rows);

static const struct field env_rows[] = { { "name", STR }, { "value", STR }, { "valueFrom", NOT_YET } };
static const struct hm_fields env = FIELDS(env_rows);

static const struct field resources_rows[] = { { "limits", ANY }, { "requests", ANY }, { "claims", NOT_YET } };
static const struct hm_fields resources = FIELDS(resources_rows);

/* What a step and a template of steps both have of a Kubernetes container. */
#define CONTAINER_ROWS                                                                                                 \
	{ "image", STR }, { "imagePullPolicy", STR }, { "command", STRS }, { "args", STRS }, { "workingDir", STR },    \
	    { "env", OBJS, &env }, { "computeResources", OBJ, &resources, V1 },                                        \
	    { "resources", OBJ, &resources, V1BETA1 }, { "envFrom", NOT_YET }, { "securityContext", NOT_YET },         \
	    { "volumeDevices", NOT_YET }, { "volumeMounts", NOT_YET }, { "lifecycle", NOT_YET, NULL, V1BETA1 },        \
	    { "livenessProbe", NOT_YET, NULL, V1BETA1 }, { "ports", NOT_YET, NULL, V1BETA1 },                          \
	    { "readinessProbe", NOT_YET, NULL, V1BETA1 }, { "startupProbe", NOT_YET, NULL, V1BETA1 },                  \
	    { "stdin", NOT_YET, NULL, V1BETA1 }, { "stdinOnce", NOT_YET, NULL, V1BETA1 },                              \
	    { "terminationMessagePath", NOT_YET, NULL, V1BETA1 },                                                      \
	    { "terminationMessagePolicy", NOT_YET, NULL, V1BETA1 },                                                    \
	{                                                                                                              \
		"tty", NOT_YET, NULL, V1BETA1                                                                          \
	}

static const struct field step_rows[] = {
	CONTAINER_ROWS,
	{ "name", STR },
	{ "displayName", STR },
	{ "script", STR },
	{ "timeout", STR },
	{ "onError", STR },
	{ "params", NOT_YET },
	{ "ref", NOT_YET },
	{ "results", NOT_YET },
	{ "stderrConfig", NOT_YET },
	{ "stdoutConfig", NOT_YET },
	{ "when", NOT_YET },
	{ "workspaces", NOT_YET },
};
static const struct hm_fields step = FIELDS(step_rows);

static const struct field template_rows[] = { CONTAINER_ROWS, { "name", NOT_YET, NULL, V1BETA1 } };
static const struct hm_fields step_template = FIELDS(template_rows);

static const struct field task_workspace_rows[] = {
	{ "name", STR }, { "description", STR }, { "mountPath", STR }, { "readOnly", BOOL }, { "optional", BOOL },
};
static const struct hm_fields task_workspace = FIELDS(task_workspace_rows);

static const struct field task_result_rows[] = {
	{ "name", STR },      { "type", STR }, { "description", STR }, { "properties", MAP_OBJ, &property },
	{ "value", NOT_YET },
};
static const struct hm_fields task_result = FIELDS(task_result_rows);

#define TASK_SPEC_ROWS                                                                                                 \
	{ "params", OBJS, &param_spec }, { "displayName", STR }, { "description", STR }, { "steps", OBJS, &step },     \
	    { "stepTemplate", OBJ, &step_template }, { "workspaces", OBJS, &task_workspace },                          \
	    { "results", OBJS, &task_result }, { "volumes", NOT_YET }, { "sidecars", NOT_YET },                        \
	{                                                                                                              \
		"resources", NOT_YET, NULL, V1BETA1                                                                    \
	}

static const struct field task_spec_rows[] = { TASK_SPEC_ROWS };
static const struct hm_fields task_spec = FIELDS(task_spec_rows);

static const struct field inline_task_rows[] = {
	TASK_SPEC_ROWS,      { "metadata", OBJ, &inline_metadata }, { "apiVersion", NOT_YET }, { "kind", NOT_YET },
	{ "spec", NOT_YET },
};
static const struct hm_fields inline_task = FIELDS(inline_task_rows);

static const struct field task_ref_rows[] = {
	{ "name", STR },         { "kind", STR },       { "apiVersion", NOT_YET },
	{ "resolver", NOT_YET }, { "params", NOT_YET }, { "bundle", NOT_YET, NULL, V1BETA1 },
};
static const struct hm_fields task_ref = FIELDS(task_ref_rows);

static const struct field binding_rows[] = { { "name", STR }, { "workspace", STR }, { "subPath", STR } };
static const struct hm_fields binding = FIELDS(binding_rows);

static const struct field pipeline_task_rows[] = {
	{ "name", STR },
	{ "displayName", STR },
	{ "description", STR },
	{ "taskRef", OBJ, &task_ref },
	{ "taskSpec", OBJ, &inline_task },
	{ "runAfter", STRS },
	{ "params", OBJS, &param },
	{ "workspaces", OBJS, &binding },
	{ "timeout", STR },
	{ "onError", STR },
	{ "matrix", NOT_YET },
	{ "pipelineRef", NOT_YET },
	{ "pipelineSpec", NOT_YET },
	{ "retries", NOT_YET },
	{ "when", NOT_YET },
	{ "resources", NOT_YET, NULL, V1BETA1 },
};
static const struct hm_fields pipeline_task = FIELDS(pipeline_task_rows);

static const struct field pipeline_workspace_rows[] = { { "name", STR }, { "description", STR }, { "optional", BOOL } };
static const struct hm_fields pipeline_workspace = FIELDS(pipeline_workspace_rows);

static const struct field pipeline_result_rows[] = {
	{ "name", STR }, { "type", STR }, { "description", STR }, { "value", ANY }
};
static const struct hm_fields pipeline_result = FIELDS(pipeline_result_rows);

static const struct field pipeline_spec_rows[] = {
	{ "displayName", STR },
	{ "description", STR },
	{ "tasks", OBJS, &pipeline_task },
	{ "finally", OBJS, &pipeline_task },
	{ "params", OBJS, &param_spec },
	{ "workspaces", OBJS, &pipeline_workspace },
	{ "results", OBJS, &pipeline_result },
	{ "resources", NOT_YET, NULL, V1BETA1 },
};
static const struct hm_fields pipeline_spec = FIELDS(pipeline_spec_rows);

static const struct field pipeline_rows[] = {
	{ "apiVersion", STR }, { "kind", STR }, { "metadata", OBJ, &metadata }, { "spec", OBJ, &pipeline_spec }
};
const struct hm_fields hm_fields_pipeline = FIELDS(pipeline_rows);

static const struct field task_rows[] = {
	{ "apiVersion", STR }, { "kind", STR }, { "metadata", OBJ, &metadata }, { "spec", OBJ, &task_spec }
};
const struct hm_fields hm_fields_task = FIELDS(task_rows);

enum hm_status hm_pipeline_refuse(const struct hm_pipeline_doc *doc, const struct hm_value *node, struct hm_err *err,
				  enum hm_reason reason, const char *fmt, ...)
{
	char text[384];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	enum hm_status st = hm_value_refuse(doc->root, node, doc->places, err, reason, "%s", text);
	return hm_at(err, st, doc->file, 0, 0);
}

static enum hm_status refuse_kind(const struct hm_pipeline_doc *doc, const struct hm_value *v, const char *want,
				  struct hm_err *err)
{
	return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD, "must be %s, not %s", want,
				  hm_kind_name((enum hm_kind)v->kind));
}

/* A value that is read as text somewhere: a NUL would end it there. */
static enum hm_status check_text(const struct hm_pipeline_doc *doc, const struct hm_value *v, struct hm_err *err)
{
	if (v->kind != HM_STRING)
		return refuse_kind(doc, v, "a string", err);
	if (hm_str_find_char(hm_value_text(v), '\0') >= 0)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD, "has a NUL in it");
	return HM_OK;
}

/* All texts in a value of any kind; how deep it goes, the reader of YAML has limited. */
static enum hm_status check_any(const struct hm_pipeline_doc *doc, const struct hm_value *v, struct hm_err *err)
{
	enum hm_status st = v->kind == HM_STRING ? check_text(doc, v, err) : HM_OK;

	for (size_t i = 0; i < hm_value_count(v) && st == HM_OK; i++) {
		if (v->kind == HM_OBJECT) {
			st = check_text(doc, hm_value_key_at(v, i), err);
			if (st == HM_OK)
				st = check_any(doc, hm_value_member_at(v, i), err);
		} else {
			st = check_any(doc, hm_value_at(v, i), err);
		}
	}
	return st;
}

static const struct field *find_field(const struct hm_fields *fields, struct hm_str name, bool is_v1beta1)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *f = &fields->v[i];
		if (hm_str_is(name, f->name) && (f->only == 0 || (f->only == V1BETA1) == is_v1beta1))
			return f;
	}
	return NULL;
}

static enum hm_status check_field(const struct hm_pipeline_doc *doc, const struct field *f, const struct hm_value *v,
				  struct hm_err *err);

static enum hm_status check_object(const struct hm_pipeline_doc *doc, const struct hm_fields *fields,
				   const struct hm_value *v, struct hm_err *err)
{
	if (v->kind != HM_OBJECT)
		return refuse_kind(doc, v, "an object", err);
	for (size_t i = 0; i < hm_value_count(v); i++) {
		const struct hm_value *key = hm_value_key_at(v, i);
		struct hm_str name = hm_value_text(key);
		const struct field *f = find_field(fields, name, doc->is_v1beta1);
		if (!f)
			return hm_pipeline_refuse(doc, key, err, HM_R_PIPELINE_UNKNOWN_FIELD, "unknown field '%.*s'",
						  HM_STR_ARG(name));
		if (f->kind == NOT_YET)
			return hm_pipeline_refuse(doc, key, err, HM_R_PIPELINE_UNSUPPORTED,
						  "the field '%.*s' is not supported yet", HM_STR_ARG(name));
		enum hm_status st = check_field(doc, f, hm_value_member_at(v, i), err);
		if (st != HM_OK)
			return st;
	}
	return HM_OK;
}

/* An array or an object whose elements are all alike. */
static enum hm_status check_each(const struct hm_pipeline_doc *doc, const struct field *f, const struct hm_value *v,
				 struct hm_err *err)
{
	bool is_map = f->kind == MAP_STR || f->kind == MAP_OBJ;
	enum hm_status st = HM_OK;

	if (v->kind != (is_map ? HM_OBJECT : HM_ARRAY))
		return refuse_kind(doc, v, is_map ? "an object" : "an array", err);
	for (size_t i = 0; i < hm_value_count(v) && st == HM_OK; i++) {
		const struct hm_value *element = is_map ? hm_value_member_at(v, i) : hm_value_at(v, i);
		if (is_map)
			st = check_text(doc, hm_value_key_at(v, i), err);
		if (st != HM_OK)
			return st;
		st = f->of ? check_object(doc, f->of, element, err) : check_text(doc, element, err);
	}
	return st;
}

static enum hm_status check_field(const struct hm_pipeline_doc *doc, const struct field *f, const struct hm_value *v,
				  struct hm_err *err)
{
	if (v->kind == HM_NULL) /* as absent, to Go */
		return HM_OK;
	switch (f->kind) {
	case STR:
		return check_text(doc, v, err);
	case BOOL:
		return v->kind == HM_BOOL ? HM_OK : refuse_kind(doc, v, "true or false", err);
	case INT:
		return v->kind == HM_NUMBER && !v->is_text ? HM_OK : refuse_kind(doc, v, "an integer", err);
	case OBJ:
		return check_object(doc, f->of, v, err);
	case STRS:
	case MAP_STR:
	case OBJS:
	case MAP_OBJ:
		return check_each(doc, f, v, err);
	case ANY:
		return check_any(doc, v, err);
	case NOT_YET:
		break;
	}
	return hm_fail(err, HM_R_BUG, "a field of no kind");
}

enum hm_status hm_fields_check(const struct hm_pipeline_doc *doc, const struct hm_fields *fields, struct hm_err *err)
{
	return check_object(doc, fields, doc->root, err);
}
