#include "archive/huffman.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { max_bits = 15 };

struct node {
	uint32_t weight;
	uint16_t parent; /* its index is always larger than the node's own */
	uint16_t depth;
};

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The symbols that occur, rarest first; of two that are equally rare the smaller one first. */
static size_t sort_symbols(const uint32_t *freq, size_t count, uint32_t *ret_keys)
{
	size_t n = 0;

	for (uint32_t s = 0; s < count; s++) {
		if (freq[s])
			ret_keys[n++] = freq[s] << 9 | s;
	}
	for (uint32_t s = 0; n < 2; s++) {
		if (!freq[s])
			ret_keys[n++] = 1u << 9 | s;
	}
	qsort(ret_keys, n, sizeof(*ret_keys), by_value);
	return n;
}

/*
 * Huffman's tree over n sorted leaves: leaves stand in nodes[0 … n-1], inner nodes behind them in the order in which
 * they are made, which is the order of their weights; so the two lightest are always at the front of one of two queues.
 */
static void build_tree(struct node *nodes, size_t n)
{
	size_t leaf = 0, inner = n;

	for (size_t made = n; made < 2 * n - 1; made++) {
		uint32_t weight = 0;
		for (int child = 0; child < 2; child++) {
			/* a leaf goes first where the weights are equal: that gives the flatter tree */
			bool take_leaf = leaf < n && (inner >= made || nodes[leaf].weight <= nodes[inner].weight);
			size_t at = take_leaf ? leaf++ : inner++;
			nodes[at].parent = (uint16_t)made;
			weight += nodes[at].weight;
		}
		nodes[made].weight = weight;
	}
	nodes[2 * n - 2].depth = 0;
	for (size_t i = 2 * n - 2; i-- > 0;)
		nodes[i].depth = (uint16_t)(nodes[nodes[i].parent].depth + 1);
}

/* Make room for the codes that were cut to limit bits, by lengthening others; a code space is 2^limit wide. */
static void limit_lengths(unsigned *counts, unsigned limit)
{
	uint32_t used = 0;

	for (unsigned l = 1; l <= limit; l++)
		used += counts[l] << (limit - l);
	while (used > 1u << limit) {
		unsigned l = limit - 1;
		while (counts[l] == 0)
			l--;
		/* a code of l bits becomes two of l + 1, and one of limit bits takes the second place */
		counts[limit]--;
		counts[l]--;
		counts[l + 1] += 2;
		used--;
	}
}

void hm_huffman_lengths(const uint32_t *freq, size_t count, unsigned limit, uint8_t *ret_lengths)
{
	uint32_t keys[HM_HUFFMAN_MAX_SYMBOLS];
	struct node nodes[2 * HM_HUFFMAN_MAX_SYMBOLS];
	unsigned counts[max_bits + 1] = { 0 };

	size_t n = sort_symbols(freq, count, keys);
	for (size_t i = 0; i < n; i++)
		nodes[i].weight = keys[i] >> 9;
	build_tree(nodes, n);
	for (size_t i = 0; i < n; i++)
		counts[nodes[i].depth < limit ? nodes[i].depth : limit]++;
	limit_lengths(counts, limit);

	memset(ret_lengths, 0, count);
	size_t next = 0;
	for (unsigned l = limit; l > 0; l--) {
		for (unsigned i = 0; i < counts[l]; i++)
			ret_lengths[keys[next++] & 0x1ff] = (uint8_t)l;
	}
}

void hm_huffman_codes(const uint8_t *lengths, size_t count, uint16_t *ret_codes)
{
	uint16_t counts[max_bits + 1] = { 0 }, next[max_bits + 1] = { 0 };

	/* RFC 1951 3.2.2 steps 1 and 2 */
	for (size_t s = 0; s < count; s++)
		counts[lengths[s]]++;
	counts[0] = 0;
	for (unsigned l = 1; l <= max_bits; l++)
		next[l] = (uint16_t)((next[l - 1] + counts[l - 1]) << 1);

	/* step 3 */
	for (size_t s = 0; s < count; s++) {
		uint16_t code = lengths[s] ? next[lengths[s]]++ : 0, reversed = 0;
		for (unsigned bit = 0; bit < lengths[s]; bit++)
			reversed = (uint16_t)(reversed << 1 | (code >> bit & 1));
		ret_codes[s] = reversed;
	}
}
