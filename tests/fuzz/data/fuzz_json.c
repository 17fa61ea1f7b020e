/*
 * JSON: both readers say the same; what is read, written and read again is equal; borrowed and copied trees are equal.
 * The first byte chooses the options.
 */
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hm_status read_tokens(struct hm_str text, const struct hm_json_opts *opts)
{
	HM_OWN(hm_json_reader_done) struct hm_json_reader r;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MIB);
	struct hm_json_token token = { .event = HM_JSON_AT_NULL };
	struct hm_err err;
	struct hm_str s;
	enum hm_status st = hm_json_reader_init(&r, text, opts, &err);

	while (st == HM_OK && token.event != HM_JSON_AT_END) {
		st = hm_json_next(&r, &token, &err);
		if (st == HM_OK && (token.event == HM_JSON_AT_KEY || token.event == HM_JSON_AT_STRING) &&
		    (hm_json_token_text(&r, &token, &arena, &s, NULL) != HM_OK || !hm_json_token_is(&token, s) ||
		     !hm_str_is_utf8(s)))
			__builtin_trap();
	}
	return st;
}

/* A document from each style of writing is the same tree again. */
static void check_back(const struct hm_value *v, const struct hm_json_style *style)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(64 * HM_MIB);
	struct hm_value back;

	if (hm_json_encode(v, style, &text, NULL) != HM_OK ||
	    hm_json_parse(hm_buf_str(&text), NULL, &arena, &back, NULL) != HM_OK)
		__builtin_trap();
	if (!hm_value_eq(v, &back) || hm_value_cmp(v, &back) != 0 || hm_value_hash(v) != hm_value_hash(&back))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	struct hm_value v, borrowed;
	struct hm_err err;

	if (size == 0)
		return 0;
	struct hm_json_opts opts = {
		.duplicates = data[0] & 1 ? HM_DUP_LAST : HM_DUP_REFUSE,
		.replace_invalid = data[0] & 2,
		.max_depth = data[0] & 4 ? 6 : 0,
		.max_members = data[0] & 8 ? 5 : 0,
	};
	struct hm_str text = hm_str_of(data + 1, size - 1);
	enum hm_status st = hm_json_parse(text, &opts, &arena, &v, &err);
	if ((st == HM_OK) != (read_tokens(text, &opts) == HM_OK))
		__builtin_trap();
	if (st != HM_OK)
		return 0;
	opts.borrow = true;
	if (hm_json_parse(text, &opts, &arena, &borrowed, NULL) != HM_OK || !hm_value_eq(&v, &borrowed))
		__builtin_trap();
	check_back(&v, NULL);
	check_back(&v, &(struct hm_json_style){ .indent = 1, .escape_html = true });
	return 0;
}
