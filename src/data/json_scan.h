/*
 * The words of JSON: what the tree's reader and the token reader have in common. For this module only.
 *
 * A scan function gets where a word begins and returns where it ends, or NULL with the mistake noted.
 *
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_JSON_SCAN_H
#define HM_DATA_JSON_SCAN_H

#include "data/decimal.h"
#include "data/json.h"

#include <endian.h>
#include <stdarg.h>

struct hm_json_scan {
	const char *begin, *end;
	struct hm_json_opts opts; /* with the defaults filled in */
	enum hm_reason reason;    /* of the mistake */
	const char *where, *what;
};

/* Check opts and the text's first bytes. Errors: as hm_json_reader_init(). */
enum hm_status hm_json_scan_init(struct hm_json_scan *scan, struct hm_str text, const struct hm_json_opts *opts,
				 struct hm_err *err) HM_MUST;

/* Note a mistake; always NULL, so that a scan function returns it. */
const char *hm_json_mistake(struct hm_json_scan *scan, enum hm_reason reason, const char *where, const char *what);

/* Note that something else was wanted at p. */
const char *hm_json_wanted(struct hm_json_scan *scan, const char *p, const char *what);

/* The mistake that was noted, as an error. */
enum hm_status hm_json_scan_error(const struct hm_json_scan *scan, struct hm_err *err) HM_MUST;

/* Fail with the place of `where` in the text: row, column, path. */
enum hm_status hm_json_fail_at(struct hm_err *err, enum hm_reason reason, struct hm_str text, const char *where,
			       const char *fmt, va_list ap) __attribute__((format(printf, 5, 0))) HM_MUST;

/* From a byte inside a string that is not plain ASCII on: to the closing quote. *ret_plain is only ever made false. */
const char *hm_json_scan_string_on(struct hm_json_scan *scan, const char *p, bool *ret_plain);

/* Write the text of a string that is not plain to out, which has room for hm_json_text_room(); returns its length. */
size_t hm_json_unescape(struct hm_str raw, char *out);

/* Whether the text of such a string is this. */
bool hm_json_unescaped_is(struct hm_str raw, struct hm_str text);

/* Each byte may have to be replaced by the three of U+FFFD. */
static inline size_t hm_json_text_room(struct hm_str raw)
{
	return raw.len * 3;
}

/* The text of a string, in the arena; ptr is NULL once the arena has failed. */
struct hm_str hm_json_text_dup(struct hm_arena *arena, struct hm_str raw, bool is_plain);

/* The i-th key of an object whose begin is known and that has been read without a mistake. */
const char *hm_json_find_key(const char *object, const char *end, uint32_t i);

static inline const char *hm_json_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* To the first byte that is a quote, a backslash, a control character or no ASCII; eight at a time. */
static inline const char *hm_json_skip_plain(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;

	for (uint64_t word; end - p >= (ptrdiff_t)sizeof(word); p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word = le64toh(word);
		/* A byte's top bit says that it is special; those above the lowest such byte may be wrong. */
		uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
		uint64_t special = word | ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
				   ((backslash - ones) & ~backslash);
		special &= tops;
		if (special)
			return p + __builtin_ctzll(special) / 8;
	}
	while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* A string; p is at the opening quote, the answer behind the closing one. */
static inline const char *hm_json_scan_string(struct hm_json_scan *scan, const char *p, struct hm_str *ret_raw,
					      bool *ret_plain)
{
	const char *from = p + 1, *to = hm_json_skip_plain(from, scan->end);

	*ret_plain = true;
	if (to == scan->end || *to != '"') {
		to = hm_json_scan_string_on(scan, to, ret_plain);
		if (!to)
			return NULL;
	}
	*ret_raw = hm_str_of(from, (size_t)(to - from));
	return to + 1;
}

/* A number; p is at its first byte. */
const char *hm_json_scan_number(struct hm_json_scan *scan, const char *p, enum hm_number_form *ret_form,
				int64_t *ret_int);

/* true, false or null; p is at its first byte. */
static inline const char *hm_json_scan_word(struct hm_json_scan *scan, const char *p, const char *word, size_t len)
{
	if ((size_t)(scan->end - p) < len || memcmp(p, word, len) != 0)
		return hm_json_wanted(scan, p, "a value");
	return p + len;
}

#endif
