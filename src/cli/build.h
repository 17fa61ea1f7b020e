/*
 * What is built, and of which source: which package, of which module, and which folders belong to it.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_BUILD_H
#define HM_CLI_BUILD_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/go.h"
#include "image/platform.h"

struct hm_cli_source {
	struct hm_cli_go go; /* its root is the module's folder */
	char *root; /* what the compiler has to see: the module's folder, or one above where go.mod leads out */
	const char *package; /* import path */
	const char *folder;  /* of the package */
	const char *name;    /* of the program */
	struct hm_buf listed;
	struct hm_arena arena;
};

/* Whether a package is named as a folder and not by its import path, as the go command tells them apart. */
bool hm_cli_is_folder(const char *package);

/*
 * What --platform says, as one list.
 *
 * Shape   said: each time that it was given.
 * Owns    ret_list is the caller's: "linux/amd64,linux/arm64", also where nothing was said
 * Errors  HM_ENOMEM
 */
enum hm_status hm_cli_platforms(const struct hm_strv *said, char **ret_list, struct hm_err *err) HM_MUST;

/*
 * The platforms of such a list.
 *
 * Owns    the arena's
 * Errors  HM_EINVAL usage: it is empty, or has what is no platform; image.platform; HM_ELIMIT image.limit; HM_ENOMEM
 */
enum hm_status hm_cli_targets(struct hm_str list, struct hm_arena *arena, struct hm_image_target **ret_targets,
			      size_t *ret_count, struct hm_err *err) HM_MUST;

/*
 * Find what should be built.
 *
 * Shape   package: a folder, "./cmd/app" or absolute, whose module is then the one that it lies in; or an import path,
 *         seen from here; NULL: here. target: the platform that go asks about. modcache: NULL is the caller's.
 * Owns    ret_source is the caller's, for hm_cli_source_done()
 * Errors  HM_EINVAL image.package: no program, more than one, with kodata, or replaced by an absolute path
 *         those of hm_image_go_failed(), hm_cli_go_open() and hm_golang_modfile_parse()
 */
enum hm_status hm_cli_source_open(const char *package, const struct hm_image_target *target, const char *modcache,
				  struct hm_cli_source *ret_source, struct hm_err *err) HM_MUST;

void hm_cli_source_done(struct hm_cli_source *source);

#endif
