/*
 * Unpacking an archive into a folder, from which nothing leads out.
 *
 * A file is opened below the folder's descriptor and never through a link, be it planted by an earlier entry, there
 * before, or put there meanwhile: the kernel is asked to resolve beneath and without links (openat2), and where it
 * cannot, each part of a path is opened on its own with O_NOFOLLOW.
 *
 * Layer 3. Any thread, each with its own archive.
 */
#ifndef HM_ARCHIVE_EXTRACT_H
#define HM_ARCHIVE_EXTRACT_H

#include "archive/read.h"

struct hm_extract_opts {
	bool no_links;  /* refuse links of both kinds: sources of modules have none */
	bool read_only; /* files 0444 (or 0555) instead of 0644 (or 0755), as Go's module cache has them */
};

/*
 * Unpack what is left of an archive.
 *
 * Files get 0644, or 0755 where the archive makes them executable for anybody, folders 0755, whatever the umask; owner,
 * times, set-user-id and the like are not taken over. A file that is there already is refused, unless the archive was
 * opened with allow_twice: then the later one replaces it. After a failure the folder holds a part of the archive: the
 * caller unpacks into a temporary folder and moves it when it is complete. Nothing is synced to disk.
 *
 * Shape   dir: exists; opts: NULL is the default.
 * Errors  those of hm_archive_next() and hm_archive_copy(); HM_EVERIFY archive.link: a path goes through a link, a hard
 *         link to what is no file of the archive, or a link where none may be; HM_EVERIFY archive.twice: something is
 *         there; HM_EIO
 */
enum hm_status hm_archive_extract(struct hm_archive *archive, const char *dir, const struct hm_extract_opts *opts,
				  struct hm_err *err) HM_MUST;

#endif
