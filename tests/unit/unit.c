#include "unit.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* One line of the child's output; reason is the last line that was no result, for the skip that may follow. */
static void pass_line(char *line, char *reason, size_t size)
{
	line[strcspn(line, "\n")] = '\0';
	const char *skipped = strstr(line, " # SKIP ");
	if (skipped && strncmp(line, "not ok ", 7) == 0) {
		printf("ok %.*s - %s # SKIP %s\n", (int)(skipped - line - 7), line + 7, skipped + 8, reason);
		reason[0] = '\0';
	} else {
		puts(line);
		bool is_result = strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0;
		snprintf(reason, size, "%s", is_result ? "" : line + strspn(line, "# \t"));
	}
	fflush(stdout);
}

static int filter(int fd, pid_t child)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL, reason[512] = "";
	size_t size = 0;
	int how = 0;

	while (in && getline(&line, &size, in) > 0)
		pass_line(line, reason, sizeof(reason));
	free(line);
	if (in)
		fclose(in);
	while (waitpid(child, &how, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(how)) {
		printf("Bail out! killed by signal %d\n", WTERMSIG(how));
		return 128 + WTERMSIG(how);
	}
	return WEXITSTATUS(how);
}

int unit_run(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
	     CMFixtureFunction teardown)
{
	const char *form = getenv("CMOCKA_MESSAGE_OUTPUT");
	int ends[2];

	pid_t child = form && strcmp(form, "TAP") == 0 && pipe(ends) == 0 ? fork() : -1;
	if (child < 0)
		return _cmocka_run_group_tests(name, tests, count, setup, teardown);
	if (child > 0) {
		close(ends[1]);
		return filter(ends[0], child);
	}
	close(ends[0]);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	setvbuf(stdout, NULL, _IOLBF, 0); /* what was said before a crash is not lost */
	return _cmocka_run_group_tests(name, tests, count, setup, teardown);
}

bool walk_is_over(enum hm_status st, const struct hm_err *err)
{
	bool has_failed = hm_mem_has_failed();

	hm_mem_fail_at(0);
	if (has_failed && st != HM_ENOMEM)
		fail_msg("an allocation failed, and the work says %s", hm_status_name(st));
	if (!has_failed && err)
		assert_ok(st, err);
	if (!has_failed)
		assert_int_equal(st, HM_OK);
	return !has_failed;
}

void walk_allocations(enum hm_status (*work)(struct hm_err *err))
{
	for (unsigned long n = 1;; n++) {
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = work(&err);
		if (walk_is_over(st, &err))
			return;
	}
}
