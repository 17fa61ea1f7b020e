/* Files: whole or not at all, under full disks, in folders that refuse, between processes. */
#include "folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static void test_read(void **state)
{
	(void)state;
	struct hm_buf data = hm_buf_init(0);
	struct hm_err err = { 0 };

	put("ten", "0123456789");
	assert_ok(hm_file_read("ten", 10, &data, &err), &err);
	assert_string_equal(data.ptr, "0123456789");
	hm_buf_done(&data);
	assert_refused("over", hm_file_read("ten", 9, &data, &err), &err, HM_R_FILE_TOO_LARGE);
	assert_refused("none", hm_file_read("none", 9, &data, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("folder", hm_file_read(".", 9, &data, &err), &err, HM_R_FILE_IO);
	hm_mem_fail_at(1);
	assert_refused("memory", hm_file_read("ten", 10, &data, &err), &err, HM_R_NO_MEMORY);
	hm_mem_fail_at(0);
	/* /proc says that its files are empty, and they are not */
	assert_ok(hm_file_read("/proc/self/status", 1 << 16, &data, &err), &err);
	assert_true(data.len > 100);
	hm_buf_done(&data);
}

static void test_read_strangers(void **state)
{
	(void)state;
	static const char *const rows[] = { "link", "dangling", "pipe", "socket", "folder" };
	struct hm_buf data = hm_buf_init(0);
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	struct hm_err err = { 0 };

	put("ten", "0123456789");
	assert_ok(hm_file_read_strangers("ten", 10, &data, &err), &err);
	assert_string_equal(data.ptr, "0123456789");
	hm_buf_done(&data);
	assert_refused("over", hm_file_read_strangers("ten", 9, &data, &err), &err, HM_R_FILE_TOO_LARGE);
	assert_refused("none", hm_file_read_strangers("none", 9, &data, &err), &err, HM_R_FILE_NOT_FOUND);

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(symlink("ten", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(rows[i], hm_file_read_strangers(rows[i], 10, &data, &err), &err, HM_R_FILE_KIND);
	close(fd);
}

static void test_save(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct stat info;
	mode_t before = umask(0077);

	assert_ok(hm_file_save("new", HM_STR("one"), 0644, &err), &err);
	assert_holds("new", "one");
	assert_int_equal(stat("new", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644); /* whatever the umask */
	assert_ok(hm_file_save("new", HM_STR(""), 0600, &err), &err);
	assert_holds("new", "");
	assert_ok(hm_file_save("./new", HM_STR("a\0b"), 0600, &err), &err);
	assert_int_equal(stat("new", &info), 0);
	assert_int_equal(info.st_size, 3);

	/* a link is replaced, and what it leads to stays */
	put("target", "target");
	assert_int_equal(symlink("target", "link"), 0);
	assert_ok(hm_file_save("link", HM_STR("text"), 0600, &err), &err);
	assert_holds("target", "target");
	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISREG(info.st_mode));

	/* the longest name that a file may have */
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_ok(hm_file_save(name, HM_STR("long"), 0600, &err), &err);
	assert_ok(hm_file_save_once(name, HM_STR("long"), 0600, &err), &err);
	assert_int_equal(count_entries("."), 4);
	umask(before);
}

static void test_put(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct stat info;
	char text[8] = { 0 };

	assert_ok(hm_file_put("new", HM_STR("one"), 0644, &err), &err);
	assert_ok(hm_file_put("new", HM_STR("two"), 0644, &err), &err);
	assert_holds("new", "two");

	/* what a link leads to is replaced, and the link stays; one to nothing makes it */
	assert_int_equal(symlink("new", "link"), 0);
	assert_ok(hm_file_put("link", HM_STR("three"), 0644, &err), &err);
	assert_holds("new", "three");
	assert_int_equal(symlink("made", "dangling"), 0);
	assert_ok(hm_file_put("dangling", HM_STR("four"), 0644, &err), &err);
	assert_holds("made", "four");

	/* a pipe and a device, also behind a link, stay what they are */
	assert_int_equal(mkfifo("pipe", 0600), 0);
	int fd = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(hm_file_put("pipe", HM_STR("five"), 0644, &err), &err);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "five", 4);
	close(fd);
	assert_int_equal(lstat("pipe", &info), 0);
	assert_true(S_ISFIFO(info.st_mode));
	assert_int_equal(symlink("/dev/full", "full"), 0);
	assert_refused("a full device", hm_file_put("full", HM_STR("x"), 0644, &err), &err, HM_R_FILE_NO_SPACE);
	assert_int_equal(lstat("full", &info), 0);
	assert_true(S_ISLNK(info.st_mode));

	/* an open file is written on, as by a shell's ">>" */
	fd = open("new", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	char name[64];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	assert_ok(hm_file_put(name, HM_STR(" and"), 0644, &err), &err);
	close(fd);
	assert_holds("new", "three and");

	assert_int_equal(mkdir("folder", 0700), 0);
	assert_refused("a folder there", hm_file_put("folder", HM_STR("x"), 0600, &err), &err, HM_R_FILE_IO);
}

static void test_save_refused(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_refused("no folder", hm_file_save("none/x", HM_STR("x"), 0600, &err), &err, HM_R_FILE_NOT_FOUND);
	put("file", "x");
	assert_refused("a file above", hm_file_save("file/x", HM_STR("x"), 0600, &err), &err, HM_R_FILE_IO);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_refused("a folder there", hm_file_save("folder", HM_STR("x"), 0600, &err), &err, HM_R_FILE_IO);
	assert_refused("a folder there", hm_file_save_once("folder", HM_STR("x"), 0600, &err), &err, HM_R_FILE_IO);
	assert_int_equal(count_entries("."), 2); /* no temporary file stays */
	for (unsigned long n = 1;; n++) {
		hm_mem_fail_at(n);
		enum hm_status st = hm_file_save("memory", HM_STR("x"), 0600, &err);
		if (st == HM_OK)
			st = hm_file_save_once("memory", HM_STR("x"), 0600, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		assert_refused("memory", st, &err, HM_R_NO_MEMORY);
	}
	assert_int_equal(count_entries("."), 3);
}

static const char *save_where_nobody_may(void)
{
	struct hm_err err = { 0 };

	if (mkdir("readonly", 0500) != 0)
		return "could not make the folder";
	if (hm_file_save("readonly/x", HM_STR("x"), 0600, &err) != HM_EIO || err.reason != HM_R_FILE_IO)
		return "saved in a folder that may not be written";
	if (hm_dir_make("readonly/x", 0700, &err) != HM_EIO || !strstr(err.cause, "Permission denied"))
		return "made a folder there";
	return hm_file_lock("readonly/x", false, &(int){ 0 }, &err) == HM_EIO ? NULL : "made a lock there";
}

static void test_no_permission(void **state)
{
	(void)state;
	as_ordinary_user(save_where_nobody_may);
}

/* The disk is full in the middle of the file: the old one stays, and nothing else is there. */
static void test_full_disk(void **state)
{
	(void)state;
	static char large[100000];
	struct rlimit before, small = { 50000, 0 };
	struct hm_err err = { 0 };
	enum hm_status st[3];

	memset(large, 'x', sizeof(large));
	put("file", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	st[0] = hm_file_save("file", hm_str_of(large, sizeof(large)), 0600, &err);
	st[1] = hm_file_save_once("once", hm_str_of(large, sizeof(large)), 0600, &err);
	st[2] = hm_file_save("file", hm_str_of(large, 40000), 0600, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	for (size_t i = 0; i < 2; i++)
		assert_refused("no space", st[i], &err, HM_R_FILE_NO_SPACE);
	assert_int_equal(st[2], HM_OK);
	assert_int_equal(count_entries("."), 1);
}

static void test_save_once(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_ok(hm_file_save_once("x", HM_STR("text"), 0644, &err), &err);
	assert_ok(hm_file_save_once("x", HM_STR("text"), 0644, &err), &err);
	assert_refused("other", hm_file_save_once("x", HM_STR("test"), 0644, &err), &err, HM_R_FILE_EXISTS);
	assert_refused("longer", hm_file_save_once("x", HM_STR("text and"), 0644, &err), &err, HM_R_FILE_EXISTS);
	assert_refused("shorter", hm_file_save_once("x", HM_STR("te"), 0644, &err), &err, HM_R_FILE_EXISTS);
	assert_refused("empty", hm_file_save_once("x", HM_STR(""), 0644, &err), &err, HM_R_FILE_EXISTS);
	assert_holds("x", "text");
	assert_int_equal(count_entries("."), 1);
}

/* Many processes create the same file; all succeed with the same content, one with another. */
static void test_save_once_together(void **state)
{
	(void)state;
	pid_t pids[8];
	int good = 0;

	for (size_t i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct hm_str text = i < 4 ? HM_STR("one") : HM_STR("two");
			_exit(hm_file_save_once("x", text, 0600, NULL) == HM_OK ? 0 : 1);
		}
	}
	for (size_t i = 0; i < COUNT(pids); i++) {
		int how;
		assert_int_equal(waitpid(pids[i], &how, 0), pids[i]);
		good += how == 0;
	}
	assert_int_equal(good, 4);
	assert_int_equal(count_entries("."), 1);
}

/* What a killed writer left goes; whatever else lies there stays. */
static void test_sweep(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool stays;
	} rows[] = {
		{ ".key.pem.tmp-0123456789abcdef", false },
		{ "..gitignore.tmp-0123456789abcdef", false },
		{ ".x.tmp-0123456789abcdeF", true },
		{ ".x.tmp-0123456789abcde", true },
		{ ".x.tmp-0123456789abcdef0", true },
		{ ".x.tmp_0123456789abcdef", true },
		{ "x.tmp-0123456789abcdef", true },
		{ ".tmp-", true },
		{ "key.pem", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		put(rows[i].name, "x");
	put(".busy.tmp-0123456789abcdef", "x");
	int busy = open(".busy.tmp-0123456789abcdef", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(busy, LOCK_EX), 0);
	assert_int_equal(symlink("key.pem", ".link.tmp-0123456789abcdef"), 0);
	assert_int_equal(mkdir(".folder.tmp-0123456789abcdef", 0700), 0);
	hm_file_sweep(".");
	hm_file_sweep("none");
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hm_path_is_there(rows[i].name) != rows[i].stays)
			fail_msg("'%s'", rows[i].name);
	}
	assert_true(hm_path_is_there(".busy.tmp-0123456789abcdef"));
	assert_true(hm_path_is_there(".link.tmp-0123456789abcdef"));
	assert_true(hm_path_is_dir(".folder.tmp-0123456789abcdef"));
	close(busy);
	hm_file_sweep(".");
	assert_false(hm_path_is_there(".busy.tmp-0123456789abcdef"));
}

/* Nobody loses a file to a sweep while he writes it. */
static void test_sweep_together(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	pid_t pid = fork();
	int how;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			hm_file_sweep(".");
	}
	for (int i = 0; i < 300; i++)
		assert_ok(hm_file_save("x", hm_str_of(&i, sizeof(i)), 0600, &err), &err);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(count_entries("."), 1);
}

/* kill -9 at any moment leaves at most what the next sweep removes. */
static void test_sweep_after_kill(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	unsigned left = 0;

	for (unsigned i = 0; i < 40; i++) {
		int how;
		pid_t pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				(void)!hm_file_save("x", HM_STR("text"), 0600, NULL);
		}
		usleep(2000 + i * 97);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &how, 0), pid);
	}
	assert_ok(hm_file_save("x", HM_STR("text"), 0600, &err), &err);
	left = (unsigned)count_entries(".") - 1;
	print_message("# %u of 40 left something\n", left);
	hm_file_sweep(".");
	assert_int_equal(count_entries("."), 1);
}

static void test_dir_make(void **state)
{
	(void)state;
	static const struct {
		const char *path, *there;
		enum hm_reason want;
	} rows[] = {
		{ "a", "a", HM_R_OK },
		{ "a", "a", HM_R_OK },
		{ "b/c/d", "b/c/d", HM_R_OK },
		{ "e//f///", "e/f", HM_R_OK },
		{ "./g/../h", "h", HM_R_OK },
		{ ".", ".", HM_R_OK },
		{ "/", "/", HM_R_OK },
		{ "", NULL, HM_R_FILE_NOT_FOUND },
		{ "file", NULL, HM_R_FILE_KIND },
		{ "file/x", NULL, HM_R_FILE_KIND },
		{ "broken", NULL, HM_R_FILE_KIND },
	};
	struct stat info;
	mode_t before = umask(0077);

	put("file", "");
	assert_int_equal(symlink("nowhere", "broken"), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_err err = { 0 };
		enum hm_status st = hm_dir_make(rows[i].path, 0755, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].path, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_path_is_dir(rows[i].there));
	}
	assert_int_equal(stat("b/c", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0755);
	umask(before);
}

static void test_dir_make_temp(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *a = NULL;
	HM_OWN(hm_freep) char *b = NULL;
	struct hm_err err = { 0 };
	char *none = NULL;

	assert_ok(hm_dir_make_temp(".", "x-", &a, &err), &err);
	assert_ok(hm_dir_make_temp(".", "x-", &b, &err), &err);
	assert_true(strcmp(a, b) != 0 && hm_path_is_dir(a) && hm_path_is_dir(b));
	assert_true(hm_str_has_prefix(hm_str(hm_path_base(a)), HM_STR("x-")));
	assert_refused("none", hm_dir_make_temp("none", "x", &none, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_null(none);
}

static void test_dir_replace(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_int_equal(mkdir("new", 0700) | mkdir("place", 0700), 0);
	put("new/x", "new");
	put("place/x", "old");
	assert_ok(hm_dir_replace("new", "place", &err), &err);
	assert_holds("place/x", "new");
	assert_holds("new/x", "old");
	assert_ok(hm_dir_replace("new", "free", &err), &err);
	assert_holds("free/x", "old");
	assert_false(hm_path_is_there("new"));
	assert_refused("gone", hm_dir_replace("new", "free", &err), &err, HM_R_FILE_NOT_FOUND);
	assert_holds("free/x", "old");
}

static void test_lock(void **state)
{
	(void)state;
	HM_OWN(hm_closep) int fd = -1;
	struct hm_err err = { 0 };
	int ends[2], how;
	char byte;

	assert_ok(hm_file_lock("lock", false, &fd, &err), &err);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	int other = -1;
	assert_refused("held", hm_file_lock("lock", false, &other, &err), &err, HM_R_FILE_LOCKED);
	assert_int_equal(other, -1);

	/* another process waits until we let go */
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fd); /* a copy of the descriptor holds the lock too */
		int mine;
		bool refused = hm_file_lock("lock", false, &mine, NULL) == HM_ECONFLICT;
		if (write(ends[1], refused ? "y" : "n", 1) != 1)
			_exit(2);
		_exit(hm_file_lock("lock", true, &mine, NULL) == HM_OK && write(ends[1], "l", 1) == 1 ? 0 : 1);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(fd);
	fd = -1;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 'l');
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
	close(ends[0]);
	close(ends[1]);
	assert_ok(hm_file_lock("lock", false, &fd, &err), &err); /* it ended with the process */
	assert_refused("none", hm_file_lock("none/lock", false, &other, &err), &err, HM_R_FILE_NOT_FOUND);
}

/* Whoever waits for a lock whose file is removed meanwhile gets the lock of the new file. */
static void test_lock_of_a_removed_file(void **state)
{
	(void)state;
	HM_OWN(hm_closep) int fd = -1;
	struct hm_err err = { 0 };
	int how;

	assert_ok(hm_file_lock("lock", true, &fd, &err), &err);
	pid_t pid = fork();
	if (pid == 0) {
		struct stat a, b;
		int mine;
		close(fd);
		if (hm_file_lock("lock", true, &mine, NULL) != HM_OK || fstat(mine, &a) != 0 || stat("lock", &b) != 0)
			_exit(1);
		_exit(a.st_ino == b.st_ino ? 0 : 2);
	}
	usleep(50000);
	assert_int_equal(unlink("lock"), 0);
	close(fd);
	fd = -1;
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
}

static void test_paths(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *full = NULL;
	HM_OWN(hm_freep) char *here = NULL;
	struct hm_err err = { 0 };

	put("file", "");
	assert_int_equal(mkdir("dir", 0700) | symlink("file", "link") | symlink("none", "broken"), 0);
	assert_true(hm_path_is_there("file") && hm_path_is_file("file") && !hm_path_is_dir("file"));
	assert_true(hm_path_is_there("dir") && hm_path_is_dir("dir") && !hm_path_is_file("dir"));
	assert_true(hm_path_is_file("link") && !hm_path_is_there("broken") && !hm_path_is_there("none"));
	assert_string_equal(hm_path_base("a/b/c"), "c");
	assert_string_equal(hm_path_base("c"), "c");
	assert_ok(hm_path_resolve("dir/../link", &full, &err), &err);
	assert_ok(hm_path_resolve(".", &here, &err), &err);
	assert_true(hm_str_has_prefix(hm_str(full), hm_str(here)));
	assert_string_equal(full + strlen(here), "/file");
	char *none = NULL;
	assert_refused("none", hm_path_resolve("none", &none, &err), &err, HM_R_FILE_NOT_FOUND);
}

static void test_within(void **state)
{
	(void)state;
	static const struct {
		const char *path, *folder;
		bool want;
	} rows[] = {
		{ "/a", "/a", true }, { "/a/b", "/a", true },     { "/ab", "/a", false },      { "/", "/a", false },
		{ "/a", "/", true },  { "/a/b/c", "/a/b", true }, { "/a/b", "/a/b/c", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (hm_path_is_within(rows[i].path, rows[i].folder) != rows[i].want)
			fail_msg("'%s' in '%s'", rows[i].path, rows[i].folder);
	}
}

static void test_cut_to_there(void **state)
{
	(void)state;
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/", "/" }, { "/no such/x", "/" }, { "dir", "dir" }, { "dir/none/x", "dir" }, { "none", "none" },
		{ "", "" },
	};

	assert_int_equal(mkdir("dir", 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char path[32];
		snprintf(path, sizeof(path), "%s", rows[i].path);
		hm_path_cut_to_there(path);
		assert_string_equal(path, rows[i].want);
	}
}

static void test_write_errors(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(full >= 0);
	assert_refused("full", hm_fd_write(full, "x", HM_STR("text"), &err), &err, HM_R_FILE_NO_SPACE);
	assert_ok(hm_fd_write(full, "x", HM_STR(""), &err), &err);
	close(full);
	assert_refused("closed", hm_fd_write(-1, "x", HM_STR("text"), &err), &err, HM_R_FILE_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_read),
		in_folder(test_read_strangers),
		in_folder(test_save),
		in_folder(test_put),
		in_folder(test_save_refused),
		in_folder(test_no_permission),
		in_folder(test_full_disk),
		in_folder(test_save_once),
		in_folder(test_save_once_together),
		in_folder(test_sweep),
		in_folder(test_sweep_together),
		in_folder(test_sweep_after_kill),
		in_folder(test_dir_make),
		in_folder(test_dir_make_temp),
		in_folder(test_dir_replace),
		in_folder(test_lock),
		in_folder(test_lock_of_a_removed_file),
		in_folder(test_paths),
		cmocka_unit_test(test_within),
		in_folder(test_cut_to_there),
		in_folder(test_write_errors),
	};
	return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
