#include "data/json_scan.h"
#include "data/keys.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"

#include <stdarg.h>

/* What may come next. */
enum expect {
	a_value,
	a_value_or_end, /* behind '[' */
	a_key,
	a_key_or_end, /* behind '{' */
	a_colon,
	a_comma_or_end,
	the_end,
};

/* An array or object that is open. */
struct hm_json_level {
	bool is_object;
	uint32_t members;
	size_t first_key;
	const char *begin;
};

enum hm_status hm_json_reader_init(struct hm_json_reader *r, struct hm_str text, const struct hm_json_opts *opts,
				   struct hm_err *err)
{
	struct hm_json_scan scan;

	*r = (struct hm_json_reader){ .expect = a_value, .unescaped = hm_arena_init(SIZE_MAX) };
	enum hm_status st = hm_json_scan_init(&scan, text, opts, err);
	if (st != HM_OK)
		return st;
	r->begin = r->at = scan.begin;
	r->end = scan.end;
	r->opts = scan.opts;
	return HM_OK;
}

void hm_json_reader_done(struct hm_json_reader *r)
{
	if (!r)
		return;
	free(r->levels);
	free(r->keys);
	hm_arena_done(&r->unescaped);
	*r = (struct hm_json_reader){ 0 };
}

enum hm_status hm_json_refuse(const struct hm_json_reader *r, const struct hm_json_token *token, struct hm_err *err,
			      enum hm_reason reason, const char *fmt, ...)
{
	bool in_quotes = token->event == HM_JSON_AT_STRING || token->event == HM_JSON_AT_KEY;
	struct hm_str text = hm_str_of(r->begin, (size_t)(r->end - r->begin));
	va_list ap;

	va_start(ap, fmt);
	enum hm_status st = hm_json_fail_at(err, reason, text, token->raw.ptr - in_quotes, fmt, ap);
	va_end(ap);
	return st;
}

static struct hm_json_scan scan_of(const struct hm_json_reader *r)
{
	return (struct hm_json_scan){ .begin = r->begin, .end = r->end, .opts = r->opts };
}

static struct hm_json_level *top(const struct hm_json_reader *r)
{
	return &r->levels[r->depth - 1];
}

static enum hm_status wanted(const struct hm_json_reader *r, const char *p, const char *what, struct hm_err *err)
{
	struct hm_json_scan scan = scan_of(r);

	(void)hm_json_wanted(&scan, p, what);
	return hm_json_scan_error(&scan, err);
}

static void value_is_read(struct hm_json_reader *r, const char *behind)
{
	r->expect = r->depth ? a_comma_or_end : the_end;
	r->at = behind;
}

/* An array's or object's begin, which token is. */
static enum hm_status open_level(struct hm_json_reader *r, const struct hm_json_token *token, struct hm_err *err)
{
	bool is_object = token->event == HM_JSON_AT_OBJECT;

	if (r->depth == r->opts.max_depth)
		return hm_json_refuse(r, token, err, HM_R_JSON_LIMIT, "nested deeper than %u", r->opts.max_depth);
	if (!hm_grow(&r->levels, &r->levels_cap, r->depth + 1, sizeof(*r->levels)))
		return hm_fail(err, HM_R_NO_MEMORY, "JSON reader");
	r->levels[r->depth++] = (struct hm_json_level){
		.is_object = is_object,
		.first_key = r->keys_count,
		.begin = token->raw.ptr,
	};
	r->expect = is_object ? a_key_or_end : a_value_or_end;
	r->at = token->raw.ptr + 1;
	return HM_OK;
}

/* RFC 8259 4: names should be unique; readers differ where they are not. */
static enum hm_status check_keys(const struct hm_json_reader *r, const struct hm_json_level *level, struct hm_err *err)
{
	HM_OWN(hm_order_done) struct hm_order order;
	const struct hm_value *keys = r->keys + level->first_key;

	if (!hm_order_make(keys, r->keys_count - level->first_key, &order))
		return hm_fail(err, HM_R_NO_MEMORY, "JSON reader");
	if (order.twice == 0)
		return HM_OK;
	struct hm_json_token token = { .event = HM_JSON_AT_NULL };
	token.raw.ptr = hm_json_find_key(level->begin, r->at, order.twice - 1);
	struct hm_str name = hm_str_head(hm_value_text(&keys[order.twice - 1]), 64);
	return hm_json_refuse(r, &token, err, HM_R_JSON_DUPLICATE, "the key '%.*s' comes twice", HM_STR_ARG(name));
}

/* ']' or '}' at p. */
static enum hm_status close_level(struct hm_json_reader *r, const char *p, struct hm_json_token *token,
				  struct hm_err *err)
{
	struct hm_json_level *level = top(r);
	enum hm_status st = HM_OK;

	token->event = level->is_object ? HM_JSON_AT_OBJECT_END : HM_JSON_AT_ARRAY_END;
	token->raw = hm_str_of(p, 1);
	if (level->is_object && r->keys_count > level->first_key) {
		st = check_keys(r, level, err);
		r->keys_count = level->first_key;
	}
	HM_PLANT(r->depth == 3 && !level->is_object && level->members == 3);
	r->depth--;
	value_is_read(r, p + 1);
	return st;
}

static enum hm_status count_member(struct hm_json_reader *r, const struct hm_json_token *token, struct hm_err *err)
{
	if (r->depth == 0 || top(r)->members++ < r->opts.max_members)
		return HM_OK;
	return hm_json_refuse(r, token, err, HM_R_JSON_LIMIT, "more than %u members", r->opts.max_members);
}

/* A value at p, of an array or object its begin. */
static enum hm_status read_value(struct hm_json_reader *r, const char *p, struct hm_json_token *token,
				 struct hm_err *err)
{
	struct hm_json_scan scan = scan_of(r);
	enum hm_number_form form;
	int64_t number;
	const char *behind;

	*token = (struct hm_json_token){ .raw = hm_str_of(p, 1) };
	switch (p < r->end ? *p : '\0') {
	case '{':
		token->event = HM_JSON_AT_OBJECT;
		return open_level(r, token, err);
	case '[':
		token->event = HM_JSON_AT_ARRAY;
		return open_level(r, token, err);
	case '"':
		token->event = HM_JSON_AT_STRING;
		behind = hm_json_scan_string(&scan, p, &token->raw, &token->is_plain);
		break;
	case 't':
		token->event = HM_JSON_AT_BOOL;
		behind = hm_json_scan_word(&scan, p, "true", 4);
		break;
	case 'f':
		token->event = HM_JSON_AT_BOOL;
		behind = hm_json_scan_word(&scan, p, "false", 5);
		break;
	case 'n':
		token->event = HM_JSON_AT_NULL;
		behind = hm_json_scan_word(&scan, p, "null", 4);
		break;
	default:
		if (p == r->end || (*p != '-' && (*p < '0' || *p > '9')))
			return wanted(r, p, "a value", err);
		token->event = HM_JSON_AT_NUMBER;
		behind = hm_json_scan_number(&scan, p, &form, &number);
	}
	if (!behind)
		return hm_json_scan_error(&scan, err);
	if (token->event != HM_JSON_AT_STRING)
		token->raw.len = (size_t)(behind - p);
	value_is_read(r, behind);
	return HM_OK;
}

static enum hm_status read_key(struct hm_json_reader *r, const char *p, struct hm_json_token *token, struct hm_err *err)
{
	struct hm_json_scan scan = scan_of(r);

	if (p == r->end || *p != '"')
		return wanted(r, p, r->expect == a_key ? "a key" : "a key or '}'", err);
	*token = (struct hm_json_token){ .event = HM_JSON_AT_KEY };
	const char *behind = hm_json_scan_string(&scan, p, &token->raw, &token->is_plain);
	if (!behind)
		return hm_json_scan_error(&scan, err);
	r->expect = a_colon;
	r->at = behind;
	if (r->opts.duplicates == HM_DUP_REFUSE) {
		struct hm_str name = token->raw;
		if (!token->is_plain)
			name = hm_json_text_dup(&r->unescaped, token->raw, false);
		if (r->unescaped.status != HM_OK ||
		    !hm_grow(&r->keys, &r->keys_cap, r->keys_count + 1, sizeof(*r->keys)))
			return hm_fail(err, HM_R_NO_MEMORY, "JSON reader");
		r->keys[r->keys_count++] = hm_value_borrow(name);
	}
	return count_member(r, token, err);
}

/* What joins two members is no token: pass over it, so that the next thing at the answer is one. */
static enum hm_status pass_joint(struct hm_json_reader *r, const char **p, struct hm_err *err)
{
	if (r->expect == a_colon) {
		if (*p == r->end || **p != ':')
			return wanted(r, *p, "':'", err);
		r->expect = a_value;
		*p = hm_json_skip_blanks(*p + 1, r->end);
	} else if (r->expect == a_comma_or_end) {
		const struct hm_json_level *level = top(r);
		char close = level->is_object ? '}' : ']';
		if (*p < r->end && **p == close)
			return HM_OK;
		if (*p == r->end || **p != ',')
			return wanted(r, *p, level->is_object ? "',' or '}'" : "',' or ']'", err);
		r->expect = level->is_object ? a_key : a_value;
		*p = hm_json_skip_blanks(*p + 1, r->end);
	}
	return HM_OK;
}

enum hm_status hm_json_next(struct hm_json_reader *r, struct hm_json_token *token, struct hm_err *err)
{
	const char *p = hm_json_skip_blanks(r->at, r->end);
	enum hm_status st = pass_joint(r, &p, err);

	if (st != HM_OK)
		return st;
	switch ((enum expect)r->expect) {
	case the_end:
		if (p < r->end)
			return wanted(r, p, "the end", err);
		*token = (struct hm_json_token){ .event = HM_JSON_AT_END, .raw = hm_str_of(p, 0) };
		return HM_OK;
	case a_comma_or_end:
		return close_level(r, p, token, err);
	case a_key_or_end:
		if (p < r->end && *p == '}')
			return close_level(r, p, token, err);
		return read_key(r, p, token, err);
	case a_key:
	case a_colon: /* never: passed over */
		return read_key(r, p, token, err);
	case a_value_or_end:
		if (p < r->end && *p == ']')
			return close_level(r, p, token, err);
		break;
	case a_value:
		break;
	}
	if (r->depth && !top(r)->is_object) {
		*token = (struct hm_json_token){ .event = HM_JSON_AT_NULL, .raw = hm_str_of(p, 0) };
		st = count_member(r, token, err);
		if (st != HM_OK)
			return st;
	}
	return read_value(r, p, token, err);
}

enum hm_status hm_json_skip(struct hm_json_reader *r, const struct hm_json_token *token, struct hm_err *err)
{
	struct hm_json_token next = *token;
	enum hm_status st = HM_OK;

	if (next.event == HM_JSON_AT_KEY)
		st = hm_json_next(r, &next, err);
	if (st != HM_OK || (next.event != HM_JSON_AT_ARRAY && next.event != HM_JSON_AT_OBJECT))
		return st;
	for (size_t outside = r->depth - 1; st == HM_OK && r->depth > outside;)
		st = hm_json_next(r, &next, err);
	return st;
}

enum hm_status hm_json_token_text(const struct hm_json_reader *r, const struct hm_json_token *token,
				  struct hm_arena *arena, struct hm_str *ret_text, struct hm_err *err)
{
	if (token->is_plain && r->opts.borrow) {
		*ret_text = token->raw;
		return HM_OK;
	}
	struct hm_str text = hm_json_text_dup(arena, token->raw, token->is_plain);
	enum hm_status st = hm_arena_check(arena, "JSON text", err);
	if (st == HM_OK)
		*ret_text = text;
	return st;
}

bool hm_json_token_is(const struct hm_json_token *token, struct hm_str text)
{
	return token->is_plain ? hm_str_eq(token->raw, text) : hm_json_unescaped_is(token->raw, text);
}

enum hm_status hm_json_cut(struct hm_str *text, const struct hm_json_opts *opts, struct hm_str *ret_document,
			   struct hm_err *err)
{
	HM_OWN(hm_json_reader_done) struct hm_json_reader r;
	struct hm_json_token token;
	enum hm_status st = hm_json_reader_init(&r, *text, opts, err);

	if (st != HM_OK)
		return st;
	r.at = hm_json_skip_blanks(r.at, r.end);
	if (r.at == r.end) {
		*text = hm_str_skip(*text, text->len);
		*ret_document = (struct hm_str){ 0 };
		return HM_OK;
	}
	const char *begin = r.at;
	st = hm_json_next(&r, &token, err);
	if (st == HM_OK)
		st = hm_json_skip(&r, &token, err);
	if (st != HM_OK)
		return st;
	*ret_document = hm_str_of(begin, (size_t)(r.at - begin));
	const char *rest = hm_json_skip_blanks(r.at, r.end);
	*text = hm_str_skip(*text, (size_t)(rest - text->ptr));
	return HM_OK;
}
