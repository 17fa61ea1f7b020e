/*
 * The value tree: what JSON, YAML and Rego have in common, and sets, which only Rego has.
 *
 * A value is 16 bytes, never changes once made, and belongs to the arena that it was made in: there are no reference
 * counts, a value is copied by assignment, and freeing the arena frees all of it. A tree is in one order from the
 * start, Rego's: kinds as enum hm_kind lists them; false before true; numbers by their exact value; strings by their
 * bytes; arrays and sets element by element, then the shorter; objects by their first key or value that differs, then
 * the fewer. Members of an object stand by that order of their keys, and so do a set's elements.
 *
 * Objects with the same keys may share one struct hm_keys: a reader makes one for all that look alike, so `keys` that
 * are the same pointer are the same keys, and a position found in one of them is good in all.
 *
 * Not here: reading and writing (json.h, yaml.h, json_write.h), arithmetic (rego).
 * Layer 2. A finished tree may be read by any number of threads; builders are one thread's.
 */
#ifndef HM_DATA_VALUE_H
#define HM_DATA_VALUE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hm_kind { HM_NULL, HM_BOOL, HM_NUMBER, HM_STRING, HM_ARRAY, HM_OBJECT, HM_SET };

/* Read it with the functions below; written by this module only. */
struct hm_value {
	uint8_t kind; /* enum hm_kind */
	bool is_text; /* a number that is no int64, or is written in another way, such as 1.0 or -0 */
	uint16_t unused;
	uint32_t len; /* bytes of text, elements or members */
	union {
		bool truth;
		int64_t i64;
		const char *text; /* a string; a number with is_text. No NUL behind it. */
		const struct hm_value *items;
		const struct hm_members *members;
		const struct hm_keys *set;
	};
};

_Static_assert(sizeof(struct hm_value) == 16, "a value is 16 bytes");

/* Keys of one or more objects, or a set's elements: in order, each once. */
struct hm_keys {
	uint32_t count;
	uint32_t index_mask;   /* its size less 1 */
	const uint32_t *index; /* positions by hash, 1 more than they are, 0 for none; NULL where keys are few */
	struct hm_value key[];
};

struct hm_members {
	const struct hm_keys *keys;
	struct hm_value value[]; /* as many as keys, in their order */
};

/* Values that need no arena. */
static inline struct hm_value hm_value_null(void)
{
	return (struct hm_value){ .kind = HM_NULL };
}

static inline struct hm_value hm_value_bool(bool truth)
{
	return (struct hm_value){ .kind = HM_BOOL, .truth = truth };
}

static inline struct hm_value hm_value_i64(int64_t number)
{
	return (struct hm_value){ .kind = HM_NUMBER, .i64 = number };
}

/*
 * A string that keeps pointing to s.
 *
 * Shape   s: valid UTF-8 of less than 4 GiB, which lives as long as the value.
 */
static inline struct hm_value hm_value_borrow(struct hm_str s)
{
	return (struct hm_value){ .kind = HM_STRING, .len = (uint32_t)s.len, .text = s.ptr };
}

/*
 * Values in an arena. Where memory or the arena's limit has run out the answer is null and the arena's failure sticks,
 * so that whoever builds asks once at the end, with hm_arena_check() or one of the _finish functions.
 *
 * Shape   s: valid UTF-8 of less than 4 GiB; longer is the arena's HM_ELIMIT.
 */
struct hm_value hm_value_str(struct hm_arena *arena, struct hm_str s);
struct hm_value hm_value_cstr(struct hm_arena *arena, const char *cstr);
struct hm_value hm_value_u64(struct hm_arena *arena, uint64_t number);

/*
 * A number from its text, which is kept as it is written unless it is an int64.
 *
 * Errors  HM_EPARSE json.syntax: it is not a number as RFC 8259 writes it
 *         HM_ELIMIT json.limit: an exponent of more than 18 digits; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_value_number(struct hm_arena *arena, struct hm_str text, struct hm_value *ret_value,
			       struct hm_err *err) HM_MUST;

/* Whether two are equal; for numbers, by value: 1, 1.0 and 1e0 are. */
bool hm_value_eq(const struct hm_value *a, const struct hm_value *b) HM_MUST;

/* The order of all values: <0, 0, >0. */
int hm_value_cmp(const struct hm_value *a, const struct hm_value *b) HM_MUST;

/* A hash of what hm_value_eq() compares. It is the same in every run and no secret: who uses it bounds its chains. */
uint64_t hm_value_hash(const struct hm_value *v) HM_MUST;

/* Whether it is a string with these bytes. */
bool hm_value_is_str(const struct hm_value *v, struct hm_str s) HM_MUST;

/* The kind in a word: "null", "boolean", "number", "string", "array", "object", "set". */
const char *hm_kind_name(enum hm_kind kind);

/*
 * Parts of a value, borrowed. NULL, or for text the empty view, where there is no such part: v is another kind, has no
 * such member, or fewer; v may itself be NULL, so that look-ups chain.
 */
const struct hm_value *hm_value_get(const struct hm_value *object, const char *name) HM_MUST;
const struct hm_value *hm_value_get_str(const struct hm_value *object, struct hm_str name) HM_MUST;
const struct hm_value *hm_value_get_key(const struct hm_value *object, const struct hm_value *key) HM_MUST;
const struct hm_value *hm_value_at(const struct hm_value *array, size_t i) HM_MUST;
/* Of an object or a set: the i-th key or element in order, and for an object its value. */
const struct hm_value *hm_value_key_at(const struct hm_value *v, size_t i) HM_MUST;
const struct hm_value *hm_value_member_at(const struct hm_value *object, size_t i) HM_MUST;
struct hm_str hm_value_text(const struct hm_value *string) HM_MUST;

/* Whether a set has the element, or an object the key. */
bool hm_value_has(const struct hm_value *v, const struct hm_value *key) HM_MUST;

/* The position of a key, or -1. For callers that look the same key up in many objects with the same keys. */
ptrdiff_t hm_keys_find(const struct hm_keys *keys, const struct hm_value *key) HM_MUST;

/* Elements of an array or a set, members of an object; 0 for all else and for NULL. */
size_t hm_value_count(const struct hm_value *v) HM_MUST;

/*
 * A member of a kind that must be there.
 *
 * Shape   name: the member, which the error's text names.
 * Owns    what is returned is borrowed from object
 * Errors  HM_EPARSE data.missing: object has no such member; data.kind: object or member is another kind;
 *         data.value: the number is no integer or does not fit
 */
enum hm_status hm_value_need(const struct hm_value *object, const char *name, enum hm_kind kind,
			     const struct hm_value **ret_value, struct hm_err *err) HM_MUST;
enum hm_status hm_value_need_str(const struct hm_value *object, const char *name, struct hm_str *ret_text,
				 struct hm_err *err) HM_MUST;
enum hm_status hm_value_need_bool(const struct hm_value *object, const char *name, bool *ret_truth,
				  struct hm_err *err) HM_MUST;
enum hm_status hm_value_need_i64(const struct hm_value *object, const char *name, int64_t *ret_number,
				 struct hm_err *err) HM_MUST;
enum hm_status hm_value_need_u64(const struct hm_value *object, const char *name, uint64_t *ret_number,
				 struct hm_err *err) HM_MUST;

/* The same for a member that may be missing or null: *ret_… is then left as it was. */
enum hm_status hm_value_may_str(const struct hm_value *object, const char *name, struct hm_str *ret_text,
				struct hm_err *err) HM_MUST;
enum hm_status hm_value_may_bool(const struct hm_value *object, const char *name, bool *ret_truth,
				 struct hm_err *err) HM_MUST;
enum hm_status hm_value_may_i64(const struct hm_value *object, const char *name, int64_t *ret_number,
				struct hm_err *err) HM_MUST;
enum hm_status hm_value_may_u64(const struct hm_value *object, const char *name, uint64_t *ret_number,
				struct hm_err *err) HM_MUST;

/* What to do about a key that comes twice. */
enum hm_dup {
	HM_DUP_REFUSE,
	HM_DUP_LAST, /* the last one's value holds */
};

/*
 * Builders. Elements are added in any order; what fails sticks, in the builder or in its arena, and _finish says so.
 *
 * Owns    the builder holds memory of its own until _done; the value made by _finish is the arena's. After _finish the
 *         builder is empty and can be used again.
 */
struct hm_array_builder {
	struct hm_arena *arena;
	struct hm_value *items;
	size_t count, cap;
	bool failed;
};

struct hm_array_builder hm_array_builder_init(struct hm_arena *arena);
void hm_array_builder_done(struct hm_array_builder *builder);
void hm_array_add(struct hm_array_builder *builder, struct hm_value value);

/*
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_array_finish(struct hm_array_builder *builder, struct hm_value *ret_array,
			       struct hm_err *err) HM_MUST;

/* A set of what was added: in order, what is equal once. */
enum hm_status hm_set_finish(struct hm_array_builder *builder, struct hm_value *ret_set, struct hm_err *err) HM_MUST;

struct hm_object_builder {
	struct hm_arena *arena;
	struct hm_value *keys, *values;
	size_t count, keys_cap, values_cap;
	bool failed;
};

struct hm_object_builder hm_object_builder_init(struct hm_arena *arena);
void hm_object_builder_done(struct hm_object_builder *builder);

/* name: a literal, or text that lives as long as the arena; else hm_object_add_key() with hm_value_str(). */
void hm_object_add(struct hm_object_builder *builder, const char *name, struct hm_value value);
void hm_object_add_key(struct hm_object_builder *builder, struct hm_value key, struct hm_value value);

/*
 * Errors  HM_EPARSE json.duplicate: a key twice, where dup refuses it; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_object_finish(struct hm_object_builder *builder, enum hm_dup dup, struct hm_value *ret_object,
				struct hm_err *err) HM_MUST;

/*
 * An array or an object of values that the caller has in arrays; they are copied.
 *
 * Errors  as the _finish functions
 */
enum hm_status hm_value_array(struct hm_arena *arena, const struct hm_value *items, size_t count,
			      struct hm_value *ret_array, struct hm_err *err) HM_MUST;
enum hm_status hm_value_object(struct hm_arena *arena, const struct hm_value *keys, const struct hm_value *values,
			       size_t count, enum hm_dup dup, struct hm_value *ret_object, struct hm_err *err) HM_MUST;
enum hm_status hm_value_set(struct hm_arena *arena, const struct hm_value *items, size_t count,
			    struct hm_value *ret_set, struct hm_err *err) HM_MUST;

#endif
