/* Any program, and any text of build info. */
#include "base/own.h"
#include "golang/buildinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo program = { .has_main = false };
	HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo text = { .has_main = false };

	if (hm_golang_buildinfo_read_memory(hm_str_of(data, size), "fuzz", &program, NULL) == HM_OK &&
	    program.go_version.len == 0)
		__builtin_trap();
	if (hm_golang_buildinfo_parse(hm_str_of(data, size), "fuzz", &text, NULL) != HM_OK)
		return 0;
	for (size_t i = 0; i < text.setting_count; i++) {
		if (text.settings[i].key.ptr && text.settings[i].value.len > 3 * size)
			__builtin_trap();
	}
	return 0;
}
