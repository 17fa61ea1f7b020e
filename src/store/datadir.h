/*
 * A service's data directory: whose it is, in which format, and that only one process writes to it.
 *
 * It holds a file `format` with one line, "hallmark-log 1", from its first moment on, and a file `lock`. A directory
 * with another name or version, or with other people's files and no `format`, is left alone. What killed writers left
 * of files in it (base/file.h) is removed by whoever opens it to write.
 *
 * Layer 5. Any thread.
 */
#ifndef HM_STORE_DATADIR_H
#define HM_STORE_DATADIR_H

#include "base/err.h"

#include <stdint.h>

enum hm_datadir_use {
	HM_DATADIR_REFUSE, /* write; another writer is an error */
	HM_DATADIR_WAIT,   /* write; wait until another writer has ended */
	HM_DATADIR_READ,   /* read only: no lock, nothing is made */
};

struct hm_datadir {
	char *path;  /* as it was given */
	int lock_fd; /* -1 without */
};

/*
 * Open a data directory, make it where it is missing.
 *
 * Shape   name: letters, digits and '-', such as "hallmark-log". version: from 1.
 * Owns    ret_dir is the caller's, for hm_datadir_done(), which also gives the lock back
 * Errors  HM_ECONFLICT file.locked; HM_EPARSE store.format: no data directory, or of another service;
 *         HM_EINVAL store.version: another version; HM_ENOTFOUND: to read, and not there; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_datadir_open(const char *path, const char *name, uint32_t version, enum hm_datadir_use use,
			       struct hm_datadir *ret_dir, struct hm_err *err) HM_MUST;

/* Safe on one that is zeroed and on one that was never opened. */
void hm_datadir_done(struct hm_datadir *dir);

/*
 * The path of something in it.
 *
 * Owns    the caller frees
 * Errors  NULL when memory has run out
 */
char *hm_datadir_path(const struct hm_datadir *dir, const char *name) HM_MUST;

#endif
