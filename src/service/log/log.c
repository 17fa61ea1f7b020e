#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "service/log/parts.h"
#include "store/signer.h"

static const char format_name[] = "hallmark-log";
enum { format_version = 1 };

/* Of the key's id, in the name that a log gives itself. */
enum { name_bytes = 4 };

void hm_log_reach(const struct hm_log *log, const char *place)
{
	if (log->reached)
		log->reached(log->reached_ctx, place);
}

enum hm_status hm_log_lock(const struct hm_log *log, struct hm_datadir *ret_dir, struct hm_err *err)
{
	return hm_datadir_open(log->dir, format_name, format_version, HM_DATADIR_WAIT, ret_dir, err);
}

struct hm_log *hm_log_free(struct hm_log *log)
{
	if (!log)
		return NULL;
	hm_db_free(log->db);
	hm_signer_done(&log->signer);
	hm_tlog_verifier_done(&log->verifier);
	pthread_cond_destroy(&log->queue_changed);
	pthread_mutex_destroy(&log->queue_lock);
	pthread_mutex_destroy(&log->head_lock);
	pthread_mutex_destroy(&log->files_lock);
	free(log->origin);
	free(log->dir);
	free(log);
	return NULL;
}

void hm_log_freep(struct hm_log **log)
{
	*log = hm_log_free(*log);
}

const char *hm_log_origin(const struct hm_log *log)
{
	return log->origin;
}

const struct hm_key *hm_log_key(const struct hm_log *log)
{
	return &log->signer.key;
}

const struct hm_hash *hm_log_id(const struct hm_log *log)
{
	return &log->id;
}

static enum hm_status look_for(const struct hm_datadir *dir, const char *name, bool *ret_is_there, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_datadir_path(dir, name);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "look for '%s'", name);
	*ret_is_there = hm_path_is_there(path);
	return HM_OK;
}

/* A log that begins again under the old key would contradict what it has signed. */
static enum hm_status look_for_losses(const struct hm_datadir *dir, bool *ret_is_new, struct hm_err *err)
{
	static const char *const names[] = { "key.pem", "checkpoint", "tile", "times", "index.db" };
	enum { has_key, has_checkpoint, has_tiles, has_times, has_index, count };
	bool is[count] = { false };
	enum hm_status st = HM_OK;

	for (int i = 0; i < count && st == HM_OK; i++)
		st = look_for(dir, names[i], &is[i], err);
	if (st != HM_OK)
		return st;
	*ret_is_new = !is[has_checkpoint];
	if (is[has_checkpoint] && !is[has_key])
		return hm_fail(err, HM_R_LOG_LOST, "'%s' has a checkpoint and no key.pem", dir->path);
	if (!is[has_checkpoint] && (is[has_tiles] || is[has_times] || is[has_index]))
		return hm_fail(err, HM_R_LOG_LOST, "'%s' has entries and no checkpoint", dir->path);
	return HM_OK;
}

/* The name in a checkpoint, which is checked with that name afterwards. */
static enum hm_status recorded_origin(const struct hm_datadir *dir, char **ret_origin, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_datadir_path(dir, "checkpoint");
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_LOG_CHECKPOINT);
	struct hm_tlog_checkpoint checkpoint;
	struct hm_tlog_note note;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read the checkpoint");
	enum hm_status st = hm_file_read(path, HM_MAX_LOG_CHECKPOINT, &text, err);
	if (st == HM_OK)
		st = hm_tlog_note_parse(hm_buf_str(&text), &note, err);
	if (st == HM_OK)
		st = hm_tlog_checkpoint_parse(note.text, &checkpoint, err);
	if (st == HM_OK)
		st = hm_str_dup(checkpoint.origin, ret_origin, err);
	return hm_at(err, st, path, 0, 0);
}

static enum hm_status choose_origin(struct hm_log *log, const struct hm_datadir *dir, const char *wanted, bool is_new,
				    struct hm_err *err)
{
	char digits[2 * name_bytes + 1];

	if (!is_new) {
		enum hm_status st = recorded_origin(dir, &log->origin, err);
		if (st == HM_OK && wanted && strcmp(wanted, log->origin) != 0)
			return hm_fail(err, HM_R_LOG_ORIGIN, "the log in '%s' is '%s' and not '%s'", log->dir,
				       log->origin, wanted);
		return st;
	}
	hm_hex_write(digits, log->signer.key.id.b, name_bytes);
	log->origin = wanted ? hm_asprintf("%s", wanted) : hm_asprintf("%s.hallmark.localhost", digits);
	return log->origin ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "open '%s'", log->dir);
}

/* Who signs, under which name. */
static enum hm_status take_name(struct hm_log *log, struct hm_err *err)
{
	const struct hm_str origin = hm_str(log->origin);
	struct hm_err why = { 0 };

	if (origin.len > HM_MAX_LOG_ORIGIN)
		return hm_fail(err, HM_R_LOG_ORIGIN, "a log's name has at most %zu bytes", HM_MAX_LOG_ORIGIN);
	enum hm_status st = hm_tlog_verifier_init(origin, HM_TLOG_ED25519, &log->signer.key, &log->verifier, &why);
	if (st == HM_EPARSE)
		return hm_fail(err, HM_R_LOG_ORIGIN, "'%s' cannot be a log's name: %s", log->origin, why.cause);
	if (st != HM_OK) {
		if (err)
			*err = why;
		return st;
	}
	return hm_tlog_key_id(origin, HM_TLOG_ED25519, &log->signer.key, &log->id, err);
}

static enum hm_status make_first_head(struct hm_log *log, struct hm_err *err)
{
	struct hm_tlog_head empty = { .size = 0 };
	struct hm_log_head head;

	enum hm_status st = hm_tlog_root(NULL, 0, &empty.root, err);
	if (st == HM_OK)
		st = hm_log_sign_head(log, &empty, &head, err);
	return st == HM_OK ? hm_log_save_head(log, &head, err) : st;
}

static enum hm_status check_tiles(struct hm_log *log, const struct hm_tlog_head *tree, struct hm_err *err)
{
	struct hm_log_disk disk = { log->dir, tree->size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	struct hm_err why = { 0 };
	struct hm_hash root;

	enum hm_status st = hm_tlog_tiles_root(&source, tree->size, &root, &why);
	if (st == HM_EPARSE || st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_LOG_DAMAGED, "%s", why.cause);
	if (st == HM_OK && memcmp(root.b, tree->root.b, HM_HASH_LEN) != 0)
		return hm_fail(err, HM_R_LOG_DAMAGED, "the tiles in '%s' lead to another root than the checkpoint's",
			       log->dir);
	if (st != HM_OK && err)
		*err = why;
	return st;
}

/* With the directory locked. */
static enum hm_status open_locked(struct hm_log *log, const struct hm_datadir *dir, const char *origin,
				  struct hm_err *err)
{
	struct hm_log_head head;
	bool is_new = false;

	enum hm_status st = look_for_losses(dir, &is_new, err);
	if (st == HM_OK)
		st = hm_datadir_make_signer(dir, "key.pem", HM_KEY_ED25519, &log->signer, err);
	if (st == HM_OK)
		st = choose_origin(log, dir, origin, is_new, err);
	if (st == HM_OK)
		st = take_name(log, err);
	if (st == HM_OK && is_new)
		st = make_first_head(log, err);
	if (st == HM_OK)
		st = hm_log_load_head(log, &head, err);
	if (st == HM_OK)
		st = check_tiles(log, &head.tree, err);
	if (st == HM_OK)
		st = hm_log_index_open(log, err);
	return st == HM_OK ? hm_log_index_sync(log, &head.tree, err) : st;
}

static struct hm_log *new_log(const struct hm_log_opts *opts)
{
	struct hm_log *log = hm_calloc(1, sizeof(*log));
	char *dir = log ? hm_asprintf("%s", opts->dir) : NULL;

	if (!dir) {
		free(log);
		return NULL;
	}
	log->dir = dir;
	log->fx = opts->fx ? opts->fx : hm_effects_system();
	log->reached = opts->reached;
	log->reached_ctx = opts->reached_ctx;
	log->last = &log->first;
	pthread_mutex_init(&log->files_lock, NULL);
	pthread_mutex_init(&log->head_lock, NULL);
	pthread_mutex_init(&log->queue_lock, NULL);
	pthread_cond_init(&log->queue_changed, NULL);
	return log;
}

enum hm_status hm_log_open(const struct hm_log_opts *opts, struct hm_log **ret_log, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	HM_OWN(hm_log_freep) struct hm_log *log = new_log(opts);
	enum hm_status st = HM_OK;

	if (!log)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", opts->dir);
	if (opts->must_exist) {
		st = hm_datadir_open(opts->dir, format_name, format_version, HM_DATADIR_READ, &dir, err);
		hm_datadir_done(&dir);
	}
	if (st == HM_OK)
		st = hm_log_lock(log, &dir, err);
	if (st == HM_OK)
		st = open_locked(log, &dir, opts->origin, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the log '%s'", opts->dir);
	*ret_log = HM_STEAL(log);
	return HM_OK;
}
