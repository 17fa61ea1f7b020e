/*
 * What `hallmark doctor` finds out: one check a line, each with what to do where something is not as it should be.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_DOCTOR_H
#define HM_CLI_DOCTOR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hm_doctor_state {
	HM_DOCTOR_OK,
	HM_DOCTOR_WARNING, /* `hallmark run` works, and something of it is weaker or not there */
	HM_DOCTOR_MISSING, /* `hallmark run` would not work */
};

struct hm_doctor_check {
	const char *area, *name; /* constants: "go", "toolchain" */
	enum hm_doctor_state state;
	char detail[512]; /* what was found; may hold what others wrote, such as a variable's value */
	char todo[512];   /* what to do about it; "" where it is ok */
};

struct hm_doctor_report {
	struct hm_doctor_check checks[48];
	size_t count;
};

/* Add a check, with its detail as printf has it; the text is cut where it is too long. Borrowed, for todo. */
struct hm_doctor_check *hm_doctor_add(struct hm_doctor_report *report, const char *area, const char *name,
				      enum hm_doctor_state state, const char *fmt, ...) HM_PRINTF(5, 6);

/* The first check that is missing, or NULL. */
const struct hm_doctor_check *hm_doctor_first_missing(const struct hm_doctor_report *report);

/* The Go toolchain, its compiler for the race detector, its proxy and caches; with_network: whether the proxy answers.
 */
void hm_doctor_go(struct hm_doctor_report *report, bool with_network);

/*
 * Text of a GOPROXY or a URL without the user names and passwords in it.
 *
 * Shape   size: of ret_text, which always ends in NUL.
 */
void hm_doctor_hide_users(const char *urls, char *ret_text, size_t size);

#endif
