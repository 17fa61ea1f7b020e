/* Image layouts: written, read, and each way in which one can be spoilt. */
#include "base/folder.h"

#include "base/encode.h"
#include "base/limits.h"
#include "oci/layout.h"

#include <sys/stat.h>

#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* A manifest over the given layer and a configuration; both it and the index over it are added. */
static enum hm_status add_image(struct hm_oci_writer *w, const struct hm_oci_descriptor *layer,
				struct hm_oci_descriptor *ret_index, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_oci_manifest m = { .layers = layer, .layer_count = 1 };
	struct hm_oci_descriptor manifest;
	struct hm_oci_index x = { .manifests = &manifest, .manifest_count = 1 };
	enum hm_status st = hm_oci_writer_add(w, HM_OCI_TYPE_CONFIG, HM_STR("{}"), &m.config, err);

	if (st == HM_OK)
		st = hm_oci_manifest_encode(&m, &text, err);
	if (st == HM_OK)
		st = hm_oci_writer_add(w, HM_OCI_TYPE_MANIFEST, hm_buf_str(&text), &manifest, err);
	hm_buf_clear(&text);
	if (st == HM_OK)
		st = hm_oci_index_encode(&x, &text, err);
	return st == HM_OK ? hm_oci_writer_add(w, HM_OCI_TYPE_INDEX, hm_buf_str(&text), ret_index, err) : st;
}

static enum hm_status write_layout(const char *path, struct hm_err *err)
{
	HM_OWN(hm_oci_writer_freep) struct hm_oci_writer *w = NULL;
	HM_OWN(hm_oci_blob_freep) struct hm_oci_blob *blob = NULL;
	struct hm_oci_descriptor layer, tops[2];
	const struct hm_json_pair name = { HM_STR(HM_OCI_ANNOTATION_REF_NAME), HM_STR("latest") };
	enum hm_status st = hm_oci_writer_new(path, &w, err);

	if (st == HM_OK)
		st = hm_oci_blob_new(w, &blob, err);
	if (st == HM_OK)
		st = hm_sink_write(hm_oci_blob_sink(blob), "hel", 3, err);
	if (st == HM_OK)
		st = hm_sink_write(hm_oci_blob_sink(blob), "lo", 2, err);
	if (st == HM_OK)
		st = hm_oci_blob_finish(blob, HM_OCI_TYPE_LAYER, &layer, err);
	if (st == HM_OK)
		st = add_image(w, &layer, &tops[0], err);
	if (st == HM_OK)
		st = hm_oci_writer_add(w, "application/x-other", HM_STR("hello"), &tops[1], err);
	if (st != HM_OK)
		return st;
	tops[0].annotations = &name;
	tops[0].annotation_count = 1;
	return hm_oci_writer_finish(w, tops, 2, err);
}

static enum hm_status check_layout(const char *path, struct hm_err *err)
{
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	enum hm_status st = hm_oci_layout_open(path, &layout, err);

	return st == HM_OK ? hm_oci_layout_check(layout, err) : st;
}

struct seen {
	size_t indexes, manifests, others, tops;
};

static enum hm_status see(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct seen *seen = ctx;

	(void)err;
	seen->indexes += node->index != NULL;
	seen->manifests += node->manifest != NULL;
	seen->others += !node->index && !node->manifest;
	seen->tops += node->parent == NULL;
	assert_true((node->bytes.len > 0) == (node->index || node->manifest));
	return HM_OK;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_write_and_read(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct seen seen = { 0 };
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);
	HM_OWN(hm_closep) int fd = -1;
	char text[8];

	mode_t old = umask(0777);
	assert_ok(write_layout("l/", &err), &err);
	umask(old);
	assert_int_equal(count_entries("."), 1);
	assert_int_equal(count_entries("l"), 3);
	assert_int_equal(count_entries("l/blobs/sha256"), 4);
	assert_int_equal(mode_of("l"), 0755);
	assert_int_equal(mode_of("l/blobs"), 0755);
	assert_int_equal(mode_of("l/blobs/sha256"), 0755);
	assert_int_equal(mode_of("l/index.json"), 0644);
	assert_int_equal(mode_of("l/blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
			 0644);
	assert_holds("l/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");

	assert_ok(hm_oci_layout_open("l", &layout, &err), &err);
	assert_ok(hm_oci_layout_check(layout, &err), &err);
	assert_ok(hm_oci_layout_walk(layout, see, &seen, &err), &err);
	assert_true(seen.indexes == 1 && seen.manifests == 1 && seen.others == 1 && seen.tops == 2);
	const struct hm_oci_index *index = hm_oci_layout_index(layout);
	assert_int_equal(index->manifest_count, 2);
	const struct hm_oci_descriptor *hello = &index->manifests[1];
	assert_ok(hm_oci_layout_read(layout, hello, 5, &data, &err), &err);
	assert_string_equal(data.ptr, "hello");
	assert_refused("over max", hm_oci_layout_read(layout, hello, 4, &data, &err), &err, HM_R_OCI_LIMIT);
	assert_ok(hm_oci_layout_open_blob(layout, hello, &fd, &err), &err);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
}

/* The same content makes the same files, and a new layout takes the place of an old one. */
static void test_again(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf before = hm_buf_init(0);

	assert_ok(write_layout("l", &err), &err);
	assert_ok(hm_file_read("l/index.json", HM_MIB, &before, &err), &err);
	put("l/blobs/sha256/left-over", "x");
	assert_ok(write_layout("l", &err), &err);
	assert_holds("l/index.json", before.ptr);
	assert_int_equal(count_entries("l/blobs/sha256"), 4);
	assert_int_equal(count_entries("."), 1);
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_ok(write_layout("empty", &err), &err);
	assert_ok(check_layout("empty", &err), &err);
}

/* What belongs to somebody else stays, and what was not finished goes. */
static void test_places(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	put("file", "x");
	assert_refused("file", write_layout("file", &err), &err, HM_R_OCI_EXISTS);
	assert_int_equal(mkdir("folder", 0700), 0);
	put("folder/mine", "x");
	assert_refused("folder", write_layout("folder", &err), &err, HM_R_OCI_EXISTS);
	assert_ok(write_layout("l", &err), &err);
	assert_int_equal(symlink("l", "link"), 0);
	assert_refused("link", write_layout("link", &err), &err, HM_R_OCI_EXISTS);
	assert_refused("no parent", write_layout("a/b", &err), &err, HM_R_FILE_NOT_FOUND);

	HM_OWN(hm_oci_writer_freep) struct hm_oci_writer *w = NULL;
	struct hm_oci_descriptor d;
	assert_ok(hm_oci_writer_new("new", &w, &err), &err);
	assert_ok(hm_oci_writer_add(w, "a/b", HM_STR("x"), &d, &err), &err);
	w = hm_oci_writer_free(w);
	/* comes meanwhile */
	assert_ok(hm_oci_writer_new("late", &w, &err), &err);
	put("late", "x");
	assert_refused("late", hm_oci_writer_finish(w, NULL, 0, &err), &err, HM_R_OCI_EXISTS);
	w = hm_oci_writer_free(w);
	assert_int_equal(count_entries("."), 5);
	assert_holds("folder/mine", "x");
}

static const char blob[] = "l/blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

static void no_marker(void)
{
	assert_int_equal(unlink("l/oci-layout"), 0);
}
static void marker_version(void)
{
	put("l/oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
}
static void marker_empty(void)
{
	put("l/oci-layout", "");
}
static void marker_folder(void)
{
	assert_int_equal(unlink("l/oci-layout"), 0);
	assert_int_equal(mkdir("l/oci-layout", 0700), 0);
}
static void marker_pipe(void)
{
	assert_int_equal(unlink("l/oci-layout"), 0);
	assert_int_equal(mkfifo("l/oci-layout", 0600), 0);
}
static void no_index(void)
{
	assert_int_equal(unlink("l/index.json"), 0);
}
static void index_link(void)
{
	assert_int_equal(rename("l/index.json", "index.json"), 0);
	assert_int_equal(symlink("../index.json", "l/index.json"), 0);
}
static void index_cut(void)
{
	assert_int_equal(truncate("l/index.json", 100), 0);
}
static void index_manifest(void)
{
	put("l/index.json",
	    "{\"schemaVersion\":2,\"layers\":[],\"config\":{\"mediaType\":\"a\",\"digest\":\"" HELLO "\",\"size\":5}}");
}
static void index_large(void)
{
	assert_int_equal(truncate("l/index.json", (off_t)HM_MAX_OCI_MANIFEST + 1), 0);
}
static void blob_gone(void)
{
	assert_int_equal(unlink(blob), 0);
}
static void blob_link(void)
{
	assert_int_equal(rename(blob, "blob"), 0);
	assert_int_equal(symlink("../../../blob", blob), 0);
}
static void blob_pipe(void)
{
	assert_int_equal(unlink(blob), 0);
	assert_int_equal(mkfifo(blob, 0600), 0);
}
static void blob_folder(void)
{
	assert_int_equal(unlink(blob), 0);
	assert_int_equal(mkdir(blob, 0700), 0);
}
static void blob_short(void)
{
	put(blob, "hell");
}
static void blob_long(void)
{
	put(blob, "hello\n");
}
static void blob_changed(void)
{
	put(blob, "hellp");
}
static void blobs_link(void)
{
	assert_int_equal(rename("l/blobs", "blobs"), 0);
	assert_int_equal(symlink("../blobs", "l/blobs"), 0);
}
static void folder_link(void)
{
	assert_int_equal(rename("l/blobs/sha256", "sha256"), 0);
	assert_int_equal(symlink("../../sha256", "l/blobs/sha256"), 0);
}
static void blobs_file(void)
{
	assert_int_equal(rename("l/blobs", "blobs"), 0);
	put("l/blobs", "");
}
static void no_blobs(void)
{
	assert_int_equal(rename("l/blobs", "blobs"), 0);
}

static enum hm_status change_document(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *step,
				      struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("l/blobs/sha256/%s", entry->path);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	const char *with = ctx;

	(void)step;
	assert_ok(hm_file_read(path, HM_MIB, &text, err), err);
	if (strstr(text.ptr, with)) {
		text.ptr[0] = ' '; /* as long as before */
		put(path, text.ptr);
	}
	return HM_OK;
}
static void manifest_changed(void)
{
	assert_int_equal(hm_tree_walk("l/blobs/sha256", change_document, (char *)"\"layers\"", NULL), HM_OK);
}
static void nested_changed(void)
{
	assert_int_equal(hm_tree_walk("l/blobs/sha256", change_document, (char *)"\"manifests\"", NULL), HM_OK);
}

static const struct {
	const char *name;
	void (*spoil)(void);
	enum hm_reason want;
} spoilt[] = {
	{ "no oci-layout", no_marker, HM_R_OCI_LAYOUT },
	{ "another version", marker_version, HM_R_OCI_LAYOUT },
	{ "empty oci-layout", marker_empty, HM_R_JSON_SYNTAX },
	{ "oci-layout is a folder", marker_folder, HM_R_OCI_LAYOUT },
	{ "oci-layout is a pipe", marker_pipe, HM_R_OCI_LAYOUT },
	{ "no index.json", no_index, HM_R_OCI_LAYOUT },
	{ "index.json is a link", index_link, HM_R_OCI_LAYOUT },
	{ "index.json is cut", index_cut, HM_R_JSON_SYNTAX },
	{ "index.json is a manifest", index_manifest, HM_R_OCI_MANIFEST },
	{ "index.json is large", index_large, HM_R_FILE_TOO_LARGE },
	{ "blob is gone", blob_gone, HM_R_OCI_MISSING },
	{ "blob is a link", blob_link, HM_R_OCI_LAYOUT },
	{ "blob is a pipe", blob_pipe, HM_R_OCI_LAYOUT },
	{ "blob is a folder", blob_folder, HM_R_OCI_LAYOUT },
	{ "blob is short", blob_short, HM_R_OCI_MISMATCH },
	{ "blob is long", blob_long, HM_R_OCI_MISMATCH },
	{ "blob is changed", blob_changed, HM_R_OCI_MISMATCH },
	{ "blobs is a link", blobs_link, HM_R_OCI_LAYOUT },
	{ "sha256 is a link", folder_link, HM_R_OCI_LAYOUT },
	{ "blobs is a file", blobs_file, HM_R_OCI_LAYOUT },
	{ "no blobs", no_blobs, HM_R_OCI_MISSING },
	{ "manifest is changed", manifest_changed, HM_R_OCI_MISMATCH },
	{ "nested index is changed", nested_changed, HM_R_OCI_MISMATCH },
};

static void test_spoilt(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(spoilt); i++) {
		HM_OWN(hm_freep) char *path = hm_asprintf("%zu", i);
		struct hm_err err = { 0 };
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(chdir(path), 0);
		assert_ok(write_layout("l", &err), &err);
		assert_ok(check_layout("l", &err), &err);
		spoilt[i].spoil();
		assert_refused(spoilt[i].name, check_layout("l", &err), &err, spoilt[i].want);
		assert_int_equal(chdir(".."), 0);
	}
}

static void test_no_layout(void **state)
{
	(void)state;
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	struct hm_err err = { 0 };

	put("file", "");
	assert_refused("file", hm_oci_layout_open("file", &layout, &err), &err, HM_R_OCI_LAYOUT);
	assert_refused("nothing", hm_oci_layout_open("nothing", &layout, &err), &err, HM_R_FILE_NOT_FOUND);
}

/* A chain of indexes, each with count times the one before, on top of one with a manifest that is not there. */
static void write_nested(unsigned depth, size_t count, const char *lowest_type)
{
	HM_OWN(hm_oci_writer_freep) struct hm_oci_writer *w = NULL;
	struct hm_oci_descriptor *all = calloc(count, sizeof(*all)), last;
	struct hm_err err = { 0 };

	assert_ok(hm_oci_writer_new("l", &w, &err), &err);
	assert_ok(hm_oci_writer_add(w, lowest_type, HM_STR("x"), &last, &err), &err);
	for (unsigned i = 1; i < depth; i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
		struct hm_oci_index x = { .manifests = all, .manifest_count = count };
		for (size_t n = 0; n < count; n++)
			all[n] = last;
		assert_ok(hm_oci_index_encode(&x, &text, &err), &err);
		assert_ok(hm_oci_writer_add(w, HM_OCI_TYPE_INDEX, hm_buf_str(&text), &last, &err), &err);
	}
	assert_ok(hm_oci_writer_finish(w, &last, 1, &err), &err);
	free(all);
}

static void test_nesting(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	write_nested(HM_MAX_OCI_DEPTH, 1, "a/b");
	assert_ok(check_layout("l", &err), &err);
	write_nested(HM_MAX_OCI_DEPTH + 1, 1, "a/b");
	assert_refused("too deep", check_layout("l", &err), &err, HM_R_OCI_LIMIT);
	/* 1 + 99 + 99 * 99 documents, and 1 + 100 + 100 * 100 */
	write_nested(3, 99, "a/b");
	assert_ok(check_layout("l", &err), &err);
	write_nested(3, 100, "a/b");
	assert_refused("too many", check_layout("l", &err), &err, HM_R_OCI_LIMIT);
	write_nested(2, 1, HM_OCI_TYPE_MANIFEST);
	assert_refused("no manifest", check_layout("l", &err), &err, HM_R_JSON_SYNTAX);
	assert_int_equal(strncmp(err.file, "sha256:2d71164", 14), 0);
}

/* Few manifests, of which each names as many layers as it may. */
static void test_many_blobs(void **state)
{
	(void)state;
	HM_OWN(hm_oci_writer_freep) struct hm_oci_writer *w = NULL;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);
	struct hm_oci_descriptor *all = calloc(HM_MAX_OCI_LAYERS, sizeof(*all));
	struct hm_oci_manifest m = { .layers = all, .layer_count = HM_MAX_OCI_LAYERS };
	struct hm_err err = { 0 };

	assert_ok(hm_oci_writer_new("l", &w, &err), &err);
	assert_ok(hm_oci_writer_add(w, HM_OCI_TYPE_LAYER, HM_STR("x"), &m.config, &err), &err);
	for (size_t i = 0; i < HM_MAX_OCI_LAYERS; i++)
		all[i] = m.config;
	assert_ok(hm_oci_manifest_encode(&m, &text, &err), &err);
	assert_ok(hm_oci_writer_add(w, HM_OCI_TYPE_MANIFEST, hm_buf_str(&text), &all[0], &err), &err);
	size_t fits = HM_MAX_OCI_BLOBS / (HM_MAX_OCI_LAYERS + 1);
	for (size_t i = 1; i <= fits; i++)
		all[i] = all[0];
	assert_ok(hm_oci_writer_finish(w, all, fits, &err), &err);
	assert_ok(check_layout("l", &err), &err);

	w = hm_oci_writer_free(w);
	HM_OWN(hm_buf_done) struct hm_buf index = hm_buf_init(HM_MAX_OCI_MANIFEST);
	const struct hm_oci_index x = { .manifests = all, .manifest_count = fits + 1 };
	assert_ok(hm_oci_index_encode(&x, &index, &err), &err);
	put("l/index.json", index.ptr);
	assert_refused("too many", check_layout("l", &err), &err, HM_R_OCI_LIMIT);
	free(all);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = write_layout("l", &err);
		if (st == HM_OK)
			st = check_layout("l", &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!has_failed) {
			assert_ok(st, &err);
			break;
		}
		/* What is only tidying up may fail unseen. */
		if (st != HM_ENOMEM)
			fail_msg("allocation %lu: %s: %s", n, hm_reason_code(err.reason), err.cause);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_write_and_read), in_folder(test_again),     in_folder(test_places),
		in_folder(test_spoilt),         in_folder(test_no_layout), in_folder(test_nesting),
		in_folder(test_many_blobs),     in_folder(test_no_memory),
	};
	return cmocka_run_group_tests_name("oci/layout", tests, NULL, NULL);
}
