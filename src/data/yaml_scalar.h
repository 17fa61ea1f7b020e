/*
 * What a scalar of YAML means in each dialect. For this module only; libyaml has no part in it.
 *
 * Layer 2. Pure; any thread.
 */
#ifndef HM_DATA_YAML_SCALAR_H
#define HM_DATA_YAML_SCALAR_H

#include "data/yaml.h"

/* A scalar as it stands in the text. */
struct hm_yaml_scalar {
	struct hm_str text;
	struct hm_str tag; /* in full; empty: none */
	bool is_plain;     /* neither quoted nor a block */
	bool has_bang;     /* the tag "!", which means "no tag of its own" */
};

enum hm_yaml_type {
	HM_YAML_NULL,
	HM_YAML_BOOL,
	HM_YAML_INT,  /* an int64 */
	HM_YAML_UINT, /* past it */
	HM_YAML_FLOAT,
	HM_YAML_STR,
};

struct hm_yaml_meaning {
	enum hm_yaml_type type;
	bool truth;
	bool is_merge;       /* a key of this text and kind merges */
	bool is_tagged_time; /* a string made of what has the tag !!timestamp */
	bool is_time;        /* a string that looks like a timestamp, with no tag */
	int64_t i64;
	uint64_t u64;
	double number;
	struct hm_str text; /* of HM_YAML_STR; in the arena */
};

/*
 * Find out what a scalar is.
 *
 * Owns    strings are copied to the arena
 * Errors  not NULL: what is wrong with it, a static text; "" when the arena has failed
 */
const char *hm_yaml_resolve(enum hm_yaml_dialect dialect, const struct hm_yaml_scalar *scalar, struct hm_arena *arena,
			    struct hm_yaml_meaning *ret_meaning) HM_MUST;

/* As a value of a tree, and as a key of an object. Errors as hm_yaml_resolve(). */
const char *hm_yaml_value(const struct hm_yaml_meaning *meaning, struct hm_arena *arena,
			  struct hm_value *ret_value) HM_MUST;
const char *hm_yaml_key(enum hm_yaml_dialect dialect, const struct hm_yaml_meaning *meaning, struct hm_arena *arena,
			struct hm_value *ret_key) HM_MUST;

#endif
