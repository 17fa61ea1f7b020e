/*
 * The child's walk through its plan: sources, a file system for the root and the layers, each step, pivot_root.
 *
 * Every path is resolved below a descriptor and without following links: what an earlier program left in a folder that
 * is mounted here cannot lead a mount elsewhere.
 */
#include "sandbox/child.h"

#include "base/limits.h"
#include "sandbox/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/*
 * Where the new file systems are attached until pivot_root leaves it behind. It is there on every machine, nobody
 * mounts from it, and what the overlay wants as paths stays short.
 */
#define BASE      "/proc"
#define RESOLVE   (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define NAME_SIZE 256

struct walk {
	struct hm_plan *plan;
	int base, root; /* of the new file system; of the new root in it */
	unsigned layers;
};

/* Close, and keep errno. */
static int done(int fd, int result)
{
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	errno = errnum;
	return result;
}

static void write_number(char *text, unsigned n)
{
	char digits[16];
	int len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while (n /= 10);
	while (len)
		*text++ = digits[--len];
	*text = '\0';
}

static int open_target(const struct walk *w, const char *path)
{
	return hm_sys_openat2(w->root, path, O_PATH, 0, RESOLVE);
}

/*
 * The folder that holds path, made with those above it where it is missing; ret_name is path's last part.
 *
 * Errors  -1 with errno
 */
static int open_parent(const struct walk *w, const char *path, bool make, char ret_name[NAME_SIZE])
{
	int dir = fcntl(w->root, F_DUPFD_CLOEXEC, 6);

	while (dir >= 0) {
		const char *slash = strchrnul(path, '/');
		size_t len = (size_t)(slash - path);
		if (len >= NAME_SIZE) {
			errno = ENAMETOOLONG;
			return done(dir, -1);
		}
		memcpy(ret_name, path, len);
		ret_name[len] = '\0';
		if (*slash == '\0')
			return dir;
		if (make && mkdirat(dir, ret_name, 0755) != 0 && errno != EEXIST)
			return done(dir, -1);
		int next = hm_sys_openat2(dir, ret_name, O_PATH | O_DIRECTORY, 0, RESOLVE);
		dir = done(dir, next);
		path = slash + 1;
	}
	return -1;
}

static int make_dir(const struct walk *w, const char *path, mode_t mode)
{
	char name[NAME_SIZE];
	int dir = open_parent(w, path, true, name);

	if (dir < 0)
		return -1;
	int failed = mkdirat(dir, name, mode) != 0 && errno != EEXIST;
	return done(dir, failed ? -1 : 0);
}

static int make_file(const struct walk *w, const char *path)
{
	char name[NAME_SIZE];
	int dir = open_parent(w, path, true, name);

	if (dir < 0)
		return -1;
	int failed = mknodat(dir, name, S_IFREG | 0644, 0) != 0 && errno != EEXIST;
	return done(dir, failed ? -1 : 0);
}

/* Put a mount that is not attached yet over the step's target. Takes mount over. */
static int attach(const struct walk *w, const struct hm_step *step, int mount, bool is_dir)
{
	if (mount < 0)
		return -1;
	if (!(step->flags & HM_STEP_AS_IS) && (is_dir ? make_dir(w, step->path, 0755) : make_file(w, step->path)) != 0)
		return done(mount, -1);

	int target = open_target(w, step->path);
	if (target < 0)
		return done(mount, -1);
	int result = move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return done(mount, done(target, result));
}

static int is_dir(int fd)
{
	struct stat info;

	return fstat(fd, &info) != 0 ? -1 : S_ISDIR(info.st_mode);
}

/* Restrict a tree with all that is mounted in it, before anybody can reach it. */
static int restrict_tree(int tree, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };

	return mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
}

static int do_bind(const struct walk *w, const struct hm_step *step)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID;
	int dir = is_dir(step->fd);

	if (step->flags & HM_STEP_READ_ONLY)
		attributes |= MOUNT_ATTR_RDONLY;
	attributes |= step->flags & HM_STEP_DEVICE ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
	if (dir < 0 || restrict_tree(step->fd, attributes) != 0)
		return -1;
	return attach(w, step, step->fd, dir);
}

static int new_mount(const char *type, const char *const (*options)[2], size_t count, uint64_t attributes)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC), result = 0;

	if (fs < 0)
		return -1;
	for (size_t i = 0; i < count && options[i][0] && result == 0; i++)
		result = fsconfig(fs, options[i][1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[i][0],
				  options[i][1], 0);
	if (result == 0)
		result = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result == 0)
		result = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
	return done(fs, result);
}

static int do_fs(const struct walk *w, const struct hm_step *step)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID;

	/* Terminals are devices; nothing in /proc is a program. */
	if (strcmp(step->from, "devpts") != 0)
		attributes |= MOUNT_ATTR_NODEV;
	if (strcmp(step->from, "tmpfs") != 0)
		attributes |= MOUNT_ATTR_NOEXEC;
	return attach(w, step, new_mount(step->from, step->options, HM_STEP_OPTIONS, attributes), true);
}

/* "/proc/uN" and its like, and the name in it. */
struct layer_path {
	char text[sizeof(BASE) + 16];
	const char *name;
};

static struct layer_path layer_path(char kind, unsigned number)
{
	struct layer_path path = { .text = BASE "/" };

	path.text[sizeof(BASE)] = kind;
	write_number(path.text + sizeof(BASE) + 1, number);
	return path;
}

static int make_layer_folders(const struct walk *w, const struct hm_step *step, const char *upper)
{
	int dir = openat(w->base, upper, O_PATH | O_DIRECTORY | O_CLOEXEC), result = dir < 0 ? -1 : 0;

	for (size_t i = 0; result == 0 && step->inside && step->inside[i]; i++) {
		struct stat info;
		if (fstatat(step->fd, step->inside[i], &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
			result = mkdirat(dir, step->inside[i], 0755);
	}
	return done(dir, result);
}

/* A tree that the parent opened is attached first: the kernel layers over nothing that is not in our namespace. */
static int attach_lower(const struct walk *w, struct hm_step *step, const char *name)
{
	if (mkdirat(w->base, name, 0755) != 0 || restrict_tree(step->fd, MOUNT_ATTR_RDONLY) != 0)
		return -1;
	if (move_mount(step->fd, "", w->base, name, MOVE_MOUNT_F_EMPTY_PATH) != 0)
		return -1;
	close(step->fd);
	step->fd = openat(w->base, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return step->fd < 0 ? -1 : 0;
}

static int do_layer(struct walk *w, struct hm_step *step)
{
	unsigned number = w->layers++;
	struct layer_path lower = layer_path('l', number), upper = layer_path('u', number),
			  work = layer_path('w', number);
	const char *const options[][2] = {
		{ "lowerdir", "." },
		{ "upperdir", upper.text },
		{ "workdir", work.text },
		/* What the layer notes down about files goes where a user namespace may write. */
		{ "userxattr", NULL },
	};

	if ((step->flags & HM_STEP_DETACHED) && attach_lower(w, step, lower.text + sizeof(BASE)) != 0)
		return -1;
	if (mkdirat(w->base, upper.text + sizeof(BASE), 0755) != 0 ||
	    mkdirat(w->base, work.text + sizeof(BASE), 0755) != 0)
		return -1;
	/* "." needs no escapes, whatever the folder's name, and may be covered by a mount in the meantime. */
	if (make_layer_folders(w, step, upper.text + sizeof(BASE)) != 0 || fchdir(step->fd) != 0)
		return -1;
	int mount = new_mount("overlay", options, 4, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	close(step->fd);
	return attach(w, step, mount, true);
}

static int write_all(int fd, struct hm_str data)
{
	while (data.len) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			data = (struct hm_str){ data.ptr + n, data.len - (size_t)n };
	}
	return 0;
}

static int do_file(const struct walk *w, const struct hm_step *step)
{
	char name[NAME_SIZE];
	int dir = open_parent(w, step->path, true, name);

	if (dir < 0)
		return -1;
	int fd = hm_sys_openat2(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, step->mode, RESOLVE);
	if (done(dir, fd) < 0)
		return -1;
	return done(fd, write_all(fd, step->data));
}

static int do_link(const struct walk *w, const struct hm_step *step)
{
	char name[NAME_SIZE];
	int dir = open_parent(w, step->path, true, name);

	return dir < 0 ? -1 : done(dir, symlinkat(step->from, dir, name));
}

static int do_seal(const struct walk *w, const struct hm_step *step)
{
	int tree = open_tree(w->root, step->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	if (tree < 0 || restrict_tree(tree, attributes) != 0)
		return done(tree, -1);
	return attach(w, step, tree, true);
}

static int do_mask(const struct walk *w, const struct hm_step *step)
{
	int target = open_target(w, step->path);

	if (target < 0)
		return errno == ENOENT && (step->flags & HM_STEP_OPTIONAL) ? 0 : -1;
	int dir = is_dir(target);
	if (dir < 0)
		return done(target, -1);
	int cover = open_tree(w->base, dir ? "folder" : "file", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (cover < 0 || restrict_tree(cover, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) != 0)
		return done(target, done(cover, -1));
	int result = move_mount(cover, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return done(cover, done(target, result));
}

static int do_write(const struct walk *w, const struct hm_step *step)
{
	int fd = hm_sys_openat2(w->root, step->path, O_WRONLY, 0, RESOLVE);

	if (fd < 0)
		return errno == ENOENT && (step->flags & HM_STEP_OPTIONAL) ? 0 : -1;
	return done(fd, write_all(fd, step->data));
}

static int do_step(struct walk *w, struct hm_step *step)
{
	switch (step->op) {
	case HM_STEP_DIR:
		return make_dir(w, step->path, step->mode);
	case HM_STEP_BIND:
		return do_bind(w, step);
	case HM_STEP_LAYER:
		return do_layer(w, step);
	case HM_STEP_FS:
		return do_fs(w, step);
	case HM_STEP_FILE:
		return do_file(w, step);
	case HM_STEP_LINK:
		return do_link(w, step);
	case HM_STEP_SEAL:
		return do_seal(w, step);
	case HM_STEP_MASK:
		return do_mask(w, step);
	case HM_STEP_WRITE:
		return do_write(w, step);
	}
	errno = EINVAL;
	return -1;
}

/* Before anything is covered: what a step mounts, as the machine has it now. */
static int open_source(struct hm_step *step)
{
	if (step->fd >= 0 || (step->op != HM_STEP_BIND && step->op != HM_STEP_LAYER))
		return 0;

	int path = hm_sys_openat2(AT_FDCWD, step->from, O_PATH, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (path < 0 || step->op == HM_STEP_LAYER) {
		step->fd = path;
		return path < 0 ? -1 : 0;
	}
	step->fd = open_tree(path, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	return done(path, step->fd < 0 ? -1 : 0);
}

/* One small file system: the root, what the layers write, and an empty file and folder to mask with. */
static int make_base(struct walk *w, const char *size)
{
	const char *const options[][2] = { { "size", size }, { "mode", "0755" } };
	int mount = new_mount("tmpfs", options, 2, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);

	if (mount < 0)
		return -1;
	if (done(mount, move_mount(mount, "", AT_FDCWD, BASE, MOVE_MOUNT_F_EMPTY_PATH)) != 0)
		return -1;
	w->base = open(BASE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->base < 0 || mkdirat(w->base, "root", 0755) != 0 || mkdirat(w->base, "folder", 0555) != 0 ||
	    mknodat(w->base, "file", S_IFREG | 0444, 0) != 0)
		return -1;

	/* pivot_root wants a mount of its own. */
	int tree = open_tree(w->base, "root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || done(tree, move_mount(tree, "", w->base, "root", MOVE_MOUNT_F_EMPTY_PATH)) != 0)
		return -1;
	w->root = openat(w->base, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->root < 0 ? -1 : 0;
}

static int pivot(const struct walk *w)
{
	/* The old root comes to lie over the new one, from where it is taken off. Source: pivot_root(2), Notes */
	if (fchdir(w->root) != 0 || hm_sys_pivot_root(".", ".") != 0 || umount2(".", MNT_DETACH) != 0)
		return -1;
	close(w->base);
	close(w->root);
	return chdir("/");
}

void hm_child_enter_root(struct hm_child *child)
{
	struct hm_plan *plan = child->plan;
	struct walk w = { .plan = plan, .base = -1, .root = -1 };

	umask(0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		hm_child_fail(child->report, HM_STAGE_MOUNT_NS, 0);
	for (size_t i = 0; i < plan->count; i++) {
		if (open_source(&plan->steps[i]) != 0)
			hm_child_fail(child->report, HM_STAGE_SOURCE, i);
	}
	if (make_base(&w, plan->base_size) != 0)
		hm_child_fail(child->report, HM_STAGE_BASE, 0);
	for (size_t i = 0; i < plan->count; i++) {
		if (do_step(&w, &plan->steps[i]) != 0)
			hm_child_fail(child->report, HM_STAGE_STEP, i);
	}
	if (pivot(&w) != 0)
		hm_child_fail(child->report, HM_STAGE_PIVOT, 0);
	umask(022);
}
