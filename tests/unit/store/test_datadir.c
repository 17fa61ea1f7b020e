/* Data directories: whose, which version, one writer. */
#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "store/datadir.h"
#include "store/partials.h"

#include <sys/wait.h>
#include <unistd.h>

static char *dir, *path, *format;

static int setup(void **state)
{
	(void)state;
	if (hm_dir_make_temp("/tmp", "datadir-", &dir, NULL) != HM_OK)
		return -1;
	path = hm_asprintf("%s/a/b", dir);
	format = hm_asprintf("%s/a/b/format", dir);
	return path && format ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(dir, NULL);
	free(dir);
	free(path);
	free(format);
	return st == HM_OK ? 0 : -1;
}

static void test_first_and_again(void **state)
{
	(void)state;
	struct hm_datadir d = { 0 };
	struct hm_err err = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	assert_refused("to read", hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_READ, &d, &err), &err,
		       HM_R_FILE_NOT_FOUND);
	assert_false(hm_path_is_there(path));
	for (int i = 0; i < 2; i++) {
		assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err), &err);
		HM_OWN(hm_freep) char *inner = hm_datadir_path(&d, "db");
		assert_true(strncmp(inner, path, strlen(path)) == 0 && strcmp(inner + strlen(path), "/db") == 0);
		assert_ok(hm_file_save(inner, HM_STR("x"), 0600, &err), &err);
		hm_datadir_done(&d);
		hm_datadir_done(&d);
	}
	assert_ok(hm_file_read(format, 100, &text, &err), &err);
	assert_string_equal(text.ptr, "hallmark-x 1\n");
	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_READ, &d, &err), &err);
	hm_datadir_done(&d);
}

static void test_refused_formats(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_reason want;
	} rows[] = {
		{ "hallmark-x 1\n", HM_R_OK },
		{ "hallmark-x 2\n", HM_R_STORE_VERSION },
		{ "hallmark-x 0\n", HM_R_STORE_VERSION },
		{ "hallmark-x 4294967297\n", HM_R_STORE_VERSION },
		{ "hallmark-y 1\n", HM_R_STORE_FORMAT },
		{ "", HM_R_STORE_FORMAT },
		{ "hallmark-x 1", HM_R_STORE_FORMAT },
		{ "hallmark-x 01\n", HM_R_STORE_FORMAT },
		{ "hallmark-x 1 \n", HM_R_STORE_FORMAT },
		{ "hallmark-x\n", HM_R_STORE_FORMAT },
		{ "hallmark-x 1\nmore\n", HM_R_STORE_FORMAT },
		{ "hallmark-x -1\n", HM_R_STORE_FORMAT },
	};
	assert_int_equal(hm_dir_make(path, 0700, NULL), HM_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_datadir d = { 0 };
		struct hm_err err = { 0 };
		assert_int_equal(hm_file_save(format, hm_str(rows[i].text), 0600, NULL), HM_OK);
		enum hm_status st = hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].text, st, &err, rows[i].want);
		hm_datadir_done(&d);
	}
	HM_OWN(hm_buf_done) struct hm_buf large = hm_buf_init(1000);
	struct hm_datadir d = { 0 };
	struct hm_err err = { 0 };
	memset(hm_buf_add_space(&large, 300), 'x', 300);
	assert_int_equal(hm_file_save(format, hm_buf_str(&large), 0600, NULL), HM_OK);
	assert_refused("large", hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err), &err,
		       HM_R_FILE_TOO_LARGE);
}

/* A folder with somebody's files is not taken over and gets no file of ours; what a killed start left is no obstacle.
 */
static void test_strangers(void **state)
{
	(void)state;
	struct hm_datadir d = { 0 };
	struct hm_err err = { 0 };
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/a/b/thesis.txt", dir), *lock = hm_asprintf("%s/a/b/lock", dir);
	HM_OWN(hm_freep) char *temp = hm_asprintf("%s/a/b/.format.tmp-0011223344556677", dir);

	assert_int_equal(hm_dir_make(path, 0700, NULL), HM_OK);
	assert_int_equal(hm_file_save(file, HM_STR("x"), 0600, NULL), HM_OK);
	assert_refused("stranger", hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err), &err,
		       HM_R_STORE_FORMAT);
	assert_false(hm_path_is_there(lock));
	assert_int_equal(unlink(file), 0);

	assert_int_equal(hm_file_save(temp, HM_STR("hallm"), 0600, NULL), HM_OK);
	assert_int_equal(hm_file_save(lock, HM_STR(""), 0600, NULL), HM_OK);
	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err), &err);
	assert_false(hm_path_is_there(temp));
	hm_datadir_done(&d);
}

static void test_one_writer(void **state)
{
	(void)state;
	struct hm_datadir d = { 0 }, second = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, &err), &err);
	assert_refused("second", hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &second, &err), &err,
		       HM_R_FILE_LOCKED);
	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_READ, &second, &err), &err);
	hm_datadir_done(&second);

	pid_t pid = fork();
	if (pid == 0) {
		/* what the parent holds is given back here too when it is closed there only after a fork */
		close(d.lock_fd);
		_exit(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_WAIT, &second, NULL) == HM_OK ? 0 : 1);
	}
	usleep(50000);
	int status = -1;
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	hm_datadir_done(&d);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What killed writers left goes once somebody may write. */
static void test_swept(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *left = hm_asprintf("%s/.key.pem.tmp-0123456789abcdef", path);
	struct hm_datadir d = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_WAIT, &d, &err), &err);
	hm_datadir_done(&d);
	assert_ok(hm_file_save(left, HM_STR("x"), 0600, &err), &err);
	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_READ, &d, &err), &err);
	hm_datadir_done(&d);
	assert_true(hm_path_is_there(left));
	assert_ok(hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_WAIT, &d, &err), &err);
	hm_datadir_done(&d);
	assert_false(hm_path_is_there(left));
}

static void make(const char *name)
{
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/%s", dir, name);

	assert_int_equal(hm_file_save(file, HM_STR("x"), 0600, NULL), HM_OK);
}

static bool has(const char *name)
{
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/%s", dir, name);

	return hm_path_is_there(file);
}

static void test_partials(void **state)
{
	(void)state;
	static const char *const names[] = { "t/000.p/3",
					     "t/000.p/9",
					     "t/000.p/10",
					     "t/000.p/x",
					     "t/000.p/.11.tmp-0123456789abcdef",
					     "t/.000.tmp-0123456789abcdef",
					     "t/001" };
	HM_OWN(hm_freep) char *partials = hm_asprintf("%s/t/000.p", dir), *tile = hm_asprintf("%s/t/000", dir);

	assert_int_equal(hm_dir_make(partials, 0700, NULL), HM_OK);
	for (size_t i = 0; i < COUNT(names); i++)
		make(names[i]);
	hm_partials_sweep(tile, 0);
	assert_true(has("t/000.p/3") && !has("t/000.p/.11.tmp-0123456789abcdef") &&
		    !has("t/.000.tmp-0123456789abcdef"));
	hm_partials_sweep(tile, 10);
	assert_false(has("t/000.p/3") || has("t/000.p/9"));
	assert_true(has("t/000.p/10") && has("t/000.p/x") && has("t/001"));
	HM_OWN(hm_freep) char *stranger = hm_asprintf("%s/x", partials);
	assert_int_equal(unlink(stranger), 0);
	hm_partials_sweep(tile, 256);
	assert_false(has("t/000.p"));
	hm_partials_sweep(tile, 256);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_datadir_done) struct hm_datadir d = { .lock_fd = -1 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_datadir_open(path, "hallmark-x", 1, HM_DATADIR_REFUSE, &d, NULL);
		if (walk_is_over(st, NULL))
			break;
		assert_int_equal(hm_tree_remove(path, NULL), HM_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_formats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_partials, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};
	return cmocka_run_group_tests_name("store/datadir", tests, NULL, NULL);
}
