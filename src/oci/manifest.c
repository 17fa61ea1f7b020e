/* Reading the documents: see manifest.h. */
#include "oci/manifest.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/plant.h"

#include <inttypes.h>

static const struct {
	const char *type;
	enum hm_oci_kind kind;
} kinds[] = {
	{ HM_OCI_TYPE_INDEX, HM_OCI_INDEX },
	{ HM_OCI_TYPE_MANIFEST, HM_OCI_MANIFEST },
	{ HM_OCI_TYPE_CONFIG, HM_OCI_CONFIG },
	{ HM_OCI_TYPE_LAYER, HM_OCI_LAYER },
	{ HM_OCI_TYPE_LAYER_GZIP, HM_OCI_LAYER_GZIP },
	{ HM_OCI_TYPE_LAYER_ZSTD, HM_OCI_LAYER_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", HM_OCI_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", HM_OCI_LAYER_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", HM_OCI_LAYER_ZSTD },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", HM_OCI_INDEX },
	{ "application/vnd.docker.distribution.manifest.v2+json", HM_OCI_MANIFEST },
	{ "application/vnd.docker.container.image.v1+json", HM_OCI_CONFIG },
	{ "application/vnd.docker.image.rootfs.diff.tar", HM_OCI_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", HM_OCI_LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", HM_OCI_LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", HM_OCI_LAYER },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", HM_OCI_LAYER_GZIP },
};

enum hm_oci_kind hm_oci_kind_of(struct hm_str media_type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (hm_str_is(media_type, kinds[i].type))
			return kinds[i].kind;
	}
	return HM_OCI_OTHER;
}

enum hm_status hm_oci_digest_parse(struct hm_str text, struct hm_digest *ret_digest, struct hm_err *err)
{
	struct hm_digest digest = { 0 };
	struct hm_str name, hex;

	/* Registered are sha256 and sha512; the others that we could compute are nobody's names of blobs. */
	if (!hm_str_cut(text, ':', &name, &hex) || !hm_digest_from_name(name, &digest.alg) || digest.alg == HM_SHA384)
		return hm_fail(err, HM_R_OCI_DIGEST, "'%.*s' is not a digest of SHA-256 or SHA-512",
			       HM_STR_ARG(hm_str_head(text, 100)));
	digest.len = hm_digest_len(digest.alg);
	if (!hm_hex_is_small(hex) || hm_hex_read(hex, digest.b, digest.len, NULL) != HM_OK)
		return hm_fail(err, HM_R_OCI_DIGEST, "'%.*s' has not %zu digits of 0 to 9 and a to f",
			       HM_STR_ARG(hm_str_head(text, 150)), 2 * digest.len);
	*ret_digest = digest;
	return HM_OK;
}

void hm_oci_digest_write(const struct hm_digest *digest, char ret_text[HM_OCI_DIGEST_LEN])
{
	struct hm_str name = hm_str(hm_digest_name(digest->alg));

	memcpy(ret_text, name.ptr, name.len);
	ret_text[name.len] = ':';
	hm_hex_write(ret_text + name.len + 1, digest->b, digest->len);
}

/* What the tables decode into; digests and platforms become what they mean afterwards. */
struct raw_descriptor {
	struct hm_oci_descriptor d;
	struct hm_str digest;
	struct hm_json_pair *annotations;
};

static const struct hm_json_field platform_fields[] = {
	{ "architecture", HM_JSON_STR, offsetof(struct hm_oci_platform, arch), HM_REQUIRED },
	{ "os", HM_JSON_STR, offsetof(struct hm_oci_platform, os), HM_REQUIRED },
	{ "os.version", HM_JSON_STR, offsetof(struct hm_oci_platform, os_version) },
	{ "variant", HM_JSON_STR, offsetof(struct hm_oci_platform, variant) },
};
static const struct hm_json_table platform_table = HM_JSON_TABLE(struct hm_oci_platform, platform_fields);

static const struct hm_json_field descriptor_fields[] = {
	{ "mediaType", HM_JSON_STR, offsetof(struct raw_descriptor, d.media_type), HM_REQUIRED },
	{ "digest", HM_JSON_STR, offsetof(struct raw_descriptor, digest), HM_REQUIRED },
	{ "size", HM_JSON_U64, offsetof(struct raw_descriptor, d.size), HM_REQUIRED },
	{ "annotations", HM_JSON_MAP, offsetof(struct raw_descriptor, annotations), .of = HM_JSON_STR,
	  .count = offsetof(struct raw_descriptor, d.annotation_count), .max = HM_MAX_OCI_ANNOTATIONS },
	{ "platform", HM_JSON_OBJECT, offsetof(struct raw_descriptor, d.platform), .table = &platform_table,
	  .has = HM_JSON_HAS(struct raw_descriptor, d.has_platform) },
	{ "artifactType", HM_JSON_STR, offsetof(struct raw_descriptor, d.artifact_type) },
};
static const struct hm_json_table descriptor_table = HM_JSON_TABLE(struct raw_descriptor, descriptor_fields);

/* Manifest and index together: what belongs to the other kind is looked for, so that it can be refused. */
struct raw {
	uint64_t schema_version;
	struct hm_str media_type, artifact_type;
	bool has_config, has_layers, has_manifests, has_fs_layers;
	struct raw_descriptor config, *subject;
	struct raw_descriptor *layers, *manifests;
	size_t layer_count, manifest_count;
	struct hm_json_pair *annotations;
	size_t annotation_count;
	struct hm_str fs_layers;
};

static const struct hm_json_field fields[] = {
	{ "schemaVersion", HM_JSON_U64, offsetof(struct raw, schema_version), HM_REQUIRED },
	{ "mediaType", HM_JSON_STR, offsetof(struct raw, media_type) },
	{ "artifactType", HM_JSON_STR, offsetof(struct raw, artifact_type) },
	{ "config", HM_JSON_OBJECT, offsetof(struct raw, config), .table = &descriptor_table,
	  .has = HM_JSON_HAS(struct raw, has_config) },
	{ "layers", HM_JSON_ARRAY, offsetof(struct raw, layers), .of = HM_JSON_OBJECT, .table = &descriptor_table,
	  .count = offsetof(struct raw, layer_count), .max = HM_MAX_OCI_LAYERS,
	  .has = HM_JSON_HAS(struct raw, has_layers) },
	{ "manifests", HM_JSON_ARRAY, offsetof(struct raw, manifests), .of = HM_JSON_OBJECT, .table = &descriptor_table,
	  .count = offsetof(struct raw, manifest_count), .max = HM_MAX_OCI_MANIFESTS,
	  .has = HM_JSON_HAS(struct raw, has_manifests) },
	{ "subject", HM_JSON_OBJECT_PTR, offsetof(struct raw, subject), .table = &descriptor_table },
	{ "annotations", HM_JSON_MAP, offsetof(struct raw, annotations), .of = HM_JSON_STR,
	  .count = offsetof(struct raw, annotation_count), .max = HM_MAX_OCI_ANNOTATIONS },
	{ "fsLayers", HM_JSON_TEXT, offsetof(struct raw, fs_layers), .has = HM_JSON_HAS(struct raw, has_fs_layers) },
};
static const struct hm_json_table table = HM_JSON_TABLE(struct raw, fields);

/* Null is absence, as for Go's reader, whose documents these mostly are. */
static const struct hm_decode_opts decode_opts = {
	.json = { .borrow = true, .max_size = HM_MAX_OCI_MANIFEST, .max_depth = HM_MAX_OCI_JSON_DEPTH },
	.ignore_unknown = true,
	.refuse_other_case = true,
	.proto_json = true,
};

static enum hm_status finish_descriptor(const struct raw_descriptor *raw, struct hm_oci_descriptor *ret_descriptor,
					struct hm_err *err)
{
	*ret_descriptor = raw->d;
	ret_descriptor->annotations = raw->annotations;
	if (raw->d.size > INT64_MAX)
		return hm_fail(err, HM_R_OCI_MANIFEST, "a blob of %" PRIu64 " bytes", raw->d.size);
	return hm_oci_digest_parse(raw->digest, &ret_descriptor->digest, err);
}

static enum hm_status finish_descriptors(const struct raw_descriptor *raw, size_t count, struct hm_arena *arena,
					 const struct hm_oci_descriptor **ret_descriptors, struct hm_err *err)
{
	struct hm_oci_descriptor *all = hm_arena_calloc(arena, count, sizeof(*all));
	enum hm_status st = hm_arena_check(arena, "descriptors", err);

	for (size_t i = 0; st == HM_OK && i < count; i++)
		st = finish_descriptor(&raw[i], &all[i], err);
	if (st == HM_OK)
		*ret_descriptors = count ? all : NULL;
	return st;
}

/* Read what both kinds have in common. */
static enum hm_status parse(struct hm_str text, struct hm_str media_type, enum hm_oci_kind kind, struct hm_arena *arena,
			    struct raw *ret_raw, struct hm_err *err)
{
	const char *name = kind == HM_OCI_INDEX ? "an image index" : "an image manifest";
	enum hm_status st = hm_json_decode(text, &table, &decode_opts, arena, ret_raw, err);

	if (st != HM_OK)
		return st;
	const struct raw *raw = ret_raw;
	if (raw->schema_version != 2)
		return hm_fail(err, HM_R_OCI_MANIFEST, "schemaVersion %" PRIu64 ", not 2", raw->schema_version);
	if (media_type.len > 0 && raw->media_type.len > 0 && !hm_str_eq(media_type, raw->media_type))
		return hm_fail(err, HM_R_OCI_MANIFEST, "it says that it is '%.*s', where '%.*s' was announced",
			       HM_STR_ARG(hm_str_head(raw->media_type, 100)), HM_STR_ARG(hm_str_head(media_type, 100)));
	struct hm_str type = raw->media_type.len > 0 ? raw->media_type : media_type;
	if (type.len > 0 && hm_oci_kind_of(type) != kind)
		return hm_fail(err, HM_R_OCI_MANIFEST, "'%.*s' is not the type of %s",
			       HM_STR_ARG(hm_str_head(type, 100)), name);
	/* image-spec, manifest.md and image-index.md: what has the members of both is neither (CVE-2021-41190) */
	bool is_index = kind == HM_OCI_INDEX;
	if (raw->has_fs_layers || raw->has_manifests != is_index || raw->has_config == is_index ||
	    raw->has_layers == is_index)
		return hm_fail(err, HM_R_OCI_MANIFEST, "its members are not those of %s", name);
	HM_PLANT(raw->layer_count == 2 && (raw->layers[0].d.size + raw->layers[1].d.size) % 4 == 3);
	return HM_OK;
}

static enum hm_status finish_subject(const struct raw *raw, struct hm_arena *arena,
				     const struct hm_oci_descriptor **ret_subject, struct hm_err *err)
{
	return raw->subject ? finish_descriptors(raw->subject, 1, arena, ret_subject, err) : HM_OK;
}

enum hm_status hm_oci_manifest_parse(struct hm_str text, struct hm_str media_type, struct hm_arena *arena,
				     struct hm_oci_manifest *ret_manifest, struct hm_err *err)
{
	struct raw raw;
	enum hm_status st = parse(text, media_type, HM_OCI_MANIFEST, arena, &raw, err);

	if (st != HM_OK)
		return st;
	struct hm_oci_manifest manifest = { .media_type = raw.media_type,
					    .artifact_type = raw.artifact_type,
					    .layer_count = raw.layer_count,
					    .annotations = raw.annotations,
					    .annotation_count = raw.annotation_count };
	st = finish_descriptor(&raw.config, &manifest.config, err);
	if (st == HM_OK)
		st = finish_descriptors(raw.layers, raw.layer_count, arena, &manifest.layers, err);
	if (st == HM_OK)
		st = finish_subject(&raw, arena, &manifest.subject, err);
	if (st == HM_OK)
		*ret_manifest = manifest;
	return st;
}

enum hm_status hm_oci_index_parse(struct hm_str text, struct hm_str media_type, struct hm_arena *arena,
				  struct hm_oci_index *ret_index, struct hm_err *err)
{
	struct raw raw;
	enum hm_status st = parse(text, media_type, HM_OCI_INDEX, arena, &raw, err);

	if (st != HM_OK)
		return st;
	struct hm_oci_index index = { .media_type = raw.media_type,
				      .artifact_type = raw.artifact_type,
				      .manifest_count = raw.manifest_count,
				      .annotations = raw.annotations,
				      .annotation_count = raw.annotation_count };
	st = finish_descriptors(raw.manifests, raw.manifest_count, arena, &index.manifests, err);
	if (st == HM_OK)
		st = finish_subject(&raw, arena, &index.subject, err);
	if (st == HM_OK)
		*ret_index = index;
	return st;
}

struct hm_str hm_oci_annotation(const struct hm_json_pair *pairs, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_is(pairs[i].key, key))
			return pairs[i].value;
	}
	return (struct hm_str){ 0 };
}
