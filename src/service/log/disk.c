#include "service/log/parts.h"

#include "base/file.h"
#include "base/own.h"
#include "store/partials.h"

#include <stdio.h>

/* What hm_tlog_tile_path() writes in front of a bundle's number. */
#define ENTRIES_PREFIX "tile/entries/"

enum { time_len = 8 };

static enum hm_status read_file(const char *dir, const char *path, struct hm_buf *data, struct hm_err *err)
{
	HM_OWN(hm_freep) char *full = hm_asprintf("%s/%s", dir, path);

	if (!full)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", path);
	return hm_file_read(full, data->max, data, err);
}

static enum hm_status write_file(const char *dir, const char *path, struct hm_str bytes, struct hm_err *err)
{
	HM_OWN(hm_freep) char *full = hm_asprintf("%s/%s", dir, path);
	HM_OWN(hm_freep) char *parent = full ? hm_asprintf("%s", full) : NULL;

	if (!parent)
		return hm_fail(err, HM_R_NO_MEMORY, "write '%s'", path);
	*strrchr(parent, '/') = '\0';
	enum hm_status st = hm_dir_make(parent, 0755, err);
	return st == HM_OK ? hm_file_save(full, bytes, 0644, err) : st;
}

/* The tile of this place that a log of that size has on disk. */
static enum hm_status current(const struct hm_log_disk *disk, const struct hm_tlog_tile *tile,
			      struct hm_tlog_tile *ret_current, struct hm_err *err)
{
	*ret_current = *tile;
	ret_current->width = hm_tlog_tile_width(tile, disk->size);
	if (ret_current->width < tile->width)
		return hm_fail(err, HM_R_BUG, "a tile that a log of %llu does not have",
			       (unsigned long long)disk->size);
	return HM_OK;
}

/* The first entries of a bundle. */
static enum hm_status cut_bundle(struct hm_buf *data, const char *path, unsigned have, unsigned want,
				 struct hm_err *err)
{
	struct hm_str entries[HM_TLOG_TILE_WIDTH];
	enum hm_status st = hm_tlog_bundle_parse(hm_buf_str(data), have, entries, err);

	if (st == HM_OK && want < have)
		data->len = (size_t)(entries[want - 1].ptr + entries[want - 1].len - data->ptr);
	return hm_while(err, st, "read '%s'", path);
}

/* For struct hm_tlog_source. */
static enum hm_status read_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_buf *data, struct hm_err *err)
{
	const struct hm_log_disk *disk = ctx;
	char path[HM_TLOG_TILE_PATH_LEN];
	struct hm_tlog_tile have;

	enum hm_status st = current(disk, tile, &have, err);
	if (st != HM_OK)
		return st;
	hm_tlog_tile_path(&have, path);
	st = read_file(disk->dir, path, data, err);
	if (st != HM_OK)
		return st;
	if (tile->is_entries)
		return cut_bundle(data, path, have.width, tile->width, err);
	if (data->len != (size_t)have.width * HM_HASH_LEN)
		return hm_fail(err, HM_R_TLOG_TILE, "'%s' has %zu bytes and not %zu", path, data->len,
			       (size_t)have.width * HM_HASH_LEN);
	data->len = (size_t)tile->width * HM_HASH_LEN;
	return HM_OK;
}

/* For struct hm_tlog_sink. */
static enum hm_status write_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_str bytes, struct hm_err *err)
{
	const struct hm_log_disk *disk = ctx;
	char path[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, path);
	return write_file(disk->dir, path, bytes, err);
}

struct hm_tlog_source hm_log_source(struct hm_log_disk *disk)
{
	return (struct hm_tlog_source){ disk, read_tile };
}

struct hm_tlog_sink hm_log_sink(struct hm_log_disk *disk)
{
	return (struct hm_tlog_sink){ disk, write_tile };
}

enum hm_status hm_log_read_bundle(struct hm_log_disk *disk, uint64_t bundle, struct hm_buf *ret_data,
				  struct hm_str *ret_entries, unsigned *ret_count, struct hm_err *err)
{
	struct hm_tlog_tile tile = { .is_entries = true, .index = bundle };
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(HM_TLOG_MAX_BUNDLE);

	tile.width = hm_tlog_tile_width(&tile, disk->size);
	enum hm_status st = read_tile(disk, &tile, &data, err);
	if (st == HM_OK)
		st = hm_tlog_bundle_parse(hm_buf_str(&data), tile.width, ret_entries, err);
	if (st != HM_OK)
		return st;
	*ret_count = tile.width;
	*ret_data = hm_buf_take(&data);
	return HM_OK;
}

/* --- times: eight bytes an entry, in files that lie as the bundles do --- */

static void times_path(const struct hm_tlog_tile *tile, char ret_path[HM_TLOG_TILE_PATH_LEN])
{
	char path[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, path);
	snprintf(ret_path, HM_TLOG_TILE_PATH_LEN, "times/%s", path + sizeof(ENTRIES_PREFIX) - 1);
}

static int64_t get_time(const char *at)
{
	uint64_t n = 0;

	for (int i = 0; i < time_len; i++)
		n = n << 8 | (unsigned char)at[i];
	return (int64_t)n;
}

static void add_time(struct hm_buf *buf, int64_t time_s)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		hm_buf_add_char(buf, (char)((uint64_t)time_s >> shift & 0xff));
}

/* Nobody signs these files, so one that is lost or too short leaves times unknown, and the log as it is. */
enum hm_status hm_log_read_times(const struct hm_log_disk *disk, uint64_t bundle, int64_t *ret_times_s,
				 struct hm_err *err)
{
	struct hm_tlog_tile tile = { .is_entries = true, .index = bundle };
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init((size_t)HM_TLOG_TILE_WIDTH * time_len);
	char path[HM_TLOG_TILE_PATH_LEN];
	struct hm_err why = { 0 };

	memset(ret_times_s, 0, HM_TLOG_TILE_WIDTH * sizeof(*ret_times_s));
	tile.width = hm_tlog_tile_width(&tile, disk->size);
	if (tile.width == 0)
		return HM_OK;
	times_path(&tile, path);
	enum hm_status st = read_file(disk->dir, path, &data, &why);
	if (st == HM_ENOTFOUND || st == HM_ELIMIT)
		return HM_OK;
	if (st != HM_OK) {
		if (err)
			*err = why;
		return st;
	}
	for (unsigned i = 0; i < tile.width && (i + 1) * time_len <= data.len; i++)
		ret_times_s[i] = get_time(data.ptr + i * time_len);
	return HM_OK;
}

static enum hm_status write_times(const struct hm_log_disk *disk, uint64_t bundle, const struct hm_buf *data,
				  struct hm_err *err)
{
	const struct hm_tlog_tile tile = { .is_entries = true,
					   .index = bundle,
					   .width = (unsigned)(data->len / time_len) };
	char path[HM_TLOG_TILE_PATH_LEN];

	times_path(&tile, path);
	return write_file(disk->dir, path, hm_buf_str(data), err);
}

enum hm_status hm_log_grow_times(const struct hm_log_disk *disk, size_t count, int64_t time_s, struct hm_err *err)
{
	uint64_t bundle = disk->size / HM_TLOG_TILE_WIDTH;
	int64_t times_s[HM_TLOG_TILE_WIDTH];
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(sizeof(times_s));

	enum hm_status st = hm_log_read_times(disk, bundle, times_s, err);
	for (unsigned i = 0; i < disk->size % HM_TLOG_TILE_WIDTH; i++)
		add_time(&data, times_s[i]);
	for (; count > 0 && st == HM_OK; count--) {
		add_time(&data, time_s);
		if (count > 1 && data.len < sizeof(times_s))
			continue;
		st = hm_buf_check(&data, "times of entries", err);
		if (st == HM_OK)
			st = write_times(disk, bundle++, &data, err);
		hm_buf_clear(&data);
	}
	return st;
}

/* --- sweeping --- */

static void sweep_tile(const struct hm_log_disk *disk, const struct hm_tlog_tile *tile, bool is_times)
{
	struct hm_tlog_tile full = *tile;
	char path[HM_TLOG_TILE_PATH_LEN];

	full.width = HM_TLOG_TILE_WIDTH;
	if (is_times)
		times_path(&full, path);
	else
		hm_tlog_tile_path(&full, path);
	HM_OWN(hm_freep) char *file = hm_asprintf("%s/%s", disk->dir, path);
	if (file)
		hm_partials_sweep(file, hm_tlog_tile_width(tile, disk->size));
}

void hm_log_sweep(const struct hm_log_disk *disk)
{
	const struct hm_tlog_tile bundle = { .is_entries = true, .index = disk->size / HM_TLOG_TILE_WIDTH };
	uint64_t size = disk->size;

	hm_file_sweep(disk->dir);
	for (int back = 0; back < 2; back++) {
		struct hm_tlog_tile tile = bundle;
		if (back > 0 && tile.index-- == 0)
			break;
		sweep_tile(disk, &tile, false);
		sweep_tile(disk, &tile, true);
	}
	for (unsigned level = 0; level < HM_TLOG_LEVELS && size > 0; level++) {
		struct hm_tlog_tile tile = { .level = level, .index = size / HM_TLOG_TILE_WIDTH };
		sweep_tile(disk, &tile, false);
		if (tile.index-- > 0)
			sweep_tile(disk, &tile, false);
		size /= HM_TLOG_TILE_WIDTH;
	}
}
