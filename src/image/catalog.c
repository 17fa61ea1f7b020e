#include "image/catalog.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

static void binary_unref(struct hm_image_binary *binary)
{
	if (!binary || --binary->refs > 0)
		return;
	hm_golang_buildinfo_done(&binary->info);
	free(binary);
}

static void binary_unrefp(struct hm_image_binary **binary)
{
	binary_unref(*binary);
}

static void found_done(struct hm_image_found *found)
{
	free(found->path);
	binary_unref(found->binary);
}

void hm_image_catalog_done(struct hm_image_catalog *catalog)
{
	if (!catalog)
		return;
	for (size_t i = 0; i < catalog->count; i++)
		found_done(&catalog->found[i]);
	free(catalog->found);
	*catalog = (struct hm_image_catalog){ 0 };
}

/* Owns: takes a reference of its own to binary. */
static enum hm_status add(struct hm_image_catalog *catalog, const char *path, size_t image,
			  struct hm_image_binary *binary, struct hm_err *err)
{
	if (catalog->count == HM_MAX_IMAGE_PROGRAMS)
		return hm_fail(err, HM_R_IMAGE_LIMIT, "over %zu Go programs", HM_MAX_IMAGE_PROGRAMS);
	char *copy = hm_asprintf("%s", path);
	if (!copy || !hm_grow(&catalog->found, &catalog->cap, catalog->count + 1, sizeof(*catalog->found))) {
		free(copy);
		return hm_fail(err, HM_R_NO_MEMORY, "list the program '%s'", path);
	}
	binary->refs++;
	catalog->found[catalog->count++] =
	    (struct hm_image_found){ .path = copy, .image = image, .layer = catalog->layer, .binary = binary };
	return HM_OK;
}

/* A program from a descriptor. */
static enum hm_status add_fd(struct hm_image_catalog *catalog, int fd, const char *name, size_t image,
			     struct hm_err *err)
{
	HM_OWN(binary_unrefp) struct hm_image_binary *binary = hm_calloc(1, sizeof(*binary));
	struct hm_digest digest;

	if (!binary)
		return hm_fail(err, HM_R_NO_MEMORY, "list the program '%s'", name);
	binary->refs = 1;
	enum hm_status st = hm_golang_buildinfo_read_fd(fd, name, &binary->info, err);
	if (st != HM_OK)
		return st;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return hm_fail_errno(err, errno, "read '%s'", name);
	st = hm_crypto_digest_fd(fd, name, HM_SHA256, &digest, NULL, err);
	if (st != HM_OK)
		return st;
	memcpy(binary->sha256.b, digest.b, HM_HASH_LEN);
	return add(catalog, name, image, binary, err);
}

enum hm_status hm_image_catalog_file(struct hm_image_catalog *catalog, const char *path, const char *name,
				     struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_while(err, add_fd(catalog, fd, name, 0, err), "read '%s'", path);
}

/* What is no Go program is passed over; what is one and cannot be read is not. */
static enum hm_status pass_over(enum hm_status st, struct hm_err *err)
{
	if (st == HM_EPARSE && err->reason == HM_R_GOLANG_NO_BUILDINFO) {
		*err = (struct hm_err){ 0 };
		return HM_OK;
	}
	return st;
}

static enum hm_status visit(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
			    struct hm_err *err)
{
	struct hm_err own = { 0 };

	(void)ret_step;
	if (!S_ISREG(entry->stat->st_mode) || entry->stat->st_size == 0)
		return HM_OK;
	HM_OWN(hm_closep) int fd = openat(entry->dirfd, entry->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", entry->path);
	enum hm_status st = pass_over(add_fd(ctx, fd, entry->path, 0, &own), &own);
	if (st != HM_OK && err)
		*err = own;
	return hm_while(err, st, "read '%s'", entry->path);
}

enum hm_status hm_image_catalog_folder(struct hm_image_catalog *catalog, const char *path, struct hm_err *err)
{
	return hm_tree_walk(path, visit, catalog, err);
}

/* --- layers --- */

/* Whether path is place or lies below it; everything lies below the root, which is "". */
static bool is_at(struct hm_str path, struct hm_str place)
{
	if (place.len == 0)
		return true;
	return hm_str_has_prefix(path, place) && (path.len == place.len || path.ptr[place.len] == '/');
}

enum hides {
	HIDES_ALL,   /* the place and what is below it: something else is there now */
	HIDES_OLDER, /* the same, of the layers below: a whiteout */
	HIDES_BELOW, /* what is below it, of the layers below: an opaque whiteout */
	HIDES_SELF,  /* the place alone: it is a folder now */
};

static bool is_hidden(const struct hm_image_catalog *catalog, const struct hm_image_found *found, struct hm_str place,
		      enum hides hides)
{
	/* paths in images begin with a slash, places do not */
	struct hm_str path = hm_str(found->path + 1);

	if (!is_at(path, place) || (hides != HIDES_ALL && hides != HIDES_SELF && found->layer == catalog->layer))
		return false;
	if (hides == HIDES_BELOW)
		return path.len > place.len;
	return hides != HIDES_SELF || path.len == place.len;
}

/* Forget what an image had at a place, which is relative. */
static void hide(struct hm_image_catalog *catalog, size_t image, struct hm_str place, enum hides hides)
{
	size_t kept = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		struct hm_image_found *found = &catalog->found[i];
		if (found->image == image && is_hidden(catalog, found, place, hides))
			found_done(found);
		else
			catalog->found[kept++] = *found;
	}
	catalog->count = kept;
}

/* A file of a layer on its way: kept only if it begins as an ELF file does. */
struct spool {
	int fd; /* -1: nothing is kept */
	char head[4];
	size_t head_len;
	uint64_t len;
};

static enum hm_status spool_keep(struct spool *s, const void *ptr, size_t len, struct hm_err *err)
{
	s->len += len;
	if (s->len > HM_MAX_IMAGE_PROGRAM)
		return hm_fail(err, HM_R_IMAGE_LIMIT, "a program over %zu bytes", HM_MAX_IMAGE_PROGRAM);
	return hm_fd_write(s->fd, "a program of a layer", hm_str_of(ptr, len), err);
}

static enum hm_status spool_write(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	struct spool *s = ctx;
	const char *bytes = ptr;

	while (len > 0 && s->head_len < sizeof(s->head)) {
		s->head[s->head_len++] = *bytes++;
		len--;
		if (s->head_len < sizeof(s->head) || memcmp(s->head, "\177ELF", 4) != 0)
			continue;
		s->fd = memfd_create("layer", MFD_CLOEXEC);
		if (s->fd < 0)
			return hm_fail_errno(err, errno, "keep a program of a layer");
		enum hm_status st = spool_keep(s, s->head, sizeof(s->head), err);
		if (st != HM_OK)
			return st;
	}
	return s->fd < 0 || len == 0 ? HM_OK : spool_keep(s, bytes, len, err);
}

static void spool_done(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
}

static enum hm_status add_file(struct hm_image_catalog *catalog, size_t image, struct hm_archive *archive,
			       const char *name, struct hm_err *err)
{
	HM_OWN(spool_done) struct spool s = { .fd = -1 };
	struct hm_err own = { 0 };

	enum hm_status st = hm_archive_copy(archive, (struct hm_sink){ spool_write, &s }, err);
	if (st != HM_OK || s.fd < 0)
		return st;
	st = pass_over(add_fd(catalog, s.fd, name, image, &own), &own);
	if (st != HM_OK && err)
		*err = own;
	return st;
}

/* A further name of a file that the layer brought before. */
static enum hm_status add_link(struct hm_image_catalog *catalog, size_t image, struct hm_str link, const char *name,
			       struct hm_err *err)
{
	for (size_t i = 0; i < catalog->count; i++) {
		struct hm_image_found *found = &catalog->found[i];
		if (found->image == image && hm_str_eq(hm_str(found->path + 1), link))
			return add(catalog, name, image, found->binary, err);
	}
	return HM_OK;
}

static enum hm_status apply_whiteout(struct hm_image_catalog *catalog, size_t image, struct hm_str folder,
				     struct hm_str name, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf place = hm_buf_init(HM_MAX_ARCHIVE_PATH);

	if (hm_str_is(name, ".wh..wh..opq")) {
		HM_PLANT(catalog->count > 1 && catalog->layer > 2 && folder.len > 0);
		hide(catalog, image, folder, HIDES_BELOW);
		return HM_OK;
	}
	/* ".wh..wh.*" are notes of the file system that made the layer, and ".wh." alone names nothing */
	if (hm_str_has_prefix(name, HM_STR(".wh..wh.")) || name.len == 4)
		return HM_OK;
	hm_buf_add_str(&place, folder);
	if (folder.len > 0)
		hm_buf_add_char(&place, '/');
	hm_buf_add_str(&place, hm_str_skip(name, 4));
	enum hm_status st = hm_buf_check(&place, "a whiteout", err);
	if (st == HM_OK)
		hide(catalog, image, hm_buf_str(&place), HIDES_OLDER);
	return st;
}

static enum hm_status apply_entry(struct hm_image_catalog *catalog, size_t image, struct hm_archive *archive,
				  const struct hm_archive_entry *entry, struct hm_err *err)
{
	struct hm_str folder = { 0 }, name = entry->path;
	ptrdiff_t slash = hm_str_find_last_char(entry->path, '/');

	if (slash >= 0) {
		folder = hm_str_head(entry->path, (size_t)slash);
		name = hm_str_skip(entry->path, (size_t)slash + 1);
	}
	if (hm_str_has_prefix(name, HM_STR(".wh.")))
		return apply_whiteout(catalog, image, folder, name, err);
	hide(catalog, image, entry->path, entry->kind == HM_ARCHIVE_DIR ? HIDES_SELF : HIDES_ALL);
	if (entry->kind != HM_ARCHIVE_FILE && entry->kind != HM_ARCHIVE_HARDLINK)
		return HM_OK;
	HM_OWN(hm_freep) char *path = hm_asprintf("/%.*s", HM_STR_ARG(entry->path));
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read a layer");
	enum hm_status st = entry->kind == HM_ARCHIVE_FILE ? add_file(catalog, image, archive, path, err)
							   : add_link(catalog, image, entry->link, path, err);
	return hm_while(err, st, "read '%s'", path);
}

enum hm_status hm_image_catalog_layer(struct hm_image_catalog *catalog, size_t image, struct hm_archive *archive,
				      struct hm_err *err)
{
	const struct hm_archive_entry *entry;

	catalog->layer++;
	enum hm_status st = hm_archive_next(archive, &entry, err);
	while (st == HM_OK && entry) {
		st = apply_entry(catalog, image, archive, entry, err);
		if (st == HM_OK)
			st = hm_archive_next(archive, &entry, err);
	}
	return st;
}
