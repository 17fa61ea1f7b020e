#include "golang/golist.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/decode.h"

static const struct hm_json_table module_table;

#define M(member) offsetof(struct hm_golang_list_module, member)
static const struct hm_json_field module_fields[] = {
	{ "Path", HM_JSON_STR, M(mod.path) },
	{ "Version", HM_JSON_STR, M(mod.version) },
	{ "Replace", HM_JSON_OBJECT_PTR, M(replace), .table = &module_table },
	{ "Main", HM_JSON_BOOL, M(is_main) },
	{ "Indirect", HM_JSON_BOOL, M(is_indirect) },
	{ "Dir", HM_JSON_STR, M(dir) },
	{ "GoMod", HM_JSON_STR, M(go_mod) },
	{ "Zip", HM_JSON_STR, M(zip) },
	{ "GoVersion", HM_JSON_STR, M(go_version) },
	{ "Sum", HM_JSON_STR, M(sum) },
	{ "GoModSum", HM_JSON_STR, M(go_mod_sum) },
	{ "Error", HM_JSON_TEXT, M(error) },
};
static const struct hm_json_table module_table = HM_JSON_TABLE(struct hm_golang_list_module, module_fields);

#define P(member) offsetof(struct hm_golang_package, member)
static const struct hm_json_field package_fields[] = {
	{ "ImportPath", HM_JSON_STR, P(import_path) },
	{ "Name", HM_JSON_STR, P(name) },
	{ "Dir", HM_JSON_STR, P(dir) },
	{ "ForTest", HM_JSON_STR, P(for_test) },
	{ "Standard", HM_JSON_BOOL, P(is_standard) },
	{ "DepOnly", HM_JSON_BOOL, P(is_dep_only) },
	{ "Incomplete", HM_JSON_BOOL, P(is_incomplete) },
	{ "Imports", HM_JSON_ARRAY, P(imports), .of = HM_JSON_STR, .count = P(import_count), .max = HM_MAX_GO_LIST },
	{ "GoFiles", HM_JSON_ARRAY, P(go_files), .of = HM_JSON_STR, .count = P(go_file_count), .max = HM_MAX_GO_LIST },
	{ "CgoFiles", HM_JSON_ARRAY, P(cgo_files), .of = HM_JSON_STR, .count = P(cgo_file_count),
	  .max = HM_MAX_GO_LIST },
	{ "Module", HM_JSON_OBJECT_PTR, P(module), .table = &module_table },
	{ "Error", HM_JSON_TEXT, P(error) },
};
static const struct hm_json_table package_table = HM_JSON_TABLE(struct hm_golang_package, package_fields);

/* A path in the cache may hold bytes that are no UTF-8: file names need not be text. */
static const struct hm_decode_opts opts = {
	.json = { .borrow = true, .replace_invalid = true },
	.ignore_unknown = true,
};

/* All objects of text, in one array of the table's structs. */
static enum hm_status read_objects(struct hm_str text, const struct hm_json_table *table, struct hm_arena *arena,
				   void **ret_all, size_t *ret_count, struct hm_err *err)
{
	HM_OWN(hm_freep) char *all = NULL;
	size_t count = 0, cap = 0;
	struct hm_str one;

	for (;;) {
		enum hm_status st = hm_json_cut(&text, &opts.json, &one, err);
		if (st != HM_OK)
			return hm_while(err, st, "read what go prints");
		if (!one.ptr)
			break;
		if (count == HM_MAX_GO_LIST)
			return hm_fail(err, HM_R_LIMIT, "go lists more than %zu things", HM_MAX_GO_LIST);
		if (!hm_grow(&all, &cap, count + 1, table->size))
			return hm_fail(err, HM_R_NO_MEMORY, "read what go prints");
		st = hm_json_decode(one, table, &opts, arena, all + count * table->size, err);
		if (st != HM_OK)
			return hm_while(err, st, "read what go prints");
		count++;
	}
	void *kept = hm_arena_calloc(arena, count, table->size);
	if (!kept)
		return hm_arena_check(arena, "what go prints", err);
	if (count)
		memcpy(kept, all, count * table->size);
	*ret_all = kept;
	*ret_count = count;
	return HM_OK;
}

enum hm_status hm_golang_list_modules(struct hm_str text, struct hm_arena *arena,
				      struct hm_golang_list_module **ret_modules, size_t *ret_count, struct hm_err *err)
{
	void *all = NULL;
	size_t count = 0;

	enum hm_status st = read_objects(text, &module_table, arena, &all, &count, err);
	struct hm_golang_list_module *modules = all;
	for (size_t i = 0; i < count; i++) {
		if (modules[i].mod.path.len == 0)
			return hm_fail(err, HM_R_GOLANG_LIST, "go lists a module without a path");
	}
	if (st == HM_OK) {
		*ret_modules = modules;
		*ret_count = count;
	}
	return st;
}

enum hm_status hm_golang_list_packages(struct hm_str text, struct hm_arena *arena,
				       struct hm_golang_package **ret_packages, size_t *ret_count, struct hm_err *err)
{
	void *all = NULL;
	size_t count = 0;

	enum hm_status st = read_objects(text, &package_table, arena, &all, &count, err);
	struct hm_golang_package *packages = all;
	for (size_t i = 0; i < count; i++) {
		if (packages[i].import_path.len == 0 || (packages[i].module && packages[i].module->mod.path.len == 0))
			return hm_fail(err, HM_R_GOLANG_LIST, "go lists a package or its module without a path");
	}
	if (st == HM_OK) {
		*ret_packages = packages;
		*ret_count = count;
	}
	return st;
}

static int by_module(const void *a, const void *b)
{
	const struct hm_golang_list_module *x = *(const struct hm_golang_list_module *const *)a;
	const struct hm_golang_list_module *y = *(const struct hm_golang_list_module *const *)b;
	int order = hm_str_cmp(x->mod.path, y->mod.path);

	return order ? order : hm_str_cmp(x->mod.version, y->mod.version);
}

enum hm_status hm_golang_modules_of(const struct hm_golang_package *packages, size_t count, struct hm_arena *arena,
				    const struct hm_golang_list_module ***ret_modules, size_t *ret_count,
				    struct hm_err *err)
{
	const struct hm_golang_list_module **all = hm_arena_calloc(arena, count, sizeof(*all));
	size_t n = 0, kept = 0;

	if (!all)
		return hm_arena_check(arena, "the modules of packages", err);
	for (size_t i = 0; i < count; i++) {
		if (packages[i].module)
			all[n++] = packages[i].module;
	}
	if (n)
		qsort(all, n, sizeof(*all), by_module);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || by_module(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	}
	*ret_modules = all;
	*ret_count = kept;
	return HM_OK;
}

void hm_golang_add_coverpkg(const struct hm_golang_package *packages, size_t count, struct hm_buf *buf)
{
	bool first = true;

	for (size_t i = 0; i < count; i++) {
		/* what was made for a test is a copy of a package, or a test program */
		if (!packages[i].module || !packages[i].module->is_main || packages[i].for_test.len)
			continue;
		if (!first)
			hm_buf_add_char(buf, ',');
		first = false;
		hm_buf_add_str(buf, packages[i].import_path);
	}
}
