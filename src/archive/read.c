#include "archive/read.h"

#include "archive/path.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

enum { chunk = 64 * 1024, sniff_len = 4 };

/* Names that were seen, as an open-addressed set of their clean forms; power of two slots, at most half full. */
struct name_set {
	struct hm_arena arena;
	struct hm_str *slots;
	size_t cap, count;
};

struct hm_archive {
	const char *name;
	struct hm_archive_opts opts;
	struct hm_archive_entry entry;
	struct hm_buf path, link;
	struct name_set names;
	uint64_t entries, out, in; /* what was counted so far */
	bool copied;               /* the current file's content */

	/* tar */
	struct archive *tar; /* NULL: it is a zip */
	int fd;
	struct hm_str bytes;
	uint8_t *buf;
	size_t sniffed; /* bytes at the front of buf that were read to see what it is */
	int read_errno;

	/* zip */
	struct hm_zip zip;
	size_t next;
	struct hm_zip_reader reader;
};

static uint64_t limit_or(uint64_t limit, uint64_t standard)
{
	return limit ? limit : standard;
}

/* --- names seen --- */

static uint64_t hash_name(struct hm_str s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: long probes cost time only, and entries are limited */

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

static struct hm_str *slot_of(struct hm_str *slots, size_t cap, struct hm_str name)
{
	size_t i = hash_name(name) & (cap - 1);

	while (slots[i].ptr && !hm_str_eq(slots[i], name))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static bool grow_names(struct name_set *set)
{
	size_t cap = set->cap ? set->cap * 2 : 256;
	struct hm_str *slots = hm_calloc(cap, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < set->cap; i++) {
		if (set->slots[i].ptr)
			*slot_of(slots, cap, set->slots[i]) = set->slots[i];
	}
	free(set->slots);
	set->slots = slots;
	set->cap = cap;
	return true;
}

static enum hm_status note_name(struct hm_archive *a, struct hm_str name, struct hm_err *err)
{
	struct name_set *set = &a->names;

	if (a->opts.allow_twice)
		return HM_OK;
	if (2 * set->count >= set->cap && !grow_names(set))
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", a->name);
	struct hm_str *slot = slot_of(set->slots, set->cap, name);
	if (slot->ptr)
		return hm_fail(err, HM_R_ARCHIVE_TWICE, "'%s': '%.*s' stands there twice", a->name,
			       HM_STR_ARG(hm_str_head(name, 200)));
	*slot = hm_arena_dup(&set->arena, name);
	set->count++;
	return hm_arena_check(&set->arena, "the names of an archive", err);
}

/* --- tar, through libarchive --- */

static la_ssize_t feed(struct archive *tar, void *ctx, const void **ret_block)
{
	struct hm_archive *a = ctx;

	(void)tar;
	*ret_block = a->buf;
	if (a->sniffed) {
		size_t n = a->sniffed;
		a->sniffed = 0;
		a->in += n;
		return (la_ssize_t)n;
	}
	if (a->fd < 0) {
		size_t n = a->bytes.len < chunk ? a->bytes.len : chunk;
		*ret_block = a->bytes.ptr;
		a->bytes = hm_str_skip(a->bytes, n);
		a->in += n;
		return (la_ssize_t)n;
	}
	ssize_t n;
	do
		n = read(a->fd, a->buf, chunk);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		a->read_errno = errno;
		archive_set_error(tar, errno, "read");
		return ARCHIVE_FATAL;
	}
	a->in += (uint64_t)n;
	return n;
}

static enum hm_status tar_failure(const struct hm_archive *a, struct hm_err *err)
{
	const char *text = archive_error_string(a->tar);

	if (a->read_errno)
		return hm_fail_errno(err, a->read_errno, "read '%s'", a->name);
	if (archive_errno(a->tar) == ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", a->name);
	return hm_fail(err, HM_R_ARCHIVE_FORMAT, "'%s': %s", a->name, text ? text : "it is malformed");
}

static enum hm_status open_tar(struct hm_archive *a, struct hm_err *err)
{
	a->tar = archive_read_new();
	if (!a->tar)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", a->name);
	/* only what is named here is ever tried: no other format, no filter that starts a program */
	archive_read_support_format_tar(a->tar);
	archive_read_support_filter_gzip(a->tar);
	archive_read_support_filter_zstd(a->tar);
	if (archive_read_open(a->tar, a, NULL, feed, NULL) != ARCHIVE_OK)
		return tar_failure(a, err);
	return HM_OK;
}

/* Text of an entry's header; libarchive keeps it in the form that it had. */
static struct hm_str tar_text(const char *raw, const char *utf8)
{
	return hm_str(raw ? raw : utf8 ? utf8 : "");
}

static enum hm_status tar_kind(struct hm_archive *a, struct archive_entry *e, struct hm_err *err)
{
	struct hm_archive_entry *entry = &a->entry;

	if (archive_entry_sparse_count(e) > 0)
		return hm_fail(err, HM_R_ARCHIVE_KIND, "'%s': '%s' is a sparse file", a->name, a->path.ptr);
	entry->kind = HM_ARCHIVE_FILE;
	if (archive_entry_hardlink(e) || archive_entry_hardlink_utf8(e))
		entry->kind = HM_ARCHIVE_HARDLINK;
	else if (archive_entry_filetype(e) == AE_IFDIR)
		entry->kind = HM_ARCHIVE_DIR;
	else if (archive_entry_filetype(e) == AE_IFLNK)
		entry->kind = HM_ARCHIVE_SYMLINK;
	else if (archive_entry_filetype(e) != AE_IFREG)
		return hm_fail(err, HM_R_ARCHIVE_KIND, "'%s': '%s' is a device, a pipe or a socket", a->name,
			       a->path.ptr);

	if (entry->kind == HM_ARCHIVE_SYMLINK) {
		entry->link = tar_text(archive_entry_symlink(e), archive_entry_symlink_utf8(e));
		enum hm_status st = hm_archive_check_link(entry->path, entry->link, err);
		return hm_while(err, st, "read '%s'", a->name);
	}
	if (entry->kind == HM_ARCHIVE_HARDLINK) {
		struct hm_str target = tar_text(archive_entry_hardlink(e), archive_entry_hardlink_utf8(e));
		enum hm_status st = hm_archive_clean_path(target, &a->link, err);
		entry->link = hm_buf_str(&a->link);
		return hm_while(err, st, "read '%s'", a->name);
	}
	if (entry->kind == HM_ARCHIVE_FILE)
		entry->size = archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0;
	return HM_OK;
}

/* How much came out of what went in so far. */
static enum hm_status check_flow(const struct hm_archive *a, struct hm_err *err)
{
	uint64_t ratio = limit_or(a->opts.limits.ratio, HM_MAX_ARCHIVE_RATIO);

	if (a->out > limit_or(a->opts.limits.total_size, HM_MAX_ARCHIVE_TOTAL))
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s' unpacks to more than %" PRIu64 " bytes", a->name,
			       limit_or(a->opts.limits.total_size, HM_MAX_ARCHIVE_TOTAL));
	if (a->out > HM_ARCHIVE_RATIO_FROM && a->out / ratio > a->in)
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s' unpacks to more than %" PRIu64 " times its size", a->name,
			       ratio);
	return HM_OK;
}

static enum hm_status tar_copy(struct hm_archive *a, struct hm_sink out, struct hm_err *err)
{
	HM_OWN(hm_freep) char *bytes = hm_malloc(chunk);
	uint64_t done = 0;

	a->copied = true;
	if (!bytes)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", a->name);
	for (;;) {
		la_ssize_t n = archive_read_data(a->tar, bytes, chunk);
		if (n < 0)
			return tar_failure(a, err);
		if (n == 0)
			break;
		HM_PLANT(a->entries > 1 && done == 0 && (bytes[0] & 0x80));
		done += (uint64_t)n;
		a->out += (uint64_t)n;
		enum hm_status st = check_flow(a, err);
		if (st == HM_OK && done <= a->entry.size)
			st = hm_sink_write(out, bytes, (size_t)n, err);
		if (st != HM_OK)
			return st;
	}
	if (done != a->entry.size)
		return hm_fail(err, HM_R_ARCHIVE_DAMAGED, "'%s': '%s' has not the size that its header says", a->name,
			       a->path.ptr);
	return HM_OK;
}

static enum hm_status tar_next(struct hm_archive *a, bool *ret_end, struct hm_err *err)
{
	struct archive_entry *e;
	enum hm_status st = HM_OK;

	/* what nobody wanted is read all the same: passing over it would unpack it without counting */
	if (a->entry.kind == HM_ARCHIVE_FILE && a->entry.size && !a->copied)
		st = tar_copy(a, (struct hm_sink){ 0 }, err);
	if (st != HM_OK)
		return st;
	int answer = archive_read_next_header(a->tar, &e);
	*ret_end = answer == ARCHIVE_EOF;
	if (answer == ARCHIVE_EOF)
		return HM_OK;
	if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN)
		return tar_failure(a, err);
	/* one filter beside the plain bytes: a gzip within a gzip is there to get round the limits */
	if (archive_filter_count(a->tar) > 2)
		return hm_fail(err, HM_R_ARCHIVE_FORMAT, "'%s' is compressed several times over", a->name);
	struct hm_str path = tar_text(archive_entry_pathname(e), archive_entry_pathname_utf8(e));
	st = hm_archive_clean_path(path, &a->path, err);
	if (st != HM_OK)
		return hm_while(err, st, "read '%s'", a->name);
	a->copied = false;
	a->entry = (struct hm_archive_entry){
		.path = hm_buf_str(&a->path),
		.mode = (uint32_t)archive_entry_perm(e) & 07777,
		.mtime_s = archive_entry_mtime(e),
	};
	return tar_kind(a, e, err);
}

/* --- zip --- */

static enum hm_status zip_next(struct hm_archive *a, bool *ret_end, struct hm_err *err)
{
	*ret_end = a->next == a->zip.count;
	if (*ret_end)
		return HM_OK;
	const struct hm_zip_entry *e = &a->zip.entries[a->next++];
	enum hm_status st = hm_archive_clean_path(e->name, &a->path, err);
	if (st != HM_OK)
		return hm_while(err, st, "read '%s'", a->name);
	bool is_dir = e->name.ptr[e->name.len - 1] == '/';
	uint32_t type = e->mode & S_IFMT;
	if (type != 0 && type != (is_dir ? (uint32_t)S_IFDIR : (uint32_t)S_IFREG))
		return hm_fail(err, HM_R_ARCHIVE_KIND, "'%s': '%s' is a link or a device", a->name, a->path.ptr);
	if (is_dir && e->size)
		return hm_fail(err, HM_R_ARCHIVE_FORMAT, "'%s': the folder '%s' has content", a->name, a->path.ptr);
	a->entry = (struct hm_archive_entry){
		.path = hm_buf_str(&a->path),
		.kind = is_dir ? HM_ARCHIVE_DIR : HM_ARCHIVE_FILE,
		.mode = e->mode  ? e->mode & 07777
			: is_dir ? 0755
				 : 0644,
		.size = e->size,
	};
	return HM_OK;
}

/* --- both --- */

enum hm_status hm_archive_next(struct hm_archive *a, const struct hm_archive_entry **ret_entry, struct hm_err *err)
{
	bool end = false;

	do {
		enum hm_status st = a->tar ? tar_next(a, &end, err) : zip_next(a, &end, err);
		if (st != HM_OK)
			return st;
	} while (!end && a->path.len == 0 && a->entry.kind == HM_ARCHIVE_DIR);
	if (end) {
		*ret_entry = NULL;
		return HM_OK;
	}
	if (a->path.len == 0)
		return hm_fail(err, HM_R_ARCHIVE_PATH, "'%s': a file has no name", a->name);
	if (++a->entries > limit_or(a->opts.limits.entries, HM_MAX_ARCHIVE_ENTRIES))
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s' holds more than %" PRIu64 " entries", a->name,
			       a->entries - 1);
	if (a->entry.size > limit_or(a->opts.limits.file_size, HM_MAX_ARCHIVE_FILE))
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s': '%s' has %" PRIu64 " bytes", a->name, a->path.ptr,
			       a->entry.size);
	enum hm_status st = note_name(a, a->entry.path, err);
	if (st == HM_OK)
		*ret_entry = &a->entry;
	return st;
}

enum hm_status hm_archive_copy(struct hm_archive *a, struct hm_sink out, struct hm_err *err)
{
	if (a->entry.kind != HM_ARCHIVE_FILE || a->copied)
		return a->copied ? hm_fail(err, HM_R_BUG, "'%s' is read twice", a->path.ptr) : HM_OK;
	return a->tar ? tar_copy(a, out, err)
		      : hm_zip_read(&a->zip, &a->zip.entries[a->next - 1], &a->reader, out, err);
}

static enum hm_status sniff(struct hm_archive *a, bool *ret_is_zip, struct hm_err *err)
{
	while (a->fd >= 0 && a->sniffed < sniff_len) {
		ssize_t n = read(a->fd, a->buf + a->sniffed, chunk - a->sniffed);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", a->name);
		if (n == 0)
			break;
		a->sniffed += (size_t)n;
	}
	struct hm_str front = a->fd >= 0 ? hm_str_of(a->buf, a->sniffed) : a->bytes;
	*ret_is_zip = hm_str_has_prefix(front, HM_STR("PK\x03\x04")) || hm_str_has_prefix(front, HM_STR("PK\x05\x06"));
	return HM_OK;
}

static enum hm_status open_any(int fd, struct hm_str bytes, const char *name, const struct hm_archive_opts *opts,
			       struct hm_archive **ret_archive, struct hm_err *err)
{
	HM_OWN(hm_archive_freep) struct hm_archive *a = hm_calloc(1, sizeof(*a));
	bool is_zip = false;

	if (!a || !(a->buf = hm_malloc(chunk)))
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", name);
	a->name = name;
	a->opts = opts ? *opts : (struct hm_archive_opts){ .allow_twice = false };
	a->path = hm_buf_init(HM_MAX_ARCHIVE_PATH);
	a->link = hm_buf_init(HM_MAX_ARCHIVE_PATH);
	a->names.arena = hm_arena_init(SIZE_MAX / 2); /* bounded by the limits on entries and names */
	a->fd = fd;
	a->bytes = bytes;
	enum hm_status st = sniff(a, &is_zip, err);
	if (st == HM_OK && !is_zip)
		st = open_tar(a, err);
	else if (st == HM_OK && fd < 0)
		st = hm_zip_open_memory(bytes, &a->opts.limits, &a->zip, err);
	else if (st == HM_OK)
		st = hm_zip_open_fd(fd, name, &a->opts.limits, &a->zip, err);
	if (st == HM_OK)
		*ret_archive = HM_STEAL(a);
	return st;
}

enum hm_status hm_archive_open(int fd, const char *name, const struct hm_archive_opts *opts,
			       struct hm_archive **ret_archive, struct hm_err *err)
{
	return open_any(fd, (struct hm_str){ 0 }, name, opts, ret_archive, err);
}

enum hm_status hm_archive_open_memory(struct hm_str bytes, const char *name, const struct hm_archive_opts *opts,
				      struct hm_archive **ret_archive, struct hm_err *err)
{
	return open_any(-1, bytes, name, opts, ret_archive, err);
}

bool hm_archive_allows_twice(const struct hm_archive *a)
{
	return a->opts.allow_twice;
}

struct hm_archive *hm_archive_free(struct hm_archive *a)
{
	if (!a)
		return NULL;
	if (a->tar)
		archive_read_free(a->tar);
	hm_zip_reader_done(&a->reader);
	hm_zip_done(&a->zip);
	hm_buf_done(&a->path);
	hm_buf_done(&a->link);
	hm_arena_done(&a->names.arena);
	free(a->names.slots);
	free(a->buf);
	free(a);
	return NULL;
}
