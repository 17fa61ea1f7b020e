/* Reading image configurations: see manifest.h. */
#include "base/limits.h"
#include "oci/manifest.h"

/* A set, written as an object whose values are empty objects. */
struct key {
	struct hm_str name;
};
static const struct hm_json_field key_fields[1];
static const struct hm_json_table key_table = { .fields = key_fields, .count = 0, .size = sizeof(struct key) };

struct raw_run {
	struct hm_str user, working_dir, stop_signal;
	struct hm_str *env, *entrypoint, *cmd;
	size_t env_count, entrypoint_count, cmd_count;
	struct key *ports, *volumes;
	size_t port_count, volume_count;
	struct hm_json_pair *labels;
	size_t label_count;
};

struct raw_rootfs {
	struct hm_str type;
	struct hm_str *diff_ids;
	size_t diff_id_count;
};

struct raw_config {
	struct hm_str created, author;
	struct hm_oci_platform platform;
	struct raw_run run;
	struct raw_rootfs rootfs;
	struct hm_oci_history *history;
	size_t history_count;
};

static const struct hm_json_field run_fields[] = {
	{ "User", HM_JSON_STR, offsetof(struct raw_run, user) },
	{ "ExposedPorts", HM_JSON_MAP, offsetof(struct raw_run, ports), .of = HM_JSON_OBJECT, .table = &key_table,
	  .key = offsetof(struct key, name), .count = offsetof(struct raw_run, port_count) },
	{ "Env", HM_JSON_ARRAY, offsetof(struct raw_run, env), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_run, env_count) },
	{ "Entrypoint", HM_JSON_ARRAY, offsetof(struct raw_run, entrypoint), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_run, entrypoint_count) },
	{ "Cmd", HM_JSON_ARRAY, offsetof(struct raw_run, cmd), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_run, cmd_count) },
	{ "Volumes", HM_JSON_MAP, offsetof(struct raw_run, volumes), .of = HM_JSON_OBJECT, .table = &key_table,
	  .key = offsetof(struct key, name), .count = offsetof(struct raw_run, volume_count) },
	{ "WorkingDir", HM_JSON_STR, offsetof(struct raw_run, working_dir) },
	{ "Labels", HM_JSON_MAP, offsetof(struct raw_run, labels), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_run, label_count), .max = HM_MAX_OCI_ANNOTATIONS },
	{ "StopSignal", HM_JSON_STR, offsetof(struct raw_run, stop_signal) },
};
static const struct hm_json_table run_table = HM_JSON_TABLE(struct raw_run, run_fields);

static const struct hm_json_field rootfs_fields[] = {
	{ "type", HM_JSON_STR, offsetof(struct raw_rootfs, type), HM_REQUIRED },
	{ "diff_ids", HM_JSON_ARRAY, offsetof(struct raw_rootfs, diff_ids), HM_REQUIRED, .of = HM_JSON_STR,
	  .count = offsetof(struct raw_rootfs, diff_id_count), .max = HM_MAX_OCI_LAYERS },
};
static const struct hm_json_table rootfs_table = HM_JSON_TABLE(struct raw_rootfs, rootfs_fields);

static const struct hm_json_field history_fields[] = {
	{ "created", HM_JSON_STR, offsetof(struct hm_oci_history, created) },
	{ "created_by", HM_JSON_STR, offsetof(struct hm_oci_history, created_by) },
	{ "author", HM_JSON_STR, offsetof(struct hm_oci_history, author) },
	{ "comment", HM_JSON_STR, offsetof(struct hm_oci_history, comment) },
	{ "empty_layer", HM_JSON_BOOL, offsetof(struct hm_oci_history, empty_layer) },
};
static const struct hm_json_table history_table = HM_JSON_TABLE(struct hm_oci_history, history_fields);

static const struct hm_json_field config_fields[] = {
	{ "created", HM_JSON_STR, offsetof(struct raw_config, created) },
	{ "author", HM_JSON_STR, offsetof(struct raw_config, author) },
	{ "architecture", HM_JSON_STR, offsetof(struct raw_config, platform.arch), HM_REQUIRED },
	{ "os", HM_JSON_STR, offsetof(struct raw_config, platform.os), HM_REQUIRED },
	{ "os.version", HM_JSON_STR, offsetof(struct raw_config, platform.os_version) },
	{ "variant", HM_JSON_STR, offsetof(struct raw_config, platform.variant) },
	{ "config", HM_JSON_OBJECT, offsetof(struct raw_config, run), .table = &run_table },
	{ "rootfs", HM_JSON_OBJECT, offsetof(struct raw_config, rootfs), HM_REQUIRED, .table = &rootfs_table },
	{ "history", HM_JSON_ARRAY, offsetof(struct raw_config, history), .of = HM_JSON_OBJECT, .table = &history_table,
	  .count = offsetof(struct raw_config, history_count) },
};
static const struct hm_json_table config_table = HM_JSON_TABLE(struct raw_config, config_fields);

static enum hm_status finish_diff_ids(const struct raw_config *raw, struct hm_arena *arena,
				      struct hm_oci_config *config, struct hm_err *err)
{
	size_t count = raw->rootfs.diff_id_count;
	struct hm_digest *ids = hm_arena_calloc(arena, count, sizeof(*ids));
	enum hm_status st = hm_arena_check(arena, "image configuration", err);

	for (size_t i = 0; st == HM_OK && i < count; i++)
		st = hm_oci_digest_parse(raw->rootfs.diff_ids[i], &ids[i], err);
	config->diff_ids = count ? ids : NULL;
	config->diff_id_count = count;
	return st;
}

static const struct hm_str *names_of(const struct key *keys)
{
	_Static_assert(sizeof(struct key) == sizeof(struct hm_str), "a list of keys is a list of their names");
	return keys ? &keys->name : NULL;
}

enum hm_status hm_oci_config_parse(struct hm_str text, struct hm_arena *arena, struct hm_oci_config *ret_config,
				   struct hm_err *err)
{
	const struct hm_decode_opts opts = {
		.json = { .borrow = true, .max_size = HM_MAX_OCI_MANIFEST, .max_depth = HM_MAX_OCI_JSON_DEPTH },
		.ignore_unknown = true,
		.refuse_other_case = true,
		.proto_json = true,
	};
	struct raw_config raw;
	enum hm_status st = hm_json_decode(text, &config_table, &opts, arena, &raw, err);

	if (st != HM_OK)
		return st;
	if (!hm_str_is(raw.rootfs.type, "layers"))
		return hm_fail(err, HM_R_OCI_MANIFEST, "a root file system of the type '%.*s', not 'layers'",
			       HM_STR_ARG(hm_str_head(raw.rootfs.type, 64)));
	struct hm_oci_config config = {
		.created = raw.created,
		.author = raw.author,
		.platform = raw.platform,
		.user = raw.run.user,
		.working_dir = raw.run.working_dir,
		.stop_signal = raw.run.stop_signal,
		.env = raw.run.env,
		.env_count = raw.run.env_count,
		.entrypoint = raw.run.entrypoint,
		.entrypoint_count = raw.run.entrypoint_count,
		.cmd = raw.run.cmd,
		.cmd_count = raw.run.cmd_count,
		.ports = names_of(raw.run.ports),
		.port_count = raw.run.port_count,
		.volumes = names_of(raw.run.volumes),
		.volume_count = raw.run.volume_count,
		.labels = raw.run.labels,
		.label_count = raw.run.label_count,
		.history = raw.history,
		.history_count = raw.history_count,
	};
	st = finish_diff_ids(&raw, arena, &config, err);
	if (st == HM_OK)
		*ret_config = config;
	return st;
}

enum hm_status hm_oci_check_image(const struct hm_oci_manifest *manifest, const struct hm_oci_config *config,
				  struct hm_err *err)
{
	if (manifest->layer_count == config->diff_id_count)
		return HM_OK;
	return hm_fail(err, HM_R_OCI_MANIFEST, "%zu layers, but %zu diffIDs in the configuration",
		       manifest->layer_count, config->diff_id_count);
}
