/*
 * Proofs from outside: index and sizes, 8 bytes each, then as many hashes as there are. Nothing but the right path may
 * be accepted, so a path of the fuzzer's own is only ever right by being empty.
 */
#include "tlog/proof.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t at, tree;
	struct hm_hash path[80], leaf = { "leaf" }, root = { "root" };
	size_t count = 0;

	if (size < 16)
		return 0;
	memcpy(&at, data, 8);
	memcpy(&tree, data + 8, 8);
	for (size_t i = 16; i < size && count < 80; i += 8) {
		memset(&path[count], 0, sizeof(path[0]));
		memcpy(path[count++].b, data + i, size - i < 8 ? size - i : 8);
	}
	struct hm_tlog_head old = { at, leaf }, new = { tree, root };
	if (hm_tlog_check_inclusion(at, tree, &leaf, path, count, &root, NULL) == HM_OK ||
	    hm_tlog_check_consistency(&old, &new, path, count, NULL) == HM_OK)
		abort();
	return 0;
}
