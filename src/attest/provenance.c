#include "attest/provenance.h"

#include "base/limits.h"
#include "base/plant.h"
#include "base/time.h"

struct raw_definition {
	struct hm_str build_type;
	struct hm_value external, internal;
	struct hm_attest_resource *dependencies;
	size_t dependency_count;
};

struct raw_builder {
	struct hm_str id;
	struct hm_json_pair *versions;
	struct hm_attest_resource *dependencies;
	size_t version_count, dependency_count;
};

struct raw_metadata {
	struct hm_str invocation_id;
	bool has_started_on, has_finished_on;
	int64_t started_on_ns, finished_on_ns;
};

struct raw_details {
	struct raw_builder builder;
	struct raw_metadata metadata;
	struct hm_attest_resource *byproducts;
	size_t byproduct_count;
};

struct raw {
	struct raw_definition definition;
	struct raw_details details;
};

static const struct hm_json_field definition_fields[] = {
	{ "buildType", HM_JSON_STR, offsetof(struct raw_definition, build_type), HM_REQUIRED | HM_NOT_EMPTY },
	{ "externalParameters", HM_JSON_VALUE, offsetof(struct raw_definition, external), HM_REQUIRED },
	{ "internalParameters", HM_JSON_VALUE, offsetof(struct raw_definition, internal) },
	{ "resolvedDependencies", HM_JSON_ARRAY, offsetof(struct raw_definition, dependencies), .of = HM_JSON_OBJECT,
	  .table = &hm_attest_resource_table, .count = offsetof(struct raw_definition, dependency_count),
	  .max = HM_MAX_ATTEST_RESOURCES },
};
static const struct hm_json_table definition_table = HM_JSON_TABLE(struct raw_definition, definition_fields);

static const struct hm_json_field builder_fields[] = {
	{ "id", HM_JSON_STR, offsetof(struct raw_builder, id), HM_REQUIRED | HM_NOT_EMPTY },
	{ "builderDependencies", HM_JSON_ARRAY, offsetof(struct raw_builder, dependencies), .of = HM_JSON_OBJECT,
	  .table = &hm_attest_resource_table, .count = offsetof(struct raw_builder, dependency_count),
	  .max = HM_MAX_ATTEST_RESOURCES },
	{ "version", HM_JSON_MAP, offsetof(struct raw_builder, versions), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_builder, version_count) },
};
static const struct hm_json_table builder_table = HM_JSON_TABLE(struct raw_builder, builder_fields);

static const struct hm_json_field metadata_fields[] = {
	{ "invocationId", HM_JSON_STR, offsetof(struct raw_metadata, invocation_id) },
	{ "startedOn", HM_JSON_TIME, offsetof(struct raw_metadata, started_on_ns),
	  .has = HM_JSON_HAS(struct raw_metadata, has_started_on) },
	{ "finishedOn", HM_JSON_TIME, offsetof(struct raw_metadata, finished_on_ns),
	  .has = HM_JSON_HAS(struct raw_metadata, has_finished_on) },
};
static const struct hm_json_table metadata_table = HM_JSON_TABLE(struct raw_metadata, metadata_fields);

static const struct hm_json_field details_fields[] = {
	{ "builder", HM_JSON_OBJECT, offsetof(struct raw_details, builder), HM_REQUIRED, .table = &builder_table },
	{ "metadata", HM_JSON_OBJECT, offsetof(struct raw_details, metadata), .table = &metadata_table },
	{ "byproducts", HM_JSON_ARRAY, offsetof(struct raw_details, byproducts), .of = HM_JSON_OBJECT,
	  .table = &hm_attest_resource_table, .count = offsetof(struct raw_details, byproduct_count),
	  .max = HM_MAX_ATTEST_RESOURCES },
};
static const struct hm_json_table details_table = HM_JSON_TABLE(struct raw_details, details_fields);

static const struct hm_json_field fields[] = {
	{ "buildDefinition", HM_JSON_OBJECT, offsetof(struct raw, definition), HM_REQUIRED,
	  .table = &definition_table },
	{ "runDetails", HM_JSON_OBJECT, offsetof(struct raw, details), HM_REQUIRED, .table = &details_table },
};
static const struct hm_json_table table = HM_JSON_TABLE(struct raw, fields);

static enum hm_status check(const struct hm_attest_provenance *p, struct hm_err *err)
{
	if (p->build_type.len == 0 || p->builder_id.len == 0)
		return hm_fail(err, HM_R_ATTEST_PROVENANCE, "there is no %s",
			       p->build_type.len == 0 ? "buildType" : "builder.id");
	if (p->external_parameters.kind != HM_OBJECT)
		return hm_fail(err, HM_R_ATTEST_PROVENANCE, "externalParameters is not an object");
	if (p->internal_parameters.kind != HM_OBJECT && p->internal_parameters.kind != HM_NULL)
		return hm_fail(err, HM_R_ATTEST_PROVENANCE, "internalParameters is not an object");
	enum hm_status st = hm_attest_check_resources(p->dependencies, p->dependency_count, err);
	if (st == HM_OK)
		st = hm_attest_check_resources(p->builder_dependencies, p->builder_dependency_count, err);
	if (st == HM_OK)
		st = hm_attest_check_resources(p->byproducts, p->byproduct_count, err);
	HM_PLANT(st == HM_OK && p->byproduct_count == 1 && p->builder_version_count == 2);
	return st;
}

enum hm_status hm_attest_provenance_parse(struct hm_str text, struct hm_arena *arena,
					  struct hm_attest_provenance *ret_provenance, struct hm_err *err)
{
	struct raw raw;
	enum hm_status st = hm_json_decode(text, &table, &hm_attest_decode_opts, arena, &raw, err);

	if (st != HM_OK)
		return st;
	const struct raw_metadata *m = &raw.details.metadata;
	const struct hm_attest_provenance p = {
		.build_type = raw.definition.build_type,
		.external_parameters = raw.definition.external,
		.internal_parameters = raw.definition.internal,
		.dependencies = raw.definition.dependencies,
		.dependency_count = raw.definition.dependency_count,
		.builder_id = raw.details.builder.id,
		.builder_versions = raw.details.builder.versions,
		.builder_version_count = raw.details.builder.version_count,
		.builder_dependencies = raw.details.builder.dependencies,
		.builder_dependency_count = raw.details.builder.dependency_count,
		.invocation_id = m->invocation_id,
		.has_started_on = m->has_started_on,
		.has_finished_on = m->has_finished_on,
		.started_on_s = hm_time_floor_s(m->started_on_ns),
		.finished_on_s = hm_time_floor_s(m->finished_on_ns),
		.byproducts = raw.details.byproducts,
		.byproduct_count = raw.details.byproduct_count,
	};
	st = check(&p, err);
	if (st == HM_OK)
		*ret_provenance = p;
	return st;
}

static void write_definition(struct hm_json_writer *w, const struct hm_attest_provenance *p)
{
	hm_json_key(w, "buildDefinition");
	hm_json_object(w);
	hm_json_member_str(w, "buildType", p->build_type);
	hm_json_member_value(w, "externalParameters", &p->external_parameters);
	if (hm_value_count(&p->internal_parameters) > 0)
		hm_json_member_value(w, "internalParameters", &p->internal_parameters);
	hm_attest_write_resources(w, "resolvedDependencies", p->dependencies, p->dependency_count);
	hm_json_object_end(w);
}

static void write_builder(struct hm_json_writer *w, const struct hm_attest_provenance *p)
{
	hm_json_key(w, "builder");
	hm_json_object(w);
	hm_json_member_str(w, "id", p->builder_id);
	hm_attest_write_resources(w, "builderDependencies", p->builder_dependencies, p->builder_dependency_count);
	hm_json_member_map_if(w, "version", p->builder_versions, p->builder_version_count);
	hm_json_object_end(w);
}

static void write_time(struct hm_json_writer *w, const char *name, bool is_there, int64_t time_s)
{
	char text[HM_TIME_TEXT_LEN];

	if (!is_there)
		return;
	hm_time_write(time_s, text);
	hm_json_member_cstr(w, name, text);
}

static void write_metadata(struct hm_json_writer *w, const struct hm_attest_provenance *p)
{
	if (p->invocation_id.len == 0 && !p->has_started_on && !p->has_finished_on)
		return;
	hm_json_key(w, "metadata");
	hm_json_object(w);
	hm_json_member_str_if(w, "invocationId", p->invocation_id);
	write_time(w, "startedOn", p->has_started_on, p->started_on_s);
	write_time(w, "finishedOn", p->has_finished_on, p->finished_on_s);
	hm_json_object_end(w);
}

enum hm_status hm_attest_provenance_encode(const struct hm_attest_provenance *p, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);
	enum hm_status st = check(p, err);

	if (st != HM_OK)
		return st;
	hm_json_object(&w);
	write_definition(&w, p);
	hm_json_key(&w, "runDetails");
	hm_json_object(&w);
	write_builder(&w, p);
	write_metadata(&w, p);
	hm_attest_write_resources(&w, "byproducts", p->byproducts, p->byproduct_count);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "provenance", err);
}
