/*
 * The source of a run: a copy of the working tree as it is, and what can be said about where it comes from.
 *
 * Of a git repository the copy has every file that is tracked or could be (untracked and not ignored), so that what is
 * built is what a commit of it would hold; ignored files are left out, and counted. Without git it is all that lies in
 * the folder. Our own `.hallmark` is never in it.
 *
 * Layer 7. Any thread; the tree should not be changed meanwhile.
 */
#ifndef HM_SOURCE_SNAPSHOT_H
#define HM_SOURCE_SNAPSHOT_H

#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/git_blob.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum hm_source_state {
	HM_SOURCE_UNKNOWN, /* no git: nobody knows which commit it is */
	HM_SOURCE_COMMIT,  /* exactly the commit */
	HM_SOURCE_DIRTY,   /* differs from HEAD, or there is no commit yet */
};

/* "unknown", "commit", "dirty" */
const char *hm_source_state_name(enum hm_source_state state);

struct hm_source {
	char *root;   /* of the tree that was copied: absolute, without links */
	char *dir;    /* of the module in it: "." or "cmd/app" */
	char *remote; /* URL of origin without a user's name or password; NULL: none */
	enum hm_source_state state;
	char head[HM_GIT_NAME_LEN]; /* the commit at HEAD, "" for none. When dirty it is not what was built */
	char *changed;              /* when dirty: the first file that differs, for people */
	struct hm_hash tree;        /* of all names and contents, made as Go's h1: hash is: dirHash1 */
	uint64_t files, bytes;
	uint64_t ignored;    /* files and folders left out */
	uint64_t submodules; /* left out */
};

/*
 * Copy a module's source, and learn where it comes from.
 *
 * Shape   dir: the folder with go.mod. into: an empty folder on the same machine, outside of the source or in its
 *         `.hallmark`. is_isolated: git runs in a sandbox. stop: the number of a signal once one has come, which ends
 *         the copy; NULL: nothing does.
 * Owns    ret_source is the caller's, for hm_source_done()
 * Errors  HM_EPARSE source.git, source.file: a name or a kind of file that cannot be copied
 *         HM_ELIMIT source.limit: over HM_MAX_SOURCE_FILES or HM_MAX_SOURCE_BYTES
 *         HM_EIO interrupted, with the signal in err->sys; file.io, file.no-space, source.git, sandbox.*; HM_ENOTFOUND;
 * HM_ENOMEM
 */
enum hm_status hm_source_snapshot(const char *dir, const char *into, bool is_isolated,
				  const volatile sig_atomic_t *stop, struct hm_source *ret_source,
				  struct hm_err *err) HM_MUST;

void hm_source_done(struct hm_source *source);

/* A URL without the user's name and password. Owns: ret_url is the caller's. Errors: HM_ENOMEM. */
enum hm_status hm_source_url_clean(struct hm_str url, char **ret_url, struct hm_err *err) HM_MUST;

#endif
