#include "image/assemble.h"

#include "archive/gzip.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "oci/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EPOCH "1970-01-01T00:00:00Z"
#define TITLE "org.opencontainers.image.title"

/* What programs look for in a system besides themselves; everything else they have to bring. */
static const char passwd[] = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n";
static const char group[] = "root:x:0:\nnonroot:x:65532:\n";

struct assembly {
	const struct hm_image_opts *opts;
	const struct hm_image_program *programs;
	struct hm_oci_writer *writer;
	struct hm_image_made *made;
	struct hm_oci_descriptor *manifests;
	char *place;                      /* "/ko-app/NAME" */
	struct hm_json_pair *annotations; /* with the title */
	size_t annotation_count;
};

static void assembly_done(struct assembly *a)
{
	a->writer = hm_oci_writer_free(a->writer);
	free(a->made);
	free(a->manifests);
	free(a->place);
	free(a->annotations);
}

/* --- the layer --- */

static enum hm_status add_entry(struct hm_tar *tar, const char *path, uint32_t mode, const char *content,
				struct hm_err *err)
{
	const struct hm_tar_entry entry = {
		.path = hm_str(path),
		.kind = content ? HM_ARCHIVE_FILE : HM_ARCHIVE_DIR,
		.mode = mode,
		.size = content ? strlen(content) : 0,
	};

	return hm_tar_add(tar, &entry, hm_str(content), err);
}

static enum hm_status add_program(struct hm_tar *tar, const struct assembly *a, const struct hm_image_program *program,
				  struct hm_image_made *made, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct hm_digest digest;
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		return hm_fail_errno(err, errno, "open '%s'", program->path);
	if (!S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_FILE_KIND, "'%s' is no file", program->path);
	enum hm_status st = hm_crypto_digest_fd(fd, program->path, HM_SHA256, &digest, &made->size, err);
	if (st != HM_OK)
		return st;
	memcpy(made->program.b, digest.b, HM_HASH_LEN);
	if (lseek(fd, 0, SEEK_SET) != 0)
		return hm_fail_errno(err, errno, "read '%s'", program->path);
	const struct hm_tar_entry entry = {
		.path = hm_str(a->place + 1), .kind = HM_ARCHIVE_FILE, .mode = 0555, .size = made->size
	};
	return hm_tar_add_fd(tar, &entry, fd, program->path, err);
}

static enum hm_status write_tar(struct hm_sink out, const struct assembly *a, const struct hm_image_program *program,
				struct hm_image_made *made, struct hm_err *err)
{
	struct hm_tar tar;

	hm_tar_init(&tar, out);
	enum hm_status st = add_entry(&tar, "etc", 0755, NULL, err);
	if (st == HM_OK)
		st = add_entry(&tar, "etc/group", 0444, group, err);
	if (st == HM_OK)
		st = add_entry(&tar, "etc/passwd", 0444, passwd, err);
	if (st == HM_OK)
		st = add_entry(&tar, &HM_IMAGE_FOLDER[1], 0555, NULL, err);
	if (st == HM_OK)
		st = add_program(&tar, a, program, made, err);
	if (st == HM_OK)
		st = add_entry(&tar, "tmp", 01777, NULL, err);
	return st == HM_OK ? hm_tar_finish(&tar, err) : st;
}

static enum hm_status write_layer(const struct assembly *a, const struct hm_image_program *program,
				  struct hm_image_made *made, struct hm_oci_descriptor *ret_layer, struct hm_err *err)
{
	HM_OWN(hm_oci_blob_freep) struct hm_oci_blob *blob = NULL;
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
	HM_OWN(hm_hasher_done) struct hm_hasher plain = { 0 };

	enum hm_status st = hm_hasher_init(&plain, HM_SHA256, err);
	if (st == HM_OK)
		st = hm_oci_blob_new(a->writer, &blob, err);
	if (st == HM_OK)
		st = hm_gzip_new(hm_oci_blob_sink(blob), hm_hasher_sink(&plain), (struct hm_sink){ 0 }, &gzip, err);
	if (st == HM_OK)
		st = write_tar(hm_gzip_sink(gzip), a, program, made, err);
	if (st == HM_OK)
		st = hm_gzip_finish(gzip, NULL, err);
	if (st == HM_OK)
		st = hm_hasher_final(&plain, &made->diff_id, err);
	if (st == HM_OK)
		st = hm_oci_blob_finish(blob, HM_OCI_TYPE_LAYER_GZIP, ret_layer, err);
	if (st == HM_OK)
		made->layer = ret_layer->digest;
	return st;
}

/* --- the documents --- */

static enum hm_status write_config(const struct assembly *a, const struct hm_image_program *program,
				   struct hm_image_made *made, struct hm_oci_descriptor *ret_config, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
	const struct hm_str env[] = { HM_STR(
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" HM_IMAGE_FOLDER) };
	const struct hm_str entrypoint[] = { hm_str(a->place) };
	const struct hm_oci_history history[] = { {
	    .created = HM_STR(EPOCH),
	    .created_by = HM_STR("hallmark build"),
	    .comment = entrypoint[0],
	} };
	const struct hm_oci_config config = {
		.created = HM_STR(EPOCH),
		.platform = program->platform,
		.user = a->opts->user ? hm_str(a->opts->user) : HM_STR("65532:65532"),
		.working_dir = HM_STR("/"),
		.env = env,
		.env_count = 1,
		.entrypoint = entrypoint,
		.entrypoint_count = 1,
		.labels = a->opts->labels,
		.label_count = a->opts->label_count,
		.diff_ids = &made->diff_id,
		.diff_id_count = 1,
		.history = history,
		.history_count = 1,
	};

	enum hm_status st = hm_oci_config_encode(&config, &text, err);
	if (st == HM_OK)
		st = hm_oci_writer_add(a->writer, HM_OCI_TYPE_CONFIG, hm_buf_str(&text), ret_config, err);
	if (st == HM_OK)
		made->config = ret_config->digest;
	return st;
}

static enum hm_status write_image(void *ctx, size_t i, struct hm_err *err)
{
	const struct assembly *a = ctx;
	const struct hm_image_program *program = &a->programs[i];
	struct hm_image_made *made = &a->made[i];
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
	struct hm_oci_descriptor layer;
	struct hm_oci_manifest manifest = {
		.layers = &layer,
		.layer_count = 1,
		.annotations = a->annotations,
		.annotation_count = a->annotation_count,
	};

	enum hm_status st = write_layer(a, program, made, &layer, err);
	if (st == HM_OK)
		st = write_config(a, program, made, &manifest.config, err);
	if (st == HM_OK)
		st = hm_oci_manifest_encode(&manifest, &text, err);
	if (st == HM_OK)
		st = hm_oci_writer_add(a->writer, HM_OCI_TYPE_MANIFEST, hm_buf_str(&text), &a->manifests[i], err);
	if (st == HM_OK) {
		a->manifests[i].has_platform = true;
		a->manifests[i].platform = program->platform;
		made->manifest = a->manifests[i].digest;
	}
	return hm_while(err, st, "pack '%s'", program->path);
}

static enum hm_status write_index(const struct assembly *a, size_t count, struct hm_digest *ret_index,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
	const struct hm_oci_index index = {
		.manifests = a->manifests,
		.manifest_count = count,
		.annotations = a->annotations,
		.annotation_count = a->annotation_count,
	};
	struct hm_oci_descriptor descriptor;

	enum hm_status st = hm_oci_index_encode(&index, &text, err);
	if (st == HM_OK)
		st = hm_oci_writer_add(a->writer, HM_OCI_TYPE_INDEX, hm_buf_str(&text), &descriptor, err);
	if (st == HM_OK)
		st = hm_oci_writer_finish(a->writer, &descriptor, 1, err);
	if (st == HM_OK)
		*ret_index = descriptor.digest;
	return st;
}

/* --- what the caller gives --- */

static enum hm_status check_pairs(const char *what, const struct hm_json_pair *pairs, size_t count, struct hm_err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].key.len == 0)
			return hm_fail(err, HM_R_USAGE, "%s without a key", what);
		for (size_t n = 0; n < i; n++) {
			if (hm_str_eq(pairs[i].key, pairs[n].key))
				return hm_fail(err, HM_R_USAGE, "%s '%.*s' is given twice", what,
					       HM_STR_ARG(hm_str_head(pairs[i].key, 200)));
		}
	}
	return HM_OK;
}

/* The caller's annotations, and the program's name as the title where they have none. */
static enum hm_status prepare(struct assembly *a, size_t count, struct hm_err *err)
{
	const struct hm_image_opts *o = a->opts;

	enum hm_status st = check_pairs("an annotation", o->annotations, o->annotation_count, err);
	if (st == HM_OK)
		st = check_pairs("a label", o->labels, o->label_count, err);
	if (st != HM_OK)
		return st;
	a->made = hm_calloc(count, sizeof(*a->made));
	a->manifests = hm_calloc(count, sizeof(*a->manifests));
	a->annotations = hm_calloc(o->annotation_count + 1, sizeof(*a->annotations));
	a->place = hm_asprintf("%s/%s", HM_IMAGE_FOLDER, o->name);
	if (!a->made || !a->manifests || !a->annotations || !a->place)
		return hm_fail(err, HM_R_NO_MEMORY, "pack an image");
	bool has_title = false;
	for (size_t i = 0; i < o->annotation_count; i++) {
		a->annotations[i] = o->annotations[i];
		has_title |= hm_str_is(o->annotations[i].key, TITLE);
	}
	a->annotation_count = o->annotation_count;
	if (!has_title)
		a->annotations[a->annotation_count++] =
		    (struct hm_json_pair){ .key = HM_STR(TITLE), .value = hm_str(o->name) };
	return HM_OK;
}

enum hm_status hm_image_assemble(const char *layout, const struct hm_image_opts *opts,
				 const struct hm_image_program *programs, size_t count, struct hm_image_made *ret_made,
				 struct hm_digest *ret_index, struct hm_err *err)
{
	HM_OWN(assembly_done) struct assembly a = { .opts = opts, .programs = programs };
	struct hm_digest index;

	enum hm_status st = prepare(&a, count, err);
	if (st == HM_OK)
		st = hm_oci_writer_new(layout, &a.writer, err);
	if (st == HM_OK)
		st = hm_parallel(0, count, write_image, &a, err);
	if (st == HM_OK)
		st = write_index(&a, count, &index, err);
	if (st != HM_OK)
		return st;
	memcpy(ret_made, a.made, count * sizeof(*ret_made));
	*ret_index = index;
	return HM_OK;
}
