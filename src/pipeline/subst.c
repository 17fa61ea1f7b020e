#include "pipeline/subst.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/mem.h"
#include "base/plant.h"

#include <stdlib.h>
#include <string.h>

/* The words that Tekton's variables begin with. */
static const struct {
	const char *word;
	bool is_strict; /* Tekton refuses a script in which something unknown begins with it */
} roots[] = {
	{ "params", true },       { "results", true },     { "context", true }, { "tasks", false },
	{ "finally", false },     { "workspaces", false }, { "steps", false },  { "step", false },
	{ "credentials", false }, { "artifacts", false },  { "inputs", false }, { "outputs", false },
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* What can stand between the brackets of something that was meant as a variable; blanks are the shell's. */
static bool is_variable_char(char c)
{
	return is_name_char(c) || strchr(".[]'\"*/", c);
}

/* The text up to a character, which must come before the end of the line. */
static bool take_until(struct hm_str *s, struct hm_str stop, struct hm_str *ret_head)
{
	ptrdiff_t at = hm_str_find(*s, stop);

	if (at < 0)
		return false;
	*ret_head = hm_str_head(*s, (size_t)at);
	if (hm_str_find_char(*ret_head, '\n') >= 0)
		return false;
	*s = hm_str_skip(*s, (size_t)at + stop.len);
	return true;
}

static bool take(struct hm_str *s, struct hm_str word)
{
	if (!hm_str_has_prefix(*s, word))
		return false;
	*s = hm_str_skip(*s, word.len);
	return true;
}

/* A name without dots. */
static bool take_name(struct hm_str *s, struct hm_str *ret_name)
{
	size_t n = 0;

	while (n < s->len && is_name_char(s->ptr[n]))
		n++;
	*ret_name = hm_str_head(*s, n);
	*s = hm_str_skip(*s, n);
	return n > 0;
}

/* ".NAME", "['NAME']" or "["NAME"]" */
static bool take_member(struct hm_str *s, struct hm_str *ret_name)
{
	bool ok;

	if (take(s, HM_STR(".")))
		return take_name(s, ret_name);
	if (take(s, HM_STR("['")))
		ok = take_until(s, HM_STR("']"), ret_name);
	else if (take(s, HM_STR("[\"")))
		ok = take_until(s, HM_STR("\"]"), ret_name);
	else
		return false;
	if (!ok || ret_name->len == 0)
		return false;
	for (size_t i = 0; i < ret_name->len; i++) {
		if (!is_name_char(ret_name->ptr[i]) && ret_name->ptr[i] != '.' && ret_name->ptr[i] != '/')
			return false;
	}
	return true;
}

/* "[*]", "[1]", ".key" or nothing */
static bool take_part(struct hm_str *s, struct hm_ref *ref)
{
	struct hm_str digits;

	ref->part = HM_REF_WHOLE;
	if (take(s, HM_STR("[*]"))) {
		ref->part = HM_REF_STAR;
	} else if (take(s, HM_STR("["))) {
		ref->part = HM_REF_INDEX;
		if (!take_until(s, HM_STR("]"), &digits) || !hm_str_to_u64(digits, &ref->index))
			return false;
	} else if (take(s, HM_STR("."))) {
		ref->part = HM_REF_KEY;
		return take_name(s, &ref->key);
	}
	return true;
}

/* Behind "tasks." or "finally." */
static bool take_task(struct hm_str *s, struct hm_ref *ref)
{
	if (!ref->is_of_finally && hm_str_has_prefix(*s, HM_STR("status)"))) {
		ref->kind = HM_REF_ALL_STATUS;
		return take(s, HM_STR("status"));
	}
	if (!take_name(s, &ref->task))
		return false;
	if (take(s, HM_STR(".results"))) {
		ref->kind = HM_REF_TASK_RESULT;
		return take_member(s, &ref->name) && take_part(s, ref);
	}
	if (hm_str_has_prefix(*s, HM_STR(".matrix.")) || hm_str_has_prefix(*s, HM_STR(".outputs")) ||
	    hm_str_has_prefix(*s, HM_STR(".inputs"))) {
		ref->kind = HM_REF_UNSUPPORTED;
		return true;
	}
	if (ref->is_of_finally)
		return false;
	ref->kind = take(s, HM_STR(".status")) ? HM_REF_TASK_STATUS : HM_REF_TASK_REASON;
	return ref->kind == HM_REF_TASK_STATUS || take(s, HM_STR(".reason"));
}

/* Behind "workspaces.": a name, which may have dots, and what is asked about it. */
static bool take_workspace(struct hm_str *s, struct hm_ref *ref)
{
	static const struct {
		struct hm_str suffix;
		enum hm_ref_kind kind;
	} asked[] = {
		{ HM_STR(".path"), HM_REF_WORKSPACE_PATH },
		{ HM_STR(".bound"), HM_REF_WORKSPACE_BOUND },
		{ HM_STR(".claim"), HM_REF_UNSUPPORTED },
		{ HM_STR(".volume"), HM_REF_UNSUPPORTED },
	};
	size_t n = 0;

	while (n < s->len && (is_name_char(s->ptr[n]) || s->ptr[n] == '.'))
		n++;
	struct hm_str all = hm_str_head(*s, n);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		if (!hm_str_has_suffix(all, asked[i].suffix) || all.len == asked[i].suffix.len)
			continue;
		ref->kind = asked[i].kind;
		ref->name = hm_str_head(all, all.len - asked[i].suffix.len);
		*s = hm_str_skip(*s, n);
		return true;
	}
	return false;
}

static bool take_context(struct hm_str *s, struct hm_ref *ref)
{
	static const char *const names[] = {
		"pipelineRun.namespace", "pipelineRun.name",  "pipelineRun.uid", "pipeline.name",
		"pipelineTask.retries",  "taskRun.namespace", "taskRun.name",    "taskRun.uid",
		"task.retry-count",      "task.name",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct hm_str name = hm_str(names[i]);
		if (take(s, name)) {
			ref->kind = HM_REF_CONTEXT;
			ref->name = name;
			return true;
		}
	}
	return false;
}

/* Behind "steps.": "step-NAME.exitCode.path" */
static bool take_step(struct hm_str *s, struct hm_ref *ref)
{
	if (!take_name(s, &ref->name))
		return false;
	ref->kind = hm_str_has_prefix(*s, HM_STR(".exitCode.path")) ? HM_REF_STEP_EXIT_CODE : HM_REF_UNSUPPORTED;
	return ref->kind == HM_REF_UNSUPPORTED || take(s, HM_STR(".exitCode.path"));
}

/* What stands behind "$(": true when it is a whole variable, and s then stands at its ")". */
static bool take_variable(struct hm_str root, struct hm_str *s, struct hm_ref *ref)
{
	if (hm_str_is(root, "params")) {
		ref->kind = HM_REF_PARAM;
		return take_member(s, &ref->name) && take_part(s, ref);
	}
	if (hm_str_is(root, "results")) {
		ref->kind = HM_REF_RESULT_PATH;
		return take_member(s, &ref->name) && take(s, HM_STR(".path"));
	}
	if (!take(s, HM_STR(".")))
		return false;
	if (hm_str_is(root, "tasks") || hm_str_is(root, "finally")) {
		ref->is_of_finally = hm_str_is(root, "finally");
		return take_task(s, ref);
	}
	if (hm_str_is(root, "workspaces"))
		return take_workspace(s, ref);
	if (hm_str_is(root, "context"))
		return take_context(s, ref);
	if (hm_str_is(root, "steps"))
		return take_step(s, ref);
	ref->kind = HM_REF_UNSUPPORTED; /* step, credentials, artifacts, inputs, outputs */
	return true;
}

/*
 * A variable that begins at a "$(", or false where it is somebody else's. What begins like one of Tekton's and is
 * malformed is BAD; for words that Tekton does not insist on, only if no shell command could be meant.
 */
static bool read_variable(struct hm_str at, struct hm_ref *ret_ref)
{
	struct hm_str inside = hm_str_skip(at, 2), all, rest;
	size_t i, n = 0;

	while (n < inside.len && inside.ptr[n] >= 'a' && inside.ptr[n] <= 'z')
		n++;
	struct hm_str root = hm_str_head(inside, n);
	for (i = 0; i < sizeof(roots) / sizeof(roots[0]) && !hm_str_is(root, roots[i].word); i++)
		;
	if (i == sizeof(roots) / sizeof(roots[0]) || n == inside.len || (inside.ptr[n] != '.' && inside.ptr[n] != '['))
		return false;

	struct hm_str s = hm_str_skip(inside, n);
	struct hm_ref ref = { 0 };
	bool ok = take_variable(root, &s, &ref);
	HM_PLANT(ok && ref.is_of_finally && ref.part == HM_REF_STAR);
	rest = inside;
	if (ok && ref.kind != HM_REF_UNSUPPORTED && hm_str_has_prefix(s, HM_STR(")"))) {
		ref.text = hm_str_head(at, (size_t)(s.ptr - at.ptr) + 1);
		*ret_ref = ref;
		return true;
	}
	if (!take_until(&rest, HM_STR(")"), &all))
		return false;
	for (size_t k = 0; k < all.len && (!roots[i].is_strict || ref.kind == HM_REF_UNSUPPORTED); k++) {
		if (!is_variable_char(all.ptr[k]))
			return false;
	}
	*ret_ref = (struct hm_ref){ .kind = ok && ref.kind == HM_REF_UNSUPPORTED ? HM_REF_UNSUPPORTED : HM_REF_BAD,
				    .text = hm_str_head(at, all.len + 3) };
	return true;
}

bool hm_ref_next(struct hm_str *text, struct hm_str *ret_before, struct hm_ref *ret_ref)
{
	struct hm_str whole = *text, rest = *text;
	ptrdiff_t at;

	while ((at = hm_str_find(rest, HM_STR("$("))) >= 0) {
		rest = hm_str_skip(rest, (size_t)at);
		if (read_variable(rest, ret_ref)) {
			*ret_before = hm_str_head(whole, (size_t)(rest.ptr - whole.ptr));
			*text = hm_str_skip(rest, ret_ref->text.len);
			return true;
		}
		rest = hm_str_skip(rest, 2);
	}
	*ret_before = whole;
	*text = hm_str_skip(whole, whole.len);
	return false;
}

bool hm_ref_is_whole(struct hm_str text, struct hm_ref *ret_ref)
{
	return hm_str_has_prefix(text, HM_STR("$(")) && read_variable(text, ret_ref) && ret_ref->text.len == text.len;
}

/* The text that a variable stands for. */
static enum hm_status text_of(const struct hm_ref *ref, const struct hm_param_value *value, struct hm_str *ret_text,
			      struct hm_err *err)
{
	if (value->type == HM_PARAM_STRING && ref->part == HM_REF_WHOLE) {
		*ret_text = value->text;
		return HM_OK;
	}
	if (value->type == HM_PARAM_ARRAY && ref->part == HM_REF_INDEX) {
		if (ref->index >= value->count)
			return hm_fail(err, HM_R_PIPELINE_REFERENCE, "%.*s: the array has %zu elements",
				       HM_STR_ARG(ref->text), value->count);
		*ret_text = value->items[ref->index];
		return HM_OK;
	}
	if (value->type == HM_PARAM_OBJECT && ref->part == HM_REF_KEY) {
		for (size_t i = 0; i < value->count; i++) {
			if (hm_str_eq(value->keys[i], ref->key)) {
				*ret_text = value->items[i];
				return HM_OK;
			}
		}
		return hm_fail(err, HM_R_PIPELINE_REFERENCE, "%.*s: the object has no such key", HM_STR_ARG(ref->text));
	}
	return hm_fail(err, HM_R_PIPELINE_TYPE, "%.*s cannot stand here: the value is of type %s",
		       HM_STR_ARG(ref->text), hm_param_type_name(value->type));
}

static enum hm_status find(const struct hm_subst *s, const struct hm_ref *ref, const struct hm_param_value **ret_value,
			   struct hm_err *err)
{
	*ret_value = NULL;
	return ref->kind == HM_REF_BAD ? HM_OK : s->find(s->ctx, ref, ret_value, err);
}

enum hm_status hm_subst_text(const struct hm_subst *s, struct hm_str text, struct hm_buf *out, struct hm_err *err)
{
	struct hm_str before, value_text;
	struct hm_ref ref;

	while (hm_ref_next(&text, &before, &ref)) {
		const struct hm_param_value *value;
		enum hm_status st = find(s, &ref, &value, err);
		if (st != HM_OK)
			return st;
		hm_buf_add_str(out, before);
		if (value) {
			st = text_of(&ref, value, &value_text, err);
			if (st != HM_OK)
				return st;
		}
		hm_buf_add_str(out, value ? value_text : ref.text);
	}
	hm_buf_add_str(out, before);
	return hm_buf_check(out, "a text with its variables' values", err);
}

enum hm_status hm_subst_dup(const struct hm_subst *s, struct hm_str text, struct hm_arena *arena,
			    struct hm_str *ret_text, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MAX_PIPELINE_TEXT);

	if (hm_str_find(text, HM_STR("$(")) < 0) {
		*ret_text = hm_arena_dup(arena, text);
		return hm_arena_check(arena, "variables", err);
	}
	enum hm_status st = hm_subst_text(s, text, &out, err);
	if (st != HM_OK)
		return st;
	*ret_text = hm_arena_dup(arena, hm_buf_str(&out));
	return hm_arena_check(arena, "variables", err);
}

/* The array or object that a text is as a whole; NULL where it is a text like others. */
static enum hm_status whole_value(const struct hm_subst *s, struct hm_str text, const struct hm_param_value **ret_value,
				  struct hm_err *err)
{
	struct hm_ref ref;
	const struct hm_param_value *value = NULL;

	*ret_value = NULL;
	if (!hm_ref_is_whole(text, &ref) || (ref.part != HM_REF_WHOLE && ref.part != HM_REF_STAR))
		return HM_OK;
	enum hm_status st = find(s, &ref, &value, err);
	if (st == HM_OK && value && value->type != HM_PARAM_STRING)
		*ret_value = value;
	return st;
}

enum hm_status hm_subst_list(const struct hm_subst *s, const struct hm_str *texts, size_t count, struct hm_strv *list,
			     struct hm_err *err)
{
	for (size_t i = 0; i < count; i++) {
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MAX_PIPELINE_TEXT);
		const struct hm_param_value *value;
		enum hm_status st = whole_value(s, texts[i], &value, err);
		if (st == HM_OK && value && value->type == HM_PARAM_ARRAY) {
			for (size_t k = 0; k < value->count; k++)
				hm_strv_add_str(list, value->items[k]);
			continue;
		}
		if (st == HM_OK)
			st = hm_subst_text(s, texts[i], &out, err);
		if (st != HM_OK)
			return st;
		hm_strv_add_str(list, hm_buf_str(&out));
	}
	return hm_strv_check(list, err);
}

static enum hm_status dup_value(const struct hm_param_value *value, struct hm_arena *arena,
				struct hm_param_value *ret_value, struct hm_err *err)
{
	struct hm_str *items = hm_arena_calloc(arena, value->count + 1, sizeof(*items));
	struct hm_str *keys = hm_arena_calloc(arena, value->count + 1, sizeof(*keys));

	for (size_t i = 0; i < value->count && items && keys; i++) {
		items[i] = hm_arena_dup(arena, value->items[i]);
		if (value->type == HM_PARAM_OBJECT)
			keys[i] = hm_arena_dup(arena, value->keys[i]);
	}
	*ret_value = (struct hm_param_value){ .type = value->type,
					      .text = hm_arena_dup(arena, value->text),
					      .items = items,
					      .keys = keys,
					      .count = value->count };
	return hm_arena_check(arena, "values of params", err);
}

struct items {
	struct hm_str *v;
	size_t count, cap;
};

static void items_done(struct items *items)
{
	free(items->v);
}

/* The elements of an array with its variables' values in; a whole array among them becomes its elements. */
static enum hm_status subst_items(const struct hm_subst *s, const struct hm_param_value *value, struct hm_arena *arena,
				  struct items *out, struct hm_err *err)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct hm_param_value *whole = NULL;
		enum hm_status st = HM_OK;

		if (value->type == HM_PARAM_ARRAY)
			st = whole_value(s, value->items[i], &whole, err);
		size_t more = whole && whole->type == HM_PARAM_ARRAY ? whole->count : 1;
		if (st == HM_OK && out->count + more > HM_MAX_PIPELINE_ITEMS)
			st = hm_fail(err, HM_R_PIPELINE_LIMIT, "an array with more than %zu elements",
				     HM_MAX_PIPELINE_ITEMS);
		if (st == HM_OK && !hm_grow(&out->v, &out->cap, out->count + more, sizeof(*out->v)))
			st = hm_fail(err, HM_R_NO_MEMORY, "values of params");
		if (st != HM_OK)
			return st;
		if (whole && whole->type == HM_PARAM_ARRAY) {
			for (size_t k = 0; k < whole->count; k++)
				out->v[out->count++] = hm_arena_dup(arena, whole->items[k]);
			continue;
		}
		st = hm_subst_dup(s, value->items[i], arena, &out->v[out->count], err);
		if (st != HM_OK)
			return st;
		out->count++;
	}
	return hm_arena_check(arena, "values of params", err);
}

enum hm_status hm_subst_value(const struct hm_subst *s, const struct hm_param_value *value, struct hm_arena *arena,
			      struct hm_param_value *ret_value, struct hm_err *err)
{
	HM_OWN(items_done) struct items items = { 0 };
	struct hm_param_value result = { .type = value->type };
	enum hm_status st;

	if (value->type == HM_PARAM_STRING) {
		const struct hm_param_value *whole;
		st = whole_value(s, value->text, &whole, err);
		if (st == HM_OK && whole)
			return dup_value(whole, arena, ret_value, err);
		if (st == HM_OK)
			st = hm_subst_dup(s, value->text, arena, &result.text, err);
		if (st == HM_OK)
			*ret_value = result;
		return st;
	}
	st = subst_items(s, value, arena, &items, err);
	if (st != HM_OK)
		return st;
	result.count = items.count;
	result.keys = value->keys;
	result.items = hm_arena_calloc(arena, items.count + 1, sizeof(*result.items));
	if (!result.items)
		return hm_arena_check(arena, "values of params", err);
	if (items.count > 0)
		memcpy((struct hm_str *)result.items, items.v, items.count * sizeof(*items.v));
	*ret_value = result;
	return HM_OK;
}

enum hm_status hm_subst_expand(struct hm_str text, const struct hm_strv *env, struct hm_buf *out, struct hm_err *err)
{
	size_t i = 0;

	while (i < text.len) {
		ptrdiff_t close;
		if (text.ptr[i] != '$' || i + 1 == text.len) {
			hm_buf_add_char(out, text.ptr[i++]);
		} else if (text.ptr[i + 1] == '$') {
			hm_buf_add_char(out, '$');
			i += 2;
		} else if (text.ptr[i + 1] == '(' && (close = hm_str_find_char(hm_str_skip(text, i + 2), ')')) >= 0) {
			struct hm_str name = hm_str_head(hm_str_skip(text, i + 2), (size_t)close);
			HM_OWN(hm_freep) char *cstr = NULL;
			const char *value = NULL;
			if (hm_str_find_char(name, '\0') < 0) {
				enum hm_status st = hm_str_dup(name, &cstr, err);
				if (st != HM_OK)
					return st;
				value = name.len ? hm_strv_getenv(env, cstr) : NULL;
			}
			if (value)
				hm_buf_add_cstr(out, value);
			else
				hm_buf_add_str(out, hm_str_head(hm_str_skip(text, i), name.len + 3));
			i += name.len + 3;
		} else {
			hm_buf_add_char(out, '$');
			i++;
		}
	}
	return hm_buf_check(out, "a text with its variables' values", err);
}
