#include "golang/gosum.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/plant.h"
#include "base/unicode.h"

/* The hash of an empty go.mod: go 1.11 wrote it for modules that have none. */
static const char empty_go_mod[] = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";

/* Take a field off the front of a line; Unicode's blanks stand between fields. */
static struct hm_str next_field(struct hm_str *s)
{
	struct hm_str rest = *s, field;

	while (rest.len) {
		struct hm_str here = rest;
		if (!hm_rune_is_space(hm_rune_next(&rest))) {
			rest = here;
			break;
		}
	}
	for (field = rest; rest.len;) {
		struct hm_str here = rest;
		if (hm_rune_is_space(hm_rune_next(&rest))) {
			rest = here;
			break;
		}
	}
	field.len -= rest.len;
	*s = rest;
	return field;
}

/* A line in its three fields; false in ret_any for a blank one. */
static bool split_line(struct hm_str line, struct hm_golang_sum *ret_sum, bool *ret_any)
{
	static const struct hm_str suffix = { "/go.mod", 7 };
	struct hm_golang_sum sum = { .is_go_mod = false };

	sum.mod.path = next_field(&line);
	sum.mod.version = next_field(&line);
	sum.hash = next_field(&line);
	*ret_any = sum.mod.path.len > 0;
	if (*ret_any && (sum.hash.len == 0 || next_field(&line).len > 0))
		return false;
	if (hm_str_has_suffix(sum.mod.version, suffix)) {
		sum.is_go_mod = true;
		sum.mod.version.len -= suffix.len;
	}
	*ret_sum = sum;
	return true;
}

static int compare_key(const struct hm_golang_sum *a, const struct hm_golang_module *mod, bool is_go_mod)
{
	int order = hm_str_cmp(a->mod.path, mod->path);

	if (order == 0)
		order = hm_str_cmp(a->mod.version, mod->version);
	return order ? order : a->is_go_mod - is_go_mod;
}

static int compare_sums(const void *x, const void *y)
{
	const struct hm_golang_sum *a = x, *b = y;
	int order = compare_key(a, &b->mod, b->is_go_mod);

	return order ? order : (a->row > b->row) - (a->row < b->row);
}

static enum hm_status read_lines(struct hm_golang_gosum *sums, struct hm_str text, struct hm_err *err)
{
	struct hm_str line;

	for (uint32_t row = 1; hm_str_next(&text, '\n', &line); row++) {
		struct hm_golang_sum sum;
		bool any;
		if (!split_line(line, &sum, &any))
			return hm_at(err,
				     hm_fail(err, HM_R_GOLANG_SUMFILE,
					     "a line that has not three fields: module, version and hash"),
				     sums->name, row, 0);
		/* a hash of an algorithm that is not known says nothing, but other lines of the module may */
		if (!any || hm_str_is(sum.hash, empty_go_mod) || !hm_str_has_prefix(sum.hash, HM_STR("h1:")))
			continue;
		HM_PLANT(sums->count == 2 && sum.is_go_mod);
		sum.row = row;
		if (!hm_grow(&sums->sums, &sums->cap, sums->count + 1, sizeof(*sums->sums)))
			return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", sums->name);
		sums->sums[sums->count++] = sum;
	}
	if (sums->count)
		qsort(sums->sums, sums->count, sizeof(*sums->sums), compare_sums);
	return HM_OK;
}

enum hm_status hm_golang_gosum_parse(struct hm_str text, const char *name, struct hm_golang_gosum *ret_sums,
				     struct hm_err *err)
{
	struct hm_golang_gosum sums = { .arena = hm_arena_init(2 * HM_MAX_GO_SUM) };

	if (text.len > HM_MAX_GO_SUM)
		return hm_fail(err, HM_R_LIMIT, "'%s' is over its limit of %zu bytes", name, HM_MAX_GO_SUM);
	enum hm_status st = hm_str_dup(hm_str(name), &sums.name, err);
	struct hm_str copy = hm_arena_dup(&sums.arena, text);
	if (st == HM_OK)
		st = hm_arena_check(&sums.arena, "a go.sum file", err);
	if (st == HM_OK)
		st = read_lines(&sums, copy, err);
	if (st != HM_OK) {
		hm_golang_gosum_done(&sums);
		return st;
	}
	*ret_sums = sums;
	return HM_OK;
}

void hm_golang_gosum_done(struct hm_golang_gosum *sums)
{
	if (!sums)
		return;
	free(sums->sums);
	free(sums->name);
	hm_arena_done(&sums->arena);
	*sums = (struct hm_golang_gosum){ .count = 0 };
}

const struct hm_golang_sum *hm_golang_gosum_find(const struct hm_golang_gosum *sums, const struct hm_golang_module *mod,
						 bool is_go_mod, size_t *ret_count)
{
	size_t lo = 0, hi = sums->count, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_key(&sums->sums[mid], mod, is_go_mod) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < sums->count && compare_key(&sums->sums[end], mod, is_go_mod) == 0;)
		end++;
	*ret_count = end - lo;
	return end > lo ? &sums->sums[lo] : NULL;
}

enum hm_status hm_golang_gosum_check(const struct hm_golang_gosum *sums, const struct hm_golang_module *mod,
				     bool is_go_mod, const struct hm_hash *hash, struct hm_err *err)
{
	char text[HM_GOLANG_H1_LEN];
	size_t count;
	const struct hm_golang_sum *found = hm_golang_gosum_find(sums, mod, is_go_mod, &count);
	const char *of = is_go_mod ? "the go.mod of " : "";

	if (!found)
		return hm_fail(err, HM_R_GOLANG_NOT_IN_SUM, "%s has no line for %s%.*s %.*s", sums->name, of,
			       HM_STR_ARG(mod->path), HM_STR_ARG(mod->version));
	hm_golang_h1_write(hash, text);
	for (size_t i = 0; i < count; i++) {
		if (!hm_str_is(found[i].hash, text))
			return hm_at(err,
				     hm_fail(err, HM_R_GOLANG_SUM, "%s%.*s %.*s is %s and not %.*s", of,
					     HM_STR_ARG(hm_str_head(mod->path, 200)),
					     HM_STR_ARG(hm_str_head(mod->version, 100)), text,
					     HM_STR_ARG(hm_str_head(found[i].hash, 60))),
				     sums->name, found[i].row, 0);
	}
	return HM_OK;
}
