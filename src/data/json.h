/*
 * Reading JSON: strictly as RFC 8259 has it, in UTF-8, into a value tree or as a row of tokens.
 *
 * Refused always: a byte order mark, anything but blanks behind the value, control characters in strings, a number that
 * only looks like one, nesting deeper and text longer than the limits. Refused unless asked for: a key that comes
 * twice; bytes that are no UTF-8 and escapes of half a surrogate pair.
 *
 * An error says where: row and column (in characters), and the path of the member ("spec.tasks[2].name: …").
 *
 * Not here: decoding into structs (decode.h), writing (json_write.h), canonical form (canonical.h).
 * Layer 2. No state; any thread.
 */
#ifndef HM_DATA_JSON_H
#define HM_DATA_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "data/value.h"

/* NULL is all default: strict, limits of limits.h, results that do not point into the text. */
struct hm_json_opts {
	/* HM_DUP_REFUSE for all that is signed or decides about security; HM_DUP_LAST for Rego and Kubernetes. */
	enum hm_dup duplicates;
	/*
	 * As Go's reader, and so OPA's and Kubernetes': in strings, each byte that is not part of valid UTF-8 and each
	 * escaped half of a surrogate pair becomes U+FFFD. Outside strings both stay refused.
	 */
	bool replace_invalid;
	/* Strings without escapes, and numbers, point into the text, which must then live as long as the result. */
	bool borrow;
	uint32_t max_depth;   /* nested arrays and objects, up to HM_TOP_JSON_DEPTH; 0: HM_MAX_JSON_DEPTH */
	uint32_t max_members; /* of one array or object; 0: HM_MAX_JSON_MEMBERS */
	size_t max_size;      /* bytes of text, less than 4 GiB; 0: HM_MAX_JSON_SIZE */
};

/* OPA's and Kubernetes' way to read JSON. */
extern const struct hm_json_opts hm_json_as_go;

/*
 * Read a whole document into a tree.
 *
 * Owns    the tree is the arena's; text is borrowed during the call, and as long as the tree with opts->borrow
 * Errors  HM_EPARSE json.syntax, json.encoding; json.duplicate
 *         HM_ELIMIT json.limit: size, depth, members, or an exponent of more than 18 digits
 *         HM_ELIMIT limit: the arena; HM_ENOMEM
 * Source  RFC 8259; ECMA-404
 */
enum hm_status hm_json_parse(struct hm_str text, const struct hm_json_opts *opts, struct hm_arena *arena,
			     struct hm_value *ret_value, struct hm_err *err) HM_MUST;

/*
 * Cut the first document from text that holds several, one behind the other, as `go list -json` prints them.
 *
 * Shape   text: moved behind the document and the blanks after it. ret_document: a valid document; ptr is NULL when
 *         there was none left.
 * Errors  as hm_json_parse()
 */
enum hm_status hm_json_cut(struct hm_str *text, const struct hm_json_opts *opts, struct hm_str *ret_document,
			   struct hm_err *err) HM_MUST;

enum hm_json_event {
	HM_JSON_AT_END, /* of the text */
	HM_JSON_AT_NULL,
	HM_JSON_AT_BOOL,
	HM_JSON_AT_NUMBER,
	HM_JSON_AT_STRING,
	HM_JSON_AT_KEY,
	HM_JSON_AT_ARRAY, /* its begin */
	HM_JSON_AT_ARRAY_END,
	HM_JSON_AT_OBJECT,
	HM_JSON_AT_OBJECT_END,
};

/* What the reader found; borrowed from the text. */
struct hm_json_token {
	enum hm_json_event event;
	bool is_plain;     /* a string or key that stands in the text as it is: no escape, nothing to replace */
	struct hm_str raw; /* its text; of strings and keys what is between the quotes */
};

/*
 * A reader that is asked for token after token. It checks everything that hm_json_parse() does and copies nothing; it
 * allocates a little for the levels that are open and the keys in them.
 */
struct hm_json_reader {
	const char *begin, *at, *end;
	struct hm_json_opts opts; /* with the defaults filled in */
	size_t depth;
	uint8_t expect; /* private, as all below */
	struct hm_json_level *levels;
	size_t levels_cap;
	struct hm_value *keys; /* of the objects that are open, when they may not come twice */
	size_t keys_count, keys_cap;
	struct hm_arena unescaped; /* of keys that do not stand in the text as they are */
};

/*
 * Begin to read text.
 *
 * Owns    text is borrowed until hm_json_reader_done(); opts is copied
 * Errors  HM_EPARSE json.encoding: a byte order mark; HM_ELIMIT json.limit: the text is too long
 *         HM_EINVAL usage: opts asks for more than is possible; HM_ENOMEM
 */
enum hm_status hm_json_reader_init(struct hm_json_reader *reader, struct hm_str text, const struct hm_json_opts *opts,
				   struct hm_err *err) HM_MUST;
void hm_json_reader_done(struct hm_json_reader *reader);

/*
 * The next token; HM_JSON_AT_END again and again once the document is over.
 *
 * Errors  as hm_json_parse(); a key that comes twice is found at the end of its object
 */
enum hm_status hm_json_next(struct hm_json_reader *reader, struct hm_json_token *ret_token, struct hm_err *err) HM_MUST;

/* Pass over the value that begins with token; a key is passed over with its value. */
enum hm_status hm_json_skip(struct hm_json_reader *reader, const struct hm_json_token *token,
			    struct hm_err *err) HM_MUST;

/*
 * The text of a string or a key.
 *
 * Owns    borrowed from the text when the token is plain and the reader borrows, else the arena's
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_json_token_text(const struct hm_json_reader *reader, const struct hm_json_token *token,
				  struct hm_arena *arena, struct hm_str *ret_text, struct hm_err *err) HM_MUST;

/* Whether a string or a key is this text, with nothing copied. */
bool hm_json_token_is(const struct hm_json_token *token, struct hm_str text) HM_MUST;

/*
 * Refuse what stands at a token: row, column and path are added.
 *
 * Errors  returns the status of reason
 */
enum hm_status hm_json_refuse(const struct hm_json_reader *reader, const struct hm_json_token *token,
			      struct hm_err *err, enum hm_reason reason, const char *fmt, ...) HM_PRINTF(5, 6) HM_MUST;

#endif
