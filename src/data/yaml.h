/*
 * Reading YAML into the value tree, as one of two peers reads it.
 *
 * HM_YAML_KUBERNETES is sigs.k8s.io/yaml v1.6.0: scalars of YAML 1.1 (y, yes and on are true; 0777 and 0o777 are
 * octal), merge keys that override what stands before them. HM_YAML_REGO is OPA v1.22.2's yaml.unmarshal: the core
 * schema (yes is a string, 0777 is still octal), merge keys that never override. Both, as the peers: keys become
 * strings as they would in JSON, null and collections as keys are refused; timestamps stay strings; integers of 64 bits
 * are exact and larger ones become doubles; .nan and .inf are refused, as JSON has none; tags of collections are
 * ignored, and of scalars other than those of the schema make strings. What the peers leave open is refused: see the
 * options.
 *
 * Where we differ: a mistake in a value that a later key overrides is refused all the same; and the scanner is
 * libyaml's, which reads "\/" in double quotes, refuses [a:] and reads [a?] where go-yaml does the opposite.
 * tests/peers/data holds all else against both.
 *
 * UTF-8 only. Aliases are bounded by counting what they stand for, so no document grows beyond max_nodes when it is
 * written out; a node that contains itself is refused.
 *
 * Alone in this module it includes libyaml, in files of its own, so that a program that reads no YAML does not link it.
 * Layer 2. No state; any thread.
 */
#ifndef HM_DATA_YAML_H
#define HM_DATA_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "data/place.h"
#include "data/value.h"

enum hm_yaml_dialect { HM_YAML_KUBERNETES, HM_YAML_REGO };

/* NULL is all default. */
struct hm_yaml_opts {
	enum hm_yaml_dialect dialect;
	/*
	 * HM_DUP_REFUSE as UnmarshalStrict of sigs.k8s.io/yaml: also a key that a merge key brings along again.
	 * HM_DUP_LAST as its Unmarshal, and as OPA. Keys are the same when their strings are: 1 and "1".
	 */
	enum hm_dup duplicates;
	uint32_t max_depth; /* nested collections, up to HM_TOP_JSON_DEPTH; 0: HM_MAX_JSON_DEPTH */
	uint32_t max_nodes; /* scalars and collections of the text, aliases counted as what they stand for;
			       0: HM_MAX_YAML_NODES */
	size_t max_size;    /* bytes of text; 0: HM_MAX_YAML_SIZE */
};

/* What OPA's yaml.unmarshal does. */
extern const struct hm_yaml_opts hm_yaml_as_opa;

/*
 * Read a document into a tree. Text without any is null. More documents than one are refused, but for HM_YAML_REGO:
 * that takes the first, and the others must only be well formed.
 *
 * Shape   ret_places: where each value stood, for hm_value_refuse() and hm_value_decode(); NULL: not wanted.
 * Owns    the tree is the arena's, and does not point into the text; ret_places is the caller's, for hm_places_done()
 * Errors  HM_EPARSE yaml.syntax: malformed, an unknown anchor, a merge of what is no mapping, text that is not UTF-8
 *         HM_EPARSE yaml.value: a scalar that is not what its tag says, a key or a number that JSON does not have
 *         HM_EPARSE json.duplicate: a key twice
 *         HM_ELIMIT yaml.limit: size, depth, nodes, anchors; HM_ELIMIT: the arena; HM_ENOMEM
 * Source  YAML 1.1; sigs.k8s.io/yaml v1.6.0; github.com/open-policy-agent/opa v1.22.2, internal/yaml
 */
enum hm_status hm_yaml_parse(struct hm_str text, const struct hm_yaml_opts *opts, struct hm_arena *arena,
			     struct hm_value *ret_value, struct hm_places *ret_places, struct hm_err *err) HM_MUST;

/*
 * Read all documents of a text, which stand between lines of "---"; those with nothing in them are left out, as kubectl
 * leaves them out.
 *
 * Shape   ret_documents: ret_count trees.
 * Owns    ret_documents is the arena's; the rest as hm_yaml_parse()
 * Errors  as hm_yaml_parse()
 */
enum hm_status hm_yaml_parse_all(struct hm_str text, const struct hm_yaml_opts *opts, struct hm_arena *arena,
				 const struct hm_value **ret_documents, size_t *ret_count, struct hm_places *ret_places,
				 struct hm_err *err) HM_MUST;

#endif
