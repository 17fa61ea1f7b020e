/* Cover profiles: parts never sum up to more than the whole; and the search for functions in any text ends. */
#include "base/own.h"
#include "golang/cover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_golang_cover_done) struct hm_golang_cover cover = { .file_count = 0 };
	HM_OWN(hm_freep) struct hm_golang_func *funcs = NULL;
	struct hm_str text = hm_str_of(data, size);
	size_t count = 0, blocks = 0;

	if (hm_golang_find_funcs(text, &funcs, &count, NULL) != HM_OK)
		return 0;
	for (size_t i = 1; i < count; i++) {
		if (funcs[i].start.line < funcs[i - 1].end.line)
			__builtin_trap();
	}
	if (hm_golang_cover_parse(text, "fuzz", &cover, NULL) != HM_OK)
		return 0;
	struct hm_golang_cover_sum sum = hm_golang_cover_total(&cover), in_funcs = { 0 };
	if (sum.covered > sum.total)
		__builtin_trap();
	for (size_t i = 0; i < cover.file_count; i++) {
		blocks += cover.files[i].count;
		hm_golang_cover_add_funcs(&cover, &cover.files[i], funcs, count, &in_funcs);
	}
	if (blocks != cover.block_count)
		__builtin_trap();
	return 0;
}
