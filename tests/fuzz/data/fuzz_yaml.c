/*
 * YAML in both dialects: what is read can be written as JSON and read again as the same tree; every value has a place.
 * The first byte chooses the options.
 */
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"
#include "data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_back(const struct hm_value *v)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(256 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(256 * HM_MIB);
	struct hm_value back;

	if (hm_json_encode(v, NULL, &text, NULL) != HM_OK ||
	    hm_json_parse(hm_buf_str(&text), NULL, &arena, &back, NULL) != HM_OK || !hm_value_eq(v, &back))
		__builtin_trap();
}

static void check_places(const struct hm_places *places, const struct hm_value *v)
{
	uint32_t row, col;

	for (size_t i = 0; i < hm_value_count(v); i++) {
		const struct hm_value *inner = v->kind == HM_OBJECT ? hm_value_member_at(v, i) : hm_value_at(v, i);
		if (!hm_places_find(places, inner, &row, &col) || row == 0 || col == 0 ||
		    (v->kind == HM_OBJECT && !hm_places_find(places, hm_value_key_at(v, i), &row, &col)))
			__builtin_trap();
		check_places(places, inner);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(256 * HM_MIB);
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	const struct hm_value *documents;
	struct hm_value v;
	struct hm_err err;
	size_t count;

	if (size == 0)
		return 0;
	const struct hm_yaml_opts opts = {
		.dialect = data[0] & 1 ? HM_YAML_REGO : HM_YAML_KUBERNETES,
		.duplicates = data[0] & 2 ? HM_DUP_LAST : HM_DUP_REFUSE,
		.max_depth = data[0] & 4 ? 4 : 0,
		.max_nodes = 20000,
	};
	struct hm_str text = hm_str_of(data + 1, size - 1);
	if (hm_yaml_parse(text, &opts, &arena, &v, &places, &err) == HM_OK) {
		check_back(&v);
		check_places(&places, &v);
	}
	if (hm_yaml_parse_all(text, &opts, &arena, &documents, &count, NULL, &err) == HM_OK) {
		for (size_t i = 0; i < count; i++)
			check_back(&documents[i]);
	}
	return 0;
}
