/*
 * Where in a JSON text something stands: its row and column, and the path of the member. Nothing is kept while reading;
 * the way is gone again when there is something to refuse.
 */
#include "data/json_scan.h"
#include "data/path.h"

#include <stdio.h>

/* Deeper members are named by their outer levels. */
enum { path_levels = 64 };

struct level {
	bool is_object;
	uint32_t index;
	struct hm_str key; /* raw; ptr is NULL before the first key and between two members */
};

struct way {
	struct level level[path_levels];
	size_t depth; /* may be past path_levels */
};

/* Behind the closing quote of a string; p is at the opening one. Good for text that was read without a mistake. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p + 1 : end;
}

static struct level *top(struct way *way)
{
	return way->depth > 0 && way->depth <= path_levels ? &way->level[way->depth - 1] : NULL;
}

static void step(struct way *way, char c, struct hm_str last)
{
	struct level *level = top(way);

	if (c == '{' || c == '[') {
		way->depth++;
		level = top(way);
		if (level)
			*level = (struct level){ .is_object = c == '{' };
	} else if ((c == '}' || c == ']') && way->depth > 0) {
		way->depth--;
	} else if (c == ':' && level) {
		level->key = last;
	} else if (c == ',' && level) {
		level->key = (struct hm_str){ 0 };
		level->index++;
	}
}

static void walk(struct way *way, const char *p, const char *where)
{
	struct hm_str last = { 0 };

	way->depth = 0;
	while (p < where) {
		if (*p != '"') {
			step(way, *p++, last);
			continue;
		}
		const char *behind = skip_string(p, where);
		last = hm_str_of(p + 1, behind - p >= 2 ? (size_t)(behind - p - 2) : 0);
		p = behind;
	}
}

static struct hm_path path_of(const struct way *way)
{
	struct hm_path path = { 0 };

	for (size_t i = 0; i < way->depth && i < path_levels; i++) {
		const struct level *level = &way->level[i];
		if (!level->is_object)
			hm_path_add_index(&path, level->index);
		else if (level->key.ptr)
			hm_path_add_key(&path, level->key);
	}
	if (way->depth > path_levels)
		hm_path_cut(&path);
	return path;
}

enum hm_status hm_json_fail_at(struct hm_err *err, enum hm_reason reason, struct hm_str text, const char *where,
			       const char *fmt, va_list ap)
{
	char what[256];
	struct way way;
	uint32_t row = 1, col = 1;

	vsnprintf(what, sizeof(what), fmt, ap);
	for (const char *p = text.ptr; p < where; p++) {
		if (*p == '\n') {
			row++;
			col = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			col++; /* a character, not each of its bytes */
		}
	}
	walk(&way, text.ptr, where);
	struct hm_path path = path_of(&way);
	enum hm_status st = hm_fail(err, reason, "%s%s%s", path.text, path.len ? ": " : "", what);
	return hm_at(err, st, NULL, row, col);
}

const char *hm_json_find_key(const char *object, const char *end, uint32_t i)
{
	struct way way;
	struct hm_str last = { 0 };
	uint32_t found = 0;

	way.depth = 0;
	for (const char *p = object; p < end;) {
		if (*p != '"') {
			if (*p == ':' && way.depth == 1 && found++ == i)
				return last.ptr - 1;
			step(&way, *p++, last);
			continue;
		}
		const char *behind = skip_string(p, end);
		last = hm_str_of(p + 1, (size_t)(behind - p - 2));
		p = behind;
	}
	return object;
}
