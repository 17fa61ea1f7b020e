/*
 * Reading archives from outside, entry by entry: tar (plain, gzip, zstd) through libarchive, zip through zip.h.
 *
 * Whatever comes out is safe to use as a name below a folder; what is not safe is refused and ends the reading. Limits
 * hold on the number of entries, the size of each and of all, and on how much comes out of one byte.
 *
 * Layer 3. Not locked: one thread at a time; several archives are independent.
 */
#ifndef HM_ARCHIVE_READ_H
#define HM_ARCHIVE_READ_H

#include "archive/tar.h"
#include "archive/zip.h"
#include "base/err.h"
#include "base/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_archive;

struct hm_archive_opts {
	struct hm_archive_limits limits;
	bool allow_twice; /* the same name again, as tar files that were added to have it */
};

struct hm_archive_entry {
	struct hm_str path; /* clean: relative, without "." and "..", no slash at the end */
	enum hm_archive_kind kind;
	uint32_t mode;      /* the lower 12 bits, as the archive says */
	uint64_t size;      /* of a file; else 0 */
	int64_t mtime_s;    /* 0 where it is not known */
	struct hm_str link; /* of a symbolic link what it says, of a hard link the clean path of an earlier file */
};

/*
 * Begin to read what a descriptor gives: a file, or for tar also a pipe.
 *
 * Shape   name: for errors; opts: NULL is the default.
 * Owns    fd and name are borrowed until hm_archive_free(), to which ret_archive goes
 * Errors  HM_EPARSE archive.format; as hm_zip_open(); HM_EIO; HM_ENOMEM
 */
enum hm_status hm_archive_open(int fd, const char *name, const struct hm_archive_opts *opts,
			       struct hm_archive **ret_archive, struct hm_err *err) HM_MUST;

/* The same of an archive in memory. Owns: also bytes is borrowed. */
enum hm_status hm_archive_open_memory(struct hm_str bytes, const char *name, const struct hm_archive_opts *opts,
				      struct hm_archive **ret_archive, struct hm_err *err) HM_MUST;

/*
 * Go to the next entry; what was not read of the one before is passed over.
 *
 * Shape   ret_entry: NULL at the end. The root itself ("./") is left out.
 * Owns    ret_entry is borrowed until the next call
 * Errors  HM_EVERIFY archive.path, archive.link, archive.kind, archive.twice; HM_ELIMIT archive.limit; HM_EPARSE
 *         archive.format; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_archive_next(struct hm_archive *archive, const struct hm_archive_entry **ret_entry,
			       struct hm_err *err) HM_MUST;

/*
 * Send the current file's content to a sink.
 *
 * Errors  HM_EVERIFY archive.damaged; HM_ELIMIT archive.limit; HM_EIO; those of the sink. What the sink has seen is
 *         worth nothing then.
 */
enum hm_status hm_archive_copy(struct hm_archive *archive, struct hm_sink out, struct hm_err *err) HM_MUST;

/* Whether it was opened with allow_twice. */
bool hm_archive_allows_twice(const struct hm_archive *archive);

struct hm_archive *hm_archive_free(struct hm_archive *archive);
static inline void hm_archive_freep(struct hm_archive **archive)
{
	*archive = hm_archive_free(*archive);
}

#endif
