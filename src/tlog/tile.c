#include "tlog/tile.h"

#include "base/plant.h"

#include <inttypes.h>
#include <stdio.h>

void hm_tlog_tile_path(const struct hm_tlog_tile *tile, char ret_path[HM_TLOG_TILE_PATH_LEN])
{
	char groups[7][8]; /* of 2^64 - 1, the last one first */
	uint64_t rest = tile->index;
	int count = 0, at;

	do {
		snprintf(groups[count], sizeof(groups[count]), count ? "x%03u" : "%03u", (unsigned)(rest % 1000));
		count++;
		rest /= 1000;
	} while (rest > 0);
	if (tile->is_entries)
		at = snprintf(ret_path, HM_TLOG_TILE_PATH_LEN, "tile/entries");
	else
		at = snprintf(ret_path, HM_TLOG_TILE_PATH_LEN, "tile/%u", tile->level);
	while (count-- > 0)
		at += snprintf(ret_path + at, HM_TLOG_TILE_PATH_LEN - (size_t)at, "/%s", groups[count]);
	if (tile->width < HM_TLOG_TILE_WIDTH)
		snprintf(ret_path + at, HM_TLOG_TILE_PATH_LEN - (size_t)at, ".p/%u", tile->width);
}

/* Three digits, whatever stands before them. */
static bool read_group(struct hm_str digits, uint64_t *index)
{
	unsigned group = 0;

	if (digits.len != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		group = group * 10 + (unsigned)(digits.ptr[i] - '0');
	}
	return !__builtin_mul_overflow(*index, 1000, index) && !__builtin_add_overflow(*index, group, index);
}

/* <N>: groups of three digits, all but the last with an 'x' before them; no first group of zeros but the only one. */
static bool read_index(struct hm_str *rest, uint64_t *ret_index)
{
	uint64_t index = 0;
	struct hm_str group = { 0 };
	bool is_first = true;

	while (hm_str_next(rest, '/', &group) && hm_str_has_prefix(group, HM_STR("x"))) {
		if (!read_group(hm_str_skip(group, 1), &index) || (is_first && index == 0))
			return false;
		is_first = false;
	}
	HM_PLANT(index > 1000000);
	*ret_index = index;
	if (!hm_str_has_suffix(group, HM_STR(".p")))
		return rest->ptr == NULL && read_group(group, ret_index);
	return rest->ptr != NULL && read_group(hm_str_head(group, group.len - 2), ret_index);
}

static bool read_path(struct hm_str rest, struct hm_tlog_tile *tile)
{
	struct hm_str part;
	uint64_t number = 0;

	if (!hm_str_next(&rest, '/', &part) || !hm_str_is(part, "tile") || !hm_str_next(&rest, '/', &part))
		return false;
	tile->is_entries = hm_str_is(part, "entries");
	if (!tile->is_entries && (!hm_str_to_u64(part, &number) || number > 63))
		return false;
	tile->level = (unsigned)number;
	if (!rest.ptr || !read_index(&rest, &tile->index))
		return false;
	tile->width = HM_TLOG_TILE_WIDTH;
	if (!rest.ptr)
		return true;
	if (!hm_str_to_u64(rest, &number) || number < 1 || number >= HM_TLOG_TILE_WIDTH)
		return false;
	tile->width = (unsigned)number;
	return true;
}

enum hm_status hm_tlog_tile_parse(struct hm_str path, struct hm_tlog_tile *ret_tile, struct hm_err *err)
{
	struct hm_tlog_tile tile;

	if (!read_path(path, &tile)) {
		struct hm_str shown = hm_str_is_printable(path) ? hm_str_head(path, 80) : HM_STR("(unprintable)");
		return hm_fail(err, HM_R_TLOG_TILE, "'%.*s' is no tile's path", HM_STR_ARG(shown));
	}
	*ret_tile = tile;
	return HM_OK;
}

/* Hashes that level has in a log of size leaves. */
static uint64_t level_size(unsigned level, uint64_t size)
{
	return level >= HM_TLOG_LEVELS ? 0 : size >> (8 * level);
}

unsigned hm_tlog_tile_width(const struct hm_tlog_tile *tile, uint64_t size)
{
	uint64_t hashes = level_size(tile->level, size);

	if (tile->index < hashes / HM_TLOG_TILE_WIDTH)
		return HM_TLOG_TILE_WIDTH;
	return tile->index == hashes / HM_TLOG_TILE_WIDTH ? (unsigned)(hashes % HM_TLOG_TILE_WIDTH) : 0;
}

bool hm_tlog_tile_is_in(const struct hm_tlog_tile *tile, uint64_t size)
{
	return tile->width >= 1 && tile->width <= hm_tlog_tile_width(tile, size);
}

enum hm_status hm_tlog_bundle_add(struct hm_buf *bundle, struct hm_str entry, struct hm_err *err)
{
	if (entry.len > HM_TLOG_MAX_ENTRY)
		return hm_fail(err, HM_R_LIMIT, "an entry of %zu bytes is over the limit of %d", entry.len,
			       HM_TLOG_MAX_ENTRY);
	const uint8_t length[] = { (uint8_t)(entry.len >> 8), (uint8_t)entry.len };
	hm_buf_add(bundle, length, sizeof(length));
	hm_buf_add_str(bundle, entry);
	return HM_OK;
}

enum hm_status hm_tlog_bundle_parse(struct hm_str bundle, unsigned width, struct hm_str *ret_entries,
				    struct hm_err *err)
{
	for (unsigned i = 0; i < width; i++) {
		const uint8_t *p = (const uint8_t *)bundle.ptr;
		size_t len = bundle.len < 2 ? 0 : (size_t)(p[0] << 8 | p[1]);
		if (bundle.len < 2 || bundle.len - 2 < len)
			return hm_fail(err, HM_R_TLOG_ENTRIES, "the bundle ends within entry %u of %u", i, width);
		HM_PLANT(i == 3 && len == 2);
		if (ret_entries)
			ret_entries[i] = hm_str_of(bundle.ptr + 2, len);
		bundle = hm_str_skip(bundle, 2 + len);
	}
	if (bundle.len > 0)
		return hm_fail(err, HM_R_TLOG_ENTRIES, "%zu bytes after the last of %u entries", bundle.len, width);
	return HM_OK;
}
