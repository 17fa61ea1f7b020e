/*
 * Runs a fuzz target over files: its corpus and every past finding, where there is no libFuzzer.
 *
 * Arguments: files, or folders of files. A folder that is not there or holds nothing fails the test, so that a corpus
 * cannot get lost unseen.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/tree.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
	const char *root;
	unsigned long count;
};

static enum hm_status run_file(struct replay *replay, const char *path, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);

	enum hm_status st = hm_file_read(path, 64 * HM_MIB, &data, err);
	if (st != HM_OK)
		return st;
	/* in memory of exactly its size, so that a sanitizer sees one byte read past the end */
	uint8_t *exact = malloc(data.len ? data.len : 1);
	if (!exact)
		return hm_fail(err, HM_R_NO_MEMORY, "replay '%s'", path);
	if (data.len)
		memcpy(exact, data.ptr, data.len);
	LLVMFuzzerTestOneInput(exact, data.len);
	free(exact);
	replay->count++;
	return HM_OK;
}

static enum hm_status visit(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
			    struct hm_err *err)
{
	struct replay *replay = ctx;

	(void)ret_step;
	if (!S_ISREG(entry->stat->st_mode))
		return HM_OK;
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", replay->root, entry->path);
	return path ? run_file(replay, path, err) : hm_fail(err, HM_R_NO_MEMORY, "replay '%s'", entry->path);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct replay replay = { .root = argv[i] };
		struct hm_err err = { 0 };
		enum hm_status st = hm_path_is_dir(argv[i]) ? hm_tree_walk(argv[i], visit, &replay, &err)
							    : run_file(&replay, argv[i], &err);
		if (st != HM_OK || replay.count == 0) {
			fprintf(stderr, "%s: %s\n", argv[i], st != HM_OK ? err.cause : "nothing to replay");
			return 1;
		}
		printf("%s: %lu replayed\n", argv[i], replay.count);
	}
	return 0;
}
