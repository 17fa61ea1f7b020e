#include "source/git.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "sandbox/none.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Where git sees things: fixed, so that no path of the machine is in what it prints. */
#define SEEN_TREE "/source"
#define SEEN_GIT  "/git"

void hm_git_done(struct hm_git *git)
{
	free(git->root);
	free(git->dir);
	free(git->common);
	hm_strv_done(&git->alternates);
	*git = (struct hm_git){ 0 };
}

/* The path that the first line of a small file names, behind a prefix; relative ones are seen from base. */
static enum hm_status read_link_file(const char *file, struct hm_str prefix, const char *base, char **ret_path,
				     struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_freep) char *joined = NULL;
	enum hm_status st = hm_file_read(file, HM_MAX_GIT_LINK, &text, err);

	if (st != HM_OK)
		return st;
	struct hm_str path = hm_str_trim(hm_buf_str(&text));
	if (!hm_str_has_prefix(path, prefix))
		return hm_fail(err, HM_R_SOURCE_GIT, "'%s' does not say where the repository is", file);
	path = hm_str_trim(hm_str_skip(path, prefix.len));
	joined = path.len && path.ptr[0] == '/' ? hm_asprintf("%.*s", (int)path.len, path.ptr)
						: hm_asprintf("%s/%.*s", base, (int)path.len, path.ptr);
	if (!joined)
		return hm_fail(err, HM_R_NO_MEMORY, "path in '%s'", file);
	return hm_while(err, hm_path_resolve(joined, ret_path, err), "'%s' leads to a repository that is not there",
			file);
}

/* Object folders of other repositories: what `git clone --shared` leaves out of its own. One level, as is usual. */
static enum hm_status read_alternates(struct hm_git *git, struct hm_err *err)
{
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/objects/info/alternates", git->common);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	if (!file)
		return hm_fail(err, HM_R_NO_MEMORY, "alternates");
	if (!hm_path_is_file(file))
		return HM_OK;
	enum hm_status st = hm_file_read(file, HM_MAX_GIT_ALTERNATES, &text, err);
	struct hm_str rest = hm_buf_str(&text), line;
	while (st == HM_OK && hm_str_next(&rest, '\n', &line)) {
		HM_OWN(hm_freep) char *path = NULL, *real = NULL;
		if (!line.len || line.ptr[0] != '/')
			continue; /* relative ones lie in the repository itself, which is seen as a whole */
		st = hm_str_dup(line, &path, err);
		if (st == HM_OK && hm_path_is_dir(path)) {
			st = hm_path_resolve(path, &real, err);
			if (st == HM_OK)
				hm_strv_add(&git->alternates, real);
		}
	}
	return st != HM_OK ? st : hm_strv_check(&git->alternates, err);
}

static enum hm_status open_repository(struct hm_git *git, const char *dot_git, struct hm_err *err)
{
	HM_OWN(hm_freep) char *common_file = NULL;
	enum hm_status st = hm_path_is_dir(dot_git)
				? hm_path_resolve(dot_git, &git->dir, err)
				: read_link_file(dot_git, HM_STR("gitdir:"), git->root, &git->dir, err);

	if (st != HM_OK)
		return st;
	common_file = hm_asprintf("%s/commondir", git->dir);
	if (!common_file)
		return hm_fail(err, HM_R_NO_MEMORY, "commondir");
	if (hm_path_is_file(common_file))
		st = read_link_file(common_file, HM_STR(""), git->dir, &git->common, err);
	else
		st = hm_str_dup(hm_str(git->dir), &git->common, err);
	return st != HM_OK ? st : read_alternates(git, err);
}

enum hm_status hm_git_find(const char *dir, bool is_isolated, struct hm_git *ret_git, struct hm_err *err)
{
	HM_OWN(hm_git_done) struct hm_git git = { .is_isolated = is_isolated };
	HM_OWN(hm_freep) char *at = hm_asprintf("%s", dir);

	*ret_git = (struct hm_git){ 0 };
	if (!at)
		return hm_fail(err, HM_R_NO_MEMORY, "path");
	for (;;) {
		HM_OWN(hm_freep) char *dot_git = hm_asprintf("%s/.git", at);
		if (!dot_git)
			return hm_fail(err, HM_R_NO_MEMORY, "path");
		if (hm_path_is_there(dot_git)) {
			git.root = HM_STEAL(at);
			enum hm_status st = open_repository(&git, dot_git, err);
			if (st == HM_OK) {
				*ret_git = git;
				git = (struct hm_git){ 0 };
			}
			return st;
		}
		char *slash = strrchr(at, '/');
		if (!slash || slash == at)
			return HM_OK;
		*slash = '\0';
	}
}

/* What git sees: its own repository and the working tree, both read-only. */
struct view {
	struct hm_sandbox_mount *mounts;
	size_t count;
	struct hm_strv env;
};

static void view_done(struct view *view)
{
	free(view->mounts);
	hm_strv_done(&view->env);
}

static void view_add(struct view *view, const char *source, const char *target)
{
	view->mounts[view->count++] =
	    (struct hm_sandbox_mount){ .kind = HM_SANDBOX_READ_ONLY, .source = source, .target = target };
}

static enum hm_status make_view(const struct hm_git *git, struct view *view, struct hm_err *err)
{
	bool is_in = git->is_isolated;
	size_t common = strlen(git->common);

	/* git finds what work trees share by the way from one to the other, so both are seen as they lie */
	if (strncmp(git->dir, git->common, common) != 0 || (git->dir[common] && git->dir[common] != '/'))
		return hm_fail(err, HM_R_SOURCE_GIT, "the repository of '%s' lies outside of '%s'", git->root,
			       git->common);
	view->mounts = hm_calloc(2 + git->alternates.count, sizeof(view->mounts[0]));
	if (!view->mounts)
		return hm_fail(err, HM_R_NO_MEMORY, "git");
	view_add(view, git->root, is_in ? SEEN_TREE : git->root);
	view_add(view, git->common, is_in ? SEEN_GIT : git->common);
	for (size_t i = 0; i < git->alternates.count; i++)
		view_add(view, git->alternates.v[i], git->alternates.v[i]);

	hm_strv_add(&view->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	hm_strv_add(&view->env, "LC_ALL=C");
	hm_strv_add(&view->env, "HOME=/nonexistent");
	hm_strv_add(&view->env, "GIT_CONFIG_NOSYSTEM=1");
	hm_strv_add(&view->env, "GIT_CONFIG_GLOBAL=/dev/null");
	hm_strv_add(&view->env, "GIT_OPTIONAL_LOCKS=0");
	hm_strv_add(&view->env, "GIT_TERMINAL_PROMPT=0");
	hm_strv_add(&view->env, "GIT_NO_LAZY_FETCH=1");
	hm_strv_addf(&view->env, "GIT_DIR=%s%s", view->mounts[1].target, git->dir + common);
	hm_strv_addf(&view->env, "GIT_WORK_TREE=%s", view->mounts[0].target);
	return hm_strv_check(&view->env, err);
}

static enum hm_status read_memory_file(int fd, const char *name, size_t max, struct hm_buf *ret, struct hm_err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return hm_fail_errno(err, errno, "read %s", name);
	return hm_fd_read(fd, name, max, ret, err);
}

static enum hm_status say_failed(int fd, const char *verb, int code, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf said = { 0 };

	if (read_memory_file(fd, "git's errors", HM_MIB, &said, NULL) != HM_OK)
		return hm_fail(err, HM_R_SOURCE_GIT, "git %s ended with %d", verb, code);
	struct hm_str text = hm_str_trim(hm_buf_str(&said));
	ptrdiff_t line = hm_str_find_last_char(text, '\n');
	if (line >= 0)
		text = hm_str_skip(text, (size_t)line + 1);
	return hm_fail(err, HM_R_SOURCE_GIT, "git %s ended with %d: %.*s", verb, code, (int)text.len, text.ptr);
}

enum hm_status hm_git_ask(const struct hm_git *git, const char *const *args, int *ret_code, struct hm_buf *ret_out,
			  struct hm_err *err)
{
	HM_OWN(view_done) struct view view = { 0 };
	HM_OWN(hm_strv_done) struct hm_strv argv = { 0 };
	HM_OWN(hm_closep) int out = memfd_create("git-out", MFD_CLOEXEC), errors = memfd_create("git-err", MFD_CLOEXEC);
	struct hm_sandbox_result result;
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = NULL;

	if (out < 0 || errors < 0)
		return hm_fail_errno(err, errno, "memory for git's output");
	hm_strv_add(&argv, "git");
	hm_strv_add(&argv, "-c");
	hm_strv_add(&argv, "core.fsmonitor=false");
	for (size_t i = 0; args[i]; i++)
		hm_strv_add(&argv, args[i]);
	enum hm_status st = hm_strv_check(&argv, err);
	if (st == HM_OK)
		st = make_view(git, &view, err);
	if (st != HM_OK)
		return st;
	struct hm_sandbox_opts opts = {
		.argv = (const char *const *)argv.v,
		.env = (const char *const *)view.env.v,
		.cwd = view.mounts[0].target,
		.in = -1,
		.out = out,
		.err = errors,
		.mounts = view.mounts,
		.mount_count = view.count,
	};
	st = git->is_isolated ? hm_sandbox_start(&opts, &box, err) : hm_sandbox_start_none(&opts, &box, err);
	if (st == HM_OK)
		st = hm_sandbox_finish(box, HM_GIT_TIMEOUT_MS, &result, err);
	if (st != HM_OK)
		return hm_while(err, st, "ask git about '%s'", git->root);
	if (ret_code)
		*ret_code = result.exit_code;
	if (result.exit_code != 0 && !(ret_code && result.exit_code > 0))
		return say_failed(errors, args[0], result.exit_code, err);
	return read_memory_file(out, "git's output", HM_MAX_GIT_OUTPUT, ret_out, err);
}
