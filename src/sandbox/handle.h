/*
 * What sandbox.c offers to the rest of the module.
 *
 * Internal to this module. Layer 6.
 */
#ifndef HM_SANDBOX_HANDLE_H
#define HM_SANDBOX_HANDLE_H

#include "sandbox/sandbox.h"

/* Start without isolation; opts were checked by none.c, the only caller. */
enum hm_status hm_sandbox_start_unisolated(const struct hm_sandbox_opts *opts, struct hm_sandbox **ret_box,
					   struct hm_err *err) HM_MUST;

#endif
