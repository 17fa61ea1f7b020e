/*
 * What golang makes of files, for tests/peers/golang to hold against Go's own programs. Each line of the input names
 * one thing, its fields with tabs between them; each line of the output is its answer.
 *
 *   modfile   KIND FILE                 -> JSON, as modfile/main.go prints it
 *   hash      zip|dir|mod FILE PATH VERSION  -> "h1:…" or "error: REASON"
 *   funcs     FILE                      -> "LINE.COLUMN,LINE.COLUMN " for each function
 *   buildinfo FILE                      -> JSON, as `go version -m -json` prints it, or "error: REASON"
 *   cover     PROFILE [FILE=SOURCE]...  -> percentage of all blocks, and of those in functions of the sources
 *   verify    MODULES PACKAGES GOSUM CACHE  -> counts, or "error: REASON"; the first two are what go printed
 *   env       GOROOT GOCACHE GOMODCACHE HOME -> NAME=value of a build's environment, with tabs between them
 *   text      A B, in hexadecimal       -> what the functions on versions and paths say, a JSON list
 */
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/unicode.h"
#include "golang/buildinfo.h"
#include "golang/cover.h"
#include "golang/dirhash.h"
#include "golang/gocmd.h"
#include "golang/modfile.h"
#include "golang/modverify.h"
#include "golang/path.h"

#include <stdio.h>

static void print_string(struct hm_str s)
{
	putchar('"');
	while (s.len) {
		uint32_t rune = hm_rune_next(&s);
		if (rune >= 0x20 && rune < 0x7f && rune != '"' && rune != '\\')
			putchar((int)rune);
		else if (rune < 0x10000)
			printf("\\u%04x", rune);
		else
			printf("\\u%04x\\u%04x", 0xd800 + ((rune - 0x10000) >> 10), 0xdc00 + (rune & 0x3ff));
	}
	putchar('"');
}

static void print_member(const char *name, struct hm_str s)
{
	printf(",\"%s\":", name);
	print_string(s);
}

static void print_row(size_t i, const struct hm_str *texts, size_t count)
{
	printf("%s[", i ? "," : "");
	for (size_t k = 0; k < count; k++) {
		printf("%s", k ? "," : "");
		print_string(texts[k]);
	}
	putchar(']');
}

static void print_paths(const char *name, const struct hm_golang_path *paths, size_t count)
{
	printf(",\"%s\":%s", name, count ? "[" : "null");
	for (size_t i = 0; i < count; i++) {
		printf("%s", i ? "," : "");
		print_string(paths[i].path);
	}
	printf("%s", count ? "]" : "");
}

static void print_lists(const struct hm_golang_modfile *f)
{
#define LIST(name, count, ...)                                                                                         \
	printf(",\"" name "\":%s", count ? "[" : "null");                                                              \
	for (size_t i = 0; i < count; i++) {                                                                           \
		const struct hm_str texts[] = { __VA_ARGS__ };                                                         \
		print_row(i, texts, sizeof(texts) / sizeof(texts[0]));                                                 \
	}                                                                                                              \
	printf("%s", count ? "]" : "")
	LIST("require", f->require_count, f->require[i].mod.path, f->require[i].mod.version,
	     hm_str(f->require[i].indirect ? "indirect" : ""));
	LIST("exclude", f->exclude_count, f->exclude[i].mod.path, f->exclude[i].mod.version);
	LIST("replace", f->replace_count, f->replace[i].old.path, f->replace[i].old.version, f->replace[i].new.path,
	     f->replace[i].new.version);
	LIST("retract", f->retract_count, f->retract[i].low, f->retract[i].high, f->retract[i].rationale);
	LIST("godebug", f->godebug_count, f->godebug[i].key, f->godebug[i].value);
	print_paths("tool", f->tool, f->tool_count);
	print_paths("ignore", f->ignore, f->ignore_count);
	print_paths("use", f->use, f->use_count);
}

static void print_modfile(struct hm_str kind, const char *path)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_golang_modfile_done) struct hm_golang_modfile f = { .has_module = false };
	enum hm_golang_modfile_kind k = hm_str_is(kind, "main")   ? HM_GOLANG_MAIN
					: hm_str_is(kind, "work") ? HM_GOLANG_WORK
								  : HM_GOLANG_DEPENDENCY;
	struct hm_err err = { 0 };

	enum hm_status st = hm_file_read(path, HM_MAX_GO_MOD, &text, &err);
	if (st == HM_OK)
		st = hm_golang_modfile_parse(hm_buf_str(&text), "go.mod", k, &f, &err);
	if (st != HM_OK && st != HM_EPARSE)
		fprintf(stderr, "%s: %s\n", path, err.cause);
	printf("{\"ok\":%s,\"has_module\":%s", st == HM_OK ? "true" : "false", f.has_module ? "true" : "false");
	print_member("module", f.module);
	print_member("deprecated", f.deprecated);
	print_member("go", f.go);
	print_member("toolchain", f.toolchain);
	print_lists(&f);
	puts("}");
}

static void print_hash(struct hm_str kind, const char *path, const struct hm_golang_module *mod)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	char h1[HM_GOLANG_H1_LEN];
	struct hm_err err = { 0 };
	struct hm_hash hash;
	enum hm_status st;

	if (hm_str_is(kind, "zip"))
		st = hm_golang_hash_zip(path, mod, &hash, NULL, &err);
	else if (hm_str_is(kind, "dir"))
		st = hm_golang_hash_dir(path, mod, &hash, &err);
	else
		st = hm_file_read(path, HM_MAX_GO_MOD, &text, &err);
	if (st == HM_OK && hm_str_is(kind, "mod"))
		st = hm_golang_hash_go_mod(hm_buf_str(&text), &hash, &err);
	if (st != HM_OK) {
		printf("error: %s: %s\n", hm_reason_code(err.reason), err.cause);
		return;
	}
	hm_golang_h1_write(&hash, h1);
	puts(h1);
}

static void print_added(enum hm_status st, const struct hm_buf *buf)
{
	putchar(',');
	print_string(st == HM_OK ? hm_buf_str(buf) : (struct hm_str){ 0 });
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* go/version wants the "go" in front, and knows no other. */
static struct hm_str go_version(struct hm_str s)
{
	return hm_golang_toolchain_version(s);
}

static void print_version(struct hm_str a, struct hm_str b)
{
	HM_OWN(hm_buf_done) struct hm_buf canonical = hm_buf_init(1024);
	struct hm_golang_pseudo pseudo = { 0 };

	printf("[%d", sign(hm_golang_semver_compare(a, b)));
	print_added(hm_golang_version_canonical(a, &canonical) ? HM_OK : HM_EPARSE, &canonical);
	if (canonical.len && hm_golang_version_is_canonical(a) != hm_str_eq(a, hm_buf_str(&canonical)))
		printf(",\"is_canonical is wrong\"");
	printf(",%s", truth(hm_golang_version_is_pseudo(a)));
	if (!hm_golang_pseudo_parse(a, &pseudo))
		pseudo = (struct hm_golang_pseudo){ 0 };
	printf(",%ld,", (long)pseudo.time_s);
	print_string(pseudo.rev);
}

static void print_paths_checked(struct hm_str a, struct hm_str b)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(4096);
	struct hm_str prefix, major;

	printf(",%s", truth(hm_golang_check_path(a, NULL) == HM_OK));
	printf(",%s", truth(hm_golang_check_import_path(a, NULL) == HM_OK));
	printf(",%s", truth(hm_golang_check_file_path(a, NULL) == HM_OK));
	printf(",%s,", truth(hm_golang_check_module(a, b, NULL) == HM_OK));
	bool split = hm_golang_split_path(a, &prefix, &major);
	print_string(prefix);
	putchar(',');
	print_string(major);
	printf(",%s", truth(split));
	print_added(hm_golang_escape_path(a, &buf, NULL), &buf);
	hm_buf_clear(&buf);
	print_added(hm_golang_escape_version(a, &buf, NULL), &buf);
	hm_buf_clear(&buf);
	print_added(hm_golang_unescape_path(a, &buf, NULL), &buf);
	hm_buf_clear(&buf);
	print_added(hm_golang_unescape_version(a, &buf, NULL), &buf);
}

static void print_text(struct hm_str hex_a, struct hm_str hex_b)
{
	char a_bytes[2048], b_bytes[2048];
	struct hm_str a = { a_bytes, hex_a.len / 2 }, b = { b_bytes, hex_b.len / 2 };

	if (hm_hex_read(hex_a, a_bytes, a.len, NULL) != HM_OK || hm_hex_read(hex_b, b_bytes, b.len, NULL) != HM_OK)
		return;
	print_version(a, b);
	print_paths_checked(a, b);
	struct hm_str x = go_version(a), y = go_version(b), lang = hm_golang_language_version(x);
	printf(",%d,\"%s%.*s\"", sign(hm_golang_compare_go(x, y)), lang.len ? "go" : "", HM_STR_ARG(lang));
	printf(",%s,%s]\n", truth(x.len > 0), truth(hm_golang_is_directory_path(a)));
}

static void print_error(const struct hm_err *err)
{
	printf("error: %s: %s\n", hm_reason_code(err->reason), err->cause);
}

static void print_funcs(const char *path)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_freep) struct hm_golang_func *funcs = NULL;
	struct hm_err err = { 0 };
	size_t count = 0;

	if (hm_file_read(path, HM_MAX_GO_SOURCE, &text, &err) != HM_OK ||
	    hm_golang_find_funcs(hm_buf_str(&text), &funcs, &count, &err) != HM_OK) {
		print_error(&err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		printf("%u.%u,%u.%u ", funcs[i].start.line, funcs[i].start.col, funcs[i].end.line, funcs[i].end.col);
	putchar('\n');
}

static void print_bi_module(const struct hm_golang_module *mod, struct hm_str sum)
{
	printf("{\"Path\":");
	print_string(mod->path);
	if (mod->version.len)
		print_member("Version", mod->version);
	if (sum.len)
		print_member("Sum", sum);
}

static void print_dep(const struct hm_golang_dep *dep)
{
	print_bi_module(&dep->mod, dep->sum);
	if (dep->is_replaced) {
		printf(",\"Replace\":");
		print_bi_module(&dep->by, dep->by_sum);
		putchar('}');
	}
	putchar('}');
}

static void print_buildinfo(const char *path)
{
	HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo info = { .has_main = false };
	struct hm_err err = { 0 };

	if (hm_golang_buildinfo_read(path, &info, &err) != HM_OK) {
		print_error(&err);
		return;
	}
	printf("{\"GoVersion\":");
	print_string(info.go_version);
	if (info.path.len)
		print_member("Path", info.path);
	if (info.has_main) {
		printf(",\"Main\":");
		print_dep(&info.main);
	}
	for (size_t i = 0; i < info.dep_count; i++) {
		printf("%s", i ? "," : ",\"Deps\":[");
		print_dep(&info.deps[i]);
	}
	printf("%s", info.dep_count ? "]" : "");
	for (size_t i = 0; i < info.setting_count; i++) {
		printf("%s{\"Key\":", i ? "," : ",\"Settings\":[");
		print_string(info.settings[i].key);
		if (info.settings[i].value.len) /* as Go leaves it out */
			print_member("Value", info.settings[i].value);
		putchar('}');
	}
	printf("%s}\n", info.setting_count ? "]" : "");
}

/* The source of a file of the profile, out of FILE=SOURCE pairs. */
static struct hm_str source_of(struct hm_str pairs, struct hm_str name)
{
	struct hm_str pair, file, source;

	while (hm_str_next(&pairs, '\t', &pair)) {
		if (hm_str_cut(pair, '=', &file, &source) && hm_str_eq(file, name))
			return source;
	}
	return (struct hm_str){ 0 };
}

static void print_cover(const char *path, struct hm_str pairs)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_golang_cover_done) struct hm_golang_cover cover = { .file_count = 0 };
	char all[HM_GOLANG_PERCENT_LEN], in_funcs[HM_GOLANG_PERCENT_LEN];
	struct hm_golang_cover_sum sum, func_sum = { 0 };
	struct hm_err err = { 0 };

	enum hm_status st = hm_file_read(path, HM_MAX_GO_COVER, &text, &err);
	if (st == HM_OK)
		st = hm_golang_cover_parse(hm_buf_str(&text), "profile", &cover, &err);
	for (size_t i = 0; i < cover.file_count && st == HM_OK; i++) {
		HM_OWN(hm_buf_done) struct hm_buf source = hm_buf_init(0);
		HM_OWN(hm_freep) struct hm_golang_func *funcs = NULL;
		HM_OWN(hm_freep)
		char *file = hm_asprintf("%.*s", HM_STR_ARG(source_of(pairs, cover.files[i].name)));
		size_t count = 0;
		st = hm_file_read(file, HM_MAX_GO_SOURCE, &source, &err);
		if (st == HM_OK)
			st = hm_golang_find_funcs(hm_buf_str(&source), &funcs, &count, &err);
		if (st == HM_OK)
			hm_golang_cover_add_funcs(&cover, &cover.files[i], funcs, count, &func_sum);
	}
	if (st != HM_OK) {
		print_error(&err);
		return;
	}
	sum = hm_golang_cover_total(&cover);
	hm_golang_cover_percent(&sum, all);
	hm_golang_cover_percent(&func_sum, in_funcs);
	printf("%s %s\n", all, in_funcs);
}

static enum hm_status verify(char *const *files, struct hm_golang_verify_result *result, struct hm_err *err)
{
	HM_OWN(hm_golang_gosum_done) struct hm_golang_gosum sums = { .count = 0 };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_GIB);
	HM_OWN(hm_buf_done)
	struct hm_buf modules_text = hm_buf_init(0), packages_text = hm_buf_init(0), sums_text = hm_buf_init(0);
	struct hm_golang_list_module *modules = NULL;
	struct hm_golang_package *packages = NULL;
	struct hm_golang_verify_item *items = NULL;
	size_t module_count = 0, package_count = 0;

	enum hm_status st = hm_file_read(files[0], HM_GIB, &modules_text, err);
	if (st == HM_OK)
		st = hm_file_read(files[1], HM_GIB, &packages_text, err);
	if (st == HM_OK)
		st = hm_file_read(files[2], HM_MAX_GO_SUM, &sums_text, err);
	if (st == HM_OK)
		st = hm_golang_list_modules(hm_buf_str(&modules_text), &arena, &modules, &module_count, err);
	if (st == HM_OK)
		st = hm_golang_list_packages(hm_buf_str(&packages_text), &arena, &packages, &package_count, err);
	if (st == HM_OK)
		st = hm_golang_verify_items(modules, module_count, packages, package_count, &arena, &items, err);
	if (st == HM_OK)
		st = hm_golang_gosum_parse(hm_buf_str(&sums_text), "go.sum", &sums, err);
	return st == HM_OK ? hm_golang_verify(items, module_count, files[3], &sums, result, err) : st;
}

/* Fields as C strings; the line is cut where they end. */
static void split_fields(char *line, char **ret_fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ret_fields[i] = line;
		line += strcspn(line, "\t");
		if (*line)
			*line++ = '\0';
	}
}

static void print_verified(char *line)
{
	HM_OWN(hm_golang_verify_result_done) struct hm_golang_verify_result r = { .zips = 0 };
	struct hm_err err = { 0 };
	char *files[4];

	split_fields(line, files, 4);
	if (verify(files, &r, &err) != HM_OK)
		print_error(&err);
	else
		printf("%zu %zu %zu %zu %zu\n", r.zips, r.go_mods, r.not_fetched, r.unlisted, r.local.count);
}

static void print_env(char *line)
{
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	char *fields[4];

	split_fields(line, fields, 4);
	const struct hm_golang_build_opts opts = {
		.goroot = fields[0], .gocache = fields[1], .gomodcache = fields[2], .home = fields[3]
	};
	if (hm_golang_build_env(&opts, &env, NULL) != HM_OK)
		return;
	for (size_t i = 0; i < env.count; i++)
		printf("%s%s", i ? "\t" : "", env.v[i]);
	putchar('\n');
}

static void answer(const char *what, struct hm_str line)
{
	struct hm_str first, second, rest;
	struct hm_golang_module mod = { 0 };

	hm_str_cut(line, '\t', &first, &rest);
	HM_OWN(hm_freep) char *first_path = hm_asprintf("%.*s", HM_STR_ARG(first));
	if (strcmp(what, "funcs") == 0) {
		print_funcs(first_path);
		return;
	}
	if (strcmp(what, "buildinfo") == 0) {
		print_buildinfo(first_path);
		return;
	}
	if (strcmp(what, "cover") == 0) {
		print_cover(first_path, rest);
		return;
	}
	if (strcmp(what, "text") == 0) {
		print_text(first, rest);
		return;
	}
	hm_str_next(&rest, '\t', &second);
	hm_str_next(&rest, '\t', &mod.path);
	hm_str_next(&rest, '\t', &mod.version);
	HM_OWN(hm_freep) char *path = hm_asprintf("%.*s", HM_STR_ARG(second));
	if (strcmp(what, "modfile") == 0)
		print_modfile(first, path);
	else
		print_hash(first, path, &mod);
}

int main(int argc, char **argv)
{
	static char line[1 << 20];

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(argv[1], "verify") == 0)
			print_verified(line);
		else if (strcmp(argv[1], "env") == 0)
			print_env(line);
		else
			answer(argv[1], hm_str(line));
	}
	return 0;
}
