/* Writing the documents: see manifest.h. */
#include "base/mem.h"
#include "base/own.h"
#include "data/json_write.h"
#include "oci/manifest.h"

static void write_strings(struct hm_json_writer *w, const char *name, const struct hm_str *strings, size_t count)
{
	if (count == 0)
		return;
	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < count; i++)
		hm_json_str(w, strings[i]);
	hm_json_array_end(w);
}

/* A set of names, as an object whose values are empty, in the order of the caller. */
static void write_keys(struct hm_json_writer *w, const char *name, const struct hm_str *keys, size_t count)
{
	if (count == 0)
		return;
	hm_json_key(w, name);
	hm_json_object(w);
	for (size_t i = 0; i < count; i++) {
		hm_json_key_str(w, keys[i]);
		hm_json_object(w);
		hm_json_object_end(w);
	}
	hm_json_object_end(w);
}

static void write_digest(struct hm_json_writer *w, const struct hm_digest *digest)
{
	char text[HM_OCI_DIGEST_LEN];

	hm_oci_digest_write(digest, text);
	hm_json_cstr(w, text);
}

static void write_platform(struct hm_json_writer *w, const struct hm_oci_platform *platform)
{
	hm_json_member_str(w, "architecture", platform->arch);
	hm_json_member_str(w, "os", platform->os);
	hm_json_member_str_if(w, "os.version", platform->os_version);
	hm_json_member_str_if(w, "variant", platform->variant);
}

static void write_descriptor(struct hm_json_writer *w, const struct hm_oci_descriptor *d)
{
	hm_json_object(w);
	hm_json_member_str(w, "mediaType", d->media_type);
	hm_json_key(w, "digest");
	write_digest(w, &d->digest);
	hm_json_member_u64(w, "size", d->size);
	hm_json_member_map_if(w, "annotations", d->annotations, d->annotation_count);
	if (d->has_platform) {
		hm_json_key(w, "platform");
		hm_json_object(w);
		write_platform(w, &d->platform);
		hm_json_object_end(w);
	}
	hm_json_member_str_if(w, "artifactType", d->artifact_type);
	hm_json_object_end(w);
}

static void write_descriptors(struct hm_json_writer *w, const char *name, const struct hm_oci_descriptor *d,
			      size_t count)
{
	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < count; i++)
		write_descriptor(w, &d[i]);
	hm_json_array_end(w);
}

/* What both kinds begin with. */
static void begin(struct hm_json_writer *w, struct hm_str media_type, const char *usual, struct hm_str artifact_type)
{
	hm_json_object(w);
	hm_json_member_u64(w, "schemaVersion", 2);
	hm_json_member_str(w, "mediaType", media_type.len ? media_type : hm_str(usual));
	hm_json_member_str_if(w, "artifactType", artifact_type);
}

static void end(struct hm_json_writer *w, const struct hm_oci_descriptor *subject, const struct hm_json_pair *pairs,
		size_t pair_count)
{
	if (subject) {
		hm_json_key(w, "subject");
		write_descriptor(w, subject);
	}
	hm_json_member_map_if(w, "annotations", pairs, pair_count);
	hm_json_object_end(w);
}

enum hm_status hm_oci_manifest_encode(const struct hm_oci_manifest *manifest, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	begin(&w, manifest->media_type, HM_OCI_TYPE_MANIFEST, manifest->artifact_type);
	hm_json_key(&w, "config");
	write_descriptor(&w, &manifest->config);
	write_descriptors(&w, "layers", manifest->layers, manifest->layer_count);
	end(&w, manifest->subject, manifest->annotations, manifest->annotation_count);
	return hm_json_writer_check(&w, "image manifest", err);
}

enum hm_status hm_oci_index_encode(const struct hm_oci_index *index, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	begin(&w, index->media_type, HM_OCI_TYPE_INDEX, index->artifact_type);
	write_descriptors(&w, "manifests", index->manifests, index->manifest_count);
	end(&w, index->subject, index->annotations, index->annotation_count);
	return hm_json_writer_check(&w, "image index", err);
}

static void write_run(struct hm_json_writer *w, const struct hm_oci_config *config)
{
	hm_json_key(w, "config");
	hm_json_object(w);
	hm_json_member_str_if(w, "User", config->user);
	write_keys(w, "ExposedPorts", config->ports, config->port_count);
	write_strings(w, "Env", config->env, config->env_count);
	write_strings(w, "Entrypoint", config->entrypoint, config->entrypoint_count);
	write_strings(w, "Cmd", config->cmd, config->cmd_count);
	write_keys(w, "Volumes", config->volumes, config->volume_count);
	hm_json_member_str_if(w, "WorkingDir", config->working_dir);
	hm_json_member_map_if(w, "Labels", config->labels, config->label_count);
	hm_json_member_str_if(w, "StopSignal", config->stop_signal);
	hm_json_object_end(w);
}

static void write_rootfs(struct hm_json_writer *w, const struct hm_oci_config *config)
{
	hm_json_key(w, "rootfs");
	hm_json_object(w);
	hm_json_member_cstr(w, "type", "layers");
	hm_json_key(w, "diff_ids");
	hm_json_array(w);
	for (size_t i = 0; i < config->diff_id_count; i++)
		write_digest(w, &config->diff_ids[i]);
	hm_json_array_end(w);
	hm_json_object_end(w);
}

static void write_history(struct hm_json_writer *w, const struct hm_oci_config *config)
{
	if (config->history_count == 0)
		return;
	hm_json_key(w, "history");
	hm_json_array(w);
	for (size_t i = 0; i < config->history_count; i++) {
		const struct hm_oci_history *h = &config->history[i];
		hm_json_object(w);
		hm_json_member_str_if(w, "created", h->created);
		hm_json_member_str_if(w, "created_by", h->created_by);
		hm_json_member_str_if(w, "author", h->author);
		hm_json_member_str_if(w, "comment", h->comment);
		if (h->empty_layer)
			hm_json_member_bool(w, "empty_layer", true);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

enum hm_status hm_oci_config_encode(const struct hm_oci_config *config, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_member_str_if(&w, "created", config->created);
	hm_json_member_str_if(&w, "author", config->author);
	write_platform(&w, &config->platform);
	write_run(&w, config);
	write_rootfs(&w, config);
	write_history(&w, config);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "image configuration", err);
}
