#include "golang/gocmd.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/proc.h"
#include "data/decode.h"

/* --- go env --- */

#define E(name, member)                                                                                                \
	{                                                                                                              \
		name, HM_JSON_CSTR, offsetof(struct hm_golang_env, member)                                             \
	}
static const struct hm_json_field env_fields[] = {
	{ "GOVERSION", HM_JSON_CSTR, offsetof(struct hm_golang_env, version), HM_REQUIRED | HM_NOT_EMPTY },
	{ "GOROOT", HM_JSON_CSTR, offsetof(struct hm_golang_env, goroot), HM_REQUIRED | HM_NOT_EMPTY },
	{ "GOMODCACHE", HM_JSON_CSTR, offsetof(struct hm_golang_env, gomodcache), HM_REQUIRED },
	E("GOPATH", gopath),
	E("GOCACHE", gocache),
	E("GOENV", goenv),
	E("GOFLAGS", goflags),
	E("GOWORK", gowork),
	E("GOMOD", gomod),
	E("GOOS", goos),
	E("GOARCH", goarch),
	E("GOHOSTOS", gohostos),
	E("GOHOSTARCH", gohostarch),
	E("GOAMD64", goamd64),
	E("GOARM64", goarm64),
	E("GOEXPERIMENT", goexperiment),
	E("GODEBUG", godebug),
	E("GOFIPS140", gofips140),
	E("GOTOOLCHAIN", gotoolchain),
	E("CGO_ENABLED", cgo_enabled),
	E("CC", cc),
	E("GOPROXY", goproxy),
	E("GOPRIVATE", goprivate),
	E("GONOPROXY", gonoproxy),
	E("GOSUMDB", gosumdb),
	E("GONOSUMDB", gonosumdb),
	E("GOINSECURE", goinsecure),
	E("GOAUTH", goauth),
	E("GOVCS", govcs),
};
#undef E
static const struct hm_json_table env_table = HM_JSON_TABLE(struct hm_golang_env, env_fields);

enum hm_status hm_golang_env_parse(struct hm_str text, struct hm_golang_env *ret_env, struct hm_err *err)
{
	static const struct hm_decode_opts opts = { .ignore_unknown = true };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_PROC_OUTPUT);
	struct hm_golang_env env = { .version = NULL };

	enum hm_status st = hm_json_decode(text, &env_table, &opts, &arena, &env, err);
	if (st != HM_OK)
		return hm_while(err, st, "read what 'go env' prints");
	/* a variable that this Go does not know, or that is of another machine, is the same as one that is empty */
	for (size_t i = 0; i < env_table.count; i++) {
		const char **value = (const char **)(void *)((char *)&env + env_fields[i].offset);
		if (!*value)
			*value = "";
	}
	env.arena = arena;
	arena = hm_arena_init(0);
	*ret_env = env;
	return HM_OK;
}

void hm_golang_env_done(struct hm_golang_env *env)
{
	if (!env)
		return;
	struct hm_arena arena = env->arena;
	*env = (struct hm_golang_env){ .version = NULL };
	hm_arena_done(&arena);
}

static enum hm_status run_go_env(const char *go, const char *const *env, const char *dir, int64_t timeout_ms,
				 struct hm_golang_env *ret_env, struct hm_err *err)
{
	/* by name, for without names go runs the C compiler to find out more */
	const char *argv[sizeof(env_fields) / sizeof(env_fields[0]) + 4] = { go, "env", "-json" };
	const struct hm_proc_opts opts = { .argv = argv, .env = env, .dir = dir, .in = -1, .new_group = true };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { .exit_code = 0 };

	for (size_t i = 0; i < env_table.count; i++)
		argv[i + 3] = env_fields[i].name;
	enum hm_status st = hm_proc_run(&opts, (struct hm_str){ 0 }, timeout_ms, HM_MAX_PROC_OUTPUT, &result, err);
	if (st != HM_OK)
		return st;
	if (result.exit_code != 0)
		return hm_fail(err, HM_R_GOLANG_GO, "'%s env' ended with %d: %.*s", go, result.exit_code,
			       HM_STR_ARG(hm_str_head(hm_str_trim(hm_buf_str(&result.err)), 300)));
	return hm_golang_env_parse(hm_buf_str(&result.out), ret_env, err);
}

enum hm_status hm_golang_find_go(const char *path_list, const char *const *env, const char *dir, int64_t timeout_ms,
				 char **ret_go, struct hm_golang_env *ret_env, struct hm_err *err)
{
	HM_OWN(hm_freep) char *go = NULL;

	enum hm_status st = hm_proc_find("go", path_list, &go, err);
	if (st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_GOLANG_NO_GO, "there is no go command on the path");
	if (st == HM_OK)
		st = run_go_env(go, env, dir, timeout_ms, ret_env, err);
	if (st == HM_OK && ret_go)
		*ret_go = HM_STEAL(go);
	return st;
}

/* --- the environment of a build --- */

/*
 * Every variable that the go command knows (internal/cfg KnownEnv of Go 1.26) and that is not said by an option: with
 * the value that Go itself would have on a machine without any configuration. An empty value means the default.
 */
static const struct {
	const char *name, *value;
} fixed[] = {
	{ "GOENV", "off" },
	{ "GOTOOLCHAIN", "local" },
	{ "GOWORK", "off" },
	{ "GO111MODULE", "on" },
	{ "GOEXPERIMENT", "" },
	{ "GODEBUG", "" },
	{ "GOFIPS140", "off" },
	{ "GO386", "sse2" },
	{ "GOARM", "7" },
	{ "GOMIPS", "hardfloat" },
	{ "GOMIPS64", "hardfloat" },
	{ "GOPPC64", "power8" },
	{ "GORISCV64", "rva20u64" },
	{ "GOWASM", "" },
	{ "GOBIN", "" },
	{ "GOCACHEPROG", "" },
	{ "GOCOVERDIR", "" },
	{ "GCCGO", "gccgo" },
	{ "GO_EXTLINK_ENABLED", "" },
	{ "AR", "ar" },
	{ "FC", "gfortran" },
	{ "PKG_CONFIG", "pkg-config" },
	{ "CGO_CFLAGS", "-O2 -g" },
	{ "CGO_CPPFLAGS", "" },
	{ "CGO_CXXFLAGS", "-O2 -g" },
	{ "CGO_FFLAGS", "-O2 -g" },
	{ "CGO_LDFLAGS", "-O2 -g" },
	{ "CGO_CFLAGS_ALLOW", "" },
	{ "CGO_CFLAGS_DISALLOW", "" },
	{ "CGO_CPPFLAGS_ALLOW", "" },
	{ "CGO_CPPFLAGS_DISALLOW", "" },
	{ "CGO_CXXFLAGS_ALLOW", "" },
	{ "CGO_CXXFLAGS_DISALLOW", "" },
	{ "CGO_FFLAGS_ALLOW", "" },
	{ "CGO_FFLAGS_DISALLOW", "" },
	{ "CGO_LDFLAGS_ALLOW", "" },
	{ "CGO_LDFLAGS_DISALLOW", "" },
	{ "LANG", "C" },
	{ "LC_ALL", "C" },
	{ "TZ", "UTC" },
};

/* Of the caller's own environment, what fetching needs to get through: proxies, CA bundles, where credentials are. */
static const char *const passed_on[] = {
	"HTTP_PROXY", "HTTPS_PROXY",   "NO_PROXY",       "http_proxy",        "https_proxy",
	"no_proxy",   "ALL_PROXY",     "all_proxy",      "SSL_CERT_FILE",     "SSL_CERT_DIR",
	"NETRC",      "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND",
};

static void set_fetching(const struct hm_golang_build_opts *opts, struct hm_strv *env)
{
	const struct hm_golang_env *f = opts->fetch;

	hm_strv_setenv(env, "GOPROXY", f ? f->goproxy : "off");
	hm_strv_setenv(env, "GOSUMDB", f ? f->gosumdb : "off");
	hm_strv_setenv(env, "GOPRIVATE", f ? f->goprivate : "");
	hm_strv_setenv(env, "GONOPROXY", f ? f->gonoproxy : "");
	hm_strv_setenv(env, "GONOSUMDB", f ? f->gonosumdb : "");
	hm_strv_setenv(env, "GOINSECURE", f ? f->goinsecure : "");
	hm_strv_setenv(env, "GOAUTH", f && f->goauth[0] ? f->goauth : "off");
	hm_strv_setenv(env, "GOVCS", f ? f->govcs : "*:off");
	/* a program of the version system must not wait for somebody to type a password */
	hm_strv_setenv(env, "GIT_TERMINAL_PROMPT", "0");
	if (!f || !opts->caller)
		return;
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
		size_t len = strlen(passed_on[i]);
		for (const char *const *entry = opts->caller; *entry; entry++) {
			if (strncmp(*entry, passed_on[i], len) == 0 && (*entry)[len] == '=')
				hm_strv_setenv(env, passed_on[i], *entry + len + 1);
		}
	}
}

enum hm_status hm_golang_build_env(const struct hm_golang_build_opts *opts, struct hm_strv *ret_env, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = NULL, *gopath = NULL;
	const char *tmpdir = opts->tmpdir ? opts->tmpdir : "/tmp";

	if (!opts->goroot || !opts->gocache || !opts->gomodcache || !opts->home)
		return hm_fail(err, HM_R_USAGE, "a Go build needs GOROOT, GOCACHE, GOMODCACHE and HOME");
	path = opts->path ? hm_asprintf("%s", opts->path) : hm_asprintf("%s/bin:/usr/bin:/bin", opts->goroot);
	gopath = hm_asprintf("%s/go", opts->home);
	if (!path || !gopath)
		return hm_fail(err, HM_R_NO_MEMORY, "the environment of a Go build");

	hm_strv_clear(ret_env);
	hm_strv_setenv(ret_env, "PATH", path);
	hm_strv_setenv(ret_env, "HOME", opts->home);
	hm_strv_setenv(ret_env, "TMPDIR", tmpdir);
	hm_strv_setenv(ret_env, "GOTMPDIR", tmpdir);
	hm_strv_setenv(ret_env, "GOROOT", opts->goroot);
	hm_strv_setenv(ret_env, "GOPATH", gopath);
	hm_strv_setenv(ret_env, "GOMODCACHE", opts->gomodcache);
	hm_strv_setenv(ret_env, "GOCACHE", opts->gocache);
	hm_strv_setenv(ret_env, "GOFLAGS", opts->goflags ? opts->goflags : "-mod=readonly -trimpath -buildvcs=false");
	/* empty is the host's */
	hm_strv_setenv(ret_env, "GOOS", opts->goos ? opts->goos : "");
	hm_strv_setenv(ret_env, "GOARCH", opts->goarch ? opts->goarch : "");
	hm_strv_setenv(ret_env, "GOAMD64", opts->goamd64 ? opts->goamd64 : "v1");
	hm_strv_setenv(ret_env, "GOARM64", opts->goarm64 ? opts->goarm64 : "v8.0");
	hm_strv_setenv(ret_env, "CGO_ENABLED", opts->cgo ? "1" : "0");
	hm_strv_setenv(ret_env, "CC", opts->cc ? opts->cc : "gcc");
	hm_strv_setenv(ret_env, "CXX", "g++");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		hm_strv_setenv(ret_env, fixed[i].name, fixed[i].value);
	set_fetching(opts, ret_env);
	return hm_strv_check(ret_env, err);
}
