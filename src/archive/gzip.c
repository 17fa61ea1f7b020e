#include "archive/gzip.h"

#include "archive/deflate.h"
#include "base/mem.h"
#include "base/own.h"

#include <zlib.h>

struct hm_gzip {
	struct hm_sink out, plain, packed;
	struct hm_deflate *deflate;
	struct hm_gzip_sizes sizes;
	uint32_t crc;
};

static enum hm_status pass_on(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	struct hm_gzip *gzip = ctx;

	enum hm_status st = hm_sink_write(gzip->packed, ptr, len, err);
	if (st == HM_OK)
		st = hm_sink_write(gzip->out, ptr, len, err);
	gzip->sizes.packed += len;
	return st;
}

enum hm_status hm_gzip_new(struct hm_sink out, struct hm_sink plain, struct hm_sink packed, struct hm_gzip **ret_gzip,
			   struct hm_err *err)
{
	/* RFC 1952 2.3: method deflate, no flags, no time, nothing said about the effort, system unknown */
	static const uint8_t header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = hm_calloc(1, sizeof(*gzip));

	if (!gzip)
		return hm_fail(err, HM_R_NO_MEMORY, "a gzip stream");
	gzip->out = out;
	gzip->plain = plain;
	gzip->packed = packed;
	enum hm_status st = hm_deflate_new((struct hm_sink){ pass_on, gzip }, &gzip->deflate, err);
	if (st == HM_OK)
		st = pass_on(gzip, header, sizeof(header), err);
	if (st == HM_OK)
		*ret_gzip = HM_STEAL(gzip);
	return st;
}

enum hm_status hm_gzip_write(struct hm_gzip *gzip, const void *ptr, size_t len, struct hm_err *err)
{
	enum hm_status st = hm_sink_write(gzip->plain, ptr, len, err);

	if (st == HM_OK)
		st = hm_deflate_write(gzip->deflate, ptr, len, err);
	if (len)
		gzip->crc = (uint32_t)crc32_z(gzip->crc, ptr, len);
	gzip->sizes.plain += len;
	return st;
}

static enum hm_status write_sink(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	return hm_gzip_write(ctx, ptr, len, err);
}

struct hm_sink hm_gzip_sink(struct hm_gzip *gzip)
{
	return (struct hm_sink){ write_sink, gzip };
}

enum hm_status hm_gzip_finish(struct hm_gzip *gzip, struct hm_gzip_sizes *ret_sizes, struct hm_err *err)
{
	uint8_t trailer[8];

	enum hm_status st = hm_deflate_finish(gzip->deflate, err);
	if (st != HM_OK)
		return st;
	for (int i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(gzip->crc >> (8 * i));
		trailer[4 + i] = (uint8_t)(gzip->sizes.plain >> (8 * i)); /* modulo 2^32: RFC 1952 2.3.1 */
	}
	st = pass_on(gzip, trailer, sizeof(trailer), err);
	if (st == HM_OK && ret_sizes)
		*ret_sizes = gzip->sizes;
	return st;
}

struct hm_gzip *hm_gzip_free(struct hm_gzip *gzip)
{
	if (gzip)
		hm_deflate_free(gzip->deflate);
	free(gzip);
	return NULL;
}
