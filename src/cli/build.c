#include "cli/build.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"
#include "golang/golist.h"
#include "golang/modfile.h"
#include "image/compile.h"

/* Listing one package reads some files; the rest is for very slow disks. */
static const int64_t list_timeout_ms = 120000;

void hm_cli_source_done(struct hm_cli_source *source)
{
	if (!source)
		return;
	hm_cli_go_done(&source->go);
	free(source->root);
	hm_buf_done(&source->listed);
	hm_arena_done(&source->arena);
	*source = (struct hm_cli_source){ 0 };
}

bool hm_cli_is_folder(const char *package)
{
	return package[0] == '/' || strcmp(package, ".") == 0 || strcmp(package, "..") == 0 ||
	       strncmp(package, "./", 2) == 0 || strncmp(package, "../", 3) == 0;
}

enum hm_status hm_cli_platforms(const struct hm_strv *said, char **ret_list, struct hm_err *err)
{
	return said->count ? hm_strv_join(said, ',', ret_list, err)
			   : hm_str_dup(HM_STR("linux/amd64,linux/arm64"), ret_list, err);
}

enum hm_status hm_cli_targets(struct hm_str list, struct hm_arena *arena, struct hm_image_target **ret_targets,
			      size_t *ret_count, struct hm_err *err)
{
	struct hm_err why = { 0 };

	if (hm_str_trim(list).len == 0)
		return hm_fail(err, HM_R_USAGE, "the list of platforms is empty; name one, as linux/amd64");
	enum hm_status st = hm_image_targets_parse(list, arena, ret_targets, ret_count, &why);
	if (st == HM_EPARSE)
		return hm_fail(err, HM_R_USAGE, "the list of platforms '%.*s': %s", HM_STR_ARG(hm_str_head(list, 200)),
			       why.cause);
	if (st != HM_OK && err)
		*err = why;
	return st;
}

/* Ask go; what it prints where it fails says what is wrong with the source. */
static enum hm_status run_list(struct hm_cli_source *s, const char *dir, const char *package, struct hm_err *err)
{
	const char *const argv[] = {
		s->go.go, "list", "-json=ImportPath,Name,Dir,Standard,Module", "--", package, NULL
	};
	const struct hm_proc_opts opts = {
		.argv = argv, .env = (const char *const *)s->go.env.v, .dir = dir, .in = -1, .new_group = true
	};
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };

	enum hm_status st = hm_proc_run(&opts, HM_STR(""), list_timeout_ms, HM_MAX_GO_OUTPUT, &result, err);
	if (st != HM_OK)
		return st;
	if (result.exit_code != 0)
		return hm_image_go_failed(hm_buf_str(&result.err), err);
	s->listed = hm_buf_take(&result.out);
	return HM_OK;
}

static enum hm_status list(struct hm_cli_source *s, const char *dir, const char *package, struct hm_err *err)
{
	struct hm_golang_package *packages;
	size_t count;

	enum hm_status st = run_list(s, dir, package, err);
	if (st == HM_OK)
		st = hm_golang_list_packages(hm_buf_str(&s->listed), &s->arena, &packages, &count, err);
	if (st != HM_OK)
		return st;
	if (count != 1)
		return hm_fail(err, HM_R_IMAGE_PACKAGE, "'%s' are %zu packages; one program is built", package, count);
	if (!hm_str_is(packages[0].name, "main") || hm_str_is(packages[0].import_path, "command-line-arguments"))
		return hm_fail(err, HM_R_IMAGE_PACKAGE, "'%s' is no program: it is the package %.*s", package,
			       HM_STR_ARG(hm_str_head(packages[0].name, 100)));
	s->package = hm_arena_dup(&s->arena, packages[0].import_path).ptr;
	s->folder = hm_arena_dup(&s->arena, packages[0].dir).ptr;
	struct hm_str name;
	st = hm_image_program_name(packages[0].import_path, &name, err);
	if (st == HM_OK)
		s->name = hm_arena_dup(&s->arena, name).ptr;
	return st == HM_OK ? hm_arena_check(&s->arena, "a package", err) : st;
}

/* ko puts this folder into its images, and a program that has one relies on it. */
static enum hm_status refuse_kodata(const struct hm_cli_source *s, struct hm_err *err)
{
	HM_OWN(hm_freep) char *kodata = hm_asprintf("%s/kodata", s->folder);

	if (!kodata)
		return hm_fail(err, HM_R_NO_MEMORY, "look for kodata");
	if (hm_path_is_there(kodata))
		return hm_fail(err, HM_R_UNSUPPORTED, "'%s': data in images is not supported yet", kodata);
	return HM_OK;
}

/* Make the source's root a folder that holds one more. */
static enum hm_status widen(struct hm_cli_source *s, struct hm_str replacement, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = NULL, *folder = NULL;

	if (replacement.len > 0 && replacement.ptr[0] == '/')
		return hm_fail(
		    err, HM_R_IMAGE_PACKAGE,
		    "go.mod replaces a module by the absolute path '%.*s', which another machine does not have",
		    HM_STR_ARG(hm_str_head(replacement, 200)));
	path = hm_asprintf("%s/%.*s", s->go.root, HM_STR_ARG(replacement));
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "find the source");
	/* one that is not there is for go to complain about, which does so only where it is used */
	enum hm_status st = hm_path_resolve(path, &folder, err);
	if (st == HM_ENOTFOUND) {
		*err = (struct hm_err){ 0 };
		return HM_OK;
	}
	while (st == HM_OK && !hm_path_is_within(folder, s->root)) {
		char *slash = strrchr(s->root, '/');
		if (!slash || slash == s->root)
			return hm_fail(err, HM_R_IMAGE_PACKAGE,
				       "go.mod replaces a module by '%s', which has no folder in common with it",
				       folder);
		*slash = '\0';
	}
	return st;
}

static enum hm_status find_root(struct hm_cli_source *s, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/go.mod", s->go.root);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile file = { 0 };

	s->root = hm_asprintf("%s", s->go.root);
	if (!path || !s->root)
		return hm_fail(err, HM_R_NO_MEMORY, "find the source");
	enum hm_status st = hm_file_read(path, HM_MAX_GO_MOD, &text, err);
	if (st == HM_OK)
		st = hm_golang_modfile_parse(hm_buf_str(&text), path, HM_GOLANG_MAIN, &file, err);
	for (size_t i = 0; st == HM_OK && i < file.replace_count; i++) {
		if (file.replace[i].new.version.len == 0)
			st = widen(s, file.replace[i].new.path, err);
	}
	return st;
}

enum hm_status hm_cli_source_open(const char *package, const struct hm_image_target *target, const char *modcache,
				  struct hm_cli_source *ret_source, struct hm_err *err)
{
	HM_OWN(hm_cli_source_done) struct hm_cli_source s = { .arena = hm_arena_init(HM_MAX_GO_OUTPUT) };
	HM_OWN(hm_freep) char *here = NULL;

	if (!package)
		package = ".";
	bool in_folder = hm_cli_is_folder(package);
	if (in_folder && !hm_path_is_dir(package))
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "there is no folder '%s'", package);
	enum hm_status st = hm_path_resolve(in_folder ? package : ".", &here, err);
	if (st == HM_OK)
		st = hm_cli_go_open(here, modcache, &s.go, err);
	if (st != HM_OK)
		return st;
	hm_strv_setenv(&s.go.env, "GOOS", target->goos);
	hm_strv_setenv(&s.go.env, "GOARCH", target->goarch);
	st = hm_strv_check(&s.go.env, err);
	if (st == HM_OK)
		st = list(&s, here, in_folder ? "." : package, err);
	if (st == HM_OK)
		st = refuse_kodata(&s, err);
	if (st == HM_OK)
		st = find_root(&s, err);
	if (st != HM_OK)
		return st;
	*ret_source = s;
	s = (struct hm_cli_source){ 0 };
	return HM_OK;
}
