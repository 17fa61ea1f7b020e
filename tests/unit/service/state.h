/*
 * What the tests of services share: a folder for the state of one test, and effects with a clock that the test sets.
 */
#ifndef HM_TESTS_SERVICE_STATE_H
#define HM_TESTS_SERVICE_STATE_H

#include "unit.h"

#include "base/effects.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "base/tree.h"

#define NOW INT64_C(1700000000)

static char *folder;
static int64_t now_s;

static inline int64_t test_now(void *ctx)
{
	return *(int64_t *)ctx * HM_NS_PER_S;
}

static inline enum hm_status system_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	return hm_random(hm_effects_system(), ret_bytes, len, err);
}

static const struct hm_effects fx = { &now_s, test_now, system_random };

static inline int make_folder(void **state)
{
	(void)state;
	now_s = NOW;
	return hm_dir_make_temp("/tmp", "service-", &folder, NULL) == HM_OK ? 0 : -1;
}

static inline int drop_folder(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(folder, NULL);
	free(folder);
	return st == HM_OK ? 0 : -1;
}

/* A test with a folder of its own. */
#define with_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

#endif
