/*
 * What a git repository says about a working tree, asked of git itself.
 *
 * git runs in a sandbox without a network, sees the repository read-only, and none of the user's or the machine's
 * configuration: what a repository's own configuration would have git execute can do nothing there. Whose repository it
 * is does not matter.
 *
 * Layer 7. Any thread.
 */
#ifndef HM_SOURCE_GIT_H
#define HM_SOURCE_GIT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>

struct hm_git {
	char *root;                /* the working tree's top folder, absolute, without links */
	char *dir;                 /* the repository: usually ROOT/.git */
	char *common;              /* what working trees share; the same as dir but for `git worktree` */
	struct hm_strv alternates; /* object folders of other repositories that it borrows from */
	bool is_isolated;          /* false: git runs without a sandbox */
};

/*
 * Find the repository whose working tree holds a folder. Not finding one is no error: root is NULL then.
 *
 * Shape   dir: absolute, without links.
 * Owns    ret_git is the caller's, for hm_git_done()
 * Errors  HM_EPARSE source.git: a .git that leads nowhere; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_git_find(const char *dir, bool is_isolated, struct hm_git *ret_git, struct hm_err *err) HM_MUST;

void hm_git_done(struct hm_git *git);

/*
 * Run git and collect what it prints.
 *
 * Shape   args: what stands behind "git", ends in NULL. ret_code: its exit code; NULL: anything but 0 is an error.
 * Owns    ret_out is the caller's
 * Errors  HM_EIO source.git: it failed, with the last line that it wrote; sandbox.*; process.start: there is no git;
 *         HM_ELIMIT: over HM_MAX_GIT_OUTPUT; HM_ENOMEM
 */
enum hm_status hm_git_ask(const struct hm_git *git, const char *const *args, int *ret_code, struct hm_buf *ret_out,
			  struct hm_err *err) HM_MUST;

#endif
