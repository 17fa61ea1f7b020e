/* Reading layouts: see layout.h. */
#include "oci/layout.h"

#include "base/arena.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

struct hm_oci_layout {
	char *path; /* for errors */
	int dirfd;
	struct hm_buf text; /* index.json, which index points into */
	struct hm_arena arena;
	struct hm_oci_index index;
};

struct hm_oci_layout *hm_oci_layout_free(struct hm_oci_layout *layout)
{
	if (!layout)
		return NULL;
	if (layout->dirfd >= 0)
		close(layout->dirfd);
	free(layout->path);
	hm_buf_done(&layout->text);
	hm_arena_done(&layout->arena);
	free(layout);
	return NULL;
}

const struct hm_oci_index *hm_oci_layout_index(const struct hm_oci_layout *layout)
{
	return &layout->index;
}

/* Open a file below dirfd that is a file and no link; a pipe must not make us wait for its other end. */
static enum hm_status open_file(const struct hm_oci_layout *layout, int dirfd, const char *name, int *ret_fd,
				uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return hm_fail(err, HM_R_OCI_LAYOUT, "'%s': '%s' is a link", layout->path, name);
	if (fd < 0)
		return hm_fail_errno(err, errno, "'%s': open '%s'", layout->path, name);
	if (fstat(fd, &st) != 0)
		return hm_fail_errno(err, errno, "'%s': look at '%s'", layout->path, name);
	if (!S_ISREG(st.st_mode))
		return hm_fail(err, HM_R_OCI_LAYOUT, "'%s': '%s' is not a file", layout->path, name);
	*ret_size = (uint64_t)st.st_size;
	*ret_fd = fd;
	fd = -1;
	return HM_OK;
}

static enum hm_status open_folder(const struct hm_oci_layout *layout, int dirfd, const char *name, int *ret_fd,
				  struct hm_err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return hm_fail(err, HM_R_OCI_LAYOUT, "'%s': '%s' is not a folder", layout->path, name);
	if (fd < 0)
		return hm_fail_errno(err, errno, "'%s': open folder '%s'", layout->path, name);
	*ret_fd = fd;
	return HM_OK;
}

static enum hm_status read_document(const struct hm_oci_layout *layout, const char *name, struct hm_buf *ret_data,
				    struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = -1;
	uint64_t size;
	enum hm_status st = open_file(layout, layout->dirfd, name, &fd, &size, err);

	if (st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_OCI_LAYOUT, "'%s' has no file '%s'", layout->path, name);
	return st == HM_OK ? hm_fd_read(fd, name, HM_MAX_OCI_MANIFEST, ret_data, err) : st;
}

struct marker {
	struct hm_str version;
};
static const struct hm_json_field marker_fields[] = {
	{ "imageLayoutVersion", HM_JSON_STR, offsetof(struct marker, version), HM_REQUIRED },
};
static const struct hm_json_table marker_table = HM_JSON_TABLE(struct marker, marker_fields);

static enum hm_status check_marker(struct hm_oci_layout *layout, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	const struct hm_decode_opts opts = { .ignore_unknown = true, .refuse_other_case = true };
	struct marker marker;
	enum hm_status st = read_document(layout, "oci-layout", &text, err);

	if (st != HM_OK)
		return st;
	st = hm_json_decode(hm_buf_str(&text), &marker_table, &opts, &layout->arena, &marker, err);
	if (st == HM_OK && !hm_str_is(marker.version, "1.0.0"))
		st = hm_fail(err, HM_R_OCI_LAYOUT, "a layout of version '%.*s', not '1.0.0'",
			     HM_STR_ARG(hm_str_head(marker.version, 64)));
	return hm_at(err, st, "oci-layout", 0, 0);
}

static enum hm_status open_layout(struct hm_oci_layout *layout, struct hm_err *err)
{
	layout->dirfd = open(layout->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout->dirfd < 0 && errno == ENOTDIR)
		return hm_fail(err, HM_R_OCI_LAYOUT, "'%s' is not a folder", layout->path);
	if (layout->dirfd < 0)
		return hm_fail_errno(err, errno, "open folder '%s'", layout->path);
	enum hm_status st = check_marker(layout, err);
	if (st == HM_OK)
		st = read_document(layout, "index.json", &layout->text, err);
	if (st != HM_OK)
		return st;
	st = hm_oci_index_parse(hm_buf_str(&layout->text), HM_STR(""), &layout->arena, &layout->index, err);
	return hm_at(err, st, "index.json", 0, 0);
}

enum hm_status hm_oci_layout_open(const char *path, struct hm_oci_layout **ret_layout, struct hm_err *err)
{
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = hm_calloc(1, sizeof(*layout));

	if (!layout)
		return hm_fail(err, HM_R_NO_MEMORY, "open layout '%s'", path);
	layout->dirfd = -1;
	layout->arena = hm_arena_init(16 * HM_MAX_OCI_MANIFEST);
	layout->path = hm_asprintf("%s", path);
	if (!layout->path)
		return hm_fail(err, HM_R_NO_MEMORY, "open layout '%s'", path);
	enum hm_status st = open_layout(layout, err);
	if (st == HM_OK)
		*ret_layout = HM_STEAL(layout);
	return st;
}

/* blobs/ALGORITHM/HEX; both are made from a digest, so nothing in them can lead elsewhere. */
static enum hm_status open_unchecked(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *d, int *ret_fd,
				     struct hm_err *err)
{
	HM_OWN(hm_closep) int blobs = -1;
	HM_OWN(hm_closep) int folder = -1;
	HM_OWN(hm_closep) int fd = -1;
	char hex[2 * HM_DIGEST_MAX_LEN + 1];
	uint64_t size = 0;

	hm_hex_write(hex, d->digest.b, d->digest.len);
	enum hm_status st = open_folder(layout, layout->dirfd, "blobs", &blobs, err);
	if (st == HM_OK)
		st = open_folder(layout, blobs, hm_digest_name(d->digest.alg), &folder, err);
	if (st == HM_OK)
		st = open_file(layout, folder, hex, &fd, &size, err);
	if (st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_OCI_MISSING, "'%s' has no blob %s:%s", layout->path,
			       hm_digest_name(d->digest.alg), hex);
	if (st == HM_OK && size != d->size)
		st = hm_fail(err, HM_R_OCI_MISMATCH, "'%s': the blob %s:%s has %" PRIu64 " bytes, not %" PRIu64,
			     layout->path, hm_digest_name(d->digest.alg), hex, size, d->size);
	if (st != HM_OK)
		return st;
	*ret_fd = fd;
	fd = -1;
	return HM_OK;
}

static enum hm_status compare(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *d,
			      const struct hm_digest *found, uint64_t size, struct hm_err *err)
{
	char want[HM_OCI_DIGEST_LEN], is[HM_OCI_DIGEST_LEN];

	if (size == d->size && hm_digest_eq(found, &d->digest))
		return HM_OK;
	hm_oci_digest_write(&d->digest, want);
	hm_oci_digest_write(found, is);
	return hm_fail(err, HM_R_OCI_MISMATCH, "'%s': the blob %s is %s", layout->path, want, is);
}

enum hm_status hm_oci_layout_read(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *d, size_t max,
				  struct hm_buf *ret_data, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = -1;
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);
	struct hm_digest found;

	if (d->size > max)
		return hm_fail(err, HM_R_OCI_LIMIT, "'%s': a document of %" PRIu64 " bytes, over %zu", layout->path,
			       d->size, max);
	enum hm_status st = open_unchecked(layout, d, &fd, err);
	if (st == HM_OK)
		st = hm_fd_read(fd, "blob", max, &data, err);
	if (st != HM_OK)
		return st;
	const struct hm_part part = { data.ptr, data.len };
	st = hm_crypto_digest(d->digest.alg, &part, 1, &found, err);
	if (st == HM_OK)
		st = compare(layout, d, &found, data.len, err);
	if (st == HM_OK)
		*ret_data = hm_buf_take(&data);
	return st;
}

enum hm_status hm_oci_layout_open_blob(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *d,
				       int *ret_fd, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = -1;
	struct hm_digest found;
	uint64_t size = 0;
	enum hm_status st = open_unchecked(layout, d, &fd, err);

	if (st == HM_OK)
		st = hm_crypto_digest_fd(fd, "blob", d->digest.alg, &found, &size, err);
	if (st == HM_OK)
		st = compare(layout, d, &found, size, err);
	if (st == HM_OK && lseek(fd, 0, SEEK_SET) != 0)
		st = hm_fail_errno(err, errno, "'%s': go back in a blob", layout->path);
	if (st != HM_OK)
		return st;
	*ret_fd = fd;
	fd = -1;
	return HM_OK;
}

struct walk {
	const struct hm_oci_layout *layout;
	hm_oci_visit_fn visit;
	void *ctx;
	unsigned depth, nodes;
};

static enum hm_status walk_index(struct walk *walk, const struct hm_oci_index *index,
				 const struct hm_oci_descriptor *parent, struct hm_err *err);

static enum hm_status walk_document(struct walk *walk, struct hm_oci_node *node, enum hm_oci_kind kind,
				    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MAX_OCI_MANIFEST);
	struct hm_str type = node->descriptor->media_type;
	struct hm_oci_manifest manifest;
	struct hm_oci_index index;
	char name[HM_OCI_DIGEST_LEN];

	enum hm_status st = hm_oci_layout_read(walk->layout, node->descriptor, HM_MAX_OCI_MANIFEST, &text, err);
	if (st != HM_OK)
		return st;
	if (kind == HM_OCI_INDEX)
		st = hm_oci_index_parse(hm_buf_str(&text), type, &arena, &index, err);
	else
		st = hm_oci_manifest_parse(hm_buf_str(&text), type, &arena, &manifest, err);
	if (st != HM_OK) {
		hm_oci_digest_write(&node->descriptor->digest, name);
		return hm_at(err, st, name, 0, 0);
	}
	node->bytes = hm_buf_str(&text);
	node->index = kind == HM_OCI_INDEX ? &index : NULL;
	node->manifest = kind == HM_OCI_INDEX ? NULL : &manifest;
	st = walk->visit(walk->ctx, node, err);
	return st == HM_OK && node->index ? walk_index(walk, node->index, node->descriptor, err) : st;
}

static enum hm_status walk_index(struct walk *walk, const struct hm_oci_index *index,
				 const struct hm_oci_descriptor *parent, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (walk->depth == HM_MAX_OCI_DEPTH)
		return hm_fail(err, HM_R_OCI_LIMIT, "'%s': indexes nest deeper than %d", walk->layout->path,
			       HM_MAX_OCI_DEPTH);
	walk->depth++;
	for (size_t i = 0; st == HM_OK && i < index->manifest_count; i++) {
		struct hm_oci_node node = { .descriptor = &index->manifests[i], .parent = parent };
		enum hm_oci_kind kind = hm_oci_kind_of(node.descriptor->media_type);
		if (walk->nodes++ == HM_MAX_OCI_NODES)
			return hm_fail(err, HM_R_OCI_LIMIT, "'%s': more than %d documents", walk->layout->path,
				       HM_MAX_OCI_NODES);
		if (kind == HM_OCI_INDEX || kind == HM_OCI_MANIFEST)
			st = walk_document(walk, &node, kind, err);
		else
			st = walk->visit(walk->ctx, &node, err);
	}
	walk->depth--;
	return st;
}

enum hm_status hm_oci_layout_walk(const struct hm_oci_layout *layout, hm_oci_visit_fn visit, void *ctx,
				  struct hm_err *err)
{
	struct walk walk = { .layout = layout, .visit = visit, .ctx = ctx };

	return walk_index(&walk, &layout->index, NULL, err);
}

/* Blobs that are still to be checked: only what names them, so that one that is named often is read once. */
struct blobs {
	const struct hm_oci_layout *layout;
	struct blob {
		struct hm_digest digest;
		uint64_t size;
	} * blob;
	size_t count, cap;
};

static void blobs_done(struct blobs *blobs)
{
	free(blobs->blob);
}

static enum hm_status add_blob(struct blobs *blobs, const struct hm_oci_descriptor *d, struct hm_err *err)
{
	if (blobs->count == HM_MAX_OCI_BLOBS)
		return hm_fail(err, HM_R_OCI_LIMIT, "'%s': more than %zu blobs", blobs->layout->path, HM_MAX_OCI_BLOBS);
	if (!hm_grow(&blobs->blob, &blobs->cap, blobs->count + 1, sizeof(*blobs->blob)))
		return hm_fail(err, HM_R_NO_MEMORY, "check a layout");
	blobs->blob[blobs->count++] = (struct blob){ d->digest, d->size };
	return HM_OK;
}

static enum hm_status collect_blobs(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct blobs *blobs = ctx;

	if (node->index)
		return HM_OK;
	if (!node->manifest)
		return add_blob(blobs, node->descriptor, err);
	enum hm_status st = add_blob(blobs, &node->manifest->config, err);
	for (size_t i = 0; st == HM_OK && i < node->manifest->layer_count; i++)
		st = add_blob(blobs, &node->manifest->layers[i], err);
	return st;
}

static int compare_blobs(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;

	if (x->digest.alg != y->digest.alg)
		return x->digest.alg < y->digest.alg ? -1 : 1;
	int order = memcmp(x->digest.b, y->digest.b, x->digest.len);
	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

enum hm_status hm_oci_layout_check(const struct hm_oci_layout *layout, struct hm_err *err)
{
	HM_OWN(blobs_done) struct blobs blobs = { .layout = layout };
	enum hm_status st = hm_oci_layout_walk(layout, collect_blobs, &blobs, err);

	if (st == HM_OK && blobs.count > 0)
		qsort(blobs.blob, blobs.count, sizeof(*blobs.blob), compare_blobs);
	for (size_t i = 0; st == HM_OK && i < blobs.count; i++) {
		const struct hm_oci_descriptor d = { .digest = blobs.blob[i].digest, .size = blobs.blob[i].size };
		HM_OWN(hm_closep) int fd = -1;
		if (i == 0 || compare_blobs(&blobs.blob[i - 1], &blobs.blob[i]) != 0)
			st = hm_oci_layout_open_blob(layout, &d, &fd, err);
	}
	return st;
}
