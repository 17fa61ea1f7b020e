/* mod verify: the module cache against go.sum. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/go.h"
#include "cli/modules_report.h"
#include "data/json_write.h"

struct mod_verify_opts {
	const char *modcache, *report;
};

static const struct hm_opt mod_verify_table[] = {
	{ "modcache", 0, HM_OPT_TEXT, offsetof(struct mod_verify_opts, modcache), "FOLDER",
	  "the module cache to check; go env GOMODCACHE where not given", NULL, NULL },
	{ "report", 0, HM_OPT_TEXT, offsetof(struct mod_verify_opts, report), "FILE",
	  "write what was verified, each module with its hash, as JSON", NULL, NULL },
};

/* Everything that one verification holds. */
struct verification {
	struct hm_cli_go go;
	struct hm_arena arena;
	struct hm_buf modules_text, packages_text, sums_text;
	struct hm_golang_verify_item *items;
	size_t count;
	struct hm_golang_gosum sums;
	struct hm_golang_verify_result result;
};

static void verification_done(struct verification *v)
{
	hm_golang_verify_result_done(&v->result);
	hm_golang_gosum_done(&v->sums);
	hm_arena_done(&v->arena);
	hm_buf_done(&v->modules_text);
	hm_buf_done(&v->packages_text);
	hm_buf_done(&v->sums_text);
	hm_cli_go_done(&v->go);
}

/* Whether an import path lies in a module: it is the module's path, or one below it. */
static bool lies_in(struct hm_str import_path, struct hm_str module_path)
{
	return hm_str_has_prefix(import_path, module_path) &&
	       (import_path.len == module_path.len || import_path.ptr[module_path.len] == '/');
}

/* A package that go cannot load, as for want of a line in go.sum, has no module; its path says which it would be of. */
static void use_by_path(struct verification *v, const struct hm_golang_package *package)
{
	struct hm_golang_verify_item *best = NULL;

	for (size_t i = 0; i < v->count; i++) {
		struct hm_golang_verify_item *item = &v->items[i];
		if (lies_in(package->import_path, item->mod.path) && (!best || item->mod.path.len > best->mod.path.len))
			best = item;
	}
	if (best)
		best->is_used = true;
}

/*
 * The build list, and which of it the module's packages and their tests are built from. Where go cannot tell the
 * latter, because it has found something wrong itself, ret_go_failed says so: nothing is a used module then.
 */
static enum hm_status read_build_list(struct verification *v, enum hm_status *ret_go_failed, struct hm_err *err)
{
	static const char *const list_modules[] = { "list", "-m", "-e", "-json", "all", NULL };
	static const char *const list_packages[] = {
		"list", "-deps", "-test", "-e", "-json=ImportPath,Name,Standard,DepOnly,Module", "./...", NULL
	};
	static const struct hm_golang_package none;
	struct hm_golang_list_module *modules;
	struct hm_golang_package *packages = NULL;
	size_t package_count = 0;

	enum hm_status st = hm_cli_go_run(&v->go, list_modules, &v->modules_text, err);
	if (st == HM_OK)
		st = hm_golang_list_modules(hm_buf_str(&v->modules_text), &v->arena, &modules, &v->count, err);
	if (st != HM_OK)
		return st;
	*ret_go_failed = hm_cli_go_run(&v->go, list_packages, &v->packages_text, err);
	if (*ret_go_failed == HM_OK)
		st = hm_golang_list_packages(hm_buf_str(&v->packages_text), &v->arena, &packages, &package_count, err);
	if (st == HM_OK)
		st = hm_golang_verify_items(modules, v->count, packages ? packages : &none,
					    packages ? package_count : 1, &v->arena, &v->items, err);
	for (size_t i = 0; i < package_count && st == HM_OK; i++) {
		if (!packages[i].module && !packages[i].is_standard)
			use_by_path(v, &packages[i]);
	}
	return st;
}

static enum hm_status read_sums(struct verification *v, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/go.sum", v->go.root);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read go.sum");
	/* a module without dependencies has no go.sum */
	enum hm_status st = hm_file_read(path, HM_MAX_GO_SUM, &v->sums_text, err);
	if (st != HM_OK && st != HM_ENOTFOUND)
		return st;
	return hm_golang_gosum_parse(hm_buf_str(&v->sums_text), "go.sum", &v->sums, err);
}

static void print_failures(const struct verification *v, FILE *f)
{
	for (size_t i = 1; i < v->result.failure_count; i++) {
		char text[1024];
		hm_err_text(&v->result.failures[i].err, text, sizeof(text));
		fputs("hallmark: ", f);
		hm_cli_print_clean(f, text);
		fputc('\n', f);
	}
}

static enum hm_status print_result(struct hm_cli *cli, const struct verification *v, struct hm_err *err)
{
	const struct hm_golang_verify_result *r = &v->result;

	if (!cli->json) {
		fprintf(cli->out, "%zu modules and %zu go.mod files are what go.sum says", r->zips, r->go_mods);
		if (r->not_fetched)
			fprintf(cli->out, "; %zu lines of go.sum are of files that were not fetched", r->not_fetched);
		fputc('\n', cli->out);
		for (size_t i = 0; i < r->local.count; i++) {
			fputs("not hashed, replaced by a folder: ", cli->out);
			hm_cli_print_clean(cli->out, r->local.v[i]);
			fputc('\n', cli->out);
		}
		return HM_OK;
	}
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	enum hm_status st = hm_modules_report_encode(v->items, v->count, &v->sums, r, &text, err);
	if (st == HM_OK)
		fprintf(cli->out, "%s\n", text.ptr);
	return st;
}

static enum hm_status save_report(const struct verification *v, const char *path, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);

	enum hm_status st = hm_modules_report_encode(v->items, v->count, &v->sums, &v->result, &text, err);
	return st == HM_OK ? hm_file_put(path, hm_buf_str(&text), 0644, err) : st;
}

static enum hm_status run_mod_verify(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				     struct hm_err *err)
{
	const struct mod_verify_opts *o = opts;
	HM_OWN(verification_done) struct verification v = { .arena = hm_arena_init(HM_MAX_GO_OUTPUT) };

	enum hm_status go_failed = HM_OK;
	struct hm_err verify_err = { 0 };

	enum hm_status st = hm_cli_go_open(count ? args[0] : NULL, o->modcache, &v.go, err);
	if (st == HM_OK)
		st = hm_while(err, read_build_list(&v, &go_failed, err), "list modules");
	if (st == HM_OK)
		st = read_sums(&v, &verify_err);
	if (st == HM_OK)
		st = hm_golang_verify(v.items, v.count, v.go.modcache, &v.sums, &v.result, &verify_err);
	/* what is wrong with a module says more than that go could not list packages because of it */
	if (st != HM_OK && verify_err.cause[0] != '\0')
		*err = verify_err;
	else if (st == HM_OK)
		st = go_failed;
	if (st != HM_OK)
		print_failures(&v, cli->log);
	if (st == HM_OK && o->report)
		st = save_report(&v, o->report, err);
	return st == HM_OK ? print_result(cli, &v, err) : hm_while(err, st, "verify modules");
}

const struct hm_cmd hm_cmd_mod_verify = {
	.name = "mod verify",
	.summary = "check the module cache against go.sum",
	.args = "[FOLDER]",
	.about = "Hashes every module that the Go module in FOLDER (here, if not given) is built from: its zip, the "
		 "unpacked\n"
		 "folder that builds read, and its go.mod, and compares them with go.sum. Unlike `go mod verify` it "
		 "does not\n"
		 "trust the hashes that the cache keeps beside its zips. A module without a line in go.sum is refused. "
		 "Nothing is\n"
		 "downloaded.",
	.example = "  hallmark mod verify\n  4 modules and 5 go.mod files are what go.sum says\n",
	HM_CMD_OPTS(mod_verify_table, struct mod_verify_opts),
	.max_args = 1,
	.run = run_mod_verify,
};
