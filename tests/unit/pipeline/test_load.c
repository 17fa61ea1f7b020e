/* Reading Pipelines and Tasks: what is accepted, and one row for each way to be refused. */
#include "pipeline/load.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "base/file.h"

#include "unit.h"

/*
 * A pipeline with a task of every kind. Each @NAME@ is a place where a row can put a line of its own; what a row puts
 * behind "NAME=" instead takes the place of the line that holds "# NAME".
 */
static const char base[] =
    "apiVersion: tekton.dev/v1 # version\n"
    "kind: Pipeline # kind\n"
    "metadata:\n"
    "  name: p # name\n"
    "  @meta@\n"
    "spec: # spec\n"
    "  @spec@\n"
    "  params:\n"
    "  - name: text\n"
    "    default: a\n"
    "    @param@\n"
    "  - {name: list, type: array, default: [a, b]}\n"
    "  - {name: thing, type: object, properties: {k: {type: string}}, default: {k: v}}\n"
    "  - {name: must, type: string}\n"
    "  workspaces:\n"
    "  - name: source\n"
    "    @workspace@\n"
    "  - {name: cache, optional: true}\n"
    "  results:\n"
    "  - name: out\n"
    "    value: $(tasks.one.results.r) # result\n"
    "    @result@\n"
    "  tasks:\n"
    "  - name: one # one\n"
    "    taskRef:\n"
    "      name: t # ref\n"
    "      @ref@\n"
    "    params: # params\n"
    "    - name: in\n"
    "      value: $(params.text) # value\n"
    "      @passed@\n"
    "    workspaces:\n"
    "    - name: w\n"
    "      workspace: source # binding\n"
    "      @binding@\n"
    "    @task@\n"
    "  - name: two\n"
    "    runAfter: [one] # after\n"
    "    taskSpec:\n"
    "      @inline@\n"
    "      steps:\n"
    "      - name: s\n"
    "        image: i\n"
    "        script: echo $(params.text) $(tasks.one.results.r) # script\n"
    "        @inlinestep@\n"
    "  finally:\n"
    "  - name: last\n"
    "    @final@\n"
    "    taskSpec:\n"
    "      params: [{name: status}]\n"
    "      steps: [{image: i, script: echo}]\n"
    "    params: [{name: status, value: $(tasks.one.status)}] # status\n"
    "---\n"
    "apiVersion: tekton.dev/v1 # taskversion\n"
    "kind: Task\n"
    "metadata:\n"
    "  name: t\n"
    "  @taskmeta@\n"
    "spec:\n"
    "  @taskspec@\n"
    "  params:\n"
    "  - {name: in, type: string} # in\n"
    "  - {name: many, type: array, default: []} # many\n"
    "  workspaces:\n"
    "  - name: w # w\n"
    "    @declared@\n"
    "  results:\n"
    "  - name: r # r\n"
    "    @taskresult@\n"
    "  stepTemplate:\n"
    "    env: [{name: A, value: a}, {name: B, value: b}]\n"
    "    @template@\n"
    "  steps:\n"
    "  - name: first # first\n"
    "    image: $(params.in)\n"
    "    command: [echo] # command\n"
    "    args: ['$(params.many[*])', '$(params.in)'] # args\n"
    "    env: [{name: B, value: c}] # env\n"
    "    workingDir: $(workspaces.w.path)\n"
    "    @step@\n"
    "  - image: i # second\n"
    "    script: | # scripthead\n"
    "      echo $(results.r.path) $(steps.step-first.exitCode.path) $(context.taskRun.name) $(date) $$ # body\n";

/* The base with a row's changes, one a line: "PLACE line" or "MARK=line". */
static char *make(const char *changes)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(65536);
	struct hm_str rest = hm_str(base), line;

	while (hm_str_next(&rest, '\n', &line)) {
		ptrdiff_t at = hm_str_find_char(line, '@'), mark = hm_str_find_last_char(line, '#');
		struct hm_str left = hm_str(changes), change;
		bool is_done = at >= 0;
		while (hm_str_next(&left, '\n', &change)) {
			struct hm_str name, value;
			size_t end = 0;
			while (end < change.len && change.ptr[end] >= 'a' && change.ptr[end] <= 'z')
				end++;
			name = hm_str_head(change, end);
			value = hm_str_skip(change, end + 1);
			bool is_place = end < change.len && change.ptr[end] == ' ';
			struct hm_str place = hm_str_trim(line);
			is_place = is_place && place.len == name.len + 2 &&
				   hm_str_eq(hm_str_head(hm_str_skip(place, 1), name.len), name);
			if (is_place && at >= 0) {
				hm_buf_add_str(&out, hm_str_head(line, (size_t)at));
				hm_buf_add_str(&out, value);
				hm_buf_add_char(&out, '\n');
			} else if (change.len > end && change.ptr[end] == '=' && mark >= 0 &&
				   hm_str_eq(hm_str_trim(hm_str_skip(line, (size_t)mark + 1)), name)) {
				size_t indent = 0;
				while (line.ptr[indent] == ' ')
					indent++;
				hm_buf_add_str(&out, hm_str_head(line, indent));
				hm_buf_add_str(&out, value);
				hm_buf_add_char(&out, '\n');
				is_done = true;
			}
		}
		if (!is_done) {
			hm_buf_add_str(&out, line);
			hm_buf_add_char(&out, '\n');
		}
	}
	return hm_buf_take_cstr(&out);
}

static enum hm_status parse(const char *text, const char *shipped, struct hm_pipeline **ret, struct hm_err *err)
{
	struct hm_pipeline_text texts[] = { { "p.yaml", hm_str(text) } }, ours[] = { { "t.yaml", hm_str(shipped) } };
	struct hm_pipeline_texts in = { texts, ours, 1, shipped ? 1 : 0 };

	return hm_pipeline_parse(&in, NULL, ret, err);
}

static void test_accepted(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *text = make("");
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
	struct hm_err err = { 0 };

	assert_ok(parse(text, NULL, &p, &err), &err);
	assert_true(hm_str_is(p->name, "p"));
	assert_int_equal(p->task_count, 3);
	assert_int_equal(p->final_count, 1);
	const struct hm_pipeline_task *one = &p->tasks[0], *two = &p->tasks[1], *last = &p->tasks[2];
	assert_false(one->is_inline);
	assert_true(two->is_inline && last->is_final && !two->is_final);
	assert_int_equal(two->after_count, 1);
	assert_int_equal(two->use_count, 1);
	assert_int_equal(two->after[0], 0);
	assert_int_equal(one->after_count, 0);
	const struct hm_task *t = one->task;
	assert_false(t->is_shipped);
	assert_int_equal(t->step_count, 2);
	assert_true(hm_str_is(t->steps[1].name, "unnamed-1"));
	/* the template's and the step's, whose value holds */
	assert_int_equal(t->steps[0].env_count, 2);
	assert_true(hm_str_is(t->steps[0].env[1].name, "B") && hm_str_is(t->steps[0].env[1].value, "c"));
	assert_true(hm_str_is(t->steps[1].env[1].value, "b"));
	assert_int_equal(p->params[2].type, HM_PARAM_OBJECT);
	assert_true(hm_str_is(p->params[2].fallback->items[0], "v"));
	assert_null(p->params[3].fallback);
}

static const struct {
	const char *name, *changes;
	enum hm_reason want; /* HM_R_OK: accepted */
	const char *says;    /* in the cause */
} rows[] = {
	/* what Tekton has and we have not: one row a field */
	{ "task when", "task when: []", HM_R_PIPELINE_UNSUPPORTED, "'when'" },
	{ "task retries", "task retries: 1", HM_R_PIPELINE_UNSUPPORTED, "'retries'" },
	{ "task matrix", "task matrix: {}", HM_R_PIPELINE_UNSUPPORTED, "'matrix'" },
	{ "task pipelineRef", "task pipelineRef: {}", HM_R_PIPELINE_UNSUPPORTED, "'pipelineRef'" },
	{ "task pipelineSpec", "task pipelineSpec: {}", HM_R_PIPELINE_UNSUPPORTED, "'pipelineSpec'" },
	{ "ref resolver", "ref resolver: git", HM_R_PIPELINE_UNSUPPORTED, "'resolver'" },
	{ "ref params", "ref params: []", HM_R_PIPELINE_UNSUPPORTED, "'params'" },
	{ "ref apiVersion", "ref apiVersion: x/v1", HM_R_PIPELINE_UNSUPPORTED, "'apiVersion'" },
	{ "ref kind", "ref kind: ClusterTask", HM_R_PIPELINE_UNSUPPORTED, "'ClusterTask'" },
	{ "ref bundle", "version=apiVersion: tekton.dev/v1beta1\nref bundle: x", HM_R_PIPELINE_UNSUPPORTED,
	  "'bundle'" },
	{ "v1 has no bundle", "ref bundle: x", HM_R_PIPELINE_UNKNOWN_FIELD, "'bundle'" },
	{ "param enum", "param enum: [a]", HM_R_PIPELINE_UNSUPPORTED, "'enum'" },
	{ "inline apiVersion", "inline apiVersion: x/v1", HM_R_PIPELINE_UNSUPPORTED, "'apiVersion'" },
	{ "inline kind", "inline kind: X", HM_R_PIPELINE_UNSUPPORTED, "'kind'" },
	{ "inline spec", "inline spec: {}", HM_R_PIPELINE_UNSUPPORTED, "'spec'" },
	{ "inline volumes", "inline volumes: []", HM_R_PIPELINE_UNSUPPORTED, "'volumes'" },
	{ "volumes", "taskspec volumes: []", HM_R_PIPELINE_UNSUPPORTED, "'volumes'" },
	{ "sidecars", "taskspec sidecars: []", HM_R_PIPELINE_UNSUPPORTED, "'sidecars'" },
	{ "result value", "taskresult value: x", HM_R_PIPELINE_UNSUPPORTED, "'value'" },
	{ "step envFrom", "step envFrom: []", HM_R_PIPELINE_UNSUPPORTED, "'envFrom'" },
	{ "step params", "step params: []", HM_R_PIPELINE_UNSUPPORTED, "'params'" },
	{ "step ref", "step ref: {}", HM_R_PIPELINE_UNSUPPORTED, "'ref'" },
	{ "step results", "step results: []", HM_R_PIPELINE_UNSUPPORTED, "'results'" },
	{ "step securityContext", "step securityContext: {}", HM_R_PIPELINE_UNSUPPORTED, "'securityContext'" },
	{ "step stderrConfig", "step stderrConfig: {}", HM_R_PIPELINE_UNSUPPORTED, "'stderrConfig'" },
	{ "step stdoutConfig", "step stdoutConfig: {}", HM_R_PIPELINE_UNSUPPORTED, "'stdoutConfig'" },
	{ "step volumeDevices", "step volumeDevices: []", HM_R_PIPELINE_UNSUPPORTED, "'volumeDevices'" },
	{ "step volumeMounts", "step volumeMounts: []", HM_R_PIPELINE_UNSUPPORTED, "'volumeMounts'" },
	{ "step when", "step when: []", HM_R_PIPELINE_UNSUPPORTED, "'when'" },
	{ "step workspaces", "step workspaces: []", HM_R_PIPELINE_UNSUPPORTED, "'workspaces'" },
	{ "step claims", "step computeResources: {claims: []}", HM_R_PIPELINE_UNSUPPORTED, "'claims'" },
	{ "step disk limit", "step computeResources: {limits: {ephemeral-storage: 1Gi}}", HM_R_PIPELINE_UNSUPPORTED,
	  "'ephemeral-storage'" },
	{ "step tty", "taskversion=apiVersion: tekton.dev/v1beta1\nstep tty: true", HM_R_PIPELINE_UNSUPPORTED,
	  "'tty'" },
	{ "v1 has no tty", "step tty: true", HM_R_PIPELINE_UNKNOWN_FIELD, "'tty'" },
	{ "v1 has no step resources", "step resources: {}", HM_R_PIPELINE_UNKNOWN_FIELD, "'resources'" },
	{ "v1beta1 has no computeResources", "taskversion=apiVersion: tekton.dev/v1beta1\nstep computeResources: {}",
	  HM_R_PIPELINE_UNKNOWN_FIELD, "'computeResources'" },
	{ "env valueFrom", "env=env: [{name: A, valueFrom: {}}]", HM_R_PIPELINE_UNSUPPORTED, "'valueFrom'" },
	{ "template envFrom", "template envFrom: []", HM_R_PIPELINE_UNSUPPORTED, "'envFrom'" },
	{ "template volumeMounts", "template volumeMounts: []", HM_R_PIPELINE_UNSUPPORTED, "'volumeMounts'" },
	{ "template securityContext", "template securityContext: {}", HM_R_PIPELINE_UNSUPPORTED, "'securityContext'" },
	{ "template volumeDevices", "template volumeDevices: []", HM_R_PIPELINE_UNSUPPORTED, "'volumeDevices'" },
	{ "finalizers", "meta finalizers: [x]", HM_R_PIPELINE_UNSUPPORTED, "'finalizers'" },
	{ "ownerReferences", "meta ownerReferences: []", HM_R_PIPELINE_UNSUPPORTED, "'ownerReferences'" },
	{ "managedFields", "meta managedFields: []", HM_R_PIPELINE_UNSUPPORTED, "'managedFields'" },
	{ "v1beta1 resources", "version=apiVersion: tekton.dev/v1beta1\nspec resources: []", HM_R_PIPELINE_UNSUPPORTED,
	  "'resources'" },
	{ "variable of matrix", "value=value: $(tasks.one.matrix.length)", HM_R_PIPELINE_UNSUPPORTED, "matrix" },
	{ "variable in a default", "param default: $(params.must)\n", HM_R_JSON_DUPLICATE, "default" },
	{ "workspace volume", "script=script: $(workspaces.w.volume)", HM_R_PIPELINE_UNSUPPORTED, "volume" },
	{ "image's own program", "second=- name: x", HM_R_PIPELINE_FIELD, "image" },
	{ "no program", "command=displayName: x\nargs=onError: continue", HM_R_PIPELINE_UNSUPPORTED, "neither" },
	{ "script for Windows", "script=script: '#!win x'", HM_R_PIPELINE_UNSUPPORTED, "Windows" },

	/* what nobody has */
	{ "unknown in spec", "spec foo: 1", HM_R_PIPELINE_UNKNOWN_FIELD, "'foo'" },
	{ "unknown in task", "task runafter: []", HM_R_PIPELINE_UNKNOWN_FIELD, "'runafter'" },
	{ "unknown in step", "step Script: x", HM_R_PIPELINE_UNKNOWN_FIELD, "'Script'" },
	{ "unknown in metadata", "meta title: x", HM_R_PIPELINE_UNKNOWN_FIELD, "'title'" },
	{ "unknown in param", "param value: x", HM_R_PIPELINE_UNKNOWN_FIELD, "'value'" },
	{ "unknown in binding", "binding path: x", HM_R_PIPELINE_UNKNOWN_FIELD, "'path'" },
	{ "mountPath in a pipeline", "workspace mountPath: /x", HM_R_PIPELINE_UNKNOWN_FIELD, "'mountPath'" },
	{ "key twice", "task runAfter: []\ntask runAfter: []", HM_R_JSON_DUPLICATE, "runAfter" },

	/* fields with a wrong value */
	{ "kind of a field", "task runAfter: one", HM_R_PIPELINE_FIELD, "array" },
	{ "number for a name", "one=- name: 1", HM_R_PIPELINE_FIELD, "string" },
	{ "a NUL", "script=script: \"a\\0b\"", HM_R_PIPELINE_FIELD, "NUL" },
	{ "boolean", "declared readOnly: 'yes'", HM_R_PIPELINE_FIELD, "true or false" },
	{ "version", "version=apiVersion: tekton.dev/v2", HM_R_PIPELINE_KIND, "tekton.dev/v2" },
	{ "kind", "kind=kind: PipelineRun", HM_R_PIPELINE_KIND, "PipelineRun" },
	{ "no pipeline", "kind=kind: Task", HM_R_PIPELINE_UNKNOWN_FIELD, "'finally'" },
	{ "timeout", "task timeout: 1 hour", HM_R_PIPELINE_FIELD, "duration" },
	{ "negative timeout", "task timeout: -1s", HM_R_PIPELINE_FIELD, "duration" },
	{ "step timeout", "step timeout: 5", HM_R_PIPELINE_FIELD, "string" },
	{ "onError", "step onError: ignore", HM_R_PIPELINE_FIELD, "onError" },
	{ "onError of a task", "task onError: ignore", HM_R_PIPELINE_FIELD, "onError" },
	{ "quantity", "step computeResources: {limits: {memory: 1 GB}}", HM_R_PIPELINE_FIELD, "quantity" },
	{ "script and command", "step script: x", HM_R_PIPELINE_FIELD, "not both" },
	{ "mount path", "declared mountPath: tmp", HM_R_PIPELINE_FIELD, "'tmp'" },
	{ "mount path with ..", "declared mountPath: /a/../b", HM_R_PIPELINE_FIELD, "mountPath" },
	{ "mount path of ours", "declared mountPath: /tekton/results", HM_R_PIPELINE_FIELD, "mountPath" },
	{ "subPath", "binding subPath: ../x", HM_R_PIPELINE_FIELD, "subPath" },
	{ "absolute subPath", "binding subPath: /x", HM_R_PIPELINE_FIELD, "subPath" },
	{ "both taskRef and taskSpec", "task taskSpec: {steps: [{image: i, script: x}]}", HM_R_PIPELINE_FIELD,
	  "one of" },
	{ "runAfter in finally", "final runAfter: [one]", HM_R_PIPELINE_FIELD, "order" },
	{ "no param", "value=displayName: x", HM_R_PIPELINE_UNKNOWN_FIELD, "displayName" },
	{ "missing param", "in=- {name: in}\nmany=- {name: many, type: array}", HM_R_PIPELINE_FIELD, "'many'" },
	{ "no value", "value=", HM_R_PIPELINE_FIELD, "no value" },
	{ "type", "param type: int", HM_R_PIPELINE_FIELD, "'int'" },
	{ "object without properties", "in=- {name: in, type: object}", HM_R_PIPELINE_FIELD, "properties" },
	{ "string with properties", "in=- {name: in, type: string, properties: {a: {}}}", HM_R_PIPELINE_FIELD,
	  "properties" },

	/* names */
	{ "task name", "one=- name: One", HM_R_PIPELINE_NAME, "'One'" },
	{ "step name", "first=- name: a.b", HM_R_PIPELINE_NAME, "'a.b'" },
	{ "param name", "in=- {name: 1n}", HM_R_PIPELINE_NAME, "'1n'" },
	{ "result name", "r=- name: -r", HM_R_PIPELINE_NAME, "'-r'" },
	{ "result name that leads out", "r=- name: ../r", HM_R_PIPELINE_NAME, "'../r'" },
	{ "workspace name", "w=- name: a/b", HM_R_PIPELINE_NAME, "'a/b'" },
	{ "env name", "env=env: [{name: A B, value: x}]", HM_R_PIPELINE_NAME, "'A B'" },
	{ "resource name", "name=name: P", HM_R_PIPELINE_NAME, "'P'" },
	{ "ref name that leads out", "ref=name: ../../t", HM_R_PIPELINE_NAME, "'../../t'" },
	{ "two tasks", "one=- name: two", HM_R_PIPELINE_NAME, "twice" },
	{ "two steps", "second=- {name: first, image: i, script: x}\n", HM_R_YAML_SYNTAX, "" },
	{ "two steps", "second=- {image: i, name: first, script: x}\nscripthead=\nbody=", HM_R_PIPELINE_NAME, "twice" },
	{ "two params", "in=- {name: many}", HM_R_PIPELINE_NAME, "twice" },

	/* references */
	{ "unknown task", "ref=name: nobody", HM_R_PIPELINE_NO_TASK, "'nobody'" },
	{ "runAfter nobody", "after=runAfter: [nobody]", HM_R_PIPELINE_REFERENCE, "'nobody'" },
	{ "runAfter finally", "after=runAfter: [last]", HM_R_PIPELINE_REFERENCE, "'last'" },
	{ "after itself", "after=runAfter: [two]", HM_R_PIPELINE_CYCLE, "'two' after 'two'" },
	{ "a circle", "task runAfter: [two]", HM_R_PIPELINE_CYCLE, "wait for each other" },
	{ "a circle by a result", "after=params: [{name: x, value: $(tasks.two.results.y)}]", HM_R_PIPELINE_REFERENCE,
	  "x" },
	{ "param", "value=value: $(params.nobody)", HM_R_PIPELINE_REFERENCE, "nobody" },
	{ "param in a script", "script=script: $(params.nobody)", HM_R_PIPELINE_REFERENCE, "nobody" },
	{ "pipeline's param in a task", "args=args: [$(params.text)]", HM_R_PIPELINE_REFERENCE, "text" },
	{ "result", "value=value: $(tasks.one.results.nobody)", HM_R_PIPELINE_REFERENCE, "nobody" },
	{ "result of nobody", "value=value: $(tasks.nobody.results.r)", HM_R_PIPELINE_REFERENCE, "nobody" },
	{ "own result", "value=value: $(tasks.one.results.r)", HM_R_PIPELINE_CYCLE, "'one' after 'one'" },
	{ "result path", "body=  echo $(results.nobody.path)", HM_R_PIPELINE_REFERENCE, "nobody" },
	{ "workspace", "binding=workspace: nobody", HM_R_PIPELINE_REFERENCE, "'nobody'" },
	{ "workspace path", "script=script: $(workspaces.w.path)", HM_R_PIPELINE_REFERENCE, "workspaces.w" },
	{ "optional for one that is not", "binding=workspace: cache", HM_R_PIPELINE_FIELD, "optional" },
	{ "context", "value=value: $(context.taskRun.name)", HM_R_PIPELINE_REFERENCE, "task only" },
	{ "unknown context", "value=value: $(context.pipelineRun.foo)", HM_R_PIPELINE_REFERENCE, "foo" },
	{ "status before finally", "value=value: $(tasks.two.status)", HM_R_PIPELINE_REFERENCE, "finally only" },
	{ "status of nobody", "status=params: [{name: status, value: $(tasks.nobody.status)}]", HM_R_PIPELINE_REFERENCE,
	  "nobody" },
	{ "later step", "args=args: [$(steps.step-unnamed-1.exitCode.path)]", HM_R_PIPELINE_REFERENCE, "before" },
	{ "result of finally", "value=value: $(finally.last.results.r)", HM_R_PIPELINE_REFERENCE, "finally" },
	{ "result of a pipeline", "result=value: $(params.text)", HM_R_PIPELINE_REFERENCE, "results of its tasks" },
	{ "text as a result", "result=value: text", HM_R_PIPELINE_REFERENCE, "results of its tasks" },

	/* types */
	{ "default's type", "param type: array", HM_R_PIPELINE_TYPE, "default" },
	{ "array for a string", "value=value: $(params.list[*])", HM_R_PIPELINE_TYPE, "array" },
	{ "list for a string", "value=value: [a]", HM_R_PIPELINE_TYPE, "array" },
	{ "array in a text", "value=value: a $(params.list[*])", HM_R_PIPELINE_TYPE, "cannot stand" },
	{ "array in a script", "script=script: $(params.list[*])", HM_R_PIPELINE_TYPE, "cannot stand" },
	{ "index of a string", "value=value: $(params.text[0])", HM_R_PIPELINE_TYPE, "string" },
	{ "key of a string", "value=value: $(params.text.k)", HM_R_PIPELINE_TYPE, "string" },
	{ "key that is not there", "value=value: $(params.thing.x)", HM_R_PIPELINE_REFERENCE, "no such key" },
	{ "object whole", "value=value: $(params.thing[*])", HM_R_PIPELINE_TYPE, "object" },
	{ "number in a list", "in=- {name: in, default: [1]}", HM_R_PIPELINE_FIELD, "quotes" },

	/* privileges */
	{ "network", "taskmeta annotations: {hallmark.dev/network: host}", HM_R_PIPELINE_ANNOTATION,
	  "hallmark.dev/network' counts only on tasks that ship with hallmark; a task of your own gets a network by "
	  "--network TASK" },
	{ "control plane", "taskmeta annotations: {hallmark.dev/control-plane: 'true'}", HM_R_PIPELINE_ANNOTATION,
	  "hallmark.dev/control-plane" },
	{ "inline network", "inline metadata: {annotations: {hallmark.dev/network: host}}", HM_R_PIPELINE_ANNOTATION,
	  "hallmark.dev/network" },
	{ "network of a pipeline", "meta annotations: {hallmark.dev/network: host}", HM_R_PIPELINE_ANNOTATION,
	  "hallmark.dev/network" },
	{ "unknown annotation of ours", "taskmeta annotations: {hallmark.dev/netwerk: host}",
	  HM_R_PIPELINE_UNKNOWN_FIELD, "netwerk" },

	/* and what is none of that */
	{ "somebody's annotation", "taskmeta annotations: {example.com/x: z}", HM_R_OK, NULL },
	{ "v1beta1", "version=apiVersion: tekton.dev/v1beta1\ntaskversion=apiVersion: tekton.dev/v1beta1", HM_R_OK,
	  NULL },
	{ "null is absent", "task when: null\ntask timeout:", HM_R_PIPELINE_UNSUPPORTED, "'when'" },
	{ "timeouts", "task timeout: 1h30m\nstep timeout: 0s", HM_R_OK, NULL },
	{ "limits", "step computeResources: {limits: {memory: 512Mi, cpu: 500m}, requests: {memory: 1}}", HM_R_OK,
	  NULL },
	{ "the shell's variables", "body=  echo $(date) $(param s) $(paramsx) $(pwd)", HM_R_OK, NULL },
	{ "index and key", "value=value: $(params.list[1])$(params.thing.k)$(params['text'])$(params[\"text\"])",
	  HM_R_OK, NULL },
	{ "context of a pipeline", "value=value: $(context.pipelineRun.name)$(workspaces.source.bound)", HM_R_OK,
	  NULL },
	{ "several onErrors", "step onError: continue\ntask onError: stopAndFail", HM_R_OK, NULL },
	{ "description", "spec description: |\n", HM_R_OK, NULL },
};

/* There is no option that makes somebody's task part of the control plane, so nothing may speak of one. */
static void test_hint_for_the_control_plane(void **state)
{
	HM_OWN(hm_freep) char *text = make("taskmeta annotations: {hallmark.dev/control-plane: 'true'}");
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
	struct hm_err err = { 0 };

	(void)state;
	assert_int_equal(parse(text, NULL, &p, &err), HM_EPOLICY);
	assert_null(strstr(err.cause, "--network"));
	assert_null(strstr(hm_reason_hint(err.reason), "--network"));
}

static void test_rows(void **state)
{
	(void)state;
	size_t wrong = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep) char *text = make(rows[i].changes);
		HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
		struct hm_err err = { 0 };
		enum hm_status st = parse(text, NULL, &p, &err);
		bool is_good = st == hm_reason_status(rows[i].want) && err.reason == rows[i].want;
		if (is_good && rows[i].want != HM_R_OK)
			is_good = strstr(err.cause, rows[i].says) && strcmp(err.file, "p.yaml") == 0 && err.row > 0;
		if (is_good)
			continue;
		wrong++;
		print_message("%s: wanted %s, got %s at %s:%u: %s\n", rows[i].name, hm_reason_code(rows[i].want),
			      hm_reason_code(err.reason), err.file, err.row, err.cause);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_hint_for_the_control_plane),
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests_name("pipeline/load", tests, NULL, NULL);
}
