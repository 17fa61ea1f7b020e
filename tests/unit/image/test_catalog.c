/* Go programs in layers, as their container would see them; in folders and files; and the SBOM of them. */
#include "base/folder.h"

#include "image/catalog.h"
#include "image/program.h"
#include "image/sbom.h"

static const struct hm_archive_opts twice = { .allow_twice = true };

static enum hm_status read_layer(struct hm_image_catalog *catalog, size_t image, struct hm_str words,
				 struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(16 * HM_MIB);
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;

	enum hm_status st = make_layer(words, &tar);
	if (st == HM_OK)
		st = hm_archive_open_memory(hm_buf_str(&tar), "layer", &twice, &archive, err);
	return st == HM_OK ? hm_image_catalog_layer(catalog, image, archive, err) : st;
}

static void test_layers(void **state)
{
	static const struct {
		const char *layers, *want; /* layers from the lowest on, with '|' between them */
	} rows[] = {
		{ "g:ko-app/hello t:etc/passwd", "/ko-app/hello" },
		{ "g:a g:b", "/a /b" },
		{ "t:a", "" },
		{ "", "" },
		{ "g:a|t:a", "" },
		{ "g:a|g:a", "/a" },
		{ "g:a g:a", "/a" },
		{ "t:a|g:a", "/a" },
		{ "g:a/b|s:a=c", "" },
		{ "g:a/b|t:a", "" },
		{ "g:a/b|d:a", "/a/b" },
		{ "g:a|d:a", "" },
		{ "g:ab|t:a", "/ab" },
		/* whiteouts: of a file, of a folder, opaque; never of what the same layer brings, nor of what is beside
		 */
		{ "g:a|t:.wh.a", "" },
		{ "g:x/a|t:x/.wh.a", "" },
		{ "g:x/a g:x/ab|t:x/.wh.a", "/x/ab" },
		{ "g:x/y/a|t:x/.wh.y", "" },
		{ "g:x/a|t:.wh.a", "/x/a" },
		{ "g:x/a|t:.wh.x g:x/b", "/x/b" },
		{ "g:x/a|g:x/b t:.wh.x", "/x/b" },
		{ "g:x/a g:y|t:x/.wh..wh..opq", "/y" },
		{ "g:x/a|g:x/b t:x/.wh..wh..opq", "/x/b" },
		{ "g:x|t:x/.wh..wh..opq", "/x" },
		{ "g:x/a g:y|t:.wh..wh..opq", "" },
		{ "g:x/a|t:.wh..wh.plnk|t:x/.wh.", "/x/a" },
		{ "g:a|t:.wh.a|g:a", "/a" },
		{ "g:a t:.wh.a", "/a" },
		/* hard links live on without the name that they were made of */
		{ "g:a h:b=a", "/a /b" },
		{ "g:a h:b=a|t:.wh.a", "/b" },
		{ "t:a h:b=a", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf got = hm_buf_init(HM_KIB);
		struct hm_str rest = hm_str(rows[i].layers), layer;
		struct hm_err err = { 0 };
		while (hm_str_next(&rest, '|', &layer))
			assert_ok(read_layer(&catalog, 7, layer, &err), &err);
		hm_buf_add_cstr(&got, "");
		for (size_t n = 0; n < catalog.count; n++) {
			assert_int_equal(catalog.found[n].image, 7);
			hm_buf_addf(&got, "%s%s", n ? " " : "", catalog.found[n].path);
		}
		if (!hm_str_is(hm_buf_str(&got), rows[i].want))
			fail_msg("%s: wanted '%s', got '%.*s'", rows[i].layers, rows[i].want,
				 HM_STR_ARG(hm_buf_str(&got)));
	}
}

/* What one image hides stays in another. */
static void test_images(void **state)
{
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	assert_ok(read_layer(&catalog, 0, HM_STR("g:a"), &err), &err);
	assert_ok(read_layer(&catalog, 1, HM_STR("g:a"), &err), &err);
	assert_ok(read_layer(&catalog, 1, HM_STR("t:.wh.a"), &err), &err);
	assert_int_equal(catalog.count, 1);
	assert_int_equal(catalog.found[0].image, 0);
	assert_true(hm_str_is(catalog.found[0].binary->info.path, "a/b"));
}

static void test_too_many(void **state)
{
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf words = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	(void)state;
	hm_buf_add_cstr(&words, "g:0");
	for (size_t i = 1; i < HM_MAX_IMAGE_PROGRAMS; i++)
		hm_buf_addf(&words, " h:%zu=0", i);
	assert_ok(read_layer(&catalog, 0, hm_buf_str(&words), &err), &err);
	assert_int_equal(catalog.count, HM_MAX_IMAGE_PROGRAMS);
	assert_refused("one more", read_layer(&catalog, 0, HM_STR("g:one-more"), &err), &err, HM_R_IMAGE_LIMIT);
}

/* A list without a program whose modules cannot be told would claim to be complete. */
static void test_unreadable(void **state)
{
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf program = hm_buf_init(HM_MIB), tar = hm_buf_init(HM_MIB);
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	struct hm_tar writer;
	struct hm_err err = { 0 };

	(void)state;
	add_go_program(&program, "nonsense\tbuild\t=x\nbuild\t=x\n");
	hm_tar_init(&writer, hm_sink_buf(&tar));
	const struct hm_tar_entry entry = { .path = HM_STR("x/bad"), .kind = HM_ARCHIVE_FILE, .size = program.len };
	assert_ok(hm_tar_add(&writer, &entry, hm_buf_str(&program), &err), &err);
	assert_ok(hm_tar_finish(&writer, &err), &err);
	assert_ok(hm_archive_open_memory(hm_buf_str(&tar), "layer", NULL, &archive, &err), &err);
	assert_refused("bad build info", hm_image_catalog_layer(&catalog, 0, archive, &err), &err,
		       HM_R_GOLANG_BUILDINFO);
	assert_non_null(strstr(err.ctx, "/x/bad"));
}

static void put_program(const char *path)
{
	HM_OWN(hm_buf_done) struct hm_buf program = hm_buf_init(HM_MIB);

	add_go_program(&program, "path\ta/b\nmod\ta\tv1.2.3\t\ndep\tc.d/e\tv1.0.0\n"
				 "build\tGOOS=linux\nbuild\tGOARCH=arm64\n");
	assert_int_equal(hm_file_save(path, hm_buf_str(&program), 0644, NULL), HM_OK);
}

static void test_folder(void **state)
{
	const struct hm_image_sbom_opts opts = { .tool = "test" };
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	assert_int_equal(hm_dir_make("f/sub", 0755, NULL), HM_OK);
	put("f/text", "no program");
	put("f/empty", "");
	assert_refused("no program", hm_image_sbom_folder("f", &opts, &text, &err), &err, HM_R_IMAGE_NO_PROGRAM);
	assert_refused("a text", hm_image_sbom_file("f/text", &opts, &text, &err), &err, HM_R_GOLANG_NO_BUILDINFO);
	assert_refused("nothing", hm_image_sbom_file("f/none", &opts, &text, &err), &err, HM_R_FILE_NOT_FOUND);
	put_program("outside");
	put_program("f/sub/p");
	assert_int_equal(symlink("../outside", "f/link"), 0);
	assert_int_equal(mkfifo("f/pipe", 0644), 0);
	assert_ok(hm_image_catalog_folder(&catalog, "f", &err), &err);
	assert_int_equal(catalog.count, 1);
	assert_string_equal(catalog.found[0].path, "sub/p");
	assert_ok(hm_image_sbom_folder("f/", &opts, &text, &err), &err);
	assert_non_null(strstr(text.ptr, "\"name\": \"f\""));
	assert_non_null(strstr(text.ptr, "pkg:golang/c.d/e@v1.0.0"));
	assert_non_null(strstr(text.ptr, "package a/b for linux/arm64, linked by go1.26.8"));
}

/* Whether the n-th allocation failed; the answer of act must then be that. */
static bool fails_at(unsigned long n, enum hm_status (*act)(struct hm_err *err))
{
	struct hm_err err = { 0 };

	hm_mem_fail_at(n);
	enum hm_status st = act(&err);
	bool has_failed = hm_mem_has_failed();
	hm_mem_fail_at(0);
	if (st != (has_failed ? HM_ENOMEM : HM_OK))
		fail_msg("allocation %lu: %s: %s", n, hm_status_name(st), err.cause);
	return has_failed;
}

static struct hm_buf layer_bytes;

static enum hm_status read_once(struct hm_err *err)
{
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;

	enum hm_status st = hm_archive_open_memory(hm_buf_str(&layer_bytes), "layer", &twice, &archive, err);
	return st == HM_OK ? hm_image_catalog_layer(&catalog, 0, archive, err) : st;
}

static enum hm_status describe_once(struct hm_err *err)
{
	const struct hm_image_sbom_opts opts = { .tool = "test" };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	return hm_image_sbom_file("p", &opts, &text, err);
}

static void test_no_memory(void **state)
{
	(void)state;
	layer_bytes = hm_buf_init(HM_MIB);
	put_program("p");
	assert_int_equal(make_layer(HM_STR("g:a h:b=a t:c g:a t:x/.wh.y"), &layer_bytes), HM_OK);
	for (unsigned long n = 1; fails_at(n, read_once); n++)
		;
	for (unsigned long n = 1; fails_at(n, describe_once); n++)
		;
	hm_buf_done(&layer_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),     cmocka_unit_test(test_images), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_unreadable), in_folder(test_folder),        in_folder(test_no_memory),
	};

	return cmocka_run_group_tests_name("image/catalog", tests, NULL, NULL);
}
