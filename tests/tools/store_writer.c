/*
 * Writes to a database one transaction after another and says each number after its commit; or checks what is there.
 *
 * store_writer PATH COUNT        writes COUNT rows of 3000 bytes; after a failure one more attempt is made and reported
 * store_writer --check PATH      checks the whole file, prints the largest number and how many there are
 */
#include "base/own.h"
#include "store/sqlite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *const steps[] = { "CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT" };
static const struct hm_db_schema schema = { "test database", 0x686d7431, steps, 1 };

static enum hm_status write_row(struct hm_db *db, int64_t id, struct hm_err *err)
{
	HM_OWN(hm_db_txn_done) struct hm_db_txn txn = { 0 };
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };

	enum hm_status st = hm_db_begin(db, &txn, err);
	if (st == HM_OK)
		st = hm_stmt_init(&stmt, db, "INSERT INTO entry VALUES (?, zeroblob(3000))", err);
	if (st == HM_OK) {
		hm_stmt_set_i64(&stmt, 1, id);
		st = hm_stmt_run(&stmt, err);
	}
	return st == HM_OK ? hm_db_commit(&txn, err) : st;
}

static enum hm_status read_counts(struct hm_db *db, int64_t *ret_last, int64_t *ret_count, struct hm_err *err)
{
	HM_OWN(hm_stmt_done) struct hm_stmt stmt = { 0 };
	bool has_row = false;

	enum hm_status st = hm_stmt_init(&stmt, db, "SELECT coalesce(max(id), 0), count(*) FROM entry", err);
	if (st == HM_OK)
		st = hm_stmt_step(&stmt, &has_row, err);
	if (st != HM_OK)
		return st;
	*ret_last = hm_stmt_i64(&stmt, 0);
	*ret_count = hm_stmt_i64(&stmt, 1);
	return hm_stmt_check(&stmt, err);
}

static int report(const struct hm_err *err)
{
	printf("failed %s: %s\n", hm_reason_code(err->reason), err->cause);
	return 1;
}

int main(int argc, char **argv)
{
	HM_OWN(hm_db_freep) struct hm_db *db = NULL;
	struct hm_err err = { 0 };
	int64_t last = 0, count = 0;

	if (argc != 3)
		return 2;
	const bool checks = strcmp(argv[1], "--check") == 0;
	signal(SIGXFSZ, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	enum hm_status st = hm_db_open(checks ? argv[2] : argv[1], &schema, NULL, &db, &err);
	if (st == HM_OK && checks)
		st = hm_db_check(db, &err);
	if (st == HM_OK)
		st = read_counts(db, &last, &count, &err);
	if (st != HM_OK)
		return report(&err);
	if (checks) {
		printf("%lld %lld\n", (long long)last, (long long)count);
		return 0;
	}
	for (long left = strtol(argv[2], NULL, 10); left > 0; left--) {
		if (write_row(db, ++last, &err) != HM_OK) {
			report(&err);
			return write_row(db, last, &err) == HM_OK ? 3 : report(&err);
		}
		printf("%lld\n", (long long)last);
	}
	return 0;
}
