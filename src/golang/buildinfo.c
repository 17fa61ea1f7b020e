#include "golang/buildinfo.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "golang/elf.h"
#include "golang/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
	align = 16,
	header_len = 32,
	flags_at = 15,
	flag_inline = 2,
	magic_len = 14,
	frame_len = 16, /* a mark before and behind the text, by which a running program finds it */
	chunk = 64 * 1024,
};

static const char magic[] = "\xff Go buildinf:";

/* --- the text --- */

struct lines {
	struct hm_golang_buildinfo *info;
	struct hm_golang_dep *last; /* what a "=>" line would be about */
	const char *name;
	uint32_t row;
	struct hm_err *err;
};

static enum hm_status refuse_line(const struct lines *l, const char *what)
{
	return hm_at(l->err, hm_fail(l->err, HM_R_GOLANG_BUILDINFO, "build info: %s", what), l->name, l->row, 0);
}

static enum hm_status no_memory(const struct lines *l)
{
	return hm_fail(l->err, HM_R_NO_MEMORY, "read the build info of '%s'", l->name);
}

/* The fields of a line, with tabs between them; answers how many, or one more than max. */
static size_t split_fields(struct hm_str line, struct hm_str *ret_fields, size_t max)
{
	size_t n = 0;
	struct hm_str field;

	while (hm_str_next(&line, '\t', &field)) {
		if (n == max)
			return max + 1;
		ret_fields[n++] = field;
	}
	return n;
}

static enum hm_status read_dep(const struct lines *l, struct hm_str rest, struct hm_golang_dep *ret_dep)
{
	struct hm_str fields[3] = { { "", 0 }, { "", 0 }, { "", 0 } };
	size_t n = split_fields(rest, fields, 3);

	if (n != 2 && n != 3)
		return refuse_line(l, "a module has a path, a version and perhaps a hash");
	*ret_dep = (struct hm_golang_dep){ .mod = { fields[0], fields[1] }, .sum = fields[2] };
	return HM_OK;
}

static enum hm_status read_main(struct lines *l, struct hm_str rest)
{
	l->info->has_main = true;
	l->last = &l->info->main;
	return read_dep(l, rest, &l->info->main);
}

static enum hm_status add_dep(struct lines *l, struct hm_str rest)
{
	struct hm_golang_buildinfo *info = l->info;

	if (!hm_grow(&info->deps, &info->dep_cap, info->dep_count + 1, sizeof(*info->deps)))
		return no_memory(l);
	l->last = &info->deps[info->dep_count++];
	return read_dep(l, rest, l->last);
}

static enum hm_status read_replacement(struct lines *l, struct hm_str rest)
{
	struct hm_str fields[3];

	if (split_fields(rest, fields, 3) != 3)
		return refuse_line(l, "a replacement has a path, a version and a hash");
	if (!l->last)
		return refuse_line(l, "a replacement stands behind no module");
	l->last->is_replaced = true;
	l->last->by = (struct hm_golang_module){ fields[0], fields[1] };
	l->last->by_sum = fields[2];
	l->last = NULL;
	return HM_OK;
}

/* Whether text must stand in quotes. */
static bool needs_quotes(struct hm_str s, bool is_key)
{
	for (size_t i = 0; i < s.len; i++) {
		if (memchr(" \t\r\n\"`", s.ptr[i], 6) || (is_key && s.ptr[i] == '='))
			return true;
	}
	return is_key && s.len == 0;
}

static enum hm_status unquote(struct lines *l, struct hm_str quoted, struct hm_str *ret_text)
{
	if (!hm_golang_unquote(&l->info->arena, quoted, ret_text))
		return refuse_line(l, "a setting's quoted text is malformed");
	return ret_text->ptr ? HM_OK : no_memory(l);
}

static bool is_quote(struct hm_str s)
{
	return s.len && (s.ptr[0] == '"' || s.ptr[0] == '`');
}

static enum hm_status add_setting(struct lines *l, struct hm_str rest)
{
	struct hm_golang_buildinfo *info = l->info;
	struct hm_golang_setting setting = { .value = { "", 0 } };
	struct hm_str value;
	enum hm_status st = HM_OK;

	if (is_quote(rest)) {
		size_t len = hm_golang_quoted_len(rest);
		if (len == 0 || len == rest.len || rest.ptr[len] != '=')
			return refuse_line(l, "a setting has no '=' behind its name");
		st = unquote(l, hm_str_head(rest, len), &setting.key);
		value = hm_str_skip(rest, len + 1);
	} else if (!hm_str_cut(rest, '=', &setting.key, &value) || needs_quotes(setting.key, true)) {
		return refuse_line(l, "a setting has no name, or one that must be quoted");
	}
	if (st == HM_OK && is_quote(value))
		st = unquote(l, value, &setting.value);
	else if (needs_quotes(value, false))
		return refuse_line(l, "a setting's value must be quoted");
	else
		setting.value = value;
	if (st != HM_OK)
		return st;
	HM_PLANT(hm_str_is(setting.key, "CGO_ENABLED") && setting.value.len == 2);
	if (!hm_grow(&info->settings, &info->setting_cap, info->setting_count + 1, sizeof(*info->settings)))
		return no_memory(l);
	info->settings[info->setting_count++] = setting;
	return HM_OK;
}

static enum hm_status read_line(struct lines *l, struct hm_str line)
{
	static const struct {
		const char *front;
		enum hm_status (*read)(struct lines *l, struct hm_str rest);
	} kinds[] = {
		{ "mod\t", read_main },
		{ "dep\t", add_dep },
		{ "=>\t", read_replacement },
		{ "build\t", add_setting },
	};

	if (hm_str_has_prefix(line, HM_STR("path\t"))) {
		l->info->path = hm_str_skip(line, strlen("path\t"));
		return HM_OK;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (hm_str_has_prefix(line, hm_str(kinds[i].front)))
			return kinds[i].read(l, hm_str_skip(line, strlen(kinds[i].front)));
	}
	return HM_OK; /* a newer Go may say more */
}

/* text is already in the info's arena. */
static enum hm_status read_lines(struct hm_golang_buildinfo *info, struct hm_str text, const char *name,
				 struct hm_err *err)
{
	struct lines l = { .info = info, .name = name, .row = 1, .err = err };
	struct hm_str line, rest;
	enum hm_status st = HM_OK;

	/* what has no line end is no line, as in Go */
	for (; st == HM_OK && hm_str_cut(text, '\n', &line, &rest); l.row++) {
		st = read_line(&l, line);
		text = rest;
	}
	return st;
}

enum hm_status hm_golang_buildinfo_parse(struct hm_str text, const char *name, struct hm_golang_buildinfo *ret_info,
					 struct hm_err *err)
{
	struct hm_golang_buildinfo info = { .arena = hm_arena_init(8 * HM_MAX_GO_BUILDINFO) };

	if (text.len > HM_MAX_GO_BUILDINFO)
		return hm_fail(err, HM_R_LIMIT, "the build info of '%s' is over its limit of %zu bytes", name,
			       HM_MAX_GO_BUILDINFO);
	struct hm_str copy = hm_arena_dup(&info.arena, text);
	enum hm_status st = hm_arena_check(&info.arena, "build info", err);
	if (st == HM_OK)
		st = read_lines(&info, copy, name, err);
	if (st != HM_OK) {
		hm_golang_buildinfo_done(&info);
		return st;
	}
	*ret_info = info;
	return HM_OK;
}

void hm_golang_buildinfo_done(struct hm_golang_buildinfo *info)
{
	if (!info)
		return;
	free(info->deps);
	free(info->settings);
	hm_arena_done(&info->arena);
	*info = (struct hm_golang_buildinfo){ .has_main = false };
}

struct hm_str hm_golang_buildinfo_setting(const struct hm_golang_buildinfo *info, const char *key)
{
	for (size_t i = info->setting_count; i-- > 0;) {
		if (hm_str_is(info->settings[i].key, key))
			return info->settings[i].value;
	}
	return (struct hm_str){ 0 };
}

/* --- the program --- */

static enum hm_status no_go_program(const struct hm_golang_elf *elf, struct hm_err *err)
{
	return hm_fail(err, HM_R_GOLANG_NO_BUILDINFO, "'%s' is no Go program, or its build info was removed",
		       elf->name);
}

static enum hm_status malformed(const struct hm_golang_elf *elf, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_GOLANG_BUILDINFO, "the build info of '%s' %s", elf->name, what);
}

/* Where the info may be: in its section, or else somewhere in the first data segment. */
static enum hm_status find_range(const struct hm_golang_elf *elf, uint64_t *ret_addr, uint64_t *ret_size,
				 struct hm_err *err)
{
	enum hm_status st = hm_golang_elf_find_section(elf, ".go.buildinfo", ret_addr, ret_size, err);

	for (size_t i = 0; st == HM_OK && *ret_size == 0 && i < elf->segment_count; i++) {
		if (elf->segments[i].is_data) {
			*ret_addr = elf->segments[i].addr;
			*ret_size = elf->segments[i].size;
		}
	}
	if (st == HM_OK) {
		uint64_t available = hm_golang_elf_available(elf, *ret_addr);
		if (*ret_size > available)
			*ret_size = available;
	}
	return st;
}

/* The first place in the range, a multiple of 16, with the mark of build info. */
static enum hm_status find_magic(const struct hm_golang_elf *elf, uint64_t *ret_at, struct hm_err *err)
{
	uint64_t addr = 0, size = 0;
	HM_OWN(hm_freep) uint8_t *bytes = hm_malloc(chunk);

	if (!bytes)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", elf->name);
	enum hm_status st = find_range(elf, &addr, &size, err);
	uint64_t skip = -addr & (align - 1);
	if (st == HM_OK && size <= skip)
		return no_go_program(elf, err);
	addr += skip;
	size -= skip;
	while (st == HM_OK && size >= header_len) {
		size_t len = size < chunk ? (size_t)size : chunk;
		st = hm_golang_elf_read(elf, addr, bytes, len, err);
		for (size_t i = 0; st == HM_OK && i + header_len <= len; i += align) {
			if (memcmp(bytes + i, magic, magic_len) == 0) {
				*ret_at = addr + i;
				return HM_OK;
			}
		}
		if (len < chunk)
			break;
		/* the last block may begin a header that ends in the next chunk */
		addr += len - align;
		size -= len - align;
	}
	return st == HM_OK ? no_go_program(elf, err) : st;
}

/* A number of up to 64 bits, 7 in each byte, the lowest first. */
static enum hm_status read_length(const struct hm_golang_elf *elf, uint64_t *at, uint64_t *ret_len, struct hm_err *err)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = 0;
		if (hm_golang_elf_available(elf, *at) == 0)
			break;
		enum hm_status st = hm_golang_elf_read(elf, (*at)++, &byte, 1, err);
		if (st != HM_OK)
			return st;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_len = value;
			return HM_OK;
		}
	}
	return malformed(elf, "has a malformed length", err);
}

static enum hm_status read_string(const struct hm_golang_elf *elf, struct hm_arena *arena, uint64_t *at,
				  struct hm_str *ret_text, struct hm_err *err)
{
	uint64_t len = 0;

	enum hm_status st = read_length(elf, at, &len, err);
	if (st != HM_OK)
		return st;
	if (len > hm_golang_elf_available(elf, *at))
		return malformed(elf, "is longer than its segment", err);
	if (len > HM_MAX_GO_BUILDINFO)
		return hm_fail(err, HM_R_LIMIT, "the build info of '%s' is over its limit of %zu bytes", elf->name,
			       HM_MAX_GO_BUILDINFO);
	if (len == 0) {
		*ret_text = (struct hm_str){ "", 0 };
		return HM_OK;
	}
	char *text = hm_arena_bytes(arena, len);
	if (!text)
		return hm_arena_check(arena, "build info", err);
	st = hm_golang_elf_read(elf, *at, text, len, err);
	*ret_text = hm_str_of(text, len);
	*at += len;
	return st;
}

static enum hm_status read_info(const struct hm_golang_elf *elf, struct hm_golang_buildinfo *info, struct hm_err *err)
{
	uint8_t header[header_len];
	struct hm_str text;
	uint64_t at = 0;

	enum hm_status st = find_magic(elf, &at, err);
	if (st == HM_OK)
		st = hm_golang_elf_read(elf, at, header, header_len, err);
	if (st != HM_OK)
		return st;
	if (!(header[flags_at] & flag_inline))
		return malformed(elf, "has the form of Go before 1.18, which is not read", err);
	at += header_len;
	st = read_string(elf, &info->arena, &at, &info->go_version, err);
	if (st == HM_OK)
		st = read_string(elf, &info->arena, &at, &text, err);
	if (st != HM_OK)
		return st;
	if (info->go_version.len == 0)
		return no_go_program(elf, err);
	/* a program that was built without modules has no text */
	if (text.len < 2 * frame_len + 1 || text.ptr[text.len - frame_len - 1] != '\n')
		return HM_OK;
	return read_lines(info, hm_str_of(text.ptr + frame_len, text.len - 2 * frame_len), elf->name, err);
}

static enum hm_status read_any(struct hm_golang_elf *elf, struct hm_golang_buildinfo *ret_info, struct hm_err *err)
{
	struct hm_golang_buildinfo info = { .arena = hm_arena_init(8 * HM_MAX_GO_BUILDINFO) };

	enum hm_status st = hm_golang_elf_open(elf, err);
	if (st == HM_OK)
		st = read_info(elf, &info, err);
	hm_golang_elf_done(elf);
	if (st != HM_OK) {
		hm_golang_buildinfo_done(&info);
		return st;
	}
	*ret_info = info;
	return HM_OK;
}

enum hm_status hm_golang_buildinfo_read_fd(int fd, const char *name, struct hm_golang_buildinfo *ret_info,
					   struct hm_err *err)
{
	struct hm_golang_elf elf = { .name = name, .fd = fd };
	struct stat info;

	if (fstat(fd, &info) != 0)
		return hm_fail_errno(err, errno, "read '%s'", name);
	if (!S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_FILE_KIND, "'%s' is no file", name);
	elf.size = (uint64_t)info.st_size;
	return read_any(&elf, ret_info, err);
}

enum hm_status hm_golang_buildinfo_read(const char *path, struct hm_golang_buildinfo *ret_info, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_golang_buildinfo_read_fd(fd, path, ret_info, err);
}

enum hm_status hm_golang_buildinfo_read_memory(struct hm_str bytes, const char *name,
					       struct hm_golang_buildinfo *ret_info, struct hm_err *err)
{
	struct hm_golang_elf elf = { .name = name, .fd = -1, .bytes = bytes, .size = bytes.len };

	return read_any(&elf, ret_info, err);
}
