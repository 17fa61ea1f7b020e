#include "cli/go.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"

/* A go command that only lists and has all it needs on disk; a minute is for very slow disks. */
static const int64_t go_timeout_ms = 120000;

void hm_cli_go_done(struct hm_cli_go *go)
{
	if (!go)
		return;
	free(go->go);
	free(go->root);
	free(go->modcache);
	free(go->cache);
	hm_golang_env_done(&go->facts);
	hm_strv_done(&go->env);
	*go = (struct hm_cli_go){ 0 };
}

enum hm_status hm_cli_go_find_root(const char *dir, char **ret_root, struct hm_err *err)
{
	HM_OWN(hm_freep) char *root = NULL;

	*ret_root = NULL;
	enum hm_status st = hm_path_resolve(dir, &root, err);
	if (st != HM_OK)
		return st;
	for (char *end = root + strlen(root); end > root; end = strrchr(root, '/')) {
		*end = '\0';
		HM_OWN(hm_freep) char *file = hm_asprintf("%s/go.mod", root);
		if (!file)
			return hm_fail(err, HM_R_NO_MEMORY, "look for go.mod");
		if (hm_path_is_file(file)) {
			*ret_root = HM_STEAL(root);
			return HM_OK;
		}
	}
	return HM_OK;
}

/*
 * The caller's settings, asked for where no go.mod is: in the module's folder go could begin to fetch a newer
 * toolchain. GOFLAGS is taken out because a flag that `go env` does not know would make it fail, and nothing here wants
 * it.
 */
enum hm_status hm_cli_go_facts(char **ret_go, struct hm_golang_env *ret_facts, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };

	hm_strv_add_environ(&env);
	/* not empty, or the flags in the caller's GOENV file would count */
	hm_strv_setenv(&env, "GOFLAGS", " ");
	hm_strv_setenv(&env, "GOCACHEPROG", "");
	hm_strv_setenv(&env, "GOTOOLCHAIN", "local");
	hm_strv_setenv(&env, "GOWORK", "off");
	enum hm_status st = hm_strv_check(&env, err);
	return st == HM_OK
		   ? hm_golang_find_go(NULL, (const char *const *)env.v, "/", go_timeout_ms, ret_go, ret_facts, err)
		   : st;
}

enum hm_status hm_cli_go_cache(char **ret_path, struct hm_err *err)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	/* the base directory specification: one that is not absolute does not count */
	if (cache && cache[0] == '/')
		path = hm_asprintf("%s/hallmark/go-build", cache);
	else if (home && home[0] == '/')
		path = hm_asprintf("%s/.cache/hallmark/go-build", home);
	else
		return hm_fail(err, HM_R_USAGE,
			       "neither HOME nor XDG_CACHE_HOME is set, so there is no place for a cache");
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "find the build cache");
	*ret_path = path;
	return HM_OK;
}

/* Go wants it absolute; one that is not there is empty, and go says what is missing. */
static enum hm_status find_modcache(struct hm_cli_go *go, const char *modcache, struct hm_err *err)
{
	HM_OWN(hm_freep) char *here = NULL;

	if (!modcache || modcache[0] == '/') {
		go->modcache = hm_asprintf("%s", modcache ? modcache : go->facts.gomodcache);
	} else {
		enum hm_status st = hm_path_resolve(".", &here, err);
		if (st != HM_OK)
			return st;
		go->modcache = hm_asprintf("%s/%s", here, modcache);
	}
	return go->modcache ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "find the module cache");
}

static enum hm_status set_up(const char *dir, const char *modcache, struct hm_cli_go *go, struct hm_err *err)
{
	enum hm_status st = hm_cli_go_find_root(dir ? dir : ".", &go->root, err);
	if (st == HM_OK && !go->root)
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "no go.mod in '%s' or in a folder above it", dir ? dir : ".");
	if (st == HM_OK)
		st = hm_cli_go_facts(&go->go, &go->facts, err);
	if (st == HM_OK)
		st = find_modcache(go, modcache, err);
	if (st == HM_OK)
		st = hm_cli_go_cache(&go->cache, err);
	if (st != HM_OK)
		return st;
	/* listing writes to the build cache at the most, and reads nothing of the caller's home */
	const struct hm_golang_build_opts opts = {
		.goroot = go->facts.goroot,
		.gocache = go->cache,
		.gomodcache = go->modcache,
		.home = "/nonexistent",
		.goflags = "-mod=readonly -buildvcs=false",
	};
	return hm_golang_build_env(&opts, &go->env, err);
}

enum hm_status hm_cli_go_open(const char *dir, const char *modcache, struct hm_cli_go *ret_go, struct hm_err *err)
{
	HM_OWN(hm_cli_go_done) struct hm_cli_go go = { 0 };

	enum hm_status st = set_up(dir, modcache, &go, err);
	if (st != HM_OK)
		return st;
	*ret_go = go;
	go = (struct hm_cli_go){ 0 };
	return HM_OK;
}

/* What go says last is why it failed; its first lines are often warnings. */
static struct hm_str last_line(struct hm_str text)
{
	struct hm_str rest = hm_str_trim(text);
	ptrdiff_t nl = hm_str_find_last_char(rest, '\n');

	return nl < 0 ? rest : hm_str_skip(rest, (size_t)nl + 1);
}

enum hm_status hm_cli_go_run(const struct hm_cli_go *go, const char *const *args, struct hm_buf *ret_out,
			     struct hm_err *err)
{
	const char *argv[16] = { go->go };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };

	for (size_t i = 0; args[i]; i++) {
		if (i + 2 >= sizeof(argv) / sizeof(argv[0]))
			return hm_fail(err, HM_R_BUG, "too many arguments for go %s", args[0]);
		argv[i + 1] = args[i];
	}
	const struct hm_proc_opts opts = { .argv = argv,
					   .env = (const char *const *)go->env.v,
					   .dir = go->root,
					   .in = -1,
					   .out = -1,
					   .err = -1,
					   .new_group = true };
	enum hm_status st = hm_proc_run(&opts, HM_STR(""), go_timeout_ms, HM_MAX_GO_OUTPUT, &result, err);
	if (st != HM_OK)
		return st;
	if (result.exit_code != 0)
		return hm_fail(err, HM_R_GOLANG_GO, "go %s %s: %.*s", args[0], args[1] ? args[1] : "",
			       HM_STR_ARG(last_line(hm_buf_str(&result.err))));
	*ret_out = hm_buf_take(&result.out);
	return HM_OK;
}
