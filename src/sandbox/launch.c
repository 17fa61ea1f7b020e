/*
 * What the child keeps of its parent's memory, in one mapping; see plan.h.
 */
#include "sandbox/plan.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/strv.h"

#include <string.h>
#include <sys/mman.h>

/* What the first process runs on once the parent's stack is gone; it calls a dozen functions deep at most. */
#define STACK_SIZE (64 * HM_KIB)

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t list_size(const struct hm_strv *list)
{
	size_t size = sizeof(char *);

	for (size_t i = 0; i < list->count; i++)
		size += sizeof(char *) + strlen(list->v[i]) + 1;
	return round_up(size, sizeof(char *));
}

/* Pointers first, then their strings; at is aligned for pointers and is moved behind. */
static char **put_list(char **at, const struct hm_strv *list)
{
	char **pointers = (char **)(void *)*at, *text = *at + (list->count + 1) * sizeof(char *);

	for (size_t i = 0; i < list->count; i++) {
		size_t len = strlen(list->v[i]) + 1;
		pointers[i] = memcpy(text, list->v[i], len);
		text += len;
	}
	pointers[list->count] = NULL;
	*at += list_size(list);
	return pointers;
}

static void add_all(struct hm_strv *list, const char *const *from)
{
	for (; *from; from++)
		hm_strv_add(list, *from);
}

/* As execvp(3) does it, but for an empty part of PATH, which would mean the working folder. */
static void list_programs(struct hm_strv *list, const char *name, const char *path)
{
	struct hm_str rest = hm_str(path ? path : default_path), dir;

	if (strchr(name, '/')) {
		hm_strv_add(list, name);
		return;
	}
	while (hm_str_next(&rest, ':', &dir)) {
		if (dir.len)
			hm_strv_addf(list, "%.*s/%s", HM_STR_ARG(dir), name);
	}
}

static void add_limit(struct hm_launch *launch, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit own = { RLIM_INFINITY, RLIM_INFINITY };
	struct hm_limit *limit = &launch->limits[launch->limit_count++];

	/* Without privileges a hard limit can only be lowered. */
	getrlimit((__rlimit_resource_t)resource, &own);
	limit->resource = resource;
	limit->value.rlim_max = hard < own.rlim_max ? hard : own.rlim_max;
	limit->value.rlim_cur = soft < limit->value.rlim_max ? soft : limit->value.rlim_max;
}

static void add_limits(struct hm_launch *launch, const struct hm_sandbox_opts *opts)
{
	const struct hm_sandbox_limits *l = &opts->limits;
	uint64_t files = l->open_files ? l->open_files : HM_SANDBOX_DEFAULT_OPEN_FILES;
	uint64_t file_size = l->file_size ? l->file_size : HM_SANDBOX_DEFAULT_FILE_SIZE;
	uint64_t stack = l->stack ? l->stack : HM_SANDBOX_DEFAULT_STACK;
	uint64_t processes = hm_sandbox_processes_of(opts);

	add_limit(launch, RLIMIT_CORE, 0, 0);
	add_limit(launch, RLIMIT_NOFILE, files, files);
	add_limit(launch, RLIMIT_FSIZE, file_size, file_size);
	add_limit(launch, RLIMIT_STACK, stack, stack);
	add_limit(launch, RLIMIT_MEMLOCK, HM_SANDBOX_DEFAULT_MEMLOCK, HM_SANDBOX_DEFAULT_MEMLOCK);
	/* Before Linux 5.14, and without a namespace, this counts all processes of the user on the machine. */
	if (launch->is_isolated)
		add_limit(launch, RLIMIT_NPROC, processes, processes);
	if (l->address_space)
		add_limit(launch, RLIMIT_AS, l->address_space, l->address_space);
}

struct hm_launch *hm_launch_free(struct hm_launch *launch)
{
	if (launch)
		munmap(launch, launch->size);
	return NULL;
}

static enum hm_status make(const struct hm_sandbox_opts *opts, bool is_isolated, const struct hm_strv lists[3],
			   struct hm_launch **ret_launch, struct hm_err *err)
{
	size_t cwd_size = opts->cwd ? strlen(opts->cwd) + 1 : 0;
	size_t used = round_up(sizeof(struct hm_launch), 16) + cwd_size;

	for (int i = 0; i < 3; i++)
		used += list_size(&lists[i]);
	used = round_up(used, 16 * HM_KIB * 4); /* a multiple of every page size that Linux has */

	size_t size = used + STACK_SIZE;
	struct hm_launch *launch = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (launch == MAP_FAILED)
		return hm_fail(err, HM_R_NO_MEMORY, "start '%s'", opts->argv[0]);

	char *at = (char *)launch + round_up(sizeof(*launch), 16);
	launch->size = size;
	launch->stack = (char *)launch + used;
	launch->stack_size = STACK_SIZE;
	launch->is_isolated = is_isolated;
	launch->argv = put_list(&at, &lists[0]);
	launch->env = put_list(&at, &lists[1]);
	launch->programs = put_list(&at, &lists[2]);
	launch->cwd = cwd_size ? memcpy(at, opts->cwd, cwd_size) : NULL;
	add_limits(launch, opts);
	*ret_launch = launch;
	return HM_OK;
}

enum hm_status hm_launch_new(const struct hm_sandbox_opts *opts, bool is_isolated, struct hm_launch **ret_launch,
			     struct hm_err *err)
{
	struct hm_strv lists[3] = { 0 };

	add_all(&lists[0], opts->argv);
	if (opts->env) {
		add_all(&lists[1], opts->env);
	} else {
		hm_strv_addf(&lists[1], "PATH=%s", default_path);
		if (is_isolated)
			hm_strv_addf(&lists[1], "HOME=%s", hm_sandbox_home_of(opts));
		hm_strv_add(&lists[1], "LANG=C.UTF-8");
	}
	list_programs(&lists[2], opts->argv[0], hm_strv_getenv(&lists[1], "PATH"));

	enum hm_status st = HM_OK;
	for (int i = 0; i < 3 && st == HM_OK; i++)
		st = hm_strv_check(&lists[i], err);
	if (st == HM_OK)
		st = make(opts, is_isolated, lists, ret_launch, err);
	for (int i = 0; i < 3; i++)
		hm_strv_done(&lists[i]);
	return st;
}
