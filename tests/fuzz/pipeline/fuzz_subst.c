/* Variables in a text: what has no value stays as it is, and values are never read again. */
#include "base/limits.h"
#include "base/own.h"
#include "pipeline/subst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hm_status leave(void *ctx, const struct hm_ref *ref, const struct hm_param_value **ret_value,
			    struct hm_err *err)
{
	(void)ctx;
	(void)ref;
	(void)ret_value;
	(void)err;
	return HM_OK;
}

static enum hm_status give(void *ctx, const struct hm_ref *ref, const struct hm_param_value **ret_value,
			   struct hm_err *err)
{
	static const struct hm_str items[] = { { "$(params.a)", 11 }, { "b", 1 } }, keys[] = { { "k", 1 }, { "l", 1 } };
	static const struct hm_param_value values[] = {
		{ .type = HM_PARAM_STRING, .text = { "$(params.a)", 11 } },
		{ .type = HM_PARAM_ARRAY, .items = items, .count = 2 },
		{ .type = HM_PARAM_OBJECT, .items = items, .keys = keys, .count = 2 },
	};

	(void)ctx;
	(void)err;
	if (ref->kind == HM_REF_BAD || ref->kind == HM_REF_NONE)
		__builtin_trap();
	*ret_value = &values[ref->part == HM_REF_WHOLE ? 0 : ref->part == HM_REF_KEY ? 2 : 1];
	return HM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done)
	struct hm_buf out = hm_buf_init(HM_MAX_PIPELINE_TEXT), given = hm_buf_init(HM_MAX_PIPELINE_TEXT);
	HM_OWN(hm_buf_done) struct hm_buf expanded = hm_buf_init(HM_MAX_PIPELINE_TEXT);
	HM_OWN(hm_strv_done) struct hm_strv list = { 0 }, env = { 0 };
	struct hm_subst same = { leave, NULL }, other = { give, NULL };
	struct hm_str text = hm_str_of(data, size), rest = text, before;
	struct hm_ref ref;
	size_t seen = 0;

	if (size > 65536)
		return 0;
	while (hm_ref_next(&rest, &before, &ref)) {
		seen += before.len + ref.text.len;
		if (!hm_str_has_prefix(ref.text, HM_STR("$(")) || !hm_str_has_suffix(ref.text, HM_STR(")")))
			__builtin_trap();
	}
	if (seen + before.len != size || hm_subst_text(&same, text, &out, NULL) != HM_OK ||
	    !hm_str_eq(hm_buf_str(&out), text))
		__builtin_trap();
	(void)!hm_subst_text(&other, text, &given, NULL);
	(void)!hm_subst_list(&other, &text, 1, &list, NULL);
	hm_strv_add(&env, "A=$(A)");
	(void)!hm_subst_expand(text, &env, &expanded, NULL);
	return 0;
}
