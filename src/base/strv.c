#include "base/strv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/own.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void hm_strv_clear(struct hm_strv *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->v[i]);
	list->count = 0;
	list->status = HM_OK;
	if (list->v)
		list->v[0] = NULL;
}

void hm_strv_done(struct hm_strv *list)
{
	if (!list)
		return;
	hm_strv_clear(list);
	free(list->v);
	*list = (struct hm_strv){ 0 };
}

static void fail(struct hm_strv *list, enum hm_status st)
{
	if (list->status == HM_OK)
		list->status = st;
}

/* Takes text over; NULL means that memory ran out making it. */
static void add_owned(struct hm_strv *list, char *text)
{
	if (!text || list->status != HM_OK || !hm_grow(&list->v, &list->cap, list->count + 2, sizeof(list->v[0]))) {
		free(text);
		fail(list, HM_ENOMEM);
		return;
	}
	list->v[list->count++] = text;
	list->v[list->count] = NULL;
}

void hm_strv_add_str(struct hm_strv *list, struct hm_str s)
{
	char *copy = NULL;
	enum hm_status st = hm_str_dup(s, &copy, NULL);

	if (st == HM_OK)
		add_owned(list, copy);
	else
		fail(list, st);
}

void hm_strv_add(struct hm_strv *list, const char *cstr)
{
	hm_strv_add_str(list, hm_str(cstr));
}

void hm_strv_add_environ(struct hm_strv *list)
{
	extern char **environ;

	for (char **entry = environ; entry && *entry; entry++)
		hm_strv_add(list, *entry);
}

void hm_strv_addf(struct hm_strv *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *text = n < 0 ? NULL : hm_malloc((size_t)n + 1);
	if (text) {
		va_start(ap, fmt);
		vsnprintf(text, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	add_owned(list, text);
}

static ptrdiff_t find_env(const struct hm_strv *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->count; i++) {
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			return (ptrdiff_t)i;
	}
	return -1;
}

void hm_strv_setenv(struct hm_strv *env, const char *name, const char *value)
{
	ptrdiff_t at = find_env(env, name);

	if (at < 0) {
		hm_strv_addf(env, "%s=%s", name, value);
		return;
	}
	char *text = hm_asprintf("%s=%s", name, value);
	if (!text) {
		fail(env, HM_ENOMEM);
		return;
	}
	free(env->v[at]);
	env->v[at] = text;
}

const char *hm_strv_getenv(const struct hm_strv *env, const char *name)
{
	ptrdiff_t at = find_env(env, name);

	return at < 0 ? NULL : env->v[at] + strlen(name) + 1;
}

bool hm_strv_has(const struct hm_strv *list, const char *cstr)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->v[i], cstr) == 0)
			return true;
	}
	return false;
}

void hm_strv_sort(struct hm_strv *list)
{
	if (list->count > 1)
		qsort(list->v, list->count, sizeof(list->v[0]), hm_cstr_compare);
}

enum hm_status hm_strv_join(const struct hm_strv *list, char between, char **ret_text, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(SIZE_MAX / 2);

	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			hm_buf_add_char(&text, between);
		hm_buf_add_cstr(&text, list->v[i]);
	}
	enum hm_status st = hm_buf_check(&text, "a list", err);
	if (st != HM_OK)
		return st;
	*ret_text = hm_buf_take_cstr(&text);
	return *ret_text ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "a list");
}

enum hm_status hm_strv_check(const struct hm_strv *list, struct hm_err *err)
{
	if (list->status == HM_EPARSE)
		return hm_fail(err, HM_R_ENCODING, "a NUL byte inside one of %zu strings", list->count + 1);
	if (list->status != HM_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "a list of %zu strings", list->count);
	return HM_OK;
}
