/*
 * Files and folders, durably: what was saved is there after a power cut, what was not saved does not look as if it
 * were.
 *
 * Not here: whole trees (tree.h).
 * Layer 1. Any thread; a path is used as it is, links in it are followed where no function says otherwise.
 */
#ifndef HM_BASE_FILE_H
#define HM_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Read a whole file, or a pipe to its end.
 *
 * Owns    ret_data is the caller's
 * Errors  HM_ENOTFOUND file.not-found; HM_EIO file.io; HM_ELIMIT file.too-large: over max bytes; HM_ENOMEM
 */
enum hm_status hm_file_read(const char *path, size_t max, struct hm_buf *ret_data, struct hm_err *err) HM_MUST;

/*
 * Read a file from a folder that a stranger writes to: it must be an ordinary one, for a link could lead to what only
 * we may read, and a pipe would keep us waiting.
 *
 * Shape   path: its folder is not the stranger's to replace.
 * Owns    ret_data is the caller's
 * Errors  HM_EPARSE file.kind: a link, a folder, a pipe or a socket; as hm_file_read()
 */
enum hm_status hm_file_read_strangers(const char *path, size_t max, struct hm_buf *ret_data,
				      struct hm_err *err) HM_MUST;

/* The same from an open descriptor; name is for the error's text. */
enum hm_status hm_fd_read(int fd, const char *name, size_t max, struct hm_buf *ret_data, struct hm_err *err) HM_MUST;

/* Write all of it. Errors: HM_EIO file.io, file.no-space. */
enum hm_status hm_fd_write(int fd, const char *name, struct hm_str data, struct hm_err *err) HM_MUST;

/*
 * Replace a file in one step: temporary file in the same folder, fsync, rename, fsync of the folder. A link of that
 * name is replaced, not followed.
 *
 * Shape   mode: permissions of the new file, whatever the umask.
 * Errors  HM_EIO file.io, file.no-space; HM_ENOTFOUND: the folder. The old file is then as it was.
 */
enum hm_status hm_file_save(const char *path, struct hm_str data, mode_t mode, struct hm_err *err) HM_MUST;

/*
 * Write a result where the user said. An ordinary file is replaced as by hm_file_save(), behind links too; what is
 * none, such as /dev/stdout, a pipe or /dev/null, is written to and stays what it is.
 *
 * Errors  as hm_file_save(), and HM_EIO file.io: a socket
 */
enum hm_status hm_file_put(const char *path, struct hm_str data, mode_t mode, struct hm_err *err) HM_MUST;

/*
 * Create a file that is never changed again, as durably as hm_file_save(). One that is there already must hold the
 * same.
 *
 * Errors  as hm_file_save(); HM_ECONFLICT file.exists: it is there and differs
 */
enum hm_status hm_file_save_once(const char *path, struct hm_str data, mode_t mode, struct hm_err *err) HM_MUST;

/*
 * Make a folder and those above it that are missing; each that it makes is on disk when this returns.
 *
 * Errors  HM_EIO file.io; HM_EPARSE file.kind: something else has that name
 */
enum hm_status hm_dir_make(const char *path, mode_t mode, struct hm_err *err) HM_MUST;

/*
 * Make a new folder with a name that nobody else has.
 *
 * Shape   ret_path: PARENT/PREFIXxxxxxx; mode 0700.
 * Owns    ret_path is the caller's
 */
enum hm_status hm_dir_make_temp(const char *parent, const char *prefix, char **ret_path, struct hm_err *err) HM_MUST;

/*
 * Remove from a folder what hm_file_save() and hm_file_save_once() left there when they were killed; what they are
 * writing at the same time, in this process or another, stays. A leftover that cannot be removed is no harm, and no
 * error.
 */
void hm_file_sweep(const char *folder);

/* fsync of a folder: its entries are on disk. */
enum hm_status hm_dir_sync(const char *path, struct hm_err *err) HM_MUST;

/*
 * Put a finished folder in another's place in one step; where there was one, it has the finished one's name afterwards.
 *
 * Errors  HM_EIO file.io: nothing has changed then
 */
enum hm_status hm_dir_replace(const char *finished, const char *place, struct hm_err *err) HM_MUST;

/*
 * Take the lock of a file, which is made where it is missing. It ends when the descriptor is closed or the process
 * ends.
 *
 * Shape   wait: until it is free; else refuse.
 * Owns    ret_fd is the caller's to close
 * Errors  HM_ECONFLICT file.locked: another process has it; HM_EIO
 */
enum hm_status hm_file_lock(const char *path, bool wait, int *ret_fd, struct hm_err *err) HM_MUST;

/* Whether a path leads to something; a broken link does not. */
bool hm_path_is_there(const char *path);
bool hm_path_is_dir(const char *path);
bool hm_path_is_file(const char *path);

/* Whether path is folder or lies below it, by their texts alone; both in normal form: no "//", ".", "..", final '/'. */
bool hm_path_is_within(const char *path, const char *folder);

/* Cut a path to the nearest folder above it that is there: where something that is missing would be made. */
void hm_path_cut_to_there(char *path);

/* The last part of a path, borrowed: "c" of "a/b/c" and of "c". */
const char *hm_path_base(const char *path);

/*
 * The absolute path without links, "." or "..", as realpath(3); the path must exist.
 *
 * Owns    ret_path is the caller's
 */
enum hm_status hm_path_resolve(const char *path, char **ret_path, struct hm_err *err) HM_MUST;

#endif
