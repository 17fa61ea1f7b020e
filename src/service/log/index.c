#include "base/mem.h"
#include "base/own.h"
#include "service/log/parts.h"

#include <inttypes.h>

static const char *const steps[] = {
	"CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL) STRICT;"
	"CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, time_s INTEGER NOT NULL, kind TEXT NOT NULL,"
	" version TEXT NOT NULL, identity TEXT NOT NULL, issuer TEXT NOT NULL, key_id BLOB NOT NULL,"
	" algorithm INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;"
	"CREATE INDEX entry_leaf ON entry (leaf);"
	"CREATE INDEX entry_digest ON entry (digest, idx);"
	"CREATE INDEX entry_identity ON entry (identity, idx);",
};
static const struct hm_db_schema schema = { "log index", 0x686d6c67, steps, 1 };

#define COLUMNS "idx, time_s, kind, version, identity, issuer, key_id, algorithm, digest"

enum hm_status hm_log_index_open(struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/index.db", log->dir);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "open the index");
	return hm_db_open(path, &schema, NULL, &log->db, err);
}

static struct hm_str hash_str(const struct hm_hash *hash)
{
	return hm_str_of(hash->b, sizeof(hash->b));
}

/* A hash out of a blob; another length is a value of the wrong type. */
static enum hm_status take_hash(struct hm_str blob, struct hm_hash *ret_hash, struct hm_err *err)
{
	if (blob.len != sizeof(ret_hash->b))
		return hm_fail(err, HM_R_STORE_TYPE, "a hash in the index has %zu bytes", blob.len);
	memcpy(ret_hash->b, blob.ptr, blob.len);
	return HM_OK;
}

/* --- how far it is --- */

static enum hm_status read_head(struct hm_db *db, struct hm_tlog_head *ret_head, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	struct hm_tlog_head head = { 0 };
	bool has_row = false;

	enum hm_status st = hm_stmt_init(&stmt, db, "SELECT size, root FROM head", err);
	if (st == HM_OK)
		st = hm_stmt_step(&stmt, &has_row, err);
	if (st == HM_OK && has_row) {
		head.size = (uint64_t)hm_stmt_i64(&stmt, 0);
		const struct hm_str root = hm_stmt_blob(&stmt, 1);
		st = hm_stmt_check(&stmt, err);
		if (st == HM_OK)
			st = take_hash(root, &head.root, err);
	}
	if (st == HM_OK)
		*ret_head = head;
	return st;
}

static enum hm_status write_head(struct hm_db *db, const struct hm_tlog_head *head, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	enum hm_status st = hm_stmt_init(&stmt, db, "INSERT OR REPLACE INTO head VALUES (1, ?, ?)", err);
	if (st != HM_OK)
		return st;
	hm_stmt_set_i64(&stmt, 1, (int64_t)head->size);
	hm_stmt_set_blob(&stmt, 2, hash_str(&head->root));
	return hm_stmt_run(&stmt, err);
}

static bool is_same(const struct hm_tlog_head *a, const struct hm_tlog_head *b)
{
	return a->size == b->size && memcmp(a->root.b, b->root.b, HM_HASH_LEN) == 0;
}

enum hm_status hm_log_index_is_at(struct hm_log *log, const struct hm_tlog_head *tree, bool *ret_is, struct hm_err *err)
{
	struct hm_tlog_head head;
	enum hm_status st = read_head(log->db, &head, err);

	if (st == HM_OK)
		*ret_is = is_same(&head, tree);
	return st;
}

/* --- bringing it up --- */

static enum hm_status insert(struct hm_db *db, uint64_t index, const struct hm_hash *leaf, int64_t time_s,
			     const struct hm_log_facts *facts, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	enum hm_status st =
	    hm_stmt_init(&stmt, db, "INSERT INTO entry (" COLUMNS ", leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
	if (st != HM_OK)
		return st;
	hm_stmt_set_i64(&stmt, 1, (int64_t)index);
	hm_stmt_set_i64(&stmt, 2, time_s);
	hm_stmt_set_text(&stmt, 3, facts->kind);
	hm_stmt_set_text(&stmt, 4, facts->version);
	hm_stmt_set_text(&stmt, 5, facts->identity);
	hm_stmt_set_text(&stmt, 6, facts->issuer);
	hm_stmt_set_blob(&stmt, 7, hash_str(&facts->key_id));
	hm_stmt_set_i64(&stmt, 8, (int64_t)facts->digest.alg);
	hm_stmt_set_blob(&stmt, 9, hm_str_of(facts->digest.b, facts->digest.len));
	hm_stmt_set_blob(&stmt, 10, hash_str(leaf));
	return hm_stmt_run(&stmt, err);
}

static enum hm_status index_entry(struct hm_log *log, uint64_t index, struct hm_str body, const struct hm_hash *leaf,
				  int64_t time_s, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_log_facts facts;
	struct hm_hash have;

	enum hm_status st = hm_tlog_leaf_hash(body, &have, err);
	if (st == HM_OK && memcmp(have.b, leaf->b, HM_HASH_LEN) != 0)
		return hm_fail(err, HM_R_LOG_DAMAGED, "entry %" PRIu64 " is not the one that its tile has", index);
	if (st == HM_OK)
		st = hm_log_entry_facts(body, false, &arena, &facts, err);
	if (st == HM_OK)
		st = insert(log->db, index, leaf, time_s, &facts, err);
	return hm_while(err, st, "index entry %" PRIu64, index);
}

/* The entries of one bundle from `from` on, in one transaction with the head that they lead to. */
static enum hm_status index_bundle(struct hm_log *log, struct hm_log_disk *disk, uint64_t from, uint64_t *ret_end,
				   struct hm_err *err)
{
	const struct hm_tlog_source source = hm_log_source(disk);
	const uint64_t bundle = from / HM_TLOG_TILE_WIDTH, begin = bundle * HM_TLOG_TILE_WIDTH;
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	struct hm_str entries[HM_TLOG_TILE_WIDTH];
	struct hm_hash leaves[HM_TLOG_TILE_WIDTH];
	int64_t times_s[HM_TLOG_TILE_WIDTH];
	struct hm_tlog_tile tile = { .index = bundle };
	struct hm_tlog_head head;

	enum hm_status st = hm_log_read_bundle(disk, bundle, &data, entries, &tile.width, err);
	if (st == HM_OK)
		st = hm_tlog_tile_read(&source, &tile, leaves, err);
	if (st == HM_OK)
		st = hm_log_read_times(disk, bundle, times_s, err);
	if (st == HM_OK)
		st = hm_db_begin(log->db, &txn, err);
	for (uint64_t i = from; i < begin + tile.width && st == HM_OK; i++)
		st = index_entry(log, i, entries[i - begin], &leaves[i - begin], times_s[i - begin], err);
	head.size = begin + tile.width;
	if (st == HM_OK)
		st = hm_tlog_tiles_root(&source, head.size, &head.root, err);
	if (st == HM_OK)
		st = write_head(log->db, &head, err);
	if (st == HM_OK)
		st = hm_db_commit(&txn, err);
	if (st == HM_OK)
		*ret_end = head.size;
	return st;
}

/* The index is what remembers a log that was put back to an older copy. */
static enum hm_status check_history(struct hm_log *log, const struct hm_tlog_head *seen,
				    const struct hm_tlog_head *tree, struct hm_err *err)
{
	struct hm_log_disk disk = { log->dir, tree->size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	struct hm_tlog_path path;

	if (seen->size > tree->size)
		return hm_fail(err, HM_R_LOG_ROLLBACK,
			       "the checkpoint in '%s' has %" PRIu64 " entries, the index has seen %" PRIu64, log->dir,
			       tree->size, seen->size);
	if (seen->size == 0)
		return HM_OK;
	enum hm_status st = hm_tlog_tiles_consistency(&source, seen->size, tree->size, &path, err);
	if (st == HM_OK && hm_tlog_check_consistency(seen, tree, path.hash, path.count, NULL) != HM_OK)
		return hm_fail(err, HM_R_LOG_ROLLBACK,
			       "the log in '%s' is not the one whose first %" PRIu64 " entries the index has", log->dir,
			       seen->size);
	return st;
}

enum hm_status hm_log_index_sync(struct hm_log *log, const struct hm_tlog_head *tree, struct hm_err *err)
{
	struct hm_log_disk disk = { log->dir, tree->size };
	struct hm_tlog_head seen;

	enum hm_status st = read_head(log->db, &seen, err);
	if (st != HM_OK || is_same(&seen, tree))
		return st;
	st = check_history(log, &seen, tree, err);
	for (uint64_t next = seen.size; next < tree->size && st == HM_OK;)
		st = index_bundle(log, &disk, next, &next, err);
	return hm_while(err, st, "bring the index up");
}

enum hm_status hm_log_index_clear(struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };

	enum hm_status st = hm_db_begin(log->db, &txn, err);
	if (st == HM_OK)
		st = hm_db_run(log->db, "DELETE FROM entry; DELETE FROM head", err);
	return st == HM_OK ? hm_db_commit(&txn, err) : st;
}

/* --- asking it --- */

enum hm_status hm_log_index_find(struct hm_log *log, const struct hm_hash *leaf, bool *ret_found, uint64_t *ret_index,
				 struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	bool has_row = false;
	int64_t index = 0;

	enum hm_status st =
	    hm_stmt_init(&stmt, log->db, "SELECT idx FROM entry WHERE leaf = ? ORDER BY idx LIMIT 1", err);
	if (st != HM_OK)
		return st;
	hm_stmt_set_blob(&stmt, 1, hash_str(leaf));
	st = hm_stmt_step(&stmt, &has_row, err);
	if (st == HM_OK && has_row) {
		index = hm_stmt_i64(&stmt, 0);
		st = hm_stmt_check(&stmt, err);
	}
	if (st != HM_OK)
		return st;
	*ret_found = has_row;
	*ret_index = (uint64_t)index;
	return HM_OK;
}

enum hm_status hm_log_index_has(struct hm_log *log, uint64_t index, const struct hm_hash *leaf,
				const struct hm_log_facts *facts, bool *ret_has, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	enum hm_status st =
	    hm_stmt_init(&stmt, log->db,
			 "SELECT 1 FROM entry WHERE idx = ? AND leaf = ? AND digest = ? AND identity = ?"
			 " AND issuer = ? AND key_id = ?",
			 err);
	if (st != HM_OK)
		return st;
	hm_stmt_set_i64(&stmt, 1, (int64_t)index);
	hm_stmt_set_blob(&stmt, 2, hash_str(leaf));
	hm_stmt_set_blob(&stmt, 3, hm_str_of(facts->digest.b, facts->digest.len));
	hm_stmt_set_text(&stmt, 4, facts->identity);
	hm_stmt_set_text(&stmt, 5, facts->issuer);
	hm_stmt_set_blob(&stmt, 6, hash_str(&facts->key_id));
	return hm_stmt_step(&stmt, ret_has, err);
}

static enum hm_status take_row(struct hm_stmt *stmt, struct hm_arena *arena, struct hm_log_found *ret_found,
			       struct hm_err *err)
{
	struct hm_log_found found = { .index = (uint64_t)hm_stmt_i64(stmt, 0), .time_s = hm_stmt_i64(stmt, 1) };
	const struct hm_str key_id = hm_stmt_blob(stmt, 6), digest = hm_stmt_blob(stmt, 8);
	const int64_t alg = hm_stmt_i64(stmt, 7);

	found.kind = hm_arena_dup(arena, hm_stmt_text(stmt, 2));
	found.version = hm_arena_dup(arena, hm_stmt_text(stmt, 3));
	found.identity = hm_arena_dup(arena, hm_stmt_text(stmt, 4));
	found.issuer = hm_arena_dup(arena, hm_stmt_text(stmt, 5));
	enum hm_status st = hm_stmt_check(stmt, err);
	if (st == HM_OK)
		st = take_hash(key_id, &found.key_id, err);
	if (st != HM_OK)
		return st;
	if (alg < HM_SHA256 || alg > HM_SHA512 || digest.len != hm_digest_len((enum hm_digest_alg)alg))
		return hm_fail(err, HM_R_STORE_TYPE, "entry %" PRIu64 " of the index has no digest", found.index);
	found.digest.alg = (enum hm_digest_alg)alg;
	found.digest.len = digest.len;
	memcpy(found.digest.b, digest.ptr, digest.len);
	*ret_found = found;
	return hm_arena_check(arena, "what was found", err);
}

struct found_list {
	struct hm_log_found *v;
	size_t count, cap;
};

static void list_done(struct found_list *list)
{
	free(list->v);
}

/* At most max rows of one statement whose parameters are set; the identity again, where another column led here. */
static enum hm_status take_rows(struct hm_stmt *stmt, const struct hm_log_query *query, size_t max,
				struct hm_arena *arena, struct found_list *list, struct hm_err *err)
{
	bool has_row = true;
	enum hm_status st = HM_OK;

	for (size_t taken = 0; taken < max && st == HM_OK;) {
		struct hm_log_found found;
		st = hm_stmt_step(stmt, &has_row, err);
		if (st != HM_OK || !has_row)
			return st;
		st = take_row(stmt, arena, &found, err);
		if (st != HM_OK || (query->identity.len > 0 && !hm_str_eq(found.identity, query->identity)))
			continue;
		if (!hm_grow(&list->v, &list->cap, list->count + 1, sizeof(*list->v)))
			return hm_fail(err, HM_R_NO_MEMORY, "search the log");
		list->v[list->count++] = found;
		taken++;
	}
	hm_stmt_reset(stmt);
	return st;
}

static enum hm_status search_digests(struct hm_log *log, const struct hm_log_query *query, size_t max,
				     struct hm_arena *arena, struct found_list *list, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	enum hm_status st = hm_stmt_init(
	    &stmt, log->db, "SELECT " COLUMNS " FROM entry WHERE digest = ? AND idx >= ? ORDER BY idx", err);

	for (size_t i = 0; i < query->digests_len && st == HM_OK; i++) {
		hm_stmt_set_blob(&stmt, 1, hm_str_of(query->digests[i].b, query->digests[i].len));
		hm_stmt_set_i64(&stmt, 2, (int64_t)query->from);
		st = take_rows(&stmt, query, max, arena, list, err);
	}
	return st;
}

static enum hm_status search_rest(struct hm_log *log, const struct hm_log_query *query, size_t max,
				  struct hm_arena *arena, struct found_list *list, struct hm_err *err)
{
	const bool by_identity = query->identity.len > 0;
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	enum hm_status st =
	    hm_stmt_init(&stmt, log->db,
			 by_identity ? "SELECT " COLUMNS " FROM entry WHERE idx >= ? AND identity = ? ORDER BY idx"
				     : "SELECT " COLUMNS " FROM entry WHERE idx >= ? ORDER BY idx",
			 err);

	if (st != HM_OK)
		return st;
	hm_stmt_set_i64(&stmt, 1, (int64_t)query->from);
	if (by_identity)
		hm_stmt_set_text(&stmt, 2, query->identity);
	return take_rows(&stmt, query, max, arena, list, err);
}

static int compare_found(const void *a, const void *b)
{
	const struct hm_log_found *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* In order, each once: two of the digests may have been the same. */
static void sort_found(struct found_list *list)
{
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->v, list->count, sizeof(*list->v), compare_found);
	for (size_t i = 0; i < list->count; i++) {
		if (kept == 0 || list->v[kept - 1].index != list->v[i].index)
			list->v[kept++] = list->v[i];
	}
	list->count = kept;
}

enum hm_status hm_log_index_search(struct hm_log *log, const struct hm_log_query *query, struct hm_arena *arena,
				   struct hm_log_found **ret_found, size_t *ret_count, struct hm_err *err)
{
	const size_t max = query->max ? query->max : HM_MAX_LOG_FOUND;
	HM_OWN(list_done) struct found_list list = { 0 };

	enum hm_status st = query->digests_len > 0 ? search_digests(log, query, max, arena, &list, err)
						   : search_rest(log, query, max, arena, &list, err);
	if (st != HM_OK)
		return st;
	sort_found(&list);
	const size_t count = list.count < max ? list.count : max;
	struct hm_log_found *found = hm_arena_calloc(arena, count, sizeof(*found));
	st = hm_arena_check(arena, "what was found", err);
	if (st != HM_OK)
		return st;
	if (count > 0)
		memcpy(found, list.v, count * sizeof(*found));
	*ret_found = found;
	*ret_count = count;
	return HM_OK;
}
