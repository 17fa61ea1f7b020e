/*
 * A folder for one test: made in its setup, removed in its teardown, with the current folder in it meanwhile.
 */
#ifndef HM_TESTS_UNIT_BASE_FOLDER_H
#define HM_TESTS_UNIT_BASE_FOLDER_H

#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static inline int enter_folder(void **state)
{
	char *path = NULL;
	const char *tmp = getenv("TMPDIR");

	if (hm_dir_make_temp(tmp ? tmp : "/tmp", "hallmark-test-", &path, NULL) != HM_OK || chdir(path) != 0)
		return -1;
	*state = path;
	return 0;
}

static inline int leave_folder(void **state)
{
	HM_OWN(hm_freep) char *path = *state;

	return chdir("/") == 0 && hm_tree_remove(path, NULL) == HM_OK && access(path, F_OK) != 0 ? 0 : -1;
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

/* Make a file with that text. */
static inline void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Fail unless the file holds that text. */
#define assert_holds(path, text)                                                                                       \
	do {                                                                                                           \
		struct hm_buf unit_data = hm_buf_init(0);                                                              \
		struct hm_err unit_err = { 0 };                                                                        \
		assert_ok(hm_file_read((path), 1 << 20, &unit_data, &unit_err), &unit_err);                            \
		assert_string_equal(unit_data.ptr ? unit_data.ptr : "", (text));                                       \
		hm_buf_done(&unit_data);                                                                               \
	} while (0)

/* How many entries a folder has, hidden ones too. */
static inline enum hm_status count_one(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				       struct hm_err *err)
{
	(void)entry;
	(void)err;
	*ret_step = HM_TREE_SKIP;
	++*(size_t *)ctx;
	return HM_OK;
}

static inline size_t count_entries(const char *path)
{
	size_t count = 0;
	struct hm_err err = { 0 };

	assert_ok(hm_tree_walk(path, count_one, &count, &err), &err);
	return count;
}

/*
 * Do something as a user whom file modes hold back: in a child process where we are root. Its answer is NULL when all
 * is well, else what is wrong.
 */
static inline void as_ordinary_user(const char *(*act)(void))
{
	const char *wrong = NULL;
	char text[256] = "";
	int ends[2], how;

	if (geteuid() != 0) {
		wrong = act();
		if (wrong)
			fail_msg("%s", wrong);
		return;
	}
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (chown(".", 65534, 65534) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
			wrong = "could not become another user";
		else
			wrong = act();
		if (wrong && write(ends[1], wrong, strlen(wrong)) < 0)
			_exit(2);
		_exit(wrong != NULL);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	if (how != 0)
		fail_msg("%.*s", (int)n, text);
}

#endif
