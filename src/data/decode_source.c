#include "data/decode_source.h"

#include "base/mem.h"
#include "data/json_scan.h"
#include "data/place.h"

static enum hm_status text_next(struct hm_decode_source *s, struct hm_decode_item *item, struct hm_err *err)
{
	const char *stop;
	int64_t number = 0;

	*item = (struct hm_decode_item){ 0 };
	enum hm_status st = hm_json_next(&s->reader, &item->token, err);
	struct hm_str raw = item->token.raw;
	item->event = item->token.event;
	if (st != HM_OK)
		return st;
	item->truth = item->event == HM_JSON_AT_BOOL && raw.ptr[0] == 't';
	if (item->event == HM_JSON_AT_NUMBER) {
		bool is_int = hm_number_scan(raw.ptr, raw.ptr + raw.len, &stop, &number) == HM_NUMBER_INT;
		item->number = is_int ? hm_value_i64(number) : hm_value_borrow(raw);
		item->number.kind = HM_NUMBER;
		item->number.is_text = !is_int;
	}
	return HM_OK;
}

static enum hm_status text_skip(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err)
{
	return hm_json_skip(&s->reader, &item->token, err);
}

static enum hm_status text_text(struct hm_decode_source *s, const struct hm_decode_item *item, bool keep,
				struct hm_str *ret_text, struct hm_err *err)
{
	if (item->token.is_plain && !keep) {
		*ret_text = item->token.raw;
		return HM_OK;
	}
	return hm_json_token_text(&s->reader, &item->token, s->arena, ret_text, err);
}

static enum hm_status text_span(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_str *ret_span,
				struct hm_err *err)
{
	const char *begin = item->token.raw.ptr - (item->event == HM_JSON_AT_STRING);
	enum hm_status st = hm_json_skip(&s->reader, &item->token, err);

	if (st == HM_OK)
		*ret_span = hm_str_of(begin, (size_t)(s->reader.at - begin));
	return st;
}

static enum hm_status text_value(struct hm_decode_source *s, const struct hm_decode_item *item,
				 struct hm_value *ret_value, struct hm_err *err)
{
	struct hm_str span;
	enum hm_status st = text_span(s, item, &span, err);

	/* What the reader has passed over holds no mistake any more; only memory can run out. */
	return st == HM_OK ? hm_json_parse(span, &s->opts.json, s->arena, ret_value, err) : st;
}

static enum hm_status text_json(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_str *ret_json,
				struct hm_err *err)
{
	struct hm_str span;
	enum hm_status st = text_span(s, item, &span, err);

	if (st == HM_OK && !s->opts.json.borrow) {
		span = hm_arena_dup(s->arena, span);
		st = hm_arena_check(s->arena, "JSON text", err);
	}
	if (st == HM_OK)
		*ret_json = span;
	return st;
}

static bool text_is_key(const struct hm_decode_item *item, struct hm_str name)
{
	return hm_json_token_is(&item->token, name);
}

static enum hm_status text_refuse(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err,
				  enum hm_reason reason, const char *what)
{
	return hm_json_refuse(&s->reader, &item->token, err, reason, "%s", what);
}

static const struct hm_decode_source_ops text_ops = {
	text_next, text_skip, text_text, text_value, text_json, text_is_key, text_refuse,
};

enum hm_status hm_decode_from_text(struct hm_decode_source *s, struct hm_str text, const struct hm_decode_opts *opts,
				   struct hm_arena *arena, struct hm_err *err)
{
	*s = (struct hm_decode_source){ .ops = &text_ops, .arena = arena };
	if (opts)
		s->opts = *opts;
	return hm_json_reader_init(&s->reader, text, &s->opts.json, err);
}

/* The event of a value where it begins, its parts filled in. */
static void item_of_node(const struct hm_value *node, struct hm_decode_item *item)
{
	static const enum hm_json_event events[] = {
		[HM_NULL] = HM_JSON_AT_NULL,     [HM_BOOL] = HM_JSON_AT_BOOL,   [HM_NUMBER] = HM_JSON_AT_NUMBER,
		[HM_STRING] = HM_JSON_AT_STRING, [HM_ARRAY] = HM_JSON_AT_ARRAY, [HM_OBJECT] = HM_JSON_AT_OBJECT,
		[HM_SET] = HM_JSON_AT_ARRAY,
	};

	*item = (struct hm_decode_item){ .event = events[node->kind], .node = node };
	item->truth = node->kind == HM_BOOL && node->truth;
	if (node->kind == HM_NUMBER)
		item->number = *node;
}

static enum hm_status enter_node(struct hm_decode_source *s, const struct hm_value *node, struct hm_decode_item *item,
				 struct hm_err *err)
{
	item_of_node(node, item);
	if (item->event != HM_JSON_AT_ARRAY && item->event != HM_JSON_AT_OBJECT)
		return HM_OK;
	if (!hm_grow(&s->levels, &s->levels_cap, s->depth + 1, sizeof(*s->levels)))
		return hm_fail(err, HM_R_NO_MEMORY, "decoding");
	s->levels[s->depth++] = (struct hm_decode_level){ .node = node };
	return HM_OK;
}

static enum hm_status tree_next(struct hm_decode_source *s, struct hm_decode_item *item, struct hm_err *err)
{
	if (!s->is_begun) {
		s->is_begun = true;
		return enter_node(s, s->root, item, err);
	}
	if (s->depth == 0) {
		*item = (struct hm_decode_item){ .event = HM_JSON_AT_END, .node = s->root };
		return HM_OK;
	}
	struct hm_decode_level *level = &s->levels[s->depth - 1];
	bool is_object = level->node->kind == HM_OBJECT;
	if (level->at == level->node->len) {
		*item = (struct hm_decode_item){ .node = level->node };
		item->event = is_object ? HM_JSON_AT_OBJECT_END : HM_JSON_AT_ARRAY_END;
		s->depth--;
		return HM_OK;
	}
	if (is_object && !level->is_key_done) {
		level->is_key_done = true;
		*item =
		    (struct hm_decode_item){ .event = HM_JSON_AT_KEY, .node = hm_value_key_at(level->node, level->at) };
		return HM_OK;
	}
	level->is_key_done = false;
	uint32_t at = level->at++;
	return enter_node(s,
			  is_object                     ? hm_value_member_at(level->node, at)
			  : level->node->kind == HM_SET ? hm_value_key_at(level->node, at)
							: hm_value_at(level->node, at),
			  item, err);
}

static enum hm_status tree_skip(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err)
{
	struct hm_decode_item value;
	enum hm_status st = HM_OK;

	if (item->event == HM_JSON_AT_KEY) {
		st = tree_next(s, &value, err);
		item = &value;
	}
	if (st == HM_OK && (item->event == HM_JSON_AT_ARRAY || item->event == HM_JSON_AT_OBJECT))
		s->depth--;
	return st;
}

static enum hm_status tree_text(struct hm_decode_source *s, const struct hm_decode_item *item, bool keep,
				struct hm_str *ret_text, struct hm_err *err)
{
	(void)s, (void)keep, (void)err;
	*ret_text = hm_value_text(item->node);
	return HM_OK;
}

static enum hm_status tree_value(struct hm_decode_source *s, const struct hm_decode_item *item,
				 struct hm_value *ret_value, struct hm_err *err)
{
	enum hm_status st = tree_skip(s, item, err);

	if (st == HM_OK)
		*ret_value = *item->node;
	return st;
}

static enum hm_status tree_json(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_str *ret_json,
				struct hm_err *err)
{
	(void)s, (void)item, (void)ret_json;
	return hm_fail(err, HM_R_BUG, "JSON text of a tree's member");
}

static bool tree_is_key(const struct hm_decode_item *item, struct hm_str name)
{
	return hm_value_is_str(item->node, name);
}

static enum hm_status tree_refuse(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err,
				  enum hm_reason reason, const char *what)
{
	return hm_value_refuse(s->root, item->node, s->opts.places, err, reason, "%s", what);
}

static const struct hm_decode_source_ops tree_ops = {
	tree_next, tree_skip, tree_text, tree_value, tree_json, tree_is_key, tree_refuse,
};

void hm_decode_from_tree(struct hm_decode_source *s, const struct hm_value *root, const struct hm_decode_opts *opts,
			 struct hm_arena *arena)
{
	*s = (struct hm_decode_source){ .ops = &tree_ops, .arena = arena, .root = root };
	if (opts)
		s->opts = *opts;
}

void hm_decode_source_done(struct hm_decode_source *s)
{
	hm_json_reader_done(&s->reader);
	free(s->levels);
	s->levels = NULL;
}
