#include "service/ca/ctlog.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/own.h"
#include "crypto/sct.h"
#include "store/partials.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#include <stdio.h>
#include <string.h>

/* A MerkleTreeLeaf's head: version, leaf type, entry type precert_entry (RFC 6962 3.4). */
static const uint8_t leaf_version = 0, leaf_timestamped = 0;

void hm_ctlog_done(struct hm_ctlog *log)
{
	if (!log)
		return;
	free(log->folder);
	hm_signer_done(&log->signer);
	hm_tlog_verifier_done(&log->verifier);
	*log = (struct hm_ctlog){ 0 };
}

static char *path_in(const struct hm_ctlog *log, const char *name)
{
	return hm_asprintf("%s/%s", log->folder, name);
}

/* --- the checkpoint --- */

static enum hm_status save_checkpoint(const struct hm_ctlog *log, const struct hm_tlog_head *head, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_NOTE), note = hm_buf_init(HM_MAX_NOTE);
	HM_OWN(hm_freep) char *path = path_in(log, "checkpoint");
	const struct hm_tlog_checkpoint checkpoint = { .origin = hm_str(log->name), .head = *head };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "save a checkpoint");
	enum hm_status st = hm_tlog_checkpoint_encode(&checkpoint, &text, err);
	if (st == HM_OK)
		st = hm_buf_check(&text, "a checkpoint", err);
	if (st == HM_OK)
		st = hm_tlog_note_sign(hm_buf_str(&text), hm_str(log->name), &log->signer, &note, err);
	if (st == HM_OK)
		st = hm_buf_check(&note, "a checkpoint", err);
	return st == HM_OK ? hm_file_save(path, hm_buf_str(&note), 0644, err) : st;
}

static enum hm_status load_head(const struct hm_ctlog *log, struct hm_tlog_head *ret_head, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
	HM_OWN(hm_freep) char *path = path_in(log, "checkpoint");
	struct hm_tlog_verified_checkpoint checkpoint;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "load a checkpoint");
	enum hm_status st = hm_file_read(path, HM_MAX_NOTE, &note, err);
	if (st == HM_OK)
		st = hm_tlog_checkpoint_verify(hm_buf_str(&note), hm_str(log->name), &log->verifier, 1, &checkpoint,
					       err);
	if (st != HM_OK)
		return hm_at(err, st, path, 0, 0);
	*ret_head = checkpoint.is.head;
	return HM_OK;
}

/* --- tiles --- */

/* Where tiles are read from and written to, in a log of this size. */
struct place {
	const struct hm_ctlog *log;
	uint64_t size;
};

static enum hm_status read_path(const struct place *place, const struct hm_tlog_tile *tile, struct hm_buf *data,
				struct hm_err *err)
{
	char name[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, name);
	HM_OWN(hm_freep) char *path = path_in(place->log, name);
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read %s", name);
	return hm_file_read(path, HM_TLOG_MAX_BUNDLE, data, err);
}

/* The first `width` hashes or entries of a wider tile. */
static enum hm_status cut_tile(const struct hm_tlog_tile *tile, unsigned width, struct hm_buf *data, struct hm_err *err)
{
	struct hm_str entries[HM_TLOG_TILE_WIDTH];

	if (!tile->is_entries) {
		if (data->len != tile->width * sizeof(struct hm_hash))
			return hm_fail(err, HM_R_TLOG_TILE, "a tile of %u hashes has %zu bytes", tile->width,
				       data->len);
		data->len = width * sizeof(struct hm_hash);
		return HM_OK;
	}
	enum hm_status st = hm_tlog_bundle_parse(hm_buf_str(data), tile->width, entries, err);
	if (st == HM_OK)
		data->len = (size_t)(entries[width - 1].ptr - data->ptr) + entries[width - 1].len;
	return st;
}

/*
 * C2SP tlog-tiles: a partial tile may be gone once there is a wider one, which begins with it. Of each tile only the
 * widest is kept.
 */
static enum hm_status read_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_buf *data, struct hm_err *err)
{
	const struct place *place = ctx;
	HM_OWN(hm_buf_done) struct hm_buf found = { 0 };
	struct hm_tlog_tile wide = *tile;

	wide.width = hm_tlog_tile_width(tile, place->size);
	if (wide.width < tile->width)
		return hm_fail(err, HM_R_HTTP_NOT_FOUND, "a log of %llu entries has no such tile",
			       (unsigned long long)place->size);
	enum hm_status st = read_path(place, &wide, &found, err);
	if (st == HM_OK && wide.width > tile->width)
		st = cut_tile(&wide, tile->width, &found, err);
	if (st == HM_OK)
		hm_buf_add_str(data, hm_buf_str(&found));
	return st;
}

static enum hm_status write_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_str bytes, struct hm_err *err)
{
	const struct place *place = ctx;
	char name[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, name);
	HM_OWN(hm_freep) char *path = path_in(place->log, name);
	HM_OWN(hm_freep) char *folder = path_in(place->log, name);
	if (!path || !folder)
		return hm_fail(err, HM_R_NO_MEMORY, "write %s", name);
	*strrchr(folder, '/') = '\0';
	enum hm_status st = hm_dir_make(folder, 0755, err);
	return st == HM_OK ? hm_file_save(path, bytes, 0644, err) : st;
}

static void sweep_tile(const struct hm_ctlog *log, struct hm_tlog_tile tile, uint64_t size)
{
	char name[HM_TLOG_TILE_PATH_LEN];
	const unsigned keep = hm_tlog_tile_width(&tile, size);

	tile.width = HM_TLOG_TILE_WIDTH;
	hm_tlog_tile_path(&tile, name);
	HM_OWN(hm_freep) char *path = path_in(log, name);
	if (path)
		hm_partials_sweep(path, keep);
}

/* The last tile of each kind, and the one before it, which may just have become full. */
static void sweep(const struct hm_ctlog *log, uint64_t size)
{
	hm_file_sweep(log->folder);
	for (unsigned back = 0; back < 2; back++) {
		uint64_t hashes = size;
		if (size / HM_TLOG_TILE_WIDTH >= back)
			sweep_tile(
			    log, (struct hm_tlog_tile){ .is_entries = true, .index = size / HM_TLOG_TILE_WIDTH - back },
			    size);
		for (unsigned level = 0; level < HM_TLOG_LEVELS && hashes > 0; level++) {
			const uint64_t last = hashes / HM_TLOG_TILE_WIDTH;
			if (last >= back)
				sweep_tile(log, (struct hm_tlog_tile){ .level = level, .index = last - back }, size);
			hashes = last;
		}
	}
}

/* --- opening --- */

static enum hm_status make_first(const struct hm_ctlog *log, struct hm_err *err)
{
	HM_OWN(hm_freep) char *tiles = path_in(log, "tile");
	struct hm_tlog_head head = { 0 };

	if (!tiles)
		return hm_fail(err, HM_R_NO_MEMORY, "make '%s'", log->folder);
	if (hm_path_is_there(tiles))
		return hm_fail(err, HM_R_CA_STATE, "'%s' has lost its checkpoint", log->folder);
	enum hm_status st = hm_dir_make(log->folder, 0755, err);
	if (st == HM_OK)
		st = hm_tlog_root(NULL, 0, &head.root, err);
	return st == HM_OK ? save_checkpoint(log, &head, err) : st;
}

enum hm_status hm_ctlog_open(const char *folder, struct hm_signer *signer, struct hm_ctlog *ret_log, struct hm_err *err)
{
	HM_OWN(hm_ctlog_done) struct hm_ctlog log = { .folder = hm_asprintf("%s", folder), .signer = *signer };
	HM_OWN(hm_freep) char *checkpoint = log.folder ? path_in(&log, "checkpoint") : NULL;
	struct hm_tlog_head head;
	char id[9];

	*signer = (struct hm_signer){ 0 };
	if (!checkpoint)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", folder);
	hm_hex_write(id, log.signer.key.id.b, 4);
	snprintf(log.name, sizeof(log.name), "%s.ct.hallmark.localhost", id);
	enum hm_status st = hm_tlog_verifier_init(hm_str(log.name), HM_TLOG_ECDSA, &log.signer.key, &log.verifier, err);
	if (st == HM_OK && !hm_path_is_there(checkpoint))
		st = make_first(&log, err);
	if (st == HM_OK)
		st = load_head(&log, &head, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the CA's log of certificates");
	*ret_log = log;
	log = (struct hm_ctlog){ 0 };
	return HM_OK;
}

/* --- adding --- */

static void add_number(struct hm_buf *buf, uint64_t number, unsigned bytes)
{
	while (bytes-- > 0)
		hm_buf_add_char(buf, (char)(number >> 8 * bytes));
}

/* RFC 6962 3.4, MerkleTreeLeaf of a precertificate */
static enum hm_status write_leaf(struct hm_str tbs, const struct hm_hash *issuer, uint64_t time_ms, struct hm_str exts,
				 struct hm_buf *leaf, struct hm_err *err)
{
	add_number(leaf, leaf_version, 1);
	add_number(leaf, leaf_timestamped, 1);
	add_number(leaf, time_ms, 8);
	add_number(leaf, 1, 2);
	hm_buf_add(leaf, issuer->b, sizeof(issuer->b));
	add_number(leaf, tbs.len, 3);
	hm_buf_add_str(leaf, tbs);
	add_number(leaf, exts.len, 2);
	hm_buf_add_str(leaf, exts);
	return hm_buf_check(leaf, "an entry of the CA's log", err);
}

/* Entry, tiles, and then the checkpoint that makes them count: until it is on disk nothing has happened. */
static enum hm_status append(const struct hm_ctlog *log, const struct hm_tlog_head *old, struct hm_str leaf,
			     struct hm_err *err)
{
	struct place place = { log, old->size };
	const struct hm_tlog_source source = { &place, read_tile };
	const struct hm_tlog_sink sink = { &place, write_tile };
	struct hm_tlog_head head;
	struct hm_hash hash;

	enum hm_status st = hm_tlog_leaf_hash(leaf, &hash, err);
	if (st == HM_OK)
		st = hm_tlog_grow_entries(&source, &sink, old->size, &leaf, 1, err);
	if (st == HM_OK)
		st = hm_tlog_grow(&source, &sink, old, &hash, 1, &head, err);
	if (st == HM_OK)
		st = save_checkpoint(log, &head, err);
	if (st == HM_OK)
		sweep(log, head.size);
	return st;
}

enum hm_status hm_ctlog_add(const struct hm_ctlog *log, struct hm_str tbs, struct hm_str issuer_spki, uint64_t time_ms,
			    struct hm_buf *sct, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(16), leaf = hm_buf_init(HM_TLOG_MAX_ENTRY);
	HM_OWN(hm_buf_done) struct hm_buf promise = hm_buf_init(1024);
	struct hm_tlog_head head = { 0 };
	struct hm_hash issuer;

	enum hm_status st = load_head(log, &head, err);
	if (st != HM_OK)
		return st;
	/* C2SP static-ct-api: extension 0 is the leaf's index, in 40 bits */
	add_number(&exts, 0, 1);
	add_number(&exts, 5, 2);
	add_number(&exts, head.size, 5);
	st = hm_buf_check(&exts, "a promise's extensions", err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(issuer_spki, &issuer, err);
	if (st == HM_OK)
		st = write_leaf(tbs, &issuer, time_ms, hm_buf_str(&exts), &leaf, err);
	if (st == HM_OK)
		st = hm_sct_sign(tbs, issuer_spki, &log->signer, time_ms, hm_buf_str(&exts), &promise, err);
	if (st == HM_OK)
		st = append(log, &head, hm_buf_str(&leaf), err);
	if (st == HM_OK)
		hm_buf_add_str(sct, hm_buf_str(&promise));
	return st == HM_OK ? hm_buf_check(sct, "a promise", err) : st;
}

/* --- reading --- */

static enum hm_status answer_checkpoint(const struct hm_ctlog *log, struct hm_http_response *response,
					struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = path_in(log, "checkpoint");
	HM_OWN(hm_buf_done) struct hm_buf note = { 0 };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read a checkpoint");
	hm_http_set(&response->head, "Content-Type", HM_STR("text/plain; charset=utf-8"));
	hm_http_set(&response->head, "Cache-Control", HM_STR("no-cache"));
	enum hm_status st = hm_file_read(path, HM_MAX_NOTE, &note, err);
	hm_buf_add_str(&response->body, hm_buf_str(&note));
	return st;
}

enum hm_status hm_ctlog_answer(const struct hm_ctlog *log, struct hm_str path, struct hm_http_response *response,
			       struct hm_err *err)
{
	struct place place = { log, 0 };
	struct hm_tlog_head head;
	struct hm_tlog_tile tile;

	if (hm_str_is(path, "checkpoint"))
		return answer_checkpoint(log, response, err);
	if (hm_tlog_tile_parse(path, &tile, NULL) != HM_OK)
		return hm_fail(err, HM_R_HTTP_NOT_FOUND, "there is no such file of a log");
	enum hm_status st = load_head(log, &head, err);
	while (st == HM_OK && place.size != head.size) {
		place.size = head.size;
		st = read_tile(&place, &tile, &response->body, err);
		if (st != HM_ENOTFOUND)
			break;
		/* the log may have grown meanwhile, and the tile been replaced by a wider one */
		st = load_head(log, &head, err);
		if (st == HM_OK && head.size == place.size)
			return hm_fail(err, HM_R_HTTP_NOT_FOUND, "the log has no such tile");
	}
	if (st == HM_OK && place.size == 0)
		return hm_fail(err, HM_R_HTTP_NOT_FOUND, "the log is empty");
	hm_http_set(&response->head, "Content-Type", HM_STR("application/octet-stream"));
	return st;
}
