#include "base/effects.h"

#include "base/time.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * HM_NS_PER_S + ts.tv_nsec;
}

static int64_t system_now_ns(void *ctx)
{
	(void)ctx;
	return clock_ns(CLOCK_REALTIME);
}

static enum hm_status system_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	for (char *at = ret_bytes; len > 0;) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hm_fail(err, HM_R_RANDOM, "getrandom gave no bytes");
		at += n;
		len -= (size_t)n;
	}
	return HM_OK;
}

const struct hm_effects *hm_effects_system(void)
{
	static const struct hm_effects system_effects = { NULL, system_now_ns, system_random };

	return &system_effects;
}

int64_t hm_now_ns(const struct hm_effects *fx)
{
	return fx->now_ns(fx->ctx);
}

int64_t hm_now_s(const struct hm_effects *fx)
{
	return hm_time_floor_s(fx->now_ns(fx->ctx));
}

enum hm_status hm_random(const struct hm_effects *fx, void *ret_bytes, size_t len, struct hm_err *err)
{
	return fx->random(fx->ctx, ret_bytes, len, err);
}

int64_t hm_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}
