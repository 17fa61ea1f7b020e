/*
 * Zip archives made byte by byte, so that each of their fields can lie.
 */
#ifndef HM_TESTS_ZIP_MAKER_H
#define HM_TESTS_ZIP_MAKER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <zlib.h>

struct made_file {
	const char *name, *text;
	bool deflated, descriptor;
	/* lies; 0 is the truth */
	uint32_t crc_add;            /* in both headers */
	int size_add, packed_add;    /* in both headers */
	int local_size_add;          /* in the local header only */
	const char *local_name;      /* in the local header only */
	uint16_t flags, local_flags; /* added */
	uint16_t method;             /* instead, when not 0 */
	int offset_add;              /* where the directory says the local header stands */
	uint32_t mode;
	const void *extra; /* in the directory */
	uint16_t extra_len;
	bool no_local;   /* a directory entry without a file of its own: at offset 0 */
	const char *gap; /* bytes before the local header */
};

static inline void le(struct hm_buf *buf, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		hm_buf_add_char(buf, (char)(i < 8 ? value >> (8 * i) : 0));
}

static inline void made_sizes(struct hm_buf *buf, uint32_t crc, size_t packed, size_t size)
{
	le(buf, crc, 4);
	le(buf, packed, 4);
	le(buf, size, 4);
}

static inline size_t made_pack(const struct made_file *f, unsigned char *out, size_t cap)
{
	size_t len = strlen(f->text);

	if (!f->deflated) {
		memcpy(out, f->text, len);
		return len;
	}
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)f->text,
		       .avail_in = (unsigned)len,
		       .next_out = out,
		       .avail_out = (unsigned)cap };
	if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, 0) != Z_OK || deflate(&z, Z_FINISH) != Z_STREAM_END)
		return 0;
	deflateEnd(&z);
	return z.total_out;
}

/* The local header, the data and the descriptor; then the directory's header into dir. */
static inline void make_file(struct hm_buf *zip, struct hm_buf *dir, const struct made_file *f)
{
	unsigned char packed[4096];
	const char *local_name = f->local_name ? f->local_name : f->name;
	size_t len = made_pack(f, packed, sizeof(packed)), size = strlen(f->text);
	uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)f->text, (unsigned)size) + f->crc_add;
	uint16_t flags = (uint16_t)(f->flags | (f->descriptor ? 8 : 0));
	uint16_t method = f->method ? f->method : f->deflated ? 8 : 0;
	size_t said_packed = len + (size_t)f->packed_add, said_size = size + (size_t)f->size_add;

	if (f->gap)
		hm_buf_add_cstr(zip, f->gap);
	size_t at = f->no_local ? 0 : zip->len;
	if (!f->no_local) {
		le(zip, 0x04034b50, 4);
		le(zip, 20, 2);
		le(zip, flags | f->local_flags, 2);
		le(zip, method, 2);
		le(zip, 0, 4);
		if (f->descriptor)
			made_sizes(zip, 0, 0, 0);
		else
			made_sizes(zip, crc, said_packed, said_size + (size_t)f->local_size_add);
		le(zip, strlen(local_name), 2);
		le(zip, 0, 2);
		hm_buf_add_cstr(zip, local_name);
		hm_buf_add(zip, packed, len);
		if (f->descriptor) {
			le(zip, 0x08074b50, 4);
			made_sizes(zip, crc, said_packed, said_size + (size_t)f->local_size_add);
		}
	}
	le(dir, 0x02014b50, 4);
	le(dir, f->mode ? 3 << 8 | 20 : 20, 2);
	le(dir, 20, 2);
	le(dir, flags, 2);
	le(dir, method, 2);
	le(dir, 0, 4);
	made_sizes(dir, crc, said_packed, said_size);
	le(dir, strlen(f->name), 2);
	le(dir, f->extra_len, 2);
	le(dir, 0, 2 + 2 + 2);
	le(dir, (uint64_t)f->mode << 16, 4);
	le(dir, at + (size_t)f->offset_add, 4);
	hm_buf_add_cstr(dir, f->name);
	if (f->extra_len)
		hm_buf_add(dir, f->extra, f->extra_len);
}

struct made_end {
	int count_add, offset_add, size_add;
	const char *comment, *tail, *before_dir; /* tail: bytes behind the end */
};

static inline void make_zip(struct hm_buf *zip, const struct made_file *files, size_t count, const struct made_end *end)
{
	static const struct made_end honest = { 0 };
	struct hm_buf dir = hm_buf_init(1024 * 1024);
	const struct made_end *e = end ? end : &honest;

	for (size_t i = 0; i < count; i++)
		make_file(zip, &dir, &files[i]);
	if (e->before_dir)
		hm_buf_add_cstr(zip, e->before_dir);
	size_t at = zip->len;
	hm_buf_add_str(zip, hm_buf_str(&dir));
	le(zip, 0x06054b50, 4);
	le(zip, 0, 4);
	le(zip, count + (size_t)e->count_add, 2);
	le(zip, count + (size_t)e->count_add, 2);
	le(zip, dir.len + (size_t)e->size_add, 4);
	le(zip, at + (size_t)e->offset_add, 4);
	le(zip, e->comment ? strlen(e->comment) : 0, 2);
	if (e->comment)
		hm_buf_add_cstr(zip, e->comment);
	if (e->tail)
		hm_buf_add_cstr(zip, e->tail);
	hm_buf_done(&dir);
}

#endif
