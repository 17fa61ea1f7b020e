#include "archive/tar.h"

#include "archive/path.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { block = 512, name_len = 100, prefix_len = 155 };

/* POSIX.1-1988 ustar; all text is NUL-padded, all numbers octal text. */
struct header {
	char name[name_len], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], typeflag, linkname[name_len];
	char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[prefix_len], pad[12];
};
_Static_assert(sizeof(struct header) == block, "a ustar header is one block");

static const uint64_t max_octal = 077777777777; /* of a 12-byte field */

static const char zeros[2 * block];

void hm_tar_init(struct hm_tar *tar, struct hm_sink out)
{
	*tar = (struct hm_tar){ .out = out };
}

/* Octal digits to the field's end but for its last byte, a NUL. */
static void put_octal(char *field, size_t size, uint64_t value)
{
	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

static void put_text(char *field, struct hm_str text)
{
	if (text.len)
		memcpy(field, text.ptr, text.len);
}

static void put_checksum(struct header *h)
{
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < block; i++)
		sum += ((const unsigned char *)h)[i];
	put_octal(h->checksum, 7, sum); /* six digits, NUL, blank: as every tar has written it since V7 */
}

static struct header make_header(char typeflag, uint32_t mode, uint64_t size, uint64_t mtime_s)
{
	struct header h = { .typeflag = typeflag, .magic = "ustar", .version = { '0', '0' } };

	put_octal(h.mode, sizeof(h.mode), mode & 07777);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.size, sizeof(h.size), size);
	put_octal(h.mtime, sizeof(h.mtime), mtime_s);
	put_octal(h.devmajor, sizeof(h.devmajor), 0);
	put_octal(h.devminor, sizeof(h.devminor), 0);
	return h;
}

/* Where a name can be cut into prefix and name, or 0 where it fits whole; -1: it cannot. */
static ptrdiff_t split_name(struct hm_str path)
{
	if (path.len <= name_len)
		return 0;
	for (size_t i = path.len - name_len - 1; i < path.len - 1 && i <= prefix_len; i++) {
		if (path.ptr[i] == '/' && i > 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

/* The name as it stands in the archive: a folder's ends with a slash. */
static struct hm_str stored_name(const struct hm_tar_entry *entry, char buf[HM_MAX_ARCHIVE_PATH + 1])
{
	memcpy(buf, entry->path.ptr, entry->path.len);
	buf[entry->path.len] = '/';
	return hm_str_of(buf, entry->path.len + (entry->kind == HM_ARCHIVE_DIR));
}

/* --- pax: "LENGTH key=value\n", where LENGTH counts itself --- */

static void add_record(struct hm_buf *pax, const char *key, struct hm_str value)
{
	size_t rest = strlen(key) + value.len + 3, len = rest + 1;

	for (size_t digits = 1, power = 10; len >= power; digits++, power *= 10)
		len = rest + digits + 1;
	hm_buf_addf(pax, "%zu %s=", len, key);
	hm_buf_add_str(pax, value);
	hm_buf_add_char(pax, '\n');
}

static void add_number(struct hm_buf *pax, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_record(pax, key, hm_str(text));
}

static enum hm_status write_pax(struct hm_tar *tar, const struct hm_tar_entry *entry, struct hm_str name,
				struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pax = hm_buf_init(4 * HM_MAX_ARCHIVE_PATH);

	/* in the order of the keys' bytes */
	if (entry->link.len > name_len || !hm_str_is_printable(entry->link))
		add_record(&pax, "linkpath", entry->link);
	if ((uint64_t)entry->mtime_s > max_octal)
		add_number(&pax, "mtime", (uint64_t)entry->mtime_s);
	if (split_name(name) < 0 || !hm_str_is_printable(name))
		add_record(&pax, "path", name);
	if (entry->size > max_octal)
		add_number(&pax, "size", entry->size);
	enum hm_status st = hm_buf_check(&pax, "a pax header", err);
	if (st != HM_OK || pax.len == 0)
		return st;

	struct header h = make_header('x', 0644, pax.len, 0);
	put_text(h.name, HM_STR("PaxHeaders/entry"));
	put_checksum(&h);
	st = hm_sink_write(tar->out, &h, sizeof(h), err);
	if (st == HM_OK)
		st = hm_sink_write(tar->out, pax.ptr, pax.len, err);
	return st == HM_OK ? hm_sink_write(tar->out, zeros, -pax.len % block, err) : st;
}

/* --- entries --- */

static enum hm_status check_complete(const struct hm_tar *tar, struct hm_err *err)
{
	if (tar->left)
		return hm_fail(err, HM_R_ARCHIVE_ENTRY, "%" PRIu64 " bytes of an entry are missing", tar->left);
	return HM_OK;
}

static enum hm_status check_entry(const struct hm_tar_entry *entry, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(HM_MAX_ARCHIVE_PATH);
	bool is_link = entry->kind == HM_ARCHIVE_SYMLINK || entry->kind == HM_ARCHIVE_HARDLINK;

	enum hm_status st = hm_archive_clean_path(entry->path, &clean, err);
	if (st == HM_OK && entry->kind == HM_ARCHIVE_SYMLINK)
		st = hm_archive_check_link(entry->path, entry->link, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_eq(hm_buf_str(&clean), entry->path) || clean.len == 0)
		return hm_fail(err, HM_R_ARCHIVE_ENTRY, "the name '%.*s' is not written as '%s'",
			       HM_STR_ARG(hm_str_head(entry->path, 200)), clean.ptr);
	if ((entry->kind != HM_ARCHIVE_FILE && entry->size) || is_link != (entry->link.len > 0) || entry->mtime_s < 0 ||
	    entry->size > INT64_MAX)
		return hm_fail(err, HM_R_ARCHIVE_ENTRY, "'%.*s' has a size, a time or a link that its kind cannot have",
			       HM_STR_ARG(hm_str_head(entry->path, 200)));
	return entry->kind == HM_ARCHIVE_HARDLINK ? hm_archive_clean_path(entry->link, &clean, err) : HM_OK;
}

enum hm_status hm_tar_begin(struct hm_tar *tar, const struct hm_tar_entry *entry, struct hm_err *err)
{
	static const char typeflags[] = {
		[HM_ARCHIVE_FILE] = '0', [HM_ARCHIVE_DIR] = '5', [HM_ARCHIVE_SYMLINK] = '2', [HM_ARCHIVE_HARDLINK] = '1'
	};
	char stored[HM_MAX_ARCHIVE_PATH + 1];

	enum hm_status st = check_complete(tar, err);
	if (st == HM_OK)
		st = check_entry(entry, err);
	if (st != HM_OK)
		return st;
	struct hm_str name = stored_name(entry, stored);
	st = write_pax(tar, entry, name, err);
	if (st != HM_OK)
		return st;

	/* a pax header overrides what did not fit here; it is cut, for readers that know only ustar */
	struct header h = make_header(typeflags[entry->kind], entry->mode, entry->size > max_octal ? 0 : entry->size,
				      (uint64_t)entry->mtime_s > max_octal ? 0 : (uint64_t)entry->mtime_s);
	ptrdiff_t cut = split_name(name);
	if (cut > 0) {
		put_text(h.prefix, hm_str_head(name, (size_t)cut));
		put_text(h.name, hm_str_skip(name, (size_t)cut + 1));
	} else {
		put_text(h.name, hm_str_head(name, name_len));
	}
	put_text(h.linkname, hm_str_head(entry->link, name_len));
	put_checksum(&h);
	tar->left = entry->size;
	tar->pad = (unsigned)(-entry->size % block);
	return hm_sink_write(tar->out, &h, sizeof(h), err);
}

enum hm_status hm_tar_write(struct hm_tar *tar, const void *ptr, size_t len, struct hm_err *err)
{
	if (len > tar->left)
		return hm_fail(err, HM_R_ARCHIVE_ENTRY, "%" PRIu64 " bytes more than the entry's size",
			       len - tar->left);
	if (len == 0)
		return HM_OK;
	enum hm_status st = hm_sink_write(tar->out, ptr, len, err);
	tar->left -= len;
	if (st == HM_OK && tar->left == 0 && tar->pad)
		st = hm_sink_write(tar->out, zeros, tar->pad, err);
	return st;
}

enum hm_status hm_tar_add(struct hm_tar *tar, const struct hm_tar_entry *entry, struct hm_str content,
			  struct hm_err *err)
{
	enum hm_status st = hm_tar_begin(tar, entry, err);

	if (st == HM_OK)
		st = hm_tar_write(tar, content.ptr, content.len, err);
	return st == HM_OK ? check_complete(tar, err) : st;
}

enum hm_status hm_tar_add_fd(struct hm_tar *tar, const struct hm_tar_entry *entry, int fd, const char *name,
			     struct hm_err *err)
{
	char chunk[64 * 1024];

	enum hm_status st = hm_tar_begin(tar, entry, err);
	while (st == HM_OK) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", name);
		if (n == 0)
			return hm_while(err, check_complete(tar, err), "add '%s'", name);
		st = hm_while(err, hm_tar_write(tar, chunk, (size_t)n, err), "add '%s'", name);
	}
	return st;
}

enum hm_status hm_tar_finish(struct hm_tar *tar, struct hm_err *err)
{
	enum hm_status st = check_complete(tar, err);

	return st == HM_OK ? hm_sink_write(tar->out, zeros, sizeof(zeros), err) : st;
}
