#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { max_threads = 64 };

struct job {
	hm_parallel_fn work;
	void *ctx;
	size_t count;
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* over what follows */
	size_t failed_at;
	enum hm_status st;
	struct hm_err err;
};

static void *run(void *arg)
{
	struct job *job = arg;

	while (!atomic_load(&job->stop)) {
		size_t i = atomic_fetch_add(&job->next, 1);
		if (i >= job->count)
			break;
		struct hm_err err = { 0 };
		enum hm_status st = job->work(job->ctx, i, &err);
		if (st == HM_OK)
			continue;
		atomic_store(&job->stop, true);
		pthread_mutex_lock(&job->lock);
		if (job->st == HM_OK || i < job->failed_at) {
			job->st = st;
			job->failed_at = i;
			job->err = err;
		}
		pthread_mutex_unlock(&job->lock);
	}
	return NULL;
}

enum hm_status hm_parallel(size_t threads, size_t count, hm_parallel_fn work, void *ctx, struct hm_err *err)
{
	struct job job = { .work = work, .ctx = ctx, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t ids[max_threads];
	size_t started = 0;

	if (threads == 0) {
		/* those that we may run on, which a container can make fewer than there are */
		cpu_set_t mine;
		threads = sched_getaffinity(0, sizeof(mine), &mine) == 0 ? (size_t)CPU_COUNT(&mine) : 1;
	}
	if (threads > count)
		threads = count;
	if (threads > max_threads)
		threads = max_threads;
	/* Signals stay with the caller's thread: it is the one whose waiting they must interrupt. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (started + 1 < threads && pthread_create(&ids[started], NULL, run, &job) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	run(&job);
	for (size_t i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	if (job.st != HM_OK && err)
		*err = job.err;
	return job.st;
}
