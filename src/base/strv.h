/*
 * A growing list of C strings that ends in NULL: argument vectors, environments, lists of paths.
 *
 * Failure sticks, as in a buffer: ask once with hm_strv_check().
 *
 * Layer 1. Not locked: one thread at a time.
 */
#ifndef HM_BASE_STRV_H
#define HM_BASE_STRV_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct hm_strv {
	char **v; /* count strings and a NULL; NULL while empty */
	size_t count, cap;
	enum hm_status status; /* HM_OK, HM_ENOMEM or HM_EPARSE; sticks */
};

void hm_strv_done(struct hm_strv *list);
void hm_strv_clear(struct hm_strv *list);

/* Add a copy. A NUL inside fails: a C string cannot hold it, and what stands before it is another text. */
void hm_strv_add(struct hm_strv *list, const char *cstr);
void hm_strv_add_str(struct hm_strv *list, struct hm_str s);
void hm_strv_addf(struct hm_strv *list, const char *fmt, ...) HM_PRINTF(2, 3);

/* Add this process's own environment. */
void hm_strv_add_environ(struct hm_strv *list);

/* Set NAME=value, in the place where NAME stood or at the end. */
void hm_strv_setenv(struct hm_strv *env, const char *name, const char *value);

/* The value of NAME in a list of NAME=value, or NULL. Borrowed. */
const char *hm_strv_getenv(const struct hm_strv *env, const char *name);

bool hm_strv_has(const struct hm_strv *list, const char *cstr);

/* Order by bytes. */
void hm_strv_sort(struct hm_strv *list);

/*
 * Make one text of all, with a character between them.
 *
 * Owns    ret_text is the caller's; "" for an empty list
 * Errors  HM_ENOMEM
 */
enum hm_status hm_strv_join(const struct hm_strv *list, char between, char **ret_text, struct hm_err *err) HM_MUST;

/*
 * Ask once whether all was added.
 *
 * Errors  HM_ENOMEM; HM_EPARSE encoding: a NUL inside
 */
enum hm_status hm_strv_check(const struct hm_strv *list, struct hm_err *err) HM_MUST;

#endif
