/*
 * SIGINT, SIGTERM and SIGHUP as something that can be waited for: while it is open they end nothing by themselves.
 *
 * Layer 13. One at a time in a process.
 */
#ifndef HM_CLI_STOP_H
#define HM_CLI_STOP_H

#include "base/err.h"

#include <signal.h>

struct hm_stop {
	int fd;                              /* readable, one byte a signal */
	const volatile sig_atomic_t *signal; /* the first that came; 0: none */
};

/* Owns: ret_stop is the caller's, for hm_stop_done(). Errors: HM_EIO. */
enum hm_status hm_stop_open(struct hm_stop *ret_stop, struct hm_err *err) HM_MUST;

/* The signals do again what they did before; safe on {0}. */
void hm_stop_done(struct hm_stop *stop);

/* Errors: HM_EIO interrupted, with the signal in err->sys: one came. */
enum hm_status hm_stop_check(const struct hm_stop *stop, struct hm_err *err) HM_MUST;

#endif
