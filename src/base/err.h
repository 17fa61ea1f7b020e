/*
 * What failed, why, and what was being done.
 *
 * An error lives on its caller's stack: it owns nothing and never allocates, so it works when memory has run out. Cause
 * and context are kept apart, so that cutting a long context never loses the cause.
 *
 * Layer 1. No state; any thread.
 */
#ifndef HM_BASE_ERR_H
#define HM_BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

/* What kind of answer it is; only HM_OK lets anything pass. */
enum hm_status {
	HM_OK = 0,
	HM_EINVAL,  /* the caller's options */
	HM_EPARSE,  /* not what its format says */
	HM_EVERIFY, /* well formed, checked, and refused */
	HM_EPOLICY, /* genuine, and not allowed */
	HM_EIO,     /* could not be checked: disk */
	HM_ENET,    /* could not be checked: network */
	HM_ENOTFOUND,
	HM_ECONFLICT,
	HM_ELIMIT, /* over one of our limits */
	HM_ENOMEM,
	HM_EBUG, /* our mistake */
};

enum hm_reason {
#define REASON(name, code, status, hint, text) HM_R_##name,
#include "base/reasons.def"
#undef REASON
	HM_REASON_COUNT
};

struct hm_err {
	enum hm_reason reason;
	int sys;           /* errno of the cause, 0 if none */
	uint32_t row, col; /* 1-based, in the file; 0: not known */
	char file[160];    /* the document with the mistake, "" if none; a long name loses its front */
	char cause[512];   /* innermost, written once */
	char ctx[256];     /* "outer: inner", grows at its front */
};

#define HM_MUST         __attribute__((warn_unused_result))
#define HM_PRINTF(f, a) __attribute__((format(printf, f, a)))

/*
 * Record a failure where it is found: the object and the reason.
 *
 * Owns    err may be NULL: the status is then the whole answer
 * Errors  returns the status of reason, so that a caller writes `return hm_fail(…)`
 */
enum hm_status hm_fail(struct hm_err *err, enum hm_reason reason, const char *fmt, ...) HM_PRINTF(3, 4) HM_MUST;

/*
 * Record a failed system call; ": " and the error's text are added to the cause.
 *
 * Errors  ENOENT is file.not-found, ENOMEM no-memory, ENOSPC, EDQUOT and EFBIG file.no-space, all others file.io
 */
enum hm_status hm_fail_errno(struct hm_err *err, int errnum, const char *fmt, ...) HM_PRINTF(3, 4) HM_MUST;

/*
 * Give a failure that was recorded already the reason of who called, where that says more: the cause stays.
 *
 * Errors  returns the status of reason
 */
enum hm_status hm_fail_as(struct hm_err *err, enum hm_reason reason) HM_MUST;

/*
 * Say what was being done when st happened: the operation, not the reason again.
 *
 * Errors  returns st unchanged; HM_OK leaves err alone
 */
enum hm_status hm_while(struct hm_err *err, enum hm_status st, const char *fmt, ...) HM_PRINTF(3, 4) HM_MUST;

/*
 * Say where in which document the mistake is. The innermost place wins: what is set already stays.
 *
 * Units   row, col: 1-based; 0 where not known.
 * Owns    file is copied; NULL where the place has no name yet, which a caller further out can then give.
 * Errors  returns st unchanged; HM_OK leaves err alone
 */
enum hm_status hm_at(struct hm_err *err, enum hm_status st, const char *file, uint32_t row, uint32_t col) HM_MUST;

/*
 * Write the whole error as a person reads it: "context: file:row:col: cause".
 *
 * Owns    ret_text is the caller's, cut at size with a final "..."
 */
void hm_err_text(const struct hm_err *err, char *ret_text, size_t size);

/* The code that users and programs see, such as "tlog.inclusion"; stable between versions. */
const char *hm_reason_code(enum hm_reason reason);

/* What to do about it, or NULL where nothing general is known. */
const char *hm_reason_hint(enum hm_reason reason);

/* One sentence for the documentation. */
const char *hm_reason_text(enum hm_reason reason);

enum hm_status hm_reason_status(enum hm_reason reason);

/* A status in a word, such as "verify" for HM_EVERIFY; for JSON answers. */
const char *hm_status_name(enum hm_status st);

#endif
