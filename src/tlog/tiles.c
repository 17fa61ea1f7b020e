/* Proofs from tiles: which tiles a proof needs, and a struct hm_tlog_reader over them. */
#include "base/mem.h"
#include "base/own.h"
#include "tlog/plan.h"
#include "tlog/tile.h"

#include <inttypes.h>
#include <string.h>

/* The tile that holds the hashes below a node, and where in it they begin. */
static struct hm_tlog_tile tile_of(unsigned level, uint64_t index, unsigned *ret_at)
{
	unsigned within = level % 8;
	uint64_t first = index << within; /* no overflow: index has at most 64 - level bits */

	*ret_at = (unsigned)(first % HM_TLOG_TILE_WIDTH);
	return (struct hm_tlog_tile){ .level = level / 8, .index = first / HM_TLOG_TILE_WIDTH };
}

static void add_tile(struct hm_tlog_tiles *tiles, struct hm_tlog_tile tile, uint64_t size)
{
	for (size_t i = 0; i < tiles->count; i++) {
		if (tiles->tile[i].level == tile.level && tiles->tile[i].index == tile.index)
			return;
	}
	tile.width = hm_tlog_tile_width(&tile, size);
	tiles->tile[tiles->count++] = tile;
}

static void add_span(struct hm_tlog_tiles *tiles, struct hm_tlog_span span, uint64_t size)
{
	while (span.start != span.end) {
		unsigned level, at;
		uint64_t index;
		hm_tlog_span_pop(&span, &level, &index);
		add_tile(tiles, tile_of(level, index, &at), size);
	}
}

/*
 * A plan's nodes lie in at most two tiles of each level: siblings of one leaf's way up share its tile, since a node of
 * less than 256 hashes never crosses a tile, and the nodes of the ragged edge end in the level's last tile.
 */
static void add_plan(struct hm_tlog_tiles *tiles, const struct hm_tlog_plan *plan, uint64_t size)
{
	for (size_t i = 0; i < plan->count; i++)
		add_span(tiles, plan->span[i], size);
}

void hm_tlog_tiles_for_root(uint64_t size, struct hm_tlog_tiles *ret_tiles)
{
	ret_tiles->count = 0;
	add_span(ret_tiles, (struct hm_tlog_span){ 0, size }, size);
}

enum hm_status hm_tlog_tiles_for_inclusion(uint64_t index, uint64_t size, struct hm_tlog_tiles *ret_tiles,
					   struct hm_err *err)
{
	struct hm_tlog_plan plan;
	unsigned at;

	enum hm_status st = hm_tlog_plan_inclusion(index, size, &plan, err);
	if (st != HM_OK)
		return st;
	ret_tiles->count = 0;
	add_tile(ret_tiles, tile_of(0, index, &at), size);
	add_plan(ret_tiles, &plan, size);
	return HM_OK;
}

enum hm_status hm_tlog_tiles_for_consistency(uint64_t old_size, uint64_t size, struct hm_tlog_tiles *ret_tiles,
					     struct hm_err *err)
{
	struct hm_tlog_plan plan;

	enum hm_status st = hm_tlog_plan_consistency(old_size, size, &plan, err);
	if (st != HM_OK)
		return st;
	ret_tiles->count = 0;
	add_plan(ret_tiles, &plan, size);
	return HM_OK;
}

/* Tiles that were read, with their hashes one after the other. */
struct loaded {
	struct hm_tlog_tiles tiles;
	struct hm_hash *hashes; /* HM_TLOG_TILE_WIDTH for each tile */
};

static void loaded_done(struct loaded *loaded)
{
	free(loaded->hashes);
}

enum hm_status hm_tlog_tile_read(const struct hm_tlog_source *source, const struct hm_tlog_tile *tile,
				 struct hm_hash *ret_hashes, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(HM_TLOG_TILE_LEN);
	char path[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, path);
	enum hm_status st = source->read(source->ctx, tile, &data, err);
	if (st == HM_OK)
		st = hm_buf_check(&data, path, err);
	if (st != HM_OK)
		return st;
	if (data.len != tile->width * sizeof(*ret_hashes))
		return hm_fail(err, HM_R_TLOG_TILE, "%s has %zu bytes and not %zu", path, data.len,
			       tile->width * sizeof(*ret_hashes));
	memcpy(ret_hashes, data.ptr, data.len);
	return HM_OK;
}

static enum hm_status load(const struct hm_tlog_source *source, struct loaded *loaded, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	loaded->hashes = hm_calloc(loaded->tiles.count * HM_TLOG_TILE_WIDTH, sizeof(*loaded->hashes));
	if (!loaded->hashes)
		return hm_fail(err, HM_R_NO_MEMORY, "%zu tiles", loaded->tiles.count);
	for (size_t i = 0; i < loaded->tiles.count && st == HM_OK; i++)
		st = hm_tlog_tile_read(source, &loaded->tiles.tile[i], loaded->hashes + i * HM_TLOG_TILE_WIDTH, err);
	return st;
}

/* For struct hm_tlog_reader; ctx is a struct loaded that has all that is asked for. */
static enum hm_status loaded_node(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash,
				  struct hm_err *err)
{
	const struct loaded *loaded = ctx;
	unsigned at;
	struct hm_tlog_tile want = tile_of(level, index, &at);

	for (size_t i = 0; i < loaded->tiles.count; i++) {
		const struct hm_tlog_tile *tile = &loaded->tiles.tile[i];
		if (tile->level == want.level && tile->index == want.index)
			return hm_tlog_root(loaded->hashes + i * HM_TLOG_TILE_WIDTH + at, (size_t)1 << level % 8,
					    ret_hash, err);
	}
	return hm_fail(err, HM_R_BUG, "node %" PRIu64 " of level %u is in no tile that was read", index, level);
}

enum hm_status hm_tlog_tiles_root(const struct hm_tlog_source *source, uint64_t size, struct hm_hash *ret_root,
				  struct hm_err *err)
{
	HM_OWN(loaded_done) struct loaded loaded = { 0 };
	const struct hm_tlog_reader reader = { &loaded, loaded_node };

	hm_tlog_tiles_for_root(size, &loaded.tiles);
	enum hm_status st = load(source, &loaded, err);
	return st == HM_OK ? hm_tlog_make_root(&reader, size, ret_root, err) : st;
}

enum hm_status hm_tlog_tiles_inclusion(const struct hm_tlog_source *source, uint64_t index, uint64_t size,
				       struct hm_hash *ret_leaf, struct hm_tlog_path *ret_path, struct hm_err *err)
{
	HM_OWN(loaded_done) struct loaded loaded = { 0 };
	const struct hm_tlog_reader reader = { &loaded, loaded_node };
	struct hm_hash leaf;

	enum hm_status st = hm_tlog_tiles_for_inclusion(index, size, &loaded.tiles, err);
	if (st == HM_OK)
		st = load(source, &loaded, err);
	if (st == HM_OK)
		st = loaded_node(&loaded, 0, index, &leaf, err);
	if (st == HM_OK)
		st = hm_tlog_make_inclusion(&reader, index, size, ret_path, err);
	if (st == HM_OK && ret_leaf)
		*ret_leaf = leaf;
	return st;
}

enum hm_status hm_tlog_tiles_consistency(const struct hm_tlog_source *source, uint64_t old_size, uint64_t size,
					 struct hm_tlog_path *ret_path, struct hm_err *err)
{
	HM_OWN(loaded_done) struct loaded loaded = { 0 };
	const struct hm_tlog_reader reader = { &loaded, loaded_node };

	enum hm_status st = hm_tlog_tiles_for_consistency(old_size, size, &loaded.tiles, err);
	if (st == HM_OK)
		st = load(source, &loaded, err);
	return st == HM_OK ? hm_tlog_make_consistency(&reader, old_size, size, ret_path, err) : st;
}
