#include "base/own.h"
#include "service/log/parts.h"

#include <inttypes.h>

/* One walk over everything, under the locks. */
struct walk {
	struct hm_log *log;
	struct hm_log_disk disk;
	struct hm_tlog_source source;
};

static enum hm_status check_entry(struct walk *w, uint64_t index, struct hm_str body, const struct hm_hash *leaf,
				  struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_log_facts facts;
	struct hm_hash have;
	bool has = false;

	enum hm_status st = hm_tlog_leaf_hash(body, &have, err);
	if (st == HM_OK && memcmp(have.b, leaf->b, HM_HASH_LEN) != 0)
		return hm_fail(err, HM_R_LOG_DAMAGED, "entry %" PRIu64 " is not the one that its tile has", index);
	if (st == HM_OK)
		st = hm_log_entry_facts(body, true, &arena, &facts, err);
	if (st == HM_OK)
		st = hm_log_index_has(w->log, index, leaf, &facts, &has, err);
	if (st == HM_OK && !has)
		return hm_fail(err, HM_R_LOG_DAMAGED, "the index does not have entry %" PRIu64 " as the log does",
			       index);
	return hm_while(err, st, "check entry %" PRIu64, index);
}

static enum hm_status check_bundle(struct walk *w, uint64_t bundle, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	struct hm_str entries[HM_TLOG_TILE_WIDTH];
	struct hm_hash leaves[HM_TLOG_TILE_WIDTH];
	struct hm_tlog_tile tile = { .index = bundle };

	enum hm_status st = hm_log_read_bundle(&w->disk, bundle, &data, entries, &tile.width, err);
	if (st == HM_OK)
		st = hm_tlog_tile_read(&w->source, &tile, leaves, err);
	for (unsigned i = 0; i < tile.width && st == HM_OK; i++)
		st = check_entry(w, bundle * HM_TLOG_TILE_WIDTH + i, entries[i], &leaves[i], err);
	return st;
}

/* Each hash of a tile above the lowest level is the root of a full tile below it. */
static enum hm_status check_tile(struct walk *w, const struct hm_tlog_tile *tile, struct hm_err *err)
{
	struct hm_hash hashes[HM_TLOG_TILE_WIDTH], below[HM_TLOG_TILE_WIDTH], root;
	char path[HM_TLOG_TILE_PATH_LEN];

	enum hm_status st = hm_tlog_tile_read(&w->source, tile, hashes, err);
	for (unsigned i = 0; i < tile->width && st == HM_OK; i++) {
		const struct hm_tlog_tile lower = { .level = tile->level - 1,
						    .index = tile->index * HM_TLOG_TILE_WIDTH + i,
						    .width = HM_TLOG_TILE_WIDTH };
		st = hm_tlog_tile_read(&w->source, &lower, below, err);
		if (st == HM_OK)
			st = hm_tlog_root(below, HM_TLOG_TILE_WIDTH, &root, err);
		if (st == HM_OK && memcmp(root.b, hashes[i].b, HM_HASH_LEN) != 0) {
			hm_tlog_tile_path(&lower, path);
			return hm_fail(err, HM_R_LOG_DAMAGED, "'%s' does not lead to the tile above it", path);
		}
	}
	return st;
}

static enum hm_status check_tiles(struct walk *w, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (unsigned level = 1; level < HM_TLOG_LEVELS && st == HM_OK; level++) {
		struct hm_tlog_tile tile = { .level = level };
		while (st == HM_OK && (tile.width = hm_tlog_tile_width(&tile, w->disk.size)) > 0) {
			st = check_tile(w, &tile, err);
			tile.index++;
		}
	}
	return st;
}

static enum hm_status check_locked(struct hm_log *log, uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };
	struct walk w = { .log = log, .disk = { .dir = log->dir } };
	struct hm_log_head head = { 0 };
	struct hm_hash root;

	enum hm_status st = hm_log_lock(log, &dir, err);
	if (st == HM_OK)
		st = hm_log_load_head(log, &head, err);
	if (st == HM_OK)
		st = hm_log_index_sync(log, &head.tree, err);
	w.disk.size = head.tree.size;
	w.source = hm_log_source(&w.disk);
	for (uint64_t first = 0; first < head.tree.size && st == HM_OK; first += HM_TLOG_TILE_WIDTH)
		st = check_bundle(&w, first / HM_TLOG_TILE_WIDTH, err);
	if (st == HM_OK)
		st = check_tiles(&w, err);
	if (st == HM_OK)
		st = hm_tlog_tiles_root(&w.source, head.tree.size, &root, err);
	if (st == HM_OK && memcmp(root.b, head.tree.root.b, HM_HASH_LEN) != 0)
		return hm_fail(err, HM_R_LOG_DAMAGED, "the tiles lead to another root than the checkpoint's");
	if (st == HM_OK && ret_size)
		*ret_size = head.tree.size;
	return st;
}

enum hm_status hm_log_check(struct hm_log *log, uint64_t *ret_size, struct hm_err *err)
{
	struct hm_err why = { 0 };

	pthread_mutex_lock(&log->files_lock);
	enum hm_status st = check_locked(log, ret_size, &why);
	pthread_mutex_unlock(&log->files_lock);
	if (st == HM_ENOTFOUND || (st == HM_EPARSE && why.reason != HM_R_LOG_ENTRY))
		return hm_fail(err, HM_R_LOG_DAMAGED, "%s", why.cause);
	if (st != HM_OK && err)
		*err = why;
	return st;
}
