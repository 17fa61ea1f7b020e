#include "store/partials.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static void remove_narrower(const char *folder, unsigned keep)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		uint64_t width = 0;
		if (hm_str_to_u64(hm_str(entry->d_name), &width) && width < keep)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

void hm_partials_sweep(const char *tile, unsigned keep)
{
	HM_OWN(hm_freep) char *partials = hm_asprintf("%s.p", tile), *folder = hm_asprintf("%s", tile);

	if (!partials || !folder)
		return;
	remove_narrower(partials, keep);
	hm_file_sweep(partials);
	rmdir(partials); /* stays unless it is empty */
	*strrchr(folder, '/') = '\0';
	hm_file_sweep(folder);
}
