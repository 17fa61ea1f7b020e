#include "golang/modfile.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/plant.h"
#include "base/unicode.h"
#include "golang/modlex.h"
#include "golang/path.h"
#include "golang/quote.h"

#include <stdarg.h>
#include <stdio.h>

struct reader {
	struct hm_golang_modfile *file;
	enum hm_golang_modfile_kind kind;
	const char *name;
};

/* One line while it is read. */
struct args {
	struct reader *r;
	const struct hm_golang_modline *line, *block;
	struct hm_err *err;
};

static enum hm_status refuse(const struct args *a, const char *fmt, ...) HM_PRINTF(2, 3);

static enum hm_status refuse(const struct args *a, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	enum hm_status st = hm_fail(a->err, HM_R_GOLANG_MODFILE, "%s", text);
	return hm_at(a->err, st, a->r->name, a->line->row, a->line->col);
}

/* Room for one more element of one of the file's lists; the caller then counts it. */
#define ADD_ONE(a, list)                                                                                               \
	(hm_grow(&(a)->r->file->list, &(a)->r->file->list##_cap, (a)->r->file->list##_count + 1,                       \
		 sizeof(*(a)->r->file->list))                                                                          \
	     ? &(a)->r->file->list[(a)->r->file->list##_count++]                                                       \
	     : NULL)

static enum hm_status no_memory(const struct args *a)
{
	return hm_fail(a->err, HM_R_NO_MEMORY, "read '%s'", a->r->name);
}

/* --- words --- */

static enum hm_status read_string(const struct args *a, struct hm_str word, struct hm_str *ret_text)
{
	if (word.len && word.ptr[0] == '"') {
		if (!hm_golang_unquote(&a->r->file->arena, word, ret_text))
			return refuse(a, "%.*s is no well-formed string", HM_STR_ARG(hm_str_head(word, 100)));
		return hm_arena_check(&a->r->file->arena, "a go.mod file", a->err);
	}
	if (hm_str_find_char(word, '"') >= 0 || hm_str_find_char(word, '\'') >= 0 || hm_str_find_char(word, '`') >= 0)
		return refuse(a, "%.*s: text that is not quoted cannot have quotes",
			      HM_STR_ARG(hm_str_head(word, 100)));
	*ret_text = word;
	return HM_OK;
}

/* A version in its canonical form: "v1.2" means v1.2.0. */
static enum hm_status read_version(const struct args *a, struct hm_str word, struct hm_str *ret_version)
{
	struct hm_arena *arena = &a->r->file->arena;
	struct hm_str text;

	enum hm_status st = read_string(a, word, &text);
	if (st != HM_OK)
		return st;
	if (hm_golang_version_is_canonical(text)) {
		*ret_version = text;
		return HM_OK;
	}
	size_t most = text.len + strlen(".0.0") + 1;
	char *piece = hm_arena_bytes(arena, most);
	if (!piece)
		return hm_arena_check(arena, "a go.mod file", a->err);
	struct hm_buf buf = { .ptr = piece, .cap = most, .max = most - 1 };
	if (!hm_golang_version_canonical(text, &buf))
		return refuse(a, "the version '%.*s' has not the form v1.2.3", HM_STR_ARG(hm_str_head(text, 100)));
	hm_arena_shrink(arena, piece, most, buf.len);
	*ret_version = hm_buf_str(&buf);
	return HM_OK;
}

/* A path, and a version whose major number goes with it; a NULL version is left out. */
static enum hm_status read_module(const struct args *a, struct hm_str path, const struct hm_str *version,
				  struct hm_golang_module *ret_module)
{
	struct hm_str prefix, major;

	enum hm_status st = read_string(a, path, &ret_module->path);
	if (st == HM_OK && version)
		st = read_version(a, *version, &ret_module->version);
	if (st != HM_OK)
		return st;
	if (!hm_golang_split_path(ret_module->path, &prefix, &major))
		return refuse(a, "the module path '%.*s' ends in no good major version",
			      HM_STR_ARG(hm_str_head(ret_module->path, 200)));
	if (version && !hm_golang_major_matches(ret_module->version, major))
		return refuse(a, "the version %.*s cannot be one of %.*s",
			      HM_STR_ARG(hm_str_head(ret_module->version, 80)),
			      HM_STR_ARG(hm_str_head(ret_module->path, 150)));
	return HM_OK;
}

/* --- comments --- */

static struct hm_str trim_space(struct hm_str s)
{
	size_t end = 0;

	while (s.len) {
		struct hm_str rest = s;
		if (!hm_rune_is_space(hm_rune_next(&rest)))
			break;
		s = rest;
	}
	for (struct hm_str rest = s; rest.len;) {
		if (!hm_rune_is_space(hm_rune_next(&rest)))
			end = s.len - rest.len;
	}
	return hm_str_head(s, end);
}

/* Take a word off the front, where Unicode's blanks stand between words. */
static struct hm_str next_field(struct hm_str *s)
{
	struct hm_str rest, field;

	*s = trim_space(*s);
	for (rest = field = *s; rest.len;) {
		struct hm_str here = rest;
		if (hm_rune_is_space(hm_rune_next(&rest))) {
			field.len = (size_t)(here.ptr - field.ptr);
			break;
		}
	}
	*s = hm_str_skip(*s, field.len);
	return field;
}

static bool is_indirect(const struct hm_golang_modline *line)
{
	struct hm_str rest = hm_str_skip(line->suffix, 2), first = next_field(&rest);

	rest = trim_space(rest);
	return rest.len ? hm_str_is(first, "indirect;") : hm_str_is(first, "indirect");
}

static void add_comment(struct hm_buf *text, struct hm_str comment, bool *first)
{
	if (!hm_str_has_prefix(comment, HM_STR("//")))
		return;
	if (!*first)
		hm_buf_add_char(text, '\n');
	*first = false;
	hm_buf_add_str(text, trim_space(hm_str_skip(comment, 2)));
}

/* The comments of a line or, where it has none, those of its block. */
static enum hm_status read_comment(const struct args *a, struct hm_str *ret_text)
{
	const struct hm_golang_modline *from = a->line;
	struct hm_buf text = hm_buf_init(HM_MAX_GO_MOD);
	bool first = true;

	if (a->block && from->before.count == 0 && !from->suffix.ptr)
		from = a->block;
	for (size_t i = 0; i < from->before.count; i++)
		add_comment(&text, from->before.v[i], &first);
	add_comment(&text, from->suffix, &first);
	*ret_text = hm_arena_dup(&a->r->file->arena, hm_buf_str(&text));
	enum hm_status st = hm_buf_check(&text, "a comment", a->err);
	hm_buf_done(&text);
	return st == HM_OK ? hm_arena_check(&a->r->file->arena, "a go.mod file", a->err) : st;
}

/* The first paragraph that begins with "Deprecated:", without that. */
static struct hm_str find_deprecation(struct hm_str text)
{
	static const char mark[] = "Deprecated:";

	for (size_t i = 0; i < text.len; i++) {
		struct hm_str rest = hm_str_skip(text, i);
		if ((i > 0 && (i < 2 || text.ptr[i - 1] != '\n' || text.ptr[i - 2] != '\n')) ||
		    !hm_str_has_prefix(rest, hm_str(mark)))
			continue;
		rest = hm_str_skip(rest, strlen(mark));
		while (rest.len && rest.ptr[0] == ' ')
			rest = hm_str_skip(rest, 1);
		ptrdiff_t end = hm_str_find(rest, HM_STR("\n\n"));
		return end < 0 ? rest : hm_str_head(rest, (size_t)end);
	}
	return (struct hm_str){ "", 0 };
}

/* --- versions of Go --- */

static bool cut_number(struct hm_str *s, bool zero_allowed)
{
	size_t n = 0;

	while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9')
		n++;
	/* of a number that begins with 0 only the 0 is taken */
	if (n > 0 && s->ptr[0] == '0')
		n = zero_allowed ? 1 : 0;
	*s = hm_str_skip(*s, n);
	return n > 0;
}

static bool cut_dot(struct hm_str *s)
{
	bool dot = s->len && s->ptr[0] == '.';

	*s = hm_str_skip(*s, dot);
	return dot;
}

/* 1.23, 1.23.4, 1.23rc1, 1.23.4rc1 */
static bool is_go_directive(struct hm_str s)
{
	if (!cut_number(&s, false) || !cut_dot(&s) || !cut_number(&s, true))
		return false;
	if (cut_dot(&s) && !cut_number(&s, true))
		return false;
	size_t letters = 0;
	while (letters < s.len && s.ptr[letters] >= 'a' && s.ptr[letters] <= 'z')
		letters++;
	if (letters == 0)
		return s.len == 0;
	s = hm_str_skip(s, letters);
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

/* Of dependencies also v1.23, 1.23.x and the like are taken, as 1.23. */
static bool lax_go_directive(struct hm_str *s)
{
	struct hm_str rest = *s;

	if (rest.len && rest.ptr[0] == 'v')
		rest = hm_str_skip(rest, 1);
	struct hm_str begin = rest;
	if (!cut_number(&rest, false) || !cut_dot(&rest) || !cut_number(&rest, true))
		return false;
	if (rest.len == 0 || (rest.ptr[0] >= '0' && rest.ptr[0] <= '9'))
		return false;
	/* a string may hold a line end behind a backslash, which the official reader's "." does not match */
	if (hm_str_find_char(hm_str_skip(rest, 1), '\n') >= 0)
		return false;
	*s = hm_str_head(begin, begin.len - rest.len);
	return true;
}

/* --- verbs --- */

static enum hm_status read_go(const struct args *a)
{
	struct hm_golang_modfile *file = a->r->file;

	if (file->go.len)
		return refuse(a, "a second go line");
	if (a->line->words.count != 1)
		return refuse(a, "go takes one version");
	struct hm_str version = a->line->words.v[0];
	if (!is_go_directive(version) && (a->r->kind != HM_GOLANG_DEPENDENCY || !lax_go_directive(&version)))
		return refuse(a, "the Go version '%.*s' has not the form 1.23.0",
			      HM_STR_ARG(hm_str_head(version, 100)));
	file->go = version;
	return HM_OK;
}

static enum hm_status read_toolchain(const struct args *a)
{
	struct hm_golang_modfile *file = a->r->file;

	if (file->toolchain.len)
		return refuse(a, "a second toolchain line");
	if (a->line->words.count != 1)
		return refuse(a, "toolchain takes one name");
	struct hm_str name = a->line->words.v[0];
	if (!hm_str_is(name, "default") && !hm_str_is(name, "go1") && !hm_str_has_prefix(name, HM_STR("go1.")))
		return refuse(a, "the toolchain '%.*s' has not the form go1.23.0, nor is it default",
			      HM_STR_ARG(hm_str_head(name, 100)));
	file->toolchain = name;
	return HM_OK;
}

static enum hm_status read_module_line(const struct args *a)
{
	struct hm_golang_modfile *file = a->r->file;
	struct hm_str comment;

	if (file->has_module)
		return refuse(a, "a second module line");
	if (a->line->words.count != 1)
		return refuse(a, "module takes one path");
	enum hm_status st = read_string(a, a->line->words.v[0], &file->module);
	if (st == HM_OK)
		st = read_comment(a, &comment);
	if (st != HM_OK)
		return st;
	file->has_module = true;
	file->deprecated = find_deprecation(comment);
	return HM_OK;
}

static enum hm_status read_godebug(const struct args *a)
{
	struct hm_golang_godebug setting = { .row = a->line->row };
	struct hm_str word = a->line->words.count == 1 ? a->line->words.v[0] : (struct hm_str){ 0 };

	if (!hm_str_cut(word, '=', &setting.key, &setting.value) || hm_str_find_char(word, '"') >= 0 ||
	    hm_str_find_char(word, '`') >= 0 || hm_str_find_char(word, '\'') >= 0)
		return refuse(a, "godebug takes one key=value");
	struct hm_golang_godebug *place = ADD_ONE(a, godebug);
	if (!place)
		return no_memory(a);
	*place = setting;
	return HM_OK;
}

static enum hm_status read_require(const struct args *a)
{
	struct hm_golang_require require = { .row = a->line->row, .indirect = is_indirect(a->line) };

	if (a->line->words.count != 2)
		return refuse(a, "require takes a path and a version");
	enum hm_status st = read_module(a, a->line->words.v[0], &a->line->words.v[1], &require.mod);
	if (st != HM_OK)
		return st;
	HM_PLANT(require.indirect && require.mod.path.len == 4);
	struct hm_golang_require *place = ADD_ONE(a, require);
	if (!place)
		return no_memory(a);
	*place = require;
	return HM_OK;
}

static enum hm_status read_exclude(const struct args *a)
{
	struct hm_golang_exclude exclude = { .row = a->line->row };

	if (a->line->words.count != 2)
		return refuse(a, "exclude takes a path and a version");
	enum hm_status st = read_module(a, a->line->words.v[0], &a->line->words.v[1], &exclude.mod);
	if (st != HM_OK)
		return st;
	struct hm_golang_exclude *place = ADD_ONE(a, exclude);
	if (!place)
		return no_memory(a);
	*place = exclude;
	return HM_OK;
}

/* What stands right of "=>": a folder, or a module and its version. */
static enum hm_status read_replacement(const struct args *a, const struct hm_str *words, size_t count,
				       struct hm_golang_module *ret_new)
{
	enum hm_status st = read_string(a, words[0], &ret_new->path);

	if (st != HM_OK)
		return st;
	bool is_dir = hm_golang_is_directory_path(ret_new->path);
	if (count == 1 && !is_dir)
		return refuse(a, "'%.*s' has no version, and is no folder that begins with ./ or ../",
			      HM_STR_ARG(hm_str_head(ret_new->path, 200)));
	if (count == 1 && hm_str_find_char(ret_new->path, '\\') >= 0)
		return refuse(a, "the folder '%.*s' is written as on Windows",
			      HM_STR_ARG(hm_str_head(ret_new->path, 200)));
	if (count == 1)
		return HM_OK;
	st = read_version(a, words[1], &ret_new->version);
	if (st == HM_OK && is_dir)
		return refuse(a, "the folder '%.*s' cannot have a version",
			      HM_STR_ARG(hm_str_head(ret_new->path, 200)));
	return st;
}

static enum hm_status read_replace(const struct args *a)
{
	const struct hm_golang_words *w = &a->line->words;
	struct hm_golang_replace replace = { .row = a->line->row };
	size_t arrow = w->count >= 2 && hm_str_is(w->v[1], "=>") ? 1 : 2;

	if (w->count < arrow + 2 || w->count > arrow + 3 || !hm_str_is(w->v[arrow], "=>"))
		return refuse(a, "replace takes PATH [VERSION] => PATH VERSION, or => ./FOLDER");
	enum hm_status st = read_module(a, w->v[0], arrow == 2 ? &w->v[1] : NULL, &replace.old);
	if (st == HM_OK)
		st = read_replacement(a, w->v + arrow + 1, w->count - arrow - 1, &replace.new);
	if (st != HM_OK)
		return st;
	struct hm_golang_replace *place = ADD_ONE(a, replace);
	if (!place)
		return no_memory(a);
	*place = replace;
	return HM_OK;
}

/* "v1.2.3" or "[v1.2.3, v1.3.0]"; answers through ret_used how many words that is. */
static enum hm_status read_interval(const struct args *a, struct hm_golang_retract *retract, size_t *ret_used)
{
	const struct hm_golang_words *w = &a->line->words;

	if (w->count == 0 || hm_str_is(w->v[0], "("))
		return refuse(a, "retract takes a version, or two in brackets");
	if (!hm_str_is(w->v[0], "[")) {
		*ret_used = 1;
		enum hm_status st = read_string(a, w->v[0], &retract->low);
		retract->high = retract->low;
		return st;
	}
	*ret_used = 5;
	enum hm_status st = HM_OK;
	if (w->count > 1)
		st = read_string(a, w->v[1], &retract->low);
	if (st == HM_OK && w->count > 3)
		st = read_string(a, w->v[3], &retract->high);
	if (st == HM_OK && (w->count < 5 || !hm_str_is(w->v[2], ",") || !hm_str_is(w->v[4], "]")))
		return refuse(a, "retract takes two versions in brackets with a comma between them");
	return st;
}

static enum hm_status read_retract(const struct args *a)
{
	struct hm_golang_retract retract = { .row = a->line->row };
	size_t used = 0;

	enum hm_status st = read_comment(a, &retract.rationale);
	if (st != HM_OK)
		return st;
	/* a dependency's retraction that is not understood may be of a newer form */
	st = read_interval(a, &retract, &used);
	if (st == HM_EPARSE && a->r->kind == HM_GOLANG_DEPENDENCY)
		return HM_OK;
	if (st != HM_OK)
		return st;
	if (a->line->words.count > used && a->r->kind != HM_GOLANG_DEPENDENCY)
		return refuse(a, "something stands behind the version");
	struct hm_golang_retract *place = ADD_ONE(a, retract);
	if (!place)
		return no_memory(a);
	*place = retract;
	return HM_OK;
}

/* One path, into one of the lists of paths. */
static enum hm_status read_path(const struct args *a, struct hm_golang_path **list, size_t *count, size_t *cap)
{
	struct hm_golang_path path = { .row = a->line->row };

	if (a->line->words.count != 1)
		return refuse(a, "%.*s takes one path", HM_STR_ARG(a->line->verb));
	enum hm_status st = read_string(a, a->line->words.v[0], &path.path);
	if (st != HM_OK)
		return st;
	if (!hm_grow(list, cap, *count + 1, sizeof(**list)))
		return no_memory(a);
	(*list)[(*count)++] = path;
	return HM_OK;
}

static enum hm_status read_tool(const struct args *a)
{
	return read_path(a, &a->r->file->tool, &a->r->file->tool_count, &a->r->file->tool_cap);
}

static enum hm_status read_ignore(const struct args *a)
{
	return read_path(a, &a->r->file->ignore, &a->r->file->ignore_count, &a->r->file->ignore_cap);
}

static enum hm_status read_use(const struct args *a)
{
	return read_path(a, &a->r->file->use, &a->r->file->use_count, &a->r->file->use_cap);
}

/* --- the file --- */

enum { IN_MAIN = 1 << HM_GOLANG_MAIN, IN_DEPENDENCY = 1 << HM_GOLANG_DEPENDENCY, IN_WORK = 1 << HM_GOLANG_WORK };

static const struct verb {
	const char *name;
	unsigned kinds; /* where it counts */
	bool block;     /* may head a block */
	enum hm_status (*read)(const struct args *a);
} verbs[] = {
	{ "module", IN_MAIN | IN_DEPENDENCY, true, read_module_line },
	{ "go", IN_MAIN | IN_DEPENDENCY | IN_WORK, false, read_go },
	{ "toolchain", IN_MAIN | IN_WORK, false, read_toolchain },
	{ "godebug", IN_MAIN | IN_WORK, true, read_godebug },
	{ "require", IN_MAIN | IN_DEPENDENCY, true, read_require },
	{ "exclude", IN_MAIN, true, read_exclude },
	{ "replace", IN_MAIN | IN_WORK, true, read_replace },
	{ "retract", IN_MAIN | IN_DEPENDENCY, true, read_retract },
	{ "tool", IN_MAIN, true, read_tool },
	{ "ignore", IN_MAIN | IN_DEPENDENCY, true, read_ignore },
	{ "use", IN_WORK, true, read_use },
};

static const struct verb *find_verb(const struct reader *r, struct hm_str name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (hm_str_is(name, verbs[i].name) && (verbs[i].kinds & 1u << r->kind))
			return &verbs[i];
	}
	return NULL;
}

static enum hm_status on_block(void *ctx, const struct hm_golang_modline *block, bool *ret_wanted, struct hm_err *err)
{
	struct reader *r = ctx;
	const struct args a = { r, block, NULL, err };
	const struct verb *verb = find_verb(r, block->verb);

	*ret_wanted = verb && verb->block && block->words.count == 0;
	if (!*ret_wanted && r->kind != HM_GOLANG_DEPENDENCY)
		return refuse(&a, "a block of an unknown kind, '%.*s'", HM_STR_ARG(hm_str_head(block->verb, 100)));
	return HM_OK;
}

static enum hm_status on_line(void *ctx, const struct hm_golang_modline *line, const struct hm_golang_modline *block,
			      struct hm_err *err)
{
	struct reader *r = ctx;
	const struct args a = { r, line, block, err };
	const struct verb *verb = find_verb(r, line->verb);

	if (verb)
		return verb->read(&a);
	if (r->kind == HM_GOLANG_DEPENDENCY)
		return HM_OK;
	return refuse(&a, "an unknown directive, '%.*s'", HM_STR_ARG(hm_str_head(line->verb, 100)));
}

enum hm_status hm_golang_modfile_parse(struct hm_str text, const char *name, enum hm_golang_modfile_kind kind,
				       struct hm_golang_modfile *ret_file, struct hm_err *err)
{
	/* the text, what was unquoted of it, and comments that were put together: each at most as large again */
	struct hm_golang_modfile file = { .arena = hm_arena_init(8 * HM_MAX_GO_MOD) };
	struct reader r = { &file, kind, name };
	const struct hm_golang_modlines lines = { &r, on_block, on_line };

	if (text.len > HM_MAX_GO_MOD)
		return hm_fail(err, HM_R_LIMIT, "'%s' is over its limit of %zu bytes", name, HM_MAX_GO_MOD);
	struct hm_str copy = hm_arena_dup(&file.arena, text);
	enum hm_status st = hm_arena_check(&file.arena, "a go.mod file", err);
	if (st == HM_OK)
		st = hm_golang_modlines_read(copy, name, &lines, err);
	if (st != HM_OK) {
		hm_golang_modfile_done(&file);
		return st;
	}
	*ret_file = file;
	return HM_OK;
}

void hm_golang_modfile_done(struct hm_golang_modfile *file)
{
	if (!file)
		return;
	free(file->require);
	free(file->exclude);
	free(file->replace);
	free(file->retract);
	free(file->godebug);
	free(file->tool);
	free(file->ignore);
	free(file->use);
	hm_arena_done(&file->arena);
	*file = (struct hm_golang_modfile){ .has_module = false };
}

bool hm_golang_is_directory_path(struct hm_str path)
{
	static const char *const fronts[] = { "./", ".\\", "../", "..\\", "/", "\\" };

	if (hm_str_is(path, ".") || hm_str_is(path, ".."))
		return true;
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		if (hm_str_has_prefix(path, hm_str(fronts[i])))
			return true;
	}
	return path.len >= 2 && path.ptr[1] == ':' &&
	       ((path.ptr[0] >= 'A' && path.ptr[0] <= 'Z') || (path.ptr[0] >= 'a' && path.ptr[0] <= 'z'));
}
