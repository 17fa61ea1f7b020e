#include "sandbox/plan.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/strv.h"
#include "sandbox/userns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Programs and libraries. On a merged /usr all but the first are links, and stay links. */
static const char *const system_folders[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

/*
 * Folders below /usr in which programs like to put something. On the machine they belong to root, whom an ordinary
 * user's namespace does not know; made in the layer they belong to the user, and take new files.
 */
static const char *const writable_in_usr[] = { "bin",           "lib",       "share",       "local",      "local/bin",
					       "local/include", "local/lib", "local/share", "local/sbin", NULL };

/* What programs need of /etc, and nobody needs to keep from them. */
static const char *const etc_entries[] = {
	"alternatives",
	"ca-certificates",
	"ca-certificates.conf",
	"crypto-policies",
	"debian_version",
	"ld.so.cache",
	"ld.so.conf",
	"ld.so.conf.d",
	"locale.alias",
	"localtime",
	"magic",
	"mime.types",
	"os-release",
	"pki/ca-trust/extracted",
	"pki/tls/certs",
	"pki/tls/openssl.cnf",
	"protocols",
	"rpc",
	"services",
	"ssl/certs",
	"ssl/openssl.cnf",
	"timezone",
};

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

/* What stays visible of /proc besides the processes; all else that this kernel has is masked. */
static const char *const proc_entries[] = {
	"cgroups", "cpuinfo", "devices", "filesystems", "loadavg",     "meminfo", "mounts",  "net",    "self",
	"stat",    "swaps",   "sys",     "sysvipc",     "thread-self", "uptime",  "version", "vmstat",
};

struct builder {
	const struct hm_sandbox_opts *opts;
	struct hm_plan *plan;
	struct hm_strv mounted; /* where something is mounted on this machine */
	struct hm_err *err;
};

void hm_plan_done(struct hm_plan *plan)
{
	if (!plan)
		return;
	hm_arena_done(&plan->arena);
	free(plan->steps);
	*plan = (struct hm_plan){ 0 };
}

enum hm_status hm_plan_add(struct hm_plan *plan, const struct hm_step *step, struct hm_err *err)
{
	/* What could not be put into the arena shows here, where one answer serves all callers. */
	enum hm_status st = hm_arena_check(&plan->arena, "the sandbox's plan", err);
	if (st != HM_OK)
		return st;
	if (!hm_grow(&plan->steps, &plan->cap, plan->count + 1, sizeof(*plan->steps)))
		return hm_fail(err, HM_R_NO_MEMORY, "plan a sandbox");
	plan->steps[plan->count] = *step;
	plan->steps[plan->count++].fd = -1;
	return HM_OK;
}

static enum hm_status add(struct builder *b, struct hm_step step)
{
	return hm_plan_add(b->plan, &step, b->err);
}

static enum hm_status add_dir(struct builder *b, const char *path, mode_t mode)
{
	return add(b, (struct hm_step){ .op = HM_STEP_DIR, .path = path, .mode = mode });
}

static enum hm_status add_link(struct builder *b, const char *path, const char *text)
{
	return add(b, (struct hm_step){ .op = HM_STEP_LINK, .path = path, .from = text });
}

static enum hm_status add_file(struct builder *b, const char *path, struct hm_str content)
{
	return add(b, (struct hm_step){ .op = HM_STEP_FILE, .path = path, .data = content, .mode = 0644 });
}

static enum hm_status add_bind(struct builder *b, const char *path, const char *from, unsigned flags)
{
	return add(b, (struct hm_step){ .op = HM_STEP_BIND, .path = path, .from = from, .flags = flags });
}

static const char *print_size(struct builder *b, uint64_t size)
{
	uint64_t half = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);

	return hm_arena_printf(&b->plan->arena, "%llu", (unsigned long long)(size > half ? half : size)).ptr;
}

static enum hm_status add_tmpfs(struct builder *b, const char *path, uint64_t size, mode_t mode, unsigned flags)
{
	return add(b, (struct hm_step){
			  .op = HM_STEP_FS,
			  .path = path,
			  .from = "tmpfs",
			  .flags = flags,
			  .options = { { "size", print_size(b, size) },
				       { "mode", hm_arena_printf(&b->plan->arena, "%o", (unsigned)mode).ptr } },
		      });
}

/* The fifth field of each line, in which blanks are written as "\040". Source: proc(5). */
static void add_mount_point(struct hm_strv *list, struct hm_str line)
{
	struct hm_str field = { 0 };
	char path[PATH_MAX];
	size_t n = 0;

	for (int i = 0; i < 5; i++) {
		if (!hm_str_next(&line, ' ', &field))
			return;
	}
	for (size_t i = 0; i < field.len && n < sizeof(path) - 1; i++) {
		const char *p = field.ptr + i;
		if (*p == '\\' && field.len - i > 3) {
			path[n++] = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			i += 3;
		} else {
			path[n++] = *p;
		}
	}
	hm_strv_add_str(list, hm_str_of(path, n));
}

static enum hm_status list_mounts(struct builder *b)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	enum hm_status st = hm_file_read("/proc/self/mountinfo", HM_MAX_MOUNTINFO, &text, b->err);
	if (st != HM_OK)
		return st;
	struct hm_str rest = hm_buf_str(&text), line;
	while (hm_str_next(&rest, '\n', &line))
		add_mount_point(&b->mounted, line);
	return hm_strv_check(&b->mounted, b->err);
}

/* What is mounted strictly below a folder, or NULL. */
static const char *mounted_below(const struct builder *b, const char *folder)
{
	for (size_t i = 0; i < b->mounted.count; i++) {
		if (hm_path_is_within(b->mounted.v[i], folder) && strcmp(b->mounted.v[i], folder) != 0)
			return b->mounted.v[i];
	}
	return NULL;
}

static bool is_mount_point(const struct builder *b, const char *path)
{
	return hm_strv_has(&b->mounted, path);
}

static const char *read_link(struct builder *b, const char *path)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text));

	return n < 0 ? NULL : hm_arena_dup(&b->plan->arena, hm_str_of(text, (size_t)n)).ptr;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/*
 * One thing in a folder that cannot be layered as a whole. What has mounts in it is bound: the kernel does not layer
 * over a mount that it would have to uncover. That is stricter, for nothing can be written there.
 */
static enum hm_status add_part(struct builder *b, const char *path)
{
	const char *from = hm_arena_printf(&b->plan->arena, "/%s", path).ptr;
	struct stat info;

	if (!from || lstat(from, &info) != 0)
		return HM_OK;
	if (S_ISLNK(info.st_mode))
		return add_link(b, path, read_link(b, from));
	if (!S_ISDIR(info.st_mode) || mounted_below(b, from) || is_mount_point(b, from))
		return add_bind(b, path, from, HM_STEP_READ_ONLY);
	return add(b, (struct hm_step){ .op = HM_STEP_LAYER, .path = path, .from = from });
}

static enum hm_status add_in_parts(struct builder *b, const char *path, const char *from)
{
	HM_OWN(closedirp) DIR *dir = opendir(from);
	const struct dirent *entry;

	if (!dir)
		return hm_fail(b->err, HM_R_SANDBOX_MOUNT, "read '%s': %s", from, strerrordesc_np(errno));
	enum hm_status st = add_dir(b, path, 0755);
	while (st == HM_OK && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		st = add_part(b, hm_arena_printf(&b->plan->arena, "%s/%s", path, entry->d_name).ptr);
	}
	return st;
}

static enum hm_status plan_system(struct builder *b)
{
	enum hm_status st = HM_OK;

	b->plan->base_size = print_size(b, HM_SANDBOX_DEFAULT_LAYER);
	for (size_t i = 0; i < sizeof(system_folders) / sizeof(system_folders[0]) && st == HM_OK; i++) {
		const char *path = system_folders[i];
		const char *from = hm_arena_printf(&b->plan->arena, "/%s", path).ptr;
		struct stat info;
		if (!from || lstat(from, &info) != 0)
			continue;
		if (S_ISLNK(info.st_mode))
			st = add_link(b, path, read_link(b, from));
		else if (mounted_below(b, from))
			st = add_in_parts(b, path, from);
		else
			st = add(b, (struct hm_step){ .op = HM_STEP_LAYER,
						      .path = path,
						      .from = from,
						      .inside = i == 0 ? writable_in_usr : NULL });
	}
	return st;
}

/* A link into /usr stays one, for it leads to the same there; another is followed, for it would lead nowhere. */
static enum hm_status add_etc(struct builder *b, const char *name)
{
	const char *path = hm_arena_printf(&b->plan->arena, "etc/%s", name).ptr;
	const char *from = hm_arena_printf(&b->plan->arena, "/etc/%s", name).ptr;
	HM_OWN(hm_freep) char *real = NULL;
	struct stat info;

	if (!from || lstat(from, &info) != 0)
		return HM_OK;
	if (hm_path_resolve(from, &real, NULL) != HM_OK)
		return HM_OK;
	if (S_ISLNK(info.st_mode) && hm_path_is_within(real, "/usr"))
		return add_link(b, path, hm_arena_dup(&b->plan->arena, hm_str(real)).ptr);
	return add_bind(b, path, hm_arena_dup(&b->plan->arena, hm_str(real)).ptr, HM_STEP_READ_ONLY);
}

static enum hm_status add_users(struct builder *b)
{
	const struct hm_sandbox_user *user = hm_sandbox_user_of(b->opts);
	const char *home = hm_sandbox_home_of(b->opts);
	struct hm_arena *arena = &b->plan->arena;
	bool is_root = user->uid == 0;
	const char *root_home = is_root ? home : "/nonexistent";
	struct hm_str own =
	    is_root ? HM_STR("")
		    : hm_arena_printf(arena, "%s:x:%u:%u::%s:/bin/sh\n", user->name, user->uid, user->gid, home);
	struct hm_str group = user->gid == 0 ? HM_STR("") : hm_arena_printf(arena, "%s:x:%u:\n", user->name, user->gid);

	enum hm_status st = add_file(b, "etc/passwd",
				     hm_arena_printf(arena,
						     "root:x:0:0:root:%s:/bin/sh\n%.*s"
						     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
						     root_home, HM_STR_ARG(own)));
	if (st == HM_OK)
		st = add_file(b, "etc/group",
			      hm_arena_printf(arena, "root:x:0:\ntty:x:5:\n%.*snogroup:x:65534:\n", HM_STR_ARG(group)));
	return st;
}

/* A file of the machine as it is at this moment; it may be a link to where the sandbox has nothing. */
static enum hm_status add_copy(struct builder *b, const char *path, const char *from)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	enum hm_status st = hm_file_read(from, HM_MAX_CONFIG_FILE, &text, b->err);
	if (st == HM_ENOTFOUND)
		return HM_OK;
	if (st != HM_OK)
		return st;
	return add_file(b, path, hm_arena_dup(&b->plan->arena, hm_buf_str(&text)));
}

static enum hm_status add_names(struct builder *b)
{
	const char *hostname = hm_sandbox_hostname_of(b->opts);
	struct hm_arena *arena = &b->plan->arena;

	enum hm_status st = add_file(b, "etc/hostname", hm_arena_printf(arena, "%s\n", hostname));
	/* The machine's own may name sources whose sockets are not visible here. */
	if (st == HM_OK)
		st = add_file(b, "etc/nsswitch.conf",
			      HM_STR("passwd: files\ngroup: files\nhosts: files dns\nnetworks: files\n"
				     "protocols: files\nservices: files\n"));
	if (st == HM_OK && b->opts->network == HM_SANDBOX_NET_HOST) {
		st = add_copy(b, "etc/hosts", "/etc/hosts");
		if (st == HM_OK)
			st = add_copy(b, "etc/resolv.conf", "/etc/resolv.conf");
		return st;
	}
	if (st == HM_OK)
		st = add_file(b, "etc/hosts",
			      hm_arena_printf(arena,
					      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
					      "127.0.1.1\t%s\n",
					      hostname));
	return st;
}

static enum hm_status plan_etc(struct builder *b)
{
	enum hm_status st = add_dir(b, "etc", 0755);

	for (size_t i = 0; i < sizeof(etc_entries) / sizeof(etc_entries[0]) && st == HM_OK; i++)
		st = add_etc(b, etc_entries[i]);
	if (st == HM_OK)
		st = add_users(b);
	if (st == HM_OK)
		st = add_names(b);
	if (st == HM_OK)
		st = add_link(b, "etc/mtab", "../proc/self/mounts");
	return st;
}

static enum hm_status plan_dev(struct builder *b)
{
	static const char *const links[][2] = {
		{ "dev/ptmx", "pts/ptmx" },          { "dev/fd", "/proc/self/fd" },
		{ "dev/stdin", "/proc/self/fd/0" },  { "dev/stdout", "/proc/self/fd/1" },
		{ "dev/stderr", "/proc/self/fd/2" },
	};
	struct hm_arena *arena = &b->plan->arena;
	enum hm_status st = add_dir(b, "dev", 0755);

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && st == HM_OK; i++)
		st = add_bind(b, hm_arena_printf(arena, "dev/%s", devices[i]).ptr,
			      hm_arena_printf(arena, "/dev/%s", devices[i]).ptr, HM_STEP_DEVICE);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && st == HM_OK; i++)
		st = add_link(b, links[i][0], links[i][1]);
	if (st == HM_OK)
		st = add(b, (struct hm_step){
				.op = HM_STEP_FS,
				.path = "dev/pts",
				.from = "devpts",
				.options = { { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" } } });
	return st;
}

static bool is_proc_entry(const char *name)
{
	for (size_t i = 0; i < sizeof(proc_entries) / sizeof(proc_entries[0]); i++) {
		if (strcmp(name, proc_entries[i]) == 0)
			return true;
	}
	return false;
}

struct linux_dirent64 {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

/*
 * The machine's /proc lists what its kernel has before it lists processes, of which there may be very many: reading
 * ends at the first of them.
 */
static enum hm_status add_masks(struct builder *b)
{
	_Alignas(struct linux_dirent64) char block[4096];
	HM_OWN(hm_closep) int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum hm_status st = HM_OK;
	long n;

	if (fd < 0)
		return hm_fail(b->err, HM_R_SANDBOX_REFUSED, "open '/proc': %s", strerrordesc_np(errno));
	while ((n = syscall(SYS_getdents64, fd, block, sizeof(block))) > 0) {
		for (long at = 0; at < n && st == HM_OK;) {
			const struct linux_dirent64 *entry = (const void *)(block + at);
			if (entry->name[0] >= '0' && entry->name[0] <= '9')
				return HM_OK;
			if (entry->name[0] != '.' && !is_proc_entry(entry->name))
				st = add(b, (struct hm_step){
						.op = HM_STEP_MASK,
						.flags = HM_STEP_OPTIONAL,
						.path = hm_arena_printf(&b->plan->arena, "proc/%s", entry->name).ptr });
			at += entry->len;
		}
	}
	if (n < 0)
		return hm_fail(b->err, HM_R_SANDBOX_REFUSED, "read '/proc': %s", strerrordesc_np(errno));
	return st;
}

static enum hm_status add_setting(struct builder *b, const char *path, struct hm_str value)
{
	return add(b, (struct hm_step){ .op = HM_STEP_WRITE, .flags = HM_STEP_OPTIONAL, .path = path, .data = value });
}

static enum hm_status plan_proc(struct builder *b)
{
	/*
	 * hidepid=4 shows a process only to who may trace it: the first process of the namespace, a copy of ours, stays
	 * out of sight with its command line. hidepid=2 would show it to the group 0, which a run by root is in.
	 */
	enum hm_status st = add(
	    b, (struct hm_step){ .op = HM_STEP_FS, .path = "proc", .from = "proc", .options = { { "hidepid", "4" } } });

	/* No user namespace inside: in one a process would have all capabilities again. */
	if (st == HM_OK)
		st = add_setting(b, "proc/sys/user/max_user_namespaces", HM_STR("0"));
	/* Root's processes are not counted by RLIMIT_NPROC, but their numbers can run out. */
	if (st == HM_OK && geteuid() == 0 && hm_kernel_has_own_pid_max())
		st = add_setting(
		    b, "proc/sys/kernel/pid_max",
		    hm_arena_printf(&b->plan->arena, "%llu", (unsigned long long)hm_sandbox_processes_of(b->opts)));
	if (st == HM_OK && b->opts->network == HM_SANDBOX_NET_NONE)
		st = add_setting(b, "proc/sys/net/ipv6/conf/lo/disable_ipv6", HM_STR("0"));
	if (st == HM_OK)
		st = add(b, (struct hm_step){ .op = HM_STEP_SEAL, .path = "proc/sys" });
	if (st == HM_OK)
		st = add_masks(b);
	return st;
}

static bool has_mount_over(const struct hm_sandbox_opts *opts, const char *path)
{
	for (size_t i = 0; i < opts->mount_count; i++) {
		if (hm_path_is_within(path, opts->mounts[i].target))
			return true;
	}
	return false;
}

static enum hm_status plan_private(struct builder *b)
{
	static const struct {
		const char *path;
		uint64_t size;
		mode_t mode;
	} folders[] = {
		{ "/tmp", HM_SANDBOX_DEFAULT_TMP, 01777 },
		{ "/dev/shm", HM_SANDBOX_DEFAULT_SHM, 01777 },
	};
	const char *home = hm_sandbox_home_of(b->opts);
	enum hm_status st = add_dir(b, "var/tmp", 01777);

	if (st == HM_OK)
		st = add_dir(b, "run", 0755);
	if (st == HM_OK)
		st = add_dir(b, "sys", 0555);
	if (st == HM_OK)
		st = add_link(b, "var/run", "/run");
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && st == HM_OK; i++) {
		if (!has_mount_over(b->opts, folders[i].path))
			st = add_tmpfs(b, folders[i].path + 1, folders[i].size, folders[i].mode, 0);
	}
	if (st == HM_OK && !has_mount_over(b->opts, home))
		st = add_tmpfs(b, home + 1, HM_SANDBOX_DEFAULT_HOME, 0755, 0);
	return st;
}

/* Whether the innermost mount that holds a target is a folder of the machine that is not below a layer. */
static bool is_in_bind(const struct hm_sandbox_opts *opts, size_t index)
{
	const struct hm_sandbox_mount *holder = NULL;

	for (size_t i = 0; i < index; i++) {
		const struct hm_sandbox_mount *m = &opts->mounts[i];
		if (hm_path_is_within(opts->mounts[index].target, m->target) &&
		    (!holder || strlen(m->target) > strlen(holder->target)))
			holder = m;
	}
	return holder && (holder->kind == HM_SANDBOX_READ_ONLY || holder->kind == HM_SANDBOX_READ_WRITE);
}

static enum hm_status add_mount(struct builder *b, size_t index)
{
	const struct hm_sandbox_mount *m = &b->opts->mounts[index];
	unsigned as_is = is_in_bind(b->opts, index) ? HM_STEP_AS_IS : 0;
	const char *path = m->target + 1, *inner;

	switch (m->kind) {
	case HM_SANDBOX_READ_ONLY:
		return add_bind(b, path, m->source, HM_STEP_READ_ONLY | HM_STEP_CALLERS | as_is);
	case HM_SANDBOX_READ_WRITE:
		return add_bind(b, path, m->source, HM_STEP_CALLERS | as_is);
	case HM_SANDBOX_LAYER:
		inner = mounted_below(b, m->source);
		if (inner)
			return hm_fail(b->err, HM_R_SANDBOX_MOUNT,
				       "no private layer over '%s' can be made while '%s' is mounted in it", m->source,
				       inner);
		return add(
		    b, (struct hm_step){
			   .op = HM_STEP_LAYER, .path = path, .from = m->source, .flags = HM_STEP_CALLERS | as_is });
	case HM_SANDBOX_TMPFS:
		return add_tmpfs(b, path, m->size ? m->size : HM_SANDBOX_DEFAULT_TMP, m->mode ? m->mode : 0755, as_is);
	case HM_SANDBOX_FILE:
		return add(
		    b, (struct hm_step){
			   .op = HM_STEP_FILE, .path = path, .data = m->content, .mode = m->mode ? m->mode : 0644 });
	case HM_SANDBOX_SYMLINK:
		return add_link(b, path, m->source);
	}
	return hm_fail(b->err, HM_R_BUG, "a mount of kind %d", (int)m->kind);
}

static enum hm_status plan_mounts(struct builder *b)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < b->opts->mount_count && st == HM_OK; i++)
		st = add_mount(b, i);
	return st;
}

enum hm_status hm_plan_root(const struct hm_sandbox_opts *opts, struct hm_plan *ret_plan, struct hm_err *err)
{
	static enum hm_status (*const passes[])(struct builder *) = {
		list_mounts, plan_system, plan_etc, plan_dev, plan_proc, plan_private, plan_mounts,
	};
	HM_OWN(hm_plan_done) struct hm_plan plan = { .arena = hm_arena_init(HM_MAX_SANDBOX_PLAN) };
	struct builder b = { .opts = opts, .plan = &plan, .err = err };
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]) && st == HM_OK; i++)
		st = passes[i](&b);
	hm_strv_done(&b.mounted);
	if (st != HM_OK)
		return st;
	*ret_plan = plan;
	plan = (struct hm_plan){ 0 };
	return HM_OK;
}
