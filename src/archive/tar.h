/*
 * A tar archive that is the same, byte for byte, whenever and wherever the same entries are written.
 *
 * Every byte of a header comes from what the caller says: owner and group are 0 without names, time and mode are given,
 * entries stand in the order in which they are added, the end is two blocks and no more. The headers are written here
 * and not by a library, so that no version, locale, umask or user can change a digest. The form is POSIX ustar; what
 * does not fit (a long or non-ASCII name, a size from 8 GiB on) is preceded by a pax header.
 *
 * Layer 3. Not locked: one thread at a time. No allocation.
 */
#ifndef HM_ARCHIVE_TAR_H
#define HM_ARCHIVE_TAR_H

#include "base/err.h"
#include "base/sink.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum hm_archive_kind { HM_ARCHIVE_FILE, HM_ARCHIVE_DIR, HM_ARCHIVE_SYMLINK, HM_ARCHIVE_HARDLINK };

struct hm_tar_entry {
	struct hm_str path; /* clean, as hm_archive_clean_path() writes it */
	enum hm_archive_kind kind;
	uint32_t mode;      /* the lower 12 bits */
	uint64_t size;      /* of a file; else 0 */
	int64_t mtime_s;    /* since 1970, not before */
	struct hm_str link; /* of a symbolic link what it says, of a hard link an earlier path */
};

struct hm_tar {
	struct hm_sink out;
	uint64_t left; /* bytes of the entry's content that are still to come */
	unsigned pad;  /* zeros that then follow */
};

/* Begin an archive. Owns: out's state is borrowed. */
void hm_tar_init(struct hm_tar *tar, struct hm_sink out);

/*
 * Begin an entry; exactly entry->size bytes of content follow by hm_tar_write().
 *
 * Errors  HM_EINVAL archive.entry: the path is not clean, a field does not belong to the kind, or the entry before is
 *         not complete; HM_EVERIFY archive.path, archive.link; those of the sink
 */
enum hm_status hm_tar_begin(struct hm_tar *tar, const struct hm_tar_entry *entry, struct hm_err *err) HM_MUST;

/* Some of the entry's content. Errors: HM_EINVAL archive.entry: more than its size; those of the sink. */
enum hm_status hm_tar_write(struct hm_tar *tar, const void *ptr, size_t len, struct hm_err *err) HM_MUST;

/* A whole entry with its content, whose length is its size. */
enum hm_status hm_tar_add(struct hm_tar *tar, const struct hm_tar_entry *entry, struct hm_str content,
			  struct hm_err *err) HM_MUST;

/*
 * A whole entry with the content that a descriptor gives.
 *
 * Shape   name: for the error's text.
 * Errors  also HM_EIO; HM_EINVAL archive.entry: it gives more or less than entry->size
 */
enum hm_status hm_tar_add_fd(struct hm_tar *tar, const struct hm_tar_entry *entry, int fd, const char *name,
			     struct hm_err *err) HM_MUST;

/* The two blocks of zeros that end an archive. Errors: HM_EINVAL archive.entry: the last entry is not complete. */
enum hm_status hm_tar_finish(struct hm_tar *tar, struct hm_err *err) HM_MUST;

#endif
