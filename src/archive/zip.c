#include "archive/zip.h"

#include "archive/path.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include <zlib.h>

enum {
	end_len = 22,
	end64_locator_len = 20,
	end64_len = 56,
	central_len = 46,
	local_len = 30,
	chunk = 64 * 1024,
	flag_encrypted = 1 << 0,
	flag_descriptor = 1 << 3,
	flag_utf8 = 1 << 11,
	method_stored = 0,
	method_deflated = 8,
	extra_zip64 = 0x0001,
	extra_unicode_path = 0x7075,
	made_on_unix = 3,
};

static const uint32_t end_sig = 0x06054b50, end64_sig = 0x06064b50, end64_locator_sig = 0x07064b50,
		      central_sig = 0x02014b50, local_sig = 0x04034b50, descriptor_sig = 0x08074b50;

/* --- bytes --- */

static uint64_t load(const uint8_t *p, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)load(p, 2);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)load(p, 4);
}

static enum hm_status malformed(const struct hm_zip *zip, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_ARCHIVE_FORMAT, "'%s': %s", zip->path, what);
}

static enum hm_status malformed_entry(const struct hm_zip *zip, struct hm_str name, const char *what,
				      struct hm_err *err)
{
	return hm_fail(err, HM_R_ARCHIVE_FORMAT, "'%s': '%.*s' %s", zip->path, HM_STR_ARG(hm_str_head(name, 200)),
		       what);
}

/* Exactly len bytes from offset on; the caller knows that they are inside the file. */
static enum hm_status read_at(const struct hm_zip *zip, uint64_t offset, void *ret_bytes, size_t len,
			      struct hm_err *err)
{
	if (zip->fd < 0) {
		memcpy(ret_bytes, zip->bytes.ptr + offset, len);
		return HM_OK;
	}
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(zip->fd, (char *)ret_bytes + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", zip->path);
		if (n == 0)
			return malformed(zip, "it became shorter while it was read", err);
		done += (size_t)n;
	}
	return HM_OK;
}

/* --- the end record --- */

struct directory {
	uint64_t offset, size, count;
};

/* Records of over 65,535 entries or 4 GiB: APPNOTE 4.3.14 and 4.3.15. at: where the ordinary end record stands. */
static enum hm_status read_end64(const struct hm_zip *zip, uint64_t at, struct directory *ret_dir, struct hm_err *err)
{
	uint8_t locator[end64_locator_len], end[end64_len];

	if (at < end64_locator_len + end64_len)
		return malformed(zip, "it has no zip64 end record", err);
	uint64_t record_at = at - end64_locator_len - end64_len;
	enum hm_status st = read_at(zip, at - end64_locator_len, locator, sizeof(locator), err);
	if (st == HM_OK)
		st = read_at(zip, record_at, end, sizeof(end), err);
	if (st != HM_OK)
		return st;
	if (load32(locator) != end64_locator_sig || load32(locator + 4) != 0 || load(locator + 8, 8) != record_at ||
	    load32(locator + 16) != 1 || load32(end) != end64_sig || load(end + 4, 8) != end64_len - 12 ||
	    load32(end + 16) != 0 || load32(end + 20) != 0 || load(end + 24, 8) != load(end + 32, 8))
		return malformed(zip, "its zip64 end record is malformed", err);
	*ret_dir = (struct directory){ load(end + 48, 8), load(end + 40, 8), load(end + 32, 8) };
	if (ret_dir->offset > record_at || ret_dir->size != record_at - ret_dir->offset)
		return malformed(zip, "its directory does not end where its end record begins", err);
	return HM_OK;
}

/* The end record stands where its comment reaches exactly to the end of the file: APPNOTE 4.3.16. */
static enum hm_status find_end(const struct hm_zip *zip, uint64_t *ret_at, uint8_t ret_end[end_len], struct hm_err *err)
{
	uint64_t len = zip->size < end_len + 0xffff ? zip->size : end_len + 0xffff;
	HM_OWN(hm_freep) uint8_t *tail = hm_malloc(len);

	if (!tail)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", zip->path);
	enum hm_status st = read_at(zip, zip->size - len, tail, len, err);
	if (st != HM_OK)
		return st;
	for (uint64_t i = len < end_len ? 0 : len - end_len + 1; i-- > 0;) {
		if (load32(tail + i) != end_sig || load16(tail + i + 20) != len - i - end_len)
			continue;
		memcpy(ret_end, tail + i, end_len);
		*ret_at = zip->size - len + i;
		return HM_OK;
	}
	return malformed(zip, "it is no zip archive, or its end is cut off", err);
}

static enum hm_status read_end(const struct hm_zip *zip, struct directory *ret_dir, struct hm_err *err)
{
	uint8_t end[end_len] = { 0 };
	uint64_t at = 0;

	enum hm_status st = find_end(zip, &at, end, err);
	if (st != HM_OK)
		return st;
	if (load16(end + 4) == 0xffff || load16(end + 8) == 0xffff || load16(end + 10) == 0xffff ||
	    load32(end + 12) == UINT32_MAX || load32(end + 16) == UINT32_MAX)
		return read_end64(zip, at, ret_dir, err);
	*ret_dir = (struct directory){ load32(end + 16), load32(end + 12), load16(end + 10) };
	if (load16(end + 4) != 0 || load16(end + 6) != 0 || load16(end + 8) != ret_dir->count)
		return malformed(zip, "it is one of several volumes", err);
	if (ret_dir->offset > at || ret_dir->size != at - ret_dir->offset)
		return malformed(zip, "its directory does not end where its end record begins", err);
	return HM_OK;
}

/* --- the directory --- */

struct central {
	uint64_t header; /* where the local header stands */
	uint16_t flags;
};

/*
 * The extra fields: APPNOTE 4.5. A zip64 field holds, in this order, those of the wanted values that did not fit.
 *
 * Shape   wide: addresses of the values whose 32 bits are all ones, in order.
 */
static const char *read_extra(const uint8_t *extra, size_t len, uint64_t *const *wide, size_t wide_count)
{
	bool seen = false;

	while (len >= 4) {
		uint16_t id = load16(extra), size = load16(extra + 2);
		if (size > len - 4)
			return "has an extra field that is cut off";
		if (id == extra_unicode_path)
			return "has a second name"; /* other readers would use it */
		if (id == extra_zip64) {
			if (seen || size < 8 * wide_count)
				return "has a malformed zip64 field";
			for (size_t i = 0; i < wide_count; i++)
				*wide[i] = load(extra + 4 + 8 * i, 8);
			seen = true;
		}
		extra += 4 + size;
		len -= 4 + size;
	}
	if (len != 0)
		return "has an extra field that is cut off";
	return wide_count && !seen ? "has no zip64 field" : NULL;
}

static enum hm_status check_name(const struct hm_zip *zip, struct hm_str name, struct hm_buf *scratch,
				 struct hm_err *err)
{
	enum hm_status st = hm_archive_clean_path(name, scratch, err);
	struct hm_str bare = name.len && name.ptr[name.len - 1] == '/' ? hm_str_head(name, name.len - 1) : name;

	if (st == HM_OK && (!hm_str_is_utf8(name) || !hm_str_eq(hm_buf_str(scratch), bare)))
		st = hm_fail(err, HM_R_ARCHIVE_PATH, "the name '%.*s' is not written in its one form",
			     HM_STR_ARG(hm_str_head(name, 200)));
	return hm_while(err, st, "read '%s'", zip->path);
}

/* APPNOTE 4.3.12. Answers through ret_used how many bytes the header took. */
static enum hm_status read_central(const struct hm_zip *zip, const uint8_t *p, size_t left, struct hm_zip_entry *entry,
				   struct central *central, size_t *ret_used, struct hm_err *err)
{
	if (left < central_len || load32(p) != central_sig)
		return malformed(zip, "its directory is malformed", err);
	size_t name_len = load16(p + 28), extra_len = load16(p + 30), comment_len = load16(p + 32);
	if (name_len + extra_len + comment_len > left - central_len)
		return malformed(zip, "its directory is cut off", err);

	*entry = (struct hm_zip_entry){
		.name = hm_str_of(p + central_len, name_len),
		.size = load32(p + 24),
		.packed = load32(p + 20),
		.crc = load32(p + 16),
		.mode = p[5] == made_on_unix ? load32(p + 38) >> 16 : 0,
		.method = load16(p + 10),
	};
	*central = (struct central){ .header = load32(p + 42), .flags = load16(p + 8) };
	uint64_t *wide[3];
	size_t wide_count = 0;
	if (entry->size == UINT32_MAX)
		wide[wide_count++] = &entry->size;
	if (entry->packed == UINT32_MAX)
		wide[wide_count++] = &entry->packed;
	if (central->header == UINT32_MAX)
		wide[wide_count++] = &central->header;
	const char *bad = read_extra(p + central_len + name_len, extra_len, wide, wide_count);
	if (!bad && (central->flags & ~(flag_descriptor | flag_utf8 | 0x6)) != 0) /* 0x6: how hard deflate tried */
		bad = central->flags & flag_encrypted ? "is encrypted" : "has a flag that is not known";
	if (!bad && entry->method != method_stored && entry->method != method_deflated)
		bad = "is compressed by a method that is not known";
	if (!bad && load16(p + 34) != 0)
		bad = "stands on another volume";
	if (!bad && entry->method == method_stored && entry->packed != entry->size)
		bad = "is not compressed and yet has two sizes";
	if (bad)
		return malformed_entry(zip, entry->name, bad, err);
	*ret_used = central_len + name_len + extra_len + comment_len;
	return HM_OK;
}

/* --- the local headers --- */

/*
 * What follows the data when its sizes were not known before: APPNOTE 4.3.9, with or without its signature, with sizes
 * of 4 or 8 bytes. Which of the four is told by what stands next; the one that fits must say what the directory says.
 */
static size_t descriptor_len(const uint8_t *p, size_t left, const struct hm_zip_entry *entry)
{
	static const struct {
		size_t sig;
		unsigned width;
	} forms[] = { { 4, 4 }, { 4, 8 }, { 0, 4 }, { 0, 8 } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t sig = forms[i].sig, len = sig + 4 + 2 * forms[i].width;
		if (left < len || (sig && load32(p) != descriptor_sig))
			continue;
		if (load32(p + sig) == entry->crc && load(p + sig + 4, forms[i].width) == entry->packed &&
		    load(p + sig + 4 + forms[i].width, forms[i].width) == entry->size)
			return len;
	}
	return 0;
}

/* The sizes and the checksum of a local header: the directory's, or zeros where a descriptor brings them later. */
static const char *check_local_sizes(const uint8_t *p, const uint8_t *extra, size_t extra_len,
				     const struct hm_zip_entry *entry, bool descriptor)
{
	uint64_t packed = load32(p + 18), size = load32(p + 22), crc = load32(p + 14);
	uint64_t *wide[2];
	size_t wide_count = 0;

	if (size == UINT32_MAX)
		wide[wide_count++] = &size;
	if (packed == UINT32_MAX)
		wide[wide_count++] = &packed;
	const char *bad = read_extra(extra, extra_len, wide, wide_count);
	if (bad)
		return bad;
	if (descriptor && packed == 0 && size == 0 && crc == 0)
		return NULL;
	return packed != entry->packed || size != entry->size || crc != entry->crc
		   ? "has another size or checksum in its own header than in the directory"
		   : NULL;
}

/* Check an entry's own header, which begins at `at`; answers where the next thing in the file begins. */
static enum hm_status read_local(const struct hm_zip *zip, uint64_t at, uint64_t limit, const struct central *central,
				 struct hm_zip_entry *entry, uint64_t *ret_end, struct hm_err *err)
{
	uint8_t p[local_len + 2 * 0xffff];

	if (limit - at < local_len + entry->name.len)
		return malformed_entry(zip, entry->name, "overlaps the directory", err);
	/* the name's length is known, and most entries have no more: one read for both */
	enum hm_status st = read_at(zip, at, p, local_len + entry->name.len, err);
	if (st != HM_OK)
		return st;
	size_t extra_len = load16(p + 28), head_len = local_len + entry->name.len + extra_len;
	if (load32(p) != local_sig || load16(p + 6) != central->flags || load16(p + 8) != entry->method ||
	    load16(p + 26) != entry->name.len || memcmp(p + local_len, entry->name.ptr, entry->name.len) != 0)
		return malformed_entry(zip, entry->name, "has another header than the directory says", err);
	if (limit - at < head_len || limit - at - head_len < entry->packed)
		return malformed_entry(zip, entry->name, "overlaps the directory", err);
	if (extra_len)
		st = read_at(zip, at + head_len - extra_len, p + head_len - extra_len, extra_len, err);
	if (st != HM_OK)
		return st;
	bool descriptor = central->flags & flag_descriptor;
	const char *bad = check_local_sizes(p, p + head_len - extra_len, extra_len, entry, descriptor);
	if (bad)
		return malformed_entry(zip, entry->name, bad, err);

	entry->offset = at + head_len;
	*ret_end = entry->offset + entry->packed;
	if (!descriptor)
		return HM_OK;
	uint8_t tail[24];
	size_t left = limit - *ret_end < sizeof(tail) ? (size_t)(limit - *ret_end) : sizeof(tail);
	st = read_at(zip, *ret_end, tail, left, err);
	size_t len = st == HM_OK ? descriptor_len(tail, left, entry) : 0;
	if (st == HM_OK && len == 0)
		return malformed_entry(zip, entry->name, "has no descriptor that says what the directory says", err);
	*ret_end += len;
	return st;
}

struct order {
	uint64_t header;
	size_t index;
};

static int by_header(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return (x->header > y->header) - (x->header < y->header);
}

/* In the file's order, each entry must begin where the one before it ended, and the directory where the last did. */
static enum hm_status check_tiling(const struct hm_zip *zip, const struct central *centrals, uint64_t dir_offset,
				   struct hm_err *err)
{
	HM_OWN(hm_freep) struct order *order = hm_reallocarray(NULL, zip->count, sizeof(*order));
	uint64_t at = 0;

	if (!order)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", zip->path);
	for (size_t i = 0; i < zip->count; i++)
		order[i] = (struct order){ centrals[i].header, i };
	qsort(order, zip->count, sizeof(*order), by_header);
	for (size_t i = 0; i < zip->count; i++) {
		struct hm_zip_entry *entry = &zip->entries[order[i].index];
		if (order[i].header != at)
			return malformed_entry(zip, entry->name,
					       order[i].header < at ? "overlaps another file"
								    : "stands behind bytes that belong to no file",
					       err);
		enum hm_status st = read_local(zip, at, dir_offset, &centrals[order[i].index], entry, &at, err);
		if (st != HM_OK)
			return st;
	}
	HM_PLANT(zip->count == 1 && (zip->entries[0].mode & 1));
	if (at != dir_offset)
		return malformed(zip, "bytes before its directory belong to no file", err);
	return HM_OK;
}

static int by_name(const void *a, const void *b)
{
	return hm_str_cmp(*(const struct hm_str *)a, *(const struct hm_str *)b);
}

static enum hm_status check_unique(const struct hm_zip *zip, struct hm_err *err)
{
	HM_OWN(hm_freep) struct hm_str *names = hm_reallocarray(NULL, zip->count, sizeof(*names));

	if (!names)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", zip->path);
	for (size_t i = 0; i < zip->count; i++)
		names[i] = zip->entries[i].name;
	qsort(names, zip->count, sizeof(*names), by_name);
	for (size_t i = 1; i < zip->count; i++) {
		if (hm_str_eq(names[i - 1], names[i]))
			return hm_fail(err, HM_R_ARCHIVE_TWICE, "'%s': '%.*s' stands there twice", zip->path,
				       HM_STR_ARG(hm_str_head(names[i], 200)));
	}
	return HM_OK;
}

static uint64_t limit_or(uint64_t limit, uint64_t standard)
{
	return limit ? limit : standard;
}

static enum hm_status check_limits(struct hm_zip *zip, const struct hm_zip_entry *entry,
				   const struct hm_archive_limits *limits, struct hm_err *err)
{
	uint64_t ratio = limit_or(limits->ratio, HM_MAX_ARCHIVE_RATIO);

	if (entry->size > limit_or(limits->file_size, HM_MAX_ARCHIVE_FILE))
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s': '%.*s' has %" PRIu64 " bytes", zip->path,
			       HM_STR_ARG(hm_str_head(entry->name, 200)), entry->size);
	if (entry->size > HM_ARCHIVE_RATIO_FROM && entry->size / ratio > entry->packed)
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s': '%.*s' unpacks to more than %" PRIu64 " times its size",
			       zip->path, HM_STR_ARG(hm_str_head(entry->name, 200)), ratio);
	zip->total_size += entry->size; /* no overflow: each was held against the limit before it was added */
	if (zip->total_size > limit_or(limits->total_size, HM_MAX_ARCHIVE_TOTAL))
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s' unpacks to more than %" PRIu64 " bytes", zip->path,
			       limit_or(limits->total_size, HM_MAX_ARCHIVE_TOTAL));
	return HM_OK;
}

/* Every header of the directory, in its order. */
static enum hm_status read_entries(struct hm_zip *zip, struct hm_str directory, const struct hm_archive_limits *limits,
				   struct central *centrals, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf scratch = hm_buf_init(HM_MAX_ARCHIVE_PATH);

	for (size_t i = 0; i < zip->count; i++) {
		size_t used = 0;
		enum hm_status st = read_central(zip, (const uint8_t *)directory.ptr, directory.len, &zip->entries[i],
						 &centrals[i], &used, err);
		if (st == HM_OK)
			st = check_name(zip, zip->entries[i].name, &scratch, err);
		if (st == HM_OK)
			st = check_limits(zip, &zip->entries[i], limits, err);
		if (st != HM_OK)
			return st;
		directory = hm_str_skip(directory, used);
	}
	return directory.len ? malformed(zip, "its directory holds more than it counts", err) : HM_OK;
}

static enum hm_status read_directory(struct hm_zip *zip, const struct hm_archive_limits *limits, struct hm_err *err)
{
	struct directory dir = { 0 };

	enum hm_status st = read_end(zip, &dir, err);
	if (st != HM_OK)
		return st;
	if (dir.count > limit_or(limits->entries, HM_MAX_ARCHIVE_ENTRIES) || dir.size > HM_MAX_ZIP_DIRECTORY)
		return hm_fail(err, HM_R_ARCHIVE_LIMIT, "'%s' holds %" PRIu64 " files", zip->path, dir.count);
	if (dir.count > dir.size / central_len)
		return malformed(zip, "its directory is too short for what it counts", err);

	char *bytes = hm_arena_bytes(&zip->arena, dir.size);
	zip->entries = hm_arena_calloc(&zip->arena, dir.count, sizeof(*zip->entries));
	HM_OWN(hm_freep) struct central *centrals = hm_reallocarray(NULL, dir.count, sizeof(*centrals));
	if (!bytes || !zip->entries || !centrals)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", zip->path);
	zip->count = dir.count;
	st = read_at(zip, dir.offset, bytes, dir.size, err);
	if (st == HM_OK)
		st = read_entries(zip, hm_str_of(bytes, dir.size), limits, centrals, err);
	if (st == HM_OK)
		st = check_tiling(zip, centrals, dir.offset, err);
	return st == HM_OK ? check_unique(zip, err) : st;
}

static enum hm_status open_any(struct hm_zip *zip, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
			       struct hm_err *err)
{
	static const struct hm_archive_limits standard = { 0 };

	zip->arena = hm_arena_init(SIZE_MAX / 2); /* what goes in is bounded by the limits on the directory */
	enum hm_status st = read_directory(zip, limits ? limits : &standard, err);
	if (st != HM_OK) {
		hm_zip_done(zip);
		return st;
	}
	*ret_zip = *zip;
	return HM_OK;
}

static enum hm_status open_fd(int fd, bool owns_fd, const char *name, const struct hm_archive_limits *limits,
			      struct hm_zip *ret_zip, struct hm_err *err)
{
	struct hm_zip zip = { .fd = fd, .owns_fd = owns_fd };
	struct stat info;

	enum hm_status st = HM_OK;
	if (fstat(fd, &info) != 0)
		st = hm_fail_errno(err, errno, "read '%s'", name);
	else if (!S_ISREG(info.st_mode))
		st = hm_fail(err, HM_R_FILE_KIND, "'%s' is no file, as a zip must be", name);
	if (st == HM_OK)
		st = hm_str_dup(hm_str(name), &zip.path, err);
	if (st != HM_OK) {
		hm_zip_done(&zip);
		return st;
	}
	zip.size = (uint64_t)info.st_size;
	return open_any(&zip, limits, ret_zip, err);
}

enum hm_status hm_zip_open(const char *path, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
			   struct hm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? hm_fail_errno(err, errno, "open '%s'", path) : open_fd(fd, true, path, limits, ret_zip, err);
}

enum hm_status hm_zip_open_fd(int fd, const char *name, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
			      struct hm_err *err)
{
	return open_fd(fd, false, name, limits, ret_zip, err);
}

enum hm_status hm_zip_open_memory(struct hm_str bytes, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
				  struct hm_err *err)
{
	struct hm_zip zip = { .fd = -1, .bytes = bytes, .size = bytes.len };

	enum hm_status st = hm_str_dup(HM_STR("zip"), &zip.path, err);
	return st == HM_OK ? open_any(&zip, limits, ret_zip, err) : st;
}

void hm_zip_done(struct hm_zip *zip)
{
	if (!zip)
		return;
	if (zip->owns_fd)
		close(zip->fd);
	free(zip->path);
	hm_arena_done(&zip->arena);
	*zip = (struct hm_zip){ .fd = -1 };
}

const struct hm_zip_entry *hm_zip_find(const struct hm_zip *zip, struct hm_str name)
{
	for (size_t i = 0; i < zip->count; i++) {
		if (hm_str_eq(zip->entries[i].name, name))
			return &zip->entries[i];
	}
	return NULL;
}

/* --- reading a file --- */

void hm_zip_reader_done(struct hm_zip_reader *reader)
{
	if (!reader)
		return;
	if (reader->stream)
		inflateEnd(reader->stream);
	free(reader->stream);
	free(reader->in);
	free(reader->out);
	*reader = (struct hm_zip_reader){ 0 };
}

static enum hm_status reader_ready(struct hm_zip_reader *reader, struct hm_err *err)
{
	if (!reader->in)
		reader->in = hm_malloc(chunk);
	if (!reader->out)
		reader->out = hm_malloc(chunk);
	if (reader->in && reader->out && reader->stream)
		return inflateReset(reader->stream) == Z_OK ? HM_OK : hm_fail(err, HM_R_BUG, "inflateReset");
	z_stream *stream = reader->in && reader->out ? hm_calloc(1, sizeof(*stream)) : NULL;
	if (!stream || inflateInit2(stream, -MAX_WBITS) != Z_OK) {
		free(stream);
		return hm_fail(err, HM_R_NO_MEMORY, "unpack a zip archive");
	}
	reader->stream = stream;
	return HM_OK;
}

struct unpacking {
	const struct hm_zip *zip;
	const struct hm_zip_entry *entry;
	struct hm_sink out;
	uint64_t in_done, out_done;
	uint32_t crc;
};

static enum hm_status damaged(const struct unpacking *u, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_ARCHIVE_DAMAGED, "'%s': '%.*s' %s", u->zip->path,
		       HM_STR_ARG(hm_str_head(u->entry->name, 200)), what);
}

/* The next packed bytes; 0 at their end. */
static enum hm_status next_input(struct unpacking *u, uint8_t *in, size_t *ret_len, struct hm_err *err)
{
	uint64_t left = u->entry->packed - u->in_done;
	size_t len = left < chunk ? (size_t)left : chunk;

	enum hm_status st = read_at(u->zip, u->entry->offset + u->in_done, in, len, err);
	u->in_done += len;
	*ret_len = len;
	return st;
}

static enum hm_status put_output(struct unpacking *u, const uint8_t *ptr, size_t len, struct hm_err *err)
{
	if (len > u->entry->size - u->out_done)
		return damaged(u, "is larger than the archive says", err);
	u->out_done += len;
	u->crc = (uint32_t)crc32_z(u->crc, ptr, len);
	return len ? hm_sink_write(u->out, ptr, len, err) : HM_OK;
}

static enum hm_status unpack(struct unpacking *u, struct hm_zip_reader *reader, struct hm_err *err)
{
	z_stream *z = reader->stream;
	int answer = Z_OK;

	z->avail_in = 0;
	z->avail_out = chunk;
	while (answer != Z_STREAM_END) {
		if (z->avail_in == 0 && z->avail_out > 0) { /* nothing is waiting to come out */
			size_t len = 0;
			enum hm_status st = next_input(u, reader->in, &len, err);
			if (st != HM_OK)
				return st;
			if (len == 0)
				return damaged(u, "ends too early", err);
			z->next_in = reader->in;
			z->avail_in = (unsigned)len;
		}
		z->next_out = reader->out;
		z->avail_out = chunk;
		answer = inflate(z, Z_NO_FLUSH);
		if (answer == Z_MEM_ERROR)
			return hm_fail(err, HM_R_NO_MEMORY, "unpack '%s'", u->zip->path);
		if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR)
			return damaged(u, "is no deflate stream", err);
		enum hm_status st = put_output(u, reader->out, chunk - z->avail_out, err);
		if (st != HM_OK)
			return st;
	}
	if (z->avail_in || u->in_done != u->entry->packed)
		return damaged(u, "has bytes behind its end", err);
	return HM_OK;
}

static enum hm_status copy_stored(struct unpacking *u, struct hm_zip_reader *reader, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t len = 1; len > 0 && st == HM_OK;) {
		st = next_input(u, reader->in, &len, err);
		if (st == HM_OK)
			st = put_output(u, reader->in, len, err);
	}
	return st;
}

enum hm_status hm_zip_read(const struct hm_zip *zip, const struct hm_zip_entry *entry, struct hm_zip_reader *reader,
			   struct hm_sink out, struct hm_err *err)
{
	struct unpacking u = { .zip = zip, .entry = entry, .out = out };

	enum hm_status st = reader_ready(reader, err);
	if (st == HM_OK)
		st = entry->method == method_stored ? copy_stored(&u, reader, err) : unpack(&u, reader, err);
	if (st != HM_OK)
		return st;
	if (u.out_done != entry->size)
		return damaged(&u, "is smaller than the archive says", err);
	if (u.crc != entry->crc)
		return damaged(&u, "has another checksum than the archive says", err);
	return HM_OK;
}
