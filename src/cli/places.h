/*
 * Where the installation's other parts are: hallmark-full, and what ships in share/hallmark.
 *
 * They are looked for in this order, and never on the path or in the current folder:
 *   1. the installation that this program stands in, wherever it was moved to: PREFIX/bin and PREFIX/libexec/hallmark
 *      lead to the same PREFIX
 *   2. a build folder: hallmark-full beside this program, and share/ beside it
 *   3. the prefix that was configured
 *
 * Layer 13. Any thread.
 */
#ifndef HM_CLI_PLACES_H
#define HM_CLI_PLACES_H

#include "base/err.h"
#include "base/strv.h"

/*
 * All paths that a file of the installation may have, best first.
 *
 * Shape   program: absolute path of this executable, as in struct hm_cli. name: "hallmark-full" for that, or a path
 * below share/hallmark, "pipelines/go-release.yaml". Owns    ret_paths is the caller's Errors  HM_ENOMEM
 */
enum hm_status hm_cli_places_full(const char *program, struct hm_strv *ret_paths, struct hm_err *err) HM_MUST;
enum hm_status hm_cli_places_share(const char *program, const char *name, struct hm_strv *ret_paths,
				   struct hm_err *err) HM_MUST;

/*
 * The path of a file or folder below share/hallmark that is there.
 *
 * Owns    ret_path is the caller's
 * Errors  HM_ENOTFOUND file.not-found: the installation is incomplete; HM_ENOMEM
 */
enum hm_status hm_cli_find_share(const char *program, const char *name, char **ret_path, struct hm_err *err) HM_MUST;

#endif
