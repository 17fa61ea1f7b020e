/*
 * The path of a member, for errors: spec.tasks[2]["a key.with dots"]. For this module only.
 *
 * Layer 2. Pure; any thread.
 */
#ifndef HM_DATA_PATH_H
#define HM_DATA_PATH_H

#include "base/str.h"

struct hm_path {
	char text[192]; /* printable ASCII; ends in "..." when it was cut */
	size_t len;
	bool is_cut;
};

void hm_path_add_key(struct hm_path *path, struct hm_str key);
void hm_path_add_index(struct hm_path *path, size_t index);

/* Say that the rest is left out. */
void hm_path_cut(struct hm_path *path);

#endif
