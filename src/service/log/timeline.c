#include "base/own.h"
#include "service/log/parts.h"

#include <inttypes.h>

/* How often a tile may vanish because another process grew the log meanwhile, before that is no excuse any more. */
enum { max_attempts = 4 };

/* With the files' lock: the index as far as the log is now. */
static enum hm_status catch_up(struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	struct hm_log_head head;
	bool is_at = false;

	enum hm_status st = hm_log_load_head(log, &head, err);
	if (st == HM_OK)
		st = hm_log_index_is_at(log, &head.tree, &is_at, err);
	if (st != HM_OK || is_at)
		return st;
	st = hm_log_lock(log, &dir, err);
	if (st == HM_OK)
		st = hm_log_load_head(log, &head, err);
	return st == HM_OK ? hm_log_index_sync(log, &head.tree, err) : st;
}

enum hm_status hm_log_search(struct hm_log *log, const struct hm_log_query *query, struct hm_arena *arena,
			     struct hm_log_found **ret_found, size_t *ret_count, struct hm_err *err)
{
	pthread_mutex_lock(&log->files_lock);
	enum hm_status st = catch_up(log, err);
	if (st == HM_OK)
		st = hm_log_index_search(log, query, arena, ret_found, ret_count, err);
	pthread_mutex_unlock(&log->files_lock);
	return st;
}

/* --- one entry --- */

static enum hm_status prove_once(struct hm_log *log, uint64_t index, struct hm_arena *arena,
				 struct hm_log_proof *ret_proof, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	struct hm_str entries[HM_TLOG_TILE_WIDTH];
	struct hm_log_proof proof = { 0 };
	struct hm_log_head head;
	struct hm_hash leaf;
	unsigned count = 0;

	enum hm_status st = hm_log_load_head(log, &head, err);
	if (st != HM_OK)
		return st;
	if (index >= head.tree.size)
		return hm_fail(err, HM_R_TLOG_INDEX, "entry %" PRIu64 " of a log of %" PRIu64, index, head.tree.size);
	struct hm_log_disk disk = { log->dir, head.tree.size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	st = hm_log_read_bundle(&disk, index / HM_TLOG_TILE_WIDTH, &data, entries, &count, err);
	if (st == HM_OK)
		st = hm_tlog_leaf_hash(entries[index % HM_TLOG_TILE_WIDTH], &leaf, err);
	if (st == HM_OK)
		st = hm_tlog_tiles_inclusion(&source, index, head.tree.size, NULL, &proof.path, err);
	if (st == HM_OK)
		st = hm_tlog_check_inclusion(index, head.tree.size, &leaf, proof.path.hash, proof.path.count,
					     &head.tree.root, err);
	if (st != HM_OK)
		return st;
	proof.head = head.tree;
	proof.body = hm_arena_dup(arena, entries[index % HM_TLOG_TILE_WIDTH]);
	proof.checkpoint = hm_arena_dup(arena, hm_str_of(head.note, head.note_len));
	*ret_proof = proof;
	return hm_arena_check(arena, "an entry", err);
}

/* What our own files say wrong is damage, and no mistake of whoever asks. */
static enum hm_status as_damage(enum hm_status st, struct hm_err *err, uint64_t index)
{
	const bool is_damage =
	    st == HM_ENOTFOUND || st == HM_EPARSE || (st == HM_EVERIFY && err->reason == HM_R_TLOG_INCLUSION);
	const struct hm_err why = *err;

	if (!is_damage)
		return st;
	return hm_fail(err, HM_R_LOG_DAMAGED, "entry %" PRIu64 ": %s", index, why.cause);
}

enum hm_status hm_log_prove(struct hm_log *log, uint64_t index, struct hm_arena *arena, struct hm_log_proof *ret_proof,
			    struct hm_err *err)
{
	struct hm_err own = { 0 };
	enum hm_status st = HM_ENOTFOUND;

	err = err ? err : &own;
	for (int i = 0; i < max_attempts && st == HM_ENOTFOUND; i++)
		st = prove_once(log, index, arena, ret_proof, err);
	return as_damage(st, err, index);
}

/* --- the whole index --- */

static enum hm_status reindex_locked(struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	struct hm_log_head head;

	enum hm_status st = hm_log_lock(log, &dir, err);
	if (st != HM_OK)
		return st;
	st = hm_log_index_clear(log, err);
	if (st == HM_OK)
		st = hm_log_load_head(log, &head, err);
	return st == HM_OK ? hm_log_index_sync(log, &head.tree, err) : st;
}

enum hm_status hm_log_reindex(struct hm_log *log, struct hm_err *err)
{
	pthread_mutex_lock(&log->files_lock);
	enum hm_status st = reindex_locked(log, err);
	pthread_mutex_unlock(&log->files_lock);
	return hm_while(err, st, "build the index again");
}
