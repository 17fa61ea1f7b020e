/*
 * Names in archives: what may become a file below a folder, and what a link may lead to.
 *
 * Layer 3. Pure; any thread.
 */
#ifndef HM_ARCHIVE_PATH_H
#define HM_ARCHIVE_PATH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * Check a name and write it in its one form: no "." parts, no empty parts, no slash at the end.
 *
 * Refused are: the empty name, an absolute one, a part "..", NUL and control characters, a backslash (which is a
 * separator elsewhere), a part over 255 bytes, over HM_MAX_ARCHIVE_PATH bytes or HM_MAX_ARCHIVE_DEPTH parts.
 *
 * Shape   ret_clean: cleared first; empty afterwards for the root itself ("./").
 * Errors  HM_EVERIFY archive.path; HM_ENOMEM
 */
enum hm_status hm_archive_clean_path(struct hm_str path, struct hm_buf *ret_clean, struct hm_err *err) HM_MUST;

/*
 * Check where a symbolic link leads: below the root, and so however other links stand around it.
 *
 * ".." may only stand at the beginning, where the link's own folder (which is no link) is known; behind another part it
 * could follow a link out.
 *
 * Shape   path: the link's own name, clean; target: as it stands in the archive.
 * Errors  HM_EVERIFY archive.link: absolute, out of the root, ".." behind a name, or no name at all
 */
enum hm_status hm_archive_check_link(struct hm_str path, struct hm_str target, struct hm_err *err) HM_MUST;

#endif
