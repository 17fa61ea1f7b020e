#include "data/path.h"

#include <stdio.h>

/* Room that stays for "...". */
enum { mark_len = 3, most_of_a_key = 48 };

static void add(struct hm_path *path, const char *piece)
{
	size_t len = strlen(piece);

	if (path->is_cut)
		return;
	if (path->len + len + mark_len >= sizeof(path->text)) {
		hm_path_cut(path);
		return;
	}
	memcpy(path->text + path->len, piece, len + 1);
	path->len += len;
}

void hm_path_cut(struct hm_path *path)
{
	if (path->is_cut)
		return;
	path->is_cut = true;
	memcpy(path->text + path->len, "...", mark_len + 1);
	path->len += mark_len;
}

static bool is_word(struct hm_str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!is_letter && !(c >= '0' && c <= '9') && !(c && strchr("_-$", c)))
			return false;
	}
	return key.len > 0;
}

void hm_path_add_key(struct hm_path *path, struct hm_str key)
{
	char name[most_of_a_key + 1], piece[most_of_a_key + 16];
	size_t n = 0;

	/* What comes from outside goes to a terminal: nothing that could steer it. */
	for (; n < key.len && n < most_of_a_key; n++)
		name[n] = hm_str_is_printable(hm_str_of(key.ptr + n, 1)) ? key.ptr[n] : '?';
	name[n] = '\0';
	const char *more = n < key.len ? "..." : "";
	if (is_word(key))
		snprintf(piece, sizeof(piece), "%s%s%s", path->len ? "." : "", name, more);
	else
		snprintf(piece, sizeof(piece), "[\"%s%s\"]", name, more);
	add(path, piece);
}

void hm_path_add_index(struct hm_path *path, size_t index)
{
	char piece[32];

	snprintf(piece, sizeof(piece), "[%zu]", index);
	add(path, piece);
}
