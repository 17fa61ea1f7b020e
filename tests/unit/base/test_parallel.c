/* Work on many things at once: each once, and the first failure is the answer. */
#include "unit.h"

#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct work {
	atomic_int done[1000];
	size_t fail_from; /* every i from here on fails */
	atomic_int ran;
};

static enum hm_status step(void *ctx, size_t i, struct hm_err *err)
{
	struct work *work = ctx;

	atomic_fetch_add(&work->done[i], 1);
	atomic_fetch_add(&work->ran, 1);
	return i >= work->fail_from ? hm_fail(err, HM_R_USAGE, "thing %zu", i) : HM_OK;
}

static void test_each_once(void **state)
{
	(void)state;
	static const size_t threads[] = { 0, 1, 2, 7, 64, 1000 }, counts[] = { 0, 1, 2, 63, 1000 };

	for (size_t t = 0; t < COUNT(threads); t++) {
		for (size_t c = 0; c < COUNT(counts); c++) {
			struct work work = { .fail_from = SIZE_MAX };
			struct hm_err err = { 0 };
			assert_ok(hm_parallel(threads[t], counts[c], step, &work, &err), &err);
			for (size_t i = 0; i < COUNT(work.done); i++)
				assert_int_equal(work.done[i], i < counts[c]);
		}
	}
}

static void test_failure(void **state)
{
	(void)state;
	for (size_t threads = 1; threads <= 8; threads++) {
		struct work work = { .fail_from = 100 };
		struct hm_err err = { 0 };
		assert_refused("fails", hm_parallel(threads, 1000, step, &work, &err), &err, HM_R_USAGE);
		assert_string_equal(err.cause, "thing 100"); /* begun in order, so the first is among those that ran */
		assert_in_range(work.ran, 101, 100 + (int)threads);
		assert_int_equal(hm_parallel(threads, 1000, step, &work, NULL), HM_EINVAL);
	}
}

static pthread_t caller;
static atomic_int strangers;

static void on_signal(int number)
{
	(void)number;
	if (!pthread_equal(pthread_self(), caller))
		atomic_fetch_add(&strangers, 1);
}

static enum hm_status raise_signal(void *ctx, size_t i, struct hm_err *err)
{
	(void)ctx;
	(void)i;
	(void)err;
	kill(getpid(), SIGUSR1);
	return HM_OK;
}

/* A signal interrupts the thread that asked for the work, and no helper. */
static void test_signals_stay_with_the_caller(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	caller = pthread_self();
	signal(SIGUSR1, on_signal);
	assert_ok(hm_parallel(4, 200, raise_signal, NULL, &err), &err);
	signal(SIGUSR1, SIG_DFL);
	assert_int_equal(strangers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_signals_stay_with_the_caller),
	};
	return cmocka_run_group_tests_name("base/parallel", tests, NULL, NULL);
}
