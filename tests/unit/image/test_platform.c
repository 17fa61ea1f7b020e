/* Which platforms are built, in which order, with which level of the compiler; what the results are called. */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "image/platform.h"

static void test_targets(void **state)
{
	static const struct {
		const char *list, *files, *levels;
	} rows[] = {
		{ "linux/amd64", "p-linux-amd64", "GOAMD64=v1" },
		{ "linux/arm64,linux/amd64", "p-linux-amd64 p-linux-arm64", "GOAMD64=v1 GOARM64=v8.0" },
		{ " linux/arm64 ,linux/amd64", "p-linux-amd64 p-linux-arm64", "GOAMD64=v1 GOARM64=v8.0" },
		{ "linux/amd64/v3,linux/amd64", "p-linux-amd64 p-linux-amd64-v3", "GOAMD64=v1 GOAMD64=v3" },
		{ "linux/arm64/v8", "p-linux-arm64-v8", "GOARM64=v8.0" },
		{ "linux/arm64/v8.2", "p-linux-arm64-v8.2", "GOARM64=v8.2" },
		{ "linux/arm,linux/arm/v6", "p-linux-arm p-linux-arm-v6", "GOARM=7 GOARM=6" },
		{ "linux/s390x,linux/386", "p-linux-386 p-linux-s390x", "- -" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf files = hm_buf_init(HM_KIB), levels = hm_buf_init(HM_KIB);
		struct hm_image_target *targets;
		struct hm_err err = { 0 };
		size_t count;
		assert_ok(hm_image_targets_parse(hm_str(rows[i].list), &arena, &targets, &count, &err), &err);
		for (size_t n = 0; n < count; n++) {
			hm_buf_add_cstr(&files, n ? " " : "");
			hm_buf_add_cstr(&levels, n ? " " : "");
			hm_image_file_name("p", &targets[n].platform, &files);
			if (targets[n].level_name)
				hm_buf_addf(&levels, "%s=%s", targets[n].level_name, targets[n].level);
			else
				hm_buf_add_char(&levels, '-');
		}
		assert_string_equal(files.ptr, rows[i].files);
		assert_string_equal(levels.ptr, rows[i].levels);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *list;
		enum hm_reason want;
	} rows[] = {
		{ "", HM_R_OCI_PLATFORM },
		{ "linux", HM_R_OCI_PLATFORM },
		{ "linux/amd64,", HM_R_OCI_PLATFORM },
		{ "linux/amd64/v1/x", HM_R_OCI_PLATFORM },
		{ "all", HM_R_IMAGE_PLATFORM },
		{ "windows/amd64", HM_R_IMAGE_PLATFORM },
		{ "linux/vax", HM_R_IMAGE_PLATFORM },
		{ "linux/amd64/v5", HM_R_IMAGE_PLATFORM },
		{ "linux/amd64/v8", HM_R_IMAGE_PLATFORM },
		{ "linux/s390x/v1", HM_R_IMAGE_PLATFORM },
		{ "linux/arm/v8", HM_R_IMAGE_PLATFORM },
		{ "linux/amd64,linux/arm64,linux/amd64", HM_R_IMAGE_PLATFORM },
		{ "linux/arm64,linux/arm64/v8", HM_R_IMAGE_PLATFORM },
		{ "linux/amd64/v1,linux/amd64", HM_R_IMAGE_PLATFORM },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_image_target *targets;
		struct hm_err err = { 0 };
		size_t count;
		assert_refused(rows[i].list,
			       hm_image_targets_parse(hm_str(rows[i].list), &arena, &targets, &count, &err), &err,
			       rows[i].want);
	}
}

/* All that there are fit: HM_MAX_IMAGE_PLATFORMS only bounds the array. */
static void test_all(void **state)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf list = hm_buf_init(HM_MIB);
	static const char *const archs[] = { "386", "loong64", "mips64le", "ppc64le", "riscv64", "s390x" };
	struct hm_image_target *targets;
	struct hm_err err = { 0 };
	size_t count, made = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(archs); i++, made++)
		hm_buf_addf(&list, "linux/%s,", archs[i]);
	for (int i = 1; i <= 4; i++, made++)
		hm_buf_addf(&list, "linux/amd64/v%d,", i);
	for (int i = 5; i <= 7; i++, made++)
		hm_buf_addf(&list, "linux/arm/v%d,", i);
	for (int i = 0; i < 10; i++, made++)
		hm_buf_addf(&list, "linux/arm64/v8.%d,", i);
	list.ptr[--list.len] = '\0';
	assert_true(made < HM_MAX_IMAGE_PLATFORMS);
	assert_ok(hm_image_targets_parse(hm_buf_str(&list), &arena, &targets, &count, &err), &err);
	assert_int_equal(count, made);
}

static void test_allocation(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_image_target *targets;
		size_t count;
		hm_mem_fail_at(n);
		enum hm_status st =
		    hm_image_targets_parse(HM_STR("linux/amd64,linux/arm64"), &arena, &targets, &count, NULL);
		if (walk_is_over(st, NULL))
			return;
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *name; /* NULL: refused */
	} rows[] = {
		{ "example.com/a/cmd/app", "app" },
		{ "example.com/app/v2", "app" },
		{ "example.com/app/v10", "app" },
		{ "example.com/app/v1", "v1" },
		{ "example.com/app/v0", "v0" },
		{ "example.com/app/v02", "v02" },
		{ "example.com/app/v2x", "v2x" },
		{ "example.com/app/v", "v" },
		{ "example.com/app/v2/v3", "v2" },
		{ "gopkg.in/app.v2", "app.v2" },
		{ "v2", "v2" },
		{ "app", "app" },
		{ "a/v2", "a" },
		{ "", NULL },
		{ "a/", NULL },
		{ "/v2", NULL },
		{ "a/..", NULL },
		{ "a/.b", NULL },
		{ "a/-o", NULL },
		{ "a/b\nc", NULL },
		{ "a/\xc3\xa9", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str name;
		struct hm_err err = { 0 };
		enum hm_status st = hm_image_program_name(hm_str(rows[i].path), &name, &err);
		if (!rows[i].name) {
			assert_refused(rows[i].path, st, &err, HM_R_IMAGE_PACKAGE);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_is(name, rows[i].name));
	}
	char path[HM_MAX_IMAGE_NAME + 4] = "a/";
	struct hm_str name;
	memset(path + 2, 'b', HM_MAX_IMAGE_NAME);
	assert_int_equal(hm_image_program_name(hm_str(path), &name, NULL), HM_OK);
	path[HM_MAX_IMAGE_NAME + 2] = 'b';
	assert_int_equal(hm_image_program_name(hm_str(path), &name, NULL), HM_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),    cmocka_unit_test(test_refused), cmocka_unit_test(test_all),
		cmocka_unit_test(test_allocation), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("image/platform", tests, NULL, NULL);
}
