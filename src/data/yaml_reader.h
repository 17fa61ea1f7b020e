/*
 * The state of a YAML reader: yaml.c takes libyaml's events and owns it, yaml_collect.c makes collections of what has
 * been read. For these two only.
 *
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_YAML_READER_H
#define HM_DATA_YAML_READER_H

#include "data/yaml.h"
#include "data/yaml_scalar.h"

#include <yaml.h>

/* A node, as a value or, where a mapping wants one, as a key. */
struct hm_yaml_entry {
	struct hm_value v;
	uint32_t row, col;
	uint32_t height; /* collections nested in it, itself too */
	uint32_t nodes;  /* in it, when it is written out */
	bool is_merge;   /* a key that merges */
	bool is_alias;
	bool is_time;
};

/* What an anchor stands for. A scalar may be used as a key and as a value, which are not the same. */
struct hm_yaml_anchor {
	uint64_t hash;
	char *name;
	size_t frame; /* the collection that it names while that is open, 1 more than its number; 0: it is finished */
	bool is_scalar;
	struct hm_yaml_meaning meaning;
	struct hm_yaml_entry entry;
};

/* A collection that is open. */
struct hm_yaml_frame {
	size_t first;  /* entry */
	size_t number; /* of all collections that were opened */
	uint32_t row, col;
	bool is_object;
};

struct hm_yaml_reader {
	yaml_parser_t parser;
	struct hm_yaml_opts opts; /* with the defaults filled in */
	struct hm_arena *arena;
	struct hm_yaml_entry *entries;
	size_t entries_count, entries_cap;
	struct hm_yaml_frame *frames;
	size_t frames_count, frames_cap;
	struct hm_yaml_anchor *anchors;
	size_t anchors_count, anchors_cap;
	size_t opened;
	uint64_t nodes;
	bool is_empty;            /* the document is nothing but blanks, comments and marks */
	struct hm_places *places; /* NULL: not wanted */
};

/* Keys and values of a mapping, merged ones among them. */
struct hm_yaml_members {
	struct hm_value *keys, *values;
	struct hm_yaml_entry *places; /* of key and value in turn */
	size_t count, cap[3];
};

void hm_yaml_members_done(struct hm_yaml_members *m);
enum hm_status hm_yaml_add_member(struct hm_yaml_members *m, const struct hm_yaml_entry *key,
				  const struct hm_yaml_entry *value, struct hm_err *err) HM_MUST;

/* Fail at a place, with the path of what comes next. */
enum hm_status hm_yaml_refuse(const struct hm_yaml_reader *r, uint32_t row, uint32_t col, struct hm_err *err,
			      enum hm_reason reason, const char *fmt, ...) HM_PRINTF(6, 7) HM_MUST;
enum hm_status hm_yaml_no_memory(struct hm_err *err) HM_MUST;

/* Keep where a value stood, if anybody wants to know; false when memory ran out. */
bool hm_yaml_note_place(struct hm_yaml_reader *r, const struct hm_value *v, const struct hm_yaml_entry *e) HM_MUST;

/* A collection of entries: of an array as they came, of a mapping key and value in turn. */
enum hm_status hm_yaml_array(struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
			     struct hm_value *ret, struct hm_err *err) HM_MUST;
enum hm_status hm_yaml_object(struct hm_yaml_reader *r, const struct hm_yaml_entry *entries, size_t count,
			      struct hm_value *ret, struct hm_err *err) HM_MUST;

#endif
