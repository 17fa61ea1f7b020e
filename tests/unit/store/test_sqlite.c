/* SQLite as we use it: what is refused at opening, errors by reason, transactions, and what a killed writer leaves. */
#include "unit.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "store/sqlite.h"

#include <malloc.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static const char *const steps[] = {
	"CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body BLOB) STRICT;",
	"-- the second version\n"
	"CREATE TABLE child (entry INTEGER NOT NULL REFERENCES entry (id)) STRICT;\n"
	"CREATE INDEX child_entry ON child (entry); ",
};
static const struct hm_db_schema one = { "test index", 0x686d7431, steps, 1 };
static const struct hm_db_schema two = { "test index", 0x686d7431, steps, 2 };
static const struct hm_db_schema other = { "other index", 0x686d7432, steps, 1 };

static char *dir, *path;

static int setup(void **state)
{
	(void)state;
	if (hm_dir_make_temp("/tmp", "store-", &dir, NULL) != HM_OK)
		return -1;
	path = hm_asprintf("%s/db", dir);
	return path ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(dir, NULL);
	free(dir);
	free(path);
	return st == HM_OK ? 0 : -1;
}

static void put(struct hm_db *db, int64_t id, const char *name, enum hm_reason want)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_stmt_init(&stmt, db, "INSERT INTO entry (id, name, body) VALUES (?, ?, ?)", &err), &err);
	hm_stmt_set_i64(&stmt, 1, id);
	hm_stmt_set_text(&stmt, 2, hm_str(name));
	hm_stmt_set_blob(&stmt, 3, HM_STR("\0\x01"));
	enum hm_status st = hm_stmt_run(&stmt, &err);
	if (want == HM_R_OK)
		assert_ok(st, &err);
	else
		assert_refused(name, st, &err, want);
}

static int64_t number(struct hm_db *db, const char *sql)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	struct hm_err err = { 0 };
	bool has_row = false;

	assert_ok(hm_stmt_init(&stmt, db, sql, &err), &err);
	assert_ok(hm_stmt_step(&stmt, &has_row, &err), &err);
	assert_true(has_row);
	int64_t n = hm_stmt_i64(&stmt, 0);
	assert_ok(hm_stmt_check(&stmt, &err), &err);
	return n;
}

static struct hm_db *open_db(const struct hm_db_schema *schema)
{
	struct hm_db *db = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_db_open(path, schema, NULL, &db, &err), &err);
	return db;
}

static void test_rows(void **state)
{
	(void)state;
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	struct hm_err err = { 0 };
	bool has_row = false;

	put(db, 1, "a", HM_R_OK);
	put(db, 2, "", HM_R_OK);
	assert_int_equal(hm_db_last_id(db), 2);
	assert_ok(hm_db_run(db, "UPDATE entry SET body = NULL WHERE id = 2; DELETE FROM entry WHERE id > 5;", &err),
		  &err);
	assert_ok(hm_stmt_init(&stmt, db, "SELECT id, name, body FROM entry ORDER BY id", &err), &err);
	for (int round = 0; round < 2; round++) {
		assert_ok(hm_stmt_step(&stmt, &has_row, &err), &err);
		assert_true(has_row && hm_stmt_i64(&stmt, 0) == 1 && hm_str_is(hm_stmt_text(&stmt, 1), "a"));
		assert_true(hm_str_eq(hm_stmt_blob(&stmt, 2), HM_STR("\0\x01")));
		assert_ok(hm_stmt_step(&stmt, &has_row, &err), &err);
		assert_true(has_row && hm_stmt_text(&stmt, 1).len == 0 && hm_stmt_is_null(&stmt, 2));
		assert_ok(hm_stmt_check(&stmt, &err), &err);
		assert_ok(hm_stmt_step(&stmt, &has_row, &err), &err);
		assert_false(has_row);
	}
	assert_ok(hm_db_check(db, &err), &err);
}

static void test_errors_by_reason(void **state)
{
	(void)state;
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
	struct hm_err err = { 0 };
	static const struct {
		const char *sql;
		enum hm_reason want;
	} rows[] = {
		{ "INSERT INTO entry VALUES (1, 'b', x'')", HM_R_STORE_EXISTS },
		{ "INSERT INTO entry VALUES (2, 'a', x'')", HM_R_STORE_EXISTS },
		{ "INSERT INTO entry VALUES (2, NULL, x'')", HM_R_STORE_CONSTRAINT },
		{ "INSERT INTO child VALUES (7)", HM_R_STORE_CONSTRAINT },
		{ "INSERT INTO child VALUES ('x')", HM_R_STORE_TYPE },
		{ "INSERT INTO nothing VALUES (1)", HM_R_BUG },
		{ "SELECT \"a\"", HM_R_BUG }, /* a misspelt column is no string */
		{ "ATTACH ':memory:' AS other", HM_R_BUG },
		{ "not SQL", HM_R_BUG },
		{ "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", HM_R_BUG },
		{ "SELECT zeroblob(16777217)", HM_R_STORE_TOO_LARGE },
	};
	put(db, 1, "a", HM_R_OK);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(rows[i].sql, hm_db_run(db, rows[i].sql, &err), &err, rows[i].want);

	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	HM_OWN(hm_freep) char *large = hm_calloc(1, HM_MAX_DB_VALUE + 1);
	assert_ok(hm_stmt_init(&stmt, db, "INSERT INTO entry VALUES (5, 'c', ?)", &err), &err);
	hm_stmt_set_blob(&stmt, 1, hm_str_of(large, HM_MAX_DB_VALUE + 1));
	assert_refused("large", hm_stmt_run(&stmt, &err), &err, HM_R_STORE_TOO_LARGE);
	hm_stmt_done(&stmt);
	assert_ok(hm_stmt_init(&stmt, db, "INSERT INTO entry VALUES (5, 'c', ?)", &err), &err);
	hm_stmt_set_i64(&stmt, 2, 1);
	assert_refused("parameter", hm_stmt_run(&stmt, &err), &err, HM_R_BUG);
	hm_stmt_done(&stmt);
	assert_int_equal(number(db, "SELECT count(*) FROM entry"), 1);
}

static void test_column_types(void **state)
{
	(void)state;
	static const struct {
		const char *sql;
		char read_as;
	} rows[] = {
		{ "SELECT 'x'", 'i' },   { "SELECT NULL", 'i' }, { "SELECT 1.5", 'i' },  { "SELECT 1", 't' },
		{ "SELECT x'00'", 't' }, { "SELECT 'x'", 'b' },  { "SELECT NULL", 't' },
	};
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
		struct hm_err err = { 0 };
		bool has_row = false;
		assert_ok(hm_stmt_init(&stmt, db, rows[i].sql, &err), &err);
		assert_ok(hm_stmt_step(&stmt, &has_row, &err), &err);
		if (rows[i].read_as == 'i')
			assert_int_equal(hm_stmt_i64(&stmt, 0), 0);
		else if (rows[i].read_as == 't')
			assert_null(hm_stmt_text(&stmt, 0).ptr);
		else
			assert_null(hm_stmt_blob(&stmt, 0).ptr);
		assert_refused(rows[i].sql, hm_stmt_check(&stmt, &err), &err, HM_R_STORE_TYPE);
		assert_refused(rows[i].sql, hm_stmt_step(&stmt, &has_row, &err), &err, HM_R_STORE_TYPE);
	}
}

/* More statements at once than the cache holds, and each of them again. */
static void test_cache(void **state)
{
	(void)state;
	enum { many = 40 };
	static char sql[many][40];
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
	struct hm_stmt stmts[many] = { 0 };
	struct hm_err err = { 0 };
	bool has_row;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < many; i++) {
			snprintf(sql[i], sizeof(sql[i]), "SELECT %d, ?", i);
			assert_ok(hm_stmt_init(&stmts[i], db, sql[i], &err), &err);
			assert_ok(hm_stmt_step(&stmts[i], &has_row, &err), &err);
			assert_true(hm_stmt_i64(&stmts[i], 0) == i && hm_stmt_is_null(&stmts[i], 1));
			hm_stmt_reset(&stmts[i]);
			hm_stmt_set_i64(&stmts[i], 1, 7);
		}
		for (int i = 0; i < many; i++)
			hm_stmt_done(&stmts[i]);
	}
	/* the same text twice at once is two statements */
	assert_ok(hm_stmt_init(&stmts[0], db, "SELECT 1 UNION SELECT 2", &err), &err);
	assert_ok(hm_stmt_init(&stmts[1], db, "SELECT 1 UNION SELECT 2", &err), &err);
	assert_ok(hm_stmt_step(&stmts[0], &has_row, &err), &err);
	assert_ok(hm_stmt_step(&stmts[0], &has_row, &err), &err);
	assert_ok(hm_stmt_step(&stmts[1], &has_row, &err), &err);
	assert_true(hm_stmt_i64(&stmts[0], 0) == 2 && hm_stmt_i64(&stmts[1], 0) == 1);
	hm_stmt_done(&stmts[0]);
	hm_stmt_done(&stmts[1]);
	hm_stmt_done(&stmts[1]);
}

static void test_transactions(void **state)
{
	(void)state;
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two), *second = NULL;
	struct hm_err err = { 0 };
	const struct hm_db_opts impatient = { .busy_timeout_ms = 20 };

	assert_ok(hm_db_open(path, &two, &impatient, &second, &err), &err);
	{
		HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 }, inner = { 0 };
		assert_ok(hm_db_begin(db, &txn, &err), &err);
		put(db, 1, "rolled back", HM_R_OK);
		assert_refused("nested", hm_db_begin(db, &inner, &err), &err, HM_R_BUG);
		assert_refused("busy", hm_db_begin(second, &inner, &err), &err, HM_R_STORE_BUSY);
	}
	assert_int_equal(number(db, "SELECT count(*) FROM entry"), 0);

	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	assert_ok(hm_db_begin(db, &txn, &err), &err);
	put(db, 1, "kept", HM_R_OK);
	put(db, 2, "kept", HM_R_STORE_EXISTS);
	assert_int_equal(number(second, "SELECT count(*) FROM entry"), 0);
	assert_ok(hm_db_commit(&txn, &err), &err);
	assert_int_equal(number(second, "SELECT count(*) FROM entry"), 1);

	/* what a failure has rolled back cannot be committed */
	assert_ok(hm_db_begin(db, &txn, &err), &err);
	put(db, 3, "lost", HM_R_OK);
	assert_refused("rollback", hm_db_run(db, "INSERT OR ROLLBACK INTO entry VALUES (1, 'x', NULL)", &err), &err,
		       HM_R_STORE_EXISTS);
	assert_refused("commit", hm_db_commit(&txn, &err), &err, HM_R_STORE_IO);
	assert_int_equal(number(db, "SELECT count(*) FROM entry"), 1);
}

static void test_settings(void **state)
{
	(void)state;
	HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
	assert_int_equal(number(db, "PRAGMA synchronous"), 2);
	assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(number(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}

static void test_versions(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct hm_db *db = open_db(&one);
	const struct hm_db_opts readonly = { .is_readonly = true };

	put(db, 1, "a", HM_R_OK);
	db = hm_db_free(db);
	/* to read, the old version is not enough, and nothing is changed */
	assert_refused("old, to read", hm_db_open(path, &two, &readonly, &db, &err), &err, HM_R_STORE_VERSION);
	db = open_db(&two);
	assert_int_equal(number(db, "SELECT count(*) FROM entry"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM child"), 0);
	db = hm_db_free(db);
	assert_refused("newer", hm_db_open(path, &one, NULL, &db, &err), &err, HM_R_STORE_VERSION);
	assert_refused("other", hm_db_open(path, &other, NULL, &db, &err), &err, HM_R_STORE_KIND);
	assert_ok(hm_db_open(path, &two, &readonly, &db, &err), &err);
	assert_int_equal(number(db, "SELECT count(*) FROM entry"), 1);
	assert_refused("write", hm_db_run(db, "DELETE FROM entry", &err), &err, HM_R_STORE_IO);
	db = hm_db_free(db);
}

static void test_failing_step(void **state)
{
	(void)state;
	static const char *const bad[] = { "CREATE TABLE a (x) STRICT", "CREATE TABLE a (x INTEGER) STRICT; not SQL" };
	static const struct hm_db_schema bad_first = { "bad", 7, bad, 1 }, bad_second = { "bad", 7, bad + 1, 1 };
	static const char *const good[] = { "CREATE TABLE a (x INTEGER) STRICT" };
	static const struct hm_db_schema fixed = { "bad", 7, good, 1 };
	struct hm_db *db = NULL;
	struct hm_err err = { 0 };

	assert_refused("step", hm_db_open(path, &bad_first, NULL, &db, &err), &err, HM_R_BUG);
	assert_refused("half a step", hm_db_open(path, &bad_second, NULL, &db, &err), &err, HM_R_BUG);
	assert_null(db);
	/* nothing of it is there */
	assert_ok(hm_db_open(path, &fixed, NULL, &db, &err), &err);
	hm_db_free(db);
}

static void test_not_ours(void **state)
{
	(void)state;
	struct hm_db *db = NULL;
	struct hm_err err = { 0 };
	const struct hm_db_opts readonly = { .is_readonly = true };
	HM_OWN(hm_buf_done) struct hm_buf before = { 0 }, after = { 0 };
	sqlite3 *raw = NULL;

	assert_refused("missing", hm_db_open(path, &two, &readonly, &db, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("folder", hm_db_open(dir, &two, NULL, &db, &err), &err, HM_R_STORE_IO);
	assert_refused("no folder", hm_db_open("/nowhere/at/all", &two, NULL, &db, &err), &err, HM_R_FILE_NOT_FOUND);

	static char text[4096];
	memset(text, 'x', sizeof(text));
	assert_ok(hm_file_save(path, hm_str_of(text, sizeof(text)), 0600, &err), &err);
	assert_refused("text", hm_db_open(path, &two, NULL, &db, &err), &err, HM_R_STORE_KIND);
	assert_int_equal(unlink(path), 0);

	/* somebody's database without an application id stays as it is */
	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, "CREATE TABLE precious (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
	assert_ok(hm_file_read(path, HM_MIB, &before, &err), &err);
	assert_refused("somebody's", hm_db_open(path, &two, NULL, &db, &err), &err, HM_R_STORE_KIND);
	assert_ok(hm_file_read(path, HM_MIB, &after, &err), &err);
	assert_true(hm_str_eq(hm_buf_str(&before), hm_buf_str(&after)));
	assert_null(db);
}

static void test_damage(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf file = { 0 };
	struct hm_db *db = open_db(&two);
	char name[40];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		put(db, i, name, HM_R_OK);
	}
	db = hm_db_free(db);
	assert_ok(hm_file_read(path, HM_MIB, &file, &err), &err);
	assert_true(file.len > 8 * 4096);
	memset(file.ptr + 5 * 4096, 0x5a, 2 * 4096);
	assert_ok(hm_file_save(path, hm_buf_str(&file), 0600, &err), &err);
	db = open_db(&two);
	assert_refused("check", hm_db_check(db, &err), &err, HM_R_STORE_CORRUPT);
	db = hm_db_free(db);

	db = NULL;
	assert_int_equal(unlink(path), 0);
	db = open_db(&two);
	assert_ok(hm_db_run(db, "PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (99)", &err), &err);
	assert_refused("keys", hm_db_check(db, &err), &err, HM_R_STORE_CORRUPT);
	db = hm_db_free(db);
}

static void make_by_many(void)
{
	enum { many = 8 };
	pid_t pids[many];

	for (int i = 0; i < many; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct hm_db *db = NULL;
			struct hm_err err = { 0 };
			if (hm_db_open(path, &two, NULL, &db, &err) != HM_OK) {
				fprintf(stderr, "%s\n", err.cause);
				_exit(1);
			}
			hm_db_free(db);
			_exit(0);
		}
	}
	for (int i = 0; i < many; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

/*
 * Several processes make and migrate the same file at once: one does it, the others find it done. They meet in the
 * change of the journal about once in ten rounds.
 */
static void test_made_by_many(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		make_by_many();
		assert_int_equal(hm_tree_remove(dir, NULL), HM_OK);
		assert_int_equal(hm_dir_make(dir, 0700, NULL), HM_OK);
	}
}

/* --- a writer that is killed --- */

/* Writes rows one transaction after another and says each after its commit. */
static void write_until_killed(int out)
{
	HM_OWN(hm_db_freep) struct hm_db *db = NULL;
	struct hm_stmt stmt = { 0 };
	bool has_row;

	if (hm_db_open(path, &two, NULL, &db, NULL) != HM_OK ||
	    hm_stmt_init(&stmt, db, "SELECT coalesce(max(id), 0) FROM entry", NULL) != HM_OK ||
	    hm_stmt_step(&stmt, &has_row, NULL) != HM_OK)
		_exit(1);
	int64_t id = hm_stmt_i64(&stmt, 0);
	hm_stmt_done(&stmt);
	for (;;) {
		struct hm_db_txn txn = { 0 };
		char sql[200];
		id++;
		snprintf(sql, sizeof(sql),
			 "INSERT INTO entry VALUES (%lld, 'n%lld', zeroblob(3000)); INSERT INTO child VALUES (%lld)",
			 (long long)id, (long long)id, (long long)id);
		if (hm_db_begin(db, &txn, NULL) != HM_OK || hm_db_run(db, sql, NULL) != HM_OK ||
		    hm_db_commit(&txn, NULL) != HM_OK || write(out, &id, sizeof(id)) != sizeof(id))
			_exit(1);
	}
}

static int64_t last_said(int in)
{
	int64_t id, last = 0;

	while (read(in, &id, sizeof(id)) == sizeof(id))
		last = id;
	return last;
}

static void test_killed_writer(void **state)
{
	(void)state;
	int64_t said = 0, total = 0;

	for (int round = 0; round < 25; round++) {
		int pipefd[2];
		assert_int_equal(pipe(pipefd), 0);
		pid_t pid = fork();
		if (pid == 0) {
			close(pipefd[0]);
			write_until_killed(pipefd[1]);
		}
		close(pipefd[1]);
		/* moments spread from before the first open to after a thousand commits */
		usleep((useconds_t)(round * round * 300));
		kill(pid, SIGKILL);
		int status = 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		int64_t last = last_said(pipefd[0]);
		close(pipefd[0]);
		said = last > said ? last : said;

		HM_OWN(hm_db_freep) struct hm_db *db = open_db(&two);
		struct hm_err err = { 0 };
		assert_ok(hm_db_check(db, &err), &err);
		total = number(db, "SELECT coalesce(max(id), 0) FROM entry");
		assert_int_equal(number(db, "SELECT count(*) FROM entry"), total);
		assert_int_equal(number(db, "SELECT count(*) FROM child"), total);
		assert_true(total >= said);
	}
	assert_true(total > 0);
}

/* --- memory --- */

static void *db_malloc(int size)
{
	return hm_malloc((size_t)size);
}

static void *db_realloc(void *old, int size)
{
	return hm_realloc(old, (size_t)size);
}

static int db_size(void *ptr)
{
	return (int)malloc_usable_size(ptr);
}

static int db_roundup(int size)
{
	return (size + 7) & ~7;
}

static int db_init(void *ctx)
{
	(void)ctx;
	return SQLITE_OK;
}

static void db_shutdown(void *ctx)
{
	(void)ctx;
}

static enum hm_status use_all(void)
{
	HM_OWN(hm_db_freep) struct hm_db *db = NULL;
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 }, query = { 0 };
	bool has_row = false;

	enum hm_status st = hm_db_open(path, &two, NULL, &db, NULL);
	if (st == HM_OK)
		st = hm_db_begin(db, &txn, NULL);
	if (st == HM_OK)
		st = hm_stmt_init(&stmt, db, "INSERT INTO entry (name, body) VALUES (?, ?)", NULL);
	if (st == HM_OK) {
		hm_stmt_set_text(&stmt, 1, HM_STR("a name"));
		hm_stmt_set_blob(&stmt, 2, HM_STR("a body"));
		st = hm_stmt_run(&stmt, NULL);
	}
	if (st == HM_OK)
		st = hm_stmt_init(&query, db, "SELECT name, body || zeroblob(10) FROM entry", NULL);
	if (st == HM_OK)
		st = hm_stmt_step(&query, &has_row, NULL);
	if (st == HM_OK && hm_str_is(hm_stmt_text(&query, 0), "never"))
		st = HM_EBUG;
	if (st == HM_OK)
		st = hm_stmt_check(&query, NULL);
	hm_stmt_done(&query);
	if (st == HM_OK)
		st = hm_db_check(db, NULL);
	return st == HM_OK ? hm_db_commit(&txn, NULL) : st;
}

static void test_no_memory(void **state)
{
	(void)state;
	/* a step of 7, for there are thousands of allocations */
	for (unsigned long n = 1;; n += n < 200 ? 1 : 7) {
		hm_mem_fail_at(n);
		enum hm_status st = use_all();
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (st != HM_OK && st != HM_ENOMEM)
			fail_msg("allocation %lu: %s", n, hm_status_name(st));
		assert_int_equal(hm_tree_remove(dir, NULL), HM_OK);
		assert_int_equal(hm_dir_make(dir, 0700, NULL), HM_OK);
		if (!failed)
			break;
	}
}

int main(void)
{
	static const sqlite3_mem_methods methods = { db_malloc,  free,    db_realloc,  db_size,
						     db_roundup, db_init, db_shutdown, NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_by_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_column_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transactions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_by_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};
	/* SQLite's allocations fail as ours do, and lookaside would hide most of them */
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	return cmocka_run_group_tests_name("store/sqlite", tests, NULL, NULL);
}
