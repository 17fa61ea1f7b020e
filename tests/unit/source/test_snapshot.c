/* Copies of sources: from git in all its states, and without it. */
#include "source/snapshot.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/tree.h"

#include "unit.h"

#include <sys/stat.h>

static char *folder;

static int setup(void **state)
{
	(void)state;
	return hm_dir_make_temp("/tmp", "source-", &folder, NULL) == HM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(folder, NULL);

	free(folder);
	return st == HM_OK ? 0 : -1;
}

/* Run a script in a fresh folder with the tree `w` to work in and an empty `copy`. */
static void script(const char *text)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin",
					   "HOME=/nonexistent",
					   "GIT_CONFIG_GLOBAL=/dev/null",
					   "GIT_AUTHOR_NAME=a",
					   "GIT_AUTHOR_EMAIL=a@example.com",
					   "GIT_COMMITTER_NAME=a",
					   "GIT_COMMITTER_EMAIL=a@example.com",
					   "GIT_AUTHOR_DATE=1700000000 +0000",
					   "GIT_COMMITTER_DATE=1700000000 +0000",
					   NULL };
	HM_OWN(hm_freep)
	char *whole = hm_asprintf("set -e; umask 022; rm -rf w copy other; mkdir w copy; cd w; %s", text);
	const char *argv[] = { "/bin/sh", "-c", whole, NULL };
	struct hm_proc_opts opts = { .argv = argv, .env = env, .dir = folder };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_proc_run(&opts, HM_STR(""), 20000, 1 << 20, &result, &err), &err);
	if (result.exit_code != 0)
		print_message("# %s\n# %.*s\n", whole, (int)result.err.len, result.err.ptr);
	assert_int_equal(result.exit_code, 0);
}

static enum hm_status copy(const char *dir, struct hm_source *ret, struct hm_err *err)
{
	HM_OWN(hm_freep) char *from = hm_asprintf("%s/%s", folder, dir), *into = hm_asprintf("%s/copy", folder);

	return hm_source_snapshot(from, into, true, NULL, ret, err);
}

static bool is_there(const char *name)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/copy/%s", folder, name);
	struct stat info;

	return lstat(path, &info) == 0;
}

#define REPO                                                                                                           \
	"git init -q -b main .; printf 'module a\\n' >go.mod; echo 'package main' >main.go; mkdir sub; echo x >sub/x;" \
	" printf '#!/bin/sh\\n' >run; chmod +x run; ln -s sub/x link; printf 'out\\n*.log\\n' >.gitignore;"            \
	" git add -A; git commit -qm one; "

static const struct {
	const char *name, *script;
	enum hm_source_state state;
	const char *changed; /* NULL: nothing */
	uint64_t files, ignored, submodules;
} repositories[] = {
	{ "clean", REPO, HM_SOURCE_COMMIT, NULL, 6, 0, 0 },
	{ "touched", REPO "touch -d '2001-01-01' main.go", HM_SOURCE_COMMIT, NULL, 6, 0, 0 },
	{ "results of a run",
	  REPO "mkdir -p .hallmark/out sub/.hallmark; echo y >.hallmark/out/y; echo z >sub/.hallmark/z",
	  HM_SOURCE_COMMIT, NULL, 6, 0, 0 },
	{ "ignored", REPO "mkdir out; echo y >out/y; echo y >out/z; echo y >a.log", HM_SOURCE_COMMIT, NULL, 6, 2, 0 },
	{ "content", REPO "echo '// x' >>main.go", HM_SOURCE_DIRTY, "main.go", 6, 0, 0 },
	{ "content that git was told not to look at",
	  REPO "git update-index --assume-unchanged main.go; echo >>main.go", HM_SOURCE_DIRTY, "main.go", 6, 0, 0 },
	{ "content, only staged", REPO "echo >>sub/x; git add -A", HM_SOURCE_DIRTY, "sub/x", 6, 0, 0 },
	{ "mode", REPO "chmod -x run", HM_SOURCE_DIRTY, "run", 6, 0, 0 },
	{ "link's target", REPO "ln -sf run link", HM_SOURCE_DIRTY, "link", 6, 0, 0 },
	{ "file for link", REPO "rm link; echo x >link", HM_SOURCE_DIRTY, "link", 6, 0, 0 },
	{ "removed", REPO "rm sub/x", HM_SOURCE_DIRTY, "sub/x", 5, 0, 0 },
	{ "removed folder", REPO "rm -r sub", HM_SOURCE_DIRTY, "sub/x", 5, 0, 0 },
	{ "folder became a link", REPO "mv sub out; ln -s out sub", HM_SOURCE_DIRTY, "sub", 6, 1, 0 },
	{ "untracked", REPO "echo >zz", HM_SOURCE_DIRTY, "zz", 7, 0, 0 },
	{ "no commit", "git init -q .; echo 'module a' >go.mod", HM_SOURCE_DIRTY, "go.mod", 1, 0, 0 },
	{ "names of 64 digits",
	  "git init -q --object-format=sha256 .; echo 'module a' >go.mod; git add .; git commit -qm one",
	  HM_SOURCE_COMMIT, NULL, 1, 0, 0 },
	{ "a repository inside", REPO "git init -q in; echo x >in/x; git -C in add .; git -C in commit -qm one",
	  HM_SOURCE_COMMIT, NULL, 6, 0, 1 },
	{ "a submodule",
	  REPO "git init -q in; echo x >in/x; git -C in add .; git -C in commit -qm one; git add in 2>&1;"
	       " git commit -qm two",
	  HM_SOURCE_COMMIT, NULL, 6, 0, 1 },
	{ "another work tree", "git init -q ../other; cd ../other; " REPO "rmdir ../w; git worktree add -q ../w -b two",
	  HM_SOURCE_COMMIT, NULL, 6, 0, 0 },
	{ "borrowed objects", "mkdir ../other; cd ../other; " REPO "rmdir ../w; git clone -q --shared . ../w",
	  HM_SOURCE_COMMIT, NULL, 6, 0, 0 },
	{ "strange names", REPO "echo >' $(x)\"'; git add -A; git commit -qm two", HM_SOURCE_COMMIT, NULL, 7, 0, 0 },
	{ "no git", "echo 'module a' >go.mod; mkdir -p .hallmark/out; echo >.hallmark/out/x; ln -s nowhere link",
	  HM_SOURCE_UNKNOWN, NULL, 2, 0, 0 },
};

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(repositories); i++) {
		HM_OWN(hm_source_done) struct hm_source source = { 0 };
		struct hm_err err = { 0 };

		print_message("# %s\n", repositories[i].name);
		script(repositories[i].script);
		assert_ok(copy("w", &source, &err), &err);
		if (source.changed)
			print_message("# changed: %s\n", source.changed);
		assert_string_equal(hm_source_state_name(source.state), hm_source_state_name(repositories[i].state));
		if (repositories[i].changed)
			assert_string_equal(source.changed, repositories[i].changed);
		assert_int_equal(source.files, repositories[i].files);
		assert_int_equal(source.ignored, repositories[i].ignored);
		assert_int_equal(source.submodules, repositories[i].submodules);
		assert_int_equal(!source.head[0],
				 source.state == HM_SOURCE_UNKNOWN || strcmp(repositories[i].name, "no commit") == 0);
		assert_false(is_there(".hallmark"));
		assert_false(is_there(".git"));
	}
}

/* The copy has the same bytes, modes and links, and one hash whether git was there or not. */
static void test_copy(void **state)
{
	(void)state;
	HM_OWN(hm_source_done) struct hm_source source = { 0 }, plain = { 0 };
	struct hm_err err = { 0 };

	script(REPO "git remote add origin https://me:secret@example.com/a.git");
	assert_ok(copy("w", &source, &err), &err);
	assert_string_equal(source.remote, "https://example.com/a.git");
	assert_string_equal(source.dir, ".");
	assert_int_equal(strlen(source.head), 40);
	script(REPO "umask 077; mkdir ../other; git archive HEAD | tar -x -C ../other; cd ..; rm -rf w; mv other w");
	assert_ok(copy("w", &plain, &err), &err);
	assert_memory_equal(source.tree.b, plain.tree.b, HM_HASH_LEN);
	assert_true(is_there("link"));
	HM_OWN(hm_freep) char *run = hm_asprintf("%s/copy/run", folder), *sub = hm_asprintf("%s/copy/sub", folder);
	struct stat info;
	assert_int_equal(stat(run, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0755);
	assert_int_equal(stat(sub, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0755);
}

/* A module below the top; and one that only happens to lie in somebody's repository. */
static void test_where(void **state)
{
	(void)state;
	HM_OWN(hm_source_done) struct hm_source in = { 0 }, out = { 0 };
	struct hm_err err = { 0 };

	script(REPO "mkdir -p deep/mod; echo 'module b' >deep/mod/go.mod; git add -A; git commit -qm two");
	assert_ok(copy("w/deep/mod", &in, &err), &err);
	assert_string_equal(in.dir, "deep/mod");
	assert_true(is_there("main.go"));
	script(REPO "mkdir out; echo 'module b' >out/go.mod");
	assert_ok(copy("w/out", &out, &err), &err);
	assert_string_equal(out.dir, ".");
	assert_int_equal(out.state, HM_SOURCE_UNKNOWN);
	assert_int_equal(out.files, 1);
}

/* What a repository's own configuration would run does nothing outside. */
static void test_hostile_repository(void **state)
{
	(void)state;
	HM_OWN(hm_source_done) struct hm_source source = { 0 };
	HM_OWN(hm_freep) char *touched = hm_asprintf("%s/touched", folder);
	HM_OWN(hm_freep)
	char *text = hm_asprintf(REPO "git config core.fsmonitor 'touch %s'; git config core.pager 'touch %s';"
				      "git config filter.x.clean 'touch %s'; echo '* filter=x' >.gitattributes",
				 touched, touched, touched);
	struct hm_err err = { 0 };

	script(text);
	assert_ok(copy("w", &source, &err), &err);
	assert_int_equal(source.state, HM_SOURCE_DIRTY);
	assert_false(hm_path_is_there(touched));
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *script;
		enum hm_reason reason;
	} rows[] = {
		{ "a pipe", "echo 'module a' >go.mod; mkfifo pipe", HM_R_SOURCE_FILE },
		{ "a line feed", "touch \"$(printf 'a\\nb')\"", HM_R_SOURCE_FILE },
		{ "no such repository", "echo 'gitdir: /nowhere' >.git", HM_R_FILE_NOT_FOUND },
		{ "a .git of another kind", "echo 'hello' >.git", HM_R_SOURCE_GIT },
		{ "a broken HEAD", REPO "rm -r .git/objects/*", HM_R_SOURCE_GIT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_source_done) struct hm_source source = { 0 };
		struct hm_err err = { 0 };
		script(rows[i].script);
		enum hm_status st = copy("w", &source, &err);
		assert_refused(rows[i].name, st, &err, rows[i].reason);
	}
}

static void test_urls(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "https://u:p@h/a@b", "https://h/a@b" },
		{ "https://h/a", "https://h/a" },
		{ "git@h:a/b", "git@h:a/b" },
		{ "ssh://git@h/a", "ssh://h/a" },
		{ "https://t@u@h", "https://h" },
		{ "/a/b", "/a/b" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep) char *url = NULL;
		struct hm_err err = { 0 };
		assert_ok(hm_source_url_clean(hm_str(rows[i][0]), &url, &err), &err);
		assert_string_equal(url, rows[i][1]);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *from = hm_asprintf("%s/w", folder), *into = hm_asprintf("%s/copy", folder);

	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_source_done) struct hm_source source = { 0 };
		struct hm_err err = { 0 };
		script("echo 'module a' >go.mod; ln -s x y");
		hm_mem_fail_at(n);
		enum hm_status st = hm_source_snapshot(from, into, true, NULL, &source, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		if (st != HM_OK)
			assert_refused("allocation", st, &err, HM_R_NO_MEMORY);
	}
}

static void test_stopped(void **state)
{
	static volatile sig_atomic_t stop;
	HM_OWN(hm_freep) char *from = hm_asprintf("%s/w", folder), *into = hm_asprintf("%s/copy", folder);
	HM_OWN(hm_source_done) struct hm_source source = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	script("echo 'module a' >go.mod");
	stop = SIGTERM;
	enum hm_status st = hm_source_snapshot(from, into, true, &stop, &source, &err);
	assert_refused("stopped", st, &err, HM_R_INTERRUPTED);
	assert_int_equal(err.sys, SIGTERM);
	stop = 0;
	assert_ok(hm_source_snapshot(from, into, true, &stop, &source, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),    cmocka_unit_test(test_copy),
		cmocka_unit_test(test_where),     cmocka_unit_test(test_hostile_repository),
		cmocka_unit_test(test_refused),   cmocka_unit_test(test_urls),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_stopped),
	};

	if (access("/usr/bin/git", X_OK) != 0)
		return printf("1..0 # SKIP there is no git\n"), 0;
	return cmocka_run_group_tests_name("source/snapshot", tests, setup, teardown);
}
