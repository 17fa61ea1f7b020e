/* Images: the same bytes whoever packs them, pinned; what is in them; what is refused. */
#include "base/folder.h"

#include "archive/read.h"
#include "base/limits.h"
#include "image/assemble.h"
#include "image/program.h"
#include "image/sbom.h"
#include "oci/layout.h"

/* A change of this is a change of the digest of every image that anybody builds. */
#define PINNED "sha256:868569511dbcdd8afdc7b8692061ed9fced2124d2ac5550212f31c75e2e9ce96"

static void put_program(const char *path, const char *arch)
{
	HM_OWN(hm_buf_done) struct hm_buf program = hm_buf_init(HM_MIB), info = hm_buf_init(HM_KIB);

	hm_buf_addf(&info, "path\ta/b\nmod\ta\t(devel)\t\nbuild\tGOOS=linux\nbuild\tGOARCH=%s\n", arch);
	add_go_program(&program, info.ptr);
	assert_int_equal(hm_file_save(path, hm_buf_str(&program), 0755, NULL), HM_OK);
}

static const struct hm_image_program programs[] = {
	{ .platform = { .os = HM_STR("linux"), .arch = HM_STR("amd64") }, .path = "one" },
	{ .platform = { .os = HM_STR("linux"), .arch = HM_STR("arm64") }, .path = "two" },
};

static enum hm_status assemble(const char *layout, const struct hm_image_opts *opts, char ret_digest[HM_OCI_DIGEST_LEN],
			       struct hm_err *err)
{
	static const struct hm_image_opts plain = { .name = "b" };
	struct hm_image_made made[COUNT(programs)];
	struct hm_digest index;

	enum hm_status st =
	    hm_image_assemble(layout, opts ? opts : &plain, programs, COUNT(programs), made, &index, err);
	if (st == HM_OK)
		hm_oci_digest_write(&index, ret_digest);
	return st;
}

static void test_same(void **state)
{
	char digest[HM_OCI_DIGEST_LEN], again[HM_OCI_DIGEST_LEN];
	struct hm_err err = { 0 };
	const struct timespec old[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };

	(void)state;
	put_program("one", "amd64");
	put_program("two", "arm64");
	assert_ok(assemble("image", NULL, digest, &err), &err);
	assert_string_equal(digest, PINNED);
	mode_t before = umask(0077);
	assert_int_equal(utimensat(AT_FDCWD, "one", old, 0), 0);
	assert_int_equal(chmod("two", 0600), 0);
	enum hm_status st = assemble("image", NULL, again, &err);
	umask(before);
	assert_ok(st, &err);
	assert_string_equal(again, digest);
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	assert_ok(hm_oci_layout_open("image", &layout, &err), &err);
	assert_ok(hm_oci_layout_check(layout, &err), &err);
	put_program("two", "riscv64");
	assert_ok(assemble("other", NULL, again, &err), &err);
	assert_string_not_equal(again, digest);
}

struct seen {
	struct hm_oci_layout *layout;
	struct hm_buf paths;
	char user[64], entrypoint[64], label[64], annotation[64], title[64];
};

static void copy_text(char ret_text[64], struct hm_str text)
{
	snprintf(ret_text, 64, "%.*s", HM_STR_ARG(text));
}

static enum hm_status list_layer(struct seen *seen, const struct hm_oci_descriptor *layer, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = -1;
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	const struct hm_archive_entry *entry = NULL;

	enum hm_status st = hm_oci_layout_open_blob(seen->layout, layer, &fd, err);
	if (st == HM_OK)
		st = hm_archive_open(fd, "layer", NULL, &archive, err);
	hm_buf_clear(&seen->paths);
	while (st == HM_OK) {
		st = hm_archive_next(archive, &entry, err);
		if (st != HM_OK || !entry)
			break;
		hm_buf_addf(&seen->paths, "%.*s %o %lld\n", HM_STR_ARG(entry->path), (unsigned)entry->mode,
			    (long long)entry->mtime_s);
	}
	return st;
}

static enum hm_status look(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct seen *seen = ctx;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_oci_config config;

	if (!node->manifest)
		return HM_OK;
	const struct hm_oci_manifest *m = node->manifest;
	assert_int_equal(m->layer_count, 1);
	assert_true(node->descriptor->has_platform);
	copy_text(seen->annotation, hm_oci_annotation(m->annotations, m->annotation_count, "k"));
	copy_text(seen->title,
		  hm_oci_annotation(m->annotations, m->annotation_count, "org.opencontainers.image.title"));
	enum hm_status st = hm_oci_layout_read(seen->layout, &m->config, HM_MIB, &text, err);
	if (st == HM_OK)
		st = hm_oci_config_parse(hm_buf_str(&text), &arena, &config, err);
	if (st != HM_OK)
		return st;
	assert_true(hm_str_is(config.created, "1970-01-01T00:00:00Z"));
	assert_true(hm_oci_platform_eq(&config.platform, &node->descriptor->platform));
	assert_int_equal(config.entrypoint_count, 1);
	copy_text(seen->user, config.user);
	copy_text(seen->entrypoint, config.entrypoint[0]);
	copy_text(seen->label, hm_oci_annotation(config.labels, config.label_count, "l"));
	return list_layer(seen, &m->layers[0], err);
}

static void test_content(void **state)
{
	const struct hm_json_pair annotation = { HM_STR("k"), HM_STR("v") }, label = { HM_STR("l"), HM_STR("w") };
	struct hm_image_opts opts = { .name = "b",
				      .user = "7:8",
				      .annotations = &annotation,
				      .annotation_count = 1,
				      .labels = &label,
				      .label_count = 1 };
	struct seen seen = { .paths = hm_buf_init(HM_MIB) };
	char digest[HM_OCI_DIGEST_LEN];
	struct hm_err err = { 0 };

	(void)state;
	put_program("one", "amd64");
	put_program("two", "arm64");
	assert_ok(assemble("image", &opts, digest, &err), &err);
	assert_ok(hm_oci_layout_open("image", &seen.layout, &err), &err);
	const struct hm_oci_index *top = hm_oci_layout_index(seen.layout);
	assert_int_equal(top->manifest_count, 1);
	assert_ok(hm_oci_layout_walk(seen.layout, look, &seen, &err), &err);
	assert_string_equal(seen.user, "7:8");
	assert_string_equal(seen.entrypoint, "/ko-app/b");
	assert_string_equal(seen.label, "w");
	assert_string_equal(seen.annotation, "v");
	assert_string_equal(seen.title, "b");
	assert_string_equal(seen.paths.ptr,
			    "etc 755 0\netc/group 444 0\netc/passwd 444 0\nko-app 555 0\nko-app/b 555 0\n"
			    "tmp 1777 0\n");
	hm_buf_done(&seen.paths);
	hm_oci_layout_free(seen.layout);
}

static void test_sbom(void **state)
{
	const struct hm_oci_platform arm = { .os = HM_STR("linux"), .arch = HM_STR("arm64"), .variant = HM_STR("v8") };
	const struct hm_oci_platform arm5 = { .os = HM_STR("linux"), .arch = HM_STR("arm"), .variant = HM_STR("v5") };
	struct hm_image_sbom_opts opts = { .tool = "test" };
	HM_OWN(hm_buf_done) struct hm_buf both = { 0 }, one = { 0 }, none = { 0 };
	char digest[HM_OCI_DIGEST_LEN];
	struct hm_err err = { 0 };

	(void)state;
	put_program("one", "amd64");
	put_program("two", "arm64");
	assert_ok(assemble("image", NULL, digest, &err), &err);
	assert_ok(hm_image_sbom_layout("image", &opts, &both, &err), &err);
	assert_non_null(strstr(both.ptr, digest));
	assert_non_null(strstr(both.ptr, "\"name\": \"b\""));
	assert_non_null(strstr(both.ptr, "for linux/amd64"));
	assert_non_null(strstr(both.ptr, "for linux/arm64"));
	opts.platform = &arm;
	assert_ok(hm_image_sbom_layout("image", &opts, &one, &err), &err);
	assert_null(strstr(one.ptr, "for linux/amd64"));
	opts.platform = &arm5;
	assert_refused("no such platform", hm_image_sbom_layout("image", &opts, &none, &err), &err,
		       HM_R_IMAGE_NO_PROGRAM);
}

static void test_refused(void **state)
{
	const struct hm_json_pair twice[] = { { HM_STR("k"), HM_STR("1") }, { HM_STR("k"), HM_STR("2") } };
	const struct hm_json_pair no_key = { HM_STR(""), HM_STR("1") }, no_utf8 = { HM_STR("k"), HM_STR("\xff") };
	const struct {
		const char *name;
		struct hm_image_opts opts;
		enum hm_reason want;
	} rows[] = {
		{ "label twice", { .name = "b", .labels = twice, .label_count = 2 }, HM_R_USAGE },
		{ "annotation twice", { .name = "b", .annotations = twice, .annotation_count = 2 }, HM_R_USAGE },
		{ "no key", { .name = "b", .annotations = &no_key, .annotation_count = 1 }, HM_R_USAGE },
		{ "no text", { .name = "b", .labels = &no_utf8, .label_count = 1 }, HM_R_JSON_ENCODING },
	};
	char digest[HM_OCI_DIGEST_LEN];
	struct hm_err err = { 0 };

	(void)state;
	put_program("one", "amd64");
	assert_refused("missing", assemble("image", NULL, digest, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_int_equal(symlink("one", "two"), 0);
	assert_int_equal(assemble("image", NULL, digest, &err), HM_EIO);
	assert_int_equal(unlink("two"), 0);
	assert_int_equal(mkdir("two", 0755), 0);
	assert_refused("folder", assemble("image", NULL, digest, &err), &err, HM_R_FILE_KIND);
	assert_int_equal(rmdir("two"), 0);
	put_program("two", "arm64");
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(rows[i].name, assemble("image", &rows[i].opts, digest, &err), &err, rows[i].want);
	assert_false(hm_path_is_there("image"));
	/* what is in the place of a layout stays */
	assert_int_equal(mkdir("image", 0755), 0);
	put("image/mine", "x");
	assert_refused("other folder", assemble("image", NULL, digest, &err), &err, HM_R_OCI_EXISTS);
	assert_holds("image/mine", "x");
}

static void test_no_memory(void **state)
{
	char digest[HM_OCI_DIGEST_LEN];

	(void)state;
	put_program("one", "amd64");
	put_program("two", "arm64");
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
		const struct hm_image_sbom_opts opts = { .tool = "test" };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = assemble("image", NULL, digest, &err);
		if (st == HM_OK)
			st = hm_image_sbom_layout("image", &opts, &text, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		/* a thread that could not be started is none: its work is done by the others */
		if (st != HM_OK && (st != HM_ENOMEM || !has_failed))
			fail_msg("allocation %lu: %s: %s", n, hm_status_name(st), err.cause);
		if (!has_failed)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_same),    in_folder(test_content),   in_folder(test_sbom),
		in_folder(test_refused), in_folder(test_no_memory),
	};

	return cmocka_run_group_tests_name("image/assemble", tests, NULL, NULL);
}
