#include "golang/path.h"

#include "base/unicode.h"
#include "golang/version.h"

#include <strings.h>

enum kind { MODULE, IMPORT, FILE_PATH };

static bool is_alnum(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_allowed(uint32_t c, enum kind kind)
{
	if (c >= 0x80)
		return kind == FILE_PATH && hm_rune_is_letter(c);
	if (is_alnum(c))
		return true;
	return c && strchr(kind == MODULE ? "-._~" : kind == IMPORT ? "-._~+" : "!#$%&()+,-.=@[]^_{}~ ", (int)c);
}

/* Names that Windows takes for devices, whatever stands behind their first dot. */
static bool is_device_name(struct hm_str s)
{
	static const char names[][4] = { "CON", "PRN", "AUX", "NUL" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (s.len == 3 && strncasecmp(s.ptr, names[i], 3) == 0)
			return true;
	}
	return s.len == 4 && s.ptr[3] >= '1' && s.ptr[3] <= '9' &&
	       (strncasecmp(s.ptr, "COM", 3) == 0 || strncasecmp(s.ptr, "LPT", 3) == 0);
}

/* "~1" at the end of a name's first part: Windows' short form of another name. */
static bool is_short_name(struct hm_str s)
{
	ptrdiff_t tilde = hm_str_find_last_char(s, '~');
	struct hm_str tail = tilde < 0 ? (struct hm_str){ 0 } : hm_str_skip(s, (size_t)tilde + 1);

	for (size_t i = 0; i < tail.len; i++) {
		if (tail.ptr[i] < '0' || tail.ptr[i] > '9')
			return false;
	}
	return tail.len > 0;
}

static const char *bad_element(struct hm_str element, enum kind kind)
{
	size_t dots = 0;

	if (element.len == 0)
		return "has an empty part";
	while (dots < element.len && element.ptr[dots] == '.')
		dots++;
	if (dots == element.len)
		return "has a part of dots only";
	if (dots && kind == MODULE)
		return "has a part that begins with a dot";
	if (element.ptr[element.len - 1] == '.')
		return "has a part that ends with a dot";
	for (struct hm_str rest = element; rest.len;) {
		if (!is_allowed(hm_rune_next(&rest), kind))
			return "has a character that is not allowed";
	}
	struct hm_str front, back;
	hm_str_cut(element, '.', &front, &back);
	if (is_device_name(front))
		return "has a part that is a device on Windows";
	if (kind != FILE_PATH && is_short_name(front))
		return "has a part that ends in a tilde and digits";
	return NULL;
}

static const char *bad_path(struct hm_str path, enum kind kind)
{
	struct hm_str rest = path, element;
	const char *bad = NULL;

	if (!hm_str_is_utf8(path))
		return "is not UTF-8";
	if (path.len == 0)
		return "is empty";
	if (path.ptr[0] == '-' && kind != FILE_PATH)
		return "begins with a dash";
	while (!bad && hm_str_next(&rest, '/', &element))
		bad = bad_element(element, kind);
	return bad;
}

/* The first part of a module's path is a host. */
static const char *bad_host(struct hm_str path)
{
	struct hm_str host, rest;

	hm_str_cut(path, '/', &host, &rest);
	if (hm_str_find_char(host, '.') < 0)
		return "has no dot in its first part";
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if (c != '-' && c != '.' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z'))
			return "has a character that is not allowed in its first part";
	}
	struct hm_str prefix, major;
	return hm_golang_split_path(path, &prefix, &major) ? NULL : "ends in what is no good major version";
}

static enum hm_status refuse(const char *what, struct hm_str path, const char *bad, struct hm_err *err)
{
	if (!bad)
		return HM_OK;
	return hm_fail(err, HM_R_GOLANG_PATH, "the %s path '%.*s' %s", what, HM_STR_ARG(hm_str_head(path, 200)), bad);
}

enum hm_status hm_golang_check_path(struct hm_str path, struct hm_err *err)
{
	const char *bad = bad_path(path, MODULE);

	return refuse("module", path, bad ? bad : bad_host(path), err);
}

enum hm_status hm_golang_check_import_path(struct hm_str path, struct hm_err *err)
{
	return refuse("package", path, bad_path(path, IMPORT), err);
}

enum hm_status hm_golang_check_file_path(struct hm_str path, struct hm_err *err)
{
	return refuse("file", path, bad_path(path, FILE_PATH), err);
}

enum hm_status hm_golang_check_module(struct hm_str path, struct hm_str version, struct hm_err *err)
{
	struct hm_golang_semver parts;
	struct hm_str prefix, major;

	enum hm_status st = hm_golang_check_path(path, err);
	if (st != HM_OK)
		return st;
	if (!hm_golang_semver_parse(version, &parts))
		return hm_fail(err, HM_R_GOLANG_VERSION, "'%.*s' of %.*s is no semantic version",
			       HM_STR_ARG(hm_str_head(version, 100)), HM_STR_ARG(hm_str_head(path, 200)));
	if (!hm_golang_split_path(path, &prefix, &major) || !hm_golang_major_matches(version, major))
		return hm_fail(err, HM_R_GOLANG_VERSION, "the version %.*s cannot be one of %.*s",
			       HM_STR_ARG(hm_str_head(version, 100)), HM_STR_ARG(hm_str_head(path, 200)));
	return HM_OK;
}

/* Where the digits (and dots) at the end of path begin. */
static size_t number_at_end(struct hm_str path, bool dots)
{
	size_t i = path.len;

	while (i > 0 && ((path.ptr[i - 1] >= '0' && path.ptr[i - 1] <= '9') || (dots && path.ptr[i - 1] == '.')))
		i--;
	return i;
}

/* gopkg.in has its own form: name.v3, name.v0, name.v1-unstable, and no path without one. */
static bool split_gopkg_in(struct hm_str path, struct hm_str *ret_prefix, struct hm_str *ret_major)
{
	bool unstable = hm_str_has_suffix(path, HM_STR("-unstable"));
	struct hm_str bare = unstable ? hm_str_head(path, path.len - strlen("-unstable")) : path;
	size_t i = number_at_end(bare, false);

	*ret_prefix = path;
	*ret_major = (struct hm_str){ "", 0 };
	if (i <= 1 || path.ptr[i - 1] != 'v' || path.ptr[i - 2] != '.')
		return false;
	struct hm_str major = hm_str_skip(path, i - 2);
	if (major.len <= 2 || (major.ptr[2] == '0' && !hm_str_is(major, ".v0")))
		return false;
	*ret_prefix = hm_str_head(path, i - 2);
	*ret_major = major;
	return true;
}

bool hm_golang_split_path(struct hm_str path, struct hm_str *ret_prefix, struct hm_str *ret_major)
{
	if (hm_str_has_prefix(path, HM_STR("gopkg.in/")))
		return split_gopkg_in(path, ret_prefix, ret_major);

	size_t i = number_at_end(path, true);
	*ret_prefix = path;
	*ret_major = (struct hm_str){ "", 0 };
	if (i <= 1 || i == path.len || path.ptr[i - 1] != 'v' || path.ptr[i - 2] != '/')
		return true;
	struct hm_str major = hm_str_skip(path, i - 2);
	if (hm_str_find_char(major, '.') >= 0 || major.ptr[2] == '0' || hm_str_is(major, "/v1"))
		return false;
	*ret_prefix = hm_str_head(path, i - 2);
	*ret_major = major;
	return true;
}

bool hm_golang_major_matches(struct hm_str version, struct hm_str major)
{
	struct hm_golang_semver v = { .given = 0 };
	struct hm_str unstable = HM_STR("-unstable");

	if (hm_str_has_prefix(major, HM_STR(".v")) && hm_str_has_suffix(major, unstable))
		major.len -= unstable.len;
	/* versions from before gopkg.in's paths said v1 */
	if (hm_str_has_prefix(version, HM_STR("v0.0.0-")) && hm_str_is(major, ".v1"))
		return true;
	bool good = hm_golang_semver_parse(version, &v);
	if (major.len == 0)
		return good &&
		       (hm_str_is(v.major, "0") || hm_str_is(v.major, "1") || hm_str_is(v.build, "+incompatible"));
	return good && hm_str_eq(v.major, hm_str_skip(major, 2));
}

/* --- escaping --- */

static void add_escaped(struct hm_str s, struct hm_buf *buf)
{
	for (size_t i = 0; i < s.len; i++) {
		bool capital = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z';
		if (capital)
			hm_buf_add_char(buf, '!');
		hm_buf_add_char(buf, capital ? (char)(s.ptr[i] + ('a' - 'A')) : s.ptr[i]);
	}
}

static bool add_unescaped(struct hm_str s, struct hm_buf *buf)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c >= 0x80 || (c >= 'A' && c <= 'Z'))
			return false;
		if (c == '!') {
			if (++i == s.len || s.ptr[i] < 'a' || s.ptr[i] > 'z')
				return false;
			c = (unsigned char)(s.ptr[i] - ('a' - 'A'));
		}
		hm_buf_add_char(buf, (char)c);
	}
	return true;
}

enum hm_status hm_golang_escape_path(struct hm_str path, struct hm_buf *buf, struct hm_err *err)
{
	enum hm_status st = hm_golang_check_path(path, err);

	if (st != HM_OK)
		return st;
	add_escaped(path, buf);
	return hm_buf_check(buf, "a module path", err);
}

/* A version is one part of a file's path; beyond ASCII there is no way to write it. */
static bool good_version_element(struct hm_str version)
{
	bool ascii = true;

	for (size_t i = 0; i < version.len; i++)
		ascii = ascii && (unsigned char)version.ptr[i] < 0x80;
	return ascii && !bad_element(version, FILE_PATH);
}

enum hm_status hm_golang_escape_version(struct hm_str version, struct hm_buf *buf, struct hm_err *err)
{
	if (!good_version_element(version) || hm_str_find_char(version, '!') >= 0)
		return hm_fail(err, HM_R_GOLANG_VERSION, "the version '%.*s' cannot be written in a path",
			       HM_STR_ARG(hm_str_head(version, 200)));
	add_escaped(version, buf);
	return hm_buf_check(buf, "a version", err);
}

enum hm_status hm_golang_unescape_path(struct hm_str escaped, struct hm_buf *buf, struct hm_err *err)
{
	size_t before = buf->len;

	if (!add_unescaped(escaped, buf) ||
	    (buf->status == HM_OK && bad_path(hm_str_skip(hm_buf_str(buf), before), MODULE)) ||
	    (buf->status == HM_OK && bad_host(hm_str_skip(hm_buf_str(buf), before)))) {
		buf->len = before;
		return hm_fail(err, HM_R_GOLANG_PATH, "'%.*s' is no escaped module path",
			       HM_STR_ARG(hm_str_head(escaped, 200)));
	}
	return hm_buf_check(buf, "a module path", err);
}

enum hm_status hm_golang_unescape_version(struct hm_str escaped, struct hm_buf *buf, struct hm_err *err)
{
	size_t before = buf->len;

	if (!add_unescaped(escaped, buf) ||
	    (buf->status == HM_OK && !good_version_element(hm_str_skip(hm_buf_str(buf), before)))) {
		buf->len = before;
		return hm_fail(err, HM_R_GOLANG_VERSION, "'%.*s' is no escaped version",
			       HM_STR_ARG(hm_str_head(escaped, 200)));
	}
	return hm_buf_check(buf, "a version", err);
}
