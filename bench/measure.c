/*
 * Run a command and print what it took: wall time and processor time in microseconds, peak memory in KiB, exit status.
 * From a small process, because a child's peak memory counts what its parent had when it was started.
 *
 *     measure PROGRAM ARGUMENT...
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long micros(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct timespec begin, end;
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2 || posix_spawn_file_actions_init(&actions) != 0)
		return 2;
	for (int fd = 0; fd < 3; fd++) {
		if (posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0) != 0)
			return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%ld %ld %ld %d\n", (end.tv_sec - begin.tv_sec) * 1000000L + (end.tv_nsec - begin.tv_nsec) / 1000,
	       micros(usage.ru_utime) + micros(usage.ru_stime), usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
