/*
 * What the files of service/log share: the log's state, its files, its queue and its index.
 *
 * Locks, in the order in which they are taken: files (one writer and one user of the index among the threads), the data
 * directory's (among processes), head, queue.
 *
 * Layer 10, inside service/log.
 */
#ifndef HM_SERVICE_LOG_PARTS_H
#define HM_SERVICE_LOG_PARTS_H

#include "base/limits.h"
#include "service/log/entry.h"
#include "service/log/log.h"
#include "store/datadir.h"
#include "store/sqlite.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#include <pthread.h>

/* A checkpoint that is on disk and was verified. */
struct hm_log_head {
	char note[HM_MAX_LOG_CHECKPOINT];
	size_t note_len;
	struct hm_tlog_head tree;
};

/* A request that waits for its checkpoint; it lies on its thread's stack. */
struct hm_log_waiting {
	struct hm_log_waiting *next;
	struct hm_str body;
	struct hm_hash leaf;
	bool is_done; /* what follows is set */
	enum hm_status st;
	struct hm_err err;
	uint64_t index; /* of the entry; of the one that was there before when is_duplicate */
	bool is_duplicate;
	struct hm_tlog_path path;
	struct hm_log_head head;
};

struct hm_log {
	char *dir, *origin;
	const struct hm_effects *fx;
	void (*reached)(void *ctx, const char *place);
	void *reached_ctx;
	struct hm_signer signer;
	struct hm_tlog_verifier verifier;
	struct hm_hash id;

	pthread_mutex_t files_lock;
	struct hm_db *db;
	bool is_stopped; /* under files_lock: no further checkpoint may be signed by this process */

	pthread_mutex_t head_lock;
	struct hm_log_head head;
	bool has_head;

	pthread_mutex_t queue_lock;
	pthread_cond_t queue_changed;
	struct hm_log_waiting *first, **last;
	size_t waiting;
	bool has_leader;
};

void hm_log_reach(const struct hm_log *log, const char *place);

/* Hold the directory as its only writer. Owns: ret_dir is the caller's, for hm_datadir_done(). */
enum hm_status hm_log_lock(const struct hm_log *log, struct hm_datadir *ret_dir, struct hm_err *err) HM_MUST;

/* --- head.c: the checkpoint --- */

/*
 * The newest checkpoint, whoever wrote it.
 *
 * Errors  HM_EVERIFY log.lost, log.rollback: it is older than one that this process has seen; tlog.…; HM_EIO
 */
enum hm_status hm_log_load_head(struct hm_log *log, struct hm_log_head *ret_head, struct hm_err *err) HM_MUST;

/* Sign a checkpoint. Pure. */
enum hm_status hm_log_sign_head(const struct hm_log *log, const struct hm_tlog_head *tree, struct hm_log_head *ret_head,
				struct hm_err *err) HM_MUST;

/* Put a signed checkpoint on disk: what it covers is there already, and is acknowledged from now on. */
enum hm_status hm_log_save_head(struct hm_log *log, const struct hm_log_head *head, struct hm_err *err) HM_MUST;

/* --- disk.c: tiles, entry bundles and times --- */

/* The log's files as they stand under a checkpoint; what a killed writer left beyond it is not seen. */
struct hm_log_disk {
	const char *dir;
	uint64_t size;
};

/*
 * Where tiles are read from. A partial tile is cut from the one that the size has, for older ones may be gone.
 *
 * Errors  HM_ENOTFOUND file.not-found: damaged, or the log has grown since the size was read; HM_EPARSE
 */
struct hm_tlog_source hm_log_source(struct hm_log_disk *disk);
struct hm_tlog_sink hm_log_sink(struct hm_log_disk *disk);

/* The entries of a bundle. Owns: ret_data is the caller's; ret_entries borrow from it, room for 256. */
enum hm_status hm_log_read_bundle(struct hm_log_disk *disk, uint64_t bundle, struct hm_buf *ret_data,
				  struct hm_str *ret_entries, unsigned *ret_count, struct hm_err *err) HM_MUST;

/* The times of a bundle's entries; those that are not known are 0. Shape: ret_times_s has room for 256. */
enum hm_status hm_log_read_times(const struct hm_log_disk *disk, uint64_t bundle, int64_t *ret_times_s,
				 struct hm_err *err) HM_MUST;

/* Record that count entries from disk->size on came at time_s. */
enum hm_status hm_log_grow_times(const struct hm_log_disk *disk, size_t count, int64_t time_s,
				 struct hm_err *err) HM_MUST;

/* Remove what no checkpoint needs any more: partial files older than disk->size, temporary ones. Failures are none. */
void hm_log_sweep(const struct hm_log_disk *disk);

/* --- index.c: the database --- */

/*
 * Open the index, and hold it against the checkpoint.
 *
 * Errors  HM_EVERIFY log.rollback; as hm_db_open()
 */
enum hm_status hm_log_index_open(struct hm_log *log, struct hm_err *err) HM_MUST;

/*
 * Bring the index to a checkpoint. The files' lock is held, and the data directory's.
 *
 * Errors  HM_EVERIFY log.rollback: the index has seen more, or another history; log.damaged; HM_EIO, …
 */
enum hm_status hm_log_index_sync(struct hm_log *log, const struct hm_tlog_head *tree, struct hm_err *err) HM_MUST;

/* Forget everything, the memory of what the log once was included. The same locks are held. */
enum hm_status hm_log_index_clear(struct hm_log *log, struct hm_err *err) HM_MUST;

/* Whether the index has all of a checkpoint already. The files' lock is held. */
enum hm_status hm_log_index_is_at(struct hm_log *log, const struct hm_tlog_head *tree, bool *ret_is,
				  struct hm_err *err) HM_MUST;

/* Where an entry is. Errors: false in ret_found where it is not; as hm_stmt_step(). */
enum hm_status hm_log_index_find(struct hm_log *log, const struct hm_hash *leaf, bool *ret_found, uint64_t *ret_index,
				 struct hm_err *err) HM_MUST;

/* The row of an entry, for hm_log_check(). */
enum hm_status hm_log_index_has(struct hm_log *log, uint64_t index, const struct hm_hash *leaf,
				const struct hm_log_facts *facts, bool *ret_has, struct hm_err *err) HM_MUST;

enum hm_status hm_log_index_search(struct hm_log *log, const struct hm_log_query *query, struct hm_arena *arena,
				   struct hm_log_found **ret_found, size_t *ret_count, struct hm_err *err) HM_MUST;

/* --- append.c --- */

/*
 * Add an entry, and wait until it is in a checkpoint.
 *
 * Shape   waiting: body is set; the rest is written.
 * Errors  HM_ENET http.busy: HM_MAX_LOG_WAITING wait already; HM_ECONFLICT log.duplicate; HM_EIO log.stopped, …
 */
enum hm_status hm_log_add(struct hm_log *log, struct hm_log_waiting *waiting, struct hm_err *err) HM_MUST;

#endif
