#include "sandbox/cgroup.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAF_PREFIX "hallmark-"
#define SELF_NAME   "hallmark-self"
#define TODO        "run hallmark in a cgroup of its own: systemd-run --user --scope -p Delegate=yes hallmark …"

/* Of one file of a cgroup; lists of processes are the longest. */
#define MAX_CGROUP_FILE (256 * HM_KIB)

static const struct {
	unsigned bit;
	const char *name;
} controllers[] = {
	{ HM_CGROUP_MEMORY, "memory" },
	{ HM_CGROUP_CPU, "cpu" },
	{ HM_CGROUP_PIDS, "pids" },
};

static enum hm_status read_at(const char *dir, const char *name, struct hm_buf *ret_text, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir, name);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s' of a cgroup", name);
	return hm_file_read(path, MAX_CGROUP_FILE, ret_text, err);
}

/*
 * Write a file of a cgroup; 0 or an errno.
 *
 * O_CREAT makes no file where the kernel makes them, and makes one where a test plays the kernel.
 */
static int write_at(const char *dir, const char *name, const char *text)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir, name);
	HM_OWN(hm_closep) int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (!path)
		return ENOMEM;
	if (fd < 0)
		return errno;
	return write(fd, text, strlen(text)) < 0 ? errno : 0;
}

/* The controllers that a file of names, with blanks between them, has. */
static enum hm_status read_controllers(const char *dir, const char *file, unsigned *ret_set, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	enum hm_status st = read_at(dir, file, &text, err);
	struct hm_str rest = hm_str_trim(hm_buf_str(&text)), word;

	*ret_set = 0;
	while (st == HM_OK && hm_str_next(&rest, ' ', &word)) {
		for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
			if (hm_str_is(word, controllers[i].name))
				*ret_set |= controllers[i].bit;
		}
	}
	return st;
}

/* "memory, cpu" */
static void name_controllers(unsigned set, char *ret_text, size_t size)
{
	struct hm_buf text = hm_buf_init(size);

	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (set & controllers[i].bit)
			hm_buf_addf(&text, "%s%s", text.len ? ", " : "", controllers[i].name);
	}
	snprintf(ret_text, size, "%s", text.ptr ? text.ptr : "");
	hm_buf_done(&text);
}

/* The mount point of cgroup v2 and what of its tree is mounted there, from a line of mountinfo. Source: proc(5) */
static bool read_mount(struct hm_str line, struct hm_str *ret_root, struct hm_str *ret_point)
{
	ptrdiff_t dash = hm_str_find(line, HM_STR(" - cgroup2 "));
	struct hm_str field = { 0 };

	if (dash < 0)
		return false;
	for (int i = 0; i < 5; i++) {
		if (!hm_str_next(&line, ' ', &field))
			return false;
		if (i == 3)
			*ret_root = field;
	}
	*ret_point = field;
	return true;
}

static bool find_mount(struct hm_str mountinfo, struct hm_str *ret_root, struct hm_str *ret_point)
{
	struct hm_str line;

	while (hm_str_next(&mountinfo, '\n', &line)) {
		if (read_mount(line, ret_root, ret_point))
			return true;
	}
	return false;
}

/* The path behind "0::". */
static bool find_own(struct hm_str cgroups, struct hm_str *ret_path)
{
	struct hm_str line;

	while (hm_str_next(&cgroups, '\n', &line)) {
		if (hm_str_has_prefix(line, HM_STR("0::/"))) {
			*ret_path = hm_str_skip(line, 3);
			return true;
		}
	}
	return false;
}

enum hm_status hm_cgroup_own(const char *proc, char **ret_dir, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf mounts = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf cgroups = { 0 };
	struct hm_str root, point, own;

	enum hm_status st = read_at(proc, "self/mountinfo", &mounts, err);
	if (st == HM_OK)
		st = read_at(proc, "self/cgroup", &cgroups, err);
	if (st == HM_ENOMEM)
		return st;
	if (st != HM_OK || !find_mount(hm_buf_str(&mounts), &root, &point) || !find_own(hm_buf_str(&cgroups), &own))
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "cgroup v2 is not mounted");
	/* A part of the tree may be mounted alone, as in containers; ours must lie in it. */
	if (!hm_str_is(root, "/")) {
		if (!hm_str_has_prefix(own, root))
			return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED,
				       "the own cgroup is not in the part that is mounted");
		own = hm_str_skip(own, root.len);
	}
	if (hm_str_has_suffix(own, HM_STR("/" SELF_NAME)))
		own.len -= strlen("/" SELF_NAME);
	if (hm_str_is(own, "/"))
		own.len = 0;
	char *dir = hm_asprintf("%.*s%.*s", HM_STR_ARG(point), HM_STR_ARG(own));
	if (!dir)
		return hm_fail(err, HM_R_NO_MEMORY, "find the own cgroup");
	*ret_dir = dir;
	return HM_OK;
}

/* What is missing of `need`: offered at all, and then already given to children. */
static enum hm_status missing_controllers(const char *dir, unsigned need, unsigned *ret_missing, struct hm_err *err)
{
	unsigned offered, given;
	char names[64];

	enum hm_status st = read_controllers(dir, "cgroup.controllers", &offered, err);
	if (st == HM_OK)
		st = read_controllers(dir, "cgroup.subtree_control", &given, err);
	if (st == HM_ENOMEM)
		return st;
	if (st != HM_OK)
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "'%s' is no cgroup v2", dir);
	name_controllers(need & ~offered, names, sizeof(names));
	if (names[0] != '\0')
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "cgroup '%s' does not have the controllers %s", dir,
			       names);
	*ret_missing = need & ~given;
	return HM_OK;
}

enum hm_status hm_cgroup_check(const char *dir, unsigned need, struct hm_err *err)
{
	HM_OWN(hm_freep) char *procs = hm_asprintf("%s/cgroup.procs", dir);
	HM_OWN(hm_freep) char *control = hm_asprintf("%s/cgroup.subtree_control", dir);
	unsigned missing;

	if (!procs || !control)
		return hm_fail(err, HM_R_NO_MEMORY, "look at cgroup '%s'", dir);
	enum hm_status st = missing_controllers(dir, need, &missing, err);
	if (st != HM_OK)
		return st;
	if (access(dir, W_OK) != 0 || access(procs, W_OK) != 0 || (missing && access(control, W_OK) != 0))
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "cgroup '%s' is not delegated to this user; " TODO,
			       dir);
	return HM_OK;
}

/* 0 or an errno. */
static int give_controllers(const char *dir, unsigned set)
{
	int errnum = 0;

	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]) && errnum == 0; i++) {
		char text[16];
		if (!(set & controllers[i].bit))
			continue;
		snprintf(text, sizeof(text), "+%s", controllers[i].name);
		errnum = write_at(dir, "cgroup.subtree_control", text);
	}
	return errnum;
}

/* 0 or an errno. */
static int move_self(const char *dir, const char *child)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s%s", dir, child);

	if (!path)
		return ENOMEM;
	if (child[0] != '\0' && mkdir(path, 0755) != 0 && errno != EEXIST)
		return errno;
	return write_at(path, "cgroup.procs", "0");
}

/*
 * Let children of a cgroup be limited. One that holds processes cannot do that, unless it is the root of all ("no
 * internal processes"), so the only process that is ours to move steps aside.
 */
static enum hm_status prepare(const char *dir, unsigned need, struct hm_err *err)
{
	unsigned missing;

	enum hm_status st = missing_controllers(dir, need, &missing, err);
	if (st != HM_OK)
		return st;
	int errnum = give_controllers(dir, missing);
	if (errnum == EBUSY) {
		errnum = move_self(dir, "/" SELF_NAME);
		if (errnum == 0)
			errnum = give_controllers(dir, missing);
		if (errnum != 0)
			(void)move_self(dir, ""); /* as it was; there is nothing to do where even that fails */
	}
	if (errnum == EBUSY)
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "other processes are in cgroup '%s'; " TODO, dir);
	if (errnum == ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "prepare cgroup '%s'", dir);
	if (errnum != 0)
		return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED,
			       "cgroup '%s' is not delegated to this user (%s); " TODO, dir, strerrordesc_np(errnum));
	return HM_OK;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Remove what processes that are gone have left. A leaf with something in it is not removed by the kernel. */
static void sweep(const char *dir)
{
	HM_OWN(closedirp) DIR *entries = opendir(dir);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		struct hm_str name = hm_str(entry->d_name), pid_text, rest;
		uint64_t pid;
		if (!hm_str_has_prefix(name, HM_STR(LEAF_PREFIX)))
			continue;
		if (!hm_str_cut(hm_str_skip(name, strlen(LEAF_PREFIX)), '-', &pid_text, &rest) ||
		    !hm_str_to_u64(pid_text, &pid) || pid == 0 || pid > INT32_MAX)
			continue;
		if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
			(void)unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
	}
}

static unsigned needed(const struct hm_cgroup_limits *limits)
{
	return (limits->memory ? HM_CGROUP_MEMORY : 0u) | (limits->cpu_milli ? HM_CGROUP_CPU : 0u) |
	       (limits->processes ? HM_CGROUP_PIDS : 0u);
}

static enum hm_status set_limit(const char *dir, const char *file, const char *value, struct hm_err *err)
{
	int errnum = write_at(dir, file, value);

	if (errnum == 0)
		return HM_OK;
	return hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "write '%s' to '%s/%s': %s", value, dir, file,
		       strerrordesc_np(errnum));
}

static enum hm_status set_limits(const char *dir, const struct hm_cgroup_limits *limits, struct hm_err *err)
{
	enum hm_status st = HM_OK;
	char value[64];

	if (limits->memory) {
		snprintf(value, sizeof(value), "%llu", (unsigned long long)limits->memory);
		st = set_limit(dir, "memory.max", value, err);
		/* Not there on a machine without swap accounting, where there is then nothing to use up. */
		if (st == HM_OK)
			(void)write_at(dir, "memory.swap.max", "0");
		/* All of a step ends with the one that took too much, instead of a half of it going on. */
		if (st == HM_OK)
			(void)write_at(dir, "memory.oom.group", "1");
	}
	if (limits->cpu_milli && st == HM_OK) {
		snprintf(value, sizeof(value), "%llu 100000", (unsigned long long)limits->cpu_milli * 100);
		st = set_limit(dir, "cpu.max", value, err);
	}
	if (limits->processes && st == HM_OK) {
		snprintf(value, sizeof(value), "%llu", (unsigned long long)limits->processes);
		st = set_limit(dir, "pids.max", value, err);
	}
	return st;
}

enum hm_status hm_cgroup_make(const char *dir, const struct hm_cgroup_limits *limits, struct hm_cgroup *ret_cgroup,
			      struct hm_err *err)
{
	static atomic_uint count;
	struct hm_cgroup cgroup = HM_CGROUP_INIT;

	enum hm_status st = prepare(dir, needed(limits), err);
	if (st != HM_OK)
		return st;
	sweep(dir);
	cgroup.dir = hm_asprintf("%s/" LEAF_PREFIX "%d-%u", dir, (int)getpid(), atomic_fetch_add(&count, 1));
	if (!cgroup.dir)
		return hm_fail(err, HM_R_NO_MEMORY, "make a cgroup in '%s'", dir);
	if (mkdir(cgroup.dir, 0755) != 0) {
		st = hm_fail(err, HM_R_SANDBOX_LIMIT_UNENFORCED, "make cgroup '%s': %s", cgroup.dir,
			     strerrordesc_np(errno));
		free(cgroup.dir);
		return st;
	}
	st = set_limits(cgroup.dir, limits, err);
	if (st == HM_OK) {
		cgroup.fd = open(cgroup.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup.fd < 0)
			st = hm_fail_errno(err, errno, "open cgroup '%s'", cgroup.dir);
	}
	if (st != HM_OK) {
		hm_cgroup_remove(&cgroup);
		return st;
	}
	*ret_cgroup = cgroup;
	return HM_OK;
}

/* The number behind "key " in a file, or in all of it where key is empty; 0 where there is none. */
static uint64_t read_number(const char *dir, const char *file, struct hm_str key)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_str rest, line;
	uint64_t number = 0;

	if (read_at(dir, file, &text, NULL) != HM_OK)
		return 0;
	rest = hm_buf_str(&text);
	while (hm_str_next(&rest, '\n', &line)) {
		if (hm_str_has_prefix(line, key) && hm_str_to_u64(hm_str_skip(line, key.len), &number))
			return number;
	}
	return 0;
}

bool hm_cgroup_had_oom(const struct hm_cgroup *cgroup)
{
	return cgroup->dir && read_number(cgroup->dir, "memory.events", HM_STR("oom_kill ")) > 0;
}

uint64_t hm_cgroup_peak(const struct hm_cgroup *cgroup)
{
	return cgroup->dir ? read_number(cgroup->dir, "memory.peak", HM_STR("")) : 0;
}

void hm_cgroup_remove(struct hm_cgroup *cgroup)
{
	if (!cgroup || !cgroup->dir)
		return;
	if (rmdir(cgroup->dir) != 0 && errno == EBUSY) {
		/* Linux 5.14. What was killed leaves a moment later; the next leaf's maker sweeps up what is late. */
		(void)write_at(cgroup->dir, "cgroup.kill", "1");
		for (int i = 0; i < 100 && rmdir(cgroup->dir) != 0 && errno == EBUSY; i++)
			usleep(1000);
	}
	hm_closep(&cgroup->fd);
	free(cgroup->dir);
	*cgroup = HM_CGROUP_INIT;
}
