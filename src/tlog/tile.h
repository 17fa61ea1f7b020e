/*
 * Tiles: how a log's hashes and entries lie in files that anybody can serve and cache.
 *
 * Not here: reading and writing them (a struct of functions does, on disk or over HTTP), checkpoints (checkpoint.h).
 * What tiles give is not trusted: a proof made from them is checked against a root that was signed.
 *
 * Layer 5. Pure: no I/O, no clock, no state; any thread.
 * Source: C2SP tlog-tiles. A tile is 256 hashes; hashes of level L stand for 256^L leaves each.
 */
#ifndef HM_TLOG_TILE_H
#define HM_TLOG_TILE_H

#include "base/buf.h"
#include "tlog/proof.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HM_TLOG_TILE_WIDTH 256                                /* hashes or entries of a full tile */
#define HM_TLOG_TILE_LEN   (HM_TLOG_TILE_WIDTH * HM_HASH_LEN) /* bytes of a full tile of hashes */
#define HM_TLOG_LEVELS     8                                  /* levels of tiles that a tree of 2^64 - 1 leaves has */
#define HM_TLOG_MAX_ENTRY  65535                              /* bytes of an entry, whose length has 16 bits */

/* Bytes of a full entry bundle with the largest entries. */
#define HM_TLOG_MAX_BUNDLE ((size_t)HM_TLOG_TILE_WIDTH * (2 + HM_TLOG_MAX_ENTRY))

/* Longest path, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255" with its NUL, and some room. */
#define HM_TLOG_TILE_PATH_LEN 64

struct hm_tlog_tile {
	bool is_entries; /* an entry bundle and not hashes; level is 0 then */
	unsigned level;  /* 0 to 63; a tree of 2^64 leaves has 0 to 7 */
	uint64_t index;  /* in its level */
	unsigned width;  /* 1 to 256; less than 256 is a partial tile */
};

/* Write a tile's path, "tile/0/x001/x234/067" or "tile/entries/000.p/7", as it stands in files and URLs. */
void hm_tlog_tile_path(const struct hm_tlog_tile *tile, char ret_path[HM_TLOG_TILE_PATH_LEN]);

/*
 * Read such a path. There is exactly one path for each tile; every other spelling is refused.
 *
 * Errors  HM_EPARSE tlog.tile
 */
enum hm_status hm_tlog_tile_parse(struct hm_str path, struct hm_tlog_tile *ret_tile, struct hm_err *err) HM_MUST;

/* Whether a log of size leaves has that tile or, when it is partial, had it at some smaller size. */
bool hm_tlog_tile_is_in(const struct hm_tlog_tile *tile, uint64_t size);

/* How wide a tile is in a log of size leaves: 0 when it is not there yet. tile->width is not looked at. */
unsigned hm_tlog_tile_width(const struct hm_tlog_tile *tile, uint64_t size);

/* Where tiles come from. */
struct hm_tlog_source {
	void *ctx;
	/*
	 * Add a tile's bytes to data, which is empty and has the tile's largest size as its maximum.
	 *
	 * Shape   tile: one that a log of the size at hand has. A partial one may be gone where the full one is there:
	 *         its first tile->width hashes or entries are then the answer.
	 * Errors  anything but HM_OK ends the work with that status
	 */
	enum hm_status (*read)(void *ctx, const struct hm_tlog_tile *tile, struct hm_buf *data, struct hm_err *err);
};

/*
 * Read one tile of hashes.
 *
 * Shape   tile: width says how many are wanted; ret_hashes: room for as many.
 * Errors  what source returned; HM_EPARSE tlog.tile: it has more or fewer; HM_ENOMEM
 */
enum hm_status hm_tlog_tile_read(const struct hm_tlog_source *source, const struct hm_tlog_tile *tile,
				 struct hm_hash *ret_hashes, struct hm_err *err) HM_MUST;

/* Where new tiles go. Their order is free: nothing may be served before the checkpoint that covers them. */
struct hm_tlog_sink {
	void *ctx;
	/* Owns: bytes are borrowed for the call. Errors: anything but HM_OK ends the work with that status. */
	enum hm_status (*write)(void *ctx, const struct hm_tlog_tile *tile, struct hm_str bytes, struct hm_err *err);
};

/* Tiles that some work needs, so that they can be fetched at once. */
struct hm_tlog_tiles {
	struct hm_tlog_tile tile[2 * HM_TLOG_LEVELS]; /* one a level on the leaf's way up, one on the right edge */
	size_t count;
};

/* What hm_tlog_tiles_root() will read: the right edge of a log of size leaves. */
void hm_tlog_tiles_for_root(uint64_t size, struct hm_tlog_tiles *ret_tiles);

/*
 * What hm_tlog_tiles_inclusion() will read.
 *
 * Errors  HM_EVERIFY tlog.index: index >= size
 */
enum hm_status hm_tlog_tiles_for_inclusion(uint64_t index, uint64_t size, struct hm_tlog_tiles *ret_tiles,
					   struct hm_err *err) HM_MUST;

/*
 * What hm_tlog_tiles_consistency() will read.
 *
 * Errors  HM_EVERIFY tlog.index: not 0 < old_size <= size
 */
enum hm_status hm_tlog_tiles_for_consistency(uint64_t old_size, uint64_t size, struct hm_tlog_tiles *ret_tiles,
					     struct hm_err *err) HM_MUST;

/*
 * The root that the tiles lead to.
 *
 * Errors  what source returned; HM_EPARSE tlog.tile: a tile is longer or shorter than it must be; HM_ENOMEM
 */
enum hm_status hm_tlog_tiles_root(const struct hm_tlog_source *source, uint64_t size, struct hm_hash *ret_root,
				  struct hm_err *err) HM_MUST;

/*
 * An inclusion proof from tiles; each tile is read once.
 *
 * Shape   ret_leaf: the leaf's hash as the tiles have it; NULL when it is not wanted.
 * Errors  as hm_tlog_tiles_root(); HM_EVERIFY tlog.index: index >= size
 */
enum hm_status hm_tlog_tiles_inclusion(const struct hm_tlog_source *source, uint64_t index, uint64_t size,
				       struct hm_hash *ret_leaf, struct hm_tlog_path *ret_path,
				       struct hm_err *err) HM_MUST;

/*
 * A consistency proof from tiles; each tile is read once.
 *
 * Errors  as hm_tlog_tiles_root(); HM_EVERIFY tlog.index: not 0 < old_size <= size
 */
enum hm_status hm_tlog_tiles_consistency(const struct hm_tlog_source *source, uint64_t old_size, uint64_t size,
					 struct hm_tlog_path *ret_path, struct hm_err *err) HM_MUST;

/*
 * Add leaves to a log: write each full tile that this completes, and the partial tiles of the new size.
 *
 * Shape   old: the head of the log as it was recorded; the old right edge is read and must lead to it, so that a log
 *         whose files were damaged cannot sign a tree that nobody can prove. Size 0 has the root of the empty tree.
 *         leaves: count leaf hashes.
 * Errors  HM_EVERIFY tlog.tree: the tiles do not lead to old->root; HM_ELIMIT: more than 2^64 - 1 leaves
 *         what source or sink returned; HM_EPARSE tlog.tile; HM_ENOMEM. Tiles may then have been written; they differ
 *         from nothing that a checkpoint covers.
 */
enum hm_status hm_tlog_grow(const struct hm_tlog_source *source, const struct hm_tlog_sink *sink,
			    const struct hm_tlog_head *old, const struct hm_hash *leaves, size_t count,
			    struct hm_tlog_head *ret_new, struct hm_err *err) HM_MUST;

/*
 * Add entries to a log's bundles: write each full bundle and, unless the new size ends a bundle, the partial one.
 *
 * Shape   entries: count of them, at most HM_TLOG_MAX_ENTRY bytes each. source is asked for the last bundle where
 *         old_size is no multiple of 256.
 * Errors  HM_ELIMIT limit: an entry is too long, or there would be more than 2^64 - 1
 *         HM_EPARSE tlog.entries: the old bundle is malformed; what source or sink returned; HM_ENOMEM
 */
enum hm_status hm_tlog_grow_entries(const struct hm_tlog_source *source, const struct hm_tlog_sink *sink,
				    uint64_t old_size, const struct hm_str *entries, size_t count,
				    struct hm_err *err) HM_MUST;

/* Add one entry to a bundle. Errors: HM_ELIMIT limit: it is too long; what fails in buf sticks there. */
enum hm_status hm_tlog_bundle_add(struct hm_buf *bundle, struct hm_str entry, struct hm_err *err) HM_MUST;

/*
 * Split a bundle.
 *
 * Shape   width: how many entries there must be, 1 to 256. ret_entries: room for that many; NULL only checks.
 * Owns    ret_entries borrow from bundle
 * Errors  HM_EPARSE tlog.entries: more or fewer, or one is cut
 */
enum hm_status hm_tlog_bundle_parse(struct hm_str bundle, unsigned width, struct hm_str *ret_entries,
				    struct hm_err *err) HM_MUST;

#endif
