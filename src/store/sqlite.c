#include "store/sqlite.h"

#include "base/effects.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>

/* Statements that are kept prepared; a service has some ten. */
enum { cache_slots = 24, default_busy_ms = 10000 };

struct slot {
	const char *sql; /* the caller's text; compared by content */
	sqlite3_stmt *stmt;
	uint64_t last_used;
	bool is_taken;
};

struct hm_db {
	sqlite3 *handle;
	const struct hm_db_schema *schema;
	char *path;
	int64_t busy_ms;
	bool is_readonly;
	bool is_stopped; /* a write or an fsync failed: see the head of sqlite.h */
	uint64_t clock;  /* counts uses, for the cache */
	struct slot cache[cache_slots];
	sqlite3_stmt *rollback; /* made at the start, for when there is no memory left to make it */
};

/* --- errors --- */

static bool is_full_disk(int rc, int sys)
{
	return (rc & 0xff) == SQLITE_FULL ||
	       ((rc & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT || sys == EFBIG));
}

/* Failures after which nobody knows what is on disk. A later fsync may report success for pages that were lost. */
static bool is_write_lost(int rc)
{
	return rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC ||
	       rc == SQLITE_IOERR_TRUNCATE || rc == SQLITE_IOERR_CLOSE;
}

static enum hm_reason reason_of(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return HM_R_STORE_EXISTS;
	case SQLITE_CONSTRAINT_DATATYPE:
		return HM_R_STORE_TYPE;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return HM_R_STORE_CONSTRAINT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return HM_R_STORE_BUSY;
	case SQLITE_CORRUPT:
		return HM_R_STORE_CORRUPT;
	case SQLITE_NOTADB:
		return HM_R_STORE_KIND;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_NOLFS:
		return HM_R_STORE_IO;
	case SQLITE_TOOBIG:
		return HM_R_STORE_TOO_LARGE;
	case SQLITE_INTERRUPT:
		return HM_R_INTERRUPTED;
	default:
		return HM_R_BUG;
	}
}

/*
 * The operating system's number for the failure. SQLite keeps it with the connection for some calls, and for a commit
 * only with the file that failed: the log, or else the database.
 */
static int system_errno(struct hm_db *db)
{
	sqlite3_file *log = NULL;
	int sys = sqlite3_system_errno(db->handle);

	if (sys == 0 && sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &sys);
	if (sys == 0)
		sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_LAST_ERRNO, &sys);
	return sys;
}

/* A failure of SQLite as one of ours; the file is named, and the operating system's reason where there is one. */
static enum hm_status fail(struct hm_db *db, int rc, struct hm_err *err)
{
	int sys = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN ? system_errno(db) : 0;

	if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "database '%s'", db->path);
	if (is_full_disk(rc, sys))
		return hm_fail(err, HM_R_FILE_NO_SPACE, "database '%s': the disk is full", db->path);
	db->is_stopped = db->is_stopped || is_write_lost(rc);
	if ((rc & 0xff) == SQLITE_CANTOPEN && sys == ENOENT)
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "database '%s': no such file", db->path);
	/* SQLite's text for an I/O failure is "disk I/O error"; the number says which */
	if (reason_of(rc) == HM_R_STORE_IO && sys != 0)
		return hm_fail(err, HM_R_STORE_IO, "database '%s': %s (%d): %s", db->path, sqlite3_errmsg(db->handle),
			       rc, strerrordesc_np(sys) ? strerrordesc_np(sys) : "unknown error");
	return hm_fail(err, reason_of(rc), "database '%s': %s (%d)", db->path, sqlite3_errmsg(db->handle), rc);
}

/* --- statements --- */

static struct slot *find_slot(struct hm_db *db, const char *sql)
{
	for (size_t i = 0; i < cache_slots; i++) {
		struct slot *s = &db->cache[i];
		if (s->stmt && !s->is_taken && strcmp(s->sql, sql) == 0)
			return s;
	}
	return NULL;
}

/* A free place, or that of the statement that was not used for longest; NULL when all are in use. */
static struct slot *free_slot(struct hm_db *db)
{
	struct slot *best = NULL;

	for (size_t i = 0; i < cache_slots; i++) {
		struct slot *s = &db->cache[i];
		if (!s->is_taken && (!best || !s->stmt || (best->stmt && s->last_used < best->last_used)))
			best = s;
	}
	if (best && best->stmt) {
		sqlite3_finalize(best->stmt);
		*best = (struct slot){ 0 };
	}
	return best;
}

enum hm_status hm_stmt_init(struct hm_stmt *ret_stmt, struct hm_db *db, const char *sql, struct hm_err *err)
{
	struct slot *slot = find_slot(db, sql);
	sqlite3_stmt *stmt = slot ? slot->stmt : NULL;

	if (!stmt) {
		const char *tail = NULL;
		int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);
		if (rc != SQLITE_OK)
			return fail(db, rc, err);
		slot = free_slot(db);
		if (slot)
			*slot = (struct slot){ .sql = sql, .stmt = stmt };
	}
	if (slot) {
		slot->is_taken = true;
		slot->last_used = ++db->clock;
	}
	*ret_stmt = (struct hm_stmt){ .db = db, .stmt = stmt, .slot = slot ? (int)(slot - db->cache) : -1 };
	return HM_OK;
}

void hm_stmt_done(struct hm_stmt *stmt)
{
	if (!stmt || !stmt->stmt)
		return;
	if (stmt->slot < 0) {
		sqlite3_finalize(stmt->stmt);
	} else {
		hm_stmt_reset(stmt);
		/* what was bound may be large, and may be secret */
		sqlite3_clear_bindings(stmt->stmt);
		stmt->db->cache[stmt->slot].is_taken = false;
	}
	*stmt = (struct hm_stmt){ .slot = -1 };
}

void hm_stmt_reset(struct hm_stmt *stmt)
{
	/* the result repeats the last step's, which its caller has seen */
	(void)sqlite3_reset(stmt->stmt);
}

static void stick(struct hm_stmt *stmt, int rc)
{
	if (rc == SQLITE_OK || stmt->failed != HM_OK)
		return;
	stmt->failed = rc == SQLITE_NOMEM ? HM_ENOMEM : rc == SQLITE_TOOBIG ? HM_ELIMIT : HM_EBUG;
}

void hm_stmt_set_i64(struct hm_stmt *stmt, int i, int64_t value)
{
	stick(stmt, sqlite3_bind_int64(stmt->stmt, i, value));
}

/* A NULL pointer would bind NULL, but the empty text is none. */
void hm_stmt_set_text(struct hm_stmt *stmt, int i, struct hm_str value)
{
	stick(stmt,
	      sqlite3_bind_text64(stmt->stmt, i, value.ptr ? value.ptr : "", value.len, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void hm_stmt_set_blob(struct hm_stmt *stmt, int i, struct hm_str value)
{
	stick(stmt, sqlite3_bind_blob64(stmt->stmt, i, value.ptr ? value.ptr : "", value.len, SQLITE_TRANSIENT));
}

void hm_stmt_set_null(struct hm_stmt *stmt, int i)
{
	stick(stmt, sqlite3_bind_null(stmt->stmt, i));
}

enum hm_status hm_stmt_check(const struct hm_stmt *stmt, struct hm_err *err)
{
	const char *path = stmt->db->path;

	switch (stmt->failed) {
	case HM_OK:
		return HM_OK;
	case HM_ENOMEM:
		return hm_fail(err, HM_R_NO_MEMORY, "database '%s'", path);
	case HM_ELIMIT:
		return hm_fail(err, HM_R_STORE_TOO_LARGE, "database '%s': a value is over %zu bytes", path,
			       HM_MAX_DB_VALUE);
	case HM_EPARSE:
		return hm_fail(err, HM_R_STORE_TYPE, "database '%s': a column holds another type than it should", path);
	case HM_EINVAL:
	case HM_EVERIFY:
	case HM_EPOLICY:
	case HM_EIO:
	case HM_ENET:
	case HM_ENOTFOUND:
	case HM_ECONFLICT:
	case HM_EBUG:
		break;
	}
	return hm_fail(err, HM_R_BUG, "database '%s': a parameter that '%s' does not have", path,
		       sqlite3_sql(stmt->stmt));
}

enum hm_status hm_stmt_step(struct hm_stmt *stmt, bool *ret_row, struct hm_err *err)
{
	struct hm_db *db = stmt->db;
	enum hm_status st = hm_stmt_check(stmt, err);

	if (st != HM_OK)
		return st;
	if (db->is_stopped && !sqlite3_stmt_readonly(stmt->stmt))
		return hm_fail(err, HM_R_STORE_STOPPED, "database '%s': a write to it failed before", db->path);
	int rc = sqlite3_step(stmt->stmt);
	if (rc == SQLITE_ROW) {
		*ret_row = true;
		return HM_OK;
	}
	if (rc == SQLITE_DONE) {
		hm_stmt_reset(stmt);
		*ret_row = false;
		return HM_OK;
	}
	st = fail(db, sqlite3_extended_errcode(db->handle), err);
	hm_stmt_reset(stmt);
	return st;
}

enum hm_status hm_stmt_run(struct hm_stmt *stmt, struct hm_err *err)
{
	bool has_row = true;

	while (has_row) {
		enum hm_status st = hm_stmt_step(stmt, &has_row, err);
		if (st != HM_OK)
			return st;
	}
	return HM_OK;
}

static bool has_type(struct hm_stmt *stmt, int i, int type)
{
	if (sqlite3_column_type(stmt->stmt, i) == type)
		return true;
	if (stmt->failed == HM_OK)
		stmt->failed = HM_EPARSE;
	return false;
}

int64_t hm_stmt_i64(struct hm_stmt *stmt, int i)
{
	return has_type(stmt, i, SQLITE_INTEGER) ? sqlite3_column_int64(stmt->stmt, i) : 0;
}

/* As bytes also for text: sqlite3_column_text() may need memory for a NUL that nobody reads. */
static struct hm_str bytes_of(struct hm_stmt *stmt, int i, int type)
{
	if (!has_type(stmt, i, type))
		return (struct hm_str){ 0 };
	const char *ptr = sqlite3_column_blob(stmt->stmt, i);
	size_t len = (size_t)sqlite3_column_bytes(stmt->stmt, i);
	if (!ptr && (len > 0 || sqlite3_errcode(stmt->db->handle) == SQLITE_NOMEM)) {
		stick(stmt, SQLITE_NOMEM);
		return (struct hm_str){ 0 };
	}
	return ptr ? hm_str_of(ptr, len) : HM_STR("");
}

struct hm_str hm_stmt_text(struct hm_stmt *stmt, int i)
{
	return bytes_of(stmt, i, SQLITE_TEXT);
}

struct hm_str hm_stmt_blob(struct hm_stmt *stmt, int i)
{
	return bytes_of(stmt, i, SQLITE_BLOB);
}

bool hm_stmt_is_null(struct hm_stmt *stmt, int i)
{
	return sqlite3_column_type(stmt->stmt, i) == SQLITE_NULL;
}

enum hm_status hm_db_run(struct hm_db *db, const char *sql, struct hm_err *err)
{
	while (*sql) {
		sqlite3_stmt *stmt = NULL;
		const char *tail = NULL;
		int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, &tail);
		if (rc != SQLITE_OK)
			return fail(db, rc, err);
		/* a comment or blanks at the end are no statement */
		struct hm_stmt one = { .db = db, .stmt = stmt, .slot = -1 };
		enum hm_status st = stmt ? hm_stmt_run(&one, err) : HM_OK;
		hm_stmt_done(&one);
		if (st != HM_OK)
			return st;
		sql = tail;
	}
	return HM_OK;
}

int64_t hm_db_last_id(const struct hm_db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t hm_db_changes(const struct hm_db *db)
{
	return sqlite3_changes64(db->handle);
}

/* --- transactions --- */

enum hm_status hm_db_begin(struct hm_db *db, struct hm_db_txn *ret_txn, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	if (db->is_stopped)
		return hm_fail(err, HM_R_STORE_STOPPED, "database '%s': a write to it failed before", db->path);
	if (!sqlite3_get_autocommit(db->handle))
		return hm_fail(err, HM_R_BUG, "database '%s': a transaction in a transaction", db->path);
	/* a writer from the start: one that only becomes it later can fail for it in its middle */
	enum hm_status st = hm_stmt_init(&stmt, db, "BEGIN IMMEDIATE", err);
	if (st == HM_OK)
		st = hm_stmt_run(&stmt, err);
	if (st != HM_OK)
		return st;
	ret_txn->db = db;
	return HM_OK;
}

enum hm_status hm_db_commit(struct hm_db_txn *txn, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	enum hm_status st = hm_stmt_init(&stmt, txn->db, "COMMIT", err);
	if (st == HM_OK && sqlite3_get_autocommit(txn->db->handle))
		st = hm_fail(err, HM_R_STORE_IO, "database '%s': the transaction was rolled back after a failure",
			     txn->db->path);
	if (st == HM_OK)
		st = hm_stmt_run(&stmt, err);
	if (st != HM_OK) {
		hm_db_txn_done(txn);
		return st;
	}
	txn->db = NULL;
	return HM_OK;
}

void hm_db_txn_done(struct hm_db_txn *txn)
{
	if (!txn || !txn->db)
		return;
	struct hm_db *db = txn->db;
	/* Some failures have rolled back already. The second attempt is for a moment without memory. */
	for (int i = 0; i < 2 && !sqlite3_get_autocommit(db->handle); i++) {
		(void)sqlite3_step(db->rollback);
		(void)sqlite3_reset(db->rollback);
	}
	/* one that stays open would swallow what is written next */
	if (!sqlite3_get_autocommit(db->handle))
		db->is_stopped = true;
	txn->db = NULL;
}

/* --- opening --- */

static enum hm_status read_number(struct hm_db *db, const char *sql, int64_t *ret_number, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	bool has_row = false;

	enum hm_status st = hm_stmt_init(&stmt, db, sql, err);
	if (st == HM_OK)
		st = hm_stmt_step(&stmt, &has_row, err);
	if (st != HM_OK)
		return st;
	*ret_number = has_row ? hm_stmt_i64(&stmt, 0) : 0;
	return hm_stmt_check(&stmt, err);
}

/* Whose it is and of which version; an empty file is nobody's, so it can be ours. */
static enum hm_status read_version(struct hm_db *db, int64_t *ret_version, struct hm_err *err)
{
	int64_t id = 0, version = 0, tables = 0;

	enum hm_status st = read_number(db, "PRAGMA application_id", &id, err);
	if (st == HM_OK)
		st = read_number(db, "PRAGMA user_version", &version, err);
	if (st == HM_OK)
		st = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (st != HM_OK)
		return st;
	bool is_new = id == 0 && version == 0 && tables == 0;
	if (!is_new && (uint32_t)id != db->schema->id)
		return hm_fail(err, HM_R_STORE_KIND, "'%s' is the database of another program, not a %s", db->path,
			       db->schema->name);
	if (version < 0 || version > db->schema->count)
		return hm_fail(err, HM_R_STORE_VERSION, "%s '%s' has version %" PRId64 "; this program knows up to %u",
			       db->schema->name, db->path, version, (unsigned)db->schema->count);
	*ret_version = version;
	return HM_OK;
}

static enum hm_status set_number(struct hm_db *db, const char *name, uint32_t number, struct hm_err *err)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "PRAGMA %s = %d", name, (int)number);
	return hm_db_run(db, sql, err);
}

/* All steps that are missing, in one transaction: another process that does the same waits, and then finds it done. */
static enum hm_status migrate(struct hm_db *db, struct hm_err *err)
{
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	int64_t version = 0;

	enum hm_status st = hm_db_begin(db, &txn, err);
	if (st == HM_OK)
		st = read_version(db, &version, err);
	for (uint32_t i = (uint32_t)version; st == HM_OK && i < db->schema->count; i++)
		st = hm_while(err, hm_db_run(db, db->schema->steps[i], err), "bring %s to version %u", db->schema->name,
			      (unsigned)i + 1);
	if (st == HM_OK)
		st = set_number(db, "application_id", db->schema->id, err);
	if (st == HM_OK)
		st = set_number(db, "user_version", db->schema->count, err);
	if (st == HM_OK)
		st = hm_db_commit(&txn, err);
	return st;
}

static enum hm_status set_log_once(struct hm_db *db, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	bool has_row = false;

	enum hm_status st = hm_stmt_init(&stmt, db, "PRAGMA journal_mode = WAL", err);
	if (st == HM_OK)
		st = hm_stmt_step(&stmt, &has_row, err);
	/* says what it is now, which may be something else where the file system has no shared memory */
	if (st == HM_OK && (!has_row || !hm_str_is(hm_stmt_text(&stmt, 0), "wal")))
		st = hm_fail(err, HM_R_STORE_IO, "database '%s': its file system has no write-ahead log", db->path);
	return st;
}

/*
 * Give the file its write-ahead log. Changing the journal begins as a reader and then becomes the writer, and SQLite
 * does not let the one wait who holds a read lock: when two processes make the same file, the second is told "busy" at
 * once, whatever the time limit says. It has let go of its lock by then, so it can wait as a writer does, and look
 * again.
 */
static enum hm_status set_log(struct hm_db *db, struct hm_err *err)
{
	const int64_t end_ns = hm_monotonic_ns() + db->busy_ms * 1000000;

	for (;;) {
		struct hm_err busy = { 0 };
		enum hm_status st = set_log_once(db, &busy);
		if (st != HM_ECONFLICT || hm_monotonic_ns() >= end_ns) {
			if (st != HM_OK && err)
				*err = busy;
			return st;
		}
		st = hm_db_run(db, "BEGIN IMMEDIATE; ROLLBACK", err);
		if (st != HM_OK)
			return st;
	}
}

static enum hm_status configure(struct hm_db *db, struct hm_err *err)
{
	static const char *const pragmas[] = {
		"PRAGMA synchronous = FULL",   "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0", /* an I/O failure in a mapping is a signal and
									  not an error */
	};
	enum hm_status st = HM_OK;

	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, (int)HM_MAX_DB_VALUE);
	sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]) && st == HM_OK; i++)
		st = hm_db_run(db, pragmas[i], err);
	return st == HM_OK && !db->is_readonly ? set_log(db, err) : st;
}

/* The same as of one moment: another process may be making the file. */
static enum hm_status look_at_version(struct hm_db *db, int64_t *ret_version, struct hm_err *err)
{
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	enum hm_status st = hm_db_run(db, "BEGIN", err);

	if (st != HM_OK)
		return st;
	txn.db = db;
	st = read_version(db, ret_version, err);
	hm_db_txn_done(&txn);
	return st == HM_OK && db->is_stopped ? fail(db, sqlite3_extended_errcode(db->handle), err) : st;
}

static enum hm_status prepare_file(struct hm_db *db, bool was_there, struct hm_err *err)
{
	int64_t version = 0;

	/* before anything is written, for it may be somebody else's */
	enum hm_status st = look_at_version(db, &version, err);
	if (st == HM_OK)
		st = configure(db, err);
	if (st != HM_OK)
		return st;
	if (version == db->schema->count && was_there)
		return HM_OK;
	if (db->is_readonly)
		return version == db->schema->count
			   ? HM_OK
			   : hm_fail(err, HM_R_STORE_VERSION, "%s '%s' has version %" PRId64 " and is only read",
				     db->schema->name, db->path, version);
	return migrate(db, err);
}

/* The folder's entry for a new file: SQLite syncs that of its log, not that of the database. */
static enum hm_status sync_folder(const char *path, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%s", path);

	if (!folder)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	return hm_dir_sync(slash ? folder : ".", err);
}

void hm_db_freep(struct hm_db **db)
{
	*db = hm_db_free(*db);
}

enum hm_status hm_db_open(const char *path, const struct hm_db_schema *schema, const struct hm_db_opts *opts,
			  struct hm_db **ret_db, struct hm_err *err)
{
	const bool is_readonly = opts && opts->is_readonly, was_there = hm_path_is_there(path);
	const int64_t wanted_ms = opts && opts->busy_timeout_ms > 0 ? opts->busy_timeout_ms : default_busy_ms;
	HM_OWN(hm_db_freep) struct hm_db *db = hm_calloc(1, sizeof(*db));

	if (db)
		db->path = hm_asprintf("%s", path);
	if (!db || !db->path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", path);
	db->schema = schema;
	db->is_readonly = is_readonly;
	db->busy_ms = wanted_ms > INT32_MAX ? INT32_MAX : wanted_ms;
	int flags = is_readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int rc = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (!db->handle)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", path);
	if (rc != SQLITE_OK)
		return fail(db, rc, err);
	rc = sqlite3_prepare_v3(db->handle, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &db->rollback, NULL);
	if (rc != SQLITE_OK)
		return fail(db, rc, err);
	sqlite3_busy_timeout(db->handle, (int)db->busy_ms);
	enum hm_status st = prepare_file(db, was_there, err);
	if (st == HM_OK && !was_there)
		st = sync_folder(path, err);
	if (st != HM_OK)
		return st;
	*ret_db = HM_STEAL(db);
	return HM_OK;
}

struct hm_db *hm_db_free(struct hm_db *db)
{
	if (!db)
		return NULL;
	for (size_t i = 0; i < cache_slots; i++)
		sqlite3_finalize(db->cache[i].stmt);
	sqlite3_finalize(db->rollback);
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
	return NULL;
}

enum hm_status hm_db_check(struct hm_db *db, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt pages = { 0 }, keys = { 0 };
	bool has_row = false;

	enum hm_status st = hm_stmt_init(&pages, db, "PRAGMA integrity_check(1)", err);
	if (st == HM_OK)
		st = hm_stmt_step(&pages, &has_row, err);
	if (st != HM_OK)
		return st;
	struct hm_str found = has_row ? hm_stmt_text(&pages, 0) : HM_STR("nothing was checked");
	if (!hm_str_is(found, "ok"))
		return hm_fail(err, HM_R_STORE_CORRUPT, "database '%s': %.*s", db->path, HM_STR_ARG(found));
	st = hm_stmt_init(&keys, db, "PRAGMA foreign_key_check", err);
	if (st == HM_OK)
		st = hm_stmt_step(&keys, &has_row, err);
	if (st == HM_OK && has_row)
		st = hm_fail(err, HM_R_STORE_CORRUPT, "database '%s': a row of '%.*s' refers to one that is not there",
			     db->path, HM_STR_ARG(hm_stmt_text(&keys, 0)));
	return st;
}
