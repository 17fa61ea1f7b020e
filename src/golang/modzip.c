#include "golang/modzip.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/unicode.h"
#include "golang/path.h"

#include <strings.h>
#include <sys/stat.h>

/* 1032 is the most that deflate can do: sources hold files of zeros, and the total is limited as it is. */
const struct hm_archive_limits hm_golang_zip_limits = {
	.file_size = HM_MAX_GO_ZIP,
	.total_size = HM_MAX_GO_ZIP,
	.ratio = 2000,
};

static enum hm_status refuse(const struct hm_zip *zip, struct hm_str name, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_GOLANG_ZIP, "'%s': '%.*s' %s", zip->path, HM_STR_ARG(hm_str_head(name, 200)), what);
}

/* --- names that are one where case does not count --- */

struct name {
	struct hm_str folded, name;
	bool is_dir;
};

struct names {
	struct name *v;
	size_t count, cap;
	struct hm_arena arena;
};

static void names_done(struct names *names)
{
	free(names->v);
	hm_arena_done(&names->arena);
}

/* A name with each character in the one form of all that differ from it in case only. */
static struct hm_str fold(struct names *names, struct hm_str name)
{
	HM_OWN(hm_buf_done) struct hm_buf folded = hm_buf_init(2 * HM_MAX_ARCHIVE_PATH);
	bool plain = true;

	for (size_t i = 0; i < name.len; i++)
		plain = plain && !(name.ptr[i] & 0x80) && !(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z');
	if (plain)
		return name;
	for (struct hm_str rest = name; rest.len;)
		hm_rune_add(&folded, hm_rune_fold(hm_rune_next(&rest)));
	return folded.status == HM_OK ? hm_arena_dup(&names->arena, hm_buf_str(&folded)) : (struct hm_str){ 0 };
}

static bool add_name(struct names *names, struct hm_str name, bool is_dir)
{
	struct hm_str folded = fold(names, name);

	if (!folded.ptr || !hm_grow(&names->v, &names->cap, names->count + 1, sizeof(*names->v)))
		return false;
	names->v[names->count++] = (struct name){ folded, name, is_dir };
	return true;
}

/* A name and all folders above it; of a folder that holds several in a row it is enough to add it once. */
static bool add_with_parents(struct names *names, struct hm_str name, bool is_dir, struct hm_str before)
{
	if (!add_name(names, name, is_dir))
		return false;
	for (ptrdiff_t slash; (slash = hm_str_find_last_char(name, '/')) > 0;) {
		name = hm_str_head(name, (size_t)slash);
		if (hm_str_has_prefix(before, name) && before.len > name.len && before.ptr[name.len] == '/')
			return true;
		if (!add_name(names, name, true))
			return false;
	}
	return true;
}

static int by_folded(const void *a, const void *b)
{
	return hm_str_cmp(((const struct name *)a)->folded, ((const struct name *)b)->folded);
}

static enum hm_status check_collisions(const struct hm_zip *zip, struct names *names, struct hm_err *err)
{
	if (names->count)
		qsort(names->v, names->count, sizeof(*names->v), by_folded);
	/* of equal ones each is held against the first: they must be one folder */
	const struct name *first = names->v;
	for (size_t i = 1; i < names->count; i++) {
		const struct name *n = &names->v[i];
		if (!hm_str_eq(first->folded, n->folded)) {
			first = n;
			continue;
		}
		if (!hm_str_eq(first->name, n->name))
			return refuse(zip, n->name, "differs from another name in case only", err);
		if (!first->is_dir || !n->is_dir)
			return refuse(zip, n->name, "stands there twice, or is a file and a folder", err);
	}
	return HM_OK;
}

/* --- files --- */

static enum hm_status check_file(const struct hm_zip *zip, const struct hm_zip_entry *e, struct hm_str name,
				 struct hm_err *err)
{
	ptrdiff_t slash = hm_str_find_last_char(name, '/');
	struct hm_str base = slash < 0 ? name : hm_str_skip(name, (size_t)slash + 1);

	if (S_ISLNK(e->mode))
		return refuse(zip, e->name, "is a link", err);
	if (base.len == strlen("go.mod") && strncasecmp(base.ptr, "go.mod", base.len) == 0 &&
	    !hm_str_is(name, "go.mod"))
		return refuse(zip, e->name, "is a go.mod that does not stand at the top, or not in small letters", err);
	if ((hm_str_is(name, "go.mod") || hm_str_is(name, "LICENSE")) && e->size > HM_MAX_GO_MOD)
		return refuse(zip, e->name, "is larger than 16 MiB", err);
	return HM_OK;
}

static enum hm_status check_entries(const struct hm_zip *zip, struct hm_str prefix, struct names *names,
				    struct hm_err *err)
{
	struct hm_str before = { "", 0 };

	for (size_t i = 0; i < zip->count; i++) {
		const struct hm_zip_entry *e = &zip->entries[i];
		if (!hm_str_has_prefix(e->name, prefix))
			return hm_fail(err, HM_R_GOLANG_ZIP, "'%s': '%.*s' does not stand below %.*s", zip->path,
				       HM_STR_ARG(hm_str_head(e->name, 200)), HM_STR_ARG(hm_str_head(prefix, 200)));
		struct hm_str name = hm_str_skip(e->name, prefix.len);
		if (name.len == 0)
			continue;
		bool is_dir = name.ptr[name.len - 1] == '/';
		name.len -= is_dir;
		HM_PLANT((e->mode & 0x0f) > 9);
		enum hm_status st = hm_golang_check_file_path(name, err);
		if (st != HM_OK)
			return hm_while(err, refuse(zip, e->name, "is no name for a file of a module", err), "check");
		if (!is_dir)
			st = check_file(zip, e, name, err);
		if (st != HM_OK)
			return st;
		if (!add_with_parents(names, name, is_dir, before))
			return hm_fail(err, HM_R_NO_MEMORY, "check '%s'", zip->path);
		before = name;
	}
	return HM_OK;
}

enum hm_status hm_golang_check_zip(const struct hm_zip *zip, const struct hm_golang_module *mod, struct hm_err *err)
{
	HM_OWN(names_done) struct names names = { .arena = hm_arena_init(SIZE_MAX / 2) }; /* bounded by the zip's */
	HM_OWN(hm_freep) char *prefix = NULL;

	enum hm_status st = hm_golang_check_module(mod->path, mod->version, err);
	if (st == HM_OK && !hm_golang_version_is_canonical(mod->version))
		st = hm_fail(err, HM_R_GOLANG_VERSION, "the version %.*s is not canonical", HM_STR_ARG(mod->version));
	if (st != HM_OK)
		return st;
	if (zip->size > HM_MAX_GO_ZIP)
		return hm_fail(err, HM_R_GOLANG_ZIP, "'%s' is larger than 500 MiB", zip->path);
	prefix = hm_asprintf("%.*s@%.*s/", HM_STR_ARG(mod->path), HM_STR_ARG(mod->version));
	if (!prefix)
		return hm_fail(err, HM_R_NO_MEMORY, "check '%s'", zip->path);
	st = check_entries(zip, hm_str(prefix), &names, err);
	return st == HM_OK ? check_collisions(zip, &names, err) : st;
}
