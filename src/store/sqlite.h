/*
 * A SQLite database that keeps its word: what was committed is there after a power cut, and a database of another kind,
 * of a newer version, or with an I/O failure behind it is not written to.
 *
 * Opened with a write-ahead log and an fsync for each commit, foreign keys checked, the file's own schema not trusted.
 * After a write or an fsync that failed for any other cause than a full disk nobody knows what is on disk, so all
 * further transactions are refused until the process starts again and SQLite recovers from its log.
 *
 * Not here: what is in the tables (the services); PostgreSQL.
 * Layer 5. A database, with its statements, is used by one thread at a time; several may be open on one file.
 */
#ifndef HM_STORE_SQLITE_H
#define HM_STORE_SQLITE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_db;

/* What a database of one kind holds; a constant of the module that owns it. */
struct hm_db_schema {
	const char *name; /* for errors: "log index" */
	uint32_t id;      /* application_id in the file, four letters such as 0x686d6c67; not 0 */
	/*
	 * steps[i] leads from version i to version i + 1: one or more SQL statements. Steps that were ever released
	 * never change; new ones are added at the end.
	 */
	const char *const *steps;
	uint32_t count;
};

struct hm_db_opts {
	int64_t busy_timeout_ms; /* how long another writer is waited for; 0: 10 s */
	bool is_readonly;        /* the file must be there, in the newest version */
};

/*
 * Open a database; make it where it is missing, bring it to the newest version where it is older.
 *
 * Shape   opts: NULL for the defaults.
 * Owns    schema is borrowed until hm_db_free(); ret_db is the caller's, for hm_db_free()
 * Errors  HM_EPARSE store.kind: a database of another kind, or no database; HM_EINVAL store.version: of a newer
 * version; HM_EIO store.io, file.no-space; HM_EPARSE store.corrupt; HM_ECONFLICT store.busy; HM_ENOTFOUND; HM_ENOMEM
 */
enum hm_status hm_db_open(const char *path, const struct hm_db_schema *schema, const struct hm_db_opts *opts,
			  struct hm_db **ret_db, struct hm_err *err) HM_MUST;

/* Close; what is not committed is rolled back. All statements must be done. Returns NULL. */
struct hm_db *hm_db_free(struct hm_db *db);

/* For HM_OWN. */
void hm_db_freep(struct hm_db **db);

/*
 * Look at every page, index and foreign key.
 *
 * Errors  HM_EPARSE store.corrupt, with the first finding; as hm_stmt_step()
 */
enum hm_status hm_db_check(struct hm_db *db, struct hm_err *err) HM_MUST;

/* The rowid of the last insert, and the number of rows that the last statement changed. */
int64_t hm_db_last_id(const struct hm_db *db);
int64_t hm_db_changes(const struct hm_db *db);

/*
 * Run SQL without parameters and without rows.
 *
 * Shape   sql: one or more statements of our own, never text from outside.
 * Errors  as hm_stmt_step()
 */
enum hm_status hm_db_run(struct hm_db *db, const char *sql, struct hm_err *err) HM_MUST;

/* --- statements --- */

struct hm_stmt {
	struct hm_db *db;
	void *stmt;            /* SQLite's; NULL while there is none */
	enum hm_status failed; /* what stuck while values were set or read */
	int slot;              /* of the database's cache, -1 for none */
};

/*
 * Prepare a statement, or take one with the same text that was used before.
 *
 * Shape   sql: one statement, a literal or as good as one; values come in by hm_stmt_set_…, never by the text.
 * Owns    ret_stmt is the caller's, for hm_stmt_done(); sql is borrowed until hm_db_free()
 * Errors  HM_EBUG bug: it does not fit the schema; HM_EIO; HM_EPARSE store.corrupt; HM_ECONFLICT store.busy; HM_ENOMEM
 */
enum hm_status hm_stmt_init(struct hm_stmt *ret_stmt, struct hm_db *db, const char *sql, struct hm_err *err) HM_MUST;

/* Give it back; safe on one that is zeroed. */
void hm_stmt_done(struct hm_stmt *stmt);

/*
 * Set the i-th parameter, from 1. What was set stays until it is set again.
 *
 * Owns    text and blobs are copied
 * Errors  stick, and are found by hm_stmt_step()
 */
void hm_stmt_set_i64(struct hm_stmt *stmt, int i, int64_t value);
void hm_stmt_set_text(struct hm_stmt *stmt, int i, struct hm_str value);
void hm_stmt_set_blob(struct hm_stmt *stmt, int i, struct hm_str value);
void hm_stmt_set_null(struct hm_stmt *stmt, int i);

/*
 * Go to the next row.
 *
 * Shape   ret_row: whether there is one; after the last the statement is reset and can be run again.
 * Errors  HM_ECONFLICT store.exists: a unique value is there already; HM_ECONFLICT store.constraint;
 *         HM_EIO store.io, store.stopped, file.no-space; HM_EPARSE store.corrupt; HM_EPARSE store.type: a column that
 * was read held another type; HM_ECONFLICT store.busy; HM_ELIMIT store.too-large; HM_ENOMEM; HM_EBUG
 */
enum hm_status hm_stmt_step(struct hm_stmt *stmt, bool *ret_row, struct hm_err *err) HM_MUST;

/* Run a statement that has no rows, to its end. Errors: as hm_stmt_step(). */
enum hm_status hm_stmt_run(struct hm_stmt *stmt, struct hm_err *err) HM_MUST;

/* Before a statement whose rows were not all read is run again. */
void hm_stmt_reset(struct hm_stmt *stmt);

/*
 * Read the i-th column of the row, from 0.
 *
 * Owns    text and blobs are borrowed until the next step, reset or done
 * Errors  stick: store.type where the column holds another type, or NULL; memory. The value is then 0 or empty.
 */
int64_t hm_stmt_i64(struct hm_stmt *stmt, int i);
struct hm_str hm_stmt_text(struct hm_stmt *stmt, int i);
struct hm_str hm_stmt_blob(struct hm_stmt *stmt, int i);
bool hm_stmt_is_null(struct hm_stmt *stmt, int i);

/*
 * Ask whether all that was read of the row was there.
 *
 * Errors  HM_EPARSE store.type; HM_ENOMEM
 */
enum hm_status hm_stmt_check(const struct hm_stmt *stmt, struct hm_err *err) HM_MUST;

/* --- transactions --- */

struct hm_db_txn {
	struct hm_db *db; /* NULL while none is open */
};

/*
 * Begin to write. There is one writer at a time; another is waited for.
 *
 * Owns    ret_txn is the caller's: HM_OWN(hm_db_txn_done) rolls back what was not committed
 * Errors  HM_ECONFLICT store.busy; HM_EIO store.stopped: a write failed before; as hm_stmt_step()
 */
enum hm_status hm_db_begin(struct hm_db *db, struct hm_db_txn *ret_txn, struct hm_err *err) HM_MUST;

/*
 * End it. When this returns HM_OK all of it is on disk; otherwise none of it counts.
 *
 * Errors  as hm_stmt_step()
 */
enum hm_status hm_db_commit(struct hm_db_txn *txn, struct hm_err *err) HM_MUST;

/* Roll back unless committed; safe on one that is zeroed. */
void hm_db_txn_done(struct hm_db_txn *txn);

#endif
