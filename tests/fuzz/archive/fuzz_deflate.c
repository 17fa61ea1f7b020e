/* What the compressor makes, zlib unpacks to what went in; and one write or many make the same bytes. */
#include "archive/deflate.h"
#include "base/own.h"

#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_buf compress_parts(const uint8_t *data, size_t size, size_t part)
{
	struct hm_buf out = hm_buf_init(SIZE_MAX / 2);
	struct hm_deflate *deflate = NULL;

	if (hm_deflate_new(hm_sink_buf(&out), &deflate, NULL) != HM_OK)
		__builtin_trap();
	for (size_t at = 0; at < size; at += part) {
		if (hm_deflate_write(deflate, data + at, size - at < part ? size - at : part, NULL) != HM_OK)
			__builtin_trap();
	}
	if (hm_deflate_finish(deflate, NULL) != HM_OK)
		__builtin_trap();
	hm_deflate_free(deflate);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char back[1 << 20];
	HM_OWN(hm_buf_done) struct hm_buf whole = compress_parts(data, size, SIZE_MAX / 2);
	HM_OWN(hm_buf_done) struct hm_buf parts = compress_parts(data, size, 1 + size / 3);
	z_stream z = { .next_in = (unsigned char *)whole.ptr,
		       .avail_in = (unsigned)whole.len,
		       .next_out = back,
		       .avail_out = sizeof(back) };

	if (!hm_str_eq(hm_buf_str(&whole), hm_buf_str(&parts)))
		__builtin_trap();
	if (size > sizeof(back))
		return 0;
	if (inflateInit2(&z, -15) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END || z.avail_in != 0 ||
	    z.total_out != size || (size && memcmp(back, data, size) != 0))
		__builtin_trap();
	inflateEnd(&z);
	return 0;
}
