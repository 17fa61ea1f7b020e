/* Runs, without isolation so that they work on any machine: what is refused before one begins, results, params. */
#include "pipeline/run.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "pipeline/load.h"

#include "unit.h"

#include <sys/stat.h>

struct run {
	struct hm_pipeline *pipeline;
	struct hm_run *run;
	char dir[64];
};

static void run_begin(struct run *t)
{
	*t = (struct run){ 0 };
	snprintf(t->dir, sizeof(t->dir), "/tmp/hm-run-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
}

static void run_done(struct run *t)
{
	hm_run_free(t->run);
	hm_pipeline_free(t->pipeline);
	assert_int_equal(hm_tree_remove(t->dir, NULL), HM_OK);
}

static enum hm_status start(struct run *t, const char *text, const char *shipped, const struct hm_run_opts *opts,
			    struct hm_err *err)
{
	struct hm_pipeline_text texts[] = { { "p.yaml", hm_str(text) } }, ours[] = { { "t.yaml", hm_str(shipped) } };
	struct hm_pipeline_texts in = { texts, ours, 1, shipped ? 1 : 0 };
	struct hm_run_opts o = opts ? *opts : (struct hm_run_opts){ 0 };

	o.no_sandbox = true;
	if (!o.dir)
		o.dir = t->dir;
	assert_ok(hm_pipeline_parse(&in, NULL, &t->pipeline, err), err);
	return hm_pipeline_run(t->pipeline, &o, &t->run, err);
}

#define HEAD "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n"
#define TASK "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n"

static const char params_text[] =
    HEAD "  params: [{name: s}, {name: d, default: x}, {name: l, type: array, default: []},\n"
	 "    {name: o, type: object, properties: {k: {}, m: {}}, default: {k: 1k, m: 1m}}]\n"
	 "  workspaces: [{name: w}, {name: opt, optional: true}]\n"
	 "  tasks: [{name: a, taskSpec: {steps: [{image: i, script: 'true'}]}}]\n";

static void test_refused_before(void **state)
{
	(void)state;
	static const struct {
		const char *name, *param, *value, *workspace, *path, *network;
		enum hm_reason want;
		const char *says;
	} rows[] = {
		{ "no param", NULL, NULL, NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "'s'" },
		{ "unknown param", "x", "1", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "no param 'x'" },
		{ "object without a key", "o", "k:v", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "no key 'm'" },
		{ "object that is none", "o", "v", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "KEY:VALUE" },
		{ "object with a key twice", "o", "k:v,m:v,k:v", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "twice" },
		{ "array of numbers", "l", "[1]", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "strings" },
		{ "array that is no JSON", "l", "[1", NULL, NULL, NULL, HM_R_PIPELINE_PARAM, "JSON" },
		{ "no folder", "s", "1", "w", "/nowhere/at/all", NULL, HM_R_PIPELINE_WORKSPACE, "'w'" },
		{ "relative folder", "s", "1", "w", ".", NULL, HM_R_PIPELINE_WORKSPACE, "'w'" },
		{ "network for nobody", "s", "1", NULL, NULL, "nobody", HM_R_USAGE, "'nobody'" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_run_pair params[] = { { rows[i].param, rows[i].value }, { "s", "1" } };
		struct hm_run_pair workspaces[] = { { rows[i].workspace, rows[i].path } };
		const char *networks[] = { rows[i].network, NULL };
		bool has_s = rows[i].param && strcmp(rows[i].param, "s") == 0;
		struct hm_run_opts opts = { .params = params,
					    .param_count = rows[i].param ? (has_s ? 1 : 2) : 0,
					    .workspaces = workspaces,
					    .workspace_count = rows[i].workspace ? 1 : 0,
					    .network_tasks = networks };
		struct hm_err err = { 0 };
		struct run t;
		run_begin(&t);
		assert_refused(rows[i].name, start(&t, params_text, NULL, &opts, &err), &err, rows[i].want);
		if (!strstr(err.cause, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, err.cause);
		assert_null(t.run);
		run_done(&t);
	}
}

static void test_given_twice(void **state)
{
	(void)state;
	struct hm_run_pair params[] = { { "s", "1" }, { "s", "2" } };
	struct hm_run_opts opts = { .params = params, .param_count = 2 };
	struct hm_err err = { 0 };
	struct run t;

	run_begin(&t);
	assert_refused("param", start(&t, params_text, NULL, &opts, &err), &err, HM_R_PIPELINE_PARAM);
	run_done(&t);
	run_begin(&t);
	struct hm_run_pair workspaces[] = { { "w", t.dir }, { "w", t.dir } };
	struct hm_run_opts opts2 = {
		.params = params, .param_count = 1, .workspaces = workspaces, .workspace_count = 2
	};
	assert_refused("workspace", start(&t, params_text, NULL, &opts2, &err), &err, HM_R_PIPELINE_WORKSPACE);
	run_done(&t);
}

static void test_param_values(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_param_type type;
		const char *want; /* elements with '|' behind each, keys with '=' */
	} rows[] = {
		{ "s", "a,b", HM_PARAM_STRING, "a,b" },
		{ "s", "", HM_PARAM_STRING, "" },
		{ "l", "a,b,,", HM_PARAM_ARRAY, "a|b|||" },
		{ "l", "", HM_PARAM_ARRAY, "" },
		{ "l", "[\"a,b\", \"c\"]", HM_PARAM_ARRAY, "a,b|c|" },
		{ "o", "m:x:y,k:", HM_PARAM_OBJECT, "m=x:y|k=|" },
		{ "o", "{\"k\": \"1\", \"m\": \"2\"}", HM_PARAM_OBJECT, "k=1|m=2|" },
	};
	struct hm_pipeline_text texts[] = { { "p.yaml", hm_str(params_text) } };
	struct hm_pipeline_texts in = { .texts = texts, .count = 1 };
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_pipeline_parse(&in, NULL, &p, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000);
		struct hm_param_value v;
		assert_ok(hm_param_value_parse(hm_param_spec_find(p->params, p->param_count, hm_str(rows[i].name)),
					       hm_str(rows[i].text), &arena, &v, &err),
			  &err);
		assert_int_equal(v.type, rows[i].type);
		hm_buf_add_str(&text, v.text);
		for (size_t k = 0; k < v.count; k++) {
			if (v.type == HM_PARAM_OBJECT)
				hm_buf_addf(&text, "%.*s=", HM_STR_ARG(v.keys[k]));
			hm_buf_addf(&text, "%.*s|", HM_STR_ARG(v.items[k]));
		}
		assert_string_equal(text.ptr ? text.ptr : "", rows[i].want);
		hm_arena_done(&arena);
	}
}

/* Where a shipped task's params come from: passed, the pipeline's of that name, facts, the default. */
static void test_own_params(void **state)
{
	(void)state;
	static const char pipeline[] =
	    HEAD "  params: [{name: same, default: of-pipeline}]\n"
		 "  tasks: [{name: a, taskRef: {name: t}, params: [{name: passed, value: p}]}]\n";
	static const char shipped[] = TASK
	    "  params: [{name: passed, default: d}, {name: same, default: d}, {name: fact}, {name: rest, default: d}]\n"
	    "  workspaces: [{name: source}]\n"
	    "  results: [{name: r}]\n"
	    "  steps: [{image: i, script: 'touch $(workspaces.source.path)/f;\n"
	    "    printf %s $(params.passed),$(params.same),$(params.fact),$(params.rest) >$(results.r.path)'}]\n";
	struct hm_run_pair facts[] = { { "fact", "f" }, { "same", "f" }, { "passed", "f" } };
	struct run t;
	struct hm_err err = { 0 };

	run_begin(&t);
	char source[96];
	snprintf(source, sizeof(source), "%s/source", t.dir);
	assert_int_equal(mkdir(source, 0700), 0);
	struct hm_run_pair workspaces[] = { { "source", source }, { "unused", source } };
	struct hm_run_opts opts = { .facts = facts, .fact_count = 3, .workspaces = workspaces, .workspace_count = 2 };
	assert_ok(start(&t, pipeline, shipped, &opts, &err), &err);
	assert_ok(hm_reason_status(t.run->outcome.err.reason), &t.run->outcome.err);
	const struct hm_param *r = hm_run_result(t.run, HM_STR("a"), HM_STR("r"));
	const struct hm_task_run *task = hm_run_task(t.run, HM_STR("a"));
	assert_true(r && hm_str_eq(hm_task_run_text(task, "r"), r->value.text));
	assert_null(hm_task_run_text(task, "none").ptr);
	assert_null(hm_task_run_text(NULL, "r").ptr);
	assert_non_null(r);
	assert_true(hm_str_is(r->value.text, "p,of-pipeline,f,d"));
	char file[128];
	snprintf(file, sizeof(file), "%s/f", source);
	assert_true(hm_path_is_file(file));
	run_done(&t);

	/* without the fact nothing says it */
	run_begin(&t);
	assert_ok(start(&t, pipeline, shipped, NULL, &err), &err);
	assert_int_equal(t.run->outcome.err.reason, HM_R_PIPELINE_PARAM);
	assert_int_equal(t.run->outcome.result, HM_RUN_ERROR);
	run_done(&t);
}

/* What a task can leave where its results belong. R is the path. */
static void test_results(void **state)
{
	(void)state;
	static const struct {
		const char *name, *script;
		enum hm_reason want;
		const char *says;
	} rows[] = {
		{ "all of the limit", "head -c 4096 /dev/zero | tr '\\\\0' x >R", HM_R_OK, NULL },
		{ "over it", "head -c 4097 /dev/zero | tr '\\\\0' x >R", HM_R_PIPELINE_RESULT, "4096" },
		{ "two together over it", "head -c 4096 /dev/zero | tr '\\\\0' x >R; printf x >S", HM_R_PIPELINE_RESULT,
		  "4096" },
		{ "a NUL", "printf 'a\\\\0b' >R", HM_R_PIPELINE_RESULT, "NUL" },
		{ "a link", "ln -s /etc/passwd R", HM_R_PIPELINE_RESULT, "ordinary" },
		{ "a folder", "mkdir R", HM_R_PIPELINE_RESULT, "ordinary" },
		{ "a pipe", "mkfifo R", HM_R_PIPELINE_RESULT, "ordinary" },
		{ "nothing", "true", HM_R_PIPELINE_RESULT, "did not write" },
		{ "bytes", "printf '\\\\377\\n' >R", HM_R_OK, NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(10000);
		struct hm_str rest = hm_str(rows[i].script);
		hm_buf_add_cstr(&text,
				HEAD "  tasks:\n  - name: a\n    taskSpec:\n      results: [{name: r}, {name: s}]\n"
				     "      steps:\n      - image: i\n        script: \"");
		for (; rest.len > 0; rest = hm_str_skip(rest, 1)) {
			if (rest.ptr[0] == 'R' || rest.ptr[0] == 'S')
				hm_buf_addf(&text, "$(results.%c.path)", rest.ptr[0] == 'R' ? 'r' : 's');
			else
				hm_buf_add_char(&text, rest.ptr[0]);
		}
		hm_buf_add_cstr(&text, "\"\n  - name: b\n    taskSpec: {steps: [{image: i, command: ['true'],\n"
				       "      args: ['$(tasks.a.results.r)']}]}\n");
		struct hm_err err = { 0 };
		struct run t;
		run_begin(&t);
		assert_ok(start(&t, text.ptr, NULL, NULL, &err), &err);
		const struct hm_err *got = &t.run->outcome.err;
		if (got->reason != rows[i].want || (rows[i].says && !strstr(got->cause, rows[i].says)))
			fail_msg("%s: %s: %s: %s", rows[i].name, hm_reason_code(got->reason), got->ctx, got->cause);
		run_done(&t);
	}
}

static void test_typed_results(void **state)
{
	(void)state;
	static const struct {
		const char *type, *text;
		bool ok;
	} rows[] = {
		{ "array", "[\"a\",\"b\"]", true },
		{ "array", "[]", true },
		{ "array", "[1]", false },
		{ "array", "a", false },
		{ "array", "{}", false },
		{ "array", "[\"a\"", false },
		{ "object", "{\"k\":\"v\"}", true },
		{ "object", "{}", false },
		{ "object", "[]", false },
		{ "object", "{\"k\":1}", false },
		{ "object", "{\"k\":\"v\",\"k\":\"w\"}", false },
		{ "string", "[\"a\"]", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep)
		char *text =
		    hm_asprintf(HEAD "  tasks:\n  - name: a\n    taskSpec:\n      results: [{name: r, type: %s%s}]\n"
				     "      steps: [{image: i, script: 'printf %%s ''%s'' >$(results.r.path)'}]\n",
				rows[i].type, strcmp(rows[i].type, "object") == 0 ? ", properties: {k: {}}" : "", "X");
		char *at = strstr(text, "''X''");
		HM_OWN(hm_freep)
		char *whole = hm_asprintf("%.*s''%s''%s", (int)(at - text), text, rows[i].text, at + 5);
		struct hm_err err = { 0 };
		struct run t;
		run_begin(&t);
		assert_ok(start(&t, whole, NULL, NULL, &err), &err);
		if ((t.run->outcome.result == HM_RUN_SUCCESS) != rows[i].ok)
			fail_msg("%s %s: %s", rows[i].type, rows[i].text, t.run->outcome.err.cause);
		run_done(&t);
	}
}

/* Each allocation of the loader fails once. */
static void test_no_memory(void **state)
{
	(void)state;
	struct hm_pipeline_text texts[] = { { "p.yaml", hm_str(params_text) } };
	struct hm_pipeline_texts in = { .texts = texts, .count = 1 };

	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_pipeline_parse(&in, NULL, &p, &err);
		if (walk_is_over(st, &err))
			break;
		assert_null(p);
	}
}

/* The same for a run: before it begins it is refused, afterwards it comes out as it may, but it comes out. */
static void test_run_no_memory(void **state)
{
	(void)state;
	static const char text[] =
	    HEAD "  workspaces: [{name: w}]\n  results: [{name: x, value: $(tasks.a.results.r)}]\n  tasks:\n"
		 "  - name: a\n    workspaces: [{name: w, workspace: w, subPath: s}]\n"
		 "    taskSpec:\n      workspaces: [{name: w}]\n      results: [{name: r}]\n"
		 "      steps: [{image: i, env: [{name: A, value: $(workspaces.w.path)}], script: 'printf x "
		 ">$(results.r.path)'}]\n";

	for (unsigned long n = 1; n < 400; n++) {
		struct hm_str secret = HM_STR("secret");
		struct hm_run_opts opts = { .secrets = &secret, .secret_count = 1, .parallel = 1 };
		struct hm_err err = { 0 };
		struct run t;
		struct hm_pipeline_text texts[] = { { "p.yaml", hm_str(text) } };
		struct hm_pipeline_texts in = { .texts = texts, .count = 1 };
		run_begin(&t);
		opts.dir = t.dir;
		opts.no_sandbox = true;
		assert_ok(hm_pipeline_parse(&in, NULL, &t.pipeline, &err), &err);
		hm_mem_fail_at(n);
		enum hm_status st = hm_pipeline_run(t.pipeline, &opts, &t.run, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!has_failed) {
			assert_ok(st, &err);
			assert_int_equal(t.run->outcome.result, HM_RUN_SUCCESS);
			run_done(&t);
			return;
		}
		if (st != HM_OK)
			assert_int_equal(st, HM_ENOMEM);
		else if (t.run->outcome.result != HM_RUN_SUCCESS)
			assert_int_equal(hm_reason_status(t.run->outcome.err.reason), HM_ENOMEM);
		run_done(&t);
	}
	fail_msg("there is no end of allocations");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_before), cmocka_unit_test(test_given_twice),
		cmocka_unit_test(test_param_values),   cmocka_unit_test(test_own_params),
		cmocka_unit_test(test_results),        cmocka_unit_test(test_typed_results),
		cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_run_no_memory),
	};
	return cmocka_run_group_tests_name("pipeline/run", tests, NULL, NULL);
}
