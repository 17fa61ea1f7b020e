/* YAML: what each dialect makes of a document, where values stood, and every limit. tests/peers/data asks the peers. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/own.h"
#include "data/decode.h"
#include "data/json_write.h"
#include "data/yaml.h"

#include <stdbool.h>

static const struct hm_yaml_opts rego = { .dialect = HM_YAML_REGO };

static void test_dialects(void **state)
{
	(void)state;
	static const struct {
		const char *text, *kubernetes, *rego; /* NULL: refused */
	} rows[] = {
		{ "", "null", "null" },
		{ "a: [yes, No, on, y, true]", "{\"a\":[true,false,true,true,true]}",
		  "{\"a\":[\"yes\",\"No\",\"on\",\"y\",true]}" },
		{ "[0644, 0o644, 0x1F, 0b11, 08, 1_000]", "[420,420,31,3,8,1000]", "[420,420,31,3,8,1000]" },
		{ "[1.0, 1e3, 1.10, -0.0, 1e21, .5]", "[1,1000,1.1,-0,1e+21,0.5]", "[1,1000,1.1,-0,1e+21,0.5]" },
		{ "[9223372036854775807, 18446744073709551615, 18446744073709551616]",
		  "[9223372036854775807,18446744073709551615,18446744073709552000]",
		  "[9223372036854775807,18446744073709551615,18446744073709552000]" },
		{ "[~, , null, 12:30, 2001-01-01]", NULL, NULL },
		{ "[~, null, 12:30, 2001-01-01]", "[null,null,\"12:30\",\"2001-01-01\"]",
		  "[null,null,\"12:30\",\"2001-01-01\"]" },
		{ ".nan", NULL, NULL },
		{ "[.inf]", NULL, NULL },
		{ ".inf: 1", "{\".inf\":1}", "{\".inf\":1}" },
		{ "{1: a, true: b, 1.5: c, 1e6: d, 0x10: e}",
		  "{\"1\":\"a\",\"1.5\":\"c\",\"16\":\"e\",\"1e+06\":\"d\",\"true\":\"b\"}",
		  "{\"1\":\"a\",\"1.5\":\"c\",\"16\":\"e\",\"1e+06\":\"d\",\"true\":\"b\"}" },
		{ "~: 1", NULL, NULL },
		{ "[a]: 1", NULL, NULL },
		{ "18446744073709551615: 1", NULL, "{\"18446744073709551615\":1}" },
		{ "[!!str 1, !!int \"2\", !!float 3, !foo 4, ! 5, !!binary aGk=]", "[\"1\",2,3,\"4\",\"5\",\"hi\"]",
		  "[\"1\",2,3,\"4\",5,\"hi\"]" },
		{ "!!int x", NULL, NULL },
		{ "!!timestamp 2001-1-2 3:4:5.60", "\"2001-1-2 3:4:5.60\"", "\"2001-01-02T03:04:05.6Z\"" },
		{ "a: |\n  x\n  y\nb: >-\n  x\n  y\nc: \"\\u00fc\\n\"\n",
		  "{\"a\":\"x\\ny\\n\",\"b\":\"x y\",\"c\":\"\xc3\xbc\\n\"}",
		  "{\"a\":\"x\\ny\\n\",\"b\":\"x y\",\"c\":\"\xc3\xbc\\n\"}" },
		{ "a: &x {k: 1}\nb: *x\nc: [*x]\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"c\":[{\"k\":1}]}",
		  "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"c\":[{\"k\":1}]}" },
		{ "- &x {k: 1, l: 2}\n- {k: 3, <<: *x}\n", NULL, "[{\"k\":1,\"l\":2},{\"k\":3,\"l\":2}]" },
		{ "a: 1\na: 2\n", NULL, NULL },
		{ "a: 1\n\"a\": 2\n", NULL, NULL },
		{ "1: a\n\"1\": b\n", NULL, NULL },
		{ "<<: 1\n", NULL, NULL },
		{ "a: *x\n", NULL, NULL },
		{ "&x [*x]\n", NULL, NULL },
		{ "%YAML 1.1\n---\na\n", "\"a\"", "\"a\"" },
		{ "%YAML 1.2\n---\na\n", NULL, NULL },
		{ "a: 1\n---\nb: 2\n", NULL, "{\"a\":1}" },
		{ "a: 1\n---\n", "{\"a\":1}", "{\"a\":1}" },
		{ "a: 1\n---\n[\n", NULL, NULL },
		{ "\xef\xbb\xbf"
		  "a: 1",
		  "{\"a\":1}", "{\"a\":1}" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int dialect = 0; dialect < 2; dialect++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
			HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
			const char *want = dialect ? rows[i].rego : rows[i].kubernetes;
			struct hm_value v;
			struct hm_err err = { 0 };
			enum hm_status st =
			    hm_yaml_parse(hm_str(rows[i].text), dialect ? &rego : NULL, &arena, &v, NULL, &err);
			if (!want) {
				if (st != HM_EPARSE || err.cause[0] == '\0')
					fail_msg("%s: %s, %s", rows[i].text, hm_status_name(st), err.cause);
				continue;
			}
			assert_ok(st, &err);
			assert_ok(hm_json_encode(&v, NULL, &json, &err), &err);
			assert_string_equal(json.ptr, want);
		}
	}
}

static void test_last_wins(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_yaml_dialect dialect;
		const char *want;
	} rows[] = {
		{ "{a: 1, a: 2}", HM_YAML_KUBERNETES, "{\"a\":2}" },
		{ "{a: 1, a: 2}", HM_YAML_REGO, "{\"a\":2}" },
		/* a merge key holds from where it stands, or never overrides; in a sequence the first holds */
		{ "[&x {k: 1}, {k: 3, <<: *x}]", HM_YAML_KUBERNETES, "[{\"k\":1},{\"k\":1}]" },
		{ "[&x {k: 1}, {k: 3, <<: *x}]", HM_YAML_REGO, "[{\"k\":1},{\"k\":3}]" },
		{ "{<<: [{k: 1}, {k: 2, l: 3}]}", HM_YAML_KUBERNETES, "{\"k\":1,\"l\":3}" },
		{ "{<<: [{k: 1}, {k: 2, l: 3}]}", HM_YAML_REGO, "{\"k\":1,\"l\":3}" },
		{ "{<<: {k: 1}, <<: {k: 2}}", HM_YAML_KUBERNETES, "{\"k\":2}" },
		{ "{<<: {k: 1}, <<: {k: 2}}", HM_YAML_REGO, "{\"k\":1}" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		const struct hm_yaml_opts opts = { .dialect = rows[i].dialect, .duplicates = HM_DUP_LAST };
		struct hm_value v;
		struct hm_err err = { 0 };
		assert_ok(hm_yaml_parse(hm_str(rows[i].text), &opts, &arena, &v, NULL, &err), &err);
		assert_ok(hm_json_encode(&v, NULL, &json, &err), &err);
		assert_string_equal(json.ptr, rows[i].want);
	}
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hm_reason want;
		uint32_t row, col;
		const char *cause; /* begins so */
	} rows[] = {
		{ "a:\n  b: [1,\n", HM_R_YAML_SYNTAX, 3, 1, "a.b[1]: while parsing a flow node, " },
		{ "a: \"\\q\"", HM_R_YAML_SYNTAX, 1, 5, "a: while parsing a quoted scalar, " },
		{ "a: b\n\xc3\xbcx\xff", HM_R_YAML_SYNTAX, 2, 3, "a byte that is not UTF-8" },
		{ "a: *x", HM_R_YAML_SYNTAX, 1, 4, "a: unknown anchor 'x'" },
		{ "- &x\n  b: *x", HM_R_YAML_SYNTAX, 2, 6, "[0].b: the node of anchor 'x' contains itself" },
		{ "k:\n- a: 1\n  b: 2\n  a: 3\n", HM_R_JSON_DUPLICATE, 4, 3, "k[0]: the key 'a' comes twice" },
		{ "k: {<<: [1]}", HM_R_YAML_SYNTAX, 1, 9, "k: a merge wants a mapping" },
		{ "k:\n  ? [a]\n  : b\n", HM_R_YAML_VALUE, 2, 5, "k: a collection as a key" },
		{ "[{&a [b]: c}]", HM_R_YAML_VALUE, 1, 3, "[0]: a collection as a key" },
		{ "- &a [b]\n- *a : c\n", HM_R_YAML_VALUE, 2, 3, "[1]: a collection as a key" },
		{ "a:\n  b: .NaN", HM_R_YAML_VALUE, 2, 6, "a.b: a number that JSON does not have" },
		{ "a: !!bool maybe", HM_R_YAML_VALUE, 1, 4, "a: this is no !!bool" },
		{ "null: 1", HM_R_YAML_VALUE, 1, 1, "null as a key" },
		{ "!!binary a", HM_R_YAML_VALUE, 1, 1, "!!binary that is not Base64" },
		{ "a\n---\nb\n", HM_R_YAML_SYNTAX, 3, 1, "another document" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		assert_refused(rows[i].text, hm_yaml_parse(hm_str(rows[i].text), NULL, &arena, &v, NULL, &err), &err,
			       rows[i].want);
		if (err.row != rows[i].row || err.col != rows[i].col)
			fail_msg("%s: at %u:%u: %s", rows[i].text, err.row, err.col, err.cause);
		if (strncmp(err.cause, rows[i].cause, strlen(rows[i].cause)) != 0)
			fail_msg("%s: %s", rows[i].text, err.cause);
	}
}

static void repeat(struct hm_buf *buf, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		hm_buf_add_cstr(buf, text);
}

static enum hm_status parse(const struct hm_buf *text, const struct hm_yaml_opts *opts, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(256 * HM_MIB);
	struct hm_value v;

	return hm_yaml_parse(hm_buf_str(text), opts, &arena, &v, NULL, err);
}

/* Nested by brackets, and by aliases each of which nests what it stands for. */
static void test_depth(void **state)
{
	(void)state;
	for (size_t depth = HM_MAX_JSON_DEPTH; depth <= HM_MAX_JSON_DEPTH + 1; depth++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		repeat(&text, "[", depth);
		repeat(&text, "]", depth);
		if (depth == HM_MAX_JSON_DEPTH)
			assert_ok(parse(&text, NULL, &err), &err);
		else
			assert_refused("brackets", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
		hm_buf_clear(&text);
		repeat(&text, "- ", depth);
		hm_buf_add_cstr(&text, "a\n");
		if (depth == HM_MAX_JSON_DEPTH)
			assert_ok(parse(&text, NULL, &err), &err);
		else
			assert_refused("dashes", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
		/* the list itself is one level, the next half of what is allowed, the alias's place the other half */
		hm_buf_clear(&text);
		hm_buf_add_cstr(&text, "- &x ");
		repeat(&text, "[", 64);
		repeat(&text, "]", 64);
		hm_buf_add_cstr(&text, "\n- ");
		repeat(&text, "[", depth - 65);
		hm_buf_add_cstr(&text, "*x");
		repeat(&text, "]", depth - 65);
		if (depth == HM_MAX_JSON_DEPTH)
			assert_ok(parse(&text, NULL, &err), &err);
		else
			assert_refused("aliases", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
	}
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	hm_buf_add_cstr(&text, "a");
	assert_refused("too deep to ask for",
		       parse(&text, &(struct hm_yaml_opts){ .max_depth = HM_TOP_JSON_DEPTH + 1 }, &err), &err,
		       HM_R_USAGE);
}

/* Nine lists of nine of the one before: a billion when written out. */
static void test_billion_laughs(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	hm_buf_add_cstr(&text, "a0: &a0 ha\n");
	for (int i = 1; i <= 9; i++) {
		hm_buf_addf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			hm_buf_addf(&text, "%s*a%d", k ? "," : "", i - 1);
		hm_buf_add_cstr(&text, "]\n");
	}
	assert_refused("laughs", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
	assert_non_null(strstr(err.cause, "more than 2000000 nodes")); /* HM_MAX_YAML_NODES */
	hm_buf_clear(&text);
	hm_buf_add_cstr(&text, "- &a0 {k0: v}\n"); /* the same by merging */
	for (int i = 1; i <= 40; i++)
		hm_buf_addf(&text, "- &a%d {k%d: [*a%d, *a%d], <<: *a%d}\n", i, i, i - 1, i - 1, i - 1);
	assert_refused("merges", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		struct hm_yaml_opts opts;
		enum hm_reason want;
	} rows[] = {
		{ "nodes", "[a, b]", { .max_nodes = 3 }, HM_R_OK },
		{ "nodes", "[a, b, c]", { .max_nodes = 3 }, HM_R_YAML_LIMIT },
		{ "nodes of an alias", "[&x [a], *x]", { .max_nodes = 5 }, HM_R_OK },
		{ "nodes of an alias", "[&x [a], *x]", { .max_nodes = 4 }, HM_R_YAML_LIMIT },
		{ "size", "[a, b]", { .max_size = 6 }, HM_R_OK },
		{ "size", "[a, b]", { .max_size = 5 }, HM_R_YAML_LIMIT },
		{ "depth", "[[a]]", { .max_depth = 2 }, HM_R_OK },
		{ "depth", "[[a]]", { .max_depth = 1 }, HM_R_YAML_LIMIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_value v;
		struct hm_err err = { 0 };
		enum hm_status st = hm_yaml_parse(hm_str(rows[i].text), &rows[i].opts, &arena, &v, NULL, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(32 * HM_MIB);
	struct hm_err err = { 0 };
	for (int i = 0; i <= HM_MAX_YAML_ANCHORS; i++)
		hm_buf_addf(&text, "- &a%d 1\n", i);
	assert_refused("HM_MAX_YAML_ANCHORS", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
	hm_buf_clear(&text);
	for (int i = 0; i <= 2 * HM_MAX_YAML_ANCHORS; i++) /* one name may be used again and again */
		hm_buf_add_cstr(&text, "- &a 1\n");
	assert_ok(parse(&text, NULL, &err), &err);
	hm_buf_clear(&text);
	repeat(&text, "# 56789\n", HM_MAX_YAML_SIZE / 8);
	assert_ok(parse(&text, NULL, &err), &err);
	hm_buf_add_char(&text, '#');
	assert_refused("HM_MAX_YAML_SIZE", parse(&text, NULL, &err), &err, HM_R_YAML_LIMIT);
}

static void assert_place(const struct hm_places *places, const struct hm_value *v, uint32_t row, uint32_t col)
{
	uint32_t got_row = 0, got_col = 0;

	if (!hm_places_find(places, v, &got_row, &got_col) || got_row != row || got_col != col)
		fail_msg("wanted %u:%u, got %u:%u", row, col, got_row, got_col);
}

static void test_places(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	struct hm_value v;
	struct hm_err err = { 0 };
	uint32_t row, col;

	assert_ok(hm_yaml_parse(HM_STR("# \xc3\xbc\nspec:\n  b: &x [\xc3\xbc, {}]\n  a: *x\n\xc3\xbc: ''\n"), NULL,
				&arena, &v, &places, &err),
		  &err);
	assert_place(&places, NULL, 2, 1);
	const struct hm_value *spec = hm_value_get(&v, "spec");
	assert_place(&places, spec, 3, 3);
	assert_place(&places, hm_value_key_at(&v, 0), 2, 1);
	assert_place(&places, hm_value_get(spec, "a"), 4, 6);
	assert_place(&places, hm_value_key_at(spec, 0), 4, 3);
	assert_place(&places, hm_value_get(spec, "b"), 3, 6);
	assert_place(&places, hm_value_at(hm_value_get(spec, "b"), 1), 3, 13);
	assert_place(&places, hm_value_at(hm_value_get(spec, "a"), 1), 3, 13);
	assert_place(&places, hm_value_get(&v, "\xc3\xbc"), 5, 4);
	assert_false(hm_places_find(&places, &v, &row, &col));
	assert_refused("by hand", hm_value_refuse(&v, hm_value_get(spec, "b"), &places, &err, HM_R_DATA_VALUE, "bad"),
		       &err, HM_R_DATA_VALUE);
	assert_string_equal(err.cause, "spec.b: bad");
	assert_true(err.row == 3 && err.col == 6);
}

struct step {
	struct hm_str name, script;
};

struct task {
	struct hm_str kind;
	struct step *steps;
	size_t steps_count;
};

static const struct hm_json_field step_fields[] = {
	{ "name", HM_JSON_STR, offsetof(struct step, name), HM_REQUIRED },
	{ "script", HM_JSON_STR, offsetof(struct step, script) },
};
static const struct hm_json_table step_table = HM_JSON_TABLE(struct step, step_fields);
static const struct hm_json_field task_fields[] = {
	{ "kind", HM_JSON_STR, offsetof(struct task, kind) },
	{ "steps", HM_JSON_ARRAY, offsetof(struct task, steps), .of = HM_JSON_OBJECT, .table = &step_table,
	  .count = offsetof(struct task, steps_count) },
};
static const struct hm_json_table task_table = HM_JSON_TABLE(struct task, task_fields);

/* The tables that decode JSON decode YAML, and say where in it. */
static void test_decode(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: good */
	} rows[] = {
		{ "kind: Task\nsteps:\n- name: a\n  script: |\n    x\n", NULL },
		{ "kind: Task\nsteps:\n- name: a\n  foo: b\n", "pipeline.yaml:4:3: steps[0]: unknown field 'foo'" },
		{ "kind: Task\nsteps:\n- name: a\n- script: b\n", "pipeline.yaml:4:3: steps[1]: there is no 'name'" },
		{ "kind: Task\nsteps:\n  name: a\n", "pipeline.yaml:3:3: steps: wanted an array, got an object" },
		{ "kind: 1\n", "pipeline.yaml:1:7: kind: wanted a string, got a number" },
		{ "- a\n", "pipeline.yaml:1:1: wanted an object, got an array" },
		{ "\n\nfoo: 1\n", "pipeline.yaml:3:1: unknown field 'foo'" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_places_done) struct hm_places places = { 0 };
		const struct hm_decode_opts opts = { .places = &places };
		struct hm_value v;
		struct task task;
		struct hm_err err = { 0 };
		char line[1024];
		assert_ok(hm_yaml_parse(hm_str(rows[i].text), NULL, &arena, &v, &places, &err), &err);
		enum hm_status st = hm_value_decode(&v, &task_table, &opts, &arena, &task, &err);
		if (!rows[i].want) {
			assert_ok(st, &err);
			assert_true(hm_str_is(task.steps[0].script, "x\n"));
			continue;
		}
		assert_int_equal(hm_at(&err, st, "pipeline.yaml", 0, 0), HM_EPARSE);
		hm_err_text(&err, line, sizeof(line));
		char where[1024];
		snprintf(where, sizeof(where), "pipeline.yaml:%u:%u: %s", err.row, err.col, err.cause);
		assert_string_equal(where, rows[i].want);
	}
}

static void test_documents(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
		const char *last;
	} rows[] = {
		{ "", 0, NULL },
		{ "# nothing\n---\n# nothing\n", 0, NULL },
		{ "a: 1\n", 1, "{\"a\":1}" },
		{ "---\na: 1\n---\n---\n- 2\n...\n---\n# end\n", 2, "[2]" },
		{ "--- null\n--- ~\n", 2, "null" },
		{ "--- &x a\n--- b\n", 2, "\"b\"" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_places_done) struct hm_places places = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf json = hm_buf_init(HM_MIB);
		const struct hm_value *documents;
		size_t count;
		struct hm_err err = { 0 };
		assert_ok(hm_yaml_parse_all(hm_str(rows[i].text), NULL, &arena, &documents, &count, &places, &err),
			  &err);
		assert_int_equal(count, rows[i].count);
		if (count == 0)
			continue;
		assert_ok(hm_json_encode(&documents[count - 1], NULL, &json, &err), &err);
		assert_string_equal(json.ptr, rows[i].last);
	}
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_places_done) struct hm_places places = { 0 };
	const struct hm_value *documents;
	size_t count;
	struct hm_err err = { 0 };
	assert_ok(hm_yaml_parse_all(HM_STR("a: 1\n---\n\nb:\n- 2\n"), NULL, &arena, &documents, &count, &places, &err),
		  &err);
	assert_place(&places, &documents[0], 1, 1);
	assert_place(&places, &documents[1], 4, 1);
	assert_place(&places, hm_value_at(hm_value_get(&documents[1], "b"), 0), 5, 3);
	hm_places_done(&places);
	assert_refused("an anchor is its document's",
		       hm_yaml_parse_all(HM_STR("- &x 1\n---\n- *x\n"), NULL, &arena, &documents, &count, NULL, &err),
		       &err, HM_R_YAML_SYNTAX);
}

static void test_no_memory(void **state)
{
	(void)state;
	static const char text[] =
	    "a: &x {k: [1.5, 0x1f, !!binary aGk=, \"s\"], l: 1_000}\nb: *x\nc:\n  <<: *x\n  m: [[], {}]\n"
	    "? *x\n";
	enum hm_status st = HM_ENOMEM;

	for (unsigned long n = 1; st == HM_ENOMEM; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_places_done) struct hm_places places = { 0 };
		const struct hm_value *documents;
		size_t count;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		/* without its last line, which is a mistake */
		struct hm_str good = hm_str_of(text, strlen(text) - 5);
		st = hm_yaml_parse_all(good, &rego, &arena, &documents, &count, &places, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (has_failed)
			assert_refused("no memory", st, &err, HM_R_NO_MEMORY);
		else
			assert_ok(st, &err);
	}
	st = HM_ENOMEM;
	for (unsigned long n = 1; st == HM_ENOMEM; n++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_places_done) struct hm_places places = { 0 };
		struct hm_value v;
		hm_mem_fail_at(n);
		st = hm_yaml_parse(hm_str(text), NULL, &arena, &v, &places, NULL);
		hm_mem_fail_at(0);
	}
	assert_int_equal(st, HM_EPARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialects),       cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_depth),
		cmocka_unit_test(test_billion_laughs), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_places),         cmocka_unit_test(test_decode),
		cmocka_unit_test(test_documents),      cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("data/yaml", tests, NULL, NULL);
}
