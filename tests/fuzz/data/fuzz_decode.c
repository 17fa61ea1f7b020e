/*
 * Decoding by table: what decodes from text decodes from its tree, to the same. The first byte chooses the options.
 */
#include "base/limits.h"
#include "base/own.h"
#include "data/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct thing {
	struct hm_str id, bytes;
	uint64_t number;
	int64_t signed_number, time_ns;
	int kind;
	bool flag, has_flag;
	struct thing *inner;
	struct thing *things;
	size_t things_count;
	struct hm_str *hashes;
	size_t hashes_count;
	struct hm_json_pair *labels;
	size_t labels_count;
	struct hm_value value;
};

static const struct hm_json_name kinds[] = { { "ONE", 1 }, { "TWO", 2 }, { NULL, 0 } };
static const struct hm_json_table table;
static const struct hm_json_field fields[] = {
	{ "id", HM_JSON_STR, offsetof(struct thing, id), HM_NOT_EMPTY },
	{ "number", HM_JSON_U64_STRING, offsetof(struct thing, number), .alias = "nr" },
	{ "signed", HM_JSON_I64, offsetof(struct thing, signed_number) },
	{ "bytes", HM_JSON_BASE64_ANY, offsetof(struct thing, bytes), .max = 64 },
	{ "time", HM_JSON_TIME, offsetof(struct thing, time_ns) },
	{ "kind", HM_JSON_ENUM, offsetof(struct thing, kind), .names = kinds },
	{ "flag", HM_JSON_BOOL, offsetof(struct thing, flag), .has = HM_JSON_HAS(struct thing, has_flag) },
	{ "inner", HM_JSON_OBJECT_PTR, offsetof(struct thing, inner), .table = &table },
	{ "things", HM_JSON_ARRAY, offsetof(struct thing, things), .of = HM_JSON_OBJECT, .table = &table,
	  .count = offsetof(struct thing, things_count), .max = 4 },
	{ "hashes", HM_JSON_ARRAY, offsetof(struct thing, hashes), .of = HM_JSON_BASE64,
	  .count = offsetof(struct thing, hashes_count) },
	{ "labels", HM_JSON_MAP, offsetof(struct thing, labels), .of = HM_JSON_STR,
	  .count = offsetof(struct thing, labels_count) },
	{ "value", HM_JSON_VALUE, offsetof(struct thing, value) },
};
static const struct hm_json_table table = HM_JSON_TABLE(struct thing, fields);

static void check_same(const struct thing *a, const struct thing *b)
{
	if (!hm_str_eq(a->id, b->id) || !hm_str_eq(a->bytes, b->bytes) || a->number != b->number ||
	    a->signed_number != b->signed_number || a->time_ns != b->time_ns || a->kind != b->kind ||
	    a->flag != b->flag || a->has_flag != b->has_flag || !a->inner != !b->inner ||
	    a->things_count != b->things_count || a->hashes_count != b->hashes_count ||
	    a->labels_count != b->labels_count || !hm_value_eq(&a->value, &b->value))
		__builtin_trap();
	if (a->inner)
		check_same(a->inner, b->inner);
	for (size_t i = 0; i < a->things_count; i++)
		check_same(&a->things[i], &b->things[i]);
	for (size_t i = 0; i < a->hashes_count; i++) {
		if (!hm_str_eq(a->hashes[i], b->hashes[i]))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	struct thing thing, same;
	struct hm_value v;
	struct hm_err err;

	if (size == 0)
		return 0;
	const struct hm_decode_opts opts = {
		.json.duplicates = data[0] & 1 ? HM_DUP_LAST : HM_DUP_REFUSE,
		.json.borrow = data[0] & 2,
		.ignore_unknown = data[0] & 4,
		.proto_json = data[0] & 8,
	};
	struct hm_str text = hm_str_of(data + 1, size - 1);
	if (hm_json_decode(text, &table, &opts, &arena, &thing, &err) != HM_OK)
		return 0;
	if (hm_json_parse(text, &opts.json, &arena, &v, NULL) != HM_OK)
		__builtin_trap();
	/* With the last of two keys, a tree has forgotten the first, which text still shows: also under its other name.
	 */
	if (opts.json.duplicates == HM_DUP_LAST)
		return 0;
	if (hm_value_decode(&v, &table, &opts, &arena, &same, NULL) != HM_OK)
		__builtin_trap();
	check_same(&thing, &same);
	return 0;
}
