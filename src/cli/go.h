/*
 * Asking the go command about a module, with a closed environment and no network.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_GO_H
#define HM_CLI_GO_H

#include "base/buf.h"
#include "base/err.h"
#include "golang/gocmd.h"

/* A module's folder and the toolchain that it is looked at with. */
struct hm_cli_go {
	char *go;                   /* the go program */
	struct hm_golang_env facts; /* as the caller's own environment gives them */
	char *root;                 /* the folder with go.mod */
	char *modcache;             /* the one that was asked for, else the caller's; absolute */
	char *cache;                /* hm_cli_go_cache() */
	struct hm_strv env;         /* closed: for hm_cli_go_run() */
};

/*
 * The module that a folder belongs to.
 *
 * Owns    ret_root is the caller's: the folder or the next one above it that has a go.mod; NULL: there is none
 * Errors  HM_ENOTFOUND: no such folder; HM_ENOMEM
 */
enum hm_status hm_cli_go_find_root(const char *dir, char **ret_root, struct hm_err *err) HM_MUST;

/*
 * Find go and the caller's settings of it, as they are outside of any module.
 *
 * Owns    ret_go and ret_facts are the caller's
 * Errors  HM_ENOTFOUND golang.no-go; as hm_golang_find_go()
 */
enum hm_status hm_cli_go_facts(char **ret_go, struct hm_golang_env *ret_facts, struct hm_err *err) HM_MUST;

/*
 * The build cache of what hallmark runs outside of pipelines: one of the user's, that neither tests nor editors write
 * to. It need not be there.
 *
 * Owns    ret_path is the caller's
 * Errors  HM_EINVAL usage: neither XDG_CACHE_HOME nor HOME is set; HM_ENOMEM
 */
enum hm_status hm_cli_go_cache(char **ret_path, struct hm_err *err) HM_MUST;

/*
 * Find go and the module of a folder.
 *
 * Shape   dir: NULL is here; modcache: NULL is GOMODCACHE of the caller.
 * Errors  HM_ENOTFOUND golang.no-go, file.not-found: no go.mod in dir or above it; as hm_golang_find_go()
 */
enum hm_status hm_cli_go_open(const char *dir, const char *modcache, struct hm_cli_go *ret_go,
			      struct hm_err *err) HM_MUST;

void hm_cli_go_done(struct hm_cli_go *go);

/*
 * Run go in the module's folder and collect what it prints.
 *
 * Shape   args: what stands behind "go", ends in NULL.
 * Owns    ret_out is the caller's
 * Errors  HM_EIO golang.go: it failed; the text has its last line
 */
enum hm_status hm_cli_go_run(const struct hm_cli_go *go, const char *const *args, struct hm_buf *ret_out,
			     struct hm_err *err) HM_MUST;

#endif
