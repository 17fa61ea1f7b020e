/*
 * The go command: its facts, and the one place that says in which environment it runs.
 *
 * A build must not depend on who starts it. So what the go command is given is not the caller's environment with
 * changes but a closed one, in which every variable that Go knows is set, and GOENV=off keeps its configuration file
 * out. What the caller's configuration says about fetching (proxies, private modules, the sum database) is read from
 * `go env` and handed on by name, to the fetching steps only.
 *
 * Layer 6. Any thread.
 */
#ifndef HM_GOLANG_GOCMD_H
#define HM_GOLANG_GOCMD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

/* What `go env -json` says; C strings, "" where Go has nothing. */
struct hm_golang_env {
	const char *version; /* GOVERSION: "go1.26.8" */
	const char *goroot, *gopath, *gomodcache, *gocache, *goenv, *goflags, *gowork, *gomod;
	const char *goos, *goarch, *gohostos, *gohostarch, *goamd64, *goarm64;
	const char *goexperiment, *godebug, *gofips140, *gotoolchain, *cgo_enabled, *cc;
	/* fetching */
	const char *goproxy, *goprivate, *gonoproxy, *gosumdb, *gonosumdb, *goinsecure, *goauth, *govcs;
	struct hm_arena arena; /* holds all text */
};

/*
 * Find the go command and ask for its settings.
 *
 * Shape   path_list: folders as in PATH, NULL: this process's; env: what go runs with, NULL: this process's, as the
 *         caller's own settings are what is asked for; dir: where it runs, NULL: here. go.mod and go.work are looked
 * for from there upwards. Units   timeout_ms: 0 for none. Owns    ret_go, the path of the program, and ret_env are the
 * caller's; ret_go may be NULL Errors  HM_ENOTFOUND golang.no-go; HM_EIO golang.go: it failed; HM_EIO process.start;
 * HM_ELIMIT process.timeout, limit; HM_EPARSE json.*, data.*; HM_ENOMEM
 */
enum hm_status hm_golang_find_go(const char *path_list, const char *const *env, const char *dir, int64_t timeout_ms,
				 char **ret_go, struct hm_golang_env *ret_env, struct hm_err *err) HM_MUST;

/* Read what `go env -json` printed. Errors: HM_EPARSE json.*, data.*; HM_ENOMEM. */
enum hm_status hm_golang_env_parse(struct hm_str text, struct hm_golang_env *ret_env, struct hm_err *err) HM_MUST;

void hm_golang_env_done(struct hm_golang_env *env);

struct hm_golang_build_opts {
	const char *goroot;            /* required */
	const char *gocache;           /* required: the build cache */
	const char *gomodcache;        /* required */
	const char *home;              /* required: a folder that holds nothing of the caller's */
	const char *tmpdir;            /* NULL: /tmp */
	const char *path;              /* NULL: GOROOT/bin, /usr/bin and /bin */
	const char *goos, *goarch;     /* NULL: the host's */
	const char *goamd64, *goarm64; /* NULL: v1, v8.0: what every processor of the kind can do */
	const char *goflags;           /* NULL: -mod=readonly -trimpath -buildvcs=false */
	const char *cc;                /* with cgo; NULL: gcc */
	bool cgo;                      /* tests with the race detector need it; what is shipped is built without */
	/* May use the network, with these settings for fetching, and only then; NULL: no network, no sum database. */
	const struct hm_golang_env *fetch;
	/* With fetch: the caller's NAME=value list, of which only proxies, CA bundles and credentials' places are
	 * taken. */
	const char *const *caller;
};

/*
 * The environment for a go command: all of it, in the order of the names' first use.
 *
 * Owns    ret_env is the caller's; cleared first
 * Errors  HM_EINVAL usage: a required option is missing; HM_ENOMEM
 */
enum hm_status hm_golang_build_env(const struct hm_golang_build_opts *opts, struct hm_strv *ret_env,
				   struct hm_err *err) HM_MUST;

#endif
