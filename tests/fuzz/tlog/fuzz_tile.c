/* A tile's path: what is accepted is written back as it was. */
#include "tlog/tile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_tlog_tile tile;
	char path[HM_TLOG_TILE_PATH_LEN];

	if (hm_tlog_tile_parse(hm_str_of(data, size), &tile, NULL) != HM_OK)
		return 0;
	hm_tlog_tile_path(&tile, path);
	if (!hm_str_is(hm_str_of(data, size), path))
		abort();
	return 0;
}
