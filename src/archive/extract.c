#include "archive/extract.h"

#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct extraction {
	int root;
	const char *dir; /* for errors */
	const struct hm_extract_opts *opts;
	bool replace;
};

/* A C string of a clean path or of a part of it, which fits. */
static void copy_path(char ret_path[HM_MAX_ARCHIVE_PATH + 1], struct hm_str s)
{
	memcpy(ret_path, s.ptr, s.len);
	ret_path[s.len] = '\0';
}

static enum hm_status through_link(const struct extraction *x, struct hm_str path, struct hm_err *err)
{
	return hm_fail(err, HM_R_ARCHIVE_LINK, "'%.*s' in '%s' lies behind a link or a file",
		       HM_STR_ARG(hm_str_head(path, 200)), x->dir);
}

static int open_beneath(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The folder of that clean path, part by part, made where it is missing. */
static enum hm_status walk_to(const struct extraction *x, struct hm_str path, int *ret_fd, struct hm_err *err)
{
	struct hm_str rest = path, part;
	HM_OWN(hm_closep) int fd = fcntl(x->root, F_DUPFD_CLOEXEC, 0);
	char name[NAME_MAX + 1];

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", x->dir);
	while (hm_str_next(&rest, '/', &part)) {
		memcpy(name, part.ptr, part.len);
		name[part.len] = '\0';
		/* fchmod behind mkdir: the mode must not depend on the umask */
		bool made = mkdirat(fd, name, 0755) == 0;
		if (!made && errno != EEXIST)
			return hm_fail_errno(err, errno, "make folder '%.*s' in '%s'", HM_STR_ARG(path), x->dir);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && (errno == ENOTDIR || errno == ELOOP))
			return through_link(x, path, err);
		if (next < 0 || (made && fchmod(next, 0755) != 0)) {
			enum hm_status st =
			    hm_fail_errno(err, errno, "open folder '%.*s' in '%s'", HM_STR_ARG(path), x->dir);
			if (next >= 0)
				close(next);
			return st;
		}
		close(fd);
		fd = next;
	}
	*ret_fd = fd;
	fd = -1;
	return HM_OK;
}

static enum hm_status open_dir(const struct extraction *x, struct hm_str path, int *ret_fd, struct hm_err *err)
{
	char text[HM_MAX_ARCHIVE_PATH + 1];

	if (path.len > 0) {
		copy_path(text, path);
		int fd = open_beneath(x->root, text);
		if (fd >= 0) {
			*ret_fd = fd;
			return HM_OK;
		}
		if (errno == ELOOP || errno == EXDEV || errno == ENOTDIR)
			return through_link(x, path, err);
		/* it is missing, or the kernel or a filter does not know the call */
	} else {
		path.ptr = NULL;
	}
	return walk_to(x, path, ret_fd, err);
}

/* Split a clean path into the descriptor of its folder and its last part. */
static enum hm_status open_parent(const struct extraction *x, struct hm_str path, int *ret_fd,
				  char ret_name[NAME_MAX + 1], struct hm_err *err)
{
	ptrdiff_t slash = hm_str_find_last_char(path, '/');
	struct hm_str name = slash < 0 ? path : hm_str_skip(path, (size_t)slash + 1);

	memcpy(ret_name, name.ptr, name.len);
	ret_name[name.len] = '\0';
	return open_dir(x, slash < 0 ? (struct hm_str){ 0 } : hm_str_head(path, (size_t)slash), ret_fd, err);
}

/* Whatever has the name goes, when later entries replace earlier ones; a folder stays and makes the creation fail. */
static void clear_place(const struct extraction *x, int parent, const char *name)
{
	if (x->replace)
		unlinkat(parent, name, 0);
}

static enum hm_status creation_failed(const struct extraction *x, struct hm_str path, struct hm_err *err)
{
	if (errno == EEXIST)
		return hm_fail(err, HM_R_ARCHIVE_TWICE, "'%.*s' is in '%s' already", HM_STR_ARG(hm_str_head(path, 200)),
			       x->dir);
	return hm_fail_errno(err, errno, "create '%.*s' in '%s'", HM_STR_ARG(hm_str_head(path, 200)), x->dir);
}

static enum hm_status extract_file(const struct extraction *x, struct hm_archive *archive,
				   const struct hm_archive_entry *entry, int parent, const char *name,
				   struct hm_err *err)
{
	clear_place(x, parent, name);
	HM_OWN(hm_closep) int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return creation_failed(x, entry->path, err);

	struct hm_sink_file file = { fd, name };
	enum hm_status st = hm_archive_copy(archive, hm_sink_fd(&file), err);
	mode_t mode = (entry->mode & 0111 ? 0755 : 0644) & (x->opts->read_only ? 0555u : 0777u);
	if (st == HM_OK && fchmod(fd, mode) != 0)
		st = hm_fail_errno(err, errno, "set the mode of '%s'", name);
	return st;
}

static enum hm_status extract_hardlink(const struct extraction *x, const struct hm_archive_entry *entry, int parent,
				       const char *name, struct hm_err *err)
{
	char target[NAME_MAX + 1];
	HM_OWN(hm_closep) int from = -1;
	struct stat info;

	enum hm_status st = open_parent(x, entry->link, &from, target, err);
	if (st != HM_OK)
		return st;
	if (fstatat(from, target, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_ARCHIVE_LINK, "'%.*s' links to '%.*s', which is no file of the archive",
			       HM_STR_ARG(hm_str_head(entry->path, 200)), HM_STR_ARG(hm_str_head(entry->link, 200)));
	clear_place(x, parent, name);
	return linkat(from, target, parent, name, 0) == 0 ? HM_OK : creation_failed(x, entry->path, err);
}

static enum hm_status extract_symlink(const struct extraction *x, const struct hm_archive_entry *entry, int parent,
				      const char *name, struct hm_err *err)
{
	char target[HM_MAX_ARCHIVE_PATH + 1];

	copy_path(target, entry->link); /* its length was checked with its direction */
	clear_place(x, parent, name);
	return symlinkat(target, parent, name) == 0 ? HM_OK : creation_failed(x, entry->path, err);
}

static enum hm_status extract_entry(const struct extraction *x, struct hm_archive *archive,
				    const struct hm_archive_entry *entry, struct hm_err *err)
{
	HM_OWN(hm_closep) int parent = -1;
	char name[NAME_MAX + 1];

	if (entry->kind == HM_ARCHIVE_DIR)
		return open_dir(x, entry->path, &parent, err);
	if (x->opts->no_links && entry->kind != HM_ARCHIVE_FILE)
		return hm_fail(err, HM_R_ARCHIVE_LINK, "'%.*s' is a link, and none may be here",
			       HM_STR_ARG(hm_str_head(entry->path, 200)));
	enum hm_status st = open_parent(x, entry->path, &parent, name, err);
	if (st != HM_OK)
		return st;
	if (entry->kind == HM_ARCHIVE_FILE)
		return extract_file(x, archive, entry, parent, name, err);
	return entry->kind == HM_ARCHIVE_SYMLINK ? extract_symlink(x, entry, parent, name, err)
						 : extract_hardlink(x, entry, parent, name, err);
}

enum hm_status hm_archive_extract(struct hm_archive *archive, const char *dir, const struct hm_extract_opts *opts,
				  struct hm_err *err)
{
	static const struct hm_extract_opts standard = { 0 };
	HM_OWN(hm_closep) int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct extraction x = { root, dir, opts ? opts : &standard, hm_archive_allows_twice(archive) };

	if (root < 0)
		return hm_fail_errno(err, errno, "open folder '%s'", dir);
	for (;;) {
		const struct hm_archive_entry *entry;
		enum hm_status st = hm_archive_next(archive, &entry, err);
		if (st != HM_OK || !entry)
			return st;
		st = extract_entry(&x, archive, entry, err);
		if (st != HM_OK)
			return st;
	}
}
