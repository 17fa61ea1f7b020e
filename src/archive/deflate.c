#include "archive/deflate.h"

#include "archive/huffman.h"
#include "base/mem.h"
#include "base/plant.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The input is cut into segments of a fixed size. Each is compressed with the 32 KiB before it as its dictionary, from
 * an empty match finder: so what comes out depends on these bytes only, and not on how they came.
 */
enum {
	window = 32 * 1024, /* RFC 1951: how far back a match may lie */
	segment = 1024 * 1024,
	min_match = 3,
	max_match = 258,
	max_tokens = 32 * 1024, /* a block's; its codes are then made anew */
	hash_bits = 15,
	hash3_bits = 13,
	out_cap = 64 * 1024,
	end_of_block = 256,
	litlen_count = 286,
	dist_count = 30,
	clen_count = 19,
};

/* How hard to search; every number here is part of the format of our digests. */
enum {
	chain_length = 16,    /* places looked at */
	good_match = 8,       /* after one this long, a quarter of them */
	lazy_match = 16,      /* one this long is taken without a look at the next byte */
	nice_match = 64,      /* one this long ends the search */
	far_short = 2 * 1024, /* a match of 3 from farther away costs more than its bytes */
};

struct hm_deflate {
	struct hm_sink out;
	enum hm_status status; /* of the sink; sticks */
	struct hm_err *err;    /* of the call that is running */

	size_t history, fill; /* bytes of the window before the segment, and of the segment */
	size_t block_start;   /* where in bytes the block began that the tokens are of */
	size_t token_count;
	uint64_t bits; /* not yet a whole byte, the first bit lowest */
	unsigned bit_count;
	size_t packed_len;

	uint32_t litlen_freq[litlen_count], dist_freq[dist_count];
	uint8_t length_code[max_match + 1]; /* minus 257 */
	uint8_t dist_code[512];             /* of distances up to 256, then of the distance's upper bits */
	uint32_t head[1 << hash_bits];      /* the newest place with that hash of 4 bytes, plus 1; 0: none */
	uint32_t head3[1 << hash3_bits];    /* the same of 3 bytes */
	uint32_t older[window];             /* the place before a place with the same hash, plus 1 */
	uint32_t tokens[max_tokens];        /* a byte, or is_match | distance << 9 | length */
	uint8_t packed[out_cap];
	uint8_t bytes[window + segment];
};

static const uint32_t is_match = 1u << 31;

static const struct {
	uint16_t base;
	uint8_t extra;
} lengths[] = {
	{ 3, 0 },  { 4, 0 },  { 5, 0 },  { 6, 0 },  { 7, 0 },   { 8, 0 },   { 9, 0 },   { 10, 0 },  { 11, 1 },  { 13, 1 },
	{ 15, 1 }, { 17, 1 }, { 19, 2 }, { 23, 2 }, { 27, 2 },  { 31, 2 },  { 35, 3 },  { 43, 3 },  { 51, 3 },  { 59, 3 },
	{ 67, 4 }, { 83, 4 }, { 99, 4 }, { 115, 4 }, { 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 }, { 258, 0 },
}, distances[] = {
	{ 1, 0 },      { 2, 0 },      { 3, 0 },      { 4, 0 },       { 5, 1 },       { 7, 1 },
	{ 9, 2 },      { 13, 2 },     { 17, 3 },     { 25, 3 },      { 33, 4 },      { 49, 4 },
	{ 65, 5 },     { 97, 5 },     { 129, 6 },    { 193, 6 },     { 257, 7 },     { 385, 7 },
	{ 513, 8 },    { 769, 8 },    { 1025, 9 },   { 1537, 9 },    { 2049, 10 },   { 3073, 10 },
	{ 4097, 11 },  { 6145, 11 },  { 8193, 12 },  { 12289, 12 },  { 16385, 13 },  { 24577, 13 },
};

static void fill_code_tables(struct hm_deflate *d)
{
	for (unsigned code = 0; code < sizeof(lengths) / sizeof(lengths[0]); code++) {
		for (unsigned i = 0; i < 1u << lengths[code].extra && lengths[code].base + i <= max_match; i++)
			d->length_code[lengths[code].base + i] = (uint8_t)code;
	}
	for (unsigned code = 0; code < dist_count; code++) {
		for (unsigned i = 0; i < 1u << distances[code].extra; i++) {
			unsigned dist = distances[code].base + i;
			d->dist_code[dist <= 256 ? dist - 1 : 256 + ((dist - 1) >> 7)] = (uint8_t)code;
		}
	}
}

static unsigned code_of_dist(const struct hm_deflate *d, unsigned dist)
{
	return d->dist_code[dist <= 256 ? dist - 1 : 256 + ((dist - 1) >> 7)];
}

/* --- writing bits --- */

static void flush_packed(struct hm_deflate *d)
{
	if (d->status == HM_OK && d->packed_len)
		d->status = hm_sink_write(d->out, d->packed, d->packed_len, d->err);
	d->packed_len = 0;
}

/* At most 32 bits at a time. */
static inline void put(struct hm_deflate *d, uint32_t value, unsigned count)
{
	d->bits |= (uint64_t)value << d->bit_count;
	d->bit_count += count;
	if (d->bit_count < 32)
		return;
	if (d->packed_len > out_cap - 4)
		flush_packed(d);
	for (int i = 0; i < 4; i++)
		d->packed[d->packed_len++] = (uint8_t)(d->bits >> (8 * i));
	d->bits >>= 32;
	d->bit_count -= 32;
}

static void pad_to_byte(struct hm_deflate *d)
{
	put(d, 0, -d->bit_count & 7);
	while (d->bit_count) {
		if (d->packed_len == out_cap)
			flush_packed(d);
		d->packed[d->packed_len++] = (uint8_t)d->bits;
		d->bits >>= 8;
		d->bit_count -= 8;
	}
}

/* --- writing a block --- */

struct codes {
	uint8_t litlen_len[HM_HUFFMAN_MAX_SYMBOLS], dist_len[32];
	uint16_t litlen[HM_HUFFMAN_MAX_SYMBOLS], dist[32];
};

struct header {
	unsigned litlens, dists, clens; /* how many of each are sent */
	uint8_t symbols[litlen_count + dist_count], extra[litlen_count + dist_count];
	size_t count;
	uint8_t clen_len[clen_count];
	uint16_t clen[clen_count];
	uint64_t bits; /* of all of it */
};

static const uint8_t clen_order[clen_count] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

static unsigned clen_extra(unsigned symbol)
{
	return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

/* The code lengths of both codes as one run, with repetitions shortened: RFC 1951, 3.2.7. */
static void shorten_lengths(const uint8_t *lens, size_t count, struct header *h)
{
	for (size_t i = 0; i < count;) {
		size_t run = 1;
		while (i + run < count && lens[i + run] == lens[i])
			run++;
		size_t used = 1;
		uint8_t symbol = lens[i], extra = 0;
		if (lens[i] == 0 && run >= 3) {
			used = run > 138 ? 138 : run;
			symbol = used >= 11 ? 18 : 17;
			extra = (uint8_t)(used - (used >= 11 ? 11 : 3));
		} else if (i > 0 && lens[i - 1] == lens[i] && run >= 3) {
			used = run > 6 ? 6 : run;
			symbol = 16;
			extra = (uint8_t)(used - 3);
		}
		h->symbols[h->count] = symbol;
		h->extra[h->count++] = extra;
		i += used;
	}
}

static void make_header(const struct codes *c, struct header *h)
{
	uint8_t lens[litlen_count + dist_count];
	uint32_t freq[clen_count] = { 0 };

	h->litlens = litlen_count;
	while (h->litlens > 257 && c->litlen_len[h->litlens - 1] == 0)
		h->litlens--;
	h->dists = dist_count;
	while (h->dists > 1 && c->dist_len[h->dists - 1] == 0)
		h->dists--;
	memcpy(lens, c->litlen_len, h->litlens);
	memcpy(lens + h->litlens, c->dist_len, h->dists);
	h->count = 0;
	shorten_lengths(lens, h->litlens + h->dists, h);

	for (size_t i = 0; i < h->count; i++)
		freq[h->symbols[i]]++;
	hm_huffman_lengths(freq, clen_count, 7, h->clen_len);
	hm_huffman_codes(h->clen_len, clen_count, h->clen);
	h->clens = clen_count;
	while (h->clens > 4 && h->clen_len[clen_order[h->clens - 1]] == 0)
		h->clens--;
	h->bits = 5 + 5 + 4 + 3 * h->clens;
	for (size_t i = 0; i < h->count; i++)
		h->bits += h->clen_len[h->symbols[i]] + clen_extra(h->symbols[i]);
}

static void put_header(struct hm_deflate *d, const struct header *h)
{
	put(d, h->litlens - 257, 5);
	put(d, h->dists - 1, 5);
	put(d, h->clens - 4, 4);
	for (unsigned i = 0; i < h->clens; i++)
		put(d, h->clen_len[clen_order[i]], 3);
	for (size_t i = 0; i < h->count; i++) {
		put(d, h->clen[h->symbols[i]], h->clen_len[h->symbols[i]]);
		put(d, h->extra[i], clen_extra(h->symbols[i]));
	}
}

/* The codes that every reader knows: RFC 1951, 3.2.6. */
static void fixed_lengths(struct codes *c)
{
	memset(c->litlen_len, 8, 144);
	memset(c->litlen_len + 144, 9, 112);
	memset(c->litlen_len + 256, 7, 24);
	memset(c->litlen_len + 280, 8, 8);
	memset(c->dist_len, 5, 32);
}

static uint64_t cost(const struct hm_deflate *d, const struct codes *c)
{
	uint64_t bits = 0;

	for (unsigned s = 0; s < litlen_count; s++)
		bits +=
		    (uint64_t)d->litlen_freq[s] * (c->litlen_len[s] + (s > end_of_block ? lengths[s - 257].extra : 0u));
	for (unsigned s = 0; s < dist_count; s++)
		bits += (uint64_t)d->dist_freq[s] * (c->dist_len[s] + (unsigned)distances[s].extra);
	return bits;
}

static void put_tokens(struct hm_deflate *d, struct codes *c)
{
	hm_huffman_codes(c->litlen_len, HM_HUFFMAN_MAX_SYMBOLS, c->litlen);
	hm_huffman_codes(c->dist_len, 32, c->dist);
	for (size_t i = 0; i < d->token_count; i++) {
		uint32_t token = d->tokens[i];
		if (!(token & is_match)) {
			put(d, c->litlen[token], c->litlen_len[token]);
			continue;
		}
		unsigned len = token & 0x1ff, dist = (token & ~is_match) >> 9;
		unsigned lc = d->length_code[len], dc = code_of_dist(d, dist);
		put(d, c->litlen[257 + lc] | (uint32_t)(len - lengths[lc].base) << c->litlen_len[257 + lc],
		    c->litlen_len[257 + lc] + (unsigned)lengths[lc].extra);
		put(d, c->dist[dc] | (uint32_t)(dist - distances[dc].base) << c->dist_len[dc],
		    c->dist_len[dc] + (unsigned)distances[dc].extra);
	}
	put(d, c->litlen[end_of_block], c->litlen_len[end_of_block]);
}

/* As they are: RFC 1951, 3.2.4. */
static void put_stored(struct hm_deflate *d, const uint8_t *ptr, size_t len, bool final)
{
	do {
		unsigned part = len > 0xffff ? 0xffff : (unsigned)len;
		len -= part;
		put(d, final && len == 0, 3);
		pad_to_byte(d);
		put(d, part | (~part & 0xffffu) << 16, 32);
		pad_to_byte(d);
		flush_packed(d);
		if (d->status == HM_OK)
			d->status = hm_sink_write(d->out, ptr, part, d->err);
		ptr += part;
	} while (len > 0);
}

/* A whole block, in the shortest of its three forms. end: where in bytes it ends. */
static void put_block(struct hm_deflate *d, size_t end, bool final)
{
	struct codes own = { .litlen_len = { 0 } }, fixed;
	struct header header;
	size_t len = end - d->block_start;

	HM_PLANT(len > 40 && len < 400 && d->token_count * 2 < len);
	d->litlen_freq[end_of_block] = 1;
	hm_huffman_lengths(d->litlen_freq, litlen_count, 15, own.litlen_len);
	hm_huffman_lengths(d->dist_freq, dist_count, 15, own.dist_len);
	make_header(&own, &header);
	fixed_lengths(&fixed);

	uint64_t own_bits = header.bits + cost(d, &own), fixed_bits = cost(d, &fixed);
	uint64_t stored_bits = 8 * (uint64_t)len + 42 * (1 + (uint64_t)len / 0xffff); /* padding counted at its most */
	if (stored_bits < own_bits && stored_bits < fixed_bits) {
		put_stored(d, d->bytes + d->block_start, len, final);
	} else if (fixed_bits <= own_bits) {
		put(d, 1 << 1 | final, 3);
		put_tokens(d, &fixed);
	} else {
		put(d, 2 << 1 | final, 3);
		put_header(d, &header);
		put_tokens(d, &own);
	}
	memset(d->litlen_freq, 0, sizeof(d->litlen_freq));
	memset(d->dist_freq, 0, sizeof(d->dist_freq));
	d->token_count = 0;
	d->block_start = end;
}

/* --- finding matches --- */

/* Byte by byte and not by one load: the hash must not depend on the machine's byte order. */
static inline uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint32_t *slot3(struct hm_deflate *d, uint32_t four)
{
	return &d->head3[((four & 0xffffff) * 0x9e3779b1u) >> (32 - hash3_bits)];
}

/* Note place at under the hashes of its bytes; four of them are there. Answers the newest older places. */
static inline uint32_t insert(struct hm_deflate *d, size_t at, uint32_t *ret_short)
{
	uint32_t four = load32(d->bytes + at);
	uint32_t *head = &d->head[(four * 0x9e3779b1u) >> (32 - hash_bits)], *short_head = slot3(d, four);
	uint32_t newest = *head;

	*ret_short = *short_head;
	*head = *short_head = (uint32_t)at + 1;
	d->older[at % window] = newest;
	return newest;
}

static inline unsigned equal_bytes(const uint8_t *a, const uint8_t *b, unsigned max)
{
	unsigned n = 0;

	for (; n + 8 <= max; n += 8) {
		uint64_t x, y;
		memcpy(&x, a + n, 8);
		memcpy(&y, b + n, 8);
		if (x != y)
			break;
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

struct match {
	unsigned len, dist;
};

/* The longest match at `at` that is longer than best.len, among the places of a chain; else best as it was. */
static inline struct match search(const struct hm_deflate *d, size_t at, size_t end, uint32_t place, struct match best,
				  unsigned tries)
{
	const uint8_t *bytes = d->bytes, *here = bytes + at;
	unsigned max = end - at < max_match ? (unsigned)(end - at) : max_match;

	for (; place && tries > 0 && best.len < max; tries--) {
		size_t there = place - 1;
		/* exactly window bytes back the chain's slot has been overwritten, so that one place is given up */
		if (at - there >= window)
			break;
		if (bytes[there + best.len] == here[best.len]) {
			unsigned n = equal_bytes(bytes + there, here, max);
			if (n > best.len) {
				best = (struct match){ n, (unsigned)(at - there) };
				if (n >= nice_match)
					break;
			}
		}
		place = d->older[there % window];
	}
	return best;
}

static struct match find(struct hm_deflate *d, size_t at, size_t end, unsigned longer_than)
{
	struct match best = { longer_than < min_match - 1 ? min_match - 1 : longer_than, 0 };
	uint32_t short_place;

	if (end - at < 4)
		return best;
	uint32_t place = insert(d, at, &short_place);
	if (longer_than >= lazy_match)
		return best;
	if (best.len < min_match && short_place && at - (short_place - 1) <= far_short &&
	    memcmp(d->bytes + short_place - 1, d->bytes + at, min_match) == 0)
		best = (struct match){ min_match, (unsigned)(at - (short_place - 1)) };
	return search(d, at, end, place, best, longer_than >= good_match ? chain_length / 4 : chain_length);
}

static void insert_range(struct hm_deflate *d, size_t from, size_t to, size_t end)
{
	uint32_t unused;

	for (; from < to && end - from >= 4; from++)
		insert(d, from, &unused);
}

/* --- a segment --- */

static void add_literal(struct hm_deflate *d, size_t at)
{
	d->tokens[d->token_count++] = d->bytes[at];
	d->litlen_freq[d->bytes[at]]++;
	if (d->token_count == max_tokens)
		put_block(d, at + 1, false);
}

static void add_match(struct hm_deflate *d, size_t at, struct match match)
{
	d->tokens[d->token_count++] = is_match | match.dist << 9 | match.len;
	d->litlen_freq[257 + d->length_code[match.len]]++;
	d->dist_freq[code_of_dist(d, match.dist)]++;
	if (d->token_count == max_tokens)
		put_block(d, at + match.len, false);
}

/* A match is put off by one byte as long as the next byte begins a longer one. */
static void compress_segment(struct hm_deflate *d, bool final)
{
	size_t begin = d->history, end = d->history + d->fill;
	struct match before = { 0, 0 };

	memset(d->head, 0, sizeof(d->head));
	memset(d->head3, 0, sizeof(d->head3));
	insert_range(d, 0, begin, end);
	d->block_start = begin;
	for (size_t at = begin; at < end;) {
		struct match match = find(d, at, end, before.len);
		if (match.dist) { /* longer than the one before, if there was one */
			if (before.dist)
				add_literal(d, at - 1);
			before = match;
			at++;
		} else if (before.dist) {
			add_match(d, at - 1, before);
			size_t next = at - 1 + before.len;
			insert_range(d, at + 1, next, end);
			at = next;
			before = (struct match){ 0, 0 };
		} else {
			add_literal(d, at);
			at++;
		}
	}
	/* nothing is put off here: a match needs four bytes, so the last places begin none */
	put_block(d, end, final);
	if (final)
		pad_to_byte(d);

	size_t keep = end < window ? end : window;
	memmove(d->bytes, d->bytes + end - keep, keep);
	d->history = keep;
	d->fill = 0;
}

enum hm_status hm_deflate_new(struct hm_sink out, struct hm_deflate **ret_deflate, struct hm_err *err)
{
	struct hm_deflate *d = hm_malloc(sizeof(*d));

	if (!d)
		return hm_fail(err, HM_R_NO_MEMORY, "a compressor");
	memset(d, 0, offsetof(struct hm_deflate, head));
	memset(d->older, 0, sizeof(d->older));
	d->out = out;
	fill_code_tables(d);
	*ret_deflate = d;
	return HM_OK;
}

enum hm_status hm_deflate_write(struct hm_deflate *d, const void *ptr, size_t len, struct hm_err *err)
{
	d->err = err;
	while (len > 0 && d->status == HM_OK) {
		/* A full segment waits for the byte behind it: only then is it known not to be the last. */
		if (d->fill == segment)
			compress_segment(d, false);
		size_t part = segment - d->fill < len ? segment - d->fill : len;
		memcpy(d->bytes + d->history + d->fill, ptr, part);
		d->fill += part;
		ptr = (const uint8_t *)ptr + part;
		len -= part;
	}
	d->err = NULL;
	return d->status;
}

enum hm_status hm_deflate_finish(struct hm_deflate *d, struct hm_err *err)
{
	d->err = err;
	if (d->status == HM_OK) {
		compress_segment(d, true);
		flush_packed(d);
	}
	d->err = NULL;
	return d->status;
}

struct hm_deflate *hm_deflate_free(struct hm_deflate *deflate)
{
	free(deflate);
	return NULL;
}
