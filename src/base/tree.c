#include "base/tree.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/strv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct walk {
	hm_tree_fn visit;
	void *ctx;
	struct hm_buf path; /* of the entry at hand, relative to the root */
	struct hm_err *err;
};

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static enum hm_status list_names(int fd, const char *path, struct hm_strv *ret_names, struct hm_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	HM_OWN(closedirp) DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir) {
		int errnum = errno;
		if (copy >= 0)
			close(copy);
		return hm_fail_errno(err, errnum, "read folder '%s'", path);
	}
	rewinddir(dir); /* the copy shares its place in the folder with fd, which may have been listed before */
	for (;;) {
		errno = 0;
		const struct dirent *d = readdir(dir);
		if (!d && errno)
			return hm_fail_errno(err, errno, "read folder '%s'", path);
		if (!d)
			break;
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			hm_strv_add(ret_names, d->d_name);
	}
	hm_strv_sort(ret_names);
	return hm_strv_check(ret_names, err);
}

static enum hm_status walk_folder(struct walk *w, int fd, int depth);

static enum hm_status walk_entry(struct walk *w, int fd, const char *name, int depth)
{
	struct stat info;
	enum hm_tree_step step = HM_TREE_ENTER;

	if (fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return hm_fail_errno(w->err, errno, "look at '%s'", w->path.ptr);
	struct hm_tree_entry entry = { w->path.ptr, name, fd, &info };
	enum hm_status st = w->visit(w->ctx, &entry, &step, w->err);
	if (st != HM_OK || !S_ISDIR(info.st_mode) || step == HM_TREE_SKIP)
		return st;

	HM_OWN(hm_closep) int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0)
		return hm_fail_errno(w->err, errno, "open folder '%s'", w->path.ptr);
	return walk_folder(w, child, depth + 1);
}

static enum hm_status walk_folder(struct walk *w, int fd, int depth)
{
	HM_OWN(hm_strv_done) struct hm_strv names = { 0 };

	if (depth > HM_MAX_TREE_DEPTH)
		return hm_fail(w->err, HM_R_LIMIT, "'%s' is more than %d folders deep", w->path.ptr, HM_MAX_TREE_DEPTH);
	enum hm_status st = list_names(fd, w->path.ptr ? w->path.ptr : ".", &names, w->err);
	for (size_t i = 0; i < names.count && st == HM_OK; i++) {
		size_t before = w->path.len;
		if (before)
			hm_buf_add_char(&w->path, '/');
		hm_buf_add_cstr(&w->path, names.v[i]);
		st = hm_buf_check(&w->path, "a path", w->err);
		if (st == HM_OK)
			st = walk_entry(w, fd, names.v[i], depth);
		w->path.len = before;
		if (w->path.ptr)
			w->path.ptr[before] = '\0';
	}
	return st;
}

enum hm_status hm_tree_walk(const char *root, hm_tree_fn visit, void *ctx, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open folder '%s'", root);

	struct walk w = { visit, ctx, hm_buf_init(HM_MAX_TREE_DEPTH * 256), err };
	enum hm_status st = walk_folder(&w, fd, 1);
	hm_buf_done(&w.path);
	return st;
}

/* A removal: folders deeper than a few descriptors reach are moved up into the folder that goes anyway. */
struct removal {
	const char *path; /* as it was given, for the error's text */
	int top;          /* the folder at path */
	unsigned moved;   /* folders moved into it, for their names */
};

enum { open_folders = 32 };

/* Open a folder to empty it, giving its owner the right to do so; -1 with errno. */
static int open_own(int dirfd, const char *name)
{
	HM_OWN(hm_closep) int handle = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	char self[32];

	if (handle < 0 || fstat(handle, &info) != 0)
		return -1;
	/* through the handle, because by name a link that has taken the folder's place would be followed */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
	if ((info.st_mode & 0700) != 0700)
		(void)!chmod(self, 0700); /* where it fails, the opening or the removal says why */
	return openat(handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum hm_status empty_folder(struct removal *r, int fd, const char *name, int depth, struct hm_err *err);

static enum hm_status remove_at(struct removal *r, int dirfd, const char *name, int depth, struct hm_err *err)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return HM_OK;
	int why = errno;
	if (why != EISDIR && why != EPERM)
		return hm_fail_errno(err, why, "remove '%s' in '%s'", name, r->path);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return HM_OK;
	if (errno == ENOTDIR) /* EPERM was about a file, which may be marked as never to change */
		return hm_fail_errno(err, why, "remove '%s' in '%s'", name, r->path);

	HM_OWN(hm_closep) int fd = open_own(dirfd, name);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open folder '%s' in '%s'", name, r->path);
	if (depth > open_folders) {
		HM_OWN(hm_freep) char *up = hm_asprintf(".hallmark-removed-%u", r->moved++);
		if (!up)
			return hm_fail(err, HM_R_NO_MEMORY, "remove '%s'", r->path);
		/* where that name is taken, the next round takes the next */
		if (renameat2(dirfd, name, r->top, up, RENAME_NOREPLACE) == 0 || errno == EEXIST)
			return HM_OK;
		return hm_fail_errno(err, errno, "move folder '%s' in '%s'", name, r->path);
	}
	enum hm_status st = empty_folder(r, fd, name, depth, err);
	/* not empty where a name was taken, or somebody adds to it: the next round sees it */
	if (st == HM_OK && unlinkat(dirfd, name, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY)
		st = hm_fail_errno(err, errno, "remove folder '%s' in '%s'", name, r->path);
	return st;
}

static enum hm_status empty_folder(struct removal *r, int fd, const char *name, int depth, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv names = { 0 };

	enum hm_status st = list_names(fd, name, &names, err);
	for (size_t i = 0; i < names.count && st == HM_OK; i++)
		st = remove_at(r, fd, names.v[i], depth + 1, err);
	return st;
}

enum hm_status hm_tree_remove(const char *path, struct hm_err *err)
{
	struct removal r = { path, -1, 0 };

	if (unlink(path) == 0 || errno == ENOENT)
		return HM_OK;
	int why = errno;
	if (why != EISDIR && why != EPERM)
		return hm_fail_errno(err, why, "remove '%s'", path);
	HM_OWN(hm_closep) int fd = open_own(AT_FDCWD, path);
	if (fd < 0)
		return hm_fail_errno(err, errno == ENOTDIR ? why : errno, "remove '%s'", path);
	r.top = fd;
	/* A round removes what it finds down to where it moves folders up; each makes the deepest way shorter. */
	for (;;) {
		unsigned before = r.moved;
		enum hm_status st = empty_folder(&r, fd, path, 1, err);
		if (st != HM_OK)
			return st;
		if (rmdir(path) == 0 || errno == ENOENT)
			return HM_OK;
		if (errno != ENOTEMPTY || r.moved == before)
			return hm_fail_errno(err, errno, "remove folder '%s'", path);
	}
}
