/* Tiles: their paths, bundles, growth by batches, and proofs from what was written. */
#include "tree.h"

#include "base/mem.h"
#include "base/own.h"
#include "tlog/tile.h"

static const struct {
	const char *path;
	struct hm_tlog_tile tile;
} good_paths[] = {
	{ "tile/0/000", { false, 0, 0, 256 } },
	{ "tile/0/000.p/1", { false, 0, 0, 1 } },
	{ "tile/0/000.p/255", { false, 0, 0, 255 } },
	{ "tile/0/x001/x234/067", { false, 0, 1234067, 256 } },
	{ "tile/1/x001/x234/067.p/8", { false, 1, 1234067, 8 } },
	{ "tile/63/999", { false, 63, 999, 256 } },
	{ "tile/7/x001/000", { false, 7, 1000, 256 } },
	{ "tile/7/x001/x000/000", { false, 7, 1000000, 256 } },
	{ "tile/entries/000", { true, 0, 0, 256 } },
	{ "tile/entries/x273/001.p/112", { true, 0, 273001, 112 } },
	{ "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255", { true, 0, UINT64_MAX, 255 } },
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_paths); i++) {
		const struct hm_tlog_tile *want = &good_paths[i].tile;
		struct hm_tlog_tile tile;
		struct hm_err err;
		char path[HM_TLOG_TILE_PATH_LEN];
		hm_tlog_tile_path(want, path);
		assert_string_equal(path, good_paths[i].path);
		assert_ok(hm_tlog_tile_parse(hm_str(path), &tile, &err), &err);
		assert_int_equal(tile.is_entries, want->is_entries);
		assert_int_equal(tile.level, want->level);
		assert_int_equal(tile.width, want->width);
		assert_true(tile.index == want->index);
	}
}

static void test_hostile_paths(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"/",
		"tile",
		"tile/",
		"tile/0",
		"tile/0/",
		"tile/0//",
		"/tile/0/000",
		"tile//000",
		"tile/0/000/",
		"tile/0/000 ",
		" tile/0/000",
		"Tile/0/000",
		"tile/64/000",
		"tile/00/000",
		"tile/-1/000",
		"tile/+0/000",
		"tile/18446744073709551616/000",
		"tile/data/000",
		"tile/0/0",
		"tile/0/00",
		"tile/0/0000",
		"tile/0/1234067",
		"tile/0/x000",
		"tile/0/x000/000",
		"tile/0/x000/x001/067",
		"tile/0/001/067",
		"tile/0/x001/x067",
		"tile/0/x01/067",
		"tile/0/X001/067",
		"tile/0/x001//067",
		"tile/0/0x1",
		"tile/0/-01",
		"tile/0/+01",
		"tile/0/..",
		"tile/0/x001/../000",
		"tile/0/%30%30%30",
		"tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x999/x999/x999/x999/x999/x999/999",
		"tile/0/x001/x000/x000/x000/x000/x000/x000/000",
		"tile/0/000.p",
		"tile/0/000.p/",
		"tile/0/000.p/0",
		"tile/0/000.p/00",
		"tile/0/000.p/01",
		"tile/0/000.p/256",
		"tile/0/000.p/-1",
		"tile/0/000.p/1/",
		"tile/0/000.p/1/2",
		"tile/0/000.p1",
		"tile/0/000p/1",
		"tile/0/000.P/1",
		"tile/0/x001.p/1",
		"tile/0/x001.p/067.p/1",
		"tile/0/.p/1",
		"tile/entries",
		"tile/entries/",
		"tile/entries/000.p/256",
		"tile/entries/0/000",
		"tile/0/000\n",
		"tile/0/\x1b[2J",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_tile tile;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_tlog_tile_parse(hm_str(rows[i]), &tile, &err), &err, HM_R_TLOG_TILE);
		assert_true(hm_str_is_printable(hm_str(err.cause)));
	}
	struct hm_tlog_tile tile;
	struct hm_err err = { 0 };
	assert_refused("NUL", hm_tlog_tile_parse(HM_STR("tile/0/000\0"), &tile, &err), &err, HM_R_TLOG_TILE);
}

/* The example of C2SP tlog-tiles: 70,000 leaves. */
static void test_which_tiles_there_are(void **state)
{
	(void)state;
	static const struct {
		uint64_t size;
		struct hm_tlog_tile tile;
		unsigned width; /* that the tile has */
		bool is_in;     /* at the width in tile */
	} rows[] = {
		{ 70000, { false, 0, 272, 256 }, 256, true },
		{ 70000, { false, 0, 273, 112 }, 112, true },
		{ 70000, { false, 0, 273, 113 }, 112, false },
		{ 70000, { false, 0, 273, 1 }, 112, true },
		{ 70000, { false, 0, 272, 9 }, 256, true },
		{ 70000, { false, 0, 274, 1 }, 0, false },
		{ 70000, { false, 1, 0, 256 }, 256, true },
		{ 70000, { false, 1, 1, 17 }, 17, true },
		{ 70000, { false, 1, 1, 18 }, 17, false },
		{ 70000, { false, 2, 0, 1 }, 1, true },
		{ 70000, { false, 2, 0, 2 }, 1, false },
		{ 70000, { false, 3, 0, 1 }, 0, false },
		{ 256, { false, 0, 0, 256 }, 256, true },
		{ 256, { false, 1, 0, 1 }, 1, true },
		{ 256, { false, 0, 1, 1 }, 0, false },
		{ 0, { false, 0, 0, 1 }, 0, false },
		{ 0, { false, 0, 0, 0 }, 0, false },
		{ 1, { true, 0, 0, 1 }, 1, true },
		{ 70000, { true, 0, 273, 112 }, 112, true },
		{ UINT64_MAX, { false, 7, 0, 255 }, 255, true },
		{ UINT64_MAX, { false, 7, 0, 256 }, 255, false },
		{ UINT64_MAX, { false, 8, 0, 1 }, 0, false },
		{ UINT64_MAX, { false, 63, 0, 1 }, 0, false },
		{ UINT64_MAX, { false, 0, UINT64_MAX / 256, 255 }, 255, true },
		{ UINT64_MAX, { false, 0, UINT64_MAX, 1 }, 0, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(hm_tlog_tile_width(&rows[i].tile, rows[i].size), rows[i].width);
		assert_int_equal(hm_tlog_tile_is_in(&rows[i].tile, rows[i].size), rows[i].is_in);
	}
}

/* A log's files, by their paths. */
struct files {
	struct file {
		char path[HM_TLOG_TILE_PATH_LEN];
		char *bytes;
		size_t len;
	} * v;
	size_t count, cap, reads;
	const char *broken; /* this path is read with its first bit turned */
	int longer;         /* and all are read with so many bytes more */
};

static struct file *find(struct files *files, const char *path)
{
	for (size_t i = files->count; i-- > 0;) {
		if (strcmp(files->v[i].path, path) == 0)
			return &files->v[i];
	}
	return NULL;
}

static enum hm_status read_file(void *ctx, const struct hm_tlog_tile *tile, struct hm_buf *data, struct hm_err *err)
{
	struct files *files = ctx;
	char path[HM_TLOG_TILE_PATH_LEN];

	files->reads++;
	hm_tlog_tile_path(tile, path);
	const struct file *file = find(files, path);
	if (!file)
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "%s", path);
	hm_buf_add(data, file->bytes, file->len);
	if (files->broken && strcmp(files->broken, path) == 0 && data->status == HM_OK)
		data->ptr[0] ^= 1;
	if (files->longer < 0 && data->status == HM_OK)
		data->len -= 1;
	if (files->longer > 0)
		hm_buf_add_char(data, 'x');
	return HM_OK;
}

static enum hm_status write_file(void *ctx, const struct hm_tlog_tile *tile, struct hm_str bytes, struct hm_err *err)
{
	struct files *files = ctx;

	if (!hm_grow(&files->v, &files->cap, files->count + 1, sizeof(files->v[0])))
		return hm_fail(err, HM_R_NO_MEMORY, "a file");
	char *copy = hm_malloc(bytes.len);
	if (!copy)
		return hm_fail(err, HM_R_NO_MEMORY, "a file");
	memcpy(copy, bytes.ptr, bytes.len);
	struct file *file = &files->v[files->count++];
	*file = (struct file){ .bytes = copy, .len = bytes.len };
	hm_tlog_tile_path(tile, file->path);
	return HM_OK;
}

static void files_done(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->v[i].bytes);
	free(files->v);
}

static struct hm_tlog_head empty_head(void)
{
	return (struct hm_tlog_head){ 0, tree_hash(NULL, 0) };
}

/* Every tile that C2SP tlog-tiles wants for a size is there, and nothing was written twice. */
static void check_files(struct files *files, uint64_t size)
{
	for (unsigned level = 0; level < HM_TLOG_LEVELS; level++) {
		struct hm_tlog_tile tile = { .level = level };
		for (; (tile.width = hm_tlog_tile_width(&tile, size)) > 0; tile.index++) {
			char path[HM_TLOG_TILE_PATH_LEN];
			hm_tlog_tile_path(&tile, path);
			const struct file *file = find(files, path);
			if (!file || file->len != tile.width * HM_HASH_LEN)
				fail_msg("size %llu: no %s", (unsigned long long)size, path);
		}
	}
	for (size_t i = 0; i < files->count; i++) {
		if (find(files, files->v[i].path) != &files->v[i])
			fail_msg("written twice: %s", files->v[i].path);
	}
}

static void check_proofs(struct files *files, const struct hm_hash *leaves, const struct hm_tlog_head *head,
			 uint64_t at)
{
	const struct hm_tlog_source source = { files, read_file };
	struct hm_tlog_path path;
	struct hm_tlog_tiles tiles;
	struct hm_hash leaf, root;
	struct hm_err err;

	files->reads = 0;
	assert_ok(hm_tlog_tiles_for_inclusion(at, head->size, &tiles, &err), &err);
	assert_ok(hm_tlog_tiles_inclusion(&source, at, head->size, &leaf, &path, &err), &err);
	assert_int_equal(files->reads, tiles.count);
	assert_memory_equal(&leaf, &leaves[at], sizeof(leaf));
	assert_ok(hm_tlog_check_inclusion(at, head->size, &leaf, path.hash, path.count, &head->root, &err), &err);

	files->reads = 0;
	struct hm_tlog_head old = { .size = at + 1 };
	assert_ok(hm_tlog_root(leaves, at + 1, &old.root, &err), &err);
	assert_ok(hm_tlog_tiles_for_consistency(at + 1, head->size, &tiles, &err), &err);
	assert_ok(hm_tlog_tiles_consistency(&source, at + 1, head->size, &path, &err), &err);
	assert_int_equal(files->reads, tiles.count);
	assert_ok(hm_tlog_check_consistency(&old, head, path.hash, path.count, &err), &err);

	files->reads = 0;
	hm_tlog_tiles_for_root(head->size, &tiles);
	assert_ok(hm_tlog_tiles_root(&source, head->size, &root, &err), &err);
	assert_int_equal(files->reads, tiles.count);
	assert_memory_equal(&root, &head->root, sizeof(root));
}

/* Batches that end before, at and after the end of a tile, of a level, and of several at once. */
static void test_growth(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { 1,   2,    3,     255,   256,   257,   511,   512,   513,
					  600, 1024, 65280, 65534, 65535, 65536, 65537, 65791, 65792 };
	struct files files = { 0 };
	const struct hm_tlog_source source = { &files, read_file };
	const struct hm_tlog_sink sink = { &files, write_file };
	struct hm_tlog_head head = empty_head();
	uint64_t last = sizes[COUNT(sizes) - 1];
	HM_OWN(hm_freep) struct hm_hash *leaves = hm_calloc(last, sizeof(*leaves));
	struct hm_err err;

	assert_non_null(leaves);
	for (uint64_t i = 0; i < last; i++)
		leaves[i] = leaf_at(i);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct hm_hash want = tree_hash(leaves, sizes[i]);
		assert_ok(hm_tlog_grow(&source, &sink, &head, leaves + head.size, sizes[i] - head.size, &head, &err),
			  &err);
		assert_int_equal(head.size, sizes[i]);
		assert_memory_equal(&head.root, &want, sizeof(want));
		check_files(&files, head.size);
		for (uint64_t at = 0; at < head.size; at += head.size / 7 + 1)
			check_proofs(&files, leaves, &head, at);
		check_proofs(&files, leaves, &head, head.size - 1);
	}
	/* nothing more is nothing written */
	size_t before = files.count;
	struct hm_tlog_head same;
	assert_ok(hm_tlog_grow(&source, &sink, &head, NULL, 0, &same, &err), &err);
	assert_memory_equal(&same, &head, sizeof(head));
	assert_int_equal(files.count, before);
	files_done(&files);
}

static void grow_to(struct files *files, struct hm_hash *leaves, uint64_t size, struct hm_tlog_head *ret_head)
{
	const struct hm_tlog_source source = { files, read_file };
	const struct hm_tlog_sink sink = { files, write_file };
	struct hm_tlog_head head = empty_head();
	struct hm_err err;

	for (uint64_t i = 0; i < size; i++)
		leaves[i] = leaf_at(i);
	assert_ok(hm_tlog_grow(&source, &sink, &head, leaves, size, ret_head, &err), &err);
}

static void test_damaged_files(void **state)
{
	(void)state;
	static struct hm_hash leaves[600];
	struct files files = { 0 };
	const struct hm_tlog_source source = { &files, read_file };
	const struct hm_tlog_sink sink = { &files, write_file };
	struct hm_tlog_head head, other;
	struct hm_tlog_path path;
	struct hm_hash leaf;
	struct hm_err err = { 0 };

	grow_to(&files, leaves, 599, &head);
	size_t written = files.count;
	other = head;
	other.root.b[31] ^= 1;
	assert_refused("another root", hm_tlog_grow(&source, &sink, &other, leaves, 1, &other, &err), &err,
		       HM_R_TLOG_TREE);
	other = head;
	other.size = 0;
	assert_refused("empty with a root", hm_tlog_grow(&source, &sink, &other, leaves, 1, &other, &err), &err,
		       HM_R_TLOG_TREE);
	static const char *const edge[] = { "tile/0/002.p/87", "tile/1/000.p/2" };
	for (size_t i = 0; i < COUNT(edge); i++) {
		files.broken = edge[i];
		assert_refused(edge[i], hm_tlog_grow(&source, &sink, &head, leaves, 1, &other, &err), &err,
			       HM_R_TLOG_TREE);
		assert_ok(hm_tlog_tiles_inclusion(&source, 512, 599, &leaf, &path, &err), &err);
		assert_refused(edge[i],
			       hm_tlog_check_inclusion(512, 599, &leaf, path.hash, path.count, &head.root, &err), &err,
			       HM_R_TLOG_INCLUSION);
	}
	files.broken = NULL;
	assert_int_equal(files.count, written);
	for (files.longer = -1; files.longer <= 1; files.longer += 2) {
		/* one byte more is over the maximum only of a full tile */
		assert_refused("short or long tile", hm_tlog_tiles_inclusion(&source, 590, 599, NULL, &path, &err),
			       &err, HM_R_TLOG_TILE);
		assert_refused("short or long edge", hm_tlog_grow(&source, &sink, &head, leaves, 1, &other, &err), &err,
			       HM_R_TLOG_TILE);
	}
	files.longer = 1;
	assert_refused("long full tile", hm_tlog_tiles_inclusion(&source, 3, 599, NULL, &path, &err), &err, HM_R_LIMIT);
	files.longer = 0;
	/* a tile that is gone is the reader's to name */
	strcpy(find(&files, "tile/1/000.p/2")->path, "elsewhere");
	assert_refused("gone", hm_tlog_tiles_root(&source, 599, &leaf, &err), &err, HM_R_FILE_NOT_FOUND);
	files_done(&files);
}

static void test_refusals(void **state)
{
	(void)state;
	struct files files = { 0 };
	const struct hm_tlog_source source = { &files, read_file };
	const struct hm_tlog_sink sink = { &files, write_file };
	struct hm_tlog_tiles tiles;
	struct hm_tlog_path path;
	struct hm_err err = { 0 };
	struct hm_tlog_head largest = { UINT64_MAX, leaf_at(0) }, head;

	assert_refused("index", hm_tlog_tiles_for_inclusion(3, 3, &tiles, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("index", hm_tlog_tiles_inclusion(&source, 3, 3, NULL, &path, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("0", hm_tlog_tiles_for_consistency(0, 3, &tiles, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("shrunk", hm_tlog_tiles_consistency(&source, 4, 3, &path, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("full", hm_tlog_grow(&source, &sink, &largest, &largest.root, 1, &head, &err), &err, HM_R_LIMIT);
	assert_refused("full", hm_tlog_grow_entries(&source, &sink, UINT64_MAX, &HM_STR("x"), 1, &err), &err,
		       HM_R_LIMIT);
	/* the largest log's tiles fit in the list */
	for (unsigned shift = 0; shift < 64; shift++) {
		assert_ok(hm_tlog_tiles_for_inclusion((UINT64_C(1) << shift) - 1, UINT64_MAX, &tiles, &err), &err);
		assert_in_range(tiles.count, 1, COUNT(tiles.tile));
		assert_ok(hm_tlog_tiles_for_consistency((UINT64_C(3) << shift) + 1, UINT64_MAX, &tiles, &err), &err);
		assert_in_range(tiles.count, 1, COUNT(tiles.tile));
	}
}

static void test_bundles(void **state)
{
	(void)state;
	static char large[HM_TLOG_MAX_ENTRY + 1];
	static const struct {
		const char *name;
		struct hm_str bundle;
		unsigned width;
		bool good;
	} rows[] = {
		{ "one", HM_STR("\0\3abc"), 1, true },           { "an empty entry", HM_STR("\0\0"), 1, true },
		{ "three", HM_STR("\0\1a\0\0\0\2bc"), 3, true }, { "fewer", HM_STR("\0\1a\0\0"), 3, false },
		{ "more", HM_STR("\0\1a\0\0\0\2bc"), 2, false }, { "nothing", HM_STR(""), 1, false },
		{ "half a length", HM_STR("\0"), 1, false },     { "cut", HM_STR("\0\3ab"), 1, false },
		{ "cut by far", HM_STR("\xff\xff"), 1, false },  { "a byte after", HM_STR("\0\1ab"), 1, false },
	};
	struct hm_str entries[3];
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum hm_status st = hm_tlog_bundle_parse(rows[i].bundle, rows[i].width, entries, &err);
		if (!rows[i].good)
			assert_refused(rows[i].name, st, &err, HM_R_TLOG_ENTRIES);
		else
			assert_ok(st, &err);
	}
	assert_ok(hm_tlog_bundle_parse(HM_STR("\0\1a\0\0\0\2bc"), 3, entries, &err), &err);
	assert_true(hm_str_is(entries[0], "a") && entries[1].len == 0 && hm_str_is(entries[2], "bc"));

	struct hm_buf bundle = hm_buf_init(HM_TLOG_MAX_BUNDLE);
	assert_ok(hm_tlog_bundle_add(&bundle, hm_str_of(large, HM_TLOG_MAX_ENTRY), &err), &err);
	assert_ok(hm_tlog_bundle_parse(hm_buf_str(&bundle), 1, entries, &err), &err);
	assert_int_equal(entries[0].len, HM_TLOG_MAX_ENTRY);
	assert_refused("one byte more", hm_tlog_bundle_add(&bundle, hm_str_of(large, sizeof(large)), &err), &err,
		       HM_R_LIMIT);
	hm_buf_done(&bundle);
}

static void test_growing_bundles(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { 1, 3, 255, 256, 600, 1024, 1030 };
	struct files files = { 0 };
	const struct hm_tlog_source source = { &files, read_file };
	const struct hm_tlog_sink sink = { &files, write_file };
	struct hm_str entries[1030], got[HM_TLOG_TILE_WIDTH];
	struct hm_err err = { 0 };
	uint64_t size = 0;

	for (size_t i = 0; i < COUNT(entries); i++)
		entries[i] = hm_str_of((const char *)&files, i % 20);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_ok(hm_tlog_grow_entries(&source, &sink, size, entries + size, sizes[i] - size, &err), &err);
		size = sizes[i];
		struct hm_tlog_tile tile = { .is_entries = true };
		for (; (tile.width = hm_tlog_tile_width(&tile, size)) > 0; tile.index++) {
			char path[HM_TLOG_TILE_PATH_LEN];
			hm_tlog_tile_path(&tile, path);
			const struct file *file = find(&files, path);
			assert_non_null(file);
			assert_ok(hm_tlog_bundle_parse(hm_str_of(file->bytes, file->len), tile.width, got, &err), &err);
			for (unsigned k = 0; k < tile.width; k++)
				assert_int_equal(got[k].len, entries[tile.index * 256 + k].len);
		}
	}
	files.longer = -1;
	assert_refused("damaged", hm_tlog_grow_entries(&source, &sink, 1030, entries, 1, &err), &err,
		       HM_R_TLOG_ENTRIES);
	files_done(&files);
}

/* Each allocation fails once: the answer is always that memory ran out, and nothing leaks. */
static void test_no_memory(void **state)
{
	(void)state;
	static struct hm_hash leaves[300];
	struct files files = { 0 };
	const struct hm_tlog_source source = { &files, read_file };
	const struct hm_tlog_sink sink = { &files, write_file };
	struct hm_tlog_head head, new;
	struct hm_tlog_path path;
	struct hm_err err = { 0 };

	grow_to(&files, leaves, 300, &head);
	for (unsigned long n = 1;; n++) {
		hm_mem_fail_at(n);
		enum hm_status st = hm_tlog_tiles_inclusion(&source, 299, 300, NULL, &path, &err);
		if (st == HM_OK)
			st = hm_tlog_tiles_consistency(&source, 299, 300, &path, &err);
		if (st == HM_OK)
			st = hm_tlog_tiles_root(&source, 300, &new.root, &err);
		if (st == HM_OK)
			st = hm_tlog_grow(&source, &sink, &head, leaves, 3, &new, &err);
		if (st == HM_OK)
			st = hm_tlog_grow_entries(&source, &sink, 0, &HM_STR("entry"), 1, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		assert_refused("no memory", st, &err, HM_R_NO_MEMORY);
	}
	files_done(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_hostile_paths),
		cmocka_unit_test(test_which_tiles_there_are),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_growing_bundles),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("tlog/tile", tests, NULL, NULL);
}
