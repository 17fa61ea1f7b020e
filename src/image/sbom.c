#include "image/sbom.h"

#include "attest/spdx.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "image/catalog.h"
#include "oci/layout.h"

#include <unistd.h>

struct sbom {
	const struct hm_image_sbom_opts *opts;
	const struct hm_oci_layout *layout;
	struct hm_arena arena;
	struct hm_image_catalog catalog;
	struct hm_attest_image index, *images;
	size_t image_count, index_count;
	struct hm_str title; /* what the layout calls itself; empty: nothing */
};

static void sbom_done(struct sbom *s)
{
	hm_arena_done(&s->arena);
	hm_image_catalog_done(&s->catalog);
}

static struct sbom sbom_init(const struct hm_image_sbom_opts *opts)
{
	return (struct sbom){ .opts = opts, .arena = hm_arena_init(HM_MAX_ATTEST_SBOM) };
}

/* --- from build info to what the document is made of --- */

static struct hm_attest_module module_of(const struct hm_golang_dep *dep)
{
	return (struct hm_attest_module){
		.path = dep->mod.path,
		.version = dep->mod.version,
		.sum = dep->sum,
		.is_replaced = dep->is_replaced,
		.by_path = dep->by.path,
		.by_version = dep->by.version,
		.by_sum = dep->by_sum,
	};
}

static enum hm_status describe(struct sbom *s, const struct hm_image_found *found, struct hm_attest_binary *ret_binary,
			       struct hm_err *err)
{
	const struct hm_golang_buildinfo *info = &found->binary->info;
	struct hm_attest_module *deps = hm_arena_calloc(&s->arena, info->dep_count, sizeof(*deps));
	struct hm_str os = hm_golang_buildinfo_setting(info, "GOOS");
	struct hm_str arch = hm_golang_buildinfo_setting(info, "GOARCH");

	*ret_binary = (struct hm_attest_binary){
		.name = hm_str(found->path),
		.sha256 = found->binary->sha256,
		.platform = hm_arena_printf(&s->arena, "%.*s/%.*s", HM_STR_ARG(os), HM_STR_ARG(arch)),
		.package = info->path,
		.go_version = info->go_version,
		.has_main = info->has_main,
		.main = module_of(&info->main),
		.deps = deps,
		.dep_count = info->dep_count,
		.image = s->image_count > 0 ? found->image : HM_ATTEST_NO_IMAGE,
	};
	for (size_t i = 0; deps && i < info->dep_count; i++)
		deps[i] = module_of(&info->deps[i]);
	return hm_arena_check(&s->arena, "an SBOM", err);
}

static enum hm_status write_sbom(struct sbom *s, struct hm_str name, struct hm_buf *ret_text, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_ATTEST_SBOM);
	size_t count = s->catalog.count;
	struct hm_attest_binary *binaries = hm_arena_calloc(&s->arena, count, sizeof(*binaries));

	enum hm_status st = hm_arena_check(&s->arena, "an SBOM", err);
	for (size_t i = 0; st == HM_OK && i < count; i++)
		st = describe(s, &s->catalog.found[i], &binaries[i], err);
	if (st != HM_OK)
		return st;
	const struct hm_attest_sbom sbom = {
		.name = name,
		.tool = hm_str(s->opts->tool),
		.created_s = s->opts->created_s,
		.index = s->index_count > 0 ? &s->index : NULL,
		.images = s->images,
		.image_count = s->image_count,
		.binaries = binaries,
		.binary_count = count,
	};
	st = hm_attest_spdx_encode(&sbom, &text, err);
	if (st == HM_OK)
		*ret_text = hm_buf_take(&text);
	return st;
}

/* --- layouts --- */

static struct hm_str digest_text(struct sbom *s, const struct hm_digest *digest)
{
	char text[HM_OCI_DIGEST_LEN];

	hm_oci_digest_write(digest, text);
	return hm_arena_dup(&s->arena, hm_str(text));
}

static enum hm_status add_index(struct sbom *s, const struct hm_oci_node *node, struct hm_err *err)
{
	if (s->index_count++ > 0)
		return hm_fail(err, HM_R_UNSUPPORTED, "a layout with more than one image index");
	s->index.digest = digest_text(s, &node->descriptor->digest);
	s->title = hm_arena_dup(&s->arena, hm_oci_annotation(node->index->annotations, node->index->annotation_count,
							     "org.opencontainers.image.title"));
	return hm_arena_check(&s->arena, "an image index", err);
}

static enum hm_status read_layers(struct sbom *s, const struct hm_oci_manifest *manifest, struct hm_err *err)
{
	static const struct hm_archive_opts opts = { .allow_twice = true };
	enum hm_status st = HM_OK;

	for (size_t i = 0; st == HM_OK && i < manifest->layer_count; i++) {
		const struct hm_oci_descriptor *layer = &manifest->layers[i];
		HM_OWN(hm_closep) int fd = -1;
		HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
		st = hm_oci_layout_open_blob(s->layout, layer, &fd, err);
		if (st == HM_OK)
			st = hm_archive_open(fd, "layer", &opts, &archive, err);
		if (st == HM_OK)
			st = hm_image_catalog_layer(&s->catalog, s->image_count, archive, err);
		st = hm_while(err, st, "read layer %zu", i + 1);
	}
	return st;
}

/* Signatures and attestations are manifests too, and not images. */
static bool is_image(const struct hm_oci_node *node)
{
	const struct hm_oci_platform *p = &node->descriptor->platform;

	return hm_oci_kind_of(node->manifest->config.media_type) == HM_OCI_CONFIG &&
	       node->manifest->artifact_type.len == 0 && !node->manifest->subject &&
	       !(node->descriptor->has_platform && hm_str_is(p->os, "unknown"));
}

static void take_title(struct sbom *s, const struct hm_oci_manifest *manifest, const struct hm_oci_config *config)
{
	struct hm_str title =
	    hm_oci_annotation(manifest->annotations, manifest->annotation_count, "org.opencontainers.image.title");

	if (title.len == 0 && config->entrypoint_count > 0) {
		ptrdiff_t slash = hm_str_find_last_char(config->entrypoint[0], '/');
		title = hm_str_skip(config->entrypoint[0], (size_t)(slash + 1));
	}
	if (s->title.len == 0)
		s->title = hm_arena_dup(&s->arena, title);
}

static enum hm_status add_image(struct sbom *s, const struct hm_oci_node *node, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, platform = hm_buf_init(HM_MAX_OCI_REFERENCE);
	struct hm_oci_config config;

	enum hm_status st = hm_oci_layout_read(s->layout, &node->manifest->config, HM_MAX_OCI_MANIFEST, &text, err);
	if (st == HM_OK)
		st = hm_oci_config_parse(hm_buf_str(&text), &s->arena, &config, err);
	if (st == HM_OK)
		st = hm_oci_check_image(node->manifest, &config, err);
	if (st != HM_OK || (s->opts->platform && !hm_oci_platform_eq(s->opts->platform, &config.platform)))
		return st;
	st = read_layers(s, node->manifest, err);
	if (st != HM_OK)
		return st;
	take_title(s, node->manifest, &config);
	hm_oci_platform_write(&config.platform, &platform);
	s->images[s->image_count++] = (struct hm_attest_image){
		.digest = digest_text(s, &node->descriptor->digest),
		.platform = hm_arena_dup(&s->arena, hm_buf_str(&platform)),
		.arch = hm_arena_dup(&s->arena, config.platform.arch),
	};
	st = hm_buf_check(&platform, "a platform", err);
	return st == HM_OK ? hm_arena_check(&s->arena, "an image", err) : st;
}

static enum hm_status visit(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct sbom *s = ctx;

	if (node->index)
		return add_index(s, node, err);
	if (!node->manifest || !is_image(node))
		return HM_OK;
	for (size_t i = 0; i < s->image_count; i++) {
		if (hm_str_eq(s->images[i].digest, digest_text(s, &node->descriptor->digest)))
			return HM_OK;
	}
	if (s->image_count == HM_MAX_IMAGE_PLATFORMS)
		return hm_fail(err, HM_R_IMAGE_LIMIT, "over %d images", HM_MAX_IMAGE_PLATFORMS);
	return hm_while(err, add_image(s, node, err), "read the image %.*s",
			HM_STR_ARG(digest_text(s, &node->descriptor->digest)));
}

/* The name that a place has where nothing in it says one: its last part. */
static struct hm_str name_of(const struct sbom *s, const char *path)
{
	struct hm_str text = hm_str(path);

	if (s->opts->name)
		return hm_str(s->opts->name);
	if (s->title.len > 0)
		return s->title;
	while (text.len > 1 && text.ptr[text.len - 1] == '/')
		text.len--;
	ptrdiff_t slash = hm_str_find_last_char(text, '/');
	return text.len > 1 ? hm_str_skip(text, (size_t)(slash + 1)) : text;
}

static enum hm_status require_some(const struct sbom *s, const char *path, struct hm_err *err)
{
	if (s->catalog.count > 0)
		return HM_OK;
	return hm_fail(err, HM_R_IMAGE_NO_PROGRAM, "no Go program in '%s'%s", path,
		       s->opts->platform ? " for this platform" : "");
}

enum hm_status hm_image_sbom_layout(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				    struct hm_err *err)
{
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	HM_OWN(sbom_done) struct sbom s = sbom_init(opts);

	enum hm_status st = hm_oci_layout_open(path, &layout, err);
	if (st != HM_OK)
		return st;
	s.layout = layout;
	s.images = hm_arena_calloc(&s.arena, HM_MAX_IMAGE_PLATFORMS, sizeof(*s.images));
	st = hm_arena_check(&s.arena, "an SBOM", err);
	if (st == HM_OK)
		st = hm_oci_layout_walk(layout, visit, &s, err);
	if (st == HM_OK)
		st = require_some(&s, path, err);
	return st == HM_OK ? write_sbom(&s, name_of(&s, path), ret_text, err) : st;
}

enum hm_status hm_image_sbom_file(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				  struct hm_err *err)
{
	HM_OWN(sbom_done) struct sbom s = sbom_init(opts);

	enum hm_status st = hm_image_catalog_file(&s.catalog, path, hm_path_base(path), err);
	return st == HM_OK ? write_sbom(&s, name_of(&s, path), ret_text, err) : st;
}

enum hm_status hm_image_sbom_folder(const char *path, const struct hm_image_sbom_opts *opts, struct hm_buf *ret_text,
				    struct hm_err *err)
{
	HM_OWN(sbom_done) struct sbom s = sbom_init(opts);

	enum hm_status st = hm_image_catalog_folder(&s.catalog, path, err);
	if (st == HM_OK)
		st = require_some(&s, path, err);
	return st == HM_OK ? write_sbom(&s, name_of(&s, path), ret_text, err) : st;
}
