/*
 * Paths of modules, packages and files in modules: what Go allows, and how they are written in URLs and file names.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_PATH_H
#define HM_GOLANG_PATH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * Check the path of a module that can be fetched.
 *
 * Errors  HM_EPARSE golang.path
 * Source  go.dev/ref/mod#go-mod-file-ident, golang.org/x/mod/module CheckPath
 */
enum hm_status hm_golang_check_path(struct hm_str path, struct hm_err *err) HM_MUST;

/* Check the path of a package. Errors: HM_EPARSE golang.path. */
enum hm_status hm_golang_check_import_path(struct hm_str path, struct hm_err *err) HM_MUST;

/* Check the path of a file in a module. Errors: HM_EPARSE golang.path. */
enum hm_status hm_golang_check_file_path(struct hm_str path, struct hm_err *err) HM_MUST;

/*
 * Check that path and version can belong together: major version 2 and up stands at the path's end, too.
 *
 * Errors  HM_EPARSE golang.path, golang.version
 */
enum hm_status hm_golang_check_module(struct hm_str path, struct hm_str version, struct hm_err *err) HM_MUST;

/*
 * Split the major version off a path's end.
 *
 * Shape   ret_major: "/v2", ".v3", ".v1-unstable" or empty.
 * Errors  false when what stands there is no good major version, such as "/v1" or "/v02"
 */
bool hm_golang_split_path(struct hm_str path, struct hm_str *ret_prefix, struct hm_str *ret_major) HM_MUST;

/* Whether a version belongs to what hm_golang_split_path() took off. */
bool hm_golang_major_matches(struct hm_str version, struct hm_str major);

/*
 * Add a path or a version as it stands in proxy URLs and in the module cache: each capital as '!' and its small letter.
 *
 * Errors  HM_EPARSE golang.path, golang.version: it is none; nothing is added
 * Source  go.dev/ref/mod#goproxy-protocol
 */
enum hm_status hm_golang_escape_path(struct hm_str path, struct hm_buf *buf, struct hm_err *err) HM_MUST;
enum hm_status hm_golang_escape_version(struct hm_str version, struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* The way back. Errors: HM_EPARSE golang.path, golang.version: no escaped path or version; nothing is added. */
enum hm_status hm_golang_unescape_path(struct hm_str escaped, struct hm_buf *buf, struct hm_err *err) HM_MUST;
enum hm_status hm_golang_unescape_version(struct hm_str escaped, struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
