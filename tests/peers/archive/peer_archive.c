/*
 * Archives for tests/peers/archive: `write FILE.tar.gz CHUNK` writes a fixed set of entries in writes of CHUNK bytes
 * and prints the sizes; `extract ARCHIVE DIR` unpacks.
 */
#include "archive/extract.h"
#include "archive/gzip.h"
#include "base/file.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdio.h>

static int failed(const struct hm_err *err)
{
	char text[1024];

	hm_err_text(err, text, sizeof(text));
	fprintf(stderr, "%s: %s\n", hm_reason_code(err->reason), text);
	return 1;
}

static enum hm_status write_entries(struct hm_tar *tar, size_t chunk, struct hm_err *err)
{
	static char content[300000], long_name[] = "long/";
	static char name[240];
	memset(name, 'n', sizeof(name));
	memcpy(name, long_name, 5);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * i >> 7);
	const struct hm_tar_entry entries[] = {
		{ .path = HM_STR("app"), .kind = HM_ARCHIVE_DIR, .mode = 0755 },
		{ .path = HM_STR("app/hello"), .mode = 0755, .size = sizeof(content) },
		{ .path = HM_STR("app/link"), .kind = HM_ARCHIVE_SYMLINK, .mode = 0777, .link = HM_STR("hello") },
		{ .path = HM_STR("app/hard"), .kind = HM_ARCHIVE_HARDLINK, .mode = 0755, .link = HM_STR("app/hello") },
		{ .path = HM_STR("long"), .kind = HM_ARCHIVE_DIR, .mode = 0755 },
		{ .path = hm_str_of(name, sizeof(name)), .mode = 0644, .size = 513 },
		{ .path = HM_STR("caf\xc3\xa9"), .mode = 0600, .size = 1 },
		{ .path = HM_STR("empty"), .mode = 0644 },
	};
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]) && st == HM_OK; i++) {
		struct hm_str rest = hm_str_of(content, entries[i].size);
		st = hm_tar_begin(tar, &entries[i], err);
		while (st == HM_OK && rest.len) {
			struct hm_str part = hm_str_head(rest, chunk);
			st = hm_tar_write(tar, part.ptr, part.len, err);
			rest = hm_str_skip(rest, part.len);
		}
	}
	return st == HM_OK ? hm_tar_finish(tar, err) : st;
}

static int write_archive(const char *path, size_t chunk)
{
	HM_OWN(hm_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	HM_OWN(hm_gzip_freep) struct hm_gzip *gzip = NULL;
	struct hm_sink_file file = { fd, path };
	struct hm_sink none = { 0 };
	struct hm_gzip_sizes sizes;
	struct hm_err err = { 0 };
	struct hm_tar tar;

	if (hm_gzip_new(hm_sink_fd(&file), none, none, &gzip, &err) != HM_OK)
		return failed(&err);
	hm_tar_init(&tar, hm_gzip_sink(gzip));
	if (write_entries(&tar, chunk, &err) != HM_OK || hm_gzip_finish(gzip, &sizes, &err) != HM_OK)
		return failed(&err);
	printf("%lu %lu\n", (unsigned long)sizes.plain, (unsigned long)sizes.packed);
	return 0;
}

static int extract(const char *path, const char *dir)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	struct hm_err err = { 0 };

	if (hm_archive_open(fd, path, NULL, &archive, &err) != HM_OK ||
	    hm_archive_extract(archive, dir, NULL, &err) != HM_OK)
		return failed(&err);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t chunk;

	if (argc == 4 && strcmp(argv[1], "write") == 0 && hm_str_to_u64(hm_str(argv[3]), &chunk))
		return write_archive(argv[2], chunk);
	if (argc == 4 && strcmp(argv[1], "extract") == 0)
		return extract(argv[2], argv[3]);
	return 2;
}
