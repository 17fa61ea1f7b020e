/*
 * Deflate compression whose output is a function of the input and of nothing else.
 *
 * An image layer's digest is the digest of compressed bytes, and must be equal on every machine. zlib promises that its
 * output can be read, not that it stays the same: versions differ, distributions replace it by zlib-ng, and some
 * processors compress in hardware. So the compressor is part of hallmark. Its output does not depend on the machine,
 * its byte order, the number of processors, the C library, or on how the input is cut into writes; a change of its
 * tables or of its search is a change of every layer's digest, which tests/unit/archive pins.
 *
 * Not here: decompression, which is zlib's; the gzip frame (gzip.h).
 * Layer 3. Not locked: one thread at a time; several compressors are independent.
 */
#ifndef HM_ARCHIVE_DEFLATE_H
#define HM_ARCHIVE_DEFLATE_H

#include "base/err.h"
#include "base/sink.h"

#include <stddef.h>

struct hm_deflate;

/*
 * Begin a stream that goes to out.
 *
 * Owns    ret_deflate is the caller's, to free with hm_deflate_free(); out's state is borrowed until then
 * Errors  HM_ENOMEM: it takes 2 MiB
 */
enum hm_status hm_deflate_new(struct hm_sink out, struct hm_deflate **ret_deflate, struct hm_err *err) HM_MUST;

/* Compress some more. Errors: those of the sink. */
enum hm_status hm_deflate_write(struct hm_deflate *deflate, const void *ptr, size_t len, struct hm_err *err) HM_MUST;

/* End the stream; nothing may be written after it. Errors: those of the sink. */
enum hm_status hm_deflate_finish(struct hm_deflate *deflate, struct hm_err *err) HM_MUST;

struct hm_deflate *hm_deflate_free(struct hm_deflate *deflate);

#endif
