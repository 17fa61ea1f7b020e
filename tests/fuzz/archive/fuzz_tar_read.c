/* Any archive, through the reader for all kinds: every name that comes out is safe below a folder. */
#include "archive/path.h"
#include "archive/read.h"
#include "base/limits.h"
#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct hm_archive_entry *entry)
{
	HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(HM_MAX_ARCHIVE_PATH);

	if (hm_archive_clean_path(entry->path, &clean, NULL) != HM_OK || !hm_str_eq(hm_buf_str(&clean), entry->path))
		__builtin_trap();
	if (entry->kind == HM_ARCHIVE_SYMLINK && hm_archive_check_link(entry->path, entry->link, NULL) != HM_OK)
		__builtin_trap();
	if (entry->kind == HM_ARCHIVE_HARDLINK && hm_archive_clean_path(entry->link, &clean, NULL) != HM_OK)
		__builtin_trap();
}

/* Give every block that looks like a header the checksum that it needs, or no change of one would ever be read. */
static void fix_checksums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 512 <= size; at += 512) {
		unsigned sum = 8 * ' ';
		if (memcmp(data + at + 257, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0u : data[at + i];
		for (size_t i = 6; i-- > 0; sum >>= 3)
			data[at + 148 + i] = (uint8_t)('0' + (sum & 7));
		memcpy(data + at + 154, "\0 ", 2);
	}
}

static void read_all(struct hm_str bytes)
{
	const struct hm_archive_opts opts = {
		.limits = { .entries = 1000, .file_size = 1 << 20, .total_size = 1 << 22 },
		.allow_twice = bytes.len % 2,
	};
	HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
	const struct hm_archive_entry *entry;

	if (hm_archive_open_memory(bytes, "fuzz", &opts, &archive, NULL) != HM_OK)
		return;
	while (hm_archive_next(archive, &entry, NULL) == HM_OK && entry) {
		HM_OWN(hm_buf_done) struct hm_buf content = hm_buf_init(2 << 20);
		check_entry(entry);
		if (hm_archive_copy(archive, hm_sink_buf(&content), NULL) != HM_OK)
			break;
		if (content.len != entry->size)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf fixed = hm_buf_init(SIZE_MAX / 2);

	read_all(hm_str_of(data, size));
	hm_buf_add(&fixed, data, size);
	if (size >= 512)
		fix_checksums((uint8_t *)fixed.ptr, size);
	read_all(hm_buf_str(&fixed));
	return 0;
}
