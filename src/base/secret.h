/*
 * Bytes that must not outlive their use: keys, passwords, tokens. Wiped when given back, never in an error or a log.
 *
 * Layer 1. Not locked: one thread at a time.
 */
#ifndef HM_BASE_SECRET_H
#define HM_BASE_SECRET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct hm_secret {
	char *ptr; /* len bytes and a NUL that does not count; NULL when there is none */
	size_t len;
};

/*
 * Keep a copy of bytes; the caller wipes its own.
 *
 * Owns    ret_secret is the caller's, for hm_secret_done()
 * Errors  HM_ENOMEM
 */
enum hm_status hm_secret_copy(struct hm_str bytes, struct hm_secret *ret_secret, struct hm_err *err) HM_MUST;

/* Wipe and free; safe on one that was never set. */
void hm_secret_done(struct hm_secret *secret);

static inline struct hm_str hm_secret_str(const struct hm_secret *secret)
{
	return (struct hm_str){ secret->ptr, secret->len };
}

/* Whether two runs of bytes are equal, in a time that does not depend on where they differ. */
bool hm_secret_eq(const void *a, const void *b, size_t len);

/* hm_buf_done() for a buffer with a secret in it: wipes all its room. What it left behind as it grew is not wiped. */
void hm_secret_buf_done(struct hm_buf *buf);

/* Overwrite memory in a way that the compiler does not leave out. */
void hm_wipe(void *ptr, size_t len);

#endif
