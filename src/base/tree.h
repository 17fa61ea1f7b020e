/*
 * Whole folders: walk, remove. No link is ever followed, so a tree can lead nowhere else.
 *
 * Layer 1. Any thread; the tree must not be changed by others meanwhile, or the answer is about some moment of it.
 */
#ifndef HM_BASE_TREE_H
#define HM_BASE_TREE_H

#include "base/err.h"

#include <stddef.h>
#include <sys/stat.h>

struct hm_tree_entry {
	const char *path;        /* relative to the root, without a leading "./" */
	const char *name;        /* the last part of path */
	int dirfd;               /* the folder that holds it, for openat(dirfd, name) */
	const struct stat *stat; /* of itself, a link included */
};

enum hm_tree_step { HM_TREE_ENTER, HM_TREE_SKIP };

/*
 * What is done for each entry, folders before what is in them, names in byte order.
 *
 * Shape   ret_step: HM_TREE_ENTER on entry; set it to HM_TREE_SKIP to leave a folder's content out.
 * Owns    the entry is borrowed for the call
 * Errors  anything but HM_OK ends the walk with that status
 */
typedef enum hm_status (*hm_tree_fn)(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				     struct hm_err *err);

/*
 * Visit everything below root, but not root itself.
 *
 * Errors  what visit returned; HM_ENOTFOUND; HM_EIO; HM_ELIMIT: deeper than HM_MAX_TREE_DEPTH; HM_ENOMEM
 */
enum hm_status hm_tree_walk(const char *root, hm_tree_fn visit, void *ctx, struct hm_err *err) HM_MUST;

/*
 * Remove a file, a link, or a folder with all in it, however deep. Folders that their owner may not write, as in a Go
 * module cache, are made writable first. What is not there is no error. Nothing outside is touched, even where another
 * process puts links into the tree meanwhile.
 *
 * Errors  HM_EIO
 */
enum hm_status hm_tree_remove(const char *path, struct hm_err *err) HM_MUST;

#endif
