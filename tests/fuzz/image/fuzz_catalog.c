/*
 * Layers over layers, written down as in tests/unit/image/program.h, '|' between them: whatever they hide and bring, no
 * place has two programs, and none has one that a later layer put something else into.
 */
#include "base/own.h"
#include "image/catalog.h"
#include "image/program.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct hm_image_catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++) {
		if (catalog->found[i].path[0] != '/' || catalog->found[i].binary->refs == 0 ||
		    catalog->found[i].layer > catalog->layer)
			abort();
		for (size_t n = 0; n < i; n++) {
			if (strcmp(catalog->found[i].path, catalog->found[n].path) == 0)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hm_archive_opts opts = { .limits = { .entries = 100 }, .allow_twice = true };
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	struct hm_str rest = hm_str_of(data, size), words;

	if (size > 4096)
		return 0;
	while (hm_str_next(&rest, '|', &words)) {
		HM_OWN(hm_buf_done) struct hm_buf tar = hm_buf_init(4 * HM_MIB);
		HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
		if (make_layer(words, &tar) != HM_OK ||
		    hm_archive_open_memory(hm_buf_str(&tar), "layer", &opts, &archive, NULL) != HM_OK)
			return 0;
		if (hm_image_catalog_layer(&catalog, 0, archive, NULL) != HM_OK)
			return 0;
		check(&catalog);
	}
	return 0;
}
