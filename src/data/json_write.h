/*
 * Writing JSON into a buffer: from a tree, or piece by piece.
 *
 * Escaped is only what must be: quote, backslash and control characters (the short escapes where there are some), so
 * that the text is that of Go's encoder without HTML escaping, and of jq. A failure sticks, in the writer or in its
 * buffer: ask once at the end with hm_json_writer_check().
 *
 *     struct hm_json_writer w = hm_json_writer_init(&buf, NULL);
 *     hm_json_object(&w);
 *     hm_json_member_cstr(&w, "mediaType", "application/json");
 *     hm_json_key(&w, "layers");
 *     hm_json_array(&w);
 *     …
 *     hm_json_array_end(&w);
 *     hm_json_object_end(&w);
 *     return hm_json_writer_check(&w, "manifest", err);
 *
 * Not here: canonical form (canonical.h). Members stand as they are written; nobody looks whether a key comes twice.
 * Layer 2. Not locked: one thread at a time.
 */
#ifndef HM_DATA_JSON_WRITE_H
#define HM_DATA_JSON_WRITE_H

#include "base/buf.h"
#include "data/decode.h"
#include "data/value.h"

/* NULL is compact: no blanks at all. */
struct hm_json_style {
	unsigned
	    indent; /* blanks a level; 0 is compact. With it each member has a line of its own, and ": " behind it */
	bool escape_html; /* <, >, &, U+2028 and U+2029 as \u escapes, as Go's encoder does unless told otherwise */
};

/* Two blanks a level, as jq prints. */
extern const struct hm_json_style hm_json_pretty;

struct hm_json_writer {
	struct hm_buf *buf;
	struct hm_json_style style;
	unsigned depth;
	bool is_after_key, has_member; /* private, as all below */
	enum hm_reason failed;
};

/* A writer that adds to buf, which must live as long. */
struct hm_json_writer hm_json_writer_init(struct hm_buf *buf, const struct hm_json_style *style);

/*
 * Ask once whether all was written.
 *
 * Shape   what: the document in a few words, for the error's text.
 * Errors  HM_EPARSE json.encoding: text that is no UTF-8; json.number: a double that is no number
 *         HM_EBUG bug: something was not closed; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_json_writer_check(const struct hm_json_writer *w, const char *what, struct hm_err *err) HM_MUST;

void hm_json_object(struct hm_json_writer *w);
void hm_json_object_end(struct hm_json_writer *w);
void hm_json_array(struct hm_json_writer *w);
void hm_json_array_end(struct hm_json_writer *w);

/* The key of the member whose value comes next. */
void hm_json_key(struct hm_json_writer *w, const char *name);
void hm_json_key_str(struct hm_json_writer *w, struct hm_str name);

/* A value: of a member behind its key, else of an array or the document. */
void hm_json_str(struct hm_json_writer *w, struct hm_str s);
void hm_json_cstr(struct hm_json_writer *w, const char *cstr);
void hm_json_i64(struct hm_json_writer *w, int64_t number);
void hm_json_u64(struct hm_json_writer *w, uint64_t number);
void hm_json_double(struct hm_json_writer *w, double number); /* as ECMAScript writes it */
void hm_json_bool(struct hm_json_writer *w, bool truth);
void hm_json_null(struct hm_json_writer *w);
void hm_json_base64(struct hm_json_writer *w, const void *data, size_t len); /* standard alphabet, padded */
void hm_json_i64_string(struct hm_json_writer *w, int64_t number);           /* "12": ProtoJSON's 64-bit integers */
void hm_json_u64_string(struct hm_json_writer *w, uint64_t number);
void hm_json_raw(struct hm_json_writer *w, struct hm_str json); /* JSON text as it is; nobody checks it */
void hm_json_value(struct hm_json_writer *w, const struct hm_value *v);

/* Key and value in one. */
void hm_json_member_str(struct hm_json_writer *w, const char *name, struct hm_str s);
void hm_json_member_cstr(struct hm_json_writer *w, const char *name, const char *cstr);
void hm_json_member_i64(struct hm_json_writer *w, const char *name, int64_t number);
void hm_json_member_u64(struct hm_json_writer *w, const char *name, uint64_t number);
void hm_json_member_bool(struct hm_json_writer *w, const char *name, bool truth);
void hm_json_member_base64(struct hm_json_writer *w, const char *name, const void *data, size_t len);
void hm_json_member_i64_string(struct hm_json_writer *w, const char *name, int64_t number);
void hm_json_member_u64_string(struct hm_json_writer *w, const char *name, uint64_t number);
void hm_json_member_value(struct hm_json_writer *w, const char *name, const struct hm_value *v);

/* As above, but nothing at all where the text is empty. */
void hm_json_member_str_if(struct hm_json_writer *w, const char *name, struct hm_str s);

/* A map of texts in the order of its keys' bytes; nothing at all where it is empty. */
void hm_json_member_map_if(struct hm_json_writer *w, const char *name, const struct hm_json_pair *pairs, size_t count);

/*
 * Write a tree: members in their order, numbers as they were written, a set as an array, and a key that is no string as
 * the string of its JSON text.
 *
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_json_encode(const struct hm_value *v, const struct hm_json_style *style, struct hm_buf *buf,
			      struct hm_err *err) HM_MUST;

#endif
