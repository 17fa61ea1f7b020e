/* go.mod and go.work: what a main module may say, a dependency may say too, and means the same where it counts. */
#include "base/own.h"
#include "golang/modfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile main_file = { .has_module = false };
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile dependency = { .has_module = false };
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile work = { .has_module = false };
	struct hm_str text = hm_str_of(data, size);

	enum hm_status st = hm_golang_modfile_parse(text, "go.mod", HM_GOLANG_MAIN, &main_file, NULL);
	enum hm_status lax = hm_golang_modfile_parse(text, "go.mod", HM_GOLANG_DEPENDENCY, &dependency, NULL);
	(void)!hm_golang_modfile_parse(text, "go.work", HM_GOLANG_WORK, &work, NULL);
	if (st != HM_OK)
		return 0;
	if (lax != HM_OK || main_file.require_count != dependency.require_count ||
	    !hm_str_eq(main_file.module, dependency.module) || dependency.replace_count != 0)
		__builtin_trap();
	return 0;
}
