#include "cli/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* A handler has no other way to reach anything. */
static volatile sig_atomic_t first_signal;
static int write_end = -1, read_end = -1;
static struct sigaction before[SIGNALS];

static void on_signal(int signal)
{
	int errnum = errno;

	if (!first_signal)
		first_signal = signal;
	/* a full pipe has been told often enough */
	(void)!write(write_end, "", 1);
	errno = errnum;
}

enum hm_status hm_stop_open(struct hm_stop *ret_stop, struct hm_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return hm_fail_errno(err, errno, "pipe for signals");
	read_end = ends[0];
	write_end = ends[1];
	first_signal = 0;
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
		sigemptyset(&action.sa_mask);
		sigaction(signals[i], NULL, &before[i]);
		/* who started this with nohup does not want to be asked */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	*ret_stop = (struct hm_stop){ read_end, &first_signal };
	return HM_OK;
}

void hm_stop_done(struct hm_stop *stop)
{
	if (!stop->signal)
		return;
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	close(read_end);
	close(write_end);
	read_end = write_end = -1;
	*stop = (struct hm_stop){ 0 };
}

enum hm_status hm_stop_check(const struct hm_stop *stop, struct hm_err *err)
{
	if (!*stop->signal)
		return HM_OK;
	enum hm_status st = hm_fail(err, HM_R_INTERRUPTED, "stopped by signal %d", (int)*stop->signal);
	if (err)
		err->sys = (int)*stop->signal;
	return st;
}
