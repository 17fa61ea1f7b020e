/*
 * Shapes: the keys that objects of one document have in common. For this module only.
 *
 * Records look alike, and so a reader that remembers which key came after which key finds the next one by comparing
 * bytes, without hashing, sorting, or keeping a second copy. A shape is the row of keys from an object's first to the
 * one just read; objects that end in the same shape share one struct hm_keys. A document whose objects are all
 * different uses up the limits below, and its further keys are each their object's own.
 *
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_SHAPE_H
#define HM_DATA_SHAPE_H

#include "data/keys.h"

enum {
	hm_shape_max_keys = 32,  /* of an object: larger ones are rarely alike */
	hm_shape_max_next = 16,  /* keys that follow one row of keys */
	hm_shape_max_all = 4096, /* in a document */
};

struct hm_shape {
	struct hm_value key; /* the last one */
	bool is_plain;       /* it stands in JSON as it is, so that its bytes may be compared with the text's */
	struct hm_shape *before;
	struct hm_shape *next;    /* longer by one key, the one that was met last first */
	struct hm_shape *sibling; /* another that follows the same row */
	uint32_t count;           /* of keys */
	uint32_t next_count;
	const struct hm_keys *keys; /* made when the first object ends here */
	struct hm_order order;      /* from the order of reading to that of keys */
	bool is_twice;              /* a key comes twice: objects that end here keep keys of their own */
};

struct hm_shapes {
	struct hm_arena *arena; /* for keys: the document's */
	struct hm_arena own;
	struct hm_shape none; /* of the object without keys */
	uint32_t count;
};

void hm_shapes_init(struct hm_shapes *shapes, struct hm_arena *arena);
void hm_shapes_done(struct hm_shapes *shapes);

/* The shape that follows with a key of this text; NULL: not met yet. */
struct hm_shape *hm_shape_find(struct hm_shape *shape, struct hm_str text);

/* A new shape that follows with key; NULL: there are enough, or memory ran out, which own.status says. */
struct hm_shape *hm_shape_add(struct hm_shapes *shapes, struct hm_shape *shape, struct hm_value key, bool is_plain);

/* The keys of a shape in the order of reading; ret_keys has room for count. */
void hm_shape_list(const struct hm_shape *shape, struct hm_value *ret_keys);

/* Make keys and order of a shape when an object ends in it for the first time; false when memory ran out. */
bool hm_shape_finish(struct hm_shapes *shapes, struct hm_shape *shape) HM_MUST;

#endif
