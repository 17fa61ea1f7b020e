#include "sandbox/none.h"

#include "base/file.h"
#include "sandbox/handle.h"
#include "sandbox/plan.h"

static enum hm_status check_mount(const struct hm_sandbox_mount *m, struct hm_err *err)
{
	const char *target = m->target ? m->target : "";

	if (m->kind != HM_SANDBOX_READ_ONLY && m->kind != HM_SANDBOX_READ_WRITE)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS,
			       "'%s' is a mount that cannot be made without a sandbox; only folders of the machine at "
			       "their own place can be named",
			       target);
	if (!m->source || strcmp(m->source, target) != 0)
		return hm_fail(err, HM_R_SANDBOX_OPTIONS, "'%s' cannot be seen at '%s' without a sandbox",
			       m->source ? m->source : "", target);
	if (!hm_path_is_there(m->source))
		return hm_fail(err, HM_R_SANDBOX_MOUNT, "'%s' is not there", m->source);
	return HM_OK;
}

enum hm_status hm_sandbox_start_none(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
				     struct hm_err *err)
{
	enum hm_status st = hm_sandbox_check_program(opts, err);

	for (size_t i = 0; i < opts->mount_count && st == HM_OK; i++)
		st = check_mount(&opts->mounts[i], err);
	return st == HM_OK ? hm_sandbox_start_unisolated(opts, ret_box, err) : st;
}
