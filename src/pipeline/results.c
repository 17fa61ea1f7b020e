/* Results: what a task left in its folder, read as something that a stranger wrote. */
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "data/json.h"
#include "pipeline/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum hm_status hm_result_parse(const struct hm_param_spec *spec, struct hm_str text, struct hm_arena *arena,
			       struct hm_param_value *ret_value, struct hm_err *err)
{
	struct hm_param_value value = { .type = spec->type };
	struct hm_value v;

	if (hm_str_find_char(text, '\0') >= 0)
		return hm_fail(err, HM_R_PIPELINE_RESULT, "the result '%.*s' has a NUL in it", HM_STR_ARG(spec->name));
	if (spec->type == HM_PARAM_STRING) {
		value.text = hm_arena_dup(arena, text);
		*ret_value = value;
		return hm_arena_check(arena, "results", err);
	}
	bool is_array = spec->type == HM_PARAM_ARRAY;
	enum hm_status st = hm_json_parse(text, NULL, arena, &v, err);
	if (st == HM_ENOMEM)
		return st;
	if (st != HM_OK || v.kind != (is_array ? HM_ARRAY : HM_OBJECT))
		return hm_fail(err, HM_R_PIPELINE_RESULT, "the result '%.*s' is no JSON %s", HM_STR_ARG(spec->name),
			       is_array ? "array" : "object");
	struct hm_str *items = hm_arena_calloc(arena, hm_value_count(&v) + 1, sizeof(*items));
	struct hm_str *keys = hm_arena_calloc(arena, hm_value_count(&v) + 1, sizeof(*keys));
	for (size_t i = 0; i < hm_value_count(&v) && items && keys; i++) {
		const struct hm_value *item = is_array ? hm_value_at(&v, i) : hm_value_member_at(&v, i);
		if (item->kind != HM_STRING || hm_str_find_char(hm_value_text(item), '\0') >= 0)
			return hm_fail(err, HM_R_PIPELINE_RESULT, "elements of the result '%.*s' are strings",
				       HM_STR_ARG(spec->name));
		items[i] = hm_value_text(item);
		if (!is_array)
			keys[i] = hm_value_text(hm_value_key_at(&v, i));
	}
	for (size_t i = 0; i < spec->key_count && keys; i++) {
		size_t k = 0;
		while (k < hm_value_count(&v) && !hm_str_eq(keys[k], spec->keys[i]))
			k++;
		if (k == hm_value_count(&v))
			return hm_fail(err, HM_R_PIPELINE_RESULT, "the result '%.*s' has no key '%.*s'",
				       HM_STR_ARG(spec->name), HM_STR_ARG(spec->keys[i]));
	}
	value.items = items;
	value.keys = keys;
	value.count = hm_value_count(&v);
	*ret_value = value;
	return hm_arena_check(arena, "results", err);
}

/* The bytes of a result; false where there is none. No link is followed, and nothing is waited for. */
static enum hm_status read_result(int dir, const struct hm_param_spec *spec, size_t max, bool *ret_is_there,
				  struct hm_buf *ret_text, struct hm_err *err)
{
	HM_OWN(hm_freep) char *name = NULL;
	struct stat info;
	enum hm_status st = hm_str_dup(spec->name, &name, err);

	*ret_is_there = false;
	if (st != HM_OK)
		return st;
	HM_OWN(hm_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return HM_OK;
	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_PIPELINE_RESULT, "the result '%s' is no ordinary file", name);
	st = hm_fd_read(fd, name, max, ret_text, err);
	if (st == HM_ELIMIT)
		return hm_fail(err, HM_R_PIPELINE_RESULT, "results of more than %zu bytes together; '%s' is over it",
			       HM_MAX_PIPELINE_RESULTS, name);
	*ret_is_there = st == HM_OK;
	return st;
}

enum hm_status hm_task_results(struct hm_task_ctx *t, bool must, struct hm_err *err)
{
	const char *path = hm_arena_printf(t->arena, "%s/results", t->dir).ptr;
	struct hm_param *results = hm_arena_calloc(t->arena, t->task->result_count + 1, sizeof(*results));
	size_t left = HM_MAX_PIPELINE_RESULTS, count = 0;
	enum hm_status st = hm_arena_check(t->arena, "results", err);

	if (st != HM_OK)
		return st;
	HM_OWN(hm_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	for (size_t i = 0; i < t->task->result_count; i++) {
		const struct hm_param_spec *spec = &t->task->results[i];
		HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
		bool is_there;
		st = read_result(dir, spec, left, &is_there, &text, err);
		if (st == HM_OK && is_there)
			st = hm_result_parse(spec, hm_buf_str(&text), t->arena, &results[count].value, err);
		if (st != HM_OK && must)
			return st;
		if (st != HM_OK || !is_there)
			continue;
		left -= text.len;
		results[count++].name = spec->name;
	}
	t->run->results = results;
	t->run->result_count = count;
	return HM_OK;
}
