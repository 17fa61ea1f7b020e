/* Params, results and workspaces, which Tasks and Pipelines declare alike. */
#include "base/limits.h"
#include "pipeline/loader.h"
#include "pipeline/name.h"

#include <inttypes.h>

const struct hm_value *hm_pipeline_get(const struct hm_value *object, const char *name)
{
	const struct hm_value *v = hm_value_get(object, name);

	return v && v->kind != HM_NULL ? v : NULL;
}

struct hm_str hm_pipeline_text(const struct hm_value *object, const char *name)
{
	return hm_value_text(hm_pipeline_get(object, name));
}

enum hm_status hm_pipeline_count(const struct hm_pipeline_doc *doc, const struct hm_value *list, const char *what,
				 size_t max, struct hm_err *err)
{
	if (hm_value_count(list) <= max)
		return HM_OK;
	return hm_pipeline_refuse(doc, list, err, HM_R_PIPELINE_LIMIT, "%zu %s, where %zu are the most",
				  hm_value_count(list), what, max);
}

const char *hm_param_type_name(enum hm_param_type type)
{
	static const char *const names[] = { "string", "array", "object" };

	return names[type];
}

enum hm_status hm_spec_type(const struct hm_pipeline_doc *doc, const struct hm_value *object,
			    enum hm_param_type *ret_type, bool *ret_has_type, struct hm_err *err)
{
	const struct hm_value *v = hm_pipeline_get(object, "type");

	*ret_has_type = v && hm_value_text(v).len > 0;
	*ret_type = HM_PARAM_STRING;
	for (unsigned t = HM_PARAM_STRING; *ret_has_type && t <= HM_PARAM_OBJECT; t++) {
		if (!hm_str_is(hm_value_text(v), hm_param_type_name((enum hm_param_type)t)))
			continue;
		*ret_type = (enum hm_param_type)t;
		return HM_OK;
	}
	if (!*ret_has_type)
		return HM_OK;
	return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD, "the type is string, array or object, not '%.*s'",
				  HM_STR_ARG(hm_value_text(v)));
}

/* A string, or a number or truth value, which Tekton turns into the string of its JSON text. */
static enum hm_status scalar(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
			     struct hm_str *ret_text, struct hm_err *err)
{
	if (v->kind == HM_STRING)
		*ret_text = hm_arena_dup(arena, hm_value_text(v));
	else if (v->kind == HM_BOOL)
		*ret_text = v->truth ? HM_STR("true") : HM_STR("false");
	else if (v->kind == HM_NUMBER && !v->is_text)
		*ret_text = hm_arena_printf(arena, "%" PRId64, v->i64);
	else
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD,
					  "must be a string, an array or an object; write it in quotes");
	return hm_arena_check(arena, "a pipeline", err);
}

enum hm_status hm_spec_value(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
			     struct hm_param_value *ret_value, struct hm_err *err)
{
	struct hm_param_value value = { .type = HM_PARAM_STRING };
	size_t count = hm_value_count(v);

	if (v->kind != HM_ARRAY && v->kind != HM_OBJECT) {
		enum hm_status st = scalar(arena, doc, v, &value.text, err);
		*ret_value = value;
		return st;
	}
	enum hm_status st = hm_pipeline_count(doc, v, "elements", HM_MAX_PIPELINE_ITEMS, err);
	if (st != HM_OK)
		return st;
	struct hm_str *items = hm_arena_calloc(arena, count + 1, sizeof(*items));
	struct hm_str *keys = hm_arena_calloc(arena, count + 1, sizeof(*keys));
	for (size_t i = 0; i < count && items && keys; i++) {
		const struct hm_value *item = v->kind == HM_ARRAY ? hm_value_at(v, i) : hm_value_member_at(v, i);
		/* here Tekton takes strings only: of [1] it makes the string "[1]" */
		if (item->kind != HM_STRING)
			return hm_pipeline_refuse(doc, item, err, HM_R_PIPELINE_FIELD,
						  "elements of a param are strings; write it in quotes");
		items[i] = hm_arena_dup(arena, hm_value_text(item));
		if (v->kind == HM_OBJECT)
			keys[i] = hm_arena_dup(arena, hm_value_text(hm_value_key_at(v, i)));
	}
	value.type = v->kind == HM_ARRAY ? HM_PARAM_ARRAY : HM_PARAM_OBJECT;
	value.items = items;
	value.keys = keys;
	value.count = count;
	*ret_value = value;
	return hm_arena_check(arena, "a pipeline", err);
}

/* The keys of an object, from "properties"; each of them a string. */
static enum hm_status read_keys(struct hm_arena *arena, const struct hm_pipeline_doc *doc,
				const struct hm_value *object, struct hm_param_spec *spec, struct hm_err *err)
{
	const struct hm_value *properties = hm_pipeline_get(object, "properties");
	enum hm_status st = hm_pipeline_count(doc, properties, "properties", HM_MAX_PIPELINE_ITEMS, err);

	if (st != HM_OK)
		return st;
	spec->key_count = hm_value_count(properties);
	struct hm_str *keys = hm_arena_calloc(arena, spec->key_count + 1, sizeof(*keys));
	for (size_t i = 0; i < spec->key_count && keys; i++) {
		struct hm_str type = hm_pipeline_text(hm_value_member_at(properties, i), "type");
		keys[i] = hm_arena_dup(arena, hm_value_text(hm_value_key_at(properties, i)));
		if (!hm_name_is_param(keys[i], false))
			return hm_pipeline_refuse(doc, hm_value_key_at(properties, i), err, HM_R_PIPELINE_NAME,
						  "'%.*s' cannot be a key: letters, digits, '-' and '_'",
						  HM_STR_ARG(keys[i]));
		if (type.len > 0 && !hm_str_is(type, "string"))
			return hm_pipeline_refuse(doc, hm_value_member_at(properties, i), err, HM_R_PIPELINE_TYPE,
						  "a key of an object is of type string");
	}
	spec->keys = keys;
	return hm_arena_check(arena, "a pipeline", err);
}

static bool has_key(const struct hm_param_value *value, struct hm_str key)
{
	for (size_t i = 0; i < value->count; i++) {
		if (hm_str_eq(value->keys[i], key))
			return true;
	}
	return false;
}

/* A default is a value: Tekton has variables in it since lately, we have not. */
static enum hm_status check_no_variables(const struct hm_pipeline_doc *doc, const struct hm_value *v,
					 const struct hm_param_value *value, struct hm_param_spec *spec,
					 struct hm_err *err)
{
	for (size_t i = 0; i < value->count + 1; i++) {
		struct hm_str text = i < value->count ? value->items[i] : value->text, before;
		struct hm_ref ref;
		if (hm_ref_next(&text, &before, &ref))
			return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_UNSUPPORTED,
						  "variables in a default are not supported: %.*s",
						  HM_STR_ARG(ref.text));
	}
	spec->fallback = value;
	return HM_OK;
}

/* The default of a param, and the type where it is not written: the default's. */
static enum hm_status read_default(struct hm_arena *arena, const struct hm_pipeline_doc *doc,
				   const struct hm_value *object, bool has_type, struct hm_param_spec *spec,
				   struct hm_err *err)
{
	const struct hm_value *v = hm_pipeline_get(object, "default");
	struct hm_param_value *value = hm_arena_calloc(arena, 1, sizeof(*value));
	enum hm_status st = hm_arena_check(arena, "a pipeline", err);

	if (st != HM_OK || !v)
		return st;
	st = hm_spec_value(arena, doc, v, value, err);
	if (st != HM_OK)
		return st;
	if (!has_type)
		spec->type = value->type;
	if (value->type != spec->type)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_TYPE, "the param is of type %s, its default of %s",
					  hm_param_type_name(spec->type), hm_param_type_name(value->type));
	for (size_t i = 0; spec->type == HM_PARAM_OBJECT && i < spec->key_count; i++) {
		if (!has_key(value, spec->keys[i]))
			return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD, "the key '%.*s' has no default",
						  HM_STR_ARG(spec->keys[i]));
	}
	return check_no_variables(doc, v, value, spec, err);
}

static enum hm_status check_unique(const struct hm_pipeline_doc *doc, const struct hm_param_spec *specs, size_t i,
				   const char *what, struct hm_err *err)
{
	for (size_t k = 0; k < i; k++) {
		if (hm_str_eq(specs[k].name, specs[i].name))
			return hm_pipeline_refuse(doc, specs[i].node, err, HM_R_PIPELINE_NAME,
						  "the %s '%.*s' is there twice", what, HM_STR_ARG(specs[i].name));
	}
	return HM_OK;
}

static enum hm_status read_param(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
				 struct hm_param_spec *spec, struct hm_err *err)
{
	bool has_type;

	spec->node = v;
	spec->name = hm_arena_dup(arena, hm_pipeline_text(v, "name"));
	enum hm_status st = hm_spec_type(doc, v, &spec->type, &has_type, err);
	if (st != HM_OK)
		return st;
	if (!has_type && hm_pipeline_get(v, "properties")) {
		has_type = true;
		spec->type = HM_PARAM_OBJECT;
	}
	st = read_keys(arena, doc, v, spec, err);
	if (st == HM_OK)
		st = read_default(arena, doc, v, has_type, spec, err);
	if (st != HM_OK)
		return st;
	if (!hm_name_is_param(spec->name, spec->type != HM_PARAM_OBJECT))
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_NAME, "'%.*s' cannot be the name of a param%s",
					  HM_STR_ARG(spec->name),
					  spec->type == HM_PARAM_OBJECT ? " of type object" : "");
	if (spec->type == HM_PARAM_OBJECT && spec->key_count == 0)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD,
					  "the param '%.*s' is an object and has no properties",
					  HM_STR_ARG(spec->name));
	if (spec->type != HM_PARAM_OBJECT && spec->key_count > 0)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD,
					  "only a param of type object can have properties");
	return hm_arena_check(arena, "a pipeline", err);
}

enum hm_status hm_spec_params(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *list,
			      const struct hm_param_spec **ret_specs, size_t *ret_count, struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(doc, list, "params", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_param_spec *specs = hm_arena_calloc(arena, count + 1, sizeof(*specs));

	if (st == HM_OK)
		st = hm_arena_check(arena, "a pipeline", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		st = read_param(arena, doc, hm_value_at(list, i), &specs[i], err);
		if (st == HM_OK)
			st = check_unique(doc, specs, i, "param", err);
	}
	*ret_specs = specs;
	*ret_count = count;
	return st;
}

static enum hm_status read_result(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *v,
				  struct hm_param_spec *spec, struct hm_err *err)
{
	bool has_type;

	spec->node = v;
	spec->name = hm_arena_dup(arena, hm_pipeline_text(v, "name"));
	enum hm_status st = hm_spec_type(doc, v, &spec->type, &has_type, err);
	if (st == HM_OK && !has_type && hm_pipeline_get(v, "properties"))
		spec->type = HM_PARAM_OBJECT;
	if (st == HM_OK)
		st = read_keys(arena, doc, v, spec, err);
	if (st != HM_OK)
		return st;
	if (!hm_name_is_result(spec->name))
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_NAME, "'%.*s' cannot be the name of a result",
					  HM_STR_ARG(spec->name));
	if (spec->type == HM_PARAM_OBJECT && spec->key_count == 0)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD,
					  "the result '%.*s' is an object and has no properties",
					  HM_STR_ARG(spec->name));
	if (spec->type != HM_PARAM_OBJECT && spec->key_count > 0)
		return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_FIELD,
					  "only a result of type object can have properties");
	return hm_arena_check(arena, "a pipeline", err);
}

enum hm_status hm_spec_results(struct hm_arena *arena, const struct hm_pipeline_doc *doc, const struct hm_value *list,
			       const struct hm_param_spec **ret_specs, size_t *ret_count, struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(doc, list, "results", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_param_spec *specs = hm_arena_calloc(arena, count + 1, sizeof(*specs));

	if (st == HM_OK)
		st = hm_arena_check(arena, "a pipeline", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		st = read_result(arena, doc, hm_value_at(list, i), &specs[i], err);
		if (st == HM_OK)
			st = check_unique(doc, specs, i, "result", err);
	}
	*ret_specs = specs;
	*ret_count = count;
	return st;
}

static bool is_true(const struct hm_value *object, const char *name)
{
	const struct hm_value *v = hm_pipeline_get(object, name);

	return v && v->kind == HM_BOOL && v->truth;
}

/* Where a workspace is inside: absolute and in normal form, and nowhere that others need. Variables are looked at when
 * they have their values. */
static enum hm_status check_mount_path(const struct hm_pipeline_doc *doc, const struct hm_workspace_spec *spec,
				       struct hm_err *err)
{
	if (spec->mount_path.len == 0 || hm_str_find(spec->mount_path, HM_STR("$(")) >= 0)
		return HM_OK;
	if (hm_mount_path_is_good(spec->mount_path))
		return HM_OK;
	return hm_pipeline_refuse(doc, spec->node, err, HM_R_PIPELINE_FIELD,
				  "mountPath '%.*s' is no absolute path, or one that has a meaning of its own",
				  HM_STR_ARG(spec->mount_path));
}

enum hm_status hm_spec_workspaces(struct hm_arena *arena, const struct hm_pipeline_doc *doc,
				  const struct hm_value *list, const struct hm_workspace_spec **ret_specs,
				  size_t *ret_count, struct hm_err *err)
{
	enum hm_status st = hm_pipeline_count(doc, list, "workspaces", HM_MAX_PIPELINE_ITEMS, err);
	size_t count = hm_value_count(list);
	struct hm_workspace_spec *specs = hm_arena_calloc(arena, count + 1, sizeof(*specs));

	if (st == HM_OK)
		st = hm_arena_check(arena, "a pipeline", err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		const struct hm_value *v = hm_value_at(list, i);
		specs[i] = (struct hm_workspace_spec){
			.name = hm_arena_dup(arena, hm_pipeline_text(v, "name")),
			.mount_path = hm_arena_dup(arena, hm_pipeline_text(v, "mountPath")),
			.is_read_only = is_true(v, "readOnly"),
			.is_optional = is_true(v, "optional"),
			.node = v,
		};
		st = hm_arena_check(arena, "a pipeline", err);
		if (st != HM_OK)
			return st;
		if (!hm_name_is_workspace(specs[i].name))
			return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_NAME,
						  "'%.*s' cannot be the name of a workspace",
						  HM_STR_ARG(specs[i].name));
		if (hm_workspace_spec_find(specs, i, specs[i].name))
			return hm_pipeline_refuse(doc, v, err, HM_R_PIPELINE_NAME,
						  "the workspace '%.*s' is there twice", HM_STR_ARG(specs[i].name));
		st = check_mount_path(doc, &specs[i], err);
	}
	*ret_specs = specs;
	*ret_count = count;
	return st;
}
