/*
 * A gzip stream that is the same, byte for byte, whenever and wherever the same data is written.
 *
 * The frame carries no name, no time (0) and no system (255), and the compressor is our own (deflate.h says why). Layer
 * and manifest digests rest on this: a change of these bytes is a change of every image.
 *
 * Not here: hashing. Whoever needs digests hands sinks over that see the data on both sides of the compressor, so that
 * an image's diffID and its layer's digest come out of one pass (crypto stands in the same layer as this module).
 * Layer 3. Not locked: one thread at a time; several streams are independent.
 */
#ifndef HM_ARCHIVE_GZIP_H
#define HM_ARCHIVE_GZIP_H

#include "base/err.h"
#include "base/sink.h"

#include <stddef.h>
#include <stdint.h>

struct hm_gzip;

struct hm_gzip_sizes {
	uint64_t plain, packed; /* bytes */
};

/*
 * Begin a stream.
 *
 * Shape   out: where the gzip file goes; plain: sees what is written, packed: sees what goes to out; a sink without a
 *         function sees nothing.
 * Owns    ret_gzip is the caller's, to free with hm_gzip_free(); the sinks' state is borrowed until then
 * Errors  HM_ENOMEM; those of out and packed
 * Source  RFC 1952
 */
enum hm_status hm_gzip_new(struct hm_sink out, struct hm_sink plain, struct hm_sink packed, struct hm_gzip **ret_gzip,
			   struct hm_err *err) HM_MUST;

/* Errors: those of the sinks. */
enum hm_status hm_gzip_write(struct hm_gzip *gzip, const void *ptr, size_t len, struct hm_err *err) HM_MUST;

/* The stream as a sink, for whoever makes the data. Owns: borrows gzip. */
struct hm_sink hm_gzip_sink(struct hm_gzip *gzip);

/*
 * End the stream; nothing may be written after it.
 *
 * Shape   ret_sizes: may be NULL.
 */
enum hm_status hm_gzip_finish(struct hm_gzip *gzip, struct hm_gzip_sizes *ret_sizes, struct hm_err *err) HM_MUST;

struct hm_gzip *hm_gzip_free(struct hm_gzip *gzip);
static inline void hm_gzip_freep(struct hm_gzip **gzip)
{
	*gzip = hm_gzip_free(*gzip);
}

#endif
