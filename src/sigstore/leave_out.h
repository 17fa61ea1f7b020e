/*
 * A step of a verification that a build for the tests can do without, to see that the mutation test notices.
 *
 * In every other build, and so in all that is installed, HM_STEP(name, check) is the check and nothing else.
 * tests/mutants/meson.build makes the one build that has HM_LEAVE_OUT.
 */
#ifndef HM_SIGSTORE_LEAVE_OUT_H
#define HM_SIGSTORE_LEAVE_OUT_H

#ifdef HM_LEAVE_OUT
#include <stdbool.h>

bool hm_is_left_out(const char *step);

#define HM_STEP(name, check) (hm_is_left_out(name) ? HM_OK : (check))
#else
#define HM_STEP(name, check) (check)
#endif

#endif
