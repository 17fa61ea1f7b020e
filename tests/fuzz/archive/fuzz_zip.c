/* A zip: what opens has entries that do not overlap; what reads has the size that was said. */
#include "archive/zip.h"
#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_archive_limits limits = { .entries = 1000, .file_size = 1 << 20, .total_size = 1 << 22 };
	HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };

	if (hm_zip_open_memory(hm_str_of(data, size), &limits, &zip, NULL) != HM_OK)
		return 0;
	for (size_t i = 0; i < zip.count; i++) {
		const struct hm_zip_entry *e = &zip.entries[i];
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(2 << 20);
		if (e->offset > size || e->packed > size - e->offset)
			__builtin_trap();
		for (size_t k = 0; k < i; k++) {
			const struct hm_zip_entry *f = &zip.entries[k];
			if (e->offset < f->offset + f->packed && f->offset < e->offset + e->packed)
				__builtin_trap();
		}
		if (hm_zip_read(&zip, e, &reader, hm_sink_buf(&out), NULL) == HM_OK && out.len != e->size)
			__builtin_trap();
	}
	return 0;
}
