#include "cli/places.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "cli/folders.h"

/* Folders of the configured layout that a program may stand in. */
static const char *const homes[] = { HM_BINDIR, HM_LIBEXECDIR };

static void add(struct hm_strv *paths, struct hm_str prefix, const char *dir, const char *name)
{
	if (dir[0] == '/')
		hm_strv_addf(paths, "%s/%s", dir, name);
	else
		hm_strv_addf(paths, "%.*s/%s/%s", HM_STR_ARG(prefix), dir, name);
}

/* The prefix of the installation that a folder belongs to: "/opt/x" for "/opt/x/bin". */
static bool cut_prefix(struct hm_str folder, const char *home, struct hm_str *ret_prefix)
{
	struct hm_str suffix = hm_str(home);

	if (folder.len <= suffix.len || !hm_str_has_suffix(folder, suffix) ||
	    folder.ptr[folder.len - suffix.len - 1] != '/')
		return false;
	*ret_prefix = hm_str_head(folder, folder.len - suffix.len - 1);
	return true;
}

/* in_build: the name beside the program in a build folder. */
static enum hm_status find(const char *program, const char *dir, const char *name, const char *in_build,
			   struct hm_strv *ret_paths, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv paths = { 0 };
	struct hm_str folder = hm_str_of(program, (size_t)(hm_path_base(program) - program)), prefix;

	if (folder.len > 0)
		folder.len--;
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		if (cut_prefix(folder, homes[i], &prefix))
			add(&paths, prefix, dir, name);
	}
	hm_strv_addf(&paths, "%.*s/%s%s", HM_STR_ARG(folder), in_build, name);
	add(&paths, hm_str(HM_PREFIX), dir, name);
	enum hm_status st = hm_strv_check(&paths, err);
	if (st != HM_OK)
		return st;
	*ret_paths = paths;
	paths = (struct hm_strv){ 0 };
	return HM_OK;
}

enum hm_status hm_cli_places_full(const char *program, struct hm_strv *ret_paths, struct hm_err *err)
{
	return find(program, HM_LIBEXECDIR, "hallmark-full", "", ret_paths, err);
}

enum hm_status hm_cli_places_share(const char *program, const char *name, struct hm_strv *ret_paths, struct hm_err *err)
{
	return find(program, HM_DATADIR, name, "share/", ret_paths, err);
}

enum hm_status hm_cli_find_share(const char *program, const char *name, char **ret_path, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv paths = { 0 };
	enum hm_status st = hm_cli_places_share(program, name, &paths, err);

	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < paths.count; i++) {
		if (hm_path_is_there(paths.v[i]))
			return hm_str_dup(hm_str(paths.v[i]), ret_path, err);
	}
	return hm_fail(err, HM_R_FILE_NOT_FOUND, "'%s' is not there: the installation is incomplete", paths.v[0]);
}
