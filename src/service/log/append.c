#include "base/own.h"
#include "base/time.h"
#include "service/log/parts.h"

#include <inttypes.h>

/* What one checkpoint takes up. */
struct batch {
	struct hm_log *log;
	struct hm_log_waiting *waiting[HM_MAX_LOG_BATCH];
	size_t waiting_count;
	/* those that are new, in the order of their indexes */
	struct hm_log_waiting *fresh[HM_MAX_LOG_BATCH];
	struct hm_str bodies[HM_MAX_LOG_BATCH];
	struct hm_hash leaves[HM_MAX_LOG_BATCH];
	size_t fresh_count;
	struct hm_tlog_head old, new;
};

/* --- what is new --- */

static void set_duplicate(struct hm_log_waiting *w, uint64_t index)
{
	w->is_duplicate = true;
	w->index = index;
}

static bool is_in_batch(const struct batch *b, struct hm_log_waiting *w)
{
	for (size_t i = 0; i < b->fresh_count; i++) {
		if (memcmp(b->leaves[i].b, w->leaf.b, HM_HASH_LEN) == 0) {
			set_duplicate(w, b->old.size + i);
			return true;
		}
	}
	return false;
}

static enum hm_status part_duplicates(struct batch *b, struct hm_err *err)
{
	for (size_t i = 0; i < b->waiting_count; i++) {
		struct hm_log_waiting *w = b->waiting[i];
		bool is_known = false;
		uint64_t index = 0;
		enum hm_status st = hm_log_index_find(b->log, &w->leaf, &is_known, &index, err);
		if (st != HM_OK)
			return st;
		if (is_known) {
			set_duplicate(w, index);
			continue;
		}
		if (is_in_batch(b, w))
			continue;
		w->index = b->old.size + b->fresh_count;
		b->bodies[b->fresh_count] = w->body;
		b->leaves[b->fresh_count] = w->leaf;
		b->fresh[b->fresh_count++] = w;
	}
	return HM_OK;
}

/* --- writing and checking --- */

/* Everything but the checkpoint; all of it is on disk when this returns. */
static enum hm_status write_files(struct batch *b, struct hm_err *err)
{
	struct hm_log_disk disk = { b->log->dir, b->old.size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	const struct hm_tlog_sink sink = hm_log_sink(&disk);

	hm_log_reach(b->log, "log.begin");
	enum hm_status st = hm_tlog_grow_entries(&source, &sink, b->old.size, b->bodies, b->fresh_count, err);
	if (st != HM_OK)
		return hm_while(err, st, "write entries");
	hm_log_reach(b->log, "log.entries");
	st = hm_log_grow_times(&disk, b->fresh_count, hm_now_s(b->log->fx), err);
	if (st != HM_OK)
		return hm_while(err, st, "write times");
	hm_log_reach(b->log, "log.times");
	st = hm_tlog_grow(&source, &sink, &b->old, b->leaves, b->fresh_count, &b->new, err);
	if (st != HM_OK)
		return hm_while(err, st, "write tiles");
	hm_log_reach(b->log, "log.tiles");
	return HM_OK;
}

/* An entry as it was read back. */
static enum hm_status check_entry(struct batch *b, const struct hm_tlog_source *source, struct hm_log_waiting *w,
				  struct hm_str body, struct hm_err *err)
{
	struct hm_hash leaf;

	enum hm_status st = hm_tlog_leaf_hash(body, &leaf, err);
	if (st == HM_OK)
		st = hm_tlog_tiles_inclusion(source, w->index, b->new.size, NULL, &w->path, err);
	if (st == HM_OK)
		st = hm_tlog_check_inclusion(w->index, b->new.size, &leaf, w->path.hash, w->path.count, &b->new.root,
					     err);
	if (st == HM_OK && !hm_str_eq(body, w->body))
		return hm_fail(err, HM_R_LOG_DAMAGED, "entry %" PRIu64 " was read back as another one", w->index);
	return st;
}

/* What was written is read back and must lead to the new root: a bit that flipped on the way is never signed. */
static enum hm_status check_files(struct batch *b, struct hm_err *err)
{
	struct hm_log_disk disk = { b->log->dir, b->new.size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	struct hm_str entries[HM_TLOG_TILE_WIDTH];
	uint64_t bundle = UINT64_MAX;
	unsigned count = 0;

	for (size_t i = 0; i < b->fresh_count; i++) {
		struct hm_log_waiting *w = b->fresh[i];
		enum hm_status st = HM_OK;
		if (w->index / HM_TLOG_TILE_WIDTH != bundle) {
			bundle = w->index / HM_TLOG_TILE_WIDTH;
			hm_buf_done(&data);
			st = hm_log_read_bundle(&disk, bundle, &data, entries, &count, err);
		}
		if (st == HM_OK)
			st = check_entry(b, &source, w, entries[w->index % HM_TLOG_TILE_WIDTH], err);
		if (st != HM_OK)
			return hm_while(err, st, "read back entry %" PRIu64, w->index);
	}
	hm_log_reach(b->log, "log.checked");
	return HM_OK;
}

/*
 * The moment from which the entries are in the log. If it fails for another cause than a full disk, the new checkpoint
 * may have its name already and yet be lost in a power cut; nothing more is signed then.
 */
static enum hm_status publish(struct batch *b, struct hm_log_head *ret_head, struct hm_err *err)
{
	struct hm_err why = { 0 };

	enum hm_status st = hm_log_sign_head(b->log, &b->new, ret_head, err);
	if (st != HM_OK)
		return st;
	st = hm_log_save_head(b->log, ret_head, &why);
	if (st == HM_OK) {
		hm_log_reach(b->log, "log.checkpoint");
		return HM_OK;
	}
	b->log->is_stopped = st != HM_ENOMEM && why.reason != HM_R_FILE_NO_SPACE;
	if (err)
		*err = why;
	return hm_while(err, st, "write the checkpoint");
}

static enum hm_status add_fresh(struct batch *b, struct hm_err *err)
{
	const struct hm_log_disk old = { b->log->dir, b->old.size };
	struct hm_log_head head;

	enum hm_status st = write_files(b, err);
	if (st == HM_OK)
		st = check_files(b, err);
	if (st == HM_OK)
		st = publish(b, &head, err);
	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < b->fresh_count; i++)
		b->fresh[i]->head = head;
	/* From here on nothing can be undone; an index that stays behind is brought up when it is next asked. */
	if (hm_log_index_sync(b->log, &b->new, NULL) == HM_OK)
		hm_log_reach(b->log, "log.index");
	hm_log_sweep(&old);
	return HM_OK;
}

static enum hm_status commit_locked(struct batch *b, struct hm_err *err)
{
	struct hm_log_head head;

	if (b->log->is_stopped)
		return hm_fail(err, HM_R_LOG_STOPPED, "an earlier checkpoint could not be written");
	enum hm_status st = hm_log_load_head(b->log, &head, err);
	if (st != HM_OK)
		return st;
	b->old = head.tree;
	st = hm_log_index_sync(b->log, &b->old, err);
	if (st == HM_OK)
		st = part_duplicates(b, err);
	return st == HM_OK && b->fresh_count > 0 ? add_fresh(b, err) : st;
}

/* --- the queue --- */

static void take_waiting(struct hm_log *log, struct batch *b)
{
	while (log->first && b->waiting_count < HM_MAX_LOG_BATCH) {
		b->waiting[b->waiting_count++] = log->first;
		log->first = log->first->next;
	}
	if (!log->first)
		log->last = &log->first;
	log->waiting -= b->waiting_count;
}

/* An entry that was in the log before is found there whatever happened to the batch. */
static void tell_waiting(struct batch *b, enum hm_status st, const struct hm_err *err)
{
	for (size_t i = 0; i < b->waiting_count; i++) {
		struct hm_log_waiting *w = b->waiting[i];
		if (st == HM_OK || (w->is_duplicate && w->index < b->old.size)) {
			w->st = HM_OK;
		} else {
			w->st = st;
			w->err = *err;
		}
		w->is_done = true;
	}
}

/*
 * One thread takes what all the others brought; meanwhile more come, for the next. With the queue's lock, which is
 * given up in between.
 */
static void lead(struct hm_log *log)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	struct batch batch = { .log = log };
	struct hm_err err = { 0 };

	log->has_leader = true;
	pthread_mutex_unlock(&log->queue_lock);
	pthread_mutex_lock(&log->files_lock);
	enum hm_status st = hm_log_lock(log, &dir, &err);
	pthread_mutex_lock(&log->queue_lock);
	take_waiting(log, &batch);
	pthread_mutex_unlock(&log->queue_lock);
	if (st == HM_OK)
		st = commit_locked(&batch, &err);
	hm_datadir_done(&dir);
	pthread_mutex_unlock(&log->files_lock);
	pthread_mutex_lock(&log->queue_lock);
	tell_waiting(&batch, st, &err);
	log->has_leader = false;
	pthread_cond_broadcast(&log->queue_changed);
}

static enum hm_status answer(const struct hm_log_waiting *w, struct hm_err *err)
{
	if (w->st != HM_OK) {
		if (err)
			*err = w->err;
		return w->st;
	}
	if (w->is_duplicate)
		return hm_fail(err, HM_R_LOG_DUPLICATE,
			       "an equivalent entry already exists in the transparency log with index %" PRIu64,
			       w->index);
	return HM_OK;
}

enum hm_status hm_log_add(struct hm_log *log, struct hm_log_waiting *waiting, struct hm_err *err)
{
	enum hm_status st = hm_tlog_leaf_hash(waiting->body, &waiting->leaf, err);

	if (st != HM_OK)
		return st;
	waiting->next = NULL;
	pthread_mutex_lock(&log->queue_lock);
	if (log->waiting >= HM_MAX_LOG_WAITING) {
		pthread_mutex_unlock(&log->queue_lock);
		return hm_fail(err, HM_R_HTTP_BUSY, "reached max pushback; retry");
	}
	*log->last = waiting;
	log->last = &waiting->next;
	log->waiting++;
	while (!waiting->is_done) {
		if (log->has_leader)
			pthread_cond_wait(&log->queue_changed, &log->queue_lock);
		else
			lead(log);
	}
	pthread_mutex_unlock(&log->queue_lock);
	return answer(waiting, err);
}
