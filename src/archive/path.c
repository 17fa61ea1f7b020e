#include "archive/path.h"

#include "base/limits.h"

#include <limits.h>

/* What makes a name unsafe, in words; NULL where nothing does. */
static const char *bad_name(struct hm_str path)
{
	if (path.len == 0)
		return "is empty";
	if (path.len > HM_MAX_ARCHIVE_PATH)
		return "is too long";
	if (path.ptr[0] == '/')
		return "is absolute";
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		if (c < 0x20 || c == 0x7f)
			return "has a control character";
		if (c == '\\')
			return "has a backslash";
	}
	return NULL;
}

/* What makes a part of a name unsafe. */
static const char *bad_part(struct hm_str part)
{
	if (hm_str_is(part, ".."))
		return "leads upwards";
	return part.len > NAME_MAX ? "has a part that is too long" : NULL;
}

enum hm_status hm_archive_clean_path(struct hm_str path, struct hm_buf *ret_clean, struct hm_err *err)
{
	struct hm_str rest = path, part;
	unsigned depth = 0;

	hm_buf_clear(ret_clean);
	const char *bad = bad_name(path);
	while (!bad && hm_str_next(&rest, '/', &part)) {
		if (part.len == 0 || hm_str_is(part, "."))
			continue;
		bad = bad_part(part);
		if (!bad && ++depth > HM_MAX_ARCHIVE_DEPTH)
			bad = "is too deep";
		if (ret_clean->len)
			hm_buf_add_char(ret_clean, '/');
		hm_buf_add_str(ret_clean, part);
	}
	if (bad)
		return hm_fail(err, HM_R_ARCHIVE_PATH, "the name '%.*s' %s", HM_STR_ARG(hm_str_head(path, 200)), bad);
	return hm_buf_check(ret_clean, "a name in an archive", err);
}

enum hm_status hm_archive_check_link(struct hm_str path, struct hm_str target, struct hm_err *err)
{
	struct hm_str rest = path, part;
	unsigned depth = 0; /* folders between the root and the link */
	bool below = false;

	while (hm_str_next(&rest, '/', &part))
		depth++;
	depth--;

	const char *bad = bad_name(target);
	rest = target;
	while (!bad && hm_str_next(&rest, '/', &part)) {
		if (hm_str_is(part, "..") && below)
			bad = "has '..' behind a name";
		else if (hm_str_is(part, "..") && depth-- == 0)
			bad = "leads out of the archive";
		else if (part.len != 0 && !hm_str_is(part, ".") && !hm_str_is(part, ".."))
			below = true;
	}
	if (bad)
		return hm_fail(err, HM_R_ARCHIVE_LINK, "the link '%.*s': its target '%.*s' %s",
			       HM_STR_ARG(hm_str_head(path, 200)), HM_STR_ARG(hm_str_head(target, 150)), bad);
	return HM_OK;
}
