#include "data/place.h"

#include "data/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void hm_places_done(struct hm_places *places)
{
	if (!places)
		return;
	free(places->place);
	*places = (struct hm_places){ 0 };
}

bool hm_places_find(const struct hm_places *places, const struct hm_value *v, uint32_t *ret_row, uint32_t *ret_col)
{
	size_t low = 0, high = places ? places->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct hm_place *place = &places->place[middle];
		if (place->value == v) {
			*ret_row = place->row;
			*ret_col = place->col;
			return true;
		}
		if ((uintptr_t)place->value < (uintptr_t)v)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Look for what stands at an address; the path is that of the last one tried, so it is right once true comes back. */
static bool find_path(const struct hm_value *from, const struct hm_value *v, struct hm_path *path)
{
	const struct hm_path here = *path;

	if (from == v)
		return true;
	for (size_t i = 0; i < hm_value_count(from); i++, *path = here) {
		const struct hm_value *key = hm_value_key_at(from, i);
		const struct hm_value *inner = from->kind == HM_OBJECT ? hm_value_member_at(from, i)
					       : from->kind == HM_SET  ? key
								       : hm_value_at(from, i);
		if (from->kind == HM_OBJECT && key == v)
			return true;
		if (from->kind == HM_OBJECT)
			hm_path_add_key(path, hm_value_text(key));
		else
			hm_path_add_index(path, i);
		if (find_path(inner, v, path))
			return true;
	}
	return false;
}

enum hm_status hm_value_refuse(const struct hm_value *root, const struct hm_value *v, const struct hm_places *places,
			       struct hm_err *err, enum hm_reason reason, const char *fmt, ...)
{
	char what[256];
	struct hm_path path = { 0 };
	uint32_t row = 0, col = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!find_path(root, v, &path))
		path = (struct hm_path){ 0 };
	/* A root that is wherever its owner keeps it has its place under no address. */
	if (!hm_places_find(places, v, &row, &col) && v == root)
		(void)hm_places_find(places, NULL, &row, &col);
	enum hm_status st = hm_fail(err, reason, "%s%s%s", path.text, path.len ? ": " : "", what);
	return hm_at(err, st, NULL, row, col);
}
