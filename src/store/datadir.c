#include "store/datadir.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>

/* "hallmark-something 4294967295\n" and then some. */
enum { max_format = 256 };

/* What hm_file_save() leaves behind when it is killed: its temporary file. */
static const char temp_prefix[] = ".format.tmp-";

void hm_datadir_done(struct hm_datadir *dir)
{
	if (!dir)
		return;
	if (dir->path && dir->lock_fd >= 0)
		close(dir->lock_fd);
	free(dir->path);
	*dir = (struct hm_datadir){ .lock_fd = -1 };
}

char *hm_datadir_path(const struct hm_datadir *dir, const char *name)
{
	return hm_asprintf("%s/%s", dir->path, name);
}

static enum hm_status check_format(const char *path, struct hm_str text, const char *name, uint32_t version,
				   struct hm_err *err)
{
	struct hm_str line, rest, have, number;
	uint64_t n = 0;

	if (!hm_str_cut(text, '\n', &line, &rest) || rest.len > 0 || !hm_str_cut(line, ' ', &have, &number) ||
	    !hm_str_to_u64(number, &n))
		return hm_fail(err, HM_R_STORE_FORMAT, "'%s' is not a name and a version", path);
	if (!hm_str_is(have, name))
		return hm_fail(err, HM_R_STORE_FORMAT, "'%s' says '%.*s' and not '%s'", path, HM_STR_ARG(have), name);
	if (n != version)
		return hm_fail(err, HM_R_STORE_VERSION, "'%s' says version %.*s; this program knows version %u", path,
			       HM_STR_ARG(number), (unsigned)version);
	return HM_OK;
}

struct look {
	const char *dir;
	bool has_lock; /* leftovers are removed then: without it they may be another process's work */
};

/* Only what we could have left ourselves before `format` was there; anything else is somebody's. */
static enum hm_status look_for_strangers(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
					 struct hm_err *err)
{
	const struct look *look = ctx;

	*ret_step = HM_TREE_SKIP;
	if (strcmp(entry->path, "lock") == 0)
		return HM_OK;
	if (strncmp(entry->name, temp_prefix, sizeof(temp_prefix) - 1) == 0) {
		if (look->has_lock && unlinkat(entry->dirfd, entry->name, 0) != 0)
			return hm_fail_errno(err, errno, "remove '%s/%s'", look->dir, entry->name);
		return HM_OK;
	}
	return hm_fail(err, HM_R_STORE_FORMAT, "'%s' holds '%s' and no file 'format'", look->dir, entry->path);
}

static enum hm_status make_format(const char *dir, const char *path, const char *name, uint32_t version,
				  struct hm_err *err)
{
	HM_OWN(hm_freep) char *text = hm_asprintf("%s %u\n", name, (unsigned)version);
	struct look look = { dir, true };
	enum hm_status st = hm_tree_walk(dir, look_for_strangers, &look, err);

	if (st != HM_OK)
		return st;
	if (!text)
		return hm_fail(err, HM_R_NO_MEMORY, "make '%s'", path);
	return hm_file_save(path, hm_str(text), 0644, err);
}

/* A directory that is not ours gets no lock file either. */
static enum hm_status lock(const struct hm_datadir *dir, const char *format_path, enum hm_datadir_use use, int *ret_fd,
			   struct hm_err *err)
{
	HM_OWN(hm_freep) char *lock_path = hm_datadir_path(dir, "lock");
	struct look look = { dir->path, false };
	enum hm_status st = HM_OK;

	if (!lock_path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", dir->path);
	if (!hm_path_is_there(format_path))
		st = hm_tree_walk(dir->path, look_for_strangers, &look, err);
	/* another process may have made it in between, which is then no stranger */
	if (st != HM_OK && !hm_path_is_there(format_path))
		return st;
	return hm_file_lock(lock_path, use == HM_DATADIR_WAIT, ret_fd, err);
}

enum hm_status hm_datadir_open(const char *path, const char *name, uint32_t version, enum hm_datadir_use use,
			       struct hm_datadir *ret_dir, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .path = hm_asprintf("%s", path), .lock_fd = -1 };
	HM_OWN(hm_freep) char *format_path = dir.path ? hm_datadir_path(&dir, "format") : NULL;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(max_format);
	enum hm_status st = HM_OK;

	if (!format_path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", path);
	if (use != HM_DATADIR_READ) {
		st = hm_dir_make(path, 0700, err);
		if (st == HM_OK)
			st = lock(&dir, format_path, use, &dir.lock_fd, err);
		if (st == HM_OK && !hm_path_is_there(format_path))
			st = make_format(path, format_path, name, version, err);
		if (st == HM_OK)
			hm_file_sweep(path);
	}
	if (st == HM_OK)
		st = hm_file_read(format_path, max_format, &text, err);
	if (st == HM_OK)
		st = check_format(format_path, hm_buf_str(&text), name, version, err);
	if (st != HM_OK)
		return st;
	*ret_dir = dir;
	dir = (struct hm_datadir){ .lock_fd = -1 };
	return HM_OK;
}
