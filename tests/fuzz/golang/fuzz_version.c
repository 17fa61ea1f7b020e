/* Versions and paths: an order that is one, canonical forms that stay, escapes that undo themselves. */
#include "base/own.h"
#include "golang/path.h"
#include "golang/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_version(struct hm_str v)
{
	HM_OWN(hm_buf_done) struct hm_buf once = hm_buf_init(1 << 20), twice = hm_buf_init(1 << 20);
	struct hm_golang_pseudo pseudo;

	if (hm_golang_pseudo_parse(v, &pseudo) && !hm_golang_version_is_pseudo(v))
		__builtin_trap();
	if (!hm_golang_version_canonical(v, &once))
		return;
	if (!hm_golang_version_canonical(hm_buf_str(&once), &twice) ||
	    !hm_str_eq(hm_buf_str(&once), hm_buf_str(&twice)) || hm_golang_semver_compare(v, hm_buf_str(&once)) != 0)
		__builtin_trap();
}

static void check_path(struct hm_str path)
{
	HM_OWN(hm_buf_done) struct hm_buf escaped = hm_buf_init(1 << 20), back = hm_buf_init(1 << 20);

	if (hm_golang_escape_path(path, &escaped, NULL) == HM_OK &&
	    (hm_golang_unescape_path(hm_buf_str(&escaped), &back, NULL) != HM_OK ||
	     !hm_str_eq(hm_buf_str(&back), path)))
		__builtin_trap();
	hm_buf_clear(&back);
	hm_buf_clear(&escaped);
	if (hm_golang_unescape_version(path, &back, NULL) == HM_OK &&
	    (hm_golang_escape_version(hm_buf_str(&back), &escaped, NULL) != HM_OK ||
	     !hm_str_eq(hm_buf_str(&escaped), path)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str a, b;

	hm_str_cut(hm_str_of(data, size), '\n', &a, &b);
	check_version(a);
	check_path(a);
	(void)!hm_golang_check_module(a, b, NULL);
	(void)!hm_golang_check_file_path(a, NULL);
	int there = hm_golang_semver_compare(a, b), back = hm_golang_semver_compare(b, a);
	int go_there = hm_golang_compare_go(a, b), go_back = hm_golang_compare_go(b, a);
	if ((there < 0) != (back > 0) || (go_there < 0) != (go_back > 0))
		__builtin_trap();
	return 0;
}
