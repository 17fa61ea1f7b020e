/*
 * Bytes that grow, up to a maximum that is fixed when the buffer is made.
 *
 * Failure sticks: after one that did not fit, or for which there was no memory, adding does nothing, and the caller
 * asks once at the end with hm_buf_check(). What was added is always followed by a NUL that does not count, so `ptr` is
 * a C string when the content is text.
 *
 * Layer 1. Not locked: one thread at a time.
 */
#ifndef HM_BASE_BUF_H
#define HM_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>
#include <sys/types.h>

struct hm_buf {
	char *ptr;             /* NULL until something is added */
	size_t len, cap, max;  /* bytes */
	enum hm_status status; /* HM_OK, HM_ELIMIT or HM_ENOMEM; sticks */
};

/* An empty buffer for at most max bytes; allocates nothing. */
struct hm_buf hm_buf_init(size_t max);

void hm_buf_done(struct hm_buf *buf);

/* Empty again, failure forgotten, memory kept. */
void hm_buf_clear(struct hm_buf *buf);

void hm_buf_add(struct hm_buf *buf, const void *ptr, size_t len);
void hm_buf_add_str(struct hm_buf *buf, struct hm_str s);
void hm_buf_add_cstr(struct hm_buf *buf, const char *cstr);
void hm_buf_add_char(struct hm_buf *buf, char c);
void hm_buf_addf(struct hm_buf *buf, const char *fmt, ...) HM_PRINTF(2, 3);

/*
 * Room for len more bytes, counted as added, for a caller that writes them itself.
 *
 * Owns    borrowed until the next call that adds
 * Errors  NULL once failure has stuck
 */
void *hm_buf_add_space(struct hm_buf *buf, size_t len);

/*
 * Read once from fd and add what came.
 *
 * Errors  -1 with errno as read(2); 0 at the end of the file, and once failure has stuck. Exactly max bytes is no
 *         failure: one byte more is.
 */
ssize_t hm_buf_fill(struct hm_buf *buf, int fd);

/*
 * Ask once whether all was added.
 *
 * Shape   what: the object in a few words, for the error's text.
 * Errors  HM_ELIMIT limit, HM_ENOMEM
 */
enum hm_status hm_buf_check(const struct hm_buf *buf, const char *what, struct hm_err *err) HM_MUST;

static inline struct hm_str hm_buf_str(const struct hm_buf *buf)
{
	return (struct hm_str){ buf->ptr, buf->len };
}

/* Hand the content over; buf is then empty and usable. */
struct hm_buf hm_buf_take(struct hm_buf *buf);

/*
 * Hand the content over as a C string.
 *
 * Owns    the caller frees
 * Errors  NULL when failure has stuck or memory has run out
 */
char *hm_buf_take_cstr(struct hm_buf *buf);

#endif
