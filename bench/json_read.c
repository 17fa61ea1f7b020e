/*
 * Read a JSON file into a value tree and say how long that took and how much memory it needed.
 *
 *     json_read [--copy] [--go] FILE [TIMES]
 *
 * Memory is the process's peak, the text included; --copy makes a tree that does not point into the text, --go reads as
 * OPA does (the last of two equal keys, U+FFFD for what is no UTF-8).
 */
#include "base/file.h"
#include "base/own.h"
#include "data/json.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int fail(const struct hm_err *err)
{
	char text[1024];

	hm_err_text(err, text, sizeof(text));
	fprintf(stderr, "json_read: %s\n", text);
	return 1;
}

static double peak_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss * 1024;
}

/* The best of some runs, each with a tree of its own. */
static enum hm_status read_times(struct hm_str text, const struct hm_json_opts *opts, long times, double *ret_best_s,
				 struct hm_err *err)
{
	*ret_best_s = 1e9;
	for (long i = 0; i < times; i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(SIZE_MAX);
		struct hm_value value;
		double start = now_s();
		enum hm_status st = hm_json_parse(text, opts, &arena, &value, err);
		if (st != HM_OK)
			return st;
		double took = now_s() - start;
		*ret_best_s = took < *ret_best_s ? took : *ret_best_s;
	}
	return HM_OK;
}

int main(int argc, char **argv)
{
	struct hm_json_opts opts = { .borrow = true };
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_JSON_SIZE);
	struct hm_err err = { 0 };
	double best_s;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--go") == 0)
			opts = hm_json_as_go;
		else
			opts.borrow = false;
	}
	if (at == argc) {
		fprintf(stderr, "usage: json_read [--copy] [--go] FILE [TIMES]\n");
		return 2;
	}
	double empty = peak_bytes();
	if (hm_file_read(argv[at], HM_MAX_JSON_SIZE, &text, &err) != HM_OK)
		return fail(&err);
	long times = at + 1 < argc ? strtol(argv[at + 1], NULL, 10) : 1;
	if (read_times(hm_buf_str(&text), &opts, times, &best_s, &err) != HM_OK)
		return fail(&err);
	printf("%zu bytes in %.3f s: %.0f MB/s; peak memory %.2f times the size\n", text.len, best_s,
	       (double)text.len / 1e6 / best_s, (peak_bytes() - empty) / (double)text.len);
	return 0;
}
