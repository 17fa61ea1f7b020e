#include "golang/cover.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"

#include <stdio.h>

/* Blocks and files by what they are, while a profile is read: open-addressed tables of index + 1, at most half full. */
struct table {
	uint32_t *slots;
	size_t cap;
};

struct reader {
	struct hm_golang_cover *cover;
	struct table files, blocks;
	const char *name;
	uint32_t row;
	uint32_t last_file; /* most lines are about the file of the line before */
	struct hm_err *err;
};

static enum hm_status refuse(const struct reader *r, const char *what)
{
	return hm_at(r->err, hm_fail(r->err, HM_R_GOLANG_COVER, "%s", what), r->name, r->row, 0);
}

static enum hm_status no_memory(const struct reader *r)
{
	return hm_fail(r->err, HM_R_NO_MEMORY, "read '%s'", r->name);
}

static uint64_t mix(uint64_t h, uint64_t value)
{
	h = (h ^ value) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t hash_name(struct hm_str name)
{
	uint64_t h = name.len;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
	return mix(h, 0);
}

static uint64_t hash_block(const struct hm_golang_cover_block *b)
{
	uint64_t h = mix(b->file, (uint64_t)b->start.line << 32 | b->start.col);

	return mix(h, (uint64_t)b->end.line << 32 | b->end.col);
}

static bool same_place(const struct hm_golang_cover_block *a, const struct hm_golang_cover_block *b)
{
	return a->file == b->file && a->start.line == b->start.line && a->start.col == b->start.col &&
	       a->end.line == b->end.line && a->end.col == b->end.col;
}

static uint64_t hash_at(const struct reader *r, const struct table *t, uint32_t index)
{
	return t == &r->files ? hash_name(r->cover->files[index].name) : hash_block(&r->cover->blocks[index]);
}

/* Make sure that one more of count entries fits. */
static bool table_reserve(const struct reader *r, struct table *t, size_t count)
{
	if (2 * (count + 1) <= t->cap)
		return true;
	size_t cap = t->cap ? 2 * t->cap : 1024;
	uint32_t *slots = hm_calloc(cap, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		size_t at = hash_at(r, t, i) & (cap - 1);
		while (slots[at])
			at = (at + 1) & (cap - 1);
		slots[at] = i + 1;
	}
	free(t->slots);
	*t = (struct table){ slots, cap };
	return true;
}

static enum hm_status find_file(struct reader *r, struct hm_str name, uint32_t *ret_index)
{
	struct hm_golang_cover *c = r->cover;

	if (c->file_count && hm_str_eq(c->files[r->last_file].name, name)) {
		*ret_index = r->last_file;
		return HM_OK;
	}
	if (!table_reserve(r, &r->files, c->file_count))
		return no_memory(r);
	size_t at = hash_name(name) & (r->files.cap - 1);
	while (r->files.slots[at] && !hm_str_eq(c->files[r->files.slots[at] - 1].name, name))
		at = (at + 1) & (r->files.cap - 1);
	if (!r->files.slots[at]) {
		struct hm_str copy = hm_arena_dup(&c->arena, name);
		if (!copy.ptr || !hm_grow(&c->files, &c->file_cap, c->file_count + 1, sizeof(*c->files)))
			return no_memory(r);
		c->files[c->file_count++] = (struct hm_golang_cover_file){ .name = copy };
		r->files.slots[at] = (uint32_t)c->file_count;
	}
	*ret_index = r->last_file = r->files.slots[at] - 1;
	return HM_OK;
}

static enum hm_status add_block(struct reader *r, const struct hm_golang_cover_block *block)
{
	struct hm_golang_cover *c = r->cover;

	if (!table_reserve(r, &r->blocks, c->block_count))
		return no_memory(r);
	size_t at = hash_block(block) & (r->blocks.cap - 1);
	while (r->blocks.slots[at] && !same_place(&c->blocks[r->blocks.slots[at] - 1], block))
		at = (at + 1) & (r->blocks.cap - 1);
	if (!r->blocks.slots[at]) {
		if (!hm_grow(&c->blocks, &c->block_cap, c->block_count + 1, sizeof(*c->blocks)))
			return no_memory(r);
		c->blocks[c->block_count++] = *block;
		r->blocks.slots[at] = (uint32_t)c->block_count;
		return HM_OK;
	}
	struct hm_golang_cover_block *there = &c->blocks[r->blocks.slots[at] - 1];
	if (there->statements != block->statements)
		return refuse(r, "a block has another number of statements than before");
	if (hm_str_is(c->mode, "set"))
		there->count |= block->count;
	else if (__builtin_add_overflow(there->count, block->count, &there->count))
		there->count = UINT64_MAX;
	return HM_OK;
}

/* Take the number behind the last sep off the line's end. */
static bool cut_last(struct hm_str *line, char sep, uint64_t max, uint64_t *ret_number)
{
	ptrdiff_t at = hm_str_find_last_char(*line, sep);

	if (at < 0 || !hm_str_to_u64(hm_str_skip(*line, (size_t)at + 1), ret_number) || *ret_number > max)
		return false;
	*line = hm_str_head(*line, (size_t)at);
	return true;
}

/* "name.go:line.column,line.column statements count"; the name may hold anything, so from the end. */
static enum hm_status read_block(struct reader *r, struct hm_str line)
{
	uint64_t n[6];

	if (!cut_last(&line, ' ', INT64_MAX, &n[0]) || !cut_last(&line, ' ', INT32_MAX, &n[1]) ||
	    !cut_last(&line, '.', INT32_MAX, &n[2]) || !cut_last(&line, ',', INT32_MAX, &n[3]) ||
	    !cut_last(&line, '.', INT32_MAX, &n[4]) || !cut_last(&line, ':', INT32_MAX, &n[5]) || line.len == 0)
		return refuse(r, "a line that has not the form FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT");
	struct hm_golang_cover_block block = { .start = { (uint32_t)n[5], (uint32_t)n[4] },
					       .end = { (uint32_t)n[3], (uint32_t)n[2] },
					       .statements = n[1],
					       .count = n[0] };
	HM_PLANT(block.statements == 9 && block.start.line > block.end.line);
	enum hm_status st = find_file(r, line, &block.file);
	if (st == HM_OK && r->cover->block_count == UINT32_MAX - 1)
		return refuse(r, "too many blocks");
	return st == HM_OK ? add_block(r, &block) : st;
}

static enum hm_status read_lines(struct reader *r, struct hm_str text)
{
	static const struct hm_str front = { "mode: ", 6 };
	struct hm_str line;
	enum hm_status st = HM_OK;

	while (st == HM_OK && text.len && hm_str_next(&text, '\n', &line)) {
		r->row++;
		if (hm_str_has_suffix(line, HM_STR("\r")))
			line.len--;
		if (r->row > 1) {
			st = read_block(r, line);
			continue;
		}
		if (!hm_str_has_prefix(line, front) || line.len == front.len)
			return refuse(r, "a cover profile begins with a line 'mode: '");
		r->cover->mode = hm_arena_dup(&r->cover->arena, hm_str_skip(line, front.len));
		if (!r->cover->mode.ptr)
			return no_memory(r);
	}
	return st;
}

/* --- order --- */

static int by_name(const void *a, const void *b)
{
	const struct hm_golang_cover_file *x = a, *y = b;

	return hm_str_cmp(x->name, y->name);
}

static int compare_places(struct hm_golang_place a, struct hm_golang_place b)
{
	return a.line != b.line ? (a.line > b.line) - (a.line < b.line) : (a.col > b.col) - (a.col < b.col);
}

static int by_place(const void *a, const void *b)
{
	const struct hm_golang_cover_block *x = a, *y = b;

	if (x->file != y->file)
		return (x->file > y->file) - (x->file < y->file);
	int order = compare_places(x->start, y->start);
	return order ? order : compare_places(x->end, y->end);
}

/* Files by name, blocks by file and place. While files are sorted, `first` holds the index that they had. */
static enum hm_status sort_all(const struct reader *r)
{
	struct hm_golang_cover *c = r->cover;
	HM_OWN(hm_freep) uint32_t *moved = hm_reallocarray(NULL, c->file_count, sizeof(*moved));

	if (!moved)
		return no_memory(r);
	for (size_t i = 0; i < c->file_count; i++)
		c->files[i].first = i;
	if (c->file_count)
		qsort(c->files, c->file_count, sizeof(*c->files), by_name);
	for (size_t i = 0; i < c->file_count; i++)
		moved[c->files[i].first] = (uint32_t)i;
	for (size_t i = 0; i < c->block_count; i++)
		c->blocks[i].file = moved[c->blocks[i].file];
	if (c->block_count)
		qsort(c->blocks, c->block_count, sizeof(*c->blocks), by_place);
	for (size_t i = 0; i < c->block_count; i++) {
		struct hm_golang_cover_file *f = &c->files[c->blocks[i].file];
		if (f->count++ == 0)
			f->first = i;
	}
	return HM_OK;
}

enum hm_status hm_golang_cover_parse(struct hm_str text, const char *name, struct hm_golang_cover *ret_cover,
				     struct hm_err *err)
{
	struct hm_golang_cover cover = { .mode = { "", 0 }, .arena = hm_arena_init(2 * HM_MAX_GO_COVER) };
	struct reader r = { .cover = &cover, .name = name, .err = err };

	if (text.len > HM_MAX_GO_COVER)
		return hm_fail(err, HM_R_LIMIT, "'%s' is over its limit of %zu bytes", name, HM_MAX_GO_COVER);
	enum hm_status st = read_lines(&r, text);
	free(r.files.slots);
	free(r.blocks.slots);
	if (st == HM_OK)
		st = sort_all(&r);
	if (st != HM_OK) {
		hm_golang_cover_done(&cover);
		return st;
	}
	*ret_cover = cover;
	return HM_OK;
}

void hm_golang_cover_done(struct hm_golang_cover *cover)
{
	if (!cover)
		return;
	free(cover->files);
	free(cover->blocks);
	hm_arena_done(&cover->arena);
	*cover = (struct hm_golang_cover){ .file_count = 0 };
}

/* --- sums --- */

static void add(struct hm_golang_cover_sum *sum, const struct hm_golang_cover_block *block)
{
	sum->total += block->statements;
	sum->covered += block->count > 0 ? block->statements : 0;
}

struct hm_golang_cover_sum hm_golang_cover_total(const struct hm_golang_cover *cover)
{
	struct hm_golang_cover_sum sum = { 0 };

	for (size_t i = 0; i < cover->block_count; i++)
		add(&sum, &cover->blocks[i]);
	return sum;
}

void hm_golang_cover_add_funcs(const struct hm_golang_cover *cover, const struct hm_golang_cover_file *file,
			       const struct hm_golang_func *funcs, size_t count, struct hm_golang_cover_sum *sum)
{
	const struct hm_golang_cover_block *blocks = cover->blocks + file->first;
	size_t begin = 0;

	/* functions stand in the order of the file, and do not overlap: what ends before one ends before the next */
	for (size_t f = 0; f < count; f++) {
		while (begin < file->count && compare_places(blocks[begin].end, funcs[f].start) <= 0)
			begin++;
		for (size_t i = begin; i < file->count && compare_places(blocks[i].start, funcs[f].end) < 0; i++) {
			if (compare_places(blocks[i].end, funcs[f].start) > 0)
				add(sum, &blocks[i]);
		}
	}
}

void hm_golang_cover_percent(const struct hm_golang_cover_sum *sum, char ret_text[HM_GOLANG_PERCENT_LEN])
{
	/* the same two operations on doubles as in Go, and the same rounding of the exact value in printing */
	double percent = sum->total ? 100.0 * (double)sum->covered / (double)sum->total : 0.0;

	snprintf(ret_text, HM_GOLANG_PERCENT_LEN, "%.1f", percent);
}
