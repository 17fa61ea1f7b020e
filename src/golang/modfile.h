/*
 * go.mod and go.work, read as the go command reads them.
 *
 * What is accepted, and what it means, is what golang.org/x/mod/modfile says (Parse, ParseLax and ParseWork without a
 * function that fixes versions); tests/peers/golang holds one against the other. Where the written grammar allows more
 * than that package, such as raw strings in a require, the package is followed: a file that the go command refuses is
 * of no use.
 *
 * Not here: choosing versions (minimal version selection), writing.
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_MODFILE_H
#define HM_GOLANG_MODFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "golang/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hm_golang_modfile_kind {
	HM_GOLANG_MAIN,       /* the main module's go.mod: everything is known, and counts */
	HM_GOLANG_DEPENDENCY, /* a dependency's: what only a main module can say, and what is not known, is passed over
			       */
	HM_GOLANG_WORK,       /* go.work */
};

struct hm_golang_require {
	struct hm_golang_module mod;
	bool indirect; /* has the comment "// indirect" */
	uint32_t row;
};

struct hm_golang_exclude {
	struct hm_golang_module mod;
	uint32_t row;
};

struct hm_golang_replace {
	struct hm_golang_module old; /* its version is "" for all versions */
	struct hm_golang_module new; /* its version is "" for a folder, which path then names */
	uint32_t row;
};

struct hm_golang_retract {
	struct hm_str low, high; /* as they stand there, low == high for one version; not checked, as in Go */
	struct hm_str rationale; /* the comment */
	uint32_t row;
};

struct hm_golang_godebug {
	struct hm_str key, value;
	uint32_t row;
};

/* tool, ignore, use */
struct hm_golang_path {
	struct hm_str path;
	uint32_t row;
};

struct hm_golang_modfile {
	bool has_module;
	struct hm_str module, deprecated; /* deprecated: the text behind "Deprecated:", or empty */
	struct hm_str go, toolchain;      /* empty where they do not stand there */
	struct hm_golang_require *require;
	struct hm_golang_exclude *exclude;
	struct hm_golang_replace *replace;
	struct hm_golang_retract *retract;
	struct hm_golang_godebug *godebug;
	struct hm_golang_path *tool, *ignore, *use;
	size_t require_count, exclude_count, replace_count, retract_count, godebug_count, tool_count, ignore_count,
	    use_count;

	size_t require_cap, exclude_cap, replace_cap, retract_cap, godebug_cap, tool_cap, ignore_cap, use_cap;
	struct hm_arena arena; /* holds all text */
};

/*
 * Read a file.
 *
 * Shape   name: for errors, such as "go.mod".
 * Owns    text is borrowed for the call; ret_file is the caller's, for hm_golang_modfile_done()
 * Errors  HM_EPARSE golang.mod-file, with the place; HM_ELIMIT: over HM_MAX_GO_MOD; HM_ENOMEM
 * Source  go.dev/ref/mod#go-mod-file-grammar, #workspaces
 */
enum hm_status hm_golang_modfile_parse(struct hm_str text, const char *name, enum hm_golang_modfile_kind kind,
				       struct hm_golang_modfile *ret_file, struct hm_err *err) HM_MUST;

void hm_golang_modfile_done(struct hm_golang_modfile *file);

/* Whether what stands right of "=>" is a folder and not a module's path: begins with ".", "..", a slash or a drive. */
bool hm_golang_is_directory_path(struct hm_str path);

#endif
