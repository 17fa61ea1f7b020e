/* Writing layouts: see layout.h. */
#include "oci/layout.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

struct hm_oci_writer {
	char *path; /* where it will be */
	char *temp; /* where it is made; NULL once it is in place */
	atomic_uint blob_count;
};

struct hm_oci_blob {
	struct hm_oci_writer *writer;
	char *path; /* its file until it has its name; NULL then */
	int fd;
	struct hm_hasher hasher;
	uint64_t size;
};

/* What may make room: nothing, an empty folder, a layout. Never anything else, whoever gave its name. */
static enum hm_status check_place(const char *path, struct hm_err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? HM_OK : hm_fail_errno(err, errno, "look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return hm_fail(err, HM_R_OCI_EXISTS, "'%s' is there and is no folder", path);
	HM_OWN(hm_freep) char *marker = hm_asprintf("%s/oci-layout", path);
	if (!marker)
		return hm_fail(err, HM_R_NO_MEMORY, "look at '%s'", path);
	if (hm_path_is_file(marker))
		return HM_OK;
	DIR *dir = opendir(path);
	if (!dir)
		return hm_fail_errno(err, errno, "open folder '%s'", path);
	size_t count = 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	if (count > 2) /* "." and ".." */
		return hm_fail(err, HM_R_OCI_EXISTS, "'%s' is there and is no image layout", path);
	return HM_OK;
}

struct hm_oci_writer *hm_oci_writer_free(struct hm_oci_writer *writer)
{
	if (!writer)
		return NULL;
	if (writer->temp)
		(void)!hm_tree_remove(writer->temp, NULL); /* nobody is there to be told */
	free(writer->temp);
	free(writer->path);
	free(writer);
	return NULL;
}

/* The folder beside path in which the layout is made; its name cannot be taken for path. */
static enum hm_status make_temp(struct hm_oci_writer *writer, struct hm_err *err)
{
	const char *base = hm_path_base(writer->path);
	HM_OWN(hm_freep)
	char *parent =
	    base == writer->path ? hm_asprintf(".") : hm_asprintf("%.*s", (int)(base - writer->path), writer->path);
	HM_OWN(hm_freep) char *prefix = hm_asprintf(".%.200s.tmp-", base);

	if (!parent || !prefix)
		return hm_fail(err, HM_R_NO_MEMORY, "make layout '%s'", writer->path);
	enum hm_status st = hm_dir_make_temp(parent, prefix, &writer->temp, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_freep) char *blobs = hm_asprintf("%s/blobs/sha256", writer->temp);
	if (!blobs)
		return hm_fail(err, HM_R_NO_MEMORY, "make layout '%s'", writer->path);
	return hm_dir_make(blobs, 0755, err);
}

enum hm_status hm_oci_writer_new(const char *path, struct hm_oci_writer **ret_writer, struct hm_err *err)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	HM_OWN(hm_oci_writer_freep) struct hm_oci_writer *writer = hm_calloc(1, sizeof(*writer));
	if (writer)
		writer->path = hm_asprintf("%.*s", (int)len, path);
	if (!writer || !writer->path)
		return hm_fail(err, HM_R_NO_MEMORY, "make layout '%s'", path);
	enum hm_status st = check_place(writer->path, err);
	if (st == HM_OK)
		st = make_temp(writer, err);
	if (st == HM_OK)
		*ret_writer = HM_STEAL(writer);
	return st;
}

struct hm_oci_blob *hm_oci_blob_free(struct hm_oci_blob *blob)
{
	if (!blob)
		return NULL;
	if (blob->fd >= 0)
		close(blob->fd);
	if (blob->path)
		unlink(blob->path);
	free(blob->path);
	hm_hasher_done(&blob->hasher);
	free(blob);
	return NULL;
}

enum hm_status hm_oci_blob_new(struct hm_oci_writer *writer, struct hm_oci_blob **ret_blob, struct hm_err *err)
{
	HM_OWN(hm_oci_blob_freep) struct hm_oci_blob *blob = hm_calloc(1, sizeof(*blob));

	if (!blob)
		return hm_fail(err, HM_R_NO_MEMORY, "write a blob");
	blob->fd = -1;
	blob->writer = writer;
	HM_OWN(hm_freep)
	char *path = hm_asprintf("%s/blob-%u", writer->temp, atomic_fetch_add(&writer->blob_count, 1));
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "write a blob");
	blob->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (blob->fd < 0)
		return hm_fail_errno(err, errno, "create '%s'", path);
	blob->path = HM_STEAL(path);
	enum hm_status st = hm_hasher_init(&blob->hasher, HM_SHA256, err);
	if (st == HM_OK)
		*ret_blob = HM_STEAL(blob);
	return st;
}

static enum hm_status write_blob(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	struct hm_oci_blob *blob = ctx;
	enum hm_status st = hm_hasher_add(&blob->hasher, ptr, len, err);

	blob->size += len;
	return st == HM_OK ? hm_fd_write(blob->fd, blob->path, hm_str_of(ptr, len), err) : st;
}

struct hm_sink hm_oci_blob_sink(struct hm_oci_blob *blob)
{
	return (struct hm_sink){ write_blob, blob };
}

enum hm_status hm_oci_blob_finish(struct hm_oci_blob *blob, const char *media_type,
				  struct hm_oci_descriptor *ret_descriptor, struct hm_err *err)
{
	struct hm_digest digest;
	char hex[2 * HM_HASH_LEN + 1];
	enum hm_status st = hm_hasher_final(&blob->hasher, &digest, err);

	if (st != HM_OK)
		return st;
	hm_hex_write(hex, digest.b, digest.len);
	HM_OWN(hm_freep) char *place = hm_asprintf("%s/blobs/sha256/%s", blob->writer->temp, hex);
	if (!place)
		return hm_fail(err, HM_R_NO_MEMORY, "write a blob");
	if (fchmod(blob->fd, 0644) != 0 || fsync(blob->fd) != 0)
		return hm_fail_errno(err, errno, "fsync '%s'", blob->path);
	/* One of that name has the same content. */
	if (rename(blob->path, place) != 0)
		return hm_fail_errno(err, errno, "rename to '%s'", place);
	free(HM_STEAL(blob->path));
	*ret_descriptor =
	    (struct hm_oci_descriptor){ .media_type = hm_str(media_type), .digest = digest, .size = blob->size };
	return HM_OK;
}

enum hm_status hm_oci_writer_add(struct hm_oci_writer *writer, const char *media_type, struct hm_str bytes,
				 struct hm_oci_descriptor *ret_descriptor, struct hm_err *err)
{
	HM_OWN(hm_oci_blob_freep) struct hm_oci_blob *blob = NULL;
	enum hm_status st = hm_oci_blob_new(writer, &blob, err);

	if (st == HM_OK)
		st = hm_sink_write(hm_oci_blob_sink(blob), bytes.ptr, bytes.len, err);
	return st == HM_OK ? hm_oci_blob_finish(blob, media_type, ret_descriptor, err) : st;
}

static enum hm_status save(const struct hm_oci_writer *writer, const char *name, struct hm_str data, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", writer->temp, name);

	return path ? hm_file_save(path, data, 0644, err) : hm_fail(err, HM_R_NO_MEMORY, "save '%s'", name);
}

static enum hm_status sync_blobs(const struct hm_oci_writer *writer, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/blobs/sha256", writer->temp);

	return path ? hm_dir_sync(path, err) : hm_fail(err, HM_R_NO_MEMORY, "save a layout");
}

/* The finished folder goes into its place, and what was there goes away. */
static enum hm_status put_in_place(struct hm_oci_writer *writer, struct hm_err *err)
{
	/* It has been a while since this was looked at. */
	enum hm_status st = check_place(writer->path, err);

	if (st == HM_OK && chmod(writer->temp, 0755) != 0)
		st = hm_fail_errno(err, errno, "set the mode of '%s'", writer->temp);
	if (st == HM_OK)
		st = hm_dir_replace(writer->temp, writer->path, err);
	if (st == HM_OK)
		st = hm_tree_remove(writer->temp, err);
	if (st == HM_OK)
		free(HM_STEAL(writer->temp));
	return st;
}

enum hm_status hm_oci_writer_finish(struct hm_oci_writer *writer, const struct hm_oci_descriptor *descriptors,
				    size_t count, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
	const struct hm_oci_index index = { .manifests = descriptors, .manifest_count = count };
	enum hm_status st = hm_oci_index_encode(&index, &text, err);

	if (st == HM_OK)
		st = save(writer, "index.json", hm_buf_str(&text), err);
	if (st == HM_OK)
		st = save(writer, "oci-layout", HM_STR("{\"imageLayoutVersion\":\"1.0.0\"}"), err);
	if (st == HM_OK)
		st = sync_blobs(writer, err);
	return st == HM_OK ? put_in_place(writer, err) : st;
}
