/*
 * What an image is made of, as documents: descriptors, image manifests, image indexes, image configurations.
 *
 * Read are the OCI image specification's documents and Docker's version 2, which mean the same by other media types;
 * members that are not known are passed over, as the specification demands. A document that could be read as two kinds
 * at once is refused. Written are only OCI's, always with the same bytes for the same content: compact, members in the
 * order of the specification's own structs, annotations and labels by their keys.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_OCI_MANIFEST_H
#define HM_OCI_MANIFEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "data/decode.h"
#include "oci/platform.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HM_OCI_TYPE_INDEX      "application/vnd.oci.image.index.v1+json"
#define HM_OCI_TYPE_MANIFEST   "application/vnd.oci.image.manifest.v1+json"
#define HM_OCI_TYPE_CONFIG     "application/vnd.oci.image.config.v1+json"
#define HM_OCI_TYPE_LAYER      "application/vnd.oci.image.layer.v1.tar"
#define HM_OCI_TYPE_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define HM_OCI_TYPE_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define HM_OCI_TYPE_EMPTY      "application/vnd.oci.empty.v1+json"

enum hm_oci_kind {
	HM_OCI_OTHER,
	HM_OCI_INDEX,
	HM_OCI_MANIFEST,
	HM_OCI_CONFIG,
	HM_OCI_LAYER,
	HM_OCI_LAYER_GZIP,
	HM_OCI_LAYER_ZSTD,
};

/* What a media type stands for, be it OCI's or Docker's. Case counts, parameters make it HM_OCI_OTHER. */
enum hm_oci_kind hm_oci_kind_of(struct hm_str media_type);

/*
 * Read "sha256:HEX" or "sha512:HEX", in small letters.
 *
 * Errors  HM_EPARSE oci.digest
 * Source  image-spec, descriptor.md#digests
 */
enum hm_status hm_oci_digest_parse(struct hm_str text, struct hm_digest *ret_digest, struct hm_err *err) HM_MUST;

/* "sha512:" with 128 digits and the NUL. */
#define HM_OCI_DIGEST_LEN 136

void hm_oci_digest_write(const struct hm_digest *digest, char ret_text[HM_OCI_DIGEST_LEN]);

/* A document or blob by its digest. */
struct hm_oci_descriptor {
	struct hm_str media_type;
	struct hm_digest digest;
	uint64_t size; /* bytes, up to INT64_MAX */
	struct hm_str artifact_type;
	bool has_platform;
	struct hm_oci_platform platform;
	const struct hm_json_pair *annotations;
	size_t annotation_count;
};

struct hm_oci_manifest {
	struct hm_str media_type; /* as it stands there; empty where it does not */
	struct hm_str artifact_type;
	struct hm_oci_descriptor config;
	const struct hm_oci_descriptor *layers; /* the lowest first */
	size_t layer_count;
	const struct hm_oci_descriptor *subject; /* NULL: none */
	const struct hm_json_pair *annotations;
	size_t annotation_count;
};

struct hm_oci_index {
	struct hm_str media_type; /* as it stands there; empty where it does not */
	struct hm_str artifact_type;
	const struct hm_oci_descriptor *manifests;
	size_t manifest_count;
	const struct hm_oci_descriptor *subject; /* NULL: none */
	const struct hm_json_pair *annotations;
	size_t annotation_count;
};

struct hm_oci_history {
	struct hm_str created; /* RFC 3339, or empty */
	struct hm_str created_by, author, comment;
	bool empty_layer;
};

struct hm_oci_config {
	struct hm_str created; /* RFC 3339, or empty */
	struct hm_str author;
	struct hm_oci_platform platform;

	struct hm_str user, working_dir, stop_signal;
	const struct hm_str *env, *entrypoint, *cmd;
	size_t env_count, entrypoint_count, cmd_count;
	const struct hm_str *ports, *volumes;
	size_t port_count, volume_count;
	const struct hm_json_pair *labels;
	size_t label_count;

	const struct hm_digest *diff_ids; /* of the layers' tar files, not packed */
	size_t diff_id_count;
	const struct hm_oci_history *history;
	size_t history_count;
};

/*
 * Read a document.
 *
 * Shape   media_type: what led here says that it is, which the document may not contradict; empty where nothing did.
 * Owns    text is borrowed as long as the result; what does not point into it is the arena's
 * Errors  HM_EPARSE oci.manifest: a schemaVersion other than 2, a media type that is not of that kind or another than
 *                   media_type, members of another kind of document, a size over INT64_MAX
 *         HM_EPARSE oci.digest, oci.platform; those of hm_json_decode()
 *         HM_ELIMIT json.limit: over HM_MAX_OCI_MANIFEST bytes, HM_MAX_OCI_LAYERS, HM_MAX_OCI_MANIFESTS or
 *                   HM_MAX_OCI_ANNOTATIONS; HM_ENOMEM
 * Source  image-spec v1.1.1: manifest.md, image-index.md, config.md; distribution: Image Manifest Version 2, Schema 2
 */
enum hm_status hm_oci_manifest_parse(struct hm_str text, struct hm_str media_type, struct hm_arena *arena,
				     struct hm_oci_manifest *ret_manifest, struct hm_err *err) HM_MUST;
enum hm_status hm_oci_index_parse(struct hm_str text, struct hm_str media_type, struct hm_arena *arena,
				  struct hm_oci_index *ret_index, struct hm_err *err) HM_MUST;
enum hm_status hm_oci_config_parse(struct hm_str text, struct hm_arena *arena, struct hm_oci_config *ret_config,
				   struct hm_err *err) HM_MUST;

/*
 * Check that a configuration belongs to a manifest: as many diffIDs as layers.
 *
 * Errors  HM_EPARSE oci.manifest
 */
enum hm_status hm_oci_check_image(const struct hm_oci_manifest *manifest, const struct hm_oci_config *config,
				  struct hm_err *err) HM_MUST;

/*
 * Write a document; an empty media_type stands for OCI's own. Empty fields are left out.
 *
 * Errors  HM_EPARSE json.encoding: text that is no UTF-8; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_oci_manifest_encode(const struct hm_oci_manifest *manifest, struct hm_buf *buf,
				      struct hm_err *err) HM_MUST;
enum hm_status hm_oci_index_encode(const struct hm_oci_index *index, struct hm_buf *buf, struct hm_err *err) HM_MUST;
enum hm_status hm_oci_config_encode(const struct hm_oci_config *config, struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* The value of an annotation or label. Errors: a NULL pointer where there is none. */
struct hm_str hm_oci_annotation(const struct hm_json_pair *pairs, size_t count, const char *key);

#endif
