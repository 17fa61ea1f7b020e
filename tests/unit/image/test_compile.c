/* Compiling, with a stand-in for the go command: what it is called with, and what is made of each way in which it ends.
 */
#include "base/folder.h"

#include "base/limits.h"
#include "image/compile.h"
#include "image/program.h"

static void test_ldflags(void **state)
{
	static const char *const good[] = {
		"", "-s -w", "-X main.version=v1 -s", "-X=main.o=-o", "-buildid=", "-X main.a=--linkmode"
	};
	static const char *const bad[] = { "-linkmode=external",
					   "-linkmode external",
					   "--linkmode=external",
					   "-s -extld=cc",
					   "-extldflags=-static",
					   "-o x",
					   "-o=x",
					   "-w  -buildmode=pie",
					   "-cpuprofile=/tmp/x",
					   "-race",
					   "-s\t-linkmode=external",
					   "-s\n-o x",
					   "'-linkmode=external'",
					   "-s \"-linkmode=external\"",
					   "std=-linkmode=external",
					   "x" };

	(void)state;
	assert_int_equal(hm_image_check_ldflags(NULL, NULL), HM_OK);
	for (size_t i = 0; i < COUNT(good); i++) {
		struct hm_err err = { 0 };
		assert_ok(hm_image_check_ldflags(good[i], &err), &err);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hm_err err = { 0 };
		assert_refused(bad[i], hm_image_check_ldflags(bad[i], &err), &err, HM_R_USAGE);
	}
}

static void test_go_failed(void **state)
{
	static const struct {
		const char *printed, *cause;
		enum hm_reason want;
	} rows[] = {
		{ "main.go:3:8: no required module\n", "main.go:3:8: no required module", HM_R_IMAGE_COMPILE },
		{ "a\nmain.go:3:8: x: module lookup disabled by GOPROXY=off\nb\n",
		  "main.go:3:8: x: module lookup disabled by GOPROXY=off", HM_R_GOLANG_NOT_FETCHED },
		{ "verifying a@v1.0.0: checksum mismatch\n\tdownloaded: h1:x\n\tgo.sum:     h1:y\n",
		  "verifying a@v1.0.0: checksum mismatch", HM_R_GOLANG_SUM },
		{ "a\nx.go:1:2: open /m/cache/download/a/@v/v1.lock: read-only file system",
		  "x.go:1:2: open /m/cache/download/a/@v/v1.lock: read-only file system", HM_R_GOLANG_NOT_FETCHED },
		{ "main.go:3:8: missing go.sum entry for module a; to add it:\n\tgo mod download a\n",
		  "main.go:3:8: missing go.sum entry for module a; to add it:", HM_R_GOLANG_NOT_IN_SUM },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		assert_refused(rows[i].printed, hm_image_go_failed(hm_str(rows[i].printed), &err), &err, rows[i].want);
		assert_string_equal(err.cause, rows[i].cause);
	}
	/* of many lines the last ones, whole */
	HM_OWN(hm_buf_done) struct hm_buf many = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	for (int i = 0; i < 1000; i++)
		hm_buf_addf(&many, "line %d\n", i);
	assert_refused("many", hm_image_go_failed(hm_buf_str(&many), &err), &err, HM_R_IMAGE_COMPILE);
	assert_int_equal(strncmp(err.cause, "line ", 5), 0);
	assert_non_null(strstr(err.cause, "line 999"));
}

/* --- a stand-in --- */

#define SETTINGS "build\tGOOS=linux\nbuild\tGOAMD64=v1\nbuild\t-trimpath=true\n"

static void put_program(const char *settings)
{
	HM_OWN(hm_buf_done) struct hm_buf program = hm_buf_init(HM_MIB), info = hm_buf_init(HM_KIB);

	hm_buf_addf(&info, "path\ta/b\nmod\ta\t(devel)\t\n%s", settings);
	add_go_program(&program, info.ptr);
	assert_int_equal(hm_file_save("program", hm_buf_str(&program), 0600, NULL), HM_OK);
}

/* A go command: a script, in which HERE is this test's folder and $3 what stands behind -o. */
static void put_go(const char *script)
{
	HM_OWN(hm_freep) char *here = NULL;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);

	assert_int_equal(hm_path_resolve(".", &here, NULL), HM_OK);
	hm_buf_addf(&text, "#!/bin/sh\nHERE=%s\n%s\n", here, script);
	assert_int_equal(hm_dir_make("goroot/bin", 0755, NULL), HM_OK);
	assert_int_equal(hm_file_save("goroot/bin/go", hm_buf_str(&text), 0755, NULL), HM_OK);
}

static enum hm_status compile(enum hm_image_isolation isolation, const char *ldflags, struct hm_buf *ret_log,
			      struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_freep) char *here = NULL;
	struct hm_image_target *targets;
	size_t count;

	enum hm_status st = hm_path_resolve(".", &here, err);
	if (st == HM_OK)
		st = hm_image_targets_parse(HM_STR("linux/amd64"), &arena, &targets, &count, err);
	if (st == HM_OK)
		st = hm_dir_make("out", 0755, err);
	if (st != HM_OK)
		return st;
	const struct hm_image_compile_opts opts = {
		.name = "b",
		.root = here,
		.module = here,
		.package = "a/b",
		.goroot = "goroot",
		.gomodcache = "mod",
		.gocache = "cache",
		.ldflags = ldflags,
		.isolation = isolation,
		.out = "out",
		.jobs = 1,
	};
	return hm_image_compile(&opts, targets, count, ret_log, err);
}

static void test_called_with(void **state)
{
	HM_OWN(hm_buf_done) struct hm_buf log = { 0 }, said = { 0 };
	struct hm_err err = { 0 };
	struct stat info;

	(void)state;
	put_program(SETTINGS "build\tGOARCH=amd64\nbuild\tCGO_ENABLED=0\n");
	put_go("{ printf '%s\\n' \"$@\"; pwd; env; } > $HERE/said; echo a warning; cp $HERE/program $3");
	assert_int_equal(setenv("GOFLAGS", "-mod=vendor -tags=evil", 1), 0);
	assert_int_equal(setenv("CGO_ENABLED", "1", 1), 0);
	mode_t before = umask(0077);
	enum hm_status st = compile(HM_IMAGE_NONE, "-s -w", &log, &err);
	umask(before);
	assert_ok(st, &err);
	assert_string_equal(log.ptr, "a warning\n");
	assert_int_equal(stat("out/b-linux-amd64", &info), 0);
	assert_int_equal(info.st_mode, S_IFREG | 0755);
	assert_int_equal(count_entries("out"), 1);
	assert_int_equal(hm_file_read("said", HM_MIB, &said, NULL), HM_OK);
	static const char *const wanted[] = { "build\n-o\n",
					      "-ldflags=-s -w\n--\na/b\n",
					      "GOFLAGS=-mod=readonly -trimpath",
					      "CGO_ENABLED=0\n",
					      "GOARCH=amd64\n",
					      "GOPROXY=off\n",
					      "GOAMD64=v1\n",
					      "GOENV=off\n",
					      "HOME=/nonexistent\n" };
	for (size_t i = 0; i < COUNT(wanted); i++) {
		if (!strstr(said.ptr, wanted[i]))
			fail_msg("'%s' is not in: %s", wanted[i], said.ptr);
	}
	assert_null(strstr(said.ptr, "evil"));
	assert_int_equal(unsetenv("GOFLAGS"), 0);
	assert_int_equal(unsetenv("CGO_ENABLED"), 0);
}

static void test_ends(void **state)
{
	static const struct {
		const char *name, *settings, *script;
		enum hm_reason want;
	} rows[] = {
		{ "other architecture", "build\tGOARCH=arm64\nbuild\tCGO_ENABLED=0\n", "cp $HERE/program $3",
		  HM_R_IMAGE_PROGRAM },
		{ "with cgo", "build\tGOARCH=amd64\nbuild\tCGO_ENABLED=1\n", "cp $HERE/program $3",
		  HM_R_IMAGE_PROGRAM },
		{ "nothing said of cgo", "build\tGOARCH=amd64\n", "cp $HERE/program $3", HM_R_IMAGE_PROGRAM },
		{ "no Go program", "", "cp /bin/sh $3", HM_R_GOLANG_NO_BUILDINFO },
		{ "nothing", "", "", HM_R_FILE_NOT_FOUND },
		{ "a link", "build\tGOARCH=amd64\nbuild\tCGO_ENABLED=0\n", "ln -s $HERE/program $3", HM_R_FILE_IO },
		{ "a pipe", "", "mkfifo $3", HM_R_IMAGE_PROGRAM },
		{ "refused", "", "echo bad >&2; exit 1", HM_R_IMAGE_COMPILE },
		{ "not fetched", "", "echo x: module lookup disabled by GOPROXY=off; exit 1", HM_R_GOLANG_NOT_FETCHED },
		{ "killed", "", "kill -9 $$", HM_R_IMAGE_COMPILE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int step = 0; step < 2; step++) {
			HM_OWN(hm_buf_done) struct hm_buf log = { 0 }, settings = hm_buf_init(HM_KIB);
			struct hm_err err = { 0 };
			hm_buf_addf(&settings, "%s%s", SETTINGS, rows[i].settings);
			put_program(settings.ptr);
			put_go(rows[i].script);
			assert_refused(rows[i].name, compile(step ? HM_IMAGE_STEP : HM_IMAGE_NONE, NULL, &log, &err),
				       &err, rows[i].want);
			assert_false(hm_path_is_there("out/b-linux-amd64"));
			assert_int_equal(hm_tree_remove("out", NULL), HM_OK);
		}
	}
}

/* A compiler that prints more than HM_MAX_IMAGE_LOG goes on, and the rest is dropped. */
static void test_long_log(void **state)
{
	HM_OWN(hm_buf_done) struct hm_buf log = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	put_program(SETTINGS "build\tGOARCH=amd64\nbuild\tCGO_ENABLED=0\n");
	put_go("head -c 3000000 /dev/zero | tr '\\0' x; cp $HERE/program $3");
	assert_ok(compile(HM_IMAGE_NONE, NULL, &log, &err), &err);
	assert_true(log.len > 0 && log.len <= HM_MAX_IMAGE_LOG);
}

static void test_no_memory(void **state)
{
	(void)state;
	put_program(SETTINGS "build\tGOARCH=amd64\nbuild\tCGO_ENABLED=0\n");
	put_go("cp $HERE/program $3");
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf log = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = compile(HM_IMAGE_STEP, NULL, &log, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(hm_tree_remove("out", NULL), HM_OK);
		/* the log is for people and may be missing */
		if (st != HM_OK && (st != HM_ENOMEM || !has_failed))
			fail_msg("allocation %lu: %s: %s", n, hm_status_name(st), err.cause);
		if (!has_failed)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ldflags), cmocka_unit_test(test_go_failed), in_folder(test_called_with),
		in_folder(test_ends),           in_folder(test_long_log),         in_folder(test_no_memory),
	};

	return cmocka_run_group_tests_name("image/compile", tests, NULL, NULL);
}
