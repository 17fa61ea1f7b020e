/*
 * What every unit test includes: cmocka with the headers that it wants before it, and a few helpers.
 */
#ifndef HM_TESTS_UNIT_H
#define HM_TESTS_UNIT_H

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Run the tests as cmocka does, and make its TAP say what was skipped and why: "ok 2 - name # SKIP reason". cmocka
 * itself writes "not ok 2 # SKIP name", which every reader of TAP counts as failed.
 */
int unit_run(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
	     CMFixtureFunction teardown);

#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                                      \
	unit_run((name), (tests), COUNT(tests), (setup), (teardown))

/* Leave the test as skipped; the reason is one sentence for whoever reads the last lines of scripts/test. */
#define skip_with(...)                                                                                                 \
	do {                                                                                                           \
		print_message("# " __VA_ARGS__);                                                                       \
		print_message("\n");                                                                                   \
		skip();                                                                                                \
	} while (0)

/* Fail the test with the error's whole text unless st is HM_OK. */
#define assert_ok(st, err)                                                                                             \
	do {                                                                                                           \
		enum hm_status unit_st = (st);                                                                         \
		if (unit_st != HM_OK) {                                                                                \
			char unit_text[1024];                                                                          \
			hm_err_text((err), unit_text, sizeof(unit_text));                                              \
			fail_msg("%s: %s: %s", #st, hm_reason_code((err)->reason), unit_text);                         \
		}                                                                                                      \
	} while (0)

/* Fail the test unless st is the status of the wanted reason, err carries that reason, and a cause stands in it. */
#define assert_refused(name, st, err, want)                                                                            \
	do {                                                                                                           \
		enum hm_status unit_st = (st);                                                                         \
		if (unit_st != hm_reason_status(want) || (err)->reason != (want) || (err)->cause[0] == '\0')           \
			fail_msg("%s: wanted %s, got %s %s: %s", (name), hm_reason_code(want),                         \
				 hm_status_name(unit_st), hm_reason_code((err)->reason), (err)->cause);                \
	} while (0)

/*
 * End one step of a walk over all allocations, and say whether the walk is over: "for (n = 1;; n++) {
 * hm_mem_fail_at(n); st = …; if (walk_is_over(st, &err)) break; }". No allocation fails from here on. Fails the test
 * unless st is HM_ENOMEM where an allocation failed, and HM_OK where there was none left to fail; err may be NULL.
 */
bool walk_is_over(enum hm_status st, const struct hm_err *err);

/* The whole walk over the allocations of one piece of work, which begins anew each time. */
void walk_allocations(enum hm_status (*work)(struct hm_err *err));

/* The folder of published test data, or NULL where it is not there: the test then skips and says so. */
static inline const char *shared_data(void)
{
	const char *dir = getenv("HM_SHARED_DATA");

	return dir && access(dir, R_OK | X_OK) == 0 ? dir : NULL;
}

#endif
