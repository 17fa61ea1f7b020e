#include "cli/run_places.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "crypto/digest.h"
#include "service/local/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

void hm_run_places_done(struct hm_run_places *places)
{
	char **const texts[] = { &places->home,     &places->base,        &places->dir,        &places->source,
				 &places->evidence, &places->reports,     &places->release,    &places->modules,
				 &places->log,      &places->build_cache, &places->test_cache, &places->state };

	if (places->dir)
		(void)!hm_tree_remove(places->dir, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
	if (places->lock >= 0)
		close(places->lock);
	places->lock = -1;
}

/* PARENT/NAME as a folder that is there. */
static enum hm_status make(const char *parent, const char *name, mode_t mode, char **ret_path, struct hm_err *err)
{
	*ret_path = hm_asprintf("%s/%s", parent, name);
	return *ret_path ? hm_dir_make(*ret_path, mode, err) : hm_fail(err, HM_R_NO_MEMORY, "folders of the run");
}

static enum hm_status remove_leftover(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				      struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", (const char *)ctx, entry->name);

	*ret_step = HM_TREE_SKIP;
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "folders of the run");
	return hm_str_has_prefix(hm_str(entry->name), HM_STR("run-")) ? hm_tree_remove(path, err) : HM_OK;
}

static enum hm_status lock(struct hm_run_places *p, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/lock", p->base), *ignore = hm_asprintf("%s/.gitignore", p->base);

	if (!path || !ignore)
		return hm_fail(err, HM_R_NO_MEMORY, "folders of the run");
	enum hm_status st = hm_file_lock(path, false, &p->lock, err);
	if (st == HM_ECONFLICT)
		return hm_fail(err, HM_R_FILE_LOCKED, "another run works in '%s'; wait for its end", p->home);
	hm_file_sweep(p->base);
	/* results are no source, whoever runs git here */
	return st == HM_OK && !hm_path_is_there(ignore) ? hm_file_save(ignore, HM_STR("*\n"), 0644, err) : st;
}

static enum hm_status make_run(struct hm_run_places *p, struct hm_err *err)
{
	enum hm_status st = hm_tree_walk(p->base, remove_leftover, p->base, err);

	if (st == HM_OK)
		st = hm_dir_make_temp(p->base, "run-", &p->dir, err);
	if (st == HM_OK)
		st = make(p->dir, "source", 0755, &p->source, err);
	if (st == HM_OK)
		st = make(p->dir, "evidence", 0755, &p->evidence, err);
	if (st == HM_OK)
		st = make(p->dir, "reports", 0755, &p->reports, err);
	if (st == HM_OK)
		st = make(p->dir, "release", 0755, &p->release, err);
	if (st == HM_OK) {
		p->log = hm_asprintf("%s/log", p->base);
		st = p->log ? hm_tree_remove(p->log, err) : hm_fail(err, HM_R_NO_MEMORY, "folders of the run");
	}
	return st == HM_OK ? hm_dir_make(p->log, 0755, err) : st;
}

static const char *absolute(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

/* Its real path, since a sandbox takes no other. */
static enum hm_status cache(const char *root, const char *name, char **ret_path, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = NULL;
	enum hm_status st = make(root, name, 0700, &path, err);

	return st == HM_OK ? hm_path_resolve(path, ret_path, err) : st;
}

/* What tells one module's caches from another's: the first half of a SHA-256. */
static enum hm_status cache_key(const struct hm_run_places *p, const char *pipeline, char ret_key[HM_HASH_LEN + 1],
				struct hm_err *err)
{
	const struct hm_part parts[] = { { p->home, strlen(p->home) + 1 },
					 { pipeline, pipeline ? strlen(pipeline) : 0 } };
	struct hm_hash hash;
	enum hm_status st = hm_crypto_sha256(parts, 2, &hash, err);

	if (st == HM_OK)
		hm_hex_write(ret_key, hash.b, HM_HASH_LEN / 2);
	return st;
}

static enum hm_status make_caches(struct hm_run_places *p, const char *pipeline, struct hm_err *err)
{
	const char *xdg = absolute("XDG_CACHE_HOME"), *home = absolute("HOME");
	HM_OWN(hm_freep) char *root = NULL, *test = NULL;
	char key[HM_HASH_LEN + 1];

	if (!xdg && !home)
		return hm_fail(err, HM_R_USAGE, "neither HOME nor XDG_CACHE_HOME says where caches go");
	enum hm_status st = cache_key(p, pipeline, key, err);
	if (st != HM_OK)
		return st;
	root = hm_asprintf("%s%s%s%s", xdg ? xdg : home, xdg ? "/hallmark" : "/.cache/hallmark",
			   pipeline ? "/other/" : "", pipeline ? key : "");
	test = pipeline ? hm_asprintf("test") : hm_asprintf("test/%s", key);
	if (!root || !test)
		return hm_fail(err, HM_R_NO_MEMORY, "caches");
	st = cache(root, "mod", &p->modules, err);
	if (st == HM_OK)
		st = cache(root, "build", &p->build_cache, err);
	return st == HM_OK ? cache(root, test, &p->test_cache, err) : st;
}

static enum hm_status open_places(struct hm_run_places *p, const char *home, const char *state, const char *pipeline,
				  struct hm_err *err)
{
	enum hm_status st = hm_path_resolve(home, &p->home, err);

	if (st == HM_OK)
		st = make(p->home, ".hallmark", 0755, &p->base, err);
	if (st == HM_OK)
		st = lock(p, err);
	if (st == HM_OK)
		st = make_run(p, err);
	if (st == HM_OK)
		st = make_caches(p, pipeline, err);
	return st == HM_OK ? hm_local_state_dir(state, getenv("XDG_STATE_HOME"), getenv("HOME"), &p->state, err) : st;
}

enum hm_status hm_run_places_open(const char *home, const char *state, const char *pipeline,
				  struct hm_run_places *ret_places, struct hm_err *err)
{
	*ret_places = (struct hm_run_places){ .lock = -1 };
	enum hm_status st = open_places(ret_places, home, state, pipeline, err);
	if (st != HM_OK)
		hm_run_places_done(ret_places);
	return st;
}

/* Steps do not sync what they write; a power cut after the end of a run must not find it empty. */
static enum hm_status sync_entry(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				 struct hm_err *err)
{
	(void)ctx;
	(void)ret_step;
	if (!S_ISREG(entry->stat->st_mode) && !S_ISDIR(entry->stat->st_mode))
		return HM_OK;
	HM_OWN(hm_closep) int fd = openat(entry->dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return hm_fail_errno(err, errno, "save '%s'", entry->path);
	return HM_OK;
}

enum hm_status hm_run_places_publish(struct hm_run_places *p, const char *name, char **ret_out, struct hm_err *err)
{
	HM_OWN(hm_freep) char *all = NULL, *out = NULL;
	enum hm_status st = make(p->base, "out", 0755, &all, err);

	if (st == HM_OK)
		st = hm_tree_walk(p->release, sync_entry, NULL, err);
	if (st == HM_OK)
		st = hm_dir_sync(p->release, err);
	if (st != HM_OK)
		return st;
	out = hm_asprintf("%s/%s", all, name);
	if (!out)
		return hm_fail(err, HM_R_NO_MEMORY, "result");
	st = hm_dir_replace(p->release, out, err);
	if (st == HM_OK)
		*ret_out = HM_STEAL(out);
	return st;
}
