/*
 * Reading zip archives, strictly: one meaning, for every reader.
 *
 * A zip says everything twice, in a header before each file and in the directory at its end, and readers differ in
 * which they believe; libarchive streams the former, Go's archive/zip takes the latter. An archive whose hash one
 * reader checks and whose files another unpacks must not mean two things. So both must agree here, the entries and the
 * directory must fill the file from its first byte to its last without gap or overlap, and names stand once.
 *
 * Layer 3. An open archive is not changed by reading: several threads may read it, each with a hm_zip_reader of its
 * own.
 */
#ifndef HM_ARCHIVE_ZIP_H
#define HM_ARCHIVE_ZIP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sink.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an archive may hold; 0 in a field is the limit of base/limits.h. */
struct hm_archive_limits {
	uint64_t entries;
	uint64_t file_size, total_size; /* bytes, unpacked */
	uint64_t ratio;                 /* bytes out of one byte in */
};

struct hm_zip_entry {
	struct hm_str name; /* as it stands there; ends with a slash for a folder; UTF-8, relative, clean */
	uint64_t size, packed;
	uint64_t offset; /* of the data */
	uint32_t crc;
	uint32_t mode; /* as st_mode when written on Unix, else 0 */
	uint16_t method;
};

struct hm_zip {
	struct hm_zip_entry *entries; /* in the directory's order */
	size_t count;
	uint64_t total_size; /* of all files, unpacked */

	int fd; /* -1: in memory */
	bool owns_fd;
	struct hm_str bytes; /* in memory */
	uint64_t size;
	char *path; /* for errors */
	struct hm_arena arena;
};

/*
 * Open an archive and read its directory; every entry's header is checked against it.
 *
 * Shape   limits: NULL is the default. ret_zip: closed with hm_zip_done().
 * Errors  HM_ENOTFOUND, HM_EIO: the file; HM_EPARSE archive.format: not a zip, encrypted, an unknown method, headers
 *         that disagree, gaps, overlaps; HM_EVERIFY archive.path, archive.twice; HM_ELIMIT archive.limit; HM_ENOMEM
 * Source  APPNOTE.TXT 6.3.10, 4.3 to 4.5
 */
enum hm_status hm_zip_open(const char *path, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
			   struct hm_err *err) HM_MUST;

/*
 * The same of an open file.
 *
 * Shape   name: for errors.
 * Owns    fd is borrowed and must stay open until hm_zip_done(); its position does not matter and does not change
 */
enum hm_status hm_zip_open_fd(int fd, const char *name, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
			      struct hm_err *err) HM_MUST;

/* The same of an archive in memory. Owns: borrows bytes until hm_zip_done(). */
enum hm_status hm_zip_open_memory(struct hm_str bytes, const struct hm_archive_limits *limits, struct hm_zip *ret_zip,
				  struct hm_err *err) HM_MUST;

void hm_zip_done(struct hm_zip *zip);

/* The entry with exactly that name, or NULL. Borrowed. */
const struct hm_zip_entry *hm_zip_find(const struct hm_zip *zip, struct hm_str name);

/* What unpacking needs, kept from one file to the next; a zeroed one is ready. */
struct hm_zip_reader {
	void *stream; /* zlib's */
	uint8_t *in, *out;
};

void hm_zip_reader_done(struct hm_zip_reader *reader);

/*
 * Unpack a file into a sink. It has been checked only when this returns HM_OK; what the sink has seen until then is
 * worth nothing.
 *
 * Errors  HM_EVERIFY archive.damaged: size or checksum are not those of the directory, or the data is no deflate stream
 *         that ends where it should; HM_EIO; HM_ENOMEM; those of the sink
 */
enum hm_status hm_zip_read(const struct hm_zip *zip, const struct hm_zip_entry *entry, struct hm_zip_reader *reader,
			   struct hm_sink out, struct hm_err *err) HM_MUST;

#endif
