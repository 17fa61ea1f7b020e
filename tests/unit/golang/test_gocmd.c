/* The environment that go runs in, and reading its own; with a go command that is a shell script. */
#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "golang/gocmd.h"

static const struct hm_golang_build_opts least = { .goroot = "/go", .gocache = "/c", .gomodcache = "/m", .home = "/h" };

static void check(const struct hm_strv *env, const char *name, const char *want)
{
	const char *value = hm_strv_getenv(env, name);

	if ((value == NULL) != (want == NULL) || (value && want && strcmp(value, want) != 0))
		fail_msg("%s=%s", name, value ? value : "(not set)");
}

static void test_closed(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_build_env(&least, &env, &err), &err);
	check(&env, "PATH", "/go/bin:/usr/bin:/bin");
	check(&env, "GOENV", "off");
	check(&env, "GOPROXY", "off");
	check(&env, "GOSUMDB", "off");
	check(&env, "GOVCS", "*:off");
	check(&env, "GOAUTH", "off");
	check(&env, "GOTOOLCHAIN", "local");
	check(&env, "GOFLAGS", "-mod=readonly -trimpath -buildvcs=false");
	check(&env, "GOAMD64", "v1");
	check(&env, "GOARM64", "v8.0");
	check(&env, "CGO_ENABLED", "0");
	check(&env, "GOPATH", "/h/go");
	check(&env, "TMPDIR", "/tmp");
	/* none stands there twice */
	for (size_t i = 0; i < env.count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcspn(env.v[i], "=") == strcspn(env.v[k], "=") &&
			    strncmp(env.v[i], env.v[k], strcspn(env.v[i], "=")) == 0)
				fail_msg("%s and %s", env.v[k], env.v[i]);
		}
	}
}

static void test_options(void **state)
{
	(void)state;
	static const char *const caller[] = { "HTTPS_PROXY=http://p:1",
					      "SSL_CERT_FILE=/ca",
					      "GOFLAGS=-toolexec=evil",
					      "GOENV=/evil",
					      "LD_PRELOAD=/evil.so",
					      "HTTPS_PROXYX=no",
					      NULL };
	const struct hm_golang_env fetch = { .goproxy = "https://proxy.test",
					     .gosumdb = "sum.test",
					     .goprivate = "a.b/*",
					     .gonoproxy = "none",
					     .gonosumdb = "c.d",
					     .goinsecure = "",
					     .goauth = "netrc",
					     .govcs = "" };
	struct hm_golang_build_opts opts = least;
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_err err = { 0 };
	opts.caller = caller;
	opts.goos = "linux";
	opts.goarch = "arm64";
	opts.goarm64 = "v9.0";
	opts.cgo = true;
	assert_ok(hm_golang_build_env(&opts, &env, &err), &err);
	check(&env, "HTTPS_PROXY", NULL); /* without fetching there is no way out */
	opts.fetch = &fetch;
	assert_ok(hm_golang_build_env(&opts, &env, &err), &err);
	check(&env, "GOPROXY", "https://proxy.test");
	check(&env, "GOPRIVATE", "a.b/*");
	check(&env, "GOAUTH", "netrc");
	check(&env, "HTTPS_PROXY", "http://p:1");
	check(&env, "SSL_CERT_FILE", "/ca");
	check(&env, "HTTPS_PROXYX", NULL);
	check(&env, "LD_PRELOAD", NULL);
	check(&env, "GOENV", "off");
	check(&env, "GOFLAGS", "-mod=readonly -trimpath -buildvcs=false");
	check(&env, "GOARCH", "arm64");
	check(&env, "GOARM64", "v9.0");
	check(&env, "CGO_ENABLED", "1");
	opts.home = NULL;
	assert_refused("no home", hm_golang_build_env(&opts, &env, &err), &err, HM_R_USAGE);
}

/* A go command that prints what the test wants. */
static enum hm_status ask(const char *script, struct hm_golang_env *env, struct hm_err *err)
{
	HM_OWN(hm_freep) char *dir = NULL, *path = NULL, *go = NULL;
	struct hm_err ignored = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "hm-test-gocmd-", &dir, &ignored), &ignored);
	path = hm_asprintf("%s/go", dir);
	assert_ok(hm_file_save(path, hm_str(script), 0755, &ignored), &ignored);
	enum hm_status st = hm_golang_find_go(dir, NULL, NULL, 10000, &go, env, err);
	if (st == HM_OK)
		assert_string_equal(go, path);
	assert_ok(hm_tree_remove(dir, &ignored), &ignored);
	return st;
}

static void test_go_env(void **state)
{
	(void)state;
	HM_OWN(hm_golang_env_done) struct hm_golang_env env = { 0 };
	struct hm_err err = { 0 };
	assert_ok(ask("#!/bin/sh\n[ \"$1 $2\" = 'env -json' ] || exit 9\n"
		      "echo "
		      "'{\"GOVERSION\":\"go1.26.8\",\"GOROOT\":\"/go\",\"GOMODCACHE\":\"/"
		      "m\",\"GOPROXY\":\"direct\",\"NEW\":\"x\"}'\n",
		      &env, &err),
		  &err);
	assert_string_equal(env.version, "go1.26.8");
	assert_string_equal(env.goproxy, "direct");
	assert_string_equal(env.goprivate, "");
	static const struct {
		const char *script;
		enum hm_status want;
	} rows[] = {
		{ "#!/bin/sh\necho 'go: broken' >&2\nexit 2\n", HM_EIO },
		{ "#!/bin/sh\necho '{\"GOROOT\":\"/go\"}'\n", HM_EPARSE },
		{ "#!/bin/sh\necho no JSON\n", HM_EPARSE },
		{ "#!/bin/sh\n", HM_EPARSE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_env none = { 0 };
		assert_int_equal(ask(rows[i].script, &none, &err), rows[i].want);
	}
	struct hm_golang_env none = { 0 };
	assert_refused("no go", hm_golang_find_go("/nowhere", NULL, NULL, 0, NULL, &none, &err), &err,
		       HM_R_GOLANG_NO_GO);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
		struct hm_golang_env env = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_build_env(&least, &list, &err);
		if (st == HM_OK)
			st = hm_golang_env_parse(
			    HM_STR("{\"GOVERSION\":\"go1\",\"GOROOT\":\"/g\",\"GOMODCACHE\":\"/m\"}"), &env, &err);
		bool is_over = walk_is_over(st, &err);
		hm_golang_env_done(&env);
		if (is_over)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_go_env),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/gocmd", tests, NULL, NULL);
}
