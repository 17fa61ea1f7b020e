#include "sandbox/plan.h"

#include "base/file.h"
#include "base/limits.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct hm_sandbox_user step_user = { "step", 1000, 1000 };

const struct hm_sandbox_user *hm_sandbox_user_of(const struct hm_sandbox_opts *opts)
{
	return opts->user ? opts->user : &step_user;
}

const char *hm_sandbox_home_of(const struct hm_sandbox_opts *opts)
{
	return opts->home ? opts->home : "/home/step";
}

const char *hm_sandbox_hostname_of(const struct hm_sandbox_opts *opts)
{
	return opts->hostname ? opts->hostname : "hallmark";
}

uint64_t hm_sandbox_processes_of(const struct hm_sandbox_opts *opts)
{
	return opts->limits.processes ? opts->limits.processes : HM_SANDBOX_DEFAULT_PROCESSES;
}

/* Absolute, one text for one place: without "//", ".", ".." and a final slash. */
static enum hm_status check_path(const char *what, const char *path, struct hm_err *err)
{
	if (!path || path[0] != '/')
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "%s '%s' is not an absolute path", what, path ? path : "");
	if (strlen(path) >= HM_MAX_SANDBOX_PATH)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "%s '%.64s...' is longer than %d bytes", what, path,
			       HM_MAX_SANDBOX_PATH);
	if (path[1] == '\0')
		return HM_OK;

	struct hm_str rest = hm_str(path + 1), part;
	while (hm_str_next(&rest, '/', &part)) {
		if (part.len == 0 || hm_str_is(part, ".") || hm_str_is(part, ".."))
			return hm_fail(err, HM_R_SANDBOX_OPTIONS,
				       "%s '%s' has an empty part, a '.' or a '..'; write it without", what, path);
		if (part.len > 255)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "%s '%.64s...' has a part longer than 255 bytes",
				       what, path);
	}
	return HM_OK;
}

static enum hm_status check_descriptor(int fd, const char *name, struct hm_err *err)
{
	struct stat info;

	if (fd < 0)
		return HM_OK;
	if (fstat(fd, &info) != 0)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "%s is descriptor %d, which is not open", name, fd);
	/* From an open folder every other one can be reached, out of the sandbox's root. */
	if (S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode) || (fcntl(fd, F_GETFL) & O_PATH))
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "%s is descriptor %d, a folder, disk or bare path", name, fd);
	return HM_OK;
}

/* A list that must fit into what exec takes. */
static size_t bytes_of(const char *const *list)
{
	size_t sum = 0;

	for (; list && *list; list++)
		sum += strlen(*list) + 1 + sizeof(char *);
	return sum;
}

enum hm_status hm_sandbox_check_program(const struct hm_sandbox_opts *opts, struct hm_err *err)
{
	const struct hm_sandbox_limits *l = &opts->limits;

	if (!opts->argv || !opts->argv[0] || opts->argv[0][0] == '\0')
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "there is no program to start");
	for (const char *const *e = opts->env; e && *e; e++) {
		const char *eq = strchr(*e, '=');
		if (!eq || eq == *e)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%.64s' in env is not NAME=value", *e);
	}
	if (bytes_of(opts->argv) + bytes_of(opts->env) > HM_MAX_SANDBOX_ARGS)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "arguments and environment have more than %zu bytes",
			       HM_MAX_SANDBOX_ARGS);
	if (opts->cwd) {
		enum hm_status st = check_path("the working folder", opts->cwd, err);
		if (st != HM_OK)
			return st;
	}
	if (l->memory && l->memory < HM_MIN_SANDBOX_MEMORY)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "a memory limit of %llu bytes is too small to start anything",
			       (unsigned long long)l->memory);
	if (l->processes && (l->processes < HM_MIN_SANDBOX_PROCESSES || l->processes > HM_MAX_SANDBOX_PROCESSES))
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "a limit of %llu processes is not between %d and %d",
			       (unsigned long long)l->processes, HM_MIN_SANDBOX_PROCESSES, HM_MAX_SANDBOX_PROCESSES);

	enum hm_status st = check_descriptor(opts->in, "in", err);
	if (st == HM_OK)
		st = check_descriptor(opts->out, "out", err);
	return st == HM_OK ? check_descriptor(opts->err, "err", err) : st;
}

static enum hm_status check_hostname(const char *name, struct hm_err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > 63)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "a host name has 1 to 63 characters, not %zu", len);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '.')
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' is not a host name", name);
	}
	return HM_OK;
}

static enum hm_status check_user(const struct hm_sandbox_user *user, struct hm_err *err)
{
	size_t len = user->name ? strlen(user->name) : 0;

	if (len == 0 || len > 32 || user->name[strspn(user->name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%.64s' is not a user's name", len ? user->name : "");
	/* The last one means "leave as it is" to the kernel; the one before is what unmapped owners look like. */
	if (user->uid >= 65534 || user->gid >= 65534)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "user %u, group %u: above 65533", user->uid, user->gid);
	if ((user->uid == 0) != (strcmp(user->name, "root") == 0))
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "user %u cannot be named '%s'", user->uid, user->name);
	return HM_OK;
}

static enum hm_status check_target(const char *target, struct hm_err *err)
{
	static const char *const closed[] = { "/proc", "/sys", "/dev" };

	enum hm_status st = check_path("the target", target, err);
	if (st != HM_OK)
		return st;
	if (target[1] == '\0')
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'/' cannot be a target");
	if (hm_path_is_within(target, "/dev/shm"))
		return HM_OK;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (hm_path_is_within(target, closed[i]))
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "nothing can be mounted at '%s'", target);
	}
	return HM_OK;
}

/* The kernel's own folders, and what holds them, would show the machine's processes and devices again. */
static enum hm_status check_folder(const char *source, struct hm_err *err)
{
	static const char *const closed[] = { "/proc", "/sys", "/dev" };

	enum hm_status st = check_path("the source", source, err);
	if (st != HM_OK || hm_path_is_within(source, "/dev/shm"))
		return st;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (source[1] == '\0' || hm_path_is_within(source, closed[i]))
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' of the machine cannot be a source", source);
	}
	return HM_OK;
}

static enum hm_status check_source(const struct hm_sandbox_mount *m, struct hm_err *err)
{
	switch (m->kind) {
	case HM_SANDBOX_READ_ONLY:
	case HM_SANDBOX_READ_WRITE:
	case HM_SANDBOX_LAYER:
		return check_folder(m->source, err);
	case HM_SANDBOX_SYMLINK:
		if (!m->source || m->source[0] == '\0' || strlen(m->source) >= HM_MAX_SANDBOX_PATH)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "the link '%s' has no text or too long a one",
				       m->target);
		return HM_OK;
	case HM_SANDBOX_TMPFS:
	case HM_SANDBOX_FILE:
		if (m->source)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' has a source and needs none", m->target);
		return HM_OK;
	}
	return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' is a mount of unknown kind", m->target);
}

/* How a mount stands to those before it. */
static enum hm_status check_order(const struct hm_sandbox_opts *opts, size_t index, struct hm_err *err)
{
	const struct hm_sandbox_mount *m = &opts->mounts[index];

	for (size_t i = 0; i < index; i++) {
		const struct hm_sandbox_mount *other = &opts->mounts[i];
		bool is_host = other->kind == HM_SANDBOX_READ_ONLY || other->kind == HM_SANDBOX_READ_WRITE;
		if (strcmp(m->target, other->target) == 0)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "two mounts have the target '%s'", m->target);
		if (hm_path_is_within(other->target, m->target))
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "a mount at '%s' would hide the one at '%s'",
				       m->target, other->target);
		if (!hm_path_is_within(m->target, other->target))
			continue;
		if (other->kind == HM_SANDBOX_FILE || other->kind == HM_SANDBOX_SYMLINK)
			return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' lies below '%s', which is no folder", m->target,
				       other->target);
		if (is_host && (m->kind == HM_SANDBOX_FILE || m->kind == HM_SANDBOX_SYMLINK))
			return hm_fail(err, HM_R_SANDBOX_OPTIONS,
				       "'%s' would be written to the machine, for '%s' is mounted from there",
				       m->target, other->target);
	}
	return HM_OK;
}

enum hm_status hm_sandbox_check(const struct hm_sandbox_opts *opts, struct hm_err *err)
{
	enum hm_status st = hm_sandbox_check_program(opts, err);

	if (st == HM_OK)
		st = check_hostname(hm_sandbox_hostname_of(opts), err);
	if (st == HM_OK)
		st = check_user(hm_sandbox_user_of(opts), err);
	if (st == HM_OK)
		st = check_target(hm_sandbox_home_of(opts), err);
	if (st == HM_OK && strpbrk(hm_sandbox_home_of(opts), ":\n"))
		st = hm_fail(err, HM_R_SANDBOX_OPTIONS, "the home folder's path has a ':' or a line end");
	if (st == HM_OK && opts->network != HM_SANDBOX_NET_NONE && opts->network != HM_SANDBOX_NET_HOST)
		st = hm_fail(err, HM_R_SANDBOX_OPTIONS, "unknown kind of network");
	if (st == HM_OK && opts->mount_count > HM_MAX_SANDBOX_MOUNTS)
		st = hm_fail(err, HM_R_SANDBOX_OPTIONS, "%zu mounts are more than %d", opts->mount_count,
			     HM_MAX_SANDBOX_MOUNTS);
	for (size_t i = 0; i < opts->mount_count && st == HM_OK; i++) {
		st = check_target(opts->mounts[i].target, err);
		if (st == HM_OK)
			st = check_source(&opts->mounts[i], err);
		if (st == HM_OK)
			st = check_order(opts, i, err);
	}
	return st;
}
