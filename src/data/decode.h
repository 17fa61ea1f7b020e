/*
 * Decoding by table: one row says a field's name, its kind and where in a struct it goes.
 *
 *     static const struct hm_json_field entry_fields[] = {
 *             { "logIndex", HM_JSON_U64_STRING, offsetof(struct entry, log_index), HM_REQUIRED },
 *             { "logId", HM_JSON_OBJECT, offsetof(struct entry, log_id), .table = &log_id_table },
 *             { "proofs", HM_JSON_ARRAY, offsetof(struct entry, proofs), .of = HM_JSON_OBJECT,
 *               .table = &proof_table, .count = offsetof(struct entry, proofs_count), .max = 8 },
 *     };
 *     static const struct hm_json_table entry_table = HM_JSON_TABLE(struct entry, entry_fields);
 *
 * JSON is decoded from its tokens, with no tree; a tree that was read before (YAML) is decoded by the same tables. What
 * the tables do not name is refused by name, unless the call says otherwise. The struct is written only when all of it
 * was well formed; fields that are absent are zero in it. Errors name the member: "tlogEntries[0].logIndex: …".
 *
 * Layer 2. No state; any thread.
 */
#ifndef HM_DATA_DECODE_H
#define HM_DATA_DECODE_H

#include "data/json.h"

struct hm_places;

/* A kind: what the JSON must be, and the type at the field's offset. */
enum hm_json_kind {
	HM_JSON_STR,          /* string: struct hm_str */
	HM_JSON_CSTR,         /* string without a NUL inside: const char *, NULL when absent */
	HM_JSON_BOOL,         /* true or false: bool */
	HM_JSON_I64,          /* number with a whole value: int64_t */
	HM_JSON_U64,          /* number with a whole value: uint64_t */
	HM_JSON_I64_STRING,   /* the same, or a string with a decimal integer, as ProtoJSON writes them: int64_t */
	HM_JSON_U64_STRING,   /* the same: uint64_t */
	HM_JSON_ENUM,         /* string that stands in .names: int. With proto_json also the number */
	HM_JSON_BASE64,       /* string, standard alphabet and padded: struct hm_str of the bytes */
	HM_JSON_BASE64_ANY,   /* string, either alphabet, padded or not, as ProtoJSON accepts bytes: struct hm_str */
	HM_JSON_BASE64_LINES, /* string, as HM_JSON_BASE64 but with line ends wherever they stand: struct hm_str */
	HM_JSON_TIME,         /* string of RFC 3339: int64_t, nanoseconds since 1970 */
	HM_JSON_OBJECT,       /* object of .table: that struct itself */
	HM_JSON_OBJECT_PTR,   /* object of .table: pointer to it, NULL when absent */
	HM_JSON_ARRAY,        /* array of .of: pointer to the first element; their number is a size_t at .count */
	HM_JSON_MAP,   /* object with any keys and values of .of: pointer to the first, number at .count. Of STR, an
			  array of struct hm_json_pair; of OBJECT, of .table's struct, its struct hm_str at .key */
	HM_JSON_VALUE, /* anything: struct hm_value; HM_NULL when absent */
	HM_JSON_TEXT,  /* anything: struct hm_str, its JSON text byte for byte. From JSON only, not from a tree */
};

enum {
	HM_REQUIRED = 1,  /* absence is refused */
	HM_NOT_EMPTY = 2, /* where it is there: of strings, bytes, arrays and maps */
};

/* A name of an HM_JSON_ENUM; the list ends with a NULL name. */
struct hm_json_name {
	const char *name;
	int value;
};

struct hm_json_pair {
	struct hm_str key, value;
};

struct hm_json_field {
	const char *name;
	enum hm_json_kind kind;
	size_t offset;
	unsigned flags;    /* HM_REQUIRED, HM_NOT_EMPTY */
	const char *alias; /* a second name; both in one object are the same key twice */
	size_t has;        /* HM_JSON_HAS(): a bool that says whether it was there; 0: none */
	const struct hm_json_table *table;
	const struct hm_json_name *names;
	enum hm_json_kind of;
	size_t count, key; /* offsets, see HM_JSON_ARRAY and HM_JSON_MAP */
	size_t max;        /* elements of an array or map, 0: HM_MAX_FIELD_ITEMS; bytes of text, 0: any */
};

#define HM_JSON_HAS(type, member) (offsetof(type, member) + 1)

struct hm_json_table {
	const struct hm_json_field *fields;
	size_t count; /* up to HM_JSON_MAX_FIELDS */
	size_t size;  /* of the struct */
};

#define HM_JSON_MAX_FIELDS 128

#define HM_JSON_TABLE(type, rows)                                                                                      \
	{                                                                                                              \
		.fields = (rows), .count = sizeof(rows) / sizeof((rows)[0]), .size = sizeof(type)                      \
	}

/* NULL is all default. */
struct hm_decode_opts {
	struct hm_json_opts json; /* how the text is read; borrow says whether results may point into it */
	bool ignore_unknown;      /* members that no table names are passed over; their own syntax is still checked */
	/*
	 * With ignore_unknown: a member whose name differs from a field's only in case is refused all the same. Go's
	 * reader takes it for the field, and a signed document must not say two things to two readers.
	 */
	bool refuse_other_case;
	bool proto_json;                /* a null is an absent field, an enum may be its number */
	const struct hm_places *places; /* of a tree: where its values stood (place.h), for errors */
};

/*
 * Decode a JSON document into a struct.
 *
 * Shape   ret_struct: of table->size bytes.
 * Owns    what the struct points to is the arena's, or with opts->json.borrow the text's
 * Errors  as hm_json_parse()
 *         HM_EPARSE data.unknown: a member that no table names, or one in other case; data.missing: a required one is
 *                   not there
 *         HM_EPARSE data.kind: another kind than the table says, null too where it does not mean absence
 *         HM_EPARSE data.value: does not fit, is no such name, no Base64, no time, or empty
 *         HM_ELIMIT json.limit: more elements or bytes than the field's max
 * Source  RFC 8259; ProtoJSON (protobuf.dev/programming-guides/json)
 */
enum hm_status hm_json_decode(struct hm_str text, const struct hm_json_table *table, const struct hm_decode_opts *opts,
			      struct hm_arena *arena, void *ret_struct, struct hm_err *err) HM_MUST;

/*
 * Decode a tree into a struct, by the same rules. Texts and values in the struct are borrowed from the tree.
 */
enum hm_status hm_value_decode(const struct hm_value *v, const struct hm_json_table *table,
			       const struct hm_decode_opts *opts, struct hm_arena *arena, void *ret_struct,
			       struct hm_err *err) HM_MUST;

#endif
