/*
 * Writes a trace as a pipeline run would, with the spans of a child process: trace_writer FILE. The child is this
 * program too, started with TRACEPARENT set and FILE "-": it writes its spans to its output.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/proc.h"
#include "trace/cicd.h"
#include "trace/otlp.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

static int report(const struct hm_err *err)
{
	fprintf(stderr, "failed %s: %s\n", hm_reason_code(err->reason), err->cause);
	return 1;
}

static int child(void)
{
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	HM_OWN(hm_buf_done) struct hm_buf lines = hm_buf_init(HM_MIB);
	struct hm_trace_context parent;
	struct hm_err err = { 0 };

	if (hm_traceparent_parse(hm_str(getenv("TRACEPARENT")), &parent, &err) != HM_OK)
		return report(&err);
	const struct hm_tracer_opts opts = { .parent = &parent };
	if (hm_tracer_new(&opts, &tracer, &err) != HM_OK)
		return report(&err);
	struct hm_span *outer = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("compile"));
	hm_span_end(hm_span_start(tracer, hm_span_context(outer), HM_SPAN_CLIENT, HM_STR("fetch \xe2\x82\xac")));
	hm_span_end(outer);
	if (hm_otlp_encode_lines(tracer, &lines, &err) != HM_OK)
		return report(&err);
	return hm_fd_write(1, "output", hm_buf_str(&lines), &err) == HM_OK ? 0 : report(&err);
}

static enum hm_status run_child(const char *self, struct hm_tracer *tracer, struct hm_span *step, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	const char *const argv[] = { self, "-", NULL };

	for (char **e = environ; *e; e++)
		hm_strv_add(&env, *e);
	hm_trace_to_env(hm_span_context(step), &env);
	enum hm_status st = hm_strv_check(&env, err);
	if (st != HM_OK)
		return st;
	const struct hm_proc_opts opts = { .argv = argv, .env = (const char *const *)env.v, .in = -1, .err = 2 };
	st = hm_proc_run(&opts, (struct hm_str){ 0 }, 10000, HM_MIB, &result, err);
	if (st == HM_OK)
		st = hm_otlp_read_lines(tracer, hm_span_context(step), hm_buf_str(&result.out), err);
	return st;
}

int main(int argc, char **argv)
{
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;
	const struct hm_attr resource[] = {
		hm_attr_str(HM_VCS_REF_HEAD_REVISION, HM_STR("0123456789012345678901234567890123456789")),
		hm_attr_str(HM_VCS_REPOSITORY_URL, HM_STR("https://git.example/hello")),
	};
	const struct hm_tracer_opts opts = { .service_version = "1.2.3", .resource = resource, .resource_count = 2 };
	const struct hm_attr hit = hm_attr_bool("hit", false);
	struct hm_err err = { 0 };

	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "-") == 0)
		return child();
	if (hm_tracer_new(&opts, &tracer, &err) != HM_OK)
		return report(&err);
	struct hm_span *run = hm_cicd_pipeline_start(tracer, "RUN", HM_STR("go-release"), HM_STR("run-1"));
	struct hm_span *task = hm_cicd_task_start(tracer, run, HM_STR("build"), HM_STR("run-1-build"), "build");
	struct hm_span *step = hm_cicd_step_start(tracer, task, HM_STR("go build \"\\\n\x01\xff"));
	hm_span_set(step, hm_attr_i64("largest", INT64_MAX));
	hm_span_set(step, hm_attr_i64("smallest", INT64_MIN));
	hm_span_event(step, "cache", &hit, 1);
	if (run_child(argv[0], tracer, step, &err) != HM_OK)
		return report(&err);
	hm_cicd_step_end(step, HM_RUN_FAILURE, 1, NULL);
	hm_cicd_task_end(task, HM_RUN_FAILURE, NULL);
	(void)hm_span_start(tracer, hm_span_context(run), HM_SPAN_INTERNAL, HM_STR("still going"));
	hm_cicd_pipeline_end(run, HM_RUN_FAILURE, NULL);
	return hm_otlp_save(tracer, argv[1], &err) == HM_OK ? 0 : report(&err);
}
