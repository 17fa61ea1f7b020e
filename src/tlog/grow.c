/* Growing a log by a batch: its right edge in memory, one open tile a level, each handed out as it fills. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "tlog/tile.h"

#include <inttypes.h>
#include <string.h>

/* The last, not yet full, tile of each level. */
struct edge {
	const struct hm_tlog_sink *sink;
	uint64_t size; /* leaves */
	unsigned width[HM_TLOG_LEVELS];
	struct hm_hash hash[HM_TLOG_LEVELS][HM_TLOG_TILE_WIDTH];
};

/* The root of size leaves from what the edge holds: a row of complete subtrees, folded from the right. */
static enum hm_status edge_root(const struct edge *edge, struct hm_hash *ret_root, struct hm_err *err)
{
	struct hm_hash root, node;
	bool is_first = true;

	if (edge->size == 0)
		return hm_tlog_root(NULL, 0, ret_root, err);
	for (unsigned level = 0; level < HM_TLOG_LEVELS; level++) {
		for (unsigned left = edge->width[level]; left > 0; left &= left - 1) {
			unsigned len = left & -left; /* the last subtree: as many hashes as the lowest bit says */
			enum hm_status st =
			    hm_tlog_root(&edge->hash[level][left - len], len, is_first ? &root : &node, err);
			if (st == HM_OK && !is_first)
				st = hm_tlog_node_hash(&node, &root, &root, err);
			if (st != HM_OK)
				return st;
			is_first = false;
		}
	}
	*ret_root = root;
	return HM_OK;
}

static enum hm_status write_tile(const struct edge *edge, unsigned level, struct hm_err *err)
{
	/* size already counts what completed this tile, so the last hash of the level tells its index */
	const struct hm_tlog_tile tile = { .level = level,
					   .index = ((edge->size >> 8 * level) - 1) / HM_TLOG_TILE_WIDTH,
					   .width = edge->width[level] };

	return edge->sink->write(edge->sink->ctx, &tile,
				 hm_str_of(edge->hash[level], tile.width * sizeof(edge->hash[level][0])), err);
}

/* Add a leaf; each tile that it fills goes out and becomes one hash of the level above. */
static enum hm_status add_leaf(struct edge *edge, const struct hm_hash *leaf, struct hm_err *err)
{
	struct hm_hash hash = *leaf;

	edge->size++;
	for (unsigned level = 0; level < HM_TLOG_LEVELS; level++) {
		edge->hash[level][edge->width[level]++] = hash;
		if (edge->width[level] < HM_TLOG_TILE_WIDTH)
			return HM_OK;
		enum hm_status st = write_tile(edge, level, err);
		if (st == HM_OK)
			st = hm_tlog_root(edge->hash[level], HM_TLOG_TILE_WIDTH, &hash, err);
		if (st != HM_OK)
			return st;
		edge->width[level] = 0;
	}
	return hm_fail(err, HM_R_BUG, "a log of %" PRIu64 " leaves has too many levels", edge->size);
}

static enum hm_status load_edge(struct edge *edge, const struct hm_tlog_source *source, const struct hm_tlog_head *old,
				struct hm_err *err)
{
	struct hm_hash root;

	edge->size = old->size;
	for (unsigned level = 0; level < HM_TLOG_LEVELS; level++) {
		uint64_t hashes = old->size >> 8 * level;
		const struct hm_tlog_tile tile = { .level = level,
						   .index = hashes / HM_TLOG_TILE_WIDTH,
						   .width = (unsigned)(hashes % HM_TLOG_TILE_WIDTH) };
		if (tile.width == 0)
			continue;
		enum hm_status st = hm_tlog_tile_read(source, &tile, edge->hash[level], err);
		if (st != HM_OK)
			return st;
		edge->width[level] = tile.width;
	}
	enum hm_status st = edge_root(edge, &root, err);
	if (st == HM_OK && memcmp(&root, &old->root, sizeof(root)) != 0)
		return hm_fail(err, HM_R_TLOG_TREE,
			       "the tiles of the log's %" PRIu64 " leaves do not lead to the recorded root", old->size);
	return st;
}

enum hm_status hm_tlog_grow(const struct hm_tlog_source *source, const struct hm_tlog_sink *sink,
			    const struct hm_tlog_head *old, const struct hm_hash *leaves, size_t count,
			    struct hm_tlog_head *ret_new, struct hm_err *err)
{
	HM_OWN(hm_freep) struct edge *edge = hm_calloc(1, sizeof(*edge));
	struct hm_tlog_head head;

	if (!edge)
		return hm_fail(err, HM_R_NO_MEMORY, "the right edge of a log");
	if (count > UINT64_MAX - old->size)
		return hm_fail(err, HM_R_LIMIT, "%" PRIu64 " leaves and %zu more", old->size, count);
	edge->sink = sink;
	enum hm_status st = load_edge(edge, source, old, err);
	for (size_t i = 0; i < count && st == HM_OK; i++)
		st = add_leaf(edge, &leaves[i], err);
	/* C2SP tlog-tiles, partial tiles: those of this size, unless the old size had the same */
	for (unsigned level = 0; level < HM_TLOG_LEVELS && st == HM_OK; level++) {
		if (edge->width[level] > 0 && edge->size >> 8 * level != old->size >> 8 * level)
			st = write_tile(edge, level, err);
	}
	if (st == HM_OK)
		st = edge_root(edge, &head.root, err);
	if (st != HM_OK)
		return st;
	head.size = edge->size;
	*ret_new = head;
	return HM_OK;
}

/* Start with the entries that the open bundle has already. */
static enum hm_status load_bundle(const struct hm_tlog_source *source, uint64_t old_size, struct hm_buf *bundle,
				  struct hm_err *err)
{
	const struct hm_tlog_tile tile = { .is_entries = true,
					   .index = old_size / HM_TLOG_TILE_WIDTH,
					   .width = (unsigned)(old_size % HM_TLOG_TILE_WIDTH) };

	if (tile.width == 0)
		return HM_OK;
	enum hm_status st = source->read(source->ctx, &tile, bundle, err);
	if (st == HM_OK)
		st = hm_buf_check(bundle, "an entry bundle", err);
	return st == HM_OK ? hm_tlog_bundle_parse(hm_buf_str(bundle), tile.width, NULL, err) : st;
}

enum hm_status hm_tlog_grow_entries(const struct hm_tlog_source *source, const struct hm_tlog_sink *sink,
				    uint64_t old_size, const struct hm_str *entries, size_t count, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bundle = hm_buf_init(HM_TLOG_MAX_BUNDLE);
	uint64_t size = old_size;

	if (count > UINT64_MAX - old_size)
		return hm_fail(err, HM_R_LIMIT, "%" PRIu64 " entries and %zu more", old_size, count);
	enum hm_status st = load_bundle(source, old_size, &bundle, err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		st = hm_tlog_bundle_add(&bundle, entries[i], err);
		size++;
		if (st != HM_OK || (size % HM_TLOG_TILE_WIDTH != 0 && i + 1 < count))
			continue;
		st = hm_buf_check(&bundle, "an entry bundle", err);
		if (st != HM_OK)
			return st;
		const struct hm_tlog_tile tile = { .is_entries = true,
						   .index = (size - 1) / HM_TLOG_TILE_WIDTH,
						   .width = (unsigned)((size - 1) % HM_TLOG_TILE_WIDTH) + 1 };
		st = sink->write(sink->ctx, &tile, hm_buf_str(&bundle), err);
		if (tile.width == HM_TLOG_TILE_WIDTH)
			hm_buf_clear(&bundle);
	}
	return st;
}
