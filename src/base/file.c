#include "base/file.h"

#include "base/effects.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* A temporary file is .NAME, this mark, and so many bytes in hexadecimal digits. */
#define TEMP_MARK ".tmp-"
enum { temp_random = 8 };

enum hm_status hm_fd_read(int fd, const char *name, size_t max, struct hm_buf *ret_data, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(max);

	for (;;) {
		ssize_t n = hm_buf_fill(&data, fd); /* to the end and not to st_size: pipes and /proc say 0 */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", name);
		if (n == 0)
			break;
	}
	if (data.status == HM_ELIMIT)
		return hm_fail(err, HM_R_FILE_TOO_LARGE, "'%s' is over its limit of %zu bytes", name, max);
	if (data.status != HM_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", name);
	*ret_data = hm_buf_take(&data);
	return HM_OK;
}

enum hm_status hm_file_read(const char *path, size_t max, struct hm_buf *ret_data, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_fd_read(fd, path, max, ret_data, err);
}

enum hm_status hm_file_read_strangers(const char *path, size_t max, struct hm_buf *ret_data, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat info;

	/* ELOOP: a link; ENXIO: a socket */
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return hm_fail(err, HM_R_FILE_KIND, "'%s' is no ordinary file", path);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	if (fstat(fd, &info) != 0)
		return hm_fail_errno(err, errno, "look at '%s'", path);
	if (!S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_FILE_KIND, "'%s' is no ordinary file", path);
	return hm_fd_read(fd, path, max, ret_data, err);
}

enum hm_status hm_fd_write(int fd, const char *name, struct hm_str data, struct hm_err *err)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* 0 says nothing, and would be said for ever */
			return hm_fail_errno(err, n < 0 ? errno : EIO, "write '%s'", name);
		data = hm_str_skip(data, (size_t)n);
	}
	return HM_OK;
}

/* The folder that holds path: "." where it names none. NULL: no memory. */
static char *parent_of(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len == 0 ? hm_asprintf(".") : hm_asprintf("%.*s", (int)len, path);
}

static bool is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * The lock tells a file that is being written from one whose writer was killed. A file system without locks takes the
 * file as it is: there it can only happen that it stays.
 */
static bool is_ours(int fd, const char *temp)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK;
	/* whoever sweeps may have been faster between open and lock */
	return is_same_file(fd, temp);
}

static enum hm_status temp_name(const char *path, char **ret_temp, struct hm_err *err)
{
	HM_OWN(hm_freep) char *parent = parent_of(path);
	uint8_t random[temp_random];
	char suffix[2 * sizeof(random) + 1];

	enum hm_status st = hm_random(hm_effects_system(), random, sizeof(random), err);
	if (st != HM_OK)
		return st;
	hm_hex_write(suffix, random, sizeof(random));
	/* as much of the name as leaves room for the rest in the 255 bytes that a name may have */
	*ret_temp = parent ? hm_asprintf("%s/.%.200s" TEMP_MARK "%s", parent, hm_path_base(path), suffix) : NULL;
	return *ret_temp ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "save '%s'", path);
}

/* A file beside path that cannot be taken for it: hidden, and with a name that nobody else has. */
static enum hm_status temp_beside(const char *path, mode_t mode, char **ret_temp, int *ret_fd, struct hm_err *err)
{
	for (;;) {
		HM_OWN(hm_freep) char *temp = NULL;
		enum hm_status st = temp_name(path, &temp, err);
		if (st != HM_OK)
			return st;
		HM_OWN(hm_closep) int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return hm_fail_errno(err, errno, "create '%s'", temp);
		if (!is_ours(fd, temp))
			continue;
		if (fchmod(fd, mode) != 0) {
			st = hm_fail_errno(err, errno, "set the mode of '%s'", temp);
			unlink(temp);
			return st;
		}
		*ret_fd = fd;
		fd = -1;
		*ret_temp = HM_STEAL(temp);
		return HM_OK;
	}
}

static bool is_temp_name(const char *name)
{
	const size_t len = strlen(name), tail = sizeof(TEMP_MARK) - 1 + 2 * temp_random;
	const char *mark = len > tail ? name + len - tail : "";

	return name[0] == '.' && strncmp(mark, TEMP_MARK, sizeof(TEMP_MARK) - 1) == 0 &&
	       hm_hex_is_small(hm_str(mark + sizeof(TEMP_MARK) - 1));
}

void hm_file_sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!is_temp_name(entry->d_name))
			continue;
		HM_OWN(hm_closep)
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

static enum hm_status write_synced(int fd, const char *path, struct hm_str data, struct hm_err *err)
{
	enum hm_status st = hm_fd_write(fd, path, data, err);

	if (st == HM_OK && fsync(fd) != 0)
		st = hm_fail_errno(err, errno, "fsync '%s'", path);
	return st;
}

static enum hm_status sync_parent(const char *path, struct hm_err *err)
{
	HM_OWN(hm_freep) char *parent = parent_of(path);

	if (!parent)
		return hm_fail(err, HM_R_NO_MEMORY, "save '%s'", path);
	return hm_dir_sync(parent, err);
}

enum hm_status hm_file_save(const char *path, struct hm_str data, mode_t mode, struct hm_err *err)
{
	HM_OWN(hm_freep) char *temp = NULL;
	HM_OWN(hm_closep) int fd = -1;

	enum hm_status st = temp_beside(path, mode, &temp, &fd, err);
	if (st != HM_OK)
		return st;
	st = write_synced(fd, path, data, err);
	if (st == HM_OK && rename(temp, path) != 0)
		st = hm_fail_errno(err, errno, "rename to '%s'", path);
	if (st != HM_OK) {
		unlink(temp);
		return st;
	}
	return sync_parent(path, err);
}

enum hm_status hm_file_put(const char *path, struct hm_str data, mode_t mode, struct hm_err *err)
{
	HM_OWN(hm_freep) char *real = NULL;
	struct stat info;

	if (lstat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
		return hm_file_save(path, data, mode, err);
	/* a link to nothing: only opening it makes what it names */
	bool is_there = stat(path, &info) == 0;
	/* below /dev and /proc it is somebody's open file, such as /dev/stdout: it may have more in it */
	bool is_open = strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
	if (is_there && S_ISREG(info.st_mode) && !is_open) {
		enum hm_status st = hm_path_resolve(path, &real, err);
		return st == HM_OK ? hm_file_save(real, data, mode, err) : st;
	}
	HM_OWN(hm_closep)
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | (is_there ? 0 : O_CREAT), mode);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_fd_write(fd, path, data, err);
}

static enum hm_status same_content(const char *path, struct hm_str data, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf there = hm_buf_init(0);
	enum hm_status st = hm_file_read(path, data.len, &there, err);

	if (st == HM_ELIMIT || (st == HM_OK && !hm_str_eq(hm_buf_str(&there), data)))
		return hm_fail(err, HM_R_FILE_EXISTS, "'%s' is there and holds something else", path);
	return st;
}

/* Give temp the name path, which must be free. Errors: errno, EEXIST where it is not. */
static int put_new(const char *temp, const char *path)
{
	if (link(temp, path) == 0)
		return 0;
	/* a file system without hard links */
	if (errno != EPERM && errno != EOPNOTSUPP)
		return errno;
	return renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

enum hm_status hm_file_save_once(const char *path, struct hm_str data, mode_t mode, struct hm_err *err)
{
	HM_OWN(hm_freep) char *temp = NULL;
	HM_OWN(hm_closep) int fd = -1;

	enum hm_status st = temp_beside(path, mode, &temp, &fd, err);
	if (st != HM_OK)
		return st;
	st = write_synced(fd, path, data, err);
	int errnum = st == HM_OK ? put_new(temp, path) : 0;
	unlink(temp);
	if (errnum)
		st = errnum == EEXIST ? same_content(path, data, err) : hm_fail_errno(err, errnum, "link '%s'", path);
	/* also where it was there: whoever made it may have died before its folder was on disk */
	return st == HM_OK ? sync_parent(path, err) : st;
}

enum hm_status hm_dir_sync(const char *path, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open folder '%s'", path);
	if (fsync(fd) != 0)
		return hm_fail_errno(err, errno, "fsync folder '%s'", path);
	return HM_OK;
}

/* One level; the parent is there. */
static enum hm_status make_one(const char *path, mode_t mode, struct hm_err *err)
{
	if (mkdir(path, mode) == 0) {
		if (chmod(path, mode) != 0)
			return hm_fail_errno(err, errno, "set the mode of '%s'", path);
		return sync_parent(path, err);
	}
	if (errno != EEXIST)
		return hm_fail_errno(err, errno, "make folder '%s'", path);
	if (!hm_path_is_dir(path))
		return hm_fail(err, HM_R_FILE_KIND, "'%s' is there and is no folder", path);
	return HM_OK;
}

enum hm_status hm_dir_make(const char *path, mode_t mode, struct hm_err *err)
{
	if (hm_path_is_dir(path))
		return HM_OK;

	HM_OWN(hm_freep) char *part = hm_asprintf("%s", path);
	if (!part)
		return hm_fail(err, HM_R_NO_MEMORY, "make folder '%s'", path);
	for (char *p = part + 1; part[0] != '\0'; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char end = *p;
		*p = '\0';
		enum hm_status st = hm_path_is_dir(part) ? HM_OK : make_one(part, mode, err);
		if (st != HM_OK || end == '\0')
			return st;
		*p = end;
		while (p[1] == '/')
			p++;
		if (p[1] == '\0')
			return HM_OK;
	}
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "a folder with an empty name");
}

enum hm_status hm_dir_make_temp(const char *parent, const char *prefix, char **ret_path, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%sXXXXXX", parent, prefix);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "make a folder in '%s'", parent);
	if (!mkdtemp(path))
		return hm_fail_errno(err, errno, "make a folder in '%s'", parent);
	*ret_path = HM_STEAL(path);
	return HM_OK;
}

enum hm_status hm_dir_replace(const char *finished, const char *place, struct hm_err *err)
{
	int failed = renameat2(AT_FDCWD, finished, AT_FDCWD, place, RENAME_EXCHANGE);

	if (failed && errno == ENOENT)
		failed = renameat2(AT_FDCWD, finished, AT_FDCWD, place, RENAME_NOREPLACE);
	if (failed)
		return hm_fail_errno(err, errno, "put '%s' in place", place);
	enum hm_status st = sync_parent(place, err);
	return st == HM_OK ? sync_parent(finished, err) : st;
}

enum hm_status hm_file_lock(const char *path, bool wait, int *ret_fd, struct hm_err *err)
{
	for (;;) {
		HM_OWN(hm_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return hm_fail_errno(err, errno, "open '%s'", path);
		while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
			if (errno == EWOULDBLOCK)
				return hm_fail(err, HM_R_FILE_LOCKED, "another process holds '%s'", path);
			if (errno != EINTR)
				return hm_fail_errno(err, errno, "lock '%s'", path);
		}
		/* Whoever had it may have removed the file meanwhile: the lock of a file without a name excludes
		 * nobody. */
		if (!is_same_file(fd, path))
			continue;
		*ret_fd = fd;
		fd = -1;
		return HM_OK;
	}
}

static mode_t kind_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

bool hm_path_is_there(const char *path)
{
	return kind_of(path) != 0;
}

bool hm_path_is_dir(const char *path)
{
	return kind_of(path) == S_IFDIR;
}

bool hm_path_is_file(const char *path)
{
	return kind_of(path) == S_IFREG;
}

bool hm_path_is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return path[0] == '/';
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

void hm_path_cut_to_there(char *path)
{
	for (char *slash; path[0] && path[1] && !hm_path_is_there(path) && (slash = strrchr(path, '/')) != NULL;)
		slash[slash == path ? 1 : 0] = '\0';
}

const char *hm_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

enum hm_status hm_path_resolve(const char *path, char **ret_path, struct hm_err *err)
{
	char *full = realpath(path, NULL);

	if (!full)
		return hm_fail_errno(err, errno, "find '%s'", path);
	*ret_path = full;
	return HM_OK;
}
