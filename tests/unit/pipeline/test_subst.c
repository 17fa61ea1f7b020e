/* Finding variables in text, and putting their values in. */
#include "pipeline/subst.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

#include "unit.h"

static const struct {
	const char *text;
	enum hm_ref_kind kind; /* NONE: no variable in it */
	const char *name, *task;
	enum hm_ref_part part;
	uint64_t index;
	const char *key;
} refs[] = {
	{ "$(params.a)", HM_REF_PARAM, "a" },
	{ "$(params['a.b'])", HM_REF_PARAM, "a.b" },
	{ "$(params[\"a.b\"])", HM_REF_PARAM, "a.b" },
	{ "$(params.a[*])", HM_REF_PARAM, "a", NULL, HM_REF_STAR },
	{ "$(params['a'][2])", HM_REF_PARAM, "a", NULL, HM_REF_INDEX, 2 },
	{ "$(params.a.k)", HM_REF_PARAM, "a", NULL, HM_REF_KEY, 0, "k" },
	{ "$(params['a.b'].k-1)", HM_REF_PARAM, "a.b", NULL, HM_REF_KEY, 0, "k-1" },
	{ "$(params.)", HM_REF_BAD },
	{ "$(params.a.b.c)", HM_REF_BAD },
	{ "$(params.a[x])", HM_REF_BAD },
	{ "$(params.a[-1])", HM_REF_BAD },
	{ "$(params.a[99999999999999999999])", HM_REF_BAD },
	{ "$(params['a)", HM_REF_BAD },
	{ "$(params.a b)", HM_REF_BAD },
	{ "$(params)", HM_REF_NONE },
	{ "$(paramsx.a)", HM_REF_NONE },
	{ "$(params.a", HM_REF_NONE },
	{ "$params.a", HM_REF_NONE },
	{ "$ (params.a)", HM_REF_NONE },
	{ "$(date)", HM_REF_NONE },
	{ "$(ls -l | wc)", HM_REF_NONE },
	{ "$(tasks.t.results.r)", HM_REF_TASK_RESULT, "r", "t" },
	{ "$(tasks.t-1.results['r.x'])", HM_REF_TASK_RESULT, "r.x", "t-1" },
	{ "$(tasks.t.results.r[0])", HM_REF_TASK_RESULT, "r", "t", HM_REF_INDEX, 0 },
	{ "$(tasks.t.results.r[*])", HM_REF_TASK_RESULT, "r", "t", HM_REF_STAR },
	{ "$(tasks.t.results.r.k)", HM_REF_TASK_RESULT, "r", "t", HM_REF_KEY, 0, "k" },
	{ "$(finally.t.results.r)", HM_REF_TASK_RESULT, "r", "t" },
	{ "$(finally.t.status)", HM_REF_BAD },
	{ "$(tasks.t.status)", HM_REF_TASK_STATUS, "", "t" },
	{ "$(tasks.t.reason)", HM_REF_TASK_REASON, "", "t" },
	{ "$(tasks.status)", HM_REF_ALL_STATUS, "" },
	{ "$(tasks.t.matrix.length)", HM_REF_UNSUPPORTED },
	{ "$(tasks.t.outputs.a)", HM_REF_UNSUPPORTED },
	{ "$(tasks.t.nothing)", HM_REF_BAD },
	{ "$(tasks.t | head)", HM_REF_NONE },
	{ "$(workspaces.w.path)", HM_REF_WORKSPACE_PATH, "w" },
	{ "$(workspaces.w.x.bound)", HM_REF_WORKSPACE_BOUND, "w.x" },
	{ "$(workspaces.w.claim)", HM_REF_UNSUPPORTED },
	{ "$(workspaces.path)", HM_REF_BAD },
	{ "$(results.r.path)", HM_REF_RESULT_PATH, "r" },
	{ "$(results['r.x'].path)", HM_REF_RESULT_PATH, "r.x" },
	{ "$(results.r)", HM_REF_BAD },
	{ "$(context.pipelineRun.name)", HM_REF_CONTEXT, "pipelineRun.name" },
	{ "$(context.task.retry-count)", HM_REF_CONTEXT, "task.retry-count" },
	{ "$(context.pipelineRun.names)", HM_REF_BAD },
	{ "$(context.foo)", HM_REF_BAD },
	{ "$(steps.step-a.exitCode.path)", HM_REF_STEP_EXIT_CODE, "step-a" },
	{ "$(steps.a.results.r)", HM_REF_UNSUPPORTED },
	{ "$(step.results.r.path)", HM_REF_UNSUPPORTED },
	{ "$(credentials.path)", HM_REF_UNSUPPORTED },
	{ "$(artifacts.path)", HM_REF_UNSUPPORTED },
	{ "$(steps.a | head)", HM_REF_NONE },
};

static void test_refs(void **state)
{
	(void)state;
	size_t wrong = 0;

	for (size_t i = 0; i < COUNT(refs); i++) {
		struct hm_str text = hm_str(refs[i].text), before;
		struct hm_ref ref = { 0 };
		bool found = hm_ref_next(&text, &before, &ref);
		bool ok = found == (refs[i].kind != HM_REF_NONE);
		if (ok && found) {
			ok = ref.kind == refs[i].kind && text.len == 0 && before.len == 0 &&
			     hm_str_is(ref.text, refs[i].text);
			if (ok && refs[i].name)
				ok = hm_str_is(ref.name, refs[i].name) && ref.part == refs[i].part &&
				     ref.index == refs[i].index && hm_str_eq(ref.key, hm_str(refs[i].key)) &&
				     hm_str_eq(ref.task, hm_str(refs[i].task));
			assert_true(!ok || hm_ref_is_whole(hm_str(refs[i].text), &ref));
		}
		if (ok)
			continue;
		wrong++;
		print_message("%s: found %d, kind %d name '%.*s' part %d\n", refs[i].text, found, ref.kind,
			      HM_STR_ARG(ref.name), ref.part);
	}
	assert_int_equal(wrong, 0);
}

static const struct hm_str items[] = { { "x", 1 }, { "y z", 3 }, { "$(params.s)", 11 } }, keys[] = { { "k", 1 } };
static const struct hm_param_value text_value = { .type = HM_PARAM_STRING, .text = { "T'\"$(params.a)", 14 } };
static const struct hm_param_value array_value = { .type = HM_PARAM_ARRAY, .items = items, .count = 3 };
static const struct hm_param_value object_value = { .type = HM_PARAM_OBJECT, .items = items, .keys = keys, .count = 1 };

static enum hm_status find(void *ctx, const struct hm_ref *ref, const struct hm_param_value **ret_value,
			   struct hm_err *err)
{
	(void)ctx;
	if (ref->kind == HM_REF_PARAM && hm_str_is(ref->name, "s"))
		*ret_value = &text_value;
	else if (ref->kind == HM_REF_PARAM && hm_str_is(ref->name, "a"))
		*ret_value = &array_value;
	else if (ref->kind == HM_REF_PARAM && hm_str_is(ref->name, "o"))
		*ret_value = &object_value;
	else if (ref->kind == HM_REF_PARAM && hm_str_is(ref->name, "bad"))
		return hm_fail(err, HM_R_PIPELINE_RESULT, "no");
	return HM_OK;
}

static const struct hm_subst subst = { find, NULL };

static const struct {
	const char *text, *want; /* NULL: refused */
	enum hm_reason reason;
} texts[] = {
	{ "", "", 0 },
	{ "plain $x ${y} $(z)", "plain $x ${y} $(z)", 0 },
	/* one pass: what a value brings is not looked at again, and nothing is quoted */
	{ "a $(params.s) b", "a T'\"$(params.a) b", 0 },
	{ "$(params.s)$(params.s)", "T'\"$(params.a)T'\"$(params.a)", 0 },
	{ "$(params.a[1])", "y z", 0 },
	{ "$(params.o.k)", "x", 0 },
	{ "$$(params.o.k)", "$x", 0 },
	{ "$(echo $(params.o.k))", "$(echo x)", 0 },
	{ "$(params.unknown)", "$(params.unknown)", 0 },
	{ "$(params.a[3])", NULL, HM_R_PIPELINE_REFERENCE },
	{ "$(params.o.x)", NULL, HM_R_PIPELINE_REFERENCE },
	{ "$(params.a)", NULL, HM_R_PIPELINE_TYPE },
	{ "$(params.a[*])", NULL, HM_R_PIPELINE_TYPE },
	{ "$(params.o)", NULL, HM_R_PIPELINE_TYPE },
	{ "$(params.s[0])", NULL, HM_R_PIPELINE_TYPE },
	{ "$(params.bad)", NULL, HM_R_PIPELINE_RESULT },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(1000);
		struct hm_err err = { 0 };
		enum hm_status st = hm_subst_text(&subst, hm_str(texts[i].text), &out, &err);
		if (!texts[i].want) {
			assert_refused(texts[i].text, st, &err, texts[i].reason);
			continue;
		}
		assert_ok(st, &err);
		assert_string_equal(out.ptr ? out.ptr : "", texts[i].want);
	}
}

static void test_lists(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
	const struct hm_str in[] = { HM_STR("a"), HM_STR("$(params.a[*])"), HM_STR("$(params.a)"),
				     HM_STR("x$(params.o.k)") };
	static const char *const want[] = { "a", "x", "y z", "$(params.s)", "x", "y z", "$(params.s)", "xx" };
	struct hm_err err = { 0 };

	assert_ok(hm_subst_list(&subst, in, COUNT(in), &list, &err), &err);
	assert_int_equal(list.count, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(list.v[i], want[i]);
	const struct hm_str bad[] = { HM_STR("x$(params.a[*])") };
	assert_refused("array in a text", hm_subst_list(&subst, bad, 1, &list, &err), &err, HM_R_PIPELINE_TYPE);
}

static void test_values(void **state)
{
	(void)state;
	struct hm_arena arena = hm_arena_init(HM_MIB);
	const struct hm_str in[] = { HM_STR("$(params.a[*])"), HM_STR("$(params.s)") };
	struct hm_param_value array = { .type = HM_PARAM_ARRAY, .items = in, .count = 2 }, out;
	struct hm_param_value text = { .text = HM_STR("$(params.o[*])") };
	struct hm_err err = { 0 };

	assert_ok(hm_subst_value(&subst, &array, &arena, &out, &err), &err);
	assert_int_equal(out.count, 4);
	assert_true(hm_str_is(out.items[3], "T'\"$(params.a)"));
	assert_ok(hm_subst_value(&subst, &text, &arena, &out, &err), &err);
	assert_int_equal(out.type, HM_PARAM_OBJECT);
	assert_true(hm_str_is(out.keys[0], "k"));
	hm_arena_done(&arena);
}

static void test_limits(void **state)
{
	(void)state;
	struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	static struct hm_str in[HM_MAX_PIPELINE_ITEMS];
	struct hm_param_value array = { .type = HM_PARAM_ARRAY, .items = in, .count = HM_MAX_PIPELINE_ITEMS }, out;
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(in); i++)
		in[i] = HM_STR("x");
	assert_ok(hm_subst_value(&subst, &array, &arena, &out, &err), &err);
	in[7] = HM_STR("$(params.a[*])");
	assert_refused("too many elements", hm_subst_value(&subst, &array, &arena, &out, &err), &err,
		       HM_R_PIPELINE_LIMIT);

	char *large = hm_malloc(HM_MAX_PIPELINE_TEXT + 1);
	memset(large, 'x', HM_MAX_PIPELINE_TEXT);
	memcpy(large, "$(params.o.k)", 13);
	struct hm_str result;
	assert_ok(hm_subst_dup(&subst, hm_str_of(large, HM_MAX_PIPELINE_TEXT), &arena, &result, &err), &err);
	memcpy(large + 20, "$(params.s)", 11);
	memcpy(large + 40, "$(params.s)", 11);
	memcpy(large + 60, "$(params.s)$(params.s)$(params.s)", 33);
	assert_refused("too long", hm_subst_dup(&subst, hm_str_of(large, HM_MAX_PIPELINE_TEXT), &arena, &result, &err),
		       &err, HM_R_LIMIT);
	free(large);
	hm_arena_done(&arena);
}

static void test_expand(void **state)
{
	(void)state;
	/* as Kubernetes' expansion_test.go has it */
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "$(VAR_A)", "A" },
		{ "___$(VAR_B)___", "___B___" },
		{ "$(VAR_A)$(VAR_B)", "AB" },
		{ "$$(VAR_A)", "$(VAR_A)" },
		{ "$$$(VAR_A)", "$A" },
		{ "$$$$(VAR_A)", "$$(VAR_A)" },
		{ "$(VAR_A", "$(VAR_A" },
		{ "$VAR_A)", "$VAR_A)" },
		{ "$(NO)", "$(NO)" },
		{ "$()", "$()" },
		{ "$", "$" },
		{ "$$", "$" },
		{ "\n$(VAR_A)", "\nA" },
		{ "$((VAR_A))", "$((VAR_A))" },
		{ "$(VAR_E)", "" },
	};
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_err err = { 0 };

	hm_strv_add(&env, "VAR_A=A");
	hm_strv_add(&env, "VAR_B=B");
	hm_strv_add(&env, "VAR_E=");
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(1000);
		assert_ok(hm_subst_expand(hm_str(rows[i].text), &env, &out, &err), &err);
		assert_string_equal(out.ptr ? out.ptr : "", rows[i].want);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
		struct hm_arena arena = hm_arena_init(HM_MIB);
		const struct hm_str in[] = { HM_STR("$(params.a[*])"), HM_STR("x$(params.s)") };
		struct hm_param_value array = { .type = HM_PARAM_ARRAY, .items = in, .count = 2 }, out;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_subst_list(&subst, in, 2, &list, &err);
		if (st == HM_OK)
			st = hm_subst_value(&subst, &array, &arena, &out, &err);
		bool is_over = walk_is_over(st, &err);
		hm_arena_done(&arena);
		if (is_over)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refs),      cmocka_unit_test(test_texts),  cmocka_unit_test(test_lists),
		cmocka_unit_test(test_values),    cmocka_unit_test(test_limits), cmocka_unit_test(test_expand),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("pipeline/subst", tests, NULL, NULL);
}
