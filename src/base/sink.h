/*
 * Where bytes go: a function and its state, so that whoever makes bytes does not know whether they are kept, hashed,
 * compressed or written to a file.
 *
 * Layer 1. A sink is as thread-safe as what it writes to.
 */
#ifndef HM_BASE_SINK_H
#define HM_BASE_SINK_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

/*
 * Take len bytes, all of them.
 *
 * Errors  anything but HM_OK ends the writing; the writer returns that status
 */
typedef enum hm_status (*hm_sink_fn)(void *ctx, const void *ptr, size_t len, struct hm_err *err);

struct hm_sink {
	hm_sink_fn write; /* NULL: the bytes are dropped */
	void *ctx;
};

static inline enum hm_status hm_sink_write(struct hm_sink sink, const void *ptr, size_t len, struct hm_err *err)
{
	return sink.write ? sink.write(sink.ctx, ptr, len, err) : HM_OK;
}

/* Into a buffer. Owns: buf is borrowed. Errors: HM_ELIMIT, HM_ENOMEM at the write that did not fit. */
struct hm_sink hm_sink_buf(struct hm_buf *buf);

struct hm_sink_file {
	int fd;           /* borrowed */
	const char *name; /* for the error's text */
};

/* Into a descriptor, not buffered. Owns: file is borrowed. Errors: as hm_fd_write(). */
struct hm_sink hm_sink_fd(struct hm_sink_file *file);

struct hm_sink_tee {
	struct hm_sink a, b;
};

/* Into two sinks, a first. Owns: tee is borrowed. */
struct hm_sink hm_sink_both(struct hm_sink_tee *tee);

#endif
