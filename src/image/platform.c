#include "image/platform.h"

#include "base/limits.h"

#include <stdlib.h>

/* The architectures that Go has for Linux, each with what a variant of an image means to its compiler. */
static const struct {
	const char *arch, *level_name;
	const char *levels[11]; /* the first is what an image without a variant holds */
} archs[] = {
	{ "386", NULL, { NULL } },
	{ "amd64", "GOAMD64", { "v1", "v2", "v3", "v4" } },
	{ "arm", "GOARM", { "v7", "v6", "v5" } },
	{ "arm64", "GOARM64", { "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9" } },
	{ "loong64", NULL, { NULL } },
	{ "mips64le", NULL, { NULL } },
	{ "ppc64le", NULL, { NULL } },
	{ "riscv64", NULL, { NULL } },
	{ "s390x", NULL, { NULL } },
};

/* The compiler's level for a variant: NULL when it has none of that name. "v8" is short for "v8.0". */
static const char *find_level(size_t arch, struct hm_str variant)
{
	const char *const *levels = archs[arch].levels;

	if (variant.len == 0 || hm_str_is(variant, "v8"))
		return variant.len == 0 || strcmp(archs[arch].arch, "arm64") == 0 ? levels[0] : NULL;
	for (size_t i = 0; i < sizeof(archs[0].levels) / sizeof(archs[0].levels[0]) && levels[i]; i++) {
		if (hm_str_is(variant, levels[i]))
			return levels[i];
	}
	return NULL;
}

static enum hm_status refuse(struct hm_str text, const char *why, struct hm_err *err)
{
	return hm_fail(err, HM_R_IMAGE_PLATFORM, "the platform '%.*s' %s", HM_STR_ARG(hm_str_head(text, 100)), why);
}

static enum hm_status parse_target(struct hm_str text, struct hm_image_target *ret_target, struct hm_err *err)
{
	struct hm_image_target target = { .goos = "linux" };

	if (hm_str_is(text, "all"))
		return refuse(text, "stands for those of a base image, and there is none: name them", err);
	enum hm_status st = hm_oci_platform_parse(text, &target.platform, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_is(target.platform.os, "linux"))
		return refuse(text, "is not supported: images are built for linux", err);
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		if (!hm_str_is(target.platform.arch, archs[i].arch))
			continue;
		target.goarch = archs[i].arch;
		const char *level = find_level(i, target.platform.variant);
		if (!level && target.platform.variant.len > 0)
			return refuse(text, "has a variant that Go does not compile for", err);
		target.level_name = archs[i].level_name;
		/* GOARM is a number */
		target.level = level && strcmp(archs[i].arch, "arm") == 0 ? level + 1 : level;
	}
	if (!target.goarch)
		return refuse(text, "has an architecture that Go does not compile for", err);
	*ret_target = target;
	return HM_OK;
}

static int compare_targets(const void *a, const void *b)
{
	const struct hm_image_target *x = a, *y = b;
	int order = hm_str_cmp(x->platform.os, y->platform.os);

	if (order == 0)
		order = hm_str_cmp(x->platform.arch, y->platform.arch);
	return order == 0 ? hm_str_cmp(x->platform.variant, y->platform.variant) : order;
}

enum hm_status hm_image_targets_parse(struct hm_str list, struct hm_arena *arena, struct hm_image_target **ret_targets,
				      size_t *ret_count, struct hm_err *err)
{
	struct hm_image_target *targets = hm_arena_calloc(arena, HM_MAX_IMAGE_PLATFORMS, sizeof(*targets));
	struct hm_str rest = hm_arena_dup(arena, list), text;
	size_t count = 0;

	enum hm_status st = hm_arena_check(arena, "platforms", err);
	while (st == HM_OK && hm_str_next(&rest, ',', &text)) {
		if (count == HM_MAX_IMAGE_PLATFORMS)
			return hm_fail(err, HM_R_IMAGE_LIMIT, "over %d platforms", HM_MAX_IMAGE_PLATFORMS);
		st = parse_target(hm_str_trim(text), &targets[count], err);
		for (size_t i = 0; st == HM_OK && i < count; i++) {
			if (hm_oci_platform_eq(&targets[i].platform, &targets[count].platform))
				st = refuse(text, "is named twice", err);
		}
		count++;
	}
	if (st != HM_OK)
		return st;
	qsort(targets, count, sizeof(*targets), compare_targets);
	*ret_targets = targets;
	*ret_count = count;
	return HM_OK;
}

/* "v2", "v10"; not "v0", "v1" or "v05". */
static bool is_version_element(struct hm_str s)
{
	if (s.len < 2 || s.ptr[0] != 'v' || s.ptr[1] == '0' || (s.ptr[1] == '1' && s.len == 2))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

enum hm_status hm_image_program_name(struct hm_str import_path, struct hm_str *ret_name, struct hm_err *err)
{
	struct hm_str name = import_path;
	ptrdiff_t slash = hm_str_find_last_char(name, '/');

	if (slash >= 0)
		name = hm_str_skip(import_path, (size_t)slash + 1);
	if (slash >= 0 && is_version_element(name)) {
		name = hm_str_head(import_path, (size_t)slash);
		slash = hm_str_find_last_char(name, '/');
		name = hm_str_skip(name, (size_t)(slash + 1));
	}
	/* Go's own rules for import paths let nothing else through; they are not relied on where a file is made */
	bool is_file = name.len > 0 && name.len <= HM_MAX_IMAGE_NAME && hm_str_is_printable(name) &&
		       name.ptr[0] != '.' && name.ptr[0] != '-' && hm_str_find_char(name, '/') < 0;
	if (!is_file)
		return hm_fail(err, HM_R_IMAGE_PACKAGE, "the package '%.*s' has no name that a program could have",
			       HM_STR_ARG(hm_str_head(import_path, 200)));
	*ret_name = name;
	return HM_OK;
}

void hm_image_file_name(const char *name, const struct hm_oci_platform *platform, struct hm_buf *buf)
{
	hm_buf_addf(buf, "%s-%.*s-%.*s", name, HM_STR_ARG(platform->os), HM_STR_ARG(platform->arch));
	if (platform->variant.len > 0)
		hm_buf_addf(buf, "-%.*s", HM_STR_ARG(platform->variant));
}
