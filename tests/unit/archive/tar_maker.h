/*
 * Tar archives made byte by byte, as hm_tar refuses to make them.
 */
#ifndef HM_TESTS_TAR_MAKER_H
#define HM_TESTS_TAR_MAKER_H

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

struct made_entry {
	char type; /* 0: '0' */
	const char *name, *link, *text;
	unsigned mode; /* 0: 0644 */
	long size_add; /* the header says more or less than there is */
	bool bad_sum;
};

static inline void octal(char *field, int digits, long value)
{
	for (field[digits] = '\0'; digits-- > 0; value >>= 3)
		field[digits] = (char)('0' + (value & 7));
}

static inline void make_tar_entry(struct hm_buf *tar, const struct made_entry *e)
{
	char h[512] = { 0 };
	size_t len = e->text ? strlen(e->text) : 0;
	unsigned sum = 0;

	memcpy(h, e->name, strlen(e->name) < 100 ? strlen(e->name) : 100);
	octal(h + 100, 7, e->mode ? e->mode : 0644);
	octal(h + 108, 7, 0);
	octal(h + 116, 7, 0);
	octal(h + 124, 11, ((long)len + e->size_add));
	octal(h + 136, 11, 0);
	memset(h + 148, ' ', 8);
	h[156] = e->type ? e->type : '0';
	if (e->link)
		memcpy(h + 157, e->link, strlen(e->link) < 100 ? strlen(e->link) : 100);
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 6, sum + e->bad_sum);
	hm_buf_add(tar, h, sizeof(h));
	hm_buf_add(tar, e->text ? e->text : "", len);
	while (tar->len % 512)
		hm_buf_add_char(tar, '\0');
}

static inline void make_tar(struct hm_buf *tar, const struct made_entry *entries, size_t count)
{
	for (size_t i = 0; i < count && entries[i].name; i++)
		make_tar_entry(tar, &entries[i]);
	memset(hm_buf_add_space(tar, 1024), 0, 1024);
}

#endif
