/*
 * Where decoding takes its tokens from: JSON text or a tree. For this module only.
 *
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_DECODE_SOURCE_H
#define HM_DATA_DECODE_SOURCE_H

#include "data/decode.h"

struct hm_decode_source;

/* A token from either source. */
struct hm_decode_item {
	enum hm_json_event event;
	bool truth;                  /* of HM_JSON_AT_BOOL */
	struct hm_value number;      /* of HM_JSON_AT_NUMBER */
	struct hm_json_token token;  /* from text */
	const struct hm_value *node; /* from a tree: the value or key */
};

struct hm_decode_source_ops {
	enum hm_status (*next)(struct hm_decode_source *s, struct hm_decode_item *ret_item, struct hm_err *err);
	/* Pass over the value of a key, or an array or object that item begins. */
	enum hm_status (*skip)(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err);
	/* The text of a string or key; keep: it must be good as long as the result. */
	enum hm_status (*text)(struct hm_decode_source *s, const struct hm_decode_item *item, bool keep,
			       struct hm_str *ret_text, struct hm_err *err);
	/* All that item begins, as a value, or as JSON text. */
	enum hm_status (*value)(struct hm_decode_source *s, const struct hm_decode_item *item,
				struct hm_value *ret_value, struct hm_err *err);
	enum hm_status (*json)(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_str *ret_json,
			       struct hm_err *err);
	bool (*is_key)(const struct hm_decode_item *item, struct hm_str name);
	enum hm_status (*refuse)(struct hm_decode_source *s, const struct hm_decode_item *item, struct hm_err *err,
				 enum hm_reason reason, const char *what);
};

/* An array or object of a tree that is being walked. */
struct hm_decode_level {
	const struct hm_value *node;
	uint32_t at;
	bool is_key_done;
};

struct hm_decode_source {
	const struct hm_decode_source_ops *ops;
	struct hm_decode_opts opts;
	struct hm_arena *arena;
	size_t nested;                /* objects that are being decoded */
	struct hm_json_reader reader; /* over text */
	const struct hm_value *root;  /* over a tree */
	bool is_begun;
	struct hm_decode_level *levels;
	size_t depth, levels_cap;
};

enum hm_status hm_decode_from_text(struct hm_decode_source *s, struct hm_str text, const struct hm_decode_opts *opts,
				   struct hm_arena *arena, struct hm_err *err) HM_MUST;
void hm_decode_from_tree(struct hm_decode_source *s, const struct hm_value *root, const struct hm_decode_opts *opts,
			 struct hm_arena *arena);
void hm_decode_source_done(struct hm_decode_source *s);

#endif
