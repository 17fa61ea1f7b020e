/*
 * Reading Pipelines for tests in other languages.
 *
 *     peer_pipeline <TEXTS
 *
 * Standard input is a JSON array of YAML texts, each with a Pipeline; the answer is one of {"ok": true, "env": …} and
 * {"refused": "CODE: TEXT"}. env has the variables of each step of each Task with a name, as "TASK/0": ["A=b"].
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"
#include "pipeline/load.h"

#include <stdio.h>
#include <unistd.h>

static void add_env(struct hm_json_writer *w, const struct hm_pipeline *p)
{
	hm_json_key(w, "env");
	hm_json_object(w);
	for (size_t i = 0; i < p->task_count; i++) {
		const struct hm_task *t = p->tasks[i].task;
		for (size_t k = 0; k < t->step_count && t->name.len > 0; k++) {
			char key[128];
			if (t->steps[k].env_count == 0)
				continue;
			snprintf(key, sizeof(key), "%.*s/%zu", HM_STR_ARG(t->name), k);
			hm_json_key(w, key);
			hm_json_array(w);
			for (size_t e = 0; e < t->steps[k].env_count; e++) {
				HM_OWN(hm_freep)
				char *text = hm_asprintf("%.*s=%.*s", HM_STR_ARG(t->steps[k].env[e].name),
							 HM_STR_ARG(t->steps[k].env[e].value));
				hm_json_cstr(w, text ? text : "");
			}
			hm_json_array_end(w);
		}
	}
	hm_json_object_end(w);
}

static void answer(struct hm_json_writer *w, struct hm_str yaml)
{
	struct hm_pipeline_text text = { "p.yaml", yaml };
	struct hm_pipeline_texts in = { .texts = &text, .count = 1 };
	HM_OWN(hm_pipeline_freep) struct hm_pipeline *p = NULL;
	struct hm_err err = { 0 };
	char line[1024], refused[1200];

	hm_json_object(w);
	if (hm_pipeline_parse(&in, NULL, &p, &err) == HM_OK) {
		hm_json_member_bool(w, "ok", true);
		add_env(w, p);
	} else {
		hm_err_text(&err, line, sizeof(line));
		snprintf(refused, sizeof(refused), "%s: %s", hm_reason_code(err.reason), line);
		hm_json_member_cstr(w, "refused", refused);
	}
	hm_json_object_end(w);
}

static enum hm_status run(struct hm_buf *out, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_GIB);
	HM_OWN(hm_buf_done) struct hm_buf in = { 0 };
	struct hm_json_writer w = hm_json_writer_init(out, NULL);
	struct hm_value texts;

	enum hm_status st = hm_fd_read(STDIN_FILENO, "standard input", HM_GIB, &in, err);
	if (st == HM_OK)
		st = hm_json_parse(hm_buf_str(&in), NULL, &arena, &texts, err);
	if (st != HM_OK)
		return st;
	hm_json_array(&w);
	for (size_t i = 0; i < hm_value_count(&texts); i++)
		answer(&w, hm_value_text(hm_value_at(&texts, i)));
	hm_json_array_end(&w);
	return hm_json_writer_check(&w, "answers", err);
}

int main(void)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_GIB);
	struct hm_err err = { 0 };
	char line[1024];

	if (run(&out, &err) != HM_OK) {
		hm_err_text(&err, line, sizeof(line));
		fprintf(stderr, "peer_pipeline: %s\n", line);
		return 1;
	}
	return fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
