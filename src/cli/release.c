#include "cli/release.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "oci/layout.h"

#include <sys/stat.h>

struct reading {
	struct hm_release *release;
	size_t cap;
};

void hm_release_done(struct hm_release *release)
{
	free(release->items);
	hm_arena_done(&release->arena);
	*release = (struct hm_release){ 0 };
}

const char *hm_release_path(struct hm_release *release, struct hm_str name, const char *behind)
{
	return hm_arena_printf(&release->arena, "%s/%.*s%s", release->folder, (int)name.len, name.ptr, behind).ptr;
}

static enum hm_status add(struct reading *r, enum hm_release_kind kind, struct hm_str name,
			  const struct hm_digest *digest, struct hm_err *err)
{
	struct hm_release *release = r->release;

	if (release->count >= HM_MAX_SUBJECTS)
		return hm_fail(err, HM_R_RELEASE_CONTENT, "more than %d things in '%s'", HM_MAX_SUBJECTS,
			       release->folder);
	if (!hm_grow(&release->items, &r->cap, release->count + 1, sizeof(release->items[0])))
		return hm_fail(err, HM_R_NO_MEMORY, "list of what is released");
	release->items[release->count++] =
	    (struct hm_release_item){ .kind = kind, .name = hm_arena_dup(&release->arena, name), .digest = *digest };
	return hm_arena_check(&release->arena, "list of what is released", err);
}

static enum hm_status add_file(struct reading *r, enum hm_release_kind kind, const char *name, struct hm_err *err)
{
	const char *path = hm_release_path(r->release, hm_str(name), "");
	struct hm_digest digest;
	uint64_t size = 0;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "list of what is released");
	enum hm_status st = hm_crypto_digest_file(path, HM_SHA256, &digest, &size, err);
	if (st == HM_OK)
		st = add(r, kind, hm_str(name), &digest, err);
	if (st == HM_OK)
		r->release->items[r->release->count - 1].size = size;
	return st;
}

/* What a run writes besides programs, and what is made of them. */
static bool is_about_programs(const char *name)
{
	static const char *const names[] = {
		HM_RELEASE_SBOM, HM_RELEASE_TRUSTED_ROOT, HM_RELEASE_TRUST_CONFIG, "coverage.out",
		"trace.json",    "summary.json"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return hm_str_has_suffix(hm_str(name), HM_STR(HM_RELEASE_BUNDLE));
}

static enum hm_status add_program(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				  struct hm_err *err)
{
	struct reading *r = ctx;

	*ret_step = HM_TREE_SKIP;
	if (S_ISDIR(entry->stat->st_mode) && strcmp(entry->name, HM_RELEASE_IMAGE) == 0)
		return HM_OK;
	if (!S_ISREG(entry->stat->st_mode))
		return hm_fail(err, HM_R_RELEASE_CONTENT, "'%s' in '%s' is neither a file nor the image", entry->name,
			       r->release->folder);
	return is_about_programs(entry->name) ? HM_OK : add_file(r, HM_RELEASE_PROGRAM, entry->name, err);
}

static enum hm_status add_node(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct reading *r = ctx;
	HM_OWN(hm_buf_done) struct hm_buf name = hm_buf_init(HM_MAX_OCI_REFERENCE);

	hm_buf_add_cstr(&name, HM_RELEASE_IMAGE);
	if (node->manifest && node->descriptor->has_platform) {
		hm_buf_add_char(&name, '/');
		hm_oci_platform_write(&node->descriptor->platform, &name);
	}
	enum hm_status st = hm_buf_check(&name, "name of an image", err);
	if (st != HM_OK)
		return st;
	if (!node->index && !node->manifest)
		return hm_fail(err, HM_R_RELEASE_CONTENT, "'%s/image' holds something that is no image",
			       r->release->folder);
	return add(r, node->index ? HM_RELEASE_INDEX : HM_RELEASE_MANIFEST, hm_buf_str(&name),
		   &node->descriptor->digest, err);
}

static int by_kind_and_name(const void *a, const void *b)
{
	const struct hm_release_item *x = a, *y = b;

	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : hm_str_cmp(x->name, y->name);
}

static enum hm_status read_image(struct reading *r, struct hm_err *err)
{
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	const char *path = hm_release_path(r->release, HM_STR(HM_RELEASE_IMAGE), "");

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "list of what is released");
	enum hm_status st = hm_oci_layout_open(path, &layout, err);
	if (st == HM_OK)
		st = hm_oci_layout_check(layout, err);
	if (st == HM_OK)
		st = hm_oci_layout_walk(layout, add_node, r, err);
	return hm_while(err, st, "image '%s'", path);
}

enum hm_status hm_release_read(const char *folder, struct hm_release *ret_release, struct hm_err *err)
{
	HM_OWN(hm_release_done)
	struct hm_release release = { .folder = folder, .arena = hm_arena_init(HM_MAX_OCI_MANIFEST) };
	struct reading r = { .release = &release };
	enum hm_status st = hm_tree_walk(folder, add_program, &r, err);

	*ret_release = (struct hm_release){ 0 };
	if (st == HM_OK && release.count == 0)
		return hm_fail(err, HM_R_RELEASE_CONTENT, "there is no program in '%s'", folder);
	if (st == HM_OK)
		st = read_image(&r, err);
	if (st == HM_OK)
		st = add_file(&r, HM_RELEASE_SBOM_FILE, HM_RELEASE_SBOM, err);
	if (st != HM_OK)
		return st;
	qsort(release.items, release.count, sizeof(release.items[0]), by_kind_and_name);
	for (size_t i = 1; i < release.count; i++) {
		if (hm_str_eq(release.items[i].name, release.items[i - 1].name))
			return hm_fail(err, HM_R_RELEASE_CONTENT, "'%s' has '%.*s' twice", folder,
				       (int)release.items[i].name.len, release.items[i].name.ptr);
	}
	*ret_release = release;
	release = (struct hm_release){ 0 };
	return HM_OK;
}
